"""SSH keys from settings: the partner's pinned host keys (OpenSSH's public key lines) and our own private key."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paramiko
from paramiko.pkey import UnknownKeyType

from hub.errors import ConfigurationError

_KINDS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


def host_keys(text: str) -> tuple[paramiko.PKey, ...]:
    """The pinned keys: one `TYPE BASE64 [comment]` a line; several while a partner changes its key."""
    return tuple(_host_key(line) for line in text.splitlines() if line.strip())


def _host_key(line: str) -> paramiko.PKey:
    try:
        kind, blob, *_ = line.split()
        return paramiko.PKey.from_type_string(kind, base64.b64decode(blob, validate=True))
    except (ValueError, binascii.Error, paramiko.SSHException, UnknownKeyType) as error:
        raise ConfigurationError(
            "the host_key is not a public key line", hint="such as: ssh-ed25519 AAAAC3..., from ssh-keyscan"
        ) from error


def private_key(settings: Mapping[str, str]) -> paramiko.PKey | None:
    """Our key from `private_key` (its text) or `private_key_file`; None when neither is set."""
    text = settings.get("private_key", "") or _text(settings.get("private_key_file", ""))
    if not text:
        return None
    passphrase = settings.get("passphrase") or None
    for kind in _KINDS:
        try:
            return kind.from_private_key(io.StringIO(text), passphrase)
        except paramiko.PasswordRequiredException as error:
            raise ConfigurationError("the private key needs a passphrase", hint="fill passphrase") from error
        except (paramiko.SSHException, ValueError):
            continue
    raise ConfigurationError(
        "the private key cannot be read", hint="an OpenSSH key of type Ed25519, ECDSA or RSA, and its passphrase"
    )


def _text(name: str) -> str:
    if not name:
        return ""
    try:
        return Path(name).expanduser().read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the private key file cannot be read: {name}", hint="check its path") from error


class PinnedPolicy(paramiko.MissingHostKeyPolicy):
    """Rejects every host key but the pinned ones; there is no known_hosts file beside them."""

    def __init__(self, pinned: tuple[paramiko.PKey, ...]) -> None:
        self._pinned = pinned

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        """Raise unless the key is pinned."""
        if key not in self._pinned:
            raise paramiko.BadHostKeyException(hostname, key, self._pinned[0])


def transport_for(pinned: tuple[paramiko.PKey, ...]) -> Any:  # noqa: ANN401 -- paramiko names no type for a factory
    """A transport that asks the server for keys of the pinned types only: it may have others, which prove nothing."""

    def make(*args: Any, **settings: Any) -> paramiko.Transport:
        transport = paramiko.Transport(*args, **settings)
        names = [name for key in pinned for name in _SIGNATURES.get(key.get_name(), (key.get_name(),))]
        transport.get_security_options().key_types = tuple(dict.fromkeys(names))
        return transport

    return make
