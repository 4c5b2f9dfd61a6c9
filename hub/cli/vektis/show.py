"""How `kvitt vektis show` and `diff` look: tables under a line per record, colour only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from hub.cli.output import put_json, say
from hub.cli.vektis.files import layout_for, opened, records
from hub.cli.vektis.words import severity, words
from hub.errors import ContentError
from hub.model.finding import Finding
from schemas.vektis import Layout, Record
from schemas.vektis.check import judged
from schemas.vektis.tools import ruler
from schemas.vektis.tools.differences import Difference
from schemas.vektis.tools.ruler import Row, View

_COLOURS = {"fatal": "red", "error": "red", "warning": "yellow", "info": "blue"}
_WIDE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to show, and how; `records` are the first and the last one, None for all."""

    records: tuple[int, int] | None
    kind: str
    element: str
    filled: bool
    personal: bool
    language: str
    on: date | None


def numbers(text: str) -> tuple[int, int] | None:
    """`7` or `7-12` as first and last record; ContentError for anything else."""
    if not text:
        return None
    first, dash, last = text.partition("-")
    if not (first.isdecimal() and (last.isdecimal() or not dash)) or int(first) < 1:
        raise ContentError(f"--record {text[:20]!r} is no record number", hint="such as 7 or 7-12")
    return int(first), int(last or first)


def views(path: Path, wanted: str, asked: Asked) -> Iterator[View]:
    """The records asked for, with their findings: of the whole file, or where some are asked for of those alone."""
    layout = layout_for(path, wanted)
    if asked.records is None:
        found = _by_record(judged(records(path, layout), layout, on=asked.on))
        chosen: Iterable[Record] = records(path, layout)
    else:
        first, last = asked.records
        with_parents = list(ruler.beside(records(path, layout), first, last))
        chosen = [one for one in with_parents if one.number >= first]
        if not chosen:
            raise ContentError(f"there is no record {first}", where=str(path), hint="the file ends before it")
        found = _by_record(ruler.local(judged(with_parents, layout, on=asked.on), first, last))
    for record in chosen:
        if asked.kind in ("", record.kind):
            yield _view(record, layout, found.get(record.number, ()), asked)


def _by_record(findings: Iterable[Finding]) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    for one in findings:
        found.setdefault(one.record or 0, []).append(one)
    return found


def _view(record: Record, layout: Layout, findings: Sequence[Finding], asked: Asked) -> View:
    made = ruler.view(record, layout, findings, language=asked.language, personal=asked.personal)
    return made.only(asked.element) if asked.element else made


def tell(shown: Iterable[View], asked: Asked, *, as_json: bool) -> None:
    """Show records one after another."""
    for one in shown:
        if as_json:
            put_json(one.as_json(asked.language))
        else:
            _tell_one(one, asked)
    if asked.records is not None and not as_json:
        say(words("local", asked.language))


def _tell_one(one: View, asked: Asked) -> None:
    say(
        typer.style(words("record", asked.language, number=one.number, kind=one.kind), bold=True)
        if _colour()
        else words("record", asked.language, number=one.number, kind=one.kind)
    )
    if one.damaged:
        say(f"  {words('damaged_raw' if asked.personal else 'damaged', asked.language)}")
        say(f"  {ruler.ruler(len(one.damaged))}")
        say(f"  {ruler.visible(one.damaged)}")
    rows = [row for row in one.rows if row.findings or not asked.filled or row.raw.strip(" 0")]
    if rows:
        _tell_rows(rows, asked.language)
    for found in one.findings:
        tell_finding(found, asked.language)
    say()


def _tell_rows(rows: Sequence[Row], language: str) -> None:
    header = tuple(words("header", language).split(","))
    cells = [_cells(row) for row in rows]
    widths = [max(len(one[column]) for one in [header, *cells]) for column in range(len(header))]
    say(_line(header, widths))
    told = False
    for row, one in zip(rows, cells, strict=True):
        if row.added and not told:
            say(f"  -- {words('tail', language)} --")
            told = True
        say(_line(one, widths))
        for found in row.findings:
            tell_finding(found, language)


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    raw = ruler.visible(row.raw)
    short = raw if len(raw) <= _WIDE else f"{raw[: _WIDE - 3]}..."
    return f"{row.start}-{row.end}", row.element, row.name, short, ruler.printable(row.decoded)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return ("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))).rstrip()


def tell_finding(one: Finding, language: str) -> None:
    """A finding under the field it is about."""
    mark = f"{severity(one.severity.value, language)} {one.code}"
    said = typer.style(mark, fg=_COLOURS[one.severity.value]) if _colour() else mark
    say(f"    ^ {said}: {ruler.printable(one.said(language))}")
    hint = one.hinted(language)
    if hint:
        say(f"      -> {hint}")


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def tell_differences(found: Sequence[Difference], language: str) -> None:
    """Differences one a line, under the line of the claim they belong to."""
    if not found:
        say(words("same", language))
    before = ""
    for one in found:
        if one.line and one.line != before:
            say(words("line", language, line=one.line))
        before = one.line
        say(f"  {_told(one, language)}")


def _told(one: Difference, language: str) -> str:
    place = "/".join(str(number) if number else "-" for number in (one.left, one.right))
    said = f"{words(one.change.value, language)} {one.kind} ({place})"
    if not one.element:
        return f"{said} {ruler.printable(one.name)}".rstrip()
    values = one.after if one.change.value == "answered" else f"{one.before or '-'} -> {one.after or '-'}"
    return f"{said} {one.element} {one.name}: {ruler.printable(values)}"


def is_xml(path: Path) -> bool:
    """Whether a file is XML (GDS801, GDS802) and not of fixed width."""
    with opened(path) as stream:
        return stream.read(16).lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"
