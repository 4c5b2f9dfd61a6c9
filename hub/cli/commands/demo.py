"""kvitt demo: both stories, end to end, against counterparts on this machine."""

from __future__ import annotations

import secrets
import shutil
import signal
import threading
from datetime import UTC, datetime
from typing import Annotated

import typer

from hub.cli.output import Json, Lang, money, put_json, say, table
from hub.errors import ConfigurationError
from hub.settings import Settings

MARK = "demo"
"""A file of this name marks a home that a demo made and may replace."""
_SYLLABLES = [first + second for first in "bdfgklmnprstv" for second in "aeiou"]
"""A demo's password is made of these: 4 times 4,225 ways, easy to type."""


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
    serve: Annotated[bool, typer.Option("--serve", help="Then open the console on it, until Ctrl-C.")] = False,
    web: Annotated[str, typer.Option("--web", help="HOST:PORT of the console.")] = "",
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
        if serve:
            play.go_on(stage)
    finally:
        log.close()
        hub.store.close()
    if as_json:
        put_json(played.as_json())
    else:
        _show(settings, played)
    if serve:
        _serve(settings, clock.now(), web)
    raise typer.Exit(0 if played.conserved else 1)


def _serve(settings: Settings, start: datetime, web: str) -> None:
    """The console on the demo's hub, whose clock runs on from where the stories ended."""
    from hub.cli import boot
    from hub.clock import MovableClock, RunningClock
    from hub.log import open_log
    from hub.sandbox import demo_nl
    from hub.sandbox.console_users import enrol
    from hub.sandbox.pki import make_pki
    from hub.sandbox.stage import Stage
    from hub.web.server import DEFAULT, served

    hub = boot.open_hub(settings, RunningClock(start, datetime.now(UTC)))
    log = open_log(settings.log)
    password = "-".join(secrets.choice(_SYLLABLES) + secrets.choice(_SYLLABLES) for _ in range(4))
    people = enrol(hub, password)
    stage = Stage(hub=hub, clock=MovableClock(start), out=settings.out, say=say)
    pki = make_pki(stage.folder("pki"), now=datetime.now(UTC))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with demo_nl.standing_by(stage, pki), served(hub, web or DEFAULT) as address:
            say(f"\nConsole: {address}    password for everybody here: {password}\n")
            table(("log in as", "role", "organisation"), [(one.login, one.role, one.organisation) for one in people])
            say("\nCtrl-C stops")
            stop.wait()
    finally:
        log.close()
        hub.store.close()


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
