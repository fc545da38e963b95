"""fullcycle.experiment.segments: which levels are read, and what it takes to read many."""

import msgspec

from fullcycle.cli.reading import show_readout
from fullcycle.experiment import LACKING, Cell, Count, readout
from made_up_experiment import GOOD, share, spec, told

RATES = {"today": 0.15, "chosen": 0.152}


def in_cities(sizes, *, at_day=60):
    """Statistics with so many units of each arm in each city."""
    return told(
        GOOD,
        days=1,
        at_day=at_day,
        cells=tuple(
            Cell("visited", arm, "", share(rate, n), "city", city)
            for city, n in sizes.items()
            for arm, rate in RATES.items()
        ),
        by_segment=tuple(Count(arm, "", n, "", "city", city) for city, n in sizes.items() for arm in RATES),
    )


class Counted(tuple):
    """A tuple that counts how often somebody begins to read it."""

    times = 0

    def __iter__(self):
        type(self).times += 1
        return super().__iter__()


def test_as_many_levels_as_there_are_take_as_many_passes_over_all_of_them(monkeypatch):
    """Each level that looks for its own among all others makes a thousand levels a million steps."""
    passes = []
    for many in (10, 200):
        statistics = in_cities({f"city {n}": 4_000 for n in range(many)})
        monkeypatch.setattr(Counted, "times", 0)
        readout(
            spec(segments=("city",)),
            msgspec.structs.replace(
                statistics, cells=Counted(statistics.cells), by_segment=Counted(statistics.by_segment)
            ),
        )
        passes.append(Counted.times)

    assert passes[0] == passes[1]


def test_of_a_field_with_too_many_levels_the_largest_are_read_and_it_is_said():
    sizes = {f"city {n}": 4_000 + n for n in range(350)}

    found = readout(spec(segments=("city",)), in_cities(sizes))

    assert {one.level for one in found.segments} == {f"city {n}" for n in range(50, 350)}
    assert "city has 350 levels: the 300 with most units are read" in found.notes
    few = readout(spec(segments=("city",)), in_cities(dict(list(sizes.items())[:300])))
    assert not any("levels" in note for note in few.notes)


def test_a_level_of_too_few_units_is_told_with_its_units_and_does_not_vanish(capsys):
    found = readout(spec(segments=("city",)), in_cities({"Bonn": 4_000, LACKING: 40, "Trier": 30}))

    assert [one.level for one in found.segments] == ["Bonn"]
    assert {one.level: one.units for one in found.small_segments} == {LACKING: 80, "Trier": 60}
    show_readout(found, "winback@prod, experiment trial")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "city = (lacking) 80 units – too few to compare" in lines
    assert "city = Trier 60 units – too few to compare" in lines


def test_of_many_such_levels_some_are_named_and_the_others_counted(capsys):
    sizes = {f"city {n}": 4 for n in range(20)}

    show_readout(readout(spec(segments=("city",)), in_cities(sizes)), "trial")

    said = capsys.readouterr().out
    assert said.count("8 units") == 8
    assert "12 more levels of 96 units in all: too few to compare in each" in said


def test_before_the_last_look_no_level_is_said_to_be_small():
    """They are not read yet, however many units they have."""
    planned = spec(segments=("city",), analysis="group-sequential", looks=(0.5, 1.0), days=28)

    found = readout(planned, in_cities({"Bonn": 4_000, "Trier": 30}, at_day=5))

    assert found.segments == found.small_segments == []
