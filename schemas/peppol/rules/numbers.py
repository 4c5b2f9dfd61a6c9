"""Numbers of organisations with a check digit or a fixed form, as Peppol's rules on identifiers judge them.

Sources: GS1 (GLN), Brønnøysund (mod 11), Belgian KBO (mod 97), Skatteverket (Luhn), Australian ABN (mod 89), Italian
Agenzia delle Entrate and IPA, KVK and OIN. What Peppol asks loosely is as loose here: a GLN of any length passes.
"""

from __future__ import annotations

import re

from hub.model.identity import is_orgnr

_ABN_WEIGHTS = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
_INTEGER = re.compile(r"[ \t\r\n]*[+-]?[0-9]+[ \t\r\n]*")
_ITALIAN_PERSON = 16
_ITALIAN_COMPANY = 11


def is_gln(text: str) -> bool:
    """A GLN with the right check digit (weights 3 and 1 from the right)."""
    if not re.fullmatch(r"[0-9]+", text):
        return False
    weighted = sum(int(char) * (3 if index % 2 == 0 else 1) for index, char in enumerate(reversed(text[:-1])))
    return -weighted % 10 == int(text[-1])


def is_norwegian(text: str) -> bool:
    """A Norwegian organisation number: nine digits, mod 11, not nothing but zeros."""
    return is_orgnr(text) and text != "000000000"


def is_mva(text: str) -> bool:
    """A Norwegian VAT number: NO, an organisation number and MVA, without blanks."""
    return text.startswith("NO") and text.endswith("MVA") and is_norwegian(text[2:-3])


def is_belgian(text: str) -> bool:
    """A Belgian enterprise number: ten digits, mod 97."""
    return re.fullmatch(r"[0-9]{10}", text) is not None and 97 - int(text[:8]) % 97 == int(text[8:])


def is_danish(text: str) -> bool:
    """A Danish CVR number: eight digits, DK before them or not."""
    return re.fullmatch(r"(DK)?[0-9]{8}", text) is not None


def is_danish_unit(text: str) -> bool:
    """A Danish production unit (P) number: ten digits."""
    return re.fullmatch(r"[0-9]{10}", text) is not None


def is_danish_tax(text: str) -> bool:
    """A Danish SE number: DK and eight digits."""
    return re.fullmatch(r"DK[0-9]{8}", text) is not None


def is_swedish(text: str) -> bool:
    """A Swedish organisation number: ten digits, Luhn."""
    if not re.fullmatch(r"[0-9]{10}", text):
        return False
    doubled = [int(char) * (2 if index % 2 == 0 else 1) for index, char in enumerate(text[:9])]
    return -sum(value // 10 + value % 10 for value in doubled) % 10 == int(text[9])


def is_australian(text: str) -> bool:
    """An Australian business number: eleven digits, mod 89."""
    if not re.fullmatch(r"[0-9]{11}", text):
        return False
    values = [int(text[0]) - 1, *(int(char) for char in text[1:])]
    return sum(value * weight for value, weight in zip(values, _ABN_WEIGHTS, strict=True)) % 89 == 0


def is_kvk(text: str) -> bool:
    """A number of the Dutch chamber of commerce: eight digits."""
    return re.fullmatch(r"[0-9]{8}", text) is not None


def is_kvk_branch(text: str) -> bool:
    """A Dutch establishment number: twelve digits."""
    return re.fullmatch(r"[0-9]{12}", text) is not None


def is_oin(text: str) -> bool:
    """A Dutch organisation identification number: twenty digits."""
    return re.fullmatch(r"[0-9]{20}", text) is not None


def is_dutch_vat(text: str) -> bool:
    """A Dutch VAT number in form: NL, nine digits, B, two digits."""
    return re.fullmatch(r"NL[0-9]{9}B[0-9]{2}", text) is not None


def is_ipa(text: str) -> bool:
    """An Italian IPA code of an office: six letters or digits."""
    return re.fullmatch(r"[A-Za-z0-9]{6}", text) is not None


def is_codice_fiscale(text: str) -> bool:
    """An Italian tax code in form: sixteen characters for people, an integer of eleven for companies."""
    if len(text) == _ITALIAN_COMPANY:
        return _INTEGER.fullmatch(text) is not None
    if len(text) != _ITALIAN_PERSON:
        return False
    letters = text[:6] + text[8] + text[15]
    numbers = (text[6:8], text[9:11], text[14])
    return re.fullmatch(r"[A-Za-z]+", letters) is not None and all(_INTEGER.fullmatch(one) for one in numbers)


def is_partita_iva(text: str) -> bool:
    """An Italian VAT number: IT and eleven digits with Luhn; one of another country is not judged."""
    if text[:2] not in ("IT", "it"):
        return True
    digits = text[2:]
    if not re.fullmatch(r"[0-9]{11}", digits):
        return False
    doubled = (int(char) * (1 if index % 2 == 0 else 2) for index, char in enumerate(digits))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
