"""fullcycle.wiring.valued: what a verdict has brought since its launch, by the record and the log."""

import random
from datetime import timedelta
from pathlib import Path

import duckdb
import msgspec
import polars as pl
import pytest

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.brief import Brief
from fullcycle.evaluate import Measured
from fullcycle.experiment import ExperimentClosed, Side, close
from fullcycle.kernel import Missing, NotEnoughData, Refused, UnknownName, instant, now
from fullcycle.record import Decision, encode_decision
from fullcycle.release import Compared, Evidence, Incumbent, Scored
from fullcycle.value import Effect, Launch, held_out_measurements, measurements, record_measurement
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import read
from fullcycle.wiring.holding_out import answered_share, measure_held_out
from fullcycle.wiring.realising import Reached, shared_units
from fullcycle.wiring.valued import gains, proxy_ledger, track_records, values
from fullcycle.wiring.valuing import append_measurement
from fullcycle.wiring.worth import prior_of
from whole_shop import rewrite

HELD_OUT = """
kept = fc.Experiment(
    {"today": today, "chosen": choose},
    primary=visited,
    secondary=[spent],
    guardrails={converted: 0.05},
    past=past,
    triggered=deliveries,
    days=28,
    coverage=0,  # all others are answered by the service
    holdout="20%",
)
"""
DAY = 86_400_000_000


@pytest.fixture
def shipped(played):
    """The example after its verdict, which is to ship, whatever so few clients say."""
    project = open_project()
    reading = read(project, "winback")
    body = ExperimentClosed(
        environment="prod", decision="ship", arm="chosen", reason="visits rose",
        readout=project.artifacts.keep(msgspec.to_builtins(reading.readout)),
    )  # fmt: skip
    close(project.ledger, "winback", "trial", body, by="ada")
    append_measurement(project, reading, body)
    return project


def launch(typed, experiment=None):
    file = Path("winback/experiment.py")
    if experiment is None:
        file.unlink()
    else:
        file.write_text(file.read_text().partition("trial = ")[0] + experiment)
    type_all(typed, "run winback -m launch", "release winback@2 -m launch")
    type_all(typed, "deploy winback@v2 --to prod -m launch")


def type_all(typed, *lines):
    for line in lines:
        said = typed(f"fullcycle {line}")
        assert said.code == 0, said.err


def decide(at, units, *, capability="winback", **more):
    """Log a decision for each unit, a minute apart, as a worker would."""
    project = open_project()
    with_unit = more.get("arm") is not None
    folder = project.events_folder(capability, "prod")
    folder.mkdir(parents=True, exist_ok=True)
    writer = SegmentWriter(folder)
    for n, unit in enumerate(units):
        writer.append(
            encode_decision(
                Decision(
                    id=f"{capability}-{at}-{unit}",
                    at=at + n,
                    capability=capability,
                    environment="prod",
                    release=2,
                    request={"client_id": unit},
                    answer={"campaign": "Mens E-Mail"},
                    unit=unit if with_unit else None,
                    **more,
                )
            )
        )
    writer.close()


def deliver(at, units):
    """Tell the trigger of the example that what was decided at that time reached these units."""
    with duckdb.connect("warehouse.duckdb") as warehouse:
        for one in units:
            sent = [f"winback-{at}-{one}", instant(at)]
            warehouse.execute("insert into mail.delivered values (?, 0, 'Mens E-Mail', ?)", sent)


def the_row(project):
    (row,) = values(project, ["winback"]).rows
    return row


def test_what_is_not_launched_has_brought_nothing_and_cost_something(shipped):
    row = the_row(shipped)

    assert (row.standing, row.realised) == ("not launched", None)
    assert row.net.low == row.net.high == -row.cost.amount < 0


def test_each_client_counts_once_at_the_measured_rate_since_the_launch(shipped, typed):
    launch(typed)
    since = now()
    decide(since, ["a", "b", "c", "never triggered"])
    decide(since + 1000, ["c", "d"])
    decide(since + 2000, ["e"], fallback=True)
    deliver(since, ["a", "b", "c"])
    deliver(since + 1000, ["c", "d"])
    deliver(since + 2000, ["e"])

    row = the_row(shipped)

    assert row.realised.units == 4
    assert row.realised.launch.release == 2
    assert row.realised.worth.low == pytest.approx(row.measured.range.low * 4 * 0.80)
    assert row.realised.worth.high == pytest.approx(row.measured.range.high * 4 * 0.80)
    assert row.net.low == pytest.approx(row.realised.worth.low - row.cost.amount)
    assert row.standing.startswith("v2 since ")


def test_what_was_rolled_back_brings_nothing_more(shipped, typed):
    launch(typed)
    rewrite("winback/service.py", "@fc.service(fallback=today)\ndef choose", "def chosen")
    rewrite("winback/service.py", "def today(", "@fc.service\ndef today(")
    Path("winback/test_winback.py").write_text("def test_nothing():\n    pass\n")
    since = now()
    decide(since, ["a"])
    deliver(since, ["a"])
    type_all(typed, "run winback -m back", "release winback@3 -m back")
    type_all(typed, "deploy winback@v3 --to prod -m back")
    since = now() + 1000
    decide(since, ["b", "c"])
    deliver(since, ["b", "c"])

    row = the_row(shipped)

    assert row.realised.units == 1
    assert row.realised.launch.until is not None


def test_how_many_a_launch_answers_is_counted_whatever_decides_who():
    rows = pl.LazyFrame(
        {
            "unit": ["1", "1", "2", "3", "4", "5", "6", "7", None],
            "release": [2, 3, 2, 3, 3, 3, 3, 3, 3],
            "experiment": [None, "next", None, "next", None, None, "holdout", "next", None],
            "arm": [None, "new", None, "new", "new", None, "holdout", "new", None],
            "fallback": [False, False, None, False, False, True, False, False, False],
        }
    )
    sides = [Side("the rest", 2, None, None), Side("held out", 3, "holdout", "holdout")]

    assert answered_share(rows, sides, forced=["7"]) == pytest.approx(2 / 3)  # 1 and 2 of 1, 2 and 3


def test_units_held_out_measure_the_launch_again(shipped, typed):
    launch(typed, HELD_OUT)
    since = now()
    chance = random.Random(7)
    clients = [f"{n}" for n in range(900_000, 902_000)]
    held, rest = clients[:400], clients[400:]
    decide(since, held, experiment="winback/holdout", arm="holdout", arm_probability=0.2)
    decide(since, rest)
    with duckdb.connect("warehouse.duckdb") as warehouse:
        warehouse.execute("create temp table came (client_id varchar, share double)")
        for one in clients:
            if chance.random() < (0.10 if one in set(held) else 0.30):
                warehouse.execute(
                    "insert into shop.visits values (?, ?, 0.0)", [one, instant(since) + timedelta(days=1)]
                )
    deliver(since, clients)

    fact = measure_held_out(shipped, "winback", as_of=since + 20 * DAY)
    row = the_row(shipped)

    assert fact.body.measured.value == pytest.approx(0.20, abs=0.06)
    assert fact.body.distrusted == ""
    assert row.held_out.source == "units held out, v2"
    assert row.realised.source == "holdout"
    assert row.realised.units == 1600
    assert row.realised.worth.low == pytest.approx(fact.body.measured.low * 1600 * 0.80)
    assert len(held_out_measurements(shipped.ledger, "winback", "trial")) == 1


def test_the_score_of_the_release_stands_beside_its_effect(shipped):
    (proxy,) = proxy_ledger(shipped)
    (point,) = proxy.launches
    row = the_row(shipped)

    assert (proxy.score, proxy.metric) == ("qini@No E-Mail", "visited")
    assert (point.against, point.effect) == ("baseline", row.measured.effect.value)
    assert point.stderr == row.measured.effect.stderr > 0
    assert proxy.unknown == "unknown until 8 launches"


def test_a_team_is_the_owner_of_its_briefs(shipped):
    (record,) = track_records(shipped)

    assert (record.team, record.measured, record.share) == ("growth@example.com", 1, None)


# refusals


def test_nobody_can_be_measured_who_is_not_held_out(shipped, typed):
    with pytest.raises(Missing, match="was launched"):
        measure_held_out(shipped, "winback")
    with pytest.raises(UnknownName, match="did you mean 'trial'"):
        measure_held_out(shipped, "winback", "trail")

    launch(typed)

    with pytest.raises(Refused, match='holdout="5%"'):
        measure_held_out(shipped, "winback")


def test_too_few_units_are_not_measured(shipped, typed):
    launch(typed, HELD_OUT)
    decide(now(), ["a", "b"], experiment="winback/holdout", arm="holdout", arm_probability=0.2)
    decide(now(), ["c", "d"])

    with pytest.raises(NotEnoughData, match="units held out"):
        measure_held_out(shipped, "winback")


# what is launched all the same, and what cannot be told


def test_what_was_launched_although_nobody_could_tell_is_counted_and_says_so(played, typed):
    type_all(typed, "experiment close winback --early -m enough")
    launch(typed)
    since = now()
    decide(since, ["a", "b"])
    deliver(since, ["a", "b"])

    row = the_row(open_project())

    assert row.verdict == "unknown"
    assert row.realised.units == 2
    assert row.standing.endswith(", though the verdict was unknown")


def reached(capability, units, field="client_id"):
    return Reached(capability, field, Launch(function="f", release=1, since=1), pl.Series("unit", units))


def test_units_that_two_capabilities_have_reached_are_counted_and_others_are_not():
    first, again = reached("winback", ["a", "b", "c"]), reached("winback", ["c", "e"])
    every = [first, reached("banner", ["b", "c", "d", "e"]), again]

    assert shared_units(every) == [("winback", "banner", 3)]
    assert shared_units([*every[:1], reached("banner", ["a"], field="visit_id")]) == []


def test_a_score_is_held_against_what_was_deployed_where_both_were_asked_about_the_same_rows():
    def scored(step, value, **more):
        near = Measured(value, value - 1, value + 1)
        return Scored(step=step, score=more.pop("score", "auc"), model=near, difference=near,
                      **({"higher_is_better": True} | more))  # fmt: skip

    deployed = Compared(step="visit", score="auc", higher_is_better=True, difference=Measured(0.5, 0.4, 0.6))
    apart = Compared(step="spend", score="mae", higher_is_better=False, note="not asked about the same rows")
    evidence = Evidence(
        scores=(scored("visit", 3.0), scored("spend", 2.0, score="mae", higher_is_better=False)),
        incumbent=Incumbent(release=1, environment="prod", scores=(), compared=(deployed, apart)),
    )

    assert gains(evidence) == [("auc", 0.5, True), ("mae", -2.0, False)]


def test_a_verdict_of_before_its_place_was_kept_does_not_guess_what_it_brought(shipped, typed):
    (fact,) = measurements(shipped.ledger, "winback")
    old = msgspec.structs.replace(fact.body, environment="", release=None, owner="", readout="1" * 64)
    record_measurement(shipped.ledger, "winback", old, by="ada")

    row = values(shipped, ["winback"]).rows[-1]

    assert (row.realised, row.net) == (None, None)
    assert row.standing.startswith("not known")
    assert row.owner == "growth@example.com"


def test_the_spread_of_effects_goes_by_the_standard_errors_that_were_kept(shipped):
    (fact,) = measurements(shipped.ledger, "winback")
    reading = read(shipped, "winback")
    brief = Brief.from_bytes(shipped.objects.get(fact.body.brief))
    spreads = []
    for stderr in (0.001, 0.004):
        for n in range(9):
            value = 0.02 if n % 2 else -0.02
            effect = Effect(value=value, low=value - 1, high=value + 1, stderr=stderr)
            again = msgspec.structs.replace(
                fact.body, measured=effect, readout=f"{stderr}{n}", experiment="another"
            )
            record_measurement(shipped.ledger, "winback", again, by="ada")
        spreads.append(prior_of(shipped, brief, reading.spec))

    assert all("this project measured" in one.origin for one in spreads)
    assert spreads[0].spread == pytest.approx(0.02, rel=0.1)
    doubted = msgspec.structs.replace(fact.body, distrusted="the ratio is broken", readout="x")
    record_measurement(shipped.ledger, "winback", doubted, by="ada")
    assert prior_of(shipped, brief, reading.spec) == spreads[1]
    own = msgspec.structs.replace(fact.body, measured=Effect(value=9.0, low=8.0, high=10.0), readout="y")
    record_measurement(shipped.ledger, "winback", own, by="ada")
    assert prior_of(shipped, brief, reading.spec) == spreads[1]  # what it measured says nothing of itself


def test_effects_that_look_like_chance_are_no_prior_and_that_is_said(shipped):
    (fact, *_) = measurements(shipped.ledger, "winback")
    reading = read(shipped, "winback")
    brief = Brief.from_bytes(shipped.objects.get(fact.body.brief))
    for n in range(9):
        value = 0.0001 if n % 2 else -0.0001
        effect = Effect(value=value, low=value - 1, high=value + 1, stderr=0.01)
        again = msgspec.structs.replace(
            fact.body, measured=effect, readout=f"chance {n}", experiment="another"
        )
        record_measurement(shipped.ledger, "winback", again, by="ada")

    prior = prior_of(shipped, brief, reading.spec)

    assert prior.effects is None
    assert prior.origin.startswith("the brief: an effect as large as its boldest guess, once in twenty. The ")
    assert "look like chance alone, so that this believes rather too much" in prior.origin
