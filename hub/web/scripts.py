"""Scripts for the browser, installed from the npm registry by lock file (`make setup`) and served from the environment.

`package-lock.json` names each archive and its digest; one file is taken out of it. Nothing is copied into the project,
and every page works without them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import requests

from hub.errors import ConfigurationError, TransientError

WANTED = {"htmx.js": ("htmx.org", "package/dist/htmx.min.js")}
"""What it is served as: the package, and the file in its archive."""
_BIGGEST = 8 * 1024 * 1024


def folder() -> Path:
    """Where installed scripts lie in this environment."""
    return Path(sys.prefix) / "share" / "kvitt" / "scripts"


def installed() -> dict[str, Path]:
    """What can be served."""
    return {name: folder() / name for name in WANTED if (folder() / name).is_file()}


def install() -> list[str]:
    """Fetch what is not there in the locked version; gives what was fetched. Harmless to repeat."""
    lock = json.loads(resources.files("hub.web").joinpath("package-lock.json").read_text(encoding="utf-8"))
    folder().mkdir(parents=True, exist_ok=True)
    return [name for name, (package, member) in WANTED.items() if _install(name, member, _locked(lock, package))]


def _locked(lock: dict[str, dict[str, dict[str, str]]], package: str) -> dict[str, str]:
    return lock["packages"][f"node_modules/{package}"]


def _install(name: str, member: str, locked: dict[str, str]) -> bool:
    mark = folder() / f"{name}.version"
    if (folder() / name).is_file() and mark.is_file() and mark.read_text() == locked["integrity"]:
        return False
    content = _member(_fetched(_archive(locked, name), locked["integrity"]), member)
    (folder() / name).write_bytes(content)
    mark.write_text(locked["integrity"])
    return True


def _archive(locked: dict[str, str], name: str) -> str:
    """Where the archive lies: the registry's own rule, as npm has it."""
    package = WANTED[name][0]
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
    return f"{registry}/{package}/-/{package.rpartition('/')[2]}-{locked['version']}.tgz"


def _fetched(url: str, integrity: str) -> bytes:
    """The archive, once its digest is the locked one."""
    try:
        answer = requests.get(url, timeout=60)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise TransientError(f"{urlsplit(url).netloc} did not give {url}", hint="try again: make setup") from error
    algorithm, _, digest = integrity.partition("-")
    if len(answer.content) > _BIGGEST or hashlib.new(algorithm, answer.content).digest() != base64.b64decode(digest):
        raise ConfigurationError(f"{url} is not what the lock file says", hint="do not use it; see package-lock.json")
    return answer.content


def _member(archive: bytes, member: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        found = opened.extractfile(member)
        if found is None:
            raise ConfigurationError(f"the archive holds no {member}", hint="look at WANTED in hub/web/scripts.py")
        return found.read(_BIGGEST)


def main() -> None:
    """For `make setup`: where the registry cannot be reached, pages work as they are and we say so."""
    try:
        install()
    except TransientError as error:
        sys.stderr.write(f"{error}; the console works without it, only whole pages at a time\n")


if __name__ == "__main__":
    main()
