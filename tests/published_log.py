"""One log of decisions as its tests write and publish it."""

from pathlib import Path

from fullcycle.adapters.compaction import EventLog, decisions, parquet_files, publish
from fullcycle.adapters.event_log import logged
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.record import Decision, MemoryLedger, encode_decision

DAY = 86_400_000_000  # microseconds


def decision(id: str, **changes: object) -> Decision:
    given = {"at": 1_700_000_000_000_001, "capability": "winback", "environment": "prod", "release": 3}
    return Decision(
        **{"id": id, **given, "request": {"recency": 3}, "answer": {"campaign": "Mens"}, **changes}
    )


def log(folder: Path, *ids: str) -> None:
    writer = SegmentWriter(folder)
    for id in ids:
        writer.append(encode_decision(decision(id)))
    writer.close()


class Published:
    """One folder and its ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = MemoryLedger()
        self.log = EventLog(self.ledger, folder, "events/winback/prod")

    def publish(self, **options):
        return publish(self.ledger, self.folder, "winback", "prod", **options)

    def ids(self) -> list[str]:
        return decisions(self.ledger, self.folder, "winback", "prod")["decision_id"].to_list()

    def logged(self) -> list[str]:
        return [one.id for one in logged(self.log, "winback")]

    def files(self) -> list[Path]:
        return parquet_files(self.ledger, self.folder, "winback", "prod")


def rows_of(fact) -> int:
    return sum(file.rows for file in fact.body.files)
