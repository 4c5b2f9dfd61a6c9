"""Peppol's own rules on allowances, charges and price discounts (PEPPOL-EN16931-R040 to -R046)."""

from __future__ import annotations

from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where
from schemas.peppol.rules.texts import fill, recount, said, unequal
from schemas.peppol.rules.view import (
    Nodes,
    View,
    amount,
    cents,
    has,
    parent,
    words,
)
from schemas.xml import Element, local_name

_P = "PEPPOL-EN16931-"
_SLACK = Decimal("0.02")


def _entries(view: View) -> Nodes:
    """Allowances and charges on the document and on lines, not those on prices."""
    names = ("Invoice", "CreditNote", "InvoiceLine", "CreditNoteLine")
    return [node for node in view.all("cac:AllowanceCharge") if local_name(parent(node)) in names]


def _entries_with(wanted: str, unwanted: str) -> Where:
    return lambda view: [node for node in _entries(view) if has(node, wanted) and not has(node, unwanted)]


def _entry_amount(node: Element) -> Decimal | None:
    base, percent = amount(node, "cbc:BaseAmount"), amount(node, "cbc:MultiplierFactorNumeric")
    return None if base is None or percent is None else base * percent / 100


def _entry_amount_holds(node: Element, _: View) -> bool:
    # Two other rules speak where only one of base and percentage is there.
    if not (has(node, "cbc:BaseAmount") and has(node, "cbc:MultiplierFactorNumeric")):
        return True
    right = _entry_amount(node)
    return right is not None and abs((amount(node, "cbc:Amount") or Decimal(0)) - right) <= _SLACK


def _one_or_other(view: View) -> Nodes:
    """R040 and R043 do not speak where R041 or R042 does."""
    both = ("cbc:MultiplierFactorNumeric", "cbc:BaseAmount")
    return [node for node in _entries(view) if has(node, both[0]) == has(node, both[1])]


def _price_allowances(view: View) -> Nodes:
    return [node for node in view.all("cac:AllowanceCharge") if local_name(parent(node)) == "Price"]


def _price_adds_up(node: Element, _: View) -> bool:
    gross, discount = amount(node, "cbc:BaseAmount"), amount(node, "cbc:Amount")
    if gross is None:
        return True
    return discount is not None and amount(parent(node), "cbc:PriceAmount") == gross - discount


_BOTH = said(
    "An allowance or charge gives only one of base amount and percentage.",
    "En rabatt eller et gebyr har bare det ene av grunnlag og prosent.",
    "Een korting of toeslag geeft maar een van grondslag en percentage.",
)
_INDICATOR = said(
    "ChargeIndicator must be true or false.",
    "ChargeIndicator skal være true eller false.",
    "ChargeIndicator moet true of false zijn.",
)

RULES = (
    Rule(
        id=f"{_P}R040",
        where=_one_or_other,
        holds=_entry_amount_holds,
        text=said(
            "The amount of an allowance or charge is not its base times its percentage.",
            "Beløpet for en rabatt eller et gebyr er ikke grunnlaget ganger prosenten.",
            "Het bedrag van een korting of toeslag is niet de grondslag maal het percentage.",
        ),
        hint=recount(),
        at="cbc:Amount",
        expected=lambda node, _: format(cents(_entry_amount(node) or Decimal(0)), "f"),
    ),
    Rule(
        id=f"{_P}R041",
        where=_entries_with("cbc:MultiplierFactorNumeric", "cbc:BaseAmount"),
        holds=lambda *_: False,
        text=_BOTH,
        hint=fill("cbc:BaseAmount"),
    ),
    Rule(
        id=f"{_P}R042",
        where=_entries_with("cbc:BaseAmount", "cbc:MultiplierFactorNumeric"),
        holds=lambda *_: False,
        text=_BOTH,
        hint=fill("cbc:MultiplierFactorNumeric"),
    ),
    Rule(
        id=f"{_P}R043",
        where=_one_or_other,
        holds=lambda node, _: words(node, "cbc:ChargeIndicator") in ("true", "false"),
        text=_INDICATOR,
        hint=fill("cbc:ChargeIndicator"),
        at="cbc:ChargeIndicator",
    ),
    Rule(
        id=f"{_P}R044",
        where=_price_allowances,
        holds=lambda node, _: words(node, "cbc:ChargeIndicator") == "false",
        text=said(
            "A price can have a discount only, not a charge.",
            "En pris kan bare ha rabatt, ikke gebyr.",
            "Een prijs kan alleen een korting hebben, geen toeslag.",
        ),
        hint=fill("cbc:ChargeIndicator = false"),
        term="BT-147",
        at="cbc:ChargeIndicator",
    ),
    Rule(
        id=f"{_P}R046",
        where=_price_allowances,
        holds=_price_adds_up,
        text=unequal("BT-146", "BT-148 - BT-147"),
        hint=recount(),
        term="BT-146",
    ),
)
