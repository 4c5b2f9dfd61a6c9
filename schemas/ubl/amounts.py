"""Allowances, charges, tax and totals (EN 16931 BG-20..BG-23, BG-27..BG-30) in UBL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.ubl.codec import DECIMAL, FLAG, TEXT, Layout, many, one
from schemas.ubl.values import AMOUNT, Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCategory:
    """A VAT category (UNCL5305) with its rate and, where no VAT is charged, the reason (BT-120, BT-121)."""

    id: str = ""
    percent: Decimal | None = None
    reason_code: str = ""
    reason: str = ""
    scheme: str = ""


TAX_CATEGORY = Layout(
    TaxCategory,
    (
        one("id", "cbc:ID", TEXT),
        one("percent", "cbc:Percent", DECIMAL),
        one("reason_code", "cbc:TaxExemptionReasonCode", TEXT),
        one("reason", "cbc:TaxExemptionReason", TEXT),
        one("scheme", "cac:TaxScheme/cbc:ID", TEXT),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceCharge:
    """An allowance (`charge` False) or charge on the document, a line, or a price."""

    charge: bool = False
    reason_code: str = ""
    reason: str = ""
    percent: Decimal | None = None
    amount: Amount | None = None
    base: Amount | None = None
    tax: TaxCategory | None = None


ALLOWANCE_CHARGE = Layout(
    AllowanceCharge,
    (
        one("charge", "cbc:ChargeIndicator", FLAG),
        one("reason_code", "cbc:AllowanceChargeReasonCode", TEXT),
        one("reason", "cbc:AllowanceChargeReason", TEXT),
        one("percent", "cbc:MultiplierFactorNumeric", DECIMAL),
        one("amount", "cbc:Amount", AMOUNT),
        one("base", "cbc:BaseAmount", AMOUNT),
        one("tax", "cac:TaxCategory", TAX_CATEGORY),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSubtotal:
    """VAT of one category and rate (BG-23)."""

    taxable: Amount | None = None
    tax: Amount | None = None
    category: TaxCategory | None = None


TAX_SUBTOTAL = Layout(
    TaxSubtotal,
    (
        one("taxable", "cbc:TaxableAmount", AMOUNT),
        one("tax", "cbc:TaxAmount", AMOUNT),
        one("category", "cac:TaxCategory", TAX_CATEGORY),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTotal:
    """Total VAT (BT-110) with its breakdown, or in the accounting currency (BT-111) without."""

    amount: Amount | None = None
    subtotals: tuple[TaxSubtotal, ...] = ()


TAX_TOTAL = Layout(
    TaxTotal, (one("amount", "cbc:TaxAmount", AMOUNT), many("subtotals", "cac:TaxSubtotal", TAX_SUBTOTAL))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonetaryTotal:
    """The document's totals (BG-22: BT-106..BT-109, BT-112..BT-115)."""

    lines: Amount | None = None
    tax_exclusive: Amount | None = None
    tax_inclusive: Amount | None = None
    allowances: Amount | None = None
    charges: Amount | None = None
    prepaid: Amount | None = None
    rounding: Amount | None = None
    payable: Amount | None = None


MONETARY_TOTAL = Layout(
    MonetaryTotal,
    (
        one("lines", "cbc:LineExtensionAmount", AMOUNT),
        one("tax_exclusive", "cbc:TaxExclusiveAmount", AMOUNT),
        one("tax_inclusive", "cbc:TaxInclusiveAmount", AMOUNT),
        one("allowances", "cbc:AllowanceTotalAmount", AMOUNT),
        one("charges", "cbc:ChargeTotalAmount", AMOUNT),
        one("prepaid", "cbc:PrepaidAmount", AMOUNT),
        one("rounding", "cbc:PayableRoundingAmount", AMOUNT),
        one("payable", "cbc:PayableAmount", AMOUNT),
    ),
)
