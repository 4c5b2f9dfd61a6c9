"""What a provider hands in becomes a declaration: every row gets an outcome, the good ones become claims.

The step is the same for every programme; what differs is one module here per programme (`NAME`, `ask`, `judge`, and for
corrections `CARE`, `corrected`, `credited`), found by scanning: a new programme is a new file and edits nothing. `ask`
reads the file and asks whoever must be asked, outside any transaction; `judge` decides and runs inside the one
transaction that stores the result. `corrected` makes a claim anew with changes, `credited` takes one back in full.
`FORMATS` names the formats its claims can be written in, where not every one of a partner's will do.

A programme whose lists may be long (a hundred thousand people) has two more, `basis` and `number`: it judges without
writing, so that everything is judged and sealed before the transaction and nobody waits meanwhile. `number` gives the
new claims their numbers; the transaction asks for the `basis` again, and judges anew where what is stored has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub import log
from hub.ledger.accounts import ledger_lines
from hub.ledger.balances import line_money, no_money
from hub.ledger.postings import withdrawn
from hub.model.finding import Finding
from hub.pipeline.context import NIGHT, Actor, Hub
from hub.pipeline.intake import ahead, telling
from hub.pipeline.intake.ahead import Ready, judge, judges_ahead
from hub.pipeline.intake.judged import IntakeRequest, Judged
from hub.pipeline.intake.registry import formats_of, programme, programmes
from hub.programmes.outcome import RowOutcome, summary
from hub.store import access, bulk, claims, declarations, money, parties, schema, tasks
from hub.store.declarations import DeclarationHead
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit

__all__ = (
    "IntakeRequest",
    "IntakeResult",
    "Judged",
    "formats_of",
    "judge",
    "judges_ahead",
    "programme",
    "programmes",
    "stored_outcome",
    "take",
    "withdraw",
    "withdraw_all",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeResult:
    """The receipt: what came in when, and what became of every row."""

    status: str
    sha256: str
    received_at: datetime
    declaration_id: str = ""
    outcomes: Sequence[RowOutcome] = ()
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    dropped: Sequence[str] = ()

    def counts(self) -> dict[str, Any]:
        """The summary of `kvitt intake --json`; the counts add up to the rows."""
        total = summary(self.outcomes)
        names = ("rows", "claims", "excluded", "held", "skipped", "later")
        body: dict[str, Any] = {"status": self.status, "code": self.code} | {
            name: getattr(total, name) for name in names
        }
        return body | {
            "codes": dict(total.codes),
            "sha256": self.sha256,
            "received_at": self.received_at.isoformat(),
            "dropped_columns": list(self.dropped),
            "findings": [finding.as_json() for finding in self.findings],
            **self.facts,
        }


def take(hub: Hub, tenant: str, request: IntakeRequest, data: bytes, actor: Actor = NIGHT) -> IntakeResult:
    """Take one list in: all of it with its claims in one transaction, or nothing.

    The same bytes again change nothing. A list that may not be stored (medical columns) leaves its digest only.
    """
    steps = programme(request.programme)
    sha256 = hashlib.sha256(data).hexdigest()
    with hub.store.unit(tenant) as unit:
        organisation = parties.organisation(unit, request.organisation)
        again = _again(unit, organisation, request, sha256, actor)
    if again is not None:
        return again
    asked = steps.ask(hub, tenant, organisation, request, data)
    made = ahead.prepare(hub, tenant, organisation, request, asked)
    with hub.store.unit(tenant) as unit:
        again = _again(unit, organisation, request, sha256, actor)
        if again is not None:
            return again
        ready = made if made is not None and ahead.still(unit, organisation, request, asked, made) else None
        if ready is None:
            ready = ahead.seal(unit, ahead.judge(hub, unit, organisation, request, asked))
        again = _refused_again(unit, organisation, request, ready.judged, sha256)
        if again is not None:
            return again
        result = _store(unit, organisation, request, ready, sha256, actor)
    log.event("intake", tenant=tenant, declaration=result.declaration_id, status=result.status)
    return result


def _again(
    unit: Unit, organisation: Organisation, request: IntakeRequest, sha256: str, actor: Actor
) -> IntakeResult | None:
    """The receipt of the first time, when these very bytes came in before and still count (S02)."""
    known = declarations.same(unit, organisation.id, request.programme, request.period, sha256, module=request.module)
    if known is None or (request.delta and known["state"] == declarations.HELD):
        return None
    _log(unit, actor, "intake-again", known["id"])
    return _receipt_again(unit, known)


def _refused_again(
    unit: Unit, organisation: Organisation, request: IntakeRequest, judged: Judged, sha256: str
) -> IntakeResult | None:
    """The receipt of the first refusal, when the same bytes are refused for the same reason once more."""
    if judged.state != declarations.REFUSED:
        return None
    states = (declarations.REFUSED,)
    known = declarations.same(
        unit, organisation.id, request.programme, request.period, sha256, module=request.module, states=states
    )
    return _receipt_again(unit, known) if known is not None and known["summary"]["code"] == judged.code else None


def _store(
    unit: Unit, organisation: Organisation, request: IntakeRequest, ready: Ready, sha256: str, actor: Actor
) -> IntakeResult:
    judged, declaration_id = ready.judged, ready.declaration_id
    head = DeclarationHead(
        organisation_id=organisation.id,
        programme=request.programme,
        module=request.module,
        period=request.period,
        sha256=sha256,
        state=judged.state,
        replaces_id=judged.replaces,
        summary={"code": judged.code, "dropped": list(judged.dropped), "facts": dict(judged.facts)},
    )
    if request.delta:
        _decided(unit, organisation, request, sha256)
    declarations.add(unit, head, declaration_id=declaration_id)
    withdraw_all(unit, judged.withdrawn, source=f"declaration:{declaration_id}")
    for row in judged.withdrawn:
        if row["hold_code"]:
            tasks.done(unit, f"hold:{row['ref']}:{row['hold_code']}", {"withdrawn_by": declaration_id})
    for row in judged.doubted:
        telling.doubt(unit, row, request)
    telling.ask_about_vanished(unit, organisation, judged)
    claims.belong(unit, judged.kept, declaration_id)
    if judged.new:
        claims.put_parties(unit, judged.new)
    bulk.insert(unit, ready.bulks)
    telling.tell(unit, organisation, request, judged, declaration_id)
    _log(unit, actor, f"intake-{judged.state}", declaration_id)
    return IntakeResult(
        status=_STATUS[judged.state] if judged.replaces is None else "replaced",
        sha256=sha256,
        received_at=unit.now,
        declaration_id=declaration_id,
        outcomes=judged.outcomes,
        code=judged.code,
        facts=judged.facts,
        findings=judged.findings,
        dropped=judged.dropped,
    )


def _decided(unit: Unit, organisation: Organisation, request: IntakeRequest, sha256: str) -> None:
    """A person lets a list that was held for its difference add to what went out: the held copy is answered."""
    held = declarations.same(
        unit, organisation.id, request.programme, request.period, sha256, module=request.module, states=("held",)
    )
    if held is not None:
        unit.update(schema.declaration, held["id"], state=declarations.REPLACED)
        tasks.done(unit, f"declaration:{held['id']}", {"delta": True})


_STATUS = {
    declarations.CURRENT: "accepted",
    declarations.HELD: "held",
    declarations.REFUSED: "refused",
    declarations.REPLACED: "accepted",
}


def withdraw(unit: Unit, row: Row, *, source: str, reason: str = "withdrawn") -> None:
    """Take a claim back that nobody has been sent: its money is withdrawn, its history stays."""
    withdraw_all(unit, [row], source=source, reason=reason)


def withdraw_all(unit: Unit, rows: Sequence[Row], *, source: str, reason: str = "withdrawn") -> None:
    """The same for several."""
    if not rows:
        return
    lines = [line for claim in claims.load(unit, rows) for line in ledger_lines(claim)]
    standing = line_money(money.postings(unit, line_ids=[line.line_id for line in lines]))
    none = no_money(rows[0]["currency"])
    money.post(
        unit,
        [
            posting
            for line in lines
            for posting in withdrawn(line, standing.get(line.line_id, none), at=unit.now, source=source, reason=reason)
        ],
    )
    claims.withdraw(unit, [row["id"] for row in rows])


def _receipt_again(unit: Unit, known: Row) -> IntakeResult:
    rows = declarations.rows_of(unit, known["id"])
    return IntakeResult(
        status="already_received",
        sha256=known["sha256"],
        received_at=known["received_at"],
        declaration_id=known["id"],
        outcomes=[stored_outcome(row) for row in rows],
        code=known["summary"]["code"],
        facts=known["summary"]["facts"],
        dropped=known["summary"]["dropped"],
    )


def stored_outcome(row: Row) -> RowOutcome:
    """A row's outcome as it was recorded."""
    return RowOutcome(
        line=row["line"], row_id=row["row_id"], outcome=row["outcome"], code=row["code"], message=row["message"]
    )


def _log(unit: Unit, actor: Actor, action: str, declaration_id: str) -> None:
    access.record(unit, actor=actor.name, role=actor.role, action=action, object_=f"declaration/{declaration_id}")
