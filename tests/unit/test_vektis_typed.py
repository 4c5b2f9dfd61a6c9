"""Typed values of Vektis records, whole files of any size, and files that are not what they should be."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from hub.errors import ConfigurationError, FormatError, MappingError
from schemas.vektis import (
    LONGEST,
    Layout,
    Record,
    Row,
    by_format,
    check,
    check_file,
    check_records,
    layout,
    layouts,
    opened,
    read,
    read_records,
    read_typed,
    row,
    write,
    write_records,
    write_typed,
    write_typed_to,
)
from schemas.vektis.typed import Typed, row_reader, row_writer

PM = layout("PM304")
PERSON: dict[str, Typed] = {"NUM313": "999903883", "COD061": "3332", "NUM003": "900000000"}


def header() -> Row:
    return row(
        PM,
        "01",
        {
            "COD002": "107",
            "NUM001": "03",
            "NUM309": "02",
            "COD856": "T",
            "COD061": "3332",
            "COD031": "88009901",
            "COD833": "04",
            "DAT043": date(2024, 1, 1),
            "DAT044": date(2024, 3, 31),
            "NUM029": "2024000001",
            "DAT031": date(2024, 4, 2),
            "0119": "EUR",
        },
    )


def insured(number: int) -> Row:
    known: dict[str, Typed] = {"COD134": "2", "COD700": "1", "NAM193": "Testpersoon", "NAM025": "AB"}
    known |= {"COD083": "7511AA", "NUM030": "00001", "DAT006": date(1961, 3, 12)}
    return row(PM, "02", {"NUM040": number, **PERSON, **known})


def performance(number: int, **changes: Typed) -> Row:
    values: dict[str, Typed] = {"COD820": "1", "DAT272": date(2024, 1, 15), "COD367": "012", "COD388": "1000"}
    values |= {"ANT054": 1, "BED160": 3500, "BED153": 3500, "BED161": 3500, "NUM362": f"REF{number}"}
    values["0422"] = "88001234"
    return row(PM, "04", {"NUM040": number, **PERSON, **values, **changes})


def closing(*lines: Row) -> Row:
    place = [one.code for one in PM.records["04"].fields].index("BED161")
    total = sum(amount for amount in (one[place] for one in lines) if isinstance(amount, int))
    counts: dict[str, Typed] = {"ANT085": 1, "ANT087": len(lines), "ANT265": len(lines) + 1, "BED025": total}
    return row(PM, "99", counts)


def claim(*lines: Row) -> bytes:
    return write_typed([header(), insured(1), *lines, closing(*lines)], PM)


GOOD = claim(performance(2), performance(3))


def at(kind: str, name: str) -> int:
    """Where a field stands in a row."""
    return [one.element for one in PM.records[kind].fields].index(PM.records[kind].field(name).element)


# --- values


def test_a_record_gives_numbers_dates_and_signed_amounts_and_none_where_nothing_is_filled() -> None:
    data = claim(performance(2, BED153=-3500, BED161=-3500))
    line = read(data).records[2].typed()
    assert (line["0401"], line["0402"], line["0403"], line["0404"]) == ("04", 2, "999903883", "3332")
    assert (line["0408"], line["0434"]) == (date(2024, 1, 15), "REF2") if "0434" in line else line["0408"]
    record = PM.records["04"]
    assert line[record.field("BED161").element] == -3500
    assert line[record.signs["BED161"]] == "C"
    assert line[record.field("NUM363").element] is None
    assert line[record.field("ANT054").element] == 1


def test_rows_of_a_file_are_written_back_as_they_were() -> None:
    rows = list(read_typed(GOOD))
    assert [one[0] for one in rows if not isinstance(one, Record)] == ["01", "02", "04", "04", "99"]
    assert write_typed(rows, PM) == GOOD
    stream = io.BytesIO()
    assert write_typed_to(stream, read_typed(io.BytesIO(GOOD)), PM) == len(GOOD)
    assert stream.getvalue() == GOOD


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("BED161", "0000O350"),  # a letter in an amount
        ("BED161", "    3500"),  # not zero filled
        ("DAT272", "20240230"),  # no such day
        ("NUM362", " REF2".ljust(20)),  # not left aligned
        ("NUM362", "REF\x002".ljust(20)),
        ("NUM362", "REF\x80".ljust(20)),  # no letter of the set
        ("COD001", "02"),
    ],
)
def test_what_has_not_the_prescribed_form_is_no_row_but_the_record_as_it_stands(place: str, text: str) -> None:
    record = read(GOOD).records[2]
    where = record.layout.slices[place]
    broken = replace(record, text=record.text[: where.start] + text + record.text[where.stop :])
    data = GOOD.replace(record.text.encode(), broken.text.encode("latin-1"))
    rows = list(read_typed(data))
    assert isinstance(rows[2], Record)
    assert (rows[2].text, rows[2].number) == (broken.text, 3)
    assert write_typed(rows, PM) == data
    with pytest.raises(FormatError) as refused:
        broken.typed()
    assert record.layout.field(place).element in str(refused.value)
    assert text.strip() not in str(refused.value).replace(record.layout.field(place).element, "")


def test_doubtful_lines_between_many_good_ones_are_records_and_take_no_neighbour_along() -> None:
    lines = claim(*(performance(number) for number in range(2, 900))).split(b"\r\n")[:-1]
    day = PM.records["04"].slices["DAT272"]
    spoilt = {
        5: lines[5][: day.start] + b"20240230" + lines[5][day.stop :],
        6: lines[6][:-1],
        250: b"77" + lines[250][2:],
        251: b"",
        252: lines[252] + b" ",
        640: lines[640].replace(b"REF", b" EF", 1),
        899: b"4",
    }
    data = b"".join(spoilt.get(index, line) + b"\r\n" for index, line in enumerate(lines))
    data = data.replace(lines[400] + b"\r\n", lines[400] + b"\n")
    rows = list(read_typed(data))
    doubtful = {one.number: one.text.encode() for one in rows if isinstance(one, Record)}
    assert doubtful == {index + 1: text for index, text in spoilt.items()} | {401: lines[400]}
    careful = {number: row_reader(PM.records["04"])(lines[number].decode()) for number in (4, 7, 249, 399, 401, 898)}
    assert {number: rows[number] for number in careful} == careful
    assert (len(rows), write_typed(rows, PM)) == (len(lines), data)


@pytest.mark.parametrize("spoil", [lambda one: one[:-1], lambda one: one + b" ", lambda one: b"77" + one[2:]])
def test_a_record_of_another_length_or_kind_has_no_typed_values(spoil: Callable[[bytes], bytes]) -> None:
    lines = GOOD.split(b"\r\n")
    lines[2] = spoil(lines[2])
    broken = read(b"\r\n".join(lines)).records[2]
    with pytest.raises(FormatError, match=r"record 3: the record (has \d+ positions, not 310|is of unknown kind '77')"):
        broken.typed()
    assert write_typed(read_typed(b"\r\n".join(lines)), PM) == b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BED161", 100_000_000, "9 characters do not fit in 8"),
        ("NUM362", "R" * 21, "21 characters do not fit in 20"),
        ("COD388", "Şahin1"[:6], "single-byte set"),
        ("NUM362", "REF\x00", "single-byte set"),
        ("NUM362", "a\r\nb", "single-byte set"),
        ("NUM362", " REF", "left aligned"),
        ("NUM313", "99990388X", "only digits"),
        ("NUM313", "9999038831", "10 characters do not fit in 9"),
        ("NUM040", "2", "whole number"),
        ("ANT054", 1.5, "whole number"),
        ("ANT054", -1, "no field says so"),
        ("DAT272", "20240115", "must be a date"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_naming_the_element_and_never_the_value(
    name: str, value: Typed, says: str
) -> None:
    values = list(performance(2))
    values[at("04", name)] = value
    with pytest.raises(MappingError, match=says) as refused:
        row_writer(PM.records["04"])(values)
    element = PM.records["04"].field(name).element
    assert refused.value.where == element
    shown = str(refused.value).replace("REFERENTIENUMMER", "")
    assert not isinstance(value, str) or len(value) < 4 or value not in shown


def test_an_amount_and_its_sign_may_not_contradict_each_other() -> None:
    sign = at("04", PM.records["04"].signs["BED161"])
    for amount, said in ((3500, "C"), (-3500, "D"), (-3500, None)):
        values = list(performance(2))
        values[at("04", "BED161")], values[sign] = amount, said
        with pytest.raises(MappingError, match="contradict each other") as refused:
            row_writer(PM.records["04"])(values)
        assert "3500" not in str(refused.value)
    values = list(performance(2, BED161=0))
    values[sign] = "C"  # nothing, marked credit
    assert row_reader(PM.records["04"])(row_writer(PM.records["04"])(values)) == tuple(values)


def test_shorter_numbers_are_filled_and_ten_and_eight_digits_do_not_make_up_for_each_other() -> None:
    values = list(performance(2))
    values[at("04", "COD061")] = "12"
    text = row_writer(PM.records["04"])(values)
    assert text[PM.records["04"].slices["COD061"]] == "0012"
    values[at("04", "NUM313")], values[at("04", "COD061")] = "9999038831", "332"
    with pytest.raises(MappingError, match="do not fit in 9"):
        row_writer(PM.records["04"])(values)


def test_rows_need_a_known_kind_and_one_value_per_field() -> None:
    for wrong in ((), (None,), ("77", 1)):
        with pytest.raises(MappingError, match="no record of this kind"):
            write_typed([wrong], PM)
    with pytest.raises(MappingError, match=r"record 04 has 36 values, 2 were given"):
        write_typed([("04", 1)], PM)
    with pytest.raises(MappingError, match="no field COD999"):
        row(PM, "04", {"COD999": "1"})


# --- whole files


def test_one_header_announces_one_layout_only() -> None:
    for one in layouts():
        major, _, minor = one.version.partition(".")
        for code in one.ei_codes:
            shown = ("00", "01", "07") if minor == "x" else (minor.zfill(2),)
            for subversion in shown:
                assert [each for each in layouts() if each.fits(code, major.zfill(2), subversion)] == [one]
    assert [one.format for one in layouts() if not one.ei_codes] == ["vektis-SB311-1.0", "vektis-SB311-2.0"]


def test_codes_of_one_standard_lead_to_the_table_that_has_them() -> None:
    def found(header: str) -> str | None:
        chosen, _ = opened(f"{header}".encode().ljust(310) + b"\r\n", None)
        return chosen.format if chosen else None

    assert [found(f"01{code}0702") for code in ("106", "120")] == ["vektis-AP304-7.2"] * 2
    assert found("011930800") == "vektis-AP304-8.0"
    assert [found(f"01{code}0104") for code in ("187", "428", "430")] == ["vektis-AW319-1.4"] * 3
    assert (found("011870103"), found("014280103")) == ("vektis-AW319-1.3", None)
    assert [found(f"01181{version}") for version in ("0100", "0107", "0200")] == [
        "vektis-GZ311-1.x",
        "vektis-GZ311-1.x",
        "vektis-GZ311-2.x",
    ]


def debtor(version: str, number: int = 1) -> bytes:
    form = layout("SB311", version)
    known: dict[str, Typed] = {"NUM040": number, "COD316": "D-1", "COD700": "1", "NAM214": "Testpersoon", "COD829": "1"}
    known |= {"NAM141": "Testlaan", "NUM098": "00001", "NAM142": "Enschede", "COD312": "7511AA"}
    return write_typed([row(form, "03", known)], form)


@pytest.mark.parametrize(("version", "length"), [("1.0", 299), ("2.0", 308)])
def test_debtor_records_without_a_header_are_read_by_the_layout_that_is_named(version: str, length: int) -> None:
    form = by_format(f"vektis-SB311-{version}")
    data = debtor(version) + debtor(version, 2)
    assert len(data) == 2 * (length + 2)
    with pytest.raises(FormatError, match="opening record 01"):
        read(data)
    file = read(data, layout=form)
    assert [one.typed()["0303"] for one in file.records] == ["D-1", "D-1"]
    assert (write(file), write_typed(read_typed(data, layout=form), form)) == (data, data)
    assert check(data, layout=form) == check_file(file) == []
    numbers = check(data.replace(b"000000000002", b"000000000007"), layout=form)
    assert [(one.code, one.record, one.expected) for one in numbers] == [("COD954:0801", 2, "2")]


def test_a_reserve_without_a_length_of_its_own_is_blank_to_the_end_of_the_record() -> None:
    form = by_format("vektis-SB311-2.0")
    data = debtor("2.0").removesuffix(b"\r\n") + b"  \r\n"
    (record,) = read(data, layout=form).records
    assert (record.whole, record["0380"], len(record.text)) == (True, "  ", 310)
    assert check(data, layout=form) == []
    (found,) = check(data.replace(b"  \r\n", b" x\r\n"), layout=form)
    assert (found.record, found.element, found.start) == (1, "0380", 309)


def test_a_format_nobody_has_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"vektis-HA304-4\.2") as refused:
        by_format("vektis-HA304-9.9")
    assert "PM304" not in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"vektis-PM304-3\.2"):
        by_format("vektis-XX304-9.9")


def test_a_file_of_an_unknown_version_is_judged_by_the_layout_that_is_named_and_the_version_is_told() -> None:
    data = GOOD.replace(b"011070302", b"011070399")
    (told,) = check(data)
    assert (told.code, told.value, told.severity.value) == ("COD954:0011", "'03'.'99'", "fatal")
    assert "vektis-PM304-3.2" in told.hinted("nl")
    named = check(data.replace(b"REF3", b"REF2"), layout=PM)
    assert [(one.code, one.record) for one in named] == [("COD954:0011", 1), ("COD954:8021", 4)]


# --- streams


def big(lines: int) -> bytes:
    made = [performance(number) for number in range(2, lines + 2)]
    return claim(*made)


def test_a_stream_is_judged_as_the_whole_file_is_and_says_how_far_it_is() -> None:
    data = big(5_000).replace(b"REF77 ", b"REF78 ").replace(b"REF99 ", b"REF99\x00")
    done: list[int] = []
    streamed = list(check_records(io.BytesIO(data), progress=done.append))
    assert sorted(streamed, key=lambda one: one.record or 0) == check(data) == check_file(read(data))
    assert {one.code for one in streamed} >= {"COD954:8021", "KVITT-VEKTIS-NUL"}
    assert done == sorted(done)
    assert (len(done), done[-1]) == (3, len(data))


def test_records_and_rows_stream_in_and_out_as_they_stand() -> None:
    data = big(2_000) + b"77 strange\n" + b"x" * 5
    out = io.BytesIO()
    assert write_records(read_records(io.BytesIO(data)), out) == len(data)
    assert out.getvalue() == data
    assert list(read_records(io.BytesIO(data))) == list(read(data).records)
    assert write_typed(read_typed(io.BytesIO(data)), PM) == data


class Endless(io.RawIOBase):
    """A file of one header and one line of this many bytes."""

    def __init__(self, length: int, ending: bytes = b"") -> None:
        self._parts = [GOOD.split(b"\r\n")[0] + b"\r\n"]
        self._left, self._ending = length, ending

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._parts:
            some = self._parts.pop()
        elif self._left:
            some = b"04" * min(len(buffer) // 2, self._left // 2)
            self._left -= len(some)
        else:
            some, self._ending = self._ending, b""
        buffer[: len(some)] = some
        return len(some)


def test_a_line_without_an_end_takes_no_memory_and_is_told_once() -> None:
    length = 40 * 1024 * 1024
    tracemalloc.start()
    try:
        found = list(check_records(io.BufferedReader(Endless(length, b"\r\n"))))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024
    told = [(one.code, one.record, one.expected) for one in found]
    assert [one for one in told if one[0] == "COD954:0804"] == [("COD954:0804", 2, "310")]
    assert ("COD954:8026", 2, "99") in told
    assert found[0].value.startswith(">")
    pieces = list(read_records(io.BufferedReader(Endless(length, b"\r\n"))))
    assert {one.number for one in pieces[1:]} == {2}
    assert sum(len(one.text) + len(one.ending) for one in pieces[1:]) == length + 2


@pytest.mark.parametrize("over", [-3, -2, -1, 0, 1, 2])
@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b""])
def test_lines_about_the_longest_are_whole_or_in_pieces_and_judged_alike(over: int, ending: bytes) -> None:
    data = GOOD.split(b"\r\n")[0] + b"\r\n" + b"04".ljust(LONGEST + over, b"x") + ending
    streamed = sorted(check_records(io.BytesIO(data)), key=lambda one: one.record or 0)
    assert streamed == check_file(read(data))
    assert write_typed(read_typed(io.BytesIO(data)), PM) == data
    assert b"".join(f"{one.text}{one.ending}".encode() for one in read_records(io.BytesIO(data))) == data


# --- files that are not what they should be


@pytest.mark.parametrize(
    ("spoil", "code", "value"),
    [
        (lambda data: b"\xef\xbb\xbf" + data, "KVITT-VEKTIS-CHARSET", "UTF-8 with a byte order mark"),
        (lambda data: data.decode().encode("utf-16"), "KVITT-VEKTIS-CHARSET", "UTF-16"),
        (lambda data: data.decode().encode("utf-16-be"), "KVITT-VEKTIS-CHARSET", "UTF-16"),
        (lambda data: data.decode().encode("utf-16-le"), "KVITT-VEKTIS-CHARSET", "UTF-16"),
        (lambda data: data.decode().encode("cp500"), "KVITT-VEKTIS-CHARSET", "EBCDIC"),
        (lambda data: data.replace(b"\r\n", b"\r"), "COD954:8095", "CR"),
        (lambda data: data.replace(b"\r\n", b""), "COD954:8095", "-"),
        (lambda _: b"", "KVITT-VEKTIS-EMPTY", ""),
        (lambda data: b"01999" + data[5:], "COD954:0010", "'999'"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_in_one_finding(
    spoil: Callable[[bytes], bytes], code: str, value: str
) -> None:
    (found,) = check(spoil(GOOD))
    assert (found.code, found.value, found.severity.value) == (code, value, "fatal")
    assert set(found.text) == set(found.hint) == {"en", "nb", "nl"}


def test_the_reader_names_the_character_set_too() -> None:
    with pytest.raises(FormatError, match="written in UTF-16"):
        read(GOOD.decode().encode("utf-16"))


def test_line_feeds_alone_are_told_of_every_record_and_the_rest_is_judged() -> None:
    found = check(GOOD.replace(b"\r\n", b"\n").replace(b"REF3", b"REF2"))
    assert [one.record for one in found if one.code == "COD954:8095"] == [1, 2, 3, 4, 5]
    assert ("COD954:8021", 4) in [(one.code, one.record) for one in found]


def test_letters_of_several_bytes_are_told_as_such() -> None:
    found = check(GOOD.replace(b"Testpersoon", "Tëstpersoon".encode()))[0]
    assert (found.code, found.record, found.value, found.expected) == ("COD954:0804", 2, "311", "310")
    assert "UTF-8" in found.said("nl")
    plain = check(GOOD.replace(b"Testpersoon", b"Testpersoons"))[0]
    assert "UTF-8" not in plain.said("nl")


def test_nul_characters_are_told_with_their_position() -> None:
    data = GOOD.replace(b"REF2", b"REF\x00")
    told = next(one for one in check(data) if one.code == "KVITT-VEKTIS-NUL")
    assert (told.record, told.value) == (3, str(GOOD.split(b"\r\n")[2].index(b"REF2") + 4))


def test_superscripts_are_no_digits_anywhere() -> None:
    file = read(GOOD)
    for number, record in enumerate(file.records):
        for one in record.layout.fields[1:]:
            if one.numeric:
                text = f"{record.text[: one.start - 1]}\xb2{record.text[one.start :]}"
                broken = replace(file.records[number], text=text)
                data = write(replace(file, records=(*file.records[:number], broken, *file.records[number + 1 :])))
                assert write_typed(read_typed(data, layout=PM), PM) == data
                assert check(data), (number, one.element)


def test_a_cut_file_keeps_its_records_and_says_that_the_end_is_missing() -> None:
    cut = GOOD[: 2 * 312 + 100]
    found = check(cut)
    assert {("COD954:8095", 3), ("COD954:0804", 3), ("COD954:8026", 3)} <= {(one.code, one.record) for one in found}


def pairs() -> list[tuple[Layout, Layout]]:
    return [(layout(one.answers, one.version), one) for one in layouts() if one.is_response]


@pytest.mark.parametrize(("claimed", "answer"), pairs(), ids=lambda one: one.format)
def test_a_response_record_begins_with_every_field_of_its_claim_record(claimed: Layout, answer: Layout) -> None:
    assert len(pairs()) == 10
    for kind, record in claimed.records.items():
        fields = [one for one in record.fields if kind != "99" or one.code != "TEC007"]
        theirs = answer.records[kind].fields[: len(fields)]
        same = [(one.element, one.type, one.length, one.start) for one in fields]
        assert [(one.element, one.type, one.length, one.start) for one in theirs] == same, (kind, claimed.format)
