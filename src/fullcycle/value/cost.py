"""What was spent so far: runs, deciding, keeping, each with what was counted."""

from collections.abc import Iterable, Sequence

import msgspec

from fullcycle.flow import RunRecord, StepFinished
from fullcycle.kernel import Invalid, Money, counted

_MONTH = 365 * 24 * 3600 * 1_000_000 / 12  # microseconds


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What computing and keeping cost here, as ``[project] prices`` says; 0 where it does not.

    Of one core and of a GB (10⁹ bytes) of memory for an hour, and of a GB kept for a month.
    """

    currency: str
    cpu_hour: float = 0.0
    gb_month: float = 0.0
    gb_hour: float = 0.0


class CostPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a cost, and what was counted for it."""

    name: str
    amount: Money
    counted: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What was spent, and its parts."""

    total: Money
    parts: tuple[CostPart, ...]


def cost_so_far(
    runs: Sequence[RunRecord], *, decisions: int, deciding_s: float, until: int, prices: Prices
) -> Cost:
    """What a capability has cost: its runs, its decisions and what it keeps.

    People's time, the warehouse's own bill and idle servers are not counted.

    Args:
        runs: all of the capability.
        decisions: how many were logged.
        deciding_s: seconds they took, together; each is counted as one busy core.
        until: microseconds since 1970 UTC.
        prices: per hour of one core and per GB (10⁹ bytes) and month.

    Raises:
        Invalid: where a run was paid in another currency.
    """
    parts = (
        _of_runs(runs, prices),
        _of_deciding(decisions, deciding_s, prices),
        _of_keeping(runs, until, prices),
    )
    return Cost(total=_sum([part.amount for part in parts], prices.currency), parts=parts)


def cost_of_deciding(decisions: int, *, cpu_s: float, memory_bytes: int, prices: Prices) -> CostPart:
    """What that many decisions cost on a core that does nothing else.

    Args:
        decisions: how many.
        cpu_s: seconds of a core that each takes.
        memory_bytes: what the process holds all the while.
        prices: per hour of one core, and of a GB of memory.
    """
    hours, gb = decisions * cpu_s / 3600, memory_bytes / 1e9
    amount = Money(hours * (prices.cpu_hour + gb * prices.gb_hour), prices.currency)
    counted = f"{hours:.2g} CPU hours × {prices.cpu_hour:g} {prices.currency}"
    if prices.gb_hour:
        counted += f" and as long {gb:.2g} GB × {prices.gb_hour:g} {prices.currency}"
    return CostPart(name=f"{decisions:,} decisions", amount=amount, counted=counted)


def _of_runs(runs: Sequence[RunRecord], prices: Prices) -> CostPart:
    finished = [run.finished for run in runs if run.finished is not None]
    hours = sum(run.cpu for run in finished) / 3600
    amount = _sum([run.cost for run in finished], prices.currency)
    told = f"{hours:.4f} CPU hours in {counted(len(finished), 'finished run')}"
    return CostPart(name="runs", amount=amount, counted=told)


def _of_deciding(decisions: int, deciding_s: float, prices: Prices) -> CostPart:
    hours = deciding_s / 3600
    counted = f"{hours:.4f} CPU hours for {decisions:,} decisions × {prices.cpu_hour:g} {prices.currency}"
    return CostPart(name="decisions", amount=Money(hours * prices.cpu_hour, prices.currency), counted=counted)


def _of_keeping(runs: Sequence[RunRecord], until: int, prices: Prices) -> CostPart:
    """Each object counts once, from the run that made it."""
    size: dict[str, tuple[int, int]] = {}
    for run in sorted(runs, key=lambda run: run.at):
        for step in _made(run):
            size.setdefault(step.artifact.object, (step.artifact.size, run.at))
    gb = sum(each for each, _ in size.values()) / 1e9
    gb_months = sum(each / 1e9 * max(until - since, 0) / _MONTH for each, since in size.values())
    price = f"{prices.gb_month:g} {prices.currency}"
    counted = f"{gb_months:.4f} GB months of {len(size)} artifacts ({gb:.3f} GB) × {price}"
    return CostPart(
        name="storage", amount=Money(gb_months * prices.gb_month, prices.currency), counted=counted
    )


def _made(run: RunRecord) -> Iterable[StepFinished]:
    return (step for step in run.steps.values() if not step.reused)


def _sum(amounts: Iterable[Money], currency: str) -> Money:
    total = 0.0
    for amount in amounts:
        if amount.currency != currency:
            raise Invalid(
                f"a cost of {amount} among costs in {currency}",
                "the record's costs",
                f"set [project] currency in fullcycle.toml to {amount.currency}: nothing is converted",
            )
        total += amount.amount
    return Money(total, currency)
