"""Ways to spoil a document: in its tree (elements, attributes, values) and in its bytes (what transport and editors do)."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from decimal import Decimal
from random import Random

from lxml import etree

from schemas.ubl.names import CAC, CBC
from schemas.xml import Element

VALUES = (
    "", " ", "0", "-1", "1e5", "100,00", "NaN", "99999999999999999999.999", "0.005", "x", "NO", "nok", "S", "380", "true",
    "2026-02-30", "2026-09-04T00:00:00", "urn:x", "\u00e6\u00f8\u00e5 \U0001f600", "9" * 5000, "310000086", "0192", "+1.50",
    "\u0661\u0662", "1 000.00",
)  # fmt: skip
"""Values that some field somewhere refuses, or that some reader wrongly takes."""
CODES = (
    "S", "E", "Z", "AE", "K", "G", "O", "L", "M", "NO", "NL", "DE", "DK", "SE", "GR", "IT", "IS", "EUR", "NOK", "30", "58",
    "49", "48", "380", "381", "384", "326", "130", "50", "VAT", "TAX", "true", "false", "1", "0", "25", "0.00", "12.5",
    "C62", "AB", "RE", "AP", "CA", "PD", "UQ", "NON", "REF", "OTH", "BV", "SV", "FD", "95", "ZZZ", "NO310000086MVA",
    "DE123456789", "SE556036079301", "Foretaksregisteret", "2026-09-01", "2027-01-31", "0192", "0106", "0088", "9908",
)  # fmt: skip
"""Values that are right somewhere, put where they may be wrong."""
NAMES = (f"{{{CBC}}}ID", f"{{{CBC}}}UUID", f"{{{CAC}}}TaxTotal", f"{{{CAC}}}Item", "{urn:x}Unknown", "NoNamespace")
ATTRIBUTES = ("currencyID", "schemeID", "unitCode", "listID", "mimeCode", "languageID", "unknown")


def _some(root: Element, random: Random) -> Element:
    return random.choice(list(root.iter("*")))


def drop(root: Element, random: Random) -> None:
    """An element goes with all below it."""
    node = _some(root, random)
    above = node.getparent()
    if above is not None:
        above.remove(node)


def double(root: Element, random: Random) -> None:
    """An element stands twice."""
    node = _some(root, random)
    above = node.getparent()
    if above is not None:
        above.insert(above.index(node), copy.deepcopy(node))


def revalue(root: Element, random: Random) -> None:
    """A value becomes another."""
    leaves = [node for node in root.iter("*") if len(node) == 0]
    random.choice(leaves).text = random.choice(VALUES)


def swap(root: Element, random: Random) -> None:
    """Two neighbours change places."""
    node = _some(root, random)
    following = node.getnext()
    if following is not None:
        node.addprevious(following)


def move(root: Element, random: Random) -> None:
    """An element goes to live elsewhere."""
    node, to = _some(root, random), _some(root, random)
    if node is not root and to not in node.iter("*"):
        to.append(node)


def _group(root: Element, random: Random) -> Element:
    return random.choice([node for node in root.iter("*") if len(node)])


def move_to_group(root: Element, random: Random) -> None:
    """As `move`, but never into a value."""
    node, to = _some(root, random), _group(root, random)
    if node is not root and to not in node.iter("*"):
        to.append(node)


def insert_in_group(root: Element, random: Random) -> None:
    """As `insert`, but never into a value."""
    child = etree.SubElement(_group(root, random), random.choice(NAMES))
    child.text = random.choice(CODES)


def rename(root: Element, random: Random) -> None:
    """An element gets another name."""
    _some(root, random).tag = random.choice(NAMES)


def attribute(root: Element, random: Random) -> None:
    """An attribute comes, goes or changes."""
    node, name = _some(root, random), random.choice(ATTRIBUTES)
    if name in node.attrib and random.random() < 0.5:
        del node.attrib[name]
    else:
        node.set(name, random.choice(VALUES))


def insert(root: Element, random: Random) -> None:
    """Something unexpected is added."""
    child = etree.SubElement(_some(root, random), random.choice(NAMES))
    child.text = random.choice(VALUES)


def recode(root: Element, random: Random) -> None:
    """A value becomes another plausible one."""
    leaves = [node for node in root.iter("*") if len(node) == 0]
    random.choice(leaves).text = random.choice(CODES)


def pad(root: Element, random: Random) -> None:
    """White space around a value, or another case."""
    node = random.choice([node for node in root.iter("*") if len(node) == 0])
    text = node.text or ""
    node.text = random.choice((f" {text}", f"{text} ", f"\n  {text}\n", text.lower(), text.upper(), f"{text}  {text}"))


def nudge(root: Element, random: Random) -> None:
    """A number changes a little: by a cent, a unit, its sign or its decimals."""
    numbers = [node for node in root.iter("*") if len(node) == 0 and _is_number(node.text)]
    if numbers:
        node = random.choice(numbers)
        value = Decimal(node.text or "0")
        steps = (Decimal("0.01"), Decimal("-0.01"), Decimal("0.02"), Decimal(1), Decimal("-0.99"), Decimal("0.005"))
        node.text = format(random.choice((value + random.choice(steps), -value, value * 2, Decimal(0))), "f")


def _is_number(text: str | None) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text or "") is not None


TREE: tuple[Callable[[Element, Random], None], ...] = (
    drop, double, revalue, revalue, revalue, swap, move, rename, attribute, insert,
)  # fmt: skip


def in_tree(data: bytes, random: Random, times: int = 1) -> bytes:
    """The document with some changes in its tree."""
    root = etree.fromstring(data)
    for _ in range(times):
        random.choice(TREE)(root, random)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


ENCODINGS = ("utf-16", "latin-1", "utf-32", "cp1252")
STRAY = (b"&x;", b"<!--", b"]]>", b"<![CDATA[", b"<?php ?>", b"&#x1f600;", b"\x00")


def in_bytes(data: bytes, random: Random) -> bytes:
    """The document as a bad disk, editor or line leaves it."""
    where, length = random.randrange(len(data)), random.randrange(1, 40)
    before, piece, after = data[:where], data[where : where + length], data[where + length :]
    return random.choice(
        (
            before,
            before + after,
            before + random.randbytes(length) + after,
            before + piece + piece + after,
            before + random.choice(STRAY) + piece + after,
            b"\xef\xbb\xbf" + data,
            data.decode("utf-8").encode(random.choice(ENCODINGS), "replace"),
        )
    )


def mutated(data: bytes, random: Random) -> bytes:
    """The document spoilt in one way or several."""
    if random.random() < 0.25:
        return in_bytes(data, random)
    return in_tree(data, random, random.choice((1, 1, 1, 2, 3, 8)))
