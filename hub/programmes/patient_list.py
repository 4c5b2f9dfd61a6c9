"""A practice's list as a whole: is it the right file, how does it differ from the last one (P05, S03, S04)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.model.finding import Finding, Severity
from hub.model.identity import is_agb, is_bsn
from hub.model.quarter import quarter_of
from hub.programmes.module_context import ModuleContext
from hub.programmes.outcome import say
from hub.programmes.rows import PatientRow

CHANGE_PERCENT = 20
"""A list with so many per cent more or fewer rows than last quarter's gets a warning."""

_PERSON_FIELDS = (
    "birth_date",
    "sex",
    "initials",
    "prefix",
    "name",
    "postal_code",
    "house_number",
    "house_suffix",
    "insured_number",
)
_ROW_FIELDS = ("practice_agb", "performer_agb", "enrolled", "deregistered", "deceased", "uzovi")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRefusal:
    """Why a whole list is refused: a code, sentences, and the first lines that show it."""

    code: str
    text: dict[str, str]
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a corrected list changes, by BSN: new rows, vanished rows, and pairs (old, new) that differ."""

    added: tuple[PatientRow, ...]
    removed: tuple[PatientRow, ...]
    changed: tuple[tuple[PatientRow, PatientRow], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def file_refusal(rows: Sequence[PatientRow], ctx: ModuleContext) -> FileRefusal | None:
    """Why this list cannot be used for this practice and quarter at all, if so."""
    if not rows:
        return _refusal("EMPTY_LIST")
    agreement = ctx.participation.processing_agreement
    if agreement is None or not agreement.holds_on(ctx.today):
        return _refusal("NO_DPA")
    strangers = [row.line for row in rows if is_agb(row.practice_agb) and row.practice_agb != ctx.provider.id]
    if strangers:
        return _refusal("WRONG_PRACTICE", strangers, agb=ctx.provider.id)
    others = [row.line for row in rows if row.reference_date not in (None, ctx.reference_date)]
    if others:
        return _refusal("WRONG_REFERENCE_DATE", others, day=ctx.reference_date.isoformat(), quarter=str(ctx.quarter))
    return _history_refusal(rows, ctx)


def _history_refusal(rows: Sequence[PatientRow], ctx: ModuleContext) -> FileRefusal | None:
    """A list without dates only shows today's state, unless it says itself that it is of the reference date."""
    current = ctx.quarter == quarter_of(ctx.today)
    stated = all(row.reference_date == ctx.reference_date for row in rows if not row.malformed)
    if ctx.has_history or current or stated:
        return None
    return _refusal("NO_HISTORY_IN_FILE", quarter=str(ctx.quarter))


def _refusal(code: str, lines: Sequence[int] = (), **facts: str) -> FileRefusal:
    shown = tuple(lines[:10])
    listed = ", ".join(str(line) for line in shown) + (", ..." if len(lines) > len(shown) else "")
    return FileRefusal(code=code, text=say(code, lines=listed, **facts), lines=shown)


def file_findings(rows: Sequence[PatientRow], ctx: ModuleContext) -> list[Finding]:
    """Warnings about a list that is used: its size differs much from last quarter's."""
    before = ctx.previous_rows
    if not before or abs(len(rows) - before) * 100 <= before * CHANGE_PERCENT:
        return []
    return [
        Finding(
            code="WARN_ROWS_CHANGED",
            severity=Severity.WARNING,
            text=say("WARN_ROWS_CHANGED", rows=len(rows), before=before, percent=CHANGE_PERCENT),
        )
    ]


def difference(old_rows: Sequence[PatientRow], new_rows: Sequence[PatientRow]) -> Difference:
    """Compare two versions of a list by BSN; rows without a valid BSN cannot be compared and are left to `assess`."""
    old, new = _by_bsn(old_rows), _by_bsn(new_rows)
    return Difference(
        added=tuple(row for bsn, row in new.items() if bsn not in old),
        removed=tuple(row for bsn, row in old.items() if bsn not in new),
        changed=tuple((old[bsn], row) for bsn, row in new.items() if bsn in old and differing_fields(old[bsn], row)),
    )


def differing_fields(one: PatientRow, other: PatientRow) -> list[str]:
    """The names of the fields in which two rows differ (never their values)."""
    person = [name for name in _PERSON_FIELDS if getattr(one.person, name) != getattr(other.person, name)]
    return person + [name for name in _ROW_FIELDS if getattr(one, name) != getattr(other, name)]


def _by_bsn(rows: Sequence[PatientRow]) -> dict[str, PatientRow]:
    found: dict[str, PatientRow] = {}
    for row in rows:
        if not row.malformed and is_bsn(row.person.bsn):
            found.setdefault(row.person.bsn, row)
    return found
