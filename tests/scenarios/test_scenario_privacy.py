"""What is about a person stands nowhere in the open: not in the database, its log, the hub's log, or a file's name."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from hub import log
from hub.store import exchanges, inbounds, schema, tasks
from tests.scenarios.bank_bytes import Paid, camt053, camt054
from tests.scenarios.vektis_bytes import Ha305, Line
from tests.scenarios.world import NL, NO, OTHER_PRACTICE, SPRING_2026, World, nl_list, no_log

PAYER_NAME = "Betalende-Persoon-Proef"


def dutch() -> set[str]:
    """Everything personal in both example lists that is long enough to be looked for."""
    found: set[str] = set()
    for name in ("nl_ion_export_2024Q1.csv", "nl_practice2_2024Q1.csv"):
        for row in csv.DictReader(nl_list(name).decode().splitlines(), delimiter=";"):
            bsn = "".join(row["bsn"].split())
            found |= {row["bsn"], bsn, row["achternaam"], row["verzekerdennummer"]}
            day = row["geboortedatum"].split("-")
            found |= {row["geboortedatum"], f"{day[2]}-{day[1]:0>2}-{day[0]:0>2}", row["postcode"]}
    return {one for one in found if len(one) >= 7}


def norwegian() -> set[str]:
    """Everything personal in the treatment log."""
    found: set[str] = set()
    for row in csv.DictReader(no_log().decode().splitlines(), delimiter=";"):
        found |= {row["patient_fnr"], row["patient_birth_date"], row["therapist_name"]}
    return found


@pytest.fixture
def played(world: World) -> Iterator[World]:
    """Both countries from list to money, with the hub's log open all the time."""
    with log.open_log(world.home / "log", level="DEBUG"):
        world.hand_in(nl_list())
        world.hand_in(nl_list("nl_practice2_2024Q1.csv"), practice=OTHER_PRACTICE)
        world.hand_in(nl_list().replace(b"7511 AA;1;", b"7511 AA;2;"))
        world.submit(NL)
        sent = next(data for data in world.sent("menzis") if data[26:30] == b"3332")
        world.answer(NL, Ha305(sent=sent, lines={"999931428": Line(0, [("0403", "101")])}).bytes())
        world.bank(NL, "nl.xml", camt053(Paid(amount="1.00", text="onbekend", name=PAYER_NAME), currency="EUR"))
        world.at(SPRING_2026)
        world.log_in(no_log())
        world.submit(NO)
        world.bank(NO, "no.xml", camt054(Paid(amount="890.00", text="?", name=PAYER_NAME)))
        yield world


def _stored(world: World) -> bytes:
    """Every byte the database holds: SQLite's files, or every value of every row (bytes as hexadecimal)."""
    file = world.database.file
    if file is not None:
        return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
    rows: list[str] = []
    for tenant in (NL, NO):
        with world.reading(tenant) as unit:
            for table in schema.metadata.sorted_tables:
                statement = text(f"SELECT t::text FROM {table.name} t")  # noqa: S608 -- a table of ours
                rows += unit.connection.execute(statement).scalars()
    return "\n".join(rows).encode()


def _found(haystack: bytes, needles: set[str]) -> set[str]:
    forms = {needle: (needle.encode(), needle.encode("latin-1"), needle.encode().hex().encode()) for needle in needles}
    return {needle for needle, shapes in forms.items() if any(shape in haystack for shape in shapes)}


def test_the_database_holds_no_personal_value_in_the_open(played: World) -> None:
    stored = _stored(played)
    assert len(stored) > 100_000
    assert b"R000000001" in stored, "this is where the claims are"
    assert b"menzis" in stored
    assert _found(stored, dutch() | norwegian() | {PAYER_NAME}) == set()


def test_no_log_line_name_task_or_notification_shows_a_person(played: World) -> None:
    needles = dutch() | norwegian() | {PAYER_NAME}
    logged = b"".join(path.read_bytes() for path in (played.home / "log").iterdir())
    assert b'"intake"' in logged
    assert _found(logged, needles) == set()
    names = "\n".join(str(path.relative_to(played.home)) for path in played.home.rglob("*"))
    assert "debit-1" in names
    assert _found(names.encode(), needles) == set()
    for tenant in (NL, NO):
        with played.reading(tenant) as unit:
            told = [
                *(str([row["name"], row["business_key"], row["meta"], row["note"]]) for row in exchanges.find(unit)),
                *(str([row["meta"], row["note"], row["findings"]]) for row in inbounds.find(unit)),
                *(str([row["text"], row["action"], row["evidence"]]) for row in tasks.open_tasks(unit)),
                *(str([row["subject"], row["body"]]) for row in tasks.notifications(unit)),
            ]
        assert told
        assert _found("\n".join(told).encode(), needles) == set()


def test_the_search_looks_for_what_was_handed_in() -> None:
    handed_in = nl_list() + nl_list("nl_practice2_2024Q1.csv") + no_log()
    plain = {needle for needle in dutch() if "-" not in needle or not needle[:4].isdigit()} | norwegian()
    assert _found(handed_in + handed_in.replace(b" ", b""), plain) == plain
    assert {"999903883", "Vrolijke-Testpaal", "12847948459"} <= plain
