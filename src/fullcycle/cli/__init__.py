"""The command line: one file per verb, loaded when it is asked for."""

import sys

import click

from fullcycle.cli.group import LazyGroup, status_of

COMMANDS = {
    "new": "Lay out a new project, or a capability inside one.",
    "run": "Run a capability's flow: data, features, models, evaluation.",
    "runs": "List a capability's runs.",
    "show": "Show anything in the record by its reference, such as winback@42.",
    "debug": "Open what a step of a run was given in Python.",
    "diff": "Compare two runs, releases or deployments.",
    "pin": "Keep what a run returned, whatever its age.",
    "unpin": "Let what a run returned go with its age again.",
    "prune": "Give up what old runs returned, and tell how much room that frees.",
    "replay": "Compute a run again from the record alone, and compare.",
    "release": "Freeze a run into a release, if every gate passes.",
    "releases": "List a capability's releases.",
    "approve": "Give a second person's word for a release.",
    "deploy": "Say which release answers in an environment.",
    "refresh": "Make the lookups and bandits anew that a service asks.",
    "rollback": "Go back to the release that answered before.",
    "deployments": "List what answered when.",
    "serve": "Answer requests with the release that is deployed.",
    "score": "Decide on every row of a table by the function that serves.",
    "token": "Make or revoke a token, which a service that others can reach demands.",
    "tokens": "List the tokens that are valid.",
    "experiment": "Design, read and close an experiment.",
    "experiments": "List experiments: designed, running and closed.",
    "value": "Show what was estimated beside what was measured.",
    "check": "Check data, freshness and drift against what was released.",
    "explain": "Decide again what was decided, step by step, and compare with the log.",
    "why": "Find out what moved a metric, or what is about to.",
    "report": "Write one page about a capability.",
    "record": "Look after the record.",
    "demo": "Play the whole loop on real data.",
}


@click.group(cls=LazyGroup, commands_at="fullcycle.cli", summaries=COMMANDS)
@click.version_option(package_name="fullcycle", message="fullcycle %(version)s")
def fullcycle() -> None:
    """Take a problem all the way to its measured outcome.

    A reference names anything in the record: winback@42 is a run, winback@v7 a release,
    winback@prod what is deployed there.
    """


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(status_of(fullcycle))
