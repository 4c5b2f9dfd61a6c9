"""Claims to an HA304 file and back; the expected bytes are laid out here by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from hub.errors import FormatError, MappingError
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.finding import blocking
from hub.model.money import Money
from hub.model.party import Party
from hub.model.person import Person
from mappings.vektis import ClaimFileHeader, from_claim_file, to_ha304, writable
from schemas.vektis import check, read, write

HEADER = ClaimFileHeader(
    invoice_number="2024000001",
    invoice_date=date(2024, 4, 2),
    period_begin=date(2024, 1, 1),
    period_end=date(2024, 3, 31),
    uzovi="3332",
    service_bureau="98009901",
    institution="53530001",
)
PRACTICE = Party(scheme="AGB", id="01099901", name="Praktijk Proef")
GROUP = Party(scheme="AGB", id="53530001", name="Zorggroep Proef")
BUREAU = Party(scheme="AGB", id="98009901", name="Bureau Proef")
PERSON = Person(
    birth_date=date(1961, 3, 12),
    bsn="999903883",
    sex="2",
    initials="A.B.",
    prefix="van",
    name="Vrölijke-Testpaal",
    postal_code="7511 aa",
    house_number="1",
    insured_number="900000000",
)


def module_claim(ref: str = "LINE-0001", *, person: Person = PERSON, cents: int = 105, previous: str = "") -> Claim:
    line = ClaimLine(
        id=f"id-{ref}",
        number=1,
        ref=ref,
        service_code="14499",
        code_list="008",
        begins=date(2024, 1, 1),
        unit_price=Money(abs(cents), "EUR"),
        amount=Money(cents, "EUR"),
        performer="01099011",
        previous_ref=previous,
    )
    return Claim(
        id=f"claim-{ref}",
        tenant="t",
        country="NL",
        kind=ClaimKind.CREDIT if cents < 0 else ClaimKind.DEBIT,
        ref=ref,
        programme="quarterly",
        payer="menzis",
        payer_code="3332",
        provider=PRACTICE,
        claimant=GROUP,
        submitter=BUREAU,
        person=person,
        currency="EUR",
        lines=(line,),
    )


def line(*parts: tuple[int, str]) -> bytes:
    text = [" "] * 310
    for start, value in parts:
        text[start - 1 : start - 1 + len(value)] = value
    return "".join(text).encode("latin-1") + b"\r\n"


def test_one_module_claim_is_exactly_these_bytes() -> None:
    expected = (
        line(
            (1, "01" + "112" + "04" + "02" + "T" + "000000"),
            (27, "3332" + "98009901" + "00000000" + "00000000" + "53530001" + "04" + "20240101" + "20240331"),
            (81, "2024000001"),
            (93, "20240402"),
            (115, "EUR"),
        )
        + line(
            (1, "02" + "000000000001" + "999903883" + "3332" + "900000000"),
            (54, "19610312" + "2" + "1" + "Vrölijke-Testpaal"),
            (89, "van"),
            (99, "0"),
            (135, "AB"),
            (141, "0" + "7511AA"),
            (157, "00001"),
            (181, "2"),
        )
        + line(
            (1, "04" + "000000000002" + "999903883" + "3332" + "900000000"),
            (58, "1" + "20240101" + "20240101" + "008" + "14499" + "0001" + "01099011" + "00000105" + "00000105"),
            (111, "D" + "0000" + "00000105" + "D" + "LINE-0001"),
        )
        + line((1, "99" + "000001" + "000000" + "000001" + "000000" + "0000002" + "00000000105" + "D"))
    )
    made = write(to_ha304(HEADER, [module_claim()]))
    assert made == expected
    assert check(made, on=date(2024, 4, 2)) == []


def test_claims_of_one_person_share_one_insured_record() -> None:
    other = replace(PERSON, bsn="999911247", name="Stille")
    claims = [module_claim("A"), module_claim("B", person=other), module_claim("C")]
    file = to_ha304(HEADER, claims)
    assert [one.kind for one in file.records] == ["01", "02", "04", "04", "02", "04", "99"]
    assert [one.string("0420") for one in file.records if one.kind == "04"] == ["A", "C", "B"]
    assert file.records[-1].amount_of("9907") == 315
    assert check(write(file)) == []


def test_the_same_bsn_with_other_data_keeps_its_own_record() -> None:
    moved = replace(PERSON, postal_code="7512AB")
    file = to_ha304(HEADER, [module_claim("A"), module_claim("B", person=moved)])
    assert [one.string("0217") for one in file.records if one.kind == "02"] == ["7511AA", "7512AB"]


def test_a_credit_carries_sign_and_previous_reference_and_the_total_turns_negative() -> None:
    file = to_ha304(HEADER, [module_claim("NEW-1", cents=-105, previous="LINE-0001")])
    credit = file.records[2]
    assert (credit["0416"], credit["0419"], credit.string("0421")) == ("C", "C", "LINE-0001")
    assert credit.amount_of("0418") == -105
    assert (file.records[-1]["9907"], file.records[-1]["9908"]) == ("00000000105", "C")
    assert check(write(file)) == []


def test_production_and_unknown_sex_and_no_bsn() -> None:
    nobody = replace(PERSON, bsn="", sex="0")
    file = to_ha304(replace(HEADER, test=False), [module_claim(person=nobody)])
    assert (file.header["0105"], file.records[1]["0208"]) == ("P", "0")
    assert file.records[1]["0203"] == file.records[2]["0403"] == "999999999"
    assert not blocking(check(write(file)))


def test_vat_and_allowance_keep_their_places() -> None:
    claim = module_claim()
    taxed = replace(claim.lines[0], vat_rate="21", quantity=3, amount=Money(300, "EUR"))
    record = to_ha304(HEADER, [replace(claim, lines=(taxed,))]).records[2]
    assert (record["0412"], record["0414"], record["0415"], record["0417"], record["0418"]) == (
        "0003",
        "00000105",
        "00000315",
        "2100",
        "00000300",
    )


def with_line(**changes: object) -> Claim:
    claim = module_claim()
    return replace(claim, lines=(replace(claim.lines[0], **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("claim", "element"),
    [
        (module_claim(person=replace(PERSON, name="x" * 26)), "0210"),
        (module_claim(person=replace(PERSON, name="Şahin")), "0210"),
        (module_claim(person=replace(PERSON, birth_date=None)), "0207"),
        (module_claim(person=replace(PERSON, local_ref="123456789012")), "0206"),
        (module_claim(person=replace(PERSON, house_number="1a")), "0219"),
        (with_line(service_code="POH-S"), "0411"),
        (with_line(ref="x" * 21), "0420"),
        (with_line(quantity=10000), "0412"),
        (with_line(quantity=0), "0412"),
        (with_line(amount=Money(10**9, "EUR"), unit_price=Money(10**9, "EUR")), "0414"),
        (with_line(amount=Money(-105, "EUR")), "0419"),
        (with_line(vat_rate="21.125"), "0417"),
        (module_claim(cents=-105), "0421"),
        (replace(module_claim(), payer_code="3334"), "0108"),
        (replace(module_claim(), currency="NOK"), "0119"),
    ],
)
def test_what_has_no_place_is_an_error_naming_claim_and_element_never_the_value(claim: Claim, element: str) -> None:
    with pytest.raises(MappingError) as refused:
        to_ha304(HEADER, [claim])
    assert "claim LINE-0001" in refused.value.message
    assert refused.value.where == element
    assert not any(value in str(refused.value) for value in ("999903883", "xxx", "Şahin"))


def test_one_claim_that_does_not_fit_never_blocks_the_others() -> None:
    bad = module_claim("BAD", person=replace(PERSON, name="x" * 26))
    good, refused = writable(HEADER, [module_claim("A"), bad, module_claim("C")])
    assert [one.ref for one in good] == ["A", "C"]
    assert [(one.ref, error.where) for one, error in refused] == [("BAD", "0210")]
    assert check(write(to_ha304(HEADER, good))) == []


def test_moments_become_days() -> None:
    assert to_ha304(HEADER, [with_line(begins=datetime(2024, 1, 1, 23, 59))]).records[2]["0408"] == "20240101"  # noqa: DTZ001


def test_a_finished_file_gives_back_header_persons_and_signed_lines() -> None:
    claims = [module_claim("A"), module_claim("B", cents=-105, previous="OLD")]
    header, lines = from_claim_file(read(write(to_ha304(HEADER, claims))))
    assert header == HEADER
    assert [(one.ref, one.previous_ref, one.amount) for one in lines] == [
        ("A", "", Money(105, "EUR")),
        ("B", "OLD", Money(-105, "EUR")),
    ]
    first = lines[0]
    assert (first.service_code, first.code_list, first.quantity, first.performer) == ("14499", "008", 1, "01099011")
    assert (first.begins, first.ends, first.unit_price) == (date(2024, 1, 1), date(2024, 1, 1), Money(105, "EUR"))
    assert first.person == replace(PERSON, initials="AB", postal_code="7511AA")


def test_a_pm304_line_is_read_by_code_not_by_element_number() -> None:
    header_record = line(
        (1, "011070302P000000"),
        (27, "3332" + "00000000" + "01099901" + "01099902" + "00000000" + "03" + "20240101" + "20240131" + "PM-1"),
        (93, "20240201"),
        (115, "EUR"),
    )
    insured = line((1, "02000000000001999903883" + "3332"), (54, "1961031221Testpersoon"), (135, "AB"), (142, "7511AA"))
    performance = line(
        (1, "04000000000002999903883" + "3332"),
        (58, "1" + "20240115" + "012" + "1000  " + "0002" + "N"),
        (128, "04099011"),
        (162, "00003500" + "00007000" + "D" + "0000" + "00007000" + "D" + "PM-LINE-1"),
    )
    header, lines = from_claim_file(read(header_record + insured + performance + line((1, "99"))))
    assert (header.invoice_number, header.practice, header.payment_to) == ("PM-1", "01099902", "03")
    only = lines[0]
    assert (only.ref, only.service_code, only.code_list, only.quantity) == ("PM-LINE-1", "1000", "012", 2)
    assert (only.begins, only.ends, only.amount) == (date(2024, 1, 15), date(2024, 1, 15), Money(7000, "EUR"))
    assert (only.performer, only.person.bsn) == ("04099011", "999903883")


def test_a_broken_line_comes_back_with_its_finding_beside_the_good_ones() -> None:
    data = write(to_ha304(HEADER, [module_claim("A"), module_claim("B"), module_claim("C")])).splitlines(keepends=True)
    data[3] = data[3].replace(b"00000105", b"0000O105")
    data[4] = data[4][:100] + b"\r\n"
    _, lines = from_claim_file(read(b"".join(data)))
    assert [(one.ref, bool(one.findings), one.record) for one in lines] == [
        ("A", False, 3),
        ("", True, 4),
        ("", True, 5),
    ]
    assert lines[1].findings[0].code == "KVITT-VEKTIS-BROKEN-LINE"


def test_a_header_without_dates_is_a_format_error() -> None:
    data = write(to_ha304(HEADER, [module_claim()])).replace(b"20240402", b"00000000", 1)
    with pytest.raises(FormatError) as refused:
        from_claim_file(read(data))
    assert "0117" in refused.value.message
