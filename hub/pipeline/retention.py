"""Retention: how long each kind is kept (`retention.toml`, dated), what is due, and its destruction.

Destroying is safe to repeat and to interrupt: a key goes first, and what it opened is gone; the note of it follows in
the same step or, after a crash, in the next run. A person on hold keeps everything: the key of theirs, and the raw
batches in which something of theirs stands. An access log that is not whole is kept, and said.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from hub import texts
from hub.errors import ConfigurationError
from hub.ledger.balances import line_money
from hub.pipeline.context import NIGHT, ZONES, Actor, Hub
from hub.store import access, money, pauses, privacy, retained, standing, subjects, tasks
from hub.store.tasks import NewTask
from hub.store.unit import Unit

KINDS = ("batch", "person", "nameless_rows", "access_log", *retained.KINDS)
_OPERATION = frozenset(
    {"api_repeat", "webhook_delivery", "webhook", "alert", "alert_target", "incident", "pause", "job_run", "bulk_fix"}
)
"""Kinds of which no note is kept: they say nothing about a patient; the night's record counts them."""
_MANY = 500
_BROKEN = "access_log:BROKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long one kind is kept, from a day on; `years` after the end of the year, or `days` after the last event."""

    kind: str
    first: date
    years: int
    days: int
    basis: str
    country: str = ""

    def before(self, today: date) -> date:
        """What is from before this day is due."""
        return date(today.year - self.years, 1, 1) if self.years else today - timedelta(days=self.days)

    def until(self, day: date) -> date:
        """The first day on which what is from this day is due."""
        return date(day.year + self.years + 1, 1, 1) if self.years else day + timedelta(days=self.days + 1)

    @property
    def term(self) -> str:
        """The term as it is written down with what was destroyed."""
        return f"{self.years} years" if self.years else f"{self.days} days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be destroyed now, or why it is not: `kept` is `hold`, `open_money` or `broken`."""

    kind: str
    what: str
    count: int
    rule: Rule
    kept: str = ""
    ids: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        named = {"kind": self.kind, "what": self.what, "count": self.count, "kept": self.kept}
        return named | {"term": self.rule.term, "basis": self.rule.basis}


def rules(home: Path, country: str, today: date) -> dict[str, Rule]:
    """The rule in force for each kind: the hub's own before ours, the country's before the general one."""
    shipped = _parsed(resources.files("hub.pipeline").joinpath("retention.toml").read_text(encoding="utf-8"))
    own = home / "retention.toml"
    known = [*shipped, *(_parsed(own.read_text(encoding="utf-8")) if own.is_file() else ())]
    fitting = [each for each in known if each.country in ("", country) and each.first <= today]
    found = {each.kind: each for each in sorted(fitting, key=lambda each: (each.first, bool(each.country)))}
    missing = set(KINDS) - set(found)
    if missing:
        raise ConfigurationError(f"no retention for {', '.join(sorted(missing))}", where=country)
    if found["incident"].until(today) < found["alert"].until(today):
        raise ConfigurationError("incidents must be kept as long as alerts", hint="retention.toml", where=country)
    return found


def _parsed(text: str) -> Iterable[Rule]:
    try:
        return [_rule(entry) for entry in tomllib.loads(text)["rule"]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        hint = "each [[rule]] has kind, from, years or days, basis"
        raise ConfigurationError(f"retention.toml cannot be read: {error}", hint=hint) from error


def _rule(entry: Mapping[str, Any]) -> Rule:
    years, days = int(entry.get("years", 0)), int(entry.get("days", 0))
    if entry["kind"] not in KINDS or (years > 0) == (days > 0) or min(years, days) < 0 or not entry["basis"]:
        raise ValueError(f"a rule for {entry['kind']!r}")
    country = str(entry.get("country", ""))
    return Rule(kind=entry["kind"], first=entry["from"], years=years, days=days, basis=entry["basis"], country=country)


def today_of(unit: Unit, country: str) -> date:
    """The local day of a unit's moment."""
    return unit.now.astimezone(ZONES[country]).date()


def due(hub: Hub, unit: Unit, country: str) -> list[Due]:
    """Everything whose term is over, with what keeps it."""
    today = today_of(unit, country)
    terms = rules(hub.home, country, today)
    held = {row["subject_id"] for row in privacy.holds(unit)}
    found = [*_batches(unit, terms["batch"], today, held), *_persons(unit, terms["person"], today, held)]
    found += _nameless(unit, terms["nameless_rows"], today)
    found += _months(unit, terms["access_log"], today)
    for kind in retained.KINDS:
        free, kept = retained.over(unit, kind, _start(terms[kind].before(today)))
        found += [Due(kind=kind, what=kind, count=free, rule=terms[kind])] if free else []
        found += [Due(kind=kind, what=kind, count=kept, rule=terms[kind], kept="hold")] if kept else []
    return found


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _batches(unit: Unit, rule: Rule, today: date, held: set[str]) -> Iterable[Due]:
    kept = {row["key_name"] for row in privacy.batches_of(unit, held)} if held else set[str]()
    for row in privacy.batches(unit):
        year = row["key_name"].rsplit(":", 1)[-1][:4]
        if year.isdigit() and int(year) < rule.before(today).year:
            why = "hold" if row["key_name"] in kept else ""
            yield Due(kind="batch", what=row["key_name"], count=row["count"], rule=rule, kept=why)


def _persons(unit: Unit, rule: Rule, today: date, held: set[str]) -> Iterable[Due]:
    quiet = privacy.quiet_subjects(unit, _start(rule.before(today)))
    owed = open_money(unit, quiet)
    groups = {"hold": [each for each in quiet if each in held]}
    groups["open_money"] = [each for each in quiet if each in owed and each not in held]
    groups[""] = [each for each in quiet if each not in owed and each not in held]
    what = f"persons before {rule.before(today)}"
    return [
        Due(kind="person", what=what, count=len(ids), rule=rule, kept=why, ids=tuple(ids))
        for why, ids in groups.items()
        if ids
    ]


def open_money(unit: Unit, subject_ids: Sequence[str]) -> set[str]:
    """Persons with a claim that is undecided or not paid in full."""
    found: set[str] = set()
    for start in range(0, len(subject_ids), _MANY):
        lines = privacy.lines_of(unit, subject_ids[start : start + _MANY])
        standing = line_money(money.postings(unit, line_ids=[line for each in lines.values() for line in each]))
        waits = {line for line, each in standing.items() if each.open.minor or each.outstanding.minor}
        found |= {person for person, own in lines.items() if waits & set(own)}
    return found


def _nameless(unit: Unit, rule: Rule, today: date) -> Iterable[Due]:
    ids = privacy.nameless_lists(unit, _start(rule.before(today)))
    what = f"rows of lists before {rule.before(today)}"
    return [Due(kind=rule.kind, what=what, count=len(ids), rule=rule, ids=tuple(ids))] if ids else []


def _months(unit: Unit, rule: Rule, today: date) -> Iterable[Due]:
    day = rule.before(today) if rule.days else date(today.year - rule.years, today.month, 1)
    months = access.prunable(unit, f"{day.year:04d}-{day.month:02d}")
    whole = access.verify(unit) if months else {}
    for month, count in months.items():
        yield Due(kind=rule.kind, what=month, count=count, rule=rule, kept="" if whole[month] is None else "broken")


def nightly(hub: Hub, tenant: str) -> str:
    """The job of the night: destroy what is due and free; says how much of each kind, and what was kept.

    While everything that goes out is stopped nothing is destroyed either: a hub that was put back from a backup does
    not know the holds made since.
    """
    with hub.store.reading(tenant) as unit:
        if pauses.in_force(unit).of(pauses.OUTBOUND, ""):
            return "nothing destroyed while outbound is stopped"
    country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
    done = apply(hub, tenant, country, NIGHT)
    _ask_about(hub, tenant, [each.what for each in done if each.kept == "broken"])
    gone, kept = Counter[str](), Counter[str]()
    for each in done:
        if each.kept:
            kept[f"{each.kind} ({each.kept})"] += each.count
        else:
            gone[each.kind] += each.count
    said = [", ".join(f"{kind} {count}" for kind, count in gone.items() if count) or "nothing was due"]
    said += ["kept: " + ", ".join(f"{kind} {count}" for kind, count in kept.items())] if kept else []
    return "; ".join(said)


def _ask_about(hub: Hub, tenant: str, broken: Sequence[str]) -> None:
    """A log that is not whole is a task until its last month is."""
    words = {"months": ", ".join(broken)}
    with hub.store.unit(tenant) as unit:
        if not broken:
            tasks.done(unit, _BROKEN, {"over": True})
            return
        text, action = texts.text("ACCESS_LOG_BROKEN", **words), texts.action("ACCESS_LOG_BROKEN", **words)
        new = NewTask(
            key=_BROKEN, kind="access_log_broken", text=text, action=action, evidence={"step": words["months"]}
        )
        standing.keep(unit, new)


def apply(hub: Hub, tenant: str, country: str, actor: Actor) -> list[Due]:
    """Destroy what is due and free, kind by kind in a step of its own; gives everything that was due, as it went."""
    with hub.store.reading(tenant) as unit:
        found = due(hub, unit, country)
    done = []
    for each in found:
        if each.kept:
            done.append(each)
            continue
        with hub.store.unit(tenant) as unit:
            done.append(replace(each, count=_destroy(unit, country, each, actor)))
    return done


def _destroy(unit: Unit, country: str, what: Due, actor: Actor) -> int:
    """Within one transaction, with the note of it; what came to be kept since it was found due is left."""
    count = _end(unit, country, what, actor)
    if count and what.kind not in _OPERATION:
        privacy.dispose(unit, what.kind, what.what, count, f"{what.rule.term}: {what.rule.basis}", actor.name[:60])
        object_ = f"{what.kind}/{what.what}"[:200]
        access.record(unit, actor=actor.name, role=actor.role, action="destroy", object_=object_)
    return count


def _end(unit: Unit, country: str, what: Due, actor: Actor) -> int:
    match what.kind:
        case "batch":
            held = {row["subject_id"] for row in privacy.holds(unit)}
            free = {each.what for each in _batches(unit, what.rule, today_of(unit, country), held) if not each.kept}
            if what.what not in free:
                return 0
            privacy.end_batch(unit, what.what)
        case "person":
            held = {row["subject_id"] for row in privacy.holds(unit)}
            due_now = _persons(unit, what.rule, today_of(unit, country), held)
            free_now = {one for each in due_now if not each.kept for one in each.ids}
            ids = [each for each in what.ids if each in free_now]
            forget(unit, ids)
            return len(ids)
        case "nameless_rows":
            unit.keys.destroy_all(privacy.key_name(unit, each) for each in what.ids)
        case "access_log":
            access.prune(unit, what.what, actor.name[:60])
        case kind:
            return retained.end(unit, kind, _start(what.rule.before(today_of(unit, country))))
    return what.count


def forget(unit: Unit, subject_ids: Sequence[str]) -> dict[str, int]:
    """Persons end: what was written about their cases, then their keys; gives how much was written."""
    words = retained.forget_words(unit, subject_ids)
    subjects.erase_many(unit, subject_ids)
    return words
