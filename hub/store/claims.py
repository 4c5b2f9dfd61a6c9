"""Claims and their lines: adding, finding, linking to exchanges, recording verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from hub.errors import ContentError
from hub.model.claim import Claim
from hub.model.party import Party
from hub.store import schema, subjects
from hub.store.codec import claim_from, party_from_json, party_to_json, party_version, sealed_to_bytes
from hub.store.subjects import Persons
from hub.store.unit import Row, Unit

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaim:
    """A claim to add, with the identifier of its subject and the business key that makes it unique."""

    claim: Claim
    subject_kind: str
    subject_value: str
    business_key: str
    hold_code: str = ""


def add(unit: Unit, new: Sequence[NewClaim], declaration_id: str | None = None) -> None:
    """Store claims with their lines; a business key used before fails the whole transaction."""
    if not new:
        return
    persons = subjects.gather(unit, people(new))
    subjects.put(unit, persons)
    put_parties(unit, new)
    unit.insert(schema.claim, list(claim_rows(unit, new, persons, declaration_id)))
    unit.insert(schema.claim_line, list(line_rows(new)))


def people(new: Iterable[NewClaim]) -> Iterator[tuple[str, str]]:
    """Whom claims are about, as `subjects.gather` takes them."""
    return ((item.subject_kind, item.subject_value) for item in new)


def claim_rows(unit: Unit, new: Iterable[NewClaim], persons: Persons, declaration_id: str | None) -> Iterator[Row]:
    """The claims as they are stored, each sealed with its person's key."""
    for item in new:
        subject = persons.found[item.subject_kind, item.subject_value]
        sealed = persons.seal(subject[0], f"claim:{item.claim.id}", sealed_to_bytes(item.claim))
        yield _claim_row(unit, item, subject, sealed, declaration_id)


def line_rows(new: Iterable[NewClaim]) -> Iterator[Row]:
    """Their lines as they are stored."""
    return (row for item in new for row in _line_rows(item.claim))


def add_again(unit: Unit, claim: Claim, like: Row, *, business_key: str, hold_code: str) -> None:
    """Store a claim about the same person as one that is stored, for the same declaration."""
    new = NewClaim(claim=claim, subject_kind="", subject_value="", business_key=business_key, hold_code=hold_code)
    (sealed,) = subjects.seal_many(unit, [(like["subject_id"], f"claim:{claim.id}", sealed_to_bytes(claim))])
    subject = (like["subject_id"], like["blind"])
    unit.insert(schema.claim, [_claim_row(unit, new, subject, sealed, like["declaration_id"])])
    unit.insert(schema.claim_line, _line_rows(claim))


def put_parties(unit: Unit, new: Iterable[NewClaim]) -> None:
    """Store who provides, claims and submits, in the version these claims carry."""
    parties = {
        party_version(unit.tenant, party): party
        for item in new
        for party in (item.claim.provider, item.claim.claimant, item.claim.submitter)
    }
    table = schema.party_version
    known = {row["id"] for row in unit.rows(unit.mine(table, table.c.id.in_(list(parties))))}
    unit.insert(
        table, [{"id": key, "body": party_to_json(party)} for key, party in parties.items() if key not in known]
    )


def _claim_row(unit: Unit, item: NewClaim, subject: tuple[str, str], sealed: bytes, declaration_id: str | None) -> Row:
    claim = item.claim
    subject_id, blind = subject
    return {
        "id": claim.id,
        "business_key": item.business_key,
        "country": claim.country,
        "kind": claim.kind.value,
        "ref": claim.ref,
        "invoice_number": claim.invoice_number,
        "programme": claim.programme,
        "module": claim.module,
        "period": claim.period,
        "payer": claim.payer,
        "payer_code": claim.payer_code,
        "payer_name": claim.payer_name,
        "provider_code": claim.provider.id,
        "claimant_code": claim.claimant.id,
        "provider": party_version(unit.tenant, claim.provider),
        "claimant": party_version(unit.tenant, claim.claimant),
        "submitter": party_version(unit.tenant, claim.submitter),
        "subject_id": subject_id,
        "blind": blind,
        "case_ref": claim.references.get("sak_id", ""),
        "kid": claim.kid,
        "currency": claim.currency,
        "issue_date": claim.issue_date,
        "due_date": claim.due_date,
        "corrects": claim.corrects,
        "total_minor": claim.total.minor,
        "hold_code": item.hold_code,
        "declaration_id": declaration_id,
        "exchange_id": None,
        "created_at": unit.now,
        "sealed": sealed,
    }


def _line_rows(claim: Claim) -> list[Row]:
    return [
        {
            "id": line.id,
            "claim_id": claim.id,
            "number": line.number,
            "ref": line.ref,
            "service_code": line.service_code,
            "amount_minor": line.payable.minor,
            "currency": claim.currency,
            "verdict": "open",
            "granted_minor": 0,
            "patient_minor": 0,
            "withdrawn": False,
            "decided_at": None,
        }
        for line in claim.lines
    ]


def find(unit: Unit, *where: Any) -> list[Row]:
    """Claim rows (without their personal part), oldest first.

    Sorted here: a database asked for this order may walk through all there ever were to spare itself the sorting.
    """
    return sorted(unit.rows(unit.mine(schema.claim, *where)), key=lambda row: (row["created_at"], row["ref"]))


_AWARDED = ("granted", "changed")


def payable(unit: Unit) -> ColumnElement[bool]:
    """Claims something may be owed on: what was not withdrawn, and what its payer granted all the same."""
    claim, line = schema.claim, schema.claim_line
    awarded = select(line.c.claim_id).where(line.c.tenant_id == unit.tenant, line.c.verdict.in_(_AWARDED))
    return or_(claim.c.hold_code != "WITHDRAWN", claim.c.id.in_(awarded))


def is_payable(unit: Unit, row: Row) -> bool:
    """The same of one claim."""
    return row["hold_code"] != "WITHDRAWN" or any(one["verdict"] in _AWARDED for one in lines(unit, [row["id"]]))


def by_ref(unit: Unit, ref: str) -> Row | None:
    """The claim row with this reference, or None."""
    return unit.one(unit.mine(schema.claim, schema.claim.c.ref == ref))


def providers_of(unit: Unit, exchange_id: str) -> tuple[str, ...]:
    """The provider codes of the claims that travel in one exchange."""
    column = schema.claim.c.provider_code
    where = (schema.claim.c.tenant_id == unit.tenant, schema.claim.c.exchange_id == exchange_id)
    return tuple(row["provider_code"] for row in unit.rows(select(column).where(*where).distinct()))


def by_ids(unit: Unit, ids: Sequence[str]) -> list[Row]:
    """Claim rows by id."""
    table = schema.claim
    rows: list[Row] = []
    for start in range(0, len(ids), _BATCH):
        rows += find(unit, table.c.id.in_(ids[start : start + _BATCH]))
    return rows


def load(unit: Unit, rows: Sequence[Row]) -> list[Claim]:
    """The whole claims of some rows; ContentError naming the claim whose subject was erased."""
    parties = _parties(unit, {row[name] for row in rows for name in ("provider", "claimant", "submitter")})
    opened = subjects.open_many(unit, [(row["subject_id"], f"claim:{row['id']}", row["sealed"]) for row in rows])
    claims: list[Claim] = []
    for row, plain in zip(rows, opened, strict=True):
        if plain is None:
            raise ContentError(f"claim {row['ref']} cannot be read: its subject was erased")
        claims.append(claim_from(row, plain, parties, unit.tenant))
    return claims


def _parties(unit: Unit, ids: Collection[str]) -> dict[str, Party]:
    """These versions of parties; a few of them by id, or there would be no end to them as years go by."""
    table = schema.party_version
    where = [table.c.id.in_(sorted(ids))] if len(ids) <= _BATCH else []
    return {row["id"]: party_from_json(row["body"]) for row in unit.rows(unit.mine(table, *where))}


def lines(unit: Unit, claim_ids: Sequence[str]) -> list[Row]:
    """Line rows of some claims, by claim and number."""
    table = schema.claim_line
    rows: list[Row] = []
    for start in range(0, len(claim_ids), _BATCH):
        part = claim_ids[start : start + _BATCH]
        rows += unit.rows(unit.mine(table, table.c.claim_id.in_(part)).order_by(table.c.claim_id, table.c.number))
    return rows


def link(unit: Unit, claim_ids: Sequence[str], exchange_id: str | None, invoice_number: str) -> None:
    """Put claims on an exchange (or take them off with None) under its invoice number."""
    table = schema.claim
    for start in range(0, len(claim_ids), _BATCH):
        part = claim_ids[start : start + _BATCH]
        unit.connection.execute(
            table.update()
            .where(table.c.tenant_id == unit.tenant, table.c.id.in_(part))
            .values(exchange_id=exchange_id, invoice_number=invoice_number)
        )


def of_somebody(rows: Iterable[Row]) -> list[Row]:
    """Those of these claims (or rows of lists) whose person was not erased: only they can be opened."""
    return [row for row in rows if not row["blind"].startswith(subjects.ERASED)]


def hold(unit: Unit, claim_id: str, code: str) -> None:
    """Hold a claim with a reason code, or release it with an empty one."""
    unit.update(schema.claim, claim_id, hold_code=code)


def belong(unit: Unit, claim_ids: Sequence[str], declaration_id: str) -> None:
    """A corrected list has these claims too: from now on they are its own."""
    table = schema.claim
    for start in range(0, len(claim_ids), _BATCH):
        part = (table.c.tenant_id == unit.tenant, table.c.id.in_(claim_ids[start : start + _BATCH]))
        unit.connection.execute(table.update().where(*part).values(declaration_id=declaration_id))


def withdraw(unit: Unit, claim_ids: Sequence[str]) -> None:
    """Claims that were taken back, with their lines; their business keys are free for others, their history stays."""
    table, line = schema.claim, schema.claim_line
    for start in range(0, len(claim_ids), _BATCH):
        part = claim_ids[start : start + _BATCH]
        gone = table.update().where(table.c.tenant_id == unit.tenant, table.c.id.in_(part))
        unit.connection.execute(gone.values(hold_code="WITHDRAWN", business_key="withdrawn:" + table.c.id))
        theirs = line.update().where(line.c.tenant_id == unit.tenant, line.c.claim_id.in_(part))
        unit.connection.execute(theirs.values(withdrawn=True))


def may_go_back(unit: Unit, rows: Sequence[Row]) -> frozenset[str]:
    """Of claims that went out, the ids of those that may still have to be taken back: not refused, not credited."""
    table, refs = schema.claim, [row["ref"] for row in rows]
    granted = {line["claim_id"] for line in lines(unit, [row["id"] for row in rows]) if line["verdict"] != "refused"}
    credited: set[str] = set()
    for start in range(0, len(refs), _BATCH):
        part = (table.c.corrects.in_(refs[start : start + _BATCH]), table.c.kind == "credit")
        credited |= {row["corrects"] for row in find(unit, *part, table.c.hold_code != "WITHDRAWN")}
    return frozenset(row["id"] for row in rows if row["id"] in granted and row["ref"] not in credited)


def set_line(unit: Unit, line_id: str, **values: object) -> None:
    """Record a line's verdict and amounts."""
    unit.update(schema.claim_line, line_id, **values)


def known_blinds(
    unit: Unit, module: str, period: str, *, blinds: Collection[str] | None = None, provider: str = ""
) -> dict[str, Row]:
    """Live debit claims of a module and quarter by the subject's blind index; of corrected ones the latest.

    Those of persons who were erased are nobody's any more: no list has them, and none is without them.

    With `blinds` only those of these persons, and of everybody this provider has claimed for: a practice's list does
    not read what all others claimed.
    """
    statement = _live(unit, module, period)
    if blinds is None:
        return {row["blind"]: row for row in unit.rows(statement)}
    table = schema.claim
    theirs = unit.rows(statement.where(table.c.provider_code == provider)) if provider else []
    wanted = sorted({*blinds, *(row["blind"] for row in theirs)})
    found: dict[str, Row] = {}
    for start in range(0, len(wanted), _BATCH):
        rows = unit.rows(statement.where(table.c.blind.in_(wanted[start : start + _BATCH])))
        found |= {row["blind"]: row for row in rows}
    return found


def _live(unit: Unit, module: str, period: str) -> Any:  # noqa: ANN401 -- a selectable
    table = schema.claim
    statement = select(
        table.c.id,
        table.c.ref,
        table.c.blind,
        table.c.provider_code,
        table.c.payer_code,
        table.c.exchange_id,
        table.c.declaration_id,
        table.c.hold_code,
        table.c.corrects,
    ).where(
        table.c.tenant_id == unit.tenant,
        table.c.module == module,
        table.c.period == period,
        table.c.kind == "debit",
        table.c.hold_code != "WITHDRAWN",
        table.c.blind.not_like(f"{subjects.ERASED}%"),
    )
    return statement.order_by(table.c.created_at, table.c.ref)
