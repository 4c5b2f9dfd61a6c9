"""Peppol's own rules on allowances, charges and price discounts (PEPPOL-EN16931-R040 to -R046)."""

from __future__ import annotations

from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where, everywhere
from schemas.peppol.rules.texts import change, fill, recount, said, unequal
from schemas.peppol.rules.view import (
    LINES,
    Nodes,
    View,
    amount,
    cents,
    has,
    parent,
    shown,
    words,
)
from schemas.xml import Element, text_of

_P = "PEPPOL-EN16931-"
_SLACK, _ZERO = Decimal("0.02"), Decimal(0)


_PLACES = ("/cac:AllowanceCharge", *(f"{kind}/cac:AllowanceCharge" for kind in LINES))
_ENTRIES = everywhere(*_PLACES)
"""Allowances and charges on the document and on lines, not those on prices."""
_BASE, _PERCENT = "cbc:BaseAmount", "cbc:MultiplierFactorNumeric"


def _entries_with(wanted: str, unwanted: str) -> Where:
    return lambda view: [node for node in _ENTRIES(view) if has(node, wanted) and not has(node, unwanted)]


def _both_or_none(view: View) -> bool:
    """A proof for R041 and R042: where one of base and percentage stands, the other does."""
    return view.once(_pairs)


def _pairs(view: View) -> bool:
    columns = [(view.column(place, _BASE), view.column(place, _PERCENT)) for place in _PLACES]
    return all(
        (base is None) == (rate is None) for bases, rates in columns for base, rate in zip(bases, rates, strict=True)
    )


def _entry_amount(node: Element) -> Decimal | None:
    base, percent = amount(node, _BASE), amount(node, _PERCENT)
    return None if base is None or percent is None else base * percent / 100


def _entry_amount_holds(node: Element, _: View) -> bool:
    # Two other rules speak where only one of base and percentage is there.
    if not (has(node, _BASE) and has(node, _PERCENT)):
        return True
    right = _entry_amount(node)
    return right is not None and abs((amount(node, "cbc:Amount") or _ZERO) - right) <= _SLACK


def _all_amounts_hold(view: View) -> bool:
    return all(
        base is None or rate is None or abs((said or _ZERO) - base * rate / 100) <= _SLACK
        for place in _PLACES
        for said, base, rate in zip(
            view.numbers(place, "cbc:Amount"), view.numbers(place, _BASE), view.numbers(place, _PERCENT), strict=True
        )
    )


def _one_or_other(view: View) -> Nodes:
    """R040 and R043 do not speak where R041 or R042 does."""
    return [node for node in _ENTRIES(view) if has(node, _BASE) == has(node, _PERCENT)]


def _all_indicated(view: View) -> bool:
    said = {text_of(node) for place in _PLACES for node in view.column(place, "cbc:ChargeIndicator")}
    return said <= {"true", "false"}


def _price_allowances(view: View) -> Nodes:
    return view.all("cac:Price/cac:AllowanceCharge")


def _net_price(node: Element) -> Decimal | None:
    gross, discount = amount(node, "cbc:BaseAmount"), amount(node, "cbc:Amount")
    return None if gross is None or discount is None else gross - discount


def _price_adds_up(node: Element, _: View) -> bool:
    if not has(node, "cbc:BaseAmount"):
        return True
    net = _net_price(node)
    return net is not None and amount(parent(node), "cbc:PriceAmount") == net


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
        sure=_all_amounts_hold,
        text=said(
            "The amount of an allowance or charge is not its base times its percentage.",
            "Beløpet for en rabatt eller et gebyr er ikke grunnlaget ganger prosenten.",
            "Het bedrag van een korting of toeslag is niet de grondslag maal het percentage.",
        ),
        hint=recount(),
        at="cbc:Amount",
        expected=lambda node, _: shown(cents(_entry_amount(node) or _ZERO)),
    ),
    Rule(
        id=f"{_P}R041",
        where=_entries_with(_PERCENT, _BASE),
        sure=_both_or_none,
        text=_BOTH,
        hint=fill("cbc:BaseAmount"),
    ),
    Rule(
        id=f"{_P}R042",
        where=_entries_with(_BASE, _PERCENT),
        sure=_both_or_none,
        text=_BOTH,
        hint=fill("cbc:MultiplierFactorNumeric"),
    ),
    Rule(
        id=f"{_P}R043",
        where=_one_or_other,
        holds=lambda node, _: words(node, "cbc:ChargeIndicator") in ("true", "false"),
        sure=_all_indicated,
        text=_INDICATOR,
        hint=change("cbc:ChargeIndicator"),
        at="cbc:ChargeIndicator",
        expected=lambda *_: "true false",
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
        at="../cbc:PriceAmount",
        expected=lambda node, _: shown(_net_price(node)),
    ),
)
