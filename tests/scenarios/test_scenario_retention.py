"""What is kept and until when: shown first, then destroyed; a hold, open money or a broken log makes it wait."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.errors import ConfigurationError, ContentError
from hub.pipeline import privacy, retention
from hub.pipeline.context import Actor
from hub.pipeline.privacy import whom
from hub.pipeline.retention import Due
from hub.store import access, blobs, claims, declarations, exchanges, schema, subjects
from hub.store import privacy as rows
from tests.scenarios.vektis_bytes import Ha305, Line
from tests.scenarios.world import NL, World, nl_list

NIGHT = Actor(name="night", role="operator")
OFFICER = Actor(name="olga", role="privacy_officer")
LAST_DAY, FIRST_DAY = datetime(2031, 12, 31, 12, tzinfo=UTC), datetime(2032, 1, 1, 12, tzinfo=UTC)
BSN = "999931428"


@pytest.fixture
def played(world: World) -> World:
    """A list of 2024 with rows that belong to nobody known, handed in and sent."""
    world.hand_in(nl_list())
    world.submit(NL)
    return world


def _due(world: World) -> dict[tuple[str, str], Due]:
    with world.reading(NL) as unit:
        return {(each.kind, each.kept): each for each in retention.due(world.hub, unit, "NL")}


def _apply(world: World) -> list[Due]:
    return retention.apply(world.hub, NL, "NL", NIGHT)


def test_nothing_is_due_before_its_day(played: World) -> None:
    assert _due(played) == {}
    played.at(LAST_DAY)
    assert "batch" not in {kind for kind, _ in _due(played)}
    played.at(FIRST_DAY)
    assert {kind for kind, _ in _due(played)} >= {"batch", "person", "nameless_rows"}


def test_a_dry_run_destroys_nothing(played: World) -> None:
    played.at(FIRST_DAY)
    first = _due(played)
    assert _due(played) == first
    with played.reading(NL) as unit:
        assert rows.disposals(unit) == []
        row = next(each for each in exchanges.find(unit))
        assert blobs.get(unit, row["blob_address"])


def test_raw_batches_end_with_their_period_and_their_bytes_with_them(played: World) -> None:
    played.at(FIRST_DAY)
    with played.reading(NL) as unit:
        address = exchanges.find(unit)[0]["blob_address"]
    done = {each.what: each for each in _apply(played) if each.kind == "batch"}
    assert list(done) == [f"batch:{NL}:2024"]
    with played.reading(NL) as unit:
        with pytest.raises(ContentError, match="erased with its retention period"):
            blobs.get(unit, address)
        assert {bytes(row["body"]) for row in unit.rows(unit.mine(schema.blob)) if row["key_name"] in done} == {b""}
        (noted,) = [row for row in rows.disposals(unit) if row["kind"] == "batch"]
        assert (noted["what"], noted["by"], noted["rule"][:7]) == (f"batch:{NL}:2024", "night", "7 years")
        assert "destroy" in {row["action"] for row in access.events(unit)}
    assert "batch" not in {kind for kind, _ in _due(played)}, "once"
    with played.unit(NL) as unit:
        again = blobs.put(unit, b"of today")
    with played.reading(NL) as unit:
        assert blobs.get(unit, again) == b"of today"


def test_an_older_copy_of_the_data_does_not_open_either(played: World) -> None:
    with played.reading(NL) as unit:
        address = exchanges.find(unit)[0]["blob_address"]
        before = {row["address"]: row["body"] for row in unit.rows(unit.mine(schema.blob))}
    played.at(FIRST_DAY)
    _apply(played)
    with played.unit(NL) as unit:
        table = schema.blob
        unit.connection.execute(table.update().where(table.c.address == address).values(body=before[address]))
    with played.reading(NL) as unit, pytest.raises(ContentError, match="erased with its retention period"):
        blobs.get(unit, address)


def test_a_key_destroyed_before_a_crash_is_written_down_by_the_next_run(played: World) -> None:
    played.at(FIRST_DAY)
    played.hub.store.keys.destroy(f"batch:{NL}:2024")
    assert [each.what for each in _apply(played) if each.kind == "batch"] == [f"batch:{NL}:2024"]
    with played.reading(NL) as unit:
        assert [row["what"] for row in rows.disposals(unit) if row["kind"] == "batch"] == [f"batch:{NL}:2024"]


def test_rows_of_nobody_known_end_after_a_year(played: World) -> None:
    played.at(datetime(2025, 2, 1, 12, tzinfo=UTC))
    with played.reading(NL) as unit:
        (head,) = [one for one in declarations.recent(unit) if one["state"] == "current"]
        nameless = [row for row in declarations.rows_of(unit, head["id"]) if row["subject_id"] is None]
        assert nameless
        assert declarations.bodies(unit, nameless)
    assert {each.kind for each in _apply(played)} == {"nameless_rows"}
    with played.reading(NL) as unit:
        with pytest.raises(ContentError, match="cannot be read"):
            declarations.bodies(unit, nameless)
        named = [row for row in declarations.rows_of(unit, head["id"]) if row["subject_id"] is not None]
        assert declarations.bodies(unit, named), "persons' own rows stay"
    assert _due(played) == {}


def test_open_money_and_a_hold_keep_a_person_and_what_stands_beside_them(played: World) -> None:
    privacy.hold(played.hub, NL, whom(BSN), "dispute", OFFICER)
    played.at(FIRST_DAY)
    due = _due(played)
    assert due["person", "hold"].count == 1
    assert due["person", "open_money"].count > 1
    assert ("person", "") not in due or due["person", ""].count >= 1
    assert due["batch", "hold"].what == f"batch:{NL}:2024"
    _apply(played)
    with played.reading(NL) as unit:
        subject = subjects.find(unit, "bsn", BSN)
        assert subject is not None
        assert claims.load(unit, rows.claims_of(unit, subject["id"]))
        assert blobs.get(unit, exchanges.find(unit)[0]["blob_address"])
    privacy.unhold(played.hub, NL, whom(BSN), "settled", OFFICER)
    assert ("batch", "") in _due(played)


def test_persons_are_forgotten_once_nobody_owes_for_them_and_the_money_stays(played: World) -> None:
    with played.reading(NL) as unit:
        claimed = {row["subject_id"] for row in claims.find(unit)}
        assert retention.open_money(unit, sorted(claimed)) == claimed
    played.at(FIRST_DAY)
    (free,) = [each for each in _apply(played) if each.kind == "person" and not each.kept]
    assert free.ids, "people in the list of whom nothing was claimed"
    assert not set(free.ids) & claimed
    assert _erased(played) == set(free.ids)
    sent = next(data for data in played.sent("menzis") if data[26:30] == b"3332")
    played.answer(NL, Ha305(sent=sent, lines={BSN: Line(0, [("0403", "101")])}).bytes())
    before = [(view.ref, view.money) for view in played.claims(NL).values()]
    with played.reading(NL) as unit:
        refused = subjects.find(unit, "bsn", BSN)
        assert refused is not None
    (settled,) = [each for each in _apply(played) if each.kind == "person" and not each.kept]
    assert settled.ids == (refused["id"],), "the others' are granted and not paid"
    assert _erased(played) == {*free.ids, refused["id"]}
    assert [(view.ref, view.money) for view in played.claims(NL).values()] == before


def _erased(world: World) -> set[str]:
    with world.reading(NL) as unit:
        return {row["id"] for row in unit.rows(unit.mine(schema.subject)) if row["erased_at"] is not None}


def _months(world: World) -> None:
    for month in (1, 2, 3):
        world.at(datetime(2026, month, 20, 12, tzinfo=UTC))
        with world.unit(NL) as unit:
            access.record(unit, actor="anna", role="support", action="view", object_=f"claim/{month}")


def test_closed_months_of_the_access_log_go_after_five_years_and_nothing_else(played: World) -> None:
    _months(played)
    played.at(datetime(2031, 2, 1, 12, tzinfo=UTC))
    with played.unit(NL) as unit:
        access.record(unit, actor="anna", role="support", action="view", object_="claim/now")
    done = [each.what for each in _apply(played) if each.kind == "access_log"]
    assert done == ["2024-01", "2026-01"]
    with played.reading(NL) as unit:
        assert {row["month"] for row in access.events(unit)} == {"2026-02", "2026-03", "2031-02"}
        assert set(access.verify(unit).values()) == {None}
        assert {row["month"] for row in unit.rows(unit.mine(schema.access_head))} >= {"2024-01", "2026-01"}
    for statement in ("DELETE FROM access_log WHERE month = '2026-02'", "DELETE FROM access_pruned"):
        with played.unit(NL) as unit, pytest.raises(DBAPIError, match="append-only"), unit.connection.begin_nested():
            unit.connection.execute(text(statement))
    with played.unit(NL) as unit, pytest.raises(ContentError, match="not closed and whole"):
        access.prune(unit, "2031-02", "night")


def test_lines_taken_away_under_a_forged_note_show(played: World) -> None:
    _months(played)
    with played.unit(NL) as unit:
        head = next(row for row in unit.rows(unit.mine(schema.access_head)) if row["month"] == "2026-01")
        forged = {name: head[name] for name in ("month", "events", "hash")}
        unit.insert(schema.access_pruned, [forged | {"by": "night", "at": unit.now, "signature": head["signature"]}])
        unit.connection.execute(text("DELETE FROM access_log WHERE month = '2026-01'"))
    with played.reading(NL) as unit:
        assert access.verify(unit)["2026-01"] == 0
    played.at(datetime(2032, 6, 1, 12, tzinfo=UTC))
    with played.unit(NL) as unit:
        access.record(unit, actor="anna", role="support", action="view", object_="claim/now")
    assert "2026-01" not in [each.what for each in _apply(played)]


def test_a_month_that_is_not_whole_is_kept(played: World) -> None:
    _months(played)
    engine = played.database.engine(owner=True)
    try:
        with engine.begin() as connection:
            if played.database.kind == "postgres":
                connection.execute(text("SELECT set_config('kvitt.tenant', :t, true)"), {"t": NL})
                connection.execute(text("ALTER TABLE access_log DISABLE TRIGGER USER"))
            else:
                connection.execute(text("DROP TRIGGER access_log_no_update"))
            connection.execute(text("UPDATE access_log SET actor = 'nobody' WHERE month = '2026-01'"))
            if played.database.kind == "postgres":
                connection.execute(text("ALTER TABLE access_log ENABLE TRIGGER USER"))
    finally:
        engine.dispose()
    played.at(datetime(2031, 3, 1, 12, tzinfo=UTC))
    kept = {each.what: each.kept for each in _apply(played) if each.kind == "access_log"}
    assert kept["2026-01"] == "broken"
    with played.reading(NL) as unit:
        assert "2026-01" in {row["month"] for row in access.events(unit)}
    assert "access_log (broken)" in retention.nightly(played.hub, NL)
    (task,) = played.tasks(NL, "access_log_broken")
    assert "2026-01" in task["text"]["nl"]


def test_a_hub_has_terms_of_its_own_dated_and_by_country(played: World) -> None:
    own = played.hub.home / "retention.toml"
    own.write_text(
        '[[rule]]\nkind = "notice"\nfrom = 2024-01-01\ndays = 30\nbasis = "contract 4"\n'
        '[[rule]]\nkind = "notice"\nfrom = 2030-01-01\ndays = 10\nbasis = "contract 5"\n'
        '[[rule]]\nkind = "notice"\ncountry = "NO"\nfrom = 2024-01-01\ndays = 7\nbasis = "avtale"\n',
        encoding="utf-8",
    )

    def days(country: str, day: date) -> int:
        return retention.rules(played.hub.home, country, day)["notice"].days

    assert days("NL", date(2023, 12, 31)) == 730
    assert days("NL", date(2024, 1, 1)) == 30
    assert days("NL", date(2030, 1, 1)) == 10
    assert days("NO", date(2029, 1, 1)) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        'kind = "notices"\nfrom = 2024-01-01\ndays = 3\nbasis = "x"',
        'kind = "notice"\nfrom = 2024-01-01\nbasis = "x"',
        'kind = "notice"\nfrom = 2024-01-01\ndays = 3\nyears = 1\nbasis = "x"',
        'kind = "notice"\nfrom = 2024-01-01\ndays = -3\nbasis = "x"',
        'kind = "notice"\nfrom = 2024-01-01\ndays = 3\nbasis = ""',
        'kind = "notice"\ndays = 3\nbasis = "x"',
        "kind = ",
    ],
)
def test_terms_that_say_nothing_clear_are_refused(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "retention.toml").write_text(f"[[rule]]\n{wrong}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"retention\.toml cannot be read"):
        retention.rules(tmp_path, "NL", date(2026, 1, 1))


def test_incidents_are_kept_as_long_as_alerts_are_or_one_would_not_be_told(tmp_path: Path) -> None:
    rule = '[[rule]]\nkind = "incident"\nfrom = 2024-01-01\ndays = 364\nbasis = "contract 4"\n'
    (tmp_path / "retention.toml").write_text(rule, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="incidents must be kept as long as alerts"):
        retention.rules(tmp_path, "NL", date(2026, 1, 1))


def test_notices_and_sessions_go_after_their_time(played: World) -> None:
    with played.unit(NL) as unit:
        row = {"recipient": "a@x.example", "subject": "s", "body": "b", "created_at": unit.now}
        for number, state in enumerate(("sent", "waiting", "failed")):
            unit.insert(schema.notification, [row | {"id": f"n{number}", "key": f"test:{number}", "state": state}])
    played.at(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert _due(played)["notice", ""].count >= 2
    _apply(played)
    with played.reading(NL) as unit:
        left = {row["id"] for row in unit.rows(unit.mine(schema.notification)) if row["key"].startswith("test:")}
    assert left == {"n1"}, "what waits to be sent stays"
