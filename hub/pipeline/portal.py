"""What a practice or clinic sees of its own lists: tried before they are handed in, and what became of them.

A rehearsal takes the same steps as taking in, in a transaction that is taken back where a programme writes while it
judges: nothing of it stays. Whoever calls has looked within the visitor's fence whose list it is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.ledger.accounts import Account, Posting
from hub.ledger.balances import LineMoney, line_money
from hub.log import clean_text
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.quarter import quarter
from hub.model.reply import Code
from hub.pipeline import intake, worklist
from hub.pipeline.context import Hub
from hub.pipeline.finished import PROGRAMME, known_finished, look_finished
from hub.pipeline.intake import IntakeRequest, Judged, stored_outcome
from hub.pipeline.worklist import Reason
from hub.programmes.outcome import CLAIM, CLAIMED, RowOutcome, shown_as
from hub.store import claims, declarations, money, parties, portal, subjects
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit
from hub.texts import LANGUAGES

READY, ALREADY, REFUSED, SUBMITTED = "ready", "already_received", "refused", "submitted"
"""What a rehearsal says: can be handed in, is here, cannot be used, or adds to one whose claims went out."""
_SUBMITTED = "ALREADY_SUBMITTED"
_MANY = 500
_OBJECTED = ("refused", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A list beside the quarter before: people, insurers and money, counted."""

    period: str
    new: int
    gone: int
    moved: int
    same: int
    amount_minor: int
    before_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What handing a list in would come to; `received_at` is when the same bytes came before."""

    status: str
    sha256: str
    outcomes: Sequence[RowOutcome] = ()
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    dropped: Sequence[str] = ()
    change: Change | None = None
    declaration_id: str = ""
    received_at: datetime | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many rows end how; the numbers add up to the rows."""
        return dict(Counter(one.outcome for one in self.outcomes))

    @property
    def told(self) -> dict[str, int]:
        """The same as its practice is told it: what it can put right stands apart."""
        return dict(Counter(shown_as(one.outcome, one.code) for one in self.outcomes))

    @property
    def ready(self) -> int:
        """How many rows become a claim."""
        return sum(one.outcome in CLAIMED for one in self.outcomes)


def rehearse(hub: Hub, tenant: str, request: IntakeRequest, data: bytes) -> Rehearsal:
    """Try a list, or a finished file. HubError when it cannot be read at all."""
    if request.programme == PROGRAMME:
        return _finished(hub, tenant, request, data)
    steps = intake.programme(request.programme)
    sha256 = hashlib.sha256(data).hexdigest()
    with hub.store.reading(tenant) as unit:
        organisation = parties.organisation(unit, request.organisation)
        known = declarations.same(
            unit, organisation.id, request.programme, request.period, sha256, module=request.module
        )
        if known is not None:
            return _known(unit, known)
    asked = steps.ask(hub, tenant, organisation, request, data)
    with _trying(hub, tenant, request) as unit:
        judged: Judged = steps.judge(hub, unit, organisation, request, asked)
        submitted = judged.code == _SUBMITTED
        if submitted:
            judged = steps.judge(hub, unit, organisation, replace(request, delta=True), asked)
        change = _change(unit, organisation, request, judged) if judged.state != declarations.REFUSED else None
    status = REFUSED if judged.state == declarations.REFUSED else SUBMITTED if submitted else READY
    return Rehearsal(
        status=status,
        sha256=sha256,
        outcomes=judged.outcomes,
        code=judged.code,
        facts=judged.facts,
        findings=judged.findings,
        dropped=judged.dropped,
        change=change,
    )


def _finished(hub: Hub, tenant: str, request: IntakeRequest, data: bytes) -> Rehearsal:
    """Try a file of the practice's own system: it goes on whole, or not at all."""
    sha256 = hashlib.sha256(data).hexdigest()
    with hub.store.reading(tenant) as unit:
        within = parties.codes_below(unit, request.organisation)
    reading = look_finished(hub, data, within)
    with hub.store.reading(tenant) as unit:
        known = known_finished(unit, sha256)
        if known is not None and known["state"] != declarations.REFUSED:
            return _known(unit, known)
    return Rehearsal(
        status=REFUSED if reading.refused else READY,
        sha256=sha256,
        outcomes=[RowOutcome(line=each.at, row_id=clean_text(each.ref), outcome=CLAIM) for each in reading.drafts],
        code="CHECK_FAILED" if reading.refused else "",
        findings=reading.findings,
    )


@contextmanager
def _trying(hub: Hub, tenant: str, request: IntakeRequest) -> Iterator[Unit]:
    """A unit that leaves nothing; one that only reads keeps nobody waiting."""
    if intake.judges_ahead(request.programme):
        with hub.store.reading(tenant) as unit:
            yield unit
        return
    with hub.store.unit(tenant) as unit, unit.connection.begin_nested() as everything:
        yield unit
        everything.rollback()


def _known(unit: Unit, known: Row) -> Rehearsal:
    return Rehearsal(
        status=ALREADY,
        sha256=known["sha256"],
        outcomes=[stored_outcome(row) for row in declarations.rows_of(unit, known["id"])],
        code=known["summary"].get("code", ""),
        declaration_id=known["id"],
        received_at=known["received_at"],
    )


def _change(unit: Unit, organisation: Organisation, request: IntakeRequest, judged: Judged) -> Change | None:
    """Beside the quarter before; None where there is no such thing."""
    if not request.period:
        return None
    period = quarter(request.period)
    before = portal.live_claims(unit, organisation.code, request.module, str(period.plus(-1)))
    now = _standing(unit, judged)
    if not before and not now:
        return None
    both = before.keys() & now.keys()
    return Change(
        period=str(period.plus(-1)),
        new=len(now.keys() - before.keys()),
        gone=len(before.keys() - now.keys()),
        moved=sum(before[blind][0] != now[blind][0] for blind in both),
        same=sum(before[blind][0] == now[blind][0] for blind in both),
        amount_minor=sum(minor for _, minor in now.values()),
        before_minor=sum(minor for _, minor in before.values()),
        currency="EUR",
    )


def _standing(unit: Unit, judged: Judged) -> dict[str, tuple[str, int]]:
    """Insurer and amount of everybody who would be claimed with this list, by blind index."""
    found: dict[str, tuple[str, int]] = {}
    for row in claims.by_ids(unit, list(judged.kept)):
        found[row["blind"]] = (row["payer_code"], row["total_minor"] or 0)
    for item in judged.new:
        minor = sum(line.amount.minor for line in item.claim.lines)
        found[subjects.blind(unit, item.subject_kind, item.subject_value)] = (item.claim.payer_code, minor)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """One list that came in: its receipt, how its rows ended, and where its money stands by currency."""

    row: Row
    outcomes: Mapping[str, int]
    codes: Mapping[str, int]
    money: Sequence[LineMoney]
    told: Mapping[str, int]
    """The outcomes as its practice is told them: what it can put right stands apart."""

    @property
    def rows(self) -> int:
        """How many rows it had."""
        return sum(self.outcomes.values())

    @property
    def ready(self) -> int:
        """How many rows became a claim."""
        return sum(count for name, count in self.outcomes.items() if name in CLAIMED)


def handed_in(unit: Unit, rows: Sequence[Row]) -> list[HandedIn]:
    """Lists with their counts and money, whatever their number by two queries."""
    ids = [row["id"] for row in rows]
    counts, sums = portal.counts(unit, ids), _money(unit, ids)
    return [_handed_in(row, [one for one in counts if one["declaration_id"] == row["id"]], sums) for row in rows]


def _handed_in(row: Row, counted: Sequence[Row], sums: Mapping[str, list[LineMoney]]) -> HandedIn:
    outcomes, told, codes = Counter[str](), Counter[str](), Counter[str]()
    for one in counted:
        outcomes[one["outcome"]] += one["count"]
        told[shown_as(one["outcome"], one["code"])] += one["count"]
        if one["code"]:
            codes[one["code"]] += one["count"]
    return HandedIn(row=row, outcomes=outcomes, codes=codes, money=sums.get(row["id"], []), told=told)


def _money(unit: Unit, ids: Sequence[str]) -> dict[str, list[LineMoney]]:
    """Summed by the database, added up by the ledger's own rules."""
    postings = [_posting(unit, row) for row in portal.sums(unit, ids)]
    found: dict[str, list[LineMoney]] = {}
    for key, standing in line_money(postings).items():
        found.setdefault(key.split("|")[0], []).append(standing)
    return found


def _posting(unit: Unit, row: Row) -> Posting:
    return Posting(
        id="",
        key="",
        tenant=unit.tenant,
        at=unit.now,
        debit=Account(row["debit"]),
        credit=Account(row["credit"]),
        amount=Money(int(row["minor"]), row["currency"]),
        claim_line_id=f"{row['declaration_id']}|{row['currency']}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of the claim of one row: a word, the money, and why it was refused or changed.

    A reason without a code (`raw`) is what the payer wrote.
    """

    ref: str
    state: str
    claimed_minor: int
    granted_minor: int
    currency: str
    reasons: Sequence[Reason] = ()


def row_results(hub: Hub, unit: Unit, rows: Sequence[Row]) -> dict[str, RowResult]:
    """The results of a page of rows, by row id. One word: held, waiting, sent, or what the payer decided."""
    ids = [row["claim_id"] for row in rows if row["claim_id"]]
    heads = {row["id"]: row for row in claims.by_ids(unit, ids)}
    by_claim: dict[str, list[Row]] = {}
    for line in claims.lines(unit, list(heads)):
        by_claim.setdefault(line["claim_id"], []).append(line)
    line_ids = [line["id"] for lines in by_claim.values() for line in lines]
    said = {row["claim_line_id"]: row for row in money.decisions(unit, line_ids)}
    return {
        row["id"]: _result(hub, heads[row["claim_id"]], by_claim.get(row["claim_id"], []), said)
        for row in rows
        if row["claim_id"] in heads
    }


def _result(hub: Hub, head: Row, lines: Sequence[Row], said: Mapping[str, Row]) -> RowResult:
    decided = [said[line["id"]] for line in lines if line["id"] in said]
    partner = hub.registry.partners.get(head["payer"])
    codes = dict.fromkeys(Code(**code) for row in decided for code in row["codes"])
    words = dict.fromkeys(clean_text(row["text"]) for row in decided if row["text"] and row["verdict"] in _OBJECTED)
    return RowResult(
        ref=head["ref"],
        state=_state(head, lines),
        claimed_minor=sum(line["amount_minor"] for line in lines),
        granted_minor=sum(line["granted_minor"] for line in lines),
        currency=head["currency"],
        reasons=[
            *(worklist.reason_of(partner, code) for code in codes),
            *(Reason(raw="", text=dict.fromkeys(LANGUAGES, said)) for said in words),
        ],
    )


def _state(head: Row, lines: Sequence[Row]) -> str:
    verdicts = {line["verdict"] for line in lines}
    for word in ("refused", "changed", "granted"):
        if word in verdicts:
            return word
    if head["hold_code"] == "WITHDRAWN":
        return "withdrawn"
    if head["exchange_id"] is None:
        return "held" if head["hold_code"] else "prepared"
    return "sent"


def module_choices(unit: Unit, codes: Sequence[str]) -> list[tuple[Organisation, tuple[str, ...]]]:
    """The practices of these codes with the modules they ever took part in; clinics and groups are not practices."""
    found = [one for one in parties.organisations(unit, "practice") if one.code in codes]
    return [(one, tuple(sorted(parties.participations(unit, one.id)))) for one in found]
