"""What `kvitt vektis select` does with a file: count, list and write the lines that meet a condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hub.cli.output import money
from hub.cli.vektis.files import records, write_all
from schemas.vektis import Layout, Record
from schemas.vektis.personal import shown
from schemas.vektis.tools.select import chosen, found, lines
from schemas.vektis.tools.select import select as select_lines
from schemas.vektis.tools.where import Wanted, places_of, where


def condition(expressions: Sequence[str], layout: Layout) -> Wanted:
    """All conditions as one."""
    every = [where(one, layout) for one in expressions]
    return lambda line: all(one(line) for one in every)


def listing(path: Path, layout: Layout, wanted: Wanted, name: str, *, personal: bool) -> Iterator[dict[str, Any]]:
    """One field of every line that meets the condition, masked where it is personal."""
    places = places_of(name, layout)
    for line in lines(records(path, layout), wanted):
        for record, element in found(line, places):
            one = record.layout.field(element)
            value = record.string(element) if personal else shown(one, record[element])
            yield {"record": record.number, "element": element, "value": value}


def summary(path: Path, layout: Layout, wanted: Wanted) -> dict[str, Any]:
    """How many lines and insured meet the condition, and what they claim together."""
    performances = insured = total = 0
    for _, _, family in chosen(records(path, layout), wanted):
        insured += 1
        performances += len(family.performances)
        total += sum(_claimed(one, layout) for one in family.records())
    return {"lines": performances, "insured": insured, "amount": money(total)}


def _claimed(record: Record, layout: Layout) -> int:
    readable = record.whole and record.kind == layout.money_kind and record["BED161"].isdecimal()
    return record.amount_of("BED161") if readable else 0


def write(path: Path, layout: Layout, wanted: Wanted, out: Path, *, keep_numbers: bool) -> None:
    """The file with only those lines."""
    write_all(out, select_lines(records(path, layout), layout, wanted, keep_numbers=keep_numbers), path)
