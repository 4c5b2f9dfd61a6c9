"""A payer's way of naming what it pays, learned from texts: a pattern is proposed and tried, a person decides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.matching.items import Match, MatchRules, OpenItem
from hub.matching.payments import match
from hub.matching.references import by_patterns, compact, plain
from hub.model.payment import Payment

_MARKED = re.compile(r"\[([^\[\]]+)\]")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[A-Z]{1,5}-?)?[0-9][0-9./-]*[0-9](?![0-9A-Za-z])")
_WORD_BEFORE = re.compile(r"([^\W\d_]{2,})([^\w]*)$")
_SHORTEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text with the number it names, and where that stands."""

    text: str
    number: str
    start: int
    end: int

    @property
    def marked(self) -> str:
        """The text with its number in brackets."""
        return f"{self.text[: self.start]}[{self.text[self.start : self.end]}]{self.text[self.end :]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a payment is matched to without the pattern and with it."""

    payment: Payment
    before: Match
    after: Match

    @property
    def differs(self) -> bool:
        """Whether the pattern changes what would be posted."""
        return self.before.allocations != self.after.allocations


def example(text: str, known: Collection[str] = ()) -> Example | None:
    """The number in a text: in brackets, else one of the known numbers as it stands, else the longest there is."""
    marked = _MARKED.search(text)
    if marked:
        bare = f"{text[: marked.start()]}{marked[1]}{text[marked.end() :]}"
        return Example(text=bare, number=compact(marked[1]), start=marked.start(), end=marked.start() + len(marked[1]))
    for number in sorted(known, key=lambda each: (-len(each), each)):
        hit = re.search(rf"(?<![0-9]){re.escape(number)}(?![0-9])", text) if len(number) >= _SHORTEST else None
        if hit:
            return Example(text=text, number=compact(number), start=hit.start(), end=hit.end())
    hits = [hit for hit in _NUMBER.finditer(text) if len(plain(hit[0])) >= _SHORTEST]
    if not hits:
        return None
    best = max(hits, key=lambda hit: (len(plain(hit[0])), -hit.start()))
    return Example(text=text, number=compact(best[0]), start=best.start(), end=best.end())


def propose(examples: Sequence[Example]) -> tuple[str, ...]:
    """Patterns that find the numbers of the examples: what stands before a number, and how it looks."""
    shapes: dict[tuple[str, str], list[str]] = {}
    for one in examples:
        before = _WORD_BEFORE.search(one.text[: one.start])
        word = before[1].casefold() if before else ""
        shapes.setdefault((word, _letters(one)), []).append(one.text[one.start : one.end])
    ranked = Counter({key: len(numbers) for key, numbers in shapes.items()}).most_common()
    return tuple(_pattern(word, letters, shapes[word, letters]) for (word, letters), _ in ranked)


def _letters(one: Example) -> str:
    """The letters a number begins with; they are part of the pattern."""
    return "".join(char for char in one.text[one.start : one.end] if char.isalpha()).upper()


def _pattern(word: str, letters: str, numbers: Sequence[str]) -> str:
    sizes = [sum(char.isdigit() for char in number) for number in numbers]
    shortest, longest = min(sizes), max(sizes)
    count = f"{{{shortest}}}" if shortest == longest else f"{{{shortest},{longest}}}"
    signs = "".join(sorted({char for number in numbers for char in number if not char.isalnum()}))
    if signs:
        inside = f"[0-9{re.escape(signs)}]{{{min(map(len, numbers)) - len(letters)},{max(map(len, numbers))}}}"
    else:
        inside = f"[0-9]{count}"
    before = rf"\b{re.escape(word)}[^0-9A-Za-z]*" if word else r"(?<![0-9A-Za-z])"
    return rf"(?i){before}({re.escape(letters)}{inside})(?![0-9])"


def found(pattern: str, texts: Iterable[str]) -> list[tuple[str, list[str]]]:
    """The texts a pattern finds numbers in, with those numbers."""
    tried = ((text, by_patterns(text, (pattern,))) for text in texts)
    return [(text, numbers) for text, numbers in tried if numbers]


def effects(
    payments: Sequence[Payment], items: Sequence[OpenItem], rules: MatchRules, payer: str, patterns: Sequence[str]
) -> list[Effect]:
    """What a payer's patterns would change for payments, all else being equal."""
    theirs: Mapping[str, tuple[str, ...]] = rules.remittance_patterns
    more = replace(rules, remittance_patterns={**theirs, payer: (*theirs.get(payer, ()), *patterns)})
    before, after = match(payments, items, rules), match(payments, items, more)
    return [
        Effect(payment=payment, before=one, after=other)
        for payment, one, other in zip(payments, before, after, strict=True)
    ]
