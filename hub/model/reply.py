"""What partners answer, in our words, with theirs kept beside it.

An Acknowledgement is about a whole message, a Decision about one claim line. Unknown codes stay raw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from hub.model.finding import Finding
from hub.model.money import Money

_EMPTY: Mapping[str, str] = MappingProxyType({})


class Verdict(StrEnum):
    """The decision axis of a line, `open` and `presumed_ok` being the hub's own."""

    OPEN = "open"
    PRESUMED_OK = "presumed_ok"
    GRANTED = "granted"
    CHANGED = "changed"
    REFUSED = "refused"


VERDICT_RANK = {
    Verdict.OPEN: 0,
    Verdict.PRESUMED_OK: 1,
    Verdict.GRANTED: 2,
    Verdict.CHANGED: 2,
    Verdict.REFUSED: 2,
}
"""A verdict of lower rank never overwrites one of higher rank, whatever the order of arrival."""


class AckKind(StrEnum):
    """What an acknowledgement says about our message."""

    TRANSPORT = "transport"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    IN_PROCESS = "in_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code as the partner sent it: `list` names the code list (`COD954`, `OPStatusReason`), may be empty."""

    list: str
    code: str
    text: str = ""
    element: str = ""

    def __str__(self) -> str:
        return f"{self.list}:{self.code}" if self.list else self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A message was taken over, accepted or refused as a whole.

    Match keys are whichever the partner gave: `message_id` (our exchange's remote id) or `invoice_number`.
    """

    kind: AckKind
    message_id: str = ""
    invoice_number: str = ""
    codes: tuple[Code, ...] = ()
    text: str = ""
    at: datetime | None = None
    raw: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The payer's verdict on one claim line, or on every line of an invoice when `line_ref` is empty.

    `granted` is what will be paid (signed like the claim line); None means "as claimed" on GRANTED and zero on REFUSED.
    `claimed` is what the payer says we claimed, for comparison. `patient` is the part the payer lays on the patient.
    """

    verdict: Verdict
    invoice_number: str = ""
    line_ref: str = ""
    claimed: Money | None = None
    granted: Money | None = None
    patient: Money | None = None
    codes: tuple[Code, ...] = ()
    text: str = ""
    payer_ref: str = ""
    line: int | None = None
    raw: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


class FileOutcome(StrEnum):
    """What a response file says about the claim file as a whole."""

    DECIDED = "decided"
    ALL_GRANTED = "all_granted"
    FILE_REFUSED = "file_refused"
    TRIAGE = "triage"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFile:
    """A payer's or clearing house's response to one claim file.

    `absent_granted`: a claim line not named here is granted as claimed (insurer), or not judged (clearing house).
    `refused_by` is `clearing` (VECOZO: references may be used again) or `payer`, when the file was refused.
    `granted_total` is the file's own total awarded, None when it names none.
    `payee_code` is who is paid, as the file repeats it, and `test` whether it answers a test file (None: not said).
    """

    format: str
    invoice_number: str
    outcome: FileOutcome
    payer_code: str = ""
    decisions: tuple[Decision, ...] = ()
    codes: tuple[Code, ...] = ()
    absent_granted: bool = True
    refused_by: str = ""
    claimed_total: Money | None = None
    granted_total: Money | None = None
    payer_ref: str = ""
    payee_code: str = ""
    test: bool | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A notice that a claim was refused, from a source with little structure (mail, portal)."""

    invoice_number: str = ""
    sak_id: str = ""
    codes: tuple[Code, ...] = ()
    text: str = ""
    asks_credit_note: bool = False
    sender: str = ""
    subject: str = ""
    at: datetime | None = None


Reply = Acknowledgement | Decision | ResponseFile | Rejection
