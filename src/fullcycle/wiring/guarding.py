"""Who may ask a service: its configuration and its address, met with the tokens of the record."""

import ipaddress

from fullcycle.kernel import Refused
from fullcycle.record import Ledger
from fullcycle.serve.guard import Guard
from fullcycle.serve.tokens import Tokens, valid_tokens
from fullcycle.wiring.config import ServiceConfig


def guard_of(service: ServiceConfig, address: str) -> Guard:
    """What guards a service that listens on an IP address; it takes no token before it is given any."""
    loopback = ipaddress.ip_address(address).is_loopback
    demanded = service.tokens or not loopback
    return Guard(
        loopback=loopback,
        tokens=Tokens() if demanded else None,
        hosts=service.hosts,
        origins=service.origins,
    )


def require_somebody(ledger: Ledger, what: str, service: ServiceConfig, address: str) -> None:
    """Let a service that demands a token begin only where there is one.

    Raises:
        Refused: where nobody could ask it.
    """
    if not service.tokens and ipaddress.ip_address(address).is_loopback:
        return
    if not valid_tokens(ledger, what).all:
        raise Refused(
            f"{what} demands a token on {address}, and there is none that is valid",
            "--host",
            f"make one: fullcycle token new crm --scope decide --for {what}",
        )
