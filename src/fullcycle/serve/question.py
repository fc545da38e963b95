"""A question that a model was asked, explained afterwards: what each feature adds to the answer.

It is asked of the model once the decision is made, since it may take longer than deciding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol, runtime_checkable

import msgspec

from fullcycle.serve.explanation import Prediction, with_contributions


@runtime_checkable
class Additive(Protocol):
    """A predictor that can say what each feature adds."""

    def contributions(self, values: Sequence[float]) -> list[float]:
        """What each of ``n_features`` adds to the raw score, and last what all rows begin with."""
        ...


@runtime_checkable
class Silent(Protocol):
    """A predictor that may say why it does not tell what each feature adds; empty where it tells."""

    @property
    def unexplained(self) -> str:
        """Why not, in words."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """A prediction that can be explained later."""

    told: Prediction
    predictor: Any
    numbers: list[float]

    def explained(self) -> Prediction:
        """The prediction with what each feature adds, or why that is not told."""
        why = self.predictor.unexplained if isinstance(self.predictor, Silent) else ""
        if why:
            return self._not(why)
        if not isinstance(self.predictor, Additive):
            return self._not("this kind of model does not say what each feature adds")
        try:
            added = self.predictor.contributions(self.numbers)
        except Exception as error:  # noqa: BLE001 - a decision is explained without it
            return self._not(f"what each feature adds cannot be told: {type(error).__name__}")
        if len(added) != len(self.told.features) + 1 or not all(map(isfinite, added)):
            return self._not("what each feature adds is not told for each")
        return with_contributions(self.told, added)

    def _not(self, why: str) -> Prediction:
        return msgspec.structs.replace(self.told, unexplained=why)
