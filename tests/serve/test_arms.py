"""fullcycle.serve.arms: who is answered by what, and what is logged of it."""

import json

import msgspec
import pytest

import served_shop
from fullcycle.adapters.greenlets import Greenlets
from fullcycle.data import decode
from fullcycle.experiment import Admission, Bucket, Holdout, Layer, MemoryStickyStore
from fullcycle.kernel import Misconfigured, UnknownName
from fullcycle.record import MemoryObjects, decode_decision
from fullcycle.release import load_release
from fullcycle.serve.arms import Arms, Keeper
from fullcycle.serve.batch import Scorer
from fullcycle.serve.decider import Decider
from fullcycle.serve.tracing import Trace

SPEC = served_shop.trial(served_shop.ARMS)
REQUEST = {"client_id": 7, "recency": 3, "history": 12.5, "zip_code": "Urban", "newbie": False}


class Log:
    def __init__(self):
        self.kept = []

    def append(self, payload):
        self.kept.append(decode_decision(payload))


class Broken:
    def find(self, attribute, value):
        raise Misconfigured("it cannot be opened", "the file of kept arms", "make room")

    keep = find


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = served_shop.write_shop(tmp_path_factory.mktemp("arms"))
    objects = MemoryObjects()

    def released(**changes):
        spec = msgspec.structs.replace(SPEC, **changes)
        digest = served_shop.release(objects, folder, experiment=spec)
        return load_release(objects, digest, served_shop.serving_codecs(), root=folder)

    return released


def row(release, **changes):
    return decode(release.row, json.dumps({**REQUEST, **changes}).encode())


def exposed(release, units, keeper=None, **changes):
    """Experiment, arm and probability that are logged of each unit, and the function that answers."""
    arms = Arms.of(release, keeper)
    found = [arms.assign(row(release, client_id=unit, **changes)) for unit in units]
    return [(one.experiment, one.arm, one.probability, one.policy.reference) for one in found]


BUCKET = Bucket.of(SPEC).key
CHOOSE, TODAY = "winback.service:choose", "winback.service:today"
OUTSIDE = (None, None, None, CHOOSE)  # the service answers


def test_an_open_experiment_exposes_every_unit(shop):
    found = exposed(shop(), range(40))

    assert set(found) == {("trial", "today", 0.5, TODAY), ("trial", "chosen", 0.5, CHOOSE)}


def test_whom_the_coverage_leaves_out_is_answered_by_the_service_outside_the_experiment(shop):
    full = exposed(shop(), range(200))
    half = exposed(shop(coverage=0.5), range(200))

    assert set(half) == {*full, OUTSIDE}
    assert all(later in (before, OUTSIDE) for before, later in zip(full, half, strict=True))


def test_whom_the_layer_or_the_condition_leaves_out_is_outside(shop):
    for changes in ({"layer": Layer("checkout", 0.0, 0.3)}, {"condition": '{"history": {"$gt": 100}}'}):
        release = shop(**changes)
        rule = Admission.of(release.manifest.experiment)

        found = exposed(release, range(100))

        let_in = [rule.placed(str(unit), REQUEST.get).counted for unit in range(100)]
        assert [one != OUTSIDE for one in found] == let_in
        assert OUTSIDE in found
    assert OUTSIDE not in exposed(shop(condition='{"history": {"$gt": 100}}'), range(9), history=101.0)


def test_who_is_held_out_gets_the_control_under_the_holdouts_name(shop):
    found = exposed(shop(holdout=Holdout("winter", 0.2), coverage=0.5), range(300))

    held = [one for one in found if one[0] == "winter"]
    assert set(held) == {("winter", "holdout", 0.2, TODAY)}
    assert 30 < len(held) < 90
    assert {one[0] for one in found} == {"winter", "trial", None}


def test_a_holdout_goes_on_alone_where_the_coverage_is_nothing(shop):
    keeper = Keeper(MemoryStickyStore(), print)
    alone = shop(holdout=Holdout("winter", 0.2), coverage=0.0, sticky="client_id", forced={"7": "chosen"})

    before = exposed(shop(holdout=Holdout("winter", 0.2), sticky="client_id"), range(300), keeper)
    found = exposed(alone, range(300), keeper)

    assert found[7] == (None, "chosen", None, CHOOSE)
    assert set(found[:7] + found[8:]) == {("winter", "holdout", 0.2, TODAY), OUTSIDE}
    assert [one[0] == "winter" for one in found[8:]] == [one[0] == "winter" for one in before[8:]]


def test_who_is_held_out_is_answered_by_a_function_of_their_own_where_there_is_one(shop):
    arms = {"today": CHOOSE, "chosen": CHOOSE, "holdout": TODAY}

    found = exposed(shop(holdout=Holdout("winter", 0.2), arms=arms), range(300))

    assert {one for one in found if one[0] == "winter"} == {("winter", "holdout", 0.2, TODAY)}
    assert {one[3] for one in found if one[0] == "trial"} == {CHOOSE}


def test_who_is_forced_gets_the_arm_and_no_experiment(shop):
    release = shop(forced={"7": "today", "8": "chosen"}, holdout=Holdout("winter", 0.999), coverage=0.01)

    assert exposed(release, [7, 8]) == [(None, "today", None, TODAY), (None, "chosen", None, CHOOSE)]


def test_a_condition_over_what_no_request_holds_is_refused_when_the_release_is_loaded(shop):
    with pytest.raises(UnknownName, match="which the condition of experiment trial asks") as caught:
        shop(condition='{"histry": {"$gt": 100}}')

    assert "did you mean 'history'" in caught.value.mend


def test_an_empty_unit_is_none(shop):
    release = shop(unit="note")
    assigned = Arms.of(release).assign

    assert assigned(row(release, note="")).experiment is None
    assert assigned(row(release, note=None)).experiment is None
    assert assigned(row(release, note="x")).experiment == "trial"


def test_an_arm_is_kept_and_counts_though_coverage_layer_and_condition_change(shop):
    store, told = MemoryStickyStore(), []
    keeper = Keeper(store, told.append)
    units = range(120)
    before = exposed(shop(sticky="client_id"), units[:60], keeper)

    changed = shop(
        sticky="client_id",
        coverage=0.2,
        layer=Layer("checkout", 0.0, 0.5),
        condition='{"newbie": true}',
    )
    after = exposed(changed, units, keeper)

    assert after[:60] == before
    assert set(after[60:]) == {OUTSIDE}  # nobody new meets the condition
    assert store.find("client_id", "100") == {}
    assert told == []


def test_an_arm_of_earlier_weights_is_kept_and_counts_no_more(shop):
    store = MemoryStickyStore()
    keeper = Keeper(store, print)
    before = exposed(shop(sticky="client_id"), range(100), keeper)

    changed = shop(sticky="client_id", weights={"today": 0.9, "chosen": 0.1})
    after = exposed(changed, range(1100), keeper)
    again = exposed(changed, range(1100), keeper)

    assert [one[1] for one in after[:100]] == [one[1] for one in before]
    assert {one[0] for one in after[:100]} == {None}
    assert {one[0] for one in after[100:]} == {"trial"}
    assert 60 < sum(one[1] == "chosen" for one in after[100:]) < 150  # a tenth of 1,000
    assert again == after
    assert exposed(shop(sticky="client_id"), range(100), keeper) == before


def test_many_rows_at_once_keep_the_same_arms(shop):
    release, store = shop(sticky="client_id"), MemoryStickyStore()
    other = {"today": "chosen", "chosen": "today"}[exposed(shop(), [7])[0][1]]
    store.keep("client_id", "7", BUCKET, other)

    scored = Scorer(release, Greenlets(), sticky=store).score(
        [row(release, client_id=unit) for unit in (7, 8)], ["a", "b"]
    )

    assert scored.exposures[0].arm == other
    assert store.find("client_id", "8") == {BUCKET: scored.exposures[1].arm}


def test_without_a_store_arms_are_hashed(shop):
    assert exposed(shop(sticky="client_id"), range(30)) == exposed(shop(), range(30))


def test_who_asks_how_a_decision_comes_about_keeps_nothing(shop):
    release, store = shop(sticky="client_id"), MemoryStickyStore()
    other = {"today": "chosen", "chosen": "today"}[exposed(shop(), [7])[0][1]]
    trace = Trace(release, number=1, environment="prod", sticky=store)
    trace.decide(row(release), "a", 1)
    assert store.find("client_id", "7") == {}
    assert trace.explanation().assigned.standing == "assigned"

    store.keep("client_id", "7", BUCKET, other)
    trace = Trace(release, number=1, environment="prod", sticky=store)
    trace.decide(row(release), "a", 1)

    assert trace.decision.arm == other
    assert (trace.explanation().assigned.arm, trace.explanation().assigned.standing) == (other, "kept")


def test_where_arms_cannot_be_kept_nobody_takes_part_and_it_is_told_once(shop):
    release, log, told = shop(sticky="client_id"), Log(), []
    decider = Decider(release, number=1, environment="prod", log=log, tell=told.append, sticky=Broken())

    for n in range(3):
        decider.decide(row(release, client_id=n), f"d-{n}", 1)

    assert [(one.experiment, one.arm) for one in log.kept] == [(None, None)] * 3
    assert len(told) == 1
    assert "arms cannot be kept, so nobody takes part" in told[0]


@pytest.mark.parametrize(
    ("changes", "standing", "arm", "named"),
    [
        ({"forced": {"7": "chosen"}}, "forced", "chosen", "trial"),
        ({"holdout": Holdout("winter", 0.9999)}, "holdout", "today", "winter"),
    ],
)
def test_an_explanation_says_why_a_unit_has_an_arm_by_no_lot(shop, changes, standing, arm, named):
    release = shop(**changes)
    trace = Trace(release, number=1, environment="prod")
    trace.decide(row(release), "a", 1)

    assigned = trace.explanation().assigned

    assert (assigned.standing, assigned.arm, assigned.experiment) == (standing, arm, named)
