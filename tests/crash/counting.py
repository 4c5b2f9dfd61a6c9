"""What must hold when the trouble is over: what partners saw is laid beside what the hub says, both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connectors.channels import naming
from connectors.channels.vecozo_messages import traceer_id
from hub.sandbox.vecozo import VecozoSandbox
from hub.store import inbounds
from hub.store.unit import Row
from tests.crash.drop import Drop
from tests.crash.remote import Remote
from tests.crash.setting import Opened, key_of

_ARRIVED = ("sent", "delivered")
_UNSETTLED = ("prepared", "sending", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The partners, as they tell it themselves."""

    deaf: Remote
    askable: Remote
    vecozo: VecozoSandbox
    drop: Drop | None = None


Found = Iterator[tuple[str, Sequence[object]]]


def violations(opened: Opened, sides: Sides, *, refused_by_vecozo: Callable[[str], bool]) -> list[str]:
    """Everything that does not hold, with how often and one example."""
    by: dict[str, list[Row]] = {}
    for row in opened.rows():
        by.setdefault(row["partner"], []).append(row)
    found = [
        *_deaf(opened, sides.deaf, [*by.get("deaf", []), *by.get("third", [])]),
        *_askable(sides.askable, by.get("askable", [])),
        *_vecozo(opened, sides.vecozo, by.get("menzis", []), refused_by_vecozo),
        *(_drop(opened, sides.drop, by.get("drop", [])) if sides.drop is not None else ()),
        *_answers(opened),
    ]
    return [f"{what}: {len(which)}, such as {which[0]}" for what, which in found if which]


def _deaf(opened: Opened, partner: Remote, rows: list[Row]) -> Found:
    """One that cannot be asked: never twice, never lost, and a person for every doubt."""
    copies = partner.copies()
    doubt = {row["exchange_id"] for row in opened.tasks("in_doubt")}
    unsure = _in(rows, ("in_doubt",))
    yield "sent twice to a partner that cannot be asked", [key for key, count in copies.items() if count > 1]
    yield "not settled", [row["state"] for row in _in(rows, _UNSETTLED)]
    yield "in doubt without a task", [row["id"] for row in unsure if row["id"] not in doubt]
    yield "in doubt without a reason", [row["id"] for row in unsure if not row["note"]]
    yield "counts as sent, is not there", [row["id"] for row in _in(rows, _ARRIVED) if not copies[key_of(row)]]
    yield "counts as refused, is there", [row["id"] for row in _in(rows, ("refused",)) if copies[key_of(row)]]


def _askable(partner: Remote, rows: list[Row]) -> Found:
    """One that can be asked: no doubt is left, and nothing is sent again that was not asked about in between."""
    copies = partner.copies()
    yield "not settled though it can be asked", [r["state"] for r in rows if r["state"] not in (*_ARRIVED, "refused")]
    yield "sent again without asking", partner.blind_sends()
    yield "stored twice", [key for key, count in copies.items() if count > 1]
    yield "counts as sent, is not there", [row["id"] for row in _in(rows, _ARRIVED) if not copies[key_of(row)]]


def _vecozo(opened: Opened, partner: VecozoSandbox, rows: list[Row], refused: Callable[[str], bool]) -> Found:
    """VECOZO: one message each unless it refuses it; every answer stored once, confirmed after that."""
    there = {item.traceer for item in partner.received()}
    taken = [row for row in rows if not refused(row["invoice_number"])]
    yield "not at VECOZO", [row["id"] for row in taken if traceer_id(key_of(row)) not in there]
    yield "not settled at VECOZO", [row["state"] for row in taken if row["state"] not in _ARRIVED]
    yield (
        "refused by VECOZO, counts as sent",
        [row["id"] for row in rows if refused(row["invoice_number"]) and row["state"] not in ("refused", *_late(row))],
    )
    answers = {item.traceer for item in partner.store.queued.values()}
    came = Counter(row["remote_id"] for row in opened.inbound() if row["source"].startswith("vecozo:"))
    yield "VECOZO's answers lost", sorted(answers - came.keys())
    yield "VECOZO's answers stored twice", [remote for remote, count in came.items() if count > 1]
    yield "not confirmed at VECOZO", [item.traceer for item in partner.store.queued.values() if not item.confirmed]


def _late(row: Row) -> tuple[str, ...]:
    """One that is refused after it was taken over counts as sent until it is asked about, and it may wait for that."""
    return _ARRIVED if int(row["invoice_number"].rpartition("-")[2]) % 60 == 17 else ()


def _drop(opened: Opened, partner: Drop, rows: list[Row]) -> Found:
    """The SSH server: one whole file each under the name of its key, and every answer stored once and moved away."""
    files = Counter(name for name, _ in partner.files())
    content = {name: data.decode() for name, data in partner.files()}
    names = {naming.remote_name(key_of(row), row["name"]): row for row in rows}
    yield "not settled at the SSH server", [row["state"] for row in rows if row["state"] not in _ARRIVED]
    yield "not at the SSH server", [name for name in names if not files[name]]
    yield "nobody's files at the SSH server", [name for name in files if name not in names]
    yield "twice at the SSH server", [*partner.twice(), *(name for name, count in files.items() if count > 1)]
    yield (
        "not whole at the SSH server",
        [name for name, row in names.items() if content.get(name) != f"the file {row['invoice_number']}"],
    )
    came = Counter(row["meta"]["name"] for row in opened.inbound() if row["source"].startswith("sftp:"))
    yield "the SSH server's answers lost", sorted(partner.answered - came.keys())
    yield "the SSH server's answers stored twice", [name for name, count in came.items() if count > 1]
    yield "not confirmed at the SSH server", partner.offered()


def _answers(opened: Opened) -> Found:
    """A person was told of every answer once, also where it came twice under two names."""
    rows = opened.inbound()
    told = Counter(row["inbound_id"] for row in opened.tasks("unreadable"))
    first = Counter(row["content_key"] for row in rows if row["state"] != inbounds.DUPLICATE)
    yield "left unprocessed", [row["id"] for row in rows if row["state"] == inbounds.STORED]
    yield "the same answer taken for two", [key for key, count in first.items() if count > 1]
    yield "taken for a copy of nothing", [row["id"] for row in rows if not first[row["content_key"]]]
    expected = {row["id"]: int(row["state"] != inbounds.DUPLICATE) for row in rows}
    yield "answers without exactly one task", [each for each, count in expected.items() if told[each] != count]


def _in(rows: Sequence[Row], states: Sequence[str]) -> list[Row]:
    return [row for row in rows if row["state"] in states]
