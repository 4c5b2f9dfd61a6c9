"""kvitt portal: what a person uploads, by when, and the portal's own list beside ours."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Tenant, put_json, say, table
from hub.errors import FormatError

_IMPORT = """Compare a portal's own list (CSV, XLSX) with what we count as uploaded there.

What it lists and we do not count is proposed; what we count and it does not list becomes a task. The columns come from
the channel's settings (`list.reference`, `list.portal_reference`, `list.date`, `list.state`, `list.refused`).

Example: `kvitt portal import menzis uploads.csv`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Portals where a person uploads.")
    group.command(
        "waiting",
        help="What waits for an upload, by its day; whoever is late is reminded. Exit 5 when something is late."
        "\n\nExample: `kvitt portal waiting`",
    )(waiting)
    group.command("import", help=_IMPORT)(import_)
    app.add_typer(group, name="portal")


def waiting(tenant: Tenant = "", as_json: Json = False) -> None:
    """List uploads that wait, and remind."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import uploads

    body: list[dict[str, Any]] = []
    with opened() as hub:
        today = hub.clock.now().date()
        for name in tenants(hub, tenant):
            body += [{"tenant": name, **asdict(each)} for each in uploads.attend(hub, name)]
    if as_json:
        put_json({"uploads": body})
    elif body:
        columns = ("tenant", "due", "partner", "key", "name")
        table(columns, [[row[column] for column in columns] for row in body])
    else:
        say("nothing")
    raise typer.Exit(5 if any(row["due"] < today for row in body) else 0)


def import_(
    partner: Annotated[str, typer.Argument(help="The partner whose portal it is.")],
    file: Annotated[Path, typer.Argument(help="The list as the portal gives it.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Compare a list; exit 5 when there is anything for a person."""
    from hub.cli.here import here
    from hub.pipeline import uploads

    try:
        data = file.read_bytes()
    except OSError as error:
        raise FormatError(f"{file} cannot be read: {error.strerror}") from error
    actor = acting("operator")
    with here(tenant) as place:
        done = uploads.compare(place.hub, place.tenant, partner, data, file.name, actor)
    if as_json:
        put_json(asdict(done))
    else:
        _say(done)
    raise typer.Exit(5 if done.proposals or done.missing or done.refused or done.unknown or done.unread else 0)


def _say(done: Any) -> None:  # noqa: ANN401 -- a Compared, imported late
    say(f"{done.agreed} on both sides")
    for each in done.proposals:
        say(f"the portal has {each.key} as {each.reference}: {each.command}")
    for name, what in (
        ("missing", "counted as uploaded, not on the list"),
        ("refused", "refused by the portal"),
        ("unknown", "on the list, not known here"),
        ("unread", "line of the list that cannot be read"),
    ):
        for each in getattr(done, name):
            say(f"{what}: {each}")
