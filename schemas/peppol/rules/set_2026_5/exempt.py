"""EN 16931 rules on categories without VAT.

Exempt (E), zero rated (Z), reverse charge (AE), export (G), intra-community (K, rules BR-IC), outside scope (O).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import only, root
from schemas.peppol.rules.set_2026_5.categories import (
    INTRA_COMMUNITY_NEEDED,
    LINE_CATEGORY,
    NOTHING_NEEDED,
    REVERSE_CHARGE_NEEDED,
    TAX_ID_NEEDED,
    VAT_ID_NEEDED,
    Category,
    any_tax_id,
    broken_down,
    entry_sums,
    identifier_rules,
    in_breakdown,
    intra_community_ids,
    line_sums,
    no_vat_ids,
    of_code,
    on_lines,
    rate_rules,
    reverse_charge_ids,
    stands,
    uses,
    vat_id,
    zero,
)
from schemas.peppol.rules.texts import fill, recount, said
from schemas.peppol.rules.view import LINES, View, added, amount, every, has, is_vat, parent, shown, words
from schemas.ubl.names import clark
from schemas.xml import Element

EXEMPT = Category(code="E", id="E", identified=any_tax_id, needs=TAX_ID_NEEDED)
ZERO_RATED = Category(code="Z", id="Z", identified=any_tax_id, needs=TAX_ID_NEEDED)
REVERSE_CHARGE = Category(code="AE", id="AE", identified=reverse_charge_ids, needs=REVERSE_CHARGE_NEEDED)
EXPORT = Category(code="G", id="G", identified=vat_id, needs=VAT_ID_NEEDED)
INTRA_COMMUNITY = Category(code="K", id="IC", identified=intra_community_ids, needs=INTRA_COMMUNITY_NEEDED)
OUTSIDE = Category(code="O", id="O", identified=no_vat_ids, needs=NOTHING_NEEDED)

_NO_RATE = said(
    "VAT category {code} must have no rate.",
    "Avgiftskategori {code} skal ikke ha sats.",
    "Btw-categorie {code} mag geen tarief hebben.",
)
_ZERO_RATE = said(
    "VAT category {code} must have rate 0.",
    "Avgiftskategori {code} skal ha sats 0.",
    "Btw-categorie {code} moet tarief 0 hebben.",
)


def _rules(category: Category) -> tuple[Rule, ...]:
    rates = (
        rate_rules(category, lambda rate: rate is None, _NO_RATE)
        if category is OUTSIDE
        else rate_rules(category, zero, _ZERO_RATE)
    )
    return (_once(category), *identifier_rules(category), *rates, *_breakdown_rules(category))


def _once(category: Category) -> Rule:
    """Rule 01: what is used anywhere stands in the breakdown exactly once."""
    code = category.code

    def holds(_: Element, view: View) -> bool:
        used = bool(on_lines(view, code)) or bool(of_code(uses(view).anywhere, code))
        return not used or len(in_breakdown(view, code)) == 1

    return Rule(
        id=f"BR-{category.id}-01",
        where=root,
        holds=holds,
        text=said(
            f"VAT category {code} must stand exactly once in the VAT breakdown (BG-23).",
            f"Avgiftskategori {code} skal stå nøyaktig én gang i avgiftsspesifikasjonen (BG-23).",
            f"Btw-categorie {code} moet precies één keer in de btw-specificatie (BG-23) staan.",
        ),
        hint=said(
            "Add the missing cac:TaxSubtotal, or merge those of the category into one.",
            "Legg til cac:TaxSubtotal som mangler, eller slå sammen kategoriens til én.",
            "Voeg de ontbrekende cac:TaxSubtotal toe, of voeg die van de categorie samen.",
        ),
        term="BG-23",
    )


def _base(view: View, code: str, kind: str) -> Decimal:
    """What lines, charges and allowances of the category add up to."""
    sums = entry_sums(view)
    if sums is not None:
        return _on_lines(view, code, kind) + sum((much for (one, _), much in sums.items() if one == code), Decimal(0))
    charges = [n for n in view.entries(charge=True, place="document") if _carries(n, "cac:TaxCategory", code)]
    allowances = [n for n in view.entries(charge=False, place="document") if _carries(n, "cac:TaxCategory", code)]
    return _on_lines(view, code, kind) + added(charges, "cbc:Amount") - added(allowances, "cbc:Amount")


def _on_lines(view: View, code: str, kind: str) -> Decimal:
    sums = line_sums(view).get(kind)
    if sums is not None:
        return sum((amount for (one, _), amount in sums.items() if one == code), Decimal(0))
    return added((n for n in view.all(kind) if _carries(n, LINE_CATEGORY, code)), "cbc:LineExtensionAmount")


def _carries(node: Element, path: str, code: str) -> bool:
    return any(words(one, "cbc:ID") == code for one in every(node, path))


def _kinds(view: View) -> list[str]:
    return [kind for kind in LINES if view.all(kind)]


def _breakdown_rules(category: Category) -> tuple[Rule, ...]:
    code, prefix = category.code, f"BR-{category.id}"

    def taxable(node: Element, view: View) -> bool:
        base = amount(parent(node), "cbc:TaxableAmount")
        return any(base == _base(view, code, kind) for kind in _kinds(view))

    def expected(_: Element, view: View) -> str:
        return shown(next((_base(view, code, kind) for kind in _kinds(view)), None))

    return (
        Rule(
            id=f"{prefix}-08",
            where=broken_down(code),
            holds=taxable,
            text=said(
                f"The taxable amount (BT-116) of category {code} is not Σ BT-131 - BT-92 + BT-99 of that category.",
                f"Avgiftsgrunnlaget (BT-116) for kategori {code} er ikke Σ BT-131 - BT-92 + BT-99 for kategorien.",
                f"Het belastbare bedrag (BT-116) van categorie {code} is niet Σ BT-131 - BT-92 + BT-99 daarvan.",
            ),
            hint=recount(),
            term="BT-116",
            at="../cbc:TaxableAmount",
            expected=expected,
        ),
        Rule(
            id=f"{prefix}-09",
            where=broken_down(code),
            holds=lambda node, _: zero(amount(parent(node), "cbc:TaxAmount")),
            text=said(
                f"The VAT amount (BT-117) of category {code} must be 0.",
                f"Avgiftsbeløpet (BT-117) for kategori {code} skal være 0.",
                f"Het btw-bedrag (BT-117) van categorie {code} moet 0 zijn.",
            ),
            hint=recount(),
            term="BT-117",
            at="../cbc:TaxAmount",
            expected=lambda *_: "0.00",
        ),
        _reason(category),
    )


def _has_reason(node: Element) -> bool:
    return has(node, "cbc:TaxExemptionReason") or has(node, "cbc:TaxExemptionReasonCode")


def _reason(category: Category) -> Rule:
    """Rule 10: a reason must be given, except that zero rated must have none."""
    code = category.code
    wanted = category is not ZERO_RATED
    text = (
        said(
            f"Category {code} needs a reason why no VAT is charged (BT-120 or BT-121).",
            f"Kategori {code} krever en grunn til at avgift ikke beregnes (BT-120 eller BT-121).",
            f"Categorie {code} vereist een reden waarom geen btw wordt berekend (BT-120 of BT-121).",
        )
        if wanted
        else said(
            f"Category {code} must have no exemption reason (BT-120, BT-121).",
            f"Kategori {code} skal ikke ha fritaksgrunn (BT-120, BT-121).",
            f"Categorie {code} mag geen vrijstellingsreden hebben (BT-120, BT-121).",
        )
    )
    return Rule(
        id=f"BR-{category.id}-10",
        where=broken_down(code),
        holds=lambda node, _: _has_reason(node) == wanted,
        text=text,
        hint=_REASON_HINTS.get(category.id, _GIVE_REASON),
        term="BT-120",
    )


_GIVE_REASON = said(
    "Fill in cbc:TaxExemptionReason or cbc:TaxExemptionReasonCode.",
    "Fyll ut cbc:TaxExemptionReason eller cbc:TaxExemptionReasonCode.",
    "Vul cbc:TaxExemptionReason of cbc:TaxExemptionReasonCode in.",
)
_REASON_HINTS = {
    "E": said(
        "Health care in Norway: state mval. § 3-2 in cbc:TaxExemptionReason.",
        "Helsetjenester i Norge: oppgi mval. § 3-2 i cbc:TaxExemptionReason.",
        "Zorg in Noorwegen: noem mval. § 3-2 in cbc:TaxExemptionReason.",
    ),
    "Z": said(
        "Remove cbc:TaxExemptionReason and cbc:TaxExemptionReasonCode, or choose another category.",
        "Fjern cbc:TaxExemptionReason og cbc:TaxExemptionReasonCode, eller velg en annen kategori.",
        "Verwijder cbc:TaxExemptionReason en cbc:TaxExemptionReasonCode, of kies een andere categorie.",
    ),
}


def _only_outside(number: str, others: Callable[[View], bool]) -> Rule:
    """Rules BR-O-11 to -14: a document with category O has no other category."""
    return Rule(
        id=f"BR-O-{number}",
        where=root,
        holds=lambda _, view: not in_breakdown(view, "O") or not others(view),
        text=said(
            "A document with VAT category O must have no other VAT category.",
            "Et dokument med avgiftskategori O kan ikke ha andre avgiftskategorier.",
            "Een document met btw-categorie O mag geen andere btw-categorie hebben.",
        ),
        hint=said("Split the document.", "Del dokumentet i to.", "Splits het document."),
        term="BT-118",
    )


def _other(view: View, name: str, above: str = "") -> bool:
    found = view.all(name)
    if above:
        found = [node for node in found if parent(node).tag == clark(above)]
    return any(is_vat(node) and words(node, "cbc:ID") != "O" for node in found)


def _other_entry(view: View, *, charge: bool) -> bool:
    found = view.entries(charge=charge, place="")
    return any(is_vat(n) and words(n, "cbc:ID") != "O" for one in found for n in every(one, "cac:TaxCategory"))


def _delivered(_: Element, view: View) -> bool:
    """Intra-community supply states when: a delivery date or an invoice period."""
    day = words(view.root, "cac:Delivery/cbc:ActualDeliveryDate")
    period = any(len(node) for node in every(view.root, "cac:InvoicePeriod"))
    return not in_breakdown(view, "K") or len(day) > 1 or period


def _delivered_where(_: Element, view: View) -> bool:
    path = "cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode"
    return not in_breakdown(view, "K") or len(words(view.root, path)) > 1


_DELIVERY = said(
    "Intra-community supply (category K) needs {what}.",
    "Salg innen EU (kategori K) krever {what}.",
    "Intracommunautaire levering (categorie K) vereist {what}.",
)


def _delivery(rule_id: str, term: str, holds: Callable[[Element, View], bool], what: Texts, path: str) -> Rule:
    text = {language: sentence.format(what=what[language]) for language, sentence in _DELIVERY.items()}
    return Rule(id=rule_id, where=root, holds=holds, text=text, hint=fill(path), term=term)


_INTRA = (
    _delivery(
        "BR-IC-11",
        "BT-72",
        _delivered,
        said(
            "a delivery date (BT-72) or an invoice period (BG-14)",
            "leveringsdato (BT-72) eller fakturaperiode (BG-14)",
            "een leverdatum (BT-72) of een factuurperiode (BG-14)",
        ),
        "cac:Delivery/cbc:ActualDeliveryDate / cac:InvoicePeriod",
    ),
    _delivery(
        "BR-IC-12",
        "BT-80",
        _delivered_where,
        said("a delivery country (BT-80)", "leveringsland (BT-80)", "een land van levering (BT-80)"),
        "cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode",
    ),
)
_ALONE = (
    _only_outside("11", lambda view: _other(view, "cac:TaxCategory", "cac:TaxSubtotal")),
    _only_outside("12", lambda view: _other(view, "cac:ClassifiedTaxCategory")),
    _only_outside("13", lambda view: _other_entry(view, charge=False)),
    _only_outside("14", lambda view: _other_entry(view, charge=True)),
)


def _of(category: Category, *more: Rule) -> tuple[Rule, ...]:
    return only(stands(category.code), *_rules(category), *more)


RULES = (
    *_of(EXEMPT),
    *_of(ZERO_RATED),
    *_of(REVERSE_CHARGE),
    *_of(EXPORT),
    *_of(INTRA_COMMUNITY, *_INTRA),
    *_of(OUTSIDE, *_ALONE),
)
