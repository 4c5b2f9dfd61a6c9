"""Rows and claims that wait to be completed: by cause, one by one; what a person fills in is judged like a new list.

A row that was held (or refused by us) made no claim. Completed, it is judged by its programme's own rules as of today's
knowledge and becomes a claim of the list it came from. Rows of care whose details are not kept come in again instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hub import log, texts
from hub.errors import ConfigurationError, ContentError
from hub.intake.lists import Taken
from hub.ledger.accounts import ledger_lines
from hub.ledger.postings import claim_raised
from hub.log import clean_text
from hub.model.money import money
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.intake import IntakeRequest, module_quarter, treatment_assignments, zpm_performances
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion
from hub.programmes import module_claims, treatment_claims, treatments
from hub.programmes import module_quarter as module_rules
from hub.programmes.outcome import CLAIM, CLAIMED, EXCLUDE, HOLD, REJECT, RowOutcome
from hub.programmes.rows import PatientRow, TreatmentRow
from hub.store import access, claims, declarations, parties, subjects, tasks, to_complete
from hub.store import money as money_store
from hub.store.claims import NewClaim
from hub.store.codec import person_from_json
from hub.store.declarations import DeclarationRow
from hub.store.unit import Row, Unit, new_id

WAITING = (HOLD, REJECT)
"""Outcomes of rows that may still be completed."""
FIELDS: Mapping[str, tuple[str, ...]] = {
    module_quarter.NAME: ("uzovi", "performer_agb"),
    treatment_assignments.NAME: ("sak_id", "start", "birth_date", "code", "price", "vat_category", "vat_rate"),
}
"""What can be filled in, by programme; a programme that is not here keeps too little of its rows."""
ASKS_COV = (module_quarter.NAME,)
COV_ALONE = (zpm_performances.NAME,)
"""Programmes whose rows are not completed here, but of which COV can say who insured the person that day.

Times, practitioner, referral and diagnosis of a performance stand on its claim or nowhere: a row that made no claim has
kept none of them, and a claim made without what the practice had written would say less than was done.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What became of a row; `ref` is its claim's reference where it made one."""

    outcome: RowOutcome
    ref: str = ""


def complete(
    hub: Hub, tenant: str, row_id: str, values: Mapping[str, str], actor: Actor, *, ask_cov: bool = False
) -> Completed:
    """Fill a waiting row in and judge it anew: a claim, or a reason that is still in the way.

    What was filled in is kept either way. RefusedError for a row that waits no more, or whose programme keeps too
    little of it.
    """
    with hub.store.reading(tenant) as unit:
        row = _waiting(unit, row_id)
        head = _declaration(unit, row)
        body = _filled(head["programme"], declarations.bodies(unit, [row])[0], values)
    step = _module if head["programme"] == module_quarter.NAME else _treatment
    done = step(hub, tenant, _Asked(row_id=row_id, body=body, ask_cov=ask_cov), actor)
    log.event("row completed", tenant=tenant, outcome=done.outcome.outcome, code=done.outcome.code)
    return done


def insured_by(hub: Hub, tenant: str, row_id: str, actor: Actor) -> CoverageAnswer:
    """What COV says of the person of a waiting performance on its day; asked outside of any transaction."""
    with hub.store.unit(tenant) as unit:
        row = _waiting(unit, row_id)
        if to_complete.declaration(unit, row["declaration_id"])["programme"] not in COV_ALONE:
            raise ConfigurationError("COV is asked of this row while it is completed", hint="ask it with the form")
        (body,) = declarations.bodies(unit, [row])
        access.record(unit, actor=actor.name, role=actor.role, action="ask-coverage", object_=f"row/{row_id}")
    day, service = _day(body.get("date", "")), hub.coverage(tenant)
    if day is None or service is None:
        return CoverageAnswer(coverage=Coverage.NO_ANSWER)
    born = _day(body.get("birth_date", ""))
    (answer,) = service.check([CoverageQuestion(bsn=body["bsn"], birth_date=born, reference_date=day)])
    return answer


def leave_out(hub: Hub, tenant: str, row_id: str, reason: str, actor: Actor) -> None:
    """A waiting row is not claimed, for a reason that is kept with it."""
    if not reason.strip():
        raise ConfigurationError("why it is left out must be said", hint="give a reason")
    with hub.store.unit(tenant) as unit:
        row = _waiting(unit, row_id)
        said = texts.text("EXCLUDED_BY_PERSON", by=actor.name, reason=clean_text(reason.strip()))
        outcome = RowOutcome(
            line=row["line"], row_id=row["row_id"], outcome=EXCLUDE, code="EXCLUDED_BY_PERSON", message=said
        )
        to_complete.set_outcome(unit, row["id"], outcome.outcome, outcome.code, said)
        _closed(unit, row, actor, "exclude-row")
    del hub


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Asked:
    row_id: str
    body: Mapping[str, str]
    ask_cov: bool


def _waiting(unit: Unit, row_id: str) -> Row:
    row = to_complete.row(unit, row_id)
    if row is None:
        raise ConfigurationError("no such row")
    if row["outcome"] not in WAITING:
        raise RefusedError("ROW_DONE")
    return row


def _declaration(unit: Unit, row: Row) -> Row:
    head = to_complete.declaration(unit, row["declaration_id"])
    if head["state"] != declarations.CURRENT:
        raise RefusedError("ROW_DONE")
    if head["programme"] not in FIELDS:
        raise RefusedError("ROW_HAND_IN_AGAIN", programme=head["programme"])
    return head


def _filled(programme: str, body: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    unknown = set(values) - set(FIELDS[programme])
    if unknown:
        raise ContentError(f"{sorted(unknown)} cannot be filled in here", hint=f"what can: {FIELDS[programme]}")
    return {**body, **{name: text.strip() for name, text in values.items() if text.strip()}}


def _module(hub: Hub, tenant: str, asked: _Asked, actor: Actor) -> Completed:
    """One person of a practice's list; the coverage check is asked outside of any transaction, all else within it."""
    with hub.store.reading(tenant) as unit:
        row, practice, request = _request(unit, asked.row_id)
        person = _patient(row, asked.body)
        taken = _alone(person)
        ctx = module_quarter.context_of(hub, unit, practice, request, taken)
    answers = module_quarter.coverage_of(hub, tenant, taken, ctx) if asked.ask_cov else {}
    with hub.store.unit(tenant) as unit:
        row, practice, request = _request(unit, asked.row_id)
        ctx = module_quarter.context_of(hub, unit, practice, request, taken)
        blinds = [subjects.blind(unit, "bsn", person.person.bsn)]
        live = claims.known_blinds(unit, request.module, request.period, blinds=blinds)
        ctx = module_quarter.with_history(unit, ctx, taken, live)
        (outcome,) = module_rules.assess([person], ctx, answers)
        made: list[NewClaim] = []
        if outcome.outcome == CLAIM:
            new = module_claims.claims([outcome], [person], ctx, new_id=new_id, new_ref=lambda: "")
            made = module_quarter.numbered(unit, taken, new)
        kept = module_quarter.stored_row(outcome, person, None)
        return _stored(unit, row, kept, outcome, made, actor)


def _treatment(hub: Hub, tenant: str, asked: _Asked, actor: Actor) -> Completed:
    """One treatment of a clinic's log: an invoice of its own, under the clinic's next number."""
    with hub.store.unit(tenant) as unit:
        row, clinic, _ = _request(unit, asked.row_id)
        treatment = _treated(row, clinic.code, asked.body)
        ctx = treatment_assignments.context_of(hub, unit, clinic)
        (outcome,) = treatments.assess([treatment], ctx)
        made: list[NewClaim] = []
        if outcome.outcome in CLAIMED:
            fresh = treatment_claims.claims(
                [outcome],
                [treatment],
                ctx,
                new_id=new_id,
                next_number=lambda: treatment_assignments.next_number(unit, clinic.code),
            )
            own = [treatment_assignments.own_ref(unit, clinic, claim) for claim in fresh]
            made = [treatment_assignments.new_claim(clinic, claim) for claim in own]
        kept = treatment_assignments.stored_row(outcome, treatment, {})
        return _stored(unit, row, kept, outcome, made, actor)


def _request(unit: Unit, row_id: str) -> tuple[Row, parties.Organisation, IntakeRequest]:
    row = _waiting(unit, row_id)
    head = _declaration(unit, row)
    organisation = parties.by_id(unit, head["organisation_id"])
    request = IntakeRequest(
        programme=head["programme"], organisation=organisation.code, module=head["module"], period=head["period"]
    )
    return row, organisation, request


def _stored(
    unit: Unit, row: Row, kept: DeclarationRow, outcome: RowOutcome, made: Sequence[NewClaim], actor: Actor
) -> Completed:
    """The claim with its money, and the row with what was filled in."""
    claims.add(unit, made, row["declaration_id"])
    raised = [line for item in made for line in ledger_lines(item.claim)]
    money_store.post(unit, claim_raised(*raised, at=unit.now, source=f"completed:{row['id']}"))
    claim_id = made[0].claim.id if made else None
    to_complete.put_row(unit, row, replace(kept, claim_id=claim_id))
    _closed(unit, row, actor, "complete-row")
    return Completed(outcome=outcome, ref=made[0].claim.ref if made else "")


def _closed(unit: Unit, row: Row, actor: Actor, action: str) -> None:
    """The case of a list is done when none of its rows waits any more."""
    if not to_complete.waits(unit, row["declaration_id"], HOLD):
        tasks.done(unit, f"declaration:{row['declaration_id']}", {"completed": True, "by": actor.name})
    access.record(unit, actor=actor.name, role=actor.role, action=action, object_=f"row/{row['id']}")


def _alone(person: PatientRow) -> Taken[PatientRow]:
    known = {"enrolled", "deregistered"} if person.enrolled else set[str]()
    return Taken(rows=(person,), sha256="", system="", fields=frozenset(known), dropped=(), findings=())


def _patient(row: Row, body: Mapping[str, str]) -> PatientRow:
    return PatientRow(
        line=row["line"],
        person=person_from_json(dict(body)),
        uzovi=body.get("uzovi", ""),
        performer_agb=body.get("performer_agb", ""),
        enrolled=_day(body.get("enrolled", "")),
        deregistered=_day(body.get("deregistered", "")),
        deceased=_day(body.get("deceased", "")),
    )


_OF_TREATMENT = (
    *("sak_id", "insurer_orgnr", "patient_ref", "fnr", "code", "text", "duration"),
    *("vat_category", "therapist_hpr", "therapist_name", "profession"),
)


def _treated(row: Row, clinic: str, body: Mapping[str, str]) -> TreatmentRow:
    plain: dict[str, Any] = {name: body.get(name, "") for name in _OF_TREATMENT}
    start = body.get("start", "")
    try:
        return TreatmentRow(
            line=row["line"],
            row_id=row["row_id"],
            clinic_orgnr=body.get("clinic_orgnr") or clinic,
            birth_date=_day(body.get("birth_date", "")),
            start=datetime.fromisoformat(start).replace(tzinfo=None) if start else None,
            price=money(body["price"].replace(",", "."), "NOK") if body.get("price") else None,
            vat_rate=Decimal(body["vat_rate"]) if body.get("vat_rate") else None,
            **plain,
        )
    except (ValueError, InvalidOperation):
        raise ContentError("a time or an amount cannot be read", hint="write 2026-01-31T09:00 and 640.00") from None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
