"""EN 16931 rules BR-DEC: amounts have two decimals at most (BR-DEC-13 and -15 can never fail as officially coded)."""

from __future__ import annotations

from collections.abc import Callable

from schemas.peppol.rules.core import Everywhere, Rule
from schemas.peppol.rules.make import entries, everywhere
from schemas.peppol.rules.set_2026_5.ubl_datatypes import few_decimals, none_long, rounded
from schemas.peppol.rules.texts import decimals, round_it
from schemas.peppol.rules.view import View, every, find


def _rule(rule_id: str, term: str, *paths: str) -> Rule:
    where = everywhere(*paths)
    return Rule(
        id=rule_id,
        where=where,
        fits=few_decimals,
        sure=_all_short(where),
        text=decimals(term),
        hint=round_it(),
        term=term,
        at=".",
        expected=lambda node, _: rounded(node),
    )


def _all_short(where: Everywhere) -> Callable[[View], bool]:
    """A proof: all amounts of the document are short, or all these."""
    return lambda view: view.once(none_long) or all(map(few_decimals, where.texts(view)))


def _entry(rule_id: str, term: str, path: str, *, charge: bool, place: str) -> Rule:
    where = entries(charge=charge, place=place)
    below = everywhere(*(f"{each}/{path}" for each in where.paths))
    return Rule(
        id=rule_id,
        where=where,
        holds=lambda node, _: all(few_decimals(one.text or "") for one in every(node, path)),
        sure=_all_short(below),
        text=decimals(term),
        hint=round_it(),
        term=term,
        at=path,
        expected=lambda node, _: rounded(find(node, path)),
    )


_TOTALS, _SUBTOTAL = "cac:LegalMonetaryTotal", "cac:TaxTotal/cac:TaxSubtotal"
_LINE_NETS = ("cac:InvoiceLine/cbc:LineExtensionAmount", "cac:CreditNoteLine/cbc:LineExtensionAmount")

RULES = (
    _entry("BR-DEC-01", "BT-92", "cbc:Amount", charge=False, place="document"),
    _entry("BR-DEC-02", "BT-93", "cbc:BaseAmount", charge=False, place="document"),
    _entry("BR-DEC-05", "BT-99", "cbc:Amount", charge=True, place="document"),
    _entry("BR-DEC-06", "BT-100", "cbc:BaseAmount", charge=True, place="document"),
    _rule("BR-DEC-09", "BT-106", f"{_TOTALS}/cbc:LineExtensionAmount"),
    _rule("BR-DEC-10", "BT-107", f"{_TOTALS}/cbc:AllowanceTotalAmount"),
    _rule("BR-DEC-11", "BT-108", f"{_TOTALS}/cbc:ChargeTotalAmount"),
    _rule("BR-DEC-12", "BT-109", f"{_TOTALS}/cbc:TaxExclusiveAmount"),
    _rule("BR-DEC-14", "BT-112", f"{_TOTALS}/cbc:TaxInclusiveAmount"),
    _rule("BR-DEC-16", "BT-113", f"{_TOTALS}/cbc:PrepaidAmount"),
    _rule("BR-DEC-17", "BT-114", f"{_TOTALS}/cbc:PayableRoundingAmount"),
    _rule("BR-DEC-18", "BT-115", f"{_TOTALS}/cbc:PayableAmount"),
    _rule("BR-DEC-19", "BT-116", f"{_SUBTOTAL}/cbc:TaxableAmount"),
    _rule("BR-DEC-20", "BT-117", f"{_SUBTOTAL}/cbc:TaxAmount"),
    _rule("BR-DEC-23", "BT-131", *_LINE_NETS),
    _entry("BR-DEC-24", "BT-136", "cbc:Amount", charge=False, place="line"),
    _entry("BR-DEC-25", "BT-137", "cbc:BaseAmount", charge=False, place="line"),
    _entry("BR-DEC-27", "BT-141", "cbc:Amount", charge=True, place="line"),
    _entry("BR-DEC-28", "BT-142", "cbc:BaseAmount", charge=True, place="line"),
)
