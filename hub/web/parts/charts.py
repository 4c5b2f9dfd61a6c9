"""Charts as rectangles with words: the geometry only, so that a template draws them without scripts or styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 700, 220
_BOTTOM, _TOP, _LEFT = 30, 20, 10
_BAR, _BETWEEN, _NAMES = 26, 8, 240


@dataclass(frozen=True, slots=True)
class Rect:
    """One rectangle: which series, where, and what it says when pointed at."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A word beside the bars; `end` where it ends at its place."""

    x: int
    y: int
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its size; `title` is said to who cannot see it."""

    title: str
    width: int
    height: int
    rects: tuple[Rect, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A value of one series, with how it is said."""

    kind: str
    value: int
    said: str


def columns(title: str, groups: Sequence[tuple[str, str, Sequence[Part]]], *, stacked: bool = False) -> Chart | None:
    """Upright bars by group (its name, what stands above it): beside or on top of each other; None for nothing at all.

    Amounts below zero have no bar; the table beside a chart says them.
    """
    tallest = max((_tall(parts, stacked=stacked) for _, _, parts in groups), default=0)
    if tallest == 0:
        return None
    room = (WIDTH - 2 * _LEFT) // len(groups)
    rects: list[Rect] = []
    labels: list[Label] = []
    for place, (name, above, parts) in enumerate(groups):
        left = _LEFT + place * room
        bars = _column(left, room, parts, tallest, stacked=stacked)
        rects += bars
        labels.append(Label(left + room // 2, HEIGHT - 8, name))
        if above:
            labels.append(Label(left + room // 2, min(bar.y for bar in bars) - 4, above))
    return Chart(title, WIDTH, HEIGHT, tuple(rects), tuple(labels))


def _tall(parts: Sequence[Part], *, stacked: bool) -> int:
    values = [max(part.value, 0) for part in parts]
    return sum(values) if stacked else max(values, default=0)


def _column(left: int, room: int, parts: Sequence[Part], tallest: int, *, stacked: bool) -> list[Rect]:
    space = HEIGHT - _BOTTOM - _TOP
    width = (room - _BETWEEN) if stacked else (room - _BETWEEN) // max(len(parts), 1)
    x, floor = left + _BETWEEN // 2, HEIGHT - _BOTTOM
    found = []
    for part in parts:
        tall = max(part.value, 0) * space // tallest
        found.append(Rect(part.kind, x, floor - tall, width, tall, part.said))
        if stacked:
            floor -= tall
        else:
            x += width
    return found


def rates(title: str, rows: Sequence[tuple[str, Part, int]]) -> Chart | None:
    """Lying bars of a share each: name, the part, and the whole it is a part of; None without any."""
    if not rows:
        return None
    full = WIDTH - _NAMES - 60
    rects: list[Rect] = []
    labels: list[Label] = []
    for place, (name, part, whole) in enumerate(rows):
        y = place * (_BAR + _BETWEEN)
        wide = max(min(part.value, whole), 0) * full // whole
        rects.append(Rect("whole", _NAMES, y, full, _BAR, part.said))
        rects.append(Rect(part.kind, _NAMES, y, wide, _BAR, part.said))
        labels.append(Label(_NAMES - 8, y + 18, name[:34], "end"))
        labels.append(Label(_NAMES + full + 8, y + 18, part.said, "start"))
    return Chart(title, WIDTH, len(rows) * (_BAR + _BETWEEN), tuple(rects), tuple(labels))
