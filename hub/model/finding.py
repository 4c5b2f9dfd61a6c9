"""A finding of our own checks: stable code, place, severity, text, rule-set version (decision 31)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding weighs; `fatal` and `error` block sending."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


BLOCKING = frozenset({Severity.FATAL, Severity.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing we noticed about a document.

    `code` is the official rule id where there is one (`BR-CO-15`, `COD954:0586`) and ours otherwise (`KVITT-KID-01`).
    `location` is an XPath (XML), `record/element` (fixed width) or a column name (lists). `start`/`end` are 1-based
    positions in a fixed-width record; `record` and `line` are 1-based lines. `value` is masked where it is personal.
    `text` maps a language (en, nb, nl) to the sentence a person reads; `hint` likewise says what to do.
    """

    code: str
    severity: Severity
    text: dict[str, str]
    hint: dict[str, str] = field(default_factory=dict)
    location: str = ""
    line: int | None = None
    record: int | None = None
    element: str = ""
    start: int | None = None
    end: int | None = None
    term: str = ""
    value: str = ""
    expected: str = ""
    ruleset: str = ""

    @property
    def blocks(self) -> bool:
        """Whether nothing may leave while this finding stands."""
        return self.severity in BLOCKING

    def said(self, language: str = "en") -> str:
        """The sentence in the wished language, else English, else any, else the code."""
        return _pick(self.text, language) or self.code

    def hinted(self, language: str = "en") -> str:
        """What to do, in the wished language; may be empty."""
        return _pick(self.hint, language)

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The JSON shape of `kvitt check --json`; empty fields are left out."""
        body: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.said(language),
            "hint": self.hinted(language),
            "location": self.location,
            "line": self.line,
            "record": self.record,
            "element": self.element,
            "start": self.start,
            "end": self.end,
            "term": self.term,
            "value": self.value,
            "expected": self.expected,
            "ruleset": self.ruleset,
        }
        return {key: value for key, value in body.items() if value not in ("", None)}


def _pick(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Those findings that forbid sending."""
    return [finding for finding in findings if finding.blocks]
