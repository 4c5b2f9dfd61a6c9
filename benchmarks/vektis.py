"""How fast claim files are read, written and checked, beside EiCooker (node) on the same file.

    python benchmarks/vektis.py [--records 20002] [--peer FOLDER] [--million 1000000]

Ours reads every field as its type (number, date, signed amount) and writes with every value judged; EiCooker reads and
writes strings and checks nothing. What is timed is the same on both sides: from the file's name to a list in memory
with every field of every record (there objects of strings, here tuples of values), from that list to a file, and for
the check from the file's name to the findings. Each side runs in processes of its own on the same PM304 3.2 file, in
turns. Cold is the first time in a fresh process, without starting it and loading code and tables, by the clock too,
since node works on other threads beside; warm are the times after it. Medians are shown.

EiCooker is no package: it is cloned into a cache folder, with its one dependency by npm. Where that cannot be, this
says so and measures ours alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

from schemas.vektis import check, check_records, layout, read_typed, row, write_typed
from schemas.vektis.typed import Typed, row_writer

SOURCE = "https://github.com/ikeamanual/EiCooker"
COMMIT = "3d85ca3600f34a2330cda9ff0d25517ef36d7985"
DEPENDENCIES = ("fixy@1.2.1", "debug@4.1.1")
T = TypeVar("T")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROUNDS, PASSES = 5, 3
FORM = layout("PM304", "3.2")
DRIVER = """
const path = require("path");
const [folder, file, out, passes] = process.argv.slice(2);
const eifile = require(path.join(folder, "src/eifile.js"));
const used = () => { const all = process.cpuUsage(); return (all.user + all.system) / 1e6; };
const now = () => [used(), performance.now() / 1e3];
const rates = (count, begun, done) => [count / (done[0] - begun[0]), count / (done[1] - begun[1])];
(async () => {
  const spec = await eifile.initialize("PM304-3.2");
  for (let pass = 0; pass <= passes; pass++) {
    const begun = now();
    const data = await eifile.loadFile(file, spec);
    const read = now();
    await eifile.writeFile(data, spec, out);
    console.log(JSON.stringify({read: rates(data.length, begun, read), write: rates(data.length, read, now())}));
  }
})();
"""
"""Reads and writes the file some times; on each line the records a processor second and a second by the clock."""
STEPS = (
    ("read", "read", "typed read, all rows in memory"),
    ("each", "read", "typed read, one after another"),
    ("write", "write", "typed write"),
    ("check", "read", "read and full check (it: read)"),
)
"""What we do, what the peer does beside it, and what that is called."""
Rates = dict[str, tuple[float, float]]
"""By step: records a processor second, and a second by the clock."""


def claims(records: int) -> Iterator[bytes]:
    """The records of a sound PM304 file: as many insured as lines, everybody of their own."""
    writers = {kind: row_writer(one) for kind, one in FORM.records.items()}

    def made(kind: str, values: dict[str, Typed]) -> bytes:
        return f"{writers[kind](row(FORM, kind, values))}\r\n".encode("latin-1")

    opening: dict[str, Typed] = {"COD002": "107", "NUM001": "03", "NUM309": "02", "COD856": "T", "COD061": "3332"}
    opening |= {"COD031": "88009901", "COD833": "04", "DAT043": date(2024, 1, 1), "DAT044": date(2024, 3, 31)}
    yield made("01", opening | {"NUM029": "2024000001", "DAT031": date(2024, 4, 2), "0119": "EUR"})
    pairs = (records - 2) // 2
    for index in range(pairs):
        person: dict[str, Typed] = {"NUM313": "999999999", "COD061": "3332", "NUM003": f"{818000000 + index}"}
        born = date(1950 + index % 50, 1 + index % 12, 1 + index % 28)
        yield made(
            "02",
            person
            | {"NUM040": 2 * index + 1, "DAT006": born, "COD134": "2", "COD700": "1", "NUM030": f"{1 + index % 99:05d}"}
            | {"NAM193": f"Testpersoon {index}", "NAM025": LETTERS[index % 26] + LETTERS[index // 26 % 26]}
            | {"COD083": f"{7500 + index % 97}{LETTERS[index % 8]}A"},
        )
        day, amount = date(2024, 1 + index % 3, 1 + index % 28), 3000 + index % 500
        yield made(
            "04",
            person
            | {"NUM040": 2 * index + 2, "COD820": "1", "DAT272": day, "COD367": "012", "COD388": "1000", "ANT054": 1}
            | {"COD089": "88001234", "BED160": amount, "BED153": amount, "BED161": amount, "NUM362": f"R{index:09d}"},
        )
    total = sum(3000 + index % 500 for index in range(pairs))
    yield made("99", {"ANT085": pairs, "ANT087": pairs, "ANT265": 2 * pairs, "BED025": total})


def prepare(records: int, path: Path) -> None:
    """Write such a file."""
    with path.open("wb") as stream:
        stream.writelines(claims(records))


def peer_folder(asked: Path | None) -> tuple[Path | None, str]:
    """Where EiCooker is, fetched when need be; otherwise why it is not there."""
    if asked is not None:
        return (asked, "") if (asked / "src/eifile.js").exists() else (None, f"no EiCooker in {asked}")
    if shutil.which("node") is None or shutil.which("npm") is None or shutil.which("git") is None:
        return None, "node, npm and git are needed"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kvitt-benchmarks" / "EiCooker"
    try:
        if not (cache / "src/eifile.js").exists():
            shutil.rmtree(cache, ignore_errors=True)
            _run("git", "clone", "--quiet", SOURCE, str(cache))
            _run("git", "-C", str(cache), "checkout", "--quiet", COMMIT)
        if not (cache / "node_modules/fixy").exists():
            _run("npm", "install", "--prefix", str(cache), "--no-save", "--no-audit", "--silent", *DEPENDENCIES)
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        return None, f"cannot fetch {SOURCE}: {str(detail).strip().splitlines()[-1]}"
    return cache, ""


def _run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=300).stdout


def peer(folder: Path, path: Path) -> list[Rates]:
    """EiCooker's speed pass by pass in a fresh process, the first one cold."""
    with tempfile.TemporaryDirectory() as made:
        driver, out = Path(made) / "driver.js", Path(made) / "out.dat"
        driver.write_text(DRIVER, encoding="utf-8")
        lines = _run("node", str(driver), str(folder), str(path), str(out), str(PASSES)).splitlines()
        assert out.read_bytes() == path.read_bytes(), "EiCooker does not give back what it read"
    return [json.loads(line) for line in lines]


def ours(path: Path, first: str) -> list[Rates]:
    """Our speed pass by pass in a fresh process; `first` is the step that begins, so that it is cold."""
    return [_pass(path, first) for _ in range(PASSES + 1)]


def _pass(path: Path, first: str) -> Rates:
    """One time all steps; a check that finds anything or a file that is not given back is an error."""
    rates: Rates = {}
    rows: list[object] = []
    count = _records(path)
    work: dict[str, Callable[[], object]] = {
        "read": lambda: list(read_typed(path.read_bytes())),
        "each": lambda: _one_by_one(path),
        "write": lambda: path.with_suffix(".out").write_bytes(write_typed(rows, FORM)),  # type: ignore[arg-type]
        "check": lambda: check(path.read_bytes()),
    }
    for step in sorted(work, key=lambda one: (one != first, one == "write")):
        began = time.process_time(), time.perf_counter()
        made = work[step]()
        took = time.process_time() - began[0], time.perf_counter() - began[1]
        rates[step] = count / took[0], count / took[1]
        rows = made if step == "read" and isinstance(made, list) else rows
        assert step != "check" or made == [], "the file is not sound"
    assert path.with_suffix(".out").read_bytes() == path.read_bytes()
    return rates


def _records(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def _one_by_one(path: Path) -> None:
    with path.open("rb") as stream:
        for _ in read_typed(stream):
            pass


def in_own_process(work: Callable[..., T], *given: object) -> T:
    """Run something in a fresh process, so that memory and warmth are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def side_by_side(records: int, folder: Path | None) -> None:
    """Both sides in turns, medians of the rounds."""
    cold: list[Rates] = []
    warm: list[Rates] = []
    theirs: list[list[Rates]] = []
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "pm304.asc"
        prepare(records, path)
        for _ in range(ROUNDS):
            passes = {step: in_own_process(ours, path, step) for step, _, _ in STEPS if step != "write"}
            cold.append({step: passes["read" if step == "write" else step][0][step] for step, _, _ in STEPS})
            warm += [one for each in passes.values() for one in each[1:]]
            theirs += [peer(folder, path)] if folder else []
        print(f"PM304 3.2, {records} records, {path.stat().st_size} bytes, {ROUNDS} rounds")
    their_cold, their_warm = [one[0] for one in theirs], [rates for one in theirs for rates in one[1:]]
    _table("warm, records a processor second", warm, their_warm, 0)
    _table("cold, records a processor second", cold, their_cold, 0)
    _table("cold, records a second by the clock", cold, their_cold, 1)


def _table(title: str, mine: list[Rates], theirs: list[Rates], clock: int) -> None:
    print(f"{title:38} {'kvitt':>9} {'EiCooker':>9} {'ratio':>6}")
    for ours_is, theirs_is, name in STEPS:
        fast = statistics.median(one[ours_is][clock] for one in mine)
        slow = statistics.median(one[theirs_is][clock] for one in theirs) if theirs else 0.0
        print(f"{name:38} {fast:>9.0f} {slow:>9.0f} {f'{fast / slow:.1f}' if slow else '-':>6}")


def memory(path: Path) -> tuple[int, float, float]:
    """Findings, seconds and megabytes at the peak of a full check of a file that is read as a stream."""
    began = time.perf_counter()
    with path.open("rb") as stream:
        found = sum(1 for _ in check_records(stream))
    return found, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=20_002)
    parser.add_argument("--million", type=int, default=1_000_000, help="records of the file for the memory figure")
    parser.add_argument("--peer", type=Path, help="a folder that has EiCooker and its node_modules")
    asked = parser.parse_args()
    folder, missing = peer_folder(asked.peer)
    if folder is None:
        print(f"EiCooker is not here, so only Kvitt is measured: {missing}")
    side_by_side(asked.records, folder)
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "large.asc"
        prepare(asked.million, path)
        found, seconds, peak = in_own_process(memory, path)
        print(f"full check of {asked.million} records as a stream: {seconds:.1f} s, {peak:.0f} MB, {found} findings")


if __name__ == "__main__":
    main()
