"""An SFTP server on loopback, rooted in a folder: the partner's side of an SFTP arrangement, and how it can misbehave.

A plain rename refuses an existing target, as the SFTP protocol (version 3) and OpenSSH have it. Key or password login,
one user. Never for anything but loopback.
"""

from __future__ import annotations

import errno
import os
import posixpath
import socket
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko import common, sftp

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UPLOAD = "/upload"
DOWNLOAD = "/download"

_POLL_SECONDS = 0.05
_STATUS = {errno.ENOENT: sftp.SFTP_NO_SUCH_FILE, errno.EACCES: sftp.SFTP_PERMISSION_DENIED}


class SftpTrouble(StrEnum):
    """The ways the server can misbehave."""

    DROP_WHILE_WRITING = "drop_while_writing"
    DROP_BEFORE_RENAME = "drop_before_rename"
    DROP_AFTER_RENAME = "drop_after_rename"
    DISK_FULL = "disk_full"
    REFUSE_RENAME = "refuse_rename"
    SLOW_RENAME = "slow_rename"
    FORBID_READ = "forbid_read"
    NO_SFTP = "no_sftp"


def new_client_key() -> str:
    """A fresh private key, as the text of an OpenSSH key file."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        .decode()
    )


def public_line(private: str) -> str:
    """The public key line (`ssh-ed25519 AAAA...`) of a private key's text."""
    key = serialization.load_ssh_private_key(private.encode(), None)
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


@dataclass(slots=True)
class _Queued:
    trouble: SftpTrouble
    times: int
    seconds: float


class SftpSandbox:
    """Runs between `with` and its end (or `start` and `stop`); `settings` is what an SFTP channel needs to reach it."""

    def __init__(self, root: Path, *, username: str = "kvitt", password: str = "", port: int = 0) -> None:
        self.root = root
        self.username = username
        self.password = password
        self.client_key = new_client_key()
        self.logins = 0
        for name in (UPLOAD, DOWNLOAD):
            self.path(name).mkdir(parents=True, exist_ok=True)
        self._host_key = paramiko.ECDSAKey.generate()
        self._allowed = public_line(self.client_key).split()[1]
        self._queue: list[_Queued] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(_POLL_SECONDS)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def host_key(self) -> str:
        """The server's public key line, to be pinned."""
        return f"{self._host_key.get_name()} {self._host_key.get_base64()}"

    @property
    def settings(self) -> dict[str, str]:
        """Settings for the channel `sftp`."""
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "username": self.username,
            "host_key": self.host_key,
            "private_key": self.client_key,
            "outbox": UPLOAD,
            "inbox": DOWNLOAD,
        }

    def path(self, remote: str) -> Path:
        """Where a remote path lies; it cannot leave the root."""
        return self.root / posixpath.normpath("/" + remote).lstrip("/")

    def misbehave(self, trouble: SftpTrouble, *, times: int = 1, seconds: float = 0) -> None:
        """Queue trouble for coming operations."""
        with self._lock:
            self._queue.append(_Queued(trouble, times, seconds))

    def take(self, trouble: SftpTrouble) -> _Queued | None:
        """Use up queued trouble of this kind."""
        with self._lock:
            for queued in self._queue:
                if queued.trouble is trouble:
                    queued.times -= 1
                    if queued.times <= 0:
                        self._queue.remove(queued)
                    return queued
        return None

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the server stops."""
        self._stopping.wait(seconds)

    def allows_key(self, key: paramiko.PKey) -> bool:
        """Whether this is the client's key."""
        return key.get_base64() == self._allowed

    def start(self) -> Self:
        """Serve in threads."""
        self._spawn(self._accept)
        return self

    def stop(self) -> None:
        """End every connection, wait for every thread, close the port; harmless when repeated."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, work: Any, *args: Any) -> None:  # noqa: ANN401 -- a thread takes any work
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            transport = paramiko.Transport(connection)
            try:
                transport.add_server_key(self._host_key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
                transport.start_server(server=_Login(self, transport))
                while transport.is_active() and not self._stopping.is_set():
                    self._stopping.wait(_POLL_SECONDS)
            except (paramiko.SSHException, OSError, EOFError):
                return  # the client went away during the handshake, as one with another pinned key does
            finally:
                transport.close()
                transport.join(5)


class _Login(paramiko.ServerInterface):
    """Lets one user in."""

    def __init__(self, box: SftpSandbox, transport: paramiko.Transport) -> None:
        self.box = box
        self.transport = transport

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 -- paramiko's signature
        return "publickey,password" if self.box.password else "publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        right = bool(self.box.password) and (username, password) == (self.box.username, self.box.password)
        return self._count(right=right)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return self._count(right=username == self.box.username and self.box.allows_key(key))

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 -- paramiko's signature
        if self.box.take(SftpTrouble.NO_SFTP):
            return common.OPEN_FAILED_RESOURCE_SHORTAGE
        return common.OPEN_SUCCEEDED

    def _count(self, *, right: bool) -> int:
        self.box.logins += right
        return common.AUTH_SUCCESSFUL if right else common.AUTH_FAILED


class _Files(paramiko.SFTPServerInterface):
    """Files below the root, with a rename that refuses an existing target."""

    def __init__(self, server: _Login, *_args: object, **_settings: object) -> None:
        super().__init__(server)
        self._box = server.box
        self._transport = server.transport

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            found = sorted(self._box.path(path).iterdir())
            return [paramiko.SFTPAttributes.from_stat(item.lstat(), item.name) for item in found]
        except OSError as error:
            return _status(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._box.path(path).stat())
        except OSError as error:
            return _status(error)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._box.path(path).lstat())
        except OSError as error:
            return _status(error)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:  # noqa: ARG002
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
        if not writes and self._box.take(SftpTrouble.FORBID_READ):
            return sftp.SFTP_PERMISSION_DENIED
        try:
            handle = os.open(self._box.path(path), flags | os.O_NOFOLLOW, 0o640)
        except OSError as error:
            return _status(error)
        return _Handle(self._box, self._transport, os.fdopen(handle, "wb" if writes else "rb"), flags, writes=writes)

    def remove(self, path: str) -> int:
        try:
            self._box.path(path).unlink()
        except OSError as error:
            return _status(error)
        return sftp.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._box.take(SftpTrouble.DROP_BEFORE_RENAME):
            self._transport.close()
            return sftp.SFTP_FAILURE
        if self._box.take(SftpTrouble.REFUSE_RENAME):
            return sftp.SFTP_FAILURE
        try:
            os.link(self._box.path(oldpath), self._box.path(newpath))
            self._box.path(oldpath).unlink()
        except OSError as error:
            return _status(error)
        slow = self._box.take(SftpTrouble.SLOW_RENAME)
        if slow is not None:
            self._box.pause(slow.seconds)
        if self._box.take(SftpTrouble.DROP_AFTER_RENAME):
            self._transport.close()
        return sftp.SFTP_OK

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:  # noqa: ARG002 -- paramiko's signature
        try:
            self._box.path(path).mkdir()
        except OSError as error:
            return _status(error)
        return sftp.SFTP_OK


class _Handle(paramiko.SFTPHandle):
    """An open file; writing can end in trouble."""

    def __init__(
        self, box: SftpSandbox, transport: paramiko.Transport, file: IO[bytes], flags: int, *, writes: bool
    ) -> None:
        super().__init__(flags)
        self._box = box
        self._transport = transport
        if writes:
            self.writefile = file
        else:
            self.readfile = file

    def write(self, offset: int, data: ReadableBuffer) -> int:
        if self._box.take(SftpTrouble.DROP_WHILE_WRITING):
            self._transport.close()
            return sftp.SFTP_FAILURE
        if self._box.take(SftpTrouble.DISK_FULL):
            return sftp.SFTP_FAILURE
        return super().write(offset, data)


def _status(error: OSError) -> int:
    return _STATUS.get(error.errno or 0, sftp.SFTP_FAILURE)
