"""What a person uploads at a portal: by when, reminded of it, and compared with the portal's own list.

The channel's settings (the partner's folder, or the agreement) say how: `upload_days` = working days a person has (2),
`remind` = the address that is reminded; and how the portal's list is read: `list.reference` = the column with our
reference or file name, and, where the list has them, `list.portal_reference`, `list.date` (with `list.date_format`,
ISO when absent), `list.state` with `list.refused` = the words there, separated by |, that mean the portal did not take
it. What the portal lists is proposed, never taken for our own knowledge; a person says so with `kvitt release`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePath

from hub import texts
from hub.errors import ConfigurationError, FormatError
from hub.intake.table import Table, read_table
from hub.log import clean_text
from hub.model.exchange import ExchangeState
from hub.model.partner import Partner
from hub.pipeline import waiting as terms
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import ZONES, Actor, Hub
from hub.policy import workdays
from hub.registry import channel_under
from hub.store import access, exchanges, parties, schema, tasks
from hub.store.unit import Row, Unit

WAITS, MISSING, REFUSED, UNKNOWN = "PERSON_UPLOADS", "PORTAL_MISSING", "PORTAL_REFUSED", "PORTAL_UNKNOWN"
_KIND = WAITS.lower()
_DAYS = 2
_NAMED = 10
_SHORTEST = 3
_MARKS = (0, 1, 3, 7)
"""Reminders: on the day it is due, and so many days after it; each once."""
_MEANS = re.compile(r'["$`\\!]')
"""Signs that mean something to a shell between double quotes."""
_UPLOADED = (ExchangeState.SENT.value, ExchangeState.DELIVERED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload that waits for a person."""

    key: str
    name: str
    partner: str
    due: date
    reminded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of a portal's list."""

    line: int
    reference: str
    portal_reference: str = ""
    day: date | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The portal lists what we still count as not uploaded: the words to say so."""

    key: str
    reference: str
    day: date | None
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A portal's list beside ours. `agreed` on both sides; `unread` are lines of the list that could not be read."""

    agreed: int
    proposals: tuple[Proposal, ...] = ()
    missing: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unread: tuple[int, ...] = field(default=())


def attend(hub: Hub, tenant: str) -> list[Upload]:
    """Give every waiting upload its day, and remind whoever uploads on that day and after it, each time once."""
    with hub.store.unit(tenant) as unit:
        last = _last_days(hub, unit)
        found = [_attend(hub, unit, task, last) for task in tasks.open_tasks(unit) if task["kind"] == _KIND]
    return sorted((each for each in found if each is not None), key=lambda each: (each.due, each.key))


def _last_days(hub: Hub, unit: Unit) -> dict[str, date]:
    """The day the payer must have it by, per document, where its rules are known."""
    days: dict[str, date] = {}
    for each in terms.waiting(hub, unit):
        if each.term is not None and each.invoice_number:
            days[each.invoice_number] = min(each.term.last_safe, days.get(each.invoice_number, date.max))
    return days


def _attend(hub: Hub, unit: Unit, task: Row, last: Mapping[str, date]) -> Upload | None:
    exchange = exchanges.get(unit, task["exchange_id"])
    partner = hub.registry.partners.get(exchange["partner"])
    if partner is None:
        return None
    settings = _settings(unit, partner, exchange["agreement_id"])
    due = task["due"] or _due(partner, settings, exchange, last)
    if task["due"] is None:
        unit.update(schema.task, task["id"], due=due)
    today = hub.today(_zone(partner))
    reminded = _remind(unit, settings, exchange, partner, (today - due).days)
    return Upload(
        key=exchange["invoice_number"], name=exchange["name"], partner=partner.name, due=due, reminded=reminded
    )


def _zone(partner: Partner) -> str:
    return partner.country if partner.country in ZONES else "NL"


def _due(partner: Partner, settings: Mapping[str, str], exchange: Row, last: Mapping[str, date]) -> date:
    wished = settings.get("upload_days", "").strip()
    days = int(wished) if wished.isdigit() else _DAYS
    zone = _zone(partner)
    begun = exchange["prepared_at"].astimezone(ZONES[zone]).date()
    return min(workdays.due(begun, days, zone), last.get(exchange["invoice_number"], date.max))


def _remind(unit: Unit, settings: Mapping[str, str], exchange: Row, partner: Partner, late: int) -> bool:
    mark = max((mark for mark in _MARKS if mark <= late), default=None)
    recipient = settings.get("remind", "").strip() or _own_address(unit)
    if mark is None or not recipient:
        return False
    values = {"name": exchange["name"], "partner": partner.title, "key": exchange["invoice_number"], "late": late}
    language = "nb" if partner.country == "NO" else "nl"
    subject = texts.pick(texts.text("UPLOAD_REMINDER", **values), language)
    body = texts.pick(texts.action("UPLOAD_REMINDER", **values), language)
    return tasks.notify(unit, f"upload:{exchange['business_key']}:{mark}"[:160], recipient, subject, body, language)


def _own_address(unit: Unit) -> str:
    """The two-address rule for ourselves: who bills is who uploads."""
    for kind in ("billing_agent", "care_group", "clinic", "practice"):
        for each in parties.organisations(unit, kind):
            if each.invoice_email or each.party.email:
                return each.invoice_email or each.party.email
    return ""


def compare(hub: Hub, tenant: str, partner_name: str, data: bytes, name: str, actor: Actor) -> Compared:
    """Read a portal's list and compare it with what we count as uploaded there."""
    partner = hub.registry.by_name(partner_name)
    with hub.store.unit(tenant) as unit:
        agreement = parties.agreement(
            unit, partner.name, hub.today(partner.country if partner.country in ZONES else "NL")
        )
        if agreement is None:
            raise ConfigurationError(f"there is no agreement with {partner.title}", hint="kvitt org agreement")
        settings = channel_under(partner, agreement).settings
        listed, unread = _listed(read_table(data, name), settings)
        done = _compare(unit, partner, listed, unread)
        access.record(unit, actor=actor.name, role=actor.role, action="portal", object_=f"{partner.name}/{len(listed)}")
    return done


def _settings(unit: Unit, partner: Partner, agreement_id: str) -> Mapping[str, str]:
    return channel_under(partner, parties.agreement_by_id(unit, agreement_id)).settings


def _listed(table: Table, settings: Mapping[str, str]) -> tuple[list[Listed], tuple[int, ...]]:
    places = {name: _column(table, settings, name) for name in ("reference", "portal_reference", "date", "state")}
    if places["reference"] is None:
        raise ConfigurationError("which column holds our reference is not said", hint="set list.reference")
    words = {word.strip().casefold() for word in settings.get("list.refused", "").split("|") if word.strip()}
    listed, unread = [], []
    for row in table.rows:
        cells = {
            name: row.cells[place].strip() for name, place in places.items() if place is not None and not row.ragged
        }
        try:
            day = _day(cells.get("date", ""), settings.get("list.date_format", ""))
        except ValueError:
            cells, day = {}, None
        if not cells.get("reference"):
            unread.append(row.line)
            continue
        listed.append(
            Listed(
                line=row.line,
                reference=cells["reference"],
                portal_reference=cells.get("portal_reference", ""),
                day=day,
                refused=cells.get("state", "").casefold() in words,
            )
        )
    return listed, tuple(unread)


def _column(table: Table, settings: Mapping[str, str], name: str) -> int | None:
    wished = settings.get(f"list.{name}", "").strip()
    if not wished:
        return None
    header = [cell.strip().casefold() for cell in table.header]
    if wished.casefold() not in header:
        raise FormatError(f"the list has no column {wished!r}", hint=f"it has: {', '.join(table.header[:20])}")
    return header.index(wished.casefold())


def _day(text: str, form: str) -> date | None:
    if not text:
        return None
    return datetime.strptime(text, form).date() if form else date.fromisoformat(text[:10])  # noqa: DTZ007 -- a day


def _compare(unit: Unit, partner: Partner, listed: Sequence[Listed], unread: tuple[int, ...]) -> Compared:
    table = schema.exchange
    ours = exchanges.find(unit, table.c.partner == partner.name, table.c.channel == "portal")
    names = [(name, row) for row in ours for name in _names(unit, row)]
    times = Counter(name for name, _ in names)
    named = {name: row for name, row in names if times[name] == 1}  # a name of two uploads says nothing
    found: dict[str, Listed] = {}
    unknown: list[str] = []
    for each in listed:
        row = _ours(named, each)
        if row is None:
            unknown.append(clean_text(each.reference))
        elif row["id"] not in found or found[row["id"]].refused:
            found[row["id"]] = each  # what was refused and taken later is taken
    proposals = [_propose(unit, row, found[row["id"]]) for row in ours if _to_propose(row, found.get(row["id"]))]
    refused = [_case(unit, partner, row, REFUSED) for row in ours if _went(row) and _said_no(found.get(row["id"]))]
    since = min((each.day for each in listed if each.day), default=None)
    missing = [_case(unit, partner, row, MISSING) for row in ours if row["id"] not in found and _expected(row, since)]
    agreed = [row for row in ours if _went(row) and row["id"] in found and not found[row["id"]].refused]
    for row in agreed:
        for code in (MISSING, REFUSED):
            tasks.done(unit, _key(row, code), {"listed": True})
    _tell_unknown(unit, partner, unknown)
    return Compared(
        agreed=len(agreed),
        proposals=tuple(proposals),
        missing=tuple(missing),
        refused=tuple(refused),
        unknown=tuple(unknown),
        unread=unread,
    )


def _names(unit: Unit, row: Row) -> set[str]:
    """What the portal may list an upload under: file name, number, our reference, the reference a person recorded."""
    said = {word for line in exchanges.history(unit, row["id"]) for word in line["text"].split()}
    known = {
        row["name"],
        PurePath(row["name"]).stem,
        row["invoice_number"],
        row["remote_id"],
        row["business_key"],
        *said,
    }
    return {name.strip(".,;:").casefold() for name in known if len(name) >= _SHORTEST}


def _ours(named: Mapping[str, Row], each: Listed) -> Row | None:
    for name in (each.reference, each.portal_reference, PurePath(each.reference).stem):
        row = named.get(name.strip().casefold()) if name else None
        if row is not None:
            return row
    return None


def _went(row: Row) -> bool:
    return row["state"] in _UPLOADED


def _said_no(each: Listed | None) -> bool:
    return each is not None and each.refused


def _to_propose(row: Row, each: Listed | None) -> bool:
    return each is not None and not each.refused and row["state"] in {"prepared", "in_doubt"}


def _expected(row: Row, since: date | None) -> bool:
    """Whether a list that begins on this day must show it; one without days is about everything."""
    return _went(row) and (since is None or row["sent_at"] is None or row["sent_at"].date() >= since)


def _propose(unit: Unit, row: Row, each: Listed) -> Proposal:
    reference = _MEANS.sub(" ", clean_text(each.portal_reference or each.reference))  # somebody will paste it
    when = f", {each.day:%Y-%m-%d}" if each.day else ""
    command = f'kvitt release {row["invoice_number"]} --arrived --evidence "{reference} on the portal\'s list{when}"'
    for code in (WAITS, "IN_DOUBT"):
        tasks.amend(unit, f"exchange:{row['business_key']}:{code}", texts.action("PORTAL_LISTS", command=command))
    return Proposal(key=row["invoice_number"], reference=reference, day=each.day, command=command)


def _case(unit: Unit, partner: Partner, row: Row, code: str) -> str:
    values = {"name": row["name"], "partner": partner.title, "key": row["invoice_number"]}
    raise_case(unit, code, values, key=_key(row, code), about=About(exchange_id=row["id"]), reopen=True)
    return str(row["invoice_number"])


def _key(row: Row, code: str) -> str:
    return f"exchange:{row['business_key']}:{code}"


def _tell_unknown(unit: Unit, partner: Partner, unknown: Sequence[str]) -> None:
    key = f"portal:{partner.name}:{UNKNOWN}"
    if not unknown:
        tasks.done(unit, key, {"listed": True})
        return
    values = {"partner": partner.title, "count": len(unknown), "reason": ", ".join(unknown[:_NAMED])}
    raise_case(unit, UNKNOWN, values, key=key, reopen=True)
