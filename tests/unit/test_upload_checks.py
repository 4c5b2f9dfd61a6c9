"""Hostile archives as zipfile meets them: each kind by itself is refused in the same words, and no error escapes."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.cli.boot import create_hub
from hub.clock import MovableClock
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Hub
from hub.pipeline.upload_checks import check_upload, plain_name
from hub.settings import default_settings

TYPES = "[Content_Types].xml"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub without a scanner."""
    made = create_hub(default_settings(tmp_path_factory.mktemp("hub")), MovableClock(datetime(2026, 1, 5, tzinfo=UTC)))
    made.store.close()
    return made


def _zip(name: str = TYPES, kind: int = zipfile.ZIP_DEFLATED) -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        archive.writestr(name, "<Types>" + "<Default/>" * 100 + "</Types>")
    return bytearray(out.getvalue())


def _central(data: bytearray) -> int:
    return data.rindex(b"PK\x01\x02")


def _set(place: Callable[[bytearray], int], value: int) -> bytes:
    data = _zip()
    data[place(data)] = value
    return bytes(data)


def _torn_stream() -> bytes:
    data = _zip()
    begin = 30 + len(TYPES)
    data[begin : begin + 8] = b"\xff" * 8
    return bytes(data)


def _ended_stream() -> bytes:
    """A part that says it is bigger than what its stream holds."""
    data = _zip(kind=zipfile.ZIP_STORED)
    for place in (_central(data) + 20, _central(data) + 24):
        data[place : place + 4] = (900_000).to_bytes(4, "little")
    return bytes(data)


def _not_utf8() -> bytes:
    data = _zip("å.csv")
    begin = data.rindex("å".encode())
    data[begin] = 0xFF
    return bytes(data)


HOSTILE = {
    "encrypted": _set(lambda data: _central(data) + 8, 0x1),
    "strongly encrypted": _set(lambda data: _central(data) + 8, 0x40),
    "patched data": _set(lambda data: _central(data) + 8, 0x20),
    "unknown compression": _set(lambda data: _central(data) + 10, 99),
    "bzip2": bytes(_zip(kind=zipfile.ZIP_BZIP2)),
    "lzma": bytes(_zip(kind=zipfile.ZIP_LZMA)),
    "a version of the future": _set(lambda data: _central(data) + 6, 99),
    "cut off": bytes(_zip()[:-40]),
    "only a beginning": b"PK\x03\x04",
    "a damaged stream": _torn_stream(),
    "a stream that ends early": _ended_stream(),
    "a wrong sum": _set(lambda data: _central(data) + 16, 0x5A),
    "a name that is not UTF-8": _not_utf8(),
    "a directory before the beginning": _set(lambda data: len(data) - 5, 0x7F),
    "gzip cut off": gzip.compress(b"a;b\n" * 1000)[:-10],
    "gzip of a wrong sum": gzip.compress(b"a;b\n")[:-8] + bytes(8),
    "gzip with noise": b"\x1f\x8b" + bytes(range(200)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_damaged_or_locked(hub: Hub, what: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_upload(hub, "list.xlsx", HOSTILE[what])
    assert caught.value.code == "UPLOAD_BROKEN"


def test_no_damage_to_an_archive_is_more_than_a_refusal(hub: Hub) -> None:
    chance, codes = random.Random(1), set()
    for _ in range(3_000):
        data = _zip()
        for _ in range(chance.choice((1, 2, 4, 16))):
            data[chance.randrange(4, len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        end = chance.choice((len(data), chance.randrange(4, len(data))))
        try:
            check_upload(hub, "list.xlsx", bytes(data[:end]))
        except RefusedError as error:
            codes.add(error.code)
    assert codes == {"UPLOAD_BROKEN", "UPLOAD_TOO_PACKED"}


def test_what_is_sound_comes_in(hub: Hub) -> None:
    check_upload(hub, "list.xlsx", bytes(_zip()))
    check_upload(hub, "list.csv.gz", gzip.compress(b"a;b\n1;2\n"))
    check_upload(hub, "list.csv", b"a;b\n1;2\n")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\jan\\lijst.csv", "lijst.csv"),
        ("a\x00b\r\n.csv", "ab.csv"),
        ("..", ""),
        ("list.xlsm. ", "list.xlsm"),
        ("x" * 500 + ".csv", "x" * 116 + ".csv"),
        ("", ""),
    ],
)
def test_a_name_is_a_name_and_no_path(given: str, shown: str) -> None:
    assert Path(plain_name(given)).name == plain_name(given) == shown
