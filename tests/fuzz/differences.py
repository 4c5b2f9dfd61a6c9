"""Our rules against the official files in SaxonC on documents nobody thought of: every difference is a defect of ours.

    python tests/fuzz/differences.py --schemas FOLDER [--documents 2000] [--seed 1] [--more DIRECTORY]

FOLDER holds what `kvitt schemas import` brought. Sound documents (and those of DIRECTORY) are changed in their tree, in ways
that leave most of them readable for the official engine; then ids and numbers of findings are compared.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from lxml import etree

from hub.official import SecondOpinion, second_opinion
from schemas.peppol import inspect
from schemas.peppol.rules.registry import SETS
from tests.fuzz import mutations
from tests.fuzz.seeds import seeds

GENTLE = (
    mutations.drop, mutations.double, mutations.recode, mutations.recode, mutations.recode, mutations.pad,
    mutations.attribute, mutations.insert_in_group, mutations.move_to_group, mutations.nudge,
)  # fmt: skip
"""Nothing is put inside a value: there the official rules read the text of all below it, and the XSD refuses it."""


def changed(data: bytes, random: Random) -> bytes:
    """The document with one to three gentle changes."""
    root = etree.fromstring(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        random.choice(GENTLE)(root, random)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def differences(data: bytes, judge: SecondOpinion) -> tuple[bool, list[str]]:
    """Whether the official engine could judge, and each rule found by one side only or more often."""
    native = inspect(data, rules_only=True)
    opinion = judge.compare(data, native.findings, SETS[-1].name)
    return opinion.judged, [one.said("en") for one in opinion.differences if one.code != "KVITT-OFFICIAL-03"]


def main() -> int:
    """Compare, and print every kind of difference with one document for each."""
    parser = argparse.ArgumentParser(description="Our rules against the official ones")
    parser.add_argument("--schemas", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--more", type=Path)
    parser.add_argument("--invalid", action="store_true", help="also those that are not valid UBL")
    parser.add_argument("--keep", type=Path, help="where to put a document for each kind of difference")
    asked = parser.parse_args()
    sources = list(seeds().values()) + [each.read_bytes() for each in sorted((asked.more or Path("-")).rglob("*.xml"))]
    random, seen, judged, examples = Random(asked.seed), Counter[str](), 0, dict[str, bytes]()
    asked_for = 0
    with second_opinion(asked.schemas) as judge:
        for _ in range(asked.documents):
            data = changed(random.choice(sources), random)
            if not asked.invalid and "rules" not in inspect(data).gates_run:
                continue
            asked_for += 1
            could, found = differences(data, judge)
            judged += could
            seen.update(found)
            for one in found:
                examples.setdefault(one, data)
    sys.stdout.write(f"{asked_for} documents, {judged} judged officially, {len(seen)} kinds of difference\n")
    for number, (one, times) in enumerate(seen.most_common()):
        sys.stdout.write(f"{times:>5} {one}\n")
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            (asked.keep / f"{number}.xml").write_bytes(examples[one])
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
