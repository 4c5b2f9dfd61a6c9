"""Our own checks beside the official sets: what no Schematron looks at (KID, account numbers, organisation numbers).

Sources: Nets OCR giro (KID MOD10 and MOD11), Norwegian account numbers (mod 11), ISO 13616 (IBAN).
"""

from __future__ import annotations

from hub.model.finding import Severity
from hub.model.identity import digits, is_bban, is_iban, is_kid, is_orgnr
from schemas.peppol.rules.core import Plan, Rule
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View, every, is_vat, parent, words
from schemas.xml import Element

NAME = "kvitt"
"""What stands as rule set in findings of these rules."""

_SELLER, _BUYER = "/cac:AccountingSupplierParty/cac:Party", "/cac:AccountingCustomerParty/cac:Party"
_PARTIES = (_SELLER, _BUYER)


def _norwegian(view: View) -> bool:
    return view.seller_country == "NO"


def _payment_ids(view: View) -> Nodes:
    """Payment references that look like a KID: digits, the last one possibly a dash."""
    return [node for node in view.all("cac:PaymentMeans/cbc:PaymentID") if _text(node).removesuffix("-").isdecimal()]


def _accounts(view: View) -> Nodes:
    return [node for node in view.all("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") if _text(node)]


def _text(node: Element) -> str:
    return (node.text or "").strip()


def _is_account(node: Element, _: View) -> bool:
    return is_bban(digits(_text(node))) or is_iban(_text(node))


def _unschemed_numbers(view: View) -> Nodes:
    """Registration numbers of Norwegian parties without a scheme, which Peppol's own check passes by."""
    numbers = view.all(*(f"{party}/cac:PartyLegalEntity/cbc:CompanyID" for party in _PARTIES))
    return [node for node in numbers if node.get("schemeID") is None and _country(parent(parent(node))) == "NO"]


def _country(party: Element) -> str:
    return words(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode").upper()


def _other_number(view: View) -> Nodes:
    """Sellers with a VAT number and a registration number in scheme 0192."""
    return [node for node in view.seller if _vat_number(node) and _legal_number(node)]


def _same_numbers(view: View) -> bool:
    """A proof: one seller's VAT numbers of Norway and registration numbers in scheme 0192 are all the same."""
    view.only(_SELLER)
    legal = view.all(f"{_SELLER}/cac:PartyLegalEntity/cbc:CompanyID")
    numbers = {_text(node) for node in legal if node.get("schemeID") == "0192"}
    registered = view.texts(f"{_SELLER}/cac:PartyTaxScheme/cbc:CompanyID")
    return len(numbers) <= 1 and all(text.strip()[2:11] in numbers for text in registered if "NO" in text)


def _vat_number(node: Element) -> str:
    found = [words(one, "cbc:CompanyID") for one in every(node, "cac:PartyTaxScheme") if is_vat(one)]
    return next((text[2:11] for text in found if text.startswith("NO")), "")


def _legal_number(node: Element) -> str:
    found = every(node, "cac:PartyLegalEntity/cbc:CompanyID")
    return next((_text(one) for one in found if one.get("schemeID") == "0192"), "")


RULES = (
    Rule(
        id="KVITT-KID-01",
        where=_payment_ids,
        concerns=_norwegian,
        holds=lambda node, _: is_kid(_text(node)),
        text=said(
            "The payment reference (BT-83) is digits only, but its last one is no KID check digit.",
            "Betalingsreferansen (BT-83) er bare sifre, men det siste er ikke et gyldig KID-kontrollsiffer.",
            "Het betalingskenmerk (BT-83) bestaat uit cijfers, maar het laatste is geen KID-controlecijfer.",
        ),
        hint=said(
            "A payer's bank may refuse it. Make the KID anew (MOD10 or MOD11), or do not state one.",
            "Betalerens bank kan avvise den. Lag KID på nytt (MOD10 eller MOD11), eller utelat den.",
            "De bank van de betaler kan het weigeren. Maak de KID opnieuw (MOD10 of MOD11) of laat hem weg.",
        ),
        severity=Severity.WARNING,
        term="BT-83",
        at=".",
    ),
    Rule(
        id="KVITT-BBAN-01",
        where=_accounts,
        concerns=_norwegian,
        holds=_is_account,
        text=said(
            "The account (BT-84) is neither a valid Norwegian account number nor an IBAN.",
            "Kontoen (BT-84) er verken et gyldig norsk kontonummer eller et IBAN.",
            "De rekening (BT-84) is geen geldig Noors rekeningnummer en geen IBAN.",
        ),
        hint=said(
            "Check the eleven digits; the last one is a check digit.",
            "Kontroller de elleve sifrene; det siste er et kontrollsiffer.",
            "Controleer de elf cijfers; het laatste is een controlecijfer.",
        ),
        severity=Severity.WARNING,
        term="BT-84",
        at=".",
    ),
    Rule(
        id="KVITT-ORGNR-01",
        where=_unschemed_numbers,
        holds=lambda node, _: is_orgnr(digits(_text(node))),
        text=said(
            "A Norwegian party's registration number is not a valid organisation number.",
            "Registreringsnummeret til en norsk part er ikke et gyldig organisasjonsnummer.",
            "Het registratienummer van een Noorse partij is geen geldig organisatienummer.",
        ),
        hint=said(
            "Give nine digits with scheme 0192.",
            "Oppgi ni sifre med skjema 0192.",
            "Geef negen cijfers met schema 0192.",
        ),
        severity=Severity.WARNING,
        term="BT-30",
        at=".",
    ),
    Rule(
        id="KVITT-ORGNR-02",
        where=_other_number,
        concerns=_norwegian,
        holds=lambda node, _: _vat_number(node) == _legal_number(node),
        sure=_same_numbers,
        text=said(
            "The seller's VAT number and organisation number differ.",
            "Selgerens MVA-nummer og organisasjonsnummer er forskjellige.",
            "Het btw-nummer en het organisatienummer van de verkoper verschillen.",
        ),
        hint=said(
            "State the same organisation in both.",
            "Oppgi samme enhet begge steder.",
            "Noem in beide dezelfde organisatie.",
        ),
        severity=Severity.WARNING,
        term="BT-31",
        value=lambda node, _: _vat_number(node),
        expected=lambda node, _: _legal_number(node),
    ),
)
PLAN = Plan(RULES)
