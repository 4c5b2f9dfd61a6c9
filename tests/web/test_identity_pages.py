"""Logging in, out, and one's own account, as a browser without scripts meets them."""

from __future__ import annotations

import pytest

from hub.web.guard import COOKIE
from tests.web.consoles import PASSWORD, Console


def test_whoever_is_not_logged_in_is_led_to_the_form_and_back(console: Console) -> None:
    client = console.stranger()
    sent = client.get("/account")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/account")
    shown = client.get("/login?next=/account")
    assert 'name="next" value="/account"' in shown.text
    who = console.login("support").login
    done = client.post("/login", data={"login": who, "password": PASSWORD, "next": "/account"})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    cookie = done.headers["set-cookie"].lower()
    assert ("httponly" in cookie, "samesite=lax" in cookie) == (True, True)
    assert client.get("/account").status_code == 200
    assert client.get("/login").headers["location"] == "/"


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"]
)
def test_a_way_back_leads_nowhere_else(console: Console, next_: str) -> None:
    who = console.login("support").login
    done = console.stranger().post("/login", data={"login": who, "password": PASSWORD, "next": next_})
    assert done.headers["location"] == "/"


def test_a_wrong_password_is_told_in_the_same_words_as_a_wrong_login(console: Console) -> None:
    who = console.login("support").login
    pages = set()
    for login in (who, "nobody"):
        answer = console.stranger().post("/login", data={"login": login, "password": "wrong, wrong"})
        assert answer.status_code == 403
        assert COOKIE not in answer.cookies
        pages.add(answer.text.replace(login, "LOGIN"))
    assert len(pages) == 1


def test_too_many_attempts_are_told_to_wait(console: Console) -> None:
    client = console.stranger()
    for _ in range(5):
        client.post("/login", data={"login": "nobody", "password": "wrong, wrong"})
    answer = client.post("/login", data={"login": "nobody", "password": "wrong, wrong"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")


def test_a_form_of_another_site_logs_nobody_in(console: Console) -> None:
    who = console.login("support").login
    answer = console.stranger().post(
        "/login", data={"login": who, "password": PASSWORD}, headers={"origin": "https://evil.example"}
    )
    assert (answer.status_code, COOKIE in answer.cookies) == (403, False)


def test_logging_out_ends_the_session_on_our_side_too(console: Console) -> None:
    person = console.login("support")
    kept = person.client.cookies[COOKIE]
    assert person.client.post("/logout").status_code == 403, "without the form's secret"
    answer = person.send("/logout", follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    client = console.stranger()
    client.cookies.set(COOKIE, kept)
    assert client.get("/account").status_code == 303


def test_one_sees_ones_sessions_and_ends_another_one(console: Console) -> None:
    here, there = console.login("support"), console.login("support")
    page = here.see("/account")
    assert page.count('/end"') == 1
    session = page.split("/account/sessions/")[1].split("/")[0]
    assert here.send(f"/account/sessions/{session}/end").status_code == 200
    assert there.get("/account").status_code == 303
    others = console.login("auditor")
    answer = others.send(f"/account/sessions/{session}/end")
    assert answer.status_code == 404, "not one's own"


def test_the_password_is_changed_with_the_old_one(console: Console) -> None:
    person = console.login("support")
    wrong = person.send("/account/password", {"old": "nope, nope, nope", "new": "another fine phrase"})
    assert (wrong.status_code, "danger-note" in wrong.text) == (422, True)
    short = person.send("/account/password", {"old": PASSWORD, "new": "short"})
    assert short.status_code == 422
    done = person.send("/account/password", {"old": PASSWORD, "new": "another fine phrase"})
    assert (done.status_code, 'role="status"' in done.text) == (200, True)
    again = {"login": person.login, "password": "another fine phrase"}
    assert console.stranger().post("/login", data=again).status_code == 303


def test_the_language_of_the_pages_is_chosen(console: Console) -> None:
    person = console.login("support")
    assert 'lang="nb"' in person.send("/account/language", {"language": "nb"}).text
    assert "Min konto" in person.see("/account")
    assert person.send("/account/language", {"language": "xx"}).status_code == 422
