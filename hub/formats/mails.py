"""Rejections by e-mail: the sender's rule decides what counts, forged ones are set aside."""

from __future__ import annotations

from hub.formats import Answer, AnswerContext, MailNews
from mappings.mail_replies import MailOutcome, from_mail
from schemas import mail

KIND = "mail"
_HEADERS = (
    b"return-path:",
    b"received:",
    b"authentication-results:",
    b"from:",
    b"delivered-to:",
    b"date:",
    b"subject:",
)


def recognise(payload: bytes, name: str) -> str | None:
    """A file ending .eml, or bytes that begin with a mail's headers."""
    head = payload[:2000].lstrip().lower()
    return KIND if name.lower().endswith(".eml") or head.startswith(_HEADERS) else None


def read(payload: bytes, context: AnswerContext) -> list[Answer]:
    """One piece of news per mail."""
    signed_by = _signed_by(payload, context)
    reading = from_mail(payload, context.mail_rules, signed_by=signed_by)
    if reading.outcome is MailOutcome.REJECTION:
        return [MailNews(rejection=reading.rejection)]
    return [MailNews(disposition=reading.outcome.value, reason=f"{reading.code} {reading.text.get('en', '')}".strip())]


def _signed_by(payload: bytes, context: AnswerContext) -> frozenset[str]:
    """Whose signature our server found valid: as the channel said, or (from disk) as our server's header says."""
    if "dkim" in context.meta:
        return frozenset(context.meta["dkim"].split())
    return frozenset().union(*(mail.signed_by(payload, each) for each in context.authserv_ids))
