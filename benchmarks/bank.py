"""How long and how much memory 100 000 bank transactions take to read.

Run: python benchmarks/bank.py [NUMBER] [--peers PYTHON]. Each format is written by the sandbox bank and read in a
process of its own, so that the peak is its own. Beside it, on the same file and right after: netsgiro (OCR), mt-940
(MT940), and for camt what nobody can avoid, two walks with lxml that keep nothing and clear as they go: a bare one
that takes amount, KID and account out of each transaction by way of its children, and one that looks at name and text
of every element of each entry. A peer that is not installed is named and left out; `--peers` is the Python of another
environment that has them (`pip install netsgiro mt-940 lxml`).

Times are processor seconds, so that neighbours on the machine count less; the ratio is peer over ours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from memory import peak_mb

NOW = datetime(2026, 4, 15, tzinfo=UTC)
NUMBER = 100_000
WALKS = ("lxml", "lxml, all")


def bookings(number: int, *, dutch: bool) -> list[Any]:
    """Plain payments of rising amounts: with KID in NOK, or with text in EUR."""
    from hub.model.identity import make_kid
    from hub.model.money import Money
    from hub.sandbox.bank import Booking

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


def files(number: int) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """(format, file, peers) for every format, one at a time."""
    from hub.sandbox.bank import camt053_file, camt054_file, mt940_file, ocr_file

    norwegian = bookings(number, dutch=False)
    yield "ocr", ocr_file(norwegian, created=NOW.date()), ("netsgiro",)
    yield "camt.054-batch", camt054_file(norwegian, message="M", created=NOW, batch=True), WALKS
    yield "camt.054", camt054_file(norwegian, message="M", created=NOW), WALKS
    yield "camt.053", camt053_file(norwegian, message="M", created=NOW), WALKS
    yield "mt940", mt940_file(bookings(number, dutch=True), reference="P", created=NOW.date()), ("mt-940",)


def ours(path: Path) -> int:
    """Number of bookings our reader finds."""
    from schemas.banking import read

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


AMOUNT = ("AmtDtls", "TxAmt", "Amt")
KID = ("RmtInf", "Strd", "CdtrRefInf", "Ref")
ACCOUNT = ("RltdPties", "DbtrAcct", "Id", "Othr", "Id")


def bare_walk(path: Path) -> int:
    """Number of transactions of which amount, KID and payer's account are taken out and forgotten again."""
    from lxml import etree

    found, space, paths = 0, "", [AMOUNT, KID, ACCOUNT]
    for _, element in etree.iterparse(str(path), events=("end",), tag=("{*}TxDtls", "{*}Ntry")):
        if not space:
            space = element.tag[: element.tag.index("}") + 1]
            paths = [tuple(space + name for name in names) for names in paths]
        if element.tag == space + "TxDtls":
            _amount, _kid, _account = [leaf(element, names) for names in paths]
            found += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return found


def full_walk(path: Path) -> int:
    """Number of transactions where name and text of every element of every entry are looked at and forgotten again."""
    from lxml import etree

    found = 0
    for _, element in etree.iterparse(str(path), events=("end",), tag=("{*}TxDtls", "{*}Ntry")):
        transaction = element.tag.endswith("}TxDtls")
        found += transaction
        for one in element.iter():
            _name, _text = one.tag, one.text
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return found


def leaf(element: Any, names: tuple[str, ...]) -> str | None:  # noqa: ANN401 -- lxml names no type for it
    """The text at the end of a path of children."""
    for name in names:
        for child in element:
            if child.tag == name:
                element = child
                break
        else:
            return None
    return str(element.text)


READERS: dict[str, Callable[[Path], int]] = {
    "ours": ours,
    "netsgiro": netsgiro,
    "mt-940": mt940,
    **dict(zip(WALKS, (bare_walk, full_walk), strict=True)),
}


def measured(reader: str, path: Path) -> dict[str, Any]:
    """Transactions, processor seconds and peak MB of one reading in this process; nothing where it is not installed."""
    try:
        release = version("kvitt" if reader == "ours" else reader.partition(",")[0])
    except PackageNotFoundError:
        return {}
    READERS[reader](path.with_suffix(".small"))  # imports and caches are no part of reading
    started = time.process_time()
    found = READERS[reader](path)
    seconds = time.process_time() - started
    return {"found": found, "seconds": seconds, "peak": round(peak_mb()), "version": release}


def asked(python: str, reader: str, path: Path) -> dict[str, Any]:
    """What a fresh process of that Python measures."""
    words = [python, str(Path(__file__).resolve()), "--measure", reader, "--file", str(path)]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


def show(name: str, path: Path, others: tuple[str, ...], number: int, peers: str) -> None:
    """Read the file with ours and with each peer, and print a line for each."""
    mine = asked(sys.executable, "ours", path)
    assert mine["found"] == number, f"{name}: {mine['found']} instead of {number}"
    tell(name, "ours", path, mine)
    for peer in others:
        other = asked(sys.executable, peer, path) or asked(peers, peer, path)
        if not other:
            print(f"{name:16} {peer:18} is not installed: left out")
            continue
        assert other["found"] == number, f"{name}: {peer} finds {other['found']} instead of {number}"
        tell(name, f"{peer} {other['version']}", path, other, f", ratio {other['seconds'] / mine['seconds']:.2f}")


def tell(name: str, reader: str, path: Path, told: dict[str, Any], more: str = "") -> None:
    """Print what one reading took."""
    size = path.stat().st_size / 1e6
    print(f"{name:16} {reader:18} {size:7.1f} MB {told['seconds']:7.2f} s {told['peak']:6d} MB{more}", flush=True)


def main(number: int, peers: str) -> None:
    """Write the files, read them, print."""
    small = {name: data for name, data, _ in files(3)}
    with tempfile.TemporaryDirectory() as folder:
        for name, data, others in files(number):
            path = Path(folder) / f"{name}.bank"
            path.write_bytes(data)
            path.with_suffix(".small").write_bytes(small[name])
            show(name, path, others, number, peers)
            path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("number", nargs="?", type=int, default=NUMBER)
    parser.add_argument("--peers", default=sys.executable, help="the Python of an environment with the peers")
    parser.add_argument("--measure", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    wish = parser.parse_args()
    if wish.measure:
        print(json.dumps(measured(wish.measure, wish.file)))
    else:
        main(wish.number, wish.peers)
