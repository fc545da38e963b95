"""What the record keeps of releases and of what is deployed.

``releases/<capability>`` holds one fact per release, and its position is the release's number;
``deployments/<capability>/<environment>`` holds what was decided to answer there, newest last;
``activation/<capability>/<environment>`` holds how the hosts there came to answer with it.
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
    override: str = ""  # why it was deployed without the approval that its tier asks for


@fact("host.joined")
class HostJoined(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor began to keep workers answering; a deployment waits for it from now on."""

    host: str
    machine: str  # its network name
    pid: int
    workers: str = ""  # "2", or "1-4"


@fact("host.left")
class HostLeft(msgspec.Struct, frozen=True, kw_only=True):
    """A host went, or was given up by a deployment that it did not answer; it may join again."""

    host: str
    why: str = ""


@fact("deployment.proposed")
class DeploymentProposed(msgspec.Struct, frozen=True, kw_only=True):
    """Every live host is to have a release ready to answer; nothing is decided yet."""

    release: int


@fact("deployment.staged")
class DeploymentStaged(msgspec.Struct, frozen=True, kw_only=True):
    """A host has the release of a proposal ready, or says why it has not."""

    proposal: int  # its position in this stream
    host: str
    why: str = ""  # empty where it is ready


@fact("deployment.answered")
class DeploymentAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """On a host, every request that begins is now answered by what was deployed; or why not."""

    deployment: int  # its position in the stream of deployments
    host: str
    why: str = ""  # empty where it answers
    live: int = 0  # the position of the last publication that is asked with it


def activation_stream(capability: str, environment: str) -> str:
    """The stream in which the hosts of an environment, and who deploys to it, find each other."""
    return f"activation/{capability}/{environment}"


def releases_stream(capability: str) -> str:
    """The stream of a capability's releases."""
    return f"releases/{capability}"


def deployments_stream(capability: str, environment: str) -> str:
    """The stream of what is deployed in an environment."""
    return f"deployments/{capability}/{environment}"
