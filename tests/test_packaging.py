"""What is installed from a wheel is the whole application: its data files are in it, and the demo plays without a checkout."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import absent

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("hub", "connectors", "schemas", "mappings", "scheduler")
NO_DATA = {".py", ".pyc"}


def run(command: Sequence[str | Path], cwd: Path, **env: str) -> str:
    """What a command prints; it must succeed, and nothing of this checkout is on its path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KVITT_", "PYTHON"))}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=kept | env, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built here without any network."""
    if importlib.util.find_spec("hatchling") is None:
        absent("the build backend hatchling (make setup)")
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, ROOT], folder)
    (built,) = folder.glob("kvitt-*.whl")
    return built


def test_every_data_file_is_in_the_wheel(wheel: Path) -> None:
    """Tables, texts, pages, partners and examples: what the code reads beside itself."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())

    def data(folder: str) -> set[str]:
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix not in NO_DATA)
        return {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}

    wanted = {name for package in PACKAGES for name in data(package)} | {f"hub/{name}" for name in data("examples")}
    kinds = {Path(name).suffix for name in wanted}
    assert {".csv", ".yaml", ".toml", ".html", ".mako", ".json"} <= kinds
    assert wanted - inside == set()
    assert {name.split("/")[0] for name in inside if ".dist-info" not in name} == set(PACKAGES)


def test_the_demo_plays_from_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    """Another virtual environment with the wheel and, through a path file, the dependencies installed here."""
    place = tmp_path / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", place], tmp_path)
    python = place / "bin" / "python"
    (site,) = place.glob("lib/python*/site-packages")
    dependencies = Path(pytest.__file__).resolve().parent.parent
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    run([*install, wheel], tmp_path)
    (site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    said = run([python, "-c", "import hub; print(hub.__file__)"], tmp_path)
    assert Path(said.strip()).is_relative_to(site)
    played = json.loads(run([place / "bin" / "kvitt", "demo", "--json"], tmp_path, KVITT_HOME=str(tmp_path / "home")))
    assert played["conserved"] is True
    assert set(played["countries"]) == {"NL", "NO"}
    doctor = run([place / "bin" / "kvitt", "doctor"], tmp_path, KVITT_HOME=str(tmp_path / "home"))
    assert all(f"package {name}: is ours" in doctor for name in PACKAGES), doctor
