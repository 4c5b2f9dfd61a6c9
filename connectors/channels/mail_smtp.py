"""Sending by mail: one message, one mail, one attachment, to one address.

Source: RFC 5322 (Message-ID). The Message-ID is made of the business key, so that a second mail about the same is seen
to be one, by the recipient's system and by a person. Whoever can be asked is a person: after a lost reply (see `smtp`)
the exchange is in doubt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from connectors.channels import naming
from connectors.channels.mail_server import MailServer
from connectors.channels.settings import filled
from connectors.channels.smtp import POLICY, hand_in, is_address, logged_in, words
from hub.errors import ConfigurationError, ContentError
from hub.model.exchange import ExchangeState, Message, Receipt
from hub.model.identity import is_bsn, is_fnr

NOTICE = "notice"
"""The kind of a message that is the mail itself, to the address in its `meta`."""
_NUMBER = re.compile(r"\d+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MOST = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Mails from one address to one address. `subject` and `text` may name `{name}`, `{kind}` and the meta's keys."""

    server: MailServer
    sender: str
    to: str
    subject: str
    text: str
    most: int = _MOST

    def deliver(self, message: Message) -> Receipt:
        """Send one mail; the receipt says that our server took it over, not that anybody has read it."""
        if len(message.payload) > self.most:
            raise ContentError(
                f"the file has {len(message.payload)} bytes; by mail go at most {self.most}",
                hint="agree on another channel with the partner",
            )
        told = message.kind == NOTICE
        to = _foreign(message) if told else address(self.to, "invoice_to or to")
        mail = self.told(message) if told else self.written(message)
        reply = hand_in(self.server, mail, sender=self.sender, to=to, foreign=told)
        return Receipt(
            remote_id=str(mail["Message-ID"]),
            state=ExchangeState.SENT,
            at=datetime.now(UTC),
            text=f"taken over for {to}: {words(reply)}",
            raw=reply,
        )

    def written(self, message: Message) -> EmailMessage:
        """The mail: nothing about a person in subject, headers or the file's name."""
        known = {**message.meta, "kind": message.kind, "name": _file_name(message)}
        mail = self._headed(message, self.to, filled(self.subject, known, "subject"))
        mail.set_content(_about_nobody(filled(self.text, known, "text"), "text") + "\n")
        kind, _, subtype = message.media_type.partition("/")
        mail.add_attachment(message.payload, kind, subtype or "octet-stream", filename=known["name"])
        return mail

    def told(self, message: Message) -> EmailMessage:
        """A notice: its text is the mail, `meta` says to whom (`to`) and about what (`subject`)."""
        mail = self._headed(message, message.meta["to"], message.meta.get("subject", ""))
        mail.set_content(_about_nobody(message.payload.decode("utf-8"), "text") + "\n")
        return mail

    def _headed(self, message: Message, to: str, subject: str) -> EmailMessage:
        mail = EmailMessage(policy=POLICY)
        mail["From"], mail["To"] = self.sender, to
        mail["Subject"] = _about_nobody(subject, "subject")
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = message_id(message.key, self.sender)
        mail["Auto-Submitted"] = "auto-generated"
        return mail

    def probe(self) -> str:
        """Log in and leave."""
        with logged_in(self.server, self.sender):
            return f"sends through {self.server.where} as {self.sender} to {self.to or 'whom a notice is for'}"


def _foreign(message: Message) -> str:
    to = message.meta.get("to", "")
    if not is_address(to):
        raise ContentError("the recipient is no mail address", hint="correct the organisation's address")
    return to


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a business key: the same on every attempt, and it says nothing about anybody."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2].lower()}>"


def addressee(settings: Mapping[str, str]) -> str:
    """The two-address rule: the address for invoices where the company has one, else the company's own."""
    return (settings.get("invoice_to") or settings.get("to") or "").strip()


def address(text: str, name: str) -> str:
    """A plain mail address; anything else could say more to the server than an address."""
    if not is_address(text):
        raise ConfigurationError(f"the setting {name} is no mail address", hint="such as invoices@payer.example")
    return text


def _about_nobody(text: str, name: str) -> str:
    if any(_of_a_person(number) for number in _NUMBER.findall(text)):
        raise ConfigurationError(
            f"the mail's {name} would hold what may be a person's number", hint=f"change the setting {name}"
        )
    return " ".join(text.split()) if name == "subject" else text


def _of_a_person(number: str) -> bool:
    return is_bsn(number) or is_fnr(number, allow_synthetic=True)


def _file_name(message: Message) -> str:
    """The message's own name where it is a plain one about nobody, else one made of the key."""
    plain = _PLAIN_NAME.fullmatch(message.name) is not None
    if plain and not any(_of_a_person(number) for number in _NUMBER.findall(message.name)):
        return message.name
    return naming.remote_name(message.key, message.name)
