"""What a finding points at: the business term of its element, and the value that kept a rule from being answered."""

from __future__ import annotations

from collections.abc import Callable

from schemas.peppol.rules.view import View, parent
from schemas.ubl.codec import day, number
from schemas.ubl.terms import stands_within, terms_at
from schemas.xml import Element

_CURRENCY = "currencyID"
"""This attribute is BT-5, whichever amount it stands at."""
_KINDS: tuple[tuple[str, Callable[[str], object]], ...] = (
    *((name, number) for name in ("Amount", "Percent", "Quantity", "Numeric")),
    ("Date", day),
)
"""How the names of elements that hold a number or a date end, and what reads them."""


def term_at(term: str, element: Element, attribute: str = "") -> str:
    """The one term at an element; a rule's own where that stands there too or below, or there is no single one."""
    if attribute == _CURRENCY or (term and stands_within(term, element)):
        return term
    found = (attribute and terms_at(element, attribute)) or terms_at(element)
    narrow = [one for one in found if one.startswith("BT")] or found
    return narrow[0] if len(narrow) == 1 else term


def culprit(node: Element, view: View) -> Element | None:
    """The malformed number or date at, below or beside an element, or the only one there is; None if not known."""
    malformed = view.once(_malformed)
    if not malformed:
        return None
    if node is view.root or len(malformed) == 1:
        return next(iter(malformed))
    return next((one for around in (node, parent(node)) for one in around.iter() if one in malformed), None)


def _malformed(view: View) -> dict[Element, None]:
    return {
        node: None
        for name, spots in view.names.items()
        for ending, read in _KINDS
        if name.endswith(ending)
        for spot in spots
        for node in spot.nodes
        if not _readable(read, node.text or "")
    }


def _readable(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text.strip())
    except ValueError:
        return False
    return True
