"""A practice insurer: reads a claim file and answers as a plan says, or as magic insured numbers ask.

Fixed-width files of every standard get their response file, GDS801 messages a GDS802 (`insurer_gds`).
Magic values stand in the insured number (0205), so that anybody can try a sandbox: `TEST-REFUSE`, `TEST-CHANGE`
(half of it), `TEST-LATE` (the whole answer waits), `TEST-TWICE` (the answer comes twice), `TEST-SILENT` (no answer at
all), `TEST-CLEARING` (the clearing house refuses the file for this line).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from hub.model.money import Money
from hub.model.reply import Code
from hub.sandbox import insurer_gds
from mappings.vektis_replies import line_ref
from mappings.vektis_responses import ALL, NONE, WRONG, LineVerdict, to_response
from schemas import gds, vektis
from schemas.gds import GdsMessage
from schemas.vektis import Record, VektisFile

_Sent = TypeVar("_Sent")

REFUSE = Code(list="COD957", code="101", element="0403")
CHANGE = Code(list="COD957", code="104", element="0412")
CLEARING = Code(list="COD957", code="160", element="0413")
MAGIC = ("TEST-REFUSE", "TEST-CHANGE", "TEST-LATE", "TEST-TWICE", "TEST-SILENT", "TEST-CLEARING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an insurer answers one file: `lines` by BSN, everything else as claimed.

    `shown` are lines returned although nothing is wrong with them (by BSN). `cleared` are lines (by BSN) for which the
    clearing house refuses the whole file. `silent`: no answer; `late`: later; `copies`: how often.
    """

    lines: Mapping[str, LineVerdict] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    cleared: Mapping[str, Code] = field(default_factory=dict)
    none: bool = False
    late: bool = False
    silent: bool = False
    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response: its bytes, who it is from, and how it is delivered."""

    payload: bytes
    by_clearing: bool = False
    late: bool = False
    copies: int = 1


class InsurerSandbox:
    """Answers claim files by UZOVI; a plan is used for the first file of its UZOVI, later files are granted."""

    def __init__(self, plans: Mapping[str, Plan], *, day: date) -> None:
        self._plans = dict(plans)
        self.day = day
        self._count = 0

    def plan(self, uzovi: str, plan: Plan) -> None:
        """What the next file of this UZOVI gets."""
        self._plans[uzovi] = plan

    def answer(self, payload: bytes) -> list[Answer]:
        """The responses to one claim file."""
        self._count += 1
        if gds.is_gds(payload):
            return self._message(gds.read(payload))
        file = vektis.read(payload)
        plan = _with_magic(self._plans.pop(file.header.string("0108"), Plan(none=True)), file)
        return _delivered(plan, self._cleared if plan.cleared else self._answered, file)

    def _message(self, message: GdsMessage) -> list[Answer]:
        """The responses to a GDS801 message; the same plans, by BSN."""
        plan = self._plans.pop(insurer_gds.receiver(message), Plan(none=True))
        return _delivered(plan, self._answered_message, message)

    def _answered_message(self, message: GdsMessage, plan: Plan) -> bytes:
        if plan.cleared:
            return insurer_gds.cleared(message, plan.cleared, day=self.day)
        ref = f"Z{self._count:08d}"
        return insurer_gds.answered(message, plan.lines, plan.shown, day=self.day, payer_ref=ref)

    def _answered(self, file: VektisFile, plan: Plan) -> bytes:
        verdicts = _by_ref(file, plan.lines)
        shown = frozenset(_by_ref(file, dict.fromkeys(plan.shown, LineVerdict())))
        only = NONE if plan.none and not verdicts and not shown else WRONG
        response = to_response(
            file, verdicts, response_date=self.day, payer_ref=f"Z{self._count:08d}", only=only, shown=shown
        )
        return vektis.write(response)

    def _cleared(self, file: VektisFile, plan: Plan) -> bytes:
        faults = {bsn: LineVerdict(granted=_NOTHING, codes=(code,)) for bsn, code in plan.cleared.items()}
        every = {line_ref(record): LineVerdict(granted=_NOTHING) for record in _lines(file)}
        verdicts = every | _by_ref(file, faults)
        return vektis.write(to_response(file, verdicts, response_date=self.day, payer_ref="VECOZO", only=ALL))


def _delivered(plan: Plan, answer: Callable[[_Sent, Plan], bytes], sent: _Sent) -> list[Answer]:
    """The answers a plan asks for: none, one, late, or several times."""
    if plan.cleared:
        return [Answer(payload=answer(sent, plan), by_clearing=True, late=plan.late)]
    if plan.silent:
        return []
    return [Answer(payload=answer(sent, plan), late=plan.late, copies=plan.copies)]


_NOTHING = Money(0, "EUR")


def _lines(file: VektisFile) -> list[Record]:
    return [record for record in file.records if record.kind == file.layout.money_kind]


def _by_ref(file: VektisFile, by_bsn: Mapping[str, LineVerdict]) -> dict[str, LineVerdict]:
    """Verdicts by line reference, of the lines of these people."""
    found = {line_ref(record): by_bsn.get(record.string("NUM313")) for record in _lines(file)}
    return {ref: verdict for ref, verdict in found.items() if verdict is not None}


def _with_magic(plan: Plan, file: VektisFile) -> Plan:
    """The plan with what magic insured numbers ask for on top."""
    asked: dict[str, list[Record]] = {}
    for record in _lines(file):
        word = record.string("NUM003").strip() if "NUM003" in record else ""
        if word in MAGIC:
            asked.setdefault(word, []).append(record)
    refused = {
        record.string("NUM313"): LineVerdict(granted=_NOTHING, codes=(REFUSE,)) for record in asked.get(MAGIC[0], [])
    }
    changed = {record.string("NUM313"): _half(record) for record in asked.get(MAGIC[1], [])}
    return replace(
        plan,
        lines={**plan.lines, **refused, **changed},
        late=plan.late or MAGIC[2] in asked,
        copies=max(plan.copies, 2 if MAGIC[3] in asked else 1),
        silent=plan.silent or MAGIC[4] in asked,
        cleared={**plan.cleared, **{record.string("NUM313"): CLEARING for record in asked.get(MAGIC[5], [])}},
    )


def _half(record: Record) -> LineVerdict:
    return LineVerdict(granted=Money(record.amount_of("BED161") // 2, "EUR"), codes=(CHANGE,))
