"""fullcycle.adapters.uvicorn: on this machine only, and with a clear word about a port."""

import socket

import pytest

from fullcycle.adapters.uvicorn import listen
from fullcycle.kernel import Misconfigured, Refused


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.9.9", "::1"])
def test_loopback_addresses_are_listened_on(host):
    with listen(host, 0) as listening:
        assert listening.getsockname()[1] > 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", ""])
def test_an_address_that_others_reach_is_refused(host):
    with pytest.raises(Refused, match="listens on this machine only") as caught:
        listen(host, 0)

    assert "a proxy that authenticates" in caught.value.mend


def test_a_taken_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} cannot be used: address already in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_number_that_is_no_port_is_told(port):
    with pytest.raises(Misconfigured, match=f"port {port} cannot be used"):
        listen("127.0.0.1", port)
