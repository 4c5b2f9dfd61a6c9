"""How the `kvitt vektis` commands open files and write them: a file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from hub.cli.own_layouts import own_layouts
from hub.errors import ConfigurationError, ContentError
from schemas.vektis import Layout, Record, VektisFile, layouts, read, read_records
from schemas.vektis.codec import ENCODING, LONGEST, layout_of


def layout_for(path: Path, wanted: str = "") -> Layout:
    """The layout a file announces, or the one asked for by its format id."""
    own = own_layouts()
    if wanted:
        tables = (*own, *layouts())
        found = next((one for one in tables if wanted.removeprefix("vektis-") == one.format[7:]), None)
        if found is None:
            known = ", ".join(one.format for one in tables)
            raise ConfigurationError(f"no layout table for {wanted!r}", hint=f"one of: {known}")
        return found
    with opened(path) as stream:
        return layout_of(stream.readline(LONGEST).decode(ENCODING), own)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read; ContentError in words when it cannot be."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ContentError(f"{path}: {error.strerror or type(error).__name__}", hint="check its name") from error
    with stream:
        yield stream


def records(path: Path, layout: Layout) -> Iterator[Record]:
    """The records of a file one by one."""
    with opened(path) as stream:
        yield from read_records(stream, layout=layout)


def whole(path: Path, wanted: str = "") -> VektisFile:
    """A file in memory."""
    layout = layout_for(path, wanted)
    with opened(path) as stream:
        return read(stream.read(), layout=layout)


@contextmanager
def written(path: Path, *sources: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes its name when all went well; never over one it is made from."""
    if any(path.resolve() == source.resolve() for source in sources):
        raise ContentError(f"{path} is what it is made from", hint="write to another file")
    with NamedTemporaryFile(dir=path.parent, prefix=".kvitt-", delete=False) as stream:
        made = Path(stream.name)
        try:
            yield stream
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    made.replace(path)


def put(record: Record, stream: IO[bytes]) -> None:
    """Write one record with its line end."""
    stream.write(f"{record.text}{record.ending}".encode(ENCODING))


def write_all(path: Path, made: Iterable[Record], *sources: Path) -> int:
    """Write records to a file; how many."""
    count = 0
    with written(path, *sources) as stream:
        for record in made:
            put(record, stream)
            count += 1
    return count
