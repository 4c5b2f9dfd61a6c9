"""A mail server that takes mail over SMTP submission (RFC 6409): STARTTLS or TLS at once, login, and trouble on demand.

It keeps what it took over in memory, with the envelope; nothing is ever passed on.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import email.policy
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from enum import StrEnum
from types import TracebackType
from typing import Any, BinaryIO, Self

from hub.sandbox.server_connection import tls_context
from hub.sandbox.server_messages import TlsFiles

_POLL_SECONDS = 0.02
_IDLE_SECONDS = 30.0
_MOST_BYTES = 1024 * 1024
_LONGEST_LINE = 4096


class MailTrouble(StrEnum):
    """What the server can do wrong, one mail at a time."""

    GREYLIST = "greylist"
    """The recipient is put off (451), as servers do with strangers."""
    REFUSE = "refuse"
    """The recipient is refused for good (550)."""
    BUSY = "busy"
    """Nobody is let in (421)."""
    CLOSE_BEFORE_DATA = "close_before_data"
    CLOSE_AFTER_DATA = "close_after_data"
    """The mail is taken over, but the answer is lost."""
    SILENT = "silent"
    """No answer at all, until the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One mail that was taken over, with its envelope, and whether it came over TLS and from whom."""

    sender: str
    recipients: tuple[str, ...]
    mail: EmailMessage
    tls: bool
    user: str = ""


class MailServer:
    """Runs between `with` and its end; `taken` is what it took over, in order."""

    def __init__(
        self, *, tls: TlsFiles | None = None, at_once: bool = False, users: dict[str, str] | None = None
    ) -> None:
        self.taken: list[Taken] = []
        self.crashes: list[BaseException] = []
        self.users = dict(users or {})
        self.context = tls_context(tls) if tls else None
        self.at_once = at_once
        self.stopping = threading.Event()
        self._troubles: list[MailTrouble] = []
        self._lock = threading.Lock()
        self._tcp = _Listener(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(_POLL_SECONDS,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._tcp.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._tcp.shutdown()
        self._thread.join()
        self._tcp.end_connections()
        self._tcp.server_close()

    def misbehave(self, trouble: MailTrouble, times: int = 1) -> None:
        """Queue trouble for coming mails."""
        with self._lock:
            self._troubles += [trouble] * times

    def take(self, *troubles: MailTrouble) -> MailTrouble | None:
        """Use up the next trouble when it is one of these."""
        with self._lock:
            if self._troubles and self._troubles[0] in troubles:
                return self._troubles.pop(0)
        return None

    def keep(self, taken: Taken) -> None:
        """Take a mail over."""
        with self._lock:
            self.taken.append(taken)

    def note_crash(self, error: BaseException) -> None:
        """Keep what went wrong inside the sandbox itself."""
        with self._lock:
            self.crashes.append(error)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, address: tuple[str, int], server: MailServer) -> None:
        self.mail_server = server
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, socketserver.BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- socketserver's types
        """Serve one connection; one that breaks off ends quietly."""
        del client_address
        connection: socket.socket = request
        connection.settimeout(_IDLE_SECONDS)
        with self._guard:
            self._open.add(connection)
        try:
            with contextlib.suppress(OSError, _Ended):
                _Session(self.mail_server, connection).serve()
        except Exception as error:  # noqa: BLE001 -- the sandbox's own mistake is kept for the test that looks
            self.mail_server.note_crash(error)
        finally:
            with self._guard:
                self._open.discard(connection)

    def end_connections(self) -> None:
        """Shut every open connection, so that nobody waits for its end."""
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Ended(Exception):  # noqa: N818 -- no mistake: the conversation is over
    """The connection is to be closed now."""


class _Session:
    """One conversation."""

    def __init__(self, server: MailServer, connection: socket.socket) -> None:
        self._server = server
        self._connection: socket.socket = connection
        self._secured: ssl.SSLSocket | None = None
        self._reader: BinaryIO | None = None
        self._user = ""
        self._sender = ""
        self._recipients: list[str] = []

    def serve(self) -> None:
        try:
            if self._server.at_once:
                self._secure()
            else:
                self._reader = self._connection.makefile("rb")
            self._greet()
            while True:
                self._answer(self._line())
        finally:
            self._close()

    def _greet(self) -> None:
        if self._server.take(MailTrouble.SILENT):
            self._server.stopping.wait(_IDLE_SECONDS)
            raise _Ended
        if self._server.take(MailTrouble.BUSY):
            self._say("421 try later")
            raise _Ended
        self._say("220 mail.kvitt.example ESMTP sandbox")

    def _answer(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        steps = {
            "EHLO": self._hello,
            "HELO": self._hello,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._recipient,
            "DATA": self._data,
            "RSET": self._reset,
            "QUIT": self._quit,
        }
        step = steps.get(word.upper())
        if step is None:
            self._say("502 not known here")
        else:
            step(rest)

    def _hello(self, _rest: str) -> None:
        offers = ["mail.kvitt.example", "8BITMIME"]
        if self._server.context is not None and self._secured is None:
            offers.append("STARTTLS")
        if self._server.users and (self._secured is not None or self._server.context is None):
            offers.append("AUTH PLAIN")
        for offer in offers[:-1]:
            self._say(f"250-{offer}")
        self._say(f"250 {offers[-1]}")

    def _starttls(self, _rest: str) -> None:
        if self._server.context is None or self._secured is not None:
            self._say("454 no TLS here")
            return
        self._say("220 go ahead")
        self._secure()
        self._reset("", quiet=True)

    def _secure(self) -> None:
        if self._server.context is None:
            raise _Ended
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._secured = self._server.context.wrap_socket(
            self._connection, server_side=True, do_handshake_on_connect=False
        )
        self._secured.settimeout(_IDLE_SECONDS)
        self._secured.do_handshake()
        self._reader = self._secured.makefile("rb")

    def _auth(self, rest: str) -> None:
        way, _, given = rest.partition(" ")
        try:
            _, user, password = base64.b64decode(given, validate=True).decode().split("\0")
        except (binascii.Error, ValueError):
            way, user, password = "", "", ""
        if way.upper() == "PLAIN" and user and self._server.users.get(user) == password:
            self._user = user
            self._say("235 welcome")
        else:
            self._say("535 user or password is wrong")

    def _mail(self, rest: str) -> None:
        if self._server.users and not self._user:
            self._say("530 log in first")
            return
        self._sender = _address(rest)
        self._recipients = []
        self._say("250 ok")

    def _recipient(self, rest: str) -> None:
        if self._server.take(MailTrouble.GREYLIST):
            self._say("451 come back later")
        elif self._server.take(MailTrouble.REFUSE):
            self._say("550 no such mailbox")
        else:
            self._recipients.append(_address(rest))
            self._say("250 ok")

    def _data(self, _rest: str) -> None:
        if self._server.take(MailTrouble.CLOSE_BEFORE_DATA):
            raise _Ended
        if not self._recipients:
            self._say("503 to whom?")
            return
        self._say("354 end with a full stop")
        mail = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(self._body())
        taken = Taken(
            sender=self._sender,
            recipients=tuple(self._recipients),
            mail=mail,
            tls=self._secured is not None,
            user=self._user,
        )
        self._server.keep(taken)
        if self._server.take(MailTrouble.CLOSE_AFTER_DATA):
            raise _Ended
        self._say("250 taken over")

    def _body(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        while True:
            line = self._raw()
            if line == b".\r\n":
                return b"".join(lines)
            size += len(line)
            if size > _MOST_BYTES:
                raise _Ended
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)

    def _reset(self, _rest: str, *, quiet: bool = False) -> None:
        self._sender, self._recipients = "", []
        if not quiet:
            self._say("250 ok")

    def _quit(self, _rest: str) -> None:
        self._say("221 bye")
        raise _Ended

    def _line(self) -> str:
        return self._raw().decode("ascii", "replace").strip()

    def _raw(self) -> bytes:
        line = self._reader.readline(_LONGEST_LINE) if self._reader is not None else b""
        if not line:
            raise _Ended
        return line

    def _say(self, line: str) -> None:
        (self._secured or self._connection).sendall(f"{line}\r\n".encode())

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        (self._secured or self._connection).close()


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
