"""One row of an administrative list: cells by column name; what is wrong with them becomes findings with a line.

All problems of a row are told at once, and a bad row never stops its neighbours. No finding quotes a person's cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from hub.errors import FormatError
from hub.intake.table import read_table
from hub.intake.values import parse_date
from hub.model.finding import Finding, Severity

T = TypeVar("T")

_TEXTS: Mapping[str, tuple[str, str, str]] = {
    "LIST_EMPTY": ("Column {column} is empty.", "Kolonnen {column} er tom.", "Kolom {column} is leeg."),
    "LIST_DATE": (
        "Column {column} is not a date: write yyyy-mm-dd.",
        "Kolonnen {column} er ikke en dato: skriv åååå-mm-dd.",
        "Kolom {column} is geen datum: schrijf jjjj-mm-dd.",
    ),
    "LIST_WORD": (
        "Column {column}: write one of {expected}.",
        "Kolonnen {column}: skriv en av {expected}.",
        "Kolom {column}: schrijf een van {expected}.",
    ),
    "LIST_NUMBER": (
        "Column {column} is not valid ({expected}).",
        "Kolonnen {column} er ikke gyldig ({expected}).",
        "Kolom {column} is niet geldig ({expected}).",
    ),
    "LIST_FIRST_DAY": (
        "No first day: fill column valid_from or give --valid-from.",
        "Ingen første dag: fyll kolonnen valid_from eller oppgi --valid-from.",
        "Geen eerste dag: vul kolom valid_from of geef --valid-from.",
    ),
    "LIST_TWICE": (
        "The same as line {expected}; only that line counts.",
        "Det samme som linje {expected}; bare den linjen teller.",
        "Hetzelfde als regel {expected}; alleen die regel telt.",
    ),
    "LIST_DIFFERS": (
        "Line {expected} says something else in {column} about the same code.",
        "Linje {expected} sier noe annet i {column} om samme kode.",
        "Regel {expected} zegt in {column} iets anders over dezelfde code.",
    ),
    "LIST_UNKNOWN": (
        "Column {column}: {expected} is not known here; add it first.",
        "Kolonnen {column}: {expected} er ikke kjent her; legg den til først.",
        "Kolom {column}: {expected} is hier niet bekend; voeg die eerst toe.",
    ),
    "LIST_NEEDED": (
        "Column {column} is needed: there is not exactly one to choose.",
        "Kolonnen {column} må fylles: det finnes ikke nøyaktig én å velge.",
        "Kolom {column} is nodig: er is er niet precies één om te kiezen.",
    ),
    "LIST_OTHER_KIND": (
        "This code is a {expected} already.",
        "Denne koden er allerede en {expected}.",
        "Deze code is al een {expected}.",
    ),
    "LIST_NO_PAPERS": (
        "No {column}: lists of this practice are refused until it is filled.",
        "Ingen {column}: lister fra denne praksisen avvises til den er fylt ut.",
        "Geen {column}: lijsten van deze praktijk worden geweigerd tot die gevuld is.",
    ),
    "LIST_LEADING_ZERO": (
        "Column {column} had lost its leading zero; it was put back.",
        "Kolonnen {column} hadde mistet nullen foran; den er satt tilbake.",
        "Kolom {column} miste de voorloopnul; die is teruggezet.",
    ),
    "LIST_ACCOUNT_CHANGES": (
        "The bank account of {expected} changes when a second person approves: confirm it another way than by mail.",
        "Bankkontoen til {expected} endres når en annen person godkjenner: bekreft det på en annen måte enn e-post.",
        "De bankrekening van {expected} wijzigt pas als een tweede akkoord geeft: bevestig dat anders dan per mail.",
    ),
}


def finding(
    code: str, line: int, column: str = "", *, expected: str = "", severity: Severity = Severity.ERROR
) -> Finding:
    """The finding of a code at a line and column of a list."""
    words = {"column": column, "expected": expected}
    en, nb, nl = (sentence.format_map(words) for sentence in _TEXTS[code])
    return Finding(
        code=code,
        severity=severity,
        text={"en": en, "nb": nb, "nl": nl},
        location=column,
        line=line,
        expected=expected,
    )


@dataclass(slots=True, repr=False)
class Cells:
    """The cells of one row and the findings about them so far. Its repr shows no cell."""

    line: int
    values: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Cells(line={self.line}, ***)"

    @property
    def good(self) -> bool:
        """Whether nothing found so far stands in the way of using this row."""
        return not any(one.blocks for one in self.findings)

    def text(self, column: str) -> str:
        """The cell, stripped; empty when the list has no such column."""
        return self.values.get(column, "").strip()

    def needed(self, column: str) -> str:
        """The cell, which may not be empty."""
        if not self.text(column):
            self.refuse("LIST_EMPTY", column)
        return self.text(column)

    def day(self, column: str) -> date | None:
        """The cell as a date; None when empty, and with a finding when it is none."""
        text = self.text(column)
        found = parse_date(text) if text else None
        if text and found is None:
            self.refuse("LIST_DATE", column)
        return found

    def word(self, column: str, allowed: Sequence[str], default: str = "") -> str:
        """The cell in lower case, which must be one of the allowed words (or empty, for the default)."""
        text = self.text(column).casefold() or default
        if text not in allowed:
            self.refuse("LIST_WORD", column, expected=", ".join(word for word in allowed if word))
        return text

    def passed(self, column: str, text: str, test: Callable[[str], bool], what: str) -> str:
        """A value that must pass a test; an empty one is not tested. `what` names it, such as `IBAN`."""
        if text and not test(text):
            self.refuse("LIST_NUMBER", column, expected=what)
        return text

    def refuse(self, code: str, column: str = "", *, expected: str = "") -> None:
        """This row cannot be used, and why."""
        self.findings.append(finding(code, self.line, column, expected=expected))

    def warn(self, code: str, column: str = "", *, expected: str = "") -> None:
        """This row can be used, but somebody should know."""
        self.findings.append(finding(code, self.line, column, expected=expected, severity=Severity.WARNING))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Listing(Generic[T]):
    """A list as read: the rows that can be used and the findings about all rows. Its repr shows no cell."""

    rows: tuple[T, ...]
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Listing({len(self.rows)} rows, {len(self.findings)} findings)"


def read_rows(
    data: bytes,
    name: str,
    needed: Sequence[str],
    make: Callable[[Cells], T | None],
    known: Sequence[str] = (),
) -> Listing[T]:
    """Read a CSV or XLSX list with these columns (in any order), row by row.

    FormatError when it is no list or a needed column is missing. Columns outside `needed` and `known` are not read.
    """
    table = read_table(data, name)
    header = [_column(cell) for cell in table.header]
    missing = [column for column in needed if column not in header]
    if missing:
        raise FormatError(f"columns not found: {', '.join(missing)}", where="line 1", hint="compare with the template")
    read = {*needed, *known}
    rows: list[T] = []
    findings = list(table.findings)
    for row in table.rows:
        if row.ragged:
            continue
        cells = Cells(row.line, {key: cell for key, cell in zip(header, row.cells, strict=True) if key in read})
        made = make(cells)
        findings += cells.findings
        if made is not None and cells.good:
            rows.append(made)
    return Listing(rows=tuple(rows), findings=tuple(sorted(findings, key=lambda one: one.line or 0)))


def _column(cell: str) -> str:
    """A column's name as we compare it: `First quarter` is `first_quarter`."""
    return cell.strip().casefold().replace(" ", "_").replace("-", "_")
