"""What is still to be done before an experiment of a capability starts."""

from fullcycle.flow import last_run
from fullcycle.kernel import Missing
from fullcycle.release import releases_stream
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released


def not_started(project: Project, capability: str) -> Missing:
    """No experiment has started; and the next step, by what there is already."""
    stream = releases_stream(capability)
    last = project.ledger.heads(stream).get(stream, 0)
    there = (project.root / capability / "experiment.py").exists()
    declared = "" if there else f"declare one in {capability}/experiment.py, then: "
    what = f"no experiment of {capability} has started"
    if not last:
        run = last_run(project.ledger, capability, status="done")
        step = f"fullcycle run {capability}" if run is None else f"fullcycle release {run.ref}"
        return Missing(f"{what}: nothing is released", "the ledger", f"{declared}{step}")
    for number in range(last, 0, -1):
        _, manifest = released(project, capability, number)
        if manifest.experiment is not None:
            deploy = f"fullcycle deploy {capability}@v{number} --to prod"
            return Missing(f"{what}: no release that holds one is deployed", "the ledger", deploy)
    step = f"fullcycle run {capability}, release it and deploy it"
    return Missing(f"{what}: no release holds one", "the ledger", f"{declared}{step}")
