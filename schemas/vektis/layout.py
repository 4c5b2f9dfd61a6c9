"""Record layouts of the Vektis EI standards: one table file per standard and version, compiled here into readers.

Source: the table files in `layouts/`, each of which names its own (Vektis BER exports, or a transcription checked
against them). A new standard or version is a new table file; no code changes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from operator import itemgetter
from types import MappingProxyType

from hub.errors import ConfigurationError

SIGN_LIST = "COD043-VEKT"
RESERVED = "TEC007"
_HEADER = re.compile(r"#\s*(\w+):\s*(.*)")
_RECORD = re.compile(r"(\d\d)=(\d+)(?:<(\d\d|\*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a record; `start` and `end` are 1-based positions, both inclusive.

    `mandatory` is Vektis' own letter: M must be filled, C conditional, O optional, S blank reserve, empty unknown.
    `values` are the only ones this standard allows here, where it allows fewer than the code list has. `rules` are
    what the standard demands of the field beside others, in the table's own small language.
    """

    element: str
    code: str
    name: str
    type: str
    length: int
    start: int
    mandatory: str = ""
    codelist: str = ""
    pattern: str = ""
    values: tuple[str, ...] = ()
    rules: str = ""

    @property
    def end(self) -> int:
        """The last position, inclusive."""
        return self.start + self.length - 1

    @property
    def at(self) -> slice:
        """Where the field stands in the record's text."""
        return slice(self.start - 1, self.end)

    @property
    def numeric(self) -> bool:
        """Whether the field is of type N: digits, right aligned, zero filled."""
        return self.type == "N"

    @property
    def blank(self) -> str:
        """The field when it is not filled: zeros for N, spaces for AN."""
        return ("0" if self.numeric else " ") * self.length


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordLayout:
    """One record kind of a standard; `parent` is the kind it belongs under, `*` any detail record.

    `slices` and `named` go by element id and by code, `signs` from an amount to the field that says debit or credit.
    `reserve` is the element of a reserve without a length of its own: spaces up to the end of the record, however long.
    Compared by identity: there is one per table.
    """

    kind: str
    length: int
    parent: str = ""
    fields: tuple[Field, ...] = ()
    slices: Mapping[str, slice] = field(repr=False)
    named: Mapping[str, Field] = field(repr=False)
    signs: Mapping[str, str] = field(repr=False)
    split: Callable[[str], tuple[str, ...]] = field(repr=False)
    reserve: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.slices

    def field(self, name: str) -> Field:
        """The field with this element id or code; KeyError when the record has none."""
        return self.named[name]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """One standard in one version: its records, and what its table says about itself.

    `answers` is the standard a response answers, `tail` the first position that the response adds to the claim's own
    record. `money_kind` is the record kind that carries the amounts claimed: 06 where there are tariff records,
    otherwise 04.
    """

    standard: str
    version: str
    title: str
    kind: str
    ei_codes: tuple[str, ...]
    answers: str = ""
    tail: int = 0
    source: str = ""
    confidence: str = ""
    money_kind: str = "04"
    records: Mapping[str, RecordLayout]

    @property
    def format(self) -> str:
        """The format id, such as `vektis-HA304-4.2`."""
        return f"vektis-{self.standard}-{self.version}"

    @property
    def is_response(self) -> bool:
        """Whether this standard answers claims instead of making them."""
        return self.kind == "response"

    def fits(self, ei_code: str, version: str, subversion: str) -> bool:
        """Whether a header with these three values announces this standard; a version `1.x` takes any subversion."""
        major, _, minor = self.version.partition(".")
        same = ei_code in self.ei_codes and version == major.zfill(2)
        return same and minor in ("x", subversion.lstrip("0") or "0")


def _slices(fields: Iterable[Field]) -> dict[str, slice]:
    places: dict[str, slice] = {}
    for one in fields:
        places[one.element] = one.at
        places.setdefault(one.code, one.at)
    return places


def _named(fields: Iterable[Field]) -> dict[str, Field]:
    by_name: dict[str, Field] = {}
    for one in fields:
        by_name[one.element] = one
        by_name.setdefault(one.code, one)
    return by_name


def _signs(fields: tuple[Field, ...]) -> dict[str, str]:
    """Amounts whose next field says debit or credit: amount's element and code -> sign's element."""
    signed: dict[str, str] = {}
    for one, following in pairwise(fields):
        if one.code.startswith("BED") and following.codelist == SIGN_LIST:
            signed[one.element] = following.element
            signed.setdefault(one.code, following.element)
    return signed


def record_layout(kind: str, length: int, parent: str, fields: tuple[Field, ...], *, reserve: str = "") -> RecordLayout:
    """Compile one record kind: places by element and code, and a splitter that takes all fields at once."""
    getter = itemgetter(*(one.at for one in fields)) if len(fields) > 1 else _whole
    return RecordLayout(
        kind=kind,
        length=length,
        parent=parent,
        fields=fields,
        slices=MappingProxyType(_slices(fields)),
        named=MappingProxyType(_named(fields)),
        signs=MappingProxyType(_signs(fields)),
        split=getter,
        reserve=reserve,
    )


@lru_cache(maxsize=256)
def padded(record: RecordLayout, length: int) -> RecordLayout:
    """The same record with its reserve up to this length, for kinds whose reserve has no length of its own."""
    rest = length - record.length
    reserve = Field(
        element=record.reserve, code=RESERVED, name="RESERVE", type="AN", length=rest, start=record.length + 1
    )
    return record_layout(record.kind, length, record.parent, (*record.fields, reserve))


def _whole(text: str) -> tuple[str, ...]:
    return (text,)


UNKNOWN = record_layout("", 0, "", ())
"""Stands in for the layout of a record whose kind the standard does not have."""
CONTINUED = record_layout("", 0, "", ())
"""Stands in for the layout of what follows of a line that is too long to be read at once."""


def read_table(text: str, name: str) -> Layout:
    """Read one table file; ConfigurationError with its name when it is not whole."""
    head = {match[1]: match[2].strip() for match in map(_HEADER.match, text.splitlines()) if match}
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    try:
        fields = [(row["record"], _field(row)) for row in rows]
        return _layout(head, fields)
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"layout table is not whole: {error}", where=name, hint="see docs on layouts"
        ) from error


def _field(row: Mapping[str, str]) -> Field:
    return Field(
        element=row["element"],
        code=row["code"],
        name=row["name"],
        type=row["type"],
        length=int(row["length"]),
        start=int(row["start"]),
        mandatory=row["mandatory"],
        codelist=row["codelist"],
        pattern=row["pattern"],
        values=tuple(row["values"].split()),
        rules=row.get("rules") or "",
    )


def _layout(head: Mapping[str, str], fields: list[tuple[str, Field]]) -> Layout:
    records: dict[str, RecordLayout] = {}
    for kind, length, parent in _RECORD.findall(head["records"]):
        own = tuple(one for record, one in fields if record == kind)
        _contiguous(kind, int(length), own)
        records[kind] = record_layout(kind, int(length), parent, own, reserve=head.get("reserve", ""))
    return Layout(
        standard=head["standard"],
        version=head["version"],
        title=head["title"],
        kind=head["kind"],
        ei_codes=tuple(head["ei_codes"].split()),
        answers=head.get("answers", ""),
        tail=int(head.get("tail", "0")),
        source=head.get("source", ""),
        confidence=head.get("confidence", ""),
        money_kind=next((kind for kind, record in records.items() if "BED161" in record), "04"),
        records=MappingProxyType(records),
    )


def _contiguous(kind: str, length: int, fields: tuple[Field, ...]) -> None:
    position = 1
    for one in fields:
        if one.start != position:
            message = f"{one.element} starts at {one.start}, expected {position}"
            raise ValueError(message)
        position = one.end + 1
    if position != length + 1:
        message = f"record {kind} ends at {position - 1}, expected {length}"
        raise ValueError(message)


def _tables() -> Iterator[tuple[str, str]]:
    folder = files("schemas.vektis") / "layouts"
    tables = (entry for entry in folder.iterdir() if entry.name.endswith(".csv"))
    for entry in sorted(tables, key=lambda one: one.name):
        yield entry.name, entry.read_text(encoding="utf-8")


@cache
def layouts() -> tuple[Layout, ...]:
    """Every layout in the folder, by file name."""
    return tuple(read_table(text, name) for name, text in _tables())


def layout(standard: str, version: str = "") -> Layout:
    """The layout of a standard (the highest version when none is named); ConfigurationError when there is no table."""
    found = [one for one in layouts() if one.standard == standard and version in ("", one.version)]
    if not found:
        raise ConfigurationError(f"no layout table for {standard} {version}".rstrip(), hint="add a file to layouts/")
    return max(found, key=lambda one: [int(part) if part.isdigit() else 0 for part in one.version.split(".")])


def response_layout(claim: Layout) -> Layout:
    """The layout that answers claim files of this one, in the same version."""
    for one in layouts():
        if one.answers == claim.standard and one.version == claim.version:
            return one
    raise ConfigurationError(
        f"no layout table answers {claim.standard} {claim.version}", hint="add the response standard's file to layouts/"
    )


def announced(ei_code: str, version: str, subversion: str, own: tuple[Layout, ...] = ()) -> Layout | None:
    """The layout a header announces, None when there is no table for it; the caller's own tables come first."""
    return next((one for one in (*own, *layouts()) if one.fits(ei_code, version, subversion)), None)


def known_code(ei_code: str) -> bool:
    """Whether any table has this EI code, in whatever version."""
    return any(ei_code in one.ei_codes for one in layouts())


def versions_of(ei_code: str) -> tuple[str, ...]:
    """The format ids of every version of this EI code that has a table."""
    return tuple(one.format for one in layouts() if ei_code in one.ei_codes)


def by_format(format_id: str, own: tuple[Layout, ...] = ()) -> Layout:
    """The layout with this format id (`vektis-SB311-2.0`); ConfigurationError naming those there are."""
    known = (*own, *layouts())
    for one in known:
        if one.format == format_id:
            return one
    standard = format_id.removeprefix("vektis-").partition("-")[0]
    near = [one.format for one in known if one.standard == standard] or [one.format for one in known]
    raise ConfigurationError(f"no layout table for {format_id[:40]!r}", hint=f"there are {', '.join(near)}")
