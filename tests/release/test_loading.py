"""fullcycle.release.loading: a release is what its manifest pins, or it is not loaded."""

from typing import ClassVar

import msgspec
import pytest

import served_shop
from fullcycle.data import decode
from fullcycle.kernel import Damaged, Invalid, Misconfigured, Missing, UnknownName, digest_parts
from fullcycle.record import Artifacts, MemoryObjects
from fullcycle.release import PinnedModel, keep_manifest, load_release, python_version
from fullcycle.serve import HashedDraw

OTHER = """
import fullcycle as fc
from shop.winback.rows import Client, Traits, traits

class Offer(fc.Row):
    campaign: str

class Price(fc.Row):
    price: float

class Seen(fc.Row):
    recency: int

def price(client: Client) -> Price:
    return Price(1.0)

def for_seen(seen: Seen) -> Offer:
    return Offer("x")

@fc.service
def asks_by_seen(client: Client, visit: fc.Model[Seen]) -> Offer:
    return Offer("x")

@fc.service
def asks_a_family(client: Client, visit: dict[str, fc.Model[Traits]]) -> Offer:
    return Offer("x")

@fc.service
def asks_the_top(client: Client, top: fc.Model[Traits]) -> Offer:
    return Offer("x")

@fc.service
def asks_more(client: Client, nothing: list[int]) -> Offer:
    return Offer("x")

@fc.service
def frozen(client: Client, *, k: int, rate: float = 0.5) -> Offer:
    return Offer(f"{k} at {rate}")

@fc.service
def unclear(client, visit: fc.Model[Traits]) -> Offer:
    return Offer("x")
"""


class Shelf:
    """An object store with one shop in it, and manifests over it."""

    def __init__(self, folder, service=served_shop.SERVICE):
        self.objects = MemoryObjects()
        self.shop = served_shop.write_shop(folder, service=service)
        self.draft = served_shop.manifest(self.objects, self.shop, golden="00" * 32)

    def load(self, **changes):
        manifest = msgspec.structs.replace(self.draft, **changes)
        digest = keep_manifest(self.objects, manifest)
        return load_release(self.objects, digest, served_shop.serving_codecs(), root=self.shop)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Shelf(tmp_path_factory.mktemp("other"), OTHER)


def client(release):
    return decode(release.row, msgspec.json.encode(served_shop.REQUESTS[0]))


def test_a_release_answers_as_the_function_does_that_was_trained_for(shelf):
    release = shelf.load()
    row = client(release)

    answers = {name: policy.call(row, None) for name, policy in release.policies.items()}

    codes = {"Mens E-Mail": 0.0, "Womens E-Mail": 1.0, "No E-Mail": 2.0}
    score = {name: served_shop.booster().predict([[3, 12.5, 0, 1, code]])[0] for name, code in codes.items()}
    assert answers["winback.service:choose"].campaign == max(score, key=score.get)
    assert answers["winback.service:today"].campaign == "Womens E-Mail"


def test_arms_are_the_experiments_functions(shelf):
    release = shelf.load()

    assert {arm: policy.reference for arm, policy in release.arms.items()} == served_shop.ARMS
    assert release.arms["chosen"] is release.service
    assert release.arms["today"] is release.fallback


def test_two_releases_of_one_archive_share_nothing_that_a_request_could_change(shelf):
    one, two = shelf.load(), shelf.load()

    assert one.service.call is not two.service.call
    assert one.digest == two.digest


def test_values_and_frozen_parameters_reach_the_function(shelf):
    release = shelf.load(**served_shop.alone("several"), parameters={"k": 1})

    assert [offer.campaign for offer in release.service.call(client(release), None)] == ["No E-Mail"]
    release = shelf.load(**served_shop.alone("several"), parameters={})
    assert len(release.service.call(client(release), None)) == 2


def test_a_draw_is_passed_for_each_decision(shelf):
    release = shelf.load(**served_shop.alone("drawn"))
    row = client(release)

    answers = {release.service.call(row, HashedDraw(f"{n}")).campaign for n in range(30)}

    assert answers == {"Mens E-Mail", "Womens E-Mail"}


def test_another_python_or_distribution_is_named_with_both_versions(shelf):
    with pytest.raises(Misconfigured) as caught:
        shelf.load(
            python="2.7", distributions={"lightgbm": "0.1", "no-such-thing": "1.0", "msgspec": _installed()}
        )

    assert f"made with Python 2.7, here {python_version()}" in caught.value.what
    assert "lightgbm 0.1, here " in caught.value.what
    assert "no-such-thing 1.0, here not installed" in caught.value.what
    assert "msgspec" not in caught.value.what


def _installed():
    from importlib.metadata import version

    return version("msgspec")


def test_an_object_that_is_gone_or_damaged_is_not_loaded(shelf, tmp_path):
    with pytest.raises(Missing):
        shelf.load(archive="cd" * 32)
    gone = msgspec.structs.replace(shelf.draft.models["visit"].artifact, object="cd" * 32)
    with pytest.raises(Missing):
        shelf.load(models={"visit": msgspec.structs.replace(shelf.draft.models["visit"], artifact=gone)})
    text = msgspec.structs.replace(
        shelf.draft.models["visit"].artifact, object=shelf.objects.put(b"no model")
    )
    with pytest.raises(Damaged, match="the model visit of the release is not the content that it pins"):
        shelf.load(models={"visit": msgspec.structs.replace(shelf.draft.models["visit"], artifact=text)})
    told = msgspec.structs.replace(text, content=digest_parts("lightgbm-text@1", [b"no model"]))
    with pytest.raises(Damaged, match="not readable as a LightGBM model"):
        shelf.load(models={"visit": msgspec.structs.replace(shelf.draft.models["visit"], artifact=told)})


def test_a_function_that_is_not_there_is_named_with_the_nearest(shelf):
    with pytest.raises(UnknownName, match=r"there is no 'chose'\n.*\n.*did you mean 'choose'"):
        shelf.load(service="winback.service:chose")


class Refusals:
    cases: ClassVar = {
        "asks_by_seen": (Invalid, "is asked by Seen, but learnt from Traits"),
        "asks_a_family": (Invalid, "made one model, visit asks for a family"),
        "asks_the_top": (UnknownName, "there is no 'top'"),
        "asks_more": (UnknownName, "there is no 'nothing'"),
        "frozen": (UnknownName, "there is no 'k'"),
        "unclear": (Invalid, "its parameter 'client' has no annotation"),
    }


@pytest.mark.parametrize("service", Refusals.cases)
def test_parts_that_do_not_fit_are_refused(other, service):
    kind, words = Refusals.cases[service]

    with pytest.raises(kind, match=words):
        other.load(**served_shop.alone(service))


def test_a_frozen_parameter_of_another_type_is_refused(other):
    assert (
        other.load(**served_shop.alone("frozen"), parameters={"k": 3}).service.call(None, None).campaign
        == "3 at 0.5"
    )
    with pytest.raises(Invalid, match="frozen parameter k is not what its annotation says"):
        other.load(**served_shop.alone("frozen"), parameters={"k": "three"})


def test_what_is_no_model_cannot_be_asked(other):
    top = other.draft.values["top"]
    pinned = PinnedModel(artifact=top, features="winback.rows:traits", step="top")

    with pytest.raises(Invalid, match="what step top made is a list, which cannot be asked"):
        other.load(**served_shop.alone("asks_the_top"), models={"top": pinned})


@pytest.mark.parametrize(("fallback", "words"), [("price", "returns Price"), ("for_seen", "takes Seen")])
def test_a_fallback_of_another_request_or_answer_is_refused(other, fallback, words):
    with pytest.raises(Invalid, match=words):
        other.load(**served_shop.alone("frozen", fallback), parameters={"k": 1})


def test_an_experiment_over_a_field_that_the_request_lacks_is_refused(shelf):
    spec = msgspec.structs.replace(served_shop.trial(served_shop.ARMS), unit="clientid")

    with pytest.raises(UnknownName, match="did you mean 'client_id'"):
        shelf.load(experiment=spec)


def test_a_model_that_cannot_be_served_says_what_can(shelf):
    kept = Artifacts(shelf.objects, served_shop.training_codecs()).keep(b"xgboost")
    alien = msgspec.structs.replace(kept, codec="xgboost@1")

    with pytest.raises(UnknownName, match="there is no 'xgboost@1'"):
        shelf.load(models={"visit": msgspec.structs.replace(shelf.draft.models["visit"], artifact=alien)})


def test_a_prediction_that_is_no_number_is_the_models_failure(shelf):
    from fullcycle.release import ReleasedModel

    class Broken:
        n_features = 1

        def score(self, values):
            return values[0]

        def scores(self, rows):
            return [row[0] for row in rows]

    model = ReleasedModel("visit", lambda row: [row], Broken())

    assert model.predict(2.0) == 2.0
    assert model.predict([1.0, 2.0]) == [1.0, 2.0]
    for bad in (float("nan"), float("inf"), [1.0, float("-inf")]):
        with pytest.raises(Invalid, match="model visit predicted"):
            model.predict(bad)
