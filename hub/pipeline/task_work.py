"""What a person does with a task of any kind: take it, say something of it, close it with a reason, open it again.

Most tasks close by what happens. What nothing closes by itself (an account that a message names, a pay-out that was
void, a claim whose person is enrolled after all) a person closes and says why. What still waits for a decision of its
own is never closed so: money nobody has placed, a file or a claim that stands still, a second person's word. Closing a
task changes nothing of what it is about: a claim that is not settled says so on its own page, and is counted there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hub.errors import ConfigurationError
from hub.log import clean_text
from hub.model.exchange import ExchangeState
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Actor
from hub.store import access, claims, declarations, exchanges, parties, payouts, portal, schema, support, tasks
from hub.store.support import REFUSALS, NewNote
from hub.store.unit import Row, Unit

WORKERS = ("support", "finance", "engineer")
"""The roles that tasks can be given to; auditors and privacy officers look, practices have pages of their own."""
OTHER = "other"
"""Why a task was closed where no choice of reasons belongs to its kind: the words say it."""
MONEY, WAITS, SECOND, ANSWER, ELSEWHERE = (
    "TASK_MONEY_OPEN",
    "TASK_STANDS_STILL",
    "TASK_SECOND_PERSON",
    "TASK_ANSWER_DUE",
    "TASK_HAS_ITS_PLACE",
)
"""Why a task is not closed by hand: codes of `texts.toml`."""
_STILL = frozenset(
    state.value
    for state in (
        ExchangeState.PREPARED,
        ExchangeState.SENDING,
        ExchangeState.FAILED,
        ExchangeState.REFUSED,
        ExchangeState.IN_DOUBT,
    )
)


def named(unit: Unit, ref: str) -> Row:
    """A task by its id or key; ConfigurationError when there is none."""
    row = tasks.named(unit, ref)
    if row is None:
        raise ConfigurationError("no such task", hint="kvitt next")
    return row


def people(unit: Unit) -> list[str]:
    """Who a task can be given to."""
    users = parties.users(unit)
    return sorted({row["login"] for row in users if row["ended_at"] is None and row["role"] in WORKERS})


def assign(unit: Unit, task_id: str, assignee: str, actor: Actor) -> None:
    """Give a task to somebody who works on tasks, or to nobody."""
    mine = actor.name if actor.role in WORKERS else ""
    if assignee and assignee not in {mine, *people(unit)}:
        raise ConfigurationError(f"nobody who works here is called {assignee}", hint="kvitt user list")
    support.assign(unit, task_id, assignee)
    noted(unit, task_id, "assigned", assignee, actor)


def comment(unit: Unit, task_id: str, words: str, actor: Actor) -> None:
    """Say something about a task; a number that may be a person's is masked before it is kept."""
    if not words.strip():
        raise ConfigurationError("there is nothing to say", hint="write a comment")
    noted(unit, task_id, "comment", words.strip(), actor)


def close(unit: Unit, task_id: str, reason: str, actor: Actor) -> None:
    """Close a task by hand; RefusedError for what must be decided first, where it is decided."""
    row = named(unit, task_id)
    code = obstacle(unit, row)
    if code:
        raise RefusedError(code)
    if not reason.strip():
        raise ConfigurationError("why it is closed must be said", hint="write the reason")
    closed(unit, row, OTHER, reason, actor)


def closed(unit: Unit, row: Row, why: str, words: str, actor: Actor) -> None:
    """Write down that a person closed a task: on the task, in its history and in the access log."""
    said = clean_text(" ".join(words.split()))
    if not tasks.done(unit, row["key"], {"resolved": why, "by": actor.name, "said": said}):
        raise ConfigurationError("it is closed already", hint="its history says by what")
    noted(unit, row["id"], "resolved", said if why == OTHER else f"{why}: {said}".removesuffix(": "), actor)
    access.record(unit, actor=actor.name, role=actor.role, action="resolve", object_=f"task/{row['id']}")


def reopen(unit: Unit, task_id: str, actor: Actor) -> None:
    """Closed too early: it waits for a person again."""
    row = named(unit, task_id)
    if row["state"] == "open":
        raise ConfigurationError("it is open", hint="kvitt next")
    tasks.reopen(unit, [row["id"]])
    noted(unit, row["id"], "reopened", "", actor)


def by_hand(row: Row) -> bool:
    """Whether a person closed this task, and no event did."""
    return row["state"] == "done" and "resolved" in row["evidence"]


def noted(unit: Unit, task_id: str, kind: str, words: str, actor: Actor) -> None:
    """Add to a task's history, with numbers of persons masked."""
    note = NewNote(task_id=task_id, kind=kind, text=clean_text(words), by=actor.name, role=actor.role)
    support.note(unit, note)


# --- what is not closed by hand -------------------------------------------------------------------------------------


def obstacle(unit: Unit, row: Row) -> str:
    """Why a task cannot be closed by hand now, as a code of `texts.toml`; empty where it can."""
    if row["kind"] in REFUSALS:
        return ""
    beginning = row["key"].split(":", 1)[0]
    judge = _BY_KIND.get(row["kind"]) or _BY_KEY.get(beginning) or _about_exchange
    return judge(unit, row)


def _always(code: str) -> Callable[[Unit, Row], str]:
    return lambda _unit, _row: code


def _held(unit: Unit, row: Row) -> str:
    """A claim that is held for this very reason: release, correct or leave out."""
    _, ref, code = [*row["key"].split(":"), "", ""][:3]
    claim = claims.by_ref(unit, ref)
    return WAITS if claim is not None and claim["hold_code"] == code else ""


def _declared(unit: Unit, row: Row) -> str:
    """A list that is held, or rows of it."""
    _, declaration_id, *more = row["key"].split(":")
    table, line = schema.declaration, schema.declaration_row
    found = unit.one(unit.mine(table, table.c.id == declaration_id))
    if more or found is None:
        return ""
    waits = unit.one(unit.mine(line, line.c.declaration_id == declaration_id, line.c.outcome == "hold").limit(1))
    in_force = found["state"] == declarations.CURRENT and waits is not None
    return WAITS if found["state"] == declarations.HELD or in_force else ""


def _about_exchange(unit: Unit, row: Row) -> str:
    """A message that stands still waits for a release, not for a word; a claim's own case is another matter."""
    if row["claim_ref"] or not row["exchange_id"]:
        return ""
    exchange = exchanges.get(unit, row["exchange_id"])
    return WAITS if exchange["state"] in _STILL or not exchange["released"] else ""


def _overdue(unit: Unit, row: Row) -> str:
    exchange = exchanges.get(unit, row["exchange_id"])
    return ANSWER if exchange["answered_at"] is None and exchange["state"] in ("sent", "delivered") else ""


def _answered(unit: Unit, row: Row) -> str:
    """An answer is read at its question, as long as there is one."""
    question = portal.question(unit, row["key"].partition(":")[2])
    return "" if question is None or question["state"] == portal.CLOSED else ELSEWHERE


def _payout(unit: Unit, row: Row) -> str:
    """A pay-out that failed and was not paid since, or a booking that contradicts one and is not tied to it."""
    _, payout_id, _, *booking = [*row["key"].split(":"), "", ""][:4]
    if any(booking):
        table = schema.payment
        booked = unit.one(unit.mine(table, table.c.id == booking[0]))
        return MONEY if booked is not None and booked["matched"] in ("new", "review") else ""
    found = payouts.find(unit, schema.payout.c.id == payout_id)
    return MONEY if any(each["state"] == payouts.FAILED for each in found) else ""


_BY_KIND: Mapping[str, Callable[[Unit, Row], str]] = MappingProxyType(
    {
        "approval_waits": _always(SECOND),
        "account_waits": _always(SECOND),
        "device": _always(SECOND),
        "list_missing": _always(ELSEWHERE),
        "question_answered": _answered,
        "reply_overdue": _overdue,
        "payout_failed": _payout,
        "payout_contradicted": _payout,
    }
)
_BY_KEY: Mapping[str, Callable[[Unit, Row], str]] = MappingProxyType(
    {"payment": _always(MONEY), "hold": _held, "declaration": _declared}
)
