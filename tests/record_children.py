"""Programs that tests of the record start as processes of their own: python record_children.py NAME …"""

import os
import sys

from facts_for_tests import Noted
from fullcycle.adapters.postgres import PostgresLedger
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.kernel import FullcycleError
from fullcycle.record import append_next


def open_ledger(target: str) -> SqliteLedger | PostgresLedger:
    """SQLite by its path, PostgreSQL by its connection string."""
    return PostgresLedger(target) if target.startswith("postgresql:") else SqliteLedger(target)


def race(target: str, name: str, times: str) -> None:
    """Append to the stream that others append to at the same time."""
    ledger = open_ledger(target)
    for n in range(int(times)):
        append_next(ledger, "race", Noted(name, n))


def fork(target: str) -> None:
    """Write, fork, and write on both sides with the ledger that was opened before."""
    ledger = open_ledger(target)
    append_next(ledger, "forked", Noted("parent"))
    child = os.fork()
    for _ in range(20):
        append_next(ledger, "forked", Noted("parent" if child else "child"))
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    ledger.read("forked")


def read_only(target: str) -> None:
    """Read, then try to write, as somebody who may only read."""
    ledger = open_ledger(target)
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    print(ledger.read("a")[0].body.text)
    try:
        ledger.append("a", 1, Noted())
    except FullcycleError as error:
        print(error)


if __name__ == "__main__":
    {"race": race, "fork": fork, "read-only": read_only}[sys.argv[1]](*sys.argv[2:])
