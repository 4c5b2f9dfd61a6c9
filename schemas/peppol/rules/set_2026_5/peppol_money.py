"""Peppol's own rules on currency, tax totals, payment and dates (PEPPOL-EN16931-R051 to -R080, -F001)."""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import root
from schemas.peppol.rules.texts import fill, missing, recount, said
from schemas.peppol.rules.view import (
    Nodes,
    View,
    added,
    every,
    find,
    has,
    parent,
    words,
)
from schemas.ubl.codec import day
from schemas.xml import Element, local_name

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
_DATES = tuple(
    f"cbc:{name}" for name in ("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
)


def _second_tax_total(node: Element, _: View) -> bool:
    plain = [one for one in every(node, "cac:TaxTotal") if not has(one, "cac:TaxSubtotal")]
    return len(plain) == (1 if has(node, "cbc:TaxCurrencyCode") else 0)


def _same_sign(node: Element, _: View) -> bool:
    if not has(node, "cbc:TaxCurrencyCode"):
        return True
    found = every(node, "cac:TaxTotal/cbc:TaxAmount")
    ours = [added([o]) for o in found if o.get("currencyID") == words(node, "cbc:DocumentCurrencyCode")]
    theirs = [added([o]) for o in found if o.get("currencyID") == words(node, "cbc:TaxCurrencyCode")]
    down = any(v <= 0 for v in ours) and any(v <= 0 for v in theirs)
    return down or (any(v >= 0 for v in ours) and any(v >= 0 for v in theirs))


def _money(view: View) -> Nodes:
    """Every amount in the invoice currency; a tax total without breakdown is in the accounting currency."""
    own_tax = [node for node in view.all("cbc:TaxAmount") if _is_own_tax(node)]
    return [node for name in _MONEY for node in view.all(name)] + own_tax


def _is_own_tax(node: Element) -> bool:
    above = parent(node)
    return local_name(above) == "TaxSubtotal" or (local_name(above) == "TaxTotal" and has(above, "cac:TaxSubtotal"))


def _in_currency(node: Element, view: View) -> bool:
    currency = find(view.root, "cbc:DocumentCurrencyCode")
    return currency is not None and node.get("currencyID") == (currency.text or "")


def _dates(view: View) -> Nodes:
    return [node for name in _DATES for node in view.all(name)]


def _projects(node: Element) -> Nodes:
    """A credit note has its project among the additional documents, with type code 50."""
    found = every(node, "cac:AdditionalDocumentReference")
    return [one for one in found if words(one, "cbc:DocumentTypeCode") == "50"]


def _is_day(node: Element, _: View) -> bool:
    try:
        day(node.text or "")
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
        where=_money,
        holds=_in_currency,
        text=said(
            "An amount is not in the invoice currency (BT-5).",
            "Et beløp er ikke i fakturavalutaen (BT-5).",
            "Een bedrag is niet in de factuurvaluta (BT-5).",
        ),
        hint=fill("@currencyID"),
        term="BT-5",
    ),
    Rule(
        id=f"{_P}R053",
        where=root,
        holds=lambda node, _: len([t for t in every(node, "cac:TaxTotal") if has(t, "cac:TaxSubtotal")]) == 1,
        text=_ONE_TOTAL,
        hint=fill("cac:TaxTotal"),
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
        where=root,
        holds=_same_sign,
        text=said(
            "Total VAT (BT-110) and that in accounting currency (BT-111) have different signs.",
            "Sum avgift (BT-110) og den i avgiftsvaluta (BT-111) har ulikt fortegn.",
            "Totaal btw (BT-110) en dat in btw-valuta (BT-111) hebben een verschillend teken.",
        ),
        hint=recount(),
        term="BT-111",
    ),
    Rule(
        id=f"{_P}R061",
        where=lambda view: [
            n for n in view.all("cac:PaymentMeans") if words(n, "cbc:PaymentMeansCode") in ("49", "59")
        ],
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
    ),
    Rule(
        id=f"{_P}F001",
        where=_dates,
        holds=_is_day,
        text=said(
            "A date is not written as YYYY-MM-DD.",
            "En dato er ikke skrevet som ÅÅÅÅ-MM-DD.",
            "Een datum is niet geschreven als JJJJ-MM-DD.",
        ),
        hint=said("Write it as YYYY-MM-DD.", "Skriv den som ÅÅÅÅ-MM-DD.", "Schrijf haar als JJJJ-MM-DD."),
    ),
)
