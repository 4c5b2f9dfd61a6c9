"""What the rules of single nations share: whom they are for, and texts and numbers as XPath 2 takes them."""

from __future__ import annotations

import re
from decimal import Decimal

from schemas.peppol.rules.view import View, every, find
from schemas.xml import Element

SELLER, BUYER = "/cac:AccountingSupplierParty/cac:Party", "/cac:AccountingCustomerParty/cac:Party"
REPRESENTATIVE = "/cac:TaxRepresentativeParty"
"""The parties, from the root."""
COUNTRY = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
"""The country of a party's address."""
_BLANKS = re.compile(r"[ \t\r\n]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?|[+-]?INF")


def plain(text: str | None) -> str:
    """Without blanks around, single ones within (`normalize-space`)."""
    return _BLANKS.sub(" ", text or "").strip(" ")


def text_at(node: Element, path: str) -> str:
    """The text at a path exactly as it is written; empty when absent."""
    found = find(node, path)
    return "" if found is None else found.text or ""


def texts_at(node: Element, path: str) -> list[str]:
    """Every text at a path exactly as it is written."""
    return [one.text or "" for one in every(node, path)]


def address_country(view: View, party: str) -> str:
    """The country of a party's address exactly as it is written; empty without one."""
    found = view.all(f"{party}/{COUNTRY}")
    return (found[0].text or "") if found else ""


def vat_numbers(party: Element) -> list[str]:
    """A party's registrations in the scheme VAT, exactly as they are written."""
    found = every(party, "cac:PartyTaxScheme")
    vat = [node for node in found if "VAT" in texts_at(node, "cac:TaxScheme/cbc:ID")]
    return [text for node in vat for text in texts_at(node, "cbc:CompanyID")]


def country(view: View, party: str, *instead: str) -> str:
    """A party's country: the prefix of its VAT number, else of another's, else that of its address."""
    numbers = (text for path in (party, *instead) for text in _stated(view, path))
    prefix = next((text[:2] for text in numbers if text), "")
    return plain(prefix or address_country(view, party)).upper()


def _stated(view: View, party: str) -> list[str]:
    """The VAT numbers of the parties at a path; where each registration has one scheme and one number, at a glance."""
    spot = view.spots.get(f"{party}/cac:PartyTaxScheme")
    if spot is None:
        return []
    numbers, schemes = spot.one_each("cbc:CompanyID"), spot.one_each("cac:TaxScheme/cbc:ID")
    if numbers is None or schemes is None:
        return [text for one in view.all(party) for text in vat_numbers(one)]
    return [text for text, scheme in zip(numbers.texts, schemes.texts, strict=True) if scheme == "VAT"]


def number(text: str) -> Decimal | None:
    """The number a text is to XPath's `number`; None where it is none."""
    found = plain(text)
    return Decimal(found.replace("INF", "Infinity")) if _NUMBER.fullmatch(found) else None
