"""Levels N3 and N4: the form, obligation and domain of every single field.

Sources: Vektis STB GZ321 5.3 (N: digits, zero filled; AN: left aligned, space filled; reserve blank; BSN 11-proef; AGB
sort and number both not zero; dates EEJJMMDD) and the code lists in `schemas.codelists` that are complete. Each record
kind gets one compiled expression that a faultless record passes at once; only others are taken apart field by field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from hub.model.identity import is_bsn
from schemas.codelists import code_list
from schemas.vektis.build import TYPED
from schemas.vektis.codec import Record, as_date
from schemas.vektis.layout import RESERVED, Field, Layout, RecordLayout
from schemas.vektis.report import Report, return_code

NO_BSN = "999999999"
_AGB = frozenset(
    {"COD009", "COD031", "COD089", "COD181", "COD377", "COD836", "COD864", "COD866", "COD650", "COD877"}
) | {"COD882"}
_POSTCODES = frozenset({"COD083", "COD312"})
_COUNTRIES = frozenset({"COD090", "COD313"})
_FORMER_COUNTRIES = frozenset({"AN", "CS", "YU"})
"""Codes of countries that were left while claims for their inhabitants were still made."""
_NAMES = frozenset({"NAM193", "NAM194", "NAM191", "NAM192", "NAM025", "NAM214", "NAM216", "NAM215", "NAM217", "NAM089"})
"""Names, prefixes and initials of people: at least one letter."""
_VAT_RATES = ("0000", "0600", "0900", "1750", "1900", "2100")
_VAT_NUMBERS = ("NL[0-9]{9}B[0-9]{2}", "[0-9]{9}B[0-9]{2}  ", "(?!NL|XX)[A-Z]{2}[0-9A-Z]{2}[0-9A-Z ]{10}")
_RETURN_CODES = frozenset({"COD954", "COD955", "COD956"})
_MAY_BE_ZERO = frozenset({"NUM030", "NUM098", "NUM001", "NUM309"})
_MANY = 3
"""From how many wrong fields on a record may have been meant for another kind."""
_INK = "[!-~\xa1-\xff]"
_LETTER = "[A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\xff]"
_DAY = "(?:1[6-9]|2[01])[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What one field must be: its shape, whether it must be filled, and the values it may have.

    `says` is the message for a value outside its domain, `allowed` what that message names.
    """

    field: Field
    shape: str
    filled: bool
    domain: str = ""
    says: str = "DOMAIN"
    allowed: str = ""

    @property
    def fast(self) -> str:
        """The whole rule as one expression."""
        demand = f"(?!{re.escape(self.field.blank)})" if self.filled else ""
        return demand + (self.domain or self.shape)


@dataclass(frozen=True, slots=True)
class RecordRules:
    """The rules of one record kind, compiled; `among` is the layout whose other kinds it may have been meant for."""

    matches: Callable[[str], re.Match[str] | None]
    rules: tuple[FieldRule, ...]
    dates: tuple[slice, ...]
    bsn: slice | None
    among: Layout | None = None


def _shape(one: Field) -> str:
    if one.numeric:
        return f"[0-9]{{{one.length}}}"
    return f"(?: {{{one.length}}}|{_INK}{TYPED}{{{one.length - 1}}})"


def _or_blank(one: Field, *choices: str) -> str:
    return f"(?:{'|'.join([*choices, re.escape(one.blank)])})"


def field_rule(one: Field, kind: str) -> FieldRule:
    """The rule of one field, from its code, type, obligation and code list."""
    shape = _shape(one)
    if one.code == RESERVED:
        return FieldRule(one, f" {{{one.length}}}", filled=False, says="RESERVE")
    if one.code == "COD001":
        return FieldRule(one, shape, filled=False, domain=kind, allowed=kind)
    codes, allowed = _listed(one)
    if codes:
        return FieldRule(one, shape, filled=False, domain=codes, allowed=allowed)
    says, domain, allowed = _formed(one)
    return FieldRule(one, shape, filled=_demanded(one), domain=domain, says=says, allowed=allowed)


def _listed(one: Field) -> tuple[str, str]:
    """The expression and the names of the values a field may have; empty when nobody lists them."""
    if one.values:
        return _valued(one), ", ".join(one.values)
    found = code_list(one.codelist) if one.codelist else None
    if found is None or not found.complete:
        return "", ""
    codes = [code for code in found.entries if len(code) == one.length]
    if not codes:
        return "", ""
    escaped = [re.escape(code) for code in codes]
    demanded = one.mandatory == "M"
    return (f"(?:{'|'.join(escaped)})" if demanded else _or_blank(one, *escaped)), ", ".join(codes)


def _valued(one: Field) -> str:
    """The values the table names; text that need not be there may also be blank (a table cannot name blanks)."""
    choices = [re.escape(value.ljust(one.length)) for value in one.values]
    if not one.numeric and one.mandatory != "M":
        choices.append(re.escape(one.blank))
    return f"(?:{'|'.join(choices)})"


def _formed(one: Field) -> tuple[str, str, str]:
    """The message, expression and explanation of a field whose values have a form of their own."""
    if one.code in _AGB:
        return "AGB", _or_blank(one, "(?!00)[0-9]{2}(?!000000)[0-9]{6}"), ""
    if is_day(one):
        return "DATE", _or_blank(one, _DAY), ""
    if one.code in _NAMES:
        return "LETTERLESS", _or_blank(one, f"(?=.{{0,{one.length - 1}}}?{_LETTER}){_shape(one)}"), ""
    return "DOMAIN", *_coded(one)


def _coded(one: Field) -> tuple[str, str]:
    """The expression and explanation of postal, country and return codes, and of what says something about VAT."""
    if one.code in _POSTCODES:
        return _or_blank(one, "[1-9][0-9]{3}[A-Z]{2}"), "1234AB"
    if one.code in _COUNTRIES:
        return _or_blank(one, *sorted(_countries())), "ISO 3166"
    if one.code in _RETURN_CODES:
        return _or_blank(one, "[0-9]{4}"), "COD954"
    return _taxed(one)


def _taxed(one: Field) -> tuple[str, str]:
    """The expression and explanation of a VAT rate (hundredths of a per cent) or number; empty for other fields."""
    if one.code == "NUM352" and one.length == len(_VAT_RATES[0]):
        return f"(?:{'|'.join(_VAT_RATES)})", ", ".join(_VAT_RATES)
    if one.code == "NUM351" and one.length == 14:
        return _or_blank(one, *_VAT_NUMBERS), "NL000000000B00"
    return "", ""


@cache
def _countries() -> frozenset[str]:
    found = code_list("ISO3166")
    return _FORMER_COUNTRIES | (frozenset(found.entries) if found else frozenset())


def is_day(one: Field) -> bool:
    """Whether the field holds a date."""
    return one.code.startswith("DAT") and one.length == 8


def _demanded(one: Field) -> bool:
    """Whether zeros or spaces are an error: amounts, counts of the closing record and house numbers may be zero."""
    if one.mandatory != "M" or one.code in _MAY_BE_ZERO or one.code.startswith("BED"):
        return False
    return not (one.code.startswith("ANT") and one.element.startswith("99"))


@cache
def _compiled(record: RecordLayout, tail: int) -> RecordRules:
    """The rules of a record kind; in a response only what it adds to the claim's record (`tail` onwards) is judged."""
    judged = tuple(one for one in record.fields if one.start >= tail)
    rules = tuple(field_rule(one, record.kind) for one in judged)
    skipped = f".{{{judged[0].start - 1}}}" if judged else f".{{{record.length}}}"
    bsn = next((one.at for one in judged if one.code == "NUM313"), None)
    return RecordRules(
        matches=re.compile(skipped + "".join(rule.fast for rule in rules), re.DOTALL).fullmatch,
        rules=rules,
        dates=tuple(rule.field.at for rule in rules if is_day(rule.field)),
        bsn=bsn,
    )


def well_formed(one: Field, kind: str) -> Callable[[str], object]:
    """A judge of one field's value by itself: form, obligation, domain, and for a BSN its check digit."""
    matches = re.compile(field_rule(one, kind).fast, re.DOTALL).fullmatch
    if one.code != "NUM313":
        return matches
    return lambda raw: matches(raw) and (raw == NO_BSN or is_bsn(raw))


def likely(text: str, layout: Layout) -> RecordLayout | None:
    """The record kind whose fields a record of an unknown kind fits best; None when its length fits none."""
    best, most = None, 0
    for one in layout.records.values():
        if one.length == len(text):
            rules = _compiled(one, 0).rules[1:]
            fits = sum(not _wrong(rule, text[rule.field.at]) for rule in rules) / max(len(rules), 1)
            best, most = (one, int(fits * 1000)) if int(fits * 1000) > most else (best, most)
    return best


def rules_of(layout: Layout, *, whole: bool = False) -> dict[str, RecordRules]:
    """The compiled rules of every record kind: in a response only of what it adds, unless the `whole` is asked for.

    The closing record of a response is wholly its own.
    """
    among = None if layout.is_response else layout
    return {
        kind: replace(_compiled(one, 0 if whole or kind == "99" else layout.tail), among=among)
        for kind, one in layout.records.items()
    }


def check_fields(record: Record, rules: RecordRules, report: Report, known_bsn: str = "") -> None:
    """Add what is wrong with the fields of one record; `known_bsn` was judged before, on the record above."""
    text = record.text
    if not rules.matches(text) or not _days_exist(text, rules.dates):
        wrong = [(rule, key) for rule in rules.rules if (key := _wrong(rule, text[rule.field.at]))]
        meant = _meant(record, rules.among) if len(wrong) >= _MANY else None
        if meant is not None:
            shown = replace(record, layout=meant)
            report.add("WRONG-KIND", shown, "COD001", returns="0002", expected=meant.kind)
            return
        for rule, key in wrong:
            one = rule.field
            report.add(key, record, one.element, returns=return_code(record.kind, one.code), expected=rule.allowed)
    if rules.bsn is not None:
        _check_bsn(record, text[rules.bsn], known_bsn, report)


def _days_exist(text: str, dates: tuple[slice, ...]) -> bool:
    return all(as_date(raw) is not None or not raw.strip("0") for raw in map(text.__getitem__, dates))


def _meant(record: Record, layout: Layout | None) -> RecordLayout | None:
    """The other kind whose fields a record has without a fault: then only its kind is wrong."""
    if layout is None or record.layout.kind != record.kind:
        return None
    best = likely(record.text, layout)
    if best is None or best.kind == record.kind:
        return None
    faultless = all(not _wrong(rule, record.text[rule.field.at]) for rule in _compiled(best, 0).rules[1:])
    return best if faultless else None


def _wrong(rule: FieldRule, raw: str) -> str:
    """The message that fits the first thing wrong with a value, empty when nothing is."""
    if not re.fullmatch(rule.shape, raw):
        return "RESERVE" if rule.says == "RESERVE" else "FORMAT"
    if rule.filled and raw == rule.field.blank:
        return "MISSING"
    if rule.domain and not re.fullmatch(rule.domain, raw):
        return rule.says
    if is_day(rule.field) and raw != rule.field.blank and as_date(raw) is None:
        return "DATE"
    return ""


def _check_bsn(record: Record, raw: str, known: str, report: Report) -> None:
    if raw in (known, NO_BSN) or not raw.strip("0") or not raw.isdigit() or is_bsn(raw):
        return
    report.add("BSN", record, "NUM313", returns=return_code(record.kind, "NUM313"))
