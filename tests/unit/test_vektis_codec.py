"""Reading and writing Vektis files: positions are counted here by hand, apart from our tables and writer."""

from __future__ import annotations

import io
from datetime import date

import pytest

from hub.errors import ConfigurationError, FormatError, MappingError
from schemas.vektis import amended, build, layout, layouts, read, read_records, recognise, response_layout, write
from schemas.vektis.layout import read_table


def line(length: int, *parts: tuple[int, str]) -> bytes:
    """A record of blanks with texts put at 1-based positions."""
    text = [" "] * length
    for start, value in parts:
        text[start - 1 : start - 1 + len(value)] = value
    assert len(text) == length
    return "".join(text).encode("latin-1") + b"\r\n"


HA304 = (
    line(
        310,
        (1, "01" + "112" + "04" + "02" + "T" + "000000"),
        (27, "3332" + "98009901" + "00000000" + "00000000" + "53530001" + "04"),
        (65, "20240101" + "20240331" + "2024000001"),
        (93, "20240402"),
        (115, "EUR"),
    )
    + line(
        310,
        (1, "02" + "000000000001" + "999903883" + "3332" + "900000000"),
        (54, "19610312" + "2" + "1" + "Vrolijke-Testpaal"),
        (99, "0"),
        (135, "AB"),
        (141, "0" + "7511AA"),
        (157, "00001"),
        (181, "2"),
    )
    + line(
        310,
        (1, "04" + "000000000002" + "999903883" + "3332" + "900000000"),
        (58, "1" + "20240101" + "20240331" + "008" + "14499" + "0001" + "01099011" + "00000105" + "00000105" + "D"),
        (112, "0000" + "00000105" + "D" + "LINE-0001"),
    )
    + line(310, (1, "99" + "000001" + "000000" + "000001" + "000000" + "0000002" + "00000000105" + "D"))
)


def test_a_hand_made_ha304_is_recognised_and_read_by_element_and_by_code() -> None:
    assert recognise(HA304) == "vektis-HA304-4.2"
    file = read(HA304)
    header, insured, performance, trailer = file.records
    assert (header.string("0116"), header.date_of("0117")) == ("2024000001", date(2024, 4, 2))
    assert (header["0109"], header["0112"], header["0113"]) == ("98009901", "53530001", "04")
    assert (insured["0203"], insured.string("0210"), insured.string("0215")) == ("999903883", "Vrolijke-Testpaal", "AB")
    assert insured.date_of("0207") == date(1961, 3, 12)
    assert (performance["0411"], performance["COD388"], performance.string("NUM362")) == ("14499", "14499", "LINE-0001")
    assert performance.amount_of("0418") == performance.amount_of("BED161") == 105
    assert trailer.number_of("9906") == 2
    assert file.is_test
    assert file.trailer == trailer


def test_what_was_read_is_written_byte_for_byte() -> None:
    assert write(read(HA304)) == HA304


def test_a_diacritic_is_one_position_and_survives() -> None:
    data = HA304.replace(b"Vrolijke-Testpaal", b"Vr\xf6lijke-Testpaal")
    file = read(data)
    assert file.records[1].string("0210") == "Vrölijke-Testpaal"
    assert write(file) == data


def test_a_credit_is_negative_by_its_own_sign_field() -> None:
    credit = HA304.replace(b"00000105DLINE", b"00000105CLINE")
    assert read(credit).records[2].amount_of("0418") == -105
    assert read(credit).records[2].amount_of("0415") == 105


def test_damaged_records_are_kept_and_hide_nothing() -> None:
    lines = HA304.split(b"\r\n")
    data = b"\r\n".join([lines[0], lines[1][:-3], b"77 what is this", lines[2], lines[3]])
    file = read(data)
    assert [one.whole for one in file.records] == [True, False, False, True, True]
    assert [one.number for one in file.damaged] == [2, 3]
    assert file.records[3].string("0420") == "LINE-0001"
    assert write(file) == data


def test_bare_line_feeds_come_back_as_they_were() -> None:
    data = HA304.replace(b"\r\n", b"\n")
    assert [one.ending for one in read(data).records] == ["\n"] * 4
    assert write(read(data)) == data


def test_records_stream_one_by_one_as_the_whole_file_reads() -> None:
    assert list(read_records(io.BytesIO(HA304[:-2]))) == list(read(HA304[:-2]).records)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "positions 1-2"),
        (b"ISA*00*", "positions 1-2"),
        (b"01999" + HA304[5:], "positions 3-5"),
        (b"011120900" + HA304[9:], "positions 6-9"),
    ],
)
def test_bytes_that_announce_nothing_we_know_are_refused_with_their_position(data: bytes, where: str) -> None:
    assert recognise(data) is None
    with pytest.raises(FormatError) as refused:
        read(data)
    assert where in refused.value.where
    with pytest.raises(FormatError):
        list(read_records(io.BytesIO(data)))


def test_a_value_of_the_wrong_type_is_a_format_error_without_the_value() -> None:
    file = read(HA304.replace(b"00000105D", b"0000O105D", 1).replace(b"19610312", b"19610231"))
    with pytest.raises(FormatError) as amount:
        file.records[2].number_of("0415")
    assert "record 3, positions 103-110" in amount.value.where
    with pytest.raises(FormatError) as birth:
        file.records[1].date_of("0207")
    assert "1961" not in str(birth.value)


def test_every_table_is_contiguous_and_every_response_begins_with_its_claim() -> None:
    assert len(layouts()) == 28
    pairs = [(one, layout(one.answers, one.version)) for one in layouts() if one.is_response]
    assert len(pairs) == 10
    for response, claim in pairs:
        assert response_layout(claim) is response
        for kind in set(claim.records) - {"99"}:
            ours, theirs = claim.records[kind].fields, response.records[kind].fields
            assert [one.at for one in ours] == [one.at for one in theirs[: len(ours)]], (claim.format, kind)
            assert claim.records[kind].length + 1 == response.tail


def test_a_table_with_a_gap_is_a_configuration_error_naming_the_file() -> None:
    table = (
        "# standard: XX999\n# version: 1.0\n# title: T\n# kind: claim\n# ei_codes: 999\n# records: 01=4\n"
        "record,element,code,name,type,length,start,mandatory,codelist,pattern,values\n"
        "01,0101,COD001,KIND,N,2,1,M,,,\n01,0102,COD002,CODE,N,1,4,M,,,\n"
    )
    with pytest.raises(ConfigurationError) as refused:
        read_table(table, "XX999_1.0.csv")
    assert "XX999_1.0.csv" in str(refused.value)
    good = read_table(table.replace("N,1,4", "N,2,3"), "XX999_1.0.csv")
    assert good.fits("999", "01", "00")


def test_a_built_record_equals_the_hand_made_one() -> None:
    record = build(
        layout("HA304"),
        "04",
        {
            "0402": 2,
            "0403": "999903883",
            "0404": "3332",
            "0405": "900000000",
            "0407": 1,
            "0408": date(2024, 1, 1),
            "0409": date(2024, 3, 31),
            "COD367": "008",
            "0411": "14499",
            "0412": 1,
            "0413": "01099011",
            "0414": 105,
            "0415": 105,
            "0416": "D",
            "0418": 105,
            "0419": "D",
            "0420": "LINE-0001",
        },
        3,
    )
    assert record.text.encode("latin-1") + b"\r\n" == HA304.splitlines(keepends=True)[2]


@pytest.mark.parametrize(
    ("element", "value"),
    [("0210", "x" * 26), ("0210", "Şahin"), ("0210", "two\nlines"), ("0203", "99990388X"), ("0219", "123456")],
)
def test_what_does_not_fit_is_a_mapping_error_naming_the_element_only(element: str, value: str) -> None:
    with pytest.raises(MappingError) as refused:
        amended(read(HA304).records[1], {element: value})
    assert element in str(refused.value)
    assert value not in str(refused.value)
