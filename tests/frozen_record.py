"""What this version writes, frozen for every later version to read: python tests/frozen_record.py.

Makes ``tests/fixtures/frozen/<version>/``: a ledger with a fact of every kind, a segment of the
event log, artifacts, and a table of digests. Run it while a version is being made; once that
version is released, its folder never changes again.
"""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec import inspect

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.segments import segments
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.data import FrameCodec, table_digest
from fullcycle.kernel import digest_bytes, digest_parts, digest_value
from fullcycle.record import Artifacts, Codecs, Decision, Kind, encode_decision, kinds

FROZEN = Path(__file__).parent / "fixtures" / "frozen"
SOURCES = Path(__file__).parents[1] / "src" / "fullcycle"
AT = 1_700_000_000_000_001  # 2023-11-14 22:13:20.000001 UTC
TORN = b"\xfc\xe5\x9a\xa6\xff\x00\x00\x00half an event"

VALUES: dict[str, Any] = {
    "nothing": None,
    "numbers": [0, -1, 2**70, 0.1 + 0.2, -0.0, 5e-324, float("inf"), True],
    "text": 'naïve "\u2028\x00\U0001f600',
    "bytes": b"\x00\xff",
    "times": [date(2024, 2, 29), datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime(1969, 12, 31, 23, 59)],
    "odd dict": {"$": 1, 2: ("a", (b"b",)), (3, "x"): {}},
    "ordered dict": {"b": 1, "a": 2.0},
    "frame": pl.DataFrame(
        {
            "id": [1, 2, None],
            "name": ["a", None, "é"],
            "x": [0.5, float("inf"), -0.0],
            "ok": [True, None, False],
        }
    ),
    "bundle": {"train": pl.DataFrame({"x": [1.5]}), "note": ["half", 0.5]},
}

DECISIONS = [
    Decision(
        id="client-chosen key",
        at=AT,
        capability="winback",
        environment="prod",
        release=7,
        request={"client_id": "é", "history": 0.1 + 0.2, "newbie": None},
        answer=[{"campaign": "Mens"}, {"campaign": "Womens"}],
        experiment="trial",
        unit="c1",
        arm="chosen",
        arm_probability=0.5,
        propensity=1.0,
        fallback=True,
        micros=120,
    ),
    Decision(
        id="018bcfe5-6800-7000-8000-000000000000",
        at=AT + 1,
        capability="winback",
        environment="prod",
        release=8,
        request={},
        answer={"campaign": "No E-Mail"},
    ),
]


def frozen_versions() -> list[Path]:
    """The folder of each version that was frozen."""
    return sorted(path for path in FROZEN.iterdir() if (path / "digests.json").exists())


def every_kind() -> dict[str, Kind]:
    """All kinds of facts that the package writes, by name; tests' own kinds left out."""
    for path in sorted(SOURCES.rglob("*.py")):
        if "\n@fact(" in path.read_text():
            import_module(".".join(["fullcycle", *path.relative_to(SOURCES).with_suffix("").parts]))
    return {name: kind for name, kind in sorted(kinds().items()) if not name.startswith("test.")}


def codecs() -> Codecs:
    """The codecs that the frozen artifacts need."""
    made = Codecs()
    made.register(FrameCodec())
    return made


def digests() -> dict[str, str]:
    """The table of digests: what was digested, in words, and its digest."""
    return {
        "bytes, none": digest_bytes(b""),
        "bytes, abc": digest_bytes(b"abc"),
        "parts, a and bc": digest_parts("frozen@1", [b"a", b"bc"]),
        "value, JSON": digest_value("frozen@1", {"b": [1, 1.0, "1", True, None, 0.1 + 0.2], "a": "é"}),
        "value, no finite numbers": digest_value("frozen@1", [float("nan"), float("inf"), None]),
        "table, frame": table_digest(VALUES["frame"]),
        "table, no rows": table_digest(VALUES["frame"].clear()),
        "table, sliced": table_digest(pl.concat([VALUES["frame"], VALUES["frame"]]).slice(2, 3)),
    }


def freeze(folder: Path) -> None:
    """Write everything to a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write_json(folder / "facts.json", _freeze_ledger(folder / "ledger.db"))
    _freeze_segment(folder)
    artifacts = Artifacts(FileObjects(folder / "artifacts"), codecs())
    kept = {name: artifacts.keep(value) for name, value in VALUES.items()}
    _write_json(folder / "artifacts.json", msgspec.to_builtins(kept))
    _write_json(folder / "digests.json", digests())


def _freeze_ledger(path: Path) -> list[dict[str, Any]]:
    ledger = SqliteLedger(path)
    facts = [
        ledger.append(
            f"frozen/{name}", n, msgspec.convert(_example(kind.type, name), kind.type), by="zoë", at=AT + n
        )
        for name, kind in every_kind().items()
        for n in range(2)
    ]
    ledger.close()
    versions = {name: kind.version for name, kind in every_kind().items()}
    return [{**msgspec.to_builtins(fact), "version": versions[fact.kind]} for fact in facts]


def _freeze_segment(folder: Path) -> None:
    writer = SegmentWriter(folder)
    for decision in DECISIONS:
        writer.append(encode_decision(decision))
    writer.close()
    (path,) = segments(folder)
    path = path.rename(folder / "worker.segment")
    with path.open("ab") as file:
        file.write(TORN)


def _example(kind: Any, name: str) -> Any:
    """A value of a type, as plain data, with every optional field given."""
    told = inspect.type_info(kind) if not isinstance(kind, inspect.Type) else kind
    match told:
        case inspect.UnionType(types=types):
            return _example(_first(types), name)
        case inspect.StructType(fields=fields, array_like=array_like):
            values = {field.encode_name: _example(field.type, field.name) for field in fields}
            return list(values.values()) if array_like else values
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return [_example(item, name)]
        case inspect.TupleType(item_types=items):
            return [_example(item, name) for item in items]
        case inspect.DictType(key_type=key, value_type=value):
            return {_example(key, name): _example(value, name)}
        case inspect.AnyType():
            return {"any": [1, 2.5, None, "é"]}
    return _PLAIN[type(told)](name)


def _first(types: Sequence[inspect.Type]) -> inspect.Type:
    return next(one for one in types if not isinstance(one, inspect.NoneType))


_PLAIN: dict[type, Any] = {
    inspect.StrType: lambda name: f"{name} é",
    inspect.IntType: len,
    inspect.FloatType: lambda name: len(name) + 0.1,
    inspect.BoolType: lambda name: True,
    inspect.NoneType: lambda name: None,
}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    freeze(FROZEN / version("fullcycle"))
