"""kvitt statement: what each practice is told per quarter, versioned and delivered once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_file, put_json, put_text, say, table
from hub.cli.output import money as shown
from hub.errors import ConfigurationError

_MAKE = """Make the statements of a quarter: a new version only where it says anything else than the last one.

Without --practice for all affiliated practices.

Example: `kvitt statement make --period 2024Q1`
"""
_LIST = """Show the statements made, version by version.

Example: `kvitt statement list --period 2024Q1`
"""
_SHOW = """Show a statement, or write it (--as pdf, xlsx or csv, --out), in the practice's language or --lang.

Example: `kvitt statement show --practice 01099901 --period 2024Q1 --as pdf --out overview.pdf`
"""
_DELIVER = """Deliver what was not delivered yet: the files into a folder, a notice to the practice, and a record of it.

Running it twice delivers nothing new.

Example: `kvitt statement deliver --period 2024Q1 --out overviews`
"""
Period = Annotated[str, typer.Option(help="The quarter, such as 2024Q1.")]
Practices = Annotated[list[str] | None, typer.Option("--practice", help="Only these (code); may be repeated.")]
_FORMS = ("txt", "pdf", "xlsx", "csv")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Quarterly statements for practices.")
    group.command("make", help=_MAKE)(make)
    group.command("list", help=_LIST)(list_)
    group.command("show", help=_SHOW)(show)
    group.command("deliver", help=_DELIVER)(deliver)
    app.add_typer(group, name="statement")


def make(
    period: Period,
    practice: Practices = None,
    currency: Annotated[str, typer.Option(help="Only this currency.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Make statements."""
    from hub.cli.here import here
    from hub.pipeline import statements

    with here(tenant) as place:
        found = statements.make(
            place.hub, place.tenant, period, acting("operator"), practices=practice or [], currency=currency
        )
    _put([_body(one.row) | {"new": one.new} for one in found], as_json=as_json)


def list_(
    period: Annotated[str, typer.Option(help="Only this quarter.")] = "",
    practice: Annotated[str, typer.Option(help="Only this practice.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Show statements."""
    from hub.cli.here import here
    from hub.pipeline import statements

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        rows = statements.find(unit, practice=practice, period=period)
    _put([_body(row) for row in rows], as_json=as_json)


def show(
    practice: Annotated[str, typer.Option(help="Its code.")],
    period: Period,
    currency: Annotated[str, typer.Option()] = "",
    version: Annotated[int, typer.Option(help="Else the last one.")] = 0,
    as_: Annotated[str, typer.Option("--as", metavar="FORM", help="txt, pdf, xlsx or csv.")] = "txt",
    out: Annotated[Path | None, typer.Option(metavar="PATH", help="The file to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    tenant: Tenant = "",
    lang: Lang = "",
    as_json: Json = False,
) -> None:
    """Show or write one statement."""
    from hub.cli.here import here
    from hub.pipeline import statements

    if as_ not in _FORMS:
        raise typer.BadParameter(f"one of: {', '.join(_FORMS)}", param_hint="--as")
    with here(tenant) as place:
        with place.hub.store.reading(place.tenant) as unit:
            row = statements.one(unit, practice, period, currency, version)
        wished = language(lang) if lang else ""
        content = statements.written(statements.shown(place.hub, place.tenant, row, wished), as_)
    if as_json:
        put_json(_body(row) | {"statement": row["body"]})
    elif out is not None:
        put_file(out, content, force=force)
        say(out)
    elif as_ in ("txt", "csv"):
        put_text(content.decode("utf-8-sig"))
    else:
        raise ConfigurationError(f"{as_} is written to a file", hint="--out PATH")


def deliver(
    period: Period,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files go.")],
    practice: Practices = None,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Deliver statements."""
    from hub.cli.here import here
    from hub.pipeline import statements

    out.mkdir(parents=True, exist_ok=True)
    done: list[dict[str, Any]] = []
    with here(tenant) as place:
        for one in statements.undelivered(place.hub, place.tenant, period, practice or []):
            for name, content in one.files.items():
                put_file(out / name, content, force=True)
            if statements.delivered(place.hub, place.tenant, one.row, acting("operator")):
                done.append(_body(one.row) | {"files": sorted(one.files)})
    if as_json:
        for body in done:
            put_json(body)
        return
    for body in done:
        say(f"{body['practice']} {body['period']} version {body['version']}: {', '.join(body['files'])}")
    say(f"{len(done)} delivered")


def _body(row: dict[str, object]) -> dict[str, object]:
    names = ("practice", "period", "currency", "version", "language", "made_by", "delivered_by")
    body = {name: row[name] for name in names}
    said: dict[str, dict[str, int]] = row["body"]  # type: ignore[assignment] # a JSON column
    body |= {"made_at": row["made_at"], "delivered_at": row["delivered_at"]}
    return body | {
        "claimed_minor": said["totals"]["claimed"],
        "received_minor": said["totals"]["received"],
        "closing_minor": said["balance"].get("closing"),
    }


def _put(rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            put_json(row)
        return
    columns = ["practice", "period", "version", "currency", "claimed_minor", "received_minor", "closing_minor"]
    columns += ["new"] if rows and "new" in rows[0] else ["delivered_at"]
    cells = [[_cell(name, row[name]) for name in columns] for row in rows]
    table([name.removesuffix("_minor") for name in columns], cells)


def _cell(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(value) if name.endswith("_minor") and isinstance(value, int) else str(value or "")
