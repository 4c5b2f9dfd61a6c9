"""National rules of Peppol billing for sellers in Norway (NO-R) and the Netherlands (NL-R)."""

from __future__ import annotations

from decimal import Decimal

from hub.model.finding import Severity
from hub.model.identity import is_orgnr
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import Nodes, View, amount, every, has, parent, words
from schemas.xml import Element, local_name

_SELLER = "cac:AccountingSupplierParty/cac:Party"
_BUYER = "cac:AccountingCustomerParty/cac:Party"
_DUTCH_IDS = ("0106", "0190")
_DUTCH_MEANS = ("30", "48", "49", "57", "58", "59")


def _norwegian(view: View) -> Nodes:
    return view.seller if view.seller_country == "NO" else []


def _registered(node: Element, scheme: str) -> list[str]:
    found = every(node, "cac:PartyTaxScheme")
    return [words(one, "cbc:CompanyID") for one in found if words(one, "cac:TaxScheme/cbc:ID") == scheme]


def _is_mva_number(text: str) -> bool:
    return len(text) == 14 and text.endswith("MVA") and is_orgnr(text[2:11])


def _mva_right(node: Element, _: View) -> bool:
    numbers = [text for text in _registered(node, "VAT") if text.startswith("NO")]
    return not numbers or any(_is_mva_number(text) for text in numbers)


def _lives_in_nl(view: View, path: str) -> bool:
    """The Dutch rules go by address alone, not by VAT number."""
    return words(view.root, f"{path}/cac:PostalAddress/cac:Country/cbc:IdentificationCode").upper() == "NL"


def _dutch(path: str, *, both: bool) -> Where:
    """Elements of a path where the seller (and the buyer) is Dutch."""

    def where(view: View) -> Nodes:
        if not _lives_in_nl(view, _SELLER) or (both and not _lives_in_nl(view, _BUYER)):
            return []
        return every(view.root, path)

    return where


def _dutch_representative(view: View) -> Nodes:
    found = _dutch("cac:TaxRepresentativeParty/cac:PostalAddress", both=False)(view)
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


def _order_lines(view: View) -> Nodes:
    found = view.all("cbc:LineID") if _lives_in_nl(view, _SELLER) else []
    return [node for node in found if local_name(parent(node)) == "OrderLineReference"]


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


def _id_rule(rule_id: str, where: Where) -> Rule:
    return Rule(
        id=rule_id,
        where=where,
        holds=_dutch_id,
        text=said(
            "A Dutch registration number must be a KVK (0106) or OIN (0190) number.",
            "Et nederlandsk registreringsnummer skal være KVK (0106) eller OIN (0190).",
            "Een Nederlands registratienummer moet een KVK- (0106) of OIN-nummer (0190) zijn.",
        ),
        hint=fill("@schemeID"),
        term="BT-30",
    )


RULES = (
    Rule(
        id="NO-R-001",
        where=_norwegian,
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
    ),
    Rule(
        id="NO-R-002",
        where=_norwegian,
        holds=lambda node, _: "Foretaksregisteret" in _registered(node, "TAX"),
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
    Rule(
        id="NL-R-001",
        where=_dutch("cbc:CreditNoteTypeCode", both=False),
        holds=lambda _, view: has(view.root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        text=missing("BT-25"),
        hint=fill("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        term="BT-25",
    ),
    _address_rule("NL-R-002", "BG-5", _dutch(f"{_SELLER}/cac:PostalAddress", both=False)),
    _id_rule("NL-R-003", _dutch(f"{_SELLER}/cac:PartyLegalEntity/cbc:CompanyID", both=False)),
    _address_rule("NL-R-004", "BG-8", _dutch(f"{_BUYER}/cac:PostalAddress", both=True)),
    _id_rule("NL-R-005", _dutch(f"{_BUYER}/cac:PartyLegalEntity/cbc:CompanyID", both=True)),
    _address_rule("NL-R-006", "BG-12", _dutch_representative),
    Rule(
        id="NL-R-007",
        where=_dutch("cac:LegalMonetaryTotal", both=False),
        holds=_how_to_pay,
        text=missing("BG-16"),
        hint=fill("cac:PaymentMeans"),
        term="BG-16",
    ),
    Rule(
        id="NL-R-008",
        where=_dutch("cac:PaymentMeans", both=True),
        holds=lambda node, _: words(node, "cbc:PaymentMeansCode") in _DUTCH_MEANS,
        text=said(
            "Between Dutch parties the payment means (BT-81) must be 30, 48, 49, 57, 58 or 59.",
            "Mellom nederlandske parter skal betalingsmåten (BT-81) være 30, 48, 49, 57, 58 eller 59.",
            "Tussen Nederlandse partijen moet de betaalwijze (BT-81) 30, 48, 49, 57, 58 of 59 zijn.",
        ),
        hint=fill("cbc:PaymentMeansCode"),
        term="BT-81",
        at="cbc:PaymentMeansCode",
    ),
    Rule(
        id="NL-R-009",
        where=_order_lines,
        holds=lambda _, view: has(view.root, "cac:OrderReference/cbc:ID"),
        text=said(
            "A line names an order line, but the document names no order (BT-13).",
            "En linje viser til en ordrelinje, men dokumentet viser ikke til en ordre (BT-13).",
            "Een regel verwijst naar een orderregel, maar het document noemt geen order (BT-13).",
        ),
        hint=fill("cac:OrderReference/cbc:ID"),
    ),
)
