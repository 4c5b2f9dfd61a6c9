"""Mail over SMTP submission (RFC 6409) with TLS: STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314).

Without TLS nothing is sent except to this machine itself. The Message-ID derives from the message's own id, so that a
mail which goes out twice (the process died before it was marked as sent) is recognised as one by most mailboxes.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr

from hub.errors import ConfigurationError, HubError, RefusedError, TransientError

STARTTLS, TLS, NONE = "starttls", "tls", "none"
WAYS = (STARTTLS, TLS, NONE)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PATIENCE_S = 20.0
_GONE_FOR_NOW = range(400, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed in. `ca_file` pins a CA of one's own; without a user nobody logs in."""

    host: str
    port: int = 587
    tls: str = STARTTLS
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout: float = _PATIENCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address; `id` stays the same when it is tried again."""

    id: str
    to: str
    subject: str
    text: str
    at: datetime


def is_address(text: str) -> bool:
    """Whether this is one plain mail address."""
    name, address = parseaddr(text)
    local, at, domain = address.partition("@")
    return bool(
        not name and address == text and local and at and "." in domain and text.isascii() and text.isprintable()
    )


def send(server: SmtpServer, mail: Mail) -> None:
    """Hand one mail in; raises what it means when that did not work (then it counts as not sent)."""
    try:
        with _connected(server) as smtp:
            smtp.send_message(_message(server, mail), from_addr=server.sender, to_addrs=[mail.to])
    except HubError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        raise ConfigurationError(f"{server.host} refuses user and password ({error.smtp_code})") from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigurationError(f"{server.host} cannot do what is set: {error}", hint="check tls and user") from error
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise _by_code(server, code, "the recipient") from error
    except smtplib.SMTPResponseException as error:
        raise _by_code(server, error.smtp_code, "the mail") from error
    except ssl.SSLError as error:
        reason = error.reason or type(error).__name__
        raise ConfigurationError(f"no TLS with {server.host}: {reason}", hint="check tls, port and ca_file") from error
    except (OSError, smtplib.SMTPException) as error:
        raise TransientError(f"{server.host} does not take mail ({type(error).__name__})") from error


def _by_code(server: SmtpServer, code: int, what: str) -> HubError:
    if code in _GONE_FOR_NOW:
        return TransientError(f"{server.host} does not take {what} now ({code})")
    return RefusedError(f"{server.host} refuses {what} ({code})", code=str(code))


@contextmanager
def _connected(server: SmtpServer) -> Iterator[smtplib.SMTP]:
    if server.tls not in WAYS or (server.tls == NONE and server.host not in _LOOPBACK):
        raise ConfigurationError(f"mail to {server.host} needs TLS", hint="tls=starttls or tls=tls")
    try:
        context = ssl.create_default_context(cafile=server.ca_file or None)
    except OSError as error:
        raise ConfigurationError(f"the CA file cannot be read: {server.ca_file}") from error
    if server.tls == TLS:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
    try:
        if server.tls == STARTTLS:
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
    finally:
        smtp.close()


def _message(server: SmtpServer, mail: Mail) -> EmailMessage:
    message = EmailMessage(policy=WIRE)
    message["From"] = server.sender
    message["To"] = mail.to
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
