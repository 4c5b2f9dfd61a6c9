"""A practice is mailed once per version that its statement is there and where; the mail names nobody and no amount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.pipeline import payouts, statements
from hub.pipeline.notices import Mailed, mail_notices
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.smtp import SmtpSandbox
from hub.store import parties, schema
from tests.scenarios.test_scenario_notices import mailed_through
from tests.scenarios.test_scenario_payouts import ANNE, eur, paid
from tests.scenarios.world import NL, PRACTICE, World

__all__ = ["paid"]

WHERE = "Kijk op https://declaraties.example/overzichten"


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return make_pki(tmp_path / "pki", now=datetime.now(UTC))


@pytest.fixture
def letters(pki: Pki) -> Iterator[SmtpSandbox]:
    with SmtpSandbox(pki.server) as server:
        yield server


def deliver(world: World) -> int:
    """Make and deliver what is new for the first practice."""
    statements.make(world.hub, NL, "2024Q1", ANNE, practices=[PRACTICE])
    waiting = statements.undelivered(world.hub, NL, "2024Q1", [PRACTICE])
    return sum(statements.delivered(world.hub, NL, each.row, ANNE) for each in waiting)


def test_a_practice_is_mailed_where_its_statement_is_once_per_version(
    paid: World, letters: SmtpSandbox, pki: Pki
) -> None:
    mailed_through(paid, letters, pki, NL, notices_where=WHERE)
    assert deliver(paid) == 1
    assert mail_notices(paid.hub, NL) == Mailed(sent=1)
    assert deliver(paid) == 0
    assert mail_notices(paid.hub, NL) == Mailed()
    (first,) = letters.taken
    assert first.recipients == ("praktijk1@voorbeeldzorg.example",)
    assert first.mail["Subject"] == "Een overzicht over 2024Q1 staat klaar"
    said = first.mail.get_content()
    assert WHERE in said
    assert "versie 1" in said
    with paid.reading(NL) as unit:
        practice = parties.organisation(unit, PRACTICE)
    hidden = ("kvitt", "5,25", "5.25", PRACTICE, practice.party.name, practice.party.account)
    assert [word for word in hidden if word in said + first.mail["Subject"]] == []
    assert list(first.mail.iter_attachments()) == []

    payouts.charge(paid.hub, NL, PRACTICE, eur(100), period="2024Q1", service="hours", actor=ANNE)
    assert deliver(paid) == 1
    assert mail_notices(paid.hub, NL) == Mailed(sent=1)
    assert "versie 2" in letters.taken[-1].mail.get_content()


def test_without_a_link_it_says_whom_to_ask_and_the_address_for_notices_comes_first(
    paid: World, letters: SmtpSandbox, pki: Pki
) -> None:
    mailed_through(paid, letters, pki, NL)
    with paid.unit(NL) as unit:
        practice = parties.organisation(unit, PRACTICE)
        unit.update(schema.organisation, practice.id, invoice_email="administratie@voorbeeldzorg.example")
    deliver(paid)
    mail_notices(paid.hub, NL)
    (mail,) = letters.taken
    assert mail.recipients == ("administratie@voorbeeldzorg.example",)
    assert "Vraag " in mail.mail.get_content()
