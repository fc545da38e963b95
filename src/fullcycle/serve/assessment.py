"""What a release takes to answer: measured through the very handler that will serve it.

It is asked in the process it starts in, so it must be started in a fresh one; memory and
start-up are of the whole process.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext

import msgspec

from fullcycle.data import decode
from fullcycle.kernel import Refused, peak_memory
from fullcycle.release import Assessment, Imports, golden_rows, load_release
from fullcycle.serve.app import App
from fullcycle.serve.imports import Listener
from fullcycle.serve.ports import Deployed, Fibers
from fullcycle.serve.reading import Message
from fullcycle.serve.serving import Serving
from fullcycle.serve.staging import Stager

REQUESTS = 2_000
_WARM_UP = 200
_SCORED = 5_000


def assess_here(
    stager: Stager,
    manifest: str,
    *,
    began: float,
    requests: int = REQUESTS,
    fibers: Callable[[], Fibers] | None = None,
) -> Assessment:
    """Measure a release in this process.

    Args:
        stager: as for serving; its log is written to, so give it a folder of its own.
        manifest: the digest of the release's manifest.
        began: when this process was started, in seconds of ``time.time()``.
        requests: how many decisions to time, over the golden rows in turn.
        fibers: what rows wait in, to measure how many a second are scored where that is all it does.

    Raises:
        Refused: where the release does not reproduce its golden rows.
        FullcycleError: where it cannot be loaded.
    """
    with Listener() as heard:
        measured = asyncio.run(_assess(stager, manifest, began, requests, heard))
    if fibers is None:
        return measured
    return msgspec.structs.replace(measured, rows_per_s=_rows_per_s(stager, manifest, fibers))


def _rows_per_s(stager: Stager, manifest: str, fibers: Callable[[], Fibers]) -> float | None:
    """How many golden rows are scored in a second; None for what is served."""
    release = load_release(stager.objects, manifest, stager.codecs, root=stager.root)
    if not release.manifest.over:
        return None
    from fullcycle.serve.batch import Scorer  # a service does without

    asked = [msgspec.json.encode(one.request) for one in golden_rows(stager.objects, release.manifest)]
    rows = [decode(release.row, asked[n % len(asked)]) for n in range(_SCORED)]
    scorer, ids = Scorer(release, fibers()), [str(n) for n in range(_SCORED)]
    scorer.score(rows, ids)  # what is prepared once, and how each model is asked best
    return _SCORED / scorer.score(rows, ids).seconds


async def _assess(stager: Stager, manifest: str, began: float, requests: int, heard: Listener) -> Assessment:
    clock, before = time.perf_counter(), peak_memory()
    active = stager(Deployed(0, manifest))
    loaded = Imports(
        modules=heard.modules, seconds=time.perf_counter() - clock, memory_bytes=peak_memory() - before
    )
    capability = active.decider.release.manifest.capability
    app = App(Serving(active), nullcontext, capability=capability, replay=stager.replay, tell=stager.tell)
    bodies = [
        msgspec.json.encode(row.request)
        for row in golden_rows(stager.objects, active.decider.release.manifest)
    ]
    await _ask(app, f"/{capability}", bodies[0])
    start_s = time.time() - began
    for n in range(_WARM_UP):
        await _ask(app, f"/{capability}", bodies[n % len(bodies)])
    cpu = time.process_time_ns()
    took = sorted([await _ask(app, f"/{capability}", bodies[n % len(bodies)]) for n in range(requests)])
    cpu = time.process_time_ns() - cpu
    return Assessment(
        requests=requests,
        p50_s=took[requests // 2],
        p99_s=took[requests * 99 // 100],
        memory_bytes=peak_memory(),
        start_s=start_s,
        cpu_s=cpu / requests / 1e9,
        imports=msgspec.structs.replace(loaded, heavy=heard.unwanted()),
    )


async def _ask(app: App, path: str, body: bytes) -> float:
    """Ask as the HTTP server would; return the seconds it took."""
    scope: dict[str, object] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ],
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    began = time.perf_counter_ns()
    await app(scope, receive, send)
    took = time.perf_counter_ns() - began
    if status != 200:
        raise Refused(
            f"the release answers its own golden row with status {status}",
            f"POST {path}",
            "see what its functions raise: fullcycle show",
        )
    return took / 1e9
