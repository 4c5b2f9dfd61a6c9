"""Level N5: what fields of one record, of a record and those above it, and of the whole file must agree on.

Sources: the clauses of the tables (`rule_language`), which carry nearly all of it; STB GZ321 on credits for the one
rule that needs the whole file and is written here: a credit never stands beside the debit it reverses. Of the records
only those that are open are kept, and of references only a short digest, so that a file of any size can be judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from schemas.vektis.codec import Record, as_date
from schemas.vektis.field_rules import is_day
from schemas.vektis.layout import SIGN_LIST, Layout, RecordLayout
from schemas.vektis.report import Report
from schemas.vektis.rule_compiler import RecordClauses, ancestors, clauses_of
from schemas.vektis.rule_judge import Judge, Place, Rule
from schemas.vektis.seen import Seen
from schemas.vektis.structure import cents

_REFERENCES = (("NUM362", "NUM363"), ("NUM371", "NUM372"), ("NUM415", "NUM416"), ("NUM417", "NUM418"))
"""A record's own reference and that of the record it reverses."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do at a record of one kind: clauses, kinds under it, references, and what is added up.

    `own` and `previous` are the places of its own reference and of the one it reverses, `addends` the fields that some
    record above adds up: that record's kind, the element and a judge of the value. `sums` are asked when it closes;
    `unique` is the rule that a record's own reference stands once, `once` what else does.
    """

    clauses: RecordClauses
    below: tuple[str, ...]
    days: tuple[tuple[str, slice], ...]
    signs: tuple[slice, ...]
    once: tuple[Rule, ...]
    unique: Rule | None
    own: slice | None
    previous: slice
    addends: tuple[tuple[str, str, Judge], ...]
    sums: tuple[tuple[Rule, str], ...]


@cache
def plans_of(layout: Layout) -> dict[str, Plan]:
    """What there is to do at the records of a layout, by kind."""
    return {kind: _plan(layout, record) for kind, record in layout.records.items()}


def _plan(layout: Layout, record: RecordLayout) -> Plan:
    clauses = clauses_of(layout)[record.kind]
    own, previous = (None, slice(0)) if layout.is_response else _own_references(record)
    return Plan(
        clauses=clauses,
        below=tuple(one for one in layout.records if record.kind in ancestors(layout, one)),
        days=tuple((one.element, one.at) for one in record.fields if is_day(one) and one.start >= layout.tail),
        signs=tuple(one.at for one in record.fields if one.codelist == SIGN_LIST),
        once=tuple(rule for rule in clauses.once if rule.field.at != own),
        unique=next((rule for rule in clauses.once if rule.field.at == own), None),
        own=own,
        previous=previous,
        addends=tuple(_addends(layout, record.kind)),
        sums=tuple((rule, _summed(rule).field.element) for rule in clauses.sums),
    )


def _own_references(record: RecordLayout) -> tuple[slice | None, slice]:
    """The places of a record's own reference and of the one it reverses; None when it has none."""
    for own, previous in _REFERENCES:
        if own in record and previous in record:
            return record.slices[own], record.slices[previous]
    return None, slice(0)


def _summed(rule: Rule) -> Place:
    return rule.places[rule.clause.demand.values[0].fields[0]]


def _addends(layout: Layout, kind: str) -> Iterator[tuple[str, str, Judge]]:
    for owner, clauses in clauses_of(layout).items():
        for rule in clauses.sums:
            place = _summed(rule)
            if place.kind == kind:
                yield owner, place.field.element, place.good


@dataclass(slots=True)
class Context:
    """What later records are compared with: the open records above, running sums, references seen so far.

    `above` has the text of the open record of every kind, empty where there is none or it is damaged; `owners` the
    open records that add something up. `seen` is by record kind and by what else may stand once, `reversed` by kind.
    """

    report: Report
    layout: Layout
    on: date | None = None
    today: str = field(init=False)
    plans: dict[str, Plan] = field(init=False, repr=False)
    above: dict[str, str] = field(init=False)
    owners: dict[str, Record] = field(default_factory=dict)
    sums: dict[tuple[str, str], int | None] = field(default_factory=dict)
    seen: defaultdict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    reversed: defaultdict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))

    def __post_init__(self) -> None:
        """Begin with nothing open."""
        self.today = f"{self.on:%Y%m%d}" if self.on else ""
        self.plans = plans_of(self.layout)
        self.above = dict.fromkeys(self.layout.records, "")

    def lost(self, kind: str = "") -> None:
        """A record that cannot be read stands where one of this kind would: nothing is compared with what was there.

        Without a kind it may have been any detail record.
        """
        opening = next(iter(self.layout.records), "")
        gone = [kind, *self.plans[kind].below] if kind else [one for one in self.above if one != opening]
        for one in gone:
            self.above[one] = ""
            self.owners.pop(one, None)
        for owner, element, _ in (addend for one in gone for addend in self.plans[one].addends):
            self.sums[owner, element] = None


def check_header(record: Record, context: Context) -> None:
    """Rules within the opening record."""
    _check_clauses(record, context.plans[record.layout.kind], context)
    context.above[record.layout.kind] = record.text


def check_record(record: Record, context: Context) -> None:
    """Rules of a detail or closing record: within itself, against the records above, and against the file so far."""
    kind, above = record.layout.kind, context.above
    plan = context.plans[kind]
    if kind in ("98", "99"):
        _check_clauses(record, plan, context)
        return
    if context.owners:
        _close((kind, *plan.below), context)
    for one in plan.below:
        above[one] = ""
    _check_clauses(record, plan, context)
    if plan.own is not None:
        _check_references(record, plan, plan.own, context)
    for rule in plan.once:
        _check_once(rule, record, context)
    for owner, element, good in plan.addends:
        _add(record, owner, element, good, context)
    above[kind] = record.text
    if plan.sums:
        context.owners[kind] = record
        for _, element in plan.sums:
            context.sums[kind, element] = 0


def _check_clauses(record: Record, plan: Plan, context: Context) -> None:
    text = record.text
    try:
        held = plan.clauses.holds(text, context.above)
    except ValueError:
        held = False
    if not held:
        for rule in plan.clauses.broken(text, context.above):
            amounts = rule.amounts(text, context.above)
            value, expected = map(cents, amounts) if amounts else ("", "")
            tell(rule, record, context.report, expected, value)
    if context.today:
        for element, at in plan.days:
            if text[at] > context.today and as_date(text[at]) is not None:
                context.report.add("FUTURE-DATE", record, element)


def tell(rule: Rule, record: Record, report: Report, expected: str = "", value: str = "") -> None:
    """Add the finding of a rule that a record breaks."""
    said = expected or rule.names
    report.add(rule.clause.message, record, rule.field.element, returns=rule.returns, value=value, expected=said)


def _add(record: Record, owner: str, element: str, good: Judge, context: Context) -> None:
    raw, so_far = record[element], context.sums.get((owner, element))
    context.sums[owner, element] = so_far + int(raw) if so_far is not None and good(raw) else None


def _close(kinds: Iterable[str], context: Context) -> None:
    """Records are complete: ask the sums over what stood under them."""
    for kind in kinds:
        owner = context.owners.pop(kind, None)
        if owner is None:
            continue
        for rule, element in context.plans[kind].sums:
            total = context.sums.pop((kind, element), None)
            applies = total is not None and rule.applies(owner.text, context.above)
            if applies and int(owner[rule.field.element]) != total:
                tell(rule, owner, context.report, str(total))


def _check_references(record: Record, plan: Plan, own: slice, context: Context) -> None:
    """A reference stands once in a file, and a credit not beside the debit it names; numbers of credits are below 0."""
    kind, text, number = record.layout.kind, record.text, record.number
    reference, before = text[own], text[plan.previous]
    credit = any(text[at] == "C" for at in plan.signs)
    first = context.seen[kind].add(reference, -number if credit else number) if reference.strip() else 0
    if first and plan.unique is not None:
        tell(plan.unique, record, context.report, str(abs(first)))
    other = 0
    if credit and before.strip():
        context.reversed[kind].add(before, number)
        other = max(context.seen[kind].first(before), 0)
    elif not credit and kind in context.reversed:
        other = context.reversed[kind].first(reference)
    if other:
        context.report.add("CREDIT-AND-DEBIT", record, returns="8062", expected=str(other))


def _check_once(rule: Rule, record: Record, context: Context) -> None:
    raw = record.text[rule.field.at]
    if raw == rule.field.blank or (rule.clause.conditions and not rule.applies(record.text, context.above)):
        return
    first = context.seen[rule.field.element].add(rule.key(record.text), record.number)
    if first and first != record.number:
        tell(rule, record, context.report, str(first))


def check_whole(context: Context) -> None:
    """What is only known when the file ends: sums over the last records."""
    _close(tuple(context.owners), context)
