"""A payer's specification explains a lump sum line by line, whichever of the two comes first; doubts are held."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import openpyxl
import pytest

from hub.ledger.accounts import Account, NoClaim
from hub.model.money import Money
from hub.pipeline import by_hand, credit, payment_views
from hub.pipeline.context import Actor
from hub.pipeline.wanted import Wanted
from hub.sandbox.example import PAYER_ACCOUNTS
from hub.store import inbounds, money, specifications
from hub.store.unit import Row
from tests.scenarios.bank_bytes import Paid, camt053
from tests.scenarios.vektis_bytes import Ha305, refs
from tests.scenarios.world import NL, World, nl_list, rows_of

ANN = Actor(name="ann", role="finance")
VGZ = PAYER_ACCOUNTS["vgz"]
HEADER = (
    "Declaratienummer VGZ",
    "Uw factuurnummer",
    "Te betalen bedrag",
    "Verrekend met declaratienummer VGZ",
    "Verrekend met uw factuurnummer",
    "Verrekend bedrag",
    "Opmerking",
)


def csv(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    """A specification as VGZ's map reads it."""
    return ("\r\n".join(";".join(row) for row in (header, *rows)) + "\r\n").encode("cp1252")


def xlsx(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    """The same as a workbook, with amounts as numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(header))
    for row in rows:
        sheet.append([float(cell.replace(",", ".")) if "," in cell else cell for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def vgz_batch(world: World, *, answered: bool = True) -> str:
    """Two lines of 0.91 each, sent to VGZ in one file; gives its number."""
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent("vgz") if len(refs(data)) == 2]
    if answered:
        world.answer(NL, Ha305(sent=sent).bytes(), name="grant-2024")
    return sent[80:92].decode().strip()


def vgz_credit(world: World) -> tuple[str, str]:
    """One line of 2023Q4 granted, paid and credited in full; gives the credit's reference and its file's number."""
    lines = nl_list().decode().splitlines()
    at = next(number for number, line in enumerate(lines, start=1) if ";7095;" in line)
    world.hand_in(rows_of(nl_list(), at).replace(b"01-01-2024", b"01-10-2023"), period="2023Q4")
    world.submit(NL)
    (debit,) = world.sent("vgz")
    world.answer(NL, Ha305(sent=debit).bytes(), name="grant-2023")
    paid = Paid(amount="0.91", text=f"factuur {debit[80:92].decode().strip()}", account=VGZ, booked="2024-01-16")
    world.bank(NL, "old.xml", camt053(paid, currency="EUR", message="OLD"))
    ref = credit.credit(world.hub, NL, next(iter(refs(debit).values())))
    world.submit(NL)
    (made,) = [data for data in world.sent("vgz") if data != debit]
    world.answer(NL, Ha305(sent=made).bytes(), name="grant-credit")
    assert world.claims(NL)[ref].money.outstanding.minor == -91
    return ref, made[80:92].decode().strip()


def lump(world: World, amount: str, text: str = "VGZ betaling week 6", name: str = "feb.xml") -> None:
    """VGZ pays in one amount."""
    paid = Paid(amount=amount, text=text, account=VGZ, booked="2024-02-05")
    world.bank(NL, name, camt053(paid, currency="EUR", message=name))


def specify(world: World, payload: bytes, name: str = "betaalspecificatie.csv") -> str:
    """A specification arrives by hand; gives the state it ends in."""
    (done,) = world.answer(NL, payload, name=name)
    world.settle(NL)
    return done.state


def last(world: World) -> Row:
    """The newest booking."""
    return world.payments(NL)[-1]


def stored(world: World) -> list[str]:
    """What of the specifications no booking settled yet, by state."""
    with world.reading(NL) as unit:
        return [row["state"] for row, _ in specifications.unexplained(unit)]


@pytest.mark.parametrize("first", ["specification", "booking"])
@pytest.mark.parametrize("form", [csv, xlsx], ids=["csv", "xlsx"])
def test_a_lump_sum_less_a_credit_and_an_advance_is_explained_in_either_order(
    world: World, first: str, form: object
) -> None:
    credited, credit_file = vgz_credit(world)
    world.at(datetime(2024, 1, 20, 8, tzinfo=UTC))
    number = vgz_batch(world)
    rows = (
        ("900001", number, "1,82", "900000", credit_file, "-0,91", ""),
        ("", "", "", "", "", "-0,50", "Salderen voorschot"),
    )
    payload = form(*rows)  # type: ignore[operator]
    name = "betaalspecificatie.xlsx" if form is xlsx else "betaalspecificatie.csv"
    world.at(datetime(2024, 2, 5, 8, tzinfo=UTC))
    if first == "booking":
        lump(world, "0.41")
        assert last(world)["matched"] == "review"
    assert specify(world, payload, name) == inbounds.PROCESSED
    if first == "specification":
        assert stored(world) == ["waiting"]
        lump(world, "0.41")

    views = world.claims(NL)
    mine = [view for view in views.values() if view.invoice_number in (number, credit_file)]
    assert len(mine) == 3
    assert {view.money.outstanding.minor for view in mine} == {0}
    assert views[credited].money.netted.minor == -91
    assert sum(view.money.received.minor for view in mine) == 91
    payment = last(world)
    assert (payment["matched"], payment["tier"], payment["evidence"]["code"]) == ("posted", "T2", "specification")
    assert world.tasks(NL, "payment_review") == []
    with world.unit(NL) as unit:
        aside = [row for row in money.postings(unit, payment_id=payment["id"]) if Account.NO_CLAIM in row.pair]
        shown = payment_views.shown(world.hub, unit, payment["id"], ANN)
    assert [(row.reason, row.into(Account.NO_CLAIM).minor) for row in aside] == [("advance", 50)]
    assert [line["netting_minor"] for line in shown["specification"]] == [-91, -50]
    assert (shown["unallocated_minor"], shown["suggestions"]) == (0, [])
    assert stored(world) == []
    before = world.counts(NL)
    other = csv(*reversed(rows)) if form is xlsx else xlsx(*rows)
    assert specify(world, other, "again.xlsx" if form is csv else "again.csv") == inbounds.DUPLICATE
    assert world.counts(NL) == before


def test_a_sum_that_differs_is_held_with_the_difference_and_a_person_decides(world: World) -> None:
    number = vgz_batch(world)
    assert specify(world, csv(("900001", number, "1,82", "", "", "", ""))) == inbounds.PROCESSED
    lump(world, "1.72", f"VGZ {number}")
    payment = last(world)
    assert (payment["matched"], payment["evidence"]["code"]) == ("review", "specification_differs")
    (task,) = world.tasks(NL, "specification_differs")
    assert "1.82 EUR, here 1.72 EUR" in task["text"]["nl"]
    assert stored(world) == ["held"]
    assert {view.money.received.minor for view in world.claims(NL).values()} == {0}
    world.settle(NL)
    assert len(world.tasks(NL)) == len({task["key"] for task in world.tasks(NL)})

    first, second = sorted(view.ref for view in world.claims(NL).values() if view.invoice_number == number)
    wanted = [Wanted(claim=first), Wanted(claim=second, amount="0.81")]
    by_hand.allocate(world.hub, NL, payment["id"], wanted, ANN, reason="the payer says that 0.10 follows")
    assert world.tasks(NL, "specification_differs") == []
    before = (world.payments(NL), world.counts(NL))
    world.settle(NL)
    assert (world.payments(NL), world.counts(NL)) == before


def test_a_line_that_is_not_what_is_open_waits_and_is_settled_when_it_is(world: World) -> None:
    number = vgz_batch(world, answered=False)
    specify(world, csv(("900001", number, "1,82", "", "", "", "")))
    lump(world, "1.82")
    (task,) = world.tasks(NL, "specification_differs")
    assert "amount differs (1.82 EUR, here 0.00 EUR)" in task["text"]["en"]
    (sent,) = world.sent("vgz")
    world.answer(NL, Ha305(sent=sent).bytes(), name="grant-late")
    world.settle(NL)
    assert last(world)["matched"] == "posted"
    assert world.tasks(NL, "specification_differs") == []
    assert stored(world) == []


def test_a_netting_nobody_can_place_is_for_a_person(world: World) -> None:
    number = vgz_batch(world)
    rows = (("900001", number, "1,82", "", "", "", ""), ("", "", "", "", "", "-0,10", "Diversen"))
    specify(world, csv(*rows))
    lump(world, "1.72")
    (task,) = world.tasks(NL, "specification_differs")
    assert "line 3: remark unknown" in task["text"]["en"]
    payment = last(world)
    refs_ = sorted(view.ref for view in world.claims(NL).values() if view.invoice_number == number)
    aside = (NoClaim.COST_CEILING, Money(-10, "EUR"))
    wanted = [Wanted(claim=ref) for ref in refs_]
    by_hand.allocate(world.hub, NL, payment["id"], wanted, ANN, reason="letter of 1 February", aside=aside)
    assert {world.claims(NL)[ref].money.outstanding.minor for ref in refs_} == {0}
    assert world.conservation(NL) == []
    by_hand.undo(world.hub, NL, payment["id"], ANN, reason="no")
    with world.reading(NL) as unit:
        rows_ = [row for row in money.postings(unit, payment_id=payment["id"]) if Account.NO_CLAIM in row.pair]
    assert {row.reason for row in rows_} == {"cost_ceiling"}
    assert sum(row.into(Account.NO_CLAIM).minor for row in rows_) == 0
    assert {world.claims(NL)[ref].money.outstanding.minor for ref in refs_} == {91}


def test_two_equal_lump_sums_are_told_apart_by_what_their_text_names_or_not_at_all(world: World) -> None:
    number = vgz_batch(world)
    lump(world, "1.82", "VGZ een", "one.xml")
    lump(world, "1.82", "VGZ twee", "two.xml")
    specify(world, csv(("900001", number, "1,82", "", "", "", "")))
    assert [row["matched"] for row in world.payments(NL)] == ["review", "review"]
    lump(world, "1.82", f"VGZ/900001/{number}", "three.xml")
    named = [row for row in world.payments(NL) if row["matched"] == "posted"]
    assert len(named) == 1
    assert stored(world) == []


def test_a_specification_of_what_is_settled_already_stands_beside_it(world: World) -> None:
    number = vgz_batch(world)
    lump(world, "1.82", f"factuur {number}")
    assert last(world)["matched"] == "posted"
    before = world.counts(NL)
    specify(world, csv(("900001", number, "1,82", "", "", "", "")))
    assert world.counts(NL) == before
    assert stored(world) == []
    with world.unit(NL) as unit:
        assert payment_views.shown(world.hub, unit, last(world)["id"], ANN)["specification"]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (csv(("1", "KV1", "tien", "", "", "", ""), ("2", "KV2", "1,00", "", "", "5,00", "")), "line 2: column Te"),
        (csv(("1", "KV1", "1,00", "", "", "", ""), ("", "Totaal", "2,00", "", "", "", "")), "2.00 EUR in total"),
        (csv(("", "", "1,00", "", "", "", "")), "without a number"),
    ],
)
def test_a_specification_that_cannot_be_read_is_kept_for_a_person(world: World, payload: bytes, said: str) -> None:
    (done,) = world.answer(NL, payload, name="spec.csv")
    assert done.state == inbounds.UNREADABLE
    assert said in done.note
    assert world.tasks(NL, "unreadable")
    assert stored(world) == []


def test_a_list_with_other_columns_is_no_specification(world: World) -> None:
    (done,) = world.answer(NL, csv(("1", "2"), header=("Nummer", "Bedrag")), name="list.csv")
    assert done.state == inbounds.UNREADABLE


@pytest.mark.parametrize(
    ("uzovi", "partner", "header", "row"),
    [
        (
            "3313",
            "zilveren-kruis",
            (
                "Factuurnummer",
                "Declaratienummer Zilveren Kruis",
                "Toegekend bedrag",
                "Verrekend met factuurnummer",
                "Verrekend",
                "Omschrijving",
            ),
            ("{number}", "Z-1", "€ {amount}", "", "", ""),
        ),
        (
            "7119",
            "cz",
            (
                "Archiefnummer",
                "Notakenmerk",
                "Uitbetaald bedrag",
                "Verrekend archiefnummer",
                "Verrekend notakenmerk",
                "Verrekend bedrag",
                "Toelichting",
            ),
            ("A-1", "{number}", "{amount}", "", "", "", ""),
        ),
    ],
)
def test_every_partner_has_columns_of_its_own(
    world: World, uzovi: str, partner: str, header: tuple[str, ...], row: tuple[str, ...]
) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent(partner) if data[26:30].decode() == uzovi]
    world.answer(NL, Ha305(sent=sent).bytes(), name="grant")
    number = sent[80:92].decode().strip()
    owed = sum(view.money.outstanding.minor for view in world.claims(NL).values() if view.invoice_number == number)
    amount = f"{owed // 100},{owed % 100:02d}"
    specify(world, csv(tuple(cell.format(number=number, amount=amount) for cell in row), header=header))
    paid = Paid(amount=amount.replace(",", "."), text="betaling", account=PAYER_ACCOUNTS[partner], booked="2024-02-05")
    world.bank(NL, "feb.xml", camt053(paid, currency="EUR"))
    assert (last(world)["matched"], last(world)["evidence"]["code"]) == ("posted", "specification")
    with world.reading(NL) as unit:
        assert [said.partner for _, said in specifications.of_payment(unit, last(world)["id"])] == [partner]
