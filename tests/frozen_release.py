"""A release as this version makes it, frozen for every later one: python tests/frozen_release.py.

Makes ``tests/fixtures/frozen_releases/<version>-format<n>/``: the objects that a manifest of that
format pins, and ``release.json`` with the manifest's digest. Run it while a version is being made;
once that version is released, its folder never changes again. (``0.1.0`` is of format 1.)
"""

import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import lightgbm as lgb
import msgspec
import numpy as np

import served_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.code import Archive, load
from fullcycle.experiment import reference
from fullcycle.record import Artifacts
from fullcycle.release import (
    Manifest,
    PinnedModel,
    code_of,
    contracts_of,
    keep_manifest,
    read_signature,
)
from fullcycle.release.manifest import FORMAT

FROZEN = Path(__file__).parent / "fixtures" / "frozen_releases"


def small_model() -> lgb.Booster:
    """Five trees: enough to answer differently for different clients."""
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.integers(1, 13, 500), rng.exponential(200, 500), *rng.integers(0, 3, (3, 500))])
    y = (x[:, 4] == x[:, 2]).astype(float)
    settings = {
        "objective": "binary",
        "num_leaves": 6,
        "num_threads": 1,
        "verbose": -1,
        "min_data_in_leaf": 5,
    }
    return lgb.train(settings, lgb.Dataset(x.astype(float), y, categorical_feature=[2, 4]), 5)


def freeze(folder: Path) -> None:
    """Write the release into ``folder``."""
    objects = FileObjects(folder / "objects")
    model = Artifacts(objects, served_shop.training_codecs()).keep(small_model())
    with tempfile.TemporaryDirectory() as name:
        shop = served_shop.write_shop(Path(name))
        manifest = served_shop.manifest(
            objects,
            shop,
            models={"visit": PinnedModel(artifact=model, features="winback.rows:traits", step="visit")},
            values={},
        )
        manifest = whole(objects, shop, manifest)
    told = {"manifest": keep_manifest(objects, manifest), "capability": "winback", "run": 42}
    (folder / "release.json").write_text(json.dumps(told, indent=1) + "\n")
    for kept in _left_over(folder, manifest.to_bytes().decode()):
        kept.unlink()


def whole(objects: FileObjects, shop: Path, manifest: Manifest) -> Manifest:
    """The manifest with all that a release pins, that which only tells of it, too."""
    loaded = load(Archive.from_bytes(objects.get(manifest.archive)), root=shop)
    choose = loaded.module("winback.service").choose
    judged = Artifacts(objects, served_shop.training_codecs()).keep({"score": "auc", "model": 0.7})
    return msgspec.structs.replace(
        manifest,
        contracts=contracts_of(read_signature(choose, reference(choose.function))),
        features=code_of(loaded, [one.features for one in manifest.models.values()]),
        configuration=objects.put(b'{"leaves":6}'),
        brief=objects.put(b'{"tier":"low"}'),
        profile=objects.put(b'{"request":{}}'),
        evaluation={"visit": judged},
    )


def _left_over(folder: Path, manifest: str) -> list[Path]:
    """Objects that the manifest does not pin: drafts, and the models of other tests."""
    told = manifest + (folder / "release.json").read_text()
    return [path for path in (folder / "objects").glob("*/*") if f"{path.parent.name}{path.name}" not in told]


if __name__ == "__main__":
    target = FROZEN / f"{version('fullcycle')}-format{FORMAT}"
    shutil.rmtree(target, ignore_errors=True)
    freeze(target)
