"""kvitt alerts: who is told what is wrong, and whether that comes through."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.actors import who
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table
from hub.errors import ConfigurationError

Name = Annotated[str, typer.Argument(help="What this target is called.")]
_OFF = "off"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Who is told what is wrong: mail and webhooks.", no_args_is_help=True)
    group.command("list", help="Who is told, and what is wrong now.\n\nExample: `kvitt alerts list`")(list_)
    group.command(
        "add",
        help="Tell somebody, or change how.\n\nExample: `kvitt alerts add it --mail it@example.org "
        "--set host=smtp.example.org --set sender=kvitt@example.org --set user=kvitt "
        "--set password=env:SMTP_PASSWORD --quiet 22:00-07:00`",
    )(add)
    group.command("remove", help="Tell a target nothing any more.\n\nExample: `kvitt alerts remove it`")(remove)
    group.command("test", help="Send a test message now.\n\nExample: `kvitt alerts test it`")(try_)
    app.add_typer(group, name="alerts")


def list_(tenant: Tenant = "", as_json: Json = False) -> None:
    """List targets and open incidents."""
    from hub.cli.here import opened, tenants
    from hub.store import alerts

    targets: list[dict[str, Any]] = []
    incidents: list[dict[str, Any]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                for target in alerts.targets(unit):
                    told, waiting, why = alerts.counts(unit, target.id)
                    targets.append(
                        {
                            "tenant": name,
                            "name": target.name,
                            "kind": target.kind,
                            "address": target.address,
                            "quiet": f"{target.quiet_from}-{target.quiet_to}" if target.quiet_from else "",
                            "digest": target.digest_at or _OFF,
                            "zone": target.zone,
                            "language": target.language,
                            "told": told,
                            "waiting": waiting,
                            "why": why,
                        }
                    )
                incidents += [{"tenant": name, **_incident(row)} for row in alerts.incidents(unit)]
    if as_json:
        put_json({"targets": targets, "incidents": incidents})
        return
    for what, body in (("targets", targets), ("incidents", incidents)):
        say(f"{what}:" if body else f"{what}: none")
        if body:
            table(tuple(body[0]), [["" if value is None else value for value in row.values()] for row in body])


def _incident(row: dict[str, Any]) -> dict[str, Any]:
    names = ("partner", "cause", "urgent", "step", "count", "amounts", "due", "opened_at")
    return {name: row[name] for name in names}


def add(
    name: Name,
    mail: Annotated[str, typer.Option("--mail", help="A mail address.")] = "",
    webhook: Annotated[str, typer.Option("--webhook", help="An https URL.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: host, port, tls, sender, user, password, secret, ca_file, timeout."),
    ] = None,
    quiet: Annotated[str, typer.Option("--quiet", help="Local quiet hours, such as 22:00-07:00.")] = "",
    digest: Annotated[str, typer.Option("--digest", help="Local time of the morning digest, or off.")] = "05:30",
    zone: Annotated[str, typer.Option("--zone", help="Time zone; the tenant's country's when not named.")] = "",
    tenant: Tenant = "",
    lang: Lang = "",
) -> None:
    """Add or change a target; secrets are given by reference only."""
    from hub.cli.here import here
    from hub.pipeline import alerts
    from hub.store import access
    from hub.store.alerts import MAIL, WEBHOOK, Target

    if bool(mail) == bool(webhook):
        raise ConfigurationError("a target is a mail address or a webhook", hint="--mail ADDRESS or --webhook URL")
    quiet_from, _, quiet_to = quiet.partition("-")
    with here(tenant) as place:
        target = Target(
            name=name,
            kind=MAIL if mail else WEBHOOK,
            address=mail or webhook,
            settings=_pairs(settings or []),
            language=language(lang, place.language),
            zone=zone,
            quiet_from=quiet_from,
            quiet_to=quiet_to,
            digest_at="" if digest == _OFF else digest,
        )
        alerts.put_target(place.hub, place.tenant, target)
        with place.hub.store.unit(place.tenant) as unit:
            access.record(unit, actor=who(), role="operator", action="alerts_add", object_=name)
        say(f"{place.tenant}: {name} is told; try it: kvitt alerts test {name}")


def _pairs(settings: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in settings:
        name, sign, value = (part.strip() for part in pair.partition("="))
        if not (sign and name and value):
            raise ConfigurationError("a setting is written NAME=VALUE", hint="--set host=smtp.example.org")
        found[name] = value
    return found


def remove(name: Name, tenant: Tenant = "") -> None:
    """Remove a target; exit 1 when there was none."""
    from hub.cli.here import here
    from hub.store import access, alerts

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        done = alerts.remove_target(unit, name)
        access.record(unit, actor=who(), role="operator", action="alerts_remove", object_=name)
    say(f"{place.tenant}: {name} {'is told nothing any more' if done else 'was not told anything'}")
    raise typer.Exit(0 if done else 1)


def try_(name: Name, tenant: Tenant = "") -> None:
    """Send a test message; the exit code says why it did not come through."""
    from hub.cli.here import here
    from hub.pipeline import alerts

    with here(tenant) as place:
        alerts.try_target(place.hub, place.tenant, name)
        say(f"{place.tenant}: {name} took the test message")
