"""fullcycle.flow.audit: what was reused is computed again, and must be the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.flow import RunOptions, run_record
from fullcycle.flow.audit import AuditFailed, read_share, sampled
from fullcycle.kernel import Invalid
from small_flows import Shop

HONEST = """
    @fc.step
    def one() -> int:
        return 1

    @fc.step
    def two(one: int) -> int:
        return one + 1
"""
DISHONEST = """
    import os

    @fc.step
    def region() -> str:
        return os.environ["REGION"]

    @fc.step
    def loud(region: str) -> str:
        return region.upper()
"""
EACH = """
    import os

    @fc.step
    def names() -> dict[str, str]:
        return {"a": "x", "b": "y"}

    @fc.step
    def regional(names: fc.Each[str]) -> str:
        return names + os.environ["REGION"]
"""
ALL = RunOptions(audit=1.0)


def test_a_run_whose_reused_results_are_right_passes():
    shop = Shop()
    shop.run(HONEST)

    run = shop.run(HONEST, options=ALL)

    assert run.status == "done"
    assert sorted(one.name for one in run.audited) == ["one", "two"]
    assert all(one.same for one in run.audited)


def test_where_nothing_is_reused_there_is_nothing_to_audit():
    assert Shop().run(HONEST, options=ALL).status == "done"


def test_a_result_that_is_another_one_fails_the_run(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    shop = Shop()
    first = shop.run(DISHONEST)
    monkeypatch.setenv("REGION", "south")

    with pytest.raises(AuditFailed, match=r"region: recorded \w{12}…, now \w{12}…") as caught:
        shop.run(DISHONEST, options=ALL)

    assert first.steps["region"].artifact.content[:12] in caught.value.what
    assert "loud" not in caught.value.what  # of what it was given, it is right
    assert "depends_on=" in caught.value.mend
    assert "--force region" in caught.value.mend
    failed = run_record(shop.ledger, "winback", 2)
    assert failed.status == "failed"
    assert {one.name: one.same for one in failed.audited} == {"region": False, "loud": True}


def test_a_volatile_step_is_not_audited(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    shop = Shop()
    flow = DISHONEST.replace("@fc.step\n    def region", "@fc.step(volatile=True)\n    def region")
    shop.run(flow)

    assert shop.run(flow, options=ALL).status == "done"


def test_elements_are_audited_one_by_one(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    shop = Shop()
    shop.run(EACH)
    monkeypatch.setenv("REGION", "south")

    with pytest.raises(AuditFailed, match=r"regional\[(a|b)\]: recorded"):
        shop.run(EACH, options=ALL)


def test_of_a_fan_out_those_elements_are_audited_that_were_reused(monkeypatch):
    monkeypatch.setenv("REGION", "north")
    shop = Shop()
    shop.run(EACH)

    run = shop.run(EACH.replace('"b": "y"', '"c": "z"'), options=ALL)

    assert run.steps["regional"].made == 1
    assert [one.name for one in run.audited] == ["regional[a]"]
    assert run.finished.saved > 0


# laws

seconds = st.lists(st.floats(0, 1e4), max_size=30)


@given(seconds, st.floats(0.01, 1), st.text(max_size=5))
def test_enough_is_looked_at_and_the_last_one_was_needed(saved, share, seed):
    weights = [max(one, 1e-4) for one in saved]

    chosen = sampled(saved, share, seed)

    assert len(set(chosen)) == len(chosen)
    assert sum(weights[n] for n in chosen) >= share * sum(weights) * (1 - 1e-9) or not saved
    assert sum(weights[n] for n in chosen[:-1]) < share * sum(weights) or not saved
    assert bool(chosen) == bool(saved)


@given(seconds, st.floats(0.01, 1), st.text(max_size=5))
def test_a_seed_chooses_the_same(saved, share, seed):
    assert sampled(saved, share, seed) == sampled(saved, share, seed)


def test_the_whole_share_is_everything():
    assert sorted(sampled([3.0, 0.0, 1.0], 1.0, "x")) == [0, 1, 2]


def test_what_saved_more_is_looked_at_more_often():
    first = [sampled([9.0, 1.0], 0.01, str(seed))[0] for seed in range(2000)]

    assert first.count(0) / 2000 == pytest.approx(0.9, abs=0.03)  # 0.03 is four standard errors


# refusals


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("100%", 1.0), ("0.25", 0.25), (" 5 % ", 0.05)])
def test_a_share_is_read_as_it_is_written(text, share):
    assert read_share(text) == share


@pytest.mark.parametrize("text", ["", "ten", "0%", "101%", "-1%", "10%%", "nan", "inf", "10% of it"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(Invalid, match=r"no share of the results[\s\S]*--audit 10%"):
        read_share(text)
