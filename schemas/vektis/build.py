"""Make records from values: a writer per record kind and set of elements, compiled from the layout table.

Values never get truncated: what does not fit, is not numeric or has no place in the single-byte character set is a
MappingError that names the element, never the value (it may be personal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from schemas.vektis.codec import Record
from schemas.vektis.layout import Layout, RecordLayout
from schemas.vektis.typed import TYPED, Value, as_text, rendered

__all__ = ["TYPED", "RecordWriter", "Value", "amended", "build", "rendered", "writer"]

RecordWriter = Callable[[Sequence[Value]], str]


def _template(layout: RecordLayout, elements: tuple[str, ...]) -> str:
    """A format string with a place for each element, zero or space filled, and constants around them."""
    given = {layout.field(name).element: index for index, name in enumerate(elements)}
    parts = [layout.kind]
    for one in layout.fields[1:]:
        index = given.get(one.element)
        filling = f":0>{one.length}" if one.numeric else f":<{one.length}"
        parts.append(one.blank if index is None else f"{{{index}{filling}}}")
    return "".join(parts)


def _demands(layout: RecordLayout) -> str:
    """What a record's characters must be: digits in N, printable single-byte characters in AN."""
    return "".join(f"{'[0-9]' if one.numeric else TYPED}{{{one.length}}}" for one in layout.fields)


@lru_cache(maxsize=256)
def writer(layout: RecordLayout, elements: tuple[str, ...]) -> RecordWriter:
    """A function from the values of these elements (in this order) to the record's text; the rest stays blank.

    Each place is at least as wide as its field, so the length is right only when every value fits; only a record that
    is not right is gone through field by field, to say which value does not fit.
    """
    fill = _template(layout, elements).format
    fields = [layout.field(name) for name in elements]
    well_formed = re.compile(_demands(layout)).fullmatch

    def write_record(values: Sequence[Value]) -> str:
        text = fill(*[one if type(one) is str else as_text(one) for one in values])
        return text if well_formed(text) else fill(*map(rendered, fields, values))

    return write_record


def build(layout: Layout, kind: str, values: Mapping[str, Value], number: int) -> Record:
    """One record from values by element id or code; what is not named stays blank."""
    record = layout.records[kind]
    return Record(record, writer(record, tuple(values))(tuple(values.values())), number)


def amended(record: Record, values: Mapping[str, Value]) -> Record:
    """The same record with some fields replaced."""
    text = record.text
    for name, value in values.items():
        one = record.layout.field(name)
        text = text[: one.start - 1] + rendered(one, value) + text[one.end :]
    return Record(record.layout, text, record.number, record.ending)
