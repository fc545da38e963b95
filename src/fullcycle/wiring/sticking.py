"""Where arms are kept: beside the ledger, as every process of an environment finds it."""

from fullcycle.adapters.sticky import SqliteStickyStore
from fullcycle.experiment import KeptArms
from fullcycle.wiring.project import Project

_SQLITE = "sqlite:///"


def sticky_store(project: Project, environment: str) -> KeptArms:
    """The arms that an environment keeps; nothing is opened until one is asked for.

    In PostgreSQL where the ledger is, else in ``sticky.db`` in the ledger's folder.
    """
    url = project.config.project.ledger
    if url.startswith(_SQLITE):
        ledger = project.root / url.removeprefix(_SQLITE)
        return SqliteStickyStore(ledger.with_name("sticky.db"), environment)
    from fullcycle.adapters.sticky_postgres import PostgresStickyStore  # an extra, which the ledger needs

    return PostgresStickyStore(url, environment)
