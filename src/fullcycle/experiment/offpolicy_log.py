"""Decisions of the past as estimates read them: what was done, how likely that was, what it led to."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fullcycle.kernel import Invalid, NotEnoughData, UnknownName, digest_parts

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

WHERE = "valuing a policy on past decisions"
_ROUNDING = 1e-6  # by so much may a row's chances miss 1


@dataclass(frozen=True, slots=True, eq=False)
class DecisionLog:
    """Past decisions, ``n_rows`` of them among ``n_actions`` actions; made by :func:`decision_log`.

    ``done`` holds each row's place in ``actions``, ``unit`` numbers what the rows of one unit
    share, or is None where every row stands for itself.
    """

    actions: tuple[Any, ...]
    done: Codes  # (n_rows,)
    propensity: Vector  # (n_rows,), the chance with which that was done
    reward: Vector  # (n_rows,)
    unit: Codes | None = None  # (n_rows,), from 0 without a gap

    def __len__(self) -> int:
        return len(self.done)

    def per_unit(self, values: Vector) -> Vector:
        """Sums of ``(n_rows,)`` over the rows of each unit, ``(n_units,)``; the values without units."""
        return values if self.unit is None else np.bincount(self.unit, weights=values).astype(np.float64)


def decision_log(
    done: Sequence[Hashable],
    propensity: npt.ArrayLike,
    reward: npt.ArrayLike,
    *,
    actions: Sequence[Hashable] | None = None,
    unit: Sequence[Hashable] | None = None,
) -> DecisionLog:
    """Put past decisions together, to value other policies on them.

    Args:
        done: the action that was taken in each row.
        propensity: the chance with which it was taken, above 0 and at most 1.
        reward: what it led to.
        actions: all that can be done; those of ``done`` unless told. Name here what a policy
            may choose although it never was.
        unit: whose decision each row was. Rows of one unit may resemble each other; intervals
            then count units, not rows.

    Raises:
        Invalid: for sides of different length, a propensity that is no chance above 0, or a
            reward that is no finite number.
        UnknownName: for an action that is none of ``actions``.
        NotEnoughData: with fewer than two rows.

    >>> log = decision_log(["a", "b", "b"], [0.5, 0.5, 0.25], [1, 0, 1])
    >>> log.actions, log.done.tolist()
    (('a', 'b'), [0, 1, 1])
    """
    chance, gain = np.asarray(propensity, dtype=np.float64), np.asarray(reward, dtype=np.float64)
    sides = {len(done), *chance.shape, *gain.shape, *([len(unit)] if unit is not None else [])}
    if len(sides) != 1 or chance.ndim != 1 or gain.ndim != 1:
        raise Invalid(
            f"{len(done)} actions, propensities of shape {chance.shape}, rewards of shape {gain.shape}",
            WHERE,
            "give one of each per row",
        )
    if len(done) < 2:
        raise NotEnoughData(f"there is {len(done)} past decision", WHERE, "give at least two")
    _require_chances(chance)
    if not np.isfinite(gain).all():
        raise Invalid(
            f"{np.count_nonzero(~np.isfinite(gain)):,} of {len(gain):,} rewards are NaN or infinite",
            WHERE,
            "leave such rows out, and say so",
        )
    known = tuple(dict.fromkeys(actions if actions is not None else done))
    return DecisionLog(known, _coded(done, known), chance, gain, _numbered(unit))


def always(log: DecisionLog, chosen: Sequence[Hashable]) -> Matrix:
    """The chances of a policy that always decides ``chosen``: 1 there, 0 elsewhere.

    Args:
        log: the past decisions.
        chosen: what the policy does in each row, ``n_rows`` of them.

    Returns:
        Chances, shape ``(n_rows, n_actions)``.

    Raises:
        Invalid: for another number of rows.
        UnknownName: for an action that the log does not have.
    """
    if len(chosen) != len(log):
        raise Invalid(f"{len(chosen)} choices for {len(log)} rows", WHERE, "give one choice per row")
    chances = np.zeros((len(log), len(log.actions)))
    chances[np.arange(len(log)), _coded(chosen, log.actions)] = 1.0
    return chances


def evened(log: DecisionLog, ids: Sequence[Hashable]) -> tuple[DecisionLog, Codes]:
    """The log as if each row had been drawn evenly by lot, and the places of the rows that are left.

    A row is kept with a chance in inverse proportion to its propensity, told by a hash of its id:
    what is left has each action as often as any other, whatever it was drawn by; one that never was
    drawn has no part in it. It takes as many rows as the least propensity is below an even one.

    Args:
        log: decisions with exact propensities.
        ids: of each row, ``n_rows`` of them; the same id is kept or not, whatever else is there.

    Raises:
        Invalid: for another number of ids.
        NotEnoughData: where fewer than two rows are left.

    Source:
        Li, Chu, Langford & Wang, "Unbiased Offline Evaluation of Contextual-bandit-based News
        Article Recommendation Algorithms", WSDM 2011, 3.2; von Neumann's rejection sampling.
    """
    if len(ids) != len(log):
        raise Invalid(f"{len(ids)} ids for {len(log)} rows", WHERE, "give one id per row")
    least = float(log.propensity.min())
    point = np.array([int(digest_parts("evened@1", [repr(one).encode()])[:16], 16) for one in ids]) / 2.0**64
    kept = np.flatnonzero(point * log.propensity < least)
    if len(kept) < 2:
        raise NotEnoughData(
            f"{len(kept)} of {len(log):,} decisions are left when they are evened out",
            WHERE,
            "log more, or keep a higher floor under every action's chance",
        )
    unit = None if log.unit is None else _numbered(log.unit[kept].tolist())
    even = np.full(len(kept), 1.0 / len(np.unique(log.done)))
    return DecisionLog(log.actions, log.done[kept], even, log.reward[kept], unit), kept


def weights_of(log: DecisionLog, chances: npt.ArrayLike) -> Vector:
    """How much each row counts for a policy: its chance of what was done over the logged one, ``(n_rows,)``.

    Args:
        log: the past decisions.
        chances: of each action in each row under the policy, shape ``(n_rows, n_actions)``.

    Raises:
        Invalid: for chances of another shape, below 0, or that do not sum to 1.
    """
    return chances_done(log, chances) / log.propensity


def chances_done(log: DecisionLog, chances: npt.ArrayLike) -> Vector:
    """The policy's chance of what was done in each row, ``(n_rows,)``; errors as :func:`weights_of`."""
    matrix = as_chances(log, chances)
    return matrix[np.arange(len(log)), log.done]


def as_chances(log: DecisionLog, chances: npt.ArrayLike) -> Matrix:
    """The chances as an array, checked; errors as :func:`weights_of`."""
    matrix = np.asarray(chances, dtype=np.float64)
    if matrix.shape != (len(log), len(log.actions)):
        raise Invalid(
            f"the policy's chances have shape {matrix.shape}, the log ({len(log)}, {len(log.actions)})",
            WHERE,
            "give the chance of each action in each row; for a policy without chance: always(log, chosen)",
        )
    wrong = ~((matrix >= 0).all(axis=1) & (np.abs(matrix.sum(axis=1) - 1) <= _ROUNDING))
    if wrong.any():
        raise Invalid(
            f"in {np.count_nonzero(wrong):,} of {len(matrix):,} rows the policy's chances are no chances, "
            f"such as {matrix[wrong][0].tolist()}",
            WHERE,
            "let each row's chances be 0 or more and sum to 1",
        )
    return matrix


def _require_chances(propensity: Vector) -> None:
    wrong = ~((propensity > 0) & (propensity <= 1))
    if wrong.any():
        raise Invalid(
            f"a propensity is not above 0 and at most 1 in {np.count_nonzero(wrong):,} of "
            f"{len(propensity):,} rows, such as {float(propensity[wrong][0])!r}",
            WHERE,
            "log the chance with which each action was taken; leave out rows that have none",
        )


def _coded(values: Sequence[Hashable], known: tuple[Any, ...]) -> Codes:
    codes = {action: code for code, action in enumerate(known)}
    foreign = next((value for value in values if value not in codes), None)
    if foreign is not None:
        raise UnknownName.among(
            str(foreign), [str(action) for action in known], where="the actions of the log"
        )
    return np.fromiter((codes[value] for value in values), dtype=np.int64, count=len(values))


def _numbered(unit: Sequence[Hashable] | None) -> Codes | None:
    if unit is None:
        return None
    numbers = {one: number for number, one in enumerate(dict.fromkeys(unit))}
    return np.fromiter((numbers[one] for one in unit), dtype=np.int64, count=len(unit))
