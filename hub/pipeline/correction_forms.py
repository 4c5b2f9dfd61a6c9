"""The form of a correction, made from what may be changed on a claim and what was said to be wrong with it.

Which fields there are, how long they may be and which codes are about them stands in `correction_fields.csv` and in the
layout table of the standard the claim is written in; who the person is (BSN, fødselsnummer) is never changed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any

from hub.model.claim import Claim, ClaimLine
from hub.model.identity import is_agb, is_uzovi, mask
from hub.model.money import Money, money
from hub.model.reply import Code
from hub.pipeline.context import Hub
from hub.pipeline.correct import reclaim_choices
from hub.pipeline.intake import formats_of
from hub.programmes import corrections
from hub.programmes.corrections import EVERYWHERE, NOTHING, Changes
from hub.store import claims
from hub.store import money as money_store
from hub.store.unit import Row, Unit
from schemas import codelists
from schemas.vektis.layout import Layout, layouts

MODULE, TREATMENTS, PERFORMANCES = "module-quarter", "treatment-assignments", "zpm-performances"
_LONGEST = 120
_RECLAIM_CODES = "COD651"
_ALIASES = {
    "payer_code": "uzovi",
    "date": "day",
    "begin_time": "begins",
    "end_time": "ends",
    "performer": "performer_agb",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One field that may be changed: where it stands, what kind of value it is, and what says that it is wrong."""

    field: str
    where: str
    kind: str
    elements: tuple[str, ...]
    codes: frozenset[str]
    personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the form. `shown` is what may be seen of its value; `longest` and `numeric` are the standard's."""

    key: str
    spec: Spec
    line: int
    value: str
    failing: bool
    longest: int = _LONGEST
    numeric: bool = False
    element: str = ""
    choices: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The value as a page may show it: a person's is masked."""
        return mask(self.value, shown=0) if self.spec.personal and self.value else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Everything that may be changed on one claim. `known` says whether what was refused names any of it."""

    ref: str
    programme: str
    fields: Sequence[Field]
    lines: Sequence[int]
    codes: Sequence[Code]
    known: bool

    def editable(self, *, everything: bool) -> list[Field]:
        """The failing fields; all of them when asked, or when nobody said which fail."""
        return [one for one in self.fields if everything or one.failing or not self.known]


@cache
def specs(programme: str) -> tuple[Spec, ...]:
    """What may be changed on a programme's claims."""
    text = files("hub.pipeline").joinpath("correction_fields.csv").read_text(encoding="utf-8")
    rows = (row for row in csv.DictReader(text.splitlines()) if row["programme"] == programme)
    return tuple(
        Spec(
            field=row["field"],
            where=row["where"],
            kind=row["kind"],
            elements=tuple(row["elements"].split()),
            codes=frozenset(row["codes"].split()),
            personal=row["personal"] == "yes",
        )
        for row in rows
    )


def form_of(hub: Hub, unit: Unit, row: Row) -> Form:
    """The form of one claim as it stands."""
    (claim,) = claims.load(unit, [row])
    codes = said_of(unit, row)
    failing = _failing(hub, row, codes)
    layout = _layout(row["programme"])
    fields = [
        _field(spec, line, _value(claim, spec, line), failing, layout)
        for spec in specs(row["programme"])
        for line in ([each.number for each in claim.lines] if spec.where == "line" else [EVERYWHERE])
    ]
    known = any(one.failing for one in fields)
    must = reclaim_choices(hub, unit, row)
    if must:  # nothing is wrong with it, but the payer takes the claim again only with one of these
        fields = [replace(one, failing=True, choices=must) if one.spec.kind == "reclaim" else one for one in fields]
    return Form(
        ref=claim.ref,
        programme=claim.programme,
        fields=fields,
        lines=[line.number for line in claim.lines],
        codes=codes,
        known=known,
    )


def said_of(unit: Unit, row: Row) -> list[Code]:
    """Every code in force that a payer, a clearing house or the network gave on a claim."""
    lines = claims.lines(unit, [row["id"]])
    newest: dict[str, Row] = {}
    for each in money_store.decisions(unit, [line["id"] for line in lines]):
        newest[each["claim_line_id"]] = each
    found = [Code(**code) for each in newest.values() for code in each["codes"]]
    return found or _faults(unit, row)


def _faults(unit: Unit, row: Row) -> list[Code]:
    """What the clearing house said, kept with the task about it."""
    from hub.store import schema

    table = schema.task
    key = f"hold:{row['ref']}:REFUSED_BY_CLEARING"
    task = unit.one(unit.mine(table, table.c.key == key))
    return [Code(**code) for code in task["evidence"].get("codes", ())] if task else []


def reclaim_meaning(code: str, language: str) -> str:
    """What a code for what comes again means, in the person's language; empty where the list does not say."""
    entry = codelists.lookup(_RECLAIM_CODES, code)
    return entry.said(language) if entry is not None and entry.known else ""


def _failing(hub: Hub, row: Row, codes: Iterable[Code]) -> frozenset[str]:
    """Codes, elements and field names that what was said is about."""
    partner = hub.registry.partners.get(row["payer"])
    named = {one.code: one.field for one in partner.codes} if partner else {}
    found: set[str] = set()
    for code in codes:
        found |= {code.code, code.element, named.get(code.code, "")}
    return frozenset(found - {""})


def _layout(programme: str) -> Layout | None:
    wanted = formats_of(programme)
    return next((one for one in layouts() if one.format in wanted), None)


def _field(spec: Spec, line: int, value: str, failing: frozenset[str], layout: Layout | None) -> Field:
    made = Field(
        key=f"{line}.{spec.field}" if line else spec.field,
        spec=spec,
        line=line,
        value=value,
        failing=bool(failing & (spec.codes | {*spec.elements, spec.field})),
        choices=tuple(sorted(codelists.codes(_RECLAIM_CODES, None))) if spec.kind == "reclaim" else (),
    )
    for record in layout.records.values() if layout else ():
        for one in record.fields:
            if one.element in spec.elements[:1] or (one.element in spec.elements and one.length < made.longest):
                numeric = one.numeric and spec.kind in ("text", "digits")
                made = replace(made, longest=one.length, numeric=numeric, element=one.element)
    return made


def _value(claim: Claim, spec: Spec, number: int) -> str:
    line = next((each for each in claim.lines if each.number == number), claim.lines[0])
    if spec.kind == "reclaim":
        return line.reclaim_code
    if claim.programme == MODULE:
        return _written(_of_module(claim, line, spec.field))
    if claim.programme == TREATMENTS:
        rows = {row.line: row for row in corrections.treatment_rows(claim, NOTHING)}
        return _written(getattr(rows[line.number], spec.field))
    return _written(getattr(corrections.performance_row(claim, NOTHING), _ALIASES.get(spec.field, spec.field)))


def _of_module(claim: Claim, line: ClaimLine, name: str) -> Any:  # noqa: ANN401 -- a field of any type
    own = {
        "payer_code": claim.payer_code,
        "price": line.unit_price,
        "code": line.service_code,
        "performer": line.performer,
    }
    return own[name] if name in own else getattr(claim.person, name)


def _written(value: Any) -> str:  # noqa: ANN401 -- a field of any type
    """As a form holds it: days and moments as ISO, amounts with two decimals."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Money):
        return f"{value.decimal():.2f}"
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep="T", timespec="minutes")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else str(value)


def cleaned(one: Field, typed: str) -> str:
    """What a person typed as the step reads it: `640,5` is 640.50, a code without blanks."""
    text = typed.strip()
    if one.spec.kind == "amount":
        return text.replace(" ", "").replace("\u00a0", "").replace(",", ".")
    if one.spec.kind in ("uzovi", "agb", "digits"):
        return text.replace(" ", "")
    return text


def problem(one: Field, typed: str) -> str:
    """Why a value cannot stand in a field, as the key of a word; empty when it can."""
    text = cleaned(one, typed)
    if not text:
        return ""
    if len(text) > max(one.longest, _SHORTEST.get(one.spec.kind, 0)):
        return "too_long"
    if one.numeric and not (text.isascii() and text.isdigit()):
        return "only_digits"
    wrong = _WRONG.get(one.spec.kind)
    if wrong and not wrong[0](text):
        return wrong[1]
    return "not_listed" if one.choices and text not in one.choices else ""


_SHORTEST = {"date": 10, "moment": 16, "time": 5, "amount": 12}
"""How long a value may be written in a form, where the standard writes it shorter."""
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}")


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text)) and len(text) == _SHORTEST["date"]
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text)) and len(text) >= _SHORTEST["moment"]
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text)) and time.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_amount(text: str) -> bool:
    try:
        return money(text, "EUR").minor > 0
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


_WRONG = {
    "date": (_is_day, "not_a_day"),
    "moment": (_is_moment, "not_a_moment"),
    "time": (_is_time, "not_a_time"),
    "amount": (_is_amount, "not_an_amount"),
    "number": (_is_number, "not_a_number"),
    "uzovi": (is_uzovi, "not_an_insurer"),
    "agb": (is_agb, "not_an_agb"),
    "digits": (lambda text: text.isascii() and text.isdigit(), "only_digits"),
}


def changes_in(form: Form, typed: Mapping[str, str], drop: Iterable[int] = ()) -> Changes:
    """What a person changed: fields whose value differs. A masked field that was left empty stays as it is."""
    values: dict[tuple[int, str], str] = {}
    for one in form.fields:
        if one.key not in typed:
            continue
        text = cleaned(one, typed[one.key])
        untouched = not text if one.spec.personal else text == one.value
        if not untouched:
            values[one.line, one.spec.field] = text
    return Changes(values=values, drop=frozenset(drop) & frozenset(form.lines))


def problems_in(form: Form, typed: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with what was typed: the key of a word by field."""
    found = {one.key: problem(one, typed[one.key]) for one in form.fields if one.key in typed}
    return {key: wrong for key, wrong in found.items() if wrong}
