"""kvitt mail: mails that could not be placed, and the rules they teach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table

if TYPE_CHECKING:
    from hub.pipeline.triage import Lesson

Ref = Annotated[str, typer.Argument(help="The mail's id, or the beginning of it.")]
_TEACH = """Make a rule from a mail in triage: from whom, whose signature, and where the invoice number stands.

Shows what the rule would read. With --confirm it is recorded for this tenant and the mails of this sender are read
again. Without --invoice-pattern one is proposed where the mail names an invoice of ours.

Example: `kvitt mail teach 3f2a9c --partner digicare --invoice-pattern 'Deres ref\\s*([0-9]{4,12})' --confirm`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Mails nobody could place, and rules.")
    triage = typer.Typer(no_args_is_help=True, help="Mails that wait for a person.")
    triage.command("list", help="What waits; exit 5 when there is any.\n\nExample: `kvitt mail triage list`")(list_)
    triage.command("show", help="Read one; the access log says so.\n\nExample: `kvitt mail triage show 3f2a9c`")(show)
    group.add_typer(triage, name="triage")
    group.command("teach", help=_TEACH)(teach)
    group.command("rules", help="Rules that were taught.\n\nExample: `kvitt mail rules`")(rules)
    group.command("forget", help="End one.\n\nExample: `kvitt mail forget noreply@payer.example`")(forget)
    app.add_typer(group, name="mail")


def list_(tenant: Tenant = "", as_json: Json = False) -> None:
    """List mails in triage."""
    from dataclasses import asdict

    from hub.cli.here import opened, tenants
    from hub.pipeline import triage

    body: list[dict[str, Any]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                body += [{"tenant": name, **asdict(each)} for each in triage.waiting(unit)]
    columns = ("tenant", "id", "received_at", "sender", "subject", "why")
    if as_json:
        put_json({"triage": body})
    elif body:
        table(columns, [[row[column] for column in columns] for row in body])
    else:
        say("nothing")
    raise typer.Exit(5 if body else 0)


def show(ref: Ref, tenant: Tenant = "", as_json: Json = False) -> None:
    """Show one mail."""
    from hub.cli.here import here
    from hub.pipeline import triage

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        body = triage.shown(unit, ref, acting("support"))
    if as_json:
        put_json(body)
        return
    for name, value in body.items():
        say(f"{name:10} {value}" if name != "text" else f"\n{value}")


def teach(
    ref: Ref,
    partner: Annotated[str, typer.Option("--partner", help="Whose sender this is.")],
    invoice: Annotated[str, typer.Option("--invoice-pattern", help="Finds our invoice number (first group).")] = "",
    sak_id: Annotated[str, typer.Option("--sak-id-pattern", help="Finds the case number.")] = "",
    reason: Annotated[str, typer.Option("--reason-pattern", help="Finds the reason.")] = "",
    credit_note: Annotated[str, typer.Option("--credit-note-pattern", help="Its presence asks for one.")] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Record it, and read the mails again.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Teach a rule; exit 5 while it is only proposed, or when a mail is still in triage after it."""
    from hub.cli.here import here
    from hub.pipeline import triage

    patterns = {"invoice": invoice, "sak_id": sak_id, "reason": reason, "credit_note": credit_note}
    with here(tenant) as place:
        lesson = triage.teach(place.hub, place.tenant, ref, partner, patterns, acting("support"), confirm=confirm)
    if as_json:
        put_json(_body(lesson))
    else:
        _say(lesson)
    settled = lesson.recorded and all(each.state == "processed" for each in lesson.done)
    raise typer.Exit(0 if settled else 5)


def _body(lesson: Lesson) -> dict[str, Any]:
    rule = {
        "sender": lesson.rule.sender,
        "dkim_domain": lesson.rule.dkim_domain,
        "patterns": dict(lesson.rule.patterns),
    }
    done = [{"id": each.inbound_id, "state": each.state, "note": each.note} for each in lesson.done]
    known = {"found": dict(lesson.found), "known": lesson.known, "others": dict(lesson.others)}
    return {"partner": lesson.partner, "rule": rule, **known, "recorded": lesson.recorded, "read_again": done}


def _say(lesson: Lesson) -> None:
    say(f"{lesson.rule.sender}, signed by {lesson.rule.dkim_domain}, for {lesson.partner}")
    for name, text in lesson.rule.patterns.items():
        say(f"  {name:12} {text}    reads: {lesson.found.get(name, '-')}")
    if not lesson.known:
        say(f"  {lesson.found['invoice']} is no invoice of ours")
    for ref, number in lesson.others.items():
        say(f"  also in triage: {ref}: {number or 'no number found'}")
    for each in lesson.done:
        say(f"  read again: {each.inbound_id}: {each.state} {each.note}")
    if not lesson.recorded:
        say("nothing is recorded yet: the same again with --confirm")


def rules(tenant: Tenant = "", as_json: Json = False) -> None:
    """List taught rules."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import mail_rules

    body: list[dict[str, Any]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                today = hub.clock.now().date()
                for rule in mail_rules.taught(unit, today):
                    whose = mail_rules.partner_of(unit, rule.sender, today)
                    said = {"sender": rule.sender, "dkim_domain": rule.dkim_domain, "patterns": dict(rule.patterns)}
                    body.append({"tenant": name, "partner": whose, **said})
    if as_json:
        put_json({"rules": body})
    elif body:
        columns = ("tenant", "partner", "sender", "dkim_domain", "patterns")
        table(columns, [[row[column] for column in columns] for row in body])
    else:
        say("nothing was taught")


def forget(
    sender: Annotated[str, typer.Argument(help="The sender's address.")],
    tenant: Tenant = "",
) -> None:
    """End a taught rule."""
    from hub.cli.here import here
    from hub.pipeline import triage

    with here(tenant) as place:
        triage.forget(place.hub, place.tenant, sender, acting("support"))
    say(f"mails from {sender} are read by the partner's own folder again")
