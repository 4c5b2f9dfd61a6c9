"""What came in and cannot be settled by itself: seen with persons masked, read again, or dismissed with a reason."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html import unescape

import pytest

from hub.model.exchange import Collected
from hub.pipeline import inbound, mail_rules
from hub.pipeline.receive import Received, receive
from hub.store import inbounds, schema
from hub.store.unit import Row
from hub.web.roles import GRANTED, Permission
from tests.web.consoles import NL, NO, PRACTICE, Console

LETTER = (
    "Geachte mevrouw Vermeulen-de Wit, betreft patient 999911120, geboren 12-03-1985.\n"
    "Graag contact via j.vermeulen@praktijk.example of 0612345678.\n<script>alert(1)</script>\n"
)
_NAMES = ("Vermeulen", "999911120", "j.vermeulen", "0612345678", "12-03-1985")


def answer_bytes(console: Console) -> bytes:
    """An answer that a payer really gave to one of our files."""
    row = next(row for row in console.rows(NL, schema.inbound) if "HA305" in row["kind"])
    with console.hub.store.reading(NL) as unit:
        return inbounds.payload(unit, row)


def came_in(console: Console, payload: bytes, name: str = "antwoord.txt", tenant: str = NL) -> Received:
    (done,) = receive(console.hub, tenant, Collected(remote_id=name, name=name, payload=payload))
    return done


def unknown(console: Console) -> Received:
    """The same answer about an invoice that we never sent."""
    payload = re.sub(rb"KV0000000\d{3}", b"KV0000000977", answer_bytes(console))
    done = came_in(console, payload, "retour-977.asc")
    assert done.state == inbounds.TRIAGE, done
    return done


def absent(console: Console, tenant: str = NO) -> int:
    """How often somebody of a tenant asked for what is not there for them."""
    return sum(one["outcome"] == "absent" for one in console.looks(tenant))


def asked(console: Console, inbound_id: str, tenant: str = NL) -> list[Row]:
    return console.rows(tenant, schema.task, schema.task.c.inbound_id == inbound_id)


def stored(console: Console, inbound_id: str) -> Row:
    (row,) = console.rows(NL, schema.inbound, schema.inbound.c.id == inbound_id)
    return row


def test_from_today_to_what_came_in_and_a_word_on_it_that_is_kept(console: Console) -> None:
    done = unknown(console)
    support = console.login("support")
    today = support.see("/today?show=unread")
    assert f'href="/inbound/{done.inbound_id}"' in today
    assert 'href="/inbound"' in today
    listing = support.see("/inbound")
    assert f'href="/inbound/{done.inbound_id}"' in listing
    page = support.see(f"/inbound/{done.inbound_id}")
    assert "retour-977.asc" in page
    assert "KV0000000977" in page

    answer = support.send(f"/inbound/{done.inbound_id}/dismiss", {"reason": "meant for another hub, 999911120"})
    assert answer.status_code == 200
    row = stored(console, done.inbound_id)
    assert row["state"] == inbounds.DISMISSED
    assert row["meta"]["dismissed"]["by"] == support.login
    assert "999911120" not in row["meta"]["dismissed"]["why"]
    assert {task["state"] for task in asked(console, done.inbound_id)} == {"done"}
    assert all(task["evidence"]["by"] == support.login for task in asked(console, done.inbound_id))
    assert f"/inbound/{done.inbound_id}" not in support.see("/inbound")
    assert f"/inbound/{done.inbound_id}" in support.see("/inbound?show=dismissed")
    assert "meant for another hub" in support.see("/tasks")
    said = [(one["action"], one["object"]) for one in console.looks(NL)]
    assert ("dismiss", f"inbound/{done.inbound_id}") in said
    assert answer_again(console, done) == inbounds.DUPLICATE, "the same bytes again ask nobody anew"


def answer_again(console: Console, done: Received) -> str:
    with console.hub.store.reading(NL) as unit:
        payload = inbounds.payload(unit, inbounds.get(unit, done.inbound_id))
    return came_in(console, payload, "retour-977-again.asc").state


def test_dismissing_asks_for_a_reason_and_for_somebody_who_works(console: Console) -> None:
    done = unknown(console)
    support = console.login("support")
    assert support.send(f"/inbound/{done.inbound_id}/dismiss", {"reason": " "}).status_code == 422
    for role in (name for name, may in GRANTED.items() if Permission.WORK not in may):
        answer = console.login(role).send(f"/inbound/{done.inbound_id}/dismiss", {"reason": "not ours"}, follow=False)
        assert answer.status_code == 404, role
    assert stored(console, done.inbound_id)["state"] == inbounds.TRIAGE
    processed = next(row for row in console.rows(NL, schema.inbound) if row["state"] == "processed")
    assert support.send(f"/inbound/{processed['id']}/dismiss", {"reason": "tired of it"}).status_code == 409
    assert stored(console, processed["id"])["state"] == "processed"


def test_an_unreadable_letter_shows_no_person_until_somebody_says_why(console: Console) -> None:
    done = came_in(console, LETTER.encode())
    assert done.state == inbounds.UNREADABLE
    path = f"/inbound/{done.inbound_id}"
    support = console.login("support")
    page = support.get(path).text
    assert not [name for name in _NAMES if name in page]
    assert "<script>alert" not in page

    assert support.send(f"{path}/reveal", {"reason": ""}).status_code == 422
    shown = support.send(f"{path}/reveal", {"reason": "whom is this about"})
    assert all(name in unescape(shown.text) for name in _NAMES)
    assert "<script>alert" not in shown.text, "what came in is text, never a page"
    got = support.send(f"{path}/file", {"reason": "for their help desk"})
    assert got.content == LETTER.encode()
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["content-type"] == "application/octet-stream"
    said = [(one["action"], one["object"]) for one in console.looks(NL)]
    assert ("reveal", f"inbound/{done.inbound_id}: whom is this about") in said
    assert ("export", f"inbound/{done.inbound_id}: for their help desk") in said
    assert not [name for name in _NAMES if name in support.get(path).text], "a reveal is for once"


@pytest.mark.parametrize("role", ["engineer", "finance", "auditor"])
def test_who_may_not_see_persons_cannot_reveal_or_download(console: Console, role: str) -> None:
    done = came_in(console, LETTER.encode())
    person = console.login(role)
    assert person.get(f"/inbound/{done.inbound_id}").status_code == 200
    for action in ("reveal", "file"):
        answer = person.send(f"/inbound/{done.inbound_id}/{action}", {"reason": "curious"}, follow=False)
        assert answer.status_code == 404, action


def test_the_records_of_an_answer_are_shown_without_the_insured(console: Console) -> None:
    support = console.login("support")
    seen = set[str]()
    for row in console.rows(NL, schema.inbound):
        with console.hub.store.reading(NL) as unit:
            payload = inbounds.payload(unit, row)
        people = set(re.findall(r"(?=(9999\d{5}))", payload.decode("latin-1")))
        if people and payload[:2] == b"01":
            page = support.see(f"/inbound/{row['id']}")
            assert not [number for number in people if number in page]
            assert "01 #1" in page
            seen |= people
    assert seen


def test_reading_again_asks_again_what_it_still_cannot_place(console: Console) -> None:
    done = unknown(console)
    engineer = console.login("engineer")
    answer = engineer.send(f"/inbound/{done.inbound_id}/again")
    assert "wacht nog steeds op een mens" in unescape(answer.text)
    assert [task["state"] for task in asked(console, done.inbound_id)] == ["open"]


def test_what_was_dismissed_too_early_is_read_again_and_asks_again(console: Console) -> None:
    done = unknown(console)
    support = console.login("support")
    support.send(f"/inbound/{done.inbound_id}/dismiss", {"reason": "not ours"})
    support.send(f"/inbound/{done.inbound_id}/again")
    assert stored(console, done.inbound_id)["state"] == inbounds.TRIAGE
    assert [task["state"] for task in asked(console, done.inbound_id)] == ["open"]
    assert f"/inbound/{done.inbound_id}" in support.see("/inbound")


def test_reading_again_closes_what_asked_once_it_can_be_placed(console: Console) -> None:
    """The answer names a number of ours by now: what was missing has been mended."""
    done = unknown(console)
    with console.hub.store.unit(NL) as unit:
        number = re.findall(r"KV\d{10}", answer_bytes(console).decode("latin-1"))[0]
        for row in unit.rows(unit.mine(schema.exchange, schema.exchange.c.invoice_number == number)):
            unit.update(schema.exchange, row["id"], invoice_number="KV0000000977")
        for row in unit.rows(unit.mine(schema.claim, schema.claim.c.invoice_number == number)):
            unit.update(schema.claim, row["id"], invoice_number="KV0000000977")
    support = console.login("support")
    support.send(f"/inbound/{done.inbound_id}/again")
    row = stored(console, done.inbound_id)
    assert row["state"] in (inbounds.PROCESSED, inbounds.DUPLICATE)
    assert {task["state"] for task in asked(console, done.inbound_id)} == {"done"}
    assert row["exchange_id"]
    assert "KV0000000977" in support.see(f"/inbound/{done.inbound_id}")


def test_pages_neither_skip_nor_repeat(console: Console) -> None:
    made = {came_in(console, f"iets {number}".encode(), f"f{number:03}.txt").inbound_id for number in range(7)}
    found: list[str] = []
    before = None
    with console.hub.store.reading(NL) as unit:
        while True:
            rows, before = inbound.listed(console.hub, unit, before=before, most=3)
            found += [row.id for row in rows]
            if before is None:
                break
    assert len(found) == len(set(found))
    assert made <= set(found)


def test_what_stopped_for_good_leads_to_what_came_in(console: Console) -> None:
    done = came_in(console, LETTER.encode())
    page = console.login("support").see("/dead")
    assert f'href="/inbound/{done.inbound_id}"' in page
    assert 'href="/inbound"' in page


def test_a_search_for_what_belongs_to_nothing_leads_to_it(console: Console) -> None:
    done = came_in(console, LETTER.encode(), "letter-X7781.txt")
    support = console.login("support")
    assert support.get(f"/exchanges/{done.inbound_id}").headers["location"] == f"/inbound/{done.inbound_id}"


def test_what_came_in_for_somebody_else_is_not_there(console: Console) -> None:
    done = came_in(console, LETTER.encode())
    before = absent(console)
    stranger = console.login("support", "NO")
    assert stranger.get(f"/inbound/{done.inbound_id}").status_code == 404
    for action in ("again", "dismiss", "reveal", "file", "teach"):
        data = {"reason": "mine now", "partner": "x"}
        assert stranger.send(f"/inbound/{done.inbound_id}/{action}", data, follow=False).status_code == 404, action
    assert absent(console) == before + 6
    assert console.login("provider", "NL", PRACTICE).get(f"/inbound/{done.inbound_id}").status_code == 404
    assert stored(console, done.inbound_id)["state"] == inbounds.UNREADABLE


def test_a_form_without_its_secret_changes_nothing(console: Console) -> None:
    done = unknown(console)
    support = console.login("support")
    answer = support.client.post(f"/inbound/{done.inbound_id}/dismiss", data={"reason": "not ours"})
    assert answer.status_code == 403
    assert stored(console, done.inbound_id)["state"] == inbounds.TRIAGE


def test_a_bank_s_bytes_are_not_for_who_may_not_see_money(console: Console) -> None:
    bank = next(row for row in console.rows(NL, schema.inbound) if "camt" in row["kind"] or "mt940" in row["kind"])
    assert "<code" in console.login("finance").see(f"/inbound/{bank['id']}").split('id="content"')[1]
    assert 'class="rawfields"' not in console.login("engineer").see(f"/inbound/{bank['id']}")


def mail(number: str) -> bytes:
    """A mail of a payer's that our server proved, as nothing we know reads it."""
    message = EmailMessage()
    message["From"] = "Kari Nordmann <oppgjor@payer.example>"
    message["To"] = "us@hub.example"
    message["Subject"] = f"Ang. bilag {number}"
    message["Date"] = "Mon, 01 Jul 2026 08:00:00 +0200"
    message.set_content(f"Hei, bilag {number} er avvist. Hilsen Kari Nordmann")
    return message.as_bytes()


def test_a_mail_nobody_could_place_teaches_its_rule_after_a_trial(console: Console) -> None:
    arrived = {row["id"] for row in console.rows(NO, schema.exchange) if row["state"] == "delivered"}
    claim = next(row for row in console.rows(NO, schema.claim) if row["exchange_id"] in arrived)
    item = Collected(
        remote_id="m1",
        name="mail",
        payload=mail(claim["invoice_number"]),
        kind="mail",
        trusted=True,
        meta={"dkim": "payer.example"},
    )
    (done,) = receive(console.hub, NO, item)
    assert done.state == inbounds.TRIAGE, done
    support = console.login("support", "NO")
    path = f"/inbound/{done.inbound_id}"
    page = support.get(path).text
    assert "Nordmann" not in page
    assert claim["invoice_number"] in page
    partner = claim["payer"]
    tried = support.send(f"{path}/teach", {"partner": partner})
    assert tried.status_code == 200, tried.text[:500]
    assert claim["invoice_number"] in tried.text
    assert [row["state"] for row in console.rows(NO, schema.inbound, schema.inbound.c.id == done.inbound_id)] == [
        inbounds.TRIAGE
    ]
    support.send(f"{path}/teach", {"partner": partner, "confirm": "yes"})
    by_kind = {row["kind"]: row for row in asked(console, done.inbound_id, NO)}
    assert by_kind["mail_triage"]["state"] == "done", "the rule reads it; what it says is another question"
    assert by_kind["mail_triage"]["evidence"]["read_again"] is True
    with console.hub.store.reading(NO) as unit:
        assert [rule.sender for rule in mail_rules.taught(unit, unit.now.date())] == ["oppgjor@payer.example"]
