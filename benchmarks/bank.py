"""How long and how much memory 100 000 bank transactions take to read.

Run: python benchmarks/bank.py [NUMBER]. Each format is written by the sandbox bank and read in a process of
its own, so that the peak is its own. netsgiro (OCR) and mt-940 (MT940) are timed on the same files where installed.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from hub.model.identity import make_kid
from hub.model.money import Money
from hub.sandbox.bank import Booking, camt053_file, camt054_file, mt940_file, ocr_file
from schemas.banking import read

NOW = datetime(2026, 4, 15, tzinfo=UTC)
NUMBER = 100_000


def bookings(number: int, *, dutch: bool) -> list[Booking]:
    """Plain payments of rising amounts: with KID in NOK, or with text in EUR."""
    return [
        Booking(
            id=f"{index:09}",
            amount=Money(10_000 + index, "EUR" if dutch else "NOK"),
            booked=date(2026, 4, 15),
            account="NL02INGB0123456789" if dutch else "12345678903",
            payer_account="NL91ABNA0417164300" if dutch else "12345678903",
            payer_name="Voorbeeld Verzekeraar",
            reference="" if dutch else make_kid(str(index), length=8),
            text=f"declaratie {index}" if dutch else "",
        )
        for index in range(1, number + 1)
    ]


def ours(path: Path) -> int:
    """Number of bookings our reader finds."""
    return sum(len(statement.payments) for statement in read(path))


def netsgiro(path: Path) -> int:
    """Number of transactions netsgiro finds."""
    import netsgiro as library

    transmission = library.parse(path.read_text(encoding="iso-8859-1"))
    return sum(len(assignment.transactions) for assignment in transmission.assignments)


def mt940(path: Path) -> int:
    """Number of transactions mt-940 finds."""
    import mt940 as library

    return sum(len(statement) for statement in library.parse_statements(path))


def measured(reader: Callable[[Path], int], path: Path, queue: multiprocessing.Queue[tuple[int, float, int]]) -> None:
    """Put (transactions, seconds, peak MiB) of one reading into the queue."""
    started = time.perf_counter()
    found = reader(path)
    seconds = time.perf_counter() - started
    queue.put((found, seconds, peak()))


def peak() -> int:
    """Peak memory of this process in MiB; where Linux says so, without what the parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def show(name: str, reader: Callable[[Path], int], path: Path, expected: int) -> None:
    """Read the file in a fresh process and print one line."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=measured, args=(reader, path, queue))
    process.start()
    found, seconds, memory = queue.get()
    process.join()
    assert found == expected, f"{name}: {found} instead of {expected}"
    print(f"{name:24} {path.stat().st_size / 1e6:7.1f} MB {seconds:7.2f} s {memory:6d} MiB")


def main(number: int) -> None:
    """Write the files, read them, print."""
    norwegian, dutch = bookings(number, dutch=False), bookings(number, dutch=True)
    files = {
        "ocr": ocr_file(norwegian, created=NOW.date()),
        "camt.054": camt054_file(norwegian, message="M", created=NOW),
        "camt.054-batch": camt054_file(norwegian, message="M", created=NOW, batch=True),
        "camt.053": camt053_file(norwegian, message="M", created=NOW),
        "mt940": mt940_file(dutch, reference="P", created=NOW.date()),
    }
    others = {"ocr": ("netsgiro", netsgiro), "mt940": ("mt940", mt940)}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder) / name
            path.write_bytes(data)
            show(name, ours, path, number)
            if name in others and importlib.util.find_spec(others[name][0]):
                library, reader = others[name]
                show(f"{name} by {library}", reader, path, number)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER)
