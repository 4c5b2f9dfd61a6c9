"""A local folder as a channel: hand-over to another system, dry runs, a counterpart in tests.

A file appears whole or not at all, and never in another one's place (`placing`). Settings: `outbox` (we deliver),
`inbox` (we collect), at least one of them; `done` (default `done` inside the inbox); `confirm` = `move` | `remove`;
`mode` (octal, default 640) of the files we write; `removes` = yes when the other side takes files out of the outbox, so
that an absent file says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from connectors.channels import naming
from connectors.channels.placing import explained, place, place_all, synced
from connectors.channels.settings import choice, flag, folder
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, RefusedError
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt

KIND = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderChannel:
    """Delivers into one folder and collects from another."""

    outbox: Path | None = None
    inbox: Path | None = None
    done: Path | None = None
    mode: int = 0o640
    removes: bool = False

    @property
    def can_lookup(self) -> bool:
        """True unless the other side takes files out of the outbox."""
        return not self.removes

    def deliver(self, message: Message) -> Receipt:
        """Put the file in place; the same file already there is fine, another one under this key is refused."""
        outbox = _given(self.outbox, "outbox")
        present = _find(outbox, message.key)
        target = present or outbox / naming.remote_name(message.key, message.name)
        if present is None and place(target, message.payload, self.mode):
            return _receipt(target)
        synced(outbox)
        if _read(target) != message.payload:
            raise RefusedError(
                f"another file already lies under this key: {target.name}",
                hint="a claim file is never replaced: look at both",
                where=str(outbox),
                code="exists",
            )
        return _receipt(target)

    def deliver_all(self, messages: Sequence[Message]) -> list[Receipt | HubError]:
        """Put several files in place, with their syncs together: what each came to, up to the first that could not.

        No file has its name before the bytes of all are on disk, and none is reported before its name is.
        """
        outbox = _given(self.outbox, "outbox")
        there = {name.partition(".")[0] for name in _names(outbox)}
        files = {naming.remote_name(each.key, each.name): each.payload for each in messages}
        new = len(files) == len(messages) and not any(naming.stem(each.key) in there for each in messages)
        if new and place_all(outbox, files, self.mode):
            return [_receipt(outbox / name) for name in files]
        # Whatever it was (a file of before, a full disk), each alone says it exactly; what is in place stays.
        return _one_by_one(self.deliver, messages)

    def lookup(self, key: str) -> Receipt | None:
        """The file of this key, if it lies in the outbox."""
        outbox = _given(self.outbox, "outbox")
        found = _find(outbox, key)
        if found is not None:
            synced(outbox)
        if found is None and self.removes:
            raise OutcomeUnknown("the file is not there, but it may have been taken", where=str(outbox))
        return _receipt(found) if found else None

    def collect(self) -> Iterator[Collected]:
        """The finished files in the inbox, oldest first; one that changes while we read waits for the next time.

        What cannot be read does not stop the others; it is raised when they have been handed out.
        """
        unread: list[HubError] = []
        for item in _list(_given(self.inbox, "inbox")):
            try:
                payload = self.read(item.remote_id)
            except HubError as error:
                unread.append(error)
                continue
            if payload is not None:
                yield Collected(remote_id=item.remote_id, name=item.name, payload=payload)
        if unread:
            raise unread[0]

    def read(self, remote_id: str) -> bytes | None:
        """The bytes of one file offered to us; None when it is gone, or was replaced or changed meanwhile."""
        inbox = _given(self.inbox, "inbox")
        item = naming.offered(remote_id)
        if item is None:
            return None
        payload = _read(inbox / item.name)
        return payload if _offered(inbox / item.name) == item else None

    def confirm(self, remote_id: str) -> None:
        """Take the file out of the inbox (into `done`, or away); a file replaced since then stays."""
        inbox = _given(self.inbox, "inbox")
        item = naming.offered(remote_id)
        if item is None or _offered(inbox / item.name) != item:
            return
        try:
            _take(inbox / item.name, self.done / item.done_name if self.done else None)
        except OSError as error:
            raise explained(error, f"take {item.name} out of", inbox) from error

    def probe(self) -> Probe:
        """Whether the folders are there and may be written."""
        for path in (self.outbox, self.inbox):
            if path is not None and not (path.is_dir() and os.access(path, os.R_OK | os.W_OK | os.X_OK)):
                return Probe(ok=False, text=f"cannot read and write the folder {path}: check its permissions")
        return Probe(ok=True, text="folders readable and writable")


def from_settings(settings: Mapping[str, str]) -> FolderChannel:
    """A folder channel from a partner's and an agreement's settings."""
    outbox = folder(settings, KIND, "outbox") if settings.get("outbox") else None
    inbox = folder(settings, KIND, "inbox") if settings.get("inbox") else None
    if outbox is None and inbox is None:
        raise ConfigurationError("the folder channel lacks outbox and inbox", hint="fill at least one of them")
    moves = choice(settings, KIND, "confirm", ("move", "remove")) == "move"
    done = Path(settings["done"]) if settings.get("done") else (inbox / "done" if inbox else None)
    mode = settings.get("mode", "640")
    if not mode.isdigit() or set(mode) - set("01234567"):
        raise ConfigurationError(f"the folder channel's mode is {mode!r}", hint="three octal digits such as 640")
    return FolderChannel(
        outbox=outbox,
        inbox=inbox,
        done=done if moves else None,
        mode=int(mode, 8),
        removes=flag(settings, KIND, "removes"),
    )


def _one_by_one(deliver: Callable[[Message], Receipt], messages: Sequence[Message]) -> list[Receipt | HubError]:
    """What each came to; a refusal is about one file, anything else ends it: the folder is not to be had."""
    done: list[Receipt | HubError] = []
    for each in messages:
        try:
            done.append(deliver(each))
        except RefusedError as error:
            done.append(error)
        except HubError as error:
            return [*done, error]
    return done


def _take(path: Path, done: Path | None) -> None:
    if done is None:
        path.unlink(missing_ok=True)
        return
    done.parent.mkdir(parents=True, exist_ok=True)
    path.rename(done)


def _given(path: Path | None, name: str) -> Path:
    if path is None:
        raise ConfigurationError(f"the folder channel has no {name}", hint=f"fill the setting {name}")
    return path


def _names(directory: Path) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if naming.is_ready(name)]  # noqa: PTH208 -- many, often
    except OSError as error:
        raise explained(error, "list", directory) from error


def _find(directory: Path, key: str) -> Path | None:
    name = min((name for name in _names(directory) if naming.is_named(name, key)), default=None)
    return None if name is None else directory / name


def _list(directory: Path) -> list[naming.Offered]:
    items = (_offered(directory / name) for name in _names(directory))
    return sorted(item for item in items if item is not None)


def _offered(path: Path) -> naming.Offered | None:
    """The file as it is now; None when it is gone or no plain file (a link could lead anywhere)."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if not S_ISREG(found.st_mode):
        return None
    return naming.Offered(changed=found.st_mtime_ns, name=path.name, size=found.st_size)


def _read(path: Path) -> bytes | None:
    """The file's bytes; None when it went away."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explained(error, f"read {path.name} in", path.parent) from error


def _receipt(path: Path) -> Receipt:
    moment = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC) if path.exists() else None
    return Receipt(remote_id=path.name, state=ExchangeState.SENT, at=moment, text="lies in the folder")
