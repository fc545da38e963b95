"""Who gets which arm: GrowthBook's published hash, so that every SDK of theirs agrees.

A unit is hashed to a number in [0, 1) and the arms share that line. The same unit and
seed give the same arm on every machine, without any shared state. Pure Python: this
runs in the serving process, once per request.

Source: GrowthBook, "SDK build-your-own" specification 0.7.1 (hash, getBucketRange,
chooseVariation, inNamespace); Fowler, Noll & Vo, hash FNV-1a of 32 bits. Characters
count as UTF-16 code units, as ``charCodeAt`` counts them in GrowthBook's own SDKs.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fullcycle.kernel import Invalid

HashVersion = Literal[1, 2]
Range = tuple[float, float]

_BASIS = 0x811C9DC5
_PRIME = 0x01000193
_MASK = 0xFFFFFFFF


def fnv1a32(text: str, state: int = _BASIS) -> int:
    """Hash ``text`` by FNV-1a into 32 bits; ``state`` goes on from an earlier text.

    ``fnv1a32(a + b) == fnv1a32(b, fnv1a32(a))``, which saves hashing the seed every time.
    """
    for unit in _units(text):
        state = ((state ^ unit) * _PRIME) & _MASK
    return state


def unit_hash(seed: str, value: str, version: int = 2) -> float | None:
    """Where ``value`` falls in [0, 1): in steps of 1/1,000 (version 1) or 1/10,000 (version 2).

    None for a version that there is none of, as GrowthBook's SDKs answer.
    """
    if version == 2:
        return fnv1a32(str(fnv1a32(value, fnv1a32(seed)))) % 10_000 / 10_000
    if version == 1:
        return fnv1a32(seed, fnv1a32(value)) % 1_000 / 1_000
    return None


def steps_of(version: HashVersion) -> int:
    """Into how many steps a version of the hash cuts [0, 1)."""
    return 10_000 if version == 2 else 1_000


def step_by(seed: str, version: HashVersion) -> Callable[[str], int]:
    """What gives a unit's step by one hash: over :func:`steps_of`, it is what :func:`unit_hash` says."""
    first = _BASIS if version == 1 else fnv1a32(seed)
    last = _seeded(seed) if version == 1 else _written

    def step(text: str) -> int:
        state = first
        for unit in text.encode() if text.isascii() else _units(text):
            state = ((state ^ unit) * _PRIME) & _MASK
        return last(state)

    return step


def stepping(*hashes: tuple[str, HashVersion]) -> Callable[[str], tuple[int, ...]]:
    """What gives a unit's step by several hashes, each a seed and a version, in one pass over the unit.

    The states stand beside each other in one whole number, 64 bits each, so that one multiplication is
    for all of them.
    """
    starts = [_BASIS if version == 1 else fnv1a32(seed) for seed, version in hashes]
    lasts = [_written if version == 2 else _seeded(seed) for seed, version in hashes]
    state_at_first = sum(start << 64 * n for n, start in enumerate(starts))
    mask, everywhere = (sum(one << 64 * n for n in range(len(hashes))) for one in (_MASK, 1))
    spread = tuple(unit * everywhere for unit in range(128))
    ends = tuple((64 * n, last) for n, last in enumerate(lasts))

    def steps(text: str) -> tuple[int, ...]:
        state = state_at_first
        if text.isascii():
            for unit in text.encode():
                state = ((state ^ spread[unit]) * _PRIME) & mask
        else:
            for unit in _units(text):
                state = ((state ^ unit * everywhere) * _PRIME) & mask
        return tuple([last((state >> shift) & _MASK) for shift, last in ends])

    return steps


def _written(state: int) -> int:
    """Version 2: the number as it is written, hashed again."""
    again = _BASIS
    for digit in str(state).encode():
        again = ((again ^ digit) * _PRIME) & _MASK
    return again % 10_000


def _seeded(seed: str) -> Callable[[int], int]:
    """Version 1: the seed hashed after the unit.

    Of a state, only the lowest 8 bits meet a seed of such characters; what the rest comes to is one
    product. So all that a seed does stands in a table of 256.
    """
    units = _units(seed)
    if any(unit > 255 for unit in units):
        return lambda state: fnv1a32(seed, state) % 1_000
    power = pow(_PRIME, len(units), 1 << 32)
    more = tuple((fnv1a32(seed, low) - low * power) & _MASK for low in range(256))
    return lambda state: ((state * power + more[state & 255]) & _MASK) % 1_000


def _units(text: str) -> Sequence[int]:
    """A text's UTF-16 code units."""
    return text.encode() if text.isascii() else array("H", text.encode("utf-16-le", "surrogatepass"))


def equal_weights(n: int) -> list[float]:
    """The same weight for each of ``n`` arms; none for none."""
    return [1 / n] * n if n > 0 else []


def bucket_ranges(n: int, coverage: float = 1.0, weights: Sequence[float] | None = None) -> list[Range]:
    """The part of [0, 1) that each of ``n`` arms owns.

    An arm's range begins where it would with full coverage, so ramping ``coverage`` up
    moves no unit from one arm to another. As GrowthBook does, coverage is cut to [0, 1],
    and weights that are not one per arm, or do not sum to about one, count as equal.
    """
    coverage = min(max(coverage, 0.0), 1.0)
    if weights is None or len(weights) != n or not 0.99 <= sum(weights) <= 1.01:
        weights = equal_weights(n)
    ranges = []
    start = 0.0
    for weight in weights:
        ranges.append((start, start + coverage * weight))
        start += weight
    return ranges


def choose(n: float, ranges: Iterable[Range]) -> int:
    """The index of the range that holds ``n``, -1 where none does."""
    for index, (low, high) in enumerate(ranges):
        if low <= n < high:
            return index
    return -1


def in_namespace(unit: str, namespace: str, low: float, high: float) -> bool:
    """Whether a unit's place in a namespace lies in [low, high): what keeps two experiments apart."""
    place = unit_hash(f"__{namespace}", unit, 1)
    return place is not None and low <= place < high


@dataclass(frozen=True, slots=True)
class Assignment:
    """The arms of one experiment, ready to be handed out; build it once, ask it per request."""

    arms: tuple[str, ...]
    ranges: tuple[Range, ...]
    seed: str
    hash_version: HashVersion
    state: int  # of the hash after the seed
    owners: tuple[str | None, ...] = field(init=False, repr=False, compare=False)  # of each step, its arm
    _step: Callable[[str], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = steps_of(self.hash_version)
        owners: list[str | None] = [None] * count
        for arm, (low, high) in reversed(list(zip(self.arms, self.ranges, strict=True))):  # the first wins
            first, end = _first_step(low, count), _first_step(high, count)
            owners[first:end] = [arm] * (end - first)
        object.__setattr__(self, "owners", tuple(owners))
        object.__setattr__(self, "_step", step_by(self.seed, self.hash_version))

    @classmethod
    def of(
        cls,
        arms: Sequence[str],
        weights: Sequence[float],
        *,
        seed: str,
        hash_version: HashVersion = 2,
        coverage: float = 1.0,
    ) -> "Assignment":
        """Share ``coverage`` of [0, 1) among ``arms`` by ``weights``, which sum to one.

        Raises:
            Invalid: for weights that are not one per arm, or do not sum to one.
        """
        if len(arms) != len(weights) or abs(sum(weights) - 1) > 1e-6:
            raise Invalid(
                f"{len(arms)} arms have weights {list(weights)}",
                "the assignment of an experiment",
                "give one weight per arm, all of them summing to 1",
            )
        ranges = bucket_ranges(len(arms), coverage, weights)
        if coverage >= 1:
            ranges[-1] = (ranges[-1][0], 1.0)  # rounding leaves no unit without an arm
        return cls(tuple(arms), tuple(ranges), seed, hash_version, fnv1a32(seed))

    def place(self, unit: str) -> float:
        """Where ``unit`` falls in [0, 1)."""
        return self._step(unit) / steps_of(self.hash_version)

    def arm(self, unit: str) -> str | None:
        """The arm of ``unit``; None where coverage leaves it out."""
        return self.owners[self._step(unit)]


def _first_step(place: float, count: int) -> int:
    """The first of ``count`` steps that is not before a place in [0, 1]; ``count`` where none is."""
    step = min(max(int(place * count) - 1, 0), count)
    while step < count and step / count < place:
        step += 1
    return step
