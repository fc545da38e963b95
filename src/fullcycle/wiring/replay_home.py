"""The folder of a replay: a project made from the record alone.

It holds the archive, the declared files and the rows of the sources, as they were recorded;
its warehouses are bound to nothing. So nothing else can be read, and the run's own record
stays as it is.
"""

import json
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fullcycle.code import Archive, unpack
from fullcycle.flow import RunRecord, StepFinished
from fullcycle.kernel import Damaged, Digest, Invalid, Missing
from fullcycle.wiring.config import NAME, read_config
from fullcycle.wiring.project import Project

_NOTHING = "duckdb:///.fullcycle/no-source-is-read.duckdb"


@contextmanager
def home_of(folder: Path | None) -> Iterator[Path]:
    """Where the folder is made: in ``folder``, which is kept, or where it is gone afterwards.

    Raises:
        Invalid: where it holds something already.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="fullcycle-replay-") as passing:
            yield Path(passing).resolve()
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Invalid(f"{folder} is not empty", "--in-folder", "name a folder that is not there yet")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder.resolve()


def laid_out(project: Project, recorded: RunRecord, above: Path) -> Project:
    """A project of the run's archive, whose own record holds what the run stood on.

    Raises:
        Missing, Damaged: where the record holds something of it no longer, or not as it was.
    """
    started = recorded.started
    archive = Archive.from_bytes(_kept(project, started.archive, "its code", recorded))
    root = unpack(archive, above)
    (root / NAME).write_text(_configuration(project, archive, started.environment), encoding="utf-8")
    home = Project(root, read_config(root / NAME))
    home.objects.put(archive.to_bytes())
    if started.brief is not None:
        home.objects.put(_kept(project, started.brief, "its brief", recorded))
    for path, digest in started.files.items():
        home.objects.put(_kept(project, digest, f"its file {path}", recorded))
    for step in rows_read(recorded).values():
        _require_sound(project, step, recorded)
        for digest in project.artifacts.each_object(step.artifact):
            _bring(project, home, digest, f"the rows of {step.step}", recorded)
    return home


def _configuration(project: Project, archive: Archive, environment: str) -> str:
    """A configuration in which every warehouse that the run might name is bound to nothing."""
    said = tomllib.loads(archive.files.get(NAME, b"").decode())
    bound = said.get("environments", {}).get(environment, {}).get("warehouses", {})
    now = project.config.environments.get(environment)
    names = sorted({*bound, *(now.warehouses if now is not None else {})})
    ours = project.config.project
    lines = [
        "[project]",
        f"package = {json.dumps(archive.package)}",
        f"currency = {json.dumps(ours.currency)}",
        f"[environments.{json.dumps(environment)}]",
        *(f"warehouses.{json.dumps(name)} = {json.dumps(_NOTHING)}" for name in names),
    ]
    return "\n".join(lines) + "\n"


def _kept(project: Project, digest: Digest, what: str, recorded: RunRecord) -> bytes:
    try:
        return project.objects.get(digest)
    except Missing as error:
        raise _gone(what, recorded, error) from error


def _require_sound(project: Project, step: StepFinished, recorded: RunRecord) -> None:
    """See that the rows of a source are what was read: what is copied is not looked at again."""
    what = f"the rows of {step.step}"
    try:
        sound = project.artifacts.verify(step.artifact)
    except Missing as error:
        raise _gone(what, recorded, error) from error
    except Damaged as error:
        raise Damaged(
            f"{recorded.ref} cannot be replayed: {what} are damaged", error.where, error.mend
        ) from error
    if not sound:
        raise Damaged(
            f"{recorded.ref} cannot be replayed: {what} are not what was read",
            f"artifact {step.artifact.content[:12]}…",
            "restore the artifacts from a backup",
        )


def _bring(project: Project, home: Project, digest: Digest, what: str, recorded: RunRecord) -> None:
    """Copy an object of the project into the folder's own store: a large one from file to file."""
    path = project.objects.path(digest)
    if path is None:
        home.objects.put(_kept(project, digest, what, recorded))
        return
    home.objects.write(digest, lambda target: _copy(path, target))


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(1 << 22):
            written.write(chunk)


def _gone(what: str, recorded: RunRecord, error: Missing) -> Missing:
    runs = f"fullcycle runs {recorded.started.capability}"
    return Missing(
        f"{recorded.ref} cannot be replayed: the record no longer holds {what}",
        error.where,
        f"restore the artifacts from a backup, or replay a later run: {runs}",
    )


def rows_read(recorded: RunRecord) -> dict[str, StepFinished]:
    """The steps of a run that read rows, by name."""
    return {name: step for name, step in recorded.steps.items() if step.role in ("source", "outcomes")}
