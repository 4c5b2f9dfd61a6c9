"""Filing terms in the pipe: what is not accepted yet, until when its payer takes it, and how much money that is.

A claim is accepted when its payer's side has received it, so that everything else is looked at: ready, held, prepared,
on its way, in doubt, given up, refused by the clearing house, and refused claims that may be handed in again. The day
comes from the payer's own rules (`rules:` in its partner.yaml); where no rule is known, or what it counts from is not,
no day is guessed and the list says why. Whether something was in time is judged by when the remote system received it,
never by our own clock, when the remote said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from hub import texts
from hub.model.money import Money
from hub.model.partner import Partner
from hub.pipeline.context import ZONES, Hub
from hub.pipeline.waiting import Waiting, has_rules, waiting, waiting_of
from hub.policy.countdown import filing_step, hours_left, is_urgent
from hub.policy.deadlines import receipt_day
from hub.store import circuits, pauses, schema, standing
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

_STUCK = frozenset({"in_doubt", "failed", "refused", "held", "refused_by_clearing"})
_MOST_NAMED = 50
_IN_VAIN = 2
"""So many attempts without a receipt: the partner may be away for longer than the term."""
_LOOK_BACK = timedelta(days=3)
"""Receipts are judged for this long after they came; a hub that was down longer was missed by its heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """What one payer must receive by one day. `step` says how far the term has come, `stuck` what keeps it here."""

    payer: str
    title: str
    day: date
    last_safe: date
    last_outer: date
    source: str
    amount: Money
    states: Mapping[str, int]
    days_left: int
    hours_left: float
    step: str
    stuck: str = ""
    treated: tuple[date, date] | None = None
    filed: date | None = None
    files: Sequence[str] = ()

    @property
    def claims(self) -> int:
        """How many claims."""
        return sum(self.states.values())

    @property
    def key(self) -> str:
        """The one task about it."""
        return f"deadline:{self.payer}:{self.day}:{self.amount.currency}"

    def as_json(self) -> dict[str, Any]:
        """For programs: the three dates and the money."""
        return {
            "payer": self.payer,
            "day": self.day,
            "last_safe": self.last_safe,
            "last_outer": self.last_outer,
            "days_left": self.days_left,
            "hours_left": round(self.hours_left, 1),
            "claims": self.claims,
            "states": dict(self.states),
            "amount_minor": self.amount.minor,
            "currency": self.amount.currency,
            "step": self.step,
            "stuck": self.stuck,
            "performed_first": self.treated[0] if self.treated else None,
            "performed_last": self.treated[1] if self.treated else None,
            "filed_first": self.filed,
            "received": None,
            "files": list(self.files),
            "source": self.source,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """All filing terms of a tenant: the piles by day and money, and claims without a known day."""

    piles: Sequence[Pile] = ()
    unknown: Sequence[Waiting] = field(default_factory=tuple)


def deadlines(hub: Hub, unit: Unit) -> Deadlines:
    """What must be received by when; nearest day first, then most money."""
    now, groups = hub.clock.now(), dict[tuple[str, date, str], list[Waiting]]()
    found = waiting(hub, unit)
    for each in found:
        day = each.act_by(_today(hub, each.payer))
        if day is not None:
            groups.setdefault((each.payer, day, each.amount.currency), []).append(each)
    away = _unreachable(unit)
    piles = [_pile(hub, now, payer, day, group, away) for (payer, day, _), group in groups.items()]
    return Deadlines(
        piles=sorted(piles, key=lambda pile: (pile.day, -pile.amount.minor, pile.payer)),
        unknown=[each for each in found if each.term is None],
    )


def _pile(hub: Hub, now: datetime, payer: str, day: date, group: Sequence[Waiting], away: Mapping[str, str]) -> Pile:
    partner = hub.registry.partners[payer]
    zone = ZONES.get(partner.country, ZONES["NL"])
    terms = [each.term for each in group if each.term is not None]
    states = Counter(each.state for each in group)
    tries = max(each.tries for each in group)
    stuck = away.get(payer, "") or ", ".join(sorted(_STUCK & states.keys()))
    stuck = stuck or (f"tried {tries} times" if tries >= _IN_VAIN else "")
    treated = [each.treated for each in group if each.treated is not None]
    amount = sum((each.amount for each in group[1:]), group[0].amount)
    return Pile(
        payer=payer,
        title=partner.title,
        day=day,
        last_safe=min(term.last_safe for term in terms),
        last_outer=min(term.last_outer for term in terms),
        source=terms[0].source,
        amount=amount,
        states=dict(sorted(states.items())),
        days_left=(day - now.astimezone(zone).date()).days,
        hours_left=hours_left(now, day, zone),
        step=filing_step(now, day, zone, stuck=bool(stuck)),
        stuck=stuck,
        treated=(min(treated), max(treated)) if treated else None,
        filed=min((each.filed for each in group if each.filed is not None), default=None),
        files=sorted({each.invoice_number for each in group if each.invoice_number})[:_MOST_NAMED],
    )


def _unreachable(unit: Unit) -> dict[str, str]:
    """Why nothing goes out to a partner now: it does not answer, or a person or an expired certificate stopped it."""
    away = {row["partner"]: "away" for row in (circuits.open_ones(unit) | circuits.half_open(unit)).values()}
    paused = {row["target"]: "paused" for row in pauses.in_force(unit).rows if row["kind"] == pauses.PARTNER}
    return paused | away


def _today(hub: Hub, payer: str) -> date:
    partner = hub.registry.partners.get(payer)
    return hub.today(partner.country if partner and partner.country in ZONES else "NL")


# --- the watch ----------------------------------------------------------------------------------------------------


def watch_deadlines(hub: Hub, tenant: str) -> list[Pile]:
    """One task per payer and day, brought up to date at each step, closed when nothing waits for that day any more."""
    with hub.store.unit(tenant) as unit:
        due = [pile for pile in deadlines(hub, unit).piles if pile.step]
        for pile in due:
            standing.keep(unit, _task(pile))
        standing.only(unit, "deadline:", {pile.key for pile in due})
        _judge_receipts(hub, unit)
    return due


def _states(states: Mapping[str, int]) -> dict[str, str]:
    """Where the claims are, counted, in every language."""
    said = [(number, texts.spoken(state)) for state, number in states.items()]
    return {name: ", ".join(f"{number} {words[name]}" for number, words in said) for name in texts.LANGUAGES}


def _task(pile: Pile) -> NewTask:
    values = {
        "partner": pile.title,
        "day": pile.day,
        "claims": pile.claims,
        "amount": pile.amount,
        "states": _states(pile.states),
        "left": f"{pile.hours_left:.0f} h" if pile.step.endswith("h") else f"{pile.days_left} d",
    }
    code = "DEADLINE_PASSED" if pile.step == "passed" else "DEADLINE_NEAR"
    return NewTask(
        key=pile.key,
        kind="deadline",
        text=texts.text(code, **values),
        action=texts.action(code, **values),
        amount=pile.amount,
        due=pile.day,
        evidence={
            "step": pile.step,
            "urgent": is_urgent(pile.step),
            "partner": pile.payer,
            "stuck": pile.stuck,
            "claims": pile.claims,
            "files": list(pile.files),
            "last_safe": pile.last_safe.isoformat(),
            "last_outer": pile.last_outer.isoformat(),
        },
    )


def _judge_receipts(hub: Hub, unit: Unit) -> None:
    """What arrived lately, but after its last safe day by the remote's own clock: one task per file."""
    table = schema.exchange
    lately = unit.mine(table, table.c.state.in_(("sent", "delivered")), table.c.sent_at >= unit.now - _LOOK_BACK)
    for exchange in unit.rows(lately):
        partner = hub.registry.partners.get(exchange["partner"])
        if partner is not None and has_rules(partner):
            _judge_receipt(hub, unit, exchange, partner)


def received_on(exchange: Row, partner: Partner) -> date:
    """The local day on which the remote received a file: by its own word, else by when we had sent it."""
    zone = ZONES.get(partner.country, ZONES["NL"])
    return receipt_day(exchange["received_at"] or exchange["sent_at"], zone.key)


def _judge_receipt(hub: Hub, unit: Unit, exchange: Row, partner: Partner) -> None:
    day, judged = received_on(exchange, partner), waiting_of(hub, unit, exchange)
    late = [(each, each.term) for each in judged if each.term is not None and day > each.term.last_safe]
    if not late:
        return
    last = min(term.last_safe for _, term in late)
    amount = sum((each.amount for each, _ in late[1:]), late[0][0].amount)
    values = {"partner": partner.title, "name": exchange["name"], "received": day, "day": last, "claims": len(late)}
    standing.keep(
        unit,
        NewTask(
            key=f"filed-late:{exchange['business_key']}",
            kind="filed_late",
            text=texts.text("FILED_LATE", amount=amount, **values),
            action=texts.action("FILED_LATE", amount=amount, **values),
            exchange_id=exchange["id"],
            amount=amount,
            due=last,
            evidence={"partner": partner.name, "received": day.isoformat(), "last_safe": last.isoformat()},
        ),
    )
