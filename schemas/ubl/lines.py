"""Invoice lines (EN 16931 BG-25..BG-32) in UBL."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.ubl.amounts import ALLOWANCE_CHARGE, TAX_CATEGORY, AllowanceCharge, TaxCategory
from schemas.ubl.codec import TEXT, Layout, Slot, many, one
from schemas.ubl.references import ADDITIONAL_DOCUMENT, PERIOD, AdditionalDocument, Period
from schemas.ubl.values import AMOUNT, CODE, IDENTIFIER, QUANTITY, Amount, Identifier, ListedCode, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProperty:
    """An attribute of the item (BG-32): a name and a value, both free."""

    name: str = ""
    value: str = ""


ITEM_PROPERTY = Layout(ItemProperty, (one("name", "cbc:Name", TEXT), one("value", "cbc:Value", TEXT)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What was invoiced (BG-31) and its VAT category (BG-30)."""

    description: str = ""
    name: str = ""
    buyers_id: str = ""
    sellers_id: str = ""
    standard_id: Identifier | None = None
    origin_country: str = ""
    classifications: tuple[ListedCode, ...] = ()
    tax: TaxCategory | None = None
    properties: tuple[ItemProperty, ...] = ()


ITEM = Layout(
    Item,
    (
        one("description", "cbc:Description", TEXT),
        one("name", "cbc:Name", TEXT),
        one("buyers_id", "cac:BuyersItemIdentification/cbc:ID", TEXT),
        one("sellers_id", "cac:SellersItemIdentification/cbc:ID", TEXT),
        one("standard_id", "cac:StandardItemIdentification/cbc:ID", IDENTIFIER),
        one("origin_country", "cac:OriginCountry/cbc:IdentificationCode", TEXT),
        many("classifications", "cac:CommodityClassification/cbc:ItemClassificationCode", CODE),
        one("tax", "cac:ClassifiedTaxCategory", TAX_CATEGORY),
        many("properties", "cac:AdditionalItemProperty", ITEM_PROPERTY),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The net price of one base quantity (BG-29), and the discount that led to it."""

    amount: Amount | None = None
    base_quantity: Quantity | None = None
    allowance: AllowanceCharge | None = None


PRICE = Layout(
    Price,
    (
        one("amount", "cbc:PriceAmount", AMOUNT),
        one("base_quantity", "cbc:BaseQuantity", QUANTITY),
        one("allowance", "cac:AllowanceCharge", ALLOWANCE_CHARGE),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One invoice line (BG-25); `net` is BT-131, already less the line's allowances."""

    id: str = ""
    note: str = ""
    quantity: Quantity | None = None
    net: Amount | None = None
    accounting_cost: str = ""
    period: Period | None = None
    order_line: str = ""
    document: AdditionalDocument | None = None
    allowances: tuple[AllowanceCharge, ...] = ()
    item: Item = Item()
    price: Price | None = None

    def property(self, name: str) -> str:
        """The value of an item property; empty when the line has none of that name."""
        return next((item.value for item in self.item.properties if item.name == name), "")


def _line(quantity: str) -> Layout[Line]:
    slots: tuple[Slot, ...] = (
        one("id", "cbc:ID", TEXT),
        one("note", "cbc:Note", TEXT),
        one("quantity", quantity, QUANTITY),
        one("net", "cbc:LineExtensionAmount", AMOUNT),
        one("accounting_cost", "cbc:AccountingCost", TEXT),
        one("period", "cac:InvoicePeriod", PERIOD),
        one("order_line", "cac:OrderLineReference/cbc:LineID", TEXT),
        one("document", "cac:DocumentReference", ADDITIONAL_DOCUMENT),
        many("allowances", "cac:AllowanceCharge", ALLOWANCE_CHARGE),
        one("item", "cac:Item", ITEM),
        one("price", "cac:Price", PRICE),
    )
    return Layout(Line, slots)


INVOICE_LINE = _line("cbc:InvoicedQuantity")
CREDIT_NOTE_LINE = _line("cbc:CreditedQuantity")
