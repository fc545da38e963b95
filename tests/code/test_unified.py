"""fullcycle.code.unified: which files of two archives differ, and in which lines."""

from hypothesis import given
from hypothesis import strategies as st

from fullcycle.code import Archive, file_changes
from small_projects import archive

files = st.dictionaries(st.sampled_from(["a.py", "b/c.py", "d.txt"]), st.text("ab\n", max_size=12))


def test_a_changed_line_stands_between_its_neighbours():
    (found,) = file_changes(archive(money="a = 1\nb = 2\n"), archive(money="a = 1\nb = 3\n"))

    assert (found.path, found.kind, found.added, found.removed) == ("money.py", "changed", 1, 1)
    assert found.lines == (
        "--- a/money.py",
        "+++ b/money.py",
        "@@ -1,2 +1,2 @@",
        " a = 1",
        "-b = 2",
        "+b = 3",
    )


def test_files_that_came_or_went_are_whole():
    came, went = file_changes(archive(old="a = 1\n"), archive(new="b = 1\n"))

    assert (came.path, came.kind, came.added) == ("new.py", "added", 1)
    assert (went.path, went.kind, went.removed) == ("old.py", "removed", 1)
    assert came.lines[0] == "--- /dev/null"


def test_a_file_that_is_no_text_is_named_without_lines():
    (found,) = file_changes(Archive("shop", {"x.bin": b"\xff"}), Archive("shop", {"x.bin": b"\xfe"}))

    assert (found.kind, found.lines) == ("changed", ())


def test_a_lost_last_line_end_is_a_change():
    (found,) = file_changes(archive(money="a = 1\n"), archive(money="a = 1"))

    assert found.lines[-1] == "+a = 1\\ No newline at end of file"


@given(was=files, now=files)
def test_exactly_the_files_that_differ_are_told(was, now):
    before, after = (
        Archive("shop", {path: text.encode() for path, text in side.items()}) for side in (was, now)
    )

    told = {change.path for change in file_changes(before, after)}

    assert told == {path for path in was.keys() | now.keys() if was.get(path) != now.get(path)}
    assert file_changes(before, before) == ()


@given(was=st.text("ab\n", max_size=30), now=st.text("ab\n", max_size=30))
def test_a_diff_holds_every_line_that_came_and_went(was, now):
    for change in file_changes(Archive("shop", {"a": was.encode()}), Archive("shop", {"a": now.encode()})):
        assert change.added - change.removed == len(_lines(now)) - len(_lines(was))


def _lines(text):
    return text.split("\n") if text and not text.endswith("\n") else text.split("\n")[:-1]
