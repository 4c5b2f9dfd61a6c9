"""kvitt schemas: the official rule files (Schematron or XSLT) that `kvitt check --official` asks. Needs no hub."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import Json, put_json, say, table
from hub.errors import ConfigurationError

if TYPE_CHECKING:  # read only when asked, so that help is quick
    from hub.official.artefacts import Artefact, Library
    from hub.official.importing import Selection

_IMPORT = """Import official rule files from a folder or a zip; a phive-rules jar is one.

Files are recognised by their SHA-256, whatever their names. An unknown one is refused, or kept as such if you say so.

Example: `kvitt schemas import --from-dir ~/Downloads/phive-rules-peppol.jar`

Example: `kvitt schemas import --from-dir rules/ --accept-unknown --release 2026.11`
"""
_FETCH = """Fetch official rule files from the addresses we know; only files with the pinned SHA-256 are kept.

Example: `kvitt schemas fetch`
"""
_LIST = """Show which official rule files are here, and which are missing.

Example: `kvitt schemas list --json`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Official rule files, for a check.")
    group.command("import", help=_IMPORT)(import_)
    group.command("fetch", help=_FETCH)(fetch)
    group.command("list", help=_LIST)(list_)
    app.add_typer(group, name="schemas")


def import_(
    source: Annotated[Path, typer.Option("--from-dir", metavar="DIR|ZIP", help="A folder, zip or jar with the files.")],
    release: Annotated[str, typer.Option(help="Only this release; its name, for unknown files.")] = "",
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Take files whose SHA-256 we do not know; they are marked so.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import from a folder or zip."""
    from hub.official import artefacts, importing

    found = importing.candidates(source.expanduser())
    selection = importing.select(found, artefacts.known(), release=release, accept_unknown=accept_unknown)
    _store(selection, source.name, as_json=as_json)


def fetch(
    manifest: Annotated[
        Path | None, typer.Option(help="Your own list: release, artefact, version, kind, sha256, url (CSV).")
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", exists=True, dir_okay=False, help="Certificate authorities to trust instead (PEM)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch what a list names."""
    from hub.official import artefacts, fetching, importing

    known = artefacts.known() if manifest is None else artefacts.read_known(_text(manifest), str(manifest))
    selection = importing.select(fetching.fetch(known, verify=str(ca) if ca else True), known)
    _store(selection if manifest is None else importing.pinned(selection), "fetched", as_json=as_json)


def list_(as_json: Json = False) -> None:
    """Show them."""
    from hub.official.artefacts import NAMES

    library, engine = _library(), _engine()
    rows = [(one, _state(library, one)) for release in library.releases() for one in library.artefacts(release)]
    missing = {
        release: [name for name in NAMES if (release, name) not in {(one.release, one.artefact) for one, _ in rows}]
        for release in library.releases() or [_newest()]
    }
    if as_json:
        files = [{**_shown(one), "state": state} for one, state in rows]
        put_json({"folder": str(library.folder), "engine": engine, "files": files, "missing": missing})
        return
    say(f"{library.folder}")
    say(f"SaxonC: {engine or 'not installed'}{'' if engine else _how()}")
    header = ("release", "artefact", "kind", "sha256", "origin", "state")
    table(header, [(one.release, one.artefact, one.kind, one.sha256[:12], one.origin, state) for one, state in rows])
    for release, names in missing.items():
        if names:
            say(f"missing in {release}: {', '.join(names)}")


def _store(selection: Selection, source: str, *, as_json: bool) -> None:
    from hub.official import importing

    library = _library()
    stored = importing.store(library, selection, datetime.now(UTC).date(), source)
    if as_json:
        put_json({"folder": str(library.folder), "imported": [*map(_shown, stored)], "aside": list(selection.aside)})
        return
    _tell(stored, selection.aside, library)


def _tell(stored: Sequence[Artefact], aside: Sequence[str], library: Library) -> None:
    for one in stored:
        say(f"{one.release} {one.artefact} ({one.kind}, {one.origin}, SHA-256 {one.sha256[:12]}...)")
    if aside:
        say(f"left aside, {len(aside)} of other releases: {', '.join(aside[:5])}{', ...' if len(aside) > 5 else ''}")
    say(f"in {library.folder}")


def _shown(one: Artefact) -> dict[str, str]:
    return {"release": one.release, "artefact": one.artefact, "kind": one.kind, "sha256": one.sha256} | {
        "origin": one.origin,
        "source": one.source,
        "added": one.added,
    }


def _state(library: Library, one: Artefact) -> str:
    try:
        library.read(one)
    except ConfigurationError as error:
        return error.message
    return "ok"


def _library() -> Library:
    from hub.official import Library, artefacts

    return Library(artefacts.here(os.environ, Path.cwd()))


def _newest() -> str:
    from schemas.peppol.rules.registry import in_force

    return in_force(None).name


def _engine() -> str:
    """The version of SaxonC, empty when it is not installed."""
    try:
        return metadata.version("saxonche")
    except metadata.PackageNotFoundError:
        return ""


def _how() -> str:
    from hub.official.engine import INSTALL

    return f" ({INSTALL})"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("the list cannot be read", hint="name a CSV file", where=str(path)) from error
