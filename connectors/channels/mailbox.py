"""A mailbox as a Maildir: the folder our own mail server delivers into.

Source: D. J. Bernstein's Maildir (new, cur, tmp; `:2,S` marks a mail as seen). A mail in `new` waits for us; `confirm`
moves it to `cur` as seen, or into `archive`. Who sent a mail is decided by our receiving server alone: its
Authentication-Results header (see `schemas.mail`), never by From. `Collected.meta["dkim"]` names the domains whose
signature it found valid; `trusted` is True when one of `dkim_domains` is among them, or, without that setting, the
domain in From. This channel sends nothing.

Settings: `maildir`, `authserv_id` (our receiving server's name in that header), `dkim_domains`, `archive` (a folder).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.channels.settings import folder, listed, need
from hub.errors import ConfigurationError, FormatError, TransientError
from hub.model.exchange import Collected, Message, Probe, Receipt
from schemas import mail as mails

KIND = "mailbox"
MAIL = "mail"

_FLAGS = ":2,"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxChannel:
    """Collects mails from one Maildir."""

    maildir: Path
    authserv_id: str
    dkim_domains: tuple[str, ...] = ()
    archive: Path | None = None
    can_lookup = False

    def deliver(self, message: Message) -> Receipt:
        """Refused: a mailbox only receives."""
        raise ConfigurationError(
            f"a mailbox takes no message of kind {message.kind}", hint="give the partner another channel"
        )

    def lookup(self, key: str) -> Receipt | None:  # noqa: ARG002 -- the channel's signature
        """Nothing was ever sent this way."""
        return None

    def collect(self) -> Iterator[Collected]:
        """The mails in `new`, oldest first."""
        for path in self._waiting():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise TransientError(f"a mail cannot be read: {error.strerror}", where=str(self.maildir)) from error
            yield self._collected(path.name, data)

    def confirm(self, remote_id: str) -> None:
        """Mark the mail as seen, or archive it; harmless when it is gone already."""
        if Path(remote_id).name != remote_id:
            return
        source = self.maildir / "new" / remote_id
        target = self.archive / remote_id if self.archive else self.maildir / "cur" / _seen(remote_id)
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
        missing = [name for name in ("new", "cur") if not (self.maildir / name).is_dir()]
        if missing:
            return Probe(ok=False, text=f"{self.maildir} is no Maildir: it lacks {', '.join(missing)}")
        return Probe(ok=True, text=f"Maildir {self.maildir}")

    def _waiting(self) -> list[Path]:
        try:
            found = [path for path in (self.maildir / "new").iterdir() if not path.name.startswith(".")]
        except OSError as error:
            raise ConfigurationError(
                f"the Maildir cannot be listed: {error.strerror}", where=str(self.maildir)
            ) from error
        return sorted((path for path in found if path.is_file()), key=_age)

    def _collected(self, name: str, data: bytes) -> Collected:
        try:
            signed = mails.signed_by(data, self.authserv_id)
            sender = mails.read(data).sender
        except FormatError as error:
            meta = {"problem": str(error)}
            return Collected(remote_id=name, name="mail.eml", payload=data, kind="damaged", trusted=False, meta=meta)
        wanted = self.dkim_domains or (sender.rpartition("@")[2],)
        return Collected(
            remote_id=name,
            name="mail.eml",
            payload=data,
            kind=MAIL,
            trusted=any(domain.lower() in signed for domain in wanted),
            meta={"dkim": " ".join(sorted(signed)), "from": sender},
        )


def from_settings(settings: Mapping[str, str]) -> MailboxChannel:
    """A mailbox channel from a partner's and an agreement's settings."""
    (authserv_id,) = need(settings, KIND, "authserv_id")
    maildir = folder(settings, KIND, "maildir")
    channel = MailboxChannel(
        maildir=maildir,
        authserv_id=authserv_id,
        dkim_domains=listed(settings, "dkim_domains"),
        archive=folder(settings, KIND, "archive") if settings.get("archive") else None,
    )
    found = channel.probe()
    if not found.ok:
        raise ConfigurationError(found.text, hint="let the mail server deliver into a Maildir")
    return channel


def _age(path: Path) -> tuple[int, str]:
    """By time of delivery; a mail that was just taken away sorts first and is skipped."""
    try:
        return path.stat().st_mtime_ns, path.name
    except FileNotFoundError:
        return 0, path.name


def _seen(name: str) -> str:
    base, mark, flags = name.partition(_FLAGS)
    return base + _FLAGS + "".join(sorted({*flags, "S"})) if mark else f"{name}{_FLAGS}S"
