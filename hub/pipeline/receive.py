"""What partners send back: stored raw first, read, matched to its claims, applied once, confirmed last."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from hub import formats, log
from hub.errors import ConfigurationError, ContentError, HubError, TransientError
from hub.formats import AnswerContext, MailNews
from hub.model.exchange import Collected
from hub.model.partner import Agreement, ChannelSpec, Partner
from hub.model.payment import Statement
from hub.model.reply import Acknowledgement, Decision, ResponseFile
from hub.pipeline import answers, mail_rules, own_accounts, payments, payout_news, specified
from hub.pipeline.archives import unpack
from hub.pipeline.cases import About, raise_case
from hub.pipeline.context import Hub
from hub.pipeline.metered import in_window
from hub.pipeline.track import track
from hub.ports import Channel
from hub.store import inbounds, parties, schema, standing, tasks
from hub.store.unit import Row, Unit
from hub.tracing import span
from schemas.banking.status import PaymentStatus

HAND = "hand"
"""Where something came from that a person handed in."""
DAMAGED = "damaged"
"""The kind of a collected thing whose bytes failed the channel's own check."""
_SOURCE_KEYS = ("endpoint", "host", "folder", "inbox", "inbox_folder", "maildir")
_ACCOUNT_KEYS = ("port", "username", "client_cert", "token")
"""What tells two accounts at one place apart: each has a queue of its own, and names of its own in it."""
_READINGS = 3
"""So often a stored thing may end the process that reads it before it is set aside for a person."""
_SOURCE_LENGTH, _REMOTE_ID_LENGTH, _KIND_LENGTH, _KEY_LENGTH = 80, 200, 60, 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One place to collect from: who, and the name its things are remembered under."""

    partner: Partner
    agreement: Agreement
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of one thing that came in."""

    inbound_id: str
    name: str
    kind: str
    state: str
    note: str


def collect(hub: Hub, tenant: str) -> list[Received]:
    """Fetch from every partner under an agreement; one that does not answer never stops the next."""
    track(hub, tenant)
    done = [_process_again(hub, tenant, row["id"]) for row in _left_over(hub, tenant)]
    for place in _places(hub, tenant):
        try:
            with span("collect", partner=place.partner.name) as told:
                before = len(done)
                _collect_from(hub, tenant, place, hub.open_channel(place.partner, place.agreement), done)
                told["things"] = len(done) - before
        except HubError as error:
            _trouble(hub, tenant, place, error)
        except Exception as error:  # the boundary to a connector: its own mistake stops nobody else
            if _our_database(error):
                raise  # nothing can be stored from anywhere
            broke = ConfigurationError(f"the channel broke ({type(error).__name__})", hint="report it to its maker")
            _trouble(hub, tenant, place, broke)
        else:
            _no_trouble(hub, tenant, place)
    return done


def _process_again(hub: Hub, tenant: str, inbound_id: str) -> Received:
    """Process what an earlier run left behind; what ended several runs is set aside, or it would end them all."""
    with hub.store.unit(tenant) as unit:
        row = inbounds.get(unit, inbound_id)
        readings = int(row["meta"].get("readings", 1)) + 1
        unit.update(schema.inbound, inbound_id, meta=row["meta"] | {"readings": readings})
        if readings > _READINGS and row["state"] == inbounds.STORED:
            _unreadable(unit, row, f"reading it ended the program {_READINGS} times")
    return process(hub, tenant, inbound_id)


def _left_over(hub: Hub, tenant: str) -> list[Row]:
    """Stored by an earlier run that died before it processed them."""
    with hub.store.reading(tenant) as unit:
        return inbounds.waiting(unit)


def _places(hub: Hub, tenant: str) -> Iterator[Collection]:
    """Each place once, although several partners may be reached through it."""
    with hub.store.reading(tenant) as unit:
        country = next((row["country"] for row in hub.store.tenants() if row["id"] == tenant), "NL")
        agreements = parties.agreements(unit, hub.today(country))
    seen: set[str] = set()
    for agreement in agreements:
        partner = hub.registry.partners.get(agreement.partner) or _service(agreement)
        source = _source(partner, agreement)
        if source and source not in seen and partner.channel.kind != "cov":
            seen.add(source)
            if in_window(hub, partner, agreement):
                continue
            yield Collection(partner=partner, agreement=agreement, source=source)


def _service(agreement: Agreement) -> Partner:
    """A counterpart that is no trading partner (our mailbox, our bank): all there is of it is the agreement."""
    channel = ChannelSpec(kind=agreement.channel)
    return Partner(
        name=agreement.partner,
        title=agreement.partner,
        country="",
        kind="service",
        verified=True,
        channel=channel,
    )


def senders(hub: Hub, unit: Unit) -> dict[str, str]:
    """Whose place a source is: the titles of who is reached through it, by the name things are remembered under."""
    found: dict[str, set[str]] = {}
    for agreement in parties.agreements(unit):
        partner = hub.registry.partners.get(agreement.partner) or _service(agreement)
        found.setdefault(_source(partner, agreement), set()).add(partner.title)
    return {source: ", ".join(sorted(titles)) for source, titles in found.items() if source}


def _source(partner: Partner, agreement: Agreement) -> str:
    settings = {**partner.channel.settings, **agreement.settings}
    kind = agreement.channel or partner.channel.kind
    place = "|".join(settings[key] for key in _SOURCE_KEYS if settings.get(key))
    account = "|".join(settings[key] for key in _ACCOUNT_KEYS if settings.get(key))
    mark = f"#{hashlib.sha256(account.encode()).hexdigest()[:12]}" if account else ""
    return _short(f"{kind}:{place}", _SOURCE_LENGTH - len(mark)) + mark if place else ""


def _short(text: str, longest: int) -> str:
    """A name that fits its column and is still another one where the whole is another one."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 17]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _collect_from(hub: Hub, tenant: str, place: Collection, channel: Channel, done: list[Received]) -> None:
    """Take everything one place has; what cannot be confirmed stops nothing and comes again, known by then."""
    unconfirmed: list[HubError] = []
    for item in channel.collect():
        if item.kind == DAMAGED and not item.payload:
            _damaged(hub, tenant, place, item)
            continue
        pieces = [_take(hub, tenant, piece, place.source) for piece in _pieces(_marked(item, place.agreement))]
        done += pieces
        try:
            channel.confirm(item.remote_id)
        except HubError as error:
            unconfirmed.append(error)
            continue
        with hub.store.unit(tenant) as unit:
            for piece in pieces:
                inbounds.mark_confirmed(unit, piece.inbound_id)
            standing.only(unit, f"{_damage(place, item.remote_id)}:", (), {"came_whole": True})
    if unconfirmed:
        raise unconfirmed[0]
    _confirm_again(hub, tenant, place, channel)


def _confirm_again(hub: Hub, tenant: str, place: Collection, channel: Channel) -> None:
    """What an earlier run confirmed and died before it could write so down: the partner offers it no more."""
    with hub.store.reading(tenant) as unit:
        rows = inbounds.unconfirmed(unit, place.source)
    for row in rows:
        channel.confirm(row["remote_id"].partition("!")[0])
        with hub.store.unit(tenant) as unit:
            inbounds.mark_confirmed(unit, row["id"])


def _damaged(hub: Hub, tenant: str, place: Collection, item: Collected) -> None:
    """The channel got bytes that are not what the partner sent: nothing is stored or confirmed, it comes again.

    When it then comes whole the case is closed.
    """
    values = {"source": place.partner.title, "reason": item.meta.get("reason", "damaged on the way")}
    with hub.store.unit(tenant) as unit:
        raise_case(unit, "UNREADABLE", values, key=_short(f"damaged:{place.source}:{item.remote_id}", _KEY_LENGTH))


def _damage(place: Collection, remote_id: str) -> str:
    """How the key of the case about one thing begins: a damaged one is called `damaged:ITS-ID:WHY` by its channel."""
    return f"{DAMAGED}:{place.source}:{DAMAGED}:{remote_id}"


def _marked(item: Collected, agreement: Agreement) -> Collected:
    """Say that the clearing house itself answered, where the agreement's `clearing_when` (NAME=VALUE) recognises it."""
    name, _, value = agreement.settings.get("clearing_when", "").partition("=")
    if not name or item.meta.get(name) != value:
        return item
    return replace(item, meta={**item.meta, "sent_by": "clearing"})


def _pieces(item: Collected) -> list[Collected]:
    """The files of an archive, each under a name of its own; one that cannot be unpacked is stored as it is."""
    try:
        return _told_apart(list(unpack(item)) or [item])
    except ContentError:
        return [item]


def _told_apart(found: Iterable[Collected]) -> list[Collected]:
    times: Counter[str] = Counter()
    pieces: list[Collected] = []
    for piece in found:
        count = times[piece.remote_id]
        pieces.append(replace(piece, remote_id=f"{piece.remote_id}!{count}") if count else piece)
        times[piece.remote_id] += 1
    return pieces


def _take(hub: Hub, tenant: str, item: Collected, source: str) -> Received:
    """Store one thing raw, committed before anything reads it, then process it; known ones are left alone."""
    item = replace(
        item,
        remote_id=_short(item.remote_id, _REMOTE_ID_LENGTH),
        kind=_short(item.kind, _KIND_LENGTH),
        name=log.clean_text(item.name),
    )
    try:
        with hub.store.unit(tenant) as unit:
            known = inbounds.known(unit, source, item.remote_id)
            row = known or inbounds.store(unit, source, item)
    except IntegrityError:
        # Another process stored the same thing between our look and our write (possible on PostgreSQL).
        with hub.store.reading(tenant) as unit:
            known = inbounds.known(unit, source, item.remote_id)
        if known is None:
            raise
        row = known
    if known is None or known["state"] == inbounds.STORED:
        return process(hub, tenant, row["id"])
    return _result(known | {"note": "received before", "state": inbounds.DUPLICATE})


def _trouble(hub: Hub, tenant: str, place: Collection, error: HubError) -> None:
    """What does not pass by itself is for a person, once per place."""
    if isinstance(error, TransientError):
        return
    values = {"name": place.source, "partner": place.partner.title, "reason": str(error)}
    with hub.store.unit(tenant) as unit:
        raise_case(unit, "CONFIGURATION", values, key=f"collect:{place.source}", reopen=True)


def _no_trouble(hub: Hub, tenant: str, place: Collection) -> None:
    with hub.store.unit(tenant) as unit:
        tasks.done(unit, f"collect:{place.source}", {"collected": True})


def receive(hub: Hub, tenant: str, item: Collected, source: str = HAND) -> list[Received]:
    """Take one answer from disk exactly as a collected one; an archive gives one result per file in it."""
    found = list(unpack(item)) or [item]
    masked = (replace(piece, remote_id=log.clean_text(piece.remote_id)) for piece in found)
    return [_take(hub, tenant, piece, source) for piece in _told_apart(masked)]


def process(hub: Hub, tenant: str, inbound_id: str) -> Received:
    """Read one stored thing and apply it in one transaction; a duplicate changes nothing.

    One that breaks us half-way leaves nothing half applied: it is set aside for a person, and its neighbours go on.
    """
    try:
        with hub.store.unit(tenant) as unit:
            row = _locked(unit, inbound_id)
            if row["state"] == inbounds.STORED:
                _process(hub, unit, row)
    except Exception as error:  # the boundary to foreign content: nobody else waits for this one
        if _our_database(error):
            raise  # that says nothing about this thing: it stays stored and is processed next time
        _set_aside(hub, tenant, inbound_id, str(error) if isinstance(error, HubError) else type(error).__name__)
    with hub.store.reading(tenant) as unit:
        done = _result(inbounds.get(unit, inbound_id))
    log.event("received", tenant=tenant, inbound=inbound_id, kind=done.kind, state=done.state)
    return done


def _our_database(error: Exception) -> bool:
    """Whether our own database is in trouble, or has ended our session (as it does to one that slept in the middle)."""
    ended = isinstance(error, DBAPIError) and error.connection_invalidated
    return ended or isinstance(error, (OperationalError, TransientError))


def read_again(hub: Hub, tenant: str, inbound_id: str) -> Received:
    """Process something that could not be read or placed, or was dismissed, after what was missing has been mended.

    Its bytes are as they came. What asked about it is closed, and asks again where it still cannot be placed.
    """
    with hub.store.unit(tenant) as unit:
        row = _locked(unit, inbound_id)
        if row["state"] in _AGAIN:
            unit.update(schema.inbound, inbound_id, state=inbounds.STORED, note="", meta=row["meta"] | {"readings": 1})
            for each in tasks.of_inbound(unit, [inbound_id], inbounds.ASKING):
                tasks.done(unit, each["key"], {"read_again": True})
    return process(hub, tenant, inbound_id)


_AGAIN = (*inbounds.ASIDE, inbounds.DISMISSED)


def _locked(unit: Unit, inbound_id: str) -> Row:
    """The row, which nobody else processes before this transaction ends."""
    row = unit.one(unit.mine(schema.inbound, schema.inbound.c.id == inbound_id).with_for_update())
    if row is None:
        raise LookupError(inbound_id)
    return row


def _set_aside(hub: Hub, tenant: str, inbound_id: str, reason: str) -> None:
    with hub.store.unit(tenant) as unit:
        row = _locked(unit, inbound_id)
        if row["state"] == inbounds.STORED:
            _unreadable(unit, row, f"it could not be applied ({reason})")


def _result(row: Row) -> Received:
    return Received(
        inbound_id=row["id"], name=row["meta"]["name"], kind=row["kind"], state=row["state"], note=row["note"]
    )


def _process(hub: Hub, unit: Unit, row: Row) -> None:
    rules = mail_rules.taught(unit, unit.now.date()) if row["kind"] in _PERHAPS_MAIL else []
    rules += [rule for partner in hub.registry.partners.values() for rule in partner.mail]
    context = AnswerContext(
        name=row["meta"]["name"],
        trusted=row["trusted"],
        meta=_texts_only(row["meta"]),
        mail_rules=rules,
        authserv_ids=[id_ for each in parties.agreements(unit) if (id_ := each.settings.get("authserv_id"))],
    )
    payload = inbounds.payload(unit, row)
    try:
        if specified.take(hub, unit, row, payload):
            return
        kind, said = formats.read(payload, context)
    except ContentError as error:
        _unreadable(unit, row, str(error))
        return
    if kind == "mail":
        own_accounts.told_by_mail(unit, row, payload)
    verdicts = [_apply(hub, unit, row, answer) for answer in said]
    worst = max(verdicts, key=_WEIGHT.index, default=inbounds.PROCESSED)
    note = inbounds.get(unit, row["id"])["note"] or f"{len(said)} read"
    inbounds.close(unit, row["id"], worst, kind=kind, note=note)


_PERHAPS_MAIL = ("", "mail")
_WEIGHT = (inbounds.DUPLICATE, inbounds.PROCESSED, inbounds.TRIAGE, inbounds.QUARANTINE)
"""Of several results of one file the one a person must see counts."""


def _texts_only(meta: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in meta.items()}


def _unreadable(unit: Unit, row: Row, reason: str) -> None:
    values = {"source": row["source"], "reason": reason}
    inbounds.close(unit, row["id"], inbounds.UNREADABLE, note=reason)
    about = About(inbound_id=row["id"])
    raise_case(unit, "UNREADABLE", values, key=f"unreadable:{row['id']}", about=about, reopen=True)


def _apply(hub: Hub, unit: Unit, row: Row, answer: formats.Answer) -> str:
    """Hand one answer to the step that knows its kind; gives the state the inbound ends in."""
    if isinstance(answer, ResponseFile):
        return answers.apply_response(hub, unit, row, answer)
    if isinstance(answer, Acknowledgement):
        return answers.apply_acknowledgement(hub, unit, row, answer)
    if isinstance(answer, Decision):
        return answers.apply_decision(hub, unit, row, answer)
    if isinstance(answer, MailNews):
        return answers.apply_mail(hub, unit, row, answer)
    return _bank(hub, unit, row, answer)


def _bank(hub: Hub, unit: Unit, row: Row, answer: Statement | PaymentStatus) -> str:
    """What our bank says; a payer's place is not the bank, and whoever writes there would pay himself out."""
    if not _may_be_bank(hub, unit, row):
        values = {"source": row["meta"]["name"] or row["source"], "reason": "a bank file, but not from the bank"}
        key = f"unknown:{row['id']}:bank"
        raise_case(unit, "UNKNOWN_ANSWER", values, key=key, about=About(inbound_id=row["id"]), reopen=True)
        return inbounds.TRIAGE
    if isinstance(answer, PaymentStatus):
        return payout_news.apply_status(unit, row, answer)
    return payments.book(hub, unit, row, answer)


def _may_be_bank(hub: Hub, unit: Unit, row: Row) -> bool:
    """Whether these bytes also came from anywhere that is not a payer's alone."""
    payers: dict[str, bool] = {}
    for agreement in parties.agreements(unit):
        partner = hub.registry.partners.get(agreement.partner)
        source = _source(partner or _service(agreement), agreement)
        payers[source] = payers.get(source, True) and partner is not None
    same = inbounds.find(unit, schema.inbound.c.content_key == row["content_key"])
    return not all(payers.get(each["source"], False) for each in same)
