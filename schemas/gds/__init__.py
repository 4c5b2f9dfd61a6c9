"""GDS801 and GDS802, the generic XML standard of Vektis: read, write and check.

Source: VECOZO's public validation stylesheets; what they leave unknown is said in docs/formats/gds.md and in findings.
"""

from __future__ import annotations

from schemas.gds.check import LEVELS, check
from schemas.gds.codec import GdsMessage, is_gds, read, recognise, write
from schemas.gds.element import Element, element, same

__all__ = ["LEVELS", "Element", "GdsMessage", "check", "element", "is_gds", "read", "recognise", "same", "write"]
