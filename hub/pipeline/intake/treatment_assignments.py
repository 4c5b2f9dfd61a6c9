"""A clinic's treatment log (NO): rows judged against the assignments, one invoice per SakID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from hub.intake.columns import TREATMENT_LOG
from hub.intake.lists import Taken, take_treatment_log
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.identity import is_fnr
from hub.model.money import Money, money, total
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest, Judged
from hub.pipeline.intake.maps import column_map
from hub.programmes import corrections
from hub.programmes.corrections import Changes
from hub.programmes.outcome import INVOICE, RowOutcome
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.treatment_claims import claims as make_claims
from hub.programmes.treatments import TreatmentContext, TreatmentKey, Used, assess
from hub.programmes.vat import shipped_vat_rules
from hub.store import claims, parties, reference, schema, series
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationRow
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit, new_id
from hub.texts import LANGUAGES

NAME = "treatment-assignments"
CARE = ""
"""The kind of care its payers' terms are about: they name none."""
FIRST_NUMBER = 10001
"""Where a clinic's gap-free invoice numbers begin (decision 2, EXAMPLE)."""
KID_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A log as read."""

    taken: Taken[TreatmentRow]


def ask(hub: Hub, tenant: str, clinic: Organisation, request: IntakeRequest, data: bytes) -> Asked:
    """Read the log; nobody outside needs to be asked."""
    chosen = column_map(hub, tenant, TREATMENT_LOG, request, data, system=clinic.system)
    return Asked(take_treatment_log(data, request.name, chosen))


def judge(hub: Hub, unit: Unit, clinic: Organisation, request: IntakeRequest, asked: Asked) -> Judged:
    """Judge one log and make its invoices; a refused row uses no number, a rollback leaves no gap."""
    del request
    ctx = context_of(hub, unit, clinic)
    rows = asked.taken.rows
    outcomes = assess(rows, ctx)
    made = make_claims(
        outcomes,
        rows,
        ctx,
        new_id=new_id,
        next_number=lambda: next_number(unit, clinic.code),
    )
    return Judged(
        outcomes=outcomes,
        rows=_rows(outcomes, rows, made),
        new=[new_claim(clinic, own_ref(unit, clinic, claim)) for claim in made],
        findings=asked.taken.findings,
        dropped=asked.taken.dropped,
    )


def next_number(unit: Unit, clinic: str) -> str:
    """The clinic's next invoice number."""
    return str(series.take(unit, f"invoice:{clinic}", first=FIRST_NUMBER))


def context_of(hub: Hub, unit: Unit, clinic: Organisation, *, without: str = "") -> TreatmentContext:
    """What a log of this clinic is judged against."""
    today = hub.today("NO")
    assignments = stored_assignments(unit)
    payers = {each.insurer_orgnr: _payer(hub, each.insurer_orgnr, today) for each in assignments.values()}
    invoiced, used = _earlier(unit, clinic, without)
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


def _earlier(unit: Unit, clinic: Organisation, without: str) -> tuple[frozenset[TreatmentKey], dict[str, Used]]:
    """What this clinic's standing invoices cover and use up of each assignment.

    An invoice that another one credits or replaces counts no more, nor does its credit note: together with what took
    its place they count once. `without` is the reference of one that is about to be replaced.
    """
    table = schema.claim
    every = claims.find(unit, table.c.programme == NAME, table.c.provider_code == clinic.code)
    rows = [row for row in every if row["hold_code"] != "WITHDRAWN"]
    gone = _taken_over(every, {row["corrects"] for row in rows if row["corrects"]}) | {without}
    counted = [row for row in rows if row["kind"] == ClaimKind.DEBIT.value and row["ref"] not in gone]
    keys: set[TreatmentKey] = set()
    lines_of: dict[str, list[ClaimLine]] = {}
    for claim in claims.load(unit, claims.of_somebody(counted)):
        sak_id = claim.references["sak_id"]
        lines_of.setdefault(sak_id, []).extend(claim.lines)
        keys |= {(sak_id, line.service_code, line.begins) for line in claim.lines}  # type: ignore[misc]
    return frozenset(keys), {sak_id: _used(lines) for sak_id, lines in lines_of.items()}


def _taken_over(rows: Sequence[Row], gone: set[str]) -> set[str]:
    """What others correct, also where what corrected it was withdrawn and has been replaced itself."""
    corrects = {row["ref"]: row["corrects"] for row in rows if row["corrects"]}
    waiting, found = list(gone), set(gone)
    while waiting:
        before = corrects.get(waiting.pop())
        if before is not None and before not in found:
            found.add(before)
            waiting.append(before)
    return found


def _used(lines: Sequence[ClaimLine]) -> Used:
    currency = lines[0].amount.currency
    return Used(
        treatments=len(lines),
        gross=total([line.gross for line in lines], currency),
        deductible=total([line.allowance or Money(0, currency) for line in lines], currency),
    )


def own_ref(unit: Unit, clinic: Organisation, claim: Claim) -> Claim:
    """The reference is the invoice number, unless another clinic of this tenant has that number already."""
    if claims.by_ref(unit, claim.ref) is None:
        return claim
    return replace(claim, ref=f"{claim.ref}@{clinic.code}")


def new_claim(clinic: Organisation, claim: Claim) -> NewClaim:
    """An invoice ready to be stored, with whose it is."""
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
    return [stored_row(outcome, by_line[outcome.line], claim_of) for outcome in outcomes]


def stored_row(outcome: RowOutcome, row: TreatmentRow, claim_of: Mapping[str, str]) -> DeclarationRow:
    """A row as it is kept: its outcome, and what an invoice would need but for a diagnosis."""
    body = {
        "clinic_orgnr": row.clinic_orgnr,
        "sak_id": row.sak_id,
        "insurer_orgnr": row.insurer_orgnr,
        "code": row.code,
        "start": row.start.isoformat() if row.start else "",
        "price": str(row.price.decimal()) if row.price else "",
        "patient_ref": row.patient_ref,
        "birth_date": row.birth_date.isoformat() if row.birth_date else "",
        "profession": row.profession,
        "fnr": row.fnr,
        "text": row.text,
        "duration": row.duration,
        "vat_category": row.vat_category,
        "vat_rate": "" if row.vat_rate is None else str(row.vat_rate),
        "therapist_hpr": row.therapist_hpr,
        "therapist_name": row.therapist_name,
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


def corrected(hub: Hub, unit: Unit, claim: Claim, changes: Changes, *, same: bool) -> NewClaim:
    """The invoice with its changes, judged like a log that is handed in today; RefusedError when a line does not pass.

    `same` keeps number and KID; otherwise it gets the clinic's next number and a KID of its own.
    """
    clinic = parties.organisation(unit, claim.provider.id)
    ctx = context_of(hub, unit, clinic, without=claim.ref)
    rows = corrections.treatment_rows(claim, changes)
    outcomes = assess(rows, ctx)
    failed = [one for one in outcomes if one.outcome != INVOICE]
    if failed:
        reason = {name: f"{failed[0].line}: {failed[0].said(name)} ({failed[0].code})" for name in LANGUAGES}
        raise RefusedError("CORRECT_NOT_PASSED", ref=claim.ref, reason=reason)
    number = claim.invoice_number if same else next_number(unit, clinic.code)
    (made,) = make_claims(outcomes, rows, ctx, new_id=new_id, next_number=lambda: number)
    made = replace(made, ref=claim.ref) if same else own_ref(unit, clinic, made)
    return new_claim(clinic, made)


def credited(hub: Hub, unit: Unit, claim: Claim, amounts: Sequence[Money]) -> NewClaim:
    """The credit note of an invoice: the clinic's next number, the SakID, and which invoice of what day it credits."""
    clinic = parties.organisation(unit, claim.provider.id)
    number = next_number(unit, clinic.code)
    refs = [f"{number}-{line.number}" for line in claim.lines]
    made = corrections.credit_of(claim, number=number, line_refs=refs, new_id=new_id, amounts=amounts)
    issued = {"credits_date": claim.issue_date.isoformat()} if claim.issue_date else {}
    references = {**claim.references, "credits": claim.invoice_number, **issued}
    made = replace(made, invoice_number=number, issue_date=hub.today(claim.country), references=references)
    return new_claim(clinic, own_ref(unit, clinic, made))
