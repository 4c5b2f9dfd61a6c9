"""One correction for many claims of one cause, held back until nobody wants it undone any more.

Every claim is corrected by itself (`hub.pipeline.correct`), as its state allows, in small transactions; what that makes
is held under `UNDO_WINDOW`, so that nothing of it can leave. An undo takes it back and puts the claims where they were;
a release lets it go with the next submission. Money is conserved at every moment: a claim that was withdrawn for its
corrected self is claimed again as it was, under its own number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub import log
from hub.errors import ConfigurationError, HubError
from hub.ledger.accounts import ledger_lines
from hub.ledger.postings import claim_raised
from hub.model.claim import Claim
from hub.pipeline import correct, replacements
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import NIGHT, Actor, Hub
from hub.pipeline.correct import Corrected
from hub.pipeline.intake import withdraw
from hub.pipeline.rehearsal import Rehearsed, rehearse_all
from hub.pipeline.replacements import REISSUED, UNDO_WINDOW, put_aside
from hub.policy.corrections import WITHDRAWN
from hub.programmes.corrections import Changes
from hub.store import access, claims, exchanges, money, schema, support, tasks
from hub.store.support import NewItem
from hub.store.unit import Row, Unit, new_id

UNDO_FOR = timedelta(minutes=30)
"""How long a fix may be undone before it goes out with the next submission."""
MOST = 500
"""So many claims at most in one fix; of a cause with more the others wait for the next."""
_TOGETHER = 25
_MARKS = ("reissue",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What an undo or a release came to: how many claims, and how many somebody had changed before."""

    claims: int
    left: int


def preview(hub: Hub, tenant: str, refs: Sequence[str], changes: Changes) -> list[Rehearsed]:
    """What the fix would do to each claim; nothing of it stays."""
    return [one for part in _parts(refs) for one in rehearse_all(hub, tenant, part, changes)]


def apply(
    hub: Hub, tenant: str, refs: Sequence[str], changes: Changes, actor: Actor, *, cause: str = "", payer: str = ""
) -> str:
    """Correct every claim that its state lets be corrected and hold what comes of it; gives the fix's id."""
    if not refs or len(refs) > MOST:
        raise ConfigurationError(f"{len(refs)} claims cannot be corrected at once", hint=f"between 1 and {MOST}")
    with hub.store.unit(tenant) as unit:
        fix_id = support.add_fix(
            unit,
            cause=cause,
            payer=payer,
            changes={"fields": sorted(name for _, name in changes.values), "digest": changes.digest},
            by=actor.name,
            role=actor.role,
            until=unit.now + UNDO_FOR,
        )
        access.record(unit, actor=actor.name, role=actor.role, action="fix-many", object_=f"bulk-fix/{fix_id}")
    for part in _parts(refs):
        with hub.store.unit(tenant) as unit:
            for ref in part:
                support.add_item(unit, fix_id, _fixed(hub, unit, ref, changes, actor))
    log.event("fixed many", tenant=tenant, fix=fix_id, claims=len(refs))
    return fix_id


def release(hub: Hub, tenant: str, fix_id: str, actor: Actor = NIGHT) -> Ended:
    """Let what a fix made go out with the next submission; nothing is undone after this."""
    with hub.store.unit(tenant) as unit:
        _held_fix(unit, fix_id)
        done = [_released(unit, item) for item in support.items(unit, fix_id, support.HELD)]
        support.end_fix(unit, fix_id, support.RELEASED, actor.name)
        access.record(unit, actor=actor.name, role=actor.role, action="release", object_=f"bulk-fix/{fix_id}")
    return Ended(claims=sum(done), left=len(done) - sum(done))


def release_due(hub: Hub, tenant: str) -> int:
    """Release every fix whose time to undo is over; gives how many."""
    with hub.store.reading(tenant) as unit:
        due = [row["id"] for row in support.fixes_due(unit)]
    for fix_id in due:
        try:
            release(hub, tenant, fix_id)
        except RefusedError:
            log.event("fix ended by somebody else", tenant=tenant, fix=fix_id)
    return len(due)


def undo(hub: Hub, tenant: str, fix_id: str, actor: Actor) -> Ended:
    """Take everything back that a fix made and that has not left; the claims stand as they stood before."""
    with hub.store.reading(tenant) as unit:
        _held_fix(unit, fix_id)
        waiting = [item["id"] for item in support.items(unit, fix_id, support.HELD)]
    done: list[bool] = []
    for part in _parts(waiting):
        with hub.store.unit(tenant) as unit:
            _held_fix(unit, fix_id)
            there = [item for item in support.items(unit, fix_id, support.HELD) if item["id"] in part]
            done += [_undone(unit, item) for item in there]
    with hub.store.unit(tenant) as unit:
        support.end_fix(unit, fix_id, support.UNDONE, actor.name)
        access.record(unit, actor=actor.name, role=actor.role, action="undo", object_=f"bulk-fix/{fix_id}")
    log.event("fix undone", tenant=tenant, fix=fix_id, claims=sum(done))
    return Ended(claims=sum(done), left=len(done) - sum(done))


def _held_fix(unit: Unit, fix_id: str) -> Row:
    row = support.fix(unit, fix_id)
    if row is None:
        raise ConfigurationError("no such fix")
    if row["state"] != support.HELD:
        raise RefusedError("FIX_ENDED", by=row["ended_by"], at=f"{row['ended_at']:%Y-%m-%d %H:%M}")
    return row


def _parts(refs: Sequence[str]) -> Iterator[Sequence[str]]:
    return (refs[start : start + _TOGETHER] for start in range(0, len(refs), _TOGETHER))


def _fixed(hub: Hub, unit: Unit, ref: str, changes: Changes, actor: Actor) -> NewItem:
    """One claim of a fix: corrected and held, or the reason why it is left out."""
    row = claims.by_ref(unit, ref)
    if row is None:
        raise ConfigurationError(f"no claim {ref}")
    before = tasks.open_of(unit, ref, row["exchange_id"])
    stood = {each["ref"] for each in replacements.standing(unit, ref)}
    try:
        with unit.connection.begin_nested():
            done = correct.within(hub, unit, row, changes)
            made = {} if done.again else _hold(unit, done, stood)
    except HubError as error:
        return NewItem(claim_ref=ref, claim_id=row["id"], way="", state=support.REFUSED, note=error.message)
    if done.again:
        words = done.message["en"]
        return NewItem(claim_ref=ref, claim_id=row["id"], way=done.way.value, state=support.REFUSED, note=words)
    after = tasks.open_of(unit, ref, row["exchange_id"])
    access.record(unit, actor=actor.name, role=actor.role, action="correct", object_=f"claim/{ref}")
    return NewItem(
        claim_ref=ref,
        claim_id=row["id"],
        way=done.way.value,
        state=support.HELD,
        made=made,
        former={name: row[name] for name in ("business_key", "hold_code", "exchange_id", "invoice_number")},
        tasks=sorted(before.keys() - after.keys()),
    )


def _hold(unit: Unit, done: Corrected, stood: Collection[str]) -> dict[str, str]:
    """Keep back what the correction made (not a credit that stood before); what waits for a credit does so anyway."""
    made: dict[str, str] = {}
    for kind, ref in (("credit", done.credit), ("replacement", done.replacement)):
        row = claims.by_ref(unit, ref) if ref and ref not in stood else None
        if row is not None:
            made[kind] = row["id"]
            if not row["hold_code"]:
                claims.hold(unit, row["id"], UNDO_WINDOW)
    return made


def _made(unit: Unit, item: Row) -> list[Row]:
    rows = {row["id"]: row for row in claims.by_ids(unit, list(item["made"].values()))}
    return [rows[made] for made in item["made"].values() if made in rows]


def _released(unit: Unit, item: Row) -> bool:
    """Only what still waits for just this goes on: what was held for another reason since stays held."""
    waiting = [row for row in _made(unit, item) if row["hold_code"] == UNDO_WINDOW]
    for row in waiting:
        claims.hold(unit, row["id"], "")
    untouched = all(row["hold_code"] != WITHDRAWN for row in _made(unit, item))
    support.set_item(unit, item["id"], support.RELEASED if untouched else support.LEFT)
    return untouched


def _undone(unit: Unit, item: Row) -> bool:
    """Take back what was made, as long as nobody sent it or corrected it again; else what is left of it goes on."""
    made = _made(unit, item)
    rows = [row for row in made if row["hold_code"] != WITHDRAWN]
    here = all(replacements.lies_here(unit, row) for row in rows)
    if not rows or not here or any(_lives_on(unit, row) for row in made if row["hold_code"] == WITHDRAWN):
        for row in rows:
            if row["hold_code"] == UNDO_WINDOW:
                claims.hold(unit, row["id"], "")
        support.set_item(unit, item["id"], support.LEFT)
        return False
    for row in rows:
        replacements.take_out(unit, row)
        tasks.done(unit, f"hold:{row['ref']}:{row['hold_code']}", {"undone": True})
        withdraw(unit, row, source=f"undo:{row['id']}", reason="the fix was undone")
    _restore(unit, item, rows)
    tasks.reopen(unit, item["tasks"])
    replacements.stands_alone(unit, item["claim_ref"])
    support.set_item(unit, item["id"], support.UNDONE)
    return True


def _lives_on(unit: Unit, row: Row) -> bool:
    """Whether something stands in the place of what was taken back: it was corrected again, not left out."""
    return REISSUED in row["ref"] or bool(replacements.standing(unit, row["ref"]))


def _restore(unit: Unit, item: Row, made: Sequence[Row]) -> None:
    """A claim that was withdrawn for its corrected self is claimed again as it was, in its own place."""
    (old,) = claims.by_ids(unit, [item["claim_id"]])
    if old["hold_code"] != WITHDRAWN:
        return
    (claim,) = claims.load(unit, [old])
    for row in (*made, old):
        if row["ref"] == item["claim_ref"]:
            unit.update(schema.claim, row["id"], ref=put_aside(row))
    fresh = _anew(claim, item)
    former = item["former"]
    claims.add_again(unit, fresh, old, business_key=former["business_key"], hold_code=former["hold_code"])
    claims.link(unit, [fresh.id], *_place(unit, former, old["country"]))
    money.post(unit, claim_raised(*ledger_lines(fresh), at=unit.now, source=f"undo:{item['id']}"))


def _place(unit: Unit, former: Row, country: str) -> tuple[str | None, str]:
    """The message it was in and its number, or none: where the rest of a refused file was let go, it goes too."""
    exchange_id, number = former["exchange_id"], former["invoice_number"]
    free = bool(exchange_id) and not former["hold_code"]
    if not free or all(entry["kind"] != "released" for entry in exchanges.history(unit, exchange_id)):
        return exchange_id, number
    return None, "" if country == "NL" else number


def _anew(claim: Claim, item: Row) -> Claim:
    lines = tuple(replace(line, id=new_id()) for line in claim.lines)
    kept = {name: value for name, value in claim.references.items() if name not in _MARKS}
    return replace(claim, id=new_id(), ref=item["claim_ref"], references=kept, lines=lines)
