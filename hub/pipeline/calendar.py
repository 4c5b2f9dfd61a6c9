"""What expires: client certificates and pinned CAs, credentials whose end is known, and agreements.

Each is said once at 60, 30, 14, 7 and 1 day before its end. Where our client certificate has expired, everything for
that partner is stopped (a pause by the calendar, with the reason `blocked: certificate`): nothing is tried, nothing is
counted as an attempt, and the queue stays as it is. A new certificate in its place lifts the pause.

Certificates are read from the files an agreement names; `probe` also asks channels that know an end of their own.
An agreement may name the end of a credential as a date in a setting whose name ends in `_expires`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from hub import log, texts
from hub.errors import HubError
from hub.model.partner import Agreement, Partner
from hub.pipeline.context import ZONES, Hub
from hub.policy.countdown import EXPIRED, expiry_step, is_urgent
from hub.registry import channel_under
from hub.store import parties, pauses, standing
from hub.store.tasks import NewTask
from hub.store.unit import Unit

CERTIFICATE, CA, CREDENTIAL, AGREEMENT, CHANNEL = "certificate", "ca", "credential", "agreement", "channel"
_FILES = {"client_cert": CERTIFICATE, "ca_file": CA}
_ENDS = "_expires"
BY = "calendar"
"""Who pauses a partner whose certificate has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that expires, with a partner; `name` is the setting that holds it."""

    kind: str
    partner: str
    title: str
    country: str
    name: str
    expires: datetime
    days_left: int
    step: str

    @property
    def key(self) -> str:
        """The one task about it: another certificate is another task."""
        return f"calendar:{self.kind}:{self.partner}:{self.name}:{self.expires:%Y-%m-%d}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        names = ("kind", "partner", "name", "expires", "days_left", "step")
        return {name: getattr(self, name) for name in names}


def calendar(hub: Hub, unit: Unit) -> list[Entry]:
    """Everything of the agreements in force (and of those that ended lately) that expires, soonest first."""
    every = parties.agreements(unit)
    found = []
    for one in _current(hub, every):
        found += [*_of_settings(hub, one), *_of_agreement(hub, one, every)]
    return sorted(found, key=lambda entry: (entry.expires, entry.partner, entry.name))


def _current(hub: Hub, every: Sequence[Agreement]) -> Iterator[Agreement]:
    """The agreement of each partner that is used now, else the one that ended last (not longer than 30 days ago)."""
    for name in sorted({one.partner for one in every}):
        today = hub.today(_country(hub, name))
        begun = [one for one in every if one.partner == name and one.valid_from <= today]
        if begun and (begun[-1].valid_to is None or begun[-1].valid_to >= today - timedelta(days=30)):
            yield begun[-1]


def _country(hub: Hub, name: str) -> str:
    partner = hub.registry.partners.get(name)
    return partner.country if partner and partner.country in ZONES else "NL"


def _settings(hub: Hub, one: Agreement) -> Mapping[str, str]:
    partner = hub.registry.partners.get(one.partner)
    return channel_under(partner, one).settings if partner else one.settings


def _of_settings(hub: Hub, one: Agreement) -> Iterator[Entry]:
    for name, value in sorted(_settings(hub, one).items()):
        if name in _FILES:
            kind = _FILES[name]
            expires = certificate_end(Path(value), whole=kind == CA)
        else:
            expires = _end_of_day(value, _country(hub, one.partner)) if name.endswith(_ENDS) else None
            kind = CREDENTIAL
        if expires is not None:
            yield _entry(hub, one.partner, kind, name.removesuffix(_ENDS), expires)


def _of_agreement(hub: Hub, one: Agreement, every: Sequence[Agreement]) -> Iterator[Entry]:
    """An agreement that ends without another one after it."""
    end = one.valid_to
    if end is None or any(each.partner == one.partner and each.valid_from > one.valid_from for each in every):
        return
    expires = _end_of_day(end.isoformat(), _country(hub, one.partner))
    if expires is not None:
        yield _entry(hub, one.partner, AGREEMENT, f"{one.valid_from}", expires)


def _entry(hub: Hub, name: str, kind: str, what: str, expires: datetime) -> Entry:
    partner = hub.registry.partners.get(name)
    now = hub.clock.now()
    return Entry(
        kind=kind,
        partner=name,
        title=partner.title if partner else name,
        country=_country(hub, name),
        name=what,
        expires=expires,
        days_left=(expires - now).days,
        step=expiry_step(now, expires),
    )


def certificate_end(path: Path, *, whole: bool = False) -> datetime | None:
    """Until when the certificates of a PEM file are all valid, or any is (`whole`); None when there is none to read.

    A chain of ours breaks with its first certificate; a bundle of CAs holds old ones beside the one that counts.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    ends = [one.not_valid_after_utc for one in found]
    return max(ends) if whole else min(ends)


def _end_of_day(text: str, country: str) -> datetime | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZONES[country]).astimezone(UTC)


# --- the watch ----------------------------------------------------------------------------------------------------


def watch_calendar(hub: Hub, tenant: str) -> list[Entry]:
    """One task per thing that expires, brought up to date at each step; a partner is stopped while ours has expired."""
    with hub.store.unit(tenant) as unit:
        every = calendar(hub, unit)
        near = [entry for entry in every if entry.step]
        for entry in near:
            standing.keep(unit, _task(entry))
        for kind in (CERTIFICATE, CA, CREDENTIAL, AGREEMENT):
            standing.only(unit, f"calendar:{kind}:", {entry.key for entry in near})
        _block(unit, {entry.partner: entry for entry in every if entry.kind == CERTIFICATE and entry.step == EXPIRED})
    return near


def _block(unit: Unit, expired: Mapping[str, Entry]) -> None:
    """Stop partners whose certificate has expired, and let go of those that have a new one."""
    for row in pauses.in_force(unit).rows:
        if row["kind"] == pauses.PARTNER and row["by"] == BY and row["target"] not in expired:
            pauses.resume(unit, pauses.PARTNER, row["target"], by=BY)
            log.event("unblocked", tenant=unit.tenant, partner=row["target"])
    for name, entry in expired.items():
        reason = f"blocked: certificate ({entry.name} expired {entry.expires:%Y-%m-%d %H:%M} UTC)"
        if pauses.pause(unit, pauses.PARTNER, name, reason=reason, by=BY):
            log.event("blocked", tenant=unit.tenant, partner=name)


def probe(hub: Hub, tenant: str) -> list[Entry]:
    """Ask every channel, once a night, whether it knows an end that no file told."""
    with hub.store.reading(tenant) as unit:
        known = {(entry.partner, entry.expires) for entry in calendar(hub, unit)}
        current = list(_current(hub, parties.agreements(unit)))
    found = []
    for one in current:
        partner = hub.registry.partners.get(one.partner)
        expires = _asked(hub, partner, one) if partner else None
        if expires is not None and (one.partner, expires) not in known:
            found.append(_entry(hub, one.partner, CHANNEL, one.channel or "channel", expires))
    near = [entry for entry in found if entry.step]
    with hub.store.unit(tenant) as unit:
        for entry in near:
            standing.keep(unit, _task(entry))
        standing.only(unit, f"calendar:{CHANNEL}:", {entry.key for entry in near})
    return found


def _asked(hub: Hub, partner: Partner, one: Agreement) -> datetime | None:
    try:
        return hub.open_channel(partner, one).probe().expires
    except HubError as error:
        log.event("probe failed", tenant=one.tenant, partner=partner.name, error=type(error).__name__)
        return None


def _task(entry: Entry) -> NewTask:
    zone = ZONES[entry.country]
    code = "EXPIRED" if entry.step == EXPIRED else "EXPIRES"
    if entry.kind == AGREEMENT:
        code = f"AGREEMENT_{code}"
    values = {
        "partner": entry.title,
        "key": entry.partner,
        "name": entry.name,
        "what": texts.text(f"CALENDAR_{entry.kind.upper()}"),
        "day": (entry.expires - timedelta(seconds=1)).astimezone(zone).date(),
        "days": max(entry.days_left, 0),
    }
    return NewTask(
        key=entry.key,
        kind="expires",
        text=texts.text(code, **values),
        action=texts.action(code, **values),
        due=entry.expires.date(),
        evidence={
            "step": entry.step,
            "urgent": is_urgent(entry.step),
            "partner": entry.partner,
            "what": entry.kind,
        },
    )
