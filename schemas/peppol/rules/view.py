"""A document as the rules look at it: walked once, its elements kept by the path they stand at, numbers exact.

A path is written as in XPath: `/cac:InvoiceLine/cbc:ID` starts below the root, `cac:Party/cbc:Name` ends so anywhere,
`/` is the root itself. Comparisons follow XPath 2 as the official Schematron uses it (EN 16931 UBL validation 1.3.16):
`round` takes halves upwards, an absent number makes a comparison false, a malformed one makes the rule unanswerable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TypeVar, cast

from schemas.ubl.codec import number
from schemas.ubl.names import PREFIXES, clark
from schemas.xml import Element, Labels, local_name, text_of

T = TypeVar("T")
Nodes = list[Element]
BLANKS = " \t\r\n"
"""What XPath takes for white space; a no-break space is a character like any other."""
LINES = ("/cac:InvoiceLine", "/cac:CreditNoteLine")
"""Where the lines of either kind of document stand."""
_HALF = Decimal("0.5")
_KNOWN_TAGS = 4096


def find(node: Element, path: str) -> Element | None:
    """The first element at a path (`cac:Item/cbc:Name`)."""
    tag = clark(path)
    return node.find(tag) if "/" in path else next(node.iterchildren(tag), None)


def every(node: Element, path: str) -> Nodes:
    """All elements at a path."""
    tag = clark(path)
    return node.findall(tag) if "/" in path else list(node.iterchildren(tag))


def has(node: Element, path: str) -> bool:
    """Whether there is an element at a path, empty or not."""
    return find(node, path) is not None


def words(node: Element, path: str) -> str:
    """The text at a path without surrounding white space; empty when absent."""
    return text_of(find(node, path))


def amount(node: Element, path: str) -> Decimal | None:
    """The number at a path; None when absent, ValueError when it is not a number."""
    found = find(node, path)
    return None if found is None else number(found.text or "")


def added(nodes: Iterable[Element], path: str = "") -> Decimal:
    """The sum of the numbers at a path below some nodes; those without count nothing."""
    values = (amount(node, path) if path else number(node.text or "") for node in nodes)
    return sum((value for value in values if value is not None), Decimal(0))


def cents(value: Decimal) -> Decimal:
    """Rounded to two decimals as XPath's `round` does: halves towards the larger number."""
    return (value * 100 + _HALF).to_integral_value(rounding=ROUND_FLOOR) / 100


def shown(value: Decimal | None) -> str:
    """A number for people: two decimals, and more only where it has more (prices do); empty for None."""
    if value is None:
        return ""
    return format(value, ".2f") if value == cents(value) else format(value.normalize(), "f")


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


@lru_cache(maxsize=_KNOWN_TAGS)
def _label(tag: str) -> str:
    space, _, name = tag.removeprefix("{").rpartition("}")
    prefix = PREFIXES.get(space)
    return f"{prefix}:{name}" if prefix else tag


class Spot:
    """A path of the document: its elements, how many have none below them, how many different parents (`holders`)."""

    __slots__ = ("_texts", "childless", "holders", "kids", "last", "nodes", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.nodes: Nodes = []
        self.kids: dict[str, Spot] = {}
        self.childless = 0
        self.holders = 0
        self.last: Element | None = None
        self._texts: list[str] | None = None

    @property
    def texts(self) -> list[str]:
        """The elements' own texts, read once: most rules on values ask for them again."""
        if self._texts is None:
            self._texts = [node.text or "" for node in self.nodes]
        return self._texts

    def down(self, path: str) -> Spot | None:
        """The path so far below this one; None where the document has nothing there."""
        spot: Spot | None = self
        for step in _steps(path):
            spot = spot.kids.get(step) if spot is not None else None
        return spot

    def all_hold(self, path: str) -> bool:
        """Whether each element here has something at a path below it (a proof: False may also mean unknown)."""
        spot: Spot = self
        for step in _steps(path):
            kid = spot.kids.get(step)
            if kid is None or kid.holders != len(spot.nodes):
                return not self.nodes
            spot = kid
        return True

    def one_each(self, path: str) -> Spot | None:
        """The path below this one, if each element here has exactly one there."""
        below = self.down(path)
        if below is None or len(below.nodes) != len(self.nodes):
            return None
        return below if self.all_hold(path) else None


class _Map:
    """The paths of a document, found in one walk."""

    __slots__ = ("names", "spots")

    def __init__(self, root: Element) -> None:
        top = Spot("")
        top.nodes.append(root)
        top.holders = 1
        top.childless = 0 if len(root) else 1
        self.spots: dict[str, Spot] = {"": top}
        self.names: dict[str, list[Spot]] = {"": [top]}
        self._walk(root, top)

    def _walk(self, element: Element, around: Spot) -> None:
        kids = around.kids
        for child in element:
            tag = child.tag
            spot = kids.get(tag)
            if spot is None:
                spot = kids[tag] = self._spot(around.path, tag)
            spot.nodes.append(child)
            if spot.last is not element:
                spot.last = element
                spot.holders += 1
            if len(child):
                self._walk(child, spot)
            else:
                spot.childless += 1

    def _spot(self, around: str, tag: str) -> Spot:
        name = _label(tag)
        path = f"{around}/{name}"
        spot = self.spots[path] = Spot(path)
        same = self.names.get(name)
        if same is None:
            self.names[name] = [spot]
        else:
            same.append(spot)
        return spot


@lru_cache(maxsize=_KNOWN_TAGS)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(clark(step) for step in path.split("/"))


@dataclass(frozen=True)
class View:
    """One document: the parts that rules ask for again and again, each found once."""

    root: Element
    _meant: dict[str, Sequence[Spot]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _found: dict[str, Nodes] = field(default_factory=dict, init=False, repr=False, compare=False)
    _columns: dict[tuple[str, str], Sequence[Element | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _number_columns: dict[tuple[str, str], Sequence[Decimal | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _numbers: dict[str, Decimal] = field(default_factory=dict, init=False, repr=False, compare=False)
    _computed: dict[Callable[[View], object], object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def is_credit_note(self) -> bool:
        """Whether the root is a CreditNote."""
        return local_name(self.root) == "CreditNote"

    @cached_property
    def labels(self) -> Labels:
        """What `schemas.xml.location` has counted of this document."""
        return {}

    @cached_property
    def _map(self) -> _Map:
        return _Map(self.root)

    @cached_property
    def spots(self) -> dict[str, Spot]:
        """Every path of the document; the root's is empty."""
        return self._map.spots

    @cached_property
    def names(self) -> dict[str, list[Spot]]:
        """The paths by their last step."""
        return self._map.names

    def spots_at(self, path: str) -> Sequence[Spot]:
        """The document's paths that a path of a rule means."""
        found = self._meant.get(path)
        if found is None:
            found = self._meant[path] = self._spots_at(path)
        return found

    def _spots_at(self, path: str) -> Sequence[Spot]:
        found = self._map
        if path[0] == "/":
            spot = found.spots.get("" if path == "/" else path)
            return () if spot is None else (spot,)
        if "/" not in path:
            return found.names.get(path, ())
        ending = f"/{path}"
        return [spot for spot in found.names.get(path.rpartition("/")[2], ()) if spot.path.endswith(ending)]

    def all(self, *paths: str) -> Nodes:
        """Every element at some paths."""
        if len(paths) == 1:
            found = self._found.get(paths[0])
            if found is None:
                spots = self.spots_at(paths[0])
                found = spots[0].nodes if len(spots) == 1 else [node for spot in spots for node in spot.nodes]
                self._found[paths[0]] = found
            return found
        return [node for path in paths for node in self.all(path)]

    def texts(self, *paths: str) -> set[str]:
        """Every different text at some paths: ten thousand lines mostly say the same."""
        return {text for path in paths for spot in self.spots_at(path) for text in spot.texts}

    def first(self, path: str) -> Element | None:
        """The first element at a path from the root, or None."""
        spot = self.spots.get(path)
        return None if spot is None else spot.nodes[0]

    def amount(self, path: str) -> Decimal | None:
        """The first number at a path from the root; None when absent, ValueError when it is not a number."""
        found = self.first(path)
        return None if found is None else self.number(found)

    def only(self, path: str) -> Element | None:
        """The one element at a path from the root, or None; ValueError where there are several (for proofs)."""
        spot = self.spots.get(path)
        if spot is None:
            return None
        (found,) = spot.nodes
        return found

    def column(self, around: str, path: str) -> Sequence[Element | None]:
        """For each element at one path of the document, the first one at a path below it, or None."""
        found = self._columns.get((around, path))
        if found is None:
            found = self._columns[around, path] = self._column(around, path)
        return found

    def _column(self, around: str, path: str) -> Sequence[Element | None]:
        spot = self.spots.get(around)
        if spot is None:
            return ()
        same = spot.one_each(path)
        if same is not None:
            return same.nodes
        below = spot.down(path)
        if below is None:
            return [None] * len(spot.nodes)
        steps = len(_steps(path))
        first = {_up(node, steps): node for node in reversed(below.nodes)}  # of several the first stays
        return [first.get(node) for node in spot.nodes]

    def numbers(self, around: str, path: str) -> Sequence[Decimal | None]:
        """As `column`, the numbers there; ValueError when one is not a number."""
        found = self._number_columns.get((around, path))
        if found is None:
            column = self.column(around, path)
            found = [None if node is None else self.number(node) for node in column]
            self._number_columns[around, path] = found
        return found

    def number(self, node: Element) -> Decimal:
        """An element's number, read once for each different text; ValueError when it is not a number."""
        text = node.text or ""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = number(text)
        return found

    def once(self, compute: Callable[[View], T]) -> T:
        """What a function makes of this document, computed when first asked for."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return cast("T", self._computed[compute])

    @cached_property
    def lines(self) -> Nodes:
        """The lines of either kind."""
        return self.all(*LINES)

    @cached_property
    def subtotals(self) -> Nodes:
        """The VAT breakdown."""
        return self.all("cac:TaxTotal/cac:TaxSubtotal")

    @cached_property
    def seller(self) -> Nodes:
        """The seller's Party."""
        return self.all("/cac:AccountingSupplierParty/cac:Party")

    @cached_property
    def buyer(self) -> Nodes:
        """The buyer's Party."""
        return self.all("/cac:AccountingCustomerParty/cac:Party")

    def entries(self, *, charge: bool, place: str) -> Nodes:
        """Allowances or charges of one place: `document`, `line`, or `` for anywhere."""
        return self._entries.get((charge, place), [])

    @cached_property
    def _entries(self) -> dict[tuple[bool, str], Nodes]:
        found: dict[tuple[bool, str], Nodes] = {}
        for spot in self.spots_at("cac:AllowanceCharge"):
            place = _place(spot.path)
            for node, said in zip(spot.nodes, self.column(spot.path, "cbc:ChargeIndicator"), strict=True):
                charge = _INDICATORS.get(text_of(said))
                if charge is not None:
                    found.setdefault((charge, ""), []).append(node)
                    found.setdefault((charge, place), []).append(node)
        return found

    @cached_property
    def seller_country(self) -> str:
        """As the national rules take it: VAT prefix, else the tax representative's, else the seller's address."""
        for path in ("cac:AccountingSupplierParty/cac:Party", "cac:TaxRepresentativeParty"):
            prefix = self._vat_prefix(f"/{path}/cac:PartyTaxScheme")
            if prefix:
                return prefix
        address = "/cac:AccountingSupplierParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode"
        return text_of(self.first(address)).upper() or "XX"

    def _vat_prefix(self, path: str) -> str:
        numbers, schemes = self.column(path, "cbc:CompanyID"), self.column(path, "cac:TaxScheme/cbc:ID")
        found = (number for number, scheme in zip(numbers, schemes, strict=True) if text_of(scheme) == "VAT")
        return text_of(next(found, None))[:2].upper()

    @cached_property
    def bearers(self) -> dict[str, Nodes]:
        """The elements with an attribute by its path (`/cbc:ID/@schemeID`), without `currencyID` and `unitCode`."""
        found: dict[str, Nodes] = {}
        for spot in self.spots.values():
            for node in spot.nodes:
                for name in node.keys():  # noqa: SIM118 -- an lxml element, not a mapping
                    if name not in _COMMON:
                        found.setdefault(f"{spot.path}/@{name!s}", []).append(node)
        return found

    @cached_property
    def attributes(self) -> dict[str, Nodes]:
        """The same by the attribute's name."""
        found: dict[str, Nodes] = {}
        for path, nodes in self.bearers.items():
            found.setdefault(path.rpartition("/@")[2], []).extend(nodes)
        return found

    @cached_property
    def crowded(self) -> frozenset[str]:
        """The names of elements that stand more than once in the same parent."""
        crowd = (spot.path for spot in self.spots.values() if spot.holders != len(spot.nodes))
        return frozenset(path.rpartition("/")[2] for path in crowd)


_COMMON = ("currencyID", "unitCode")
"""What nearly every amount and quantity has: asked of these elements, not of the document."""


_INDICATORS = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
_IN_LINES = tuple(f"{line}/cac:AllowanceCharge" for line in LINES)


def _place(path: str) -> str:
    if path == "/cac:AllowanceCharge":
        return "document"
    return "line" if path.endswith(_IN_LINES) else "elsewhere"


def _up(node: Element, steps: int) -> Element | None:
    above: Element | None = node.getparent()
    for _ in range(steps - 1):
        above = above.getparent() if above is not None else None
    return above
