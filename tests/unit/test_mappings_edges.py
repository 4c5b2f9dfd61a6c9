"""What a mapping refuses, and what it makes of answers that say little."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.errors import MappingError
from hub.model.claim import Claim, ClaimLine
from hub.model.money import Money
from hub.model.partner import EhfProfile
from hub.model.party import Address, Party
from hub.model.reply import AckKind, Acknowledgement, Decision, Verdict
from mappings.ehf import from_ehf, to_ehf
from mappings.peppol_replies import from_application_response
from schemas.ubl import parties, read, write
from schemas.ubl.names import INVOICE_RESPONSE, MLR, MLS
from schemas.ubl.response import ApplicationResponse, DocumentResponse, Referenced, Response, Status
from schemas.ubl.response import write as write_response
from schemas.ubl.totals import totalled
from schemas.ubl.values import Identifier, ListedCode

PLACE = Address(street="Testveien 1", city="Oslo", postal_code="0150", country="NO")
CLINIC = Party(scheme="0192", id="310000086", name="Klinikk", address=PLACE, account="86011117947")
PAYER = Party(scheme="0192", id="310000914", name="Forsikring", address=PLACE)
LINE = ClaimLine(
    id="l1",
    number=3,
    ref="10001-1",
    service_code="B1010",
    service_text="Konsultasjon",
    begins=date(2026, 1, 6),
    unit_price=Money(89000, "NOK"),
    amount=Money(89000, "NOK"),
)
CLAIM = Claim(
    id="c1",
    tenant="t",
    country="NO",
    ref="10001",
    programme="treatment_assignment",
    payer="nord",
    payer_code="310000914",
    provider=CLINIC,
    claimant=CLINIC,
    submitter=CLINIC,
    currency="NOK",
    issue_date=date(2026, 4, 15),
    references={"sak_id": "6TST1"},
    lines=(LINE,),
)
PROFILE = EhfProfile()


def less(minor: int) -> Claim:
    """The claim with an allowance on its line."""
    line = replace(LINE, allowance=Money(minor, "NOK"), amount=LINE.unit_price - Money(minor, "NOK"))
    return replace(CLAIM, lines=(line,))


# --- claims to EHF


@pytest.mark.parametrize(
    ("claim", "payer", "why", "where"),
    [
        (replace(CLAIM, lines=()), PAYER, "has no lines", "claim 10001"),
        (replace(CLAIM, issue_date=None), PAYER, "has no issue date", "claim 10001"),
        (CLAIM, replace(PAYER, name=""), "organisation 310000914 has no name", "claim 10001"),
        (CLAIM, replace(PAYER, scheme="AGB"), "needs an organisation number", "claim 10001"),
        (less(-100), PAYER, "an allowance is a positive deduction", "claim 10001, line 3"),
    ],
    ids=["lines", "date", "name", "number", "allowance"],
)
def test_what_has_no_place_in_an_ehf_is_refused_with_claim_and_line(
    claim: Claim, payer: Party, why: str, where: str
) -> None:
    with pytest.raises(MappingError, match=why) as refused:
        to_ehf(claim, PROFILE, payer)
    assert refused.value.where == where


def test_an_allowance_of_nothing_is_no_allowance() -> None:
    (line,) = to_ehf(less(0), PROFILE, PAYER).lines
    assert (line.allowances, line.net) == ((), to_ehf(CLAIM, PROFILE, PAYER).lines[0].net)
    (line,) = to_ehf(less(50000), PROFILE, PAYER).lines
    assert [(entry.reason, entry.amount and entry.amount.value) for entry in line.allowances] == [
        ("Egenandel", Decimal("500.00"))
    ]


def test_a_document_without_payment_terms_gets_fourteen_days_and_the_claims_own_number() -> None:
    document = to_ehf(CLAIM, PROFILE, PAYER)
    assert (document.number, document.due_date) == ("10001", date(2026, 4, 29))
    assert to_ehf(replace(CLAIM, due_date=date(2026, 5, 15)), PROFILE, PAYER).due_date == date(2026, 5, 15)


# --- finished EHF


def test_a_finished_invoice_without_an_amount_to_pay_is_refused() -> None:
    document = to_ehf(CLAIM, PROFILE, PAYER)
    with pytest.raises(MappingError, match="no usable payable amount") as refused:
        from_ehf(replace(document, totals=replace(document.totals, payable=None)))
    assert refused.value.where == "invoice 10001"


def test_a_finished_invoice_of_little_is_read_as_far_as_it_goes() -> None:
    document = to_ehf(CLAIM, PROFILE, PAYER)
    bare = replace(document, payment_means=(), due_date=None, buyer=replace(document.buyer, address=None))
    found = from_ehf(totalled(bare, reasons={"E": "mval. § 3-2"}))
    assert (found.kid, found.account, found.due_date, found.credits) == ("", "", None, "")
    assert (found.seller.account, found.buyer.address) == ("", Address())
    assert found.payable == Money(89000, "NOK")


def test_what_was_written_of_a_claim_is_read_back_as_the_same_invoice() -> None:
    claim = replace(less(50000), kid="100016")
    found = from_ehf(read(write(to_ehf(claim, PROFILE, PAYER))))
    assert (found.number, found.sak_id, found.kid, found.account) == ("10001", "6TST1", "100016", "86011117947")
    assert (found.seller_orgnr, found.buyer_orgnr) == (CLINIC.id, PAYER.id)
    (line,) = found.lines
    assert (line.unit_price, line.allowance, line.net) == (Decimal("890.00"), Money(50000, "NOK"), claim.total)


# --- Peppol answers


def answer(
    transaction: str, response: Response, *, issued: date | None = date(2026, 4, 17)
) -> Acknowledgement | Decision:
    said = DocumentResponse(response=response, references=(Referenced(id=Identifier("10001")),))
    message = ApplicationResponse(
        customization_id=transaction,
        id="R-1",
        issue_date=issued,
        sender=parties.Party(endpoint=Identifier("310000914", "0192")),
        receiver=parties.Party(endpoint=Identifier("310000086", "0192")),
        responses=(said,),
    )
    (found,) = from_application_response(write_response(message))
    return found


@pytest.mark.parametrize("transaction", [INVOICE_RESPONSE, MLR, MLS])
def test_an_answer_without_a_status_decides_nothing_but_keeps_its_words(transaction: str) -> None:
    found = answer(transaction, Response(descriptions=("vi ser på saken",)))
    assert isinstance(found, Acknowledgement)
    assert (found.kind, found.codes, found.text) == (AckKind.IN_PROCESS, (), "vi ser på saken")
    assert "status" not in found.raw


def test_a_reason_in_words_alone_is_text_and_no_code() -> None:
    statuses = (Status(reason="SakID ukjent"), Status(reason_code=ListedCode("REF", "OPStatusReason")))
    found = answer(INVOICE_RESPONSE, Response(code=ListedCode("RE"), statuses=statuses))
    assert isinstance(found, Decision)
    assert found.verdict is Verdict.REFUSED
    assert [str(code) for code in found.codes] == ["UNCL4343:RE", "OPStatusReason:REF"]
    assert found.text == "SakID ukjent"


def test_an_answer_without_a_date_has_no_moment() -> None:
    found = answer(MLS, Response(code=ListedCode("AP")), issued=None)
    assert isinstance(found, Acknowledgement)
    assert (found.at, found.kind, "issued" in found.raw) == (None, AckKind.ACCEPTED, False)
    # an MLR may name the document itself, an MLS never does
    assert (found.message_id, found.invoice_number) == ("10001", "")
    named = answer(MLR, Response(code=ListedCode("AP")))
    assert isinstance(named, Acknowledgement)
    assert (named.message_id, named.invoice_number) == ("10001", "10001")
