"""How lists are imported: what would change is shown first, bad rows never stop good ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import put_json, say, table
from hub.errors import ConfigurationError, FormatError
from hub.intake.cells import Cells
from hub.model.finding import Finding, blocking

if TYPE_CHECKING:  # the database is imported only by commands that use it, so that help is quick
    from hub.pipeline.onboarding import Outcome

Yes = Annotated[bool, typer.Option("--yes", help="Apply what the preview shows (as --json does).")]
Preview = Annotated[bool, typer.Option("--preview", help="Change nothing, also with --json.")]
File = Annotated[Path, typer.Argument(help="A list as CSV or XLSX.", metavar="FILE")]
LARGEST = 64_000_000
SHOWN = 10
"""So many rows a preview shows."""
_STATES = ("new", "changed", "unchanged")


def read_file(path: Path) -> bytes:
    """The bytes of a list; FormatError when it cannot be opened or is too big."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise FormatError(f"cannot be opened: {error.strerror}", where=str(path)) from None
    if len(data) > LARGEST:
        raise FormatError(f"has more than {LARGEST:,} bytes", where=str(path), hint="split the list")
    return data


def applies(*, yes: bool, as_json: bool, preview: bool) -> bool:
    """Whether this call changes anything."""
    if yes and preview:
        raise ConfigurationError("--yes and --preview exclude each other", hint="leave one out")
    return (yes or as_json) and not preview


def put_findings(findings: Sequence[Finding], language: str, *, as_json: bool) -> None:
    """What is wrong with a list, one line each."""
    for one in findings:
        if as_json:
            put_json({"finding": one.as_json(language)})
        else:
            place = f"line {one.line}, " if one.line else ""
            say(f"{place}{one.severity.value}: {one.said(language)}")


def usable(cells: Cells, language: str, *, as_json: bool) -> list[Finding]:
    """The remarks on a row given on the command line; a row that cannot be used is a wrong usage (exit 2)."""
    findings = [replace(one, line=None) for one in cells.findings]
    if not cells.good:
        put_findings(findings, language, as_json=as_json)
        raise typer.Exit(2)
    return findings


def put_outcome(outcome: Outcome, findings: Sequence[Finding], language: str, *, as_json: bool, applied: bool) -> int:
    """What a list does or did, and the exit code: 1 when a row could not be used."""
    everything = sorted((*findings, *outcome.findings), key=lambda one: one.line or 0)
    put_findings(everything, language, as_json=as_json)
    counts = {state: sum(1 for one in outcome.changes if one.state == state) for state in _STATES}
    refused = len({one.line for one in blocking(everything)})
    if as_json:
        for one in outcome.changes:
            row = {"line": one.line, "code": one.code, "name": one.name, "state": one.state}
            put_json(row | {"fields": list(one.fields)})
    else:
        rows = [(one.line, one.code, one.name, one.state, ", ".join(one.fields)) for one in outcome.changes]
        table(("line", "code", "name", "state", "fields"), rows)
    put_summary(counts | {"refused": refused}, as_json=as_json, applied=applied)
    return 1 if refused else 0


def put_summary(counts: Mapping[str, int], *, as_json: bool, applied: bool) -> None:
    """The counts, and whether anything was changed."""
    if as_json:
        put_json({"summary": dict(counts) | {"applied": applied}})
        return
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    say(f"{said}: {'done' if applied else 'nothing changed yet; apply with --yes'}")
