"""Make a Vektis file anonymous, record by record: every person gets a fake that is the same everywhere.

What is personal stands in `rules/personal.csv`; what else a field may hold by mistake (letters where only digits may
stand, a filled reserve) is scrambled, because it may be a personal value in the wrong place. Lengths, amounts, codes,
counts and totals stay, so that `check` says the same before and after. References stay unless asked for, but for those
that somebody made from a BSN. A damaged record has no positions to go by: it is refused, or left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from hub.errors import FormatError
from hub.model.identity import is_bsn
from schemas.vektis.build import TYPED
from schemas.vektis.codec import Record
from schemas.vektis.field_rules import NO_BSN
from schemas.vektis.layout import RESERVED, Field, Layout, RecordLayout
from schemas.vektis.personal import NOBODY, PERSON, PROVIDER, REFERENCE, about
from schemas.vektis.renumber import renumbered
from schemas.vektis.tools.fakes import fake, scrambled

PEOPLE = frozenset({PERSON})
ALL = frozenset({PERSON, PROVIDER, REFERENCE})
_INK = "[!-~\xa1-\xff]"
_NINE_DIGITS = re.compile("(?<![0-9])[0-9]{9}(?![0-9])")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to do with a record kind: the fields to fake, the references kept, all others with what they may hold."""

    faked: tuple[tuple[Field, str], ...]
    kept: tuple[tuple[Field, str], ...]
    others: tuple[tuple[Field, Callable[[str], object]], ...]
    bsn: slice | None
    sound: Callable[[str], object]


@lru_cache(maxsize=512)
def _plan(layout: RecordLayout, groups: frozenset[str]) -> _Plan:
    faked: list[tuple[Field, str]] = []
    kept: list[tuple[Field, str]] = []
    others: list[tuple[Field, Callable[[str], object]]] = []
    pattern: list[str] = []
    for one in layout.fields:
        group, form = about(one)
        if group in groups and group != NOBODY:
            faked.append((one, form))
            pattern.append(f".{{{one.length}}}")
        else:
            if group == REFERENCE:
                kept.append((one, form))
            pattern.append(_may_hold(one))
            others.append((one, re.compile(pattern[-1]).fullmatch))
    sound = re.compile("".join(pattern), re.DOTALL).fullmatch
    return _Plan(tuple(faked), tuple(kept), tuple(others), layout.slices.get("NUM313"), sound)


def _may_hold(one: Field) -> str:
    if one.code == RESERVED:
        return f" {{{one.length}}}"
    if one.numeric:
        return f"[0-9]{{{one.length}}}"
    return f"(?: {{{one.length}}}|{_INK}{TYPED}{{{one.length - 1}}})"


def _tells_bsn(raw: str, own: str) -> bool:
    """Whether a reference holds the record's own BSN, or nine digits that are somebody's."""
    if own.isdigit() and own != NO_BSN and own.strip("0") and own in raw:
        return True
    return any(found != NO_BSN and is_bsn(found) for found in _NINE_DIGITS.findall(raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymiser:
    """Fakes by one key; the same key gives the same fakes in every file. Its repr does not show the key."""

    key: bytes
    groups: frozenset[str] = PEOPLE

    def __repr__(self) -> str:
        return f"Anonymiser(groups={sorted(self.groups)})"

    def record(self, record: Record) -> Record:
        """The record with fakes; FormatError when it is damaged, because then no position can be trusted."""
        if not record.whole:
            raise FormatError(
                "a damaged record cannot be made anonymous: its positions mean nothing",
                where=f"record {record.number}",
                hint="leave damaged records out, or have the file made again",
            )
        plan = _plan(record.layout, self.groups)
        text = record.text
        own = text[plan.bsn] if plan.bsn else ""
        telling = ((one, form) for one, form in plan.kept if _tells_bsn(text[one.at], own))
        for one, form in (*plan.faked, *telling):
            raw = text[one.at]
            made = self._fake(one, form, raw)
            if made != raw:
                text = text[: one.start - 1] + made + text[one.end :]
        if not plan.sound(text):
            text = self._odd(text, plan)
        return Record(record.layout, text, record.number, record.ending)

    def _fake(self, one: Field, form: str, raw: str) -> str:
        if raw == one.blank:
            return raw
        if not re.fullmatch(_may_hold(one), raw):
            return self._scrambled(raw)
        if one.numeric:
            return self._digits(form, raw, one.length)
        return fake(self.key, form, raw.rstrip(" "), one.length).ljust(one.length)

    def _digits(self, form: str, raw: str, length: int) -> str:
        """Numbers are told by their value, so that one without its leading zeros is the same person's."""
        value = raw if form in ("bsn", "birth", "agb") else raw.lstrip("0")
        return fake(self.key, form, value, length).rjust(length, "0")

    def _odd(self, text: str, plan: _Plan) -> str:
        """What does not look like its field may be somebody's value in the wrong place: its shape stays, no more."""
        for one, holds in plan.others:
            raw = text[one.at]
            if not holds(raw):
                text = text[: one.start - 1] + self._scrambled(raw) + text[one.end :]
        return text

    def _scrambled(self, raw: str) -> str:
        return scrambled(self.key, "odd", raw)


def anonymised(
    records: Iterable[Record], layout: Layout, anonymiser: Anonymiser, *, drop_damaged: bool = False
) -> Iterator[Record]:
    """The records with fakes; with `drop_damaged` the rest is counted and numbered again without them."""
    if not drop_damaged:
        return map(anonymiser.record, records)
    whole = (record for record in records if record.whole)
    return renumbered(map(anonymiser.record, whole), layout)
