"""`kvitt match learn`: a payer's own words, from texts or from what a person decided, kept only when told to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hub.registry import load_registry
from tests.commands import kvitt_here as kvitt
from tests.scenarios.bank_bytes import Paid, camt054

NO = "eksempelklinikk-no"
PARTNER = "forsikring-nord-test"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example hub with invoices that went out, and payments whose numbers stand inside words."""
    home = tmp_path_factory.mktemp("learn") / "home"
    assert kvitt(home, "init", "--example").code == 0
    log = ("intake", "--tenant", NO, "--programme", "treatment-assignments", "examples/no/no_treatment_log.csv")
    assert kvitt(home, *log).code == 0
    file = home / "bank.xml"
    weeks = [Paid(amount=f"{n}.00", text=f"AFR10001X uke {n}", account="15030000002") for n in (1, 2)]
    file.write_bytes(camt054(*weeks))
    assert kvitt(home, "receive", "--tenant", NO, str(file)).code == 0
    assert kvitt(home, "settle", "--tenant", NO).code == 5
    return home


def test_a_text_is_read_and_a_pattern_proposed_and_nothing_is_kept(home: Path) -> None:
    done = kvitt(home, "match", "learn", "--partner", PARTNER, "--tenant", NO, "AFR[10023]X uke 12", "--json")
    assert done.code == 0, done.err
    said = done.body()
    assert said["texts"] == [{"text": "AFR[10023]X uke 12", "number": "10023"}]
    assert (len(said["patterns"]), said["saved"]) == (1, None)
    assert not (home / "partners" / PARTNER).exists()
    told = kvitt(home, "match", "learn", "--partner", PARTNER, "--tenant", NO, "AFR[10023]X uke 12", "--lang", "nb")
    assert "ingenting er lagret" in told.out


def test_a_text_without_a_number_and_an_unknown_partner_say_what_to_do(home: Path) -> None:
    nothing = kvitt(home, "match", "learn", "--partner", PARTNER, "--tenant", NO, "takk")
    assert (nothing.code, "in brackets" in nothing.err) == (2, True)
    assert kvitt(home, "match", "learn", "--partner", "nobody", "--tenant", NO, "x 12345").code == 3


def test_what_a_person_allocated_teaches_and_the_pattern_is_kept_in_the_users_own_folder(home: Path) -> None:
    listed = kvitt(home, "payment", "list", "--json").body()["payments"]
    ref = next(each["short"] for each in listed if each["amount_minor"] == 100)
    done = kvitt(home, "payment", "allocate", ref, "10001=1.00", "--reason", "r", "--tenant", NO)
    assert done.code == 0, done.err
    for name in (PARTNER, "helseforsikring-sor-test", "fjord-helse-test", "trygg-testforsikring"):
        done = kvitt(home, "match", "learn", "--partner", name, "--tenant", NO, "--save", "--json")
        if done.code == 0:
            break
    assert done.code == 0, done.err
    said = done.body()
    assert said["texts"] == [{"text": "AFR[10001]X uke 1", "number": "10001"}]
    assert {match["text"] for match in said["patterns"][0]["matches"]} == {"AFR10001X uke 1"}
    file = home / "partners" / name / "partner.yaml"
    assert said["saved"] == str(file)
    before = load_registry(None, more=[Path("examples/partners").resolve()]).partners[name].remittance_patterns
    kept = yaml.safe_load(file.read_text(encoding="utf-8"))["remittance_patterns"]
    assert kept == [said["patterns"][0]["pattern"], *before]
    assert kvitt(home, "doctor").code in (0, 1)
