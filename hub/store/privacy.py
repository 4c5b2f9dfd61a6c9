"""What is kept about persons and until when, as rows: holds, erasures, what was destroyed, and what is due to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, union

from hub.store import reference, retained, schema, series
from hub.store.unit import Row, Unit, new_id

ASKED, DONE, REFUSED = "asked", "done", "refused"
_MANY = 500


def hold(unit: Unit, subject_id: str, reason: str, by: str) -> str:
    """Put a hold on a person's data; gives its id."""
    row: Row = {"id": new_id(), "subject_id": subject_id, "reason": reason, "since": unit.now, "by": by}
    unit.insert(schema.legal_hold, [row])
    return str(row["id"])


def holds(unit: Unit, subject_id: str = "", *, lifted: bool = False) -> list[Row]:
    """Holds in force (or all of them), of one person or of everybody, oldest first."""
    table = schema.legal_hold
    where = [table.c.subject_id == subject_id] if subject_id else []
    where += [] if lifted else [table.c.lifted_at.is_(None)]
    return unit.rows(unit.mine(table, *where).order_by(table.c.since, table.c.id))


def lift(unit: Unit, hold_id: str, reason: str, by: str) -> None:
    """End a hold."""
    unit.update(schema.legal_hold, hold_id, lifted_at=unit.now, lifted_by=by, lift_reason=reason)


def ask_erasure(unit: Unit, subject_id: str, reason: str, despite: str, by: str) -> Row:
    """Write down that somebody asks for an erasure; the same person's is given back while it waits."""
    table = schema.erasure
    known = unit.one(unit.mine(table, table.c.subject_id == subject_id, table.c.state == ASKED))
    if known is not None:
        return known
    row: Row = {
        "id": new_id(),
        "number": series.take(unit, "erasure", first=1),
        "subject_id": subject_id,
        "reason": reason,
        "despite": despite,
        "state": ASKED,
        "asked_by": by,
        "asked_at": unit.now,
    }
    unit.insert(table, [row])
    return row


def erasures(unit: Unit, state: str = "") -> list[Row]:
    """What was asked for and what became of it, by number."""
    table = schema.erasure
    where = [table.c.state == state] if state else []
    return unit.rows(unit.mine(table, *where).order_by(table.c.number))


def erasure(unit: Unit, number: int) -> Row | None:
    """One of them."""
    return unit.one(unit.mine(schema.erasure, schema.erasure.c.number == number))


def decide(unit: Unit, erasure_id: str, state: str, by: str, note: str = "", **said: object) -> None:
    """What a second person decided, with the certificate and its signature where it was done."""
    unit.update(schema.erasure, erasure_id, state=state, decided_by=by, decided_at=unit.now, note=note, **said)


def dispose(unit: Unit, kind: str, what: str, count: int, rule: str, by: str) -> None:
    """Write down what was destroyed."""
    row = {"id": new_id(), "kind": kind, "what": what, "count": count, "rule": rule, "by": by, "at": unit.now}
    unit.insert(schema.disposal, [row])


def disposals(unit: Unit) -> list[Row]:
    """What was destroyed so far, oldest first."""
    return unit.rows(unit.mine(schema.disposal).order_by(schema.disposal.c.at, schema.disposal.c.id))


def claims_of(unit: Unit, subject_id: str) -> list[Row]:
    """A person's claims, oldest first."""
    table = schema.claim
    return unit.rows(retained.claims_of(unit, [subject_id]).order_by(table.c.created_at, table.c.ref))


def rows_of(unit: Unit, subject_id: str) -> list[Row]:
    """What was handed in about a person, oldest first, with its declaration's organisation, period and day."""
    row, head, org = schema.declaration_row, schema.declaration, schema.organisation
    facts = (head.c.received_at, head.c.module, head.c.period, head.c.programme, org.c.code.label("practice"))
    statement = (
        select(row, *facts)
        .join(head, head.c.id == row.c.declaration_id)
        .join(org, org.c.id == head.c.organisation_id)
        .where(row.c.tenant_id == unit.tenant, row.c.subject_id == subject_id)
        .order_by(head.c.received_at, row.c.line)
    )
    return unit.rows(statement)


def questions_of(unit: Unit, refs: Collection[str], rows: Sequence[Row]) -> list[Row]:
    """What was asked of practices about a person's claims or rows, oldest first."""
    table = schema.question
    about = [table.c.claim_ref.in_(list(refs))]
    about += [(table.c.declaration_id == row["declaration_id"]) & (table.c.line == row["line"]) for row in rows]
    return unit.rows(unit.mine(table, or_(*about)).order_by(table.c.asked_at, table.c.id))


def references_of(unit: Unit, subject: Row, claims: Sequence[Row]) -> list[Row]:
    """Where a person is insured, and what an insurer assigned them: kind, the row as it was told, and when."""
    table = schema.reference
    insured = (table.c.kind == "coverage") & table.c.code.startswith(f"{subject['blind']}:", autoescape=True)
    cases = sorted({row["case_ref"] for row in claims if row["case_ref"]})
    assigned = (table.c.kind == "assignment") & table.c.code.in_(cases)
    found = unit.rows(unit.mine(table, or_(insured, assigned)).order_by(table.c.imported_at, table.c.code))
    return [{"kind": row["kind"], "told_at": row["imported_at"], "body": reference.opened(unit, row)} for row in found]


def exchanges_of(unit: Unit, claims: Sequence[Row]) -> list[Row]:
    """The messages a person's claims travelled in."""
    table = schema.exchange
    ids = sorted({row["exchange_id"] for row in claims if row["exchange_id"]})
    return unit.rows(unit.mine(table, table.c.id.in_(ids)).order_by(table.c.prepared_at))


def in_exchange(unit: Unit, exchange_id: str) -> list[Row]:
    """Whose claims travel in a message: each claim with its person's kind and blind index."""
    claim, subject = schema.claim, schema.subject
    statement = (
        select(claim, subject.c.kind.label("subject_kind"), subject.c.erased_at)
        .join(subject, subject.c.id == claim.c.subject_id)
        .where(claim.c.tenant_id == unit.tenant, claim.c.exchange_id == exchange_id)
        .order_by(claim.c.ref)
    )
    return unit.rows(statement)


def batches_of(unit: Unit, subject_ids: Collection[str]) -> list[Row]:
    """The raw batches in which something of these persons stands: key name, how many, how large."""
    blob = schema.blob
    lists, sent, came = (each.c.blob_address for each in (schema.declaration, schema.exchange, schema.inbound))
    own = schema.claim.c.subject_id.in_(list(subject_ids))
    travelled = select(schema.claim.c.exchange_id).where(own, schema.claim.c.exchange_id.is_not(None))
    handed_in = select(schema.declaration_row.c.declaration_id).where(
        schema.declaration_row.c.subject_id.in_(list(subject_ids))
    )
    addresses = union(
        select(lists.label("address")).where(schema.declaration.c.id.in_(handed_in)),
        select(sent.label("address")).where(schema.exchange.c.id.in_(travelled)),
        select(came.label("address")).where(schema.inbound.c.exchange_id.in_(travelled)),
    ).subquery()
    statement = (
        select(blob.c.key_name, func.count().label("count"), func.sum(blob.c.size).label("bytes"))
        .where(blob.c.tenant_id == unit.tenant, blob.c.address.in_(select(addresses.c.address)))
        .group_by(blob.c.key_name)
        .order_by(blob.c.key_name)
    )
    return unit.rows(statement)


def batches(unit: Unit) -> list[Row]:
    """Every raw batch that still has content: key name, how many pieces."""
    blob = schema.blob
    statement = (
        select(blob.c.key_name, func.count().label("count"))
        .where(blob.c.tenant_id == unit.tenant, func.length(blob.c.body) > 0)
        .group_by(blob.c.key_name)
        .order_by(blob.c.key_name)
    )
    return unit.rows(statement)


def end_batch(unit: Unit, key_name: str) -> None:
    """A raw batch ends: its key, and the bytes that nobody can open any more."""
    blob = schema.blob
    where = (blob.c.tenant_id == unit.tenant, blob.c.key_name == key_name)
    unit.connection.execute(blob.update().where(*where).values(body=b""))
    unit.keys.destroy_all([key_name])


def nameless_lists(unit: Unit, before: datetime) -> list[str]:
    """Lists older than this of which rows that belong to no known person can still be read."""
    head, row = schema.declaration, schema.declaration_row
    nameless = select(row.c.declaration_id).where(row.c.tenant_id == unit.tenant, row.c.subject_id.is_(None))
    statement = select(head.c.id).where(
        head.c.tenant_id == unit.tenant, head.c.received_at < before, head.c.id.in_(nameless)
    )
    ids = [str(each["id"]) for each in unit.rows(statement.order_by(head.c.received_at))]
    names = {key_name(unit, each): each for each in ids}
    there = unit.keys.get(names)
    return [each for name, each in names.items() if name in there]


def key_name(unit: Unit, period: str) -> str:
    """The name of the key of a raw batch, or of a list's rows without a person."""
    return f"batch:{unit.tenant}:{period}"


def quiet_subjects(unit: Unit, before: datetime) -> list[str]:
    """Persons of whom nothing was claimed or handed in since then, oldest first."""
    subject, claim, row, head = schema.subject, schema.claim, schema.declaration_row, schema.declaration
    claimed = select(claim.c.subject_id).where(claim.c.tenant_id == unit.tenant, claim.c.created_at >= before)
    handed_in = (
        select(row.c.subject_id)
        .join(head, head.c.id == row.c.declaration_id)
        .where(row.c.tenant_id == unit.tenant, row.c.subject_id.is_not(None), head.c.received_at >= before)
    )
    statement = (
        select(subject.c.id)
        .where(
            subject.c.tenant_id == unit.tenant,
            subject.c.erased_at.is_(None),
            subject.c.created_at < before,
            subject.c.id.not_in(claimed),
            subject.c.id.not_in(handed_in),
        )
        .order_by(subject.c.created_at, subject.c.id)
    )
    return [str(each["id"]) for each in unit.rows(statement)]


def lines_of(unit: Unit, subject_ids: Sequence[str]) -> Mapping[str, list[str]]:
    """The ids of the claim lines of some persons, by person."""
    claim, line = schema.claim, schema.claim_line
    found: dict[str, list[str]] = {each: [] for each in subject_ids}
    for start in range(0, len(subject_ids), _MANY):
        theirs = retained.claims_of(unit, subject_ids[start : start + _MANY]).join(line, line.c.claim_id == claim.c.id)
        for row in unit.rows(theirs.with_only_columns(claim.c.subject_id, line.c.id)):
            found[row["subject_id"]].append(row["id"])
    return found
