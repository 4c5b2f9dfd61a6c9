"""A practice's list: taken in once, corrected before submission, refused when it may not be kept (S01-S03, S38, S40)."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter

import pytest

from hub.errors import FormatError
from hub.model.finding import blocking
from hub.model.identity import mask
from hub.store import access, claims, declarations
from schemas import vektis
from tests.scenarios.world import NL, OTHER_PRACTICE, PRACTICE, START, World, nl_list


def expected(name: str) -> dict[int, dict[str, str]]:
    """The expected outcomes by line, as they lie beside the example list."""
    text = nl_list(name).decode("utf-8")
    return {int(row["line"]): row for row in csv.DictReader(text.splitlines(), delimiter=";")}


def digits(text: str) -> str:
    """A BSN as written, without blanks."""
    return "".join(text.split())


@pytest.mark.scenario("S01")
@pytest.mark.parametrize(
    ("practice", "name", "counts"),
    [
        (PRACTICE, "nl_ion_export_2024Q1", {"rows": 20, "claims": 11, "excluded": 6, "later": 1, "held": 2}),
        (OTHER_PRACTICE, "nl_practice2_2024Q1", {"rows": 7, "claims": 6, "excluded": 1, "later": 0, "held": 0}),
    ],
)
def test_every_row_gets_its_expected_outcome(world: World, practice: str, name: str, counts: dict[str, int]) -> None:
    data = nl_list(f"{name}.csv")
    wanted = expected(f"{name}_expected.csv")

    receipt = world.hand_in(data, practice=practice, name=f"{name}.csv")

    assert (receipt.status, receipt.sha256, receipt.received_at) == (
        "accepted",
        hashlib.sha256(data).hexdigest(),
        START,
    )
    told = {one.line: (one.outcome, one.code) for one in receipt.outcomes}
    assert told == {line: (row["outcome"], row["code"]) for line, row in wanted.items()}
    assert {name: receipt.counts()[name] for name in counts} == counts
    assert counts["rows"] == sum(counts[name] for name in ("claims", "excluded", "later", "held"))
    assert all(one.message for one in receipt.outcomes if one.code), "every code comes with its sentence"
    assert all({"en", "nb", "nl"} <= set(one.message) for one in receipt.outcomes if one.code)
    for one in receipt.outcomes:
        assert one.row_id == mask(digits(wanted[one.line]["bsn_as_in_file"]))
        assert digits(wanted[one.line]["bsn_as_in_file"]) not in str(one.as_json())


@pytest.mark.scenario("S01")
def test_outcomes_are_kept_row_by_row_with_their_claims(world: World) -> None:
    wanted = expected("nl_ion_export_2024Q1_expected.csv")
    receipt = world.hand_in(nl_list())
    with world.reading(NL) as unit:
        rows = declarations.rows_of(unit, receipt.declaration_id)
        bodies = declarations.bodies(unit, rows)
        known = {row["id"]: row for row in claims.find(unit)}
    assert {row["line"]: (row["outcome"], row["code"]) for row in rows} == {
        line: (row["outcome"], row["code"]) for line, row in wanted.items()
    }
    assert all(bool(row["claim_id"]) == (row["outcome"] == "claim") for row in rows)
    assert {row["claim_id"] for row in rows if row["claim_id"]} == set(known)
    assert [body["bsn"] for body in bodies] == [digits(row["bsn_as_in_file"]) for row in wanted.values()]


@pytest.mark.scenario("S01")
def test_one_checked_file_per_insurer_number_is_sent(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)

    rows = world.exchanges(NL)
    assert sorted(row["meta"]["receiver"] for row in rows) == ["3311", "3313", "3332", "3334", "7095", "7119"]
    assert {row["state"] for row in rows} == {"sent"}
    found = [finding for row in rows for finding in row["findings"]]
    assert [(one["severity"], one["element"], one["value"]) for one in found] == [("info", "0208", "0")]
    files = [data for partner in ("menzis", "zilveren-kruis", "vgz", "cz") for data in world.sent(partner)]
    assert len(files) == 6
    persons = Counter(
        line[14:23] for data in files for line in data.decode("latin-1").split("\r\n") if line[:2] == "04"
    )
    wanted = [
        digits(row["bsn_as_in_file"])
        for row in expected("nl_ion_export_2024Q1_expected.csv").values()
        if row["outcome"] == "claim"
    ]
    assert persons == Counter(wanted)
    assert all(blocking(vektis.check(data)) == [] for data in files)
    assert {view.transport for view in world.claims(NL).values()} == {"sent"}
    by_payer = {view.payer: view.money.claimed for view in world.claims(NL).values()}
    assert by_payer["menzis"].minor == 105, "the tariff recorded for Menzis"
    claimed = sum(view.money.claimed.minor for view in world.claims(NL).values())
    assert claimed == 6 * 105 + 5 * 91
    totals = sum(int(data.decode("latin-1").split("\r\n")[-2][33:44]) for data in files)
    assert totals == claimed, "the closing records add up to what is claimed"


@pytest.mark.scenario("S02")
def test_the_same_bytes_again_change_nothing(world: World) -> None:
    first = world.hand_in(nl_list(), name="one.csv")
    before = world.counts(NL)
    again = world.hand_in(nl_list(), name="another-name.csv")

    assert (again.status, again.declaration_id, again.received_at) == (
        "already_received",
        first.declaration_id,
        first.received_at,
    )
    assert [(one.line, one.row_id, one.outcome, one.code) for one in again.outcomes] == [
        (one.line, one.row_id, one.outcome, one.code) for one in first.outcomes
    ]
    assert world.counts(NL) == before

    world.submit(NL)
    sent = [row["id"] for row in world.exchanges(NL)]
    assert world.hand_in(nl_list(), name="third.csv").status == "already_received"
    assert world.submit(NL) == []
    assert [row["id"] for row in world.exchanges(NL)] == sent
    with world.reading(NL) as unit:
        events = [(row["actor"], row["action"], row["object"]) for row in access.events(unit)]
    entry = ("support", "intake-again", f"declaration/{first.declaration_id}")
    assert events.count(entry) == 2


@pytest.mark.scenario("S03")
def test_a_corrected_list_before_submission_adds_only_the_difference(world: World) -> None:
    first = world.hand_in(nl_list())
    before = {ref: view.money.claimed for ref, view in world.claims(NL).items()}
    corrected = nl_list().replace(b"7521 AL;10;01-03-1999;;;;", b"7521 AL;10;01-03-1999;;;3332;")
    assert corrected != nl_list()

    second = world.hand_in(corrected)

    assert (second.status, second.facts) == ("replaced", {"kept": 11, "new": 1, "withdrawn": 0})
    assert {one.line: one.outcome for one in second.outcomes}[12] == "claim"
    after = world.claims(NL)
    assert {ref: after[ref].money.claimed for ref in before} == before
    assert len(after) == 12
    history = {row["id"]: row for row in world.declarations(NL)}
    assert history[first.declaration_id]["state"] == "replaced"
    assert (history[second.declaration_id]["state"], history[second.declaration_id]["replaces_id"]) == (
        "current",
        first.declaration_id,
    )
    with world.reading(NL) as unit:
        old = declarations.rows_of(unit, first.declaration_id)
    assert {row["line"]: row["code"] for row in old}[12] == "UZOVI_MISSING"

    world.submit(NL)
    refs = [
        line[124:144].strip()
        for partner in ("menzis", "zilveren-kruis", "vgz", "cz")
        for data in world.sent(partner)
        for line in data.decode("latin-1").split("\r\n")
        if line[:2] == "04"
    ]
    assert sorted(refs) == sorted(after)


@pytest.mark.scenario("S03")
def test_a_corrected_person_is_withdrawn_and_claimed_anew(world: World) -> None:
    world.hand_in(nl_list())
    (old,) = [view for view in world.claims(NL).values() if view.payer_code == "3334"]
    corrected = nl_list().replace(b"Stille-Voorbeeldhuis;30-11-1984", b"Stille-Voorbeeldhuis;29-11-1984")
    second = world.hand_in(corrected)

    assert (second.status, second.facts) == ("replaced", {"kept": 10, "new": 1, "withdrawn": 1})
    gone = world.claims(NL)[old.ref]
    assert (gone.transport, gone.money.withdrawn, gone.money.open.minor) == ("withdrawn", gone.money.claimed, 0)
    world.submit(NL)
    (file,) = [data for data in world.sent("menzis") if data[26:30] == b"3334"]
    persons = [line for line in file.split(b"\r\n") if line.startswith(b"02")]
    assert [person[53:61] for person in persons] == [b"19841129"]
    assert old.ref.encode() not in b"".join(world.sent("menzis"))
    assert len(world.claims(NL)) == 12
    assert len([view for view in world.claims(NL).values() if view.transport == "sent"]) == 11


@pytest.mark.scenario("S04")
def test_a_second_list_after_submission_claims_nothing_and_says_how_it_differs(world: World) -> None:
    world.hand_in(nl_list())
    world.submit(NL)
    before = world.counts(NL)
    rows = nl_list().decode().splitlines()
    del rows[2]  # 999911247, claimed at 3334, is gone
    changed = "\n".join(rows).replace("Kleine-Voorbeeldhuis;14-02-1955", "Kleine-Voorbeeldhuis;15-02-1955")
    more = "01099901;01099011;01-01-2024;{};V;Z.;;Extra-Proef;02-02-1962;7511 AA;99;01-01-2010;;;3332;900300001"
    text = "\n".join([changed, more.format("999995005"), more.format("999995017"), ""])

    second = world.hand_in(text.encode())

    assert (second.status, second.code) == ("held", "ALREADY_SUBMITTED")
    assert second.facts == {"module": "PMO", "period": "2024Q1", "added": 2, "removed": 1, "changed": 1}
    new = [one for one in second.outcomes if one.code == "ALREADY_SUBMITTED"]
    assert [(one.line, one.outcome) for one in new] == [(21, "hold"), (22, "hold")]
    assert all("2 added, 1 removed, 1 changed" in one.said("en") for one in new)
    (task,) = world.tasks(NL, "already_submitted")
    assert "2 added, 1 removed, 1 changed" in task["text"]["en"]
    assert not [one for one in second.outcomes if one.outcome == "claim"]
    after = world.counts(NL)
    for table in ("claim", "claim_line", "posting", "exchange"):
        assert after[table] == before[table]
    assert sorted(row["state"] for row in world.declarations(NL)) == ["current", "held"]
    assert world.submit(NL) == []


@pytest.mark.scenario("S38")
@pytest.mark.parametrize(
    ("header", "values", "column"),
    [
        ("ICPC", ["T90", "K86"], "ICPC"),
        ("medicatie", ["geheim-middel", ""], "medicatie"),
        ("kenmerk", ["T90.02", "K86"], "kenmerk"),
        ("notitie", ["patient komt al jaren elke week langs met klachten over de knie"] * 2, "notitie"),
    ],
)
def test_medical_columns_are_refused_before_anything_is_stored(
    world: World, header: str, values: list[str], column: str, capfd: pytest.CaptureFixture[str]
) -> None:
    every = nl_list().decode().splitlines()
    lines = [f"{every[0]};{header}", *(f"{line};{value}" for line, value in zip(every[1:], values, strict=False))]
    data = "\n".join([*lines, ""]).encode()
    before = world.counts(NL)

    receipt = world.hand_in(data)

    assert (receipt.status, receipt.code, receipt.sha256) == (
        "refused",
        "MEDICAL_COLUMNS",
        hashlib.sha256(data).hexdigest(),
    )
    assert receipt.outcomes == ()
    assert receipt.facts["columns"] == [f"{column} (column 17)"]
    assert column in receipt.facts["message"]
    after = world.counts(NL)
    assert after - before == Counter({"declaration": 1}), "the digest and the column names, and nothing else"
    (row,) = world.declarations(NL)
    said = capfd.readouterr()
    for secret in ("Vrolijke-Testpaal", "999903883", *(value for value in values if value)):
        assert secret not in str(row["summary"])
        assert secret not in said.out + said.err
    assert world.hand_in(nl_list()).status == "accepted", "the list without the column is welcome"


@pytest.mark.scenario("S40")
def test_eaten_zeros_are_put_back_and_cp1252_letters_are_right(world: World) -> None:
    rows = nl_list().decode().splitlines()
    lines = [
        rows[0],
        rows[1].replace("999903883", "12345672").replace("Vrolijke-Testpaal", "Vérité-Ångström"),
        rows[2].replace("999911247", "12345673"),
        rows[3].replace(";7095;", ";211;").replace("999915812", "999995005"),
        rows[4].replace("01099901;01099011", "1099901;1099011"),
        "",
    ]
    data = "\r\n".join(lines).encode("cp1252")

    receipt = world.hand_in(data)

    told = {one.line: (one.outcome, one.code) for one in receipt.outcomes}
    assert told[2] == ("claim", "WARN_LEADING_ZERO")
    assert told[3] == ("exclude", "BSN_INVALID"), "the 11-proef decides about 012345673"
    assert told[4] == ("claim", "WARN_LEADING_ZERO")
    assert told[5] == ("claim", "WARN_LEADING_ZERO")
    with world.reading(NL) as unit:
        found = {claim.person.bsn: claim for claim in claims.load(unit, claims.find(unit))}
    assert found["012345672"].person.name == "Vérité-Ångström"
    assert found["999995005"].payer_code == "0211"
    assert found["999916531"].provider.id == "01099901"
    assert found["999916531"].lines[0].performer == "01099011"

    world.submit(NL)
    (menzis,) = world.sent("menzis")
    (person,) = [line for line in menzis.split(b"\r\n") if line.startswith(b"02")]
    assert person[14:23] == b"012345672"
    assert "Vérité-Ångström".encode("latin-1") in person
    (held,) = [view for view in world.claims(NL).values() if view.hold]
    assert (held.payer_code, held.hold) == ("0211", "NO_PARTNER"), (
        "no partner is recorded for 0211; its neighbours went"
    )
    assert [task["claim_ref"] for task in world.tasks(NL, "held")] == [held.ref]


def _wide() -> bytes:
    header = ";".join(f"kolom{number}x" for number in range(5_000))
    return f"{header}\n{';'.join(['x'] * 5_000)}\n".encode()


_NO_LISTS = {
    "empty": (b"", "list.csv", "the file is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf \r\n", "list.csv", "no columns found"),
    "a PDF": (b"%PDF-1.7 ...", "list.pdf", "a PDF document"),
    "binary": (b"a;b\x00\x01\x02;c\n" * 40, "list.csv", "binary data"),
    "no character set": (bytes(range(128, 256)) * 40, "list.csv", "not readable as cp1252"),
    "not Excel": (b"no list at all", "list.xlsx", "not an Excel workbook"),
    "torn Excel": (b"PK\x03\x04" + b"\x00" * 60, "list.xlsx", "Excel"),
    "no rows": (nl_list().splitlines()[0] + b"\n", "list.csv", "no rows"),
    "no header": (b"\n".join(nl_list().splitlines()[1:]), "list.csv", "holds data, not column names"),
    "5,000 columns": (_wide(), "list.csv", "5,000 columns, at most 200"),
    "unknown columns": (b"naam;adres\nx;y\n", "list.csv", "columns are not known"),
}


def test_a_file_that_is_no_list_is_refused_with_a_sentence_and_leaves_nothing(world: World) -> None:
    for case, (data, name, said) in _NO_LISTS.items():
        with pytest.raises(FormatError) as refused:
            world.hand_in(data, name=name)
        assert said in refused.value.message, case
        assert refused.value.hint, f"{case}: what to do"
    assert not +world.counts(NL)
    assert world.hand_in(nl_list()).status == "accepted"


def test_a_list_of_another_practice_is_refused_with_lines_and_sentence(world: World) -> None:
    mixed = nl_list() + nl_list("nl_practice2_2024Q1.csv").splitlines()[1] + b"\n"
    receipt = world.hand_in(mixed)
    assert (receipt.status, receipt.code) == ("refused", "WRONG_PRACTICE")
    assert world.counts(NL) == Counter({"declaration": 1})
    assert world.hand_in(nl_list(), practice=OTHER_PRACTICE).code == "WRONG_PRACTICE"
    assert world.claims(NL) == {}


def test_a_torn_row_is_named_by_line_and_its_neighbours_are_claimed(world: World) -> None:
    rows = nl_list().splitlines()
    rows[7] = rows[7].replace(b";V;G.H.;;", b";V;G.H.;;;")  # line 8 has a cell too many
    receipt = world.hand_in(b"\n".join([*rows, b""]))
    told = {one.line: (one.outcome, one.code) for one in receipt.outcomes}
    assert told[8] == ("exclude", "ROW_MALFORMED")
    assert [(finding.code, finding.line) for finding in receipt.findings] == [("ROW_MALFORMED", 8)]
    assert receipt.counts()["claims"] == 10
    assert (told[7][0], told[9]) == ("claim", ("exclude", "BSN_INVALID"))
