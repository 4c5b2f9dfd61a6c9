"""Envelopes and faults as the sandbox's older VECOZO writes them. Pure functions.

Source: SOAP 1.1 and 1.2; the namespaces of the client classes generated from VECOZO's service descriptions (2019).
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from hub.sandbox.server import Response
from schemas.xml import Element

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
SUBMIT = "urn:www-vecozo-nl:vsp:edp:declareren:indienen:v1"
DOWNLOAD = "urn:www-vecozo-nl:vsp:edp:declareren:downloaden:v1"
MESSAGES = {
    SUBMIT: "urn:www-vecozo-nl:messages:vsp:edp:declareren:indienen:v1",
    DOWNLOAD: "urn:www-vecozo-nl:messages:vsp:edp:declareren:downloaden:v1",
}
TYPES = {
    SUBMIT: "urn:www-vecozo-nl:types:vsp:edp:declareren:indienen:v1",
    DOWNLOAD: "urn:www-vecozo-nl:types:vsp:edp:declareren:downloaden:v1",
}

Written = tuple[str, "str | Sequence[Written]"]
"""An element to write: its name, and its text or what stands in it."""


def reply(soap: str, service: str, name: str, parts: Sequence[Written]) -> Response:
    """A response with its result inside."""
    space = SUBMIT if service.startswith("Indienen") else DOWNLOAD
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"s": soap})
    body = etree.SubElement(root, f"{{{soap}}}Body")
    response = etree.SubElement(body, f"{{{space}}}{name}Response")
    result = etree.SubElement(response, f"{{{space}}}{name}Result", nsmap={"m": MESSAGES[space], "t": TYPES[space]})
    _fill(result, parts, MESSAGES[space], TYPES[space])
    return _response(soap, root, 200)


def _fill(parent: Element, parts: Sequence[Written], space: str, deeper: str) -> None:
    for name, value in parts:
        node = etree.SubElement(parent, f"{{{space}}}{name}")
        if isinstance(value, str):
            node.text = value
        else:
            _fill(node, value, deeper, deeper)


def fault(soap: str, codes: Sequence[str], text: str, *, own: str = "") -> Response:
    """A fault with its codes (outermost first); `own` is VECOZO's own code in the detail."""
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"s": soap})
    node = etree.SubElement(etree.SubElement(root, f"{{{soap}}}Body"), f"{{{soap}}}Fault")
    if soap == SOAP_11:
        old = {"Sender": "Client", "Receiver": "Server"}
        etree.SubElement(node, "faultcode").text = f"s:{old.get(codes[-1], codes[-1])}"
        etree.SubElement(node, "faultstring").text = text
        detail = etree.SubElement(node, "detail")
    else:
        where = node
        for place, code in enumerate(codes):
            where = etree.SubElement(where, f"{{{soap}}}{'Subcode' if place else 'Code'}")
            etree.SubElement(where, f"{{{soap}}}Value").text = f"s:{code}"
        etree.SubElement(etree.SubElement(node, f"{{{soap}}}Reason"), f"{{{soap}}}Text").text = text
        detail = etree.SubElement(node, f"{{{soap}}}Detail")
    if own:
        contract = etree.SubElement(detail, f"{{{TYPES[SUBMIT]}}}VspEdpFaultContract")
        _fill(contract, [("Message", text), ("Resultaatcode", own)], TYPES[SUBMIT], TYPES[SUBMIT])
    return _response(soap, root, 500)


def _response(soap: str, root: Element, status: int) -> Response:
    media = "text/xml; charset=utf-8" if soap == SOAP_11 else "application/soap+xml; charset=utf-8"
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return Response(status=status, body=body, media_type=media)
