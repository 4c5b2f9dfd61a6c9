"""YAML with places: every key and value keeps its line and column, so that an error can point at it.

Scalars are never guessed: `NO` is a country, `0211` keeps its zero, `on` is a word. The schema decides what a plain
scalar is (YAML 1.2 core words for booleans and whole numbers). Anchors, aliases, tags and doubled keys are refused:
they hide what a file says. Source: YAML 1.2.2 (yaml.org/spec), read with PyYAML's event stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

BIGGEST = 256 * 1024
DEEPEST = 12

Path = tuple[str | int, ...]
"""Where something stands in a document: keys and list positions from the top."""

Place = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a partner's file: where, what, and what to do."""

    file: str
    line: int
    column: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} ({self.hint})"


def parse(text: str, file: str) -> tuple[yaml.MappingNode | None, list[Problem]]:
    """The document's tree, or why there is none."""
    if len(text) > BIGGEST:
        return None, [Problem(file, 1, 1, f"more than {BIGGEST // 1024} KiB", "a partner fits on one page")]
    try:
        refused = [*_refused(text, file)]
        if refused:
            return None, refused
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        return None, [_syntax(error, file)]
    except yaml.reader.ReaderError as error:
        line, column = place_of(text, error.position)
        return None, [Problem(file, line, column, "a character that YAML does not allow", "take it out")]
    if not isinstance(root, yaml.MappingNode):
        return None, [Problem(file, 1, 1, "not a list of `key: value` lines", "start with `title: ...`")]
    return root, []


def place_of(text: str, offset: int) -> Place:
    """Line and column of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def start(node: yaml.Node) -> Place:
    """Where a node begins."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def quoted(text: str) -> str:
    """A value as an error shows it, never longer than a glance."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _refused(text: str, file: str) -> Iterator[Problem]:
    """What makes a file mean something else than it shows; found before any tree is built, so that depth is bounded."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            yield Problem(file, line, column, "a second document", "one partner, one file: take the `---` out")
            return
        if depth > DEEPEST:
            yield Problem(file, line, column, f"nested more than {DEEPEST} deep", "a partner needs four levels")
            return
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            yield Problem(file, line, column, f"an anchor or alias ({event.anchor})", "write the value out")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            yield Problem(file, line, column, f"a tag ({event.tag})", "write the plain value")


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    endless = "end of stream" in (error.problem or "")  # then where it began says more
    mark = (error.context_mark if endless else None) or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = " ".join(part for part in (error.context, error.problem) if part)
    hint = "indent with blanks, not tabs" if re.search(r"'\\t'", said) else "check indentation, colons and quotes here"
    return Problem(file, line, column, f"not YAML: {said}", hint)
