"""What the program says in English is known again, and said in the language of whoever reads it."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import texts
from hub.intake.columns import FIELDS
from hub.programmes import outcome
from tests.conftest import ROOT

SPOKEN = tomllib.loads((ROOT / "hub" / "spoken.toml").read_text(encoding="utf-8"))
SENTENCES = [one for one in SPOKEN["sentence"] if "said" in one]
CODE = [
    path
    for folder in ("hub", "connectors", "scheduler", "schemas", "mappings")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
DATA = sorted((ROOT / "hub").rglob("*.csv"))
"""What a partner says stands in its folder, in its languages, and is none of our sentences."""
HANDING_IN = (
    *(ROOT / "hub" / "intake" / f"{name}.py" for name in ("table", "workbook", "lists", "privacy", "proposal")),
    *(ROOT / "hub" / "pipeline" / "intake" / f"{name}.py" for name in ("maps", "module_quarter")),
    *(ROOT / "hub" / "pipeline" / f"{name}.py" for name in ("completing", "treatment_logs", "portal", "list_requests")),
    *(ROOT / "hub" / "pipeline" / f"{name}.py" for name in ("questions", "upload_checks", "archives")),
    *(ROOT / "hub" / "pipeline" / "finished" / f"{name}.py" for name in ("__init__", "reading")),
)
"""What a practice or clinic may hear of when it hands something in or answers."""
_NEVER_THEIRS = frozenset({"start clamd", "its StreamMaxLength may be too small"})


def _written(node: ast.expr | None) -> str:
    """A string of the code with `{}` where a value stands; empty for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return ""


def _all_written() -> set[str]:
    nodes = (node for path in CODE for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return {one for node in nodes if isinstance(node, ast.expr) and (one := _written(node))}


def _holes(said: str) -> str:
    return "".join(text + ("{}" if name is not None else "") for text, name, _, _ in string.Formatter().parse(said))


def _raised(path: Path) -> Iterator[str]:
    """Messages and hints of what a module raises."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
            continue
        name = node.exc.func.id if isinstance(node.exc.func, ast.Name) else ""
        if name in ("FormatError", "ConfigurationError", "ContentError", "TransientError"):
            hints = [one.value for one in node.exc.keywords if one.arg == "hint"]
            yield from (one for one in map(_written, [*node.exc.args[:1], *hints]) if one)


def test_every_sentence_has_all_its_languages_and_the_same_values() -> None:
    for one in SENTENCES:
        said = one["said"]
        assert {"nb", "nl"} <= set(one), said
        places = {name for _, name, _, _ in string.Formatter().parse(said) if name}
        for language in ("en", "nb", "nl"):
            used = {name for _, name, _, _ in string.Formatter().parse(one.get(language, said)) if name}
            assert used <= places, (said, language)
    for kind in ("field", "cause", "list"):
        assert all(set(one) == {"en", "nb", "nl"} for one in SPOKEN[kind].values()), kind


def test_no_sentence_hides_another() -> None:
    """Each is found as itself, whichever stands before it."""
    for one in SENTENCES:
        values = {name: "7" for _, name, _, _ in string.Formatter().parse(one["said"]) if name}
        said = one["said"].format_map(values)
        assert texts.spoken(said)["nl"] == one["nl"].format_map(values), said


def test_every_sentence_is_one_that_the_program_says() -> None:
    written = _all_written()
    shapes = [
        re.compile(re.escape(one).replace(re.escape("{}"), ".*"), re.DOTALL)
        for one in written
        if "{}" in one and len(re.sub(r"\{\}|\W", "", one)) > 3
    ]
    data = "\n".join(path.read_text(encoding="utf-8") for path in DATA)
    unknown = [
        one["said"]
        for one in SENTENCES
        if _holes(one["said"]) not in written
        and one["said"] not in data
        and not any(shape.fullmatch(_holes(one["said"])) for shape in shapes)
    ]
    assert not unknown


def test_every_error_of_handing_in_is_known_in_every_language() -> None:
    said = [one.replace("{}", "7") for path in HANDING_IN for one in _raised(path)]
    assert len(said) > 40
    assert not [one for one in said if not texts.is_spoken(one) and one not in _NEVER_THEIRS]


def test_every_field_of_a_list_has_a_name_for_people() -> None:
    names = set().union(*FIELDS.values())
    assert names <= set(SPOKEN["field"])
    assert texts.fields(["bsn", "birth_date"])["nl"] == "BSN, geboortedatum"


def test_every_reason_to_hold_a_row_has_a_few_words() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "hub" / "programmes").glob("*.py"))
    held = set(re.findall(r'_Hit\(HOLD, "([A-Z_]+)"', code))
    assert len(held) > 15
    assert held <= set(SPOKEN["cause"])


@pytest.mark.parametrize(
    ("said", "nl"),
    [
        ("the file is a PDF document, not a list", "het bestand is een pdf-document en geen lijst"),
        ("columns not found: bsn, birth_date", "kolommen niet gevonden: BSN, geboortedatum"),
        ("icpc (column 17)", "icpc (kolom 17)"),
        ("1 read", "1 gelezen"),
        ("decision refused", "beslist: afgewezen"),
        ("lost; asking failed: the file is empty", "lost; navragen mislukte: het bestand is leeg"),
    ],
)
def test_a_sentence_and_the_sentences_in_it_are_said_in_the_reader_s_language(said: str, nl: str) -> None:
    assert texts.spoken(said)["nl"] == nl
    assert texts.is_spoken(said)


@pytest.mark.parametrize("said", ["I have read", "Mevrouw belt terug", "", "x" * 5_000 + " read"])
def test_what_people_write_stays_as_it_is(said: str) -> None:
    assert texts.spoken(said) == {"en": said, "nb": said, "nl": said}
    assert not texts.is_spoken(said)


def test_what_is_filled_in_is_said_in_the_same_language() -> None:
    said = texts.text("UNREADABLE", source="lijst.pdf", reason="the file is empty")
    assert said["nl"].endswith("het bestand is leeg")
    assert said["nb"].endswith("filen er tom")
    twice = outcome.say("DUP_IN_FILE_DIFFERS", line=3, fields="initials, insured_number")
    assert "voorletters, verzekerdennummer" in twice["nl"]
    vat = outcome.say(
        "VAT_CATEGORY_UNSURE", given="E 0", expected="S 25", source="alternative treatment, present state not checked"
    )
    assert "dagens regel er ikke kontrollert" in vat["nb"]
