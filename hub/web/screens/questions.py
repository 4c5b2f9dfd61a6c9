"""Questions to practices and clinics: asked about a claim or a row, answered in their portal, read and closed here."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Response

from hub.pipeline import questions
from hub.store import claims, portal, to_complete
from hub.store.portal import ANSWERED, ASKED, CLOSED
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import named_list, page
from hub.web.parts.places import cursor, place
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="questions", path="/questions", needs=Permission.WORK, group="work", order=60)
router = APIRouter()
_PAGE = 50
STATES = (ASKED, ANSWERED, CLOSED)


@router.get("/questions")
def listing(visit: Visiting, state: str = ANSWERED, after: str = "") -> Response:
    """Answered ones first: they wait for support."""
    chosen = state if state in STATES else ANSWERED
    with visit.reading() as unit:
        found = portal.questions(unit, (chosen,), after=place(after), most=_PAGE)
    following = ""
    if found.next is not None:
        following = f"/questions?{urlencode({'state': chosen, 'after': cursor(found.next)})}"
    visit.saw("read", "questions")
    return page(visit, "questions/list.html", found=found.rows, chosen=chosen, states=STATES, next_url=following)


@router.get("/questions/ask")
def form(visit: Visiting, claim: str = "", row: str = "") -> Response:
    """The form of a question about a claim or a row."""
    return _form(visit, claim, row)


@router.post("/questions/ask")
def ask(
    visit: Visiting,
    claim: Annotated[str, Form(max_length=60)] = "",
    row: Annotated[str, Form(max_length=60)] = "",
    words: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Ask; whoever it is put to gets a mail with a link and nothing else."""
    claim = claim.strip()
    if not words.strip():
        return _form(visit, claim, row, words=words, problem="empty", status=422)
    if not row and not _there(visit, claim):
        return _form(visit, claim, row, words=words, problem="no_claim", status=422)
    _about(visit, "" if row else claim, row)
    with visit.hub.store.unit(visit.tenant) as unit:
        if row:
            made = questions.ask_about_row(visit.hub, unit, row, words, visit.actor)
        else:
            made = questions.ask_about_claim(visit.hub, unit, claim, words, visit.actor)
        found = portal.question(unit, made)
    return done(f"/questions?state={ASKED}", "asked_done", practice=found["practice"] if found else "")


def _there(visit: Visit, claim: str) -> bool:
    with visit.reading() as unit:
        return bool(claim) and claims.by_ref(unit, claim) is not None


def _form(visit: Visit, claim: str, row: str, *, words: str = "", problem: str = "", status: int = 200) -> Response:
    what = _about(visit, claim if problem != "no_claim" else "", row)
    visit.saw("open", f"question/ask/{quote(claim or row)}")
    return page(
        visit, "questions/ask.html", status=status, claim=claim, row=row, what=what, words=words, problem=problem
    )


def _about(visit: Visit, claim: str, row: str) -> str:
    """What the question is about, in a few words; Absent when it is not there."""
    with visit.reading() as unit:
        if row:
            found = to_complete.row(unit, row)
            if found is None:
                raise Absent("row", row)
            head = to_complete.declaration(unit, found["declaration_id"])
            return f"{named_list(head, visit.language)} / {found['line']}"
        if claim and claims.by_ref(unit, claim) is None:
            raise Absent("claim", claim)
    return claim


@router.post("/questions/{question}/close")
def close(visit: Visiting, question: str) -> Response:
    """Nothing more is needed."""
    with visit.reading() as unit:
        if portal.question(unit, question) is None:
            raise Absent("question", question)
    with visit.hub.store.unit(visit.tenant) as unit:
        questions.close(unit, question, visit.actor)
    return done("/questions", "closed_done")
