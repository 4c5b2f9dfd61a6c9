"""What IMAP and SMTP share: TLS to a server whose certificate we check, who we are there, and what errors mean.

Sources: RFC 8314 (TLS for mail: implicit is preferred, STARTTLS must not be optional), RFC 5530 (IMAP response codes),
the XOAUTH2 mechanism of the big mail providers. Without TLS only a server on this machine is spoken to. A token comes
by reference like a password; renewing it is the business of whoever writes the file it lies in.
"""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.channels.settings import choice, seconds, whole
from hub.errors import ConfigurationError, HubError, TransientError

IMPLICIT, STARTTLS, PLAIN = "implicit", "starttls", "none"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT = 60.0
_CHECK_TLS = "tls = implicit for TLS from the first byte (993, 465), starttls for 143 and 587"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """One account at one mail server."""

    host: str
    port: int
    tls: str
    username: str
    password: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    ca_file: str = ""
    timeout: float = _TIMEOUT

    @property
    def where(self) -> str:
        """How it is called in messages."""
        return f"{self.host}:{self.port}"

    def xoauth2(self) -> str:
        """What XOAUTH2 says first."""
        return f"user={self.username}\x01auth=Bearer {self.access_token}\x01\x01"

    def context(self) -> ssl.SSLContext:
        """Certificate and name are checked; with `ca_file` that authority is the only one trusted."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"the CA file cannot be used: {error.strerror}", hint="correct ca_file", where=self.where
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def account(settings: Mapping[str, str], kind: str, ports: Mapping[str, int], *, prefix: str = "") -> MailServer:
    """The account the settings describe; one with a prefix takes from the others what it does not say itself."""

    def said(name: str) -> str:
        return (settings.get(prefix + name) or settings.get(name) or "").strip()

    tls = choice(settings, kind, f"{prefix}tls", tuple(ports))
    host = settings[f"{prefix}host"].strip()
    server = MailServer(
        host=host,
        port=whole(settings, kind, f"{prefix}port", ports[tls]),
        tls=tls,
        username=said("username"),
        password=said("password"),
        access_token=said("access_token"),
        ca_file=said("ca_file"),
        timeout=seconds(settings, kind, f"{prefix}timeout", _TIMEOUT) or _TIMEOUT,
    )
    _refuse(server, kind, prefix)
    return server


def _refuse(server: MailServer, kind: str, prefix: str) -> None:
    if server.tls == PLAIN and server.host.lower() not in _HERE:
        raise ConfigurationError(
            f"the {kind} channel would speak to {server.where} without TLS", hint=f"{prefix}{_CHECK_TLS}"
        )
    if server.password and server.access_token:
        raise ConfigurationError(f"the {kind} channel has both a password and an access_token", hint="keep one")
    if not (server.username and (server.password or server.access_token)):
        raise ConfigurationError(
            f"the {kind} channel lacks {prefix}username, and {prefix}password or {prefix}access_token",
            hint="fill them in the agreement, the secret as env:NAME or file:PATH",
        )


@contextlib.contextmanager
def guard(server: MailServer) -> Iterator[None]:
    """Turn what IMAP, TLS and the socket raise into the hub error it means; whatever it is, nothing was taken over."""
    try:
        yield
    except HubError:
        raise
    except imaplib.IMAP4.abort as error:
        raise TransientError(f"the connection broke: {error}", where=server.where) from error
    except imaplib.IMAP4.error as error:
        raise ConfigurationError(f"the server refused: {error}", where=server.where) from error
    except EOFError as error:
        raise TransientError("the connection ended", where=server.where) from error
    except OSError as error:
        raise explained(error, server) from error


def explained(error: OSError, server: MailServer) -> ConfigurationError | TransientError:
    """What goes wrong before and below the conversation: name, certificate, network."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"the server's certificate is not trusted: {error.verify_message}"
        return ConfigurationError(text, hint="check host and ca_file with whoever runs the server", where=server.where)
    if isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return ConfigurationError("the server speaks no TLS on this port", hint=_CHECK_TLS, where=server.where)
    if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
        return ConfigurationError("the host name is unknown", hint="check host", where=server.where)
    said = error.strerror or str(error) or type(error).__name__
    return TransientError(f"the server is not reached: {said}", hint="it is tried again later", where=server.where)


def no_starttls(server: MailServer) -> ConfigurationError:
    """The server offers no STARTTLS, or somebody on the way took the offer out; nothing secret was said."""
    return ConfigurationError("the server offers no STARTTLS", hint=_CHECK_TLS, where=server.where)


def wrong_login(server: MailServer, said: str) -> ConfigurationError:
    """Name or secret is wrong. What the server says is shown, never what we said."""
    kind: Literal["password", "access_token"] = "access_token" if server.access_token else "password"
    return ConfigurationError(
        f"the server refuses the login: {said}"[:300], hint=f"check username and {kind}", where=server.where
    )


SMTP_ERRORS = (smtplib.SMTPException, OSError)
"""What talking SMTP can raise."""
