"""Vektis EI: read, write and check every fixed-width standard that has a layout table.

Sources are named in the modules and tables: Vektis BER exports, STB GZ321 1.0, code lists of vektis.nl.
"""

from schemas.vektis.build import amended, build, writer
from schemas.vektis.check import check, check_file, check_records, opened
from schemas.vektis.codec import (
    LONGEST,
    Record,
    VektisFile,
    announced_by,
    foreign_charset,
    read,
    read_records,
    recognise,
    write,
    write_records,
)
from schemas.vektis.layout import Field, Layout, RecordLayout, by_format, layout, layouts, response_layout
from schemas.vektis.rows import read_typed, write_typed, write_typed_to
from schemas.vektis.typed import Row, Typed, row

__all__ = [
    "LONGEST",
    "Field",
    "Layout",
    "Record",
    "RecordLayout",
    "Row",
    "Typed",
    "VektisFile",
    "amended",
    "announced_by",
    "build",
    "by_format",
    "check",
    "check_file",
    "check_records",
    "foreign_charset",
    "layout",
    "layouts",
    "opened",
    "read",
    "read_records",
    "read_typed",
    "recognise",
    "response_layout",
    "row",
    "write",
    "write_records",
    "write_typed",
    "write_typed_to",
    "writer",
]
