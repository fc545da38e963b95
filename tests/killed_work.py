"""What the children do that are killed in tests of the record; each tells what was acknowledged."""

import os
from itertools import count
from pathlib import Path

from facts_for_tests import Noted
from fullcycle.adapters.compaction import publish
from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.kernel import uuid7
from fullcycle.record import Artifacts, Codecs, Decision, LogTerms, append_next, encode_decision
from killing import Tell
from record_children import open_ledger


def keep_and_append(folder: Path, tell: Tell) -> None:
    """Keep a new artifact, then a fact that names it; ``folder / "target"`` names the ledger."""
    ledger = open_ledger((folder / "target").read_text())
    artifacts = Artifacts(FileObjects(folder / "objects"), Codecs())
    for n in count():
        artifact = artifacts.keep({"by": os.getpid(), "n": n, "data": os.urandom(20_000)})
        fact = append_next(ledger, "kept", Noted(artifact.object, artifact.size))
        tell(f"{fact.position} {artifact.object}")


def log_decisions(folder: Path, tell: Tell) -> None:
    """Log decisions, synchronising all the time."""
    writer = SegmentWriter(folder / "events", LogTerms(fsync_s=0.001))
    while True:
        tell(_log_one(writer))


def log_and_publish(folder: Path, tell: Tell) -> None:
    """Log some decisions, segment after segment, then compact whatever there is and remove it at once."""
    ledger = open_ledger(str(folder / "ledger.db"))
    writer = SegmentWriter(folder / "events", LogTerms(fsync_s=0.001, segment_bytes=1500))
    while True:
        for _ in range(5):
            tell(_log_one(writer))
        publish(ledger, folder / "events", "winback", "prod", batch=2000, grace_s=0)


def _log_one(writer: SegmentWriter) -> str:
    id = uuid7()
    writer.append(
        encode_decision(
            Decision(
                id=id,
                at=1,
                capability="winback",
                environment="prod",
                release=1,
                request={"text": "x" * 300},
                answer={},
            )
        )
    )
    return id
