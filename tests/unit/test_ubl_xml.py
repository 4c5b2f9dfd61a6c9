"""Hostile and broken XML: refused with a line, never expanded, never fetched."""

from __future__ import annotations

import pytest

from hub.errors import FormatError
from schemas.xml import location, parse

LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l x="&b;"/>'


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<!DOCTYPE a><a/>",
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode("utf-16"),
        b"<!-- " + b"x" * 10_000 + b" --><!DOCTYPE a><a/>",
    ],
)
def test_a_doctype_is_refused_wherever_it_hides(data: bytes) -> None:
    with pytest.raises(FormatError, match="DOCTYPE"):
        parse(data)


def test_the_word_doctype_inside_a_document_is_text() -> None:
    assert parse(b"<a><![CDATA[<!DOCTYPE a>]]></a>").text == "<!DOCTYPE a>"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "line 1"),
        (b"<a>\n<b></a>", "line 2, column 8"),
        (b"<a>&nope;</a>", "line 1, column 10"),
        (b"<a/><b/>", "line 1, column 5"),
    ],
)
def test_broken_xml_names_the_line(data: bytes, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert caught.value.where.split(",")[0] == where.split(",", maxsplit=1)[0]


def test_the_message_never_quotes_content() -> None:
    with pytest.raises(FormatError) as caught:
        parse(b"<a b=12847948459>x</a>")
    assert "12847948459" not in str(caught.value)


def test_the_caps() -> None:
    with pytest.raises(FormatError, match="more than the 10 allowed"):
        parse(b"<a>123456789</a>", max_bytes=10)
    with pytest.raises(FormatError, match="deeper than 3"):
        parse(b"<a><a><a><a/></a></a></a>", max_depth=3)
    assert parse(b"<a><a><a/></a></a>", max_depth=3).tag == "a"
    with pytest.raises(FormatError):
        parse(b"<a>" * 100_000)


def test_a_text_larger_than_ten_megabytes_is_read() -> None:
    text = b"A" * 11_000_000
    assert len(parse(b"<a>" + text + b"</a>").text or "") == len(text)


def test_a_location_counts_only_where_there_is_more_than_one() -> None:
    root = parse(b'<r xmlns:p="urn:p"><p:a/><p:b/><p:b><c/></p:b></r>')
    assert location(root[2][0], {"urn:p": "q"}) == "/r/q:b[2]/c"
    assert location(root[0], {"urn:p": "q"}) == "/r/q:a"
