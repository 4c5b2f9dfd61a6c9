"""A mental health practice's performances (NL, zorgprestatiemodel): rows judged, one claim per performance.

The practice claims in its own name; the billing agent above it sends, where there is one. A list says what was done and
not which period it is: a performance that was claimed before is skipped, so a list may be handed in again, completed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from hub.intake.columns import PERFORMANCE_LIST
from hub.intake.lists import Taken, take_performance_list
from hub.intake.privacy import PrivacyRefusal
from hub.model.claim import Claim, ClaimKind
from hub.model.identity import is_agb, is_bsn
from hub.model.money import Money
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest, Judged, maps, terms
from hub.pipeline.intake.maps import column_map
from hub.programmes import corrections
from hub.programmes.corrections import EVERYWHERE, NOTHING, RECLAIM_CODE, Changes
from hub.programmes.outcome import CLAIM, HOLD, SKIP, RowOutcome
from hub.programmes.performance_claims import claims as make_claims
from hub.programmes.performances import PerformanceContext, PerformanceKey, assess, key_of
from hub.programmes.rows import PerformanceRow
from hub.store import claims, declarations, parties, schema, series, subjects, tasks
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationRow
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit, new_id
from hub.texts import LANGUAGES

NAME = "zpm-performances"
CARE = "ggz"
"""The kind of care its payers' terms are about."""
FORMATS = ("vektis-GDS801-1.0",)
"""What its claims can be written in."""
_DECLARANT = {"care_group": "1", "practice": "2"}
"""CL0015: an institution or a practice."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as read; or why it may not be kept."""

    taken: Taken[PerformanceRow] | None = None
    refusal: PrivacyRefusal | None = None


def ask(hub: Hub, tenant: str, practice: Organisation, request: IntakeRequest, data: bytes) -> Asked:
    """Read the list, in bounded memory and outside any transaction; nobody outside needs to be asked."""
    try:
        chosen = column_map(hub, tenant, PERFORMANCE_LIST, request, data, system=practice.system)
        return Asked(take_performance_list(data, request.name, chosen))
    except PrivacyRefusal as refusal:
        return Asked(refusal=refusal)


def judge(hub: Hub, unit: Unit, practice: Organisation, request: IntakeRequest, asked: Asked) -> Judged:
    """Judge one list against what is stored now."""
    del request
    if asked.taken is None:
        return maps.refused(asked.refusal)
    rows = asked.taken.rows
    ctx = _context(hub, unit, practice, rows)
    outcomes = assess(rows, ctx)
    made = make_claims(outcomes, rows, ctx, new_id=new_id, new_ref=_references(unit, outcomes))
    _completed(unit, practice, rows, outcomes)
    return Judged(
        outcomes=outcomes,
        rows=_rows(outcomes, rows, {int(claim.references["list_line"]): claim.id for claim in made}),
        new=[_new_claim(unit, claim) for claim in made],
        findings=asked.taken.findings,
        dropped=asked.taken.dropped,
    )


def _completed(
    unit: Unit, practice: Organisation, rows: Sequence[PerformanceRow], outcomes: Sequence[RowOutcome]
) -> None:
    """The case of an earlier list's held rows is done once each of them is claimed: they came again, completed."""
    done = {
        (subjects.blind(unit, "bsn", row.bsn), row.code, _iso(row.day))
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome.outcome in (CLAIM, SKIP) and is_bsn(row.bsn)
    }
    table = schema.declaration
    mine = (table.c.organisation_id == practice.id, table.c.programme == NAME, table.c.state == declarations.CURRENT)
    for earlier in unit.rows(unit.mine(table, *mine)) if done else []:
        held = claims.of_somebody(row for row in declarations.rows_of(unit, earlier["id"]) if row["outcome"] == HOLD)
        if any(row["subject_id"] is None for row in held):
            continue  # whose it is nobody can say, so it did not come again
        bodies = declarations.bodies(unit, held)
        waited = {(row["blind"], body["code"], body["date"]) for row, body in zip(held, bodies, strict=True)}
        if waited and waited <= done:
            tasks.done(unit, f"declaration:{earlier['id']}", {"completed": True})


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _references(unit: Unit, outcomes: Sequence[RowOutcome]) -> _Taker:
    """Line references are taken only for rows that are really claimed, in one go."""
    count = sum(outcome.outcome == CLAIM for outcome in outcomes)
    return _Taker(series.take_many(unit, "line-reference", count, first=1) if count else 1)


@dataclass(slots=True)
class _Taker:
    """Gives one reference after another; lives for one list."""

    next: int

    def __call__(self) -> str:
        self.next += 1
        return f"R{self.next - 1:09d}"


def _context(
    hub: Hub, unit: Unit, practice: Organisation, rows: Sequence[PerformanceRow], *, without: str = ""
) -> PerformanceContext:
    return PerformanceContext(
        tenant=unit.tenant,
        programme=NAME,
        provider=practice.party,
        claimant=practice.party,
        submitter=_submitter(unit, practice).party,
        declarant_kind=_DECLARANT.get(practice.kind, "2"),
        register=terms.register(hub, unit),
        today=hub.today("NL"),
        claimed=_claimed(unit, practice, rows, without),
    )


def _submitter(unit: Unit, practice: Organisation) -> Organisation:
    """The billing agent above the practice, else the practice itself."""
    here = practice
    while here.kind != "billing_agent":
        if here.parent_id is None:
            return practice
        here = parties.by_id(unit, here.parent_id)
    return here


def _claimed(
    unit: Unit, practice: Organisation, rows: Sequence[PerformanceRow], without: str
) -> frozenset[PerformanceKey]:
    """Which performances of these people this practice has claimed, credited ones too: those are corrected, not anew.

    `without` is a claim about to be replaced: it and what it replaced itself do not count.
    """
    found = _of_people(unit, practice, rows)
    gone = _chain(found, without)
    standing = [row for row in found if row["hold_code"] != "WITHDRAWN" and row["ref"] not in gone]
    known = claims.load(unit, [row for row in standing if row["kind"] == ClaimKind.DEBIT.value])
    keys = {key_of(corrections.performance_row(claim, NOTHING)) for claim in known}
    taken = {row["business_key"] for row in standing}
    return frozenset(keys | {key_of(row) for row in rows if not without and _key(unit, practice.code, row) in taken})


def _of_people(unit: Unit, practice: Organisation, rows: Sequence[PerformanceRow]) -> list[Row]:
    blinds = sorted({subjects.blind(unit, "bsn", row.bsn) for row in rows if is_bsn(row.bsn)})
    table = schema.claim
    mine = (table.c.programme == NAME, table.c.provider_code == practice.code)
    found: list[Row] = []
    for start in range(0, len(blinds), _BATCH):
        found += claims.find(unit, *mine, table.c.blind.in_(blinds[start : start + _BATCH]))
    return found


def _chain(rows: Sequence[Row], ref: str) -> set[str]:
    """A claim and what it corrects, what that corrects, and so on."""
    corrects = {row["ref"]: row["corrects"] for row in rows}
    chain: set[str] = set()
    while ref and ref not in chain:
        chain.add(ref)
        ref = corrects.get(ref, "")
    return chain


def _key(unit: Unit, practice: str, row: PerformanceRow) -> str:
    """The business key of a performance, however often it is corrected."""
    _, code, begin, by = key_of(row)
    blind = subjects.blind(unit, "bsn", row.bsn) if is_bsn(row.bsn) else ""
    who = by if is_agb(by) else hashlib.sha256(by.encode()).hexdigest()[:12]
    return f"zpm:{practice}:{blind}:{code[:10]}:{begin}:{who}"


def _new_claim(unit: Unit, claim: Claim) -> NewClaim:
    key = _key(unit, claim.provider.id, corrections.performance_row(claim, NOTHING))
    return NewClaim(claim=claim, subject_kind="bsn", subject_value=claim.person.bsn, business_key=key)


def _rows(
    outcomes: Sequence[RowOutcome], rows: Sequence[PerformanceRow], claim_of: Mapping[int, str]
) -> list[DeclarationRow]:
    by_line = {row.line: row for row in rows}
    return [_row(outcome, by_line[outcome.line], claim_of.get(outcome.line)) for outcome in outcomes]


def _row(outcome: RowOutcome, row: PerformanceRow, claim_id: str | None) -> DeclarationRow:
    """What a row was about; its diagnosis and referral stand on the claim alone, or nowhere."""
    body = {
        "bsn": row.bsn,
        "birth_date": _iso(row.birth_date),
        "uzovi": row.uzovi,
        "code": row.code,
        "date": _iso(row.day),
        "price": str(row.price.decimal()) if row.price else "",
    }
    return DeclarationRow(
        line=outcome.line,
        row_id=outcome.row_id,
        outcome=outcome.outcome,
        code=outcome.code,
        message=outcome.message,
        subject=("bsn", row.bsn) if is_bsn(row.bsn) else None,
        body=body,
        claim_id=claim_id,
    )


def corrected(hub: Hub, unit: Unit, claim: Claim, changes: Changes, *, same: bool) -> NewClaim:
    """The claim with its changes, judged like a list that is handed in today; under its own reference or a new one."""
    practice = parties.organisation(unit, claim.provider.id)
    row = corrections.performance_row(claim, changes)
    ctx = _context(hub, unit, practice, [row], without=claim.ref)
    outcomes = assess([row], ctx)
    if outcomes[0].outcome != CLAIM:
        reason = {name: f"{outcomes[0].said(name)} ({outcomes[0].code})" for name in LANGUAGES}
        raise RefusedError("CORRECT_NOT_PASSED", ref=claim.ref, reason=reason)
    (made,) = make_claims(outcomes, [row], ctx, new_id=new_id, new_ref=lambda: claim.ref if same else _next_ref(unit))
    before = claim.lines[0]
    code = changes.of(EVERYWHERE, RECLAIM_CODE)
    line = replace(
        made.lines[0],
        previous_ref="" if same else before.ref,
        reclaim_code=before.reclaim_code if code is None else code,
    )
    return _new_claim(unit, replace(made, lines=(line,)))


def credited(hub: Hub, unit: Unit, claim: Claim, amounts: Sequence[Money]) -> NewClaim:
    """The full credit of a claim: what was awarded, with the sign turned, naming the line it takes back."""
    del hub
    ref = _next_ref(unit)
    made = corrections.credit_of(claim, number=ref, line_refs=[ref], new_id=new_id, amounts=amounts)
    return _new_claim(unit, replace(made, invoice_number=""))


def _next_ref(unit: Unit) -> str:
    return f"R{series.take(unit, 'line-reference', first=1):09d}"
