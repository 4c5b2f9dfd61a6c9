"""kvitt data: dated reference lists (UZOVI register, tariffs, assignments, coverage answers, code lists)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.actors import acting
from hub.cli.importing import SHOWN, File, Preview, Yes, applies, put_findings, put_summary, read_file
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table
from hub.model.finding import blocking

if TYPE_CHECKING:  # the database is imported only by commands that use it, so that help is quick
    from hub.pipeline.master_data import Plan
    from hub.store.reference import ReferenceRow

Kind = Annotated[str, typer.Argument(help="uzovi, tariffs, assignments, coverage or codes.", metavar="KIND")]
_IMPORT = """Import a reference list (CSV or XLSX): what would change is shown; --yes (or --json) applies it.

A row's own `valid_from` comes before --valid-from. A newer row ends the older one of the same code.

Columns: uzovi: uzovi, name (concern, basic_insurance, confidence). tariffs: module, payer, amount. assignments: as
the insurer's list. coverage: bsn, reference_date, uzovi, insured. codes: list, code, en (nb, nl, who_acts, hint_en).

Example: `kvitt data import uzovi register.csv --valid-from 2024-01-01 --source "Vektis 2024-01"`
"""
_LIST = """Show what is stored of one kind, personal values masked.

Example: `kvitt data list tariffs --on 2024-01-01`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Dated reference lists.")
    group.command("import", help=_IMPORT)(import_)
    group.command("list", help=_LIST)(list_)
    app.add_typer(group, name="data")


def import_(
    kind: Kind,
    file: File,
    valid_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of rows that name none.")
    ] = None,
    source: Annotated[str, typer.Option(help="Where the list comes from.")] = "",
    tenant: Tenant = "",
    yes: Yes = False,
    preview: Preview = False,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Import one list."""
    from hub.cli.here import here
    from hub.pipeline import master_data
    from hub.store import access

    master_data.kind_named(kind)
    applied = applies(yes=yes, as_json=as_json, preview=preview)
    data = read_file(file)
    with here(tenant) as place:
        spoken = language(lang, place.language)
        with place.hub.store.unit(place.tenant) as unit:
            terms = master_data.Terms(
                valid_from=valid_from.date() if valid_from else None,
                source=source or file.name,
                blind=master_data.blinding(unit),
            )
            listing = master_data.read(kind, data, file.name, terms)
            plan = master_data.plan(unit, kind, listing.rows)
            if applied:
                master_data.apply(unit, plan)
                who = acting("operator")
                access.record(unit, actor=who.name, role=who.role, action="import", object_=f"reference/{kind}")
    put_findings(listing.findings, spoken, as_json=as_json)
    _put_plan(kind, plan, as_json=as_json)
    refused = len({one.line for one in blocking(listing.findings)})
    counts = {"added": len(plan.added), "changed": len(plan.changed), "unchanged": plan.unchanged}
    put_summary(counts | {"ended": len(plan.ended), "refused": refused}, as_json=as_json, applied=applied)
    raise typer.Exit(1 if refused else 0)


def list_(
    kind: Kind,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what holds on this day.")] = None,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show one kind; who looks at lists about persons is logged."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import master_data
    from hub.store import access, reference

    known = master_data.kind_named(kind)
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.unit(name) as unit:
                rows = reference.rows_of(unit, known.stored)
                if known.personal and rows:
                    who = acting("operator")
                    access.record(unit, actor=who.name, role=who.role, action="view", object_=f"reference/{kind}")
            rows = [row for row in rows if on is None or row.holds_on(on.date())]
            if as_json:
                for row in rows:
                    put_json({"tenant": name} | master_data.shown(kind, row) | {"source": row.source})
            else:
                say(f"{name}: {len(rows)} rows")
                _table(kind, [("", row) for row in rows])


def _put_plan(kind: str, plan: Plan, *, as_json: bool) -> None:
    from hub.pipeline import master_data

    states = (("added", plan.added), ("changed", plan.changed), ("ended", plan.ended))
    rows = [(state, row) for state, found in states for row in found]
    if as_json:
        for state, row in rows:
            put_json({"state": state} | master_data.shown(kind, row) | {"source": row.source})
        return
    _table(kind, rows[:SHOWN])
    if len(rows) > SHOWN:
        say(f"... and {len(rows) - SHOWN} more")


def _table(kind: str, rows: list[tuple[str, ReferenceRow]]) -> None:
    from hub.pipeline import master_data

    bodies = [{"": state} | master_data.shown(kind, row) for state, row in rows]
    if bodies:
        columns = list(bodies[0])
        table(columns, [[body[column] for column in columns] for body in bodies])
