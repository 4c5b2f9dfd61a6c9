"""Commands in sentences, said as the place of the console where the same is done, with the way there.

A task, a reason or an error says once what to do (`hub/texts.toml`) and names the command for it. On the command line
that stands as it is; every page passes it through `shown`, so that nobody in a browser is told to type something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from markupsafe import Markup, escape

from hub.web.wording import word

WORDS = "commands"
"""The file of labels that are no screen's own words."""
Door = Callable[[str, str], str]
"""Gives the address of a place of a kind; empty where this person has none."""
_SURE, _ANY = r"(?=\S*[0-9A-Z])\S+?", r"[^\s-]\S*?"
"""What a command may be about: something with a number or in capitals, or whatever word follows it."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a command's work is done here: its label, kinds of places (the first that opens), what may be named."""

    label: str
    """A word of `WORDS`, or SCREEN.WORD: what the place is called where it stands."""
    kinds: tuple[str, ...] = ()
    about: str = ""
    named: bool = False
    """Whether the place is the page of what is named, and not a list."""


def _one(label: str, kind: str, about: str = _SURE) -> Way:
    return Way(label, (kind,), about, named=True)


def _list(label: str, *kinds: str, about: str = "") -> Way:
    return Way(label, kinds, about)


_PAYMENT = _one("payment", "payment", _ANY)
WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "accesslog verify": _list("accesslog.title", "access_log"),
        "alerts list": _list("alerts"),
        "alerts test": _list("try_alert", about=_ANY),
        "calendar": _list("partners.title", "partners"),
        "check": _list("drop.title", "drop"),
        "correct": Way("correct.title", ("correct", "claim"), _SURE, named=True),
        "correct --credit-only": Way("credit", ("credit", "claim"), _SURE, named=True),
        "dead list": _list("dead.title", "dead"),
        "dead redrive": _list("dead.title", "dead"),
        "deadlines": _list("deadlines.title", "deadlines"),
        "exchange list": _list("exchanges.title", "exchanges"),
        "exchange show": _list("exchanges.title", "exchanges"),
        "expected": _list("expected.title", "inputs"),
        "explain": _list("codes.title", "codes", about=_SURE),
        "held": _list("complete.title", "held"),
        "in-doubt list": _list("doubts.title", "doubts"),
        "in-doubt resolve": _list("doubts.title", "doubts", about="REF"),
        "inbound list": _list("inbound.title", "inbound"),
        "init": _list("set_up"),
        "intake": _list("hand_in", "upload", "log", "drop"),
        "jobs": _list("jobs.title", "jobs"),
        "jobs run": _list("jobs.title", "jobs", about=_ANY),
        "ledger exports": _list("statements.title", "statements"),
        "mail rules": _list("mail"),
        "mail triage list": _list("inbound.title", "inbound"),
        "mail triage show": _list("inbound.title", "inbound"),
        "match": _list("match_files"),
        "match learn": _list("match_files"),
        "next": _list("today.title", "today"),
        "notices list": _list("notices"),
        "notices retry": _list("notice_again", about=_ANY),
        "notices sent": _list("notice_sent", about=_ANY),
        "org account approve": _list("accounts.title", "accounts", about=_ANY),
        "org account list": _list("accounts.title", "accounts"),
        "org account request": _list("accounts.title", "accounts", about=_ANY),
        "org add": _list("organisations.title", "organisations"),
        "org agreement": _list("agreements.title", "agreements", about=_ANY),
        "org list": _list("organisations.title", "organisations"),
        "patient-parts": _list("overdue.patient_parts", "receivables"),
        "pause outbound": _list("stop_sending"),
        "payment allocate": _PAYMENT,
        "payment another": _PAYMENT,
        "payment approvals": _list("approvals.title", "second"),
        "payment approve": _one("approve", "approval", _ANY),
        "payment list": _list("payments.title", "payments"),
        "payment reject": _one("reject", "approval", _ANY),
        "payment return": _PAYMENT,
        "payment same": _PAYMENT,
        "payment show": _PAYMENT,
        "payment suggest": _PAYMENT,
        "payment undo": _PAYMENT,
        "payout files": _list("payouts.title", "payouts"),
        "payout list": _list("payouts.title", "payouts"),
        "payout propose": _list("payouts.title", "payouts"),
        "payout show": _one("payout", "payout"),
        "practice add": _list("organisations.title", "organisations"),
        "receive": _list("drop.title", "drop"),
        "reconcile": _list("reconcile"),
        "release": _one("release", "claim"),
        "resume outbound": _list("resume_sending"),
        "run": _list("hub_runs"),
        "schemas fetch": _list("schemas"),
        "schemas import": _list("schemas"),
        "statement make": _list("statements.title", "statements"),
        "status": _list("search.title", "search", about=_SURE),
        "subject erasures": _list("privacy.title", "privacy"),
        "subject holds": _list("privacy.title", "privacy"),
        "subject unhold": _list("privacy.title", "privacy"),
        "token list": _list("tokens.title", "tokens"),
        "user add": _list("users.title", "users"),
        "user device approve": _list("users.title", "users", about=_ANY),
        "user device list": _list("users.title", "users"),
        "user device refuse": _list("users.title", "users", about=_ANY),
        "user invite": _list("users.title", "users", about=_ANY),
        "user list": _list("users.title", "users"),
        "why": _one("claims.title", "claim"),
    }
)
"""Every command that a sentence of ours names; one without a kind is for whoever runs the hub, as its label says."""
_CAPITALS, _END = "[A-ZÆØÅ][A-ZÆØÅ-]+(?![a-zæøå])", r"(?=[\s,;)`]|[.:](?:\s|$)|$)"
_VALUE = rf"(?:\"[^\"]*\"|{_CAPITALS}|\.\.\.|[\w.-]+=\S*?{_END}|(?=\S*[0-9])\S+?{_END})"
_LOOSE = "--(?:module|by|practice|set|from|tenant|period|account|source|kind|agb|reason|channel|evidence)"
_OPTION = re.compile(
    rf" (?:{_LOOSE} (?!--)(?:\"[^\"]*\"|\.\.\.|\S+?{_END})|--[a-z-]+(?: {_VALUE})?|{_CAPITALS}|\.\.\."
    r"|(?:or|eller|of)(?= --))"
)
_COMMAND = re.compile(r"(?P<tick>`?)kvitt (?P<words>[a-z][a-z-]*(?: [a-z][a-z-]*)*)")


@dataclass(frozen=True, slots=True)
class Named:
    """A command in a sentence: what stands before it, its name, what it is about."""

    before: str
    name: str = ""
    about: str = ""


def named(text: str) -> Iterator[Named]:
    """The sentence in pieces; the last has no command. A command that nobody knows stays in its sentence."""
    at = 0
    for found in _COMMAND.finditer(text):
        name = _known(found["words"])
        if found.start() < at or not name:
            continue
        stop, about, options = _arguments(text, found.start("words") + len(name), WAYS[name].about)
        if found["tick"] and text[stop : stop + 1] == "`":
            stop += 1
        special = f"{name} --credit-only"
        yield Named(
            text[at : found.start()], special if special in WAYS and "--credit-only" in options else name, about
        )
        at = stop
    yield Named(text[at:])


def _known(words: str) -> str:
    """The longest command that these words begin with."""
    parts = words.split(" ")
    begun = (" ".join(parts[:size]) for size in range(len(parts), 0, -1))
    return next((name for name in begun if name in WAYS), "")


def _arguments(text: str, at: int, about: str) -> tuple[int, str, str]:
    """Where the command ends, what it is about, and its options as they stand there."""
    found = re.compile(rf" (?:--by )?({about}){_END}").match(text, at) if about else None
    said = found[1] if found and not found[1].startswith(("--", "...")) else ""
    stop = begin = found.end() if found and said else at
    while option := _OPTION.match(text, stop):
        stop = option.end()
    return stop, said, text[begin:stop]


def shown(text: str, language: str, door: Door | None = None) -> str:
    """The sentence with places for commands: links where `door` opens, else their names; the rest is escaped."""
    if "kvitt " not in text:
        return text
    return Markup().join(_piece(each, language, door) for each in named(text))


def _piece(each: Named, language: str, door: Door | None) -> Markup:
    if not each.name:
        return escape(each.before)
    way = WAYS[each.name]
    screen, _, key = way.label.rpartition(".")
    label = word(screen or WORDS, key, language)
    label = f"{label} {each.about}" if each.about and _is_told(each.about) else label
    href = _href(way, each.about, door)
    if href:
        return escape(each.before) + Markup('<a href="{}">{}</a>').format(href, label)
    return escape(each.before) + (f"“{label}”" if way.kinds else label)


def _is_told(about: str) -> bool:
    """Whether a person's sentence needs it: a placeholder of a command's help says nothing."""
    return re.fullmatch(_CAPITALS, about) is None


def _href(way: Way, about: str, door: Door | None) -> str:
    if door is None or (way.named and not (about and _is_told(about))):
        return ""
    doors = (door(kind, about if way.named else "") for kind in way.kinds)
    return next((href for href in doors if href), "")
