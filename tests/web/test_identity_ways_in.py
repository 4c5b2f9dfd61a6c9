"""Invitations, new passwords, devices and the screen of users, as browsers without scripts meet them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

from fastapi.testclient import TestClient
from httpx2 import Response
from pyotp import TOTP

from hub.pipeline import identity
from hub.pipeline.context import Actor
from hub.store import schema
from hub.web.app import create_app
from tests.web.consoles import NL, PASSWORD, PRACTICE, Console, Person

NEW = "a phrase nobody else has"
_SECRET = re.compile(r'name="csrf" value="([^"]+)"')
_TYPED = re.compile(r"<code>([A-Z2-7 ]{32,})</code>")


def production(console: Console) -> Console:
    """The same hub as it would be in production."""
    hub = replace(console.hub, stage="production")
    return Console(home=console.home, hub=hub, clock=console.clock, app=create_app(hub), clients=console.clients)


def send(client: TestClient, path: str, **data: str) -> Response:
    """Fill in the form on a page and send it."""
    found = _SECRET.search(client.get(path).text)
    return client.post(path, data=data | ({"csrf": found[1]} if found else {}))


def shown_link(answer: Response) -> str:
    found = re.search(r"<code>https?://[^/]+(/[^<]+)</code>", unescape(answer.text))
    assert found is not None, answer.text[:3000]
    return found[1]


def user_id(console: Console, login: str) -> str:
    return next(row["id"] for row in console.rows(NL, schema.app_user, schema.app_user.c.login == login))


def added(console: Console, admin: Person, login: str = "newcomer", role: str = "support") -> str:
    answer = admin.send("/users", {"login": login, "name": "New Comer", "role": role, "language": "en"})
    assert answer.status_code == 200, answer.text[:2000]
    return user_id(console, login)


def set_up(console: Console, client: TestClient) -> TOTP:
    """Set a device up on the page of the second factor."""
    page = client.get("/second-factor").text
    found = _TYPED.search(page)
    assert found is not None
    assert 'src="data:image/svg+xml' in page
    device = TOTP(found[1].replace(" ", ""))
    wrong = send(client, "/second-factor", code="000000")
    assert wrong.status_code == 403
    done = send(client, "/second-factor", code=device.at(console.clock.now()), next="/account")
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    return device


def test_an_invited_user_chooses_a_password_sets_up_a_device_and_is_in(console: Console) -> None:
    admin = console.login("engineer")
    who = added(console, admin)
    link = shown_link(admin.send(f"/users/{who}/invite"))

    real = production(console)
    client = real.stranger()
    assert "newcomer" in client.get(link).text
    assert client.post(link, data={"password": NEW, "again": "other"}).status_code == 422
    assert client.post(link, data={"password": "short", "again": "short"}).status_code == 422
    done = client.post(link, data={"password": NEW, "again": NEW})
    assert (done.status_code, done.headers["location"]) == (303, "/second-factor")
    assert client.get("/account").status_code == 303, "half way in is not in"
    assert client.get(link).status_code == 410, "it works once"
    device = set_up(real, client)
    assert client.get("/account").status_code == 200

    again = real.stranger()
    real.clock.move_to(real.clock.now() + timedelta(minutes=2))
    assert again.post("/login", data={"login": "newcomer", "password": NEW}).status_code == 403
    code = device.at(real.clock.now())
    assert again.post("/login", data={"login": "newcomer", "password": NEW, "code": code}).status_code == 303
    assert again.get("/account").status_code == 200


def test_outside_the_sandbox_a_password_alone_leads_to_the_device_and_nowhere_else(console: Console) -> None:
    who = console.login("support").login
    real = production(console)
    client = real.stranger()
    done = client.post("/login", data={"login": who, "password": PASSWORD, "next": "/account"})
    assert done.headers["location"] == "/second-factor?next=/account"
    for path in ("/", "/account", "/users", "/exchanges"):
        assert client.get(path).headers["location"].startswith("/login"), path
    assert client.get("/login").headers["location"].startswith("/second-factor")
    assert client.post("/second-factor", data={"code": "123456"}).status_code == 403, "without the form's secret"


def test_a_lost_device_goes_past_a_second_person_in_the_console(console: Console) -> None:
    who = console.login("support")
    set_up(console, who.client)
    assert console.stranger().post("/device", data={"login": who.login, "password": "wrong, wrong"}).status_code == 422
    told = console.stranger().post("/device", data={"login": who.login, "password": PASSWORD})
    assert 'role="status"' in told.text

    admin = console.login("engineer")
    where = f"/users/{user_id(console, who.login)}"
    assert f'<li><a href="{where}">' in admin.see("/users"), "it waits on top of the list"
    answer = admin.send(f"{where}/device/approve")
    if "<code>" in answer.text:
        link = shown_link(answer)
    else:
        with console.hub.store.reading(NL) as unit:
            (row,) = unit.rows(unit.mine(schema.login_link, schema.login_link.c.kind == "device"))
        from hub.security.tokens import link_secret

        link = f"/device/{NL}.{link_secret(console.hub.store.keys, NL, row['id'])}"
    client = console.stranger()
    assert client.post(link, data={"password": "wrong, wrong"}).status_code == 422
    done = client.post(link, data={"password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/second-factor")
    set_up(console, client)
    assert admin.send(f"{where}/device/approve").status_code == 404, "there is nothing to approve any more"


def test_an_engineer_who_asked_cannot_approve(console: Console) -> None:
    who = console.login("support")
    set_up(console, who.client)
    admin = console.login("engineer")
    where = f"/users/{user_id(console, who.login)}"
    admin.send(f"{where}/device")
    refused = admin.send(f"{where}/device/approve")
    assert (refused.status_code, "vraag een collega" in refused.text) == (409, True)
    assert (admin.login, "approve-device", "refused") in [
        (row["actor"], row["action"], row["outcome"]) for row in console.looks(NL)
    ]
    assert admin.send(f"{where}/device/refuse").status_code == 200


def test_a_new_password_by_link_is_told_to_nobody_who_is_not_known(console: Console) -> None:
    texts = {console.stranger().post("/reset", data={"login": name}).text for name in ("nobody@x.example", "who")}
    assert len(texts) == 1
    admin = console.login("engineer")
    who = added(console, admin)
    link = shown_link(admin.send(f"/users/{who}/invite"))
    console.stranger().post(link, data={"password": NEW, "again": NEW})
    reset = shown_link(admin.send(f"/users/{who}/reset"))
    client = console.stranger()
    done = client.post(reset, data={"password": "yet another phrase", "again": "yet another phrase"})
    assert (done.status_code, done.headers["location"]) == (303, "/login")
    assert client.post("/login", data={"login": "newcomer", "password": "yet another phrase"}).status_code == 303
    assert client.get("/reset/none.abcdefghijklmnopqrst").status_code == 410


def test_a_leaver_is_out_at_the_next_page(console: Console) -> None:
    admin, who = console.login("engineer"), console.login("support")
    assert who.get("/account").status_code == 200
    assert admin.send(f"/users/{user_id(console, who.login)}/end").status_code == 200
    assert who.get("/account").status_code == 303
    back = {"login": who.login, "password": PASSWORD}
    assert console.stranger().post("/login", data=back).status_code == 403


def test_a_changed_role_counts_at_the_next_page(console: Console) -> None:
    admin, who = console.login("engineer"), console.login("support")
    assert who.get("/users").status_code == 404
    values = {"role": "engineer", "name": "Now an engineer", "language": "en"}
    assert admin.send(f"/users/{user_id(console, who.login)}", values).status_code == 200
    assert who.get("/users").status_code == 200


def test_nobody_administers_their_own_account(console: Console) -> None:
    admin = console.login("engineer")
    where = f"/users/{user_id(console, admin.login)}"
    for step, values in (("", {"role": "finance"}), ("/invite", {}), ("/reset", {}), ("/end", {}), ("/device", {})):
        assert admin.send(f"{where}{step}", values).status_code == 409, step


def test_only_administrators_see_users_and_each_only_their_own(console: Console) -> None:
    for role in ("provider", "support", "finance", "privacy_officer", "auditor"):
        assert console.login(role).get("/users").status_code == 404, role
    admin = console.login("engineer")
    elsewhere = console.login("engineer", "NO")
    foreign, absent = user_id(console, admin.login), "00000000-0000-0000-0000-000000000000"
    for one in (foreign, absent):
        assert elsewhere.get(f"/users/{one}").status_code == 404
        assert elsewhere.send(f"/users/{one}/end").status_code == 404
    assert admin.get("/account").status_code == 200


def test_an_administrator_of_an_organisation_gives_nothing_beyond_it(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        from hub.store import parties

        own = parties.organisation(unit, PRACTICE).id
        parties.put_user(unit, "local-admin", name="L", role="engineer", organisation_id=own, language="en")
    identity.set_password(console.hub, NL, "local-admin", PASSWORD, Actor(name="x", role="operator"))
    client = console.stranger()
    client.post("/login", data={"login": "local-admin", "password": PASSWORD})
    local = Person(client=client, tenant=NL, login="local-admin")
    seen = local.see("/users")
    support = next(row for row in console.rows(NL, schema.app_user) if row["role"] == "support")
    assert ("local-admin" in seen, support["login"] in seen) == (True, False)
    assert local.get(f"/users/{support['id']}").status_code == 404
    for organisation in ("", "98000001", "99999999"):
        values = {"login": "x1", "role": "support", "organisation": organisation, "language": "en"}
        answer = local.send("/users", values)
        assert answer.status_code in (409, 422), organisation
    assert local.send("/users", {"login": support["login"], "role": "auditor"}).status_code == 422, "taken"
    values = {"login": "x1", "role": "support", "organisation": PRACTICE, "language": "en"}
    assert local.send("/users", values).status_code == 200
    assert console.rows(NL, schema.app_user, schema.app_user.c.login == "x1")[0]["organisation_id"] == own


def test_users_come_a_page_at_a_time_and_are_found_by_name(console: Console) -> None:
    with console.hub.store.unit(NL) as unit:
        from hub.store import parties

        for number in range(60):
            parties.put_user(
                unit, f"many{number:02}", name=f"Number {number}", role="auditor", organisation_id=None, language="en"
            )
    admin = console.login("engineer")
    first = admin.see("/users")
    following = re.search(r'href="(/users\?after=[^"]+)"', first)
    assert following is not None
    assert first.count('<th scope="row">') == 50
    assert "many59" in admin.see(following[1])
    assert admin.send("/users/find", {"find": "NUMBER 42"}).text.count('<th scope="row">') == 1
    assert "zoek preciezer" in admin.send("/users/find", {"find": "many"}).text
