"""What the rules on VAT categories share: where a category is used, and which identifiers it needs.

Source: EN 16931 BR-S-01 and its sisters for Z, E, AE, G, K, O, L and M.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import Where, root
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import LINES, Spot, View, amount, every, parent
from schemas.xml import Element, text_of

_SELLER = "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme"
_BUYER = "cac:AccountingCustomerParty/cac:Party"
_REPRESENTATIVE = "cac:TaxRepresentativeParty/cac:PartyTaxScheme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A VAT category: its code, the letters in its rule ids, and the identifiers it needs.

    `needs` names these. `literal` marks the one whose rule 04 does not see a code with blanks around it, as officially
    coded (BR-AF-04).
    """

    code: str
    id: str
    identified: Callable[[View], bool]
    needs: Texts
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A VAT category where it stands; `vat` says whether it belongs to the VAT scheme at all."""

    node: Element
    code: str
    percent: Element | None
    vat: bool

    def rate(self, view: View) -> Decimal | None:
        """Its rate; None when absent, ValueError when it is not a number."""
        return None if self.percent is None else view.number(self.percent)


@dataclass(frozen=True, slots=True)
class Uses:
    """The VAT categories of a document by code, and by where they stand; `anywhere` has all but those of lines."""

    lines: dict[str, list[Use]] = field(default_factory=dict)
    allowances: dict[str, list[Use]] = field(default_factory=dict)
    charges: dict[str, list[Use]] = field(default_factory=dict)
    breakdown: dict[str, list[Use]] = field(default_factory=dict)
    anywhere: dict[str, list[Use]] = field(default_factory=dict)


_NOBODY: list[Use] = []
_BREAKDOWN = "/cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory"
_IN_ENTRIES = "/cac:AllowanceCharge/cac:TaxCategory"
_SCHEME = "cac:TaxScheme/cbc:ID"


def uses(view: View) -> Uses:
    """Every VAT category of the document, found once."""
    return view.once(_uses)


def _uses(view: View) -> Uses:
    found = Uses()
    for use in _at(view, "cac:ClassifiedTaxCategory"):
        found.lines.setdefault(use.code, []).append(use)
    allowances, charges = set(view.entries(charge=False, place="")), set(view.entries(charge=True, place=""))
    for spot in view.spots_at("cac:TaxCategory"):
        for use in _of(view, spot):
            found.anywhere.setdefault(use.code, []).append(use)
            if spot.path == _BREAKDOWN:
                found.breakdown.setdefault(use.code, []).append(use)
            elif spot.path.endswith(_IN_ENTRIES):
                above = parent(use.node)
                for place, parents in ((found.allowances, allowances), (found.charges, charges)):
                    if above in parents:
                        place.setdefault(use.code, []).append(use)
    return found


def _at(view: View, path: str) -> Iterator[Use]:
    for spot in view.spots_at(path):
        yield from _of(view, spot)


def _of(view: View, spot: Spot) -> Iterator[Use]:
    codes, schemes = (view.column(spot.path, one) for one in ("cbc:ID", _SCHEME))
    rates = view.column(spot.path, "cbc:Percent")
    for node, code, rate, scheme in zip(spot.nodes, codes, rates, schemes, strict=True):
        yield Use(node, text_of(code), rate, text_of(scheme).upper() == "VAT")


def stands(code: str) -> Callable[[View], bool]:
    """Whether a category stands anywhere in a document, which is all that its rules are about."""
    return lambda view: code in uses(view).lines or code in uses(view).anywhere


def of_code(found: dict[str, list[Use]], code: str, *, vat_only: bool = True) -> list[Use]:
    """Those of one code; of the VAT scheme only, unless told otherwise."""
    of_it = found.get(code, _NOBODY)
    return [use for use in of_it if use.vat] if vat_only and of_it else of_it


def on_lines(view: View, code: str, *, vat_only: bool = True) -> list[Use]:
    """The category where lines carry it."""
    return of_code(uses(view).lines, code, vat_only=vat_only)


def on_entries(view: View, code: str, *, charge: bool) -> list[Use]:
    """The category where allowances or charges carry it."""
    return of_code(uses(view).charges if charge else uses(view).allowances, code)


def in_breakdown(view: View, code: str, *, vat_only: bool = True) -> list[Use]:
    """The category in the VAT breakdown of the document."""
    return of_code(uses(view).breakdown, code, vat_only=vat_only)


def broken_down(code: str) -> Where:
    """Where a rule looks at the breakdown's category."""
    return lambda view: [use.node for use in in_breakdown(view, code)]


Sums = dict[tuple[str, Decimal | None], Decimal]
"""Amounts added up by category and rate."""
LINE_CATEGORY = "cac:Item/cac:ClassifiedTaxCategory"
_ZERO = Decimal(0)
_SIGNS = MappingProxyType({"true": 1, "1": 1, "false": -1, "0": -1})
"""Charges add, allowances subtract; what says neither is no part of it."""


def line_sums(view: View) -> dict[str, Sums]:
    """The net amounts of lines by kind of line, where each line has exactly one category; no entry where not."""
    return view.once(_line_sums)


def _line_sums(view: View) -> dict[str, Sums]:
    return {kind: sums for kind in LINES if (sums := _sums_of(view, kind)) is not None}


def _sums_of(view: View, kind: str) -> Sums | None:
    spot = view.spots.get(kind)
    categories = spot.down(LINE_CATEGORY) if spot is not None else None
    if spot is None or categories is None or not len(spot.nodes) == len(categories.nodes) == categories.holders:
        return None
    sums: Sums = {}
    codes, rates = view.column(categories.path, "cbc:ID"), view.numbers(categories.path, "cbc:Percent")
    nets = view.numbers(kind, "cbc:LineExtensionAmount")
    for code, rate, net in zip(codes, rates, nets, strict=True):
        key = (text_of(code), rate)
        sums[key] = sums.get(key, _ZERO) + (net or _ZERO)
    return sums


def _entry_sums(view: View) -> Sums | None:
    """Charges less allowances of the document, where each has exactly one category; None where not, or unreadable."""
    place = "/cac:AllowanceCharge"
    spot = view.spots.get(place)
    categories = spot.down("cac:TaxCategory") if spot is not None else None
    if spot is None or categories is None:
        return None if spot is not None else {}
    if not len(spot.nodes) == len(categories.nodes) == categories.holders:
        return None
    sums: Sums = {}
    signs = [_SIGNS.get(text_of(one), 0) for one in view.column(place, "cbc:ChargeIndicator")]
    try:
        rates, amounts = view.numbers(categories.path, "cbc:Percent"), view.numbers(place, "cbc:Amount")
    except ValueError:  # only the rules that look at that one may stumble over it
        return None
    codes = view.column(categories.path, "cbc:ID")
    for sign, code, rate, much in zip(signs, codes, rates, amounts, strict=True):
        key = (text_of(code), rate)
        sums[key] = sums.get(key, _ZERO) + (much or _ZERO) * sign
    return sums


def entry_sums(view: View) -> Sums | None:
    """As `_entry_sums`, computed once."""
    return view.once(_entry_sums)


def _vat_ids(view: View, path: str, *, vat_only: bool = True) -> bool:
    return any(
        number is not None and (not vat_only or text_of(scheme).upper() == "VAT")
        for spot in view.spots_at(path)
        for number, scheme in zip(view.column(spot.path, "cbc:CompanyID"), view.column(spot.path, _SCHEME), strict=True)
    )


def any_tax_id(view: View) -> bool:
    """The seller has a tax identifier of any kind (BT-31, BT-32), or a representative's VAT number (BT-63)."""
    return _vat_ids(view, _SELLER, vat_only=False) or _vat_ids(view, _REPRESENTATIVE)


def vat_id(view: View) -> bool:
    """The seller or the representative has a VAT number (BT-31, BT-63)."""
    return _vat_ids(view, _SELLER) or _vat_ids(view, _REPRESENTATIVE)


def reverse_charge_ids(view: View) -> bool:
    """As `any_tax_id`, and the buyer has a VAT number (BT-48) or registration number (BT-47)."""
    legal = bool(view.all(f"{_BUYER}/cac:PartyLegalEntity/cbc:CompanyID"))
    return any_tax_id(view) and (legal or _vat_ids(view, f"{_BUYER}/cac:PartyTaxScheme"))


def intra_community_ids(view: View) -> bool:
    """As `vat_id`, and the buyer has a VAT number (BT-48)."""
    return vat_id(view) and _vat_ids(view, f"{_BUYER}/cac:PartyTaxScheme")


def no_vat_ids(view: View) -> bool:
    """Nobody has a VAT number: what lies outside VAT carries none."""
    return not vat_id(view) and not _vat_ids(view, f"{_BUYER}/cac:PartyTaxScheme")


def _seen(category: Category, view: View, *, charge: bool) -> bool:
    found = on_entries(view, category.code, charge=charge)
    if category.literal and charge:
        return any(one.text == category.code for use in found for one in every(use.node, "cbc:ID"))
    return bool(found)


def identifier_rules(category: Category, *, vat_only: bool = True) -> tuple[Rule, ...]:
    """Rules 02 to 04: a line, allowance or charge of the category needs the parties' tax identifiers."""
    code = category.code

    def on_line(_: Element, view: View) -> bool:
        used = on_lines(view, code, vat_only=vat_only)
        return not used or (bool(on_lines(view, code)) and view.once(category.identified))

    def on_entry(*, charge: bool) -> Callable[[Element, View], bool]:
        return lambda _, view: not _seen(category, view, charge=charge) or view.once(category.identified)

    wanted = _IDENTIFIERS if category.needs["en"] else _NO_IDENTIFIERS
    checks = (("02", on_line), ("03", on_entry(charge=False)), ("04", on_entry(charge=True)))
    return tuple(
        Rule(
            id=f"BR-{category.id}-{number}",
            where=root,
            holds=holds,
            text={one: sentence.format(code=code, needs=category.needs[one]) for one, sentence in wanted.items()},
            hint=_IDENTIFIER_HINT,
            term="BT-31",
        )
        for number, holds in checks
    )


TAX_ID_NEEDED = said("BT-31, BT-32 or BT-63", "BT-31, BT-32 eller BT-63", "BT-31, BT-32 of BT-63")
"""What `any_tax_id` asks, in words."""
VAT_ID_NEEDED = said("BT-31 or BT-63", "BT-31 eller BT-63", "BT-31 of BT-63")
"""What `vat_id` asks."""
REVERSE_CHARGE_NEEDED = said(
    "BT-31, BT-32 or BT-63, and of the buyer BT-48 or BT-47",
    "BT-31, BT-32 eller BT-63, og hos kjøper BT-48 eller BT-47",
    "BT-31, BT-32 of BT-63, en van de koper BT-48 of BT-47",
)
"""What `reverse_charge_ids` asks."""
INTRA_COMMUNITY_NEEDED = said(
    "BT-31 or BT-63, and of the buyer BT-48",
    "BT-31 eller BT-63, og hos kjøper BT-48",
    "BT-31 of BT-63, en van de koper BT-48",
)
"""What `intra_community_ids` asks."""
NOTHING_NEEDED = said("", "", "")
"""What `no_vat_ids` asks: none at all."""
_IDENTIFIERS = said(
    "VAT category {code} is used, but an identifier it needs is missing ({needs}).",
    "Avgiftskategori {code} er brukt, men en identifikator den krever mangler ({needs}).",
    "Btw-categorie {code} is gebruikt, maar een vereist nummer ontbreekt ({needs}).",
)
_NO_IDENTIFIERS = said(
    "VAT category {code} (outside VAT) is used together with a VAT number (BT-31, BT-63 or BT-48).",
    "Avgiftskategori {code} (utenfor avgiftsområdet) er brukt sammen med et MVA-nummer (BT-31, BT-63 eller BT-48).",
    "Btw-categorie {code} (buiten de btw) is gebruikt samen met een btw-nummer (BT-31, BT-63 of BT-48).",
)
_IDENTIFIER_HINT = said(
    "Check cac:PartyTaxScheme of seller and buyer, or choose another category.",
    "Kontroller cac:PartyTaxScheme hos selger og kjøper, eller velg en annen kategori.",
    "Controleer cac:PartyTaxScheme van verkoper en koper, of kies een andere categorie.",
)


def rate_rules(category: Category, right: Callable[[Decimal | None], bool], wanted: dict[str, str]) -> tuple[Rule, ...]:
    """Rules 05 to 07: the rate on lines, allowances and charges of the category."""
    code = category.code
    places: tuple[tuple[str, str, Callable[[View], list[Use]]], ...] = (
        ("05", "BT-152", lambda view: on_lines(view, code)),
        ("06", "BT-95", lambda view: on_entries(view, code, charge=False)),
        ("07", "BT-102", lambda view: on_entries(view, code, charge=True)),
    )
    return tuple(
        Rule(
            id=f"BR-{category.id}-{number}",
            where=_nodes(place),
            holds=lambda node, _: right(amount(node, "cbc:Percent")),
            sure=_rates_right(place, right),
            text={language: sentence.format(code=code) for language, sentence in wanted.items()},
            hint=_RATE_HINT,
            term=term,
            at="cbc:Percent",
        )
        for number, term, place in places
    )


def _nodes(place: Callable[[View], list[Use]]) -> Where:
    return lambda view: [use.node for use in place(view)]


def _rates_right(place: Callable[[View], list[Use]], right: Callable[[Decimal | None], bool]) -> Callable[[View], bool]:
    """A proof: every different rate there is right."""
    return lambda view: all(right(rate) for rate in {use.rate(view) for use in place(view)})


_RATE_HINT = said(
    "Correct the rate or the category.", "Rett satsen eller kategorien.", "Verbeter het tarief of de categorie."
)


def zero(value: Decimal | None) -> bool:
    """Whether a number is there and zero."""
    return value is not None and value == 0
