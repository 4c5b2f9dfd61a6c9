"""Pages from templates: the person's language, navigation and permissions are there in each of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from hub.rendering import numbers
from hub.web.roles import Permission
from hub.web.screen import GROUPS, Screen
from hub.web.visit import Visit
from hub.web.wording import has, word
from schemas.ubl.values import Amount

LANGUAGES = ("nb", "nl", "en")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("hub.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    return made


def page(visit: Visit, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page (or the part HTMX asked for) as this person sees it. `template` is `SCREEN/NAME.html`."""
    screen = template.split("/", 1)[0]
    context = _person(visit) | {"said": _said(visit, screen)} | _common(screen, visit.language, visit) | values
    return HTMLResponse(_environment().get_template(template).render(context), status_code=status)


def open_page(request: Request, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page for somebody who is not logged in; their browser says which language."""
    language = spoken(request)
    stage = request.app.state.hub.stage
    context = {"visit": None, "screens": [], "csrf": "", "stage": stage, "said": "", "here": request.url.path}
    context |= _common(template.split("/", 1)[0], language, None)
    return HTMLResponse(_environment().get_template(template).render(context | values), status_code=status)


def spoken(request: Request) -> str:
    """The first language of the browser that we speak, else English."""
    for wish in request.headers.get("accept-language", "").lower().split(","):
        short = wish.strip()[:2]
        if short in LANGUAGES or short == "no":
            return "nb" if short == "no" else short
    return "en"


def _person(visit: Visit) -> dict[str, object]:
    shown = [one for one in visit.screens if _shown(one, visit)]
    groups = [(name, [one for one in shown if one.group == name]) for name in GROUPS]
    return {
        "visit": visit,
        "screens": [(name, ones) for name, ones in groups if ones],
        "csrf": visit.session.csrf,
        "stage": visit.hub.stage,
        "here": visit.path,
        "may": lambda name: visit.may(Permission(name)),
        "today": visit.hub.today(visit.country),
    }


def _said(visit: Visit, screen: str) -> str:
    """The sentence that the change before this page left, in this person's language."""
    if not visit.said:
        return ""
    try:
        return word(screen, visit.said["key"], visit.language, **visit.said["values"])
    except (KeyError, IndexError, ValueError):
        return ""


def _shown(screen: Screen, visit: Visit) -> bool:
    return bool(screen.group) and visit.may(screen.needs) and screen.country in ("", visit.country)


def _common(screen: str, language: str, visit: Visit | None) -> dict[str, object]:
    def t(key: str, **values: object) -> str:
        return word(screen, key, language, **values)

    def moment(at: datetime | None, *, seconds: bool = False) -> str:
        if at is None:
            return ""
        local = at.astimezone(visit.zone) if visit else at
        return f"{local:%Y-%m-%d %H:%M:%S}" if seconds else f"{local:%Y-%m-%d %H:%M}"

    return {
        "t": t,
        "known": lambda key: has(screen, key),
        "title_of": lambda one: word(one.name, "title", language) if has(one.name, "title") else one.name,
        "text": lambda texts: texts.get(language) or texts.get("en") or next(iter(texts.values()), ""),
        "language": language,
        "languages": LANGUAGES,
        "money": lambda minor, currency: _money(minor, currency, language),
        "day": lambda day: numbers.day(day, language),
        "moment": moment,
    }


def _money(minor: int, currency: str, language: str) -> str:
    return numbers.money(Amount(Decimal(minor).scaleb(-2), currency), language)
