"""Many comparisons at once: which of them are findings, where some are bound to look like it by chance."""

from collections.abc import Sequence


def adjusted_p(p: Sequence[float]) -> list[float]:
    """The false-discovery rate at which each would be a finding, in the order given.

    Called findings are those at most at the rate chosen; among them, on average, no larger share
    is false. It holds for independent comparisons, such as segments that share no unit, and for
    those that lean the same way; p values may be always-valid ones.

    Source:
        Benjamini & Hochberg, "Controlling the False Discovery Rate", JRSS B 1995; under positive
        dependence Benjamini & Yekutieli, Annals of Statistics 2001.

    >>> adjusted_p([0.01, 0.04, 0.03, 0.5])
    [0.04, 0.05333333333333334, 0.05333333333333334, 0.5]
    """
    order = sorted(range(len(p)), key=lambda i: p[i], reverse=True)
    found = [1.0] * len(p)
    least = 1.0
    for rank, i in zip(range(len(p), 0, -1), order, strict=True):
        least = min(least, p[i] * len(p) / rank)
        found[i] = least
    return found


def selected_alpha(p: Sequence[float], rate: float = 0.05) -> float:
    """At which alpha to tell the intervals of those that are findings at ``rate``.

    Of the intervals so told, on average no larger share than ``rate`` misses the truth, though
    they were picked for being far from zero. ``rate`` itself where none is a finding.

    Source:
        Benjamini & Yekutieli, "False Discovery Rate-Adjusted Multiple Confidence Intervals for
        Selected Parameters", JASA 2005.
    """
    found = sum(each <= rate for each in adjusted_p(p))
    return rate * found / len(p) if found else rate
