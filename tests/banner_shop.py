"""The example's capability banner: released before anybody has visited, and asked in this process."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.kernel import micros, now
from fullcycle.record import Received, encode_received
from fullcycle.serve import Follower, LedgerDeployments
from fullcycle.serve.serving import Serving
from fullcycle.wiring import open_project
from fullcycle.wiring.serving import stager
from shop_scripts import script
from whole_shop import _all_well, _copied, _stage

HOUR = 3_600_000_000


def released(folders: pytest.TempPathFactory) -> Path:
    """The folder of the project that ``banner`` copies; not to be changed."""

    def make(folder: Path) -> Path:
        _all_well(folder, "new shop --example banner")
        root = folder / "shop"
        script("load").load(root / "warehouse.duckdb", datetime.now(UTC).date())
        _all_well(
            root, "run banner -m first", "release banner@1 -m first", "deploy banner@v1 --to prod -m begin"
        )
        return root

    return _stage("banner", folders, make)


@pytest.fixture
def banner(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy with banner@v1 deployed to prod, of a run without any decision; it is the current folder."""
    return _copied(released(tmp_path_factory), tmp_path, monkeypatch)


class Host:
    """A worker of banner@prod in this process, which logs where a service of this project logs."""

    def __init__(self) -> None:
        self.project = open_project()
        self.serving = Serving()
        stage = stager(self.project, "prod", self.project.events_folder("banner", "prod"), print)
        deployments = LedgerDeployments(self.project.ledger, "banner", "prod")
        self.follower = Follower(deployments, stage, self.serving, tell=print, every=0.0)
        self.look()

    def look(self) -> None:
        """See what is deployed and published."""
        asyncio.run(self.follower.look())

    def show(self, id: str, *, ago: int = 2 * HOUR, **request: Any) -> Any:
        """Decide on a visit, some time ago; the envelope."""
        asked = {"visitor_id": id, "client_id": None, "device": "phone", "hour": 12, **request}
        active = self.serving.active
        assert active is not None
        row = msgspec.convert(asked, active.decider.release.row)
        return msgspec.json.decode(active.decider.decide(row, id, now() - ago))


def click(project: Any, *ids: str, ago: int = 2 * HOUR, **more: Any) -> None:
    """Post a click a minute after each of these decisions; ``more`` says what on."""
    writer = SegmentWriter(project.received_folder("banner", "prod", "clicks"))
    for id in ids:
        at = datetime.fromtimestamp((now() - ago) / 1e6, UTC) + timedelta(minutes=1)
        row = {"decision_id": id, "at": at.isoformat(), **more}
        name = "-".join(["click", id, *map(str, more.values())])
        writer.append(encode_received(Received(id=name, at=micros(at), release=1, row=row)))
    writer.close()
