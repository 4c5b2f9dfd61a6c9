"""The SOAP messages of VECOZO's EDP service V1: submitting claim files, fetching responses. Pure functions, no network.

Source: client classes generated from VECOZO's service descriptions, as published in 2019 by a maker of care software;
the descriptions themselves are not public. Answers are read by local name, because their namespaces are not known. Of
the result codes only those that mean success are known; every other one is shown as it came.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from lxml import etree

from connectors.channels.vecozo_messages import without_numbers
from hub.errors import FormatError
from hub.model.exchange import ExchangeState
from schemas.xml import Element, local_name, parse, text_of

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
_EDP = "vsp:edp:declareren"
SUBMIT = f"urn:www-vecozo-nl:{_EDP}:indienen:v1"
DOWNLOAD = f"urn:www-vecozo-nl:{_EDP}:downloaden:v1"
SUBMIT_PATH = "IndienenDeclaratieV1"
DOWNLOAD_PATH = "DownloadenRetourinformatieV1"

_NOTHING: Mapping[str, str] = MappingProxyType({})
TAKEN_OVER = "VSPEDP102"
"""The one code of a submission that is known to mean: taken over."""
READ_WELL = frozenset({"VSPEDP107", "VSPEDP113", "VSPEDP114", "VSPEDP115", "VSPEDP201"})
"""Codes of the download service that are known to mean: here it is."""
_REFUSED = re.compile(r"VSPEDP3\d\d")

STATES: Mapping[str, ExchangeState] = MappingProxyType(
    {
        "OntvangenDoorVecozo": ExchangeState.SENT,
        "CorrectBevondenDoorVecozo": ExchangeState.SENT,
        "AfgekeurdDoorVecozo": ExchangeState.REFUSED,
        "KlaarVoorVerzendingNaarZorgverzekeraar": ExchangeState.SENT,
        "SuccesvolOntvangenDoorZorgverzekeraar": ExchangeState.DELIVERED,
        "AfgehandeldDoorZorgverzekeraar": ExchangeState.DELIVERED,
    }
)
"""A status that is not listed counts as SENT (VECOZO has the file) and is shown as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One claim file for VECOZO; `reference` is our own, at most 100 characters, about nobody."""

    email: str
    reference: str
    file_name: str
    payload: bytes
    tell_result: bool = False
    tell_refusal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What VECOZO says about one submitted file."""

    code: str
    declaratie: str
    file_name: str

    @property
    def taken_over(self) -> bool:
        """Accepted, with the id that later answers name."""
        return self.code == TAKEN_OVER and bool(self.declaratie)

    @property
    def refused(self) -> bool:
        """Certainly not taken over: one of the refusal codes, and no id."""
        return _REFUSED.fullmatch(self.code) is not None and not self.declaratie


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One thing VECOZO has for us: a response file or a PDF, and the submission it answers."""

    number: int
    declaratie: str
    pdf: bool = False
    meta: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """The answer to a download: a file when there is one, else only VECOZO's code."""

    code: str
    payload: bytes | None
    file_name: str = ""
    size: int | None = None
    number: int | None = None
    declaratie: str = ""
    meta: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where one submission stands, in VECOZO's words."""

    declaratie: str
    code: str
    word: str
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapFault:
    """A fault: the codes of SOAP itself (outermost first, without prefix), VECOZO's own code, and its words."""

    codes: tuple[str, ...]
    vecozo: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: the service's namespace and path, and the operation's name."""

    service: str
    path: str
    name: str

    @property
    def action(self) -> str:
        """What the header (SOAP 1.1) or the content type (SOAP 1.2) calls it."""
        return f"{self.service}:{self.name}"

    @property
    def messages(self) -> str:
        """The namespace of the request's own fields."""
        return self.service.replace("urn:www-vecozo-nl:", "urn:www-vecozo-nl:messages:", 1)

    @property
    def types(self) -> str:
        """The namespace of what stands inside them."""
        return self.service.replace("urn:www-vecozo-nl:", "urn:www-vecozo-nl:types:", 1)


INDIENEN = Operation(service=SUBMIT, path=SUBMIT_PATH, name="Indienen")
OPVRAGEN = Operation(service=DOWNLOAD, path=DOWNLOAD_PATH, name="OpvragenTeVerwerkenRetourInformatie")
OPHALEN = Operation(service=DOWNLOAD, path=DOWNLOAD_PATH, name="Download")
OPHALEN_PDF = Operation(service=DOWNLOAD, path=DOWNLOAD_PATH, name="DownloadPdf")
RAADPLEGEN = Operation(service=DOWNLOAD, path=DOWNLOAD_PATH, name="RaadplegenDeclaratiestatus")


def submission(one: Submission) -> Element:
    """The request that submits one claim file."""
    request, types = _request(INDIENEN), INDIENEN.types
    declaration = _add(request, INDIENEN.messages, "Declaratie")
    _add(declaration, types, "IndienerEmailadres", one.email)
    _add(declaration, types, "ReferentieZorgaanbieder", one.reference)
    notify = _add(declaration, types, "EmailNotificaties")
    _add(notify, types, "IndicatieControleResultaat", _bool(one.tell_result))
    _add(notify, types, "IndicatieAfkeuringResultaat", _bool(one.tell_refusal))
    file = _add(declaration, types, "DeclaratieBestand")
    _add(file, types, "Bestandsnaam", one.file_name)
    _add(file, types, "Bestandsgrootte", str(len(one.payload)))
    _add(file, types, "Data", base64.b64encode(one.payload).decode())
    return request


def listing(*, standards: Sequence[tuple[str, str, str]] = (), after: int | None = None, pdf: bool = False) -> Element:
    """The request for what waits for us: of some standards (code, version, subversion or empty), after a cursor."""
    request, types = _request(OPVRAGEN), OPVRAGEN.types
    if standards:
        wanted = _add(request, OPVRAGEN.messages, "EIStandaarden")
        for code, version, subversion in standards:
            one = _add(wanted, types, "EIStandaardZoekCriteria")
            _add(one, types, "StandaardCode", code)
            _add(one, types, "StandaardVersie", version)
            if subversion:
                _add(one, types, "StandaardSubVersie", subversion)
    if after is not None:
        _add(request, OPVRAGEN.messages, "LaatstOntvangenRetourbestandId", str(after))
    _add(request, OPVRAGEN.messages, "NegeerPdfIds", _bool(not pdf))
    return request


def download(number: int, *, pdf: bool = False) -> Element:
    """The request for one response file, or one PDF."""
    operation = OPHALEN_PDF if pdf else OPHALEN
    request = _request(operation)
    _add(request, operation.messages, "PdfId" if pdf else "RetourbestandId", str(number))
    return request


def statuses(declaraties: Sequence[str]) -> Element:
    """The request for the status of some submissions."""
    request = _request(RAADPLEGEN)
    wanted = _add(request, RAADPLEGEN.messages, "Declaraties")
    for one in declaraties:
        _add(wanted, RAADPLEGEN.types, "DeclaratieId", one)
    return request


def envelope(request: Element, operation: Operation, *, soap: str, to: str = "", message_id: str = "") -> bytes:
    """The request in an envelope of this SOAP version; version 1.2 is addressed."""
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"s": soap, "a": ADDRESSING, "v1": operation.service})
    if soap == SOAP_12:
        header = _add(root, soap, "Header")
        action = _add(header, ADDRESSING, "Action", operation.action)
        action.set(f"{{{soap}}}mustUnderstand", "1")
        _add(header, ADDRESSING, "MessageID", f"urn:uuid:{message_id}")
        _add(_add(header, ADDRESSING, "ReplyTo"), ADDRESSING, "Address", f"{ADDRESSING}/anonymous")
        target = _add(header, ADDRESSING, "To", to)
        target.set(f"{{{soap}}}mustUnderstand", "1")
    body = _add(root, soap, "Body")
    _add(body, operation.service, operation.name).append(request)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _request(operation: Operation) -> Element:
    names = {"m": operation.messages, "t": operation.types}
    return etree.Element(f"{{{operation.service}}}{operation.name}Request", nsmap=names)


def _add(parent: Element, namespace: str, name: str, text: str | None = None) -> Element:
    node = etree.SubElement(parent, f"{{{namespace}}}{name}")
    node.text = text
    return node


def _bool(value: bool) -> str:
    return "true" if value else "false"


def read_fault(data: bytes) -> SoapFault | None:
    """The fault in an answer; None when the bytes are none."""
    try:
        root = parse(data)
    except FormatError:
        return None
    fault = next(root.iter("{*}Fault"), None)
    if fault is None:
        return None
    codes = [node for node in fault.iter("{*}faultcode", "{*}Value") if not _inside(node, "Detail")]
    own = next(fault.iter("{*}Resultaatcode"), None)
    words = next(fault.iter("{*}Message", "{*}faultstring", "{*}Text"), None)
    return SoapFault(
        codes=tuple(text_of(code).rpartition(":")[2] for code in codes),
        vecozo=text_of(own),
        text=without_numbers(text_of(words))[:300],
    )


def _inside(node: Element, name: str) -> bool:
    return next(node.iterancestors(f"{{*}}{name}"), None) is not None


def read_results(data: bytes) -> list[Result]:
    """What VECOZO says about what was submitted; FormatError when it says nothing about anything."""
    answer = _answer(data, INDIENEN)
    found = [node for node in answer.iter() if _child(node, "Resultaatcode") is not None]
    if not found:
        raise FormatError("the answer names no result", where="Indienen")
    return [
        Result(
            code=_said(node, "Resultaatcode"),
            declaratie=_said(node, "DeclaratieId"),
            file_name=_said(node, "Bestandsnaam"),
        )
        for node in found
    ]


def read_listing(data: bytes) -> tuple[str, list[Listed]]:
    """VECOZO's code, and what it has for us, in the order of its numbers; an unreadable number is a FormatError."""
    answer = _answer(data, OPVRAGEN)
    found: dict[tuple[bool, int], Listed] = {}
    for node in answer.iter("{*}RetourbestandId", "{*}PdfId"):
        one = _listed(node)
        found[one.pdf, one.number] = one
    return _said(answer, "Resultaatcode"), [found[key] for key in sorted(found)]


def _listed(node: Element) -> Listed:
    detail = node.getparent()
    owner = next((up for up in node.iterancestors() if _child(up, "DeclaratieId") is not None), None)
    return Listed(
        number=_number(node),
        declaratie=_said(owner, "DeclaratieId"),
        pdf=local_name(node) == "PdfId",
        meta=MappingProxyType(_facts(detail) | _present({"status": _said(owner, "DeclaratieStatus")})),
    )


def read_download(data: bytes, *, pdf: bool = False) -> Downloaded:
    """The file that was asked for, or VECOZO's code where there is none; FormatError when it is neither."""
    answer = _answer(data, OPHALEN_PDF if pdf else OPHALEN)
    file = next(answer.iter("{*}PdfRetourbestand" if pdf else "{*}EIRetourbestand"), None)
    content = _child(file, "Bestand")
    data_node = _child(content, "Data")
    number = _child(file, "RetourbestandId")
    return Downloaded(
        code=_said(answer, "Resultaatcode"),
        payload=None if data_node is None else _bytes(data_node),
        file_name=_said(content, "Bestandsnaam"),
        size=_optional(_child(content, "Bestandsgrootte")),
        number=_optional(number),
        declaratie=_said(file, "DeclaratieId"),
        meta=MappingProxyType(_facts(file)),
    )


def read_statuses(data: bytes) -> list[Status]:
    """Where submissions stand; those without an id are left out."""
    answer = _answer(data, RAADPLEGEN)
    owners = (node.getparent() for node in answer.iter("{*}DeclaratieId"))
    return [_status(owner) for owner in owners if owner is not None]


def _status(node: Element) -> Status:
    notice = next(node.iter("{*}Melding"), None)
    words = (_said(notice, name) for name in ("Code", "Omschrijving", "KenmerkRecord", "IdentificatieDetailRecord"))
    return Status(
        declaratie=_said(node, "DeclaratieId"),
        code=_said(node, "Resultaatcode"),
        word=text_of(next(node.iter("{*}Status"), None)),
        notice=without_numbers(" ".join(word for word in words if word)),
    )


def _answer(data: bytes, operation: Operation) -> Element:
    """The body's response element; anything else is a FormatError."""
    root = parse(data)
    if local_name(root) != "Envelope":
        raise FormatError("the answer is no SOAP envelope", where=operation.name)
    wanted = f"{operation.name}Response"
    body = next((node for node in root if local_name(node) == "Body"), None)
    found = next(body.iter(f"{{*}}{wanted}"), None) if body is not None else None
    if found is None:
        raise FormatError(f"the answer holds no {wanted}", where=operation.name)
    # The result stands in the response element itself, or in one element of its own inside it.
    return next((node for node in (found, *found) if _child(node, "Resultaatcode") is not None), found)


def _facts(node: Element | None) -> dict[str, str]:
    """What VECOZO tells about a response file, by short names."""
    standard = _child(node, "EIStandaard")
    names = ("StandaardCode", "StandaardVersie", "StandaardSubVersie")
    return _present(
        {
            "standard": " ".join(word for word in (_said(standard, name) for name in names) if word),
            "approved": _moment(_said(node, "GoedgekeurdOp")),
            "submitted": _moment(_said(node, "IngediendOp")),
            "status": _said(node, "DeclaratieStatus"),
            "return_status": _said(node, "RetourbestandStatus"),
            "payer_reference": without_numbers(_said(node, "ReferentieZorgverzekeraar")),
        }
    )


def _present(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _moment(text: str) -> str:
    """A date-time as it came, when it is one."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text


def _bytes(node: Element) -> bytes:
    try:
        return base64.b64decode("".join(text_of(node).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("the file in the answer is not base64", where="Data") from error


def _number(node: Element) -> int:
    text = text_of(node)
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise FormatError("the answer holds an id that is no number", where=local_name(node))
    return int(text)


def _optional(node: Element | None) -> int | None:
    return None if node is None or not text_of(node) else _number(node)


def _children(node: Element | None) -> Iterator[Element]:
    return iter(()) if node is None else (child for child in node if isinstance(child.tag, str))


def _child(node: Element | None, name: str) -> Element | None:
    return next((child for child in _children(node) if local_name(child) == name), None)


def _said(node: Element | None, name: str) -> str:
    return text_of(_child(node, name))
