"""Levels N3 and N4 for single values: the form of their type, fixed values, AGB codes, the eleven test of a BSN."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from hub.model.identity import is_agb, is_bsn
from schemas.gds.element import Element
from schemas.gds.language import moment
from schemas.gds.place import Place
from schemas.gds.report import Report
from schemas.gds.tree import Node

_FORMS: Mapping[str, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "EEJJ-MM-DD"),
        "time": (re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"), "UU:MM:SS"),
        "amount": (re.compile(r"[0-9]{1,10}\.[0-9]{2}"), "0.00"),
        "number": (re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,4})?"), "1"),
        "boolean": (re.compile("true|false"), "true | false"),
        "digits": (re.compile(r"[0-9]{1,10}"), "0-9"),
        "party": (re.compile(r"[0-9]{4}|[0-9]{8}"), "9999 | 99999999"),
        "return": (re.compile(r"[0-9]{4}"), "9999"),
        "bsn": (re.compile(r"[0-9]{9}"), "999999999"),
        "agb": (re.compile(r"[0-9]{8}"), "99999999"),
        "uzovi": (re.compile(r"[0-9]{4}"), "9999"),
        "code": (re.compile(r"[^\s]{1,30}"), "A-Z 0-9"),
    }
)
_PARTY: Mapping[str, Callable[[str], bool]] = MappingProxyType({"bsn": is_bsn, "agb": is_agb})


def check_values(place: Place, report: Report) -> None:
    """Judge the values that stand in one class."""
    known = place.known
    for child in place.element.children:
        node = known.get(child.name)
        if node is not None and not node.is_class and not child.children:
            _value(place, child, node, report)


def _value(place: Place, child: Element, node: Node, report: Report) -> None:
    raw = child.text
    if node.type == "text":
        if not raw.strip():
            report.add("EMPTY", place, child)
        elif raw != raw.strip():
            report.add("BLANKS", place, child)
    elif not well_formed(node.type, raw):
        report.add("FORM", place, child, expected=_FORMS[node.type][1])
    else:
        _domain(place, child, node, report)


def _domain(place: Place, child: Element, node: Node, report: Report) -> None:
    if node.values and child.text not in node.values:
        report.add("DOMAIN", place, child, expected=" | ".join(sorted(node.values)))
    judge = _PARTY.get(node.type)
    if judge is not None and not judge(child.text):
        report.add(node.type.upper(), place, child)


@lru_cache(maxsize=8192)
def well_formed(kind: str, raw: str) -> bool:
    """Whether a value has the form of its type; dates and times must exist."""
    form = _FORMS.get(kind)
    if form is None:
        return True
    if form[0].fullmatch(raw) is None:
        return False
    if kind == "date":
        return isinstance(moment(raw), date)
    return kind != "time" or moment(raw) is not None
