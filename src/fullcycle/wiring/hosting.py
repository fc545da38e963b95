"""A host: one supervisor with its workers, met with the ledger, the sockets and the processes."""

import os
import platform
import re
import signal
import sys

from fullcycle.adapters.listening import address_of
from fullcycle.adapters.shared_page import SharedPage
from fullcycle.adapters.workers import lives
from fullcycle.flow.resources import read_memory
from fullcycle.kernel import Invalid
from fullcycle.release import deployed
from fullcycle.serve.ports import Tell
from fullcycle.serve.staffing import Terms, Workers
from fullcycle.wiring.config import NAME
from fullcycle.wiring.guarding import require_somebody
from fullcycle.wiring.place import Place
from fullcycle.wiring.project import Project
from fullcycle.wiring.starting import Asked, start_first


def host_name() -> str:
    """The name by which this machine's host is known, unless told otherwise."""
    return os.environ.get("FULLCYCLE_HOST") or platform.node() or "localhost"


def keep_answering(project: Project, asked: Asked, tell: Tell) -> None:
    """Be the supervisor, until SIGTERM or SIGINT.

    Raises:
        Refused: where another is at work here.
        Misconfigured: where the port is taken.
    """
    place = Place.of(project, asked.capability, asked.environment, asked.name)
    with place.alone():
        orphans = _orphans(place)
        if not orphans:
            place.page.unlink(missing_ok=True)
        _supervise(project, asked, place, tell, orphans)
        place.page.unlink(missing_ok=True)


def _supervise(project: Project, asked: Asked, place: Place, tell: Tell, orphans: set[int]) -> None:
    """Supervise; where no worker runs, the first one loads while its supervisor does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no end without the worker's, from here on
    first = None if orphans else start_first(project.root, asked, place)
    try:
        import_asyncio_without_tls()
        import asyncio

        from fullcycle.wiring.supervising import Hosting

        hosting = Hosting(project, asked, place, tell, first=first)
    except BaseException:
        if first is not None:
            first.process.send(signal.SIGKILL)
        raise
    asyncio.run(hosting.run(orphans))


def import_asyncio_without_tls() -> None:
    """Import asyncio as a Python has it that was built without OpenSSL, which asyncio allows for.

    A supervisor speaks over Unix sockets only, and OpenSSL takes 5 MB. Whoever else wants ``ssl`` has it.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # documented: whoever imports it gets ImportError
    try:
        import asyncio  # noqa: F401 - it stays without from here on
    finally:
        del sys.modules["ssl"]


def serve(
    project: Project,
    capability: str,
    environment: str,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    workers: str | None = None,
    name: str | None = None,
    tell: Tell,
) -> None:
    """Answer for a capability until SIGTERM, by what the environment's configuration says.

    Args:
        project: whose record says what is deployed.
        capability: whose service it is.
        environment: in which it answers.
        host: an address of this machine.
        port: None for that of workers that run already, else 8765; 0 for any that is free.
        workers: ``"2"`` or ``"1-4"``, where it is not what the configuration says.
        name: of this host among those of the environment; the machine's unless told.
        tell: hears what an operator should know, a line at a time.

    Raises:
        Refused: for an address that others can reach where there is no token, or where another process
            serves that here.
        Misconfigured: where the port is taken.
        Invalid: for a name, or a number of workers, that is none.
    """
    configured = project.environment(environment)
    service = configured.service
    where = f"[environments.{environment}.service] of {NAME}"
    terms = Terms(
        Workers.parse(workers) if workers else Workers.parse(str(service.workers), where=where),
        read_memory(service.memory, where) if service.memory is not None else None,
        service.grace_s,
    )
    named = name or host_name()
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", named):
        raise Invalid(f"{named!r} cannot name a host", "--host-name", "use letters, digits, dots, - and _")
    require_somebody(project.ledger, f"{capability}@{environment}", service, address_of(host))
    if deployed(project.ledger, capability, environment) is None:
        tell(
            f"nothing is deployed to {capability}@{environment} yet: every answer is 503 until "
            f"fullcycle deploy {capability}@v1 --to {environment}"
        )
    python = configured.python or sys.executable
    keep_answering(project, Asked(capability, environment, host, port, named, terms, python), tell)


def _orphans(place: Place) -> set[int]:
    """The workers that run already."""
    if not place.page.exists():
        return set()
    page = SharedPage(place.page)
    for slot in page.slots():
        if slot.pid and not lives(slot.pid):
            slot.leave()
    return {slot.pid for slot in page.slots() if slot.pid}
