"""fullcycle.adapters.lookups: tables that follow the ledger, and are never the truth."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts_for_tests import Noted
from fullcycle.adapters.lookups import SqliteLookups
from fullcycle.kernel import UnknownName
from fullcycle.record import Fact, MemoryLedger, Projection, append_next


def _word(fact: Fact) -> list[dict[str, object]]:
    """``words/…`` tells a word's number, ``marks/…`` its mark: two streams fill one row."""
    if not fact.body.text:
        return []
    column = "number" if fact.stream.startswith("words/") else "mark"
    return [{"word": fact.body.text, column: fact.body.number}]


WORDS = Projection(
    name="words",
    prefixes=["words/", "marks/"],
    columns={"word": "text", "number": "integer", "mark": "integer"},
    key=["word"],
    rows=_word,
)
COUNTS = Projection(
    name="counts",
    prefixes=["words/"],
    columns={"stream": "text", "position": "integer"},
    key=["stream"],
    rows=lambda fact: [{"stream": fact.stream, "position": fact.position}],
)


class Counted(MemoryLedger):
    """Counts the facts that were read."""

    facts_read = 0

    def read(self, stream, since=0):
        found = super().read(stream, since)
        self.facts_read += len(found)
        return found


@pytest.fixture
def ledger() -> Counted:
    made = Counted()
    for n, word in enumerate(["b", "a", "", "b"]):
        append_next(made, "words/x", Noted(word, n))
    append_next(made, "marks/x", Noted("b", 100))
    append_next(made, "elsewhere", Noted("c", 100))
    return made


@pytest.fixture
def lookups(tmp_path):
    made = SqliteLookups(tmp_path / "lookups.db")
    yield made
    made.close()


def test_facts_of_several_streams_fill_one_row(ledger, lookups):
    assert lookups.rebuild(ledger, [WORDS, COUNTS]) == {"words": 2, "counts": 1}

    assert lookups.rows(WORDS) == [
        {"word": "a", "number": 1, "mark": None},
        {"word": "b", "number": 3, "mark": 100},
    ]
    assert lookups.rows(COUNTS) == [{"stream": "words/x", "position": 4}]


def test_rows_are_found_by_their_columns(ledger, lookups):
    lookups.rebuild(ledger, [WORDS])

    assert [row["word"] for row in lookups.rows(WORDS, number=3)] == ["b"]
    assert [row["word"] for row in lookups.rows(WORDS, mark=None)] == ["a"]
    assert lookups.rows(WORDS, word="a", number=3) == []


def test_catching_up_reads_only_what_is_new(ledger, lookups):
    lookups.catch_up(ledger, [WORDS])
    ledger.facts_read = 0
    lookups.catch_up(ledger, [WORDS])
    assert ledger.facts_read == 0

    append_next(ledger, "words/x", Noted("z", 9))
    append_next(ledger, "words/new", Noted("y", 8))
    lookups.catch_up(ledger, [WORDS])
    assert ledger.facts_read == 2
    assert [row["word"] for row in lookups.rows(WORDS)] == ["a", "b", "y", "z"]


def test_a_changed_definition_is_made_again(ledger, lookups):
    lookups.catch_up(ledger, [WORDS])
    doubled = replace(WORDS, version=2, rows=lambda f: [{**row, "mark": 1} for row in _word(f)])

    assert lookups.rows(doubled) == []  # not made yet by this definition
    lookups.catch_up(ledger, [doubled])
    assert [row["mark"] for row in lookups.rows(doubled)] == [1, 1]


def test_a_removed_file_is_made_again(ledger, lookups, tmp_path):
    lookups.catch_up(ledger, [WORDS])
    before = lookups.rows(WORDS)
    lookups.close()
    for path in tmp_path.glob("lookups.db*"):
        path.unlink()

    assert lookups.rows(WORDS) == []
    lookups.catch_up(ledger, [WORDS])
    assert lookups.rows(WORDS) == before


def test_a_fold_that_fails_changes_nothing(ledger, lookups):
    lookups.catch_up(ledger, [WORDS])
    before = lookups.rows(WORDS)

    def fails(fact: Fact) -> list[dict[str, object]]:
        if fact.position == 3:
            raise ZeroDivisionError
        return _word(fact)

    with pytest.raises(ZeroDivisionError):
        lookups.rebuild(ledger, [replace(WORDS, rows=fails)])
    assert lookups.rows(WORDS) == before


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.just(None),
            st.tuples(
                st.sampled_from(["words/x", "words/y", "marks/x"]), st.sampled_from("abc"), st.integers(0, 9)
            ),
        ),
        max_size=15,
    )
)
def test_catching_up_at_any_moments_ends_where_rebuilding_does(tmp_path_factory, steps):
    ledger, folder = MemoryLedger(), tmp_path_factory.mktemp("law")
    following, rebuilt = SqliteLookups(folder / "a.db"), SqliteLookups(folder / "b.db")
    for step in steps:
        if step is None:
            following.catch_up(ledger, [COUNTS])
        else:
            append_next(ledger, step[0], Noted(*step[1:]))
    following.catch_up(ledger, [COUNTS])
    rebuilt.rebuild(ledger, [COUNTS])

    assert following.rows(COUNTS) == rebuilt.rows(COUNTS)
    following.close()
    rebuilt.close()


def test_a_column_that_is_none_is_refused_with_the_nearest(ledger, lookups):
    lookups.catch_up(ledger, [WORDS])
    with pytest.raises(UnknownName, match="did you mean 'number'"):
        lookups.rows(WORDS, numbr=1)

    wrong = replace(WORDS, version=3, rows=lambda fact: [{"word": "a", "marks": 1}])
    with pytest.raises(UnknownName, match="did you mean 'mark'"):
        lookups.catch_up(ledger, [wrong])
