"""The page to try a service by hand, in a real browser: filled, sent, read, at any width and in the dark."""

import json
import socket
import threading
import time
from contextlib import asynccontextmanager, closing, contextmanager

import pytest
import uvicorn

import chromium
import served_shop
from banner_shop import banner
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.record import MemoryLedger, MemoryObjects
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.guard import Guard
from fullcycle.serve.serving import Serving
from fullcycle.serve.tokens import make_token, valid_tokens
from fullcycle.wiring import open_project
from fullcycle.wiring.serving import stager
from recommend_shop import recommend

__all__ = ["banner", "recommend"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.installed() is None, reason="Chromium is not installed here"),
]

ROWS = served_shop.ROWS.replace(
    "    note: str | None = None\n",
    """    note: str | None = None  # what the client said
    since: date | None = None  # of the first order
    seen: datetime | None = None
    likes: Annotated[list[float], fc.length(2)] | None = None
    tags: list[str] = []
    level: Literal[1, 2, 3] | None = None
    loyal: bool | None = None
""",
).replace("from typing import", "from datetime import date, datetime\nfrom typing import")
CHOSEN = 2  # a client of the arm that asks the model
SHOWN = "document.querySelectorAll('#fields .field').length"
TOLD = "document.querySelector('#answer .verdict')"


class Service:
    """A release behind a real HTTP server; ``bodies`` are what was sent to be explained."""

    def __init__(self, folder, *, rows=None, guard=None, **changes):
        self.events = folder / "events"
        objects = MemoryObjects()
        shop = served_shop.write_shop(folder)
        if rows is not None:
            (shop / "winback" / "rows.py").write_text(rows)
        digest = served_shop.release(objects, shop, **changes)
        log = SegmentWriter(self.events)
        stager = Stager(objects, served_shop.serving_codecs(), log, "prod", print, root=shop)
        edge = Edge(guard=guard or Guard())
        serving = Serving(stager(Deployed(3, digest)))
        self.app = App(serving, _life, capability="winback", replay=False, tell=print, edge=edge)
        self.bodies = []

    async def __call__(self, scope, receive, send):
        async def listening():
            message = await receive()
            if scope.get("path") == "/explain" and message.get("body"):
                self.bodies.append(message["body"])
            return message

        await self.app(scope, listening, send)


@asynccontextmanager
async def _life():
    yield


@contextmanager
def listening(service):
    """The service's port."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield taken.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        taken.close()


@pytest.fixture(scope="module")
def browser():
    with chromium.browsing() as started:
        yield started


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    made = Service(tmp_path_factory.mktemp("browsed"), rows=ROWS)
    with listening(made) as port:
        made.url = f"http://127.0.0.1:{port}/try"
        yield made


@pytest.fixture
def page(browser, service):
    made = chromium.opened(browser)
    made.look(1200)
    made.open(service.url)
    made.until(SHOWN)
    return made


def write(page, name, text):
    """Write into a field as somebody at the keyboard does."""
    page.run(f"document.getElementById('field-{name}').focus()")
    page.run(f"document.getElementById('field-{name}').select?.()")
    page.type(text)


def choose(page, name, value):
    page.run(f"document.getElementById('field-{name}').value = {json.dumps(json.dumps(value))}")


def send(page):
    page.run("document.getElementById('go').click()")


def text(page, selector):
    return page.run(f"document.querySelector({json.dumps(selector)}).innerText")


def test_the_form_is_filled_with_a_row_that_the_service_answers_and_shows_its_bars(page, service):
    write(page, "client_id", str(CHOSEN))
    send(page)
    page.until(TOLD)

    assert text(page, "#answer .big") in ("Mens E-Mail", "Womens E-Mail", "No E-Mail")
    assert "chosen of trial" in text(page, "#answer dl")
    assert page.run("document.querySelectorAll('details.asked').length") == 3
    names = page.run(
        "[...document.querySelectorAll('details.asked summary > span:first-child')].map(e => e.innerText)"
    )
    assert names == ["campaign Mens E-Mail", "campaign Womens E-Mail", "campaign No E-Mail"]
    rows = page.run(
        """[...document.querySelector('details.asked').querySelectorAll('tbody tr')].map(row => [
            row.querySelector('th').innerText, row.querySelector('td.n').innerText,
            row.querySelector('i')?.getBoundingClientRect().width || 0])"""
    )
    assert [name.split()[0] for name, _, _ in rows[1:-2]] != []
    added = [float(said.replace("\u2212", "-")) for _, said, _ in rows[:-2]]
    assert sum(added) == pytest.approx(float(rows[-2][1].replace("\u2212", "-")), abs=0.005)
    widths = [width for _, _, width in rows[1:-2]]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 20
    assert list(read_decisions(service.events)) == []


def test_it_can_be_used_by_the_keyboard_alone(page):
    page.run("document.body.focus()")
    page.press("Tab")
    for _ in range(30):
        if page.run("document.activeElement.id") == "field-recency":
            break
        page.press("Tab")
    page.run("document.activeElement.select()")
    page.type("9")
    page.press("Enter")
    page.until(TOLD)

    assert page.run("document.activeElement.id") == "told-title"  # who reads by ear hears the answer next


def test_what_is_wrong_stands_at_its_field_and_above_all_with_the_way_there(page):
    send(page)
    page.until(TOLD)
    write(page, "recency", "13")
    write(page, "history", "much")
    send(page)
    page.until("!document.getElementById('problems').hidden")

    assert text(page, "#answer") == "There is no answer to this request."  # and not the one to the row before
    assert text(page, "#error-recency") == "expected int <= 12"
    assert text(page, "#error-history") == "expected float, got str"
    assert page.run("document.getElementById('field-recency').getAttribute('aria-invalid')") == "true"
    assert page.run("document.getElementById('field-newbie').hasAttribute('aria-invalid')") is False
    assert page.run("document.activeElement.id") == "problems"
    page.run("document.querySelector('#problems a').click()")
    assert page.run("document.activeElement.id") == "field-recency"

    write(page, "recency", "3")
    write(page, "history", "1")
    send(page)
    page.until(TOLD)
    assert page.run("document.getElementById('problems').hidden") is True
    assert page.run("document.querySelectorAll('[aria-invalid]').length") == 0


def test_what_is_typed_is_what_is_sent(page, service):
    service.bodies.clear()
    page.run("document.getElementById('again').click()")
    write(page, "client_id", "9007199254740993")  # more than a number of the browser's holds
    write(page, "history", "0.10")
    write(page, "note", '  a "quoted" é ')
    page.run("document.getElementById('field-since').value = '2026-03-01'")
    page.run("document.getElementById('field-seen').value = '2026-03-01T09:30:00'")
    page.run("document.getElementById('field-likes').value = '1.5\\n-2'")
    page.run("document.getElementById('field-tags').value = 'new, and old\\nlost'")
    choose(page, "level", 2)
    choose(page, "newbie", False)
    send(page)
    page.until(TOLD)
    (body,) = service.bodies
    sent = json.loads(body)

    assert b'"history":0.10' in body
    assert sent == {
        "client_id": 9007199254740993,
        "recency": 3,
        "history": 0.1,
        "zip_code": "Urban",
        "newbie": False,
        "note": '  a "quoted" é ',
        "since": "2026-03-01",
        "seen": "2026-03-01T09:30:00Z",
        "likes": [1.5, -2],
        "tags": ["new, and old", "lost"],
        "level": 2,
    }


def test_a_wrong_element_of_a_list_is_named_by_its_line(page):
    page.run("document.getElementById('field-likes').value = '1.5\\nx'")
    send(page)
    page.until("!document.getElementById('problems').hidden")

    assert text(page, "#error-likes").startswith("line 2: ")


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_nothing_reaches_beyond_the_screen(page, service, dark):
    page.look(360, 740, dark=dark)
    page.open(service.url)
    page.until(SHOWN)
    width = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    beyond = """[...document.querySelectorAll('body *')]
        .filter(e => !e.closest('pre') && e.getClientRects().length
        && e.getBoundingClientRect().right > 360.5).map(e => e.tagName + ' ' + e.innerText.slice(0, 40))"""

    assert page.run(width) == 360
    write(page, "client_id", str(CHOSEN))
    write(page, "note", "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3)
    send(page)
    page.until(TOLD)
    page.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.run(width) == 360
    assert page.run(beyond) == []
    write(page, "recency", "13")
    send(page)
    page.until("!document.getElementById('problems').hidden")
    assert page.run(width) == 360
    low = "[...document.querySelectorAll('button, input, select')].filter(e => e.offsetHeight < 44)"
    assert page.run(f"{low}.filter(e => e.getClientRects().length).length") == 0


CONTRAST = """(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c / 255 <= .03928 ? c / 255 / 12.92 : ((c / 255 + .055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const behind = (e) => {
    const colour = parts(getComputedStyle(e).backgroundColor);
    return colour.length < 4 || colour[3] > 0 ? colour : behind(e.parentElement);
  };
  const ratio = (e) => {
    const a = light(parts(getComputedStyle(e).color)), b = light(behind(e));
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  };
  const shown = 'h1, h2, h3, p, label, th, td, dt, dd, summary, a, button, .tag, .value, input, select';
  return [...document.querySelectorAll(shown)]
    .filter((e) => e.getClientRects().length && (e.innerText || e.value))
    .filter((e) => ratio(e) < 4.5)
    .map((e) => [ratio(e), e.tagName, (e.innerText || e.value).slice(0, 30)]);
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_can_be_read_against_what_is_behind_it(page, dark):
    """Source: WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    page.look(1200, dark=dark)
    write(page, "client_id", str(CHOSEN))
    write(page, "recency", "13")
    send(page)
    page.until("!document.getElementById('problems').hidden")
    assert page.run(CONTRAST) == []
    write(page, "recency", "3")
    send(page)
    page.until(TOLD)

    assert page.run(CONTRAST) == []


def test_nothing_is_asked_of_another_host_and_no_policy_is_broken(page, service):
    write(page, "client_id", str(CHOSEN))
    send(page)
    page.until(TOLD)
    origin = service.url.removesuffix("/try")

    assert {url.removeprefix(origin) for url in page.requested if not url.startswith("data:")} <= {
        "/try",
        "/openapi.json",
        "/explain",
        "data:,",
    }
    assert page.complaints == []


def test_a_screen_reader_hears_each_field_by_its_name_and_each_bar_as_a_number(page):
    write(page, "client_id", str(CHOSEN))
    send(page)
    page.until(TOLD)
    said = page.spoken()

    fields = {
        name.split()[0] for role, name in said if role in ("textbox", "combobox", "Date", "DateTime") and name
    }
    assert {"client_id", "recency", "zip_code", "newbie", "note", "tags", "level"} <= fields
    assert [name for role, name in said if role == "heading"][:3] == [
        "Try winback",
        "The request",
        "The answer",
    ]
    assert sum(role == "table" for role, _ in said) == 3
    assert ("columnheader", "adds") in said
    assert any(role == "rowheader" and name.startswith("recency") for role, name in said)
    assert page.run("document.querySelector('details.asked caption').innerText").startswith(
        "What each feature adds"
    )


def test_comments_of_the_code_help_to_fill_the_form(page):
    assert text(page, "#about-note") == "what the client said"
    assert text(page, "#hint-recency") == "whole number, 1 to 12"
    assert "optional" in text(page, "label[for=field-since]")


def test_a_draw_is_shown_with_its_weights_and_chances(browser, tmp_path):
    service = Service(tmp_path, **served_shop.alone("drawn"))
    with listening(service) as port:
        page = chromium.opened(browser)
        page.open(f"http://127.0.0.1:{port}/try")
        page.until(SHOWN)
        page.run("document.getElementById('decision-id').value = 'order-17'")
        send(page)
        page.until(TOLD)
        lines = "[...document.querySelectorAll('#answer tbody tr')]"
        rows = page.run(f"{lines}.map(r => r.innerText.split(/\\s*\\t\\s*/).filter(Boolean))")

        assert [row[-2:] for row in rows] == [["1", "25 %"], ["3", "75 %"]]
        assert sum("picked" in row[0] for row in rows) == 1
        assert "order-17" in text(page, "#answer dl")
        page.run("window.stop()")


@contextmanager
def answered(browser, capability, folder):
    """The page of the project at hand on a phone, once what it shows first was sent."""
    project = open_project()
    made = stager(project, "prod", folder, print)
    digest = project.ledger.read(f"releases/{capability}")[0].body.manifest
    app = App(Serving(made(Deployed(1, digest))), _life, capability=capability, replay=False, tell=print)
    with listening(app) as port, closing(made):
        page = chromium.opened(browser)
        page.look(360)
        page.open(f"http://127.0.0.1:{port}/try")
        page.until(SHOWN)
        send(page)
        page.until(TOLD)
        yield page


def test_what_was_looked_up_is_shown(browser, recommend, tmp_path):
    with answered(browser, "recommend", tmp_path) as page:
        page.run("document.querySelectorAll('details.asked').forEach(one => one.open = true)")
        told = text(page, "#answer")

        assert page.run("document.querySelectorAll('.verdict li').length") == 3
        for name in ("shortlists of", "tastes of", "items of"):
            assert name in told
        assert page.run("document.documentElement.scrollWidth") == 360


def test_what_a_bandit_knew_is_shown_beside_the_draw(browser, banner, tmp_path):
    with answered(browser, "banner", tmp_path) as page:
        told = text(page, "#answer")

        for said in ("What the bandit knew", "banners, by thompson, at phone", " ± ", "The draw"):
            assert said in told
        assert page.run("document.documentElement.scrollWidth") == 360
        assert page.complaints == []


def test_a_service_that_failed_is_shown_with_kind_and_line_and_what_answered_instead(browser, tmp_path):
    service = Service(tmp_path, **served_shop.alone("sometimes", "today"))
    with listening(service) as port:
        page = chromium.opened(browser)
        page.open(f"http://127.0.0.1:{port}/try")
        page.until(SHOWN)
        write(page, "recency", "12")
        send(page)
        page.until(TOLD)
        told = text(page, "#answer")

        assert "The fallback's answer: the service failed." in told
        assert "failed: RuntimeError at winback/service.py:" in told


def test_where_a_token_is_demanded_it_is_asked_for_and_kept_in_the_page_alone(browser, tmp_path):
    ledger = MemoryLedger()
    secret = make_token(ledger, "reader", ["read"], by="ann")
    guard = Guard(loopback=False, tokens=valid_tokens(ledger), hosts=["127.0.0.1"])
    with listening(Service(tmp_path, guard=guard)) as port:
        page = chromium.opened(browser)
        page.open(f"http://127.0.0.1:{port}/try")
        page.until("!document.getElementById('token-form').hidden")
        assert "winback" not in page.run("document.body.innerText")
        page.type("fc_wrong")
        page.press("Enter")
        page.until("document.getElementById('about').innerText.includes('not valid')")
        page.run("document.getElementById('token').value = ''")
        page.type(secret)
        page.press("Enter")
        page.until(SHOWN)
        send(page)
        page.until(TOLD)

        assert page.run("localStorage.length + sessionStorage.length + document.cookie.length") == 0
