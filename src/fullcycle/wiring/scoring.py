"""Scoring a table in a file by the function that serves."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

from fullcycle.adapters.parts import in_processes
from fullcycle.adapters.threads import cores
from fullcycle.data import TableFile, require_suffix, write_parts
from fullcycle.kernel import Conflict, Invalid, Missing, Pieces, Reference, Refused, digest_parts, now
from fullcycle.release import chosen, publications
from fullcycle.wiring.parts import Asked, Done, Job, PartScorer, begin, together
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import answering, released

Progress = Callable[[int, int], None]
"""Hears of the rows that are done, and of how many there are."""

PART = 20_000
"""Rows of a part: what is in memory at once, for each process and as many more that wait."""

_WORTH = 60_000  # rows from which on another process pays for its start
_ID = 32  # characters of a digest in a decision's id


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a table is scored: of a file at most ``limit`` rows, by so many processes (0: as many as pay)."""

    limit: int | None = None
    force: bool = False  # write over a file that is there
    log: bool = False
    workers: int = 0


def asked_for(project: Project, ref: str) -> Asked:
    """The release that a reference names, with the lookups that it asks there now.

    Raises:
        Invalid: where it names a run, a step, or neither a release nor an environment.
        Missing: where there is no such release, or nothing is deployed there.
    """
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    name = asked.capability
    if asked.run is not None or asked.step is not None:
        raise Invalid(
            f"{ref} is {'a run' if asked.step is None else 'a step'}, and only a release decides",
            "what is to score",
            f"release it first: fullcycle release {name}@{asked.run or 42}; or name {name}@v7 or {name}@prod",
        )
    if asked.release is not None:
        made, _ = released(project, name, asked.release)
        return Asked(name, asked.release, made.manifest, {})
    if asked.environment is None:
        raise Invalid(f"{ref!r} names no release", "what is to score", f"write {name}@v7, or {name}@prod")
    answers = answering(project, name, asked.environment)
    made, manifest = released(project, name, answers.release)
    facts = publications(project.ledger, name, asked.environment)
    taken = chosen(manifest, answers.release, [fact.body for fact in facts])
    published = {parameter: one.lookup for parameter, one in taken.items()}
    return Asked(name, answers.release, made.manifest, published, environment=asked.environment)


def score_table(
    project: Project, asked: Asked, table: Path, out: Path, wanted: Wanted, progress: Progress
) -> Done:
    """Decide on every row of a file, and write the answers to another, which is there whole or not at all.

    A row's decision is called by the table's content, what scores it, and the row's number from 0:
    to score the same again draws the same. It is logged only where that is wished for.

    Raises:
        Missing: where there is no such file or folder.
        UnknownName: where a file's suffix is not known.
        Conflict: where the output is there already.
        Invalid: where the table cannot be read, or nothing can be logged.
        Refused: where columns or rows break the contract: each of them, up to a hundred.
    """
    _require_free(out, table, wanted)
    if wanted.log and not asked.environment:
        raise Invalid(
            f"{asked.capability}@v{asked.number} answers nowhere, and a log is of an environment",
            "--log",
            f"score with what is deployed: {asked.capability}@prod",
        )
    asked = replace(asked, log=wanted.log, at=now())
    scorer = PartScorer(project, replace(asked, log=False))
    opened = TableFile(table, scorer.release.row, limit=wanted.limit)
    rows = _rows(opened)
    asked = replace(asked, identity=_identity(asked, scorer, table))
    workers = wanted.workers or (cores() if rows >= _WORTH else 1)
    with _aside(out) as folder:
        jobs = _jobs(opened, folder)
        if workers == 1:
            made: Iterable[Done] = map(PartScorer(project, asked), jobs)
        else:
            project.ledger.append_all([])  # the processes read what is only attached so far
            made = in_processes(begin, (str(project.root), asked), jobs, workers)
        done = together([])
        for part in made:
            done = together([done, part])
            progress(done.rows, rows)
        _write(folder, out)
    return done


def _rows(opened: TableFile) -> int:
    rows, faults, number = opened.check(PART)
    if faults:
        shown = "\n".join(f"  {path}: {says}" for path, says in faults)
        more = f"\n  and {number - len(faults):,} more" if number > len(faults) else ""
        raise Refused(
            f"{opened.path.name} is no table of {opened.contract.__name__}:\n{shown}{more}",
            "the table to be scored; rows are counted from 0",
            "mend these, or leave those rows out; nothing was scored",
        )
    return rows


def _identity(asked: Asked, scorer: PartScorer, table: Path) -> str:
    """What the ids of a table's rows begin with: a digest of all that their answers depend on."""
    live = [f"{name}={digest}".encode() for name, digest in sorted(scorer.release.live.items())]
    size = table.stat().st_size
    with table.open("rb") as file:
        content = [memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))] if size else []
        parts: list[bytes | Pieces] = [asked.manifest.encode(), *live, Pieces(size, content)]
        return digest_parts("score@1", parts)[:_ID]


def _jobs(opened: TableFile, folder: Path) -> Iterator[Job]:
    first = 0
    for n, part in enumerate(opened.parts(PART)):
        job = Job(folder / f"{n:08}.in", folder / f"{n:08}.out", first)
        part.write_ipc(job.source)
        first += part.height
        yield job
    if not first:  # a table without rows has an answer without rows
        job = Job(folder / "0.in", folder / "0.out", 0)
        opened.empty().write_ipc(job.source)
        yield job


def _require_free(out: Path, table: Path, wanted: Wanted) -> None:
    require_suffix(out, f"the suffixes of tables that can be written ({out.name})")
    if not out.parent.is_dir():
        raise Missing(f"there is no folder {out.parent}", "--out", f"make it: mkdir -p {out.parent}")
    if out.exists() and table.exists() and out.samefile(table):
        raise Conflict(f"{out} is the table itself", "--out", "name another file")
    if out.exists() and not wanted.force:
        raise Conflict(f"{out} is there already", "--out", "name another file, or write over it: --force")


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """A folder beside the output for its parts, which goes in any case."""
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, out: Path) -> None:
    """Put the parts together; the file has its name only once it is whole and on the disk."""
    whole = folder / f"{uuid.uuid4().hex}{out.suffix}"
    write_parts(sorted(folder.glob("*.out")), whole)
    with whole.open("rb") as file, suppress(OSError):
        os.fsync(file.fileno())
    whole.replace(out)
