"""Notices to practices and clinics go out by mail, each once: to the address for notices, else the company's.

They go through the agreement whose mailbox has `notices` = yes. That a notice is being sent is written down before it
leaves; a process that dies on the way, or a reply that is lost, leaves it in doubt for a person, and nobody sends it
again by himself. What the server puts off is tried again for two days. While outbound, or that agreement's partner, is
paused nothing is mailed. A mail names nobody: what was said about a claim stays here, the mail has its reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub import log, texts
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, TransientError
from hub.model.exchange import Message
from hub.model.partner import Agreement, ChannelSpec, Partner, RetryPolicy
from hub.pipeline.cases import raise_case
from hub.pipeline.context import Actor, Hub
from hub.pipeline.metered import in_window
from hub.ports import Channel
from hub.security import tokens
from hub.store import access, notices, parties, pauses, tasks
from hub.store.locks import effect_lock
from hub.store.unit import Row, Unit

KIND = "notice"
_SETTING, _WHERE = "notices", "notices_where"
_RETRY = RetryPolicy(delay_s=600, factor=2, cap_s=4 * 3600)
_TRIED_FOR = timedelta(days=2)
_OURS = ("upload:", "expected:", "statement:", "identity:")
"""Notices whose every word is ours and about nobody: they are mailed as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """What one run came to: notices sent, waiting for another run, and for a person."""

    sent: int = 0
    waiting: int = 0
    for_a_person: int = 0


def mail_notices(hub: Hub, tenant: str) -> Mailed:
    """Mail what waits; without an agreement for notices nothing is, and `kvitt notices list` shows it."""
    row = next(each for each in hub.store.tenants() if each["id"] == tenant)
    with hub.store.reading(tenant) as unit:
        due, agreement = notices.due(unit), _agreement(hub, unit, row["country"])
        stopped = agreement is None or _paused(unit, agreement)
    if not due or stopped or agreement is None or in_window(hub, _partner(agreement), agreement):
        return Mailed(waiting=len(due))
    try:
        channel = hub.open_channel(_partner(agreement), agreement)
    except ConfigurationError as error:
        _trouble(hub, tenant, agreement, error)
        return Mailed(waiting=len(due))
    return _mail_all(hub, row, agreement, channel, due)


def _mail_all(hub: Hub, tenant: Row, agreement: Agreement, channel: Channel, due: list[Row]) -> Mailed:
    came_to: list[str] = []
    for notice in due:
        try:
            came_to.append(_mail(hub, tenant, agreement, channel, notice))
        except ConfigurationError as error:  # about our server, not about this mail: the others would meet it too
            _trouble(hub, tenant["id"], agreement, error)
            break
    sent, waits = came_to.count(notices.SENT), came_to.count(notices.WAITING) + len(due) - len(came_to)
    return Mailed(sent=sent, waiting=waits, for_a_person=len(due) - sent - waits)


def _mail(hub: Hub, tenant: Row, agreement: Agreement, channel: Channel, notice: Row) -> str:
    """Mail one notice under its effect lock, and say what became of it."""
    name = tenant["id"]
    with effect_lock(hub.store.engine, hub.home / "locks", f"notice:{name}:{notice['id']}") as mine:
        if not mine:
            return notices.WAITING
        with hub.store.unit(name) as unit:
            row = notices.begin(unit, notice["id"])
            if row is not None and row["state"] == notices.IN_DOUBT:
                _in_doubt(unit, row, "the process that sent it ended on the way")
        if row is None or row["state"] == notices.IN_DOUBT:
            return notices.SENT if row is None else notices.IN_DOUBT
        try:
            body = tokens.filled(hub.store.keys, name, row["body"])
            channel.deliver(_message(tenant, agreement, row | {"body": body}))
        except HubError as error:
            with hub.store.unit(name) as unit:
                state = _not_sent(unit, row, error)
            if isinstance(error, ConfigurationError):
                raise
            return state
        with hub.store.unit(name) as unit:
            notices.settle(unit, row["id"], notices.SENT)
            _over(unit, row, agreement)
    return notices.SENT


def _not_sent(unit: Unit, row: Row, error: HubError) -> str:
    """What an error says of one notice: later, never, or nobody knows."""
    if isinstance(error, OutcomeUnknown):
        return _in_doubt(unit, row, error.message)
    later = isinstance(error, (TransientError, ConfigurationError))
    if later and unit.now - row["created_at"] < _TRIED_FOR:
        wait = min(_RETRY.delay_s * _RETRY.factor ** (row["attempts"] - 1), _RETRY.cap_s)
        said = error.retry_after or 0 if isinstance(error, TransientError) else 0
        next_try_at = unit.now + timedelta(seconds=max(wait, min(said, _RETRY.cap_s)))
        notices.settle(unit, row["id"], notices.WAITING, log.clean_text(error.message), next_try_at)
        return notices.WAITING
    notices.settle(unit, row["id"], notices.FAILED, log.clean_text(error.message))
    _case(unit, row, "NOTICE_FAILED", error.message)
    return notices.FAILED


def _in_doubt(unit: Unit, row: Row, reason: str) -> str:
    notices.settle(unit, row["id"], notices.IN_DOUBT, reason)
    _case(unit, row, "NOTICE_IN_DOUBT", reason)
    return notices.IN_DOUBT


def in_doubt_after_restore(unit: Unit) -> None:
    """What waited when a backup was made may have been mailed since: a person looks, nothing goes by itself."""
    for row in notices.open_ones(unit):
        _in_doubt(unit, row, "the hub was put back from a backup that knows nothing of what was mailed since")


def _case(unit: Unit, row: Row, code: str, reason: str) -> None:
    values = {"to": row["recipient"], "key": row["key"], "reason": reason}
    raise_case(unit, code, values, key=f"notice:{row['key']}", kind="notice", reopen=True)


def _over(unit: Unit, row: Row, agreement: Agreement) -> None:
    tasks.done(unit, f"notice:{row['key']}", {"sent": True})
    tasks.done(unit, f"notices:{agreement.partner}", {"sent": True})


def _trouble(hub: Hub, tenant: str, agreement: Agreement, error: ConfigurationError) -> None:
    values = {"name": _SETTING, "partner": agreement.partner, "reason": str(error)}
    with hub.store.unit(tenant) as unit:
        raise_case(unit, "CONFIGURATION", values, key=f"notices:{agreement.partner}", reopen=True)


def _agreement(hub: Hub, unit: Unit, country: str) -> Agreement | None:
    return next(filter(through, parties.agreements(unit, hub.today(country))), None)


def through(agreement: Agreement) -> bool:
    """Whether notices are mailed through an agreement's mailbox."""
    return agreement.settings.get(_SETTING, "").strip().lower() in ("yes", "true", "on", "1")


def where(hub: Hub, unit: Unit, tenant: Row) -> str:
    """Where a recipient looks, as the agreement for notices says (a link); empty where it says nothing."""
    agreement = _agreement(hub, unit, tenant["country"])
    return agreement.settings.get(_WHERE, "") if agreement else ""


def _partner(agreement: Agreement) -> Partner:
    """A mailbox of ours is no trading partner: all there is of it is the agreement."""
    channel = ChannelSpec(kind=agreement.channel or "mailbox")
    return Partner(
        name=agreement.partner, title=agreement.partner, country="", kind="service", verified=True, channel=channel
    )


def _paused(unit: Unit, agreement: Agreement) -> bool:
    held = pauses.in_force(unit)
    return bool(held.of(pauses.OUTBOUND, "") or held.of(pauses.PARTNER, agreement.partner))


def _message(tenant: Row, agreement: Agreement, row: Row) -> Message:
    """The mail, in the recipient's language; its key is the notice's, so its Message-ID is always the same."""
    language = row["language"] or tenant["language"]
    subject, body = row["subject"], row["body"]
    if not row["key"].startswith(_OURS):
        values = {"ref": row["subject"], "tenant": tenant["name"]}
        where = agreement.settings.get(_WHERE, "") or texts.pick(texts.text("NOTICE_WHERE", **values), language)
        subject = texts.pick(texts.text("NOTICE_MAIL", **values), language)
        body = texts.pick(texts.action("NOTICE_MAIL", **values, where=where), language)
    return Message(
        key=f"{tenant['id']}/notice/{row['key']}",
        kind=KIND,
        name="notice.txt",
        payload=log.clean_text(body).encode(),
        media_type="text/plain",
        meta={"to": row["recipient"], "subject": log.clean_text(subject)},
    )


# --- by hand ------------------------------------------------------------------------------------------------------


def settle_by_hand(hub: Hub, tenant: str, key: str, actor: Actor, *, sent: bool) -> None:
    """A person says what became of a notice in doubt or given up: it counts as sent, or goes out (once more)."""
    with hub.store.unit(tenant) as unit:
        row = notices.find(unit, key)
        if row is None:
            raise ConfigurationError(f"no notice is called {key!r}", hint="kvitt notices list")
        if row["state"] in (notices.SENT, notices.SENDING):
            raise ConfigurationError(f"{key} is {row['state']}: nothing is sent again", hint="kvitt notices list")
        notices.settle(unit, row["id"], notices.SENT if sent else notices.WAITING, f"by {actor.name}")
        tasks.done(unit, f"notice:{key}", {"sent": sent, "by": actor.name})
        access.record(unit, actor=actor.name, role=actor.role, action="notice", object_=key)
