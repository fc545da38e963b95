"""A service whose log is on a small disk, asked until that is full, and then once there is room:
python served_full.py FOLDER POLICY. Beside the log, a file fills the disk and is taken away again."""

import json
import sys
from pathlib import Path

import served_shop
from asgi_client import ask
from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.event_log import logged
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions
from fullcycle.record import LogTerms, MemoryLedger, MemoryObjects
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.app import Edge
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.serving import Serving

ASKED = 60


def main(folder: Path, policy: str) -> None:
    """Print what was answered, told, counted and logged, as JSON."""
    told: list[str] = []
    objects = MemoryObjects()
    shop = served_shop.write_shop(folder)
    digest = served_shop.release(objects, shop)
    log = folder / "disk" / "events"
    stager = Stager(
        objects,
        served_shop.serving_codecs(),
        SegmentWriter(log, LogTerms(fsync_s=0.01, segment_bytes=8000)),
        "prod",
        told.append,
        root=shop,
        gaps=Gaps() if policy == "answer and count" else None,
    )
    app = App(
        Serving(stager(Deployed(3, digest))),
        lambda: None,
        capability="winback",
        replay=False,
        tell=told.append,
        edge=Edge(meter=stager.meter),
    )

    def post(n: int) -> tuple[int, dict]:
        answer = ask(app, "POST", "/winback", served_shop.REQUESTS[0], [(b"idempotency-key", b"%d" % n)])
        return answer.status, answer.json | {"later": answer.headers.get(b"retry-after", b"").decode()}

    ballast = folder / "disk" / "ballast"
    ballast.write_bytes(b"x" * 40_000)
    full = [post(n) for n in range(ASKED)]
    ready = ask(app, "GET", "/readyz").json
    ballast.unlink()
    after = [post(ASKED + n) for n in range(3)]
    metrics = ask(app, "GET", "/metrics").body.decode()
    stager.close()
    whole = [one.id for one in read_decisions(log)]
    events = EventLog(MemoryLedger(), log, "events/winback/prod")
    (fact,) = compact(events)
    print(
        json.dumps(
            {
                "full": full,
                "after": after,
                "ready": ready,
                "told": told,
                "logged": whole,
                "published": [one.id for one in logged(events, "winback")],
                "unlogged": [one.unlogged for one in fact.body.unlogged],
                "counted": {
                    line.split("{")[0]: float(line.split()[-1])
                    for line in metrics.splitlines()
                    if line.startswith(("fullcycle_unrecorded", "fullcycle_unlogged"))
                },
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
