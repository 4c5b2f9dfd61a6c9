"""The Norwegian story: a clinic's treatment log to settled invoices (decision 15), against counterparts on loopback.

6TST1 is paid by OCR giro (and the same booking comes again in a camt.054); 6TST2 in part; 6TST3 without KID, by its
number in the text; 6TST4 gets silence, counts as fine, and is rejected late; 6TST5 is rejected by an Invoice Response
and by mail, which are one case: the mail asks for a credit note, so it is credited, corrected and paid under its new
number. A sixth invoice comes finished out of the clinic's journal system and is forwarded as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.partner import Agreement
from hub.paths import examples
from hub.pipeline import intake, receive, settle, submit, views
from hub.pipeline.context import Actor
from hub.pipeline.correct import correct
from hub.pipeline.finished import take_finished
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.views import ClaimView
from hub.programmes.corrections import read_changes
from hub.rendering import to_pdf
from hub.sandbox import example
from hub.sandbox.access_point import AccessPointSandbox, Transaction
from hub.sandbox.bank import Booking, camt054_file, ocr_file
from hub.sandbox.journal import finished_invoice
from hub.sandbox.mail import MailSandbox, RejectionMail, rejection
from hub.sandbox.payer import invoice_response
from hub.sandbox.stage import Stage
from hub.store import claims, exchanges, parties, schema
from schemas import ubl
from schemas.ubl.names import INVOICE_RESPONSE, INVOICE_RESPONSE_PROFILE

TENANT = example.NO_TENANT
CLINIC = example.CLINIC
_FINISHED = "77123"
"""The number of the journal system's invoice, in its own series."""
_DEMO = Actor(name="demo", role="engineer")
_PAYERS = ("forsikring-nord-test", "helseforsikring-sor-test", "trygg-testforsikring", "fjord-helse-test")
_RESPONSE_ID = (
    f"urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2::ApplicationResponse##{INVOICE_RESPONSE}::2.1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """Everybody on the other side of the Norwegian story."""

    access_point: AccessPointSandbox
    mail: MailSandbox
    bank: Path


def play(stage: Stage) -> None:
    """Play the whole story."""
    mail = MailSandbox(stage.folder("mail-no"))
    with AccessPointSandbox(now=stage.clock.now) as access_point:
        sides = Counterparts(access_point=access_point, mail=mail, bank=stage.folder("bank-no"))
        _agreements(stage, sides)
        _hand_in(stage)
        _send(stage)
        _finished(stage)
        _rejected(stage, sides)
        _corrected(stage)
        _silence(stage)
        _paid(stage, sides)
        _late_rejection(stage, sides)


def _agreements(stage: Stage, sides: Counterparts) -> None:
    settings = sides.access_point.settings | {"sender": f"0192:{CLINIC}"}
    with stage.hub.store.unit(TENANT) as unit:
        for partner in _PAYERS:
            parties.put_agreement(unit, _agreement(partner, "", settings, example.PAYER_ACCOUNTS[partner]))
        mailbox = sides.mail.settings
        parties.put_agreement(unit, _agreement("mailbox", "mailbox", mailbox))
        parties.put_agreement(unit, _agreement(example.BANK, "folder", {"inbox": str(sides.bank)}))


def _agreement(partner: str, channel: str, settings: Mapping[str, str], account: str = "") -> Agreement:
    return Agreement(
        id="",
        tenant=TENANT,
        partner=partner,
        valid_from=example.VALID_FROM,
        channel=channel,
        settings=dict(settings),
        payer_accounts=(account,) if account else (),
    )


def _hand_in(stage: Stage) -> None:
    stage.at(datetime(2026, 4, 15, 7, tzinfo=UTC), "a clinic hands in its treatment log")
    name = "no_treatment_log.csv"
    request = IntakeRequest(programme="treatment-assignments", organisation=CLINIC, name=name)
    data = (examples() / "no" / name).read_bytes()
    counts = intake.take(stage.hub, TENANT, request, data, _DEMO).counts()
    stage.say(f"  {counts['rows']} rows = {counts['claims']} to invoice, {counts['excluded']} rejected")


def _send(stage: Stage) -> None:
    stage.at(datetime(2026, 4, 15, 9, tzinfo=UTC), "five EHF invoices go through the access point")
    submit.submit(stage.hub, TENANT)
    with stage.hub.store.reading(TENANT) as unit:
        for row in exchanges.find(unit):
            _keep_sent(stage, row["name"], exchanges.message(unit, row).payload)
            stage.say(f"  {row['name']}: {row['state']}")


def _view(stage: Stage, case: str) -> ClaimView:
    """The invoice of a case; of corrected ones the newest."""
    with stage.hub.store.reading(TENANT) as unit:
        return [view for view in views.claim_views(unit) if view.case_ref == case and view.kind == "debit"][-1]


def _finished(stage: Stage) -> None:
    stage.at(datetime(2026, 4, 15, 10, tzinfo=UTC), "the journal system's own EHF is checked and forwarded as it is")
    with stage.hub.store.reading(TENANT) as unit:
        clinic = parties.organisation(unit, CLINIC).party
    payer = stage.hub.registry.by_name(_PAYERS[0])
    data = finished_invoice(
        _FINISHED,
        sak_id="6TST6",
        issued=stage.clock.now().date(),
        seller=(CLINIC, clinic.name),
        buyer=(payer.identifiers[0].value, payer.title),
        kid=make_kid(_FINISHED, length=10),
        account=clinic.account,
        amount="640.00",
    )
    stage.keep("no/finished.xml", data)
    taken = take_finished(stage.hub, TENANT, data, "finished.xml", _DEMO)
    submit.submit(stage.hub, TENANT)
    view = _view(stage, "6TST6")
    with stage.hub.store.reading(TENANT) as unit:
        for row in exchanges.find(unit, schema.exchange.c.invoice_number == view.invoice_number):
            _keep_sent(stage, row["name"], exchanges.message(unit, row).payload)
    stage.say(f"  {view.invoice_number}: {taken.status}, {view.transport}")


def _collect(stage: Stage) -> None:
    for item in receive.collect(stage.hub, TENANT):
        stage.say(f"  {item.kind}: {item.state}{f' ({item.note})' if item.note else ''}")


def _rejected(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2026, 4, 16, 12, tzinfo=UTC), "6TST5 is rejected: an Invoice Response and a mail, one case")
    view = _view(stage, "6TST5")
    reason = "Behandlerens HPR-nummer mangler"
    payload = invoice_response(view.invoice_number, "RE", reason=reason, at=stage.clock.now())
    stage.keep("no/received/invoice-response.xml", payload)
    sides.access_point.answer(
        _sent(sides, view.invoice_number),
        payload,
        document_id=_RESPONSE_ID,
        process_id=INVOICE_RESPONSE_PROFILE,
    )
    _mail(sides, "fjord-helse.example", view, "Behandlerens HPR-nummer mangler", credit_note=True)
    _collect(stage)


def _corrected(stage: Stage) -> None:
    stage.at(datetime(2026, 4, 17, 8, tzinfo=UTC), "the mail asks for a credit note: credited, corrected, sent anew")
    done = correct(stage.hub, TENANT, _view(stage, "6TST5").ref, read_changes(["therapist_hpr=9999901"]), _DEMO)
    stage.say(f"  {done.message['en']}")
    submit.submit(stage.hub, TENANT)
    with stage.hub.store.reading(TENANT) as unit:
        for row in exchanges.find(unit, schema.exchange.c.invoice_number.in_([done.credit, done.replacement])):
            _keep_sent(stage, row["name"], exchanges.message(unit, row).payload)
            stage.say(f"  {row['name']} ({row['kind']}): {row['state']}")


def _keep_sent(stage: Stage, name: str, payload: bytes) -> None:
    """What went out, and how a person reads it."""
    stage.keep(f"no/sent/{name}", payload)
    stage.keep(f"no/sent/{name.removesuffix('.xml')}.pdf", to_pdf(ubl.read(payload), "nb"))


def _sent(sides: Counterparts, number: str) -> Transaction:
    return next(found for found in sides.access_point.outbound if f">{number}<".encode() in found.payload)


def _mail(sides: Counterparts, domain: str, view: ClaimView, reason: str, *, credit_note: bool = False) -> None:
    mail = RejectionMail(
        sender=f"noreply@{domain}",
        to="faktura@klinikk.example",
        invoice=view.invoice_number,
        sak_id=view.case_ref,
        reason=reason,
        credit_note=credit_note,
    )
    sides.mail.receive(rejection(mail), signed_by=domain)


def _silence(stage: Stage) -> None:
    stage.at(datetime(2026, 4, 20, 6, tzinfo=UTC), "two working days without a word: presumed fine, reversibly")
    for ref in settle.settle(stage.hub, TENANT).presumed:
        stage.say(f"  {ref} presumed_ok")


def _paid(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2026, 4, 22, 7, tzinfo=UTC), "the bank: OCR giro, then a camt.054 with that booking again")
    with stage.hub.store.reading(TENANT) as unit:
        account = parties.organisation(unit, CLINIC).party.account
    cases = ("6TST1", "6TST2", "6TST3", "6TST5", "6TST6")
    first, second, third, fifth, sixth = (_view(stage, case) for case in cases)
    whole = _booking(stage, first, account, first.money.claimed, kid=True)
    more = [_booking(stage, view, account, view.money.claimed, kid=True) for view in (fifth, sixth)]
    part = _booking(stage, second, account, Money(83500, "NOK"), kid=True)
    named = _booking(stage, third, account, third.money.claimed, kid=False)
    files = {
        "ocr-2026-04-22.txt": ocr_file([whole, *more], created=stage.clock.now().date()),
        "camt054-2026-04-22.xml": camt054_file([whole, part, named], message="DEMO-NO-1", created=stage.clock.now()),
    }
    for name, data in files.items():
        (sides.bank / name).write_bytes(data)
        stage.keep(f"no/bank/{name}", data)
    _collect(stage)
    settle.settle(stage.hub, TENANT)


def _booking(stage: Stage, view: ClaimView, account: str, amount: Money, *, kid: bool) -> Booking:
    with stage.hub.store.reading(TENANT) as unit:
        row = claims.by_ref(unit, view.ref)
    return Booking(
        id=view.invoice_number,
        amount=amount,
        booked=date(2026, 4, 21),
        account=account,
        payer_account=example.PAYER_ACCOUNTS[view.payer],
        payer_name=stage.hub.registry.by_name(view.payer).title,
        reference=row["kid"] if row and kid else "",
        text="" if kid else f"Faktura {view.invoice_number} takk",
    )


def _late_rejection(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2026, 4, 24, 12, tzinfo=UTC), "a late rejection of 6TST4 re-opens what silence had presumed")
    _mail(sides, "trygg-testforsikring.example", _view(stage, "6TST4"), "Avtalen er endret")
    _collect(stage)
    settle.settle(stage.hub, TENANT)
