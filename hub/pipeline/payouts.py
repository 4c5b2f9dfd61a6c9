"""What practices are told and may be paid: statements and pay-out proposals, read from the journal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from hub.ledger.statement import LineLabel, PayoutProposal, Statement, Terms, Window, payout_proposal, statement
from hub.model.money import Money
from hub.store import claims, money, parties
from hub.store.unit import Unit

_MONEY = ("claimed", "granted", "refused", "open", "received", "netted", "outstanding")


def proposals(unit: Unit, practices: Sequence[str] = ()) -> tuple[PayoutProposal, ...]:
    """One proposal per practice and currency: only what was received and netted; nothing is paid by this.

    What a practice was paid itself is its own already and no part of it.
    """
    codes = list(practices) or [each.code for each in parties.organisations(unit, "practice")]
    terms = {code: Terms() for code in codes}
    for_others = [row for row in money.postings(unit) if row.payee != row.practice]
    found = payout_proposal(for_others, window=Window(until=unit.now), terms=terms, opening={})
    return tuple(each for each in found if each.practice in terms)


def practice_statement(unit: Unit, practice: str, period: str, currency: str) -> Statement:
    """A practice's statement of one period as it stands now."""
    postings = money.postings(unit)
    rows = {row["id"]: row for row in claims.find(unit)}
    lines = claims.lines(unit, list(rows))
    labels = {line["id"]: LineLabel(ref=line["ref"], period=rows[line["claim_id"]]["period"]) for line in lines}
    return statement(
        postings,
        labels,
        practice=practice,
        period=period,
        window=Window(until=unit.now),
        opening=Money(0, currency),
        terms=Terms(),
    )


def statement_csv(told: Statement) -> bytes:
    """A statement as CSV: a line per claim with its money, then the totals and the balance. No personal data."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["practice", "period", "payer", "claim", *_MONEY])
    for line in told.lines:
        amounts = [_plain(getattr(line.money, name)) for name in _MONEY]
        writer.writerow([told.practice, told.period, line.payer, line.ref, *amounts])
    writer.writerow([told.practice, told.period, "", "TOTAL", *[_plain(getattr(told.totals, name)) for name in _MONEY]])
    balance = told.balance
    for name in ("opening", "settled", "share", "fee", "paid_out", "closing"):
        writer.writerow([told.practice, told.period, "", name, _plain(getattr(balance, name))])
    return out.getvalue().encode()


def proposals_csv(found: Sequence[PayoutProposal], accounts: dict[str, str]) -> bytes:
    """Pay-out proposals as CSV: who, to which account, how much, what carries over."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["practice", "account", "currency", "amount", "carried", "held"])
    for each in found:
        writer.writerow(
            [
                each.practice,
                accounts.get(each.practice, ""),
                each.amount.currency,
                _plain(each.amount),
                _plain(each.carried),
                each.held,
            ]
        )
    return out.getvalue().encode()


def _plain(amount: Money) -> str:
    return f"{amount.decimal():f}"
