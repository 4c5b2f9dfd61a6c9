"""Correct and resubmit: only what is wrong can be edited, it is checked as typed, and the difference is seen before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import ContentError
from hub.pipeline import correct as correcting
from hub.pipeline import correction_forms, holding, worklist
from hub.pipeline.cases import RefusedError
from hub.pipeline.correction_forms import Form as CorrectionForm
from hub.pipeline.rehearsal import Rehearsed, rehearse, rehearse_all
from hub.pipeline.submit import submit
from hub.policy.corrections import WITHDRAWN
from hub.programmes.corrections import NOTHING, Changes
from hub.store import claims, exchanges, schema, support
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.typed import Dropped, Typed
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="correct", path="/claims", needs=Permission.WORK)
router = APIRouter()


@router.get("/claims/{ref}/correct")
def form(visit: Visiting, ref: str, everything: bool = False) -> Response:
    """The form: the failing fields, or everything that may be changed."""
    row, made = _form(visit, ref)
    visit.saw("open", f"claim/{ref}/correct")
    return _shown(visit, row, made, everything=everything)


@router.post("/claims/{ref}/correct")
def preview(
    visit: Visiting, ref: str, typed: Typed, drop: Dropped, everything: Annotated[bool, Form()] = False
) -> Response:
    """What was typed is checked, and the correction tried: the difference, and what the rules say of the document."""
    row, made = _form(visit, ref)
    problems = correction_forms.problems_in(made, typed)
    if problems:
        return _shown(visit, row, made, everything=everything, typed=typed, drop=drop, problems=problems)
    changes = correction_forms.changes_in(made, typed, drop)
    tried = rehearse(visit.hub, visit.tenant, ref, changes)
    return _shown(visit, row, made, everything=everything, typed=typed, drop=drop, tried=tried)


@router.post("/claims/{ref}/correct/check")
def check(visit: Visiting, ref: str, typed: Typed) -> Response:
    """One field as it is typed: what is wrong with it, if anything."""
    _, made = _form(visit, ref)
    fields = {one.key: one for one in made.fields}
    key = next((key for key in typed if key in fields), "")
    if not key:
        raise Absent("field", ref)
    wrong = correction_forms.problem(fields[key], typed[key])
    return page(visit, "correct/checked.html", one=fields[key], wrong=wrong)


@router.post("/claims/{ref}/correct/send")
def send(visit: Visiting, ref: str, typed: Typed, drop: Dropped) -> Response:
    """Make the correction; it goes out with the next submission."""
    row, made = _form(visit, ref)
    problems = correction_forms.problems_in(made, typed)
    if problems:
        return _shown(visit, row, made, typed=typed, drop=drop, problems=problems)
    changes = correction_forms.changes_in(made, typed, drop)
    return _made(visit, row, made, changes, typed, drop)


def _made(
    visit: Visit, row: Row, made: CorrectionForm, changes: Changes, typed: Mapping[str, str], drop: Sequence[int]
) -> Response:
    ref = row["ref"]
    tried = rehearse(visit.hub, visit.tenant, ref, changes)
    if not tried.possible:
        return _shown(visit, row, made, typed=typed, drop=drop, tried=tried)
    corrected = correcting.correct(visit.hub, visit.tenant, ref, changes, visit.actor)
    key = "made_again" if corrected.again else "made"
    return done(f"/claims/{ref}/corrected", key, what=corrected.message.get(visit.language, ""))


@router.get("/claims/{ref}/corrected")
def corrected(visit: Visiting, ref: str) -> Response:
    """What came of it, and what is ready to go out."""
    row = _row(visit, ref)
    with visit.reading() as unit:
        others = claims.find(unit, schema.claim.c.corrects == ref)
        made = [each for each in [row, *others] if each["hold_code"] != WITHDRAWN]
        ready = [each for each in made if each["exchange_id"] is None and not each["hold_code"]]
        sent = exchanges.standing(unit, [each["exchange_id"] for each in made if each["exchange_id"]])
    visit.saw("open", f"claim/{ref}/corrected")
    return page(visit, "correct/corrected.html", row=row, others=others, ready=ready, sent=sent)


@router.post("/claims/{ref}/submit", dependencies=[Depends(needs(Permission.RELEASE))])
def submit_now(visit: Visiting, ref: str) -> Response:
    """Send now what is ready, with everything else of this tenant that is: for whoever sees the whole tenant."""
    _row(visit, ref)
    if visit.within is not None:
        raise Absent("submit", ref)
    submit(visit.hub, visit.tenant)
    visit.saw("submit", f"claim/{ref}")
    return done(f"/claims/{ref}/corrected", "submitted")


@router.get("/claims/{ref}/credit")
def credit_page(visit: Visiting, ref: str) -> Response:
    """Whether it may be credited alone, and what that would come to; a refusal says why and what to do instead."""
    row = _row(visit, ref)
    (tried,) = rehearse_all(visit.hub, visit.tenant, [ref], NOTHING, credit_only=True)
    visit.saw("open", f"claim/{ref}/credit")
    return page(visit, "correct/credit.html", row=row, tried=tried, approved=_approved(visit, row))


@router.post("/claims/{ref}/credit")
def credit(visit: Visiting, ref: str) -> Response:
    """Take it back in full, with nothing in its place."""
    row = _row(visit, ref)
    try:
        made = correcting.correct(visit.hub, visit.tenant, ref, NOTHING, visit.actor, credit_only=True)
    except RefusedError as error:
        tried = Rehearsed(ref=ref, said=error.said, todo=error.todo)
        return page(visit, "correct/credit.html", status=409, row=row, tried=tried, approved=_approved(visit, row))
    return done(f"/claims/{ref}/corrected", "made", what=made.message.get(visit.language, ""))


def _approved(visit: Visit, row: Row) -> bool:
    """An approved Norwegian invoice: what was forgotten goes on a separate one."""
    if row["country"] != "NO":
        return False
    with visit.reading() as unit:
        found = correcting.barred(visit.hub, unit, row, credit_only=True)
    return found is not None and found.code in ("CORRECT_APPROVED", "CORRECT_PRESUMED")


@router.get("/claims/{ref}/hold")
def hold_page(visit: Visiting, ref: str) -> Response:
    """Stop it, with a reason."""
    row = _row(visit, ref)
    return page(visit, "correct/hold.html", row=row, error=None)


@router.post("/claims/{ref}/hold")
def hold(visit: Visiting, ref: str, reason: Annotated[str, Form(max_length=500)]) -> Response:
    """Stop it before it leaves."""
    row = _row(visit, ref)
    try:
        holding.hold(visit.hub, visit.tenant, ref, reason, visit.actor)
    except RefusedError as error:
        return page(visit, "correct/hold.html", status=409, row=row, error=error)
    return done(f"/claims/{ref}/hold", "stopped", ref=ref)


def _row(visit: Visit, ref: str) -> Row:
    with visit.reading() as unit:
        row = claims.by_ref(unit, ref)
    if row is None:
        raise Absent("claim", ref)
    return row


def _form(visit: Visit, ref: str) -> tuple[Row, CorrectionForm]:
    row = _row(visit, ref)
    with visit.reading() as unit:
        try:
            return row, correction_forms.form_of(visit.hub, unit, row)
        except ContentError:  # finished documents are never rebuilt, an erased person's claim has nothing to edit
            return row, CorrectionForm(ref=ref, programme=row["programme"], fields=(), lines=(), codes=(), known=False)


def _shown(
    visit: Visit,
    row: Row,
    made: CorrectionForm,
    *,
    everything: bool = False,
    typed: Mapping[str, str] | None = None,
    drop: Sequence[int] = (),
    problems: Mapping[str, str] | None = None,
    tried: Rehearsed | None = None,
) -> Response:
    partner = visit.hub.registry.partners.get(row["payer"])
    with visit.reading() as unit:
        found = support.refusals(unit, support.Wanted(claim=row["ref"]), most=1)
        lines = worklist.lines_of(visit.hub, unit, found)
        barred = None if tried else correcting.barred(visit.hub, unit, row)
    return page(
        visit,
        "correct/form.html",
        row=row,
        partner=partner.title if partner else row["payer"],
        form=made,
        fields=made.editable(everything=everything),
        everything=everything,
        hidden_fields=len(made.fields) - len(made.editable(everything=everything)),
        typed=typed or {},
        drop=list(drop),
        problems=problems or {},
        tried=tried,
        barred=barred,
        refusal=lines[0] if lines else None,
        reasons=[worklist.reason_of(partner, code) for code in made.codes],
        meaning=lambda code: correction_forms.reclaim_meaning(code, visit.language),
    )
