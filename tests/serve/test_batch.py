"""Many rows decided together: to the bit what each would be answered alone."""

import gc
import threading
from math import inf, nan, prod

import msgspec
import numpy as np
import pytest
import xgboost as xgb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import served_shop
from fullcycle.adapters.greenlets import Greenlets
from fullcycle.adapters.xgboost_native import NativeXGBooster
from fullcycle.record import MemoryObjects
from fullcycle.release import ReleasedModel, load_release
from fullcycle.serve.batch import Scorer, score
from fullcycle.serve.decider import Decider, Undecided

SERVICE = """
import fullcycle as fc

from shop.winback.rows import CAMPAIGNS, Campaign, Client, Traits, traits


class Offer(fc.Row):
    campaign: Campaign
    chance: float = 0.0


def today(client: Client) -> Offer:
    if client.recency == 1:
        raise LookupError("nothing to send")
    return Offer("Womens E-Mail")


@fc.service(fallback=today)
def plain(client: Client) -> Offer:
    return Offer("No E-Mail", client.history / (client.recency - 3))


@fc.service(fallback=today)
def once(client: Client, visit: fc.Model[Traits]) -> Offer:
    return Offer("No E-Mail", visit.predict(traits(client, "No E-Mail")))


@fc.service(fallback=today)
def best(client: Client, visit: fc.Model[Traits]) -> Offer:
    return Offer(max(CAMPAIGNS, key=lambda campaign: visit.predict(traits(client, campaign))))


@fc.service(fallback=today)
def ranked(client: Client, visit: fc.Model[Traits]) -> list[Offer]:
    chances = visit.predict([traits(client, one) for one in CAMPAIGNS[: client.recency - 1]])
    found = [Offer(one, chance) for one, chance in zip(CAMPAIGNS, chances)]
    return sorted(found, key=lambda offer: offer.chance + visit.predict(traits(client, offer.campaign)))


@fc.service(fallback=today)
def placed(client: Client, visit: fc.Model[Traits], draw: fc.Draw) -> list[Offer]:
    left = {one: 1.0 + visit.predict(traits(client, one)) for one in CAMPAIGNS}
    found = []
    while len(found) < client.recency:
        found.append(Offer(draw.pick(left), 0.0))
        del left[found[-1].campaign]  # of more than there are, no weight is left
    return found


@fc.service(fallback=today)
def as_many_as_it_takes(client: Client, visit: fc.Model[Traits], draw: fc.Draw) -> Offer:
    chance = 0.0
    for n in range(client.recency):
        chance = visit.predict(traits(client, CAMPAIGNS[n % 3]))
        if chance > 0.5:
            break
    return Offer(draw.pick({"Mens E-Mail": 1.0 + chance, "No E-Mail": 1.0}), chance)


@fc.service(fallback=today)
def of_its_zip(client: Client, visits: dict[str, fc.Model[Traits]], visit: fc.Model[Traits]) -> Offer:
    chance = visits[client.zip_code].predict(traits(client, "No E-Mail"))
    other = visit.predict(traits(client, "No E-Mail"))
    return Offer("No E-Mail" if chance < other else "Mens E-Mail", chance)


@fc.service(fallback=today)
def forgiving(client: Client, visit: fc.Model[Traits]) -> Offer:
    try:
        return Offer("No E-Mail", visit.predict(traits(client, "No E-Mail")))
    except ValueError:
        return Offer("Mens E-Mail", visit.predict(traits(client, "Mens E-Mail")))


@fc.service(fallback=once)
def broken(client: Client, visit: fc.Model[Traits]) -> Offer:
    visit.predict(traits(client, "No E-Mail"))
    answers = {1: "no offer", 2: Offer("Nonsense"), 3: Offer("No E-Mail", float("nan"))}
    answers[4] = Offer("No E-Mail", 3)
    return answers.get(client.recency, Offer("No E-Mail"))


@fc.service
def nobody(client: Client, visit: fc.Model[Traits]) -> Offer:
    campaign = "nowhere" if client.newbie else "No E-Mail"
    return Offer(CAMPAIGNS[client.recency], visit.predict(traits(client, campaign)))
"""

FALLBACKS = {"nobody": None, "broken": "once", "ranked": None, "placed": None}
EVERY = [
    "plain",
    "once",
    "best",
    "ranked",
    "placed",
    "as_many_as_it_takes",
    "of_its_zip",
    "forgiving",
    "broken",
    "nobody",
]


class Capricious:
    """A model that has no number for some rows, and refuses a call in which others are."""

    n_features = 5

    def score(self, values):
        return self.scores([values])[0]

    def scores(self, rows):
        if any(row[1] > 900 for row in rows):
            raise ValueError("that many dollars")
        return [{7.0: nan, 8.0: inf}.get(row[0], (row[0] * 31 + row[4] * 7 + row[1]) % 1.0) for row in rows]


class Log:
    def append(self, payload): ...
    def append_all(self, payloads): ...
    def close(self): ...


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    objects = MemoryObjects()
    root = served_shop.write_shop(tmp_path_factory.mktemp("batch"), service=SERVICE)
    draft = objects.put(b"[]")

    def load(name, *, experiment=None):
        changes = served_shop.alone(name, FALLBACKS.get(name, "today"))
        if experiment:
            changes["experiment"] = served_shop.trial(experiment)
        digest = served_shop.release(objects, root, **{**changes, "golden": draft})
        return load_release(objects, digest, served_shop.serving_codecs(), root=root)

    return load


def capricious(release):
    """The same release, its models answering by whim."""

    def whims(policy):
        encode = policy.given["visit"].encode if "visit" in policy.given else None
        fake = ReleasedModel("visit", encode, Capricious())
        return {
            name: dict.fromkeys(given, fake) if isinstance(given, dict) else fake
            for name, given in policy.given.items()
            if name in ("visit", "visits")
        }

    return release.over(whims)


def alone(release, rows, ids):
    """What the service makes of each row by itself."""
    decider = Decider(release, number=3, environment="prod", log=Log(), tell=lambda _: None)
    found = []
    for row, id in zip(rows, ids, strict=True):
        try:
            made = decider.made(row, id, 5)
            found.append(msgspec.json.encode(msgspec.structs.replace(made, micros=0)))
        except Undecided as error:
            found.append(str(error))
    return found


def together(release, rows, ids, size):
    done = Scorer(release, Greenlets(), together=size).score(rows, ids)
    decisions = done.decisions(capability="winback", environment="prod", number=3, live={}, at=5)
    made = {one.id: msgspec.json.encode(msgspec.structs.replace(one, micros=0)) for one in decisions}
    for n in done.undecided:
        assert ids[n] not in made
    return [
        made[id] if n not in done.undecided else type(done.undecided[n]).__name__ for n, id in enumerate(ids)
    ]


def clients(release):
    build = st.builds(
        release.row,
        client_id=st.integers(0, 10**6),
        recency=st.integers(1, 12),
        history=st.floats(0, 1000),
        zip_code=st.sampled_from(["Urban", "Surburban", "Rural"]),
        newbie=st.booleans(),
    )
    return st.lists(build, max_size=40)


@pytest.mark.parametrize("whim", [False, True], ids=["a real model", "a capricious model"])
@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), size=st.sampled_from([1, 3, 64]))
def test_a_row_is_answered_among_others_as_it_is_alone(shop, name, whim, data, size):
    release = capricious(shop(name)) if whim else shop(name)
    rows = data.draw(clients(release))
    ids = [f"a/{n}" for n in range(len(rows))]

    assert together(release, rows, ids, size) == alone(release, rows, ids)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_arms_are_handed_out_among_others_as_they_are_alone(shop, data):
    arms = {"today": "winback.service:today", "chosen": "winback.service:as_many_as_it_takes"}
    release = capricious(shop("once", experiment=arms))
    rows = data.draw(clients(release))
    ids = [f"b/{n}" for n in range(len(rows))]

    assert together(release, rows, ids, 16) == alone(release, rows, ids)


def some(release, count=300):
    return [release.row(n, n % 12 + 1, n / 3, "Rural", n % 2 == 0) for n in range(count)]


class Counted:
    n_features = 5

    def __init__(self, wait_s=0.0):
        self.calls = []
        self.wait = threading.Event().wait
        self.wait_s = wait_s

    def score(self, values):
        return self.scores([values])[0]

    def scores(self, rows):
        self.calls.append(len(rows))
        if self.wait_s:
            self.wait(self.wait_s)
        return [row[0] / 100 for row in rows]


def asking(release, predictor):
    return release.over(
        lambda policy: (
            {"visit": ReleasedModel("visit", policy.given["visit"].encode, predictor)}
            if "visit" in policy.given
            else {}
        )
    )


def test_a_model_whose_calls_are_dear_is_called_once_for_all_that_wait(shop):
    model = Counted(wait_s=0.0005)
    release = asking(shop("best"), model)
    rows = some(release, 2000)

    Scorer(release, Greenlets(), together=500).score(rows, [str(n) for n in range(2000)])

    assert model.calls.count(500) == 3 * 4  # three campaigns, four times five hundred rows
    assert len(model.calls) < 12 + 4 * 20  # and a few alone, to see what that takes


def test_a_model_whose_calls_are_cheap_is_soon_asked_row_by_row(shop):
    model = Counted()
    release = asking(shop("best"), model)
    rows = some(release, 5000)

    Scorer(release, Greenlets(), together=500).score(rows, [str(n) for n in range(5000)])

    assert model.calls[-1000:] == [1] * 1000


def test_a_library_that_takes_a_matrix_gives_each_row_the_bits_that_it_has_alone(shop):
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.integers(1, 13, 500), rng.exponential(200, 500), *rng.integers(0, 3, (3, 500))])
    trees = xgb.train({"nthread": 1, "seed": 1}, xgb.DMatrix(x, x[:, 1] / x[:, 0]), 20)
    release = asking(shop("best"), NativeXGBooster(bytes(trees.save_raw("ubj"))))
    rows = some(release, 1000)
    ids = [str(n) for n in range(1000)]

    assert together(release, rows, ids, 200) == alone(release, rows, ids)


def test_failures_are_told_with_their_row_and_what_failed(shop):
    release = shop("plain")
    rows = some(release, 15)

    done = score(release, rows, [str(n) for n in range(15)], Greenlets())

    assert [(one.row, one.policy, type(one.error)) for one in done.failures] == [
        (2, "winback.service:plain", ZeroDivisionError),
        (14, "winback.service:plain", ZeroDivisionError),
    ]
    assert [n for n, fallback in enumerate(done.fallbacks) if fallback] == [2, 14]
    assert done.undecided == {}


def test_each_place_of_a_list_is_logged_with_the_chance_of_its_pick(shop):
    release = shop("placed")
    rows = some(release, 15)

    logged = {
        one.id: one
        for one in score(release, rows, [str(n) for n in range(15)], Greenlets()).decisions(
            capability="w", environment="p", number=1, live={}, at=0
        )
    }

    lists = [one for one in logged.values() if not one.fallback and len(one.answer) > 1]
    assert lists
    for one in lists:
        assert len(one.chances) == len(one.answer)
        assert prod(one.chances) == one.propensity
    for one in logged.values():
        if one.fallback or len(one.answer) < 2:
            assert one.chances == ()


def test_a_row_that_nobody_can_answer_is_named_and_has_no_answer(shop):
    release = capricious(shop("nobody"))
    rows = some(release, 4)

    done = score(release, rows, list("abcd"), Greenlets())

    assert sorted(done.undecided) == [0, 2, 3]
    assert [done.answers[n] is None for n in range(4)] == [True, False, True, True]
    assert [one.id for one in done.decisions(capability="w", environment="p", number=1, live={}, at=0)] == [
        "b"
    ]


def test_a_thread_of_the_users_own_is_answered_at_once(shop):
    release = shop("once")
    found = []

    def elsewhere(policy):
        model = policy.given["visit"]

        class Threaded(ReleasedModel):
            def predict(self, x):
                thread = threading.Thread(target=lambda: found.append(model.predict(x)))
                thread.start()
                thread.join()
                return found[-1]

        return {"visit": Threaded("visit", model.encode, model.predictor)}

    threaded = release.over(lambda policy: elsewhere(policy) if "visit" in policy.given else {})
    rows = some(release, 20)
    ids = [str(n) for n in range(20)]

    assert together(threaded, rows, ids, 8) == alone(release, rows, ids)


def test_nothing_is_left_behind_by_many_chunks(shop):
    release = capricious(shop("as_many_as_it_takes"))
    scorer = Scorer(release, Greenlets(), together=64)
    rows = some(release)
    ids = [str(n) for n in range(len(rows))]
    scorer.score(rows, ids)
    gc.collect()
    before = len(gc.get_objects())

    for _ in range(5):
        scorer.score(rows, ids)
    gc.collect()

    assert len(gc.get_objects()) < before + 100
