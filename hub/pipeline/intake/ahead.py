"""A list judged and sealed before the transaction that stores it, so that nobody waits for it meanwhile.

What it rests on is asked again inside the transaction (`still`); where that has changed, it is judged anew there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hub.ledger.accounts import ledger_lines
from hub.ledger.postings import claim_raised
from hub.pipeline.context import Hub
from hub.pipeline.intake.judged import IntakeRequest, Judged
from hub.pipeline.intake.registry import programme
from hub.store import bulk, claims, declarations, money, schema, series, subjects
from hub.store.bulk import Bulk
from hub.store.claims import NewClaim
from hub.store.parties import Organisation
from hub.store.subjects import Persons
from hub.store.unit import Unit, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A judged list with every row it leaves, as the driver takes them."""

    declaration_id: str
    judged: Judged
    persons: Persons
    bulks: Sequence[Bulk]


def judge(hub: Hub, unit: Unit, organisation: Organisation, request: IntakeRequest, asked: Any) -> Judged:  # noqa: ANN401 -- the programme's own
    """Judge within the transaction that stores the result."""
    steps = programme(request.programme)
    judged: Judged = steps.judge(hub, unit, organisation, request, asked)
    return steps.number(judged, partial(_take, unit)) if judges_ahead(request.programme) else judged


def _take(unit: Unit, name: str, count: int) -> int:
    return series.take_many(unit, name, count, first=1)


def judges_ahead(name: str) -> bool:
    """Whether a programme can judge without writing anything."""
    return hasattr(programme(name), "number")


def prepare(hub: Hub, tenant: str, organisation: Organisation, request: IntakeRequest, asked: Any) -> Ready | None:  # noqa: ANN401 -- the programme's own
    """A list judged and sealed while nobody waits; its numbers are lost when it is judged anew."""
    if not judges_ahead(request.programme):
        return None
    steps = programme(request.programme)
    with hub.store.reading(tenant) as unit:
        judged: Judged = steps.judge(hub, unit, organisation, request, asked)

    def take(name: str, count: int) -> int:
        with hub.store.unit(tenant) as unit:
            return _take(unit, name, count)

    judged = steps.number(judged, take)
    with hub.store.reading(tenant) as unit:
        return seal(unit, judged)


def still(unit: Unit, organisation: Organisation, request: IntakeRequest, asked: Any, made: Ready) -> bool:  # noqa: ANN401 -- the programme's own
    """Whether what a list was judged and sealed by is what is stored now."""
    found = programme(request.programme).basis(unit, organisation, request, asked)
    return found == made.judged.basis and subjects.still(unit, made.persons)


def seal(unit: Unit, judged: Judged) -> Ready:
    """What a list leaves, sealed and converted; from here on it only has to be written."""
    declaration_id = new_id()
    persons = subjects.gather(unit, [*declarations.people(judged.rows), *claims.people(judged.new)])
    raised = (line for item in judged.new for line in ledger_lines(item.claim))
    postings = claim_raised(*raised, at=unit.now, source=f"declaration:{declaration_id}")
    bulks = (
        bulk.made(unit, schema.subject, persons.fresh),
        bulk.made(unit, schema.claim, claims.claim_rows(unit, judged.new, persons, declaration_id)),
        bulk.made(unit, schema.claim_line, claims.line_rows(judged.new)),
        bulk.made(unit, schema.posting, map(money.posting_row, postings)),
        bulk.made(unit, schema.declaration_row, declarations.stored_rows(unit, declaration_id, judged.rows, persons)),
    )
    # What the bulks hold is let go of: of a hundred thousand rows there is no room for all of it twice.
    rest = replace(judged, rows=(), new=_one_of_each(judged.new))
    return Ready(declaration_id=declaration_id, judged=rest, persons=replace(persons, keys={}, found={}), bulks=bulks)


def _one_of_each(new: Sequence[NewClaim]) -> list[NewClaim]:
    """One claim for each set of parties."""
    return list({(item.claim.provider, item.claim.claimant, item.claim.submitter): item for item in new}.values())
