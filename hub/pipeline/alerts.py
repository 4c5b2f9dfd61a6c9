"""Telling people, once: an incident when it opens, each step of a term, when it is over, and a digest every morning.

Every message is written down under its key before it leaves, so that of many nodes that tick one writes it. It is sent
under a lock that dies with its process, and marked as told by compare-and-set. A process that dies between sending and
marking leaves a message that is sent once more: it carries the same id, so that a mailbox or a called system can know.
What does not come through is tried again at the next tick, for two days; after three failures a person is told, by the
other targets too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.messengers import mail, webhook
from hub import log, texts
from hub.errors import ConfigurationError, HubError
from hub.pipeline import digest
from hub.pipeline.context import ZONES, Hub
from hub.pipeline.deadlines import deadlines
from hub.pipeline.digest import Morning, Said
from hub.pipeline.incidents import NOW, seen
from hub.pipeline.prognosis import prognosis
from hub.settings import LANGUAGES, Stage, resolve_secret
from hub.store import alerts, standing, tasks
from hub.store.alerts import CALM, MAIL, WEBHOOK, Target
from hub.store.locks import effect_lock
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit, new_id

_TRIED_FOR = timedelta(days=2)
_TOLD_TOO_OFTEN_IN_VAIN = 3
_DIGEST_WITHIN = timedelta(hours=12)
"""A digest that could not be made in time is made up for until then; after that the next one says it all."""
_LOOK_BACK = timedelta(days=3)
_AHEAD_DAYS = 30
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_SECRETS = ("password", "secret", "token")
_MAIL_SETTINGS = ("host", "port", "tls", "sender", "user", "password", "ca_file", "timeout")
_HOOK_SETTINGS = ("secret", "ca_file", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one tick came to: messages that went out, and those that wait for the next one."""

    told: int
    waiting: int


def tell(hub: Hub, tenant: str) -> Told:
    """Look at what is wrong now, write down what is to be said to whom, and say it."""
    with hub.store.unit(tenant) as unit:
        alerts.observe(unit, seen(unit))
        targets = alerts.targets(unit)
        for target in targets:
            _news(hub, unit, target)
            _digest(hub, unit, target)
        due = alerts.untold(unit, unit.now - _TRIED_FOR)
    told = 0
    for target in targets:
        told += _say_all(hub, tenant, target, [row for row in due if row["target_id"] == target.id])
    return Told(told=told, waiting=len(due) - told)


def is_quiet(target: Target, now: datetime) -> bool:
    """Whether only what cannot wait may be said now, by the target's own clock."""
    if not (target.quiet_from and target.quiet_to):
        return False
    local = now.astimezone(ZoneInfo(target.zone)).time().replace(second=0, microsecond=0)
    begin, end = time.fromisoformat(target.quiet_from), time.fromisoformat(target.quiet_to)
    return begin <= local < end if begin <= end else local >= begin or local < end


def _news(hub: Hub, unit: Unit, target: Target) -> None:
    """Write down what this target was not told yet: what opened, came a step further, or has been over for a while."""
    rows = [row for row in alerts.incidents(unit, unit.now - _LOOK_BACK) if row["cause"] in NOW]
    since = min((row["opened_at"] for row in rows), default=unit.now)
    known, quiet = alerts.keys_since(unit, target.id, since), is_quiet(target, unit.now)
    for row in rows:
        prefix = f"incident:{row['id']}:"
        if row["resolved_at"] is None:
            key, what = prefix + (row["step"] or "opened"), "step" if row["step"] else "opened"
            wanted = row["urgent"] or not quiet
        else:
            key, what = f"{prefix}resolved", "resolved"
            calm = unit.now - row["resolved_at"] >= CALM
            wanted = calm and not quiet and any(each.startswith(prefix) for each in known)
        if wanted and key not in known:
            _write(unit, target, key, digest.alert(hub, unit.tenant, target, row, what))


def _digest(hub: Hub, unit: Unit, target: Target) -> None:
    """Once per local day, when its time has come, for targets that were there before it."""
    if not target.digest_at:
        return
    zone = ZoneInfo(target.zone)
    day = unit.now.astimezone(zone).date()
    at = datetime.combine(day, time.fromisoformat(target.digest_at), tzinfo=zone).astimezone(UTC)
    made_before = target.created_at is not None and target.created_at < at
    key = f"digest:{day}"
    if not (made_before and at <= unit.now < at + _DIGEST_WITHIN) or alerts.message(unit, target.id, key):
        return
    before = alerts.last_written(unit, target.id, "digest:")
    since = before["made_at"] if before else at - timedelta(days=1)
    _write(unit, target, key, digest.morning(hub, unit.tenant, target, _morning(hub, unit, day, since)))


def _morning(hub: Hub, unit: Unit, day: date, since: datetime) -> Morning:
    piles = [pile for pile in deadlines(hub, unit).piles if pile.days_left <= _AHEAD_DAYS]
    return Morning(day=day, incidents=alerts.incidents(unit, since), piles=piles, prognosis=prognosis(hub, unit))


def _write(unit: Unit, target: Target, key: str, said: Said) -> None:
    alerts.write(unit, target.id, key, said.subject, said.body, said.data)


# --- sending ------------------------------------------------------------------------------------------------------


def _say_all(hub: Hub, tenant: str, target: Target, rows: Sequence[Row]) -> int:
    """Say everything to one target; when it cannot be reached the rest waits for the next tick."""
    told = 0
    for row in rows:
        try:
            told += _say(hub, tenant, target, row)
        except HubError as error:
            log.event("alert not told", tenant=tenant, target=target.name, error=type(error).__name__)
            break
    return told


def _say(hub: Hub, tenant: str, target: Target, row: Row) -> bool:
    """Say one message; False when somebody else does or did, HubError when it does not come through."""
    with effect_lock(hub.store.engine, hub.home / "locks", f"alert:{tenant}:{row['id']}") as mine:
        if not mine:
            return False
        with hub.store.unit(tenant) as unit:
            current = alerts.trying(unit, row["id"])
        if current is None:
            return False
        try:
            _send(hub, target, current)
        except HubError as error:
            with hub.store.unit(tenant) as unit:
                _in_vain(unit, target, current, error)
            raise
        with hub.store.unit(tenant) as unit:
            alerts.told(unit, row["id"])
            tasks.done(unit, _vain_key(target), {"told": row["key"]})
    return True


def _send(hub: Hub, target: Target, row: Row) -> None:
    settings = {name: _revealed(hub, value) for name, value in target.settings.items()}
    if target.kind == MAIL:
        letter = mail.Letter(
            id=row["id"], to=target.address, subject=row["subject"], text=row["body"], at=hub.clock.now()
        )
        mail.send(mail.outbox(settings), letter)
        return
    seconds = float(settings.get("timeout") or 10)
    hook = webhook.Hook(
        url=target.address,
        secret=settings.get("secret", ""),
        ca_file=settings.get("ca_file", ""),
        connect_timeout=seconds,
        read_timeout=seconds,
    )
    webhook.call(hook, webhook.News(id=row["id"], data=row["data"], at=hub.clock.now()))


def _revealed(hub: Hub, value: str) -> str:
    if not value.startswith(("env:", "file:")):
        return value
    return resolve_secret(value, base=hub.home, stage=Stage(hub.stage)).reveal()


def _vain_key(target: Target) -> str:
    return f"alert-target:{target.name}"


def _in_vain(unit: Unit, target: Target, row: Row, error: HubError) -> None:
    alerts.failed(unit, row["id"], str(error))
    if row["attempts"] + 1 < _TOLD_TOO_OFTEN_IN_VAIN:
        return
    values = {"target": target.name, "reason": error.message, "attempts": row["attempts"] + 1}
    text, action = texts.text("ALERT_FAILED", **values), texts.action("ALERT_FAILED", **values)
    standing.keep(unit, NewTask(key=_vain_key(target), kind="alert_failed", text=text, action=action))


# --- by hand ------------------------------------------------------------------------------------------------------


def put_target(hub: Hub, tenant: str, target: Target) -> None:
    """Add or change who is told; ConfigurationError names what is wrong with it."""
    country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
    target = replace(target, zone=target.zone or ZONES[country].key)
    _check(target)
    with hub.store.unit(tenant) as unit:
        alerts.put_target(unit, target)


def try_target(hub: Hub, tenant: str, name: str) -> None:
    """Send a message that says nothing is wrong, now; raises why it does not come through."""
    with hub.store.unit(tenant) as unit:
        found = [each for each in alerts.targets(unit) if each.name == name]
        if not found:
            raise ConfigurationError(f"nobody is told under the name {name!r}", hint="kvitt alerts list")
        (target,) = found
        key = f"test:{new_id()}"
        _write(unit, target, key, digest.trial(hub, tenant, target))
        row = alerts.message(unit, target.id, key)
    try:
        if row is not None:
            _say(hub, tenant, target, row)
    finally:
        with hub.store.unit(tenant) as unit:
            alerts.forget(unit, target.id, key)


def _check(target: Target) -> None:
    known = _MAIL_SETTINGS if target.kind == MAIL else _HOOK_SETTINGS
    for name, value in target.settings.items():
        if name not in known:
            raise ConfigurationError(f"no setting {name!r} for {target.kind}", hint=f"one of: {', '.join(known)}")
        if name in _SECRETS and not value.startswith(("env:", "file:")):
            raise ConfigurationError(f"{name} is a secret", hint=f"--set {name}=env:NAME or {name}=file:PATH")
    for name in ("port", "timeout"):
        said = target.settings.get(name) or "1"
        if not (said.isascii() and said.isdigit()):
            raise ConfigurationError(f"{name} is no number: {target.settings[name]!r}", hint="such as 587")
    _check_times(target)
    (_check_mail if target.kind == MAIL else _check_hook)(target)


def _check_times(target: Target) -> None:
    for told in filter(None, (target.quiet_from, target.quiet_to, target.digest_at)):
        if not _CLOCK.fullmatch(told):
            raise ConfigurationError(f"{told!r} is no time of day", hint="such as 22:00")
    if bool(target.quiet_from) != bool(target.quiet_to):
        raise ConfigurationError("quiet hours have a beginning and an end", hint="--quiet 22:00-07:00")
    if target.language not in LANGUAGES:
        raise ConfigurationError(f"unknown language {target.language!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    try:
        ZoneInfo(target.zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f"no time zone {target.zone!r}", hint="such as Europe/Oslo") from error


def _check_mail(target: Target) -> None:
    if not mail.is_address(target.address) or not mail.is_address(target.settings.get("sender", "")):
        raise ConfigurationError(
            "a mail target needs an address, and a sender's",
            hint="--mail it@example.org --set sender=kvitt@example.org",
        )
    if not target.settings.get("host"):
        raise ConfigurationError("where is mail handed in?", hint="--set host=smtp.example.org")
    if target.settings.get("tls", "starttls") not in mail.WAYS:
        raise ConfigurationError(f"no way of TLS {target.settings['tls']!r}", hint=f"one of: {', '.join(mail.WAYS)}")


def _check_hook(target: Target) -> None:
    if target.kind != WEBHOOK or not webhook.is_url(target.address):
        raise ConfigurationError("a webhook needs an https address", hint="--webhook https://...")
    if not target.settings.get("secret"):
        raise ConfigurationError("a webhook needs a secret that signs", hint="--set secret=env:NAME")
