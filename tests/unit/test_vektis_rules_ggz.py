"""The cross rules of the mental health standard of 2014-2021 on a file of our own, one contradiction at a time."""

from __future__ import annotations

import pytest

from hub.model.finding import blocking
from schemas.vektis import amended, build, check_file, layout
from schemas.vektis.codec import Record, VektisFile

GGZ = layout("GZ321", "1.0")
BSN = "999911247"
INSURED = {"NUM313": BSN, "COD061": "7119"}
HEADER = {
    "0102": "195", "0103": "01", "0104": "00", "0105": "T", "0108": "7119", "0112": "54540051", "0113": "04",
    "0114": "20150101", "0115": "20150131", "0116": "F1", "0117": "20150201", "0119": "EUR",
}  # fmt: skip
PERSON = {
    **INSURED, "0207": "19800101", "0208": "1", "0209": "1", "0210": "Testpersoon", "0215": "T", "0217": "1234AB",
    "0219": "1", "0223": "2",
}  # fmt: skip
LINE = {**INSURED, "0407": "1", "0413": "1", "0438": "01", "0439": "D"}
DBC = {
    **LINE, "0408": "050", "0409": "26A012", "0410": "101001000041", "0411": "20140101", "0412": "20140131",
    "0414": "T1", "0416": "03029353", "0417": "9954", "0418": "03029353", "0419": "9954", "0420": "01", "0421": "94002427",
    "0431": "04", "0432": "04", "0433": "20", "0434": "01", "0435": "186", "0436": "120", "0437": "30", "0440": "P1",
}  # fmt: skip
OVP = {**LINE, "0408": "050", "0409": "194073", "0411": "20140125", "0412": "20140125", "0420": "05", "0440": "P2"}
BASIC = {
    **LINE, "0408": "063", "0409": "180001", "0411": "20140111", "0412": "20140131", "0416": "90000256", "0417": "9922",
    "0420": "05", "0426": "180001", "0430": "N", "0431": "11", "0434": "01", "0435": "60", "0436": "60", "0440": "P3",
}  # fmt: skip
STAY = {**LINE, "0408": "050", "0409": "530034", "0411": "20150101", "0412": "20150131", "0420": "08", "0440": "P4"}
TARIFF = {
    "0614": "03029353",
    "0618": "1",
    "0619": "100",
    "0620": "100",
    "0621": "D",
    "0623": "D",
    "0625": "100",
    "0626": "D",
}


def tariff(line: dict[str, str], sort: str, reference: str, **others: str) -> dict[str, str]:
    own = {
        **INSURED, **TARIFF, "0606": line["0408"], "0607": line["0409"], "0608": line["0411"], "0609": line["0413"],
        "0610": sort, "0612": line["0409"], "0616": line["0411"], "0617": line["0412"], "0627": reference,
    }  # fmt: skip
    return own | {name.removeprefix("e"): value for name, value in others.items()}


def spent(kind: str, line: dict[str, str], **own: str) -> dict[str, str]:
    same = {"06": line["0408"], "07": line["0409"], "08": line["0411"], "09": line["0413"]}
    return {
        **INSURED,
        **{kind + at: value for at, value in same.items()},
        **{name[1:]: value for name, value in own.items()},
    }


RECORDS = [
    ("01", HEADER),
    ("02", PERSON),
    ("04", DBC),  # 3
    ("06", tariff(DBC, "10", "T1", e0613="0329")),
    ("06", tariff(DBC, "11", "T2", e0612="25A048", e0616="20140110", e0617="20140115", e0618="6")),
    ("06", tariff(DBC, "12", "T3", e0612="25A061", e0616="20140131")),
    ("16", spent("16", DBC, e1610="act_9.1", e1611="20140110", e1612="20140123", e1613="04", e1614="20", e1618="D", e1619="Z1")),
    ("17", spent("17", DBC, e1710="01", e1711="03029353", e1713="20140110", e1714="20140131", e1715="01", e1716="120", e1718="D", e1719="B1")),
    ("17", spent("17", DBC, e1710="02", e1712="9937", e1713="20140101", e1714="20140131", e1715="01", e1717="30", e1718="D", e1719="B2")),
    ("04", OVP),  # 10
    ("06", tariff(OVP, "04", "T4", e0615="0329")),
    ("04", BASIC),  # 12
    ("06", tariff(BASIC, "14", "T5")),
    ("17", spent("17", BASIC, e1710="01", e1711="90000256", e1713="20140111", e1714="20140131", e1715="01", e1716="60", e1718="D", e1719="B3")),
    ("04", STAY),  # 15
    ("06", tariff(STAY, "16", "T6", e0618="31")),
    ("99", {"9902": "1", "9904": "4", "9905": "6", "9906": "1", "9907": "3", "9909": "15", "9910": "600", "9911": "D"}),
]  # fmt: skip


def good() -> VektisFile:
    records: list[Record] = []
    for place, (kind, values) in enumerate(RECORDS, 1):
        number = {} if kind in ("01", "99") else {"NUM040": str(place - 1)}
        records.append(build(GGZ, kind, {**values, **number}, place))
    return VektisFile(GGZ, tuple(records))


def with_values(values: dict[tuple[int, str], str]) -> VektisFile:
    records = list(good().records)
    for (place, element), value in values.items():
        records[place - 1] = amended(records[place - 1], {element: value})
    return VektisFile(GGZ, tuple(records))


def test_the_file_itself_is_faultless() -> None:
    assert check_file(good()) == []


@pytest.mark.parametrize(
    ("element", "value"),
    [("0424", "20140101"), ("0425", "S1"), ("0427", "1"), ("0428", "5"), ("0429", "F32.1")],
)
def test_a_field_kept_for_later_use_is_warned_of_and_forbids_nothing(element: str, value: str) -> None:
    (found,) = check_file(with_values({(3, element): value}))
    assert (found.code, found.element, found.blocks) == ("KVITT-VEKTIS-FOR-LATER", element, False)


def test_zeros_are_no_expected_performance_of_basic_care() -> None:
    found = blocking(check_file(with_values({(12, "0426"): "000000"})))
    assert [(one.code, one.element) for one in found] == [("KVITT-VEKTIS-ZEROS", "0426")]


@pytest.mark.parametrize(
    ("place", "element", "value", "named"),
    [
        (1, "0106", "202", "0106"),
        (1, "0107", "1.0", "0107"),
        (1, "0108", "9999", "0108"),
        (1, "0109", "01999999", "0109"),
        (1, "0110", "03029353", "0110"),
        (1, "0111", "03029353", "0110"),
        (1, "0113", "01", "0113"),
        (1, "0115", "20140131", "0115"),
        (1, "0117", "20150130", "0117"),
        (2, "0205", "000000000000000", "0205"),
        (2, "0207", "20140102", "0411"),
        (2, "0207", "20150202", "0207"),
        (2, "0208", "9", "0208"),
        (2, "0211", "0000000000", "0211"),
        (2, "0212", "2", "0212"),
        (2, "0213", "Partner", "0213"),
        (2, "0214", "van", "0214"),
        (2, "0216", "2", "0216"),
        (2, "0217", "", "0221"),
        (2, "0218", "B-1000", "0218"),
        (2, "0220", "000000", "0220"),
        (2, "0221", "BE", "0221"),
        (2, "0221", "XX", "0221"),
        (3, "0403", "999999990", "0403"),
        (3, "0404", "0101", "0404"),
        (3, "0405", "V1", "0405"),
        (3, "0407", "2", "0407"),
        (3, "0410", "", "0410"),
        (3, "0411", "20140201", "0412"),
        (3, "0412", "20150202", "0412"),
        (3, "0412", "20150201", "0412"),
        (3, "0414", "", "0414"),
        (3, "0417", "0", "0417"),
        (3, "0417", "9999", "0417"),
        (3, "0418", "0", "0419"),
        (3, "0419", "0", "0419"),
        (3, "0420", "09", "0420"),
        (3, "0421", "0", "0421"),
        (3, "0421", "54540051", "0421"),
        (3, "0422", "0329", "0422"),
        (3, "0423", "54540051", "0423"),
        (3, "0426", "180001", "0426"),
        (3, "0430", "J", "0430"),
        (3, "0431", "0", "0431"),
        (3, "0432", "0", "0432"),
        (3, "0433", "21", "0433"),
        (3, "0434", "0", "0434"),
        (3, "0435", "0", "0435"),
        (3, "0435", "119", "0435"),
        (3, "0436", "121", "0436"),
        (3, "0437", "0", "0437"),
        (3, "0438", "09", "0438"),
        (3, "0439", "C", "0441"),
        (3, "0440", "P2", "0440"),
        (3, "0441", "OLD", "0441"),
        (4, "0606", "063", "0606"),
        (4, "0607", "26A013", "0607"),
        (4, "0608", "20140102", "0608"),
        (4, "0609", "02", "0609"),
        (4, "0610", "04", "0610"),
        (4, "0610", "12", "0612"),
        (4, "0610", "14", "0610"),
        (4, "0611", "050", "0611"),
        (4, "0612", "25A048", "0612"),
        (4, "0613", "0", "0613"),
        (4, "0615", "0329", "0615"),
        (4, "0616", "20140102", "0616"),
        (4, "0617", "20140130", "0617"),
        (4, "0618", "2", "0618"),
        (4, "0619", "0", "0619"),
        (4, "0620", "0", "0620"),
        (4, "0620", "99", "0625"),
        (4, "0622", "1", "0622"),
        (4, "0624", "9999", "0624"),
        (4, "0625", "0", "0625"),
        (4, "0623", "C", "0623"),
        (4, "0626", "C", "0626"),
        (4, "0627", "T2", "0627"),
        (4, "0628", "OLD", "0628"),
        (5, "0612", "26A012", "0612"),
        (5, "0613", "0329", "0613"),
        (5, "0616", "20131231", "0616"),
        (5, "0617", "20140201", "0617"),
        (5, "0618", "5", "0618"),
        (6, "0617", "20140130", "0617"),
        (7, "1607", "26A013", "1607"),
        (7, "1610", "act_8.1", "1610"),
        (7, "1611", "20131231", "1611"),
        (7, "1611", "20140124", "1612"),
        (7, "1612", "20140201", "1612"),
        (7, "1615", "03029353", "1615"),
        (7, "1617", "54540051", "1617"),
        (7, "1618", "C", "1618"),
        (7, "1620", "OLD", "1620"),
        (8, "1711", "0", "1711"),
        (8, "1712", "9937", "1712"),
        (8, "1713", "20131231", "1713"),
        (8, "1714", "20140109", "1714"),
        (8, "1714", "20140201", "1714"),
        (8, "1716", "0", "1716"),
        (8, "1718", "C", "1718"),
        (8, "1719", "B2", "1719"),
        (8, "1720", "OLD", "1720"),
        (9, "1711", "03029353", "1711"),
        (9, "1712", "0", "1712"),
        (10, "0432", "04", "0432"),
        (10, "0435", "10", "0435"),
        (10, "0437", "10", "0437"),
        (11, "0610", "10", "0610"),
        (11, "0615", "0", "0615"),
        (12, "0410", "101001000041", "0410"),
        (12, "0416", "0", "0416"),
        (12, "0426", "", "0610"),
        (12, "0431", "0", "0610"),
        (12, "0436", "0", "0436"),
        (13, "0610", "15", "0610"),
        (13, "0610", "16", "0610"),
        (16, "0618", "30", "0618"),
        (17, "9911", "C", "9911"),
    ],
)
def test_a_contradiction_is_named(place: int, element: str, value: str, named: str) -> None:
    found = blocking(check_file(with_values({(place, element): value})))
    assert named in {one.element for one in found}
    assert all(set(one.text) == {"en", "nb", "nl"} == set(one.hint) for one in found)


def test_a_performance_that_is_shorter_than_the_period_may_still_be_claimed_later() -> None:
    late = with_values({(1, "0114"): "20140101", (1, "0115"): "20140130"})
    assert ("COD954:8178", 3, "0412") in [(one.code, one.record, one.element) for one in check_file(late)]


@pytest.mark.parametrize(("kind", "element"), [("16", "1601"), ("17", "1701")])
def test_time_spent_belongs_only_where_it_is_paid_by(kind: str, element: str) -> None:
    records = list(good().records)
    stray = next(one for one in records if one.kind == kind)
    found = check_file(VektisFile(GGZ, (*records[:11], stray, *records[11:])))
    assert element in {one.element for one in found}


def test_the_same_performance_twice_needs_a_sequence_number() -> None:
    twice = {(15, name): value for name, value in OVP.items() if name[:2] == "04"}
    found = check_file(with_values({**twice, (15, "0440"): "P5"}))
    assert ("0413", "10") in [(one.element, one.expected) for one in found if one.record == 15]


def test_a_credit_copies_the_sign_to_everything_under_it() -> None:
    signs = {(10, "0439"): "C", (10, "0441"): "OLD", (11, "0621"): "C", (11, "0623"): "C", (11, "0626"): "C"}
    total = {(17, "9910"): "400"}
    assert check_file(with_values({**signs, (11, "0628"): "OLDT", **total})) == []
    found = check_file(with_values({**signs, (11, "0628"): "OLDT", (11, "0626"): "D", **total}))
    assert "0626" in {one.element for one in found}


def test_one_line_is_reversed_once() -> None:
    signs = {(place, element): "C" for place in (4, 5) for element in ("0621", "0623", "0626")}
    found = check_file(with_values({**signs, (4, "0628"): "OLDT", (5, "0628"): "OLDT"}))
    assert ("0628", "4") in [(one.element, one.expected) for one in found if one.record == 5]


@pytest.mark.parametrize("damage", ["short", "unknown", "letters"])
def test_a_broken_insured_record_does_not_flood_its_lines(damage: str) -> None:
    file = good()
    text = {
        "short": file.records[1].text[:-1],
        "unknown": "??" + file.records[1].text[2:],
        "letters": file.records[1].text[:14] + "ABCDEFGHIXXXX" + file.records[1].text[27:],
    }[damage]
    layout_of = GGZ.records.get(text[:2]) or Record(GGZ.records["02"], text, 2).layout
    broken = Record(layout_of, text, 2)
    found = blocking(check_file(VektisFile(GGZ, (file.records[0], broken, *file.records[2:]))))
    assert {one.record for one in found} <= {2, 17}
    assert 2 in {one.record for one in found}
