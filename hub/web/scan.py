"""How screens are found: every module of `hub.web.screens`, in the order of the navigation."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from hub.web import screens
from hub.web.screen import Screen


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of `hub.web.screens`, in the order of the navigation."""
    names = [one.name for one in pkgutil.iter_modules(screens.__path__)]
    found = [importlib.import_module(f"{screens.__name__}.{name}") for name in names]
    return tuple(sorted(found, key=lambda one: (one.SCREEN.order, one.SCREEN.name)))


def all_screens() -> tuple[Screen, ...]:
    """Every screen, in the order of the navigation."""
    return tuple(one.SCREEN for one in modules())
