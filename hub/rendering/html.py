"""A sheet as one self-contained HTML file: no scripts, nothing loaded, every text inert."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files as resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hub.rendering.files import section
from hub.rendering.sheet import Sheet
from hub.rendering.words import word

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
"""What a browser may do with the file: show it."""


def to_html(sheet: Sheet) -> str:
    """The sheet as a page for screen and paper."""
    files = section(sheet) if sheet.files else None
    return rendered("sheet.html", sheet=sheet, files=files, policy=POLICY, style=style("sheet.css"), word=word)


def rendered(name: str, **values: object) -> str:
    """One of our templates with values, every text of them escaped."""
    return _environment().get_template(name).render(values)


def clean(text: object) -> object:
    """Text without characters HTML cannot hold: each becomes a visible replacement, so UTF-8 and parsers take it."""
    return text if isinstance(text, Markup) or not isinstance(text, str) else _NO_TEXT.sub("\ufffd", text)


@cache
def _environment() -> Environment:
    """Everything is escaped; a word that is missing is an error, not an empty place."""
    return Environment(
        loader=PackageLoader("hub.rendering", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def style(name: str) -> Markup:
    """A style sheet of our own, to stand inside the page."""
    text = (resources("hub.rendering") / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 # nosec B704 # ours
