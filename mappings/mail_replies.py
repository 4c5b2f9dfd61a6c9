"""Rejections that come by e-mail: from whom, about which invoice, and why (scenario S28).

A mail counts only when its sender is one of the partner's mail rules and our own server found the signature of that
rule's domain valid; the address in From proves nothing. Whatever pretends goes to quarantine, whatever is genuine but
cannot be placed goes to a person. The rules' patterns come from partner.yaml, or were taught by a person from a mail
that could not be placed; none is written here. `mappings.mail_patterns` says which are safe to run on strangers' mails.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.errors import ConfigurationError
from hub.model.partner import MailRule
from hub.model.reply import Rejection
from mappings.mail_patterns import searchable
from schemas import mail as mails

_FLAGS = re.IGNORECASE | re.MULTILINE
_SHORTEST_LABEL = 4


class MailOutcome(StrEnum):
    """What becomes of a mail."""

    REJECTION = "rejection"
    QUARANTINE = "quarantine"
    TRIAGE = "triage"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReading:
    """A mail as read. `rejection` is set only on REJECTION; `code` says why it is anything else, `text` for people."""

    outcome: MailOutcome
    sender: str
    subject: str
    rejection: Rejection | None = None
    code: str = ""
    text: Mapping[str, str]


def from_mail(data: bytes, rules: Sequence[MailRule], *, signed_by: Collection[str]) -> MailReading:
    """Read one mail. `signed_by`: the domains whose signature our server found valid (`Collected.meta["dkim"]`)."""
    mail = mails.read(data)
    passed = {domain.lower() for domain in signed_by}
    rule = next((rule for rule in rules if rule.sender.lower() == mail.sender), None)
    if rule is None:
        return _stranger(mail, rules, passed)
    if rule.dkim_domain.lower() not in passed:
        return _set_aside(mail, MailOutcome.QUARANTINE, "MAIL_FORGED")
    found = {name: _search(rule, name, mail) for name in rule.patterns}
    number = found.get("invoice") or ""
    if not number:
        return _set_aside(mail, MailOutcome.TRIAGE, "MAIL_NO_INVOICE")
    rejection = Rejection(
        invoice_number=number,
        sak_id=found.get("sak_id") or "",
        text=found.get("reason") or "",
        asks_credit_note=found.get("credit_note") is not None,
        sender=mail.sender,
        subject=mail.subject,
        at=mail.at,
    )
    return MailReading(
        outcome=MailOutcome.REJECTION, sender=mail.sender, subject=mail.subject, rejection=rejection, text={}
    )


def _stranger(mail: mails.Mail, rules: Sequence[MailRule], passed: Collection[str]) -> MailReading:
    """No rule knows this sender: quarantine when it is unproven or looks like one we know, otherwise a person reads."""
    if not mail.sender or any(_imitates(mail, rule) for rule in rules):
        return _set_aside(mail, MailOutcome.QUARANTINE, "MAIL_IMITATES")
    domain = mail.sender.rpartition("@")[2]
    if not any(domain == name or domain.endswith(f".{name}") for name in passed):
        return _set_aside(mail, MailOutcome.QUARANTINE, "MAIL_UNSIGNED")
    return _set_aside(mail, MailOutcome.TRIAGE, "MAIL_UNKNOWN_SENDER")


def _imitates(mail: mails.Mail, rule: MailRule) -> bool:
    """Whether the display name shows the rule's address or domain, or another domain carries its name."""
    shown = mail.display_name.lower()
    domain, known = mail.sender.rpartition("@")[2], rule.dkim_domain.lower()
    if rule.sender.lower() in shown or known in shown:
        return True
    ours = domain == known or domain.endswith(f".{known}")
    label = known.rpartition(".")[0].rpartition(".")[2]
    return not ours and len(label) >= _SHORTEST_LABEL and label in domain


def _search(rule: MailRule, name: str, mail: mails.Mail) -> str | None:
    """The pattern's first hit in subject and text: its group 1, or all of it; None when there is none."""
    try:
        found = re.search(rule.patterns[name], searchable(f"{mail.subject}\n{mail.text}"), _FLAGS)
    except re.error as error:
        raise ConfigurationError(
            f"the mail pattern {name} of {rule.sender} is no regular expression: {error}", hint="correct partner.yaml"
        ) from error
    return _clean(found) if found else None


def _clean(found: re.Match[str]) -> str:
    value = found.group(1) if found.re.groups else found.group()
    return " ".join((value or "").split())


def _set_aside(mail: mails.Mail, outcome: MailOutcome, code: str) -> MailReading:
    return MailReading(outcome=outcome, sender=mail.sender, subject=mail.subject, code=code, text=TEXTS[code])


TEXTS: Mapping[str, Mapping[str, str]] = {
    "MAIL_FORGED": {
        "en": "The mail names a known sender but does not carry that sender's valid signature. Do not act on it.",
        "nb": "E-posten oppgir en kjent avsender, men mangler avsenderens gyldige signatur. Ikke handle ut fra den.",
        "nl": "De mail noemt een bekende afzender, maar draagt diens geldige handtekening niet. Handel er niet naar.",
    },
    "MAIL_IMITATES": {
        "en": "The mail looks like one from a known sender but comes from elsewhere. Do not act on it.",
        "nb": "E-posten ligner på en fra en kjent avsender, men kommer fra et annet sted. Ikke handle ut fra den.",
        "nl": "De mail lijkt van een bekende afzender, maar komt ergens anders vandaan. Handel er niet naar.",
    },
    "MAIL_UNSIGNED": {
        "en": "Nothing proves who sent this mail.",
        "nb": "Ingenting viser hvem som har sendt denne e-posten.",
        "nl": "Niets bewijst wie deze mail heeft verstuurd.",
    },
    "MAIL_UNKNOWN_SENDER": {
        "en": "No partner is known to write from this address. Read it and decide.",
        "nb": "Ingen kjent partner skriver fra denne adressen. Les den og avgjør.",
        "nl": "Geen bekende partner schrijft vanaf dit adres. Lees de mail en beslis.",
    },
    "MAIL_NO_INVOICE": {
        "en": "A known sender's mail in which no invoice number was found. Find the invoice it speaks of.",
        "nb": "E-post fra en kjent avsender der det ikke ble funnet noe fakturanummer. Finn fakturaen det gjelder.",
        "nl": "Mail van een bekende afzender waarin geen factuurnummer staat. Zoek de factuur waar het om gaat.",
    },
}
