"""How commands speak: JSON lines for programs, tables and sentences for people."""

from __future__ import annotations

import json
import os
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
    sys.stdout.write(json.dumps(body, ensure_ascii=False, default=str) + "\n")


def say(*words: object) -> None:
    """A sentence for a person."""
    print(*words)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A plain table whose columns are as wide as they need to be."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
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
