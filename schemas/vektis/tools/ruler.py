"""Look into a Vektis file: every field with its position, name, raw text, meaning and what is wrong with it.

Meanings come from the code lists; personal values are masked until somebody asks to see them. A damaged record is
shown under a ruler, by the shape of its characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.model.finding import Finding
from hub.model.identity import mask
from schemas.codelists import lookup
from schemas.vektis.codec import Record, as_date
from schemas.vektis.field_rules import NO_BSN
from schemas.vektis.layout import Field, Layout
from schemas.vektis.personal import is_personal
from schemas.vektis.structure import cents
from schemas.vektis.typed import is_day

_ONE_LIST = {"COD955": "COD954", "COD956": "COD954", "COD958": "COD957", "COD959": "COD957"}
_NO_BSN = {"en": "no BSN", "nb": "ingen BSN", "nl": "geen BSN"}
_LOCAL = (" N1", " N3", " N4", " N5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field of a record; `added` says that it is the response's part, not the claim's."""

    start: int
    end: int
    element: str
    code: str
    name: str
    raw: str
    decoded: str
    personal: bool = False
    added: bool = False
    findings: tuple[Finding, ...] = ()

    def as_json(self, language: str) -> dict[str, Any]:
        """The JSON shape of `kvitt vektis show --json`; empty fields are left out."""
        body = {
            "start": self.start,
            "end": self.end,
            "element": self.element,
            "code": self.code,
            "name": self.name,
            "raw": self.raw,
            "decoded": self.decoded,
            "personal": self.personal,
            "added": self.added,
            "findings": [one.as_json(language) for one in self.findings],
        }
        return {key: value for key, value in body.items() if value not in ("", False, [])}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One record as people look at it: rows when it is whole, its masked text (`damaged`) when it is not.

    `findings` are those about the record as a whole; the others stand with their fields.
    """

    number: int
    kind: str
    rows: tuple[Row, ...] = ()
    damaged: str = ""
    findings: tuple[Finding, ...] = ()

    def only(self, element: str) -> View:
        """The view of one field, by element id or code."""
        return replace(self, rows=tuple(one for one in self.rows if element in (one.element, one.code)))

    def as_json(self, language: str) -> dict[str, Any]:
        """The JSON shape of `kvitt vektis show --json`: one object a record."""
        body = {
            "record": self.number,
            "kind": self.kind,
            "damaged": self.damaged,
            "fields": [one.as_json(language) for one in self.rows],
            "findings": [one.as_json(language) for one in self.findings],
        }
        return {key: value for key, value in body.items() if value not in ("", [])}


def view(
    record: Record, layout: Layout, findings: Sequence[Finding] = (), *, language: str = "en", personal: bool = False
) -> View:
    """One record, with those of the findings that are about it."""
    own = [one for one in findings if one.record == record.number]
    if not record.whole:
        text = printable(record.text) if personal else shape(record.text)
        return View(number=record.number, kind=printable(record.kind), damaged=text, findings=tuple(own))
    rows = tuple(_row(record, one, layout, own, language, personal=personal) for one in record.layout.fields)
    placed = {one.element for one in record.layout.fields}
    rest = tuple(one for one in own if one.element not in placed)
    return View(number=record.number, kind=record.kind, rows=rows, findings=rest)


def _row(
    record: Record, one: Field, layout: Layout, findings: Iterable[Finding], language: str, *, personal: bool
) -> Row:
    hidden = is_personal(one) and not personal
    raw = record.text[one.at]
    return Row(
        start=one.start,
        end=one.end,
        element=one.element,
        code=one.code,
        name=one.name,
        raw=_masked(one, raw) if hidden else raw,
        decoded=_hidden(one, raw, language) if hidden else decoded(record, one, language),
        personal=is_personal(one),
        added=0 < layout.tail <= one.start and record.kind != "99",
        findings=tuple(found for found in findings if found.element == one.element),
    )


def _masked(one: Field, raw: str) -> str:
    """As long as the field, its filling kept."""
    return mask(raw) if one.code == "NUM313" else "".join("*" if char != " " else char for char in raw)


def _hidden(one: Field, raw: str, language: str) -> str:
    return _NO_BSN[language] if one.code == "NUM313" and raw == NO_BSN else ""


def decoded(record: Record, one: Field, language: str = "en") -> str:
    """What a field's text means: a day, an amount with its sign, the words of a code; empty when there is no more."""
    raw = record.text[one.at]
    if raw == one.blank and not one.code.startswith(("BED", "ANT")):
        return ""
    if is_day(one):
        day = as_date(raw)
        return day.isoformat() if day else ""
    if one.numeric and raw.isascii() and raw.isdigit():
        return _number(record, one, raw, language)
    return _meaning(one, raw, language) or (raw.strip() if raw.strip() != raw else "")


def _number(record: Record, one: Field, raw: str, language: str) -> str:
    if one.code.startswith("BED"):
        return cents(record.amount_of(one.element))
    if one.code == "NUM352":
        return f"{cents(int(raw))} %"
    if one.code == "NUM313" and raw == NO_BSN:
        return _NO_BSN[language]
    if one.code.startswith("ANT") or one.code in ("NUM040", "NUM109"):
        return str(int(raw))
    return _meaning(one, raw, language)


def _meaning(one: Field, raw: str, language: str) -> str:
    name = _ONE_LIST.get(one.code, one.codelist or one.code)
    entry = lookup(name, raw.strip()) if name else None
    return entry.said(language) if entry else ""


def printable(text: str) -> str:
    """The text with what a terminal would obey made visible."""
    return "".join(char if char.isprintable() or char == "\xa0" else "\ufffd" for char in text)


def visible(text: str) -> str:
    """The text with its spaces made visible."""
    return printable(text).replace(" ", "\xb7")


def shape(text: str) -> str:
    """What kind of character stands where, and nothing about which: damaged records may hold anything anywhere."""
    return text[:2] + "".join(_shape(char) for char in text[2:])


def _shape(char: str) -> str:
    if char.isdigit():
        return "9"
    if char.isalpha():
        return "X" if char.isupper() else "x"
    return char if char == " " else "?" if char.isprintable() else "\ufffd"


def ruler(length: int) -> str:
    """A line that counts positions: ....5...10...15."""
    marks = "".join(str(mark).rjust(5, ".") for mark in range(5, length + 5, 5))
    return marks[:length]


def beside(records: Iterable[Record], first: int, last: int) -> Iterator[Record]:
    """The records from one number to another, after those they must agree with: opening record and parents."""
    above: dict[str, Record] = {}
    for record in records:
        if record.number > last:
            return
        if record.number >= first:
            yield from above.values()
            above.clear()
            yield record
            continue
        if record.kind in ("02", "04"):
            above.pop("03", None) if record.kind == "02" else None
            above.pop("04", None)
        if record.kind in ("01", "02", "03", "04"):
            above[record.kind] = record


def local(findings: Iterable[Finding], first: int, last: int) -> list[Finding]:
    """Of what a check of a part of a file found, that which needs no other part to be true."""
    return [one for one in findings if one.record and first <= one.record <= last and one.ruleset.endswith(_LOCAL)]
