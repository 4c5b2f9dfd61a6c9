"""What practices are owed, from the journal alone: their share of what came in, less costs, less what was paid out.

A practice is owed for what was received and netted on its lines: netting one practice's credit against another's lines
thus comes out right for both. A position is always counted from the first journal row, so that no cent is lost to
rounding between two pay-outs, and a negative one carries over by itself. What a practice was paid itself (the payee is
the practice) is its own already and no part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from hub.ledger.accounts import Account, Posting
from hub.ledger.shares import Share, Terms
from hub.model.money import Money, total

_SETTLING = (frozenset((Account.DUE, Account.UNALLOCATED)), frozenset((Account.DUE, Account.NETTED)))
_FUNDED = (*_SETTLING, frozenset((Account.PAID_OUT, Account.IN_TRANSIT)), frozenset((Account.CHARGED, Account.COSTS)))


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Whose money: a practice, who holds it for the practice, and the currency; never summed across any of them."""

    practice: str
    payee: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLabel:
    """What a line belongs to: its own reference, its period (`2024Q1`) and module, and the day that picks its terms.

    `patient` is an opaque id that lines of one patient share; without one every line counts as a patient of its own.
    """

    ref: str
    period: str
    module: str = ""
    day: date = date.min
    patient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One module and period of a practice: what came in, for how many patients, and the practice's share of it."""

    module: str
    period: str
    settled: Money
    patients: int
    share: Share | None
    due: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where one owner stands at a moment."""

    owner: Owner
    parts: tuple[Part, ...]
    costs: Money
    paid_out: Money

    @property
    def settled(self) -> Money:
        """Everything received and netted."""
        return total([part.settled for part in self.parts], self.owner.currency)

    @property
    def share(self) -> Money:
        """The practice's part of it."""
        return total([part.due for part in self.parts], self.owner.currency)

    @property
    def held(self) -> Money:
        """What came in without anything agreed about it."""
        return total([part.settled for part in self.parts if part.share is None], self.owner.currency)

    @property
    def balance(self) -> Money:
        """What the practice is owed, or owes when negative."""
        return self.share - self.costs - self.paid_out


def owned(rows: Iterable[Posting]) -> list[Posting]:
    """The rows about money somebody holds for a practice."""
    return [row for row in rows if row.practice and row.practice != row.payee and row.pair in _FUNDED]


def owner_of(row: Posting) -> Owner:
    """Whose row it is."""
    return Owner(row.practice, row.payee, row.amount.currency)


def positions(
    postings: Iterable[Posting], labels: Mapping[str, LineLabel], terms: Terms, *, until: datetime | None = None
) -> dict[Owner, Position]:
    """Every owner's position, counting what was recorded up to and including `until` (None: everything)."""
    rows: dict[Owner, list[Posting]] = {}
    for row in owned(postings):
        if until is None or row.at <= until:
            rows.setdefault(owner_of(row), []).append(row)
    return {owner: _position(owner, mine, labels, terms) for owner, mine in sorted(rows.items())}


def no_position(owner: Owner) -> Position:
    """Nothing yet."""
    nothing = Money(0, owner.currency)
    return Position(owner=owner, parts=(), costs=nothing, paid_out=nothing)


def _position(owner: Owner, rows: list[Posting], labels: Mapping[str, LineLabel], terms: Terms) -> Position:
    lines: dict[str, int] = {}
    for row in rows:
        if row.pair in _SETTLING:
            lines[row.claim_line_id] = lines.get(row.claim_line_id, 0) - row.into(Account.DUE).minor
    return Position(
        owner=owner,
        parts=_parts(owner, lines, labels, terms),
        costs=total([row.into(Account.CHARGED) for row in rows], owner.currency),
        paid_out=total([row.into(Account.PAID_OUT) for row in rows], owner.currency),
    )


def _parts(owner: Owner, lines: Mapping[str, int], labels: Mapping[str, LineLabel], terms: Terms) -> tuple[Part, ...]:
    """Lines by module, period and the share in force on their day: who comes every month is one patient a quarter.

    A line nobody can name is of no module, and its money is held.
    """
    days: dict[tuple[str, str, date], Counter[str]] = {}
    unnamed = LineLabel(ref="", period="")
    for line, minor in lines.items():
        label = labels.get(line, unnamed)
        days.setdefault((label.module, label.period, label.day), Counter())[label.patient or line] += minor
    groups: dict[tuple[str, str, Share | None], Counter[str]] = {}
    for (module, period, day), minors in sorted(days.items()):
        share = terms.share(owner.practice, module, day)
        agreed = share if share and share.says(owner.currency) else None
        groups.setdefault((module, period, agreed), Counter()).update(minors)
    return tuple(_part(owner, key, minors) for key, minors in groups.items())


def _part(owner: Owner, key: tuple[str, str, Share | None], of_patients: Counter[str]) -> Part:
    module, period, share = key
    settled = Money(sum(of_patients.values()), owner.currency)
    patients = sum((minor > 0) - (minor < 0) for minor in of_patients.values())
    return Part(
        module=module,
        period=period,
        settled=settled,
        patients=patients,
        share=share,
        due=share.of(settled, patients) if share else Money(0, owner.currency),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutProposal:
    """What may be paid to a practice now (`amount`, never negative) and what carries over instead.

    `reserved` is on its way already; `held` is money nobody agreed a share of.
    """

    position: Position
    reserved: Money
    amount: Money
    carried: Money

    @property
    def owner(self) -> Owner:
        """Whose money."""
        return self.position.owner

    @property
    def held(self) -> str:
        """Why nothing is proposed of money that is there."""
        return "no_terms" if self.position.held else ""


def payout_proposals(
    found: Mapping[Owner, Position], reserved: Mapping[Owner, Money] | None = None
) -> tuple[PayoutProposal, ...]:
    """One proposal per owner: the balance less what is on its way; a negative balance is carried, never paid."""
    return tuple(_proposal(position, (reserved or {}).get(owner)) for owner, position in sorted(found.items()))


def _proposal(position: Position, reserved: Money | None) -> PayoutProposal:
    nothing = Money(0, position.owner.currency)
    free = position.balance - (reserved or nothing)
    pays = free.minor > 0
    return PayoutProposal(
        position=position,
        reserved=reserved or nothing,
        amount=free if pays else nothing,
        carried=nothing if pays else free,
    )
