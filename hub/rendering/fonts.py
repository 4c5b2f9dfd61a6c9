"""The letters of the PDF: Noto Sans, and FiraGO for the few it lacks (both SIL OFL, from the package pymupdf-fonts).

A PDF places glyphs itself, so only scripts that need no shaping are set: Latin, Greek, Cyrillic, Georgian, symbols.
Anything else becomes a visible replacement, counted and said on the last page; the HTML and the XML have it as it is.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Any

import pymupdf_fonts
from fontTools.ttLib import TTFont

REPLACEMENT = "\ufffd"
REGULAR, BOLD, OTHER = "notos", "notosbo", "figo"
"""The faces by the names of the package; `OTHER` helps both weights out."""
_UNSHAPED = (
    (0x0020, 0x058F),  # Latin, phonetic, combining, Greek, Cyrillic, Armenian
    (0x10A0, 0x10FF),  # Georgian
    (0x1C80, 0x1CBF),  # Cyrillic and Georgian, extended
    (0x1D00, 0x2BFF),  # Latin and Greek, extended; punctuation, currency, arrows, mathematics, shapes
    (0x2C60, 0x2C7F),
    (0x2DE0, 0x2E7F),
    (0xA640, 0xA69F),
    (0xA700, 0xA7FF),
    (0xAB30, 0xAB6F),
    (0xFB00, 0xFB06),
    (0xFFFD, 0xFFFD),
)
_SAME = {0x202F: "\u00a0", 0x2011: "-", 0x00AD: "", 0x200B: "", 0x2060: "", 0xFEFF: "", 0x0009: " "}
"""Spaces and hyphens that look like another one, and marks that show nothing."""
_HIDDEN = frozenset(range(0x200C, 0x2010)) | frozenset(range(0x202A, 0x202F)) | frozenset(range(0x2061, 0x2070))


def data(face: str) -> bytes:
    """A face as the package holds it."""
    loaded: bytes = pymupdf_fonts.fontbuffers[face]()
    return loaded


@cache
def _advances(face: str) -> Mapping[int, float]:
    """Character to its width as a part of the type size, for what may be set unshaped."""
    font: Any = TTFont(io.BytesIO(data(face)), lazy=True)  # its tables have no types of their own
    scale: int = font["head"].unitsPerEm
    widths = font["hmtx"].metrics
    found = {code: widths[glyph][0] / scale for code, glyph in font.getBestCmap().items() if _settable(code)}
    font.close()
    return found


def _settable(code: int) -> bool:
    return code not in _HIDDEN and any(first <= code <= last for first, last in _UNSHAPED)


def shown(text: str) -> str:
    """The text as the PDF can show it: composed, plain spaces, a replacement for each letter no face has."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text).translate(_SAME)
    return "".join(letter if _has(ord(letter)) else REPLACEMENT for letter in composed)


def _has(code: int) -> bool:
    return code in _advances(REGULAR) or code in _advances(OTHER)


def lacking(text: str) -> int:
    """How many letters of a shown text are replacements."""
    return text.count(REPLACEMENT)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a shown text is, in the unit of `size`."""
    own = _advances(BOLD if bold else REGULAR)
    total = 0.0
    for letter in text:
        code = ord(letter)
        advance = own.get(code)
        total += advance if advance is not None else _advances(OTHER)[code]
    return total * size


def runs(text: str, *, bold: bool = False) -> Iterator[tuple[str, str]]:
    """The face and text of each stretch that one face can set."""
    face = BOLD if bold else REGULAR
    own = _advances(face)
    for mine, letters in groupby(text, key=lambda letter: ord(letter) in own):
        yield face if mine else OTHER, "".join(letters)


def wrap(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """The lines a text takes in some room; a word wider than that is broken."""
    found: list[str] = []
    for paragraph in text.splitlines() or [""]:
        found += _wrapped(shown(paragraph), room, size, bold=bold)
    return found


def _wrapped(text: str, room: float, size: float, *, bold: bool) -> list[str]:
    if width(text, size, bold=bold) <= room:
        return [text.strip(" ")]
    found, line, used = [], "", 0.0
    gap = width(" ", size, bold=bold)
    for word in text.split(" "):
        need = width(word, size, bold=bold)
        if line and used + gap + need > room:
            found.append(line)
            line, used = "", 0.0
        if need > room:
            *whole, word = _broken(word, room, size, bold=bold)  # noqa: PLW2901 -- what is left of it goes on
            found += whole
            need = width(word, size, bold=bold)
        line, used = (f"{line} {word}", used + gap + need) if line else (word, need)
    return [*found, line] if line or not found else found


def _broken(word: str, room: float, size: float, *, bold: bool) -> list[str]:
    """A long word in pieces that fit; a single letter always does."""
    pieces, piece, used = [], "", 0.0
    for letter in word:
        need = width(letter, size, bold=bold)
        if piece and used + need > room:
            pieces.append(piece)
            piece, used = "", 0.0
        piece, used = piece + letter, used + need
    return [*pieces, piece]
