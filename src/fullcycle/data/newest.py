"""The newest row per key of a history, once its rows are known to keep their contract."""

import polars as pl

from fullcycle.data.columns import conform
from fullcycle.data.contract import fields
from fullcycle.data.inspection import check
from fullcycle.data.row import Row
from fullcycle.kernel import Refused


def newest(rows: pl.DataFrame, contract: type[Row]) -> pl.DataFrame:
    """The contract's columns of the newest row of each key, ordered by key.

    Raises:
        Refused: where rows break the contract.
    """
    report = check(rows, contract, table=contract.__name__)
    if not report.good:
        raise Refused(
            f"the rows break their contract\n{report}",
            f"a lookup of {contract.__name__}",
            "mend the rows, or the contract where it asks too much",
        )
    keys = [field.name for field in fields(contract) if field.key]
    times = [field.name for field in fields(contract) if field.time]
    ordered = conform(rows, contract).sort([*keys, *times])
    return ordered.filter(pl.struct(keys).rle_id().diff(-1).fill_null(1) != 0) if times else ordered
