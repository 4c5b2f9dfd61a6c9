"""kvitt practice: practices with their modules, quarters and papers, one by one or as a list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.importing import File, Preview, Yes, applies, put_outcome, read_file, usable
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table
from hub.errors import ConfigurationError
from hub.intake.cells import Cells
from hub.intake.party_lists import PRACTICE_COLUMNS, PRACTICE_TEMPLATE, practice_row, read_practices

_ADD = """Add a practice to a module, or change what is known of it.

Example: `kvitt practice add --agb 01099901 --name "Praktijk" --mail p@praktijk.example --module PMO
--first-quarter 2024Q1 --agreement-date 2023-12-01 --consent-date 2023-12-01`
"""
_IMPORT = f"""Import practices from a list (CSV or XLSX) with the columns {", ".join(PRACTICE_COLUMNS)}.

The preview comes first; bad rows are named by line and never stop the good ones.

Example: `kvitt practice import practices.csv`, then the same with `--yes`
"""
_LIST = """Show practices with their modules and papers.

Example: `kvitt practice list --json`
"""
_TEMPLATE = """Give the list to fill in (no hub needed); its second line is an example to replace.

Example: `kvitt practice template > practices.csv`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Practices and their modules (NL).")
    group.command("add", help=_ADD)(add)
    group.command("import", help=_IMPORT)(import_)
    group.command("list", help=_LIST)(list_)
    group.command("template", help=_TEMPLATE)(template)
    app.add_typer(group, name="practice")


def add(
    agb: Annotated[str, typer.Option(help="AGB code of the practice (8 digits).")],
    name: Annotated[str, typer.Option()],
    mail: Annotated[str, typer.Option(help="Where news about its lists goes.")],
    module: Annotated[str, typer.Option(help="Such as PMO.")],
    first_quarter: Annotated[str, typer.Option(help="First quarter in the module, such as 2024Q1.")],
    system: Annotated[str, typer.Option(help="How its lists are read, such as ion-export.")] = "",
    agreement_date: Annotated[str, typer.Option(help="Since when the agreement holds (yyyy-mm-dd).")] = "",
    consent_date: Annotated[str, typer.Option(help="Since when consent was given (yyyy-mm-dd).")] = "",
    iban: Annotated[str, typer.Option(help="Where it is paid.")] = "",
    care_group: Annotated[str, typer.Option(help="AGB code of its care group, when there are several.")] = "",
    tenant: Tenant = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Add or change one practice."""
    from hub.cli.here import here
    from hub.pipeline import onboarding

    values = (agb, name, mail, system, module, first_quarter, agreement_date, consent_date, iban, care_group)
    with here(tenant) as place:
        _refuse_country(place.country)
        spoken = language(lang, place.language)
        cells = Cells(1, dict(zip(PRACTICE_COLUMNS, values, strict=True)))
        row = practice_row(cells)
        findings = usable(cells, spoken, as_json=as_json)
        with place.hub.store.unit(place.tenant) as unit:
            outcome = onboarding.put_practices(unit, [row], acting("operator"))
    raise typer.Exit(put_outcome(outcome, findings, spoken, as_json=as_json, applied=True))


def import_(
    file: File,
    tenant: Tenant = "",
    yes: Yes = False,
    preview: Preview = False,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Import a practice list."""
    from hub.cli.here import here
    from hub.pipeline import onboarding

    applied = applies(yes=yes, as_json=as_json, preview=preview)
    data = read_file(file)
    with here(tenant) as place:
        _refuse_country(place.country)
        listing = read_practices(data, file.name)
        with place.hub.store.unit(place.tenant) as unit:
            outcome = onboarding.put_practices(unit, listing.rows, acting("operator"), dry=not applied)
        spoken = language(lang, place.language)
    raise typer.Exit(put_outcome(outcome, listing.findings, spoken, as_json=as_json, applied=applied))


def list_(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show practices."""
    from hub.cli.here import opened, tenants
    from hub.store import parties

    rows: list[dict[str, object]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                for one in parties.organisations(unit, "practice"):
                    known = parties.participations(unit, one.id)
                    body = {"tenant": name, "agb": one.code, "name": one.party.name, "mail": one.party.email}
                    rows += [body | _participation(each) for each in known.values()] or [body | _participation(None)]
    if as_json:
        for row in rows:
            put_json(row)
        return
    table(_COLUMNS, [[row[column] or "" for column in _COLUMNS] for row in rows])


_COLUMNS = ("tenant", "agb", "name", "module", "first_quarter", "agreement_date", "consent_date", "left_after", "mail")


def template(
    out: Annotated[Path | None, typer.Option(help="Write it here; a file that exists is not replaced.")] = None,
) -> None:
    """Print or write the template."""
    if out is None:
        print(PRACTICE_TEMPLATE, end="")
        return
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(PRACTICE_TEMPLATE)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}", hint="choose another name") from None
    say(f"Written: {out}")


def _participation(one: object) -> dict[str, object]:
    names = ("module", "first_quarter", "left_after", "agreement_date", "consent_date", "consent_withdrawn")
    return {name: getattr(one, name, None) or None for name in names}


def _refuse_country(country: str) -> None:
    if country != "NL":
        raise ConfigurationError("practices with quarterly modules are Dutch", hint="--tenant: a Dutch one")
