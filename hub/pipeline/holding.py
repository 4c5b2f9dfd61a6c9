"""A person stops a claim before it leaves, with a reason, or takes one off for good; `release` lets it go on."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import ConfigurationError
from hub.log import clean_text
from hub.model.exchange import ExchangeState
from hub.pipeline import cases, replacements
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.finished import PROGRAMME
from hub.pipeline.finished.forward import of_declaration
from hub.pipeline.intake import withdraw
from hub.pipeline.replacements import AWAITS_CREDIT, UNDO_WINDOW
from hub.policy.corrections import WITHDRAWN
from hub.store import access, claims, exchanges, schema, tasks
from hub.store.unit import Row, Unit

HELD_BY_PERSON = "HELD_BY_PERSON"
_STUCK = (ExchangeState.REFUSED, ExchangeState.FAILED)


def hold(hub: Hub, tenant: str, ref: str, reason: str, actor: Actor) -> None:
    """Stop a claim that certainly has not left; RefusedError with the reason where it has, or is held already."""
    if not reason.strip():
        raise ConfigurationError("why it is held must be said", hint="--reason TEXT")
    with hub.store.unit(tenant) as unit:
        row = _claim(unit, ref)
        if row["hold_code"] not in ("", UNDO_WINDOW):  # what ends by itself stops nothing for good
            raise RefusedError("HOLD_ALREADY", ref=ref, code=row["hold_code"])
        rows = _whole_document(unit, row)
        if not all(replacements.lies_here(unit, each) for each in rows):
            raise RefusedError("HOLD_GONE", ref=ref, payer=row["payer_name"] or row["payer"])
        _take_out(unit, rows)
        cases.hold(unit, rows, HELD_BY_PERSON, by=actor.name, reason=clean_text(reason.strip()))
        access.record(unit, actor=actor.name, role=actor.role, action="hold", object_=f"claim/{ref}")


def exclude(hub: Hub, tenant: str, ref: str, reason: str, actor: Actor) -> None:
    """Take a claim back that nobody was sent, for good: its money is withdrawn, its history stays.

    A finished document is left out as a whole: its bytes name all of its claims.
    """
    if not reason.strip():
        raise ConfigurationError("why it is left out must be said", hint="give a reason")
    with hub.store.unit(tenant) as unit:
        row = _claim(unit, ref)
        if row["hold_code"] in (WITHDRAWN, AWAITS_CREDIT):
            raise RefusedError("HOLD_ALREADY", ref=ref, code=row["hold_code"])
        rows = _whole_document(unit, row)
        if not all(_never_taken(unit, each) for each in rows):
            raise RefusedError("HOLD_GONE", ref=ref, payer=row["payer_name"] or row["payer"])
        _take_out(unit, [each for each in rows if replacements.lies_here(unit, each)])
        words = clean_text(reason.strip())
        for each in rows:
            tasks.done(unit, f"hold:{each['ref']}:{each['hold_code']}", {"excluded": words, "by": actor.name})
            withdraw(unit, each, source=f"exclude:{each['id']}", reason=words)
            replacements.left_out(unit, each)
            _end_message(unit, each["exchange_id"], words)
        access.record(unit, actor=actor.name, role=actor.role, action="exclude", object_=f"claim/{ref}")


def _claim(unit: Unit, ref: str) -> Row:
    row = claims.by_ref(unit, ref)
    if row is None:
        raise ConfigurationError(f"no claim {ref}", hint="kvitt status lists them")
    return row


def _whole_document(unit: Unit, row: Row) -> list[Row]:
    """A finished document goes, and stays, as a whole."""
    return of_declaration(unit, row["declaration_id"]) if row["programme"] == PROGRAMME else [row]


def _take_out(unit: Unit, rows: Sequence[Row]) -> None:
    """Once for each message."""
    for row in {row["exchange_id"]: row for row in rows}.values():
        replacements.take_out(unit, row)


def _end_message(unit: Unit, exchange_id: str | None, words: str) -> None:
    """A message none of whose claims stands any more is nobody's case."""
    table = schema.claim
    if exchange_id and not claims.find(unit, table.c.exchange_id == exchange_id, table.c.hold_code != WITHDRAWN):
        tasks.done_all(unit, exchange_id, {"excluded": words})


def _never_taken(unit: Unit, row: Row) -> bool:
    """Nobody has judged it, and it never left, or was refused on the way unseen."""
    if any(line["verdict"] != "open" for line in claims.lines(unit, [row["id"]])):
        return False
    if replacements.at_rest(unit, row):
        return True
    exchange = exchanges.get(unit, row["exchange_id"])
    return ExchangeState(exchange["state"]) in _STUCK and not cases.seen_by_payer(unit, row)
