"""Submission deadlines as data: each rule kind turns one date of the care into three dates.

Where a payer's text can be read in two ways both readings are kept: `last_safe` is when we send at the latest,
`last_outer` the last day that may still be in time, `conservative` the earliest over all readings: the first day that
warnings count down to (`hub.policy.countdown`). What counts is receipt at the payer's portal, in local time, not our
sending (`receipt_day`).

Rule kinds (`DatedRule.kind`) and their settings; `valid_from`/`valid_to` are compared with the kind's own date:

| kind | counts from | settings |
|-|-|-|
| `fixed_date_after_opening_year` | opening | `month_day`, `years` (1), `reading` |
| `years_after_start` | opening | `years` (1), `reading`, `other_month_day` (the other reading's fixed date next year) |
| `days_after_treatment` | treatment | `days`, `cap_month_day`, `cap_years` (1), `reading` |
| `days_after_retour` | retour | `days`, `reading` |
| `fixed_date_for_corrections` | treatment | `month_day`, `years` (1), `reading` |

Every kind may have `care` (such as `ggz`): the rule is then about that kind of care only. Other settings, such as
`reclaim_codes`, are for others to read.

`reading` says whether the day itself is in time: `included` (default), `excluded`, or `unclear`.
Sources: a.s.r. mental health care page 2021-2022; Zilveren Kruis mental health care claiming page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hub.errors import ConfigurationError
from hub.model.partner import DatedRule


class Purpose(StrEnum):
    """What is handed in: a first claim, a refused claim again, or a correction of a granted one."""

    FIRST = "first"
    RECLAIM = "reclaim"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class CareDates:
    """The dates terms count from, as far as known, and the kind of care they are about."""

    care: str = ""
    opened: date | None = None
    treated: date | None = None
    retour: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Three dates and the rule they come from."""

    purpose: Purpose
    last_safe: date
    last_outer: date
    conservative: date
    kind: str
    source: str = ""


_Settings = Mapping[str, str]
_Days = tuple[date, date | None]
"""The last day of the term, and the same under the other reading of the text."""


@dataclass(frozen=True, slots=True)
class _Kind:
    purpose: Purpose
    counts_from: str
    last_day: Callable[[date, _Settings], _Days]


def deadlines(rules: Sequence[DatedRule], dates: CareDates) -> list[Deadline]:
    """Every deadline that the rules in force give for these dates; rules of other kinds are passed over."""
    found = []
    for rule in rules:
        kind = _KINDS.get(rule.kind)
        start: date | None = getattr(dates, kind.counts_from) if kind else None
        if kind and start and rule.holds_on(start) and rule.settings.get("care", dates.care) == dates.care:
            found.append(_deadline(rule, kind, start))
    return found


def deadline(rules: Sequence[DatedRule], dates: CareDates, purpose: Purpose = Purpose.FIRST) -> Deadline | None:
    """The earliest deadline for one purpose; None when no rule is known (never a guess)."""
    found = [item for item in deadlines(rules, dates) if item.purpose is purpose]
    return min(found, key=lambda item: (item.last_safe, item.last_outer), default=None)


def receipt_day(received: datetime, zone: str = "Europe/Amsterdam") -> date:
    """The local day on which the remote system received something; this is what a deadline is compared with."""
    return received.astimezone(ZoneInfo(zone)).date()


def _deadline(rule: DatedRule, kind: _Kind, start: date) -> Deadline:
    try:
        last, other = kind.last_day(start, rule.settings)
        safe, outer = _read(last, rule.settings)
        other_safe = _read(other, rule.settings)[0] if other else safe
    except (KeyError, ValueError) as error:
        message = f"deadline rule {rule.kind} has a missing or wrong setting: {error}"
        raise ConfigurationError(message, hint="compare with the rule kinds in hub.policy.deadlines") from error
    return Deadline(
        purpose=kind.purpose,
        last_safe=safe,
        last_outer=outer,
        conservative=min(safe, other_safe),
        kind=rule.kind,
        source=rule.source,
    )


def _read(last: date, settings: _Settings) -> tuple[date, date]:
    before = last - timedelta(days=1)
    readings = {"included": (last, last), "excluded": (before, before), "unclear": (before, last)}
    return readings[settings.get("reading", "included")]


def _fixed_date(start: date, settings: _Settings) -> _Days:
    return _month_day(start.year + int(settings.get("years", "1")), settings["month_day"]), None


def _years_after(start: date, settings: _Settings) -> _Days:
    last = _same_day(start, start.year + int(settings.get("years", "1")))
    other = settings.get("other_month_day")
    return last, _month_day(start.year + 1, other) if other else None


def _days_after_treatment(start: date, settings: _Settings) -> _Days:
    last = start + timedelta(days=int(settings["days"]))
    cap = settings.get("cap_month_day")
    if not cap:
        return last, None
    return min(last, _month_day(start.year + int(settings.get("cap_years", "1")), cap)), None


def _days_after_retour(start: date, settings: _Settings) -> _Days:
    return start + timedelta(days=int(settings["days"])), None


def _month_day(year: int, text: str) -> date:
    month, day = text.split("-")
    return date(year, int(month), int(day))


def _same_day(start: date, year: int) -> date:
    """The same day in another year; 29 February becomes 28 February."""
    leap = (start.month, start.day) == (2, 29)
    return date(year, 2, 28) if leap else start.replace(year=year)


_KINDS: Mapping[str, _Kind] = {
    "fixed_date_after_opening_year": _Kind(Purpose.FIRST, "opened", _fixed_date),
    "years_after_start": _Kind(Purpose.FIRST, "opened", _years_after),
    "days_after_treatment": _Kind(Purpose.FIRST, "treated", _days_after_treatment),
    "days_after_retour": _Kind(Purpose.RECLAIM, "retour", _days_after_retour),
    "fixed_date_for_corrections": _Kind(Purpose.CORRECTION, "treated", _fixed_date),
}

RULE_KINDS = frozenset(_KINDS)
"""The kinds of `DatedRule` this engine evaluates."""
