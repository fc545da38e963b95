"""fullcycle.flow.planning: what a run would do, and that finding it out records nothing."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.flow import RunOptions, sources_of
from fullcycle.kernel import Refused, UnknownName
from small_flows import Shop, graph_of, project

FLOW = """
    from shop.library.money import euro

    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def big(clients: pl.DataFrame, *, least: float = 2.0) -> pl.DataFrame:
        return clients.filter(pl.col("spend") >= least)

    @fc.step
    def worth(big: pl.DataFrame) -> float:
        return euro(big["spend"].sum())

    @fc.step
    def told(worth: float) -> str:
        return f"{worth:.0f} EUR"
"""
MONEY = "def euro(amount: float) -> float:\n    return amount * 2\n"
EACH = """
    @fc.step
    def names(*, more: int = 0) -> dict[str, int]:
        return {"a": 1, "b": 2, **{str(n): n + 10 for n in range(more)}}

    @fc.step
    def twice(names: fc.Each[int], *, by: int = 2) -> int:
        return names * by
"""
REUSED = ("reuse", "nothing it stands on changed")


def shop() -> Shop:
    return Shop(tables={"clients": pl.DataFrame({"client_id": [1, 2], "spend": [1.0, 3.0]})})


def flow(text: str = FLOW, money: str = MONEY):
    return project(text, money=money)


def everything(a_shop: Shop) -> tuple:
    return a_shop.ledger.heads(), sorted(a_shop.objects.stored()), sorted(a_shop.ledger.attachments())


def test_before_the_first_run_everything_would_run():
    assert shop().plan(flow()) == {
        "clients": ("read", "first read"),
        "big": ("run", "never ran"),
        "worth": ("run", "never ran"),
        "told": ("run", "never ran"),
    }


def test_where_nothing_changed_all_would_be_reused():
    a_shop = shop()
    a_shop.run(flow())

    assert a_shop.plan(flow()) == {
        "clients": ("read", "read again: unchanged"),
        "big": REUSED,
        "worth": REUSED,
        "told": REUSED,
    }


def test_what_stands_on_a_step_that_would_run_runs_if_that_comes_to_another_result():
    a_shop = shop()
    a_shop.run(flow())

    planned = a_shop.plan(flow(), least=1.0)

    assert planned["big"] == ("run", "parameter least 2.0 → 1.0")
    assert planned["worth"] == ("perhaps", "if big changes")
    assert planned["told"] == ("perhaps", "if worth changes")


def test_a_step_whose_own_code_changed_would_run_whatever_it_stands_on():
    a_shop = shop()
    a_shop.run(flow())

    planned = a_shop.plan(flow(money=MONEY.replace("* 2", "* 3")), least=1.0)

    assert planned["worth"] == ("run", "library/money.py:1 euro() changed")
    assert planned["told"] == ("perhaps", "if worth changes")


def test_new_rows_are_told_and_counted():
    a_shop = shop()
    a_shop.run(flow())
    a_shop.tables["clients"] = pl.DataFrame({"client_id": [1, 2, 3], "spend": [1.0, 3.0, 5.0]})

    planned = a_shop.plan(flow())

    assert planned["clients"] == ("read", "clients has new content (+1 row)")
    assert planned["big"] == ("run", "clients has new content (+1 row)")
    assert planned["worth"] == ("perhaps", "if big changes")


def test_a_forced_step_would_run_and_what_stands_on_it_perhaps():
    a_shop = shop()
    a_shop.run(flow())

    planned = a_shop.plan(flow(), RunOptions(force=frozenset({"worth"})))

    assert planned["big"] == REUSED
    assert planned["worth"] == ("run", "forced")
    assert planned["told"] == ("perhaps", "if worth changes")


def test_sources_that_are_taken_are_not_read():
    a_shop = shop()
    first = a_shop.run(flow())
    asked = len(a_shop.asked)
    taken = sources_of(graph_of(FLOW, money=MONEY), first, a_shop.artifacts)

    planned = a_shop.plan(flow(), RunOptions(sources=taken, sources_of="winback@1"))

    assert planned["clients"] == ("reuse", "as it was in winback@1")
    assert len(a_shop.asked) == asked


def test_only_leaves_the_rest_out_of_the_plan():
    assert list(shop().plan(flow(), RunOptions(only=frozenset({"big"})))) == ["clients", "big"]


def test_a_result_that_is_gone_would_be_computed_again():
    a_shop = shop()
    run = a_shop.run(flow())
    a_shop.objects.remove(run.steps["worth"].artifact.object)

    planned = a_shop.plan(flow())

    assert planned["worth"] == ("run", "its stored result is gone")
    assert planned["told"] == ("perhaps", "if worth changes")


def test_elements_that_are_not_remembered_are_counted():
    a_shop = Shop()
    a_shop.run(EACH)
    a_shop.run(EACH, options=RunOptions(only=frozenset({"names"})), more=3)

    assert a_shop.plan(EACH, more=3)["twice"] == ("run", "3 of 5 elements anew: names has new content")
    assert a_shop.plan(EACH, more=3, by=3)["twice"][1].startswith("parameter by 2 → 3")


def test_where_every_element_is_known_the_step_would_be_reused():
    flow = (
        EACH
        + """
    @fc.step
    def total(twice: dict[str, int]) -> int:
        return sum(twice.values())
    """
    )
    a_shop = Shop()
    a_shop.run(flow, more=3)

    assert a_shop.plan(flow, more=2)["twice"] == ("perhaps", "if names changes")
    a_shop.run(flow, options=RunOptions(only=frozenset({"names"})), more=2)
    planned = a_shop.plan(flow, more=2)
    assert planned["twice"] == ("reuse", "every element is known: names has new content")
    assert planned["total"] == ("run", "twice has new content")
    assert a_shop.run(flow, more=2).steps["total"].reason == "twice has new content"


# laws


@settings(max_examples=25)
@given(
    least=st.sampled_from([0.0, 2.0, 2.5, 9.0]),
    rate=st.sampled_from(["2", "3", "1 + 1"]),
    spend=st.sampled_from([[1.0, 3.0], [1.0, 4.0], [2.0, 3.0]]),
    force=st.frozensets(st.sampled_from(["big", "worth", "told"])),
)
def test_a_run_does_what_was_planned(least, rate, spend, force):
    a_shop = shop()
    a_shop.run(flow())
    a_shop.tables["clients"] = pl.DataFrame({"client_id": [1, 2], "spend": spend})
    edited, options = flow(money=MONEY.replace("* 2", f"* ({rate})")), RunOptions(force=force)
    before = everything(a_shop)

    planned = a_shop.plan(edited, options, least=least)

    assert everything(a_shop) == before
    run = a_shop.run(edited, options=options, least=least)
    for name, (verdict, reason) in planned.items():
        step = run.steps[name]
        if verdict == "reuse":
            assert step.reused
        elif verdict == "run":
            assert not step.reused
        if verdict in ("read", "run"):
            known = step.reason.split("; ")
            assert set(reason.split("; ")) <= set(known)  # what it stands on may add a reason


# refusals


def test_rows_that_break_the_contract_are_refused_as_a_run_would():
    a_shop = shop()
    a_shop.tables["clients"] = pl.DataFrame({"client_id": [1, 1], "spend": [1.0, 3.0]})

    with pytest.raises(Refused, match="the rows of clients break their contract"):
        a_shop.plan(flow())


def test_an_unknown_step_is_refused():
    with pytest.raises(UnknownName, match="'worth'"):
        shop().plan(flow(), RunOptions(force=frozenset({"wrth"})))
