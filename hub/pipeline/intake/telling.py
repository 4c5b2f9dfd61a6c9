"""What of a list needs a person: rows that are held, a refused file, people who are gone, or on two lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hub import texts
from hub.pipeline.cases import About, claim_values, claimed, raise_case
from hub.pipeline.intake.judged import IntakeRequest, Judged
from hub.programmes.outcome import HOLD
from hub.store import claims, declarations, tasks
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit

_VANISHED, _CHANGED = "VANISHED_FROM_LIST", "PERSONS_CHANGED"


def tell(unit: Unit, organisation: Organisation, request: IntakeRequest, judged: Judged, declaration_id: str) -> None:
    """What of a list needs a person: rows that are held, a difference after submission, a refused file."""
    if judged.replaces is not None:
        for key in (f"declaration:{judged.replaces}", f"declaration:{judged.replaces}:{_CHANGED}"):
            tasks.done(unit, key, {"replaced_by": declaration_id})
    held = [outcome for outcome in judged.outcomes if outcome.outcome == HOLD]
    changed = judged.code == _CHANGED
    said = "" if changed else judged.code
    code = "LIST_REFUSED" if judged.state == declarations.REFUSED else said or ("ROWS_HELD" if held else "")
    if not code and not changed:
        return
    codes = Counter(outcome.code for outcome in held)
    values = {
        "practice": organisation.code,
        "module": request.module or texts.list_kind(request.programme),
        "period": request.period or f"{unit.now:%Y-%m-%d}",
        "count": len(held),
        "codes": _counted(codes),
        "reason": _refusal(judged),
        "added": 0,
        "removed": 0,
        "changed": 0,
        **judged.facts,
    }
    about = About(evidence={"declaration": declaration_id})
    if code:
        raise_case(unit, code, values, key=f"declaration:{declaration_id}", about=about)
    if changed:
        raise_case(unit, _CHANGED, values, key=f"declaration:{declaration_id}:{_CHANGED}", about=about)


def _counted(codes: Mapping[str, int]) -> dict[str, str]:
    """How many rows wait for which reason, in every language."""
    said = [(count, texts.cause(code)) for code, count in sorted(codes.items())]
    return {name: ", ".join(f"{count} × {words[name]}" for count, words in said) for name in texts.LANGUAGES}


def _refusal(judged: Judged) -> dict[str, str]:
    """Why a list was refused, with the columns that are the reason."""
    columns = [texts.spoken(name) for name in judged.facts.get("columns", ())]
    words = texts.cause(judged.code)
    return {name: f"{words[name]} {', '.join(one[name] for one in columns)}".strip() for name in texts.LANGUAGES}


def ask_about_vanished(unit: Unit, organisation: Organisation, judged: Judged) -> None:
    """One case per claim that may have to go back; it closes when the claim is credited, or the person is back."""
    gone = {row["ref"] for row in judged.vanished}
    for task in tasks.open_tasks(unit):
        if judged.replaces and task["kind"] == _VANISHED.lower() and task["claim_ref"] not in gone:
            row = claims.by_ref(unit, task["claim_ref"])
            if row is not None and row["id"] in judged.kept:
                tasks.done(unit, task["key"], {"on_the_list_again": True})
    for row in judged.vanished:
        values = claim_values(unit, row) | {"practice": organisation.code}
        about = About(claim_ref=row["ref"], exchange_id=row["exchange_id"], amount=claimed(unit, row))
        raise_case(unit, _VANISHED, values, key=f"{_VANISHED.lower()}:{row['ref']}", about=about, reopen=True)


def doubt(unit: Unit, row: Row, request: IntakeRequest) -> None:
    """Hold a claim of another practice for a person who is on two lists; neither practice is named to the other."""
    code = "CLAIMED_ELSEWHERE"
    claims.hold(unit, row["id"], code)
    values = {"ref": row["ref"], "module": request.module, "period": request.period}
    about = About(claim_ref=row["ref"])
    raise_case(unit, code, values, key=f"hold:{row['ref']}:{code}", kind="held", about=about, reopen=True)
