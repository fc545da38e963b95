"""fullcycle.wiring.comparing: what the record holds of two runs, side by side."""

import polars as pl
import pytest

from fullcycle.evaluate import Sample, Split
from fullcycle.kernel import Missing
from fullcycle.wiring import open_project
from fullcycle.wiring.comparing import compare
from fullcycle.wiring.details import value_details
from fullcycle.wiring.pairing import JudgedModel
from fullcycle.wiring.sides import side
from recorded_runs import append, finished, started, stepped
from small_projects import write


@pytest.fixture
def project(tmp_path):
    """A project without a flow: what is recorded is all there is."""
    toml = '[project]\ncurrency = "EUR"\n\n[environments.dev]\n'
    return open_project(write(tmp_path / "shop", {"fullcycle.toml": toml, "winback/brief.md": ""}))


def record(project, *values):
    """A run per value, of one step that returned it."""
    for value in values:
        kept = project.artifacts.keep(value)
        append(project.ledger, start=started(), events=[stepped("made", artifact=kept), finished()])


def made(project, *values):
    record(project, *values)
    (change,) = compare(project, "winback@1", "winback@2", ["data"]).data
    return change


def test_plain_values_are_told_as_they_are(project):
    assert made(project, 3, 4).value == (3, 4)


def test_of_a_dict_of_tables_only_what_differs_is_compared(project):
    one, two = pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 3]})

    change = made(project, {"x": one, "y": one, "z": one}, {"x": one, "y": two, "new": two})

    assert change.note == "1 of 3 parts with other content, 1 new, 1 gone"
    assert list(change.tables) == ["y"]
    assert (change.tables["y"].rows.added, change.tables["y"].rows.removed) == (1, 1)


def test_a_dict_of_tables_is_shown_by_its_index(project):
    record(project, {"x": pl.DataFrame({"a": [1]}), "y": pl.DataFrame({"a": [2]})})

    value = value_details(project, side(project, "winback@1").run, "made")

    assert (value.kind, value.facts["parts"]) == ("dict", 2)
    assert set(value.facts) == {"parts", "x", "y"}


def test_values_of_other_kinds_are_other_content(project):
    change = made(project, pl.DataFrame({"a": [1]}), [1, 2])

    assert (change.kind, change.tables, change.value) == ("changed", {}, None)


def test_an_archive_that_is_gone_leaves_the_rest(project):
    record(project, 3, 4)
    append(project.ledger, start=started(archive="e" * 64), events=[finished()])

    found = compare(project, "winback@1", "winback@3")

    assert found.code is None
    assert "code cannot be compared" in found.notes[0]
    assert [(one.kind, one.step) for one in found.data] == [("removed", "made")]


def test_a_model_that_is_gone_is_told_as_that_where_its_split_lies_on_a_mapped_file(project):
    """Python lets a mapped table go by a callback, which an error that is on its way would break."""
    table = pl.DataFrame({"y": [0, 1] * 50_000, "x": range(100_000)})
    half = Sample(table, "y")
    split = project.artifacts.keep(Split(half, half))
    model = project.artifacts.keep(list(range(100_000)))
    project.artifacts.objects.remove(model.object)

    with pytest.raises(Missing):
        JudgedModel(model, split, model).contender(None, project.artifacts)
