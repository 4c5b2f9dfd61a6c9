"""The second factor: six digits from a device, new every half minute (RFC 6238), each good once."""

from __future__ import annotations

import hmac
from datetime import datetime

from pyotp import random_base32
from pyotp.totp import TOTP

STEP_S = 30
_EITHER_WAY = 1
"""So many steps a device's clock may be off."""


def new_secret() -> str:
    """A fresh 160-bit secret, as devices want it typed."""
    return random_base32()


def address(secret: str, login: str, issuer: str) -> str:
    """The `otpauth:` address a device reads from a picture."""
    return TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The time step a code belongs to; None for a wrong one, and for one that is not newer than step `after`."""
    given = "".join(code.split())
    if len(given) != 6 or not (given.isascii() and given.isdigit()):
        return None
    device, now = TOTP(secret), int(at.timestamp()) // STEP_S
    found = [step for step in range(now - _EITHER_WAY, now + _EITHER_WAY + 1) if _same(device, step, given)]
    return max((step for step in found if step > after), default=None)


def _same(device: TOTP, step: int, given: str) -> bool:
    return hmac.compare_digest(device.generate_otp(step), given)
