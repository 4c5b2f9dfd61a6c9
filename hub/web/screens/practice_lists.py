"""Lists that were handed in: the receipt, what became of every row in words, and the money."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from hub.pipeline.intake import stored_outcome
from hub.pipeline.portal import HandedIn, handed_in
from hub.programmes.outcome import shown_as
from hub.store import portal
from hub.store.unit import Row, Unit, short_id
from hub.web.errors import Absent
from hub.web.guard import Visiting
from hub.web.pages import named_list, page
from hub.web.parts.places import cursor, place
from hub.web.parts.results import results_of
from hub.web.roles import Permission
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word
from mappings.tables import CSV_TYPE, Cell, to_csv

SCREEN = Screen(
    name="practice_lists",
    path="/practice/lists",
    needs=Permission.HAND_IN,
    group="practice",
    order=30,
    country="NL",
)
router = APIRouter()
_PAGE, _ROWS = 25, 100
_WAITING = ("hold", "reject")
_EXPORTED = 1_000


@router.get("/practice/lists")
def listing(visit: Visiting, after: str = "") -> Response:
    """What was handed in, newest first."""
    with visit.reading() as unit:
        found = portal.lists(unit, after=place(after), most=_PAGE)
        shown = handed_in(unit, found.rows)
    following = ""
    if found.next is not None:
        following = f"/practice/lists?{urlencode({'after': cursor(found.next)})}"
    visit.saw("read", "practice/lists")
    return page(visit, "practice_lists/list.html", lists=shown, next_url=following)


@router.get("/practice/lists/{declaration}")
def one(visit: Visiting, declaration: str, kind: str = "", after: int = 0) -> Response:
    """One list: receipt, counts, money, and a page of its rows with what became of them."""
    with visit.reading() as unit:
        head = _head(unit, declaration)
        outcomes = _WAITING if kind == "problems" else ()
        found = portal.rows(unit, declaration, outcomes=outcomes, after=max(after, 0), most=_ROWS)
        results = results_of(visit.hub, unit, found.rows)
    visit.saw("read", f"declaration/{declaration}")
    following = ""
    if found.next is not None:
        following = f"/practice/lists/{declaration}?{urlencode({'kind': kind, 'after': found.next})}"
    return page(
        visit,
        "practice_lists/one.html",
        one=head,
        rows=found.rows,
        results=results,
        kind=kind,
        next_url=following,
    )


@router.get("/practice/lists/{declaration}/receipt")
def receipt(visit: Visiting, declaration: str) -> Response:
    """The receipt as a small text to keep: what, when, and the digest of the file."""
    with visit.reading() as unit:
        found = _head(unit, declaration)
    lines = [f"{label}: {value}" for label, value in _receipt(visit, found)]
    visit.saw("download", f"declaration/{declaration}/receipt")
    return Response(
        "\r\n".join([*lines, ""]).encode(),
        media_type="text/plain; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="receipt-{short_id(found.row["id"])}.txt"'},
    )


def _receipt(visit: Visit, found: HandedIn) -> list[tuple[str, str]]:
    row = found.row
    local = row["received_at"].astimezone(visit.zone)
    values = [
        ("receipt_number", row["id"]),
        ("practice", row["practice"]),
        ("list", named_list(row, visit.language)),
        ("received_on", f"{local:%Y-%m-%d %H:%M:%S %Z}"),
        ("sha256", row["sha256"]),
        ("rows", str(found.rows)),
        ("ready", str(found.ready)),
    ]
    return [(word("practice_lists", key, visit.language), value) for key, value in values]


@router.get("/practice/lists/{declaration}/rows.csv")
def export(visit: Visiting, declaration: str, kind: Annotated[str, Query(max_length=10)] = "") -> Response:
    """The rows with their outcome as a table; persons masked, and no cell can be a formula."""
    with visit.reading() as unit:
        _head(unit, declaration)
        rows: list[Row] = []
        last = 0
        outcomes = _WAITING if kind == "problems" else ()
        while True:
            found = portal.rows(unit, declaration, outcomes=outcomes, after=last, most=_EXPORTED)
            rows += found.rows
            if found.next is None:
                break
            last = rows[-1]["line"]
        results = results_of(visit.hub, unit, rows)
    table: list[list[Cell]] = []
    for row in rows:
        result = results.get(row["id"])
        state = word("practice_lists", f"result_{result.state}", visit.language) if result else ""
        outcome = word("practice_lists", f"outcome_{shown_as(row['outcome'], row['code'])}", visit.language)
        said = stored_outcome(row).said(visit.language)
        table.append([row["line"], row["row_id"], outcome, row["code"], said, result.ref if result else "", state])
    header = [
        word("practice_lists", key, visit.language)
        for key in ("line", "person", "outcome", "code", "why", "claim", "result")
    ]
    visit.saw("export", f"declaration/{declaration}/rows")
    return Response(
        to_csv(header, table),
        media_type=CSV_TYPE,
        headers={"content-disposition": f'attachment; filename="rows-{short_id(declaration)}.csv"'},
    )


def _head(unit: Unit, declaration: str) -> HandedIn:
    row = portal.one_list(unit, declaration)
    if row is None:
        raise Absent("declaration", declaration)
    (found,) = handed_in(unit, [row])
    return found
