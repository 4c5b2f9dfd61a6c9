"""Peppol's own rules on the document as a whole (PEPPOL-EN16931-R001 to -R020), BIS Billing 3.0."""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere, present, root
from schemas.peppol.rules.texts import change, said
from schemas.peppol.rules.view import (
    Nodes,
    View,
    parent,
    words,
)
from schemas.ubl.names import BILLING, BILLING_PROFILES
from schemas.xml import Element, text_of

_P = "PEPPOL-EN16931-"


def _german(view: View) -> bool:
    """Both parties have a German address: some limits are wider for them."""
    path = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
    return all(any(words(p, path).upper() == "DE" for p in party) for party in (view.seller, view.buyer))


def _empty(view: View) -> Nodes:
    return [
        node
        for spot in view.spots.values()
        if spot.childless
        for node in spot.nodes
        if not (node.text and node.text.strip()) and len(node) == 0
    ]


def _none_empty(view: View) -> bool:
    """A proof: wherever elements may be empty, all have text."""
    return all(all(map(str.strip, spot.texts)) for spot in view.spots.values() if spot.childless)


def _specified(_: Element, view: View) -> bool:
    said = text_of(view.first("/cbc:CustomizationID"))
    return said.startswith(BILLING) and "::" not in said


def _referenced(_: Element, view: View) -> bool:
    return bool(view.all("/cbc:BuyerReference") or view.all("/cac:OrderReference/cbc:ID"))


RULES = (
    present(f"{_P}R001", "BT-23", "cbc:ProfileID"),
    Rule(
        id=f"{_P}R002",
        where=root,
        holds=lambda _, view: len(view.all("/cbc:Note")) <= 1 or _german(view),
        text=said(
            "There is more than one note (BT-22).",
            "Det er mer enn én merknad (BT-22).",
            "Er is meer dan één opmerking (BT-22).",
        ),
        hint=said("Join the notes.", "Slå sammen merknadene.", "Voeg de opmerkingen samen."),
        term="BT-22",
    ),
    Rule(
        id=f"{_P}R003",
        where=root,
        holds=_referenced,
        text=said(
            "Neither buyer reference (BT-10) nor order reference (BT-13) is given.",
            "Verken deres referanse (BT-10) eller ordrereferanse (BT-13) er oppgitt.",
            "Referentie van de koper (BT-10) noch orderreferentie (BT-13) is gegeven.",
        ),
        hint=said(
            "Put the SakID in cac:OrderReference/cbc:ID or the payer's reference in cbc:BuyerReference.",
            "Sett SakID i cac:OrderReference/cbc:ID eller mottakerens referanse i cbc:BuyerReference.",
            "Zet de SakID in cac:OrderReference/cbc:ID of de referentie in cbc:BuyerReference.",
        ),
        term="BT-10",
    ),
    Rule(
        id=f"{_P}R004",
        where=root,
        holds=_specified,
        text=said(
            "The specification identifier (BT-24) is not that of Peppol BIS Billing 3.0.",
            "Spesifikasjonsidentifikatoren (BT-24) er ikke den for Peppol BIS Billing 3.0.",
            "De specificatie-identificatie (BT-24) is niet die van Peppol BIS Billing 3.0.",
        ),
        hint=change(f"cbc:CustomizationID = {BILLING}"),
        term="BT-24",
        at="cbc:CustomizationID",
        expected=lambda *_: BILLING,
    ),
    Rule(
        id=f"{_P}R005",
        where=everywhere("cbc:TaxCurrencyCode"),
        holds=lambda node, _: (node.text or "").strip() != words(parent(node), "cbc:DocumentCurrencyCode"),
        text=said(
            "The VAT accounting currency (BT-6) is the invoice currency (BT-5) again.",
            "Avgiftsvalutaen (BT-6) er den samme som fakturavalutaen (BT-5).",
            "De btw-valuta (BT-6) is dezelfde als de factuurvaluta (BT-5).",
        ),
        hint=said("Leave it out.", "Utelat den.", "Laat haar weg."),
        term="BT-6",
        at=".",
    ),
    Rule(
        id=f"{_P}R007",
        where=root,
        holds=lambda _, view: text_of(view.first("/cbc:ProfileID")) in BILLING_PROFILES,
        text=said(
            "The business process (BT-23) is not one that Peppol billing knows.",
            "Forretningsprosessen (BT-23) er ukjent i Peppol-fakturering.",
            "Het bedrijfsproces (BT-23) is niet bekend bij Peppol-facturering.",
        ),
        hint=change("cbc:ProfileID = urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"),
        term="BT-23",
        at="cbc:ProfileID",
    ),
    Rule(
        id=f"{_P}R008",
        where=_empty,
        sure=_none_empty,
        text=said("An element is empty.", "Et element er tomt.", "Een element is leeg."),
        hint=said("Fill it in or leave it out.", "Fyll det ut eller utelat det.", "Vul het in of laat het weg."),
    ),
    present(f"{_P}R010", "BT-49", "cbc:EndpointID", everywhere("/cac:AccountingCustomerParty/cac:Party")),
    present(f"{_P}R020", "BT-34", "cbc:EndpointID", everywhere("/cac:AccountingSupplierParty/cac:Party")),
)
