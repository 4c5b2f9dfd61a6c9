"""A Maildir: the folder our own mail server delivers into. It must be the hub's alone.

Source: D. J. Bernstein's Maildir (new, cur, tmp; `:2,S` marks a mail as seen). A mail in `new` waits for us; `confirm`
moves it to `cur` as seen, or into `archive`. An IMAP server that opens the same Maildir moves mails out of `new`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.channels.mail_incoming import Judge, too_big
from hub.errors import ConfigurationError, TransientError
from hub.model.exchange import Collected, Probe

_FLAGS = ":2,"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maildir:
    """Collects mails from one Maildir."""

    path: Path
    judge: Judge
    most: int
    archive: Path | None = None

    def collect(self) -> Iterator[Collected]:
        """The mails in `new`, oldest first."""
        for path in self._waiting():
            try:
                size = path.stat().st_size
                data = path.read_bytes() if size <= self.most else b""
            except FileNotFoundError:
                continue
            except OSError as error:
                raise TransientError(f"a mail cannot be read: {error.strerror}", where=str(self.path)) from error
            yield too_big(path.name, size, self.most) if size > self.most else self.judge.collected(path.name, data)

    def confirm(self, remote_id: str) -> None:
        """Mark the mail as seen, or archive it; harmless when it is gone already."""
        if Path(remote_id).name != remote_id:
            return
        source = self.path / "new" / remote_id
        target = self.archive / remote_id if self.archive else self.path / "cur" / _seen(remote_id)
        try:
            source.rename(target)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigurationError(
                f"a mail cannot be moved to {target.parent}: {error.strerror}", hint="check the folder's permissions"
            ) from error

    def probe(self) -> Probe:
        """Whether the Maildir is there."""
        missing = [name for name in ("new", "cur") if not (self.path / name).is_dir()]
        if missing:
            return Probe(ok=False, text=f"{self.path} is no Maildir: it lacks {', '.join(missing)}")
        return Probe(ok=True, text=f"Maildir {self.path}")

    def _waiting(self) -> list[Path]:
        try:
            found = [path for path in (self.path / "new").iterdir() if not path.name.startswith(".")]
        except OSError as error:
            raise ConfigurationError(f"the Maildir cannot be listed: {error.strerror}", where=str(self.path)) from error
        return sorted((path for path in found if path.is_file()), key=_age)


def _age(path: Path) -> tuple[int, str]:
    """By time of delivery; a mail that was just taken away sorts first and is skipped."""
    try:
        return path.stat().st_mtime_ns, path.name
    except FileNotFoundError:
        return 0, path.name


def _seen(name: str) -> str:
    base, mark, flags = name.partition(_FLAGS)
    return base + _FLAGS + "".join(sorted({*flags, "S"})) if mark else f"{name}{_FLAGS}S"
