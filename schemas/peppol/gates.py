"""The gates a document passes in order: safe XML, known kind, UBL 2.1 XSD; only then are rules asked.

The official Schematron is not total (it dies on `100,00` and says nothing on a root without namespace), so what lies
before it must be solid; a gate's "no" is a finding like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.model.finding import Finding
from schemas.ubl import xsd
from schemas.ubl.names import (
    APPLICATION_RESPONSE,
    BILLING,
    CREDIT_NOTE,
    INVOICE,
    PREFIXES,
    TRANSACTIONS,
    clark,
    transaction,
)
from schemas.ubl.terms import terms_in
from schemas.ubl.violation import Violation
from schemas.wording import UnreadableError, Wording, said
from schemas.xml import MAX_BYTES, Element, line_of, location, parse, text_of

FORMATS = {
    f"{{{INVOICE}}}Invoice": "ubl-invoice",
    f"{{{CREDIT_NOTE}}}CreditNote": "ubl-creditnote",
    f"{{{APPLICATION_RESPONSE}}}ApplicationResponse": "ubl-response",
}
"""Root element to format id."""
_NO_CAP = 1024 * 1024 * 1024
_SYNTAX = "xml"
_SCHEMA = "UBL 2.1"
MOST_VIOLATIONS = 50
"""XSD violations beyond this many are counted, not listed: one slip in a large document may break every line."""
_ROOT = Wording(
    code="KVITT-ROOT-01",
    text=said(
        "The root element is none of UBL 2.1 Invoice, CreditNote and ApplicationResponse.",
        "Rotelementet er verken Invoice, CreditNote eller ApplicationResponse i UBL 2.1.",
        "Het hoofdelement is geen Invoice, CreditNote of ApplicationResponse van UBL 2.1.",
    ),
    hint=said(
        "Check the file and its XML namespace.",
        "Kontroller filen og XML-navnerommet.",
        "Controleer het bestand en de XML-namespace.",
    ),
    ruleset=_SYNTAX,
)
_CUSTOMIZATION = Wording(
    code="KVITT-CUSTOMIZATION-01",
    text=said(
        "The CustomizationID (BT-24) names no specification that this check knows.",
        "CustomizationID (BT-24) viser ikke til en spesifikasjon som denne kontrollen kjenner.",
        "De CustomizationID (BT-24) noemt geen specificatie die deze controle kent.",
    ),
    hint=said(
        "For an invoice write that of Peppol BIS Billing 3.0.",
        "For en faktura: oppgi den for Peppol BIS Billing 3.0.",
        "Schrijf bij een factuur die van Peppol BIS Billing 3.0.",
    ),
    ruleset=_SYNTAX,
)
_INVALID = Wording(
    code="KVITT-XSD-01",
    text=said(
        "Not valid UBL 2.1 here. {reason}",
        "Ikke gyldig UBL 2.1 her. {reason}",
        "Hier geen geldige UBL 2.1. {reason}",
    ),
    hint=said(
        "Check the element's name, place and value; UBL prescribes the order.",
        "Kontroller elementets navn, plass og verdi; UBL bestemmer rekkefølgen.",
        "Controleer naam, plaats en waarde van het element; UBL schrijft de volgorde voor.",
    ),
    ruleset=_SCHEMA,
)
_MORE = Wording(
    code="KVITT-XSD-02",
    text=said(
        "{count} more places, perhaps others too, are not valid UBL 2.1.",
        "{count} steder til, kanskje flere, er ikke gyldig UBL 2.1.",
        "Nog {count} plaatsen, misschien meer, zijn geen geldige UBL 2.1.",
    ),
    hint=said(
        "Mend the places that are named and check again.",
        "Rett stedene som er nevnt, og kontroller på nytt.",
        "Verbeter de genoemde plaatsen en controleer opnieuw.",
    ),
    ruleset=_SCHEMA,
)
WORDINGS = (_ROOT, _CUSTOMIZATION, _INVALID, _MORE)
"""What the gates say; those of XML itself are `schemas.xml.WORDINGS`."""


def safe_xml(data: bytes, *, capped: bool) -> tuple[Element | None, list[Finding]]:
    """Gate 1: well-formed, no DTD, within the caps (the size cap can be lifted, the others never)."""
    try:
        return parse(data, max_bytes=MAX_BYTES if capped else _NO_CAP), []
    except UnreadableError as error:
        return None, [error.finding()]


def known_root(root: Element) -> list[Finding]:
    """Gate 2a: the root element is one we have a format for."""
    if str(root.tag) in FORMATS:
        return []
    return [_ROOT.finding(location=location(root, PREFIXES), line=line_of(root))]


def known_customization(root: Element) -> list[Finding]:
    """Gate 2b: the CustomizationID is one whose rules we know."""
    node = root.find(clark("cbc:CustomizationID"))
    value = text_of(node)
    response = FORMATS[str(root.tag)] == "ubl-response"
    if transaction(value) if response else value.startswith(BILLING) and "::" not in value:
        return []
    shown = root if node is None else node
    return [
        _CUSTOMIZATION.finding(
            location=location(shown, PREFIXES),
            line=line_of(shown),
            term="BT-24",
            value=value,
            expected=" ".join(TRANSACTIONS.values()) if response else BILLING,
        )
    ]


def valid_ubl(root: Element) -> list[Finding]:
    """Gate 3: the UBL 2.1 schema of the root element, or our structure table where nobody ships one."""
    found = xsd.violations(root)
    terms = terms_in(root) if found else {}
    listed = [_violation(one, terms.get(one.element, ())) for one in found[:MOST_VIOLATIONS]]
    if len(found) <= MOST_VIOLATIONS:
        return listed
    return [*listed, _MORE.finding({"count": len(found) - MOST_VIOLATIONS}, location=location(root, PREFIXES))]


def _violation(one: Violation, terms: Sequence[str]) -> Finding:
    """The term of the attribute stands behind that of the element (BT-129, BT-130), groups before both."""
    own = [term for term in terms if term.startswith("BT-")] or list(terms)
    return _INVALID.finding(
        {"reason": one.said},
        location=one.location,
        line=one.line,
        term=own[-1 if one.attribute else 0] if own else "",
        value=one.value,
        expected=one.expected,
    )
