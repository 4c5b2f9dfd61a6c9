"""Rules UBL-DT (EN 16931 UBL 1.3.16): decimals of amounts, what an attached file must say, attributes not in use."""

from __future__ import annotations

from dataclasses import replace

from hub.model.finding import Severity
from schemas.peppol.rules.core import FirstWith, Rule
from schemas.peppol.rules.make import attributed
from schemas.peppol.rules.texts import round_it, said
from schemas.peppol.rules.view import Nodes, Spot, View, cents, has, shown
from schemas.ubl.codec import number
from schemas.ubl.names import clark
from schemas.xml import Element

_UNUSED = """
UBL-DT-08 schemeName
UBL-DT-09 schemeAgencyName
UBL-DT-10 schemeDataURI
UBL-DT-11 schemeURI
UBL-DT-12 format
UBL-DT-13 unitCodeListIdentifier
UBL-DT-14 unitCodeListAgencyIdentifier
UBL-DT-15 unitCodeListAgencyName
UBL-DT-16 listAgencyName
UBL-DT-17 listName
UBL-DT-18 name
UBL-DT-19 languageID
UBL-DT-20 listURI
UBL-DT-21 listSchemeURI
UBL-DT-22 languageLocaleID
UBL-DT-23 uri
UBL-DT-24 currencyCodeListVersionID
UBL-DT-25 characterSetCode
UBL-DT-26 encodingCode
UBL-DT-27 schemeAgencyID
UBL-DT-28 listAgencyID
UBL-CR-663 unitCodeListID
"""
_DECIMALS = 2
_DISCOUNT = "cac:AllowanceCharge"
_PRICE = clark("cac:Price")


def _amounts(view: View) -> Nodes:
    """Every amount but prices; what stands in a price that has a discount is a price too."""
    spots = (
        spot
        for name, spots in view.names.items()
        if name.endswith("Amount") and not name.endswith("PriceAmount")
        for spot in spots
        if "/cac:Price/cac:AllowanceCharge/" not in spot.path
    )
    return [node for spot in spots for node in _unpriced(spot)]


def _unpriced(spot: Spot) -> Nodes:
    if "/cac:Price/" not in spot.path:
        return spot.nodes
    return [one for one in spot.nodes if not any(has(price, _DISCOUNT) for price in one.iterancestors(_PRICE))]


def few_decimals(text: str) -> bool:
    """At most two; white space after the digits counts too, as it does officially."""
    return len(text.partition(".")[2]) <= _DECIMALS


def rounded(node: Element | None) -> str:
    """An amount with two decimals."""
    return "" if node is None else shown(cents(number(node.text or "")))


def none_long(view: View) -> bool:
    """A proof: of all amounts, those in prices too, each different text has few decimals."""
    named = (name for name in view.names if name.endswith("Amount") and not name.endswith("PriceAmount"))
    return all(map(few_decimals, view.texts(*named)))


def _files(view: View) -> Nodes:
    return view.once(_attached)


def _attached(view: View) -> Nodes:
    """What is attached, under whatever name."""
    named = (spots for name, spots in view.names.items() if name.endswith("BinaryObject"))
    return [node for spots in named for spot in spots for node in spot.nodes]


def _unused(rule_id: str, attribute: str) -> Rule:
    return Rule(
        id=rule_id,
        where=FirstWith(attribute, "cbc:PaymentMeansCode" if attribute == "name" else ""),
        text=said(
            f"EN 16931 does not use the attribute @{attribute}; the recipient's system may ignore it.",
            f"EN 16931 bruker ikke attributtet @{attribute}; mottakerens system kan se bort fra det.",
            f"EN 16931 gebruikt het attribuut @{attribute} niet; het systeem van de ontvanger kan het negeren.",
        ),
        hint=said(
            f"Leave @{attribute} out; the element itself stays.",
            f"Ta ut @{attribute}; selve elementet blir stående.",
            f"Laat @{attribute} weg; het element zelf blijft staan.",
        ),
        severity=Severity.WARNING,
        at=f"@{attribute}",
    )


RULES = (
    Rule(
        id="UBL-DT-01",
        where=_amounts,
        fits=few_decimals,
        sure=lambda view: view.once(none_long),
        text=said(
            "An amount has more than two decimals.",
            "Et beløp har mer enn to desimaler.",
            "Een bedrag heeft meer dan twee decimalen.",
        ),
        hint=round_it(),
        at=".",
        expected=lambda node, _: rounded(node),
    ),
    # the value of an attached file is the file: not shown
    replace(attributed("UBL-DT-06", "BT-125", "mimeCode", _files), at=""),
    replace(attributed("UBL-DT-07", "BT-125", "filename", _files), at=""),
    *(_unused(*row.split()) for row in _UNUSED.strip().splitlines()),
)
