"""Vektis EI: read, write and check every fixed-width standard that has a layout table.

Sources are named in the modules and tables: Vektis BER exports, STB GZ321 1.0, code lists of vektis.nl.
"""

from schemas.vektis.build import amended, build, writer
from schemas.vektis.check import check, check_file
from schemas.vektis.codec import Record, VektisFile, read, read_records, recognise, write
from schemas.vektis.layout import Field, Layout, RecordLayout, layout, layouts, response_layout

__all__ = [
    "Field",
    "Layout",
    "Record",
    "RecordLayout",
    "VektisFile",
    "amended",
    "build",
    "check",
    "check_file",
    "layout",
    "layouts",
    "read",
    "read_records",
    "recognise",
    "response_layout",
    "write",
    "writer",
]
