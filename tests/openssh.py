"""A real OpenSSH server for tests, for the user who runs them; one that can be ended and started again."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.sandbox.sftp import new_client_key, public_line
from tests.conftest import absent

_USUAL = "/usr/sbin:/usr/local/sbin:/usr/bin"


@dataclass(slots=True)
class OpenSsh:
    """The server in a folder, and the settings of the channel `sftp` that reach it."""

    program: str
    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until it listens."""
        log = self.home / "log"
        with log.open("ab") as stream:
            command = [self.program, "-D", "-e", "-f", str(self.home / "sshd_config")]
            self._process = subprocess.Popen(command, stderr=stream)
        _wait_for(int(self.settings["port"]), self._process, log)

    def stop(self, *, hard: bool = False) -> None:
        """End the listener; connections that are open live on, as they do when a real one is restarted."""
        if self._process is not None:
            if hard:
                self._process.kill()
            else:
                self._process.terminate()
            self._process.wait(10)
            self._process = None


@contextlib.contextmanager
def openssh(folder: Path) -> Iterator[dict[str, str]]:
    """A server on a free port; gives the settings for the channel `sftp`."""
    with serving(folder) as server:
        yield server.settings


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[OpenSsh]:
    """The same, and the server itself."""
    program = shutil.which("sshd", path=_USUAL)
    if program is None:
        absent("an OpenSSH server")
    server = OpenSsh(program=str(program), home=folder / "sshd")
    _configure(server)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def installed() -> bool:
    """Whether there is one on this machine."""
    return shutil.which("sshd", path=_USUAL) is not None


def _configure(server: OpenSsh) -> None:
    home = server.home
    upload, download = home / "upload", home / "download"
    upload.mkdir(parents=True)
    download.mkdir()
    host_key, client_key = new_client_key(), new_client_key()
    _private(home / "host_key", host_key)
    _private(home / "authorized_keys", public_line(client_key) + "\n")
    port = free_port()
    config = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {home / 'host_key'}",
        f"AuthorizedKeysFile {home / 'authorized_keys'}",
        f"PidFile {home / 'pid'}",
        "PasswordAuthentication no",
        "UsePAM no",
        "StrictModes no",
        "MaxStartups 100",
        "Subsystem sftp internal-sftp",
    ]
    (home / "sshd_config").write_text("\n".join(config) + "\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    server.settings = {
        "host": "127.0.0.1",
        "port": str(port),
        "username": getpass.getuser(),
        "host_key": public_line(host_key),
        "private_key": client_key,
        "outbox": str(upload),
        "inbox": str(download),
    }


def _private(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail(f"sshd did not start: {log.read_text(errors='replace')[-500:]}")
