"""Reading a source in a run: its rows are checked against the contract and kept as they were."""

import time
from dataclasses import dataclass

import msgspec

from fullcycle.flow.facts import Memoized, StepFinished
from fullcycle.flow.graph import Node
from fullcycle.flow.memo import remember, remembered
from fullcycle.flow.passing import Pass
from fullcycle.flow.reason import what_is_new
from fullcycle.flow.sources import read_source
from fullcycle.flow.stepping import failed
from fullcycle.kernel import Digest, FullcycleError, digest_value, peak_memory
from fullcycle.record import Artifact


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a source as they are kept, and how they were come by."""

    artifact: Artifact
    count: int | None
    note: str
    unread: str = ""  # why they were not read


def read(this: Pass, node: Node) -> StepFinished:
    """Read a source, or take its rows as they were where it says that they are the same.

    Raises:
        SourceFailed: where they cannot be had, or break the contract.
    """
    began, cpu = time.perf_counter(), time.process_time()
    if node.name in this.options.sources:
        taken = this.options.sources[node.name]
        rows = _Rows(taken.artifact, taken.rows, taken.note, f"as it was in {this.options.sources_of}")
    else:
        rows = _unchanged(this, node) or _read(this, node)
    last = this.earlier.get(node.name)
    same = last is not None and last.artifact.content == rows.artifact.content
    return StepFinished(
        step=node.name,
        role=node.role,
        reused=same or bool(rows.unread),
        reason=rows.unread or _reason(node.name, rows.count or 0, last, same),
        key=digest_value("source@1", [node.name, rows.artifact.content]),
        artifact=rows.artifact,
        inputs={name: this.artifact(name).content for name in node.upstream},
        parameters={},
        code=this.shop.surroundings.reach(node).digest,
        reach=None,
        wall=time.perf_counter() - began,
        cpu=time.process_time() - cpu,
        peak_memory=peak_memory(),
        rows=rows.count,
        note=rows.note,
    )


def _read(this: Pass, node: Node) -> _Rows:
    try:
        reading = read_source(node, this.shop.surroundings, this.shop.clock())
    except FullcycleError as error:
        if not this.number:  # only planned: there is no run to tell of
            raise
        raise failed(this, node, error) from error
    artifact = this.shop.artifacts.keep(reading.frame)
    this.frames[node.name] = reading.frame
    key = _versioned(this, node)
    if key is not None:
        result = Memoized(step=node.name, artifact=artifact, rows=reading.frame.height)
        known = remembered(this.shop.ledger, key)
        if known is None or known.artifact != artifact:
            remember(this.shop.ledger, key, result, by=this.shop.by, lost=known)
    return _Rows(artifact, reading.frame.height, "; ".join(filter(None, [reading.note, reading.late])))


def _unchanged(this: Pass, node: Node) -> _Rows | None:
    """The rows as they were at this version of the source; None where none is declared, or known."""
    key = _versioned(this, node)
    if key is None or node.name in this.options.force:
        return None
    known = remembered(this.shop.ledger, key)
    if known is None or not this.shop.artifacts.has(known.artifact):
        return None
    return _Rows(known.artifact, known.rows, "", "its version is the same")


def _versioned(this: Pass, node: Node) -> Digest | None:
    """Digest of what a source says that a reading would find, of its code and of its name."""
    if node.role != "source" or node.declared.version is None:
        return None
    said = msgspec.to_builtins(this.shop.surroundings.version(node))
    return digest_value("source-version@1", [node.name, this.shop.surroundings.reach(node).digest, said])


def _reason(name: str, rows: int, last: StepFinished | None, same: bool) -> str:
    if last is None:
        return "first read"
    return "read again: unchanged" if same else what_is_new(name, rows, last.rows)
