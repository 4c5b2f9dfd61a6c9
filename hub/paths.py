"""Where the example data lies: beside the code in a checkout, inside the package when installed."""

from __future__ import annotations

from pathlib import Path

from hub.errors import ConfigurationError


def examples() -> Path:
    """The folder of example data and example partners."""
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "examples", here / "examples"):
        if folder.is_dir():
            return folder
    raise ConfigurationError("the example data is not installed", hint="install Kvitt from its wheel or checkout")
