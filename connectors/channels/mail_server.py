"""What IMAP and SMTP share: TLS to a server whose certificate we check, who we are there, and what errors mean.

Sources: RFC 8314 (TLS for mail: implicit is preferred, STARTTLS must not be optional), RFC 5530 (IMAP response codes),
the XOAUTH2 mechanism of the big mail providers. Without TLS only a server on this machine is spoken to. An access token
comes by reference like a password (then whoever writes that file renews it), or is asked for in time (`oauth2`).
"""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors.channels.oauth2 import TokenSource, token_source
from connectors.channels.settings import choice, seconds, whole
from hub.errors import ConfigurationError, HubError, TransientError

IMPLICIT, STARTTLS, PLAIN = "implicit", "starttls", "none"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT = 60.0
_WAYS = {"password": "a password", "access_token": "an access_token", "tokens": "oauth2_* settings"}
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
    tokens: TokenSource | None = None
    ca_file: str = ""
    timeout: float = _TIMEOUT

    @property
    def where(self) -> str:
        """How it is called in messages."""
        return f"{self.host}:{self.port}"

    @property
    def by_token(self) -> bool:
        """Whether a token logs in, not a password."""
        return bool(self.access_token or self.tokens)

    def bearer(self) -> str:
        """The access token to log in with."""
        return self.tokens.token() if self.tokens else self.access_token

    def logged_in(self, token: str) -> None:
        """The server took what we logged in with."""
        if self.tokens and token:
            self.tokens.taken()

    def xoauth2(self, token: str) -> str:
        """What XOAUTH2 says first."""
        return f"user={self.username}\x01auth=Bearer {token}\x01\x01"

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
    username = said("username")
    server = MailServer(
        host=host,
        port=whole(settings, kind, f"{prefix}port", ports[tls]),
        tls=tls,
        username=username,
        password=said("password"),
        access_token=said("access_token"),
        tokens=token_source(settings, kind, prefix=prefix, who=username or host),
        ca_file=said("ca_file"),
        timeout=seconds(settings, kind, f"{prefix}timeout", _TIMEOUT) or _TIMEOUT,
    )
    _refuse(server, kind, prefix)
    return server


def refuse_plain(server: MailServer, prefix: str = "") -> None:
    """Without TLS only this machine itself is spoken to."""
    if server.tls == PLAIN and server.host.lower() not in _HERE:
        raise ConfigurationError(f"mail to {server.where} would go without TLS", hint=f"{prefix}{_CHECK_TLS}")


def _refuse(server: MailServer, kind: str, prefix: str) -> None:
    refuse_plain(server, prefix)
    ways = [said for name, said in _WAYS.items() if getattr(server, name)]
    if len(ways) > 1:
        raise ConfigurationError(f"the {kind} channel has both {' and '.join(ways)}", hint="keep one")
    if not (server.username and ways):
        raise ConfigurationError(
            f"the {kind} channel lacks {prefix}username, and {prefix}password or {prefix}access_token",
            hint="fill them in the agreement, the secret as env:NAME or file:PATH; or the oauth2_* settings",
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


def wrong_login(server: MailServer, said: str, token: str = "") -> ConfigurationError | TransientError:
    """Name or secret is wrong. What the server says is shown, never what we said.

    A token from a token endpoint may have been taken back before its end: once another one is asked for.
    """
    if server.tokens and token and server.tokens.forget(token):
        return TransientError(
            f"the server refuses the access token: {said}"[:300], hint="another one is asked for", where=server.where
        )
    kind = "password" if not server.by_token else "access_token" if server.access_token else "the oauth2_* settings"
    return ConfigurationError(
        f"the server refuses the login: {said}"[:300], hint=f"check username and {kind}", where=server.where
    )


SMTP_ERRORS = (smtplib.SMTPException, OSError)
"""What talking SMTP can raise."""
