"""Money goes on to practices: proposed, approved by a second person, handed to the bank as one payment file.

A pay-out is frozen when it is proposed: amount, account, name, and what it rests on. An approval is bound to exactly
that; whatever differs later voids it. The payment file is made, stored and booked in one transaction before anybody
has it, and asked for again it is the same file: so nothing is paid twice, wherever the process dies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from hub.errors import ConfigurationError, ContentError
from hub.ledger.accounts import Account
from hub.ledger.positions import Owner, Part, PayoutProposal, Position, no_position, payout_proposals, positions
from hub.ledger.postings import charged, paid_out
from hub.model.identity import is_bban, is_iban
from hub.model.money import Money, total
from hub.model.quarter import quarter
from hub.pipeline import four_eyes, shares
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Actor, Hub
from hub.pipeline.wanted import amount_of
from hub.store import access, accounts, money, parties, pauses, payouts, schema, tasks
from hub.store.parties import Organisation
from hub.store.payouts import NewExport, NewPayout
from hub.store.unit import Row, Unit
from mappings import tables
from schemas import pain

_SPACE = UUID("52b1cf0e-33c1-5a0b-8f5a-0f2b6c1e7a55")
EURO = "EUR"
_LONGEST_SERVICE = 60
_QUANTITY = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,6})?")
_LARGEST_MINOR = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What proposing came to for one practice: a pay-out, or why there is none."""

    proposal: PayoutProposal
    payout: Row | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A payment file: its row, its name and its bytes."""

    row: Row
    name: str
    content: bytes


def standing(unit: Unit) -> dict[Owner, Position]:
    """Where every practice stands now."""
    return positions(money.postings(unit), shares.labels(unit), shares.agreed(unit))


def proposals(unit: Unit, practices: Sequence[str] = ()) -> tuple[PayoutProposal, ...]:
    """What may be paid to each practice now: only what was received and netted; nothing is paid by this."""
    found = standing(unit)
    wished = {owner: each for owner, each in found.items() if not practices or owner.practice in practices}
    return payout_proposals(wished, _reserved(unit))


def _payee(unit: Unit, practice: Organisation) -> str:
    """Who is paid for a practice: the care group above it, else the practice itself."""
    try:
        return parties.ancestor(unit, practice, "care_group").code
    except ConfigurationError:
        return practice.code


def proposals_csv(found: Sequence[PayoutProposal], of: Mapping[str, str]) -> bytes:
    """What may be paid, as CSV: to whom, on which account, how much, what carries over."""
    header = ("practice", "payee", "account", "currency", "amount", "reserved", "carried", "held")
    rows = [
        (
            each.owner.practice,
            each.owner.payee,
            of.get(each.owner.practice, ""),
            each.owner.currency,
            each.amount.decimal(),
            each.reserved.decimal(),
            each.carried.decimal(),
            each.held,
        )
        for each in found
    ]
    return tables.to_csv(header, rows, point=",")


def _reserved(unit: Unit) -> dict[Owner, Money]:
    """What waits for approval or for the bank; from then on the journal has it as paid out."""
    found: dict[Owner, Money] = {}
    for row in payouts.find(unit, schema.payout.c.state.in_(payouts.WAITING)):
        owner = Owner(row["practice"], row["payee"], row["currency"])
        found[owner] = found.get(owner, Money(0, owner.currency)) + payouts.amount(row)
    return found


def propose(hub: Hub, tenant: str, actor: Actor, practices: Sequence[str] = ()) -> list[Proposed]:
    """Freeze what each practice may be paid now. One that waits already stays as it is: running twice adds nothing."""
    with hub.store.unit(tenant) as unit:
        for code in practices:
            parties.organisation(unit, code)
        found = [_propose(unit, each, actor) for each in proposals(unit, practices)]
        made = [each.payout["number"] for each in found if each.payout]
        if made:
            _log(unit, actor, "propose", ", ".join(map(str, made)))
    return found


def _propose(unit: Unit, proposal: PayoutProposal, actor: Actor) -> Proposed:
    owner = proposal.owner
    if not proposal.amount:
        return Proposed(proposal=proposal, why=proposal.held or ("waiting" if proposal.reserved else "nothing"))
    if proposal.reserved:
        return Proposed(proposal=proposal, why="waiting")
    practice = parties.organisation(unit, owner.practice)
    wrong = (
        _account_problem(unit, practice, owner.currency)
        or _debtor_problem(unit, owner)
        or _unwritable(practice, proposal.amount)
    )
    if wrong:
        return Proposed(proposal=proposal, why=wrong)
    new = NewPayout(
        practice=owner.practice,
        payee=owner.payee,
        amount=proposal.amount,
        name=practice.party.name,
        account=practice.party.account,
        until=unit.now,
        basis=_basis(proposal.position),
    )
    return Proposed(proposal=proposal, payout=payouts.add(unit, new, actor.name[:60]))


def _account_problem(unit: Unit, practice: Organisation, currency: str) -> str:
    account = practice.party.account
    if not account:
        return "no_account"
    if not (is_iban(account) or (is_bban(account) and currency != EURO)):
        return "wrong_account"
    table = schema.account_change
    asked = accounts.find(unit, table.c.organisation_id == practice.id, table.c.state == accounts.ASKED)
    return "account_waits" if asked else ""


def _debtor_problem(unit: Unit, owner: Owner) -> str:
    """Who holds the money pays from an account of its own: found out now, not when the payment file is made."""
    problem = _account_problem(unit, parties.organisation(unit, owner.payee), owner.currency)
    return f"payee_{problem}" if problem else ""


def _unwritable(practice: Organisation, amount: Money) -> str:
    """What no bank takes is not even proposed: in a payment file it would stop everybody else's money."""
    if not pain.is_name(practice.party.name):
        return "no_name"
    return "too_large" if amount.minor > pain.LARGEST_MINOR else ""


def _basis(position: Position) -> dict[str, Any]:
    """What the amount rests on, so that it can be worked out again."""
    return {
        "parts": [_part(part) for part in position.parts],
        "costs_minor": position.costs.minor,
        "paid_out_minor": position.paid_out.minor,
    }


def _part(part: Part) -> dict[str, Any]:
    share = part.share
    return {
        "module": part.module,
        "period": part.period,
        "settled_minor": part.settled.minor,
        "patients": part.patients,
        "share": share.kind.value if share else None,
        "due_minor": part.due.minor,
    }


def approve(hub: Hub, tenant: str, numbers: Sequence[int], amount: Money, actor: Actor) -> list[Row]:
    """A second person approves pay-outs of together exactly this amount; what changed meanwhile is voided instead."""
    with hub.store.unit(tenant) as unit:
        rows = [_in_state(unit, number, payouts.PROPOSED) for number in dict.fromkeys(numbers)]
        alone = [four_eyes.refusal(row["proposed_by"], actor, "who proposed a pay-out") for row in rows]
        refusal = next(filter(None, alone), None)
        if refusal is not None:
            _log(unit, actor, "approve", ", ".join(map(str, numbers)), outcome="refused")
        elif {row["currency"] for row in rows} != {amount.currency} or total(
            [payouts.amount(row) for row in rows], amount.currency
        ) != amount:
            refusal = ConfigurationError(f"these pay-outs are not {amount} together", hint="kvitt payout show NUMBER")
        else:
            found = standing(unit)
            return [_approve(unit, row, found, actor) for row in rows]
    raise refusal


def _approve(unit: Unit, row: Row, found: Mapping[Owner, Position], actor: Actor) -> Row:
    why = _changed(unit, row, found)
    if why:
        return _void(unit, row, why, actor)
    values = {"decided_by": actor.name[:60], "decided_at": unit.now, "approved_digest": row["digest"]}
    payouts.change(unit, row, payouts.APPROVED, **values)
    _log(unit, actor, "approve", str(row["number"]))
    return payouts.get(unit, row["number"])


def _changed(unit: Unit, row: Row, found: Mapping[Owner, Position]) -> str:
    """Why a pay-out is not what was proposed any more; empty while it is."""
    if payouts.digest(row) != row["digest"] or row["approved_digest"] not in ("", row["digest"]):
        return "tampered"
    practice = parties.organisation(unit, row["practice"])
    if practice.party.account != row["account"]:
        return "account_changed"
    if _account_problem(unit, practice, row["currency"]):
        return "account_waits"
    owner = Owner(row["practice"], row["payee"], row["currency"])
    position = found.get(owner) or no_position(owner)
    return "amount_changed" if position.balance < payouts.amount(row) else ""


def _void(unit: Unit, row: Row, why: str, actor: Actor) -> Row:
    payouts.change(unit, row, payouts.VOID, decided_by=actor.name[:60], decided_at=unit.now, note=why)
    _log(unit, actor, "void", str(row["number"]), outcome=why)
    values = {"number": row["number"], "practice": row["practice"], "amount": payouts.amount(row)}
    about = About(amount=payouts.amount(row), evidence={"why": why})
    raise_case(unit, "PAYOUT_VOID", values, key=f"payout:{row['id']}:void", about=about)
    return payouts.get(unit, row["number"])


def reject(hub: Hub, tenant: str, number: int, reason: str, actor: Actor) -> Row:
    """A second person says no; the money stays and may be proposed again."""
    return _close(hub, tenant, number, payouts.REJECTED, reason, actor)


def cancel(hub: Hub, tenant: str, number: int, reason: str, actor: Actor) -> Row:
    """Take a pay-out back that no bank has yet."""
    return _close(hub, tenant, number, payouts.CANCELLED, reason, actor)


def _close(hub: Hub, tenant: str, number: int, state: str, reason: str, actor: Actor) -> Row:
    if not reason.strip():
        raise ConfigurationError("say why", hint='--reason "..."')
    with hub.store.unit(tenant) as unit:
        row = payouts.get(unit, number)
        if row["state"] not in payouts.WAITING or (state == payouts.REJECTED and row["state"] != payouts.PROPOSED):
            raise ConfigurationError(f"pay-out {number} is {row['state']}", hint="the bank has it, or it is closed")
        payouts.change(unit, row, state, decided_by=actor.name[:60], decided_at=unit.now, note=reason)
        _log(unit, actor, state, str(number))
        return payouts.get(unit, number)


def _in_state(unit: Unit, number: int, state: str) -> Row:
    row = payouts.get(unit, number)
    if row["state"] != state:
        raise ConfigurationError(f"pay-out {number} is {row['state']}, not {state}", hint="kvitt payout list")
    return row


def export(
    hub: Hub, tenant: str, execution: date, actor: Actor, *, payees: Collection[str] | None = None
) -> list[Exported]:
    """Make a payment file per payer and currency of everything approved, book it, and give it with its bytes.

    `payees` limits it to what these organisations pay.
    """
    with hub.store.unit(tenant) as unit:
        country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
        if execution < hub.today(country):
            raise ConfigurationError(f"{execution} is past", hint="--date YYYY-MM-DD")
        stopped = pauses.in_force(unit)
        halt = stopped.of(pauses.OUTBOUND, "")
        if halt:
            raise ConfigurationError(
                f"everything that goes out is stopped: {halt['reason']}", hint="kvitt resume outbound"
            )
        found = standing(unit)
        groups: dict[tuple[str, str], list[Row]] = {}
        held: dict[str, str] = {}
        for row in payouts.find(unit, schema.payout.c.state == payouts.APPROVED):
            if stopped.of(pauses.PRACTICE, row["practice"]) or (payees is not None and row["payee"] not in payees):
                continue
            why = _changed(unit, row, found)
            if why:
                _void(unit, row, why, actor)
            elif _held(unit, row):
                held[row["payee"]] = _held(unit, row)
            else:
                groups.setdefault((row["payee"], row["currency"]), []).append(row)
        made = [_export(unit, payee, rows, execution, actor) for (payee, _), rows in sorted(groups.items())]
    if held and not made:
        raise _not_paid_from(held)
    return made


def _held(unit: Unit, row: Row) -> str:
    """Why nobody pays from the account of who holds the money now; what was approved waits."""
    return _debtor_problem(unit, Owner(row["practice"], row["payee"], row["currency"])).removeprefix("payee_")


def _not_paid_from(held: Mapping[str, str]) -> ConfigurationError:
    payee, why = min(held.items())
    if why == "account_waits":
        said = f"another account of {payee} waits for a second person: nothing is paid from it until then"
        return ConfigurationError(said, hint=f"kvitt org account approve {payee}, or reject")
    return ConfigurationError(f"{payee} has no account to pay from", hint=f"kvitt org account request {payee}")


def held(hub: Hub, tenant: str) -> dict[str, str]:
    """Who holds approved pay-outs that no payment file takes now, and why; kvitt payout export says so."""
    with hub.store.reading(tenant) as unit:
        return {row["payee"]: why for row in payouts.holders(unit) if (why := _held(unit, row))}


def _export(unit: Unit, payee: str, rows: Sequence[Row], execution: date, actor: Actor) -> Exported:
    """One file; journal and pay-outs say so in the same transaction, before anybody has it."""
    order = _order(unit, parties.organisation(unit, payee), rows, execution)
    content = pain.write(order)
    new = NewExport(
        payee=payee,
        amount=total([payouts.amount(row) for row in rows], rows[0]["currency"]),
        count=len(rows),
        message_id=order.id,
        execution_date=execution,
        content=content,
    )
    stored = payouts.add_export(unit, new, actor.name[:60])
    for row in rows:
        post = paid_out(unit.tenant, row["practice"], row["id"], payouts.amount(row), at=unit.now, payee=row["payee"])
        money.post(unit, post)
        payouts.change(unit, row, payouts.EXPORTED, export_id=stored["id"])
        tasks.done(unit, f"payout:{row['id']}:failed", {"paid_again": True})
    _log(unit, actor, "export", f"file {stored['number']}")
    return Exported(row=stored, name=file_name(stored), content=content)


def file_name(row: Row) -> str:
    """The name of a payment file."""
    return f"payouts-{row['payee']}-{row['number']:05d}.xml"


def _order(unit: Unit, payer: Organisation, rows: Sequence[Row], execution: date) -> pain.Order:
    """Ids come from the pay-outs alone, so that a bank that sees one twice knows it."""
    key = "|".join([execution.isoformat(), *sorted(row["id"] for row in rows)])
    debtor = pain.Debtor(name=payer.party.name, account=payer.party.account, address=payer.party.address)
    group = pain.Group(
        id=f"KVP{uuid5(_SPACE, f'group|{key}').hex}",
        debtor=debtor,
        execution_date=execution,
        transfers=tuple(_transfer(unit, row) for row in rows),
    )
    return pain.Order(
        id=f"KVM{uuid5(_SPACE, f'message|{key}').hex}", created=unit.now, initiator=payer.party.name, groups=(group,)
    )


def _transfer(unit: Unit, row: Row) -> pain.Transfer:
    practice = parties.organisation(unit, row["practice"])
    return pain.Transfer(
        end_to_end=row["end_to_end"],
        amount=payouts.amount(row),
        name=row["name"],
        account=row["account"],
        address=practice.party.address,
        text=f"Kvitt {row['number']} {row['practice']}",
    )


def again(unit: Unit, number: int, actor: Actor) -> Exported:
    """A payment file as it was made, byte by byte."""
    row, content = payouts.export(unit, number)
    _log(unit, actor, "export", f"file {number} again")
    return Exported(row=row, name=file_name(row), content=content)


def _quarter(text: str) -> str:
    try:
        return str(quarter(text))
    except ValueError as error:
        raise ConfigurationError(str(error), hint="--period 2024Q1") from None


def cost(quantity: str, price: str, currency: str) -> Money:
    """So many pieces at a price, rounded half up by itself; ConfigurationError for what is no number."""
    try:
        each = amount_of(price, currency)
    except ContentError:
        raise ConfigurationError(f"no amount: {price[:20]!r}", hint="write 12.50") from None
    if not _QUANTITY.fullmatch(quantity.strip()):
        raise ConfigurationError(f"no number: {quantity[:20]!r}", hint="write 13.25")
    found = each.times(Decimal(quantity.strip().replace(",", ".")))
    if abs(found.minor) > _LARGEST_MINOR:
        raise ConfigurationError(f"too large an amount: {quantity[:20]} x {price[:20]}")
    return found


def charge(
    hub: Hub, tenant: str, practice: str, amount: Money, *, period: str, service: str, actor: Actor
) -> tuple[Money, bool]:
    """Charge a practice for a service in a period; told another amount later, the difference is booked."""
    period, service = _quarter(period), service.strip()
    if not service or len(service) > _LONGEST_SERVICE:
        raise ConfigurationError(f"a service has 1 to {_LONGEST_SERVICE} letters", hint='--service "base rate"')
    if amount.minor < 0:
        raise ConfigurationError(f"{amount} would be a gift", hint="a charge told too high is told again, lower or 0")
    with hub.store.unit(tenant) as unit:
        found = parties.organisation(unit, practice)
        key = hashlib.sha256(f"{practice}|{period}|{service}|{amount.currency}".encode()).hexdigest()[:32]
        rows = money.postings(unit, group=f"charge:{key}:")
        payee = (
            rows[-1].payee if rows else _payee(unit, found)
        )  # it may have moved since: corrected with who charged it
        if payee == practice:
            raise ConfigurationError(f"{practice} is paid itself", hint="only who is paid for it can charge it")
        before = total([row.into(Account.CHARGED) for row in rows], amount.currency)
        if before == amount:
            return amount, False
        posted = charged(
            unit.tenant,
            practice,
            f"{key}:{len(rows) + 1}",
            amount - before,
            at=unit.now,
            period=period,
            reason=service,
            payee=payee,
        )
        money.post(unit, posted)
        _log(unit, actor, "charge", f"{practice}/{period}")
    return amount, True


def _log(unit: Unit, actor: Actor, action: str, what: str, *, outcome: str = "ok") -> None:
    access.record(
        unit, actor=actor.name, role=actor.role, action=action, object_=f"payout/{what}"[:200], outcome=outcome[:20]
    )
