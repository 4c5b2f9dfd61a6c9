"""What became of each row handed in: every row gets exactly one outcome, and the counts add up.

Dutch words: claim, exclude, exclude_this_quarter, hold, skip. Norwegian words: invoice, reject. The sentences live in
`data/outcome_texts.csv` (code; en; nb; nl) and never hold a name or an identifier of a person.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hub import texts

_NO_MESSAGE: Mapping[str, str] = MappingProxyType({})

CLAIM = "claim"
EXCLUDE = "exclude"
LATER = "exclude_this_quarter"
HOLD = "hold"
SKIP = "skip"
INVOICE = "invoice"
REJECT = "reject"
CLAIMED = frozenset({CLAIM, INVOICE})
REPAIR = "repair"
"""How a row that is left out is shown to whoever handed it in when they can put it right."""
_THEIRS = frozenset(
    {
        *(
            "ROW_MALFORMED",
            "BSN_INVALID",
            "BIRTHDATE_INVALID",
            "BIRTHDATE_MISSING",
            "DATE_INVALID",
            "ENROLMENT_MISSING",
        ),
        *("WRONG_PRACTICE", "PERFORMANCE_DATE", "PERFORMANCE_TIME", "PERFORMANCE_CODE", "PRICE_INVALID"),
    }
)
"""Reasons that lie in the row itself, not in what the person's care or insurance is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """One row's outcome: its line in the file, what happened, why (a code and sentences), and the payer found.

    `row_id` is the file's own row id, or the masked BSN. A claimed row with a warning has the first one as its code.
    `payer_code` is the UZOVI or organisation number the row is claimed at.
    """

    line: int
    row_id: str
    outcome: str
    code: str = ""
    message: Mapping[str, str] = field(default_factory=lambda: _NO_MESSAGE)
    warnings: tuple[str, ...] = ()
    payer_code: str = ""

    def said(self, language: str = "en") -> str:
        """The sentence in the wished language, else English; empty when there is nothing to say."""
        return self.message.get(language) or self.message.get("en", "")

    def as_json(self, language: str = "en") -> dict[str, str | int | list[str]]:
        """The JSON shape of one row of `kvitt intake --json` (decision 33); warnings and payer are added to it."""
        return {
            "line": self.line,
            "row_id": self.row_id,
            "outcome": self.outcome,
            "code": self.code,
            "message": self.said(language),
            "warnings": list(self.warnings),
            "payer_code": self.payer_code,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts that add up: rows = claims + excluded + held + skipped + later."""

    rows: int
    claims: int
    excluded: int
    held: int
    skipped: int
    later: int
    codes: Mapping[str, int]

    def as_json(self) -> dict[str, int | dict[str, int]]:
        """The JSON shape of the counts."""
        counts = {name: getattr(self, name) for name in ("rows", "claims", "excluded", "held", "skipped", "later")}
        return {**counts, "codes": dict(self.codes)}


def shown_as(outcome: str, code: str) -> str:
    """An outcome as its practice is told it: to be put right by them, or not claimed."""
    return REPAIR if outcome == EXCLUDE and code in _THEIRS else outcome


def summary(outcomes: Iterable[RowOutcome]) -> Summary:
    """Count outcomes and codes; a Norwegian `invoice` counts as claim, a `reject` as excluded."""
    listed = list(outcomes)
    words = Counter(outcome.outcome for outcome in listed)
    return Summary(
        rows=len(listed),
        claims=words[CLAIM] + words[INVOICE],
        excluded=words[EXCLUDE] + words[REJECT],
        held=words[HOLD],
        skipped=words[SKIP],
        later=words[LATER],
        codes=MappingProxyType(dict(sorted(Counter(item.code for item in listed if item.code).items()))),
    )


def say(code: str, /, **facts: str | int) -> dict[str, str]:
    """The sentence of a code in every language, with facts filled in; the code itself when none is written."""
    words = _texts().get(code)
    if words is None:
        return {"en": code, "nb": code, "nl": code}
    return {language: text.format_map(texts.values_in(facts, language)) for language, text in words.items()}


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    source = files("hub.programmes").joinpath("data/outcome_texts.csv").read_text(encoding="utf-8")
    return {
        row["code"]: {language: row[language] for language in ("en", "nb", "nl")}
        for row in csv.DictReader(source.splitlines(), delimiter=";")
    }
