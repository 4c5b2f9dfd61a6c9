"""Every route of the console and of /v1, found by asking the application, tried by those whom nothing of it concerns.

As every role of another tenant, and as staff and provider of another organisation of the same tenant; with real objects
of somebody else in every address and in every field that names an object, and all other fields filled in so that the
question gets as far as the lookup. What is somebody else's is not there: 404 and a line in the access log, nothing of it
in any answer, and nothing of it changed. A path parameter or a field that nobody knows how to fill in fails a test.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from httpx2 import Response as Answer
from sqlalchemy import func, select
from starlette.routing import Mount

from hub.store import parties, schema
from hub.web import bounds
from hub.web.fairness import Errand
from hub.web.roles import GRANTED, Permission
from hub.web.scan import modules
from tests import databases
from tests.web import seeds
from tests.web.consoles import CLINIC, NL, NO, OTHER_PRACTICE, PRACTICE, TENANT, Console, Person, copy_of
from tests.web.objects import (
    CONFIGURED,
    SHARED,
    Objects,
    Parts,
    Route,
    Unknown,
    less,
    messages,
    objects_of,
    routes,
    telling,
)
from tests.web.programs import Program, program

ROLES = ("provider", "support", "engineer", "finance", "privacy_officer", "auditor")
ROUTES = tuple(routes())
_OUR_OWN = frozenset({"access_log", "access_head", "web_session", "login_throttle", "api_repeat"})
"""Where it is written down that somebody looked, and how they came in; as is when a token was used last."""
_TOLD = frozenset({"notification", "task"})
"""What somebody does to their own may be mailed to it, or wait for a second person; no fence shows these to anybody."""
_LIST = b"a;b\r\n1;2\r\n"


@pytest.fixture(autouse=True)
def _no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who tries every route asks more often than a person may: 429 would hide the answer that is looked for."""
    monkeypatch.setattr(bounds, "A_SECOND", 1e6)


# --- whom and what there is -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sown:
    """A console in which there is one of everything; what was `typed` in each tenant stands in its own lists afterwards.

    `unread` are forms that got no further than their fields.
    """

    console: Console
    staged: dict[str, dict[str, list[Parts]]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=lambda: dict.fromkeys((NL, NO), ""))

    def listen(self, app: FastAPI) -> None:
        """Note every request that no handler saw, for one of its fields was wrong."""
        answer = app.exception_handlers[RequestValidationError]

        def noted(request: Request, error: RequestValidationError) -> Any:
            self.unread.append(f"{request.method} {request.url.path}: {[one['loc'] for one in error.errors()]}")
            return answer(request, error)

        app.add_exception_handler(RequestValidationError, noted)  # type: ignore[arg-type]  # narrower than declared

    def has(self, tenant: str, within: frozenset[str] | None = None) -> dict[str, list[Parts]]:
        """What a tenant, or some of its organisations, has."""
        with self.console.hub.store.reading(tenant, within=within) as unit:
            return objects_of(unit) | (self.staged.get(tenant, {}) if within is None else {})

    def tells(self, tenant: str, within: frozenset[str] | None = None) -> set[str]:
        """What betrays something of theirs."""
        with self.console.hub.store.reading(tenant, within=within) as unit:
            return telling(unit)


@pytest.fixture(scope="session")
def sown_home(played_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The played demo with one of everything, made once."""
    home = copy_of(played_home, tmp_path_factory.mktemp("sown") / "hub")
    console = Console.on(home)
    seeds.sow(console)
    console.close()
    return home


@pytest.fixture(scope="module")
def sown(
    kind: str, sown_home: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sown]:
    """One console for everybody who tries: what they may do to their own is of no concern to the next."""
    home = copy_of(sown_home, tmp_path_factory.mktemp("tried") / "hub")
    if kind == "sqlite":
        yield from _opened(home, "")
        return
    server: databases.Server = request.getfixturevalue("postgres_server")
    name = f"kvitt_sown_{uuid.uuid4().hex[:12]}"
    made = server.create(name, server.template)
    databases.bring_over(home / "kvitt.db", server, name)
    yield from _opened(home, made.url)
    server.drop(name)


def _opened(home: Path, database: str) -> Iterator[Sown]:
    made = Sown(Console.on(home, database))
    app = made.console.app
    made.listen(app)
    made.listen(next(one.app for one in app.routes if isinstance(one, Mount) and isinstance(one.app, FastAPI)))
    for country, tenant in TENANT.items():
        made.console.login("support", country)
        (session, *_) = made.console.rows(tenant, schema.web_session)
        errand = Errand(uuid.uuid4().hex, session["id"], "", 1, lambda: Response("a list of somebody else"))
        app.state.desk.stand(errand)
        word = app.state.staging.keep(session["id"], "list.csv", _LIST)
        made.staged[tenant] = {"errand": [(errand.word,)], "staged": [(word,)]}
    yield made
    made.console.close()


# --- somebody who tries ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request. One that is `aimed` names somebody else's object in its address: it is not there."""

    route: Route
    address: str
    form: Mapping[str, Any]
    aimed: bool = False

    @property
    def said(self) -> str:
        """Everything that is typed, for an answer may repeat it."""
        return " ".join([self.address, *(str(value) for value in self.form.values())])


def attempts(route: Route, own: Objects, foreign: Objects) -> Iterator[Attempt]:
    """Every way to ask a route for what is somebody else's: by its address, by each field; else as one is meant to."""
    kind, asked = route.kind, route.kinds_asked()
    theirs = [] if kind in SHARED else foreign.get(kind, [])
    for parts in dict.fromkeys([*theirs[:1], *theirs[-1:]]):
        mixed = (
            [(*mine[:-1], parts[-1]) for mine in own.get(kind, [])[:1]] if kind in ("delivery", "declared_row") else []
        )
        for each in (parts, *mixed):
            yield Attempt(route=route, address=route.filled(each), form=route.form(foreign), aimed=True)
    for parts in theirs[:1] if asked else ():
        yield Attempt(route=route, address=route.filled(parts), form=route.form(own), aimed=True)
    base = CONFIGURED[kind] if kind in SHARED else own.get(kind, []) if kind else [()]
    for parts in base[:1]:
        named = [(name, foreign[of][0][-1]) for name, of in asked.items() if foreign.get(of)]
        for name, value in named:
            yield Attempt(route=route, address=route.filled(parts), form=route.form(own, **{name: value}))
        if not asked and (not kind or kind in SHARED):
            yield Attempt(route=route, address=route.filled(parts), form=route.form(own))


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody, what is theirs, and what is not."""

    sown: Sown
    who: Person | Program
    tenant: str
    victim: str
    within: frozenset[str] | None = None
    csrf: str = ""

    def __post_init__(self) -> None:
        self.csrf = self.who.secret() if isinstance(self.who, Person) else ""

    def ask(self, attempt: Attempt) -> Answer:
        """Send it, as a page or a program would."""
        route, client = attempt.route, self.who.client
        form = {name: value for name, value in attempt.form.items() if value or not route.api}
        if isinstance(self.who, Person):
            if route.method == "GET":
                return client.get(attempt.address, params=form, follow_redirects=False)
            files = dict.fromkeys(route.files, ("list.csv", _LIST, "text/csv"))
            body = {"csrf": self.csrf} | form
            return client.post(attempt.address, data=body, files=files or None, follow_redirects=False)
        path = attempt.address.removeprefix("/v1")
        if route.body:
            return self.who.put(path, {name: form[name] for name in route.body if name in form})
        if route.method == "POST":
            return self.who.post(path, body=_LIST, kind="text/csv", **form)
        return self.who.get(path, **form) if route.method == "GET" else self.who.delete(path)

    def objects(self) -> tuple[dict[str, list[Parts]], dict[str, list[Parts]]]:
        """What is theirs, and what of the others is not."""
        own = self.sown.has(self.tenant, self.within) | {"session": self._sessions(), "staged": self._staged()}
        foreign = less(self.sown.has(self.victim), own)
        with self.sown.console.hub.store.reading(self.tenant, within=self.within) as unit:
            shared = set(messages(unit))
        foreign["exchange"].sort(key=lambda parts: parts[0] in shared)
        return own, foreign

    def _staged(self) -> list[Parts]:
        """A file of their own that waits for a yes."""
        staging = self.sown.console.app.state.staging
        return [(staging.keep(session, "list.csv", _LIST),) for (session,) in self._sessions()[-1:]]

    def _sessions(self) -> list[Parts]:
        """Where this person is logged in."""
        login, ours = getattr(self.who, "login", ""), schema.web_session.c.user_id
        users = self.sown.console.rows(self.tenant, schema.app_user, schema.app_user.c.login == login)
        ids = [row["id"] for row in users]
        return [(row["id"],) for row in self.sown.console.rows(self.tenant, schema.web_session, ours.in_(ids))]

    def betraying(self) -> set[str]:
        """What they must never read."""
        mine = {part for parts in self._sessions() for part in parts}
        return self.sown.tells(self.victim) - self.sown.tells(self.tenant, self.within) - mine

    def lines(self) -> int:
        """How often it is written down that somebody asked for what is not there."""
        log = schema.access_log
        with self.sown.console.hub.store.reading(self.tenant) as unit:
            of_absent = select(func.count()).where(log.c.tenant_id == unit.tenant, log.c.outcome == "absent")
            return int(unit.connection.execute(of_absent).scalar_one())

    def stored(self, *, of_others: bool) -> dict[tuple[str, ...], str]:
        """Every row of the victim's tenant; with `of_others` those only that this person cannot see."""
        found = self._rows(self.victim, None)
        if of_others and self.tenant == self.victim:
            mine = self._rows(self.tenant, self.within)
            found = {key: row for key, row in found.items() if key not in mine}
        return found

    def _rows(self, tenant: str, within: frozenset[str] | None) -> dict[tuple[str, ...], str]:
        found = {}
        with self.sown.console.hub.store.reading(tenant, within=within) as unit:
            for one in schema.metadata.sorted_tables:
                if "tenant_id" in one.c and one.name not in _OUR_OWN:
                    for row in unit.rows(unit.mine(one)):
                        said = {name: value for name, value in row.items() if name != "used_at"}
                        found[one.name, *(str(row[key.name]) for key in one.primary_key)] = repr(said)
        return found


def nothing_foreign(visitor: Visitor, among: Collection[Route]) -> int:
    """Try it all; gives how many addresses of somebody else's objects were tried."""
    visitor.sown.unread.clear()
    own, foreign = visitor.objects()
    secrets = visitor.betraying()
    assert len(secrets) > 50, "or the test would prove nothing"
    tried = [each for route in among for each in attempts(route, own, foreign)]
    aimed, others = [each for each in tried if each.aimed], [each for each in tried if not each.aimed]
    before = visitor.stored(of_others=False)
    for each in aimed:
        _not_there(visitor, each, secrets)
    _unchanged(before, visitor.stored(of_others=False), secrets)
    before = visitor.stored(of_others=True)
    for each in others:
        _nothing_told(visitor, each, visitor.ask(each), secrets)
    _unchanged(before, visitor.stored(of_others=True), secrets, but=visitor.sown.typed[visitor.tenant])
    assert visitor.sown.unread == [], "a form that is not filled in well enough never reaches a lookup"
    return len(aimed)


def _not_there(visitor: Visitor, attempt: Attempt, secrets: set[str]) -> None:
    before = visitor.lines()
    answer = visitor.ask(attempt)
    assert answer.status_code == 404, (attempt.route.method, attempt.address, answer.status_code, answer.text[:500])
    assert visitor.lines() > before, (attempt.route.method, attempt.address, "leaves no line in the access log")
    _nothing_told(visitor, attempt, answer, secrets, but=attempt.said)


def _nothing_told(visitor: Visitor, attempt: Attempt, answer: Answer, secrets: set[str], but: str = "") -> None:
    """Nothing of theirs is in the answer, but what was typed now or (in one's own lists) before."""
    visitor.sown.typed[visitor.tenant] += f" {attempt.said}"
    said = f"{answer.text} {answer.headers.get('location', '')}"
    told = sorted(each for each in secrets if each in said and each not in (but or visitor.sown.typed[visitor.tenant]))
    assert not told, (attempt.route.method, attempt.address, dict(attempt.form), told[:3])
    assert answer.status_code < 500, (attempt.route.method, attempt.address, dict(attempt.form))
    packed = answer.content.startswith((b"PK", b"%PDF"))
    assert not packed, (attempt.route.method, attempt.address, "a file nobody can look into here")


def _unchanged(
    before: Mapping[tuple[str, ...], str],
    after: Mapping[tuple[str, ...], str],
    secrets: set[str],
    but: str | None = None,
) -> None:
    """No row is gone, other than before, or new; `but` what tells of one's own is new where something was typed."""
    changes = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    if but is not None:
        new = {key for key in changes if key not in before and key[0] in _TOLD}
        changes = [
            key for key in changes if key not in new or any(each in after[key] and each not in but for each in secrets)
        ]
    assert not changes, "\n".join(f"{key}: {before.get(key)} -> {after.get(key)}" for key in changes[:5])


# --- who tries ------------------------------------------------------------------------------------------------------


def test_every_address_and_field_is_known_and_the_victim_has_one_of_each(sown: Sown) -> None:
    """A new route with a parameter nobody knows, or a kind of object nobody made, is seen here first."""
    theirs = sown.has(NO) | {kind: many for kind, many in sown.has(NL).items() if many}
    unknown = []
    for route in ROUTES:
        try:
            kinds = {route.kind, *route.kinds_asked().values()} - {"", *SHARED}
            unknown += [f"{route.path}: there is no {kind} to try it with" for kind in kinds if not theirs.get(kind)]
        except Unknown as error:
            unknown.append(str(error))
    assert unknown == []
    with pytest.raises(Unknown, match="nobody"):
        _ = Route(method="GET", path="/today/{nobody}", screen=None).kind
    with pytest.raises(Unknown, match="unheard_of"):
        Route(method="POST", path="/today", screen=None, fields=("unheard_of",)).kinds_asked()


def _pages() -> list[Route]:
    return [route for route in ROUTES if not route.api]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "support"])
def test_no_role_of_another_tenant_sees_or_changes_anything_of_this_one(sown: Sown, role: str) -> None:
    person = sown.console.login(role, "NO", CLINIC if role == "provider" else "")
    assert (
        nothing_foreign(Visitor(sown=sown, who=person, tenant=NO, victim=NL, within=_fence(sown, person)), _pages())
        > 100
    )


def test_nobody_of_another_tenant_s_support_sees_or_changes_anything_of_this_one(sown: Sown) -> None:
    """The role that may do most; by itself, so that it is tried on PostgreSQL too (see `conftest.ON_BOTH`)."""
    visitor = Visitor(sown=sown, who=sown.console.login("support", "NO"), tenant=NO, victim=NL)
    assert nothing_foreign(visitor, _pages()) > 100


@pytest.mark.parametrize("role", ["provider", "support"])
def test_screens_of_one_country_are_tried_from_within_that_country(sown: Sown, role: str) -> None:
    person = sown.console.login(role, "NL", PRACTICE if role == "provider" else "")
    dutch = [route for route in _pages() if route.screen and route.screen.country == "NL"]
    assert nothing_foreign(Visitor(sown=sown, who=person, tenant=NL, victim=NO, within=_fence(sown, person)), dutch)


def test_a_practice_sees_nothing_of_another_practice(sown: Sown) -> None:
    person = sown.console.login("provider", "NL", PRACTICE)
    visitor = Visitor(sown=sown, who=person, tenant=NL, victim=NL, within=_fence(sown, person))
    assert OTHER_PRACTICE in visitor.betraying()
    assert nothing_foreign(visitor, _pages()) > 100


def test_a_clinic_sees_nothing_of_another_clinic(sown: Sown) -> None:
    person = sown.console.login("provider", "NO", seeds.OTHER_CLINIC)
    visitor = Visitor(sown=sown, who=person, tenant=NO, victim=NO, within=_fence(sown, person))
    assert nothing_foreign(visitor, _pages()) > 100


@pytest.mark.parametrize("role", seeds.STAFF)
def test_staff_of_one_organisation_see_and_change_nothing_of_the_others(sown: Sown, role: str) -> None:
    person = sown.console.login(role, "NL", seeds.ASIDE)
    visitor = Visitor(sown=sown, who=person, tenant=NL, victim=NL, within=_fence(sown, person))
    assert nothing_foreign(visitor, _pages()) > 100


def _fence(sown: Sown, person: Person) -> frozenset[str] | None:
    """The organisations that a person may see."""
    with sown.console.hub.store.reading(person.tenant) as unit:
        (user,) = unit.rows(unit.mine(schema.app_user, schema.app_user.c.login == person.login))
        codes = {one.id: one.code for one in parties.organisations(unit)}
        own = codes.get(user["organisation_id"])
        return parties.codes_below(unit, own) if own else None


@pytest.mark.parametrize(
    ("country", "organisation"),
    [("NO", ""), ("NL", PRACTICE), ("NL", seeds.ASIDE)],
    ids=["tenant", "practice", "aside"],
)
def test_no_program_sees_or_changes_anything_of_others(sown: Sown, country: str, organisation: str) -> None:
    tenant, within = TENANT[country], None
    if organisation:
        with sown.console.hub.store.reading(tenant) as unit:
            within = parties.codes_below(unit, organisation)
    caller = program(sown.console, country, organisation)
    visitor = Visitor(sown=sown, who=caller, tenant=tenant, victim=NL, within=within)
    assert nothing_foreign(visitor, [route for route in ROUTES if route.api]) > 10


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_not_see_is_not_there(sown: Sown, role: str) -> None:
    """A screen without the permission answers as one that does not exist, and leaves a line."""
    person = sown.console.login(role)
    refused = 0
    for module in modules():
        screen = module.SCREEN
        if screen.open or screen.needs in GRANTED[role] or not screen.group:
            continue
        before = len(sown.console.looks(NL))
        assert person.get(screen.path).status_code == 404, (role, screen.path)
        assert len(sown.console.looks(NL)) == before + 1
        refused += 1
    assert refused or Permission.LOOK in GRANTED[role]


def test_every_change_refuses_a_form_without_its_secret(sown: Sown) -> None:
    person = sown.console.login("support")
    for route in _pages():
        if route.method == "POST":
            answer = person.client.post(route.filled(("x",) * 5), data={})
            assert answer.status_code in (403, 404), (route.path, answer.status_code)


def test_a_page_of_another_site_cannot_send_our_forms(sown: Sown) -> None:
    person = sown.console.login("support")
    secret = person.secret()
    answer = person.client.post("/logout", data={"csrf": secret}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    answer = person.client.post("/logout", data={"csrf": secret}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert person.get("/account").status_code == 200


def test_every_answer_forbids_inline_scripts_and_frames(sown: Sown) -> None:
    person = sown.console.login("support")
    for path in ("/", "/today", "/static/kvitt.css", "/nowhere"):
        answer = person.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_nobody_gets_in_without_logging_in(sown: Sown) -> None:
    stranger = sown.console.stranger()
    for route in ROUTES:
        answer = stranger.request(route.method, route.filled(("x",) * 5))
        expected = (401, 422) if route.api else (303, 403)
        assert answer.status_code in expected, (route.method, route.path, answer.status_code)
        assert answer.status_code != 303 or answer.headers["location"].startswith("/login")
