"""Tariffs and registers: what is in force on a day, with its source; nothing about persons."""

from __future__ import annotations

from datetime import date

from hub.store import reference
from hub.store.reference import ReferenceRow
from tests.web.consoles import NL, Console


def test_tariffs_in_force_on_a_day_with_their_source(console: Console) -> None:
    rows = [
        ReferenceRow(
            code="PMO:*:test",
            body={"module": "PMO", "payer": "9901", "amount": amount},
            valid_from=date(year, 1, 1),
            valid_to=date(year, 12, 31),
            source="Contract 17",
        )
        for year, amount in ((2031, "7.31"), (2032, "7.33"))
    ]
    with console.hub.store.unit(NL) as unit:
        reference.put(unit, "tariff", rows)
    person = console.login("support")
    body = person.see("/registers?kind=tariffs&on=2032-06-01")
    assert ("7.33" in body, "7.31" in body, "Contract 17" in body) == (True, False, True)
    body = person.see("/registers?kind=tariffs&q=9901")
    assert ("7.33" in body, "7.31" in body) == (True, True)
    assert "9901" not in person.see("/registers?kind=tariffs&on=2030-06-01")


def test_a_long_register_is_paged(console: Console) -> None:
    rows = [
        ReferenceRow(code=f"{7000 + n}", body={"name": f"Insurer {n:03d}"}, valid_from=date(2024, 1, 1))
        for n in range(150)
    ]
    with console.hub.store.unit(NL) as unit:
        reference.put(unit, "uzovi", rows)
    person = console.login("finance")
    first = person.see("/registers?kind=uzovi&q=insurer")
    assert ("Insurer 099" in first, "Insurer 100" in first) == (True, False)
    assert "Insurer 100" in person.see("/registers?kind=uzovi&q=insurer&turn=1")


def test_lists_about_persons_are_not_there_and_a_wrong_day_is_said(console: Console) -> None:
    person = console.login("support", "NO")
    for kind in ("assignments", "coverage", "nothing"):
        assert person.get(f"/registers?kind={kind}").status_code == 404
    assert 'role="alert"' in person.see("/registers?kind=tariffs&on=someday")
