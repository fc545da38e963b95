"""When what was measured went out, and what it has been worth since.

An arm is launched by the first deployment after its verdict in which its function answers more
than half of the units, or is what a next experiment is compared with. It ends with the first one
in which its function answers nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from fullcycle.experiment import ExperimentSpec
from fullcycle.kernel import Interval
from fullcycle.value.measurement import Effect, Measurement, Source


@dataclass(frozen=True, slots=True)
class Answering:
    """What a deployment lets a function do: ``share`` of the units are answered by it.

    ``at`` is µs since 1970 UTC; ``compared`` says that an experiment holds others against it. Where
    a condition says who takes part, how many meet it is not known: it is then at least ``share``,
    and at most ``most``.
    """

    at: int
    release: int
    share: float
    compared: bool = False
    most: float | None = None


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when a function answered, in µs since 1970 UTC; ``until`` is None while it does."""

    function: str
    release: int
    since: int
    until: int | None = None


class Realised(msgspec.Struct, frozen=True, kw_only=True):
    """What a launch has brought: each unit counts once, at the rate that ``source`` measured."""

    launch: Launch
    units: int
    worth: Interval
    source: Source


def answering(
    function: str, service: str, spec: ExperimentSpec | None, *, at: int, release: int
) -> Answering:
    """What a release lets a function do.

    Args:
        function: such as ``"winback.service:choose"``.
        service: the function that answers whoever takes part in no experiment.
        spec: the release's experiment.
        at: when it was deployed.
        release: its number.
    """
    if spec is None:
        return Answering(at, release, float(service == function))
    inside = sum(spec.weights[arm] for arm in spec.order if spec.arms[arm] == function)
    admitted = spec.coverage * (1.0 if spec.layer is None else spec.layer.high - spec.layer.low)
    outside = float(service == function)
    share = admitted * inside + (1 - admitted) * outside
    compared = spec.coverage > 0 and spec.arms[spec.control] == function
    if spec.condition is None:
        return Answering(at, release, share, compared=compared)
    return Answering(at, release, min(share, outside), compared=compared, most=max(share, outside))


def launch_of(function: str, deployments: Sequence[Answering], *, after: int) -> Launch | None:
    """When a function was launched for good; None where that has not happened.

    Args:
        function: the one of the arm that was measured.
        deployments: all, oldest first.
        after: when the verdict was told.
    """
    launched: Launch | None = None
    for one in deployments:
        if launched is None:
            if one.at >= after and (one.share > 0.5 or one.compared):
                launched = Launch(function=function, release=one.release, since=one.at)
        elif (one.share if one.most is None else one.most) <= 0:
            return msgspec.structs.replace(launched, until=one.at)
    return launched


def realised(launch: Launch, units: int, row: Measurement, rate: Effect, source: Source) -> Realised:
    """What so many units were worth at a measured rate.

    Args:
        launch: since when they were answered so.
        units: how many different ones.
        row: says what one of the metric is worth and which way it should go.
        rate: the change of the metric per unit.
        source: what measured it.
    """
    sign = 1 if row.good == "up" else -1
    return Realised(
        launch=launch,
        units=units,
        worth=rate.interval.scaled(sign * units * row.worth.amount),
        source=source,
    )


def told_together(
    launches: Iterable[tuple[str, Launch]], shared: Iterable[tuple[str, str, int]]
) -> list[str]:
    """Why rows must not be added up, a sentence for each reason; none where nothing stands against it.

    Args:
        launches: capability and launch of every row that brought something.
        shared: two capabilities, and how many units both have reached.
    """
    told, counts = [], dict[str, int]()
    for capability, _ in launches:
        counts[capability] = counts.get(capability, 0) + 1
    for capability, many in counts.items():
        if many > 1:
            told.append(
                f"{capability} launched {many} times: each was measured against what answered then, "
                "and what they bring together was never measured"
            )
    told += [
        f"{one} and {other} have both reached {units:,} of the same units, and what they bring together "
        "was never measured"
        for one, other, units in shared
        if units
    ]
    return told
