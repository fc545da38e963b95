"""A release as this version makes it, frozen for every later one: python tests/frozen_release.py.

Makes ``tests/fixtures/frozen_releases/<version>/``: the objects that a manifest pins, and
``release.json`` with the manifest's digest. Run it while a version is being made; once that
version is released, its folder never changes again.
"""

import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import lightgbm as lgb
import numpy as np

import served_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.record import Artifacts
from fullcycle.release import PinnedModel, keep_manifest

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
    told = {"manifest": keep_manifest(objects, manifest), "capability": "winback", "run": 42}
    (folder / "release.json").write_text(json.dumps(told, indent=1) + "\n")
    for kept in _left_over(folder, manifest.to_bytes().decode()):
        kept.unlink()


def _left_over(folder: Path, manifest: str) -> list[Path]:
    """Objects that the manifest does not pin: drafts, and the models of other tests."""
    told = manifest + (folder / "release.json").read_text()
    return [path for path in (folder / "objects").glob("*/*") if f"{path.parent.name}{path.name}" not in told]


if __name__ == "__main__":
    target = FROZEN / version("fullcycle")
    shutil.rmtree(target, ignore_errors=True)
    freeze(target)
