"""EN 16931's rules on coded values (BR-CL-01 to -26) of CEN 1.3.16; the codes stand in `schemas.codelists`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from schemas import codelists
from schemas.codelists import Codes
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import by_attribute, choice, everywhere, listed
from schemas.peppol.rules.set_2026_5.lists import (
    ADDRESS_SCHEME,
    ALLOWANCE_REASON,
    AS_OF,
    CHARGE_REASON,
    CURRENCY,
    ENDPOINTS,
    MIME_TYPE,
    MONEY,
    codes,
    currencies,
)
from schemas.peppol.rules.texts import choose, not_listed, said, unlisted
from schemas.peppol.rules.view import BLANKS, View, every, parent
from schemas.xml import Element, local_name

_OBJECT_IDS = everywhere("cac:AdditionalDocumentReference/cbc:ID", "cac:DocumentReference/cbc:ID")
_QUANTITIES = everywhere("cbc:InvoicedQuantity", "cbc:CreditedQuantity", "cbc:BaseQuantity")
_TYPES = everywhere("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode")
_REASONS = everywhere("cac:AllowanceCharge/cbc:AllowanceChargeReasonCode")
_PAID_TO = ("AccountingSupplierParty", "PayeeParty")
_OBJECT = "130"
_SUBJECT = 3


def _is_type(node: Element, _: View) -> bool:
    return (node.text or "").strip(BLANKS) in _types_of(node)


def _types_of(node: Element) -> Codes:
    return codes(f"UNCL1001-{'INVOICE' if local_name(node) == 'InvoiceTypeCode' else 'CREDIT'}")


def _all_types(view: View) -> bool:
    """A proof: each different type code is in its list."""
    kinds = (("cbc:InvoiceTypeCode", "INVOICE"), ("cbc:CreditNoteTypeCode", "CREDIT"))
    return all(text.strip(BLANKS) in codes(f"UNCL1001-{kind}") for path, kind in kinds for text in view.texts(path))


def _is_object(node: Element, _: View) -> bool:
    """A scheme of an invoiced object; ids of other documents are not asked."""
    scheme = node.get("schemeID")
    if scheme is None or all(one.text != _OBJECT for one in every(parent(node), "cbc:DocumentTypeCode")):
        return True
    return scheme.strip(BLANKS) in codes("UNCL1153")


def _is_subject(text: str) -> bool:
    """A note may begin with `#AAI#`; only three characters between the first two number signs are taken for a code."""
    subject = _said_subject(text)
    return len(subject) != _SUBJECT or subject in _subjects()


def _said_subject(text: str) -> str:
    """What stands between the first two number signs, without the note itself."""
    parts = text.split("#", 2)
    return parts[1] if len(parts) > 2 else ""


@cache
def _subjects() -> str:
    """In one text and in the order published: the official rule asks whether the three characters occur in that."""
    found = codelists.code_list("UNCL4451")
    return f" {' '.join(code for code, entry in found.entries.items() if entry.valid(AS_OF))} " if found else ""


def _is_party_scheme(node: Element, _: View) -> bool:
    """A scheme of ISO 6523, or SEPA for who gets the money."""
    scheme = node.get("schemeID")
    if scheme is None or scheme.strip(BLANKS) in codes("ISO6523"):
        return True
    return scheme.strip(BLANKS) == "SEPA" and any(local_name(one) in _PAID_TO for one in node.iterancestors())


def _reason(name: str, *words: str) -> Callable[[Element, View], bool]:
    """A reason code of an allowance (`false`, `0`) or a charge; those of the other kind are not asked."""

    def holds(node: Element, _: View) -> bool:
        said_here = ((one.text or "").strip(BLANKS) for one in every(parent(node), "cbc:ChargeIndicator"))
        return all(one not in words for one in said_here) or (node.text or "").strip(BLANKS) in codes(name)

    return holds


RULES = (
    Rule(
        id="BR-CL-01",
        where=_TYPES,
        holds=_is_type,
        sure=_all_types,
        text=unlisted("BT-3", "UNCL1001"),
        hint=choose("UNCL1001"),
        term="BT-3",
        at=".",
        expected=lambda node, _: choice(_types_of(node)),
    ),
    by_attribute("BR-CL-03", "BT-5", CURRENCY, codes("ISO4217"), "currencyID", MONEY, needed=True, values=currencies),
    listed("BR-CL-04", "BT-5", codes("ISO4217"), everywhere("cbc:DocumentCurrencyCode")),
    listed("BR-CL-05", "BT-6", codes("ISO4217"), everywhere("cbc:TaxCurrencyCode")),
    listed("BR-CL-06", "BT-8", codes("UNCL2005"), everywhere("cac:InvoicePeriod/cbc:DescriptionCode")),
    Rule(
        id="BR-CL-07",
        where=_OBJECT_IDS,
        holds=_is_object,
        text=not_listed(
            said(
                "The scheme of an invoiced object (BT-18, BT-128)",
                "Skjemaet for et fakturert objekt (BT-18, BT-128)",
                "Het schema van een gefactureerd object (BT-18, BT-128)",
            ),
            "UNCL1153",
        ),
        hint=choose("UNCL1153"),
        term="BT-18",
        at="@schemeID",
    ),
    Rule(
        id="BR-CL-08",
        where=everywhere("/cbc:Note"),
        fits=_is_subject,
        text=unlisted("BT-21", "UNCL4451"),
        hint=said(
            "Write the code between two number signs (#AAI#) with a code of UNTDID 4451, or leave the signs out.",
            "Skriv koden mellom to nummertegn (#AAI#) med en kode i UNTDID 4451, eller utelat tegnene.",
            "Schrijf de code tussen twee hekjes (#AAI#) met een code uit UNTDID 4451, of laat de hekjes weg.",
        ),
        term="BT-21",
        value=lambda node, _: _said_subject(node.text or ""),
    ),
    Rule(
        id="BR-CL-10",
        where=everywhere("cac:PartyIdentification/cbc:ID"),
        holds=_is_party_scheme,
        text=not_listed(
            said(
                "The scheme of a party identifier (BT-29, BT-46, BT-60)",
                "Skjemaet for en parts identifikator (BT-29, BT-46, BT-60)",
                "Het schema van een identificatie van een partij (BT-29, BT-46, BT-60)",
            ),
            "ISO6523",
        ),
        hint=said(
            "Choose a scheme of ISO 6523 or leave it out; SEPA is for the seller and the payee only.",
            "Velg et skjema i ISO 6523 eller utelat det; SEPA er bare for selger og betalingsmottaker.",
            "Kies een schema uit ISO 6523 of laat het weg; SEPA is alleen voor verkoper en begunstigde.",
        ),
        term="BT-29",
        at="@schemeID",
        expected=lambda node, _: choice(codes("ISO6523"), node.get("schemeID", "")),
    ),
    by_attribute(
        "BR-CL-11",
        "BT-30",
        said(
            "The scheme of a registration number (BT-30, BT-47, BT-61)",
            "Skjemaet for et organisasjonsnummer (BT-30, BT-47, BT-61)",
            "Het schema van een registratienummer (BT-30, BT-47, BT-61)",
        ),
        codes("ISO6523"),
        "schemeID",
        everywhere("cac:PartyLegalEntity/cbc:CompanyID"),
    ),
    by_attribute(
        "BR-CL-13",
        "BT-158",
        said(
            "The list of an item classification (BT-158)",
            "Listen for en vareklassifisering (BT-158)",
            "De lijst van een artikelclassificatie (BT-158)",
        ),
        codes("UNCL7143"),
        "listID",
        everywhere("cac:CommodityClassification/cbc:ItemClassificationCode"),
    ),
    listed(
        "BR-CL-14",
        "BT-40",
        codes("ISO3166"),
        everywhere("cac:Country/cbc:IdentificationCode"),
        said(
            "A country (BT-40, BT-55, BT-69, BT-80)",
            "Et land (BT-40, BT-55, BT-69, BT-80)",
            "Een land (BT-40, BT-55, BT-69, BT-80)",
        ),
    ),
    listed("BR-CL-15", "BT-159", codes("ISO3166"), everywhere("cac:OriginCountry/cbc:IdentificationCode")),
    listed("BR-CL-16", "BT-81", codes("UNCL4461"), everywhere("cac:PaymentMeans/cbc:PaymentMeansCode")),
    listed(
        "BR-CL-17",
        "BT-118",
        codes("UNCL5305"),
        everywhere("cac:TaxCategory/cbc:ID"),
        said(
            "A VAT category (BT-95, BT-102, BT-118)",
            "En avgiftskategori (BT-95, BT-102, BT-118)",
            "Een btw-categorie (BT-95, BT-102, BT-118)",
        ),
    ),
    listed("BR-CL-18", "BT-151", codes("UNCL5305"), everywhere("cac:ClassifiedTaxCategory/cbc:ID")),
    Rule(
        id="BR-CL-19",
        where=_REASONS,
        holds=_reason("UNCL5189", "false", "0"),
        text=not_listed(ALLOWANCE_REASON, "UNCL5189"),
        hint=choose("UNCL5189"),
        term="BT-98",
        at=".",
        expected=lambda *_: choice(codes("UNCL5189")),
    ),
    Rule(
        id="BR-CL-20",
        where=_REASONS,
        holds=_reason("UNCL7161", "true", "1"),
        text=not_listed(CHARGE_REASON, "UNCL7161"),
        hint=choose("UNCL7161"),
        term="BT-105",
        at=".",
    ),
    by_attribute(
        "BR-CL-21",
        "BT-157",
        said(
            "The scheme of a standard item number (BT-157)",
            "Skjemaet for et standard varenummer (BT-157)",
            "Het schema van een standaard artikelnummer (BT-157)",
        ),
        codes("ISO6523"),
        "schemeID",
        everywhere("cac:StandardItemIdentification/cbc:ID"),
    ),
    Rule(
        id="BR-CL-22",
        where=everywhere("cbc:TaxExemptionReasonCode"),
        fits=lambda text: text.strip(BLANKS).upper() in codes("VATEX"),
        text=unlisted("BT-121", "VATEX"),
        hint=said(
            "Choose a code of VATEX, or give the reason as text (BT-120) only.",
            "Velg en kode i VATEX, eller oppgi bare årsaken som tekst (BT-120).",
            "Kies een code uit VATEX, of geef alleen de reden als tekst (BT-120).",
        ),
        term="BT-121",
        at=".",
    ),
    by_attribute(
        "BR-CL-23",
        "BT-130",
        said(
            "The unit of a quantity (BT-130, BT-150)",
            "Enheten for et antall (BT-130, BT-150)",
            "De eenheid van een aantal (BT-130, BT-150)",
        ),
        codes("UNECERec20"),
        "unitCode",
        _QUANTITIES,
    ),
    by_attribute(
        "BR-CL-24",
        "BT-125",
        MIME_TYPE,
        codes("MIME"),
        "mimeCode",
        everywhere("cbc:EmbeddedDocumentBinaryObject"),
        exact=True,
    ),
    by_attribute("BR-CL-25", "BT-34", ADDRESS_SCHEME, codes("EAS-CEN"), "schemeID", ENDPOINTS),
    by_attribute(
        "BR-CL-26",
        "BT-71",
        said(
            "The scheme of a delivery location (BT-71)",
            "Skjemaet for et leveringssted (BT-71)",
            "Het schema van een afleverlocatie (BT-71)",
        ),
        codes("ISO6523"),
        "schemeID",
        everywhere("cac:DeliveryLocation/cbc:ID"),
    ),
)
