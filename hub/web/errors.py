"""What a page cannot answer with: nobody is logged in, it is not there for this person, or it was not sent by us."""

from __future__ import annotations


class NotLoggedIn(Exception):  # noqa: N818 -- a state, not a failure
    """Nobody is logged in here; the login page knows the way back."""


class Absent(Exception):  # noqa: N818 -- for the visitor it is simply not there
    """Not there, or not theirs: one answer for both, and a line in the access log."""

    def __init__(self, kind: str, ref: str) -> None:
        super().__init__(kind)
        self.kind, self.ref = kind, ref


class Forged(Exception):  # noqa: N818 -- named for what it may be
    """A form that did not come from one of our pages."""
