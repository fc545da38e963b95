"""A project on disk, opened: its configuration met with the adapters it names."""

import getpass
import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.adapters.tiered import TieredObjects
from fullcycle.code import Archive, Loaded, load
from fullcycle.kernel import Digest, Misconfigured, Missing, Money, UnknownName
from fullcycle.record import Artifacts, Ledger, ObjectStore, masked
from fullcycle.wiring.config import NAME, Config, EnvironmentConfig, find_root, read_config


@dataclass(frozen=True)
class Project:
    """One project: where it is, what it says, and its record."""

    root: Path
    config: Config

    @property
    def package(self) -> str:
        """The name its modules are imported by: ``shop`` in ``from shop.library import crm``."""
        return self.config.project.package or self.root.name

    @property
    def author(self) -> str:
        """Who is at the keyboard."""
        return os.environ.get("FULLCYCLE_USER") or getpass.getuser()

    @cached_property
    def ledger(self) -> Ledger:
        """The record's facts."""
        return open_ledger(self.config.project.ledger, self.root)

    @cached_property
    def objects(self) -> ObjectStore:
        """The record's immutable objects: small ones beside the facts, large ones as files."""
        return TieredObjects(self.ledger, FileObjects(self.root / self.config.project.artifacts))

    @property
    def kept(self) -> Callable[[Digest], bytes]:
        """Gives an object's bytes to modules that were loaded, which stay as long as the process does.

        It holds none of the record open: once this project is let go, it opens it for each object.
        """
        objects, root, config = weakref.ref(self.objects), self.root, self.config

        def get(digest: Digest) -> bytes:
            held = objects()
            return (held if held is not None else Project(root, config).objects).get(digest)

        return get

    @cached_property
    def artifacts(self) -> Artifacts:
        """Values by digest, with every codec that is installed."""
        from fullcycle.wiring.codecs import every_codec  # brings Polars, the server has no use for it

        return Artifacts(self.objects, every_codec())

    @property
    def cpu_hour(self) -> Money:
        """What an hour of one core costs."""
        return Money(self.config.project.prices.get("cpu_hour", 0.0), self.config.project.currency)

    def environment(self, name: str) -> EnvironmentConfig:
        """The bindings of an environment."""
        return self.config.environment(name)

    def archive(self) -> Archive:
        """The project's files as they are now."""
        from fullcycle.code import read_archive  # brings pathspec, the server has no use for it

        return read_archive(self.root, self.package)

    def archived(self, digest: Digest) -> Archive:
        """The project's files as they were recorded."""
        return Archive.from_bytes(self.objects.get(digest))

    def loaded(self, archive: Archive) -> Loaded:
        """The modules of an archive."""
        return load(archive, root=self.root)

    @property
    def all_events(self) -> Path:
        """Where the logs of all its services are."""
        return self.root / ".fullcycle" / "events"

    def events_folder(self, capability: str, environment: str) -> Path:
        """Where a service's workers log their decisions."""
        return self.all_events / capability / environment

    def received_folder(self, capability: str, environment: str, name: str) -> Path:
        """Where they log the rows that are posted to ``/events/<name>``."""
        return self.events_folder(capability, environment) / "received" / name

    def capabilities(self) -> list[str]:
        """The folders that hold a capability: those with a brief."""
        return sorted(path.parent.name for path in self.root.glob("*/brief.md"))

    def require_capability(self, name: str) -> str:
        """``name``, if it is a capability of this project.

        Raises:
            UnknownName: where it is none.
            Missing: where there are none at all.
        """
        if not self.capabilities():
            raise Missing(
                f"{self.root.name} has no capability yet",
                str(self.root),
                f"lay one out: fullcycle new {name}",
            )
        if name not in self.capabilities():
            raise UnknownName.among(
                name,
                self.capabilities(),
                where=f"the capabilities (folders with a brief.md) of {self.root.name}",
            )
        return name


def open_project(start: Path | None = None) -> Project:
    """Open the project at or above ``start``, the current folder unless told otherwise."""
    root = find_root(start if start is not None else Path.cwd())
    return Project(root, read_config(root / NAME))


def open_ledger(url: str, root: Path) -> Ledger:
    """Open the ledger that a URL names: ``sqlite:///relative/path`` or ``postgresql://…``.

    Raises:
        Misconfigured: for any other.
    """
    if url.startswith("sqlite:///"):
        path = root / url.removeprefix("sqlite:///")
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteLedger(path)
    if url.startswith(("postgresql://", "postgres://")):
        try:
            from fullcycle.adapters.postgres import PostgresLedger  # an extra
        except ModuleNotFoundError as error:
            raise Misconfigured(
                f"a ledger in Postgres needs {error.name}, which is not installed",
                f"[project] ledger in {NAME}",
                'python -m pip install "fullcycle[postgres]"',
            ) from error

        return PostgresLedger(url)
    raise Misconfigured(
        f"there is no ledger at {masked(url)!r}",
        f"[project] ledger in {NAME}",
        'write "sqlite:///.fullcycle/ledger.db" or "postgresql://…"',
    )
