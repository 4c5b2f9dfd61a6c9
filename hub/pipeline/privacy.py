"""A person's rights over what is held about them: holds, and erasure by two people with a signed certificate.

Persons are named by BSN, fødselsnummer, or the key the hub knows them by otherwise (`patient:CLINIC:NUMBER:BORN`,
`case:...`); in the access log they stand by blind index and mask.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.errors import ConfigurationError, ContentError
from hub.model.identity import digits, is_bsn, is_fnr, mask
from hub.pipeline import four_eyes, intake, retention
from hub.pipeline.context import Actor, Hub
from hub.pipeline.retention import Rule
from hub.store import access, privacy, subjects, tasks
from hub.store.privacy import ASKED, DONE, REFUSED
from hub.store.unit import Row, Unit

_KEYED = ("patient", "case")
WRITTEN = ("notes", "tasks", "questions", "words", "assignments")
"""What a certificate counts of what was written about a person's cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Somebody as a person names them: what kind of key, and the key itself."""

    kind: str
    value: str

    @property
    def shown(self) -> str:
        """The key as it may be shown and logged."""
        return f"{self.kind} {mask(self.value)}"


def whom(text: str) -> Whom:
    """Who is meant; ContentError for what is no person's key, without repeating it."""
    kind, _, value = text.strip().partition(":")
    if kind in _KEYED and value:
        return Whom(kind=kind, value=value)
    number = digits(text.strip())
    if is_bsn(number):
        return Whom(kind="bsn", value=number)
    if is_fnr(number, allow_synthetic=True):
        return Whom(kind="fnr", value=number)
    hint = "a BSN, a fødselsnummer, or patient:CLINIC:NUMBER:BORN"
    raise ContentError("this is no number of a person", hint=hint)


def known(unit: Unit, who: Whom) -> Row:
    """The person; ContentError where this tenant holds nothing about them (any more)."""
    row = subjects.find(unit, who.kind, who.value)
    if row is None:
        raise ContentError(f"nothing is held about {who.shown}", hint="erased, or never handed in")
    return row


def hold(hub: Hub, tenant: str, who: Whom, reason: str, actor: Actor) -> str:
    """From now on nothing of this person is destroyed; gives the hold's id."""
    _need(reason)
    with hub.store.unit(tenant) as unit:
        row = known(unit, who)
        hold_id = privacy.hold(unit, row["id"], reason.strip(), actor.name[:60])
        _log(unit, actor, "hold", who, row["blind"])
    return hold_id


def unhold(hub: Hub, tenant: str, who: Whom, reason: str, actor: Actor) -> int:
    """End every hold on a person; gives how many there were."""
    with hub.store.reading(tenant) as unit:
        row = known(unit, who)
    return lift_holds(hub, tenant, row["id"], reason, actor)


def lift_holds(hub: Hub, tenant: str, subject_id: str, reason: str, actor: Actor) -> int:
    """The same for a person found by a hold in a list."""
    _need(reason)
    with hub.store.unit(tenant) as unit:
        row = subjects.get(unit, subject_id)
        found = privacy.holds(unit, subject_id)
        if row is None or not found:
            raise ContentError("there is no hold on this person", hint="kvitt subject holds")
        for each in found:
            privacy.lift(unit, each["id"], reason.strip(), actor.name[:60])
        access.record(
            unit,
            actor=actor.name,
            role=actor.role,
            action="unhold",
            object_=f"subject/{subject_id}",
            subject=row["blind"],
        )
    return len(found)


def ask_erasure(hub: Hub, tenant: str, who: Whom, reason: str, actor: Actor, *, despite: str = "") -> Row:
    """Ask for a person's erasure; a second person decides. Open money stands in the way unless `despite` says why."""
    _need(reason)
    with hub.store.unit(tenant) as unit:
        row = known(unit, who)
        _require_free(unit, row["id"], despite)
        asked = privacy.ask_erasure(unit, row["id"], reason.strip(), despite.strip(), four_eyes.stored_name(actor))
        _log(unit, actor, "ask_erasure", who, row["blind"])
    return asked


def refuse_erasure(hub: Hub, tenant: str, number: int, reason: str, actor: Actor) -> None:
    """Say no to an erasure that was asked for, with the reason the person is told."""
    _need(reason)
    with hub.store.unit(tenant) as unit:
        asked = _waiting(unit, number)
        privacy.decide(unit, asked["id"], REFUSED, four_eyes.stored_name(actor), reason.strip())
        access.record(unit, actor=actor.name, role=actor.role, action="refuse_erasure", object_=f"erasure/{number}")


def erase(hub: Hub, tenant: str, country: str, number: int, actor: Actor) -> dict[str, Any]:
    """A second person approves: the person's key is destroyed; gives the certificate."""
    with hub.store.unit(tenant) as unit:
        asked = _waiting(unit, number)
        no = four_eyes.refusal(asked["asked_by"], actor, "who asked for an erasure")
        if no is not None:
            raise no
        row = subjects.get(unit, asked["subject_id"])
        if row is None or row["erased_at"] is not None:
            raise ContentError("this person was erased already", hint="kvitt subject erasures")
        _require_free(unit, row["id"], asked["despite"])
        body = _certificate(hub, unit, country, asked, row, actor)
        _withdraw_unsent(unit, row["id"], number)
        body["destroyed"] |= retention.forget(unit, [row["id"]])
        signature = _signature(unit, body)
        by = four_eyes.stored_name(actor)
        privacy.decide(unit, asked["id"], DONE, by, certificate=body, signature=signature)
        access.record(
            unit,
            actor=actor.name,
            role=actor.role,
            action="erase",
            object_=f"erasure/{number}",
            subject=row["blind"],
        )
    return body | {"signature": signature}


def _withdraw_unsent(unit: Unit, subject_id: str, number: int) -> None:
    """What was not sent yet cannot be sent any more, by nobody: its money is taken back while it can be read."""
    rows = [row for row in privacy.claims_of(unit, subject_id) if row["exchange_id"] is None]
    rows = [row for row in rows if row["hold_code"] != "WITHDRAWN"]
    for row in rows:
        tasks.done(unit, f"hold:{row['ref']}:{row['hold_code']}", {"erased": True})
    intake.withdraw_all(unit, rows, source=f"erasure:{number}", reason="erased")


def certificate(unit: Unit, number: int) -> dict[str, Any]:
    """The certificate of an erasure that was done, with `valid`: whether it is as it was signed."""
    row = privacy.erasure(unit, number)
    if row is None or row["state"] != DONE:
        raise ContentError(f"there is no certificate {number}", hint="kvitt subject erasures")
    body: dict[str, Any] = row["certificate"]
    valid = hmac.compare_digest(row["signature"], _signature(unit, body))
    return body | {"signature": row["signature"], "valid": valid}


def _certificate(hub: Hub, unit: Unit, country: str, asked: Row, subject: Row, actor: Actor) -> dict[str, Any]:
    """What was destroyed and what remains until when; nothing in it is about the person."""
    today = retention.today_of(unit, country)
    terms = retention.rules(hub.home, country, today)
    claims, rows = privacy.claims_of(unit, subject["id"]), privacy.rows_of(unit, subject["id"])
    return {
        "certificate": asked["number"],
        "tenant": unit.tenant,
        "subject": subject["id"],
        "kind": subject["kind"],
        "reason": asked["reason"],
        "despite": asked["despite"],
        "asked_by": asked["asked_by"],
        "asked_at": asked["asked_at"].isoformat(),
        "approved_by": four_eyes.stored_name(actor),
        "erased_at": unit.now.isoformat(),
        "destroyed": {
            "keys": 1,
            "claims": len(claims),
            "rows": len(rows),
            "blind_indexes": len(claims) + len(rows) + 1,
        },
        "remains": _remains(unit, subject, claims, terms, today),
    }


def _remains(
    unit: Unit, subject: Row, claims: list[Row], terms: Mapping[str, Rule], today: date
) -> list[dict[str, Any]]:
    batches = [
        {
            "what": "batch",
            "name": row["key_name"],
            "count": row["count"],
            "until": _until(row["key_name"], terms["batch"]),
        }
        for row in privacy.batches_of(unit, [subject["id"]])
    ]
    lines = access.about(unit, [subject["blind"]], [])
    last = max((row["at"].date() for row in lines), default=today)
    logged = {"what": "access_log", "count": len(lines), "until": terms["access_log"].until(last).isoformat()}
    kept = {"what": "claims_without_person", "count": len(claims), "until": ""}
    return [*batches, logged, kept]


def _until(key_name: str, rule: Rule) -> str:
    year = key_name.rsplit(":", 1)[-1][:4]
    return rule.until(date(int(year), 12, 31)).isoformat() if year.isdigit() else ""


def _signature(unit: Unit, body: Mapping[str, Any]) -> str:
    said = json.dumps(body, sort_keys=True, ensure_ascii=True).encode()
    return hmac.new(unit.keys.derived(f"erasure:{unit.tenant}"), said, hashlib.sha256).hexdigest()


def _require_free(unit: Unit, subject_id: str, despite: str) -> None:
    held = privacy.holds(unit, subject_id)
    if held:
        since = held[0]["since"].date()
        raise ConfigurationError(f"there is a legal hold on this person since {since}", hint="kvitt subject unhold")
    if not despite.strip() and retention.open_money(unit, [subject_id]):
        hint = "wait until it is settled, or say why it is erased all the same (--despite REASON)"
        raise ConfigurationError("a claim of this person is undecided or not paid in full", hint=hint)


def _waiting(unit: Unit, number: int) -> Row:
    row = privacy.erasure(unit, number)
    if row is None or row["state"] != ASKED:
        raise ContentError(f"no erasure {number} waits for a decision", hint="kvitt subject erasures")
    return row


def _need(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError("say why", hint="--reason")


def _log(unit: Unit, actor: Actor, action: str, who: Whom, blind: str) -> None:
    access.record(
        unit, actor=actor.name, role=actor.role, action=action, object_=f"person/{mask(who.value)}", subject=blind
    )
