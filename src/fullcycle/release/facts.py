"""What the record keeps of releases and of what is deployed.

``releases/<capability>`` holds one fact per release, and its position is the release's number;
``deployments/<capability>/<environment>`` holds what was decided to answer there, newest last.
"""

import msgspec

from fullcycle.kernel import Digest
from fullcycle.record import fact


@fact("release.made")
class ReleaseMade(msgspec.Struct, frozen=True, kw_only=True):
    """A release was frozen, having passed its gates."""

    manifest: Digest  # object: the manifest, see fullcycle.release.manifest
    run: int
    message: str
    evidence: Digest | None = None  # object: what the gates were shown, and what they said


@fact("deployment.made")
class DeploymentMade(msgspec.Struct, frozen=True, kw_only=True):
    """It was decided which release answers in an environment, and why."""

    release: int
    why: str
    rolled_back_from: int | None = None


def releases_stream(capability: str) -> str:
    """The stream of a capability's releases."""
    return f"releases/{capability}"


def deployments_stream(capability: str, environment: str) -> str:
    """The stream of what is deployed in an environment."""
    return f"deployments/{capability}/{environment}"
