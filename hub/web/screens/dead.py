"""Dead letter: what nothing happens to any more, both ways, by cause; started again one by one or by cause."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.errors import HubError
from hub.pipeline import exchanges
from hub.pipeline.exchanges import Dead
from hub.web.errors import Absent
from hub.web.guard import Visiting, needs
from hub.web.pages import page
from hub.web.parts.refusals import in_one
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen

SCREEN = Screen(name="dead", path="/dead", group="traffic", order=20)
router = APIRouter()


@router.get("/dead")
def listing(visit: Visiting) -> Response:
    """What is dead, grouped by partner and reason."""
    with visit.reading() as unit:
        found = exchanges.dead(unit)
    groups: dict[tuple[str, str, str], list[Dead]] = {}
    for one in found:
        groups.setdefault((one.kind, one.partner, one.reason), []).append(one)
    return page(visit, "dead/list.html", groups=sorted(groups.items(), key=lambda group: -len(group[1])))


@router.post("/dead", dependencies=[Depends(needs(Permission.RUN))])
def redrive(visit: Visiting, ids: Annotated[list[str] | None, Form()] = None) -> Response:
    """Start again what was ticked; one that fails again stays, and the others go on.

    What somebody else started meanwhile is dead no more: it is left, and does not keep the others back.
    """
    if not ids:
        return done("/dead", "choose_some")
    with visit.reading() as unit:
        known = {one.id: one for one in exchanges.dead(unit)}
    chosen = [one for one in dict.fromkeys(ids) if one in known]
    if not chosen:
        raise Absent("dead", "".join(ids)[:60])
    failed = []
    for one in chosen:
        try:
            exchanges.redrive(visit.hub, visit.tenant, known[one], visit.actor)
        except HubError as error:
            failed.append(f"{known[one].ref}: {in_one(error, visit.language)}")
    if failed:
        return done("/dead", "some_failed", n=len(chosen) - len(failed), failed="; ".join(failed)[:600])
    return done("/dead", "started", n=len(chosen))
