"""The user's own layout tables: `KVITT_HOME/layouts/*.csv`, which come before those that ship, as partners do."""

from __future__ import annotations

import os
from pathlib import Path

from hub.errors import ConfigurationError, HubError
from hub.settings import load
from schemas.vektis.layout import Layout, read_table

FOLDER = "layouts"


def own_layouts() -> tuple[Layout, ...]:
    """The tables in the home this environment points at, by file name; none where there is no such folder."""
    try:
        home = load(os.environ, Path.cwd()).home
    except HubError:
        return ()
    return layouts_in(home / FOLDER)


def layouts_in(folder: Path) -> tuple[Layout, ...]:
    """Every table in a folder; ConfigurationError naming the one that cannot be read."""
    return tuple(_table(path) for path in sorted(folder.glob("*.csv")))


def _table(path: Path) -> Layout:
    try:
        return read_table(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "a layout table cannot be read", where=str(path), hint="is it a CSV file in UTF-8 that you may read?"
        ) from error
