"""Simple values with attributes as UBL writes them: identifiers, amounts, quantities, codes (OASIS UBL 2.1 UDT)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.errors import MappingError
from schemas.ubl.codec import Kind, decimal_of, set_attribute, set_text
from schemas.xml import Element, text_of


def _exact(value: object) -> None:
    """A float has lost its cents before it comes here (141.26 is 141.2599...), and NaN is no amount."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise MappingError("an amount or quantity must be a finite decimal number", hint="use Decimal, never float")


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier and the scheme that says what it is (`0192`)."""

    value: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it stands in the document: exact, with the digits it was written with; never a float."""

    value: Decimal
    currency: str = ""

    def __post_init__(self) -> None:
        _exact(self.value)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity and its unit (UN/ECE Recommendation 20)."""

    value: Decimal
    unit: str = ""

    def __post_init__(self) -> None:
        _exact(self.value)


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code with the list it comes from, that list's version, and its name."""

    value: str
    list: str = ""
    version: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """An embedded file, kept as the base64 text it came in."""

    base64: str
    media_type: str = ""
    filename: str = ""


def _read_identifier(element: Element) -> Identifier:
    return Identifier(text_of(element), element.get("schemeID", ""))


def _write_identifier(element: Element, value: Identifier) -> None:
    set_text(element, value.value)
    set_attribute(element, "schemeID", value.scheme)


def _read_amount(element: Element) -> Amount:
    return Amount(decimal_of(element), element.get("currencyID", ""))


def _write_amount(element: Element, value: Amount) -> None:
    set_text(element, value.value)
    set_attribute(element, "currencyID", value.currency)


def _read_quantity(element: Element) -> Quantity:
    return Quantity(decimal_of(element), element.get("unitCode", ""))


def _write_quantity(element: Element, value: Quantity) -> None:
    set_text(element, value.value)
    set_attribute(element, "unitCode", value.unit)


def _read_code(element: Element) -> ListedCode:
    return ListedCode(
        text_of(element), element.get("listID", ""), element.get("listVersionID", ""), element.get("name", "")
    )


def _write_code(element: Element, value: ListedCode) -> None:
    set_text(element, value.value)
    set_attribute(element, "listID", value.list)
    set_attribute(element, "listVersionID", value.version)
    set_attribute(element, "name", value.name)


def _read_attachment(element: Element) -> Attachment:
    return Attachment(text_of(element), element.get("mimeCode", ""), element.get("filename", ""))


def _write_attachment(element: Element, value: Attachment) -> None:
    set_text(element, value.base64)
    set_attribute(element, "mimeCode", value.media_type)
    set_attribute(element, "filename", value.filename)


IDENTIFIER = Kind(_read_identifier, _write_identifier, ("schemeID",))
AMOUNT = Kind(_read_amount, _write_amount, ("currencyID",))
QUANTITY = Kind(_read_quantity, _write_quantity, ("unitCode",))
CODE = Kind(_read_code, _write_code, ("listID", "listVersionID", "name"))
ATTACHMENT = Kind(_read_attachment, _write_attachment, ("mimeCode", "filename"))
