"""Claims, payers and payments as lines of any system's export, and matches as lines (contract of `kvitt match`).

What a line lacks or says wrongly is a `LineError` with its field; the lines beside it go through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.matching.book import Book, Ledger
from hub.matching.items import Action, Match, MatchRules, Suggestion
from hub.model.money import Money
from hub.model.payment import BookingState, PaidDocument, Payment, ReferenceKind

Line = Mapping[str, Any]
SHOWN = 3
"""Suggestions a line carries."""
_LARGEST = 10**15
_CREDITS = frozenset({"CREN", "CREDIT", "CREDITNOTE", "CREDIT_NOTE"})
_STATES = {state.value: state for state in BookingState}
_KINDS = {kind.value: kind for kind in ReferenceKind}


class LineError(ValueError):
    """A line that cannot be used; the text names the field and what belongs there."""


def _text(line: Line, field: str, *, needed: bool = False) -> str:
    value = line.get(field)
    if value is None or value == "":
        if needed:
            message = f"`{field}` is missing"
            raise LineError(message)
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    message = f"`{field}` must be a text"
    raise LineError(message)


def _minor(line: Line, field: str) -> int:
    value = line.get(field)
    if type(value) is not int or abs(value) > _LARGEST:
        message = f"`{field}` must be a whole number of cents or øre" if field in line else f"`{field}` is missing"
        raise LineError(message)
    return value


def _day(line: Line, field: str) -> date | None:
    value = line.get(field)
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        message = f"`{field}` must be a day such as 2026-04-30"
        raise LineError(message) from None


def _currency(line: Line) -> str:
    found = _text(line, "currency", needed=True)
    return found if found.isupper() else found.upper()


class Claims:
    """Claims and payers read line by line into a book."""

    def __init__(self) -> None:
        self.book = Book()
        self._ledgers: dict[tuple[str, str], Ledger] = {}
        self._days: dict[str, int] = {}
        self._ids: set[str] = set()

    def payer(self, line: Line) -> None:
        """One payer with the accounts it pays from."""
        name, accounts = _text(line, "payer", needed=True), line.get("accounts") or []
        if not isinstance(accounts, list) or not all(isinstance(one, str) for one in accounts):
            message = "`accounts` must be a list of texts"
            raise LineError(message)
        self.book.own(name, [one for one in accounts if one])

    def claim(self, line: Line) -> None:
        """One claim; what was not granted of it is known and not payable."""
        claim_id = _text(line, "id", needed=True)
        if claim_id in self._ids:
            message = f"claim {claim_id!r} stands in the file twice: only the first counts"
            raise LineError(message)
        granted, undecided, beyond = _payable(line)
        ledger = self._ledger(_text(line, "payer", needed=True), _currency(line))
        invoice, batch = _text(line, "invoice"), _text(line, "batch")
        day = self._on(line)
        self._ids.add(claim_id)
        self.book.put(
            claim_id,
            ledger,
            granted,
            undecided,
            day=day,
            reference=_text(line, "reference"),
            numbers=(invoice,),
            files=(batch,) if batch else (),
            beyond=beyond,
        )

    def _ledger(self, payer: str, currency: str) -> Ledger:
        found = self._ledgers.get((payer, currency))
        if found is None:
            found = self._ledgers[payer, currency] = Ledger(payer, "", currency, "")
        return found

    def _on(self, line: Line) -> int:
        value = line.get("date")
        found = self._days.get(value, -1) if isinstance(value, str) else -1
        if found < 0:
            day = _day(line, "date")
            found = day.toordinal() if day else 0
            if isinstance(value, str):
                self._days[value] = found
        return found


def _payable(line: Line) -> tuple[int, int, int]:
    """Granted and payable, undecided and payable, and open by the books though not granted."""
    open_ = _minor(line, "open_minor")
    if open_ > 0 and line.get("kind") == "credit":
        message = "`open_minor` of a credit must be negative"
        raise LineError(message)
    if line.get("granted_minor") is None:
        return 0, open_, 0
    decided = _minor(line, "granted_minor")
    granted = min(max(decided, 0), open_) if open_ >= 0 else max(-abs(decided), open_)
    return granted, 0, open_ - granted


def payment_of(line: Line, position: str) -> Payment | None:
    """One payment; None for a line of `kvitt bank` that is none."""
    if line.get("kind", "transaction") in ("finding", "summary"):
        return None
    state = _STATES.get(line.get("state") or "booked")
    if state is None:
        message = "`state` must be booked, pending, info or held"
        raise LineError(message)
    reference_kind = line.get("reference_kind")
    if reference_kind is not None and reference_kind not in _KINDS:
        message = "`reference_kind` must be kid, rf, nl, other or null"
        raise LineError(message)
    currency = _currency(line)
    documents, unsaid = _documents(line, currency)
    text = _text(line, "text")
    return Payment(
        id=_text(line, "id") or position,
        account=_text(line, "account"),
        booked=_day(line, "booked"),
        amount=Money(_minor(line, "amount_minor"), currency),
        state=state,
        reference=_text(line, "reference"),
        reference_kind=_KINDS[reference_kind] if reference_kind else None,
        documents=documents,
        end_to_end=_text(line, "end_to_end"),
        text=f"{text} | {unsaid}" if unsaid else text,
        payer_account=_text(line, "payer_account"),
        payer_name=_text(line, "payer_name"),
        reversal=line.get("reversal") is True,
        position=position,
    )


def _documents(line: Line, currency: str) -> tuple[tuple[PaidDocument, ...], str]:
    """The documents with their signed amounts; where one has none, their numbers are as good as text."""
    rows = line.get("documents") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        message = "`documents` must be a list of objects"
        raise LineError(message)
    if any(row.get("amount_minor") is None for row in rows):
        return (), " | ".join(_text(row, "reference") for row in rows)
    return tuple(_document(row, currency) for row in rows), ""


def _document(row: Line, currency: str) -> PaidDocument:
    kind, minor = _text(row, "kind"), _minor(row, "amount_minor")
    signed = -abs(minor) if kind.upper() in _CREDITS else minor
    return PaidDocument(reference=_text(row, "reference"), kind=kind, amount=Money(signed, currency))


_RULE_FIELDS = {
    "mode": str,
    "modes": dict,
    "remittance_patterns": dict,
    "fees": dict,
    "typical_days": int,
    "subset_lines": int,
    "wait_for_decision": list,
}
_MODES = ("strict", "balanced")
_MOST_SUBSET_LINES = 24


def rules_of(body: object, mode: str = "") -> MatchRules:
    """The rules of a file, with the mode asked for; `LineError` for what is not a rule."""
    if not isinstance(body, dict):
        message = "rules must be a mapping, such as {mode: strict}"
        raise LineError(message)
    for name, value in body.items():
        if name not in _RULE_FIELDS or not isinstance(value, _RULE_FIELDS[name]) or isinstance(value, bool):
            message = f"`{name}` is no rule, or not of its kind; rules are: {', '.join(_RULE_FIELDS)}"
            raise LineError(message)
    wished = {**body, "mode": mode} if mode else dict(body)
    if any(one not in _MODES for one in (wished.get("mode", "strict"), *wished.get("modes", {}).values())):
        message = f"a mode must be one of: {', '.join(_MODES)}"
        raise LineError(message)
    if wished.get("subset_lines", 0) > _MOST_SUBSET_LINES:
        message = f"`subset_lines` may be {_MOST_SUBSET_LINES} at most"
        raise LineError(message)
    patterns = {payer: (one,) if isinstance(one, str) else tuple(one) for payer, one in _patterns(wished)}
    waiting = wished.get("wait_for_decision", [])
    if not all(isinstance(one, str) for one in waiting):
        message = "`wait_for_decision` must be a list of currencies, such as [EUR]"
        raise LineError(message)
    return MatchRules(**{**wished, "remittance_patterns": patterns, "wait_for_decision": frozenset(waiting)})


def _patterns(body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found = list(body.get("remittance_patterns", {}).items())
    for payer, given in found:
        for pattern in (given,) if isinstance(given, str) else given:
            try:
                re.compile(pattern)
            except (re.error, TypeError):
                message = f"`remittance_patterns` of {payer}: not a regular expression"
                raise LineError(message) from None
    return found


def line_of(found: Match) -> dict[str, Any]:
    """A match as one line; what posts, what may be meant, and on what ground."""
    parts: dict[str, int] = {}
    for made in found.allocations:
        parts[made.claim_id] = parts.get(made.claim_id, 0) + made.amount.minor + made.netted.minor
    posted = found.action is Action.POST
    line: dict[str, Any] = {
        "payment": found.payment_id,
        "status": "posted" if posted else ("suggested" if found.suggestions else "unmatched"),
        "tier": found.tier.value if posted else None,
        "allocations": _parts(tuple(parts.items())),
        "suggestions": [_suggestion(one) for one in found.suggestions[:SHOWN]],
        "remainder_minor": found.remainder.minor,
        "code": found.code,
        "evidence": [{"field": row.field, "value": row.value, "claim": row.claim_id or None} for row in found.evidence],
        "rejected": [{"claim": row.claim_id, "why": row.reason} for row in found.rejected],
    }
    if found.undoes:
        line["undoes"] = found.undoes
    return line


def _suggestion(one: Suggestion) -> dict[str, Any]:
    return {"allocations": _parts(one.allocations), "score": one.score, "why": one.why}


def _parts(allocations: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"claim": claim, "amount_minor": minor} for claim, minor in allocations]
