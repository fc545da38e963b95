"""What experiments reserve beyond their own time: who is held out, and who was ever forced into an arm."""

from fullcycle.experiment import ExperimentSpec
from fullcycle.release import history
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released


def ever_forced(
    project: Project, capability: str, environment: str, name: str | None = None
) -> dict[str, str]:
    """The units that any release deployed in an environment forces into an arm, each with the last one.

    Of all its experiments, or of the one of a name.

    A unit that was forced for a while has seen an arm by nobody's lot: it is never counted, neither
    before nor after.
    """
    numbers = dict.fromkeys(one.release for one in history(project.ledger, capability, environment))
    forced: dict[str, str] = {}
    for number in numbers:
        spec = released(project, capability, number)[1].experiment
        if spec is not None and name in (None, spec.name):
            forced |= spec.forced
    return forced


def told_holdout(before: ExperimentSpec | None, after: ExperimentSpec | None) -> str:
    """What a deployment changes for who was held out; empty where it changes nothing."""
    held = before.holdout if before is not None else None
    if before is None or held is None:
        return ""
    who = f"the {held.share:.4g} that {held.name} holds out"
    keep = f'holdout="{held.name}:{held.share * 100:g}%"'
    if after is None or after.holdout is None or after.holdout.name != held.name:
        return (
            f"{who} are held out no more, and nothing measures any longer what was launched: "
            f"to keep them, let experiment.py stay with {keep} and coverage=0"
        )
    was, will = before.arms[before.held], after.arms[after.held]
    if was != will:
        return (
            f"{who} were answered by {was}, and are by {will} from now on: to keep them where they were, "
            f"held_out={was.rpartition(':')[2]}"
        )
    if after.holdout.share < held.share:
        return f"of {who}, only {after.holdout.share:.4g} of all units stay held out"
    return ""
