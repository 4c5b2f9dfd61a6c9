"""Anonymised files: nobody is left in them, and they are as right or wrong as they were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import FormatError
from hub.model.finding import Finding
from hub.model.identity import is_bsn, is_iban, is_test_bsn
from mappings.vektis_replies import from_response
from mappings.vektis_responses import to_response
from schemas.vektis import Record, VektisFile, build, check_file, layouts, read, write
from schemas.vektis.layout import Field
from schemas.vektis.personal import NOBODY, PERSON, about, classified, is_personal
from schemas.vektis.tools.anonymise import ALL, Anonymiser, anonymised
from schemas.vektis.tools.fakes import fake, scrambled
from tests.claim_files import BSNS, ON, Insured, Line, claim_file

KEY = b"k" * 32
_SMELL = re.compile(
    "NAAM|BSN|BURGERSERVICE|GEBOORTE|POSTCODE|ADRES|TELEFOON|VERZEKERDE|IBAN|BANKREKENING|PATIENT|MAIL|STRAAT|"
    "WOONPLAATS|HUISNUMMER|VOORLETTERS|VOORVOEGSEL|DEBITEUR|VRIJE TEKST|CLIENT|CLIËNT|MACHTIGING|ZORGVERLENERSCODE|"
    "PRAKTIJKCODE|INSTELLINGSCODE|TITULATUUR|INDICATIEORGAAN$"
)


def made(file: VektisFile, key: bytes = KEY, groups: frozenset[str] = frozenset({PERSON})) -> VektisFile:
    anonymiser = Anonymiser(key=key, groups=groups)
    return VektisFile(file.layout, tuple(anonymised(file.records, file.layout, anonymiser)))


def told(findings: Sequence[Finding]) -> list[tuple[str, int | None, str]]:
    return [(one.code, one.record, one.element) for one in findings]


def two_people() -> VektisFile:
    return claim_file(
        "PM304",
        [
            Insured(BSNS[0], [Line("A-1", 3500, comments=1), Line("A-2", 1200)], insured_number="0123456"),
            Insured("999999999", [Line("B-1", 50)], name="Jansen", comments=2, insured_number="X77"),
        ],
    )


def test_every_field_whose_name_sounds_personal_is_classified() -> None:
    fields = {(one.code, one.name) for form in layouts() for kind in form.records.values() for one in kind.fields}
    sounding = {(code, name) for code, name in fields if _SMELL.search(name) and code != "TEC007"}
    assert len(sounding) > 70
    assert [one for one in sorted(sounding) if one[0] not in classified()] == []


@pytest.mark.parametrize(
    ("code", "name", "group", "form"),
    [
        ("NAM999", "IETS", PERSON, "surname"),
        ("NUM999", "Telefoonnummer contactpersoon", PERSON, "number"),
        ("DAT999", "GEBOORTEDATUM KIND", PERSON, "birth"),
        ("COD999", "SOORT PRESTATIE", NOBODY, ""),
    ],
)
def test_a_field_of_somebodys_own_layout_is_rather_masked_than_shown(
    code: str, name: str, group: str, form: str
) -> None:
    assert about(Field(element="0999", code=code, name=name, type="N", length=8, start=1)) == (group, form)


def test_the_table_has_no_code_that_no_layout_has() -> None:
    known = {one.code for form in layouts() for kind in form.records.values() for one in kind.fields}
    assert set(classified()) - known == set()


def test_the_table_knows_only_groups_and_forms_that_exist() -> None:
    for code, (group, form) in classified().items():
        assert group in {*ALL, NOBODY}, code
        assert bool(form) == (group != NOBODY), code
        if form:
            assert fake(KEY, form, "123456782", 9) != "", code


def test_nothing_personal_survives() -> None:
    before = two_people()
    after = made(before)
    for old, new in zip(before.records, after.records, strict=True):
        for one in old.layout.fields:
            same = old.text[one.at] == new.text[one.at]
            filled = old.text[one.at] != one.blank and old.text[one.at] != "999999999"
            assert same != (is_personal(one) and filled), f"{old.kind} {one.element} {one.name}"
    assert b"Jan" not in write(after)


def test_counts_totals_lengths_and_findings_stay() -> None:
    before = two_people()
    assert check_file(before, on=ON) == []
    after = made(before)
    assert check_file(after, on=ON) == []
    assert len(write(after)) == len(write(before))
    assert after.trailer == before.trailer
    assert after.header == before.header


def test_one_person_is_the_same_person_everywhere_and_another_key_makes_another() -> None:
    first, again, other = (made(two_people(), key) for key in (KEY, KEY, b"o" * 32))
    assert first == again
    insured, line = first.records[1], first.records[2]
    assert is_test_bsn(insured["NUM313"])
    assert insured["NUM313"] != BSNS[0]
    assert (insured["NUM313"], insured["NUM003"]) == (line["NUM313"], line["NUM003"])
    assert insured["NUM313"] != other.records[1]["NUM313"]
    assert first.records[5]["NUM313"] == "999999999"


@pytest.mark.parametrize("bsn", ["999903883", "111222333", "123456782", "000000012"])
def test_a_bsn_passes_the_proof_exactly_when_it_did(bsn: str) -> None:
    got = fake(KEY, "bsn", bsn, 9)
    assert (len(got), got[:4], got != bsn, is_bsn(got)) == (9, "9999", True, is_bsn(bsn))


def test_birth_dates_stay_before_what_was_done_and_in_their_year() -> None:
    for day in (date(2024, 1, 1), date(2024, 1, 31), date(1961, 3, 12), date(2000, 2, 29), date(1999, 12, 31)):
        got = fake(KEY, "birth", f"{day:%Y%m%d}", 8)
        shifted = date(int(got[:4]), int(got[4:6]), int(got[6:]))
        assert shifted < day
        assert shifted.year == day.year or (day - shifted).days <= 28
    assert fake(KEY, "birth", "19990231", 8) == "19000231"


def test_account_numbers_keep_their_check_digits() -> None:
    for iban in ("NL91ABNA0417164300", "BE68539007547034", "NL00ABNA0417164300"):
        got = fake(KEY, "iban", iban, 34)
        assert (got[:2], len(got), got != iban, is_iban(got)) == (iban[:2], len(iban), True, is_iban(iban))
    assert fake(KEY, "account", "123456789", 16) != "123456789"


@given(st.lists(st.text("0189AZaz -éÉ", min_size=1, max_size=4), unique=True, min_size=2, max_size=60))
def test_no_two_numbers_become_the_same_one(values: list[str]) -> None:
    got = [scrambled(KEY, "number", one) for one in values]
    assert len(set(got)) == len(values)
    for one, new in zip(values, got, strict=True):
        assert [char == " " for char in one] == [char == " " for char in new]
        assert one.strip("0 ") == "" or new.strip("0 ") != ""


def test_references_and_providers_are_left_unless_asked_for() -> None:
    before, after = two_people(), made(two_people(), groups=ALL)
    assert made(before).records[2]["NUM362"] == before.records[2]["NUM362"]
    assert after.records[2]["NUM362"] != before.records[2]["NUM362"]
    assert after.records[2]["COD089"] != "01099011"
    assert after.records[2]["COD089"][:2] == "01"
    assert after.header["NUM029"] != before.header["NUM029"]
    assert check_file(after, on=ON) == []


@pytest.mark.parametrize("standard", ["HA304", "PM304"])
def test_a_response_still_answers_its_claim_file(standard: str) -> None:
    claims = claim_file(standard, [Insured(BSNS[0], [Line("A-1"), Line("A-2", comments=1)])])
    response = to_response(claims, {}, response_date=date(2024, 4, 10), only="all")
    ours, theirs = made(claims, groups=ALL), made(response, groups=ALL)
    for claimed, answered in zip(ours.records[:-1], theirs.records[:-1], strict=True):
        assert answered.text[9 : len(claimed.text)] == claimed.text[9:]
    reply = from_response(theirs)
    assert reply.invoice_number == ours.header.string("NUM029")
    lines = [one.string("NUM362") for one in ours.records if one.kind == "04"]
    assert [one.line_ref for one in reply.decisions] == lines
    assert "A-1" not in lines


def test_a_damaged_record_is_refused_or_left_out_and_never_quoted() -> None:
    file = two_people()
    broken = replace(file.records[2], text=file.records[2].text.replace("0000", "000", 1))
    damaged = VektisFile(file.layout, (*file.records[:2], broken, *file.records[3:]))
    with pytest.raises(FormatError) as refused:
        made(damaged)
    assert BSNS[0] not in str(refused.value)
    assert refused.value.where == "record 3"
    kept = VektisFile(
        file.layout, tuple(anonymised(damaged.records, file.layout, Anonymiser(key=KEY), drop_damaged=True))
    )
    assert [one.kind for one in kept.records] == [one.kind for one in file.records if one.number != 3]
    assert kept.trailer is not None
    assert (kept.trailer.number_of("9904"), kept.trailer.amount_of("9907")) == (2, 1250)


def test_a_value_in_the_wrong_place_does_not_slip_through() -> None:
    file = two_people()
    line = file.records[2]
    spoiled = replace(line, text=line.text[:57] + "JANSEN" + line.text[63:-6] + "JANSEN")
    after = Anonymiser(key=KEY).record(spoiled)
    assert "JANSEN" not in after.text
    assert after.text[57:63].isalpha()


def test_the_key_is_not_shown() -> None:
    assert "kkkk" not in repr(Anonymiser(key=KEY))


def _raw(one: Field) -> st.SearchStrategy[str]:
    if one.code == "NUM313":
        return st.sampled_from([*BSNS, "999999999", "000000000", "123456789"])
    if one.code.startswith("DAT") and one.length == 8:
        return st.sampled_from(["20240115", "20240301", "00000000", "20240231"])
    if one.code in ("DAT006", "DAT264"):
        return st.sampled_from(["19610312", "00000000", "19990231"])
    if one.numeric:
        return st.integers(0, 10**one.length - 1).map(lambda value: str(value).zfill(one.length))
    letters = st.characters(
        min_codepoint=0x20, max_codepoint=0xFF, exclude_characters=[chr(n) for n in range(127, 161)]
    )
    return st.text(letters, min_size=one.length, max_size=one.length)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_check_says_the_same_before_and_after_in_every_standard(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([one for one in layouts() if "01" in one.records]))
    kinds = data.draw(st.lists(st.sampled_from([one for one in form.records if one not in ("01", "99")]), max_size=4))
    records: list[Record] = []
    for number, kind in enumerate(["01", *kinds, "99"], 1):
        record = build(form, kind, {}, number)
        for one in data.draw(st.lists(st.sampled_from(record.layout.fields[1:]), max_size=8, unique=True)):
            raw = data.draw(_raw(one))
            record = replace(record, text=record.text[: one.start - 1] + raw + record.text[one.end :])
        records.append(record)
    file = VektisFile(form, tuple(records))
    assert told(check_file(made(file, groups=ALL))) == told(check_file(file))


def test_check_says_the_same_of_the_samples(shared: Path) -> None:
    folder = shared / "data" / "vektis" / "samples"
    checked = 0
    for path in sorted([*folder.glob("*.asc"), *folder.glob("*.dat"), *folder.glob("GZ321/*.[aA][sS][cC]")]):
        try:
            file = read(path.read_bytes())
        except FormatError:
            continue
        if file.damaged:
            continue
        checked += 1
        assert told(check_file(made(file, groups=ALL), on=ON)) == told(check_file(file, on=ON)), path.name
    assert checked >= 40


def test_a_reference_that_was_made_from_a_bsn_gets_a_fake_without_being_asked_for() -> None:
    file = claim_file(
        "PM304", [Insured(BSNS[0], [Line(f"P{BSNS[0]}-1"), Line(f"X/{BSNS[1]}", amount=-10, before=f"P{BSNS[0]}-1")])]
    )
    safe = made(file)
    text = write(safe)
    assert all(bsn.encode() not in text for bsn in BSNS)
    first, second = (one for one in safe.records if one.kind == "04")
    assert second.string("NUM363") == first.string("NUM362") != second.string("NUM362")
    assert told(check_file(safe, on=ON)) == told(check_file(file, on=ON))


def test_a_reference_that_says_nothing_about_anybody_stays() -> None:
    file = claim_file("PM304", [Insured(BSNS[0], [Line("20240000012"), Line("999999999"), Line("123456789")])])
    assert [one.string("NUM362") for one in made(file).records if one.kind == "04"] == [
        "20240000012",
        "999999999",
        "123456789",
    ]


def test_no_finding_shows_a_value_that_moved_into_another_field() -> None:
    """A record with positions too many or too few puts BSN and name anywhere: in reserves, in dates, in numbers."""
    bsn, name = BSNS[0], "Zwaluwenburg"
    file = claim_file("PM304", [Insured(bsn, [Line("A-1")], name=name)])
    for place, record in enumerate(file.records[1:-1], start=1):
        for moved in range(0, 300, 7):
            text = (record.text[:2] + " " * moved + record.text[2:])[: len(record.text)]
            spoilt = (*file.records[:place], replace(record, text=text), *file.records[place + 1 :])
            found = repr(check_file(VektisFile(file.layout, spoilt), on=ON))
            assert bsn not in found, (place, moved)
            assert name not in found, (place, moved)
