"""What was found out about a release before it was made: plain data that goes into the record.

Nothing here judges; the gates do. What was not looked at is absent, and a gate that needs
it does not pass.
"""

import msgspec

from fullcycle.data import Report
from fullcycle.evaluate import Measured


class ContractFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A source's rows held against its contract; ``problems`` says ``history: 3 rows below 0``."""

    source: str
    checked: int
    total: int
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: Report) -> "ContractFinding":
        """What ``fullcycle.data.check`` found, as the record keeps it."""
        problems = tuple(f"{each.field}: {each.rule} ({each.rows:,} rows)" for each in report.problems)
        return cls(source=report.table, checked=report.checked, total=report.total, problems=problems)


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """Two ways to the same answers, compared bit by bit.

    ``of`` names it, such as ``traits`` or ``golden answers``; ``example`` shows one difference.
    """

    of: str
    compared: int
    different: int
    example: str = ""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A model's score on rows it had not seen; ``difference`` is model minus baseline, paired."""

    step: str
    score: str
    higher_is_better: bool
    model: Measured
    baseline: Measured | None = None
    difference: Measured | None = None


class Incumbent(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of the release that is deployed, of the same steps."""

    release: int
    environment: str
    scores: tuple[Scored, ...]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The service measured in a process of its own: seconds per decision, bytes, seconds to its first answer.

    ``cpu_s`` is the CPU time of one decision, all threads, the HTTP server's own left out.
    """

    requests: int
    p50_s: float
    p99_s: float
    memory_bytes: int
    start_s: float
    cpu_s: float | None = None


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """The capability's own tests, run on the files of the archive; ``tail`` is their last output."""

    __test__ = False  # not a test, whatever pytest makes of the name

    passed: int
    failed: int
    skipped: int
    seconds: float
    tail: str = ""


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
