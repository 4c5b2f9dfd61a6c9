"""kvitt explain: what a code means, who acts and what to do (decision 34). Needs no hub."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import Json, Lang, language, put_json, say
from hub.errors import HubError
from hub.settings import HUB_FILE, Settings, load

if TYPE_CHECKING:  # lists, partners and rules are imported only when asked, so that help is quick
    from hub.cli.meanings import Meaning
    from hub.registry import Registry

_HELP = """Explain a code in plain words: a return code, a reason code, a rule id, one of our own, or a Vektis field.

Lists overlap: name the list before a colon, or get all meanings. A code nobody knows is said so (exit 1).

With --partner that partner's own words for the code come first.

Example: `kvitt explain COD954:0586 --lang nl`

Example: `kvitt explain HA304:0418`

Example: `kvitt explain BR-CO-15`
"""
_WHO = {
    "provider": {"en": "the provider", "nb": "behandleren", "nl": "de zorgaanbieder"},
    "support": {"en": "support", "nb": "support", "nl": "support"},
    "operator": {"en": "the operator", "nb": "driften", "nl": "de beheerder"},
    "payer": {"en": "the payer", "nb": "betaleren", "nl": "de betaler"},
    "nobody": {"en": "nobody", "nb": "ingen", "nl": "niemand"},
}
_ACTS = {"en": "Who acts", "nb": "Hvem handler", "nl": "Wie handelt"}
_DO = {"en": "What to do", "nb": "Hva gjøres", "nl": "Wat te doen"}
_DOUBT = {"en": "Not certain", "nb": "Usikkert", "nl": "Onzeker"}
_SOURCE = {"en": "Source", "nb": "Kilde", "nl": "Bron"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", help=_HELP)(explain)


def explain(
    code: Annotated[str, typer.Argument(metavar="[LIST:]CODE", help="Such as COD954:0586, 052 or BSN_INVALID.")],
    partner: Annotated[str, typer.Option("--partner", help="Who sent the code: its own words come first.")] = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Explain one code."""
    from hub.cli import field_meanings, meanings
    from hub.cli.own_layouts import own_layouts

    settings = _settings()
    spoken = language(lang, settings.language if settings else "en")
    registry, more = _of_hub(settings)
    sender = registry.by_name(partner) if partner else None
    hits = meanings.explain(code, registry.partners.values(), more, sender=sender)
    hits = hits or list(field_meanings.fields(code, own_layouts()))
    shown = hits or [meanings.unknown(code)]
    if as_json:
        put_json({"query": code, "known": bool(hits), "hits": [one.as_json(spoken) for one in shown]})
    else:
        for one in shown:
            _tell(one, spoken)
    raise typer.Exit(0 if hits else 1)


def _settings() -> Settings | None:
    """The hub's settings where there is one that can be read; explaining works without."""
    try:
        return load(os.environ, Path.cwd())
    except HubError as error:
        print(f"kvitt: {error}", file=sys.stderr)
        return None


def _of_hub(settings: Settings | None) -> tuple[Registry, list[Meaning]]:
    """Partners (the hub's own come first), and code lists somebody imported into the hub."""
    from hub.paths import examples
    from hub.registry import load_registry

    home = settings.home if settings else None
    registry = load_registry(home, more=[examples() / "partners"])
    if settings is None or not (settings.home / HUB_FILE).is_file():
        return registry, []
    try:
        return registry, _imported(settings)
    except HubError as error:
        print(f"kvitt: the hub's own code lists were not asked: {error}", file=sys.stderr)
        return registry, []


def _imported(settings: Settings) -> list[Meaning]:
    from hub.cli.boot import open_hub
    from hub.cli.meanings import Meaning
    from hub.store import reference

    hub = open_hub(settings)
    try:
        found: list[reference.ReferenceRow] = []
        for tenant in hub.store.tenants():
            with hub.store.reading(tenant["id"]) as unit:
                found += reference.in_force(unit, "codes", hub.today(tenant["country"])).values()
    finally:
        hub.store.close()
    return [
        Meaning(
            list=row.body["list"],
            code=row.body["code"],
            text={name: row.body[name] for name in ("en", "nb", "nl")},
            hint={name: row.body[f"hint_{name}"] for name in ("en", "nb", "nl")},
            severity=row.body["severity"],
            who_acts=row.body["who_acts"],
            source=row.source,
        )
        for row in found
    ]


def _tell(one: Meaning, language: str) -> None:
    from hub.cli.meanings import heading, said

    say(heading(one, language))
    say(f"  {said(one.text, language)}")
    who = said(_WHO.get(one.who_acts, {}), language) or one.who_acts
    doubt = said(one.doubt, language)
    for label, text in ((_DO, said(one.hint, language)), (_ACTS, who), (_DOUBT, doubt), (_SOURCE, one.source)):
        if text:
            say(f"  {label[language]}: {text}")
