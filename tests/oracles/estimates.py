"""Write ``estimates.json``: what two published packages make of random sufficient statistics.

They need versions of NumPy and pandas that differ from ours and from each other's, so each
runs in an environment of its own, and what they said is kept beside this file. From an
environment that has ``tea-tasting==1.14.0``, then from one that has ``gbstats==0.7.0``::

    python tests/oracles/estimates.py tea_tasting
    python tests/oracles/estimates.py gbstats

tea-tasting is MIT-licensed, gbstats (of GrowthBook) too; only figures that they computed are kept.
"""

import json
import random
import sys
from pathlib import Path

KEPT = Path(__file__).with_suffix(".json")
CASES = 30


def case(n: int) -> dict[str, list[float]]:
    """Sufficient statistics of (y, d, x) per arm: units, means and covariances as a lower triangle."""
    draw = random.Random(f"case {n}")
    found = {}
    scale = 10 ** draw.uniform(-2, 4)
    for arm in ("control", "treated"):
        spread = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(3)]
        covariance = [
            scale**2 * sum(spread[k][i] * spread[k][j] for k in range(3))
            for i in range(3)
            for j in range(i + 1)
        ]
        means = [scale * draw.uniform(1, 3) for _ in range(3)]
        found[arm] = [draw.randrange(60, 100_000), *means, *covariance]
    return found


def by_tea_tasting(arms: dict[str, list[float]]) -> dict[str, list[float]]:
    """Difference, its ends, p value, statistic of each of three metrics."""
    import tea_tasting as tt
    from tea_tasting.aggr import Aggregates

    def aggregates(values: list[float]) -> Aggregates:
        units, y, d, x, yy, dy, dd, xy, xd, xx = values
        return Aggregates(
            count_=int(units),
            mean_={"y": y, "d": d, "x": x},
            var_={"y": yy, "d": dd, "x": xx},
            cov_={("d", "y"): dy, ("x", "y"): xy, ("d", "x"): xd},
        )

    metrics = {
        "mean": tt.Mean("y"),
        "mean adjusted": tt.Mean("y", covariate="x"),
        "ratio": tt.RatioOfMeans("y", "d"),
        "ratio adjusted": tt.RatioOfMeans("y", "d", numer_covariate="x"),
    }
    pair = aggregates(arms["control"]), aggregates(arms["treated"])
    found = {name: metric.analyze_aggregates(*pair) for name, metric in metrics.items()}
    return {
        name: [
            one.effect_size,
            one.effect_size_ci_lower,
            one.effect_size_ci_upper,
            one.pvalue,
            one.control,
            one.treatment,
        ]
        for name, one in found.items()
    }


def by_gbstats(arms: dict[str, list[float]]) -> dict[str, list[float]]:
    """The ends of the confidence sequence and its p value, for the mean, tuned to 10,000 units."""
    from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
    from gbstats.models.statistics import SampleMeanStatistic

    def statistic(values: list[float]) -> SampleMeanStatistic:
        n, mean, variance = int(values[0]), values[1], values[4]
        return SampleMeanStatistic(n=n, sum=n * mean, sum_squares=(n - 1) * variance + n * mean**2)

    config = SequentialConfig(sequential_tuning_parameter=10_000, difference_type="absolute")
    test = SequentialTwoSidedTTest(statistic(arms["control"]), statistic(arms["treated"]), config)
    return {"sequence": [*map(float, test.confidence_interval), float(test.p_value)]}


def main() -> None:
    """Add what one package says to what is kept."""
    by = {"tea_tasting": by_tea_tasting, "gbstats": by_gbstats}[sys.argv[1]]
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else [{} for _ in range(CASES)]
    for n, known in enumerate(kept):
        known["arms"] = case(n)
        known[sys.argv[1]] = by(known["arms"])
    KEPT.write_text(json.dumps(kept, indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
