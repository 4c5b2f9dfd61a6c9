"""EN 16931 rules on sums: BR-45 to BR-48, BR-CO-10 to BR-CO-17. Exact, except VAT per rate (one unit either way)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import root, totals
from schemas.peppol.rules.texts import fill, missing, recount, said, unequal
from schemas.peppol.rules.view import (
    Nodes,
    View,
    added,
    amount,
    cents,
    every,
    find,
    has,
    is_vat,
    parent,
    whole,
    words,
)
from schemas.xml import Element

Right = Callable[[Element, View], Decimal | None]
_ZERO = Decimal(0)


def _sum(rule_id: str, term: str, path: str, formula: str, right: Right) -> Rule:
    """A total that must be there and equal what `right` computes."""
    return Rule(
        id=rule_id,
        where=totals,
        holds=lambda node, view: _same(amount(node, path), right(node, view)),
        text=unequal(term, formula),
        hint=recount(),
        term=term,
        at=path,
        expected=lambda node, view: _shown(right(node, view)),
    )


def _same(left: Decimal | None, right: Decimal | None) -> bool:
    return left is not None and right is not None and left == right


def _shown(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


def _lines(_: Element, view: View) -> Decimal:
    return cents(added(view.lines, "cbc:LineExtensionAmount"))


def _entries(node: Element, *, charge: bool) -> Nodes:
    accepted = ("true", "1") if charge else ("false", "0")
    found = every(parent(node), "cac:AllowanceCharge")
    return [one for one in found if words(one, "cbc:ChargeIndicator") in accepted]


def _entry_sum(rule_id: str, term: str, path: str, formula: str, *, charge: bool) -> Rule:
    """A total of allowances or charges: equal to their sum, or absent when there are none."""

    def right(node: Element, _: View) -> Decimal:
        return cents(added(_entries(node, charge=charge), "cbc:Amount"))

    def holds(node: Element, view: View) -> bool:
        absent = not has(node, path) and not _entries(node, charge=charge)
        return absent or _same(amount(node, path), right(node, view))

    return Rule(
        id=rule_id,
        where=totals,
        holds=holds,
        text=unequal(term, formula),
        hint=recount(),
        term=term,
        at=path,
        expected=lambda node, view: _shown(right(node, view)),
    )


def _exclusive(node: Element, _: View) -> Decimal | None:
    net = amount(node, "cbc:LineExtensionAmount")
    charges, allowances = amount(node, "cbc:ChargeTotalAmount"), amount(node, "cbc:AllowanceTotalAmount")
    if net is None or (charges is None and allowances is None):
        return net
    return cents(net + (charges or _ZERO) - (allowances or _ZERO))


def _document_tax(node: Element, currency: str) -> list[Decimal]:
    found = every(node, "cac:TaxTotal/cbc:TaxAmount")
    return [added([one]) for one in found if one.get("currencyID") == currency]


def _inclusive(node: Element, _: View) -> Decimal | None:
    currency = find(node, "cbc:DocumentCurrencyCode")
    taxes = _document_tax(node, (currency.text or "") if currency is not None else "")
    exclusive = amount(node, "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount")
    return cents(exclusive + taxes[0]) if exclusive is not None and len(taxes) == 1 else None


def _inclusive_holds(node: Element, view: View) -> bool:
    if not has(node, "cbc:DocumentCurrencyCode"):
        return True
    return _same(amount(node, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"), _inclusive(node, view))


def _payable(node: Element, _: View) -> Decimal | None:
    inclusive, prepaid = amount(node, "cbc:TaxInclusiveAmount"), amount(node, "cbc:PrepaidAmount")
    if inclusive is None:
        return None
    due = inclusive if prepaid is None else cents(inclusive - prepaid)
    return due + (amount(node, "cbc:PayableRoundingAmount") or _ZERO)


def _payable_holds(node: Element, view: View) -> bool:
    payable, rounding = amount(node, "cbc:PayableAmount"), amount(node, "cbc:PayableRoundingAmount")
    right = _payable(node, view)
    if payable is None or right is None:
        return False
    return payable == right if rounding is None else cents(payable - rounding) == right - rounding


def _tax_totals(view: View) -> Nodes:
    return every(view.root, "cac:TaxTotal")


def _broken_down(node: Element, _: View) -> Decimal:
    return cents(added(every(node, "cac:TaxSubtotal"), "cbc:TaxAmount"))


def _breakdown_holds(node: Element, view: View) -> bool:
    return not has(node, "cac:TaxSubtotal") or _same(amount(node, "cbc:TaxAmount"), _broken_down(node, view))


def _categories(node: Element) -> Nodes:
    return [one for one in every(node, "cac:TaxCategory") if is_vat(one)]


def tax_close(taxable: Decimal | None, rate: Decimal, tax: Decimal | None) -> bool:
    """Whether a VAT amount is within one unit of base times rate, whatever the signs (as the official rule has it)."""
    if taxable is None or tax is None:
        return False
    right = cents(abs(taxable) * rate / 100)
    return abs(tax) - 1 < right < abs(tax) + 1


def _rate_holds(node: Element, _: View) -> bool:
    tax = amount(node, "cbc:TaxAmount")
    rate = next((amount(one, "cbc:Percent") for one in _categories(node)), None)
    if rate is None or whole(rate) == 0:
        return tax is not None and whole(tax) == 0
    return tax_close(amount(node, "cbc:TaxableAmount"), rate, tax)


def _rate_right(node: Element, _: View) -> str:
    taxable = amount(node, "cbc:TaxableAmount")
    rate = next((amount(one, "cbc:Percent") for one in _categories(node)), None)
    return "" if taxable is None else _shown(cents(taxable * (rate or _ZERO) / 100))


def _has_category(node: Element, _: View) -> bool:
    return any(has(one, "cbc:ID") for one in _categories(node))


def _has_rate(node: Element, _: View) -> bool:
    return any(has(one, "cbc:Percent") or words(one, "cbc:ID") == "O" for one in _categories(node))


def _subtotal(rule_id: str, term: str, path: str, holds: Callable[[Element, View], bool]) -> Rule:
    return Rule(
        id=rule_id,
        where=lambda view: view.subtotals,
        holds=holds,
        text=missing(term),
        hint=fill(path),
        term=term,
    )


RULES = (
    _subtotal("BR-45", "BT-116", "cbc:TaxableAmount", lambda node, _: has(node, "cbc:TaxableAmount")),
    _subtotal("BR-46", "BT-117", "cbc:TaxAmount", lambda node, _: has(node, "cbc:TaxAmount")),
    _subtotal("BR-47", "BT-118", "cac:TaxCategory/cbc:ID (cac:TaxScheme/cbc:ID = VAT)", _has_category),
    _subtotal("BR-48", "BT-119", "cac:TaxCategory/cbc:Percent", _has_rate),
    _sum("BR-CO-10", "BT-106", "cbc:LineExtensionAmount", "Σ BT-131", _lines),
    _entry_sum("BR-CO-11", "BT-107", "cbc:AllowanceTotalAmount", "Σ BT-92", charge=False),
    _entry_sum("BR-CO-12", "BT-108", "cbc:ChargeTotalAmount", "Σ BT-99", charge=True),
    _sum("BR-CO-13", "BT-109", "cbc:TaxExclusiveAmount", "BT-106 - BT-107 + BT-108", _exclusive),
    Rule(
        id="BR-CO-14",
        where=_tax_totals,
        holds=_breakdown_holds,
        text=unequal("BT-110", "Σ BT-117"),
        hint=recount(),
        term="BT-110",
        at="cbc:TaxAmount",
        expected=lambda node, view: _shown(_broken_down(node, view)),
    ),
    Rule(
        id="BR-CO-15",
        where=root,
        holds=_inclusive_holds,
        text=unequal("BT-112", "BT-109 + BT-110"),
        hint=recount(),
        term="BT-112",
        at="cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
        expected=lambda node, view: _shown(_inclusive(node, view)),
    ),
    Rule(
        id="BR-CO-16",
        where=totals,
        holds=_payable_holds,
        text=unequal("BT-115", "BT-112 - BT-113 + BT-114"),
        hint=recount(),
        term="BT-115",
        at="cbc:PayableAmount",
        expected=lambda node, view: _shown(_payable(node, view)),
    ),
    Rule(
        id="BR-CO-17",
        where=lambda view: view.subtotals,
        holds=_rate_holds,
        text=said(
            "The VAT amount (BT-117) is not the taxable amount (BT-116) times the rate (BT-119).",
            "Avgiftsbeløpet (BT-117) er ikke grunnlaget (BT-116) ganger satsen (BT-119).",
            "Het btw-bedrag (BT-117) is niet het belastbare bedrag (BT-116) maal het tarief (BT-119).",
        ),
        hint=recount(),
        term="BT-117",
        at="cbc:TaxAmount",
        expected=_rate_right,
    ),
)
