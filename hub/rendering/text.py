"""A sheet as a few lines for a terminal: who, to whom, what it is, its lines and sums. Nothing in it moves a cursor."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from hub.rendering.sheet import Fact, Row, Section, Sheet, Style, Table, joined
from hub.rendering.words import word

MOST_LINES = 20
"""Of a longer table so many rows are shown."""
_NAME = 44
_REFERENCES = ("BT-10", "BT-13", "BG-3")
"""What ties a document to others: the buyer's reference, the order (or case) and the invoice that is credited."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def to_text(sheet: Sheet) -> str:
    """The summary, ending with a line feed."""
    first = sheet.headline[0].value if sheet.headline else ""
    found = [joined((plain(f"{sheet.title} {sheet.number}"), plain(first)), "  ")]
    found += _aligned(
        [
            (block.heading, joined((block.name, *(fact.value for fact in block.facts[:1]))))
            for block in sheet.parties[:2]
        ]
        + [(fact.label, fact.value) for fact in (*sheet.headline[1:], *_references(sheet))]
    )
    for section in sheet.sections:
        if section.table and section.table.rows:
            found += ["", plain(section.heading), *_rows(section.table, sheet.language)]
        elif section.style is Style.SUMS:
            found += ["", *_sums(section)]
    files = [joined((file.reference, file.name, file.description)) for file in sheet.files]
    if files:
        found += ["", plain(word("attachments", sheet.language)), *(f"  {plain(file)}" for file in files)]
    unread = [text for section in sheet.fine for text in section.paragraphs]
    if unread:
        found += ["", *(plain(text) for text in unread)]
    return "\n".join(line.rstrip() for line in found) + "\n"


def _references(sheet: Sheet) -> Iterator[Fact]:
    return (fact for section in sheet.sections for fact in section.facts if fact.term in _REFERENCES)


def plain(text: str) -> str:
    """Text on one line without control characters, marks of direction or escape sequences."""
    return "".join("\ufffd" if unicodedata.category(letter) in _HIDDEN else letter for letter in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _aligned(pairs: Iterable[tuple[str, str]]) -> list[str]:
    found = [(plain(label), plain(value)) for label, value in pairs if value]
    widest = max((len(label) for label, _ in found), default=0)
    return [f"  {label.ljust(widest)}  {value}" for label, value in found]


def _sums(section: Section) -> list[str]:
    labels = [plain(fact.label) for fact in section.facts]
    values = [plain(fact.value) for fact in section.facts]
    left, right = max(map(len, labels)), max(map(len, values))
    return [f"  {label.ljust(left)}  {value.rjust(right)}" for label, value in zip(labels, values, strict=True)]


def _rows(table: Table, language: str) -> list[str]:
    """The first rows, without details; how many more there are is said."""
    shown = [[_cut(cell) for cell in row.cells] for row in (_labels(table), *table.rows[:MOST_LINES])]
    widths = [max(len(row[place]) for row in shown) for place in range(len(table.columns))]
    found = []
    for row in shown:
        cells = [
            cell.rjust(width) if column.numeric else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ]
        found.append("  " + "  ".join(cells))
    left = len(table.rows) - MOST_LINES
    return [*found, f"  {word('lines_more', language, count=str(left))}"] if left > 0 else found


def _labels(table: Table) -> Row:
    return Row(tuple(column.label for column in table.columns))


def _cut(cell: str) -> str:
    text = plain(cell)
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"
