"""kvitt demo: both stories, end to end, against counterparts on this machine."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from hub.cli.output import Json, Lang, money, put_json, say, table
from hub.errors import ConfigurationError
from hub.settings import Settings

MARK = "demo"
"""A file of this name marks a home that a demo made and may replace."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "demo",
        help="Play both stories on a fresh hub and show where every claim stands.\n\nExample: `kvitt demo --json`",
    )(demo)


def demo(
    as_json: Json = False,
    lang: Lang = "",
    keep: Annotated[bool, typer.Option("--keep", help="Refuse to replace the hub of an earlier demo.")] = False,
) -> None:
    """Play both stories; exit 1 unless both equations hold."""
    from hub.cli import boot
    from hub.cli.output import language
    from hub.clock import MovableClock
    from hub.log import open_log
    from hub.sandbox import demo as play
    from hub.sandbox import report
    from hub.sandbox.stage import Stage
    from hub.settings import write_hub_toml

    settings = boot.settings_here(require=False)
    _clear(settings, keep=keep)
    clock = MovableClock(play.START)
    hub = boot.create_hub(settings, clock)
    (settings.home / MARK).touch()
    write_hub_toml(settings)
    stage = Stage(hub=hub, clock=clock, out=settings.out, say=(lambda _text: None) if as_json else say)
    log = open_log(settings.log)
    try:
        played = play.play(stage)
        report.write(stage, played, language(lang, settings.language))
    finally:
        log.close()
        hub.store.close()
    if as_json:
        put_json(played.as_json())
    else:
        _show(settings, played)
    raise typer.Exit(0 if played.conserved else 1)


def _clear(settings: Settings, *, keep: bool) -> None:
    """A demo replaces only what a demo made; a real hub is never touched."""
    home = settings.home
    if not home.exists() or not any(home.iterdir()):
        return
    if not (home / MARK).exists():
        raise ConfigurationError(f"{home} holds a hub that no demo made", hint="set KVITT_HOME to another folder")
    if keep:
        raise ConfigurationError(f"{home} holds an earlier demo", hint="leave out --keep, or set KVITT_HOME")
    shutil.rmtree(home)


def _show(settings: Settings, played: object) -> None:
    from hub.sandbox.demo import Played

    if not isinstance(played, Played):
        return
    for country, body in played.countries.items():
        say(f"\n{country} claims ({body['currency']})")
        table(
            ("claim", "payer", "transport", "decision", "claimed", "granted", "refused", "open", "received", "netted"),
            [_row(claim) for claim in body["claims"]],
        )
        say(f"\n{country} money ({body['currency']})")
        rows = [(name.removesuffix("_minor"), money(int(str(minor)))) for name, minor in body["money"].items()]
        table(("", "amount"), rows)
        if body["practices"]:
            say(f"\n{country} pay-out proposal ({body['currency']}); nothing is paid by this")
            names = ("settled", "payout", "carried")
            table(
                ("practice", *names),
                [(one["practice"], *(money(one[f"{name}_minor"]) for name in names)) for one in body["practices"]],
            )
        for finding in played.findings[country]:
            say("NOT CONSERVED:", finding.said())
    say("\nclaimed = granted + refused + patient + withdrawn + open: ", "holds" if played.conserved else "BROKEN")
    say("granted = received + netted + written off + outstanding:   ", "holds" if played.conserved else "BROKEN")
    say(f"\nHub kept at {settings.home}; files and report in {settings.out}")


def _row(claim: dict[str, object]) -> tuple[object, ...]:
    amounts = ("claimed", "granted", "refused", "open", "received", "netted")
    words = (claim["ref"], claim["payer"], claim["transport"], claim["decision"])
    return words + tuple(money(int(str(claim[f"{name}_minor"]))) for name in amounts)
