"""kvitt show: an invoice, credit note or response for people: a summary, HTML, PDF or the raw view. Needs no hub."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import Lang, language, say
from hub.errors import ConfigurationError, FormatError, HubError
from hub.model.finding import Severity
from hub.settings import load

if TYPE_CHECKING:  # rules and fonts are imported only when asked, so that help is quick
    from hub.model.finding import Finding
    from hub.validation import Checked

_HELP = """Show an invoice, credit note or response: a summary, or a file to read, send or print.

`--html` and `--pdf` show what the document says. `--raw` shows the XML itself with business terms and findings, also
of a file that cannot be read. Without `--output` the file is written here under the document's name.

Exit 0: shown. 1: the summary or raw view has findings that forbid sending. 2: the file cannot be read.

Example: `kvitt show invoice.xml`

Example: `kvitt show invoice.xml --pdf --output invoice.pdf --lang nb`
"""
_LARGEST = 512 * 1024 * 1024
_WORDS = {
    "en": ("findings", "none", "kvitt check shows them"),
    "nb": ("funn", "ingen", "kvitt check viser dem"),
    "nl": ("bevindingen", "geen", "kvitt check toont ze"),
}


class Form(StrEnum):
    """What a document is shown as; the value is the ending of its file."""

    TEXT = ".txt"
    HTML = ".html"
    PDF = ".pdf"
    RAW = ".raw.html"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show", help=_HELP)(show)


def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A UBL file, or - for what is piped in.")],
    as_html: Annotated[bool, typer.Option("--html", help="One self-contained HTML file.")] = False,
    as_pdf: Annotated[bool, typer.Option("--pdf", help="A PDF with the attached files inside.")] = False,
    as_raw: Annotated[bool, typer.Option("--raw", help="The XML with business terms and findings, as HTML.")] = False,
    output: Annotated[str, typer.Option(metavar="PATH", help="Where to write; - for standard output.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
    lang: Lang = "",
) -> None:
    """Show one document."""
    spoken = language(lang, _default_language())
    form = _form(html=as_html, pdf=as_pdf, raw=as_raw)
    target = _target(file, form, output)
    if target is not None and target.exists() and not force:
        raise FormatError(f"{target} exists", hint="--force overwrites it, --output names another file")
    body, code = _MAKERS[form](_read(file), spoken)
    _put(body, target)
    raise typer.Exit(code)


def _default_language() -> str:
    """The hub's language where there is a hub that can be read."""
    try:
        return load(os.environ, Path.cwd()).language
    except HubError:
        return "en"


def _form(*, html: bool, pdf: bool, raw: bool) -> Form:
    wished = [form for form, asked in ((Form.HTML, html), (Form.PDF, pdf), (Form.RAW, raw)) if asked]
    if len(wished) > 1:
        raise typer.BadParameter("one of --html, --pdf and --raw")
    return wished[0] if wished else Form.TEXT


def _target(file: str, form: Form, output: str) -> Path | None:
    """The file to write, None for standard output. The summary and what is piped in go there unless told otherwise."""
    if output == "-" or (not output and (form is Form.TEXT or file == "-")):
        return None
    return Path(output) if output else Path(Path(file).stem + form.value)


def _read(name: str) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise FormatError(f"{name} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise FormatError(f"{name} has more than {_LARGEST:,} bytes")
    return data


def _put(body: bytes, target: Path | None) -> None:
    """Write all of it or nothing: a half file under the wished name would look finished."""
    if target is None:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(body)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from None
    say(target)


def _text(data: bytes, spoken: str) -> tuple[bytes, int]:
    from hub import rendering
    from hub.rendering import reading

    summary = rendering.to_text(reading.read(data), spoken)
    checked = _checked(data)
    label, none, where = _WORDS[spoken]
    said = f"{_counted(checked.findings, spoken)} ({where})" if checked.findings else none
    return f"{summary}\n{label}: {said}\n".encode(), checked.exit_code


def _counted(findings: tuple[Finding, ...], spoken: str) -> str:
    """How many of each weight, the heaviest first."""
    from hub.rendering.words import word

    counts = {one: sum(1 for each in findings if each.severity is one) for one in Severity}
    return ", ".join(f"{word(f'severity.{one.value}', spoken)} {count}" for one, count in counts.items() if count)


def _html(data: bytes, spoken: str) -> tuple[bytes, int]:
    from hub import rendering
    from hub.rendering import reading

    return rendering.to_html(reading.read(data), spoken).encode(), 0


def _pdf(data: bytes, spoken: str) -> tuple[bytes, int]:
    from hub import rendering
    from hub.rendering import reading

    return rendering.to_pdf(reading.read(data), spoken), 0


def _raw(data: bytes, spoken: str) -> tuple[bytes, int]:
    """Findings count lines of the document itself, so that is what is shown, without its envelope."""
    from hub import rendering
    from hub.rendering import reading

    held = reading.payload(data)
    checked = _checked(held)
    return rendering.to_annotated(held, checked.findings, spoken).encode(), checked.exit_code


def _checked(data: bytes) -> Checked:
    from hub.validation import Asked, check

    return check(data, Asked(on=datetime.now(UTC).date()))


_MAKERS = {Form.TEXT: _text, Form.HTML: _html, Form.PDF: _pdf, Form.RAW: _raw}
