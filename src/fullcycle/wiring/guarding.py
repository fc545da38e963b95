"""Who may ask a service: its configuration and its address, met with the tokens of the record.

What guards is imported where it is asked for: it brings ``asyncio``, and a supervisor that demands
no token starts its first worker before that.
"""

import ipaddress
from typing import TYPE_CHECKING

from fullcycle.kernel import Refused
from fullcycle.record import Ledger
from fullcycle.wiring.config import ServiceConfig

if TYPE_CHECKING:
    from fullcycle.serve.guard import Guard


def guard_of(service: ServiceConfig, address: str) -> "Guard":
    """What guards a service that listens on an IP address; it takes no token before it is given any."""
    from fullcycle.serve.guard import Guard
    from fullcycle.serve.tokens import Tokens

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
    from fullcycle.serve.tokens import valid_tokens

    if not valid_tokens(ledger, what).all:
        raise Refused(
            f"{what} demands a token on {address}, and there is none that is valid",
            "--host",
            f"make one: fullcycle token new crm --scope decide --for {what}",
        )
