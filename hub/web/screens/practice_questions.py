"""Questions of support to a practice or clinic, answered where they stand; nothing of them travels by mail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.pipeline import questions
from hub.store import portal
from hub.store.unit import Row
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(
    name="practice_questions", path="/practice/questions", needs=Permission.HAND_IN, group="practice", order=40
)
router = APIRouter()
_SHOWN = 100


@router.get("/practice/questions")
def listing(visit: Visiting) -> Response:
    """What was asked, open ones first."""
    with visit.reading() as unit:
        waiting = portal.questions(unit, (portal.ASKED,), most=_SHOWN).rows
        others = portal.questions(unit, (portal.ANSWERED, portal.CLOSED), most=_SHOWN).rows
    visit.saw("read", "practice/questions")
    return page(visit, "practice_questions/list.html", waiting=waiting, others=others)


@router.get("/practice/questions/{question}")
def one(visit: Visiting, question: str) -> Response:
    """One question with its row in words."""
    return _one(visit, question)


def _one(visit: Visit, question: str, *, status: int = 200, words: str = "") -> Response:
    row = _question(visit, question)
    with visit.reading() as unit:
        about = portal.row_at(unit, row["declaration_id"], row["line"]) if row["declaration_id"] else None
    visit.saw("read", f"question/{question}")
    return page(visit, "practice_questions/one.html", status=status, question=row, about=about, words=words)


@router.post("/practice/questions/{question}")
def answer(visit: Visiting, question: str, words: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Answer it; support is told."""
    _question(visit, question)
    if not words.strip():
        return _one(visit, question, status=422, words=words)
    with visit.hub.store.unit(visit.tenant) as unit:
        questions.answer(unit, question, words, visit.actor)
    return done("/practice/questions", "answered_done")


def _question(visit: Visit, question: str) -> Row:
    with visit.reading() as unit:
        row = portal.question(unit, question)
    if row is None:
        raise Absent("question", question)
    return row
