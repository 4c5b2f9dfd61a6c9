"""S16: whoever belongs to one practice finds nothing of another, by id, guess, filter, search, export or count."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from hub.errors import ConfigurationError, ContentError
from hub.model.identity import digits
from hub.pipeline import views
from hub.store import (
    access,
    blobs,
    claims,
    declarations,
    exchanges,
    inbounds,
    money,
    parties,
    privacy,
    schema,
    subjects,
    tasks,
)
from hub.store.unit import Row, Unit
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.vektis_bytes import Ha305, Line
from tests.scenarios.world import NL, NO, OTHER_PRACTICE, PRACTICE, World, nl_list


@pytest.fixture
def played(world: World) -> World:
    """Two practices of one care group: handed in, sent in shared files, answered, paid."""
    world.hand_in(nl_list())
    world.hand_in(nl_list("nl_practice2_2024Q1.csv"), practice=OTHER_PRACTICE)
    world.hand_in(nl_list().replace(b"7511 AA;1;", b"7511 AA;2;"))
    world.submit(NL)
    sent = next(data for data in world.sent("menzis") if data[26:30] == b"3332")
    world.answer(NL, Ha305(sent=sent, lines={"999931428": Line(0, [("0403", "101")])}).bytes())
    world.bank(NL, "nl.xml", camt053(Paid(amount="1.00", text="onbekend", name="X"), currency="EUR"))
    return world


def _below(world: World, code: str) -> frozenset[str]:
    with world.reading(NL) as unit:
        return parties.codes_below(unit, code)


def _everything(world: World) -> list[Row]:
    with world.reading(NL) as unit:
        return claims.find(unit)


def test_a_practice_sees_its_own_claims_and_where_they_are(played: World) -> None:
    every = {view.ref: view for view in played.claims(NL).values()}
    with played.hub.store.reading(NL, within=_below(played, PRACTICE)) as unit:
        seen = {view.ref: view for view in views.claim_views(unit)}
    assert {view.provider for view in seen.values()} == {PRACTICE}
    assert seen == {ref: view for ref, view in every.items() if view.provider == PRACTICE}
    assert {view.provider for view in every.values()} == {PRACTICE, OTHER_PRACTICE}
    assert {"sent", "delivered"} & {view.transport for view in seen.values()}


def test_the_care_group_sees_both_and_the_shared_files(played: World) -> None:
    with played.reading(NL) as unit:
        practice = parties.organisation(unit, PRACTICE)
        group = parties.ancestor(unit, practice, "care_group")
    below = _below(played, group.code)
    assert {PRACTICE, OTHER_PRACTICE, group.code} <= below
    with played.hub.store.reading(NL, within=below) as unit:
        assert len(claims.find(unit)) == len(_everything(played))
        shared = {row["exchange_id"] for row in claims.find(unit) if row["exchange_id"]}
        assert shared
        assert {row["id"] for row in exchanges.find(unit)} >= shared
    with played.hub.store.reading(NL, within=_below(played, PRACTICE)) as unit:
        assert exchanges.find(unit) == [], "a file with others' claims is not a practice's"


def _foreign(world: World) -> Row:
    return next(row for row in _everything(world) if row["provider_code"] == OTHER_PRACTICE and row["exchange_id"])


def _asked(unit: Unit, row: Row, bsn: str, declaration: Row) -> dict[str, object]:
    """Every way to somebody else's: by id, reference, number, person, list, message, and their lists."""
    lines = claims.lines(unit, [row["id"]])
    return {
        "by ref": claims.by_ref(unit, row["ref"]),
        "by id": claims.by_ids(unit, [row["id"]]),
        "by number": claims.find(unit, schema.claim.c.invoice_number == row["invoice_number"]),
        "by person": subjects.find(unit, "bsn", bsn),
        "of person": privacy.claims_of(unit, row["subject_id"]) + privacy.rows_of(unit, row["subject_id"]),
        "lines": lines,
        "decisions": money.decisions(unit),
        "postings": money.postings(unit, group="claim:"),
        "rows": declarations.rows_of(unit, declaration["id"]),
        "exchange": exchanges.by_business_key(unit, "x") or exchanges.find(unit),
        "history": exchanges.history(unit, row["exchange_id"]),
        "whose": privacy.in_exchange(unit, row["exchange_id"]),
        "batches": privacy.batches_of(unit, [row["subject_id"]]),
        "inbound": inbounds.find(unit),
        "tasks": tasks.open_tasks(unit),
        "told": tasks.notifications(unit),
        "log": access.events(unit),
        "participations": parties.participations(unit, declaration["organisation_id"]),
        "agreements": parties.agreements(unit),
    }


def rows_in(found: object) -> list[Row]:
    """What a look-up gave, as rows."""
    assert isinstance(found, list)
    return found


def test_no_way_leads_to_the_other_practices_data(played: World) -> None:
    row = _foreign(played)
    with played.reading(NL) as unit:
        (claim,) = claims.load(unit, [row])
        declaration = next(one for one in declarations.recent(unit) if one["id"] == row["declaration_id"])
        address = exchanges.get(unit, row["exchange_id"])["blob_address"]
        before = {
            name: found for name, found in _asked(unit, row, digits(claim.person.bsn), declaration).items() if found
        }
    assert len(before) >= 16, "there is something to find"
    with played.hub.store.reading(NL, within=frozenset({"09999999"})) as unit:
        asked = _asked(unit, row, digits(claim.person.bsn), declaration)
        assert {name for name, found in asked.items() if found} == set()
        assert unit.connection.execute(select(func.count()).select_from(schema.claim)).scalar() == 0
    with played.hub.store.reading(NL, within=_below(played, PRACTICE)) as unit:
        asked = _asked(unit, row, digits(claim.person.bsn), declaration)
        shared = {"by number", "whose"}  # the number is the file's, which holds claims of both
        assert {name for name, found in asked.items() if found} <= {"decisions", "postings", "tasks", *shared}
        assert {one["provider_code"] for name in shared for one in rows_in(asked[name])} == {PRACTICE}
        mine = {one["id"] for one in claims.find(unit)}
        assert {line["claim_id"] for line in claims.lines(unit, [each["id"] for each in _everything(played)])} <= mine
        assert {posting.practice for posting in money.postings(unit)} == {PRACTICE}
        refs = {one["ref"] for one in claims.find(unit)}
        assert {task["claim_ref"] for task in tasks.open_tasks(unit)} <= refs
        for look in (
            lambda: exchanges.get(unit, row["exchange_id"]),
            lambda: parties.organisation(unit, OTHER_PRACTICE),
            lambda: parties.by_id(unit, declaration["organisation_id"]),
            lambda: blobs.get(unit, address),
            lambda: blobs.get(unit, declaration["blob_address"]),
        ):
            with pytest.raises((LookupError, ConfigurationError, ContentError)):
                look()


def test_what_the_own_practice_handed_in_can_be_read_again(played: World) -> None:
    with played.hub.store.reading(NL, within=_below(played, PRACTICE)) as unit:
        own = declarations.recent(unit)
        assert own
        for each in own:
            assert declarations.bodies(unit, declarations.rows_of(unit, each["id"]))
            if each["blob_address"]:
                assert blobs.get(unit, each["blob_address"])
        assert claims.load(unit, claims.find(unit))


def test_a_fenced_person_changes_nothing_of_others_and_leaves_a_line_in_the_log(played: World) -> None:
    row = _foreign(played)
    with played.hub.store.unit(NL, within=_below(played, PRACTICE)) as unit:
        claims.hold(unit, row["id"], "STOLEN")
        before = access.count(unit)
        access.record(unit, actor="mallory", role="provider", action="open", object_="claim/x", outcome="absent")
        assert access.count(unit) == before == 0, "the log is the tenant's, not the practice's"
    with played.reading(NL) as unit:
        assert claims.by_ids(unit, [row["id"]])[0]["hold_code"] == row["hold_code"]
        assert access.events(unit)[-1]["actor"] == "mallory"
        assert set(access.verify(unit).values()) == {None}


def test_codes_of_one_tenant_open_nothing_in_another(played: World) -> None:
    with played.hub.store.reading(NO, within=_below(played, PRACTICE)) as unit:
        assert claims.find(unit) == []
        assert parties.organisations(unit) == []
