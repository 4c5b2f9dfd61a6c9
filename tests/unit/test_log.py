"""The log: whatever is thrown at it, nobody can be recognised in what it writes."""

from __future__ import annotations

import io
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.log import Log, about, clean_text, open_log
from hub.model.identity import is_bsn, is_fnr
from hub.model.person import Person

BSN = "999903883"
OLD_BSN = "012345672"
FNR = "12847948459"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with open_log(tmp_path / "log", area="kvitt-test") as opened:
        yield opened


def lines(log: Log) -> list[dict[str, Any]]:
    text = written(log)
    return [json.loads(line) for line in text.splitlines()]


def written(log: Log) -> str:
    assert isinstance(log.handler, logging.FileHandler)
    return Path(log.handler.baseFilename).read_text(encoding="utf-8")


def test_the_numbers_of_this_test_are_what_they_say() -> None:
    assert is_bsn(BSN)
    assert is_bsn(OLD_BSN)
    assert is_fnr(FNR, allow_synthetic=True)


def test_a_line_is_one_json_object_with_time_level_and_facts(log: Log) -> None:
    log.get(job="night").info("sent", partner="menzis", lines=11)
    (line,) = lines(log)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "sent", "job": "night", "level": "info", "lines": 11, "logger": "kvitt-test", "partner": "menzis"
    }  # fmt: skip


def test_what_a_line_is_about_goes_with_every_line_inside(log: Log) -> None:
    with about(tenant="thoon", exchange="E-1"):
        log.get().info("prepared")
        log.logger.warning("from the standard library")
    log.get().info("after")
    assert [(line.get("tenant"), line.get("exchange")) for line in lines(log)] == [
        ("thoon", "E-1"), ("thoon", "E-1"), (None, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "facts",
    [
        {"row": BSN},
        {"row": f"rij 12: {BSN} is niet verzekerd"},
        {"row": [{"deep": ({"deeper": BSN},)}]},
        {BSN: "as a key"},
        {"row": {BSN: "as an inner key"}},
        {"row": {f"x {BSN}", "y"}},
        {"row": int(BSN)},
        {"row": int(OLD_BSN)},
        {"row": "9999.03.883"},
        {"row": "999 903 883"},
        {"row": "2024-01-01 999903883 3332"},
        {"row": f"0200000000010000{BSN}3332000000000000"},
        {"row": int(f"20000{BSN}3332")},
        {"row": FNR},
        {"row": "128479 48459"},
        {"row": "12 84 79-48459"},
        {"row": f"{BSN},{FNR}"},
        {"row": BSN.encode()},
        {"row": ValueError(f"bad BSN {BSN}")},
        {"row": Path(f"/in/{BSN}.csv")},
        {"row": "x" * 19_995 + " " + BSN},
        {"bsn": "not even a number"},
        {"patient_bsn": "1"},
        {"Achternaam": "Vrolijke-Testpaal"},
        {"row": {"name": "Vrolijke-Testpaal", "birth-date": "1961-03-12"}},
        {"row": Person(bsn=BSN, name="Vrolijke-Testpaal")},
    ],
)
def test_no_person_reaches_the_file(log: Log, facts: dict[str, Any]) -> None:
    log.get().info("seen", **facts)
    log.logger.warning("seen", extra={"more": facts})
    text = written(log)
    assert [line["event"] for line in lines(log)] == ["seen", "seen"]
    digits = "".join(char for char in text if char.isdigit())
    assert not [number for number in (BSN, OLD_BSN, FNR) if number in text or number in digits]
    assert "Testpaal" not in text


def test_a_traceback_keeps_its_places_and_loses_its_people(log: Log) -> None:
    def read_row(bsn: str) -> None:
        raise ValueError(f"BSN {bsn} has no UZOVI")

    def read_file(name: str) -> None:
        try:
            read_row(BSN)
        except ValueError as error:
            raise RuntimeError(f"row of {name}") from error

    try:
        read_file(FNR)
    except RuntimeError:
        log.get().exception("failed", row=12)
        log.logger.exception("failed again")
    assert BSN not in written(log)
    assert FNR not in written(log)
    for line in lines(log):
        assert "test_a_traceback_keeps_its_places" in line["exception"]
        assert "BSN *****3883 has no UZOVI" in line["exception"]


def test_arguments_of_library_messages_are_scrubbed(log: Log) -> None:
    log.logger.getChild("urllib3").warning("GET /cov?bsn=%s -> %d", BSN, 503)
    assert lines(log)[0]["event"] == "GET /cov?bsn=*****3883 -> 503"


def test_ordinary_numbers_stay_readable(log: Log) -> None:
    facts = {
        "amount": 128_000, "invoice": "10023", "uzovi": "3332", "agb": "01099901", "at": "2024-01-15T02:00:00Z",
        "orgnr": "310000086", "ok": True, "none": None, "key": "3f2b9c1e-0d5a-4e57-9a40-8d1f6a7b9c10"
    }  # fmt: skip
    log.get().info("sent", **facts)
    (line,) = lines(log)
    assert {key: line[key] for key in facts} == facts


@settings(max_examples=100, deadline=None)
@given(
    body=st.text("0123456789", min_size=8, max_size=8),
    before=st.sampled_from(["", " ", "bsn=", "x", "2024-01-01 ", "00", '"', "é"]),
    after=st.sampled_from(["", " ", ",", "x", " 3332", "00", "."]),
    separator=st.sampled_from(["", " ", ".", "-"]),
)
def test_any_bsn_in_any_text_is_masked(body: str, before: str, after: str, separator: str) -> None:
    """Written in groups a number stands by itself; in one piece it may be part of a record."""
    found = next((body + last for last in "0123456789" if is_bsn(body + last)), None)
    assume(found is not None and not (separator and "00" in (before, after)))
    written_so = separator.join((found[:3], found[3:6], found[6:]))
    cleaned = clean_text(before + written_so + after)
    assert written_so not in cleaned
    assert len(cleaned) == len(before + written_so + after)


def test_files_are_for_their_owner_only_and_rotate(tmp_path: Path) -> None:
    with open_log(tmp_path / "log", area="kvitt-rotating", biggest=2000, kept=2) as log:
        for number in range(60):
            log.get().info("a line", number=number)
    files = sorted((tmp_path / "log").iterdir())
    assert [file.name for file in files] == ["kvitt.jsonl", "kvitt.jsonl.1", "kvitt.jsonl.2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700


def test_other_handlers_get_nothing_unscrubbed(log: Log) -> None:
    said = io.StringIO()
    other = logging.StreamHandler(said)
    logging.getLogger().addHandler(other)
    try:
        log.get().warning("seen", row=BSN)
    finally:
        logging.getLogger().removeHandler(other)
    assert said.getvalue() == ""
    assert lines(log)[0]["row"] == "*****3883"


def test_a_closed_log_leaves_the_logger_as_it_was(tmp_path: Path) -> None:
    logger = logging.getLogger("kvitt-before")
    logger.setLevel("ERROR")
    with open_log(tmp_path, area="kvitt-before", level="DEBUG") as log:
        log.get().debug("seen")
        assert lines(log)[0]["event"] == "seen"
    assert (logger.level, logger.propagate, logger.handlers) == (logging.ERROR, True, [])


def test_the_root_area_takes_what_libraries_say(tmp_path: Path) -> None:
    with open_log(tmp_path, area="") as log:
        logging.getLogger("some.library").warning("hello %s", BSN)
        assert [line["event"] for line in lines(log)] == ["hello *****3883"]


class _Unprintable:
    def __str__(self) -> str:
        raise ValueError(f"cannot print {BSN}")


def test_a_line_that_cannot_be_written_is_missed_and_not_printed(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.get().info("before", row=_Unprintable())
    log.get().info("after \udce9")
    assert [line["event"][:5] for line in lines(log)] == ["after"]
    said = capsys.readouterr().err
    assert said == "kvitt: a log line of kvitt-test was lost: ValueError\n"
