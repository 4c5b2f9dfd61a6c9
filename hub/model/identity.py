"""Identifiers of people, organisations and payments, with their check digits.

Every `is_*` answers for the canonical form (digits only); `digits` makes that form. Sources: BSN 11-proef weights
9..2,-1 (Vektis STB); organisasjonsnummer and fødselsnummer mod 11 (Skatteetaten); synthetic fødselsnummer carry
month + 80 (Skatteetaten's test register; convention, not re-confirmed); KID MOD10 and MOD11 with "-" (Nets OCR giro);
RF by ISO 11649; betalingskenmerk by the Betaalvereniging (mod 11, weights 2 4 8 5 10 9 7 3 6 1 from the right).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

_FNR_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_FNR_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORG = (3, 2, 7, 6, 5, 4, 3, 2)
_KONTO = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
KID_LONGEST = 25
_KENMERK = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)


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


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_TWO = tuple(_DOUBLED[tens] + units for tens in range(10) for units in range(10))
_FOUR = bytes(high + low for high in _TWO for low in _TWO)
"""Weighted digit sums of four digits at a time: a bank file has a hundred thousand references to check."""
_TO_TEN = "0987654321"
"""What brings a sum to the next ten, by its last digit."""


def _luhn_sum(number: int) -> int:
    """The weighted digit sum of a number with its check digit; it ends in 0 where the digit is right."""
    total = _FOUR[number % 10_000]
    while number > 9_999:
        number //= 10_000
        total += _FOUR[number % 10_000]
    return total


def luhn_digit(body: str) -> str:
    """The MOD10 check digit of a digit string (weights 2,1 from the right, digit sums)."""
    return _TO_TEN[_luhn_sum(int(body + "0")) % 10]


def mod11_digit(body: str) -> str:
    """The MOD11 check character of a digit string (weights 2..7 from the right); rest 1 gives "-"."""
    total = sum(int(char) * (2 + index % 6) for index, char in enumerate(reversed(body)))
    check = -total % 11
    return "-" if check == 10 else str(check)


def is_kid(text: str) -> bool:
    """A KID of 2..25 characters whose last one is right by MOD10 or MOD11."""
    if not 2 <= len(text) <= KID_LONGEST or not text.isascii():
        return False
    if text.isdigit() and _luhn_sum(int(text)) % 10 == 0:
        return True
    body = text[:-1]
    return body.isdigit() and text[-1] == mod11_digit(body)


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


def is_rf(text: str) -> bool:
    """A creditor reference (ISO 11649) in its compact form: RF, two check digits (mod 97-10), 1..21 characters."""
    if not 5 <= len(text) <= 25 or not (text.isascii() and text.isalnum() and text.isupper()):
        return False
    return text[:2] == "RF" and text[2:4].isdigit() and _mod97(text[4:] + text[:4]) == 1


def make_rf(reference: str) -> str:
    """A creditor reference over 1..21 capitals and digits; ValueError for anything else."""
    if (
        not 1 <= len(reference) <= 21
        or not (reference.isascii() and reference.isalnum())
        or reference.upper() != reference
    ):
        message = f"no RF reference over {reference[:30]!r}: 1 to 21 capitals and digits"
        raise ValueError(message)
    return f"RF{98 - _mod97(reference + 'RF00'):02}{reference}"


def _mod97(text: str) -> int:
    return int("".join(str(int(char, 36)) for char in text)) % 97


def kenmerk_digit(body: str) -> str:
    """The check digit of a Dutch betalingskenmerk over what follows it, a length code included."""
    total = sum(int(char) * _KENMERK[at % 10] for at, char in enumerate(reversed(body)))
    return str((0, 1, *range(9, 1, -1), 1)[total % 11])


def is_kenmerk(text: str) -> bool:
    """A Dutch betalingskenmerk of 16 digits, or of 9 to 14 with its length code; seven digits carry no check digit."""
    if not (text.isascii() and text.isdigit()) or not (len(text) == 16 or 9 <= len(text) <= 14):
        return len(text) == 7 and text.isascii() and text.isdigit()
    if len(text) != 16 and int(text[1]) != (len(text) - 2) % 10:
        return False
    return text[0] == kenmerk_digit(text[1:])


def make_kenmerk(number: str, *, length: int = 16) -> str:
    """A betalingskenmerk of `length` (16, or 9 to 14) over a number, zero-filled; ValueError when it does not fit."""
    room = 15 if length == 16 else length - 2
    if not (number.isascii() and number.isdigit()) or len(number) > room or not (length == 16 or 9 <= length <= 14):
        message = f"no betalingskenmerk of length {length} over {number[:30]!r}"
        raise ValueError(message)
    body = number.rjust(room, "0") if length == 16 else f"{room % 10}{number.rjust(room, '0')}"
    return kenmerk_digit(body) + body


def mask(text: str, *, shown: int = 4) -> str:
    """Hide a personal identifier but for its last characters (BSN: the first five are hidden)."""
    hidden = len(text) - shown if len(text) > shown else len(text)
    return "*" * hidden + text[hidden:]
