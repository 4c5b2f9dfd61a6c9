"""Today: what needs a person, by day and money, each task with the way to where it is solved; how it goes in charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response

from hub.pipeline import today as work
from hub.pipeline.today import Charts, Tile
from hub.rendering import numbers
from hub.store import today as counted
from hub.store.unit import Row
from hub.web.guard import Visiting
from hub.web.pages import money, page
from hub.web.parts.charts import Chart, Part, columns, rates
from hub.web.parts.doors import door
from hub.web.parts.places import minor
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="today", path="/today", group="work", order=1)
router = APIRouter()
_PAGE = 50
_SMALL = 10_00
MINE = "mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A tile with the way to its work list, and to its tasks below where it has any."""

    tile: Tile
    href: str
    filter: str


@router.get("/today")
def today(visit: Visiting, show: str = "", after: str = "") -> Response:
    """Tiles, and the open tasks from the nearest day on; `show` is a tile's name, or `mine`."""
    chosen = show if show in work.KINDS or show == MINE else ""
    with visit.reading() as unit:
        tiles = work.tiles(visit.hub, unit, visit.country, money=visit.may(Permission.MONEY_SEE))
        rows = counted.page(
            unit,
            kinds=work.KINDS.get(chosen, ()),
            assignee=visit.actor.name if chosen == MINE else None,
            after=_after(after),
            most=_PAGE + 1,
        )
    return page(
        visit,
        "today/list.html",
        cards=[_card(visit, tile) for tile in tiles],
        tasks=[(row, *_way(visit, row)) for row in rows[:_PAGE]],
        chosen=chosen,
        kinds=[name for name in work.KINDS if any(tile.name == name for tile in tiles)],
        after=_cursor(rows[_PAGE - 1]) if len(rows) > _PAGE else "",
        first=not after,
    )


def _card(visit: Visit, tile: Tile) -> Card:
    own = f"/today?show={tile.name}" if tile.name in work.KINDS else ""
    filters = {"assignee": "-"} if tile.name == "rejections" else {"state": "missing"} if tile.name == "inputs" else {}
    return Card(tile=tile, href=door(visit, tile.name, **filters) or own, filter=own)


def _way(visit: Visit, row: Row) -> tuple[str, str]:
    """Where the task is solved, and the word for going there."""
    place = work.place_of(row)
    href = door(visit, place.kind, place.ref)
    return href, f"go_{place.kind}" if href else ""


def _cursor(row: Row) -> str:
    day, money, row_id = counted.cursor(row)
    return f"{day.isoformat()}.{money}.{row_id}"


def _after(text: str) -> counted.After | None:
    """Where a page ended; a cursor nobody made is none."""
    day, _, rest = text.partition(".")
    money, _, row_id = rest.partition(".")
    worth = minor(money)
    try:
        return (date.fromisoformat(day), worth, row_id) if worth is not None else None
    except ValueError:
        return None


@router.get("/today/charts")
def charts(visit: Visiting) -> Response:
    """How it goes, as it was counted last; a page of its own, and a part of Today."""
    return _drawn(visit, work.charts(visit.hub, visit.tenant, visit.country, visit.within))


@router.post("/today/charts")
def count_anew(visit: Visiting) -> Response:
    """Count again now."""
    work.charts(visit.hub, visit.tenant, visit.country, visit.within, anew=True)
    return done("/today/charts", "counted_anew")


def _drawn(visit: Visit, found: Charts) -> Response:
    template = "today/charts_part.html" if visit.partial else "today/charts.html"
    currencies = sorted({one["currency"] for one in found.ages})
    return page(
        visit,
        template,
        found=found,
        flow=_flow(visit, found),
        ages=[(currency, _ages(visit, found, currency)) for currency in currencies],
        granted=_granted(visit, found),
        band=lambda one: _band(visit, one),
        week=lambda one: f"{date.fromisoformat(one['begin']):%G-W%V}",
    )


def _say(visit: Visit, key: str, **values: object) -> str:
    return word("today", key, visit.language, **values)


def _flow(visit: Visit, found: Charts) -> Chart | None:
    names = ("made", "arrived", "answered")
    groups = [
        (
            f"{date.fromisoformat(one['begin']):W%V}",
            str(one["made"] or ""),
            [Part(name, one[name], f"{_say(visit, name)}: {one[name]}") for name in names],
        )
        for one in found.weeks
    ]
    return columns(_say(visit, "flow"), groups)


def _ages(visit: Visit, found: Charts, currency: str) -> Chart | None:
    groups = [
        (
            _band(visit, one),
            _major(one["due"] + one["open"], visit.language) if one["due"] + one["open"] > 0 else "",
            [
                Part("outstanding", one["due"], _worth(visit, "outstanding", one["due"], currency)),
                Part("open", one["open"], _worth(visit, "undecided", one["open"], currency)),
            ],
        )
        for one in found.ages
        if one["currency"] == currency
    ]
    return columns(f"{_say(visit, 'ages')} ({currency})", groups, stacked=True)


def _granted(visit: Visit, found: Charts) -> Chart | None:
    rows = [
        (one["payer"], Part("granted", one["granted"], _percent(one, visit.language)), one["asked"])
        for one in found.granted
        if one["asked"] > 0
    ]
    return rates(_say(visit, "granted_rate"), rows)


def _percent(one: Any, language: str) -> str:  # noqa: ANN401 -- a figure as it was kept
    return numbers.percent(Decimal(one["granted"] * 1000 // one["asked"]).scaleb(-1), language)


def _worth(visit: Visit, name: str, minor: int, currency: str) -> str:
    return f"{_say(visit, name)}: {money(minor, currency, visit.language)}"


def _major(minor: int, language: str) -> str:
    """Whole units; with cents where these are most of it, for what is owed is never shown as nothing."""
    if 0 < abs(minor) < _SMALL:
        return numbers.number(Decimal(minor).scaleb(-2), language, least=2)
    return numbers.number(Decimal(abs(minor) // 100).copy_sign(minor), language)


def _band(visit: Visit, one: Any) -> str:  # noqa: ANN401 -- a figure as it was kept
    if one["until"]:
        return _say(visit, "days_between", first=one["over"], last=one["until"])
    return _say(visit, "days_more", first=one["over"])
