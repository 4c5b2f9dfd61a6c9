"""EN 16931 rules BR-B: split payment (VAT category B) is for Italian parties and never beside the standard rate."""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View

_ANYWHERE = ("cac:TaxCategory/cbc:ID", "cac:ClassifiedTaxCategory/cbc:ID")
_COUNTED = (
    "/cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID",
    "/cac:AllowanceCharge/cac:TaxCategory/cbc:ID",
    "cac:ClassifiedTaxCategory/cbc:ID",
)
_SPLIT, _STANDARD = "B", "S"


def _split(view: View) -> Nodes:
    """The first category that says split payment, if there is one."""
    return view.once(_first_split)


def _first_split(view: View) -> Nodes:
    return next(([code] for code in view.all(*_ANYWHERE) if code.text == _SPLIT), [])


def _italian(view: View) -> bool:
    return all(one.text == "IT" for one in view.all("cbc:IdentificationCode"))


def _beside_standard(view: View) -> bool:
    return {_SPLIT, _STANDARD} <= {one.text for one in view.all(*_COUNTED)}


RULES = (
    Rule(
        id="BR-B-01",
        where=_split,
        holds=lambda _, view: _italian(view),
        text=said(
            "Split payment (VAT category B) is only for invoices within Italy; another country code stands here.",
            "Delt betaling (avgiftskategori B) er bare for fakturaer innen Italia; her står en annen landkode.",
            "Gesplitste betaling (btw-categorie B) is alleen binnen Italië; hier staat een andere landcode.",
        ),
        hint=said(
            "Choose another VAT category, or IT as the country of both parties.",
            "Velg en annen avgiftskategori, eller IT som land for begge parter.",
            "Kies een andere btw-categorie, of IT als land van beide partijen.",
        ),
        term="BT-118",
        at=".",
    ),
    Rule(
        id="BR-B-02",
        where=_split,
        holds=lambda _, view: not _beside_standard(view),
        text=said(
            "Split payment (VAT category B) and standard rate (S) stand in one document.",
            "Delt betaling (avgiftskategori B) og ordinær sats (S) står i samme dokument.",
            "Gesplitste betaling (btw-categorie B) en het normale tarief (S) staan in één document.",
        ),
        hint=said(
            "Send two documents: one with category B, one with category S.",
            "Send to dokumenter: ett med kategori B og ett med kategori S.",
            "Verstuur twee documenten: één met categorie B en één met categorie S.",
        ),
        term="BT-118",
        at=".",
    ),
)
