"""Whatever comes in and goes out, each practice gets its share once, and no cent of it is anybody else's.

The machine keeps its own plain account per practice and compares it with what the journal alone says.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.ledger.accounts import LedgerLine, Posting
from hub.ledger.balances import line_money
from hub.ledger.checks import check
from hub.ledger.entry import PaymentFacts
from hub.ledger.positions import LineLabel, Owner, PayoutProposal, payout_proposals, positions
from hub.ledger.postings import (
    allocated,
    charged,
    claim_raised,
    decided,
    fresh,
    netted,
    paid_out,
    payment_booked,
    payout_failed,
    payout_settled,
)
from hub.ledger.shares import AgreedShare, Share, ShareKind, terms
from hub.ledger.statement import Statement, Window, statement
from hub.model.money import Money
from hub.model.reply import Decision, Verdict

BEGIN = datetime(2024, 1, 10, tzinfo=UTC)
PRACTICES = ("p1", "p2", "p3")
SHARES = {
    "p1": Share(),
    "p2": Share(kind=ShareKind.PERCENTAGE, basis_points=9137),
    "p3": Share(kind=ShareKind.PER_PATIENT, per_patient=Money(80, "EUR")),
}
TERMS = terms([AgreedShare(share=share, valid_from=date(2020, 1, 1), practice=name) for name, share in SHARES.items()])
PICK = st.integers(min_value=0, max_value=1000)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


class Practices(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Posting] = []
        self.labels: dict[str, LineLabel] = {}
        self.lines: list[LedgerLine] = []
        self.settled: Counter[str] = Counter()
        self.costs: Counter[str] = Counter()
        self.out: Counter[str] = Counter()
        self.waiting: dict[str, tuple[str, int]] = {}
        self.sent: dict[str, tuple[str, int]] = {}
        self.bank: dict[str, Money] = {}
        self.told: dict[str, Statement] = {}
        self.events = 0

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(minutes=self.events)

    def name(self, kind: str) -> str:
        self.events += 1
        return f"{kind}{self.events}"

    def add(self, rows: tuple[Posting, ...]) -> None:
        assert fresh({row.key for row in self.rows}, rows) == rows
        self.rows += rows

    def proposals(self) -> dict[str, PayoutProposal]:
        reserved: dict[Owner, Money] = {}
        for practice, minor in self.waiting.values():
            owner = Owner(practice, "k", "EUR")
            reserved[owner] = reserved.get(owner, eur(0)) + eur(minor)
        found = payout_proposals(positions(self.rows, self.labels, TERMS), reserved)
        return {one.owner.practice: one for one in found}

    @rule(pick=PICK, minor=st.integers(min_value=1, max_value=500), credit=st.booleans())
    def grant(self, pick: int, minor: int, credit: bool) -> None:
        name = self.name("line")
        line = LedgerLine(
            tenant="t",
            line_id=name,
            claim_id=name,
            claimed=eur(-minor if credit else minor),
            practice=PRACTICES[pick % 3],
            payee="k",
            payer="m",
        )
        quarter = 1 + self.events % 2
        self.labels[name] = LineLabel(
            ref=name, period=f"2024Q{quarter}", module="PMO", day=date(2024, 3 * quarter - 2, 1)
        )
        self.lines.append(line)
        self.add(claim_raised(line, at=self.at, source="f"))
        before = line_money(self.rows)[name]
        self.add(decided(line, before, Decision(verdict=Verdict.GRANTED), at=self.at, source="r"))

    def outstanding(self, line: LedgerLine) -> int:
        return line_money(self.rows)[line.line_id].outstanding.minor

    @precondition(lambda self: self.lines)
    @rule(pick=PICK, part=st.integers(min_value=1, max_value=100))
    def receive(self, pick: int, part: int) -> None:
        line = self.lines[pick % len(self.lines)]
        minor = int(self.outstanding(line) * part / 100)
        if not minor:
            return
        facts = PaymentFacts(tenant="t", id=self.name("pay"), amount=eur(minor), payee="k", payer="m")
        self.bank[facts.id] = facts.amount
        self.add(payment_booked(facts, at=self.at, source="bank"))
        self.add(allocated(line, facts.id, eur(minor), at=self.at))
        self.settled[line.line_id] += minor

    @precondition(lambda self: self.lines)
    @rule(pick=PICK)
    def net(self, pick: int) -> None:
        debts = [line for line in self.lines if self.outstanding(line) < 0]
        owed = [line for line in self.lines if self.outstanding(line) > 0]
        if not debts or not owed:
            return
        credit, debit = debts[pick % len(debts)], owed[pick % len(owed)]
        minor = min(-self.outstanding(credit), self.outstanding(debit))
        self.add(netted(credit, [(debit, eur(minor))], at=self.at, source=self.name("net")))
        self.settled[credit.line_id] -= minor
        self.settled[debit.line_id] += minor

    @rule(pick=PICK, minor=st.integers(min_value=-50, max_value=200))
    def charge(self, pick: int, minor: int) -> None:
        practice, name = PRACTICES[pick % 3], self.name("cost")
        self.add(charged("t", practice, name, eur(minor), at=self.at, period="2024Q1", reason="base", payee="k"))
        self.costs[practice] += minor

    @rule(pick=PICK)
    def propose(self, pick: int) -> None:
        proposal = self.proposals().get(PRACTICES[pick % 3])
        if proposal is not None and proposal.amount:
            self.waiting[self.name("out")] = (proposal.owner.practice, proposal.amount.minor)

    @precondition(lambda self: self.waiting)
    @rule(pick=PICK, approved=st.booleans())
    def decide(self, pick: int, approved: bool) -> None:
        name = list(self.waiting)[pick % len(self.waiting)]
        practice, minor = self.waiting.pop(name)
        balance = positions(self.rows, self.labels, TERMS)[Owner(practice, "k", "EUR")].balance.minor
        if approved and balance >= minor:  # the pipeline's own condition: what is not there any more is void
            self.add(paid_out("t", practice, name, eur(minor), at=self.at, payee="k"))
            self.out[practice] += minor
            self.sent[name] = (practice, minor)

    @precondition(lambda self: self.sent)
    @rule(pick=PICK, refused=st.booleans(), returned=st.booleans())
    def bank_says(self, pick: int, refused: bool, returned: bool) -> None:
        name = list(self.sent)[pick % len(self.sent)]
        practice, minor = self.sent.pop(name)
        bookings = [] if refused else [-minor, *([minor] if returned else [])]
        for amount in bookings:
            facts = PaymentFacts(tenant="t", id=self.name("booking"), amount=eur(amount), payee="k")
            self.bank[facts.id] = facts.amount
            self.add(payment_booked(facts, at=self.at, source="bank"))
            self.add(payout_settled(facts, name, at=self.at))
        if refused or returned:
            self.add(payout_failed("t", practice, name, eur(minor), at=self.at, source="bank", payee="k"))
            self.out[practice] -= minor

    @precondition(lambda self: self.rows)
    @rule(pick=PICK)
    def tell(self, pick: int) -> None:
        practice = PRACTICES[pick % 3]
        before = self.told.get(practice)
        found = statement(
            self.rows,
            self.labels,
            practice=practice,
            period="2024Q1",
            currency="EUR",
            until=self.at,
            window=Window(until=self.at, since=before.until if before else None),
            terms=TERMS,
            opening=before.balance.closing if before else None,
        )
        assert found.balance.opening == (before.balance.closing if before else eur(0))
        assert found.balance.closing.minor == self.due(practice) - self.costs[practice] - self.out[practice]
        self.told[practice] = found
        self.events += 1

    def due(self, practice: str) -> int:
        """The practice's share by hand: per quarter, rounded once."""
        groups: dict[str, list[int]] = {}
        for line in self.lines:
            if line.practice == practice and line.line_id in self.settled:
                groups.setdefault(self.labels[line.line_id].period, []).append(self.settled[line.line_id])
        return sum(
            SHARES[practice].of(eur(sum(minors)), sum((one > 0) - (one < 0) for one in minors)).minor
            for minors in groups.values()
        )

    @invariant()
    def the_journal_alone_says_what_the_machine_knows(self) -> None:
        found = {owner.practice: one for owner, one in positions(self.rows, self.labels, TERMS).items()}
        for practice, position in found.items():
            assert position.paid_out.minor == self.out[practice]
            assert position.costs.minor == self.costs[practice]
            assert position.balance.minor == self.due(practice) - self.costs[practice] - self.out[practice]

    @invariant()
    def nothing_is_proposed_that_is_not_there(self) -> None:
        for practice, one in self.proposals().items():
            reserved = sum(minor for name, minor in self.waiting.values() if name == practice)
            assert one.amount.minor >= 0
            assert one.amount.minor + reserved <= max(one.position.balance.minor, reserved)
            assert one.amount.minor + one.carried.minor + reserved == one.position.balance.minor

    @invariant()
    def the_journal_is_sound(self) -> None:
        assert [one.code for one in check(self.rows, payments=self.bank) if one.blocks] == []


Practices.TestCase.settings = settings(
    max_examples=50, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestPractices = Practices.TestCase
