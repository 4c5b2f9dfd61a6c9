"""kvitt decisions: what payers decided, per provider, for passing on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_file, put_json, say
from hub.errors import FormatError
from hub.model.finding import blocking

_EXPORT = """Write one provider's decisions of one file: a valid response file of the same standard, CSV or XLSX.

Only lines the provider performed, or that were claimed for its practice; no line or person of anybody else. The
provider's own patients stand in it with their BSN: the access log records who exported.

Exit 1: a response file was written that its own check finds fault with.

Example: `kvitt decisions export --provider 01099011 --invoice KV0000000001 --as csv --out decisions.csv --lang nl`
"""
_FORMS = ("response", "csv", "xlsx")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Payers' decisions, per provider.")
    group.command("export", help=_EXPORT)(export)
    group.callback()(_group)
    app.add_typer(group, name="decisions")


def _group() -> None:
    """Payers' decisions, per provider."""


def export(
    provider: Annotated[str, typer.Option(help="AGB code of the practice or of who performed the line.")],
    out: Annotated[Path, typer.Option(metavar="PATH", help="The file to write.")],
    exchange: Annotated[str, typer.Option(help="The file by its key, name or id.")] = "",
    invoice: Annotated[str, typer.Option(help="The file by its invoice number.")] = "",
    as_: Annotated[str, typer.Option("--as", metavar="FORM", help="response, csv or xlsx.")] = "csv",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    tenant: Tenant = "",
    lang: Lang = "",
    as_json: Json = False,
) -> None:
    """Export one provider's decisions."""
    if as_ not in _FORMS:
        raise typer.BadParameter(f"one of: {', '.join(_FORMS)}", param_hint="--as")
    if bool(exchange) == bool(invoice):
        raise typer.BadParameter("name the file: --exchange or --invoice")
    if out.exists() and not force:
        raise FormatError(f"{out} exists", hint="--force overwrites it")
    from hub.cli.here import here
    from hub.pipeline.decisions import Form, Wanted, export_decisions

    wanted = Wanted(provider=provider.strip(), exchange=exchange, invoice=invoice)
    with here(tenant) as place:
        words = language(lang, place.language)
        actor = acting("engineer")
        made = export_decisions(place.hub, place.tenant, wanted, Form(as_), words, actor)
    put_file(out, made.payload, force=force)
    stops = blocking(made.findings)
    if as_json:
        body = {"file": str(out), "format": made.kind, "exchange": made.exchange, "lines": made.lines}
        put_json({**body, "findings": [each.as_json() for each in made.findings]})
    else:
        say(f"{out}: {made.lines} lines of {made.exchange}")
        for each in stops:
            say(f"  {each.code}: {each.said(words)}")
    raise typer.Exit(1 if stops else 0)
