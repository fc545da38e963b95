"""Which parameter of a feature set is the action, and what was done in each row.

``traits(client: Client, campaign: Campaign)`` says it: a plain parameter whose values are
named by a ``Literal`` and that is a column of the table, so a model of these features can
be asked what would have happened had another value stood there.
"""

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import polars as pl

from fullcycle.data import Row, fields, unwrapped
from fullcycle.evaluate.bootstrap import Array
from fullcycle.evaluate.ports import Features
from fullcycle.evaluate.uplift import Actions
from fullcycle.kernel import Invalid, UnknownName, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

PROPENSITY = "propensity"


def action_parameter(features: Features, frame: pl.DataFrame, control: str) -> tuple[str, tuple[Any, ...]]:
    """The action's column and its possible values, one of which reads as ``control``.

    Raises:
        Invalid: where no parameter, or more than one, can be the action.
        UnknownName: where the action knows no such control.
    """
    actions = {
        name: values
        for name, annotation in features.inputs.items()
        if len(values := _choices(annotation)) > 1 and name in frame.columns
    }
    if len(actions) > 1:
        actions = {name: values for name, values in actions.items() if control in map(str, values)}
    if len(actions) != 1:
        raise Invalid(
            f"{len(actions) or 'no'} parameter(s) of the features can be the action"
            + (f": {', '.join(actions)}" if actions else ""),
            "the score of gains of @fc.model",
            "give the features one parameter that is a Literal of the actions, named as the table's column",
        )
    ((name, values),) = actions.items()
    if control not in map(str, values):
        raise UnknownName.among(control, map(str, values), where=f"the actions that {name!r} can take")
    return name, values


def logged_actions(
    frame: pl.DataFrame, column: str, values: tuple[Any, ...], control: str
) -> tuple[Actions, list[str]]:
    """What was done in each row, how likely it was, and notes on where that is known from.

    Raises:
        Invalid: for an action that the features do not know, or a propensity outside (0, 1].
    """
    names = tuple(map(str, values))
    codes = {value: code for code, value in enumerate(values)}
    foreign = [value for value in frame[column].unique().to_list() if value not in codes]
    if foreign:
        raise Invalid(
            f"{column!r} holds {foreign[0]!r}, which is none of its actions: {', '.join(names)}",
            "the test side of the split",
            "add it to the Literal, or leave those rows out",
        )
    logged = frame[column].replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    if PROPENSITY in frame.columns:
        return Actions(names, names.index(control), logged, _propensity(frame)), []
    shares = np.bincount(logged, minlength=len(names)) / len(logged)
    note = f"no column {PROPENSITY!r}: each action is taken to have been drawn as often as it is in the rows"
    return Actions(names, names.index(control), logged, shares[logged]), [note]


def labels(row: type[Row], name: str) -> tuple[str, ...]:
    """How the codes 0, 1, … of a field read: a Literal's choices, no and yes; empty for a number."""
    field = next((field for field in fields(row) if field.name == name), None)
    if field is None:  # a place in a vector
        return ()
    return ("no", "yes") if field.type is bool else tuple(str(choice) for choice in field.choices or ())


def _choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a ``Literal``; empty for other types."""
    base, _, _ = unwrapped(annotation)
    return (
        tuple(value for value in get_args(base) if value is not None) if get_origin(base) is Literal else ()
    )


def _propensity(frame: pl.DataFrame) -> Array:
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
