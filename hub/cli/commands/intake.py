"""kvitt intake: a list or log by its programme, or a document that is already finished."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, put_json, say, table
from hub.errors import FormatError

Programme = Annotated[str, typer.Option("--programme", help="What the file is for; leave out for finished documents.")]
Organisation = Annotated[
    str,
    typer.Option("--practice", "--clinic", "--organisation", help="Whose list it is: AGB code or organisation number."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "intake",
        help="Take in a list, a treatment log, or a finished EHF or Vektis file.\n\n"
        "Example: `kvitt intake --programme module-quarter --practice 01099901 --module PMO --quarter 2024Q1 list.csv`",
    )(intake)


def intake(
    file: Annotated[Path, typer.Argument(help="The file.", dir_okay=False)],
    programme: Programme = "",
    organisation: Organisation = "",
    module: Annotated[str, typer.Option(help="The module, such as PMO.")] = "",
    quarter: Annotated[str, typer.Option(help="The quarter, such as 2024Q1.")] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Accept the guessed columns once and for all.")] = False,
    delta: Annotated[
        bool, typer.Option("--delta", help="Claim what it adds to a list that went out, and ask about who is gone.")
    ] = False,
    tenant: Tenant = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Take one file in; exit 1 when it was refused, 5 when a person must decide."""
    from hub.cli.here import here
    from hub.pipeline import intake as step
    from hub.pipeline.finished import take_finished
    from hub.pipeline.intake import IntakeRequest
    from hub.pipeline.intake.maps import UnconfirmedColumnsError

    data = read_bytes(file)
    with here(tenant) as place:
        words = language(lang, place.language)
        actor = acting("engineer")
        if not programme:
            _finished(take_finished(place.hub, place.tenant, data, file.name, actor), as_json=as_json, words=words)
        request = IntakeRequest(
            programme=programme,
            organisation=organisation or _only(place, programme),
            module=module,
            period=quarter,
            name=file.name,
            confirm=confirm,
            delta=delta,
        )
        try:
            result = step.take(place.hub, place.tenant, request, data, actor)
        except UnconfirmedColumnsError as error:
            _show_guess(error, as_json=as_json)
            raise
    _show(result, as_json=as_json, words=words)
    raise typer.Exit({"refused": 1, "held": 5}.get(result.status, 0))


def read_bytes(file: Path) -> bytes:
    """The file's bytes; FormatError with what to do when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read {file}: {error.strerror}", hint="check the path") from error


def _only(place: Any, programme: str) -> str:  # noqa: ANN401 -- an opened hub
    """The one organisation a programme can be about, when there is only one."""
    from hub.store import parties

    kind = "clinic" if programme == "treatment-assignments" else "practice"
    with place.hub.store.reading(place.tenant) as unit:
        found = parties.organisations(unit, kind)
    if len(found) != 1:
        raise FormatError("say whose list this is", hint=f"--practice CODE; known: {', '.join(o.code for o in found)}")
    return found[0].code


def _show(result: Any, *, as_json: bool, words: str) -> None:  # noqa: ANN401 -- an IntakeResult
    if as_json:
        for outcome in result.outcomes:
            put_json(
                {
                    "line": outcome.line,
                    "row_id": outcome.row_id,
                    "outcome": outcome.outcome,
                    "code": outcome.code,
                    "message": outcome.said(words),
                }
            )
        put_json({"summary": result.counts()})
        return
    counts = result.counts()
    say(f"{result.status} at {result.received_at:%Y-%m-%d %H:%M} UTC, sha256 {result.sha256}")
    say(
        f"{counts['rows']} rows: {counts['claims']} to claim, {counts['excluded']} excluded, {counts['later']} later, "
        f"{counts['held']} held, {counts['skipped']} skipped"
    )
    if result.dropped:
        say(f"columns not needed and not kept: {', '.join(result.dropped)}")
    if result.code or result.status == "replaced":
        say(f"{result.code or result.status}: {_facts(result)}")
    for finding in result.findings:
        say(f"{finding.severity.value} {finding.code}: {finding.said(words)}")
    shown = [outcome for outcome in result.outcomes if outcome.code]
    if shown:
        table(("line", "outcome", "code", "why"), [(o.line, o.outcome, o.code, o.said(words)) for o in shown])


def _facts(result: Any) -> str:  # noqa: ANN401 -- an IntakeResult
    return ", ".join(f"{name} {value}" for name, value in result.facts.items())


def _show_guess(error: Any, *, as_json: bool) -> None:  # noqa: ANN401 -- an UnconfirmedColumnsError
    proposal = error.proposal
    guesses = [(guess.number, guess.name, guess.field or "(dropped)", guess.reason) for guess in proposal.guesses]
    if as_json:
        put_json({"proposal": [list(each) for each in guesses], "missing": list(proposal.missing)})
        return
    table(("column", "name", "seems to be", "because of"), guesses)
    say("sample, masked:")
    for row in proposal.sample:
        say("  " + " | ".join(row))


def _finished(result: Any, *, as_json: bool, words: str) -> None:  # noqa: ANN401 -- a FinishedResult
    body = {
        "status": result.status,
        "format": result.format,
        "sha256": result.sha256,
        "claims": list(result.claims),
        "code": result.code,
        "findings": [finding.as_json(words) for finding in result.findings],
    }
    if as_json:
        put_json(body)
    else:
        say(f"{result.status}: {result.format or 'not recognised'} {result.code}".rstrip())
        for finding in result.findings:
            say(f"  {finding.severity.value} {finding.code} {finding.location}: {finding.said(words)}")
        if result.claims:
            say(f"claims: {', '.join(result.claims)}")
    raise typer.Exit({"refused": 1, "held": 5}.get(result.status, 0))
