"""What a person reads on the pages of the console: every page found by following its links, and its words."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from fastapi.routing import APIRoute

from hub.web.scan import modules
from tests.web.consoles import Person

_UNREAD = ("script", "style", "code", "pre", "svg")
"""What no sentence stands in: keys and raw fields are what they are in every language."""
_BLOCKS = frozenset(
    (
        *("p", "li", "td", "th", "tr", "h1", "h2", "h3", "dt", "dd", "div", "option", "button", "caption", "summary"),
        *("legend", "label", "section", "article", "form", "ul", "ol", "table", "nav", "title", "span", "a", "strong"),
        *(
            "br",
            "q",
            "time",
            "input",
            "select",
            "textarea",
            "del",
            "details",
            "fieldset",
            "text",
            "header",
            "main",
            "dl",
        ),
    )
)
_SPOKEN = ("title", "placeholder", "aria-label", "alt")
_PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")


@dataclass(slots=True)
class Page:
    """One page: where, its sentences, its links."""

    path: str
    sentences: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Takes the text that is shown apart, block by block."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.words, self.unread = page, "", 0
        self.foreign: list[str] = []
        """What is open of an element in another language than its page: a quotation that says so."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins: what stood before it is a sentence of its own."""
        if tag in _BLOCKS:
            self.flush()
        self.unread += tag in _UNREAD
        told = dict(attrs)
        if self.foreign or (tag != "html" and told.get("lang")):
            self.foreign.append(tag)
        self.page.sentences += [told[name] or "" for name in _SPOKEN if told.get(name)]
        if tag == "a" and told.get("href"):
            self.page.links.append(told["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        """A block ends."""
        if tag in _BLOCKS:
            self.flush()
        self.unread -= tag in _UNREAD
        if self.foreign and self.foreign[-1] == tag:
            self.foreign.pop()

    def handle_data(self, data: str) -> None:
        """Words, when somebody reads them."""
        self.words += "" if self.unread or self.foreign else data

    def flush(self) -> None:
        """One sentence is done."""
        said = " ".join(self.words.split())
        if said:
            self.page.sentences.append(said)
        self.words = ""


def read(path: str, html: str) -> Page:
    """A page as its reader sees it."""
    page = Page(path)
    reader = _Reader(page)
    reader.feed(html)
    reader.close()
    reader.flush()
    return page


def _patterns() -> Sequence[tuple[str, re.Pattern[str]]]:
    """Addresses of screens, in the order in which the application tries them."""
    found = []
    for module in modules():
        for route in module.router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                shape = _PARAMETER.sub(lambda part: ".+" if part[2] == "path" else "[^/]+", route.path)
                found.append((route.path, re.compile(shape)))
    return found


def walk(person: Person, begins: Iterable[str], most: int) -> Iterator[Page]:
    """Every page that links lead to, `most` of a kind."""
    patterns, seen = _patterns(), set()
    tried: Counter[str] = Counter()
    waiting = deque(begins)
    while waiting:
        address = waiting.popleft()
        path = address.partition("?")[0]
        kind = next((name for name, pattern in patterns if pattern.fullmatch(path)), "")
        if address in seen or not kind or tried[kind] >= most:
            continue
        seen.add(address)
        tried[kind] += 1
        answer = person.get(address, follow_redirects=True)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = read(address, answer.text)
        yield page
        links = (urljoin(str(answer.url), link) for link in page.links)
        waiting.extend(urldefrag(link.removeprefix("http://testserver"))[0] for link in links if "testserver" in link)
