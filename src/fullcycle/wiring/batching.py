"""Scoring what is not served: the rows of a step, decided on and written to the warehouse."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from fullcycle.data import PartitionWriter, check, conform, fields
from fullcycle.kernel import Invalid, Misconfigured, Refused, now
from fullcycle.record import masked
from fullcycle.release import Manifest
from fullcycle.wiring.anew import made_anew
from fullcycle.wiring.config import NAME, WarehouseConfig
from fullcycle.wiring.parts import Asked, Done, PartScorer, together
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import Watcher
from fullcycle.wiring.scoring import PART
from fullcycle.wiring.warehouses import from_environment

_DUCKDB = "duckdb:///"


@dataclass(frozen=True, slots=True)
class Written:
    """What scoring a step's rows came to: the run that made them, the days, and rows in place of others."""

    run: str
    into: str
    days: tuple[str, ...]
    rows: int
    replaced: int
    done: Done


def score_over(
    project: Project,
    asked: Asked,
    manifest: Manifest,
    *,
    watch: Watcher,
    progress: Callable[[int, int], None],
) -> Written:
    """Make the rows anew that a deployed release is scored over, decide on each, and write the answers.

    Each is a decision, logged before it is written. Its id is made of all that its answer depends
    on, and the table's rows of the same days are replaced: to do it again, also after it was
    killed, leaves the same rows, and readers of the log see each decision once.

    Raises:
        Invalid: where it names no environment.
        Misconfigured: where the environment has no warehouse that may be written.
        Refused: where rows break the contract of a request, or one comes twice.
        FullcycleError: where a step fails, or the table cannot be written.
    """
    ref = f"{asked.capability}@{asked.environment}"
    if not asked.environment:
        raise Invalid(
            f"{asked.capability}@v{asked.number} names no environment, whose warehouse would be written",
            "what is to score",
            f"write {asked.capability}@prod: what is deployed there is scored",
        )
    writer = _writer(project, asked.environment)
    why = f"{manifest.over} anew, to score {asked.capability}@v{asked.number} for {asked.environment}"
    run = made_anew(project, manifest, asked.environment, [manifest.over], why=why, watch=watch)
    rows = project.artifacts.load(run.steps[manifest.over].artifact)
    scorer = PartScorer(project, replace(asked, log=True, at=now()))
    frame = _requests(scorer, rows, manifest.over, ref)
    answers, parts = [], []
    for start in range(0, frame.height, PART):
        answered, done = scorer.score(frame.slice(start, PART), start)
        answers.append(answered)
        parts.append(done)
        progress(start + done.rows, frame.height)
    scorer.close()  # the log is on the disk before the table changes
    (time,) = [field.name for field in fields(scorer.release.row) if field.time][:1]
    table = _table(answers)
    replaced = writer.replace(manifest.into, table, time=time)
    days = table[time].cast(pl.Date).unique().sort().cast(pl.String).to_list() if answers else []
    return Written(run.ref, manifest.into, tuple(days), table.height, replaced, together(parts))


def _requests(scorer: PartScorer, rows: object, step: str, ref: str) -> pl.DataFrame:
    """The step's rows as requests, each of which may come once."""
    if not isinstance(rows, pl.DataFrame):
        raise Invalid(
            f"{step} returned a {type(rows).__name__}, and rows are scored",
            f"the step {step}",
            "return a table",
        )
    report = check(rows, scorer.release.row, table=step)
    if not report.good:
        raise Refused(
            f"what {step} returned is no table of {scorer.release.row.__name__}:\n{report}",
            ref,
            f"mend the step {step}; nothing was scored",
        )
    return conform(rows, scorer.release.row)


def _table(answers: list[pl.DataFrame]) -> pl.DataFrame:
    """What the warehouse gets: rows that were answered, with the arm, whether an experiment runs or not."""
    if not answers:
        return pl.DataFrame()
    whole = pl.concat(answers)
    if "arm" not in whole.columns:
        place = whole.columns.index("release") + 1
        whole = whole.insert_column(place, pl.Series("arm", [None] * whole.height, dtype=pl.String))
    return whole.filter(pl.col("error").is_null()).drop("error")


def _writer(project: Project, environment: str) -> PartitionWriter:
    """What the environment's one warehouse with a ``writer`` is written with."""
    bound = project.environment(environment).warehouses
    where = f"[environments.{environment}] of {NAME}"
    writers = {
        name: one.writer for name, one in bound.items() if isinstance(one, WarehouseConfig) and one.writer
    }
    if len(writers) != 1:
        name, url = next(iter(bound.items()), ("warehouse", f"{_DUCKDB}warehouse.duckdb"))
        plain = url if isinstance(url, str) else url.url
        raise Misconfigured(
            "no warehouse may be written" if not writers else f"{len(writers)} warehouses may be written",
            where,
            f'name one: warehouses.{name} = {{ url = "{masked(plain)}", writer = "{masked(plain)}" }}',
        )
    ((name, url),) = writers.items()
    found = from_environment(url, where) if url.startswith("$") else url
    if found.startswith(_DUCKDB):
        from fullcycle.adapters.duckdb_writer import DuckDBWriter  # brings DuckDB

        return DuckDBWriter(project.root / found.removeprefix(_DUCKDB))
    if found.startswith(("postgresql://", "postgres://")):
        return _in_postgres(found, f"warehouses.{name} in {where}")
    raise Misconfigured(
        f"no adapter writes to the warehouse {masked(found)!r}",
        f"warehouses.{name} in {where}",
        f'write writer = "{_DUCKDB}path/from/the/project.duckdb" or "postgresql://…"',
    )


def _in_postgres(url: str, where: str) -> PartitionWriter:
    try:
        from fullcycle.adapters.postgres_writer import PostgresWriter  # an extra
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"to write to Postgres needs {error.name}, which is not installed",
            where,
            'python -m pip install "fullcycle[postgres]"',
        ) from error

    return PostgresWriter(url)
