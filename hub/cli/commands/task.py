"""kvitt task: one thing that waits for a person, taken, commented, closed with a reason, opened again."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_json, say

Key = Annotated[str, typer.Argument(help="The task's key (`kvitt next --json` says it) or id.")]
Reason = Annotated[str, typer.Option("--reason", help="What was found out or done; no names of persons.")]
_CLOSE = """Close a task that nothing closes by itself, with the reason.

What must be decided first is refused: money nobody has placed, a file or claim that stands still, a second person's
word. A claim it is about stays as it is.

Example: `kvitt task close vanished_from_list:K0001 --reason "the practice says the person is enrolled"`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="One thing that waits for a person.")
    group.command("show", help="With its history.\n\nExample: `kvitt task show damaged:sftp:1`")(show)
    group.command("close", help=_CLOSE)(close)
    group.command("assign", help="To somebody, or to nobody.\n\nExample: `kvitt task assign KEY --to lise`")(assign)
    group.command("comment", help='Say something.\n\nExample: `kvitt task comment KEY "asked them by phone"`')(comment)
    group.command("reopen", help="It was closed too early.\n\nExample: `kvitt task reopen KEY`")(reopen)
    app.add_typer(group, name="task")


def show(key: Key, tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """Show a task; exit 5 while it is open."""
    from hub.cli.here import here
    from hub.pipeline import task_work
    from hub.store import support
    from hub.texts import pick

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        row = task_work.named(unit, key)
        notes = support.notes(unit, [row["id"]]).get(row["id"], [])
        words = language(lang, place.language)
    told = {"text": pick(row["text"], words), "action": pick(row["action"], words)}
    history = [{name: note[name] for name in ("at", "by", "kind", "text")} for note in notes]
    if as_json:
        named = ("id", "key", "kind", "state", "claim_ref", "due", "assignee", "amount_minor", "currency")
        put_json({name: row[name] for name in named} | told | {"history": history})
    else:
        say(f"{row['key']} [{row['kind']}] {row['state']}\n{told['text']}\n   -> {told['action']}")
        for note in history:
            say(f"{note['at']:%Y-%m-%d %H:%M} {note['by']} {note['kind']} {note['text']}".rstrip())
    raise typer.Exit(5 if row["state"] == "open" else 0)


def close(key: Key, reason: Reason, tenant: Tenant = "") -> None:
    """Close a task by hand."""
    from hub.cli.here import here
    from hub.pipeline import task_work

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        row = task_work.named(unit, key)
        task_work.close(unit, row["id"], reason, acting("support"))
    say(f"closed: {row['key']}")


def assign(
    key: Key, to: Annotated[str, typer.Option("--to", help="Login; empty for nobody.")] = "", tenant: Tenant = ""
) -> None:
    """Give a task to somebody."""
    from hub.cli.here import here
    from hub.pipeline import task_work

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        row = task_work.named(unit, key)
        task_work.assign(unit, row["id"], to, acting("support"))
    say(f"{row['key']}: {to or 'nobody'}")


def comment(key: Key, words: Annotated[str, typer.Argument(help="What to say.")], tenant: Tenant = "") -> None:
    """Say something about a task."""
    from hub.cli.here import here
    from hub.pipeline import task_work

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        row = task_work.named(unit, key)
        task_work.comment(unit, row["id"], words, acting("support"))
    say(f"written down: {row['key']}")


def reopen(key: Key, tenant: Tenant = "") -> None:
    """Open a task again."""
    from hub.cli.here import here
    from hub.pipeline import task_work

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        row = task_work.named(unit, key)
        task_work.reopen(unit, row["id"], acting("support"))
    say(f"open again: {row['key']}")
