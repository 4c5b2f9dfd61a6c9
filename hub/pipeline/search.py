"""One box for every business key: what people type or paste is looked up whole, by index, in what they may see.

A key is tried as everything it can be by its shape. Nothing is read to be searched: no document, no name. A person is
found by number only, through the blind index, and that somebody searched is written down with the index and a mask
(decision 26). What begins like a single key is looked for where nothing is called just so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.intake.values import parse_money
from hub.log import clean_text
from hub.model.identity import is_bsn, is_fnr, mask
from hub.pipeline import lookup
from hub.pipeline.context import Actor, Hub
from hub.pipeline.views import ClaimView, claim_views
from hub.store import access, search, subjects, tasks
from hub.store.unit import Row, Unit, short_id

MOST_KEYS = 500
MOST_SHOWN = 50
"""So many of each kind for one key; for a pasted list as many as there are keys, and a few more."""
_LONGEST = 140
_SHORTEST_PART = 4
_SUMMED = 5
"""So many messages are added up, each of which may hold a hundred thousand claims."""
_BETWEEN = re.compile(r"[\r\n\t;]+")
_BLANKS = re.compile(r"[\s.\u00a0]+")
_AMOUNT = re.compile(r"(?i)(^|\s)(eur|nok|kr\.?|€)|(eur|nok|kr|€)$|[.,]\d{2}$|,-$")
_BY_CLAIM = ("ref", "invoice_number", "kid", "case_ref")
_BEGUN = ("ref", "invoice_number", "case_ref")

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it was typed; `shown` is how it may be said again: masked where it is a person's number."""

    text: str
    persons: tuple[tuple[str, str], ...] = ()
    minor: int | None = None

    @property
    def shown(self) -> str:
        """For pages and logs."""
        return mask(_BLANKS.sub("", self.text)) if self.persons else clean_text(self.text)

    @property
    def spellings(self) -> tuple[str, ...]:
        """As typed, in capitals, and without blanks and points."""
        bare = _BLANKS.sub("", self.text)
        return tuple(dict.fromkeys((self.text, self.text.upper(), bare, bare.upper())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found: what it is called, by what, where it stands, and what happens next.

    `states` are codes; `task` is what a person must do, `acts` says who acts where nobody has a task.
    """

    kind: str
    id: str
    ref: str
    by: str
    key: str = ""
    who: str = ""
    states: tuple[str, ...] = ()
    amounts: tuple[tuple[int, str], ...] = ()
    on: date | datetime | None = None
    due: date | None = None
    task: Texts = field(default_factory=dict)
    acts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What some keys lead to, by kind; `absent` are the keys of nothing, `more` the kinds that are cut off."""

    keys: tuple[Key, ...]
    hits: Mapping[str, tuple[Hit, ...]]
    absent: tuple[str, ...] = ()
    more: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many things."""
        return sum(map(len, self.hits.values()))


KINDS = ("claim", "row", "exchange", "answer", "payment", "payout", "organisation")
"""The groups of a result, in their order."""
_MONEY = ("payment", "payout")


def keys_of(*boxes: str) -> tuple[Key, ...]:
    """What was typed or pasted, each once: one a line, or between tabs or semicolons."""
    parts = (_tidy(part) for box in boxes for part in _BETWEEN.split(box))
    return tuple(_key(part) for part in dict.fromkeys(parts) if part)


def _tidy(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST]


def _key(text: str) -> Key:
    bare = _BLANKS.sub("", text)
    padded = f"0{bare}" if len(bare) == 8 else bare
    persons = [("bsn", padded)] if is_bsn(padded) else []
    persons += [("fnr", bare)] if is_fnr(bare, allow_synthetic=True) else []
    amount = parse_money(text, "EUR") if _AMOUNT.search(text) else None
    return Key(text=text, persons=tuple(persons), minor=amount.minor if amount else None)


def find(hub: Hub, unit: Unit, keys: Sequence[Key], *, money: bool) -> Found:
    """Everything these keys lead to that this unit may see; bookings and pay-outs only with `money`."""
    most = min(MOST_SHOWN + 2 * (len(keys) - 1), 2 * MOST_KEYS)
    asked = _Asked(unit, keys, most + 1)
    rows: dict[str, list[_Match]] = {
        "claim": asked.claims(),
        "row": asked.rows(),
        "exchange": asked.exchanges(),
        "answer": asked.answers(),
        "payment": asked.payments() if money else [],
        "payout": asked.payouts() if money else [],
        "organisation": asked.organisations(),
    }
    if len(keys) == 1 and not any(rows.values()):
        rows["claim"] = asked.begun()
    more = frozenset(kind for kind, found in rows.items() if len(found) > most)
    kept = {kind: found[:most] for kind, found in rows.items() if found}
    known = {one.key.text for found in rows.values() for one in found}
    hits = {kind: tuple(_SHOWN[kind](hub, unit, found)) for kind, found in kept.items()}
    return Found(keys=tuple(keys), hits=hits, absent=tuple(k.shown for k in keys if k.text not in known), more=more)


def note(hub: Hub, tenant: str, actor: Actor, keys: Sequence[Key]) -> None:
    """Write down that somebody searched: one line, and one for each person's number, by blind index and mask."""
    with hub.store.unit(tenant) as unit:
        what = keys[0].shown[:60] if len(keys) == 1 else f"{len(keys)} keys"
        blind = unit.keys.blind(tenant, "search", "\n".join(key.text for key in keys))[:16]
        _log(unit, actor, f"search/{blind}: {what}")
        for key in keys:
            for kind, value in key.persons:
                _log(unit, actor, f"person/{mask(value)}", subjects.blind(unit, kind, value))


def _log(unit: Unit, actor: Actor, thing: str, subject: str = "") -> None:
    access.record(unit, actor=actor.name, role=actor.role, action="search", object_=thing, subject=subject)


@dataclass(frozen=True, slots=True)
class _Match:
    """A row, the column it was found by, and the key."""

    row: Row
    by: str
    key: Key


class _Asked:
    """The keys in every spelling, looked up kind by kind."""

    def __init__(self, unit: Unit, keys: Sequence[Key], most: int) -> None:
        self._unit, self._keys, self._most = unit, keys, most
        self._spelled = {spelling: key for key in keys for spelling in key.spellings}
        self._amounts = {sign * key.minor: key for key in keys if key.minor for sign in (1, -1)}
        self._blinds = {subjects.blind(unit, *person): key for key in keys for person in key.persons}

    def claims(self) -> list[_Match]:
        """By their own keys, their person, a line's reference, the amount of all or one line, their practice."""
        of = [(name, search.by_claim(self._unit, name, self._spelled, self._most)) for name in _BY_CLAIM]
        found = [one for name, rows in of for one in self._spelt(rows, name)]
        found += self._matched(self._ask("blind", self._blinds), "blind", self._blinds, "person")
        found += self._spelt(search.by_line(self._unit, "ref", self._spelled, self._most), "matched", "line_ref")
        found += self._matched(self._ask("total_minor", self._amounts), "total_minor", self._amounts, "amount")
        lines = search.by_line(self._unit, "amount_minor", self._amounts, self._most)
        found += self._matched(lines, "matched", self._amounts, "line_amount")
        practices = {one.row["code"] for one in self.organisations()}
        found += self._spelt(search.newest_of(self._unit, practices, self._most), "provider_code")
        return _once(found)

    def _ask(self, name: str, keys: Collection[Any]) -> list[Row]:
        return search.by_claim(self._unit, name, keys, self._most)

    def begun(self) -> list[_Match]:
        """Claims that begin like the one key."""
        text = self._keys[0].text.upper()
        if len(text) < _SHORTEST_PART or not text.isascii() or self._keys[0].persons:
            return []
        found = [(name, search.begun(self._unit, name, text, self._most)) for name in _BEGUN]
        return _once(_Match(row, "begins", self._keys[0]) for _, rows in found for row in rows)

    def rows(self) -> list[_Match]:
        """Rows of lists about these persons that became no claim."""
        rows = search.rows_of_persons(self._unit, self._blinds, self._most)
        return self._matched(rows, "blind", self._blinds, "person")

    def exchanges(self) -> list[_Match]:
        """Messages; a partner knows them by our key with the tenant before it."""
        ours = f"{self._unit.tenant}:"
        rows = search.exchanges(self._unit, {name.removeprefix(ours) for name in self._spelled}, self._most)
        names = ("business_key", "invoice_number", "remote_id", "id")
        return _once(one for name in names for one in self._spelt(rows, name, prefix=ours))

    def answers(self) -> list[_Match]:
        """What came in."""
        return self._spelt(search.answers(self._unit, self._spelled, self._most), "remote_id")

    def payments(self) -> list[_Match]:
        """Bookings."""
        rows = search.payments(self._unit, self._spelled, self._amounts, self._most)
        by_key = [one for name in ("reference", "id") for one in self._spelt(rows, name)]
        return _once([*by_key, *self._matched(rows, "amount_minor", self._amounts, "amount")])

    def payouts(self) -> list[_Match]:
        """Pay-outs."""
        rows = search.payouts(self._unit, self._spelled, self._amounts, self._most)
        by_amount = self._matched(rows, "amount_minor", self._amounts, "amount")
        return _once([*self._spelt(rows, "end_to_end"), *by_amount])

    def organisations(self) -> list[_Match]:
        """Our practices and clinics, and those above them."""
        return self._spelt(search.organisations(self._unit, self._spelled, self._most), "code")

    def _spelt(self, rows: Iterable[Row], name: str, by: str = "", prefix: str = "") -> list[_Match]:
        found = [(row, self._spelled.get(row[name]) or self._spelled.get(prefix + row[name])) for row in rows]
        return [_Match(row, by or name, key) for row, key in found if key is not None]

    def _matched(self, rows: Iterable[Row], name: str, keys: Mapping[Any, Key], by: str) -> list[_Match]:
        return [_Match(row, by, keys[row[name]]) for row in rows if row[name] in keys]


def _once(found: Iterable[_Match]) -> list[_Match]:
    """Each row by the first thing it was found by."""
    first: dict[str, _Match] = {}
    for one in found:
        first.setdefault(one.row["id"], one)
    return list(first.values())


def _claims(hub: Hub, unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    ordered = sorted(found, key=lambda one: (one.row["created_at"], one.row["ref"]), reverse=True)
    views = claim_views(unit, [one.row for one in ordered])
    waiting: dict[str, Row] = {}
    for row in tasks.of_claims(unit, [one.row["ref"] for one in ordered]):
        waiting.setdefault(row["claim_ref"], row)
    for one, view in zip(ordered, views, strict=True):
        yield _claim(hub, one, view, waiting.get(view.ref))


def _claim(hub: Hub, one: _Match, view: ClaimView, task: Row | None) -> Hit:
    partner = hub.registry.partners.get(view.payer)
    acts = lookup.acts_on(hub, task, view.payer) if task else lookup.standing_of(view)[1]
    waited = view.reply_due if acts == "payer" and view.decision == "open" else None
    return Hit(
        kind="claim",
        id=view.ref,
        ref=view.ref,
        by=one.by,
        key=one.key.shown,
        who=partner.title if partner else view.payer or view.payer_code,
        states=(view.hold or view.transport, view.decision) if view.decision != "open" else (view.transport,),
        amounts=((view.money.claimed.minor, view.currency),),
        on=one.row["created_at"],
        due=task["due"] if task else waited,
        task=task["action"] if task else {},
        acts=acts,
    )


def _rows(_hub: Hub, _unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    for one in found:
        row = one.row
        yield Hit(
            kind="row",
            id=row["declaration_id"],
            ref=f"{row['module']} {row['period']} / {row['line']}".strip(),
            by=one.by,
            key=one.key.shown,
            states=(row["outcome"],),
            on=row["received_at"],
            task=row["message"],
            acts="support" if row["outcome"] == "hold" else "nobody",
        )


_EXCHANGE_ACTS = {"prepared": "hub", "sending": "hub", "failed": "support", "refused": "support", "in_doubt": "support"}


def _exchanges(hub: Hub, unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    asked = search.exchange_amounts(unit, [one.row["id"] for one in found]) if len(found) <= _SUMMED else {}
    for one in found:
        row = one.row
        partner = hub.registry.partners.get(row["partner"])
        waits = row["state"] in ("sent", "delivered") and row["answered_at"] is None
        yield Hit(
            kind="exchange",
            id=row["id"],
            ref=row["invoice_number"] or row["business_key"],
            by=one.by,
            key=one.key.shown,
            who=partner.title if partner else row["partner"],
            states=(row["state"],) if row["released"] else (row["state"], "held"),
            amounts=tuple(asked.get(row["id"], ())),
            on=row["sent_at"] or row["prepared_at"],
            due=row["reply_due"] if waits else None,
            acts=_EXCHANGE_ACTS.get(row["state"], "payer" if waits else "nobody") if row["released"] else "support",
        )


def _answers(_hub: Hub, _unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    for one in found:
        row = one.row
        yield Hit(
            kind="answer",
            id=row["exchange_id"] or row["id"],
            ref=clean_text(row["meta"].get("name") or row["remote_id"]),
            by=one.by,
            key=one.key.shown,
            who=row["source"].partition("|")[0],
            states=(row["state"],),
            on=row["received_at"],
            acts="nobody" if row["state"] in ("processed", "duplicate", "dismissed") else "support",
        )


def _payments(_hub: Hub, _unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    for one in found:
        row = one.row
        yield Hit(
            kind="payment",
            id=row["id"],
            ref=clean_text(row["reference"]) or short_id(row["id"]),
            by=one.by,
            key=one.key.shown,
            states=(row["matched"],),
            amounts=((row["amount_minor"], row["currency"]),),
            on=row["booked"],
            acts="support" if row["matched"] == "review" else "hub" if row["matched"] == "new" else "nobody",
        )


_PAYOUT_ACTS = {"proposed": "support", "approved": "support", "exported": "bank", "failed": "support"}


def _payouts(_hub: Hub, _unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    for one in found:
        row = one.row
        yield Hit(
            kind="payout",
            id=str(row["number"]),
            ref=row["end_to_end"],
            by=one.by,
            key=one.key.shown,
            who=row["name"],
            states=(row["state"],),
            amounts=((row["amount_minor"], row["currency"]),),
            on=row["proposed_at"],
            acts=_PAYOUT_ACTS.get(row["state"], "nobody"),
        )


def _organisations(_hub: Hub, _unit: Unit, found: Sequence[_Match]) -> Iterable[Hit]:
    for one in found:
        row = one.row
        yield Hit(
            kind="organisation",
            id=row["id"],
            ref=row["code"],
            by=one.by,
            key=one.key.shown,
            who=row["name"],
            states=(row["kind"],),
            on=row["created_at"],
            acts="nobody",
        )


_SHOWN: Mapping[str, Callable[[Hub, Unit, Sequence[_Match]], Iterable[Hit]]] = {
    "claim": _claims,
    "row": _rows,
    "exchange": _exchanges,
    "answer": _answers,
    "payment": _payments,
    "payout": _payouts,
    "organisation": _organisations,
}
