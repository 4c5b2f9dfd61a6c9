"""Rejections: what was refused, why in plain words, what it is worth and until when; one fix for all of one cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Response

from hub.pipeline import bulk_fixes, correction_forms, task_work, worklist
from hub.pipeline.correction_forms import Field
from hub.pipeline.rehearsal import Rehearsed
from hub.pipeline.worklist import RESOLVED, RefusedLine
from hub.programmes.corrections import EVERYWHERE, Changes
from hub.store import claims, support
from hub.store.support import Page, Place, Wanted
from hub.store.unit import Row, Unit
from hub.texts import pick
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.places import minor, moment
from hub.web.parts.typed import Typed
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word
from mappings.tables import CSV_TYPE, Cell, to_csv

SCREEN = Screen(name="rejections", path="/rejections", group="work", order=20)
router = APIRouter()
_PAGE = 50
_SHOWN = 100
_WORK = [Depends(needs(Permission.WORK))]
_STATES = ("open", "done")


def _filters(
    state: str = "open", cause: str = "", payer: str = "", provider: str = "", assignee: str = "", who: str = ""
) -> dict[str, str]:
    """What the list is filtered by, as the address says it."""
    state = state if state in _STATES else "open"
    return {"state": state, "cause": cause, "payer": payer, "provider": provider, "assignee": assignee, "who": who}


Filters = Annotated[dict[str, str], Depends(_filters)]


def _wanted(visit: Visit, unit: Unit, chosen: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """The filters as the store knows them; and who acts at all, to choose from."""
    acting = worklist.acting(visit.hub, unit, chosen["state"])
    asked = {name: chosen[name] for name in ("state", "cause", "payer", "provider")}
    mine = visit.actor.name if chosen["assignee"] == "me" else chosen["assignee"]
    among = acting.get(chosen["who"], frozenset()) if chosen["who"] else None
    return Wanted(**asked, assignee=mine, among=among), list(acting)


@router.get("/rejections")
def listing(visit: Visiting, chosen: Filters, after: str = "") -> Response:
    """A page of the work list, and the causes that several refusals share."""
    cause, payer = chosen["cause"], chosen["payer"]
    with visit.reading() as unit:
        wanted, acting = _wanted(visit, unit, chosen)
        lines, end = worklist.page(visit.hub, unit, wanted, after=_place(after, chosen["state"]), most=_PAGE)
        alike = Wanted(payer=payer, provider=chosen["provider"], among=wanted.among if wanted.state == "open" else None)
        shown: dict[str, Any] = {
            "groups": _groups(visit, unit, alike) if not cause else [],
            "total": support.counted(unit, wanted) if wanted.state != support.DONE else None,
            "choices": support.choices(unit) | {"who": acting},
            "fixes": _fixes(visit, unit),
        }
    visit.saw("read", "rejections")
    following = f"/rejections?{urlencode(chosen | {'after': _cursor(end)})}" if end else ""
    words = worklist.cause_words(visit.hub, cause, payer) if cause else None
    export = f"/rejections/export.csv?{urlencode({name: said for name, said in chosen.items() if said})}"
    shown |= {"words": words, "export": export}
    return page(visit, "rejections/list.html", lines=lines, chosen=chosen, next_url=following, **shown)


@router.get("/rejections/export.csv")
def export(visit: Visiting, chosen: Filters) -> Response:
    """The list as it is filtered, as a table; persons masked, and no cell can be a formula."""
    with visit.reading() as unit:
        wanted, _ = _wanted(visit, unit, chosen)
        table = [_cells(visit, line) for line in worklist.every_line(visit.hub, unit, wanted)]
    visit.saw("export", f"rejections/{chosen['state']}/{len(table)} rows")
    return Response(
        to_csv([word("rejections", key, visit.language) for key in _COLUMNS], table),
        media_type=CSV_TYPE,
        headers={"content-disposition": f'attachment; filename="rejections-{chosen["state"]}.csv"'},
    )


_COLUMNS = (
    *("refused_on", "payer", "practice", "claim", "number", "line", "person", "service_date", "amount", "currency"),
    *("reason", "who_acts", "assignee", "days_open", "due", "state"),
)


def _cells(visit: Visit, line: RefusedLine) -> list[Cell]:
    """One refusal; its person by the last digits alone, as on the page."""
    verdict = "by_network" if line.network else "refused_money" if line.verdict == "refused" else line.verdict
    reasons = worklist.plain(line.reasons, visit.language) or pick(line.text, visit.language)
    return [
        *(line.refused_on.isoformat(), line.partner, line.provider, line.claim_ref, line.invoice_number, line.lines),
        *(line.patient, line.service_date.isoformat() if line.service_date else ""),
        *(Decimal(line.amount_minor).scaleb(-2) if line.currency else "", line.currency, reasons),
        *(word("rejections", f"acts_{line.who}", visit.language), line.assignee, line.days_open),
        *(line.due.isoformat() if line.due else "", word("rejections", verdict, visit.language) if verdict else ""),
    ]


def _place(after: str, state: str) -> Place | None:
    """Where the page before ended: done ones by a moment, open ones by a day; else it begins at the beginning."""
    day, _, rest = after.partition("|")
    money, _, last = rest.partition("|")
    try:
        at = moment(day) if state == support.DONE else date.fromisoformat(day)
    except ValueError:
        return None
    worth = minor(money)
    return (at, worth, last) if at is not None and worth is not None else None


def _cursor(place: Place) -> str:
    return f"{place[0].isoformat()}|{place[1]}|{place[2]}"


def _groups(visit: Visit, unit: Unit, wanted: Wanted) -> list[dict[str, Any]]:
    found = support.causes(unit, wanted, least=2)
    return [row | {"words": worklist.cause_words(visit.hub, row["cause"], row["payer"])} for row in found]


def _fixes(visit: Visit, unit: Unit) -> Sequence[Row]:
    """Fixes that may still be undone; only for whoever sees the whole tenant."""
    return support.fixes(unit, support.HELD) if visit.within is None else []


@router.get("/rejections/cause", dependencies=_WORK)
def cause_page(visit: Visiting, cause: str, payer: str) -> Response:
    """One cause: how many claims wait for it, and the form of one fix for all of them."""
    refs, fields = _of_cause(visit, cause, payer)
    return _cause(visit, cause, payer, refs, fields)


@router.post("/rejections/cause", dependencies=_WORK)
def cause_preview(
    visit: Visiting, cause: Annotated[str, Form()], payer: Annotated[str, Form()], typed: Typed
) -> Response:
    """The fix tried on every claim of the cause; nothing of it stays."""
    refs, fields = _of_cause(visit, cause, payer)
    problems = {one.key: correction_forms.problem(one, typed.get(one.key, "")) for one in fields}
    problems = {key: wrong for key, wrong in problems.items() if wrong}
    if problems:
        return _cause(visit, cause, payer, refs, fields, typed=typed, problems=problems)
    found = bulk_fixes.preview(visit.hub, visit.tenant, refs, _changes(fields, typed))
    visit.saw("preview", "rejections/cause")
    return _cause(visit, cause, payer, refs, fields, typed=typed, found=found)


@router.post("/rejections/cause/fix", dependencies=_WORK)
def cause_fix(visit: Visiting, cause: Annotated[str, Form()], payer: Annotated[str, Form()], typed: Typed) -> Response:
    """Make the fix; what comes of it stays here until its time to undo is over."""
    refs, fields = _of_cause(visit, cause, payer)
    changes = _changes(fields, typed)
    fix = bulk_fixes.apply(visit.hub, visit.tenant, refs, changes, visit.actor, cause=cause, payer=payer)
    return done(f"/rejections/fixes/{fix}", "fixed", n=len(refs))


def _of_cause(visit: Visit, cause: str, payer: str) -> tuple[list[str], list[Field]]:
    """The claims of a cause and what may be changed on all of them: nothing that is about one person."""
    if visit.within is not None or not cause or not payer:
        raise Absent("cause", cause)
    with visit.reading() as unit:
        refs = support.claims_of(unit, cause, payer, bulk_fixes.MOST)
        first = claims.by_ref(unit, refs[0]) if refs else None
        if first is None:
            raise Absent("cause", cause)
        form = correction_forms.form_of(visit.hub, unit, first)
    seen: dict[str, Field] = {}
    for one in form.fields:
        if not one.spec.personal:
            seen.setdefault(one.spec.field, _for_all(one))
    return refs, sorted(seen.values(), key=lambda one: not one.failing)


def _for_all(one: Field) -> Field:
    return Field(
        key=one.spec.field,
        spec=one.spec,
        line=EVERYWHERE,
        value="",
        failing=one.failing,
        longest=one.longest,
        numeric=one.numeric,
        element=one.element,
        choices=one.choices,
    )


def _changes(fields: Sequence[Field], typed: Mapping[str, str]) -> Changes:
    given = {one.spec.field: correction_forms.cleaned(one, typed.get(one.key, "")) for one in fields}
    return Changes(values={(EVERYWHERE, name): text for name, text in given.items() if text})


def _cause(
    visit: Visit,
    cause: str,
    payer: str,
    refs: Sequence[str],
    fields: Sequence[Field],
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    found: Sequence[Rehearsed] = (),
) -> Response:
    partner = visit.hub.registry.partners.get(payer)
    return page(
        visit,
        "rejections/cause.html",
        cause=cause,
        payer=payer,
        title_of_payer=partner.title if partner else payer,
        words=worklist.cause_words(visit.hub, cause, payer),
        refs=refs,
        fields=fields,
        typed=typed or {},
        problems=problems or {},
        found=found[:_SHOWN],
        tried=len(found),
        possible=sum(one.possible for one in found),
        minutes=int(bulk_fixes.UNDO_FOR.total_seconds() // 60),
    )


@router.get("/rejections/fixes/{fix}", dependencies=_WORK)
def fix_page(visit: Visiting, fix: str) -> Response:
    """What a fix did, claim by claim, with its undo."""
    row, items = _fix(visit, fix)
    counts = {
        state: sum(item["state"] == state for item in items) for state in dict.fromkeys(i["state"] for i in items)
    }
    return page(visit, "rejections/fix.html", fix=row, items=items[:_SHOWN], counts=counts, total=len(items))


@router.post("/rejections/fixes/{fix}/undo", dependencies=_WORK)
def fix_undo(visit: Visiting, fix: str) -> Response:
    """Take it all back."""
    _fix(visit, fix)
    ended = bulk_fixes.undo(visit.hub, visit.tenant, fix, visit.actor)
    return done(f"/rejections/fixes/{fix}", "undone", n=ended.claims, left=ended.left)


@router.post("/rejections/fixes/{fix}/release", dependencies=[*_WORK, Depends(needs(Permission.RELEASE))])
def fix_release(visit: Visiting, fix: str) -> Response:
    """Let it go out with the next submission now."""
    _fix(visit, fix)
    ended = bulk_fixes.release(visit.hub, visit.tenant, fix, visit.actor)
    return done(f"/rejections/fixes/{fix}", "let_go", n=ended.claims, left=ended.left)


def _fix(visit: Visit, fix: str) -> tuple[Row, list[Row]]:
    if visit.within is not None:
        raise Absent("fix", fix)
    with visit.reading() as unit:
        row = support.fix(unit, fix)
        if row is None:
            raise Absent("fix", fix)
        return row, support.items(unit, fix)


@router.get("/rejections/{task}")
def one(visit: Visiting, task: str) -> Response:
    """One refusal with its history and what can be done about it."""
    with visit.reading() as unit:
        row = _row(unit, task)
        (line,) = worklist.lines_of(visit.hub, unit, Page([row], None))
        people = task_work.people(unit)
    visit.saw("read", f"task/{task}")
    return page(
        visit,
        "rejections/one.html",
        line=line,
        people=people,
        ways=RESOLVED,
    )


@router.post("/rejections/{task}/assign", dependencies=_WORK)
def assign(visit: Visiting, task: str, assignee: Annotated[str, Form(max_length=120)] = "") -> Response:
    """Give it to somebody; empty for nobody."""
    return _changed(visit, task, "assigned", lambda unit: worklist.assign(unit, task, assignee, visit.actor))


@router.post("/rejections/{task}/comment", dependencies=_WORK)
def comment(visit: Visiting, task: str, words: Annotated[str, Form(max_length=2000)]) -> Response:
    """Say something about it."""
    return _changed(visit, task, "commented", lambda unit: worklist.comment(unit, task, words, visit.actor))


@router.post("/rejections/{task}/resolve", dependencies=_WORK)
def resolve(
    visit: Visiting,
    task: str,
    why: Annotated[str, Form(max_length=40)],
    words: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Close it without a correction."""
    return _changed(visit, task, "resolved", lambda unit: worklist.resolve(unit, task, why, words, visit.actor))


@router.post("/rejections/{task}/reopen", dependencies=_WORK)
def reopen(visit: Visiting, task: str) -> Response:
    """It was closed too early."""
    return _changed(visit, task, "reopened", lambda unit: worklist.reopen(unit, task, visit.actor))


def _changed(visit: Visit, task: str, key: str, step: Callable[[Unit], None]) -> Response:
    with visit.reading() as unit:
        _row(unit, task)
    with visit.hub.store.unit(visit.tenant) as unit:
        step(unit)
    return done(f"/rejections/{task}", key)


def _row(unit: Unit, task: str) -> Row:
    row = support.refusal(unit, task)
    if row is None:
        raise Absent("task", task)
    return row
