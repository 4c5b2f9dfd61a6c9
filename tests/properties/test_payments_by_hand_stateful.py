"""Whatever people decide about payments, in whatever order: settling changes nothing of it, and no money is lost.

The sequences are drawn from fixed seeds, on a real database, through the functions that people use.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from hub.errors import HubError
from hub.ledger.accounts import NoClaim
from hub.model.money import Money
from hub.pipeline import by_hand
from hub.pipeline.context import Actor
from hub.pipeline.wanted import Wanted
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import money, resolutions, schema
from hub.store.unit import Row
from tests.databases import Database, sqlite_template
from tests.scenarios.bank_bytes import Paid, camt054, ocr
from tests.scenarios.test_scenario_money_no import invoiced, kid_of
from tests.scenarios.test_scenario_payments_by_hand import debit
from tests.scenarios.world import NO, World

__all__ = ["sqlite_template"]
ANN = Actor(name="ann", role="finance")
NORD = PAYER_ACCOUNTS["forsikring-nord-test"]
EVENTS = {
    "allocates": 6,
    "sets_aside": 2,
    "undoes": 4,
    "undoes_by": 2,
    "returns": 3,
    "leaves": 1,
    "says_same": 2,
    "says_another": 2,
    "money_comes": 5,
}


class ByHand:
    """People and the bank; after every event `settle` runs twice and everything is compared."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = Random(seed)
        self.told: list[str] = []
        self.done = 0
        invoiced(world, 3, 4, 10, 13)
        self.kid = kid_of(world, "6TST1")
        world.bank(NO, "a.txt", ocr((64000, self.kid), day="210426"))
        world.bank(NO, "b.xml", camt054(Paid(amount="640.00", kid=self.kid, account=NORD, booked="2026-04-22")))

    def play(self, steps: int) -> None:
        for step in range(steps):
            (name,) = self.random.choices(list(EVENTS), weights=list(EVENTS.values()))
            try:
                getattr(self, name)(step)
            except HubError as error:
                self.told.append(f"{name}: refused, {error}")
            else:
                self.told.append(name)
                self.done += name != "money_comes"
            self.settles()

    def settles(self) -> None:
        """Settling keeps every decision, and doing it again does nothing at all."""
        before = self.decided()
        self.world.settle(NO)
        after = self.decided()
        assert {key: after.get(key) for key in before} == before, self.told
        assert self.world.conservation(NO) == [], self.told
        everything = self.everything()
        self.world.settle(NO)
        assert self.everything() == everything, self.told

    def decided(self) -> dict[str, Row]:
        """Whatever a person decided: the bookings concerned, allocations and decisions."""
        with self.world.reading(NO) as unit:
            rows = {row["id"]: row for row, _ in money.payments(unit)}
            kept = {id_: row for id_, row in rows.items() if row["matched"] in ("by_hand", "same", "reversed")}
            made = [row for row in money.allocations(unit) if row["by"] != "hub"]
            said = unit.rows(unit.mine(schema.resolution))
        return kept | {row["id"]: row for row in (*made, *said)}

    def everything(self) -> tuple[object, ...]:
        with self.world.reading(NO) as unit:
            tables = (
                schema.payment,
                schema.posting,
                schema.allocation,
                schema.resolution,
                schema.decision,
                schema.task,
            )
            return tuple(sorted(map(str, unit.rows(unit.mine(table)))) for table in tables)

    def payment(self, *states: str) -> str:
        rows = [row for row in self.world.payments(NO) if not states or row["matched"] in states]
        return str(self.random.choice(rows or self.world.payments(NO))["id"])

    def claim(self) -> str:
        return self.random.choice(sorted(self.world.claims(NO)))

    def amount(self) -> str:
        return self.random.choice(["1.00", "40.00", "100.00", "320.00", "5000.00"])

    def allocates(self, _: int) -> None:
        refs = self.random.sample(sorted(self.world.claims(NO)), 2)
        wanted = [Wanted(claim=ref, amount=self.random.choice([None, self.amount(), self.amount()])) for ref in refs]
        by_hand.allocate(self.world.hub, NO, self.payment(), wanted[: self.random.randint(1, 2)], ANN)

    def sets_aside(self, _: int) -> None:
        amount = self.random.choice([None, Money(1000, "NOK")])
        by_hand.allocate(self.world.hub, NO, self.payment(), [], ANN, aside=(NoClaim.OTHER, amount))

    def undoes(self, _: int) -> None:
        claims = [self.claim()] if self.random.random() < 0.4 else []
        by_hand.undo(self.world.hub, NO, self.payment(), ANN, reason="wrong", claim_refs=claims)

    def undoes_by(self, _: int) -> None:
        by_hand.undo_by(self.world.hub, NO, self.payment("posted", "by_hand"), self.payment("review"), ANN)

    def returns(self, _: int) -> None:
        amount = self.random.choice([None, Money(10000, "NOK")])
        by = self.payment("review") if self.random.random() < 0.3 else ""
        by_hand.give_back(self.world.hub, NO, self.payment(), ANN, reason="x", amount=amount, by=by)

    def leaves(self, _: int) -> None:
        by_hand.leave(self.world.hub, NO, self.payment("review"), ANN, reason="known")

    def says_same(self, _: int) -> None:
        by_hand.same(self.world.hub, NO, self.payment("review"), self.payment(), ANN, reason="seen")

    def says_another(self, _: int) -> None:
        by_hand.another(self.world.hub, NO, self.payment("review"), ANN, reason="seen")

    def money_comes(self, step: int) -> None:
        day = f"2026-04-{22 + step % 8:02d}"
        kid = self.random.choice(["", "", self.kid])
        paid = Paid(amount=self.random.choice(["640.00", "890.00", "2000.00"]), kid=kid, account=NORD, booked=day)
        data = camt054(paid, message=f"M{step}")
        kind = self.random.choice(["in", "in", "in", "in", "reversal", "out"])
        if kind != "in":
            data = debit(data, reversal=kind == "reversal")
        self.world.bank(NO, f"m{step}.xml", data)


@pytest.mark.parametrize("seed", range(4))
def test_settling_changes_nothing_a_person_decided(seed: int, tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "kvitt.db"
    shutil.copy(sqlite_template, file)
    database = Database(kind="sqlite", url=f"sqlite:///{file}", owner_url=f"sqlite:///{file}", file=file)
    world = World.begin(database, tmp_path / "hub")
    try:
        play = ByHand(world, seed)
        play.play(40)
        with world.reading(NO) as unit:
            kinds = {row["kind"] for row in resolutions.of_kind(unit, *("allocate", "undo", "return", "same"))}
        assert play.done >= 10, play.told
        assert kinds, play.told
    finally:
        world.hub.store.close()
