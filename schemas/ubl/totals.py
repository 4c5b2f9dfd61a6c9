"""A document's totals, computed once and here only (EN 16931-1 section 6.5.4 and its calculation rules).

Every line is rounded to two decimals and the rounded lines are added; VAT is computed per (category, rate) over the
sum, never per line; halves round away from zero. Rounding of the payable amount is explicit (BT-114).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from hub.errors import MappingError
from schemas.ubl.amounts import AllowanceCharge, MonetaryTotal, TaxCategory, TaxSubtotal, TaxTotal
from schemas.ubl.document import Document
from schemas.ubl.lines import Line
from schemas.ubl.values import Amount

CENT = Decimal("0.01")
ZERO_RATE = Decimal(0)
ZERO = Decimal("0.00")
_Key = tuple[str, Decimal | None]
_NO_REASONS: Mapping[str, str] = {}
_NO_RATE = "O"
"""The category outside the scope of VAT: the only one that has no rate (BR-O-05)."""


def rounded(value: Decimal) -> Decimal:
    """Two decimals, halves away from zero; MappingError for an amount of more digits than any currency has."""
    try:
        return value.quantize(CENT, rounding=ROUND_HALF_UP) + ZERO  # no amount is minus nothing
    except InvalidOperation:
        raise MappingError("an amount has too many digits") from None


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
    """The sum of the allowances among some allowances and charges, each rounded first."""
    return sum((rounded(e.amount.value) for e in entries if e.amount and not e.charge), ZERO)


def charged(entries: Iterable[AllowanceCharge]) -> Decimal:
    """The sum of the charges among some allowances and charges, each rounded first."""
    return sum((rounded(e.amount.value) for e in entries if e.amount and e.charge), ZERO)


def totalled(
    document: Document,
    *,
    reasons: Mapping[str, str] = _NO_REASONS,
    reason_codes: Mapping[str, str] = _NO_REASONS,
    prepaid: Decimal = ZERO,
    rounding: Decimal = ZERO,
    accounting_tax: Decimal | None = None,
) -> Document:
    """The document with line nets, VAT breakdown and totals filled in; amounts of allowances and charges in cents.

    `reasons` and `reason_codes` map a VAT category to why no VAT is charged (BT-120, BT-121). `accounting_tax` is the
    total VAT in the accounting currency (BT-111), which a document with a `tax_currency` must state. `rounding` is what
    is added to make the payable amount round (BT-114).
    """
    currency = document.currency
    prepaid, rounding = rounded(prepaid), rounded(rounding)
    document = replace(document, allowances=_in_cents(document.allowances, currency))
    lines = tuple(_netted(line, currency) for line in document.lines)
    subtotals = _breakdown(lines, document.allowances, currency, _Reasons(reasons, reason_codes))
    tax = sum((entry.tax.value for entry in subtotals if entry.tax), ZERO)
    net = sum((line.net.value for line in lines if line.net), ZERO)
    exclusive = net + charged(document.allowances) - allowed(document.allowances)
    inclusive = exclusive + tax
    totals = MonetaryTotal(
        lines=Amount(net, currency),
        tax_exclusive=Amount(exclusive, currency),
        tax_inclusive=Amount(inclusive, currency),
        allowances=_sum(document.allowances, currency, charge=False),
        charges=_sum(document.allowances, currency, charge=True),
        prepaid=_if_any(prepaid, currency),
        rounding=_if_any(rounding, currency),
        payable=Amount(inclusive - prepaid + rounding, currency),
    )
    tax_totals = (TaxTotal(amount=Amount(tax, currency), subtotals=subtotals), *_accounting(document, accounting_tax))
    return replace(document, lines=lines, tax_totals=tax_totals, totals=totals)


def _accounting(document: Document, tax: Decimal | None) -> tuple[TaxTotal, ...]:
    """The VAT in the currency it is declared in (BT-111), where that is not the document's (BR-53)."""
    if not document.tax_currency or document.tax_currency == document.currency:
        return ()
    if tax is None:
        raise MappingError(f"the VAT in {document.tax_currency} is missing", hint="give accounting_tax")
    return (TaxTotal(amount=Amount(rounded(tax), document.tax_currency)),)


def _netted(line: Line, currency: str) -> Line:
    fitted = replace(line, allowances=_in_cents(line.allowances, currency))
    return replace(fitted, net=Amount(net_of(fitted), currency))


def _in_cents(entries: Iterable[AllowanceCharge], currency: str) -> tuple[AllowanceCharge, ...]:
    """What is written is what is added up: each amount in cents, computed where only base and percentage are given."""
    return tuple(replace(entry, amount=_amount(entry, currency)) for entry in entries)


def _amount(entry: AllowanceCharge, currency: str) -> Amount:
    if entry.amount is not None:
        return Amount(rounded(entry.amount.value), entry.amount.currency or currency)
    if entry.base is None or entry.percent is None:
        raise MappingError("an allowance or charge needs an amount, or a base and a percentage")
    return Amount(rounded(entry.base.value * entry.percent / 100), currency)


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Why no VAT is charged, by category: in words and as a code."""

    texts: Mapping[str, str]
    codes: Mapping[str, str]


def _sum(entries: Iterable[AllowanceCharge], currency: str, *, charge: bool) -> Amount | None:
    """The total of the document's allowances or charges: stated where there are any, be it 0.00 (BR-CO-11, -12)."""
    mine = [entry for entry in entries if entry.charge is charge]
    return Amount(charged(mine) + allowed(mine), currency) if mine else None


def _if_any(value: Decimal, currency: str) -> Amount | None:
    return Amount(value, currency) if value else None


def _breakdown(
    lines: tuple[Line, ...], entries: tuple[AllowanceCharge, ...], currency: str, reasons: _Reasons
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
    # A category without VAT may be written with rate 0 or without: one group all the same (BR-E-01, BR-Z-01).
    key = (tax.id, None if tax.id == _NO_RATE else tax.percent or ZERO_RATE)
    bases[key] = bases.get(key, ZERO) + value


def _order(item: tuple[_Key, Decimal]) -> tuple[str, Decimal]:
    (category, rate), _ = item
    return category, rate if rate is not None else Decimal(-1)


def _subtotal(key: _Key, base: Decimal, currency: str, reasons: _Reasons) -> TaxSubtotal:
    category, rate = key
    words = {"reason": reasons.texts.get(category, ""), "reason_code": reasons.codes.get(category, "")}
    return TaxSubtotal(
        taxable=Amount(rounded(base), currency),
        tax=Amount(rounded(base * (rate or ZERO) / 100), currency),
        category=TaxCategory(id=category, percent=rate, scheme="VAT", **words),
    )
