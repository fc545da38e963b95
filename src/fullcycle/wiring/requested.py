"""Requests to ask a release by where no source holds any: what was asked before, else what is made up."""

from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl

from fullcycle.data import Row, decode
from fullcycle.data.made_up import rows
from fullcycle.kernel import Invalid


def asked_before(decisions: pl.DataFrame, row: type[Row], most: int) -> list[Mapping[str, Any]]:
    """Requests of logged decisions that keep today's contract, spread evenly over them."""
    chosen = decisions["request"].gather_every(max(decisions.height // most, 1)).head(most)
    found = []
    for text in chosen:
        try:
            found.append(msgspec.to_builtins(decode(row, text.encode())))
        except Invalid:  # it was asked before the contract changed
            continue
    return found


def made_up(row: type[Row], many: int) -> list[Mapping[str, Any]]:
    """Rows that keep a contract, for a service that nobody has asked yet.

    Raises:
        Invalid: where a field is told by a pattern alone.
    """
    try:
        return [msgspec.to_builtins(one) for one in rows(row, many)]
    except Invalid as error:
        raise Invalid(
            f"no source holds rows like {row.__name__}, and none can be made up: {error.what}",
            error.where,
            f"let one source's contract hold all fields of {row.__name__}: golden rows are drawn from it",
        ) from error
