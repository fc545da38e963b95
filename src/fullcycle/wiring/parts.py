"""Scoring a part of a table: rows in, answers out, beside whatever else scores other parts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from gc import freeze, set_threshold
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fullcycle.adapters.greenlets import Greenlets
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.data import Row, columns_of, fields, rows_of
from fullcycle.kernel import Digest, digest_parts
from fullcycle.record import encode_decision
from fullcycle.release import LoadedRelease, PinnedLookup, load_release
from fullcycle.serve.batch import Scorer, Scores
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project, open_project
from fullcycle.wiring.sticking import sticky_store

_COLUMNS = ("row", "position", "decision_id", "release", "arm", "fallback", "error")  # beside an answer's
_SHOWN = 20
_ID = 32  # characters of a digest in a decision's id
_MANY_OBJECTS = 50_000  # that are made before the collector looks: rows hold no cycles
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Asked:
    """What scores: a release over the lookups that were published, and where its decisions are logged.

    ``identity`` is what the ids of the rows begin with; empty where each is made of its row.
    ``environment`` is empty for a release by itself; then nothing can be logged.
    """

    capability: str
    number: int
    manifest: Digest
    published: Mapping[str, PinnedLookup]
    environment: str = ""
    identity: str = ""
    at: int = 0  # µs since 1970, the time of all decisions
    log: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A part of a table in a file of its own, where its answers go, and the number of its first row."""

    source: Path
    target: Path
    first: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a part came to; ``undecided`` are the numbers of rows without an answer, with what failed."""

    rows: int
    fallbacks: int = 0
    undecided: tuple[tuple[int, str], ...] = ()
    undecided_rows: int = 0
    failures: Mapping[str, int] | None = None


def together(parts: Iterable[Done]) -> Done:
    """Parts as one."""
    rows = fallbacks = undecided_rows = 0
    undecided: list[tuple[int, str]] = []
    failures: Counter[str] = Counter()
    for part in parts:
        rows, fallbacks = rows + part.rows, fallbacks + part.fallbacks
        undecided += part.undecided[: _SHOWN - len(undecided)]
        undecided_rows += part.undecided_rows
        failures.update(part.failures or {})
    return Done(rows, fallbacks, tuple(undecided), undecided_rows, failures)


class PartScorer:
    """Scores parts of a table with one release, in one thread."""

    def __init__(self, project: Project, asked: Asked) -> None:
        self.asked = asked
        release = load_release(project.objects, asked.manifest, serving_codecs(), root=project.root)
        self.release: LoadedRelease = release.asking(project.objects, asked.published)
        self._scorer = Scorer(
            self.release, Greenlets(), sticky=sticky_store(project, asked.environment) if asked.log else None
        )
        folder = project.events_folder(asked.capability, asked.environment)
        self._log = SegmentWriter(folder) if asked.log else None
        self._ref = f"{asked.capability}@v{asked.number}"
        self._reserved = {*_COLUMNS, *(field.name for field in self._named)}

    def __call__(self, job: Job) -> Done:
        """Score a part from file to file."""
        frame, done = self.score(pl.read_ipc(job.source), job.first)
        frame.write_ipc(job.target)
        job.source.unlink()
        return done

    def score(self, frame: pl.DataFrame, first: int = 0) -> tuple[pl.DataFrame, Done]:
        """Answers for rows that keep the release's contract; logged, if they are to be, when it returns."""
        rows = rows_of(frame, self.release.row)
        scores = self._scorer.score(rows, self._ids(rows, first))
        if self._log is not None:
            decisions = scores.decisions(
                capability=self.asked.capability,
                environment=self.asked.environment,
                number=self.asked.number,
                live=self.release.live,
                at=self.asked.at,
            )
            self._log.append_all([encode_decision(decision) for decision in decisions])
            self._log.sync()
        return self._told(frame, scores, first), _done(scores, first)

    def close(self) -> None:
        """End the log."""
        if self._log is not None:
            self._log.close()

    def _ids(self, rows: Sequence[Row], first: int) -> list[str]:
        if self.asked.identity:
            return [f"{self.asked.identity}/{n}" for n in range(first, first + len(rows))]
        stands_on = [self.asked.manifest.encode(), _ENCODER.encode(dict(sorted(self.release.live.items())))]
        return [digest_parts("decision@1", [*stands_on, _ENCODER.encode(row)])[:_ID] for row in rows]

    def _told(self, frame: pl.DataFrame, scores: Scores, first: int) -> pl.DataFrame:
        """Key and time of each row, its answer's fields, and how it came about."""
        known = [field.name for field in self._named]
        number = pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("row")
        told = frame.select(known) if known else frame.select(number)
        errors = {n: _last(scores, n) for n in scores.undecided}
        how = [
            pl.Series("decision_id", scores.ids, dtype=pl.String),
            pl.Series("release", [self._ref], dtype=pl.String).new_from_index(0, len(scores.ids)),
            pl.Series("fallback", scores.fallbacks, dtype=pl.Boolean),
            pl.Series("error", [errors.get(n) for n in range(len(scores.ids))], dtype=pl.String)
            if errors
            else pl.Series("error", [None], dtype=pl.String).new_from_index(0, len(scores.ids)),
        ]
        if self.release.arms:
            arms = [exposure.arm for exposure in scores.exposures]
            how.insert(2, pl.Series("arm", arms, dtype=pl.String))
        if self.release.service.kind is not list:
            return told.hstack(self._answers(scores.read)).hstack(how)
        return self._spread(told, scores.read, how)

    def _spread(self, told: pl.DataFrame, answers: Sequence[Any], how: list[pl.Series]) -> pl.DataFrame:
        """A line for each position of a list that was answered; one without any where it is empty."""
        lists = [answer or [None] for answer in answers]
        numbers = [n for n, answer in enumerate(lists) for _ in answer]
        places = [
            place if one is not None else None
            for answer in lists
            for place, one in enumerate(answer, start=1)
        ]
        flat = [one for answer in lists for one in answer]
        position = pl.Series("position", places, dtype=pl.Int64)
        beside = pl.DataFrame(how)[numbers]
        return told[numbers].hstack([position]).hstack(self._answers(flat)).hstack(beside)

    def _answers(self, rows: Sequence[Any]) -> list[pl.Series]:
        columns = columns_of(rows, self._answer)
        return [
            column.alias(f"answer_{column.name}") if column.name in self._reserved else column
            for column in columns
        ]

    @cached_property
    def _answer(self) -> type[Row]:
        promised: Any = self.release.service.answer_type
        return promised.__args__[0] if self.release.service.kind is list else promised  # type: ignore[no-any-return]

    @cached_property
    def _named(self) -> list[Any]:
        """The fields that say which row it is: keys and time."""
        return [field for field in fields(self.release.row) if field.key or field.time]


def begin(root: str, asked: Asked) -> PartScorer:
    """Be ready to score parts, in a process that does nothing else."""
    scorer = PartScorer(open_project(Path(root)), asked)
    settle()
    return scorer


def settle() -> None:
    """Let the collector pass over what was loaded, and look seldom: a decision leaves no cycles behind."""
    freeze()
    set_threshold(_MANY_OBJECTS)


def _done(scores: Scores, first: int) -> Done:
    undecided = sorted(scores.undecided)
    return Done(
        rows=len(scores.rows),
        fallbacks=sum(scores.fallbacks),
        undecided=tuple((first + n, _last(scores, n)) for n in undecided[:_SHOWN]),
        undecided_rows=len(undecided),
        failures=Counter(failure.told for failure in scores.failures),
    )


def _last(scores: Scores, row: int) -> str:
    """What failed last at a row that nobody could answer."""
    return next(failure.told for failure in reversed(scores.failures) if failure.row == row)
