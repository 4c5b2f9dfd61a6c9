"""Archives that came damaged: whatever they raise inside, it is this archive's trouble and nobody else's."""

from __future__ import annotations

import io
import random
import zipfile

import pytest

from hub.errors import FormatError
from hub.model.exchange import Collected
from hub.pipeline.archives import unpack


def _zip(kind: int, name: str = "answer.xml") -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        archive.writestr(name, "<Answer>" + "<Line/>" * 200 + "</Answer>")
    return bytearray(out.getvalue())


def _unpacked(data: bytes) -> list[Collected]:
    return list(unpack(Collected(remote_id="1", name="answer.zip", payload=data)))


def _torn(kind: int) -> bytes:
    """The stream itself is damaged; the directory is whole, so that nothing shows before it is read."""
    data = _zip(kind)
    begin = 30 + len("answer.xml")
    data[begin : begin + 12] = b"\xff" * 12
    return bytes(data)


def _ends_early() -> bytes:
    """A part that says it is bigger than what its stream holds."""
    data = _zip(zipfile.ZIP_STORED)
    central = data.rindex(b"PK\x01\x02")
    for place in (central + 20, central + 24):
        data[place : place + 4] = (900_000).to_bytes(4, "little")
    return bytes(data)


def _not_utf8() -> bytes:
    data = _zip(zipfile.ZIP_DEFLATED, "å.xml")
    data[data.rindex("å".encode())] = 0xFF
    return bytes(data)


DAMAGED = {
    "deflate": _torn(zipfile.ZIP_DEFLATED),
    "bzip2": _torn(zipfile.ZIP_BZIP2),
    "lzma": _torn(zipfile.ZIP_LZMA),
    "ends early": _ends_early(),
    "a name that is not UTF-8": _not_utf8(),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_archive_is_said_to_be_broken(what: str) -> None:
    with pytest.raises(FormatError, match="broken or locked"):
        _unpacked(DAMAGED[what])


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_no_damage_to_an_archive_is_more_than_a_refusal(kind: int) -> None:
    chance, refused = random.Random(kind), 0
    for _ in range(500):
        data = _zip(kind)
        for _ in range(chance.choice((1, 2, 4, 16))):
            data[chance.randrange(4, len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        try:
            _unpacked(bytes(data[: chance.choice((len(data), chance.randrange(4, len(data))))]))
        except FormatError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_sound_archive_is_taken_apart(kind: int) -> None:
    (found,) = _unpacked(bytes(_zip(kind)))
    assert (found.name, found.remote_id) == ("answer.xml", "1!answer.xml")
    assert found.payload.startswith(b"<Answer>")
