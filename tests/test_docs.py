"""The README as a new user runs it: its commands work as they stand and print what it says; its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
_BLOCK = re.compile(r"<!-- (tested|printed) -->\n```(?:sh|text)\n(.*?)```", re.DOTALL)
_EXITS = re.compile(r"^(.*?)\s+# exits (\d)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
_PROMISES = re.compile(r"^\|.* test \|\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
_MADE_UP = re.compile(r"\bkvitt ([a-z][a-z-]*)")


def parts(page: Path) -> list[tuple[str, str]]:
    """The marked blocks of a page in order: commands to run, and what they must have printed by then."""
    return [(kind, text) for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `kvitt` is this checkout's, whichever Python runs the tests."""
    tools = tmp_path / "bin"
    tools.mkdir()
    command = tools / "kvitt"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KVITT_", "PYTHONDONTWRITE"))}
    return kept | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KVITT_HOME": str(tmp_path / "work" / "my-hub"),
    }


def squeezed(text: str) -> str:
    """Text with runs of blanks as one, so that a table's widths do not matter."""
    return re.sub(r"[ \t]+", " ", text)


def test_the_first_own_file_of_the_readme_is_accepted_answered_and_paid(tmp_path: Path) -> None:
    """All blocks marked `tested` run in one shell; what is marked `printed` must have been printed before."""
    found = parts(ROOT / "README.md")
    assert [kind for kind, _ in found].count("tested") >= 8
    script = ["set -eu"]
    for number, (kind, text) in enumerate(found):
        script += [_EXITS.sub(r"\1 || [ $? -eq \2 ]", text)] if kind == "tested" else [f'echo "=== {number}"']
    work = tmp_path / "work"
    work.mkdir()
    (work / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=work,
        env=shell(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr}"
    for number, (kind, text) in enumerate(found):
        so_far = squeezed(done.stdout.partition(f"=== {number}\n")[0])
        missing = [line for line in text.splitlines() if squeezed(line) not in so_far] if kind == "printed" else []
        assert missing == [], so_far


def test_the_command_that_must_exit_5_is_checked_to_do_so() -> None:
    assert _EXITS.sub(r"\1 || [ $? -eq \2 ]", "kvitt next   # exits 5\n") == "kvitt next || [ $? -eq 5 ]\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_no_machine(page: Path) -> None:
    assert re.findall(r"/(?:home|root|work|Users|tmp)/\S*", page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """Every `kvitt NAME` in code on a page is a command."""
    from typer.main import get_command

    from hub.cli.app import build

    known = set(get_command(build()).commands)  # type: ignore[attr-defined]
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL) + re.findall(r"`(kvitt [^`]+)`", text)
    named = {name.split()[0] for part in code for name in _MADE_UP.findall(part)}
    assert named - known == set()


@pytest.fixture(scope="module")
def proofs() -> set[str]:
    """The names of all tests, and of their files."""
    files = list((ROOT / "tests").rglob("*.py"))
    named = {name for path in files for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}
    return named | {path.stem for path in files}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_tests_a_page_names_exist(page: Path, proofs: set[str]) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`(?:[\w/]+/)?(test_\w+)(?:\.py)?`", text)) - proofs == set()


@pytest.mark.parametrize(("name", "least"), [("security", 50), ("privacy", 20), ("console", 15)])
def test_every_promise_of_a_page_names_a_test(name: str, least: int) -> None:
    """A table whose last column is called `test` promises something in each of its rows."""
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    rows = [row for table in _PROMISES.findall(text) for row in table.splitlines()]
    assert len(rows) >= least
    assert [row for row in rows if "`test_" not in row.rsplit("|", 2)[1]] == []


def test_the_page_of_rules_says_what_the_rules_say(request: pytest.FixtureRequest) -> None:
    """`make golden` writes it anew; every id of the newest set stands on it with its texts."""
    from schemas.peppol.rules.page import page
    from schemas.peppol.rules.registry import SETS

    path, newest = ROOT / "docs" / "peppol-rules.md", SETS[-1]
    if request.config.getoption("--update-golden"):
        path.write_text(page(newest), encoding="utf-8")
    written = path.read_text(encoding="utf-8")
    assert written == page(newest)
    rules = [*newest.rules, *(rule for rules in newest.responses.values() for rule in rules)]
    assert [rule.id for rule in rules if f"**{rule.id}** ({rule.severity.value}" not in written] == []
    assert all(rule.text[language] in written for rule in rules for language in ("en", "nb", "nl"))


def test_the_two_commands_and_those_of_the_readme_are_in_the_makefile() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    wanted = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"```sh\n(.*?)```", readme, re.DOTALL))))
    assert {"run", "test"} <= wanted
    assert wanted <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
