"""Organisations: our own, each below the one it belongs to, with modules and papers; added or changed one by one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.intake.cells import Cells
from hub.intake.party_lists import KINDS, organisation_row, practice_row
from hub.model.finding import Finding
from hub.pipeline import onboarding
from hub.store import parties
from hub.store.parties import Organisation
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import page
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit

SCREEN = Screen(name="organisations", path="/organisations", needs=Permission.ADMIN, group="admin", order=10)
router = APIRouter()
_FIELDS = ("name", "email", "invoice_email", "street", "postal_code", "city", "legal_form", "system")
_TEXT = Annotated[str, Form(max_length=200)]


@router.get("/organisations")
def listing(visit: Visiting) -> Response:
    """The tree."""
    return page(visit, "organisations/list.html", tree=_tree(visit), kinds=KINDS, values={}, findings=[])


@router.post("/organisations")
def add(
    visit: Visiting,
    kind: _TEXT,
    code: _TEXT,
    name: _TEXT = "",
    parent: _TEXT = "",
    email: _TEXT = "",
    system: _TEXT = "",
) -> Response:
    """Add one; the bank account is not set here, because that takes two persons."""
    values = {"kind": kind, "code": code, "name": name, "parent": parent, "email": email, "system": system}
    cells = Cells(1, values)
    row = organisation_row(cells, visit.country)
    findings: list[Finding] = list(cells.findings)
    if cells.good:
        with visit.unit() as unit:
            findings += onboarding.put_organisations(unit, [row], visit.country, visit.actor).findings
    if findings:
        shown = {"tree": _tree(visit), "kinds": KINDS, "values": values, "findings": findings}
        return page(visit, "organisations/list.html", status=422, **shown)
    return done(f"/organisations/{code}", "stored")


@router.get("/organisations/{code}")
def one(visit: Visiting, code: str) -> Response:
    """One with its modules and papers."""
    return _one(visit, code)


@router.post("/organisations/{code}/module")
def module(
    visit: Visiting,
    code: str,
    module: _TEXT,
    first_quarter: _TEXT,
    agreement_date: _TEXT = "",
    consent_date: _TEXT = "",
) -> Response:
    """Put a practice into a module, or change what is known of it there."""
    found = _found(visit, code)
    values = {"agb": code, "name": found.party.name, "mail": found.party.email, "system": found.system}
    values |= {"module": module, "first_quarter": first_quarter}
    values |= {"agreement_date": agreement_date, "consent_date": consent_date, "iban": "", "care_group": ""}
    cells = Cells(1, values)
    row = practice_row(cells)
    findings: list[Finding] = list(cells.findings)
    if cells.good:
        with visit.unit() as unit:
            findings += onboarding.put_practices(unit, [row], visit.actor).findings
    if findings:
        return _one(visit, code, status=422, findings=findings)
    return done(f"/organisations/{code}", "stored")


def _one(visit: Visit, code: str, *, status: int = 200, findings: list[Finding] | None = None) -> Response:
    found = _found(visit, code)
    with visit.reading() as unit:
        modules = parties.participations(unit, found.id)
    return page(
        visit, "organisations/one.html", status=status, one=found, modules=modules.values(), findings=findings or []
    )


def _found(visit: Visit, code: str) -> Organisation:
    with visit.reading() as unit:
        found = next((one for one in parties.organisations(unit) if one.code == code), None)
    if found is None:
        raise Absent("organisation", code)
    return found


def _tree(visit: Visit) -> list[tuple[int, Organisation]]:
    """Every organisation with its depth, each right below the one it belongs to."""
    with visit.reading() as unit:
        found = parties.organisations(unit)
    ids = {one.id for one in found}
    below: dict[str, list[Organisation]] = {}
    for one in found:
        below.setdefault(one.parent_id if one.parent_id in ids and one.parent_id else "", []).append(one)
    ordered: list[tuple[int, Organisation]] = []
    waiting = [(0, one) for one in reversed(below.get("", []))]
    while waiting:
        depth, one = waiting.pop()
        ordered.append((depth, one))
        waiting += [(depth + 1, child) for child in reversed(below.get(one.id, []))]
    return ordered
