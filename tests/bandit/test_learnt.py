"""fullcycle.bandit.learnt and its codec: asked, kept, and drawn by."""

from collections import Counter

import msgspec
import numpy as np
import polars as pl
import pytest
from scipy.stats import chisquare

import fullcycle as fc
from fullcycle.bandit import BanditCodec, LearntBandit, asked_by
from fullcycle.data import contract_digest
from fullcycle.kernel import Damaged, Invalid
from fullcycle.serve.draw import HashedDraw
from shown_banners import BANNERS, CONTEXTS, Seen, past, seen


@pytest.fixture(params=[fc.thompson, fc.linucb], ids=lambda learn: learn.__name__)
def bandit(request):
    return request.param(seen, past(np.random.default_rng(1), 5_000), floor=0.02)


def test_it_is_a_bandit(bandit):
    assert isinstance(bandit, fc.Bandit)
    assert "bandit of Seen: 3 actions learnt from 5,000 decisions" in repr(bandit)


def test_it_gives_the_same_weights_each_time_and_on_a_copy_of_it(bandit):
    codec = BanditCodec()
    copy = codec.fit(codec.decode(codec.encode(bandit)), fc.Bandit[Seen])

    assert copy == bandit
    for x in CONTEXTS:
        first = bandit.weights(x, BANNERS)
        assert bandit.weights(x, BANNERS) == first == copy.weights(x, BANNERS)


def test_what_is_remembered_of_a_context_is_that_of_these_actions(bandit):
    x = CONTEXTS[1]
    whole, some = bandit.weights(x, BANNERS), bandit.weights(x, BANNERS[:2])

    assert list(whole) == list(BANNERS)
    assert sum(some.values()) == pytest.approx(1)
    assert bandit.weights(x, BANNERS[::-1]) == pytest.approx(whole, abs=1e-9)


def test_the_propensity_is_how_often_an_action_is_picked(bandit):
    """Over 100,000 decisions, by the chi-square test; what is logged is the weight itself."""
    counts, expected = [], []
    for place, x in enumerate(CONTEXTS):
        weights = bandit.weights(x, BANNERS)
        picked = Counter()
        for n in range(25_000):
            draw = HashedDraw(f"{place}/{n}")
            action = draw.pick(weights)
            picked[action] += 1
            assert draw.propensity == pytest.approx(weights[action], rel=1e-15)
            assert draw.features is x
        counts += [picked[action] for action in BANNERS]
        expected += [25_000 * weights[action] for action in BANNERS]

    assert chisquare(counts, expected, ddof=3, sum_check=False).pvalue > 1e-5


def test_a_wrong_propensity_would_be_found():
    """The test above, with weights that are off by a tenth of the floor's."""
    weights = fc.thompson(seen, past(np.random.default_rng(1), 5_000), floor=0.02).weights(
        CONTEXTS[0], BANNERS
    )
    claimed = dict(zip(BANNERS, np.roll(list(weights.values()), 1).tolist(), strict=True))
    picked = Counter(HashedDraw(str(n)).pick(weights) for n in range(25_000))

    found = chisquare(
        [picked[one] for one in BANNERS], [25_000 * claimed[one] for one in BANNERS], sum_check=False
    )
    assert found.pvalue < 1e-5


def test_only_the_first_pick_tells_what_was_seen_and_plain_weights_tell_nothing(bandit):
    draw = HashedDraw("d")
    draw.pick({"a": 1.0})
    draw.pick(bandit.weights(CONTEXTS[0], BANNERS))

    assert draw.features is None


def test_actions_may_be_numbers_and_truth_values_and_are_told_apart():
    frame = pl.DataFrame(
        {"phone": [True] * 4, "evening": True, "action": [1, 1, 2, 2], "outcome": [1, 1, 0, 0]}
    )
    bandit = fc.thompson(seen, frame)

    assert [one.rows for one in bandit.tell(CONTEXTS[0], [1, 2, True])] == [2, 2, 0]


@pytest.mark.parametrize("among", [[], ["sale", "sale"]])
def test_no_action_and_one_twice_are_refused(bandit, among):
    with pytest.raises(Invalid, match="name each action that may be taken, once"):
        bandit.weights(CONTEXTS[0], among)


def test_it_is_kept_as_json_and_its_content_is_that(bandit):
    codec = BanditCodec()
    data = codec.encode(bandit)
    other = fc.thompson(seen, past(np.random.default_rng(2), 50))

    assert msgspec.json.decode(data)["contract"]["name"] == "Seen"
    assert codec.content(bandit, data) == codec.content(bandit, codec.encode(codec.decode(data)))
    assert codec.content(bandit, data) != codec.content(other, codec.encode(other))


def test_it_is_asked_by_a_class_that_says_the_same_and_by_no_other(bandit):
    class Other(fc.Row):
        phone: bool

    codec = BanditCodec()
    stored = codec.decode(codec.encode(bandit))

    assert stored.contract is not Seen
    assert codec.fit(stored, fc.Bandit[Seen]).contract is Seen
    assert codec.fit(stored, LearntBandit) is stored
    with pytest.raises(Invalid, match="another contract than Other is"):
        codec.fit(stored, fc.Bandit[Other])


def test_a_bandit_is_no_lookup_of_the_same_rows():
    assert asked_by(Seen) != contract_digest(Seen)
    assert asked_by(Seen) == asked_by(fc.thompson(seen, past(np.random.default_rng(1), 5)).form.contract)


@pytest.mark.parametrize(
    "spoil", [lambda d: d[:-9], lambda d: d.replace(b'"rows"', b'"rowz"'), lambda d: b"\xff"]
)
def test_damaged_bytes_are_told(bandit, spoil):
    with pytest.raises(Damaged, match="a bandit"):
        BanditCodec().decode(spoil(BanditCodec().encode(bandit)))


def test_parts_that_do_not_fit_together_are_told(bandit):
    form = msgspec.structs.replace(bandit.form, columns=bandit.form.columns[:1])

    with pytest.raises(Damaged, match="do not fit together"):
        BanditCodec().decode(msgspec.json.encode(form))
