"""The shop that recommends, asked and refreshed in this process."""

import asyncio
from pathlib import Path

from asgi_client import ask
from fullcycle.release import Activation
from fullcycle.serve import App, Follower, LedgerDeployments
from fullcycle.serve.serving import Serving
from fullcycle.wiring import open_project
from fullcycle.wiring.refreshing import live_now, refresh
from fullcycle.wiring.serving import stager
from hosted import until
from recommend_shop import NEW_CLIENT, buys_only

DEAREST = 777  # an item that nobody had bought when v1 was released


class Host:
    """A worker of recommend@prod in this process."""

    def __init__(self, folder):
        self.project, self.told, self.folder = open_project(), [], folder / "log"
        self.serving = Serving()
        self._stage = stager(self.project, "prod", self.folder, self.told.append)
        deployments = LedgerDeployments(self.project.ledger, "recommend", "prod")
        self.follower = Follower(deployments, self._stage, self.serving, tell=self.told.append, every=0.0)
        self.app = App(
            self.serving, lambda: None, capability="recommend", replay=False, tell=self.told.append
        )
        self.look()

    def close(self):
        self._stage.close()

    def look(self):
        asyncio.run(self.follower.look())

    def answer(self, client=NEW_CLIENT):
        return ask(self.app, "POST", "/recommend", {"client_id": client}).json

    def items(self, client=NEW_CLIENT):
        return [one["item_id"] for one in self.answer(client)["answer"]]


def buys(item=DEAREST):
    """A client that is new buys one item alone."""
    buys_only(Path.cwd(), NEW_CLIENT, item, item / 10)


def refreshed(**more):
    return refresh(open_project(), "recommend", "prod", **more)


def asked_now(release=1):
    return live_now(open_project(), "recommend", "prod", release)


def joined():
    """Wait until a host has said that it is there."""
    until(lambda: Activation(open_project().ledger, "recommend", "prod").hosts())


def runs_asked(release):
    return {one.run for one in asked_now(release).values()}
