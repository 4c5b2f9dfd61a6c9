"""Who is told what, and how often: S17 (a certificate ends) and S18 (a portal that is away all night), and targets.

Mail goes to a real SMTP server over TLS, webhooks to a real HTTP server that checks the signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.messengers import mail, webhook
from hub.clock import MovableClock
from hub.errors import ConfigurationError, HubError, RefusedError, TransientError
from hub.pipeline import alerts
from hub.pipeline.calendar import calendar, probe
from hub.pipeline.send import send_due
from hub.pipeline.watch import watch
from hub.ports import Channel
from hub.sandbox.pki import Authority, Pki
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, Trouble, json_response
from hub.sandbox.smtp import PASSWORD, USER, SmtpFault, SmtpSandbox, SmtpTrouble
from hub.sandbox.vecozo import VecozoSandbox
from hub.store import alerts as stored
from hub.store import parties, pauses, schema, tasks
from hub.store.alerts import Target
from hub.store.tasks import NewTask
from hub.store.unit import Row
from scheduler.run import tick
from tests.crash.remote import Habits, Remote
from tests.crash.setting import TENANT, Opened, agree, counted, key_of, open_setting, prepare, setting
from tests.databases import Database

EVENING = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
"""19:00 in the Netherlands."""
SECRET = "a-shared-secret"


@pytest.fixture
def one(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    opened = open_setting(setting(tmp_path / "hub", database.url, now=EVENING))
    opened.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    yield opened
    opened.close()


@pytest.fixture
def letters(pki: Pki) -> Iterator[SmtpSandbox]:
    with SmtpSandbox(pki.server) as server:
        yield server


@dataclass
class Hook:
    """A URL that believes only what is signed."""

    server: SandboxServer
    heard: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    forged: int = 0

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    def hear(self, call: Request) -> Response:
        moment, _, given = call.headers["x-kvitt-signature"].removeprefix("t=").partition(",v1=")
        mine = hmac.new(SECRET.encode(), f"{moment}.".encode() + call.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(mine, given):
            self.forged += 1
            return json_response({}, 401)
        self.heard.append(json.loads(call.body))
        self.ids.append(call.headers["x-kvitt-delivery"])
        return json_response({})


@pytest.fixture
def hook() -> Iterator[Hook]:
    made: list[Hook] = []

    def hear(call: Request) -> Response:
        return made[0].hear(call)

    with SandboxServer([Route("POST", "/hook", hear)]) as server:
        made.append(Hook(server))
        yield made[0]
    assert not server.crashes


def by_mail(one: Opened, server: SmtpSandbox, pki: Pki, name: str = "it", **more: Any) -> None:
    settings = {
        "host": "127.0.0.1",
        "port": str(server.port),
        "sender": "kvitt@hub.example",
        "user": USER,
        "password": "env:MAIL_PASSWORD",
        "ca_file": str(pki.ca_file),
        "timeout": "3",
    }
    target = Target(name=name, kind="mail", address=f"{name}@praktijk.example", settings=settings)
    alerts.put_target(one.hub, TENANT, replace(target, **more))


def by_hook(one: Opened, hook: Hook, name: str = "pager", **more: Any) -> None:
    settings = {"secret": "env:HOOK_SECRET", "timeout": "2"}
    target = Target(name=name, kind="webhook", address=hook.url, settings=settings, digest_at="")
    alerts.put_target(one.hub, TENANT, replace(target, **more))


def later(one: Opened, **delta: float) -> None:
    assert isinstance(one.clock, MovableClock)
    one.clock.move_to(one.clock.now() + timedelta(**delta))


def trouble(one: Opened, kind: str = "job_missed", key: str = "k", **more: Any) -> None:
    text = dict.fromkeys(("en", "nb", "nl"), "Anna Testpersoon 999903883")
    with one.hub.store.unit(TENANT) as unit:
        tasks.add(unit, NewTask(key=key, kind=kind, text=text, action=text, **more), reopen=True)


def over(one: Opened, key: str = "k") -> None:
    with one.hub.store.unit(TENANT) as unit:
        tasks.done(unit, key, {})


def tell(one: Opened) -> alerts.Told:
    return alerts.tell(one.hub, TENANT)


def subjects(server: SmtpSandbox) -> list[str]:
    return [str(taken.mail["Subject"]) for taken in server.taken]


def messages(one: Opened) -> list[Row]:
    with one.hub.store.reading(TENANT) as unit:
        table = schema.alert_message
        return unit.rows(unit.mine(table).order_by(table.c.made_at, table.c.key))


# --- S18: a portal that is away all night ------------------------------------------------------------------------


@pytest.mark.scenario("S18")
@pytest.mark.parametrize(
    "habits",
    [
        pytest.param(
            Habits(away=1.0, will_not_say=1.0), id="nobody-there"
        ),  # every outcome unknown: in doubt, asked on
        pytest.param(Habits(too_many=1.0), id="nothing-taken"),  # given up and tried on
    ],
)
def test_s18_a_portal_away_all_night_is_one_alert_a_digest_and_an_all_clear(
    one: Opened, letters: SmtpSandbox, hook: Hook, pki: Pki, habits: Habits
) -> None:
    by_mail(one, letters, pki, quiet_from="22:00", quiet_to="07:00")
    by_hook(one, hook)  # wakes people at night, and has no digest
    with Remote(habits) as portal, Remote() as other:
        wanted = prepare(one, "askable", counted(one, portal, "askable"), [f"n{number}" for number in range(12)])
        fine = prepare(one, "third", counted(one, other, "third"), ["fine"])
        grew: list[str] = []
        tick(one.hub)  # a new hub begins with the next time
        for step in range(15 * 3):
            later(one, minutes=20)
            local = one.clock.now() + timedelta(hours=1)
            if f"{local:%H:%M}" == "06:00":
                portal.habits = Habits()  # it is back
            before = len(letters.taken)
            tick(one.hub)
            grew += [f"{local:%H:%M}"] * (len(letters.taken) - before)
            if local.hour == 21:
                prepare(one, "askable", one.row(wanted[0])["agreement_id"], [f"more{step}"])
        assert {one.row(each)["state"] for each in wanted} == {"sent"}
        assert one.row(fine[0])["sent_at"] < EVENING + timedelta(hours=2)  # others are not kept waiting
        stored_order = [key_of(row) for row in one.rows() if row["partner"] == "askable"]
        arrived = [key for what, key in portal.seen if what == "stored"]
        assert arrived == stored_order  # once each, in order
    assert [(each["kind"], each["cause"]) for each in hook.heard] == [("opened", "away"), ("resolved", "away")]
    said = subjects(letters)
    assert len(said) == 3, said
    assert "Askable: does not answer" in said[0]
    assert said[0].startswith("[Kvitt sandbox] Askable")
    assert "2026-03-02: " in said[1]
    assert "Over: Askable: does not answer" in said[2]
    assert grew[0] < "22:00"
    assert grew[1] == "05:40"  # the digest is asked for at 05:30
    assert "07:00" <= grew[2] < "09:00"  # after the quiet hours, an hour after it was over
    digest = letters.taken[1].mail.get_content()
    assert "Askable: does not answer" in digest
    assert "What payers owe" not in digest  # nothing arrived anywhere that a payer owes for
    assert one.tasks() == []
    assert {taken.tls for taken in letters.taken} == {True}


def test_a_place_that_comes_and_goes_within_the_hour_is_one_incident(one: Opened, hook: Hook) -> None:
    by_hook(one, hook)
    for _ in range(6):
        trouble(one)
        tell(one)
        later(one, minutes=20)
        over(one)
        tell(one)
        later(one, minutes=20)
    assert [each["kind"] for each in hook.heard] == ["opened"]
    later(one, hours=1)
    tell(one)
    assert [each["kind"] for each in hook.heard] == ["opened", "resolved"]
    trouble(one)
    tell(one)
    assert [each["kind"] for each in hook.heard] == ["opened", "resolved", "opened"]
    with one.hub.store.reading(TENANT) as unit:
        assert [row["episode"] for row in stored.incidents(unit)] == [2]


def test_what_began_and_ended_in_quiet_hours_is_only_in_the_digest(one: Opened, letters: SmtpSandbox, pki: Pki) -> None:
    by_mail(one, letters, pki, quiet_from="18:00", quiet_to="09:00")
    trouble(one)
    tell(one)
    over(one)
    later(one, hours=3)
    tell(one)
    assert letters.taken == []
    later(one, hours=8)
    for _ in range(3):
        tell(one)
        later(one, hours=2)
    assert len(letters.taken) == 1
    body = letters.taken[0].mail.get_content()
    assert "nothing needs a person" in body
    assert "a planned job did not run" in body.partition("Over since")[2]


def test_hundreds_of_tasks_of_one_cause_are_one_message_without_a_word_of_theirs(one: Opened, hook: Hook) -> None:
    by_hook(one, hook)
    for number in range(120):
        trouble(one, "in_doubt", f"k{number}")
    for _ in range(3):
        tell(one)
        later(one, hours=1)
    (said,) = hook.heard
    assert (said["cause"], said["count"], said["kind"]) == ("in_doubt", 120, "opened")
    with one.hub.store.reading(TENANT) as unit:
        everything = repr([unit.rows(unit.mine(table)) for table in (schema.incident, schema.alert_message)])
    for personal in ("Testpersoon", "999903883"):
        assert personal not in json.dumps(hook.heard)
        assert personal not in everything


# --- once --------------------------------------------------------------------------------------------------------


def test_of_many_nodes_that_tick_at_once_each_message_goes_out_once(
    one: Opened, hook: Hook, letters: SmtpSandbox, pki: Pki
) -> None:
    by_hook(one, hook)
    by_mail(one, letters, pki, digest_at="19:00")  # 19:00 was before the target: no digest today
    trouble(one)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: alerts.tell(one.hub, TENANT), range(12)))
    tell(one)
    assert (len(hook.heard), len(letters.taken)) == (1, 1)
    assert all(row["told_at"] is not None for row in messages(one))


def test_a_process_that_dies_between_sending_and_marking_repeats_it_once_under_the_same_id(
    one: Opened, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hook(one, hook)
    trouble(one)

    def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stored, "told", dies)
        with pytest.raises(KeyboardInterrupt):
            tell(one)
    for _ in range(3):
        tell(one)
    assert len(hook.heard) == 2
    assert len(set(hook.ids)) == 1


def test_what_does_not_come_through_is_tried_again_and_then_said_elsewhere(
    one: Opened, hook: Hook, letters: SmtpSandbox, pki: Pki
) -> None:
    by_hook(one, hook)
    by_mail(one, letters, pki, digest_at="")
    letters.misbehave(SmtpFault(at="RCPT", times=2))
    letters.misbehave(SmtpFault(at="DATA", trouble=SmtpTrouble.DROP))
    trouble(one)
    assert tell(one) == alerts.Told(told=1, waiting=1)
    for _ in range(2):
        later(one, minutes=30)
        tell(one)
    assert [each["cause"] for each in hook.heard] == ["job_missed"]
    assert [row["kind"] for row in one.tasks()] == ["alert_failed", "job_missed"]
    later(one, minutes=30)
    tell(one)  # the mail server is well again: the first mail comes through
    assert [each["cause"] for each in hook.heard] == ["job_missed", "alert_failed"]
    assert "a planned job did not run" in subjects(letters)[0]
    assert [row["kind"] for row in one.tasks()] == ["job_missed"]


@pytest.mark.parametrize(
    "trouble_", [Trouble.UNAVAILABLE, Trouble.TOO_MANY, Trouble.CLOSE_BEFORE_BODY, Trouble.DELAY], ids=str
)
def test_a_webhook_in_trouble_is_called_again_at_the_next_tick(one: Opened, hook: Hook, trouble_: str) -> None:
    by_hook(one, hook)
    hook.server.misbehave(Fault(trouble=trouble_, seconds=4))
    trouble(one)
    tell(one)
    later(one, minutes=30)
    tell(one)
    tell(one)
    assert [each["kind"] for each in hook.heard][-1:] == ["opened"]
    assert len(set(hook.ids)) == 1
    assert all(row["told_at"] for row in messages(one))


def test_a_target_that_is_removed_is_told_nothing_more_and_another_one_everything(one: Opened, hook: Hook) -> None:
    by_hook(one, hook)
    hook.server.misbehave(Fault(trouble=Trouble.UNAVAILABLE))
    trouble(one)
    tell(one)
    with one.hub.store.unit(TENANT) as unit:
        assert stored.remove_target(unit, "pager")
        assert not stored.remove_target(unit, "pager")
    tell(one)
    assert hook.heard == []
    by_hook(one, hook, "second")
    tell(one)
    assert [each["kind"] for each in hook.heard] == ["opened"]


# --- messengers ---------------------------------------------------------------------------------------------------


def test_a_test_message_comes_through_or_says_why(one: Opened, hook: Hook, letters: SmtpSandbox, pki: Pki) -> None:
    by_hook(one, hook)
    by_mail(one, letters, pki, language="nl")
    alerts.try_target(one.hub, TENANT, "pager")
    alerts.try_target(one.hub, TENANT, "it")
    assert [each["kind"] for each in hook.heard] == ["test"]
    (taken,) = letters.taken
    assert (taken.recipients, taken.user, taken.mail["Auto-Submitted"]) == (
        ("it@praktijk.example",),
        USER,
        "auto-generated",
    )
    assert "er is niets mis" in taken.mail.get_content()
    for wrong in (
        SmtpFault(at="RCPT", reply="550 5.1.1 no such mailbox"),
        SmtpFault(at="CONNECT", reply="421 4.3.2 try later"),
        SmtpFault(at="END", trouble=SmtpTrouble.DROP, taken=True),
    ):
        letters.misbehave(wrong)
        with pytest.raises(HubError):
            alerts.try_target(one.hub, TENANT, "it")
    assert all(row["told_at"] for row in messages(one))  # a failed test is not tried again behind one's back
    with pytest.raises(ConfigurationError, match="nobody is told"):
        alerts.try_target(one.hub, TENANT, "nobody")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "wrong"}, ConfigurationError),
        ({"ca_file": ""}, ConfigurationError),
        ({"ca_file": "/nowhere/ca.pem"}, ConfigurationError),
        ({"tls": "none", "host": "mail.elsewhere.example"}, ConfigurationError),
        ({"tls": "tls"}, ConfigurationError),
        ({"port": "9"}, TransientError),
    ],
)
def test_mail_never_goes_without_tls_or_past_a_wrong_certificate(
    letters: SmtpSandbox, pki: Pki, change: dict[str, Any], error: type[HubError]
) -> None:
    settings = {
        "host": "127.0.0.1",
        "port": str(letters.port),
        "sender": "k@hub.example",
        "user": USER,
        "password": PASSWORD,
        "ca_file": str(pki.ca_file),
        "timeout": "2",
    }
    letter = mail.Letter(id="1", to="a@b.example", subject="s", text="t", at=EVENING)
    with pytest.raises(error) as raised:
        mail.send(mail.outbox(settings | change), letter)
    assert PASSWORD not in str(raised.value)
    assert letters.taken == []


def test_mail_over_tls_from_the_first_byte_and_a_subject_that_cannot_break_the_head(pki: Pki) -> None:
    with SmtpSandbox(pki.server, starttls=False, open_to_all=True) as server:
        settings = {
            "host": "127.0.0.1",
            "port": str(server.port),
            "tls": "tls",
            "sender": "k@hub.example",
            "ca_file": str(pki.ca_file),
        }
        letter = mail.Letter(id="7", to="a@b.example", subject="a\r\nBcc: x@y.example", text=".\nå", at=EVENING)
        mail.send(mail.outbox(settings), letter)
    (taken,) = server.taken
    assert taken.mail["Subject"] == "a Bcc: x@y.example"
    assert (taken.mail["Bcc"], taken.mail["Message-ID"]) == (None, "<7@hub.example>")
    assert taken.mail.get_content().splitlines() == [".", "å"]


def test_a_wrong_secret_is_refused_and_a_redirect_not_followed(hook: Hook) -> None:
    news = webhook.News(id="1", data={"a": 1}, at=EVENING)
    with pytest.raises(RefusedError):
        webhook.call(webhook.Hook(url=hook.url, secret="another"), news)
    assert (hook.forged, hook.heard) == (1, [])
    moved = Route("POST", "/moved", lambda _: Response(status=307, headers={"Location": hook.url}))
    with SandboxServer([moved]) as server, pytest.raises(RefusedError):
        webhook.call(webhook.Hook(url=f"{server.url}/moved", secret=SECRET), news)
    assert hook.heard == []
    with pytest.raises(ConfigurationError):
        webhook.call(webhook.Hook(url="http://elsewhere.example/", secret=SECRET), news)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"settings": {"secret": "in-plain-sight"}}, "is a secret"),
        ({"settings": {}}, "needs a secret"),
        ({"settings": {"secret": "env:X", "colour": "red"}}, "no setting"),
        ({"settings": {"secret": "env:X", "timeout": "soon"}}, "no number"),
        ({"address": "http://elsewhere.example"}, "https"),
        ({"address": "https://user:pass@elsewhere.example"}, "https"),
        ({"quiet_from": "22:00"}, "beginning and an end"),
        ({"digest_at": "25:00"}, "no time of day"),
        ({"zone": "Mars/Base"}, "no time zone"),
        ({"language": "de"}, "unknown language"),
        ({"kind": "mail", "settings": {}}, "needs an address"),
        ({"kind": "mail", "address": "Me <a@b.example>", "settings": {"sender": "a@b.example"}}, "needs an address"),
        ({"kind": "mail", "address": "a@b.example", "settings": {"sender": "a@b.example"}}, "handed in"),
    ],
)
def test_a_target_that_cannot_work_is_refused(one: Opened, change: dict[str, Any], match: str) -> None:
    target = Target(name="x", kind="webhook", address="https://x.example", settings={"secret": "env:X"})
    with pytest.raises(ConfigurationError, match=match):
        alerts.put_target(one.hub, TENANT, replace(target, **change))


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        (("22:00", "07:00"), "21:59", False),
        (("22:00", "07:00"), "22:00", True),
        (("22:00", "07:00"), "06:59", True),
        (("22:00", "07:00"), "07:00", False),
        (("12:00", "13:00"), "12:30", True),
        (("12:00", "13:00"), "13:00", False),
        (("", ""), "03:00", False),
    ],
)
def test_quiet_hours_are_local_and_may_pass_midnight(hours: tuple[str, str], at: str, quiet: bool) -> None:
    target = Target(name="x", kind="mail", address="a@b.example", quiet_from=hours[0], quiet_to=hours[1])
    hour, minute = (int(part) for part in at.split(":"))
    summer = datetime(2026, 7, 1, hour, minute, tzinfo=UTC) - timedelta(hours=2)
    winter = datetime(2026, 1, 1, hour, minute, tzinfo=UTC) - timedelta(hours=1)
    assert (alerts.is_quiet(target, summer), alerts.is_quiet(target, winter)) == (quiet, quiet)


# --- S17: a certificate ends --------------------------------------------------------------------------------------


@dataclass
class Certificate:
    """A client certificate in one place, which is replaced there."""

    folder: Path
    authority: Authority

    @property
    def path(self) -> Path:
        return self.folder / "ours.pem"

    def ends(self, moment: datetime) -> None:
        self.authority.issue(self.folder, "new", "kvitt", start=EVENING - timedelta(days=90), end=moment)
        (self.folder / "new.pem").replace(self.path)
        (self.folder / "new.key").unlink()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path, Authority.create("Test CA", now=EVENING))


@pytest.mark.scenario("S17")
def test_s17_each_warning_once_then_blocked_with_the_queue_intact_then_on_by_itself(
    one: Opened, hook: Hook, certificate: Certificate
) -> None:
    by_hook(one, hook)
    end = EVENING + timedelta(days=61, hours=1)
    certificate.ends(end)
    with Remote() as portal:
        settings = {"endpoint": portal.server.url, "asks": "no", "client_cert": str(certificate.path)}
        with one.hub.store.unit(TENANT) as unit:
            agreement = agree(unit, "deaf", settings=settings)
        said: list[tuple[int, str]] = []
        for _ in range(62 * 2):
            watch(one.hub, TENANT)
            before = len(hook.heard)
            tell(one)
            said += [((end - one.clock.now()).days + 1, each["step"]) for each in hook.heard[before:]]
            later(one, hours=12)
        assert said == [(60, "60d"), (30, "30d"), (14, "14d"), (7, "7d"), (1, "1d"), (0, "expired")]
        wanted = prepare(one, "deaf", agreement, ["a", "b"])
        for _ in range(5):
            watch(one.hub, TENANT)
            assert send_due(one.hub, TENANT) == {}
            later(one, hours=1)
        assert [(one.row(each)["state"], one.row(each)["attempts"]) for each in wanted] == [("prepared", 0)] * 2
        assert portal.reached() == []
        with one.hub.store.reading(TENANT) as unit:
            (stopped,) = pauses.in_force(unit).rows
        assert stopped["reason"].startswith("blocked: certificate")
        certificate.ends(EVENING + timedelta(days=400))
        watch(one.hub, TENANT)
        send_due(one.hub, TENANT)
        assert [one.row(each)["state"] for each in wanted] == ["sent", "sent"]
    assert one.tasks() == []


@pytest.mark.scenario("S17")
def test_s17_over_real_tls_an_expired_certificate_is_no_attempt_after_the_watch_saw_it(
    database: Database, tmp_path: Path, pki: Pki
) -> None:
    """What already failed with it waits as a matter of configuration; nothing is refused, lost or given up."""
    one = open_setting(setting(tmp_path / "hub", database.url))
    one.hub.store.add_tenant(TENANT, "Crash (EXAMPLE)", "NL", "en")
    ours, key = tmp_path / "ours.pem", tmp_path / "ours.key"
    ours.write_bytes(pki.expired.certificate.read_bytes())
    key.write_bytes(pki.expired.key.read_bytes())
    with VecozoSandbox(pki, now=lambda: datetime.now(UTC)) as sandbox:
        settings = sandbox.settings() | {"client_cert": str(ours), "client_key": str(key)}
        with one.hub.store.unit(TENANT) as unit:
            agreement = agree(unit, "menzis", channel="", settings=settings)
        (first,) = prepare(one, "menzis", agreement, ["a"], channel="vecozo")
        send_due(one.hub, TENANT)
        assert (one.row(first)["state"], [row["kind"] for row in one.tasks()]) == ("prepared", ["configuration"])
        watch(one.hub, TENANT)
        alerts.tell(one.hub, TENANT)
        with one.hub.store.unit(TENANT) as unit:
            found = {(row["cause"], row["step"]) for row in stored.incidents(unit)}
            assert found == {("expires", "expired"), ("expires", "30d")}  # ours, the CA's; no second cause for ours
            unit.update(schema.exchange, first, next_try_at=unit.now)
        assert send_due(one.hub, TENANT) == {}
        assert one.row(first)["attempts"] == 1
        ours.write_bytes(pki.client.certificate.read_bytes())
        key.write_bytes(pki.client.key.read_bytes())
        watch(one.hub, TENANT)
        send_due(one.hub, TENANT)
        assert one.row(first)["state"] in ("sent", "delivered")
        assert len(sandbox.received()) == 1
    assert {(row["kind"], row["evidence"]["step"]) for row in one.tasks()} == {("expires", "30d")}  # the new ones
    one.close()


def test_a_pause_by_a_person_is_not_lifted_by_a_new_certificate(one: Opened, certificate: Certificate) -> None:
    certificate.ends(EVENING - timedelta(days=1))
    with one.hub.store.unit(TENANT) as unit:
        agree(unit, "deaf", settings={"endpoint": "x", "asks": "no", "client_cert": str(certificate.path)})
        pauses.pause(unit, pauses.PARTNER, "deaf", reason="mine", by="s.de.vries")
    watch(one.hub, TENANT)
    certificate.ends(EVENING + timedelta(days=300))
    watch(one.hub, TENANT)
    with one.hub.store.reading(TENANT) as unit:
        assert [row["reason"] for row in pauses.in_force(unit).rows] == ["mine"]


def test_agreements_credentials_and_what_a_channel_knows_are_in_the_calendar(one: Opened) -> None:
    with one.hub.store.unit(TENANT) as unit:
        agree(unit, "deaf", settings={"endpoint": "x", "asks": "no", "token_expires": "2026-03-20"})
        agree(unit, "third", settings={"endpoint": "x", "asks": "no"})
        for each in parties.agreements(unit):
            parties.put_agreement(unit, replace(each, valid_to=datetime(2026, 4, 15, tzinfo=UTC).date()))
        (follow,) = [each for each in parties.agreements(unit) if each.partner == "third"]
        later_one = replace(follow, id="", valid_from=datetime(2026, 4, 16, tzinfo=UTC).date(), valid_to=None)
        parties.put_agreement(unit, later_one)
    watch(one.hub, TENANT)
    with one.hub.store.reading(TENANT) as unit:
        found = [(entry.kind, entry.partner, entry.days_left, entry.step) for entry in calendar(one.hub, unit)]
    assert found == [("credential", "deaf", 19, "30d"), ("agreement", "deaf", 45, "60d")]
    assert sorted(row["kind"] for row in one.tasks()) == ["expires", "expires"]
    ends = EVENING + timedelta(days=20)
    channel = _Knows(ends)
    hub = replace(one.hub, open_channel=lambda _partner, _agreement: cast("Channel", channel))
    assert {(entry.kind, entry.expires) for entry in probe(hub, TENANT)} == {("channel", ends)}
    watch(one.hub, TENANT)
    assert len(one.tasks("expires")) == 4
    channel.expires = None
    probe(hub, TENANT)
    assert len(one.tasks("expires")) == 2


class _Knows:
    """A channel that knows when what it uses ends."""

    can_lookup = False

    def __init__(self, expires: datetime | None) -> None:
        self.expires = expires

    def probe(self) -> Any:
        from hub.model.exchange import Probe

        return Probe(ok=True, text="", expires=self.expires)
