"""kvitt match: what payments are for, as a dry run on any system's export. Needs no hub, and stores nothing."""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TypeVar

import typer
import yaml

from hub.cli import match_learning
from hub.cli.output import Json, Lang, language, money, say, table
from hub.errors import ConfigurationError, FormatError

if TYPE_CHECKING:  # matching is imported only when asked, so that help is quick
    from hub.matching import MatchRules
    from hub.model.payment import Payment

_T = TypeVar("_T")

_HELP = """Say which claims payments are for, on exports of any system: nothing is stored, nothing is sent.

Each file has one JSON object a line. Claims: id, payer, reference, invoice, batch, open_minor, currency, date, kind,
granted_minor (null: undecided). Payers: payer, accounts. Payments: id, payer_account, amount_minor, currency, booked,
reference, reference_kind, text, documents; or what `kvitt bank --json` prints.

Exit 0: every line was read. 1: some were not, and are named. 2: a file cannot be read.

Example: `kvitt match --claims claims.jsonl --payers payers.jsonl --payments payments.jsonl --json`

Example: `kvitt bank --json OCR.D260415 | kvitt match --claims claims.jsonl --payers payers.jsonl --payments -`
"""
_LONGEST = 1_000_000
"""Characters of a line."""
_SHOWN_BAD = 1000
_FAILED = 1
_PARTS = 3
_LINE = {
    "en": "{file}, line {number}: {problem}; correct this line, the others went through",
    "nb": "{file}, linje {number}: {problem}; rett denne linjen, de andre er med",
    "nl": "{file}, regel {number}: {problem}; verbeter deze regel, de andere zijn meegenomen",
}
_MORE = {
    "en": "{count} more lines could not be read",
    "nb": "{count} linjer til kunne ikke leses",
    "nl": "nog {count} regels konden niet worden gelezen",
}
_HEADER = {
    "en": ("payment", "amount", "status", "why", "claims"),
    "nb": ("betaling", "beløp", "status", "hvorfor", "krav"),
    "nl": ("betaling", "bedrag", "status", "waarom", "declaraties"),
}
_STATUS = {
    "en": {"posted": "posted", "suggested": "suggested", "unmatched": "unmatched"},
    "nb": {"posted": "bokført", "suggested": "foreslått", "unmatched": "uten treff"},
    "nl": {"posted": "geboekt", "suggested": "voorgesteld", "unmatched": "geen match"},
}


def register(app: typer.Typer) -> None:
    """Add the command, which is one by itself and has `learn` below it."""
    group = typer.Typer(invoke_without_command=True, help=_HELP)
    group.callback()(match)
    group.command("learn", help=match_learning.HELP)(match_learning.learn)
    app.add_typer(group, name="match")


def match(
    context: typer.Context,
    claims: Annotated[str, typer.Option("--claims", metavar="FILE", help="Open claims, a JSON object a line.")] = "",
    payers: Annotated[
        str, typer.Option("--payers", metavar="FILE", help="Payers and the accounts they pay from.")
    ] = "",
    payments: Annotated[
        str, typer.Option("--payments", metavar="FILE", help="Payments, or - for what is piped in.")
    ] = "",
    rules: Annotated[str, typer.Option("--rules", metavar="FILE", help="Rules of matching, YAML or JSON.")] = "",
    mode: Annotated[str, typer.Option("--mode", help="strict (default) or balanced.")] = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Match a file of payments."""
    if context.invoked_subcommand:
        return
    missing = [
        f"--{name}" for name, file in (("claims", claims), ("payers", payers), ("payments", payments)) if not file
    ]
    if missing:
        raise FormatError(f"no {' and no '.join(missing)}", hint="kvitt match --help shows what the files hold")
    spoken = language(lang)
    bad = Bad(spoken)
    told = _matched(claims, payers, payments, _rules(rules, mode), bad)
    if as_json:
        write, encode = sys.stdout.write, json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        for _, line in told:
            write(encode(line) + "\n")
    else:
        _tell(told, spoken)
    raise typer.Exit(bad.close())


def _matched(
    claims: str, payers: str, payments: str, rules: MatchRules, bad: Bad
) -> Iterator[tuple[Payment, dict[str, Any]]]:
    """Payments with what they are for, one after another; nothing but the claims is kept in memory."""
    from hub.matching.lines import Claims, line_of, payment_of
    from hub.matching.payments import Matcher

    reader = Claims()
    for _ in _each(claims, bad, lambda line, _: reader.claim(line)):
        pass
    for _ in _each(payers, bad, lambda line, _: reader.payer(line)):
        pass
    matcher = Matcher(reader.book, rules)
    gc.disable()  # nothing of a book goes in circles: half a million claims need not be looked through again and again
    try:
        for payment in _each(payments, bad, payment_of):
            if payment is not None:
                yield payment, line_of(matcher.match(payment))
    finally:
        gc.enable()


class Bad:
    """Lines that could not be used: told as they come, counted in the end."""

    def __init__(self, spoken: str) -> None:
        self._spoken = spoken
        self._count = 0

    def tell(self, file: str, number: int, problem: object) -> None:
        """Name one line, its problem and what to do."""
        self._count += 1
        if self._count <= _SHOWN_BAD:
            words = _LINE[self._spoken].format(file=file, number=number, problem=problem)
            print(f"kvitt: {words}", file=sys.stderr)

    def close(self) -> int:
        """Say how many more there were; the answer is the exit code."""
        if self._count > _SHOWN_BAD:
            print(f"kvitt: {_MORE[self._spoken].format(count=self._count - _SHOWN_BAD)}", file=sys.stderr)
        return _FAILED if self._count else 0


def _each(file: str, bad: Bad, use: Callable[[dict[str, Any], str], _T]) -> Iterator[_T]:
    """What is made of each line of a file; a line that cannot be used is told and left out."""
    from hub.matching.lines import LineError

    decode = json.JSONDecoder().decode
    with _opened(file) as stream:
        for number, raw in enumerate(stream, start=1):
            if not raw.strip():
                continue
            try:
                line = decode(_decoded(raw))
                if not isinstance(line, dict):
                    bad.tell(file, number, "not a JSON object")
                    continue
                made = use(line, f"line {number}")
            except LineError as problem:
                bad.tell(file, number, problem)
            except (ValueError, RecursionError) as error:
                bad.tell(file, number, f"not JSON ({str(error)[:60]})")
            else:
                yield made


def _decoded(raw: bytes) -> str:
    if len(raw) > _LONGEST:
        message = f"longer than {_LONGEST} bytes"
        raise ValueError(message)
    return raw.decode("utf-8-sig").strip()


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as error:
        hint = "check its name and who may read it"
        raise FormatError(f"{file} cannot be read: {error.strerror}", hint=hint) from None


def _rules(file: str, mode: str) -> MatchRules:
    from hub.matching.lines import LineError, rules_of

    body: object = {}
    try:
        if file:
            with _opened(file) as stream:
                body = yaml.safe_load(stream.read())
        return rules_of(body or {}, mode)
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigurationError(f"{file} is neither YAML nor JSON", hint="such as: {mode: balanced}") from None
    except LineError as problem:
        raise ConfigurationError(f"rules: {problem}", hint="kvitt match --help") from None


def _tell(told: Iterator[tuple[Payment, dict[str, Any]]], spoken: str) -> None:
    """A table of payments, then how many of each there were."""
    rows, counts = [], Counter[str]()
    for payment, line in told:
        status = _STATUS[spoken][line["status"]]
        counts[status] += 1
        best = line["allocations"] or (line["suggestions"][0]["allocations"] if line["suggestions"] else [])
        claims = ", ".join(f"{part['claim']} {money(part['amount_minor'])}" for part in best[:_PARTS])
        more = f" +{len(best) - _PARTS}" if len(best) > _PARTS else ""
        why = " ".join(filter(None, (line["tier"], line["code"].replace("_", " "))))
        rows.append((payment.id, str(payment.amount), status, why, claims + more))
    table(_HEADER[spoken], rows)
    say(", ".join(f"{count} {status}" for status, count in counts.items()))
