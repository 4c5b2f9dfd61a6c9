"""A person uploads at a portal: by a day, reminded, with a reference, and compared with the portal's own list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.errors import ConfigurationError, FormatError
from hub.pipeline import uploads
from hub.pipeline.release import release
from hub.pipeline.uploads import Compared
from hub.store import parties, tasks
from hub.store.unit import Row
from tests.scenarios.world import NL, START, SUPPORT, World, nl_list

LIST = {
    "list.reference": "Uw kenmerk",
    "list.portal_reference": "Nummer",
    "list.date": "Ingediend op",
    "list.date_format": "%d-%m-%Y",
    "list.state": "Status",
    "list.refused": "Afgekeurd | Ingetrokken",
}


@pytest.fixture
def uploading(world: World) -> World:
    """Menzis's files wait for a person who uploads them."""
    outbox = world.home / "to-upload"
    outbox.mkdir()
    own = {
        "outbox": str(outbox),
        "portal": "https://portal.example",
        "reference": "{name}",
        "remind": "op@zorg.example",
    }
    with world.unit(NL) as unit:
        (mine,) = [one for one in parties.agreements(unit) if one.partner == "menzis"]
        parties.put_agreement(unit, replace(mine, channel="portal", settings=own | LIST))
    world.hand_in(nl_list())
    world.submit(NL)
    return world


def waiting(world: World) -> list[Row]:
    return [row for row in world.exchanges(NL) if row["partner"] == "menzis"]


def listed(*rows: tuple[str, str, str, str]) -> bytes:
    lines = ["Nummer;Uw kenmerk;Ingediend op;Status", *(";".join(row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def compare(world: World, data: bytes) -> Compared:
    return uploads.compare(world.hub, NL, "menzis", data, "uploads.csv", SUPPORT)


def uploaded(world: World, row: Row, reference: str = "P-1") -> None:
    release(world.hub, NL, row["invoice_number"], SUPPORT, arrived=True, evidence=reference)


def told(world: World) -> list[Row]:
    with world.reading(NL) as unit:
        return [row for row in tasks.notifications(unit) if row["key"].startswith("upload:")]


def test_every_upload_has_a_day_and_whoever_is_late_is_reminded_once_each_time(uploading: World) -> None:
    first = uploads.attend(uploading.hub, NL)
    assert len(first) == len(waiting(uploading)) == 2
    assert {each.due for each in first} == {date(2024, 1, 17)}, "two working days after Monday 15 January"
    assert {row["due"] for row in uploading.tasks(NL, "person_uploads")} == {date(2024, 1, 17)}
    assert told(uploading) == []
    for days, count in ((2, 2), (2, 2), (3, 4), (4, 4), (5, 6), (20, 8), (40, 8)):
        if uploading.clock.now() < START + timedelta(days=days):
            uploading.at(START + timedelta(days=days))
        uploads.attend(uploading.hub, NL)
        assert len(told(uploading)) == count, days
    assert {row["recipient"] for row in told(uploading)} == {"op@zorg.example"}
    assert "wacht op uploaden" in told(uploading)[0]["subject"]


def test_without_an_address_to_remind_the_organisation_that_bills_hears_it(uploading: World) -> None:
    with uploading.unit(NL) as unit:
        (mine,) = [one for one in parties.agreements(unit) if one.partner == "menzis"]
        own = {name: text for name, text in mine.settings.items() if name != "remind"} | {"upload_days": "1"}
        parties.put_agreement(unit, replace(mine, settings=own))
        agent = parties.organisations(unit, "billing_agent")[0]
    uploading.at(START + timedelta(days=1))
    assert {each.due for each in uploads.attend(uploading.hub, NL)} == {date(2024, 1, 16)}
    assert {row["recipient"] for row in told(uploading)} == {agent.invoice_email or agent.party.email}


def test_what_was_uploaded_reminds_nobody(uploading: World) -> None:
    for row in waiting(uploading):
        uploaded(uploading, row)
    uploading.at(START + timedelta(days=10))
    assert uploads.attend(uploading.hub, NL) == []
    assert told(uploading) == []


def test_the_last_day_of_the_payers_term_comes_before_the_days_a_person_has(
    uploading: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [row["invoice_number"] for row in waiting(uploading)]
    monkeypatch.setattr(uploads, "_last_days", lambda *_: {numbers[0]: date(2024, 1, 16)})
    assert {each.key: each.due for each in uploads.attend(uploading.hub, NL)} == {
        numbers[0]: date(2024, 1, 16),
        numbers[1]: date(2024, 1, 17),
    }


def test_what_the_portal_lists_and_we_do_not_count_is_proposed_and_not_believed(uploading: World) -> None:
    first, second = waiting(uploading)
    done = compare(uploading, listed(("P-77", first["name"], "16-01-2024", "Ontvangen")))
    (proposal,) = done.proposals
    assert (proposal.key, proposal.reference, proposal.day) == (first["invoice_number"], "P-77", date(2024, 1, 16))
    assert {row["state"] for row in waiting(uploading)} == {"prepared"}
    (task,) = [row for row in uploading.tasks(NL, "person_uploads") if row["exchange_id"] == first["id"]]
    assert proposal.command in task["action"]["en"]
    assert (done.missing, done.unknown, done.refused) == ((), (), ())
    assert second["invoice_number"] not in task["action"]["en"]


def test_what_we_count_and_the_portal_does_not_list_is_a_task_until_it_does(uploading: World) -> None:
    first, second = waiting(uploading)
    uploaded(uploading, first, "P-1")
    uploaded(uploading, second, "P-2")
    done = compare(uploading, listed(("P-1", "something else", "15-01-2024", "Ontvangen")))
    assert (done.agreed, done.missing) == (1, (second["invoice_number"],)), "P-1 is the reference a person recorded"
    (task,) = uploading.tasks(NL, "portal_missing")
    assert "--not-arrived" in task["action"]["nl"]
    both = listed(("P-1", "x", "15-01-2024", ""), ("P-9", second["name"].upper(), "15-01-2024", ""))
    assert compare(uploading, both).agreed == 2
    assert uploading.tasks(NL, "portal_missing") == []


def test_a_list_that_begins_later_says_nothing_about_what_was_uploaded_before(uploading: World) -> None:
    first, second = waiting(uploading)
    uploaded(uploading, first)
    assert compare(uploading, listed(("P-9", second["name"], "01-02-2024", ""))).missing == ()


def test_what_the_portal_refused_is_a_task_and_taken_later_it_is_none(uploading: World) -> None:
    first, _ = waiting(uploading)
    uploaded(uploading, first)
    no = ("P-1", first["name"], "15-01-2024", "afgekeurd")
    assert compare(uploading, listed(no)).refused == (first["invoice_number"],)
    assert len(uploading.tasks(NL, "portal_refused")) == 1
    assert compare(uploading, listed(no, ("P-2", first["name"], "16-01-2024", "Ontvangen"))).refused == ()
    assert uploading.tasks(NL, "portal_refused") == []


def test_rows_nobody_knows_and_lines_that_cannot_be_read_do_not_disappear(uploading: World) -> None:
    data = listed(
        ("P-5", "by hand 999999011", "15-01-2024", ""), ("P-6", "", "15-01-2024", ""), ("P-7", "x", "soon", "")
    )
    done = compare(uploading, data)
    assert len(done.unknown) == 1
    assert "999999011" not in done.unknown[0]
    assert done.unread == (3, 4)
    (task,) = uploading.tasks(NL, "portal_unknown")
    assert "999999011" not in task["text"]["en"]
    first, _ = waiting(uploading)
    assert compare(uploading, listed(("P-8", first["name"], "15-01-2024", ""))).unknown == ()
    assert uploading.tasks(NL, "portal_unknown") == []


def test_a_list_whose_columns_are_not_said_or_not_there_is_refused(uploading: World) -> None:
    with pytest.raises(FormatError, match="no rows"):
        compare(uploading, listed())
    with pytest.raises(FormatError, match="no column 'Uw kenmerk'"):
        compare(uploading, b"Nummer;Kenmerk\n1;2\n")
    with uploading.unit(NL) as unit:
        (mine,) = [one for one in parties.agreements(unit) if one.partner == "menzis"]
        parties.put_agreement(unit, replace(mine, settings={"outbox": "x", "portal": "y"}))
    with pytest.raises(ConfigurationError, match=r"set list\.reference"):
        compare(uploading, b"Nummer;Kenmerk\n1;2\n")


def test_what_a_portal_wrote_is_harmless_where_somebody_pastes_it(uploading: World) -> None:
    first, _ = waiting(uploading)
    (proposal,) = compare(uploading, listed(("P$(id)`id`\\!1", first["name"], "16-01-2024", ""))).proposals
    assert proposal.command.count('"') == 2
    assert not {*"$`\\!"} & {*proposal.command}
    assert "1 on the portal's list" in proposal.command
