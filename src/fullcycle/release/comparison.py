"""Two releases side by side: what the gates said, what is pinned, and what golden rows are answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fullcycle.experiment import told_part
from fullcycle.kernel import Change, changes
from fullcycle.release.judgement import Judgement
from fullcycle.release.manifest import GoldenRow, Manifest


@dataclass(frozen=True, slots=True)
class GoldenChange:
    """Golden rows of both releases by their request: how many are answered alike, and one that is not."""

    shared: int
    different: int
    only_first: int
    only_second: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """What is other in the second of two releases; names of ``pinned`` are those of the manifest."""

    gates: tuple[Change, ...]
    pinned: tuple[Change, ...]
    golden: GoldenChange


def pinned_changes(was: Manifest, now: Manifest) -> tuple[Change, ...]:
    """What the manifests pin that is not the same: functions, models, lookups, values, the experiment."""
    return changes(_pinned(was), _pinned(now))


def gate_changes(was: Judgement | None, now: Judgement | None) -> tuple[Change, ...]:
    """What the gates found, where it is not the same."""
    return changes(_gates(was), _gates(now))


def golden_change(was: Sequence[GoldenRow], now: Sequence[GoldenRow]) -> GoldenChange:
    """Hold the answers to the same requests against each other."""
    before, after = ({_request(row): row.answers for row in rows} for rows in (was, now))
    shared = [request for request in before if request in after]
    other = [request for request in shared if before[request] != after[request]]
    example = f"{other[0]}: {before[other[0]]} → {after[other[0]]}" if other else ""
    return GoldenChange(len(shared), len(other), len(before) - len(shared), len(after) - len(shared), example)


def _pinned(manifest: Manifest) -> dict[str, Any]:
    models = {f"model {name}": model.artifact.content[:12] for name, model in manifest.models.items()}
    values = {f"value {name}": artifact.content[:12] for name, artifact in manifest.values.items()}
    lookups = {f"{one.noun} {name}": one.artifact.content[:12] for name, one in manifest.lookups.items()}
    asked = {f"contract of {name}": one.contract[:12] for name, one in manifest.lookups.items()}
    frozen = {f"parameter {name}": value for name, value in manifest.parameters.items()}
    said = {"service": manifest.service, "fallback": manifest.fallback}
    spec = manifest.experiment
    if spec is not None:
        arms = ", ".join(f"{arm} {spec.weights[arm]:.0%} {spec.arms[arm]}" for arm in spec.order)
        said |= {"experiment": spec.name, "arms": arms, "primary": spec.primary, "days": str(spec.days)}
        said |= {"takes part": told_part(spec)} if told_part(spec) else {}
    return {**said, **models, **lookups, **asked, **values, **frozen}


def _gates(judgement: Judgement | None) -> dict[str, str]:
    if judgement is None:
        return {}
    found = {one.gate: f"{'✓' if one.passed else '✗'} {one.found}" for one in judgement.verdicts}
    if judgement.override is not None:
        found["override"] = f"{', '.join(judgement.override.gates)}: {judgement.override.reason}"
    return found


def _request(row: GoldenRow) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(row.request.items()))
