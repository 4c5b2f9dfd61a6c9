"""kvitt mail and kvitt portal as people and programs call them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from hub.sandbox.mail import AUTHSERV_ID
from tests.commands import Run
from tests.commands import kvitt_here as kvitt

NO = "eksempelklinikk-no"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`kvitt ...` in a hub in which the demo was played."""
    home = tmp_path_factory.mktemp("mail") / "home"
    assert kvitt(home, "demo", "--json").code == 0
    return partial(kvitt, home)


def told(run: Run, *words: str, code: int = 0) -> dict[str, object]:
    done = run(*words, "--json")
    assert done.code == code, done.out + done.err
    body: dict[str, object] = done.body()
    return body


def test_a_mail_is_listed_shown_taught_from_and_read_again(run: Run, tmp_path: Path) -> None:
    mail = tmp_path / "saken.eml"
    mail.write_bytes(
        f"Authentication-Results: {AUTHSERV_ID}; dkim=pass header.d=ny.example\r\n".encode()
        + b"From: skade@ny.example\r\nSubject: Retur\r\n\r\nDeres ref 99999\r\nFordi: mangler\r\n"
    )
    assert run("mail", "triage", "list", "--tenant", NO).code == 0
    received = run("receive", str(mail), "--tenant", NO)
    assert "triage" in received.out, received.out + received.err

    (waiting,) = told(run, "mail", "triage", "list", "--tenant", NO, code=5)["triage"]  # type: ignore[misc]
    assert (waiting["sender"], waiting["signed_by"]) == ("skade@ny.example", ["ny.example"])
    assert "Fordi: mangler" in str(told(run, "mail", "triage", "show", waiting["id"][-8:], "--tenant", NO)["text"])

    teach = ["mail", "teach", waiting["id"], "--partner", "forsikring-nord-test", "--tenant", NO]
    nothing = run(*teach)
    assert nothing.code == 3
    assert "names no invoice of ours" in nothing.err
    proposed = told(run, *teach, "--invoice-pattern", r"Deres ref\s*([0-9]{4,12})", code=5)
    assert (proposed["recorded"], proposed["found"], proposed["known"]) == (False, {"invoice": "99999"}, False)
    taught = told(run, *teach, "--invoice-pattern", r"Deres ref\s*([0-9]{4,12})", "--confirm", code=5)
    assert taught["recorded"] is True
    assert "skade@ny.example" in run("mail", "rules", "--tenant", NO).out
    assert run("mail", "forget", "skade@ny.example", "--tenant", NO).code == 0
    assert told(run, "mail", "rules", "--tenant", NO) == {"rules": []}


def test_a_portal_nobody_uploads_to_has_nothing_waiting_and_a_list_needs_its_columns(run: Run, tmp_path: Path) -> None:
    assert told(run, "portal", "waiting") == {"uploads": []}
    file = tmp_path / "list.csv"
    file.write_text("Nummer;Kenmerk\n1;2\n", encoding="utf-8")
    refused = run("portal", "import", "menzis", str(file), "--tenant", "voorbeeldzorg-nl")
    assert refused.code == 3
    assert "list.reference" in refused.err
    assert run("portal", "import", "menzis", str(tmp_path / "absent.csv"), "--tenant", "voorbeeldzorg-nl").code == 2
