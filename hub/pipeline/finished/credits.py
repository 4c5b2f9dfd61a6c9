"""Credits in a finished claim file, checked against the debits we hold (decision 5; STB GZ321 1.0 on crediting).

Only what was granted is credited, once, in full and for the amount granted, as an exact copy. That a credit never
stands in the file of its debit, or twice in one file, are rules on the file alone (8062, 0651), not judged again here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.errors import ContentError
from hub.model.claim import ClaimKind
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Verdict
from hub.pipeline import replacements
from hub.pipeline.finished.reading import Draft, Place, Reading, problem
from hub.policy.corrections import WITHDRAWN, Credited
from hub.store import claims, exchanges, schema
from hub.store.unit import Row, Unit
from mappings.vektis_credits import Claimed, Difference, claimed_lines, comparable, differences
from schemas import vektis

_BATCH = 500


def with_credit_rules(unit: Unit, reading: Reading, data: bytes) -> Reading:
    """The reading with what is wrong with its credits, as far as we know their debits."""
    drafts = [each for each in reading.drafts if each.kind is ClaimKind.CREDIT and each.corrects]
    own = {each.ref for each in reading.drafts if each.kind is ClaimKind.DEBIT}
    outside = [each for each in drafts if each.corrects not in own]
    if reading.refused or reading.country != "NL" or not outside:
        return reading
    debits = _debits(unit, reading.claimant, [each.corrects for each in outside])
    desk = _Desk(unit, claimed_lines(vektis.read(data)) if vektis.recognise(data) else {})
    found = [finding for draft in outside for finding in desk.judge(draft, debits.get(draft.corrects))]
    return replace(reading, findings=(*reading.findings, *found))


@dataclass(frozen=True, slots=True)
class _Debit:
    """A line that is credited, with the claim it belongs to."""

    claim: Row
    line: Row


def _debits(unit: Unit, claimant: str, refs: Sequence[str]) -> dict[str, _Debit]:
    """The claimant's debits by line reference; references of another provider of this tenant are another matter."""
    table = schema.claim_line
    lines: list[Row] = []
    for start in range(0, len(refs), _BATCH):
        lines += unit.rows(unit.mine(table, table.c.ref.in_(refs[start : start + _BATCH])))
    by_id = {row["id"]: row for row in claims.by_ids(unit, list({line["claim_id"] for line in lines}))}
    return {
        line["ref"]: _Debit(row, line)
        for line in lines
        if (row := by_id[line["claim_id"]])["kind"] == ClaimKind.DEBIT.value
        and row["claimant_code"] == claimant
        and row["hold_code"] != WITHDRAWN
    }


@dataclass(slots=True)
class _Desk:
    """Judges the credits of one file; the files their debits went out in are read once."""

    unit: Unit
    credits_: Mapping[str, Claimed]
    sent: dict[str, Mapping[str, Claimed]] = field(default_factory=dict)

    def judge(self, draft: Draft, debit: _Debit | None) -> Iterator[Finding]:
        """What is wrong with one credit; of an XML message (GDS801) there is no record to compare."""
        if debit is None:
            yield _found("KVITT-CREDIT-06", "CREDIT_UNKNOWN_DEBIT", draft, warning=True)
        else:
            yield from self._against(draft, debit)

    def _against(self, draft: Draft, debit: _Debit) -> Iterator[Finding]:
        payer = debit.claim["payer_name"] or debit.claim["payer"]
        verdict = Verdict(debit.line["verdict"])
        by = self._credited_by(draft, debit)
        if verdict is Verdict.REFUSED:
            yield _found("KVITT-CREDIT-01", "CREDIT_OF_REFUSED", draft, payer=payer)
        elif verdict not in (Verdict.GRANTED, Verdict.CHANGED):
            yield _found("KVITT-CREDIT-02", "CREDIT_OF_UNDECIDED", draft, payer=payer)
        elif by:
            yield _found("KVITT-CREDIT-03", "CREDIT_TWICE", draft, by=by)
        else:
            yield from _amount(draft, debit)
            yield from self._copy(draft, debit)

    def _credited_by(self, draft: Draft, debit: _Debit) -> str:
        """The credit that stands already, unless this is that very credit, handed in again after a refusal."""
        if replacements.credited(self.unit, debit.claim["ref"]) not in (Credited.WAITING, Credited.ACCEPTED):
            return ""
        standing = replacements.standing(self.unit, debit.claim["ref"], ClaimKind.CREDIT)
        others = [row["ref"] for row in standing if row["business_key"] != draft.key]
        return str(others[-1]) if others else ""

    def _copy(self, draft: Draft, debit: _Debit) -> Iterator[Finding]:
        credit, before = self.credits_.get(draft.ref), self._as_sent(debit)
        if credit is None or before is None:
            return
        if not comparable(credit, before):
            standard = exchanges.get(self.unit, debit.claim["exchange_id"])["kind"]
            yield _found("KVITT-CREDIT-07", "CREDIT_NOT_COMPARED", draft, warning=True, standard=standard)
            return
        for each in differences(credit, before):
            yield _differs(draft, each)

    def _as_sent(self, debit: _Debit) -> Claimed | None:
        """The debit's own record, None where its file is gone or was no fixed-width file."""
        exchange_id = debit.claim["exchange_id"]
        if exchange_id is None:
            return None
        if exchange_id not in self.sent:
            self.sent[exchange_id] = self._lines_of(exchange_id)
        return self.sent[exchange_id].get(debit.line["ref"])

    def _lines_of(self, exchange_id: str) -> Mapping[str, Claimed]:
        try:
            payload = exchanges.message(self.unit, exchanges.get(self.unit, exchange_id)).payload
        except ContentError:
            return {}  # erased with its retention period
        return claimed_lines(vektis.read(payload)) if vektis.recognise(payload) else {}


def _amount(draft: Draft, debit: _Debit) -> Iterator[Finding]:
    granted = Money(debit.line["granted_minor"], debit.line["currency"])
    credited = -sum((line.amount for line in draft.lines[1:]), draft.lines[0].amount)
    if credited != granted:
        yield _found("KVITT-CREDIT-04", "CREDIT_AMOUNT", draft, credited=credited, granted=granted)


def _differs(draft: Draft, each: Difference) -> Finding:
    """Which field, never what stands in it: it may be personal."""
    one, number = each.field, each.record.number
    place = Place(
        location=f"{number}:{each.record.kind}/{one.element}",
        record=number,
        element=one.element,
        start=one.start,
        end=one.end,
    )
    words = "CREDIT_DIFFERS"
    return problem(
        "KVITT-CREDIT-05", words, at=place, record=number, element=one.element, name=one.name, previous=draft.corrects
    )


def _found(code: str, words: str, draft: Draft, *, warning: bool = False, **values: object) -> Finding:
    place = Place(location=str(draft.at), record=draft.at)
    return problem(code, words, at=place, warning=warning, record=draft.at, previous=draft.corrects, **values)
