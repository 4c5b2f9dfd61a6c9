"""Files that travel inside an invoice (BG-24): how large they are, and which of them may be handed on."""

from __future__ import annotations

import base64
import binascii
import re

from hub.rendering.numbers import size
from hub.rendering.sheet import Column, File, Row, Section, Sheet, Table
from hub.rendering.words import word

MEDIA_TYPES = frozenset(
    {
        "application/pdf",
        "image/png",
        "image/jpeg",
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
"""What Peppol BIS Billing 3.0 allows inside an invoice (rule CL-001); nothing else is passed on as a file."""
MAX_EMBEDDED = 20 * 1024 * 1024
"""Together, files beyond this stay in the electronic document only."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')


def content(file: File) -> bytes | None:
    """The file's bytes; None when there are none or they are no base64."""
    if not file.base64:
        return None
    try:
        return base64.b64decode("".join(file.base64.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def embedded(files: tuple[File, ...]) -> dict[int, bytes]:
    """Which files go into a PDF, by their place: of an allowed type, not empty, together not too large."""
    found: dict[int, bytes] = {}
    room = MAX_EMBEDDED
    for place, file in enumerate(files):
        held = content(file) if file.media_type.lower() in MEDIA_TYPES else None
        if held and len(held) <= room:
            found[place] = held
            room -= len(held)
    return found


def safe_names(files: tuple[File, ...]) -> list[str]:
    """A name for each file that is only a name: no folders, no control characters, none twice."""
    taken: set[str] = set()
    names: list[str] = []
    for place, file in enumerate(files):
        plain = _UNSAFE.sub("_", file.name).strip(". ")[-120:] or f"file-{place + 1}"
        name = plain if plain.lower() not in taken else f"{place + 1}-{plain}"
        taken.add(name.lower())
        names.append(name)
    return names


def section(sheet: Sheet, inside: dict[int, bytes] | None = None) -> Section:
    """The list of files and references; `inside` says, for a PDF, which of them it holds."""
    language = sheet.language
    columns = (
        Column(word("document", language), 0.27),
        Column(word("file", language), 0.43, main=True),
        Column(word("type", language), 0.18),
        Column(word("size", language), 0.12, numeric=True),
    )
    rows = tuple(_row(file, _fate(file, place, inside, language), language) for place, file in enumerate(sheet.files))
    return Section(heading=word("attachments", language), table=Table(columns, rows))


def _row(file: File, fate: str, language: str) -> Row:
    held = content(file)
    large = size(len(held), language) if held is not None else word("unreadable", language) if file.base64 else ""
    details = tuple(part for part in (file.description, file.uri, fate) if part)
    return Row((file.reference, file.name, file.media_type, large), details)


def _fate(file: File, place: int, inside: dict[int, bytes] | None, language: str) -> str:
    if inside is None or not file.base64:
        return ""
    return word("embedded" if place in inside else "not_embedded", language)
