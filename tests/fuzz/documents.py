"""Check a great many spoilt documents: no crash, no hang, no memory that grows, and never silence on what is broken.

    python tests/fuzz/documents.py --documents 100000 [--seed 7]

Each document is checked as `kvitt check` does it and as a fragment (`--rules-only`), read, and rendered nowhere. What must
hold is in `violations`; the exit code is 1 when something does not. A document that takes longer than `--seconds` (a hang)
ends the run with its bytes in a file.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from hub.errors import FormatError
from hub.model.finding import Finding
from schemas.peppol import inspect
from schemas.peppol.check import CheckResult
from schemas.ubl import read, response, write
from schemas.ubl.response import write as write_response
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds

_MEGABYTE = 1024
_WARM_UP = 500
"""Schemas are compiled and caches filled on the way; memory is compared from here on."""
_MAY_GROW = 150 * _MEGABYTE


@dataclass(kw_only=True)
class Result:
    """What a run saw."""

    documents: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    grown: int = 0
    violations: list[str] = field(default_factory=list)


def _complete(one: Finding) -> bool:
    return bool(one.code and one.ruleset and one.location) and {"en", "nb", "nl"} <= one.text.keys()


def _wrong(data: bytes, result: CheckResult) -> list[str]:
    """What is wrong with an answer, whatever the document."""
    said = [f"finding {one.code} is not complete" for one in result.findings if not _complete(one)]
    if not result.gates_run:
        said.append("no gate was run")
    if result.ok and result.format is None:
        said.append("called fine, but not recognised")
    if result.ok and result.format in ("ubl-invoice", "ubl-creditnote"):
        said += _not_lossless(data)
    return said


def _not_lossless(data: bytes) -> list[str]:
    """A document we call fine can be read, and written again to the same value."""
    document = read(data)
    return [] if read(write(document)) == document else ["fine, but not the same after reading and writing"]


def _read_anyhow(data: bytes) -> None:
    """Readers answer with a value or a FormatError, never with anything else."""
    with contextlib.suppress(FormatError):
        write(read(data))
    with contextlib.suppress(FormatError):
        write_response(response.read(data))


def run(documents: int, seed: int, seconds: float = 30.0) -> Result:
    """Check so many documents, made by a seed."""
    random, result = Random(seed), Result()
    sources = list(seeds().values())
    memory = 0
    for number in range(documents):
        data = mutated(random.choice(sources), random)
        faulthandler.dump_traceback_later(seconds, exit=True)
        began = time.perf_counter()
        try:
            checked = (inspect(data), inspect(data, rules_only=True))
            _read_anyhow(data)
            said = [one for each in checked for one in _wrong(data, each)]
        except Exception as error:  # noqa: BLE001 -- any exception is what we are looking for
            said, checked = [f"{type(error).__name__}: {error}"], ()
        faulthandler.cancel_dump_traceback_later()
        result.slowest = max(result.slowest, time.perf_counter() - began)
        result.documents += 1
        result.codes.update({one.code for each in checked for one in each.findings})
        result.violations += [f"document {number} of seed {seed}: {one} ({_kept(data)})" for one in said]
        if number == _WARM_UP:
            memory = _peak()
    result.grown = _peak() - memory if memory else 0
    if result.grown > _MAY_GROW:
        result.violations.append(f"memory grew by {result.grown // _MEGABYTE} MB after the first {_WARM_UP}")
    return result


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _kept(data: bytes) -> str:
    with tempfile.NamedTemporaryFile(prefix="kvitt-fuzz-", suffix=".xml", delete=False) as stream:
        stream.write(data)
    return stream.name


def main() -> int:
    """Run, and tell what was seen."""
    parser = argparse.ArgumentParser(description="Check a great many spoilt documents")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0, help="longer on one document is a hang")
    asked = parser.parse_args()
    result = run(asked.documents, asked.seed, asked.seconds)
    told = [
        f"{result.documents} documents, {len(result.codes)} different findings, slowest {result.slowest:.2f} s",
        f"memory after the first {_WARM_UP}: +{result.grown / _MEGABYTE:.0f} MB at the peak",
        *result.violations[:50],
    ]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
