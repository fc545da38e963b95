"""Events from the request to the metric: posted to a service, read by the flow, joined with decisions."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import segments
from fullcycle.kernel import Invalid
from fullcycle.record import Unlogged, encode_unlogged
from fullcycle.release import Manifest
from fullcycle.wiring import open_project
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.gathering import posted
from posted_rows import CLICK
from whole_shop import rewrite, serving

TAKEN = """
clicks = fc.events(Click)
clicked = fc.proportion(clicks, within="30m")


@fc.step
def seen(clicks: pl.DataFrame) -> pl.DataFrame:
    return clicks.select("decision_id", "item_id", "event_id", "received")
"""


def declare(root):
    """Let the shop's flow take clicks."""
    rows, flow = root / "recommend/rows.py", root / "recommend/flow.py"
    rows.write_text(rows.read_text() + CLICK)
    rewrite(flow, "import Item,", "import Click, Item,")
    flow.write_text(flow.read_text() + TAKEN)


def post(url, rows, key=None):
    headers = {"content-type": "application/json", **({"idempotency-key": key} if key else {})}
    try:
        with urlopen(Request(url, json.dumps(rows).encode(), headers), timeout=20) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_what_is_posted_to_a_service_is_a_table_of_the_flow_and_joins_its_decision(recommend, typed):
    declare(recommend)
    assert typed("fullcycle run recommend -m 'with clicks'").code == 0
    assert typed("fullcycle release recommend@2 -m 'with clicks' --override test").code == 0
    assert typed("fullcycle deploy recommend@v2 --to prod -m begin").code == 0
    project = open_project()
    with serving(recommend, "recommend@prod") as url:
        base = url.removesuffix("/recommend")
        _, decided = post(url, {"client_id": 7})
        click = {"decision_id": decided["decision_id"], "item_id": 3, "at": "2030-01-01T00:00:00Z"}
        taken = [post(f"{base}/events/clicks", [click, click], "k1") for _ in range(2)]
        bad = post(f"{base}/events/clicks", {"item_id": "x"})
        unknown = post(f"{base}/events/views", click)
    assert taken == [(200, {"event_ids": ["k1/0", "k1/1"]})] * 2
    assert (bad[0], unknown[0]) == (422, 404)
    assert len(segments(project.received_folder("recommend", "prod", "clicks"))) == 1

    flow = Flow.open(project, "recommend", "prod")
    frame = flow.query(flow.graph.nodes["clicks"]).frame()
    assert frame["event_id"].to_list() == ["k1/0", "k1/1"]
    assert frame["decision_id"].to_list() == [decided["decision_id"]] * 2
    told = typed("fullcycle run recommend --in prod --only seen -m again")
    assert told.code == 0, told.err
    assert "2 rows" in told.out + told.err
    compacted = typed("fullcycle record compact recommend@prod")
    assert compacted.code == 0
    assert "decisions" in compacted.out
    assert "events/clicks" in compacted.out


def test_a_release_pins_the_events_that_its_service_takes(recommend):
    declare(recommend)
    flow = Flow.open(open_project(), "recommend", "dev")
    (name, pinned), *others = posted(flow).items()

    assert (name, pinned.reference, others) == ("clicks", "recommend.rows:Click", [])
    written = Manifest.from_bytes(
        Manifest(
            capability="recommend",
            package="shop",
            run=1,
            archive="",
            python="3.11",
            lock="",
            distributions={},
            service="recommend.service:recommend",
            events={"clicks": pinned},
        ).to_bytes()
    )
    assert written.events == {"clicks": pinned}


def test_a_contract_in_the_flow_itself_is_no_contract_of_a_service(recommend):
    flow = recommend / "recommend/flow.py"
    flow.write_text(
        flow.read_text()
        + CLICK.replace("\n\nfrom", "\nfrom typing import Annotated\n\nfrom", 1)
        + "\n\nclicks = fc.events(Click)\n"
    )

    with pytest.raises(Invalid, match="which no service loads") as caught:
        posted(Flow.open(open_project(), "recommend", "dev"))
    assert caught.value.mend == "move it to recommend/rows.py"


def test_a_flow_reads_no_events_before_any_was_posted(recommend, typed):
    declare(recommend)
    told = typed("fullcycle run recommend --only seen -m first")

    assert told.code == 0, told.err
    assert not (recommend / ".fullcycle/events/recommend/dev").exists()


def test_check_finds_answers_that_are_not_in_the_log(recommend, typed):
    project = open_project()
    writer = SegmentWriter(project.events_folder("recommend", "prod"))
    for release, many in ((1, 3), (9, 40)):
        note = Unlogged(unlogged=many, since=0, until=61_000_000, release=release, why="no room")
        writer.append(encode_unlogged(note))
    writer.close()
    told = typed("fullcycle check recommend@prod")

    assert told.code == 1
    assert "log       decisions recommend@prod: 3 answers are not in the log" in told.out
    assert "40" not in told.out
