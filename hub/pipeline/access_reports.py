"""Who saw what: reports of the access log per person and per employee, and whose data a message holds (NEN 7513).

Reading the log is an access like any other and stands in it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.errors import ContentError
from hub.model.identity import mask
from hub.pipeline.context import Actor, Hub
from hub.pipeline.privacy import Whom
from hub.store import access, claims, exchanges, privacy, subjects
from hub.store.unit import Row, Unit

_FIELDS = ("actor", "role", "action", "object", "subject", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One month of the log: how far it is whole."""

    month: str
    broken_at: int | None

    @property
    def whole(self) -> bool:
        """Whether nothing is changed or missing."""
        return self.broken_at is None


def line(row: Row) -> dict[str, Any]:
    """One event as reports tell it."""
    return {"at": row["at"].isoformat()} | {name: row[name] for name in _FIELDS}


def listed(hub: Hub, tenant: str, actor: Actor, *, before: tuple[str, int] | None = None, most: int = 50) -> list[Row]:
    """The newest events, or those before a place, newest first."""
    with hub.store.unit(tenant) as unit:
        rows = access.page(unit, before, most)
        _log(unit, actor, "list")
    return rows


def verify(hub: Hub, tenant: str, actor: Actor) -> list[Verified]:
    """Each month's chain, against its signed head where it is closed."""
    with hub.store.unit(tenant) as unit:
        found = [Verified(month=month, broken_at=at) for month, at in access.verify(unit).items()]
        broken = [each.month for each in found if not each.whole]
        _log(unit, actor, "verify", outcome="broken" if broken else "ok")
    return found


def of_patient(hub: Hub, tenant: str, who: Whom, actor: Actor) -> list[Row]:
    """Who saw, searched, exported or changed anything about one person, oldest first; also where they are erased."""
    with hub.store.unit(tenant) as unit:
        blind = subjects.blind(unit, who.kind, who.value)
        subject = subjects.find(unit, who.kind, who.value)
        rows = access.about(unit, [blind], []) if subject is None else about_subject(unit, subject)
        _log(unit, actor, "patient", subject=blind, detail=mask(who.value))
    return rows


def about_subject(unit: Unit, subject: Row) -> list[Row]:
    """The events about a person: by blind index, and those about their claims, messages and lists."""
    made = privacy.claims_of(unit, subject["id"])
    things = {f"claim{mark}{row['ref']}" for row in made for mark in "/:"}
    things |= {f"declaration/{row['declaration_id']}" for row in privacy.rows_of(unit, subject["id"])}
    for row in privacy.exchanges_of(unit, made):
        things |= {f"exchange{mark}{key}" for key in (row["id"], row["business_key"]) for mark in "/:"}
    return access.about(unit, [subject["blind"]], sorted(things))


def of_employee(hub: Hub, tenant: str, name: str, since: datetime, until: datetime, actor: Actor) -> list[Row]:
    """Everything one person did between two moments, oldest first."""
    with hub.store.unit(tenant) as unit:
        rows = access.by_actor(unit, name, since, until)
        _log(unit, actor, "employee", detail=name[:100])
    return rows


def of_exchange(hub: Hub, tenant: str, wanted: str, actor: Actor) -> list[dict[str, Any]]:
    """Whose data was in a message: each claim with its practice and its person, masked; erased ones are named so."""
    with hub.store.unit(tenant) as unit:
        found = _exchange(unit, wanted)
        rows = privacy.in_exchange(unit, found["id"])
        there = [row for row in rows if row["erased_at"] is None]
        names = {row["id"]: claim.person for row, claim in zip(there, claims.load(unit, there), strict=True)}
        _log(unit, actor, "exchange", detail=str(found["business_key"])[:150])
    return [
        {
            "claim": row["ref"],
            "provider": row["provider_code"],
            "person": row["subject_kind"],
            "number": _masked(names[row["id"]]) if row["id"] in names else "",
            "subject": row["subject_id"],
            "erased": row["erased_at"] is not None,
        }
        for row in rows
    ]


def _masked(person: Any) -> str:  # noqa: ANN401 -- hub.model.person.Person
    return mask(person.bsn or person.fnr or person.local_ref)


def _exchange(unit: Unit, wanted: str) -> Row:
    row = exchanges.by_business_key(unit, wanted) or exchanges.by_answer(unit, remote_id=wanted, invoice_number=wanted)
    if row is None:
        try:
            row = exchanges.get(unit, wanted)
        except LookupError:
            row = None
    if row is None:
        raise ContentError(f"no exchange {wanted[:60]}", hint="its id, business key, remote id or invoice number")
    return row


def _log(unit: Unit, actor: Actor, what: str, *, subject: str = "", detail: str = "", outcome: str = "ok") -> None:
    thing = f"accesslog/{what}" + (f"/{detail}" if detail else "")
    access.record(
        unit, actor=actor.name, role=actor.role, action="accesslog", object_=thing, subject=subject, outcome=outcome
    )
