"""Alerts by mail: the words of an alert target's settings become a mail handed in by `connectors.channels.smtp`.

The Message-ID derives from the message's own id, so that a mail which goes out twice (the process died before it was
marked as sent) is recognised as one by most mailboxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from connectors.channels.mail_server import IMPLICIT, PLAIN, STARTTLS, MailServer
from connectors.channels.smtp import POLICY, PORTS, hand_in, is_address

__all__ = ["WAYS", "Letter", "Outbox", "is_address", "outbox", "send"]

WAYS: Mapping[str, str] = {"starttls": STARTTLS, "tls": IMPLICIT, "none": PLAIN}
"""What a target's setting `tls` may say; the first is the default."""
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Where mail is handed in, and as whom."""

    server: MailServer
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one address; `id` stays the same when it is tried again."""

    id: str
    to: str
    subject: str
    text: str
    at: datetime


def outbox(settings: Mapping[str, str]) -> Outbox:
    """The outbox that settings describe: host, port, tls, sender, user, password, ca_file, timeout."""
    tls = WAYS[settings.get("tls") or "starttls"]
    server = MailServer(
        host=settings["host"],
        port=int(settings.get("port") or PORTS[tls]),
        tls=tls,
        username=settings.get("user", ""),
        password=settings.get("password", ""),
        ca_file=settings.get("ca_file", ""),
        timeout=float(settings.get("timeout") or _PATIENCE_S),
    )
    return Outbox(server=server, sender=settings["sender"])


def send(out: Outbox, letter: Letter) -> None:
    """Hand one mail in; whatever is raised, also that nobody knows, it counts as not sent and is tried again."""
    hand_in(out.server, _message(out, letter), sender=out.sender, to=letter.to)


def _message(out: Outbox, letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = out.sender
    message["To"] = letter.to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{out.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message
