"""Letters a bank takes: the SEPA Latin set for euro, with Nordic letters elsewhere.

Source: the character set of the SEPA implementation guidelines (EPC): a to z, A to Z, digits, / - ? : ( ) . , ' + and
blank.
"""

from __future__ import annotations

import re
import unicodedata

_APART = str.maketrans(
    {"Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "ß": "ss", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "&": "+", "_": "-"}
)
_NORDIC = "æøåÆØÅäöÄÖ"
_STRANGE = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_STRANGE_NORDIC = re.compile(rf"[^A-Za-z0-9/\-?:().,'+ {_NORDIC}]")


def sepa(text: str, longest: int) -> str:
    """The text in the SEPA Latin set: accents fall off, what has no letter becomes a dot."""
    apart = unicodedata.normalize("NFKD", text.translate(_APART))
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _fitted(_STRANGE.sub(".", bare), longest)


def nordic(text: str, longest: int) -> str:
    """The text with Nordic letters kept, as banks in Norway take them."""
    letters = (
        letter if letter in _NORDIC else sepa(letter, 4) or letter for letter in unicodedata.normalize("NFC", text)
    )
    return _fitted(_STRANGE_NORDIC.sub(".", "".join(letters)), longest)


def _fitted(text: str, longest: int) -> str:
    """Neither a slash at an end nor two of them together, which banks read as an instruction."""
    return re.sub(r"/{2,}", "/", text).strip(" /")[:longest].strip(" /")
