"""Mail: a mailbox of ours that partners write to, and mails to a partner that takes invoices that way.

Who sent a mail is decided by our receiving server alone: its Authentication-Results header (see `schemas.mail`), never
by From. `Collected.meta["dkim"]` names the domains whose signature it found valid; `trusted` is True when one of
`dkim_domains` is among them, or, without that setting, the domain in From.

Receiving: `authserv_id` (our receiving server's name in that header), `dkim_domains`, `max_mb` (25), and either
`maildir` with `archive` (a folder), or an IMAP server: `host`, `port`, `tls` = implicit | starttls | none (this machine
only), `ca_file`, `username`, `password` or `access_token` (XOAUTH2), `folder` (INBOX), `archive` (a folder of the
server), `timeout`.

Sending: `smtp_host`, `smtp_port`, `smtp_tls` = starttls | implicit | none, `smtp_username`, `smtp_password` or
`smtp_access_token`, `smtp_ca_file`, `smtp_timeout` (what is not said is that of IMAP), `sender`, `to` and
`invoice_to` (where the company has an address of its own for invoices, it comes first), `subject`, `text`. With
`notices` = yes what practices are told goes out here too, each to its own address; then `to` may be missing.

Instead of `access_token`, `oauth2_url` (the provider's token endpoint), `oauth2_client_id`, `oauth2_client_secret` or
`oauth2_refresh_token`, `oauth2_scope`, `oauth2_ca_file`, `oauth2_timeout`, and `oauth2_file` (where the hub keeps the
token and the newest refresh token) have one asked for before it ends (`oauth2`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.channels.mail_imap import PORTS as IMAP_PORTS
from connectors.channels.mail_imap import ImapFolder
from connectors.channels.mail_incoming import MAIL, Incoming, Judge
from connectors.channels.mail_maildir import Maildir
from connectors.channels.mail_server import account
from connectors.channels.mail_smtp import Sender, address, addressee
from connectors.channels.settings import flag, folder, listed, need, whole
from connectors.channels.smtp import PORTS as SMTP_PORTS
from hub.errors import ConfigurationError, ExchangeError, OutcomeUnknown
from hub.model.exchange import Collected, Message, Probe, Receipt
from schemas.mail import MAX_BYTES

KIND = "mailbox"

__all__ = ["KIND", "MAIL", "MailboxChannel", "from_settings"]

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxChannel:
    """Collects from `incoming`, sends through `outgoing`; either may be missing."""

    incoming: Incoming | None = None
    outgoing: Sender | None = None
    can_lookup = False

    def deliver(self, message: Message) -> Receipt:
        """Send one mail; refused where the settings name no server to send through."""
        if self.outgoing is None:
            raise ConfigurationError(
                f"a mailbox that only receives takes no message of kind {message.kind}",
                hint="fill smtp_host, sender and to, or give the partner another channel",
            )
        return self.outgoing.deliver(message)

    def lookup(self, key: str) -> Receipt | None:  # noqa: ARG002 -- the channel's signature
        """Nothing was ever sent through a mailbox that only receives; of a mail only its recipient can say."""
        if self.outgoing is None:
            return None
        raise OutcomeUnknown("whether a mail arrived only its recipient can say", hint="ask, then kvitt release")

    def collect(self) -> Iterator[Collected]:
        """The waiting mails, oldest first."""
        return self.incoming.collect() if self.incoming else iter(())

    def confirm(self, remote_id: str) -> None:
        """Take one mail out of what waits; harmless when it is gone already."""
        if self.incoming:
            self.incoming.confirm(remote_id)

    def probe(self) -> Probe:
        """Log in where there is something to log in to; nothing is sent, moved or marked."""
        found = self.incoming.probe() if self.incoming else Probe(ok=True, text="receives nothing")
        if not found.ok or self.outgoing is None:
            return found
        try:
            return Probe(ok=True, text=f"{found.text}; {self.outgoing.probe()}")
        except (ConfigurationError, ExchangeError) as error:
            return Probe(ok=False, text=str(error))


def from_settings(settings: Mapping[str, str]) -> MailboxChannel:
    """A mailbox channel from a partner's and an agreement's settings; it connects when it is used."""
    incoming, outgoing = _incoming(settings), _outgoing(settings)
    if incoming is None and outgoing is None:
        raise ConfigurationError(
            "the mailbox channel lacks maildir, host and smtp_host", hint="fill at least one of them"
        )
    return MailboxChannel(incoming=incoming, outgoing=outgoing)


def _incoming(settings: Mapping[str, str]) -> Incoming | None:
    if settings.get("maildir") and settings.get("host"):
        raise ConfigurationError("the mailbox channel has both a maildir and a host", hint="keep one")
    if not (settings.get("maildir") or settings.get("host")):
        return None
    (authserv_id,) = need(settings, KIND, "authserv_id")
    judge = Judge(authserv_id=authserv_id, dkim_domains=listed(settings, "dkim_domains"))
    most = min(whole(settings, KIND, "max_mb", 0) * _MEGABYTE or MAX_BYTES, MAX_BYTES)
    return _maildir(settings, judge, most) if settings.get("maildir") else _imap(settings, judge, most)


def _maildir(settings: Mapping[str, str], judge: Judge, most: int) -> Maildir:
    archive = folder(settings, KIND, "archive") if settings.get("archive") else None
    incoming = Maildir(path=folder(settings, KIND, "maildir"), judge=judge, most=most, archive=archive)
    found = incoming.probe()
    if not found.ok:
        raise ConfigurationError(found.text, hint="let the mail server deliver into a Maildir")
    return incoming


def _imap(settings: Mapping[str, str], judge: Judge, most: int) -> ImapFolder:
    return ImapFolder(
        server=account(settings, KIND, IMAP_PORTS),
        folder=settings.get("folder", "").strip() or "INBOX",
        archive=settings.get("archive", "").strip(),
        judge=judge,
        most=most,
    )


def _outgoing(settings: Mapping[str, str]) -> Sender | None:
    if not settings.get("smtp_host"):
        return None
    need(settings, KIND, "sender")
    to = addressee(settings)
    if not to and not flag(settings, KIND, "notices"):
        need(settings, KIND, "to")
    return Sender(
        server=account(settings, KIND, SMTP_PORTS, prefix="smtp_"),
        sender=address(settings["sender"].strip(), "sender"),
        to=address(to, "invoice_to or to") if to else "",
        subject=settings.get("subject", "").strip() or "{name}",
        text=settings.get("text", "").strip() or "{name}",
    )
