"""From practice lists to claim files: 100,000 rows in, judged, covered, stored, and written as checked HA304 files.

    python benchmarks/list_to_files.py [--rows N] [--practices N]

The rows are spread over practices and two quarters, on SQLite in a temporary home. The people are invented: their BSNs
pass the check digit and lie in the 999 range, wider than the test range (it has too few): for a sandbox only.
Coverage is answered by a table in memory. Beside it runs a peer that does nothing but read the same CSV and format the
same records: no check, no coverage, no database, no encryption. The ratio says what those cost.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from connectors.channels.cov import CoverageRow, TableCoverage
from hub.cli.boot import create_hub
from hub.clock import MovableClock
from hub.model.identity import is_bsn
from hub.model.party import Party
from hub.paths import examples
from hub.pipeline import intake, submit
from hub.pipeline.context import Hub
from hub.pipeline.intake import IntakeRequest
from hub.ports import Coverage
from hub.sandbox import example
from hub.settings import default_settings
from hub.store import exchanges, parties
from hub.store.parties import Participation
from schemas.vektis.layout import layout

HEADER = (
    "praktijk_agb;huisarts_agb;peildatum;bsn;geslacht;voorletters;voorvoegsel;achternaam;geboortedatum;postcode;"
    "huisnummer;inschrijfdatum;uitschrijfdatum;overlijdensdatum;uzovi;verzekerdennummer"
)
QUARTERS = {"2024Q1": datetime(2024, 1, 15, 8, tzinfo=UTC), "2024Q2": datetime(2024, 4, 15, 8, tzinfo=UTC)}
UZOVIS = ("3332", "3334", "3311", "3313", "7095", "7119")
NAMES = ("Proefkist", "Testpaal", "Voorbeeldhuis", "Verzinsel", "Nergens", "Modelman", "Schijnberg", "Doorsnee")


@dataclass(slots=True)
class Steps:
    """Seconds by the clock, seconds of processor and peak memory by step, in order."""

    taken: list[tuple[str, float, float, float]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step."""
        start, busy = time.perf_counter(), time.process_time()
        yield
        self.taken.append((name, time.perf_counter() - start, time.process_time() - busy, peak()))

    def busy(self, *places: int) -> float:
        """The processor seconds of some steps together."""
        return sum(self.taken[place][2] for place in places)


def peak() -> float:
    """Peak memory of this process so far in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bsns(wanted: int) -> list[str]:
    """Numbers from 999000000 on that pass the check digit."""
    valid = (text for number in range(999_000_000, 1_000_000_000) if is_bsn(text := str(number)))
    found = [*islice(valid, wanted)]
    if wanted > len(found):
        raise SystemExit(f"at most {len(found) * len(QUARTERS):,} rows: the 999 range has no more numbers")
    return found


def practice_codes(count: int) -> list[str]:
    """Invented AGB codes of practices."""
    return [f"0109{number:04d}" for number in range(1001, 1001 + count)]


def practice_list(dice: random.Random, practice: str, day: date, people: Sequence[str]) -> bytes:
    """One practice's list: one in a hundred deregistered, one in a hundred a child of that day, the others plain."""
    lines = [HEADER]
    for number, bsn in enumerate(people):
        gone = "31-12-2022" if number % 100 == 7 else ""
        born = f"{1 + number % 28:02d}-{1 + number % 12:02d}-{1930 + number % 85}"
        cells = [practice, f"0109901{number % 3}", f"{day:%d-%m-%Y}", bsn, "MV"[number % 2], "A.B.", ""]
        cells += [f"{dice.choice(NAMES)}-{number}", born, "7511 AA", str(1 + number % 200), "01-01-2015", gone, ""]
        cells += [dice.choice(UZOVIS), f"{900_000_000 + number}"]
        lines.append(";".join(cells))
    return "\n".join([*lines, ""]).encode()


def set_up(home: Path, clock: MovableClock, practices: Sequence[str], people: Sequence[str]) -> Hub:
    """A sandbox hub with the example partners, these practices, and a coverage table for these people."""
    hub = create_hub(default_settings(home), clock)
    example.load_example(hub.store, home, examples())
    with hub.store.unit(example.NL_TENANT) as unit:
        above = parties.organisation(unit, example.CARE_GROUP).id
        for code in practices:
            party = Party(scheme="AGB", id=code, name=f"Practice {code}")
            made = parties.put_organisation(unit, "practice", party, parent=above, system="ion-export")
            papers = date(2023, 9, 15)
            parties.put_participation(
                unit,
                made,
                Participation(module="PMO", first_quarter="2024Q1", agreement_date=papers, consent_date=papers),
            )
    rows = [
        CoverageRow(bsn=bsn, reference_date=None, coverage=Coverage.INSURED, uzovi=UZOVIS[number % len(UZOVIS)])
        for number, bsn in enumerate(people)
    ]
    table = TableCoverage(rows)
    return replace(hub, coverage=lambda _tenant: table)


def take_in(hub: Hub, clock: MovableClock, lists: dict[tuple[str, str], bytes]) -> Counter[str]:
    """Take every list in; what became of the rows."""
    became: Counter[str] = Counter()
    for (period, practice), data in lists.items():
        clock.move_to(max(clock.now(), QUARTERS[period]))
        request = IntakeRequest(
            programme="module-quarter", organisation=practice, module="PMO", period=period, name="list.csv"
        )
        result = intake.take(hub, example.NL_TENANT, request, data)
        became.update(outcome.outcome for outcome in result.outcomes)
    return became


def plain_peer(lists: dict[tuple[str, str], bytes]) -> int:
    """The baseline: read the CSV, format the two records of each row, one text per insurer and quarter."""
    longest = {kind: record.length for kind, record in layout("HA304", "4.2").records.items()}
    files: dict[tuple[str, str], list[str]] = {}
    for (period, _), data in lists.items():
        for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
            if row["uitschrijfdatum"]:
                continue
            lines = files.setdefault((period, row["uzovi"]), [])
            day, month, year = row["geboortedatum"].split("-")
            insured = f"02{len(lines):012d}{row['bsn']}{row['uzovi']}{row['verzekerdennummer']:15}{year}{month}{day}"
            insured += f"1{row['achternaam']:25}{row['voorvoegsel']:10}{row['voorletters']:6}{row['huisnummer']:>5}"
            care = f"04{len(lines) + 1:012d}{row['bsn']}{row['uzovi']}14499 {row['huisarts_agb']}0000{91:08d}D{91:08d}D"
            lines += [insured.ljust(longest["02"]), care.ljust(longest["04"])]
    return sum(len("\r\n".join(lines).encode("iso-8859-1")) for lines in files.values())


def main() -> None:
    """Make the lists, take them in, write the files, run the peer, print one table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--practices", type=int, default=20)
    wanted = options.parse_args()
    each = wanted.rows // len(QUARTERS) // wanted.practices
    practices = practice_codes(wanted.practices)
    people = bsns(each * len(practices))
    dice = random.Random(1)
    lists = {
        (period, practice): practice_list(
            dice, practice, moment.date().replace(day=1), people[place * each : (place + 1) * each]
        )
        for period, moment in QUARTERS.items()
        for place, practice in enumerate(practices)
    }
    steps = Steps()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        clock = MovableClock(datetime(2024, 1, 1, tzinfo=UTC))
        with steps.step("set up (hub, organisations, coverage table)"):
            hub = set_up(home, clock, practices, people)
        with steps.step("intake (read, judge, coverage, store, journal)"):
            became = take_in(hub, clock, lists)
        with steps.step("prepare (route, map, write, check, store)"):
            made = submit.prepare(hub, example.NL_TENANT)
        with steps.step("peer (plain CSV to formatted lines)"):
            size = plain_peer(lists)
        with hub.store.reading(example.NL_TENANT) as unit:
            written = sum(len(exchanges.message(unit, row).payload) for row in exchanges.find(unit))
        hub.store.close()
        stored = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    report(steps, wanted.rows, became, len(made), written, stored, size)


def report(
    steps: Steps, rows: int, became: Counter[str], files: int, written: int, stored: int, peer_bytes: int
) -> None:
    """Print what it took."""
    print(f"{rows:,} rows became {dict(became)}; {files} files of {written:,} bytes; {stored / 1e6:,.0f} MB stored")
    print(f"{'step':50} {'seconds':>8} {'cpu s':>8} {'rows/cpu s':>10} {'peak MB':>8}")
    for name, seconds, busy, memory in steps.taken:
        print(f"{name:50} {seconds:8.2f} {busy:8.2f} {rows / busy:10,.0f} {memory:8,.0f}")
    ours, theirs = steps.busy(1, 2), steps.busy(3)
    print(f"intake + prepare: {ours:.1f} cpu s, {ours / theirs:,.0f} times the peer ({peer_bytes:,} bytes, unchecked)")


if __name__ == "__main__":
    main()
