"""fullcycle.adapters.uvicorn: where it listens, and a clear word about a port."""

import logging
import socket

import pytest

from fullcycle.adapters.uvicorn import _config, listen
from fullcycle.kernel import Misconfigured, Refused


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.9.9", "::1"])
def test_loopback_addresses_are_listened_on(host):
    with listen(host, 0) as listening:
        assert listening.getsockname()[1] > 0


def test_an_address_that_others_reach_is_listened_on_where_it_is_this_machines():
    with listen("0.0.0.0", 0) as listening:
        assert listening.getsockname()[1] > 0
    with pytest.raises(Misconfigured, match="cannot assign requested address"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["example.com", "", "127.1", "0x7f000001", "localhost.example.com"])
def test_a_name_is_refused_whatever_it_leads_to(host):
    with pytest.raises(Refused, match="is no IP address") as caught:
        listen(host, 0)

    assert "0.0.0.0" in caught.value.mend


def test_a_taken_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} cannot be used: address already in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_number_that_is_no_port_is_told(port):
    with pytest.raises(Misconfigured, match=f"port {port} cannot be used"):
        listen("127.0.0.1", port)


def test_what_clients_send_fills_no_log_and_what_the_server_does_wrong_is_told():
    async def app(scope, receive, send):
        raise NotImplementedError

    _config(app, 1.0)

    assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.WARNING)
    assert logging.getLogger("uvicorn.error").isEnabledFor(logging.ERROR)
