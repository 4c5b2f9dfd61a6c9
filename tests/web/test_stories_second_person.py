"""What takes two people, in a real browser and by keyboard alone: files above a limit, and the erasure of a person.

What they are told in between is theirs to read: each step goes by labels, roles and sentences of the page.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub.errors import ContentError
from hub.pipeline import identity, retention
from hub.pipeline.context import Actor
from hub.store import approvals, claims, parties, schema
from hub.store.unit import Row
from tests.web.browsers import Site
from tests.web.consoles import NL, PASSWORD
from tests.web.keyboards import entered, form_of, logins, press, reach, row_of, told, write

REFUSED = "COD957:101"
SETTING_UP = Actor(name="demo", role="operator")
OFFICER = "second.officer@voorbeeldzorg.example"


# --- files above the limit ------------------------------------------------------------------------------------------


@pytest.fixture
def outbox(stories: Site, tmp_path: Path) -> Path:
    """From today on files for Menzis go into a folder, when a person lets them."""
    folders = {name: tmp_path / name for name in ("outbox", "inbox")}
    for folder in folders.values():
        folder.mkdir()
    day = date(2026, 6, 1)
    with stories.console.hub.store.unit(NL) as unit:
        standing = parties.agreement(unit, "menzis", day)
        assert standing is not None
        settings = {name: str(folder) for name, folder in folders.items()}
        ours = replace(standing, id="", valid_from=day, channel="folder", settings=settings, release="manual")
        parties.put_agreement(unit, ours)
    return folders["outbox"]


def corrected(site: Site) -> Row:
    """Support puts right what the insurer refused: a file is made of it, and waits. Gives the file."""
    task = schema.task.c
    (found,) = site.console.rows(NL, schema.task, task.cause == REFUSED, task.state == "open")
    page = site.login("support")
    page.goto(f"/claims/{found['claim_ref']}/correct")
    page.fill("[name='v.payer_code']", "3332")
    page.keyboard.press("Enter")
    page.click(f"form[action='/claims/{found['claim_ref']}/correct/send'] button")
    page.click(f"form[action='/claims/{found['claim_ref']}/submit'] button")
    page.wait_for_selector(".said")
    page.context.close()
    (made,) = site.console.rows(NL, schema.claim, schema.claim.c.corrects == found["claim_ref"])
    return file_of(site, made["exchange_id"])


def file_of(site: Site, exchange_id: str) -> Row:
    """How a file stands."""
    (found,) = site.console.rows(NL, schema.exchange, schema.exchange.c.id == exchange_id)
    return found


def sending(site: Site) -> None:
    """The engineer has everything sent that may go."""
    page = site.login("engineer")
    page.goto("/jobs")
    press(page, "Nu starten: Verzenden wat aan de beurt is")
    page.context.close()


def test_a_file_above_the_limit_leaves_when_a_second_person_has_approved_exactly_it(
    stories: Site, outbox: Path
) -> None:
    waiting = corrected(stories)
    number = waiting["invoice_number"]
    asking, deciding = logins(stories, "finance")[:2]

    one = entered(stories, asking)
    one.goto("/approvals")
    lower = one.locator("main details").filter(has_text="Bestanden vrijgeven")
    reach(one, lower.locator("summary"))
    one.keyboard.press("Enter")
    write(one, "Bedrag", "1,00", lower)
    write(one, "Reden", "besluit van het bestuur", lower)
    press(one, "Opslaan", within=lower)
    assert "De grens is nu" in told(one)

    one.goto("/release")
    reach(one, row_of(one, number).get_by_role("checkbox"))
    one.keyboard.press("Space")
    write(one, "Reden", "nagekeken met de praktijk")
    press(one, "Vrijgeven")
    assert "Vrijgegeven: 0. De rest wacht op een tweede persoon" in told(one)
    expect(row_of(one, number)).to_contain_text("wacht op een tweede persoon")
    expect(row_of(one, number).get_by_role("checkbox")).to_have_count(0)
    press(one, re.compile("wacht op een tweede persoon"), "link", row_of(one, number))
    expect(one.locator("main")).to_contain_text("U vroeg het: een ander keurt goed.")
    expect(one.get_by_role("button", name=re.compile("Goedkeuren"))).to_have_count(0)
    secret = one.locator("input[name=csrf]").first.get_attribute("value") or ""
    own = one.request.post(f"{one.url}/approve", form={"csrf": secret})
    assert own.status == 409, "nor by a form of one's own making"
    one.context.close()
    sending(stories)
    assert (file_of(stories, waiting["id"])["state"], list(outbox.iterdir())) == ("prepared", [])

    two = entered(stories, deciding)
    two.goto("/approvals")
    press(two, "Bekijken en beslissen", "link", row_of(two, number))
    expect(two.locator("main")).to_contain_text("nagekeken met de praktijk")
    expect(two.locator("main")).to_contain_text(waiting["payload_sha256"][:16])
    press(two, re.compile("^Goedkeuren"))
    assert "goedgekeurd en gedaan" in told(two)
    assert not list(outbox.iterdir()), "what may go goes with the next run"
    sending(stories)

    two.goto(f"/exchanges/{waiting['business_key']}")
    expect(two.get_by_role("heading", level=1)).to_contain_text("Verzonden")
    (left,) = outbox.iterdir()
    gone = file_of(stories, waiting["id"])
    assert (gone["state"], gone["released"]) == ("sent", True)
    assert hashlib.sha256(left.read_bytes()).hexdigest() == gone["payload_sha256"] == waiting["payload_sha256"]
    with stories.console.hub.store.reading(NL) as unit:
        (request,) = [each for each in approvals.find(unit) if each.what == "let_go"]
    assert (request.state, request.asked_by, request.decided_by) == ("approved", asking, deciding)
    (decision,) = stories.console.rows(NL, schema.resolution, schema.resolution.c.kind == "let_go")
    assert (decision["by"], decision["detail"]["request"]) == (asking, request.number)
    two.context.close()


# --- an erasure -----------------------------------------------------------------------------------------------------


@pytest.fixture
def patient(stories: Site) -> tuple[str, str]:
    """A BSN of which everything is decided and paid, and one of its claims; a second officer works there."""
    hub = stories.console.hub
    with hub.store.unit(NL) as unit:
        parties.put_user(unit, OFFICER, name="Tweede", role="privacy_officer", organisation_id=None, language="nl")
    identity.set_password(hub, NL, OFFICER, PASSWORD, SETTING_UP)
    with hub.store.reading(NL) as unit:
        rows = [row for row in claims.find(unit) if row["subject_id"]]
        owed = retention.open_money(unit, sorted({row["subject_id"] for row in rows}))
        row = next(row for row in rows if row["subject_id"] not in owed)
        (claim,) = claims.load(unit, [row])
    return claim.person.bsn, row["ref"]


def person_of(page: Page, ref: str) -> str:
    """What a claim's page says about whose it is."""
    page.goto(f"/claims/{ref}")
    return page.locator("#person ~ *").first.inner_text()


def test_a_person_is_erased_by_two_unless_a_legal_hold_forbids_it(stories: Site, patient: tuple[str, str]) -> None:
    bsn, ref = patient
    asking = logins(stories, "privacy_officer")[0]
    support = stories.login("support")
    assert f"*****{bsn[-4:]}" in person_of(support, ref)

    one = entered(stories, asking)
    one.goto("/privacy")
    asked = form_of(one, "Vraag om wissen")
    write(one, "BSN of fødselsnummer", bsn, asked)
    write(one, "Reden", "verzoek van de patiënt", asked)
    press(one, "Vraag om wissen", within=asked)
    assert f"Het wissen van bsn *****{bsn[-4:]} wacht op een tweede persoon." in told(one)
    assert bsn not in one.content()
    press(one, "Wis nu")
    expect(one.get_by_role("alert")).to_contain_text("wie om het wissen heeft gevraagd kan het niet goedkeuren")
    held = form_of(one, "Bewaren")
    write(one, "BSN of fødselsnummer", bsn, held)
    write(one, "Reden", "klacht bij het tuchtcollege", held)
    press(one, "Bewaren", within=held)

    two = entered(stories, OFFICER)
    two.goto("/privacy")
    press(two, "Wis nu")
    expect(two.get_by_role("alert")).to_contain_text("op deze persoon rust sinds")
    (waits,) = stories.console.rows(NL, schema.erasure)
    assert (waits["state"], waits["decided_by"]) == ("asked", "")
    assert f"*****{bsn[-4:]}" in person_of(support, ref)
    write(two, "Reden", "de klacht is afgehandeld", form_of(two, "Hef op"))
    press(two, "Hef op")
    assert told(two) == "De bewaarplicht is opgeheven."
    press(two, "Wis nu")

    expect(two.get_by_role("heading", level=1)).to_contain_text(f"Verklaring van wissen {waits['number']} ")
    expect(two.get_by_role("heading", level=1)).to_contain_text("zoals ondertekend")
    said = two.locator("main").inner_text()
    assert asking in said
    assert OFFICER in said
    assert "verzoek van de patiënt" in said
    assert erased(stories, ref)
    assert person_of(support, ref) == "De gegevens van deze persoon zijn gewist; bedragen en gebeurtenissen blijven."
    expect(support.locator("main")).not_to_contain_text(f"*{bsn[-4:]}")
    (done,) = stories.console.rows(NL, schema.erasure)
    assert (done["state"], done["asked_by"], done["decided_by"]) == ("done", asking, OFFICER)
    for page in (one, two, support):
        page.context.close()


def erased(site: Site, ref: str) -> bool:
    """Whether the person of a claim is gone for good: no key opens what was sealed, and the money stands as it was."""
    (row,) = site.console.rows(NL, schema.claim, schema.claim.c.ref == ref)
    (subject,) = site.console.rows(NL, schema.subject, schema.subject.c.id == row["subject_id"])
    with site.console.hub.store.reading(NL) as unit, pytest.raises(ContentError, match="erased"):
        claims.load(unit, [row])
    return subject["erased_at"] is not None and row["total_minor"] > 0
