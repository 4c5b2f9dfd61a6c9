"""Whatever bytes follow a known header come back unchanged, whatever values fit come back as they went in."""

from __future__ import annotations

import contextlib
import io
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import FormatError
from mappings.vektis_finished import from_claim_file
from mappings.vektis_replies import from_response
from schemas.vektis import build, check, layout, layouts, read, read_records, recognise, write
from schemas.vektis.layout import Field

STANDARDS = st.sampled_from(layouts())
LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters=[chr(n) for n in range(0x7F, 0xA1)])


def start(standard: str) -> bytes:
    form = layout(standard)
    major, minor = form.version.split(".")
    return f"01{form.ei_codes[0]}{major.zfill(2)}{minor.zfill(2)}".encode()


def values(one: Field) -> st.SearchStrategy[str]:
    if one.numeric:
        return st.integers(0, 10**one.length - 1).map(lambda number: str(number).zfill(one.length))
    return st.text(LETTERS, max_size=one.length)


@settings(max_examples=100, deadline=None)
@given(standard=st.sampled_from(["HA304", "PM304", "HA305", "PM305", "GZ321"]), rest=st.binary(max_size=1500))
def test_any_bytes_after_a_known_header_are_read_and_written_back(standard: str, rest: bytes) -> None:
    data = start(standard) + rest
    file = read(data)
    assert write(file) == data
    assert list(read_records(io.BytesIO(data))) == list(file.records)
    assert recognise(data) == file.format


@settings(max_examples=100, deadline=None)
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
