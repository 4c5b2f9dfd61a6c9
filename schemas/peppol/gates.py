"""The gates a document passes in order: safe XML, known kind, UBL 2.1 XSD; only then are rules asked.

The official Schematron is not total (it dies on `100,00` and says nothing on a root without namespace), so what lies
before it must be solid; a gate's "no" is a finding like any other.
"""

from __future__ import annotations

from hub.errors import FormatError
from hub.model.finding import Finding, Severity
from schemas.peppol.rules.texts import said
from schemas.ubl import xsd
from schemas.ubl.names import (
    APPLICATION_RESPONSE,
    BILLING,
    CREDIT_NOTE,
    INVOICE,
    INVOICE_RESPONSE,
    MLR,
    MLS,
    PREFIXES,
    clark,
)
from schemas.xml import MAX_BYTES, Element, line_of, location, parse, text_of

FORMATS = {
    f"{{{INVOICE}}}Invoice": "ubl-invoice",
    f"{{{CREDIT_NOTE}}}CreditNote": "ubl-creditnote",
    f"{{{APPLICATION_RESPONSE}}}ApplicationResponse": "ubl-response",
}
"""Root element to format id."""
_RESPONSES = (INVOICE_RESPONSE, MLR, MLS)
_NO_CAP = 1024 * 1024 * 1024
_SYNTAX = "xml"
_SCHEMA = "UBL 2.1"
MOST_VIOLATIONS = 50
"""XSD violations beyond this many are counted, not listed: one slip in a large document may break every line."""


def safe_xml(data: bytes, *, capped: bool) -> tuple[Element | None, list[Finding]]:
    """Gate 1: well-formed, no DTD, within the caps (the size cap can be lifted, the others never)."""
    try:
        return parse(data, max_bytes=MAX_BYTES if capped else _NO_CAP), []
    except FormatError as error:
        return None, [_unsafe(error)]


def _unsafe(error: FormatError) -> Finding:
    digits = "".join(char for char in error.where.partition(",")[0] if char.isdigit())
    detail = f"{error.message} ({error.hint})" if error.hint else error.message
    return Finding(
        code="KVITT-XML-01",
        severity=Severity.FATAL,
        text=said(
            f"The file cannot be read as XML: {detail}.",
            f"Filen kan ikke leses som XML: {detail}.",
            f"Het bestand kan niet als XML worden gelezen: {detail}.",
        ),
        hint=said(
            "Export the document again; DOCTYPE and entities are never accepted.",
            "Eksporter dokumentet på nytt; DOCTYPE og entiteter godtas aldri.",
            "Exporteer het document opnieuw; DOCTYPE en entiteiten worden nooit aanvaard.",
        ),
        location=error.where,
        line=int(digits) if digits else None,
        ruleset=_SYNTAX,
    )


def known_root(root: Element) -> list[Finding]:
    """Gate 2a: the root element is one we have a format for."""
    if str(root.tag) in FORMATS:
        return []
    return [
        Finding(
            code="KVITT-ROOT-01",
            severity=Severity.FATAL,
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
            location=location(root, PREFIXES),
            line=line_of(root),
            ruleset=_SYNTAX,
        )
    ]


def known_customization(root: Element) -> list[Finding]:
    """Gate 2b: the CustomizationID is one whose rules we know."""
    node = root.find(clark("cbc:CustomizationID"))
    value = text_of(node)
    response = FORMATS[str(root.tag)] == "ubl-response"
    if value in _RESPONSES if response else value.startswith(BILLING):
        return []
    shown = root if node is None else node
    return [
        Finding(
            code="KVITT-CUSTOMIZATION-01",
            severity=Severity.FATAL,
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
            location=location(shown, PREFIXES),
            line=line_of(shown),
            term="BT-24",
            value=value,
            expected=" ".join(_RESPONSES) if response else BILLING,
            ruleset=_SYNTAX,
        )
    ]


def valid_ubl(root: Element) -> list[Finding]:
    """Gate 3: the UBL 2.1 schema of the root element."""
    found = xsd.violations(root)
    listed = [_violation(one) for one in found[:MOST_VIOLATIONS]]
    return listed if len(found) <= MOST_VIOLATIONS else [*listed, _more(len(found) - MOST_VIOLATIONS)]


def _violation(one: xsd.Violation) -> Finding:
    return Finding(
        code="KVITT-XSD-01",
        severity=Severity.FATAL,
        text=said(
            f"Not valid UBL 2.1 here. {one.reason}".strip(),
            f"Ikke gyldig UBL 2.1 her. {one.reason}".strip(),
            f"Hier geen geldige UBL 2.1. {one.reason}".strip(),
        ),
        hint=said(
            "Check the element's name, place and value; UBL prescribes the order.",
            "Kontroller elementets navn, plass og verdi; UBL bestemmer rekkefølgen.",
            "Controleer naam, plaats en waarde van het element; UBL schrijft de volgorde voor.",
        ),
        location=one.location,
        line=one.line,
        ruleset=_SCHEMA,
    )


def _more(count: int) -> Finding:
    return Finding(
        code="KVITT-XSD-02",
        severity=Severity.FATAL,
        text=said(
            f"{count} more places are not valid UBL 2.1.",
            f"{count} steder til er ikke gyldig UBL 2.1.",
            f"Nog {count} plaatsen zijn geen geldige UBL 2.1.",
        ),
        ruleset=_SCHEMA,
    )
