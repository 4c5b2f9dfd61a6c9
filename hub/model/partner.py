"""A trading partner as its folder describes it, and our dated agreement with it.

What is true of a partner for everybody stands in `partner.yaml`; endpoint, credentials reference, identifiers, schedule
and tariff list belong to the Agreement, per tenant and dated (decision 23).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from hub.model.specification import SpecificationMap

_EMPTY: Mapping[str, str] = MappingProxyType({})


class ErrorClass(StrEnum):
    """What a partner's error means for the exchange."""

    RETRY = "retry"
    TERMINAL = "terminal"
    IN_DOUBT = "in_doubt"
    DUPLICATE_OK = "duplicate_ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number a partner is known by, with the days it holds and where we know it from."""

    scheme: str
    value: str
    name: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    confidence: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the identifier is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """When a partner's answer matches (`status`, `code`, regular expression `pattern`), its error class."""

    outcome: ErrorClass
    status: int | None = None
    code: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Retry as a value: attempts, first delay, factor and cap in seconds."""

    attempts: int = 5
    delay_s: int = 180
    factor: int = 2
    cap_s: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyWithin:
    """How long a payer normally takes, and what silence means when it is over."""

    working_days: int
    calendar: str
    silence: str = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRule:
    """A payer rule as data: `kind` names the engine's rule, `settings` its parameters, valid for care dates."""

    kind: str
    settings: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the rule is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRule:
    """How rejections of one mail sender are read: address, and named regular expressions over subject and body.

    Pattern names: `invoice` (group 1 = invoice number), `sak_id`, `reason`, `credit_note` (its presence asks for one).
    `dkim_domain` is the domain whose signature the receiving server must have passed.
    """

    sender: str
    dkim_domain: str
    patterns: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class EhfProfile:
    """What a recipient of EHF wants beyond the standard.

    `line_properties` maps our field names (treatment_code, treatment_datetime, duration, therapist_hpr, therapist_name,
    profession, diagnosis, patient_ref) to the item property names the recipient reads; `required` lists ours.
    """

    line_properties: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    required: tuple[str, ...] = ()
    order_reference: str = "sak_id"
    buyer_reference: str = ""
    asks_diagnosis: bool = False
    sak_id_pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCode:
    """One row of a partner's codes.csv; `fix_hint` is English, and what it has no translation of is said in English."""

    code: str
    severity: str = ""
    nl: str = ""
    nb: str = ""
    en: str = ""
    who_acts: str = ""
    fix_hint: str = ""
    field: str = ""
    fix_hint_nl: str = ""
    fix_hint_nb: str = ""

    @property
    def hint(self) -> dict[str, str]:
        """What to do, in the languages the partner's folder gives."""
        said = {"en": self.fix_hint, "nb": self.fix_hint_nb, "nl": self.fix_hint_nl}
        return {language: words for language, words in said.items() if words}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """Which channel module and its settings; `required` names settings the agreement must fill, having no default."""

    kind: str
    settings: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """One trading partner, as its folder says. `name` is the folder's name.

    `correction` says how a refused or granted claim is corrected, `after_network_refusal` whether an invoice that the
    network refused goes out under a `new_number` or the `same_number`.
    """

    name: str
    title: str
    country: str
    kind: str
    verified: bool
    identifiers: tuple[Identifier, ...] = ()
    formats_out: tuple[str, ...] = ()
    formats_in: tuple[str, ...] = ()
    channel: ChannelSpec
    grouping: str = "claim"
    retry: RetryPolicy = RetryPolicy()
    errors: tuple[ErrorRule, ...] = ()
    reply_within: ReplyWithin | None = None
    rules: tuple[DatedRule, ...] = ()
    remittance_patterns: tuple[str, ...] = ()
    matching: str = "strict"
    mail: tuple[MailRule, ...] = ()
    ehf: EhfProfile | None = None
    specification: SpecificationMap | None = None
    correction: str = ""
    after_network_refusal: str = "new_number"
    contacts: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    codes: tuple[PartnerCode, ...] = ()
    source: str = ""

    def identifier_on(self, scheme: str, value: str, day: date) -> Identifier | None:
        """The identifier with this value in force on a day, if any."""
        for identifier in self.identifiers:
            if (identifier.scheme, identifier.value) == (scheme, value) and identifier.holds_on(day):
                return identifier
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Our dated contract with a partner, per tenant: everything that is ours with it.

    `settings` fills and overrides the partner's channel settings (endpoint, credential references, sender ids).
    `release` is `auto` or `manual` (a person releases each batch). `payer_accounts` are those the payer pays from.
    """

    id: str
    tenant: str
    partner: str
    valid_from: date
    valid_to: date | None = None
    channel: str = ""
    settings: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    release: str = "auto"
    payer_accounts: tuple[str, ...] = ()
    kid_length: int = 0
    kid_method: str = "MOD10"
    accepted_unverified: bool = False
