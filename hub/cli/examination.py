"""What `kvitt doctor` looks at: the program, the hub's files, its database, logs, money, partners and agreements."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from hub.errors import ConfigurationError, HubError
from hub.model.finding import blocking
from hub.model.partner import Agreement, Partner
from hub.pipeline.context import Hub
from hub.settings import HUB_FILE, Settings, Stage

DISTRIBUTION = "kvitt"
PACKAGES = ("hub", "connectors", "schemas", "mappings", "scheduler")
OK, NOTE, WARNING, ERROR = "ok", "note", "warning", "error"
EXPIRES_SOON = 60
"""Days before a certificate's end from which it is a warning."""
_OTHERS = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing looked at: how it is, in a sentence, what to do, and the exit code it asks for."""

    name: str
    state: str
    text: str
    hint: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """The shape in `kvitt doctor --json`."""
        return {"check": self.name, "state": self.state, "text": self.text, "hint": self.hint}


def packages() -> Iterator[Examined]:
    """Whether the five package names are ours: such names exist elsewhere, and the first on the path wins."""
    owners = packages_distributions()
    root = _place("hub")
    for name in PACKAGES:
        strangers = sorted(set(owners.get(name, ())) - {DISTRIBUTION})
        place = _place(name)
        if strangers or place != root:
            what = f"{name} comes from {place}" + (f" and belongs to {', '.join(strangers)} too" if strangers else "")
            yield _wrong(f"package {name}", what, "give Kvitt a virtual environment of its own")
        else:
            owner = "this distribution" if DISTRIBUTION in owners.get(name, ()) else "this checkout"
            yield Examined(name=f"package {name}", state=OK, text=f"is ours ({owner})")


def _place(name: str) -> Path:
    """The folder a package was found in."""
    found = import_module(name)
    return Path(next(iter(found.__path__))).resolve().parent


def files(settings: Settings) -> Iterator[Examined]:
    """Who may read the hub's home and keys, and whether they lie apart."""
    for path in (settings.home, settings.home / HUB_FILE, settings.keys, settings.keys / "master.key"):
        yield _permissions(path, settings.stage)
    if not settings.keys.is_relative_to(settings.home):
        yield Examined(name="keys apart", state=OK, text=f"keys in {settings.keys}, data in {settings.home}")
    elif settings.stage is Stage.SANDBOX:
        yield Examined(name="keys apart", state=NOTE, text="keys lie in the home: fine in the sandbox")
    else:
        text = "keys lie in the home: a copy of the home opens everything"
        yield Examined(name="keys apart", state=WARNING, text=text, hint="move them and set KVITT_KEYS")


def _permissions(path: Path, stage: Stage) -> Examined:
    name = f"file {path.name}"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _wrong(name, f"{path}: {error.strerror}", "restore it; keys are never made anew for a hub that exists")
    if os.name == "posix" and mode & _OTHERS:
        state = WARNING if stage is Stage.SANDBOX else ERROR
        hint = f"chmod go= {path}"
        code = 0 if stage is Stage.SANDBOX else 3
        return Examined(name=name, state=state, text=f"others may use {path}", hint=hint, exit_code=code)
    return Examined(name=name, state=OK, text="only its owner may use it")


def partners(hub: Hub) -> Iterator[Examined]:
    """The partners that load (one that does not load stops the hub from opening)."""
    yield Examined(name="partners", state=OK, text=f"{len(hub.registry.partners)} loaded")


def tenant(hub: Hub, name: str, *, probe: bool) -> Iterator[Examined]:
    """One tenant: its access log, its money, its reference data and agreements."""
    from hub.pipeline import views
    from hub.store import access, notices, parties

    row = next(one for one in hub.store.tenants() if one["id"] == name)
    with hub.store.reading(name) as unit:
        yield _chains(name, access.verify(unit))
        yield _money(name, len(blocking(views.conservation(unit))))
        yield from _lists(name, row["country"], unit)
        agreements = parties.agreements(unit, hub.today(row["country"]))
        yield _notices(name, len(notices.open_ones(unit)), agreements)
    if not agreements:
        text = "no agreement is in force: nothing can be sent"
        yield Examined(name=f"{name}: agreements", state=WARNING, text=text, hint="kvitt org agreement PARTNER")
    for one in agreements:
        yield from _agreement(hub, name, one, probe=probe)


def _chains(name: str, broken: dict[str, int | None]) -> Examined:
    wrong = [f"{month} at entry {place + 1}" for month, place in broken.items() if place is not None]
    if wrong:
        text = f"the access log is broken: {', '.join(wrong)}"
        hint = "tell the privacy officer and compare with a backup"
        return Examined(name=f"{name}: access log", state=ERROR, text=text, hint=hint, exit_code=1)
    return Examined(name=f"{name}: access log", state=OK, text=f"{len(broken)} months, chains whole")


def _money(name: str, wrong: int) -> Examined:
    if wrong:
        text = f"money is not conserved: {wrong} findings"
        return Examined(name=f"{name}: journal", state=ERROR, text=text, hint="kvitt status", exit_code=1)
    return Examined(name=f"{name}: journal", state=OK, text="money is conserved")


def _notices(name: str, waiting: int, agreements: list[Agreement]) -> Examined:
    """Whether what practices and clinics are told can be mailed."""
    from hub.pipeline.notices import through

    if waiting and not any(through(each) for each in agreements):
        text = f"{waiting} notices to practices wait, and no mailbox is there to mail them"
        return Examined(
            name=f"{name}: notices", state=WARNING, text=text, hint="kvitt org agreement mail --set notices=yes"
        )
    return Examined(name=f"{name}: notices", state=OK, text=f"{waiting} wait to be mailed")


def _lists(name: str, country: str, unit: Any) -> Iterator[Examined]:  # noqa: ANN401 -- imported late
    """Lists without which rows are held."""
    from hub.pipeline.master_data import KINDS
    from hub.store import reference

    for kind in ("uzovi", "tariffs") if country == "NL" else ("assignments",):
        count = len(reference.rows_of(unit, KINDS[kind].stored))
        state, hint = (OK, "") if count else (WARNING, f"kvitt data import {kind} FILE")
        yield Examined(name=f"{name}: {kind}", state=state, text=f"{count} rows", hint=hint)


def _agreement(hub: Hub, name: str, one: Agreement, *, probe: bool) -> Iterator[Examined]:
    from hub.registry import channel_under

    label = f"{name}: agreement {one.partner}"
    partner = hub.registry.partners.get(one.partner)
    if partner is None:
        yield Examined(name=label, state=OK, text=f"a service over {one.channel}")
        return
    missing = channel_under(partner, one).required
    if missing:
        hint = f"kvitt org agreement {one.partner} --tenant {name} --set NAME=VALUE"
        yield _wrong(label, f"lacks {', '.join(missing)}", hint)
        return
    if hub.stage == Stage.PRODUCTION.value and not partner.verified and not one.accepted_unverified:
        hint = f"once its rules are confirmed: kvitt org agreement {one.partner} --accept-unverified"
        yield Examined(name=label, state=WARNING, text="the partner is unverified: its claims are held", hint=hint)
    else:
        yield Examined(name=label, state=OK, text="complete")
    if probe:
        yield _probed(hub, f"{label}, asked", partner, one)


def _probed(hub: Hub, label: str, partner: Partner, one: Agreement) -> Examined:
    """Ask the partner's channel without sending anything."""
    try:
        answer = hub.open_channel(partner, one).probe()
    except HubError as error:
        return Examined(name=label, state=ERROR, text=str(error), hint=error.hint, exit_code=error.exit_code)
    if not answer.ok:
        return Examined(name=label, state=ERROR, text=answer.text, exit_code=4)
    days = _days_left(answer.expires, hub.clock.now())
    if days is not None and days < EXPIRES_SOON:
        gone = days < 0
        text = "its certificate has expired" if gone else f"its certificate ends in {days} days"
        state = ERROR if gone else WARNING
        return Examined(name=label, state=state, text=text, hint="get a new one", exit_code=3 if gone else 0)
    return Examined(name=label, state=OK, text=answer.text)


def _days_left(end: datetime | None, now: datetime) -> int | None:
    return None if end is None else (end - now).days


def database(settings: Settings) -> tuple[Hub | None, Examined]:
    """Open the hub: its database at this program's version, its keys readable, its partners loading."""
    from hub.cli.boot import open_hub

    try:
        hub = open_hub(settings)
    except HubError as error:
        return None, _wrong("database", str(error), "")
    except DBAPIError as error:
        return None, _wrong("database", str(error.orig).splitlines()[0], "restore it from a backup")
    return hub, Examined(name="database", state=OK, text="at this program's version")


def walls(hub: Hub) -> Examined:
    """Whether the database itself keeps tenants and organisations apart, whatever the program asks."""
    from hub.store.policies import way_around

    engine = hub.store.engine
    if engine.dialect.name != "postgresql":
        return Examined(name="isolation", state=NOTE, text="by the program alone: SQLite is for one organisation")
    with engine.connect() as connection:
        way = way_around(connection)
    if not way:
        return Examined(name="isolation", state=OK, text="by the program and by the database")
    sandbox = Stage(hub.stage) is Stage.SANDBOX
    return Examined(
        name="isolation",
        state=WARNING if sandbox else ERROR,
        text=f"the role Kvitt connects with {way}: the database does not hold it back",
        hint="connect as kvitt_app, and migrate as the owner (docs/operating.md)",
        exit_code=0 if sandbox else 3,
    )


def hub_home(settings: Settings, *, named: bool) -> Examined | None:
    """Whether there is a hub at all; where nobody named a home that is only a note."""
    if (settings.home / HUB_FILE).is_file():
        return None
    error = ConfigurationError(f"no hub at {settings.home}: run kvitt init or set KVITT_HOME")
    if named:
        return _wrong("hub", str(error), "")
    return Examined(name="hub", state=NOTE, text=str(error))


def _wrong(name: str, text: str, hint: str) -> Examined:
    return Examined(name=name, state=ERROR, text=text, hint=hint, exit_code=3)
