"""kvitt init: make a hub (home, keys, database, hub.toml) and say what next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.output import Json, put_json, say
from hub.errors import ConfigurationError
from hub.settings import HUB_FILE, LANGUAGES, Settings, Stage, default_settings, load, write_hub_toml

_HELP = """Make a hub in KVITT_HOME (default ./kvitt-home): keys, database, hub.toml. Repeating it is harmless.

Example: `kvitt init --example`

Example: `KVITT_KEYS=/safe/keys kvitt init --stage production --database env:KVITT_DATABASE`
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", help=_HELP)(init)


def init(
    stage: Annotated[str, typer.Option(help="sandbox (default), test or production.")] = "",
    lang: Annotated[str, typer.Option("--language", "--lang", help="Language of sentences: en, nb or nl.")] = "",
    database: Annotated[str, typer.Option(help="A URL without password, env:NAME or file:PATH.")] = "",
    example: Annotated[bool, typer.Option("--example", help="Load the invented example organisations.")] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Migrate the hub's database to this version.")] = False,
    as_json: Json = False,
) -> None:
    """Make a hub, or bring an existing one up to date."""
    settings = _settings(stage, lang, database)
    if example and settings.stage is Stage.PRODUCTION:
        raise ConfigurationError("a production hub takes no example data", hint="leave out --example")
    made = not (settings.home / HUB_FILE).is_file()
    if upgrade and made:
        raise ConfigurationError(f"no hub at {settings.home} to upgrade", hint="run kvitt init")
    loaded = _make(settings, made=made, upgrade=upgrade, example=example)
    body = {
        "home": str(settings.home),
        "created": made,
        "upgraded": upgrade,
        "stage": settings.stage.value,
        "language": settings.language,
        "database": settings.database or "SQLite in the home",
        "keys": str(settings.keys),
        "example": loaded,
    }
    if as_json:
        put_json(body | {"warnings": _warnings(settings)})
    else:
        _tell(settings, body)


def _settings(stage: str, language: str, database: str) -> Settings:
    """The settings of the hub that is there, or those of the one to be made."""
    cwd = Path.cwd()
    if stage and stage not in tuple(Stage):
        raise ConfigurationError(f"unknown stage {stage!r}", hint=f"one of: {', '.join(Stage)}")
    if language and language not in LANGUAGES:
        raise ConfigurationError(f"unknown language {language!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    found = load(os.environ, cwd)
    if (found.home / HUB_FILE).is_file():
        _refuse_changes(found, stage, language, database)
        return found
    return default_settings(
        found.home,
        keys=found.keys,
        stage=Stage(stage or Stage.SANDBOX),
        language=language or found.language,
        database=database or found.database,
        env=os.environ,
    )


def _refuse_changes(found: Settings, stage: str, language: str, database: str) -> None:
    """A hub that exists keeps what it is: its stage or database never changes by a repeated command."""
    wished = {"stage": stage, "language": language, "database": database}
    standing = {"stage": found.stage.value, "language": found.language, "database": found.database}
    other = [name for name, value in wished.items() if value and value != standing[name]]
    if other:
        raise ConfigurationError(
            f"there is a hub already, with another {' and '.join(other)}",
            hint=f"edit {HUB_FILE} on purpose, or set KVITT_HOME to another folder",
            where=str(found.home),
        )


def _make(settings: Settings, *, made: bool, upgrade: bool, example: bool) -> dict[str, Any] | None:
    """Make or open the hub. Keys of one that exists are never made anew: its data could not be opened with them."""
    from hub.cli import boot
    from hub.clock import SystemClock
    from hub.security.keys import KeyStore
    from hub.store import migrate
    from hub.store.unit import Store

    if made:
        _refuse_lost_keys(settings)
        hub = boot.create_hub(settings)
        write_hub_toml(settings)
    else:
        if upgrade:
            store = Store(settings.database_url.reveal(), KeyStore(settings.keys), SystemClock())
            migrate.upgrade(store.engine)
            store.close()
        hub = boot.open_hub(settings)
    try:
        return _load_example(hub.store, settings) if example else None
    finally:
        hub.store.close()


def _refuse_lost_keys(settings: Settings) -> None:
    """Data without its keys is a hub that lost something, not a new one."""
    if (settings.home / "kvitt.db").exists() and not (settings.keys / "master.key").exists():
        raise ConfigurationError(
            "there is a database, but no keys and no hub.toml",
            hint="restore them from the backup, or set KVITT_HOME to another folder",
            where=str(settings.home),
        )


def _load_example(store: Any, settings: Settings) -> dict[str, Any]:  # noqa: ANN401 -- imported late
    from hub.paths import examples
    from hub.sandbox.example import load_example

    loaded = load_example(store, settings.home, examples())
    return {
        "tenants": list(loaded.tenants),
        "organisations": loaded.organisations,
        "reference_rows": loaded.reference_rows,
        "agreements": loaded.agreements,
    }


def _warnings(settings: Settings) -> list[str]:
    together = settings.keys.is_relative_to(settings.home)
    if together and settings.stage is not Stage.SANDBOX:
        return ["the keys lie in the home: a copy of the home opens everything; set KVITT_KEYS to another place"]
    return []


def _tell(settings: Settings, body: dict[str, Any]) -> None:
    done = "made" if body["created"] else "upgraded" if body["upgraded"] else "is there"
    say(f"Hub {done}: {settings.home} (stage {settings.stage.value}, language {settings.language})")
    say(f"Keys: {settings.keys}; back them up apart from the data")
    for warning in _warnings(settings):
        say(f"Warning: {warning}")
    loaded = body["example"]
    if loaded:
        say(f"Example loaded (invented): tenants {', '.join(loaded['tenants'])}")
    say("Next:")
    for step in _EXAMPLE_NEXT if loaded else _NEXT:
        say(f"  {step}")


_NEXT = (
    "kvitt org add --tenant NAME --country NL --kind billing_agent --code AGB --name NAME",
    "kvitt practice template > practices.csv   (fill it, then: kvitt practice import practices.csv)",
    "kvitt data import uzovi FILE --valid-from YYYY-MM-DD",
    "kvitt org agreement PARTNER --set NAME=VALUE",
    "kvitt doctor",
)
_EXAMPLE_NEXT = (
    "kvitt org list",
    "kvitt org agreements --tenant voorbeeldzorg-nl",
    "kvitt doctor",
)
