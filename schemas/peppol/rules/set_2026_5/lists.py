"""Which codes set 2026.5 takes: the lists of the day it came into force, read when a document first needs them."""

from __future__ import annotations

from datetime import date

from schemas.codelists import Codes
from schemas.peppol.rules.make import everywhere
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import BLANKS, View, find
from schemas.xml import Element

AS_OF = date(2026, 8, 24)
"""The day the set came into force; codes that ended before it are not taken."""
MONEY = everywhere(
    "cbc:Amount",
    "cbc:BaseAmount",
    "cbc:PriceAmount",
    "cbc:TaxAmount",
    "cbc:TaxableAmount",
    "cbc:LineExtensionAmount",
    "cbc:TaxExclusiveAmount",
    "cbc:TaxInclusiveAmount",
    "cbc:AllowanceTotalAmount",
    "cbc:ChargeTotalAmount",
    "cbc:PrepaidAmount",
    "cbc:PayableRoundingAmount",
    "cbc:PayableAmount",
)
"""Every amount."""
ENDPOINTS = everywhere("cbc:EndpointID")
"""Electronic addresses."""
ADDRESS_SCHEME = said(
    "The scheme of an electronic address (BT-34, BT-49)",
    "Skjemaet for en elektronisk adresse (BT-34, BT-49)",
    "Het schema van een elektronisch adres (BT-34, BT-49)",
)
CURRENCY = said(
    "The currency of an amount (@currencyID)",
    "Valutaen for et beløp (@currencyID)",
    "De valuta van een bedrag (@currencyID)",
)
MIME_TYPE = said(
    "The media type of an attached file (BT-125)",
    "Medietypen til en vedlagt fil (BT-125)",
    "Het mediatype van een bijgevoegd bestand (BT-125)",
)
ALLOWANCE_REASON = said(
    "The reason code of an allowance (BT-98, BT-140)",
    "Årsakskoden for en rabatt (BT-98, BT-140)",
    "De redencode van een korting (BT-98, BT-140)",
)
CHARGE_REASON = said(
    "The reason code of a charge (BT-105, BT-145)",
    "Årsakskoden for et gebyr (BT-105, BT-145)",
    "De redencode van een toeslag (BT-105, BT-145)",
)


def at(node: Element, path: str) -> str:
    """The text at a path without what XPath takes for white space; empty when there is none."""
    found = find(node, path)
    return "" if found is None else (found.text or "").strip(BLANKS)


def currencies(view: View) -> frozenset[str | None]:
    """The currencies of all amounts; None among them when one has none."""
    return frozenset(node.get("currencyID") for node in MONEY(view))


def codes(name: str) -> Codes:
    """The codes of a list for this set."""
    return Codes(name, AS_OF)
