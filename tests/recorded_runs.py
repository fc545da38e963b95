"""Runs as the record holds them, made up: for tests of what reads them."""

from typing import Any

from fullcycle.flow import Evaluated, RunFinished, RunStarted, StepFinished
from fullcycle.kernel import Money
from fullcycle.record import Artifact, Ledger

DIGEST = "d" * 64


def artifact(content: str = DIGEST, size: int = 100) -> Artifact:
    """An artifact that no store holds."""
    return Artifact(content, content, "plain@1", size)


def started(**fields: Any) -> RunStarted:
    """How a run began."""
    told: dict[str, Any] = {
        "id": "1",
        "capability": "winback",
        "message": "",
        "archive": DIGEST,
        "commit": None,
        "dirty": False,
        "parameters": {},
        "brief": None,
        "lock": DIGEST,
        "python": "3.11.9",
        "machine": "Linux x86_64",
        "environment": "dev",
    }
    return RunStarted(**{**told, **fields})


def stepped(step: str, **fields: Any) -> StepFinished:
    """How a step ended."""
    told: dict[str, Any] = {
        "role": "step",
        "reused": False,
        "reason": "never ran",
        "key": DIGEST,
        "artifact": artifact(),
        "inputs": {},
        "parameters": {},
        "code": DIGEST,
        "reach": None,
        "wall": 2.0,
        "cpu": 1.0,
        "peak_memory": 10**8,
    }
    return StepFinished(step=step, **{**told, **fields})


def evaluated(step: str, value: float) -> Evaluated:
    """What a model scored, a tenth to each side."""
    return Evaluated(
        step=step,
        evaluation=artifact(),
        score="auc",
        value=value,
        low=value - 0.1,
        high=value + 0.1,
        baseline=0.5,
    )


def finished(status: Any = "done", *, cpu: float = 4.0, error: str = "") -> RunFinished:
    """How a run ended."""
    return RunFinished(
        status=status, error=error, wall=8.0, cpu=cpu, peak_memory=10**8, cost=Money(0.4, "EUR")
    )


def append(ledger: Ledger, by: str = "ana", at: int = 0, *, start: RunStarted, events: list[Any]) -> int:
    """Write a run into a ledger; its number."""
    stream = f"runs/{start.capability}"
    number = ledger.append(stream, ledger.heads(stream).get(stream, 0), start, by=by, at=at).position
    for position, body in enumerate(events):
        ledger.append(f"run/{start.capability}/{number}", position, body, by=by, at=at)
    return number
