"""Take official rule files from a folder or a zip (a jar is one) into the library: by digest, whole or not at all.

Whatever their names, files are recognised by SHA-256. A file that only bears an artefact's name is refused, unless the
operator accepts it by word; it is then kept as accepted. From an archive with many releases (phive-rules carries them
all) the unknown ones are left aside where a known one of the same artefact is there.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import IO

from hub.errors import ConfigurationError, ContentError, FormatError
from hub.official.artefacts import (
    CEN,
    LARGEST,
    MLS,
    PEPPOL,
    T71,
    T111,
    Artefact,
    Known,
    Library,
    digest,
    is_release,
    put,
    stylesheet,
)

KNOWN, PINNED, ACCEPTED = "known", "pinned", "accepted"
MOST_FILES = 50_000
MOST_BYTES = 512 * 1024 * 1024
_SUFFIXES: Mapping[str, str] = MappingProxyType({".sch": "sch", ".xslt": "xslt", ".xsl": "xslt"})
_SPELT = (
    (re.compile(r"cen-en16931-ubl|en16931-ubl-validation(-preprocessed)?"), CEN),
    (re.compile(r"peppol-en16931-ubl"), PEPPOL),
    (re.compile(r"peppolbis-t111"), T111),
    (re.compile(r"peppolbis-t71"), T71),
    (re.compile(r"peppol-mls(-[0-9.]+)?"), MLS),
)
"""How Peppol, CEN and phive-rules call them."""
_TRUST = "compare its SHA-256 with its publisher's, then add --accept-unknown and --release NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file of the source: where it lies in it, and its bytes."""

    place: str
    data: bytes
    sha256: str

    @property
    def kind(self) -> str:
        """Schematron or stylesheet, by its suffix."""
        return _SUFFIXES[PurePosixPath(self.place).suffix.lower()]

    @property
    def named(self) -> str | None:
        """The artefact its name stands for."""
        stem = PurePosixPath(self.place).stem.lower()
        return next((name for spelt, name in _SPELT if spelt.fullmatch(stem)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A file to import and why it may be."""

    release: str
    artefact: str
    kind: str
    origin: str
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is taken from a source, and what bears an artefact's name but is left aside."""

    chosen: tuple[Chosen, ...]
    aside: tuple[str, ...] = ()


def candidates(source: Path) -> Iterator[Candidate]:
    """Every Schematron and stylesheet of a folder or zip; FormatError for an archive that is broken or dangerous."""
    if source.is_dir():
        yield from _in_folder(source)
    elif source.is_file():
        yield from _in_zip(source)
    else:
        raise ConfigurationError(f"there is no folder or zip {source}", hint="name one that is there")


def _in_folder(source: Path) -> Iterator[Candidate]:
    base, budget = source.resolve(), _Budget()
    for path in sorted(source.rglob("*")):
        budget.count()
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            continue
        place = path.relative_to(source).as_posix()
        if not path.resolve().is_relative_to(base):
            raise FormatError("the link leads out of the folder", hint="remove it", where=place)
        with path.open("rb") as stream:
            yield _candidate(place, stream, budget)


def _in_zip(source: Path) -> Iterator[Candidate]:
    budget = _Budget()
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                budget.count()
                _require_harmless(member)
                if PurePosixPath(member.filename).suffix.lower() in _SUFFIXES and not member.is_dir():
                    with archive.open(member) as stream:
                        yield _candidate(member.filename, stream, budget)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise FormatError(
            "this is no whole zip archive", hint="get it again; a zip with a password is not read", where=str(source)
        ) from error


def _require_harmless(member: zipfile.ZipInfo) -> None:
    """Names are never used as paths, but an archive that tries is nobody's release."""
    path = PurePosixPath(member.filename.replace("\\", "/") or "/")
    link = stat.S_ISLNK(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or link:
        raise FormatError("a name in the archive leads out of it", where=member.filename[:80])


class _Budget:
    """How much may still be read: what an archive says of its sizes is not believed."""

    def __init__(self) -> None:
        self._files, self._bytes = MOST_FILES, MOST_BYTES

    def count(self) -> None:
        self._files -= 1
        if self._files < 0:
            raise FormatError(f"more than {MOST_FILES:,} files", hint="name the folder of the release")

    def read(self, stream: IO[bytes], place: str) -> bytes:
        data = stream.read(LARGEST + 1)
        self._bytes -= len(data)
        if len(data) > LARGEST or self._bytes < 0:
            raise FormatError(f"larger than any official rule file ({LARGEST:,} bytes)", where=place[:80])
        return data


def _candidate(place: str, stream: IO[bytes], budget: _Budget) -> Candidate:
    data = budget.read(stream, place)
    return Candidate(place=place, data=data, sha256=digest(data))


def select(
    found: Iterable[Candidate], known: Sequence[Known], *, release: str = "", accept_unknown: bool = False
) -> Selection:
    """What to take: known files (of one release, if named), and unknown ones only when they are accepted by word."""
    if release and not is_release(release):
        raise ConfigurationError(f"{release[:40]!r} cannot be a release", hint="a name such as 2026.5")
    by_digest = {one.sha256: one for one in reversed(known)}
    order = {one.sha256: number for number, one in enumerate(known)}
    ours: dict[tuple[str, str, str], Chosen] = {}
    strange = []
    for one in found:
        fact = by_digest.get(one.sha256)
        if fact is None:
            strange += [one] if one.named else []
        elif release in ("", fact.release):
            key = (fact.release, fact.artefact, fact.kind)
            before = ours.get(key)
            if before is None or order[one.sha256] < order[before.candidate.sha256]:
                ours[key] = Chosen(
                    release=fact.release, artefact=fact.artefact, kind=fact.kind, origin=KNOWN, candidate=one
                )
    covered = {artefact for _, artefact, _ in ours}
    aside = [one for one in strange if one.named in covered]
    rest = [one for one in strange if one.named not in covered]
    accepted = _accepted(rest, release, accept_unknown=accept_unknown)
    if not ours and not accepted:
        raise ContentError("no official rule file is in there", hint="expected such as PEPPOL-EN16931-UBL.sch")
    places = {one.candidate.place for one in accepted}
    left = [one.place for one in (*aside, *rest) if one.place not in places]
    return Selection(chosen=(*ours.values(), *accepted), aside=tuple(left))


def _accepted(rest: Sequence[Candidate], release: str, *, accept_unknown: bool) -> list[Chosen]:
    if not rest:
        return []
    if not accept_unknown:
        listed = "; ".join(f"{one.place} (SHA-256 {one.sha256})" for one in rest[:5])
        raise ContentError(f"not known to be official, so nothing was imported: {listed}", hint=_TRUST)
    if not release:
        raise ConfigurationError("unknown files need the name of their release", hint="add --release NAME")
    of_release = [one for one in rest if release in PurePosixPath(one.place).parts] or rest
    taken: dict[tuple[str, str], Chosen] = {}
    for one in of_release:
        key = (one.named or "", one.kind)
        if key in taken and taken[key].candidate.sha256 != one.sha256:
            raise ContentError(
                f"{taken[key].candidate.place} and {one.place} are two different {key[0]}", hint="name a smaller folder"
            )
        taken[key] = Chosen(release=release, artefact=key[0], kind=key[1], origin=ACCEPTED, candidate=one)
    return list(taken.values())


def store(library: Library, selection: Selection, on: date, source: str) -> list[Artefact]:
    """Put files into the library: all are compiled before the first is written, and the list changes in one step."""
    for one in selection.chosen:
        try:
            stylesheet(one.candidate.data, one.kind)
        except FormatError as error:
            raise FormatError(f"{one.candidate.place}: {error.message}", hint=error.hint, where=error.where) from error
    stored = [_artefact(one, on, source) for one in selection.chosen]
    for release in dict.fromkeys(one.release for one in stored):
        _store_release(library, release, list(zip(stored, selection.chosen, strict=True)))
    return stored


def _artefact(one: Chosen, on: date, source: str) -> Artefact:
    return Artefact(
        release=one.release,
        artefact=one.artefact,
        kind=one.kind,
        sha256=one.candidate.sha256,
        origin=one.origin,
        source=f"{source}:{one.candidate.place}",
        added=on.isoformat(),
        file=f"{one.artefact}-{one.candidate.sha256[:12]}.{one.kind}",
    )


def _store_release(library: Library, release: str, pairs: Sequence[tuple[Artefact, Chosen]]) -> None:
    """A file's name holds its digest: those the old list names stay as they are until the new list is in place."""
    folder = library.folder / release
    old = {(one.artefact, one.kind): one for one in library.artefacts(release)}
    folder.mkdir(parents=True, exist_ok=True)
    new = dict(old)
    for artefact, chosen in pairs:
        if artefact.release == release:
            put(folder / artefact.file, chosen.candidate.data)
            new[artefact.artefact, artefact.kind] = artefact
    library.write_manifest(release, new.values())
    for gone in {one.file for one in old.values()} - {one.file for one in new.values()}:
        (folder / gone).unlink(missing_ok=True)


def pinned(selection: Selection) -> Selection:
    """The same, where the digests came from an operator's own list and not from the product's."""
    return replace(selection, chosen=tuple(replace(one, origin=PINNED) for one in selection.chosen))
