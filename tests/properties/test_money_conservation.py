"""Whatever happens, in whatever order, money is conserved (decisions 19-21).

The machine keeps its own plain account of every line and payment and compares it with what the journal says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.ledger.accounts import LedgerLine, Posting
from hub.ledger.balances import LineMoney, expected_money, line_money, payment_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.postings import (
    allocated,
    claim_raised,
    decided,
    fresh,
    granted_by_payment,
    netted,
    payment_booked,
    returned,
    withdrawn,
    written_off,
)
from hub.ledger.reversals import reversed_
from hub.model.finding import Severity
from hub.model.money import Money
from hub.model.reply import Decision, Verdict

AT = datetime(2026, 4, 20, tzinfo=UTC)
PARTS = st.integers(min_value=0, max_value=100)
PICK = st.integers(min_value=0, max_value=1000)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@dataclass
class Line:
    """A line as the machine understands it."""

    ledger: LedgerLine
    decision: Decision | None = None
    by_payment: int = 0
    received: int = 0
    netted: int = 0
    written_off: int = 0
    withdrawn: int = 0

    def expected(self) -> LineMoney:
        return expected_money(
            self.ledger.claimed,
            self.decision,
            granted_by_payment=eur(self.by_payment),
            received=eur(self.received),
            netted=eur(self.netted),
            written_off=eur(self.written_off),
            withdrawn=eur(self.withdrawn),
        )

    @property
    def outstanding(self) -> int:
        return self.expected().outstanding.minor

    @property
    def open(self) -> int:
        return self.expected().open.minor


@dataclass
class Paid:
    """A payment as the machine understands it."""

    facts: PaymentFacts
    loose: int
    returned: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    grants: dict[str, int] = field(default_factory=dict)


class Money_(RuleBasedStateMachine):  # noqa: N801 -- the machine is about money, whose name is taken
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Posting] = []
        self.batches: list[tuple[Posting, ...]] = []
        self.lines: dict[str, Line] = {}
        self.payments: list[Paid] = []
        self.bank: dict[str, Money] = {}
        self.events = 0

    def add(self, rows: tuple[Posting, ...]) -> None:
        news = fresh({row.key for row in self.rows}, rows)
        assert news == rows, "a new event is never taken for an old one"
        self.rows += news
        self.batches.append(rows)

    def name(self, kind: str) -> str:
        self.events += 1
        return f"{kind}{self.events}"

    def line(self, pick: int) -> Line:
        return list(self.lines.values())[pick % len(self.lines)]

    def money(self, line: Line) -> LineMoney:
        return line_money(self.rows)[line.ledger.line_id]

    def book(self, minor: int) -> PaymentFacts:
        facts = PaymentFacts(tenant="t", id=self.name("pay"), amount=eur(minor), payee="k", payer="vgz")
        self.bank[facts.id] = facts.amount
        self.add(payment_booked(facts, at=AT, source="bank"))
        return facts

    @rule(minor=st.integers(min_value=1, max_value=5000), credit=st.booleans())
    def raise_line(self, minor: int, credit: bool) -> None:
        name = self.name("line")
        one = LedgerLine(
            tenant="t",
            line_id=name,
            claim_id=f"c{name}",
            claimed=eur(-minor if credit else minor),
            practice="p",
            payee="k",
            payer="vgz",
        )
        self.lines[name] = Line(one)
        self.add(claim_raised(one, at=AT, source="file"))

    @precondition(lambda self: self.lines)
    @rule(pick=PICK, granted=PARTS, patient=PARTS)
    def decide(self, pick: int, granted: int, patient: int) -> None:
        line = self.line(pick)
        claimed = line.ledger.claimed.minor
        award = claimed * granted // 100 if claimed > 0 else -(-claimed * granted // 100)
        rest = claimed - award
        own = rest * patient // 100 if rest > 0 else -(-rest * patient // 100)
        verdict = Verdict.GRANTED if granted == 100 else (Verdict.CHANGED if granted else Verdict.REFUSED)
        said = Decision(verdict=verdict, granted=eur(award), patient=eur(own))
        self.add(decided(line.ledger, self.money(line), said, at=AT, source=self.name("reply")))
        line.decision, line.withdrawn, line.by_payment = said, 0, 0

    @precondition(lambda self: self.lines)
    @rule(pick=PICK)
    def silence(self, pick: int) -> None:
        line = self.line(pick)
        said = Decision(verdict=Verdict.PRESUMED_OK)
        assert decided(line.ledger, self.money(line), said, at=AT, source=self.name("silence")) == ()

    @precondition(lambda self: self.lines)
    @rule(pick=PICK, other=PICK, minor=st.integers(min_value=1, max_value=8000))
    def pay(self, pick: int, other: int, minor: int) -> None:
        first = self.line(pick)
        sign = -1 if first.ledger.claimed.minor < 0 else 1
        facts = self.book(sign * minor)
        paid = Paid(facts, sign * minor)
        self.payments.append(paid)
        for line in {one.ledger.line_id: one for one in (first, self.line(other))}.values():
            self.allocate(paid, line, sign)

    def allocate(self, paid: Paid, line: Line, sign: int) -> None:
        due = max(sign * line.outstanding, 0)
        may_grant = max(sign * line.open, 0) if line.decision is None else 0
        take = min(sign * paid.loose, due + may_grant)
        if take <= 0:
            return
        grant = max(take - due, 0)
        name = line.ledger.line_id
        if grant:
            self.add(granted_by_payment(line.ledger, self.money(line), paid.facts.id, eur(sign * grant), at=AT))
            paid.grants[name] = sign * grant
            line.by_payment += sign * grant
        self.add(allocated(line.ledger, paid.facts.id, eur(sign * take), at=AT))
        paid.parts[name] = sign * take
        paid.loose -= sign * take
        line.received += sign * take

    @precondition(lambda self: self.payments)
    @rule(pick=PICK, part=st.integers(min_value=1, max_value=100))
    def reverse(self, pick: int, part: int) -> None:
        paid = self.payments[pick % len(self.payments)]
        left = paid.facts.amount.minor - paid.returned
        size = abs(left) * part // 100
        if not size:
            return
        sign = -1 if left < 0 else 1
        back = self.book(-sign * size)
        undecided = {name for name, line in self.lines.items() if line.decision is None}
        mine = [row for row in self.rows if row.payment_id == paid.facts.id]
        self.add(reversed_(mine, back, undecided=undecided, at=AT, source="bank"))
        paid.returned += sign * size
        loose = min(size, sign * paid.loose)
        wanted = size - loose
        paid.loose -= sign * loose
        for name in reversed(list(paid.parts)):
            undo = min(wanted, sign * paid.parts[name])
            wanted -= undo
            paid.parts[name] -= sign * undo
            line = self.lines[name]
            line.received -= sign * undo
            lost = min(undo, sign * paid.grants.get(name, 0))
            if lost and line.decision is None:
                paid.grants[name] -= sign * lost
                line.by_payment -= sign * lost

    @precondition(lambda self: len({line.outstanding > 0 for line in self.lines.values() if line.outstanding}) == 2)
    @rule(pick=PICK)
    def net(self, pick: int) -> None:
        owed = [line for line in self.lines.values() if line.outstanding > 0]
        debts = [line for line in self.lines.values() if line.outstanding < 0]
        credit, left = debts[pick % len(debts)], -debts[pick % len(debts)].outstanding
        against = []
        for debit in owed:
            amount = min(left, debit.outstanding)
            left -= amount
            if amount:
                against.append((debit, amount))
        rows = [(debit.ledger, eur(amount)) for debit, amount in against]
        self.add(netted(credit.ledger, rows, at=AT, source=self.name("netting")))
        for debit, amount in against:
            credit.netted -= amount
            debit.netted += amount

    @precondition(lambda self: self.lines)
    @rule(pick=PICK, part=st.integers(min_value=1, max_value=100))
    def write_off(self, pick: int, part: int) -> None:
        line = self.line(pick)
        amount = int(line.outstanding * part / 100)
        self.add(written_off(line.ledger, eur(amount), at=AT, source=self.name("loss"), reason="agreed"))
        line.written_off += amount

    @precondition(lambda self: self.lines)
    @rule(pick=PICK)
    def withdraw(self, pick: int) -> None:
        line = self.line(pick)
        amount = line.open
        self.add(withdrawn(line.ledger, self.money(line), at=AT, source=self.name("back"), reason="taken out"))
        line.withdrawn += amount

    @precondition(lambda self: any(paid.loose for paid in self.payments))
    @rule()
    def send_back(self) -> None:
        paid = next(paid for paid in self.payments if paid.loose)
        back = self.book(-paid.loose)
        self.add(returned(paid.facts, back.id, eur(paid.loose), at=AT, source="task"))
        paid.returned += paid.loose
        paid.loose = 0

    @invariant()
    def both_equations_hold_and_the_journal_agrees_with_the_machine(self) -> None:
        expected = {name: line.expected() for name, line in self.lines.items()}
        findings = check(self.rows, payments=self.bank, expected=expected)
        assert [one for one in findings if one.severity is not Severity.WARNING] == []
        for money in line_money(self.rows).values():
            assert money.decided_in_full
            assert money.settled_in_full

    @invariant()
    def every_amount_is_positive_and_no_payment_is_spent_twice(self) -> None:
        assert all(row.amount.minor > 0 for row in self.rows)
        stands = payment_money(self.rows)
        for paid in self.payments:
            assert stands[paid.facts.id].unallocated.minor == paid.loose

    @invariant()
    def running_everything_again_changes_nothing(self) -> None:
        known = {row.key for row in self.rows}
        assert all(fresh(known, batch) == () for batch in self.batches)
        assert len(known) == len(self.rows)


Money_.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestMoney = Money_.TestCase
