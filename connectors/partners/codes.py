"""codes.csv: a partner's own rejection codes, what they mean in three languages, who acts and how.

UTF-8, one header line, commas (or semicolons throughout, as Dutch and Norwegian spreadsheets write them). Behind the
columns that every file has may stand the hint in Dutch and Norwegian; who reads another language, or finds none in
theirs, gets the English one. A partner without codes of its own needs no file: the standard code lists apply.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields
from io import StringIO

from connectors.partners.checking import nearest
from connectors.partners.positions import BIGGEST, Place, Problem, quoted
from hub.model.partner import PartnerCode

TRANSLATED = ("fix_hint_nl", "fix_hint_nb")
"""Columns a file may have behind those it must have."""
COLUMNS = tuple(field.name for field in fields(PartnerCode) if field.name not in TRANSLATED)
HEADER = ",".join(COLUMNS)
_WRITE = f"write {HEADER}, and behind it {' and '.join(TRANSLATED)} if you like"
SEVERITIES = ("error", "warning", "info")
WHO_ACTS = ("support", "provider", "operator", "payer", "nobody")
_LANGUAGES = ("nl", "nb", "en")
_LONGEST = 500


def read_codes(text: str, file: str) -> tuple[tuple[PartnerCode, ...], list[Problem]]:
    """The rows of a codes.csv, and everything that is wrong with it."""
    if len(text) > BIGGEST:
        return (), [Problem(file, 1, 1, f"more than {BIGGEST // 1024} KiB", "keep the codes this partner really sends")]
    problems: list[Problem] = []
    codes: dict[str, PartnerCode] = {}
    separator = ";" if ";" in text.partition("\n")[0] else ","
    for line, cells in _rows(text, file, separator, problems):
        code = PartnerCode(**cells)
        problems += _check(code, _Row(file, line, text.splitlines()[line - 1], separator, tuple(cells)))
        if code.code in codes:
            problems.append(Problem(file, line, 1, f"the code {quoted(code.code)} stands here twice", "keep one row"))
        codes[code.code] = code
    return tuple(codes.values()), problems


class _Row:
    """One row's place; a cell's column is counted in the line as it stands."""

    def __init__(self, file: str, line: int, text: str, separator: str, columns: tuple[str, ...]) -> None:
        self.file, self.line, self.text, self.separator, self.columns = file, line, text, separator, columns

    def problem(self, name: str, message: str, hint: str) -> Problem:
        return Problem(self.file, *self._place(name), message, hint)

    def _place(self, name: str) -> Place:
        column, left, inside = 1, self.columns.index(name), False
        for char in self.text:
            if not left:
                break
            inside ^= char == '"'
            left -= char == self.separator and not inside
            column += 1
        return self.line, column


def _rows(text: str, file: str, separator: str, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    before, columns = 0, COLUMNS
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if line == 1:
                columns = tuple(cell.strip() for cell in cells)
                if not _known(columns):
                    problems.append(Problem(file, 1, 1, "another header than expected", _WRITE))
                    return
            elif len(cells) == len(columns):
                yield line, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            elif any(cells):
                wrong = f"{len(cells)} cells, not {len(columns)}"
                problems.append(Problem(file, line, 1, wrong, f"the columns are {','.join(columns)}"))
    except csv.Error as error:
        problems.append(Problem(file, reader.line_num, 1, f"not CSV: {error}", "close every quote you opened"))
    if not before:
        problems.append(Problem(file, 1, 1, "an empty file", f"write {HEADER}, or take the file out"))


def _known(columns: tuple[str, ...]) -> bool:
    """Whether a header has every column that must be there, in order, and behind them only known ones, each once."""
    more = columns[len(COLUMNS) :]
    return columns[: len(COLUMNS)] == COLUMNS and len(set(more)) == len(more) and set(more) <= set(TRANSLATED)


def _check(code: PartnerCode, row: _Row) -> Iterator[Problem]:
    if not code.code:
        yield row.problem("code", "a row without a code", "write the code as the partner sends it")
    if code.severity not in SEVERITIES:
        yield row.problem("severity", f"unknown severity {quoted(code.severity)}", nearest(code.severity, SEVERITIES))
    if code.who_acts not in WHO_ACTS:
        yield row.problem("who_acts", f"unknown who_acts {quoted(code.who_acts)}", nearest(code.who_acts, WHO_ACTS))
    for language in _LANGUAGES:
        said = getattr(code, language)
        if not said or len(said) > _LONGEST:
            wrong = "too long" if said else "missing"
            yield row.problem(language, f"the text in {language} is {wrong}", "one sentence a person can act on")
    for name in TRANSLATED:
        said = getattr(code, name)
        if said and not code.fix_hint:
            yield row.problem(name, "a translated hint without the hint", "write the English one in fix_hint")
        elif len(said) > _LONGEST:
            yield row.problem(name, f"the text in {name} is too long", "one sentence a person can act on")
