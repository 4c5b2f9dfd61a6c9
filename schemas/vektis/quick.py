"""The quick answer of the check: a function per record kind, compiled from its rules, that a faultless record passes.

It asks what the careful way asks (`check.Checker.take`), of the same tables, in the order of what is cheap: place and
number, fields by runs, clauses, references. Only when nothing is wrong it notes the record; in every other case, and
wherever anything is out of the ordinary (a credit, a record that is not numbered on), it says no and has changed
nothing, so that the record can be judged the careful way. It may say no too often, never yes too often.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Protocol, cast

from hub.model.identity import is_bsn
from schemas.vektis.codec import as_date
from schemas.vektis.cross_rules import Context, Plan, plans_of
from schemas.vektis.field_rules import NO_BSN, FieldRule, RecordRules, is_day, rules_of
from schemas.vektis.layout import Layout, RecordLayout
from schemas.vektis.rule_compiler import clause_code
from schemas.vektis.rule_judge import Rule, days
from schemas.vektis.runs import OWN, SELDOM, SHARED, Run, runs_of
from schemas.vektis.structure import Sequence, Tally
from schemas.vektis.typed import compiled

Quick = Callable[[str, int], bool]
"""Takes a line without its line feed and its number; whether it was faultless and is noted."""

_REMEMBERED = 10_000
_NEAR = 8
"""Up to how many characters between two fields are remembered along with them."""
_SPECIAL = frozenset({"01", "03", "98", "99"})
"""Kinds that are always judged the careful way: they are few, and their place is not that of other records."""
_OWN_PLACE = re.compile(r"\bt\[(\d+):(\d+)\]")
_PLACE_ABOVE = re.compile(r"\bk\['(\d\d)'\]\[(\d+):(\d+)\]")
_SAME = re.compile(r"\(t\[(\d+):(\d+)\] == k\['(\d\d)'\]\[(\d+):(\d+)\]\)")


class State(Protocol):
    """What a check of a file knows so far."""

    tally: Tally
    sequence: Sequence
    context: Context
    bsn: str


def quick_checks(layout: Layout, state: State) -> dict[str, Quick]:
    """The quick answers of a layout for one file, by record kind; kinds that have none are judged the careful way."""
    return {kind: bind(state) for kind, bind in _bindings(layout).items()}


@lru_cache(maxsize=64)
def _bindings(layout: Layout) -> dict[str, Callable[[State], Quick]]:
    plans = plans_of(layout)
    if layout.money_kind == "06" or "02" not in layout.records or any(plan.sums for plan in plans.values()):
        return {}
    rules = rules_of(layout)
    return {
        kind: _binding(layout, record, rules[kind], plans[kind])
        for kind, record in layout.records.items()
        if kind not in _SPECIAL and "NUM040" in record and record.parent and not record.reserve
    }


@dataclass(slots=True)
class _Source:
    """What is gathered for one function: slices to take (place: name), those above, conditions, what it calls."""

    slices: dict[str, str] = field(default_factory=dict)
    above: dict[str, dict[str, str]] = field(default_factory=dict)
    known: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def name(self, start: int, stop: int) -> str:
        """The name of a slice of the record itself."""
        return self.slices.setdefault(f"{start}:{stop}", f"f{start}_{stop}")

    def name_above(self, kind: str, start: int, stop: int) -> str:
        """The name of a slice of the open record of another kind."""
        return self.above.setdefault(kind, {}).setdefault(f"{start}:{stop}", f"a{kind}_{start}_{stop}")

    def call(self, name: str, known: object) -> str:
        """The name under which the source calls something."""
        self.known[name] = known
        return name

    def named(self, code: str) -> str:
        """A clause's code with names for the slices it takes."""
        code = _PLACE_ABOVE.sub(lambda one: self.name_above(one[1], int(one[2]), int(one[3])), code)
        return _OWN_PLACE.sub(lambda one: self.name(int(one[1]), int(one[2])), code)


def _binding(layout: Layout, record: RecordLayout, rules: RecordRules, plan: Plan) -> Callable[[State], Quick]:
    source = _Source()
    runs = _joined(runs_of(rule.field for rule in rules.rules if rule.field.start > len(record.kind)))
    by_element = {rule.field.element: rule for rule in rules.rules}
    for run in runs:
        source.asked.append(_run_asked(source, run, [by_element[one.element] for one in run.fields]))
    _ask_clauses(source, plan.clauses.judged, runs)
    _ask_rest(source, rules, plan)
    text = _function(layout, record, plan, source)
    known = source.known | {"days": days, "is_bsn": is_bsn, "pops": _pops(layout, record)}
    return cast("Callable[[State], Quick]", compiled(text, "bind", **known))


def _joined(runs: list[Run]) -> list[Run]:
    """Own runs side by side are judged by one expression, with a short shared one between them."""
    joined: list[Run] = []
    for run in runs:
        short = run.sort == SHARED and len(run.blank) <= _NEAR
        if joined and joined[-1].sort == OWN and (run.sort == OWN or (short and "DAT" not in run.fields[0].code)):
            joined[-1] = Run((*joined[-1].fields, *run.fields), OWN)
        else:
            joined.append(run)
    return joined


def _run_asked(source: _Source, run: Run, rules: Iterable[FieldRule]) -> str:
    """The condition that the fields of a run are right by themselves."""
    name = source.name(run.at.start, run.at.stop)
    judge = _run_judge(run, "".join(rule.fast for rule in rules))
    if run.sort == SHARED:
        good, learn = _memory(judge)
        return f"({name} in {source.call(f'good_{name}', good)} or {source.call(f'learn_{name}', learn)}({name}))"
    asked = f"{source.call(f'judge_{name}', judge)}({name})"
    return f"({name} == {run.blank!r} or {asked})" if run.sort == SELDOM and judge(run.blank) else asked


def _run_judge(run: Run, expression: str) -> Callable[[str], object]:
    """Whether the text of a run has the forms and values its rules allow, with dates that exist."""
    match = re.compile(expression, re.DOTALL).fullmatch
    begins = run.at.start
    dates = [slice(one.start - 1 - begins, one.end - begins) for one in run.fields if is_day(one)]
    if not dates:
        return match
    return lambda text: match(text) and all(as_date(text[at]) or not text[at].strip("0") for at in dates)


def _memory(judge: Callable[..., object]) -> tuple[set[object], Callable[[object], bool]]:
    """What was right before, and a function that judges something new and remembers it when it is right."""
    good: set[object] = set()

    def learn(value: object) -> bool:
        if not judge(value):
            return False
        if len(good) >= _REMEMBERED:
            good.clear()
        good.add(value)
        return True

    return good, learn


def _ask_clauses(source: _Source, judged: Iterable[Rule], runs: list[Run]) -> None:
    """Add the clauses to what is asked: those on values that come back are remembered by those values."""
    shared = [run.at for run in runs if run.sort == SHARED]
    remembered = [rule for rule in judged if _within(rule, shared)]
    asked = [clause_code(rule) for rule in judged if rule not in remembered]
    if remembered:
        source.asked.append(_remembered(source, remembered))
    source.asked += [f"({source.named(code)})" for code in _merged(asked)]


def _within(rule: Rule, shared: list[slice]) -> bool:
    """Whether a clause looks at nothing but fields of this record whose values come back."""
    return all(
        not place.kind and any(at.start < place.field.start and place.field.end <= at.stop for at in shared)
        for place in rule.places.values()
    )


def _remembered(source: _Source, rules: list[Rule]) -> str:
    """The condition that these clauses hold, by the slices of the record that they look at."""
    spans: list[slice] = []
    for at in sorted((place.field.at for rule in rules for place in rule.places.values()), key=lambda one: one.start):
        if spans and at.start - spans[-1].stop <= _NEAR:
            spans[-1] = slice(spans[-1].start, max(spans[-1].stop, at.stop))
        else:
            spans.append(at)

    def part(found: re.Match[str]) -> str:
        start, stop = int(found[1]), int(found[2])
        index = next(index for index, at in enumerate(spans) if at.start <= start and stop <= at.stop)
        return f"p[{index}][{start - spans[index].start}:{stop - spans[index].start}]"

    code = " and ".join(f"({_OWN_PLACE.sub(part, clause_code(rule))})" for rule in rules)
    good, learn = _memory(compiled(f"def holds(p):\n    return {code}\n", "holds", days=days))
    key = f"({', '.join(source.name(at.start, at.stop) for at in spans)},)"
    return f"({key} in {source.call('good_clauses', good)} or {source.call('learn_clauses', learn)}({key}))"


def _merged(codes: Iterable[str]) -> Iterator[str]:
    """Fields side by side that must be as they stand above are compared at once."""
    places: list[tuple[str, int, int, int]] = []
    for code in codes:
        same = _SAME.fullmatch(code)
        if same is None:
            yield code
            continue
        kind, start, stop, shift = same[3], int(same[1]), int(same[2]), int(same[4]) - int(same[1])
        if places and places[-1][0::2] == (kind, start) and places[-1][3] == shift:
            start = places.pop()[1]
        places.append((kind, start, stop, shift))
    for kind, start, stop, shift in places:
        yield f"t[{start}:{stop}] == k[{kind!r}][{start + shift}:{stop + shift}]"


def _ask_rest(source: _Source, rules: RecordRules, plan: Plan) -> None:
    """Add what else would need a closer look: a BSN of its own, credits, what stands once, dates yet to come."""
    asked = source.asked
    if rules.bsn is not None:
        bsn = source.name(rules.bsn.start, rules.bsn.stop)
        asked.append(f"({bsn} == state.bsn or {bsn} == {NO_BSN!r} or is_bsn({bsn}))")
    if rules.rules and rules.rules[0].field.start > 1:
        asked.append("'\\0' not in whole")
    if plan.own is not None:
        asked += [f"{source.name(at.start, at.stop)} != 'C'" for at in plan.signs]
    once = dict.fromkeys(rule.field for rule in plan.once)
    asked += [f"{source.name(one.at.start, one.at.stop)} == {one.blank!r}" for one in once]
    days_ahead = " or ".join(f"{source.name(at.start, at.stop)} > today" for _, at in plan.days)
    if days_ahead:
        asked.append(f"not (today and ({days_ahead}))")


def _pops(layout: Layout, record: RecordLayout) -> dict[str, int]:
    """How many open records end where one of this kind begins, by the kind of the innermost; no entry: it cannot."""
    found: dict[str, int] = {}
    for kind in layout.records:
        chain = [kind]
        while layout.records[chain[-1]].parent in layout.records:
            chain.append(layout.records[chain[-1]].parent)
        if record.parent in chain:
            found[kind] = chain.index(record.parent)
    return found


def _function(layout: Layout, record: RecordLayout, plan: Plan, source: _Source) -> str:
    """The source text: what it looks up once for a file, the questions in order of what is cheap, then the noting."""
    kind = record.kind
    number, money = record.slices["NUM040"], Tally(layout).money if kind == layout.money_kind else None
    order = source.name(number.start, number.stop)
    amount, sign = (source.name(at.start, at.stop) for at in money) if money else ("", "")
    own = source.name(plan.own.start, plan.own.stop) if plan.own else ""
    bsn = record.slices.get("NUM313") if kind == "02" else None
    known_bsn = source.name(bsn.start, bsn.stop) if bsn else ""
    source.known |= {"slices": _getter([f":{record.length}", f"{record.length}:", *source.slices])}
    source.known |= {f"slices_{one}": _getter([*taken]) for one, taken in source.above.items()}
    source.known |= {"layout": record, "CR": "\r", "CR_LF": "\r\n"}
    above = [name for taken in source.above.values() for name in taken.values()]
    lines = [
        "def bind(state):",
        " tally, sequence, context = state.tally, state.sequence, state.context",
        " counts, kinds, open_records, children = tally.kinds, sequence.kinds, sequence.open, sequence.children",
        " above, reversed_before, today = context.above, context.reversed, context.today",
        f" add = context.seen[{kind!r}].add",
        *(f" was{one} = None" for one in source.above),
        *(f" {name} = ''" for name in above),
        " def quick(line, number):",
        *([f"  nonlocal {', '.join([*(f'was{one}' for one in source.above), *above])}"] if above else []),
        f"  (whole, end, {', '.join(source.slices.values())},) = slices(line)",
        f"  if end != CR or sequence.closed or not kinds or not {order}.isdecimal():",
        "   return False",
        f"  order, leaving = int({order}), pops.get(kinds[-1])",
        f"  if leaving is None or order {'<= sequence.number' if layout.is_response else '!= sequence.number + 1'}:",
        "   return False",
        *(["  if leaving and '04' not in children:", "   return False"] if kind == "02" else []),
        *(line for one, taken in source.above.items() for line in _above(one, [*taken.values()])),
        "  try:",
        f"   if not ({' and '.join(source.asked) or 'True'}):",
        "    return False",
        "  except ValueError:",
        "   return False",
        *([f"  if not {amount}.isdecimal():", "   return False"] if money else []),
        *_once(kind, own),
        *_noting(kind, plan, amount, sign, known_bsn),
        " return quick",
    ]
    return "\n".join(lines)


def _getter(places: list[str]) -> Callable[[str], tuple[str, ...]]:
    """Takes all slices at once, always as a tuple."""
    slices = [slice(*(int(part) if part else None for part in place.split(":"))) for place in places]
    return itemgetter(*slices, *slices[:1]) if len(slices) == 1 else itemgetter(*slices)


def _above(kind: str, names: list[str]) -> list[str]:
    """Take what is compared with from the open record of a kind, when it is another one than the last time."""
    unpacked = ", ".join(names if len(names) > 1 else [*names, "_"])
    return [
        f"  if above[{kind!r}] is not was{kind}:",
        f"   was{kind} = above[{kind!r}]",
        f"   ({unpacked},) = slices_{kind}(was{kind})",
    ]


def _once(kind: str, own: str) -> list[str]:
    """A reference stands once in a file and no credit named it before; asked last, since it is noted at once."""
    if not own:
        return []
    return [
        f"  if reversed_before and {kind!r} in reversed_before and reversed_before[{kind!r}].first({own}):",
        "   return False",
        f"  if {own}.strip() and add({own}, number):",
        "   return False",
    ]


def _noting(kind: str, plan: Plan, amount: str, sign: str, bsn: str) -> list[str]:
    """Note a faultless record: what the careful way would, in the tally, the sequence and the context."""
    claimed = [
        "  if tally.claimed is not None:",
        f"   tally.claimed += -int({amount}) if {sign} == 'C' else int({amount})",
    ]
    return [
        "  tally.number += 1",
        f"  counts[{kind!r}] = counts.get({kind!r}, 0) + 1",
        *(claimed if amount else []),
        "  state.last = entry = (layout, whole, number, CR_LF)",
        "  if leaving:",
        "   del kinds[-leaving:], open_records[-leaving:]",
        *(["  children.clear()"] if kind == "02" else []),
        f"  children.add({kind!r})",
        f"  kinds.append({kind!r})",
        "  open_records.append(entry)",
        "  sequence.number, sequence.last_detail, sequence.comment_lines = order, entry, 0",
        *([f"  state.bsn = {bsn}"] if bsn else []),
        *(f"  above[{one!r}] = ''" for one in plan.below),
        f"  above[{kind!r}] = whole",
        "  return True",
    ]
