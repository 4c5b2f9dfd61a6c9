"""Reading a partner.yaml: what is written is what is meant, whatever YAML would like to make of it."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.partners import SHIPPED, load_partner, load_partners
from connectors.partners.checking import read_document
from connectors.partners.codes import COLUMNS, HEADER, read_codes
from connectors.partners.positions import parse
from hub.errors import ConfigurationError
from hub.model.partner import ErrorClass, Partner

ROOT = Path(__file__).resolve().parents[2]
MINIMAL = """\
title: Testforsikring
country: NO
kind: insurer
verified: false
source: invented for a test
formats_out: [ubl-invoice]
channel:
  kind: folder
"""


def folder_with(parent: Path, more: str = "", *, text: str = MINIMAL) -> Path:
    folder = parent / "test-partner"
    folder.mkdir(exist_ok=True)
    (folder / "partner.yaml").write_text(text + more, encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_partner(folder)
    return str(refused.value).replace(f"{folder}/", "")


def test_norway_is_a_country_and_not_a_no(tmp_path: Path) -> None:
    partner = load_partner(
        folder_with(tmp_path, "reply_within: {working_days: 2, calendar: NO, silence: presumed_ok}\n")
    )
    assert partner.country == "NO"
    assert partner.reply_within is not None
    assert partner.reply_within.calendar == "NO"


@pytest.mark.parametrize("written", ["0211", '"0211"', "'0211'"])
def test_a_uzovi_number_keeps_its_zero(tmp_path: Path, written: str) -> None:
    identifier = f"identifiers:\n  - {{scheme: UZOVI, value: {written}, source: a page, confidence: low}}\n"
    assert load_partner(folder_with(tmp_path, identifier)).identifiers[0].value == "0211"


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "2024-01-31", "1_000", "0x1F", "12:30", "1e3", ".inf"])
def test_channel_settings_are_texts_as_written(tmp_path: Path, word: str) -> None:
    text = MINIMAL + f"  settings:\n    removes: {word}\n"
    assert load_partner(folder_with(tmp_path, text=text)).channel.settings == {"removes": word}


def test_days_are_days_and_figures_of_rules_are_texts(tmp_path: Path) -> None:
    rule = "rules:\n  - kind: days_after_retour\n    valid_from: 2024-02-29\n    source: a page\n    settings: {days: 60}\n"
    found = load_partner(folder_with(tmp_path, rule)).rules[0]
    assert found.valid_from == date(2024, 2, 29)
    assert found.settings == {"days": "60"}


def test_what_is_left_out_keeps_the_models_default(tmp_path: Path) -> None:
    partner = load_partner(folder_with(tmp_path))
    channel = partner.channel
    plain = Partner(
        name="test-partner",
        title="Testforsikring",
        country="NO",
        kind="insurer",
        verified=False,
        source="invented for a test",
        formats_out=("ubl-invoice",),
        channel=channel,
    )
    assert partner == plain


def test_error_rules_and_retry_are_values(tmp_path: Path) -> None:
    more = "retry: {attempts: 2}\nerrors:\n  - {code: EBMS:4001, outcome: duplicate_ok}\n  - {status: 504, outcome: in_doubt}\n"
    partner = load_partner(folder_with(tmp_path, more))
    assert (partner.retry.attempts, partner.retry.delay_s) == (2, 180)
    assert [rule.outcome for rule in partner.errors] == [ErrorClass.DUPLICATE_OK, ErrorClass.IN_DOUBT]
    assert partner.errors[0].code == "EBMS:4001"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "partner.yaml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_partner(folder).title == "Testforsikring"


def test_a_channel_of_an_add_on_is_known_when_the_add_on_is_there(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, text=MINIMAL.replace("kind: folder", "kind: pigeon_post"))
    assert "partner.yaml:8:9: unknown channel 'pigeon_post'" in refusal(folder)
    assert load_partner(folder, channels={"pigeon_post"}).channel.kind == "pigeon_post"


def test_a_secret_by_reference_is_welcome(tmp_path: Path) -> None:
    text = MINIMAL + "  settings:\n    token: env:AP_TOKEN\n    password: file:keys/ap.txt\n"
    assert load_partner(folder_with(tmp_path, text=text)).channel.settings["token"] == "env:AP_TOKEN"


@pytest.mark.parametrize(
    "key",
    ["password", "token", "api_key", "apiKey", "client_secret", "Passphrase", "form.pin", "private-key", "sftp_pwd"],
)
def test_a_secret_as_a_value_is_refused_whatever_its_name(tmp_path: Path, key: str) -> None:
    text = MINIMAL + f"  settings:\n    {key}: sesam-open-u\n"
    said = refusal(folder_with(tmp_path, text=text))
    assert re.match(rf"partner.yaml:10:\d+: a secret stands in '{key}'", said)
    assert "sesam" not in said


def test_a_key_in_a_comment_is_a_leaked_key(tmp_path: Path) -> None:
    said = refusal(folder_with(tmp_path, "# -----BEGIN RSA PRIVATE KEY-----\n# MIIE\n"))
    assert said.startswith("partner.yaml:9:3: a key or certificate")


def test_a_file_that_only_pretends_to_be_small_is_refused_quickly(tmp_path: Path) -> None:
    assert "nested more than" in refusal(folder_with(tmp_path, "contacts: " + "[" * 5000 + "\n"))
    assert "more than 256 KiB" in refusal(folder_with(tmp_path, "#" * 300_000))
    assert "a second document" in refusal(folder_with(tmp_path, "---\ntitle: another\n"))


def test_a_folder_without_a_partner_yaml_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "leeg"
    folder.mkdir()
    assert refusal(folder).startswith("partner.yaml:1:1: cannot be read: No such file")


def test_a_null_byte_has_a_place(tmp_path: Path) -> None:
    assert refusal(folder_with(tmp_path, "contacts:\n  claims: a\0b\n")).startswith("partner.yaml:10:12: a character")


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = []
    for parent in ("one", "two"):
        (tmp_path / parent).mkdir()
        folders.append(folder_with(tmp_path / parent))
    with pytest.raises(ConfigurationError, match="a second partner named test-partner"):
        load_partners(folders)


def test_codes_may_come_from_a_spreadsheet_with_semicolons(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    rows = (
        'code;severity;nl;nb;en;who_acts;fix_hint;field\r\nX9;error;"Te laat; helaas";For sent;Too late;provider;;\r\n'
    )
    (folder / "codes.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    assert load_partner(folder).codes[0].nl == "Te laat; helaas"


_ROW = "X9,error,Te laat,For sent,Too late,provider,Ask them,,"


def with_codes(tmp_path: Path, more: str, row: str) -> Path:
    """A folder whose codes.csv has more columns than it must."""
    folder = folder_with(tmp_path)
    (folder / "codes.csv").write_text(f"{HEADER},{more}\n{row}\n", encoding="utf-8")
    return folder


def test_a_hint_has_the_languages_that_the_folder_gives(tmp_path: Path) -> None:
    (code,) = load_partner(with_codes(tmp_path, "fix_hint_nb,fix_hint_nl", f"{_ROW}Spør dem,Vraag het hun")).codes
    assert code.hint == {"en": "Ask them", "nb": "Spør dem", "nl": "Vraag het hun"}


def test_a_hint_in_english_alone_is_enough(tmp_path: Path) -> None:
    (code,) = load_partner(with_codes(tmp_path, "fix_hint_nl", _ROW)).codes
    assert code.hint == {"en": "Ask them"}


@pytest.mark.parametrize(
    ("more", "row", "said"),
    [
        ("fix_hint_de", f"{_ROW}Fragt sie", r"codes.csv:1:1: another header than expected"),
        ("fix_hint_nl,fix_hint_nl", f"{_ROW}a,b", r"codes.csv:1:1: another header than expected"),
        ("fix_hint_nl", _ROW.removesuffix(","), r"codes.csv:2:1: 8 cells, not 9 \(the columns are .*,fix_hint_nl\)"),
        ("fix_hint_nl", _ROW.replace("Ask them", "") + "Vraag", r"codes.csv:2:47: a translated hint without the hint"),
        ("fix_hint_nl", _ROW + "x" * 501, r"codes.csv:2:55: the text in fix_hint_nl is too long"),
    ],
)
def test_a_translated_hint_that_cannot_be_read_has_a_place(tmp_path: Path, more: str, row: str, said: str) -> None:
    assert re.match(said, refusal(with_codes(tmp_path, more, row)))


def test_an_unclosed_quote_in_codes_has_a_place(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    rows = 'code,severity,nl,nb,en,who_acts,fix_hint,field\nX9,error,"Te laat,For sent,Too late,provider,,\n'
    (folder / "codes.csv").write_text(rows)
    assert re.match(r"codes.csv:2:1: not CSV", refusal(folder))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("DECLARATIE 24Q100000123", "24Q100000123"),
        ("Zilveren Kruis afrekening 000000012345 dd 3-4", "000000012345"),
        ("declaratie kosten huisarts", None),
        ("Betreft factuurnummer: F2024001", "F2024001"),
        ("factuur nummer onbekend", None),
    ],
)
def test_zilveren_kruis_payments_name_their_claim(text: str, number: str | None) -> None:
    partner = load_partner(SHIPPED / "zilveren-kruis")
    found = next((hit for pattern in partner.remittance_patterns if (hit := re.search(pattern, text))), None)
    assert (found and found[1]) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Faktura 10023 takk", "10023"),
        ("fakturanr. 10023", "10023"),
        ("FAKTURANUMMER: 10023", "10023"),
        ("faktura 10023/10024", None),
        ("Faktura 10023 og 10024", None),
        ("10023", None),
    ],
)
def test_norwegian_payments_name_one_invoice_or_none(text: str, number: str | None) -> None:
    partner = load_partner(ROOT / "examples" / "partners" / "forsikring-nord-test")
    found = next((hit for pattern in partner.remittance_patterns if (hit := re.search(pattern, text))), None)
    assert (found and found[1]) == number


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        ("Vennligst send kreditnota og ny faktura.", True),
        ("Du må sende en kreditnota.", True),
        ("Ikke send kreditnota.", False),
        ("Vi trenger ikke kreditnota.", False),
    ],
)
def test_a_rejection_mail_is_read_as_it_is_written(sentence: str, asked: bool) -> None:
    rule = load_partner(SHIPPED / "digicare").mail[0]
    body = f"Faktura 10004 (SakID: 6TST5) er avvist.\nÅrsak: Dekningen er brukt opp\n{sentence}\n"
    read = {name: re.search(pattern, body) for name, pattern in rule.patterns.items()}
    assert [found and found[1] for found in (read["invoice"], read["sak_id"], read["reason"])] == [
        "10004", "6TST5", "Dekningen er brukt opp"
    ]  # fmt: skip
    assert bool(read["credit_note"]) is asked


def test_the_senders_are_those_digicare_publishes() -> None:
    rules = load_partner(SHIPPED / "digicare").mail
    assert [(rule.sender, rule.dkim_domain) for rule in rules] == [
        ("noreply@digicare.no", "digicare.no"),
        ("noreply@oppgjorskontoret.no", "oppgjorskontoret.no"),
    ]


def test_asr_ships_without_a_number_and_zilveren_kruis_keeps_its_terms_to_mental_health_care() -> None:
    assert load_partner(SHIPPED / "asr").identifiers == ()
    assert {rule.settings["care"] for rule in load_partner(SHIPPED / "zilveren-kruis").rules} == {"ggz"}


ODD = st.sampled_from(["", "x", 5, -1, True, None, [], {}, ["x"], {"x": "y"}, {"kind": "x"}, [[1]], [{"kind": []}]])


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a tree, so that one value can be replaced."""
    inside = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [(tree, key) for key, _ in inside] + [spot for _, child in inside for spot in _spots(child)]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_value_in_any_place_is_a_partner_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    example = data.draw(st.sampled_from([SHIPPED / "asr", ROOT / "examples" / "partners" / "fjord-helse-test"]))
    root, _ = parse((example / "partner.yaml").read_text(encoding="utf-8"), "partner.yaml")
    assert root is not None
    tree = read_document(root, "partner.yaml").value
    container, key = data.draw(st.sampled_from(_spots(tree)))
    container[key] = data.draw(ODD)
    folder = tmp_path_factory.mktemp("odd") / "odd-value"
    folder.mkdir()
    (folder / "partner.yaml").write_text(json.dumps(tree), encoding="utf-8")
    try:
        said = load_partner(folder).name
    except ConfigurationError as refused:
        said = str(refused).replace(f"{folder}/", "")
    assert re.match(r"odd-value$|partner.yaml:1:\d+: ", said)


@settings(max_examples=100, deadline=None)
@given(st.text('code,severity;nl"\n\r\0 xé', max_size=80))
def test_any_codes_are_codes_or_refusals(rows: str) -> None:
    for separator in ",;":
        header = separator.join(COLUMNS)
        _, problems = read_codes(f"{header}\n{rows}", "codes.csv")
        assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_partner_or_a_refusal_with_a_place(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any") / "any-text"
    folder.mkdir()
    (folder / "partner.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert re.match(r"partner.yaml:\d+:\d+: ", refusal(folder))
