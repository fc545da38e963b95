"""Charts that stand beside each other are drawn on one scale, else they cannot be compared."""

from collections.abc import Iterator, Sequence
from copy import deepcopy

from fullcycle.report.style import Spec


def on_one_scale(specs: Sequence[Spec]) -> list[Spec]:
    """The same charts, their quantitative axes from the least to the largest value of any."""
    shared = [deepcopy(spec) for spec in specs]
    for axis in ("x", "y"):
        values = [value for spec in shared for value in _values(spec, axis)]
        if not values:
            continue
        domain = [min(values), max(values)]
        for spec in shared:
            for layer in spec["layer"]:
                encoded = layer.get("encoding", {}).get(axis, {})
                if encoded.get("type") == "quantitative":
                    encoded["scale"] = {"nice": True, **encoded.get("scale", {}), "domain": domain}
    return shared


def _values(spec: Spec, axis: str) -> Iterator[float]:
    """What the layers of a chart put on an axis; bars begin at zero."""
    for layer in spec["layer"]:
        encoding = layer.get("encoding", {})
        if encoding.get(axis, {}).get("type") != "quantitative":
            continue
        if _mark(layer) == "bar":
            yield 0.0
        yield from encoding[axis].get("scale", {}).get("domain", ())  # room that a chart asks for
        rows = (layer.get("data") or spec.get("data") or {"values": []})["values"]
        for channel in (axis, f"{axis}2"):
            name = encoding.get(channel, {}).get("field")
            yield from (row[name] for row in rows if name and isinstance(row.get(name), int | float))


def _mark(layer: Spec) -> str:
    mark = layer["mark"]
    return str(mark["type"] if isinstance(mark, dict) else mark)
