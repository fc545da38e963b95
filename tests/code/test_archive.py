"""fullcycle.code.archive and reading: which bytes belong to a project."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.code import Archive, GitState, git_state, lock, read_archive, unpack
from fullcycle.kernel import Damaged, Invalid, Missing, digest_bytes
from small_projects import of, write

names = st.text("abcdef_", min_size=1, max_size=5)
paths = st.lists(names, min_size=1, max_size=3).map("/".join).map(lambda path: f"{path}.py")


def files_of(root, package="shop"):
    return set(read_archive(root, package).files)


def test_an_archive_holds_the_projects_text(tmp_path):
    write(
        tmp_path,
        {"winback/flow.py": "X = 1", "winback/brief.md": "# Why", "fullcycle.toml": "", "a.sql": "select"},
    )

    read = read_archive(tmp_path, "shop")

    assert set(read.files) == {"winback/flow.py", "winback/brief.md", "fullcycle.toml", "a.sql"}
    assert read.files["winback/flow.py"] == b"X = 1"
    assert read.package == "shop"


def test_what_git_ignores_is_left_out_folder_by_folder(tmp_path):
    write(
        tmp_path,
        {
            ".gitignore": "*.log\n/build/\nsecrets.py\n!keep.log\n",
            "library/.gitignore": "scratch.py\n!notes.log\n",
            "library/scratch.py": "",
            "library/money.py": "",
            "library/notes.log": "",
            "library/other.log": "",
            "library/deep/secrets.py": "",
            "library/build/made.py": "",
            "build/made.py": "",
            "keep.log": "",
            "scratch.py": "",
        },
    )

    assert files_of(tmp_path) == {
        ".gitignore",
        "library/.gitignore",
        "library/money.py",
        "library/notes.log",
        "library/build/made.py",
        "keep.log",
        "scratch.py",
    }


def test_the_rule_agrees_with_git_itself(tmp_path):
    write(
        tmp_path,
        {
            ".gitignore": "*.tmp\n/only_here.txt\nfolder/\na/**/z.py\n\\#odd.py\n",
            "teams/.gitignore": "*.csv\n",
            "teams/shop/.gitignore": "!good.csv\nx/*\n!x/y.py\n",
            **dict.fromkeys(
                [
                    "teams/shop/good.csv",
                    "teams/shop/bad.csv",
                    "teams/shop/x/y.py",
                    "teams/shop/x/n.py",
                    "teams/shop/f.tmp",
                ],
                "",
            ),
            **dict.fromkeys(
                [
                    "teams/shop/folder/m.py",
                    "teams/shop/only_here.txt",
                    "teams/shop/a/b/z.py",
                    "teams/shop/#odd.py",
                ],
                "",
            ),
            "teams/shop/excluded.py": "",
        },
    )
    git(tmp_path, "init", "-q")
    write(tmp_path, {".git/info/exclude": "excluded.py\n"})
    shop = tmp_path / "teams" / "shop"

    said = git(shop, "ls-files", "--others", "--exclude-standard")

    assert files_of(shop) == set(said.split())


def test_caches_environments_and_the_record_are_always_left_out(tmp_path):
    write(
        tmp_path,
        {
            "flow.py": "",
            "__pycache__/flow.cpython-311.pyc": "",
            ".fullcycle/ledger.db": "",
            ".git/config": "",
            ".env": "PASSWORD=1",
            "venv/pyvenv.cfg": "",
            "venv/lib/polars.py": "",
        },
    )

    assert files_of(tmp_path) == {"flow.py"}


def test_large_and_binary_files_that_are_no_source_are_left_out(tmp_path):
    write(tmp_path, {"data.csv": "1" * 1_000_001, "small.csv": "1" * 1_000_000, "big.py": "#" * 1_000_001})
    (tmp_path / "shop.duckdb").write_bytes(b"DUCK\0")

    assert files_of(tmp_path) == {"small.csv", "big.py"}


def test_links_that_leave_the_folder_are_left_out(tmp_path):
    write(tmp_path, {"shop/flow.py": "X = 1", "outside.py": "SECRET = 1"})
    shop = tmp_path / "shop"
    (shop / "out.py").symlink_to(tmp_path / "outside.py")
    (shop / "alias.py").symlink_to(shop / "flow.py")
    (shop / "circle").symlink_to(shop)

    assert files_of(shop) == {"flow.py", "alias.py"}


def test_unpacked_files_import_and_are_what_was_read(tmp_path):
    archive = of({"__init__.py": "", "library/money.py": "def euro(x): return x * 2\n"})

    home = unpack(archive, tmp_path)

    assert home == tmp_path / "shop"
    assert read_archive(home, "shop") == archive
    code = "from shop.library.money import euro; print(euro(21))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout == "42\n"


def test_git_tells_the_commit_and_whether_files_differ(tmp_path):
    assert git_state(tmp_path) == GitState(None, dirty=False)
    git(tmp_path, "init", "-q")
    assert git_state(tmp_path) == GitState(None, dirty=False)
    write(tmp_path, {"shop/flow.py": "X = 1", "other.py": ""})
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one")
    head = git(tmp_path, "rev-parse", "HEAD").strip()

    assert git_state(tmp_path / "shop") == GitState(head, dirty=False)
    write(tmp_path, {"other.py": "Y = 1"})
    assert git_state(tmp_path / "shop") == GitState(head, dirty=False)
    assert git_state(tmp_path) == GitState(head, dirty=True)


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert git_state(tmp_path) == GitState(None, dirty=False)


def test_the_lock_agrees_with_the_packaging_library():
    from importlib import metadata

    installed = {
        found.name.lower().replace("_", "-").replace(".", "-"): found.version
        for found in metadata.distributions()
    }

    assert lock() == installed


@given(files=st.dictionaries(paths, st.binary(max_size=50), max_size=5))
def test_an_archive_survives_being_stored(files):
    archive = Archive("shop", files)

    assert Archive.from_bytes(archive.to_bytes()).files == files
    assert archive.digest == digest_bytes(archive.to_bytes())


@given(files=st.dictionaries(paths, st.binary(max_size=5), max_size=5))
def test_the_order_of_files_does_not_matter(files):
    assert Archive("shop", dict(reversed(files.items()))).to_bytes() == Archive("shop", files).to_bytes()


@given(
    one=st.dictionaries(paths, st.binary(max_size=3), max_size=4),
    other=st.dictionaries(paths, st.binary(max_size=3), max_size=4),
)
def test_other_files_give_another_digest(one, other):
    assert (Archive("shop", one) == Archive("shop", other)) == (one == other)


def test_the_package_is_part_of_the_archive():
    assert Archive("shop", {}) != Archive("store", {})


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-1],
        lambda b: b + b"x",
        lambda b: b[5:],
        lambda b: b.replace(b'"', b"'", 1),
        lambda _: b"",
    ],
)
def test_damaged_bytes_are_refused(damage):
    whole = of({"flow.py": "X = 1", "b.py": "Y = 2"}).to_bytes()

    with pytest.raises(Damaged, match="not an archive"):
        Archive.from_bytes(damage(whole))


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", "a/../../x.py", "", "a\\b.py"])
def test_a_path_that_leaves_the_project_is_refused(path):
    with pytest.raises(Invalid, match="no path inside a project"):
        Archive("shop", {path: b""})


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Missing, match="nowhere"):
        read_archive(tmp_path / "nowhere", "shop")


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout
