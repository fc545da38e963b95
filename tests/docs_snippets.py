"""What the documentation says can be typed: console and Python blocks, read out of Markdown.

A block may be preceded by an HTML comment that says how it is run:

``<!-- run: check -->``        the shown output has to appear, line by line; ``…`` stands for anything
``<!-- run: background -->``   the command goes on running while the next blocks are run
``<!-- run: no, because -->``  not run here, with the reason
``<!-- run: exit 1 -->``       the command's answer is no

Without one, the command has to succeed and its output is not compared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:<!-- run: (?P<how>[^\n]*?) -->\n+)?^```(?P<language>console|python)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to type, and what is shown under it."""

    text: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snippet:
    """One block of a document; a Python block is one command, its whole text."""

    where: str  # path:line, to find it again
    language: str
    how: str
    commands: tuple[Command, ...]

    @property
    def runs(self) -> bool:
        return not self.how.startswith("no")

    @property
    def exit_code(self) -> int:
        found = re.match(r"exit (\d+)", self.how)
        return int(found[1]) if found else 0


def snippets(document: Path) -> list[Snippet]:
    """The blocks of a Markdown document in the order in which a reader meets them."""
    text = document.read_text()
    return [
        Snippet(
            f"{document.name}:{text.count(chr(10), 0, block.start()) + 1}",
            block["language"],
            block["how"] or "",
            tuple(_commands(block["language"], block["text"])),
        )
        for block in _BLOCK.finditer(text)
    ]


def _commands(language: str, text: str) -> Iterator[Command]:
    if language == "python":
        yield Command(text, ())
        return
    for chunk in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *shown = chunk.splitlines()
        while first.endswith("\\"):
            first = first[:-1] + shown.pop(0).removeprefix("> ")
        yield Command(first, tuple(line for line in shown if line.strip()))


def missing(shown: tuple[str, ...], output: str) -> str | None:
    """The first shown line that does not follow in ``output``, or None."""
    lines = iter(output.splitlines())
    for line in shown:
        pattern = ".*".join(re.escape(part.strip()) for part in line.split("…"))
        if not any(re.search(pattern, candidate) for candidate in lines):
            return line
    return None
