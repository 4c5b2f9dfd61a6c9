"""kvitt vektis: look into claim and response files, compare them, make them anonymous, select and split. No hub."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import Json, Lang, language, put_json, say
from hub.errors import HubError

if TYPE_CHECKING:  # layouts and rules are imported only when asked, so that help is quick
    from schemas.vektis.tools.anonymise import Anonymiser

File = Annotated[Path, typer.Argument(metavar="FILE", help="A Vektis EI file.")]
Format = Annotated[str, typer.Option("--format", help="Its format id, such as SB311-2.0, when it says none.")]
Personal = Annotated[bool, typer.Option("--personal", help="Show personal values instead of masking them.")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge as on this day (today).")]
Keep = Annotated[bool, typer.Option("--keep-numbers", help="Leave the detail numbers as they were.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look into Vektis files, compare, anonymise, select, split.")
    group.command(
        "show",
        help="Every field with position, name, raw text, meaning and findings.\n\n"
        "Example: `kvitt vektis show claims.asc --record 3 --lang nl`",
    )(show)
    group.command(
        "diff",
        help="What differs between two files, by line and field. A response is compared as far as its claim goes.\n\n"
        "Exit 0: the same. 1: different.\n\nExample: `kvitt vektis diff claims.asc response.asc`",
    )(diff)
    group.command(
        "anonymise",
        help="Fakes for all people, the same in every file under the same key. Check digits, amounts, counts stay.\n\n"
        "Example: `kvitt vektis anonymise claims.asc --out safe.asc`",
    )(anonymise)
    group.command(
        "select",
        help="Keep the lines that meet a condition, with all that belongs to them; without --out they are counted.\n\n"
        "Example: `kvitt vektis select claims.asc --where 'amount>100.00 and uzovi=3332' --out some.asc`",
    )(select)
    group.command(
        "split",
        help="Take the bad lines out of a claim file and send the rest.\n\nExit 0: there is a file to send. 1: none.\n"
        "\n"
        "Example: `kvitt vektis split claims.asc --good send.asc --bad repair.asc`",
    )(split)
    app.add_typer(group, name="vektis")


def show(
    file: File,
    record: Annotated[str, typer.Option(help="Which records: 7 or 7-12.")] = "",
    kind: Annotated[str, typer.Option(help="Only records of this kind, such as 04.")] = "",
    element: Annotated[str, typer.Option(help="Only this field, by element id (0418) or code (BED161).")] = "",
    filled: Annotated[bool, typer.Option("--filled", help="Leave out fields that are not filled.")] = False,
    as_json: Json = False,
    wanted: Format = "",
    personal: Personal = False,
    on: On = None,
    lang: Lang = "",
) -> None:
    """Look into a file."""
    from hub.cli.vektis import show as vektis_show

    spoken = _language(lang)
    if vektis_show.is_xml(file):
        from hub.cli.vektis import gds as vektis_gds

        vektis_gds.tell(file, on=_day(on), element=element.upper(), personal=personal, language=spoken, as_json=as_json)
        return
    asked = vektis_show.Asked(
        records=vektis_show.numbers(record),
        kind=kind,
        element=element.upper(),
        filled=filled,
        personal=personal,
        language=spoken,
        on=_day(on),
    )
    shown = vektis_show.views(file, wanted, asked)
    vektis_show.tell(shown, asked, as_json=as_json)


def diff(
    left: Annotated[Path, typer.Argument(metavar="A", help="The first file.")],
    right: Annotated[Path, typer.Argument(metavar="B", help="The second file, or the response to the first.")],
    as_json: Json = False,
    wanted: Format = "",
    personal: Personal = False,
    lang: Lang = "",
) -> None:
    """Compare two files."""
    from hub.cli.vektis import show as vektis_show
    from hub.cli.vektis.files import whole
    from schemas.vektis.tools.differences import differences, same

    spoken = _language(lang)
    found = differences(whole(left, wanted), whole(right, wanted), language=spoken, personal=personal)
    if as_json:
        put_json({"same": same(found), "differences": [one.as_json() for one in found]})
    else:
        vektis_show.tell_differences(found, spoken)
    raise typer.Exit(0 if same(found) else 1)


def anonymise(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Vektis EI files.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write; with several files a folder.")],
    key: Annotated[
        str, typer.Option(envvar="KVITT_ANONYMISE_KEY", help="A long secret: the same one gives the same fakes.")
    ] = "",
    providers: Annotated[bool, typer.Option("--providers", help="AGB codes and VAT numbers too.")] = False,
    references: Annotated[bool, typer.Option("--references", help="Invoice and line references too.")] = False,
    drop_damaged: Annotated[bool, typer.Option("--drop-damaged", help="Leave damaged records out.")] = False,
    as_json: Json = False,
    wanted: Format = "",
    lang: Lang = "",
) -> None:
    """Make files anonymous."""
    import hashlib
    import secrets

    from hub.cli.vektis.words import words
    from schemas.vektis.personal import PERSON, PROVIDER, REFERENCE
    from schemas.vektis.tools.anonymise import Anonymiser

    spoken = _language(lang)
    groups = {PERSON, *([PROVIDER] if providers else []), *([REFERENCE] if references else [])}
    secret = hashlib.sha256(key.encode()).digest() if key else secrets.token_bytes(32)
    anonymiser = Anonymiser(key=secret, groups=frozenset(groups))
    for file in files:
        target = out / file.name if len(files) > 1 or out.is_dir() else out
        count, dropped = _anonymise(file, target, anonymiser, wanted, drop_damaged=drop_damaged)
        if as_json:
            put_json({"file": str(file), "out": str(target), "records": count, "dropped": dropped})
            continue
        say(words("anonymised", spoken, out=target, records=count))
        if dropped:
            say(words("dropped", spoken, count=dropped))
    if not key and not as_json:
        say(words("once", spoken))


def _anonymise(file: Path, target: Path, anonymiser: Anonymiser, wanted: str, *, drop_damaged: bool) -> tuple[int, int]:
    """How many records were written and how many damaged ones left out."""
    from hub.cli.vektis.files import layout_for, records, write_all
    from schemas.vektis.tools.anonymise import anonymised

    layout = layout_for(file, wanted)
    damaged = sum(not one.whole for one in records(file, layout)) if drop_damaged else 0
    target.parent.mkdir(parents=True, exist_ok=True)
    made = anonymised(records(file, layout), layout, anonymiser, drop_damaged=damaged > 0)
    return write_all(target, made, file), damaged


def select(
    file: File,
    conditions: Annotated[
        list[str], typer.Option("--where", metavar="EXPR", help="Such as 0418>10000; several must all hold.")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
    listed: Annotated[str, typer.Option("--list", metavar="FIELD", help="Print this field of every line.")] = "",
    keep_numbers: Keep = False,
    as_json: Json = False,
    wanted: Format = "",
    personal: Personal = False,
    lang: Lang = "",
) -> None:
    """Keep some lines."""
    from hub.cli.vektis import select as vektis_select
    from hub.cli.vektis.files import layout_for
    from hub.cli.vektis.words import words

    spoken = _language(lang)
    layout = layout_for(file, wanted)
    asked = vektis_select.condition(conditions, layout)
    if listed:
        for body in vektis_select.listing(file, layout, asked, listed, personal=personal):
            put_json(body) if as_json else say(body["value"])
    summary = vektis_select.summary(file, layout, asked)
    if out is not None and summary["lines"]:
        vektis_select.write(file, layout, asked, out, keep_numbers=keep_numbers)
        summary["out"] = str(out)
    if as_json:
        put_json(summary)
    elif not listed or out is not None:
        say(words("selected", spoken, **summary))
        if out is not None and not summary["lines"]:
            say(words("nothing", spoken))
    raise typer.Exit(1 if out is not None and not summary["lines"] else 0)


def split(
    file: File,
    good: Annotated[Path, typer.Option("--good", help="The file to send.")],
    bad: Annotated[Path, typer.Option("--bad", help="The file to repair.")],
    response: Annotated[
        Path | None, typer.Option("--response", help="The response that names the bad lines, instead of our rules.")
    ] = None,
    clearing: Annotated[
        bool, typer.Option("--clearing", help="The response is the clearing house's, also where it does not say so.")
    ] = False,
    keep_numbers: Keep = False,
    as_json: Json = False,
    wanted: Format = "",
    on: On = None,
    lang: Lang = "",
) -> None:
    """Take the bad lines out."""
    from hub.cli.vektis import split as vektis_split

    spoken = _language(lang)
    asked = vektis_split.Asked(
        good=good, bad=bad, response=response, clearing=clearing, on=_day(on), keep_numbers=keep_numbers
    )
    done = vektis_split.split(file, wanted, asked)
    if as_json:
        put_json(done.as_json(spoken))
    else:
        vektis_split.tell(done, spoken)
    raise typer.Exit(0 if done.to_send else 1)


def _day(on: datetime | None) -> date:
    return on.date() if on else datetime.now(UTC).date()


def _language(wished: str) -> str:
    """As wished, else the hub's where there is one that can be read."""
    from hub.settings import load

    try:
        default = load(os.environ, Path.cwd()).language
    except HubError:
        default = "en"
    return language(wished, default)
