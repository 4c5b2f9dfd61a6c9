"""What a person decides: a held claim goes on, bad lines come out of a refused file, a doubt is settled."""

from __future__ import annotations

from dataclasses import dataclass

from hub import texts
from hub.errors import ConfigurationError
from hub.model.claim import ClaimKind
from hub.model.exchange import ExchangeState
from hub.pipeline import cases, let_go
from hub.pipeline.context import Actor, Hub
from hub.pipeline.correct import way_of, within
from hub.pipeline.finished import PROGRAMME
from hub.pipeline.finished.forward import of_declaration
from hub.pipeline.outcomes import reply_due
from hub.pipeline.replacements import AWAITS_CREDIT
from hub.policy.corrections import WITHDRAWN, Way
from hub.store import access, claims, exchanges, schema, tasks
from hub.store.unit import Row, Unit

CLEARED = "REFUSED_BY_CLEARING"
_WITH_THE_PARTNER = (ExchangeState.SENT, ExchangeState.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a release did: a sentence, how many claims it concerns, and the request that `waits` for a second person."""

    what: str
    claims: int
    waits: int = 0


def release(
    hub: Hub, tenant: str, ref: str, actor: Actor, *, arrived: bool | None = None, evidence: str = ""
) -> Released:
    """Release a claim by its reference, or an exchange by its invoice number or business key.

    `arrived` answers a doubt: True when the partner has the message, False when it certainly has not; `evidence` is
    how the person knows (who said so at the partner, when).
    """
    with hub.store.unit(tenant) as unit:
        row = claims.by_ref(unit, ref)
        exchange = _exchange(unit, ref, row)
        if row is not None and (row["hold_code"] or exchange is None):
            done = _release_claim(unit, row)
        elif exchange is not None:
            done = _release_exchange(hub, unit, exchange, actor, arrived=arrived, evidence=evidence)
        else:
            raise ConfigurationError(f"nothing here is called {ref}", hint="kvitt held lists what waits")
        access.record(unit, actor=actor.name, role=actor.role, action="release", object_=ref)
        return done


def _exchange(unit: Unit, ref: str, row: Row | None) -> Row | None:
    """By its number, else by its key; a Norwegian claim has a message of its own, whatever the two are called."""
    table = schema.exchange
    by_number = exchanges.find(unit, table.c.invoice_number == ref)
    if row is not None and row["country"] == "NO" and row["exchange_id"]:
        return exchanges.get(unit, row["exchange_id"])
    return by_number[-1] if by_number else exchanges.by_business_key(unit, ref)


def _release_claim(unit: Unit, row: Row) -> Released:
    if row["hold_code"] == "WITHDRAWN":
        raise ConfigurationError(f"{row['ref']} was withdrawn", hint="hand the list in again to claim it")
    if row["hold_code"] == AWAITS_CREDIT:
        raise ConfigurationError(
            f"{row['ref']} waits until the credit of {row['corrects']} is accepted",
            hint=f"kvitt why {row['corrects']}; without that credit it would be paid twice",
        )
    if row["programme"] == PROGRAMME:
        return _release_finished(unit, row)
    if row["exchange_id"] is not None and not _undecided(unit, row):
        raise _judged(row["ref"])
    claims.hold(unit, row["id"], "")
    if row["hold_code"] == CLEARED:
        claims.link(unit, [row["id"]], None, "" if row["country"] == "NL" else row["invoice_number"])
    tasks.done(unit, f"hold:{row['ref']}:{row['hold_code']}", {"released": True})
    return Released(what=f"{row['ref']} goes on with the next submission", claims=1)


def _release_finished(unit: Unit, row: Row) -> Released:
    """A finished document goes as a whole: whichever of its claims is released, all of them are."""
    if row["exchange_id"] is not None:
        raise _never_rebuilt(row["ref"])
    rows = of_declaration(unit, row["declaration_id"])
    for each in rows:
        claims.hold(unit, each["id"], "")
        tasks.done(unit, f"hold:{each['ref']}:{each['hold_code']}", {"released": True})
    return Released(what=f"{row['invoice_number']} goes on with the next submission", claims=len(rows))


def _never_rebuilt(ref: str) -> ConfigurationError:
    words = {"ref": ref}
    return ConfigurationError(
        texts.text("FINISHED_NEVER_REBUILT", **words)["en"], hint=texts.action("FINISHED_NEVER_REBUILT", **words)["en"]
    )


def _release_exchange(
    hub: Hub, unit: Unit, exchange: Row, actor: Actor, *, arrived: bool | None, evidence: str
) -> Released:
    state = ExchangeState(exchange["state"])
    lost = state is ExchangeState.SENT and arrived is False and exchange["answered_at"] is None
    if state in _WITH_THE_PARTNER and not lost:
        raise ConfigurationError(
            f"{exchange['name']} is {state.value}: the partner has it",
            hint=f"kvitt why {exchange['invoice_number']} says what it waits for",
        )
    if arrived is not None and state is not ExchangeState.REFUSED:
        return _settle_doubt(hub, unit, exchange, arrived=arrived, evidence=evidence)
    if state is ExchangeState.REFUSED:
        return _send_the_rest(hub, unit, exchange, evidence)
    if state is ExchangeState.FAILED:
        exchanges.force(unit, exchange["id"], ExchangeState.PREPARED, text="released", attempts=0, next_try_at=None)
    elif state is ExchangeState.IN_DOUBT:
        raise ConfigurationError(
            "whether this arrived must be known first", hint="--arrived or --not-arrived, after asking the partner"
        )
    if let_go.rests(exchange):
        return _let_go(unit, exchange, actor, evidence)
    unit.update(schema.exchange, exchange["id"], released=True, next_try_at=None)
    tasks.done_all(unit, exchange["id"], {"released": True})
    return Released(what=f"{exchange['name']} goes out with the next submission", claims=_count(unit, exchange))


def _let_go(unit: Unit, exchange: Row, actor: Actor, reason: str) -> Released:
    """A new file that nobody has let go yet: by one person up to a limit, above it by two."""
    done = let_go.put(unit, [exchanges.get(unit, exchange["id"], lock=True)], actor, reason)
    waits = done.waits[0] if done.waits else 0
    what = "waits for a second person" if waits else "goes out with the next submission"
    return Released(what=f"{exchange['name']} {what}", claims=_count(unit, exchange), waits=waits)


def _settle_doubt(hub: Hub, unit: Unit, exchange: Row, *, arrived: bool, evidence: str) -> Released:
    why = _because(evidence)
    if arrived:
        partner = hub.registry.by_name(exchange["partner"])
        due = reply_due(unit, partner)
        exchanges.change(
            unit, exchange["id"], ExchangeState.SENT, text=f"a person: it arrived{why}", sent_at=unit.now, reply_due=due
        )
    else:
        exchanges.force(
            unit,
            exchange["id"],
            ExchangeState.PREPARED,
            text=f"a person: it did not arrive{why}",
            released=True,
            attempts=0,
            next_try_at=None,
        )
    tasks.done_all(unit, exchange["id"], {"arrived": arrived, "evidence": evidence})
    what = "counts as sent" if arrived else "goes out again with the next submission"
    return Released(what=f"{exchange['name']} {what}", claims=_count(unit, exchange))


def _because(evidence: str) -> str:
    return f": {evidence}" if evidence else ""


def _send_the_rest(hub: Hub, unit: Unit, exchange: Row, evidence: str) -> Released:
    """Everything of a refused file that is not held itself is free again, with the same references (decision 4).

    What a payer has judged is not: its refusal uses references up, and what it granted is not asked for twice. An
    invoice that the network refused goes out under a new number, unless its payer's folder says otherwise (S30). Where
    the refusal named somebody who could not be found, `evidence` says that a person found out.
    """
    if cases.refused_unplaced(unit, exchange) and not evidence:
        raise ConfigurationError(
            f"{exchange['invoice_number']} was refused for something that is none of its lines: nothing goes again",
            hint="find out whom it is about, correct those claims, then kvitt release NUMBER --evidence TEXT",
        )
    rows = claims.find(unit, schema.claim.c.exchange_id == exchange["id"])
    if any(row["programme"] == PROGRAMME for row in rows):
        raise _never_rebuilt(exchange["invoice_number"])
    standing = [row for row in rows if row["hold_code"] != WITHDRAWN]
    if len(standing) == 1 and way_of(hub, unit, standing[0]) is Way.RENUMBER:
        return Released(what=within(hub, unit, standing[0]).message["en"], claims=1)
    free = [row["id"] for row in rows if not row["hold_code"] and _goes_again(hub, unit, row)]
    if not free and not any(row["hold_code"] for row in rows):
        raise _judged(exchange["invoice_number"])
    numbers = {row["id"]: row["invoice_number"] if row["country"] != "NL" else "" for row in rows}
    for claim_id in free:
        claims.link(unit, [claim_id], None, numbers[claim_id])
    tasks.done_all(unit, exchange["id"], {"taken_out": len(rows) - len(free), "sent_again": len(free)})
    exchanges.log(
        unit, exchange["id"], "released", f"{len(free)} of {len(rows)} claims go out again{_because(evidence)}"
    )
    return Released(what=f"{len(free)} of {len(rows)} claims go out with the next submission", claims=len(free))


def _goes_again(hub: Hub, unit: Unit, row: Row) -> bool:
    """Nobody has judged it; an invoice that was paid, or that the payer has after all, does not go out again."""
    if row["kind"] == ClaimKind.CREDIT.value:
        return _undecided(unit, row)
    return _undecided(unit, row) and way_of(hub, unit, row) is not None


def _undecided(unit: Unit, row: Row) -> bool:
    return all(line["verdict"] in ("open", "presumed_ok") for line in claims.lines(unit, [row["id"]]))


def _judged(ref: str) -> ConfigurationError:
    return ConfigurationError(
        f"the payer has judged {ref}: nothing of it is sent again under the same references",
        hint="correct what was refused and claim it anew",
    )


def _count(unit: Unit, exchange: Row) -> int:
    return len(claims.find(unit, schema.claim.c.exchange_id == exchange["id"]))
