"""The programmes there are: each module of this folder that has a `NAME`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from hub.errors import ConfigurationError


def programmes() -> tuple[str, ...]:
    """The names of the programmes there are."""
    return tuple(sorted(_modules()))


_HERE = str(Path(__file__).parent)


@cache
def _modules() -> Mapping[str, ModuleType]:
    found = (importlib.import_module(f"{__package__}.{each.name}") for each in pkgutil.iter_modules([_HERE]))
    return {module.NAME: module for module in found if hasattr(module, "NAME")}


def programme(name: str) -> ModuleType:
    """The module of a programme; ConfigurationError naming those there are."""
    if name not in _modules():
        raise ConfigurationError(f"no programme {name!r}", hint=f"known: {', '.join(programmes())}")
    return _modules()[name]


def formats_of(name: str) -> tuple[str, ...]:
    """The formats a programme's claims can be written in; empty when any of the partner's will do."""
    module = _modules().get(name)
    return tuple(getattr(module, "FORMATS", ()))
