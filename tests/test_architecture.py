"""What docs/design.md promises about the tree, where no linter says it: our names, the pure core, partners as data."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import hub.cli.commands
import hub.formats
import hub.pipeline.intake

ROOT = Path(__file__).resolve().parent.parent
OURS = ("hub", "connectors", "schemas", "mappings", "scheduler")
CORE = ("hub/model", "hub/policy", "hub/programmes", "hub/matching", "hub/ledger", "schemas", "mappings")
"""What reaches no network, database, clock or random source (import-linter looks at imports, this at calls)."""
LONGEST_MODULE, LONGEST_FUNCTION = 450, 60
TABLES_OF_TABLES = ("hub/store/schema/", "hub/store/migrations/")
"""Where one table per paragraph makes a module as long as the database is wide."""
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "uuid1", "uuid4", "urandom", "getenv"}
MODULES_WITH_CLOCKS = {"datetime", "date", "dt", "time", "uuid", "os", "random", "secrets"}


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module below some folders with its path and syntax tree."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def configuration() -> dict[str, object]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", OURS)
def test_the_five_package_names_are_ours(name: str) -> None:
    """Names such as `hub` exist elsewhere: no other distribution here has one, and an import finds this tree."""
    assert set(packages_distributions().get(name, ["kvitt"])) == {"kvitt"}
    found = importlib.import_module(name).__file__
    assert found is not None
    assert Path(found).resolve() == ROOT / name / "__init__.py"


def test_every_module_of_the_hub_stands_in_both_layer_contracts_in_the_same_order() -> None:
    """Only a contract about one package can be exhaustive; the one over all five must tell the same."""
    contracts = configuration()["tool"]["importlinter"]["contracts"]  # type: ignore[index]
    by_name = {each["name"]: each for each in contracts}
    everything = by_name["The pipe points one way"]["layers"]
    of_the_hub = by_name["Every module of the hub has its place"]["layers"]

    def names(layers: list[str]) -> list[set[str]]:
        split = [{name.strip() for name in re.split(r"[|:]", layer)} for layer in layers]
        ours = [{name.removeprefix("hub.") for name in layer if name.startswith("hub.")} for layer in split]
        return [layer for layer in ours if layer]

    def alone(layers: list[str]) -> list[set[str]]:
        return [{name.strip() for name in re.split(r"[|:]", layer)} for layer in layers]

    assert names(everything) == alone(of_the_hub)
    assert {name for layer in everything for name in re.findall(r"\w[\w.]*", layer) if "." not in name} == {*OURS} - {
        "hub"
    }
    exhaustive = by_name["Every module of the hub has its place"]
    assert exhaustive["exhaustive"] is True
    there = {each.name for each in pkgutil.iter_modules([str(ROOT / "hub")])}
    assert {name for layer in alone(of_the_hub) for name in layer} == there


def test_the_core_asks_no_clock_no_random_source_and_no_environment() -> None:
    def asks(node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            return isinstance(node.value, ast.Name) and node.value.id in MODULES_WITH_CLOCKS
        return isinstance(node, ast.Attribute) and node.attr == "environ"

    found = [f"{path}:{node.lineno}" for path, tree in modules(*CORE) for node in ast.walk(tree) if asks(node)]  # type: ignore[attr-defined]
    assert found == []


def test_the_core_opens_no_file_but_its_own_data() -> None:
    """Layout tables and code lists are read through importlib.resources; nothing else is opened."""

    def opens(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "input"}

    found = [f"{path}:{node.lineno}" for path, tree in modules(*CORE) for node in ast.walk(tree) if opens(node)]  # type: ignore[attr-defined]
    assert found == []


def test_the_core_knows_no_float() -> None:
    def is_float(node: ast.AST) -> bool:
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        return literal or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")

    found = [f"{path}:{node.lineno}" for path, tree in modules(*CORE) for node in ast.walk(tree) if is_float(node)]  # type: ignore[attr-defined]
    assert found == []


def partner_words() -> dict[str, Path]:
    """What identifies a partner, by word: its folder's name, and its UZOVI and organisation numbers."""
    words: dict[str, Path] = {}
    for file in sorted(ROOT.glob("connectors/partners/*/partner.yaml")) + sorted(
        ROOT.glob("examples/partners/*/partner.yaml")
    ):
        words[file.parent.name] = file
        for identifier in yaml.safe_load(file.read_text(encoding="utf-8")).get("identifiers") or []:
            words[str(identifier["value"])] = file
    return words


def test_no_code_knows_a_partner() -> None:
    """`if payer ==` is a defect: outside partner folders, the sandbox and the examples no string names a partner."""
    words = partner_words()
    assert {"menzis", "3332", "forsikring-nord-test"} <= set(words)
    found = [
        f"{path}:{node.lineno} {node.value}"
        for path, tree in modules(*OURS)
        if not path.startswith("hub/sandbox/") and not path.startswith("connectors/partners/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.casefold() in words
    ]
    assert found == []


def test_partner_folders_hold_data_and_no_python() -> None:
    """A hook is allowed when data cannot say it; so far data can."""
    found = [path for path, _ in modules("connectors/partners") if path.count("/") > 2]
    assert found == []


def test_modules_and_functions_stay_small() -> None:
    long_modules, long_functions = [], []
    for path, tree in modules(*OURS):
        if path.startswith(TABLES_OF_TABLES):
            continue
        lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_MODULE:
            long_modules.append(f"{path}: {lines} lines")
        long_functions += [
            f"{path}:{node.lineno} {node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
        ]
    assert long_modules == []
    assert long_functions == []


def test_nothing_is_called_utils() -> None:
    names = {path.name for folder in OURS for path in (ROOT / folder).rglob("*")}
    assert not names & {"utils.py", "utils", "helpers.py", "helpers", "common.py", "misc.py"}


def children(package: ModuleType) -> list[ModuleType]:
    """The modules directly in a package."""
    return [
        importlib.import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__)
    ]


def test_what_is_found_by_scanning_has_what_the_scan_looks_for() -> None:
    """A file in such a folder that the scan passes over in silence would be a feature that is not there."""
    assert [m.__name__ for m in children(hub.cli.commands) if not callable(getattr(m, "register", None))] == []
    for module in children(hub.formats):
        builds = bool(getattr(module, "BUILDS", ())) and callable(getattr(module, "build", None))
        reads = callable(getattr(module, "recognise", None)) and callable(getattr(module, "read", None))
        assert builds or reads, module.__name__
    programmes = [module for module in children(hub.pipeline.intake) if hasattr(module, "NAME")]
    assert {module.NAME for module in programmes} == set(hub.pipeline.intake.programmes())
    assert all(callable(module.ask) and callable(module.judge) for module in programmes)


@pytest.mark.parametrize("require", ["", "all"])
def test_where_everything_is_required_a_skipped_test_fails_unless_the_shared_data_is_absent(
    tmp_path: Path, require: str
) -> None:
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    shared: reads the shared data\n", encoding="utf-8")
    (tmp_path / "test_skips.py").write_text(
        "import pytest\n\n"
        "def test_server():\n    pytest.skip('no server')\n\n"
        "@pytest.mark.shared\ndef test_marked():\n    pytest.skip('no data')\n\n"
        "def test_asking(shared):\n    assert shared\n",
        encoding="utf-8",
    )
    env = os.environ | {"KVITT_REQUIRE": require, "KVITT_SHARED": str(tmp_path / "none")}
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)
    if require:
        assert done.returncode == 1, done.stdout
        assert "KVITT_REQUIRE=all, but skipped: Skipped: no server" in done.stdout
        assert "1 failed, 2 skipped" in done.stdout
    else:
        assert done.returncode == 0, done.stdout
        assert "3 skipped" in done.stdout
