"""Reading a channel's settings: what is missing or malformed is named, with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from hub.errors import ConfigurationError

_TRUE = frozenset({"yes", "true", "on", "1"})
_FALSE = frozenset({"no", "false", "off", "0", ""})
_PLACE = re.compile(r"\{([a-z_0-9]+)\}")


def need(settings: Mapping[str, str], kind: str, *names: str) -> tuple[str, ...]:
    """The values of these settings; all that are missing are named at once."""
    missing = [name for name in names if not settings.get(name, "").strip()]
    if missing:
        raise ConfigurationError(
            f"the {kind} channel lacks {', '.join(missing)}",
            hint="fill these settings in the agreement or in partner.yaml",
        )
    return tuple(settings[name].strip() for name in names)


def seconds(settings: Mapping[str, str], kind: str, name: str, default: float) -> float:
    """A number of seconds, zero or more."""
    return _number(settings, kind, name, default, least=0.0)


def whole(settings: Mapping[str, str], kind: str, name: str, default: int) -> int:
    """A whole number, zero or more."""
    return int(_number(settings, kind, name, default, least=0))


def _number(settings: Mapping[str, str], kind: str, name: str, default: float, *, least: float) -> float:
    text = settings.get(name, "").strip()
    try:
        value = float(text) if text else float(default)
    except ValueError:
        value = -1.0
    if not least <= value < float("inf"):
        raise ConfigurationError(f"the {kind} channel's {name} is not a number: {text!r}", hint="such as 30")
    return value


def flag(settings: Mapping[str, str], kind: str, name: str, *, default: bool = False) -> bool:
    """A yes or no."""
    text = settings.get(name, "yes" if default else "no").strip().lower()
    if text not in _TRUE | _FALSE:
        raise ConfigurationError(f"the {kind} channel's {name} is {text!r}", hint="write yes or no")
    return text in _TRUE


def choice(settings: Mapping[str, str], kind: str, name: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed words; the first is the default."""
    text = settings.get(name, "").strip() or allowed[0]
    if text not in allowed:
        raise ConfigurationError(f"the {kind} channel's {name} is {text!r}", hint=f"one of: {', '.join(allowed)}")
    return text


def folder(settings: Mapping[str, str], kind: str, name: str) -> Path:
    """An existing local folder."""
    path = Path(need(settings, kind, name)[0]).expanduser()
    if not path.is_dir():
        raise ConfigurationError(
            f"the {kind} channel's {name} is not a folder: {path}", hint="create it, or correct it"
        )
    return path


def listed(settings: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Values separated by commas or blanks."""
    return tuple(settings.get(name, "").replace(",", " ").split())


def filled(value: str, known: Mapping[str, str], field: str) -> str:
    """A setting with its `{places}` filled; what this message does not carry is named."""
    missing = [name for name in _PLACE.findall(value) if name not in known]
    if missing:
        raise ConfigurationError(
            f"the form field {field} asks for {', '.join(missing)}, which this message does not carry",
            hint=f"known here: {', '.join(sorted(known))}",
        )
    return _PLACE.sub(lambda found: known[found.group(1)], value)
