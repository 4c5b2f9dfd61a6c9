"""EN 16931 rules on categories with VAT: standard (S), Canary Islands (L, BR-AF), Ceuta and Melilla (M, BR-AG)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import only, root
from schemas.peppol.rules.set_2026_5.categories import (
    LINE_CATEGORY,
    TAX_ID_NEEDED,
    Category,
    any_tax_id,
    broken_down,
    entry_sums,
    identifier_rules,
    in_breakdown,
    line_sums,
    of_code,
    on_lines,
    rate_rules,
    stands,
    uses,
)
from schemas.peppol.rules.set_2026_5.sums import tax_close
from schemas.peppol.rules.texts import recount, said
from schemas.peppol.rules.view import LINES, Nodes, View, added, amount, cents, every, has, parent, shown, words
from schemas.ubl.names import clark
from schemas.xml import Element

STANDARD = Category(code="S", id="S", identified=any_tax_id, needs=TAX_ID_NEEDED)
CANARY = Category(code="L", id="AF", identified=any_tax_id, needs=TAX_ID_NEEDED, literal=True)
CEUTA = Category(code="M", id="AG", identified=any_tax_id, needs=TAX_ID_NEEDED)

_ABOVE_ZERO = said(
    "VAT category {code} must have a rate above 0.",
    "Avgiftskategori {code} skal ha en sats over 0.",
    "Btw-categorie {code} moet een tarief boven 0 hebben.",
)
_NOT_NEGATIVE = said(
    "VAT category {code} must have a rate of 0 or more.",
    "Avgiftskategori {code} skal ha en sats på 0 eller mer.",
    "Btw-categorie {code} moet een tarief van 0 of hoger hebben.",
)


def _above_zero(rate: Decimal | None) -> bool:
    return rate is not None and rate > 0


def _not_negative(rate: Decimal | None) -> bool:
    return rate is not None and rate >= 0


def _used_where_broken_down(category: Category) -> Rule:
    """Rule 01: the breakdown has the category if and only if a line, allowance or charge has it."""
    code, vat_only = category.code, category is not STANDARD

    def holds(_: Element, view: View) -> bool:
        found = of_code(uses(view).anywhere, code, vat_only=vat_only)
        used = any(parent(use.node).tag == clark("cac:AllowanceCharge") for use in found)
        used = used or bool(on_lines(view, code, vat_only=vat_only))
        return used == bool(in_breakdown(view, code, vat_only=vat_only))

    return Rule(
        id=f"BR-{category.id}-01",
        where=root,
        holds=holds,
        text=said(
            f"VAT category {code} stands on lines or in the VAT breakdown (BG-23), but not in both.",
            f"Avgiftskategori {code} står på linjer eller i avgiftsspesifikasjonen (BG-23), men ikke begge steder.",
            f"Btw-categorie {code} staat op regels of in de btw-specificatie (BG-23), maar niet in beide.",
        ),
        hint=said(
            "Make one cac:TaxSubtotal for each rate that lines have.",
            "Lag én cac:TaxSubtotal for hver sats linjene har.",
            "Maak één cac:TaxSubtotal voor elk tarief dat regels hebben.",
        ),
        term="BG-23",
    )


def _at_rate(nodes: Nodes, path: str, code: str, rate: Decimal) -> Nodes:
    """Lines or allowances that carry the category and the rate."""
    return [node for node in nodes if _carries(every(node, path), code, rate)]


def _carries(categories: Nodes, code: str, rate: Decimal) -> bool:
    coded = any(words(one, "cbc:ID") == code for one in categories)
    return coded and any(amount(one, "cbc:Percent") == rate for one in categories)


_ZERO = Decimal(0)


def _on_lines(view: View, code: str, rate: Decimal, kind: str) -> Decimal | None:
    """What lines of one kind with the category and rate add up to; None when there are none."""
    sums = line_sums(view).get(kind)
    if sums is not None:
        return sums.get((code, rate))
    found = _at_rate(view.all(kind), LINE_CATEGORY, code, rate)
    return added(found, "cbc:LineExtensionAmount") if found else None


def _on_entries(view: View, code: str, rate: Decimal) -> Decimal:
    """What charges less allowances of the document with the category and rate add up to."""
    sums = entry_sums(view)
    if sums is not None:
        return sums.get((code, rate), _ZERO)
    charges, allowances = (
        added(_at_rate(view.entries(charge=charge, place="document"), "cac:TaxCategory", code, rate), "cbc:Amount")
        for charge in (True, False)
    )
    return charges - allowances


def _base(view: View, code: str, rate: Decimal, kind: str) -> Decimal | None:
    """What the category and rate add up to with lines of one kind; None when nothing carries them."""
    lines = _on_lines(view, code, rate, kind)
    known = lines is not None or _known_without_lines(view, code, rate, kind)
    return (lines or _ZERO) + _on_entries(view, code, rate) if known else None


def _known_without_lines(view: View, code: str, rate: Decimal, kind: str) -> bool:
    if code != STANDARD.code:
        return bool(view.all(kind))
    return bool(_at_rate(view.all("cac:AllowanceCharge"), "cac:TaxCategory", code, rate))


def _taxable(category: Category) -> Rule:
    """Rule 08: the taxable amount of a rate is within one unit of what carries it."""
    code = category.code

    def bases(node: Element, view: View) -> Iterator[Decimal]:
        """With the lines there are first; the official rule then also asks as if they were of the other kind."""
        rate = amount(node, "cbc:Percent")
        kinds = sorted(LINES, key=lambda kind: not view.all(kind)) if rate is not None else ()
        found = (_base(view, code, rate, kind) for kind in kinds if rate is not None)
        return (base for base in found if base is not None)

    def holds(node: Element, view: View) -> bool:
        if not has(node, "cbc:Percent"):
            return True
        taxable = amount(parent(node), "cbc:TaxableAmount")
        return taxable is not None and any(abs(taxable - base) < 1 for base in bases(node, view))

    return Rule(
        id=f"BR-{category.id}-08",
        where=broken_down(code),
        holds=holds,
        text=said(
            f"The taxable amount (BT-116) of category {code} is not Σ BT-131 - BT-92 + BT-99 at that rate.",
            f"Avgiftsgrunnlaget (BT-116) for kategori {code} er ikke Σ BT-131 - BT-92 + BT-99 for satsen.",
            f"Het belastbare bedrag (BT-116) van categorie {code} is niet Σ BT-131 - BT-92 + BT-99 bij dat tarief.",
        ),
        hint=recount(),
        term="BT-116",
        at="../cbc:TaxableAmount",
        expected=lambda node, view: shown(next(bases(node, view), None)),
    )


def _tax_holds(node: Element, _: View) -> bool:
    rate, above = amount(node, "cbc:Percent"), parent(node)
    return rate is not None and tax_close(amount(above, "cbc:TaxableAmount"), rate, amount(above, "cbc:TaxAmount"))


def _tax_right(node: Element, _: View) -> str:
    rate, taxable = amount(node, "cbc:Percent"), amount(parent(node), "cbc:TaxableAmount")
    return "" if rate is None or taxable is None else shown(cents(taxable * rate / 100))


def _no_reason(node: Element, _: View) -> bool:
    return not has(node, "cbc:TaxExemptionReason") and not has(node, "cbc:TaxExemptionReasonCode")


def _rules(category: Category) -> tuple[Rule, ...]:
    code, prefix = category.code, f"BR-{category.id}"
    standard = category is STANDARD
    right, wanted = (_above_zero, _ABOVE_ZERO) if standard else (_not_negative, _NOT_NEGATIVE)
    return (
        _used_where_broken_down(category),
        *identifier_rules(category, vat_only=not standard),
        *rate_rules(category, right, wanted),
        _taxable(category),
        Rule(
            id=f"{prefix}-09",
            where=broken_down(code),
            holds=_tax_holds,
            text=said(
                f"The VAT amount (BT-117) of category {code} is not BT-116 times the rate (BT-119).",
                f"Avgiftsbeløpet (BT-117) for kategori {code} er ikke BT-116 ganger satsen (BT-119).",
                f"Het btw-bedrag (BT-117) van categorie {code} is niet BT-116 maal het tarief (BT-119).",
            ),
            hint=recount(),
            term="BT-117",
            at="../cbc:TaxAmount",
            expected=_tax_right,
        ),
        Rule(
            id=f"{prefix}-10",
            where=broken_down(code),
            holds=_no_reason,
            text=said(
                f"Category {code} must have no exemption reason (BT-120, BT-121).",
                f"Kategori {code} skal ikke ha fritaksgrunn (BT-120, BT-121).",
                f"Categorie {code} mag geen vrijstellingsreden hebben (BT-120, BT-121).",
            ),
            hint=said(
                "Remove the reason or choose another category.",
                "Fjern grunnen eller velg en annen kategori.",
                "Verwijder de reden of kies een andere categorie.",
            ),
            term="BT-120",
        ),
    )


RULES = tuple(rule for category in (STANDARD, CANARY, CEUTA) for rule in only(stands(category.code), *_rules(category)))
