"""Gates: what a release has to pass, as pure functions of recorded evidence and the brief.

A gate passes on evidence only. What was not measured did not pass; what nobody asked for
(no model, no budget, nothing deployed) passes and says so.
"""

from collections.abc import Callable, Sequence

from fullcycle.brief import Brief, number
from fullcycle.kernel import counted
from fullcycle.release.evidence import Evidence, Imported, Parity
from fullcycle.release.judgement import Verdict
from fullcycle.release.noninferiority import baseline, incumbent

_MOST_COMPARED = 8  # of which each is named
_FEW_FILES = 3  # named where some are not committed


def judge(evidence: Evidence, brief: Brief) -> list[Verdict]:
    """Ask every gate, in the order of ``GATES``."""
    return [gate(evidence, brief) for gate in GATES.values()]


def contract(evidence: Evidence, brief: Brief) -> Verdict:
    """Every source was checked whole, kept its contract, and is as fresh as it says."""
    needed = "every row of every source keeps its contract, and none is older than fresh_within"
    mend = "look at the rows it shows, then mend the source's query or widen the contract in rows.py"
    for report in evidence.contracts:
        if report.problems:
            found = f"{report.source}: {'; '.join(report.problems[:3])}"
            return Verdict(gate="contract", passed=False, found=found, needed=needed, mend=mend)
    checked = sum(report.checked for report in evidence.contracts)
    total = sum(report.total for report in evidence.contracts)
    found = f"checked {checked:,} of {total:,} rows in {counted(len(evidence.contracts), 'source')}"
    if checked < total or not evidence.contracts:
        return Verdict(gate="contract", passed=False, found=found, needed=needed, mend="run the flow again")
    for report in evidence.contracts:
        if report.late:
            found = f"{report.source} is stale: {report.late}"
            mend = (
                f"see that what fills {report.source} has run, and run the flow again; or allow it more in "
                "fresh_within="
            )
            return Verdict(gate="contract", passed=False, found=found, needed=needed, mend=mend)
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
    found = _told_parities(compared)
    return Verdict(gate="parity", passed=True, found=found, needed=needed)


def latency(evidence: Evidence, brief: Brief) -> Verdict:
    """99 of 100 decisions take no longer than the brief's budget."""
    budget, measured = brief.budget.p99_s, evidence.assessment
    needed = "no p99 in the brief's budget" if budget is None else f"p99 at most {_ms(budget)}"
    if measured is None:
        return _unmeasured("latency", needed, asked=budget is not None)
    if measured.rows_per_s is not None and budget is None:
        found = f"{measured.rows_per_s:,.0f} rows a second"
        return Verdict(gate="latency", passed=True, found=found, needed=needed)
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


def start(evidence: Evidence, brief: Brief) -> Verdict:
    """From its start to its first answer a worker takes no longer than the brief's budget."""
    budget, measured = brief.budget.start_s, evidence.assessment
    needed = "no start in the brief's budget" if budget is None else f"ready within {number(budget)} s"
    if measured is None:
        return _unmeasured("start", needed, asked=budget is not None)
    passed = budget is None or measured.start_s <= budget
    mend = (
        "" if passed else "import less in service.py and what it imports, or raise budget start in brief.md"
    )
    found = f"first answer after {number(round(measured.start_s, 2))} s"
    return Verdict(gate="start", passed=passed, found=found, needed=needed, mend=mend)


def imports(evidence: Evidence, brief: Brief) -> Verdict:
    """What the service imports brings no library of tables or of training into the process that answers."""
    needed = "no pandas, Polars, scikit-learn, SciPy or pydantic in the process that serves"
    if evidence.assessment is not None and evidence.assessment.rows_per_s is not None:
        return Verdict(gate="imports", passed=True, found="it is scored, not served", needed=needed)
    found = evidence.assessment.imports if evidence.assessment is not None else None
    if found is None:
        return _unmeasured("imports", needed, asked=True)
    if found.heavy:
        told = "; ".join(_told_import(one) for one in found.heavy)
        return Verdict(gate="imports", passed=False, found=told, needed=needed, mend=_without(found.heavy[0]))
    told = (
        f"none of them; loading it took {counted(found.modules, 'module')} beyond the server's own, "
        f"{found.seconds * 1e3:,.0f} ms, {_mb(found.memory_bytes)}"
    )
    return Verdict(gate="imports", passed=True, found=told, needed=needed)


def committed(evidence: Evidence, brief: Brief) -> Verdict:
    """For tier medium and high, what is released stands in a commit."""
    asked = brief.tier != "low"
    needed = f"the run's files committed (tier {brief.tier})" if asked else "nothing for tier low"
    code = evidence.committed
    if code is None:
        return _unmeasured("committed", needed, asked=asked)
    again = "then run again, and release that: a release is made of a run's files"
    if code.commit is None:
        mend = f"git init; git add --all; git commit; {again}" if asked else ""
        return Verdict(gate="committed", passed=not asked, found="not in git", needed=needed, mend=mend)
    commit = code.commit[:12]
    if not (code.dirty if code.files is None else code.files):
        return Verdict(gate="committed", passed=True, found=f"commit {commit}", needed=needed)
    named = ", ".join((code.files or ())[:_FEW_FILES])
    rest = len(code.files or ()) - _FEW_FILES
    found = f"differs from commit {commit}" + (f": {named}" if named else "")
    found += f" and {counted(rest, 'more file')}" if rest > 0 else ""
    mend = f"git commit, {again}" if asked else ""
    return Verdict(gate="committed", passed=not asked, found=found, needed=needed, mend=mend)


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
    gate.__name__: gate
    for gate in (contract, parity, baseline, incumbent, latency, memory, start, imports, committed, tests)
}


def _told_parities(compared: Sequence[Parity]) -> str:
    """What was compared, each by its name; of very much only how many it were."""
    if len(compared) > _MOST_COMPARED:
        rows = sum(each.compared for each in compared)
        notes = [f"{each.of}: {each.note}" for each in compared if each.note]
        return "; ".join(
            [f"{counted(len(compared), 'comparison')} equal, over {counted(rows, 'row')}", *notes]
        )
    return ", ".join(
        f"{each.of}{_rounded(each.rounding)}: {each.compared:,} equal{_noted(each.note)}" for each in compared
    )


def _rounded(most: float) -> str:
    return f", but for rounding of at most {most:.1g}" if most else ""


def _told_import(one: Imported) -> str:
    """The chain to a module and what it costs, as far as both are known."""
    known = [f"{one.seconds * 1e3:,.0f} ms"] if one.seconds is not None else []
    known += [_mb(one.memory_bytes)] if one.memory_bytes is not None else []
    cost = f" ({', '.join(known)})" if known else ""
    return f"{' → '.join((*one.chain, one.module))}{cost}"


def _without(one: Imported) -> str:
    line = one.chain[-1] if one.chain else "the line that imports it"
    return (
        f"take {one.module} out at {line}: what needs it belongs into flow.py, and what both use into a "
        "module that does not import it; of a library, import the part that does without"
    )


def _noted(note: str) -> str:
    return f" ({note})" if note else ""


def _worst_line(tail: str) -> str:
    """The line of pytest's output that names a failure, else its last one."""
    lines = tail.strip().splitlines() or ["pytest says no more"]
    return next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1])


def _unmeasured(gate: str, needed: str, *, asked: bool) -> Verdict:
    mend = "make the release again: it is measured then" if asked else ""
    return Verdict(gate=gate, passed=not asked, found="not measured", needed=needed, mend=mend)


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1000)} ms"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
