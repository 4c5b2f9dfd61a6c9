"""Collect findings on a Vektis file: texts from `rules/messages.csv`, return codes from `rules/return_codes.csv`.

A finding's code is `COD954:xxxx` where a Vektis return code fits and `KVITT-VEKTIS-...` otherwise. Personal values are
masked before they get anywhere.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from hub.model.finding import Finding, Severity
from schemas.vektis.codec import Record
from schemas.vektis.layout import Field
from schemas.vektis.personal import shown

_LANGUAGES = ("en", "nb", "nl")


@cache
def table(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of one table in `rules/`, without its remarks."""
    text = (files("schemas.vektis") / "rules" / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


@cache
def _messages() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["key"]: row for row in table("messages.csv")})


@cache
def return_code(kind: str, code: str) -> str:
    """The COD954 number for a missing or wrong field of a record kind, empty when there is none."""
    found = {row["record"]: row["return_code"] for row in table("return_codes.csv") if row["code"] == code}
    return found.get(kind) or found.get("*", "")


@dataclass(slots=True)
class Report:
    """Findings as they are made; `ruleset` is the format id, to which each finding's level is added."""

    ruleset: str
    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        key: str,
        record: Record | None = None,
        element: str = "",
        *,
        returns: str = "",
        value: str = "",
        expected: str = "",
    ) -> None:
        """Add the finding `key` about a record or a field of it; `returns` is the COD954 number, if any."""
        one = record.layout.named.get(element) if record and element else None
        said = value or (shown(one, record[element]) if one and record else "")
        words = {
            "record": str(record.number) if record else "",
            "element": one.element if one else "",
            "name": one.name if one else "",
            "value": said,
            "expected": expected,
        }
        self.findings.append(_finding(key, record, one, words, returns, f"{self.ruleset} {_messages()[key]['level']}"))


def _finding(
    key: str, record: Record | None, one: Field | None, words: Mapping[str, str], returns: str, ruleset: str
) -> Finding:
    row = _messages()[key]
    number = record.number if record else None
    return Finding(
        code=f"COD954:{returns}" if returns else f"KVITT-VEKTIS-{key}",
        severity=Severity(row["severity"]),
        text={language: row[language].format_map(words) for language in _LANGUAGES},
        hint={language: row[f"hint_{language}"].format_map(words) for language in _LANGUAGES},
        location=_location(record, one),
        line=number,
        record=number,
        element=one.element if one else "",
        start=one.start if one else None,
        end=one.end if one else None,
        term=one.code if one else "",
        value=words["value"],
        expected=words["expected"],
        ruleset=ruleset,
    )


def _location(record: Record | None, one: Field | None) -> str:
    parts = [f"{record.number}:{record.layout.kind}" if record else "", one.element if one else ""]
    return "/".join(part for part in parts if part)
