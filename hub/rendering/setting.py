"""A sheet set in type: every part of it as boxes, in the reading order of the HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hub.rendering.fonts import shown, width, wrap
from hub.rendering.layout import LEFT, MM, RIGHT, Bar, Box, Mark, Text, gap, kept
from hub.rendering.sheet import Block, Column, Fact, Row, Section, Sheet, Style, Table

BODY, SMALL, LABEL = 9.0, 7.8, 7.8
"""Type sizes in points."""
_LEADING = 1.38
_FRAME = RIGHT - LEFT
_GUTTER = 8.0
_COLUMN = (_FRAME - _GUTTER) / 2
_CELL = 2.4
_PAD = 1.4
_HELD_TOGETHER = 24
"""Rows of up to so many lines are never split between pages."""


def boxes(sheet: Sheet, files: Section | None) -> list[Box]:
    """The whole sheet. The last lines stay with the sums, so that no total stands alone on a page."""
    found = [*_title(sheet), *_headline(sheet.headline), *_parties(sheet.parties)]
    for section in sheet.sections:
        part = [gap(5), *_section(section)]
        if section.style is Style.SUMS:
            found = _tied(found)
        found += part
    if files is not None:
        found += [gap(5), *_section(files)]
    if sheet.fine:
        found += [gap(5), _rule(0.2, "line")]
    for section in sheet.fine:
        found += [gap(2), *_fine(section)]
    return found


def _tied(found: list[Box]) -> list[Box]:
    """What came last is kept with what follows."""
    return [*found[:-1], replace(found[-1], keep=True)] if found else found


def _line(size: float) -> float:
    return size * MM * _LEADING


def _rule(height: float, colour: str, left: float = LEFT, right: float = RIGHT) -> Box:
    return Box(height=height, marks=(Bar(left, 0, right - left, height, colour),), keep=True)


def _strip(texts: Iterable[Text], size: float) -> Box:
    """One line of type; the texts' `y` is where its baseline stands within."""
    return Box(height=_line(size), marks=tuple(texts))


def _base(size: float) -> float:
    return size * MM * 1.08


def _paragraph(
    text: str, left: float, room: float, size: float, *, bold: bool = False, colour: str = "ink"
) -> list[Box]:
    lines = wrap(text, room, size * MM, bold=bold)
    return [_strip((Text(left, _base(size), line, size, bold, colour),), size) for line in lines]


def _title(sheet: Sheet) -> list[Box]:
    found = _paragraph(sheet.sender, LEFT, _FRAME, 10, bold=True, colour="accent") if sheet.sender else []
    found += _paragraph(f"{sheet.title} {sheet.number}".strip(), LEFT, _FRAME, 20)
    return kept([*found, gap(4)])


def _headline(found: Sequence[Fact]) -> list[Box]:
    """The tinted band: what a payer looks for, the amount at the right."""
    if not found:
        return []
    rows: list[list[tuple[float, Fact]]] = [[]]
    strong = [fact for fact in found if fact.strong]
    reserved = max((_headline_width(fact) for fact in strong), default=0.0)
    x, room = LEFT + 5, RIGHT - 4 - reserved
    for fact in (fact for fact in found if not fact.strong):
        need = min(_headline_width(fact), room - LEFT - 5)
        if rows[-1] and x + need > room:
            rows.append([])
            x = LEFT + 5
        rows[-1].append((x, fact))
        x += need + 6
    return [_band(rows, strong), gap(5.5)]


def _headline_width(fact: Fact) -> float:
    size = 14.0 if fact.strong else 9.5
    value = width(shown(fact.value), size * MM, bold=fact.strong)
    return max(value, width(shown(fact.label), LABEL * MM))


def _band(rows: list[list[tuple[float, Fact]]], strong: list[Fact]) -> Box:
    height = 6 + 10 * len(rows)
    marks: list[Mark] = [Bar(LEFT, 0, _FRAME, height, "tint"), Bar(LEFT, 0, 0.9, height, "accent")]
    for index, row in enumerate(rows):
        for x, fact in row:
            (value, *_more) = wrap(fact.value, RIGHT - x - 4, 9.5 * MM)
            marks.append(Text(x, 6.4 + 10 * index, shown(fact.label), LABEL, colour="quiet"))
            marks.append(Text(x, 11.2 + 10 * index, value, 9.5))
    for fact in strong:
        marks.append(Text(RIGHT - 4, 6.4, shown(fact.label), LABEL, colour="quiet", right=True))
        marks.append(Text(RIGHT - 4, 12.0, shown(fact.value), 14, bold=True, right=True))
    return Box(height=height, marks=tuple(marks))


def _parties(found: Sequence[Block]) -> list[Box]:
    """Two blocks side by side."""
    rows: list[Box] = []
    for start in range(0, len(found), 2):
        sides = [
            _block(block, LEFT + side * (_COLUMN + _GUTTER)) for side, block in enumerate(found[start : start + 2])
        ]
        rows += [gap(5)] if rows else []
        rows += kept(_beside(*sides))
    return rows


def _block(block: Block, left: float) -> list[Box]:
    found = _heading(block.heading, left, _COLUMN)
    if block.name:
        found += _paragraph(block.name, left, _COLUMN, BODY + 0.5, bold=True)
    for line in block.lines:
        found += _paragraph(line, left, _COLUMN, BODY)
    if block.facts:
        found.append(Box(height=1.2))
    for fact in block.facts:
        found += _labelled(fact, left, _COLUMN, SMALL, 31)
    return found


def _heading(text: str, left: float, room: float, aside: str = "") -> list[Box]:
    found = _paragraph(text, left, room, 8.2, bold=True, colour="accent")
    if aside and len(found) == 1:
        x = left + width(shown(text), 8.2 * MM, bold=True) + 2.5
        more = Text(x, _base(8.2), shown(aside), LABEL, colour="quiet")
        found = [replace(found[0], marks=(*found[0].marks, more))]
    return [replace(box, keep=True) for box in (*found, Box(height=0.8))]


def _labelled(fact: Fact, left: float, room: float, size: float, label: float) -> list[Box]:
    """A label with its value at its right."""
    labels = _paragraph(fact.label, left, label - 2, size, colour="quiet")
    values = _paragraph(fact.value, left + label, room - label, size, bold=fact.strong)
    return _beside(labels, values)


def _beside(*columns: list[Box]) -> list[Box]:
    """Columns of boxes as strips across: a strip ends wherever a box of some column does."""
    marks: dict[float, list[Mark]] = {}
    for column in columns:
        for top, box in zip([0.0, *_edges(column)], column, strict=False):
            marks.setdefault(top, []).extend(box.marks)
    bottom = max((_edges(column)[-1] for column in columns if column), default=0.0)
    tops = sorted(marks)
    return [Box(height=end - top, marks=tuple(marks[top])) for top, end in zip(tops, [*tops[1:], bottom], strict=False)]


def _edges(column: list[Box]) -> list[float]:
    """Where each box of a column ends, rounded so that equal edges are equal."""
    found, top = [], 0.0
    for box in column:
        top = round(top + box.height, 3)
        found.append(top)
    return found


def _section(section: Section) -> list[Box]:
    if section.style is Style.SUMS:
        return _sums(section)
    found = _heading(section.heading, LEFT, _FRAME, section.aside)
    body: list[Box] = []
    for text in section.paragraphs:
        body += [*_paragraph(text, LEFT, _FRAME * 0.86, BODY), Box(height=0.8)]
    body += _grid(section.facts)
    if section.table and section.table.rows:
        body += [gap(2)] if body else []
        body += _table(section.table)
    return [*found, *body]


def _grid(found: Sequence[Fact]) -> list[Box]:
    """Facts in two columns, label beside value."""
    rows: list[Box] = []
    for start in range(0, len(found), 2):
        pair = found[start : start + 2]
        sides = [
            _labelled(fact, LEFT + side * (_COLUMN + _GUTTER), _COLUMN, SMALL + 0.4, 37)
            for side, fact in enumerate(pair)
        ]
        rows += kept(_beside(*sides))
    return rows


def _fine(section: Section) -> list[Box]:
    found = [replace(box, keep=True) for box in _paragraph(section.heading, LEFT, _FRAME, 7, bold=True, colour="quiet")]
    for text in section.paragraphs:
        found += _paragraph(text, LEFT, _FRAME, 7, colour="quiet")
    said = " · ".join(f"{fact.label}: {fact.value}" for fact in section.facts)
    return [*found, *_paragraph(said, LEFT, _FRAME, 7, colour="quiet")] if said else found


def _sums(section: Section) -> list[Box]:
    """A column of sums at the right, the last one under a rule."""
    left, found = RIGHT - 84, list[Box]()
    for fact in section.facts:
        size = 11.0 if fact.strong else BODY
        if fact.strong:
            found += [Box(height=1.2), _rule(0.35, "ink", left), Box(height=1.2)]
        labels = wrap(fact.label, 50, size * MM, bold=fact.strong)
        value = Text(RIGHT, _base(size), shown(fact.value), size, fact.strong, right=True)
        for index, label in enumerate(labels):
            marks: tuple[Text, ...] = (
                Text(left, _base(size), label, size, fact.strong, "ink" if fact.strong else "quiet"),
            )
            found.append(_strip((*marks, value) if index == 0 else marks, size))
        found.append(Box(height=0.2))
    return kept(found)


def _table(table: Table) -> list[Box]:
    """The heading once, and again on every page the rows go on to."""
    heads = _head(table.columns)
    header = (*heads, _rule(0.35, "ink"), Box(height=_PAD))
    found = [replace(box, keep=True) for box in header]
    spans = _spans(table.columns)
    for row in table.rows:
        found += [replace(box, header=header) for box in _row(row, table.columns, spans)]
    return found


def _spans(columns: Sequence[Column]) -> list[tuple[float, float]]:
    """Left edge and room of each column."""
    found, x = [], LEFT
    whole = sum(column.weight for column in columns)
    for index, column in enumerate(columns):
        share = column.weight / whole * _FRAME
        found.append((x, share if index == len(columns) - 1 else share - _CELL))
        x += share
    return found


def _head(columns: Sequence[Column]) -> list[Box]:
    spans = zip(columns, _spans(columns), strict=True)
    return _beside(*(_cell(column.label, column, span, LABEL, "quiet") for column, span in spans))


def _cell(text: str, column: Column, span: tuple[float, float], size: float, colour: str = "ink") -> list[Box]:
    """The lines of one cell; numbers stand against its right edge."""
    left, room = span
    if not text:
        return []
    if not column.numeric:
        return _paragraph(text, left, room, size, colour=colour)
    lines = wrap(text, room, size * MM)
    edge, base = left + room, _base(size)
    return [_strip((Text(edge, base, line, size, colour=colour, right=True),), size) for line in lines]


def _row(row: Row, columns: Sequence[Column], spans: Sequence[tuple[float, float]]) -> list[Box]:
    """Cells, details under the main one, a hairline. Long rows may go on to the next page."""
    cells = []
    for text, column, span in zip(row.cells, columns, spans, strict=True):
        cell = _cell(text, column, span, BODY)
        if column.main:
            for detail in row.details:
                cell += _paragraph(detail, *span, SMALL, colour="quiet")
        cells.append(cell)
    strips = _beside(*cells)
    ends = [Box(height=_PAD, keep=True), _rule(0.15, "line"), Box(height=_PAD)]
    last = len(strips) - 1
    together = last < _HELD_TOGETHER
    return [*(replace(box, keep=together or place in (0, last)) for place, box in enumerate(strips)), *ends]
