"""kvitt bank: what a bank file says, in one form whatever its format. Needs no hub, and stores nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.output import Json, Lang, language, money, put_json, say, table
from hub.errors import FormatError, HubError
from hub.settings import load

if TYPE_CHECKING:  # the readers are imported only when asked, so that help is quick
    from hub.model.payment import Statement

_HELP = """Read a bank file: OCR giro, camt.053, camt.054 and MT940, and say what does not add up.

Held bookings are those of a part whose counts or sums fail; pending and info ones are not money yet.

Exit 0: read. 1: an error was found, or something is held. 2: it cannot be read, and nothing of it is shown.

Example: `kvitt bank statement.xml`

Example: `kvitt bank --json OCR.D260415 | jq 'select(.state == "booked")'`
"""
_WORDS = {
    "en": {
        "header": ("booked", "amount", "", "state", "reference", "payer", "text"),
        "summary": "{statements} statements, {transactions} bookings",
        "sums": "  {currency}: {transactions} bookings, in {credit}, out {debit}",
        "back": "taken back",
    },
    "nb": {
        "header": ("bokført", "beløp", "", "status", "referanse", "betaler", "tekst"),
        "summary": "{statements} oversikter, {transactions} posteringer",
        "sums": "  {currency}: {transactions} posteringer, inn {credit}, ut {debit}",
        "back": "tilbakeført",
    },
    "nl": {
        "header": ("geboekt", "bedrag", "", "status", "kenmerk", "betaler", "tekst"),
        "summary": "{statements} afschriften, {transactions} boekingen",
        "sums": "  {currency}: {transactions} boekingen, in {credit}, uit {debit}",
        "back": "teruggeboekt",
    },
}
_WIDE = 48
_FAILED = 1
_UNREADABLE = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bank", help=_HELP)(bank)


def bank(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A bank file, or - for what is piped in.")],
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Read one bank file; what was read of a file that breaks off is not shown, because it may not be money."""
    from schemas.banking.report import as_json as lines_of
    from schemas.banking.report import unreadable

    spoken = language(lang, _default_language())
    failed: FormatError | None = None
    try:
        statements = _statements(file)
    except FormatError as error:
        statements, failed = [], error
    lines = lines_of(statements, language=spoken) if failed is None else unreadable(failed, language=spoken)
    worst = _put(lines) if as_json else _tell(lines, spoken)
    raise typer.Exit(_UNREADABLE if failed else worst)


def _statements(file: str) -> list[Statement]:
    from schemas.banking import read

    return list(read(sys.stdin.buffer.read() if file == "-" else Path(file)))


def _default_language() -> str:
    """The hub's language where there is a hub that can be read."""
    try:
        return load(os.environ, Path.cwd()).language
    except HubError:
        return "en"


def _put(lines: Iterator[dict[str, Any]]) -> int:
    worst = 0
    for line in lines:
        worst = max(worst, _weight(line))
        put_json(line)
    return worst


def _weight(line: Mapping[str, Any]) -> int:
    bad = line.get("severity") in ("error", "fatal") or line.get("state") == "held"
    return _FAILED if bad else 0


def _tell(lines: Iterator[dict[str, Any]], language: str) -> int:
    """A table of bookings, then what was found, then the sums."""
    words = _WORDS[language]
    rows: list[tuple[str, ...]] = []
    findings: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    worst = 0
    for line in lines:
        worst = max(worst, _weight(line))
        if line["kind"] == "transaction":
            rows.append(_row(line, str(words["back"])))
        elif line["kind"] == "finding":
            findings.append(line)
        else:
            summary = line
    if rows:
        table(words["header"], rows)
    for one in findings:
        _tell_finding(one)
    _tell_sums(summary, words)
    return worst


def _row(line: Mapping[str, Any], back: str) -> tuple[str, ...]:
    state = f"{line['state']}, {back}" if line["reversal"] else str(line["state"])
    documents = ", ".join(document["reference"] for document in line["documents"])
    kind = f" ({line['reference_kind']})" if line["reference_kind"] else ""
    return (
        line["booked"] or "-",
        money(line["amount_minor"]).rjust(12),
        line["currency"],
        state,
        _short(f"{line['reference']}{kind}" if line["reference"] else documents),
        _short(line["payer_name"] or line["payer_account"]),
        _short(line["text"]),
    )


def _short(text: str) -> str:
    flat = "".join(char if char.isprintable() else " " for char in text)
    return flat if len(flat) <= _WIDE else f"{flat[: _WIDE - 1]}…"


def _tell_finding(one: Mapping[str, Any]) -> None:
    say(f"{one['severity']} {one['code']} ({one.get('location', '-')}): {one['message']}")
    if one.get("hint"):
        say(f"  -> {one['hint']}")


def _tell_sums(summary: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    say(words["summary"].format(statements=summary["statements"], transactions=summary["transactions"]))
    for currency, sums in summary["by_currency"].items():
        credit, debit = money(sums["credit_minor"]), money(sums["debit_minor"])
        said = {"currency": currency, "transactions": sums["transactions"], "credit": credit, "debit": debit}
        say(words["sums"].format(**said))
