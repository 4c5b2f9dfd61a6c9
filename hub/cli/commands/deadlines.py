"""kvitt deadlines, expected, calendar: what must be where by when, what should have come, and what ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.actors import who
from hub.cli.output import Json, Tenant, money, put_json, say, table
from hub.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.pipeline.context import Hub
    from hub.store.unit import Unit

_SOON_DAYS = 7
_DECIDE = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "deadlines",
        help="What payers must have received by when, with the money at risk; exit 5 when a day is within a week."
        "\n\nExample: `kvitt deadlines --within 30`",
    )(deadlines)
    app.command(
        "expected",
        help="What should come in, and did or did not: lists, replies, jobs; exit 5 when something is missing."
        "\n\nExample: `kvitt expected --module PMO --set 15`",
    )(expected)
    app.command(
        "calendar",
        help="Certificates, credentials and agreements by their end; exit 5 when one has expired."
        "\n\nExample: `kvitt calendar --json`",
    )(calendar)


def deadlines(
    within: Annotated[int, typer.Option("--within", min=0, help="Only days within so many days.")] = 36_500,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """List filing days with their money, and what has no known day."""
    body: list[dict[str, Any]] = []
    unknown: list[dict[str, Any]] = []
    for name, found in _each(tenant, _deadlines):
        body += [{"tenant": name, **pile.as_json()} for pile in found.piles if pile.days_left <= within]
        unknown += [{"tenant": name, **row} for row in _unknown(found.unknown)]
    if as_json:
        put_json({"deadlines": body, "unknown": unknown})
    else:
        _put_deadlines(body, unknown)
    raise typer.Exit(_DECIDE if any(row["days_left"] <= _SOON_DAYS for row in body) else 0)


def _deadlines(hub: Hub, unit: Unit, _country: str) -> Any:  # noqa: ANN401 -- imported late
    from hub.pipeline.deadlines import deadlines as found

    return found(hub, unit)


def _unknown(waiting: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- imported late
    """Claims without a known day, by payer and reason."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for each in waiting:
        groups.setdefault((each.payer, each.why, each.amount.currency), []).append(each.amount.minor)
    return [
        {"payer": payer, "why": why, "claims": len(found), "amount_minor": sum(found), "currency": currency}
        for (payer, why, currency), found in sorted(groups.items())
    ]


def _put_deadlines(body: list[dict[str, Any]], unknown: list[dict[str, Any]]) -> None:
    if body:
        header = ("tenant", "payer", "day", "days left", "last day of all", "claims", "at risk", "", "where", "stuck")
        rows = [
            (
                *(row[name] for name in ("tenant", "payer", "day", "days_left", "last_outer", "claims")),
                money(row["amount_minor"]),
                row["currency"],
                ", ".join(f"{number} {state}" for state, number in row["states"].items()),
                row["stuck"],
            )
            for row in body
        ]
        table(header, rows)
    else:
        say("no claim waits for a known day")
    for row in unknown:
        sum_ = f"{money(row['amount_minor'])} {row['currency']}"
        say(f"no day: {row['payer'] or 'no payer'}: {row['claims']} claims, {sum_}: {row['why']}")


def expected(
    module: Annotated[str, typer.Option("--module", help="Only this module (with --set: its own day).")] = "",
    working_day: Annotated[
        int, typer.Option("--set", min=0, max=60, help="Expect lists by this working day of the quarter.")
    ] = 0,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """List what should come, or set by when."""
    if working_day:
        _set(tenant, module, working_day)
        return
    lists: list[dict[str, Any]] = []
    replies: list[dict[str, Any]] = []
    for name, (found, owed) in _each(tenant, _expected):
        lists += [{"tenant": name, **each.as_json()} for each in found if module in ("", each.module)]
        replies += [{"tenant": name, **each.as_json()} for each in owed]
    jobs = _jobs(tenant)
    if as_json:
        put_json({"lists": lists, "replies": replies, "jobs": jobs})
    else:
        _put("lists", lists)
        _put("replies", replies)
        _put("overdue jobs", jobs)
    missing = any(row["state"] == "missing" for row in lists) or any(row["overdue"] for row in replies) or bool(jobs)
    raise typer.Exit(_DECIDE if missing else 0)


def _expected(hub: Hub, unit: Unit, country: str) -> tuple[Any, Any]:
    from hub.pipeline import expected as register_

    return register_.expected(hub, unit, country), register_.replies(hub, unit, country)


def _set(tenant: str, module: str, working_day: int) -> None:
    from hub.cli.here import here
    from hub.store import access, expectations

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        expectations.set_working_day(unit, module, working_day)
        what = f"expected {module or 'every module'} by working day {working_day}"
        access.record(unit, actor=who(), role="operator", action="set", object_=what)
        say(f"{place.tenant}: {what}")


def _jobs(tenant: str) -> list[dict[str, Any]]:
    from hub.cli.here import opened, tenants
    from scheduler.run import states

    with opened() as hub:
        wished = tenants(hub, tenant)
        return [
            {"tenant": state.tenant, "job": state.job.name, "overdue": state.overdue}
            for state in states(hub)
            if state.tenant in wished and state.overdue
        ]


def calendar(tenant: Tenant = "", as_json: Json = False) -> None:
    """List what ends, soonest first."""
    body: list[dict[str, Any]] = []
    for name, (entries, blocked) in _each(tenant, _calendar):
        for entry in entries:
            state = blocked.get(entry.partner, "") if entry.kind == "certificate" else ""
            body.append({"tenant": name, **entry.as_json(), "state": state or entry.step or "ok"})
    if as_json:
        put_json({"calendar": body})
    else:
        _put("calendar", body)
    raise typer.Exit(_DECIDE if any(row["step"] == "expired" for row in body) else 0)


def _calendar(hub: Hub, unit: Unit, _country: str) -> tuple[Any, dict[str, str]]:
    from hub.pipeline.calendar import BY
    from hub.pipeline.calendar import calendar as entries
    from hub.store import pauses

    blocked = {row["target"]: "blocked: certificate" for row in pauses.in_force(unit).rows if row["by"] == BY}
    return entries(hub, unit), blocked


def _each(tenant: str, look: Callable[[Hub, Unit, str], Any]) -> list[tuple[str, Any]]:
    """What a look at every wished tenant gives."""
    from hub.cli.here import opened, tenants

    found = []
    with opened() as hub:
        wished = tenants(hub, tenant)
        if not wished:
            raise ConfigurationError("there is no tenant yet", hint="kvitt org add --tenant NAME ...")
        for row in hub.store.tenants():
            if row["id"] in wished:
                with hub.store.reading(row["id"]) as unit:
                    found.append((row["id"], look(hub, unit, row["country"])))
    return found


def _put(what: str, body: list[dict[str, Any]]) -> None:
    if body:
        say(f"{what}:")
        table(tuple(body[0]), [["" if value is None else value for value in row.values()] for row in body])
    else:
        say(f"{what}: nothing")
