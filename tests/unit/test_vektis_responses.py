"""Responses made from a claim file: valid in form, and read back to the verdicts that went in."""

from __future__ import annotations

from datetime import date

import pytest

from hub.errors import ConfigurationError, MappingError
from hub.model.money import Money
from hub.model.reply import Code, FileOutcome, Verdict
from mappings.vektis_replies import from_response
from mappings.vektis_responses import LineVerdict, to_response
from schemas.vektis import build, check, layout, read, write
from schemas.vektis.codec import VektisFile

BSNS = ("999903883", "999911247", "999915812")
DAY = date(2024, 4, 10)


def claim_file(standard: str, amount: int = 3500) -> VektisFile:
    """Three insured with one line each; the second has a comment."""
    form = layout(standard)
    major, minor = form.version.split(".")
    opening = {
        "0102": form.ei_codes[0],
        "0103": major,
        "0104": minor,
        "0105": "T",
        "0108": "3332",
        "0112": "53530001",
        "0113": "04",
        "0114": date(2024, 1, 1),
        "0115": date(2024, 3, 31),
        "0116": "2024000001",
        "0117": date(2024, 4, 2),
        "0119": "EUR",
    }
    records = [build(form, "01", opening, 1)]
    for index, bsn in enumerate(BSNS):
        insured = {"NUM040": 2 * index + 1, "NUM313": bsn, "COD061": "3332", "DAT006": date(1961, 3, 12)}
        named = {"COD134": 2, "COD700": 1, "NAM193": "Test", "NAM025": "AB", "COD083": "7511AA", "NUM030": 1}
        dead = {"COD841": 2} if "COD841" in form.records["02"] else {}
        records.append(build(form, "02", {**insured, **named, **dead}, len(records) + 1))
        records.append(build(form, "04", performance(standard, bsn, 2 * index + 2, index, amount), len(records) + 1))
        if index == 1:
            remark = {"NUM040": 2 * index + 2, "NUM109": 1, "OMS016": "a remark"}
            records.append(build(form, "98", remark, len(records) + 1))
    total = {"9902": 3, "9904": 3, "9905": 1, "9906": 7, "9907": 3 * amount, "9908": "D"}
    records.append(build(form, "99", total, len(records) + 1))
    file = VektisFile(form, tuple(records))
    assert check(write(file)) == []
    return file


def performance(standard: str, bsn: str, number: int, index: int, amount: int) -> dict[str, str | int | date]:
    days: dict[str, str | int | date] = {"DAT272": date(2024, 1, 15)}
    if standard == "HA304":
        days = {"DAT001": date(2024, 1, 1), "DAT003": date(2024, 1, 1)}
    code = {"COD367": "008", "COD388": "14499"} if standard == "HA304" else {"COD367": "012", "COD388": "1000"}
    money = {"BED160": amount, "BED153": amount, "COD668": "D", "BED161": amount, "COD665": "D"}
    base = {"NUM040": number, "NUM313": bsn, "COD061": "3332", "COD820": 1, "ANT054": 1, "COD089": "01099011"}
    return {**base, **days, **code, **money, "NUM362": f"REF-{index + 1}"}


def refusal(standard: str) -> Code:
    return Code(list="COD957", code="053", element="0408") if standard == "HA304" else Code(list="COD954", code="0586")


VERDICTS = ["HA304", "PM304"]


@pytest.mark.scenario("S10")
@pytest.mark.parametrize("standard", VERDICTS)
def test_an_insurer_returns_only_wrong_lines_with_their_family(standard: str) -> None:
    claims = claim_file(standard)
    verdicts = {
        "REF-2": LineVerdict(granted=Money(2000, "EUR"), codes=(refusal(standard),)),
        "REF-3": LineVerdict(granted=Money(0, "EUR"), codes=(refusal(standard),)),
    }
    response = to_response(claims, verdicts, response_date=DAY, payer_ref="INS-1")
    assert [one.kind for one in response.records] == ["01", "02", "04", "98", "02", "04", "99"]
    assert check(write(response)) == []
    for answered, claimed in zip(response.records[1:6], claims.records[3:8], strict=True):
        assert answered.text.startswith(claimed.text)
    reply = from_response(read(write(response)))
    assert [(one.line_ref, one.verdict, one.granted) for one in reply.decisions] == [
        ("REF-2", Verdict.CHANGED, Money(2000, "EUR")),
        ("REF-3", Verdict.REFUSED, Money(0, "EUR")),
    ]
    assert reply.decisions[0].text == "a remark"
    assert (reply.claimed_total, reply.granted_total) == (Money(10500, "EUR"), Money(5500, "EUR"))
    assert (reply.absent_granted, reply.findings, reply.payer_ref) == (True, (), "INS-1")


@pytest.mark.parametrize("standard", VERDICTS)
def test_all_lines_can_be_returned(standard: str) -> None:
    response = to_response(claim_file(standard), {}, response_date=DAY, only="all")
    assert check(write(response)) == []
    reply = from_response(response)
    assert {one.verdict for one in reply.decisions} == {Verdict.GRANTED}
    assert len(reply.decisions) == 3


@pytest.mark.parametrize("standard", VERDICTS)
def test_nothing_wrong_is_said_by_two_records(standard: str) -> None:
    response = to_response(claim_file(standard), {}, response_date=DAY)
    assert [one.kind for one in response.records] == ["01", "99"]
    assert check(write(response)) == []
    assert from_response(response).outcome is FileOutcome.ALL_GRANTED


@pytest.mark.parametrize("standard", VERDICTS)
def test_a_whole_file_is_refused_by_a_code_in_the_opening_record(standard: str) -> None:
    none = {f"REF-{number}": LineVerdict(granted=Money(0, "EUR")) for number in (1, 2, 3)}
    code = Code(list="COD957", code="008", element="0116") if standard == "HA304" else Code(list="COD954", code="0030")
    response = to_response(claim_file(standard), none, response_date=DAY, codes=[code], only="none")
    reply = from_response(response)
    assert (reply.outcome, reply.refused_by, [one.code for one in reply.codes]) == (
        FileOutcome.FILE_REFUSED,
        "payer",
        [code.code],
    )


def test_a_clearing_house_returns_everything_with_companion_codes() -> None:
    bad = Code(list="COD954", code="0435")
    verdicts = {f"REF-{number}": LineVerdict(granted=Money(0, "EUR")) for number in (1, 3)}
    verdicts["REF-2"] = LineVerdict(granted=Money(0, "EUR"), codes=(bad,), insured_codes=(bad,))
    response = to_response(claim_file("PM304"), verdicts, response_date=DAY, only="all", companion="8096")
    assert check(write(response)) == []
    assert [one.string("0296") for one in response.records if one.kind == "02"] == ["8096", "0435", "8096"]
    reply = from_response(response, source="clearing")
    assert [one.verdict for one in reply.decisions] == [Verdict.OPEN, Verdict.REFUSED, Verdict.OPEN]
    assert reply.refused_by == "clearing"


def test_more_codes_than_fit_is_an_error() -> None:
    many = tuple(Code(list="COD954", code=code) for code in ("0586", "0587", "0611", "0613"))
    with pytest.raises(MappingError):
        to_response(claim_file("PM304"), {"REF-1": LineVerdict(codes=many)}, response_date=DAY)


def test_a_standard_without_a_response_table_is_a_configuration_error() -> None:
    file = claim_file("PM304")
    with pytest.raises(ConfigurationError):
        to_response(VektisFile(layout("GZ321"), file.records), {}, response_date=DAY)
