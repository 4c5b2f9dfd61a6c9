"""The Dutch story: two practices' lists to settled money, against counterparts that answer on loopback.

History: one Menzis line of 2023Q4 was granted and paid, then credited in full; Menzis nets that credit against the new
payment. Six insurers answer in six ways; one file is refused by VECOZO and goes out again without its bad line. Two
practices that claim in their own name join in (`demo_nl_own`): mental health by GDS801, and a finished PM304 file. One
lump sum is explained by the payer's specification, and one payment that names nothing is placed by a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from hub.intake.reference import read_coverage
from hub.model.exchange import Collected
from hub.model.money import Money
from hub.model.partner import Agreement
from hub.model.reply import Code
from hub.paths import examples
from hub.pipeline import by_hand, intake, payment_views, receive, release, settle, submit, views
from hub.pipeline.context import Actor
from hub.pipeline.credit import credit
from hub.pipeline.intake import IntakeRequest, IntakeResult
from hub.ports import Coverage, CoverageQuestion
from hub.sandbox import demo_nl_own, example
from hub.sandbox.bank import Booking, camt053_file, mt940_file
from hub.sandbox.cov import NOT_FOUND, CovQuestion, CovRecord, CovSource, insured, not_insured
from hub.sandbox.insurer import InsurerSandbox, Plan
from hub.sandbox.pki import Pki
from hub.sandbox.sftp import DOWNLOAD, UPLOAD, SftpSandbox
from hub.sandbox.specification import specification_file
from hub.sandbox.stage import Stage
from hub.sandbox.vecozo import Outgoing, VecozoSandbox
from hub.store import claims, exchanges, parties, schema
from hub.store.unit import Unit
from mappings.vektis_responses import LineVerdict

TENANT = example.NL_TENANT
PRACTICES = tuple(example.PRACTICES)
MODULE, PERIOD = example.MODULE, "2024Q1"
BY_VECOZO = "Afgekeurd"
"""The `actie` of a response that VECOZO itself made (invented: the real names are not public)."""
_DEMO = Actor(name="demo", role="engineer")
_PAYERS = ("menzis", "vgz", "zilveren-kruis", "cz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """Everybody on the other side of the Dutch story."""

    vecozo: VecozoSandbox
    sftp: SftpSandbox
    insurer: InsurerSandbox
    bank: Path


def play(stage: Stage, pki: Pki) -> None:
    """Play the whole story."""
    insurer = InsurerSandbox({}, day=date(2023, 10, 18))
    with _answering(stage, pki, insurer) as sides:
        _history(stage, sides)
        _hand_in(stage)
        _send(stage, sides)
        _answers(stage, sides)
        _refused_by_vecozo(stage, sides)
        demo_nl_own.mental_health(stage, insurer)
        _late_answer(stage, sides)
        demo_nl_own.finished_file(stage, insurer)
        _paid(stage, sides)


def go_on(stage: Stage, pki: Pki) -> None:
    """The mental health practice goes on where both stories have ended: refusals whose terms still run."""
    insurer = InsurerSandbox({}, day=demo_nl_own.PRESENT.date())
    with _answering(stage, pki, insurer):
        demo_nl_own.present(stage, insurer)


@contextmanager
def standing_by(stage: Stage, pki: Pki) -> Iterator[None]:
    """The same counterparts once more, granting everything, for whoever goes on by hand where the story ended."""
    with _answering(stage, pki, InsurerSandbox({}, day=stage.hub.clock.now().date())):
        yield


@contextmanager
def _answering(stage: Stage, pki: Pki, insurer: InsurerSandbox) -> Iterator[Counterparts]:
    """Everybody answers, and our agreements point at them."""
    with (
        VecozoSandbox(
            pki,
            now=stage.hub.clock.now,
            responder=lambda payload, _facts: _outgoing(insurer, payload),
            coverage=_coverage_source(),
        ) as vecozo,
        SftpSandbox(stage.folder("sftp")) as sftp,
    ):
        sides = Counterparts(vecozo=vecozo, sftp=sftp, insurer=insurer, bank=stage.folder("bank-nl"))
        _agreements(stage, sides)
        yield sides


def _outgoing(insurer: InsurerSandbox, payload: bytes) -> list[Outgoing]:
    return [
        Outgoing(
            payload=answer.payload,
            actie=BY_VECOZO if answer.by_clearing else "Retour",
            late=answer.late,
            copies=answer.copies,
        )
        for answer in insurer.answer(payload)
    ]


def _coverage_source() -> CovSource:
    """COV answers from the example tables, in the real service's words."""
    folder = examples() / "nl"
    table = read_coverage((folder / "cov_example.csv").read_bytes(), (folder / "cov_practice2.csv").read_bytes())

    def answer(question: CovQuestion) -> CovRecord:
        asked = CoverageQuestion(
            bsn=question.bsn, birth_date=question.birth_date, reference_date=question.reference_date
        )
        (found,) = table.check([asked])
        if found.coverage is Coverage.INSURED:
            return insured(found.uzovi)
        return not_insured() if found.coverage is Coverage.NOT_INSURED else NOT_FOUND

    return answer


def _agreements(stage: Stage, sides: Counterparts) -> None:
    """Our agreements, pointing at the counterparts: VECOZO for all, VGZ's files by SFTP, the bank's folder."""
    vecozo = sides.vecozo.settings() | {"clearing_when": f"actie={BY_VECOZO}"}
    with stage.hub.store.unit(TENANT) as unit:
        for partner in _PAYERS:
            by_sftp = partner == "vgz"
            _agree(
                unit,
                partner,
                channel="sftp" if by_sftp else "",
                settings=sides.sftp.settings if by_sftp else vecozo,
                payer_accounts=(example.PAYER_ACCOUNTS[partner],),
            )
        _agree(unit, "cov", channel="cov", settings=vecozo | {"endpoint": sides.vecozo.cov_endpoint})
        _agree(unit, example.BANK, channel="folder", settings={"inbox": str(sides.bank)})


def _agree(
    unit: Unit, partner: str, *, channel: str, settings: Mapping[str, str], payer_accounts: Sequence[str] = ()
) -> None:
    parties.put_agreement(
        unit,
        Agreement(
            id="",
            tenant=unit.tenant,
            partner=partner,
            valid_from=example.VALID_FROM,
            channel=channel,
            settings=dict(settings),
            payer_accounts=tuple(payer_accounts),
        ),
    )


def _history(stage: Stage, sides: Counterparts) -> None:
    """2023Q4: one line granted, paid, and credited in full."""
    stage.at(datetime(2023, 10, 16, 8, tzinfo=UTC), "2023Q4: one line is claimed, granted and paid (history)")
    _list(stage, PRACTICES[0], "2023Q4", _one_person("01-10-2023"))
    submit.submit(stage.hub, TENANT)
    receive.collect(stage.hub, TENANT)
    stage.at(datetime(2023, 11, 20, 8, tzinfo=UTC), "Menzis pays it")
    _statement(stage, sides, "2023-11", [_payment(stage, "menzis", "hist1")])
    stage.at(datetime(2023, 12, 11, 8, tzinfo=UTC), "the patient had left: full credit, accepted by Menzis")
    with stage.hub.store.reading(TENANT) as unit:
        (row,) = claims.find(unit, schema.claim.c.period == "2023Q4")
    sides.insurer.day = date(2023, 12, 12)
    credit(stage.hub, TENANT, row["ref"])
    submit.submit(stage.hub, TENANT)
    receive.collect(stage.hub, TENANT)


def _one_person(reference_date: str) -> bytes:
    """A list of one invented person, in the form of the example list."""
    header = (examples() / "nl" / "nl_ion_export_2024Q1.csv").read_bytes().splitlines()[0]
    row = (
        f"01099901;01099011;{reference_date};999995005;V;H.H.;;Historie-Voorbeeld;02-02-1952;7511 AA;99;"
        "01-01-2010;;;3332;900200000"
    )
    return header + b"\n" + row.encode() + b"\n"


def _list(stage: Stage, practice: str, period: str, data: bytes, name: str = "list.csv") -> IntakeResult:
    request = IntakeRequest(programme="module-quarter", organisation=practice, module=MODULE, period=period, name=name)
    return intake.take(stage.hub, TENANT, request, data, _DEMO)


def _hand_in(stage: Stage) -> None:
    stage.at(datetime(2024, 1, 15, 8, tzinfo=UTC), "2024Q1: two practices hand in their lists")
    names = ("nl_ion_export_2024Q1.csv", "nl_practice2_2024Q1.csv")
    for practice, name in zip(PRACTICES, names, strict=True):
        data = (examples() / "nl" / name).read_bytes()
        counts = _list(stage, practice, PERIOD, data, name).counts()
        stage.say(
            f"  {practice}: {counts['rows']} rows = {counts['claims']} claims, {counts['excluded']} excluded, "
            f"{counts['later']} later, {counts['held']} held"
        )
    again = _list(stage, PRACTICES[0], PERIOD, (examples() / "nl" / names[0]).read_bytes(), "again.csv")
    stage.say(f"  the same list again: {again.status}, nothing done")


def _send(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2024, 1, 15, 20, tzinfo=UTC), "the night: one file per insurer, checked, delivered")
    sides.insurer.day = date(2024, 1, 17)
    for uzovi, plan in _plans().items():
        sides.insurer.plan(uzovi, plan)
    submit.submit(stage.hub, TENANT)
    with stage.hub.store.reading(TENANT) as unit:
        for row in exchanges.find(unit, schema.exchange.c.meta["receiver"].as_string() != ""):
            if row["prepared_at"] == unit.now:
                stage.keep(f"nl/sent/{row['name']}", exchanges.message(unit, row).payload)
                stage.say(f"  {row['name']} by {row['channel']}: {row['state']}")


def _plans() -> dict[str, Plan]:
    """How each insurer answers: granted, changed, refused and absent lines, nothing but 01 and 99, late, twice."""
    refused = LineVerdict(granted=_euro(0), codes=(Code(list="COD957", code="101", element="0403"),))
    changed = LineVerdict(granted=_euro(55), codes=(Code(list="COD957", code="104", element="0412"),))
    unknown = LineVerdict(granted=_euro(0), codes=(Code(list="COD957", code="777", element="0411"),))
    fault = Code(list="COD957", code="160", element="0413")
    return {
        "3332": Plan(lines={"999931428": refused, "999982886": changed}, shown=frozenset({"999903883"})),
        "3334": Plan(none=True),
        "7095": Plan(lines={"999986648": unknown}),
        "3311": Plan(none=True, late=True),
        "3313": Plan(shown=frozenset({"999923080"}), copies=2),
        "7119": Plan(cleared={"999990408": fault}),
    }


def _euro(cents: int) -> Money:
    return Money(cents, "EUR")


def _answers(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2024, 1, 17, 20, tzinfo=UTC), "answers come back")
    for path in sorted(sides.sftp.path(UPLOAD).iterdir()):
        for answer in sides.insurer.answer(path.read_bytes()):
            (sides.sftp.path(DOWNLOAD) / f"{path.stem}.ret").write_bytes(answer.payload)
    _collect(stage)


def _collect(stage: Stage) -> None:
    for item in receive.collect(stage.hub, TENANT):
        stage.say(f"  {item.kind}: {item.state}{f' ({item.note})' if item.note else ''}")


def _refused_by_vecozo(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2024, 1, 18, 9, tzinfo=UTC), "VECOZO refused CZ's file: take the bad line out, send the rest")
    sides.insurer.day = date(2024, 1, 19)
    with stage.hub.store.reading(TENANT) as unit:
        (refused,) = exchanges.find(unit, schema.exchange.c.state == "refused")
    done = release.release(stage.hub, TENANT, refused["invoice_number"], _DEMO)
    stage.say(f"  {done.what}")
    submit.submit(stage.hub, TENANT)
    _collect(stage)


def _late_answer(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2024, 1, 26, 20, tzinfo=UTC), "Zilveren Kruis answers late")
    sides.vecozo.release()
    _collect(stage)


def _paid(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2024, 2, 5, 8, tzinfo=UTC), "the bank: batch totals, one less an older credit (camt.053)")
    batch = [
        _payment(stage, partner, f"feb{number}") for number, partner in enumerate(("menzis", "zilveren-kruis", "cz"))
    ]
    _statement(stage, sides, "2024-02", [booking for booking in batch if booking.amount])
    _paid_by_specification(stage, sides)
    stage.at(datetime(2024, 2, 14, 8, tzinfo=UTC), "the practices that claim for themselves are paid")
    own = [
        _payment(stage, "zilveren-kruis", "feb14", payee=example.GGZ_PRACTICE),
        replace(_payment(stage, "cz", "feb15", payee=example.PHYSIO_PRACTICE), text="betaling februari"),
    ]
    for number, booking in enumerate(own, start=1):
        _statement(stage, sides, f"2024-02-14-{number}", [booking])
    _by_hand(stage)


def _paid_by_specification(stage: Stage, sides: Counterparts) -> None:
    stage.at(datetime(2024, 2, 12, 8, tzinfo=UTC), "VGZ pays in one amount that names nothing (MT940): for a person")
    vgz = _payment(stage, "vgz", "feb9")
    numbers = [word for word in vgz.text.split() if word.startswith("KV")]
    lump = replace(vgz, text="VGZ betaling week 6")
    data = mt940_file([lump], reference="KVITTDEMO", created=stage.hub.clock.now().date())
    (sides.bank / "statement-2024-02-12.940").write_bytes(data)
    stage.keep("nl/bank/statement-2024-02-12.940", data)
    _collect(stage)
    settle.settle(stage.hub, TENANT)
    stage.at(datetime(2024, 2, 13, 8, tzinfo=UTC), "VGZ's specification says line by line what it paid")
    told = _specified(stage, "vgz", numbers)
    stage.keep("nl/received/betaalspecificatie-2024-02-12.csv", told)
    name = "betaalspecificatie-2024-02-12.csv"
    for item in receive.receive(stage.hub, TENANT, Collected(remote_id=name, name=name, payload=told)):
        stage.say(f"  {item.kind}: {item.state} ({item.note})")
    settle.settle(stage.hub, TENANT)
    with stage.hub.store.reading(TENANT) as unit:
        lump_row = next(each for each in payment_views.listed(unit) if each["amount_minor"] == lump.amount.minor)
    stage.say(f"  {lump.amount}: {lump_row['state']}, by its {lump_row['code']}")


def _specified(stage: Stage, partner: str, numbers: Sequence[str]) -> bytes:
    """What an insurer says it paid of each file of ours."""
    columns = stage.hub.registry.by_name(partner).specification
    with stage.hub.store.reading(TENANT) as unit:
        found = views.claim_views(unit)
    owed = {number: [view.money.outstanding for view in found if view.invoice_number == number] for number in numbers}
    rows = [
        {"own_reference": number, "amount": f"{sum(each.minor for each in amounts) / Decimal(100):.2f}"}
        for number, amounts in owed.items()
    ]
    return specification_file(columns, rows) if columns else b""


def _by_hand(stage: Stage) -> None:
    stage.at(datetime(2024, 2, 15, 9, tzinfo=UTC), "one payment names nothing: a person takes the first suggestion")
    with stage.hub.store.reading(TENANT) as unit:
        waiting = payment_views.listed(unit, ["review"])
        found = [(each, payment_views.suggested(stage.hub, unit, each["payment"])) for each in waiting]
    for each, suggested in found:
        if suggested:
            best = suggested[0]
            claims_named = " and ".join(ref for ref, _ in best.allocations)
            stage.say(f"  {each['short']}: {claims_named} ({best.why})")
            by_hand.allocate(
                stage.hub, TENANT, each["payment"], best.wanted, _DEMO, reason="agrees with the payer's mail"
            )


def _statement(stage: Stage, sides: Counterparts, name: str, bookings: Sequence[Booking]) -> None:
    data = camt053_file(bookings, message=f"DEMO-{name}", created=stage.hub.clock.now())
    (sides.bank / f"statement-{name}.xml").write_bytes(data)
    stage.keep(f"nl/bank/statement-{name}.xml", data)
    _collect(stage)
    settle.settle(stage.hub, TENANT)


def _payment(stage: Stage, partner: str, number: str, *, payee: str = example.CARE_GROUP) -> Booking:
    """What an insurer pays one payee: all it granted and has not paid, less what it is owed back, in one amount."""
    with stage.hub.store.reading(TENANT) as unit:
        found = views.claim_views(unit)
        due = [view for view in found if (view.payer, view.claimant) == (partner, payee) and view.money.outstanding]
        account = parties.organisation(unit, payee).party.account
    numbers = sorted({view.invoice_number for view in due if view.kind == "debit"})
    return Booking(
        id=number,
        amount=_euro(sum(view.money.outstanding.minor for view in due)),
        booked=stage.hub.clock.now().date(),
        account=account,
        payer_account=example.PAYER_ACCOUNTS[partner],
        payer_name=stage.hub.registry.by_name(partner).title,
        text=("afrekening " if any(view.kind == "credit" for view in due) else "declaratie ") + " ".join(numbers),
    )
