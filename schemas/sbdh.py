"""The Standard Business Document Header as Peppol profiles it (Business Message Envelope 2.0.x).

Sources: UN/CEFACT SBDH 1.3 for the elements; the Peppol Business Message Envelope for what stands in them: party
identifiers of scheme iso6523-actorid-upis, `Standard`, `TypeVersion` and `Type` of the document's root element, a
globally unique `InstanceIdentifier`, and the scopes DOCUMENTID, PROCESSID, COUNTRY_C1 and optionally MLS_TO, MLS_TYPE.

The payload is carried byte for byte: the envelope uses a prefix, so that it lends the payload no default namespace, and
`read` cuts the payload out of the bytes instead of writing it anew.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime
from xml.parsers import expat
from xml.sax.saxutils import escape

from lxml import etree

from hub.errors import FormatError, MappingError
from schemas.ubl.document_types import document_type
from schemas.ubl.names import clark, current_scheme
from schemas.wording import UnreadableError, Wording, said
from schemas.xml import local_name, parse, text_of

NAMESPACE = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
PARTICIPANT_SCHEME = "iso6523-actorid-upis"
DOCUMENT_SCHEME = "busdox-docid-qns"
PROCESS_SCHEME = "cenbii-procid-ubl"

_HEAD_BYTES = 4096
_ENVELOPE = re.compile(rb"<(?:[\w.-]+:)?StandardBusinessDocument[\s>]")
_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml\s[^>]*\?>\s*)?")
_ENCODING = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml\s[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_NS = f"{{{NAMESPACE}}}"
_DOCUMENT_ID = re.compile(r"(?P<standard>.+?)::(?P<type>[^:#]+)##.*::(?P<version>[^:]+)\Z")

_SET = "sbdh"
_NO_ENVELOPE = Wording(
    code="KVITT-SBDH-01",
    text=said(
        "The Peppol envelope is not one header followed by one document.",
        "Peppol-konvolutten er ikke ett hode fulgt av ett dokument.",
        "De Peppol-envelop is niet één kop met daarna één document.",
    ),
    hint=said(
        "Check the document without its envelope, or make the envelope anew.",
        "Kontroller dokumentet uten konvolutt, eller lag konvolutten på nytt.",
        "Controleer het document zonder envelop, of maak de envelop opnieuw.",
    ),
    ruleset=_SET,
)
_NO_INSTANCE = Wording(
    code="KVITT-SBDH-02",
    text=said(
        "The Peppol envelope has no InstanceIdentifier.",
        "Peppol-konvolutten mangler InstanceIdentifier.",
        "De Peppol-envelop heeft geen InstanceIdentifier.",
    ),
    hint=said(
        "Give every message an identifier of its own.",
        "Gi hver melding sin egen identifikator.",
        "Geef elk bericht een eigen identificatie.",
    ),
    ruleset=_SET,
)
WORDINGS = (_NO_ENVELOPE, _NO_INSTANCE)
"""What can be wrong with an envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SbdhHeader:
    """The envelope's facts. `standard`, `type`, `type_version` describe the document's root element."""

    sender: str
    receiver: str
    instance_id: str
    standard: str
    type: str
    type_version: str
    created: datetime | None
    document_id: str
    process_id: str
    country_c1: str
    document_scheme: str = DOCUMENT_SCHEME
    process_scheme: str = PROCESS_SCHEME
    mls_to: str = ""
    mls_type: str = ""


def root_of(document_id: str) -> tuple[str, str, str]:
    """Namespace, root element and version out of a document type id; MappingError when it has another shape."""
    found = _DOCUMENT_ID.match(document_id)
    if not found:
        raise MappingError(
            f"the document type id names no root element: {document_id}", hint="NAMESPACE::Root##CUSTOMIZATION::VERSION"
        )
    return found["standard"], found["type"], found["version"]


def header_of(
    payload: bytes, *, sender: str, receiver: str, instance_id: str, created: datetime, country_c1: str
) -> SbdhHeader:
    """The envelope's facts for a UBL document of any kind Kvitt exchanges, from the document itself.

    `sender` and `receiver` are participants such as `0192:310000086`; 9908 is written as 0192.
    """
    root = parse(payload)
    name = local_name(root)
    customization, profile = (text_of(root.find(clark(f"cbc:{leaf}"))) for leaf in ("CustomizationID", "ProfileID"))
    known = document_type(name, customization)
    if known is None:
        raise MappingError(f"{name} with CustomizationID {customization[:80]!r} is no document type of the network")
    return SbdhHeader(
        sender=participant(sender),
        receiver=participant(receiver),
        instance_id=instance_id,
        standard=known.namespace,
        type=known.root,
        type_version=known.version,
        created=created,
        document_id=known.id,
        process_id=profile or known.process,
        country_c1=country_c1,
    )


def participant(identifier: str) -> str:
    """`SCHEME:NUMBER` under the scheme in use today; MappingError for anything else."""
    scheme, colon, number = identifier.partition(":")
    if not colon or not number or re.fullmatch(r"[0-9]{4}", scheme) is None:
        raise MappingError(f"{identifier[:40]!r} is no participant", hint="such as 0192:310000086")
    return f"{current_scheme(scheme)}:{number}"


def write(header: SbdhHeader, payload: bytes) -> bytes:
    """The envelope around an XML payload in UTF-8; its XML declaration is left out, the rest is kept as it is."""
    named = _ENCODING.match(payload)
    if named and named.group(1).lower() not in {b"utf-8", b"utf8", b"us-ascii"}:
        raise MappingError(f"the payload is in {named.group(1).decode()}", hint="write the document in UTF-8")
    root = etree.QName(parse(payload))
    if (root.namespace or "", root.localname) != (header.standard, header.type):
        raise MappingError(
            f"the payload is {{{root.namespace}}}{root.localname}, the header says {{{header.standard}}}{header.type}"
        )
    body = _DECLARATION.sub(b"", payload, count=1)
    head = "".join(_head(header))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<sh:StandardBusinessDocument xmlns:sh="{NAMESPACE}">{head}'
    ).encode() + (body + b"</sh:StandardBusinessDocument>")


def _head(header: SbdhHeader) -> list[str]:
    if header.created is None or header.created.tzinfo is None:
        raise MappingError("the envelope needs a creation time with a zone")
    missing = [
        name
        for name in ("sender", "receiver", "instance_id", "document_id", "process_id", "country_c1")
        if not getattr(header, name)
    ]
    if missing:
        raise MappingError(f"the envelope lacks {', '.join(missing)}")
    return [
        "<sh:StandardBusinessDocumentHeader>",
        _leaf("HeaderVersion", "1.0"),
        _party("Sender", header.sender),
        _party("Receiver", header.receiver),
        "<sh:DocumentIdentification>",
        _leaf("Standard", header.standard),
        _leaf("TypeVersion", header.type_version),
        _leaf("InstanceIdentifier", header.instance_id),
        _leaf("Type", header.type),
        _leaf("CreationDateAndTime", header.created.isoformat(timespec="milliseconds")),
        "</sh:DocumentIdentification><sh:BusinessScope>",
        _scope("DOCUMENTID", header.document_id, header.document_scheme),
        _scope("PROCESSID", header.process_id, header.process_scheme),
        _scope("COUNTRY_C1", header.country_c1),
        _scope("MLS_TO", header.mls_to, PARTICIPANT_SCHEME) if header.mls_to else "",
        _scope("MLS_TYPE", header.mls_type) if header.mls_type else "",
        "</sh:BusinessScope></sh:StandardBusinessDocumentHeader>",
    ]


def _leaf(name: str, value: str) -> str:
    return f"<sh:{name}>{escape(value)}</sh:{name}>"


def _party(name: str, value: str) -> str:
    identifier = f'<sh:Identifier Authority="{PARTICIPANT_SCHEME}">{escape(value)}</sh:Identifier>'
    return f"<sh:{name}>{identifier}</sh:{name}>"


def _scope(kind: str, value: str, scheme: str = "") -> str:
    identifier = _leaf("Identifier", scheme) if scheme else ""
    return f"<sh:Scope>{_leaf('Type', kind)}{_leaf('InstanceIdentifier', value)}{identifier}</sh:Scope>"


def read(data: bytes) -> tuple[SbdhHeader, bytes]:
    """The header and the payload, cut out byte for byte; FormatError when it is no envelope with one payload.

    A payload that borrows namespaces from the envelope cannot be cut out; it is written anew with them.
    """
    root = parse(data)
    if root.tag != f"{_NS}StandardBusinessDocument":
        raise UnreadableError(_NO_ENVELOPE, f"the document is {local_name(root)}, not StandardBusinessDocument")
    children = [child for child in root if isinstance(child.tag, str)]
    if len(children) != 2 or children[0].tag != f"{_NS}StandardBusinessDocumentHeader":
        raise UnreadableError(
            _NO_ENVELOPE, f"the envelope holds {len(children)} elements", hint="one header and one payload are wanted"
        )
    return _header(children[0]), _payload(data, children[1])


def payload(data: bytes) -> bytes:
    """The document itself: what an envelope holds, else the bytes as they are; FormatError where it is broken."""
    return read(data)[1] if enveloped(data) else data


def enveloped(data: bytes) -> bool:
    """Whether a file begins as an envelope does."""
    return _ENVELOPE.search(data[:_HEAD_BYTES]) is not None


def read_header(data: bytes) -> SbdhHeader:
    """A header that stands alone, or the one of an envelope."""
    root = parse(data)
    found = (
        root
        if root.tag == f"{_NS}StandardBusinessDocumentHeader"
        else root.find(f"{_NS}StandardBusinessDocumentHeader")
    )
    if found is None:
        raise FormatError(f"the document is {local_name(root)} and has no StandardBusinessDocumentHeader")
    return _header(found)


def _header(element: etree._Element) -> SbdhHeader:
    def at(*names: str) -> str:
        return text_of(element.find("/".join(_NS + name for name in names)))

    scopes = {
        text_of(scope.find(f"{_NS}Type")).upper(): scope for scope in element.iterfind(f"{_NS}BusinessScope/{_NS}Scope")
    }

    def scope(kind: str, name: str = "InstanceIdentifier") -> str:
        return text_of(scopes[kind].find(_NS + name)) if kind in scopes else ""

    if not at("DocumentIdentification", "InstanceIdentifier"):
        raise UnreadableError(_NO_INSTANCE, "the envelope has no InstanceIdentifier", where="DocumentIdentification")
    return SbdhHeader(
        sender=at("Sender", "Identifier"),
        receiver=at("Receiver", "Identifier"),
        instance_id=at("DocumentIdentification", "InstanceIdentifier"),
        standard=at("DocumentIdentification", "Standard"),
        type=at("DocumentIdentification", "Type"),
        type_version=at("DocumentIdentification", "TypeVersion"),
        created=_moment(at("DocumentIdentification", "CreationDateAndTime")),
        document_id=scope("DOCUMENTID"),
        document_scheme=scope("DOCUMENTID", "Identifier") or DOCUMENT_SCHEME,
        process_id=scope("PROCESSID"),
        process_scheme=scope("PROCESSID", "Identifier") or PROCESS_SCHEME,
        country_c1=scope("COUNTRY_C1"),
        mls_to=scope("MLS_TO"),
        mls_type=scope("MLS_TYPE"),
    )


def _moment(text: str) -> datetime | None:
    """The creation time, without a zone when the sender gave none; None when it is no time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _payload(data: bytes, element: etree._Element) -> bytes:
    start, end = _span(data)
    cut = data[start:end]
    try:
        alone = parse(cut)
    except FormatError:
        alone = None
    if alone is not None and alone.tag == element.tag and alone.attrib == element.attrib:
        return cut
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, with_tail=False)


def _span(data: bytes) -> tuple[int, int]:
    """Where the second child of the root begins and ends, in bytes."""
    found: list[int] = []
    depth = 0
    children = 0
    ending = False
    parser = expat.ParserCreate()

    def close() -> None:
        """The first event after the payload's end tag stands right behind it."""
        nonlocal ending
        if ending:
            found.append(parser.CurrentByteIndex)
            ending = False

    def opened(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth, children
        close()
        depth += 1
        if depth == 2:
            children += 1
            if children == 2:
                found.append(parser.CurrentByteIndex)

    def closed(_name: str) -> None:
        nonlocal depth, ending
        close()
        depth -= 1
        ending = depth == 1 and children == 2

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.DefaultHandler = lambda _data: close()
    parser.ParseFile(io.BytesIO(data))
    return found[0], found[1]
