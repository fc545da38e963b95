"""fullcycle.flow.fanout: steps that are called once per element, in one process."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.flow import ElementsFailed, InProcess, RunFailed, RunOptions, StepFailed
from fullcycle.kernel import Invalid
from small_flows import Shop, ran

SQUARES = """
    @fc.step
    def numbers(*, upto: int = 3) -> dict[str, int]: return {f"n{n}": n for n in range(upto)}
    @fc.step
    def squared(numbers: fc.Each[int]) -> int: return numbers ** 2
    @fc.step
    def total(squared: dict[str, int]) -> int: return sum(squared.values())
"""
LISTED = """
    @fc.step
    def words() -> list[str]: return ["b", "a", "b"]
    @fc.step
    def doubled(words: fc.Each[str]) -> str: return words * 2
    @fc.step
    def joined(doubled: list[str]) -> str: return "".join(doubled)
"""
FAILING = """
    @fc.step
    def numbers() -> dict[str, int]: return {"one": 1, "none": 0, "two": 2, "also": 0}
    @fc.step
    def inverse(numbers: fc.Each[int]) -> float: return 1 / numbers
    @fc.step
    def total(inverse: dict[str, float]) -> float: return sum(inverse.values())
    @fc.step
    def beside(numbers: dict[str, int]) -> int: return len(numbers)
"""


@pytest.fixture
def shop():
    return Shop()


def test_each_element_of_a_dict_is_called_for_and_keeps_its_key_and_place(shop):
    record = shop.run(SQUARES)

    assert shop.value("squared") == {"n0": 0, "n1": 1, "n2": 4}
    assert shop.value("total") == 5
    assert (record.steps["squared"].elements, record.steps["squared"].made) == (3, 3)


def test_each_element_of_a_list_is_called_for_in_its_order(shop):
    shop.run(LISTED)

    assert shop.value("doubled") == ["bb", "aa", "bb"]
    assert shop.value("joined") == "bbaabb"


def test_only_elements_that_are_new_are_computed(shop):
    shop.run(SQUARES)
    second = shop.run(SQUARES, upto=5)

    assert second.steps["squared"].made == 2
    assert second.steps["squared"].reason == "2 of 5 elements anew: numbers has new content"
    assert shop.value("squared") == {f"n{n}": n**2 for n in range(5)}
    assert ran(shop.run(SQUARES)) == {}  # the whole is remembered, too


def test_elements_are_taken_together_by_their_keys(shop):
    flow = """
        @fc.step
        def a() -> dict[str, int]: return {"x": 1, "y": 2}
        @fc.step
        def b() -> dict[str, int]: return {"y": 20, "x": 10}
        @fc.step
        def c() -> int: return 100
        @fc.step
        def sums(a: fc.Each[int], b: fc.Each[int], c: int) -> int: return a + b + c
    """
    shop.run(flow)
    assert shop.value("sums") == {"x": 111, "y": 122}

    with pytest.raises(StepFailed, match=r"step sums of winback@2 failed: .*b lacks y, a lacks z"):
        shop.run(flow.replace('"y": 20', '"z": 20'))


def test_a_step_per_element_may_follow_another(shop):
    shop.run(
        SQUARES
        + """
    @fc.step
    def told(squared: fc.Each[int], numbers: fc.Each[int]) -> str: return f"{numbers}² = {squared}"
    """
    )
    assert shop.value("told") == {"n0": "0² = 0", "n1": "1² = 1", "n2": "2² = 4"}


def test_elements_may_be_tables_and_rows_are_counted(shop):
    record = shop.run(
        """
        @fc.step
        def parts() -> dict[int, pl.DataFrame]: return {n: pl.DataFrame({"n": range(n)}) for n in (1, 2)}
        @fc.step
        def twice(parts: fc.Each[pl.DataFrame]) -> pl.DataFrame: return pl.concat([parts, parts])
        """
    )
    assert record.steps["twice"].rows == 6
    assert shop.value("twice")[2]["n"].to_list() == [0, 1, 0, 1]


def test_a_failing_element_is_named_and_what_was_made_before_it_is_kept(shop):
    with pytest.raises(StepFailed, match=r"step inverse\[none\] of winback@1 failed: ZeroDivisionError"):
        shop.run(FAILING)

    second = shop.run(FAILING.replace("1 / numbers", "1 / (numbers or 1)"))
    assert second.steps["inverse"].made == 4  # the code is another
    with pytest.raises(StepFailed):
        shop.run(FAILING)
    assert ran(shop.run(FAILING.replace("1 / numbers", "1 / (numbers or 1)"))) == {}


def test_going_on_lists_every_failed_element_and_computes_all_that_can_be(shop):
    with pytest.raises(RunFailed) as caught:
        shop.run(FAILING, options=RunOptions(keep_going=True))

    (inverse,) = caught.value.parts
    assert isinstance(inverse, ElementsFailed)
    assert inverse.what.splitlines() == [
        "step inverse of winback@1 failed for 2 of 4 elements",
        "  none: ZeroDivisionError: division by zero",
        "  also: ZeroDivisionError: division by zero",
    ]
    assert inverse.where.endswith("(the inputs of none: numbers int)")
    assert [one.element for one in inverse.failures] == ["none", "also"]
    assert caught.value.left_out == {"total": ("inverse",)}
    (kept,) = shop.last().finished.failures
    assert (kept.step, kept.elements, kept.made, kept.left_out) == ("inverse", 4, 2, ["total"])
    assert kept.failures == list(inverse.failures)
    assert shop.value("beside") == 4
    record = shop.last()
    assert record.status == "failed"
    assert "total" not in record.steps


def test_what_a_killed_run_had_made_of_the_elements_is_reused(shop):
    """The whole is lost with the kill, its elements are not."""

    class Killed(BaseException):
        pass

    def kill(step, done, failed, total):
        if done == 2 and step == "squared":
            raise Killed

    with pytest.raises(Killed):
        shop.run(SQUARES, progress=kill)
    assert shop.run(SQUARES).steps["squared"].made == 1


def test_an_element_whose_result_is_lost_is_made_again(shop):
    record = shop.run(SQUARES)
    family = shop.artifacts.parts(record.steps["squared"].artifact)
    shop.objects.remove(family.parts[2].object)  # 4, which nothing else is

    again = shop.run(SQUARES)
    assert ran(again) == {"squared": "1 of 3 elements anew: its stored result is gone"}
    assert shop.value("squared") == {"n0": 0, "n1": 1, "n2": 4}


def test_elements_in_another_order_are_put_together_and_none_is_computed(shop):
    flow = """
        @fc.step
        def numbers(*, of: dict[str, int]) -> dict[str, int]: return of
        @fc.step
        def squared(numbers: fc.Each[int]) -> int: return numbers ** 2
    """
    shop.run(flow, of={"a": 1, "b": 2})
    second = shop.run(flow, of={"b": 2, "a": 1})

    assert list(shop.value("squared")) == ["b", "a"]
    assert second.steps["squared"].reused
    assert second.steps["squared"].reason.startswith("every element is known: numbers has new content")


def test_no_elements_make_an_empty_result(shop):
    shop.run(SQUARES, upto=0)
    assert (shop.value("squared"), shop.value("total")) == ({}, 0)


@settings(max_examples=25, deadline=None)
@given(
    first=st.dictionaries(st.text(max_size=3), st.integers(0, 5), max_size=6),
    second=st.dictionaries(st.text(max_size=3), st.integers(0, 5), max_size=6),
)
def test_exactly_the_contents_that_were_never_seen_are_computed(first, second):
    shop = Shop()
    flow = """
        @fc.step
        def numbers(*, of: dict[str, int]) -> dict[str, int]: return of
        @fc.step
        def squared(numbers: fc.Each[int]) -> int: return numbers ** 2
    """
    shop.run(flow, of=first)
    record = shop.run(flow, of=second)

    assert shop.value("squared") == {key: n**2 for key, n in second.items()}
    assert list(shop.value("squared")) == list(second)
    new = [n for n in second.values() if n not in first.values()]
    assert record.steps["squared"].made == (len(new) if list(first.items()) != list(second.items()) else 0)


class Foreseen(InProcess):
    """Notes at which step it was told that a crew will likely be asked for."""

    def __init__(self, start_s):
        self.seconds, self.told = start_s, []

    def start_s(self):
        return self.seconds

    def foresee(self, *, unknown=False):
        self.told.append("unknown" if unknown else "known")


@pytest.mark.parametrize(
    ("seconds", "change", "told"),
    [
        (1e-9, "upto: int = 4", 1),  # numbers is computed, squared stands on it
        (60.0, "upto: int = 4", 0),  # squared took less than a crew would to start
        (1e-9, "upto: int = 3", 0),  # all is reused
    ],
)
def test_a_crew_gets_ready_while_a_step_is_computed_whose_elements_will_likely_need_one(
    seconds, change, told
):
    crew = Foreseen(seconds)
    shop = Shop(executor=crew)
    shop.run(SQUARES)
    assert crew.told == ["unknown"]  # nobody knows what its elements take
    crew.told.clear()

    shop.run(SQUARES)  # reused: it is known all the same
    shop.run(SQUARES.replace("upto: int = 3", change))
    assert crew.told == ["known"] * told


def test_beside_a_source_a_crew_gets_ready_for_elements_that_nobody_knows_and_for_no_others():
    crew = Foreseen(1e-9)
    shop = Shop(executor=crew, tables={"clients": pl.DataFrame({"id": [1, 2], "spent": [1.0, 2.0]})})
    flow = """
        class Client(fc.Row):
            id: Annotated[int, fc.key]
            spent: float

        @fc.source(Client)
        def clients(db: fc.Warehouse) -> fc.Query: return db.sql("select * from clients")
        @fc.step
        def each(clients: pl.DataFrame) -> dict[str, int]: return {"all": clients.height}
        @fc.step
        def doubled(each: fc.Each[int]) -> int: return each * 2
    """
    shop.run(flow)
    assert crew.told == ["unknown", "unknown"]  # while clients is read, and while it is split
    crew.told.clear()

    shop.run(flow)
    assert crew.told == []


def test_no_crew_gets_ready_for_a_step_that_is_left_out(shop):
    shop.executor = Foreseen(1e-9)
    shop.run(SQUARES)
    shop.executor.told.clear()
    shop.run(SQUARES, upto=4, options=RunOptions(only=frozenset({"numbers"})))
    assert shop.executor.told == []


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (
            "@fc.step\ndef one() -> int: return 1\n@fc.step\ndef two(one: fc.Each[int]) -> int: return one",
            "two asks for each element of one, which gives int",
        ),
        (
            "@fc.step\ndef one() -> list[int]: return [1]\n"
            "@fc.step\ndef two(one: fc.Each[str]) -> str: return one",
            r"two asks for one: fc.Each\[str\], but one gives list\[int\]",
        ),
        (
            "@fc.step\ndef one() -> list[int]: return [1]\n"
            "@fc.step\ndef two(one: fc.Each[int]) -> int: return one\n"
            "@fc.step\ndef three(two: dict[str, int]) -> int: return 1",
            r"three asks for two: dict\[str, int\], but two gives list\[int\]",
        ),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_before_anything_runs(shop, flow, words):
    with pytest.raises(Invalid, match=words):
        shop.run(flow)
