"""The picture of a flow: a layered graph, left to right on a desk and top to bottom on a phone.

Each step stands one layer after the last of its inputs; within a layer, steps are ordered
by the mean place of their neighbours, a few times forwards and backwards.

Source: Sugiyama, Tagawa & Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man and Cybernetics 11, 1981.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.story import FlowStep
from fullcycle.report.style import BLUE, FONT, GREY, INK, MUTED
from fullcycle.report.wording import seconds

_SWEEPS = 6
_HEIGHT = 54  # of a box


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its upper left corner and its width, in pixels."""

    x: float
    y: float
    width: float


def layers(steps: Sequence[FlowStep]) -> list[list[str]]:
    """Names by layer, ordered so that few lines cross; an input that is no step is left out.

    >>> layers([FlowStep("a", "source"), FlowStep("b", "step", ("a",)), FlowStep("c", "model", ("b", "a"))])
    [['a'], ['b'], ['c']]
    """
    inputs = {step.name: list(step.inputs) for step in steps}
    depth: dict[str, int] = {}
    for step in _in_order(inputs):
        depth[step] = max((depth[name] + 1 for name in inputs[step] if name in depth), default=0)
    rows = [
        [name for name in depth if depth[name] == level]
        for level in range(max(depth.values(), default=-1) + 1)
    ]
    return _untangled(rows, inputs)


def picture(steps: Sequence[FlowStep], *, width: int, downwards: bool) -> Markup:
    """Draw the flow ``width`` pixels wide as an SVG element."""
    rows = layers(steps)
    places = _downwards(rows, width) if downwards else _rightwards(rows, width)
    height = max((place.y + _HEIGHT for place in places.values()), default=0) + 2
    lines = [
        _line(places[name], places[step.name], downwards)
        for step in steps
        for name in step.inputs
        if name in places
    ]
    boxes = [_box(step, places[step.name]) for step in steps]
    return tag(
        "svg",
        *lines,
        *boxes,
        viewBox=f"0 0 {width} {height:.0f}",
        role="img",
        aria_label="The flow: " + ", then ".join(" and ".join(row) for row in rows),
        font_family=FONT,
    )


def _in_order(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Steps after what they take; in a circle, which no run has, as they come."""
    found: list[str] = []
    waiting = list(inputs)
    while waiting:
        ready = [name for name in waiting if not any(other in waiting for other in inputs[name])] or waiting
        found += ready
        waiting = [name for name in waiting if name not in ready]
    return found


def _untangled(rows: list[list[str]], inputs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    neighbours: dict[str, set[str]] = {name: set(inputs[name]) for name in inputs}
    for name, taken in inputs.items():
        for other in taken:
            neighbours.setdefault(other, set()).add(name)
    for sweep in range(_SWEEPS):
        order = list(pairwise(rows)) if sweep % 2 == 0 else [(b, a) for a, b in pairwise(rows)][::-1]
        for fixed, moved in order:
            at = {name: (place + 0.5) / len(fixed) for place, name in enumerate(fixed)}
            own = {name: (place + 0.5) / len(moved) for place, name in enumerate(moved)}

            def mean(name: str, at: dict[str, float] = at, own: dict[str, float] = own) -> float:
                near = [at[other] for other in neighbours[name] if other in at]
                return sum(near) / len(near) if near else own[name]

            moved.sort(key=mean)
    return rows


def _rightwards(rows: Sequence[Sequence[str]], width: int) -> dict[str, Place]:
    gap = 36
    box = min((width - gap * (len(rows) - 1) - 2) / max(len(rows), 1), 190)
    tallest = max((len(row) for row in rows), default=0)
    places = {}
    for column, row in enumerate(rows):
        above = (tallest - len(row)) / 2
        for line, name in enumerate(row):
            places[name] = Place(1 + column * (box + gap), 1 + (above + line) * (_HEIGHT + 16), box)
    return places


def _downwards(rows: Sequence[Sequence[str]], width: int) -> dict[str, Place]:
    gap = 10
    places = {}
    for line, row in enumerate(rows):
        box = min((width - 2 - gap * (len(row) - 1)) / len(row), 230)
        start = (width - box * len(row) - gap * (len(row) - 1)) / 2
        for column, name in enumerate(row):
            places[name] = Place(start + column * (box + gap), 1 + line * (_HEIGHT + 26), box)
    return places


def _line(start: Place, end: Place, downwards: bool) -> Markup:
    if downwards:
        x1, y1, x2, y2 = start.x + start.width / 2, start.y + _HEIGHT, end.x + end.width / 2, end.y
        bend = (y2 - y1) / 2
        path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}"
    else:
        x1, y1, x2, y2 = start.x + start.width, start.y + _HEIGHT / 2, end.x, end.y + _HEIGHT / 2
        bend = max((x2 - x1) / 2, 8)
        path = f"M{x1:.1f},{y1:.1f} C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    return tag("path", d=path, fill="none", stroke=GREY, stroke_width="1.3")


def _box(step: FlowStep, place: Place) -> Markup:
    model = step.role == "model"
    frame = tag(
        "rect",
        x=f"{place.x:.1f}",
        y=f"{place.y:.1f}",
        width=f"{place.width:.1f}",
        height=str(_HEIGHT),
        rx="6",
        fill="#e9f1f8" if model else "#f5f7f9",
        stroke=BLUE if model else "#c3cad1",
        stroke_dasharray="4 3" if step.reused else None,
    )
    told = f"{step.role}, reused" if step.reused else f"{step.role}, {seconds(step.seconds)}"
    middle = f"{place.x + place.width / 2:.1f}"
    return joined(
        frame,
        _text(step.name, middle, place.y + 23, place.width, size=14, weight="600", fill=INK),
        _text(told, middle, place.y + 42, place.width, size=12, weight="400", fill=MUTED),
    )


def _text(text: str, x: str, y: float, room: float, *, size: int, weight: str, fill: str) -> Markup:
    """A line in the middle of a box, shortened to the room there is."""
    fits = int((room - 10) / (size * 0.56))
    shown = text if len(text) <= fits else text[: max(fits - 1, 1)] + "…"
    return tag(
        "text",
        shown,
        x=x,
        y=f"{y:.1f}",
        text_anchor="middle",
        font_size=str(size),
        font_weight=weight,
        fill=fill,
    )
