"""The hub's own log: one JSON object a line in `HOME/log`, in which no person can be recognised.

Everything that is written, also by libraries, passes one scrubber last: values of personal keys are dropped, and
whatever reads as a BSN (11-proef) or a fødselsnummer (both check digits) is masked, in keys, texts, numbers and
tracebacks alike. A name in a free text cannot be recognised: pass facts as keys, never inside the sentence. The
scrubber rather masks too much (one in eleven numbers of nine digits passes the 11-proef); the support staff's evidence
stands in the database, not here.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from hub.model.identity import is_bsn, is_fnr, mask

AREA = "kvitt"
"""The stdlib logger the hub writes under."""
LOG_FILE: Final = "kvitt.jsonl"
HIDDEN: Final = "***"
PERSONAL: Final = frozenset(
    {
        "account", "achternaam", "address", "adresse", "api_key", "authorization", "birth_date", "birthdate", "body",
        "bsn", "city", "cookie", "diagnosis", "email", "fnr", "fodselsnummer", "fødselsnummer", "geboortedatum",
        "house_number", "huisnummer", "iban", "initials", "insured_number", "local_ref", "name", "navn", "naam",
        "passphrase", "password", "patient", "payload", "person", "personnummer", "phone", "pin", "postal_code",
        "postcode", "private_key", "secret", "street", "surname", "telefon", "therapist_name", "token",
        "verzekerdennummer", "voorletters",
    }
)  # fmt: skip
"""Keys whose values never reach the log, whatever they hold; also as the last word of a longer key."""

_BIGGEST = 5 * 1024 * 1024
_KEPT = 10
_DEEPEST = 8
_LONGEST = 20_000
_SEEN_PAST_THE_END = 64
_RUN = re.compile(r"[0-9]+(?:[ .\-\u00a0][0-9]+)*")
_DIGITS = re.compile(r"[0-9]+")
_BSN, _FNR = 9, 11
_PADDED = (_BSN - 1, _BSN, _FNR - 1, _FNR)
"""How many digits a number may have that lost one leading zero."""


class _File(RotatingFileHandler):
    """Files only their owner reads; a line that cannot be written is not printed instead: it is not scrubbed yet."""

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        return open(self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=private)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the standard library's name
        kind = sys.exc_info()[0]
        sys.stderr.write(f"kvitt: a log line of {record.name} was lost: {kind.__name__ if kind else 'unknown'}\n")


@dataclass(frozen=True, slots=True)
class Log:
    """An open log file; `get` gives loggers that write to it, `close` lets go of it."""

    logger: logging.Logger
    handler: logging.Handler
    before: tuple[int, bool]

    def get(self, **facts: Any) -> structlog.stdlib.BoundLogger:
        """A logger that adds these facts to each line."""
        bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
            self.logger, processors=_PROCESSORS, wrapper_class=structlog.stdlib.BoundLogger, **facts
        )
        return bound

    def close(self) -> None:
        """Close the file and leave the stdlib logger as it was."""
        self.logger.removeHandler(self.handler)
        self.logger.level, self.logger.propagate = self.before
        self.handler.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_log(folder: Path, *, level: str = "INFO", area: str = AREA, biggest: int = _BIGGEST, kept: int = _KEPT) -> Log:
    """Open the log in a folder (made when absent). `area` is its stdlib logger; "" takes what libraries say, too.

    Nothing goes on to other handlers: only ours scrubs.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _File(folder / LOG_FILE, maxBytes=biggest, backupCount=kept)
    handler.setFormatter(_formatter())
    logger = logging.getLogger(area or None)
    before = (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    return Log(logger, handler, before)


def event(what: str, **facts: object) -> None:
    """Write one line about something that happened; nothing is written where no log was opened."""
    logger = logging.getLogger(AREA)
    if logger.handlers:
        structlog.wrap_logger(logger, processors=_PROCESSORS, wrapper_class=structlog.stdlib.BoundLogger).info(
            what, **facts
        )


def about(**facts: str) -> AbstractContextManager[None]:
    """Add facts (tenant, exchange, job) to every line written inside the block, also by other modules."""
    return structlog.contextvars.bound_contextvars(**facts)


def scrub(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor that lets no person through; it must be the last before rendering."""
    return {clean_text(str(key)): _clean(key, value, 0) for key, value in event.items()}


def clean_text(text: str) -> str:
    """A text with every number in it masked that reads as a BSN or a fødselsnummer; long ones are cut."""
    seen = text[: _LONGEST + _SEEN_PAST_THE_END]
    cleaned = _RUN.sub(lambda run: _clean_run(run[0]), seen)
    return cleaned if len(text) <= _LONGEST else cleaned[:_LONGEST] + " ..."


def _clean(key: object, value: object, depth: int) -> object:
    if _is_personal(str(key)) or depth > _DEEPEST:
        return HIDDEN
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _clean_number(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return _clean_parts(value, depth)


def _clean_parts(value: object, depth: int) -> object:
    if isinstance(value, Mapping):
        return {clean_text(str(inner)): _clean(inner, item, depth + 1) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item, depth + 1) for item in value]
    return clean_text(str(value))


def _is_personal(key: str) -> bool:
    word = key.casefold().replace("-", "_")
    return word in PERSONAL or any(word.endswith("_" + personal) for personal in PERSONAL)


def _clean_number(value: int) -> object:
    """A number that lost its leading zero still identifies."""
    text = str(abs(value))
    padded = text.zfill(_BSN if len(text) <= _BSN else _FNR)
    if len(text) in _PADDED and _identifies(padded):
        return mask(padded)
    cleaned = clean_text(text)
    return value if cleaned == text else cleaned


def _clean_run(run: str) -> str:
    """Mask in one run of digit groups: those that together are a number (`9999 03 883`), and inside long ones."""
    groups = [(found.start(), found.end()) for found in _DIGITS.finditer(run)]
    hidden: set[int] = set()
    for first in range(len(groups)):
        for places in _joined(groups[first:]):
            if _identifies("".join(run[place] for place in places)):
                hidden.update(places[:-4])
    for begin, end in groups:
        if end - begin > _BSN:
            hidden.update(_inside(run, begin, end))
    return "".join("*" if place in hidden else char for place, char in enumerate(run))


def _joined(groups: list[tuple[int, int]]) -> Iterator[list[int]]:
    """The places of nine or eleven digits that begin with the first of these groups and end with one of them."""
    places: list[int] = []
    for begin, end in groups:
        places += range(begin, end)
        if len(places) in (_BSN, _FNR):
            yield [*places]
        if len(places) > _FNR:
            return


def _inside(run: str, begin: int, end: int) -> Iterator[int]:
    """The places to hide in a long row of digits, such as a fixed-width record, that holds a number somewhere."""
    for length in (_BSN, _FNR):
        for start in range(begin, end - length + 1):
            if _identifies(run[start : start + length]):
                yield from range(start, start + length - 4)


def _identifies(digits: str) -> bool:
    return is_bsn(digits) or is_fnr(digits, allow_synthetic=True)


_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
_PROCESSORS: Final[list[Processor]] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    ProcessorFormatter.wrap_for_formatter,
]


def _formatter() -> ProcessorFormatter:
    """Tracebacks become text before scrubbing; they never show local variables."""
    return ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.UnicodeDecoder(),
            scrub,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
