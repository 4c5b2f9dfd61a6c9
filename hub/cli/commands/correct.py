"""kvitt correct, credit, hold: a claim is corrected as its state allows, taken back in full, stopped."""

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
    app.command(
        "credit",
        help="Take a claim back in full, with nothing in its place.\n\nA granted Dutch claim, or a rejected Norwegian "
        "invoice; an approved Norwegian invoice takes none.\n\nExample: `kvitt credit R000000001`",
    )(credit)
    app.command(
        "hold",
        help="Stop a claim before it leaves; `kvitt release` lets it go on.\n\nExample: "
        '`kvitt hold 10005 --reason "the clinic asked to wait"`',
    )(hold)


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


def credit(
    ref: Annotated[str, typer.Argument(help="The claim's reference.")],
    tenant: Tenant = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Credit one claim; exit 2 with the reason where its state does not allow it."""
    correct(ref, [], [], credit_only=True, tenant=tenant, as_json=as_json, lang=lang)


def hold(
    ref: Annotated[str, typer.Argument(help="The claim's reference.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the claim.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Stop one claim; exit 2 with the reason where it has left, or is held already."""
    from hub.cli.here import here
    from hub.pipeline.holding import hold as step

    with here(tenant) as place:
        step(place.hub, place.tenant, ref, reason, acting("support"))
    if as_json:
        put_json({"held": ref})
    else:
        say(ref)
