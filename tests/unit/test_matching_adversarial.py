"""Payments made to be mistaken: strict matching posts none of them wrongly.

The generator knows nothing of the matcher. Numbers are dense (any number near a claim's is another claim's), most
amounts come from a few tariffs, and payers write what payers write.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from hub.matching.items import Action, MatchRules, OpenItem, OpenLine
from hub.matching.payments import match
from hub.model.claim import ClaimKind
from hub.model.identity import is_kid, make_kid
from hub.model.money import Money
from hub.model.payment import Payment, ReferenceKind

TARIFFS = (64000, 59000, 72000, 48000, 96000, 128000, 55500, 88000)
PAYERS = [f"payer{n:02d}" for n in range(14)]
OURS = "86011117947"


def account(payer: str) -> str:
    return f"9{int(payer[5:]):03d}0000000"


@dataclass
class Truth:
    """What a payment really was for: claim -> money (empty: nothing of ours), and whether it can be known."""

    kind: str
    payment: Payment
    paid: dict[str, int]


class World:
    """Open claims and payments with the truth about them, from a seed."""

    def __init__(self, seed: int, size: int) -> None:
        self.dice = random.Random(seed)
        self.items: list[OpenItem] = [self.invoice(10000 + n) for n in range(size)]
        for file in range(size // 40):
            self.items += self.file(240000 + file)
        self.unpaid = [item for item in self.items if not item.batch]
        self.dice.shuffle(self.unpaid)
        self.files = sorted({item.batch for item in self.items if item.batch and item.batch < "9"})
        self.truths: list[Truth] = []

    def amount(self) -> int:
        return self.dice.choice(TARIFFS) if self.dice.random() < 0.6 else self.dice.randrange(20000, 200000)

    def invoice(self, number: int) -> OpenItem:
        payer = self.dice.choice(PAYERS[:4] if self.dice.random() < 0.7 else PAYERS)
        return self.item(str(number), payer, self.amount(), kid=make_kid(str(number), length=8))

    def file(self, number: int) -> list[OpenItem]:
        payer = self.dice.choice(PAYERS[10:])
        rows = [
            self.item(f"{number}{n:03d}", payer, self.dice.choice((91, 105)), batch=str(number))
            for n in range(self.dice.randrange(1, 8))
        ]
        if self.dice.random() < 0.2:
            rows.append(self.item(f"{number}900", payer, -91, batch=f"9{number}"))
        return rows

    def item(self, number: str, payer: str, minor: int, *, kid: str = "", batch: str = "") -> OpenItem:
        nothing, amount = Money(0, "NOK"), Money(minor, "NOK")
        line = OpenLine(
            line_id=f"l{number}", outstanding=nothing if kid else amount, undecided=amount if kid else nothing
        )
        return OpenItem(
            claim_id=f"c{number}",
            ref=number,
            invoice_number=batch or number,
            kid=kid,
            payer=payer,
            payer_accounts=(account(payer),),
            claimant="us",
            account=OURS,
            currency="NOK",
            lines=(line,),
            kind=ClaimKind.CREDIT if minor < 0 else ClaimKind.DEBIT,
            batch=batch,
            issue_date=date(2026, 1, 1) + timedelta(days=self.dice.randrange(60)),
        )

    def pay(self, kind: str, minor: int, paid: dict[str, int], **more: object) -> None:
        payment = Payment(
            id=f"p{len(self.truths):06d}",
            account=OURS,
            booked=date(2026, 4, 1) + timedelta(days=self.dice.randrange(20)),
            amount=Money(minor, "NOK"),
            **more,  # type: ignore[arg-type]
        )
        self.truths.append(Truth(kind, payment, paid))

    def words(self, number: str) -> str:
        phone = f"tlf {self.dice.randrange(10**7, 10**8)}"
        return self.dice.choice(
            (
                f"Faktura {number}",
                f"F{number}",
                f"00{number} takk",
                f"fakt.nr {number} {phone}",
                f"{number[:2]} {number[2:]}",
            )
        )

    def another_number(self) -> str:
        return str(10000 + self.dice.randrange(len(self.unpaid) + 400))


def minor(item: OpenItem) -> int:
    return sum(line.payable.minor for line in item.lines)


def kid_exact(world: World) -> None:
    item = world.unpaid.pop()
    world.pay(
        "kid_exact", minor(item), {item.claim_id: minor(item)}, reference=item.kid, reference_kind=ReferenceKind.KID
    )


def kid_partial(world: World) -> None:
    item = world.unpaid.pop()
    part = minor(item) // 2
    world.pay("kid_partial", part, {item.claim_id: part}, reference=item.kid, reference_kind=ReferenceKind.KID)


def kid_twice(world: World) -> None:
    item = world.unpaid.pop()
    for paid in ({item.claim_id: minor(item)}, {item.claim_id: minor(item)}):
        world.pay("kid_twice", minor(item), paid, reference=item.kid, reference_kind=ReferenceKind.KID)


def kid_of_the_wrong_claim(world: World) -> None:
    """The payer paid one claim with the KID of another of its own: the amount is that of the claim meant."""
    named = world.unpaid.pop()
    meant = next((one for one in world.unpaid if one.payer == named.payer and minor(one) != minor(named)), None)
    if meant is not None:
        world.unpaid.remove(meant)
        world.pay(
            "kid_of_the_wrong_claim",
            minor(meant),
            {meant.claim_id: minor(meant)},
            reference=named.kid,
            reference_kind=ReferenceKind.KID,
            payer_account=account(meant.payer),
        )


def kid_misread(world: World) -> None:
    item = world.unpaid.pop()
    place = world.dice.randrange(3, 8)
    digit = world.dice.choice([d for d in "0123456789" if d != item.kid[place]])
    wrong = item.kid[:place] + digit + item.kid[place + 1 :]
    if not is_kid(wrong):
        paid = {item.claim_id: minor(item)}
        world.pay("kid_misread", minor(item), paid, reference=wrong, reference_kind=ReferenceKind.KID)


def text_exact(world: World) -> None:
    item = world.unpaid.pop()
    text = world.words(item.ref)
    world.pay("text_exact", minor(item), {item.claim_id: minor(item)}, text=text, payer_account=account(item.payer))


def text_of_two(world: World) -> None:
    one = world.unpaid.pop()
    two = next(other for other in world.unpaid if other.payer == one.payer)
    world.unpaid.remove(two)
    paid = {one.claim_id: minor(one), two.claim_id: minor(two)}
    text = f"{one.ref} og {two.ref}"
    world.pay("text_of_two", sum(paid.values()), paid, text=text, payer_account=account(one.payer))


def text_with_a_wrong_number(world: World) -> None:
    """A slip of the pen, or the payer's own case number, that happens to be another claim's number."""
    item = world.unpaid.pop()
    text = world.words(world.another_number())
    paid = {item.claim_id: minor(item)}
    world.pay("text_with_a_wrong_number", minor(item), paid, text=text, payer_account=account(item.payer))


def text_with_a_second_number(world: World) -> None:
    item = world.unpaid.pop()
    text = f"kunde {world.another_number()} faktura {item.ref}"
    paid = {item.claim_id: minor(item)}
    world.pay("text_with_a_second_number", minor(item), paid, text=text, payer_account=account(item.payer))


def stranger_with_a_number(world: World) -> None:
    """Somebody unknown pays something that is not ours, with a number and an amount that are."""
    text = world.words(world.another_number())
    world.pay("stranger_with_a_number", world.dice.choice(TARIFFS), {}, text=text, payer_account="55550000000")


def payer_with_anothers_number(world: World) -> None:
    item = world.unpaid.pop()
    other = world.dice.choice(world.items)
    if other.payer != item.payer:
        paid = {item.claim_id: minor(item)}
        text = f"Faktura {other.ref}"
        world.pay("payer_with_anothers_number", minor(item), paid, text=text, payer_account=account(item.payer))


def no_reference(world: World) -> None:
    item = world.unpaid.pop()
    text = world.dice.choice(("", "takk", "oppgjør april", "15.04.2026"))
    world.pay("no_reference", minor(item), {item.claim_id: minor(item)}, text=text, payer_account=account(item.payer))


def whole_file(world: World) -> None:
    _pay_file(world, "whole_file", 0, "declaratie ")


def file_one_line_short(world: World) -> None:
    _pay_file(world, "file_one_line_short", 37, "declaratie ")


def another_file_named(world: World) -> None:
    if len(world.files) > 1:
        _pay_file(world, "another_file_named", 37, "declaratie ", other=True)


def _pay_file(world: World, kind: str, short: int, words: str, *, other: bool = False) -> None:
    if not world.files:
        return
    number = world.files.pop(world.dice.randrange(len(world.files)))
    rows = [item for item in world.items if item.batch == number]
    paid = {item.claim_id: minor(item) for item in rows}
    named = world.dice.choice(world.files) if other and world.files else number
    total = sum(paid.values()) - short
    world.pay(kind, total, paid, text=f"{words}{named}", payer_account=account(rows[0].payer))


CLASSES: tuple[Callable[[World], None], ...] = (
    kid_exact,
    kid_exact,
    kid_exact,
    kid_partial,
    kid_twice,
    kid_of_the_wrong_claim,
    kid_misread,
    text_exact,
    text_exact,
    text_of_two,
    text_with_a_wrong_number,
    text_with_a_second_number,
    stranger_with_a_number,
    payer_with_anothers_number,
    no_reference,
    whole_file,
    file_one_line_short,
    another_file_named,
)
UNKNOWABLE = {
    "kid_misread",
    "kid_of_the_wrong_claim",
    "text_with_a_wrong_number",
    "stranger_with_a_number",
    "payer_with_anothers_number",
    "no_reference",
    "file_one_line_short",
    "another_file_named",
}


def made(seed: int, size: int = 4000, payments: int = 2200) -> World:
    world = World(seed, size)
    while len(world.truths) < payments:
        world.dice.choice(CLASSES)(world)
    return world


@pytest.mark.parametrize("seed", [20260420, 777, 31337])
def test_strict_matching_posts_nothing_wrongly(seed: int) -> None:
    world = made(seed)
    rules = MatchRules(remittance_patterns=dict.fromkeys(PAYERS, (r"declaratie (?P<number>\d{6})",)))
    found = match([truth.payment for truth in world.truths], world.items, rules)
    posted: Counter[str] = Counter()
    all_of: Counter[str] = Counter(truth.kind for truth in world.truths)
    wrong = []
    for truth, one in zip(world.truths, found, strict=True):
        if one.action is Action.POST:
            posted[truth.kind] += 1
            claims: Counter[str] = Counter()
            for part in one.allocations:
                claims[part.claim_id] += part.amount.minor
            if dict(claims) != truth.paid:
                wrong.append((truth, one))
        else:
            assert one.remainder == truth.payment.amount
    assert wrong == []
    assert posted["kid_exact"] == all_of["kid_exact"]
    assert posted["text_of_two"] >= 0.95 * all_of["text_of_two"]
    assert posted["whole_file"] == all_of["whole_file"]
    assert all_of["whole_file"] > 20
    assert posted["kid_twice"] * 2 == all_of["kid_twice"]
    assert posted["text_exact"] > 0.3 * all_of["text_exact"]
    assert {kind for kind in posted if kind in UNKNOWABLE} == set()


def test_balanced_posts_more_and_never_without_the_payers_own_account() -> None:
    world = made(5, size=1500, payments=700)
    payments = [truth.payment for truth in world.truths]
    strict = match(payments, world.items, MatchRules())
    balanced = match(payments, world.items, MatchRules(modes=dict.fromkeys(PAYERS, "balanced")))
    assert sum(one.action is Action.POST for one in balanced) > sum(one.action is Action.POST for one in strict)
    for truth, one in zip(world.truths, balanced, strict=True):
        if truth.kind in ("stranger_with_a_number", "no_reference", "kid_misread"):
            assert one.action is not Action.POST


def test_no_line_is_ever_settled_beyond_what_was_payable() -> None:
    world = made(9, size=1500, payments=700)
    left = {line.line_id: line.payable.minor for item in world.items for line in item.lines}
    for one in match([truth.payment for truth in world.truths], world.items):
        for part in one.allocations:
            left[part.line_id] -= part.amount.minor + part.netted.minor
        assert sum(part.netted.minor for part in one.allocations) == 0
    payable = {line.line_id: line.payable.minor for item in world.items for line in item.lines}
    assert all(0 <= left[name] <= amount or amount <= left[name] <= 0 for name, amount in payable.items())
