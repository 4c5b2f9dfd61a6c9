"""The mail server's side: puts mails into a Maildir, with or without the header that says who signed them.

The wording of the rejection mails is invented: no Norwegian payer publishes its own. The addresses are those the
validation page names (noreply@digicare.no, formerly noreply@oppgjorskontoret.no).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from pathlib import Path

AUTHSERV_ID = "mx.kvitt.example"
DIGICARE = "noreply@digicare.no"
OPPGJORSKONTORET = "noreply@oppgjorskontoret.no"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionMail:
    """What one rejection mail says. An empty invoice number is left out."""

    sender: str = DIGICARE
    to: str = "faktura@klinikk.example"
    invoice: str = ""
    sak_id: str = ""
    reason: str = ""
    credit_note: bool = False
    display_name: str = "Oppgjør"
    at: datetime | None = None


class MailSandbox:
    """A Maildir that mails arrive in."""

    def __init__(self, maildir: Path, *, authserv_id: str = AUTHSERV_ID) -> None:
        self.maildir = maildir
        self.authserv_id = authserv_id
        self._count = 0
        for name in ("tmp", "new", "cur"):
            (maildir / name).mkdir(parents=True, exist_ok=True)

    @property
    def settings(self) -> dict[str, str]:
        """Settings for the channel `mailbox`."""
        return {"maildir": str(self.maildir), "authserv_id": self.authserv_id}

    def receive(self, mail: bytes, *, signed_by: str = "", result: str = "pass") -> Path:
        """Deliver a mail as our receiving server does: its verdict on top, when the mail was signed at all."""
        verdict = f"{self.authserv_id}; dkim={result} header.d={signed_by} header.s=s1" if signed_by else ""
        head = f"Authentication-Results: {verdict}\r\n" if verdict else ""
        self._count += 1
        name = f"{self._count:06d}.sandbox"
        waiting = self.maildir / "tmp" / name
        waiting.write_bytes(head.encode() + mail)
        return waiting.rename(self.maildir / "new" / name)


def rejection(mail: RejectionMail) -> bytes:
    """A rejection mail in Norwegian, as text and as HTML."""
    message = EmailMessage(policy=SMTP)
    local, _, domain = mail.sender.partition("@")
    message["From"] = Address(mail.display_name, local, domain)
    message["To"] = mail.to
    message["Subject"] = f"Avvist faktura {mail.invoice}".rstrip()
    if mail.at is not None:
        message["Date"] = format_datetime(mail.at)
    lines = _lines(mail)
    message.set_content("\n".join(lines) + "\n")
    page = "".join(f"<p>{escape(line)}</p>" for line in lines)
    message.add_alternative(f"<html><body>{page}</body></html>", "html")
    return message.as_bytes()


def _lines(mail: RejectionMail) -> list[str]:
    lines = ["Hei,", "En faktura fra dere er avvist i valideringen."]
    if mail.invoice:
        lines.append(f"Fakturanummer: {mail.invoice}")
    if mail.sak_id:
        lines.append(f"SakID: {mail.sak_id}")
    if mail.reason:
        lines.append(f"Årsak: {mail.reason}")
    if mail.credit_note:
        lines.append("Vennligst send kreditnota og ny faktura.")
    return [*lines, "Denne e-posten kan ikke besvares."]
