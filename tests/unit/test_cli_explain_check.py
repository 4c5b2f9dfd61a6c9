"""`kvitt explain` and `kvitt check`: what a code means, and what is wrong with a file; both without a hub."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.cli import meanings
from hub.cli.commands.check import _folded
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.finding import BLOCKING, Finding, Severity
from hub.model.money import Money
from hub.model.party import Party
from hub.model.person import Person
from hub.rendering.findings import compared
from hub.validation import Asked, check, recognise
from mappings.vektis import ClaimFileHeader, to_ha304
from schemas import codelists, sbdh, vektis
from tests.commands import Run, Said, in_process, stand_in
from tests.conftest import GOLDEN, ROOT

ON = Asked(on=date(2026, 9, 1))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls a command and sees to it that none but `init` makes a hub."""
    stand_in(tmp_path, monkeypatch)
    command = in_process(monkeypatch, capsys)

    def call(*words: str) -> Said:
        said = command(*words)
        assert not (tmp_path / "home").exists() or "init" in words or (tmp_path / "home/hub.toml").exists()
        return said

    return call


# --- explain ----------------------------------------------------------------------------------------------------------


def test_a_code_of_one_list_is_explained_in_the_wished_language(run: Run, tmp_path: Path) -> None:
    texts = {language: run("explain", "COD954:0586", "--lang", language).out for language in ("en", "nb", "nl")}
    assert "Submitted too late" in texts["en"]
    assert "Sendt inn for sent" in texts["nb"]
    assert "Te laat ingediend" in texts["nl"]
    assert not (tmp_path / "home").exists()


def test_without_a_list_all_lists_answer(run: Run) -> None:
    body = run("explain", "0586", "--json").body()
    assert {hit["list"] for hit in body["hits"]} == {"COD954", "zilveren-kruis"}
    assert [hit["list"] for hit in run("explain", "COD954:0586", "--json").body()["hits"]] == ["COD954"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("menzis:100", ("menzis", "100")),
        ("COD954-VEKT:0586", ("COD954", "0586")),
        ("BSN_INVALID", ("KVITT", "BSN_INVALID")),
        ("bsn_invalid", ("KVITT", "BSN_INVALID")),
        ("IN_DOUBT", ("KVITT", "IN_DOUBT")),
        ("BR-CO-15", ("PEPPOL", "BR-CO-15")),
        ("peppol:br-co-15", ("PEPPOL", "BR-CO-15")),
        ("KVITT-VEKTIS-EMPTY", ("KVITT", "KVITT-VEKTIS-EMPTY")),
        ("KVITT-BANK-KID", ("KVITT", "KVITT-BANK-KID")),
        ("KVITT-KID-01", ("KVITT", "KVITT-KID-01")),
        ("kvitt:kvitt-xsd-01", ("KVITT", "KVITT-XSD-01")),
        ("PEPPOL-T71-R001", ("PEPPOL", "PEPPOL-T71-R001")),
        ("SCH-MLS-02", ("PEPPOL", "SCH-MLS-02")),
    ],
)
def test_every_kind_of_code_is_known(run: Run, query: str, found: tuple[str, str]) -> None:
    said = run("explain", query, "--json")
    assert said.code == 0
    assert [(hit["list"], hit["code"]) for hit in said.body()["hits"]] == [found]


_NUMBERED = re.compile(r'"(KVITT-[A-Z]+-\d+)"')
"""Codes of checks as they stand in the source."""


def test_every_code_our_checks_can_give_is_explained_in_three_languages() -> None:
    sources = [path for folder in ("hub", "schemas") for path in (ROOT / folder).rglob("*.py")]
    codes = {code for path in sources for code in _NUMBERED.findall(path.read_text(encoding="utf-8"))}
    for family in ("XML", "ROOT", "CUSTOMIZATION", "XSD", "ENGINE", "SBDH", "FILE", "OFFICIAL", "RULES", "BANK", "KID"):
        assert any(code.startswith(f"KVITT-{family}-") for code in codes), family
    for code in sorted(codes):
        hits = meanings.explain(code)
        assert hits, code
        for hit in hits:
            assert (hit.list, bool(hit.severity), bool(hit.source)) == ("KVITT", True, True), code
            assert len({hit.text[language] for language in ("en", "nb", "nl")}) == 3, code
            assert not any("{" in text for text in hit.text.values()), code
    assert meanings.explain("PEPPOL:KVITT-KID-01") == []


@pytest.mark.parametrize(
    ("code", "source"),
    [("PEPPOL-T111-R001", "T111"), ("PEPPOL-T71-R001", "T71"), ("SCH-MLS-02", "MLS"), ("BR-02", "EN 16931")],
)
def test_a_rule_names_the_source_of_its_own_transaction(code: str, source: str) -> None:
    (hit,) = meanings.explain(code)
    assert source in hit.source
    assert source == "EN 16931" or "EN 16931" not in hit.source


@pytest.mark.parametrize("query", ["nonsense", "COD954:9999x", "menzis:999", "NOLIST:0586", "KVITT-BANK-NONE", ":"])
def test_an_unknown_code_says_so(run: Run, query: str) -> None:
    said = run("explain", query, "--json")
    assert said.code == 1
    assert said.body()["known"] is False
    assert "not in our lists" in said.body()["hits"][0]["text"]


def test_blanks_of_our_sentences_are_named(run: Run) -> None:
    text = run("explain", "NO_PARTNER", "--json").body()["hits"][0]["text"]
    assert "<payer>" in text
    assert "{" not in text


def test_every_listed_code_is_explained_in_its_own_list() -> None:
    for name in codelists.lists():
        found = codelists.code_list(name)
        for code in found.entries if found else ():
            assert [hit.code for hit in meanings.explain(f"{name}:{code}") if hit.list == name] == [code]


def test_an_imported_list_is_asked_where_there_is_a_hub(run: Run, tmp_path: Path) -> None:
    run("init")
    run("org", "add", "--tenant", "t", "--country", "NL", "--kind", "care_group", "--code", "53000001", "--name", "G")
    (tmp_path / "codes.csv").write_text("list;code;en;nl\nCOD999;7;Seven;Zeven\n", encoding="utf-8")
    assert run("data", "import", "codes", "codes.csv", "--valid-from", "2020-01-01", "--yes").code == 0
    assert "Zeven" in run("explain", "COD999:7", "--lang", "nl").out
    assert run("explain", "COD999:8").code == 1
    (tmp_path / "home/keys/master.key").unlink()
    broken = run("explain", "COD954:0586")
    assert broken.code == 0
    assert "were not asked" in broken.err


# --- check ------------------------------------------------------------------------------------------------------------


def test_unreadable_things_still_give_one_object(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("nothing of ours", encoding="utf-8")
    (tmp_path / "broken.xml").write_text("<Invoice", encoding="utf-8")
    (tmp_path / "dtd.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', encoding="utf-8")
    for name in ("absent", "empty", "text", "broken.xml", "dtd.xml", "."):
        said = run("check", name, "--json")
        body = said.body()
        assert said.code == 2, name
        assert (body["file"], body["format"], body["valid"]) == (name, None, False)
        (finding,) = body["findings"]
        assert (finding["severity"], bool(finding["message"])) == ("fatal", True)


def test_several_files_give_one_object_each_and_the_highest_exit_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b.xml").write_bytes(UBL)
    said = run("check", "b.xml", "a", "b.xml", "--json")
    bodies = said.lines()
    assert [body["file"] for body in bodies] == ["b.xml", "a", "b.xml"]
    assert said.code == 2
    assert run("check", "b.xml").code == 1


UBL = (
    b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" '
    b'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
    b"<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    b"</cbc:CustomizationID></Invoice>"
)


def test_gates_stop_a_thin_invoice_and_rules_only_passes_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(UBL)
    strict = run("check", "i.xml", "--json").body()
    assert (strict["format"], strict["gates"][-1], strict["valid"]) == ("ubl-invoice", "xsd", False)
    rules = run("check", "i.xml", "--rules-only", "--json").body()
    assert (rules["gates"], rules["ruleset"]) == (["xml", "root", "rules"], "2026.5")
    assert "BR-02" in {finding["code"] for finding in rules["findings"]}
    assert all(finding["ruleset"] for finding in rules["findings"])


def test_findings_speak_the_wished_language_and_name_their_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(UBL)
    said = {language: run("check", "i.xml", "--rules-only", "--lang", language).out for language in ("en", "nb", "nl")}
    assert len(set(said.values())) == 3
    assert "BR-02 (line 1, /Invoice" in said["en"]
    assert "    -> " in said["nl"]


def test_an_unknown_ruleset_or_format_is_a_configuration_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(UBL)
    assert run("check", "i.xml", "--ruleset", "1999.1").code == 3
    assert run("check", "i.xml", "--format", "word").code == 3
    assert run("check", "i.xml", "--on", "yesterday").code == 2
    assert run("check").code == 2


def test_a_document_must_be_what_it_is_said_to_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(UBL)
    other = run("check", "i.xml", "--format", "ubl-creditnote", "--json")
    assert other.code == 1
    assert other.body()["findings"][0]["code"] == "KVITT-FILE-04"
    vektis = run("check", "i.xml", "--format", "vektis", "--json")
    assert (vektis.code, vektis.body()["format"]) == (2, None)
    assert vektis.body()["findings"][0]["code"].startswith("COD954:")


def test_what_was_found_and_expected_is_told_with_its_term(run: Run, tmp_path: Path) -> None:
    invoice = (GOLDEN / "ehf" / "invoice.xml").read_text(encoding="utf-8")
    due = re.search(r"<cbc:PayableAmount[^>]*>([^<]*)<", invoice)
    assert due
    (tmp_path / "i.xml").write_text(invoice.replace(due[0], due[0].replace(due[1], "1.00")), encoding="utf-8")
    lines = {
        "en": f'    found "1.00", expected "{due[1]}" (BT-115 amount due)',
        "nb": f"    fant «1.00», ventet «{due[1]}» (BT-115 beløp å betale)",
        "nl": f"    gevonden “1.00”, verwacht “{due[1]}” (BT-115 te betalen bedrag)",
    }
    for language, line in lines.items():
        told = run("check", "i.xml", "--lang", language).out.splitlines()
        at = told.index(line)
        assert "BR-CO-16" in told[at - 1]
        assert told[at + 1].startswith("    -> ")


def test_a_long_value_is_shortened_and_moves_no_cursor() -> None:
    one = Finding(code="X", severity=Severity.ERROR, text={}, value="\x1b[2J" + "a" * 500, expected="b\nc")
    said = compared(one, "en")
    assert said.startswith('found "\ufffd[2Jaaa')
    assert said.endswith('a…", expected "b c"')
    assert len(said) < 160
    assert compared(replace(one, value="", expected=""), "en") == ""
    bare = replace(one, value="", expected="", term="BT-2")
    assert compared(bare, "nb") == "BT-2 fakturadato"
    assert compared(replace(bare, text={"nb": "Fakturadato (BT-2) mangler."}), "nb") == "", "the sentence names it"


def test_folded_warnings_speak_of_elements_and_attributes(run: Run, tmp_path: Path) -> None:
    """UBL-DT is about attributes."""
    invoice = (GOLDEN / "ehf" / "invoice.xml").read_text(encoding="utf-8")
    changed = invoice.replace("<cbc:ID>10001</cbc:ID>", '<cbc:ID schemeName="a" schemeAgencyName="b">10001</cbc:ID>', 1)
    (tmp_path / "i.xml").write_text(changed, encoding="utf-8")
    for language, words in (
        ("en", "elements or attributes"),
        ("nb", "elementer eller attributter"),
        ("nl", "elementen of attributen"),
    ):
        (line,) = [line for line in run("check", "i.xml", "--lang", language).out.splitlines() if " UBL-DT: " in line]
        assert words in line


def test_what_the_system_or_a_reader_says_is_quoted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.xml").write_bytes(b"<x xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>")
    assert re.search(r"Systemet sier: «[^»]+»\.", run("check", "absent", "--lang", "nb").out)
    said = run("check", "b.xml", "--lang", "nl").out
    assert re.search(r"KVITT-BANK-00 .*De lezer zegt: “[^”]+”\.", said)


def test_a_file_too_large_to_read_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.cli.commands.check._LARGEST", 10)
    (tmp_path / "i.xml").write_bytes(UBL)
    said = run("check", "i.xml", "--lang", "nb")
    assert (said.code, "Filen har mer enn 10 byte" in said.out) == (2, True)


def test_a_file_may_be_piped_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UBL)))
    assert run("check", "-", "--json").body()["format"] == "ubl-invoice"


def test_a_claim_file_of_ours_passes_and_a_changed_one_names_record_and_element(run: Run, tmp_path: Path) -> None:
    data = _ha304()
    (tmp_path / "good.asc").write_bytes(data)
    good = run("check", "good.asc", "--json")
    assert (good.code, good.body()["format"]) == (0, "vektis-HA304-4.2")
    assert good.body()["gates"] == ["N1", "N2", "N3", "N4", "N5"]
    records = data.split(b"\r\n")
    records[1] = records[1][:14] + b"123456789" + records[1][23:]
    (tmp_path / "bad.asc").write_bytes(b"\r\n".join(records))
    bad = run("check", "bad.asc", "--json")
    assert bad.code == 1
    finding = next(one for one in bad.body()["findings"] if one.get("element") == "0203")
    assert (finding["record"], finding["start"], finding["end"]) == (2, 15, 23)
    assert "123456789" not in bad.out
    assert "15-23" in run("check", "bad.asc").out


def test_a_version_without_table_is_unreadable_with_its_reason(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.asc").write_bytes(_ha304()[:5] + b"9999" + _ha304()[9:])
    said = run("check", "old.asc", "--json")
    assert (said.code, said.body()["findings"][0]["code"]) == (2, "COD954:0011")


def test_warning_families_are_folded_for_people_only() -> None:
    def one(code: str, severity: Severity = Severity.WARNING) -> Finding:
        return Finding(code=code, severity=severity, text={"en": code})

    found = [one("UBL-CR-001"), one("BR-01", Severity.FATAL), one("UBL-CR-002"), one("UBL-SR-01"), one("UBL-DT-01")]
    singles, families = _folded(found)
    assert [each.code for each in singles] == ["BR-01", "UBL-SR-01", "UBL-DT-01"]
    assert {name: len(members) for name, members in families.items()} == {"UBL-CR": 2}
    blocking = [one("UBL-CR-001", Severity.FATAL), one("UBL-CR-002", Severity.FATAL)]
    assert _folded(blocking) == (blocking, {})


def test_bank_files_are_read_to_their_sums(run: Run, shared: Path) -> None:
    folder = shared / "data/payments/own"
    good = run("check", str(folder / "ocr_plain.txt"), "--json")
    assert (good.code, good.body()["format"], good.body()["valid"]) == (0, "ocr-giro", True)
    bad = run("check", str(folder / "ocr_bad_sum.txt"), "--json")
    assert (bad.code, bad.body()["findings"][0]["code"]) == (1, "KVITT-BANK-SUM")
    cut = (folder / "camt054_08_kid_batch.xml").read_bytes()[:-300]
    assert check(cut, ON).exit_code == 2


def test_official_documents_are_judged_as_the_official_rules_do(shared: Path) -> None:
    """Fatal ids must be those of the official verdict, for documents that pass the gates."""
    verdicts = json.loads((shared / "data/einvoice-suite/docs_expected.json").read_text(encoding="utf-8"))
    compared = 0
    for name, verdict in verdicts.items():
        if not name.startswith(("docs/bis3-2026.5", "docs/bis3-examples", "docs/ehf-billing")):
            continue
        checked = check((shared / "data/einvoice-suite" / name).read_bytes(), ON)
        if "rules" not in checked.gates:
            continue
        official = {rule[0] if isinstance(rule, list) else rule for rule in (*verdict["EN"], *verdict["PE"])}
        ours = {one.code for one in checked.findings if one.severity in BLOCKING and not one.code.startswith("KVITT")}
        assert ours <= official, name
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize(
    ("start", "family"),
    [
        (b"01194", "vektis"),
        (b"NY000010", "bank"),
        (b"\xef\xbb\xbf<?xml", "ubl"),
        ("<Invoice/>".encode("utf-16"), "ubl"),
        (b"<x xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>", "bank"),
        (b":20:A\n:25:B\n", "bank"),
        (b"bsn;naam", None),
        (b"", None),
    ],
)
def test_documents_are_recognised_by_their_first_bytes(start: bytes, family: str | None) -> None:
    assert recognise(start) == family


def test_an_invoice_in_its_envelope_is_judged_as_the_invoice(run: Run, tmp_path: Path) -> None:
    header = sbdh.SbdhHeader(
        sender="0192:310000086",
        receiver="0192:310000914",
        instance_id="one",
        standard="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        type="Invoice",
        type_version="2.1",
        created=datetime(2026, 4, 15, tzinfo=UTC),
        document_id="urn:x::Invoice##y::2.1",
        process_id="urn:p",
        country_c1="NO",
    )
    (tmp_path / "e.xml").write_bytes(sbdh.write(header, UBL))
    body = run("check", "e.xml", "--json").body()
    assert (body["format"], body["gates"][:2]) == ("ubl-invoice", ["sbdh", "xml"])
    whole = sbdh.write(header, UBL)
    end = b"</sh:StandardBusinessDocument>"
    for data, code in (
        (whole.replace(end, b""), "KVITT-XML-01"),
        (whole.replace(end, b"<a/>" + end), "KVITT-SBDH-01"),
        (whole.replace(b"<sh:InstanceIdentifier>one</sh:InstanceIdentifier>", b""), "KVITT-SBDH-02"),
        (b"<!DOCTYPE a>" + whole.partition(b"\n")[2], "KVITT-XML-02"),
    ):
        (tmp_path / "e.xml").write_bytes(data)
        body = run("check", "e.xml", "--json", "--lang", "nb").body()
        assert (body["gates"], [one["code"] for one in body["findings"]]) == (["sbdh"], [code])
        assert not re.search(r"\b(the|envelope|holds|not)\b", re.sub("«[^»]*»", "", body["findings"][0]["message"]))


def _ha304() -> bytes:
    """A claim file with one line, as the hub writes one."""
    party = Party(scheme="AGB", id="01099901", name="Praktijk Proef")
    line = ClaimLine(
        id="line",
        number=1,
        ref="LINE-0001",
        service_code="14499",
        code_list="008",
        begins=date(2024, 1, 1),
        unit_price=Money(105, "EUR"),
        amount=Money(105, "EUR"),
        performer="01099011",
    )
    claim = Claim(
        id="claim",
        tenant="t",
        country="NL",
        kind=ClaimKind.DEBIT,
        ref="LINE-0001",
        programme="module-quarter",
        payer="menzis",
        payer_code="3332",
        provider=party,
        claimant=party,
        submitter=party,
        person=Person(
            birth_date=date(1961, 3, 12),
            bsn="999903883",
            sex="2",
            initials="A.B.",
            name="Testpaal",
            postal_code="7511AA",
            house_number="1",
            insured_number="900000000",
        ),
        currency="EUR",
        lines=(line,),
    )
    header = ClaimFileHeader(
        invoice_number="2024000001",
        invoice_date=date(2024, 4, 2),
        period_begin=date(2024, 1, 1),
        period_end=date(2024, 3, 31),
        uzovi="3332",
        service_bureau="98099901",
        institution="53099901",
    )
    return vektis.write(to_ha304(header, [claim]))
