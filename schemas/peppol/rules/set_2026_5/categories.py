"""What the rules on VAT categories share: where a category is used, and which identifiers it needs.

Source: EN 16931 BR-S-01 and its sisters for Z, E, AE, G, K, O, L and M.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import root
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View, every, has, is_vat, words
from schemas.xml import Element

_SELLER = "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme"
_BUYER = "cac:AccountingCustomerParty/cac:Party"
_REPRESENTATIVE = "cac:TaxRepresentativeParty/cac:PartyTaxScheme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A VAT category: its code, the letters in its rule ids, and the identifiers it needs."""

    code: str
    id: str
    identified: Callable[[View], bool]


def of_code(nodes: Nodes, code: str, *, vat_only: bool = True) -> Nodes:
    """Those tax categories that are this one."""
    return [node for node in nodes if words(node, "cbc:ID") == code and (not vat_only or is_vat(node))]


def on_lines(view: View, code: str, *, vat_only: bool = True) -> Nodes:
    """The category where lines carry it."""
    found = view.coded("cac:ClassifiedTaxCategory", code)
    return [node for node in found if is_vat(node)] if vat_only else found


def on_entries(view: View, code: str, *, charge: bool) -> Nodes:
    """The category where allowances or charges carry it."""
    if not view.coded("cac:TaxCategory", code):
        return []
    found = view.entries(charge=charge, place="")
    return [node for entry in found for node in of_code(every(entry, "cac:TaxCategory"), code)]


def in_breakdown(view: View, code: str, *, vat_only: bool = True) -> Nodes:
    """The category in the VAT breakdown of the document."""
    return of_code(every(view.root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory"), code, vat_only=vat_only)


def _vat_ids(view: View, path: str, *, vat_only: bool = True) -> bool:
    return any(has(node, "cbc:CompanyID") and (is_vat(node) or not vat_only) for node in every(view.root, path))


def any_tax_id(view: View) -> bool:
    """The seller has a tax identifier of any kind (BT-31, BT-32), or a representative's VAT number (BT-63)."""
    return _vat_ids(view, _SELLER, vat_only=False) or _vat_ids(view, _REPRESENTATIVE)


def vat_id(view: View) -> bool:
    """The seller or the representative has a VAT number (BT-31, BT-63)."""
    return _vat_ids(view, _SELLER) or _vat_ids(view, _REPRESENTATIVE)


def reverse_charge_ids(view: View) -> bool:
    """As `any_tax_id`, and the buyer has a VAT number (BT-48) or registration number (BT-47)."""
    legal = any(has(node, "cac:PartyLegalEntity/cbc:CompanyID") for node in every(view.root, _BUYER))
    return any_tax_id(view) and (legal or _vat_ids(view, f"{_BUYER}/cac:PartyTaxScheme"))


def intra_community_ids(view: View) -> bool:
    """As `vat_id`, and the buyer has a VAT number (BT-48)."""
    return vat_id(view) and _vat_ids(view, f"{_BUYER}/cac:PartyTaxScheme")


def no_vat_ids(view: View) -> bool:
    """Nobody has a VAT number: what lies outside VAT carries none."""
    return not vat_id(view) and not _vat_ids(view, f"{_BUYER}/cac:PartyTaxScheme")


def identifier_rules(category: Category, *, vat_only: bool = True) -> tuple[Rule, ...]:
    """Rules 02 to 04: a line, allowance or charge of the category needs the parties' tax identifiers."""
    code = category.code

    def on_line(_: Element, view: View) -> bool:
        used = on_lines(view, code, vat_only=vat_only)
        return not used or (bool(on_lines(view, code)) and category.identified(view))

    def on_entry(*, charge: bool) -> Callable[[Element, View], bool]:
        return lambda _, view: not on_entries(view, code, charge=charge) or category.identified(view)

    checks = (("02", on_line), ("03", on_entry(charge=False)), ("04", on_entry(charge=True)))
    return tuple(
        Rule(
            id=f"BR-{category.id}-{number}",
            where=root,
            holds=holds,
            text=_IDENTIFIERS[category.id in _FORBIDS_IDS](code),
            hint=_IDENTIFIER_HINT,
            term="BT-31",
        )
        for number, holds in checks
    )


_FORBIDS_IDS = ("O",)
_IDENTIFIERS: dict[bool, Callable[[str], dict[str, str]]] = {
    False: lambda code: said(
        f"VAT category {code} is used, but tax identifiers it needs are missing (BT-31, BT-32, BT-63, BT-48).",
        f"Avgiftskategori {code} er brukt, men skatteregistreringer den krever mangler (BT-31, BT-32, BT-63, BT-48).",
        f"Btw-categorie {code} is gebruikt, maar vereiste fiscale nummers ontbreken (BT-31, BT-32, BT-63, BT-48).",
    ),
    True: lambda code: said(
        f"VAT category {code} (outside VAT) is used together with a VAT number.",
        f"Avgiftskategori {code} (utenfor avgiftsområdet) er brukt sammen med et MVA-nummer.",
        f"Btw-categorie {code} (buiten de btw) is gebruikt samen met een btw-nummer.",
    ),
}
_IDENTIFIER_HINT = said(
    "Check cac:PartyTaxScheme of seller and buyer, or choose another category.",
    "Kontroller cac:PartyTaxScheme hos selger og kjøper, eller velg en annen kategori.",
    "Controleer cac:PartyTaxScheme van verkoper en koper, of kies een andere categorie.",
)


def rate_rules(category: Category, right: Callable[[Element], bool], wanted: dict[str, str]) -> tuple[Rule, ...]:
    """Rules 05 to 07: the rate on lines, allowances and charges of the category."""
    code = category.code
    places: tuple[tuple[str, str, Callable[[View], Nodes]], ...] = (
        ("05", "BT-152", lambda view: on_lines(view, code)),
        ("06", "BT-95", lambda view: on_entries(view, code, charge=False)),
        ("07", "BT-102", lambda view: on_entries(view, code, charge=True)),
    )
    return tuple(
        Rule(
            id=f"BR-{category.id}-{number}",
            where=where,
            holds=lambda node, _: right(node),
            text={language: sentence.format(code=code) for language, sentence in wanted.items()},
            hint=_RATE_HINT,
            term=term,
            at="cbc:Percent",
        )
        for number, term, where in places
    )


_RATE_HINT = said(
    "Correct the rate or the category.", "Rett satsen eller kategorien.", "Verbeter het tarief of de categorie."
)


def zero(value: Decimal | None) -> bool:
    """Whether a number is there and zero."""
    return value is not None and value == 0
