"""Within a tenant everybody sees what belongs to their organisation and those below it: for every table there is.

Each table holds one row of practice A's and one of practice B's, made from the schema itself, so that a table nobody
thought of is tried too. Practice B is another care group's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Integer,
    LargeBinary,
    Table,
    func,
    literal_column,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError

from hub.clock import MovableClock
from hub.errors import ConfigurationError, ContentError
from hub.model.party import Address, Party
from hub.security.keys import create_keys
from hub.store import fences, fencing, parties, schema
from hub.store.fences import Among, Everybody, Own, Through
from hub.store.types import Moment
from hub.store.unit import Store, Unit, new_id
from tests.conftest import ROOT
from tests.databases import KINDS, Database

T, OTHER = "tenant-a", "tenant-b"
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
A, B = "01000001", "02000002"
"""The codes of two practices."""
ON_POSTGRES = pytest.mark.parametrize("database", KINDS[1:], indirect=True)
"""SQLite has no policies: the repositories alone keep organisations apart there."""

Values = dict[str, Any]


@dataclass(slots=True)
class Filled:
    """One database in which both practices have a row in every table."""

    store: Store
    database: Database
    rows: dict[tuple[str, str], Values] = field(default_factory=dict)

    def keys(self, of: Table, *owners: str) -> set[tuple[Any, ...]]:
        """The primary keys of what some practices have in a table."""
        return {_key(of, self.rows[of.name, owner]) for owner in owners if (of.name, owner) in self.rows}


def _key(of: Table, row: Any) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in of.primary_key)


@contextmanager
def a_filled(database: Database, keys: Path) -> Iterator[Filled]:
    """Both practices' rows in every table of a migrated, empty database."""
    store = Store(database.url, create_keys(keys), MovableClock(NOW))
    store.add_tenant(T, "A", "NL", "nl")
    store.add_tenant(OTHER, "B", "NL", "nl")
    made = Filled(store, database)
    with store.unit(T) as unit:
        for one in schema.metadata.sorted_tables:
            for owner in (A, B):
                if one is not schema.tenant:
                    _fill(unit, made, one, owner)
    yield made
    store.close()


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Iterator[Filled]:
    with a_filled(database, tmp_path / "keys") as made:
        yield made


def _fill(unit: Unit, made: Filled, one: Table, owner: str) -> None:
    row = {column.name: _value(made, one, column, owner) for column in one.c}
    for rule in fences.fence_of(one.name):
        match rule:
            case Own(columns):
                row |= dict.fromkeys(columns, owner)
            case Through(column, parent, key) if column not in ("id", "address"):
                row[column] = made.rows[parent, owner][key]
            case Among(column):
                row[column] = "a secret kind"
            case _:
                pass
    unit.connection.execute(one.insert(), row)
    made.rows[one.name, owner] = row


def _value(made: Filled, one: Table, column: Column[Any], owner: str) -> object:
    for reference in column.foreign_keys:
        parent = reference.column.table
        if parent is schema.tenant:
            return T
        if parent is one:
            return None
        return made.rows[parent.name, owner][reference.column.name]
    if column.name in ("blob_address", "address") and column.type.length == 64:  # type: ignore[attr-defined]
        return f"blob-{owner}"
    if column.name == "tenant_id":
        return T
    return _allowed(one, column) or _plain(column, owner)


def _allowed(one: Table, column: Column[Any]) -> str | None:
    """The first word a check constraint allows."""
    for each in one.constraints:
        if isinstance(each, CheckConstraint):
            found = re.match(rf"\s*{column.name} in \('(\w+)'", str(each.sqltext), re.IGNORECASE)
            if found:
                return found[1]
    return None


def _plain(column: Column[Any], owner: str) -> object:
    plain: list[tuple[Any, object]] = [
        (Moment, NOW),
        (Date, date(2026, 1, 1)),
        (Boolean, False),
        (BigInteger, int(owner)),
        (Integer, int(owner)),
        (LargeBinary, b"sealed"),
        (JSON, {}),
    ]
    for kind, value in plain:
        if isinstance(column.type, kind):
            return value
    if column.primary_key and column.type.length == 36:  # type: ignore[attr-defined]
        return new_id()
    length = getattr(column.type, "length", None) or 30
    return f"{owner[0:2]}{column.name}"[:length]


def _expected(filled: Filled, one: Table, *owners: str) -> set[tuple[Any, ...]]:
    """What the fences promise: all of everybody's lists, one's own elsewhere, nothing of what nobody owns."""
    rules = fences.fence_of(one.name)
    if any(isinstance(rule, Everybody) for rule in rules):
        return filled.keys(one, A, B)
    owned = any(isinstance(rule, Own | Through) for rule in rules)
    return filled.keys(one, *owners) if owned else set()


def _seen(unit: Unit, one: Table) -> set[tuple[Any, ...]]:
    return {_key(one, row) for row in unit.rows(select(one))}


def _tables() -> list[Table]:
    return [one for one in schema.metadata.sorted_tables if one is not schema.tenant]


def _unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository's filter is taken away; what is left is the database's own."""
    monkeypatch.setattr(fencing, "_before_execute", lambda _, statement, many, one, __: (statement, many, one))
    monkeypatch.setattr(fencing, "_before_cursor", lambda *_: None)
    monkeypatch.setattr(fencing, "all_inside", lambda *_: True)
    monkeypatch.setattr(fencing, "own_rows", lambda statement, *_: statement)


def test_the_whole_tenant_sees_every_row_and_another_tenant_none(filled: Filled) -> None:
    with filled.store.reading(T) as unit:
        assert {one.name: _seen(unit, one) for one in _tables()} == {
            one.name: filled.keys(one, A, B) for one in _tables()
        }
    with filled.store.reading(OTHER, within=frozenset({A, B})) as unit:
        assert [one.name for one in _tables() if "tenant_id" in one.c and _seen(unit, one)] == []


@pytest.mark.parametrize("owners", [(A,), (B,), (A, B), ()], ids=["A", "B", "both", "nobody"])
def test_every_table_shows_a_fenced_unit_its_own_rows_only(filled: Filled, owners: tuple[str, ...]) -> None:
    with filled.store.reading(T, within=frozenset(owners)) as unit:
        seen = {one.name: _seen(unit, one) for one in _tables()}
    assert seen == {one.name: _expected(filled, one, *owners) for one in _tables()}
    assert not owners or seen["claim"], "or the test would prove nothing"


@ON_POSTGRES
@pytest.mark.parametrize("owners", [(A,), (A, B), ()], ids=["A", "both", "nobody"])
def test_without_the_repository_filter_the_database_shows_no_more(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, owners: tuple[str, ...]
) -> None:
    _unfiltered(monkeypatch)
    with filled.store.reading(T, within=frozenset(owners)) as unit:
        assert unit.connection.execute(text("SELECT current_user")).scalar() == "kvitt_app"
        seen = {one.name: _seen(unit, one) for one in _tables() if "tenant_id" in one.c}
        counted = {name: unit.connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in seen}  # noqa: S608 -- our own names
    expected = {one.name: _expected(filled, one, *owners) for one in _tables() if "tenant_id" in one.c}
    assert seen == expected
    assert counted == {name: len(keys) for name, keys in expected.items()}


@ON_POSTGRES
def test_without_the_repository_filter_the_database_takes_no_foreign_row(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unfiltered(monkeypatch)
    with filled.store.unit(T, within=frozenset({A})) as unit:
        for one in _tables():
            if "tenant_id" not in one.c:
                continue
            with pytest.raises(DBAPIError, match=r"row-level security|append-only"), unit.connection.begin_nested():
                unit.connection.execute(one.insert(), filled.rows[one.name, B])
            name = next(column.name for column in one.c if not column.primary_key)
            mine = len(_expected(filled, one, A)) if _owned(one) else 0
            for statement in (one.update().values({name: filled.rows[one.name, B][name]}), one.delete()):
                assert _tried(unit, statement) in (mine, "refused"), (one.name, statement)


def _tried(unit: Unit, statement: Any) -> int | str:
    """How many rows a statement reached, or that the database refused it; taken back in either case."""
    before = unit.connection.begin_nested()
    try:
        return unit.connection.execute(statement).rowcount
    except DBAPIError as refused:
        return "refused" if re.search(r"row-level security|append-only|foreign key", str(refused)) else str(refused)
    finally:
        before.rollback()


def _owned(one: Table) -> bool:
    return any(isinstance(rule, Own | Through) for rule in fences.fence_of(one.name))


def _shapes() -> dict[str, Callable[[], Any]]:
    """The same question in every shape a repository may ask it."""
    claim, line = schema.claim, schema.claim_line
    other = claim.alias("c2")
    each = select(claim.c.id, claim.c.provider_code).where(claim.c.tenant_id == T).subquery()
    named = select(claim.c.id, claim.c.provider_code).cte("named")
    return {
        "plain": lambda: select(claim.c.provider_code),
        "alias": lambda: select(other.c.provider_code),
        "join": lambda: select(claim.c.provider_code).join(line, line.c.claim_id == claim.c.id),
        "outer join": lambda: select(other.c.provider_code).select_from(
            other.outerjoin(claim, claim.c.id == other.c.id)
        ),
        "subquery": lambda: select(each.c.provider_code),
        "cte": lambda: select(named.c.provider_code),
        "exists": lambda: select(claim.c.provider_code).where(
            select(line.c.id).where(line.c.claim_id == claim.c.id).exists()
        ),
        "union": lambda: union_all(select(claim.c.provider_code), select(other.c.provider_code)),
        "scalar": lambda: select(select(func.max(claim.c.provider_code)).scalar_subquery().label("provider_code")),
        "grouped": lambda: select(claim.c.provider_code).group_by(claim.c.provider_code).having(func.count() > 0),
        "distinct": lambda: select(claim.c.provider_code).distinct().order_by(claim.c.provider_code).limit(9),
    }


@pytest.mark.parametrize("shape", _shapes())
def test_no_shape_of_a_question_gets_around_the_fence(filled: Filled, shape: str) -> None:
    with filled.store.reading(T, within=frozenset({A})) as unit:
        assert {row["provider_code"] for row in unit.rows(_shapes()[shape]())} == {A}
        assert {row[0] for row in unit.connection.execute(_shapes()[shape]())} == {A}
        first = unit.one(_shapes()[shape]())
        assert first
        assert first["provider_code"] == A


def test_counts_and_presence_betray_nothing(filled: Filled) -> None:
    claim = schema.claim
    with filled.store.reading(T, within=frozenset({A})) as unit:
        assert unit.connection.execute(select(func.count()).select_from(claim)).scalar() == 1
        foreign = filled.rows["claim", B]["id"]
        assert unit.one(unit.mine(claim, claim.c.id == foreign)) is None
        own = select(claim.c.id).where(claim.c.id.in_([foreign])).exists()
        assert unit.connection.execute(select(own)).scalar() in (False, 0)


def test_what_cannot_be_fenced_is_not_run(filled: Filled) -> None:
    claim = schema.claim
    tried: list[Any] = [
        text("SELECT * FROM claim"),
        select(text("provider_code FROM claim")),
        select(literal_column("provider_code")).select_from(table("claim")),
        select(claim).where(text("1 = 1")),
        text("SELECT id FROM claim").columns(claim.c.id),
        claim.insert().values(filled.rows["claim", A]),
        claim.update().values(hold_code="STOLEN"),
        claim.delete(),
    ]
    with filled.store.unit(T, within=frozenset({A})) as unit:
        for statement in tried:
            with pytest.raises(ConfigurationError, match="cannot be kept inside an organisation"):
                unit.connection.execute(statement)
        with pytest.raises(ConfigurationError, match="cannot be kept inside an organisation"):
            unit.connection.exec_driver_sql("SELECT * FROM claim")
    with filled.store.reading(T) as unit:
        assert {row["hold_code"] for row in unit.rows(unit.mine(claim))} != {"STOLEN"}


def test_a_fenced_unit_stores_and_changes_its_own_only(filled: Filled) -> None:
    task, organisation = schema.task, schema.organisation
    foreign, own = filled.rows["task", B], filled.rows["task", A]
    with filled.store.unit(T, within=frozenset({A})) as unit:
        unit.insert(task, [own | {"id": new_id(), "key": "mine"}])
        for one in _tables():
            with pytest.raises(ContentError, match="belongs to somebody else"):
                unit.insert(one, [filled.rows[one.name, B]])
        unit.update(task, foreign["id"], state="STOLEN")
        unit.update(task, own["id"], state="seen")
        unit.update(organisation, filled.rows["organisation", B]["id"], name="STOLEN")
        for whose in ({"claim_ref": foreign["claim_ref"]}, {"exchange_id": foreign["exchange_id"]}):
            with pytest.raises(ContentError, match="whose a row of task is"):
                unit.update(task, own["id"], **whose)
    with filled.store.reading(T) as unit:
        states = {row["key"]: row["state"] for row in unit.rows(unit.mine(task))}
        assert sorted(states.values()) == sorted([foreign["state"], own["state"], "seen"])
        assert "STOLEN" not in {row["name"] for row in unit.rows(unit.mine(organisation))}


def test_lists_that_everybody_reads_are_written_by_the_whole_tenant_only(filled: Filled) -> None:
    reference = schema.reference
    new = filled.rows["reference", A] | {"id": new_id(), "kind": "uzovi", "code": "3333"}
    with filled.store.unit(T) as unit:
        unit.insert(reference, [new])
    with filled.store.unit(T, within=frozenset({A})) as unit:
        assert [row["id"] for row in unit.rows(unit.mine(reference))] == [new["id"]]
        with pytest.raises(ContentError, match="belongs to somebody else"):
            unit.insert(reference, [new | {"id": new_id(), "code": "3334"}])
        unit.update(reference, new["id"], code="9999")
        assert [row["code"] for row in unit.rows(unit.mine(reference))] == ["3333"]


def test_a_message_with_many_practices_claims_is_the_claimants_alone(filled: Filled) -> None:
    group = "03000003"
    claim = schema.claim
    with filled.store.unit(T) as unit:
        mine = filled.rows["claim", A]
        unit.update(claim, mine["id"], claimant_code=group)
    for within, sees in (({A}, False), ({group}, True), ({A, group}, True), ({B}, False)):
        with filled.store.reading(T, within=frozenset(within)) as unit:
            found = {row["id"] for row in unit.rows(unit.mine(schema.exchange))}
        assert (mine["exchange_id"] in found) is sees, within


def test_bookkeeping_of_the_hub_lifts_the_fence_and_closes_it_again(filled: Filled) -> None:
    claim = schema.claim
    with filled.store.unit(T, within=frozenset({A})) as unit:
        with unit.whole() as everything:
            assert everything.within is None
            assert len(everything.rows(everything.mine(claim))) == 2
        assert len(unit.rows(unit.mine(claim))) == 1
        with pytest.raises(DBAPIError), unit.connection.begin_nested(), unit.whole() as everything:
            everything.insert(claim, [filled.rows["claim", A]])
        assert len(unit.rows(unit.mine(claim))) == 1
    with filled.store.reading(T) as unit, unit.whole() as everything:
        assert everything.within is None


def test_the_next_transaction_on_the_same_connection_has_no_fence_left(filled: Filled) -> None:
    for _ in range(3):
        with filled.store.reading(T, within=frozenset({A})) as unit:
            assert len(unit.rows(unit.mine(schema.claim))) == 1
        with filled.store.reading(T) as unit:
            assert len(unit.rows(unit.mine(schema.claim))) == 2
            assert unit.connection.execute(text("SELECT 1")).scalar() == 1


@pytest.mark.parametrize("code", ["", "1,2", ","])
def test_codes_that_would_blur_a_fence_are_refused(filled: Filled, code: str) -> None:
    with (
        pytest.raises(ConfigurationError, match="code is empty or holds a comma"),
        filled.store.reading(T, within=frozenset({code})),
    ):
        pass


def test_fences_name_tables_and_columns_there_are() -> None:
    known = schema.metadata.tables
    for name, fence in fences.FENCES.items():
        assert fences.deciding(name) - {"tenant_id"} <= set(known[name].c.keys())
        for rule in fence:
            if isinstance(rule, Through):
                assert rule.key in known[rule.parent].c
                assert set(rule.only) <= set(known[rule.parent].c.keys())
                assert fences.fence_of(rule.parent)


def test_a_user_sees_the_own_organisation_and_all_below(filled: Filled) -> None:
    def party(code: str) -> Party:
        address = Address(street="S", city="C", postal_code="7500 ZZ", country="NL")
        return Party(scheme="AGB", id=code, name=code, address=address, email="p@x.example")

    with filled.store.unit(OTHER) as unit:
        agent = parties.put_organisation(unit, "billing_agent", party("agent"))
        groups = {each: parties.put_organisation(unit, "care_group", party(each), parent=agent) for each in ("g", "h")}
        for group, practice in (("g", "g1"), ("g", "g2"), ("h", "h1")):
            parties.put_organisation(unit, "practice", party(practice), parent=groups[group])
        assert parties.codes_below(unit, "agent") == {"agent", "g", "g1", "g2", "h", "h1"}
        assert parties.codes_below(unit, "g") == {"g", "g1", "g2"}
        assert parties.codes_below(unit, "h1") == {"h1"}
        with pytest.raises(ConfigurationError, match="no organisation nobody"):
            parties.codes_below(unit, "nobody")
    with filled.store.reading(T) as unit, pytest.raises(ConfigurationError, match="no organisation g1"):
        parties.codes_below(unit, "g1")


LIFTED_FOR = {
    "hub/store/unit.py": "what lifts it",
    "hub/store/access.py": "the chain of the log is the tenant's",
    "hub/store/exchanges.py": "where a message is that holds one's own claims",
    "hub/pipeline/correct.py": "what may be done with one's own claim, whose message may be another's",
    "hub/pipeline/webhooks.py": "news that was read inside the fence is written down for one's own webhook",
}
"""Where a fenced unit is lifted, and for what: each shows nobody more than is theirs. A new place is looked at first."""


def test_the_fence_is_lifted_in_these_places_only() -> None:
    lifting = {
        path.relative_to(ROOT).as_posix()
        for folder in ("hub", "scheduler")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\.whole\(\)|fencing\.lifted\(", path.read_text(encoding="utf-8"))
    }
    assert lifting == set(LIFTED_FOR)
