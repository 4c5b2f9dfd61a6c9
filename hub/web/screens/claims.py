"""One claim: why, what happened, what may be done, the message it travels in, and who looked at it.

What is about the person is masked. Somebody who may, and says why, sees it on the one page that answers; the reason is
in the access log, and the next page is masked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from hub.errors import ConfigurationError
from hub.log import clean_text
from hub.pipeline import claim_page, claim_raw, claim_trace, worklist
from hub.pipeline.claim_page import ClaimPage
from hub.rendering.html import POLICY
from hub.store import claims, exchanges, schema, search
from hub.store.support import REFUSALS
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="claims", path="/claims", order=99)
"""Last of all: a reference may hold a slash, so that these addresses would take those of other screens below them."""
router = APIRouter()
REASONS = ("question_practice", "question_payer", "question_patient", "correction", "payment", "complaint", "audit")
OTHER = "other"
_LOOKS = 50
_FRAMED = f"{POLICY}; frame-ancestors 'self'"
"""A document brings its own style and nothing else: its page runs nothing, loads nothing and sends nothing."""
_REVEALS = [Depends(needs(Permission.REVEAL))]
Reason = Annotated[str, Form(max_length=40)]
Note = Annotated[str, Form(max_length=120)]


@router.get("/claims/{ref:path}/raw")
def raw(visit: Visiting, ref: str) -> Response:
    """The claim in its message, masked."""
    return _raw(visit, ref)


@router.post("/claims/{ref:path}/raw", dependencies=_REVEALS)
def raw_revealed(visit: Visiting, ref: str, reason: Reason = "", note: Note = "") -> Response:
    """The same with the person in it, for a reason."""
    row = _row(visit, ref)
    _reveal(visit, row, reason, note)
    return _raw(visit, ref, personal=True)


def _raw(visit: Visit, ref: str, *, personal: bool = False) -> Response:
    row = _row(visit, ref)
    with visit.reading() as unit:
        shown = claim_raw.raw(visit.hub, unit, row, language=visit.language, personal=personal)
    visit.saw("raw", f"claim/{row['ref']}", subject=row["blind"])
    return page(visit, "claims/raw.html", row=row, shown=shown, personal=personal, base=_base(row), reasons=_reasons())


@router.get("/claims/{ref:path}/trace")
def trace(visit: Visiting, ref: str) -> Response:
    """Where each value of the message came from, masked."""
    return _trace(visit, ref)


@router.post("/claims/{ref:path}/trace", dependencies=_REVEALS)
def trace_revealed(visit: Visiting, ref: str, reason: Reason = "", note: Note = "") -> Response:
    """The same with the person in it, for a reason."""
    row = _row(visit, ref)
    _reveal(visit, row, reason, note)
    return _trace(visit, ref, personal=True)


def _trace(visit: Visit, ref: str, *, personal: bool = False) -> Response:
    row = _row(visit, ref)
    with visit.reading() as unit:
        found = claim_trace.trace(visit.hub, unit, row, language=visit.language, personal=personal)
    visit.saw("trace", f"claim/{row['ref']}", subject=row["blind"])
    return page(
        visit, "claims/trace.html", row=row, found=found, personal=personal, base=_base(row), reasons=_reasons()
    )


@router.get("/claims/{ref:path}/document")
def document(visit: Visiting, ref: str) -> Response:
    """The document as its reader sees it: a page of its own under a policy of its own."""
    row = _row(visit, ref)
    with visit.reading() as unit:
        made = claim_raw.document(visit.hub, unit, row, language=visit.language)
    return _alone(visit, row, "document", made)


@router.get("/claims/{ref:path}/xml")
def xml(visit: Visiting, ref: str) -> Response:
    """The document's source with business terms and findings in place: a page of its own, too."""
    row = _row(visit, ref)
    with visit.reading() as unit:
        made = claim_raw.annotated(visit.hub, unit, row, language=visit.language)
    return _alone(visit, row, "raw", made)


def _alone(visit: Visit, row: Row, action: str, made: str | None) -> Response:
    if made is None:
        raise Absent("document", row["ref"])
    visit.saw(action, f"claim/{row['ref']}", subject=row["blind"])
    return HTMLResponse(made, headers={"content-security-policy": _FRAMED})


@router.post("/claims/{ref:path}/reveal", dependencies=_REVEALS)
def reveal(visit: Visiting, ref: str, reason: Reason = "", note: Note = "") -> Response:
    """The claim with its person, once, for a reason."""
    row = _row(visit, ref)
    if not _fits(reason, note):
        return _claim(visit, ref, problem="reason_missing", status=422)
    _reveal(visit, row, reason, note)
    return _claim(visit, ref, personal=True)


@router.post("/claims/{ref:path}/comment", dependencies=[Depends(needs(Permission.WORK))])
def comment(
    visit: Visiting, ref: str, task: Annotated[str, Form(max_length=36)], words: Annotated[str, Form(max_length=1000)]
) -> Response:
    """Say something about one of the claim's tasks."""
    row = _row(visit, ref)
    with visit.reading() as unit:
        found = claim_page.load(visit.hub, unit, ref)
    if found is None or task not in {one["id"] for one in found.tasks}:
        raise Absent("task", task)
    with visit.unit() as unit:
        worklist.comment(unit, task, words, visit.actor)
    return done(f"{_base(row)}#tasks", "commented")


@router.get("/claims/{ref:path}")
def one(visit: Visiting, ref: str) -> Response:
    """The claim, its person masked; a message's number or key leads to the message."""
    message = _message(visit, ref)
    return RedirectResponse(message, status_code=303) if message else _claim(visit, ref)


def _message(visit: Visit, ref: str) -> str:
    """Sentences name what is released by a reference, a claim's or a message's: both are found under this address."""
    with visit.reading() as unit:
        if claims.by_ref(unit, ref) is not None:
            return ""
        named = exchanges.find(unit, schema.exchange.c.invoice_number == ref)
        row = named[-1] if named else exchanges.by_business_key(unit, ref)
    return door(visit, "exchange", row["business_key"]) if row else ""


def _claim(visit: Visit, ref: str, *, personal: bool = False, problem: str = "", status: int = 200) -> Response:
    with visit.reading() as unit:
        found = claim_page.load(visit.hub, unit, ref)
        if found is None:
            raise Absent("claim", ref)
        looks = search.looks(unit, [f"claim/{ref}", f"claim:{ref}"], _LOOKS) if _may_audit(visit) else []
    visit.saw("view", f"claim/{ref}", subject=found.row["blind"])
    return page(
        visit,
        "claims/one.html",
        status=status,
        one=found,
        base=_base(found.row),
        personal=personal,
        problem=problem,
        reasons=_reasons(),
        looks=looks,
        audits=_may_audit(visit),
        actions=_actions(visit, found),
        commented=REFUSALS if visit.may(Permission.WORK) else (),
        bars=_bars(found),
        is_document=(found.exchange or {"kind": ""})["kind"].startswith("ubl-"),
        to=lambda kind, name="": door(visit, kind, name),
    )


def _row(visit: Visit, ref: str) -> Row:
    """The claim, where it is this person's to see."""
    with visit.reading() as unit:
        row = claims.by_ref(unit, ref)
    if row is None:
        raise Absent("claim", ref)
    return row


def _base(row: Row) -> str:
    return f"/claims/{quote(row['ref'])}"


def _may_audit(visit: Visit) -> bool:
    return visit.may(Permission.AUDIT) or visit.may(Permission.PRIVACY)


def _actions(visit: Visit, found: ClaimPage) -> Sequence[tuple[claim_page.Allowed, str]]:
    """What the state allows, with the form for it where this person has one."""
    ways = {"release": "held"}
    if not visit.may(Permission.WORK):
        return [(one, "") for one in found.actions]
    return [
        (one, door(visit, ways.get(one.name, one.name), found.row["ref"]) if one.allowed else "")
        for one in found.actions
    ]


_EQUATIONS: Sequence[tuple[str, Sequence[str]]] = (
    ("claimed", ("granted", "refused", "patient", "withdrawn", "open")),
    ("granted", ("received", "netted", "written_off", "outstanding")),
)


def _bars(found: ClaimPage) -> Sequence[tuple[str, Sequence[tuple[str, int]], int]]:
    """The two equations of a claim's money: the whole, and its parts."""
    money = found.view.money
    return [
        (whole, [(part, getattr(money, part).minor) for part in parts], getattr(money, whole).minor)
        for whole, parts in _EQUATIONS
    ]


# --- the reason -----------------------------------------------------------------------------------------------------


def _reasons() -> tuple[str, ...]:
    return (*REASONS, OTHER)


def _fits(reason: str, note: str) -> bool:
    return reason in REASONS or (reason == OTHER and len(note.strip()) > 2)


def _reveal(visit: Visit, row: Row, reason: str, note: str) -> None:
    """Written down before anything is shown; numbers of persons are masked in what was typed."""
    if not _fits(reason, note):
        raise ConfigurationError("a reason is needed to see who this is", hint="choose one, or write it")
    words = f"{reason} {clean_text(' '.join(note.split()))}".strip()
    visit.saw("reveal", f"claim/{row['ref']}: {words}"[:200], subject=row["blind"])
