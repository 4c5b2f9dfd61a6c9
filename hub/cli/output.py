"""How commands speak: JSON lines for programs, tables and sentences for people.

Much of what people are shown was written by others (a payer's text, a practice's name, a file's). A terminal obeys some
signs in it, so everything for people goes through `plain`, and JSON has them escaped.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.errors import ConfigurationError, FormatError
from hub.settings import LANGUAGES

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Lang = Annotated[str, typer.Option("--lang", help="Language of sentences: en, nb or nl.", envvar="KVITT_LANG")]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose data; needed when the hub has more than one tenant.")]


def language(wished: str, default: str = "en") -> str:
    """The language to speak: as wished, else the hub's."""
    chosen = wished or os.environ.get("KVITT_LANG", "") or default
    if chosen not in LANGUAGES:
        raise ConfigurationError(f"unknown language {chosen!r}", hint=f"one of: {', '.join(LANGUAGES)}")
    return chosen


def put_json(body: object) -> None:
    """One JSON document on one line."""
    said = json.dumps(body, ensure_ascii=False, default=str)
    sys.stdout.write(_NOT_ESCAPED.sub(lambda hit: f"\\u{ord(hit[0]):04x}", said) + "\n")


_STEERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0001\U000e0020-\U000e007f]"
)
"""Control and format signs and halves of pairs (Unicode Cc, Cf, Zl, Zp, Cs): none of them is seen, some are obeyed."""
_NOT_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NOTHING = frozenset("\xad\u200b\u200c\u200d\u2060\ufeff")
_BYTE = 0x100


def plain(text: str, *, layout: str = "\n\t") -> str:
    """A text that others wrote, safe on a terminal: what steers it, or turns the line round, is shown as its code.

    Line ends and tabs stay unless `layout` is empty, as it is in a table or beside a name.
    """
    return _STEERS.sub(lambda hit: hit[0] if hit[0] in layout else _shown(hit[0]), text)


def _shown(sign: str) -> str:
    if sign in _NOTHING:
        return ""
    if sign in "\n\r\t":
        return " "
    return f"\\x{ord(sign):02x}" if ord(sign) < _BYTE else f"\\u{ord(sign):04x}"


def say(*words: object) -> None:
    """A sentence for a person."""
    print(*(plain(str(word)) for word in words))


def put_text(text: str) -> None:
    """A text of several lines for a person, as it is but for what steers a terminal."""
    sys.stdout.write("\r\n".join(plain(line) for line in text.split("\r\n")))


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A plain table whose columns are as wide as they need to be."""
    cells = [[plain(str(cell), layout="") for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for number, row in enumerate(cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def money(minor: int) -> str:
    """An amount with two decimals, for a table."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def put_file(out: Path, payload: bytes, *, force: bool = False) -> None:
    """Write a file, all of it or nothing, for its owner only."""
    if out.exists() and not force:
        raise FormatError(f"{out} exists", hint="--force overwrites it")
    part = out.with_name(f"{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        part.write_bytes(payload)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from None
