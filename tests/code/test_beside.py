"""fullcycle.code.beside: what is read of a declared file is what was digested."""

import pytest

from fullcycle.code import Archive, Files, reach
from fullcycle.kernel import Invalid, Missing, digest_bytes
from small_projects import of


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "rates.csv").write_text("edited since")
    (tmp_path / "data" / "a.bin").write_bytes(b"\0a")
    (tmp_path / "data" / "b.bin").write_bytes(b"\0b")
    (tmp_path / "data" / "deep" / "c.bin").write_bytes(b"\0c")
    return tmp_path


ARCHIVE = Archive("shop", {"rates.csv": b"as archived", "data/d.bin": b"d"})


def test_a_file_of_the_archive_is_read_from_the_archive(root):
    assert Files(ARCHIVE, root).read("rates.csv") == b"as archived"


def test_a_file_beside_it_is_read_from_the_folder(root):
    files = Files(ARCHIVE, root)

    assert files.read("data/a.bin") == b"\0a"
    assert files.beside == {"data/a.bin": digest_bytes(b"\0a")}


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("data/*.bin", ["data/a.bin", "data/b.bin", "data/d.bin"]),
        ("data/**/*.bin", ["data/a.bin", "data/b.bin", "data/d.bin", "data/deep/c.bin"]),
        ("data/**", ["data/a.bin", "data/b.bin", "data/d.bin", "data/deep/c.bin"]),
        ("data/?.bin", ["data/a.bin", "data/b.bin", "data/d.bin"]),
        ("*.csv", ["rates.csv"]),
        ("data/a.bin", ["data/a.bin"]),
        ("data/x.bin", []),
        ("nowhere/*", []),
    ],
)
def test_a_pattern_stands_for_files_of_the_archive_and_beside_it(root, pattern, paths):
    assert list(Files(ARCHIVE, root).matching(pattern)) == paths


def test_a_file_that_appears_during_a_run_changes_nothing(root):
    files = Files(ARCHIVE, root)
    before = files.matching("data/*.bin")
    (root / "data" / "new.bin").write_bytes(b"new")

    assert files.matching("data/*.bin") == before


def test_a_file_edited_during_a_run_is_read_as_the_record_keeps_it(root, tmp_path):
    kept = {digest_bytes(b"\0a"): b"\0a"}
    files = Files(ARCHIVE, root, kept=kept.__getitem__, cache=tmp_path / ".fullcycle" / "cache")
    files.digest("data/a.bin")
    (root / "data" / "a.bin").write_bytes(b"edited")

    assert files.read("data/a.bin") == b"\0a"
    assert files.location("data/a.bin").read_bytes() == b"\0a"
    assert files.location("data/a.bin").name == "a.bin"


def test_a_library_that_reads_an_archived_file_itself_gets_what_was_archived(root, tmp_path):
    files = Files(ARCHIVE, root, cache=tmp_path / ".fullcycle" / "cache")

    assert files.location("rates.csv").read_bytes() == b"as archived"
    (root / "rates.csv").write_bytes(b"as archived")
    assert files.location("rates.csv") == root / "rates.csv"


def test_what_a_run_pinned_is_all_there_is_to_a_worker_or_a_replay(root):
    kept = {digest_bytes(b"z"): b"z"}
    files = Files(ARCHIVE, None, pinned={"data/z.bin": digest_bytes(b"z")}, kept=kept.__getitem__)

    assert list(files.matching("data/*.bin")) == ["data/d.bin", "data/z.bin"]
    assert files.read("data/z.bin") == b"z"


def test_a_file_edited_during_a_run_that_nothing_keeps_is_refused(root):
    files = Files(ARCHIVE, root)
    files.digest("data/a.bin")
    (root / "data" / "a.bin").write_bytes(b"edited")

    with pytest.raises(Invalid, match=r"data/a.bin changed while .*\n.*\n.*run again"):
        files.read("data/a.bin")
    with pytest.raises(Invalid, match="changed while"):
        files.location("data/a.bin")


def test_a_file_that_is_not_there_is_missing(root):
    with pytest.raises(Missing, match=r"there is no file data/x.bin"):
        Files(ARCHIVE, root).read("data/x.bin")


# what the walk sees

DECLARED = """
    import fullcycle as fc
    from fullcycle import File

    RATES = fc.File("rates.csv")
    PRICES = File("prices/*.parquet")


    class Config:
        def __init__(self, file: fc.File) -> None:
            self.file = file


    CONFIG = Config(file=File(path="config.json"))


    def rates(): return RATES.text()
    def prices(): return [file.bytes() for file in PRICES]
    def config(): return CONFIG.file
    def local(): return fc.File("local.csv").text()
    def nothing(file: File) -> "File": return file
    def computed(name): return fc.File(name + ".csv")
    def mapped(): return [*map(fc.File, ["a.csv"])]
    def through(): return rates()
"""


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("rates", ("rates.csv",)),
        ("prices", ("prices/*.parquet",)),
        ("config", ("config.json",)),
        ("local", ("local.csv",)),
        ("through", ("rates.csv",)),
        ("nothing", ()),
    ],
)
def test_a_literal_path_is_reached_with_the_code_that_names_it(name, files):
    found = reach(of({"flow.py": DECLARED}), "flow", name)

    assert found.files == files
    assert found.unfollowed == ()


@pytest.mark.parametrize("name", ["computed", "mapped"])
def test_a_computed_path_is_told_and_widens_the_reach(name):
    (told,) = reach(of({"flow.py": DECLARED}), "flow", name).unfollowed

    assert "fc.File of a computed path" in told


def test_a_file_by_another_name_is_told():
    found = reach(of({"flow.py": "from fullcycle import File as F\nx = F('a.csv')"}), "flow", "x")

    assert found.unfollowed == ("flow.py:2 fc.File of a computed path",)
