"""How a payer names what it pays, learned from what is stored, and kept in the user's own folder of that partner."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.partners import PARTNER_FILE, load_partner
from hub.errors import ConfigurationError
from hub.matching.book import bank_account
from hub.matching.items import OpenItem
from hub.matching.learning import Effect, Example, effects, example
from hub.model.payment import Payment
from hub.pipeline import allocations
from hub.pipeline.context import Hub
from hub.pipeline.settle import rules_of
from hub.store import claims, money
from hub.store.unit import Unit

_KEY = "remittance_patterns:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the hub knows of a payer: its claims, its bookings, and what a person said some of them were for."""

    items: Sequence[OpenItem]
    payments: Sequence[Payment]
    taught: Sequence[Example]


def stored(unit: Unit, payer: str) -> Stored:
    """A payer's claims and bookings; by hand allocated ones teach which number their text names."""
    every = allocations.open_items(unit)
    theirs = [item for item in every if item.payer == payer]
    accounts = {bank_account(account) for account in allocations.payer_accounts(unit).get(payer, ())}
    numbers = _allocated(unit)
    rows = [
        (row, payment)
        for row, payment in money.payments(unit)
        if payment.text and (row["id"] in numbers or bank_account(payment.payer_account) in accounts)
    ]
    by_hand = [(payment.text, numbers.get(row["id"], set())) for row, payment in rows if row["matched"] == "by_hand"]
    known = {number for item in theirs for number in _numbers(item)}
    told = [example(text, of & known) for text, of in by_hand if of & known]
    return Stored(
        items=every,
        payments=[payment for _, payment in rows],
        taught=[one for one in told if one is not None],
    )


def _numbers(item: OpenItem) -> set[str]:
    return {number for number in (item.invoice_number, item.ref, item.batch, *item.references) if number}


def _allocated(unit: Unit) -> dict[str, set[str]]:
    """The numbers of the claims each payment was allocated to."""
    rows = money.allocations(unit)
    by_id = {row["id"]: row for row in claims.find(unit)}
    lines = {line["id"]: by_id[line["claim_id"]] for line in claims.lines(unit, list(by_id))}
    found: dict[str, set[str]] = {}
    for row in rows:
        claim = lines[row["claim_line_id"]]
        found.setdefault(row["payment_id"], set()).update({claim["invoice_number"], claim["ref"]} - {"", None})
    return found


def tried(hub: Hub, known: Stored, payer: str, patterns: Sequence[str]) -> list[Effect]:
    """What the patterns would have changed for the stored bookings, had the claims been open as they are now."""
    return effects(known.payments, known.items, rules_of(hub), payer, patterns)


def keep(hub: Hub, home: Path, payer: str, patterns: Sequence[str]) -> Path:
    """Write patterns into the user's own folder of the partner, which is made from the one in use where it is missing.

    The file is read back as any partner is; where that fails, it stays as it was.
    """
    folder = home / "partners" / payer
    source = hub.registry.origins[payer]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, folder)
    file = folder / PARTNER_FILE
    before = file.read_text(encoding="utf-8")
    file.write_text(_with(before, patterns), encoding="utf-8")
    try:
        load_partner(folder, channels=(hub.registry.partners[payer].channel.kind,))
    except ConfigurationError as error:
        file.write_text(before, encoding="utf-8")
        raise ConfigurationError(
            f"{file} would not be readable with the new patterns: {error}", hint="add them by hand"
        ) from None
    return file


def _with(text: str, patterns: Sequence[str]) -> str:
    """The YAML with patterns added below the key, everything else as it stands."""
    rows = [f"  - '{pattern.replace(chr(39), chr(39) * 2)}'" for pattern in patterns]
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if line.rstrip() == _KEY:
            return "\n".join([*lines[: at + 1], *rows, *lines[at + 1 :]]) + "\n"
        if line.startswith(_KEY):
            raise ConfigurationError(
                f"the patterns of this partner stand on one line: {line[:60]}", hint="write one pattern a line first"
            )
    return "\n".join([*lines, _KEY, *rows]) + "\n"
