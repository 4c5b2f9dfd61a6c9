"""National rules of Peppol billing 3.0.21 for sellers in Denmark (DK-R)."""

from __future__ import annotations

import re
from collections.abc import Callable

from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import Where, everywhere, lines, only, root
from schemas.peppol.rules.set_2026_5.nations import BUYER, SELLER, address_country, number, plain, text_at, texts_at
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import View, every
from schemas.xml import Element

_CVR = "0184"
"""CVR number, in ISO 6523."""
_MEANS = " 1 10 31 42 48 49 50 58 59 93 97 "
_GIRO = re.compile(r"[0-9]{7,8}")
_ACCOUNT = "cac:PayeeFinancialAccount/cbc:ID"
_BRANCH = "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"
_MANDATE = "cac:PaymentMandate/cbc:ID"
_DEBITED = "cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID"
_LEGAL = "cac:PartyLegalEntity/cbc:CompanyID"
_CLASS = "cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode"
_UNSPSC = ("19.05.01", "19.0501", "26.08.01", "26.0801")


def _danish(view: View) -> bool:
    return address_country(view, SELLER) == "DK"


def _domestic(view: View) -> bool:
    return _danish(view) and address_country(view, BUYER) == "DK"


def _domestic_invoice(view: View) -> bool:
    return _domestic(view) and not view.is_credit_note


def _domestic_credit_note(view: View) -> bool:
    return _domestic(view) and view.is_credit_note


def _cvr(path: str) -> Callable[[Element, View], bool]:
    """A registration, if there is one, must be a CVR number."""
    return lambda node, _: all(plain(one.get("schemeID")) == _CVR for one in every(node, path))


def _named_scheme(node: Element, _: View) -> bool:
    return all(plain(one.get("schemeID")) != "" for one in every(node, "cbc:ID"))


def _not_negative(node: Element, _: View) -> bool:
    due = number(text_at(node, "cbc:PayableAmount"))
    return due is None or due >= 0


def _paid_by(node: Element, *codes: str) -> bool:
    return any(code in codes for code in texts_at(node, "cbc:PaymentMeansCode"))


def _all_filled(codes: tuple[str, ...], *paths: str) -> Callable[[Element, View], bool]:
    """For some means of payment, what must hold text."""

    def holds(node: Element, _: View) -> bool:
        return not _paid_by(node, *codes) or all(plain(text_at(node, path)) != "" for path in paths)

    return holds


def _card(node: Element) -> str:
    """The kind of payment slip (kortart): what stands before the # of the payment reference, with it."""
    return text_at(node, "cbc:PaymentID")[:3]


def _giro_slip(node: Element, _: View) -> bool:
    if not _paid_by(node, "50"):
        return True
    return _card(node) in ("01#", "04#", "15#") and _GIRO.fullmatch(text_at(node, _ACCOUNT)) is not None


def _giro_number(node: Element, _: View) -> bool:
    if not _paid_by(node, "50") or _card(node) not in ("04#", "15#"):
        return True
    return len(text_at(node, "cbc:PaymentID")) == 19


def _fik_slip(node: Element, _: View) -> bool:
    return not _paid_by(node, "93") or (_card(node) in ("71#", "73#", "75#") and len(text_at(node, _ACCOUNT)) == 8)


def _fik_number(node: Element, _: View) -> bool:
    if not _paid_by(node, "93") or _card(node) not in ("71#", "75#"):
        return True
    return len(text_at(node, "cbc:PaymentID")) in (18, 19)


def _known_unspsc(node: Element, _: View) -> bool:
    found = every(node, _CLASS)
    if all(one.get("listID") != "TST" for one in found):
        return True
    return any(one.get("listVersionID") in _UNSPSC for one in found)


def _duty_named(node: Element, _: View) -> bool:
    """A duty (ZZZ) is named by a category of four digits, or by category and text with # between."""
    if "ZZZ" not in texts_at(node, "cbc:AllowanceChargeReasonCode"):
        return True
    reason = text_at(node, "cbc:AllowanceChargeReason")
    category = number(reason)
    if len(plain(reason)) == 4 and category is not None and 0 <= category <= 9999:
        return True
    return "#" in reason and not reason.startswith("#") and not reason.endswith("#")


def _rule(
    rule_id: str, where: Where, holds: Callable[[Element, View], bool], text: Texts, hint: Texts, term: str
) -> Rule:
    return Rule(id=rule_id, where=where, holds=holds, text=text, hint=hint, term=term)


def _cvr_rule(rule_id: str, term: str, where: Where, path: str) -> Rule:
    return _rule(
        rule_id,
        where,
        _cvr(path),
        said(
            f"A Danish registration number ({term}) must be a CVR number.",
            f"Et dansk registreringsnummer ({term}) skal være et CVR-nummer.",
            f"Een Deens registratienummer ({term}) moet een CVR-nummer zijn.",
        ),
        said(
            f"Write @schemeID {_CVR} at {_LEGAL}.",
            f"Skriv @schemeID {_CVR} på {_LEGAL}.",
            f"Schrijf @schemeID {_CVR} bij {_LEGAL}.",
        ),
        term,
    )


_FROM_THE_SLIP = said(
    "Take reference and account from the payment slip, without blanks.",
    "Hent referanse og konto fra betalingsslippen, uten mellomrom.",
    "Neem kenmerk en rekening over van de betaalstrook, zonder spaties.",
)
_seller = everywhere("/cac:AccountingSupplierParty")
_means = everywhere("/cac:PaymentMeans")

RULES = (
    *only(
        _danish,
        _rule(
            "DK-R-002",
            root,
            lambda node, _: plain(text_at(node, f"cac:AccountingSupplierParty/cac:Party/{_LEGAL}")) != "",
            missing("BT-30"),
            said(
                f"Give the CVR number in cac:Party/{_LEGAL} of the seller, with @schemeID {_CVR}.",
                f"Oppgi CVR-nummeret i selgerens cac:Party/{_LEGAL}, med @schemeID {_CVR}.",
                f"Geef het CVR-nummer in cac:Party/{_LEGAL} van de verkoper, met @schemeID {_CVR}.",
            ),
            "BT-30",
        ),
        _cvr_rule("DK-R-014", "BT-30", _seller, f"cac:Party/{_LEGAL}"),
    ),
    *only(
        _domestic_credit_note,
        _rule(
            "DK-R-016",
            everywhere("/cac:LegalMonetaryTotal"),
            _not_negative,
            said(
                "A Danish credit note has a negative amount due (BT-115).",
                "En dansk kreditnota har et negativt beløp å betale (BT-115).",
                "Een Deense creditnota heeft een negatief te betalen bedrag (BT-115).",
            ),
            said(
                "Write the amounts of a credit note as positive numbers, or send an invoice.",
                "Skriv beløpene i en kreditnota som positive tall, eller send en faktura.",
                "Schrijf de bedragen van een creditnota als positieve getallen, of verstuur een factuur.",
            ),
            "BT-115",
        ),
    ),
    *only(
        _domestic,
        _rule(
            "DK-R-013",
            everywhere(f"{SELLER}/cac:PartyIdentification", f"{BUYER}/cac:PartyIdentification"),
            _named_scheme,
            said(
                "An identifier of a Danish party (BT-29, BT-46) does not say its scheme.",
                "En identifikator for en dansk part (BT-29, BT-46) oppgir ikke skjema.",
                "Een identificatie van een Deense partij (BT-29, BT-46) noemt haar schema niet.",
            ),
            said(
                "Write @schemeID at cac:PartyIdentification/cbc:ID, or leave the identifier out.",
                "Skriv @schemeID på cac:PartyIdentification/cbc:ID, eller ta identifikatoren ut.",
                "Schrijf @schemeID bij cac:PartyIdentification/cbc:ID, of laat de identificatie weg.",
            ),
            "BT-29",
        ),
        _cvr_rule("DK-R-017", "BT-47", everywhere(BUYER), _LEGAL),
        _rule(
            "DK-R-003",
            lines,
            _known_unspsc,
            said(
                "A UNSPSC classification (BT-158) between Danish parties has version 19.05.01 or 26.08.01.",
                "En UNSPSC-klassifisering (BT-158) mellom danske parter har versjon 19.05.01 eller 26.08.01.",
                "Een UNSPSC-classificatie (BT-158) tussen Deense partijen heeft versie 19.05.01 of 26.08.01.",
            ),
            said(
                "Write @listVersionID at cbc:ItemClassificationCode with @listID TST.",
                "Skriv @listVersionID på cbc:ItemClassificationCode med @listID TST.",
                "Schrijf @listVersionID bij cbc:ItemClassificationCode met @listID TST.",
            ),
            "BT-158",
        ),
        _rule(
            "DK-R-004",
            everywhere("cac:AllowanceCharge"),
            _duty_named,
            said(
                "A duty (reason code ZZZ) does not say which one it is (BT-97, BT-104).",
                "En avgift (årsakskode ZZZ) sier ikke hvilken den er (BT-97, BT-104).",
                "Een heffing (redencode ZZZ) zegt niet welke het is (BT-97, BT-104).",
            ),
            said(
                "Write its four digits in cbc:AllowanceChargeReason, or category and text with # between.",
                "Skriv de fire sifrene i cbc:AllowanceChargeReason, eller kategori og tekst med # mellom.",
                "Schrijf de vier cijfers in cbc:AllowanceChargeReason, of categorie en tekst met # ertussen.",
            ),
            "BT-97",
        ),
    ),
    *only(
        _domestic_invoice,
        Rule(
            id="DK-R-005",
            where=_means,
            holds=lambda node, _: f" {text_at(node, 'cbc:PaymentMeansCode')} " in _MEANS,
            text=said(
                "Danish parties do not use this means of payment (BT-81).",
                "Danske parter bruker ikke denne betalingsmåten (BT-81).",
                "Deense partijen gebruiken deze betaalwijze (BT-81) niet.",
            ),
            hint=fill(f"cbc:PaymentMeansCode:{_MEANS.rstrip()}"),
            term="BT-81",
            at="cbc:PaymentMeansCode",
        ),
        _rule(
            "DK-R-006",
            _means,
            _all_filled(("31", "42"), _ACCOUNT, _BRANCH),
            said(
                "For a Danish transfer (31, 42) account (BT-84) or registration number (BT-86) is missing.",
                "For en dansk overføring (31, 42) mangler konto (BT-84) eller registreringsnummer (BT-86).",
                "Bij een Deense overschrijving (31, 42) ontbreekt rekening (BT-84) of registratienummer (BT-86).",
            ),
            fill(f"{_ACCOUNT}, {_BRANCH}"),
            "BT-84",
        ),
        _rule(
            "DK-R-007",
            _means,
            _all_filled(("49",), _MANDATE, _DEBITED),
            said(
                "For a Danish direct debit (49) mandate (BT-89) or account (BT-91) is missing.",
                "For en dansk direkte belastning (49) mangler mandat (BT-89) eller konto (BT-91).",
                "Bij een Deense incasso (49) ontbreekt mandaat (BT-89) of rekening (BT-91).",
            ),
            fill(f"{_MANDATE}, {_DEBITED}"),
            "BT-89",
        ),
        _rule(
            "DK-R-008",
            _means,
            _giro_slip,
            said(
                "For giro (50) the reference (BT-83) starts with 01#, 04# or 15#; the account (BT-84) has 7-8 digits.",
                "For giro (50) begynner referansen (BT-83) med 01#, 04# eller 15#; kontoen (BT-84) har 7-8 sifre.",
                "Bij giro (50) begint het kenmerk (BT-83) met 01#, 04# of 15#; de rekening (BT-84) heeft 7-8 cijfers.",
            ),
            _FROM_THE_SLIP,
            "BT-83",
        ),
        _rule(
            "DK-R-009",
            _means,
            _giro_number,
            said(
                "For giro (50) a reference (BT-83) after 04# or 15# has 16 digits.",
                "For giro (50) har referansen (BT-83) etter 04# eller 15# 16 sifre.",
                "Bij giro (50) heeft het kenmerk (BT-83) na 04# of 15# 16 cijfers.",
            ),
            _FROM_THE_SLIP,
            "BT-83",
        ),
        _rule(
            "DK-R-010",
            _means,
            _fik_slip,
            said(
                "For FIK (93) the reference (BT-83) starts with 71#, 73# or 75#; the account (BT-84) has 8 characters.",
                "For FIK (93) begynner referansen (BT-83) med 71#, 73# eller 75#; kontoen (BT-84) har 8 tegn.",
                "Bij FIK (93) begint het kenmerk (BT-83) met 71#, 73# of 75#; de rekening (BT-84) heeft 8 tekens.",
            ),
            _FROM_THE_SLIP,
            "BT-83",
        ),
        _rule(
            "DK-R-011",
            _means,
            _fik_number,
            said(
                "For FIK (93) a reference (BT-83) after 71# or 75# has 15 or 16 digits.",
                "For FIK (93) har referansen (BT-83) etter 71# eller 75# 15 eller 16 sifre.",
                "Bij FIK (93) heeft het kenmerk (BT-83) na 71# of 75# 15 of 16 cijfers.",
            ),
            _FROM_THE_SLIP,
            "BT-83",
        ),
    ),
)
