"""Level N5: what fields of one record, of a record and the one above, and of the whole file must agree on.

Sources: BER constraints of GZ321, MZ301 and their sisters (facts 1-5 of each standard's header and records, which are
the same everywhere), VECOZO's GDS801 validation rules where they state the same rule, STB GZ321 on credits. The sets
of rules per record kind are bound to codes (`BED161`), not to element numbers, so that they hold for every standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from schemas.vektis.codec import Record, as_date
from schemas.vektis.field_rules import NO_BSN, is_day
from schemas.vektis.layout import SIGN_LIST, RecordLayout
from schemas.vektis.report import Report, return_code
from schemas.vektis.structure import cents

PAID_TO = {"01": "0109", "02": "0110", "03": "0111", "04": "0112"}
"""0113 says who is paid; that party's code must be filled."""
_REPEATED = ("NUM313", "COD061", "NUM003", "COD695", "DAT001", "NUM395")
_AFTER_INVOICE = {"DAT272": "8176", "DAT001": "8177", "DAT003": "8178"}
_REFERENCES = (("NUM362", "NUM363"), ("NUM371", "NUM372"), ("NUM415", "NUM416"), ("NUM417", "NUM418"))


@dataclass(slots=True)
class Context:
    """What later records are compared with: the header's dates, the record above, references seen so far."""

    report: Report
    on: date | None = None
    line_amount: bool = False
    invoiced: str = ""
    period_ends: str = ""
    to_insurer: bool = False
    above: dict[str, Record] = field(default_factory=dict)
    born: str = ""
    references: dict[str, Record] = field(default_factory=dict)
    credits: list[tuple[str, Record]] = field(default_factory=list)


def check_header(record: Record, context: Context) -> None:
    """Rules within the opening record."""
    report = context.report
    context.invoiced, context.period_ends = record["DAT031"], record["DAT044"]
    context.to_insurer = record.filled("COD061")
    if record.filled("COD805") != record.filled("NUM284"):
        report.add("SOFTWARE-VERSION", record, "NUM284", returns="8166")
    _check_period(record, context)
    payee = PAID_TO.get(record["COD833"])
    if payee and not record.filled(payee):
        report.add("PAYEE", record, "COD833", returns="8029", expected=payee)
    if record.filled("COD181") and not record.filled("COD009"):
        report.add("PRACTITIONER", record, "COD009", returns="0014")
    if record.filled("COD377") and not record["COD377"].startswith("98"):
        report.add("SERVICE-BUREAU", record, "COD377", returns="0013")
    if not any(record.filled(code) for code in ("COD009", "COD181", "COD031")):
        report.add("NO-PROVIDER", record, "COD031", returns="0017")


def _check_period(record: Record, context: Context) -> None:
    begins, ends, invoiced = (_day(record[code]) for code in ("DAT043", "DAT044", "DAT031"))
    if begins and ends and ends < begins:
        context.report.add("PERIOD-ORDER", record, "DAT044", returns="8175")
    if ends and invoiced and invoiced < ends:
        context.report.add("INVOICE-DATE", record, "DAT031")
    if context.on is not None:
        _check_future(record, context)


def _day(raw: str) -> str:
    """The raw date when it exists, empty otherwise; EEJJMMDD compares as text."""
    return raw if as_date(raw) else ""


@cache
def _days(layout: RecordLayout) -> tuple[str, ...]:
    return tuple(one.element for one in layout.fields if is_day(one))


def _check_future(record: Record, context: Context) -> None:
    for element in _days(record.layout):
        day = as_date(record[element])
        if day is not None and context.on is not None and day > context.on:
            context.report.add("FUTURE-DATE", record, element)


def check_record(record: Record, context: Context) -> None:
    """Rules of a detail record: within itself, against the record above, and against the file so far."""
    kind = record.layout.kind
    if kind == "98":
        return
    if context.on is not None:
        _check_future(record, context)
    parent = context.above.get(record.layout.parent)
    if parent is not None:
        _check_repeated(record, parent, context.report)
    if kind == "02":
        _check_insured(record, context)
    elif kind == "03":
        _check_debtor(record, context)
    else:
        _check_line(record, context)
    context.above[kind] = record


@cache
def _shared(child: RecordLayout, parent: RecordLayout) -> tuple[tuple[str, slice, slice], ...]:
    return tuple(
        (code, child.slices[code], parent.slices[code]) for code in _REPEATED if code in child and code in parent
    )


def _check_repeated(record: Record, parent: Record, report: Report) -> None:
    for code, own, theirs in _shared(record.layout, parent.layout):
        if record.text[own] != parent.text[theirs]:
            report.add("PARENT-DIFFERS", record, code, returns=return_code(record.kind, code))


def _check_insured(record: Record, context: Context) -> None:
    report = context.report
    context.born = _day(record["DAT006"])
    if record["NUM313"] == NO_BSN and not record.string("NUM003"):
        report.add("INSURED-NUMBER", record, "NUM003", returns="8101")
    if record["COD134"] in ("0", "9"):
        report.add("SEX", record, "COD134", returns="0351")
    _check_names(record, "NAM191", report)
    dutch, foreign = record.string("COD083"), record.string("COD434")
    country = record.string("COD090")
    if dutch and foreign:
        report.add("POSTCODE-BOTH", record, "COD434")
    if not dutch and country in ("", "NL"):
        report.add("COUNTRY", record, "COD090", returns="0316")


def _check_debtor(record: Record, context: Context) -> None:
    if context.to_insurer:
        context.report.add("DEBTOR-RECORD", record, returns="8075")
    _check_names(record, "NAM215", context.report)


def _check_names(record: Record, second: str, report: Report) -> None:
    if bool(record.string(second)) != record.filled("COD701"):
        report.add("NAME-USE", record, second)


def _check_line(record: Record, context: Context) -> None:
    report = context.report
    signs = _signs(record)
    if context.to_insurer and "COD820" in record and record["COD820"] != "1":
        report.add("FORWARD", record, "COD820", returns="8179")
    _check_line_dates(record, context)
    if "BED161" in record:
        _check_amounts(record, context)
    if len(signs) > 1:
        report.add("MIXED-SIGNS", record, _sign_places(record.layout)[-1][0], returns="8064")
    _check_references(record, context, credit="C" in signs)


def _check_line_dates(record: Record, context: Context) -> None:
    begins = _day(record["DAT001"]) if "DAT001" in record else ""
    ends = _day(record["DAT003"]) if "DAT003" in record else ""
    single = _day(record["DAT272"]) if "DAT272" in record else ""
    first = begins or single
    if begins and ends and ends < begins:
        context.report.add("LINE-DATES", record, "DAT003", returns="8007")
    if first and context.born and first < context.born:
        context.report.add("BIRTH-DATE", record, "DAT001" if begins else "DAT272")
    if max(first, ends) > context.period_ends or max(first, ends) > context.invoiced:
        _check_late(record, {"DAT001": begins, "DAT003": ends, "DAT272": single}, context)


def _check_late(record: Record, days: Mapping[str, str], context: Context) -> None:
    for code, day in days.items():
        if day and _day(context.invoiced) and day > context.invoiced:
            context.report.add("AFTER-INVOICE", record, code, returns=_AFTER_INVOICE[code])
        elif day and _day(context.period_ends) and day > context.period_ends:
            context.report.add("OUTSIDE-PERIOD", record, code)


def _check_amounts(record: Record, context: Context) -> None:
    claimed, calculated = record["BED161"], record.text[record.layout.slices.get("BED153", slice(0))]
    if not (claimed.isdigit() and calculated.isdigit()):
        return
    if int(claimed) > int(calculated):
        told, most = cents(int(claimed)), cents(int(calculated))
        context.report.add("ABOVE-CALCULATED", record, "BED161", returns="8063", value=told, expected=most)
    if context.line_amount:
        _check_product(record, int(claimed), int(calculated), context.report)


def _check_product(record: Record, claimed: int, calculated: int, report: Report) -> None:
    quantity, tariff = record["ANT054"], record["BED160"]
    if not (quantity.isdigit() and tariff.isdigit()):
        return
    product = int(quantity) * int(tariff)
    if product != calculated:
        report.add("AMOUNT", record, "BED153", returns="8032", value=cents(calculated), expected=cents(product))
    if len({bool(claimed), bool(calculated), bool(int(tariff))}) > 1:
        report.add("ZERO-AMOUNT", record, "BED160", returns="9278")


@cache
def _sign_places(layout: RecordLayout) -> tuple[tuple[str, slice], ...]:
    return tuple((one.element, one.at) for one in layout.fields if one.codelist == SIGN_LIST)


def _signs(record: Record) -> set[str]:
    return {record.text[at] for _, at in _sign_places(record.layout)} & {"D", "C"}


@cache
def _reference_codes(layout: RecordLayout) -> tuple[str, str]:
    """The codes of a record's own and previous reference; empty when the kind has none."""
    return next(((own, previous) for own, previous in _REFERENCES if own in layout), ("", ""))


def _check_references(record: Record, context: Context, *, credit: bool) -> None:
    own, previous = _reference_codes(record.layout)
    if not own:
        return
    reference, before = f"{own}:{record.string(own)}", record.string(previous)
    if not reference.endswith(":"):
        first = context.references.setdefault(reference, record)
        if first is not record:
            context.report.add("DUPLICATE-REFERENCE", record, own, returns="8021", expected=str(first.number))
    if credit:
        context.credits.append((f"{own}:{before}", record))
    if credit and not before:
        context.report.add("CREDIT-REFERENCE", record, previous, returns="0651")
    elif before and not credit:
        context.report.add("DEBIT-REFERENCE", record, previous)


def check_whole(context: Context) -> None:
    """Rules over the whole file: a credit never stands beside the debit it reverses."""
    for key, record in context.credits:
        debit = context.references.get(key)
        if debit is not None and "C" not in _signs(debit):
            context.report.add("CREDIT-AND-DEBIT", record, returns="8062", expected=str(debit.number))
