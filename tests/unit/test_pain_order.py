"""Payment orders: what a bank takes, written the same every time; sepaxml's schema and reading are the oracle."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.errors import MappingError
from hub.model.money import Money
from hub.model.party import Address
from schemas import pain
from schemas.pain.text import nordic, sepa

NS = {"p": pain.NAMESPACE}
DAY = date(2024, 3, 4)
OURS, THEIRS = "NL62TEST0987654321", "NL64TEST0000100001"
ADDRESS = Address(street="Verzonnenlaan 1", city="Nergenshuizen", postal_code="7500 ZZ", country="NL")
EURO = pain.Transfer(
    end_to_end="KV1", amount=Money(525, "EUR"), name="Huisartsenpraktijk", account=THEIRS, text="Kvitt 1"
)
KRONER = pain.Transfer(end_to_end="KV2", amount=Money(128000, "NOK"), name="Klinikk Ærlig", account="99990101015")


def group(*transfers: pain.Transfer, id_: str = "G1", account: str = OURS, bic: str = "") -> pain.Group:
    debtor = pain.Debtor(name="Zorggroep", account=account, bic=bic)
    return pain.Group(id=id_, debtor=debtor, execution_date=DAY, transfers=transfers)


def order(*groups: pain.Group) -> pain.Order:
    return pain.Order(
        id="M1", created=datetime(2024, 3, 1, 9, 30, tzinfo=UTC), initiator="Zorggroep", groups=groups or (group(EURO),)
    )


def texts(data: bytes, path: str) -> list[str]:
    return [each.text or "" for each in etree.fromstring(data).iterfind(f".//{path}", NS)]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The message's own schema, as sepaxml carries it."""
    pytest.importorskip("sepaxml")
    place = importlib.resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd"
    return etree.XMLSchema(etree.fromstring(place.read_bytes()))


FULL = order(
    group(
        replace(EURO, address=ADDRESS),
        replace(EURO, end_to_end="KV3", text="", reference="RF18539007547034", bic="INGBNL2A"),
        replace(EURO, end_to_end="KV4", text="", address=Address(city="Ede", country="NL")),
    ),
    group(
        KRONER,
        replace(KRONER, end_to_end="KV5", account="NO9386011117947"),
        id_="G2",
        account="99990301014",
        bic="DNBANOKK",
    ),
)


def test_every_shape_of_order_is_valid_by_the_schema(schema: etree.XMLSchema) -> None:
    for one in (order(), FULL):
        schema.assertValid(etree.fromstring(pain.write(one)))


def test_sums_counts_ids_and_accounts_stand_where_banks_look() -> None:
    data = pain.write(FULL)
    assert texts(data, "p:NbOfTxs") == ["5", "3", "2"]
    assert texts(data, "p:CtrlSum") == ["2575.75", "15.75", "2560.00"]
    assert texts(data, "p:EndToEndId") == ["KV1", "KV3", "KV4", "KV2", "KV5"]
    assert texts(data, "p:ChrgBr") == ["SLEV", "SHAR"]
    assert texts(data, "p:BtchBookg") == ["false", "false"], "each is booked by itself, so that the booking names it"
    assert texts(data, "p:CdtrAcct/p:Id/p:Othr/p:Id") == ["99990101015"]
    assert texts(data, "p:DbtrAgt//p:Othr/p:Id") == ["NOTPROVIDED"]
    assert texts(data, "p:PstlAdr/p:TwnNm") == ["Nergenshuizen", "Ede"]
    assert texts(data, "p:CdtrRefInf/p:Ref") == ["RF18539007547034"]
    assert texts(data, "p:ReqdExctnDt/p:Dt") == ["2024-03-04"] * 2


def test_the_same_order_gives_the_same_bytes() -> None:
    assert pain.write(FULL) == pain.write(replace(FULL))


def test_sepaxml_writes_the_same_payment() -> None:
    sepaxml = pytest.importorskip("sepaxml")
    config = {"name": "Zorggroep", "IBAN": OURS, "BIC": "INGBNL2A", "batch": False, "currency": "EUR"}
    theirs = sepaxml.SepaTransfer(config, schema="pain.001.001.09", clean=True)
    theirs.add_payment(
        {
            "name": "Huisartsenpraktijk",
            "IBAN": THEIRS,
            "BIC": "INGBNL2A",
            "amount": 525,
            "execution_date": DAY,
            "description": "Kvitt 1",
            "endtoend_id": "KV1",
        }
    )
    written = theirs.export(validate=True)
    ours = pain.write(order())
    for path in (
        *("p:PmtMtd", "p:CtrlSum", "p:NbOfTxs", "p:ReqdExctnDt/p:Dt", "p:SvcLvl/p:Cd", "p:ChrgBr"),
        *("p:EndToEndId", "p:InstdAmt", "p:CdtrAcct/p:Id/p:IBAN", "p:DbtrAcct/p:Id/p:IBAN", "p:Ustrd", "p:Cdtr/p:Nm"),
    ):
        assert texts(written, path) == texts(ours, path), path


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(order(), groups=()), "pays nothing"),
        (replace(order(), initiator=" "), "who gives it"),
        (replace(order(), created=datetime(2024, 3, 1)), "time zone"),  # noqa: DTZ001 -- that is what is wrong
        (replace(order(), id="M" * 36), "1 to 35"),
        (replace(order(), id="/M"), "1 to 35"),
        (order(group(EURO), group(EURO)), "stands twice"),
        (order(group(EURO), group(replace(EURO, end_to_end="X"))), "stands twice"),
        (order(group(EURO), group(id_="G2")), "a group pays nothing"),
        (order(group(EURO, KRONER)), "one currency"),
        (order(replace(group(EURO), debtor=pain.Debtor(name="", account=OURS))), "no name"),
        (order(group(EURO, account="NL00TEST0987654321")), "no IBAN"),
        (order(group(replace(EURO, account="99990101015"))), "no IBAN"),
        (order(group(replace(EURO, bic="INGB"))), "BIC"),
        (order(group(replace(EURO, amount=Money(0, "EUR")))), "cannot be transferred"),
        (order(group(replace(EURO, amount=Money(-5, "EUR")))), "cannot be transferred"),
        (order(group(replace(EURO, amount=Money(100_000_000_000, "EUR")))), "cannot be transferred"),
        (order(group(replace(EURO, name="//"))), "payee has no name"),
        (order(group(replace(EURO, reference="RF18539007547034"))), "reference or a text"),
        (order(group(replace(EURO, end_to_end="Ø"))), "1 to 35"),
    ],
)
def test_what_no_bank_would_take_is_not_written(wrong: pain.Order, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        pain.write(wrong)


def test_letters_a_bank_does_not_take_are_written_plainly() -> None:
    assert (
        sepa("Huisartsen­praktijk Ærlig & Zoë_Łódź//straße…", 70) == "Huisartsen.praktijk AErlig + Zoe-Lodz/strasse..."
    )
    assert sepa("/x" * 60, 10) == "x/x/x/x/x"
    assert nordic("Klinikk Ærlig på Tromsøya, José Ś中", 70) == "Klinikk Ærlig på Tromsøya, Jose S."


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_whatever_a_name_holds_the_result_is_in_the_set(text: str) -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert set(sepa(text, 70)) <= allowed
    assert set(nordic(text, 70)) <= allowed | set("æøåÆØÅäöÄÖ")
    assert len(sepa(text, 70)) <= 70
    assert "//" not in sepa(text, 70)
