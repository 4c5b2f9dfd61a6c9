"""Finding one claim and saying in one sentence where it is, what is due when, and who must act."""

from __future__ import annotations

from typing import Any

from hub.errors import HubError
from hub.pipeline import replacements, worklist
from hub.pipeline.context import Actor, Hub
from hub.pipeline.replacements import AWAITS_CREDIT
from hub.pipeline.views import ClaimView, claim_views
from hub.store import access, claims, declarations, exchanges, inbounds, schema, tasks
from hub.store.support import REFUSALS
from hub.store.unit import Row, Unit
from hub.texts import text


def find(unit: Unit, ref: str, actor: Actor) -> list[ClaimView]:
    """Claims by their reference, file number or case; looking is logged."""
    table = schema.claim
    rows = claims.find(unit, table.c.ref == ref)
    rows = rows or claims.find(unit, (table.c.invoice_number == ref) | (table.c.case_ref == ref))
    if rows:
        access.record(unit, actor=actor.name, role=actor.role, action="view", object_=f"claim/{ref}")
    return claim_views(unit, rows) if rows else []


def unknown(ref: str) -> HubError:
    """The error for a reference nobody has."""
    return HubError(f"nothing here is called {ref}", hint="kvitt status lists every claim")


def why(hub: Hub, unit: Unit, view: ClaimView) -> dict[str, str]:
    """The sentence in every language, and who acts (`acts`: a role of ours, provider, payer, hub, nobody)."""
    waiting = tasks.of_claims(unit, [view.ref])
    if waiting:
        said = {name: f"{_ended(waiting[0]['text'][name])} {waiting[0]['action'][name]}" for name in ("en", "nb", "nl")}
        return {**said, "acts": acts_on(hub, waiting[0], view.payer)}
    row = claims.by_ref(unit, view.ref)
    code, acts, by = _corrected(unit, view) or (*standing_of(view), "")
    partner = hub.registry.partners.get(view.payer)
    values = {
        "ref": view.ref,
        "payer": partner.title if partner else view.payer or view.payer_code,
        "due": view.reply_due or "?",
        "hold": view.hold,
        "granted": view.money.granted,
        "refused": view.money.refused,
        "outstanding": view.money.outstanding,
        "open": view.money.open,
        "file": view.invoice_number,
        "by": by,
        "corrects": row["corrects"] if row else "",
    }
    return {**text(code, **values), "acts": acts}


def _ended(said: str) -> str:
    """With its full stop, for a sentence follows: a partner's meaning of its own code often has none."""
    return said if said.endswith((".", "!", "?", ":")) else f"{said}."


def acts_on(hub: Hub, task: Row, payer: str) -> str:
    """Whose turn it is while a task waits: of a refusal as the work list says it, else it is ours."""
    return worklist.who_acts(hub, task["cause"], payer) if task["kind"] in REFUSALS else worklist.SUPPORT


def _corrected(unit: Unit, view: ClaimView) -> tuple[str, str, str] | None:
    """The sentence for a claim that another one has taken the place of, or that was taken back for nothing."""
    others = replacements.standing(unit, view.ref)
    live = [each["ref"] for each in others if each["kind"] == "debit" and each["hold_code"] != AWAITS_CREDIT]
    if live:
        return "WHY_CORRECTED", "nobody", live[-1]
    back = [each["ref"] for each in others if each["kind"] == "credit" and replacements.owes_nothing(unit, each)]
    return ("WHY_TAKEN_BACK", "nobody", back[-1]) if back else None


_HELD = {"WITHDRAWN": ("WHY_WITHDRAWN", "nobody"), AWAITS_CREDIT: ("WHY_AWAITS_CREDIT", "payer")}


def standing_of(view: ClaimView) -> tuple[str, str]:
    """Which sentence fits (a code of `texts.toml`), and who acts (support, payer, hub or nobody)."""
    if view.hold:
        return _HELD.get(view.hold, ("WHY_HELD", "support"))
    if view.transport == "ready":
        return "WHY_READY", "hub"
    if view.transport in ("prepared", "sending"):
        return "WHY_SENDING", "hub"
    if view.transport in ("refused", "failed", "in_doubt"):
        return "WHY_STOPPED", "support"
    return _answered(view)


def _answered(view: ClaimView) -> tuple[str, str]:
    if view.decision == "presumed_ok":
        return "WHY_PRESUMED", "payer"
    if view.money.outstanding.minor:
        return "WHY_UNPAID", "payer"
    if view.money.open.minor:
        return ("WHY_PARTLY", "payer") if view.money.granted.minor else ("WHY_WAITING", "payer")
    if view.money.granted.minor:
        return "WHY_SETTLED", "nobody"
    if view.kind == "credit" and view.country == "NO" and view.decision != "refused":
        return "WHY_CREDIT_NOTE", "nobody"
    return "WHY_REFUSED", "support"


def held(unit: Unit) -> list[dict[str, Any]]:
    """Held rows of lists in force, held claims, and files that wait for release."""
    found: list[dict[str, Any]] = []
    for declaration in declarations.recent(unit):
        if declaration["state"] in (declarations.CURRENT, declarations.HELD):
            found += [
                _held_row(row) for row in declarations.rows_of(unit, declaration["id"]) if row["outcome"] == "hold"
            ]
    for row in claims.find(unit, schema.claim.c.hold_code.not_in(["", "WITHDRAWN"])):
        found.append({"what": "claim", "ref": row["ref"], "code": row["hold_code"], "why": _task_text(unit, row)})
    for row in exchanges.find(unit, schema.exchange.c.released.is_(False)):
        found.append({"what": "file", "ref": row["invoice_number"], "code": "RELEASE", "why": {"en": row["name"]}})
    return found


def _held_row(row: Row) -> dict[str, Any]:
    return {"what": "row", "ref": f"line {row['line']}", "code": row["code"], "why": row["message"]}


def _task_text(unit: Unit, row: Row) -> dict[str, str]:
    waiting = tasks.of_claims(unit, [row["ref"]])
    if row["hold_code"] == AWAITS_CREDIT:
        return text("WHY_AWAITS_CREDIT", ref=row["ref"], payer=row["payer_name"], corrects=row["corrects"])
    return dict(waiting[0]["text"]) if waiting else {"en": row["hold_code"]}


def export(unit: Unit, ref: str, actor: Actor) -> dict[str, bytes]:
    """The file a claim went out in and every answer to it, by file name; the access log records it."""
    table = schema.claim
    rows = claims.find(unit, (table.c.ref == ref) | (table.c.invoice_number == ref) | (table.c.case_ref == ref))
    files: dict[str, bytes] = {}
    for exchange_id in dict.fromkeys(row["exchange_id"] for row in rows if row["exchange_id"]):
        exchange = exchanges.get(unit, exchange_id)
        files[exchange["name"]] = exchanges.message(unit, exchange).payload
        for number, row in enumerate(inbounds.find(unit, schema.inbound.c.exchange_id == exchange_id), start=1):
            files[f"answer-{number:02d}-{row['kind'] or 'unread'}"] = inbounds.payload(unit, row)
    if rows:
        access.record(unit, actor=actor.name, role=actor.role, action="export", object_=f"claim/{ref}")
    return files
