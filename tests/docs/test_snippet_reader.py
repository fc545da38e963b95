"""The reader of the documentation's blocks, on a small document."""

from pathlib import Path

import pytest

from docs_snippets import Command, missing, snippets

PAGE = """
Some words.

```console
$ fullcycle new shop \\
> --example winback
made shop
  with 20 files
$ cd shop
```

<!-- run: no, it installs -->
```console
$ pip install fullcycle
```

<!-- run: exit 1 -->

```console
$ fullcycle check winback
```

```python
print(1)
```

```toml
x = 1
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_commands_come_with_what_is_shown_under_them(page: Path) -> None:
    first = snippets(page)[0]

    assert first.commands == (
        Command("fullcycle new shop --example winback", ("made shop", "  with 20 files")),
        Command("cd shop", ()),
    )
    assert first.where == "page.md:4"


def test_a_comment_says_how_a_block_is_run(page: Path) -> None:
    assert [snippet.runs for snippet in snippets(page)] == [True, False, True, True]
    assert [snippet.exit_code for snippet in snippets(page)] == [0, 0, 1, 0]


def test_a_python_block_is_one_command_and_other_languages_are_left_alone(page: Path) -> None:
    last = snippets(page)[-1]

    assert (last.language, last.commands) == ("python", (Command("print(1)\n", ()),))


def test_shown_lines_have_to_follow_in_their_order() -> None:
    output = "one 1.23 s\ntwo\nthree\n"

    assert missing(("one … s", "three"), output) is None
    assert missing(("three", "one … s"), output) == "one … s"
    assert missing(("four",), output) == "four"
