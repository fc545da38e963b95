"""A model of a run as a ``Model``: rows of its features in, predictions out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fullcycle.flow import Node
from fullcycle.kernel import later
from fullcycle.release import ReleasedModel
from fullcycle.wiring.models import batch_model

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")


class _Batch:
    """The batch interface of a library's model, asked as a release asks its predictors."""

    def __init__(self, model: Any, n_features: int) -> None:
        self._model = model
        self.n_features = n_features

    def score(self, x: Sequence[float]) -> float:
        """The prediction for one row of features."""
        return self.scores([x])[0]

    def scores(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """The predictions for many."""
        predicted: list[float] = self._model.predict(np.asarray(rows, dtype=np.float64)).tolist()
        return predicted


def asked_model(node: Node, model: Any) -> ReleasedModel:
    """What a model step returned, to be asked with rows of its features."""
    features, asked = node.declared.features, batch_model(model, node.line)
    return ReleasedModel(node.name, features.encode, _Batch(asked, len(features.names)))
