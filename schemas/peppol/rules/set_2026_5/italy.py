"""National rules of Peppol billing 3.0.21 for sellers in Italy (IT-R)."""

from __future__ import annotations

import re

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere, only, present
from schemas.peppol.rules.set_2026_5.nations import REPRESENTATIVE, SELLER, country, plain, text_at
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import View
from schemas.xml import Element

_REGISTRATION = re.compile(r"[A-Z0-9]{11,16}")
_PARTY = "cac:AccountingSupplierParty/cac:Party"
_seller = everywhere(_PARTY)


def _italian(view: View) -> bool:
    return country(view, SELLER, REPRESENTATIVE) == "IT"


def _registered(node: Element, _: View) -> bool:
    """Any registration but that for VAT is the codice fiscale or a number like it."""
    if plain(text_at(node, "cac:TaxScheme/cbc:ID")) == "VAT":
        return True
    return _REGISTRATION.fullmatch(plain(text_at(node, "cbc:CompanyID"))) is not None


RULES = only(
    _italian,
    Rule(
        id="IT-R-001",
        where=everywhere(f"{_PARTY}/cac:PartyTaxScheme"),
        holds=_registered,
        text=said(
            "An Italian seller's tax registration (BT-32) has 11 to 16 capital letters and digits.",
            "En italiensk selgers skatteregistrering (BT-32) har 11 til 16 store bokstaver og sifre.",
            "De fiscale registratie van een Italiaanse verkoper (BT-32) heeft 11 tot 16 hoofdletters en cijfers.",
        ),
        hint=said(
            "Write the codice fiscale without blanks, or give the VAT number under the scheme VAT.",
            "Skriv codice fiscale uten mellomrom, eller oppgi MVA-nummeret under skjemaet VAT.",
            "Schrijf de codice fiscale zonder spaties, of geef het btw-nummer onder het schema VAT.",
        ),
        term="BT-32",
        at="cbc:CompanyID",
    ),
    present("IT-R-002", "BT-35", "cac:PostalAddress/cbc:StreetName", _seller),
    present("IT-R-003", "BT-37", "cac:PostalAddress/cbc:CityName", _seller),
    present("IT-R-004", "BT-38", "cac:PostalAddress/cbc:PostalZone", _seller),
)
