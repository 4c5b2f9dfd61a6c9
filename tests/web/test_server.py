"""The console's port: plain HTTP only where nobody else listens, and a clear word when a port is taken."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from hub.errors import ConfigurationError
from hub.web.app import create_app
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


@pytest.mark.parametrize(
    ("stage", "word"), [("sandbox", "Sandbox: "), ("test", "Test: "), ("production", "Production")]
)
def test_every_page_says_which_stage_it_is(console: Console, stage: str, word: str) -> None:
    app = create_app(replace(console.hub, stage=stage))
    with TestClient(app, headers={"accept-language": "en"}) as client:
        for path in ("/login", "/nothing/is/here"):
            text = client.get(path).text
            assert f'class="stage stage-{stage}"' in text
            assert f">{word}" in text


def test_a_port_that_is_taken_is_said(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match="cannot listen"), served(console.hub, place):
            pass
    with pytest.raises(ConfigurationError, match="no HOST:PORT"), served(console.hub, "8700"):
        pass
