"""pain.002: what the bank says about payments we ordered, read back by our own end-to-end ids."""

from __future__ import annotations

import pytest

from hub.errors import FormatError
from schemas.banking import read
from schemas.banking.status import Level, PaymentStatus, read_status, recognise_status

GROUP, BLOCK, PAYMENT = Level.GROUP, Level.PAYMENT_INFORMATION, Level.TRANSACTION


def report(body: str, version: str = "10") -> bytes:
    name = f"urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"
    return (
        f'<?xml version="1.0"?><Document xmlns="{name}"><CstmrPmtStsRpt><GrpHdr><MsgId>S1</MsgId></GrpHdr>'
        f"{body}</CstmrPmtStsRpt></Document>"
    ).encode()


def group(status: str = "", more: str = "") -> str:
    said = f"<GrpSts>{status}</GrpSts>" if status else ""
    return f"<OrgnlGrpInfAndSts><OrgnlMsgId>PAY-1</OrgnlMsgId>{said}{more}</OrgnlGrpInfAndSts>"


def block(*payments: str, status: str = "", reason: str = "", name: str = "B1") -> str:
    said = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{said}{reason}{''.join(payments)}</OrgnlPmtInfAndSts>"
    )


def payment(end_to_end: str, status: str = "", reason: str = "") -> str:
    said = f"<TxSts>{status}</TxSts>" if status else ""
    return (
        f"<TxInfAndSts><OrgnlInstrId>I-{end_to_end}</OrgnlInstrId>"
        f"<OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId>{said}{reason}</TxInfAndSts>"
    )


def because(code: str, *texts: str, own: bool = False) -> str:
    kind = "Prtry" if own else "Cd"
    added = "".join(f"<AddtlInf>{text}</AddtlInf>" for text in texts)
    return f"<StsRsnInf><Rsn><{kind}>{code}</{kind}></Rsn>{added}</StsRsnInf>"


def said(data: bytes) -> list[tuple[str, str, str, Level]]:
    return [(one.end_to_end, one.status, one.reason, one.level) for one in read_status(data)]


@pytest.mark.parametrize("version", ["03", "09", "10", "14"])
@pytest.mark.parametrize("status", ["ACCP", "ACSP", "ACSC", "PDNG", "RJCT"])
def test_a_payment_says_its_own_status_in_every_version(version: str, status: str) -> None:
    assert said(report(group() + block(payment("E1", status)), version)) == [("E1", status, "", PAYMENT)]


def test_a_rejected_payment_says_why_and_where_it_stood() -> None:
    data = report(
        group("PART") + block(payment("E1", "ACSC"), payment("E2", "RJCT", because("AC01", "Unknown", "IBAN")))
    )
    whole, first, second = read_status(data)
    assert (whole.end_to_end, whole.status, whole.level, whole.message) == ("", "PART", GROUP, "PAY-1")
    assert (first.end_to_end, first.status, first.reason) == ("E1", "ACSC", "")
    assert second == PaymentStatus(
        end_to_end="E2",
        status="RJCT",
        reason="AC01",
        text="Unknown IBAN",
        level=PAYMENT,
        position="OrgnlPmtInfAndSts[1]/TxInfAndSts[2]",
        message="PAY-1",
        block="B1",
        instruction="I-E2",
    )


def test_the_status_of_the_whole_order_is_that_of_every_payment_that_says_nothing_else() -> None:
    data = report(group("RJCT", because("FF01")) + block(payment("E1")) + block(payment("E2", "ACSC"), name="B2"))
    assert said(data) == [("", "RJCT", "FF01", GROUP), ("E1", "RJCT", "FF01", GROUP), ("E2", "ACSC", "", PAYMENT)]


def test_the_status_of_a_block_is_nearer_than_that_of_the_order() -> None:
    refused = block(payment("E1"), payment("E2", "PDNG"), status="RJCT", reason=because("AM04"))
    data = report(group("PART") + refused + block(payment("E3"), name="B2"))
    assert said(data) == [
        ("", "PART", "", GROUP),
        ("", "RJCT", "AM04", BLOCK),
        ("E1", "RJCT", "AM04", BLOCK),
        ("E2", "PDNG", "", PAYMENT),
        ("E3", "PART", "", GROUP),
    ]


def test_an_order_accepted_as_a_whole_names_no_payment() -> None:
    assert said(report(group("ACTC"))) == [("", "ACTC", "", GROUP)]


def test_reasons_of_several_kinds_are_all_kept_and_explain_the_status_of_above() -> None:
    two = because("AC04") + because("X99", "own words", own=True)
    assert said(report(group("RJCT") + block(payment("E1", "", two))))[1] == ("E1", "RJCT", "AC04, X99", GROUP)


def test_a_payment_without_any_status_is_not_left_out() -> None:
    assert said(report(group() + block(payment("NOTPROVIDED")))) == [("", "", "", GROUP)]


def test_payments_right_under_the_group_and_a_report_without_a_group_are_read() -> None:
    assert said(report(group("", payment("E1", "ACSC")))) == [("E1", "ACSC", "", PAYMENT)]
    assert said(report(block(payment("E1", "ACSC")))) == [("E1", "ACSC", "", PAYMENT)]


def test_it_is_recognised_by_its_namespace_and_is_no_bank_file() -> None:
    assert recognise_status(report(group("ACTC")))
    assert recognise_status(b"\xef\xbb\xbf" + report(group("ACTC")))
    assert not recognise_status(b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>")
    assert not recognise_status(b":20:pain.002.001.03")
    with pytest.raises(FormatError):
        list(read(report(group("ACTC"))))


@pytest.mark.parametrize(
    "data",
    [b"", b"<Document", b"<Document/>", b'<!DOCTYPE x [<!ENTITY a "b">]><Document>&a;</Document>', report("")[:-9]],
)
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        list(read_status(data))
