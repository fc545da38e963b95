"""fullcycle.wiring.guarding: what the configuration and the address make of a service's guard."""

import pytest

from fullcycle.kernel import Refused
from fullcycle.record import MemoryLedger
from fullcycle.serve.reading import Rejected
from fullcycle.serve.tokens import make_token
from fullcycle.wiring.config import ServiceConfig
from fullcycle.wiring.guarding import guard_of, require_somebody


def status(guard, host, scope="decide"):
    try:
        guard.admit(scope, [(b"host", host)])
    except Rejected as rejected:
        return rejected.response.status
    return None


def test_loopback_asks_for_no_token_unless_told_to():
    assert status(guard_of(ServiceConfig(), "127.0.0.1"), b"localhost") is None
    assert status(guard_of(ServiceConfig(), "::1"), b"[::1]:8765") is None
    assert status(guard_of(ServiceConfig(tokens=True), "127.0.0.1"), b"localhost") == 401


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.5", "::", "192.168.1.2"])
def test_any_other_address_demands_one_and_the_configuration_cannot_say_no(address):
    guard = guard_of(ServiceConfig(tokens=False, hosts=("shop.example",)), address)

    assert status(guard, b"shop.example") == 401
    assert status(guard, b"shop.example", "open") is None
    assert status(guard, b"evil.example", "open") == 403


def test_a_service_that_nobody_could_ask_does_not_begin():
    ledger = MemoryLedger()
    require_somebody(ledger, "winback@prod", ServiceConfig(), "127.0.0.1")
    for service, address in ((ServiceConfig(), "0.0.0.0"), (ServiceConfig(tokens=True), "127.0.0.1")):
        with pytest.raises(Refused, match="demands a token") as caught:
            require_somebody(ledger, "winback@prod", service, address)
        assert caught.value.mend == "make one: fullcycle token new crm --scope decide --for winback@prod"

    make_token(ledger, "crm", ["decide"], by="ann", service="demand@prod")
    with pytest.raises(Refused):
        require_somebody(ledger, "winback@prod", ServiceConfig(), "0.0.0.0")
    make_token(ledger, "ops", ["decide"], by="ann")
    require_somebody(ledger, "winback@prod", ServiceConfig(), "0.0.0.0")
