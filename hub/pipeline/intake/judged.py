"""What goes into the intake of a list, and what a programme makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.model.finding import Finding
from hub.programmes.outcome import RowOutcome
from hub.store import declarations
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationRow
from hub.store.unit import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRequest:
    """Whose list this is and what it is for. `confirm` accepts a guessed column map once and for all.

    `delta` lets a list that corrects one whose claims went out add to them; what it leaves out is asked about.
    """

    programme: str
    organisation: str
    module: str = ""
    period: str = ""
    name: str = ""
    confirm: bool = False
    delta: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a programme made of a list: outcomes by row, the claims of the good ones, and claims it takes back.

    `kept` are ids of claims an earlier version of the list made that stay as they are; `doubted` are claims of another
    organisation that this list puts in doubt: they are held. `vanished` are claims that went out for people who are no
    longer on the list: a person must say that they go back. `basis` is what of the store all of this rests on, where a
    programme judges ahead.
    """

    outcomes: Sequence[RowOutcome]
    rows: Sequence[DeclarationRow] = ()
    new: Sequence[NewClaim] = ()
    withdrawn: Sequence[Row] = ()
    kept: Sequence[str] = ()
    doubted: Sequence[Row] = ()
    vanished: Sequence[Row] = ()
    state: str = declarations.CURRENT
    replaces: str | None = None
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    dropped: Sequence[str] = ()
    basis: Any = None
