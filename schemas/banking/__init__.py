"""Bank files in one shape: OCR giro, camt.053, camt.054 and MT940 become statements of bookings.

Sources: Nets OCR giro system specification; ISO 20022 camt.053/054.001.02 to .08; SWIFT MT940 with Dutch banks' habits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hub.errors import FormatError
from hub.model.payment import Statement
from schemas.banking import camt, mt940, ocr
from schemas.banking.source import decoded, lines, open_source, pages

_HEAD = 64 * 1024
_OCR = re.compile(r"NY\d{6}")
_CAMT = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[34]\.001\.\d{2})")
_MT940 = re.compile(r"^:20:.*?^:(?:25|28C?|60[FM]):", re.MULTILINE | re.DOTALL)


def recognise(data: bytes) -> str | None:
    """The format these bytes begin with (`ocr-giro`, `camt.054.001.02`, `mt940`), None when it is none of ours."""
    head = _head(data)
    if _OCR.match(head):
        return ocr.NAME
    if head.startswith("<"):
        found = _CAMT.search(head)
        return found[1] if found else None
    return mt940.NAME if _MT940.search(head) else None


def _head(data: bytes) -> str:
    raw = data[:_HEAD]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace").lstrip("\ufeff \t\r\n")
    return decoded(raw).lstrip("\ufeff \t\r\n")


def read(source: bytes | Path) -> Iterator[Statement]:
    """The statements of a bank file, one at a time, odd things as findings beside their neighbours.

    FormatError when it is no bank file or breaks off as XML: take nothing from a file before it was read to its end.
    """
    with open_source(source) as stream:
        head = stream.read(_HEAD)
        stream.seek(0)
        name = recognise(head)
        if name is None:
            raise FormatError(
                "this is no bank file we can read",
                where="byte 1",
                hint="OCR giro, camt.053, camt.054 and MT940 are read",
            )
        if name == ocr.NAME:
            yield from ocr.read(pages(stream))
        elif name == mt940.NAME:
            yield from mt940.read(lines(stream))
        elif "<!DOCTYPE" in _head(head):
            raise FormatError(
                "a document type declaration is not allowed",
                where="line 1",
                hint="no bank sends one: find out where this file comes from",
            )
        else:
            yield from camt.read(stream, name)
