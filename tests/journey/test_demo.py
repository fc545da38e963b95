"""The whole loop by one command: ``fullcycle demo``, what it prints, and what is in the record after it.

The readout is held against a query of its own, written here in plain SQL over the warehouse and the
published decisions; nothing of fullcycle's experiment code is used for it.
"""

import json
import os
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.slow

LIVE = 4_000
TYPED = [
    "fullcycle new shop --example winback",
    "python load.py",
    'fullcycle run winback -m "first model"',
    "fullcycle experiment design winback",
    "fullcycle release winback@1",
    'fullcycle deploy winback@v1 --to prod -m "begin the trial"',
    "fullcycle serve winback@prod --port {port} &",
    "python replay.py --url http://127.0.0.1:{port}/winback --limit 4000",
    "fullcycle experiment read winback",
    "fullcycle experiment close winback",
    "fullcycle value",
    "fullcycle report winback",
    "fullcycle check winback",
    "python fault.py plant",
    "fullcycle check winback",
    "fullcycle why visited",
    "python fault.py mend",
]


class Played:
    """A demo that was played: what each command printed, and the project it left."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "fullcycle.cli", "demo", str(folder)]
        options = ["--limit", str(LIVE), "--port", str(self.port)]
        ran = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300, check=False)
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr
        self.root = folder / "shop"
        parts = re.split(r"^\$ (.+)$", ran.stdout, flags=re.MULTILINE)
        self.commands = parts[1::2]
        self.printed = parts[2::2]

    def of(self, command: str, nth: int = 0) -> str:
        """What the nth command that begins so printed."""
        return [
            out for typed, out in zip(self.commands, self.printed, strict=True) if typed.startswith(command)
        ][nth]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return Played(tmp_path_factory.mktemp("journey"))


@pytest.fixture(scope="module")
def decisions(demo):
    """A connection to the warehouse, with the published decisions as the view ``decisions``."""
    files = list((demo.root / ".fullcycle/events/winback/prod/compacted").rglob("*.parquet"))
    with duckdb.connect(str(demo.root / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create temp view decisions as from read_parquet({[str(f) for f in files]})")
        yield connection


def asked(demo, *arguments):
    """What a reading command prints as JSON in the project that the demo left."""
    command = [sys.executable, "-m", "fullcycle.cli", *arguments, "--json"]
    return json.loads(
        subprocess.run(command, cwd=demo.root, capture_output=True, text=True, check=True).stdout
    )


def test_every_command_is_printed_as_it_would_be_typed_and_ends_well(demo):
    assert demo.code == 0, demo.out[-3000:] + demo.err
    assert demo.err == ""
    assert demo.commands == [line.format(port=demo.port) for line in TYPED]
    assert all(out.strip() for out in demo.printed)
    assert len(re.findall(r"^# .+$", demo.out, flags=re.MULTILINE)) >= len(TYPED)  # each says what it shows
    assert "The loop is closed" in demo.printed[-1]
    assert f"Everything is in {demo.root}" in demo.printed[-1]


def test_it_says_that_a_real_experiment_is_replayed(demo):
    assert "replays a real randomised experiment" in demo.of("python replay.py")
    assert f"{LIVE:,} of {LIVE:,} clients answered" in demo.of("python replay.py")


def test_the_value_row_sets_estimate_beside_measurement(demo):
    told = demo.of("fullcycle value")

    row = asked(demo, "value")
    assert f"winback, trial: {row['verdict']} " in told
    for source in ("the brief (a guess)", "past decisions (from the past)", "experiment trial, v1 (by lot)"):
        assert source in told
    assert "not launched" in told
    assert row["estimate"] != row["measured"]


def test_the_planted_fault_is_found_and_named(demo):
    sound, broken = demo.of("fullcycle check"), demo.of("fullcycle check", 1)
    why = demo.of("fullcycle why")

    assert "0 broken" in sound
    assert "1 broken; 1 alert raised" in broken
    assert why.lstrip().startswith("visited hangs on something broken: field history of source mailings")
    assert "history moved where channel = Web" in why
    assert "100 times what it was" in why
    assert "field mailings.history" in why


def test_the_fault_is_mended_so_that_one_can_go_on(demo):
    command = [sys.executable, "-m", "fullcycle.cli", "check", "winback"]
    checked = subprocess.run(command, cwd=demo.root, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout


# the record


def test_every_live_client_is_decided_for_exactly_once(decisions):
    ids = """
        select count(*), count(distinct decision_id), count(distinct unit),
               count(*) filter (decision_id = 'replay-' || unit), min(release), max(release),
               count(*) filter (fallback)
        from decisions
    """
    assert decisions.execute(ids).fetchone() == (LIVE, LIVE, LIVE, LIVE, 1, 1, 0)
    strangers = """
        select count(*) from decisions
        where unit::bigint in (select client_id from mail.log)
           or unit::bigint not in (select client_id from crm.clients)
    """
    assert decisions.execute(strangers).fetchone() == (0,)


def test_what_the_service_answered_is_what_the_outbox_holds(decisions):
    differ = """
        select count(*) from decisions full join mail.outbox using (decision_id)
        where json_extract_string(answer, '$.campaign') is distinct from campaign
           or decisions."at"::timestamp is distinct from outbox."at"
    """
    assert decisions.execute(differ).fetchone() == (0,)


def test_todays_practice_sends_everybody_the_womens_e_mail(decisions):
    assert decisions.execute("""
        select distinct json_extract_string(answer, '$.campaign') from decisions where arm = 'today'
    """).fetchall() == [("Womens E-Mail",)]


DELIVERED = "select arm, count(*) from decisions join mail.delivered using (decision_id) group by arm"


def test_the_readout_counts_what_was_delivered(demo, decisions):
    readout = asked(demo, "experiment", "read", "winback")
    delivered = dict(decisions.execute(DELIVERED).fetchall())
    assigned = dict(decisions.execute("select arm, count(*) from decisions group by arm").fetchall())

    assert {arm["arm"]: arm["assigned"] for arm in readout["arms"]} == assigned
    assert {arm["arm"]: arm["counted"] for arm in readout["arms"]} == delivered
    assert {arm["arm"]: arm["known"] for arm in readout["arms"]} == delivered  # every window is over
    assert sum(delivered.values()) == decisions.execute("select count(*) from mail.delivered").fetchone()[0]
    assert readout["untriggered"] == LIVE - sum(delivered.values())


BY_HAND = """
with units as (
    select d.arm, d.unit, d."at"::timestamp as "at"
    from decisions d join mail.delivered using (decision_id)
),
led_to as (
    select arm, unit, count(v.client_id) > 0 as visited, coalesce(sum(v.spend), 0) as spent,
           coalesce(max(v.spend), 0) > 0 as converted
    from units
    left join shop.visits v on v.client_id = units.unit::bigint
         and v."at" > units."at" and v."at" <= units."at" + interval 14 days
    group by arm, unit
)
select arm, avg(visited::double), avg(spent), avg(converted::double),
       var_samp(visited::double) / count(*), var_samp(spent) / count(*),
       var_samp(converted::double) / count(*)
from led_to group by arm
"""


def test_the_readouts_effects_are_those_of_a_query_written_by_hand(demo, decisions):
    readout = asked(demo, "experiment", "read", "winback")
    by_hand = {arm: numbers for arm, *numbers in decisions.execute(BY_HAND).fetchall()}

    assert [effect["metric"] for effect in readout["effects"]] == ["visited", "spent", "converted"]
    for n, effect in enumerate(readout["effects"]):
        today, chosen = by_hand["today"], by_hand["chosen"]
        assert effect["control_mean"] == pytest.approx(today[n], abs=1e-12)
        assert effect["arm_mean"] == pytest.approx(chosen[n], abs=1e-12)
        assert effect["difference"] == pytest.approx(chosen[n] - today[n], abs=1e-12)
        assert effect["stderr"] == pytest.approx((chosen[n + 3] + today[n + 3]) ** 0.5, rel=1e-9)


# the page


class Loads(HTMLParser):
    """Collects everything that a page would make a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            fetches = name in ("src", "srcset", "data", "poster", "background", "xlink:href") or (
                name == "href" and tag in ("link", "use", "image")
            )
            if fetches and not (value or "").startswith(("#", "data:")):
                self.found.append(f"{tag} {name}={value}")


def test_the_report_is_one_page_that_loads_nothing(demo):
    page = (demo.root / "reports/winback.html").read_text()
    loads = Loads()
    loads.feed(page)

    assert loads.found == []
    assert not {"script", "iframe", "object", "embed", "link"} & set(loads.tags)
    assert "@import" not in page
    assert not re.search(r"url\(\s*['\"]?(?!#|data:)", page)
    assert loads.tags.count("svg") >= 4
    assert str(demo.root / "reports/winback.html") in demo.of("fullcycle report")


# again in the same folder


def test_nothing_of_the_demo_is_left_running(demo):
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", demo.port)) != 0
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and _works_in(int(pid), demo.root)]


def test_played_again_it_sends_nothing_and_tells_the_same(demo, decisions):
    before = _but_cost(asked(demo, "value"))
    decisions.close()

    again = Played(demo.root.parent)

    assert again.code == 0, again.out[-3000:] + again.err
    assert again.commands == [line.format(port=again.port) for line in TYPED[1:]]
    assert "none is sent" in again.of("python replay.py")
    assert "was closed" in again.of("fullcycle experiment close")
    assert "winback@v1 already holds winback@1" in again.of("fullcycle release")
    assert _but_cost(asked(demo, "value")) == before


def _but_cost(told):
    """A verdict's value without what it has cost to date, which grows with each run."""
    row = {name: known for name, known in told["row"].items() if name not in ("cost", "cost_from", "net")}
    return {**told, "row": row}


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(folder)
    except OSError:
        return False
