"""Our own checks beside the official sets: what no Schematron looks at (KID, account numbers, organisation numbers).

Sources: Nets OCR giro (KID MOD10 and MOD11), Norwegian account numbers (mod 11), ISO 13616 (IBAN).
"""

from __future__ import annotations

from hub.model.finding import Severity
from hub.model.identity import digits, is_bban, is_iban, is_kid, is_orgnr
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View, every, is_vat, words
from schemas.xml import Element

NAME = "kvitt"
"""What stands as rule set in findings of these rules."""


def _norwegian(view: View) -> bool:
    return view.seller_country == "NO"


def _payment_ids(view: View) -> Nodes:
    """Payment references that look like a KID: digits, the last one possibly a dash."""
    if not _norwegian(view):
        return []
    found = [node for means in view.all("cac:PaymentMeans") for node in every(means, "cbc:PaymentID")]
    return [node for node in found if _text(node).removesuffix("-").isdecimal()]


def _accounts(view: View) -> Nodes:
    if not _norwegian(view):
        return []
    means = view.all("cac:PaymentMeans")
    return [node for one in means for node in every(one, "cac:PayeeFinancialAccount/cbc:ID") if _text(node)]


def _text(node: Element) -> str:
    return (node.text or "").strip()


def _is_account(node: Element, _: View) -> bool:
    return is_bban(digits(_text(node))) or is_iban(_text(node))


def _unschemed_numbers(view: View) -> Nodes:
    """Registration numbers of Norwegian parties without a scheme, which Peppol's own check passes by."""
    found = []
    for party in (*view.seller, *view.buyer):
        country = words(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode").upper()
        if country == "NO":
            numbers = every(party, "cac:PartyLegalEntity/cbc:CompanyID")
            found += [node for node in numbers if node.get("schemeID") is None]
    return found


def _other_number(view: View) -> Nodes:
    """Sellers with a VAT number and a registration number in scheme 0192."""
    return [node for node in view.seller if _norwegian(view) and _vat_number(node) and _legal_number(node)]


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
    ),
    Rule(
        id="KVITT-BBAN-01",
        where=_accounts,
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
    ),
    Rule(
        id="KVITT-ORGNR-02",
        where=_other_number,
        holds=lambda node, _: _vat_number(node) == _legal_number(node),
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
    ),
)
