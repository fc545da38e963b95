"""``fullcycle demo``: the whole loop on real data, each command shown as one would type it."""

import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from fullcycle.kernel import Missing, Refused

PORT = 8765
READY_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class Act:
    """One command of the play, what it shows, and how it ends where all is well."""

    shows: str
    command: str
    ends: int = 0


def _before(limit: int | None) -> list[Act]:
    return [
        Act(
            "The warehouse: 64,000 real clients of a retailer; 40 % of them are the past campaign.",
            "python load.py",
        ),
        Act(
            "Data → features → model → evaluation. Each step says why it ran.",
            'fullcycle run winback -m "first model"',
        ),
        Act(
            "Before anything goes live: how many days it takes, and what the past says it is worth.",
            "fullcycle experiment design winback",
        ),
        Act(
            "Code, model, contracts and golden rows frozen together, if every gate passes.",
            "fullcycle release winback@1",
        ),
        Act(
            "One fact decides what answers in production.",
            'fullcycle deploy winback@v1 --to prod -m "begin the trial"',
        ),
    ]


def _after() -> list[Act]:
    return [
        Act(
            "What it caused, with an interval that may be looked at every day.",
            "fullcycle experiment read winback",
        ),
        Act(
            "The verdict, by the rule fixed at the start, goes into the value ledger.",
            "fullcycle experiment close winback",
        ),
        Act("Estimate, off-policy estimate and measured effect in one row.", "fullcycle value"),
        Act("One page for people who will open nothing else.", "fullcycle report winback"),
        Act("Is everything as it was when it was released?", "fullcycle check winback"),
        Act("Now something breaks: one channel's dollars arrive as cents.", "python fault.py plant"),
        Act("The contract still holds; the check rings all the same.", "fullcycle check winback", ends=1),
        Act("Which of the metric's ancestors is broken?", "fullcycle why visited"),
        Act("Mend it, so that you can go on from here.", "python fault.py mend"),
    ]


@click.command(name="demo")
@click.argument("folder", default="fullcycle-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--limit", type=int, help="Send this many live clients instead of all.")
@click.option("--port", default=PORT, show_default=True, help="Where the service answers meanwhile.")
def command(folder: Path, limit: int | None, port: int) -> None:
    """Play the whole loop on real data, in FOLDER.

    From the brief to the measured outcome of a real retailer's e-mail test. Played again in
    the same folder it finds what is there and sends nothing a second time.
    """
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if not Path("shop", "fullcycle.toml").exists():
        _play(Act("A project: a folder per business capability.", "fullcycle new shop --example winback"))
    os.chdir("shop")
    for act in _before(limit):
        _play(act)
    with _serving(port):
        only = f" --limit {limit}" if limit is not None else ""
        url = f" --url http://127.0.0.1:{port}/winback" if port != PORT else ""
        _play(
            Act(
                "The live clients, one request each. This replays a real randomised experiment.",
                f"python replay.py{url}{only}",
            )
        )
    for act in _after():
        _play(act)
    _farewell(time.perf_counter() - began)


def _say(shows: str, command: str) -> None:
    click.echo()
    click.secho(f"# {shows}", dim=True)
    click.secho(f"$ {command}", fg="green", bold=True)


def _play(act: Act) -> None:
    _say(act.shows, act.command)
    program, *arguments = shlex.split(act.command)
    sys.stdout.flush()
    if program == "fullcycle":
        code = status_of(fullcycle, arguments)
    else:
        code = subprocess.run([sys.executable, *arguments], check=False).returncode
    if code != act.ends:
        raise Refused(
            f"the demo expected {act.command!r} to end with {act.ends}, it ended with {code}",
            os.getcwd(),
            "see what it printed above; if this folder was changed, try a fresh one: fullcycle demo other",
        )


@contextmanager
def _serving(port: int) -> Iterator[None]:
    """The service, running while the traffic comes in."""
    _say(
        "The service answers with what is deployed, and goes on while the clients come.",
        f"fullcycle serve winback@prod --port {port} &",
    )
    _require_free(port)
    log = Path(".fullcycle", "serve.log")
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "fullcycle.cli", "serve", "winback@prod", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(server, port, log)
            click.echo(log.read_text().strip())
            yield
        finally:
            server.terminate()
            server.wait()


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Missing(
                f"port {port} is taken",
                "127.0.0.1",
                f"end what listens there, or choose another: fullcycle demo --port {port + 1}",
            ) from error


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise Missing(
        "the service does not get ready", str(log.resolve()), f"see what it says:\n{log.read_text()[-2000:]}"
    )


def _farewell(seconds: float) -> None:
    click.echo()
    click.secho(f"The loop is closed: from a brief to its measured outcome in {seconds:.0f} s.", bold=True)
    click.echo(f"Everything is in {os.getcwd()}. Go on there:")
    click.echo('  fullcycle run winback -m "deeper trees" -p leaves=31   # only what it reaches runs again')
    click.echo(
        "  fullcycle show winback@prod                            # what answers, and where it came from"
    )
    click.echo("  open reports/winback.html                              # the page for your product manager")
