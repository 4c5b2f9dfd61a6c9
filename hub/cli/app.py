"""kvitt: one application, one module per command in `hub.cli.commands` (`register(app)`), found by scanning.

Exit codes (decision 30): 0 ok, 1 findings or not conserved, 2 unreadable input or usage, 3 configuration, 4 try later,
5 a person must decide.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import typer

from hub.cli import commands
from hub.cli.output import plain
from hub.errors import HubError


def build() -> typer.Typer:
    """The application with every command registered."""
    app = typer.Typer(
        name="kvitt",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        help="E-invoicing and claims hub for healthcare: every claim ends settled, or somebody knows why not.",
    )
    app.callback()(_root)
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda each: each.name):
        importlib.import_module(f"{commands.__name__}.{found.name}").register(app)
    return app


def _root() -> None:
    """E-invoicing and claims hub for healthcare: every claim ends settled, or somebody knows why not."""


def main() -> None:
    """Run the command line; an error a person can act on is one sentence and an exit code.

    Whatever a command writes (database, keys, exported files) is its owner's only.
    """
    os.umask(0o077)
    try:
        build()()
    except HubError as error:
        print(f"kvitt: {plain(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        said = _said(error)
        if not said:
            raise
        print(f"kvitt: {plain(said)}", file=sys.stderr)
        sys.exit(3)


def _said(error: Exception) -> str:
    """The sentence for a machine in trouble: a file that may not be used, a database that does not work."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror} (check who may use it, and the disk)"
    if type(error).__module__ == "sqlalchemy.exc" and getattr(error, "orig", None):
        return f"the database does not work: {str(error.orig).splitlines()[0]} (nothing of this step was stored)"  # type: ignore[attr-defined]
    return ""
