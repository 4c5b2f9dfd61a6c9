"""The beginning of what came in, for people: enough to see what it is, and no person in it.

Nothing is rendered: a file of fixed width is shown by its fields, masked where the layout says that they are about a
person (`schemas.vektis.tools.ruler`); XML by its elements, a mail by its subject and text, anything else by its lines.
There every word is hidden that our own sentences do not use, and every number that is none of ours; who may see persons
asks for the text as it is, with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from hub import texts, validation
from hub.errors import ContentError
from hub.model.identity import mask
from hub.store import schema
from hub.store.unit import Unit
from schemas import mail as mails
from schemas.vektis import read_records
from schemas.vektis.codec import ENCODING, LONGEST, layout_of
from schemas.vektis.tools import ruler
from schemas.xml import Element, local_name, parse

FIXED, TREE, MAIL, TEXT, BINARY = "fixed", "tree", "mail", "text", "binary"
"""How content is shown: fields of records, elements, a mail's text, lines, or not at all."""
BANK = "bank"
"""The family of what comes from a bank."""
_MOST, _LINES, _LONG = 64_000, 200, 400
_RECORDS = 12
_MOST_NUMBERS = 400
_HIDDEN = "\u2022\u2022\u2022"
_TOKEN = re.compile(r"[^\W_](?:[\w.,:/@'+-]*[^\W_])?")
_PLAIN_NUMBER = re.compile(r"[0-9]{1,4}|[0-9]{1,6}[.,][0-9]{2}")
_CODE = re.compile(r"[A-Z]{1,3}[0-9]{1,4}")
_NAME = re.compile(r"[A-Za-z][\w.-]{0,59}")
_OURS = re.compile(r"[0-9A-Za-z][0-9A-Za-z/-]{2,39}")
_LONG_NUMBER, _LAST = 9, 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it stands (a field, an element), and what stands there."""

    place: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """The beginning of some content."""

    kind: str
    family: str
    size: int
    lines: tuple[Line, ...]
    more: bool


def glimpse(unit: Unit, data: bytes, *, mail: bool, language: str, personal: bool = False) -> Glimpse:
    """The beginning of what came in; with `personal` as it is."""
    family = validation.recognise(data) or ""
    kind, lines = _lines(data, family, mail=mail, language=language, personal=personal)
    shown = tuple(islice(lines, _LINES + 1))
    more = len(shown) > _LINES or len(data) > _MOST or (kind == FIXED and data.count(b"\n") > _RECORDS)
    if kind != FIXED and not personal:
        hide = _Hide(_ours(unit, shown))
        shown = tuple(Line(one.place, hide(one.text)) for one in shown)
    return Glimpse(kind=kind, family=family, size=len(data), lines=shown[:_LINES], more=more)


def _lines(data: bytes, family: str, *, mail: bool, language: str, personal: bool) -> tuple[str, Iterable[Line]]:
    with suppress(ContentError):  # damaged, which is why it is here: its lines are shown
        if family == "vektis":
            return FIXED, list(_fields(data, language, personal=personal))
        if mail:
            return MAIL, list(_mail(data))
        if data[:_MOST].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return TREE, list(islice(_elements(parse(data)), _LINES + 1))
    text = data[:_MOST].decode("utf-8", "replace") if _is_utf8(data) else data[:_MOST].decode(ENCODING)
    strange = sum(not (sign.isprintable() or sign.isspace()) for sign in text)
    if strange * 10 > len(text):
        return BINARY, ()
    return TEXT, [Line(str(number), _cut(line)) for number, line in enumerate(text.splitlines(), start=1)]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cut(text: str) -> str:
    return ruler.printable(text[:_LONG])


def _fields(data: bytes, language: str, *, personal: bool) -> Iterator[Line]:
    layout = layout_of(data[:LONGEST].split(b"\n", 1)[0].decode(ENCODING))
    for record in islice(read_records(BytesIO(data), layout=layout), _RECORDS):
        view = ruler.view(record, layout, language=language, personal=personal)
        place = f"{view.kind} #{view.number}"
        if view.damaged:
            yield Line(place, _cut(view.damaged))
        for one in view.rows:
            if one.raw.strip():
                yield Line(f"{place} {one.element} {one.name}", _cut(ruler.visible(one.raw)))


def _mail(data: bytes) -> Iterator[Line]:
    mail = mails.read(data)
    yield Line("From", _cut(mail.sender))
    yield Line("Subject", _cut(mail.subject))
    for number, line in enumerate(mail.text[:_MOST].splitlines(), start=1):
        yield Line(str(number), _cut(line))


def _elements(root: Element) -> Iterator[Line]:
    for element in root.iter("*"):
        text = " ".join((element.text or "").split())
        name = local_name(element)
        yield Line(name if _NAME.fullmatch(name) else _HIDDEN, _cut(text))


# --- hiding ---------------------------------------------------------------------------------------------------------


def _ours(unit: Unit, lines: Sequence[Line]) -> frozenset[str]:
    """The numbers among these lines that name claims of ours."""
    found = {token for line in lines for token in _OURS.findall(line.text) if any(map(str.isdigit, token))}
    wanted = sorted(found)[:_MOST_NUMBERS]
    if not wanted:
        return frozenset()
    table, known = schema.claim, set[str]()
    for column in (table.c.ref, table.c.invoice_number):
        known |= {row[column.name] for row in unit.rows(unit.mine(table, column.in_(wanted)))}
    return frozenset(known)


class _Hide:
    """Hides in a text what may be about a person."""

    def __init__(self, ours: frozenset[str]) -> None:
        self._ours = ours
        self._words = texts.words()

    def __call__(self, text: str) -> str:
        return _TOKEN.sub(lambda found: self._token(found[0]), text)

    def _token(self, token: str) -> str:
        if token in self._ours or token in self._words or _PLAIN_NUMBER.fullmatch(token) or _CODE.fullmatch(token):
            return token
        if "@" in token:
            return f"{_HIDDEN}@{token.rpartition('@')[2]}"
        digits = sum(map(str.isdigit, token))
        return mask(token, shown=_LAST) if digits >= _LONG_NUMBER else _HIDDEN
