"""What organisations asked for, handed in and were asked: requests, lists in pages with their counts, questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from hub.store import schema
from hub.store.support import Page
from hub.store.unit import Row, Unit, new_id

ASKED, ANSWERED, CLOSED = "asked", "answered", "closed"
"""The states of a question."""
_head, _row, _organisation = schema.declaration, schema.declaration_row, schema.organisation
_claim, _line, _posting = schema.claim, schema.claim_line, schema.posting


def requests(unit: Unit) -> dict[tuple[str, str, str], Row]:
    """What was asked, by organisation (its code), module and period."""
    table = schema.list_request
    joined = table.join(_organisation, _organisation.c.id == table.c.organisation_id)
    statement = select(table, _organisation.c.code).select_from(joined)
    rows = unit.rows(statement.where(table.c.tenant_id == unit.tenant, _organisation.c.tenant_id == unit.tenant))
    return {(row["code"], row["module"], row["period"]): row for row in rows}


def put_request(unit: Unit, organisation_id: str, module: str, period: str, **values: object) -> None:
    """Write down what happened to a request; it is made where there is none."""
    table = schema.list_request
    where = (table.c.organisation_id == organisation_id, table.c.module == module, table.c.period == period)
    known = unit.one(unit.mine(table, *where))
    if known is not None:
        unit.update(table, known["id"], **values)
        return
    row: Row = {"id": new_id(), "organisation_id": organisation_id, "module": module, "period": period}
    nothing: Row = {"asked_at": None, "reminded_at": None, "closed_at": None, "closed_by": "", "reason": ""}
    unit.insert(table, [row | nothing | values])


def told_at(unit: Unit, keys: Sequence[str]) -> dict[str, datetime]:
    """When notifications of these keys were made."""
    table = schema.notification
    if not keys:
        return {}
    found = unit.rows(unit.mine(table, table.c.key.in_(keys)))
    return {row["key"]: row["created_at"] for row in found}


def lists(unit: Unit, *, after: tuple[datetime, str] | None = None, most: int = 25) -> Page:
    """What was handed in, newest first, with whose it is."""
    joined = _head.join(_organisation, _organisation.c.id == _head.c.organisation_id)
    statement = (
        select(_head, _organisation.c.code.label("practice"))
        .select_from(joined)
        .where(_head.c.tenant_id == unit.tenant, _organisation.c.tenant_id == unit.tenant)
    )
    if after is not None:
        moment, last = after
        older = (_head.c.received_at < moment) | ((_head.c.received_at == moment) & (_head.c.id > last))
        statement = statement.where(older)
    found = unit.rows(statement.order_by(_head.c.received_at.desc(), _head.c.id).limit(most + 1))
    end: Any = (found[most - 1]["received_at"], found[most - 1]["id"]) if len(found) > most else None
    return Page(found[:most], end)


def one_list(unit: Unit, declaration_id: str) -> Row | None:
    """One list that was handed in, with whose it is."""
    joined = _head.join(_organisation, _organisation.c.id == _head.c.organisation_id)
    statement = select(_head, _organisation.c.code.label("practice")).select_from(joined)
    return unit.one(statement.where(_head.c.tenant_id == unit.tenant, _head.c.id == declaration_id))


def counts(unit: Unit, declaration_ids: Sequence[str]) -> list[Row]:
    """How many rows of each list ended how."""
    if not declaration_ids:
        return []
    group = (_row.c.declaration_id, _row.c.outcome, _row.c.code)
    statement = select(*group, func.count().label("count")).where(
        _row.c.tenant_id == unit.tenant, _row.c.declaration_id.in_(declaration_ids)
    )
    return unit.rows(statement.group_by(*group).order_by(*group))


def rows(
    unit: Unit, declaration_id: str, *, outcomes: Sequence[str] = (), code: str = "", after: int = 0, most: int = 100
) -> Page:
    """A list's rows by line, without what is sealed."""
    where = [_row.c.declaration_id == declaration_id, _row.c.line > after]
    where += [_row.c.outcome.in_(outcomes)] if outcomes else []
    where += [_row.c.code == code] if code else []
    found = unit.rows(unit.mine(_row, *where).order_by(_row.c.line).limit(most + 1))
    return Page(found[:most], found[most - 1]["line"] if len(found) > most else None)


def sums(unit: Unit, declaration_ids: Sequence[str]) -> list[Row]:
    """What was posted on the claims of lists, added up by list and kind of posting."""
    if not declaration_ids:
        return []
    group = (_claim.c.declaration_id, _posting.c.debit, _posting.c.credit, _posting.c.currency)
    statement = (
        select(*group, func.sum(_posting.c.amount_minor).label("minor"))
        .join(_claim, _claim.c.id == _posting.c.claim_id)
        .where(_posting.c.tenant_id == unit.tenant, _claim.c.tenant_id == unit.tenant)
        .where(_claim.c.declaration_id.in_(declaration_ids))
    )
    return unit.rows(statement.group_by(*group))


def live_claims(unit: Unit, provider: str, module: str, period: str) -> dict[str, tuple[str, int]]:
    """Insurer and amount of each person's debit claim of a quarter, by blind index."""
    where = (
        _claim.c.provider_code == provider,
        _claim.c.module == module,
        _claim.c.period == period,
        _claim.c.kind == "debit",
        _claim.c.hold_code != "WITHDRAWN",
    )
    columns = (_claim.c.blind, _claim.c.payer_code, func.coalesce(_claim.c.total_minor, 0).label("minor"))
    statement = select(*columns).where(_claim.c.tenant_id == unit.tenant, *where).order_by(_claim.c.created_at)
    return {row["blind"]: (row["payer_code"], int(row["minor"])) for row in unit.rows(statement)}


def decided_files(unit: Unit, most: int = 200) -> list[Row]:
    """Files that claims of the visitor's organisations went in, newest first: counts and sums by provider."""
    group = (
        _claim.c.exchange_id,
        _claim.c.invoice_number,
        _claim.c.provider_code,
        _claim.c.payer_name,
        _claim.c.period,
        _claim.c.currency,
    )
    joined = _claim.join(_line, (_line.c.claim_id == _claim.c.id) & (_line.c.tenant_id == _claim.c.tenant_id))
    sent = func.max(_claim.c.created_at)
    statement = (
        select(
            *group,
            func.count(func.distinct(_claim.c.id)).label("count"),
            func.sum(_line.c.amount_minor).label("claimed"),
            func.sum(_line.c.granted_minor).label("granted"),
            func.max(_line.c.decided_at).label("decided_at"),
        )
        .select_from(joined)
        .where(_claim.c.tenant_id == unit.tenant, _claim.c.exchange_id.is_not(None))
    )
    return unit.rows(statement.group_by(*group).order_by(sent.desc(), _claim.c.exchange_id).limit(most))


def file_claim(unit: Unit, exchange_id: str, provider: str) -> Row | None:
    """Any claim of a provider in a file."""
    where = (_claim.c.exchange_id == exchange_id, _claim.c.provider_code == provider)
    return unit.one(unit.mine(_claim, *where).limit(1))


def row_at(unit: Unit, declaration_id: str, line: int) -> Row | None:
    """One row of a list by its line."""
    return unit.one(unit.mine(_row, _row.c.declaration_id == declaration_id, _row.c.line == line))


def ask(unit: Unit, values: Row) -> str:
    """Keep a question; gives its id."""
    question_id = new_id()
    open_: Row = {"answer": "", "answered_by": "", "answered_at": None, "closed_at": None, "closed_by": ""}
    row: Row = {"id": question_id, "asked_at": unit.now, "state": ASKED}
    unit.insert(schema.question, [row | open_ | values])
    return question_id


def questions(unit: Unit, states: Sequence[str], *, after: tuple[datetime, str] | None = None, most: int = 50) -> Page:
    """Questions in these states, newest first, with whom they were put to."""
    table = schema.question
    statement = (
        select(table, _organisation.c.code.label("practice"), _organisation.c.name.label("practice_name"))
        .join(_organisation, _organisation.c.id == table.c.organisation_id)
        .where(table.c.tenant_id == unit.tenant, _organisation.c.tenant_id == unit.tenant, table.c.state.in_(states))
    )
    if after is not None:
        moment, last = after
        older = (table.c.asked_at < moment) | ((table.c.asked_at == moment) & (table.c.id > last))
        statement = statement.where(older)
    found = unit.rows(statement.order_by(table.c.asked_at.desc(), table.c.id).limit(most + 1))
    end: Any = (found[most - 1]["asked_at"], found[most - 1]["id"]) if len(found) > most else None
    return Page(found[:most], end)


def question(unit: Unit, question_id: str) -> Row | None:
    """One question, with whom it was put to."""
    table = schema.question
    statement = (
        select(table, _organisation.c.code.label("practice"), _organisation.c.name.label("practice_name"))
        .join(_organisation, _organisation.c.id == table.c.organisation_id)
        .where(table.c.tenant_id == unit.tenant, _organisation.c.tenant_id == unit.tenant, table.c.id == question_id)
    )
    return unit.one(statement)


def waiting_questions(unit: Unit) -> int:
    """How many questions wait for an answer."""
    table = schema.question
    statement = select(func.count().label("count")).select_from(table)
    (row,) = unit.rows(statement.where(table.c.tenant_id == unit.tenant, table.c.state == ASKED))
    return int(row["count"])


def answer(unit: Unit, question_id: str, words: str, by: str) -> None:
    """Keep an answer."""
    unit.update(schema.question, question_id, answer=words, answered_by=by, answered_at=unit.now, state=ANSWERED)


def close_question(unit: Unit, question_id: str, by: str) -> None:
    """Nothing more is needed."""
    unit.update(schema.question, question_id, closed_at=unit.now, closed_by=by, state=CLOSED)
