"""A folder of an IMAP server.

Sources: RFC 3501 (IMAP4rev1), RFC 6851 (MOVE), RFC 4315 (UIDPLUS), RFC 3501 section 5.1.3 (folder names), RFC 5530
(response codes). A mail is known by the folder's UIDVALIDITY with its UID: after the server has numbered anew, old ids
confirm nothing, and what comes again is recognised by its content. Mails are never marked as seen, because people who
look into the mailbox do that too: `confirm` moves the mail to the folder `archive`, or gives it the keyword KvittTaken.
Its size is asked first, and the server is asked for no more bytes than that, so that a huge mail is never downloaded.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.channels.mail_incoming import Judge, too_big
from connectors.channels.mail_server import IMPLICIT, PLAIN, STARTTLS, MailServer, guard, no_starttls, wrong_login
from hub.errors import ConfigurationError, TransientError
from hub.model.exchange import Collected, Probe

PORTS = {IMPLICIT: 993, STARTTLS: 143, PLAIN: 143}
KEYWORD = "KvittTaken"

_AT_ONCE = 500
_SPARE = 64 * 1024
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_REMOTE_ID = re.compile(r"(\d+)\.(\d+)", re.ASCII)
_DIRECT = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


class ImapConnection(imaplib.IMAP4):
    """`imaplib` with our TLS, and with an end to what the server may make us read at once."""

    def __init__(self, server: MailServer, most: int) -> None:
        self._server, self._most = server, most + _SPARE
        self._context: ssl.SSLContext | None = None if server.tls == PLAIN else server.context()
        super().__init__(server.host, server.port, timeout=server.timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        """TLS from the first byte, where that is how the server wants it (as imaplib's own IMAP4_SSL does it)."""
        plain = socket.create_connection((self._server.host, self._server.port), timeout)
        if self._context is None or self._server.tls != IMPLICIT:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self._server.host)
        except OSError:
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        """Read a literal; one that is longer than what we asked for ends the conversation."""
        if size > self._most:
            raise self.abort(f"the server sends {size} bytes unasked")
        return super().read(size)

    def enter(self) -> None:
        """STARTTLS where agreed, then log in."""
        if self._server.tls == STARTTLS and self._context is not None:
            if "STARTTLS" not in self.capabilities:
                raise no_starttls(self._server)
            self.starttls(self._context)
        token = self._server.bearer() if self._server.by_token else ""
        try:
            self._log_in(token)
        except self.abort:
            raise
        except self.error as error:
            said = str(error).removeprefix("b'").rstrip("'")
            if _PASSING.search(said):
                raise TransientError(f"no login now: {said}", where=self._server.where) from error
            raise wrong_login(self._server, said, token) from error
        self._server.logged_in(token)
        # What a server can do it often says only to those it knows.
        self.capabilities = tuple(b" ".join(self.capability()[1]).decode("ascii", "replace").upper().split())

    def _log_in(self, token: str) -> None:
        server = self._server
        if token:
            first = [server.xoauth2(token).encode()]
            # A refused token is explained in a second question, which wants an empty answer.
            self.authenticate("XOAUTH2", lambda _: first.pop() if first else b"")
        elif "AUTH=PLAIN" in self.capabilities:
            self.authenticate("PLAIN", lambda _: f"\0{server.username}\0{server.password}".encode())
        elif (server.username + server.password).isascii():
            self.login(server.username, server.password)
        else:
            hint = "choose a password of plain letters, or a server that offers AUTH=PLAIN"
            raise ConfigurationError("the server takes no such letters in a login", hint=hint, where=server.where)


@dataclass(frozen=True, slots=True)
class Session:
    """One logged-in connection with its folder open."""

    wire: ImapConnection
    where: str
    validity: str
    archive: str
    most: int

    def waiting(self) -> list[tuple[str, int]]:
        """UID and size of what waits, in the order it arrived."""
        looked_for = ["UNDELETED"] if self.archive else ["UNDELETED", "UNKEYWORD", KEYWORD]
        found = b" ".join(each for each in self._do("SEARCH", *looked_for) if isinstance(each, bytes)).split()
        uids = sorted(int(uid) for uid in found)
        sizes: dict[int, int] = {}
        for start in range(0, len(uids), _AT_ONCE):
            some = ",".join(map(str, uids[start : start + _AT_ONCE]))
            for line in self._do("FETCH", some, "(UID RFC822.SIZE)"):
                uid, size = _UID.search(_flat(line)), _SIZE.search(_flat(line))
                if uid and size:
                    sizes[int(uid[1])] = int(size[1])
        return [(str(uid), sizes[uid]) for uid in uids if uid in sizes]

    def fetch(self, uid: str) -> bytes | None:
        """One mail, at most one byte more than the cap; None when it is gone."""
        answer = self._do("FETCH", uid, f"(UID BODY.PEEK[]<0.{self.most + 1}>)")
        return next((part[1] for part in answer if isinstance(part, tuple)), None)

    def take(self, uid: str) -> None:
        """Move it or mark it; one that is gone is fine."""
        if not self.archive:
            self._do("STORE", uid, "+FLAGS.SILENT", f"({KEYWORD})")
        elif "MOVE" in self.wire.capabilities:
            self._do("MOVE", uid, _quoted(self.archive))
        else:
            self._do("COPY", uid, _quoted(self.archive))
            self._do("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in self.wire.capabilities:
                self._do("EXPUNGE", uid)

    def _do(self, command: str, *words: str) -> Sequence[Any]:
        status, answer = self.wire.uid(command, *words)
        if status != "OK":
            raise _no(command, answer, self.where)
        return [part for part in answer if part is not None]


@dataclass(slots=True, kw_only=True)
class ImapFolder:
    """Collects from one folder; while it does, confirmations go over the same connection."""

    server: MailServer
    folder: str
    judge: Judge
    most: int
    archive: str = ""
    _open: Session | None = field(default=None, init=False, repr=False)

    def collect(self) -> Iterator[Collected]:
        """The waiting mails, oldest first, without changing anything there."""
        with self._session() as session:
            self._open = session
            try:
                for uid, size in self._guarded_list(session):
                    item = self._item(session, uid, size)
                    if item is not None:
                        yield item
            finally:
                self._open = None

    def confirm(self, remote_id: str) -> None:
        """Take one mail out of what waits. An id of before the server numbered anew says nothing any more."""
        known = _REMOTE_ID.fullmatch(remote_id)
        if known is None:
            return
        if self._open is not None:
            self._take(self._open, known[1], known[2])
            return
        with self._session() as session:
            self._take(session, known[1], known[2])

    def probe(self) -> Probe:
        """Log in, open the folder, look at the archive; nothing is changed."""
        try:
            with self._session() as session, guard(self.server):
                waiting = len(session.waiting())
                if self.archive:
                    status, answer = session.wire.status(_quoted(self.archive), "(MESSAGES)")
                    if status != "OK":
                        raise _no("STATUS", answer, self.server.where)
        except (ConfigurationError, TransientError) as error:
            return Probe(ok=False, text=str(error))
        return Probe(ok=True, text=f"{self.folder} at {self.server.where}: {waiting} mails wait")

    def _guarded_list(self, session: Session) -> list[tuple[str, int]]:
        with guard(self.server):
            return session.waiting()

    def _item(self, session: Session, uid: str, size: int) -> Collected | None:
        remote_id = f"{session.validity}.{uid}"
        if size > self.most:
            return too_big(remote_id, size, self.most)
        with guard(self.server):
            data = session.fetch(uid)
        if data is None:
            return None
        return too_big(remote_id, len(data), self.most) if len(data) > self.most else self._judged(remote_id, data)

    def _judged(self, remote_id: str, data: bytes) -> Collected:
        return self.judge.collected(remote_id, data)

    def _take(self, session: Session, validity: str, uid: str) -> None:
        if validity == session.validity:
            with guard(self.server):
                session.take(uid)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Session]:
        with guard(self.server):
            wire = ImapConnection(self.server, self.most)
        try:
            with guard(self.server):
                wire.enter()
                validity = self._select(wire)
            yield Session(wire, self.server.where, validity, self.archive, self.most)
        finally:
            _leave(wire)

    def _select(self, wire: ImapConnection) -> str:
        status, answer = wire.select(_quoted(self.folder))
        if status != "OK":
            raise _no("SELECT", answer, self.server.where)
        (validity,) = wire.response("UIDVALIDITY")[1][:1] or [None]
        if not isinstance(validity, bytes) or not validity.isdigit():
            raise ConfigurationError("the server gives its mails no lasting numbers", where=self.server.where)
        flags = b" ".join(each for each in wire.response("PERMANENTFLAGS")[1] if isinstance(each, bytes))
        if not self.archive and b"\\*" not in flags and KEYWORD.encode() not in flags:
            hint = "name a folder in archive: mails are moved there instead"
            raise ConfigurationError(f"{self.folder} takes no keywords", hint=hint, where=self.server.where)
        return validity.decode()


def _leave(wire: ImapConnection) -> None:
    """Say goodbye to a server that may be gone; the socket is closed in any case."""
    with contextlib.suppress(imaplib.IMAP4.error, OSError):
        wire.logout()
    with contextlib.suppress(OSError):
        wire.shutdown()


def _no(command: str, answer: Sequence[Any], where: str) -> ConfigurationError | TransientError:
    said = b" ".join(_flat(each) for each in answer if each is not None).decode("utf-8", "replace")[:200]
    if _PASSING.search(said):
        return TransientError(f"the server cannot do {command} now: {said}", where=where)
    hint = "check the folder's name, that it exists, and our rights there"
    return ConfigurationError(f"the server refuses {command}: {said}", hint=hint, where=where)


def _flat(part: object) -> bytes:
    if isinstance(part, tuple):
        return b" ".join(each for each in part if isinstance(each, bytes))
    return part if isinstance(part, bytes) else b""


def _quoted(folder: str) -> str:
    """A folder's name as IMAP writes it: modified UTF-7, in quotes."""
    text = "".join(_written(piece) for piece in _DIRECT.findall(folder))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(piece: str) -> str:
    if piece[0] in map(chr, range(0x20, 0x7F)):
        return piece.replace("&", "&-")
    return "&" + b64encode(piece.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
