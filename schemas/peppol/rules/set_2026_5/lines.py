"""EN 16931 rules on lines: BR-21 to BR-30, BR-41 to BR-44, BR-54, BR-64, BR-65, BR-CO-04, -20, -23, -24."""

from __future__ import annotations

from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where, attributed, either, everywhere, filled, lines, present
from schemas.peppol.rules.set_2026_5.groups import ORDER_HINT, ORDER_TEXT, in_order
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import Nodes, View, amount, every, has, is_vat
from schemas.xml import Element

_REASONS = ("cbc:AllowanceChargeReason", "cbc:AllowanceChargeReasonCode")
_QUANTITIES = ("cbc:InvoicedQuantity", "cbc:CreditedQuantity")


def _entries(*, charge: bool) -> Where:
    return lambda view: view.entries(charge=charge, place="line")


def _has_unit(node: Element, _: View) -> bool:
    return any(one.get("unitCode") is not None for path in _QUANTITIES for one in every(node, path))


def _price_not_negative(node: Element, _: View) -> bool:
    price = amount(node, "cac:Price/cbc:PriceAmount")
    return price is not None and price >= Decimal(0)


def _gross_not_negative(node: Element, _: View) -> bool:
    gross = amount(node, "cac:Price/cac:AllowanceCharge/cbc:BaseAmount")
    return gross is None or gross >= Decimal(0)


def _has_category(node: Element, _: View) -> bool:
    return any(is_vat(one) and has(one, "cbc:ID") for one in every(node, "cac:Item/cac:ClassifiedTaxCategory"))


def _periods(view: View) -> Nodes:
    return [node for line in view.lines for node in every(line, "cac:InvoicePeriod")]


def _items(path: str) -> Where:
    return lambda view: [node for line in view.lines for node in every(line, f"cac:Item/{path}")]


def _has_name_and_value(node: Element, _: View) -> bool:
    return has(node, "cbc:Name") and has(node, "cbc:Value")


_PRICE_HINT = said(
    "Make the quantity negative instead of the price.",
    "Gjør antallet negativt i stedet for prisen.",
    "Maak het aantal negatief in plaats van de prijs.",
)

RULES = (
    filled("BR-21", "BT-126", "cbc:ID", lines),
    either("BR-22", "BT-129", _QUANTITIES, lines),
    Rule(id="BR-23", where=lines, holds=_has_unit, text=missing("BT-130"), hint=fill("@unitCode"), term="BT-130"),
    present("BR-24", "BT-131", "cbc:LineExtensionAmount", lines),
    filled("BR-25", "BT-153", "cac:Item/cbc:Name", lines),
    present("BR-26", "BT-146", "cac:Price/cbc:PriceAmount", lines),
    Rule(
        id="BR-27",
        where=lines,
        holds=_price_not_negative,
        text=said(
            "The net price (BT-146) is negative or missing.",
            "Nettoprisen (BT-146) er negativ eller mangler.",
            "De nettoprijs (BT-146) is negatief of ontbreekt.",
        ),
        hint=_PRICE_HINT,
        term="BT-146",
        at="cac:Price/cbc:PriceAmount",
    ),
    Rule(
        id="BR-28",
        where=lines,
        holds=_gross_not_negative,
        text=said(
            "The gross price (BT-148) is negative.",
            "Bruttoprisen (BT-148) er negativ.",
            "De brutoprijs (BT-148) is negatief.",
        ),
        hint=_PRICE_HINT,
        term="BT-148",
        at="cac:Price/cac:AllowanceCharge/cbc:BaseAmount",
    ),
    Rule(id="BR-30", where=_periods, holds=in_order, text=ORDER_TEXT, hint=ORDER_HINT, term="BT-135", at="cbc:EndDate"),
    present("BR-41", "BT-136", "cbc:Amount", _entries(charge=False)),
    either("BR-42", "BT-139", _REASONS, _entries(charge=False)),
    present("BR-43", "BT-141", "cbc:Amount", _entries(charge=True)),
    either("BR-44", "BT-144", _REASONS, _entries(charge=True)),
    Rule(
        id="BR-54",
        where=everywhere("cac:AdditionalItemProperty"),
        holds=_has_name_and_value,
        text=said(
            "An item property (BG-32) lacks its name or its value.",
            "En vareegenskap (BG-32) mangler navn eller verdi.",
            "Een artikeleigenschap (BG-32) mist de naam of de waarde.",
        ),
        hint=fill("cbc:Name, cbc:Value"),
        term="BG-32",
    ),
    attributed("BR-64", "BT-157", "schemeID", _items("cac:StandardItemIdentification/cbc:ID")),
    attributed("BR-65", "BT-158", "listID", _items("cac:CommodityClassification/cbc:ItemClassificationCode")),
    Rule(
        id="BR-CO-04",
        where=lines,
        holds=_has_category,
        text=missing("BT-151"),
        hint=fill("cac:Item/cac:ClassifiedTaxCategory/cbc:ID (cac:TaxScheme/cbc:ID = VAT)"),
        term="BT-151",
    ),
    either("BR-CO-20", "BG-26", ("cbc:StartDate", "cbc:EndDate"), _periods),
    either("BR-CO-23", "BT-139", _REASONS, _entries(charge=False)),
    either("BR-CO-24", "BT-144", _REASONS, _entries(charge=True)),
)
