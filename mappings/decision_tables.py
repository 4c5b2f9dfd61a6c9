"""Decisions as a table that people open in a spreadsheet: CSV (RFC 4180, UTF-8) or XLSX, in the reader's language.

`mappings.tables` writes both and keeps text from elsewhere from being taken for a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hub.model.money import Money
from hub.model.reply import Code
from mappings import tables
from mappings.tables import Cell
from schemas import codelists

CSV_TYPE = tables.CSV_TYPE
XLSX_TYPE = tables.XLSX_TYPE
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
    return tables.to_csv(_titles(language), [_cells(row, language) for row in rows])


def to_xlsx(rows: Sequence[DecisionRow], language: str) -> bytes:
    """The table as a workbook of one sheet; amounts are numbers, everything else is text."""
    return tables.to_xlsx({"decisions": [_titles(language), *(_cells(row, language) for row in rows)]})


def _titles(language: str) -> list[str]:
    return [titles[language] for titles in _COLUMNS.values()]


def _cells(row: DecisionRow, language: str) -> list[Cell]:
    values: dict[str, Cell] = {
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
    return [values[name] for name in _COLUMNS]


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
