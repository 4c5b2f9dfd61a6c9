"""Identifiers of people, organisations and payments, with their check digits.

Every `is_*` answers for the canonical form (digits only); `digits` makes that form. Sources: BSN 11-proef weights
9..2,-1 (Vektis STB); organisasjonsnummer and fødselsnummer mod 11 (Skatteetaten); synthetic fødselsnummer carry
month + 80 (Skatteetaten's test register; convention, not re-confirmed); KID MOD10 and MOD11 with "-" (Nets OCR giro).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

_FNR_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_FNR_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORG = (3, 2, 7, 6, 5, 4, 3, 2)
_KONTO = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
KID_LONGEST = 25


def digits(text: str) -> str:
    """Drop blanks, dots and dashes people write between digits."""
    return "".join(char for char in text if char not in " .-\u00a0\t")


def _weighted(text: str, weights: tuple[int, ...]) -> int:
    return sum(int(char) * weight for char, weight in zip(text, weights, strict=False))


def _numeric(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def is_bsn(text: str) -> bool:
    """Nine digits that pass the 11-proef; 999999999 means "no BSN" and is not one."""
    if not _numeric(text, 9) or text in ("000000000", "999999999"):
        return False
    return _weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_test_bsn(text: str) -> bool:
    """A BSN of the range used for tests (9999xxxxx); refused in production."""
    return is_bsn(text) and text.startswith("9999")


def is_orgnr(text: str) -> bool:
    """A Norwegian organisation number: nine digits with mod 11."""
    if not _numeric(text, 9):
        return False
    check = -_weighted(text, _ORG) % 11
    return check == int(text[8])


def is_bban(text: str) -> bool:
    """A Norwegian account number: eleven digits with mod 11."""
    if not _numeric(text, 11):
        return False
    check = -_weighted(text, _KONTO) % 11
    return check == int(text[10])


def is_iban(text: str) -> bool:
    """An IBAN with the right check digits (ISO 13616, mod 97)."""
    compact = digits(text).upper()
    if not (15 <= len(compact) <= 34) or not compact.isalnum() or not compact.isascii():
        return False
    if not compact[:2].isalpha() or not compact[2:4].isdigit():
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def is_agb(text: str) -> bool:
    """An AGB code: eight digits, sort (2) and number (6) both not zero."""
    return _numeric(text, 8) and text[:2] != "00" and text[2:] != "000000"


def is_uzovi(text: str) -> bool:
    """A UZOVI number in form: four digits. Whether the register knows it is another question."""
    return _numeric(text, 4)


def is_fnr(text: str, *, allow_synthetic: bool = False) -> bool:
    """A fødselsnummer or D-number with both check digits; synthetic ones only where allowed."""
    if not _numeric(text, 11):
        return False
    first = -_weighted(text, _FNR_FIRST) % 11
    second = -_weighted(text, _FNR_SECOND) % 11
    if (first, second) != (int(text[9]), int(text[10])):
        return False
    day, month = int(text[:2]), int(text[2:4])
    if 40 < day <= 71:  # a D-number; above that it is a help number (FH-nummer) without a birth date
        day -= 40
    if month > 80:
        month = month - 80 if allow_synthetic else 0
    elif month > 40:
        month = month - 40 if allow_synthetic else 0
    return _a_day(day, month)


def is_synthetic_fnr(text: str) -> bool:
    """A synthetic fødselsnummer (month + 40 or + 80); refused in production."""
    return is_fnr(text, allow_synthetic=True) and not is_fnr(text)


def _a_day(day: int, month: int) -> bool:
    try:
        date(2000, month, day)
    except ValueError:
        return False
    return True


def luhn_digit(body: str) -> str:
    """The MOD10 check digit of a digit string (weights 2,1 from the right, digit sums)."""
    total = 0
    for index, char in enumerate(reversed(body)):
        value = int(char) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def mod11_digit(body: str) -> str:
    """The MOD11 check character of a digit string (weights 2..7 from the right); rest 1 gives "-"."""
    total = sum(int(char) * (2 + index % 6) for index, char in enumerate(reversed(body)))
    check = -total % 11
    return "-" if check == 10 else str(check)


def is_kid(text: str) -> bool:
    """A KID of 2..25 characters whose last one is right by MOD10 or MOD11."""
    body = text[:-1]
    if not 2 <= len(text) <= KID_LONGEST or not (body.isascii() and body.isdigit()):
        return False
    return text[-1] == luhn_digit(body) or text[-1] == mod11_digit(body)


def make_kid(number: str, *, length: int = 0, method: str = "MOD10") -> str:
    """A KID over a number, zero-filled to `length` digits in all; ValueError when it does not fit."""
    if method not in _KID_METHODS:
        message = f"no KID method {method[:20]!r}: MOD10 or MOD11"
        raise ValueError(message)
    body = number.rjust(length - 1, "0")
    if not (number.isascii() and number.isdigit()) or len(body) >= KID_LONGEST or (length and len(body) >= length):
        message = f"no KID of length {length} over {number[:30]!r}"
        raise ValueError(message)
    return body + _KID_METHODS[method](body)


_KID_METHODS: Mapping[str, Callable[[str], str]] = {"MOD10": luhn_digit, "MOD11": mod11_digit}


def mask(text: str, *, shown: int = 4) -> str:
    """Hide a personal identifier but for its last characters (BSN: the first five are hidden)."""
    hidden = len(text) - shown if len(text) > shown else len(text)
    return "*" * hidden + text[hidden:]
