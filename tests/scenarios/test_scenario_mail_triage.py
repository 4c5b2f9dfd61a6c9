"""Mails at a real IMAP server, mails nobody could place and what they teach, invoices that go out by mail (N15, S28)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from hub.errors import ConfigurationError
from hub.model.partner import Agreement
from hub.pipeline import mail_rules, triage
from hub.pipeline.release import release
from hub.sandbox import smtp
from hub.sandbox.example import VALID_FROM
from hub.sandbox.mail import MailSandbox
from hub.sandbox.pki import make_pki
from hub.sandbox.smtp import SmtpFault, SmtpSandbox, SmtpTrouble
from hub.store import access, inbounds, parties
from tests import mailservers
from tests.scenarios.world import NO, SPRING_2026, SUPPORT, World, no_log, rows_of

PARTNER = "forsikring-nord-test"
SENDER, DOMAIN = "skade@ny-avsender.example", "ny-avsender.example"


@pytest.fixture
def invoiced(world: World) -> World:
    world.at(SPRING_2026)
    world.log_in(no_log())
    world.submit(NO)
    return world


def mailbox(world: World, settings: dict[str, str]) -> None:
    agreement = Agreement(
        id="", tenant=NO, partner="mailbox", valid_from=VALID_FROM, channel="mailbox", settings=settings
    )
    with world.unit(NO) as unit:
        parties.put_agreement(unit, agreement)


def maildir(world: World) -> MailSandbox:
    box = MailSandbox(world.home / "Maildir")
    mailbox(world, box.settings)
    return box


def mail(number: str, *, sender: str = SENDER, reason: str = "Mangler", before: str = "Deres ref") -> bytes:
    """A sender nobody knows, who words it in a way of its own."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = sender, "Sak returnert"
    message.set_content(f"Hei\nVi returnerer kravet.\n{before}: {number}\nFordi: {reason}\n")
    return message.as_bytes()


def only_triage(world: World) -> triage.Waiting:
    with world.reading(NO) as unit:
        (one,) = triage.waiting(unit)
    return one


def test_a_mail_in_triage_teaches_a_rule_and_the_waiting_mails_are_read_by_it(invoiced: World) -> None:
    box = maildir(invoiced)
    first, second = invoiced.case("6TST1"), invoiced.case("6TST4")
    for view in (first, second):
        box.receive(mail(view.invoice_number), signed_by=DOMAIN)
    assert [one.state for one in invoiced.collect(NO)] == [inbounds.TRIAGE] * 2
    with invoiced.reading(NO) as unit:
        waiting = triage.waiting(unit)
    assert {(one.sender, one.signed_by) for one in waiting} == {(SENDER, (DOMAIN,))}

    patterns = {"reason": r"^Fordi:\s*(.{1,100})$"}
    proposed = triage.teach(invoiced.hub, NO, waiting[0].id[:12], PARTNER, patterns, SUPPORT)
    assert proposed.rule.patterns["invoice"] == r"ref\s*[:#]?\s*([0-9A-Za-z][0-9A-Za-z/-]{2,29})"
    assert (proposed.found["invoice"], proposed.found["reason"], proposed.known) == (
        first.invoice_number,
        "Mangler",
        True,
    )
    assert proposed.others == {waiting[1].id: second.invoice_number}
    assert not proposed.recorded
    assert {view.decision for view in invoiced.claims(NO).values()} == {"open"}

    done = triage.teach(invoiced.hub, NO, waiting[0].id, PARTNER, patterns, SUPPORT, confirm=True)
    assert [one.state for one in done.done] == [inbounds.PROCESSED] * 2
    decisions = {view.case_ref: view.decision for view in invoiced.claims(NO).values()}
    assert decisions == {"6TST1": "refused", "6TST2": "open", "6TST3": "open", "6TST4": "refused", "6TST5": "open"}
    assert invoiced.tasks(NO, "mail_triage") == []
    assert {row["claim_ref"] for row in invoiced.tasks(NO, "rejection")} == {first.ref, second.ref}

    third = invoiced.case("6TST2")
    box.receive(mail(third.invoice_number), signed_by=DOMAIN)
    invoiced.restart()
    assert [one.state for one in invoiced.collect(NO)] == [inbounds.PROCESSED], "the next mail needs nobody"
    assert invoiced.case("6TST2").decision == "refused"


def test_a_taught_sender_still_has_to_prove_itself(invoiced: World) -> None:
    box = maildir(invoiced)
    number = invoiced.case("6TST1").invoice_number
    box.receive(mail("99999"), signed_by=DOMAIN)
    invoiced.collect(NO)
    given = {"invoice": r"Deres ref:\s*([0-9]{4,12})"}
    lesson = triage.teach(invoiced.hub, NO, only_triage(invoiced).id, PARTNER, given, SUPPORT, confirm=True)
    assert not lesson.known
    assert [one.state for one in lesson.done] == [inbounds.TRIAGE], "a number that is nobody's stays for a person"

    box.receive(mail(number), signed_by="attacker.example")
    box.receive(mail(number, reason="Usignert"))
    assert [one.state for one in invoiced.collect(NO)] == [inbounds.QUARANTINE] * 2
    assert invoiced.case("6TST1").decision == "open"


def test_nothing_is_learned_from_quarantine_or_from_another_partners_sender(invoiced: World) -> None:
    box = maildir(invoiced)
    box.receive(mail("10001"), signed_by="attacker.example")
    (forged,) = invoiced.collect(NO)
    with pytest.raises(ConfigurationError, match="quarantine"):
        triage.teach(invoiced.hub, NO, forged.inbound_id, PARTNER, {}, SUPPORT, confirm=True)
    box.receive(mail("x", sender="noreply@digicare.no"), signed_by="digicare.no")
    invoiced.collect(NO)
    with pytest.raises(ConfigurationError, match="writes for digicare"):
        triage.teach(invoiced.hub, NO, only_triage(invoiced).id, PARTNER, {}, SUPPORT)
    with pytest.raises(ConfigurationError, match="no partner named"):
        triage.teach(invoiced.hub, NO, only_triage(invoiced).id, "nobody-here", {}, SUPPORT)
    with pytest.raises(ConfigurationError, match="no mail in triage"):
        triage.teach(invoiced.hub, NO, "ffff", PARTNER, {}, SUPPORT)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"Deres ref:\s*([0-9]+)", "no end"),
        (r"(([0-9]{1,9}){1,9}){1,9}x", "too many ways"),
        (r"Deres ref", r"put \( \)"),
        (r"Faktura\s*([0-9]{4,12})", "finds no invoice number"),
    ],
)
def test_a_pattern_that_is_dangerous_or_finds_nothing_is_not_recorded(invoiced: World, pattern: str, said: str) -> None:
    maildir(invoiced).receive(mail("10001"), signed_by=DOMAIN)
    invoiced.collect(NO)
    with pytest.raises(ConfigurationError, match=said):
        triage.teach(invoiced.hub, NO, only_triage(invoiced).id, PARTNER, {"invoice": pattern}, SUPPORT, confirm=True)
    with invoiced.reading(NO) as unit:
        assert mail_rules.taught(unit, unit.now.date()) == []


def test_a_rule_that_was_forgotten_reads_no_more_mails(invoiced: World) -> None:
    box = maildir(invoiced)
    box.receive(mail(invoiced.case("6TST1").invoice_number), signed_by=DOMAIN)
    invoiced.collect(NO)
    triage.teach(invoiced.hub, NO, only_triage(invoiced).id, PARTNER, {}, SUPPORT, confirm=True)
    triage.forget(invoiced.hub, NO, SENDER, SUPPORT)
    box.receive(mail(invoiced.case("6TST2").invoice_number), signed_by=DOMAIN)
    assert [one.state for one in invoiced.collect(NO)] == [inbounds.TRIAGE]
    with pytest.raises(ConfigurationError, match="no rule was taught"):
        triage.forget(invoiced.hub, NO, SENDER, SUPPORT)


def test_reading_a_mail_is_logged_and_shows_no_persons_number(invoiced: World) -> None:
    maildir(invoiced).receive(mail("10001", reason="Gjelder 999999011 og 05895800130"), signed_by=DOMAIN)
    invoiced.collect(NO)
    with invoiced.unit(NO) as unit:
        body = triage.shown(unit, only_triage(invoiced).id, SUPPORT)
    assert "Vi returnerer kravet." in body["text"]
    assert "999999011" not in body["text"]
    assert "05895800130" not in body["text"]
    with invoiced.reading(NO) as unit:
        assert any(line["action"] == "view" and body["id"] in line["object"] for line in access.events(unit))


def test_mails_at_a_real_server_reject_once_whatever_the_server_does_to_its_numbers(invoiced: World) -> None:
    with mailservers.running() as server:
        server.do(("create", "Faktura"), ("create", "Tatt"))
        mailbox(invoiced, server.settings(folder="Faktura", archive="Tatt"))
        number = invoiced.case("6TST1").invoice_number
        genuine = mail(number, sender="noreply@digicare.no", before="Fakturanr")
        server.put(genuine, folder="Faktura", signed_by="digicare.no")
        server.put(
            mail(number, sender="noreply@digicare.no", reason="Falsk"), folder="Faktura", signed_by="evil.example"
        )
        assert [one.state for one in invoiced.collect(NO)] == [inbounds.PROCESSED, inbounds.QUARANTINE]
        assert (server.subjects("Faktura"), len(server.subjects("Tatt"))) == ([], 2)
        assert invoiced.case("6TST1").decision == "refused"

        server.do(("delete", "Faktura"), ("create", "Faktura"))
        server.put(genuine, folder="Faktura", signed_by="digicare.no")
        assert [one.state for one in invoiced.collect(NO)] == [inbounds.DUPLICATE]
        assert len(invoiced.tasks(NO, "rejection")) == 1
        assert server.subjects("Faktura") == []


def test_a_mail_server_with_another_password_is_one_task_that_closes_by_itself(invoiced: World) -> None:
    with mailservers.running() as server:
        mailbox(invoiced, server.settings(password="old"))
        for _ in range(2):
            assert invoiced.collect(NO) == []
        (task,) = invoiced.tasks(NO, "configuration")
        assert "refuses the login" in task["text"]["en"]
        mailbox(invoiced, server.settings())
        invoiced.collect(NO)
        assert invoiced.tasks(NO, "configuration") == []


def test_a_huge_mail_is_a_task_and_its_neighbours_go_on(invoiced: World) -> None:
    with mailservers.running() as server:
        mailbox(invoiced, server.settings(max_mb="1"))
        server.put(b"From: x@big.example\r\nSubject: huge\r\n\r\n" + b"x\r\n" * 800_000)
        genuine = mail(invoiced.case("6TST1").invoice_number, sender="noreply@digicare.no", before="Fakturanr")
        server.put(genuine, signed_by="digicare.no")
        for _ in range(2):
            invoiced.collect(NO)
        assert invoiced.case("6TST1").decision == "refused"
        (task,) = invoiced.tasks(NO, "unreadable")
        assert "at most 1048576 are fetched" in task["text"]["en"]
        assert server.subjects("INBOX", "LARGER", "1000000") == ["huge"]


def settings(server: SmtpSandbox, ca_file: Path) -> dict[str, str]:
    return {
        "smtp_host": "localhost",
        "smtp_port": str(server.port),
        "smtp_timeout": "5",
        "username": smtp.USER,
        "password": smtp.PASSWORD,
        "ca_file": str(ca_file),
        "sender": smtp.USER,
        "to": "post@nord.example",
        "invoice_to": "faktura@nord.example",
    }


def test_an_invoice_goes_world_once_and_a_lost_reply_is_for_a_person(world: World, tmp_path: Path) -> None:
    world.at(SPRING_2026)
    pki = make_pki(tmp_path / "pki", now=datetime.now(UTC))
    with SmtpSandbox(pki.server) as server:
        with world.unit(NO) as unit:
            agreement = Agreement(
                id="",
                tenant=NO,
                partner=PARTNER,
                valid_from=VALID_FROM,
                channel="mailbox",
                settings=settings(server, pki.ca_file),
            )
            parties.put_agreement(unit, agreement)
        server.misbehave(SmtpFault(at="END", trouble=SmtpTrouble.DROP, taken=True))
        world.log_in(rows_of(no_log(), *range(2, 22)))
        world.submit(NO)
        mine = [row for row in world.exchanges(NO) if row["partner"] == PARTNER]
        (doubted,) = [row for row in mine if row["state"] == "in_doubt"]
        assert {row["state"] for row in mine} <= {"in_doubt", "sent"}
        assert len(server.taken) == len(mine)
        assert {mail.recipients for mail in server.taken} == {("faktura@nord.example",)}

        world.submit(NO)
        assert len(server.taken) == len(mine), "nobody sends what may have arrived"
        release(world.hub, NO, doubted["invoice_number"], SUPPORT, arrived=False, evidence="they looked")
        world.submit(NO)
        assert len(server.taken) == len(mine) + 1
        assert len(server.arrived) == len(mine), "the second mail carries the first one's Message-ID"
        assert {row["state"] for row in world.exchanges(NO) if row["partner"] == PARTNER} == {"sent"}
