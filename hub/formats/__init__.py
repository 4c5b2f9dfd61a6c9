"""External formats as the pipeline sees them: one module per family that builds what goes out or reads what comes in.

A module that builds names its formats in `BUILDS` and has `build(batch) -> Built`. A module that reads names a
`recognise(payload, name) -> str | None` and `read(payload, context) -> Answer`, and `read_beside(payload, sent,
context)` where an answer says more beside what it answers. Modules are found by scanning this package: a new format is
a new file and edits nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from types import ModuleType

from hub.errors import ConfigurationError, FormatError
from hub.model.claim import Claim
from hub.model.finding import Finding
from hub.model.partner import Agreement, MailRule, Partner
from hub.model.payment import Statement
from hub.model.reply import Acknowledgement, Decision, Rejection, ResponseFile
from schemas.banking.status import PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Claims that travel together in one document, and everything the document needs to know."""

    claims: Sequence[Claim]
    partner: Partner
    agreement: Agreement
    invoice_number: str
    today: date
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A document ready to be stored and sent.

    `bad` names claims (by id) that could not be part of it, with (code, reason); the document holds the others and is
    empty when none is left. `findings` are those of the document as it stands.
    """

    payload: bytes
    kind: str
    name: str
    media_type: str
    meta: Mapping[str, str] = field(default_factory=dict)
    ruleset: str = ""
    findings: tuple[Finding, ...] = ()
    bad: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailNews:
    """What a mail turned out to be: a rejection, or something for a person (`triage`, `quarantine`) with the reason."""

    rejection: Rejection | None = None
    disposition: str = ""
    reason: str = ""


Answer = ResponseFile | Acknowledgement | Decision | MailNews | Statement | PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContext:
    """What reading an answer may need to know beyond its bytes.

    `authserv_ids` are the names our own receiving mail servers judge signatures under.
    """

    name: str = ""
    trusted: bool = True
    meta: Mapping[str, str] = field(default_factory=dict)
    mail_rules: Sequence[MailRule] = ()
    authserv_ids: Sequence[str] = ()


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def builder(format_id: str) -> ModuleType:
    """The module that builds a format; ConfigurationError naming those that exist."""
    known: dict[str, ModuleType] = {}
    for module in _modules():
        known |= dict.fromkeys(getattr(module, "BUILDS", ()), module)
    if format_id not in known:
        raise ConfigurationError(f"no format {format_id!r}", hint=f"known: {', '.join(sorted(known))}")
    return known[format_id]


def build(format_id: str, batch: Batch) -> Built:
    """Write one document in a format."""
    built: Built = builder(format_id).build(batch)
    return built


def recognise(payload: bytes, name: str = "") -> str | None:
    """What kind of answer some bytes are, or None."""
    found = _reader(payload, name)
    return None if found is None else found[1]


def read(payload: bytes, context: AnswerContext) -> tuple[str, list[Answer]]:
    """The kind of an answer and what it says; FormatError when nothing here reads it."""
    found = _reader(payload, context.name)
    if found is None:
        raise FormatError(
            "this is no answer Kvitt can read",
            hint="it reads Vektis responses, UBL responses, OCR giro, camt.053/054, MT940, pain.002 and e-mails",
        )
    module, kind = found
    answers: list[Answer] = list(module.read(payload, context))
    return kind, answers


def read_beside(payload: bytes, sent: bytes, context: AnswerContext) -> list[Answer]:
    """What an answer says beside the message it answers; nothing where its format says all by itself."""
    found = _reader(payload, context.name)
    beside = getattr(found[0], "read_beside", None) if found else None
    return list(beside(payload, sent, context)) if beside else []


def _reader(payload: bytes, name: str) -> tuple[ModuleType, str] | None:
    for module in _modules():
        recognise_one = getattr(module, "recognise", None)
        kind = recognise_one(payload, name) if recognise_one else None
        if kind:
            return module, kind
    return None
