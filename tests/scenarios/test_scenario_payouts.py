"""Money goes on to practices once, by two persons; accounts change by two persons and never by a message (S36, S37)."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy.exc import IntegrityError

from hub.errors import ConfigurationError
from hub.ledger.accounts import Account
from hub.ledger.shares import AgreedShare
from hub.model.money import Money
from hub.pipeline import credit, incidents, onboarding, own_accounts, payouts, shares, statements
from hub.pipeline.context import Actor
from hub.pipeline.finished import take_finished
from hub.sandbox.example import CARE_GROUP, MODULE, PAYER_ACCOUNTS
from hub.store import access, accounts, money, parties, pauses, schema, tasks
from hub.store import payouts as stored
from hub.store.unit import Row
from tests.scenarios.bank_bytes import GROUP_ACCOUNT, Paid, camt053
from tests.scenarios.vektis_bytes import Ha305, refs
from tests.scenarios.world import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, SPRING_2026, World, nl_list, no_log

ANNE, BOB = Actor(name="anne", role="operator"), Actor(name="bob", role="approver")
PAIN = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
NEW_ACCOUNT = "NL20INGB0001234567"
DAY = date(2024, 2, 6)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
def paid(world: World) -> World:
    """Menzis granted and paid five lines of the first practice: 5.25 is the practice's."""
    world.hand_in(nl_list())
    world.submit(NL)
    (batch,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    world.answer(NL, Ha305(sent=batch).bytes(), name="grant")
    (number,) = {world.claims(NL)[ref].invoice_number for ref in refs(batch).values()}
    world.at(datetime(2024, 2, 5, 8, tzinfo=UTC))
    one = Paid(amount="5.25", text=f"declaratie {number}", account=PAYER_ACCOUNTS["menzis"], booked="2024-02-05")
    world.bank(NL, "feb.xml", camt053(one, currency="EUR", message="FEB"))
    assert {row["matched"] for row in world.payments(NL)} == {"posted"}
    return world


def rows(world: World) -> list[Row]:
    with world.reading(NL) as unit:
        return stored.find(unit)


def propose(world: World) -> Row:
    (made,) = [one.payout for one in payouts.propose(world.hub, NL, ANNE) if one.payout]
    return made


def exported(world: World) -> payouts.Exported:
    number = propose(world)["number"]
    payouts.approve(world.hub, NL, [number], eur(525), BOB)
    (made,) = payouts.export(world.hub, NL, DAY, ANNE)
    return made


def standing(world: World) -> tuple[int, int]:
    """What may be paid to the practice now, and its balance."""
    with world.reading(NL) as unit:
        (one,) = payouts.proposals(unit, [PRACTICE])
    return one.amount.minor, one.position.balance.minor


def debit(amount: str, end_to_end: str, day: str, *, out: bool = True, account: str = NEW_ACCOUNT) -> bytes:
    """The bank's statement with a pay-out leaving, or coming back."""
    entry = (
        f'<Ntry><NtryRef>{day}-{out}</NtryRef><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{"DBIT" if out else "CRDT"}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><RltdPties>"
        f"<{'Cdtr' if out else 'Dbtr'}Acct><Id><IBAN>{account}</IBAN></Id></{'Cdtr' if out else 'Dbtr'}Acct></RltdPties>"
        "</TxDtls></NtryDtls></Ntry>"
    )
    minor = int(Decimal(amount) * 100)
    closing = 100_000 - minor if out else 100_000 + minor

    def balance(kind: str, minor: int) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="EUR">{minor // 100}.{minor % 100:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>'
        )

    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId>'
        f"<CreDtTm>{day}T23:00:00</CreDtTm></GrpHdr><Stmt><Id>S{day}{out}</Id><CreDtTm>{day}T23:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{GROUP_ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>{balance('OPBD', 100_000)}"
        f"{balance('CLBD', closing)}{entry}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def report(status: str, *, end_to_end: str = "", message: str = "X") -> bytes:
    """The bank's status report, of one transfer or of the whole message."""
    group = f"<GrpSts>{status}</GrpSts>" if not end_to_end else ""
    one = (
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>G</OrgnlPmtInfId><TxInfAndSts>"
        f"<OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>"
        if end_to_end
        else ""
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId>'
        f"</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"{group}</OrgnlGrpInfAndSts>{one}</CstmrPmtStsRpt></Document>"
    ).encode()


def test_a_payout_is_proposed_approved_by_another_person_and_handed_over_once(paid: World) -> None:
    row = propose(paid)
    assert (row["practice"], row["payee"], stored.amount(row), row["account"]) == (
        PRACTICE,
        CARE_GROUP,
        eur(525),
        "NL64TEST0000100001",
    )
    assert [part["settled_minor"] for part in row["basis"]["parts"]] == [525]
    assert [one.why for one in payouts.propose(paid.hub, NL, ANNE)] == ["waiting"], "running twice adds nothing"
    with pytest.raises(ConfigurationError, match="cannot approve"):
        payouts.approve(paid.hub, NL, [row["number"]], eur(525), ANNE)
    with pytest.raises(ConfigurationError, match=r"not 5.24 EUR"):
        payouts.approve(paid.hub, NL, [row["number"]], eur(524), BOB)
    (approved,) = payouts.approve(paid.hub, NL, [row["number"]], eur(525), BOB)
    assert (approved["state"], approved["decided_by"]) == ("approved", "bob")

    (made,) = payouts.export(paid.hub, NL, DAY, ANNE)
    assert payouts.export(paid.hub, NL, DAY, ANNE) == [], "nothing is handed over twice"
    root = etree.fromstring(made.content)
    assert root.findtext(".//p:CdtTrfTxInf/p:PmtId/p:EndToEndId", namespaces=PAIN) == row["end_to_end"]
    assert root.findtext(".//p:InstdAmt", namespaces=PAIN) == "5.25"
    assert root.findtext(".//p:CdtrAcct//p:IBAN", namespaces=PAIN) == "NL64TEST0000100001"
    assert root.findtext(".//p:DbtrAcct//p:IBAN", namespaces=PAIN) == GROUP_ACCOUNT
    assert standing(paid) == (0, 0)
    with paid.unit(NL) as unit:
        assert payouts.again(unit, 1, ANNE).content == made.content, "the same file, byte by byte"
    assert [one.why for one in payouts.propose(paid.hub, NL, ANNE)] == ["nothing"]
    with paid.reading(NL) as unit:
        log = [(event["actor"], event["action"], event["outcome"]) for event in access.events(unit)]
    assert ("anne", "approve", "refused") in log
    assert ("bob", "approve", "ok") in log


def test_the_database_itself_lets_nothing_wait_twice_and_nobody_approve_alone(paid: World) -> None:
    row = propose(paid)
    new = stored.NewPayout(
        practice=PRACTICE, payee=CARE_GROUP, amount=eur(1), name="x", account="x", until=row["until"], basis={}
    )
    with pytest.raises(IntegrityError), paid.unit(NL) as unit:
        stored.add(unit, new, "carl")
    with pytest.raises(IntegrityError), paid.unit(NL) as unit:
        stored.change(unit, row, stored.APPROVED, decided_by="anne")


def test_the_banks_booking_settles_a_payout_and_pays_no_claim(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    paid.bank(NL, "out.xml", debit("5.25", row["end_to_end"], "2024-02-07"))
    paid.bank(NL, "again.xml", debit("5.25", row["end_to_end"], "2024-02-07"))
    (now,) = rows(paid)
    assert now["state"] == "settled"
    assert sorted(each["matched"] for each in paid.payments(NL)) == ["payout", "posted"]
    assert paid.tasks(NL, "payment_review") == []
    assert standing(paid) == (0, 0)


@pytest.mark.parametrize("whole", [False, True])
def test_what_the_bank_refuses_is_to_be_paid_again(paid: World, *, whole: bool) -> None:
    made = exported(paid)
    (row,) = rows(paid)
    accepted = report("ACSP", end_to_end=row["end_to_end"])
    assert [one.state for one in paid.answer(NL, accepted, name="ok")] == ["duplicate"]
    refused = report("RJCT", message=made.row["message_id"]) if whole else report("RJCT", end_to_end=row["end_to_end"])
    assert [one.state for one in paid.answer(NL, refused, name="no")] == ["processed"]
    (now,) = rows(paid)
    assert now["state"] == "failed"
    assert standing(paid) == (525, 525)
    (task,) = paid.tasks(NL, "payout_failed")
    assert "5.25 EUR" in task["text"]["en"]

    second = propose(paid)
    assert second["end_to_end"] != row["end_to_end"]
    payouts.approve(paid.hub, NL, [second["number"]], eur(525), BOB)
    payouts.export(paid.hub, NL, DAY, ANNE)
    assert standing(paid) == (0, 0)
    assert paid.answer(NL, refused + b"\n", name="no again")[0].state == "duplicate", "old news changes nothing"
    assert [each["state"] for each in rows(paid)] == ["failed", "exported"]


def test_a_payout_that_comes_back_is_to_be_paid_again(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    paid.bank(NL, "out.xml", debit("5.25", row["end_to_end"], "2024-02-07"))
    paid.bank(NL, "back.xml", debit("5.25", row["end_to_end"], "2024-02-12", out=False))
    (now,) = rows(paid)
    assert (now["state"], standing(paid)) == ("failed", (525, 525))
    assert len(paid.tasks(NL, "payout_failed")) == 1


def test_what_does_not_fit_is_for_a_person_and_changes_nothing(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    paid.bank(NL, "other.xml", debit("5.26", row["end_to_end"], "2024-02-07"))
    assert rows(paid)[0]["state"] == "exported"
    assert len(paid.tasks(NL, "payout_contradicted")) == 1
    paid.bank(NL, "out.xml", debit("5.25", row["end_to_end"], "2024-02-08"))
    assert rows(paid)[0]["state"] == "settled"
    paid.answer(NL, report("RJCT", end_to_end=row["end_to_end"]), name="late no")
    assert rows(paid)[0]["state"] == "settled"
    assert len(paid.tasks(NL, "payout_contradicted")) == 2
    unknown = paid.answer(NL, report("RJCT", end_to_end="SALARY-1"), name="of another")
    assert [one.state for one in unknown] == ["triage"]


def test_a_change_after_proposing_voids_it(paid: World) -> None:
    first = propose(paid)
    with paid.unit(NL) as unit:
        own_accounts.ask(unit, PRACTICE, NEW_ACCOUNT, source="called them", actor=ANNE)
    (void,) = payouts.approve(paid.hub, NL, [first["number"]], eur(525), BOB)
    assert (void["state"], void["note"]) == ("void", "account_waits")
    assert [one.why for one in payouts.propose(paid.hub, NL, ANNE)] == ["account_waits"]
    with paid.unit(NL) as unit:
        own_accounts.decide(unit, PRACTICE, BOB, approve=True)

    second = propose(paid)
    assert second["account"] == NEW_ACCOUNT
    payouts.approve(paid.hub, NL, [second["number"]], eur(525), BOB)
    with paid.unit(NL) as unit:
        unit.update(schema.payout, second["id"], amount_minor=99_999)
    assert payouts.export(paid.hub, NL, DAY, ANNE) == []
    assert [(row["state"], row["note"]) for row in rows(paid)[1:]] == [("void", "tampered")]

    third = propose(paid)
    payouts.charge(paid.hub, NL, PRACTICE, eur(100), period="2024Q1", service="hours", actor=ANNE)
    (void,) = payouts.approve(paid.hub, NL, [third["number"]], eur(525), BOB)
    assert void["note"] == "amount_changed"
    assert standing(paid) == (425, 425)
    assert len(paid.tasks(NL, "payout_void")) == 3


def test_a_no_and_a_cancellation_leave_the_money_where_it_is(paid: World) -> None:
    first = propose(paid)
    payouts.reject(paid.hub, NL, first["number"], "not now", BOB)
    second = propose(paid)
    payouts.approve(paid.hub, NL, [second["number"]], eur(525), BOB)
    payouts.cancel(paid.hub, NL, second["number"], "practice stops", ANNE)
    assert [row["state"] for row in rows(paid)] == ["rejected", "cancelled"]
    assert standing(paid) == (525, 525)
    for act in (payouts.reject, payouts.cancel):
        with pytest.raises(ConfigurationError, match="pay-out 2 is cancelled"):
            act(paid.hub, NL, 2, "again", BOB)
        with pytest.raises(ConfigurationError, match="say why"):
            act(paid.hub, NL, 2, " ", BOB)


def test_shares_are_dated_and_costs_come_off(paid: World) -> None:
    half = AgreedShare(
        share=shares.share("percentage", percent="50"), valid_from=date(2024, 1, 1), practice=PRACTICE, module=MODULE
    )
    with paid.unit(NL) as unit:
        shares.put(unit, half, ANNE)
    assert payouts.charge(paid.hub, NL, PRACTICE, eur(63), period="2024Q1", service="base", actor=ANNE) == (
        eur(63),
        True,
    )
    assert payouts.charge(paid.hub, NL, PRACTICE, eur(63), period="2024Q1", service="base", actor=ANNE) == (
        eur(63),
        False,
    )
    assert standing(paid) == (200, 200)  # half of 5.25 is 2.63, rounded up
    payouts.charge(paid.hub, NL, PRACTICE, eur(300), period="2024Q1", service="base", actor=ANNE)
    assert standing(paid) == (0, -37), "a negative balance is carried, not paid"
    (made,) = statements.make(paid.hub, NL, "2024Q1", ANNE, practices=[PRACTICE])
    assert made.row["body"]["balance"] == {
        "opening": 0,
        "settled": 525,
        "of_other_periods": 0,
        "held": 0,
        "share": 263,
        "costs": 300,
        "paid_out": 0,
        "closing": -37,
    }
    with pytest.raises(ConfigurationError, match="is paid itself"):
        payouts.charge(paid.hub, NL, "94099901", eur(1), period="2024Q1", service="base", actor=ANNE)


@pytest.mark.scenario("S36")
def test_statements_are_versions_delivered_once_and_accounts_follow_one_another(paid: World) -> None:
    first = statements.make(paid.hub, NL, "2024Q1", ANNE)
    mine = {one.row["practice"]: one for one in first}
    assert set(mine) >= {PRACTICE, OTHER_PRACTICE}, "all affiliated practices, also those without money"
    assert mine[PRACTICE].row["language"] == "nl"
    assert not any(one.new for one in statements.make(paid.hub, NL, "2024Q1", ANNE)), "nothing changed, nothing new"
    delivered = statements.undelivered(paid.hub, NL, "2024Q1")
    assert {len(one.files) for one in delivered} == {3}
    assert [statements.delivered(paid.hub, NL, one.row, ANNE) for one in delivered] == [True] * len(delivered)
    assert not any(statements.delivered(paid.hub, NL, one.row, ANNE) for one in delivered)
    assert statements.undelivered(paid.hub, NL, "2024Q1") == []
    with paid.reading(NL) as unit:
        told = [row["recipient"] for row in tasks.notifications(unit) if row["key"].startswith("statement:")]
    assert "praktijk1@voorbeeldzorg.example" in told
    assert len(told) == len(set(told)) == len(delivered)

    exported(paid)
    paid.at(datetime(2024, 4, 3, 8, tzinfo=UTC))
    (made,) = statements.make(paid.hub, NL, "2024Q1", ANNE, practices=[PRACTICE])
    old, new = mine[PRACTICE].row, made.row
    assert (new["version"], made.new) == (2, True)
    assert (old["body"]["balance"]["closing"], new["body"]["balance"]["closing"]) == (525, 0)
    with paid.reading(NL) as unit:
        assert statements.one(unit, PRACTICE, "2024Q1", version=1)["body"] == old["body"], "the old one stays"
    assert [one.row["version"] for one in statements.undelivered(paid.hub, NL, "2024Q1")] == [2]

    (next_,) = statements.make(paid.hub, NL, "2024Q2", ANNE, practices=[PRACTICE])
    assert next_.row["body"]["balance"] == {}, "nothing is left and nothing moved"
    view = next(view for view in paid.claims(NL).values() if view.decision == "granted")
    paid.at(datetime(2024, 4, 4, 8, tzinfo=UTC))
    credit.credit(paid.hub, NL, view.ref)
    (third,) = statements.make(paid.hub, NL, "2024Q1", ANNE, practices=[PRACTICE])
    assert third.new, "the quarter's lines have changed"
    assert third.row["body"]["totals"]["claimed"] == new["body"]["totals"]["claimed"] - 105
    assert third.row["body"]["balance"] == new["body"]["balance"], "its account was closed when the next one began"


def test_no_statement_names_a_patient(paid: World) -> None:
    (made,) = statements.make(paid.hub, NL, "2024Q1", ANNE, practices=[PRACTICE])
    text = statements.written(statements.shown(paid.hub, NL, made.row), "csv").decode("utf-8-sig")
    bsns = set(re.findall(r"\b9999\d{5}\b", nl_list().decode()))
    assert len(bsns) > 10
    assert [bsn for bsn in bsns if bsn in text] == []
    assert "5,25" in text


@pytest.mark.scenario("S37")
def test_a_user_who_changes_an_account_needs_a_second_person(world: World) -> None:
    with world.unit(NL) as unit:
        own_accounts.ask(unit, PRACTICE, NEW_ACCOUNT, source="called the practice", actor=ANNE)
        _, new = own_accounts.ask(unit, PRACTICE, NEW_ACCOUNT, source="again", actor=ANNE)
        assert not new
    with world.reading(NL) as unit:
        assert parties.organisation(unit, PRACTICE).party.account == "NL64TEST0000100001", "it waits"
    (task,) = world.tasks(NL, "account_waits")
    assert NEW_ACCOUNT not in str(task)
    with pytest.raises(ConfigurationError, match="second person"), world.unit(NL) as unit:
        own_accounts.decide(unit, PRACTICE, ANNE, approve=True)
    with world.unit(NL) as unit:
        own_accounts.decide(unit, PRACTICE, BOB, approve=True)
    with world.reading(NL) as unit:
        assert parties.organisation(unit, PRACTICE).party.account == NEW_ACCOUNT
        assert accounts.former(unit) == {"NL64TEST0000100001": PRACTICE}
    assert world.tasks(NL, "account_waits") == []


@pytest.mark.scenario("S37")
def test_a_list_of_ours_changes_no_account_either(world: World) -> None:
    from hub.intake.party_lists import read_organisations

    listing = read_organisations(
        f"kind;code;name;parent;account\ncare_group;{CARE_GROUP};Zorggroep Nergenshuizen (EXAMPLE);;{NEW_ACCOUNT}\n".encode(),
        "NL",
        "list.csv",
    )
    with world.unit(NL) as unit:
        done = onboarding.put_organisations(unit, listing.rows, "NL", ANNE)
    assert [one.code for one in done.findings] == ["LIST_ACCOUNT_CHANGES"]
    assert [one.fields for one in done.changes] == [()]
    with world.reading(NL) as unit:
        assert parties.organisation(unit, CARE_GROUP).party.account == GROUP_ACCOUNT
        assert [row["account"] for row in accounts.find(unit)] == [NEW_ACCOUNT]


@pytest.mark.scenario("S37")
def test_an_account_in_a_mail_changes_nothing_and_is_a_task(world: World) -> None:
    world.at(SPRING_2026)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"] = "regnskap@eksempelklinikken.example", "Nytt kontonummer"
    mail.set_content("Hei\nVi har fått ny konto: 9999.07.01012\nTidligere: 9999.01.01015\nHilsen\n")
    world.answer(NO, mail.as_bytes(), name="mail", kind="mail")
    (task,) = world.tasks(NO, "account_in_message")
    assert "*******1012" in task["text"]["en"], "the account is named, but not written out"
    with world.reading(NO) as unit:
        assert parties.organisation(unit, CLINIC).party.account == "99990101015"
        assert accounts.find(unit) == []


@pytest.mark.scenario("S37")
def test_an_invoice_with_another_account_is_held_until_two_persons_agreed(world: World) -> None:
    world.at(SPRING_2026)
    world.log_in(no_log())
    world.submit(NO)
    ours = world.sent("forsikring-nord-test")[0]
    number = etree.fromstring(ours).findtext("{*}ID")
    assert number
    other = ours.replace(b"99990101015", b"99990701012").replace(f">{number}<".encode(), b">77001<")
    taken = take_finished(world.hub, NO, other, "f.xml", ANNE)
    assert (taken.status, taken.code) == ("held", "ACCOUNT_DIFFERS")
    assert world.claims(NO)["77001"].hold == "ACCOUNT_DIFFERS"
    (task,) = [one for one in world.tasks(NO, "held") if one["claim_ref"] == "77001"]
    assert "99990701012" not in str(task)
    sent = len(world.sent("forsikring-nord-test"))
    world.submit(NO)
    assert len(world.sent("forsikring-nord-test")) == sent, "it does not go out"
    with world.unit(NO) as unit:
        own_accounts.ask(unit, CLINIC, "99990701012", source="called the clinic", actor=ANNE)
        own_accounts.decide(unit, CLINIC, BOB, approve=True)
        unit.update(schema.claim, _claim_id(unit, "77001"), hold_code="")
    world.submit(NO)
    assert len(world.sent("forsikring-nord-test")) == sent + 1


def _claim_id(unit: object, ref: str) -> str:
    from hub.store import claims

    row = claims.by_ref(unit, ref)  # type: ignore[arg-type]
    assert row is not None
    return str(row["id"])


@pytest.mark.scenario("S37")
def test_money_on_an_account_we_left_and_money_to_one_raises_an_alert(paid: World) -> None:
    exported(paid)
    (row,) = rows(paid)
    with paid.unit(NL) as unit:
        own_accounts.ask(unit, PRACTICE, NEW_ACCOUNT, source="called them", actor=ANNE)
        own_accounts.decide(unit, PRACTICE, BOB, approve=True)
        own_accounts.ask(unit, CARE_GROUP, "NL91ABNA0417164300", source="new bank", actor=ANNE)
        own_accounts.decide(unit, CARE_GROUP, BOB, approve=True)
    left = debit("5.25", row["end_to_end"], "2024-02-07", account="NL64TEST0000100001")
    paid.bank(NL, "out.xml", left)
    texts = [task["text"]["en"] for task in paid.tasks(NL, "old_account")]
    assert len(texts) == 2
    assert any("went to" in text for text in texts)
    assert any("came in on" in text for text in texts)
    with paid.reading(NL) as unit:
        (incident,) = [one for one in incidents.seen(unit).values() if one.cause == "old_account"]
    assert incident.cause in incidents.NOW


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_hub_put_back_to_before_a_payout_learns_of_it_from_the_bank(paid: World, tmp_path: Path) -> None:
    """The backup knows nothing of the file; the bank's booking brings the pay-out back, and it is not paid again."""
    assert paid.database.file is not None
    with closing(sqlite3.connect(paid.database.file)) as live, closing(sqlite3.connect(tmp_path / "backup.db")) as kept:
        live.backup(kept)
    exported(paid)
    (lost,) = rows(paid)
    paid.hub.store.close()
    for file in tmp_path.glob("kvitt.db*"):
        file.unlink()
    shutil.copy(tmp_path / "backup.db", paid.database.file)
    paid.restart()
    assert rows(paid) == []
    with paid.unit(NL) as unit:
        pauses.pause(unit, pauses.OUTBOUND, "", reason="restored", by="anne")
    again = propose(paid)
    assert again["end_to_end"] == lost["end_to_end"], "counted, not drawn: the bank would know it"
    payouts.approve(paid.hub, NL, [again["number"]], eur(525), BOB)
    with pytest.raises(ConfigurationError, match="is stopped: restored"):
        payouts.export(paid.hub, NL, DAY, ANNE)
    paid.bank(NL, "out.xml", debit("5.25", lost["end_to_end"], "2024-02-07"))
    assert [row["state"] for row in rows(paid)] == ["settled"]
    assert standing(paid) == (0, 0)


def test_a_payout_the_hub_lost_is_recovered_by_its_number(paid: World) -> None:
    with paid.reading(NL) as unit:
        third = stored.end_to_end(stored.nth_id(unit, PRACTICE, CARE_GROUP, "EUR", 3))
    paid.bank(NL, "lost.xml", debit("2.00", third, "2024-02-07"))
    (row,) = rows(paid)
    assert (row["practice"], row["amount_minor"], row["state"], row["proposed_by"]) == (
        PRACTICE,
        200,
        "settled",
        "restored",
    )
    assert standing(paid) == (325, 325)
    ids = [propose(paid)["end_to_end"] for _ in range(1)]
    assert third not in ids
    paid.bank(NL, "strange.xml", debit("1.00", "KV" + "0" * 32, "2024-02-08"))
    assert [each["state"] for each in rows(paid)] == ["settled", "proposed"], "an id of nobody's recovers nothing"


MOMENTS = (
    "before:INSERT INTO payout_export",
    "after:INSERT INTO payout_export",
    "before:INSERT INTO posting",
    "after:INSERT INTO posting",
    "before:UPDATE payout",
    "after:UPDATE payout",
    "commit",
)
"""Where dying leaves everything as it was."""


def die(world: World, folder: Path, moment: str) -> int:
    """Make the payment file in a process that dies at a moment; gives how it ended."""
    words = [world.database.url, str(world.home), world.clock.now().isoformat(), str(folder), moment]
    root = Path(__file__).resolve().parent.parent.parent
    command = [sys.executable, "-m", "tests.scenarios.paying", *words]
    return subprocess.run(command, cwd=root, check=False, capture_output=True).returncode


@pytest.mark.parametrize("last", ["done", "half"])
def test_wherever_the_process_dies_nothing_is_paid_twice_and_nothing_is_forgotten(
    paid: World, tmp_path: Path, last: str
) -> None:
    number = propose(paid)["number"]
    payouts.approve(paid.hub, NL, [number], eur(525), BOB)
    folder = tmp_path / "files"
    folder.mkdir()
    for moment in MOMENTS if last == "done" else MOMENTS[-1:]:
        assert die(paid, folder, moment) == -signal.SIGKILL, moment
        assert [row["state"] for row in rows(paid)] == ["approved"], moment
        with paid.reading(NL) as unit:
            assert stored.exports(unit) == [], moment
        assert standing(paid) == (0, 525), "reserved, not paid"
        assert list(folder.iterdir()) == [], "nobody has a file of what was not recorded"

    assert die(paid, folder, last) == -signal.SIGKILL
    assert [path.name for path in folder.iterdir() if path.suffix == ".xml"] == []
    assert [row["state"] for row in rows(paid)] == ["exported"]
    assert die(paid, folder, "none") == 0
    assert [path for path in folder.iterdir() if path.suffix == ".xml"] == [], "nothing new to hand over"
    with paid.unit(NL) as unit:
        made = payouts.again(unit, 1, ANNE)
        assert len(stored.exports(unit)) == 1
        out = [row for row in money.postings(unit) if row.debit == Account.PAID_OUT]
    assert [row.amount for row in out] == [eur(525)]
    assert made.content.count(b"<CdtTrfTxInf>") == 1
    assert standing(paid) == (0, 0)
