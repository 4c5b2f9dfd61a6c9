"""Every exception of the hub, sorted by who must act.

    HubError
    ├── ConfigurationError     operator: setting, certificate or agreement missing, wrong or expired
    ├── ContentError           support: this document cannot be written or read
    │   ├── MappingError       a value has no place in the target format
    │   └── FormatError        bytes are not what the format says (with position)
    ├── AccessRefused          whoever asks: login, link, code or password will not do
    └── ExchangeError          the conversation failed
        ├── TransientError     retry later, with a time
        ├── RefusedError       the same message will be refused again
        └── OutcomeUnknown     may have arrived: ask first

A partner's "no" to a claim is data (`hub.model.reply`), never an exception.
"""

from __future__ import annotations

from collections.abc import Mapping


class HubError(Exception):
    """Something went wrong that a person can understand and act on."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{step}"


class ConfigurationError(HubError):
    """The operator must act: a setting, certificate or agreement is missing, wrong or expired."""

    exit_code = 3


class ContentError(HubError):
    """Support must act: this document cannot be written or read."""

    exit_code = 2


class MappingError(ContentError):
    """A value has no place in the target format; it is never left out silently."""


class FormatError(ContentError):
    """Bytes are not what the format says; `where` holds the position."""


class AccessRefused(HubError):  # noqa: N818 -- named for what the person is told
    """Whoever asks is not let in; the same words whether a login exists or not.

    `said` and `todo` are its words in every language; `retry_after` is in seconds where it is a matter of time.
    """

    exit_code = 2

    def __init__(
        self, code: str, said: Mapping[str, str], *, todo: Mapping[str, str] | None = None, retry_after: int = 0
    ) -> None:
        super().__init__(said.get("en", code), hint=(todo or {}).get("en", ""))
        self.code, self.said, self.todo, self.retry_after = code, said, todo or {}, retry_after


class ExchangeError(HubError):
    """The conversation with a partner failed; `raw` keeps what the partner said, if anything."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str = "", where: str = "", raw: bytes = b"") -> None:
        super().__init__(message, hint=hint, where=where)
        self.raw = raw


class TransientError(ExchangeError):
    """Nothing was taken over; try again later (`retry_after` seconds when the partner said so)."""

    def __init__(
        self, message: str, *, hint: str = "", where: str = "", raw: bytes = b"", retry_after: int | None = None
    ) -> None:
        super().__init__(message, hint=hint, where=where, raw=raw)
        self.retry_after = retry_after


class RefusedError(ExchangeError):
    """The partner refused this message; the same bytes will be refused again. `code` is the partner's own."""

    exit_code = 5

    def __init__(self, message: str, *, hint: str = "", where: str = "", raw: bytes = b"", code: str = "") -> None:
        super().__init__(message, hint=hint, where=where, raw=raw)
        self.code = code


class OutcomeUnknown(ExchangeError):  # noqa: N818 -- the design's word: it is a state, not a mistake
    """The message may have arrived; ask the partner (`lookup`) before anything else."""

    exit_code = 5
