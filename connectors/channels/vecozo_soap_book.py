"""What the EDP service cannot be asked, kept in a folder: which id a submission got, what was listed, what we have.

The service knows no confirmation and no question by our own reference, so both are written down here: the id VECOZO
gave to a key as soon as it gave it, a response as `waiting` as soon as it was listed, and as `taken` once the hub has
committed it. The cursor is derived from these, never stored. One small file a fact, each appearing whole or not at all,
so that several processes (and nodes, on a shared folder) may write at once. No file holds or names anything personal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connectors.channels import naming
from connectors.channels.placing import place
from connectors.channels.vecozo_soap_messages import Listed
from hub.errors import ConfigurationError

_SENT, _WAITING, _TAKEN = "sent", "waiting", "taken"
_MODE = 0o640


@dataclass(frozen=True, slots=True)
class Book:
    """The notes of one account at VECOZO in one folder."""

    folder: Path

    def remember(self, key: str, declaratie: str) -> None:
        """Note the id VECOZO gave to the submission of this key; the first one stays."""
        place(self._place(_SENT) / naming.stem(key), declaratie.encode(), _MODE)

    def declaratie(self, key: str) -> str:
        """The id of this key's submission; empty when none was ever told to us."""
        return _text(self.folder / _SENT / naming.stem(key))

    def note(self, found: Iterable[Listed]) -> None:
        """Note what VECOZO offers, before anything of it is fetched: fetching may end the offer."""
        here = self._place(_WAITING)
        known = self._names(_WAITING) | self._names(_TAKEN)
        for one in found:
            if remote_id(one) not in known:
                place(here / remote_id(one), one.declaratie.encode(), _MODE)

    def waiting(self) -> list[Listed]:
        """What was offered and is not taken yet, in the order of its numbers."""
        taken = self._names(_TAKEN)
        found = [_listed(name, _text(self.folder / _WAITING / name)) for name in self._names(_WAITING) - taken]
        return sorted((one for one in found if one is not None), key=lambda one: (one.pdf, one.number))

    def take(self, name: str) -> None:
        """Note that the hub has stored this one; harmless when repeated, nothing for a name that is none of ours."""
        one = _listed(name, "")
        if one is None:
            return
        place(self._place(_TAKEN) / remote_id(one), b"", _MODE)
        (self.folder / _WAITING / remote_id(one)).unlink(missing_ok=True)

    def cursor(self) -> int | None:
        """The last response before which nothing is missing; None when the service must begin at the beginning."""
        open_ones = [one.number for one in self.waiting() if not one.pdf]
        first = min(open_ones, default=None)
        taken = (_listed(name, "") for name in self._names(_TAKEN))
        numbers = [one.number for one in taken if one is not None and not one.pdf]
        return max((number for number in numbers if first is None or number < first), default=None)

    def _names(self, kind: str) -> set[str]:
        place_ = self.folder / kind
        return {path.name for path in place_.iterdir() if naming.is_ready(path.name)} if place_.is_dir() else set()

    def _place(self, kind: str) -> Path:
        path = self.folder / kind
        try:
            path.mkdir(mode=0o750, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the vecozo_soap channel's book cannot be written: {error.strerror}",
                hint="check the folder and its permissions",
                where=str(self.folder),
            ) from error
        return path


def remote_id(one: Listed) -> str:
    """How the hub knows a response: by VECOZO's own number."""
    return f"{'pdf' if one.pdf else 'retour'}-{one.number}"


def _listed(name: str, declaratie: str) -> Listed | None:
    kind, _, number = name.partition("-")
    if kind not in {"pdf", "retour"} or not (number.isascii() and number.isdigit()):
        return None
    return Listed(number=int(number), declaratie=declaratie, pdf=kind == "pdf")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
