"""kvitt payment write-off, approve and the like: money given up, by one person up to a limit, above it by two."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, money, put_json, say, table

_WRITE_OFF = """Give up what is owed on a claim, or part of it, for a reason.

More than one person may give up alone within a day (kvitt payment limit) waits for a second one: exit 5.

Example: `kvitt payment write-off R000000001 0.05 --reason "rounding by the payer"`
"""
_APPROVALS = """Show what waits for a second person: money, files, higher limits; --all: what was decided, too.

Example: `kvitt payment approvals`
"""
_APPROVE = """Approve what somebody else asked for: it is done now, exactly as it was asked.

Exit 5: it cannot be done any more, and is void.

Example: `kvitt payment approve 3`
"""
_REJECT = """Say no to what somebody asked for, or take back what you asked for.

Example: `kvitt payment reject 3 --reason "ask the payer first"`
"""
_LIMIT = """Show how much one person may give up alone within a day, or set it; with --release how much may be let go.

A lower limit counts at once, a higher one when a second person approves. At 0 everything waits.

Example: `kvitt payment limit 100.00 --currency EUR --reason "decision of the board"`

Example: `kvitt payment limit 250000.00 --release --reason "decision of the board"`
"""
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As in kvitt payment approvals.")]
_COLUMNS = ("number", "what", "about", "amount", "currency", "asked_by", "reason", "state", "decided_by", "note")


def add(group: typer.Typer) -> None:
    """Add the commands to `kvitt payment`."""
    group.command("write-off", help=_WRITE_OFF)(write_off)
    group.command("approvals", help=_APPROVALS)(list_)
    group.command("approve", help=_APPROVE)(approve)
    group.command("reject", help=_REJECT)(reject)
    group.command("limit", help=_LIMIT)(limit)


def waits(what: str, number: int, *, quiet: bool = False) -> None:
    """Say that something waits, and for what; the exit code is that of "a person must decide"."""
    if not quiet:
        say(f"{what} waits for a second person: kvitt payment approve {number}")
    raise typer.Exit(5)


def write_off(
    claim: Annotated[str, typer.Argument(metavar="CLAIM[:LINE]", help="The claim, or one line of it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")],
    amount: Annotated[str, typer.Argument(help="How much; without it all that is owed.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Write off what is owed."""
    from hub.cli.here import here
    from hub.pipeline.wanted import amount_of, claim_named, read_wanted
    from hub.pipeline.write_offs import write_off as give_up

    wanted = read_wanted(claim)
    with here(tenant) as place:
        with place.hub.store.reading(place.tenant) as unit:
            currency = claim_named(unit, wanted.claim)["currency"]
        much = amount_of(amount, currency) if amount else None
        actor = acting("finance")
        done = give_up(place.hub, place.tenant, wanted.claim, actor, reason=reason, amount=much, line=wanted.line)
    minor = 0 if done.waits else done.amount.minor
    if as_json:
        body = {"claim": wanted.claim, "written_off_minor": minor, "currency": done.amount.currency}
        put_json(body | {"waits": done.waits})
    if done.waits:
        waits(f"{wanted.claim}: write-off of {done.amount}", done.waits, quiet=as_json)
    if not as_json:
        say(f"{wanted.claim}: {done.amount} written off")


def list_(
    every: Annotated[bool, typer.Option("--all", help="Also what was decided.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show requests."""
    from hub.cli.here import here
    from hub.pipeline import approvals

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = approvals.listed(unit, ()) if every else approvals.listed(unit)
    if as_json:
        for row in rows:
            put_json(row)
    else:
        table(_COLUMNS, [[_cell(row, name) for name in _COLUMNS] for row in rows])


def _cell(row: dict[str, Any], name: str) -> object:
    return money(row["amount_minor"]) if name == "amount" else row[name]


def approve(number: Number, tenant: Tenant = "") -> None:
    """Approve a request."""
    from hub.cli.here import here
    from hub.pipeline import approvals

    with here(tenant) as place:
        done = approvals.approve(place.hub, place.tenant, number, acting("approver"))
    say(f"request {number} is {done.state}{f': {done.note}' if done.note else ''}")
    raise typer.Exit(0 if done.state == "approved" else 5)


def reject(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")],
    tenant: Tenant = "",
) -> None:
    """Reject a request."""
    from hub.cli.here import here
    from hub.pipeline import approvals

    with here(tenant) as place:
        done = approvals.reject(place.hub, place.tenant, number, reason, acting("approver"))
    say(f"request {number} is {done.state}")


def limit(
    amount: Annotated[str, typer.Argument(help="The new limit; without it the one in force is shown.")] = "",
    currency: Annotated[str, typer.Option()] = "EUR",
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")] = "",
    release: Annotated[bool, typer.Option("--release", help="Of files let go instead of money given up.")] = False,
    tenant: Tenant = "",
) -> None:
    """Show or set the limit."""
    from hub.cli.here import here
    from hub.pipeline import approvals, limits
    from hub.pipeline.wanted import amount_of

    allowance = limits.LETTING_GO if release else limits.GIVING_UP
    with here(tenant) as place:
        if amount:
            much = amount_of(amount, currency)
            asked = approvals.set_limit(
                place.hub, place.tenant, much, acting("finance"), reason=reason, allowance=allowance
            )
            if asked is not None:
                waits(f"a limit of {much}", asked.number)
        with place.hub.store.reading(place.tenant) as unit:
            found = approvals.limit(unit, currency, allowance)
    say(f"one person may {'let go' if release else 'give up'} {found} alone within a day")
