"""A release behind its app, asked without a server, with the log that it writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import served_shop
from asgi_client import ask
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import read_decisions, read_segment, segments
from fullcycle.record import MemoryObjects
from fullcycle.serve import App, Deployed, Stager
from fullcycle.serve.serving import Serving

CLIENT = served_shop.REQUESTS[0]


class Served:
    """A release behind its app, with the log it writes."""

    def __init__(self, folder: Path, *, replay: bool = False, log: object = None, **changes: object) -> None:
        self.folder = folder / "events"
        self.told: list[str] = []
        self._log = log or SegmentWriter(self.folder)
        objects = MemoryObjects()
        shop = served_shop.write_shop(folder)
        digest = served_shop.release(objects, shop, **changes)
        stager = Stager(
            objects,
            served_shop.serving_codecs(),
            self._log,
            "prod",
            self.told.append,
            replay=replay,
            root=shop,
        )
        self.serving = Serving(stager(Deployed(3, digest)))
        self.app = App(self.serving, lambda: None, capability="winback", replay=replay, tell=self.told.append)

    def post(self, body, headers=(), **more):
        return ask(self.app, "POST", "/winback", body, headers, **more)

    def get(self, path):
        return ask(self.app, "GET", path)

    def decisions(self):
        return list(read_decisions(self.folder))

    def logged(self):
        """Every payload, whatever its id."""
        return [payload for path in segments(self.folder) for payload, _ in read_segment(path)]

    def close(self):
        """End the log that was begun here."""
        if isinstance(self._log, SegmentWriter):
            self._log.close()


@contextmanager
def serving(folder: Path) -> Iterator[Callable[..., Served]]:
    """Makes releases behind their apps, and ends their logs."""
    made: list[Served] = []

    def serve(**changes: object) -> Served:
        made.append(Served(folder, **changes))
        return made[-1]

    yield serve
    for one in made:
        one.close()
