"""A billing document as the rules look at it: its parts found once, numbers exact.

Comparisons follow XPath 2 as the official Schematron uses it (EN 16931 UBL validation 1.3.16): `round` takes halves
upwards, an absent number makes a comparison false, a malformed one makes the rule unanswerable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property

from schemas.ubl.codec import number
from schemas.ubl.names import clark
from schemas.xml import Element, local_name, text_of

Nodes = list[Element]
_HALF = Decimal("0.5")


def find(node: Element, path: str) -> Element | None:
    """The first element at a path (`cac:Item/cbc:Name`)."""
    return node.find(clark(path))


def every(node: Element, path: str) -> Nodes:
    """All elements at a path."""
    return node.findall(clark(path))


def has(node: Element, path: str) -> bool:
    """Whether there is an element at a path, empty or not."""
    return node.find(clark(path)) is not None


def words(node: Element, path: str) -> str:
    """The text at a path without surrounding white space; empty when absent."""
    return text_of(node.find(clark(path)))


def amount(node: Element, path: str) -> Decimal | None:
    """The number at a path; None when absent, ValueError when it is not a number."""
    found = node.find(clark(path))
    return None if found is None else number(found.text or "")


def added(nodes: Iterable[Element], path: str = "") -> Decimal:
    """The sum of the numbers at a path below some nodes; those without count nothing."""
    values = (amount(node, path) if path else number(node.text or "") for node in nodes)
    return sum((value for value in values if value is not None), Decimal(0))


def cents(value: Decimal) -> Decimal:
    """Rounded to two decimals as XPath's `round` does: halves towards the larger number."""
    return (value * 100 + _HALF).to_integral_value(rounding=ROUND_FLOOR) / 100


def whole(value: Decimal) -> Decimal:
    """Rounded to a whole number as XPath's `round` does."""
    return (value + _HALF).to_integral_value(rounding=ROUND_FLOOR)


def parent(node: Element) -> Element:
    """The element around a node; the node itself at the root."""
    above = node.getparent()
    return node if above is None else above


def is_vat(node: Element) -> bool:
    """Whether a tax category or registration belongs to the VAT scheme."""
    return words(node, "cac:TaxScheme/cbc:ID").upper() == "VAT"


@dataclass(frozen=True)
class View:
    """One document: the parts that rules ask for again and again."""

    root: Element

    @cached_property
    def is_credit_note(self) -> bool:
        """Whether the root is a CreditNote."""
        return local_name(self.root) == "CreditNote"

    def all(self, name: str) -> Nodes:
        """Every element of a name (`cac:TaxCategory`) anywhere in the document."""
        return self._named.get(clark(name), [])

    @cached_property
    def _named(self) -> dict[str, Nodes]:
        found: dict[str, Nodes] = {}
        for node in self.root.iter("*"):
            found.setdefault(str(node.tag), []).append(node)
        return found

    def coded(self, name: str, code: str) -> Nodes:
        """Tax categories of a name (`cac:TaxCategory`) with a code, found once for all the rules that ask."""
        return self._coded.get((name, code), [])

    @cached_property
    def _coded(self) -> dict[tuple[str, str], Nodes]:
        found: dict[tuple[str, str], Nodes] = {}
        for name in ("cac:ClassifiedTaxCategory", "cac:TaxCategory"):
            for node in self.all(name):
                found.setdefault((name, words(node, "cbc:ID")), []).append(node)
        return found

    @cached_property
    def elements(self) -> Nodes:
        """All elements in document order."""
        return list(self.root.iter("*"))

    @cached_property
    def lines(self) -> Nodes:
        """The lines of either kind, wherever they stand."""
        return self.all("cac:InvoiceLine") + self.all("cac:CreditNoteLine")

    @cached_property
    def totals(self) -> Nodes:
        """LegalMonetaryTotal."""
        return self.all("cac:LegalMonetaryTotal")

    @cached_property
    def subtotals(self) -> Nodes:
        """The VAT breakdown."""
        return [node for node in self.all("cac:TaxSubtotal") if parent(node).tag == clark("cac:TaxTotal")]

    @cached_property
    def seller(self) -> Nodes:
        """The seller's Party."""
        return every(self.root, "cac:AccountingSupplierParty/cac:Party")

    @cached_property
    def buyer(self) -> Nodes:
        """The buyer's Party."""
        return every(self.root, "cac:AccountingCustomerParty/cac:Party")

    def entries(self, *, charge: bool, place: str) -> Nodes:
        """Allowances or charges of one place: `document`, `line`, or `` for anywhere."""
        return self._entries.get((charge, place), [])

    @cached_property
    def _entries(self) -> dict[tuple[bool, str], Nodes]:
        found: dict[tuple[bool, str], Nodes] = {}
        for node in self.all("cac:AllowanceCharge"):
            said = words(node, "cbc:ChargeIndicator")
            if said in ("true", "1", "false", "0"):
                charge = said in ("true", "1")
                found.setdefault((charge, ""), []).append(node)
                found.setdefault((charge, self._place(node)), []).append(node)
        return found

    def _place(self, node: Element) -> str:
        above = parent(node)
        if above is self.root:
            return "document"
        return "line" if local_name(above) in ("InvoiceLine", "CreditNoteLine") else "elsewhere"

    @cached_property
    def seller_country(self) -> str:
        """As the national rules take it: VAT prefix, else the tax representative's, else the seller's address."""
        for path in ("cac:AccountingSupplierParty/cac:Party", "cac:TaxRepresentativeParty"):
            prefix = _vat_prefix(every(self.root, f"{path}/cac:PartyTaxScheme"))
            if prefix:
                return prefix
        address = "cac:AccountingSupplierParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode"
        return words(self.root, address).upper() or "XX"


def _vat_prefix(registrations: Nodes) -> str:
    for node in registrations:
        if words(node, "cac:TaxScheme/cbc:ID") == "VAT":
            return words(node, "cbc:CompanyID")[:2].upper()
    return ""
