"""fullcycle.wiring.valued: what a verdict has brought since its launch, by the record and the log."""

import random
from datetime import timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest

from fullcycle.adapters.segments import SegmentWriter
from fullcycle.experiment import ExperimentClosed, close
from fullcycle.kernel import Missing, NotEnoughData, Refused, UnknownName, instant, now
from fullcycle.record import Decision, encode_decision
from fullcycle.value import held_out_measurements
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import read
from fullcycle.wiring.holding_out import measure_held_out
from fullcycle.wiring.valued import proxy_ledger, track_records, values
from fullcycle.wiring.valuing import append_measurement
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
    coverage=0.0001,  # all others are answered by the service
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


def the_row(project):
    (row,) = values(project, ["winback"]).rows
    return row


def test_what_is_not_launched_has_brought_nothing_and_cost_something(shipped):
    row = the_row(shipped)

    assert (row.standing, row.realised) == ("not launched", None)
    assert row.net.low == row.net.high == -row.cost.amount < 0


def test_each_client_counts_once_at_the_measured_rate_since_the_launch(shipped, typed):
    launch(typed)
    decide(now(), ["a", "b", "c"])
    decide(now() + 1000, ["c", "d"])
    decide(now() + 2000, ["e"], fallback=True)

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
    decide(now(), ["a"])
    type_all(typed, "run winback -m back", "release winback@3 -m back")
    type_all(typed, "deploy winback@v3 --to prod -m back")
    decide(now() + 1000, ["b", "c"])

    row = the_row(shipped)

    assert row.realised.units == 1
    assert row.realised.launch.until is not None


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
        for one in clients:
            sent = f"winback-{since}-{one}"
            warehouse.execute(
                "insert into mail.delivered values (?, ?, 'Mens E-Mail', ?)", [sent, one, instant(since)]
            )

    fact = measure_held_out(shipped, "winback", as_of=since + 20 * DAY)
    row = the_row(shipped)

    assert fact.body.measured.value == pytest.approx(0.20, abs=0.06)
    assert fact.body.distrusted == ""
    assert row.held_out.source == "units held out, v2"
    assert row.realised.source == "holdout"
    assert row.realised.units == 1600
    assert row.realised.worth.low == pytest.approx(fact.body.measured.low * 1600 * 0.80)
    assert len(held_out_measurements(shipped.ledger, "winback", "trial")) == 1
    assert list((shipped.all_events / ".held-out").iterdir()) == []


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
