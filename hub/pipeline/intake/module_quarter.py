"""A practice's list for one module and quarter (NL): rows judged, coverage asked, claims made, corrections compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub import texts
from hub.errors import ConfigurationError, ContentError
from hub.intake.columns import PRACTICE_LIST
from hub.intake.lists import Taken, take_practice_list
from hub.intake.privacy import PrivacyRefusal
from hub.model.claim import Claim
from hub.model.identity import is_bsn
from hub.model.money import Money
from hub.model.quarter import Quarter, quarter
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest, Judged, maps, terms
from hub.pipeline.intake.maps import column_map
from hub.ports import CoverageAnswer
from hub.programmes import corrections, module_context, module_quarter
from hub.programmes.corrections import Changes
from hub.programmes.module_claims import claims as make_claims
from hub.programmes.module_context import ModuleContext
from hub.programmes.outcome import CLAIM, HOLD, SKIP, RowOutcome
from hub.programmes.patient_list import file_findings, file_refusal
from hub.programmes.rows import PatientRow
from hub.store import claims, declarations, parties, series, subjects
from hub.store.claims import NewClaim
from hub.store.codec import person_to_json
from hub.store.declarations import DeclarationRow
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit, new_id

NAME = "module-quarter"
CARE = "huisarts"
"""The kind of care its payers' terms are about."""
FORMATS = ("vektis-HA304-4.2",)
"""What its claims can be written in."""
_List = Taken[PatientRow]
Take = Callable[[str, int], int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as read, what it is judged against, and the coverage answers for it; or why it may not be kept."""

    taken: Taken[PatientRow] | None = None
    ctx: ModuleContext | None = None
    answers: Mapping[int, CoverageAnswer] = field(default_factory=dict)
    refusal: PrivacyRefusal | None = None


def ask(hub: Hub, tenant: str, practice: Organisation, request: IntakeRequest, data: bytes) -> Asked:
    """Read the list and ask for coverage, in bounded memory and outside any transaction."""
    if not request.module or not request.period:
        raise ConfigurationError("a practice list needs its module and quarter", hint="--module PMO --quarter 2024Q1")
    try:
        chosen = column_map(hub, tenant, PRACTICE_LIST, request, data, system=practice.system)
        taken = take_practice_list(data, request.name, chosen)
    except PrivacyRefusal as refusal:
        return Asked(refusal=refusal)
    with hub.store.reading(tenant) as unit:
        ctx = context_of(hub, unit, practice, request, taken)
    return Asked(taken, ctx, coverage_of(hub, tenant, taken, ctx))


def judge(hub: Hub, unit: Unit, practice: Organisation, request: IntakeRequest, asked: Asked) -> Judged:
    """Judge one list against what is stored now."""
    del hub
    if asked.refusal is not None or asked.taken is None or asked.ctx is None:
        return maps.refused(asked.refusal)
    seen = _seen(unit, practice, request, asked.taken)
    ctx = replace(asked.ctx, participation=seen.participation)
    return replace(_judged(unit, request, asked.taken, ctx, asked.answers, seen), basis=seen.basis)


def basis(unit: Unit, practice: Organisation, request: IntakeRequest, asked: Asked) -> object:
    """What of the store `judge` goes by, as it is now."""
    return None if asked.taken is None else _seen(unit, practice, request, asked.taken).basis


def number(judged: Judged, take: Take) -> Judged:
    """Give the new claims their line references; `take` gives the first of so many numbers of a series."""
    return replace(judged, new=_numbered(judged.new, take))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of the store a list is judged by: papers, the declaration in force, and live claims by blind index.

    The claims are those of everybody on the list and of this practice. `blinds` has each valid number of the list.
    `vanished` are claims that went out, for people who are not on it, and may have to go back (asked for a delta only).
    """

    blinds: Mapping[str, str]
    live: Mapping[str, Row]
    before: Row | None
    participation: module_context.Participation
    vanished: frozenset[str]

    @property
    def basis(self) -> object:
        """All of it that decides."""
        return self.participation, None if self.before is None else self.before["id"], self.live, self.vanished


def _seen(unit: Unit, practice: Organisation, request: IntakeRequest, taken: _List) -> _Seen:
    blinds = _blinds(unit, taken)
    wanted = set(blinds.values())
    live = claims.known_blinds(unit, request.module, request.period, blinds=wanted, provider=practice.code)
    gone = [row for blind, row in live.items() if blind not in wanted and (row["exchange_id"] or row["corrects"])]
    return _Seen(
        blinds,
        live,
        declarations.current(unit, practice.id, request.module, request.period),
        terms.participation(unit, practice, request.module),
        claims.may_go_back(unit, gone) if request.delta else frozenset(),
    )


def _blinds(unit: Unit, taken: _List) -> dict[str, str]:
    numbers = dict.fromkeys(row.person.bsn for row in taken.rows)
    return {bsn: subjects.blind(unit, "bsn", bsn) for bsn in numbers if is_bsn(bsn)}


def context_of(hub: Hub, unit: Unit, practice: Organisation, request: IntakeRequest, taken: _List) -> ModuleContext:
    """What a list of this practice, module and quarter is judged against."""
    period = quarter(request.period)
    group = parties.ancestor(unit, practice, "care_group")
    agent = parties.ancestor(unit, group, "billing_agent")
    return ModuleContext(
        tenant=unit.tenant,
        programme=NAME,
        module=module_context.module(request.module),
        quarter=period,
        provider=practice.party,
        claimant=group.party,
        submitter=agent.party,
        participation=terms.participation(unit, practice, request.module),
        register=terms.register(hub, unit),
        tariffs=terms.tariffs(unit),
        today=hub.today("NL"),
        has_history=taken.has_history,
        previous_rows=_previous_rows(unit, practice, request.module, period),
    )


def _previous_rows(unit: Unit, practice: Organisation, module: str, period: Quarter) -> int | None:
    """How many rows the list had that this one replaces, else last quarter's: a torn export has far fewer."""
    for each in (period, period.plus(-1)):
        known = declarations.current(unit, practice.id, module, str(each))
        if known is not None:
            return declarations.row_count(unit, known["id"])
    return None


def coverage_of(hub: Hub, tenant: str, taken: _List, ctx: ModuleContext) -> dict[int, CoverageAnswer]:
    """What the coverage check answers, by line; nothing where the tenant has none."""
    service = hub.coverage(tenant)
    if service is None:
        return {}
    asked = module_quarter.questions(taken.rows, ctx)
    answers = service.check([each.question for each in asked])
    return {each.line: answer for each, answer in zip(asked, answers, strict=True)}


def _judged(
    unit: Unit,
    request: IntakeRequest,
    taken: _List,
    ctx: ModuleContext,
    answers: Mapping[int, CoverageAnswer],
    seen: _Seen,
) -> Judged:
    before, live = seen.before, seen.live
    if before is not None and _submitted(live, before["id"]):
        known = _with_history(ctx, seen.blinds, live)
        return _after_submission(unit, request, taken, known, answers, seen, before["id"])
    ours = {blind for blind, row in live.items() if before is not None and row["declaration_id"] == before["id"]}
    ctx = _with_history(ctx, seen.blinds, {blind: row for blind, row in live.items() if blind not in ours})
    outcomes = module_quarter.assess(taken.rows, ctx, answers)
    refusal = file_refusal(taken.rows, ctx)
    if refusal is not None:
        return _file_refused(outcomes, refusal.code, taken)
    made = make_claims(outcomes, taken.rows, ctx, new_id=new_id, new_ref=lambda: "")
    kept, new, gone = _compare(unit, seen.blinds, made, [live[blind] for blind in ours])
    return Judged(
        outcomes=outcomes,
        rows=_rows(outcomes, taken.rows, kept | {_line(item.claim): item.claim.id for item in new}),
        new=new,
        withdrawn=gone,
        kept=list(kept.values()),
        doubted=_doubted(seen, taken, outcomes),
        replaces=before["id"] if before is not None else None,
        facts={} if before is None else {"kept": len(kept), "new": len(new), "withdrawn": len(gone)},
        findings=(*taken.findings, *file_findings(taken.rows, ctx)),
        dropped=taken.dropped,
    )


def _doubted(seen: _Seen, taken: _List, outcomes: Sequence[RowOutcome]) -> list[Row]:
    """Claims of other practices, not yet sent, for people who are on this list too: neither is sent (S34)."""
    lines = {outcome.line for outcome in outcomes if outcome.code == "CLAIMED_ELSEWHERE"}
    found = (seen.live.get(seen.blinds.get(row.person.bsn, "")) for row in taken.rows if row.line in lines)
    return [row for row in found if row is not None and row["exchange_id"] is None and not row["hold_code"]]


def _file_refused(outcomes: Sequence[RowOutcome], code: str, taken: _List) -> Judged:
    """A list that is not for this practice and quarter: its outcomes are told, its rows are not kept."""
    return Judged(
        outcomes=outcomes, state=declarations.REFUSED, code=code, findings=taken.findings, dropped=taken.dropped
    )


def _submitted(live: Mapping[str, Row], declaration_id: str) -> bool:
    """A claim that corrects another one stands for one that was sent, whether or not it has gone out itself."""
    mine = [row for row in live.values() if row["declaration_id"] == declaration_id]
    return any(row["exchange_id"] or row["corrects"] for row in mine)


def with_history(unit: Unit, ctx: ModuleContext, taken: _List, live: Mapping[str, Row]) -> ModuleContext:
    """Which of these people are claimed already for this module and quarter, by this practice or another."""
    return _with_history(ctx, _blinds(unit, taken), live)


def _with_history(ctx: ModuleContext, blinds: Mapping[str, str], live: Mapping[str, Row]) -> ModuleContext:
    mine: set[str] = set()
    elsewhere: set[str] = set()
    for bsn, blind in blinds.items():
        known = live.get(blind)
        if known is not None:
            (mine if known["provider_code"] == ctx.provider.id else elsewhere).add(bsn)
    return replace(ctx, claimed=frozenset(mine), elsewhere=frozenset(elsewhere))


def _compare(
    unit: Unit, blinds: Mapping[str, str], made: Sequence[Claim], old_rows: Sequence[Row]
) -> tuple[dict[int, str], list[NewClaim], list[Row]]:
    """Of a corrected list: claims that stay as they are (by list line), new ones, and rows of claims taken back."""
    full = claims.by_ids(unit, [row["id"] for row in old_rows])
    old = {claim.person.bsn: (row, claim) for row, claim in zip(full, claims.load(unit, full), strict=True)}
    kept: dict[int, str] = {}
    fresh: list[Claim] = []
    for claim in made:
        row, before = old.get(claim.person.bsn, (None, None))
        if row is not None and before is not None and _same(claim, before):
            kept[_line(claim)] = before.id
        else:
            fresh.append(claim)
    staying = set(kept.values())
    gone = [row for row, claim in old.values() if claim.id not in staying]
    return kept, _new_claims(blinds, fresh), gone


def _same(one: Claim, other: Claim) -> bool:
    a, b = one.lines[0], other.lines[0]
    return (one.person, one.payer_code, a.amount, a.performer) == (
        other.person,
        other.payer_code,
        b.amount,
        b.performer,
    )


def numbered(unit: Unit, taken: _List, made: Sequence[Claim]) -> list[NewClaim]:
    """Claims of a list as they are added, each with its line reference."""
    new = _new_claims(_blinds(unit, taken), made)
    return _numbered(new, lambda name, count: series.take_many(unit, name, count, first=1))


def _new_claims(blinds: Mapping[str, str], made: Sequence[Claim]) -> list[NewClaim]:
    """One without a number yet: they are taken only for claims that are really new, where something is written."""
    return [
        NewClaim(
            claim=claim,
            subject_kind="bsn",
            subject_value=claim.person.bsn,
            business_key=f"{claim.module}:{claim.period}:{blinds[claim.person.bsn]}",
        )
        for claim in made
    ]


def _numbered(new: Sequence[NewClaim], take: Take) -> list[NewClaim]:
    if not new:
        return []
    first = take("line-reference", len(new))
    return [_with_ref(item, f"R{first + place:09d}") for place, item in enumerate(new)]


def _with_ref(item: NewClaim, ref: str) -> NewClaim:
    line = replace(item.claim.lines[0], ref=ref)
    return replace(item, claim=replace(item.claim, ref=ref, lines=(line,)))


def _line(claim: Claim) -> int:
    return int(claim.references["list_line"])


def _rows(
    outcomes: Sequence[RowOutcome], rows: Sequence[PatientRow], claim_of: Mapping[int, str]
) -> list[DeclarationRow]:
    by_line = {row.line: row for row in rows}
    return [stored_row(outcome, by_line[outcome.line], claim_of.get(outcome.line)) for outcome in outcomes]


def stored_row(outcome: RowOutcome, row: PatientRow, claim_id: str | None) -> DeclarationRow:
    """A row as it is kept: its outcome, and the allowed columns."""
    dates = ("enrolled", "deregistered", "deceased")
    body = person_to_json(row.person) | {"uzovi": row.uzovi, "performer_agb": row.performer_agb}
    body |= {name: day.isoformat() for name in dates if (day := getattr(row, name)) is not None}
    bsn = row.person.bsn
    return DeclarationRow(
        line=outcome.line,
        row_id=outcome.row_id,
        outcome=outcome.outcome,
        code=outcome.code,
        message=outcome.message,
        subject=("bsn", bsn) if is_bsn(bsn) else None,
        body=body,
        claim_id=claim_id,
    )


def _after_submission(
    unit: Unit,
    request: IntakeRequest,
    taken: _List,
    ctx: ModuleContext,
    answers: Mapping[int, CoverageAnswer],
    now: _Seen,
    before: str,
) -> Judged:
    """A second list after its claims went out claims nothing; the difference is for a person to decide (S04).

    A person who says so (`delta`) lets it add what is new, and is asked about everybody who is gone.
    """
    judged = module_quarter.assess(taken.rows, ctx, answers)
    live, seen = now.live, set(now.blinds.values())
    mine = {blind for blind, row in live.items() if row["provider_code"] == ctx.provider.id}
    known = {row["blind"]: row for row in claims.by_ids(unit, [live[blind]["id"] for blind in sorted(mine & seen)])}
    facts = {
        "module": request.module,
        "period": request.period,
        "added": sum(1 for outcome in judged if outcome.outcome == CLAIM),
        "removed": len(mine - seen),
        "changed": _changed(unit, taken, known, judged),
    }
    if request.delta:
        gone = [row for blind, row in live.items() if blind in mine - seen]
        staying = [row["id"] for blind, row in live.items() if blind in mine & seen]
        return _delta(unit, now, taken, ctx, judged, gone, staying, facts, before)
    message = texts.text("ALREADY_SUBMITTED", practice=ctx.provider.id, **facts)
    outcomes = [_held(outcome, message) for outcome in judged]
    return Judged(
        outcomes=outcomes,
        rows=_rows(outcomes, taken.rows, {}),
        state=declarations.HELD,
        code="ALREADY_SUBMITTED",
        facts=facts,
        findings=taken.findings,
        dropped=taken.dropped,
    )


def _delta(
    unit: Unit,
    now: _Seen,
    taken: _List,
    ctx: ModuleContext,
    outcomes: Sequence[RowOutcome],
    gone: Sequence[Row],
    staying: Sequence[str],
    facts: Mapping[str, Any],
    before: str,
) -> Judged:
    """Only what the list adds is claimed; who is gone is withdrawn where nobody was sent it, else asked about."""
    refusal = file_refusal(taken.rows, ctx)
    if refusal is not None:
        return _file_refused(outcomes, refusal.code, taken)
    new = _new_claims(now.blinds, make_claims(outcomes, taken.rows, ctx, new_id=new_id, new_ref=lambda: ""))
    rows = claims.by_ids(unit, [row["id"] for row in gone])
    at_rest = [row for row in rows if row["exchange_id"] is None and not row["corrects"]]
    out = [row for row in rows if row not in at_rest]
    return Judged(
        outcomes=outcomes,
        rows=_rows(outcomes, taken.rows, {_line(item.claim): item.claim.id for item in new}),
        new=new,
        withdrawn=at_rest,
        kept=[*staying, *(row["id"] for row in out)],
        vanished=[row for row in out if row["id"] in now.vanished],
        replaces=before,
        code="PERSONS_CHANGED" if facts["changed"] else "",
        facts={**facts, "new": len(new), "withdrawn": len(at_rest)},
        findings=(*taken.findings, *file_findings(taken.rows, ctx)),
        dropped=taken.dropped,
    )


def _held(outcome: RowOutcome, message: Mapping[str, str]) -> RowOutcome:
    if outcome.outcome != CLAIM:
        return outcome
    return replace(outcome, outcome=HOLD, code="ALREADY_SUBMITTED", message=message)


def _changed(unit: Unit, taken: _List, known: Mapping[str, Row], outcomes: Sequence[RowOutcome]) -> int:
    """How many people that were claimed now stand with other data, or would now be left out."""
    before = {claim.person.bsn: claim for claim in claims.load(unit, list(known.values()))}
    skipped = {outcome.line for outcome in outcomes if outcome.outcome == SKIP}
    first: dict[str, PatientRow] = {}
    for row in taken.rows:
        first.setdefault(row.person.bsn, row)
    return sum(
        1
        for row in first.values()
        if (claim := before.get(row.person.bsn)) is not None
        and (row.line not in skipped or row.person != claim.person or row.uzovi not in ("", claim.payer_code))
    )


def corrected(hub: Hub, unit: Unit, claim: Claim, changes: Changes, *, same: bool) -> NewClaim:
    """The claim with its changes, under its own reference or (`same` False) a new one."""
    ref = claim.ref if same else _next_ref(unit)
    made = corrections.corrected_module_claim(claim, changes, ref=ref, new_id=new_id)
    if made.payer_code != claim.payer_code:
        partner = hub.registry.by_identifier("UZOVI", made.payer_code, quarter(claim.period).first_day)
        if partner is None:
            raise ContentError(f"no insurer is known by UZOVI {made.payer_code} in {claim.period}")
        made = replace(made, payer=partner.name, payer_name=partner.title)
    return NewClaim(claim=made, subject_kind="bsn", subject_value=claim.person.bsn, business_key="")


def credited(hub: Hub, unit: Unit, claim: Claim, amounts: Sequence[Money]) -> NewClaim:
    """The full credit of a claim: an exact copy of what was awarded, with the sign turned."""
    del hub
    ref = _next_ref(unit)
    made = corrections.credit_of(claim, number=ref, line_refs=[ref], new_id=new_id, amounts=amounts)
    made = replace(made, invoice_number="")
    return NewClaim(claim=made, subject_kind="bsn", subject_value=claim.person.bsn, business_key="")


def _next_ref(unit: Unit) -> str:
    return f"R{series.take(unit, 'line-reference', first=1):09d}"
