"""kvitt payout: what practices get of the money, proposed, approved by a second person, handed to the bank."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, plain, put_file, put_json, say, table
from hub.cli.output import money as shown
from hub.errors import ConfigurationError

_SHARE = """Record what practices get of the money on their lines, from a day on (all practices, modules unless named).

Kinds: all, percentage (--percent 92.5), per_patient (--amount 0.80), none.

Example: `kvitt payout share --module PMO --kind percentage --percent 95 --from 2024-01-01 --source "agreement 12"`
"""
_SHARES = """Show the shares agreed.

Example: `kvitt payout shares --json`
"""
_CHARGE = """Charge a practice for a service in a period; told another amount later, the difference is booked.

Example: `kvitt payout charge --practice 01099901 --period 2024Q1 --service "base rate" --quantity 2400 --price 0.10`
"""
_PROPOSE = """Propose what each practice may be paid now: what was received and netted, less costs and what it was paid.

Example: `kvitt payout propose`
"""
_LIST = """Show pay-outs; --state one of proposed, approved, exported, settled, failed, rejected, cancelled, void.

Example: `kvitt payout list --state proposed`
"""
_SHOW = """Show one pay-out and what its amount rests on.

Example: `kvitt payout show 3`
"""
_APPROVE = """Approve pay-outs of together exactly --amount. Who proposed them cannot.

Exit 5: one of them is not what was proposed any more, and is void.

Example: `kvitt payout approve 3 4 --amount 164.85`
"""
_REJECT = """Say no to a proposed pay-out; the money stays and may be proposed again.

Example: `kvitt payout reject 3 --reason "account not confirmed"`
"""
_CANCEL = """Take back a pay-out that no bank has yet.

Example: `kvitt payout cancel 3 --reason "practice stopped"`
"""
_EXPORT = """Make the payment file (pain.001.001.09) of everything approved; --file gives one again, byte by byte.

Hand each file to the bank once. The bank knows a file it has seen by its message id.

Example: `kvitt payout export --out . --date 2024-03-04`

Example: `kvitt payout export --out . --file 1`
"""
_TIE = """Say that a booking of the bank is this pay-out leaving or coming back, where it did not say so enough itself.

It names the pay-out but has another amount, came twice, or came back first; or it names nothing and has the pay-out's
amount and account. What the bank booked is then what the practice was paid, and nothing is paid again.

Example: `kvitt payout tie 3 --booking 3f2a91c0 --reason "the bank kept 0.10"`
"""
_FILES = """Show the payment files made.

Example: `kvitt payout files`
"""
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Currency = Annotated[str, typer.Option(help="Such as NOK; without it that of the tenant's country.")]
_COLUMNS = (
    "number",
    "practice",
    "payee",
    "amount",
    "currency",
    "account",
    "state",
    "proposed_by",
    "decided_by",
    "note",
)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Money that goes on to practices.")
    commands = (
        ("share", share, _SHARE),
        ("shares", shares, _SHARES),
        ("charge", charge, _CHARGE),
        ("propose", propose, _PROPOSE),
        ("list", list_, _LIST),
        ("show", show, _SHOW),
        ("approve", approve, _APPROVE),
        ("reject", reject, _REJECT),
        ("cancel", cancel, _CANCEL),
        ("export", export, _EXPORT),
        ("files", files, _FILES),
        ("tie", tie, _TIE),
    )
    for name, command, text in commands:
        group.command(name, help=text)(command)
    app.add_typer(group, name="payout")


def share(
    kind: Annotated[str, typer.Option(help="all, percentage, per_patient or none.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    source: Annotated[str, typer.Option(help="Where it is written.")],
    practice: Annotated[str, typer.Option(help="AGB code; else every practice.")] = "",
    module: Annotated[str, typer.Option(help="Module; else every one.")] = "",
    percent: Annotated[str, typer.Option(help="0 to 100, at most two decimals.")] = "",
    amount: Annotated[str, typer.Option(help="Per patient and quarter.")] = "",
    currency: Currency = "",
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")] = None,
    tenant: Tenant = "",
) -> None:
    """Record a share."""
    from hub.cli.here import here
    from hub.ledger.shares import AgreedShare
    from hub.pipeline import shares as agreed
    from hub.pipeline.statements import CURRENCY

    if not source.strip():
        raise ConfigurationError("say where it is written", hint='--source "agreement 12"')
    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        own = currency or CURRENCY[place.country]
        wanted = AgreedShare(
            share=agreed.share(kind, percent=percent, amount=amount, currency=own),
            valid_from=first.date(),
            valid_to=last.date() if last else None,
            practice=practice,
            module=module.upper(),
            source=source,
        )
        agreed.put(unit, wanted, acting("operator"))
    say(f"{practice or 'every practice'}, {module.upper() or 'every module'}: {kind} from {wanted.valid_from}")


def shares(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show shares."""
    from hub.cli.here import here
    from hub.pipeline import shares as agreed

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        found = list(agreed.described(agreed.agreed(unit)))
    _put(found, list(found[0]) if found else [], as_json=as_json)


def charge(
    practice: Annotated[str, typer.Option(help="AGB code.")],
    period: Annotated[str, typer.Option(help="The quarter, such as 2024Q1.")],
    service: Annotated[str, typer.Option(help="What for.")],
    quantity: Annotated[str, typer.Option(help="Hours, patients, pieces.")],
    price: Annotated[str, typer.Option(help="Per piece.")],
    currency: Currency = "",
    tenant: Tenant = "",
) -> None:
    """Charge a practice."""
    from hub.cli.here import here
    from hub.pipeline import payouts
    from hub.pipeline.statements import CURRENCY

    with here(tenant) as place:
        amount = payouts.cost(quantity, price, currency or CURRENCY[place.country])
        done, new = payouts.charge(
            place.hub, place.tenant, practice, amount, period=period, service=service, actor=acting("operator")
        )
    say(f"{practice} {period} {service}: {done}{'' if new else ' (as before)'}")


def propose(
    practice: Annotated[list[str] | None, typer.Option(help="Only these (AGB code); may be repeated.")] = None,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Propose pay-outs."""
    from hub.cli.here import here
    from hub.pipeline import payouts

    with here(tenant) as place:
        found = payouts.propose(place.hub, place.tenant, acting("operator"), practice or [])
    rows = [
        {
            "practice": one.proposal.owner.practice,
            "currency": one.proposal.owner.currency,
            "number": one.payout["number"] if one.payout else None,
            "amount_minor": one.payout["amount_minor"] if one.payout else 0,
            "reserved_minor": one.proposal.reserved.minor,
            "carried_minor": one.proposal.carried.minor,
            "why": one.why,
        }
        for one in found
    ]
    _put(
        rows,
        ("practice", "number", "amount_minor", "reserved_minor", "carried_minor", "currency", "why"),
        as_json=as_json,
    )
    problems = {"no_account", "wrong_account", "account_waits", "no_terms", "no_name", "too_large"}
    raise typer.Exit(5 if any(one.why.removeprefix("payee_") in problems for one in found) else 0)


def list_(
    state: Annotated[str, typer.Option(help="Only those in this state.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show pay-outs."""
    from hub.cli.here import here
    from hub.pipeline import payout_views

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = payout_views.listed(unit, state)
    _put([_body(row) for row in rows], _COLUMNS, as_json=as_json)


def show(number: Annotated[int, typer.Argument()], tenant: Tenant = "", as_json: Json = False) -> None:
    """Show one pay-out."""
    from hub.cli.here import here
    from hub.pipeline import payout_views

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        found = payout_views.shown(unit, number)
    body = _body(found) | {name: found[name] for name in ("name", "end_to_end", "basis", "tied")}
    if as_json:
        put_json(body)
        return
    for name in (*_COLUMNS, "name", "end_to_end"):
        say(f"{name:12} {plain(str(body[name]), layout='')}")
    parts = found["basis"].get("parts", [])
    columns = ("module", "period", "settled_minor", "patients", "share", "due_minor")
    table(columns, [[part[column] for column in columns] for part in parts])
    for name in ("costs_minor", "paid_out_minor"):
        say(f"{name.removesuffix('_minor'):12} {shown(found['basis'].get(name, 0))}")
    for each in found["tied"]:
        say(f"tied: {each['payment']} {shown(each['amount_minor'])} by {each['by']}: {each['reason']}")


def approve(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER...")],
    amount: Annotated[str, typer.Option(help="What they are together: it is approved for exactly that.")],
    currency: Currency = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Approve pay-outs."""
    from hub.cli.here import here
    from hub.pipeline import payouts
    from hub.pipeline.statements import CURRENCY
    from hub.store.payouts import APPROVED

    with here(tenant) as place:
        wanted = payouts.cost("1", amount, currency or CURRENCY[place.country])
        rows = payouts.approve(place.hub, place.tenant, numbers, wanted, acting("approver"))
    _put([_body(row) for row in rows], _COLUMNS, as_json=as_json)
    raise typer.Exit(0 if all(row["state"] == APPROVED for row in rows) else 5)


def reject(number: Annotated[int, typer.Argument()], reason: Reason = "", tenant: Tenant = "") -> None:
    """Reject a pay-out."""
    from hub.cli.here import here
    from hub.pipeline import payouts

    with here(tenant) as place:
        row = payouts.reject(place.hub, place.tenant, number, reason, acting("approver"))
    say(f"pay-out {number} is {row['state']}")


def cancel(number: Annotated[int, typer.Argument()], reason: Reason = "", tenant: Tenant = "") -> None:
    """Cancel a pay-out."""
    from hub.cli.here import here
    from hub.pipeline import payouts

    with here(tenant) as place:
        row = payouts.cancel(place.hub, place.tenant, number, reason, acting("operator"))
    say(f"pay-out {number} is {row['state']}")


def export(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to put the file.")],
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="When to pay; else today.")
    ] = None,
    file: Annotated[int, typer.Option("--file", help="Give this file again.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    tenant: Tenant = "",
    lang: Lang = "",
    as_json: Json = False,
) -> None:
    """Make or give again a payment file."""
    del lang
    from hub.cli.here import here
    from hub.pipeline import payouts

    if not out.is_dir():
        raise ConfigurationError(f"{out} is no folder", hint="--out FOLDER")
    with here(tenant) as place:
        actor = acting("operator")
        if file:
            with place.hub.store.unit(place.tenant) as unit:
                made = [payouts.again(unit, file, actor)]
        else:
            when: date = day.date() if day else place.hub.today(place.country)
            made = payouts.export(place.hub, place.tenant, when, actor)
        held = {} if file else payouts.held(place.hub, place.tenant)
    for one in made:
        put_file(out / one.name, one.content, force=force)
        body = _file(one.row) | {"path": str(out / one.name)}
        if as_json:
            put_json(body)
        else:
            say(f"{body['path']}: {body['count']} pay-outs, {body['amount']} {body['currency']}")
    for payee, why in held.items():
        say(f"held: what {payee} pays ({why}); see kvitt org account list")
    if held:
        raise typer.Exit(5)
    if not made:
        say("Nothing is approved. A file made before: kvitt payout files")


def tie(
    number: Annotated[int, typer.Argument(metavar="NUMBER")],
    booking: Annotated[str, typer.Option("--booking", metavar="PAYMENT", help="Its id, or how that begins.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Tie a booking to a pay-out."""
    from hub.cli.here import here
    from hub.pipeline import payout_ties

    with here(tenant) as place:
        done = payout_ties.tie(place.hub, place.tenant, number, booking, acting("finance"), reason=reason)
    body = {"number": number, "state": done.payout["state"], "payment": done.payment, "paid_minor": done.paid.minor}
    if as_json:
        put_json(body | {"currency": done.paid.currency})
    else:
        say(f"pay-out {number} is {body['state']}: {done.paid} paid")


def files(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show payment files."""
    from hub.cli.here import here
    from hub.pipeline import payout_views

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = [each | {"amount": shown(each["amount_minor"])} for each in payout_views.files(unit)]
    _put(
        rows,
        ("number", "payee", "count", "amount", "currency", "execution_date", "message_id", "made_by"),
        as_json=as_json,
    )


def _file(row: dict[str, Any]) -> dict[str, Any]:
    from hub.pipeline.payout_views import file_body

    return file_body(row) | {"amount": shown(row["amount_minor"])}


def _body(row: dict[str, Any]) -> dict[str, Any]:
    names = ("number", "practice", "payee", "amount_minor", "currency", "account", "state")
    body: dict[str, Any] = {name: row[name] for name in (*names, "proposed_by", "decided_by", "note")}
    return body | {"amount": shown(row["amount_minor"])}


def _put(rows: list[dict[str, Any]], columns: Any, *, as_json: bool) -> None:  # noqa: ANN401 -- a sequence of names
    if as_json:
        for row in rows:
            put_json(row)
        return
    cells = [
        [shown(row[name]) if name.endswith("_minor") and row[name] is not None else row[name] or "" for name in columns]
        for row in rows
    ]
    table([name.removesuffix("_minor") for name in columns], cells)
