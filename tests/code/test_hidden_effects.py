# ruff: noqa: E501 - texts of programs
"""What importing does, in ways that do not look like it: each edit changes what ``f`` of ``flow.py`` gives.

Found by trying to break the digester; each of them once was, or could have been, a stale result.
"""

import pytest

from fullcycle.code import changed, reach
from small_projects import of

EDITS = {
    "module getattr": (
        {
            "flow.py": "from shop import m\ndef f(): return m.anything",
            "m.py": "K=1\ndef __getattr__(n): return K",
        },
        {"m.py": "K=2\ndef __getattr__(n): return K"},
    ),
    "from import getattr": (
        {
            "flow.py": "from shop.m import anything\ndef f(): return anything",
            "m.py": "K=1\ndef __getattr__(n): return K",
        },
        {"m.py": "K=2\ndef __getattr__(n): return K"},
    ),
    "global write fn": (
        {"flow.py": "K=1\ndef setk():\n    global K\n    K=2\nsetk()\ndef f(): return K"},
        {"flow.py": "K=1\ndef setk():\n    global K\n    K=3\nsetk()\ndef f(): return K"},
    ),
    "global write hidden": (
        {"flow.py": "K=1\ndef setk():\n    global K\n    K=2\nD=setk()\ndef f(): return K"},
        {"flow.py": "K=1\ndef setk():\n    global K\n    K=3\nD=setk()\ndef f(): return K"},
    ),
    "global binds new": (
        {"flow.py": "def setk():\n    global K\n    K=2\nD=setk()\ndef f(): return K"},
        {"flow.py": "def setk():\n    global K\n    K=3\nD=setk()\ndef f(): return K"},
    ),
    "setattr injection": (
        {"flow.py": "import shop.m\nsetattr(shop.m,'K',2)\ndef f(): return shop.m.K", "m.py": ""},
        {"flow.py": "import shop.m\nsetattr(shop.m,'K',3)\ndef f(): return shop.m.K"},
    ),
    "iterator used up": (
        {"flow.py": "IT=iter([1,2,3])\nA=next(IT)\ndef f(): return next(IT)"},
        {"flow.py": "IT=iter([1,2,3])\ndef f(): return next(IT)"},
    ),
    "iterator list": (
        {"flow.py": "IT=iter([1,2,3])\nA=list(IT)\ndef f(): return list(IT)"},
        {"flow.py": "IT=iter([1,2,3])\ndef f(): return list(IT)"},
    ),
    "zip": (
        {"flow.py": "IT=zip([1],[2])\nA=dict(IT)\ndef f(): return list(IT)"},
        {"flow.py": "IT=zip([1],[2])\ndef f(): return list(IT)"},
    ),
    "alias append": (
        {"flow.py": "X=[]\nY=X\nY.append(1)\ndef f(): return X"},
        {"flow.py": "X=[]\nY=X\nY.append(2)\ndef f(): return X"},
    ),
    "alias in func": (
        {"flow.py": "X=[]\ndef g():\n    y=X\n    y.append(1)\nD=g()\ndef f(): return X"},
        {"flow.py": "X=[]\ndef g():\n    y=X\n    y.append(2)\nD=g()\ndef f(): return X"},
    ),
    "param mutate": (
        {"flow.py": "X=[]\ndef g(y):\n    y.append(1)\nD=g(X)\ndef f(): return X"},
        {"flow.py": "X=[]\ndef g(y):\n    y.append(2)\nD=g(X)\ndef f(): return X"},
    ),
    "nested in list": (
        {"flow.py": "X=[]\ndef g(y):\n    y[0].append(1)\nD=g([X])\ndef f(): return X"},
        {"flow.py": "X=[]\ndef g(y):\n    y[0].append(2)\nD=g([X])\ndef f(): return X"},
    ),
    "default mutated": (
        {"flow.py": "X=[]\ndef g(y=X):\n    y.append(1)\nD=g()\ndef f(): return X"},
        {"flow.py": "X=[]\ndef g(y=X):\n    y.append(2)\nD=g()\ndef f(): return X"},
    ),
    "class attr mutated": (
        {"flow.py": "class A:\n    X=[]\ndef g():\n    A.X.append(1)\nD=g()\ndef f(): return A.X"},
        {"flow.py": "class A:\n    X=[]\ndef g():\n    A.X.append(2)\nD=g()\ndef f(): return A.X"},
    ),
    "init registers on class": (
        {
            "flow.py": "class A:\n    X=[]\n    def __init__(self,n): self.X.append(n)\nD=A(1)\ndef f(): return A.X"
        },
        {
            "flow.py": "class A:\n    X=[]\n    def __init__(self,n): self.X.append(n)\nD=A(2)\ndef f(): return A.X"
        },
    ),
    "method on instance": (
        {
            "flow.py": "class A:\n    X=[]\n    def go(self,n): self.X.append(n)\nI=A()\nD=I.go(1)\ndef f(): return A.X"
        },
        {
            "flow.py": "class A:\n    X=[]\n    def go(self,n): self.X.append(n)\nI=A()\nD=I.go(2)\ndef f(): return A.X"
        },
    ),
    "on result": (
        {
            "flow.py": "class A:\n    X=[]\n    def go(self,n): self.X.append(n)\nD=A().go(1)\ndef f(): return A.X"
        },
        {
            "flow.py": "class A:\n    X=[]\n    def go(self,n): self.X.append(n)\nD=A().go(2)\ndef f(): return A.X"
        },
    ),
    "operator": (
        {
            "flow.py": "class A:\n    X=[]\n    def __rshift__(self,n): self.X.append(n)\nI=A()\nD=I>>1\ndef f(): return A.X"
        },
        {
            "flow.py": "class A:\n    X=[]\n    def __rshift__(self,n): self.X.append(n)\nI=A()\nD=I>>2\ndef f(): return A.X"
        },
    ),
    "subscript": (
        {"flow.py": "X={}\nD=X.setdefault('a',1)\ndef f(): return X"},
        {"flow.py": "X={}\nD=X.setdefault('a',2)\ndef f(): return X"},
    ),
    "defaultdict": (
        {"flow.py": "from collections import defaultdict\nX=defaultdict(list)\nD=X['a']\ndef f(): return X"},
        {"flow.py": "from collections import defaultdict\nX=defaultdict(list)\nD=X['b']\ndef f(): return X"},
    ),
    "decorated function called": (
        {
            "flow.py": "X=[]\ndef dec(g):\n    def inner(n):\n        X.append(n)\n        return g(n)\n    return inner\n"
            "@dec\ndef g(n): return n\nD=g(1)\ndef f(): return X"
        },
        {
            "flow.py": "X=[]\ndef dec(g):\n    def inner(n):\n        X.append(n)\n        return g(n)\n    return inner\n"
            "@dec\ndef g(n): return n\nD=g(2)\ndef f(): return X"
        },
    ),
    "decorated class made": (
        {
            "flow.py": "X=[]\ndef dec(c):\n    def inner(n):\n        X.append(n)\n        return c()\n    return inner\n"
            "@dec\nclass G: pass\nD=G(1)\ndef f(): return X"
        },
        {
            "flow.py": "X=[]\ndef dec(c):\n    def inner(n):\n        X.append(n)\n        return c()\n    return inner\n"
            "@dec\nclass G: pass\nD=G(2)\ndef f(): return X"
        },
    ),
    "lambda returned": (
        {"flow.py": "X=[]\ndef g(): return lambda n: X.append(n)\nD=g()(1)\ndef f(): return X"},
        {"flow.py": "X=[]\ndef g(): return lambda n: X.append(n)\nD=g()(2)\ndef f(): return X"},
    ),
    "lambda returned and bound": (
        {"flow.py": "X=[]\ndef g(): return lambda n: X.append(n)\nh=g()\nD=h(1)\ndef f(): return X"},
        {"flow.py": "X=[]\ndef g(): return lambda n: X.append(n)\nh=g()\nD=h(2)\ndef f(): return X"},
    ),
    "lambda returned and handed on": (
        {
            "flow.py": "X=[]\ndef g(): return lambda n: X.append(n)\nh=g()\nD=list(map(h,[1]))\ndef f(): return X"
        },
        {
            "flow.py": "X=[]\ndef g(): return lambda n: X.append(n)\nh=g()\nD=list(map(h,[2]))\ndef f(): return X"
        },
    ),
    "lambda handed on": (
        {"flow.py": "X=[]\ng=lambda n: X.append(n)\nD=list(map(g,[1]))\ndef f(): return X"},
        {"flow.py": "X=[]\ng=lambda n: X.append(n)\nD=list(map(g,[2]))\ndef f(): return X"},
    ),
    "lambda called": (
        {"flow.py": "X=[]\ng=lambda n: X.append(n)\nD=g(1)\ndef f(): return X"},
        {"flow.py": "X=[]\ng=lambda n: X.append(n)\nD=g(2)\ndef f(): return X"},
    ),
    "lambda in a list": (
        {"flow.py": "X=[]\ng=[lambda n: X.append(n)]\nD=g[0](1)\ndef f(): return X"},
        {"flow.py": "X=[]\ng=[lambda n: X.append(n)]\nD=g[0](2)\ndef f(): return X"},
    ),
    "lambda by a default": (
        {"flow.py": "X=[]\nh=lambda n: X.append(n)\ndef g(n,h=h): h(n)\nD=g(1)\ndef f(): return X"},
        {"flow.py": "X=[]\nh=lambda n: X.append(n)\ndef g(n,h=h): h(n)\nD=g(2)\ndef f(): return X"},
    ),
    "partial handed on": (
        {
            "flow.py": "from functools import partial\nX=[]\ndef h(n): X.append(n)\ng=partial(h)\n"
            "D=list(map(g,[1]))\ndef f(): return X"
        },
        {
            "flow.py": "from functools import partial\nX=[]\ndef h(n): X.append(n)\ng=partial(h)\n"
            "D=list(map(g,[2]))\ndef f(): return X"
        },
    ),
    "partial of a partial handed on": (
        {
            "flow.py": "from functools import partial\nX=[]\ndef h(m,n): X.append(n)\ng=partial(h)\n"
            "k=partial(g,1)\nD=list(map(k,[1]))\ndef f(): return X"
        },
        {
            "flow.py": "from functools import partial\nX=[]\ndef h(m,n): X.append(n)\ng=partial(h)\n"
            "k=partial(g,1)\nD=list(map(k,[2]))\ndef f(): return X"
        },
    ),
    "partial of a method handed on": (
        {
            "flow.py": "from functools import partial\nX=[]\ng=partial(X.append)\n"
            "D=list(map(g,[1]))\ndef f(): return X"
        },
        {
            "flow.py": "from functools import partial\nX=[]\ng=partial(X.append)\n"
            "D=list(map(g,[2]))\ndef f(): return X"
        },
    ),
    "recursion by another function": (
        {
            "flow.py": "X=[]\ndef a(n):\n    b(n)\n    X.append(n)\ndef b(n):\n    if n>9: a(n)\n"
            "A=a(1)\nB=b(10)\nC=b(99)\ndef f(): return X"
        },
        {
            "flow.py": "X=[]\ndef a(n):\n    b(n)\n    X.append(n)\ndef b(n):\n    if n>9: a(n)\n"
            "A=a(1)\nB=b(10)\nC=b(98)\ndef f(): return X"
        },
    ),
    "an iterator bound again": (
        {"flow.py": "X=iter([1,2,3])\nX=X\nA=max([next(X)])\nD=next(X)\ndef f(): return next(X)"},
        {"flow.py": "X=iter([1,2,3])\nX=X\nA=max([next(X)])\nD=1\ndef f(): return next(X)"},
    ),
    "with": (
        {
            "flow.py": "X=[]\nclass C:\n    def __enter__(self): X.append(1)\n    def __exit__(self,*a): pass\nwith C():\n    Y=1\ndef f(): return X"
        },
        {
            "flow.py": "X=[]\nclass C:\n    def __enter__(self): X.append(2)\n    def __exit__(self,*a): pass\nwith C():\n    Y=1\ndef f(): return X"
        },
    ),
    "lib obj": (
        {"flow.py": "X=[]\nD=[X.append(i) for i in (1,2)]\ndef f(): return X"},
        {"flow.py": "X=[]\nD=[X.append(i) for i in (1,3)]\ndef f(): return X"},
    ),
    "local call": (
        {"flow.py": "X=[]\nD=[g(1) for g in (X.append,)]\ndef f(): return X"},
        {"flow.py": "X=[]\nD=[g(2) for g in (X.append,)]\ndef f(): return X"},
    ),
    "local method": (
        {"flow.py": "X=[]\nD=[g.append(1) for g in (X,)]\ndef f(): return X"},
        {"flow.py": "X=[]\nD=[g.append(2) for g in (X,)]\ndef f(): return X"},
    ),
    "property": (
        {
            "flow.py": "X=[]\nclass A:\n    @property\n    def go(self): X.append(1)\nD=A().go\ndef f(): return X"
        },
        {
            "flow.py": "X=[]\nclass A:\n    @property\n    def go(self): X.append(2)\nD=A().go\ndef f(): return X"
        },
    ),
    "for target attr": (
        {"flow.py": "class A: pass\nfor A.x in (1,2): pass\ndef f(): return A.x"},
        {"flow.py": "class A: pass\nfor A.x in (1,3): pass\ndef f(): return A.x"},
    ),
    "sorted key": (
        {"flow.py": "X=[]\nD=sorted([1],key=X.append)\ndef f(): return X"},
        {"flow.py": "X=[]\nD=sorted([2],key=X.append)\ndef f(): return X"},
    ),
    "map append": (
        {"flow.py": "X=[]\nD=list(map(X.append,[1]))\ndef f(): return X"},
        {"flow.py": "X=[]\nD=list(map(X.append,[2]))\ndef f(): return X"},
    ),
    "decorator lambda": (
        {"flow.py": "X=[]\n@(lambda g: X.append(1) or g)\ndef h(): pass\ndef f(): return X"},
        {"flow.py": "X=[]\n@(lambda g: X.append(2) or g)\ndef h(): pass\ndef f(): return X"},
    ),
    "class body": (
        {"flow.py": "X=[]\nclass A:\n    X.append(1)\ndef f(): return X"},
        {"flow.py": "X=[]\nclass A:\n    X.append(2)\ndef f(): return X"},
    ),
    "pass function then called by lib": (
        {
            "flow.py": "import functools\nX=[]\ndef g(a,b): X.append(1)\nD=functools.reduce(g,[1,2])\ndef f(): return X"
        },
        {
            "flow.py": "import functools\nX=[]\ndef g(a,b): X.append(2)\nD=functools.reduce(g,[1,2])\ndef f(): return X"
        },
    ),
    "str.format map": (
        {"flow.py": "NAME='x'\ndef f(): return f'{NAME}'"},
        {"flow.py": "NAME='y'\ndef f(): return f'{NAME}'"},
    ),
    "star arg": (
        {"flow.py": "A=(1,2)\ndef f(): return max(*A)"},
        {"flow.py": "A=(1,3)\ndef f(): return max(*A)"},
    ),
    "del": (
        {"flow.py": "from shop.m import *\nX=1\ndel X\ndef f(): return X", "m.py": "X=5"},
        {"m.py": "X=6"},
    ),
    "except name": (
        {"flow.py": "try:\n    1/0\nexcept ZeroDivisionError as e:\n    M=str(e)\ndef f(): return M"},
        {"flow.py": "try:\n    1/0\nexcept ZeroDivisionError as e:\n    M=str(e)+'x'\ndef f(): return M"},
    ),
    "type: dataclass default": (
        {
            "flow.py": "from shop.m import K\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = K\ndef f(): return A()",
            "m.py": "K=1",
        },
        {"m.py": "K=2"},
    ),
    "pkg init effect": (
        {
            "flow.py": "from shop.p.m import X\ndef f(): return X",
            "p/__init__.py": "from shop.p.m import X\nX.append(1)",
            "p/m.py": "X=[]",
        },
        {"p/__init__.py": "from shop.p.m import X\nX.append(2)"},
    ),
    "future": (
        {
            "flow.py": "from __future__ import annotations\ndef g(x: int): ...\ndef f(): return g.__annotations__"
        },
        {"flow.py": "def g(x: int): ...\ndef f(): return g.__annotations__"},
    ),
    "async/yield": (
        {"flow.py": "K=1\ndef g():\n    yield K\ndef f(): return list(g())"},
        {"flow.py": "K=2\ndef g():\n    yield K\ndef f(): return list(g())"},
    ),
    "nonlocal": (
        {
            "flow.py": "K=1\ndef f():\n    x=0\n    def g():\n        nonlocal x\n        x=K\n    g()\n    return x"
        },
        {
            "flow.py": "K=2\ndef f():\n    x=0\n    def g():\n        nonlocal x\n        x=K\n    g()\n    return x"
        },
    ),
    "class scope hides not methods": (
        {"flow.py": "K=1\nclass A:\n    K=5\n    def m(self): return K\ndef f(): return A().m()"},
        {"flow.py": "K=2\nclass A:\n    K=5\n    def m(self): return K\ndef f(): return A().m()"},
    ),
    "comprehension first iter": (
        {"flow.py": "x=[1]\ndef f(): return [x for x in x]"},
        {"flow.py": "x=[2]\ndef f(): return [x for x in x]"},
    ),
    "locals inside class in function": (
        {"flow.py": "K=1\ndef f():\n    class A:\n        K=K\n    return A.K"},
        {"flow.py": "K=2\ndef f():\n    class A:\n        K=K\n    return A.K"},
    ),
    "class of the name of its base": (
        {
            "flow.py": "from shop.m import A\nclass A(A): pass\ndef f(): return A.k",
            "m.py": "class A:\n    k=1",
        },
        {"m.py": "class A:\n    k=2"},
    ),
    "class of the name of a base above": (
        {
            "flow.py": "from shop.m import A\nclass B(A): pass\nclass A(B): X=1\ndef f(): return A.X",
            "m.py": "import enum\nclass A(enum.Enum): pass",
        },
        {"m.py": "class A: pass"},
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_hidden_effect_is_seen(name):
    files, edit = EDITS[name]
    before, after = reach(of(files), "flow", "f"), reach(of({**files, **edit}), "flow", "f")

    assert before.digest != after.digest
    assert changed(before.symbols, after.symbols)
