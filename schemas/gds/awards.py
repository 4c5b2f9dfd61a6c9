"""What a response must say about money beside VECOZO's own rules: zero from VECOZO, totals that fit the lines.

A response holds only performances with feedback; the others are awarded as claimed. So its totals can be bounded, not
added up (VECOZO's stylesheets gds801_573val stap1 and stap2).
"""

from __future__ import annotations

from decimal import Decimal

from schemas.gds.language import amount
from schemas.gds.place import Place
from schemas.gds.report import Report
from schemas.gds.special import signed

_VECOZO = "6"
_AWARDED = "TotaalToegekendBedragInclBtwFinancieel"
_ALSO = "TotaalToegekendBedragInclBtwNietFinancieel"
_CLAIMED = "TotaalDeclaratiebedragInclBtw"
_OF_LINES = (
    "BerekendBedragVerzekeraarInclBtw",
    "ToegekendBedragInclBtwFinancieel",
    "ToegekendBedragInclBtwNietFinancieel",
    "ToegekendCreditBedragInclBtwFinancieel",
    "ToegekendCreditBedragInclBtwNietFinancieel",
)


def check_awards(header: Place | None, overview: Place | None, lines: list[Place], report: Report) -> None:
    """Judge the money of a response."""
    if header is not None and header.text("VerzenderRol") == _VECOZO:
        _nothing(overview, (f"{_AWARDED}/Bedrag", f"{_ALSO}/Bedrag"), report)
        for line in lines:
            _nothing(line, _OF_LINES, report)
    elif overview is not None:
        _bounds(overview, lines, report)


def _nothing(place: Place | None, paths: tuple[str, ...], report: Report) -> None:
    for path in paths if place is not None else ():
        found = place.first(path) if place is not None else None
        if found is not None and amount(found.text.strip()) not in {None, Decimal(0)}:
            report.add("VECOZO-AWARDS", place, name=path, value=found.text.strip())


def _bounds(overview: Place, lines: list[Place], report: Report) -> None:
    claimed = signed(overview.element, _CLAIMED)
    awarded = signed(overview.element, _AWARDED)
    if claimed is None or awarded is None:
        return
    awarded += signed(overview.element, _ALSO) or 0
    if awarded > claimed:
        report.add("AWARD-ABOVE", overview, name=_AWARDED, value=f"{awarded:.2f}", expected=f"{claimed:.2f}")
    returned = sum((_of_line(line) for line in lines), Decimal(0))
    if lines and all(line.element.name == "DebetPrestatie" for line in lines) and awarded < returned and claimed >= 0:
        report.add("AWARD-TOTAL", overview, name=_AWARDED, value=f"{awarded:.2f}", expected=f"{returned:.2f}")


def _of_line(line: Place) -> Decimal:
    return sum((amount(line.text(path)) or Decimal(0) for path in _OF_LINES[1:3]), Decimal(0))
