"""National rules of Peppol billing 3.0.21 for sellers in Iceland (IS-R)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import everywhere, only, root
from schemas.peppol.rules.set_2026_5.nations import BUYER, SELLER, address_country, plain, texts_at
from schemas.peppol.rules.texts import change, fill, missing, said
from schemas.peppol.rules.view import Nodes, View, every, has, parent
from schemas.xml import Element

_SCHEME = "0196"
"""Kennitala, in ISO 6523."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EINDAGI = everywhere("/cac:AdditionalDocumentReference/cbc:DocumentDescription")


def _icelandic(view: View) -> bool:
    return address_country(view, SELLER) == "IS"


def _both_icelandic(view: View) -> bool:
    return _icelandic(view) and address_country(view, BUYER) == "IS"


def _type_known(node: Element, _: View) -> bool:
    return any(plain(code) in ("380", "381") for code in _types(node))


def _types(node: Element) -> list[str]:
    return texts_at(node, "cbc:InvoiceTypeCode") + texts_at(node, "cbc:CreditNoteTypeCode")


def _legal_id(party: str) -> Callable[[Element, View], bool]:
    path = f"{party}/cac:PartyLegalEntity/cbc:CompanyID"
    return lambda node, _: any(one.get("schemeID") == _SCHEME for one in every(node, path))


def _street_and_zip(party: str) -> Callable[[Element, View], bool]:
    address = f"{party}/cac:PostalAddress"
    return lambda node, _: has(node, f"{address}/cbc:StreetName") and has(node, f"{address}/cbc:PostalZone")


def _account_long_enough(code: str) -> Callable[[Element, View], bool]:
    """Bank, ledger and account are twelve characters together."""

    def holds(node: Element, _: View) -> bool:
        means = [one for one in every(node, "cac:PaymentMeans") if code in texts_at(one, "cbc:PaymentMeansCode")]
        accounts = [text for one in means for text in texts_at(one, "cac:PayeeFinancialAccount/cbc:ID")]
        return not means or (bool(accounts) and all(len(plain(text)) == 12 for text in accounts))

    return holds


def _last_days(view: View) -> list[str]:
    """What stands as the last day to pay (eindagi): the identifier of a supporting document of that name."""
    found = (node for node in view.all(*_EINDAGI.paths) if node.text == "EINDAGI")
    return [text for node in found for text in texts_at(parent(node), "cbc:ID")]


def _eindagi(view: View) -> Nodes:
    return [node for node in _EINDAGI(view) if node.text == "EINDAGI"][:1]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _DAY.fullmatch(text) is not None


def _not_before_due(_: Element, view: View) -> bool:
    """Compared as texts, as officially."""
    due = [node.text or "" for node in view.all("/cbc:DueDate")]
    return any(one <= last for one in due for last in _last_days(view))


def _last_day(rule_id: str, holds: Callable[[Element, View], bool], text: Texts, hint: Texts, term: str) -> Rule:
    return Rule(id=rule_id, where=_eindagi, holds=holds, text=text, hint=hint, term=term)


def _account_rule(rule_id: str, code: str) -> Rule:
    return Rule(
        id=rule_id,
        where=root,
        holds=_account_long_enough(code),
        text=said(
            f"For payment means {code} an Icelandic account (BT-84) has twelve characters.",
            f"For betalingsmåte {code} har en islandsk konto (BT-84) tolv tegn.",
            f"Bij betaalwijze {code} heeft een IJslandse rekening (BT-84) twaalf tekens.",
        ),
        hint=said(
            "Write bank (4), ledger (2) and account (6) without separators in cac:PayeeFinancialAccount/cbc:ID.",
            "Skriv bank (4), hovedbok (2) og konto (6) uten skilletegn i cac:PayeeFinancialAccount/cbc:ID.",
            "Schrijf bank (4), grootboek (2) en rekening (6) zonder tekens ertussen in cbc:ID van de rekening.",
        ),
        term="BT-84",
    )


def _address_rule(rule_id: str, term: str, where: Callable[[View], Nodes], party: str) -> Rule:
    return Rule(
        id=rule_id,
        where=where,
        holds=_street_and_zip(party),
        text=said(
            "An Icelandic address needs street and postal code.",
            "En islandsk adresse krever gate og postnummer.",
            "Een IJslands adres vereist straat en postcode.",
        ),
        hint=fill(f"{party}/cac:PostalAddress/cbc:StreetName, cbc:PostalZone"),
        term=term,
    )


def _id_rule(rule_id: str, term: str, where: Callable[[View], Nodes], party: str) -> Rule:
    return Rule(
        id=rule_id,
        where=where,
        holds=_legal_id(party),
        text=missing(term),
        hint=said(
            f"Give the kennitala in {party}/cac:PartyLegalEntity/cbc:CompanyID with @schemeID {_SCHEME}.",
            f"Oppgi kennitala i {party}/cac:PartyLegalEntity/cbc:CompanyID med @schemeID {_SCHEME}.",
            f"Geef de kennitala in {party}/cac:PartyLegalEntity/cbc:CompanyID met @schemeID {_SCHEME}.",
        ),
        term=term,
    )


_customer = everywhere("/cac:AccountingCustomerParty")

RULES = (
    *only(
        _icelandic,
        Rule(
            id="IS-R-001",
            where=root,
            holds=_type_known,
            text=said(
                "An Icelandic seller's document has type code 380 or 381 (BT-3).",
                "Dokumentet fra en islandsk selger har typekode 380 eller 381 (BT-3).",
                "Het document van een IJslandse verkoper heeft typecode 380 of 381 (BT-3).",
            ),
            hint=change("cbc:InvoiceTypeCode / cbc:CreditNoteTypeCode"),
            value=lambda node, _: " ".join(_types(node)),
            expected=lambda *_: "380 381",
            severity=Severity.WARNING,
            term="BT-3",
        ),
        _id_rule("IS-R-002", "BT-30", root, "cac:AccountingSupplierParty/cac:Party"),
        _address_rule("IS-R-003", "BG-5", root, "cac:AccountingSupplierParty/cac:Party"),
        _account_rule("IS-R-006", "9"),
        _account_rule("IS-R-007", "42"),
        _last_day(
            "IS-R-008",
            lambda _, view: bool(days := _last_days(view)) and all(_is_day(day) for day in days),
            said(
                "The last day to pay (EINDAGI, BT-122) is not a date.",
                "Siste betalingsdag (EINDAGI, BT-122) er ikke en dato.",
                "De laatste betaaldag (EINDAGI, BT-122) is geen datum.",
            ),
            said(
                "Write it as YYYY-MM-DD in cbc:ID of that supporting document.",
                "Skriv den som ÅÅÅÅ-MM-DD i cbc:ID i det vedlegget.",
                "Schrijf hem als JJJJ-MM-DD in cbc:ID van die bijlage.",
            ),
            "BT-122",
        ),
        _last_day(
            "IS-R-009",
            lambda _, view: has(view.root, "cbc:DueDate"),
            missing("BT-9"),
            said(
                "With a last day to pay (EINDAGI) give the due date too, in cbc:DueDate.",
                "Oppgi også forfallsdato i cbc:DueDate når siste betalingsdag (EINDAGI) står.",
                "Geef bij een laatste betaaldag (EINDAGI) ook de vervaldatum, in cbc:DueDate.",
            ),
            "BT-9",
        ),
        _last_day(
            "IS-R-010",
            _not_before_due,
            said(
                "The last day to pay (EINDAGI, BT-122) lies before the due date (BT-9), or there is no due date.",
                "Siste betalingsdag (EINDAGI, BT-122) er før forfallsdato (BT-9), eller forfallsdato mangler.",
                "De laatste betaaldag (EINDAGI, BT-122) ligt voor de vervaldatum (BT-9), of die ontbreekt.",
            ),
            said(
                "Let the last day be the due date or a later day.",
                "La siste betalingsdag være forfallsdato eller senere.",
                "Laat de laatste betaaldag de vervaldatum of een latere dag zijn.",
            ),
            "BT-9",
        ),
    ),
    *only(
        _both_icelandic,
        _id_rule("IS-R-004", "BT-47", _customer, "cac:Party"),
        _address_rule("IS-R-005", "BG-8", _customer, "cac:Party"),
    ),
)
