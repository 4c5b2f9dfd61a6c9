"""What practices and clinics are told goes out by mail, each notice once, through a real SMTP server over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigurationError
from hub.model.partner import Agreement
from hub.pipeline import notices, reconcile
from hub.pipeline.notices import Mailed, mail_notices
from hub.pipeline.watch import watch
from hub.sandbox.example import VALID_FROM
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.smtp import PASSWORD, USER, SmtpFault, SmtpSandbox, SmtpTrouble
from hub.store import notices as stored
from hub.store import parties, pauses, schema, tasks
from hub.store.unit import Row
from scheduler.plan import job_named
from scheduler.run import run_now
from tests.scenarios.world import NL, NO, OTHER_PRACTICE, SPRING_2026, SUPPORT, World

PATIENT, SAID = "Anna Testpersoon 999990019", "Forsikring Nord avviste faktura 10005 (1 250,00 kr): feil diagnose"
CLINIC_MAIL = "faktura@klinikk-nord.example"


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return make_pki(tmp_path / "pki", now=datetime.now(UTC))


@pytest.fixture
def letters(pki: Pki) -> Iterator[SmtpSandbox]:
    with SmtpSandbox(pki.server) as server:
        yield server


def mailed_through(world: World, letters: SmtpSandbox, pki: Pki, tenant: str = NO, **more: str) -> None:
    """An agreement with a mailbox of ours that notices go out through."""
    settings = {
        "notices": "yes",
        "smtp_host": "localhost",
        "smtp_port": str(letters.port),
        "smtp_timeout": "1",
        "smtp_username": USER,
        "smtp_password": PASSWORD,
        "smtp_ca_file": str(pki.ca_file),
        "sender": USER,
    } | more
    agreement = Agreement(
        id="", tenant=tenant, partner="mail", valid_from=VALID_FROM, channel="mailbox", settings=settings
    )
    with world.unit(tenant) as unit:
        parties.put_agreement(unit, agreement)


def refused(world: World, number: str = "10005") -> str:
    """A clinic is told that an invoice was refused, in words that are about a person's care."""
    key = f"rejected:{number}"
    with world.unit(NO) as unit:
        tasks.notify(unit, key, CLINIC_MAIL, number, f"{SAID} {PATIENT}", "nb")
    return key


def standing(world: World, tenant: str = NO) -> dict[str, str]:
    with world.reading(tenant) as unit:
        return {row["key"]: row["state"] for row in tasks.notifications(unit)}


def notice(world: World, key: str) -> Row:
    with world.reading(NO) as unit:
        row = stored.find(unit, key)
    assert row is not None
    return row


@pytest.fixture
def clinic(world: World, letters: SmtpSandbox, pki: Pki) -> World:
    """A hub in Norway that mails notices."""
    world.at(SPRING_2026)
    mailed_through(world, letters, pki)
    return world


def test_a_clinic_gets_one_mail_with_a_reference_and_where_to_look_and_nothing_about_anybody(
    clinic: World, letters: SmtpSandbox
) -> None:
    key = refused(clinic)
    assert mail_notices(clinic.hub, NO) == Mailed(sent=1)
    for _ in range(3):
        assert mail_notices(clinic.hub, NO) == Mailed()
    (arrived,) = letters.taken
    assert arrived.recipients == (CLINIC_MAIL,)
    assert arrived.mail["Subject"] == "En melding til dere: 10005"
    said = arrived.mail.get_content()
    assert "10005" in said
    assert "kvitt why 10005" in said
    assert not [word for word in ("avviste", "diagnose", "Anna", "1 250", "999990019") if word in said]
    assert list(arrived.mail.iter_attachments()) == []
    assert notice(clinic, key)["sent_at"] == clinic.clock.now()


@pytest.mark.parametrize(
    ("language", "word"), [("nl", "Een bericht voor u"), ("nb", "En melding til dere"), ("en", "A notice for you")]
)
def test_the_mail_speaks_the_recipients_language(clinic: World, letters: SmtpSandbox, language: str, word: str) -> None:
    with clinic.unit(NO) as unit:
        tasks.notify(unit, "rejected:1", CLINIC_MAIL, "10001", SAID, language)
    mail_notices(clinic.hub, NO)
    assert word in letters.taken[0].mail["Subject"]


@pytest.mark.scenario("S41")
def test_a_practice_whose_list_is_missing_is_asked_for_it_by_mail_once(
    world: World, letters: SmtpSandbox, pki: Pki
) -> None:
    mailed_through(world, letters, pki, NL)
    with world.unit(NL) as unit:
        second = parties.organisation(unit, OTHER_PRACTICE)
        unit.update(schema.organisation, second.id, invoice_email="declaraties@praktijk2.example")
    world.at(datetime(2024, 1, 16, 8, tzinfo=UTC))
    for _ in range(2):
        watch(world.hub, NL)
        mail_notices(world.hub, NL)
    assert [arrived.recipients for arrived in letters.taken] == [
        ("praktijk1@voorbeeldzorg.example",),
        ("declaraties@praktijk2.example",),
    ], "the address for invoices where there is one, else the company's"
    assert "2024Q1" in letters.taken[0].mail["Subject"]
    assert "Mail hem niet" in letters.taken[0].mail.get_content()


def test_it_is_a_job_of_the_night(clinic: World, letters: SmtpSandbox) -> None:
    refused(clinic)
    job = job_named("notices-hourly")
    assert job is not None
    tenant = next(row for row in clinic.hub.store.tenants() if row["id"] == NO)
    assert run_now(clinic.hub, tenant, job, "me").result == "ok"
    assert len(letters.taken) == 1


def test_without_a_mailbox_for_notices_they_wait_and_are_not_lost(world: World) -> None:
    world.at(SPRING_2026)
    key = refused(world)
    assert mail_notices(world.hub, NO) == Mailed(waiting=1)
    assert standing(world) == {key: "waiting"}


def test_nothing_is_mailed_while_a_person_has_stopped_it(clinic: World, letters: SmtpSandbox) -> None:
    refused(clinic)
    for kind, target in ((pauses.OUTBOUND, ""), (pauses.PARTNER, "mail")):
        with clinic.unit(NO) as unit:
            pauses.pause(unit, kind, target, reason="restored", by="me")
        assert mail_notices(clinic.hub, NO) == Mailed(waiting=1)
        with clinic.unit(NO) as unit:
            assert pauses.resume(unit, kind, target, by="me")
    assert letters.taken == []
    assert mail_notices(clinic.hub, NO) == Mailed(sent=1)


@pytest.mark.parametrize("after", ["before it left", "after the server took it"])
def test_a_process_that_dies_on_the_way_never_mails_it_twice_and_says_so(
    clinic: World, letters: SmtpSandbox, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    key = refused(clinic)

    def dies(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if after == "before it left":
            patched.setattr("connectors.channels.mail_smtp.hand_in", dies)
        else:
            patched.setattr(stored, "settle", dies)
        with pytest.raises(KeyboardInterrupt):
            mail_notices(clinic.hub, NO)
    taken = len(letters.taken)
    assert standing(clinic) == {key: "sending"}, "written down before it left"

    clinic.restart()
    assert mail_notices(clinic.hub, NO) == Mailed(for_a_person=1)
    assert mail_notices(clinic.hub, NO) == Mailed()
    assert len(letters.taken) == taken
    (task,) = clinic.tasks(NO, "notice")
    assert key in task["action"]["nb"]

    notices.settle_by_hand(clinic.hub, NO, key, SUPPORT, sent=bool(taken))
    mail_notices(clinic.hub, NO)
    assert (len(letters.taken), len(letters.arrived)) == (1, 1)
    assert clinic.tasks(NO, "notice") == []
    with pytest.raises(ConfigurationError, match="nothing is sent again"):
        notices.settle_by_hand(clinic.hub, NO, key, SUPPORT, sent=False)


@pytest.mark.parametrize("trouble", [SmtpTrouble.DROP, SmtpTrouble.SILENT])
def test_a_reply_that_is_lost_leaves_it_in_doubt(clinic: World, letters: SmtpSandbox, trouble: SmtpTrouble) -> None:
    key = refused(clinic)
    letters.misbehave(SmtpFault(at="END", trouble=trouble, taken=True))
    assert mail_notices(clinic.hub, NO) == Mailed(for_a_person=1)
    assert mail_notices(clinic.hub, NO) == Mailed()
    assert standing(clinic) == {key: "in_doubt"}
    notices.settle_by_hand(clinic.hub, NO, key, SUPPORT, sent=False)
    mail_notices(clinic.hub, NO)
    assert (len(letters.taken), len(letters.arrived)) == (2, 1), "a second one carries the first one's Message-ID"


def test_a_server_that_says_later_is_asked_later_at_growing_intervals(clinic: World, letters: SmtpSandbox) -> None:
    key = refused(clinic)
    letters.misbehave(SmtpFault(at="RCPT", times=2), SmtpFault(at="CONNECT", reply="421 4.3.2 busy"))
    waits = []
    for _ in range(3):
        assert mail_notices(clinic.hub, NO) == Mailed(waiting=1)
        before = clinic.clock.now()
        assert mail_notices(clinic.hub, NO) == Mailed(), "not before its time"
        waits.append((notice(clinic, key)["next_try_at"] - before).total_seconds())
        clinic.at(notice(clinic, key)["next_try_at"])
    assert waits == [600, 1200, 2400]
    assert mail_notices(clinic.hub, NO) == Mailed(sent=1)
    assert clinic.tasks(NO, "notice") == []


def test_an_address_refused_for_good_stops_nobody_else_and_becomes_a_task(clinic: World, letters: SmtpSandbox) -> None:
    bad, good = refused(clinic, "10005"), refused(clinic, "10006")
    letters.misbehave(SmtpFault(at="RCPT", reply="550 5.1.1 no such mailbox"))
    with clinic.unit(NO) as unit:
        tasks.notify(unit, "rejected:7", "not an address", "10007", SAID, "nb")
    assert mail_notices(clinic.hub, NO) == Mailed(sent=1, for_a_person=2)
    assert standing(clinic) == {bad: "failed", good: "sent", "rejected:7": "failed"}
    assert len(clinic.tasks(NO, "notice")) == 2


def test_a_login_that_fails_is_one_task_and_everything_goes_out_once_it_is_mended(
    clinic: World, letters: SmtpSandbox, pki: Pki
) -> None:
    refused(clinic, "10005")
    refused(clinic, "10006")
    mailed_through(clinic, letters, pki, smtp_password="wrong")
    assert mail_notices(clinic.hub, NO) == Mailed(waiting=2)
    assert len(clinic.tasks(NO, "configuration")) == 1
    mailed_through(clinic, letters, pki)
    clinic.at(clinic.clock.now() + timedelta(hours=1))
    assert mail_notices(clinic.hub, NO) == Mailed(sent=2)
    assert clinic.tasks(NO, "configuration") == []


def test_what_cannot_be_mailed_for_two_days_is_for_a_person(clinic: World, letters: SmtpSandbox) -> None:
    key = refused(clinic)
    letters.misbehave(SmtpFault(at="RCPT", times=2))
    mail_notices(clinic.hub, NO)
    clinic.at(clinic.clock.now() + timedelta(days=2, minutes=1))
    assert mail_notices(clinic.hub, NO) == Mailed(for_a_person=1)
    assert standing(clinic) == {key: "failed"}


def test_of_many_nodes_that_run_at_once_each_notice_is_mailed_once(
    clinic: World, letters: SmtpSandbox, pki: Pki
) -> None:
    mailed_through(clinic, letters, pki, smtp_timeout="30")  # a yes that comes late is in doubt: not what is tried here
    for number in range(8):
        refused(clinic, f"1000{number}")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: mail_notices(clinic.hub, NO), range(8)))
    mail_notices(clinic.hub, NO)
    assert len(letters.taken) == len(letters.arrived) == 8
    assert set(standing(clinic).values()) == {"sent"}


@pytest.mark.scenario("S42")
def test_what_waited_when_the_backup_was_made_is_not_mailed_again_by_itself(
    clinic: World, letters: SmtpSandbox
) -> None:
    key = refused(clinic)
    reconcile.restored(clinic.hub, NO, clinic.clock.now(), SUPPORT)
    with clinic.unit(NO) as unit:
        assert pauses.resume(unit, pauses.OUTBOUND, "", by="me")
    assert mail_notices(clinic.hub, NO) == Mailed()
    assert (standing(clinic), letters.taken) == ({key: "in_doubt"}, [])
    assert len(clinic.tasks(NO, "notice")) == 1
