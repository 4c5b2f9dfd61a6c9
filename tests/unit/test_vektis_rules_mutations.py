"""Every element of every layout spoiled in every way a level forbids: the finding stands at that very element.

The clean files are made from the tables alone, so a new table is put to the same test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.model.finding import blocking
from schemas.codelists import code_list
from schemas.vektis import build, check_file
from schemas.vektis.codec import VektisFile, as_date
from schemas.vektis.field_rules import FieldRule, is_day, rules_of
from schemas.vektis.layout import RESERVED, UNKNOWN, Field, Layout, layouts
from schemas.vektis.structure import ALL_DETAILS, COUNTS

DEFAULTS = {
    "COD856": "T", "COD031": "54540051", "COD009": "", "COD833": "04", "DAT043": "20230101", "DAT044": "20230131",
    "DAT031": "20230201", "DAT277": "20230301", "COD363": "EUR", "COD061": "7119", "NUM313": "999911247",
    "DAT006": "19800101", "DAT264": "19800101", "COD134": "1", "COD446": "1", "COD700": "1", "COD829": "1", "COD841": "2",
    "COD083": "1234AB", "NUM030": "1", "NUM352": "0000", "COD820": "1", "COD150": "1", "DAT001": "20230110",
    "DAT003": "20230112", "DAT272": "20230110", "DAT282": "20230110", "DAT283": "20230110", "DAT298": "20230110",
    "DAT299": "20230112", "DAT315": "20230110", "DAT316": "20230110", "DAT317": "20230110", "DAT318": "20230112",
    "ANT054": "1", "BED160": "1000", "BED153": "1000", "BED161": "1000", "BED170": "1000", "COD327": "05",
    "COD316": "DEB1", "COD876": "act_9.1", "COD312": "1234AB", "BED166": "1000", "BED165": "1000",
    "BED025": "1000", "BED167": "1000", "BED168": "1000",
}  # fmt: skip
"""What a field holds when the rules ask for something its own form does not tell."""
PER_STANDARD = {
    "GZ321": {
        "DAT001": "20140101", "COD367": "063", "COD692": "063", "COD029": "15", "COD695": "180005", "COD334": "180005",
        "COD864": "03029353", "COD865": "9954", "COD881": "01", "ANT305": "30", "ANT302": "30", "DAT298": "20140101",
        "COD879": "01", "COD877": "03029353", "DAT317": "20230101",
    },
    "GZ311": {"COD029": "02", "COD973": "A1", "COD334": "A1", "COD692": "050", "COD367": "050"},
    "AP304 7.2": {"COD367": "001", "BED153": "", "COD668": ""},
    "MZ301": {"COD367": "010", "COD089": "12000001"},
    "ZH308": {"COD367": "041", "COD692": "041", "COD089": "03000001"},
    "AW319": {"COD367": "055", "COD002": "187"},
}  # fmt: skip
NOT_HERE = {"GZ321": ("16",)}
"""Kinds that cannot stand under the performance that is made here; the GGZ rules have a test file of their own."""
UNIQUE = frozenset({"NUM362", "NUM371", "NUM415", "NUM417"})


def kinds_of(layout: Layout) -> list[str]:
    last = ("98", "99")
    detail = [one for one in layout.records if one not in (*last, *NOT_HERE.get(layout.standard, ()))]
    return [*detail, *(one for one in last if one in layout.records)]


def announced(layout: Layout, kind: str, number: int) -> dict[str, str]:
    """The values that follow from what the record is."""
    major, _, minor = layout.version.partition(".")
    return {
        "COD001": kind,
        "COD002": layout.ei_codes[0] if layout.ei_codes else "",
        "NUM001": major.zfill(2),
        "NUM309": minor.replace("x", "1").zfill(2),
        "NUM109": "1",
        "NUM040": str(number),
    }


def value_of(layout: Layout, kind: str, rule: FieldRule, number: int) -> str:
    """A value that suits a field: what the tables allow, what the rules ask, or something of its form."""
    one = rule.field
    named = f"{layout.standard} {layout.version}"
    own = (
        DEFAULTS | PER_STANDARD.get(layout.standard, {}) | PER_STANDARD.get(named, {}) | announced(layout, kind, number)
    )
    if one.code == "COD061" and kind == "01" and "03" in layout.records:
        return ""
    if one.code in own:
        return own[one.code]
    if one.codelist.startswith("COD043"):
        return "D"
    if one.values and (one.numeric or one.mandatory == "M"):
        return one.values[0]
    return formed(one, rule, number) if one.mandatory == "M" and one.code != RESERVED else ""


def formed(one: Field, rule: FieldRule, number: int) -> str:
    found = code_list(one.codelist) if one.codelist else None
    listed = [code for code in found.entries if len(code) == one.length][:1] if found else []
    for tried in [] if one.code in UNIQUE else [*listed, "20230110", "03029353", "1", "A"]:
        text = tried.rjust(one.length, "0") if one.numeric else tried.ljust(one.length)
        if re.fullmatch(rule.fast, text) and (not is_day(one) or as_date(text)):
            return tried
    return f"R{number}"[: one.length]


def clean(layout: Layout) -> VektisFile:
    """A faultless file with one record of every kind, made from the table."""
    kinds, records, number = kinds_of(layout), [], 0
    counts = {code: str(kinds.count(kind)) for code, kind in COUNTS.items()}
    counts |= dict.fromkeys(ALL_DETAILS, str(len(kinds) - 2))
    for place, kind in enumerate(kinds, 1):
        number += kind not in ("01", "98", "99")
        rules = rules_of(layout, whole=True)[kind].rules[1:]
        values = {one.field.element: counts.get(one.field.code) or value_of(layout, kind, one, number) for one in rules}
        records.append(build(layout, kind, values, place))
    return VektisFile(layout, tuple(records))


def spoilt(rule: FieldRule) -> Iterator[str]:
    """Values a field cannot have: letters in a number, blanks, zeros, no such date, code or AGB code."""
    one = rule.field
    if one.code == RESERVED:
        yield "0" * one.length
    elif one.numeric:
        yield from ("X" * one.length, " " * one.length)
    elif one.length > 1:
        yield " " + "X" * (one.length - 1)
    if rule.filled or (rule.domain and not re.fullmatch(rule.domain, one.blank)):
        yield one.blank
    if is_day(one):
        yield from ("20149931", "99999999", "01012014")
    if rule.says == "AGB":
        yield from ("00999999", "98000000")
    if rule.says == "LETTERLESS" and one.length > 1:
        yield "0" * one.length
    if rule.allowed and one.code not in ("NUM313", "COD134", "COD446"):
        digits = ("9", "7", "5") if one.numeric else ("X", "#")
        yield next(value for value in (digit * one.length for digit in digits) if not re.fullmatch(rule.domain, value))


def with_raw(file: VektisFile, place: int, one: Field, raw: str) -> VektisFile:
    """The file with one field as it would stand in the bytes, which the writer would refuse to make."""
    record = file.records[place]
    text = record.text[: one.start - 1] + raw + record.text[one.end :]
    layout = file.layout.records.get(text[:2], UNKNOWN)
    return VektisFile(
        file.layout, (*file.records[:place], replace(record, text=text, layout=layout), *file.records[place + 1 :])
    )


EVERY = pytest.mark.parametrize("layout", layouts(), ids=lambda one: one.format)


@EVERY
def test_a_file_made_from_the_table_is_clean(layout: Layout) -> None:
    assert check_file(clean(layout)) == []


@EVERY
def test_every_element_is_named_when_it_is_spoilt(layout: Layout) -> None:
    file = clean(layout)
    rules = rules_of(layout)
    missed = []
    for place, record in enumerate(file.records):
        for rule in rules[record.layout.kind].rules:
            one = rule.field
            for raw in spoilt(rule):
                if raw == record.text[one.at]:
                    continue
                found = blocking(check_file(with_raw(file, place, one, raw)))
                if not any(it.element == one.element and it.record == place + 1 for it in found):
                    missed.append((one.element, one.code, raw))
    assert missed == []
