"""Checking a table against its contract in one pass; rows are fetched only where a rule is broken."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

import polars as pl

from fullcycle.data.columns import accepts
from fullcycle.data.contract import Field, fields
from fullcycle.data.report import MASK, Problem, Report
from fullcycle.data.row import Row

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class _Rule:
    """``broken`` is true where a row breaks the rule, never null."""

    field: str
    says: str
    broken: pl.Expr


def check(frame: pl.DataFrame, contract: type[Row], *, table: str) -> Report:
    """Hold every row of ``frame`` against ``contract``.

    Looks for absent columns, other dtypes, missing values, NaN, values out of bounds or
    among no choices, text that does not match, lengths, and rows that repeat a key (with
    its time, where the contract has one). Columns that the contract does not name are
    left alone. ``table`` is what the report calls the table.
    """
    declared = fields(contract)
    absent, present = _columns(frame, declared)
    rules = [rule for field in present for rule in _rules(field, frame.schema[field.name])]
    rules += _key_rule(declared, frame)
    counts = frame.select(rule.broken.sum().alias(str(i)) for i, rule in enumerate(rules)) if rules else None
    broken = [
        Problem(rule.field, rule.says, count, _examples(frame, rule, declared))
        for rule, count in zip(rules, counts.row(0) if counts is not None else (), strict=True)
        if count
    ]
    return Report(table, frame.height, frame.height, (*absent, *broken))


def bad_columns(frame: pl.DataFrame, contract: type[Row]) -> list[Problem]:
    """What is wrong with the columns themselves: absent, or of a dtype that cannot hold the field."""
    return _columns(frame, fields(contract))[0]


def bad_rows(
    frame: pl.DataFrame, contract: type[Row], *, most: int, given: pl.DataFrame | None = None
) -> tuple[list[tuple[int, str, str]], int]:
    """Each row and field that breaks a rule, and which, at most ``most``; and how many there are.

    Rows are requests, each by itself: a key may come twice. ``given`` is the table as text, whose
    values in ``frame`` are null where they could not be read.
    """
    present = [field for field in fields(contract) if field.name in frame.columns]
    rules = [rule for field in present for rule in _rules(field, frame.schema[field.name])]
    if given is not None:
        frame, rules = _with_text(frame, given, present, rules)
    if not rules:
        return [], 0
    counts = frame.select(rule.broken.sum().alias(str(i)) for i, rule in enumerate(rules)).row(0)
    broken = [rule for rule, count in zip(rules, counts, strict=True) if count]
    found = [
        (row, rule.field, rule.says)
        for rule in broken
        for row in frame.select(rule.broken.arg_true().head(most)).to_series()
    ]
    return sorted(found)[:most], sum(counts)


def _with_text(
    frame: pl.DataFrame, given: pl.DataFrame, present: list[Field], rules: list[_Rule]
) -> tuple[pl.DataFrame, list[_Rule]]:
    """The table beside the text that it was read from, and the rule that all of it could be read."""
    texts = given.rename({name: f"text of {name}" for name in given.columns})
    unread = {
        field.name: pl.col(f"text of {field.name}").is_not_null() & pl.col(field.name).is_null()
        for field in present
    }
    told = [
        _Rule(field.name, f"it cannot be read as {field.type_name}", unread[field.name]) for field in present
    ]
    others = [replace(rule, broken=rule.broken & ~unread[rule.field]) for rule in rules]
    return frame.hstack(texts), [*told, *others]


def _columns(frame: pl.DataFrame, declared: tuple[Field, ...]) -> tuple[list[Problem], list[Field]]:
    """What is wrong with the columns themselves, and the fields whose rows can be looked at."""
    problems: list[Problem] = []
    present: list[Field] = []
    unclaimed = set(frame.columns) - {field.name for field in declared}
    for field in declared:
        dtype = frame.schema.get(field.name)
        if dtype is None:
            if field.required:
                near = get_close_matches(field.name, sorted(unclaimed), n=1, cutoff=0.6)
                hint = f"; did you mean its column {near[0]!r}?" if near else ""
                problems.append(Problem(field.name, f"the table has no such column{hint}", frame.height))
        elif not accepts(field, dtype):
            says = f"is {dtype}, the contract says {field.type_name}: cast it in the query"
            problems.append(Problem(field.name, says, frame.height))
        else:
            present.append(field)
    return problems, present


def _rules(field: Field, dtype: pl.DataType) -> Iterator[_Rule]:
    """The rules that the rows of one column must keep."""
    column = pl.col(field.name)

    def rule(says: str, broken: pl.Expr) -> _Rule:
        return _Rule(field.name, says, broken.fill_null(False))

    if not field.optional:
        yield rule("a value is missing", column.is_null())
    if dtype.is_float():
        yield rule("NaN is no value", column.is_nan())
    if field.item is not None and dtype != pl.Null:
        yield from (rule(says, broken) for says, broken in _list_rules(field, dtype))
    if field.type is int and dtype not in (pl.Null, pl.Int64):
        yield rule(
            "a value is beyond 64 bits", column.is_not_null() & column.cast(pl.Int64, strict=False).is_null()
        )
    number = column.is_not_nan() if dtype.is_float() else pl.lit(True)
    if field.low is not None:
        yield rule(f"a value is below {field.low:,}", number & (column < field.low))
    if field.high is not None:
        yield rule(f"a value is above {field.high:,}", number & (column > field.high))
    text = column.cast(pl.String) if field.type is str else column
    if field.choices is not None:
        shown = ", ".join(repr(choice) for choice in field.choices)
        yield rule(f"a value is none of {shown}", ~text.is_in(list(field.choices)))
    if field.pattern is not None:
        yield rule(f"a value does not match {field.pattern!r}", _unlike(text, field.pattern))
    if field.length is not None and field.type is str:
        yield rule(f"a value is not {field.length} characters long", text.str.len_chars() != field.length)


def _list_rules(field: Field, dtype: pl.DataType) -> Iterator[tuple[str, pl.Expr]]:
    column = pl.col(field.name)
    lists = column.arr.to_list() if isinstance(dtype, pl.Array) else column
    yield "a value within it is missing", lists.list.eval(pl.element().is_null()).list.any()
    if isinstance(dtype, pl.List | pl.Array) and dtype.inner.is_float():
        yield "NaN within it is no value", lists.list.eval(pl.element().is_nan()).list.any()
    if field.length is not None:
        yield f"it does not hold {field.length} values", lists.list.len() != field.length


def _unlike(text: pl.Expr, pattern: str) -> pl.Expr:
    """Where ``pattern`` is not found, by Python's own rules, which requests are held to as well."""
    search = re.compile(pattern).search

    def unlike(values: pl.Series) -> pl.Series:
        return values.is_in([value for value in values.unique() if value is not None and not search(value)])

    return text.map_batches(unlike, return_dtype=pl.Boolean())


def _key_rule(declared: tuple[Field, ...], frame: pl.DataFrame) -> list[_Rule]:
    """Rows must not repeat a key; where the contract has a time, a key and a time."""
    names = [field.name for field in declared if field.key]
    if not names or any(name not in frame.columns for name in names):
        return []
    names += [field.name for field in declared if field.time and field.name in frame.columns]
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    one = pl.col(names[0]) if len(names) == 1 else pl.struct(names)
    return [_Rule(" and ".join(names), "more than one row has the same", known & one.is_duplicated())]


def _examples(frame: pl.DataFrame, rule: _Rule, declared: tuple[Field, ...]) -> tuple[dict[str, object], ...]:
    """Up to five of the rows that break a rule: number, key, time and the field, personal ones masked."""
    asked = rule.field.split(" and ")
    shown = [f for f in declared if (f.key or f.time or f.name in asked) and f.name in frame.columns]
    rows = frame.select(
        pl.int_range(pl.len()).alias("row"),
        rule.broken.alias("broken"),
        *(pl.col(field.name).alias(f"field {field.name}") for field in shown),
    )
    found = rows.filter(pl.col("broken")).head(_EXAMPLES)
    return tuple(
        {"row": row["row"], **{f.name: MASK if f.personal else row[f"field {f.name}"] for f in shown}}
        for row in found.iter_rows(named=True)
    )
