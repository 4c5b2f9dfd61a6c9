"""Sending by mail: one message, one mail, one attachment, to one address.

Sources: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 1870 (SIZE), RFC 5322 (Message-ID). The question behind every error
is whether the server took the mail over: before the last line of it the answer is no, after that only the server's own
reply says. The Message-ID is made of the business key, so that a second mail about the same is seen to be one, by the
recipient's system and by a person. Whoever can be asked is a person: after a lost reply the exchange is in doubt.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from connectors.channels import naming
from connectors.channels.mail_server import (
    IMPLICIT,
    PLAIN,
    SMTP_ERRORS,
    STARTTLS,
    MailServer,
    explained,
    no_starttls,
    wrong_login,
)
from connectors.channels.settings import filled
from hub.errors import ConfigurationError, ContentError, HubError, OutcomeUnknown, RefusedError, TransientError
from hub.model.exchange import ExchangeState, Message, Receipt
from hub.model.identity import is_bsn, is_fnr

PORTS = {STARTTLS: 587, IMPLICIT: 465, PLAIN: 25}

_POLICY = SMTP.clone(cte_type="7bit")
_DOT = re.compile(rb"^\.", re.MULTILINE)
_NUMBER = re.compile(r"\d+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
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
        mail = self.written(message)
        data = _DOT.sub(b"..", mail.as_bytes(policy=_POLICY))
        with self._conversation() as smtp:
            self._envelope(smtp, len(data))
            reply = self._hand_over(smtp, data)
        return Receipt(
            remote_id=str(mail["Message-ID"]),
            state=ExchangeState.SENT,
            at=datetime.now(UTC),
            text=f"taken over for {self.to}: {_words(reply)}",
            raw=reply,
        )

    def written(self, message: Message) -> EmailMessage:
        """The mail: nothing about a person in subject, headers or the file's name."""
        known = {**message.meta, "kind": message.kind, "name": _file_name(message)}
        mail = EmailMessage(policy=_POLICY)
        mail["From"], mail["To"] = self.sender, self.to
        mail["Subject"] = _about_nobody(filled(self.subject, known, "subject"), "subject")
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = message_id(message.key, self.sender)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_about_nobody(filled(self.text, known, "text"), "text") + "\n")
        kind, _, subtype = message.media_type.partition("/")
        mail.add_attachment(message.payload, kind, subtype or "octet-stream", filename=known["name"])
        return mail

    def probe(self) -> str:
        """Log in and leave."""
        with self._conversation():
            return f"sends through {self.server.where} as {self.sender} to {self.to}"

    @contextlib.contextmanager
    def _conversation(self) -> Iterator[smtplib.SMTP]:
        """A logged-in conversation; how it ends changes nothing about what was said in it."""
        smtp = self._opened()
        try:
            with self._nothing_taken():
                self._enter(smtp)
            yield smtp
        finally:
            with contextlib.suppress(*SMTP_ERRORS):
                smtp.quit()
            smtp.close()

    def _opened(self) -> smtplib.SMTP:
        server, ours = self.server, self.sender.rpartition("@")[2]
        with self._nothing_taken():
            if server.tls == IMPLICIT:
                return smtplib.SMTP_SSL(
                    server.host, server.port, ours, timeout=server.timeout, context=server.context()
                )
            return smtplib.SMTP(server.host, server.port, ours, timeout=server.timeout)

    def _enter(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.server.tls == STARTTLS:
            if not smtp.has_extn("starttls"):
                raise no_starttls(self.server)
            code, said = smtp.starttls(context=self.server.context())
            if code != 220:
                raise _turned_away(code, said, self.server.where)
            smtp.ehlo()
        if self.server.access_token:
            # A refused token is explained in a second question, which wants an empty answer.
            smtp.auth("XOAUTH2", lambda challenge=None: "" if challenge else self.server.xoauth2())
        else:
            smtp.login(self.server.username, self.server.password)

    @contextlib.contextmanager
    def _nothing_taken(self) -> Iterator[None]:
        """Whatever goes wrong inside happens before the server can have taken the mail over."""
        try:
            yield
        except HubError:
            raise
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise TransientError(f"no login now: {_words(_reply(error))}", where=self.server.where) from error
            raise wrong_login(self.server, _words(_reply(error))) from error
        except smtplib.SMTPNotSupportedError as error:
            raise ConfigurationError(f"the server offers no login: {error}", where=self.server.where) from error
        except smtplib.SMTPResponseException as error:
            raise _turned_away(error.smtp_code, _reply(error), self.server.where) from error
        except smtplib.SMTPException as error:
            raise TransientError(f"the connection broke: {error}", where=self.server.where) from error
        except OSError as error:
            raise explained(error, self.server) from error

    def _envelope(self, smtp: smtplib.SMTP, size: int) -> None:
        limit = smtp.esmtp_features.get("size", "").strip()
        if limit.isdigit() and 0 < int(limit) < size:
            raise ContentError(f"the mail has {size} bytes; the server takes {limit}", hint="make smaller files")
        with self._nothing_taken():
            options = [f"size={size}"] if smtp.has_extn("size") else []
            for name, (code, said) in (
                ("sender", smtp.mail(self.sender, options)),
                ("to", smtp.rcpt(self.to)),
            ):
                if 500 <= code < 600:
                    raise ConfigurationError(
                        f"the server refuses the address in {name}: {code} {_words(said)}",
                        hint=f"correct {name} in the agreement",
                        where=self.server.where,
                    )
                if code not in {250, 251}:
                    raise _refusal(code, said, self.server.where)
            code, said = smtp.docmd("DATA")
            if code != 354:
                raise _refusal(code, said, self.server.where)

    def _hand_over(self, smtp: smtplib.SMTP, data: bytes) -> bytes:
        with self._nothing_taken():
            smtp.send(data)
        try:
            smtp.send(b".\r\n")
            code, said = smtp.getreply()
        except SMTP_ERRORS as error:
            raise OutcomeUnknown(
                f"the whole mail was sent, and no reply came ({type(error).__name__})",
                hint="ask the recipient before sending again",
                where=self.server.where,
            ) from error
        if code != 250:
            raise _refusal(code, said, self.server.where)
        return said


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a business key: the same on every attempt, and it says nothing about anybody."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2].lower()}>"


def addressee(settings: Mapping[str, str]) -> str:
    """The two-address rule: the address for invoices where the company has one, else the company's own."""
    return (settings.get("invoice_to") or settings.get("to") or "").strip()


def address(text: str, name: str) -> str:
    """A plain mail address; anything else could say more to the server than an address."""
    if not _ADDRESS.fullmatch(text):
        raise ConfigurationError(f"the setting {name} is no mail address", hint="such as invoices@payer.example")
    return text


def _refusal(code: int, said: bytes, where: str) -> TransientError | RefusedError:
    """4xx is for later, 5xx for good (RFC 5321, section 4.2.1); -1 is a server that says no code at all."""
    text = f"the server says {code} {_words(said)}"
    if 500 <= code < 600:
        return RefusedError(text, where=where, raw=said, code=str(code))
    return TransientError(text, where=where, raw=said)


def _turned_away(code: int, said: bytes, where: str) -> TransientError | ConfigurationError:
    """A no before anything was said about a mail is about us, not about the mail."""
    if 500 <= code < 600:
        return ConfigurationError(f"the server turns us away: {code} {_words(said)}", where=where)
    return TransientError(f"the server says {code} {_words(said)}", where=where, raw=said)


def _reply(error: smtplib.SMTPResponseException) -> bytes:
    return error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()


def _words(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())[:200]


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
