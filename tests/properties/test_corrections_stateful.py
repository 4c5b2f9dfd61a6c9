"""Whatever partners answer and people press, in whatever order: no claim is made, sent, credited or lost against its state.

One Dutch or one Norwegian claim is played with, on a real database, through the same functions that people use. The
sequences are drawn from fixed seeds with weights: drawn evenly, hardly any gets as far as a second correction.
"""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import TypeVar
from unittest.mock import patch

import pytest

from hub.errors import HubError
from hub.model.claim import ClaimKind
from hub.model.finding import Severity
from hub.pipeline import lookup, release, replacements, submit, views
from hub.pipeline.correct import correct
from hub.pipeline.replacements import AWAITS_CREDIT
from hub.policy.corrections import WITHDRAWN, Credited
from hub.programmes.corrections import read_changes
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import access, claims, exchanges, tasks
from hub.store.unit import Row, Unit
from schemas import ubl
from tests.databases import Database, sqlite_template
from tests.scenarios.bank_bytes import Paid, camt054
from tests.scenarios.test_scenario_invoices_no import invoiced, response
from tests.scenarios.vektis_bytes import Ha305, Line, refs
from tests.scenarios.world import NL, NO, SUPPORT, World, nl_list, rows_of

T = TypeVar("T")
PAYER, INSURER = "fjord-helse-test", "menzis"
BSN = "999903883"
ANSWERED = ("granted", "changed", "refused")
__all__ = ["sqlite_template"]
ASKS = b'<cac:Status><cbc:StatusReasonCode listID="OPStatusAction">CNF</cbc:StatusReasonCode></cac:Status>'


class Corrections:
    """Events of partners and people; the checks look at what is stored and at what lies at the partners."""

    def __init__(self, world: World, tenant: str, seed: int) -> None:
        self.world = world
        self.tenant = tenant
        self.random = Random(seed)
        self.numbers = count(1)
        self.released: set[str] = set()
        self.events: list[str] = []
        if tenant == NO:
            invoiced(world, 17)
            return
        world.hand_in(rows_of(nl_list(), 2))
        world.submit(NL)

    def play(self, steps: int) -> None:
        """So many events, each followed by every check; a failure tells what happened until then."""
        events = NORWEGIAN if self.tenant == NO else DUTCH
        for _ in range(steps):
            (name,) = self.random.choices(list(events), weights=list(events.values()))
            try:
                for each in (name, *CHECKS):
                    getattr(self, each)()
            except AssertionError as error:
                raise AssertionError("\n".join([*self.events, str(error)])) from error

    def told(self, *words: object) -> None:
        self.events.append(" ".join(map(str, words)))

    # People.

    def someone_corrects(self) -> None:
        ref = self.latest(self.numbers_of())
        change = self.random.choice([(), (), (), ("price=0.91",), ("therapist_hpr=9999901",), ("price=-1",)])
        alone = self.random.random() < 0.15
        before = self.numbers_of()
        try:
            done = correct(self.world.hub, self.tenant, ref, read_changes(change), SUPPORT, credit_only=alone)
        except HubError:
            assert self.numbers_of() == before, "what is refused makes and numbers nothing"
        else:
            self.told("correct", ref, change, done.way, done.credit, done.replacement, done.again)

    def the_power_fails_while_someone_corrects(self) -> None:
        ref = self.latest(self.numbers_of())
        before = self.numbers_of()
        crash = patch.object(access, "record", side_effect=KeyboardInterrupt)
        with crash, suppress(KeyboardInterrupt, HubError):
            correct(self.world.hub, self.tenant, ref, read_changes(()), SUPPORT)
        self.world.restart()
        assert self.numbers_of() == before

    def someone_releases(self) -> None:
        ref = self.latest(self.numbers_of())
        held = self.world.claims(self.tenant)[ref].hold
        try:
            release.release(self.world.hub, self.tenant, ref, SUPPORT)
        except HubError:
            return
        self.told("release", ref, held)
        assert held not in (AWAITS_CREDIT, WITHDRAWN)
        if held:
            self.released.add(ref)

    def the_night_sends(self) -> None:
        with self.world.reading(self.tenant) as unit:
            self.nothing_forbidden_is_ready(unit)
        self.told("submit")
        self.world.submit(self.tenant)

    def the_night_stops_before_it_sends(self) -> None:
        self.told("prepare")
        submit.prepare(self.world.hub, self.tenant)

    # Partners.

    def the_insurer_answers(self) -> None:
        sent = self.latest([data for data in self.world.sent(INSURER) if refs(data)])
        said = self.random.choice(["yes", "yes", "all", "no", "no", "less", "clearing"])
        award = int(next(line for line in sent.decode("latin-1").split("\r\n") if line[:2] == "04")[115:123])
        verdict = {"yes": Line(award), "less": Line(min(award, 55))}.get(said, Line(0, [("0403", "101")]))
        self.told("insurer", said, refs(sent))
        number = next(self.numbers)
        data = Ha305(sent=sent, lines={} if said == "all" else {BSN: verdict}, payer_ref=f"INS-{number}").bytes()
        meta = {"sent_by": "clearing"} if said == "clearing" else {}
        self.world.answer(NL, data, name=f"nl-{number}", meta=meta)

    def the_payer_responds(self) -> None:
        number = self.latest(self.sent_numbers())
        said = self.random.choice(["AP", "RE", "RE", "RE", "CNF", "CNF", "AB", "UQ"])
        self.told("payer", said, number)
        data = response(number, "RE" if said == "CNF" else said, id_=f"IR-{next(self.numbers)}")
        if said == "CNF":
            data = data.replace(b"</cac:Response>", ASKS + b"</cac:Response>")
        self.world.answer(NO, data, name=f"ir-{next(self.numbers)}")

    def the_network_responds(self) -> None:
        number, said = self.latest(self.sent_numbers()), self.random.choice(["RE", "RE", "AP"])
        self.told("network", said, number)
        level = response(number, said, id_=f"MLR-{next(self.numbers)}")
        for name in (b"trns:invoice_response:3", b"bis:invoice_response:3"):
            level = level.replace(name, name.replace(b"invoice_response", b"mlr"))
        self.world.answer(NO, level, name=f"mlr-{next(self.numbers)}")

    def the_payer_pays(self) -> None:
        with self.world.reading(NO) as unit:
            sent = self.sent_numbers()
            kids = sorted({row["kid"] for row in claims.find(unit) if row["kid"] and row["invoice_number"] in sent})
        number, amount = next(self.numbers), self.random.choice(["100.00", "890.00", "890.00"])
        self.told("pays", amount)
        kid = self.latest(kids)
        paid = Paid(amount=amount, kid=kid, account=PAYER_ACCOUNTS[PAYER], end_to_end=f"E{number}")
        self.world.bank(NO, f"paid-{number}.xml", camt054(paid, message=f"M-{number}"))

    def days_pass(self) -> None:
        self.told("days pass")
        self.world.at(self.world.clock.now() + timedelta(days=4))
        self.world.settle(NO)

    # What holds after every step.

    def money_is_conserved(self) -> None:
        for tenant in (self.tenant,):
            wrong = [one for one in self.world.conservation(tenant) if one.severity is not Severity.WARNING]
            assert wrong == []

    def numbers_are_gap_free_and_used_once(self) -> None:
        for tenant, first, stem in ((NL, 1, "R"), (NO, 10001, "")):
            with self.world.reading(tenant) as unit:
                rows = [row for row in claims.find(unit) if replacements.REISSUED not in row["ref"]]
            numbers = sorted(int(row["ref"].removeprefix(stem)) for row in rows)
            assert numbers == list(range(first, first + len(numbers)))
            kids = [row["kid"] for row in rows if row["kid"]]
            assert len(kids) == len(set(kids))

    def nothing_was_sent_twice(self) -> None:
        sent = Counter(ref for data in self.world.sent(INSURER) for ref in refs(data).values())
        with self.world.reading(NL) as unit:
            refused = Counter(
                row["ref"].partition("~")[0] for row in claims.find(unit) if replacements.REISSUED in row["ref"]
            )
        again = {ref for ref, times in sent.items() if times > 1}
        assert again <= set(refused) | self.cleared(), "only what the clearing house refused goes under the same name"

    def one_claim_for_one_need(self) -> None:
        """Of what may still be paid at most one is not for a person to settle."""
        for tenant in (NL, NO):
            with self.world.reading(tenant) as unit:
                live = [row for row in claims.find(unit) if self.may_be_paid(unit, row)]
                told = {row["kind"] for row in tasks.open_tasks(unit)}
            doubts = {"granted_after_correction", "answered_after_refusal", "debit_without_credit", "credit_unfit"}
            assert len(live) <= 1 or told & doubts or self.released & {row["ref"] for row in live}, [
                row["ref"] for row in live
            ]

    def credits_take_back_once(self) -> None:
        with self.world.reading(NL) as unit:
            told = {row["kind"] for row in tasks.open_tasks(unit)}
            for row in claims.find(unit):
                live = [
                    each
                    for each in replacements.standing(unit, row["ref"], ClaimKind.CREDIT)
                    if self.verdict(unit, each) != "refused"
                ]
                assert len(live) <= 1 or "credit_unfit" in told

    def everything_is_settled_waits_for_a_reason_or_has_a_task(self) -> None:
        for tenant in (NL, NO):
            with self.world.unit(tenant) as unit:
                for view in views.claim_views(unit):
                    assert lookup.why(self.world.hub, unit, view)["nl"]
                for row in claims.find(unit):
                    assert self.has_a_reason(unit, row), (row["ref"], row["hold_code"], self.verdict(unit, row))

    # How the checks see it.

    def nothing_forbidden_is_ready(self, unit: Unit) -> None:
        for row in claims.find(unit):
            if row["hold_code"] or not replacements.at_rest(unit, row) or row["ref"] in self.released:
                continue
            assert self.verdict(unit, row) not in ANSWERED or row["kind"] == "credit", row["ref"]
            original = claims.by_ref(unit, row["corrects"]) if row["corrects"] else None
            if original is None or original["hold_code"] == WITHDRAWN:
                continue
            said = self.verdict(unit, original)
            if row["kind"] == "credit":
                granted = sum(line["granted_minor"] for line in claims.lines(unit, [original["id"]]))
                back = -sum(line["amount_minor"] for line in claims.lines(unit, [row["id"]]))
                assert (said == "refused") if row["country"] == "NO" else (said in ANSWERED and back == granted > 0)
            else:
                taken_back = replacements.credited(unit, original["ref"]) is Credited.ACCEPTED
                assert said == "refused" or (row["country"] == "NL" and taken_back), (row["ref"], said)

    def may_be_paid(self, unit: Unit, row: Row) -> bool:
        if row["kind"] != "debit" or row["hold_code"] or self.verdict(unit, row) == "refused":
            return False
        return replacements.credited(unit, row["ref"]) is not Credited.ACCEPTED

    def has_a_reason(self, unit: Unit, row: Row) -> bool:
        exchange = exchanges.get(unit, row["exchange_id"]) if row["exchange_id"] else None
        open_tasks = tasks.open_tasks(unit)
        if any(task["claim_ref"] == row["ref"] for task in open_tasks):
            return True
        if exchange and any(task["exchange_id"] == exchange["id"] for task in open_tasks):
            return True
        if row["hold_code"]:
            waits = replacements.credited(unit, row["corrects"]) is Credited.WAITING if row["corrects"] else False
            return row["hold_code"] == WITHDRAWN or (row["hold_code"] == AWAITS_CREDIT and waits)
        said = self.verdict(unit, row)
        if said == "refused":
            taken = replacements.owes_nothing(unit, row) if row["kind"] == "credit" else False
            return taken or bool(replacements.standing(unit, row["ref"]))
        if said in ANSWERED:
            return True  # granted: paid, or waiting for its money
        return exchange is None or exchange["state"] in ("prepared", "sent", "delivered")

    def verdict(self, unit: Unit, row: Row) -> str:
        (line,) = claims.lines(unit, [row["id"]])
        return str(line["verdict"])

    def cleared(self) -> set[str]:
        with self.world.reading(NL) as unit:
            events = [event for row in exchanges.find(unit) for event in exchanges.history(unit, row["id"])]
        return {event["text"] for event in events if event["kind"] == "fault"}

    def sent_numbers(self) -> list[str]:
        return [ubl.read(data).number for data in self.world.sent(PAYER)]

    def numbers_of(self) -> list[str]:
        return sorted(self.world.claims(self.tenant))

    def latest(self, found: list[T]) -> T:
        """Mostly one of the newest: what is long done seldom changes anything."""
        back = min(int(self.random.expovariate(0.7)), len(found) - 1)
        return found[-1 - back]


CHECKS = (
    "money_is_conserved",
    "numbers_are_gap_free_and_used_once",
    "nothing_was_sent_twice",
    "one_claim_for_one_need",
    "credits_take_back_once",
    "everything_is_settled_waits_for_a_reason_or_has_a_task",
)
PEOPLE = {
    "someone_corrects": 6,
    "the_power_fails_while_someone_corrects": 1,
    "someone_releases": 1,
    "the_night_sends": 4,
    "the_night_stops_before_it_sends": 1,
}
DUTCH = PEOPLE | {"the_insurer_answers": 8}
NORWEGIAN = PEOPLE | {"the_payer_responds": 5, "the_network_responds": 2, "the_payer_pays": 1, "days_pass": 1}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tenant", [NL, NO])
def test_corrections_in_any_order(sqlite_template: Path, tmp_path: Path, tenant: str, seed: int) -> None:
    file = tmp_path / "kvitt.db"
    shutil.copy(sqlite_template, file)
    database = Database(kind="sqlite", url=f"sqlite:///{file}", owner_url=f"sqlite:///{file}", file=file)
    world = World.begin(database, tmp_path / "hub")
    try:
        Corrections(world, tenant, seed).play(30)
    finally:
        world.hub.store.close()
