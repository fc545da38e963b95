"""fullcycle.serve.tracing: what decided is shown, and it is what decides."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import served_shop
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.data import MASK, decode
from fullcycle.record import MemoryObjects
from fullcycle.release import load_release
from fullcycle.serve.decider import Decider
from fullcycle.serve.draw import HashedDraw, uniform
from fullcycle.serve.explanation import Picked, Prediction
from fullcycle.serve.tracing import MOST, Trace

REQUEST = served_shop.REQUESTS[0]


class Shop:
    """A release that is decided by and explained; ``rows`` and ``module`` are its files."""

    def __init__(self, folder, rows=None, module=None, **changes):
        shop = served_shop.write_shop(folder, **({"service": module} if module else {}))
        if rows:
            (shop / "winback" / "rows.py").write_text(rows)
        objects = MemoryObjects()
        digest = served_shop.release(objects, shop, **changes)
        self.release = load_release(objects, digest, served_shop.serving_codecs(), root=shop)
        self.decider = Decider(
            self.release,
            number=7,
            environment="prod",
            log=SegmentWriter(folder / "events"),
            tell=lambda told: None,
        )

    def traced(self, request=REQUEST, id="a", *, reveal=False):
        trace = Trace(self.release, number=7, environment="prod", reveal=reveal)
        trace.decide(self.row(request), id, 1)
        return trace

    def explained(self, request=REQUEST, id="a", **how):
        return self.traced(request, id, **how).explanation()

    def row(self, request):
        return decode(self.release.row, json.dumps(request).encode())


@pytest.fixture(scope="module")
def winback(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("traced"))


@pytest.fixture
def shop(tmp_path):
    return lambda **changes: Shop(tmp_path, **changes)


def chosen_id(shop):
    """A client of the arm that asks the model."""
    return next(n for n in range(100) if shop.explained({**REQUEST, "client_id": n}).assigned.arm == "chosen")


def test_each_prediction_is_told_with_what_the_model_saw_and_what_each_feature_added(winback):
    told = winback.explained({**REQUEST, "client_id": chosen_id(winback)})
    (called,) = told.called

    assert called.function == "winback.service:choose"
    assert [one.features[-1].value for one in called.steps] == ["Mens E-Mail", "Womens E-Mail", "No E-Mail"]
    for one in called.steps:
        assert isinstance(one, Prediction)
        assert (one.model, one.made_by, one.link) == ("visit", "visit", "log-odds")
        assert [f.name for f in one.features] == ["recency", "history", "zip_code", "newbie", "campaign"]
        assert [f.value for f in one.features[:4]] == [3, 12.5, "Urban", True]
        raw = sum(f.contribution for f in one.features) + one.base
        assert one.total == pytest.approx(raw)
        assert one.prediction == pytest.approx(1 / (1 + np.exp(-raw)))


@given(client=st.integers(0, 10_000), recency=st.integers(1, 12), id=st.text("ab", min_size=1, max_size=9))
def test_what_is_explained_is_what_is_decided(winback, client, recency, id):
    request = {**REQUEST, "client_id": client, "recency": recency}
    decided = winback.decider.made(winback.row(request), id, 1)
    trace = winback.traced(request, id)
    made = trace.decision

    assert made is not None
    assert (bytes(made.answer), made.arm, made.unit, made.arm_probability, made.propensity) == (
        bytes(decided.answer),
        decided.arm,
        decided.unit,
        decided.arm_probability,
        decided.propensity,
    )
    told = trace.explanation().assigned
    low, high = told.ranges[told.arm]
    assert told.arm == decided.arm
    assert low <= told.place < high


def test_nothing_is_logged_or_counted(winback, tmp_path):
    winback.explained()

    assert winback.decider.counts.decisions == 0


def test_a_draw_is_told_with_its_weights_its_number_and_its_chance(shop):
    drawing = shop(**served_shop.alone("drawn"))
    trace = drawing.traced(id="order-17")
    (pick,) = trace.explanation().called[0].steps
    draw = HashedDraw("order-17")

    assert isinstance(pick, Picked)
    assert [(one.action, one.weight, one.chance) for one in pick.options] == [
        ("Mens E-Mail", 1.0, 0.25),
        ("Womens E-Mail", 3.0, 0.75),
    ]
    assert pick.options[pick.chosen].action == draw.pick({"Mens E-Mail": 1.0, "Womens E-Mail": 3.0})
    assert pick.number == uniform(b"order-17", 1)
    assert (pick.number < 0.25) == (pick.chosen == 0)
    assert trace.decision.propensity == draw.propensity


def test_outside_of_an_experiment_there_is_no_arm(shop):
    assert shop(**served_shop.alone("choose")).explained().assigned is None


def test_a_model_of_a_family_is_told_by_its_key(shop):
    told = shop(**served_shop.alone("by_zip")).explained()

    assert {one.element for one in told.called[0].steps} == {"Urban"}


def test_a_function_that_raises_is_told_by_kind_and_line_and_its_fallback_after_it(shop):
    failing = shop(golden="00" * 32, **served_shop.alone("fails", "today"))
    told = failing.explained()
    first, second = told.called

    assert told.fallback
    assert told.answer == {"campaign": "Womens E-Mail"}
    assert first.function == "winback.service:fails"
    assert first.failure.kind == "ZeroDivisionError"
    line = 1 + served_shop.SERVICE.splitlines().index(
        '    raise ZeroDivisionError(f"no luck with {client.client_id}")'
    )
    assert first.failure.line == f"winback/service.py:{line}"
    assert (second.function, second.failure) == ("winback.service:today", None)


def test_where_nothing_can_be_decided_there_is_no_answer(shop):
    helpless = shop(golden="00" * 32, **served_shop.alone("helpless"))
    raised = helpless.explained({**REQUEST, "recency": 12})
    broken = helpless.explained({**REQUEST, "recency": 11})

    assert raised.answer is None
    assert raised.called[0].failure.kind == "RuntimeError"
    assert broken.called[0].failure.kind == "Invalid"  # an answer that its contract does not allow


def test_a_model_that_gives_no_number_is_told_as_what_failed(shop, monkeypatch):
    served = shop(**served_shop.alone("choose", "today"))
    model = served.release.service.given["visit"]
    monkeypatch.setattr(model, "_score", lambda values: float("nan"))
    told = served.explained()

    assert told.called[0].failure.kind == "NoNumber"
    assert told.called[0].steps[0].prediction is None
    assert told.fallback


def test_a_model_that_cannot_say_what_features_add_is_told_so(shop, monkeypatch):
    served = shop(**served_shop.alone("choose"))
    model = served.release.service.given["visit"]

    class Plain:
        n_features = 5
        score = model.predictor.score
        scores = model.predictor.scores

    monkeypatch.setattr(model, "predictor", Plain())
    one = served.explained().called[0].steps[0]

    assert one.unexplained == "this kind of model does not say what each feature adds"
    assert one.base is None
    assert [f.contribution for f in one.features] == [None] * 5


def test_a_model_that_says_why_it_does_not_tell_is_quoted(shop, monkeypatch):
    served = shop(**served_shop.alone("choose"))
    model = served.release.service.given["visit"]

    class Graph:
        n_features = 5
        score = model.predictor.score
        scores = model.predictor.scores
        unexplained = "an ONNX graph does not say what each feature adds"

    monkeypatch.setattr(model, "predictor", Graph())

    assert served.explained().called[0].steps[0].unexplained == Graph.unexplained


MANY = (
    served_shop.SERVICE
    + """

@fc.service
def greedy(client: Client, visit: fc.Model[Traits]) -> Offer:
    scores = visit.predict([traits(client, "No E-Mail")] * 100)
    return Offer("No E-Mail" if scores[0] == scores[99] else "Mens E-Mail")
"""
)


def test_of_very_many_predictions_some_are_explained_and_the_others_counted(shop):
    told = shop(module=MANY, **served_shop.alone("greedy")).explained()

    assert (len(told.called[0].steps), told.called[0].more) == (MOST, 100 - MOST)


PERSONAL = served_shop.ROWS.replace(
    "history: Annotated[float, fc.at_least(0)]", "history: Annotated[float, fc.at_least(0), fc.personal]"
)


def test_a_personal_field_is_masked_wherever_a_value_of_that_name_is(shop):
    served = shop(rows=PERSONAL, **served_shop.alone("choose"))
    told, revealed = served.explained(), served.explained(reveal=True)

    assert told.request["history"] == MASK
    assert {one.features[1].value for one in told.called[0].steps} == {MASK}
    assert told.called[0].steps[0].features[1].contribution is not None
    assert revealed.request["history"] == 12.5
    assert revealed.called[0].steps[0].features[1].value == 12.5


def test_a_personal_unit_is_masked(shop):
    rows = served_shop.ROWS.replace("Annotated[int, fc.key]", "Annotated[int, fc.key, fc.personal]")
    served = shop(rows=rows)

    assert served.explained().assigned.unit == MASK
    assert served.explained(reveal=True).assigned.unit == "7"
