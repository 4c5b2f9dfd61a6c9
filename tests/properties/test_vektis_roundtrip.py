"""Whatever bytes follow a known header come back unchanged, whatever values fit come back as they went in."""

from __future__ import annotations

import contextlib
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import FormatError
from hub.model.finding import Severity
from mappings.vektis_finished import from_claim_file
from mappings.vektis_replies import from_response
from schemas.vektis import (
    Field,
    Layout,
    RecordLayout,
    Row,
    Typed,
    build,
    check,
    check_file,
    check_records,
    layout,
    layouts,
    read,
    read_records,
    read_typed,
    recognise,
    row,
    write,
    write_typed,
)
from schemas.vektis.typed import is_day, is_number

STANDARDS = st.sampled_from(layouts())
LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters=[chr(n) for n in range(0x7F, 0xA1)])


LINES = [
    b"",
    b"\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b"\xb2",
    b"01",
    b"02",
    b"03",
    b"04",
    b"06",
    b"98",
    b"99",
    b"0" * 60,
    b" " * 60,
]
SETTINGS = settings(max_examples=100, deadline=None)


def opening(form: Layout) -> bytes:
    """What a header of this standard begins with; nothing where it has none."""
    if not form.ei_codes:
        return b""
    major, minor = form.version.split(".")
    return f"01{form.ei_codes[0]}{major.zfill(2)}{minor.replace('x', '0').zfill(2)}".encode()


def given_layout(form: Layout) -> Layout | None:
    """The layout to name: only where a file does not announce it."""
    return None if form.ei_codes else form


def start(standard: str) -> bytes:
    return opening(layout(standard))


def values(one: Field) -> st.SearchStrategy[str]:
    if one.numeric:
        return st.integers(0, 10**one.length - 1).map(lambda number: str(number).zfill(one.length))
    return st.text(LETTERS, max_size=one.length)


def typed_values(one: Field) -> st.SearchStrategy[Typed]:
    if is_day(one):
        return st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))
    if is_number(one):
        return st.integers(0, 10**one.length - 1)
    if one.numeric:
        return st.none() | st.integers(1, 10**one.length - 1).map(lambda number: str(number).zfill(one.length))
    inner = st.text(LETTERS | st.just(" "), max_size=one.length)
    return inner.map(lambda text: text.strip(" ") or None)


def rows(record: RecordLayout) -> st.SearchStrategy[Row]:
    """Rows of one kind, with signs that go with their amounts."""
    return st.tuples(st.just(record.kind), *map(typed_values, record.fields[1:])).map(lambda one: signed(record, one))


def signed(record: RecordLayout, drawn: Row) -> Row:
    """Amounts beside a sign that is C are negative."""
    values = dict(zip([one.element for one in record.fields], drawn, strict=True))
    for name, sign in record.signs.items():
        amount = values.get(name)
        if isinstance(amount, int) and values[sign] == "C":
            values[name] = -abs(amount)
    return tuple(values.values())


@pytest.mark.parametrize("form", layouts(), ids=lambda one: one.format)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_the_same_in_every_standard(form: Layout, data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(set(form.records) - {"01"})), max_size=6))
    drawn = [data.draw(rows(form.records[kind])) for kind in kinds]
    head = [row(form, "01", {"COD002": form.ei_codes[0]})] if form.ei_codes else []
    made = write_typed([*head, *drawn], form)
    if head:
        made = opening(form) + made[9:]
    given = given_layout(form)
    again = list(read_typed(made, layout=given)) if made else []
    assert again[len(head) :] == drawn
    assert write_typed(again, form) == made
    if made:
        file = read(made, layout=given)
        assert write(file) == made
        assert (file.layout, file.damaged) == (form, ())
        assert [tuple(one.typed().values()) for one in file.records] == again
        assert list(read_records(io.BytesIO(made), layout=given)) == list(file.records)


@pytest.mark.parametrize("form", layouts(), ids=lambda one: one.format)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_is_judged_alike_from_bytes_and_streams_and_written_back(
    form: Layout, data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.sampled_from(LINES) | st.binary(max_size=40), max_size=12))
    length = next(iter(form.records.values())).length
    lines = [one.ljust(length, b"0") if data.draw(st.booleans()) else one for one in parts]
    made = opening(form).ljust(length if data.draw(st.booleans()) else 9) + b"\r\n".join(lines)
    given = given_layout(form)
    on = date(2024, 4, 2)
    whole = check(made, on=on, layout=given)
    streamed = list(check_records(io.BytesIO(made), on=on, layout=given))
    assert sorted(streamed, key=lambda one: one.record or 0) == whole
    assert all(one.code and set(one.text) == set(one.hint) == {"en", "nb", "nl"} for one in whole)
    file = read(made, layout=given)
    assert b"".join(f"{one.text}{one.ending}".encode("latin-1") for one in file.records) == write(file) == made
    assert write_typed(read_typed(made, layout=given), form) == made
    if not any(one.severity is Severity.FATAL for one in whole):
        assert check_file(file, on=on) == whole


@SETTINGS
@given(made=st.binary(max_size=400) | st.binary(max_size=40).map(lambda one: b"01107" + one))
def test_bytes_of_any_kind_are_refused_with_a_reason_or_read(made: bytes) -> None:
    found = check(made)
    assert sorted(check_records(io.BytesIO(made)), key=lambda one: one.record or 0) == found
    for reader in (read, lambda one: list(read_typed(one)), lambda one: list(read_records(io.BytesIO(one)))):
        if recognise(made) is None:
            assert any(one.severity is Severity.FATAL for one in found)
            with pytest.raises(FormatError):
                reader(made)
        else:
            reader(made)


@SETTINGS
@given(standard=st.sampled_from(["HA304", "PM304", "HA305", "PM305", "GZ321"]), rest=st.binary(max_size=1500))
def test_any_bytes_after_a_known_header_are_read_and_written_back(standard: str, rest: bytes) -> None:
    data = start(standard) + rest
    file = read(data)
    assert write(file) == data
    assert list(read_records(io.BytesIO(data))) == list(file.records)
    assert recognise(data) == file.format


@SETTINGS
@given(
    standard=st.sampled_from(["HA304", "PM304", "HA305", "PM305"]),
    records=st.lists(
        st.tuples(st.sampled_from(["02", "03", "04", "98", "99", "77"]), st.text("019DC X", max_size=400)), max_size=6
    ),
)
def test_no_bytes_make_check_or_the_mappings_stumble(standard: str, records: list[tuple[str, str]]) -> None:
    form = layout(standard)
    parts = [start(standard).decode().ljust(form.records["01"].length)]
    for kind, text in records:
        length = form.records[kind].length if kind in form.records else 310
        parts.append((kind + text).ljust(length, "0")[: max(length, len(text))])
    data = ("\r\n".join(parts) + "\r\n").encode("latin-1")
    findings = check(data, on=date(2024, 4, 2))
    assert all(one.code and set(one.text) == {"en", "nb", "nl"} for one in findings)
    if form.is_response:
        assert from_response(read(data)).format == form.format
    else:
        with contextlib.suppress(FormatError):  # a header without dates; anything else would be a defect
            from_claim_file(read(data))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_built_records_give_back_every_value_in_every_standard(data: st.DataObject) -> None:
    chosen = data.draw(STANDARDS)
    kind = data.draw(st.sampled_from(sorted(chosen.records)))
    fields = chosen.records[kind].fields[1:]
    drawn = {one.element: data.draw(values(one)) for one in data.draw(st.lists(st.sampled_from(fields), unique=True))}
    record = build(chosen, kind, drawn, 1)
    assert len(record.text) == chosen.records[kind].length
    assert record.whole
    raw = record.values()
    for one in fields:
        wanted = drawn.get(one.element, "")
        assert raw[one.element] == (wanted.ljust(one.length) if not one.numeric else wanted.rjust(one.length, "0"))
