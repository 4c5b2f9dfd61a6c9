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
import importlib
import pkgutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from types import ModuleType
from typing import Any

from hub import log, texts
from hub.errors import ConfigurationError
from hub.ledger.accounts import ledger_lines
from hub.ledger.balances import line_money, no_money
from hub.ledger.postings import claim_raised, withdrawn
from hub.model.finding import Finding
from hub.pipeline.cases import About, claim_values, claimed, raise_case
from hub.pipeline.context import NIGHT, Actor, Hub
from hub.programmes.outcome import HOLD, RowOutcome, summary
from hub.store import access, bulk, claims, declarations, money, parties, schema, series, subjects, tasks
from hub.store.bulk import Bulk
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationHead, DeclarationRow
from hub.store.parties import Organisation
from hub.store.subjects import Persons
from hub.store.unit import Row, Unit, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRequest:
    """Whose list this is and what it is for. `confirm` accepts a guessed column map once and for all.

    `delta` lets a list that corrects one whose claims went out add to them; what it leaves out is asked about.
    """

    programme: str
    organisation: str
    module: str = ""
    period: str = ""
    name: str = ""
    confirm: bool = False
    delta: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a programme made of a list: outcomes by row, the claims of the good ones, and claims it takes back.

    `kept` are ids of claims an earlier version of the list made that stay as they are; `doubted` are claims of another
    organisation that this list puts in doubt: they are held. `vanished` are claims that went out for people who are no
    longer on the list: a person must say that they go back. `basis` is what of the store all of this rests on, where a
    programme judges ahead.
    """

    outcomes: Sequence[RowOutcome]
    rows: Sequence[DeclarationRow] = ()
    new: Sequence[NewClaim] = ()
    withdrawn: Sequence[Row] = ()
    kept: Sequence[str] = ()
    doubted: Sequence[Row] = ()
    vanished: Sequence[Row] = ()
    state: str = declarations.CURRENT
    replaces: str | None = None
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    dropped: Sequence[str] = ()
    basis: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A judged list with every row it leaves, as the driver takes them."""

    declaration_id: str
    judged: Judged
    persons: Persons
    bulks: Sequence[Bulk]


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
    ahead = _ahead(hub, tenant, organisation, request, asked)
    with hub.store.unit(tenant) as unit:
        again = _again(unit, organisation, request, sha256, actor)
        if again is not None:
            return again
        ready = ahead if ahead is not None and _still(unit, organisation, request, asked, ahead) else None
        if ready is None:
            ready = _made_ready(unit, judge(hub, unit, organisation, request, asked))
        again = _refused_again(unit, organisation, request, ready.judged, sha256)
        if again is not None:
            return again
        result = _store(unit, organisation, request, ready, sha256, actor)
    log.event("intake", tenant=tenant, declaration=result.declaration_id, status=result.status)
    return result


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


def _ahead(hub: Hub, tenant: str, organisation: Organisation, request: IntakeRequest, asked: Any) -> _Ready | None:  # noqa: ANN401 -- the programme's own
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
        return _made_ready(unit, judged)


def _still(unit: Unit, organisation: Organisation, request: IntakeRequest, asked: Any, ahead: _Ready) -> bool:  # noqa: ANN401 -- the programme's own
    """Whether what a list was judged and sealed by is what is stored now."""
    found = programme(request.programme).basis(unit, organisation, request, asked)
    return found == ahead.judged.basis and subjects.still(unit, ahead.persons)


def _made_ready(unit: Unit, judged: Judged) -> _Ready:
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
    return _Ready(declaration_id=declaration_id, judged=rest, persons=replace(persons, keys={}, found={}), bulks=bulks)


def _one_of_each(new: Sequence[NewClaim]) -> list[NewClaim]:
    """One claim for each set of parties."""
    return list({(item.claim.provider, item.claim.claimant, item.claim.submitter): item for item in new}.values())


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


def programmes() -> tuple[str, ...]:
    """The names of the programmes there are."""
    return tuple(sorted(_modules()))


@cache
def _modules() -> Mapping[str, ModuleType]:
    found = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return {module.NAME: module for module in found if hasattr(module, "NAME")}


def programme(name: str) -> ModuleType:
    """The module of a programme; ConfigurationError naming those there are."""
    if name not in _modules():
        raise ConfigurationError(f"no programme {name!r}", hint=f"known: {', '.join(programmes())}")
    return _modules()[name]


def formats_of(name: str) -> tuple[str, ...]:
    """The formats a programme's claims can be written in; empty when any of the partner's will do."""
    module = _modules().get(name)
    return tuple(getattr(module, "FORMATS", ()))


def _store(
    unit: Unit, organisation: Organisation, request: IntakeRequest, ready: _Ready, sha256: str, actor: Actor
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
    for row in judged.doubted:
        _doubt(unit, row, request)
    _ask_about_vanished(unit, organisation, judged)
    claims.belong(unit, judged.kept, declaration_id)
    if judged.new:
        claims.put_parties(unit, judged.new)
    bulk.insert(unit, ready.bulks)
    _tell(unit, organisation, request, judged, declaration_id)
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


def _tell(unit: Unit, organisation: Organisation, request: IntakeRequest, judged: Judged, declaration_id: str) -> None:
    """What of a list needs a person: rows that are held, a difference after submission, a refused file."""
    if judged.replaces is not None:
        for key in (f"declaration:{judged.replaces}", f"declaration:{judged.replaces}:{_CHANGED}"):
            tasks.done(unit, key, {"replaced_by": declaration_id})
    held = [outcome for outcome in judged.outcomes if outcome.outcome == HOLD]
    changed = judged.code == _CHANGED
    said = "" if changed else judged.code
    code = "LIST_REFUSED" if judged.state == declarations.REFUSED else said or ("ROWS_HELD" if held else "")
    if not code and not changed:
        return
    codes = Counter(outcome.code for outcome in held)
    values = {
        "practice": organisation.code,
        "module": request.module or texts.list_kind(request.programme),
        "period": request.period or f"{unit.now:%Y-%m-%d}",
        "count": len(held),
        "codes": _counted(codes),
        "reason": _refusal(judged),
        "added": 0,
        "removed": 0,
        "changed": 0,
        **judged.facts,
    }
    about = About(evidence={"declaration": declaration_id})
    if code:
        raise_case(unit, code, values, key=f"declaration:{declaration_id}", about=about)
    if changed:
        raise_case(unit, _CHANGED, values, key=f"declaration:{declaration_id}:{_CHANGED}", about=about)


def _counted(codes: Mapping[str, int]) -> dict[str, str]:
    """How many rows wait for which reason, in every language."""
    said = [(count, texts.cause(code)) for code, count in sorted(codes.items())]
    return {name: ", ".join(f"{count} × {words[name]}" for count, words in said) for name in texts.LANGUAGES}


def _refusal(judged: Judged) -> dict[str, str]:
    """Why a list was refused, with the columns that are the reason."""
    columns = [texts.spoken(name) for name in judged.facts.get("columns", ())]
    words = texts.cause(judged.code)
    return {name: f"{words[name]} {', '.join(one[name] for one in columns)}".strip() for name in texts.LANGUAGES}


def _decided(unit: Unit, organisation: Organisation, request: IntakeRequest, sha256: str) -> None:
    """A person lets a list that was held for its difference add to what went out: the held copy is answered."""
    held = declarations.same(
        unit, organisation.id, request.programme, request.period, sha256, module=request.module, states=("held",)
    )
    if held is not None:
        unit.update(schema.declaration, held["id"], state=declarations.REPLACED)
        tasks.done(unit, f"declaration:{held['id']}", {"delta": True})


def _ask_about_vanished(unit: Unit, organisation: Organisation, judged: Judged) -> None:
    """One case per claim that may have to go back; it closes when the claim is credited, or the person is back."""
    gone = {row["ref"] for row in judged.vanished}
    for task in tasks.open_tasks(unit):
        if judged.replaces and task["kind"] == _VANISHED.lower() and task["claim_ref"] not in gone:
            row = claims.by_ref(unit, task["claim_ref"])
            if row is not None and row["id"] in judged.kept:
                tasks.done(unit, task["key"], {"on_the_list_again": True})
    for row in judged.vanished:
        values = claim_values(unit, row) | {"practice": organisation.code}
        about = About(claim_ref=row["ref"], exchange_id=row["exchange_id"], amount=claimed(unit, row))
        raise_case(unit, _VANISHED, values, key=f"{_VANISHED.lower()}:{row['ref']}", about=about, reopen=True)


_VANISHED, _CHANGED = "VANISHED_FROM_LIST", "PERSONS_CHANGED"


def _doubt(unit: Unit, row: Row, request: IntakeRequest) -> None:
    """Hold a claim of another practice for a person who is on two lists; neither practice is named to the other."""
    code = "CLAIMED_ELSEWHERE"
    claims.hold(unit, row["id"], code)
    values = {"ref": row["ref"], "module": request.module, "period": request.period}
    about = About(claim_ref=row["ref"])
    raise_case(unit, code, values, key=f"hold:{row['ref']}:{code}", kind="held", about=about, reopen=True)


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
