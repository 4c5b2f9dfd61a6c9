"""EN 16931 rules on lines: BR-21 to BR-30, BR-41 to BR-44, BR-54, BR-64, BR-65, BR-CO-04, -20, -23, -24."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from schemas.peppol.rules.core import Everywhere, Rule
from schemas.peppol.rules.make import attributed, either, entries, everywhere, filled, lines, present
from schemas.peppol.rules.set_2026_5.categories import uses
from schemas.peppol.rules.set_2026_5.groups import ORDER_HINT, ORDER_TEXT, all_in_order, in_order
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import LINES, View, amount, every, has, is_vat
from schemas.xml import Element

_REASONS = ("cbc:AllowanceChargeReason", "cbc:AllowanceChargeReasonCode")
_QUANTITIES = ("cbc:InvoicedQuantity", "cbc:CreditedQuantity")


_IN_LINES = tuple(path.lstrip("/") for path in LINES)
_PRICE, _GROSS = "cac:Price/cbc:PriceAmount", "cac:Price/cac:AllowanceCharge/cbc:BaseAmount"
_CATEGORY = "cac:Item/cac:ClassifiedTaxCategory"
_ZERO = Decimal(0)


def _below_lines(path: str) -> Everywhere:
    return everywhere(*(f"{line}/{path}" for line in _IN_LINES))


def _has_unit(node: Element, _: View) -> bool:
    return any(one.get("unitCode") is not None for path in _QUANTITIES for one in every(node, path))


def _units_everywhere(view: View) -> bool:
    quantities = (
        node for kind in LINES for path in _QUANTITIES for node in view.column(kind, path) if node is not None
    )
    united = sum(1 for node in quantities if node.get("unitCode") is not None)
    return united == len(view.lines)


def _price_not_negative(node: Element, _: View) -> bool:
    price = amount(node, _PRICE)
    return price is not None and price >= _ZERO


def _no_price_negative(view: View) -> bool:
    prices = {price for kind in LINES for price in view.numbers(kind, _PRICE)}
    return all(price is not None and price >= _ZERO for price in prices)


def _gross_not_negative(node: Element, _: View) -> bool:
    gross = amount(node, _GROSS)
    return gross is None or gross >= _ZERO


def _no_gross_negative(view: View) -> bool:
    return all(gross is None or gross >= _ZERO for kind in LINES for gross in view.numbers(kind, _GROSS))


def _has_category(node: Element, _: View) -> bool:
    return any(is_vat(one) and has(one, "cbc:ID") for one in every(node, _CATEGORY))


def _all_categorised(view: View) -> bool:
    """Every category of every line is one of VAT and has its code, and every line has some."""
    every_one = all(use.vat and code for code, found in uses(view).lines.items() for use in found)
    return every_one and all(spot.all_hold(_CATEGORY) for kind in LINES for spot in view.spots_at(kind))


def _periods_in_order(view: View) -> bool:
    return all_in_order(view, [spot for path in _PERIODS.paths for spot in view.spots_at(path)])


def _has_name_and_value(node: Element, _: View) -> bool:
    return has(node, "cbc:Name") and has(node, "cbc:Value")


def _all_named_and_valued(view: View) -> bool:
    spots = view.spots_at("cac:AdditionalItemProperty")
    return all(spot.all_hold(path) for spot in spots for path in ("cbc:Name", "cbc:Value"))


_PERIODS = _below_lines("cac:InvoicePeriod")
_PRICE_HINT = said(
    "Make the quantity negative instead of the price.",
    "Gjør antallet negativt i stedet for prisen.",
    "Maak het aantal negatief in plaats van de prijs.",
)

RULES = (
    filled("BR-21", "BT-126", "cbc:ID", lines),
    either("BR-22", "BT-129", _QUANTITIES, lines),
    Rule(
        id="BR-23",
        where=lines,
        holds=_has_unit,
        sure=_units_everywhere,
        text=missing("BT-130"),
        hint=fill("@unitCode"),
        term="BT-130",
    ),
    present("BR-24", "BT-131", "cbc:LineExtensionAmount", lines),
    filled("BR-25", "BT-153", "cac:Item/cbc:Name", lines),
    present("BR-26", "BT-146", _PRICE, lines),
    Rule(
        id="BR-27",
        where=lines,
        holds=_price_not_negative,
        sure=_no_price_negative,
        text=said(
            "The net price (BT-146) is negative or missing.",
            "Nettoprisen (BT-146) er negativ eller mangler.",
            "De nettoprijs (BT-146) is negatief of ontbreekt.",
        ),
        hint=_PRICE_HINT,
        term="BT-146",
        at=_PRICE,
    ),
    Rule(
        id="BR-28",
        where=lines,
        holds=_gross_not_negative,
        sure=_no_gross_negative,
        text=said(
            "The gross price (BT-148) is negative.",
            "Bruttoprisen (BT-148) er negativ.",
            "De brutoprijs (BT-148) is negatief.",
        ),
        hint=_PRICE_HINT,
        term="BT-148",
        at=_GROSS,
    ),
    Rule(
        id="BR-30",
        where=_PERIODS,
        holds=in_order,
        sure=_periods_in_order,
        text=ORDER_TEXT,
        hint=ORDER_HINT,
        term="BT-135",
        at="cbc:EndDate",
    ),
    present("BR-41", "BT-136", "cbc:Amount", entries(charge=False, place="line")),
    either("BR-42", "BT-139", _REASONS, entries(charge=False, place="line")),
    present("BR-43", "BT-141", "cbc:Amount", entries(charge=True, place="line")),
    either("BR-44", "BT-144", _REASONS, entries(charge=True, place="line")),
    Rule(
        id="BR-54",
        where=everywhere("cac:AdditionalItemProperty"),
        holds=_has_name_and_value,
        sure=_all_named_and_valued,
        text=said(
            "An item property (BG-32) lacks its name or its value.",
            "En vareegenskap (BG-32) mangler navn eller verdi.",
            "Een artikeleigenschap (BG-32) mist de naam of de waarde.",
        ),
        hint=fill("cbc:Name, cbc:Value"),
        term="BG-32",
    ),
    attributed("BR-64", "BT-157", "schemeID", _below_lines("cac:Item/cac:StandardItemIdentification/cbc:ID")),
    attributed(
        "BR-65", "BT-158", "listID", _below_lines("cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode")
    ),
    Rule(
        id="BR-CO-04",
        where=lines,
        holds=_has_category,
        sure=_all_categorised,
        text=missing("BT-151"),
        hint=fill("cac:Item/cac:ClassifiedTaxCategory/cbc:ID (cac:TaxScheme/cbc:ID = VAT)"),
        term="BT-151",
    ),
    replace(
        either("BR-CO-20", "BG-26", ("cbc:StartDate", "cbc:EndDate"), _PERIODS),
        text=said(
            "The period of a line has neither start (BT-134) nor end (BT-135).",
            "Linjens periode har verken start (BT-134) eller slutt (BT-135).",
            "De periode van een regel heeft begin (BT-134) noch einde (BT-135).",
        ),
    ),
    either("BR-CO-23", "BT-139", _REASONS, entries(charge=False, place="line")),
    either("BR-CO-24", "BT-144", _REASONS, entries(charge=True, place="line")),
)
