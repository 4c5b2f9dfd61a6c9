"""A channel is found because its file is there; wrong kinds and settings are named."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from connectors import channels
from connectors.channels import settings as read
from hub.errors import ConfigurationError


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    """Channels are looked for once per process: here the world changes between tests."""
    channels.known_channels.cache_clear()
    yield
    channels.known_channels.cache_clear()


def test_every_channel_of_the_design_is_known() -> None:
    assert {"folder", "mailbox", "peppol_rest", "portal", "sftp", "vecozo"} <= set(channels.known_channels())


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError) as refused:
        channels.open_channel("fax", {})
    assert "'fax'" in str(refused.value)
    assert "sftp" in refused.value.hint


@pytest.mark.parametrize("kind", ["folder", "mailbox", "peppol_rest", "portal", "sftp", "vecozo"])
def test_missing_settings_are_named(kind: str) -> None:
    with pytest.raises(ConfigurationError, match="lacks"):
        channels.open_channel(kind, {})


def test_a_new_file_in_the_package_is_a_new_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon.py").write_text('KIND = "pigeon"\ndef from_settings(settings):\n    return settings["loft"]\n')
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "connectors.channels.pigeon", raising=False)
    assert channels.open_channel("pigeon", {"loft": "here"}) == "here"  # type: ignore[comparison-overlap]
    sys.modules.pop("connectors.channels.pigeon")


def added(monkeypatch: pytest.MonkeyPatch, name: str, module: ModuleType | SimpleNamespace | None) -> None:
    point = EntryPoint(name=name, value=f"kvitt_{name}", group=channels.ENTRY_POINTS)
    if module is not None:
        monkeypatch.setitem(sys.modules, f"kvitt_{name}", module)  # type: ignore[arg-type]
    monkeypatch.setattr(channels, "entry_points", lambda *, group: EntryPoints([point]) if group else EntryPoints())


def opened(settings: Mapping[str, str]) -> str:
    return settings["loft"]


def test_another_distribution_may_add_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, "pigeon", SimpleNamespace(KIND="pigeon", from_settings=opened))
    assert channels.open_channel("pigeon", {"loft": "here"}) == "here"  # type: ignore[comparison-overlap]


def test_an_add_on_without_channels_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, "partners", SimpleNamespace(PARTNERS="somewhere"))
    assert "sftp" in channels.known_channels()


def test_two_channels_of_one_kind_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, "other", SimpleNamespace(KIND="sftp", from_settings=opened))
    with pytest.raises(ConfigurationError, match="two channels call themselves sftp"):
        channels.known_channels()


def test_an_add_on_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, "broken", None)
    with pytest.raises(ConfigurationError, match="kvitt_broken"):
        channels.known_channels()


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_a_time_out_is_a_number(text: str) -> None:
    with pytest.raises(ConfigurationError, match="wait"):
        read.seconds({"wait": text}, "x", "wait", 5)
    assert read.seconds({"wait": " 2.5 "}, "x", "wait", 5) == 2.5
    assert read.seconds({}, "x", "wait", 5) == 5


def test_a_yes_is_a_yes() -> None:
    assert read.flag({"a": "Yes"}, "x", "a") is True
    assert read.flag({}, "x", "a") is False
    with pytest.raises(ConfigurationError, match="yes or no"):
        read.flag({"a": "maybe"}, "x", "a")


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match="lacks b, c"):
        read.need({"a": "1", "b": " "}, "x", "a", "b", "c")
