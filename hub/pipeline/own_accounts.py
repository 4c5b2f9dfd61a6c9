"""Bank accounts of our own organisations: changed by two persons, never by a message (S37).

An account that turns up in a message and is not ours becomes a task and nothing else. Money that still goes to, or
comes in on, an account we left raises an alert.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from hub.errors import ConfigurationError
from hub.model.identity import digits, is_bban, is_fnr, is_iban, mask
from hub.model.payment import Payment
from hub.pipeline import four_eyes
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Actor
from hub.store import access, accounts, keyset, parties, schema, tasks
from hub.store.keyset import Place
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit
from schemas import mail as mails

_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ .\u00a0-]?[A-Z0-9]){11,30}", re.IGNORECASE)
_BBAN = re.compile(r"(?<![\d.])\d{4}[. \u00a0]\d{2}[. \u00a0]\d{5}(?!\d)|(?<=konto)\D{0,20}\d{11}(?!\d)", re.IGNORECASE)
_SHORTEST, _LONGEST = 15, 34
_NORWAY = "NO"
_NAMES = ("account", "former", "source", "state", "asked_by", "asked_at", "decided_by", "decided_at")
_LENGTHS = {
    "NL": 18,
    "NO": 15,
    "BE": 16,
    "DE": 22,
    "DK": 18,
    "SE": 24,
    "FI": 18,
    "FR": 27,
    "LU": 20,
    "GB": 22,
    "IE": 22,
    "ES": 24,
    "IT": 27,
    "PT": 25,
    "AT": 20,
    "CH": 21,
    "PL": 28,
    "LT": 20,
    "LV": 21,
    "EE": 20,
}
"""How long an IBAN is by country (ISO 13616 register), of those that are met here."""


def ask(unit: Unit, code: str, account: str, *, source: str, actor: Actor) -> tuple[Row, bool]:
    """Ask for another account; it counts when a second person approves. Gives the request, and whether it is new."""
    owner = parties.organisation(unit, code)
    wanted = digits(account).upper()
    if not (is_iban(wanted) or is_bban(wanted)):
        raise ConfigurationError("this is no IBAN or Norwegian account with the right check digits")
    if wanted == owner.party.account:
        raise ConfigurationError(f"{code} has this account already")
    if not source.strip():
        raise ConfigurationError("say where it comes from, other than a message", hint='--source "called the practice"')
    return _ask(unit, owner, wanted, source, actor)


def _ask(unit: Unit, owner: Organisation, account: str, source: str, actor: Actor) -> tuple[Row, bool]:
    by = actor.name[:60]
    row, new = accounts.ask(unit, owner.id, account, former=owner.party.account, source=source, by=by)
    if new:
        access.record(unit, actor=actor.name, role=actor.role, action="ask", object_=f"account/{owner.code}")
        values = {"code": owner.code, "account": mask(account), "by": row["asked_by"]}
        raise_case(unit, "ACCOUNT_WAITS", values, key=f"account:{row['id']}")
    return row, new


def listed(unit: Unit) -> list[dict[str, Any]]:
    """Every change of account, the oldest first, with whose it is."""
    codes = {one.id: one.code for one in parties.organisations(unit)}
    return [
        _body(row | {"code": codes[row["organisation_id"]]})
        for row in accounts.find(unit)
        if row["organisation_id"] in codes
    ]


def _body(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("code", *_NAMES)}


def paged(unit: Unit, after: Place, most: int, *, waiting: bool) -> tuple[list[dict[str, Any]], Place]:
    """Some changes that wait, the oldest first, or that were decided, the newest first; and where the rest begins."""
    table = schema.account_change
    where = table.c.state == accounts.ASKED if waiting else table.c.state != accounts.ASKED
    rows = keyset.account_changes(unit, after, most + 1, [where], newest_first=not waiting)
    shown = rows[:most]
    rest = (shown[-1]["asked_at"], shown[-1]["id"]) if len(rows) > most else ()
    return [_body(row) for row in shown], rest


def count_waiting(unit: Unit) -> int:
    """How many changes of account wait for a second person."""
    table = schema.account_change
    where = (table.c.tenant_id == unit.tenant, table.c.state == accounts.ASKED)
    return int(unit.connection.execute(select(func.count(table.c.id)).where(*where)).scalar_one())


def wanted(unit: Unit, owner: Organisation, account: str, actor: Actor) -> None:
    """A list or command of ours names another account for an organisation we know: it waits for a second person."""
    _ask(unit, owner, account, "list", actor)


def decide(unit: Unit, code: str, actor: Actor, *, approve: bool, account: str = "") -> Row:
    """Approve or reject what somebody else asked for."""
    owner = parties.organisation(unit, code)
    row = _waiting(unit, owner, digits(account).upper())
    refusal = four_eyes.refusal(row["asked_by"], actor, "who asked for an account") if approve else None
    if refusal is not None:
        raise refusal
    accounts.decide(unit, row, accounts.APPROVED if approve else accounts.REJECTED, actor.name[:60])
    action = "approve" if approve else "reject"
    access.record(unit, actor=actor.name, role=actor.role, action=action, object_=f"account/{code}")
    tasks.done(unit, f"account:{row['id']}", {action: actor.name})
    return row


def _waiting(unit: Unit, owner: Organisation, account: str) -> Row:
    if not account:
        return accounts.waiting(unit, owner.id)
    table = schema.account_change
    same = (table.c.organisation_id == owner.id, table.c.account == account, table.c.state == accounts.ASKED)
    found = accounts.find(unit, *same)
    if not found:
        raise ConfigurationError("this account is not asked for", hint="kvitt org account list")
    return found[0]


def found_in(text: str) -> list[str]:
    """The bank accounts in a text: IBANs, and Norwegian numbers written as accounts are; a fødselsnummer is none."""
    found = [one for raw in _IBAN.findall(text) if (one := _iban(raw))]
    for raw in _BBAN.findall(text):
        number = "".join(sign for sign in raw if sign.isdigit())
        if is_bban(number) and not is_fnr(number, allow_synthetic=True):
            found.append(number)
    return list(dict.fromkeys(found))


def _iban(raw: str) -> str:
    """The IBAN a run of letters and digits begins with: words may follow it without a mark."""
    compact = digits(raw).upper()
    known = _LENGTHS.get(compact[:2])
    for length in (known,) if known else range(_SHORTEST, min(len(compact), _LONGEST) + 1):
        if length <= len(compact) and is_iban(compact[:length]):
            return compact[:length]
    return ""


def plain(account: str) -> str:
    """An account to compare: a Norwegian IBAN is its account number."""
    compact = digits(account).upper()
    return compact[4:] if compact[:2] == _NORWAY and len(compact) == _LENGTHS[_NORWAY] else compact


def told(unit: Unit, found: Iterable[str], *, inbound_id: str, source: str) -> list[str]:
    """Accounts a message names: those that are neither ours nor a payer's become a task; nothing is changed by it."""
    known = {plain(each.party.account) for each in parties.organisations(unit)}
    known |= {plain(account) for each in parties.agreements(unit) for account in each.payer_accounts}
    strange = [account for account in dict.fromkeys(found) if plain(account) not in known]
    for account in strange:
        mark = hashlib.sha256(account.encode()).hexdigest()[:16]
        values = {"source": source, "account": mask(account)}
        about = About(inbound_id=inbound_id or None)
        raise_case(unit, "ACCOUNT_IN_MESSAGE", values, key=f"account-told:{inbound_id}:{mark}", about=about)
    return strange


def told_by_mail(unit: Unit, inbound: Row, payload: bytes) -> None:
    """Accounts a mail names in its subject or text."""
    mail = mails.read(payload)
    source = inbound["meta"]["name"] or "mail"
    told(unit, found_in(f"{mail.subject}\n{mail.text}"), inbound_id=inbound["id"], source=source)


def watch(unit: Unit, inbound: Row, payments: Iterable[Payment]) -> None:
    """Money on an account we left, or going to one: said at once, because somebody still has the old number."""
    left = {plain(account): code for account, code in accounts.former(unit).items()}
    for payment in payments if left else ():
        ours, theirs = plain(payment.account), plain(payment.payer_account)
        if ours in left:
            _old(unit, "OLD_ACCOUNT_USED", left[ours], payment.account, inbound, payment)
        if payment.amount.minor < 0 and theirs in left:
            _old(unit, "OLD_ACCOUNT_PAID", left[theirs], payment.payer_account, inbound, payment)


def _old(unit: Unit, code: str, owner: str, account: str, inbound: Row, payment: Payment) -> None:
    """One task per file that has payments on an old account, and per payment that went to one."""
    values = {"code": owner, "account": mask(account), "amount": payment.amount, "day": payment.booked or "?"}
    mark = f":{payment.position}" if code == "OLD_ACCOUNT_PAID" else ""
    key = f"old-account:{inbound['id']}:{mask(account)}{mark}"[:160]
    about = About(inbound_id=inbound["id"], amount=payment.amount)
    raise_case(unit, code, values, key=key, kind="old_account", about=about)
