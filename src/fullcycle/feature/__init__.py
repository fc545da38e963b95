"""What a model sees: one function from rows to a row, on one row or over a table."""

from fullcycle.feature.asking import Bandit, Draw, Model, Weighed
from fullcycle.feature.declare import FeatureSet, features
from fullcycle.feature.encoding import Encoder, columns, compile_encoder
from fullcycle.feature.vector import dot

__all__ = [
    "Bandit",
    "Draw",
    "Encoder",
    "FeatureSet",
    "Model",
    "Weighed",
    "columns",
    "compile_encoder",
    "dot",
    "features",
]
