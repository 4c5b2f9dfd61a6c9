"""A real broker for tests: a private RabbitMQ node, once per session, or the one KVITT_TEST_BROKER names."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import absent

_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The URL of a broker with nothing in it."""
    given = os.environ.get("KVITT_TEST_BROKER")
    if given:
        yield given
        return
    if _server() is None:
        absent("rabbitmq-server")
        return
    with a_broker() as url:
        yield url


def _server() -> str | None:
    """The server itself rather than Debian's wrapper, which wants its own user."""
    found = shutil.which("rabbitmq-server", path=f"{os.environ['PATH']}:/usr/sbin")
    return _SERVER if Path(_SERVER).exists() else found


@contextmanager
def a_broker() -> Iterator[str]:
    """A private broker, for as long as the block lasts."""
    server = _server()
    if server is None:
        raise FileNotFoundError("rabbitmq-server: make system")
    with _private(server) as url:
        yield url


@contextmanager
def _private(server: str) -> Iterator[str]:
    port, other = _free(), _free()
    folder = Path(tempfile.mkdtemp(prefix="kvitt-mq-", dir="/tmp"))
    environment = os.environ | {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"kvitt{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(other),
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    (folder / "plugins").write_text("[].")
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen([server], env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait_until_up(port, process, folder)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_until_up(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as one:
                one.settimeout(2)
                one.sendall(b"AMQP\x00\x00\x09\x01")
                if one.recv(1):
                    return
        except OSError:
            time.sleep(0.2)
    said = (folder / "out").read_text(errors="replace")[-1000:]
    raise RuntimeError(f"the private RabbitMQ does not start: {said}")
