"""Passwords: argon2id with OWASP's parameters, and what may be one.

NIST SP 800-63B asks for length and against common ones, and for no rules about signs.
Checking against nobody's hash costs what a real check costs, so that a login that does not exist is not told by time.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.security.common_passwords import COMMON

SHORTEST, LONGEST = 12, 256
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """The hash to store, with its own salt and parameters."""
    return _HASHER.hash(_same_form(password))


def fits(stored: str, password: str) -> bool:
    """Whether this is the password; an empty `stored` costs the same time and never fits."""
    if len(password) > LONGEST * 4:
        stored, password = "", ""
    try:
        return _HASHER.verify(stored or _nobodys(), _same_form(password)) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def wrong_with(password: str, login: str) -> str:
    """Why this may not be a password, as a code of the texts; empty when it may."""
    if len(password) < SHORTEST:
        return "PASSWORD_SHORT"
    if len(password) > LONGEST:
        return "PASSWORD_LONG"
    plain = _plain(password)
    if _is_login(plain, login):
        return "PASSWORD_LOGIN"
    return "PASSWORD_COMMON" if _is_common(plain) else ""


def _is_login(plain: str, login: str) -> bool:
    """The login, or its part before the @, with nothing but signs and digits around it."""
    parts = {_plain(login), _plain(login.partition("@")[0])}
    return plain in parts or any(len(part) >= 3 and _letters(plain) == _letters(part) for part in parts if part)


def _is_common(plain: str) -> bool:
    """One of the words everybody tries, also with digits behind it or written twice, or a run of few signs."""
    if len(set(plain)) < 5 or plain in COMMON or _is_run(plain):
        return True
    half, odd = divmod(len(plain), 2)
    core = plain.strip("0123456789")
    return core in COMMON or (not odd and plain[:half] == plain[half:] and plain[:half] in COMMON)


def _is_run(plain: str) -> bool:
    """Signs that all follow one another, up or down: abcdef..., 987654..."""
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    if plain.isdigit():  # 9 is followed by 0
        steps = {step % 10 if step % 10 < 9 else -1 for step in steps}
    return len(steps) == 1 and abs(steps.pop()) <= 1


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def _letters(plain: str) -> str:
    return plain.strip("0123456789")


def _same_form(password: str) -> str:
    """The same sign typed on two keyboards is the same password (NIST: NFKC)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password, to spend the same time on")
