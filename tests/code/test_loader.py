"""fullcycle.code.loader: private modules compiled from an archive's bytes."""

import importlib
import inspect
import linecache
import os
import pickle
import subprocess
import sys
import threading
import traceback
from typing import get_type_hints

import pytest

from fullcycle.code import load, read_archive
from fullcycle.kernel import Invalid, UnknownName
from small_projects import archive, of, write


def test_a_module_is_asked_for_by_its_name_in_the_package():
    loaded = load(archive(winback__flow="X = 3"))

    assert loaded.module("winback.flow").X == 3


def test_two_archives_of_one_capability_answer_side_by_side():
    service = "from shop.library.money import euro\n\n\ndef choose(x):\n    return euro(x)\n"
    v1 = load(archive(winback__service=service, library__money="def euro(x): return x * 2"))
    v2 = load(archive(winback__service=service, library__money="def euro(x): return x * 3"))

    first, second = v1.module("winback.service"), v2.module("winback.service")

    assert [first.choose(1), second.choose(1), first.choose(1)] == [2, 3, 2]


def test_archives_stay_apart_when_threads_import_late():
    service = """
        def choose(x):
            from shop.library.money import euro
            import shop.library.rates as rates
            return euro(x) + rates.RATE
        """
    versions = [
        load(
            archive(
                service=service, library__money=f"def euro(x): return x * {n}", library__rates=f"RATE = {n}"
            )
        )
        for n in range(1, 9)
    ]
    answers: dict[int, list[int]] = {}
    ready = threading.Barrier(16)

    def ask(thread: int) -> None:
        ready.wait()
        answers[thread] = [versions[(thread + i) % 8].module("service").choose(10) for i in range(50)]

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {t: [11 * ((t + i) % 8 + 1) for i in range(50)] for t in range(16)}


def test_a_module_is_executed_once_however_many_threads_ask():
    loaded = load(archive(slow="import time\ntime.sleep(0.05)\nMADE = object()"))
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(loaded.module("slow").MADE)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(made) for made in found}) == 1


FORMS = {
    "import shop.library.money": "shop.library.money.euro",
    "import shop.library.money as m": "m.euro",
    "from shop.library import money": "money.euro",
    "from shop.library import money as m": "m.euro",
    "from shop.library.money import euro": "euro",
    "from shop.library.money import *": "euro",
    "from ..library import money": "money.euro",
    "from ..library.money import euro": "euro",
    "from .. import library\nimport shop.library.money": "library.money.euro",
    "import importlib": "importlib.import_module('shop.library.money').euro",
    "from importlib import import_module": "import_module('..library.money', __package__).euro",
    "import importlib.metadata": "importlib.import_module('shop.library.money').euro",
    "money = __import__('shop.library.money', fromlist=['euro'])": "money.euro",
    "import shop": "(__import__('shop.library.money'), shop.library.money.euro)[1]",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packaged", [True, False], ids=["with __init__", "bare folders"])
def test_every_form_of_import_stays_in_the_archive(form, packaged):
    files = {
        "library/money.py": "def euro(x): return x * 2",
        "winback/flow.py": f"{form}\ndef answer(): return {FORMS[form]}(21)",
    }
    if packaged:
        files |= {"library/__init__.py": "", "winback/__init__.py": "", "__init__.py": ""}
    flow = load(of(files)).module("winback.flow")

    assert flow.answer() == 42
    assert "shop" not in sys.modules


def test_a_star_import_follows_all_and_its_submodules():
    loaded = load(
        of(
            {
                "library/__init__.py": "__all__ = ['money', 'RATE']\nRATE = 2\nHIDDEN = 3",
                "library/money.py": "VALUE = 5",
                "flow.py": "from shop.library import *\nFOUND = (money.VALUE, RATE, 'HIDDEN' in globals())",
            }
        )
    )

    assert loaded.module("flow").FOUND == (5, 2, False)


def test_modules_that_import_each_other_work_as_in_python():
    loaded = load(
        archive(
            a="import shop.b as b\nfrom shop.b import half\nVALUE = 8\ndef quarter(): return half() / 2",
            b="import shop.a as a\ndef half(): return a.VALUE / 2",
        )
    )

    assert loaded.module("a").quarter() == 2


def test_code_may_try_a_module_that_is_not_there():
    flow = """
        try:
            from shop.fast import f
        except ImportError:
            from shop.slow import f
        try:
            from shop.slow import nothing
        except ImportError:
            nothing = None
        """
    loaded = load(archive(flow=flow, slow="def f(): return 1"))

    assert loaded.module("flow").f() == 1


def test_string_annotations_are_resolved_in_the_archive():
    rows = """
        from __future__ import annotations
        import dataclasses, enum, msgspec
        from typing import Annotated, NamedTuple

        class Colour(enum.Enum):
            RED = 1

        @dataclasses.dataclass
        class Point:
            x: int
            colour: Colour = dataclasses.field(default=Colour.RED, kw_only=True)

        class Row(msgspec.Struct):
            point: Point
            size: Annotated[int, msgspec.Meta(ge=0)]

        class Pair(NamedTuple):
            row: Row

        def f(row: Row) -> Point: ...
        """
    module = load(archive(rows=rows)).module("rows")
    import msgspec

    assert get_type_hints(module.f) == {"row": module.Row, "return": module.Point}
    assert get_type_hints(module.Pair) == {"row": module.Row}
    decoded = msgspec.json.decode(b'{"point": {"x": 1, "colour": 1}, "size": 2}', type=module.Row)
    assert decoded == module.Row(module.Point(1), 2)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"point": {"x": 1}, "size": -2}', type=module.Row)
    assert pickle.loads(pickle.dumps(decoded.point)) == module.Point(1)
    assert pickle.loads(pickle.dumps(module.Colour.RED)) is module.Colour.RED


def test_source_and_tracebacks_show_what_ran_even_when_the_file_changed_since(tmp_path):
    write(tmp_path, {"flow.py": "class C:\n    pass\n\n\ndef f():\n    return 1 / 0  # first\n"})
    loaded = load(read_archive(tmp_path, "shop"), root=tmp_path)
    module = loaded.module("flow")
    write(tmp_path, {"flow.py": "def f():\n    return 2\n"})
    linecache.checkcache()

    assert inspect.getsource(module.f) == "def f():\n    return 1 / 0  # first\n"
    assert inspect.getsource(module.C) == "class C:\n    pass\n"
    with pytest.raises(ZeroDivisionError) as caught:
        module.f()
    shown = "".join(traceback.format_exception(caught.value))
    assert f'File "{tmp_path}/flow.py", line 6, in f\n    return 1 / 0  # first' in shown


def test_two_archives_of_one_folder_each_show_their_own_lines(tmp_path):
    modules = []
    for text in ("def f():\n    return 'old'\n", "\n\ndef f():\n    return 'new'\n"):
        write(tmp_path, {"flow.py": text})
        modules.append(load(read_archive(tmp_path, "shop"), root=tmp_path).module("flow"))

    assert [inspect.getsource(m.f).splitlines()[1].split()[1] for m in modules] == ["'old'", "'new'"]
    assert all(os.path.samefile(m.f.__code__.co_filename, tmp_path / "flow.py") for m in modules)


def test_a_users_error_on_import_starts_at_the_users_own_line(tmp_path):
    write(tmp_path, {"flow.py": "import shop.deep\n", "deep.py": "def g():\n    raise KeyError('x')\ng()\n"})

    with pytest.raises(KeyError) as caught:
        load(read_archive(tmp_path, "shop"), root=tmp_path).module("flow")

    frames = traceback.extract_tb(caught.value.__traceback__)[1:]
    assert [(os.path.basename(f.filename), f.lineno) for f in frames] == [
        ("flow.py", 1),
        ("deep.py", 3),
        ("deep.py", 2),
    ]


def test_a_module_that_failed_can_be_tried_again():
    loaded = load(
        archive(flow="import os\nif 'FULLCYCLE_NOT_SET' not in os.environ:\n    raise KeyError('no')\nX = 1")
    )

    with pytest.raises(KeyError):
        loaded.module("flow")
    os.environ["FULLCYCLE_NOT_SET"] = "1"
    try:
        assert loaded.module("flow").X == 1
    finally:
        del os.environ["FULLCYCLE_NOT_SET"]


def test_the_same_archive_gives_the_same_modules_and_another_root_its_own(tmp_path):
    one = archive(flow="VALUE = __file__")

    assert load(one) is load(archive(flow="VALUE = __file__"))
    here, there = (load(one, root=root).module("flow") for root in (tmp_path, tmp_path / "b"))
    assert [str(tmp_path / "flow.py"), str(tmp_path / "b" / "flow.py")] == [here.VALUE, there.VALUE]


def test_unloading_forgets_the_modules():
    loaded = load(archive(flow="VALUE = 'unloaded'"))
    module = loaded.module("flow")
    loaded.unload()

    assert module.__name__ not in sys.modules
    assert load(loaded.archive) is not loaded
    assert load(loaded.archive).module("flow").VALUE == "unloaded"


def test_third_party_modules_are_shared():
    loaded = load(
        archive(
            flow="import json\nimport importlib\nimport importlib.util\nM = importlib.import_module('json')"
        )
    )

    assert loaded.module("flow").json is sys.modules["json"]
    assert loaded.module("flow").M is sys.modules["json"]
    assert loaded.module("flow").importlib.util is importlib.util


def test_an_encoding_line_is_honoured():
    from fullcycle.code import Archive

    source = "# -*- coding: latin-1 -*-\nX = 'é'\n".encode("latin-1")

    assert load(Archive("shop", {"flow.py": source})).module("flow").X == "é"


CHILD = """
import sys
from pathlib import Path
from fullcycle.code import load, read_archive
root = Path(sys.argv[1])
def value():
    return load(read_archive(root, "shop"), root=root).module("flow").answer()
before = value()
stat = (root / "money.py").stat()
(root / "money.py").write_text("RATE = 7\\n")
import os
os.utime(root / "money.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
print(before, value())
"""


@pytest.mark.parametrize("bytecode", ["", "1"], ids=["bytecode cached", "no bytecode"])
def test_two_edits_in_one_second_of_one_size_are_seen(tmp_path, bytecode):
    write(
        tmp_path,
        {"money.py": "RATE = 3\n", "flow.py": "from shop.money import RATE\ndef answer(): return RATE\n"},
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": bytecode}

    for _ in range(2):
        said = subprocess.run(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.split() == ["3", "7"]
        (tmp_path / "money.py").write_text("RATE = 3\n")

    assert not list(tmp_path.rglob("*.pyc"))


def test_a_stale_pyc_beside_the_file_is_not_believed(tmp_path):
    write(tmp_path, {"money.py": "RATE = 3\n"})
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(tmp_path)]
    )
    write(tmp_path, {"money.py": "RATE = 7\n"})

    assert load(read_archive(tmp_path, "shop"), root=tmp_path).module("money").RATE == 7


def test_a_syntax_error_names_file_and_line(tmp_path):
    write(tmp_path, {"flow.py": "X = 1\ndef f(:\n    pass\n"})

    with pytest.raises(Invalid, match=r"flow.py is not Python: invalid syntax: def f\(:") as caught:
        load(read_archive(tmp_path, "shop"), root=tmp_path).module("flow")

    assert caught.value.where == f"{tmp_path}/flow.py:2"


@pytest.mark.parametrize(
    ("line", "what", "mend"),
    [
        (
            "import shop.libary.money",
            "there is no module shop.libary.money",
            "did you mean 'shop.library.money'?",
        ),
        (
            "from shop.library.money import eruo",
            "there is no 'eruo' in shop.library.money",
            "did you mean 'euro'?",
        ),
        ("from shop.library import mony", "there is no 'mony' in shop.library", "did you mean 'money'?"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(tmp_path, line, what, mend):
    write(tmp_path, {"library/__init__.py": "", "library/money.py": "def euro(): ...", "flow.py": line})

    with pytest.raises(UnknownName) as caught:
        load(read_archive(tmp_path, "shop"), root=tmp_path).module("flow")

    assert (caught.value.what, caught.value.mend) == (what, mend)
    assert caught.value.where == f"{tmp_path}/flow.py"


def test_a_circle_of_imports_is_called_one():
    loaded = load(archive(a="from shop.b import y\nx = 1", b="from shop.a import x\ny = 1"))

    with pytest.raises(UnknownName, match=r"shop\.a has no 'x' yet: it is still being imported, in a circle"):
        loaded.module("a")


def test_a_module_that_is_asked_for_and_missing_is_refused():
    with pytest.raises(UnknownName, match=r"did you mean 'shop.winback.flow'"):
        load(archive(winback__flow="")).module("winback.flw")
