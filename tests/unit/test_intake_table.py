"""Lists as files: encodings, delimiters, ragged rows, workbooks, and everything that is no list."""

from __future__ import annotations

import csv
import io
import re
import time
import zipfile
from datetime import date, datetime
from datetime import time as clock
from typing import Any

import openpyxl
import pytest

from hub.errors import FormatError
from hub.intake.table import Limits, read_table

LIST = "bsn;naam;uzovi\n999903883;Vrolijke;3332\n999911247;Stille;3334\n"


def workbook(rows: list[list[Any]], *, sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    for _ in range(sheets - 1):
        book.create_sheet(index=0)
    sheet = book.worksheets[-1]
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    book.close()
    return stream.getvalue()


def rezipped(data: bytes, part: str, change: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            body = old.read(item)
            new.writestr(item.filename, change(body) if item.filename == part else body)
    return stream.getvalue()


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_usual_way_of_writing_a_list(delimiter: str, encoding: str, newline: str) -> None:
    text = LIST.replace("Stille", "Andrée").replace(";", delimiter).replace("\n", newline)
    table = read_table(text.encode(encoding), "list.csv")
    assert table.header == ("bsn", "naam", "uzovi")
    assert [(row.line, row.cells) for row in table.rows] == [
        (2, ("999903883", "Vrolijke", "3332")),
        (3, ("999911247", "Andrée", "3334")),
    ]
    assert table.delimiter == delimiter
    assert table.findings == ()


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks() -> None:
    table = read_table(b'a;b\n"1;2";"he said ""no"""\n"two\nlines";x\nlast;y\n')
    assert [row.cells for row in table.rows] == [("1;2", 'he said "no"'), ("two\nlines", "x"), ("last", "y")]
    assert [row.line for row in table.rows] == [2, 3, 5]


def test_a_quote_inside_a_cell_is_just_a_character() -> None:
    assert read_table(b'a;b\n5" pipe;x\n').rows[0].cells == ('5" pipe', "x")


def test_a_quote_that_never_closes_spoils_its_own_row_only() -> None:
    table = read_table(b'a;b\n"open;1\nfine;2\nalso fine;3\n')
    assert [(row.line, row.ragged) for row in table.rows] == [(2, True), (3, False), (4, False)]
    assert table.rows[1].cells == ("fine", "2")
    assert [finding.line for finding in table.findings] == [2]


def test_two_stray_quotes_do_not_swallow_the_rows_between() -> None:
    table = read_table(b'a;b\n"open;1\nfine;2\nx;"open too\nfine;4\n')
    assert [(row.line, row.ragged) for row in table.rows] == [(2, True), (3, False), (4, True), (5, False)]


def test_ragged_rows_are_kept_as_findings_and_neighbours_go_on() -> None:
    table = read_table(b"a;b;c\n1;2\n1;2;3\n1;2;3;4\n1;2;3;;\n")
    assert [(row.line, row.ragged) for row in table.rows] == [(2, True), (3, False), (4, True), (5, False)]
    assert {finding.code for finding in table.findings} == {"ROW_MALFORMED"}
    assert {"en", "nb", "nl"} <= set(table.findings[0].text)


def test_lines_are_counted_as_in_the_file() -> None:
    table = read_table(b"\n\na;b\n\n1;2\n\n3;4\n")
    assert [row.line for row in table.rows] == [5, 7]


def test_the_sep_line_of_excel_is_obeyed() -> None:
    table = read_table(b"sep=|\na|b;c\n1|2\n")
    assert (table.header, table.rows[0].line) == (("a", "b;c"), 3)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"  \r\n \n", "empty"),
        (b"a;b;c\n", "no rows"),
        (b"just one sentence\nand another\n", "no columns"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 50, "old or password-protected Excel"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "picture"),
        (b"\x1f\x8b\x08\x00;;;;", "compressed"),
        (bytes(range(256)) * 4, "not"),
        (b"a;b\n1;\x01\x02\x03\n", "binary"),
        (b"PK\x03\x04 not really a zip", "damaged"),
        ("a;b\n1;é".encode("cp1252") + b"\x81", "not readable"),
        (b"\xff\xfea\x00;\x00\x00", "not readable"),
        (b"999903883;3332;12-03-1961\n999911247;3334;30-11-1984\n", "first line holds data"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        read_table(data, "list.csv")
    assert caught.value.hint


def test_no_message_quotes_a_cell() -> None:
    with pytest.raises(FormatError) as caught:
        read_table(b"999903883;3332;12-03-1961\n999911247;3334;30-11-1984\n")
    assert "99990" not in str(caught.value)
    assert "99990" not in repr(read_table(LIST.encode()))


def test_five_thousand_columns_are_refused_by_number() -> None:
    names = ";".join(f"c{index}" for index in range(5000))
    with pytest.raises(FormatError, match="5,000 columns"):
        read_table(f"{names}\n{names}\n".encode())
    with pytest.raises(FormatError, match="5,000 columns"):
        read_table(workbook([[f"c{index}" for index in range(5000)], ["x"]]), "list.xlsx")


def test_caps_on_bytes_rows_and_cells() -> None:
    with pytest.raises(FormatError, match="at most 10"):
        read_table(LIST.encode(), limits=Limits(size=10))
    with pytest.raises(FormatError, match="more than 1 rows"):
        read_table(LIST.encode(), limits=Limits(rows=1))
    with pytest.raises(FormatError, match="9 characters") as caught:
        read_table(LIST.encode(), limits=Limits(cell=8))
    assert caught.value.where == "line 2"


def test_a_workbook_gives_text_without_loss() -> None:
    moment = datetime(2026, 1, 6, 9, 30)  # noqa: DTZ001 -- a cell has no zone
    rows = [
        ["bsn", "naam", "geboren", "start", "duur", "bedrag", "ja", "som", "leeg", "laatste"],
        [99990388, "Andrée", date(1961, 3, 12), moment, clock(0, 45), 12.5, True, 3332.0, None, "x"],
        [999911247, "kort"],
    ]
    table = read_table(workbook(rows), "list.xlsx")
    assert table.rows[0].cells == (
        *("99990388", "Andrée", "1961-03-12", "2026-01-06 09:30:00", "00:45:00"),
        *("12.5", "true", "3332", "", "x"),
    )
    assert table.rows[1].cells[:3] == ("999911247", "kort", "")
    assert (table.rows[1].ragged, table.encoding) == (False, "xlsx")


def test_a_workbook_cell_beyond_the_header_makes_its_row_ragged() -> None:
    table = read_table(workbook([["a", "b"], [1, 2, 3], [4, 5]]))
    assert [(row.line, row.ragged) for row in table.rows] == [(2, True), (3, False)]


def test_a_formula_gives_its_value() -> None:
    cell = re.compile(rb'<c r="A2"[^>]*><v>1</v></c>')
    sheet = "xl/worksheets/sheet1.xml"
    data = workbook([["a", "b"], [1, 2]])
    data = rezipped(data, sheet, lambda body: cell.sub(b'<c r="A2"><f>6*7</f><v>42</v></c>', body))
    assert read_table(data).rows[0].cells == ("42", "2")


def test_the_first_sheet_with_cells_is_the_list() -> None:
    assert read_table(workbook([["a", "b"], [1, 2]], sheets=3)).rows[0].cells == ("1", "2")


def test_lines_of_a_workbook_are_those_of_the_sheet() -> None:
    assert [row.line for row in read_table(workbook([["a", "b"], [1, 2], [], [3, 4]])).rows] == [2, 4]


@pytest.mark.parametrize("rows", [[], [["a", "b"]]])
def test_a_workbook_without_rows_is_refused(rows: list[list[Any]]) -> None:
    with pytest.raises(FormatError, match=r"no cells|no rows"):
        read_table(workbook(rows), "list.xlsx")


def test_a_workbook_with_a_document_type_is_refused() -> None:
    entity = b'<!DOCTYPE x [<!ENTITY e "boom">]>'
    data = rezipped(
        workbook([["a", "b"], [1, 2]]),
        "xl/worksheets/sheet1.xml",
        lambda body: entity + body,
    )
    with pytest.raises(FormatError, match="document type"):
        read_table(data)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(41):
            part.write(bytes(10_000_000))
    with pytest.raises(FormatError, match="far more than a list"):
        read_table(stream.getvalue(), "list.xlsx")


def test_a_zip_with_thousands_of_parts_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for index in range(2001):
            archive.writestr(f"{index}.xml", b"")
    with pytest.raises(FormatError, match="2,001 parts"):
        read_table(stream.getvalue())


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("letter.txt", b"hello")
    with pytest.raises(FormatError, match="damaged or not a list"):
        read_table(stream.getvalue())
    with pytest.raises(FormatError, match="called Excel"):
        read_table(b"a;b\n1;2\n", "list.xlsx")


@pytest.mark.parametrize("cut", [100, 1000, 3000, 4500])
def test_a_truncated_workbook_is_refused(cut: int) -> None:
    with pytest.raises(FormatError):
        read_table(workbook([["a", "b"], [1, 2]])[:cut])


@pytest.mark.scenario("S39")
def test_a_hundred_thousand_rows_are_read_quickly() -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";")
    writer.writerow([f"c{index}" for index in range(16)])
    writer.writerows([["999903883", "Vrolijke-Testpaal", *["12-03-1961"] * 14]] * 100_000)
    data = stream.getvalue().encode()
    started = time.perf_counter()
    assert len(read_table(data).rows) == 100_000
    assert time.perf_counter() - started < 10  # about half a second on one free core; generous for busy machines
