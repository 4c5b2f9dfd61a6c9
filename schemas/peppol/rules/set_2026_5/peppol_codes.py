"""Peppol's rules on coded values (PEPPOL-EN16931-CL001 to -CL008, -P0100 to -P0112), BIS Billing 3.0.21."""

from __future__ import annotations

from collections.abc import Callable

from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import by_attribute, choice, everywhere, listed
from schemas.peppol.rules.set_2026_5.lists import (
    ADDRESS_SCHEME,
    ALLOWANCE_REASON,
    CHARGE_REASON,
    CURRENCY,
    ENDPOINTS,
    MIME_TYPE,
    MONEY,
    at,
    codes,
    currencies,
)
from schemas.peppol.rules.texts import change, choose, not_listed, said, unlisted
from schemas.peppol.rules.view import BLANKS, View, every, parent
from schemas.ubl.names import BILLING_PROFILES
from schemas.xml import Element

_P = "PEPPOL-EN16931-"
_GERMAN_TYPES = ("326", "384")
_REASONS = everywhere("cac:AllowanceCharge/cbc:AllowanceChargeReasonCode")
_EXEMPTIONS = everywhere("cac:TaxCategory/cbc:TaxExemptionReasonCode")
_COUNTRY = "cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode"
_PARTIES = ("cac:AccountingSupplierParty", "cac:AccountingCustomerParty")


def _reason(name: str, indicator: str) -> Callable[[Element, View], bool]:
    """A reason code of an allowance (`false`) or a charge (`true`), as written to the letter."""

    def holds(node: Element, _: View) -> bool:
        judged = any(one.text == indicator for one in every(parent(node), "cbc:ChargeIndicator"))
        return not judged or (node.text or "").strip(BLANKS) in codes(name)

    return holds


def _is_type(name: str) -> Callable[[Element, View], bool]:
    """A type code of a known business process; of others Peppol asks nothing."""

    def holds(node: Element, view: View) -> bool:
        known = at(view.root, "cbc:ProfileID") in BILLING_PROFILES
        return not known or (node.text or "").strip(BLANKS) in codes(name)

    return holds


def _german_only(node: Element, view: View) -> bool:
    if (node.text or "").strip(BLANKS) not in _GERMAN_TYPES:
        return True
    return all(at(view.root, f"{party}/{_COUNTRY}").upper() == "DE" for party in _PARTIES)


def _coded(rule_id: str, term: str, name: str, what: Texts, holds: Callable[[Element, View], bool]) -> Rule:
    return Rule(
        id=f"{_P}{rule_id}",
        where=_REASONS,
        holds=holds,
        text=not_listed(what, name),
        hint=choose(name),
        term=term,
        at=".",
        expected=lambda *_: choice(codes(name)),
    )


def _typed(rule_id: str, name: str, path: str) -> Rule:
    return Rule(
        id=f"{_P}{rule_id}",
        where=everywhere(path),
        holds=_is_type(name),
        sure=lambda view: all(text.strip(BLANKS) in codes(name) for text in view.texts(path)),
        text=unlisted("BT-3", name),
        hint=choose(name),
        term="BT-3",
        at=".",
        expected=lambda *_: choice(codes(name)),
    )


def _exempt(rule_id: str, code: str, category: str) -> Rule:
    """An exemption reason code that goes with one VAT category only."""

    def holds(node: Element, _: View) -> bool:
        return (node.text or "").upper() != code or at(parent(node), "cbc:ID") == category

    return Rule(
        id=f"{_P}{rule_id}",
        where=_EXEMPTIONS,
        holds=holds,
        text=said(
            f"The exemption reason code {code} (BT-121) needs VAT category {category} (BT-118).",
            f"Fritaksgrunnkoden {code} (BT-121) krever avgiftskategori {category} (BT-118).",
            f"De vrijstellingscode {code} (BT-121) vereist btw-categorie {category} (BT-118).",
        ),
        hint=change(f"cac:TaxCategory/cbc:ID = {category}"),
        term="BT-118",
        at="../cbc:ID",
        expected=lambda *_: category,
    )


RULES = (
    by_attribute(
        f"{_P}CL001",
        "BT-125",
        MIME_TYPE,
        codes("MIME"),
        "mimeCode",
        everywhere("cbc:EmbeddedDocumentBinaryObject"),
        exact=True,
    ),
    _coded("CL002", "BT-98", "UNCL5189", ALLOWANCE_REASON, _reason("UNCL5189", "false")),
    _coded("CL003", "BT-105", "UNCL7161", CHARGE_REASON, _reason("UNCL7161", "true")),
    listed(f"{_P}CL006", "BT-8", codes("UNCL2005"), everywhere("cac:InvoicePeriod/cbc:DescriptionCode")),
    by_attribute(
        f"{_P}CL007",
        "BT-5",
        CURRENCY,
        codes("ISO4217-PEPPOL"),
        "currencyID",
        MONEY,
        needed=True,
        exact=True,
        values=currencies,
    ),
    by_attribute(f"{_P}CL008", "BT-34", ADDRESS_SCHEME, codes("EAS"), "schemeID", ENDPOINTS, exact=True),
    _typed("P0100", "UNCL1001-PEPPOL-INVOICE", "cbc:InvoiceTypeCode"),
    _typed("P0101", "UNCL1001-PEPPOL-CREDIT", "cbc:CreditNoteTypeCode"),
    _exempt("P0104", "VATEX-EU-G", "G"),
    _exempt("P0105", "VATEX-EU-O", "O"),
    _exempt("P0106", "VATEX-EU-IC", "K"),
    _exempt("P0107", "VATEX-EU-AE", "AE"),
    _exempt("P0108", "VATEX-EU-D", "E"),
    _exempt("P0109", "VATEX-EU-F", "E"),
    _exempt("P0110", "VATEX-EU-I", "E"),
    _exempt("P0111", "VATEX-EU-J", "E"),
    Rule(
        id=f"{_P}P0112",
        where=everywhere("cbc:InvoiceTypeCode"),
        holds=_german_only,
        sure=lambda view: all(text.strip(BLANKS) not in _GERMAN_TYPES for text in view.texts("cbc:InvoiceTypeCode")),
        text=said(
            "Invoice types 326 and 384 (BT-3) are for a German seller and a German buyer only.",
            "Fakturatypene 326 og 384 (BT-3) er bare for tysk selger og tysk kjøper.",
            "Factuurtypen 326 en 384 (BT-3) zijn alleen voor een Duitse verkoper en een Duitse koper.",
        ),
        hint=said(
            "Use 380 for an invoice and 381 for a credit note.",
            "Bruk 380 for en faktura og 381 for en kreditnota.",
            "Gebruik 380 voor een factuur en 381 voor een creditnota.",
        ),
        term="BT-3",
        at=".",
    ),
)
