"""fullcycle.record.projection: what a look-up table says of itself."""

from dataclasses import replace

import pytest

from fullcycle.kernel import Invalid
from fullcycle.record import Projection

NOTES = Projection(
    name="notes",
    prefixes=["notes/"],
    columns={"stream": "text", "position": "integer"},
    key=["stream", "position"],
    rows=lambda fact: [],
)


def test_the_definition_follows_everything_but_the_name():
    changes = [
        replace(NOTES, version=2),
        replace(NOTES, prefixes=["other/"]),
        replace(NOTES, key=["stream"]),
        replace(NOTES, columns={"stream": "text", "position": "real"}),
        replace(NOTES, columns={"position": "integer", "stream": "text"}),
    ]
    assert len({one.definition for one in [NOTES, *changes]}) == 6
    assert replace(NOTES, name="others").definition == NOTES.definition


@pytest.mark.parametrize("change", [{"key": []}, {"key": ["nowhere"]}, {"name": 'a"; drop'}, {"name": ""}])
def test_a_table_needs_a_key_and_names(change):
    with pytest.raises(Invalid, match="names that are identifiers"):
        replace(NOTES, **change)
