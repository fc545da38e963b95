"""Better than the baseline, and not worse than what is deployed: what scores must show.

Not worse is not the same as not shown to be worse: a model passes where the interval of new
minus deployed excludes a loss of more than a margin. Each slice must hold by itself, and the
intervals of all slices hold at once (Bonferroni), so that none of them passes by luck.

Sources:
    ICH E9, "Statistical Principles for Clinical Trials", 1998, section 3.3.2, for the
    interval and its level; FDA, "Non-Inferiority Clinical Trials to Establish Effectiveness",
    2016, section IV, for a margin that keeps a part of what the control surely gains; O. J. Dunn,
    "Multiple Comparisons Among Means", JASA 56, 1961, for the slices' intervals.
"""

from math import hypot

from fullcycle.brief import Brief, number
from fullcycle.evaluate import Measured
from fullcycle.kernel import counted
from fullcycle.release.evidence import Compared, ComparedSlice, Evidence, Scored
from fullcycle.release.judgement import Verdict

KEPT = 0.8
"""The part of what the deployed model surely gains over its baseline that a new one has to keep."""

_NOT_COMPARED = "run the flow again, so that {} is evaluated"


def baseline(evidence: Evidence, brief: Brief) -> Verdict:
    """No model is worse than its baseline; for tier medium and high, each is better for certain.

    For tier low a model that cannot be told from its baseline passes: the experiment decides
    that.
    """
    sure = brief.tier != "low"
    needed = "the 95 % interval of model minus baseline " + (
        f"wholly on the right side of 0 (tier {brief.tier})" if sure else "not wholly on the wrong side of 0"
    )
    if not evidence.scores:
        return Verdict(gate="baseline", passed=True, found="no model", needed=needed)
    said = []
    for score in evidence.scores:
        if score.difference is None:
            found = f"{score.step} was not compared with a baseline"
            mend = _NOT_COMPARED.format(score.step)
            return Verdict(gate="baseline", passed=False, found=found, needed=needed, mend=mend)
        found = f"{score.step}: {score.score} {_signed(score.difference)} against its baseline"
        low, high = _gain(score.difference, score.higher_is_better)
        if high < 0:
            mend = f"release without {score.step}, or improve it: the baseline is better"
            return Verdict(gate="baseline", passed=False, found=found, needed=needed, mend=mend)
        if sure and low <= 0:
            mend = (
                f"judge {score.step} on more rows, or improve it: it cannot be told from its baseline, and "
                f"what nobody could tell the gain of is for tier low"
            )
            return Verdict(gate="baseline", passed=False, found=found, needed=needed, mend=mend)
        said.append(found)
    return Verdict(gate="baseline", passed=True, found="; ".join(said), needed=needed)


def incumbent(evidence: Evidence, brief: Brief) -> Verdict:
    """No model scores worse than the one that is deployed by more than a margin, on no slice either.

    The margin is the brief's; else a fifth of what the deployed model surely gains over the
    baseline (the lower end of the interval of that). Where it gains nothing for certain there is
    nothing to keep, and only a model that is worse for certain is refused. A slice with too few
    rows to be judged is told, and refuses nothing.
    """
    needed = (
        f"new minus deployed: no loss beyond {_told_margin(brief)}, with 95 %, over all and in each slice"
    )
    if evidence.incumbent is None:
        return Verdict(gate="incumbent", passed=True, found="nothing is deployed", needed=needed)
    version = f"v{evidence.incumbent.release} in {evidence.incumbent.environment}"
    deployed = {(score.step, score.score): score for score in evidence.incumbent.scores}
    compared = {one.step: one for one in evidence.incumbent.compared}
    said = []
    for score in evidence.scores:
        one = compared.get(score.step)
        if one is not None and one.difference is not None:
            passed, found, mend = _paired(one, one.difference, version, brief)
        else:
            note = one.note if one is not None else ""
            passed, found, mend = _apart(score, deployed.get((score.step, score.score)), version, note)
        if not passed:
            return Verdict(gate="incumbent", passed=False, found=found, needed=needed, mend=mend)
        said.append(found)
    return Verdict(gate="incumbent", passed=True, found="; ".join(said) or "no model", needed=needed)


def margin(one: Compared, brief: Brief) -> float | None:
    """The loss that is let pass, in the score's unit; None where there is nothing to keep."""
    if brief.margin is not None and not brief.margin.share:
        return brief.margin.value
    sure = _gain(one.gain, one.higher_is_better)[0] if one.gain is not None else 0.0
    if sure <= 0:
        return None
    return sure * (brief.margin.value if brief.margin is not None else 1 - KEPT)


def holds(change: Measured, higher_is_better: bool, margin: float | None) -> bool:
    """Whether a change excludes a loss beyond a margin; without one, whether it is no loss for certain."""
    low, high = _gain(change, higher_is_better)
    return high >= 0 if margin is None else low >= -margin


def difference(new: Measured, old: Measured) -> Measured:
    """New minus old, with an interval put together from the two intervals.

    Source: Zou & Donner, "Construction of confidence limits about effect measures",
    Statistics in Medicine 27, 2008 (MOVER), for independent estimates.
    """
    value = new.value - old.value
    below = hypot(new.value - new.low, old.high - old.value)
    above = hypot(new.high - new.value, old.value - old.low)
    return Measured(value, value - below, value + above)


def _paired(one: Compared, change: Measured, version: str, brief: Brief) -> tuple[bool, str, str]:
    """Whether one model holds on the same rows; what is said of it, and how to mend it."""
    allowed = margin(one, brief)
    said = f"{one.step}: {one.score} {_signed(change)} against {version} on {counted(one.rows, 'same row')}"
    said += f", margin {number(allowed)}" if allowed is not None else ", which has nothing certain to keep"
    said += f" ({one.note})" if one.note else ""
    if not holds(change, one.higher_is_better, allowed):
        return False, said, _cure(one.step, change, one.higher_is_better)
    worse = [
        part
        for part in one.slices
        if part.difference is not None and not holds(part.difference, one.higher_is_better, allowed)
    ]
    if worse:
        parts = "; ".join(_told_slice(part) for part in worse[:3])
        more = f" and {counted(len(worse) - 3, 'other')}" if len(worse) > 3 else ""
        first = worse[0].difference or change
        return False, f"{said}; worse in {parts}{more}", _cure(one.step, first, one.higher_is_better)
    return True, said + _told_slices(one), ""


def _apart(score: Scored, old: Scored | None, version: str, note: str) -> tuple[bool, str, str]:
    """Where both cannot be asked about the same rows: what separate evaluations tell.

    That interval is wider than a paired one: only a loss that is certain refuses.
    """
    why = f" ({note})" if note else ""
    if old is None:
        return True, f"{score.step}: {version} has no {score.score} to compare{why}", ""
    change = difference(score.model, old.model)
    said = f"{score.step}: {score.score} {_signed(change)} against {version}, each on rows of its own{why}"
    if _gain(change, score.higher_is_better)[1] < 0:
        return False, said, f"find out what made {score.step} worse: fullcycle runs shows what was tried"
    return True, said, ""


def _cure(step: str, change: Measured, higher_is_better: bool) -> str:
    if _gain(change, higher_is_better)[1] < 0:
        return f"find out what made {step} worse: fullcycle diff of both runs, and fullcycle runs"
    return (
        f"judge {step} on more rows, so that the interval is narrower; or say in brief.md what loss would "
        "not matter, such as margin: 10 %"
    )


def _told_slice(part: ComparedSlice) -> str:
    change = _signed(part.difference) if part.difference is not None else part.note
    return f"{part.column} {part.value} ({part.rows:,} rows) {change}"


def _told_slices(one: Compared) -> str:
    judged = [part for part in one.slices if part.difference is not None]
    silent = [part for part in one.slices if part.difference is None]
    said = f"; {counted(len(judged), 'slice')} too" if judged else ""
    if silent:
        named = ", ".join(f"{part.column} {part.value} ({part.rows:,} rows)" for part in silent[:3])
        rest = ", …" if len(silent) > 3 else ""
        said += f"; {counted(len(silent), 'slice')} too small to tell: {named}{rest}"
    return said


def _told_margin(brief: Brief) -> str:
    if brief.margin is None:
        return f"{1 - KEPT:.0%} of what the deployed model surely gains"
    if brief.margin.share:
        return f"{brief.margin.value:.4g} of what the deployed model surely gains"
    return f"the margin {number(brief.margin.value)}"


def _gain(change: Measured, higher_is_better: bool) -> tuple[float, float]:
    """Both ends of an interval, so that more is better."""
    return (change.low, change.high) if higher_is_better else (-change.high, -change.low)


def _signed(change: Measured) -> str:
    sign = "+" if change.value > 0 else ""
    return f"{sign}{number(change.value)} [{number(change.low)}, {number(change.high)}]"
