"""Open Bandit, 10,000 decisions a campaign: items shown evenly, valued from a bandit's log and also tried.

ZOZOTOWN's recommendations by Bernoulli Thompson sampling and, in the same week, by lot (Saito
et al., "Open Bandit Dataset and Pipeline", NeurIPS 2021). What is valued from the first log
was measured in the second. The data are used for tests only, and are no part of the project.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fullcycle.experiment import cross_fit, decision_log, policy_value, weight_diagnostics
from fullcycle.kernel import Refused

DATA = Path(__file__).parents[3] / "shared/data/open_bandit"

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="../shared/data/open_bandit is not here: the data are not shipped"
)


def rows(logging, campaign):
    return pl.read_csv(DATA / logging / campaign / f"{campaign}.csv.gz")


def past(campaign):
    """The log of Thompson sampling, the chances of showing every item alike, and what a model sees."""
    frame = rows("bts", campaign)
    items = pl.read_csv(DATA / "bts" / campaign / "item_context.csv").height
    log = decision_log(
        frame["item_id"].to_list(), frame["propensity_score"], frame["click"], actions=range(items)
    )
    user = frame.select(pl.col("position").cast(pl.String), pl.col("^user_feature_.*$")).to_dummies()
    return log, np.full((len(log), items), 1 / items), user.to_numpy().astype(float)


FROM_OBP = {("all", "ips"): 0.0023596395168460037, ("all", "snips"): 0.002333713893161806}
FROM_OBP |= {("men", "ips"): 0.003008626327256482, ("men", "snips"): 0.0031894231622774027}


@pytest.mark.parametrize(("campaign", "method"), FROM_OBP)
def test_the_estimates_are_those_of_open_bandit_pipeline(campaign, method):
    """Computed with obp 0.5.7 from the same files."""
    log, evenly, _ = past(campaign)

    found = policy_value(log, evenly, method=method)

    assert found.value == pytest.approx(FROM_OBP[campaign, method], rel=1e-9)


@pytest.mark.parametrize("method", ["ips", "snips", "dr", "switch-dr"])
@pytest.mark.parametrize("campaign", ["all", "men"])
def test_what_is_valued_is_what_was_observed(campaign, method):
    """Few clicks, 38 and 46 by lot: the two agree within their noise, and neither says much more."""
    log, evenly, seen = past(campaign)
    shown = rows("random", campaign)
    by_lot = decision_log(
        shown["item_id"].to_list(), shown["propensity_score"], shown["click"], actions=log.actions
    )

    found = policy_value(log, evenly, method=method, predicted=cross_fit(log, seen))

    observed = policy_value(by_lot, evenly, method="replay")
    assert observed.value == pytest.approx(shown["click"].mean())
    assert abs(found.value - observed.value) < 2 * np.hypot(found.stderr, observed.stderr)
    assert max(found.low, observed.low) < min(found.high, observed.high)
    assert found.low > 0  # the skewness taken off keeps a rate of clicks above 0


def test_what_was_shown_by_lot_values_itself_by_replay():
    frame = rows("random", "men")
    log = decision_log(
        frame["item_id"].to_list(), frame["propensity_score"], frame["click"], actions=range(34)
    )

    found = policy_value(log, np.full((len(log), 34), 1 / 34), method="replay")

    assert (found.value, found.effective) == (pytest.approx(0.0046), pytest.approx(10_000))


@pytest.mark.parametrize(("campaign", "effective"), [("all", 340.378341), ("men", 655.709850)])
def test_the_effective_samples(campaign, effective):
    log, evenly, _ = past(campaign)

    assert weight_diagnostics(log, evenly).effective == pytest.approx(effective, abs=1e-6)


@pytest.mark.parametrize("method", ["ips", "snips", "dr", "switch-dr"])
def test_the_womens_campaign_is_refused(method):
    """One row was logged with a chance of one in a million: it weighs 21,739, and decides all."""
    log, evenly, seen = past("women")
    weights = weight_diagnostics(log, evenly)

    assert weights.effective == pytest.approx(2.077823, abs=1e-6)
    assert (weights.mean, weights.largest) == (pytest.approx(3.134190, abs=1e-6), pytest.approx(1e6 / 46))
    with pytest.raises(
        Refused, match=r"as 2 of its own would; 100 are needed; the mean weight is 3\.13"
    ) as caught:
        policy_value(log, evenly, method=method, predicted=cross_fit(log, seen))
    assert "a chance of at least 1.00%" in caught.value.mend
    assert "the smallest here is 1e-06" in caught.value.mend
