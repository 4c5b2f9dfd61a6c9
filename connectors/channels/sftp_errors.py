"""What an exception of paramiko or of the socket below it means: who must act, and whether the file may have arrived.

Sources: paramiko's `ssh_exception` module; the status codes of the SFTP protocol (draft-ietf-secsh-filexfer-02), of
which paramiko turns NO_SUCH_FILE and PERMISSION_DENIED into ENOENT and EACCES and every other one into a bare OSError.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import paramiko
from paramiko import ssh_exception
from paramiko.auth_strategy import AuthFailure
from paramiko.pkey import UnknownKeyType

from hub.errors import ConfigurationError, HubError, OutcomeUnknown, TransientError

_T = TypeVar("_T")


class Meaning(StrEnum):
    """What an exception says."""

    CONFIGURATION = "configuration"
    """Nothing will work until the operator acts."""
    PASSING = "passing"
    """Network or server trouble; unknown outcome when a rename was under way, otherwise nothing was taken over."""


MEANINGS: Mapping[type[BaseException], Meaning] = MappingProxyType(
    {
        ssh_exception.BadHostKeyException: Meaning.CONFIGURATION,
        ssh_exception.AuthenticationException: Meaning.CONFIGURATION,
        ssh_exception.PasswordRequiredException: Meaning.CONFIGURATION,
        ssh_exception.BadAuthenticationType: Meaning.CONFIGURATION,
        ssh_exception.PartialAuthentication: Meaning.CONFIGURATION,
        ssh_exception.UnableToAuthenticate: Meaning.CONFIGURATION,
        AuthFailure: Meaning.CONFIGURATION,
        UnknownKeyType: Meaning.CONFIGURATION,
        ssh_exception.IncompatiblePeer: Meaning.CONFIGURATION,
        ssh_exception.ConfigParseError: Meaning.CONFIGURATION,
        ssh_exception.CouldNotCanonicalize: Meaning.CONFIGURATION,
        ssh_exception.ProxyCommandFailure: Meaning.CONFIGURATION,
        ssh_exception.ChannelException: Meaning.PASSING,
        ssh_exception.MessageOrderError: Meaning.PASSING,
        ssh_exception.NoValidConnectionsError: Meaning.PASSING,
        ssh_exception.SSHException: Meaning.PASSING,
        paramiko.SFTPError: Meaning.PASSING,
        socket.gaierror: Meaning.CONFIGURATION,
        OSError: Meaning.PASSING,
        EOFError: Meaning.PASSING,
    }
)
"""Every exception class of paramiko, and what the socket below it raises."""

ANY = (paramiko.SSHException, paramiko.SFTPError, UnknownKeyType, OSError, EOFError)
"""What talking SFTP can raise."""

_HINTS: Mapping[type[BaseException], str] = MappingProxyType(
    {
        ssh_exception.BadHostKeyException: "ask the partner, over another way, whether its host key changed",
        ssh_exception.AuthenticationException: "check user name, key and password with the partner",
        ssh_exception.IncompatiblePeer: "the server offers only outdated algorithms (SHA-1): ask the partner to update",
        socket.gaierror: "check the host name",
    }
)

# Login failures by time-out or a connection that ended come as AuthenticationException too; they pass.
_PASSING_LOGINS = ("timeout", "eof", "shut down")


def meaning_of(error: BaseException) -> Meaning | None:
    """The entry for this exception's class or its nearest ancestor, corrected by what the exception itself says."""
    if isinstance(error, OSError) and (absent(error) or forbidden(error)):
        return Meaning.CONFIGURATION
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return Meaning.PASSING
    if type(error) is ssh_exception.AuthenticationException and any(
        word in str(error).lower() for word in _PASSING_LOGINS
    ):
        return Meaning.PASSING
    return _entry(MEANINGS, type(error))


def _entry(table: Mapping[type[BaseException], _T], kind: type[BaseException]) -> _T | None:
    return next((table[base] for base in kind.__mro__ if base in table), None)


def absent(error: OSError) -> bool:
    """Whether the server said that there is no such file."""
    return error.errno == errno.ENOENT


def forbidden(error: OSError) -> bool:
    """Whether the server said that we may not."""
    return error.errno == errno.EACCES


def translate(error: Exception, *, moving: bool, where: str) -> HubError | None:
    """The hub error for an exception; None when the table does not know it (a mistake of ours)."""
    meaning = meaning_of(error)
    if meaning is None:
        return None
    text = _words(error)
    if meaning is Meaning.CONFIGURATION:
        hint = _entry(_HINTS, type(error)) or "check the folders and our permissions there"
        return ConfigurationError(text, hint=hint, where=where)
    if moving:
        return OutcomeUnknown(f"it may have arrived ({text})", hint="look before sending again", where=where)
    return TransientError(text, hint="it is tried again later", where=where)


def _words(error: Exception) -> str:
    if isinstance(error, ssh_exception.BadHostKeyException):
        return f"the server shows another host key ({error.key.get_name()} {error.key.fingerprint})"
    return f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def guard(where: str, *, moving: bool = False) -> Iterator[None]:
    """Turn whatever paramiko raises inside into the hub error it means; `moving` when a rename was asked for."""
    try:
        yield
    except HubError:
        raise
    except ANY as error:
        meant = translate(error, moving=moving, where=where)
        if meant is None:
            raise
        raise meant from error
