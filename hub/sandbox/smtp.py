"""A mail server for whatever sends mail: SMTP over real TLS on loopback, and the ways it can misbehave at each command.

Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 6409 (587); XOAUTH2 as the big mail providers speak
it. Like many delivery systems it drops a mail whose Message-ID it has delivered before: `arrived` holds each once,
`taken` everything it said yes to.
"""

from __future__ import annotations

import base64
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, cast

from hub.sandbox.pki import Identity

USER, PASSWORD, TOKEN = "hub@klinikk.example", "sandbox-only", "sandbox-token"
_IDLE_SECONDS = 20.0
_BIGGEST = 30 * 1024 * 1024
_LINE = 64 * 1024


class SmtpTrouble(StrEnum):
    """What can go wrong at one command."""

    SAY = "say"
    """Answer with a code of its own (4xx, 5xx)."""
    DROP = "drop"
    """Cut the connection instead of answering."""
    SILENT = "silent"
    """Say nothing until the client gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpFault:
    """Trouble at a command: CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, QUIT, or END for a mail that is all there.

    `taken` says whether a mail at END was delivered all the same.
    """

    at: str
    trouble: SmtpTrouble = SmtpTrouble.SAY
    reply: str = "451 4.3.0 try again later"
    taken: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One mail with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    tls: bool = True
    user: str = ""

    @property
    def mail(self) -> EmailMessage:
        """The mail as a mail program reads it."""
        return message_from_bytes(self.data, policy=default)


class SmtpSandbox:
    """Runs between `with` and its end. `starttls` False means TLS from the first byte; `plain` offers no TLS at all.

    `open_to_all` takes mail without a login; `tokens` says which access tokens are good, where more than one may be.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        starttls: bool = True,
        plain: bool = False,
        biggest: int = _BIGGEST,
        open_to_all: bool = False,
        tokens: Callable[[str], bool] = TOKEN.__eq__,
    ) -> None:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self.tls.load_cert_chain(identity.certificate, identity.key)
        self.starttls, self.plain, self.biggest = starttls and not plain, plain, biggest
        self.open_to_all, self.tokens = open_to_all, tokens
        self.taken: list[Arrived] = []
        self.commands: list[str] = []
        self.stopping = threading.Event()
        self._faults: list[SmtpFault] = []
        self._lock = threading.Lock()
        self._tcp = _Listener(("127.0.0.1", 0), _Connection, owner=self)
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._tcp.server_address[1])

    @property
    def arrived(self) -> list[Arrived]:
        """What the recipient finds in its mailbox: each Message-ID once, the first of them."""
        by_id: dict[str, Arrived] = {}
        for number, mail in enumerate(self.taken):
            named = str(message_from_bytes(mail.data).get("Message-ID", "")) or f"nameless {number}"
            by_id.setdefault(named, mail)
        return list(by_id.values())

    def misbehave(self, *faults: SmtpFault) -> None:
        """Queue trouble for coming commands."""
        with self._lock:
            self._faults.extend(faults)

    def take_fault(self, command: str) -> SmtpFault | None:
        """Use up the first trouble queued for a command."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.at == command:
                    self._faults[index : index + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    return fault
        return None

    def note(self, command: str) -> None:
        """Keep which commands came, without what they said."""
        with self._lock:
            self.commands.append(command)

    def keep(self, mail: Arrived) -> None:
        """Say yes to a mail."""
        with self._lock:
            self.taken.append(mail)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._tcp.shutdown()
        self._thread.join()
        self._tcp.server_close()


class _Listener(socketserver.ThreadingTCPServer):
    """One thread per connection."""

    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[_Connection], *, owner: SmtpSandbox) -> None:
        self.owner = owner
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- socketserver's types
        """Say nothing on the terminal: a client that goes away is what these tests are about."""


class _Gone(Exception):  # noqa: N818 -- not an error: the conversation is over
    """The connection is over."""


class _Connection(socketserver.BaseRequestHandler):
    """One conversation."""

    def setup(self) -> None:
        self.owner = cast("_Listener", self.server).owner
        self.wire: socket.socket = self.request
        self.wire.settimeout(_IDLE_SECONDS)
        self.unread = b""
        self.secure, self.known = False, self.owner.open_to_all
        self.sender, self.recipients = "", list[str]()

    def handle(self) -> None:
        try:
            if not (self.owner.starttls or self.owner.plain):
                self._secure()
            self._answer("CONNECT", "220 mail.payer.example ESMTP sandbox")
            while True:
                self._one()
        except (_Gone, OSError):
            return
        finally:
            self.wire.close()

    def _one(self) -> None:
        word, _, rest = self._line().decode("utf-8", "replace").strip().partition(" ")
        command = word.upper()
        self.owner.note(command)
        handlers: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "QUIT": self._quit,
        }
        handlers.get(command, self._unknown)(rest)

    def _unknown(self, _: str) -> None:
        self._say("500 5.5.2 what?")

    def _ehlo(self, _: str) -> None:
        offers = ["mail.payer.example", f"SIZE {self.owner.biggest}"]
        offers += ["STARTTLS"] if self.owner.starttls and not self.secure else []
        offers += ["AUTH PLAIN LOGIN XOAUTH2"] if self.secure else []
        lines = [f"250{' ' if number == len(offers) else '-'}{offer}" for number, offer in enumerate(offers, 1)]
        self._answer("EHLO", "\r\n".join(lines))

    def _starttls(self, _: str) -> None:
        if self._answer("STARTTLS", "220 2.0.0 go ahead"):
            self._secure()

    def _auth(self, rest: str) -> None:
        method, _, initial = rest.partition(" ")
        given = base64.b64decode(initial or self._ask("334 ")).decode("utf-8", "replace")
        if method.upper() == "PLAIN":
            self.known = given.split("\0")[1:] == [USER, PASSWORD]
        elif method.upper() == "LOGIN":
            self.known = (given, base64.b64decode(self._ask("334 UGFzc3dvcmQ6")).decode()) == (USER, PASSWORD)
        else:
            name, _, rest = given.partition("\x01auth=Bearer ")
            self.known = name == f"user={USER}" and rest.endswith("\x01\x01") and self.owner.tokens(rest[:-2])
            if not self.known:
                self._ask("334 " + base64.b64encode(b'{"status":"401"}').decode())
        self._answer("AUTH", "235 2.7.0 welcome" if self.known else "535 5.7.8 who are you?")

    def _mail(self, rest: str) -> None:
        if not self.known:
            self._say("530 5.7.0 log in first")
            return
        self.sender, self.recipients = _address(rest), []
        self._answer("MAIL", "250 2.1.0 ok")

    def _rcpt(self, rest: str) -> None:
        if self._answer("RCPT", "250 2.1.5 ok"):
            self.recipients.append(_address(rest))

    def _data(self, _: str) -> None:
        if not self._answer("DATA", "354 go ahead"):
            return
        lines: list[bytes] = []
        while (line := self._line()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = Arrived(
            sender=self.sender,
            recipients=tuple(self.recipients),
            data=b"".join(lines),
            tls=self.secure,
            user="" if self.owner.open_to_all else USER,
        )
        fault = self.owner.take_fault("END")
        if fault is None or fault.taken:
            self.owner.keep(mail)
        if fault is None:
            self._say("250 2.0.0 queued as S1")
        else:
            self._make(fault)

    def _rset(self, _: str) -> None:
        self._say("250 2.0.0 ok")

    def _quit(self, _: str) -> None:
        self._answer("QUIT", "221 2.0.0 bye")
        raise _Gone

    def _answer(self, command: str, reply: str) -> bool:
        """Answer a command, or make the trouble queued for it; True when it was answered with a yes."""
        fault = self.owner.take_fault(command)
        if fault is None:
            self._say(reply)
            return reply[0] in "23"
        self._make(fault)
        return False

    def _make(self, fault: SmtpFault) -> None:
        if fault.trouble is SmtpTrouble.SAY:
            self._say(fault.reply)
            return
        if fault.trouble is SmtpTrouble.SILENT:
            self.owner.stopping.wait(_IDLE_SECONDS)
        raise _Gone

    def _ask(self, prompt: str) -> bytes:
        self._say(prompt)
        return self._line().strip()

    def _say(self, text: str) -> None:
        self.wire.sendall(text.encode() + b"\r\n")

    def _line(self) -> bytes:
        while b"\n" not in self.unread:
            more = self.wire.recv(_LINE)
            if not more:
                raise _Gone
            self.unread += more
        line, _, self.unread = self.unread.partition(b"\n")
        return line + b"\n"

    def _secure(self) -> None:
        self.wire = self.owner.tls.wrap_socket(self.wire, server_side=True)
        self.unread, self.secure = b"", True


def _address(rest: str) -> str:
    found = re.search(r"<([^>]*)>", rest)
    return found.group(1) if found else ""
