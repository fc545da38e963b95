"""What is asked of a run besides running: as it is typed, and settled against the flow and the record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fullcycle.flow import RunOptions, RunRecord, require_possible, run_record, sources_of
from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring.flow import Flow

_WHERE = "--sources"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a run is asked for; ``sources`` is a run, ``@42`` or ``winback@42``, ``audit`` a share."""

    only: Sequence[str] = ()
    force: Sequence[str] = ()
    sources: str = ""
    audit: float = 0.0
    keep_going: bool = False

    def settled(self, flow: Flow) -> RunOptions:
        """The options of a run of ``flow``.

        Raises:
            UnknownName, Missing: where they name a step, a run, or rows that are not there.
            Invalid: where they contradict each other.
        """
        wished = RunOptions(
            only=frozenset(self.only),
            force=frozenset(self.force),
            audit=self.audit,
            keep_going=self.keep_going,
        )
        require_possible(flow.graph, wished)
        if not self.sources:
            return wished
        run = _run(flow, self.sources)
        taken = sources_of(flow.graph, run, flow.artifacts, wished.only)
        options = replace(wished, sources=taken, sources_of=run.ref)
        require_possible(flow.graph, options)
        return options


def _run(flow: Flow, text: str) -> RunRecord:
    """The run that sources are taken from."""
    if text.isdecimal():
        raise Invalid(f"{text!r} is no run", _WHERE, f"write --sources @{text}")
    asked = Reference.parse(flow.capability + text if text.startswith("@") else text)
    if asked.run is None or asked.step is not None:
        raise Invalid(f"{text!r} is no run", _WHERE, f"write --sources @42, or {flow.capability}@42")
    if asked.capability != flow.capability:
        raise Invalid(
            f"{text!r} is a run of another capability, whose sources are its own",
            _WHERE,
            f"name a run of {flow.capability}: fullcycle runs {flow.capability}",
        )
    return run_record(flow.project.ledger, flow.capability, asked.run)
