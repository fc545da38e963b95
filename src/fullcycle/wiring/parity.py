"""Two ways to the same numbers, compared bit by bit: rows against tables, served against trained."""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.data import Row, fields, unwrapped
from fullcycle.evaluate import Split
from fullcycle.feature import FeatureSet
from fullcycle.feature.edges import at_the_edges
from fullcycle.feature.table import ElementByElement
from fullcycle.release import Parity, Predictor
from fullcycle.release.predicting import Rounding

ROWS = 2_000
_REFUSED = 20  # rows that the function refuses, of which the table is asked one by one

Array = npt.NDArray[np.float64]


def feature_parity(
    name: str, features: FeatureSet[..., Any], split: Split, rows: int = ROWS
) -> tuple[Parity, Array]:
    """Compute features row by row and over the table; give the comparison and the table's numbers.

    They are the first ``rows`` of the test side.
    """
    frame = split.test.frame.head(rows)
    by_table = features.matrix(frame)
    by_row = np.array([features.encode(row) for row in _rows(features, frame)], dtype=np.float64)
    return _compared(f"features {name}, row by row and by table", by_row, by_table), by_table


def generated_parity(name: str, features: FeatureSet[..., Any], split: Split) -> Parity:
    """The same on rows that nobody has sent yet: at the edges of the contract, some of them missing.

    A row that the function refuses is equal where the table refuses it, too.
    """
    frame = at_the_edges(features, split.test.frame)
    numbers, refused = _by_row(features, frame)
    kept = [row for row in range(frame.height) if row not in refused]
    of = f"features {name}, on rows at the edges of the contract"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ElementByElement)
        found = _compared(of, np.array(numbers, dtype=np.float64), features.matrix(frame[kept]))
        taken = [row for row in list(refused)[:_REFUSED] if _accepted(features, frame[row])]
    if found.different or not refused:
        return found
    kinds = ", ".join(f"{many} {kind}" for kind, many in Counter(refused.values()).most_common())
    if taken:
        example = (
            f"{refused[taken[0]]} row by row, but a number by table: {_shown(features, frame, taken[0])}"
        )
        return Parity(of=of, compared=found.compared, different=len(taken), example=example)
    return Parity(of=of, compared=found.compared, different=0, note=f"refused alike: {kinds}")


def model_parity(name: str, trained: Any, served: Predictor, matrix: Array) -> Parity:
    """Ask the model as it was trained and as it will be served.

    Where a predictor says by how much its rounding may differ from its library's, that much is
    allowed, and told.
    """
    rows = matrix.tolist()
    before = np.asarray(trained.predict(matrix), dtype=np.float64)
    after = np.array([served.score(row) for row in rows], dtype=np.float64)
    slack = np.zeros(len(rows))
    if isinstance(served, Rounding):
        slack = np.array([served.rounding(row) for row in rows])
        after = np.where((slack > 0) & (np.abs(after - before) <= slack), before, after)
    found = _compared(f"model {name}, trained and served", after[:, None], before[:, None])
    return msgspec.structs.replace(found, rounding=float(slack.max(initial=0.0)))


def of_family(of: str, found: Mapping[str, Parity]) -> list[Parity]:
    """What was compared of each model of a family as one comparison; beside it who had no rows at all.

    It names the first model that differs, and counts them.
    """
    if len(found) == 1:
        return list(found.values())
    wrong = {name: one for name, one in found.items() if one.different}
    first = next(iter(wrong), "")
    whole = Parity(
        of=of,
        compared=sum(one.compared for one in found.values()),
        different=sum(one.different for one in found.values()),
        example=f"{len(wrong)} of {len(found)} models, the first {first}: {wrong[first].example}"
        if wrong
        else "",
        note=f"{len(found):,} models",
        rounding=max(one.rounding for one in found.values()),
    )
    return [whole, *(one for one in found.values() if not one.compared)]


def _rows(features: FeatureSet[..., Any], frame: pl.DataFrame) -> Iterator[Row]:
    """What the function gives for each row of a table, called as the service calls it."""
    return (features(**_arguments(features, record)) for record in frame.iter_rows(named=True))


def _by_row(features: FeatureSet[..., Any], frame: pl.DataFrame) -> tuple[list[list[float]], dict[int, str]]:
    """The numbers of the rows that the function takes; of the others, which and what it raised."""
    numbers, refused = [], {}
    for place, record in enumerate(frame.iter_rows(named=True)):
        try:
            numbers.append(features.encode(features(**_arguments(features, record))))
        except Exception as error:  # noqa: BLE001 - what a user's function raises is what is compared
            refused[place] = type(error).__name__
    return numbers, refused


def _accepted(features: FeatureSet[..., Any], row: pl.DataFrame) -> bool:
    try:
        features.matrix(row)
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def _shown(features: FeatureSet[..., Any], frame: pl.DataFrame, place: int) -> str:
    record = frame.row(place, named=True)
    return str(_arguments(features, record))[:200]


def _arguments(features: FeatureSet[..., Any], record: dict[str, Any]) -> dict[str, Any]:
    """What the function is called with: as ``FeatureSet.over`` reads columns, ``param.field`` first."""
    given: dict[str, Any] = {}
    for name, hint in features.inputs.items():
        kind, _, optional = unwrapped(hint)
        if not (isinstance(kind, type) and issubclass(kind, Row)):
            given[name] = record[name]
            continue
        known = {
            field.name: record[column]
            for field in fields(kind)
            if (column := f"{name}.{field.name}") in record or (column := field.name) in record
        }
        absent = all(known.get(field.name) is None for field in fields(kind) if field.required)
        given[name] = None if optional and absent else kind(**known)
    return given


def _compared(of: str, one: Array, other: Array) -> Parity:
    same = (one.view(np.uint64) == other.view(np.uint64)) | (np.isnan(one) & np.isnan(other))
    rows = np.flatnonzero(~same.all(axis=1))
    example = ""
    if len(rows):
        row = int(rows[0])
        column = int(np.flatnonzero(~same[row])[0])
        example = f"row {row}, column {column}: {one[row, column]!r} against {other[row, column]!r}"
    return Parity(of=of, compared=len(one), different=len(rows), example=example)
