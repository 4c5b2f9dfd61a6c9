"""EN 16931 rules BR-DEC: amounts have two decimals at most (BR-DEC-13 and -15 can never fail as officially coded)."""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where, lines, totals
from schemas.peppol.rules.texts import decimals, round_it
from schemas.peppol.rules.view import Nodes, View, find
from schemas.xml import Element


def _rule(rule_id: str, term: str, path: str, where: Where) -> Rule:
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: _short(find(node, path)),
        text=decimals(term),
        hint=round_it(),
        term=term,
        at=path,
    )


def _short(element: Element | None) -> bool:
    """White space after the digits counts too, as it does officially."""
    text = element.text or "" if element is not None else ""
    return len(text.partition(".")[2]) <= 2


def _entries(*, charge: bool, place: str) -> Where:
    return lambda view: view.entries(charge=charge, place=place)


def _subtotals(view: View) -> Nodes:
    return view.subtotals


_ALLOWANCES, _CHARGES = _entries(charge=False, place="document"), _entries(charge=True, place="document")
_LINE_ALLOWANCES, _LINE_CHARGES = _entries(charge=False, place="line"), _entries(charge=True, place="line")

RULES = (
    _rule("BR-DEC-01", "BT-92", "cbc:Amount", _ALLOWANCES),
    _rule("BR-DEC-02", "BT-93", "cbc:BaseAmount", _ALLOWANCES),
    _rule("BR-DEC-05", "BT-99", "cbc:Amount", _CHARGES),
    _rule("BR-DEC-06", "BT-100", "cbc:BaseAmount", _CHARGES),
    _rule("BR-DEC-09", "BT-106", "cbc:LineExtensionAmount", totals),
    _rule("BR-DEC-10", "BT-107", "cbc:AllowanceTotalAmount", totals),
    _rule("BR-DEC-11", "BT-108", "cbc:ChargeTotalAmount", totals),
    _rule("BR-DEC-12", "BT-109", "cbc:TaxExclusiveAmount", totals),
    _rule("BR-DEC-14", "BT-112", "cbc:TaxInclusiveAmount", totals),
    _rule("BR-DEC-16", "BT-113", "cbc:PrepaidAmount", totals),
    _rule("BR-DEC-17", "BT-114", "cbc:PayableRoundingAmount", totals),
    _rule("BR-DEC-18", "BT-115", "cbc:PayableAmount", totals),
    _rule("BR-DEC-19", "BT-116", "cbc:TaxableAmount", _subtotals),
    _rule("BR-DEC-20", "BT-117", "cbc:TaxAmount", _subtotals),
    _rule("BR-DEC-23", "BT-131", "cbc:LineExtensionAmount", lines),
    _rule("BR-DEC-24", "BT-136", "cbc:Amount", _LINE_ALLOWANCES),
    _rule("BR-DEC-25", "BT-137", "cbc:BaseAmount", _LINE_ALLOWANCES),
    _rule("BR-DEC-27", "BT-141", "cbc:Amount", _LINE_CHARGES),
    _rule("BR-DEC-28", "BT-142", "cbc:BaseAmount", _LINE_CHARGES),
)
