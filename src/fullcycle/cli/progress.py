"""A sign of life while something takes longer than a moment."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from fullcycle.cli.printing import count, seconds

_SOON = 0.3  # seconds within which nobody has to be told


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is going on, on a terminal only: what is piped on stays as it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(f"{what} …"):
        yield


def elements_line(step: str, done: int, failed: int, total: int, left_s: float | None) -> str:
    """How far a step is with its elements; ``left_s`` are the seconds that it will take yet, if known.

    >>> elements_line("demand", 37, 1, 100, 12.3)
    'demand  37 of 100, 1 failed, about 12 s left'
    """
    told = [f"{step}  {count(done)} of {count(total)}"]
    if failed:
        told.append(f"{count(failed)} failed")
    if left_s is not None:
        told.append(f"about {f'{left_s:.0f} s' if 1 <= left_s < 120 else seconds(left_s)} left")
    return ", ".join(told)


class ElementsLine:
    """One line on a terminal that follows the elements of a step, and goes when they are finished."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._step = ""
        self._began = 0.0
        self._known = 0  # elements that were there at the beginning

    def __call__(self, step: str, done: int, failed: int, total: int) -> None:
        """Tell how far a step is."""
        now = time.monotonic()
        if step != self._step:
            self.end()
            self._step, self._began, self._known = step, now, done + failed
        if now - self._began < _SOON or not sys.stdout.isatty():
            return
        made = done + failed - self._known
        left = (now - self._began) / made * (total - done - failed) if made else None
        text = Text(f"    {elements_line(step, done, failed, total, left)}", style="dim", no_wrap=True)
        if self._live is None:
            self._live = Live(text, console=Console(), transient=True, refresh_per_second=8)
            self._live.start()
        else:
            self._live.update(text)

    def end(self) -> None:
        """Take the line away."""
        if self._live is not None:
            self._live.stop()
        self._live, self._step = None, ""
