"""Polars: tally a table, whole and by segment, in the bins of a release's profile."""

import polars as pl

from fullcycle.data import FieldProfile, Profile, recount
from fullcycle.monitor import FieldTally, Segment, Tally

_MOST = 12  # categories of a field that segments are made of: more would be slow to tell apart, and dull


def tallied(frame: pl.DataFrame, reference: Profile) -> Tally:
    """Tally the fields of ``reference`` that ``frame`` has, and again for each category of each.

    Two tallies by the same profile can be compared: say of the rows that the profile was made
    of, and of today's.
    """
    whole = recount(frame, reference)
    parts = [
        _segment(frame, reference, name, value)
        for name, field in whole.fields.items()
        if field.kind == "category" and 2 <= len(field.categories) <= _MOST
        for value in field.categories
    ]
    return Tally(rows=whole.rows, fields=_fields(whole), segments=tuple(parts))


def _segment(frame: pl.DataFrame, reference: Profile, field: str, value: str) -> Segment:
    part = recount(frame.filter(pl.col(field).cast(pl.String) == value), reference)
    return Segment(field=field, value=value, rows=part.rows, fields=_fields(part))


def _fields(profile: Profile) -> dict[str, FieldTally]:
    return {name: _field(field) for name, field in profile.fields.items()}


def _field(field: FieldProfile) -> FieldTally:
    """Values of no category and missing ones are bins like any other: they may grow, too.

    A number that the reference never had has no edges, and all of its values are other ones.
    """
    counts, other = (field.counts, field.other) if field.bins else ((), field.other + sum(field.counts))
    return FieldTally(
        bins=(*field.bins, "other", "missing"),
        counts=(*counts, other, field.nulls),
        quartiles=field.quartiles,
    )
