"""Mails from strangers at the edges: forged results, hostile nesting, bodies that hold nothing."""

from __future__ import annotations

from base64 import encodebytes
from datetime import UTC, datetime

import pytest

from hub.errors import FormatError
from schemas import mail as mails

OURS = "mx.kvitt.example"
HEAD = b"From: noreply@digicare.no\r\nSubject: Avvist\r\n"


def results(value: str) -> bytes:
    return f"Authentication-Results: {value}\r\n".encode() + HEAD + b"\r\nx"


def nested(levels: int) -> bytes:
    """A mail in a mail in a mail."""
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * levels + b"Subject: innermost\r\n\r\nFakturanummer: 10003"


def many(parts: int) -> bytes:
    """A mail of so many texts."""
    one = b"--cut\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
    return HEAD + b'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n' + one * parts + b"--cut--\r\n"


def attached(content: bytes) -> bytes:
    """A mail with another one attached as a file."""
    file = b'Content-Disposition: attachment; filename="avvist.EML"\r\nContent-Transfer-Encoding: base64\r\n'
    return (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\nSe vedlegg\r\n'
        + b"--cut\r\nContent-Type: application/octet-stream\r\n"
        + file
        + b"\r\n"
        + encodebytes(content)
        + b"\r\n--cut--\r\n"
    )


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        (f"{OURS}; dkim=pass header.d=digicare.no", {"digicare.no"}),
        (
            f"{OURS}; dkim=pass header.i=@digicare.no; dkim=pass header.d=other.example",
            {"digicare.no", "other.example"},
        ),
        (f"{OURS}; dkim=pass", set()),
        (f"{OURS}; dkim=pass header.i=digicare", {"digicare"}),
        (f"{OURS}; dkim=fail header.d=digicare.no", set()),
        # a backslash takes the meaning from the sign behind it, in a comment and in a quoted string
        (f"{OURS}; dkim=fail (\\) dkim=pass header.d=digicare.no) header.d=x.example", set()),
        (f'{OURS}; dkim=fail reason="\\"; dkim=pass header.d=digicare.no;" header.d=x.example', set()),
        (f"{OURS}; dkim=pass (\\() header.d=digicare.no", {"digicare.no"}),
        (f"{OURS}; dkim=pass ) header.d=digicare.no", {"digicare.no"}),
        ("; dkim=pass header.d=digicare.no", set()),
    ],
)
def test_only_a_passed_result_of_our_own_server_names_a_domain(value: str, domains: set[str]) -> None:
    assert mails.signed_by(results(value), OURS) == domains


def test_a_signature_over_a_part_of_the_body_signs_nothing_even_without_a_domain() -> None:
    good = f"Authentication-Results: {OURS}; dkim=pass header.d=digicare.no\r\n".encode()
    assert mails.signed_by(good + b"DKIM-Signature: v=1; l=10\r\n" + HEAD + b"\r\nx", OURS) == {"digicare.no"}
    assert (
        mails.signed_by(good + b"DKIM-Signature: v=1; d=DigiCare.no; l=10\r\n" + HEAD + b"\r\nx", OURS) == frozenset()
    )


def test_a_mail_without_any_result_of_ours_is_signed_by_nobody() -> None:
    assert mails.signed_by(HEAD + b"\r\nx", OURS) == frozenset()


@pytest.mark.parametrize("data", [nested(3000), attached(nested(3000))], ids=["itself", "attached"])
def test_a_mail_that_nests_without_end_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="nests too deep"):
        mails.read(data)


@pytest.mark.parametrize("data", [many(200), attached(many(200))], ids=["itself", "attached"])
def test_a_mail_of_too_many_parts_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="more than 200 parts"):
        mails.read(data)


def test_a_mail_of_many_parts_is_read_whole() -> None:
    assert mails.read(many(199)).text == "\n".join(["text"] * 199)


def test_of_a_mail_in_a_mail_the_subject_and_the_text_are_read() -> None:
    assert mails.read(nested(1)).text.splitlines()[-2:] == ["innermost", "Fakturanummer: 10003"]


def test_of_an_attached_mail_only_the_texts_are_read() -> None:
    inner = (
        b'Subject: Faktura 10003\r\nContent-Type: multipart/mixed; boundary="in"\r\n\r\n'
        b"--in\r\nContent-Type: text/plain\r\n\r\nplain words\r\n"
        b"--in\r\nContent-Type: text/html\r\n\r\n<p>marked <b>words</b></p>\r\n"
        b"--in\r\nContent-Type: image/png\r\n\r\nnot words\r\n--in--\r\n"
    )
    lines = mails.read(attached(inner)).text.splitlines()
    assert lines == ["Se vedlegg", "Faktura 10003", "plain words", "marked words"]


@pytest.mark.parametrize("body", [b"", b"   ", b"<!-- nothing -->", b"<script>let x = 1</script>"])
def test_a_page_that_shows_nothing_has_no_text(body: bytes) -> None:
    assert mails.read(HEAD + b"Content-Type: text/html\r\n\r\n" + body).text == ""


def test_what_a_header_says_wrongly_is_left_out_or_left_as_it_came() -> None:
    mail = mails.read(b"From: a@b.example, c@d.example\r\nDate: never\r\nSubject: =?nonsense?Q?x?=\r\n\r\nx")
    assert (mail.sender, mail.at, mail.subject) == ("", None, "=?nonsense?Q?x?=")
    right = mails.read(b"From: Ola <A@B.example>\r\nDate: Mon, 20 Apr 2026 08:15:00 +0000\r\n\r\nx")
    assert (right.sender, right.display_name) == ("a@b.example", "Ola")
    assert right.at == datetime(2026, 4, 20, 8, 15, tzinfo=UTC)
