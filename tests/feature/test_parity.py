"""Generated feature functions over generated rows: tables answer what Python answers, to the bit.

An exception is an answer too: the same type, the same words, on the same first row.
"""

import functools
import linecache
import math
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fullcycle as fc
from feature_parity import alike


class Seen(fc.Row):
    i: int
    j: int
    x: float
    y: float
    b: bool
    c: Literal["red", "green", "blue"]
    s: str
    d: date
    t: datetime
    m: float | None
    k: int | None


class One(fc.Row):
    out: float | None


class Whole(fc.Row):
    out: int | None


class Truth(fc.Row):
    out: bool


class Word(fc.Row):
    out: str | None


INTS = (
    st.integers(-5, 5)
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**31, 3037000500])
)
FLOATS = (
    st.sampled_from(
        [0.0, -0.0, 1.0, -1.0, 0.5, 0.1, 3.0, 1e308, -1e308, 5e-324, 2.0**53, math.inf, -math.inf]
    )
    | st.floats(-10, 10)
    | st.floats(allow_nan=True)
)
ROWS = st.builds(
    Seen,
    i=INTS,
    j=INTS,
    x=FLOATS,
    y=FLOATS,
    b=st.booleans(),
    c=st.sampled_from(["red", "green", "blue"]),
    s=st.text(max_size=5) | st.sampled_from(["", "Straße", "ǅ", "12", " a b ", "İ"]),
    d=st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    t=st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),
    m=st.none() | FLOATS,
    k=st.none() | INTS,
)

number = st.deferred(lambda: numbers)
truth = st.deferred(lambda: truths)
word = st.deferred(lambda: words)


def joined(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda filled: template.format(*filled))


LEAVES = st.sampled_from(
    [
        *(
            "r.i",
            "r.j",
            "r.x",
            "r.y",
            "r.b",
            "0",
            "1",
            "-1",
            "3",
            "2.5",
            "0.1",
            "3.0",
            "1e300",
            "2**53",
            "PI",
        ),
        *("r.d.year", "r.d.month", "r.d.weekday()", "r.t.hour", "r.d.toordinal()", "len(r.s)", "len(r.c)"),
        *("(r.m if r.m is not None else 0.5)", "(r.k if r.k is not None else 2)", "(r.m or 1.0)"),
        *("WEIGHTS[r.c]", "WEIGHTS.get(r.s, 7)", "helper(r.x, r.i)", "(0.0 if r.k is None else r.k / 3)"),
        *("fc.dot([r.x, r.y], [r.y, 2.0])", "sum([r.i, r.x])", "(r.t.date() - r.d).days", "[r.x, r.y][1]"),
    ]
)
numbers = (
    LEAVES
    | st.tuples(st.sampled_from(["+", "-", "*", "/", "//", "%"]), number, number).map(
        lambda p: f"({p[1]} {p[0]} {p[2]})"
    )
    | joined("({} if {} else {})", number, truth, number)
    | joined("(-{})", number)
    | joined("max({}, {})", number, number)
    | joined("min({}, {}, {})", number, number, number)
    | st.tuples(
        st.sampled_from(
            [
                *("abs", "round", "int", "float", "bool", "math.log1p", "math.sqrt", "math.floor"),
                *("math.exp", "math.log", "math.ceil", "math.fabs", "math.tanh", "math.trunc"),
            ]
        ),
        number,
    ).map(lambda p: f"{p[0]}({p[1]})")
    | joined("({} and {})", number, number)
    | joined("({} or {})", number, number)
    | joined("({} ** 2)", LEAVES)
    | joined("round({}, 2)", number)
    | joined("helper({}, {})", number, number)
)
truths = (
    st.sampled_from(
        [
            "r.b",
            "r.m is None",
            "r.k is not None",
            "r.s.isdigit()",
            "r.c in ('red', 'blue')",
            "r.i in (1, 2, 3)",
        ]
    )
    | st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), number, number).map(
        lambda p: f"({p[1]} {p[0]} {p[2]})"
    )
    | joined("({} < {} <= {})", number, number, number)
    | joined("(not {})", truth)
    | joined("({} and {})", truth, truth)
    | joined("({} or {})", truth, truth)
    | joined("({} == {})", word, word)
    | joined("({} < {})", word, word)
    | joined("math.isnan({})", number)
)
words = (
    st.sampled_from(["r.c", "r.s", "'red'", "''", "r.d.isoformat()", "str(r.i)"])
    | joined("{}.upper()", word)
    | joined("{}.strip()", word)
    | joined("{}.title()", word)
    | joined("{}.replace('e', 'é')", word)
    | joined("({} + {})", word, word)
    | joined("{}[:2]", word)
    | joined("{}[0]", word)
    | joined("({} if {} else {})", word, truth, word)
    | joined(
        "f'{{{}}}-{{{}:.3}}'", st.sampled_from(["r.i", "r.c", "r.b"]), st.sampled_from(["r.x", "r.y", "r.s"])
    )
    | joined("str({})", number)
)

PREAMBLE = """
PI = math.pi
WEIGHTS = {"red": 1, "green": 2.5}

def helper(a, b):
    if a > 1:
        scaled = a * 0.1
    elif b == 0:
        return b
    else:
        scaled = a - b
    scaled += 1
    return scaled if scaled != 2 else a

"""
_NUMBER = count()


@functools.cache
def function(body: str, made: str) -> fc.features:  # type: ignore[valid-type]
    """A feature set of this body, in a module of its own as the loader makes it."""
    text = f"{PREAMBLE}\n@fc.features\ndef made(r: Seen) -> {made}:\n{body}\n"
    path = f"<generated {next(_NUMBER)}>"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    names: dict[str, Any] = {
        "math": math,
        "fc": fc,
        "Seen": Seen,
        made: globals()[made],
        "__name__": "generated",
    }
    exec(compile(text, path, "exec", dont_inherit=True), names)
    return names["made"]


EXAMPLES = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
TABLES = st.lists(ROWS, min_size=1, max_size=6)


@EXAMPLES
@given(number, TABLES)
def test_numbers(expression, rows):
    alike(function(f"    return One(float({expression}))", "One"), rows, Seen)


@EXAMPLES
@given(truth, TABLES)
def test_truths(expression, rows):
    alike(function(f"    return Truth(bool({expression}))", "Truth"), rows, Seen)


@EXAMPLES
@given(word, TABLES)
def test_words(expression, rows):
    alike(function(f"    return Word({expression})", "Word"), rows, Seen)


STATEMENTS = st.deferred(lambda: statement)
simple = (
    joined("a = {}", number)
    | joined("a += {}", number)
    | joined("b = {}", number)
    | joined("return One(float(a + {}))", number)
    | joined("assert {}", truth)
    | st.just("return One(None)")
    | st.just("raise ValueError('no')")
)


def indented(lines: str) -> str:
    return "\n".join("    " + line for line in lines.split("\n"))


statement = simple | st.tuples(
    truth, st.lists(STATEMENTS, min_size=1, max_size=3), st.lists(STATEMENTS, max_size=2)
).map(
    lambda p: (
        f"if {p[0]}:\n"
        + "\n".join(map(indented, p[1]))
        + ("\nelse:\n" + "\n".join(map(indented, p[2])) if p[2] else "")
    )
)


@EXAMPLES
@given(st.lists(statement, min_size=1, max_size=4), TABLES)
def test_statements(statements, rows):
    body = indented("\n".join(["a = r.x", *statements, "return One(float(a + b))"]))
    alike(function(body, "One"), rows, Seen)


@pytest.mark.parametrize(
    "expression",
    [
        "1.0 // r.x",
        "r.x % r.y",
        "r.x / 3",
        "r.x // 0.1",
        "r.i // r.j",
        "r.i % r.j",
        "r.i * r.j",
        "r.i + r.j",
        "-r.i",
        "abs(r.i)",
        "r.i / r.j",
        "r.i == r.x",
        "r.i < r.y",
        "r.x ** 2",
        "r.x ** r.y",
        "r.x - r.x",
        "r.x * 0.0",
        "math.log1p(r.x)",
        "math.log(r.x, 2)",
        "max(r.x, r.y)",
        "min(r.x, r.y)",
        "max(0.0, r.x)",
        "max(0, r.x)",
        "round(r.x)",
        "round(r.x, 1)",
        "int(r.x)",
        "fc.dot([r.x, r.y, 1.0], [r.y, r.x, 0.1])",
        "sum(v * v for v in [r.x, r.y])",
        "(lambda v: v + 1)(r.x)",
    ],
)
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=12))
def test_operations_that_are_easily_wrong(expression, rows):
    alike(function(f"    return One(float({expression}))", "One"), rows, Seen)


@pytest.mark.parametrize(
    ("expression", "i", "x"),
    [
        ("r.i == r.x", 2**53 + 1, 2.0**53),
        ("r.i <= r.x", 2**53 + 1, 2.0**53),
        ("r.i < 9007199254740993.0", 2**53, 0.0),
        ("r.i / 3", 2**53 + 1, 0.0),
        ("int(r.x) > 0", 0, 1e19),
        ("int(r.x) - 1", 0, 9.3e18),
        ("round(r.x) == 2", 0, 2.5),
        ("round(r.x)", 0, math.nan),
        ("r.i * r.i", 3037000500, 0.0),
        ("r.i // -1", -(2**63), 0.0),
        ("r.i % -1", -(2**63), 0.0),
        ("-r.i", -(2**63), 0.0),
        ("abs(r.i)", -(2**63), 0.0),
        ("r.x // 0.1", 0, 1.0),
        ("r.x % -3.0", 0, 0.0),
        ("r.x % math.inf", 0, -1.0),
        ("max(r.x, 0.0)", 0, -0.0),
        ("min(0.0, r.x)", 0, -0.0),
        ("max(r.x, 1.0)", 0, math.nan),
        ("max(1.0, r.x)", 0, math.nan),
        ("r.x * 0", 0, -1.0),
        ("math.sqrt(r.x)", 0, -0.0),
        ("math.sqrt(r.i)", 2**62, 0.0),
        ("math.log1p(r.x)", 0, -1.0),
        ("math.exp(r.x)", 0, 710.0),
        ("0 / r.i", -5, 0.0),
        ("True + r.b", 0, 0.0),
        ("r.x and 3", 0, math.nan),
    ],
)
def test_values_that_are_easily_wrong(expression, i, x):
    rows = [
        Seen(i, 1, x, 0.5, True, "red", "", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), None, None)
    ]

    for beside in ([], [msgspec.structs.replace(rows[0], i=1, x=1.0)]):
        alike(function(f"    return One(float({expression}))", "One"), beside + rows, Seen)
