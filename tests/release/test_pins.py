"""fullcycle.release.pins: whatever is pinned is there and is what it was, or nothing is loaded."""

import msgspec
import pytest

import served_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.code import Archive, load
from fullcycle.experiment import reference
from fullcycle.kernel import Damaged, FullcycleError, Misconfigured, Missing
from fullcycle.record import Artifacts
from fullcycle.release import (
    Manifest,
    code_of,
    contracts_of,
    golden_rows,
    keep_manifest,
    load_release,
    read_signature,
)
from fullcycle.serve import require_golden

NONE = "cd" * 32


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A release in files, with everything that a release pins, and its objects as they are."""
    folder = tmp_path_factory.mktemp("kept")
    objects = FileObjects(folder / "artifacts")
    shop = served_shop.write_shop(folder)
    plain = served_shop.manifest(objects, shop)
    loaded = load(Archive.from_bytes(objects.get(plain.archive)), root=shop)
    choose = loaded.module("winback.service").choose
    evaluation = Artifacts(objects, served_shop.training_codecs()).keep({"score": 0.7})
    manifest = msgspec.structs.replace(
        plain,
        contracts=contracts_of(read_signature(choose, reference(choose.function))),
        features=code_of(loaded, ["winback.rows:traits"]),
        configuration=objects.put(b'{"leaves":8}'),
        brief=objects.put(b"{}"),
        profile=objects.put(b'{"request":{}}'),
        evaluation={"visit": evaluation},
    )
    return objects, manifest


def loading(objects, manifest):
    """Load it and ask it its golden rows, as whoever serves does."""
    release = load_release(objects, keep_manifest(objects, manifest), served_shop.serving_codecs())
    return require_golden(release, golden_rows(objects, manifest))


def flipped(manifest, *path):
    """The manifest with the value at a path of keys replaced by another of its kind."""
    told = msgspec.to_builtins(manifest)
    inner = told
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = NONE
    return msgspec.convert(told, Manifest)


def test_a_release_with_all_that_it_pins_loads(kept):
    objects, manifest = kept

    assert loading(objects, manifest) == len(served_shop.REQUESTS)
    assert set(manifest.contracts) == {
        "winback.rows:Client",
        "winback.rows:Traits",
        "winback.service:Offer",
    }


@pytest.mark.parametrize(
    ("path", "refused", "said"),
    [
        (("archive",), Missing, "the object cdcdcdcdcdcd… is not there"),
        (("lock",), Missing, "the list of installed distributions of the release"),
        (("brief",), Missing, "the brief of the release"),
        (("profile",), Missing, "the reference profile of the release"),
        (("configuration",), Missing, "the configuration of the release"),
        (("golden",), Missing, "the object cdcdcdcdcdcd… is not there"),
        (("evaluation", "visit", "object"), Missing, "the evaluation of visit of the release"),
        (("evaluation", "visit", "content"), Damaged, "the evaluation of visit of the release is not the"),
        (("models", "visit", "artifact", "object"), Missing, "the model visit of the release"),
        (("models", "visit", "artifact", "content"), Damaged, "the model visit of the release is not the"),
        (("models", "visit", "features"), FullcycleError, "cdcdcd"),
        (("values", "top", "object"), Missing, "the value top of the release"),
        (("values", "top", "content"), Damaged, "the value top of the release is not the content"),
        (("contracts", "winback.rows:Client"), FullcycleError, "the contract winback.rows:Client is"),
        (("contracts", "winback.service:Offer"), FullcycleError, "the release pins cdcdcdcdcdcd"),
        (("features", "winback.rows:traits"), FullcycleError, "the code of the features winback.rows:traits"),
        (("python",), Misconfigured, f"the release was made with Python {NONE}"),
        (("service",), FullcycleError, NONE),
        (("fallback",), FullcycleError, NONE),
        (("experiment", "unit"), FullcycleError, NONE),
        (("experiment", "arms", "chosen"), FullcycleError, NONE),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_another_value_for_whatever_is_pinned_is_refused_in_words(kept, path, refused, said):
    objects, manifest = kept

    with pytest.raises(refused) as caught:
        loading(objects, flipped(manifest, *path))

    assert said in caught.value.what + caught.value.where
    assert caught.value.mend


def test_another_distribution_is_refused(kept):
    objects, manifest = kept

    with pytest.raises(Misconfigured, match=r"msgspec 0\.0, here"):
        loading(objects, msgspec.structs.replace(manifest, distributions={"msgspec": "0.0"}))


def test_an_experiment_or_a_parameter_that_decides_otherwise_fails_at_the_golden_rows(kept):
    objects, manifest = kept
    other = msgspec.structs.replace(
        manifest, **served_shop.alone("several"), parameters={"k": 1}, contracts={}, features={}
    )

    with pytest.raises(FullcycleError, match="golden row"):
        loading(objects, other)


def test_every_object_that_is_pinned_is_verified_byte_by_byte(kept, tmp_path):
    objects, manifest = kept
    pinned = {
        "archive": manifest.archive,
        "lock": manifest.lock,
        "brief": manifest.brief,
        "profile": manifest.profile,
        "configuration": manifest.configuration,
        "golden": manifest.golden,
        "evaluation": manifest.evaluation["visit"].object,
        "model": manifest.models["visit"].artifact.object,
        "value": manifest.values["top"].object,
    }
    for what, digest in pinned.items():
        path = objects.path(digest)
        whole = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        try:
            with pytest.raises(Damaged) as caught:
                loading(FileObjects(path.parents[1]), manifest)
        finally:
            path.write_bytes(whole)
        assert caught.value.what, what

    assert loading(objects, manifest) == len(served_shop.REQUESTS)


def test_a_manifest_that_was_written_to_is_refused(kept):
    objects, manifest = kept
    digest = keep_manifest(objects, manifest)
    path = objects.path(digest)
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole.replace(b'"run":42', b'"run":43'))
    try:
        with pytest.raises(Damaged):
            load_release(FileObjects(path.parents[1]), digest, served_shop.serving_codecs())
    finally:
        path.write_bytes(whole)
