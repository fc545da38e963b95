"""fullcycle.record.artifacts: a value is kept once and comes back checked."""

import pytest

from fullcycle.adapters.files import FileObjects
from fullcycle.kernel import Damaged, Missing, digest_bytes
from fullcycle.record import Artifact, Artifacts, Codecs


@pytest.fixture
def shelf(tmp_path) -> Artifacts:
    return Artifacts(FileObjects(tmp_path), Codecs())


def test_an_artifact_says_what_and_where(shelf):
    artifact = shelf.keep({"a": 1})

    assert artifact.object == digest_bytes(b'{"a":1}')
    assert artifact.content != artifact.object  # bytes b'{"a":1}' are another value
    assert (artifact.codec, artifact.size) == ("json@1", 7)
    assert shelf.keep(b'{"a":1}').object == artifact.object
    assert shelf.keep(b'{"a":1}').content != artifact.content


def test_the_same_value_is_kept_once(shelf, tmp_path):
    assert shelf.keep([1, 2]) == shelf.keep([1, 2])
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_what_is_gone_or_damaged_is_not_loaded(shelf):
    artifact = shelf.keep([1, 2])
    path = shelf.objects.path(artifact.object)
    path.chmod(0o644)
    path.write_bytes(b"[1,3]")
    with pytest.raises(Damaged):
        shelf.load(artifact)
    path.unlink()
    with pytest.raises(Missing):
        shelf.load(artifact)


def test_what_was_never_kept_is_missing(shelf):
    with pytest.raises(Missing, match="run again what made it"):
        shelf.load(Artifact(content="a" * 64, object="a" * 64, codec="json@1", size=1))
