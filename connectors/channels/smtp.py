"""Handing a mail in over SMTP: for invoices to partners, alerts to people and notices to practices alike.

Sources: RFC 5321 (SMTP), RFC 6409 (submission), RFC 3207 (STARTTLS), RFC 1870 (SIZE). The question behind every error
is whether the server took the mail over: before the last line of it the answer is no, after that only the server's own
reply says. Without TLS nothing is said, except to this machine itself.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP

from connectors.channels.mail_server import (
    IMPLICIT,
    PLAIN,
    SMTP_ERRORS,
    STARTTLS,
    MailServer,
    explained,
    no_starttls,
    refuse_plain,
    wrong_login,
)
from hub.errors import ConfigurationError, ContentError, HubError, OutcomeUnknown, RefusedError, TransientError

PORTS = {STARTTLS: 587, IMPLICIT: 465, PLAIN: 25}
POLICY = SMTP.clone(cte_type="7bit")

_DOT = re.compile(rb"^\.", re.MULTILINE)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def is_address(text: str) -> bool:
    """Whether this is one plain mail address; anything else could say more to the server than an address."""
    return _ADDRESS.fullmatch(text) is not None


def hand_in(server: MailServer, mail: EmailMessage, *, sender: str, to: str, foreign: bool = False) -> bytes:
    """Hand one mail in for one address; gives the server's words when it took it over, raises what else it means.

    OutcomeUnknown: the whole mail was sent and no reply came. Every other error says that nothing was taken over. A
    recipient refused for good is a setting to correct, or, where the address is `foreign` to us, the end of this mail.
    """
    data = _DOT.sub(b"..", mail.as_bytes(policy=POLICY))
    with logged_in(server, sender) as smtp:
        _envelope(server, smtp, {"sender": sender, "to": to}, size=len(data), foreign=foreign)
        return _data(server, smtp, data)


@contextlib.contextmanager
def logged_in(server: MailServer, sender: str) -> Iterator[smtplib.SMTP]:
    """A conversation, logged in where there is a user; how it ends changes nothing about what was said in it."""
    refuse_plain(server)
    smtp = _opened(server, sender.rpartition("@")[2])
    try:
        with _nothing_taken(server):
            _enter(server, smtp)
        yield smtp
    finally:
        with contextlib.suppress(*SMTP_ERRORS):
            smtp.quit()
        smtp.close()


def _opened(server: MailServer, ours: str) -> smtplib.SMTP:
    with _nothing_taken(server):
        if server.tls == IMPLICIT:
            return smtplib.SMTP_SSL(server.host, server.port, ours, timeout=server.timeout, context=server.context())
        return smtplib.SMTP(server.host, server.port, ours, timeout=server.timeout)


def _enter(server: MailServer, smtp: smtplib.SMTP) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.tls == STARTTLS:
        if not smtp.has_extn("starttls"):
            raise no_starttls(server)
        code, said = smtp.starttls(context=server.context())
        if code != 220:
            raise _turned_away(code, said, server.where)
        smtp.ehlo()
    if server.by_token:
        _by_token(server, smtp)
    elif server.username:
        smtp.login(server.username, server.password)


def _by_token(server: MailServer, smtp: smtplib.SMTP) -> None:
    token = server.bearer()
    first = server.xoauth2(token)
    try:
        # A refused token is explained in a second question, which wants an empty answer.
        smtp.auth("XOAUTH2", lambda challenge=None: "" if challenge else first)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise
        raise wrong_login(server, words(_reply(error)), token) from error
    server.logged_in(token)


@contextlib.contextmanager
def _nothing_taken(server: MailServer) -> Iterator[None]:
    """Whatever goes wrong inside happens before the server can have taken the mail over."""
    try:
        yield
    except HubError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise TransientError(f"no login now: {words(_reply(error))}", where=server.where) from error
        raise wrong_login(server, words(_reply(error))) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigurationError(f"the server offers no login: {error}", where=server.where) from error
    except smtplib.SMTPResponseException as error:
        raise _turned_away(error.smtp_code, _reply(error), server.where) from error
    except smtplib.SMTPException as error:
        raise TransientError(f"the connection broke: {error}", where=server.where) from error
    except OSError as error:
        raise explained(error, server) from error


def _envelope(
    server: MailServer, smtp: smtplib.SMTP, addresses: Mapping[str, str], *, size: int, foreign: bool
) -> None:
    limit = smtp.esmtp_features.get("size", "").strip()
    if limit.isdigit() and 0 < int(limit) < size:
        raise ContentError(f"the mail has {size} bytes; the server takes {limit}", hint="make smaller files")
    with _nothing_taken(server):
        options = [f"size={size}"] if smtp.has_extn("size") else []
        envelope = (("sender", smtp.mail(addresses["sender"], options)), ("to", smtp.rcpt(addresses["to"])))
        for name, (code, said) in envelope:
            if 500 <= code < 600 and not (foreign and name == "to"):
                raise ConfigurationError(
                    f"the server refuses the address in {name}: {code} {words(said)}",
                    hint=f"correct {name} in the agreement",
                    where=server.where,
                )
            if code not in {250, 251}:
                raise _refusal(code, said, server.where)
        code, said = smtp.docmd("DATA")
        if code != 354:
            raise _refusal(code, said, server.where)


def _data(server: MailServer, smtp: smtplib.SMTP, data: bytes) -> bytes:
    with _nothing_taken(server):
        smtp.send(data)
    try:
        smtp.send(b".\r\n")
        code, said = smtp.getreply()
    except SMTP_ERRORS as error:
        raise OutcomeUnknown(
            f"the whole mail was sent, and no reply came ({type(error).__name__})",
            hint="ask the recipient before sending again",
            where=server.where,
        ) from error
    if code != 250:
        raise _refusal(code, said, server.where)
    return said


def _refusal(code: int, said: bytes, where: str) -> TransientError | RefusedError:
    """4xx is for later, 5xx for good (RFC 5321, section 4.2.1); -1 is a server that says no code at all."""
    text = f"the server says {code} {words(said)}"
    if 500 <= code < 600:
        return RefusedError(text, where=where, raw=said, code=str(code))
    return TransientError(text, where=where, raw=said)


def _turned_away(code: int, said: bytes, where: str) -> TransientError | ConfigurationError:
    """A no before anything was said about a mail is about us, not about the mail."""
    if 500 <= code < 600:
        return ConfigurationError(f"the server turns us away: {code} {words(said)}", where=where)
    return TransientError(f"the server says {code} {words(said)}", where=where, raw=said)


def _reply(error: smtplib.SMTPResponseException) -> bytes:
    return error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()


def words(said: bytes) -> str:
    """What a server says, as one short line."""
    return " ".join(said.decode("utf-8", "replace").split())[:200]
