"""From bytes to what can be laid out: an invoice, credit note or response, also inside a Peppol envelope."""

from __future__ import annotations

from hub.errors import FormatError
from schemas import sbdh
from schemas.ubl import document, response
from schemas.ubl.names import APPLICATION_RESPONSE
from schemas.xml import parse

_RESPONSE = f"{{{APPLICATION_RESPONSE}}}ApplicationResponse"


def payload(data: bytes) -> bytes:
    """The document itself: what an envelope holds, else the bytes as they are (also where the envelope is broken)."""
    try:
        return sbdh.payload(data)
    except FormatError:
        return data


def read(data: bytes) -> document.Document | response.ApplicationResponse:
    """The document read for showing; FormatError when it is none we can show."""
    held = payload(data)
    root = parse(held)
    return response.read(held) if root.tag == _RESPONSE else document.read_root(root)
