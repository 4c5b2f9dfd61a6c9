"""AES-256-GCM sealing and HMAC-SHA256 indexes.

A sealed value is one version byte, a 12-byte nonce, and ciphertext with tag. The associated data names what the value
is (table, tenant, row), so that a ciphertext moved to another row does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ConfigurationError

_VERSION = b"\x01"
KEY_BYTES = 32
_NONCE_BYTES = 12


def new_key() -> bytes:
    """A fresh random 256-bit key."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes, about: str) -> bytes:
    """Encrypt `plain`; `about` is bound to it and must be given again to open."""
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def unseal(key: bytes, sealed: bytes, about: str) -> bytes:
    """Decrypt; ConfigurationError when the key, the bytes or what they are about do not fit."""
    if sealed[:1] != _VERSION:
        raise ConfigurationError("stored value has an unknown encryption version", where=about)
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, about.encode())
    except InvalidTag:
        raise ConfigurationError(
            "stored value does not open with this key",
            hint="check that KVITT_KEYS belongs to this hub and that the value was not moved",
            where=about,
        ) from None


def derive(master: bytes, purpose: str) -> bytes:
    """A key for one purpose from the master key (HMAC-SHA256 as a one-block KDF)."""
    return hmac.new(master, purpose.encode(), hashlib.sha256).digest()


def index(key: bytes, kind: str, value: str) -> str:
    """A keyed blind index (32 hex characters) of a personal identifier, for equality search only."""
    return hmac.new(key, f"{kind}\x00{value}".encode(), hashlib.sha256).hexdigest()[:32]


def address(key: bytes, content: bytes) -> str:
    """The address of some bytes within one tenant: keyed, so equal content does not show across tenants."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()
