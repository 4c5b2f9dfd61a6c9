"""What a finding of our own says, once for all three languages, and the error that carries such words.

A wording is filled when something is found, and read as it stands by whoever explains codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.errors import FormatError
from hub.model.finding import Finding, Severity

Texts = dict[str, str]


def said(en: str, nb: str, nl: str) -> Texts:
    """A sentence in the three languages."""
    return {"en": en, "nb": nb, "nl": nl}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A code with its sentences; blanks such as `{name}` are filled when it is found."""

    code: str
    text: Texts
    hint: Texts = field(default_factory=dict)
    severity: Severity = Severity.FATAL
    ruleset: str = ""

    def finding(
        self,
        filled: Mapping[str, object] | None = None,
        *,
        location: str = "",
        line: int | None = None,
        element: str = "",
        term: str = "",
        value: str = "",
        expected: str = "",
    ) -> Finding:
        """The finding; what fills a blank may itself be said in three languages."""
        return Finding(
            code=self.code,
            severity=self.severity,
            text=_filled(self.text, filled or {}),
            hint=_filled(self.hint, filled or {}),
            location=location,
            line=line,
            element=element,
            term=term,
            value=value,
            expected=expected,
            ruleset=self.ruleset,
        )


def _filled(texts: Texts, blanks: Mapping[str, object]) -> Texts:
    return {
        language: text.format(**{name: _in(language, value) for name, value in blanks.items()})
        for language, text in texts.items()
    }


def _in(language: str, value: object) -> object:
    return value.get(language, "") if isinstance(value, dict) else value


class UnreadableError(FormatError):
    """Bytes that cannot be read, for a reason that is said in three languages."""

    def __init__(
        self,
        wording: Wording,
        message: str,
        *,
        hint: str = "",
        where: str = "",
        line: int | None = None,
        filled: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, where=where or (f"line {line}" if line else ""))
        self.wording = wording
        self.line = line
        self.filled = dict(filled or {})

    def finding(self) -> Finding:
        """The same as a finding."""
        return self.wording.finding(self.filled, location=self.where, line=self.line)
