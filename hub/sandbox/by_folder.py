"""Counterparts for a first try: a payer that answers what lies in an agreement's outbox, and pays what it granted.

For sandbox hubs whose agreements use the folder channel; the payer is the practice insurer with its magic insured
numbers (`hub.sandbox.insurer`), the bank file is a camt.053.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from hub.errors import ConfigurationError
from hub.model.money import Money
from hub.model.partner import Agreement
from hub.pipeline import views
from hub.pipeline.context import Hub
from hub.pipeline.views import ClaimView
from hub.sandbox.bank import Booking, camt053_file
from hub.sandbox.insurer import InsurerSandbox
from hub.store import claims, parties
from hub.store.unit import Unit
from schemas import gds


def answer(hub: Hub, tenant: str, partner: str) -> list[Path]:
    """Answer every Vektis claim file in the outbox that has no answer yet; gives the answers put into the inbox."""
    agreement = _agreement(hub, tenant, partner)
    outbox, inbox = (_folder(agreement, name) for name in ("outbox", "inbox"))
    insurer = InsurerSandbox({}, day=hub.today("NL"))
    written: list[Path] = []
    for sent in sorted(path for path in outbox.iterdir() if path.suffix in (".asc", ".xml")):
        target = inbox / f"{sent.stem}.ret"
        data = sent.read_bytes()
        ours = sent.suffix == ".asc" or gds.is_gds(data)
        for number, one in enumerate(insurer.answer(data) if ours and not target.exists() else []):
            path = target.with_stem(f"{sent.stem}-{number}") if number else target
            path.write_bytes(one.payload)
            written.append(path)
    return written


def statement(hub: Hub, tenant: str, partner: str) -> bytes:
    """A bank statement on which this payer pays what it still owes: in one amount (NL), or each invoice by KID (NO)."""
    agreement = _agreement(hub, tenant, partner)
    with hub.store.reading(tenant) as unit:
        due = [view for view in views.claim_views(unit) if view.payer == partner and view.transport != "held"]
        bookings = _invoices(unit, due) if due and due[0].country == "NO" else _batch(unit, due)
    day = hub.clock.now()
    account = agreement.payer_accounts[0] if agreement.payer_accounts else ""
    title = hub.registry.by_name(partner).title
    if not bookings:
        raise ConfigurationError(f"{title} owes nothing", hint="kvitt status shows what was granted")
    paid = [replace(one, booked=day.date(), payer_account=account, payer_name=title) for one in bookings]
    return camt053_file(paid, message=f"SANDBOX-{day:%Y%m%d%H%M%S}", created=day)


def _agreement(hub: Hub, tenant: str, partner: str) -> Agreement:
    """The agreement in force; a real hub has real counterparts."""
    if hub.stage != "sandbox":
        raise ConfigurationError(f"this hub is for {hub.stage}, not a sandbox", hint="nobody is played here")
    country = next(row["country"] for row in hub.store.tenants() if row["id"] == tenant)
    with hub.store.reading(tenant) as unit:
        found = parties.agreement(unit, partner, hub.today(country))
    if found is None:
        raise ConfigurationError(
            f"no agreement with {partner!r}", hint=f"kvitt org agreement {partner} --channel folder"
        )
    return found


def _folder(agreement: Agreement, name: str) -> Path:
    folder = agreement.settings.get(name, "")
    if not folder or not Path(folder).is_dir():
        raise ConfigurationError(
            f"the agreement with {agreement.partner} has no folder {name}",
            hint=f"kvitt org agreement {agreement.partner} --channel folder --set {name}=FOLDER",
        )
    return Path(folder)


def _batch(unit: Unit, due: list[ClaimView]) -> list[Booking]:
    """One booking per claimant over everything granted and not paid, less what is owed back."""
    by_claimant: dict[str, list[ClaimView]] = {}
    for view in due:
        if view.money.outstanding:
            by_claimant.setdefault(view.claimant, []).append(view)
    bookings = [_total(unit, claimant, owed) for claimant, owed in by_claimant.items()]
    return [booking for booking in bookings if booking.amount.minor > 0]


def _total(unit: Unit, claimant: str, owed: list[ClaimView]) -> Booking:
    numbers = sorted({view.invoice_number for view in owed if view.kind == "debit"})
    return Booking(
        id="-".join(numbers)[:30],
        amount=Money(sum(view.money.outstanding.minor for view in owed), owed[0].currency),
        booked=date.min,
        account=parties.organisation(unit, claimant).party.account,
        text="declaratie " + " ".join(numbers),
    )


def _invoices(unit: Unit, due: list[ClaimView]) -> list[Booking]:
    """One booking per invoice that was sent: what is granted or still open of it, by its KID."""
    bookings = []
    for view in due:
        row = claims.by_ref(unit, view.ref)
        amount = view.money.open + view.money.outstanding
        if row is not None and view.transport != "ready" and amount.minor > 0:
            account = parties.organisation(unit, view.claimant).party.account
            number, kid = view.invoice_number, row["kid"]
            bookings.append(Booking(id=number, amount=amount, booked=date.min, account=account, reference=kid))
    return bookings
