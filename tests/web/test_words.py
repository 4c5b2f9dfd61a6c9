"""Every word a screen uses exists in English, Norwegian and Dutch, with the same values to fill in."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest

from hub.web.scan import all_screens
from tests.conftest import ROOT

WEB = ROOT / "hub" / "web"
WORDS = sorted((WEB / "words").glob("*.toml"))
TEMPLATES = sorted((WEB / "templates").glob("*/*.html"))
_USED = re.compile(r"""\bt\("([a-z0-9_]+)"(?!\s*~)""")


def _file(name: str) -> dict[str, dict[str, str]]:
    path = WEB / "words" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _values(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.stem)
def test_every_sentence_exists_in_three_languages_with_the_same_values(path: Path) -> None:
    for key, entry in _file(path.stem).items():
        assert set(entry) == {"en", "nb", "nl"}, f"{path.name} [{key}]"
        assert all(sentence.strip() for sentence in entry.values()), f"{path.name} [{key}]"
        assert len({frozenset(_values(sentence)) for sentence in entry.values()}) == 1, f"{path.name} [{key}]"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_word_of_a_template_is_there(path: Path) -> None:
    known = set(_file(path.parent.name)) | set(_file("common"))
    used = set(_USED.findall(path.read_text(encoding="utf-8")))
    if path.parent.name == "common":
        used -= {"title"}
    assert used <= known, sorted(used - known)


def test_every_screen_of_the_menu_has_a_title() -> None:
    for screen in all_screens():
        if screen.group:
            assert "title" in _file(screen.name), screen.name


def test_no_template_carries_a_script_a_style_or_a_foreign_address() -> None:
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\son[a-z]+\s*=|\sstyle\s*=|<style|javascript:", text), path
        assert not re.search(r"""(?:src|href)="https?://""", text), path
        assert text.count("<script") == text.count('<script src="/static/'), path


def test_every_form_that_changes_something_carries_its_secret() -> None:
    for path in TEMPLATES:
        for form in re.findall(r'<form method="post".*?</form>', path.read_text(encoding="utf-8"), re.DOTALL):
            before = path.parent.name in ("login", "way_in")  # nobody is in yet: these pages are for this site only
            assert "form_secret()" in form or 'name="csrf"' in form or before, (path, form[:120])
