"""Which parameter of a feature set is the action, and what was done in each row.

``traits(client: Client, campaign: Campaign)`` says it: a plain parameter whose values are
named by a ``Literal`` and that is a column of the table, so a model of these features can
be asked what would have happened had another value stood there.
"""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import polars as pl

from fullcycle.evaluate.ports import Features
from fullcycle.evaluate.uplift import Actions
from fullcycle.kernel import Invalid, UnknownName

PROPENSITY = "propensity"


def action_parameter(features: Features, frame: pl.DataFrame, control: str) -> tuple[str, tuple[str, ...]]:
    """The action's column and its possible values, one of which is ``control``.

    Raises:
        Invalid: where no parameter, or more than one, can be the action.
        UnknownName: where the action knows no such control.
    """
    actions = {
        name: values
        for name, annotation in features.inputs.items()
        if (values := literal_values(annotation)) and name in frame.columns
    }
    if len(actions) > 1:
        actions = {name: values for name, values in actions.items() if control in values}
    if len(actions) != 1:
        raise Invalid(
            f"{len(actions) or 'no'} parameter(s) of the features can be the action"
            + (f": {', '.join(actions)}" if actions else ""),
            "the score of gains of @fc.model",
            "give the features one parameter that is a Literal of the actions, named as the table's column",
        )
    ((name, values),) = actions.items()
    if control not in values:
        raise UnknownName.among(control, values, where=f"the actions that {name!r} can take")
    return name, values


def logged_actions(
    frame: pl.DataFrame, column: str, names: tuple[str, ...], control: str
) -> tuple[Actions, list[str]]:
    """What was done in each row, how likely it was, and notes on where that is known from.

    Raises:
        Invalid: for an action that the features do not know, or a propensity outside (0, 1].
    """
    codes = {name: code for code, name in enumerate(names)}
    foreign = [value for value in frame[column].unique().to_list() if value not in codes]
    if foreign:
        raise Invalid(
            f"{column!r} holds {foreign[0]!r}, which is none of its actions: {', '.join(names)}",
            "the test side of the split",
            "add it to the Literal, or leave those rows out",
        )
    logged = frame[column].cast(pl.String).replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    if PROPENSITY in frame.columns:
        return Actions(names, codes[control], logged, _propensity(frame)), []
    shares = np.bincount(logged, minlength=len(names)) / len(logged)
    note = f"no column {PROPENSITY!r}: each action is taken to have been drawn as often as it is in the rows"
    return Actions(names, codes[control], logged, shares[logged]), [note]


def literal_values(annotation: Any) -> tuple[str, ...]:
    """The strings of a ``Literal``, also inside ``Annotated`` or beside ``None``; empty for other types."""
    origin = get_origin(annotation)
    if origin is Literal:
        values = get_args(annotation)
        return values if all(isinstance(value, str) for value in values) else ()
    if origin is Annotated:
        return literal_values(get_args(annotation)[0])
    if origin in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        return literal_values(rest[0]) if len(rest) == 1 else ()
    return ()


def labels(row: type[Any], name: str) -> tuple[str, ...]:
    """How the codes 0, 1, … of a field read: a Literal's values, no and yes; empty for a number."""
    annotation = get_type_hints(row, include_extras=True).get(name)
    return ("no", "yes") if annotation is bool else literal_values(annotation)


def _propensity(frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    column = frame[PROPENSITY].cast(pl.Float64)
    wrong = ~((column > 0) & (column <= 1)).fill_null(False)
    if wrong.any():
        raise Invalid(
            f"{wrong.sum():,} of {len(column):,} propensities are not above 0 and at most 1, "
            f"such as {column.filter(wrong)[0]!r}",
            f"the column {PROPENSITY!r} of the split's frame",
            "give the probability with which the logged action was drawn",
        )
    return column.to_numpy()
