"""Check any document by what it is: Vektis EI, Vektis GDS, UBL (also enveloped), bank files (decisions 30-32).

The document is judged as it stands, without a hub; nothing is stored. Being unreadable is an answer like any other.
Vektis EI files are judged record by record, so they may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from types import MappingProxyType
from typing import Any, BinaryIO

from hub.errors import ConfigurationError, FormatError
from hub.model.finding import Finding, Severity, blocking
from hub.official import Opinion, SecondOpinion
from hub.official.texts import nothing_official
from schemas import banking, gds, peppol, sbdh, vektis
from schemas.peppol.rules import registry
from schemas.ubl.names import TRANSACTIONS
from schemas.wording import UnreadableError, Wording, said

BANK_RULES = "kvitt-bank-1"
"""The published control sums, counts and check digits of bank files, as `schemas.banking` asks them."""
_VEKTIS_LEVELS = ("N1", "N2", "N3", "N4", "N5")
_HEAD = 4096
_MOST_FINDINGS = 10_000
"""Findings that are kept of one file; the rest are counted, so that memory stays bounded."""
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_NOT_OURS = Wording(
    code="KVITT-FILE-01",
    text=said(
        "Kvitt does not check this: Vektis EI or GDS, UBL invoice, credit note or response, OCR giro, camt, MT940.",
        "Dette er ikke et dokument Kvitt kontrollerer: Vektis EI og GDS, UBL, OCR giro, camt, MT940.",
        "Dit is geen document dat Kvitt controleert: Vektis EI en GDS, UBL, OCR giro, camt, MT940.",
    ),
    hint=said("Is this the right file?", "Er dette riktig fil?", "Is dit het juiste bestand?"),
)
_EMPTY = Wording(
    code="KVITT-FILE-02",
    text=said("The file is empty.", "Filen er tom.", "Het bestand is leeg."),
    hint=said("Export it again.", "Eksporter den på nytt.", "Exporteer het opnieuw."),
)
_NOT_OPENED = Wording(
    code="KVITT-FILE-03",
    text=said(
        'The file cannot be opened. The system says: "{reason}".',
        "Filen kan ikke åpnes. Systemet sier: «{reason}».",
        "Het bestand kan niet worden geopend. Het systeem zegt: “{reason}”.",
    ),
    hint=said(
        "Check its name and whether you may read it.",
        "Kontroller navnet og om du har lesetilgang.",
        "Controleer de naam en of u het mag lezen.",
    ),
)
_OTHER = Wording(
    code="KVITT-FILE-04",
    severity=Severity.ERROR,
    text=said("This is {found}, not {wanted}.", "Dette er {found}, ikke {wanted}.", "Dit is {found}, niet {wanted}."),
)
_TOO_LARGE = Wording(
    code="KVITT-FILE-05",
    text=said(
        "The file has more than {most} bytes; so large a file is not read.",
        "Filen har mer enn {most} byte; så store filer leses ikke.",
        "Het bestand heeft meer dan {most} bytes; zo'n groot bestand wordt niet gelezen.",
    ),
)
_MORE = Wording(
    code="KVITT-FILE-06",
    severity=Severity.INFO,
    text=said(
        "{count} further findings are not shown ({blocking} of them forbid sending).",
        "{count} flere funn vises ikke ({blocking} av dem hindrer sending).",
        "{count} verdere bevindingen worden niet getoond ({blocking} daarvan verhinderen verzending).",
    ),
    hint=said(
        "Correct what is shown and check again.",
        "Rett det som vises og kontroller på nytt.",
        "Verbeter wat getoond is en controleer opnieuw.",
    ),
)
_BROKEN_BANK = Wording(
    code="KVITT-BANK-00",
    text=said(
        'The bank file cannot be read. The reader says: "{detail}".',
        "Bankfilen kan ikke leses. Leseren sier: «{detail}».",
        "Het bankbestand kan niet worden gelezen. De lezer zegt: “{detail}”.",
    ),
    hint=said(
        "Ask the bank to send the file again.",
        "Be banken sende filen på nytt.",
        "Vraag de bank het bestand opnieuw te sturen.",
    ),
)
WORDINGS = (_NOT_OURS, _EMPTY, _NOT_OPENED, _OTHER, _TOO_LARGE, _MORE, _BROKEN_BANK)
"""What is said about a file as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to check: rules in force on a day, rules only, one rule set or response transaction by name.

    `layouts` are the user's own Vektis tables, which come before those that ship.
    """

    on: date
    rules_only: bool = False
    ruleset: str | None = None
    layouts: tuple[vektis.Layout, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a document is and what was found. `format` is None where it could not be recognised or read."""

    format: str | None
    ruleset: str = ""
    gates: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    official: Opinion | None = None

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
        said = {
            "file": name,
            "format": self.format,
            "ruleset": self.ruleset,
            "valid": self.valid,
            "gates": list(self.gates),
            "findings": [finding.as_json(language) for finding in self.findings],
        }
        return said if self.official is None else said | {"official": self.official.as_json(language)}


def check(data: bytes, asked: Asked, wanted: str = "", second: SecondOpinion | None = None) -> Checked:
    """Check a document; `wanted` is a family (vektis, ubl, bank) or a format id it must be, else it is recognised.

    With a second opinion the official rule files judge it too, and every difference is a finding.
    """
    family = family_of(wanted, asked.layouts) if wanted else recognise(data)
    if not data.strip(b"\x00 \t\r\n"):
        return unreadable(_EMPTY.finding())
    if family is None:
        return unreadable(_NOT_OURS.finding())
    checked = _FAMILIES[family](data, asked, wanted)
    if second is not None:
        checked = _with_opinion(checked, _opinion(data, asked, checked, family, second))
    return _as_wanted(checked, wanted, family)


def streamable(head: bytes, asked: Asked, wanted: str = "") -> bool:
    """Whether a document is judged record by record, from how it begins: `check_stream` needs no more than that."""
    family = family_of(wanted, asked.layouts) if wanted else recognise(head)
    return family == "vektis" and bool(head.strip(b"\x00 \t\r\n"))


def check_stream(
    stream: BinaryIO,
    asked: Asked,
    wanted: str = "",
    second: SecondOpinion | None = None,
    progress: Callable[[int], object] | None = None,
) -> Checked:
    """Check a `streamable` document of any size; `progress` is told the number of bytes judged so far."""
    checked = _vektis(stream, asked, wanted, progress)
    if second is not None:
        checked = _with_opinion(checked, Opinion(release=_rule_set(asked), differences=(_unofficial(checked),)))
    return _as_wanted(checked, wanted, "vektis")


def _as_wanted(checked: Checked, wanted: str, family: str) -> Checked:
    if wanted in (family, "", checked.format) or checked.format is None:
        return checked
    return replace(checked, findings=(_other_format(wanted, checked.format), *checked.findings))


def recognise(data: bytes) -> str | None:
    """The family a document belongs to by its first bytes, None when it is none of ours."""
    if data[:2] == b"01" or vektis.foreign_charset(data):
        return "vektis"
    if gds.is_gds(data):
        return "gds"
    if banking.recognise(data):
        return "bank"
    return "ubl" if data[:_HEAD].lstrip(_BEFORE_XML).startswith(b"<") else None


def family_of(wanted: str, own: tuple[vektis.Layout, ...] = ()) -> str:
    """The family of a format id or family name, `own` tables included; ConfigurationError when there is none."""
    for prefix, family in _PREFIXES.items():
        if wanted == family or wanted.startswith(prefix):
            if family == "vektis" and wanted != family:
                vektis.by_format(wanted, own)
            return family
    raise ConfigurationError(
        f"no format {wanted[:40]!r}", hint=f"a family ({', '.join(_FAMILIES)}) or an id such as vektis-HA304-4.2"
    )


def unreadable(reason: Finding) -> Checked:
    """The answer for a file nothing can be said about, with the reason as its one finding."""
    return Checked(format=None, findings=(reason,))


def not_opened(reason: str) -> Checked:
    """The answer for a file that could not even be opened, in the system's own words."""
    return unreadable(_NOT_OPENED.finding({"reason": reason}))


def too_large(most: int) -> Checked:
    """The answer for a file that is not read for its size."""
    return unreadable(_TOO_LARGE.finding({"most": most}))


def _vektis_file(data: bytes, asked: Asked, wanted: str) -> Checked:
    return _vektis(BytesIO(data), asked, wanted)


def _vektis(stream: BinaryIO, asked: Asked, wanted: str, progress: Callable[[int], object] | None = None) -> Checked:
    """A format that is wanted by its id says what a file is only where its own header does not."""
    first = stream.readline(vektis.LONGEST)
    asked_for = vektis.by_format(wanted, asked.layouts) if wanted.startswith("vektis-") else None
    chosen = vektis.announced_by(first, asked.layouts) or asked_for
    found, refused = vektis.opened(first, chosen)
    if found is None:
        return Checked(format=None, gates=_VEKTIS_LEVELS[:1], findings=tuple(refused))
    kept = _Kept()
    for finding in vektis.check_records(stream, on=asked.on, layout=chosen, progress=progress, first=first):
        kept.add(finding)
    return Checked(format=found.format, ruleset=found.format, gates=_VEKTIS_LEVELS, findings=kept.findings)


@dataclass(slots=True)
class _Kept:
    """The first findings on a file, and how many there were after them."""

    first: list[Finding] = field(default_factory=list)
    further: int = 0
    blocking: int = 0

    def add(self, finding: Finding) -> None:
        """Keep one finding, or count it."""
        if len(self.first) < _MOST_FINDINGS:
            self.first.append(finding)
            return
        self.further += 1
        self.blocking += finding.blocks

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those kept in order of record, and what is said of the rest: an error where one of them blocks."""
        kept = sorted(self.first, key=lambda one: one.record or 0)
        if not self.further:
            return tuple(kept)
        more = _MORE.finding({"count": self.further, "blocking": self.blocking})
        return (*kept, replace(more, severity=Severity.ERROR) if self.blocking else more)


def _gds(data: bytes, asked: Asked, wanted: str) -> Checked:
    del wanted
    kind = gds.recognise(data)
    gates = gds.LEVELS if kind else gds.LEVELS[:1]
    return Checked(format=kind, ruleset=kind or "", gates=gates, findings=tuple(gds.check(data, on=asked.on)))


def _ubl(data: bytes, asked: Asked, wanted: str) -> Checked:
    del wanted
    gates = ("sbdh",) if sbdh.enveloped(data) else ()
    try:
        payload = sbdh.payload(data)
    except UnreadableError as error:
        return replace(unreadable(error.finding()), gates=gates)
    result = peppol.inspect(payload, asked.on, rules_only=asked.rules_only, ruleset=asked.ruleset)
    return Checked(
        format=result.format, ruleset=result.ruleset, gates=(*gates, *result.gates_run), findings=result.findings
    )


def _with_opinion(checked: Checked, opinion: Opinion) -> Checked:
    return replace(checked, findings=(*checked.findings, *opinion.differences), official=opinion)


def _opinion(data: bytes, asked: Asked, checked: Checked, family: str, second: SecondOpinion) -> Opinion:
    """What the official rule files say; our rules are asked too where a gate before them stopped our own check."""
    release = _rule_set(asked)
    if family != "ubl":
        return Opinion(release=release, differences=(_unofficial(checked, family),))
    try:
        payload = sbdh.payload(data)
    except FormatError as error:
        return second.not_asked(release, error)
    native = checked.findings
    if "rules" not in checked.gates:
        native = peppol.inspect(payload, asked.on, rules_only=True, ruleset=asked.ruleset).findings
    return second.compare(payload, native, release, asked.ruleset)


def _unofficial(checked: Checked, family: str = "vektis") -> Finding:
    return nothing_official(checked.format or family)


def _rule_set(asked: Asked) -> str:
    """The release whose rules judge: by name, else the one in force on the day."""
    dated = asked.ruleset is not None and asked.ruleset not in TRANSACTIONS
    return registry.named(asked.ruleset or "").name if dated else registry.in_force(asked.on).name


def _bank(data: bytes, asked: Asked, wanted: str) -> Checked:
    """Read to the end: the sums of a bank file stand in its last record."""
    del asked, wanted
    kind = banking.recognise(data)
    try:
        statements = list(banking.read(data))
    except FormatError as error:
        return replace(unreadable(_unread(error)), gates=("read",))
    findings = tuple(finding for statement in statements for finding in statement.findings)
    return Checked(format=kind, ruleset=BANK_RULES, gates=("read", "sums"), findings=findings)


def _unread(error: FormatError) -> Finding:
    """Why a bank file cannot be read; what the reader says is in English, so it is quoted."""
    if isinstance(error, UnreadableError):
        return error.finding()
    detail = f"{error.message} ({error.hint})" if error.hint else error.message
    return _BROKEN_BANK.finding({"detail": detail}, location=error.where)


def _other_format(wanted: str, found: str) -> Finding:
    return _OTHER.finding({"wanted": wanted, "found": found}, expected=wanted, value=found)


_FAMILIES: Mapping[str, Callable[[bytes, Asked, str], Checked]] = MappingProxyType(
    {"vektis": _vektis_file, "gds": _gds, "ubl": _ubl, "bank": _bank}
)
_PREFIXES = MappingProxyType(
    {
        "vektis-GDS": "gds",
        "gds": "gds",
        "vektis-": "vektis",
        "ubl-": "ubl",
        "ocr-": "bank",
        "camt": "bank",
        "mt940": "bank",
        "bank": "bank",
    }
)
