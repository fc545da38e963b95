"""A verdict in plain words: sentences that somebody understands who knows no statistics."""

import re
from collections.abc import Iterator
from datetime import date
from typing import cast

from fullcycle.brief import number
from fullcycle.experiment import Effect, Guardrail
from fullcycle.kernel import Interval, Money, instant
from fullcycle.report.concluded import Concluded
from fullcycle.report.plain_checks import told_checks
from fullcycle.report.story import Outcome
from fullcycle.report.wording import money
from fullcycle.report.write_up import Figure, Passage, WriteUp
from fullcycle.value import FEWEST

_HEADING = re.compile(r"^#\s+(?P<title>.+)$", re.MULTILINE)

_FORECAST = re.compile(r"about (?P<many>\d[\d,]*) (?P<what>days?|times)")


def written_up(told: Concluded) -> WriteUp:
    """Write up a verdict."""
    heading = _HEADING.search(told.brief.prose)
    return WriteUp(
        title=heading["title"].strip() if heading is not None else told.capability,
        outcome=cast("Outcome", told.row.verdict),
        lead=_lead(told),
        figures=tuple(_figures(told)),
        passages=(
            Passage("The problem", (_sentence(told.brief.problem),)),
            Passage("What was expected", tuple(_expected(told))),
            Passage("What was done", tuple(_done(told)), tuple(_arms(told))),
            Passage("What it caused", tuple(_groups(told)), tuple(_others(told))),
            Passage("What it is worth, and what it cost", tuple(_worth(told))),
            Passage("What was checked", (), tuple(told_checks(told.readout)), marked=True),
            Passage("What happens next", tuple(_next(told))),
            Passage("How sure this is", tuple(_sure(told))),
        ),
        sources=(
            f"Made by fullcycle on {_date(told.made)}, from the record alone: experiment {told.spec.name} of "
            f"{told.capability}, concluded on {_date(told.closed)} by {told.closed_by}, "
            f"readout {told.measured.readout[:12]}. Questions: {told.brief.owner}."
        ),
    )


def _lead(told: Concluded) -> str:
    if told.row.distrusted:
        return "The test went wrong, so its numbers say nothing: see what was checked."
    return _caused(told)


def _caused(told: Concluded) -> str:
    """What it did, in one sentence with its range."""
    found = told.caused
    if found is None or found.difference is None or found.low is None or found.high is None:
        return f"Too few {told.units} are known to say what it did to {told.what}."
    share = found.kind == "proportion"
    before, after = (_level(value, share=share) for value in (found.control_mean, found.arm_mean))
    went = "rose" if found.difference >= 0 else "fell"
    within = f" in every hundred {told.units}" if share else ""
    low, high = (_change(value, share=share) for value in (found.low, found.high))
    by = _change(found.difference, share=share)
    said = f"{_capital(told.what)} {went} from {before} to {after}{within}, {by}"
    if found.low <= 0 <= found.high:
        return f"{said}; but chance alone leaves room for anything from {low} to {high}."
    return f"{said}; with chance allowed for, by anything from {low} to {high}."


def _groups(told: Concluded) -> Iterator[str]:
    """What was seen in each of the two groups."""
    found = told.caused
    if found is None:
        yield _caused(told)
        return
    share = found.kind == "proportion"
    within = " in every hundred" if share else ""
    before, after = (_level(value, share=share) for value in (found.control_mean, found.arm_mean))
    yield (
        f"{_capital(told.what)}: {before}{within} with “{found.control}” ({found.control_units:,} "
        f"{told.units}), {after} with “{found.arm}” ({found.arm_units:,} {told.units})."
    )
    if found.raw_difference is not None:
        yield "The range above also takes into account how alike the groups were before."


def _figures(told: Concluded) -> Iterator[Figure]:
    row = told.row
    yield Figure("Expected, a year", _span(row.estimated.per_year, told.currency), "the estimate of before")
    best = row.held_out or row.measured
    if best is None:
        yield Figure("Measured, a year", "too early")
    else:
        middle = "" if best.effect is None else f"in the middle {_yearly(told, best.effect.value)}"
        yield Figure("Measured, a year", _span(best.per_year, told.currency), middle)
    realised = row.realised
    if realised is not None:
        note = f"{realised.units:,} {told.units} so far"
        yield Figure("Brought so far", _span(realised.worth, told.currency), note)
    else:
        yield Figure("Brought so far", money(Money(0.0, told.currency)), row.standing)
    yield Figure("Cost so far", _money(row.cost.amount, told.currency), "machines and storage; no salaries")


def _expected(told: Concluded) -> Iterator[str]:
    estimate = told.brief.estimate
    share = told.spec.metrics[told.measured.metric].kind == "proportion" if told.known else False
    ends = " to ".join(_level(end, share=share) for end in (estimate.effect.low, estimate.effect.high))
    within = f" in every hundred {told.units}" if share else ""
    per = f" for each {estimate.worth_per}" if estimate.worth_per else ""
    yield f"Before it was tried, the team expected {told.what} to change by {ends}{within}."
    yield (
        f"With {number(estimate.reach.count)} {told.units} a {estimate.reach.period}, "
        f"and {estimate.worth}{per}, that is {_span(told.row.estimated.per_year, told.currency)} a year."
    )
    if told.row.off_policy is not None:
        span = _span(told.row.off_policy.per_year, told.currency)
        yield f"A look at past decisions pointed to {span} a year."


def _done(told: Concluded) -> Iterator[str]:
    readout = told.readout
    assigned = sum(arm.assigned for arm in readout.arms)
    if not assigned:
        yield f"None of the {told.units} were split in the phase by which it was concluded."
        return
    when = ""
    if readout.first_day is not None and readout.last_day is not None:
        when = f" from {_day(readout.first_day)} to {_day(readout.last_day)}"
    many = {2: "two", 3: "three", 4: "four"}.get(len(readout.arms), str(len(readout.arms)))
    yield f"{assigned:,} {told.units} were split by lot into {many} groups{when}."
    known = sum(arm.known for arm in readout.arms)
    if known != assigned:
        yield f"{known:,} of them count, for whom the decision was carried out and the result is known."
    if told.replayed:
        yield (
            "This is a replay of the past: the requests were sent afterwards, each dated by when it was made."
        )


def _arms(told: Concluded) -> Iterator[str]:
    for arm in told.readout.arms:
        does = told.arms.get(arm.arm, "")
        role = "as before" if arm.arm == told.readout.control else "the new way"
        yield f"“{arm.arm}” ({role}, {arm.weight:.0%} of them){f': {does}' if does else ''}"


def _others(told: Concluded) -> Iterator[str]:
    """What it did to what was watched beside."""
    arm = told.measured.arm or told.readout.primary[0].arm
    rails = {one.metric: one for one in told.readout.guardrails if one.arm == arm}
    for found in told.readout.effects:
        if found.arm != arm or found.metric == told.measured.metric or found.gain is None:
            continue
        if (rail := rails.get(found.metric)) is not None:
            yield _guarded(found, rail)
            continue
        if found.gain[1] > 0:
            yield f"“{found.metric}”, watched beside it, got better."
        elif found.gain[2] < 0:
            yield f"“{found.metric}”, watched beside it, got worse."
        else:
            yield f"“{found.metric}”, watched beside it, did not clearly change."


def _guarded(found: Effect, rail: Guardrail) -> str:
    name, margin = f"“{found.metric}”", f"{100 * rail.margin:.4g}%"
    match rail.standing:
        case "holds":
            return f"{name} had to stay within {margin} of what it was, and did."
        case "broken":
            return f"{name} had to stay within {margin} of what it was, and did not."
        case _:
            return f"{name} had to stay within {margin} of what it was; that is not shown yet, either way."


def _worth(told: Concluded) -> Iterator[str]:
    row = told.row
    if row.measured is None:
        yield "What it is worth is not known yet."
    else:
        middle = (
            ""
            if row.measured.effect is None
            else f", in the middle {_yearly(told, row.measured.effect.value)}"
        )
        yield f"The measured effect is worth {_span(row.measured.per_year, told.currency)} a year{middle}."
    if row.expected is not None:
        yield (
            "Of what was picked because it looked good, some is luck; what to count on is "
            f"{_span(row.expected, told.currency)} a year."
        )
    if row.held_out is not None:
        span = _span(row.held_out.per_year, told.currency)
        yield f"Measured again since, by those who were left out on purpose, it is {span} a year."
    if row.realised is not None:
        yield (
            f"It has answered {row.realised.units:,} {told.units} since {_date(row.realised.launch.since)}, "
            f"which was worth {_span(row.realised.worth, told.currency)}."
        )
    yield f"So far it has cost {_money(row.cost.amount, told.currency)} in machines and storage."
    for sentence in told.together:
        yield _sentence(f"Do not add this up with others: {sentence}")


def _next(told: Concluded) -> Iterator[str]:
    row, arm = told.row, told.measured.arm or ""
    launch = row.realised.launch if row.realised is not None else None
    if launch is not None and launch.until is None:
        yield f"“{arm}” has answered since {_date(launch.since)}, and goes on."
    elif launch is not None and launch.until is not None:
        yield f"“{arm}” answered from {_date(launch.since)} to {_date(launch.until)}, and does so no more."
    elif row.verdict == "ship":
        yield f"“{arm}” is to answer everybody; that is not done yet."
    else:
        yield f"Things stay as they were: “{told.readout.control}” goes on."
    yield f"What would change that: {_change_of_mind(told)}"


def _change_of_mind(told: Concluded) -> str:
    """What would change the verdict, in words that need no statistics."""
    arm = told.measured.arm
    unclear = [one.metric for one in told.readout.guardrails if one.arm == arm and one.standing == "unclear"]
    found = told.caused
    clear = found is not None and found.gain is not None and found.gain[1] > 0
    match told.row.verdict:
        case "ship":
            return "a flaw found in the test, or harm seen where there was to be none."
        case "stop":
            return "another idea and a new test; more days of this one would not help."
        case _ if told.row.distrusted:
            return "finding what went wrong in the test, and then a new one."
        case _ if clear and unclear:
            return f"more {told.units}, until it is seen whether {' and '.join(unclear)} suffers."
        case _ if found is None:
            return f"more {told.units} whose result is known."
    forecast = _FORECAST.match(told.readout.verdict.would_change)
    if forecast is not None and forecast["what"] == "times":
        return f"about {forecast['many']} times as many {told.units}, if nothing else changes."
    if forecast is not None:
        return f"about {forecast['many']} more days like these, if nothing else changes."
    return "a larger effect: as it is, even a year more would not settle it."


def _sure(told: Concluded) -> Iterator[str]:
    level = 1 - told.readout.alpha
    yield "Who got the new way was drawn by lot, so only the new way and chance can make a difference."
    yield f"The ranges here are made so that {level:.0%} of such ranges hold the truth."
    if told.track is None or told.track.share is None:
        so_far = told.track.measured if told.track is not None else 0
        yield (
            f"How good this team's estimates are is not known yet: {so_far} could be held against a result, "
            f"and fewer than {FEWEST} say nothing."
        )
    else:
        yield (
            f"Of {told.track.measured} estimates of this team that were measured, {told.track.inside} held "
            "what was found."
        )


def _level(value: float, *, share: bool) -> str:
    return f"{100 * value:.1f}" if share else number(value)


def _change(value: float, *, share: bool) -> str:
    size = f"{abs(100 * value):.1f}" if share else number(abs(value))
    return f"{size} {'more' if value >= 0 else 'fewer' if share else 'less'}"


def _span(value: Interval, currency: str) -> str:
    """A range of money; below zero is a loss."""
    low, high = (_money(end, currency).removesuffix(f"\u202f{currency}") for end in (value.low, value.high))
    return f"{low} to {high}\u202f{currency}"


def _yearly(told: Concluded, effect: float) -> str:
    """What an effect per unit is worth in a year."""
    measured = told.measured
    sign = 1 if measured.good == "up" else -1
    return _money(sign * effect * measured.reach.per_year * measured.worth.amount, told.currency)


def _money(amount: float, currency: str) -> str:
    return money(Money(amount, currency))


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return _capital(text if text.endswith((".", "!", "?")) else f"{text}.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"


def _date(micros: int) -> str:
    return _day(f"{instant(micros):%Y-%m-%d}")
