"""What others write about people, or name files after: it is stored sealed, and shown and told without their numbers."""

from __future__ import annotations

import io
import warnings
import zipfile

import pytest
from sqlalchemy.exc import IntegrityError

from hub.model.exchange import Collected
from hub.pipeline import receive
from hub.pipeline.context import content_id
from hub.sandbox.payer import invoice_response
from hub.store import schema
from hub.store.unit import Row
from tests.scenarios.world import NL, NO, SPRING_2026, World, no_log

BSN, FNR = "999903883", "13097248022"


def everything(world: World, tenant: str) -> str:
    """Every row of a tenant as text, whatever the table."""
    with world.reading(tenant) as unit:
        rows = [row for table in schema.TENANT_TABLES for row in unit.rows(unit.mine(table))]
    return "\n".join(str(row) for row in rows)


def by_hand(world: World, name: str, payload: bytes) -> list[receive.Received]:
    item = Collected(remote_id=content_id(name, payload), name=name, payload=payload)
    return receive.receive(world.hub, NL, item)


def test_a_number_in_a_file_name_is_not_kept(world: World) -> None:
    (done,) = by_hand(world, f"retour jansen {BSN}.txt", b"zomaar iets")
    assert done.state == "unreadable"
    assert BSN not in done.name
    assert BSN not in everything(world, NL)
    assert [one.state for one in by_hand(world, f"retour jansen {BSN}.txt", b"zomaar iets")] == ["duplicate"]


def archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as packed:
        warnings.simplefilter("ignore")  # zipfile warns about names that stand twice
        for name, data in members:
            packed.writestr(name, data)
    return stream.getvalue()


def test_members_of_one_name_are_all_taken_and_none_leaves_its_archive(world: World) -> None:
    packed = archive(("a.txt", b"one"), ("a.txt", b"two"), (f"../../{BSN}.txt", b"three"))
    done = by_hand(world, "answers.zip", packed)
    assert [one.state for one in done] == ["unreadable"] * 3
    assert len({one.inbound_id for one in done}) == 3
    assert BSN not in everything(world, NL)
    assert not list(world.home.parent.rglob(f"*{BSN}*"))


def test_an_empty_archive_is_told(world: World) -> None:
    assert [one.state for one in by_hand(world, "empty.zip", archive())] == ["unreadable"]


def test_a_payers_words_are_told_without_the_persons_number(world: World) -> None:
    world.at(SPRING_2026)
    world.log_in(no_log())
    world.submit(NO)
    number = world.case("6TST1").invoice_number
    reason = f"Pasient {FNR} ikke dekket, BSN {BSN}"
    world.answer(NO, invoice_response(number, "RE", reason=reason, at=world.clock.now()))
    (task,) = world.tasks(NO, "rejection")
    assert "ikke dekket" in task["text"]["nb"]
    found = everything(world, NO)
    assert FNR not in found
    assert BSN not in found


def test_a_database_error_quotes_nothing_that_was_written(world: World) -> None:
    row: Row = {"id": "x", "login": "jansen@example", "name": "Jansen Geheim", "role": "support", "language": "nl"}
    row["created_at"] = world.clock.now()
    with world.unit(NL) as unit:
        unit.insert(schema.app_user, [row])
    with pytest.raises(IntegrityError) as caught, world.unit(NL) as unit:
        unit.insert(schema.app_user, [row])
    assert "Geheim" not in str(caught.value)
