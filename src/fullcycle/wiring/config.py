"""``fullcycle.toml``: what differs per environment, read and checked."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec

from fullcycle.kernel import Invalid, Misconfigured, Missing, UnknownName
from fullcycle.record import LogTerms, WhenLogFails
from fullcycle.serve.limits import Limits

NAME = "fullcycle.toml"

HostName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-]+$|^\[[0-9A-Fa-f:.]+\]$")]  # no port
Origin = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#\s]+$")]


class WarehouseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a warehouse is; ``writer`` is the URL by which what is scored is written to it.

    ``$NAME`` stands for what the environment variable of that name holds.
    """

    url: str
    writer: str | None = None


class ServiceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How services of an environment are reached, and how much a request may take.

    ``tokens`` demands one on a loopback address, too: for a proxy on the same machine.
    ``workers`` is a number or a range, ``memory`` what each may hold, ``grace_s`` how long what
    was begun has to end. ``when_log_fails`` says what becomes of a decision that the log does not
    take, ``log`` how the log is written.
    """

    workers: int | str = 1
    memory: str | None = None
    grace_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 10.0
    hosts: tuple[HostName, ...] = ()
    origins: tuple[Origin, ...] = ()
    tokens: bool = False
    limits: Limits = Limits()
    when_log_fails: WhenLogFails = "refuse"
    log: LogTerms = LogTerms()


class EnvironmentConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One environment: its bindings. ``replay`` lets requests say when they were made.

    ``python`` is the interpreter that answers there, the one of the command line unless told.
    ``approval`` lets a release of tier high out there only after a second person's approval.
    """

    warehouses: dict[str, str | WarehouseConfig] = {}
    parameters: dict[str, Any] = {}
    replay: bool = False
    approval: bool = True
    python: str | None = None
    service: ServiceConfig = ServiceConfig()


class ProjectConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The project's one record, and the prices its costs are told in."""

    package: str = ""
    ledger: str = "sqlite:///.fullcycle/ledger.db"
    artifacts: str = ".fullcycle/artifacts"
    currency: str = "USD"
    prices: dict[str, float] = {}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of ``fullcycle.toml``."""

    project: ProjectConfig = ProjectConfig()
    environments: dict[str, EnvironmentConfig] = {}

    def environment(self, name: str) -> EnvironmentConfig:
        """The bindings of an environment.

        Raises:
            UnknownName: where ``fullcycle.toml`` has none of that name.
        """
        if name not in self.environments:
            raise UnknownName.among(
                name,
                self.environments,
                where=f"[environments] of {NAME}",
                example=f'[environments.{name}]\nwarehouses.warehouse = "duckdb:///warehouse.duckdb"',
            )
        return self.environments[name]


def find_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` that holds ``fullcycle.toml``.

    Raises:
        Missing: where there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / NAME).is_file():
            return folder
    raise Missing(
        f"there is no {NAME} here or above",
        str(start.resolve()),
        "go to the project's folder, or make one: fullcycle new shop --example winback",
    )


def read_config(path: Path) -> Config:
    """Read and check ``fullcycle.toml``.

    Raises:
        Misconfigured: where it is no TOML.
        UnknownName, Invalid: where it says something it may not.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise Misconfigured("not readable as TOML: it is not UTF-8", str(path), "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"not readable as TOML: {error}", str(path), "mend that line") from error
    _check_names(raw, Config, str(path))
    try:
        return msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise Invalid(
            str(error), str(path), "see docs/reference/configuration.md for what goes where"
        ) from error


def _check_names(raw: Mapping[str, Any], struct: type[msgspec.Struct], where: str) -> None:
    """Refuse a key that means nothing, with the nearest one that does; types are checked after."""
    for key, value in raw.items():
        if key not in struct.__struct_fields__:
            raise UnknownName.among(key, struct.__struct_fields__, where=where)
        kind = get_type_hints(struct)[key]
        if not isinstance(value, dict):
            continue
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            _check_names(value, kind, f"{where}, [{key}]")
        elif key == "environments":
            for name, environment in value.items():
                if isinstance(environment, dict):
                    _check_names(environment, EnvironmentConfig, f"{where}, [environments.{name}]")
