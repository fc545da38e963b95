"""Every version loads the releases of earlier versions, and they answer as they did."""

import json
from pathlib import Path

import msgspec
import pytest

import served_shop
from fullcycle.adapters.files import FileObjects
from fullcycle.kernel import digest_bytes
from fullcycle.record import MemoryObjects
from fullcycle.release import Manifest, golden_rows, keep_manifest, load_release, python_version
from fullcycle.serve import require_golden

FOLDERS = sorted((Path(__file__).parents[1] / "fixtures" / "frozen_releases").glob("*/"))

pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


class Overlaid(MemoryObjects):
    """What is stored beside the frozen objects stays out of their folder."""

    def __init__(self, frozen: FileObjects) -> None:
        super().__init__()
        self._frozen = frozen

    def get(self, digest):
        return super().get(digest) if self.has(digest) else self._frozen.get(digest)


def frozen(folder):
    objects = FileObjects(folder / "objects")
    told = json.loads((folder / "release.json").read_text())
    return objects, told, objects.get(told["manifest"])


def test_its_manifest_is_read_and_keeps_its_digest(folder):
    _, told, data = frozen(folder)

    manifest = Manifest.from_bytes(data)

    assert (manifest.capability, manifest.run) == (told["capability"], told["run"])
    assert digest_bytes(data) == told["manifest"]
    if manifest.format == 1:
        assert msgspec.json.decode(manifest.to_bytes()) == msgspec.json.decode(data)


def test_it_loads_and_reproduces_its_golden_rows(folder):
    """On the Python that runs here: a service would refuse another one, and say so."""
    objects, _, data = frozen(folder)
    here = msgspec.structs.replace(Manifest.from_bytes(data), python=python_version())
    overlaid = Overlaid(objects)

    release = load_release(overlaid, keep_manifest(overlaid, here), served_shop.serving_codecs())

    rows = golden_rows(objects, here)
    assert require_golden(release, rows) == len(served_shop.REQUESTS)
    assert len({msgspec.json.encode(row.answers) for row in rows}) > 1
