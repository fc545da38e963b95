# ruff: noqa: E501 - a table is read by its rows
"""A small project in which code reaches code in every way, and a table of edits of it.

Each edit names the steps that must run again; all others must not.
"""

from textwrap import dedent

from fullcycle.code import Archive, reach, reaching, recollection
from fullcycle.code import module as modules
from small_projects import of

FILES = {
    "flow.py": '''
        """What the shop does."""

        import functools
        from typing import TYPE_CHECKING

        import fullcycle as fc

        from shop import library
        from shop.library import euro
        from shop.library import stats as st
        from shop.library.rates import *
        from shop.library.stats import scale as grow, shift as move
        from .rules import BONUS, Member, Tagged

        if TYPE_CHECKING:
            from shop.library.types import Table

        try:
            from shop.fast import total
        except ImportError:
            from shop.library.slow import total

        try:
            import shop.extra
            EXTRA = 1
        except ImportError:
            EXTRA = 2

        half = functools.partial(st.scale, factor=0.5)
        twice = lambda x: st.scale(x, factor=2)  # noqa: E731
        WEIGHTS = {"a": 1, "b": 2}
        LIMIT: int = 10
        UNUSED = 7


        @fc.step
        def past(clients: int) -> int:
            """The past."""
            # as it was
            return clients + 1


        @fc.step
        def priced(past: int) -> float:
            return euro(past)


        @fc.step
        def ruled(past: int, *, level: int = 3) -> float:
            return Member(level).apply(past) + BONUS


        @fc.step
        def halved(priced: float) -> float:
            return half(priced)


        @fc.step
        def doubled(priced: float) -> float:
            return twice(priced)


        @fc.step
        def totalled(ruled: float) -> list[float]:
            return [total(x) for x in range(LIMIT)]


        @fc.step
        def starred(past: int) -> float:
            return past * VAT


        @fc.step
        def weighed(past: int) -> float:
            def inner(name: str) -> int:
                LIMIT = 3
                return WEIGHTS[name] + LIMIT
            return sum(map(inner, sorted(WEIGHTS)))


        @fc.step
        def tagged(past: int) -> int:
            return Tagged.TAGS["x"]


        @fc.step
        def parity(past: int) -> bool:
            return library.parity.even(past)


        @fc.step
        def listed(past: int) -> int:
            from shop.library.plugins import PLUGINS
            return sum(plugin(past) for plugin in PLUGINS)


        @fc.step
        def checked(past: int) -> int:
            return traced(past)


        @fc.step
        def tried(past: int) -> int:
            return past + EXTRA


        @fc.step
        def chained(past: int) -> int:
            return grow(move(past, 1), 2)


        @fc.step
        def taxed(past: int) -> float:
            return past * ECO


        def timed(function):
            @functools.wraps(function)
            def inner(*args):
                return function(*args)
            return inner


        def thrice(function):
            def inner(x):
                return 3 * function(x)
            return inner


        @timed
        @thrice
        def traced(x: int) -> int:
            return x
    ''',
    "rules.py": """
        from dataclasses import dataclass, field

        BONUS = 5
        PENALTY = 6


        class Rule:
            kind = "rule"

            def __init__(self, level=1):
                self.level = level

            def apply(self, x):
                return x * self.level * self.share()

            def share(self):
                return 1


        class Member(Rule):
            def share(self):
                return 2


        def tag(cls):
            cls.TAGS = {"x": len(cls.__name__)}
            return cls


        @tag
        class Tagged:
            pass
    """,
    "library/__init__.py": """
        from shop.library.money import euro as euro
        from . import parity
    """,
    "library/money.py": """
        from shop.library.rounding import to_cents

        RATE = 1.1


        def euro(x, rate=RATE):
            return to_cents(x * rate)


        def dollar(x):
            return x
    """,
    "library/rounding.py": """
        DIGITS = 2


        def to_cents(x):
            return _round(x, DIGITS)


        def _round(x, digits):
            return round(x, digits)
    """,
    "library/stats.py": """
        def scale(x, factor):
            return x * factor


        def shift(x, by):
            return x + by
    """,
    "library/rates.py": """
        from shop.library.taxes import *

        VAT = 0.19
        DUTY = 0.05
        _HIDDEN = 1
    """,
    "library/taxes.py": """
        ECO = 0.01
    """,
    "library/slow.py": """
        def total(x, by=1, *, off=0):
            return x + by + off
    """,
    "library/types.py": """
        Table = list
    """,
    "library/parity.py": """
        def even(n):
            return n == 0 or odd(n - 1)


        def odd(n):
            return n != 0 and even(n - 1)


        def third(n):
            return n % 3
    """,
    "library/plugins.py": """
        PLUGINS = []


        def register(function):
            PLUGINS.append(function)
            return function


        @register
        def add(x):
            return x + 1


        from shop.library import more
    """,
    "library/more.py": """
        from shop.library.plugins import PLUGINS

        FACTOR = 2
        OTHER = 3
        PLUGINS.append(lambda x: x * FACTOR)
    """,
    "README.md": "A shop.",
}
STEPS = [
    "past",
    "priced",
    "ruled",
    "halved",
    "doubled",
    "totalled",
    "starred",
    "weighed",
    "tagged",
    "parity",
    "listed",
    "checked",
    "tried",
    "chained",
    "taxed",
]
ALL = frozenset(STEPS)
NONE: frozenset[str] = frozenset()

EDITS: dict[str, tuple[str, str, str, str | frozenset[str]]] = {
    # path, what is there, what it becomes, which steps must run again
    "a step itself": ("flow.py", "clients + 1", "clients + 2", "past"),
    "a step's default": ("flow.py", "level: int = 3", "level: int = 4", "ruled"),
    "a step's decorator": ("flow.py", "@fc.step\ndef past", "@fc.step(volatile=True)\ndef past", "past"),
    "a default of a helper": ("library/slow.py", "by=1", "by=2", "totalled"),
    "a keyword default of a helper": ("library/slow.py", "off=0", "off=1", "totalled"),
    "a weight that becomes a float": ("flow.py", '"a": 1', '"a": 1.0', "weighed"),
    "a module that is tried appears": ("extra.py", "", "# nothing", "tried"),
    "two names change places": ("flow.py", "scale as grow, shift as move", "shift as grow, scale as move", "chained"),
    "a constant through two stars": ("library/taxes.py", "ECO = 0.01", "ECO = 0.02", "taxed"),
    "a helper": ("library/money.py", "x * rate", "x * rate * 1", "priced"),
    "a helper's default": ("library/money.py", "rate=RATE", "rate=1.2", "priced"),
    "a constant of a default": ("library/money.py", "RATE = 1.1", "RATE = 1.2", "priced"),
    "a helper of a helper": ("library/rounding.py", "_round(x, DIGITS)", "_round(x, 0)", "priced"),
    "a helper of a helper of a helper": ("library/rounding.py", "return round(x, digits)", "return x", "priced"),
    "a constant two modules away": ("library/rounding.py", "DIGITS = 2", "DIGITS = 3", "priced"),
    "an int that becomes a float": ("library/rounding.py", "DIGITS = 2", "DIGITS = 2.0", "priced"),
    "an int that becomes a bool": ("flow.py", "LIMIT: int = 10", "LIMIT: int = True", "totalled"),
    "a re-export": ("library/__init__.py", "money import euro as euro", "money import dollar as euro", "priced"),
    "a partial": ("flow.py", "factor=0.5", "factor=0.4", "halved"),
    "a lambda": ("flow.py", "factor=2)", "factor=3)", "doubled"),
    "what partial and lambda call": ("library/stats.py", "x * factor", "factor * x", "halved doubled chained"),
    "another function of a module's alias": ("flow.py", "st.scale, factor=0.5", "st.shift, by=0.5", "halved"),
    "a method": ("rules.py", "x * self.level", "self.level * x", "ruled"),
    "a class attribute": ("rules.py", 'kind = "rule"', 'kind = "member"', "ruled"),
    "a method that overrides": ("rules.py", "return 2", "return 3", "ruled"),
    "a method that is overridden": ("rules.py", "return 1", "return 4", "ruled"),
    "a base class": ("rules.py", "class Member(Rule)", "class Member(Rule, dict)", "ruled"),
    "an imported constant": ("rules.py", "BONUS = 5", "BONUS = 7", "ruled"),
    "a class decorator": ("rules.py", "len(cls.__name__)", "0", "tagged"),
    "a decorator is taken away": ("rules.py", "@tag\n", "", "tagged"),
    "a decorator's wrapper": ("flow.py", "return function(*args)", "return function(*args) + 1", "checked"),
    "two decorators change places": ("flow.py", "@timed\n@thrice", "@thrice\n@timed", "checked"),
    "what a decorator wraps": ("flow.py", "    return x\n", "    return x + 1\n", "checked"),
    "an annotation that a decorator may ask for": ("flow.py", "traced(x: int)", "traced(x: float)", "checked"),
    "a conditional import's fallback": ("library/slow.py", "x + by", "x - by", "totalled"),
    "a conditional import's first choice appears": ("fast.py", "", "def total(x): return 0", "totalled"),
    "a comprehension's constant": ("flow.py", "LIMIT: int = 10", "LIMIT: int = 11", "totalled"),
    "a constant through a star": ("library/rates.py", "VAT = 0.19", "VAT = 0.2", "starred"),
    "a local hides a global": ("flow.py", "LIMIT = 3", "LIMIT = 4", "weighed"),
    "a nested function's global": ("flow.py", '"b": 2', '"b": 3', "weighed"),
    "mutual recursion": ("library/parity.py", "n != 0 and", "n > 0 and", "parity"),
    "a module's function through the package": ("library/parity.py", "n == 0 or", "n < 1 or", "parity"),
    "a registered function": ("library/plugins.py", "x + 1", "x + 2", "listed"),
    "a registration that is taken away": ("library/plugins.py", "@register\n", "", "listed"),
    "a mutation from another module": ("library/more.py", "x * FACTOR", "x + FACTOR", "listed"),
    "a constant of what was registered": ("library/more.py", "FACTOR = 2", "FACTOR = 4", "listed"),
    "an initial value of a registry": ("library/plugins.py", "PLUGINS = []", "PLUGINS = [abs]", "listed"),
    "a constant bound again below": ("rules.py", "PENALTY = 6", "BONUS = 6", "ruled"),
    "a builtin is hidden": ("library/rounding.py", "DIGITS = 2", "DIGITS = 2\nround = max", "priced"),
    "a builtin is hidden by a star": ("library/rates.py", "DUTY = 0.05", "sum = max", "weighed listed"),
    "a statement that acts in a module of every step": ("flow.py", "UNUSED = 7", "print(7)", ALL),
    "a setting of a library": ("rules.py", "PENALTY = 6", "import decimal\ndecimal.getcontext().prec = 3", ALL),
    "a setting hidden in an assignment": ("rules.py", "PENALTY = 6", "import numpy\nP = numpy.seterr(all='raise')", ALL),
    "an attribute set on another module": ("rules.py", "PENALTY = 6", "from shop.library import slow\nslow.X = 1", ALL),
    "a library is asked": ("library/stats.py", "def scale(x, factor):\n    return x", "import polars\n\n\ndef scale(x, factor):\n    return polars.lit(x)", "halved doubled chained"),
    # and what is nobody's affair
    "a comment": ("flow.py", "# as it was", "# as it will be", NONE),
    "a docstring": ("flow.py", "The past.", "The long past.", NONE),
    "a docstring is taken away": ("flow.py", '"""The past."""', "", NONE),
    "a module's docstring": ("flow.py", "What the shop does.", "What is done.", NONE),
    "formatting": ("flow.py", "def past(clients: int) -> int:", "def past(\n    clients: int,\n) -> int:", NONE),
    "quotes and brackets": ("flow.py", '{"a": 1, "b": 2}', "({'a': 1,\n 'b': (2)})", NONE),
    "blank lines above": ("library/rounding.py", "def to_cents", "\n\n\n\ndef to_cents", NONE),
    "a pass": ("library/stats.py", "    return x * factor", "    pass\n    return x * factor", NONE),
    "an unreached function": ("library/money.py", "def dollar(x):\n    return x", "def dollar(x):\n    return x + 1", NONE),
    "an unreached constant": ("flow.py", "UNUSED = 7", "UNUSED = 8", NONE),
    "an unreached constant of a reached module": ("rules.py", "PENALTY = 6", "PENALTY = 7", NONE),
    "an unreached constant behind a star": ("library/rates.py", "DUTY = 0.05", "DUTY = 0.06", NONE),
    "an unreached function is new": ("library/parity.py", "def third", "def fourth(n): return n % 4\n\n\ndef third", NONE),
    "an unreached import": ("rules.py", "PENALTY = 6", "PENALTY = 6\nimport json", NONE),
    "an unreached module": ("library/other.py", "", "X = 1", NONE),
    "an unreached registration's neighbour": ("library/more.py", "OTHER = 3", "OTHER = 4", NONE),
    "a helper's annotation": ("library/stats.py", "def scale(x, factor):", "def scale(x: int, factor: float) -> float:", "halved"),
    "an annotation of a function that is only called": ("library/rounding.py", "_round(x, digits)", "_round(x: 'A', digits)", NONE),
    "an annotation of a constant": ("flow.py", "LIMIT: int = 10", "LIMIT: 'float' = 10", NONE),
    "an annotation of a local": ("flow.py", "LIMIT = 3", "LIMIT: int = 3", NONE),
    "what only a type checker imports": ("library/types.py", "Table = list", "Table = dict", NONE),
    "a function moves": ("library/parity.py", "def third", "def even_more(): ...\n\n\ndef third", NONE),
    "what runs only as a script": ("rules.py", "PENALTY = 6", 'if __name__ == "__main__":\n    print(1)', NONE),
    "text beside the code": ("README.md", "A shop.", "The shop.", NONE),
    "an unreached library": ("flow.py", "UNUSED = 7", "import polars\nUNUSED = 7", NONE),
}  # fmt: skip


def sources() -> dict[str, str]:
    return {path: dedent(text) for path, text in FILES.items()}


def edited(path: str, old: str, new: str) -> Archive:
    """The project with the first occurrence of ``old`` replaced."""
    files = sources()
    text = files.get(path, "")
    assert old in text, f"{old!r} is not in {path}"
    at = text.index(old)
    before = text[:at]
    indent = len(before) - len(before.rstrip(" ")) if before.rstrip(" ").endswith("\n") else 0
    files[path] = before + new.replace("\n", "\n" + " " * indent) + text[at + len(old) :]
    return of(files)


def digests(archive: Archive) -> dict[str, str]:
    return {step: reach(archive, "flow", step).digest for step in STEPS}


def steps_of(expected: str | frozenset[str]) -> frozenset[str]:
    return frozenset(expected.split()) if isinstance(expected, str) else expected


def forget_everything() -> None:
    """Empty the caches of the digester, as in a new process."""
    for cached in (modules.read_module, reaching._found, reaching._opened, recollection._kept):
        cached.cache_clear()
