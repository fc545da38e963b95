"""A service, met with the ledger it follows, the objects it loads and the log it writes."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from fullcycle.adapters.lightgbm_native import NativeBoosterCodec
from fullcycle.adapters.segments import SegmentWriter
from fullcycle.adapters.uvicorn import serve_http
from fullcycle.kernel import Invalid
from fullcycle.record import Codecs, Vendor
from fullcycle.release import Assessment, deployed
from fullcycle.serve import LedgerDeployments, Stager, assess_here, service_app
from fullcycle.wiring.project import Project, open_project

Tell = Callable[[str], None]


def serving_codecs() -> Codecs:
    """Codecs of what a service loads: models by their native libraries, none of them a pickle."""
    codecs = Codecs()
    codecs.register(NativeBoosterCodec())
    for package, name in _TRAINED_ONLY.items():
        codecs.offer(Vendor(package, (name,), _not_served, ""))
    return codecs


_TRAINED_ONLY = {"sklearn": "sklearn-skops@1", "xgboost": "xgboost-ubj@1"}


def _not_served() -> NoReturn:
    raise Invalid(
        "a service answers with models of LightGBM; one of scikit-learn or XGBoost is judged, not served",
        "a model of the release",
        "train with LightGBM what is to be served, or let the service decide by a plain function",
    )


def stager(project: Project, environment: str, log: Path, tell: Tell) -> Stager:
    """Makes releases of this project ready to answer in an environment."""
    return Stager(
        objects=project.objects,
        codecs=serving_codecs(),
        log=SegmentWriter(log),
        environment=environment,
        tell=tell,
        replay=project.environment(environment).replay,
        root=project.root,
    )


def serve(project: Project, capability: str, environment: str, *, host: str, port: int, tell: Tell) -> None:
    """Answer for a capability until SIGTERM; ``tell`` hears what an operator should know.

    Raises:
        Refused: for an address that others can reach.
        Misconfigured: where the port is taken.
    """
    made = stager(project, environment, project.events_folder(capability, environment), tell)
    if deployed(project.ledger, capability, environment) is None:
        tell(
            f"nothing is deployed to {capability}@{environment} yet: every answer is 503 until "
            f"fullcycle deploy {capability}@v1 --to {environment}"
        )
    app = service_app(made, LedgerDeployments(project.ledger, capability, environment), capability=capability)
    serve_http(
        app,
        host=host,
        port=port,
        ready=lambda url: tell(_listens(f"{capability}@{environment}", f"{url}/{capability}", app.silent)),
    )


def _listens(what: str, address: str, silent: str) -> str:
    if silent:
        return f"{what} listens at {address} — nothing answers yet: {silent}"
    return f"{what} answers at {address}"


def assess_in_this_process(root: str, environment: str, manifest: str, log: str, began: str) -> Assessment:
    """Measure a release; to be called in a process that does nothing else."""
    made = stager(open_project(Path(root)), environment, Path(log), lambda told: print(told, file=sys.stderr))
    return assess_here(made, manifest, began=float(began))
