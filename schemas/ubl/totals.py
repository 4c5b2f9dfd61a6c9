"""A document's totals, computed once and here only (EN 16931-1 section 6.5.4 and its calculation rules).

Every line is rounded to two decimals and the rounded lines are added; VAT is computed per (category, rate) over the
sum, never per line; halves round away from zero. Rounding of the payable amount is explicit (BT-114).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from hub.errors import MappingError
from schemas.ubl.amounts import AllowanceCharge, MonetaryTotal, TaxCategory, TaxSubtotal, TaxTotal
from schemas.ubl.document import Document
from schemas.ubl.lines import Line
from schemas.ubl.values import Amount

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_Key = tuple[str, Decimal | None]
_NO_REASONS: Mapping[str, str] = {}


def rounded(value: Decimal) -> Decimal:
    """Two decimals, halves away from zero."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def net_of(line: Line) -> Decimal:
    """A line's net amount (BT-131): quantity times price per base quantity, charges added, allowances taken off."""
    if line.quantity is None or line.price is None or line.price.amount is None:
        raise MappingError("a line without quantity or price has no net amount", where=f"line {line.id}")
    base = line.price.base_quantity.value if line.price.base_quantity else Decimal(1)
    if base <= 0:
        raise MappingError("a price's base quantity must be above zero", where=f"line {line.id}")
    gross = rounded(line.quantity.value * line.price.amount.value / base)
    return gross + charged(line.allowances) - allowed(line.allowances)


def allowed(entries: Iterable[AllowanceCharge]) -> Decimal:
    """The sum of the allowances among some allowances and charges."""
    return rounded(sum((e.amount.value for e in entries if e.amount and not e.charge), ZERO))


def charged(entries: Iterable[AllowanceCharge]) -> Decimal:
    """The sum of the charges among some allowances and charges."""
    return rounded(sum((e.amount.value for e in entries if e.amount and e.charge), ZERO))


def totalled(
    document: Document,
    *,
    reasons: Mapping[str, str] = _NO_REASONS,
    prepaid: Decimal = ZERO,
    rounding: Decimal = ZERO,
) -> Document:
    """The document with line nets, VAT breakdown and totals filled in.

    `reasons` maps a VAT category to the text why no VAT is charged (BT-120).
    """
    currency = document.currency
    lines = tuple(replace(line, net=Amount(net_of(line), currency)) for line in document.lines)
    subtotals = _breakdown(lines, document.allowances, currency, reasons)
    tax = sum((entry.tax.value for entry in subtotals if entry.tax), ZERO)
    net = sum((line.net.value for line in lines if line.net), ZERO)
    exclusive = net + charged(document.allowances) - allowed(document.allowances)
    inclusive = exclusive + tax
    totals = MonetaryTotal(
        lines=Amount(net, currency),
        tax_exclusive=Amount(exclusive, currency),
        tax_inclusive=Amount(inclusive, currency),
        allowances=_if_any(allowed(document.allowances), currency),
        charges=_if_any(charged(document.allowances), currency),
        prepaid=_if_any(prepaid, currency),
        rounding=_if_any(rounding, currency),
        payable=Amount(inclusive - prepaid + rounding, currency),
    )
    tax_total = TaxTotal(amount=Amount(tax, currency), subtotals=subtotals)
    return replace(document, lines=lines, tax_totals=(tax_total,), totals=totals)


def _if_any(value: Decimal, currency: str) -> Amount | None:
    return Amount(value, currency) if value else None


def _breakdown(
    lines: tuple[Line, ...], entries: tuple[AllowanceCharge, ...], currency: str, reasons: Mapping[str, str]
) -> tuple[TaxSubtotal, ...]:
    """One subtotal per (category, rate): two for the same pair are refused by BR-S-08 and its sisters."""
    bases: dict[_Key, Decimal] = {}
    for line in lines:
        _add(bases, line.item.tax, line.net.value if line.net else ZERO)
    for entry in entries:
        value = entry.amount.value if entry.amount else ZERO
        _add(bases, entry.tax, value if entry.charge else -value)
    return tuple(_subtotal(key, base, currency, reasons) for key, base in sorted(bases.items(), key=_order))


def _add(bases: dict[_Key, Decimal], tax: TaxCategory | None, value: Decimal) -> None:
    if tax is None or not tax.id:
        raise MappingError("an amount without a VAT category cannot be totalled", hint="give every line its category")
    key = (tax.id, tax.percent)
    bases[key] = bases.get(key, ZERO) + value


def _order(item: tuple[_Key, Decimal]) -> tuple[str, Decimal]:
    (category, rate), _ = item
    return category, rate if rate is not None else Decimal(-1)


def _subtotal(key: _Key, base: Decimal, currency: str, reasons: Mapping[str, str]) -> TaxSubtotal:
    category, rate = key
    return TaxSubtotal(
        taxable=Amount(rounded(base), currency),
        tax=Amount(rounded(base * (rate or ZERO) / 100), currency),
        category=TaxCategory(id=category, percent=rate, reason=reasons.get(category, ""), scheme="VAT"),
    )
