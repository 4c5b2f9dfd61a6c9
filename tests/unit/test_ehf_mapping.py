"""Norwegian claims become EHF: the treatment log's invoices, sellers with and without MVA, credits, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from hub.errors import ConfigurationError, MappingError
from hub.intake.lists import by_sak_id, take_assignments, take_treatment_log
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.finding import Severity
from hub.model.identity import make_kid
from hub.model.money import Money, money
from hub.model.partner import EhfProfile
from hub.model.party import Address, Party
from hub.model.person import Person
from hub.programmes.treatment_claims import claims
from hub.programmes.treatments import TreatmentContext, assess
from hub.programmes.vat import shipped_vat_rules
from mappings.ehf import to_ehf
from schemas.peppol import check
from schemas.ubl import Document, read, write

NO = Path(__file__).resolve().parents[2] / "examples" / "no"
LOG_FILE = (NO / "no_treatment_log.csv").read_bytes()
ASSIGNMENT_FILE = (NO / "no_assignments.csv").read_bytes()
PROFILE = EhfProfile(
    line_properties={
        "treatment_code": "TreatmentId",
        "treatment_datetime": "TreatmentDateTime",
        "duration": "TreatmentDuration",
        "therapist_hpr": "TherapistHpr",
        "therapist_name": "TherapistName",
        "profession": "Profession",
        "diagnosis": "Diagnose",
        "patient_ref": "PatientId",
    },
    required=("sak_id", "treatment_code", "treatment_datetime"),
)
PLACE = Address(street="Testveien 1", city="Oslo", postal_code="0150", country="NO")
CLINIC = Party(
    scheme="0192",
    id="310000086",
    name="Klinikk Eksempel (EXAMPLE)",
    address=PLACE,
    account="86011117947",
    foretaksregisteret=True,
    legal_form="AS",
)
PAYER = Party(scheme="0192", id="310000914", name="Forsikring Nord TEST", address=PLACE)
PATIENT = Person(birth_date=date(1979, 4, 12), fnr="12847948459", name="Bakken", initials="V")


def nok(text: str) -> Money:
    return money(text, "NOK")


def treatment(number: int = 1, *, price: str = "890.00", allowance: str = "", **changes: object) -> ClaimLine:
    taken = nok(allowance) if allowance else None
    base = ClaimLine(
        id=f"l{number}",
        number=number,
        ref=f"10001-{number}",
        service_code="B1010",
        service_text="Forste konsultasjon",
        begins=datetime(2026, 1, 6, 9, 0),  # noqa: DTZ001 -- treatment times are local, without a zone
        unit_price=nok(price),
        allowance=taken,
        allowance_reason="Egenandel" if taken else "",
        amount=nok(price) - (taken or nok("0")),
        performer="9999901",
        performer_name="Ola Testnord",
        profession="Fysioterapi",
        extra={"duration": "00:45:00", "diagnosis": "L92", "patient_ref": "P-0101"},
    )
    return replace(base, **changes)


def claim(*lines: ClaimLine, seller: Party = CLINIC, **changes: object) -> Claim:
    base = Claim(
        id="c1",
        tenant="t",
        country="NO",
        ref="10001",
        invoice_number="10001",
        programme="treatment_assignment",
        payer="forsikring-nord-test",
        payer_code="310000914",
        provider=seller,
        claimant=seller,
        submitter=seller,
        person=PATIENT,
        currency="NOK",
        issue_date=date(2026, 4, 15),
        kid=make_kid("10001", length=10),
        references={"sak_id": "6TST1"},
        lines=lines or (treatment(),),
    )
    return replace(base, **changes)


def codes(document: Document) -> set[str]:
    return {one.code for one in check(write(document))}


def value(text: str) -> Decimal:
    return Decimal(text)


# --- the treatment log (S25, S26) ---------------------------------------------------------------------------------


def log_claims() -> list[Claim]:
    rows = take_treatment_log(LOG_FILE).rows
    context = TreatmentContext(
        tenant="t",
        clinic=CLINIC,
        submitter=CLINIC,
        assignments=by_sak_id(take_assignments(ASSIGNMENT_FILE).rows),
        vat_rules=shipped_vat_rules(),
        payers={},
        today=date(2026, 4, 15),
        kid_length=10,
    )
    ids, numbers = count(1), count(10001)
    return claims(
        assess(rows, context), rows, context, new_id=lambda: str(next(ids)), next_number=lambda: str(next(numbers))
    )


def log_payer(one: Claim) -> Party:
    return Party(scheme="0192", id=one.payer_code, name=one.payer_name, address=PLACE)


def log_documents(profile: EhfProfile = PROFILE) -> list[tuple[Claim, Document]]:
    return [(one, to_ehf(one, profile, log_payer(one))) for one in log_claims()]


@pytest.mark.scenario("S25")
def test_the_log_becomes_five_valid_invoices_with_sak_id_code_and_time() -> None:
    found = log_documents()
    assert len(found) == 5
    assert sum(len(document.lines) for _, document in found) == 10
    for one, document in found:
        assert check(write(document)) == []
        assert document.order_reference == one.references["sak_id"]
        for ours, line in zip(one.lines, document.lines, strict=True):
            assert line.property("TreatmentId") == ours.service_code
            assert line.property("TreatmentDateTime") == f"{ours.begins:%Y-%m-%d %H:%M:%S}"
        assert document.totals.payable is not None
        assert document.totals.payable.value == one.total.decimal()


@pytest.mark.scenario("S25")
def test_the_deductible_of_the_log_is_a_line_allowance_with_its_reason() -> None:
    (document,) = (document for one, document in log_documents() if one.references["sak_id"] == "6TST2")
    (allowance,) = document.lines[0].allowances
    assert (allowance.reason, allowance.amount.value if allowance.amount else None) == ("Egenandel", value("500.00"))
    assert document.lines[0].net is not None
    assert document.lines[0].net.value == value("390.00")
    assert [len(line.allowances) for line in document.lines] == [1, 0, 0]


@pytest.mark.scenario("S26")
def test_no_identity_of_a_patient_and_no_diagnosis_leaves() -> None:
    for one, document in log_documents():
        text = write(document).decode()
        assert one.person.fnr
        assert one.person.fnr not in text
        assert str(one.person.birth_date) not in text
        assert "Diagnose" not in text
        assert "L92" not in text


@pytest.mark.scenario("S26")
def test_the_diagnosis_goes_only_where_the_profile_asks_for_it() -> None:
    asking = replace(PROFILE, asks_diagnosis=True)
    given = [line.property("Diagnose") for _, document in log_documents(asking) for line in document.lines]
    assert set(given) == {"L92", ""}  # one treatment has none, and none is invented


def test_the_golden_invoice(golden: Callable[[str, bytes], None]) -> None:
    first, second = treatment(1, allowance="500.00"), treatment(2, price="640.00", service_code="B1020")
    golden("ehf/invoice.xml", write(to_ehf(claim(first, second), PROFILE, PAYER)))


def test_the_golden_credit_note(golden: Callable[[str, bytes], None]) -> None:
    golden("ehf/creditnote.xml", write(to_ehf(credit(), PROFILE, PAYER)))


# --- sellers ------------------------------------------------------------------------------------------------------

AS_MVA = replace(CLINIC, vat_registered=True)
ENK = replace(CLINIC, name="Ola Testnord", foretaksregisteret=False, legal_form="ENK")
ENK_MVA = replace(ENK, vat_registered=True)


@pytest.mark.parametrize(
    ("seller", "registrations", "expected"),
    [
        (AS_MVA, [("NO310000086MVA", "VAT"), ("Foretaksregisteret", "TAX")], set()),
        (CLINIC, [("Foretaksregisteret", "TAX")], set()),
        (ENK_MVA, [("NO310000086MVA", "VAT")], {"NO-R-002"}),
        (ENK, [("310000086", "TAX")], {"NO-R-002"}),
    ],
    ids=["AS with MVA", "AS without MVA", "sole proprietor with MVA", "sole proprietor without MVA"],
)
def test_each_kind_of_seller_is_valid(seller: Party, registrations: list[tuple[str, str]], expected: set[str]) -> None:
    document = to_ehf(claim(seller=seller), PROFILE, PAYER)
    found = [(one.company_id.value, one.scheme) for one in document.seller.taxes if one.company_id]
    assert found == registrations
    findings = check(write(document))
    # a sole proprietor need not say Foretaksregisteret: the official rule only warns
    assert {one.code for one in findings} == expected
    assert all(one.severity is Severity.WARNING for one in findings)


def test_exempt_care_names_the_law_and_taxed_care_has_its_own_subtotal() -> None:
    lines = (treatment(1), treatment(2, price="450.00", vat_category="S", vat_rate="25"))
    document = to_ehf(claim(*lines, seller=AS_MVA), PROFILE, PAYER)
    exempt, taxed = document.tax_totals[0].subtotals
    assert exempt.category is not None
    assert "§ 3-2" in exempt.category.reason
    assert taxed.tax is not None
    assert taxed.tax.value == value("112.50")
    assert codes(document) == set()


def test_tax_without_a_registration_is_refused() -> None:
    with pytest.raises(MappingError, match="not registered for VAT") as caught:
        to_ehf(claim(treatment(1, vat_category="S", vat_rate="25")), PROFILE, PAYER)
    assert caught.value.where == "claim 10001, line 1"


@pytest.mark.parametrize(("category", "rate"), [("E", "25"), ("S", "0"), ("X", "0"), ("E", "25 %")])
def test_a_category_or_rate_that_makes_no_sense_is_refused(category: str, rate: str) -> None:
    with pytest.raises(MappingError):
        to_ehf(claim(treatment(1, vat_category=category, vat_rate=rate), seller=AS_MVA), PROFILE, PAYER)


# --- payment, dates, references -----------------------------------------------------------------------------------


def test_payment_by_kid_to_the_account_within_fourteen_days() -> None:
    document = to_ehf(claim(), PROFILE, PAYER)
    (means,) = document.payment_means
    assert means.code is not None
    assert (means.code.value, means.payment_id, means.account.value if means.account else "") == (
        "30",
        make_kid("10001", length=10),
        "86011117947",
    )
    assert document.due_date == date(2026, 4, 29)
    assert to_ehf(claim(due_date=date(2026, 5, 1)), PROFILE, PAYER).due_date == date(2026, 5, 1)


def test_parties_are_addressed_by_organisation_number_never_by_the_removed_scheme() -> None:
    old = replace(PAYER, scheme="9908")
    document = to_ehf(claim(), PROFILE, old)
    assert document.buyer.endpoint is not None
    assert (document.buyer.endpoint.value, document.buyer.endpoint.scheme) == ("310000914", "0192")
    with pytest.raises(MappingError, match="0192"):
        to_ehf(claim(), PROFILE, replace(PAYER, scheme="UZOVI"))


def test_without_account_or_issue_date_there_is_no_invoice() -> None:
    with pytest.raises(MappingError, match="account"):
        to_ehf(claim(seller=replace(CLINIC, account="")), PROFILE, PAYER)
    with pytest.raises(MappingError, match="issue date"):
        to_ehf(claim(issue_date=None), PROFILE, PAYER)


def test_a_payer_that_reads_the_buyer_reference() -> None:
    profile = replace(PROFILE, order_reference="order_ref", buyer_reference="case_number", required=("case_number",))
    document = to_ehf(claim(references={"case_number": "2026/17"}), profile, PAYER)
    assert (document.buyer_reference, document.order_reference) == ("2026/17", "")
    assert codes(document) == set()


# --- what the recipient requires ----------------------------------------------------------------------------------


def test_a_missing_sak_id_names_claim_and_field() -> None:
    with pytest.raises(MappingError, match="sak_id") as caught:
        to_ehf(claim(references={}), PROFILE, PAYER)
    assert caught.value.where == "claim 10001"


def test_a_missing_line_field_names_claim_line_and_field() -> None:
    untimed = treatment(2, begins=date(2026, 1, 6))
    with pytest.raises(MappingError, match="treatment_datetime") as caught:
        to_ehf(claim(treatment(1), untimed), PROFILE, PAYER)
    assert caught.value.where == "claim 10001, line 2"


def test_optional_fields_are_left_out_when_absent() -> None:
    bare = treatment(1, performer="", performer_name="", profession="", extra={})
    names = [one.name for one in to_ehf(claim(bare), PROFILE, PAYER).lines[0].item.properties]
    assert names == ["TreatmentId", "TreatmentDateTime"]


def test_a_sak_id_of_another_form_is_refused_where_the_profile_knows_the_form() -> None:
    with pytest.raises(MappingError, match="SakID"):
        to_ehf(claim(references={"sak_id": "??"}), replace(PROFILE, sak_id_pattern="[0-9A-Z]{3,30}"), PAYER)


def test_a_profile_that_contradicts_itself_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="diagnosis"):
        to_ehf(claim(), replace(PROFILE, required=("diagnosis",)), PAYER)


def test_times_are_local_norwegian_times() -> None:
    summer = treatment(1, begins=datetime(2026, 7, 1, 8, 0, tzinfo=UTC))
    assert to_ehf(claim(summer), PROFILE, PAYER).lines[0].property("TreatmentDateTime") == "2026-07-01 10:00:00"
    given = treatment(1, extra={"treatment_datetime": "2026-01-06T09:30:00"})
    assert to_ehf(claim(given), PROFILE, PAYER).lines[0].property("TreatmentDateTime") == "2026-01-06 09:30:00"
    with pytest.raises(MappingError, match="treatment_datetime"):
        to_ehf(claim(treatment(1, extra={"treatment_datetime": "31.02.2026 10:00"})), PROFILE, PAYER)


def test_a_duration_follows_from_begin_and_end() -> None:
    ends = datetime(2026, 1, 6, 10, 5)  # noqa: DTZ001 -- local, as the beginning
    timed = treatment(1, ends=ends, extra={})
    assert to_ehf(claim(timed), PROFILE, PAYER).lines[0].property("TreatmentDuration") == "01:05:00"


# --- privacy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        treatment(1, service_text="Konsultasjon for 12847948459"),
        treatment(1, service_text="Konsultasjon 128479 48459"),
        treatment(1, service_text="Konsultasjon V. Bakken"),
        treatment(1, extra={"patient_ref": "30909044568"}),
        treatment(1, allowance="10.00", allowance_reason="Egenandel bakken"),
    ],
    ids=["fnr", "fnr with blank", "name", "another fnr as patient number", "name in a reason"],
)
def test_a_patients_identity_in_any_text_is_refused_without_repeating_it(line: ClaimLine) -> None:
    with pytest.raises(MappingError, match="identity") as caught:
        to_ehf(claim(line), PROFILE, PAYER)
    assert not any(secret in str(caught.value) for secret in ("48459", "30909044568", "akken"))


def test_a_therapist_who_shares_the_patients_name_is_no_leak() -> None:
    document = to_ehf(claim(treatment(1, performer_name="Kari Bakken")), PROFILE, PAYER)
    assert document.lines[0].property("TherapistName") == "Kari Bakken"


# --- credits ------------------------------------------------------------------------------------------------------


def credit() -> Claim:
    debit = treatment(1, allowance="500.00")
    taken_back = replace(debit, amount=-debit.amount)
    return claim(taken_back, kind=ClaimKind.CREDIT, ref="10002", invoice_number="10002", corrects="10001")


@pytest.mark.scenario("S23")
def test_a_credit_is_a_credit_note_that_names_its_invoice_and_keeps_the_sak_id() -> None:
    document = to_ehf(credit(), PROFILE, PAYER)
    assert document.credit
    assert (document.type_code, document.preceding[0].id, document.order_reference) == ("381", "10001", "6TST1")
    assert document.totals.payable is not None
    assert document.totals.payable.value == value("390.00")
    assert codes(document) == set()
    assert read(write(document)) == document


def test_a_credit_that_names_no_invoice_is_refused() -> None:
    with pytest.raises(MappingError, match="credits"):
        to_ehf(replace(credit(), corrects=""), PROFILE, PAYER)


def test_an_amount_that_is_not_price_less_allowance_is_refused() -> None:
    with pytest.raises(MappingError, match=r"889\.00"):
        to_ehf(claim(treatment(1, amount=nok("889.00"))), PROFILE, PAYER)
