"""Mail rules a person taught: reference data of a tenant, dated, beside those of the partners' folders and before them.

They are in the database and not in a folder, so that every node and every running process reads the next mail by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from hub.model.partner import MailRule
from hub.store import reference
from hub.store.reference import ReferenceRow
from hub.store.unit import Unit

KIND = "mail_rule"
PATTERNS = ("invoice", "sak_id", "reason", "credit_note")
_PARTNER, _DOMAIN, _PATTERN = "partner", "dkim_domain", "pattern."


def taught(unit: Unit, day: date) -> list[MailRule]:
    """The rules in force on a day."""
    return [_rule(row.code, row.body) for row in reference.in_force(unit, KIND, day).values()]


def partner_of(unit: Unit, sender: str, day: date) -> str:
    """Which partner a sender was taught for; empty when for none."""
    row = reference.in_force(unit, KIND, day).get(sender)
    return row.body[_PARTNER] if row else ""


def teach(unit: Unit, partner: str, rule: MailRule, *, source: str) -> None:
    """Record a rule from today on; another one for the same sender ends yesterday."""
    forget(unit, rule.sender)
    body = {_PARTNER: partner, _DOMAIN: rule.dkim_domain}
    body |= {_PATTERN + name: text for name, text in rule.patterns.items()}
    reference.put(unit, KIND, [ReferenceRow(code=rule.sender, body=body, valid_from=unit.now.date(), source=source)])


def forget(unit: Unit, sender: str) -> bool:
    """End the rule of a sender as of today; False when there is none."""
    today = unit.now.date()
    known = [row for row in reference.rows_of(unit, KIND) if row.code == sender and row.holds_on(today)]
    for row in known:
        ended = ReferenceRow(
            code=row.code,
            body=row.body,
            valid_from=row.valid_from,
            valid_to=today - timedelta(days=1),
            source=row.source,
        )
        reference.put(unit, KIND, [ended])
    return bool(known)


def _rule(sender: str, body: Mapping[str, str]) -> MailRule:
    patterns = {name.removeprefix(_PATTERN): text for name, text in body.items() if name.startswith(_PATTERN)}
    return MailRule(sender=sender, dkim_domain=body[_DOMAIN], patterns=patterns)
