"""What a bandit has learnt, as plain data: one Gaussian posterior for each action.

The outcome of an action in a context ``x`` is taken as ``x · theta`` plus noise of one
variance for all actions. ``theta`` has the prior N((baseline, 0, …), noise / strength), so
what is known of it after some rows is Gaussian again, and is told by a mean and a factor.

Source: Agrawal & Goyal, "Thompson Sampling for Contextual Bandits with Linear Payoffs",
ICML 2013, section 2.2; one theta per action as in Li, Chu, Langford & Schapire, "A
Contextual-Bandit Approach to Personalized News Article Recommendation", WWW 2010, 3.1.
"""

from typing import Any, Literal

import msgspec

Rule = Literal["thompson", "linucb"]
Good = Literal["up", "down"]
Action = bool | int | str


class Column(msgspec.Struct, frozen=True):
    """A number of the encoded feature row, and what it becomes in the context.

    With ``choices``, as many columns, of which the number names the one that is 1; else one
    column, ``(number - center) / scale``. With ``optional``, one more, which is 1 where it is missing.
    """

    center: float = 0.0
    scale: float = 1.0
    choices: int = 0
    optional: bool = False

    @property
    def width(self) -> int:
        """How many columns of the context it becomes."""
        return (self.choices or 1) + self.optional


class Learnt(msgspec.Struct, frozen=True):
    """What is known of one action: the posterior of its theta, and the rows it was learnt from.

    ``factor`` holds the rows of a lower triangle F: the variance of ``x · theta`` is ``|F x|²``.
    """

    action: Action
    rows: int
    mean: tuple[float, ...]
    factor: tuple[tuple[float, ...], ...]
    counts: float | None = None  # as so many rows of now those count, where the older count less


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A bandit; ``contract`` is what the row of features says that it is asked by."""

    rule: Rule
    contract: dict[str, Any]
    columns: tuple[Column, ...]
    floor: float
    good: Good = "up"  # which way an outcome is better
    alpha: float = 0.0  # of linucb: how many standard deviations above its mean an action counts
    baseline: float = 0.0  # the mean outcome of all rows
    noise: float = 1.0  # the variance of an outcome around its mean
    strength: float = 1.0  # of the prior, in rows
    learnt: tuple[Learnt, ...] = ()
    left_out: int = 0  # rows without an action, an outcome, or features that are known
    half_life_s: float | None = None  # the age in seconds at which a decision counts half
    window_s: float | None = None  # and that at which it does not count at all
    forgotten: int = 0  # rows older than that

    @property
    def width(self) -> int:
        """The columns of a context, with the one that is always 1."""
        return 1 + sum(column.width for column in self.columns)

    @property
    def rows(self) -> int:
        """How many decisions it was learnt from."""
        return sum(one.rows for one in self.learnt)

    @property
    def fits(self) -> bool:
        """Whether its parts fit together."""
        width = self.width
        return all(
            len(one.mean) == width == len(one.factor)
            and all(len(row) == n for n, row in enumerate(one.factor, start=1))
            for one in self.learnt
        )
