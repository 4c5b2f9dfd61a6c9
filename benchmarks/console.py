"""How long the console's pages take on a small and on a large hub, and whether they stay flat.

    python benchmarks/console.py          10,000 messages and 2,000 claims beside 1,000,000 and 200,000
    python benchmarks/console.py --messages 100000 --claims 20000
    python benchmarks/console.py --database postgresql+psycopg://...

A database that is named is migrated and empty, and entered by a role that owns nothing (env:NAME for a password in it).

A demo is played, then its own rows are copied until there are as many as asked for: claims with sealed persons, lines,
journal rows, decisions and tasks (1 in 50 refused), exchanges by the hundred claims. Each page is asked for by somebody
who has logged in, in process; the figure is the median of the processor's time. On a server it is the shortest of the
times that pass (the longer ones wait for whatever else the machine does), and there also for somebody of one practice,
whom the database fences in. Ratios count, absolute times are noise.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from memory import peak_mb
from sqlalchemy import text

from hub.cli import boot
from hub.clock import MovableClock
from hub.model.claim import Claim
from hub.model.identity import is_bsn
from hub.pipeline import identity
from hub.pipeline.context import Actor, Hub
from hub.sandbox import console_users, demo, example
from hub.sandbox.stage import Stage
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import claims, parties, schema
from hub.store.claims import NewClaim
from hub.store.unit import Row, Unit
from hub.web.app import create_app

SMALL = (10_000, 2_000)
LARGE = (1_000_000, 200_000)
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
PASSWORD = "synthetic-and-long-enough"  # noqa: S105 -- of a hub that lives for minutes
TENANT = example.NL_TENANT
_AT_A_TIME = 2_000
_REFUSED = 50
_PEOPLE = 5_000
_PATIENCE = 180
_FLAT = 3.0
"""A page may take so many times as long on a hub of a hundred times the size."""


@dataclass(frozen=True, slots=True)
class Models:
    """What the demo left, to be copied."""

    claim: Claim
    row: Row
    exchange: Row
    line: Row
    posting: Row
    decision: Row
    task: Row


def played(home: Path, database: str = "") -> Hub:
    """The demo, once."""
    settings, clock = default_settings(home, database=database), MovableClock(demo.START)
    if database:  # somebody else has migrated it: the hub's role may not
        home.mkdir()
        create_keys(settings.keys)
    hub = boot.open_hub(settings, clock) if database else boot.create_hub(settings, clock)
    demo.play(Stage(hub=hub, clock=hub.clock, out=home / "out", say=lambda _text: None))  # type: ignore[arg-type]
    console_users.enrol(hub, PASSWORD)
    hub.clock.move_to(NOW)  # type: ignore[attr-defined]
    return hub


def models(hub: Hub) -> Models:
    """One of everything."""
    with hub.store.reading(TENANT) as unit:
        like = next(row for row in claims.find(unit) if row["exchange_id"] and row["programme"] == "module-quarter")
        (claim,) = claims.load(unit, [like])
        line = unit.one(unit.mine(schema.claim_line, schema.claim_line.c.claim_id == like["id"])) or {}
        return Models(
            claim=claim,
            row=like,
            exchange=unit.one(unit.mine(schema.exchange, schema.exchange.c.id == like["exchange_id"])) or {},
            line=line,
            posting=unit.one(unit.mine(schema.posting, schema.posting.c.claim_line_id == line["id"])) or {},
            decision=unit.one(unit.mine(schema.decision)) or {},
            task=unit.one(unit.mine(schema.task)) or {},
        )


def fill(hub: Hub, like: Models, messages: range, numbers: range) -> None:
    """Copy what the demo left until there is this much of it."""
    people = [bsn for number in range(999_000_000, 999_999_999) if is_bsn(bsn := str(number))][:_PEOPLE]
    for some in _parts(messages):
        with hub.store.unit(TENANT) as unit:
            unit.insert(schema.exchange, [_exchange(like.exchange, at) for at in some])
    for some in _parts(numbers):
        with hub.store.unit(TENANT) as unit:
            _claims(unit, like.claim, people, some)
            _money(unit, like.posting, some, like.row)
            _refusals(unit, like.decision, like.task, [at for at in some if at % _REFUSED == 0], like.line)


def _parts(numbers: range) -> Iterator[range]:
    for first in range(numbers.start, numbers.stop, _AT_A_TIME):
        yield range(first, min(first + _AT_A_TIME, numbers.stop))


def settle(hub: Hub) -> None:
    """Wait until PostgreSQL's own hand has counted what is there now, as it does within minutes of any such day."""
    since = text(
        "SELECT count(*) FROM pg_stat_user_tables WHERE n_mod_since_analyze > 1000 + n_live_tup / 5"
        " OR n_ins_since_vacuum > 2000 + n_live_tup / 4"
    )
    for _ in range(_PATIENCE):
        time.sleep(1)
        with hub.store.engine.connect() as connection:
            if not connection.execute(since).scalar():
                return


def _id(kind: str, at: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{at}"))


def _exchange(like: Row, at: int) -> Row:
    moment = NOW - timedelta(seconds=30 * at + 30)
    own: Row = {"id": _id("exchange", at), "business_key": f"copy:{at}", "invoice_number": f"KC{at:010d}"}
    own |= {"remote_id": f"copy-{at}", "name": f"KC{at:010d}.ei", "prepared_at": moment, "sent_at": moment}
    return like | own | {"answered_at": moment, "state": "delivered"}


def _claims(unit: Unit, claim: Claim, people: list[str], numbers: range) -> None:
    new = []
    for at in numbers:
        lines = tuple(replace(one, id=_id("line", at), ref=f"L{at:012d}") for one in claim.lines[:1])
        copy = replace(claim, id=_id("claim", at), ref=f"C{at:012d}", invoice_number=f"KC{at // 100:010d}", lines=lines)
        new.append(
            NewClaim(
                claim=copy,
                subject_kind="bsn",
                subject_value=people[at % len(people)],
                business_key=f"copy:{at}",
            )
        )
    claims.add(unit, new)
    table = schema.claim
    for at in {number // 100 for number in numbers}:
        ids = [_id("claim", number) for number in numbers if number // 100 == at]
        unit.connection.execute(table.update().where(table.c.id.in_(ids)).values(exchange_id=_id("exchange", at)))


def _money(unit: Unit, like: Row, numbers: range, claim: Row) -> None:
    rows = []
    for at in numbers:
        own = {"id": _id("posting", at), "key": f"copy:{at}#1", "claim_id": _id("claim", at)}
        rows.append(like | own | {"claim_line_id": _id("line", at), "practice": claim["provider_code"]})
    unit.insert(schema.posting, rows)


def _refusals(unit: Unit, decision: Row, task: Row, numbers: list[int], line: Row) -> None:
    said = {"verdict": "refused", "granted_minor": 0, "at": NOW - timedelta(days=3), "number": 1}
    code = [{"list": "COD954", "code": "0586", "text": "", "element": ""}]
    unit.insert(
        schema.decision,
        [
            decision
            | said
            | {"id": _id("decision", at), "claim_line_id": _id("line", at), "source": f"copy:{at}", "codes": code}
            for at in numbers
        ],
    )
    table = schema.claim_line
    ids = [_id("line", at) for at in numbers]
    unit.connection.execute(
        table.update().where(table.c.id.in_(ids)).values(verdict="refused", decided_at=NOW - timedelta(days=3))
    )
    own = {"state": "open", "kind": "refused", "amount_minor": line["amount_minor"], "currency": line["currency"]}
    rows = [task | own | {"id": _id("task", at), "key": f"copy:{at}", "claim_ref": f"C{at:012d}"} for at in numbers]
    unit.insert(schema.task, rows)


@dataclass(frozen=True, slots=True)
class Watch:
    """How a page's time is taken, and which of several counts."""

    now: Callable[[], float]
    of: Callable[[Sequence[float]], float]


PROCESSOR = Watch(now=time.process_time, of=statistics.median)
PASSING = Watch(now=time.perf_counter, of=min)


def timings(hub: Hub, times: int, *, login: str, watch: Watch, without: tuple[str, ...] = ()) -> dict[str, float]:
    """Milliseconds per page (asking for it included), of several times; without the pages that are not theirs."""
    entry = identity.log_in(hub, login, PASSWORD)
    with TestClient(create_app(hub), base_url="http://testserver", follow_redirects=True) as client:
        client.cookies.set("kvitt", entry.cookie)
        found = {}
        for name, ask in ((name, ask) for name, ask in _questions(client, entry.session.csrf) if name not in without):
            took = []
            for _ in range(times + 1):
                begin = watch.now()
                answer = ask()
                took.append((watch.now() - begin) * 1000)
                if answer.status_code != 200:
                    raise SystemExit(f"{name}: {answer.status_code} {answer.text[:500]}")
            found[name] = watch.of(took[1:])
        return found


def _questions(client: TestClient, csrf: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "today", lambda: client.get("/today")
    yield "exchanges", lambda: client.get("/exchanges")
    yield "exchanges of one partner", lambda: client.get("/exchanges?partner=menzis")
    yield "one exchange", lambda: client.get("/exchanges/copy:500")
    yield "one claim", lambda: client.get("/claims/C000000000051")
    yield "rejections", lambda: client.get("/rejections")
    yield "to complete", lambda: client.get("/complete")
    yield "payments", lambda: client.get("/payments")
    for name, query in _searches():
        yield f"search: {name}", lambda query=query: client.post("/search", data={"csrf": csrf, "q": query})  # type: ignore[misc]


def _searches() -> Iterator[tuple[str, str]]:
    yield "a claim", "C000000001234"
    yield "an invoice number", "KC0000000012"
    yield "what is not there", "XX9999999999"
    yield "50 pasted", "\n".join(f"C{at:012d}" for at in range(50, 100))
    yield "a person", "999990019"


def everybody(hub: Hub, times: int, *, elsewhere: bool) -> dict[str, float]:
    """The pages of support's, and where the database is a server those of one practice's staff."""
    watch = PASSING if elsewhere else PROCESSOR
    theirs = [one for one in console_users.people(hub) if one.tenant == TENANT and not one.organisation]
    who = next(one for one in theirs if one.role == "support")
    found = timings(hub, times, login=who.login, watch=watch)
    if elsewhere:
        # a message is the claimant's: it is not there for the practice
        fenced = timings(hub, times, login=_staff(hub), watch=watch, without=("one exchange",))
        found |= {f"practice: {name}": took for name, took in fenced.items()}
    return found


def _staff(hub: Hub) -> str:
    """Somebody of support's who is fenced to the practice whose claims were copied."""
    login, code = "staff@practice.example", next(iter(example.PRACTICES))
    with hub.store.unit(TENANT) as unit:
        whose = parties.organisation(unit, code).id
        if all(row["login"] != login for row in parties.users(unit)):
            parties.put_user(unit, login, name="Staff", role="support", organisation_id=whose, language="en")
    identity.set_password(hub, TENANT, login, PASSWORD, Actor(name="benchmark", role="engineer"))
    return login


def main() -> int:
    """Both sizes beside one another; 1 when a page is not flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=LARGE[0])
    parser.add_argument("--claims", type=int, default=LARGE[1])
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    both, done = [], (0, 0)
    with tempfile.TemporaryDirectory() as place:
        hub = played(Path(place) / "hub", asked.database)
        like = models(hub)
        for wanted in (SMALL, (asked.messages, asked.claims)):
            begin = time.perf_counter()
            fill(hub, like, *(range(*each) for each in zip(done, wanted, strict=True)))
            sys.stderr.write(f"{wanted[0]:,} messages, {wanted[1]:,} claims: {time.perf_counter() - begin:.0f} s\n")
            if asked.database:
                settle(hub)
            both.append(everybody(hub, asked.times, elsewhere=bool(asked.database)))
            done = wanted
        hub.store.close()
    small, large = both
    print(f"{'page':38} {'small':>9} {'large':>9} {'ratio':>7}")
    for name, took in large.items():
        print(f"{name:38} {small[name]:7.1f}ms {took:7.1f}ms {took / small[name]:6.2f}x")
    print(f"memory at most {peak_mb()} MB")
    return 1 if any(took / small[name] > _FLAT for name, took in large.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
