"""Checking a partner.yaml against the published schema, and saying what is wrong in a sentence with its place.

The schema (`partner.schema.json`, JSON Schema 2020-12) is the one statement of what may stand in the file: it types the
plain scalars, it bounds the values, and editors complete from it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from connectors.partners.positions import Path, Place, Problem, quoted, start

SCHEMA_FILE = FilePath(__file__).parent / "partner.schema.json"

Json = Any  # what JSON Schema works on: nested dict, list, str, int, bool
Schema = Mapping[str, Any]

_SECRET_KEY = re.compile(
    r"(^|[_.-])(pass(word|wd|phrase)|pwd|pin|secret|token|credentials?|authorization|(api|private)[_-]?key|apikey)$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(env|file):\S+")
_USERINFO = re.compile(r"://[^/\s@]*:[^/\s@]+@")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DAYS = FormatChecker(formats=("date",))
_KINDS = MappingProxyType(
    {"object": "`key: value` lines", "array": "a list", "string": "text", "integer": "a whole number",
     "boolean": "true or false"}
)  # fmt: skip


@cache
def schema() -> Schema:
    """The published schema of partner.yaml."""
    loaded: Schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


@dataclass(slots=True)
class Document:
    """A partner.yaml as plain values, with the place of every key and value and what was odd on the way."""

    file: str
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    value: dict[str, Json] = field(default_factory=dict)

    def blame(self, path: Path, message: str, hint: str, *, key: bool = False) -> None:
        """Note a problem at the value (or key) of a path, else at the nearest place above it."""
        places = self.keys if key and path in self.keys else self.places
        while path and path not in places:
            path = path[:-1]
        line, column = places.get(path, (1, 1))
        self.problems.append(Problem(self.file, line, column, message, hint))

    def blamed(self, path: Path) -> bool:
        """Whether something was already said about the value at a path."""
        place = self.places.get(path)
        return any((problem.line, problem.column) == place for problem in self.problems)


def read_document(root: yaml.MappingNode, file: str, channels: Iterable[str] = ()) -> Document:
    """The tree as values typed by the schema, checked against it; `channels` are the kinds add-ons bring."""
    document = Document(file)
    document.value = _plain(document, root, schema(), ())
    for error in Draft202012Validator(schema(), format_checker=_DAYS).iter_errors(document.value):
        path = tuple(error.absolute_path)
        if not document.blamed(path) or error.validator in ("required", "additionalProperties"):
            _explain(document, error, path)
    _check_channel(document, channels)
    return document


def nearest(word: str, known: Iterable[str]) -> str:
    """What to do about an unknown word: the nearest known one, or all of them."""
    known = sorted(set(known))
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or difflib.get_close_matches(
        word.lower(), known, n=1, cutoff=0.6
    )
    if near:
        return f"did you mean {near[0]}?"
    return f"one of: {', '.join(known)}" if known else "take it out"


def _at(node: Schema) -> Schema:
    """A schema with its `$ref` followed."""
    while "$ref" in node:
        target = schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _plain(document: Document, node: yaml.Node, expected: Schema, path: Path) -> Json:
    document.places[path] = start(node)
    expected = _at(expected)
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(document, node, expected, path))
    if isinstance(node, yaml.SequenceNode):
        items = expected.get("items", {})
        return [_plain(document, child, items, (*path, number)) for number, child in enumerate(node.value)]
    return _scalar(document, node, expected, path)


def _entries(document: Document, node: yaml.MappingNode, expected: Schema, path: Path) -> Iterator[tuple[str, Json]]:
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        line, column = start(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(Problem(document.file, line, column, "a key that is not a word", "write one word"))
            continue
        key = key_node.value
        if key in seen:
            hint = "keep one of the two"
            message = f"the key {quoted(key)} stands here twice (first on line {seen[key]})"
            document.problems.append(Problem(document.file, line, column, message, hint))
            continue
        seen[key] = line
        document.keys[(*path, key)] = (line, column)
        _refuse_secret(document, key, value_node)
        extra = expected.get("additionalProperties")
        child = expected.get("properties", {}).get(key) or (extra if isinstance(extra, Mapping) else {})
        yield key, _plain(document, value_node, child, (*path, key))


def _refuse_secret(document: Document, key: str, value: yaml.Node) -> None:
    if not isinstance(value, yaml.ScalarNode):
        return
    bad = (_SECRET_KEY.search(key) and not _REFERENCE.fullmatch(value.value)) or "-----BEGIN" in value.value
    if bad or _USERINFO.search(value.value):
        hint = "write env:NAME or file:PATH, or leave it to the agreement; and change the secret, it was seen"
        document.problems.append(Problem(document.file, *start(value), f"a secret stands in {quoted(key)}", hint))


def _scalar(document: Document, node: yaml.Node, expected: Schema, path: Path) -> Json:
    text: str = node.value
    bare = isinstance(node, yaml.ScalarNode) and node.style is None
    if bare and text in ("", "~", "null"):
        document.blame(path, f"{_name(path)} is empty", "write a value, or take the line out")
        return text
    kind = expected.get("type")
    if kind == "boolean" and bare and text in ("true", "false"):
        return text == "true"
    if kind == "integer" and bare and _WHOLE.fullmatch(text):
        return int(text)
    return text


def _name(path: Path) -> str:
    words = [str(part) for part in path if isinstance(part, str)]
    return words[-1] if words else "this file"


def _explain(document: Document, error: ValidationError, path: Path) -> None:
    """One JSON Schema error in our words."""
    rule, wanted = error.validator, _any(error.validator_value)
    hint = str(_at(_any(error.schema)).get("description", ""))
    if "propertyNames" in error.absolute_schema_path:
        _explain_name(document, error, path)
    elif rule == "additionalProperties":
        _explain_unknown(document, error, path)
    elif rule in ("required", "dependentRequired"):
        _explain_missing(document, error, path)
    elif rule == "enum":
        value = quoted(str(error.instance))
        document.blame(path, f"unknown {_name(path)} {value}", nearest(str(error.instance), map(str, wanted)))
    elif rule == "type":
        kinds = " or ".join(_KINDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))
        document.blame(path, f"{_name(path)} must be {kinds}", hint or "quotes make text of a number")
    elif rule == "anyOf":
        document.blame(path, "an error rule that matches nothing", "give it a status, a code or a pattern")
    elif rule == "uniqueItems":
        document.blame(path, f"{_name(path)} names something twice", "keep one of the two")
    else:
        document.blame(path, f"{quoted(str(error.instance))} cannot be {_name(path)}", hint or error.message)


def _explain_name(document: Document, error: ValidationError, path: Path) -> None:
    key = str(error.instance)
    allowed: Sequence[str] = _any(error.validator_value) if error.validator == "enum" else ()
    of = f" of {_kind_of(document, path)}" if allowed else ""
    hint = nearest(key, allowed) if allowed else "use letters, digits and _"
    if allowed and key not in _rule_settings_schema()["properties"]:
        return  # it is no setting of any rule, and was named as such
    document.blame((*path, key), f"unknown setting {quoted(key)}{of}", hint, key=True)


def _kind_of(document: Document, path: Path) -> str:
    node: Json = document.value
    for part in path[:-1]:
        node = node[part]
    return str(node.get("kind", "this rule"))


def _explain_unknown(document: Document, error: ValidationError, path: Path) -> None:
    known: Sequence[str] = list(_at(_any(error.schema)).get("properties", ()))
    for key in _any(error.instance):
        if key not in known:
            document.blame((*path, key), f"unknown key {quoted(key)}", nearest(key, known), key=True)


def _explain_missing(document: Document, error: ValidationError, path: Path) -> None:
    """The library reports each missing key by itself; its name stands first in the message, quoted."""
    found = re.match(r"'([^']+)'", error.message)
    key = found[1] if found else error.message
    properties = {**_rule_settings_schema()["properties"], **_at(_any(error.schema)).get("properties", {})}
    what = str(_at(properties[key]).get("description", "")) if key in properties else ""
    owner = f" in {_name(path)}" if path else ""
    document.blame(path, f"{key} is missing{owner}", f"add it: {what}" if what else f"add {key}")


def _rule_settings_schema() -> Schema:
    """Where settings of rules are described; the conditions by kind only name them."""
    settings: Schema = schema()["$defs"]["rule"]["properties"]["settings"]
    return settings


def _any(value: object) -> Any:  # noqa: ANN401 -- the library's types do not say what a schema keyword holds
    return value


def _check_channel(document: Document, added: Iterable[str]) -> None:
    channel = document.value.get("channel")
    kind = channel.get("kind") if isinstance(channel, dict) else None
    known = {*schema()["properties"]["channel"]["properties"]["kind"]["anyOf"][0]["enum"], *added}
    if isinstance(kind, str) and kind not in known and not document.blamed(("channel", "kind")):
        document.blame(("channel", "kind"), f"unknown channel {quoted(kind)}", nearest(kind, known))
