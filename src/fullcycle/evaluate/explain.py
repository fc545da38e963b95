"""What drives the predictions: mean absolute SHAP values, and rows to see their direction.

Source: Lundberg et al., "From local explanations to global understanding with explainable
AI for trees", Nature Machine Intelligence 2, 2020.
"""

from typing import TYPE_CHECKING

import polars as pl

from fullcycle.evaluate.actions import labels
from fullcycle.evaluate.bootstrap import Array
from fullcycle.evaluate.evaluation import Influence
from fullcycle.evaluate.ports import Explainer, Features
from fullcycle.kernel import later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

_ROWS = 4_000  # explained; enough for a mean to three digits
_SHOWN = 200  # of them in a chart


def influences(explainer: Explainer, features: Features, matrix: Array, *, seed: int) -> list[Influence]:
    """What each feature adds, the strongest first; in the unit of the model's raw output.

    For a model of probabilities that is the log-odds.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(matrix))[:_ROWS]
    effects = explainer.shap(matrix[chosen])[:, :-1]
    found = [
        _influence(name, labels(features.row, name), effects[:, column], matrix[chosen, column])
        for column, name in enumerate(features.names)
    ]
    return sorted(found, key=lambda influence: -influence.mean_abs)


def _influence(name: str, named: tuple[str, ...], effects: Array, values: Array) -> Influence:
    levels = _places(values, len(named)) if named else _ranks(values)
    return Influence(
        feature=name,
        mean_abs=float(np.abs(effects).mean()),
        effects=[float(f"{effect:.4g}") for effect in effects[:_SHOWN]],
        levels=levels[:_SHOWN],
        labels=list(named),
    )


def _ranks(values: Array) -> list[float | None]:
    """The mean rank of each value among all, from 0 lowest to 1 highest; None for NaN."""
    column = pl.Series(values, nan_to_null=True)
    ranks = (column.rank("average") - 1) / max(column.len() - column.null_count() - 1, 1)
    return ranks.round(3).to_list()


def _places(codes: Array, count: int) -> list[float | None]:
    """The place of each code among all there are, from 0 the first to 1 the last; None for NaN."""
    return (pl.Series(codes, nan_to_null=True) / max(count - 1, 1)).round(3).to_list()
