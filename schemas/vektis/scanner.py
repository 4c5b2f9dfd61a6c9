"""Rows of many lines at once: a scanner per record kind, compiled from its table, that goes column by column.

Lines of one kind are taken apart by runs (`runs`) in one go, as bytes; each run is then a column, of which the form is
asked once and what comes back is looked up instead of read again. It is a quicker way to what `typed.row_reader` says,
and never says another thing: where it is not sure of one line it gives none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import repeat
from struct import Struct
from typing import Any, cast

from schemas.vektis.layout import Layout, RecordLayout
from schemas.vektis.runs import SHARED, Run, runs_of
from schemas.vektis.typed import (
    ENCODING,
    TYPED,
    Row,
    compiled,
    expression_of,
    is_day,
    is_number,
    memories,
    names_of,
    values_of,
)

RowsScanner = Callable[[Sequence[bytes]], list[Row] | None]
_KindScanner = Callable[[Sequence[bytes]], list[Row]]
_RunReader = Callable[[bytes], Any]
"""From the bytes of a run to its values, or to the value where it is one field."""

_REMEMBERED = 10_000
_PRINTABLE = bytes(code for code in range(256) if re.fullmatch(TYPED, chr(code)))


@lru_cache(maxsize=64)
def rows_scanner(layout: Layout, line_end: str) -> RowsScanner:
    """A function from lines to their rows, in order; None when it is not sure of one, which may still be a row.

    The lines have lost the last character of their line end.
    """
    rest = line_end[:-1].encode(ENCODING)
    records = {kind.encode(ENCODING): one for kind, one in layout.records.items()}

    def scan_rows(lines: Sequence[bytes]) -> list[Row] | None:
        kinds = [line[:2] for line in lines]
        of_kind: dict[bytes, list[bytes]] = {kind: [] for kind in set(kinds)}
        if not of_kind.keys() <= records.keys():
            return None
        for kind, line in zip(kinds, lines, strict=True):
            of_kind[kind].append(line)
        try:
            rows = {kind: iter(_kind_scanner(records[kind], rest)(some)) for kind, some in of_kind.items()}
        except ValueError:
            return None
        return list(map(next, map(rows.__getitem__, kinds)))

    return scan_rows


@lru_cache(maxsize=512)
def _kind_scanner(record: RecordLayout, rest: bytes) -> _KindScanner:
    """A function from lines of one kind to their rows; ValueError when it is not sure of one of them.

    It is compiled when the kind is first met: few files have all kinds.
    """
    runs = runs_of(record.fields[1:], frozenset(record.signs.values()))
    places = [*(f"{len(run.blank)}s" for run in runs), f"{len(rest)}s"]
    form = Struct(f"{len(record.kind)}x{''.join(places)}")
    known: dict[str, object] = {"unpack": form.iter_unpack, "size": form.size, "rest": rest}
    columns = [f"f{index}" for index in range(len(runs))]
    made = [_column(record, run, name, known) for run, name in zip(runs, columns, strict=True)]
    values = [[f"v{one.element}" for one in run.fields] for run in runs]
    names = [f"({', '.join(some)},)" if len(some) > 1 else some[0] for some in values]
    row = ", ".join([repr(record.kind), *(one for some in values for one in some)])
    source = f"""
def scan_kind(lines):
    if set(map(len, lines)) != {{size}}:
        raise ValueError
    ({", ".join([*columns, "end"])},) = zip(*unpack(b''.join(lines)))
    if end.count(rest) != len(lines):
        raise ValueError
    return [({row},) for ({", ".join(names)},) in zip({", ".join(made)})]
"""
    return cast("_KindScanner", compiled(source, "scan_kind", **known))


def _column(record: RecordLayout, run: Run, name: str, known: dict[str, object]) -> str:
    """The expression that makes a column of values of a column of a run's bytes."""
    first, blank = run.fields[0], run.blank.encode(ENCODING)
    reader = f"read_{first.element}"
    if run.sort == SHARED:
        alone = is_day(first) and len(run.fields) == 1
        known[reader] = _Runs(_day if alone else _run_reader(record, run)).__getitem__
        return f"map({reader}, {name})"
    if len(run.fields) > 1:
        read_run = _run_reader(record, run)
        known |= {reader: read_run, f"none_{reader}": read_run(blank), "seldom": _seldom}
        return f"seldom({name}, {blank!r}, none_{reader}, {reader})"
    makes = _numbers if is_number(first) else _digits if first.numeric else _texts
    known[makes.__name__] = makes
    return f"{makes.__name__}({name}, {blank!r})"


def _numbers(column: Sequence[bytes], _: bytes) -> Iterable[int]:
    """Whole numbers; ValueError when there is anything but digits."""
    if not b"".join(column).isdigit():
        raise ValueError
    return map(int, column)


def _digits(column: Sequence[bytes], blank: bytes) -> Iterable[str | None]:
    """Digits as they stand, None where they are not filled; ValueError when there is anything else."""
    if not b"".join(column).isdigit():
        raise ValueError
    texts = b" ".join(column).decode(ENCODING).split(" ")  # far quicker than to decode them one by one
    return (
        [text if raw != blank else None for raw, text in zip(column, texts, strict=True)] if blank in column else texts
    )


def _texts(column: Sequence[bytes], blank: bytes) -> Iterable[str | None]:
    """Texts without their filling, None where not filled; ValueError for a space in front or what is no TYPED."""
    if column.count(blank) == len(column):
        return repeat(None, len(column))
    if b"".join(column).translate(None, _PRINTABLE):
        raise ValueError
    filled = min(column) >= b"!"
    if not filled and any(one < b"!" and one != blank for one in column):
        raise ValueError
    texts = b"\n".join(map(bytes.rstrip, column, repeat(b" "))).decode(ENCODING).split("\n")
    return texts if filled else [text or None for text in texts]


def _seldom(column: Sequence[bytes], blank: bytes, none: Row, read_run: _RunReader) -> Iterable[Row]:
    """The values of fields that are hardly ever filled, `none` where they are not."""
    if column.count(blank) == len(column):
        return repeat(none, len(column))
    return [none if one == blank else read_run(one) for one in column]


def _day(raw: bytes) -> date | None:
    """A date that stands alone, None when not filled: births are many, and this is quicker than an expression."""
    if not raw.isdigit():
        raise ValueError
    return date(int(raw[:4]), int(raw[4:6]), int(raw[6:])) if raw.strip(b"0") else None


def _run_reader(record: RecordLayout, run: Run) -> _RunReader:
    """A function from the bytes of a run to its values; ValueError where it has not the prescribed forms."""
    values = values_of(record, run.fields)
    source = f"""
def read_run(raw):
    found = match(raw.decode({ENCODING!r}))
    if found is None:
        raise ValueError
    {names_of(len(run.fields))} = found.groups()
    return {values if len(run.fields) > 1 else f"{values}[0]"}
"""
    match = re.compile(expression_of(run.fields)).fullmatch
    return cast("_RunReader", compiled(source, "read_run", match=match, **memories()))


class _Runs(dict[bytes, Any]):
    """The bytes of some fields and the values they are, as far as they were met before."""

    def __init__(self, read_run: _RunReader) -> None:
        """Begin with nothing."""
        super().__init__()
        self._read_run = read_run

    def __missing__(self, raw: bytes) -> Any:  # noqa: ANN401 -- a value or a row of values
        """Read and, within bounds, remember; ValueError where the bytes have not the prescribed forms."""
        if len(self) > _REMEMBERED:
            self.clear()
        self[raw] = made = self._read_run(raw)
        return made
