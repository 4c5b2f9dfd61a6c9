"""Reading e-mail from strangers: who it says it is from, what our own server found out about that, and its text.

Sources: RFC 5322 (messages), RFC 2045-2047 (MIME), RFC 8601 (Authentication-Results), RFC 6376 (DKIM-Signature tags).
Only the topmost Authentication-Results header of our own server counts: that server must remove those that arrive
claiming its name (RFC 8601, section 5), and writes its own above everything that came from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import Message as Part
from email.utils import getaddresses, parsedate_to_datetime

from lxml import etree, html

from hub.errors import FormatError

MAX_BYTES = 25 * 1024 * 1024
MAX_PARTS = 200
MAX_TEXT = 200_000

_UNSEEN = frozenset({"head", "script", "style", "template"})
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table"})
_BLANKS = re.compile(r"[ \t\u00a0]+")
_METHOD = re.compile(r"\s*dkim(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\bheader\.([di])\s*=\s*([^\s;]+)", re.IGNORECASE)
_LENGTH_TAG = re.compile(r"(?:^|;)\s*l\s*=")
_DOMAIN_TAG = re.compile(r"(?:^|;)\s*d\s*=\s*([^\s;]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail. `sender` is the address in From, lower case, empty unless there is exactly one; `text` of all parts."""

    sender: str
    display_name: str
    subject: str
    at: datetime | None
    text: str


def read(data: bytes) -> Mail:
    """Headers and text of a mail; FormatError when it is none, or too big."""
    mail = _parsed(data)
    senders = getaddresses([_decoded(value) for value in mail.get_all("From", [])])
    one = len(senders) == 1 and senders[0][1].count("@") == 1
    return Mail(
        sender=senders[0][1].strip().lower() if one else "",
        display_name=" ".join(name for name, _ in senders),
        subject=_decoded(mail.get("Subject", "")),
        at=_moment(mail.get("Date", "")),
        text="\n".join(_texts(mail))[:MAX_TEXT],
    )


def signed_by(data: bytes, authserv_id: str) -> frozenset[str]:
    """The domains whose DKIM signature our receiving server (`authserv_id`) found valid, over the whole body."""
    mail = _parsed(data)
    partly = {_domain_tag(value) for value in map(str, mail.get_all("DKIM-Signature", [])) if _LENGTH_TAG.search(value)}
    for value in map(str, mail.get_all("Authentication-Results", [])):
        server, *results = _without_comments(value).split(";")
        if server.split()[:1] and server.split()[0].lower() == authserv_id.lower():
            return frozenset(domain for result in results for domain in _passed(result)) - partly
    return frozenset()


def _passed(result: str) -> Iterator[str]:
    """The domain of one dkim=pass result: header.d, or the domain of header.i where only that is given."""
    method = _METHOD.match(result)
    if not method or method.group(1).lower() != "pass":
        return
    found = {name.lower(): value.lower() for name, value in _PROPERTY.findall(result)}
    domain = found.get("d") or found.get("i", "").rpartition("@")[2]
    if domain:
        yield domain


def _domain_tag(value: str) -> str:
    found = _DOMAIN_TAG.search(value)
    return found.group(1).lower() if found else ""


def _without_comments(value: str) -> str:
    """Drop comments, which may nest, and quoted strings: both may hold anything, also a forged result."""
    kept: list[str] = []
    depth = 0
    quoted = escaped = False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and depth == 0:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and not quoted and depth:
            depth -= 1
            kept.append(" ")
            continue
        if depth == 0 and not quoted and char != '"':
            kept.append(char)
    return "".join(kept)


def _parsed(data: bytes) -> Part:
    if len(data) > MAX_BYTES:
        raise FormatError(f"the mail has {len(data)} bytes, more than {MAX_BYTES}")
    mail = _opened(data)
    if not mail.keys():
        raise FormatError("this is no mail: it has no headers")
    return mail


def _opened(data: bytes) -> Part:
    try:
        return message_from_bytes(data)
    except RecursionError as error:
        raise FormatError("the mail nests too deep") from error


def _parts(mail: Part) -> Iterator[Part]:
    """The mail and everything in it, up to a number no honest mail has."""
    for number, part in enumerate(mail.walk()):
        if number >= MAX_PARTS:
            raise FormatError(f"the mail has more than {MAX_PARTS} parts")
        yield part


def _decoded(value: object) -> str:
    """A header as text; one that is encoded wrongly stays as it came."""
    text = str(value)
    try:
        return " ".join(str(make_header(decode_header(text))).split())
    except (HeaderParseError, MessageError, LookupError, UnicodeError, ValueError):
        return " ".join(text.split())


def _moment(value: object) -> datetime | None:
    try:
        return parsedate_to_datetime(str(value))
    except (TypeError, ValueError, IndexError):
        return None


def _texts(mail: Part) -> Iterator[str]:
    """The text of every text part, attached messages included; files that are attached are not read."""
    for part in _parts(mail):
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and part.get_content_disposition() != "attachment":
            text = _body(part)
            yield _from_html(text) if kind == "text/html" else text
        elif kind == "message/rfc822":
            yield from (_decoded(inner.get("Subject", "")) for inner in _inside(part))
        elif _is_mail_file(part):
            yield from _attached_mail(part)


def _inside(part: Part) -> list[Part]:
    content = part.get_payload()
    return [inner for inner in content if isinstance(inner, Part)] if isinstance(content, list) else []


def _is_mail_file(part: Part) -> bool:
    return (part.get_filename() or "").lower().endswith(".eml") and not part.is_multipart()


def _attached_mail(part: Part) -> Iterator[str]:
    """A mail attached as a file of another type; one level only."""
    inner = _opened(_content(part))
    yield _decoded(inner.get("Subject", ""))
    for piece in _parts(inner):
        if piece.get_content_type() in {"text/plain", "text/html"}:
            text = _body(piece)
            yield _from_html(text) if piece.get_content_type() == "text/html" else text


def _body(part: Part) -> str:
    content = _content(part)
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        return content.decode("latin-1")


def _content(part: Part) -> bytes:
    """What a part holds that is no container of others."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _from_html(text: str) -> str:
    """What a person would read: no scripts, line breaks where the page breaks lines."""
    try:
        page = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    lines = (_BLANKS.sub(" ", line).strip() for line in "".join(_pieces(page)).splitlines())
    return "\n".join(line for line in lines if line)


def _pieces(page: etree._Element) -> Iterator[str]:
    """The page's text in reading order."""
    walker = etree.iterwalk(page, events=("start", "end", "comment"))
    for event, element in walker:
        if event == "start" and element.tag in _UNSEEN:
            walker.skip_subtree()
        elif event == "start":
            yield element.text or ""
        else:
            yield ("\n" if element.tag in _BREAKS else "") + (element.tail or "")
