"""kvitt sandbox: play the payer and the bank for a first try, on a sandbox hub with folder agreements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.output import Json, Tenant, put_json, say

Partner = Annotated[str, typer.Argument(help="The payer to play, by its folder name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Play payer and bank on a sandbox hub (folder agreements).")
    group.command(
        "answer",
        help="Answer the Vektis claim files in a partner's outbox: granted, unless an insured number says TEST-REFUSE, "
        "TEST-CHANGE, TEST-TWICE, TEST-SILENT or TEST-CLEARING.\n\nExample: `kvitt sandbox answer menzis`",
    )(answer)
    group.command(
        "pay",
        help="Write a bank statement (camt.053) on which the payer pays what it owes.\n\n"
        "Example: `kvitt sandbox pay menzis --to statement.xml`",
    )(pay)
    app.add_typer(group, name="sandbox")


def answer(partner: Partner, tenant: Tenant = "", as_json: Json = False) -> None:
    """Answer as the partner."""
    from hub.cli.here import here
    from hub.sandbox import by_folder

    with here(tenant) as place:
        written = [str(path) for path in by_folder.answer(place.hub, place.tenant, partner)]
    if as_json:
        put_json({"answers": written})
    elif not written:
        say("nothing to answer")
    for path in [] if as_json else written:
        say(path)


def pay(
    partner: Partner,
    to: Annotated[Path, typer.Option("--to", help="The file to write.")] = Path("statement.xml"),
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Pay as the partner."""
    from hub.cli.here import here
    from hub.sandbox import by_folder

    with here(tenant) as place:
        to.write_bytes(by_folder.statement(place.hub, place.tenant, partner))
    if as_json:
        put_json({"statement": str(to)})
    else:
        say(to)
