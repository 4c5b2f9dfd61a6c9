"""Claims to GDS801 and back, GDS802 to decisions and from verdicts: what is said, what is refused, what is kept raw."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from hub.cli import meanings
from hub.errors import FormatError, MappingError
from hub.formats import AnswerContext, recognise
from hub.formats.gds_responses import read as read_answer
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.finding import blocking
from hub.model.money import Money
from hub.model.party import Party
from hub.model.person import Person
from hub.model.reply import Code, FileOutcome, ResponseFile, Verdict
from hub.sandbox.insurer import InsurerSandbox, Plan
from mappings.gds import GdsHeader, from_gds801, to_gds801, writable
from mappings.gds_replies import from_gds802
from mappings.gds_responses import extracted, to_gds802
from mappings.gds_texts import WORDINGS
from mappings.vektis_responses import LineVerdict
from schemas import gds
from schemas.gds import GdsMessage

TODAY = date(2024, 1, 22)
PRACTICE = Party(scheme="AGB", id="94099901", name="GGZ-praktijk Proef")
BUREAU = Party(scheme="AGB", id="98099901", name="Bureau Proef")
HEADER = GdsHeader(
    reference="KV0000000001",
    invoice_number="KV0000000001",
    invoice_date=TODAY,
    sent=TODAY,
    period_begin=date(2024, 1, 8),
    period_end=date(2024, 1, 9),
    uzovi="3311",
    sender=BUREAU.id,
    claimant=PRACTICE.id,
)
EXTRA = {"trajectory": "ZT-1", "referral_type": "01", "referrer_agb": "01099011", "privacy": "Nee"}
ANNE, BEN = Person(birth_date=date(1985, 3, 14), bsn="999940004"), Person(birth_date=date(1972, 9, 2), bsn="999940016")


def claim(ref: str = "R1", cents: int = 15625, person: Person = ANNE, **changed: Any) -> Claim:
    """A claim of one performance; `changed` are fields of its line, negative cents make a credit."""
    amount = Money(cents, "EUR")
    line = ClaimLine(
        id=f"line-{ref}",
        number=1,
        ref=ref,
        service_code="CO0562",
        code_list="071",
        begins=datetime(2024, 1, 8, 9),  # noqa: DTZ001 -- local time, as the message says it
        ends=datetime(2024, 1, 8, 9, 45),  # noqa: DTZ001
        unit_price=Money(abs(cents), "EUR"),
        amount=amount,
        performer="94099911",
        extra=EXTRA,
    )
    return Claim(
        id=f"claim-{ref}",
        tenant="t",
        country="NL",
        kind=ClaimKind.CREDIT if cents < 0 else ClaimKind.DEBIT,
        ref=ref,
        programme="zpm-performances",
        payer="proef",
        payer_code="3311",
        provider=PRACTICE,
        claimant=PRACTICE,
        submitter=BUREAU,
        person=person,
        currency="EUR",
        lines=(replace(line, **changed),),
    )


THREE = (claim("R1"), claim("R2", 12040, BEN), claim("R3", 18750))


def sent(*claims: Claim) -> GdsMessage:
    """A message as it went out and was read again."""
    data = gds.write(to_gds801(HEADER, claims or THREE))
    assert blocking(gds.check(data, on=TODAY)) == []
    return gds.read(data)


def answered(verdicts: dict[str, LineVerdict], message: GdsMessage | None = None, **more: Any) -> GdsMessage:
    """The response to it, as it arrives; it passes the rules for responses."""
    data = gds.write(to_gds802(message or sent(), verdicts, response_date=date(2024, 1, 24), **more))
    assert blocking(gds.check(data, on=date(2024, 1, 24))) == []
    return gds.read(data)


def code(number: str, element: str = "") -> tuple[Code, ...]:
    return (Code(list="COD954", code=number, element=element),)


def euro(cents: int) -> Money:
    return Money(cents, "EUR")


# Claims to a message.


def test_a_practitioner_without_agb_code_is_named_with_a_profession() -> None:
    named = claim(
        performer="",
        profession="MB",
        performer_name="Proef",
        extra=EXTRA | {"performer_initials": "A.B.", "performer_prefix": "van", "director_agb": "94099912"},
    )
    one = sent(named).root.first("Verzekerde/Prestatie/DebetPrestatie")
    assert one is not None
    doer, director = one.all("Zorgaanbieder")
    assert (doer.text_at("BeroepZorgverlener"), doer.text_at("Zorgaanbiedercode")) == ("MB", "")
    assert doer.text_at("NaamZorgverlener/Geslachtsnaam/Achternaam") == "Proef"
    assert (director.text_at("Zorgaanbiedercode"), director.text_at("ZorgaanbiederRol")) == ("94099912", "02")


def test_a_care_label_and_a_reclaim_code_are_said() -> None:
    one = sent(claim(reclaim_code="02", extra=EXTRA | {"care_label": "ZL01"})).root.first(
        "Verzekerde/Prestatie/DebetPrestatie"
    )
    assert one is not None
    assert one.text_at("Herdeclaratiecode") == "02"
    assert one.text_at("AanvullendPrestatieKenmerk/ApkCodelijstCode") == "001"
    assert one.text_at("AanvullendPrestatieKenmerk/ApkCode") == "ZL01"


def test_a_practice_that_sends_itself_sends_as_a_provider() -> None:
    root = to_gds801(replace(HEADER, sender=PRACTICE.id), THREE).root
    assert (root.text_at("Header/VerzenderRol"), root.text_at("Header/Verzender")) == ("1", PRACTICE.id)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (claim(person=Person(birth_date=date(1990, 1, 1))), "BSN or insured number"),
        (claim(person=Person(bsn="999940004")), "birth date"),
        (replace(claim(), payer_code="3332"), "another UZOVI number"),
        (replace(claim(), currency="NOK"), "currency NOK"),
        (claim(quantity=2), "quantity 1"),
        (claim(allowance=Money(100, "EUR")), "no deduction"),
        (claim(vat_rate="21"), "no VAT"),
        (claim(ends=datetime(2024, 1, 9, 9)), "ends on the day"),  # noqa: DTZ001
        (claim(performer=""), "practitioner"),
        (claim(extra={}), "Zorgtraject"),
        (claim(cents=-100), "must name the line"),
        (replace(claim(), kind=ClaimKind.CREDIT), "sign"),
    ],
)
def test_what_does_not_fit_stops_its_own_claim_only(bad: Claim, why: str) -> None:
    good, wrong = writable(HEADER, [THREE[1], bad, THREE[2]])
    assert good == [THREE[1], THREE[2]]
    ((stopped, error),) = wrong
    assert stopped is bad
    assert why in error.message
    assert bad.ref in error.message
    assert "999940004" not in error.message


def test_a_credit_never_shares_a_message_with_the_line_it_takes_back() -> None:
    with pytest.raises(MappingError, match="R1 of the same message"):
        to_gds801(HEADER, [claim("R1"), claim("R9", -15625, previous_ref="R1")])
    with pytest.raises(MappingError):
        to_gds801(HEADER, [])
    total = to_gds801(HEADER, [claim("R1", 100), claim("R9", -15625, previous_ref="R0")]).root
    assert total.text_at("Overzicht/TotaalDeclaratiebedragInclBtw/Bedrag") == "155.25"
    assert total.text_at("Overzicht/TotaalDeclaratiebedragInclBtw/DebetCreditCode") == "C"


# A finished message to lines.


def test_a_finished_message_is_read_into_signed_lines() -> None:
    header, lines = from_gds801(sent(*THREE, claim("R9", -9810, previous_ref="R0")))
    assert (header.invoice_number, header.uzovi, header.practice, header.payment_to) == (
        "KV0000000001", "3311", PRACTICE.id, "03",
    )  # fmt: skip
    assert (header.service_bureau, header.test, header.period_begin) == (BUREAU.id, True, date(2024, 1, 8))
    assert {one.ref: one.amount for one in lines} == {
        "R1": euro(15625), "R2": euro(12040), "R3": euro(18750), "R9": euro(-9810),
    }  # fmt: skip
    credit = next(one for one in lines if one.ref == "R9")
    first = next(one for one in lines if one.ref == "R1")
    assert (credit.previous_ref, first.previous_ref, first.performer) == ("R0", "", "94099911")
    assert (first.person, first.begins, first.unit_price) == (ANNE, date(2024, 1, 8), euro(15625))


@pytest.mark.parametrize(("kind", "field", "paid"), [("1", "institution", "04"), ("3", "practitioner", "02")])
def test_who_is_paid_is_what_the_claimant_is(kind: str, field: str, paid: str) -> None:
    message = to_gds801(replace(HEADER, claimant_kind=kind), THREE)
    header, _ = from_gds801(message)
    assert (getattr(header, field), header.payment_to) == (PRACTICE.id, paid)
    header, _ = from_gds801(to_gds801(replace(HEADER, paid_to_bureau=True), THREE))
    assert header.payment_to == "01"


def test_a_performance_that_cannot_be_read_comes_back_with_its_finding() -> None:
    data = gds.write(to_gds801(HEADER, THREE)).replace(b"120.40</Decl", b"much</Decl").replace(b"R3<", b"<")
    _, lines = from_gds801(gds.read(data))
    assert [(one.ref, bool(one.findings)) for one in lines] == [("R1", False), ("", True), ("", True)]
    assert all(one.record > 1 for one in lines)
    with pytest.raises(FormatError):
        from_gds801(gds.read(data.replace(b"<Factuurdatum>2024-01-22", b"<Factuurdatum>22-01-2024")))


# A response to decisions.


def judged(response: ResponseFile) -> dict[str, tuple[Verdict, Money | None]]:
    return {one.line_ref: (one.verdict, one.granted) for one in response.decisions}


def test_granted_changed_and_refused_lines_are_told_apart_by_their_amount() -> None:
    response = from_gds802(
        answered(
            {
                "R2": LineVerdict(granted=euro(9810), codes=code("8059")),
                "R3": LineVerdict(granted=euro(0), codes=code("8022", "Declarant")),
            }
        )
    )
    assert (response.outcome, response.absent_granted, response.findings) == (FileOutcome.DECIDED, True, ())
    assert judged(response) == {"R2": (Verdict.CHANGED, euro(9810)), "R3": (Verdict.REFUSED, euro(0))}
    assert (response.claimed_total, response.granted_total) == (euro(46415), euro(25435))
    assert (response.payer_code, response.payee_code, response.test) == ("3311", PRACTICE.id, True)
    refused = next(one for one in response.decisions if one.line_ref == "R3")
    assert [(one.list, one.code, one.element) for one in refused.codes] == [("COD954", "8022", "Declarant")]
    assert refused.raw["ToegekendBedragInclBtwNietFinancieel"] == "0.00"


def test_codes_of_the_insured_count_for_each_of_their_lines() -> None:
    response = from_gds802(
        answered({"R1": LineVerdict(granted=euro(0), insured_codes=code("0300")), "R3": LineVerdict(granted=euro(0))})
    )
    assert {one.line_ref: [each.code for each in one.codes] for one in response.decisions} == {
        "R1": ["0200", "0300"], "R3": ["0200", "0300"],
    }  # fmt: skip
    assert {one.verdict for one in response.decisions} == {Verdict.REFUSED}


def test_a_credit_is_granted_with_its_sign() -> None:
    message = sent(claim("R9", -9810, previous_ref="R0"))
    response = from_gds802(answered({"R9": LineVerdict(codes=code("0200"))}, message))
    assert judged(response) == {"R9": (Verdict.CHANGED, euro(-9810))}
    assert response.granted_total == euro(-9810)


def test_a_response_without_lines_grants_or_refuses_the_message() -> None:
    granted = from_gds802(answered({}))
    assert (granted.outcome, granted.absent_granted) == (FileOutcome.ALL_GRANTED, True)
    refused = from_gds802(answered({}, codes=code("8022")))
    assert (refused.outcome, refused.refused_by, [one.code for one in refused.codes]) == (
        FileOutcome.FILE_REFUSED, "payer", ["8022"],
    )  # fmt: skip
    remark = from_gds802(answered({}, codes=code("8001")))
    assert remark.outcome is FileOutcome.TRIAGE, "granted in full, but the totals say nothing was"


def test_vecozo_refuses_the_message_and_judges_no_companion() -> None:
    response = from_gds802(answered({"R2": LineVerdict(codes=code("8632"))}, clearing=True, shown={"R1"}))
    assert (response.outcome, response.refused_by, response.absent_granted) == (
        FileOutcome.FILE_REFUSED, "clearing", False,
    )  # fmt: skip
    assert judged(response) == {"R1": (Verdict.OPEN, None), "R2": (Verdict.REFUSED, euro(0))}
    assert (response.payer_code, response.granted_total) == ("", euro(0))


def test_the_channel_may_say_that_vecozo_sent_it() -> None:
    data = gds.write(answered({"R2": LineVerdict(granted=euro(0), codes=code("8632"))}))
    (response,) = read_answer(data, AnswerContext(meta={"sent_by": "clearing"}))
    assert isinstance(response, ResponseFile)
    assert response.refused_by == "clearing"
    assert recognise(data) == "vektis-GDS802-1.0"
    assert recognise(gds.write(sent())) is None, "a claim message is no answer"


def altered(old: str, new: str, verdicts: dict[str, LineVerdict] | None = None) -> ResponseFile:
    """A response with a text changed on its way."""
    verdicts = verdicts or {"R2": LineVerdict(granted=euro(9810), codes=code("8059"))}
    data = gds.write(answered(verdicts))
    assert old.encode() in data
    return from_gds802(gds.read(data.replace(old.encode(), new.encode())))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("Financieel>98.10<", "Financieel>veel<", "NO-AMOUNT"),
        ("NietFinancieel>0.00</ToegekendBedrag", "NietFinancieel>12.00</ToegekendBedrag", "NOT-FINANCIAL"),
    ],
)
def test_an_amount_that_is_not_clear_leaves_the_line_open(old: str, new: str, found: str) -> None:
    response = altered(old, new)
    assert judged(response) == {"R2": (Verdict.OPEN, None)}
    assert [one.code for one in response.findings] == [f"KVITT-GDS-{found}"]


def test_a_line_without_our_reference_is_never_a_verdict_on_the_whole_invoice() -> None:
    response = altered("<Referentienummer>R2</Referentienummer>", "<Referentienummer> </Referentienummer>")
    assert response.decisions == ()
    assert ([one.code for one in response.findings], response.absent_granted) == (["KVITT-GDS-NO-REFERENCE"], False)


def test_a_line_that_is_judged_twice_is_judged_once_and_told() -> None:
    verdicts = {
        "R1": LineVerdict(granted=euro(100), codes=code("8059")),
        "R3": LineVerdict(granted=euro(200), codes=code("8059")),
    }
    response = altered(">R3<", ">R1<", verdicts)
    assert [(one.line_ref, one.verdict) for one in response.decisions] == [
        ("R1", Verdict.CHANGED),
        ("R1", Verdict.OPEN),
    ]
    assert (response.absent_granted, response.findings[0].code) == (False, "KVITT-GDS-DUPLICATE-REFERENCE")


def test_a_message_that_is_refused_and_judged_at_once_is_for_a_person() -> None:
    response = altered("</DeclaratieContext>", "<Feedback><Retourcode>8022</Retourcode></Feedback></DeclaratieContext>")
    assert (response.outcome, response.absent_granted) == (FileOutcome.TRIAGE, False)
    assert "KVITT-GDS-UNJUDGED-FILE" in {one.code for one in response.findings}


def test_a_person_without_a_performance_is_told_and_nothing_is_granted_for_it() -> None:
    prefix = "<Verzekerde><BSN>999940016</BSN><Feedback><Retourcode>0300</Retourcode></Feedback></Verzekerde></Bericht>"
    response = altered("</Bericht>", prefix)
    assert response.absent_granted is False
    (told,) = response.findings
    assert (told.code, told.said("nl").startswith("Retourcode COD954:0300")) == ("KVITT-GDS-INSURED-ONLY", True)
    assert "999940016" not in str(told)


def test_nothing_awarded_and_nothing_refused_is_not_judged() -> None:
    response = from_gds802(answered({"R2": LineVerdict(granted=euro(0), codes=code("0200"))}))
    assert judged(response) == {"R2": (Verdict.OPEN, None)}
    assert [one.code for one in response.findings] == ["KVITT-GDS-NOT-JUDGED"]


@pytest.mark.parametrize("inside", ["", "<DebetPrestatie>{}</DebetPrestatie>"], ids=["empty", "without our reference"])
def test_a_level_above_a_performance_means_that_person_only(inside: str) -> None:
    feedback = "<Feedback><Retourcode>8632</Retourcode></Feedback>"
    below = inside.format(feedback) if inside else feedback
    person = f"<Verzekerde><BSN>999940016</BSN><Prestatie>{below}</Prestatie></Verzekerde></Bericht>"
    data = gds.write(answered({}, clearing=True)).replace(b"</Bericht>", person.encode())
    response = from_gds802(gds.read(data), sent=sent())
    assert judged(response) == {"R2": (Verdict.REFUSED, euro(0))}


def test_a_total_that_cannot_be_read_is_no_total() -> None:
    response = altered("<Bedrag>464.15<", "<Bedrag>veel<")
    assert (response.claimed_total, response.granted_total) == (None, euro(44185))


def refusing(person: str, message: GdsMessage | None = None) -> ResponseFile:
    """VECOZO refuses a person, as the response names them, and no performance."""
    bare = answered({}, clearing=True)
    feedback = "<Feedback><Retourcode>0435</Retourcode></Feedback>"
    data = gds.write(bare).replace(b"</Bericht>", f"<Verzekerde>{person}{feedback}</Verzekerde></Bericht>".encode())
    return from_gds802(gds.read(data), sent=message or sent())


def test_a_person_vecozo_refuses_stands_for_what_was_sent_for_that_person() -> None:
    response = refusing("<BSN>999940004</BSN>")
    assert judged(response) == {"R1": (Verdict.REFUSED, euro(0)), "R3": (Verdict.REFUSED, euro(0))}
    assert (response.outcome, response.findings) == (FileOutcome.FILE_REFUSED, ())
    assert {code.code for one in response.decisions for code in one.codes} == {"0435"}


@pytest.mark.parametrize(
    "person",
    [
        "<UzoviNummer>3311</UzoviNummer>",
        "<BSN>999990019</BSN>",
        "<BSN>999940004</BSN><PatientIdentificatienummer>P-2</PatientIdentificatienummer>",
    ],
    ids=["only an insurer", "somebody else", "two numbers that disagree"],
)
def test_a_person_who_cannot_be_found_means_nobody_in_particular(person: str) -> None:
    with_number = gds.write(sent()).replace(
        b"<BSN>999940004</BSN>",
        b"<BSN>999940004</BSN><PatientIdentificatienummer>P-1</PatientIdentificatienummer>",
    )
    response = refusing(person, gds.read(with_number))
    assert response.decisions == ()
    assert [one.code for one in response.findings] == ["KVITT-GDS-INSURED-ONLY"]


def test_one_number_of_two_people_means_neither_of_them() -> None:
    number = b"<PatientIdentificatienummer>P-1</PatientIdentificatienummer>"
    twice = gds.write(sent())
    for bsn in (b"<BSN>999940004</BSN>", b"<BSN>999940016</BSN>"):
        twice = twice.replace(bsn, bsn + number)
    response = refusing(number.decode(), gds.read(twice))
    assert response.decisions == ()


def test_an_insurer_that_names_a_person_only_refuses_no_line_by_guess() -> None:
    prefix = "<Verzekerde><BSN>999940016</BSN><Feedback><Retourcode>0435</Retourcode></Feedback></Verzekerde></Bericht>"
    data = gds.write(answered({})).replace(b"</Bericht>", prefix.encode())
    response = from_gds802(gds.read(data), sent=sent())
    assert (response.decisions, response.absent_granted) == ((), False)


def test_every_wording_is_said_in_three_languages_and_explained() -> None:
    for wording in WORDINGS.values():
        (hit,) = meanings.explain(wording.code)
        assert hit.source == "Kvitt, meaning of GDS messages"
        assert set(wording.text) == set(wording.hint) == {"en", "nb", "nl"}
        assert len(set(wording.text.values())) == 3


# Verdicts to a response.


def test_a_response_is_for_claim_messages_only() -> None:
    with pytest.raises(MappingError):
        to_gds802(answered({}), {}, response_date=TODAY)


def test_a_providers_own_lines_are_taken_out_with_their_own_totals() -> None:
    message = sent()
    response = answered(
        {
            "R2": LineVerdict(granted=euro(9810), codes=code("8059")),
            "R3": LineVerdict(granted=euro(0), codes=code("8022")),
        },
        message,
    )
    mine = from_gds802(gds.read(gds.write(extracted(response, {"R1", "R3"}, message))))
    assert judged(mine) == {"R3": (Verdict.REFUSED, euro(0))}
    assert (mine.claimed_total, mine.granted_total) == (euro(34375), euro(15625))
    refused = answered({}, message, codes=code("8022"))
    nothing = from_gds802(extracted(refused, {"R1"}, message, absent_granted=False))
    assert (nothing.claimed_total, nothing.granted_total) == (euro(15625), euro(0))


def test_the_sandbox_insurer_answers_messages_as_it_answers_files() -> None:
    payload = gds.write(to_gds801(HEADER, THREE))
    half = LineVerdict(granted=euro(6020), codes=code("8059"))
    insurer = InsurerSandbox({"3311": Plan(lines={"999940016": half}, copies=2)}, day=date(2024, 1, 24))
    (one,) = insurer.answer(payload)
    assert (one.copies, one.by_clearing) == (2, False)
    assert judged(from_gds802(gds.read(one.payload))) == {"R2": (Verdict.CHANGED, euro(6020))}
    insurer.plan("3311", Plan(silent=True))
    assert insurer.answer(payload) == []
    insurer.plan("3311", Plan(cleared={"999940004": code("8632")[0]}))
    (cleared,) = insurer.answer(payload)
    assert (cleared.by_clearing, from_gds802(gds.read(cleared.payload)).refused_by) == (True, "clearing")
