"""Finished Vektis claim files: every line a claim under the provider's own reference, the file itself forwarded whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.cli.boot import create_hub
from hub.clock import MovableClock
from hub.errors import ConfigurationError, ContentError
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.exchange import Collected, ExchangeState
from hub.model.money import Money
from hub.model.partner import Agreement
from hub.model.party import Party
from hub.model.person import Person
from hub.model.reply import Code
from hub.pipeline import submit
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Actor, Hub
from hub.pipeline.credit import credit
from hub.pipeline.finished import FinishedResult, recognise_finished, take_finished
from hub.pipeline.receive import receive
from hub.pipeline.release import release
from hub.pipeline.views import claim_views, conservation
from hub.security.keys import KeyStore
from hub.settings import default_settings
from hub.store import claims, exchanges, money, parties, schema, tasks
from hub.store.money import NewDecision
from hub.store.unit import Row, Store
from mappings.vektis import ClaimFileHeader, from_claim_file, to_ha304
from mappings.vektis_responses import LineVerdict, to_response
from schemas import vektis

GROUP = Party(scheme="AGB", id="53530001", name="Zorggroep Proef")
BUREAU = Party(scheme="AGB", id="98009901", name="Bureau Proef")
PRACTICE = Party(scheme="AGB", id="04049902", name="Fysio Proef")
MENZIS = "3332"
FIRST = Person(
    birth_date=date(1961, 3, 12),
    bsn="999903883",
    sex="2",
    initials="AB",
    name="Testpaal",
    postal_code="7511AA",
    house_number="1",
)
SECOND = replace(FIRST, bsn="999990019", name="Proefkonijn")


def one_claim(ref: str, *, person: Person = FIRST, cents: int = 105, previous: str = "") -> Claim:
    line = ClaimLine(
        id=f"id-{ref}",
        number=1,
        ref=ref,
        service_code="14499",
        code_list="008",
        begins=date(2024, 1, 1),
        unit_price=Money(abs(cents), "EUR"),
        amount=Money(cents, "EUR"),
        performer="01099011",
        previous_ref=previous,
    )
    return Claim(
        id=f"claim-{ref}",
        tenant="elsewhere",
        country="NL",
        kind=ClaimKind.CREDIT if cents < 0 else ClaimKind.DEBIT,
        ref=ref,
        programme="elsewhere",
        payer="menzis",
        payer_code=MENZIS,
        provider=GROUP,
        claimant=GROUP,
        submitter=BUREAU,
        person=person,
        currency="EUR",
        lines=(line,),
    )


def ha304(
    *made: Claim, number: str = "2024-77", uzovi: str = MENZIS, test: bool = True, group: str = "53530001"
) -> bytes:
    header = ClaimFileHeader(
        invoice_number=number,
        invoice_date=date(2024, 4, 2),
        period_begin=date(2024, 1, 1),
        period_end=date(2024, 3, 31),
        uzovi=uzovi,
        service_bureau="98009901",
        institution=group,
        test=test,
    )
    return vektis.write(to_ha304(header, [replace(claim, payer_code=uzovi) for claim in made]))


FILE = ha304(one_claim("A-1"), one_claim("A-2", person=SECOND, cents=91))


def line(*parts: tuple[int, str]) -> bytes:
    text = [" "] * 310
    for start, value in parts:
        text[start - 1 : start - 1 + len(value)] = value
    return "".join(text).encode("latin-1") + b"\r\n"


# Laid out by hand from the record layout of PM304 3.2, not by our writer: one treatment and the credit of another.
PM304 = b"".join(
    [
        line(
            (1, "01" + "107" + "03" + "02" + "T" + "000000"),
            (27, MENZIS + "00000000" + "04099011" + "04049902" + "00000000" + "03"),
            (65, "20240101" + "20240131" + "PM-2024-01"),
            (93, "20240201"),
            (115, "EUR"),
        ),
        line(
            (1, "02" + "000000000001" + "999903883" + MENZIS),
            (54, "19610312" + "2" + "1" + "Testpaal"),
            (99, "0"),
            (135, "AB"),
            (141, "0"),
            (142, "7511AA"),
            (157, "00001"),
        ),
        line(
            (1, "04" + "000000000002" + "999903883" + MENZIS),
            (58, "1" + "20240115" + "012" + "1000  " + "0002" + "N"),
            (81, "000" + "00000000" + "000" + "00000000" + "000"),
            (114, "000"),
            (125, "000" + "04099011" + "0000" + "00000000" + "00000000" + "0000" + "00"),
            (162, "00003500" + "00007000" + "D" + "0000" + "00007000" + "D" + "7001"),
        ),
        line(
            (1, "04" + "000000000003" + "999903883" + MENZIS),
            (58, "1" + "20240116" + "012" + "1000  " + "0001" + "N"),
            (81, "000" + "00000000" + "000" + "00000000" + "000"),
            (114, "000"),
            (125, "000" + "04099011" + "0000" + "00000000" + "00000000" + "0000" + "00"),
            (162, "00003500" + "00003500" + "C" + "0000" + "00003500" + "C" + "7002"),
            (212, "6400"),
        ),
        line((1, "99" + "000001" + "000000" + "000002" + "000000" + "0000003" + "00000003500" + "D")),
    ]
)


@dataclass
class Desk:
    """A hub with two tenants: a billing agent with a care group and a practice, and a stranger."""

    hub: Hub

    def take(self, data: bytes, tenant: str = "one") -> FinishedResult:
        return take_finished(self.hub, tenant, data, "declaratie.asc")

    def agree(self, partner: str = "menzis") -> None:
        with self.hub.store.unit("one") as unit:
            parties.put_agreement(unit, Agreement(id="", tenant="one", partner=partner, valid_from=date(2024, 1, 1)))

    def claims(self) -> list[Claim]:
        with self.hub.store.reading("one") as unit:
            return claims.load(unit, claims.find(unit))

    def rows(self) -> list[Row]:
        with self.hub.store.reading("one") as unit:
            return claims.find(unit)

    def exchanges(self) -> list[Row]:
        with self.hub.store.reading("one") as unit:
            return exchanges.find(unit)

    def payloads(self) -> list[bytes]:
        with self.hub.store.reading("one") as unit:
            return [exchanges.message(unit, row).payload for row in exchanges.find(unit)]

    def tasks(self) -> list[str]:
        with self.hub.store.reading("one") as unit:
            return [task["kind"] for task in tasks.open_tasks(unit)]

    def conserved(self) -> bool:
        with self.hub.store.reading("one") as unit:
            return conservation(unit) == []


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A real hub, made and migrated once; every test works on a copy of its folder."""
    home = tmp_path_factory.mktemp("first") / "home"
    hub = create_hub(default_settings(home), MovableClock(datetime(2024, 4, 15, 8, tzinfo=UTC)))
    hub.store.add_tenant("one", "one", "NL", "nl")
    hub.store.add_tenant("two", "two", "NL", "nl")
    with hub.store.unit("one") as unit:
        agent = parties.put_organisation(unit, "billing_agent", BUREAU)
        group = parties.put_organisation(unit, "care_group", GROUP, parent=agent)
        parties.put_organisation(unit, "practice", PRACTICE, parent=group)
    hub.store.close()
    return hub


@pytest.fixture
def desk(first: Hub, tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    shutil.copytree(first.home, home)
    settings = default_settings(home)
    store = Store(settings.database_url.reveal(), KeyStore(settings.keys), first.clock)
    yield Desk(replace(first, home=home, store=store))
    store.close()


NO = LineVerdict(granted=Money(0, "EUR"), codes=(Code(list="COD957", code="053"),))


def answer(data: bytes, verdicts: dict[str, LineVerdict]) -> bytes:
    return vektis.write(to_response(vektis.read(data), verdicts, response_date=date(2024, 4, 20)))


def test_every_claim_standard_with_a_layout_is_recognised_and_no_response_is() -> None:
    for form in (each for each in vektis.layouts() if each.ei_codes):
        major, _, minor = form.version.partition(".")
        head = f"01{form.ei_codes[0]}{major:0>2}{minor.replace('x', '0'):0>2}T".encode()
        found = recognise_finished(head)
        assert found == (None if form.is_response else form.format)


def test_a_claim_file_becomes_one_claim_per_line_and_goes_on_byte_for_byte(desk: Desk) -> None:
    desk.agree()
    result = desk.take(FILE)
    assert (result.status, result.format, result.claims) == ("accepted", "vektis-HA304-4.2", ("A-1", "A-2"))
    assert desk.payloads() == [FILE]
    (row,) = desk.exchanges()
    assert (row["state"], row["partner"], row["invoice_number"]) == ("prepared", "menzis", "2024-77")
    assert row["business_key"] == "finished:vektis-HA304-4.2:53530001:2024-77:1"
    assert row["name"] == "HA304_3332_2024-77.asc"
    assert {name: row["meta"][name] for name in ("receiver", "standard", "test")} == {
        "receiver": "3332",
        "standard": "HA304",
        "test": "T",
    }
    assert {each["exchange_id"] for each in desk.rows()} == {row["id"]}
    assert desk.conserved()


def test_the_providers_own_numbers_people_and_amounts_stay(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    first, second = desk.claims()
    assert [(one.ref, one.invoice_number, one.lines[0].ref) for one in (first, second)] == [
        ("A-1", "2024-77", "A-1"),
        ("A-2", "2024-77", "A-2"),
    ]
    assert (first.total, second.total) == (Money(105, "EUR"), Money(91, "EUR"))
    assert (first.person.bsn, second.person.bsn) == ("999903883", "999990019")
    assert (first.payer, first.payer_code, first.payer_name) == ("menzis", "3332", "Menzis")
    assert (first.provider.id, first.claimant.id, first.submitter.id) == ("53530001", "53530001", "98009901")
    assert (first.period, first.issue_date, first.lines[0].begins) == ("2024Q1", date(2024, 4, 2), date(2024, 1, 1))
    assert first.lines[0].performer == "01099011"


def test_a_hand_laid_pm304_file_is_taken_with_its_credit(desk: Desk) -> None:
    desk.agree()
    result = desk.take(PM304)
    assert [finding.code for finding in result.findings if finding.blocks] == []
    assert (result.status, result.format, result.claims) == ("accepted", "vektis-PM304-3.2", ("7001", "7002"))
    assert desk.payloads() == [PM304]
    debit, back = desk.claims()
    assert (debit.kind, debit.total, debit.corrects) == (ClaimKind.DEBIT, Money(7000, "EUR"), "")
    assert (back.kind, back.total, back.corrects) == (ClaimKind.CREDIT, Money(-3500, "EUR"), "6400")
    assert back.lines[0].previous_ref == "6400"
    assert (debit.lines[0].quantity, debit.lines[0].unit_price) == (2, Money(3500, "EUR"))
    assert (debit.claimant.id, debit.provider.id) == ("04049902", "04049902")
    assert desk.conserved()


def test_no_identity_number_stands_in_a_plain_column(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    desk.take(ha304(one_claim("B-1"), one_claim("B-1"), number="2024-78"))
    with desk.hub.store.reading("one") as unit:
        for table in schema.TENANT_TABLES:
            for row in unit.rows(unit.mine(table)):
                shown = " ".join(str(value) for value in row.values())
                assert "999903883" not in shown, table.name
                assert "Testpaal" not in shown, table.name


def test_the_same_bytes_again_change_nothing(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    before = desk.rows()
    again = desk.take(FILE)
    assert (again.status, again.claims) == ("already_received", ("A-1", "A-2"))
    assert desk.rows() == before
    assert len(desk.exchanges()) == 1


def test_the_same_number_with_other_lines_is_held(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    result = desk.take(ha304(one_claim("A-3")))
    assert (result.status, result.code, result.claims) == ("held", "DUPLICATE_NUMBER", ())
    assert (len(desk.rows()), desk.tasks()) == (2, ["duplicate_number"])


def everything(desk: Desk) -> dict[str, int]:
    with desk.hub.store.reading("one") as unit:
        return {table.name: len(unit.rows(unit.mine(table))) for table in schema.TENANT_TABLES}


@pytest.mark.parametrize(
    ("within", "named"),
    [
        ({"04049902"}, "53530001, 98009901"),
        ({"53530001", "04049902"}, "98009901"),
        ({"98009901"}, "53530001"),
        (set(), "53530001, 98009901"),
    ],
)
def test_a_file_that_names_somebody_outside_the_fence_leaves_nothing(desk: Desk, within: set[str], named: str) -> None:
    desk.agree()
    before = everything(desk)
    with pytest.raises(RefusedError) as caught:
        take_finished(desk.hub, "one", FILE, "x.asc", within=frozenset(within))
    assert caught.value.code == "FINISHED_NOT_YOURS"
    assert named in caught.value.said["nl"]
    assert named in caught.value.said["nb"]
    assert everything(desk) == before


def test_who_sits_above_everybody_in_the_file_may_hand_it_in(desk: Desk) -> None:
    desk.agree()
    with desk.hub.store.reading("one") as unit:
        below, group = parties.codes_below(unit, "98009901"), parties.codes_below(unit, "53530001")
    assert group < below
    assert take_finished(desk.hub, "one", PM304, "x.asc", within=group).status == "accepted"
    assert take_finished(desk.hub, "one", FILE, "x.asc", within=below).status == "accepted"


def test_a_file_taken_before_is_no_answer_to_a_stranger(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    with pytest.raises(RefusedError):
        take_finished(desk.hub, "one", FILE, "x.asc", within=frozenset({"04049902"}))


def test_a_file_of_nobody_leaves_nothing_where_a_fence_is(desk: Desk) -> None:
    before = everything(desk)
    with pytest.raises(RefusedError) as caught:
        take_finished(desk.hub, "one", FILE[:200], "x.asc", within=frozenset({"53530001", "98009901"}))
    assert caught.value.code == "FINISHED_OF_NOBODY"
    assert everything(desk) == before


def test_a_line_reference_used_before_is_held(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    result = desk.take(ha304(one_claim("A-2"), number="2024-78"))
    assert (result.status, result.code) == ("held", "DUPLICATE_REFERENCE")
    assert "A-2" in result.message["nl"]
    assert len(desk.rows()) == 2


def test_one_broken_record_refuses_the_file_and_says_where(desk: Desk) -> None:
    desk.agree()
    records = FILE.splitlines(keepends=True)
    records[2] = records[2].replace(b"00000105D", b"00000O05D", 1)
    broken = b"".join(records)
    result = desk.take(broken)
    assert (result.status, result.code, result.claims) == ("refused", "CHECK_FAILED", ())
    place = next(finding for finding in result.findings if finding.blocks)
    assert (place.record, place.element, place.start, place.end) == (3, "0415", 103, 110)
    assert desk.rows() == desk.exchanges() == []
    assert desk.tasks() == ["finished_refused"]


def test_a_record_of_the_wrong_length_refuses_the_file(desk: Desk) -> None:
    records = FILE.splitlines(keepends=True)
    records[4] = records[4][:200] + b"\r\n"
    result = desk.take(b"".join(records))
    assert result.status == "refused"
    assert {finding.record for finding in result.findings if finding.code == "COD954:0804"} == {5}


@pytest.mark.parametrize("cut", [2, 9, 64, 200, 311, 700])
def test_a_file_cut_anywhere_is_refused_never_a_crash(desk: Desk, cut: int) -> None:
    desk.agree()
    data = FILE[:cut]
    if recognise_finished(data) is None:
        assert cut < 9
        return
    assert desk.take(data).status == "refused"
    assert desk.rows() == []


def test_another_tenants_provider_is_refused(desk: Desk) -> None:
    desk.agree()
    result = desk.take(FILE, tenant="two")
    assert (result.status, result.code) == ("refused", "UNKNOWN_PROVIDER")
    assert desk.take(ha304(one_claim("A-1"), group="53539999")).code == "UNKNOWN_PROVIDER"
    assert desk.rows() == []


def test_a_known_payee_does_not_open_the_door_for_a_strangers_practice(desk: Desk) -> None:
    """The care group is ours, but the practice named beside it is not."""
    form = vektis.layout("HA304")
    file = vektis.read(FILE)
    header = vektis.amended(file.header, {"0110": "01099011", "0111": "01059999"})
    data = vektis.write(vektis.codec.VektisFile(form, (header, *file.records[1:])))
    result = desk.take(data)
    assert (result.status, result.code) == ("refused", "UNKNOWN_PROVIDER")
    assert "01059999" in result.message["en"]


def test_a_file_marked_as_real_never_leaves_a_sandbox(desk: Desk) -> None:
    desk.agree()
    result = desk.take(ha304(one_claim("A-1"), test=False))
    (stop,) = [finding for finding in result.findings if finding.blocks]
    assert (result.status, stop.code, stop.element, stop.start) == ("refused", "KVITT-STAGE-01", "0105", 10)
    assert desk.rows() == []


def test_production_takes_no_test_file_and_no_made_up_people(desk: Desk) -> None:
    desk.agree()
    desk.hub = replace(desk.hub, stage="production")
    assert {f.code for f in desk.take(FILE).findings if f.blocks} == {"KVITT-STAGE-01", "KVITT-STAGE-02"}
    real = desk.take(ha304(one_claim("A-1"), test=False))
    (stop,) = [finding for finding in real.findings if finding.blocks]
    assert (stop.code, stop.record, stop.value) == ("KVITT-STAGE-02", 3, "*****3883")
    assert desk.rows() == []


def test_without_a_partner_the_whole_file_waits_and_one_release_frees_it(desk: Desk) -> None:
    """Menzis has no agreement yet: one task for the file, and whichever line is released, the file goes whole."""
    result = desk.take(FILE)
    assert (result.status, result.code, result.claims) == ("held", "NO_AGREEMENT", ("A-1", "A-2"))
    assert (desk.exchanges(), desk.tasks()) == ([], ["held"])
    desk.agree()
    released = release(desk.hub, "one", "A-2", Actor())
    assert (released.claims, desk.tasks()) == (2, [])
    assert submit.prepare(desk.hub, "one") == []
    submit.submit(desk.hub, "one")
    assert desk.payloads() == [FILE]
    assert {row["exchange_id"] for row in desk.rows()} == {desk.exchanges()[0]["id"]}
    assert desk.conserved()


def test_a_payer_nobody_knows_holds_the_file_under_its_number(desk: Desk) -> None:
    result = desk.take(ha304(one_claim("A-1"), uzovi="9990"))
    assert (result.status, result.code) == ("held", "NO_PARTNER")
    assert [(row["payer"], row["payer_code"]) for row in desk.rows()] == [("9990", "9990")]


def test_two_practices_of_one_agent_may_use_the_same_references(desk: Desk) -> None:
    desk.agree()
    with desk.hub.store.unit("one") as unit:
        parties.put_organisation(unit, "care_group", Party(scheme="AGB", id="53530002", name="Zorggroep Twee"))
    desk.take(FILE)
    assert desk.take(ha304(one_claim("A-1"), group="53530002")).status == "accepted"
    assert len({row["ref"] for row in desk.rows()}) == 3
    assert sorted(one.lines[0].ref for one in desk.claims()) == ["A-1", "A-1", "A-2"]
    assert desk.conserved()


def test_an_answer_under_a_number_two_providers_use_finds_its_own_by_who_is_paid(desk: Desk) -> None:
    """Numbers and references are the provider's own: the payee's AGB code in the answer says whose they are."""
    desk.agree()
    with desk.hub.store.unit("one") as unit:
        parties.put_organisation(unit, "care_group", Party(scheme="AGB", id="53530002", name="Zorggroep Twee"))
    other = ha304(one_claim("A-1"), group="53530002")
    desk.take(FILE)
    desk.take(other)
    said = answer(other, {"A-1": NO})
    (received,) = receive(desk.hub, "one", Collected(remote_id="r", name="r.asc", payload=said))
    assert received.state == "processed"
    with desk.hub.store.reading("one") as unit:
        decided = {view.claimant: view.decision for view in claim_views(unit) if view.decision != "open"}
    assert decided == {"53530002": "refused"}


def test_an_answer_under_a_number_two_providers_use_that_names_nobody_is_for_a_person(desk: Desk) -> None:
    desk.agree()
    with desk.hub.store.unit("one") as unit:
        parties.put_organisation(unit, "care_group", Party(scheme="AGB", id="53530002", name="Zorggroep Twee"))
    other = ha304(one_claim("A-1"), group="53530002")
    desk.take(FILE)
    desk.take(other)
    said = answer(other, {"A-1": NO}).replace(b"53530002", b"00000000")
    (received,) = receive(desk.hub, "one", Collected(remote_id="r", name="r.asc", payload=said))
    assert received.state == "triage"
    with desk.hub.store.reading("one") as unit:
        assert {view.decision for view in claim_views(unit)} == {"open"}


def test_the_insurers_answer_finds_the_providers_own_lines(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    said = answer(FILE, {"A-2": NO})
    receive(desk.hub, "one", Collected(remote_id="r", name="r.asc", payload=said))
    with desk.hub.store.reading("one") as unit:
        assert {view.ref: view.decision for view in claim_views(unit)} == {"A-1": "granted", "A-2": "refused"}
    assert desk.conserved()


def test_a_file_the_clearing_house_refused_is_replaced_by_its_correction(desk: Desk) -> None:
    """Its references may be used again (nothing was judged); it is never written anew by us."""
    desk.agree()
    desk.take(FILE)
    (sent,) = desk.exchanges()
    with desk.hub.store.unit("one") as unit:
        exchanges.change(unit, sent["id"], ExchangeState.REFUSED, text="AfgekeurdDoorDienst")
        claims.hold(unit, desk.rows()[1]["id"], "REFUSED_BY_CLEARING")
    for name in ("2024-77", "A-2"):
        with pytest.raises(ConfigurationError, match="never written anew"):
            release(desk.hub, "one", name, Actor())
    corrected = ha304(one_claim("A-1"), one_claim("A-2", person=SECOND, cents=92))
    assert desk.take(corrected).status == "accepted"
    live = {row["ref"] for row in desk.rows() if row["hold_code"] != "WITHDRAWN"}
    assert live == {"A-1", "A-2"}
    assert desk.payloads() == [FILE, corrected]
    assert desk.conserved()
    with desk.hub.store.reading("one") as unit:
        views = claim_views(unit)
    assert sum(view.money.open.minor for view in views) == 105 + 92
    assert sum(view.money.withdrawn.minor for view in views) == 105 + 91


def test_a_granted_line_of_a_finished_file_is_credited_by_its_own_system(desk: Desk) -> None:
    desk.agree()
    desk.take(FILE)
    with desk.hub.store.unit("one") as unit:
        (line_row, *_) = claims.lines(unit, [next(row["id"] for row in claims.find(unit) if row["ref"] == "A-1")])
        granted = NewDecision(
            claim_line_id=line_row["id"],
            verdict="granted",
            granted=Money(105, "EUR"),
            patient=Money(0, "EUR"),
            source="test",
        )
        money.add_decision(unit, granted)
    with pytest.raises(ContentError, match="finished document"):
        credit(desk.hub, "one", "A-1")


def test_a_person_without_bsn_is_known_by_the_insurers_number(desk: Desk) -> None:
    desk.agree()
    nobody = replace(FIRST, bsn="", insured_number="900000000")
    desk.take(ha304(one_claim("A-1", person=nobody), one_claim("A-2", person=nobody)))
    assert len({row["subject_id"] for row in desk.rows()}) == 1
    assert desk.claims()[0].person.bsn == ""


def test_a_file_dated_ahead_is_refused_and_taken_when_its_day_has_come(desk: Desk) -> None:
    """The same bytes change nothing as long as they are refused; nobody has to change a byte to hand them in again."""
    desk.agree()
    today = desk.hub.clock
    desk.hub = replace(desk.hub, clock=MovableClock(datetime(2024, 4, 1, 8, tzinfo=UTC)))
    assert desk.take(FILE).status == "refused"
    assert desk.take(FILE).status == "already_received"
    desk.hub = replace(desk.hub, clock=today)
    result = desk.take(FILE)
    assert (result.status, result.claims) == ("accepted", ("A-1", "A-2"))
    assert desk.payloads() == [FILE]
    assert desk.tasks() == []
    assert desk.take(FILE).status == "already_received"


def test_the_second_standard_of_dates_is_read_too() -> None:
    """GZ311 1.x names begin and end of a treatment otherwise (DAT282, DAT283)."""
    form = vektis.layout("GZ311", "1.x")
    header = {"0102": "181", "0103": "01", "0114": "20240101", "0115": "20240131", "0116": "G-1", "0117": "20240201"}
    performance = {"NUM362": "7", "DAT282": "20240103", "DAT283": "20240104", "BED161": "100", "NUM313": "999903883"}
    records = (vektis.build(form, "01", header, 1), vektis.build(form, "04", performance, 2))
    (only,) = from_claim_file(vektis.VektisFile(form, records))[1]
    assert (only.begins, only.ends) == (date(2024, 1, 3), date(2024, 1, 4))


def test_what_leaves_the_hub_are_the_providers_own_bytes(desk: Desk, tmp_path: Path) -> None:
    """All the way out, over a folder: the delivered file is the one handed in."""
    outbox = tmp_path / "out"
    outbox.mkdir()
    with desk.hub.store.unit("one") as unit:
        agreed = Agreement(
            id="",
            tenant="one",
            partner="menzis",
            valid_from=date(2024, 1, 1),
            channel="folder",
            settings={"outbox": str(outbox)},
        )
        parties.put_agreement(unit, agreed)
    desk.take(PM304)
    submit.submit(desk.hub, "one")
    (delivered,) = outbox.iterdir()
    assert delivered.read_bytes() == PM304
    assert [row["state"] for row in desk.exchanges()] == ["sent"]
    submit.submit(desk.hub, "one")
    assert len(list(outbox.iterdir())) == 1
