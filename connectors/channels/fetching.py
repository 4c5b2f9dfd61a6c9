"""Fetching many things one by one from a partner that may falter in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from hub.errors import TransientError
from hub.model.exchange import Collected

T = TypeVar("T")
_FAILURES_IN_A_ROW = 3


def fetched(entries: Iterable[T | Collected], fetch: Callable[[T], Collected]) -> Iterator[Collected]:
    """What could be fetched, in order; what is there already is passed on.

    One that failed for a passing reason is left for the next time: the others go first, then its error is raised.
    Several that fail in a row, or a partner that asks for time, end it.
    """
    first: TransientError | None = None
    in_a_row = 0
    for entry in entries:
        if isinstance(entry, Collected):
            yield entry
            continue
        try:
            yield fetch(entry)
            in_a_row = 0
        except TransientError as error:
            first = first or error
            in_a_row += 1
            if error.retry_after is not None or in_a_row == _FAILURES_IN_A_ROW:
                raise
    if first is not None:
        raise first
