"""What is still owed: by payers, by age, and by patients, whose names are shown for a reason only."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from hub.model.money import Money
from hub.pipeline import receivables
from hub.pipeline.receivables import AGES, Ageing
from hub.rendering import numbers
from hub.web.guard import Visiting, needs
from hub.web.pages import money, page
from hub.web.parts.charts import Chart, Part, columns
from hub.web.roles import Permission
from hub.web.saying import done
from hub.web.screen import Screen
from hub.web.visit import Visit
from hub.web.wording import word

SCREEN = Screen(name="overdue", path="/overdue", needs=Permission.MONEY_SEE, group="money", order=60)
router = APIRouter()
BANDS = ("not_due", *(f"over_{days}" for days in AGES))
_PAGE = 50
_DRAWN = 6
"""So many payers have a column; the table has all of them."""


@router.get("/overdue")
def listing(visit: Visiting) -> Response:
    """What each payer owes by age, as a chart and in figures."""
    found = receivables.ageing(visit.hub, visit.tenant, visit.within)
    titles = {name: partner.title for name, partner in visit.hub.registry.partners.items()}
    return page(
        visit, "overdue/list.html", found=found, charts=_charts(visit, found, titles), titles=titles, bands=BANDS
    )


@router.post("/overdue")
def count_anew(visit: Visiting) -> Response:
    """Count again now."""
    receivables.ageing(visit.hub, visit.tenant, visit.within, anew=True)
    return done("/overdue", "counted")


def _charts(visit: Visit, found: Ageing, titles: dict[str, str]) -> list[Chart]:
    """A chart for each currency: the money of who owes most, stacked by how long it is overdue."""
    charts = []
    for currency in sorted({row.currency for row in found.rows}):
        groups = [
            (
                titles.get(row.payer, row.payer)[:18],
                numbers.number(Decimal(row.total // 100), visit.language) if row.total > 0 else "",
                [_part(visit, *each) for each in _aged(row)],
            )
            for row in sorted(found.rows, key=lambda each: -each.total)
            if row.currency == currency
        ][:_DRAWN]
        charts.append(columns(word("overdue", "by_age", visit.language, currency=currency), groups, stacked=True))
    return [chart for chart in charts if chart is not None]


def _aged(row: receivables.Overdue) -> list[tuple[str, Money]]:
    return [(band, Money(minor, row.currency)) for band, minor in zip(BANDS, row.amounts, strict=True)]


def _part(visit: Visit, band: str, amount: Money) -> Part:
    said = money(amount.minor, amount.currency, visit.language)
    return Part(f"age-{band}", amount.minor, f"{word('overdue', band, visit.language)}: {said}")


@router.get("/overdue/patients")
def patients(visit: Visiting, practice: str = "", after: str = "") -> Response:
    """What patients owe, line by line, without who they are."""
    visit.saw("list", "patient-parts")
    return _patients(visit, practice, after)


@router.post("/overdue/patients", dependencies=[Depends(needs(Permission.REVEAL))])
def patients_revealed(
    visit: Visiting,
    practice: Annotated[str, Form(max_length=20)] = "",
    after: Annotated[str, Form(max_length=60)] = "",
    reason: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """The same page with names, once, for a reason; every one of them is in the access log."""
    if len(reason.strip()) < 3:
        return _patients(visit, practice, after, error=word("overdue", "reason_missing", visit.language), status=422)
    return _patients(visit, practice, after, reason=reason)


def _patients(
    visit: Visit, practice: str, after: str, *, reason: str = "", error: str = "", status: int = 200
) -> Response:
    with visit.unit() as unit:
        rows = receivables.patient_page(
            unit,
            visit.country,
            visit.actor,
            practice=practice,
            after=_after(after),
            most=_PAGE + 1,
            reason=reason,
        )
    return page(
        visit,
        "overdue/patients.html",
        status=status,
        error=error,
        rows=rows[:_PAGE],
        names=bool(reason),
        practice=practice,
        at=after,
        after=f"{rows[_PAGE - 1].ref}.{rows[_PAGE - 1].line}" if len(rows) > _PAGE else "",
    )


def _after(text: str) -> tuple[str, int] | None:
    ref, _, number = text.rpartition(".")
    return (ref, int(number)) if ref and number.isdecimal() and len(number) < 7 else None
