"""Peppol's rules that T111 and T71 share with each other, and with invoices where they are on identifiers.

Source: PEPPOL-COMMON, release 2026.5: R001 and R003 (the document), R030 (dates), R040 to R057 (identifiers). R048 is
for invoices only.
"""

from __future__ import annotations

import re
from calendar import monthrange

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere, root
from schemas.peppol.rules.set_2026_5 import identifiers
from schemas.peppol.rules.set_2026_5.responses.tables import no_location, squeezed, unlocated
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View

_P = "PEPPOL-COMMON-"
_INVOICES_ONLY = f"{_P}R048"
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LEAP = 2000
"""A year with as many days in each month as the year 0."""
_DATED = ("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
_LOCATED, _NO_LOCATION = no_location()


def _empty(view: View) -> Nodes:
    """Elements with neither text nor elements in them."""
    nodes = (node for spot in view.spots.values() for node in spot.nodes)
    return [node for node in nodes if len(node) == 0 and squeezed(node.text) == ""]


def is_date(text: str) -> bool:
    """Whether it is a day as YYYY-MM-DD, with nothing around it; there is a year 0000, as in XPath."""
    if not _DATE.fullmatch(text):
        return False
    year, month, day = (int(part) for part in text.split("-"))
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or _LEAP, month)[1]


COMMON = (
    Rule(
        id=f"{_P}R001",
        where=_empty,
        text=said("An element is empty.", "Et element er tomt.", "Een element is leeg."),
        hint=said("Fill it in or leave it out.", "Fyll det ut eller utelat det.", "Vul het in of laat het weg."),
    ),
    Rule(
        id=f"{_P}R003",
        where=root,
        holds=unlocated,
        text=_LOCATED,
        hint=_NO_LOCATION,
        severity=Severity.WARNING,
    ),
    Rule(
        id=f"{_P}R030",
        where=everywhere(*(f"cbc:{name}" for name in _DATED)),
        fits=is_date,
        text=said(
            "A date is not written as a day.",
            "En dato er ikke skrevet som en dag.",
            "Een datum is niet als dag geschreven.",
        ),
        hint=said(
            "Write YYYY-MM-DD, without a time zone and without spaces around it.",
            "Skriv ÅÅÅÅ-MM-DD, uten tidssone og uten mellomrom rundt.",
            "Schrijf JJJJ-MM-DD, zonder tijdzone en zonder spaties eromheen.",
        ),
        at=".",
    ),
    *(rule for rule in identifiers.RULES if rule.id.startswith(_P) and rule.id != _INVOICES_ONLY),
)
"""The rules of both transactions."""
