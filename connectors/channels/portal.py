"""A portal where only a person may upload: we prepare the file and what to fill in, a person does the rest.

`deliver` writes the file and `STEM-form.json` beside it and answers `prepared`: nothing has left the house. The hub
makes a task of it; the person's word is what moves the exchange on, so this channel cannot be asked. Settings:
`outbox`; `portal` (its address, shown to the person); `form.NAME` = a fixed value, or `{key}` of the message's meta;
`inbox` (optional) where the person puts what the portal answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connectors.channels import naming
from connectors.channels.folder import FolderChannel, place
from connectors.channels.folder import from_settings as open_folder
from connectors.channels.settings import need
from hub.errors import ConfigurationError, OutcomeUnknown
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt

KIND = "portal"
FORM_SUFFIX = "-form.json"

_PLACE = re.compile(r"\{([a-z_0-9]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalChannel:
    """Prepares uploads for a person."""

    folder: FolderChannel
    portal: str
    form: Mapping[str, str]
    can_lookup = False

    def deliver(self, message: Message) -> Receipt:
        """Prepare the file and the form values; the receipt says that a person must upload."""
        form = self._form(message)
        placed = self.folder.deliver(message)
        sheet = json.dumps(form | {"file": placed.remote_id}, ensure_ascii=False, indent=2, sort_keys=True).encode()
        self._write_sheet(naming.stem(message.key) + FORM_SUFFIX, sheet)
        return Receipt(
            remote_id=placed.remote_id,
            state=ExchangeState.PREPARED,
            at=placed.at,
            text=f"a person must upload {placed.remote_id} at {self.portal}",
            raw=sheet,
        )

    def lookup(self, key: str) -> Receipt | None:
        """Nobody but the person who uploads can say."""
        raise OutcomeUnknown(
            f"only a person can say whether {naming.stem(key)} was uploaded", hint="look in the portal, then the task"
        )

    def collect(self) -> Iterator[Collected]:
        """What a person saved from the portal into the inbox; nothing when there is no inbox."""
        return self.folder.collect() if self.folder.inbox else iter(())

    def confirm(self, remote_id: str) -> None:
        """Take the saved answer out of the inbox."""
        if self.folder.inbox:
            self.folder.confirm(remote_id)

    def probe(self) -> Probe:
        """Whether the folders are there; the portal itself is not touched."""
        folders = self.folder.probe()
        return Probe(ok=True, text=f"ready to prepare uploads for {self.portal}") if folders.ok else folders

    def _write_sheet(self, name: str, sheet: bytes) -> None:
        if self.folder.outbox is not None:
            place(self.folder.outbox / name, sheet, self.folder.mode, replace=True)

    def _form(self, message: Message) -> dict[str, str]:
        known = {**message.meta, "kind": message.kind, "name": message.name}
        return {"portal": self.portal} | {field: _filled(value, known, field) for field, value in self.form.items()}


def from_settings(settings: Mapping[str, str]) -> PortalChannel:
    """A portal channel from a partner's and an agreement's settings."""
    _, portal = need(settings, KIND, "outbox", "portal")
    form = {name.removeprefix("form."): value for name, value in settings.items() if name.startswith("form.")}
    return PortalChannel(folder=open_folder(settings), portal=portal, form=MappingProxyType(form))


def _filled(value: str, known: Mapping[str, str], field: str) -> str:
    missing = [name for name in _PLACE.findall(value) if name not in known]
    if missing:
        raise ConfigurationError(
            f"the form field {field} asks for {', '.join(missing)}, which this message does not carry",
            hint=f"known here: {', '.join(sorted(known))}",
        )
    return _PLACE.sub(lambda found: known[found.group(1)], value)
