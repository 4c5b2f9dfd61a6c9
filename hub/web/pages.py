"""Pages from templates: the person's language, navigation and permissions are there in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from hub import texts
from hub.programmes.outcome import shown_as
from hub.rendering import numbers
from hub.store.unit import short_id
from hub.texts import pick
from hub.web.parts.commands import shown
from hub.web.parts.doors import door
from hub.web.roles import Permission
from hub.web.screen import GROUPS, Screen
from hub.web.visit import Visit
from hub.web.wording import has, word
from schemas.ubl.values import Amount

LANGUAGES = ("nb", "nl", "en")
NAMES = "names"
"""The file of what people call our codes."""
_TOLD = ("error",)
"""Values of templates that are errors' own sentences; the others pass by `text` or `guide`."""


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("hub.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["short"] = short_id
    made.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    return made


def page(visit: Visit, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page (or the part HTMX asked for) as this person sees it. `template` is `SCREEN/NAME.html`."""
    screen = template.split("/", 1)[0]
    told = {key: guided(visit, one) if key in _TOLD and isinstance(one, str) else one for key, one in values.items()}
    context = _person(visit) | {"said": _said(visit, screen)} | _common(screen, visit.language, visit) | told
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


def named_list(row: Mapping[str, Any], language: str) -> str:
    """What people call a list: its module and period, else what kind of list it is."""
    return f"{row['module'] or pick(texts.list_kind(row['programme']), language)} {row['period']}".strip()


def guided(visit: Visit | None, said: str, language: str = "") -> str:
    """A sentence of the hub's own in this person's language, with links for its commands where they have the page."""
    if visit is None:
        return shown(_told(said, language or "en"), language or "en")
    return shown(_told(said, visit.language), visit.language, lambda kind, ref: _door(visit, kind, ref))


def _told(said: str, language: str) -> str:
    """What the program says in English, in another language."""
    return pick(texts.spoken(said), language)


def called(kind: str, code: str, language: str) -> str:
    """What people call one of our own codes of a kind; the code itself where it has no name."""
    key = f"{kind}_{code}"
    return word(NAMES, key, language) if has(NAMES, key) else code


def _note_text(kind: str, said: str, language: str) -> str:
    """What was said of a task; why it was closed by its name, where one was chosen (`hub.pipeline.task_work`)."""
    why, _, words = said.partition(" ")
    code = why.removesuffix(":")
    chosen = not words or why.endswith(":") or "_" in why
    if kind != "resolved" or not chosen or not has("rejections", f"why_{code}"):
        return said
    return ": ".join(one for one in (word("rejections", f"why_{code}", language), words) if one)


def _door(visit: Visit, kind: str, ref: str) -> str:
    """The way to a place; forms that only some may send are no way for the others."""
    works = kind not in ("correct", "credit") or visit.may(Permission.WORK)
    return door(visit, kind, ref) if works else ""


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
    values = texts.values_in(visit.said["values"], visit.language)
    try:
        return guided(visit, word(screen, visit.said["key"], visit.language, **values))
    except (KeyError, IndexError, ValueError):
        return ""


def _shown(screen: Screen, visit: Visit) -> bool:
    return bool(screen.group) and visit.may(screen.needs) and screen.country in ("", visit.country)


def _common(screen: str, language: str, visit: Visit | None) -> dict[str, object]:
    def t(key: str, **values: object) -> str:
        return word(screen, key, language, **values)

    def moment(at: datetime | str | None, *, seconds: bool = False) -> str:
        known = datetime.fromisoformat(at) if isinstance(at, str) else at
        if known is None:
            return ""
        local = known.astimezone(visit.zone) if visit else known
        clock = "%H:%M:%S" if seconds else "%H:%M"
        return f"{numbers.day(local.date(), language)} {local:{clock}}"

    return {
        "t": t,
        "known": lambda key: has(screen, key),
        "title_of": lambda one: word(one.name, "title", language) if has(one.name, "title") else one.name,
        "text": lambda words: guided(visit, pick(words, language), language),
        "guide": lambda said: guided(visit, said or "", language),
        "called": lambda kind, code: called(kind, code, language),
        "shown_as": shown_as,
        "cause_name": lambda code: pick(texts.cause(code), language),
        "values_in": lambda values: texts.values_in(values, language),
        "note_text": lambda note: _note_text(note["kind"], note["text"], language),
        "spoken_names": lambda names: ", ".join(pick(texts.spoken(name), language) for name in names),
        "field_name": lambda *names: pick(texts.fields(names), language),
        "partner_title": lambda name: _partner_title(visit, name),
        "list_name": lambda row: named_list(row, language),
        "language": language,
        "languages": LANGUAGES,
        "money": lambda minor, currency: money(minor, currency, language),
        "day": lambda day: _day(day, language),
        "moment": moment,
    }


def _partner_title(visit: Visit | None, name: str) -> str:
    """What people call a partner; its folder's name where there is no such folder any more."""
    partner = visit.hub.registry.partners.get(name) if visit else None
    return partner.title if partner else name


def money(minor: int, currency: str, language: str) -> str:
    """An amount as people of a language write it."""
    return numbers.money(Amount(Decimal(minor).scaleb(-2), currency), language)


def _day(day: date | str | None, language: str) -> str:
    """A day as people of a language write it; data may tell it as text."""
    known = (date.fromisoformat(day) if day else None) if isinstance(day, str) else day
    return numbers.day(known, language)
