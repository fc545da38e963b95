"""fullcycle.experiment.condition_sql: a database says of each request what the service says."""

import json
from pathlib import Path

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.experiment import holds
from fullcycle.experiment.condition_sql import condition_sql
from fullcycle.experiment.dialect import DUCKDB, POSTGRES
from fullcycle.kernel import Refused

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "growthbook_cases.json").read_text())[
    "evalCondition"
]


class InDuckDB:
    """Requests in a column of a table, so that nothing is folded before it is asked."""

    dialect = DUCKDB

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("create table asked (n integer, request varchar)")

    def ask(self, query, rows):
        self.connection.execute("delete from asked")
        self.connection.executemany("insert into asked values (?, ?)", rows)
        return self.connection.execute(query).fetchall()


class InPostgres:
    dialect = POSTGRES

    def __init__(self, url):
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("create temporary table asked (n integer, request text)")

    def ask(self, query, rows):
        self.connection.execute("truncate asked")
        with self.connection.cursor() as cursor:
            cursor.executemany("insert into asked values (%s, %s)", rows)
            return self.connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def database(request):
    made = InDuckDB() if request.param == "duckdb" else InPostgres(request.getfixturevalue("postgres"))
    yield made
    made.connection.close()


def answers(database, condition, requests):
    """What the database says of each request."""
    told = condition_sql(condition, "request", database.dialect)
    rows = [(n, json.dumps(one, ensure_ascii=False)) for n, one in enumerate(requests)]
    return [met for _, met in sorted(database.ask(f"select n, {told} from asked", rows))]


def translated(condition):
    try:
        condition_sql(condition, "request", DUCKDB)
    except Refused:
        return False
    return True


TRANSLATED = [case for case in VECTORS if translated(case[1])]


def test_most_published_conditions_can_be_asked_of_a_database():
    refused = [set(operators(condition)) for _, condition, *_ in VECTORS if not translated(condition)]

    assert (len(TRANSLATED), len(VECTORS)) == (204, 235)
    patterns = {"$regex", "$regexi", "$notRegex", "$notRegexi"}
    assert all(found & {*patterns, "$inGroup", "$notInGroup", "$regx"} for found in refused)


def operators(condition):
    """The operators of a condition that stand beside a field."""
    if isinstance(condition, dict):
        for key, value in condition.items():
            if key.startswith("$"):
                yield key
            yield from operators(value)
    elif isinstance(condition, list):
        for one in condition:
            yield from operators(one)


@pytest.mark.parametrize("case", TRANSLATED, ids=lambda case: case[0])
def test_published_vectors_come_out_alike(database, case):
    _, condition, fields, expected, *_ = case

    assert answers(database, condition, [fields]) == [expected]


texts = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from("aAkK\u212a0e.- '\"\\"),
    max_size=3,
)
written = st.sampled_from(
    [
        "",
        " ",
        "3",
        " 3 ",
        "-3.0",
        "3e0",
        ".5",
        "5.",
        "x",
        "Infinity",
        "-Infinity",
        "1_0",
        "0x1",
        "nan",
        "\u0663",
    ]
)
numbers = (
    st.integers(-4, 4)
    | st.floats(-4, 4)
    | st.sampled_from([2**53, 2**53 + 1, 0.1, 1e16, 10**16, 2**63 - 1, 1e300])
)
scalars = (
    st.none() | st.booleans() | numbers | texts | written | st.sampled_from(["1.2.3", "v1.2-rc.1", "1.10"])
)
releases = st.from_regex(r"v?[0-9]{1,2}(\.[0-9]{1,2}){0,3}(-(rc|[0-9])\.?[0-9]?)?(\+[a-z])?", fullmatch=True)
values = st.recursive(
    scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from("ab"), one), max_leaves=4
)
plain = st.text(st.characters(max_codepoint=0xD7FF, exclude_characters="\0"), max_size=2)
names = st.sampled_from(["a", "b", "a.b", "b.a.a"])


TYPES = ["null", "boolean", "number", "string", "array", "object"]


def operating(inner):
    ordered = scalars.filter(lambda one: not isinstance(one, str)) | plain | written
    ascii_only = st.lists(st.none() | numbers | st.sampled_from(["a", "A", "k", "K", "3"]), max_size=3)
    return st.one_of(
        *(st.tuples(st.just(name), ordered) for name in ("$lt", "$lte", "$gt", "$gte")),
        *(st.tuples(st.just(name), values) for name in ("$eq", "$ne")),
        *(st.tuples(st.just(name), st.lists(values, max_size=3)) for name in ("$in", "$nin")),
        *(st.tuples(st.just(name), ascii_only) for name in ("$ini", "$nini", "$alli")),
        st.tuples(st.just("$all"), st.lists(inner | scalars, max_size=2)),
        *(
            st.tuples(st.just(name), releases | values)
            for name in ("$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte")
        ),
        st.tuples(st.just("$exists"), st.booleans()),
        st.tuples(st.just("$type"), st.sampled_from(TYPES)),
        st.tuples(st.just("$size"), st.integers(0, 2) | inner),
        st.tuples(st.just("$not"), inner),
        st.tuples(
            st.just("$elemMatch"), inner | st.dictionaries(names, scalars | inner, min_size=1, max_size=1)
        ),
    ).map(lambda pair: {pair[0]: pair[1]})


beside = st.recursive(
    st.sampled_from([{"$gt": 0}, {"$eq": "a"}, {"$exists": True}, {"$in": [1, "a", None]}]),
    operating,
    max_leaves=3,
)
conditions = st.recursive(
    st.dictionaries(names, values | beside, min_size=1, max_size=2),
    lambda one: st.one_of(
        st.tuples(st.sampled_from(["$and", "$or", "$nor"]), st.lists(one, max_size=2)).map(
            lambda p: dict([p])
        ),
        one.map(lambda inner: {"$not": inner}),
    ),
    max_leaves=3,
)
requests = st.lists(st.dictionaries(st.sampled_from("ab"), values, max_size=2), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=conditions, asked=requests)
def test_a_database_agrees_with_the_service_on_any_condition(database, condition, asked):
    assert answers(database, condition, asked) == [holds(condition, one) for one in asked]


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"a": {"$regex": "^x"}}, "$regex"),
        ({"a": {"$not": {"$notRegexi": "x"}}}, "$notRegexi"),
        ({"$or": [{"a": {"$in": ["ok"]}, "b": {"$regexi": "x"}}]}, "$regexi"),
        ({"a": {"$gt": "\uffff"}}, "orders texts by UTF-16"),
        ({"a": {"$ini": ["Köln"]}}, "in capitals or not"),
        ({"a": "x\0"}, "no text in a database"),
        ({'a"b': 1}, "a quotation mark"),
    ],
)
def test_what_a_database_would_answer_otherwise_is_refused_by_name(condition, named):
    with pytest.raises(Refused) as caught:
        condition_sql(condition, "request", DUCKDB)

    assert named in caught.value.what
    assert caught.value.mend
