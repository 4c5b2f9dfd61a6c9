"""Pages from boxes: a box is a strip of marks with a height; strips that belong together stay on one page.

Lengths are millimetres from the top left corner; type sizes are points. Nothing here knows PDF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

MM = 25.4 / 72
"""One point in millimetres."""
WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT, TOP, BOTTOM = 20.0, 190.0, 17.0, 276.0
"""The frame of A4 the text stands in."""


@dataclass(frozen=True, slots=True)
class Text:
    """Shown text on a baseline; `right` sets it against `x` from the left."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False
    colour: str = "ink"
    right: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle: a rule where it is thin."""

    x: float
    y: float
    width: float
    height: float
    colour: str


Mark = Text | Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A strip of marks, placed relative to its top.

    `keep`: the next box stands on the same page. `header`: what is said again at the top of a page this box begins.
    `space`: a mere gap, dropped at the top of a page.
    """

    height: float
    marks: tuple[Mark, ...] = ()
    keep: bool = False
    header: tuple[Box, ...] = field(default=(), repr=False)
    space: bool = False


Page = tuple[Mark, ...]


def pages(boxes: Sequence[Box]) -> list[Page]:
    """The marks of each page. Boxes that are kept together move together, unless they fill more than a page."""
    done: list[Page] = []
    marks: list[Mark] = []
    y = TOP
    for group in _groups(boxes):
        if marks and y + sum(box.height for box in group) > BOTTOM:
            fits = sum(box.height for box in group) <= BOTTOM - TOP
            if fits or y > (TOP + BOTTOM) / 2:
                done.append(tuple(marks))
                marks, y = _begun(group[0])
        for box in group:
            if box.space and not marks:
                continue
            if marks and y + box.height > BOTTOM:
                done.append(tuple(marks))
                marks, y = _begun(box)
            marks += _placed(box, y)
            y += box.height
    return [*done, tuple(marks)] if marks or not done else done


def _groups(boxes: Sequence[Box]) -> Iterator[list[Box]]:
    group: list[Box] = []
    for box in boxes:
        group.append(box)
        if not box.keep:
            yield group
            group = []
    if group:
        yield group


def _begun(box: Box) -> tuple[list[Mark], float]:
    """A new page, with the heading of a table that goes on."""
    marks: list[Mark] = []
    y = TOP
    for one in box.header:
        marks += _placed(one, y)
        y += one.height
    return marks, y


def _placed(box: Box, y: float) -> list[Mark]:
    return [replace(mark, y=mark.y + y) for mark in box.marks]


def gap(height: float) -> Box:
    """Empty space that goes with what follows."""
    return Box(height=height, keep=True, space=True)


def kept(boxes: Sequence[Box]) -> list[Box]:
    """The boxes, all on one page where they fit."""
    return [*(replace(box, keep=True) for box in boxes[:-1]), *boxes[-1:]]
