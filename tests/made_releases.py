"""Releases that were never run: that of the example, under another name and with another experiment."""

import msgspec

from fullcycle.record import append_next
from fullcycle.release import ReleaseMade, deploy, keep_manifest, releases_stream
from fullcycle.wiring.released import released


def made_release(project, capability, experiment):
    """The number of a release of a capability that holds an experiment, or None."""
    _, manifest = released(project, "winback", 1)
    made = msgspec.structs.replace(manifest, capability=capability, experiment=experiment)
    body = ReleaseMade(manifest=keep_manifest(project.objects, made), run=1, message="made up")
    return append_next(project.ledger, releases_stream(capability), body, by="ada").position


def deployed_release(project, capability, experiment, environment="prod", **more):
    """The same, deployed."""
    number = made_release(project, capability, experiment)
    deploy(project.ledger, capability, environment, number, why="made up", by="ada", **more)
    return number
