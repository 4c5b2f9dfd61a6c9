"""Check any document by what it is: Vektis EI, UBL (also inside a Peppol envelope), bank files (decisions 30-32).

The document is judged as it stands, without a hub; nothing is stored. Being unreadable is an answer like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from hub.errors import ConfigurationError, FormatError
from hub.model.finding import Finding, Severity, blocking
from schemas import banking, peppol, sbdh, vektis

BANK_RULES = "kvitt-bank-1"
"""The published control sums, counts and check digits of bank files, as `schemas.banking` asks them."""
_VEKTIS_LEVELS = ("N1", "N2", "N3", "N4", "N5")
_HEAD = 4096
_ENVELOPE = re.compile(rb"<(?:[\w.-]+:)?StandardBusinessDocument[\s>]")
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to check: rules in force on a day, rules only, one rule set or response transaction by name."""

    on: date
    rules_only: bool = False
    ruleset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a document is and what was found. `format` is None where it could not be recognised or read."""

    format: str | None
    ruleset: str = ""
    gates: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether it was read and nothing found forbids sending."""
        return self.format is not None and not blocking(self.findings)

    @property
    def exit_code(self) -> int:
        """0 nothing blocks, 1 findings block, 2 unreadable."""
        return 2 if self.format is None else 0 if self.valid else 1

    def as_json(self, name: str, language: str = "en") -> dict[str, Any]:
        """One object per file, as `kvitt check --json` prints it."""
        return {
            "file": name,
            "format": self.format,
            "ruleset": self.ruleset,
            "valid": self.valid,
            "gates": list(self.gates),
            "findings": [finding.as_json(language) for finding in self.findings],
        }


def check(data: bytes, asked: Asked, wanted: str = "") -> Checked:
    """Check a document; `wanted` is a family (vektis, ubl, bank) or a format id it must be, else it is recognised."""
    family = family_of(wanted) if wanted else recognise(data)
    if not data.strip(b"\x00 \t\r\n"):
        return unreadable("KVITT-FILE-02", _EMPTY)
    if family is None:
        return unreadable("KVITT-FILE-01", _NOT_OURS)
    checked = _FAMILIES[family](data, asked)
    if wanted in (family, "", checked.format) or checked.format is None:
        return checked
    return replace(checked, findings=(_other_format(wanted, checked.format), *checked.findings))


def recognise(data: bytes) -> str | None:
    """The family a document belongs to by its first bytes, None when it is none of ours."""
    if data[:2] == b"01":
        return "vektis"
    if banking.recognise(data):
        return "bank"
    return "ubl" if data[:_HEAD].lstrip(_BEFORE_XML).startswith(b"<") else None


def family_of(wanted: str) -> str:
    """The family of a format id or family name; ConfigurationError when there is none."""
    for prefix, family in _PREFIXES.items():
        if wanted == family or wanted.startswith(prefix):
            return family
    raise ConfigurationError(
        f"no format {wanted[:40]!r}", hint=f"a family ({', '.join(_FAMILIES)}) or an id such as vektis-HA304-4.2"
    )


def unreadable(code: str, texts: Mapping[str, str], *, where: str = "") -> Checked:
    """The answer for a file nothing can be said about, with the reason as its one finding."""
    return Checked(
        format=None, findings=(Finding(code=code, severity=Severity.FATAL, text=dict(texts), location=where),)
    )


def not_opened(reason: str) -> Checked:
    """The answer for a file that could not even be opened."""
    return unreadable(
        "KVITT-FILE-03",
        {
            "en": f"The file cannot be opened: {reason}.",
            "nb": f"Filen kan ikke åpnes: {reason}.",
            "nl": f"Het bestand kan niet worden geopend: {reason}.",
        },
    )


def _vektis(data: bytes, asked: Asked) -> Checked:
    kind = vektis.recognise(data)
    gates = _VEKTIS_LEVELS if kind else _VEKTIS_LEVELS[:1]
    findings = tuple(vektis.check(data, on=asked.on))
    return Checked(format=kind, ruleset=kind or "", gates=gates, findings=findings)


def _ubl(data: bytes, asked: Asked) -> Checked:
    payload, gates = data, tuple[str, ...]()
    if _ENVELOPE.search(data[:_HEAD]):
        try:
            _, payload = sbdh.read(data)
        except FormatError as error:
            return replace(_broken("KVITT-SBDH-01", error), gates=("sbdh",))
        gates = ("sbdh",)
    result = peppol.inspect(payload, asked.on, rules_only=asked.rules_only, ruleset=asked.ruleset)
    return Checked(
        format=result.format, ruleset=result.ruleset, gates=(*gates, *result.gates_run), findings=result.findings
    )


def _bank(data: bytes, asked: Asked) -> Checked:
    """Read to the end: the sums of a bank file stand in its last record."""
    del asked
    kind = banking.recognise(data)
    try:
        statements = list(banking.read(data))
    except FormatError as error:
        return replace(_broken("KVITT-BANK-00", error), gates=("read",))
    findings = tuple(finding for statement in statements for finding in statement.findings)
    return Checked(format=kind, ruleset=BANK_RULES, gates=("read", "sums"), findings=findings)


def _broken(code: str, error: FormatError) -> Checked:
    detail = f"{error.message} ({error.hint})" if error.hint else error.message
    texts = {
        "en": f"The file cannot be read: {detail}.",
        "nb": f"Filen kan ikke leses: {detail}.",
        "nl": f"Het bestand kan niet worden gelezen: {detail}.",
    }
    return unreadable(code, texts, where=error.where)


def _other_format(wanted: str, found: str) -> Finding:
    return Finding(
        code="KVITT-FILE-04",
        severity=Severity.ERROR,
        text={
            "en": f"This is {found}, not {wanted}.",
            "nb": f"Dette er {found}, ikke {wanted}.",
            "nl": f"Dit is {found}, niet {wanted}.",
        },
        expected=wanted,
        value=found,
    )


_EMPTY = {"en": "The file is empty.", "nb": "Filen er tom.", "nl": "Het bestand is leeg."}
_NOT_OURS = {
    "en": "This is no document Kvitt checks: Vektis EI, UBL invoice, credit note or response, OCR giro, camt, MT940.",
    "nb": "Dette er ikke et dokument Kvitt kontrollerer: Vektis EI, UBL, OCR giro, camt, MT940.",
    "nl": "Dit is geen document dat Kvitt controleert: Vektis EI, UBL, OCR giro, camt, MT940.",
}
_FAMILIES: Mapping[str, Callable[[bytes, Asked], Checked]] = MappingProxyType(
    {"vektis": _vektis, "ubl": _ubl, "bank": _bank}
)
_PREFIXES = MappingProxyType(
    {"vektis-": "vektis", "ubl-": "ubl", "ocr-": "bank", "camt": "bank", "mt940": "bank", "bank": "bank"}
)
