"""The console's port: plain HTTP only where nobody else listens, and a clear word when a port is taken."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from hub.errors import ConfigurationError
from hub.web.server import served
from tests.web.consoles import Console


@pytest.mark.parametrize("stage", ["test", "production"])
@pytest.mark.parametrize(("listen", "origin"), [("0.0.0.0:0", ""), ("127.0.0.1:0", "http://kvitt.example")])
def test_outside_the_sandbox_nobody_logs_in_without_tls(console: Console, stage: str, listen: str, origin: str) -> None:
    hub = replace(console.hub, stage=stage)
    with pytest.raises(ConfigurationError, match="plain HTTP"), served(hub, listen, origin=origin):
        pass


@pytest.mark.parametrize(("listen", "origin"), [("127.0.0.1:0", ""), ("127.0.0.1:0", "https://kvitt.example")])
def test_loopback_and_a_proxy_with_tls_are_fine(console: Console, listen: str, origin: str) -> None:
    with served(replace(console.hub, stage="production"), listen, origin=origin) as address:
        assert address.startswith(origin or "http://127.0.0.1:")


def test_a_port_that_is_taken_is_said(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match="cannot listen"), served(console.hub, place):
            pass
    with pytest.raises(ConfigurationError, match="no HOST:PORT"), served(console.hub, "8700"):
        pass
