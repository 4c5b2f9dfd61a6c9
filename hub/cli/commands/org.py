"""kvitt org: tenants, organisations in their tree, and agreements with partners."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from hub.cli import org_accounts
from hub.cli.actors import acting
from hub.cli.importing import File, Preview, Yes, applies, put_outcome, read_file, usable
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table
from hub.errors import ConfigurationError
from hub.intake.cells import Cells
from hub.intake.party_lists import KINDS, ORGANISATION_COLUMNS, organisation_row, read_organisations
from hub.model.partner import Agreement

_ADD = """Add an organisation or change one; with --country the tenant is made when it is not there.

Example: `kvitt org add --tenant thuis --country NL --kind care_group --code 53000001 --name "Zorggroep Thuis"`
"""
_IMPORT = f"""Import organisations from a list (CSV or XLSX) with the columns {", ".join(ORGANISATION_COLUMNS)}.

Example: `kvitt org import organisations.csv --yes`
"""
_LIST = """Show the organisations, each below the one it belongs to.

Example: `kvitt org list --json`
"""
_AGREEMENT = """Record or change what is ours with a partner, from a day on; what is not named stays as it was.

Example: `kvitt org agreement menzis --set endpoint=https://... --set token=env:VECOZO_TOKEN --release manual`
"""
_AGREEMENTS = """Show the agreements and what they still lack.

Example: `kvitt org agreements --tenant thuis`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Organisations and agreements.")
    group.command("add", help=_ADD)(add)
    group.command("import", help=_IMPORT)(import_)
    group.command("list", help=_LIST)(list_)
    group.command("agreement", help=_AGREEMENT)(agreement)
    group.command("agreements", help=_AGREEMENTS)(agreements)
    group.add_typer(org_accounts.group(), name="account")
    app.add_typer(group, name="org")


def add(
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(KINDS)}.")],
    code: Annotated[str, typer.Option(help="AGB code (NL) or organisation number (NO).")],
    name: Annotated[str, typer.Option(help="The organisation's name.")],
    tenant: Tenant = "",
    country: Annotated[str, typer.Option(help="NL or NO; needed for a new tenant.")] = "",
    parent: Annotated[str, typer.Option(help="Code of the organisation above.")] = "",
    email: Annotated[str, typer.Option()] = "",
    invoice_email: Annotated[str, typer.Option(help="Where news about invoices goes.")] = "",
    account: Annotated[str, typer.Option(help="IBAN, or BBAN in Norway.")] = "",
    street: Annotated[str, typer.Option()] = "",
    postal_code: Annotated[str, typer.Option()] = "",
    city: Annotated[str, typer.Option()] = "",
    legal_form: Annotated[str, typer.Option(help="Such as AS or ENK.")] = "",
    vat_registered: Annotated[bool | None, typer.Option("--vat-registered/--not-vat-registered")] = None,
    foretaksregisteret: Annotated[bool | None, typer.Option("--foretaksregisteret/--not-foretaksregisteret")] = None,
    system: Annotated[str, typer.Option(help="How its lists are read, such as ion-export.")] = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Add or change one organisation."""
    from hub.cli.here import here
    from hub.pipeline import onboarding

    _tenant_made(tenant, country)
    values = {"kind": kind, "code": code, "name": name, "parent": parent, "email": email, "account": account}
    values |= {"invoice_email": invoice_email, "street": street, "postal_code": postal_code, "city": city}
    values |= {"legal_form": legal_form, "system": system}
    values |= {"vat_registered": _word(told=vat_registered), "foretaksregisteret": _word(told=foretaksregisteret)}
    with here(tenant) as place:
        spoken = language(lang, place.language)
        cells = Cells(1, values)
        row = organisation_row(cells, place.country)
        findings = usable(cells, spoken, as_json=as_json)
        with place.hub.store.unit(place.tenant) as unit:
            outcome = onboarding.put_organisations(unit, [row], place.country, acting("operator"))
    raise typer.Exit(put_outcome(outcome, findings, spoken, as_json=as_json, applied=True))


def import_(
    file: File,
    tenant: Tenant = "",
    yes: Yes = False,
    preview: Preview = False,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Import a list of organisations."""
    from hub.cli.here import here
    from hub.pipeline import onboarding

    applied = applies(yes=yes, as_json=as_json, preview=preview)
    data = read_file(file)
    with here(tenant) as place:
        listing = read_organisations(data, place.country, file.name)
        with place.hub.store.unit(place.tenant) as unit:
            outcome = onboarding.put_organisations(
                unit, listing.rows, place.country, acting("operator"), dry=not applied
            )
        spoken = language(lang, place.language)
    raise typer.Exit(put_outcome(outcome, listing.findings, spoken, as_json=as_json, applied=applied))


def list_(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show organisations."""
    from hub.cli.here import opened, tenants

    with opened() as hub:
        for name in tenants(hub, tenant):
            _list_tenant(hub, name, as_json=as_json)


def _list_tenant(hub: Any, tenant: str, *, as_json: bool) -> None:  # noqa: ANN401 -- imported late
    from hub.store import parties

    with hub.store.reading(tenant) as unit:
        found = parties.organisations(unit)
    codes = {one.id: one.code for one in found}
    rows = [(codes.get(one.parent_id or "", ""), one) for one in found]
    if as_json:
        for parent, one in rows:
            body = {"tenant": tenant, "kind": one.kind, "code": one.code, "name": one.party.name, "parent": parent}
            put_json(body | {"email": one.party.email, "account": one.party.account, "system": one.system})
        return
    say(f"{tenant}:")
    ordered = sorted(rows, key=lambda pair: (KINDS.index(pair[1].kind), pair[1].code))
    table(
        ("code", "kind", "name", "below", "account", "mail"),
        [(one.code, one.kind, one.party.name, parent, one.party.account, one.party.email) for parent, one in ordered],
    )


def agreement(
    partner: Annotated[str, typer.Argument(help="The partner's folder name, or a service: cov, bank, mail.")],
    tenant: Tenant = "",
    valid_from: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day (today).")] = None,
    valid_to: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    channel: Annotated[str, typer.Option(help="Another kind of channel than the partner's own.")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A channel setting; NAME= removes it.")
    ] = None,
    release: Annotated[str, typer.Option(help="auto, or manual: a person releases each batch (at first).")] = "",
    payer_account: Annotated[list[str] | None, typer.Option(help="An account the payer pays from.")] = None,
    accept_unverified: Annotated[
        bool | None, typer.Option("--accept-unverified/--no-accept-unverified", help="Use it in production.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record or change one agreement."""
    from hub.cli.here import here
    from hub.pipeline import agreements as agreed

    wished = agreed.Wished(
        partner=partner,
        valid_from=valid_from.date() if valid_from else None,
        valid_to=valid_to.date() if valid_to else None,
        channel=channel,
        settings=agreed.pairs(settings or []),
        release=release,
        payer_accounts=payer_account or [],
        accepted_unverified=accept_unverified,
    )
    with here(tenant) as place:
        with place.hub.store.unit(place.tenant) as unit:
            stored = agreed.record(place.hub, unit, place.country, wished, acting("operator"))
        body = _agreement_body(place.hub.registry, stored)
    if as_json:
        put_json(body)
        return
    say(f"Agreement with {partner} from {stored.valid_from}: channel {body['channel']}, release {stored.release}")
    if body["lacks"]:
        say(f"Still needed: {', '.join(body['lacks'])} (kvitt org agreement {partner} --set NAME=VALUE)")


def agreements(tenant: Tenant = "", as_json: Json = False) -> None:
    """Show agreements."""
    from hub.cli.here import opened, tenants
    from hub.store import parties

    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                bodies = [{"tenant": name} | _agreement_body(hub.registry, one) for one in parties.agreements(unit)]
            if as_json:
                for body in bodies:
                    put_json(body)
                continue
            say(f"{name}:")
            columns = ("partner", "valid_from", "valid_to", "channel", "release", "lacks")
            table(columns, [[_cell(body[column]) for column in columns] for body in bodies])


def _agreement_body(registry: Any, one: Agreement) -> dict[str, Any]:  # noqa: ANN401 -- imported late
    """An agreement for people and programs; secrets are references, so its settings may be shown."""
    from hub.registry import channel_under

    partner = registry.partners.get(one.partner)
    spec = channel_under(partner, one) if partner else None
    return {
        "partner": one.partner,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat() if one.valid_to else None,
        "channel": spec.kind if spec else one.channel,
        "release": one.release,
        "settings": dict(one.settings),
        "payer_accounts": list(one.payer_accounts),
        "accepted_unverified": one.accepted_unverified,
        "verified": partner.verified if partner else None,
        "lacks": list(spec.required) if spec else [],
    }


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _word(*, told: bool | None) -> str:
    return "" if told is None else "yes" if told else "no"


def _tenant_made(tenant: str, country: str) -> None:
    """Make the tenant when a country says that it may be new."""
    if not (tenant and country):
        return
    from hub.cli.boot import settings_here
    from hub.cli.here import opened
    from hub.pipeline.onboarding import require_country

    require_country(country)
    spoken = settings_here().language
    with opened() as hub:
        known = {row["id"]: row["country"] for row in hub.store.tenants()}
        if known.get(tenant, country) != country:
            raise ConfigurationError(f"tenant {tenant} is in {known[tenant]}", hint="leave out --country")
        hub.store.add_tenant(tenant, tenant, country, spoken)
