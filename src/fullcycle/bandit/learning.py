"""Learning a bandit from past decisions: what was done, in which context, and what it led to."""

from collections.abc import Sequence
from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from fullcycle.bandit.context import columns_of, contexts
from fullcycle.bandit.forgetting import COUNTS, Memory
from fullcycle.bandit.form import Action, Form, Good, Learnt, Rule
from fullcycle.bandit.learnt import LearntBandit
from fullcycle.data import Row, fields, schema, unwrapped
from fullcycle.feature import Bandit, FeatureSet
from fullcycle.kernel import Invalid, UnknownName, later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    Array = npt.NDArray[np.float64]
else:
    np, pl = later("numpy"), later("polars")

X = TypeVar("X", bound=Row)

_ROUNDING = 1e-24  # of a variance, in squares of what it is of: nothing but rounding
ACTION, OUTCOME, FEATURES = "action", "outcome", "features"


def thompson(
    features: FeatureSet[..., X],
    rows: "pl.DataFrame",
    *,
    floor: float = 0.01,
    strength: float = 1.0,
    good: Good = "up",
    half_life: str | None = None,
    window: str | None = None,
    at: str = "decided",
) -> Bandit[X]:
    """Learn a bandit that takes each action as often as it is probably the best: Thompson sampling.

    For each action a Bayesian linear regression of ``outcome`` on the context, which is the row
    of features with one column per choice. Its weights are the probabilities that each action
    is the best, computed and not drawn, so what is logged as propensity is exact.

    Args:
        features: what it is asked by.
        rows: past decisions with ``action`` and ``outcome``, such as ``fc.outcomes(metric)``
            gives. Their features are those that were logged (``features``); where none were,
            they are computed from the columns that ``features`` reads.
        floor: the least chance that any action has.
        strength: of the prior, in rows: how much is needed to be convinced of a difference.
        good: which way an outcome is better.
        half_life: after how long a decision counts half, such as ``"7d"``, a quarter after twice
            that: for a world that changes by and by. All count alike unless told.
        window: after how long one does not count at all.
        at: the column that says when each was decided. The newest row with an outcome is of age 0.

    Raises:
        UnknownName: for a column that is not there.
        Invalid: for a floor, strength or length of time that cannot be, an outcome that is no number, or an
            action that is neither text, a whole number nor a truth value.

    Source:
        Agrawal & Goyal, ICML 2013; Chapelle & Li, "An Empirical Evaluation of Thompson
        Sampling", NIPS 2011, for delayed outcomes learnt in batches; Raj & Kalyani, "Taming
        Non-stationary Bandits: A Bayesian Approach", 2017, for the half-life; Garivier & Moulines,
        "On Upper-Confidence Bound Policies for Switching Bandit Problems", ALT 2011, for both.
    """
    memory = Memory.read(half_life, window, at, "fc.thompson")
    return _learnt(features, rows, _Terms("thompson", floor, strength, good, memory))


def linucb(
    features: FeatureSet[..., X],
    rows: "pl.DataFrame",
    *,
    alpha: float = 1.0,
    floor: float = 0.01,
    strength: float = 1.0,
    good: Good = "up",
    half_life: str | None = None,
    window: str | None = None,
    at: str = "decided",
) -> Bandit[X]:
    """Learn a bandit that takes the action whose upper bound is highest: LinUCB.

    The bound is the expected outcome plus ``alpha`` of its standard deviations. The highest has
    all the weight that the floors of the others leave; equal ones share it. All else is as
    for :func:`thompson`.

    Raises:
        UnknownName, Invalid: as for ``thompson``; Invalid for a negative alpha, too.

    Source:
        Li, Chu, Langford & Schapire, WWW 2010, algorithm 1. There alpha multiplies the
        deviation of a regression whose noise has variance 1; here it is of the noise that is
        found in the outcomes, so that it does not depend on their unit.
    """
    if not (isfinite(alpha) and alpha >= 0):
        raise Invalid(f"alpha={alpha!r}", "fc.linucb", "write zero or more, such as alpha=1.0")
    memory = Memory.read(half_life, window, at, "fc.linucb")
    return _learnt(features, rows, _Terms("linucb", floor, strength, good, memory, float(alpha)))


class _Past(NamedTuple):
    """Decisions to learn from: encoded features ``(n_rows, n_columns)``, actions and outcomes.

    ``counts`` says how much each counts.
    """

    matrix: "Array"
    actions: "pl.Series"
    outcomes: "Array"
    counts: "Array"
    left_out: int
    forgotten: int


class _Terms(NamedTuple):
    """How it is to learn and to weigh."""

    rule: Rule
    floor: float
    strength: float
    good: Good
    memory: Memory
    alpha: float = 0.0

    def check(self, where: str) -> None:
        """Refuse what cannot be."""
        if not (isfinite(self.floor) and 0 <= self.floor < 1):
            raise Invalid(
                f"floor={self.floor!r}", where, "write the chance that every action keeps: floor=0.01"
            )
        if not (isfinite(self.strength) and self.strength > 0):
            mend = "write how many rows the prior counts for: strength=1.0"
            raise Invalid(f"strength={self.strength!r}", where, mend)
        if self.good not in ("up", "down"):
            raise Invalid(f"good={self.good!r}", where, 'write good="up" or good="down"')


def _learnt(features: FeatureSet[..., X], rows: "pl.DataFrame", terms: _Terms) -> LearntBandit[X]:
    where = f"fc.{terms.rule} of {features.row.__name__}"
    terms.check(where)
    past = _past(features, rows, where, terms.memory)
    columns = columns_of(features.row, past.matrix)
    x, y, counts = contexts(columns, past.matrix), past.outcomes, past.counts
    baseline = float(np.average(y, weights=counts)) if len(y) else 0.0
    actions = sorted(past.actions.unique().to_list(), key=repr)
    codes = [(past.actions == action).to_numpy() for action in actions]
    fitted = [_fitted(x[code], y[code] - baseline, counts[code], terms.strength) for code in codes]
    noise = _noise(y, counts, sum(one.residual for one in fitted))
    return LearntBandit(
        Form(
            rule=terms.rule,
            contract=msgspec.to_builtins(schema(features.row)),
            columns=columns,
            floor=float(terms.floor),
            good=terms.good,
            alpha=terms.alpha,
            baseline=baseline,
            noise=noise,
            strength=float(terms.strength),
            learnt=tuple(
                _told(action, one, baseline, noise) for action, one in zip(actions, fitted, strict=True)
            ),
            left_out=past.left_out,
            half_life_s=_seconds(terms.memory.half_life),
            window_s=_seconds(terms.memory.window),
            forgotten=past.forgotten,
        ),
        features.row,
    )


class _Fitted(NamedTuple):
    """A ridge regression: its coefficients, the inverse of the precision's factor, and what is left."""

    rows: int
    counts: float
    mean: "Array"
    inverse: "Array"
    residual: float  # sum of squares


def _fitted(x: "Array", y: "Array", counts: "Array", strength: float) -> _Fitted:
    """The posterior of theta in units of the noise: precision ``x'x + strength``, rows as they count."""
    weighed = x.T * counts
    precision = weighed @ x + strength * np.eye(x.shape[1])
    inverse = np.linalg.inv(np.linalg.cholesky(precision))
    mean = inverse.T @ (inverse @ (weighed @ y))
    left = float((counts * np.square(y - x @ mean)).sum())
    return _Fitted(len(x), float(counts.sum()), mean, inverse, left)


def _noise(y: "Array", counts: "Array", residual: float) -> float:
    """The variance around what was expected; the variance of all outcomes counts as one row of it."""
    if not len(y):
        return 1.0
    spread = float(np.average(np.square(y - np.average(y, weights=counts)), weights=counts))
    if spread <= _ROUNDING * float(np.square(y).mean()):
        return 1.0  # no outcome differs: its size tells nothing apart
    return (spread + residual) / (1 + float(counts.sum()))


def _told(action: Action, one: _Fitted, baseline: float, noise: float) -> Learnt:
    mean = one.mean.copy()
    mean[0] += baseline
    factor = one.inverse * np.sqrt(noise)
    return Learnt(
        action,
        one.rows,
        tuple(mean.tolist()),
        tuple(tuple(row[: n + 1]) for n, row in enumerate(factor.tolist())),
        one.counts if one.counts != one.rows else None,
    )


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()


def _past(features: FeatureSet[..., Any], rows: "pl.DataFrame", where: str, memory: Memory) -> _Past:
    _require_columns(rows, where)
    complete = rows.filter(pl.col(ACTION).is_not_null(), pl.col(OUTCOME).is_not_null())
    known = remembered = memory.weighed(complete, where)  # their age is that beside the newest of them
    if isinstance(rows.schema[ACTION], pl.Enum):
        known = known.with_columns(pl.col(ACTION).cast(pl.String))
    known, matrix = _seen(features, known)
    outcomes = known[OUTCOME].cast(pl.Float64).to_numpy()
    if not np.isfinite(outcomes).all():
        raise Invalid(
            "an outcome is NaN or infinite",
            f"the column {OUTCOME} of the rows given to {where}",
            "leave such rows out, or say what they were",
        )
    counts = known[COUNTS].to_numpy() if COUNTS in known.columns else np.ones(known.height)
    forgotten = complete.height - remembered.height
    left_out = rows.height - forgotten - known.height
    return _Past(matrix, known[ACTION], outcomes, counts, left_out, forgotten)


def _require_columns(rows: "pl.DataFrame", where: str) -> None:
    """Refuse rows without an action and an outcome, or with such as cannot be learnt from."""
    for name in (ACTION, OUTCOME):
        if name not in rows.columns:
            raise UnknownName.among(name, rows.columns, where=f"the rows given to {where}")
    action, outcome = rows.schema[ACTION], rows.schema[OUTCOME]
    if not (action in (pl.String, pl.Boolean, pl.Null) or action.is_integer() or isinstance(action, pl.Enum)):
        raise Invalid(
            f"its actions are {action}",
            f"the column {ACTION} of the rows given to {where}",
            "an action is text, a whole number or a truth value",
        )
    if not (outcome.is_numeric() or outcome in (pl.Boolean, pl.Null)):
        raise Invalid(
            f"its outcomes are {outcome}",
            f"the column {OUTCOME} of the rows given to {where}",
            "give numbers: a reward, or a cost with good='down'",
        )


def _seen(features: FeatureSet[..., Any], rows: "pl.DataFrame") -> "tuple[pl.DataFrame, Array]":
    """The rows whose features are known, those logged first, and what a model sees of them."""
    width = len(features.names)
    logged = rows.filter(pl.col(FEATURES).is_not_null()) if FEATURES in rows.columns else rows.head(0)
    other = rows.filter(pl.col(FEATURES).is_null()) if FEATURES in rows.columns else rows
    if logged.height and not computable(features, rows.columns):
        other = other.head(0)
    parts = [_logged(features, logged) if logged.height else np.empty((0, width))]
    parts.append(features.matrix(other) if other.height else np.empty((0, width)))
    return pl.concat([logged, other]), np.vstack(parts)


def _logged(features: FeatureSet[..., Any], rows: "pl.DataFrame") -> "Array":
    """Features as they were logged: JSON, of which there are fewer kinds than rows."""
    texts = rows[FEATURES]
    distinct = texts.unique(maintain_order=True)
    decoder = msgspec.json.Decoder(features.row)
    try:
        seen = [features.encode(decoder.decode(text)) for text in distinct]
    except msgspec.MsgspecError as error:
        raise Invalid(
            f"logged features are no {features.row.__name__}: {error}",
            f"the column {FEATURES} of the decisions",
            "a new field of it needs a default, or leave out what was decided before: filter by release",
        ) from error
    places = texts.replace_strict(distinct, pl.Series(range(len(distinct)), dtype=pl.Int64))
    matrix: Array = np.array(seen, dtype=np.float64)[places.to_numpy()]
    return matrix


def computable(features: FeatureSet[..., Any], columns: Sequence[str]) -> bool:
    """Whether a table of these columns has all that features read, of rows that may be None too."""
    claimed: dict[str, int] = {}
    wanted: list[tuple[str, str]] = []
    for name, hint in features.inputs.items():
        kind, _, _ = unwrapped(hint)
        row = isinstance(kind, type) and issubclass(kind, Row)
        for field in (one.name for one in fields(kind)) if row else (name,):
            claimed[field] = claimed.get(field, 0) + 1
            wanted.append((name, field))
    return all(
        f"{name}.{field}" in columns or (field in columns and claimed[field] == 1) for name, field in wanted
    )
