"""Decisions of one file for one provider, to pass on: only its lines and people, as a response file or a table."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest

from hub.errors import ConfigurationError, ContentError
from hub.model.reply import Verdict
from hub.paths import examples
from hub.pipeline import intake, retention
from hub.pipeline.decisions import Exported, Form, Wanted, export_decisions
from hub.pipeline.finished import take_finished
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.release import release
from hub.sandbox.example import GGZ_PRACTICE
from hub.store import access, claims, subjects
from mappings.gds_replies import from_gds802
from mappings.vektis_replies import from_response
from schemas import gds, vektis
from tests.scenarios.gds_bytes import Gds802, Said
from tests.scenarios.gds_bytes import lines as gds_lines
from tests.scenarios.vektis_bytes import Ha305, Line, Pm305, Treatment, pm304, refs
from tests.scenarios.world import NL, NO, PRACTICE, SUPPORT, World, nl_list

ANNE, BART, CAS = "999903883", "999911247", "999915812"
ONE, TWO = "04099011", "04099012"
NUMBER = "FYSIO-24-01"
SENT = pm304(
    NUMBER,
    [
        Treatment(bsn=ANNE, ref="PM-1", performer=ONE, remark="one said this", insured_remark="about Anne"),
        Treatment(bsn=ANNE, ref="PM-2", performer=TWO, remark="two said that"),
        Treatment(bsn=BART, ref="PM-3", performer=ONE),
        Treatment(bsn=CAS, ref="PM-4", performer=TWO, insured_remark="about Cas"),
        Treatment(bsn="999990019", ref="=PM(5)", performer=TWO),
    ],
)
ANSWER = Pm305(
    SENT,
    {
        "PM-1": (2000, ["0611"]),
        "PM-2": (0, ["0320"]),
        "PM-3": (3500, ["0200"]),
        "PM-4": (0, ["0586", "9876"]),
        "=PM(5)": (3500, ["0200"]),
    },
)


@pytest.fixture
def answered(world: World) -> World:
    """Five treatments of two performers, who share one patient; all of them answered."""
    assert take_finished(world.hub, NL, SENT, "fysio.asc", SUPPORT).status == "accepted"
    world.submit(NL)
    world.answer(NL, ANSWER.bytes())
    return world


def export(world: World, provider: str, form: Form = Form.RESPONSE, lang: str = "nl", **named: str) -> Exported:
    wanted = Wanted(provider=provider, **(named or {"invoice": NUMBER}))
    return export_decisions(world.hub, NL, wanted, form, lang, SUPPORT)


def lines(made: Exported) -> dict[str, tuple[Verdict, int]]:
    said = from_response(vektis.read(made.payload))
    assert said.findings == ()
    return {one.line_ref: (one.verdict, one.granted.minor if one.granted else 0) for one in said.decisions}


def test_a_providers_response_file_has_its_lines_and_nobody_elses(answered: World) -> None:
    made = export(answered, ONE)
    assert (made.kind, made.lines, made.findings) == ("vektis-PM305-3.2", 2, ())
    assert lines(made) == {"PM-1": (Verdict.CHANGED, 2000), "PM-3": (Verdict.GRANTED, 3500)}
    records = made.payload.split(b"\r\n")
    assert [record[:2] for record in records[:-1]] == [b"01", b"02", b"98", b"04", b"98", b"02", b"04", b"99"]
    assert (
        records[-2][2:57]
        == b"000002" + b"000000" + b"000002" + b"000002" + b"0000006" + b"00000007000D" + b"00000005500D"
    )
    for strange in (CAS, "999990019", "PM-2", "PM-4", "two said that", "about Cas", TWO, "Patient812"):
        assert strange.encode() not in made.payload, strange
    whole = ANSWER.bytes().split(b"\r\n")
    assert records[0] == whole[0], "header facts and codes as received"
    assert set(records[1:-2]) <= set(whole), "every record as received"


def test_the_other_provider_gets_the_rest(answered: World) -> None:
    made = export(answered, TWO)
    assert lines(made) == {
        "PM-2": (Verdict.REFUSED, 0),
        "PM-4": (Verdict.REFUSED, 0),
        "=PM(5)": (Verdict.GRANTED, 3500),
    }
    for strange in (BART, "PM-1", "PM-3", "one said this", ONE):
        assert strange.encode() not in made.payload, strange
    (late,) = [one for one in from_response(vektis.read(made.payload)).decisions if one.line_ref == "PM-4"]
    assert [code.code for code in late.codes] == ["0586", "9876"]


def test_lines_the_insurer_did_not_return_stay_granted_in_silence(world: World) -> None:
    """Of a file of Kvitt's own, by the practice kept on the claim; the insurer returns one line of one practice."""
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    world.answer(NL, Ha305(sent=sent, lines={"999931428": Line(0, [("0403", "101")])}).bytes())
    made = export(world, PRACTICE, invoice=sent[80:92].decode().strip())
    said = from_response(vektis.read(made.payload))
    assert made.findings == said.findings == ()
    assert [(one.line_ref, one.verdict) for one in said.decisions] == [(refs(sent)["999931428"], Verdict.REFUSED)]
    assert said.absent_granted
    assert said.claimed_total is not None
    assert said.granted_total is not None
    assert (said.claimed_total.minor, said.granted_total.minor) == (5 * 105, 4 * 105)


def test_a_second_response_has_the_last_word_on_the_lines_it_names(answered: World) -> None:
    later = Pm305(SENT, {**ANSWER.lines, "PM-1": (3500, ["0200"])}, payer_ref="INS-3")
    answered.answer(NL, later.bytes(), name="retour-2")
    made = export(answered, ONE)
    assert lines(made) == {"PM-1": (Verdict.GRANTED, 3500), "PM-3": (Verdict.GRANTED, 3500)}
    assert made.payload.count(b"one said this") == 1
    assert b"INS-3" in made.payload


def test_a_torn_record_is_left_out_and_its_line_is_open_in_the_part_too(world: World) -> None:
    take_finished(world.hub, NL, SENT, "fysio.asc", SUPPORT)
    world.submit(NL)
    records = ANSWER.bytes().split(b"\r\n")
    place = next(at for at, record in enumerate(records) if b"PM-3 " in record)
    records[place] = records[place][:250]
    world.answer(NL, b"\r\n".join(records))
    made = export(world, ONE)
    assert [one for one in made.findings if one.blocks] == []
    said = from_response(vektis.read(made.payload))
    assert {one.line_ref: one.verdict for one in said.decisions} == {"PM-1": Verdict.CHANGED, "PM-3": Verdict.OPEN}
    assert CAS.encode() not in made.payload


def test_a_line_under_another_persons_record_takes_that_person_not_along(world: World) -> None:
    """The response lost the insured record of a line, so that it stands below another provider's patient."""
    take_finished(world.hub, NL, SENT, "fysio.asc", SUPPORT)
    world.submit(NL)
    records = [one for one in ANSWER.bytes().split(b"\r\n") if not (one[:2] == b"02" and one[14:23] == b"999990019")]
    world.answer(NL, b"\r\n".join(records))
    made = export(world, TWO)
    assert BART.encode() not in made.payload
    file = vektis.read(made.payload)
    above = ""
    for record in file.records:
        above = record["NUM313"] if record.kind == "02" else above
        assert record.kind != "04" or record["NUM313"] == above


@pytest.mark.parametrize(
    ("lang", "outcome"), [("nl", "deels toegekend"), ("nb", "delvis innvilget"), ("en", "partly granted")]
)
def test_a_table_has_clear_columns_codes_with_their_meaning_and_what_to_do(
    answered: World, lang: str, outcome: str
) -> None:
    text = export(answered, ONE, Form.CSV, lang).payload.decode("utf-8-sig")
    first, second = list(csv.reader(io.StringIO(text), delimiter=";"))[1:]
    assert first[:4] == [NUMBER, "Menzis", "PM-1", ANNE]
    assert first[4:13] == [ONE, "2024-01-05", "2024-01-05", "012", "1000", "35.00", "20.00", "EUR", outcome]
    assert first[13] == "COD954:0611"
    assert first[14]
    assert second[2:4] == ["PM-3", BART]
    assert len({len(row) for row in csv.reader(io.StringIO(text), delimiter=";")}) == 1
    for strange in (CAS, "PM-2", "PM-4", "about Cas"):
        assert strange not in text


def test_unknown_codes_are_shown_raw_and_no_cell_is_a_formula(answered: World) -> None:
    rows = list(csv.reader(io.StringIO(export(answered, TWO, Form.CSV).payload.decode("utf-8-sig")), delimiter=";"))
    late = next(row for row in rows if row[2] == "PM-4")
    assert late[13] == "COD954:0586; COD954:9876"
    assert "Te laat" in late[14]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "-"))]
    assert [row[2] for row in rows[1:]] == ["PM-2", "PM-4", "'=PM(5)"]
    book = openpyxl.load_workbook(io.BytesIO(export(answered, TWO, Form.XLSX).payload))
    sheet = book.worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert [cell.value for cell in sheet["J"]][1:] == [35, 35, 35]
    assert [cell.value for cell in sheet["C"]][1:] == ["PM-2", "PM-4", "'=PM(5)"]
    assert CAS in [cell.value for cell in sheet["D"]]
    assert BART not in [cell.value for cell in cells]


def test_before_there_is_an_answer_the_table_says_so_and_there_is_no_response(world: World) -> None:
    take_finished(world.hub, NL, SENT, "fysio.asc", SUPPORT)
    world.submit(NL)
    rows = list(csv.reader(io.StringIO(export(world, ONE, Form.CSV).payload.decode("utf-8-sig")), delimiter=";"))
    assert [(row[10], row[12]) for row in rows[1:]] == [("", "nog niet beoordeeld")] * 2
    with pytest.raises(ContentError, match="no answer yet"):
        export(world, ONE)


def test_what_the_clearing_house_sent_back_is_told_apart_from_what_went_with_it(world: World) -> None:
    take_finished(world.hub, NL, SENT, "fysio.asc", SUPPORT)
    world.submit(NL)
    nothing = {ref: (0, ["8096"]) for ref in ANSWER.lines}
    refused = replace(ANSWER, lines={**nothing, "PM-3": (0, ["0435"])})
    world.answer(NL, refused.bytes(), meta={"sent_by": "clearing"})
    rows = list(csv.reader(io.StringIO(export(world, ONE, Form.CSV).payload.decode("utf-8-sig")), delimiter=";"))
    said = {row[2]: row[12] for row in rows[1:]}
    assert said["PM-3"] == "teruggestuurd door de clearing"
    assert said["PM-1"].startswith("niet beoordeeld")
    part = from_response(vektis.read(export(world, ONE).payload), source="clearing")
    assert (part.refused_by, {one.line_ref: one.verdict for one in part.decisions}) == (
        "clearing",
        {"PM-1": Verdict.OPEN, "PM-3": Verdict.REFUSED},
    )


def test_a_line_that_went_out_again_is_told_under_the_file_that_was_answered(world: World) -> None:
    """VECOZO sends a file back for one line; its companions go out again, and the insurer decides those."""
    world.hand_in(nl_list())
    world.submit(NL)
    (sent,) = [data for data in world.sent("menzis") if data[26:30] == b"3332"]
    (first,) = [row for row in world.exchanges(NL) if row["meta"]["receiver"] == "3332"]
    of = refs(sent)
    bad = "999931428"
    refused = {bsn: Line(0, [("0403", "007")] if bsn == bad else []) for bsn in of}
    world.answer(NL, Ha305(sent=sent, lines=refused).bytes(), meta={"sent_by": "clearing"})
    release(world.hub, NL, first["invoice_number"], SUPPORT)
    world.submit(NL)
    (again,) = [data for data in world.sent("menzis") if data[26:30] == b"3332" and data != sent]
    world.answer(NL, Ha305(sent=again, lines={}).bytes(), name="2")

    def table(number: str) -> dict[str, tuple[str, str]]:
        text = export(world, PRACTICE, Form.CSV, "en", invoice=number).payload.decode("utf-8-sig")
        return {row[3]: (row[12], row[13]) for row in list(csv.reader(io.StringIO(text), delimiter=";"))[1:]}

    before = table(first["invoice_number"])
    assert before.pop(bad) == ("sent back by the clearing house", "COD957:007 (0403)")
    assert {outcome for outcome, _ in before.values()} == {"not judged: the clearing house sent the file back"}
    assert len(before) == 4
    after = table(again[80:92].decode().strip())
    assert after == dict.fromkeys(before, ("granted", ""))
    part = from_response(
        vektis.read(export(world, PRACTICE, invoice=first["invoice_number"]).payload), source="clearing"
    )
    assert [one.line_ref for one in part.decisions if one.verdict is Verdict.REFUSED] == [of[bad]]
    assert len(part.decisions) == 5


def test_strangers_get_a_clear_no_and_the_log_knows_who_exported_what(answered: World) -> None:
    with pytest.raises(ConfigurationError, match="provider 01234567 has no line"):
        export(answered, "01234567")
    with pytest.raises(ConfigurationError, match="no file KV9999"):
        export(answered, ONE, invoice="KV9999")
    with pytest.raises(ConfigurationError, match=f"no file {NUMBER}"):
        export_decisions(answered.hub, NO, Wanted(provider=ONE, invoice=NUMBER), Form.CSV, "nb", SUPPORT)
    (exchange,) = answered.exchanges(NL)
    for named in (exchange["business_key"], exchange["name"], exchange["id"]):
        assert export(answered, ONE, exchange=named).lines == 2
    with answered.reading(NL) as unit:
        logged = [row for row in access.events(unit) if row["action"] == "export-decisions"]
    assert len(logged) == 3
    assert {(row["actor"], row["role"]) for row in logged} == {("support", "support")}
    assert {row["object"] for row in logged} == {f"exchange/{exchange['id']}/provider/{ONE}/response"}
    assert ANNE not in str(logged)


def test_a_gds802_response_is_cut_down_to_one_performers_lines(world: World) -> None:
    world.at(datetime(2024, 1, 22, 8, tzinfo=UTC))
    request = IntakeRequest(programme="zpm-performances", organisation=GGZ_PRACTICE, name="zpm.csv")
    intake.take(world.hub, NL, request, (examples() / "nl" / "nl_zpm_performances.csv").read_bytes(), SUPPORT)
    world.submit(NL)
    (sent,) = [data for data in world.sent("zilveren-kruis") if gds.is_gds(data)]
    asked = gds_lines(sent)
    with world.reading(NL) as unit:
        performer = {line.ref: line.performer for claim in claims.load(unit, claims.find(unit)) for line in claim.lines}
    first, *others = asked
    says = {ref: Said("0.00", [("0586", "")]) for ref in (first, others[-1])}
    world.answer(NL, Gds802(sent=sent, says=says).bytes())
    number = next(row["invoice_number"] for row in world.exchanges(NL) if row["kind"].startswith("vektis-GDS801"))

    made = export(world, performer[first], invoice=number)

    mine = {ref for ref in asked if performer[ref] == performer[first]}
    assert 0 < len(mine) < len(asked), "the example has several performers"
    assert (made.kind, made.lines) == ("vektis-GDS802-1.0", len(mine))
    assert [one for one in made.findings if one.blocks] == []
    said = from_gds802(gds.read(made.payload))
    assert {one.line_ref: one.verdict for one in said.decisions} == dict.fromkeys(mine & set(says), Verdict.REFUSED)
    assert said.claimed_total is not None
    assert said.granted_total is not None
    cents = {ref: int(one["DeclaratieBedragInclBtw"].replace(".", "")) for ref, one in asked.items()}
    assert said.claimed_total.minor == sum(cents[ref] for ref in mine)
    assert said.granted_total.minor == sum(cents[ref] for ref in mine - set(says))
    for strange in {asked[ref]["BSN"] for ref in asked} - {asked[ref]["BSN"] for ref in mine}:
        assert strange.encode() not in made.payload
    rows = list(
        csv.reader(
            io.StringIO(export(world, performer[first], Form.CSV, invoice=number).payload.decode("utf-8-sig")),
            delimiter=";",
        )
    )
    assert {row[2] for row in rows[1:]} == mine


def test_somebody_who_was_erased_keeps_no_others_decision_from_its_provider(answered: World) -> None:
    with answered.unit(NL) as unit:
        subject = subjects.find(unit, "bsn", BART)
        assert subject is not None
        retention.forget(unit, [subject["id"]])
    assert lines(export(answered, ONE)) == {"PM-1": (Verdict.CHANGED, 2000)}
    assert len(lines(export(answered, TWO))) == 3
