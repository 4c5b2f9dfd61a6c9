"""Peppol's own rules on lines (PEPPOL-EN16931-R100 to -R130), BIS Billing 3.0."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where, everywhere, lines
from schemas.peppol.rules.texts import change, fill, recount, said, unequal
from schemas.peppol.rules.view import (
    LINES,
    Nodes,
    View,
    added,
    amount,
    cents,
    every,
    parent,
    shown,
    words,
)
from schemas.ubl.codec import day, number
from schemas.xml import Element, text_of

_P = "PEPPOL-EN16931-"
_SLACK = Decimal("0.02")
_ZERO, _ONE = Decimal(0), Decimal(1)
_PRICE, _BASE = "cac:Price/cbc:PriceAmount", "cac:Price/cbc:BaseQuantity"


def _within(edge: str) -> Where:
    """The start or end of line periods, where the document has one too."""

    def where(view: View) -> Nodes:
        if not view.all(f"/cac:InvoicePeriod/{edge}"):
            return []
        return view.all(*(f"{kind}/cac:InvoicePeriod/{edge}" for kind in LINES))

    return where


def _document_day(view: View, edge: str) -> str:
    return text_of(view.first(f"/cac:InvoicePeriod/{edge}"))


def _net(quantity: Decimal | None, price: Decimal | None, base: Decimal | None) -> Decimal:
    each = (price or _ZERO) / base if base else price or _ZERO
    return each if quantity is None else quantity * each


def _line_net(node: Element, view: View) -> Decimal:
    quantity, price = amount(node, _quantity(view)), amount(node, _PRICE)
    entries = every(node, "cac:AllowanceCharge")
    charges = [one for one in entries if words(one, "cbc:ChargeIndicator") == "true"]
    allowances = [one for one in entries if words(one, "cbc:ChargeIndicator") == "false"]
    net = _net(quantity, price, amount(node, _BASE))
    return net + cents(_all_amounts(charges)) - cents(_all_amounts(allowances))


def _all_amounts(entries: Nodes) -> Decimal:
    """The official rule adds up every amount, also where an entry has several by mistake."""
    return added(much for one in entries for much in every(one, "cbc:Amount"))


def _quantity(view: View) -> str:
    return "cbc:CreditedQuantity" if view.is_credit_note else "cbc:InvoicedQuantity"


def _line_net_holds(node: Element, view: View) -> bool:
    return abs((amount(node, "cbc:LineExtensionAmount") or _ZERO) - _line_net(node, view)) <= _SLACK


def _all_nets_hold(view: View) -> bool:
    """A proof, column by column."""
    return all(
        abs((net or _ZERO) - _net(quantity, price, base) - extra) <= _SLACK
        for kind in LINES
        for net, quantity, price, base, extra in zip(
            view.numbers(kind, "cbc:LineExtensionAmount"),
            view.numbers(kind, _quantity(view)),
            view.numbers(kind, _PRICE),
            view.numbers(kind, _BASE),
            _extras(view, kind),
            strict=True,
        )
    )


def _extras(view: View, kind: str) -> list[Decimal]:
    """Charges less allowances of each line, each sum rounded."""
    found: dict[Element, tuple[Decimal, Decimal]] = {}
    place = f"{kind}/cac:AllowanceCharge"
    stated = view.spots.get(f"{place}/cbc:Amount")
    if stated is not None and stated.holders != len(stated.nodes):
        raise LookupError(stated.path)  # a second amount counts too: no proof
    indicators, amounts = view.column(place, "cbc:ChargeIndicator"), view.numbers(place, "cbc:Amount")
    for node, indicator, much in zip(view.all(place), indicators, amounts, strict=True):
        line, text = parent(node), text_of(indicator)
        charges, allowances = found.get(line, (_ZERO, _ZERO))
        if much is not None and text == "true":
            found[line] = charges + much, allowances
        elif much is not None and text == "false":
            found[line] = charges, allowances + much
    sums = {line: cents(charges) - cents(allowances) for line, (charges, allowances) in found.items()}
    return [sums.get(line, _ZERO) for line in view.all(kind)]


def _single_objects(view: View) -> bool:
    spots = [spot for path in _OBJECTS for spot in view.spots_at(path)]
    return all(spot.holders == len(spot.nodes) for spot in spots)


def _only_object(node: Element, _: View) -> bool:
    found = every(node, "cac:DocumentReference")
    return not found or any(words(one, "cbc:DocumentTypeCode") == "130" for one in found)


def _only_objects(view: View) -> bool:
    spots = [spot for path in _OBJECTS for spot in view.spots_at(path)]
    codes = {text_of(code) for spot in spots for code in view.column(spot.path, "cbc:DocumentTypeCode")}
    return codes <= {"130"}


_OBJECTS = tuple(f"{kind}/cac:DocumentReference" for kind in LINES)


def _base_quantities(view: View) -> Nodes:
    return [node for node in view.all("cac:Price/cbc:BaseQuantity") if node.get("unitCode") is not None]


def _same_unit(node: Element, view: View) -> bool:
    line = parent(parent(node))
    quantities = every(line, "cbc:InvoicedQuantity") + every(line, "cbc:CreditedQuantity")
    return not quantities or any(one.get("unitCode") == node.get("unitCode") for one in every(line, _quantity(view)))


def _unit_of_line(node: Element, view: View) -> str:
    found = every(parent(parent(node)), _quantity(view))
    return found[0].get("unitCode", "") if found else ""


def _same_units(view: View) -> bool:
    """A proof where prices stand on lines and each has at most one base quantity, of the unit of its line."""
    bases = view.spots_at("cac:Price/cbc:BaseQuantity")
    if not all(spot.path.removesuffix(f"/{_BASE}") in LINES and spot.holders == len(spot.nodes) for spot in bases):
        return False
    pairs = {
        (None if base is None else base.get("unitCode"), None if quantity is None else quantity.get("unitCode"))
        for kind in LINES
        for base, quantity in zip(view.column(kind, _BASE), view.column(kind, _quantity(view)), strict=True)
    }
    return all(base is None or base == quantity for base, quantity in pairs)


def _inside(edge: str, fits: Callable[[date, date], bool]) -> Callable[[Element, View], bool]:
    return lambda node, view: fits(day(text_of(node)), day(_document_day(view, edge)))


def _all_inside(edge: str, fits: Callable[[date, date], bool]) -> Callable[[View], bool]:
    """A proof: each different day is inside."""

    def sure(view: View) -> bool:
        said = view.texts(*(f"{kind}/cac:InvoicePeriod/{edge}" for kind in LINES))
        if not said or not view.all(f"/cac:InvoicePeriod/{edge}"):
            return True
        whole = day(_document_day(view, edge))
        return all(fits(day(one.strip()), whole) for one in said)

    return sure


def _positive(text: str) -> bool:
    return number(text) > 0


_INSIDE = said(
    "A line's period lies outside the invoice period (BG-14).",
    "En linjes periode ligger utenfor fakturaperioden (BG-14).",
    "De periode van een regel ligt buiten de factuurperiode (BG-14).",
)
_MEND = said("Correct one of the periods.", "Rett en av periodene.", "Verbeter een van de periodes.")

RULES = (
    Rule(
        id=f"{_P}R100",
        where=lines,
        holds=lambda node, _: len(every(node, "cac:DocumentReference")) <= 1,
        sure=_single_objects,
        text=said(
            "A line has more than one invoiced object (BT-128).",
            "En linje har mer enn ett fakturert objekt (BT-128).",
            "Een regel heeft meer dan één gefactureerd object (BT-128).",
        ),
        hint=said("Keep one.", "Behold ett.", "Behoud er één."),
        term="BT-128",
    ),
    Rule(
        id=f"{_P}R101",
        where=lines,
        holds=_only_object,
        sure=_only_objects,
        text=said(
            "A line's document reference can only be its invoiced object (type code 130).",
            "En linjes dokumentreferanse kan bare være fakturert objekt (typekode 130).",
            "De documentverwijzing van een regel kan alleen het object zijn (typecode 130).",
        ),
        hint=fill("cbc:DocumentTypeCode = 130"),
        term="BT-128",
    ),
    Rule(
        id=f"{_P}R110",
        where=_within("cbc:StartDate"),
        holds=_inside("cbc:StartDate", operator.ge),
        sure=_all_inside("cbc:StartDate", operator.ge),
        text=_INSIDE,
        hint=_MEND,
        term="BT-134",
        at=".",
        expected=lambda _, view: f"≥ {_document_day(view, 'cbc:StartDate')}",
    ),
    Rule(
        id=f"{_P}R111",
        where=_within("cbc:EndDate"),
        holds=_inside("cbc:EndDate", operator.le),
        sure=_all_inside("cbc:EndDate", operator.le),
        text=_INSIDE,
        hint=_MEND,
        term="BT-135",
        at=".",
        expected=lambda _, view: f"≤ {_document_day(view, 'cbc:EndDate')}",
    ),
    Rule(
        id=f"{_P}R120",
        where=lines,
        holds=_line_net_holds,
        sure=_all_nets_hold,
        text=unequal("BT-131", "BT-129 × (BT-146 ÷ BT-149) + Σ BT-141 - Σ BT-136"),
        hint=recount(),
        term="BT-131",
        at="cbc:LineExtensionAmount",
        expected=lambda node, view: shown(cents(_line_net(node, view))),
    ),
    Rule(
        id=f"{_P}R121",
        where=everywhere(*(f"{kind}/{_BASE}" for kind in LINES)),
        fits=_positive,
        text=said(
            "The price base quantity (BT-149) is not above zero.",
            "Prisens grunnantall (BT-149) er ikke over null.",
            "Het basisaantal van de prijs (BT-149) is niet groter dan nul.",
        ),
        hint=change("cac:Price/cbc:BaseQuantity"),
        term="BT-149",
        at=".",
    ),
    Rule(
        id=f"{_P}R130",
        where=_base_quantities,
        holds=_same_unit,
        sure=_same_units,
        text=said(
            "The price base quantity has another unit (BT-150) than the quantity (BT-130).",
            "Prisens grunnantall har en annen enhet (BT-150) enn antallet (BT-130).",
            "Het basisaantal heeft een andere eenheid (BT-150) dan het aantal (BT-130).",
        ),
        hint=change("@unitCode"),
        term="BT-150",
        at="@unitCode",
        expected=_unit_of_line,
    ),
)
