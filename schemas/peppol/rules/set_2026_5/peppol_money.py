"""Peppol's own rules on currency, tax totals, payment and dates (PEPPOL-EN16931-R051 to -R080, -F001)."""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere, root
from schemas.peppol.rules.set_2026_5.lists import currencies
from schemas.peppol.rules.texts import change, fill, missing, recount, said
from schemas.peppol.rules.view import (
    Nodes,
    View,
    every,
    has,
    parent,
    shown,
    words,
)
from schemas.ubl.codec import day
from schemas.xml import Element, local_name, text_of

_P = "PEPPOL-EN16931-"
_MONEY = tuple(
    f"cbc:{name}"
    for name in (
        "Amount",
        "BaseAmount",
        "PriceAmount",
        "TaxableAmount",
        "LineExtensionAmount",
        "TaxExclusiveAmount",
        "TaxInclusiveAmount",
        "AllowanceTotalAmount",
        "ChargeTotalAmount",
        "PrepaidAmount",
        "PayableRoundingAmount",
        "PayableAmount",
    )
)
_DEBITS = frozenset({"49", "59"})
"""Means of payment by which the buyer's account is debited."""
_DATES = tuple(
    f"cbc:{name}" for name in ("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
)


def _tax_totals(view: View) -> tuple[int, int]:
    """How many tax totals have a breakdown, and how many have none."""
    parts = view.spots.get("/cac:TaxTotal/cac:TaxSubtotal")
    broken_down = parts.holders if parts is not None else 0
    return broken_down, len(view.all("/cac:TaxTotal")) - broken_down


def _one_tax_total(_: Element, view: View) -> bool:
    return _tax_totals(view)[0] == 1


def _second_tax_total(_: Element, view: View) -> bool:
    return _tax_totals(view)[1] == (1 if view.all("/cbc:TaxCurrencyCode") else 0)


def _taxes(view: View, stated: str) -> Nodes:
    """The tax totals in the currency stated there."""
    found = view.all("/cac:TaxTotal/cbc:TaxAmount")
    return [one for one in found if one.get("currencyID") == words(view.root, stated)]


def _accounting_total(view: View) -> Nodes:
    """The tax total in the accounting currency, or the document where there is none; nothing without that currency."""
    if not view.all("/cbc:TaxCurrencyCode"):
        return []
    return _taxes(view, "cbc:TaxCurrencyCode")[:1] or [view.root]


def _same_sign(_: Element, view: View) -> bool:
    ours = [view.number(one) for one in _taxes(view, "cbc:DocumentCurrencyCode")]
    theirs = [view.number(one) for one in _taxes(view, "cbc:TaxCurrencyCode")]
    down = any(v <= 0 for v in ours) and any(v <= 0 for v in theirs)
    return down or (any(v >= 0 for v in ours) and any(v >= 0 for v in theirs))


def _in_other_currency(view: View) -> Nodes:
    """Every amount not in the invoice currency; a tax total without breakdown is in the accounting currency."""
    stated = view.first("/cbc:DocumentCurrencyCode")
    currency = None if stated is None else stated.text or ""
    own_tax = [node for node in view.all("cbc:TaxAmount") if _is_own_tax(node)]
    found = [*view.all(*_MONEY), *own_tax]
    return [node for node in found if currency is None or node.get("currencyID") != currency]


def _one_currency(view: View) -> bool:
    """A proof: all amounts, whatever they are, are in the currency stated."""
    stated = view.first("/cbc:DocumentCurrencyCode")
    return stated is not None and view.once(currencies) <= {stated.text or ""}


def _is_own_tax(node: Element) -> bool:
    above = parent(node)
    return local_name(above) == "TaxSubtotal" or (local_name(above) == "TaxTotal" and has(above, "cac:TaxSubtotal"))


def _projects(node: Element) -> Nodes:
    """A credit note has its project among the additional documents, with type code 50."""
    found = every(node, "cac:AdditionalDocumentReference")
    return [one for one in found if words(one, "cbc:DocumentTypeCode") == "50"]


def _no_debits(view: View) -> bool:
    return _DEBITS.isdisjoint(map(str.strip, view.texts("cac:PaymentMeans/cbc:PaymentMeansCode")))


def _is_day(text: str) -> bool:
    try:
        day(text)
    except ValueError:
        return False
    return True


_ONE_TOTAL = said(
    "There must be exactly one tax total with a breakdown.",
    "Det skal være nøyaktig én avgiftssum med spesifikasjon.",
    "Er moet precies één btw-totaal met specificatie zijn.",
)

RULES = (
    Rule(
        id=f"{_P}R051",
        where=_in_other_currency,
        sure=_one_currency,
        text=said(
            "An amount is not in the invoice currency (BT-5).",
            "Et beløp er ikke i fakturavalutaen (BT-5).",
            "Een bedrag is niet in de factuurvaluta (BT-5).",
        ),
        hint=change("@currencyID"),
        term="BT-5",
        at="@currencyID",
        expected=lambda _, view: text_of(view.first("/cbc:DocumentCurrencyCode")),
    ),
    Rule(
        id=f"{_P}R053",
        where=root,
        holds=_one_tax_total,
        text=_ONE_TOTAL,
        hint=said(
            "Add the missing cac:TaxTotal with cac:TaxSubtotal, or merge several into one.",
            "Legg til cac:TaxTotal med cac:TaxSubtotal, eller slå sammen flere til én.",
            "Voeg cac:TaxTotal met cac:TaxSubtotal toe, of voeg meerdere samen tot één.",
        ),
        term="BT-110",
    ),
    Rule(
        id=f"{_P}R054",
        where=root,
        holds=_second_tax_total,
        text=said(
            "A tax total without breakdown goes with an accounting currency (BT-6) only.",
            "En avgiftssum uten spesifikasjon hører bare sammen med avgiftsvaluta (BT-6).",
            "Een btw-totaal zonder specificatie hoort alleen bij een btw-valuta (BT-6).",
        ),
        hint=fill("cac:TaxTotal, cbc:TaxCurrencyCode"),
        term="BT-111",
    ),
    Rule(
        id=f"{_P}R055",
        where=_accounting_total,
        holds=_same_sign,
        text=said(
            "Total VAT (BT-110) and that in accounting currency (BT-111) have different signs.",
            "Sum avgift (BT-110) og den i avgiftsvaluta (BT-111) har ulikt fortegn.",
            "Totaal btw (BT-110) en dat in btw-valuta (BT-111) hebben een verschillend teken.",
        ),
        hint=recount(),
        term="BT-111",
        at=".",
        expected=lambda node, view: shown(-view.number(node)),
    ),
    Rule(
        id=f"{_P}R061",
        where=lambda view: [n for n in view.all("cac:PaymentMeans") if words(n, "cbc:PaymentMeansCode") in _DEBITS],
        sure=_no_debits,
        holds=lambda node, _: has(node, "cac:PaymentMandate/cbc:ID"),
        text=missing("BT-89"),
        hint=fill("cac:PaymentMandate/cbc:ID"),
        term="BT-89",
    ),
    Rule(
        id=f"{_P}R080",
        where=lambda view: [view.root] if view.is_credit_note else [],
        holds=lambda node, _: len(_projects(node)) <= 1,
        text=said(
            "There is more than one project reference.",
            "Det er mer enn én prosjektreferanse.",
            "Er is meer dan één projectverwijzing.",
        ),
        hint=said("Keep one.", "Behold én.", "Behoud er één."),
        term="BT-11",
    ),
    Rule(
        id=f"{_P}F001",
        where=everywhere(*_DATES),
        fits=_is_day,
        text=said(
            "A date is not written as YYYY-MM-DD.",
            "En dato er ikke skrevet som ÅÅÅÅ-MM-DD.",
            "Een datum is niet geschreven als JJJJ-MM-DD.",
        ),
        hint=said("Write it as YYYY-MM-DD.", "Skriv den som ÅÅÅÅ-MM-DD.", "Schrijf haar als JJJJ-MM-DD."),
        at=".",
    ),
)
