"""EN 16931 rules on sums: BR-45 to BR-48, BR-CO-10 to BR-CO-17. Exact, except VAT per rate (one unit either way)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere, present, root, totals
from schemas.peppol.rules.set_2026_5.categories import uses
from schemas.peppol.rules.texts import fill, missing, recount, said, unequal
from schemas.peppol.rules.view import (
    LINES,
    Nodes,
    View,
    added,
    amount,
    cents,
    every,
    has,
    is_vat,
    parent,
    shown,
    whole,
    words,
)
from schemas.xml import Element, text_of

Read = Callable[[str], Decimal | None]
"""Reads the number at a path below the totals."""
Right = Callable[[Read, View], Decimal | None]
_ZERO = Decimal(0)
_INDICATED = MappingProxyType({True: ("true", "1"), False: ("false", "0")})
_AMOUNTS = tuple(
    f"cbc:{name}Amount"
    for name in (
        "LineExtension",
        "TaxExclusive",
        "TaxInclusive",
        "AllowanceTotal",
        "ChargeTotal",
        "Prepaid",
        "PayableRounding",
        "Payable",
    )
)
_TOTALS = "/cac:LegalMonetaryTotal"
_PARTS = "/cac:TaxTotal/cac:TaxSubtotal"
_NETS = tuple(f"{kind[1:]}/cbc:LineExtensionAmount" for kind in LINES)


def _sum(rule_id: str, term: str, path: str, formula: str, right: Right) -> Rule:
    """A total that must be there and equal what `right` computes."""
    return Rule(
        id=rule_id,
        where=totals,
        holds=lambda node, view: _same(amount(node, path), right(_below(node), view)),
        sure=lambda view: _same(_only_totals(view)(path), right(_only_totals(view), view)),
        text=unequal(term, formula),
        hint=recount(),
        term=term,
        at=path,
        expected=lambda node, view: shown(right(_below(node), view)),
    )


def _below(node: Element) -> Read:
    return lambda path: amount(node, path)


def _only_totals(view: View) -> Read:
    """The totals of a document that has them once, and each amount once; for proofs, which anything else ends."""
    return view.once(_totals)


def _totals(view: View) -> Read:
    (spot,) = view.spots_at("cac:LegalMonetaryTotal")
    (_,) = spot.nodes
    if spot.path != _TOTALS:
        raise LookupError(spot.path)
    found = {path: view.only(f"{_TOTALS}/{path}") for path in _AMOUNTS}
    # numbers only: what is kept with the view must not hold the view, or it would outlive the document
    return {path: None if node is None else view.number(node) for path, node in found.items()}.get


def _same(left: Decimal | None, right: Decimal | None) -> bool:
    return left is not None and right is not None and left == right


def _lines(_: Read, view: View) -> Decimal:
    return cents(sum((view.number(node) for node in view.all(*_NETS)), _ZERO))


def _entries(node: Element, *, charge: bool) -> Nodes:
    accepted = _INDICATED[charge]
    found = every(parent(node), "cac:AllowanceCharge")
    return [one for one in found if words(one, "cbc:ChargeIndicator") in accepted]


def _entry_sum(rule_id: str, term: str, path: str, formula: str, *, charge: bool) -> Rule:
    """A total of allowances or charges: equal to their sum, or absent when there are none."""

    def right(node: Element, _: View) -> Decimal:
        return cents(added(_entries(node, charge=charge), "cbc:Amount"))

    def holds(node: Element, view: View) -> bool:
        absent = not has(node, path) and not _entries(node, charge=charge)
        return absent or _same(amount(node, path), right(node, view))

    def sure(view: View) -> bool:
        return _same(_only_totals(view)(path), _entry_total(view, charge=charge))

    return Rule(
        id=rule_id,
        where=totals,
        holds=holds,
        sure=sure,
        text=unequal(term, formula),
        hint=recount(),
        term=term,
        at=path,
        expected=lambda node, view: shown(right(node, view)),
    )


def _entry_total(view: View, *, charge: bool) -> Decimal:
    """As the sum of `_entries` of the root."""
    accepted, place = _INDICATED[charge], "/cac:AllowanceCharge"
    said, amounts = view.column(place, "cbc:ChargeIndicator"), view.numbers(place, "cbc:Amount")
    found = (much for one, much in zip(said, amounts, strict=True) if much is not None and text_of(one) in accepted)
    return cents(sum(found, _ZERO))


def _exclusive(read: Read, _: View) -> Decimal | None:
    net = read("cbc:LineExtensionAmount")
    charges, allowances = read("cbc:ChargeTotalAmount"), read("cbc:AllowanceTotalAmount")
    if net is None or (charges is None and allowances is None):
        return net
    return cents(net + (charges or _ZERO) - (allowances or _ZERO))


def _document_tax(view: View, currency: str) -> list[Decimal]:
    found = view.all("/cac:TaxTotal/cbc:TaxAmount")
    return [view.number(one) for one in found if one.get("currencyID") == currency]


def _inclusive(_: Element, view: View) -> Decimal | None:
    currency = view.first("/cbc:DocumentCurrencyCode")
    taxes = _document_tax(view, (currency.text or "") if currency is not None else "")
    exclusive = view.amount(f"{_TOTALS}/cbc:TaxExclusiveAmount")
    return cents(exclusive + taxes[0]) if exclusive is not None and len(taxes) == 1 else None


def _inclusive_holds(node: Element, view: View) -> bool:
    if not view.all("/cbc:DocumentCurrencyCode"):
        return True
    return _same(view.amount(f"{_TOTALS}/cbc:TaxInclusiveAmount"), _inclusive(node, view))


def _payable(read: Read) -> Decimal | None:
    inclusive, prepaid = read("cbc:TaxInclusiveAmount"), read("cbc:PrepaidAmount")
    if inclusive is None:
        return None
    due = inclusive if prepaid is None else cents(inclusive - prepaid)
    return due + (read("cbc:PayableRoundingAmount") or _ZERO)


def _payable_holds(read: Read) -> bool:
    payable, rounding = read("cbc:PayableAmount"), read("cbc:PayableRoundingAmount")
    right = _payable(read)
    if payable is None or right is None:
        return False
    return payable == right if rounding is None else cents(payable - rounding) == right - rounding


def _broken_down(node: Element, _: View) -> Decimal:
    return cents(added(every(node, "cac:TaxSubtotal"), "cbc:TaxAmount"))


def _breakdown_holds(node: Element, view: View) -> bool:
    return not has(node, "cac:TaxSubtotal") or _same(amount(node, "cbc:TaxAmount"), _broken_down(node, view))


def _all_breakdowns_hold(view: View) -> bool:
    """A proof for one total with a breakdown."""
    view.only("/cac:TaxTotal")
    parts = (tax for tax in view.numbers(_PARTS, "cbc:TaxAmount") if tax is not None)
    return _same(view.amount("/cac:TaxTotal/cbc:TaxAmount"), cents(sum(parts, _ZERO)))


_BREAKDOWN = everywhere("cac:TaxTotal/cac:TaxSubtotal")


def _categories(node: Element) -> Nodes:
    return [one for one in every(node, "cac:TaxCategory") if is_vat(one)]


def _one_each(view: View) -> bool:
    """Whether every part of the breakdown has exactly one category, of VAT and with a code."""
    found = [use for uses_of_code in uses(view).breakdown.values() for use in uses_of_code]
    spots = view.spots_at("cac:TaxTotal/cac:TaxSubtotal")
    counted = all(spot.all_hold("cac:TaxCategory") for spot in spots) and len(found) == len(view.subtotals)
    return counted and all(use.vat and use.code for use in found)


def _all_rated(view: View) -> bool:
    breakdown = uses(view).breakdown
    return _one_each(view) and all(
        use.percent is not None or code == "O" for code, found in breakdown.items() for use in found
    )


def _all_rates_hold(view: View) -> bool:
    return _one_each(view) and all(
        _tax_right(taxable, rate, tax)
        for spot in view.spots_at("cac:TaxTotal/cac:TaxSubtotal")
        for taxable, rate, tax in zip(
            view.numbers(spot.path, "cbc:TaxableAmount"),
            view.numbers(spot.path, "cac:TaxCategory/cbc:Percent"),
            view.numbers(spot.path, "cbc:TaxAmount"),
            strict=True,
        )
    )


def tax_close(taxable: Decimal | None, rate: Decimal, tax: Decimal | None) -> bool:
    """Whether a VAT amount is within one unit of base times rate, whatever the signs (as the official rule has it)."""
    if taxable is None or tax is None:
        return False
    right = cents(abs(taxable) * rate / 100)
    return abs(tax) - 1 < right < abs(tax) + 1


def _rate_holds(node: Element, _: View) -> bool:
    rate = next((amount(one, "cbc:Percent") for one in _categories(node)), None)
    return _tax_right(amount(node, "cbc:TaxableAmount"), rate, amount(node, "cbc:TaxAmount"))


def _tax_right(taxable: Decimal | None, rate: Decimal | None, tax: Decimal | None) -> bool:
    if rate is None or whole(rate) == 0:
        return tax is not None and whole(tax) == 0
    return tax_close(taxable, rate, tax)


def _rate_right(node: Element, _: View) -> str:
    taxable = amount(node, "cbc:TaxableAmount")
    rate = next((amount(one, "cbc:Percent") for one in _categories(node)), None)
    return "" if taxable is None else shown(cents(taxable * (rate or _ZERO) / 100))


def _has_category(node: Element, _: View) -> bool:
    return any(has(one, "cbc:ID") for one in _categories(node))


def _has_rate(node: Element, _: View) -> bool:
    return any(has(one, "cbc:Percent") or words(one, "cbc:ID") == "O" for one in _categories(node))


def _category(
    rule_id: str, term: str, path: str, holds: Callable[[Element, View], bool], sure: Callable[[View], bool]
) -> Rule:
    return Rule(id=rule_id, where=_BREAKDOWN, holds=holds, sure=sure, text=missing(term), hint=fill(path), term=term)


RULES = (
    present("BR-45", "BT-116", "cbc:TaxableAmount", _BREAKDOWN),
    present("BR-46", "BT-117", "cbc:TaxAmount", _BREAKDOWN),
    _category("BR-47", "BT-118", "cac:TaxCategory/cbc:ID (cac:TaxScheme/cbc:ID = VAT)", _has_category, _one_each),
    _category("BR-48", "BT-119", "cac:TaxCategory/cbc:Percent", _has_rate, _all_rated),
    _sum("BR-CO-10", "BT-106", "cbc:LineExtensionAmount", "Σ BT-131", _lines),
    _entry_sum("BR-CO-11", "BT-107", "cbc:AllowanceTotalAmount", "Σ BT-92", charge=False),
    _entry_sum("BR-CO-12", "BT-108", "cbc:ChargeTotalAmount", "Σ BT-99", charge=True),
    _sum("BR-CO-13", "BT-109", "cbc:TaxExclusiveAmount", "BT-106 - BT-107 + BT-108", _exclusive),
    Rule(
        id="BR-CO-14",
        where=everywhere("/cac:TaxTotal"),
        holds=_breakdown_holds,
        sure=_all_breakdowns_hold,
        text=unequal("BT-110", "Σ BT-117"),
        hint=recount(),
        term="BT-110",
        at="cbc:TaxAmount",
        expected=lambda node, view: shown(_broken_down(node, view)),
    ),
    Rule(
        id="BR-CO-15",
        where=root,
        holds=_inclusive_holds,
        text=unequal("BT-112", "BT-109 + BT-110"),
        hint=recount(),
        term="BT-112",
        at="cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
        expected=lambda node, view: shown(_inclusive(node, view)),
    ),
    Rule(
        id="BR-CO-16",
        where=totals,
        holds=lambda node, _: _payable_holds(_below(node)),
        sure=lambda view: _payable_holds(_only_totals(view)),
        text=unequal("BT-115", "BT-112 - BT-113 + BT-114"),
        hint=recount(),
        term="BT-115",
        at="cbc:PayableAmount",
        expected=lambda node, _: shown(_payable(_below(node))),
    ),
    Rule(
        id="BR-CO-17",
        where=_BREAKDOWN,
        holds=_rate_holds,
        sure=_all_rates_hold,
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
