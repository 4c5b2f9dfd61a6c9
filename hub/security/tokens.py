"""Secrets that open something: made here, shown once, stored as a hash.

The secret of a mailed link is derived from the key store and the link's id, so that it stands in no table: a notice
waits with a placeholder and gets its link when it is mailed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode

from hub.security.keys import KeyStore

_PLACEHOLDER = re.compile(r"\[\[link:([0-9a-f-]{36})\]\]")
_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
"""No digits: a link must not hold what reads as somebody's number; no letters that look alike."""
_LINK_LENGTH = 32


def new_secret() -> str:
    """256 random bits, fit for a cookie."""
    return secrets.token_urlsafe(32)


def spoken(length: int = 20) -> str:
    """A random password of letters that can be read out; 20 of them are over 110 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def digest(secret: str) -> str:
    """What is stored of a secret with full entropy."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_secret(secret: str) -> str:
    """What a page's forms carry: derived from the session's secret, and of no use to get back at it."""
    return hashlib.sha256(b"form\x00" + secret.encode()).hexdigest()


def link_secret(keys: KeyStore, tenant: str, link_id: str) -> str:
    """The secret of a link."""
    raw = hmac.new(keys.derived(f"link:{tenant}"), link_id.encode(), hashlib.sha512).digest()
    number = int.from_bytes(raw, "big")
    signs: list[str] = []
    while len(signs) < _LINK_LENGTH:
        number, place = divmod(number, len(_LETTERS))
        signs.append(_LETTERS[place])
    return "".join(signs)


def placeholder(link_id: str) -> str:
    """Stands in a stored notice where the link's secret goes."""
    return f"[[link:{link_id}]]"


def filled(keys: KeyStore, tenant: str, body: str) -> str:
    """A notice as it is mailed: with `TENANT.SECRET` in the places of its links."""
    return _PLACEHOLDER.sub(lambda found: f"{tenant}.{link_secret(keys, tenant, found[1])}", body)


def device_mark(keys: KeyStore, login: str, mark: str = "") -> str:
    """What a browser keeps after a login that worked: a name for it, and the proof that it is ours for this login."""
    name = mark or secrets.token_urlsafe(12)
    proof = hmac.new(keys.derived("device"), f"{login}\x00{name}".encode(), hashlib.sha256).digest()
    return f"{name}.{urlsafe_b64encode(proof).decode().rstrip('=')}"


def is_device_mark(keys: KeyStore, login: str, mark: str) -> bool:
    """Whether a browser was told so by us, for this login."""
    name, dot, _ = mark.partition(".")
    return bool(dot and name) and hmac.compare_digest(device_mark(keys, login, name).encode(), mark.encode())


def throttle_key(keys: KeyStore, *parts: str) -> str:
    """What an attempt is counted under: nobody reads from it who tried, or from where."""
    return hmac.new(keys.derived("throttle"), "\x00".join(parts).encode(), hashlib.sha256).hexdigest()
