"""Loading partner folders: everything wrong in all of them is said at once, each with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from connectors.partners.building import build_partner
from connectors.partners.checking import read_document
from connectors.partners.codes import read_codes
from connectors.partners.meaning import check_meaning
from connectors.partners.positions import Problem, parse, place_of
from hub.errors import ConfigurationError
from hub.model.partner import Partner, PartnerCode

PARTNER_FILE = "partner.yaml"
CODES_FILE = "codes.csv"

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load_partner(folder: Path, *, channels: Collection[str] = ()) -> Partner:
    """The partner in one folder; ConfigurationError names all that is wrong in it."""
    return load_partners([folder], channels=channels)[folder.name]


def load_partners(folders: Sequence[Path], *, channels: Collection[str] = ()) -> dict[str, Partner]:
    """The partners in these folders by name; one ConfigurationError names all that is wrong in any of them.

    `channels` are the channel kinds that add-ons bring, beside our own.
    """
    partners: dict[str, Partner] = {}
    problems: list[Problem] = []
    for folder in folders:
        partner, found = _load(folder, channels)
        problems += found
        if folder.name in partners:
            hint = "give one of the folders another name"
            problems.append(Problem(str(folder), 1, 1, f"a second partner named {folder.name}", hint))
        if partner is not None:
            partners[folder.name] = partner
    if problems:
        raise ConfigurationError("\n".join(map(str, sorted(set(problems)))))
    return partners


def partner_folders(parent: Path) -> list[Path]:
    """The partner folders below `parent`, by name: all but those that begin with a dot or an underscore."""
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir() and path.name[0] not in "._")


def _load(folder: Path, channels: Collection[str]) -> tuple[Partner | None, tuple[Problem, ...]]:
    """As `_read`, and remembered while the files say the same: YAML with places is slow to read."""
    return _read(folder, frozenset(channels), (_bytes(folder / PARTNER_FILE), _bytes(folder / CODES_FILE)))


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


@lru_cache(maxsize=256)
def _read(
    folder: Path, channels: frozenset[str], _seen: tuple[bytes | None, bytes | None]
) -> tuple[Partner | None, tuple[Problem, ...]]:
    file = folder / PARTNER_FILE
    problems = []
    if not _KEBAB.fullmatch(folder.name):
        hint = "small letters, digits and single dashes, such as my-insurer"
        problems.append(Problem(str(file), 1, 1, f"{folder.name!r} cannot be a partner's name", hint))
    codes, wrong = _codes(folder / CODES_FILE)
    problems += wrong
    text, wrong = _text(file)
    root, unread = parse(text, str(file)) if text is not None else (None, [])
    problems += [*wrong, *unread]
    if root is None:
        return None, tuple(problems)
    document = read_document(root, str(file), channels)
    if not document.problems:
        check_meaning(document)
    problems += document.problems
    return (None if problems else build_partner(folder.name, document.value, codes)), tuple(problems)


def _codes(file: Path) -> tuple[tuple[PartnerCode, ...], list[Problem]]:
    if not file.exists():
        return (), []
    text, problems = _text(file)
    return read_codes(text, str(file)) if text is not None else ((), problems)


def _text(file: Path) -> tuple[str | None, list[Problem]]:
    """A file's text (UTF-8, with or without a byte order mark); a private key anywhere in it is refused."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return None, [Problem(str(file), 1, 1, f"cannot be read: {error.strerror}", "create it, or correct its rights")]
    except UnicodeDecodeError as error:
        line, column = place_of(error.object[: error.start].decode("utf-8", "replace"), error.start)
        return None, [Problem(str(file), line, column, "not UTF-8", "save the file as UTF-8")]
    key = text.find("-----BEGIN")
    if key < 0:
        return text, []
    hint = "take it out, keep it in a file of its own, and change the key: it was seen"
    return text, [Problem(str(file), *place_of(text, key), "a key or certificate stands in this file", hint)]
