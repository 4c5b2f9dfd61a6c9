"""The Peppol envelope: what is wrapped comes out byte for byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.errors import FormatError, MappingError
from schemas import sbdh

HEADER = sbdh.SbdhHeader(
    sender="0192:923456783",
    receiver="0192:987654325",
    instance_id="7a9d9f2e-36a7-5f3f-9f5e-0a9d4b9f1c11",
    standard="urn:x",
    type="Invoice",
    type_version="2.1",
    created=datetime(2026, 4, 15, 9, 30, tzinfo=timezone(timedelta(hours=2))),
    document_id="urn:x::Invoice##urn:y#compliant#urn:z::2.1",
    process_id="urn:p",
    country_c1="NO",
)


@pytest.mark.parametrize(
    "payload",
    [
        b'<Invoice xmlns="urn:x"/>',
        b'<i:Invoice xmlns:i="urn:x"><i:a>&lt;<![CDATA[<b>]]></i:a><plain xmlns=""/></i:Invoice  >',
        '<Invoice xmlns="urn:x"> æøå\r\n\t<a b=\'"\'/> <!-- c --></Invoice>'.encode(),
        b"<Invoice xmlns='urn:x'>" + b"<a>x</a>" * 5000 + b"</Invoice>",
    ],
)
def test_the_payload_comes_out_as_it_went_in(payload: bytes) -> None:
    assert sbdh.read(sbdh.write(HEADER, payload)) == (HEADER, payload)


def test_only_the_xml_declaration_and_what_stands_outside_the_root_is_left_behind() -> None:
    root = b'<Invoice xmlns="urn:x"><a/></Invoice>'
    payload = b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- before -->' + root + b"\n"
    assert sbdh.read(sbdh.write(HEADER, payload))[1] == root


@given(text=st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_survives(text: str) -> None:
    element = etree.Element("{urn:x}Invoice")
    element.text = text
    payload = etree.tostring(element, encoding="utf-8")
    header = replace(HEADER, instance_id=text.strip() or "x", process_id=text.strip() or "p")
    read, cut = sbdh.read(sbdh.write(header, payload))
    assert cut == payload
    assert read.sender == header.sender


def test_a_payload_that_borrows_from_the_envelope_is_made_whole() -> None:
    head = sbdh.write(HEADER, b'<Invoice xmlns="urn:x"/>').partition(b"<Invoice")[0]
    data = head.replace(b"<sh:StandardBusinessDocument ", b'<sh:StandardBusinessDocument xmlns:i="urn:x" ', 1)
    _, payload = sbdh.read(data + b"<i:Invoice><i:ID>1</i:ID></i:Invoice></sh:StandardBusinessDocument>")
    assert etree.fromstring(payload).findtext("{urn:x}ID") == "1"


def test_an_envelope_in_another_encoding_is_read() -> None:
    data = sbdh.write(HEADER, "<Invoice xmlns='urn:x'>ø</Invoice>".encode())
    latin = data.decode().replace("UTF-8", "ISO-8859-1", 1).encode("latin-1")
    assert etree.fromstring(sbdh.read(latin)[1]).text == "ø"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<x/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        f'<s:StandardBusinessDocument xmlns:s="{sbdh.NAMESPACE}"/>'.encode(),
        sbdh.write(HEADER, b'<Invoice xmlns="urn:x"/>').replace(b"<Invoice", b"<a/><Invoice"),
        sbdh.write(HEADER, b'<Invoice xmlns="urn:x"/>').replace(HEADER.instance_id.encode(), b""),
    ],
)
def test_what_is_no_envelope_with_one_payload_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        sbdh.read(data)


def test_a_header_that_does_not_fit_is_not_written() -> None:
    payload = b'<Invoice xmlns="urn:x"/>'
    for wrong in (
        replace(HEADER, type="CreditNote"),
        replace(HEADER, created=None),
        replace(HEADER, created=datetime(2026, 4, 15)),  # noqa: DTZ001 -- the point of the test
        replace(HEADER, country_c1=""),
    ):
        with pytest.raises(MappingError):
            sbdh.write(wrong, payload)
    with pytest.raises(MappingError, match="UTF-8"):
        sbdh.write(
            HEADER, '<?xml version="1.0" encoding="ISO-8859-1"?><Invoice xmlns="urn:x">ø</Invoice>'.encode("latin-1")
        )


def test_the_document_id_names_the_root() -> None:
    assert sbdh.root_of(HEADER.document_id) == ("urn:x", "Invoice", "2.1")
    with pytest.raises(MappingError):
        sbdh.root_of("urn:peppol:doctype:pdf+xml")


@pytest.mark.shared
def test_headers_of_other_implementations_are_read(shared: Path) -> None:
    folder = shared / "data" / "as4-samples" / "sbdh"
    read = {
        path.name: sbdh.read_header(path.read_bytes())
        for path in sorted(folder.glob("*sbdh*.xml"))
        if "no-sbdh" not in path.name
    }
    assert len(read) == 7
    for header in read.values():
        assert header.sender.startswith(("0088:", "9908:"))
        assert header.type
        assert header.document_id
    newest = read["peppol-sbdh-2.01.xml"]
    assert (newest.country_c1, newest.mls_to, newest.mls_type) == ("IN", "0242:000723", "ALWAYS_SEND")
    assert newest.created == datetime(2017, 12, 6, 9, 17, 5, 734000, tzinfo=UTC)


def test_the_payload_of_an_envelope_or_the_document_itself() -> None:
    document = b"<Invoice/>"
    envelope = f'<e:StandardBusinessDocument xmlns:e="{sbdh.NAMESPACE}"><a/><b/></e:StandardBusinessDocument>'.encode()
    assert (sbdh.enveloped(document), sbdh.payload(document)) == (False, document)
    assert sbdh.enveloped(envelope)
    with pytest.raises(FormatError, match="holds 2 elements"):
        sbdh.payload(envelope)
    held = b'<a:Invoice xmlns:a="urn:x"/>'
    assert sbdh.payload(sbdh.write(HEADER, held)) == held
