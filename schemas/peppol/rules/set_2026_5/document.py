"""EN 16931 rules on what every document must state: BR-01 to BR-16, BR-53, BR-CO-03, BR-CO-18, BR-CO-26."""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere, filled, present, root, totals
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import View, every, has, is_vat
from schemas.xml import Element, text_of

_SUPPLIER = "cac:AccountingSupplierParty/cac:Party"
_CUSTOMER = "cac:AccountingCustomerParty/cac:Party"
_COUNTRY = "cac:Country/cbc:IdentificationCode"


def _has_type_code(_: Element, view: View) -> bool:
    return any(text_of(view.first(path)) for path in ("/cbc:InvoiceTypeCode", "/cbc:CreditNoteTypeCode"))


def _has_line(_: Element, view: View) -> bool:
    return bool(view.lines)


def _accounting_tax(node: Element, view: View) -> bool:
    return any(amount.get("currencyID") == (node.text or "") for amount in view.all("cbc:TaxAmount"))


def _one_tax_point(_: Element, view: View) -> bool:
    return not view.all("/cac:InvoicePeriod/cbc:DescriptionCode")


_PARTY, _NUMBER = "cac:AccountingSupplierParty", "cac:Party/cac:PartyLegalEntity/cbc:CompanyID"


def _registered(view: View) -> bool:
    return all(spot.all_hold(_NUMBER) for spot in view.spots_at(_PARTY))


def _seller_known(node: Element, _: View) -> bool:
    vat = any(is_vat(one) and has(one, "cbc:CompanyID") for one in every(node, "cac:Party/cac:PartyTaxScheme"))
    own = any(one.get("schemeID") != "SEPA" for one in every(node, "cac:Party/cac:PartyIdentification/cbc:ID"))
    return vat or own or has(node, _NUMBER)


RULES = (
    filled("BR-01", "BT-24", "cbc:CustomizationID"),
    filled("BR-02", "BT-1", "cbc:ID"),
    filled("BR-03", "BT-2", "cbc:IssueDate"),
    Rule(
        id="BR-04",
        where=root,
        holds=_has_type_code,
        text=missing("BT-3"),
        hint=fill("cbc:InvoiceTypeCode / cbc:CreditNoteTypeCode"),
        term="BT-3",
    ),
    filled("BR-05", "BT-5", "cbc:DocumentCurrencyCode"),
    filled("BR-06", "BT-27", f"{_SUPPLIER}/cac:PartyLegalEntity/cbc:RegistrationName"),
    filled("BR-07", "BT-44", f"{_CUSTOMER}/cac:PartyLegalEntity/cbc:RegistrationName"),
    present("BR-08", "BG-5", f"{_SUPPLIER}/cac:PostalAddress"),
    filled("BR-09", "BT-40", _COUNTRY, everywhere(f"/{_SUPPLIER}/cac:PostalAddress")),
    present("BR-10", "BG-8", f"{_CUSTOMER}/cac:PostalAddress"),
    filled("BR-11", "BT-55", _COUNTRY, everywhere(f"/{_CUSTOMER}/cac:PostalAddress")),
    present("BR-12", "BT-106", "cbc:LineExtensionAmount", totals),
    present("BR-13", "BT-109", "cbc:TaxExclusiveAmount", totals),
    present("BR-14", "BT-112", "cbc:TaxInclusiveAmount", totals),
    present("BR-15", "BT-115", "cbc:PayableAmount", totals),
    Rule(
        id="BR-16",
        where=root,
        holds=_has_line,
        text=said(
            "The document has no line (BG-25).",
            "Dokumentet har ingen linje (BG-25).",
            "Het document heeft geen regel (BG-25).",
        ),
        hint=said("Add at least one line.", "Legg til minst én linje.", "Voeg minstens één regel toe."),
        term="BG-25",
    ),
    Rule(
        id="BR-53",
        where=everywhere("/cbc:TaxCurrencyCode"),
        holds=_accounting_tax,
        text=missing("BT-111"),
        hint=fill("cac:TaxTotal/cbc:TaxAmount (currencyID = cbc:TaxCurrencyCode)"),
        term="BT-111",
    ),
    Rule(
        id="BR-CO-03",
        where=everywhere("/cbc:TaxPointDate"),
        holds=_one_tax_point,
        text=said(
            "VAT point date (BT-7) and VAT point date code (BT-8) exclude each other.",
            "Dato (BT-7) og kode (BT-8) for avgiftstidspunktet utelukker hverandre.",
            "Btw-datum (BT-7) en code btw-datum (BT-8) sluiten elkaar uit.",
        ),
        hint=said("Keep one of the two.", "Behold bare den ene.", "Behoud een van beide."),
        term="BT-7",
    ),
    present("BR-CO-18", "BG-23", "cac:TaxTotal/cac:TaxSubtotal"),
    Rule(
        id="BR-CO-26",
        where=everywhere(_PARTY),
        holds=_seller_known,
        sure=_registered,
        text=said(
            "The seller has no identifier (BT-29), registration number (BT-30) or VAT number (BT-31).",
            "Selgeren har verken identifikator (BT-29), organisasjonsnummer (BT-30) eller MVA-nummer (BT-31).",
            "De verkoper heeft geen identificatie (BT-29), registratienummer (BT-30) of btw-nummer (BT-31).",
        ),
        hint=fill("cac:PartyLegalEntity/cbc:CompanyID"),
        term="BT-30",
    ),
)
