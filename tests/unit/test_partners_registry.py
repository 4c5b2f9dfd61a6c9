"""The registry: whose number is it on a day, whose folder wins, and what an add-on brings."""

from __future__ import annotations

import sys
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors.partners import SHIPPED
from hub.errors import ConfigurationError
from hub.model.partner import Agreement
from hub.policy.authorisation import Care, Need, need
from hub.policy.deadlines import CareDates, Purpose, deadline
from hub.registry import channel_under, load_registry, rules_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "partners"


def put(parent: Path, name: str, identifiers: str = "", channel: str = "folder", title: str = "Test") -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    head = f"title: {title}\ncountry: NL\nkind: insurer\nverified: false\nsource: a test\nformats_out: [ubl-invoice]\n"
    (folder / "partner.yaml").write_text(head + f"channel:\n  kind: {channel}\nidentifiers: [{identifiers}]\n")
    return folder


def uzovi(value: str, days: str = "") -> str:
    return f"{{scheme: UZOVI, value: {value}, source: a test, confidence: invented{days}}}"


def test_a_label_leads_to_its_concern() -> None:
    registry = load_registry()
    found = registry.by_identifier("UZOVI", "3334", date(2024, 1, 1))
    assert found is not None
    assert found.name == "menzis"
    assert registry.by_identifier("UZOVI", "0000", date(2024, 1, 1)) is None
    assert registry.by_identifier("0192", "3334", date(2024, 1, 1)) is None


@pytest.mark.scenario(21)
def test_a_merger_is_a_change_of_dates_in_two_folders(tmp_path: Path) -> None:
    put(tmp_path, "old-insurer", uzovi("0314", ", valid_to: 2024-12-31"))
    put(tmp_path, "new-insurer", f"{uzovi('0311')}, {uzovi('0314', ', valid_from: 2025-01-01')}")
    registry = load_registry(shipped=tmp_path, points=[])
    before = registry.by_identifier("UZOVI", "0314", date(2024, 12, 31))
    after = registry.by_identifier("UZOVI", "0314", date(2025, 1, 1))
    assert (before and before.name, after and after.name) == ("old-insurer", "new-insurer")


def test_two_partners_cannot_hold_one_number_on_one_day(tmp_path: Path) -> None:
    put(tmp_path, "old-insurer", uzovi("0314", ", valid_to: 2025-01-01"))
    put(tmp_path, "new-insurer", uzovi("0314", ", valid_from: 2025-01-01"))
    with pytest.raises(ConfigurationError, match="UZOVI 0314 is two partners' on the same days"):
        load_registry(shipped=tmp_path, points=[])


def test_a_users_folder_replaces_ours_of_the_same_name(tmp_path: Path) -> None:
    put(tmp_path / "partners", "asr", uzovi("0999"), title="a.s.r. as we know it")
    registry = load_registry(tmp_path)
    assert registry.by_name("asr").title == "a.s.r. as we know it"
    assert registry.origins["asr"] == tmp_path / "partners" / "asr"
    assert registry.by_name("menzis").title == "Menzis"


def test_a_users_folder_under_another_name_is_told_how_to_replace_ours(tmp_path: Path) -> None:
    put(tmp_path / "partners", "my-menzis", uzovi("3332"))
    with pytest.raises(ConfigurationError) as refused:
        load_registry(tmp_path)
    assert f"{tmp_path / 'partners' / 'my-menzis'} and {SHIPPED / 'menzis'}" in str(refused.value)
    assert "your folder replaces ours when it has the same name" in str(refused.value)


def test_the_examples_come_along_when_asked_for() -> None:
    found = load_registry(more=[EXAMPLES]).by_identifier("0192", "310001082", date(2026, 4, 1))
    assert found is not None
    assert found.name == "helseforsikring-sor-test"
    assert load_registry().by_identifier("0192", "310001082", date(2026, 4, 1)) is None


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"no partner named 'zilverenkruis'.*did you mean zilveren-kruis"):
        load_registry().by_name("zilverenkruis")


def test_codes_are_the_partners_own_and_unknown_ones_stay_raw() -> None:
    registry = load_registry()
    late = registry.codes("zilveren-kruis", "0586")
    assert late is not None
    assert late.who_acts == "operator"
    assert registry.codes("zilveren-kruis", "9876") is None


def test_a_mail_sender_leads_to_its_partners() -> None:
    registry = load_registry(more=[EXAMPLES])
    assert [partner.name for partner in registry.by_sender(" NoReply@DigiCare.no ")] == ["digicare"]
    assert registry.by_sender("noreply@digicare.no.evil.example") == ()


def test_an_add_on_brings_partners_and_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kvitt_add_on_for_a_test"
    put(package, "brought-along", uzovi("0998"), channel="pigeon_post")
    (package / "not_a_partner").mkdir()
    (package / "__init__.py").write_text("KIND = 'pigeon_post'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint(name="pigeons", value=package.name, group="kvitt.connectors")
    try:
        assert load_registry(points=[point]).by_name("brought-along").channel.kind == "pigeon_post"
    finally:
        sys.modules.pop(package.name, None)


def test_a_broken_add_on_is_named() -> None:
    point = EntryPoint(name="pigeons", value="no_such_module_anywhere", group="kvitt.connectors")
    with pytest.raises(ConfigurationError, match=r"add-on pigeons \(no_such_module_anywhere\) cannot be loaded"):
        load_registry(points=[point])


def test_an_agreement_fills_the_partners_channel_and_what_is_missing_stays_named() -> None:
    partner = load_registry().by_name("menzis")
    agreement = Agreement(
        id="1",
        tenant="t",
        partner="menzis",
        valid_from=date(2024, 1, 1),
        settings={"berichttype": "X", "endpoint": " "},
    )
    spec = channel_under(partner, agreement)
    assert spec.kind == "vecozo"
    assert spec.settings["berichttype"] == "X"
    assert "berichttype" not in spec.required
    assert {"endpoint", "client_cert"} <= set(spec.required)


def test_an_agreement_may_name_another_channel_and_takes_nothing_of_ours_along() -> None:
    """In the example only VGZ's file goes by SFTP, and only its agreement says so."""
    partner = load_registry().by_name("vgz")
    agreement = Agreement(
        id="1",
        tenant="t",
        partner="vgz",
        valid_from=date(2024, 1, 1),
        channel="sftp",
        settings={"host": "sftp.example"},
    )
    spec = channel_under(partner, agreement)
    assert (spec.kind, dict(spec.settings), spec.required) == ("sftp", {"host": "sftp.example"}, ())


def test_rules_for_one_care_leave_out_those_for_another() -> None:
    partner = load_registry().by_name("zilveren-kruis")
    assert rules_for(partner, "huisarts") == ()
    assert [rule.kind for rule in rules_for(partner, "ggz")] == [rule.kind for rule in partner.rules]


@pytest.mark.parametrize(
    ("treated", "last"),
    [
        (date(2024, 1, 15), date(2024, 7, 13)),
        (date(2024, 9, 30), date(2025, 3, 29)),
        (date(2024, 11, 30), date(2025, 4, 1)),
        (date(2024, 12, 31), date(2025, 4, 1)),
    ],
)
def test_zilveren_kruis_terms_give_the_published_days(treated: date, last: date) -> None:
    rules = rules_for(load_registry().by_name("zilveren-kruis"), "ggz")
    found = deadline(rules, CareDates(treated=treated))
    assert found is not None
    assert found.last_safe == last
    again = deadline(rules, CareDates(treated=treated, retour=date(2025, 1, 1)), Purpose.RECLAIM)
    assert again is not None
    assert again.last_safe == date(2025, 3, 2)


@pytest.mark.parametrize(
    ("opened", "safe", "outer", "conservative"),
    [
        (date(2021, 5, 20), date(2022, 4, 29), date(2022, 4, 30), date(2022, 4, 29)),
        (date(2022, 5, 20), date(2023, 5, 19), date(2023, 5, 20), date(2023, 4, 29)),
        (date(2024, 2, 29), date(2025, 2, 27), date(2025, 2, 28), date(2025, 2, 27)),
    ],
)
def test_asr_terms_give_the_days_of_both_readings(opened: date, safe: date, outer: date, conservative: date) -> None:
    found = deadline(rules_for(load_registry().by_name("asr"), "ggz"), CareDates(opened=opened))
    assert found is not None
    assert (found.last_safe, found.last_outer, found.conservative) == (safe, outer, conservative)


@pytest.mark.scenario(32)
@pytest.mark.parametrize(
    ("year", "provider_type", "contracted", "referral", "minutes", "expected"),
    [
        (2021, "instelling", False, True, 500, Need.REQUIRED),
        (2021, "instelling", True, True, 9000, Need.NOT_REQUIRED),
        (2021, "instelling", False, False, 500, Need.NOT_REQUIRED),
        (2021, "vrijgevestigd", True, True, 3000, Need.NOT_REQUIRED),
        (2021, "vrijgevestigd", True, True, 3001, Need.REQUIRED),
        (2021, "vrijgevestigd", False, True, 2999, Need.NOT_REQUIRED),
        (2025, "vrijgevestigd", False, True, 4000, Need.NOT_REQUIRED),
        (2025, "instelling", False, True, 100, Need.REQUIRED),
        (2023, "instelling", False, True, 100, Need.UNKNOWN_POLICY),
    ],
)
def test_asr_authorisation_follows_the_text_of_its_year(
    year: int, provider_type: str, contracted: bool, referral: bool, minutes: int, expected: Need
) -> None:
    rules = rules_for(load_registry().by_name("asr"), "ggz")
    care = Care(
        starts=date(year, 6, 1),
        provider_type=provider_type,
        contracted=contracted,
        specialised_referral=referral,
        minutes=minutes,
    )
    assert need(rules, care) is expected
