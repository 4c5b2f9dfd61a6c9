"""A finished document as the pipe sees it, whatever its format: who sends it, what it claims, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from hub import texts
from hub.model.claim import ClaimKind, ClaimLine
from hub.model.finding import Finding, Severity, blocking
from hub.model.party import Party
from hub.model.person import Person

PROGRAMME = "finished"
"""The programme of every claim that came in as a finished document: forwarded as it is, never written anew."""
RULESET = "kvitt-finished-1"
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One claim as the document has it. `at` is its record (Vektis) or 1; `payer_on` the day its payer is looked up.

    `key` is the business key, made of the provider's own numbers; `subject` (kind, value) is whose claim it is.
    """

    key: str
    at: int
    ref: str
    kind: ClaimKind
    payer_code: str
    payer_name: str = ""
    payer_on: date
    period: str = ""
    person: Person
    subject: tuple[str, str]
    due_date: date | None = None
    kid: str = ""
    corrects: str = ""
    references: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    lines: tuple[ClaimLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a document something stands; `value` is masked where it is personal."""

    location: str = ""
    record: int | None = None
    element: str = ""
    start: int | None = None
    end: int | None = None
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How the original bytes travel: format id, a name without personal data, media type and channel facts."""

    kind: str
    name: str
    media_type: str
    meta: Mapping[str, str]
    ruleset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A finished document, checked and read; only `format`, `country` and `findings` are filled when it is unreadable.

    `provider`, `claimant` and `submitter` are codes in `scheme`; `ours` those that must be organisations of the tenant.
    `stated` is the sender as the document describes it, where it does.
    """

    format: str
    country: str
    findings: tuple[Finding, ...] = ()
    scheme: str = ""
    number: str = ""
    issue_date: date | None = None
    currency: str = ""
    provider: str = ""
    claimant: str = ""
    submitter: str = ""
    ours: tuple[str, ...] = ()
    stated: Party | None = None
    drafts: tuple[Draft, ...] = ()
    envelope: Envelope | None = None

    @property
    def refused(self) -> bool:
        """Whether something in it forbids claiming and forwarding."""
        return bool(blocking(self.findings)) or self.envelope is None


def problem(code: str, words: str, *, at: Place | None = None, warning: bool = False, **values: object) -> Finding:
    """A finding of our own about a finished document, with the sentences of `words` in `hub/texts.toml`."""
    place = at or Place()
    return Finding(
        code=code,
        severity=Severity.WARNING if warning else Severity.ERROR,
        text=texts.text(words, **values),
        hint=texts.action(words, **values),
        location=place.location,
        line=place.record,
        record=place.record,
        element=place.element,
        start=place.start,
        end=place.end,
        value=place.value,
        ruleset=RULESET,
    )
