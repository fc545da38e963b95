"""Tallies of plain columns, for tests: numbers in ten bins of the reference, and categories."""

import numpy as np

from fullcycle.monitor import FieldTally, Segment, Tally


def tally(columns, like, by=()):
    """Tally ``columns`` (name → array) in the bins of ``like``, whole and for each value of ``by``."""
    rows = len(next(iter(columns.values())))
    fields = {name: field(values, like[name]) for name, values in columns.items()}
    segments = []
    for name in by:
        for value in sorted(set(like[name])):
            inside = columns[name] == value
            parts = {each: field(values[inside], like[each]) for each, values in columns.items()}
            segments.append(Segment(field=name, value=str(value), rows=int(inside.sum()), fields=parts))
    return Tally(rows=rows, fields=fields, segments=tuple(segments))


def field(values, like, bins=10):
    """Tally one column in bins of equal share of ``like``."""
    if values.dtype.kind == "U":
        names = sorted(set(like))
        return FieldTally(bins=tuple(names), counts=tuple(int((values == name).sum()) for name in names))
    edges = np.quantile(like, np.linspace(0, 1, bins + 1)[1:-1])
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=bins)
    quartiles = tuple(np.quantile(values, [0.25, 0.5, 0.75]).tolist()) if len(values) else None
    names = tuple(f"from {edge:.4g}" for edge in (-np.inf, *edges))
    return FieldTally(bins=names, counts=tuple(counts.tolist()), quartiles=quartiles)


def clients(rows, seed):
    """Rows like the example's clients: history is log-normal from 30 to 3,345, Web is 44 %."""
    draw = np.random.default_rng(seed)
    return {
        "recency": draw.integers(1, 13, rows).astype(float),
        "history": np.clip(draw.lognormal(5, 0.9, rows), 29.99, 3345.93).round(2),
        "zip_code": draw.choice(["Rural", "Surburban", "Urban"], rows, p=[0.15, 0.45, 0.4]),
        "newbie": draw.choice(["False", "True"], rows),
        "channel": draw.choice(["Multichannel", "Phone", "Web"], rows, p=[0.12, 0.44, 0.44]),
    }
