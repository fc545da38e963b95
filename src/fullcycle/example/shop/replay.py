"""Send the live clients to the running service, and let happen what really happened.

This replays a real randomised experiment: each client was really sent the men's e-mail, the women's
or none, drawn by lot. Where the service decides for what the client was really sent, that decision
counts as carried out, and the client's real visit enters the warehouse. The other decisions are left
out. Since the lot knew nothing of the client or of the service, what is left is a fair sample of what
the service would have caused (Li, Chu, Langford & Wang, "Unbiased Offline Evaluation of
Contextual-bandit-based News Article Recommendation Algorithms", WSDM 2011).

Each request has its own id, so a replay that is run again sends only what it has no answer to.
"""

import argparse
import json
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

HERE = Path(__file__).resolve().parent
THREADS = 4
BATCH = 10_000  # clients between two writes to the warehouse, which is open only while it is written

LIVE = """
with mailed as (select max(sent)::date as ended from mail.log),
live as (
    select client_id, campaign, spend, visited, visited_after, ended + interval 3 days + sent_after as sent
    from hillstrom, mailed where not past order by chance('live', client_id) limit $limit
)
select sent, campaign, case when visited then sent + visited_after end, spend, clients.*
from live join crm.clients as clients using (client_id)
where client_id not in (select client_id from mail.outbox)
order by sent
"""


@dataclass(frozen=True, slots=True)
class Live:
    """A live client: the request, and what really happened."""

    request: dict[str, Any]  # a row of crm.clients
    at: datetime  # UTC; when the request is made
    campaign: str  # what the client was really sent
    visit: datetime | None  # when the client really came, if at all
    spend: float

    @property
    def id(self) -> str:
        return f"replay-{self.request['client_id']}"


class Service:
    """The running service, asked over one connection that stays open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = (parts.path or "/").encode()
        self._socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._socket.close()

    def decide(self, client: Live) -> str:
        """The campaign that the service chooses for ``client``."""
        body = json.dumps(client.request).encode()
        head = (
            b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Idempotency-Key: %b\r\nReplay-At: %bZ\r\nContent-Length: %d\r\n\r\n"
        )
        at = client.at.isoformat().encode()
        self._socket.sendall(head % (self._path, client.id.encode(), at, len(body)) + body)
        status, answer = self._answer()
        if status != 200:
            raise RuntimeError(f"the service answers {status} to {client.id}: {answer.decode()[:500]}")
        campaign: str = json.loads(answer)["answer"]["campaign"]
        return campaign

    def _answer(self) -> tuple[int, bytes]:
        status = self._reader.readline().split()
        if len(status) < 2:
            raise ConnectionError("the service hung up")
        length = 0
        while (line := self._reader.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(status[1]), self._reader.read(length)


def live_clients(warehouse: Path, limit: int | None = None) -> list[Live]:
    """The live clients without an answer yet, in the order in which they come.

    With ``limit``, of that many clients, always the same, spread over all 28 days.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set variable csv = ?", [str(HERE / "data" / "hillstrom.csv.gz")])
        connection.execute((HERE / "data" / "hillstrom.sql").read_text())
        result = connection.execute(LIVE, {"limit": limit})
        names = [column[0] for column in result.description][4:]
        return [
            Live(dict(zip(names, request, strict=True)), at, campaign, visit, spend)
            for at, campaign, visit, spend, *request in result.fetchall()
        ]


def ask(url: str, clients: Sequence[Live]) -> list[tuple[Live, str]]:
    """Ask the service about each client, one by one over a few connections; give its choices."""

    def some(first: int) -> list[tuple[Live, str]]:
        with Service(url) as service:
            return [(client, service.decide(client)) for client in clients[first::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        return [choice for choices in pool.map(some, range(THREADS)) for choice in choices]


def record(warehouse: Path, choices: Sequence[tuple[Live, str]]) -> int:
    """Write what was decided, what of it was carried out, and who came; give how many were carried out."""
    decided = [(client.id, client.request["client_id"], choice, client.at) for client, choice in choices]
    delivered = [
        row for row, (client, choice) in zip(decided, choices, strict=True) if choice == client.campaign
    ]
    visits = [
        (client.request["client_id"], client.visit, client.spend)
        for client, choice in choices
        if choice == client.campaign and client.visit is not None
    ]
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("begin")
        _insert(connection, "mail.outbox", decided)
        _insert(connection, "mail.delivered", delivered)
        _insert(connection, "shop.visits", visits)
        connection.execute("commit")
    return len(delivered)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(f"insert into {table} select {', '.join('unnest(?)' for _ in columns)}", columns)


def replay(warehouse: Path, url: str, limit: int | None = None) -> None:
    """Send every live client that has no answer yet."""
    print("This replays a real randomised experiment (Li, Chu, Langford & Wang, WSDM 2011).")
    clients = live_clients(warehouse, limit)
    if not clients:
        print("Every live client has an answer already: none is sent.")
        return
    carried_out = 0
    for done in range(0, len(clients), BATCH):
        batch = clients[done : done + BATCH]
        carried_out += record(warehouse, ask(url, batch))
        print(f"{done + len(batch):>7,} of {len(clients):,} clients answered")
    print(f"{carried_out:>7,} decisions are what the client was really sent: their visits count.")
    print(f"{len(clients) - carried_out:>7,} are not, and are left out.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Send the live clients to the running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8765/winback")
    parser.add_argument("--limit", type=int, help="replay this many clients only, spread over all days")
    options = parser.parse_args()
    warehouse = HERE / "warehouse.duckdb"
    if not warehouse.exists():
        sys.exit("there is no warehouse.duckdb yet: python load.py")
    try:
        replay(warehouse, options.url, options.limit)
    except OSError as error:
        sys.exit(
            f"no service answers at {options.url} ({error})\n"
            "start it in another terminal: fullcycle serve winback@prod --port 8765"
        )
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
