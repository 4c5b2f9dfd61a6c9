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
    return chain.from_iterable(_numbered(stream))


def _numbered(stream: BinaryIO) -> Iterator[Iterator[Line]]:
    """The numbered lines a piece at a time; where none of them is blank, nothing is asked of a single one."""
    number = 1
    for texts in _pieces(stream):
        if max(map(len, texts)) > LONGEST_LINE:
            raise _too_long(next(at for at, text in enumerate(texts, number) if len(text) > LONGEST_LINE))
        if number == 1:
            texts[0] = texts[0].removeprefix("\ufeff")
        numbered = enumerate(texts, number)
        blank = not all(texts) or any(map(str.isspace, texts))
        yield (line for line in numbered if line[1] and not line[1].isspace()) if blank else numbered
        number += len(texts)


def _pieces(stream: BinaryIO) -> Iterator[list[str]]:
    """The lines of the stream a piece at a time: what is ASCII is decoded as a whole."""
    number, rest = 1, b""
    while data := stream.read(_PIECE):
        whole, found, rest = (rest + data).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise _too_long(number + (whole.count(b"\n") + 1 if found else 0))
        if found:
            texts = _texts(whole)
            number += len(texts)
            yield texts
    if rest:
        yield _texts(rest)


def _texts(whole: bytes) -> list[str]:
    raw = whole.replace(b"\r\n", b"\n").removesuffix(b"\r")
    texts = raw.decode("ascii").split("\n") if raw.isascii() else [decoded(line) for line in raw.split(b"\n")]
    if b"\r" in raw or b"\x1a" in raw:
        return [text.rstrip("\r\x1a") for text in texts]
    return texts


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
