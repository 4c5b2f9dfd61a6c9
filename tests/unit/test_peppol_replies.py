"""Invoice Response, MLR and MLS become acknowledgements and decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.errors import FormatError
from hub.model.reply import AckKind, Acknowledgement, Decision, Verdict
from mappings.peppol_replies import from_application_response
from schemas.codelists import code_list
from schemas.ubl import xsd
from schemas.ubl.names import INVOICE_RESPONSE, MLR, MLS
from schemas.ubl.parties import Party
from schemas.ubl.response import (
    ApplicationResponse,
    Condition,
    DocumentResponse,
    LineResponse,
    Referenced,
    Response,
    ResponseKind,
    Status,
    read,
    write,
)
from schemas.ubl.values import Identifier, ListedCode
from schemas.xml import parse


def message(transaction: str, code: str, *statuses: Status, reference: str = "10001", **parts: object) -> bytes:
    values = {"descriptions": parts.pop("descriptions", ())}
    answer = DocumentResponse(
        response=Response(code=ListedCode(code) if code else None, statuses=statuses, **values),  # type: ignore[arg-type]
        references=(Referenced(id=Identifier(reference), type_code=ListedCode("380")),) if reference else (),
        lines=parts.pop("lines", ()),  # type: ignore[arg-type]
    )
    return write(
        ApplicationResponse(
            customization_id=transaction,
            profile_id="p",
            id="R-1",
            issue_date=date(2026, 4, 17),
            issue_time=str(parts.pop("issue_time", "")),
            sender=Party(endpoint=Identifier("310000914", "0192")),
            receiver=Party(endpoint=Identifier("310000086", "0192")),
            responses=(answer,),
        )
    )


def reason(list_name: str, code: str, text: str = "") -> Status:
    return Status(reason_code=ListedCode(code, list_name), reason=text)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AB", AckKind.ACCEPTED),
        ("IP", AckKind.IN_PROCESS),
        ("UQ", AckKind.IN_PROCESS),
        ("CA", AckKind.IN_PROCESS),
        ("PD", AckKind.ACCEPTED),
        ("??", AckKind.IN_PROCESS),
    ],
)
def test_an_invoice_response_that_decides_nothing_acknowledges(code: str, kind: AckKind) -> None:
    (reply,) = from_application_response(message(INVOICE_RESPONSE, code))
    assert isinstance(reply, Acknowledgement)
    assert (reply.kind, reply.invoice_number, reply.message_id) == (kind, "10001", "")
    assert [str(one) for one in reply.codes] == [f"UNCL4343:{code}"]


def test_accepted_is_granted_as_claimed() -> None:
    (reply,) = from_application_response(message(INVOICE_RESPONSE, "AP"))
    assert isinstance(reply, Decision)
    assert (reply.verdict, reply.invoice_number, reply.line_ref, reply.granted) == (Verdict.GRANTED, "10001", "", None)


def test_rejected_is_refused_with_reasons_actions_and_text() -> None:
    statuses = (
        reason("OPStatusReason", "REF", "SakID ukjent"),
        reason("OPStatusAction", "NIN"),
        reason("OPStatusReason", "ZZZ"),
    )
    (reply,) = from_application_response(message(INVOICE_RESPONSE, "RE", *statuses))
    assert isinstance(reply, Decision)
    assert reply.verdict is Verdict.REFUSED
    assert [str(one) for one in reply.codes] == [
        "UNCL4343:RE",
        "OPStatusReason:REF",
        "OPStatusAction:NIN",
        "OPStatusReason:ZZZ",
    ]
    assert reply.text == "SakID ukjent"
    assert reply.payer_ref == "R-1"


def test_conditions_keep_the_proposed_values() -> None:
    status = Status(
        reason_code=ListedCode("LEG", "OPStatusReason"),
        conditions=(Condition(attribute="BT-48", description="NO1MVA"),),
    )
    (reply,) = from_application_response(message(INVOICE_RESPONSE, "UQ", status))
    assert reply.raw["condition BT-48"] == "NO1MVA"
    assert reply.raw["status"] == "UQ"


@pytest.mark.scenario("S30")
@pytest.mark.parametrize("transaction", [MLS, MLR])
def test_a_negative_message_status_refuses_the_message_with_places(transaction: str) -> None:
    place = "/Invoice/cbc:ID"
    line = LineResponse(line=place, responses=(Response(descriptions=("BR-02",), statuses=(reason("", "BV"),)),))
    data = message(transaction, "RE", reference="uuid-1", lines=(line,), descriptions=("Avvist",))
    (reply,) = from_application_response(data)
    assert isinstance(reply, Acknowledgement)
    assert (reply.kind, reply.message_id) == (AckKind.REFUSED, "uuid-1")
    assert [(one.code, one.element, one.text) for one in reply.codes][1:] == [("BV", place, "BR-02")]
    assert reply.text == f"Avvist\n{place}: BR-02"


@pytest.mark.parametrize("code", ["AP", "AB"])
def test_a_positive_message_status_accepts_the_message(code: str) -> None:
    (reply,) = from_application_response(message(MLS, code))
    assert isinstance(reply, Acknowledgement)
    assert reply.kind is AckKind.ACCEPTED


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("12:00:00+02:00", datetime(2026, 4, 17, 10, 0, tzinfo=UTC)),
        ("12:00:00Z", datetime(2026, 4, 17, 12, 0, tzinfo=UTC)),
        ("", datetime(2026, 4, 17, tzinfo=UTC)),
        ("noon", datetime(2026, 4, 17, tzinfo=UTC)),
    ],
)
def test_the_moment_of_issue(clock: str, expected: datetime) -> None:
    (reply,) = from_application_response(message(MLS, "AP", issue_time=clock))
    assert isinstance(reply, Acknowledgement)
    assert reply.at == expected
    assert reply.raw["issued"] == f"2026-04-17 {clock}".strip()


def test_an_unknown_transaction_or_an_empty_response_is_for_a_person() -> None:
    with pytest.raises(FormatError, match="unknown response"):
        from_application_response(message("urn:other", "AP"))
    empty = write(ApplicationResponse(customization_id=MLS, id="1"))
    with pytest.raises(FormatError, match="no document"):
        from_application_response(empty)


def test_a_response_is_valid_ubl_and_reads_back_equal() -> None:
    data = message(INVOICE_RESPONSE, "RE", reason("OPStatusReason", "REF", "x"))
    assert xsd.violations(parse(data)) == []
    assert read(data).kind is ResponseKind.INVOICE_RESPONSE
    assert write(read(data)) == data
    broken = data.replace(b"<cbc:IssueDate>", b"<cbc:Foo/><cbc:IssueDate>")
    assert xsd.violations(parse(broken))[0].location == "/ApplicationResponse/cbc:Foo"


def test_white_space_around_a_time_is_valid() -> None:
    """libxml2 alone refuses it; the second opinion is right."""
    data = message(MLS, "AP", issue_time="12:00:00Z").replace(b">12:00:00Z<", b">  12:00:00Z  <")
    assert xsd.violations(parse(data)) == []


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("OPStatusReason", "NON REF LEG REC QUA DEL PRI QTY ITM PAY UNR FIN PPD OTH"),
        ("OPStatusAction", "NOA PIN NIN CNF CNP CNA OTH"),
        ("UNCL4343", "AB IP UQ CA RE AP PD"),
    ],
)
def test_the_code_lists_explain_every_code_in_three_languages(name: str, codes: str) -> None:
    found = code_list(name)
    assert found is not None
    assert set(found.entries) == set(codes.split())
    for entry in found.entries.values():
        assert entry.text.keys() == {"nl", "nb", "en"} == entry.hint.keys()
        assert entry.who_acts in ("support", "provider", "operator", "payer", "nobody")


@pytest.mark.shared
def test_official_examples_are_read(shared: Path) -> None:
    folder = shared / "data" / "einvoice-suite" / "docs"
    kinds = {
        path.stem: from_application_response(path.read_bytes())[0]
        for path in [*folder.glob("t111-usecases/*.xml"), *folder.glob("mls-1.0.1/*.xml")]
    }
    assert len(kinds) >= 10
    rejected = kinds["MessageLevelStatus_Example_RE3"]
    assert isinstance(rejected, Acknowledgement)
    assert (rejected.kind, [one.code for one in rejected.codes]) == (AckKind.REFUSED, ["RE", "BV", "BW"])
    conditional = kinds["T111-uc005-Invoice_is_conditionally_accepted"]
    assert isinstance(conditional, Acknowledgement)
    assert conditional.kind is AckKind.IN_PROCESS
