"""A process dies by kill -9 in the middle of things: everything is there exactly once, or not at all (S05, S06)."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.model.identity import is_bsn
from hub.model.partner import Agreement
from hub.sandbox import example
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.vecozo import VecozoSandbox
from hub.store import parties
from tests.conftest import ROOT
from tests.scenarios.world import NL, World, nl_list, rows_of

ROWS = 2_400
Play = Callable[..., tuple[int, float]]
KILLED = -9
STATEMENTS = (
    "before:INSERT INTO declaration ",
    "after:INSERT INTO claim ",
    "before:INSERT INTO posting",
    "after:INSERT INTO declaration_row",
)


@contextmanager
def crashing(world: World) -> Iterator[Play]:
    """Plays commands in processes of their own, which the last word of a command kills at a moment."""
    command = [sys.executable, "-m", "tests.scenarios.crashing"]
    arguments = [world.database.url, str(world.home), world.clock.now().isoformat()]
    with subprocess.Popen(
        [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin
        assert stdout

        def play(*words: str) -> tuple[int, float]:
            stdin.write("\t".join(words) + "\n")
            stdin.flush()
            code, seconds = stdout.readline().split()
            return int(code), float(seconds)

        yield play
        stdin.close()


def big_list() -> bytes:
    """A list of 2,400 invented people."""
    header = nl_list().splitlines()[0].decode()
    numbers = (str(number) for number in range(999_900_000, 999_999_999) if is_bsn(str(number)))
    rows = [
        f"01099901;01099011;01-01-2024;{bsn};V;A.;;Proef-{at};02-02-1960;7511 AA;{at % 999 + 1};01-01-2010;;;3332;"
        f"{900000000 + at}"
        for at, bsn in zip(range(ROWS), numbers, strict=False)
    ]
    return "\n".join([header, *rows, ""]).encode()


def files_of(world: World) -> set[str]:
    """Every file of the hub but the database's own side files."""
    found = {str(path.relative_to(world.home.parent)) for path in world.home.parent.rglob("*") if path.is_file()}
    return {name for name in found if not name.endswith(("-wal", "-shm", "-journal"))}


@pytest.mark.scenario("S05")
def test_a_big_list_is_stored_whole_or_not_at_all_whenever_the_process_is_killed(world: World, tmp_path: Path) -> None:
    data = big_list()
    path = tmp_path / "big.csv"
    path.write_bytes(data)
    world.hub.store.close()
    before = files_of(world)
    nothing: Counter[str] = Counter()
    whole = Counter({"declaration": 1, "declaration_row": ROWS, "claim": ROWS, "claim_line": ROWS, "posting": ROWS})
    with crashing(world) as play:
        code, full = play("intake", str(path), "commit")
        assert code == KILLED
        assert +world.counts(NL) == nothing, "everything was written, nothing was committed"
        for moment in STATEMENTS:
            code, _ = play("intake", str(path), moment)
            assert code == KILLED, moment
            assert +world.counts(NL) == nothing, moment
        for part in (0.4, 0.7, 0.95):
            code, _ = play("intake", str(path), f"seconds:{full * part:.3f}")
            found = +world.counts(NL)
            assert found in (nothing, whole), part
            assert found == whole or code == KILLED, part
        play("intake", str(path), "done")  # it was stored; whoever handed it in never heard so
        world.restart()
        assert +world.counts(NL) == whole
    again = world.hand_in(data)  # the client tries again
    assert (again.status, again.counts()["claims"]) == ("already_received", ROWS)
    assert +world.counts(NL) == whole
    refs = sorted(view.ref for view in world.claims(NL).values())
    first = int(refs[0].removeprefix("R"))
    assert refs == [f"R{number:09d}" for number in range(first, first + ROWS)], "those of killed runs stay unused"
    assert files_of(world) == before, "no temporary file stays behind"
    _sound(world)


def _sound(world: World) -> None:
    """SQLite's own check of its file."""
    if world.database.kind == "sqlite":
        with world.hub.store.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


@pytest.mark.scenario("S06")
@pytest.mark.scenario("S07")
def test_what_a_partner_took_before_we_died_is_found_there_and_not_sent_again(world: World) -> None:
    world.hand_in(nl_list())
    world.hub.store.close()
    with crashing(world) as play:
        code, _ = play("send", "delivered")
    assert code == KILLED
    world.restart()
    intents = [row for row in world.exchanges(NL) if row["state"] == "sending"]
    assert len(intents) == 2, "both files of one insurer were written down before the first effect"
    assert len({row["agreement_id"] for row in intents}) == 1
    there = list((world.home / "outbox").rglob("*.asc"))
    assert len(there) == 1, "the partner has it"
    stamp = there[0].stat().st_mtime_ns

    world.submit(NL)

    waits = [row for row in world.exchanges(NL) if row["state"] == "sending"]
    assert len(waits) == 1, "what the dead process may still have on its way is asked about once more before it goes"
    world.at(waits[0]["next_try_at"])
    world.submit(NL)

    assert {row["state"] for row in world.exchanges(NL)} == {"sent"}
    ours = {row["id"] for row in intents}
    assert there[0].name in {row["remote_id"] for row in world.exchanges(NL) if row["id"] in ours}
    assert len(list((world.home / "outbox").rglob("*.asc"))) == 6
    assert there[0].stat().st_mtime_ns == stamp, "it was not written a second time"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates for mutual TLS."""
    return make_pki(tmp_path_factory.mktemp("pki"), now=SystemClock().now())


@pytest.mark.scenario("S06")
def test_vecozo_holds_one_file_after_a_kill_between_its_yes_and_our_commit(world: World, pki: Pki) -> None:
    with VecozoSandbox(pki, now=world.clock.now) as vecozo:
        with world.unit(NL) as unit:
            agreement = example_agreement("menzis", vecozo.settings())
            parties.put_agreement(unit, agreement)
        world.hand_in(rows_of(nl_list(), 2))
        world.hub.store.close()
        with crashing(world) as play:
            code, _ = play("send", "delivered")
            assert code == KILLED
            assert len(vecozo.received()) == 1
            world.restart()
            assert [row["state"] for row in world.exchanges(NL)] == ["sending"]
            code, _ = play("send", "none")
            assert code == 0
        assert len(vecozo.received()) == 1, "asked by its key, not pushed again"
        (row,) = world.exchanges(NL)
        assert row["state"] in ("sent", "delivered")
        assert row["remote_id"] == vecozo.received()[0].traceer


def example_agreement(partner: str, settings: dict[str, str]) -> Agreement:
    """The agreement of an example partner, over its own channel instead of a folder."""
    return Agreement(id="", tenant=NL, partner=partner, valid_from=example.VALID_FROM, settings=settings)
