"""Versions of statements for who makes them and for the practice that is told: a page of a list, and one as a file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Response

from hub.errors import ConfigurationError
from hub.pipeline import statements
from hub.store.statements import After
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.visit import Visit

MEDIA: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "csv": "text/csv; charset=utf-8",
    }
)


def cursor(row: Row) -> str:
    """Where a page ended, as its next address says it."""
    return f"{row['period']}.{row['practice']}.{row['currency']}.{row['version']}"


def place(text: str) -> After | None:
    """Where the page before ended; a cursor that nobody gave out begins at the beginning."""
    parts = text.split(".")
    if len(parts) != 4 or not text.isprintable() or not parts[3].isdecimal():
        return None
    return parts[0], parts[1], parts[2], int(parts[3][:6])


def statement_file(visit: Visit, wanted: tuple[str, str, str, str], form: str, *, told: bool = False) -> Response:
    """The version of a practice, period, currency and number; with `told` only one that went to its practice."""
    practice, period, currency, version = wanted
    row = _row(visit, wanted)
    if form not in MEDIA or (told and row["delivered_at"] is None):
        raise Absent("statement", "/".join((*wanted, form)))
    content = statements.written(statements.shown(visit.hub, visit.tenant, row), form)
    visit.saw("export", f"statement/{practice}/{period}/{currency}/{version}"[:200])
    return download(content, f"{practice}-{period}-{currency}-v{row['version']}.{form}", MEDIA[form])


def _row(visit: Visit, wanted: tuple[str, str, str, str]) -> Row:
    """As it is stored, where it is this person's to see."""
    practice, period, currency, version = wanted
    ref = "/".join(wanted)
    if not version.isdecimal() or len(version) > 6:
        raise Absent("statement", ref)
    with visit.reading() as unit:
        try:
            return statements.one(unit, practice, period, currency, int(version))
        except ConfigurationError as error:
            raise Absent("statement", ref) from error


def download(content: bytes, name: str, media: str) -> Response:
    """A file to keep."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)
