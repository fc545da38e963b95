"""fullcycle.wiring.refreshing where hosts answer: real processes, asked meanwhile and killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from fullcycle.adapters.segments import read_decisions
from fullcycle.release import publications
from fullcycle.wiring import open_project
from killing import killed
from recommend_host import DEAREST, Host, asked_now, buys, joined, refreshed
from recommend_shop import NEW_CLIENT
from whole_shop import address, process, serving

SERVES = """
import sys
from pathlib import Path
from fullcycle.serve import LedgerDeployments
from fullcycle.serve.reading import read_row
from fullcycle.wiring import open_project
from fullcycle.wiring.serving import stager

project = open_project()
deployments = LedgerDeployments(project.ledger, "recommend", "prod")
active = stager(project, "prod", Path(sys.argv[1]), print)(deployments.deployed(deployments.generation()))
row = read_row(active.decider.release.row, b'{"client_id": 7}')
assert b"item_id" in active.decider.decide(row, "one", 1)
print(sorted({"polars", "pyarrow", "pandas", "scipy", "sklearn"} & set(sys.modules)))
"""


def test_a_service_that_asks_lookups_imports_no_table_library(recommend, tmp_path):
    buys()
    refreshed()

    told = subprocess.run(
        [sys.executable, "-c", SERVES, tmp_path / "log"], capture_output=True, text=True, check=True
    )

    assert told.stdout == "[]\n"


@pytest.mark.slow
def test_workers_take_it_up_while_they_are_asked_and_no_request_fails(recommend):
    own = {name: one.lookup.artifact.content for name, one in asked_now().items()}
    with serving(recommend, "recommend@prod") as url:
        joined()
        answers = [_posted(url) for _ in range(20)]
        buys()
        heard = refreshed().heard
        answers.append(_posted(url))
    new = {name: one.lookup.artifact.content for name, one in asked_now().items()}
    logged = [told.live for told in read_decisions(open_project().events_folder("recommend", "prod"))]

    assert (len(heard.done), heard.late) == (1, {})
    assert answers[-1] == [DEAREST]
    turned = answers.index([DEAREST])
    assert logged == [own] * turned + [new] * (len(answers) - turned)


@pytest.mark.slow
def test_a_supervisor_says_once_what_is_asked_anew_and_one_that_cannot_ask_it_is_named(recommend):
    server = process(recommend, "serve", "recommend@prod", "--port", "0")
    try:
        url = address(server)
        joined()
        buys()
        refreshed()
        buys(778)
        project, before = open_project(), asked_now()["tastes"].lookup.index
        put = type(project.objects).write

        def damaged(objects, digest, write):
            size = put(objects, digest, write)
            path = objects.path(digest)
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"?")
            return size

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(project.objects), "write", damaged)
            late = refreshed().heard.late
        answered = _posted(url)
        again = refreshed(number=2).heard
    finally:
        server.send_signal(signal.SIGTERM)
        said = "".join(server.communicate(timeout=30))

    assert len(late) == 1
    assert "was not activated" in next(iter(late.values()))
    assert asked_now()["tastes"].lookup.index == before
    assert answered == [DEAREST]
    assert (len(again.done), again.late) == (1, {})
    (told,) = [line for line in said.splitlines() if "asks anew: " in line and "run 2" in line][:1]
    assert all(f"{name} of run 2" in told for name in ("items", "shortlists", "tastes"))


@pytest.mark.slow
def test_a_host_that_is_gone_is_named_and_not_waited_for_again(recommend, typed):
    server = process(recommend, "serve", "recommend@prod", "--port", "0", "--host-name", "a")
    address(server)
    joined()
    server.send_signal(signal.SIGSTOP)
    try:
        buys()
        said = typed("fullcycle refresh recommend@prod --wait 0.3")
        buys(778)
        again = typed("fullcycle refresh recommend@prod")
    finally:
        server.send_signal(signal.SIGCONT)
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)

    assert said.code == 1
    assert "it is published, but not every host asks it (a: nothing was heard of it within 0.3 s)" in said.err
    assert "asks anew what recommend@2 made" in said.out
    assert again.code == 0


def _posted(url):
    """The items that the service answers with; raises where it answers otherwise."""
    asked = Request(url, json.dumps({"client_id": NEW_CLIENT}).encode(), {"content-type": "application/json"})
    with urlopen(asked, timeout=20) as answered:
        return [one["item_id"] for one in json.load(answered)["answer"]]


@pytest.mark.slow
def test_killed_while_publishing_a_reader_sees_all_of_the_old_or_all_of_the_new(recommend, tmp_path):
    for item in (701, 702):
        buys(item)
        refreshed()

    told = killed("published_work:publish_in_turn", Path.cwd(), times=60, longest=0.2)

    facts = publications(open_project().ledger, "recommend", "prod")
    assert [len({one.body.run for one in facts[at : at + 3]}) for at in range(0, len(facts), 3)] == [1] * (
        len(facts) // 3
    )
    assert len(facts) > 9 < len(told)
    assert Host(tmp_path).items() in ([701], [702])
