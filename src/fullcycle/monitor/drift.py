"""Has a field's distribution changed? The population stability index, held against its own noise.

PSI = Σ (p − q) ln(p / q) over bins. Its fixed limits (0.1, 0.25) are those of large samples:
with few rows PSI exceeds them by chance, with many a trifle is significant. So a field has
drifted here if both hold:

* PSI is more than chance explains: without drift PSI ~ (1/n + 1/m) χ² with (bins − 1) degrees
  of freedom; its tail is held against ``ALPHA``, all fields of a check together (Holm).
* PSI is at least ``NOTABLE``, so that it matters.

Source: Yurdakul & Naranjo, "Statistical properties of the population stability index",
Journal of Risk Model Validation 14(4), 2020; Holm, Scandinavian Journal of Statistics 6, 1979.
"""

from collections.abc import Iterable, Sequence
from math import log

import msgspec
from scipy.special import chdtrc

from fullcycle.monitor.tally import FieldTally, Tally, require_same_bins

ALPHA = 0.01
"""How often a check of unchanged data may ring, over all its fields together."""

NOTABLE = 0.1
"""The smallest PSI worth a look; the usual rule calls 0.1 to 0.25 a moderate change."""

_EXPECTED = 5  # rows a bin must be expected to hold for the χ² to be good (Cochran 1954)


class Stability(msgspec.Struct, frozen=True, kw_only=True):
    """A PSI and how it compares with chance; ``bins`` are those left after pooling sparse ones."""

    psi: float
    expected: float  # its mean without drift
    p_value: float
    bins: int
    reference_rows: int
    current_rows: int


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a table, reference against now."""

    field: str
    stability: Stability
    drifted: bool


def stability(reference: FieldTally, current: FieldTally) -> Stability:
    """Compare two counts of the same bins.

    Bins in which either sample is expected to hold fewer than five rows are pooled first. Half a
    row is added to each bin, so that an empty one does not make PSI infinite.

    Raises:
        Invalid: where the bins differ.

    >>> a = FieldTally(bins=("low", "high"), counts=(500, 500))
    >>> round(stability(a, FieldTally(bins=("low", "high"), counts=(250, 750))).psi, 3)
    0.274
    """
    require_same_bins(reference, current, where="a drift check")
    n, m = reference.rows, current.rows
    pooled = _pooled(list(zip(reference.counts, current.counts, strict=True)), n, m)
    bins = len(pooled)
    if bins < 2:
        return Stability(psi=0.0, expected=0.0, p_value=1.0, bins=bins, reference_rows=n, current_rows=m)
    psi = 0.0
    for was, now in pooled:
        p, q = (was + 0.5) / (n + 0.5 * bins), (now + 0.5) / (m + 0.5 * bins)
        psi += (q - p) * log(q / p)
    scale = 1 / n + 1 / m
    return Stability(
        psi=psi,
        expected=scale * (bins - 1),
        p_value=_chi_squared_tail(psi / scale, bins - 1),
        bins=bins,
        reference_rows=n,
        current_rows=m,
    )


def drifts(
    reference: Tally, current: Tally, *, alpha: float = ALPHA, notable: float = NOTABLE
) -> list[Drift]:
    """Compare every field that both tallies hold; worst first.

    Unchanged data give a drifted field in at most ``alpha`` of such checks.
    """
    names = [name for name in reference.fields if name in current.fields]
    found = [stability(reference.fields[name], current.fields[name]) for name in names]
    significant = holm([each.p_value for each in found], alpha)
    said = [
        Drift(field=name, stability=each, drifted=beyond and each.psi >= notable)
        for name, each, beyond in zip(names, found, significant, strict=True)
    ]
    return sorted(said, key=lambda drift: (not drift.drifted, -drift.stability.psi, drift.field))


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses fall, with at most ``alpha`` risk that any true one does.

    >>> holm([0.001, 0.04, 0.015], 0.05)
    [True, True, True]
    >>> holm([0.001, 0.04, 0.03], 0.05)
    [True, False, False]
    """
    falls = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        falls[index] = True
    return falls


def _pooled(pairs: Iterable[tuple[int, int]], n: int, m: int) -> list[tuple[int, int]]:
    """Put bins that are expected to be sparse together; bins that nobody is in say nothing."""
    dense: list[tuple[int, int]] = []
    sparse = (0, 0)
    for was, now in pairs:
        if _expected(was + now, n, m) >= _EXPECTED:
            dense.append((was, now))
        else:
            sparse = (sparse[0] + was, sparse[1] + now)
    if _expected(sum(sparse), n, m) >= _EXPECTED:
        return [*dense, sparse]
    if sum(sparse) and dense:
        smallest = min(range(len(dense)), key=lambda i: sum(dense[i]))
        dense[smallest] = (dense[smallest][0] + sparse[0], dense[smallest][1] + sparse[1])
    return dense


def _expected(together: int, n: int, m: int) -> float:
    """Rows that the smaller sample would hold of a bin that both hold ``together``, without drift."""
    return together * min(n, m) / (n + m) if n + m else 0.0


def _chi_squared_tail(value: float, degrees: int) -> float:
    return float(chdtrc(degrees, value))
