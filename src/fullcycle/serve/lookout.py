"""The lookout: what a supervisor hears from the ledger, a few milliseconds after it was written."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fullcycle.record import Fact, Ledger, Watched
from fullcycle.release import activation_stream
from fullcycle.serve import tokens
from fullcycle.serve.deployments import deployment_of, publication_of
from fullcycle.serve.messages import first_line
from fullcycle.serve.ports import Deployed, Deployments
from fullcycle.serve.tokens import Token

EVERY_S = 0.004
"""How often a ledger is asked whether anything is new, where that costs microseconds."""

_EVERY_ELSE_S = 0.025  # where asking costs a query
_AGAIN_S = 0.5  # after a ledger that could not be asked
_ANYWAY = 1000  # looks after which it is read although nothing seems new


@dataclass(frozen=True, slots=True)
class News:
    """What the ledger holds now; ``wanted`` is None where nothing was ever deployed."""

    deployment: int  # the last one's position
    wanted: Deployed | None
    facts: list[Fact]  # that the activation stream has gained
    lost: str = ""  # why what is deployed cannot be told
    tokens: tuple[Token, ...] = ()  # that the service takes
    live: int = 0  # the position of the last publication


class Lookout(threading.Thread):
    """Asks the ledger in a thread of its own; ``heard`` and ``unreachable`` are called there.

    ``unreachable`` hears why it cannot be asked, and "" once it can again.
    """

    def __init__(
        self,
        ledger: Ledger,
        capability: str,
        environment: str,
        deployments: Deployments,
        *,
        heard: Callable[[News], None],
        unreachable: Callable[[str], None],
    ) -> None:
        super().__init__(name="lookout", daemon=True)
        self._ledger = ledger
        self._deployments = deployments
        self._heard, self._unreachable = heard, unreachable
        self._stream = activation_stream(capability, environment)
        self._every = EVERY_S if isinstance(ledger, Watched) else _EVERY_ELSE_S
        self._stopped = threading.Event()
        self._position = ledger.heads(self._stream).get(self._stream, 0)  # facts before are others' business
        self._known: tuple[int, Deployed] | None = None
        self._service = f"{capability}@{environment}"
        self._admitted: tuple[int, tuple[Token, ...]] = 0, ()

    def look(self) -> News:
        """What is new since the last time.

        Raises:
            FullcycleError: where the ledger cannot be asked.
        """
        generation = self._deployments.generation()
        deployment = deployment_of(generation)  # of one read: another by now would be told with this release
        facts = self._ledger.read(self._stream, self._position)
        self._position += len(facts)
        lost = ""
        if deployment and (self._known is None or self._known[0] != generation):
            try:
                self._known = generation, self._deployments.deployed(generation)
            except Exception as error:  # noqa: BLE001 - a record that lacks it keeps what answers answering
                lost = first_line(error)
        wanted = self._known[1] if deployment and self._known is not None and not lost else None
        return News(deployment, wanted, facts, lost, self._tokens(), publication_of(generation))

    def _tokens(self) -> tuple[Token, ...]:
        made = self._ledger.heads(tokens.STREAM).get(tokens.STREAM, 0)
        if made != self._admitted[0]:
            self._admitted = made, tokens.valid_tokens(self._ledger, self._service).all
        return self._admitted[1]

    def run(self) -> None:
        """Look again and again, until stopped."""
        seen, looks, away = -1, 0, False
        while not self._stopped.wait(_AGAIN_S if away else self._every):
            try:
                revision = self._revision()
                looks += 1
                if revision != seen or revision < 0 or looks % _ANYWAY == 0:
                    self._heard(self.look())
                seen = revision
                if away:
                    away = False
                    self._unreachable("")
            except Exception as error:  # noqa: BLE001 - whatever it is, what answers goes on answering
                if not away:
                    self._unreachable(first_line(error))
                away, seen = True, -1

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _revision(self) -> int:
        return self._ledger.revision() if isinstance(self._ledger, Watched) else -1
