"""kvitt check: judge files by the published rules before anything is sent (decisions 30-32). Needs no hub."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from hub.cli.output import Json, Lang, language, put_json, say
from hub.errors import HubError
from hub.model.finding import Finding, Severity
from hub.settings import load

if TYPE_CHECKING:  # rules are imported only when asked, so that help is quick
    from hub.official import Opinion, SecondOpinion
    from hub.validation import Asked, Checked

_HELP = """Check files by the published rules: Vektis EI and GDS, UBL invoices, credit notes and responses, bank files.

Exit 0: nothing forbids sending. 1: findings do. 2: a file cannot be read. Several files: the highest.

Example: `kvitt check claims.asc invoice.xml`

Example: `kvitt check invoice.xml --on 2026-09-01 --json`

Example: `kvitt check debtors.asc --format vektis-SB311-2.0` (a file that does not say what it is)

Example: `kvitt check --official invoice.xml` (rule files by `kvitt schemas import`, SaxonC by `kvitt[official]`)
"""
_LARGEST = 512 * 1024 * 1024
"""Bytes of a document that is judged as a whole; Vektis EI files may have any size."""
_LOOK = 4096
_SLOW = 4 * 1024 * 1024
"""Bytes from which judging takes long enough to show how far it is."""
_CHECKING = {"en": "Checking", "nb": "Kontrollerer", "nl": "Controleren"}
_Bar = Callable[[BufferedReader], AbstractContextManager[Callable[[int], None] | None]]
_FAMILY = re.compile(r"(UBL-(?:CR|SR|DT))-\d+")
"""Official warning families with hundreds of members; people get one line for each (decision 31)."""
_WORDS = {
    "en": {
        "fatal": "fatal",
        "error": "error",
        "warning": "warning",
        "info": "note",
        "valid": "nothing forbids sending",
    },
    "nb": {
        "fatal": "fatal",
        "error": "feil",
        "warning": "advarsel",
        "info": "merknad",
        "valid": "ingenting hindrer sending",
    },
    "nl": {
        "fatal": "fataal",
        "error": "fout",
        "warning": "waarschuwing",
        "info": "opmerking",
        "valid": "niets verhindert verzending",
    },
}
_NO_FORMAT = {"en": "unreadable", "nb": "uleselig", "nl": "onleesbaar"}
_FOLDED = {
    "en": "{count} elements or attributes the core invoice does not know ({codes}); --all shows each",
    "nb": "{count} elementer eller attributter kjernefakturaen ikke kjenner ({codes}); --all viser hver av dem",
    "nl": "{count} elementen of attributen die de kernfactuur niet kent ({codes}); --all toont elk",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", help=_HELP)(check)


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, or - for what is piped in.")],
    as_json: Json = False,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge by the rules in force on this day (today).")
    ] = None,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="For fragments: no size, XSD and id gates.")] = False,
    ruleset: Annotated[str, typer.Option(help="A rule set (2026.5) or a response's transaction: t111, t71, mls.")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="Every finding on its own line.")] = False,
    wanted: Annotated[
        str, typer.Option("--format", help="What it must be: vektis, gds, ubl, bank or a format id.")
    ] = "",
    official: Annotated[
        bool, typer.Option("--official", help="Ask the official rule files too; each difference is a finding.")
    ] = False,
    official_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long an official rule file may take for a document.")
    ] = 120,
    lang: Lang = "",
) -> None:
    """Check some files."""
    from hub.cli.own_layouts import own_layouts
    from hub.validation import Asked, family_of

    spoken = language(lang, _default_language())
    day = on.date() if on else datetime.now(UTC).date()
    asked = Asked(on=day, rules_only=rules_only, ruleset=ruleset or None, layouts=own_layouts())
    if wanted:
        family_of(wanted, asked.layouts)
    worst, bar = 0, _bar(spoken, as_json=as_json)
    with _second_opinion(official_seconds, wished=official) as second:
        for name in files:
            checked = _checked(name, asked, wanted, second, bar)
            worst = max(worst, checked.exit_code)
            if as_json:
                put_json(checked.as_json(name, spoken))
            else:
                _tell(name, checked, spoken, show_all=show_all)
    raise typer.Exit(worst)


@contextmanager
def _second_opinion(seconds: float, *, wished: bool) -> Iterator[SecondOpinion | None]:
    """The official rule files of this machine, when they are asked for."""
    if not wished:
        yield None
        return
    from hub.official import artefacts, second_opinion

    with second_opinion(artefacts.here(os.environ, Path.cwd()), seconds=seconds) as second:
        yield second


def _default_language() -> str:
    """The hub's language where there is a hub that can be read."""
    try:
        return load(os.environ, Path.cwd()).language
    except HubError:
        return "en"


def _checked(name: str, asked: Asked, wanted: str, second: SecondOpinion | None, bar: _Bar) -> Checked:
    from hub.validation import not_opened

    try:
        with _opened(name) as stream:
            return _judged(stream, asked, wanted, second, bar)
    except OSError as error:
        return not_opened(error.strerror or type(error).__name__)


@contextmanager
def _opened(name: str) -> Iterator[BufferedReader]:
    """The file, or what is piped in, as a stream whose beginning can be looked at."""
    if name != "-":
        with Path(name).open("rb") as stream:
            yield stream
        return
    piped = sys.stdin.buffer
    yield piped if isinstance(piped, BufferedReader) else BufferedReader(cast("RawIOBase", piped))


def _judged(stream: BufferedReader, asked: Asked, wanted: str, second: SecondOpinion | None, bar: _Bar) -> Checked:
    """Record by record where the document is of such a kind, otherwise as a whole."""
    from hub.validation import check as check_document
    from hub.validation import check_stream, streamable, too_large

    if streamable(stream.peek(_LOOK), asked, wanted):
        with bar(stream) as progress:
            return check_stream(stream, asked, wanted, second, progress)
    data = stream.read(_LARGEST + 1)
    return too_large(_LARGEST) if len(data) > _LARGEST else check_document(data, asked, wanted, second)


@contextmanager
def _no_bar(_stream: BufferedReader) -> Iterator[None]:
    """Nobody watches."""
    yield None


@contextmanager
def _shown_bar(stream: BufferedReader, label: str) -> Iterator[Callable[[int], None] | None]:
    """A bar on the terminal while a large file is judged; where its size is known."""
    size = os.fstat(stream.fileno()).st_size
    if size < _SLOW:
        yield None
        return
    with typer.progressbar(length=size, label=label, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)


def _bar(language: str, *, as_json: bool) -> _Bar:
    """How progress is shown: on a terminal and for people only."""
    if as_json or not sys.stderr.isatty():
        return _no_bar
    return partial(_shown_bar, label=_CHECKING[language])


def _tell(name: str, checked: Checked, language: str, *, show_all: bool) -> None:
    words = _WORDS[language]
    counts = {one: sum(1 for each in checked.findings if each.severity is one) for one in Severity}
    total = ", ".join(f"{words[one.value]} {count}" for one, count in counts.items() if count) or words["valid"]
    kind = checked.format or _NO_FORMAT[language]
    rules = f" [{checked.ruleset}]" if checked.ruleset not in ("", kind) else ""
    say(f"{name}: {kind}{rules}: {total}")
    if checked.official is not None:
        _tell_official(checked.official, language)
    singles, families = (checked.findings, {}) if show_all else _folded(checked.findings)
    for one in singles:
        _tell_one(one, language)
    for family, members in families.items():
        codes = ", ".join(dict.fromkeys(one.code for one in members))
        shown = codes if len(codes) <= _WIDE else f"{codes[:_WIDE].rpartition(',')[0]}, ..."
        line = _FOLDED[language].format(count=len(members), codes=shown)
        say(f"  {words[members[0].severity.value]} {family}: {line}")


def _tell_official(opinion: Opinion, language: str) -> None:
    """Who judged besides us, also where there is no difference: silence would not show that it was asked."""
    judges = ", ".join(f"{one.artefact} {one.sha256[:12]}" for one in opinion.artefacts)
    words = _OFFICIAL[language]["judged" if opinion.judged else "not"]
    say(f"  {words.format(release=opinion.release, judges=judges or '-', count=opinion.findings)}")


_OFFICIAL = {
    "en": {
        "judged": "official {release} ({judges}): {count} findings",
        "not": "official {release} ({judges}): not judged in full",
    },
    "nb": {
        "judged": "offisielt {release} ({judges}): {count} funn",
        "not": "offisielt {release} ({judges}): ikke bedømt fullt ut",
    },
    "nl": {
        "judged": "officieel {release} ({judges}): {count} bevindingen",
        "not": "officieel {release} ({judges}): niet volledig beoordeeld",
    },
}
_WIDE = 60


def _folded(findings: Sequence[Finding]) -> tuple[list[Finding], dict[str, list[Finding]]]:
    """Findings one by one, and the warnings of the big families together; one alone needs no folding."""
    families: dict[str, list[Finding]] = {}
    for one in findings:
        found = _FAMILY.fullmatch(one.code)
        if found and one.severity is Severity.WARNING:
            families.setdefault(found[1], []).append(one)
    families = {name: members for name, members in families.items() if len(members) > 1}
    folded = {id(one) for members in families.values() for one in members}
    return [one for one in findings if id(one) not in folded], families


def _tell_one(one: Finding, language: str) -> None:
    from hub.rendering.findings import compared

    place = "" if one.location == f"line {one.line}" else one.location
    places = [f"{_LINE[language]} {one.line}" if one.line else "", place]
    if one.start:
        places.append(f"{one.start}-{one.end}")
    place = ", ".join(part for part in places if part)
    say(f"  {_WORDS[language][one.severity.value]} {one.code}{f' ({place})' if place else ''}: {one.said(language)}")
    shown = compared(one, language)
    if shown:
        say(f"    {shown}")
    hint = one.hinted(language)
    if hint:
        say(f"    -> {hint}")


_LINE = {"en": "line", "nb": "linje", "nl": "regel"}
