"""What was found out about a release before it was made: plain data that goes into the record.

Nothing here judges; the gates do. What was not looked at is absent, and a gate that needs
it does not pass.
"""

import msgspec

from fullcycle.data import Report
from fullcycle.evaluate import Measured


class ContractFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A source's rows held against its contract; ``problems`` says ``history: 3 rows below 0``.

    ``late`` says how much older its newest row was than it may be, when this was looked at.
    """

    source: str
    checked: int
    total: int
    problems: tuple[str, ...] = ()
    late: str = ""

    @classmethod
    def of(cls, report: Report) -> "ContractFinding":
        """What ``fullcycle.data.check`` found, as the record keeps it."""
        problems = tuple(f"{each.field}: {each.rule} ({each.rows:,} rows)" for each in report.problems)
        return cls(source=report.table, checked=report.checked, total=report.total, problems=problems)


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """Two ways to the same answers, compared bit by bit.

    ``of`` names it, such as ``traits`` or ``golden answers``; ``example`` shows one difference,
    ``note`` tells what else was seen, ``rounding`` is the most that two equal answers may differ by.
    """

    of: str
    compared: int
    different: int
    example: str = ""
    note: str = ""
    rounding: float = 0.0


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A model's score on rows it had not seen; ``difference`` is model minus baseline, paired."""

    step: str
    score: str
    higher_is_better: bool
    model: Measured
    baseline: Measured | None = None
    difference: Measured | None = None


class ComparedSlice(msgspec.Struct, frozen=True, kw_only=True):
    """New minus deployed on the rows where ``column`` has ``value``; ``note`` says why it is not told."""

    column: str
    value: str
    rows: int
    difference: Measured | None = None
    note: str = ""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A new model and the deployed one, asked about the same rows, which neither has learnt from.

    ``difference`` is new minus deployed, with a 95 % interval; those of the slices are so wide
    that all of them hold at once with 95 %. ``gain`` is what the deployed model scores beyond
    the baseline on these rows. ``note`` says why they were not compared so, or on fewer rows.
    """

    step: str
    score: str
    higher_is_better: bool
    rows: int = 0
    difference: Measured | None = None
    gain: Measured | None = None
    slices: tuple[ComparedSlice, ...] = ()
    note: str = ""


class Incumbent(msgspec.Struct, frozen=True, kw_only=True):
    """The release that is deployed: the scores of its own evaluation, and its models beside the new ones."""

    release: int
    environment: str
    scores: tuple[Scored, ...]
    compared: tuple[Compared, ...] = ()


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A module that got into the serving process, by which lines, and what importing it costs.

    ``chain`` leads to it: ``winback/service.py:5``, ``winback/rows.py:3``. Seconds and bytes
    are those of importing it in a process of its own, None where that was not measured.
    """

    module: str
    chain: tuple[str, ...] = ()
    seconds: float | None = None
    memory_bytes: int | None = None


class Imports(msgspec.Struct, frozen=True, kw_only=True):
    """What loading a release took: modules beyond the server's own, seconds and bytes.

    ``heavy`` are the libraries in the process that have no business there, once it has answered.
    """

    modules: int
    seconds: float
    memory_bytes: int
    heavy: tuple[Imported, ...] = ()


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The service measured in a process of its own: seconds per decision, bytes, seconds to its first answer.

    ``cpu_s`` is the CPU time of one decision, all threads, the HTTP server's own left out.
    ``rows_per_s`` is of what is scored and not served: how many rows in one process.
    """

    requests: int
    p50_s: float
    p99_s: float
    memory_bytes: int
    start_s: float
    cpu_s: float | None = None
    imports: Imports | None = None
    rows_per_s: float | None = None


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """The capability's own tests, run on the files of the archive; ``tail`` is their last output."""

    __test__ = False  # not a test, whatever pytest makes of the name

    passed: int
    failed: int
    skipped: int
    seconds: float
    tail: str = ""


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """What git said of the project's folder when the run began.

    ``files`` are those of the run that are not as in the commit; None where git no longer
    knows the commit, so that only ``dirty`` tells whether something differed.
    """

    commit: str | None
    dirty: bool
    files: tuple[str, ...] | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that the gates judge a release by.

    ``features`` compares each feature set's rows with its table; ``golden`` the answers that
    the release gives to its golden rows with those of the run. ``incumbent`` is None where
    nothing is deployed.
    """

    contracts: tuple[ContractFinding, ...] = ()
    features: tuple[Parity, ...] = ()
    golden: Parity | None = None
    scores: tuple[Scored, ...] = ()
    incumbent: Incumbent | None = None
    assessment: Assessment | None = None
    tests: TestResult | None = None
    committed: Committed | None = None
