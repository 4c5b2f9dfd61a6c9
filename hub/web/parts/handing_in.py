"""What handing in needs on every screen: whose it may be, and a file that is kept between its preview and the yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request, UploadFile

from hub.errors import HubError, TransientError
from hub.pipeline.cases import RefusedError
from hub.pipeline.intake.maps import UnconfirmedColumnsError
from hub.pipeline.upload_checks import plain_name
from hub.store import parties
from hub.store.parties import Organisation
from hub.web.errors import Absent
from hub.web.parts.refusals import worded
from hub.web.staging import Staged, Staging
from hub.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a file cannot be used: what and what to do by language; the columns where they are the reason."""

    said: Mapping[str, str]
    todo: Mapping[str, str]
    columns: Sequence[tuple[str, str]] = ()
    sample: Sequence[Sequence[str]] = ()
    missing: Sequence[str] = ()
    code: str = field(default="")


def trouble(error: HubError) -> Trouble:
    """An error as a page shows it."""
    if isinstance(error, RefusedError):
        return Trouble(said=error.said, todo=error.todo, code=error.code)
    if isinstance(error, UnconfirmedColumnsError):
        proposal = error.proposal
        return Trouble(
            said={},
            todo={},
            code="UNKNOWN_COLUMNS",
            columns=[(guess.name, guess.field) for guess in proposal.guesses],
            sample=proposal.sample,
            missing=proposal.missing,
        )
    code = "TRY_LATER" if isinstance(error, TransientError) else "UNREADABLE"
    said, todo = worded(error)
    return Trouble(said=said, todo=todo, code=code)


def own(visit: Visit, kind: str) -> list[Organisation]:
    """The organisations of a kind that this person may hand in for."""
    with visit.reading() as unit:
        return parties.organisations(unit, kind)


def chosen(visit: Visit, kind: str, code: str) -> Organisation:
    """One of them by its code; the only one where nobody was named. Absent when it is not theirs."""
    found = own(visit, kind)
    if not code and len(found) == 1:
        return found[0]
    match = next((one for one in found if one.code == code), None)
    if match is None:
        raise Absent("organisation", code)
    return match


def received(file: UploadFile) -> tuple[bytes, str]:
    """The bytes of an upload and its name without a path. Nothing is judged here: that is the first step in turn."""
    return file.file.read(), plain_name(file.filename or "")


def keep(request: Request, visit: Visit, name: str, data: bytes) -> str:
    """Keep a file for its yes; gives the word it is asked for with."""
    word: str = _staging(request).keep(visit.session.id, name, data)
    return word


def take(request: Request, visit: Visit, word: str) -> Staged | None:
    """The file that was kept, once."""
    return _staging(request).take(visit.session.id, word)


def _staging(request: Request) -> Staging:
    staging: Staging = request.app.state.staging
    return staging
