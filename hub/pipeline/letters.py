"""A message to copy: to the practice that must act on a refusal, or to the payer's help desk, in their language.

Nobody is named in it: a patient stands there with the last characters of a number, as in the work list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub import texts
from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.pipeline import worklist
from hub.pipeline.context import Hub
from hub.pipeline.worklist import RefusedLine
from hub.store import parties
from hub.store.unit import Unit

PRACTICE, PAYER = "practice", "payer"
_SUBJECTS = ("claims", "status", "technical")
"""Whom to write about a refusal, best first; about a refusal of the network the last one comes first."""
_OWN = {"NL": "nl", "NO": "nb"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message ready to be copied: whom it is for, how to reach them about this, and the words."""

    to: str
    whom: str
    contact: str
    subject: str
    body: str
    language: str


def letter(hub: Hub, unit: Unit, line: RefusedLine, to: str, language: str = "") -> Letter:
    """The message about one refusal; in the language of the subject's country unless another is asked for."""
    if to not in (PRACTICE, PAYER):
        raise ConfigurationError(f"nobody to write to is called {to[:20]!r}", hint=f"{PRACTICE} or {PAYER}")
    chosen = language if language in texts.LANGUAGES else _language(hub, line)
    whom, contact = _practice(unit, line) if to == PRACTICE else _payer(hub, line)
    values = _values(line, chosen, whom)
    code = "LETTER_PRACTICE" if to == PRACTICE else "LETTER_PAYER"
    said = texts.text(code, **values)[chosen]
    subject = texts.text("LETTER_SUBJECT", **values)[chosen]
    return Letter(to=to, whom=whom, contact=contact, subject=subject, body=said, language=chosen)


def _language(hub: Hub, line: RefusedLine) -> str:
    partner = hub.registry.partners.get(line.payer)
    return _OWN.get(partner.country if partner else "", "en")


def _practice(unit: Unit, line: RefusedLine) -> tuple[str, str]:
    """The address for invoice notices where there is one, else the organisation's own."""
    if not line.provider:
        return "", ""
    organisation = parties.organisation(unit, line.provider)
    return organisation.party.name, organisation.invoice_email or organisation.party.email


def _payer(hub: Hub, line: RefusedLine) -> tuple[str, str]:
    """The payer's contact for this subject; empty where its folder names none."""
    partner = hub.registry.partners.get(line.payer)
    if partner is None:
        return line.partner, ""
    subjects = (*_SUBJECTS[-1:], *_SUBJECTS) if line.network else _SUBJECTS
    return partner.title, next((partner.contacts[name] for name in subjects if name in partner.contacts), "")


def _values(line: RefusedLine, language: str, whom: str) -> Mapping[str, object]:
    hints = [texts.pick(one.hint, language) for one in line.reasons if one.hint]
    return {
        "whom": whom or "-",
        "ref": line.claim_ref or "-",
        "invoice": line.invoice_number or "-",
        "lines": line.lines or "-",
        "patient": line.patient or "-",
        "day": line.service_date or "-",
        "refused_on": line.refused_on,
        "amount": Money(line.amount_minor, line.currency) if line.currency else "-",
        "payer": line.partner,
        "reason": worklist.plain(line.reasons, language) or texts.pick(line.text, language),
        "todo": " ".join(hints) or "-",
        "due": line.due or "-",
    }
