"""What a person wants of a claim: `CLAIM`, `CLAIM:LINE`, with `=AMOUNT` where it is not everything that is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.errors import ConfigurationError, ContentError
from hub.matching.allocation import Due
from hub.matching.book import bank_account
from hub.matching.items import OpenItem
from hub.model.money import Money, money
from hub.pipeline import allocations
from hub.store import claims, parties
from hub.store.unit import Row, Unit

_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A claim (or one line of it), and how much of the payment it gets; None for everything open on it."""

    claim: str
    line: int = 0
    amount: str | None = None


def read_wanted(text: str) -> Wanted:
    """`R000000001`, `R000000001=12.30`, `R000000001:2=12.30`; ContentError when it is none of these."""
    where, has_amount, amount = text.partition("=")
    claim, has_line, line = where.strip().partition(":")
    if not claim or (has_amount and not amount.strip()) or (has_line and not (line.isascii() and line.isdigit())):
        raise ContentError(f"{text!r} names no claim", hint="write CLAIM=12.30 or CLAIM:LINE=12.30")
    return Wanted(claim=claim, line=int(line) if has_line else 0, amount=amount.strip() if has_amount else None)


def amount_of(text: str, currency: str) -> Money:
    """An amount a person typed, with a point or a comma; `1.000` is refused, because it may be a thousand or one."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise ContentError(f"not an amount: {text[:20]!r}", hint="write 12.30")
    try:
        return money(text.strip().replace(",", "."), currency)
    except ValueError as error:
        raise ContentError(str(error), hint="write 12.30") from None


def claim_named(unit: Unit, ref: str) -> Row:
    """The claim with this reference, which may be paid."""
    row = claims.by_ref(unit, ref)
    if row is None:
        raise ConfigurationError(f"no claim {ref}", hint="kvitt status lists them")
    if not claims.is_payable(unit, row):
        raise ContentError(f"{ref} was withdrawn: nothing can be paid on it")
    return row


def dues_of(unit: Unit, payment: Row, wanted: Sequence[Wanted]) -> list[Due]:
    """What was asked of each line, and never more than is open there; all of one payer where credits are among it."""
    rows = {each.claim: claim_named(unit, each.claim) for each in wanted}
    found = {item.ref: item for item in allocations.items(unit, list(rows.values()))}
    _lies_with(unit, payment, found.values())
    state = {
        line.line_id: Due(line.line_id, item.claim_id, line.outstanding.minor, line.undecided.minor)
        for item in found.values()
        for line in item.lines
    }
    dues = _together(due for each in wanted for due in _asked(payment, found[each.claim], each, state))
    owners = {(rows[each.claim]["payer"], rows[each.claim]["claimant_code"]) for each in wanted}
    if len({due.payable > 0 for due in dues}) > 1 and len(owners) > 1:
        raise ContentError("a credit is only set off against claims of the same payer and payee")
    return dues


def _lies_with(unit: Unit, payment: Row, items: Iterable[OpenItem]) -> None:
    """Money on another organisation's account is not the claimant's: it would be paid on from an account without it."""
    account = bank_account(payment["account"])
    holders = {
        one.code for one in parties.organisations(unit) if account and bank_account(one.party.account) == account
    }
    for item in items:
        if holders and item.account and item.claimant not in holders:
            hint = "let the money go there first, then allocate that booking"
            raise ContentError(f"{item.ref} is {item.claimant}'s, the money lies with {min(holders)}", hint=hint)


def _together(asked: Iterable[Due]) -> list[Due]:
    """One due per line, whatever a person wrote twice."""
    found: dict[str, Due] = {}
    for due in asked:
        before = found.setdefault(due.line_id, Due(due.line_id, due.claim_id, 0, 0))
        before.outstanding += due.outstanding
        before.undecided += due.undecided
    return list(found.values())


def _asked(payment: Row, item: OpenItem, each: Wanted, state: dict[str, Due]) -> list[Due]:
    if item.currency != payment["currency"]:
        raise ContentError(f"{item.ref} is in {item.currency}, the payment in {payment['currency']}")
    lines = [line for line in sorted(item.lines, key=lambda one: one.number) if each.line in (0, line.number)]
    if not lines:
        raise ContentError(f"{item.ref} has no line {each.line}")
    open_ = sum(state[line.line_id].payable for line in lines)
    left = open_ if each.amount is None else amount_of(each.amount, item.currency).minor
    _payable(item, Money(left, item.currency), Money(open_, item.currency))
    asked = []
    for line in lines:
        due = state[line.line_id]
        part = min(left, due.payable, key=abs) if left * due.payable > 0 else 0
        if part:
            granted = due.take(part)
            asked.append(Due(line.line_id, item.claim_id, part - granted, granted))
            left -= part
    if left:
        raise ContentError(f"{item.ref}: {Money(left, item.currency)} finds no line", hint="name the line: CLAIM:LINE")
    return asked


def _payable(item: OpenItem, wanted: Money, open_: Money) -> None:
    """Refuse what the claim does not owe: nothing open, the other direction, or too much."""
    if not open_:
        hint = "a Dutch claim is paid once the payer has decided; see kvitt status " + item.ref
        raise ContentError(f"nothing is open on {item.ref}", hint=hint)
    if not wanted:
        raise ContentError(f"{item.ref}: an amount of nothing")
    if wanted.minor * open_.minor < 0:
        raise ContentError(f"{item.ref}: {wanted} has the wrong sign, {open_} is open")
    if abs(wanted.minor) > abs(open_.minor):
        raise ContentError(f"{item.ref}: {wanted} is more than the {open_} that is open")
