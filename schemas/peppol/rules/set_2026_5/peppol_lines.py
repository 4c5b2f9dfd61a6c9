"""Peppol's own rules on lines (PEPPOL-EN16931-R100 to -R130), BIS Billing 3.0."""

from __future__ import annotations

from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where, lines
from schemas.peppol.rules.texts import fill, recount, said, unequal
from schemas.peppol.rules.view import (
    Nodes,
    View,
    added,
    amount,
    cents,
    every,
    has,
    parent,
    words,
)
from schemas.ubl.codec import day
from schemas.xml import Element, local_name

_P = "PEPPOL-EN16931-"
_SLACK = Decimal("0.02")


def _within(edge: str) -> Where:
    """The start or end of line periods, where the document has one too."""

    def where(view: View) -> Nodes:
        if not has(view.root, f"cac:InvoicePeriod/{edge}"):
            return []
        return [node for line in view.lines for node in every(line, f"cac:InvoicePeriod/{edge}")]

    return where


def _document_day(view: View, edge: str) -> str:
    return words(view.root, f"cac:InvoicePeriod/{edge}")


def _line_net(node: Element, view: View) -> Decimal:
    name = "cbc:CreditedQuantity" if view.is_credit_note else "cbc:InvoicedQuantity"
    quantity = amount(node, name) if has(node, name) else Decimal(1)
    price = amount(node, "cac:Price/cbc:PriceAmount") or Decimal(0)
    base = amount(node, "cac:Price/cbc:BaseQuantity") or Decimal(1)
    entries = every(node, "cac:AllowanceCharge")
    charges = [one for one in entries if words(one, "cbc:ChargeIndicator") == "true"]
    allowances = [one for one in entries if words(one, "cbc:ChargeIndicator") == "false"]
    net = (quantity or Decimal(0)) * (price / base)
    return net + cents(added(charges, "cbc:Amount")) - cents(added(allowances, "cbc:Amount"))


def _line_net_holds(node: Element, view: View) -> bool:
    return abs((amount(node, "cbc:LineExtensionAmount") or Decimal(0)) - _line_net(node, view)) <= _SLACK


def _base_quantity_positive(node: Element, _: View) -> bool:
    base = amount(node, "cac:Price/cbc:BaseQuantity")
    return base is None or base > 0


def _only_object(node: Element, _: View) -> bool:
    found = every(node, "cac:DocumentReference")
    return not found or any(words(one, "cbc:DocumentTypeCode") == "130" for one in found)


def _base_quantities(view: View) -> Nodes:
    found = [node for node in view.all("cbc:BaseQuantity") if local_name(parent(node)) == "Price"]
    return [node for node in found if node.get("unitCode") is not None]


def _same_unit(node: Element, view: View) -> bool:
    line = parent(parent(node))
    quantities = every(line, "cbc:InvoicedQuantity") + every(line, "cbc:CreditedQuantity")
    own = "cbc:CreditedQuantity" if view.is_credit_note else "cbc:InvoicedQuantity"
    return not quantities or any(one.get("unitCode") == node.get("unitCode") for one in every(line, own))


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
        holds=lambda node, view: day((node.text or "").strip()) >= day(_document_day(view, "cbc:StartDate")),
        text=_INSIDE,
        hint=_MEND,
        term="BT-134",
    ),
    Rule(
        id=f"{_P}R111",
        where=_within("cbc:EndDate"),
        holds=lambda node, view: day((node.text or "").strip()) <= day(_document_day(view, "cbc:EndDate")),
        text=_INSIDE,
        hint=_MEND,
        term="BT-135",
    ),
    Rule(
        id=f"{_P}R120",
        where=lines,
        holds=_line_net_holds,
        text=unequal("BT-131", "BT-129 × (BT-146 ÷ BT-149) + Σ BT-141 - Σ BT-136"),
        hint=recount(),
        term="BT-131",
        at="cbc:LineExtensionAmount",
        expected=lambda node, view: format(cents(_line_net(node, view)), "f"),
    ),
    Rule(
        id=f"{_P}R121",
        where=lines,
        holds=_base_quantity_positive,
        text=said(
            "The price base quantity (BT-149) is not above zero.",
            "Prisens grunnantall (BT-149) er ikke over null.",
            "Het basisaantal van de prijs (BT-149) is niet groter dan nul.",
        ),
        hint=fill("cac:Price/cbc:BaseQuantity"),
        term="BT-149",
        at="cac:Price/cbc:BaseQuantity",
    ),
    Rule(
        id=f"{_P}R130",
        where=_base_quantities,
        holds=_same_unit,
        text=said(
            "The price base quantity has another unit (BT-150) than the quantity (BT-130).",
            "Prisens grunnantall har en annen enhet (BT-150) enn antallet (BT-130).",
            "Het basisaantal heeft een andere eenheid (BT-150) dan het aantal (BT-130).",
        ),
        hint=fill("@unitCode"),
        term="BT-150",
    ),
)
