"""fullcycle.flow.options: what a run computes anyway, leaves out, and takes from elsewhere."""

import pickle

import polars as pl
import pytest

from fullcycle.flow import RunFailed, RunOptions, StepFailed, run_record, sources_of
from fullcycle.kernel import Invalid, Missing, UnknownName
from small_flows import Shop, graph_of, ran

FLOW = """
    class Client(fc.Row):
        client_id: Annotated[int, fc.key]
        spend: float

    @fc.source(Client)
    def clients(warehouse: fc.Warehouse) -> fc.Query:
        return warehouse.sql("select * from clients")

    @fc.step
    def total(clients: pl.DataFrame) -> float:
        return clients["spend"].sum()

    @fc.step
    def count(clients: pl.DataFrame) -> int:
        return clients.height

    @fc.step
    def mean(total: float, count: int) -> float:
        return total / count

    @fc.step
    def shown(mean: float) -> str:
        return f"{mean:.1f}"
"""
FAILING = FLOW.replace('return clients["spend"].sum()', 'raise ValueError("no sum")')


def shop() -> Shop:
    return Shop(tables={"clients": pl.DataFrame({"client_id": [1, 2], "spend": [1.0, 3.0]})})


def test_only_leaves_out_what_the_named_steps_do_not_stand_on():
    run = shop().run(FLOW, options=RunOptions(only=frozenset({"mean"})))

    assert list(run.steps) == ["clients", "total", "count", "mean"]


def test_only_may_name_several_steps():
    run = shop().run(FLOW, options=RunOptions(only=frozenset({"total", "count"})))

    assert list(run.steps) == ["clients", "total", "count"]


def test_a_step_left_out_is_never_thought_to_have_run():
    a_shop = shop()
    a_shop.run(FLOW, options=RunOptions(only=frozenset({"total"})))

    assert ran(a_shop.run(FLOW)) == {"count": "never ran", "mean": "never ran", "shown": "never ran"}


def test_force_computes_a_step_and_nothing_else_where_it_comes_to_the_same():
    a_shop = shop()
    a_shop.run(FLOW)

    assert ran(a_shop.run(FLOW, options=RunOptions(force=frozenset({"total"})))) == {"total": "forced"}


def test_what_is_forced_counts_from_then_on(monkeypatch):
    flow = FLOW.replace('clients["spend"].sum()', 'float(__import__("os").environ["TOTAL"])')
    monkeypatch.setenv("TOTAL", "4")
    a_shop = shop()
    a_shop.run(flow)
    monkeypatch.setenv("TOTAL", "6")

    assert ran(a_shop.run(flow)) == {}
    forced = a_shop.run(flow, options=RunOptions(force=frozenset({"total"})))
    assert ran(forced)["total"] == "forced"
    assert a_shop.value("shown") == "3.0"
    assert ran(a_shop.run(flow)) == {}
    assert a_shop.value("shown") == "3.0"


def test_sources_of_an_earlier_run_are_taken_whatever_the_tables_hold_by_now():
    a_shop = shop()
    first = a_shop.run(FLOW)
    a_shop.tables["clients"] = pl.DataFrame({"client_id": [1, 2], "spend": [10.0, 30.0]})
    a_shop.run(FLOW)
    asked = len(a_shop.asked)

    taken = sources_of(graph_of(FLOW), first, a_shop.artifacts)
    again = a_shop.run(FLOW, options=RunOptions(sources=taken, sources_of=first.ref))

    assert again.steps["clients"].reason == "as it was in winback@1"
    assert ran(again) == {}
    assert a_shop.value("shown") == "2.0"
    assert len(a_shop.asked) == asked


def test_keep_going_runs_what_does_not_stand_on_a_failure():
    a_shop = shop()

    with pytest.raises(StepFailed, match="step total of winback@1 failed: ValueError: no sum") as caught:
        a_shop.run(FAILING, options=RunOptions(keep_going=True))

    assert str(caught.value).splitlines()[-3:] == [
        "left out, because of that:",
        "  mean: stands on total",
        "  shown: stands on total",
    ]
    run = run_record(a_shop.ledger, "winback", 1)
    assert list(run.steps) == ["clients", "count"]
    assert run.status == "failed"


def test_keep_going_tells_of_all_that_failed():
    flow = FAILING.replace("return clients.height", 'raise KeyError("no count")')

    with pytest.raises(RunFailed) as caught:
        shop().run(flow, options=RunOptions(keep_going=True))

    assert caught.value.what == "2 steps of winback@1 failed, 2 left out"
    count, total = sorted(caught.value.parts, key=str)
    assert "step total of winback@1 failed" in total.what
    assert total.mend.startswith("look at its inputs: fullcycle debug winback@1/total")
    assert "ValueError: no sum" in total.traceback
    assert "step count of winback@1 failed" in count.what
    assert count.mend.startswith("look at its inputs: fullcycle debug winback@1/count")
    assert "KeyError: 'no count'" in count.traceback
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.left_out) == (str(caught.value), caught.value.left_out)


def test_the_time_that_reuse_saved_is_recorded():
    a_shop = shop()
    first = a_shop.run(FLOW)
    second = a_shop.run(FLOW)

    assert first.finished.saved == 0
    assert second.finished.saved == pytest.approx(sum(first.steps[name].wall for name in ran(first)))


# refusals, before anything is recorded


@pytest.mark.parametrize("flag", ["only", "force"])
def test_an_unknown_step_is_refused_with_the_nearest_name(flag):
    a_shop = shop()

    with pytest.raises(UnknownName, match=rf"there is no 'totl'\n  where: --{flag}.*\n.*'total'"):
        a_shop.run(FLOW, options=RunOptions(**{flag: frozenset({"totl"})}))
    assert not a_shop.ledger.heads()


def test_a_step_that_is_forced_and_left_out_is_refused():
    a_shop = shop()
    options = RunOptions(force=frozenset({"shown"}), only=frozenset({"total"}))

    with pytest.raises(Invalid, match="--force shown asks for a step that --only total leaves out") as caught:
        a_shop.run(FLOW, options=options)
    assert "add --only shown" in caught.value.mend
    assert not a_shop.ledger.heads()


def test_a_source_that_is_forced_and_taken_is_refused():
    a_shop = shop()
    taken = sources_of(graph_of(FLOW), a_shop.run(FLOW), a_shop.artifacts)

    with pytest.raises(Invalid, match="--force clients asks to read what --sources winback@1 takes"):
        a_shop.run(
            FLOW,
            options=RunOptions(force=frozenset({"clients"}), sources=taken, sources_of="winback@1"),
        )


def test_a_run_that_has_not_read_a_source_cannot_give_it():
    a_shop = shop()
    run = a_shop.run(FLOW)
    more = FLOW.replace("def clients(", "def buyers(").replace("clients: pl", "buyers: pl")

    with pytest.raises(Missing, match="winback@1 has not read buyers; it has read clients"):
        sources_of(
            graph_of(more.replace('clients["', 'buyers["').replace("clients.h", "buyers.h")),
            run,
            a_shop.artifacts,
        )


def test_rows_that_are_gone_are_told_before_the_run_begins():
    a_shop = shop()
    run = a_shop.run(FLOW)
    a_shop.objects.remove(run.steps["clients"].artifact.object)

    with pytest.raises(Missing, match="the rows of clients that winback@1 read are gone"):
        sources_of(graph_of(FLOW), run, a_shop.artifacts)
