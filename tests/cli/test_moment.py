"""fullcycle.cli.moment: moments as people type them."""

from datetime import datetime

import click
import pytest

from fullcycle.cli.moment import Moment, _read

WEDNESDAY = datetime(2026, 3, 4, 9, 30)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01 14:05", datetime(2026, 3, 1, 14, 5)),
        ("2026-03-01T14:05:30", datetime(2026, 3, 1, 14, 5, 30)),
        ("today 8:15", datetime(2026, 3, 4, 8, 15)),
        ("8:15", datetime(2026, 3, 4, 8, 15)),
        ("08:15:30", datetime(2026, 3, 4, 8, 15, 30)),
        ("yesterday 8:15:30", datetime(2026, 3, 3, 8, 15, 30)),
        ("yesterday", datetime(2026, 3, 3)),
        ("tuesday 14:05", datetime(2026, 3, 3, 14, 5)),
        ("last Tuesday 14:05", datetime(2026, 3, 3, 14, 5)),
        ("Thursday 00:00", datetime(2026, 2, 26)),
        ("wednesday 23:59", datetime(2026, 2, 25, 23, 59)),  # never today: that would be to come
    ],
)
def test_a_moment_is_read_as_it_is_meant(text, meant):
    assert _read(text, WEDNESDAY) == meant


def test_a_zone_that_is_told_is_kept():
    assert Moment().convert("2026-03-01T14:05:00Z", None, None).isoformat().startswith("2026-03-01T")
    read = _read("2026-03-01T14:05:00+02:00", WEDNESDAY)
    assert read is not None
    assert read.utcoffset().total_seconds() == 7200


@pytest.mark.parametrize(
    "text", ["", "soon", "tuesday 25:00", "tuesday 14:61", "24:00", "14:05:60", "2026-13-01", "last week"]
)
def test_what_is_no_moment_is_refused_with_examples(text):
    with pytest.raises(click.BadParameter, match="yesterday 14:05"):
        Moment().convert(text, None, None)
