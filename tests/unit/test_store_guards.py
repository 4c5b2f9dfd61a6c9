"""What guards the rows on both databases: append-only journals, tenants apart, a chain that shows tampering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from hub.clock import MovableClock
from hub.errors import ConfigurationError, ContentError
from hub.ledger.accounts import ledger_lines
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import claim_raised, payment_booked
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.exchange import Collected, ExchangeState, Message
from hub.model.money import Money
from hub.model.partner import Agreement
from hub.model.party import Address, Party
from hub.model.payment import BookingState, Payment
from hub.model.person import Person
from hub.model.specification import PayerSpecification, SpecifiedLine
from hub.pipeline import views
from hub.security.keys import create_keys
from hub.store import (
    access,
    blobs,
    claims,
    declarations,
    exchanges,
    inbounds,
    migrate,
    money,
    parties,
    privacy,
    reference,
    resolutions,
    schema,
    series,
    specifications,
    subjects,
    tasks,
)
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationHead, DeclarationRow
from hub.store.exchanges import NewExchange
from hub.store.money import NewAllocation, NewPayment
from hub.store.reference import ReferenceRow
from hub.store.resolutions import NewResolution
from hub.store.tasks import NewTask
from hub.store.unit import Store, Unit, new_id
from tests.databases import Database

A, B = "tenant-a", "tenant-b"
NOW = datetime(2024, 1, 15, 8, tzinfo=UTC)
BSN, NAME = "999903883", "Vrolijke-Testpaal"


@dataclass(slots=True)
class Stored:
    """Two tenants on one database; tenant A has one of everything, tenant B has nothing."""

    store: Store
    database: Database
    claim: Claim
    ids: dict[str, str]

    def raw(self, *, tenant: str = "", owner: bool = False) -> Iterator[Connection]:
        """A bare connection, as a person with a SQL prompt has it."""
        engine = self.database.engine(owner=owner)
        try:
            with engine.connect() as connection, connection.begin():
                if self.database.kind == "postgres" and tenant:
                    connection.execute(text("SELECT set_config('kvitt.tenant', :t, true)"), {"t": tenant})
                yield connection
        finally:
            engine.dispose()


def one_claim() -> Claim:
    party = Party(
        scheme="AGB",
        id="01099901",
        name="Praktijk",
        address=Address(street="S", city="C", postal_code="7500 ZZ", country="NL"),
        email="p@x.example",
    )
    line = ClaimLine(
        id=new_id(),
        number=1,
        ref="R1",
        service_code="14499",
        service_text="",
        code_list="008",
        begins=date(2024, 1, 1),
        quantity=1,
        unit_price=Money(105, "EUR"),
        amount=Money(105, "EUR"),
    )
    return Claim(
        id=new_id(),
        tenant=A,
        country="NL",
        kind=ClaimKind.DEBIT,
        ref="R1",
        programme="module-quarter",
        module="PMO",
        period="2024Q1",
        payer="menzis",
        payer_code="3332",
        payer_name="Menzis",
        provider=party,
        claimant=party,
        submitter=party,
        person=Person(bsn=BSN, name=NAME, birth_date=date(1961, 3, 12)),
        currency="EUR",
        lines=(line,),
    )


@pytest.fixture
def stored(database: Database, tmp_path: Path) -> Iterator[Stored]:
    clock = MovableClock(datetime(2023, 12, 15, 8, tzinfo=UTC))
    store = Store(database.url, create_keys(tmp_path / "keys"), clock)
    for tenant in (A, B):
        store.add_tenant(tenant, tenant, "NL", "nl")
    with store.unit(A) as unit:
        for action in ("view", "view"):
            access.record(unit, actor="ann", role="support", action=action, object_="claim/R0")
    clock.move_to(NOW)
    claim = one_claim()
    with store.unit(A) as unit:
        ids = _one_of_everything(unit, claim)
    yield Stored(store=store, database=database, claim=claim, ids=ids)
    store.close()


def _one_of_everything(unit: Unit, claim: Claim) -> dict[str, str]:
    practice = parties.put_organisation(unit, "practice", claim.provider)
    parties.put_participation(unit, practice, parties.Participation(module="PMO", first_quarter="2024Q1"))
    agreement = Agreement(id="", tenant=A, partner="menzis", valid_from=date(2023, 1, 1), channel="folder")
    parties.put_agreement(unit, agreement)
    (stored_agreement,) = parties.agreements(unit)
    row = DeclarationRow(
        line=2, row_id="999***883", outcome="claim", code="", message={}, subject=("bsn", BSN), body={"name": NAME}
    )
    head = DeclarationHead(
        organisation_id=practice, programme="module-quarter", module="PMO", period="2024Q1", sha256="0" * 64
    )
    declaration = declarations.add(unit, head, [row])
    claims.add(unit, [NewClaim(claim=claim, subject_kind="bsn", subject_value=BSN, business_key="PMO:1")], declaration)
    money.post(unit, claim_raised(*ledger_lines(claim), at=unit.now, source=f"declaration:{declaration}"))
    message = Message(key="k:1", kind="vektis-HA304-4.2", name="f.asc", payload=b"secret bytes")
    exchange = exchanges.add(
        unit,
        NewExchange(
            partner="menzis",
            agreement_id=stored_agreement.id,
            channel="folder",
            message=message,
            invoice_number="KV1",
            sha256="0" * 64,
            stage="sandbox",
        ),
    )
    inbound = inbounds.store(unit, "hand", Collected(remote_id="r1", name="a.txt", payload=b"answer bytes"))
    payment = Payment(
        id="b1",
        account="NL1",
        booked=date(2024, 1, 16),
        amount=Money(105, "EUR"),
        state=BookingState.BOOKED,
        payer_name="J. Betaler",
    )
    new = NewPayment(
        id=new_id(), payment=payment, fingerprint="f", occurrence=1, country="NL", inbound_id=inbound["id"]
    )
    money.add_payment(unit, new)
    line_id = claim.lines[0].id
    nothing = NewAllocation(
        payment_id=new.id, claim_line_id=line_id, amount=Money(0, "EUR"), netted=Money(0, "EUR"), tier="T1", by="hub"
    )
    money.add_allocations(unit, [nothing])
    decided = NewResolution(
        kind="leave", amount=Money(55, "EUR"), reason="known", by="ann", role="support", payment_id=new.id
    )
    resolutions.add(unit, decided)
    said = SpecifiedLine(line=2, amount=Money(105, "EUR"), netting=Money(0, "EUR"), own_reference="KV1")
    told = PayerSpecification(partner="menzis", name="spec.csv", currency="EUR", lines=(said,))
    specification = specifications.add(unit, inbound["id"], told)
    assert specification
    facts = PaymentFacts(tenant=A, id=new.id, amount=payment.amount, payee=payment.account)
    money.post(unit, payment_booked(facts, at=unit.now, source="test"))
    money.set_counters(unit, {"f": 1})
    reference.put(unit, "uzovi", [ReferenceRow(code="3332", body={"name": "Menzis"}, valid_from=date.min)])
    tasks.add(unit, NewTask(key="t1", kind="held", text={"en": "x"}, action={"en": "y"}))
    tasks.notify(unit, "n1", "a@x.example", "s", "b")
    series.take(unit, "line-reference", first=1)
    privacy.dispose(unit, "session", "session", 1, "90 days", "night")
    unit.insert(
        schema.access_pruned,
        [{"month": "2017-12", "events": 1, "hash": "0" * 64, "by": "night", "at": unit.now, "signature": "0" * 64}],
    )
    for action in ("view", "export", "change"):
        access.record(unit, actor="ann", role="support", action=action, object_="claim/R1")
    return {
        "exchange": exchange,
        "inbound": inbound["id"],
        "declaration": declaration,
        "agreement": stored_agreement.id,
        "blob": inbound["blob_address"],
        "practice": practice,
        "payment": new.id,
    }


@pytest.mark.parametrize("table", [table.name for table in schema.APPEND_ONLY])
@pytest.mark.parametrize("owner", [False, True], ids=["as-hub", "as-owner"])
def test_journal_and_access_log_can_only_grow(stored: Stored, table: str, owner: bool) -> None:
    column = {"access_log": "seq", "access_head": "events", "access_pruned": "events", "disposal": "count"}.get(
        table, "amount_minor"
    )
    journal = schema.metadata.tables[table]
    for statement in (journal.update().values({column: 7}), journal.delete()):
        for connection in stored.raw(tenant=A, owner=owner):
            before = _count(connection, table)
            assert before
            with pytest.raises(DBAPIError, match="append-only"), connection.begin_nested():
                connection.execute(statement)
            assert _count(connection, table) == before


@pytest.mark.postgres
def test_the_hub_works_without_any_right_to_get_around_row_level_security(stored: Stored) -> None:
    if stored.database.kind != "postgres":
        return
    for connection in stored.raw():
        role = connection.execute(
            text("SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        ).one()
        assert tuple(role) == (migrate.APP_ROLE, False, False, False)
        owners = connection.execute(text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"))
        assert migrate.APP_ROLE not in list(owners.scalars())
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), connection.begin_nested():
            connection.execute(text("DROP TRIGGER posting_append_only ON posting"))


def _count(connection: Connection, table: str) -> int:
    found: int = connection.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one()
    return found


def _everything(unit: Unit, known: Stored) -> dict[str, object]:
    """Every reading repository function, asked with the ids of tenant A."""
    ids = known.ids
    return {
        "organisations": parties.organisations(unit),
        "participations": parties.participations(unit, ids["practice"]),
        "agreements": parties.agreements(unit),
        "declarations": declarations.recent(unit),
        "declaration rows": declarations.rows_of(unit, ids["declaration"]),
        "same declaration": declarations.same(unit, ids["practice"], "module-quarter", "2024Q1", "0" * 64),
        "current declaration": declarations.current(unit, ids["practice"], "PMO", "2024Q1"),
        "claims": claims.find(unit),
        "claim by ref": claims.by_ref(unit, "R1"),
        "claims by id": claims.by_ids(unit, [known.claim.id]),
        "claim lines": claims.lines(unit, [known.claim.id]),
        "known blinds": claims.known_blinds(unit, "PMO", "2024Q1"),
        "exchanges": exchanges.find(unit),
        "to send": exchanges.to_send(unit),
        "exchange by key": exchanges.by_business_key(unit, "k:1"),
        "exchange by answer": exchanges.by_answer(unit, remote_id="k:1", invoice_number="KV1"),
        "exchange history": exchanges.history(unit, ids["exchange"]),
        "inbound": inbounds.find(unit),
        "inbound known": inbounds.known(unit, "hand", "r1"),
        "waiting": inbounds.waiting(unit),
        "unconfirmed": inbounds.unconfirmed(unit, "hand"),
        "postings": money.postings(unit),
        "postings of lines": money.postings(unit, line_ids=[known.claim.lines[0].id]),
        "payments": money.payments(unit),
        "counters": money.counters(unit, ["f"]),
        "allocations": money.allocations(unit),
        "allocations of a payment": money.allocations(unit, ids["payment"]),
        "resolutions": resolutions.of_payment(unit, ids["payment"]),
        "resolutions by kind": resolutions.of_kind(unit, "leave"),
        "specifications": specifications.unexplained(unit),
        "decisions": money.decisions(unit),
        "reference": reference.rows_of(unit, "uzovi"),
        "tasks": tasks.open_tasks(unit),
        "notifications": tasks.notifications(unit),
        "access log": access.events(unit),
        "views": views.claim_views(unit),
    }


_EMPTY_FOR_A = {"decisions"}


def test_another_tenant_sees_nothing_by_any_repository_function(stored: Stored) -> None:
    with stored.store.reading(A) as unit:
        mine = {name for name, found in _everything(unit, stored).items() if found}
        assert mine == set(_everything(unit, stored)) - _EMPTY_FOR_A, "each function has something to find for A"
    with stored.store.reading(B) as unit:
        assert {name for name, found in _everything(unit, stored).items() if found} == set()
        assert access.count(unit) == 0
        lookups: list[Callable[[], object]] = [
            lambda: exchanges.get(unit, stored.ids["exchange"]),
            lambda: inbounds.get(unit, stored.ids["inbound"]),
            lambda: parties.organisation(unit, "01099901"),
            lambda: parties.by_id(unit, stored.ids["practice"]),
            lambda: parties.agreement_by_id(unit, stored.ids["agreement"]),
            lambda: blobs.get(unit, stored.ids["blob"]),
        ]
        for look in lookups:
            with pytest.raises((LookupError, ConfigurationError, ContentError)):
                look()


def test_another_tenant_changes_nothing(stored: Stored) -> None:
    with stored.store.unit(B) as unit:
        claims.hold(unit, stored.claim.id, "STOLEN")
        claims.link(unit, [stored.claim.id], None, "STOLEN")
        unit.update(schema.exchange, stored.ids["exchange"], note="STOLEN")
        with pytest.raises((LookupError, ContentError)):
            exchanges.change(unit, stored.ids["exchange"], ExchangeState.SENT)
        assert not tasks.done(unit, "t1", {})
    with stored.store.reading(A) as unit:
        row = claims.by_ref(unit, "R1")
        assert row
        assert (row["hold_code"], row["invoice_number"]) == ("", "")
        assert exchanges.get(unit, stored.ids["exchange"])["note"] == ""
        assert len(tasks.open_tasks(unit)) == 1


@pytest.mark.postgres
def test_raw_sql_sees_nothing_without_its_tenant(stored: Stored) -> None:
    if stored.database.kind != "postgres":
        return  # SQLite has one file per installation and no roles: only the repositories keep tenants apart there
    tables = [table.name for table in schema.TENANT_TABLES]
    for tenant in ("", B, "nobody", "' OR '1'='1"):
        for owner in (False, True):
            for connection in stored.raw(tenant=tenant, owner=owner):
                seen = {name: _count(connection, name) for name in tables}
                assert set(seen.values()) == {0}, (tenant, owner)
    for connection in stored.raw(tenant=A):
        filled = [name for name in tables if _count(connection, name)]
    assert {"claim", "posting", "access_log", "subject", "blob", "inbound", "reference", "task"} <= set(filled)
    for connection in stored.raw(tenant=B):
        with pytest.raises(DBAPIError, match="row-level security"), connection.begin_nested():
            connection.execute(schema.series.insert(), {"tenant_id": A, "name": "x", "next": 1})
        assert connection.execute(text("UPDATE task SET state = 'done'")).rowcount == 0
        assert connection.execute(text("DELETE FROM claim_line")).rowcount == 0


def test_erasing_a_person_makes_what_is_theirs_unreadable_while_the_money_stays(stored: Stored) -> None:
    with stored.store.unit(A) as unit:
        (row,) = claims.find(unit)
        (loaded,) = claims.load(unit, [row])
        assert (loaded.person.bsn, loaded.person.name) == (BSN, NAME)
        before = [(view.ref, view.money) for view in views.claim_views(unit)]
        subjects.erase(unit, row["subject_id"])
    with stored.store.reading(A) as unit:
        with pytest.raises(ContentError, match="claim R1 cannot be read: its subject was erased"):
            claims.load(unit, claims.find(unit))
        with pytest.raises(ContentError, match="row 2 cannot be read: its subject was erased"):
            declarations.bodies(unit, declarations.rows_of(unit, stored.ids["declaration"]))
        assert [(view.ref, view.money) for view in views.claim_views(unit)] == before
        assert views.conservation(unit) == []
    with stored.store.unit(A) as unit, pytest.raises(ContentError, match="no such subject"):
        subjects.erase(unit, new_id())
    with stored.store.unit(A) as unit:
        found = subjects.ensure(unit, "bsn", [BSN])
        assert list(found.values()) != [row["subject_id"]], "who comes back later is somebody new"


def test_blobs_do_not_open_without_their_key(stored: Stored) -> None:
    with stored.store.reading(A) as unit:
        assert blobs.get(unit, stored.ids["blob"]) == b"answer bytes"
    for connection in stored.raw(tenant=A):
        bodies = list(connection.execute(text("SELECT body FROM blob")).scalars())
    assert len(bodies) == 2
    assert not [body for body in bodies if b"bytes" in bytes(body)]
    assert stored.store.keys.destroy(f"batch:{A}:2024")
    with stored.store.reading(A) as unit, pytest.raises(ContentError, match="erased with its retention period"):
        blobs.get(unit, stored.ids["blob"])


def test_foreign_keys_open_nothing_and_say_so(stored: Stored, tmp_path: Path) -> None:
    other = create_keys(tmp_path / "others-keys")
    other.ensure([f"batch:{A}:2024", f"tenant:{A}"])
    with stored.store.reading(A) as unit:
        subject_id = claims.find(unit)[0]["subject_id"]
    other.ensure([f"subject:{A}:{subject_id}"])
    wrong = Store(stored.database.url, other, MovableClock(NOW))
    try:
        with wrong.reading(A) as unit:
            for look in (
                lambda: claims.load(unit, claims.find(unit)),
                lambda: blobs.get(unit, stored.ids["blob"]),
                lambda: reference.rows_of(unit, "uzovi"),
                lambda: money.payments(unit),
            ):
                with pytest.raises(ConfigurationError, match="does not open with this key") as refused:
                    look()
                assert "KVITT_KEYS" in refused.value.hint
    finally:
        wrong.close()


def test_a_tampered_access_log_shows_where(stored: Stored) -> None:
    whole = {"2017-12": 0, "2023-12": None, "2024-01": None}
    assert _verified(stored) == whole, "a month said to be pruned of which there never was anything shows, too"
    _unguarded(stored, "UPDATE access_log SET actor = 'nobody' WHERE seq = 2 AND month = '2024-01'")
    assert _verified(stored) == whole | {"2024-01": 1}
    _unguarded(stored, "UPDATE access_log SET actor = 'ann' WHERE seq = 2 AND month = '2024-01'")
    assert _verified(stored) == whole
    _unguarded(stored, "DELETE FROM access_log WHERE seq = 2 AND month = '2024-01'")
    assert _verified(stored) == whole | {"2024-01": 1}, "a missing line breaks the chain at the next one"


def test_a_closed_month_shows_a_missing_end_and_a_forged_head(stored: Stored) -> None:
    _unguarded(stored, "DELETE FROM access_log WHERE seq = 2 AND month = '2023-12'")
    assert _verified(stored)["2023-12"] == 1, "the chain itself is whole; only the signed head knows of the last line"
    forged = (
        "UPDATE access_head SET events = 1, hash = (SELECT hash FROM access_log WHERE seq = 1 AND month = '2023-12')"
    )
    _unguarded(stored, forged)
    assert _verified(stored)["2023-12"] == 1, "a head made to fit carries no valid signature"
    _unguarded(stored, "DELETE FROM access_log WHERE month = '2023-12'")
    assert _verified(stored)["2023-12"] == 0


def _verified(stored: Stored) -> dict[str, int | None]:
    with stored.store.reading(A) as unit:
        return access.verify(unit)


def _unguarded(stored: Stored, statement: str) -> None:
    """Run one statement as somebody who may switch the triggers off."""
    kind = stored.database.kind
    for connection in stored.raw(tenant=A, owner=True):
        for table in ("access_log", "access_head"):
            if kind == "postgres":
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            else:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
        assert connection.execute(text(statement)).rowcount >= 1
        if kind == "postgres":
            for table in ("access_log", "access_head"):
                connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
