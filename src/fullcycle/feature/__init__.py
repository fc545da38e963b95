"""What a model sees: one function from rows to a row, on one row or over a table."""

from fullcycle.feature.asking import Draw, Model
from fullcycle.feature.declare import FeatureSet, features
from fullcycle.feature.encoding import columns
from fullcycle.feature.vector import dot

__all__ = ["Draw", "FeatureSet", "Model", "columns", "dot", "features"]
