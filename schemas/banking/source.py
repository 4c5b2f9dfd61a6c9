"""Bank files as bytes: open, cap and cut into numbered lines; encodings are decided line by line.

OCR giro is ISO-8859-1 by its manual and MT940 is ASCII by SWIFT, but both arrive as UTF-8 too: a line that is valid
UTF-8 is read as such, unless it is a whole OCR record. XML says its own encoding and is not read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from hub.errors import FormatError

LARGEST_FILE = 512 * 1024 * 1024
"""No bank sends more; 100 000 transactions are about 55 MB of camt.054."""
LONGEST_LINE = 64 * 1024
"""Records have 80 characters; some banks write a whole `:86:` on one line."""
_PIECE = 256 * 1024
RECORD = 80
"""Bytes of an OCR giro record."""
LONGEST_TEXT = 4000
"""Characters of one text we keep; ISO 20022 allows 140 per remittance line and 500 of further information."""

Line = tuple[int, str]
"""A 1-based line number and the line without its end."""
Page = tuple[int, str]
"""The 1-based number of its first line, and whole lines, a line feed after each."""


def open_source(source: bytes | Path) -> BinaryIO:
    """The source as a binary stream to be closed by the caller; FormatError when it is beyond any bank's size."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > LARGEST_FILE:
        raise FormatError(
            f"the file has {size} bytes, more than the {LARGEST_FILE} a bank file may have",
            where="byte 1",
            hint="ask the bank for smaller files",
        )
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Numbered lines without line ends, blank ones left out; FormatError at a line no bank writes."""
    return chain.from_iterable(_numbered(page) for page in pages(stream))


def _numbered(page: Page) -> Iterator[Line]:
    """The numbered lines of a page; where none of them is blank, nothing is asked of a single one."""
    number, text = page
    texts = text.split("\n")[:-1]
    numbered = enumerate(texts, number)
    blank = not all(texts) or any(map(str.isspace, texts))
    return (line for line in numbered if line[1] and not line[1].isspace()) if blank else numbered


def pages(stream: BinaryIO) -> Iterator[Page]:
    """The file as text, a few thousand whole lines at a time; FormatError at a line no bank writes."""
    number, rest = 1, b""
    while data := stream.read(_PIECE):
        whole, found, rest = (rest + data).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise _too_long(number + (whole.count(b"\n") + 1 if found else 0))
        if found:
            page = _page(number, whole)
            number += page[1].count("\n")
            yield page
    if rest:
        yield _page(number, rest)


def _page(number: int, whole: bytes) -> Page:
    text = _text(whole)
    if (long := _longer(text)) is not None:
        raise _too_long(number + text.count("\n", 0, long))
    return number, text.removeprefix("\ufeff") if number == 1 else text


def _longer(text: str) -> int | None:
    """Where a line begins that is longer than any bank's, found without looking at each of them."""
    at = 0
    while len(text) - at > LONGEST_LINE:
        end = text.rfind("\n", at, at + LONGEST_LINE + 1)
        if end < 0:
            return at
        at = end + 1
    return None


def _text(whole: bytes) -> str:
    """Lines with a line feed after each: what is ASCII is decoded as a whole."""
    raw = whole.replace(b"\r\n", b"\n").removesuffix(b"\r")
    text = raw.decode("ascii") if raw.isascii() else "\n".join(decoded(line) for line in raw.split(b"\n"))
    if b"\r" in raw or b"\x1a" in raw:
        text = "\n".join(line.rstrip("\r\x1a") for line in text.split("\n"))
    return text + "\n"


def _too_long(number: int) -> FormatError:
    return FormatError(
        f"a line is longer than {LONGEST_LINE} bytes",
        where=f"line {number}",
        hint="the file is damaged or is no bank file: ask the bank to send it again",
    )


def decoded(raw: bytes) -> str:
    """Text of bytes that are UTF-8 or, failing that, ISO-8859-1 (which never fails).

    An OCR giro record of 80 bytes is ISO-8859-1 whatever its bytes look like: as UTF-8 its positions would shift.
    """
    if raw.startswith(b"NY") and len(raw.rstrip(b"\r\n")) == RECORD:
        return raw.decode("iso-8859-1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")


def joined(parts: list[str], width: int) -> str:
    """Lines put together again: a full line was cut by the bank in mid-word, a shorter one ended on purpose."""
    text = ""
    for part in parts:
        text += part if len(part) >= width else part + " "
    return text.strip()
