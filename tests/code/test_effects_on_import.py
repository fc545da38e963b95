# ruff: noqa: E501 - texts of programs
"""fullcycle.code: what a module does while it is imported counts with all that it calls, and no more."""

import pytest

from fullcycle.code import changed, load, reach
from small_projects import of

HELD = "H = []\ndef g(x): return K(x)\ndef K(x): return x + VALUE\ndef reg(x):\n    H.append(K(1))\n    return x\nVALUE = 1\n"
DEFINED = "from enum import Enum\nfrom shop.held import reg\n"
TOP = "from enum import Enum, auto\nfrom shop.held import H, g, reg\n"
ACTING = {
    "annotation of a name": (TOP + "y: reg(1)\n", ""),
    "annotation of a parameter": (TOP + "def h(a: reg(1)): ...\n", ""),
    "annotation of what is returned": (TOP + "def h() -> reg(1): ...\n", ""),
    "enum init": (TOP + "class E(Enum):\n    A = 1\n    def __init__(self, v): reg(v)\n", ""),
    "enum new": (
        TOP
        + "class E(Enum):\n    A = 1\n    def __new__(cls, v):\n        reg(v)\n        made = object.__new__(cls)\n        made._value_ = v\n        return made\n",
        "",
    ),
    "enum values": (
        TOP + "class E(Enum):\n    def _generate_next_value_(name, *_): return reg(name)\n    A = auto()\n",
        "",
    ),
    "enum init above": (
        TOP + "from shop.defined import Base\nclass E(Base):\n    A = 1\n",
        "class Base(Enum):\n    def __init__(self, v): reg(v)\n",
    ),
    "enum init by another name": (
        TOP + "from shop.defined import Base\nclass E(Base):\n    A = 1\n",
        "def start(self, v): reg(v)\nclass Base(Enum):\n    __init__ = start\n",
    ),
    "import from a module that makes names": (
        TOP + "from shop.defined import anything\n",
        "def __getattr__(name): return reg(1)\n",
    ),
    "a descriptor of a class": (
        TOP + "from shop.defined import C\nX = C.d\n",
        "class D:\n    def __get__(self, one, kind=None): return reg(1)\nclass C:\n    d = D()\n",
    ),
    "an item of a class": (
        TOP + "from shop.defined import C\nX = C[3]\n",
        "class C:\n    def __class_getitem__(cls, i): return reg(1)\n",
    ),
    "an item of a class in an annotation": (
        TOP + "from shop.defined import C\nx: C[3]\n",
        "class C:\n    def __class_getitem__(cls, i): return reg(1)\n",
    ),
    "an item of a class in a parameter": (
        TOP + "from shop.defined import C\ndef h(x: C[3]): ...\n",
        "class C:\n    def __class_getitem__(cls, i): return reg(1)\n",
    ),
    "subclass hook by another name": (
        TOP + "from shop.defined import C\nclass A(C): ...\n",
        "def start(cls): reg(1)\nclass C:\n    __init_subclass__ = classmethod(start)\n",
    ),
    "TYPE_CHECKING of its own": (TOP + "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    reg(1)\n", ""),
    "TYPE_CHECKING of the project": (
        TOP + "from shop.defined import TYPE_CHECKING\nif TYPE_CHECKING:\n    reg(1)\n",
        "TYPE_CHECKING = True\n",
    ),
    "typing of the project": (
        TOP + "import shop.defined as typing\nif typing.TYPE_CHECKING:\n    reg(1)\n",
        "TYPE_CHECKING = True\n",
    ),
    "a __name__ of its own": (TOP + "__name__ = '__main__'\nif __name__ == '__main__':\n    reg(1)\n", ""),
}


@pytest.mark.parametrize("name", ACTING)
def test_what_acts_on_import_is_seen_with_all_that_it_calls(name):
    flow, defined = ACTING[name]
    files = {"flow.py": flow + "def f(): return H\n", "defined.py": DEFINED + defined, "held.py": HELD}
    edited = {**files, "held.py": HELD.replace("VALUE = 1", "VALUE = 2")}
    given = [list(load(of(one)).module("flow").f()) for one in (files, edited)]

    before, after = (reach(of(one), "flow", "f") for one in (files, edited))

    assert given[0] != given[1]
    assert changed(before.symbols, after.symbols) == ["held.py:7 VALUE changed"]


QUIET = {
    "an annotation": "def h(x: list[int]) -> dict[str, C]: ...\n",
    "an annotated name": "x: list[int] = []\n",
    "an enum": "class E(Enum):\n    A = 1\n    def told(self): return g(1)\n",
    "an enum that sets itself": "class E(Enum):\n    A = 1\n    def __init__(self, v): self.v = v\n",
    "what only a type checker runs": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    reg(1)\n",
    "what a type checker alone takes for true": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    reg(1)\n",
    "what a script alone runs": "if __name__ == '__main__':\n    reg(1)\n",
}


@pytest.mark.parametrize("name", QUIET)
def test_what_does_nothing_on_import_does_not_count(name):
    flow = TOP + "class C: ...\n" + QUIET[name] + "def f(): return H\n"
    before, after = (
        reach(of({"flow.py": flow, "held.py": text}), "flow", "f")
        for text in (HELD, HELD.replace("VALUE = 1", "VALUE = 2"))
    )

    assert before.digest == after.digest
