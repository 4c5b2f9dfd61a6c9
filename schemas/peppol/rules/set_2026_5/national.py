"""National rules of Peppol billing for sellers in Norway (NO-R) and the Netherlands (NL-R)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.model.finding import Severity
from schemas.peppol.rules.core import Everywhere, Rule
from schemas.peppol.rules.make import Where, everywhere, only
from schemas.peppol.rules.numbers import is_mva
from schemas.peppol.rules.set_2026_5.nations import BUYER, REPRESENTATIVE, SELLER, address_country, plain
from schemas.peppol.rules.texts import change, fill, missing, said
from schemas.peppol.rules.view import Nodes, View, amount, has, parent, words
from schemas.xml import Element, text_of

_TAX_IDS = f"{SELLER}/cac:PartyTaxScheme"
_DUTCH_IDS = ("0106", "0190")
_DUTCH_MEANS = ("30", "48", "49", "57", "58", "59")


def _norwegian(view: View) -> bool:
    return view.seller_country == "NO"


def _registered(seller: Element, view: View, scheme: str) -> Nodes:
    """The seller's numbers in a tax scheme."""
    numbers, schemes = (view.column(_TAX_IDS, path) for path in ("cbc:CompanyID", "cac:TaxScheme/cbc:ID"))
    found = zip(view.all(_TAX_IDS), numbers, schemes, strict=True)
    of_scheme = ((node, number) for node, number, one in found if text_of(one) == scheme)
    return [number for node, number in of_scheme if number is not None and parent(node) is seller]


def _norwegian_numbers(seller: Element, view: View) -> Nodes:
    """As they are written: blanks around a number are no part of a right one, as officially."""
    return [number for number in _registered(seller, view, "VAT") if (number.text or "").startswith("NO")]


@dataclass(frozen=True)
class _VatNumber(Everywhere):
    """The first VAT number of each seller that begins with NO."""

    def __call__(self, view: View) -> Nodes:
        """It alone, or none."""
        return [number for seller in view.seller for number in _norwegian_numbers(seller, view)[:1]]


def _mva_right(node: Element, view: View) -> bool:
    return any(is_mva(number.text or "") for number in _norwegian_numbers(parent(parent(node)), view))


def _from_nl(view: View) -> bool:
    """The Dutch rules go by address alone, not by VAT number."""
    return plain(address_country(view, SELLER)).upper() == "NL"


def _within_nl(view: View) -> bool:
    return _from_nl(view) and plain(address_country(view, BUYER)).upper() == "NL"


def _dutch_representative(view: View) -> Nodes:
    found = view.all(f"{REPRESENTATIVE}/cac:PostalAddress")
    return [node for node in found if words(node, "cac:Country/cbc:IdentificationCode").upper() == "NL"]


def _full_address(node: Element, _: View) -> bool:
    return all(has(node, path) for path in ("cbc:StreetName", "cbc:CityName", "cbc:PostalZone"))


def _dutch_id(node: Element, _: View) -> bool:
    return node.get("schemeID") in _DUTCH_IDS and (node.text or "").strip() != ""


def _how_to_pay(node: Element, view: View) -> bool:
    due = amount(node, "cbc:PayableAmount")
    if view.all("cac:PaymentMeans"):
        return True
    return due is not None and (due >= Decimal(0) if view.is_credit_note else due <= Decimal(0))


def _address_rule(rule_id: str, term: str, where: Where) -> Rule:
    return Rule(
        id=rule_id,
        where=where,
        holds=_full_address,
        text=said(
            "A Dutch address needs street, city and postal code.",
            "En nederlandsk adresse krever gate, sted og postnummer.",
            "Een Nederlands adres vereist straat, plaats en postcode.",
        ),
        hint=fill("cbc:StreetName, cbc:CityName, cbc:PostalZone"),
        term=term,
    )


def _id_rule(rule_id: str, term: str, where: Where) -> Rule:
    return Rule(
        id=rule_id,
        where=where,
        holds=_dutch_id,
        text=said(
            "A Dutch registration number must be a KVK (0106) or OIN (0190) number.",
            "Et nederlandsk registreringsnummer skal være KVK (0106) eller OIN (0190).",
            "Een Nederlands registratienummer moet een KVK- (0106) of OIN-nummer (0190) zijn.",
        ),
        hint=change("@schemeID"),
        term=term,
        at="@schemeID",
        expected=lambda *_: " ".join(_DUTCH_IDS),
    )


_NORWEGIAN = (
    Rule(
        id="NO-R-001",
        where=_VatNumber((f"{_TAX_IDS}/cbc:CompanyID",)),
        holds=_mva_right,
        text=said(
            "A Norwegian VAT number (BT-31) is NO, a valid organisation number and MVA.",
            "Et norsk MVA-nummer (BT-31) er NO, et gyldig organisasjonsnummer og MVA.",
            "Een Noors btw-nummer (BT-31) is NO, een geldig organisatienummer en MVA.",
        ),
        hint=said(
            "Write NO, the nine digits and MVA without blanks.",
            "Skriv NO, de ni sifrene og MVA uten mellomrom.",
            "Schrijf NO, de negen cijfers en MVA zonder spaties.",
        ),
        term="BT-31",
        at=".",
    ),
    Rule(
        id="NO-R-002",
        where=everywhere(SELLER),
        holds=lambda node, view: "Foretaksregisteret" in map(text_of, _registered(node, view, "TAX")),
        text=said(
            "The word Foretaksregisteret (BT-32) is missing; companies registered there must state it.",
            "Ordet Foretaksregisteret (BT-32) mangler; selskaper registrert der skal oppgi det.",
            "Het woord Foretaksregisteret (BT-32) ontbreekt; daar ingeschreven ondernemingen moeten het noemen.",
        ),
        hint=said(
            "Companies (AS, ASA, NUF): add PartyTaxScheme with TaxScheme/ID = TAX. Others may leave it.",
            "Selskaper (AS, ASA, NUF): legg til PartyTaxScheme med TaxScheme/ID = TAX. Andre kan la det være.",
            "Vennootschappen (AS, ASA, NUF): voeg PartyTaxScheme met TaxScheme/ID = TAX toe. Anderen hoeven niet.",
        ),
        severity=Severity.WARNING,
        term="BT-32",
    ),
)
_DUTCH = (
    Rule(
        id="NL-R-001",
        where=everywhere("/cbc:CreditNoteTypeCode"),
        holds=lambda _, view: has(view.root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        text=missing("BT-25"),
        hint=fill("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        term="BT-25",
    ),
    _address_rule("NL-R-002", "BG-5", everywhere(f"{SELLER}/cac:PostalAddress")),
    _id_rule("NL-R-003", "BT-30", everywhere(f"{SELLER}/cac:PartyLegalEntity/cbc:CompanyID")),
    _address_rule("NL-R-006", "BG-12", _dutch_representative),
    Rule(
        id="NL-R-007",
        where=everywhere("/cac:LegalMonetaryTotal"),
        holds=_how_to_pay,
        text=missing("BG-16"),
        hint=fill("cac:PaymentMeans"),
        term="BG-16",
    ),
    Rule(
        id="NL-R-009",
        where=everywhere("cac:OrderLineReference/cbc:LineID"),
        holds=lambda _, view: has(view.root, "cac:OrderReference/cbc:ID"),
        text=said(
            "A line names an order line, but the document names no order (BT-13).",
            "En linje viser til en ordrelinje, men dokumentet viser ikke til en ordre (BT-13).",
            "Een regel verwijst naar een orderregel, maar het document noemt geen order (BT-13).",
        ),
        hint=fill("cac:OrderReference/cbc:ID"),
        term="BT-13",
    ),
)
_BETWEEN_DUTCH = (
    _address_rule("NL-R-004", "BG-8", everywhere(f"{BUYER}/cac:PostalAddress")),
    _id_rule("NL-R-005", "BT-47", everywhere(f"{BUYER}/cac:PartyLegalEntity/cbc:CompanyID")),
    Rule(
        id="NL-R-008",
        where=everywhere("/cac:PaymentMeans"),
        holds=lambda node, _: words(node, "cbc:PaymentMeansCode") in _DUTCH_MEANS,
        text=said(
            "Between Dutch parties the payment means (BT-81) must be 30, 48, 49, 57, 58 or 59.",
            "Mellom nederlandske parter skal betalingsmåten (BT-81) være 30, 48, 49, 57, 58 eller 59.",
            "Tussen Nederlandse partijen moet de betaalwijze (BT-81) 30, 48, 49, 57, 58 of 59 zijn.",
        ),
        hint=change("cbc:PaymentMeansCode"),
        term="BT-81",
        at="cbc:PaymentMeansCode",
        expected=lambda *_: " ".join(_DUTCH_MEANS),
    ),
)
RULES = (*only(_norwegian, *_NORWEGIAN), *only(_from_nl, *_DUTCH), *only(_within_nl, *_BETWEEN_DUTCH))
