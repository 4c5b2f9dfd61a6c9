"""Many practices hand in at once at a console that is served, while support works there: S39 in figures.

    make load                                     50 practices of 100,000 rows each, on SQLite: hours
    python tests/web/load.py --practices 50 --rows 2000
    python tests/web/load.py --database env:NAME

A database that is named (by its URL, or the variable that holds it) is migrated and empty, and entered by a role that owns
nothing.

The console runs in a process of its own (uvicorn), so its memory is its own; the practices are threads here. Each logs
in, uploads its list, follows its way through the queue, looks at the preview, says yes and waits for the receipt. Support
meanwhile opens pages and searches, one after another. The people are invented in memory and live as long as the run.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2

from hub.cli import boot
from hub.clock import MovableClock
from hub.model.identity import is_bsn
from hub.model.party import Party
from hub.paths import examples
from hub.pipeline import identity
from hub.pipeline.context import Actor, Hub
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion
from hub.sandbox import example
from hub.security.keys import create_keys
from hub.settings import default_settings
from hub.store import parties
from hub.store.parties import Participation
from hub.web.server import served

NOW = datetime(2024, 1, 15, 8, tzinfo=UTC)
PERIOD = "2024Q1"
TENANT = example.NL_TENANT
PASSWORD = "synthetic-and-long-enough"
UZOVIS = ("3332", "3334", "3311", "3313", "7095", "7119")
NAMES = ("Proefkist", "Testpaal", "Voorbeeldhuis", "Verzinsel", "Nergens", "Modelman", "Schijnberg", "Doorsnee")
HEADER = (
    "praktijk_agb;huisarts_agb;peildatum;bsn;geslacht;voorletters;voorvoegsel;achternaam;geboortedatum;postcode;"
    "huisnummer;inschrijfdatum;uitschrijfdatum;overlijdensdatum;uzovi;verzekerdennummer"
)
BASE_MB, KB_A_ROW = 350, 10
"""The bound: what an idle console with all its code takes, and so much for each row of the longest list; the number of
practices does not count."""
FAIR = 3.0
"""The slowest practice may take so many times as long as the one in the middle."""
_PAGES = ("/today", "/rejections", "/complete", "/exchanges", "/jobs", "/expected")
_WORD = re.compile(r'name="word" value="([^"]+)"')
_RECEIPT = re.compile(r'href="(/practice/lists/[^"]+/receipt)"')
_SECRET = re.compile(r'name="csrf" value="([^"]+)"')
_WANTED = f"module-quarter|{example.MODULE}|{PERIOD}"


class EverybodyInsured:
    """Coverage as an insurer would answer it: computed from the number, so that it takes no memory."""

    def check(self, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
        """Insured with one of six."""
        return [
            CoverageAnswer(coverage=Coverage.INSURED, uzovi=UZOVIS[int(one.bsn or "0") % len(UZOVIS)])
            for one in questions
        ]


def opened(home: Path, database: str) -> Hub:
    """The hub of this run, its clock standing still."""
    return replace(
        boot.open_hub(default_settings(home, database=database), MovableClock(NOW)),
        coverage=lambda _tenant: EverybodyInsured(),
    )


def set_up(home: Path, database: str, practices: Sequence[str]) -> None:
    """A sandbox hub with these practices, an assistant at each, and one person at support."""
    settings = default_settings(home, database=database)
    if database:  # somebody else has migrated it: the hub's role may not
        home.mkdir()
        create_keys(settings.keys)
    hub = (boot.open_hub if database else boot.create_hub)(settings, MovableClock(NOW))
    example.load_example(hub.store, home, examples())
    with hub.store.unit(TENANT) as unit:
        above = parties.organisation(unit, example.CARE_GROUP).id
        papers = date(2023, 9, 15)
        for code in practices:
            party = Party(scheme="AGB", id=code, name=f"Practice {code}")
            made = parties.put_organisation(unit, "practice", party, parent=above, system="ion-export")
            terms = Participation(
                module=example.MODULE, first_quarter=PERIOD, agreement_date=papers, consent_date=papers
            )
            parties.put_participation(unit, made, terms)
            parties.put_user(unit, code, name=code, role="provider", organisation_id=made, language="nl")
        parties.put_user(unit, "load-support", name="S", role="support", organisation_id=None, language="en")
    for login in (*practices, "load-support"):
        identity.set_password(hub, TENANT, login, PASSWORD, Actor(name="load", role="operator"))
    hub.store.close()


def practice_codes(count: int) -> list[str]:
    """Invented AGB codes of practices."""
    return [f"0109{number:04d}" for number in range(1001, 1001 + count)]


def people(first: int, wanted: int) -> Iterator[str]:
    """Numbers that pass the check digit, from the 999 range down where that has too few."""
    valid = (text for number in range(999_999_999 - first * 12, 0, -1) if is_bsn(text := str(number)))
    return islice(valid, wanted)


def practice_list(practice: str, place: int, rows: int) -> bytes:
    """One practice's list; one in a hundred was deregistered."""
    lines = [HEADER]
    for number, bsn in enumerate(people(place * rows, rows)):
        gone = "31-12-2022" if number % 100 == 7 else ""
        born = f"{1 + number % 28:02d}-{1 + number % 12:02d}-{1930 + number % 85}"
        cells = [practice, f"0109901{number % 3}", "01-01-2024", bsn, "MV"[number % 2], "A.B.", ""]
        cells += [f"{NAMES[number % len(NAMES)]}-{number}", born, "7511 AA", str(1 + number % 200), "01-01-2015"]
        lines.append(";".join([*cells, gone, "", UZOVIS[int(bsn) % len(UZOVIS)], f"{900_000_000 + number}"]))
    return "\n".join([*lines, ""]).encode()


@dataclass(slots=True)
class Memory:
    """The server's memory as Linux counts it, sampled."""

    pid: int
    rss: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def now(self, name: str) -> int:
        """VmRSS or VmHWM in MB."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1]) // 1024

    def sample(self) -> None:
        """Until told to stop."""
        while not self.over.wait(0.5):
            self.rss.append(self.now("VmRSS"))


@dataclass(slots=True)
class Figures:
    """What happened: seconds of each practice, what its rows became, support's answers, the server's memory."""

    practices: int
    rows: int
    whole: float = 0.0
    previewed: list[float] = field(default_factory=list)
    received: list[float] = field(default_factory=list)
    shown: int = 0
    support: list[tuple[str, float, int]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    idle_mb: int = 0
    peak_mb: int = 0
    bytes_in: int = 0

    @property
    def bound_mb(self) -> int:
        """What the peak may be."""
        return BASE_MB + self.rows * KB_A_ROW // 1024

    @property
    def unfair(self) -> float:
        """The slowest practice beside the one in the middle."""
        return max(self.received) / statistics.median(self.received)

    def pages(self) -> dict[str, tuple[int, float, float, float]]:
        """For each of support's pages: how often, p50, p95 and the longest, in milliseconds."""
        found: dict[str, list[float]] = {}
        for name, took, _ in self.support:
            found.setdefault(name, []).append(took * 1000)
        found["all"] = [took * 1000 for _, took, _ in self.support]
        return {name: (len(each), _part(each, 0.5), _part(each, 0.95), max(each)) for name, each in found.items()}

    def table(self) -> str:
        """For people."""
        rate = self.practices * self.rows / self.whole
        before, after = statistics.median(self.previewed), statistics.median(self.received)
        lines = [
            f"{self.practices} practices x {self.rows:,} rows ({self.bytes_in / 1e6:,.1f} MB) in {self.whole:.0f} s",
            f"{rate:,.0f} rows a second; {self.shown} progress pages were shown",
            f"until the preview: median {before:.1f} s, longest {max(self.previewed):.1f} s",
            f"until the receipt: median {after:.1f} s, longest {max(self.received):.1f} s, {self.unfair:.2f} x",
            f"memory of the server: idle {self.idle_mb} MB, at most {self.peak_mb} MB (bound {self.bound_mb} MB)",
            f"{'support':16} {'times':>6} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}",
        ]
        for name, (times, middle, high, longest) in self.pages().items():
            lines.append(f"{name:16} {times:6} {middle:8.0f} {high:8.0f} {longest:8.0f}")
        statuses = Counter(status for _, _, status in self.support)
        return "\n".join([*lines, f"support's answers: {dict(statuses)}", *self.failed])


def _part(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _visitor(address: str, login: str) -> tuple[httpx2.Client, str]:
    client = httpx2.Client(base_url=address, follow_redirects=True, timeout=600)
    answer = client.post("/login", data={"login": login, "password": PASSWORD})
    answer.raise_for_status()
    found = _SECRET.search(answer.text) or _SECRET.search(client.get("/account").text)
    if found is None:
        raise SystemExit(f"{login} cannot log in: {answer.text[:300]}")
    return client, found.group(1)


def _through(client: httpx2.Client, answer: Any, figures: Figures, wanted: re.Pattern[str]) -> str:
    """Follow the way through the queue to the answer at its end; what of it was wanted."""
    while "/waiting/" in str(answer.url) and "refresh" in answer.headers:
        figures.shown += "<progress" in answer.text
        time.sleep(float(answer.headers["refresh"]))
        answer = client.get(str(answer.url))
    found = wanted.search(answer.text)
    if answer.status_code != 200 or found is None:
        raise RuntimeError(f"{answer.url.path}: {answer.status_code} {unescape(answer.text)[-1500:]}")
    return found.group(1)


def hand_in(client: httpx2.Client, secret: str, practice: str, data: bytes, figures: Figures) -> None:
    """One practice's way from its file to the receipt."""
    begin = time.perf_counter()
    try:
        body = {"csrf": secret, "what": _WANTED, "practice": practice}
        answer = client.post("/practice/upload", data=body, files={"file": ("list.csv", data, "text/csv")})
        word = _through(client, answer, figures, _WORD)
        figures.previewed.append(time.perf_counter() - begin)
        answer = client.post("/practice/upload/confirm", data=body | {"word": word})
        _through(client, answer, figures, _RECEIPT)
        figures.received.append(time.perf_counter() - begin)
    except (httpx2.HTTPError, RuntimeError) as error:
        figures.failed.append(f"{practice}: {error}")
    finally:
        client.close()


def work(client: httpx2.Client, secret: str, over: threading.Event, figures: Figures) -> None:
    """Support's day: pages and searches, one after another."""
    searches = ("R000000100", "XX9999999999", "999999047")
    turn = 0
    while not over.wait(0.2):
        page = _PAGES[turn % len(_PAGES)]
        _timed(figures, page, lambda page=page: client.get(page))  # type: ignore[misc]
        query = searches[turn % len(searches)]
        _timed(figures, "/search", lambda query=query: client.post("/search", data={"csrf": secret, "q": query}))  # type: ignore[misc]
        turn += 1
    client.close()


def _timed(figures: Figures, name: str, ask: Any) -> None:
    begin = time.perf_counter()
    try:
        status = ask().status_code
    except httpx2.HTTPError:
        status = 0
    figures.support.append((name, time.perf_counter() - begin, status))


@contextmanager
def _serving(home: Path, database: str) -> Iterator[tuple[str, int]]:
    """The console in a process of its own; its address and number."""
    command = [sys.executable, __file__, "--serve", str(home), "--database", database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip(), process.pid  # type: ignore[union-attr]
        finally:
            process.communicate(timeout=60)  # closing its input ends it


def serve(home: Path, database: str) -> None:
    """Serve until the input is closed."""
    hub = opened(home, database)
    with served(hub, "127.0.0.1:0") as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        sys.stdin.read()
    hub.store.close()


def load(home: Path, practices: int, rows: int, database: str = "") -> Figures:
    """Everything at once; what happened."""
    figures, codes = Figures(practices, rows), practice_codes(practices)
    set_up(home, database, codes)
    with _serving(home, database) as (address, pid):
        support = _visitor(address, "load-support")
        visitors = {code: _visitor(address, code) for code in codes}
        memory, over = Memory(pid), threading.Event()
        figures.idle_mb = memory.now("VmRSS")
        beside = [threading.Thread(target=work, args=(*support, over, figures)), threading.Thread(target=memory.sample)]
        uploads = []
        for place, code in enumerate(codes):
            data = practice_list(code, place, rows)
            figures.bytes_in += len(data)
            uploads.append(threading.Thread(target=hand_in, args=(*visitors[code], code, data, figures)))
        begin = time.perf_counter()
        for thread in (*beside, *uploads):
            thread.start()
        for thread in uploads:
            thread.join()
        figures.whole = time.perf_counter() - begin
        over.set()
        memory.over.set()
        for thread in beside:
            thread.join()
        figures.peak_mb = memory.now("VmHWM")
    return figures


def main() -> int:
    """Print one table; 1 when something failed or a bound did not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, default=50)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", default="")
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(Path(asked.serve), asked.database)
        return 0
    with tempfile.TemporaryDirectory() as place:
        figures = load(Path(place) / "hub", asked.practices, asked.rows, asked.database)
    sys.stdout.write(f"{figures.table()}\n")
    wrong = [status for _, _, status in figures.support if status != 200]
    return 1 if figures.failed or wrong or figures.peak_mb > figures.bound_mb or figures.unfair > FAIR else 0


if __name__ == "__main__":
    sys.exit(main())
