"""A backup as one file: the database, hub.toml, our own partners, layouts and terms, and what it is (manifest.json).

Keys and secrets are never part of it (`KVITT_KEYS` has a backup of its own, kept apart): whoever finds a backup can
read nothing in it about a person. Every part has its digest in the manifest, and a backup that is not whole is refused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.errors import ConfigurationError
from hub.settings import HUB_FILE, Settings
from hub.store import copies

MANIFEST = "manifest.json"
_VERSION = 1
_FOLDERS = ("partners", "layouts", "books")
_FILES = ("retention.toml", "account-map.csv")
"""What a person or a channel has put into the home and the database does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup says about itself."""

    made_at: datetime
    stage: str
    parts: dict[str, str]


def write(settings: Settings, to: Path, now: datetime, database: str = "") -> Backup:
    """Write a backup while the hub runs; nothing of that name may be there.

    `database` is the URL to copy from where the hub's own role may not see every tenant at once.
    """
    if to.exists():
        raise ConfigurationError(f"{to} is there already", hint="nothing is overwritten: name another file")
    with tempfile.TemporaryDirectory(prefix="kvitt-backup-", dir=to.parent) as work:
        folder = Path(work)
        copies.copy_out(database or settings.database_url.reveal(), folder)
        shutil.copyfile(settings.home / HUB_FILE, folder / HUB_FILE)
        for name in _FOLDERS:
            if (settings.home / name).is_dir():
                shutil.copytree(settings.home / name, folder / name, symlinks=False)
        for name in _FILES:
            if (settings.home / name).is_file():
                shutil.copyfile(settings.home / name, folder / name)
        parts = {str(path.relative_to(folder)): _digest(path) for path in _files(folder)}
        body = {"version": _VERSION, "made_at": now.isoformat(), "stage": settings.stage.value, "parts": parts}
        (folder / MANIFEST).write_text(json.dumps(body, indent=1), encoding="utf-8")
        draft = folder / "backup.part"
        with tarfile.open(draft, "w:gz") as archive:
            for path in sorted([*_files(folder)]):
                if path != draft:
                    archive.add(path, str(path.relative_to(folder)), recursive=False)
        draft.chmod(0o600)
        draft.rename(to)
    return Backup(made_at=now, stage=settings.stage.value, parts=parts)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpack(file: Path, folder: Path) -> Backup:
    """Unpack a backup and prove that it is whole; ConfigurationError when it is not."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        body: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, tarfile.TarError, EOFError, ValueError) as error:
        raise ConfigurationError(f"{file} is no whole backup: {error}", hint="take another one") from error
    if body.get("version") != _VERSION:
        raise ConfigurationError(f"{file} is a backup of version {body.get('version')}", hint="use its own program")
    wrong = [name for name, digest in body["parts"].items() if not _is(folder / name, digest)]
    if wrong:
        raise ConfigurationError(f"{file} is damaged: {', '.join(wrong)}", hint="take another backup")
    return Backup(made_at=datetime.fromisoformat(body["made_at"]), stage=body["stage"], parts=body["parts"])


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and _digest(path) == digest


def put_back(settings: Settings, folder: Path) -> None:
    """Put an unpacked backup into a home where no hub is."""
    if (settings.home / HUB_FILE).exists():
        raise ConfigurationError(
            f"there is a hub at {settings.home}", hint="restore into an empty KVITT_HOME; nothing is overwritten"
        )
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = next(path for path in (folder / copies.SQLITE, folder / copies.POSTGRES) if path.exists())
    copies.copy_in(settings.database_url.reveal(), database)
    for name in _FOLDERS:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, settings.home / name)
    for name in _FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, settings.home / name)
    shutil.copyfile(folder / HUB_FILE, settings.home / HUB_FILE)
    (settings.home / HUB_FILE).chmod(0o600)
