"""Who gets in, and who does not: passwords, devices, links, sessions, on both databases."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from pyotp import TOTP
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from hub.cli import boot
from hub.clock import MovableClock
from hub.errors import AccessRefused, ConfigurationError
from hub.model.partner import Agreement
from hub.model.party import Address, Party
from hub.pipeline import identity, notices
from hub.pipeline.context import Actor, Hub
from hub.pipeline.identity import Entry
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.smtp import PASSWORD as SMTP_PASSWORD
from hub.sandbox.smtp import USER, SmtpSandbox
from hub.security import passwords, tokens
from hub.security.keys import create_keys
from hub.settings import Stage, default_settings
from hub.store import access, logins, parties, schema, tasks
from hub.store.unit import Row, Store
from tests.databases import Database

A, B = "a-tenant", "b-tenant"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PASSWORD = "vier losse woorden hier"
WRONG = "wrong, wrong, wrong"
OTHER = "helemaal iets anders nu"
ANNA, BERT, CORA = "anna@praktijk.example", "bert", "cora"
ADMIN = Actor(name="bert", role="engineer")


@dataclass(slots=True)
class Place:
    """A hub with two tenants: Anna (a practice), Bert and Cora at one, another Anna and Dora at the other."""

    hub: Hub
    clock: MovableClock
    home: Path

    def later(self, **how: float) -> None:
        self.clock.move_to(self.clock.now() + timedelta(**how))

    def log(self, tenant: str = A) -> list[tuple[str, str, str]]:
        with self.hub.store.reading(tenant) as unit:
            return [(row["actor"], row["action"], row["outcome"]) for row in access.events(unit)]

    def rows(self, table: Any, tenant: str = A) -> list[Row]:
        with self.hub.store.reading(tenant) as unit:
            return unit.rows(unit.mine(table))

    def enter(self, login: str = ANNA, password: str = PASSWORD, **more: str) -> Entry:
        return identity.log_in(self.hub, login, password, **more)

    def no(self, login: str = ANNA, password: str = WRONG, **more: str) -> AccessRefused:
        with pytest.raises(AccessRefused) as told:
            identity.log_in(self.hub, login, password, **more)
        return told.value

    def with_device(self, login: str = ANNA) -> TOTP:
        """Set up a device as its owner would."""
        entry = self.enter(login)
        device = TOTP(identity.new_device(self.hub, entry.session).secret)
        identity.confirm_device(self.hub, entry.cookie, self.code(device))
        self.later(seconds=60)
        return device

    def code(self, device: TOTP) -> str:
        return device.at(self.clock.now())


MakePlace = Callable[..., Place]


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Iterator[MakePlace]:
    made: list[Place] = []

    def build(stage: str = "sandbox") -> Place:
        clock, home = MovableClock(NOW), tmp_path / "home"
        home.mkdir()
        settings = default_settings(home, keys=tmp_path / "keys", stage=Stage(stage))
        hub = boot.assemble(settings, Store(database.url, create_keys(settings.keys), clock), clock)
        place = Place(hub=hub, clock=clock, home=home)
        made.append(place)
        _people(hub, clock)
        return place

    yield build
    for place in made:
        place.hub.store.close()


@pytest.fixture
def place(make: MakePlace) -> Place:
    return make()


def _people(hub: Hub, clock: MovableClock) -> None:
    hub.store.add_tenant(A, "A", "NL", "nl")
    clock.move_to(clock.now() + timedelta(minutes=1))
    hub.store.add_tenant(B, "B", "NO", "nb")
    with hub.store.unit(A) as unit:
        practice = Party(scheme="AGB", id="01099901", name="Praktijk", address=Address(country="NL"))
        own = parties.put_organisation(unit, "practice", practice)
        parties.put_user(unit, ANNA, name="Anna", role="provider", organisation_id=own, language="nl")
        parties.put_user(unit, BERT, name="Bert", role="engineer", organisation_id=None, language="en")
        parties.put_user(unit, CORA, name="Cora", role="privacy_officer", organisation_id=None, language="en")
    with hub.store.unit(B) as unit:
        parties.put_user(unit, CORA, name="Cora elsewhere", role="auditor", organisation_id=None, language="nb")
        parties.put_user(unit, "dora", name="Dora", role="finance", organisation_id=None, language="nb")
    for tenant, login in ((A, ANNA), (A, BERT), (B, "dora")):
        identity.set_password(hub, tenant, login, PASSWORD, ADMIN)


# --- coming in and going ----------------------------------------------------------------------------------------------


def test_who_knows_the_password_is_let_in_as_who_they_are(place: Place) -> None:
    entry = place.enter(address="192.0.2.1", agent="A browser")
    found = identity.session_of(place.hub, entry.cookie)
    assert found == entry.session
    assert found is not None
    person = found.person
    assert (person.tenant, person.login, person.role, person.organisation) == (A, ANNA, "provider", "01099901")
    assert (person.language, found.factors) == ("nl", True)
    assert entry.cookie.startswith(f"{A}.")
    assert (ANNA, "login", "ok") in place.log()

    identity.log_out(place.hub, entry.cookie)
    assert identity.session_of(place.hub, entry.cookie) is None
    assert place.log()[-1] == (ANNA, "logout", "ok")


def test_capitals_do_not_count_in_a_login_and_a_tenant_may_stand_before_it(place: Place) -> None:
    assert place.enter(ANNA.upper()).session.person.login == ANNA
    identity.set_password(place.hub, A, CORA, PASSWORD, ADMIN)
    identity.set_password(place.hub, B, CORA, PASSWORD, ADMIN)
    assert place.enter(CORA).session.person.tenant == A
    assert place.enter(f"{B}/{CORA}").session.person.tenant == B
    identity.set_password(place.hub, A, CORA, OTHER, ADMIN)
    assert place.enter(CORA).session.person.tenant == B, "whose password it is"


def test_every_refusal_has_the_same_words_and_a_line_in_the_log(place: Place) -> None:
    identity.end_user(place.hub, A, BERT, ADMIN)
    never_accepted = CORA
    said = {place.no(login).message for login in (ANNA, "nobody", BERT, never_accepted, "", "x" * 500, "nul\0byte")}
    assert len(said) == 1
    assert place.log().count((ANNA, "login", "refused")) == 1
    assert ("unknown", "login", "refused") in place.log()
    typed = place.rows(schema.access_log)
    assert not [row for row in typed if "nobody" in row["object"]], "it may be a password in the wrong box"


def test_a_login_that_does_not_exist_costs_as_much_time(place: Place) -> None:
    def took(login: str) -> float:
        begun = time.perf_counter()
        place.no(login)
        return time.perf_counter() - begun

    known, unknown = [], []
    for turn in range(12):
        known.append(took(ANNA))
        unknown.append(took(f"nobody{turn % 3}"))
        place.later(minutes=20)
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.4 < ratio < 2.5, (known, unknown)


def test_the_same_number_of_hashes_is_computed_for_whoever_asks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda stored, given: calls.append(stored) or real(stored, given))
    counts = []
    for login in (ANNA, "nobody", CORA, "dora"):
        calls.clear()
        place.no(login)
        counts.append(len(calls))
    assert counts == [2, 2, 2, 2], "Cora is known at two tenants"


def test_a_hash_of_weaker_times_is_made_anew_when_its_owner_comes(place: Place) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user_id = place.enter().session.person.user_id
    with place.hub.store.unit(A) as unit:
        logins.put_credential(unit, user_id, password=weak)
    place.no()
    place.enter()
    with place.hub.store.reading(A) as unit:
        row = logins.user_by_id(unit, user_id)
    assert row is not None
    assert row["password"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert place.enter().session.person.login == ANNA


def test_a_session_ends_when_nobody_uses_it_and_after_half_a_day_at_the_latest(place: Place) -> None:
    idle = place.enter()
    place.later(minutes=29)
    assert identity.session_of(place.hub, idle.cookie) is not None
    place.later(minutes=29)
    assert identity.session_of(place.hub, idle.cookie) is not None, "it was used in between"
    place.later(minutes=30)
    assert identity.session_of(place.hub, idle.cookie) is None

    busy = place.enter()
    for _ in range(35):
        place.later(minutes=20)
        assert identity.session_of(place.hub, busy.cookie) is not None
    place.later(minutes=20)
    assert identity.session_of(place.hub, busy.cookie) is None, "twelve hours are over"


@pytest.mark.parametrize(
    "cookie", ["", ".", "a-tenant.", "a-tenant", "nul\0.abcdefghijklmnopqrst", "é.abcdefghijklmnop", "x" * 5000]
)
def test_what_is_no_cookie_is_nobody(place: Place, cookie: str) -> None:
    assert identity.session_of(place.hub, cookie) is None
    identity.log_out(place.hub, cookie)


def test_a_cookie_opens_nothing_at_another_tenant(place: Place) -> None:
    entry = place.enter()
    secret = entry.cookie.removeprefix(f"{A}.")
    assert identity.session_of(place.hub, f"{B}.{secret}") is None
    assert identity.session_of(place.hub, f"none.{secret}") is None


def test_nothing_that_is_stored_opens_anything(place: Place) -> None:
    """A copy of the database has hashes, and of a mail that waits a placeholder."""
    entry = place.enter(device="")
    link = identity.give_reset(place.hub, A, ANNA, ADMIN, base="https://kvitt.example")
    device = identity.new_device(place.hub, entry.session)
    secrets = [entry.cookie.split(".")[1], entry.session.csrf, link.secret.split(".")[1], device.secret, PASSWORD]
    stored = []
    with place.hub.store.reading(A) as unit:
        for table in schema.metadata.sorted_tables:
            stored += [str(row) for row in unit.connection.execute(select(table))]
    whole = "\n".join(stored)
    assert [one for one in secrets if one in whole] == []
    assert "[[link:" in whole
    assert "$argon2id$" in whole


@pytest.mark.parametrize("table", ["credential", "web_session", "login_link", "login_throttle", "outside_identity"])
def test_the_database_itself_keeps_tenants_apart(place: Place, table: str) -> None:
    """On PostgreSQL a question without any condition gives nothing of another tenant's; nor can it be written there."""
    if place.hub.store.engine.dialect.name != "postgresql":
        assert schema.metadata.tables[table] in schema.TENANT_TABLES
        return
    place.enter()
    place.no()
    identity.invite(place.hub, A, CORA, ADMIN)
    with place.hub.store.unit(A) as unit:
        logins.add_outside(unit, place.rows(schema.app_user)[0]["id"], "https://i.example", "s")
    mine, whole = place.rows(schema.metadata.tables[table]), select(schema.metadata.tables[table])
    assert mine
    with place.hub.store.reading(B) as unit:
        assert {row["tenant_id"] for row in unit.rows(whole)} <= {B}
    with pytest.raises(DBAPIError, match="row-level security"), place.hub.store.unit(B) as unit:
        unit.connection.execute(schema.metadata.tables[table].insert(), [mine[0] | {"id": "other"}])


# --- guessing -----------------------------------------------------------------------------------------------------------


def test_guessing_is_slowed_down_for_a_login_whether_it_exists_or_not(place: Place) -> None:
    for login in (ANNA, "nobody"):
        for _ in range(5):
            assert place.no(login).code == "LOGIN_WRONG"
        blocked = place.no(login, PASSWORD)
        assert (blocked.code, blocked.retry_after) == ("LOGIN_TOO_OFTEN", 30), login
    place.later(seconds=31)
    assert place.no().code == "LOGIN_WRONG"
    assert place.no().retry_after == 60, "each wait is twice as long"
    place.later(seconds=61)
    assert place.enter().session.person.login == ANNA, "the right password ends it"
    assert place.no().code == "LOGIN_WRONG"


def test_a_login_has_one_count_however_it_is_written(place: Place) -> None:
    for login in (ANNA, ANNA.upper(), f"  {ANNA} ", f"{A}/{ANNA}", f"{A}/{ANNA.title()}"):
        assert place.no(login).code == "LOGIN_WRONG"
    assert place.no(ANNA).code == "LOGIN_TOO_OFTEN"
    assert place.no(f"{A}/{ANNA}").code == "LOGIN_TOO_OFTEN"


def test_a_login_in_capitals_keeps_its_browser(place: Place) -> None:
    with place.hub.store.unit(A) as unit:
        parties.put_user(unit, "Frida", name="F", role="auditor", organisation_id=None, language="nb")
    identity.set_password(place.hub, A, "Frida", PASSWORD, ADMIN)
    mark = place.enter("frida").device
    for _ in range(5):
        place.no("FRIDA")
    assert place.no("Frida", PASSWORD).code == "LOGIN_TOO_OFTEN"
    assert place.enter("Frida", device=mark).session.person.login == "Frida"


def test_a_block_ends_when_it_said_it_would_however_often_somebody_knocks(place: Place) -> None:
    for _ in range(30):
        wait = place.no().retry_after
        place.later(seconds=wait + 1 if wait else 0)
    longest = place.no().retry_after or place.no().retry_after
    assert 0 < longest <= 900
    for _ in range(5):
        place.later(seconds=100)
        place.no()
    assert place.no().retry_after <= longest - 500 + 1


def test_guessing_from_elsewhere_does_not_keep_a_person_out_of_their_own_browser(place: Place) -> None:
    mark = place.enter().device
    for _ in range(6):
        place.no(address="198.51.100.66")
    assert place.no(password=PASSWORD, address="192.0.2.1").code == "LOGIN_TOO_OFTEN"
    assert place.enter(device=mark, address="192.0.2.1").session.person.login == ANNA
    for forged in ("x.y", mark[:-2] + "AA", identity.log_in(place.hub, BERT, PASSWORD).device):
        assert place.no(password=PASSWORD, device=forged).code == "LOGIN_TOO_OFTEN", "a mark of somebody else's"
    for _ in range(5):
        place.no(device=mark)
    assert place.no(password=PASSWORD, device=mark).code == "LOGIN_TOO_OFTEN", "a stolen mark guesses no faster"


def test_a_new_password_by_mail_ends_a_block(place: Place) -> None:
    for _ in range(6):
        place.no()
    link = identity.give_reset(place.hub, A, ANNA, ADMIN)
    identity.reset(place.hub, link.secret, OTHER)
    assert place.enter(password=OTHER).session.person.login == ANNA


def test_one_address_that_tries_many_logins_is_slowed_down(place: Place) -> None:
    mark = place.enter().device
    for turn in range(50):
        assert place.no(f"guess{turn}", address="198.51.100.7").code == "LOGIN_WRONG"
    assert place.no("guess50", address="198.51.100.7").code == "LOGIN_TOO_OFTEN"
    assert place.no("guess50", address="198.51.100.8").code == "LOGIN_WRONG"
    assert place.no(password=PASSWORD, address="198.51.100.7").code == "LOGIN_TOO_OFTEN"
    assert place.enter(device=mark, address="198.51.100.7").session.person.login == ANNA, "a browser that is known"
    assert place.rows(schema.login_throttle, B) == []
    kept = " ".join(str(row) for row in place.rows(schema.login_throttle))
    assert "198.51" not in kept
    assert "guess" not in kept


# --- devices ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["test", "production"])
def test_outside_the_sandbox_a_password_alone_proves_too_little(make: MakePlace, stage: str) -> None:
    place = make(stage)
    entry = place.enter()
    assert entry.session.factors is False
    device = TOTP(identity.new_device(place.hub, entry.session).secret)
    with pytest.raises(AccessRefused, match="not right"):
        identity.confirm_device(place.hub, entry.cookie, "000000")
    proven = identity.confirm_device(place.hub, entry.cookie, place.code(device))
    assert proven.session.factors is True
    assert identity.session_of(place.hub, entry.cookie) is None, "who knew the old cookie has nothing now"
    found = identity.session_of(place.hub, proven.cookie)
    assert found is not None
    assert found.factors is True


def test_who_has_a_device_needs_its_code_and_each_code_is_good_once(place: Place) -> None:
    device = place.with_device()
    assert place.no(password=PASSWORD).code == "LOGIN_WRONG"
    assert place.no(password=PASSWORD, code="000000").message == place.no("nobody").message
    code = place.code(device)
    assert place.enter(code=code).session.factors is True
    assert place.no(password=PASSWORD, code=code).code == "LOGIN_WRONG"
    before = device.at(place.clock.now() - timedelta(seconds=30))
    assert place.no(password=PASSWORD, code=before).code == "LOGIN_WRONG", "nor an older one afterwards"
    place.later(seconds=30)
    assert place.enter(code=f"{place.code(device)[:3]} {place.code(device)[3:]}").session.factors is True


def test_a_code_lets_one_in_of_many_who_come_with_it_at_once(place: Place) -> None:
    device = place.with_device()
    code = place.code(device)

    def come(_: int) -> bool:
        try:
            place.enter(code=code)
        except AccessRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(come, range(4))) == [False, False, False, True]


def test_a_code_may_be_half_a_minute_off_and_no_more(place: Place) -> None:
    device = place.with_device()
    place.later(minutes=10)
    assert place.no(password=PASSWORD, code=device.at(place.clock.now() - timedelta(seconds=61))).code == "LOGIN_WRONG"
    assert place.enter(code=device.at(place.clock.now() - timedelta(seconds=30))).session.factors is True


def test_a_new_device_replaces_the_old_one_only_for_who_has_shown_the_old_one(place: Place) -> None:
    old = place.with_device()
    vouched = identity.log_in_person(place.hub, A, ANNA)
    assert vouched.session.factors is False, "an identity provider that asked for one factor only"
    with pytest.raises(AccessRefused, match="device already"):
        identity.new_device(place.hub, vouched.session)
    with pytest.raises(AccessRefused):
        identity.confirm_device(place.hub, vouched.cookie, place.code(old))
    place.later(seconds=30)
    proven = identity.prove_device(place.hub, vouched.cookie, place.code(old))
    new = TOTP(identity.new_device(place.hub, proven.session).secret)
    place.later(seconds=30)
    for present in ("", "000000", place.code(new)):
        with pytest.raises(AccessRefused):
            identity.confirm_device(place.hub, proven.cookie, place.code(new), present=present)
    place.later(seconds=30)
    identity.confirm_device(place.hub, proven.cookie, place.code(new), present=place.code(old))
    place.later(seconds=30)
    assert place.no(password=PASSWORD, code=place.code(old)).code == "LOGIN_WRONG"
    assert place.enter(code=place.code(new)).session.factors is True


def test_codes_cannot_be_guessed_in_a_session(make: MakePlace) -> None:
    place = make("production")
    entry = place.enter()
    identity.new_device(place.hub, entry.session)
    codes = []
    for _ in range(7):
        with pytest.raises(AccessRefused) as told:
            identity.confirm_device(place.hub, entry.cookie, "000000")
        codes.append(told.value.code)
    assert codes == ["CODE_WRONG"] * 5 + ["LOGIN_TOO_OFTEN"] * 2


def test_a_lost_device_is_replaced_by_a_second_person_the_mailbox_and_the_password(make: MakePlace) -> None:
    place = make("production")
    place.with_device()
    with pytest.raises(AccessRefused):
        identity.lost_device(place.hub, ANNA, "not the password")
    identity.lost_device(place.hub, ANNA, PASSWORD)
    (asked,) = identity.asked_devices(place.hub, A)
    assert (asked.login, asked.asked_by) == (ANNA, ANNA)
    assert [row["kind"] for row in place.rows(schema.task)] == ["device"]
    for spelling in (ANNA, ANNA.upper(), "Anna @praktijk.example"):
        with pytest.raises(ConfigurationError, match="cannot approve"):
            identity.approve_device(place.hub, A, asked.id, Actor(name=spelling, role="engineer"))
    with pytest.raises(ConfigurationError, match="no lost device"):
        identity.approve_device(place.hub, B, asked.id, ADMIN)
    unapproved = f"{A}.{tokens.link_secret(place.hub.store.keys, A, asked.id)}"
    assert identity.read_link(place.hub, unapproved, logins.DEVICE) is None

    link = identity.approve_device(place.hub, A, asked.id, ADMIN, base="https://kvitt.example")
    assert (link.mailed, [row["state"] for row in place.rows(schema.task)]) == (ANNA, ["done"])
    assert place.no(password=PASSWORD).code == "LOGIN_WRONG", "the old device counts until the link is used"
    with pytest.raises(AccessRefused):
        identity.replace_device(place.hub, link.secret, "not the password")
    entry = identity.replace_device(place.hub, link.secret, PASSWORD)
    assert entry.session.factors is False
    with pytest.raises(AccessRefused, match="does not work"):
        identity.replace_device(place.hub, link.secret, PASSWORD)
    new = TOTP(identity.new_device(place.hub, entry.session).secret)
    assert identity.confirm_device(place.hub, entry.cookie, place.code(new)).session.factors is True
    log = place.log()
    assert {("bert", "approve-device", "ok"), (ANNA, "approve-device", "refused"), (ANNA, "lost-device", "ok")} <= {
        *log
    }


def test_a_device_somebody_asks_for_on_behalf_of_another_needs_a_third(place: Place) -> None:
    place.with_device()
    with pytest.raises(ConfigurationError, match="no device to lose"):
        identity.ask_device(place.hub, A, BERT, ADMIN)
    number = identity.ask_device(place.hub, A, ANNA, ADMIN)
    assert identity.ask_device(place.hub, A, ANNA, Actor(name="cora", role="support")) == number
    with pytest.raises(ConfigurationError, match="cannot approve"):
        identity.approve_device(place.hub, A, number, ADMIN)
    with pytest.raises(ConfigurationError, match="cannot approve"):
        identity.approve_device(place.hub, A, number, Actor(name=ANNA, role="provider"))
    identity.refuse_device(place.hub, A, number, Actor(name="cora", role="support"))
    assert identity.asked_devices(place.hub, A) == []


# --- links --------------------------------------------------------------------------------------------------------------


def test_an_invitation_lets_a_new_user_choose_a_password_once(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="no user"):
        identity.invite(place.hub, A, "nobody", ADMIN)
    link = identity.invite(place.hub, A, CORA, ADMIN)
    assert (link.mailed, link.path) == ("", "/welcome"), "no address: it is handed over"
    person = identity.read_link(place.hub, link.secret, logins.INVITATION)
    assert person is not None
    assert person.login == CORA
    assert identity.read_link(place.hub, link.secret, logins.RESET) is None, "of another kind it opens nothing"
    for bad in ("short", "cora" * 4, "wachtwoord2026", "aaaaaaaaaaaaaa", "abcdefghijklmnop", "welkomwelkom"):
        with pytest.raises(AccessRefused, match="password"):
            identity.accept(place.hub, link.secret, bad)
    entry = identity.accept(place.hub, link.secret, PASSWORD)
    assert entry.session.person.login == CORA
    with pytest.raises(AccessRefused, match="does not work"):
        identity.accept(place.hub, link.secret, OTHER)
    assert place.enter(CORA).session.person.login == CORA
    assert {("bert", "invite", "ok"), (CORA, "accept", "ok"), ("unknown", "link-invitation", "refused")} <= {
        *place.log()
    }


def test_a_link_lets_one_in_of_many_who_come_with_it_at_once(place: Place) -> None:
    link = identity.invite(place.hub, A, CORA, ADMIN)

    def come(number: int) -> str:
        try:
            return identity.accept(place.hub, link.secret, f"{PASSWORD} {number}").session.person.login
        except AccessRefused:
            return ""

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(come, range(4))) == ["", "", "", CORA]


def test_a_link_ends_with_its_time_and_with_the_next_one(place: Place) -> None:
    first = identity.invite(place.hub, A, CORA, ADMIN)
    second = identity.invite(place.hub, A, CORA, ADMIN)
    assert identity.read_link(place.hub, first.secret, logins.INVITATION) is None
    place.later(days=7)
    assert identity.read_link(place.hub, second.secret, logins.INVITATION) is None
    reset = identity.give_reset(place.hub, A, ANNA, ADMIN)
    place.later(hours=1)
    with pytest.raises(AccessRefused, match="does not work"):
        identity.reset(place.hub, reset.secret, OTHER)


def test_the_link_stands_in_the_mail_and_nowhere_else(place: Place, tmp_path: Path) -> None:
    identity.ask_reset(place.hub, ANNA, base="https://kvitt.example/")
    (waiting,) = place.rows(schema.notification)
    assert "[[link:" in waiting["body"]
    pki = make_pki(tmp_path / "pki", now=datetime.now(UTC))
    with SmtpSandbox(pki.server) as letters:
        mail_through(place, letters, pki)
        assert notices.mail_notices(place.hub, A).sent == 1
        (arrived,) = letters.taken
    assert arrived.recipients == (ANNA,)
    said = arrived.mail.get_content()
    found = re.search(r"https://kvitt\.example/reset/(\S+)", said)
    assert found is not None
    assert "wachtwoord" in said, "in her language"
    assert "[[link:" in place.rows(schema.notification)[0]["body"], "what is kept opens nothing afterwards either"
    assert identity.reset(place.hub, found[1], OTHER).login == ANNA


def mail_through(place: Place, letters: SmtpSandbox, pki: Pki) -> None:
    """An agreement with a mailbox of ours that notices go out through."""
    settings = {"notices": "yes", "smtp_host": "localhost", "smtp_port": str(letters.port), "smtp_timeout": "1"}
    settings |= {
        "smtp_username": USER,
        "smtp_password": SMTP_PASSWORD,
        "smtp_ca_file": str(pki.ca_file),
        "sender": USER,
    }
    day = place.hub.today("NL")
    mail = Agreement(id="", tenant=A, partner="mail", valid_from=day, channel="mailbox", settings=settings)
    with place.hub.store.unit(A) as unit:
        parties.put_agreement(unit, mail)


def test_asking_for_a_new_password_tells_nobody_who_is_known(place: Place) -> None:
    for login in (ANNA, "nobody@x.example", CORA, BERT):
        assert identity.ask_reset(place.hub, login, base="https://k.example") is None
    assert [row["recipient"] for row in place.rows(schema.notification)] == [ANNA], (
        "Bert has no address, Cora no password"
    )
    assert (ANNA, "ask-reset", "ok") in place.log()
    assert place.log().count(("unknown", "ask-reset", "absent")) == 3
    for _ in range(4):
        identity.ask_reset(place.hub, ANNA, base="https://k.example")
    with pytest.raises(AccessRefused, match="Too many"):
        identity.ask_reset(place.hub, ANNA, base="https://k.example")


def test_a_new_password_ends_every_session_and_leaves_the_device(place: Place) -> None:
    device = place.with_device()
    entry = place.enter(code=place.code(device))
    link = identity.give_reset(place.hub, A, ANNA, ADMIN)
    identity.reset(place.hub, link.secret, OTHER)
    assert identity.session_of(place.hub, entry.cookie) is None
    place.later(seconds=30)
    assert place.no(password=OTHER).code == "LOGIN_WRONG"
    assert place.enter(password=OTHER, code=place.code(device)).session.factors is True


# --- one's own account, and its end -------------------------------------------------------------------------------------


def test_one_sees_where_one_is_logged_in_and_ends_one_of_them(place: Place) -> None:
    here, there = place.enter(agent="here"), place.enter(agent="there")
    other = place.enter(BERT)
    assert {one.agent for one in identity.sessions_of(place.hub, here.session.person)} == {"here", "there"}
    assert identity.end_session(place.hub, here.session.person, there.session.id) is True
    assert identity.session_of(place.hub, there.cookie) is None
    assert identity.end_session(place.hub, here.session.person, other.session.id) is False, "not one's own"
    assert identity.session_of(place.hub, other.cookie) is not None
    assert (ANNA, "end-session", "absent") in place.log()


def test_changing_the_password_takes_the_old_one_and_ends_the_other_sessions(place: Place) -> None:
    here, there = place.enter(), place.enter()
    person = here.session.person
    with pytest.raises(AccessRefused, match="present password"):
        identity.change_password(place.hub, person, here.session.id, "wrong", OTHER)
    with pytest.raises(AccessRefused, match="at least 12"):
        identity.change_password(place.hub, person, here.session.id, PASSWORD, "short")
    identity.change_password(place.hub, person, here.session.id, PASSWORD, OTHER)
    assert identity.session_of(place.hub, here.cookie) is not None
    assert identity.session_of(place.hub, there.cookie) is None
    assert place.no(password=PASSWORD).code == "LOGIN_WRONG"
    assert place.enter(password=OTHER).session.person == person
    assert {("anna@praktijk.example", "change-password", word) for word in ("ok", "refused")} <= {*place.log()}


def test_a_leaver_is_out_at_once_and_comes_back_by_invitation_only(place: Place) -> None:
    device = place.with_device()
    entry = place.enter(code=place.code(device))
    reset = identity.give_reset(place.hub, A, ANNA, ADMIN)
    with place.hub.store.unit(A) as unit:
        token: Row = {
            "name": "n",
            "secret_hash": "h",
            "ending": "abcd",
            "live": False,
            "scopes": [],
            "created_by": ANNA,
        }
        days = {"created_at": unit.now, "expires_at": unit.now + timedelta(days=90)}
        unit.insert(schema.api_token, [token | days | {"id": "t", "user_id": entry.session.person.user_id}])
    assert identity.end_user(place.hub, A, ANNA, ADMIN) == 2
    assert identity.session_of(place.hub, entry.cookie) is None
    assert [row["revoked_by"] for row in place.rows(schema.api_token)] == ["bert"]
    assert identity.read_link(place.hub, reset.secret, logins.RESET) is None
    assert place.no(password=PASSWORD).code == "LOGIN_WRONG"
    with pytest.raises(AccessRefused):
        identity.log_in_person(place.hub, A, ANNA)
    with pytest.raises(ConfigurationError, match="has left"):
        identity.set_password(place.hub, A, ANNA, OTHER, ADMIN)
    with pytest.raises(ConfigurationError, match="has left already"):
        identity.end_user(place.hub, A, ANNA, ADMIN)
    back = identity.accept(place.hub, identity.invite(place.hub, A, ANNA, ADMIN).secret, OTHER)
    assert identity.session_of(place.hub, back.cookie) is not None


def test_a_role_that_changes_counts_in_the_sessions_that_are_open(place: Place) -> None:
    entry = place.enter(BERT)
    with place.hub.store.unit(A) as unit:
        parties.put_user(unit, BERT, name="Bert", role="auditor", organisation_id=None, language="en")
    found = identity.session_of(place.hub, entry.cookie)
    assert found is not None
    assert found.person.role == "auditor"


def test_the_language_is_the_persons_own(place: Place) -> None:
    person = place.enter().session.person
    identity.set_language(place.hub, person, "nb")
    assert place.enter().session.person.language == "nb"
    with pytest.raises(ConfigurationError, match="unknown language"):
        identity.set_language(place.hub, person, "xx")


def test_a_hub_without_a_tenant_lets_nobody_in(database: Database, tmp_path: Path) -> None:
    clock = MovableClock(NOW)
    settings = default_settings(tmp_path / "home", keys=tmp_path / "keys")
    hub = boot.assemble(settings, Store(database.url, create_keys(settings.keys), clock), clock)
    with pytest.raises(AccessRefused):
        identity.log_in(hub, ANNA, PASSWORD)
    hub.store.close()


def test_what_waits_for_a_second_person_is_a_task_with_its_last_day(place: Place) -> None:
    place.with_device()
    identity.lost_device(place.hub, ANNA, PASSWORD)
    with place.hub.store.reading(A) as unit:
        (task,) = tasks.open_tasks(unit)
    assert "approve" in task["action"]["en"]
    assert task["due"] == (place.clock.now() + timedelta(days=3)).date()


def test_a_new_device_is_known_to_the_session_it_was_shown_in_and_to_no_other(place: Place) -> None:
    """Whoever found an open session and looked at the picture must not know the device that is set up later."""
    found = place.enter()
    seen = identity.new_device(place.hub, found.session).secret
    assert identity.new_device(place.hub, found.session).secret == seen, "a page that is loaded again shows the same"
    identity.end_session(place.hub, found.session.person, found.session.id)
    own = place.enter()
    shown = identity.new_device(place.hub, own.session).secret
    assert shown != seen
    with pytest.raises(AccessRefused):
        identity.confirm_device(place.hub, own.cookie, place.code(TOTP(seen)))
    place.later(seconds=60)
    identity.confirm_device(place.hub, own.cookie, place.code(TOTP(shown)))
    place.later(seconds=60)
    assert place.no(password=PASSWORD, code=place.code(TOTP(seen))).code == "LOGIN_WRONG"
    assert place.enter(code=place.code(TOTP(shown))).session.factors is True


def test_a_tenant_may_stand_before_the_login_of_a_forgotten_password(place: Place) -> None:
    identity.ask_reset(place.hub, f"{A}/{ANNA}", base="https://k.example")
    assert [row["recipient"] for row in place.rows(schema.notification)] == [ANNA]
    identity.ask_reset(place.hub, f"{B}/{ANNA}", base="https://k.example")
    assert len(place.rows(schema.notification)) == 1


def test_nobody_is_asked_about_the_device_of_a_leaver_or_of_last_week(place: Place) -> None:
    place.with_device()
    for days in (0, 4):
        place.later(days=days)
        identity.ask_device(place.hub, A, ANNA, ADMIN)
    assert sorted(row["state"] for row in place.rows(schema.task)) == ["done", "open"]
    identity.end_user(place.hub, A, ANNA, ADMIN)
    assert {row["state"] for row in place.rows(schema.task)} == {"done"}
