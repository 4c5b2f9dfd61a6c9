"""Decisions as a table that people open in a spreadsheet: CSV (RFC 4180, UTF-8) or XLSX, in the reader's language.

Text from elsewhere that a spreadsheet could take for a formula gets an apostrophe before it, in both (OWASP, CSV
injection). Amounts are written by us alone and stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook

from hub.model.money import Money
from hub.model.reply import Code
from schemas import codelists

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OUTCOMES: Mapping[str, Mapping[str, str]] = {
    "granted": {"en": "granted", "nb": "innvilget", "nl": "toegekend"},
    "changed": {"en": "partly granted", "nb": "delvis innvilget", "nl": "deels toegekend"},
    "refused": {"en": "refused", "nb": "avvist", "nl": "afgewezen"},
    "presumed_ok": {"en": "no remark in time", "nb": "ingen merknad i tide", "nl": "geen opmerking binnen de termijn"},
    "open": {"en": "not decided", "nb": "ikke avgjort", "nl": "nog niet beoordeeld"},
    "sent_back": {
        "en": "sent back by the clearing house",
        "nb": "sendt tilbake av formidlingssentralen",
        "nl": "teruggestuurd door de clearing",
    },
    "elsewhere": {
        "en": "went out again in another file",
        "nb": "sendt på nytt i en annen fil",
        "nl": "opnieuw ingediend in een ander bestand",
    },
    "not_judged": {
        "en": "not judged: the clearing house sent the file back",
        "nb": "ikke vurdert: formidlingssentralen sendte filen tilbake",
        "nl": "niet beoordeeld: de clearing stuurde het bestand terug",
    },
}
"""What became of a line, in words."""
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "file": {"en": "invoice number", "nb": "fakturanummer", "nl": "factuurnummer"},
    "payer": {"en": "insurer", "nb": "betaler", "nl": "verzekeraar"},
    "ref": {"en": "line reference", "nb": "linjereferanse", "nl": "regelreferentie"},
    "person": {"en": "BSN", "nb": "BSN", "nl": "BSN"},
    "performer": {"en": "performer (AGB)", "nb": "utfører (AGB)", "nl": "uitvoerder (AGB)"},
    "begins": {"en": "from", "nb": "fra", "nl": "begindatum"},
    "ends": {"en": "to", "nb": "til", "nl": "einddatum"},
    "code_list": {"en": "code list", "nb": "kodeliste", "nl": "codelijst"},
    "service_code": {"en": "performance code", "nb": "ytelseskode", "nl": "prestatiecode"},
    "claimed": {"en": "claimed", "nb": "krevd", "nl": "gedeclareerd"},
    "awarded": {"en": "awarded", "nb": "innvilget beløp", "nl": "toegekend bedrag"},
    "currency": {"en": "currency", "nb": "valuta", "nl": "valuta"},
    "outcome": {"en": "outcome", "nb": "utfall", "nl": "uitkomst"},
    "codes": {"en": "codes", "nb": "koder", "nl": "codes"},
    "meaning": {"en": "meaning", "nb": "betydning", "nl": "betekenis"},
    "action": {"en": "what to do", "nb": "hva gjøres", "nl": "wat te doen"},
    "remark": {"en": "remark", "nb": "merknad", "nl": "opmerking"},
}
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Signs a formula may begin with, in their wide forms too."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What was decided on one line; `person` is the whole BSN, for the provider whose patient it is.

    `outcome` is a key of `OUTCOMES`; `awarded` is None as long as nothing was decided.
    """

    file: str
    payer: str
    ref: str
    person: str = ""
    performer: str = ""
    begins: date | datetime | None = None
    ends: date | datetime | None = None
    code_list: str = ""
    service_code: str = ""
    claimed: Money
    awarded: Money | None = None
    outcome: str = "open"
    codes: tuple[Code, ...] = ()
    remark: str = ""


def to_csv(rows: Sequence[DecisionRow], language: str) -> bytes:
    """The table as CSV with semicolons and a byte order mark, as spreadsheets in these countries open it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([titles[language] for titles in _COLUMNS.values()])
    for row in rows:
        writer.writerow([f"{cell:f}" if isinstance(cell, Decimal) else cell for cell in _cells(row, language)])
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(rows: Sequence[DecisionRow], language: str) -> bytes:
    """The table as a workbook of one sheet; amounts are numbers, everything else is text."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "decisions"
    sheet.freeze_panes = "A2"
    sheet.append([titles[language] for titles in _COLUMNS.values()])
    for row in rows:
        sheet.append(_cells(row, language))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(row: DecisionRow, language: str) -> list[str | Decimal]:
    values: dict[str, str | Decimal] = {
        "file": row.file,
        "payer": row.payer,
        "ref": row.ref,
        "person": row.person,
        "performer": row.performer,
        "begins": _day(row.begins),
        "ends": _day(row.ends),
        "code_list": row.code_list,
        "service_code": row.service_code,
        "claimed": row.claimed.decimal(),
        "awarded": "" if row.awarded is None else row.awarded.decimal(),
        "currency": row.claimed.currency,
        "outcome": OUTCOMES[row.outcome][language],
        "codes": "; ".join(_named(code) for code in row.codes),
        "meaning": "; ".join(_said(code, language)[0] for code in row.codes),
        "action": " ".join(dict.fromkeys(said for code in row.codes if (said := _said(code, language)[1]))),
        "remark": row.remark,
    }
    return [_harmless(values[name]) for name in _COLUMNS]


def _day(moment: date | datetime | None) -> str:
    return "" if moment is None else (moment.date() if isinstance(moment, datetime) else moment).isoformat()


def _named(code: Code) -> str:
    """The code raw, with the field it points at."""
    return f"{code} ({code.element})" if code.element else str(code)


def _said(code: Code, language: str) -> tuple[str, str]:
    """What a code means and what to do; a code nobody knows is said to be so, the sender's own text beside it."""
    entry = codelists.explain(str(code))[0]
    text = entry.text.get(language, "")
    known = codelists.lookup(code.list, code.code) is not None
    return text if known or not code.text else f"{code.text} ({text})", entry.hint.get(language, "")


def _harmless(cell: str | Decimal) -> str | Decimal:
    """A cell no spreadsheet takes for a formula or an instruction, on one line."""
    if isinstance(cell, Decimal):
        return cell
    text = _CONTROL.sub(" ", cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
