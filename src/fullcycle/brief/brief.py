"""A brief as data: the problem, who owns it, what it is estimated to be worth, what it may cost."""

from typing import Literal, get_args

import msgspec

from fullcycle.kernel import Digest, Interval, Money, digest_bytes

Tier = Literal["low", "medium", "high"]
TIERS: tuple[Tier, ...] = get_args(Tier)

Period = Literal["year", "month", "week", "day"]
PER_YEAR: dict[Period, int] = {"year": 1, "month": 12, "week": 52, "day": 365}
"""How many periods a year is counted to have, so that the arithmetic can be redone by hand."""

Good = Literal["up", "down"]
_CANONICAL = msgspec.json.Encoder(order="sorted")


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How many units the decision reaches in one period, such as 500,000 clients per year."""

    count: float
    period: Period
    unit: str = ""

    @property
    def per_year(self) -> float:
        """Units reached in a year."""
        return self.count * PER_YEAR[self.period]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected, written down before it is known.

    ``effect`` is the change of the metric per unit, absolute and as an interval; ``worth`` is
    what one of the metric is worth, ``worth_per`` its name (a visit) where one was given.
    """

    effect: Interval
    reach: Reach
    worth: Money
    effect_unit: str = ""
    worth_per: str = ""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer, a start of the service or a run may take; None where nothing was promised."""

    p99_s: float | None = None
    memory_bytes: int | None = None
    wall_s: float | None = None
    start_s: float | None = None  # from the start of the process to the first answer


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """How much worse than the deployed model a new one may score, and still go out.

    In the score's own unit; with ``share``, as a share of what the deployed model gains over
    its baseline.
    """

    value: float
    share: bool = False


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """A capability's reason to be. ``prose`` is the Markdown below the front matter.

    ``good`` is which way its metric should go, as the flow declares it. ``margin`` is None
    where none was told: see the gate ``incumbent``.
    """

    problem: str
    owner: str
    tier: Tier
    metric: str
    estimate: Estimate
    budget: Budget = Budget()
    prose: str = ""
    good: Good = "up"
    margin: Margin | None = None

    @property
    def digest(self) -> Digest:
        """The digest of ``to_bytes()``: the same for the same content, however it was laid out."""
        return digest_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The brief as the record keeps it: canonical JSON, to be stored as one object."""
        plain = msgspec.to_builtins(self)
        # What is not said is left out, as in briefs that were kept before it could be said.
        if self.good == "up":
            del plain["good"]
        if self.margin is None:
            del plain["margin"]
        if self.budget.start_s is None:
            del plain["budget"]["start_s"]
        return _CANONICAL.encode(plain)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Brief":
        """Read what ``to_bytes`` wrote."""
        return msgspec.json.decode(data, type=cls)
