"""What a mail we collect is: from whom our own server found it to be, never from whom it says it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hub.errors import FormatError
from hub.model.exchange import Collected, Probe
from schemas import mail as mails

MAIL = "mail"
DAMAGED = "damaged"
NAME = "mail.eml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Reads our receiving server's verdict. `dkim_domains` empty: the domain in From must have signed."""

    authserv_id: str
    dkim_domains: tuple[str, ...] = ()

    def collected(self, remote_id: str, data: bytes) -> Collected:
        """A mail with who signed it; one that cannot be read is handed on as it is, and trusted by nobody."""
        try:
            signed = mails.signed_by(data, self.authserv_id)
            sender = mails.read(data).sender
        except FormatError as error:
            meta = {"problem": str(error)}
            return Collected(remote_id=remote_id, name=NAME, payload=data, kind=DAMAGED, trusted=False, meta=meta)
        wanted = self.dkim_domains or (sender.rpartition("@")[2],)
        return Collected(
            remote_id=remote_id,
            name=NAME,
            payload=data,
            kind=MAIL,
            trusted=any(domain.lower() in signed for domain in wanted),
            meta={"dkim": " ".join(sorted(signed)), "from": sender},
        )


def too_big(remote_id: str, size: int, most: int) -> Collected:
    """A mail nobody downloads: without bytes it is a task and is offered again until a person takes it away."""
    reason = f"a mail of {size} bytes; at most {most} are fetched (it stays in the mailbox)"
    return Collected(remote_id=remote_id, name=NAME, payload=b"", kind=DAMAGED, trusted=False, meta={"reason": reason})


class Incoming(Protocol):
    """Where mails wait: a Maildir, or a folder of an IMAP server."""

    def collect(self) -> Iterator[Collected]:
        """The waiting mails, oldest first."""
        ...

    def confirm(self, remote_id: str) -> None:
        """Take one out of what waits; harmless when repeated."""
        ...

    def probe(self) -> Probe:
        """Whether it is there and usable."""
        ...
