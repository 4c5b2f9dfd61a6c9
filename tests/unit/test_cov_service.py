"""COV: who insures a person on a date, asked over SOAP with mutual TLS, or looked up in a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from connectors.channels.cov import CoverageRow, CovService, TableCoverage, read_table, two_years_before
from connectors.channels.cov_messages import read_answer, write_question
from connectors.channels.http import HttpSettings
from hub.errors import ConfigurationError, ExchangeError, FormatError, OutcomeUnknown, RefusedError, TransientError
from hub.ports import Coverage, CoverageAnswer, CoverageCheck, CoverageQuestion
from hub.sandbox.cov import NOT_FOUND, CovQuestion, CovRecord, Insurance, answer_cov, double, insured, not_insured
from hub.sandbox.pki import Identity, Pki, make_pki
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, Trouble
from hub.sandbox.vecozo import VecozoSandbox

BORN = date(1980, 2, 29)
REFERENCE = date(2024, 1, 1)
BSN = "999990019"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


def known(question: CovQuestion) -> CovRecord:
    """What this world knows, by the last digits of the BSN."""
    active = "ActieveVerzekeringen"
    records = {
        "01": insured("3332", "0012345678"),
        "02": not_insured(),
        "03": double("3332", "7095"),
        "04": CovRecord(result="BsnOnbekend"),
        "05": CovRecord(result="EenNieuwResultaat"),
        "06": CovRecord(person=active, insurances=(Insurance(uzovi="3332", kind="Aanvullend"),)),
        "07": CovRecord(
            person=active, insurances=(Insurance(uzovi="3332", result="NietGeautoriseerdVoorZorgverzekeraar"),)
        ),
        "08": CovRecord(
            person=active, insurances=(Insurance(uzovi="3313", kind="Tand"), Insurance(uzovi="7119", kind="Basis"))
        ),
        "09": CovRecord(person=active, insurances=(Insurance(uzovi="3332"), Insurance(uzovi="7119"))),
        "10": CovRecord(person="EenNieuwWoord"),
        "11": CovRecord(result="GevondenPeildatumInToekomst", person=active, insurances=(Insurance(uzovi="101"),)),
        "12": CovRecord(result="MeerderePersonenGevonden"),
    }
    return records.get(question.bsn[-2:], NOT_FOUND)


@pytest.fixture
def vecozo(pki: Pki) -> Iterator[VecozoSandbox]:
    with VecozoSandbox(pki, now=lambda: datetime(2024, 1, 15, tzinfo=UTC), coverage=known) as running:
        yield running
    assert not running.server.crashes


def service(vecozo: VecozoSandbox, identity: Identity | None = None, **changes: str) -> CovService:
    settings = vecozo.settings(identity) | {"endpoint": vecozo.cov_endpoint, "read_timeout": "2"}
    return CovService.from_settings(settings | changes)


def question(bsn: str = BSN, reference: date = REFERENCE, born: date | None = BORN) -> CoverageQuestion:
    return CoverageQuestion(bsn=bsn, birth_date=born, reference_date=reference)


@pytest.mark.parametrize(
    ("last", "coverage", "uzovi"),
    [
        ("01", Coverage.INSURED, "3332"),
        ("02", Coverage.NOT_INSURED, ""),
        ("03", Coverage.DOUBLE, ""),
        ("04", Coverage.NO_ANSWER, ""),
        ("05", Coverage.NO_ANSWER, ""),
        ("06", Coverage.NO_ANSWER, ""),
        ("07", Coverage.NO_ANSWER, ""),
        ("08", Coverage.INSURED, "7119"),
        ("09", Coverage.DOUBLE, ""),
        ("10", Coverage.NO_ANSWER, ""),
        ("11", Coverage.INSURED, "0101"),
        ("12", Coverage.NO_ANSWER, ""),
        ("99", Coverage.NO_ANSWER, ""),
    ],
)
def test_every_result_has_its_meaning(vecozo: VecozoSandbox, last: str, coverage: Coverage, uzovi: str) -> None:
    (answer,) = service(vecozo).check([question(f"9999900{last}")])
    assert (answer.coverage, answer.uzovi) == (coverage, uzovi)


def test_the_insured_number_is_kept_as_written(vecozo: VecozoSandbox) -> None:
    (answer,) = service(vecozo, agb="01012345").check([question("999990001")])
    assert answer.insured_number == "0012345678"


def test_a_reference_date_of_two_years_is_too_old(vecozo: VecozoSandbox) -> None:
    asked = [question("999990001", date(2022, 1, 15)), question("999990001", date(2022, 1, 16))]
    assert [one.coverage for one in service(vecozo).check(asked)] == [Coverage.TOO_OLD, Coverage.INSURED]


def test_a_long_list_goes_in_batches_of_twenty_and_keeps_its_order(vecozo: VecozoSandbox) -> None:
    lasts = ["01", "02", "03"] * 15
    found = service(vecozo).check([question(f"9999900{last}") for last in lasts])
    meaning = {"01": Coverage.INSURED, "02": Coverage.NOT_INSURED, "03": Coverage.DOUBLE}
    assert [one.coverage for one in found] == [meaning[last] for last in lasts]
    assert len(vecozo.server.log) == 3


def test_who_cannot_be_asked_about_gets_no_answer_and_moves_nobody_elses(vecozo: VecozoSandbox) -> None:
    asked = [
        question("999990001", born=None),
        question("999990001"),
        question(""),
        question("999990002"),
        question("x\0"),
    ]
    found = [one.coverage for one in service(vecozo).check(asked)]
    none = Coverage.NO_ANSWER
    assert found == [none, Coverage.INSURED, none, Coverage.NOT_INSURED, none]
    assert service(vecozo).check([]) == []
    assert service(vecozo).check(asked[:1]) == [CoverageAnswer(coverage=Coverage.NO_ANSWER)]
    assert len(vecozo.server.log) == 1


def test_a_certificate_that_is_not_accepted_is_configuration(vecozo: VecozoSandbox, pki: Pki) -> None:
    for identity in (pki.stranger, pki.expired, pki.unregistered):
        with pytest.raises(ConfigurationError):
            service(vecozo, identity).check([question()])


def test_asking_changes_nothing_so_a_lost_answer_may_be_asked_for_again(vecozo: VecozoSandbox) -> None:
    for trouble in (Trouble.CLOSE_AFTER_PROCESSING, Trouble.UNAVAILABLE, Trouble.CUT_ANSWER, Trouble.TOO_MANY):
        vecozo.misbehave(Fault(trouble=trouble))
        with pytest.raises(TransientError) as caught:
            service(vecozo).check([question()])
        assert not isinstance(caught.value, OutcomeUnknown)
        assert BSN not in str(caught.value)


def test_the_sandbox_refuses_more_than_twenty_and_none() -> None:
    def ask(count: int) -> bytes:
        body = write_question([question()] * count)
        headers = {"soapaction": '"http://schemas.vecozo.nl/VZ801802/v1/Controleer"'}
        request = Request(method="POST", path="/", query={}, headers=headers, body=body)
        return answer_cov(request, known, today=date(2024, 1, 15)).body

    with pytest.raises(FormatError, match="MeerDan20Zoekopdrachten"):
        read_answer(ask(21), [question()] * 21)
    with pytest.raises(FormatError, match="GeenZoekopdrachten"):
        read_answer(ask(0), [])
    assert len(read_answer(ask(20), [question()] * 20)) == 20


def answer_of(results: str, outcome: str = "VerzoekAkkoord") -> bytes:
    text = f"<a><Zoekresultaten>{results}</Zoekresultaten><Resultaat>{outcome}</Resultaat></a>"
    return text.encode()


FOUND = (
    "<Zoekresultaat><Volgnummer>{number}</Volgnummer><Resultaat>Gevonden</Resultaat><Verzekerde>"
    "<Resultaat>ActieveVerzekeringen</Resultaat><Bsn>{bsn}</Bsn><Verzekeringen><Verzekering><Resultaat>Actief</Resultaat>"
    "<UZOVI>{uzovi}</UZOVI><SoortVerzekering>Basis</SoortVerzekering></Verzekering></Verzekeringen></Verzekerde>"
    "</Zoekresultaat>"
)


def test_answers_are_found_by_sequence_number_in_whatever_order_they_come() -> None:
    asked = [question("999990001"), question("999990002")]
    two = FOUND.format(number=2, bsn="999990002", uzovi="7095") + FOUND.format(number=1, bsn="999990001", uzovi="3332")
    assert [one.uzovi for one in read_answer(answer_of(two), asked)] == ["3332", "7095"]


def test_an_answer_missing_doubled_or_about_somebody_else_is_no_answer() -> None:
    one = FOUND.format(number=1, bsn="999990002", uzovi="3332")
    for results in ("", one, one + one, FOUND.format(number=1, bsn=BSN, uzovi="3332") * 2):
        (answer,) = read_answer(answer_of(results), [question()])
        assert answer.coverage is Coverage.NO_ANSWER
    (zero,) = read_answer(answer_of(FOUND.format(number=1, bsn="12345", uzovi="3332")), [question("000012345")])
    assert zero.coverage is Coverage.INSURED, "a number has lost its leading zeros"


@pytest.mark.parametrize("data", [b"", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"not xml"])
def test_bytes_that_are_no_answer_are_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_answer(data, [question()])


def test_a_fault_of_our_making_is_refused_and_another_is_tried_again() -> None:
    def answering(fault: str, status: int) -> type[Exception]:
        soap = "http://schemas.xmlsoap.org/soap/envelope/"
        body = f'<s:Envelope xmlns:s="{soap}"><s:Body><s:Fault><faultcode>{fault}</faultcode></s:Fault></s:Body></s:Envelope>'
        route = Route("POST", "/cov", lambda _request: Response(status=status, body=body.encode()))
        with SandboxServer([route]) as server, pytest.raises(ExchangeError) as caught:
            CovService(endpoint=f"{server.url}/cov", http=HttpSettings()).check([question()])
        return caught.type

    assert answering("s:Client", 500) is RefusedError
    assert answering("s:Client.Authentication", 200) is RefusedError
    assert answering("s:Server", 500) is TransientError


TABLE = """bsn,reference_date,uzovi,insured
999990001,2024-01-01,3332,yes
999990002,2024-01-01,,no
999990003,2024-01-01,3332,yes
999990003,2024-01-01,7095,yes
999990004,,7119,yes
999990005,2024-01-01,,no_answer
"""


def test_the_table_answers_like_the_service() -> None:
    table: CoverageCheck = TableCoverage(read_table(TABLE), today=date(2024, 1, 15))
    asked = [question(f"99999000{last}", born=None) for last in "123456"] + [question("999990004", date(2022, 1, 15))]
    found = table.check(asked)
    assert [one.coverage for one in found] == [
        Coverage.INSURED,
        Coverage.NOT_INSURED,
        Coverage.DOUBLE,
        Coverage.INSURED,
        Coverage.NO_ANSWER,
        Coverage.NO_ANSWER,
        Coverage.TOO_OLD,
    ]
    assert [found[0].uzovi, found[3].uzovi] == ["3332", "7119"]
    assert TableCoverage(read_table(TABLE)).check([question("999990001", date(2023, 1, 1))])[0].uzovi == ""


@pytest.mark.parametrize(
    "text",
    [
        "bsn,uzovi\n",
        "bsn,reference_date,uzovi,insured\n999990001,1 jan,3332,yes\n",
        "bsn,reference_date,uzovi,insured\n999990001,,3332,perhaps\n",
        "bsn,reference_date,uzovi,insured\n999990001,,,yes\n",
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_names_nobody(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_table(text)
    assert caught.value.where.startswith("line ")
    assert "999990001" not in str(caught.value)


def test_nothing_personal_shows_in_a_repr() -> None:
    assert BSN not in repr(question())
    assert BSN not in repr(CoverageRow(bsn=BSN, reference_date=None, coverage=Coverage.INSURED, uzovi="3332"))


def test_two_years_before_a_leap_day() -> None:
    assert two_years_before(date(2024, 2, 29)) == date(2022, 2, 28)


@pytest.mark.parametrize(("name", "value"), [("endpoint", "http://x"), ("agb", "123"), ("client_cert", "")])
def test_a_wrong_setting_is_named(vecozo: VecozoSandbox, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        service(vecozo, **{name: value})
