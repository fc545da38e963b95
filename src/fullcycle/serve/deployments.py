"""What the ledger says is deployed, over which published lookups: what a server should answer with."""

from typing import Any

from fullcycle.kernel import Missing
from fullcycle.record import Ledger
from fullcycle.release import Publications, deployments_stream, live_stream, releases_stream
from fullcycle.serve.ports import Deployed

_HALF = 32  # bits


class LedgerDeployments:
    """What the ledger says should answer.

    A generation is two positions in one number: its low half that of the last deployment,
    its high half that of the last lookup that was published.
    """

    def __init__(self, ledger: Ledger, capability: str, environment: str) -> None:
        self._ledger = ledger
        self._releases = releases_stream(capability)
        self._deployments = deployments_stream(capability, environment)
        self._live = live_stream(capability, environment)
        self._published = Publications(ledger, capability, environment)

    def generation(self) -> int:
        """The positions of the last deployment and of the last publication; 0 before the first deployment."""
        deployment = self._head(self._deployments)
        return deployment | self._head(self._live) << _HALF if deployment else 0

    def deployed(self, generation: int) -> Deployed:
        """What a generation's deployment decided, with what was published until then.

        Raises:
            Missing: where the ledger lacks it, or the release that it names.
        """
        number: int = self._body(self._deployments, deployment_of(generation)).release
        return self.release(number, generation)

    def release(self, number: int, generation: int) -> Deployed:
        """A release, deployed or not, with what was published until a generation.

        Raises:
            Missing: where the ledger lacks it.
        """
        published = self._published.newest(publication_of(generation))
        return Deployed(number, self._body(self._releases, number).manifest, published)

    def _head(self, stream: str) -> int:
        return self._ledger.heads(stream).get(stream, 0)

    def _body(self, stream: str, position: int) -> Any:
        found = self._ledger.read(stream, since=position - 1)
        if not found:
            raise Missing(
                f"{stream} has no position {position}", "the ledger", "see that it was restored whole"
            )
        return found[0].body


def deployment_of(generation: int) -> int:
    """The position of a generation's deployment."""
    return generation & ((1 << _HALF) - 1)


def publication_of(generation: int) -> int:
    """The position of a generation's last publication; 0 before the first."""
    return generation >> _HALF
