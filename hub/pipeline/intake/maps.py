"""Which column map a list is read with: one confirmed before for this header, the shipped one that fits, or a guess.

A guess is never used by itself: it is shown with masked rows, and `confirm` keeps it for lists with the same header.
"""

from __future__ import annotations

import hashlib

from hub.errors import FormatError
from hub.intake.columns import PRACTICE_LIST, ColumnMap, detect
from hub.intake.privacy import PrivacyRefusal, normalised, refuse_medical
from hub.intake.proposal import ColumnProposal, confirmed, propose
from hub.intake.table import Table, read_table
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest, Judged
from hub.store import declarations, schema
from hub.store.unit import Unit, new_id


class UnconfirmedColumnsError(FormatError):
    """A list's header is not known yet; `proposal` is our guess, for a person to confirm."""

    def __init__(self, proposal: ColumnProposal) -> None:
        super().__init__(
            "this list's columns are not known yet", hint="look at the guess below; confirm it once with --confirm"
        )
        self.proposal = proposal


def column_map(hub: Hub, tenant: str, kind: str, request: IntakeRequest, data: bytes, *, system: str = "") -> ColumnMap:
    """The map to read a list with; UnconfirmedColumnsError with a proposal when a person must look first."""
    table = read_table(data, request.name)
    if kind == PRACTICE_LIST:
        refuse_medical(table)
    key = _header_key(kind, table)
    with hub.store.reading(tenant) as unit:
        stored = _stored(unit, key, kind)
    known = stored or detect(table, kind)
    if known is not None:
        return known
    proposal = propose(table, kind)
    if not request.confirm or proposal.missing:
        raise UnconfirmedColumnsError(proposal)
    fields = {guess.number: guess.field for guess in proposal.guesses if guess.field}
    kept = confirmed(table, kind, fields, system or "confirmed")
    with hub.store.unit(tenant) as unit:
        stored = _stored(unit, key, kind)  # somebody else may have confirmed meanwhile
        if stored is None:
            _keep(unit, key, kept)
    return stored or kept


def refused(refusal: PrivacyRefusal | None) -> Judged:
    """A list with medical columns: its digest and the columns' names are kept, and nothing else of it."""
    columns = [column.name for column in refusal.columns] if refusal else []
    facts = {"columns": columns, "message": str(refusal)}
    return Judged(outcomes=(), state=declarations.REFUSED, code="MEDICAL_COLUMNS", facts=facts)


def _stored(unit: Unit, key: str, kind: str) -> ColumnMap | None:
    stored = unit.one(unit.mine(schema.column_map, schema.column_map.c.header_key == key))
    if stored is None:
        return None
    columns = {name: tuple(names) for name, names in stored["columns"].items()}
    return ColumnMap(name=stored["system"], title=stored["system"], kind=kind, columns=columns)


def _header_key(kind: str, table: Table) -> str:
    text = "\x1f".join([kind, *(normalised(name) for name in table.header)])
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(unit: Unit, key: str, kept: ColumnMap) -> None:
    row = {
        "id": new_id(),
        "header_key": key,
        "system": kept.name,
        "columns": {name: list(names) for name, names in kept.columns.items()},
        "confirmed_at": unit.now,
    }
    unit.insert(schema.column_map, [row])
