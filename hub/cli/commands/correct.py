"""kvitt correct: a claim is corrected as its state allows."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_json, say

_HELP = """Correct a claim as its state allows: under its own number, with a credit first, or under a new number.

What nobody has judged goes out again. A rejected Norwegian invoice gets a new one, and a credit note where the payer
asks for it or its folder says so; an approved one takes none. A refused Dutch claim is claimed anew; a granted one is
credited in full, and the new debit waits until that is accepted. The same command twice gives the same result.

FIELD is price, code, sak_id, insured_number and so on; LINE.FIELD is one line only.

Example: `kvitt correct 10005 --set 1.price=640.00 --drop 2`
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("correct", help=_HELP)(correct)


def correct(
    ref: Annotated[str, typer.Argument(help="The claim's reference.")],
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="What changes.")] = None,
    drop: Annotated[list[int] | None, typer.Option("--drop", metavar="LINE", help="A line to leave out.")] = None,
    credit_only: Annotated[
        bool, typer.Option("--credit-only", help="Take it back and put nothing in its place.")
    ] = False,
    tenant: Tenant = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Correct one claim; exit 2 with the reason where its state does not allow it."""
    from hub.cli.here import here
    from hub.pipeline.correct import correct as step
    from hub.programmes.corrections import read_changes

    wanted = read_changes(changes or [], drop or [])
    with here(tenant) as place:
        words = language(lang, place.language)
        actor = acting("engineer")
        done = step(place.hub, place.tenant, ref, wanted, actor, credit_only=credit_only)
    if as_json:
        body = {"ref": done.ref, "way": done.way.value, "credit": done.credit, "replacement": done.replacement}
        put_json({"corrected": body | {"again": done.again, "message": done.message[words]}})
    else:
        say(done.message[words])
