"""fullcycle.serve.lookout: what is told belongs together, whatever is written while it is read."""

import pytest

import served_shop
from fullcycle.record import MemoryLedger
from fullcycle.release import deployments_stream
from fullcycle.serve import LedgerDeployments
from fullcycle.serve.lookout import Lookout


class Between(MemoryLedger):
    """A ledger in which somebody deploys between one question and the next."""

    def __init__(self):
        super().__init__()
        self.then = []

    def heads(self, prefix=""):
        found = super().heads(prefix)
        if self.then and prefix == deployments_stream("winback", "prod"):
            served_shop.deployed(self, self.then.pop())
        return found


@pytest.fixture
def ledger():
    """Two releases, the first deployed."""
    made = Between()
    for digest in ("a", "b"):
        served_shop.made(made, digest * 64)
    served_shop.deployed(made, 1)
    return made


def looking(ledger):
    deployments = LedgerDeployments(ledger, "winback", "prod")
    return Lookout(ledger, "winback", "prod", deployments, heard=print, unreachable=print)


def test_a_deployment_is_told_with_the_release_that_it_decided_though_another_is_made_meanwhile(ledger):
    lookout = looking(ledger)
    assert (lookout.look().deployment, lookout.look().wanted.release) == (1, 1)
    ledger.then.append(2)
    during, after = lookout.look(), lookout.look()

    assert (during.deployment, during.wanted.release) == (1, 1)
    assert (after.deployment, after.wanted.release) == (2, 2)


def test_a_first_deployment_is_told_whole_or_not_at_all():
    ledger = Between()
    served_shop.made(ledger, "a" * 64)
    lookout = looking(ledger)
    ledger.then.append(1)
    during, after = lookout.look(), lookout.look()

    assert (during.deployment, during.wanted) == (0, None)
    assert (after.deployment, after.wanted.release) == (1, 1)
