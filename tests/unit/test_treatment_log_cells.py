"""A log with one cell put right is the same log: lines keep their numbers, torn rows stay torn, other cells as they were."""

from __future__ import annotations

import pytest

from hub.errors import ContentError
from hub.intake.table import read_table
from hub.pipeline.treatment_logs import cells_of, with_cells

LOG = (
    b"row_id;sak_id;patient_birth_date;treatment_code;start;price_nok;treatment_text\n"
    b"T1;6TST1;1979-04-12;B1010;2026-01-06 09:00:00;890.00;Forste; med semikolon\n"
    b"\n"
    b'T2;;1979-04-12;B1020;2026-01-13 09:00:00;640.00;"Oppf;olging"\n'
    b"T3;6TST1;1979-04-12;B1020;2026-01-20 09:00:00;640.00;=1+1\n"
)


def test_one_cell_changes_and_nothing_else() -> None:
    before = read_table(LOG)
    after = read_table(with_cells(LOG, "logg.csv", 4, {"sak_id": " 6TST2 ", "unknown": "x", "row_id": "T9"}))
    assert [row.line for row in after.rows] == [row.line for row in before.rows] == [2, 4, 5]
    assert [row.ragged for row in after.rows] == [True, False, False]
    assert after.rows[1].cells == ("T2", "6TST2", *before.rows[1].cells[2:])
    assert after.rows[2] == before.rows[2]


def test_the_cells_of_a_row_are_named_and_a_torn_row_has_none() -> None:
    found = cells_of(LOG, "logg.csv", [2, 4])
    assert list(found) == [4]
    assert found[4].values["sak_id"] == ""
    assert found[4].values["price"] == "640.00"
    assert cells_of(b"a;b\n1;2\n", "x.csv", [2])[2].values == {}


@pytest.mark.parametrize("line", [1, 2, 3, 99])
def test_a_row_that_cannot_be_put_right_is_said(line: int) -> None:
    with pytest.raises(ContentError):
        with_cells(LOG, "logg.csv", line, {"sak_id": "6TST2"})
