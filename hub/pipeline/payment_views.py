"""Payments for people: what is new, in question or settled, why, and what each may be for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.ledger.balances import PaymentMoney, payment_money
from hub.log import clean_text
from hub.matching.book import bank_account
from hub.matching.items import Action, Match
from hub.matching.payments import match
from hub.model.identity import mask
from hub.model.money import Money
from hub.model.payment import Payment
from hub.pipeline import allocations, payout_ties
from hub.pipeline.by_hand import available
from hub.pipeline.context import Actor, Hub
from hub.pipeline.payment_cases import named
from hub.pipeline.settle import rules_of
from hub.pipeline.wanted import Wanted
from hub.store import access, bookings, claims, money, parties, resolutions, schema, specifications
from hub.store.unit import Row, Unit, short_id

_LETTERS = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
"""Words of letters alone; what holds a digit is a number of something."""
STATES = ("new", "review", "posted", "by_hand", "reversed", "same", "ignored", "payout")
"""What may have become of a booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What a payment may be for: claims with amounts, how likely (0 to 100), and why (a code, `match_words` says it).

    `tier` is set where matching would post it by itself.
    """

    allocations: tuple[tuple[str, Money], ...]
    score: int
    why: str
    tier: str = ""

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The same in the words of `kvitt payment allocate`."""
        return tuple(Wanted(claim=ref, amount=f"{amount.decimal():f}") for ref, amount in self.allocations)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        made = [{"claim": ref, "amount_minor": amount.minor} for ref, amount in self.allocations]
        return {"allocations": made, "score": self.score, "why": self.why, "tier": self.tier}


def listed(unit: Unit, states: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Bookings by day, with what of each is still free."""
    postings = [row for row in money.postings(unit) if row.payment_id]
    stands = payment_money(postings)
    where = [schema.payment.c.matched.in_(states)] if states else []
    found = []
    for row, payment in money.payments(unit, *where):
        nothing = Money(0, row["currency"])
        left = stands[row["id"]].unallocated if row["id"] in stands else nothing
        found.append(_head(row, payment) | {"unallocated_minor": left.minor})
    return found


def _head(row: Row, payment: Payment) -> dict[str, Any]:
    return {
        "payment": row["id"],
        "short": short_id(row["id"]),
        "booked": row["booked"],
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "state": row["matched"],
        "booking": row["state"],
        "tier": row["tier"],
        "code": row["evidence"].get("code", ""),
        "reversal": payment.reversal,
        "payer_account": row["payer_account"],
    }


def shown(hub: Hub, unit: Unit, ref: str, actor: Actor) -> dict[str, Any]:
    """One booking with its evidence, what was passed over and why, where its money went, and who decided what.

    The payer may be a person: who looked is written down.
    """
    row, payment = named(unit, ref)
    access.record(unit, actor=actor.name, role=actor.role, action="view", object_=f"payment/{row['id']}")
    made = _allocations(unit, row)
    return {
        **_head(row, payment),
        "unallocated_minor": allocations.standing(unit, row).unallocated.minor,
        "free_minor": available(unit, row).minor,
        "account": row["account"],
        "payer_name": payment.payer_name,
        "reference": row["reference"],
        "text": payment.text,
        "position": payment.position,
        **_grounds(unit, row, {each["claim"] for each in made}),
        "allocations": made,
        "decisions": [_resolution(each) for each in resolutions.of_payment(unit, row["id"])],
        "specification": [line for _, told in specifications.of_payment(unit, row["id"]) for line in _lines(told)],
        "suggestions": [each.as_json() for each in suggested(hub, unit, ref)],
        "payouts": payout_ties.candidates(unit, row),
    }


def _grounds(unit: Unit, row: Row, used: Collection[str] = ()) -> dict[str, Any]:
    """What speaks for what became of a booking, and the claims that were passed over with why (a code)."""
    evidence = row["evidence"]
    refs = _refs(unit, [each[-1] for each in evidence.get("evidence", ()) if each[-1]], evidence)
    return {
        "evidence": [
            {"field": field, "value": value, "claim": refs.get(claim, "")}
            for field, value, claim in evidence.get("evidence", ())
        ],
        "rejected": [
            {"claim": refs.get(claim, ""), "why": why}
            for claim, why in [*evidence.get("rejected", ()), *_passed_over(row)]
            if refs.get(claim, "") not in used
        ],
    }


def paged(
    unit: Unit, states: Sequence[str] = (), *, after: bookings.After | None = None, most: int = 50
) -> list[dict[str, Any]]:
    """Bookings, the newest first, each with what is free of it, its grounds and the claims it may be for.

    Those are as the last run of matching left them; `suggested` asks anew. Names and texts are not among it: `shown`
    has them, and writes down who looked.
    """
    rows = bookings.page(unit, states, after=after, most=most)
    stands = payment_money(money.postings(unit, payment_ids=[row["id"] for row in rows]))
    return [_line(unit, row, stands.get(row["id"])) for row in rows]


def _line(unit: Unit, row: Row, stands: PaymentMoney | None) -> dict[str, Any]:
    grounds = _grounds(unit, row)
    waits = row["matched"] in ("new", "review")
    refs = _refs(unit, [], row["evidence"]) if waits else {}
    likely = [refs[claim] for claim, _ in row["evidence"].get("alternatives", ()) if claim in refs]
    return {
        **_head(row, money.payment_of(unit, row)),
        "unallocated_minor": stands.unallocated.minor if stands else 0,
        **grounds,
        "likely": list(dict.fromkeys(likely)),
        "payouts": payout_ties.candidates(unit, row) if waits else [],
        "cursor": bookings.cursor(row),
    }


def _may_ask(row: Row, payment: Payment) -> bool:
    return bool(row["amount_minor"]) and not payment.reversal and row["state"] == "booked"


def _passed_over(row: Row) -> Iterable[tuple[str, str]]:
    """Of what was settled, the claims it might have been for."""
    return row["evidence"].get("alternatives", ()) if row["matched"] in ("posted", "by_hand") else ()


def _refs(unit: Unit, ids: Sequence[str], evidence: Mapping[str, Any]) -> dict[str, str]:
    others = [each[0] for name in ("alternatives", "rejected") for each in evidence.get(name, ())]
    return {row["id"]: row["ref"] for row in claims.by_ids(unit, [*ids, *others])}


def _allocations(unit: Unit, row: Row) -> list[dict[str, Any]]:
    rows = money.allocations(unit, row["id"])
    line = schema.claim_line
    lines = {
        each["id"]: each for each in unit.rows(unit.mine(line, line.c.id.in_({each["claim_line_id"] for each in rows})))
    }
    refs = {each["id"]: each["ref"] for each in claims.by_ids(unit, [each["claim_id"] for each in lines.values()])}
    return [
        {
            "claim": refs[lines[each["claim_line_id"]]["claim_id"]],
            "line": lines[each["claim_line_id"]]["number"],
            "amount_minor": each["amount_minor"],
            "netted_minor": each["netted_minor"],
            "tier": each["tier"],
            "by": each["by"],
            "at": each["at"],
        }
        for each in rows
    ]


def _resolution(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("kind", "amount_minor", "reason", "by", "role", "at", "detail")}


def _lines(told: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- a PayerSpecification
    return [
        {
            "line": each.line,
            "own_reference": each.own_reference or each.netted_own_reference,
            "payer_reference": each.payer_reference or each.netted_payer_reference,
            "amount_minor": each.amount.minor,
            "netting_minor": each.netting.minor,
            "remark": clean_text(each.remark),
        }
        for each in told.lines
    ]


def absent(unit: Unit, refs: Sequence[str]) -> list[str]:
    """Which of these claims are not there for who asks."""
    known = {row["ref"] for row in unit.rows(unit.mine(schema.claim, schema.claim.c.ref.in_(refs)))} if refs else set()
    return [ref for ref in refs if ref not in known]


def masked(unit: Unit, body: dict[str, Any]) -> dict[str, Any]:
    """The same booking for somebody who gave no reason to see persons; numbers stay.

    Who pays from an account no payer is known by may be one: name, account and the words of the text are hidden.
    """
    known = {bank_account(each) for ones in allocations.payer_accounts(unit).values() for each in ones}
    known |= {bank_account(each.party.account) for each in parties.organisations(unit) if each.party.account}
    if body["payer_account"] and bank_account(body["payer_account"]) in known:
        return body | {"personal": False}
    hidden = {"payer_name": mask(body["payer_name"], shown=0), "payer_account": mask(body["payer_account"])}
    evidence = [each | {"value": _numbers_only(each["value"])} for each in body["evidence"]]
    return body | hidden | {"text": _numbers_only(body["text"]), "evidence": evidence, "personal": True}


def _numbers_only(text: str) -> str:
    return _LETTERS.sub("***", clean_text(text))


def suggested(hub: Hub, unit: Unit, ref: str) -> list[Suggested]:
    """What a booking may be for, best first, against what is open now; nothing is posted by asking."""
    row, payment = named(unit, ref)
    free = available(unit, row)
    if not free or not _may_ask(row, payment):
        return []
    items = allocations.open_items(unit)
    (found,) = match([payment._replace(id=row["id"], amount=free)], items, rules_of(hub))
    refs = {item.claim_id: item.ref for item in items}
    return _ranked(found, refs, free.currency)


def _ranked(found: Match, refs: Mapping[str, str], currency: str) -> list[Suggested]:
    ranked = [
        Suggested(
            allocations=tuple((refs[claim_id], Money(minor, currency)) for claim_id, minor in each.allocations),
            score=each.score,
            why=each.why,
        )
        for each in found.suggestions
    ]
    if found.action is not Action.POST:
        return ranked
    certain: dict[str, int] = {}
    for made in found.allocations:
        certain[made.claim_id] = certain.get(made.claim_id, 0) + made.amount.minor + made.netted.minor
    whole = tuple((refs[claim_id], Money(minor, currency)) for claim_id, minor in certain.items())
    return [Suggested(allocations=whole, score=100, why=found.code, tier=found.tier.value), *ranked]
