"""A clinic's treatment log (NO): rows judged against the assignments, one invoice per SakID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from hub.intake.columns import TREATMENT_LOG
from hub.intake.lists import Taken, take_treatment_log
from hub.model.claim import Claim, ClaimLine
from hub.model.identity import is_fnr
from hub.model.money import Money, money, total
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest, Judged
from hub.pipeline.intake.maps import column_map
from hub.programmes.outcome import RowOutcome
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.treatment_claims import claims as make_claims
from hub.programmes.treatments import TreatmentContext, TreatmentKey, Used, assess
from hub.programmes.vat import shipped_vat_rules
from hub.store import claims, reference, schema, series
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationRow
from hub.store.parties import Organisation
from hub.store.unit import Unit, new_id

NAME = "treatment-assignments"
FIRST_NUMBER = 10001
"""Where a clinic's gap-free invoice numbers begin (decision 2, EXAMPLE)."""
KID_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A log as read."""

    taken: Taken[TreatmentRow]


def ask(hub: Hub, tenant: str, clinic: Organisation, request: IntakeRequest, data: bytes) -> Asked:
    """Read the log; nobody outside needs to be asked."""
    with hub.store.unit(tenant) as unit:
        chosen = column_map(unit, TREATMENT_LOG, request, data, system=clinic.system)
    return Asked(take_treatment_log(data, request.name, chosen))


def judge(hub: Hub, unit: Unit, clinic: Organisation, request: IntakeRequest, asked: Asked) -> Judged:
    """Judge one log and make its invoices; a refused row uses no number, a rollback leaves no gap."""
    del request
    ctx = _context(hub, unit, clinic)
    rows = asked.taken.rows
    outcomes = assess(rows, ctx)
    made = make_claims(
        outcomes,
        rows,
        ctx,
        new_id=new_id,
        next_number=lambda: str(series.take(unit, f"invoice:{clinic.code}", first=FIRST_NUMBER)),
    )
    return Judged(
        outcomes=outcomes,
        rows=_rows(outcomes, rows, made),
        new=[_new_claim(clinic, _own_ref(unit, clinic, claim)) for claim in made],
        findings=asked.taken.findings,
        dropped=asked.taken.dropped,
    )


def _context(hub: Hub, unit: Unit, clinic: Organisation) -> TreatmentContext:
    today = hub.today("NO")
    assignments = stored_assignments(unit)
    payers = {each.insurer_orgnr: _payer(hub, each.insurer_orgnr, today) for each in assignments.values()}
    invoiced, used = _earlier(unit, clinic)
    return TreatmentContext(
        tenant=unit.tenant,
        programme=NAME,
        clinic=clinic.party,
        submitter=clinic.party,
        assignments=assignments,
        vat_rules=shipped_vat_rules(),
        payers=payers,
        used=used,
        invoiced=invoiced,
        today=today,
        kid_length=KID_LENGTH,
    )


def _payer(hub: Hub, orgnr: str, today: date) -> str:
    partner = hub.registry.by_identifier("0192", orgnr, today)
    return partner.name if partner else ""


def stored_assignments(unit: Unit) -> dict[str, Assignment]:
    """The imported assignments by SakID; their own period is judged per treatment, not here."""
    return {row.code: _assignment(row.body) for row in reference.rows_of(unit, "assignment")}


def assignment_body(assignment: Assignment) -> dict[str, str]:
    """An assignment as it is stored (sealed, because it is about a person)."""
    limits = {"coverage": assignment.coverage, "deductible": assignment.deductible}
    days = {"birth_date": assignment.birth_date, "valid_from": assignment.valid_from, "valid_to": assignment.valid_to}
    body = {
        "sak_id": assignment.sak_id,
        "insurer_orgnr": assignment.insurer_orgnr,
        "insurer_name": assignment.insurer_name,
        "patient_ref": assignment.patient_ref,
        "quota": "" if assignment.quota is None else str(assignment.quota),
        "codes": " ".join(sorted(assignment.codes)),
    }
    body |= {name: str(amount.decimal()) if amount is not None else "" for name, amount in limits.items()}
    return body | {name: day.isoformat() if day else "" for name, day in days.items()}


def _assignment(body: Mapping[str, str]) -> Assignment:
    return Assignment(
        sak_id=body["sak_id"],
        insurer_orgnr=body["insurer_orgnr"],
        insurer_name=body["insurer_name"],
        patient_ref=body["patient_ref"],
        birth_date=_day(body["birth_date"]),
        valid_from=_day(body["valid_from"]),
        valid_to=_day(body["valid_to"]),
        quota=int(body["quota"]) if body["quota"] else None,
        coverage=money(body["coverage"], "NOK") if body["coverage"] else None,
        deductible=money(body["deductible"], "NOK") if body["deductible"] else None,
        codes=frozenset(body["codes"].split()),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _earlier(unit: Unit, clinic: Organisation) -> tuple[frozenset[TreatmentKey], dict[str, Used]]:
    """What this clinic's standing invoices cover and use up of each assignment."""
    table = schema.claim
    rows = claims.find(
        unit, table.c.programme == NAME, table.c.provider_code == clinic.code, table.c.hold_code != "WITHDRAWN"
    )
    keys: set[TreatmentKey] = set()
    lines_of: dict[str, list[ClaimLine]] = {}
    for claim in claims.load(unit, rows):
        sak_id = claim.references["sak_id"]
        lines_of.setdefault(sak_id, []).extend(claim.lines)
        keys |= {(sak_id, line.service_code, line.begins) for line in claim.lines}  # type: ignore[misc]
    return frozenset(keys), {sak_id: _used(lines) for sak_id, lines in lines_of.items()}


def _used(lines: Sequence[ClaimLine]) -> Used:
    currency = lines[0].amount.currency
    return Used(
        treatments=len(lines),
        gross=total([line.gross for line in lines], currency),
        deductible=total([line.allowance or Money(0, currency) for line in lines], currency),
    )


def _own_ref(unit: Unit, clinic: Organisation, claim: Claim) -> Claim:
    """The reference is the invoice number, unless another clinic of this tenant has that number already."""
    if claims.by_ref(unit, claim.ref) is None:
        return claim
    return replace(claim, ref=f"{claim.ref}@{clinic.code}")


def _new_claim(clinic: Organisation, claim: Claim) -> NewClaim:
    kind, value = _subject(clinic.code, claim.person.fnr, claim.person.local_ref, claim.person.birth_date)
    return NewClaim(
        claim=claim,
        subject_kind=kind,
        subject_value=value,
        business_key=f"invoice:{clinic.code}:{claim.invoice_number}",
    )


def _subject(clinic: str, fnr: str, patient_ref: str, born: date | None) -> tuple[str, str]:
    """A person is known by fødselsnummer where there is one, else by the clinic's own number and birth date."""
    if is_fnr(fnr, allow_synthetic=True):
        return "fnr", fnr
    return "patient", f"{clinic}:{patient_ref}:{born}"


def _rows(outcomes: Sequence[RowOutcome], rows: Sequence[TreatmentRow], made: Iterable[Claim]) -> list[DeclarationRow]:
    claim_of = {claim.references["sak_id"]: claim.id for claim in made}
    by_line = {row.line: row for row in rows}
    return [_row(outcome, by_line[outcome.line], claim_of) for outcome in outcomes]


def _row(outcome: RowOutcome, row: TreatmentRow, claim_of: Mapping[str, str]) -> DeclarationRow:
    body = {
        "sak_id": row.sak_id,
        "code": row.code,
        "start": row.start.isoformat() if row.start else "",
        "price": str(row.price.decimal()) if row.price else "",
        "patient_ref": row.patient_ref,
        "birth_date": row.birth_date.isoformat() if row.birth_date else "",
        "profession": row.profession,
    }
    return DeclarationRow(
        line=outcome.line,
        row_id=outcome.row_id,
        outcome=outcome.outcome,
        code=outcome.code,
        message=outcome.message,
        subject=_subject(row.clinic_orgnr, row.fnr, row.patient_ref, row.birth_date),
        body=body,
        claim_id=claim_of.get(row.sak_id) if outcome.outcome == "invoice" else None,
    )
