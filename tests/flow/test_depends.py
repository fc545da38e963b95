"""fullcycle.flow.depends: what a step stands on that no walk through code can see."""

from types import SimpleNamespace

import pytest

import fullcycle as fc
from fullcycle.code import Archive, Files, Reach, changed
from fullcycle.flow import CodeFailed
from fullcycle.flow.depends import Dependencies
from fullcycle.kernel import Invalid

EMPTY = Reach(digest="0", symbols={}, distributions={})


def symbols(*depends_on, files=None, archive=None, root=None, reach=EMPTY):
    """The symbols of a step that depends on these."""
    node = SimpleNamespace(name="priced", line="flow.py:3", declared=SimpleNamespace(depends_on=depends_on))
    files = files or Files(Archive("shop", archive or {}), root)
    return Dependencies(files).of(node, reach).symbols


def version() -> int:
    return 1


def test_without_dependencies_the_reach_is_what_it_was():
    node = SimpleNamespace(name="clients", line="", declared=object())  # a source

    assert Dependencies(Files(Archive("shop", {}), None)).of(node, EMPTY) is EMPTY


def test_each_dependency_has_a_name():
    found = symbols(
        fc.File("rates.csv"),
        fc.File("data/*.csv"),
        fc.Variable("REGION"),
        fc.Secret("TOKEN"),
        version,
        lambda: 1,
        archive={"rates.csv": b"", "data/a.csv": b"a", "data/b.csv": b"b"},
    )

    assert list(found) == [
        "environment variable REGION",
        "environment variable TOKEN",
        "file data/a.csv",
        "file data/b.csv",
        "file rates.csv",
        "what depends_on #6 tells",
        "what version() tells",
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"rates.csv": b"1"}, {"rates.csv": b"2"}, ["file rates.csv changed"]),
        ({}, {"rates.csv": b"2"}, ["file rates.csv changed"]),
        ({"rates.csv": b"1"}, {}, ["file rates.csv changed"]),
        ({"data/a.csv": b"1"}, {"data/a.csv": b"1", "data/b.csv": b"1"}, ["file data/b.csv added"]),
        ({"data/a.csv": b"1"}, {}, ["file data/a.csv no longer used"]),
        ({"data/a.csv": b"1"}, {"data/a.csv": b"2"}, ["file data/a.csv changed"]),
        ({"data/a.csv": b"1", "x.csv": b""}, {"data/a.csv": b"1", "x.csv": b"3"}, []),
    ],
)
def test_a_file_that_changes_is_told(before, after, told):
    listed = fc.File("rates.csv"), fc.File("data/*.csv")

    assert changed(symbols(*listed, archive=before), symbols(*listed, archive=after)) == told


def test_a_file_that_the_code_names_needs_no_listing():
    reach = Reach(digest="0", symbols={}, distributions={}, files=("rates.csv",))

    assert list(symbols(archive={"rates.csv": b"1"}, reach=reach)) == ["file rates.csv"]


def test_of_a_variable_nothing_but_a_digest_is_kept(monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2")
    before = symbols(fc.Secret("TOKEN"))
    monkeypatch.setenv("TOKEN", "hunter3")
    after = symbols(fc.Secret("TOKEN"))

    assert "hunter" not in repr(before)
    assert changed(before, after) == ["environment variable TOKEN changed"]


def test_a_variable_that_is_unset_is_not_an_empty_one(monkeypatch):
    monkeypatch.delenv("REGION", raising=False)
    unset = symbols(fc.Variable("REGION"))
    monkeypatch.setenv("REGION", "")

    assert changed(unset, symbols(fc.Variable("REGION"))) == ["environment variable REGION changed"]


def test_what_a_function_tells_counts():
    told = [1]
    ask = lambda: told[0]  # noqa: E731
    before = symbols(ask)
    told[0] = 2

    assert changed(before, symbols(ask)) == ["what depends_on #1 tells changed"]


def test_a_function_is_asked_once_in_a_run():
    asked = []
    dependencies = Dependencies(Files(Archive("shop", {}), None))
    ask = lambda: asked.append(1)  # noqa: E731
    for name in ("priced", "taxed"):
        node = SimpleNamespace(name=name, line="", declared=SimpleNamespace(depends_on=(ask,)))
        dependencies.of(node, EMPTY)

    assert asked == [1]


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), ("1", 1), (None, "None"), ([1], [1, None])])
def test_values_that_are_told_apart(one, other):
    assert symbols(lambda: one) != symbols(lambda: other)


def test_a_function_that_raises_is_told_with_its_own_traceback():
    def version():
        return 1 / 0

    with pytest.raises(
        CodeFailed, match=r"version\(\), which priced depends on, failed: ZeroDivis"
    ) as caught:
        symbols(version)

    assert caught.value.traceback.startswith("Traceback")
    assert "_call" not in caught.value.traceback


def test_a_function_that_tells_no_plain_value_is_refused():
    with pytest.raises(Invalid, match=r"depends on, tells a object[\s\S]*return a text"):
        symbols(lambda: object())
