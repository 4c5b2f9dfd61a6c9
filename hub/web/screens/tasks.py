"""One task of any kind: what it asks and is about, who has it, what was said; closed with a reason where that is right.

The list is what persons closed by hand, so that nothing disappears by it: who, when, why, and opening it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.errors import ConfigurationError
from hub.pipeline import task_work
from hub.pipeline.cases import RefusedError
from hub.pipeline.today import place_of
from hub.store import support, tasks
from hub.store.support import REFUSALS
from hub.store.unit import Row, Unit
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.parts.doors import door
from hub.web.parts.places import cursor, place
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="tasks", path="/tasks", group="traffic", order=90)
router = APIRouter()
_PAGE = 50
_MONEY = ("payment", "payout", "overpaid", "told_twice", "old_account", "specification", "account")
_RUNS = ("unreadable", "configuration", "webhook_failed", "alert_failed", "notice", "restored_", "expires", "gave_up")


@router.get("/tasks")
def listing(visit: Visiting, before: str = "") -> Response:
    """What persons closed by hand, newest first, page by page."""
    with visit.reading() as unit:
        rows = support.closed_by_hand(unit, place(before), _PAGE + 1)
    more = cursor((rows[_PAGE - 1]["at"], rows[_PAGE - 1]["id"])) if len(rows) > _PAGE else ""
    return page(visit, "tasks/list.html", rows=rows[:_PAGE], more=more)


@router.get("/tasks/{task}")
def one(visit: Visiting, task: str) -> Response:
    """One task with its history, and what can be done about it."""
    return _one(visit, task)


def _one(
    visit: Visit, task: str, *, problem: str = "", refused: RefusedError | None = None, status: int = 200
) -> Response:
    with visit.reading() as unit:
        row = _row(unit, task)
        notes = support.notes(unit, [row["id"]]).get(row["id"], [])
        code = task_work.obstacle(unit, row) if row["state"] == "open" else ""
        people = task_work.people(unit)
    visit.saw("read", f"task/{row['id']}")
    why_not = refused or (RefusedError(code) if code else None)
    return page(
        visit,
        "tasks/one.html",
        status=status,
        row=row,
        notes=notes,
        people=people,
        why_not=why_not,
        problem=problem,
        acts=_acts(visit, row),
        ways=_ways(visit, row),
        by_hand=task_work.by_hand(row),
    )


def _ways(visit: Visit, row: Row) -> list[tuple[str, str, str]]:
    """What a task is about, where this person has a page of it: the kind, its name, the address."""
    about = [("claim", row["claim_ref"]), ("exchange", row["exchange_id"] or ""), ("unread", row["inbound_id"] or "")]
    solved = place_of(row)
    if solved.kind not in ("task", "claim", "exchange", "unread", ""):
        about.append((solved.kind, solved.ref))
    if row["kind"].startswith("payout"):
        about.append(("payouts", ""))
    ways = [
        (kind, ref, door(visit, kind, ref)) for kind, ref in about if ref or kind not in ("claim", "exchange", "unread")
    ]
    if row["kind"] in REFUSALS:
        ways.append(("rejections", "", f"/rejections/{row['id']}"))
    return [(kind, ref if kind == "claim" else "", href) for kind, ref, href in ways if href]


def _acts(visit: Visit, row: Row) -> bool:
    """Whether this person works on tasks of this kind: money's on money's, what runs on what runs, support on all."""
    kind = row["kind"]
    if kind.startswith(_MONEY) and visit.may(Permission.MATCH):
        return True
    return visit.may(Permission.WORK) or (kind.startswith(_RUNS) and visit.may(Permission.RUN))


@router.post("/tasks/{task}/assign")
def assign(visit: Visiting, task: str, assignee: Annotated[str, Form(max_length=120)] = "") -> Response:
    """Give it to somebody; empty for nobody."""
    return _changed(visit, task, "assigned", lambda unit, row: task_work.assign(unit, row, assignee, visit.actor))


@router.post("/tasks/{task}/comment")
def comment(visit: Visiting, task: str, words: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Say something about it."""
    return _changed(visit, task, "commented", lambda unit, row: task_work.comment(unit, row, words, visit.actor))


@router.post("/tasks/{task}/close")
def close(visit: Visiting, task: str, reason: Annotated[str, Form(max_length=500)] = "") -> Response:
    """Close it with a reason; what must be decided elsewhere first says so."""
    return _changed(visit, task, "closed", lambda unit, row: task_work.close(unit, row, reason, visit.actor))


@router.post("/tasks/{task}/reopen")
def reopen(visit: Visiting, task: str) -> Response:
    """A person closed it too early."""
    return _changed(visit, task, "reopened", lambda unit, row: task_work.reopen(unit, row, visit.actor))


def _changed(visit: Visit, task: str, key: str, step: Callable[[Unit, str], None]) -> Response:
    with visit.reading() as unit:
        row = _row(unit, task)
    if not _acts(visit, row):
        raise Absent("page", visit.path)
    try:
        with visit.hub.store.unit(visit.tenant) as unit:
            step(unit, row["id"])
    except RefusedError as error:
        return _one(visit, task, refused=error, status=409)
    except ConfigurationError:
        return _one(visit, task, problem=f"{key}_not", status=422)
    return done(f"/tasks/{row['id']}", key)


def _row(unit: Unit, task: str) -> Row:
    row = tasks.named(unit, task)
    if row is None:
        raise Absent("task", task)
    return row
