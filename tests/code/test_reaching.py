"""fullcycle.code.reaching: examples beyond the matrix of test_edits, then refusals."""

import ast
import collections
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from edited_shop import digests, forget_everything, sources
from fullcycle.code import changed, installed, reach, reaching
from fullcycle.kernel import Invalid, UnknownName
from small_projects import of


@pytest.fixture
def fresh() -> Iterator[None]:
    forget_everything()
    yield
    forget_everything()


def test_another_version_of_a_library_is_the_affair_of_who_asks_it(monkeypatch, fresh):
    archive = of({"flow.py": "import polars as pl\n\ndef f(): return pl.len()\n\n\ndef g(): return 1\n"})
    before = {name: reach(archive, "flow", name) for name in "fg"}
    reaching._found.cache_clear()
    newer = (installed.Library("polars", "99.0", "99.0"),)
    monkeypatch.setattr(reaching, "version_of", lambda top: newer if top == "polars" else ())
    after = {name: reach(archive, "flow", name) for name in "fg"}

    assert before["g"] == after["g"]
    told = changed(before["f"].symbols, after["f"].symbols)
    assert told == [f"polars {before['f'].distributions['polars']} → 99.0"]
    assert after["f"].distributions == {"polars": "99.0"}


def test_another_python_is_everybodys_affair(monkeypatch, fresh):
    archive = of({"flow.py": "def f(): return 1\n"})
    before = reach(archive, "flow", "f")
    reaching._found.cache_clear()
    monkeypatch.setattr(reaching.platform, "python_version_tuple", lambda: ("3", "99", "0"))

    old = before.symbols["Python"].digest
    assert changed(before.symbols, reach(archive, "flow", "f").symbols) == [f"Python {old} → 3.99"]


UNFOLLOWED = {
    "import shop.money as m\ndef f(n): return getattr(m, n)": "flow.py:2 a computed attribute of m",
    "import shop.money\n\ndef f(): return vars(shop.money)": "flow.py:3 a computed attribute of shop.money",
    "import shop.money as m\ndef f(n): return vars(m)[n]": "flow.py:2 a computed attribute of m",
    "import shop.money as m\ndef f(n): return m.__dict__[n]": "flow.py:2 a computed attribute of m",
    "def f(n):\n    return eval(n)": "flow.py:2 eval",
    "def f(n): exec(n)": "flow.py:1 exec",
    "RUN = exec\ndef f(n): return RUN(n)": "flow.py:1 exec",
    "def f(n): return globals()[n]": "flow.py:1 globals",
    "import importlib\ndef f(n): return importlib.import_module(n)": "flow.py:2 importlib.import_module",
    "from importlib import import_module as im\ndef f(n): return im(n)": "flow.py:2 importlib.import_module",
    "def f(n): return __import__(n)": "flow.py:1 __import__",
    "import sys\ndef f(n): return sys.modules[n]": "flow.py:2 sys.modules",
    "import inspect\ndef f(n): return inspect.getsource(f)": "flow.py:2 inspect.getsource",
    "class A: ...\ndef f(n): return A.__subclasses__()": "flow.py:2 A.__subclasses__",
    "def f(n): return f.__doc__": "flow.py:1 f.__doc__",
    "def f(n): return n.__doc__": "flow.py:1 __doc__",
    "import inspect\ndef f(n): return inspect.getdoc(n)": "flow.py:2 inspect.getdoc",
    "ALL = vars()\ndef f(n): return ALL[n]": "flow.py:1 globals",
    "from shop.nowhere import *\ndef f(n): return g(n)": "flow.py:1 from shop.nowhere import *",
}


@pytest.mark.parametrize("text", UNFOLLOWED)
def test_what_cannot_be_followed_is_told_and_widens_to_the_archive(text):
    files = {"flow.py": text, "money.py": "def euro(x): return x", "far.py": "X = 1"}
    before = reach(of(files), "flow", "f")
    after = reach(of({**files, "far.py": "X = 2"}), "flow", "f")

    assert UNFOLLOWED[text] in before.unfollowed
    assert before.digest != after.digest
    assert changed(before.symbols, after.symbols) == ["far.py changed"]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("import shop.money as m\ndef f(n): return getattr(m, n)", False),
        ("def f(n): return globals()[n]", False),
        ("import importlib\ndef f(n): return importlib.import_module(n)", False),
        ("def f(n): return eval(n)", True),
        ("def f(n): exec(open(n).read())", True),
        ("import runpy\ndef f(n): runpy.run_path(n)", True),
        ("import fullcycle as fc\ndef f(n): return fc.File(n).text()", True),
    ],
)
def test_a_text_beside_the_code_counts_only_where_a_text_is_run_or_read(text, counts):
    files = {"flow.py": text, "money.py": "", "notes.txt": "one", "README.md": "one"}
    before = reach(of(files), "flow", "f")
    after = reach(of({**files, "notes.txt": "two"}), "flow", "f")

    assert before.unfollowed
    assert changed(before.symbols, after.symbols) == (["notes.txt changed"] if counts else [])
    assert (before.digest != after.digest) == counts


LOOKING = {
    "import os\ndef f(n): return os.listdir(n)": "flow.py:2 os.listdir",
    "from os.path import exists\ndef f(n): return exists('extra.py')": "flow.py:2 os.path.exists",
    "import glob\ndef f(n): return glob.glob('*.csv')": "flow.py:2 glob.glob",
    "from glob import glob as every\ndef f(n): return every(n)": "flow.py:2 glob.glob",
    "from pathlib import Path\ndef f(n): return Path(n).exists()": "flow.py:2 exists",
    "from pathlib import Path\ndef f(n): return list(Path(__file__).parent.iterdir())": "flow.py:2 iterdir",
    "from pathlib import Path\nHERE = Path('.')\ndef f(n): return HERE.glob(n)": "flow.py:3 HERE.glob",
    "from pathlib import Path\ndef f(n):\n    here = Path('.')\n    return here.rglob(n)": "flow.py:4 rglob",
    "from pathlib import Path\ndef f(n): return [*map(Path.is_file, n)]": "flow.py:2 pathlib.Path.is_file",
    "def f(n): return n.root.is_dir()": "flow.py:1 is_dir",
}


@pytest.mark.parametrize("text", LOOKING)
def test_where_code_looks_at_files_their_names_count_and_nothing_else_does(text):
    files = {"flow.py": text, "far.py": "X = 1", "notes.txt": "one"}
    before, edited, added = (
        reach(of(one), "flow", "f")
        for one in (files, {**files, "far.py": "X = 2", "notes.txt": "two"}, {**files, "extra.py": ""})
    )

    assert before.looks == (LOOKING[text],)
    assert not before.unfollowed
    assert before.digest == edited.digest != added.digest
    assert changed(before.symbols, added.symbols) == ["the list of the project's files changed"]


@pytest.mark.parametrize(
    "text",
    [
        "import os\ndef f(n): return os.path.exists('/data/rates.csv')",
        "import ast\ndef f(n): return ast.walk(n)",
        "from shop.money import exists\ndef f(n): return exists(n)",
        "import shop.money as m\ndef f(n): return m.exists(n)",
    ],
)
def test_what_looks_at_no_file_of_the_project_counts_no_names(text):
    assert not reach(of({"flow.py": text, "money.py": "def exists(n): return n"}), "flow", "f").looks


STARTED = {
    "import subprocess, sys\ndef f(): subprocess.run([sys.executable, 'tools/far.py'])": True,
    "import subprocess\ndef f(): subprocess.check_output('python ./tools/far.py --all', shell=True)": True,
    "import subprocess\nSCRIPT = 'far.py'\ndef f(): subprocess.Popen(['python', SCRIPT])": True,
    "import os\ndef f(): os.system(f'python {__file__[:-7]}/tools/far.py')": True,
    "import subprocess\ndef f(): subprocess.call(['python', '-m', 'shop.tools.far'])": True,
    "import subprocess\ndef f(): subprocess.call(['git', 'status'])": False,
    "def f(): return 'tools/far.py'": False,
}


@pytest.mark.parametrize("text", STARTED)
def test_code_that_another_process_runs_counts_where_it_is_named(text):
    files = {"flow.py": text, "tools/far.py": "X = 1"}
    before = reach(of(files), "flow", "f")
    after = reach(of({**files, "tools/far.py": "X = 2"}), "flow", "f")

    assert bool(before.unfollowed) == STARTED[text]
    assert (before.digest != after.digest) == STARTED[text]


FOLLOWED = [
    "from shop.money import *\nif __debug__ is None:\n    euro = None\ndef f(n): return euro(n)",
    "from shop.money import *\neuro: object\ndef f(n): return euro(n)",
    "import shop.money as m\ndef f(n): return getattr(m, 'euro')(n)",
    "import importlib\ndef f(n): return importlib.import_module('shop.money').euro(n)",
    "def f(n): return __import__('shop.money', fromlist=['euro']).euro(n)",
    "import shop.money as m\nMODULES = [m]\ndef f(n): return MODULES[0].euro(n)",
    "import shop\nimport shop.money\ndef f(n): return shop.money.euro(n)",
    "from . import money\ndef f(n): return money.euro(n)",
    "def f(n):\n    from .money import euro as e\n    return e(n)",
    "class A:\n    from shop.money import euro\ndef f(n): return A.euro(n)",
    "import shop.money\nHOLD = {'euro': shop.money.euro}\ndef f(n): return HOLD['euro'](n)",
    "from shop.money import euro\ndef f(n, *, by=euro): return by(n)",
    "from shop.money import euro\ndef f(n): return (lambda: [euro(x) for x in n])()",
    "from shop.money import euro\nclass A:\n    run = staticmethod(euro)\ndef f(n): return A.run(n)",
    "from shop.money import euro\ndef make():\n def inner(n): return euro(n)\n return inner\nf = make()",
    "import shop.money\nfrom shop.money import *\ndef f(n): return euro(n)",
    "import duckdb\nfrom shop.money import euro\ndef f(n): return duckdb.sql('select euro from euro')",
    "from shop.money import euro\nQUERY = 'select * from euro'\ndef f(n, c): return c.sql(QUERY)",
    "import shop.money\ndef f(n: 'shop.money.euro'): ...",
    "match 1:\n    case 1:\n        from shop.money import euro\ndef f(n): return euro(n)",
    "with open('x') as x:\n    from shop.money import euro\ndef f(n): return euro(n)",
    "from shop import money\nf = money.euro",
    "from shop.money import euro\nfrom functools import singledispatch\n"
    "@singledispatch\ndef f(n): ...\n@f.register\ndef _(n: int): return euro(n)",
    "from shop.money import euro\nfrom abc import ABC\n"
    "class Base(ABC):\n    def __init_subclass__(cls): KNOWN.append(cls)\nKNOWN = []\n"
    "class Child(Base):\n    run = staticmethod(euro)\ndef f(n): return KNOWN[0].run(n)",
    "from shop.money import euro\nf = None\nfor g in [euro]:\n    f = g",
    "from shop.money import euro\nif (g := euro):\n    def f(n): return g(n)",
    "from shop.money import euro\nHELD = []\nHELD += [euro]\ndef f(n): return HELD[0](n)",
    "from shop.money import euro\nclass A: ...\nA.run = euro\ndef f(n): return A.run(n)",
    "from shop.money import euro\nHELD = {}\ndef add(g): HELD['x'] = g\nDONE = add(euro)\n"
    "def f(n): return HELD['x'](n)",
    "from shop.money import euro\nHELD = []\nDONE = [HELD.append(euro)]\ndef f(n): return HELD[0](n)",
    "from shop.money import euro\nasync def f(n):\n    async for x in n:\n        yield euro(x)",
    "def f(n):\n    import shop.money\n    return shop.money.euro(n)",
]


@pytest.mark.parametrize("text", FOLLOWED)
def test_these_ways_to_a_helper_are_followed(text):
    files = {"flow.py": text, "money.py": "def euro(x): return x", "far.py": "X = 1"}
    base = reach(of(files), "flow", "f")

    assert base.unfollowed == ()
    assert reach(of({**files, "far.py": "X = 2"}), "flow", "f").digest == base.digest
    edited = reach(of({**files, "money.py": "def euro(x): return x + 1"}), "flow", "f")
    assert changed(base.symbols, edited.symbols) == ["money.py:1 euro() changed"]


def test_two_modules_of_one_text_are_told_apart():
    text = "from .rate import RATE\ndef f(): return RATE\n"
    files = {"flow.py": "from shop.a.m import f as a\nfrom shop.b.m import f as b\ndef g(): return a() + b()"}
    files |= {"a/m.py": text, "b/m.py": text, "a/rate.py": "RATE = 1", "b/rate.py": "RATE = 1"}

    base = reach(of(files), "flow", "g")

    assert {"a/rate.py:RATE", "b/rate.py:RATE", "a/m.py:f", "b/m.py:f"} <= base.symbols.keys()
    assert reach(of({**files, "b/rate.py": "RATE = 2"}), "flow", "g").digest != base.digest


def test_the_order_of_what_importing_does_counts():
    files = {"flow.py": "X = []\nX.append(1)\nX.insert(0, 2)\ndef f(): return X\n"}
    turned = {"flow.py": "X = []\nX.insert(0, 2)\nX.append(1)\ndef f(): return X\n"}
    before, after = reach(of(files), "flow", "f"), reach(of(turned), "flow", "f")

    assert changed(before.symbols, after.symbols) == [
        "flow.py:1 the order of what it runs when imported changed"
    ]


def test_the_order_of_modules_that_act_counts():
    files = {
        "flow.py": "from shop.x import X\nimport shop.a\nimport shop.b\ndef f(): return X\n",
        "x.py": "X = []",
        "a.py": "from shop.x import X\nX.append(1)",
        "b.py": "from shop.x import X\nX.append(2)",
    }
    turned = {**files, "flow.py": "from shop.x import X\nimport shop.b\nimport shop.a\ndef f(): return X\n"}

    assert reach(of(files), "flow", "f").digest != reach(of(turned), "flow", "f").digest


CHILD = """
from edited_shop import digests, sources
from small_projects import of
print(sorted(digests(of(sources())).items()))
"""


def test_every_process_finds_the_same_digests():
    paths = os.pathsep.join(path for path in sys.path if path)
    said = {
        subprocess.run(
            [sys.executable, "-c", CHILD],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert said == {f"{sorted(digests(of(sources())).items())}\n"}


def test_a_change_is_told_with_its_place():
    before = of(
        {
            "flow.py": "from shop.money import euro\ndef f(): return euro(1)",
            "money.py": "\n\ndef euro(x): return x",
        }
    )
    after = of(
        {
            "flow.py": "from shop.money import euro\ndef f(): return euro(1)",
            "money.py": "VAT = 2\n\n\n\ndef euro(x): return x * VAT",
        }
    )
    old, new = reach(before, "flow", "f").symbols, reach(after, "flow", "f").symbols

    assert changed(old, new) == ["money.py:5 euro() changed", "money.py:1 VAT added"]
    assert changed(new, old) == ["money.py:3 euro() changed", "money.py:1 VAT no longer used"]


def test_a_name_or_module_that_is_not_there_is_refused_with_the_nearest():
    archive = of(sources())

    with pytest.raises(UnknownName, match="did you mean 'priced'"):
        reach(archive, "flow", "pricd")
    with pytest.raises(UnknownName, match=r"did you mean 'library\.money'"):
        reach(archive, "library.mony", "euro")


def test_a_module_on_the_way_that_is_not_python_is_refused():
    with pytest.raises(Invalid, match=r"money.py is not Python") as caught:
        reach(
            of({"flow.py": "from shop.money import x\ndef f(): return x", "money.py": "def (:"}), "flow", "f"
        )

    assert caught.value.where == "money.py:1"


def chained(count):
    """Modules of twenty functions each, which ask those of the module before."""

    def text(n: int) -> str:
        uses = f"from shop.m{n - 1:02} import f0 as below\n" if n else "below = abs\n"
        functions = (
            f"def f{i}(x, *, by={i}):\n    total = [below(y) * by for y in range(x) if y % {i + 2}]\n"
            f"    return sum(total) + LIMIT{n}\n\n\n"
            for i in range(20)
        )
        return f"import math\n{uses}LIMIT{n} = {n}\n\n\n" + "".join(functions)

    return of({f"m{n:02}.py": text(n) for n in range(count)})


def calls_in(work):
    """How many calls of Python functions some work makes: its cost, which nothing beside it changes."""
    calls = itertools.count()

    def count(frame, event, argument):
        if event == "call":
            next(calls)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return next(calls)


def test_every_file_is_parsed_once_however_many_functions_are_followed(fresh, monkeypatch):
    parsed = collections.Counter()
    parse = ast.parse

    def counted(source, *args, **kwargs):
        parsed[bytes(source)] += 1
        return parse(source, *args, **kwargs)

    archive = chained(30)
    monkeypatch.setattr(ast, "parse", counted)
    for i in range(20):
        assert len(reach(archive, "m29", f"f{i}").symbols) > 80

    assert parsed == dict.fromkeys(archive.files.values(), 1)


def test_taking_a_project_apart_costs_a_few_calls_for_each_node_of_its_syntax(fresh):
    def follow(archive):
        last = f"m{len(archive.files) - 1:02}"
        return calls_in(lambda: [reach(archive, last, f"f{i}") for i in range(20)])

    small, large = chained(15), chained(30)
    nodes = sum(sum(1 for _ in ast.walk(ast.parse(data))) for data in large.files.values())
    cost = follow(large)
    assert nodes < cost < 10 * nodes  # 20 roots over 30 modules; 9.0
    assert follow(large) < cost / 100  # known by now
    forget_everything()  # half of the files are the same
    assert cost < 2.1 * follow(small)  # as much again for as much more
