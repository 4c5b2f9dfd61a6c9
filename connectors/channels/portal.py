"""A portal where only a person may upload: we prepare the file and what to fill in, a person does the rest.

`deliver` writes the file and `STEM-form.json` beside it and answers `prepared`: nothing has left the house. The hub
makes a task of it; the person's word is what moves the exchange on, so this channel cannot be asked. Settings:
`outbox`; `portal` (its address, shown to the person); `form.NAME` = a fixed value, or `{key}` of the message's meta, or
`{name}`, `{kind}`, `{reference}`; `reference` = our own reference there, made in the same way (the file's name without
extension when absent); `upload_days` (working days a person has), `remind` and `list.NAME` (see
`hub.pipeline.uploads`); `inbox` (optional) where the person puts what the portal answered. What the portal refuses is
refused here, before anything is written: `max_mb` (of the file), `reference_longest` (characters, 100 when absent), and
a number in the reference that may be a person's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connectors.channels import naming
from connectors.channels.folder import FolderChannel
from connectors.channels.folder import from_settings as open_folder
from connectors.channels.placing import place
from connectors.channels.settings import filled, need, whole
from hub.errors import ConfigurationError, ContentError, OutcomeUnknown
from hub.model.exchange import Collected, ExchangeState, Message, Probe, Receipt
from hub.model.identity import is_bsn, is_fnr

KIND = "portal"
FORM_SUFFIX = "-form.json"

_LONGEST_REFERENCE = 100
_MEGABYTE = 1024 * 1024
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalChannel:
    """Prepares uploads for a person."""

    folder: FolderChannel
    portal: str
    form: Mapping[str, str]
    reference: str = ""
    reference_longest: int = _LONGEST_REFERENCE
    max_mb: int = 0
    can_lookup = False

    def deliver(self, message: Message) -> Receipt:
        """Prepare the file and the form values; the receipt says that a person must upload."""
        if self.max_mb and len(message.payload) > self.max_mb * _MEGABYTE:
            raise ContentError(
                f"the file has {len(message.payload)} bytes; {self.portal} takes at most {self.max_mb} MB",
                hint="make smaller files",
            )
        form = self._form(message)
        placed = self.folder.deliver(message)
        sheet = json.dumps(form | {"file": placed.remote_id}, ensure_ascii=False, indent=2, sort_keys=True).encode()
        self._write_sheet(naming.stem(message.key) + FORM_SUFFIX, sheet)
        return Receipt(
            remote_id=placed.remote_id,
            state=ExchangeState.PREPARED,
            at=placed.at,
            text=f"a person must upload {placed.remote_id} at {self.portal} under our reference {form['reference']}",
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
        reference = self._reference(message, known)
        known["reference"] = reference
        fixed = {"portal": self.portal, "reference": reference, "name": message.name}
        return fixed | {field: filled(value, known, field) for field, value in self.form.items()}

    def _reference(self, message: Message, known: Mapping[str, str]) -> str:
        """Our own reference for the portal: short enough, and about nobody."""
        reference = filled(self.reference, known, "reference") if self.reference else naming.stem(message.key)
        if len(reference) > self.reference_longest:
            raise ConfigurationError(
                f"our reference would have {len(reference)} characters; the portal takes {self.reference_longest}",
                hint="shorten the setting reference",
            )
        if any(is_bsn(number) or is_fnr(number, allow_synthetic=True) for number in _NUMBER.findall(reference)):
            raise ConfigurationError(
                "our reference would hold what may be a person's number", hint="change the setting reference"
            )
        return reference


def from_settings(settings: Mapping[str, str]) -> PortalChannel:
    """A portal channel from a partner's and an agreement's settings."""
    _, portal = need(settings, KIND, "outbox", "portal")
    whole(settings, KIND, "upload_days", 0)
    form = {name.removeprefix("form."): value for name, value in settings.items() if name.startswith("form.")}
    return PortalChannel(
        folder=open_folder(settings),
        portal=portal,
        form=MappingProxyType(form),
        reference=settings.get("reference", "").strip(),
        reference_longest=whole(settings, KIND, "reference_longest", _LONGEST_REFERENCE),
        max_mb=whole(settings, KIND, "max_mb", 0),
    )
