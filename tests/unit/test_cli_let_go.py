"""Files let go on the command line: the same limit as in the console, and the same second person."""

from __future__ import annotations

from hub.cli.boot import open_hub, settings_here
from hub.model.exchange import ExchangeState
from hub.store import exchanges, schema
from tests.commands import Run
from tests.unit.test_cli_payouts import ready, run

__all__ = ["ready", "run"]


def resting(run: Run) -> str:
    """A file of the story as it was before anybody let it go; gives its number."""
    (tenant,) = {each["tenant"] for each in run("payment", "list", "--json").lines()[0]["payments"]}
    hub = open_hub(settings_here())
    with hub.store.unit(tenant) as unit:
        row = unit.rows(unit.mine(schema.exchange))[0]
        values = {"released": False, "attempts": 0, "next_try_at": None}
        exchanges.force(unit, row["id"], ExchangeState.PREPARED, text="made", **values)
    hub.store.close()
    return str(row["invoice_number"])


def test_above_the_limit_release_waits_for_a_second_person(run: Run) -> None:
    number = resting(run)
    assert "let go 100000.00 EUR alone" in run("payment", "limit", "--release").out
    assert run("payment", "limit", "0.01", "--release", "--reason", "board").code == 0
    assert "give up 50.00 EUR" in run("payment", "limit").out
    asked = run("release", number)
    assert (asked.code, "kvitt payment approve 1" in asked.out) == (5, True), asked.out
    (row,) = run("payment", "approvals", "--json").lines()
    assert (row["what"], row["about"]) == ("let_go", number)
    assert run("payment", "approve", "1").code == 3
    assert run("payment", "approve", "1", by="bob").code == 0
    again = run("release", number, "--json")
    assert (again.code, again.lines()[0]["waits"]) == (0, 0)


def test_within_the_limit_one_person_is_enough(run: Run) -> None:
    done = run("release", resting(run))
    assert (done.code, "goes out with the next submission" in done.out) == (0, True), done.out
    assert run("payment", "approvals", "--json").lines() == []
