# ruff: noqa: E501 - texts of programs
"""Registers that a decorator with arguments fills, names that a star binds, and what asks for a docstring.

Found by trying to break the digester: each edit changes what ``f`` of ``flow.py`` gives. Beside
them stand edits of the same code that are not its affair.
"""

import pytest

from fullcycle.code import changed, reach
from small_projects import of

FACTORY = "R = {}\ndef on(name):\n    def keep(function):\n        R[name] = function\n        return function\n    return keep\n"
TIMES = "def times(n):\n    def wrap(function):\n        def inner(): return n * function()\n        return inner\n    return wrap\n"
SETTER = "L = []\nclass A:\n    def __init__(self, n): self.x = n\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, n): L.append(n)\n"
FIELD = "from dataclasses import dataclass, field\nL = []\ndef new(): L.append({n})\n@dataclass\nclass A:\n    x: int = field(default_factory=new)\nD = A()\ndef f(): return L"
CLASS = "class A:\n    '{n}'\n    def go(self): return self.__doc__"

EDITS = {
    "a function that a decorator with arguments keeps": (
        {"flow.py": FACTORY + "@on('a')\ndef go(): return 1\ndef f(): return R['a']()"},
        {"flow.py": FACTORY + "@on('a')\ndef go(): return 2\ndef f(): return R['a']()"},
    ),
    "one of another module": (
        {
            "flow.py": "import shop.n\nfrom shop.m import R\ndef f(): return R['a']()",
            "m.py": FACTORY,
            "n.py": "from shop.m import on\n@on('a')\ndef go(): return 1",
        },
        {"n.py": "from shop.m import on\n@on('a')\ndef go(): return 2"},
    ),
    "a method that it keeps": (
        {"flow.py": FACTORY + "class A:\n    @on('a')\n    def go(self): return 1\ndef f(): return R['a'](0)"},
        {"flow.py": FACTORY + "class A:\n    @on('a')\n    def go(self): return 2\ndef f(): return R['a'](0)"},
    ),
    "a class that it keeps": (
        {"flow.py": FACTORY + "@on('a')\nclass A: x = 1\ndef f(): return R['a'].x"},
        {"flow.py": FACTORY + "@on('a')\nclass A: x = 2\ndef f(): return R['a'].x"},
    ),
    "one that a lambda keeps": (
        {
            "flow.py": "R = {}\ndef on(n): return lambda g: R.setdefault(n, g)\n@on(1)\ndef go(): return 1\ndef f(): return R[1]()"
        },
        {
            "flow.py": "R = {}\ndef on(n): return lambda g: R.setdefault(n, g)\n@on(1)\ndef go(): return 2\ndef f(): return R[1]()"
        },
    ),
    "a star that leaves a name out": (
        {"flow.py": "K = 0\nfrom shop.m import *\ndef f(): return K", "m.py": "__all__ = ['K']\nK = L = 1"},
        {"m.py": "__all__ = ['L']\nK = L = 1"},
    ),
    "a private name that a star binds no more": (
        {"flow.py": "_K = 0\nfrom shop.m import *\ndef f(): return _K", "m.py": "__all__ = ['_K']\n_K = 1"},
        {"m.py": "_K = 1"},
    ),
    "a list of names that is put together": (
        {
            "flow.py": "K = 0\nfrom shop.m import *\ndef f(): return K",
            "m.py": "__all__ = ['L']\n__all__ += ['K']\nK = L = 1",
        },
        {"m.py": "__all__ = ['L']\n__all__ += ['L']\nK = L = 1"},
    ),
    "a module that a star binds": (
        {"flow.py": "from shop.p import *\ndef f(): return sub.K", "p/__init__.py": "__all__ = ['sub']", "p/sub.py": "K = 1"},
        {"p/sub.py": "K = 2"},
    ),
    "a module that a star runs": (
        {
            "flow.py": "from shop.p import *\nfrom shop.r import R\ndef f(): return R",
            "p/__init__.py": "__all__ = ['sub']",
            "p/sub.py": "from shop.r import R\nR.append(1)",
            "r.py": "R = []",
        },
        {"p/sub.py": "from shop.r import R\nR.append(2)"},
    ),
    "two stars that change places": (
        {"flow.py": "from shop.a import *\nfrom shop.b import *\ndef f(): return K", "a.py": "K = 1", "b.py": "K = 2"},
        {"flow.py": "from shop.b import *\nfrom shop.a import *\ndef f(): return K"},
    ),
    "a star and a name that change places": (
        {"flow.py": "K = 0\nfrom shop.a import *\ndef f(): return K", "a.py": "K = 1"},
        {"flow.py": "from shop.a import *\nK = 0\ndef f(): return K"},
    ),
    "a library's star that comes to stand below a name": (
        {"flow.py": "e = 0\ndef f(): return e"},
        {"flow.py": "e = 0\nfrom math import *\ndef f(): return e"},
    ),
    "a docstring that its class tells": (
        {"flow.py": "from shop.m import A\ndef f(): return A().go()", "m.py": CLASS.format(n=1)},
        {"m.py": CLASS.format(n=2)},
    ),
    "a docstring that inspect tells": (
        {"flow.py": "import inspect\nfrom shop.m import A\ndef f(): return inspect.getdoc(A)", "m.py": CLASS.format(n=1)},
        {"m.py": CLASS.format(n=2)},
    ),
    "a module that inspect gives": (
        {"flow.py": "import inspect\nfrom shop.m import a\ndef f(): return inspect.getmodule(a).K", "m.py": "K = 1\ndef a(): ..."},
        {"m.py": "K = 2\ndef a(): ..."},
    ),
    "a file of code that is loaded by its path": (
        {
            "flow.py": "from importlib.util import spec_from_file_location as spec\ndef f(): return spec('x', 'm.py')",
            "m.py": "K = 1",
        },
        {"m.py": "K = 2"},
    ),
    "a module that is looked for": (
        {"flow.py": "from importlib.util import find_spec\ndef f(): return find_spec('shop.m') is None"},
        {"m.py": ""},
    ),
    "all names of the module": (
        {"flow.py": "K = 1\nALL = locals()\ndef f(): return ALL['K']"},
        {"flow.py": "K = 2\nALL = locals()\ndef f(): return ALL['K']"},
    ),
    "a table in a query asked by another name": (
        {"flow.py": "import duckdb\nT = 1\ndef f():\n    ask = duckdb.sql\n    return ask('from T')"},
        {"flow.py": "import duckdb\nT = 2\ndef f():\n    ask = duckdb.sql\n    return ask('from T')"},
    ),
    "a property that is set as an object is made": (
        {"flow.py": SETTER + "D = A(1)\ndef f(): return L"},
        {"flow.py": SETTER + "D = A(2)\ndef f(): return L"},
    ),
    "what a field's default calls": (
        {"flow.py": FIELD.format(n=1)},
        {"flow.py": FIELD.format(n=2)},
    ),
}  # fmt: skip
NOT_ITS_AFFAIR = {
    "another function that a decorator with arguments wraps": (
        {"flow.py": TIMES + "@times(2)\ndef g(): return 1\ndef f(): return 1"},
        {"flow.py": TIMES + "@times(2)\ndef g(): return 2\ndef f(): return 1"},
    ),
    "another function under a library's decorator with arguments": (
        {"flow.py": "import functools\n@functools.lru_cache(maxsize=1)\ndef g(): return 1\ndef f(): return 1"},
        {"flow.py": "import functools\n@functools.lru_cache(maxsize=1)\ndef g(): return 2\ndef f(): return 1"},
    ),
    "another name in a list of names": (
        {"flow.py": "from shop.m import *\ndef f(): return K", "m.py": "__all__ = ['K']\nK = L = 1"},
        {"m.py": "__all__ = ['K', 'L']\nK = L = 1"},
    ),
    "a function above a star": (
        {"flow.py": "from shop.m import *\ndef f(): return K", "m.py": "K = 1"},
        {"flow.py": "def g(): ...\nfrom shop.m import *\ndef f(): return K"},
    ),
    "an object whose attribute is called like a function elsewhere": (
        {"flow.py": "def x(): ...\nclass A:\n    def __init__(self, n): self.x = n\nD = A(1)\ndef f(): return 1"},
        {"flow.py": "def x(): ...\nclass A:\n    def __init__(self, n): self.x = n\nD = A(2)\ndef f(): return 1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_what_is_kept_or_bound_is_seen(name):
    files, edit = EDITS[name]
    before, after = reach(of(files), "flow", "f"), reach(of({**files, **edit}), "flow", "f")

    assert before.digest != after.digest
    assert changed(before.symbols, after.symbols)


@pytest.mark.parametrize("name", NOT_ITS_AFFAIR)
def test_an_edit_beside_it_is_not_its_affair(name):
    files, edit = NOT_ITS_AFFAIR[name]
    before, after = reach(of(files), "flow", "f"), reach(of({**files, **edit}), "flow", "f")

    assert before.digest == after.digest
