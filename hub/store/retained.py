"""Rows that end with a term: of each kind when they are over, what still needs them, and whom they may be about.

What waits (a question without an answer, a notice to be mailed, an open task) is never over. A row that others refer
to goes in a night after theirs. Where a row may be about a person on hold it is kept, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, false, func, literal, or_, select, true

from hub.store import schema
from hub.store.unit import Unit

_Condition = ColumnElement[bool]
_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """Rows of a table that are over; `parts` go with them, `emptied` columns are emptied and the row stays."""

    table: Table
    when: _Condition
    held: _Condition = field(default_factory=false)
    parts: tuple[tuple[Table, str], ...] = ()
    emptied: Mapping[str, object] = field(default_factory=dict)


def over(unit: Unit, kind: str, before: datetime) -> tuple[int, int]:
    """How many rows of a kind are over since before a moment: those that may go, and those a hold keeps."""
    what = _over(unit, kind, before)
    return _count(unit, what, ~what.held), _count(unit, what, what.held)


def _count(unit: Unit, what: _Over, which: _Condition) -> int:
    where = (what.table.c.tenant_id == unit.tenant, what.when, which)
    return int(unit.connection.execute(select(func.count()).select_from(what.table).where(*where)).scalar_one())


def end(unit: Unit, kind: str, before: datetime) -> int:
    """Take away those that may go; gives how many they were."""
    what = _over(unit, kind, before)
    table, where = what.table, (what.table.c.tenant_id == unit.tenant, what.when, ~what.held)
    for part, column in what.parts:
        gone = part.c[column].in_(select(table.c.id).where(*where))
        unit.connection.execute(part.delete().where(part.c.tenant_id == unit.tenant, gone))
    change = table.update().values(**what.emptied) if what.emptied else table.delete()
    return int(unit.connection.execute(change.where(*where)).rowcount)


def _over(unit: Unit, kind: str, before: datetime) -> _Over:
    found = {**_people(before), **_programs(before), **_telling(before), **_working(unit, before)}
    what = ({**found, **_money(unit, before), **_references(unit, before)})[kind]
    return (
        what if unit.one(held_subjects(unit).limit(1)) else replace(what, held=false())
    )  # spares looking at all claims


KINDS = (
    "user",
    "session",
    "login_link",
    "login_throttle",
    "api_token",
    "api_repeat",
    "webhook",
    "webhook_delivery",
    "notice",
    "alert_target",
    "alert",
    "incident",
    "pause",
    "job_run",
    "bulk_fix",
    "question",
    "task",
    "task_note",
    "coverage",
    "assignment",
    "payment",
    "specification",
)
"""In the order in which they are taken away: what others refer to goes first, so no night frees more for itself."""


def _unused(*columns: Any) -> _Condition:
    """Nothing refers to a row any more."""
    return and_(true(), *(~exists().where(column == _referred(column)) for column in columns))


def _referred(column: Any) -> Any:  # noqa: ANN401
    (key,) = column.foreign_keys
    return key.column


def _people(before: datetime) -> dict[str, _Over]:
    """Who logs in. Somebody who has left is forgotten when no session, link or token of theirs is left."""
    session, link, throttle = schema.web_session, schema.login_link, schema.login_throttle
    user, token = schema.app_user, schema.api_token
    gone = _unused(session.c.user_id, link.c.user_id, token.c.user_id)
    proof = ((schema.credential, "user_id"), (schema.outside_identity, "user_id"))
    return {
        "session": _Over(table=session, when=or_(session.c.ended_at < before, session.c.expires_at < before)),
        "login_link": _Over(table=link, when=or_(link.c.ended_at < before, link.c.expires_at < before)),
        "login_throttle": _Over(table=throttle, when=throttle.c.last_at < before),
        "user": _Over(table=user, when=and_(user.c.ended_at < before, gone), parts=proof),
    }


def _programs(before: datetime) -> dict[str, _Over]:
    """Programs that come in, and those that are called."""
    token, repeat = schema.api_token, schema.api_repeat
    hook, told = schema.webhook, schema.webhook_delivery
    ended = or_(token.c.revoked_at < before, token.c.expires_at < before)
    return {
        "api_repeat": _Over(table=repeat, when=repeat.c.begun_at < before),
        "api_token": _Over(table=token, when=and_(ended, _unused(repeat.c.token_id))),
        "webhook_delivery": _Over(table=told, when=and_(told.c.made_at < before, told.c.state != "waiting")),
        "webhook": _Over(table=hook, when=and_(hook.c.removed_at < before, _unused(told.c.webhook_id))),
    }


def _telling(before: datetime) -> dict[str, _Over]:
    """What people are told, and by what it came about."""
    notice, alert, target = schema.notification, schema.alert_message, schema.alert_target
    incident, pause, run = schema.incident, schema.pause, schema.job_run
    mailed = notice.c.state.in_(("sent", "stored", "failed"))
    return {
        "notice": _Over(table=notice, when=and_(notice.c.created_at < before, mailed)),
        "alert": _Over(table=alert, when=alert.c.told_at < before),
        "alert_target": _Over(table=target, when=and_(target.c.removed_at < before, _unused(alert.c.target_id))),
        "incident": _Over(table=incident, when=incident.c.resolved_at < before),
        "pause": _Over(table=pause, when=or_(pause.c.lifted_at < before, pause.c.until < before)),
        "job_run": _Over(table=run, when=and_(run.c.started_at < before, run.c.finished_at.is_not(None))),
    }


def _working(unit: Unit, before: datetime) -> dict[str, _Over]:
    """What support and practices write to one another about cases. An answer that nobody has read yet still waits."""
    fix, item = schema.bulk_fix, schema.bulk_fix_item
    task, note, question, row = schema.task, schema.task_note, schema.question, schema.declaration_row
    closed = and_(task.c.state == "done", task.c.done_at < before)
    claims, whose = held_claims(unit), select(task.c.id).where(task.c.tenant_id == unit.tenant)
    theirs = whose.where(or_(task.c.claim_ref.in_(_column(claims, "ref")), _travels(task, claims)))
    asked = and_(question.c.declaration_id == row.c.declaration_id, question.c.line == row.c.line)
    in_row = exists().where(asked, row.c.subject_id.in_(held_subjects(unit)))
    answered = func.coalesce(question.c.closed_at, question.c.answered_at) < before
    return {
        "bulk_fix": _Over(table=fix, when=fix.c.ended_at < before, parts=((item, "fix_id"),)),
        "question": _Over(
            table=question,
            when=and_(question.c.state != "asked", answered, ~_has_case(task, "question:", question.c.id)),
            held=or_(question.c.claim_ref.in_(_column(claims, "ref")), in_row),
        ),
        "task_note": _Over(
            table=note,
            when=note.c.task_id.in_(select(task.c.id).where(task.c.tenant_id == unit.tenant, closed)),
            held=note.c.task_id.in_(theirs),
        ),
        "task": _Over(table=task, when=and_(closed, _unused(note.c.task_id)), held=task.c.id.in_(theirs)),
    }


def _has_case(task: Table, begins: str, row_id: Any, ends: str = "") -> _Condition:  # noqa: ANN401 -- a column
    """Whether a case waits whose key is made of a row's id, with `ends` (`%`) also one that says more behind it."""
    named = literal(begins).concat(row_id).concat(ends)
    return exists().where(
        task.c.tenant_id == row_id.table.c.tenant_id,
        task.c.state == "open",
        task.c.key.like(named) if ends else task.c.key == named,
    )


def _travels(task: Table, claims: Select[Any]) -> _Condition:
    return func.coalesce(task.c.exchange_id, "").in_(_column(claims, "exchange_id"))


def _money(unit: Unit, before: datetime) -> dict[str, _Over]:
    """Of a booking the payer's name, account and words are emptied; what it paid stays in the ledger.

    Not while a case of it waits: money that goes back must be known to be whose.
    """
    task, payment, specification = schema.task, schema.payment, schema.specification
    allocation, line = schema.allocation, schema.claim_line
    paid = (
        select(allocation.c.payment_id)
        .join(line, line.c.id == allocation.c.claim_line_id)
        .where(line.c.claim_id.in_(_column(held_claims(unit), "id")))
    )
    decided = and_(payment.c.matched.not_in(("new", "review")), payment.c.booked < before.date())
    explained = and_(specification.c.state == "explained", specification.c.read_at < before)
    return {
        "payment": _Over(
            table=payment,
            when=and_(decided, func.length(payment.c.sealed) > 0, ~_has_case(task, "payment:", payment.c.id, ":%")),
            held=payment.c.id.in_(paid),
            emptied={"sealed": b"", "payer_account": ""},
        ),
        "specification": _Over(
            table=specification,
            when=explained,
            held=func.coalesce(specification.c.payment_id, "").in_(paid),
        ),
    }


def _references(unit: Unit, before: datetime) -> dict[str, _Over]:
    """Who is insured where, and what an insurer assigned: kept for a time after it was told last."""
    table, subject = schema.reference, schema.subject
    told = table.c.imported_at < before
    held = held_subjects(unit)
    insured = exists().where(
        subject.c.tenant_id == unit.tenant,
        subject.c.id.in_(held),
        func.substr(table.c.code, 1, func.length(subject.c.blind) + 1) == subject.c.blind.concat(":"),
    )
    assigned = table.c.code.in_(_column(held_claims(unit), "case_ref"))
    return {
        "coverage": _Over(table=table, when=and_(table.c.kind == "coverage", told), held=insured),
        "assignment": _Over(table=table, when=and_(table.c.kind == "assignment", told), held=assigned),
    }


def forget_words(unit: Unit, subject_ids: Sequence[str]) -> dict[str, int]:
    """What people and payers wrote about some persons' cases, and their assignments: gone; gives how much it was.

    Closed tasks go whole, and those of answers; any other open one stays with its work, and loses its notes.
    """
    counts: Counter[str] = Counter()
    for start in range(0, len(subject_ids), _MANY):
        counts.update(_forget_words(unit, subject_ids[start : start + _MANY]))
    return dict(counts)


def _forget_words(unit: Unit, subject_ids: Sequence[str]) -> dict[str, int]:
    task, note, question, decision = schema.task, schema.task_note, schema.question, schema.decision
    row, line, reference = schema.declaration_row, schema.claim_line, schema.reference
    claims = claims_of(unit, subject_ids)
    theirs = and_(task.c.claim_ref != "", task.c.claim_ref.in_(_column(claims, "ref")))
    lines = select(line.c.id).where(line.c.claim_id.in_(_column(claims, "id")))
    asked = and_(question.c.declaration_id == row.c.declaration_id, question.c.line == row.c.line)
    in_row = exists().where(asked, row.c.subject_id.in_(subject_ids))
    mine = or_(question.c.claim_ref.in_(_column(claims, "ref")), in_row)
    answered = select(literal("question:").concat(question.c.id)).where(question.c.tenant_id == unit.tenant, mine)
    over = task.c.key.in_(answered)  # the case of an answer has nothing left to be read
    tasks = select(task.c.id).where(task.c.tenant_id == unit.tenant, or_(theirs, over))
    cases = and_(reference.c.kind == "assignment", reference.c.code.in_(_column(claims, "case_ref")))

    def changed(statement: Any, table: Table, *where: _Condition) -> int:  # noqa: ANN401 -- a delete or an update
        return int(unit.connection.execute(statement.where(table.c.tenant_id == unit.tenant, *where)).rowcount)

    return {
        "notes": changed(note.delete(), note, note.c.task_id.in_(tasks)),
        "tasks": changed(task.delete(), task, or_(and_(theirs, task.c.state == "done"), over)),
        "questions": changed(question.delete(), question, mine),
        "words": changed(
            decision.update().values(text=""), decision, decision.c.claim_line_id.in_(lines), decision.c.text != ""
        ),
        "assignments": changed(reference.delete(), reference, cases),
    }


def held_subjects(unit: Unit) -> Select[Any]:
    """The ids of persons on hold."""
    hold = schema.legal_hold
    return select(hold.c.subject_id).where(hold.c.tenant_id == unit.tenant, hold.c.lifted_at.is_(None))


def held_claims(unit: Unit) -> Select[Any]:
    """The claims of persons on hold."""
    return claims_of(unit, held_subjects(unit))


def claims_of(unit: Unit, subject_ids: Any) -> Select[Any]:  # noqa: ANN401 -- ids, or a select of them
    """The claims of some persons, found by their blind index: with the tenant alone SQLite would read everything."""
    claim, subject = schema.claim, schema.subject
    same = and_(claim.c.subject_id == subject.c.id, claim.c.blind == subject.c.blind)
    return select(claim).join(subject, same).where(claim.c.tenant_id == unit.tenant, subject.c.id.in_(subject_ids))


def _column(statement: Select[Any], name: str) -> Select[Any]:
    return statement.with_only_columns(statement.selected_columns[name])
