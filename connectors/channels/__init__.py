"""How bytes travel: one module per channel.

A channel is a module with `KIND` (its name in partner.yaml) and `from_settings(settings) -> Channel`. It is found
because it lies here, or because a distribution names its module under the entry-point group `kvitt.connectors`:
a new channel is a new file and nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import cast

from hub.errors import ConfigurationError
from hub.ports import Channel

ENTRY_POINTS = "kvitt.connectors"

Opener = Callable[[Mapping[str, str]], Channel]


def open_channel(kind: str, settings: Mapping[str, str]) -> Channel:
    """The channel of this kind with these settings (secrets already resolved)."""
    openers = known_channels()
    if kind not in openers:
        raise ConfigurationError(
            f"no channel of kind {kind!r}", hint=f"one of: {', '.join(sorted(openers))}", where="channel.kind"
        )
    return openers[kind](settings)


@cache
def known_channels() -> Mapping[str, Opener]:
    """Every channel found, by kind: those in this package and those other distributions add; looked for once."""
    return _by_kind([*_built_in(), *_added()])


def _built_in() -> Iterable[object]:
    for found in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{found.name}")


def _added() -> Iterable[object]:
    for point in entry_points(group=ENTRY_POINTS):
        try:
            yield point.load()
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"the add-on {point.name} ({point.value}) cannot be loaded: {error}",
                hint="repair or uninstall its distribution",
            ) from error


def _by_kind(modules: Iterable[object]) -> Mapping[str, Opener]:
    """Channels by kind, refusing the same kind twice; a module without KIND and from_settings is no channel."""
    openers: dict[str, Opener] = {}
    for module in modules:
        kind, opener = getattr(module, "KIND", None), getattr(module, "from_settings", None)
        if not (isinstance(kind, str) and callable(opener)):
            continue
        if kind in openers:
            name = getattr(module, "__name__", repr(module))
            raise ConfigurationError(f"two channels call themselves {kind}", hint="rename one KIND", where=name)
        openers[kind] = cast("Opener", opener)
    return MappingProxyType(openers)
