"""Responses we write: Invoice Response, Message Level Response and Message Level Status; and envelopes for all kinds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from hub.errors import MappingError
from hub.model.reply import AckKind, Acknowledgement, Code, Decision, Verdict
from mappings.peppol_replies import from_application_response
from mappings.peppol_responses import Answering, Issue, to_invoice_response, to_mlr, to_mls
from schemas import sbdh
from schemas.ubl import Document, response, write, xsd
from schemas.ubl.names import BILLING, BILLING_PROFILE, document_type_id
from schemas.xml import parse

AT = datetime(2026, 4, 16, 14, 5, 6, tzinfo=timezone(timedelta(hours=2)))
SPIS = Answering(id="MLS-1", at=AT, sender="0242:000001", receiver="0242:000002-OPP_X", about="envelope-1")
CLINIC = Answering(
    id="IR-1",
    at=AT,
    sender="0192:310000914",
    receiver="0192:310000086",
    about="10001",
    sender_name="Forsikring TEST",
    receiver_name="Klinikk TEST",
)
WRONG = Issue(reason="BV", text="BR-13 is violated", place="/Invoice/cac:OrderReference")
DOUBT = Issue(reason="BW", text="a warning")


def through(message: response.ApplicationResponse) -> tuple[bytes, Any]:
    """Written, valid UBL, read back equal and understood; gives the bytes and what our own reader makes of it."""
    data = response.write(message)
    assert xsd.violations(parse(data)) == []
    assert response.read(data) == message
    assert response.read(data).unread == ()
    (said,) = from_application_response(data)
    return data, said


@pytest.mark.parametrize(
    ("status", "text", "issues", "kind"),
    [
        ("AP", "", (), AckKind.ACCEPTED),
        ("AB", "handed on", (DOUBT,), AckKind.ACCEPTED),
        ("RE", "refused", (WRONG, DOUBT), AckKind.REFUSED),
        ("RE", "nobody took it", (Issue(reason="FD", text="not delivered"),), AckKind.REFUSED),
    ],
)
def test_a_message_level_status_is_written_and_understood(
    status: str, text: str, issues: tuple[Issue, ...], kind: AckKind
) -> None:
    data, said = through(to_mls(SPIS, status, text, issues))
    assert isinstance(said, Acknowledgement)
    assert (said.kind, said.message_id, said.at) == (kind, "envelope-1", AT)
    assert [code.code for code in said.codes] == [status, *(issue.reason for issue in issues)]
    assert b"14:05:06+02:00" in data, "with its zone"
    again, also = through(to_mlr(replace(SPIS, sender="0192:310000914", type_code="380"), status, text, issues))
    assert isinstance(also, Acknowledgement)
    assert (also.kind, also.invoice_number) == (kind, "envelope-1")
    assert b"<cbc:DocumentTypeCode>380<" in again


@pytest.mark.parametrize(
    ("status", "codes", "verdict"),
    [
        ("AP", (), Verdict.GRANTED),
        (
            "RE",
            (Code(list="OPStatusReason", code="OTH", text="brukt opp"), Code(list="OPStatusAction", code="CNF")),
            Verdict.REFUSED,
        ),
        ("PD", (Code(list="OPStatusReason", code="PPD", text="640.00 NOK"),), None),
    ],
)
def test_an_invoice_response_is_written_and_understood(
    status: str, codes: tuple[Code, ...], verdict: Verdict | None
) -> None:
    data, said = through(to_invoice_response(CLINIC, status, codes))
    assert b"<cbc:RegistrationName>Klinikk TEST<" in data
    assert [(code.list, code.code) for code in said.codes][1:] == [(code.list, code.code) for code in codes]
    if verdict is None:
        assert isinstance(said, Acknowledgement)
    else:
        assert isinstance(said, Decision)
        assert (said.verdict, said.invoice_number) == (verdict, "10001")


def test_a_removed_scheme_is_written_as_the_one_in_use() -> None:
    data, _ = through(to_invoice_response(replace(CLINIC, receiver="9908:310000086"), "AP"))
    assert b"9908" not in data


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: to_mls(SPIS, "RE", "why", ()), "names a failure"),
        (lambda: to_mls(SPIS, "AP", "", (WRONG,)), "names a failure"),
        (lambda: to_mls(SPIS, "RE", "", (WRONG,)), "says why"),
        (lambda: to_mls(SPIS, "AB", "", (Issue(reason="BW", text=""),)), "says what is wrong"),
        (lambda: to_mls(SPIS, "PD"), "none of a message response"),
        (lambda: to_mls(replace(SPIS, sender="0192:310000086"), "AP"), "no service provider"),
        (lambda: to_mls(replace(SPIS, receiver="0242:12"), "AP"), "no service provider"),
        (lambda: to_mlr(replace(SPIS, at=datetime(2026, 4, 16)), "AP"), "no zone"),  # noqa: DTZ001 -- the point
        (lambda: to_invoice_response(CLINIC, "XX"), "none of an Invoice Response"),
        (lambda: to_invoice_response(CLINIC, "UQ"), "needs a reason"),
        (
            lambda: to_invoice_response(CLINIC, "RE", (Code(list="OPStatusAction", code="NIN"),)),
            "needs a reason",
        ),
        (
            lambda: to_invoice_response(CLINIC, "PD", (Code(list="OPStatusReason", code="PPD"),)),
            "amount in words",
        ),
    ],
)
def test_what_the_receiver_would_refuse_is_not_written(make: Any, why: str) -> None:
    with pytest.raises(MappingError, match=why) as refused:
        make()
    assert refused.value.where.startswith("response to")


INVOICE = Document(customization_id=BILLING, profile_id=BILLING_PROFILE, number="1", issue_date=date(2026, 4, 15))
KINDS = {
    "invoice": (write(INVOICE), "Invoice", BILLING, BILLING_PROFILE),
    "credit note": (write(replace(INVOICE, credit=True)), "CreditNote", BILLING, BILLING_PROFILE),
    "no profile": (write(replace(INVOICE, profile_id="")), "Invoice", BILLING, BILLING_PROFILE),
    "own process": (
        write(replace(INVOICE, profile_id="urn:peppol:bis:billing_with_response")),
        "Invoice",
        BILLING,
        "urn:peppol:bis:billing_with_response",
    ),
    "invoice response": (
        response.write(to_invoice_response(CLINIC, "AP")),
        "ApplicationResponse",
        "urn:fdc:peppol.eu:poacc:trns:invoice_response:3",
        "urn:fdc:peppol.eu:poacc:bis:invoice_response:3",
    ),
    "mlr": (
        response.write(to_mlr(CLINIC, "AP")),
        "ApplicationResponse",
        "urn:fdc:peppol.eu:poacc:trns:mlr:3",
        "urn:fdc:peppol.eu:poacc:bis:mlr:3",
    ),
    "mls": (
        response.write(to_mls(SPIS, "AP")),
        "ApplicationResponse",
        "urn:peppol:edec:mls:1.0",
        "urn:peppol:edec:mls",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_document_gets_its_envelope(kind: str) -> None:
    payload, root, customization, process = KINDS[kind]
    header = sbdh.header_of(
        payload,
        sender="9908:310000086",
        receiver="0192:310000914",
        instance_id="i-1",
        created=datetime(2026, 4, 15, tzinfo=UTC),
        country_c1="NO",
    )
    assert header.document_id == f"urn:oasis:names:specification:ubl:schema:xsd:{root}-2::{root}##{customization}::2.1"
    assert header.document_id == document_type_id(root, customization)
    assert (header.process_id, header.sender, header.receiver) == (process, "0192:310000086", "0192:310000914")
    read, inside = sbdh.read(sbdh.write(header, payload))
    assert read == header
    assert parse(inside).tag == parse(payload).tag


OTHER = (
    b'<x xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
    b"<cbc:CustomizationID>a</cbc:CustomizationID><cbc:ProfileID>b</cbc:ProfileID></x>"
)


@pytest.mark.parametrize(
    ("payload", "parties", "why"),
    [
        (write(replace(INVOICE, customization_id="")), ("0192:1", "0192:2"), "no document type"),
        (write(replace(INVOICE, customization_id="x", profile_id="")), ("0192:1", "0192:2"), "no document type"),
        (OTHER, ("0192:1", "0192:2"), "no document type"),
        (write(INVOICE), ("310000086", "0192:2"), "no participant"),
        (write(INVOICE), ("0192:1", "NO:2"), "no participant"),
        (write(INVOICE), ("0192:", "0192:2"), "no participant"),
    ],
)
def test_what_no_envelope_can_be_made_for_is_said(payload: bytes, parties: tuple[str, str], why: str) -> None:
    facts: dict[str, Any] = {"instance_id": "i", "created": datetime(2026, 4, 15, tzinfo=UTC), "country_c1": "NO"}
    with pytest.raises(MappingError, match=why):
        sbdh.header_of(payload, sender=parties[0], receiver=parties[1], **facts)


def test_official_responses_are_read_whole_and_written_again(shared: Path) -> None:
    found = 0
    for path in sorted((shared / "data" / "einvoice-suite" / "docs").rglob("*.xml")):
        data = path.read_bytes()
        if b"ApplicationResponse-2" not in data[:2000]:
            continue
        message = response.read(data)
        assert message.unread == (), path.name
        assert response.read(response.write(message)) == message
        found += 1
    assert found >= 11
