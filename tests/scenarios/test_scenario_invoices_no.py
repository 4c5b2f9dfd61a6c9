"""A clinic's treatment log becomes EHF invoices, and what comes back to them (S25-S30)."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from zlib import crc32

import pytest
from lxml import etree

from hub.model.finding import blocking
from hub.model.partner import Agreement
from hub.paths import examples
from hub.pipeline import master_data
from hub.sandbox.access_point import AccessPointSandbox
from hub.sandbox.example import VALID_FROM
from hub.sandbox.mail import MailSandbox
from hub.store import declarations, exchanges, inbounds, parties, schema, tasks
from hub.store.unit import Row
from schemas import peppol
from tests.scenarios.world import CLINIC, NO, SPRING_2026, World, no_log, rows_of

INSURERS = ("forsikring-nord-test", "helseforsikring-sor-test", "trygg-testforsikring", "fjord-helse-test")
NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def log_rows() -> list[dict[str, str]]:
    """The treatment log's rows."""
    return list(csv.DictReader(no_log().decode().splitlines(), delimiter=";"))


def sent(world: World) -> list[bytes]:
    """Every invoice that lies at an insurer."""
    return [data for insurer in INSURERS for data in world.sent(insurer)]


def invoiced(world: World, *lines: int) -> None:
    """Some rows of the log (all without any) are invoiced and sent."""
    world.at(SPRING_2026)
    world.log_in(rows_of(no_log(), *lines) if lines else no_log())
    world.submit(NO)


def told(world: World) -> list[Row]:
    """Everything the hub told somebody."""
    with world.reading(NO) as unit:
        return tasks.notifications(unit)


@pytest.mark.scenario("S25")
def test_every_row_of_the_log_gets_its_expected_outcome(world: World) -> None:
    world.at(SPRING_2026)
    wanted = list(csv.DictReader(no_log("no_treatment_log_expected.csv").decode().splitlines(), delimiter=";"))
    receipt = world.log_in(no_log())
    assert [(one.row_id, one.outcome, one.code) for one in receipt.outcomes] == [
        (row["row_id"], row["outcome"], row["code"]) for row in wanted
    ]
    assert Counter(one.outcome for one in receipt.outcomes) == {"invoice": 10, "reject": 10}
    assert all(one.said("nb") for one in receipt.outcomes if one.code)
    with world.reading(NO) as unit:
        stored = declarations.rows_of(unit, receipt.declaration_id)
    assert [(row["row_id"], row["outcome"], row["code"]) for row in stored] == [
        (row["row_id"], row["outcome"], row["code"]) for row in wanted
    ]


@pytest.mark.scenario("S25")
def test_five_invoices_one_per_case_each_valid_and_with_what_the_insurer_wants(world: World) -> None:
    invoiced(world)
    files = sent(world)
    assert len(files) == 5
    invoices: dict[str, list[tuple[str, str]]] = {}
    for data in files:
        result = peppol.inspect(data, date(2026, 4, 15))
        assert {"customization", "xsd", "rules"} <= set(result.gates_run)
        assert blocking(result.findings) == []
        root = etree.fromstring(data)
        (case,) = root.xpath("cac:OrderReference/cbc:ID/text()", namespaces=NAMES)
        invoices[case] = list(zip(_property(root, "TreatmentId"), _property(root, "TreatmentDateTime"), strict=True))
        lines = root.xpath("cac:InvoiceLine", namespaces=NAMES)
        assert len(lines) == len(invoices[case])
    expected = {row["row_id"]: row["outcome"] for row in _expected()}
    wanted: dict[str, list[tuple[str, str]]] = {}
    for row in log_rows():
        if expected[row["row_id"]] == "invoice":
            wanted.setdefault(row["sak_id"], []).append((row["treatment_code"], row["start"]))
    assert invoices == wanted
    numbers = sorted(view.invoice_number for view in world.claims(NO).values())
    assert numbers == [str(number) for number in range(10001, 10006)], "gap-free"


def _expected() -> list[dict[str, str]]:
    return list(csv.DictReader(no_log("no_treatment_log_expected.csv").decode().splitlines(), delimiter=";"))


def _property(root: etree._Element, name: str) -> list[str]:
    path = f".//cac:AdditionalItemProperty[cbc:Name='{name}']/cbc:Value/text()"
    return [str(value) for value in root.xpath(path, namespaces=NAMES)]


@pytest.mark.scenario("S26")
def test_no_identity_of_a_patient_leaves_and_no_diagnosis_unasked(world: World) -> None:
    invoiced(world)
    texts = [data.decode() for data in sent(world)]
    assert len(texts) == 5
    rows = log_rows()
    for text in texts:
        for row in rows:
            assert row["patient_fnr"] not in text
            assert row["patient_fnr"][:6] not in text
            assert f">{row['patient_initials']}<" not in text
            assert row["patient_birth_date"] not in text
        assert "L92" not in text
        assert "Diagnose" not in text


@pytest.mark.scenario("S26")
def test_a_diagnosis_goes_to_the_one_recipient_that_asks_for_it(make_world: Callable[..., World]) -> None:
    shipped = (examples() / "partners" / "forsikring-nord-test" / "partner.yaml").read_text(encoding="utf-8")
    asking = shipped.replace("asks_diagnosis: false", "asks_diagnosis: true")
    assert asking != shipped
    codes = (examples() / "partners" / "forsikring-nord-test" / "codes.csv").read_text(encoding="utf-8")
    folder = "forsikring-nord-test"
    world = make_world(partners={f"{folder}/partner.yaml": asking, f"{folder}/codes.csv": codes})
    invoiced(world)
    assert b"L92" in b"".join(world.sent("forsikring-nord-test"))
    others = b"".join(data for insurer in INSURERS[1:] for data in world.sent(insurer))
    assert others
    assert b"L92" not in others


ASSIGNMENT_2024 = (
    "sak_id;insurer_orgnr;insurer_name;patient_ref;birth_date;valid_from;valid_to;treatment_quota;coverage_nok;"
    "deductible_nok;allowed_codes\n"
    "6TST9;310000914;Forsikring Nord TEST;P-0109;1979-04-12;2024-01-01;2024-12-31;6;6000.00;0.00;B1010 B1020\n"
)


def _easter(world: World) -> None:
    """An invoice of a case of 2024, sent on the Wednesday before Easter."""
    world.at(datetime(2024, 3, 27, 9, tzinfo=UTC))
    terms = master_data.Terms(valid_from=date.min, source="test")
    with world.unit(NO) as unit:
        listing = master_data.read("assignments", ASSIGNMENT_2024.encode(), "a.csv", terms)
        master_data.apply(unit, master_data.plan(unit, "assignments", listing.rows))
    row = "T101;310000086;6TST9;310000914;P-0109;VB;1979-04-12;12847948459;B1020;Oppfolging;2024-03-20 09:00:00;"
    row += "00:30:00;640.00;E;0;9999901;Ola Testnord;Fysioterapi;\n"
    receipt = world.log_in(no_log().splitlines()[0] + b"\n" + row.encode())
    assert receipt.counts()["claims"] == 1, [one.code for one in receipt.outcomes]
    world.submit(NO)
    assert world.case("6TST9").transport == "sent", world.tasks(NO)


@pytest.mark.scenario("S27")
def test_silence_counts_only_after_two_working_days_and_a_late_rejection_reopens_it(world: World) -> None:
    _easter(world)
    mailbox = _mailbox(world)
    for early in (datetime(2024, 3, 29, 22, tzinfo=UTC), datetime(2024, 4, 3, 21, 59, tzinfo=UTC)):
        world.at(early)
        assert world.settle(NO).presumed == []
        assert world.case("6TST9").decision == "open"
    world.at(datetime(2024, 4, 3, 22, 1, tzinfo=UTC))  # 00:01 on Thursday in Oslo
    ref = world.case("6TST9").ref
    assert world.settle(NO).presumed == [ref]
    assert world.settle(NO).presumed == []
    view = world.case("6TST9")
    assert (view.decision, view.money.open.minor, view.money.granted.minor) == ("presumed_ok", 64000, 0)

    world.at(datetime(2024, 4, 10, 10, tzinfo=UTC))
    mail = _mail("noreply@digicare.no", invoice=view.invoice_number, reason="Avtalen er endret")
    mailbox.receive(mail, signed_by="digicare.no")
    mailbox.receive(mail, signed_by="digicare.no")
    world.collect(NO)
    view = world.case("6TST9")
    assert (view.decision, view.money.refused.minor, view.money.open.minor) == ("refused", 64000, 0)
    (note,) = told(world)
    assert note["recipient"] == "faktura@eksempelklinikken.example"
    world.collect(NO)
    world.settle(NO)
    assert len(told(world)) == 1
    assert world.case("6TST9").decision == "refused"


def _mailbox(world: World) -> MailSandbox:
    mailbox = MailSandbox(world.home / "mail")
    with world.unit(NO) as unit:
        parties.put_agreement(
            unit,
            Agreement(
                id="",
                tenant=NO,
                partner="mailbox",
                valid_from=VALID_FROM,
                channel="mailbox",
                settings=mailbox.settings,
            ),
        )
    return mailbox


def _mail(sender: str, *, invoice: str = "", reason: str = "", subject: str = "Avvist") -> bytes:
    """A rejection mail as a payer's system might write it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Oppgjør <{sender}>"
    mail["To"] = "faktura@eksempelklinikken.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{crc32(f'{sender} {invoice} {reason}'.encode())}@example>"
    lines = ["Hei, vi kan ikke godta denne.", f"Fakturanr {invoice}" if invoice else "Se portalen."]
    mail.set_content("\n".join([*lines, f"Årsak: {reason}", ""]))
    return mail.as_bytes()


@pytest.mark.scenario("S28")
def test_mails_of_both_senders_reject_the_right_invoice_and_the_clinic_hears_once(world: World) -> None:
    invoiced(world)
    mailbox = _mailbox(world)
    first, second = world.case("6TST1"), world.case("6TST4")
    for sender, view in (("noreply@digicare.no", first), ("noreply@oppgjorskontoret.no", second)):
        mailbox.receive(_mail(sender, invoice=view.invoice_number, reason="Mangler"), signed_by=sender.split("@")[1])
    done = world.collect(NO)

    assert [one.state for one in done] == [inbounds.PROCESSED] * 2
    decisions = {view.case_ref: view.decision for view in world.claims(NO).values()}
    assert decisions == {"6TST1": "refused", "6TST2": "open", "6TST3": "open", "6TST4": "refused", "6TST5": "open"}
    assert {row["claim_ref"] for row in world.tasks(NO, "rejection")} == {first.ref, second.ref}
    assert [row["recipient"] for row in told(world)] == ["faktura@eksempelklinikken.example"] * 2
    assert all("Mangler" in row["body"] for row in told(world))


@pytest.mark.scenario("S28")
def test_without_an_invoice_address_the_companys_own_is_told(world: World) -> None:
    invoiced(world)
    mailbox = _mailbox(world)
    with world.unit(NO) as unit:
        clinic = parties.organisation(unit, CLINIC)
        unit.update(schema.organisation, clinic.id, invoice_email="")
    mail = _mail("noreply@digicare.no", invoice=world.case("6TST1").invoice_number, reason="Mangler")
    mailbox.receive(mail, signed_by="digicare.no")
    world.collect(NO)
    assert [row["recipient"] for row in told(world)] == ["post@eksempelklinikken.example"]


@pytest.mark.scenario("S28")
def test_a_forged_mail_is_quarantined_and_one_without_number_is_for_a_person(world: World) -> None:
    invoiced(world)
    mailbox = _mailbox(world)
    number = world.case("6TST1").invoice_number
    mailbox.receive(_mail("noreply@digicare.no", invoice=number, reason="Forfalsket"), signed_by="evil.example")
    mailbox.receive(_mail("noreply@digicare.no", invoice=number, reason="Usignert"))
    mailbox.receive(_mail("noreply@digicare.no", reason="Uten nummer"), signed_by="digicare.no")
    mailbox.receive(_mail("noreply@digicare.no", invoice="99999", reason="Ukjent"), signed_by="digicare.no")
    done = world.collect(NO)

    assert Counter(one.state for one in done) == {inbounds.QUARANTINE: 2, inbounds.TRIAGE: 2}
    assert {view.decision for view in world.claims(NO).values()} == {"open"}
    assert len(world.tasks(NO, "quarantine")) == 2
    assert len(world.tasks(NO, "mail_triage")) == 1
    assert "99999" in world.tasks(NO, "unknown_answer")[0]["text"]["en"]
    assert told(world) == []


@pytest.mark.scenario("S29")
def test_a_receiver_not_in_the_directory_ends_in_a_task_and_no_endless_retry(world: World) -> None:
    with AccessPointSandbox(now=world.clock.now, directory=["0192:310001082"]) as access_point:
        with world.unit(NO) as unit:
            for insurer in INSURERS:
                settings = access_point.settings | {"sender": f"0192:{CLINIC}"}
                agreement = Agreement(id="", tenant=NO, partner=insurer, valid_from=VALID_FROM, settings=settings)
                parties.put_agreement(unit, agreement)
        invoiced(world)
        states = {view.case_ref: view.transport for view in world.claims(NO).values()}
        assert states == {
            "6TST1": "refused",
            "6TST2": "delivered",
            "6TST3": "refused",
            "6TST4": "refused",
            "6TST5": "refused",
        }
        waiting = world.tasks(NO, "refused_by_network")
        assert len(waiting) == 4
        assert all("not registered" in row["text"]["en"] for row in waiting)
        assert all("another way" in row["action"]["en"] for row in waiting), "another way to settle is offered"
        attempts = {row["id"]: row["attempts"] for row in world.exchanges(NO)}
        world.at(datetime(2026, 4, 18, 7, tzinfo=UTC))
        world.submit(NO)
        world.collect(NO)
        assert {row["id"]: row["attempts"] for row in world.exchanges(NO)} == attempts
        assert len(access_point.outbound) == 5
        assert len(world.tasks(NO, "refused_by_network")) == 4


RESPONSE = """<?xml version="1.0" encoding="UTF-8"?>
<ApplicationResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:invoice_response:3</cbc:CustomizationID>
 <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:invoice_response:3</cbc:ProfileID>
 <cbc:ID>{id}</cbc:ID><cbc:IssueDate>2026-04-16</cbc:IssueDate>
 <cac:SenderParty><cbc:EndpointID schemeID="0192">310000914</cbc:EndpointID>
  <cac:PartyLegalEntity><cbc:RegistrationName>Payer</cbc:RegistrationName></cac:PartyLegalEntity></cac:SenderParty>
 <cac:ReceiverParty><cbc:EndpointID schemeID="0192">310000086</cbc:EndpointID>
  <cac:PartyLegalEntity><cbc:RegistrationName>Clinic</cbc:RegistrationName></cac:PartyLegalEntity></cac:ReceiverParty>
 <cac:DocumentResponse>
  <cac:Response><cbc:ResponseCode listID="UNCL4343OpSubset">{code}</cbc:ResponseCode>
   <cac:Status><cbc:StatusReasonCode listID="OPStatusReason">{reason_code}</cbc:StatusReasonCode>
    <cbc:StatusReason>{reason}</cbc:StatusReason></cac:Status></cac:Response>
  <cac:DocumentReference><cbc:ID>{number}</cbc:ID><cbc:DocumentTypeCode>380</cbc:DocumentTypeCode></cac:DocumentReference>
 </cac:DocumentResponse>
</ApplicationResponse>
"""


def response(number: str, code: str, *, id_: str = "IR-1", reason: str = "Dekningen er brukt opp") -> bytes:
    """An Invoice Response as a payer's system might write it."""
    return RESPONSE.format(id=id_, code=code, number=number, reason=reason, reason_code="OTH").encode()


def test_an_invoice_response_decides_once_and_a_mail_about_it_is_the_same_case(world: World) -> None:
    invoiced(world)
    mailbox = _mailbox(world)
    view = world.case("6TST5")
    refused = response(view.invoice_number, "RE")
    first = world.answer(NO, refused, name="ir.xml")
    again = world.answer(NO, refused, name="ir-again.xml")
    mailbox.receive(
        _mail("noreply@digicare.no", invoice=view.invoice_number, reason="Dekningen er brukt opp"),
        signed_by="digicare.no",
    )
    mailed = world.collect(NO)

    assert [one.state for one in (*first, *again)] == [inbounds.PROCESSED, inbounds.DUPLICATE]
    assert [one.state for one in mailed] == [inbounds.DUPLICATE], "the mail says nothing new"
    now = world.case("6TST5")
    assert (now.decision, now.transport, now.money.refused.minor) == ("refused", "delivered", 89000)
    (task,) = world.tasks(NO, "rejection")
    assert (task["claim_ref"], task["amount_minor"]) == (view.ref, 89000)
    assert "UNCL4343:RE" in task["text"]["nb"]
    assert len(told(world)) == 1
    assert world.counts(NO)["decision"] == 1


def test_an_acceptance_grants_and_a_note_in_between_changes_nothing(world: World) -> None:
    invoiced(world)
    number = world.case("6TST1").invoice_number
    world.answer(NO, response(number, "AB", id_="IR-0"), name="ab.xml")
    assert world.case("6TST1").decision == "open"
    world.answer(NO, response(number, "AP"), name="ap.xml")
    view = world.case("6TST1")
    assert (view.decision, view.money.granted.minor, view.money.outstanding.minor) == ("granted", 217000, 217000)
    world.answer(NO, response("99999", "RE"), name="stranger.xml")
    assert "99999" in world.tasks(NO, "unknown_answer")[0]["text"]["nb"]


@pytest.mark.scenario("S30")
def test_a_message_level_refusal_stops_what_was_sent(world: World) -> None:
    invoiced(world)
    (row,) = [row for row in world.exchanges(NO) if row["invoice_number"] == world.case("6TST1").invoice_number]
    level = response(row["invoice_number"], "RE", reason="BR-13 is violated")
    level = level.replace(b"trns:invoice_response:3", b"trns:mlr:3").replace(b"bis:invoice_response:3", b"bis:mlr:3")
    (done,) = world.answer(NO, level, name="mlr.xml")
    assert done.state == inbounds.PROCESSED
    assert world.case("6TST1").transport == "refused"
    assert world.case("6TST1").decision == "open", "nobody judged the claim"
    (task,) = world.tasks(NO, "refused_by_network")
    assert "BR-13" in task["text"]["en"]
    with world.reading(NO) as unit:
        assert any(re.search("BR-13", entry["text"]) for entry in exchanges.history(unit, row["id"]))
