"""How right and how fast payments are matched: strict and balanced, on worlds whose truth is known.

    python benchmarks/matching.py                       right and wrong per class, and speed
    python benchmarks/matching.py --only right --worlds 10
    python benchmarks/matching.py --only speed          100,000 payments against 450,000 open claims, one process

The worlds are made in `matching_world.py`, which imports nothing of the matcher, from frozen seeds, written as the JSON
lines `kvitt match` reads, and judged by what that command's own code prints. Speed is that of a process of its own that
reads the files; memory is its whole peak. Exit 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from matching_world import STYLES, World, judged, made
from memory import peak_mb

SEEDS = (20260601, 20260602, 20260603, 20260604, 20260605, 20260606, 20260607, 20260608, 20260609, 20260610)
"""Frozen: worlds nobody tuned the matcher on have other seeds (`--seed`)."""
MODES = ("strict", "balanced")
WRONG_ALLOWED = {"strict": 0, "balanced": 5}
"""Wrong postings in 100,000 posted."""


def told(world: World, mode: str) -> Iterator[dict[str, Any]]:
    """What matching says of a world, line by line as the command prints it."""
    from hub.matching.lines import Claims, line_of, payment_of, rules_of
    from hub.matching.payments import Matcher

    reader = Claims()
    for row in world.claims:
        reader.claim(row)
    for row in world.payers:
        reader.payer(row)
    matcher = Matcher(reader.book, rules_of({}, mode))
    for number, row in enumerate(world.payments):
        payment = payment_of(row, f"line {number}")
        if payment is not None:
            yield line_of(matcher.match(payment))


def right(seeds: Iterable[int], claims: int, payments: int) -> bool:
    """Both modes over worlds of every style, per class; whether the targets hold."""
    total: dict[str, dict[str, Counter[str]]] = {mode: defaultdict(Counter) for mode in MODES}
    for at, seed in enumerate(seeds):
        style = STYLES[at % len(STYLES)]
        world = made(seed, claims=min(claims, 88_000) if style == "short" else claims, payments=payments, style=style)
        wrong = []
        for mode in MODES:
            for kind, counts in judged(world, told(world, mode)).items():
                total[mode][kind].update(counts)
            every: Counter[str] = sum(total[mode].values(), Counter())
            wrong.append(f"{mode} {every['wrong']} wrong of {every['right'] + every['wrong']:,} posted")
        said = f"seed {seed} {style}: {len(world.payments):,} payments, {len(world.claims):,} claims"
        print(f"{said}; so far {', '.join(wrong)}", flush=True)
    good = True
    for mode in MODES:
        good = _table(mode, total[mode]) and good
    return good


def _table(mode: str, classes: dict[str, Counter[str]]) -> bool:
    print(f"\n{mode}\n{'class':22} {'payments':>9} {'right':>8} {'%':>7} {'wrong':>6} {'asked':>7} {'top 3 %':>8}")
    for kind, row in sorted(classes.items(), key=lambda each: (_sort(each[1]), each[0])):
        print(f"{kind:22} {_figures(row)}  {_sort(row)}")
    every: Counter[str] = sum(classes.values(), Counter())
    posted = every["right"] + every["wrong"]
    wrong = 100_000 * every["wrong"] / max(posted, 1)
    print(f"{'all':22} {_figures(every)}")
    print(f"posted {posted:,}, wrong {every['wrong']} ({wrong:.1f} in 100,000), sums broken {every['broken']}")
    short = [kind for kind, row in classes.items() if _sort(row) == "sure" and row["right"] < 0.99 * row["all"]]
    print(f"sure classes below 99 %: {', '.join(short) or 'none'}")
    print(f"posted of what cannot be known: {every['never_posted']}")
    return wrong <= WRONG_ALLOWED[mode] and not short and not every["never_posted"] and not every["broken"]


def _sort(row: Counter[str]) -> str:
    return next(sort for sort in ("sure", "unsure", "never") if row[sort])


def _figures(row: Counter[str]) -> str:
    listed = row["first"] + row["second or third"]
    top = f"{100 * listed / row['asked']:8.1f}" if row["asked"] else f"{'-':>8}"
    share = 100 * row["right"] / row["all"]
    return f"{row['all']:9,} {row['right']:8,} {share:7.2f} {row['wrong']:6} {row['asked']:7,} {top}"


def speed(seed: int, claims: int, payments: int) -> bool:
    """Files on disk, and a process of its own that reads and matches them."""
    with tempfile.TemporaryDirectory() as folder:
        world = made(seed, claims=claims, payments=payments)
        for name in ("claims", "payers", "payments"):
            rows = "".join(json.dumps(row) + "\n" for row in getattr(world, name))
            (Path(folder) / f"{name}.jsonl").write_text(rows, encoding="utf-8")
        del world
        command = [sys.executable, __file__, "--inside", folder]
        return subprocess.run(command, check=False).returncode == 0


def inside(folder: Path) -> bool:
    """The process that is measured."""
    import gc

    from hub.matching.lines import Claims, line_of, payment_of
    from hub.matching.payments import Matcher

    start = time.process_time()
    reader = Claims()
    for name, use in (("claims", reader.claim), ("payers", reader.payer)):
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                use(json.loads(line))
    reader.book.index()
    indexed = time.process_time()
    gc.disable()  # as the command does
    matcher, count, matching = Matcher(reader.book), 0, 0.0
    with (folder / "payments.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            payment = payment_of(json.loads(line), f"line {number}")
            if payment is not None:
                before = time.process_time()
                found = matcher.match(payment)
                matching += time.process_time() - before
                json.dumps(line_of(found))
                count += 1
    whole = time.process_time() - indexed
    peak = peak_mb()
    print(f"{len(reader.book.claims):,} claims read and indexed in {indexed - start:.1f} s")
    print(f"{count:,} payments matched in {matching:.1f} s: {count / matching:,.0f} a second")
    print(f"with reading and writing JSON {whole:.1f} s: {count / whole:,.0f} a second; peak {peak:,.0f} MB")
    return count / matching >= 15_000 and peak < 500


def main() -> int:
    """Run what is asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", choices=("right", "speed"))
    options.add_argument("--worlds", type=int, default=4)
    options.add_argument("--claims", type=int, help="450,000 for speed, 200,000 a world")
    options.add_argument("--payments", type=int, help="100,000 for speed, 62,000 a world")
    options.add_argument("--seed", type=int, help="another world than the frozen ones")
    options.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    wanted = options.parse_args()
    if wanted.inside:
        return 0 if inside(wanted.inside) else 1
    seeds = (wanted.seed,) if wanted.seed else SEEDS[: wanted.worlds]
    good = True
    if wanted.only != "right":
        good = speed(seeds[0], wanted.claims or 450_000, wanted.payments or 100_000)
    if wanted.only != "speed":
        good = right(seeds, wanted.claims or 200_000, wanted.payments or 62_000) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
