"""Spoilt bank files: only our own errors or findings, never another exception, and never a silent loss of money."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from hub.errors import HubError
from hub.model.identity import make_kid
from hub.model.money import Money
from hub.model.payment import PaidDocument, Statement
from hub.sandbox.bank import Booking, camt053_file, camt054_file, mt940_file, ocr_file
from schemas.banking import read
from schemas.banking.report import as_json
from schemas.banking.status import read_status

FILES = Path(__file__).resolve().parent.parent / "fixtures" / "banking"
EACH = 400
DAY, NOW = date(2026, 4, 15), datetime(2026, 4, 15, tzinfo=UTC)
JUNK = (
    b"\x00", b"\xff\xfe", b"\xe2\x80\xa8", b"9" * 30, b"-1", b"NaN", b"1e9", b"\n", b"\r", b":61:", b":86:", b":62F:", b":20:",
    b"NY090088", b"NY000089", b"NY09", b"</Ntry>", b"<Ntry>", b"<TxDtls/>", b"<!--", b"&#0;", b"&lt;", b"<Amt>", b"USD", b"JPY",
    "\u0663".encode(), "\u00b2".encode(), b" " * 80, b",", b".",
)  # fmt: skip


def bookings(currency: str) -> list[Booking]:
    dutch = currency == "EUR"
    return [
        Booking(
            id=f"{number:09}",
            amount=Money(10_000 + number * 37, currency),
            booked=DAY,
            account="NL02INGB0123456789" if dutch else "86011117947",
            payer_account="NL91ABNA0417164300" if dutch else "12345678903",
            payer_name="Voorbeeld NV",
            reference="" if dutch else make_kid(str(number), length=8),
            text=f"declaratie {number}" if dutch else "",
        )
        for number in range(1, 6)
    ]


def with_documents() -> list[Booking]:
    paid = (
        PaidDocument(reference="10024", kind="CINV", amount=Money(200_000, "NOK")),
        PaidDocument(reference="90001", kind="CREN", amount=Money(-50_000, "NOK")),
    )
    netted = Booking(id="9", amount=Money(150_000, "NOK"), booked=DAY, account="86011117947", documents=paid)
    return [*bookings("NOK"), netted]


SEEDS = {
    "ocr": ocr_file(bookings("NOK"), created=DAY),
    "camt.054": camt054_file(with_documents(), message="M", created=NOW),
    "camt.054 batch": camt054_file(with_documents(), message="M", created=NOW, batch=True),
    "camt.053": camt053_file(bookings("EUR"), message="M", created=NOW, opening=Money(500, "EUR")),
    "mt940": mt940_file(bookings("EUR"), reference="P", created=DAY, opening=Money(500, "EUR")),
    **{path.name: path.read_bytes() for path in sorted(FILES.glob("*.[tx]*"))},
}
WITH_TOTALS = ("ocr", "camt.054", "camt.054 batch", "camt.053", "mt940")
"""These carry counts and sums of their own, so that nothing can be lost without being missed."""


def spoilt(data: bytes, random: Random) -> bytes:
    """The file with one to three changes: bytes, whole lines or elements lost, doubled, moved, or cut off."""
    for _ in range(random.choice((1, 1, 2, 3))):
        start = random.randrange(max(len(data), 1))
        end = start + random.choice((1, 1, 2, 7, 80, 81, 300))
        kind = random.randrange(7)
        if kind == 0:
            data = data[:start] + data[end:]
        elif kind == 1:
            data = data[:start] + data[start:end] * 2 + data[end:]
        elif kind == 2:
            data = data[:start] + random.choice(JUNK) + data[start:]
        elif kind == 3:
            data = data[:start] + bytes([random.randrange(256)]) + data[start + 1 :]
        elif kind == 4:
            data = data[:start] + random.choice(b"0123456789CDR-").to_bytes(1, "big") + data[start + 1 :]
        elif kind == 5:
            data = data[:start]
        else:
            data = _lines_moved(data, random)
    return data


def _lines_moved(data: bytes, random: Random) -> bytes:
    mark = b"\n" if b"\n" in data else b"><"
    lines = data.split(mark)
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return mark.join(lines)


def outcome(data: bytes) -> list[Statement] | None:
    """The statements; None where the file is refused in a way a person can act on."""
    refused = ""
    try:
        return list(read(data))
    except HubError as error:
        refused = error.where and error.hint
    assert refused, "a refusal says where, and what to do"
    return None


@pytest.mark.parametrize("name", SEEDS)
def test_a_spoilt_file_is_refused_or_reported_and_never_a_crash(name: str) -> None:
    random = Random(name)
    for number in range(EACH):
        data = spoilt(SEEDS[name], random)
        found = outcome(data)
        for line in as_json(found or []):
            assert json.loads(json.dumps(line)) == line, number


def worth(found: list[Statement]) -> int:
    """What passed through, without its direction: which way a movement goes may be one letter of a record."""
    return sum(abs(payment.amount.minor) for one in found for payment in one.payments)


@pytest.mark.parametrize("name", WITH_TOTALS)
def test_money_is_never_lost_or_made_without_a_word(name: str) -> None:
    """Where nothing at all is said, all the money that was in the file still is, and no more."""
    random = Random(f"silent {name}")
    whole = worth(list(read(SEEDS[name])))
    silent = 0
    for number in range(EACH * 2):
        data = spoilt(SEEDS[name], random)
        found = outcome(data)
        if found is not None and not any(one.findings for one in found):
            assert worth(found) == whole, (number, data)
            silent += 1
    assert silent < EACH * 2


STATUS = (
    b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>M'
    b"</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>E1"
    b"</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf></TxInfAndSts>"
    b"</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
)


def test_a_spoilt_status_report_is_refused_or_read_and_never_a_crash() -> None:
    random = Random(2)
    read_ones = refused = 0
    for _ in range(EACH):
        try:
            read_ones += len(list(read_status(spoilt(STATUS, random))))
        except HubError:
            refused += 1
    assert min(read_ones, refused) > 0
