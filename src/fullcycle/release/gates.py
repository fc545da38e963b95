"""Gates: what a release has to pass, as pure functions of recorded evidence and the brief.

A gate passes on evidence only. What was not measured did not pass; what nobody asked for
(no model, no budget, nothing deployed) passes and says so.
"""

from collections.abc import Callable, Sequence
from math import hypot

import msgspec

from fullcycle.brief import Brief, number
from fullcycle.evaluate import Measured
from fullcycle.kernel import Invalid, Refused
from fullcycle.release.evidence import Evidence

_CANONICAL = msgspec.json.Encoder(order="sorted")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate says: what was found, what is needed, and what to do where they differ."""

    gate: str
    passed: bool
    found: str
    needed: str
    mend: str = ""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody released past gates that said no, and why."""

    gates: tuple[str, ...]
    reason: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates were shown, what they said, and who went past them: one object in the record."""

    evidence: Evidence
    verdicts: tuple[Verdict, ...]
    override: Override | None = None

    def to_bytes(self) -> bytes:
        """The judgement as the record keeps it."""
        return _CANONICAL.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Judgement":
        """Read what ``to_bytes`` wrote."""
        return msgspec.json.decode(data, type=cls)


def judge(evidence: Evidence, brief: Brief) -> list[Verdict]:
    """Ask every gate, in the order of ``GATES``."""
    return [gate(evidence, brief) for gate in GATES.values()]


def admit(verdicts: Sequence[Verdict], *, what: str, override: str | None = None) -> Override | None:
    """Let a release pass, or refuse it.

    Args:
        verdicts: what the gates said.
        what: what is to be released, such as ``winback@42``.
        override: why it is released although gates say no; what is returned then is to be recorded.

    Raises:
        Refused: where a gate says no and nobody overrides it; lists each with what to do.
        Invalid: for an override without a reason.
    """
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return None
    names = tuple(verdict.gate for verdict in failed)
    if override is None:
        lines = [f"  {v.gate}: {v.found}; needed: {v.needed}" for v in failed]
        cures = [f"{v.gate}: {v.mend}" for v in failed]
        raise Refused(
            "\n".join([f"{what} is not released: {len(failed)} of {len(verdicts)} gates say no", *lines]),
            f"the gates {', '.join(names)}",
            "\n         ".join(cures),
        )
    if not override.strip():
        raise Invalid("an override without a reason", what, "say why these gates do not count this time")
    return Override(gates=names, reason=override.strip())


def contract(evidence: Evidence, brief: Brief) -> Verdict:
    """Every source was checked whole and kept its contract."""
    needed = "every row of every source keeps its contract"
    mend = "look at the rows it shows, then mend the source's query or widen the contract in rows.py"
    for report in evidence.contracts:
        if report.problems:
            found = f"{report.source}: {'; '.join(report.problems[:3])}"
            return Verdict(gate="contract", passed=False, found=found, needed=needed, mend=mend)
    checked = sum(report.checked for report in evidence.contracts)
    total = sum(report.total for report in evidence.contracts)
    found = f"checked {checked:,} of {total:,} rows in {_count(len(evidence.contracts), 'source')}"
    if checked < total or not evidence.contracts:
        return Verdict(gate="contract", passed=False, found=found, needed=needed, mend="run the flow again")
    return Verdict(gate="contract", passed=True, found=found, needed=needed)


def parity(evidence: Evidence, brief: Brief) -> Verdict:
    """Features agree row by row and by table, and the release answers its golden rows, to the bit."""
    needed = "equal to the bit, golden rows among them"
    if evidence.golden is None:
        mend = "make the release again: golden rows are drawn from the run's sources"
        return Verdict(gate="parity", passed=False, found="no golden rows", needed=needed, mend=mend)
    compared = (*evidence.features, evidence.golden)
    for each in compared:
        if each.different:
            found = f"{each.of}: {each.different:,} of {each.compared:,} differ"
            mend = f"compute it the same way in both: {each.example}"
            return Verdict(gate="parity", passed=False, found=found, needed=needed, mend=mend)
        if not each.compared:
            mend = f"give {each.of} rows: the run's sources are empty"
            return Verdict(
                gate="parity", passed=False, found=f"{each.of}: none compared", needed=needed, mend=mend
            )
    found = ", ".join(f"{each.of}: {each.compared:,} equal" for each in compared)
    return Verdict(gate="parity", passed=True, found=found, needed=needed)


def baseline(evidence: Evidence, brief: Brief) -> Verdict:
    """No model is worse than its baseline: a difference whose 95 % interval lies wholly on the wrong side.

    A model that cannot be told from its baseline passes: the experiment decides that.
    """
    needed = "the 95 % interval of model minus baseline not wholly on the wrong side of 0"
    if not evidence.scores:
        return Verdict(gate="baseline", passed=True, found="no model", needed=needed)
    said = []
    for score in evidence.scores:
        if score.difference is None:
            found = f"{score.step} was not compared with a baseline"
            mend = f"run the flow again, so that {score.step} is evaluated"
            return Verdict(gate="baseline", passed=False, found=found, needed=needed, mend=mend)
        found = f"{score.step}: {score.score} {_signed(score.difference)} against its baseline"
        if _worse(score.difference, score.higher_is_better):
            mend = f"release without {score.step}, or improve it: the baseline is better"
            return Verdict(gate="baseline", passed=False, found=found, needed=needed, mend=mend)
        said.append(found)
    return Verdict(gate="baseline", passed=True, found="; ".join(said), needed=needed)


def incumbent(evidence: Evidence, brief: Brief) -> Verdict:
    """No model scores clearly worse than the one that is deployed.

    The two scores come from separate evaluations, so their difference's interval is put
    together from the two intervals; on the same rows it is wider than a paired one would be.
    """
    needed = "the 95 % interval of new minus deployed not wholly on the wrong side of 0"
    if evidence.incumbent is None:
        return Verdict(gate="incumbent", passed=True, found="nothing is deployed", needed=needed)
    deployed = {(score.step, score.score): score for score in evidence.incumbent.scores}
    version, said = f"v{evidence.incumbent.release} in {evidence.incumbent.environment}", []
    for score in evidence.scores:
        old = deployed.get((score.step, score.score))
        if old is None:
            said.append(f"{score.step}: {version} has no {score.score} to compare")
            continue
        change = difference(score.model, old.model)
        found = f"{score.step}: {score.score} {_signed(change)} against {version}"
        if _worse(change, score.higher_is_better):
            mend = f"find out what made {score.step} worse: fullcycle runs shows what was tried"
            return Verdict(gate="incumbent", passed=False, found=found, needed=needed, mend=mend)
        said.append(found)
    return Verdict(gate="incumbent", passed=True, found="; ".join(said) or "no model", needed=needed)


def latency(evidence: Evidence, brief: Brief) -> Verdict:
    """99 of 100 decisions take no longer than the brief's budget."""
    budget, measured = brief.budget.p99_s, evidence.assessment
    needed = "no p99 in the brief's budget" if budget is None else f"p99 at most {_ms(budget)}"
    if measured is None:
        return _unmeasured("latency", needed, asked=budget is not None)
    found = f"p50 {_ms(measured.p50_s)}, p99 {_ms(measured.p99_s)} over {measured.requests:,} decisions"
    passed = budget is None or measured.p99_s <= budget
    mend = "" if passed else "ask the model less often, make it smaller, or raise budget p99 in brief.md"
    return Verdict(gate="latency", passed=passed, found=found, needed=needed, mend=mend)


def memory(evidence: Evidence, brief: Brief) -> Verdict:
    """The serving process takes no more memory than the brief's budget."""
    budget, measured = brief.budget.memory_bytes, evidence.assessment
    needed = "no memory in the brief's budget" if budget is None else f"at most {_mb(budget)}"
    if measured is None:
        return _unmeasured("memory", needed, asked=budget is not None)
    passed = budget is None or measured.memory_bytes <= budget
    mend = "" if passed else "make the model smaller, or raise budget memory in brief.md"
    return Verdict(gate="memory", passed=passed, found=_mb(measured.memory_bytes), needed=needed, mend=mend)


def tests(evidence: Evidence, brief: Brief) -> Verdict:
    """The capability's own tests pass on the archive's files, and there is at least one."""
    needed = "at least one test, and all pass"
    ran = evidence.tests
    if ran is None:
        return _unmeasured("tests", needed, asked=True)
    found = f"{ran.passed} passed, {ran.failed} failed, {ran.skipped} skipped"
    if ran.failed:
        mend = f"mend the tests, then run again (a release is made of a run's files): {_worst_line(ran.tail)}"
        return Verdict(gate="tests", passed=False, found=found, needed=needed, mend=mend)
    if not ran.passed:
        mend = (
            "write one, a file test_….py beside brief.md, then run again: a release is made of a run's files"
        )
        return Verdict(gate="tests", passed=False, found=found, needed=needed, mend=mend)
    return Verdict(gate="tests", passed=True, found=found, needed=needed)


GATES: dict[str, Callable[[Evidence, Brief], Verdict]] = {
    gate.__name__: gate for gate in (contract, parity, baseline, incumbent, latency, memory, tests)
}


def difference(new: Measured, old: Measured) -> Measured:
    """New minus old, with an interval put together from the two intervals.

    Source: Zou & Donner, "Construction of confidence limits about effect measures",
    Statistics in Medicine 27, 2008 (MOVER), for independent estimates.
    """
    value = new.value - old.value
    below = hypot(new.value - new.low, old.high - old.value)
    above = hypot(new.high - new.value, old.value - old.low)
    return Measured(value, value - below, value + above)


def _worst_line(tail: str) -> str:
    """The line of pytest's output that names a failure, else its last one."""
    lines = tail.strip().splitlines() or ["pytest says no more"]
    return next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1])


def _worse(change: Measured, higher_is_better: bool) -> bool:
    return change.high < 0 if higher_is_better else change.low > 0


def _unmeasured(gate: str, needed: str, *, asked: bool) -> Verdict:
    mend = "make the release again: it is measured then" if asked else ""
    return Verdict(gate=gate, passed=not asked, found="not measured", needed=needed, mend=mend)


def _signed(change: Measured) -> str:
    sign = "+" if change.value > 0 else ""
    return f"{sign}{number(change.value)} [{number(change.low)}, {number(change.high)}]"


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}{'' if many == 1 else 's'}"


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1000)} ms"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
