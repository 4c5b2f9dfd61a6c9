"""What is said in alerts and in the morning digest: causes, partners, counts, money and days, never a case or a person.

Whoever reads a mail may forward it: what a claim, file or person is called stays in the hub (`kvitt next`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub import texts
from hub.model.money import Money
from hub.pipeline.context import Hub
from hub.pipeline.deadlines import Pile
from hub.pipeline.prognosis import Prognosis
from hub.store.alerts import Target
from hub.store.unit import Row

_MOST_PILES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message: what stands above it, its text, and the same for programs."""

    subject: str
    body: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """What a digest is made of."""

    day: date
    incidents: Sequence[Row]
    piles: Sequence[Pile]
    prognosis: Sequence[Prognosis]


def alert(hub: Hub, tenant: str, target: Target, row: Row, what: str) -> Said:
    """One incident that opened, came a step further, or is over (`what`: opened, step, resolved)."""
    title = _title(hub, row, target.language)
    head = texts.pick(
        texts.text("ALERT_RESOLVED" if what == "resolved" else "ALERT_HEAD", title=title), target.language
    )
    lines = [head, *_details(row, target)]
    if what != "resolved":
        lines += ["", texts.pick(texts.action(_code(row)), target.language), _where_to_look(tenant, target)]
    return Said(
        subject=f"[Kvitt {hub.stage}] {head}",
        body="\n".join(lines) + "\n",
        data={"kind": what, "tenant": tenant, "stage": hub.stage, "text": head, **_facts(row)},
    )


def morning(hub: Hub, tenant: str, target: Target, made: Morning) -> Said:
    """The digest: what needs a person by day and money, what is over, filing terms, and when money will come."""
    open_ = sorted((row for row in made.incidents if row["resolved_at"] is None), key=_by_day_and_money)
    over = [row for row in made.incidents if row["resolved_at"] is not None]
    say = _speaker(target.language)
    head = say("DIGEST_HEAD", day=made.day, open=len(open_)) if open_ else say("DIGEST_QUIET", day=made.day)
    lines = [head]
    lines += _section(say("DIGEST_PERSON"), (_line(hub, row, target) for row in open_))
    lines += _section(say("DIGEST_OVER"), (_line(hub, row, target) for row in over))
    lines += _section(say("DIGEST_DEADLINES"), (_pile_line(pile, say) for pile in made.piles[:_MOST_PILES]))
    lines += _section(say("DIGEST_MONEY"), (_money_line(hub, each, say, made.day) for each in made.prognosis))
    return Said(
        subject=f"[Kvitt {hub.stage}] {head}",
        body="\n".join([*lines, "", _where_to_look(tenant, target)]) + "\n",
        data={
            "kind": "digest",
            "tenant": tenant,
            "stage": hub.stage,
            "day": made.day.isoformat(),
            "text": head,
            "open": [_facts(row) for row in open_],
            "resolved": [_facts(row) for row in over],
            "deadlines": [_without_files(pile) for pile in made.piles[:_MOST_PILES]],
            "payments": [_texts_of(each.as_json()) for each in made.prognosis],
        },
    )


def trial(hub: Hub, tenant: str, target: Target) -> Said:
    """A message that says nothing is wrong, to see that it comes through."""
    head = texts.pick(texts.text("ALERT_TEST", name=target.name), target.language)
    data = {"kind": "test", "tenant": tenant, "stage": hub.stage, "text": head}
    return Said(subject=f"[Kvitt {hub.stage}] {head}", body=f"{head}\n", data=data)


def _by_day_and_money(row: Row) -> tuple[date, int]:
    return (row["due"] or date.max, -max(row["amounts"].values(), default=0))


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *(f"- {line}" for line in found)] if found else []


def _line(hub: Hub, row: Row, target: Target) -> str:
    return "; ".join([_title(hub, row, target.language), *_details(row, target)])


def _title(hub: Hub, row: Row, language: str) -> str:
    partner = hub.registry.partners.get(row["partner"])
    said = texts.pick(texts.text(_code(row)), language)
    title = partner.title if partner else row["partner"]
    return f"{title}: {said}" if title else said


def _code(row: Row) -> str:
    return f"CAUSE_{row['cause'].upper()}"


def _details(row: Row, target: Target) -> list[str]:
    say = _speaker(target.language)
    zone = ZoneInfo(target.zone)
    found = [say("ALERT_COUNT", count=row["count"])] if row["count"] else []
    found += [say("ALERT_MONEY", amount=Money(minor, currency)) for currency, minor in row["amounts"].items()]
    found += [say("ALERT_DUE", day=row["due"])] if row["due"] else []
    found += [say("ALERT_STEP", step=row["step"])] if row["step"] else []
    found += [say("ALERT_SINCE", moment=_moment(row["opened_at"], zone))]
    found += [say("ALERT_UNTIL", moment=_moment(row["resolved_at"], zone))] if row["resolved_at"] else []
    return found


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _pile_line(pile: Pile, say: Any) -> str:  # noqa: ANN401 -- a speaker
    said = say(
        "DIGEST_PILE", partner=pile.title, day=pile.day, left=pile.days_left, claims=pile.claims, amount=pile.amount
    )
    return f"{said} ({pile.stuck})" if pile.stuck else str(said)


def _money_line(hub: Hub, each: Prognosis, say: Any, today: date) -> str:  # noqa: ANN401 -- a speaker
    partner = hub.registry.partners.get(each.payer)
    values = {
        "partner": partner.title if partner else each.payer,
        "amount": Money(each.outstanding_minor, each.currency),
        "files": each.files,
        "day": each.expected_on,
        "days": each.median_days,
        "payments": each.payments,
    }
    if each.expected_on is None:
        return str(say("DIGEST_NO_HISTORY", **values))
    return str(say("DIGEST_LATE" if each.expected_on < today else "DIGEST_EXPECTED", **values))


def _where_to_look(tenant: str, target: Target) -> str:
    return texts.pick(texts.text("ALERT_LOOK", tenant=tenant), target.language)


def _speaker(language: str) -> Any:  # noqa: ANN401 -- a function of code and values
    def say(code: str, /, **values: object) -> str:
        return texts.pick(texts.text(code, **values), language)

    return say


def _facts(row: Row) -> dict[str, Any]:
    names = ("id", "partner", "cause", "urgent", "step", "count", "amounts", "due", "opened_at", "resolved_at")
    return _texts_of({name: row[name] for name in names})


def _without_files(pile: Pile) -> dict[str, Any]:
    return _texts_of({name: value for name, value in pile.as_json().items() if name != "files"})


def _texts_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Days and moments as text, so that what is stored is what is sent."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in body.items()}
