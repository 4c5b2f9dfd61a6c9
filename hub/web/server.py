"""The console on a port: one server in a thread, beside whatever else the process does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from hub.errors import ConfigurationError
from hub.pipeline.context import Hub
from hub.web.app import create_app
from hub.web.provider import Provider

DEFAULT = "127.0.0.1:8700"
_AT_ONCE = 200
_TLS = 'behind a proxy with TLS: address = "https://..." in hub.toml; else --certificate PEM'
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@contextmanager
def served(
    hub: Hub,
    listen: str = DEFAULT,
    *,
    origin: str = "",
    certificate: Path | None = None,
    provider: Provider | None = None,
) -> Iterator[str]:
    """Serve the console at HOST:PORT (port 0: any) until left; gives its address. `certificate`: PEM with its key."""
    if hub.stage != "sandbox":
        _require_tls(listen, origin, certificate)
    opened = _opened(listen)
    config = uvicorn.Config(
        create_app(hub, origin=origin, provider=provider),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        ssl_certfile=certificate,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, name="console", daemon=True)
    thread.start()
    host, port = opened.getsockname()[:2]
    try:
        yield origin or f"{'https' if certificate else 'http'}://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(15)
        opened.close()


def _require_tls(listen: str, origin: str, certificate: Path | None) -> None:
    """Passwords of real people travel by TLS: the console's own, or a proxy's whose https address is named."""
    host = listen.rpartition(":")[0].strip("[]")
    if certificate is None and not origin.startswith("https://") and not (origin == "" and host in _LOOPBACK):
        said = f"the console would speak plain HTTP on {listen}"
        raise ConfigurationError(said, hint=_TLS)


def _opened(listen: str) -> socket.socket:
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit():
        raise ConfigurationError(f"{listen!r} is no HOST:PORT", hint=f"for example {DEFAULT}")
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=_family(host), backlog=128)
    except OSError as error:
        said = f"the console cannot listen on {listen}: {error.strerror}"
        raise ConfigurationError(said, hint="give another one: --web HOST:PORT") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
