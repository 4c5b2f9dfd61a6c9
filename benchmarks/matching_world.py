"""Claims, payers and payments with the truth about them, from a seed; knows nothing of the matcher.

Nothing of `hub` is imported: numbers, check digits and texts are made here, and what a payment was for is written down
when it is made. A truth has a class and one of three kinds: `sure` (what is written says it, and says it rightly),
`unsure` (a person may see it, a rule may or may not), `never` (nothing written tells it from something else, or what is
written is wrong: any posting is an error).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

TARIFFS = [40000 + 1700 * n for n in range(36)]
INSURERS, OTHERS = 12, 400
OURS = "NO9386011117947"
START = date(2026, 1, 1)
STYLES = ("dense", "short", "year", "prefix")
"""How invoice numbers look: seven digits, five digits, `2026-000123`, `INV-0000123`."""

Row = dict[str, Any]


def mod10(body: str) -> str:
    """A number with its MOD10 check digit."""
    total = sum(sum(divmod(int(char) * (2 - at % 2), 10)) for at, char in enumerate(reversed(body)))
    return body + str(-total % 10)


def mod11(body: str) -> str:
    """A number with its MOD11 check character."""
    rest = -sum(int(char) * (2 + at % 6) for at, char in enumerate(reversed(body))) % 11
    return body + ("-" if rest == 10 else str(rest))


def rf(body: str) -> str:
    """A creditor reference (ISO 11649)."""
    return f"RF{98 - int(body + '271500') % 97:02d}{body}"


def kenmerk(body: str) -> str:
    """A Dutch betalingskenmerk of 16 digits over 15."""
    weights = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)
    rest = 11 - sum(int(char) * weights[at % 10] for at, char in enumerate(reversed(body))) % 11
    return str({10: 1, 11: 0}.get(rest, rest)) + body


@dataclass(slots=True)
class Truth:
    """What a payment really was for: claim -> signed minor units; empty for nothing of ours."""

    kind: str
    sort: str
    paid: dict[str, int]


@dataclass
class World:
    """Everything made from one seed."""

    claims: list[Row] = field(default_factory=list)
    payers: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)


class Maker:
    """Makes one world."""

    def __init__(self, seed: int, claims: int, *, style: str = "dense") -> None:
        self.dice = random.Random(seed)
        self.style = style
        self.world = World()
        self.left: dict[str, int] = {}
        self.by_id: dict[str, Row] = {}
        self.same: dict[tuple[str, int], int] = defaultdict(int)
        self.numbers: dict[str, Row] = {}
        self.accounts: dict[str, str] = {}
        self._payers()
        for number in range(claims):
            self._claim(number, claims)
        self.pool: list[Row] = [row for row in self.world.claims if row["open_minor"] > 0]
        self.dice.shuffle(self.pool)
        self.pool = self.pool[: len(self.pool) // 2]  # the other half is never paid
        self.own: dict[str, list[Row]] = defaultdict(list)
        self.notes: dict[str, list[Row]] = defaultdict(list)
        self.files: dict[str, list[Row]] = defaultdict(list)
        for row in self.pool:
            if not row["batch"]:
                self.own[row["payer"]].append(row)
        for row in self.world.claims:
            if row["open_minor"] < 0:
                self.notes[row["payer"]].append(row)
            if row["batch"]:
                self.files[row["batch"]].append(row)
        self.batches = sorted(self.files)
        self.dice.shuffle(self.batches)

    # --- claims

    def _payers(self) -> None:
        for n in range(INSURERS + OTHERS):
            name = f"Insurer {n:02d}" if n < INSURERS else f"Payer {n:03d}"
            self.accounts[name] = f"NL{10 + n % 80}BANK{n:010d}" if n % 2 else f"{15030000000 + n * 13}"
            accounts = [self.accounts[name]]
            if n in (40, 41):  # two payers behind one account
                accounts.append("15039999999")
            self.world.payers.append({"payer": name, "accounts": accounts})

    def _claim(self, number: int, count: int) -> None:
        dice = self.dice
        payer = f"Insurer {dice.randrange(INSURERS):02d}" if dice.random() < 0.7 else self._other()
        dutch = int(payer[-2:]) % 3 == 0
        minor = dice.choice(TARIFFS) if dice.random() < 0.6 else dice.randrange(20000, 300000)
        invoice, body = self._number(number)
        credit = dice.random() < 0.02
        row: Row = {
            "id": f"claim-{number}",
            "payer": payer,
            "reference": self._reference(body, number, dutch=dutch),
            "invoice": invoice,
            "batch": None,
            "open_minor": -minor // 2 if credit else minor,
            "currency": "EUR" if dutch else "NOK",
            "date": (START + timedelta(days=number * 200 // count)).isoformat(),
            "kind": "credit" if credit else "invoice",
            "granted_minor": None,
        }
        if dutch and dice.random() < 0.6:
            row["batch"] = f"{2400 + int(payer.split()[1]) + (500 if payer[0] == 'P' else 0)}{number // 400:05d}"
            row["reference"] = None
            share = 1.0 if dice.random() < 0.9 else 0.8
            row["granted_minor"] = int(row["open_minor"] * share)
        self.world.claims.append(row)
        self.by_id[row["id"]] = row
        self.numbers[invoice] = row
        payable = row["open_minor"] if row["granted_minor"] is None else row["granted_minor"]
        self.left[row["id"]] = payable
        self.same[payer, payable] += 1

    def _other(self) -> str:
        return f"Payer {self.dice.randrange(INSURERS, INSURERS + OTHERS):03d}"

    def _number(self, number: int) -> tuple[str, str]:
        if self.style == "short":
            return str(10000 + number), str(10000 + number)
        if self.style == "year":
            return f"2026-{number:06d}", f"2026{number:06d}"
        if self.style == "prefix":
            return f"INV-{number:07d}", f"{number:07d}"
        return str(1000000 + number), str(1000000 + number)

    def _reference(self, body: str, number: int, *, dutch: bool) -> str:
        if dutch:
            return kenmerk(body.rjust(15, "0")) if number % 2 else rf(body)
        return mod11(body.rjust(9, "0")) if number % 5 == 0 else mod10(body.rjust(9, "0"))

    # --- payments

    def free(self, payer: str = "") -> Row | None:
        """A claim nobody has paid yet, of anybody or of one payer."""
        pool = self.own[payer] if payer else self.pool
        while pool:
            row = pool.pop()
            if self.left[row["id"]] == row["open_minor"] and not row["batch"]:
                return row
        return None

    def twin(self, payer: str, minor: int, *but: str) -> bool:
        """Whether the payer has another open claim of exactly this amount."""
        own = sum(1 for name in but if self.left[name] == minor)
        return self.same[payer, minor] > own

    def pay(self, kind: str, sort: str, minor: int, paid: dict[str, int], **more: Any) -> None:
        """One payment and the truth about it."""
        number = len(self.world.payments)
        row: Row = {
            "id": f"pay-{number}",
            "account": OURS,
            "payer_account": None,
            "payer_name": "",
            "amount_minor": minor,
            "currency": "NOK",
            "booked": (START + timedelta(days=200 + number // 3000)).isoformat(),
            "reference": None,
            "reference_kind": None,
            "text": "",
        } | more
        self.world.payments.append(row)
        self.world.truths.append(Truth(kind, sort, paid))
        for name, part in paid.items():
            before, payer = self.left[name], self.by_id[name]["payer"]
            self.same[payer, before] -= 1
            self.left[name] = before - part
            if self.left[name]:
                self.same[payer, self.left[name]] += 1

    def of(self, row: Row, *, account: str | None = "") -> Row:
        """The fields of a payment that follow from whose claim it pays."""
        there = self.accounts[row["payer"]] if account == "" else account
        return {"currency": row["currency"], "payer_account": there, "payer_name": row["payer"]}

    def by_reference(self, row: Row) -> Row:
        """The fields of a payment that carries the claim's structured reference."""
        text = row["reference"]
        kind = "rf" if text.startswith("RF") else ("nl" if row["currency"] == "EUR" else "kid")
        return {"reference": text, "reference_kind": kind}

    def words(self, *numbers: str) -> str:
        """Numbers as payers write them."""
        dice = self.dice
        written = [self.spelt(number) for number in numbers]
        listed = dice.choice((", ", " ", " og ", " en ", "/", " + ", "\n", ";")).join(written)
        return dice.choice(
            (
                listed,
                f"Faktura {listed}",
                f"fakt.nr. {listed} takk",
                f"betr. {listed}",
                f"Factuur {listed} dd {dice.randrange(1, 29):02d}-{dice.randrange(1, 13):02d}-2026",
                f"{listed} kr {dice.randrange(100, 3000)},00",
                f"kunde {dice.randrange(100, 1000)} faktura {listed}",
                f"FAKTURANR:{listed} DATO 1{dice.randrange(10)}.04.2026",
            )
        )

    def spelt(self, number: str) -> str:
        """One number with the noise of hands and banks."""
        dice, at = self.dice, self.dice.randrange(3, 5)
        return dice.choice(
            (
                number,
                number,
                number,
                number,
                f"F{number}" if number.isdigit() else number,
                f"00{number}" if number.isdigit() else number,
                f"{number[:at]} {number[at:]}" if number.isdigit() else number.replace("-", " "),
                f"{number[:at]}\n{number[at:]}" if number.isdigit() else number.replace("-", ""),
                f"{number[:at]}.{number[at:]}"
                if len(number) - at > 2 and number.isdigit()
                else number.replace("-", "/"),
            )
        )

    def make(self, count: int) -> World:
        """Payments until there are enough, in an order that only chance decides."""
        names = [name for name, weight in CLASSES for _ in range(weight)]
        makers = {make.__name__: make for make in _MAKERS}
        while len(self.world.payments) < count and self.pool:
            makers[self.dice.choice(names)](self)
        return self.world


# --- what is written says it


def kid_exact(m: Maker) -> None:
    """A reference and the exact amount, from the payer, from nobody known, or without an account."""
    row = m.free()
    if row:
        account = m.dice.choice(("", "", None, "55550000000"))
        m.pay(
            "kid_exact",
            "sure",
            m.left[row["id"]],
            {row["id"]: m.left[row["id"]]},
            **m.by_reference(row),
            **m.of(row, account=account),
        )


def kid_partial(m: Maker) -> None:
    """Part of a claim by reference, which is no other open claim's amount."""
    row = m.free()
    if row:
        part = m.dice.randrange(5000, row["open_minor"])
        if not m.twin(row["payer"], part):
            m.pay("kid_partial", "sure", part, {row["id"]: part}, **m.by_reference(row), **m.of(row))


def kid_in_two(m: Maker) -> None:
    """A claim in two parts by reference."""
    row = m.free()
    if row:
        part = row["open_minor"] // 3
        if not m.twin(row["payer"], part):
            for minor in (part, row["open_minor"] - part):
                m.pay("kid_in_two", "sure", minor, {row["id"]: minor}, **m.by_reference(row), **m.of(row))


def kid_over(m: Maker) -> None:
    """More than a claim by reference."""
    row = m.free()
    if row:
        minor = row["open_minor"] + m.dice.randrange(100, 20000)
        if not m.twin(row["payer"], minor):
            m.pay("kid_over", "sure", minor, {row["id"]: row["open_minor"]}, **m.by_reference(row), **m.of(row))


def kid_double(m: Maker) -> None:
    """A claim by reference, and the same once more."""
    row = m.free()
    if row:
        minor = row["open_minor"]
        m.pay("kid_exact", "sure", minor, {row["id"]: minor}, **m.by_reference(row), **m.of(row))
        m.pay("kid_double", "never", minor, {}, **m.by_reference(row), **m.of(row))


def text_exact(m: Maker) -> None:
    """One number in the text and the exact amount."""
    row = m.free()
    if row:
        minor = row["open_minor"]
        kind = "text_exact_twin" if m.twin(row["payer"], minor, row["id"]) else "text_exact"
        sort = "unsure" if kind == "text_exact_twin" else "sure"
        m.pay(kind, sort, minor, {row["id"]: minor}, text=m.words(row["invoice"]), **m.of(row))


def kid_in_text(m: Maker) -> None:
    """The reference where the text stands."""
    row = m.free()
    if row and not row["reference"].endswith("-"):
        minor = row["open_minor"]
        sort = "unsure" if m.twin(row["payer"], minor, row["id"]) else "sure"
        m.pay(f"kid_in_text_{sort}", sort, minor, {row["id"]: minor}, text=f"KID {row['reference']}", **m.of(row))


def several(m: Maker, most: int) -> list[Row]:
    """Claims of one payer that nobody has paid yet."""
    first = m.free()
    rows = [first] if first else []
    while first and len(rows) < m.dice.randrange(2, most + 1):
        more = m.free(first["payer"])
        if more is None:
            break
        if more["id"] not in {row["id"] for row in rows} and more["currency"] == first["currency"]:
            rows.append(more)
    return rows if len(rows) > 1 else []


def text_list(m: Maker) -> None:
    """Several numbers in the text."""
    rows = several(m, 6)
    if rows:
        paid = {row["id"]: row["open_minor"] for row in rows}
        m.pay(
            "text_list",
            "sure",
            sum(paid.values()),
            paid,
            text=m.words(*(row["invoice"] for row in rows)),
            **m.of(rows[0]),
        )


def note_of(m: Maker, rows: list[Row]) -> Row | None:
    """A credit note of the payer, smaller than what is paid."""
    notes = m.notes[rows[0]["payer"]]
    total = sum(row["open_minor"] for row in rows)
    while notes:
        note = notes.pop()
        if (
            m.left[note["id"]] == note["open_minor"]
            and -note["open_minor"] < total
            and not note["batch"]
            and note["currency"] == rows[0]["currency"]
        ):
            return note
    return None


def text_net(m: Maker) -> None:
    """Several numbers, one of them a credit note's."""
    rows = several(m, 4)
    note = note_of(m, rows) if rows else None
    if note:
        rows.append(note)
        paid = {row["id"]: row["open_minor"] for row in rows}
        m.pay(
            "text_net",
            "sure",
            sum(paid.values()),
            paid,
            text=m.words(*(row["invoice"] for row in rows)),
            **m.of(rows[0]),
        )


def documents(rows: list[Row], parts: dict[str, int]) -> list[Row]:
    """Structured remittance for claims."""
    return [
        {
            "reference": row["invoice"],
            "kind": "CREN" if parts[row["id"]] < 0 else "CINV",
            "amount_minor": parts[row["id"]],
        }
        for row in rows
    ]


def docs_exact(m: Maker) -> None:
    """Structured remittance for several claims."""
    rows = several(m, 5)
    if rows:
        paid = {row["id"]: row["open_minor"] for row in rows}
        m.pay("docs_exact", "sure", sum(paid.values()), paid, documents=documents(rows, paid), **m.of(rows[0]))


def docs_net(m: Maker) -> None:
    """Structured remittance with a credit note."""
    rows = several(m, 4)
    note = note_of(m, rows) if rows else None
    if note:
        rows.append(note)
        paid = {row["id"]: row["open_minor"] for row in rows}
        m.pay("docs_net", "sure", sum(paid.values()), paid, documents=documents(rows, paid), **m.of(rows[0]))


def file_of(m: Maker) -> list[Row]:
    """The claims of a file nobody has paid yet."""
    while m.batches:
        rows = m.files[m.batches.pop()]
        total = sum(row["granted_minor"] for row in rows)
        if total > 0 and all(m.left[row["id"]] == row["granted_minor"] for row in rows):
            return rows
    return []


def batch_exact(m: Maker) -> None:
    """A file's number and what was granted of it."""
    rows = file_of(m)
    if rows:
        paid = {row["id"]: row["granted_minor"] for row in rows}
        twin = len(rows) == 1 and m.twin(rows[0]["payer"], rows[0]["granted_minor"], rows[0]["id"])
        sort = "unsure" if twin else "sure"
        m.pay(
            f"batch_exact{'_twin' if twin else ''}",
            sort,
            sum(paid.values()),
            paid,
            text=f"declaratie {rows[0]['batch']}",
            **m.of(rows[0]),
        )


def batch_net(m: Maker) -> None:
    """A file less a granted credit that the text names too."""
    rows = file_of(m)
    notes = (
        [
            n
            for n in m.notes[rows[0]["payer"]]
            if n["batch"] not in (None, rows[0]["batch"]) and m.left[n["id"]] == n["granted_minor"]
        ]
        if rows
        else []
    )
    if notes and -notes[0]["granted_minor"] < sum(row["granted_minor"] for row in rows):
        paid = {row["id"]: row["granted_minor"] for row in rows} | {notes[0]["id"]: notes[0]["granted_minor"]}
        text = f"afrekening {rows[0]['batch']} credit {notes[0]['invoice']}"
        m.pay("batch_net", "sure", sum(paid.values()), paid, text=text, **m.of(rows[0]))


# --- what is written does not say it for certain, or says it wrongly


def no_reference(m: Maker) -> None:
    """Nothing that says what is paid."""
    row = m.free()
    if row:
        twin = m.twin(row["payer"], row["open_minor"], row["id"])
        kind, sort = ("no_reference_twin", "never") if twin else ("no_reference", "unsure")
        text = m.dice.choice(("", "takk", "oppgjør april", "15.04.2026", "betaling", "20260415"))
        m.pay(kind, sort, row["open_minor"], {row["id"]: row["open_minor"]}, text=text, **m.of(row))


def slip(m: Maker, number: str) -> str:
    """A number with one digit wrong or two swapped."""
    places = [at for at, char in enumerate(number) if char.isdigit()]
    at = m.dice.choice(places[-6:])
    if m.dice.random() < 0.3 and at + 1 < len(number) and number[at + 1].isdigit():
        return f"{number[:at]}{number[at + 1]}{number[at]}{number[at + 2 :]}"
    return f"{number[:at]}{m.dice.choice([d for d in '0123456789' if d != number[at]])}{number[at + 1 :]}"


def kid_slip(m: Maker) -> None:
    """A reference with a slip of the pen."""
    row = m.free()
    if row:
        wrong = slip(m, row["reference"])
        if wrong != row["reference"]:
            fields = m.by_reference(row) | {"reference": wrong}
            m.pay(
                "kid_slip",
                "unsure",
                row["open_minor"],
                {row["id"]: row["open_minor"]},
                **fields,
                **m.of(row, account=m.dice.choice(("", None))),
            )


def designates(m: Maker, number: str, meant: Row) -> bool:
    """Whether a wrong number is that of another claim of the payer with the same amount.

    Then number, payer and amount all say that one, in writing: a person would post it, and the payer would be held to
    it. No such payment is made here, because no truth about it could be told from the paper.
    """
    other = m.numbers.get(number)
    return other is not None and other["payer"] == meant["payer"] and m.left[other["id"]] == m.left[meant["id"]]


def text_slip(m: Maker) -> None:
    """A number with a slip of the pen."""
    row = m.free()
    if row:
        wrong = slip(m, row["invoice"])
        if wrong != row["invoice"] and not designates(m, wrong, row):
            m.pay(
                "text_slip",
                "unsure",
                row["open_minor"],
                {row["id"]: row["open_minor"]},
                text=m.words(wrong),
                **m.of(row),
            )


def list_slip(m: Maker) -> None:
    """Several numbers, one with a slip of the pen."""
    rows = several(m, 4)
    if rows:
        paid = {row["id"]: row["open_minor"] for row in rows}
        numbers = [row["invoice"] for row in rows]
        numbers[0] = slip(m, numbers[0])
        if numbers[0] != rows[0]["invoice"] and not designates(m, numbers[0], rows[0]):
            m.pay("list_slip", "unsure", sum(paid.values()), paid, text=m.words(*numbers), **m.of(rows[0]))


def wrong_kid(m: Maker) -> None:
    """One claim paid with the reference of another claim of the payer."""
    rows = several(m, 2)
    if rows and rows[0]["open_minor"] != rows[1]["open_minor"]:
        meant, named = rows
        m.pay(
            "wrong_kid",
            "never",
            meant["open_minor"],
            {meant["id"]: meant["open_minor"]},
            **m.by_reference(named),
            **m.of(meant),
        )


def anothers_kid(m: Maker) -> None:
    """Paid with the reference of another payer's claim of the same amount."""
    meant = m.free()
    alike = [
        row
        for row in m.dice.sample(m.pool, min(400, len(m.pool)))
        if meant
        and row["payer"] != meant["payer"]
        and (row["open_minor"], row["currency"], row["batch"]) == (meant["open_minor"], meant["currency"], None)
        and m.left[row["id"]] == row["open_minor"]
    ]
    if meant and alike:
        paid = {meant["id"]: meant["open_minor"]}
        m.pay("anothers_kid", "never", meant["open_minor"], paid, **m.by_reference(alike[0]), **m.of(meant))


def anothers_number(m: Maker) -> None:
    """Somebody's number in the text, from the account of somebody else, or of nobody known."""
    meant, named = m.free(), m.free()
    if meant and named and meant["payer"] != named["payer"]:
        account = m.dice.choice(("", None, "55550000000"))
        m.pay(
            "anothers_number",
            "never",
            meant["open_minor"],
            {meant["id"]: meant["open_minor"]},
            text=m.words(named["invoice"]),
            **m.of(meant, account=account),
        )


def stranger(m: Maker) -> None:
    """A number and an amount of ours, and not for us."""
    named = m.free()
    if named:
        m.pay(
            "stranger",
            "never",
            named["open_minor"],
            {},
            text=m.words(named["invoice"]),
            **m.of(named, account=m.dice.choice((None, "55550000000"))),
        )


def batch_short(m: Maker) -> None:
    """A file of which one line was not paid."""
    rows = file_of(m)
    if len(rows) > 1:
        paid = {row["id"]: row["granted_minor"] for row in rows[1:]}
        if sum(paid.values()) <= 0 or rows[0]["granted_minor"] <= 0:
            return
        m.pay("batch_short", "never", sum(paid.values()), paid, text=f"declaratie {rows[0]['batch']}", **m.of(rows[0]))


def list_short(m: Maker) -> None:
    """More listed than paid."""
    rows = several(m, 5)
    if len(rows) > 2:
        paid = {row["id"]: row["open_minor"] for row in rows[1:]}
        m.pay(
            "list_short",
            "unsure",
            sum(paid.values()),
            paid,
            text=m.words(*(row["invoice"] for row in rows)),
            **m.of(rows[0]),
        )


def list_of_one(m: Maker) -> None:
    """One of two numbers is somebody's own case number, which is another claim's number here."""
    row = m.free()
    if row:
        other = m.dice.choice(m.world.claims)["invoice"]
        m.pay(
            "list_of_one",
            "unsure",
            row["open_minor"],
            {row["id"]: row["open_minor"]},
            text=f"sak {other} faktura {row['invoice']}",
            **m.of(row),
        )


def case_number(m: Maker) -> None:
    """Only the payer's own case number, which is another claim's number here."""
    row = m.free()
    if row:
        other = m.dice.choice(m.world.claims)
        if other is not row and not designates(m, other["invoice"], row):
            m.pay(
                "case_number",
                "never",
                row["open_minor"],
                {row["id"]: row["open_minor"]},
                text=f"sak {other['invoice']}",
                **m.of(row),
            )


def longer_number(m: Maker) -> None:
    """The claim's number is the beginning or the end of what is written, which is none of ours."""
    row = m.free()
    if row:
        text = m.dice.choice((f"{row['invoice']}9", f"9{row['invoice']}", f"X{row['invoice']}Y", f"{row['invoice']}A"))
        m.pay("longer_number", "unsure", row["open_minor"], {row["id"]: row["open_minor"]}, text=text, **m.of(row))


def amount_in_text(m: Maker) -> None:
    """An amount in the text that reads like a claim's number, while another claim of the payer is paid."""
    row = m.free()
    if row:
        kroner = m.dice.choice(m.world.claims)["invoice"].replace("-", "")[-6:]
        text = m.dice.choice(
            (f"{kroner[:-3]}.{kroner[-3:]},00", f"kr {kroner},00", f"NOK {kroner}.00", f"{kroner[:-2]},{kroner[-2:]}")
        )
        m.pay("amount_in_text", "unsure", row["open_minor"], {row["id"]: row["open_minor"]}, text=text, **m.of(row))


def other_currency(m: Maker) -> None:
    """A reference of ours with money of another currency."""
    row = m.free()
    if row:
        fields = m.by_reference(row) | m.of(row) | {"currency": "SEK"}
        m.pay("other_currency", "never", row["open_minor"], {}, **fields)


def text_double(m: Maker) -> None:
    """One number, and the same payment once more."""
    row = m.free()
    if row and not m.twin(row["payer"], row["open_minor"], row["id"]):
        minor, text = row["open_minor"], m.words(row["invoice"])
        m.pay("text_exact", "sure", minor, {row["id"]: minor}, text=text, **m.of(row))
        m.pay("text_double", "never", minor, {}, text=text, **m.of(row))


def reversal(m: Maker) -> None:
    """A claim paid by reference, and taken back."""
    row = m.free()
    if row:
        minor = row["open_minor"]
        fields = m.by_reference(row) | m.of(row)
        m.pay("kid_exact", "sure", minor, {row["id"]: minor}, **fields)
        m.pay("reversal", "never", -minor, {}, reversal=True, **fields)


def outgoing(m: Maker) -> None:
    """No money, or money that goes out."""
    row = m.free()
    if row:
        m.pay(
            "outgoing",
            "never",
            m.dice.choice((0, -row["open_minor"])),
            {},
            text=row["invoice"],
            **(m.by_reference(row) | m.of(row)),
        )


def sum_alone(m: Maker) -> None:
    """The sum of several claims and no word about it."""
    rows = several(m, 4)
    if rows:
        paid = {row["id"]: row["open_minor"] for row in rows}
        m.pay("sum_alone", "never", sum(paid.values()), paid, text="samlebetaling", **m.of(rows[0]))


def partial_of_twin(m: Maker) -> None:
    """Half of one claim by reference, that is exactly another claim of the payer."""
    rows = several(m, 2)
    if rows and rows[1]["open_minor"] < rows[0]["open_minor"]:
        named, meant = rows
        m.pay(
            "partial_of_twin",
            "never",
            meant["open_minor"],
            {meant["id"]: meant["open_minor"]},
            **m.by_reference(named),
            **m.of(named),
        )


def shared_account(m: Maker) -> None:
    """A number of one of two payers behind one account."""
    row = m.free(m.dice.choice(("Payer 040", "Payer 041")))
    if row:
        minor = row["open_minor"]
        twin = m.twin(row["payer"], minor, row["id"]) or m.twin(
            "Payer 040" if row["payer"] != "Payer 040" else "Payer 041", minor
        )
        m.pay(
            "shared_account_twin" if twin else "shared_account",
            "unsure" if twin else "sure",
            minor,
            {row["id"]: minor},
            text=m.words(row["invoice"]),
            **m.of(row, account="15039999999"),
        )


def id_twice(m: Maker) -> None:
    """Another payment under an id that was there already."""
    row = m.free()
    if row and m.world.payments:
        m.pay(
            "id_twice",
            "never",
            row["open_minor"],
            {},
            **(m.by_reference(row) | m.of(row)),
            id=m.world.payments[-1]["id"],
        )


_MAKERS: tuple[Callable[[Maker], None], ...] = (
    kid_exact, kid_partial, kid_in_two, kid_over, kid_double, text_exact, kid_in_text, text_list, text_net, docs_exact,
    docs_net, batch_exact, batch_net, no_reference, kid_slip, text_slip, list_slip, wrong_kid, anothers_kid,
    anothers_number, stranger, batch_short, list_short, list_of_one, case_number, longer_number, amount_in_text,
    other_currency, text_double, reversal, outgoing, sum_alone, partial_of_twin, shared_account, id_twice,
)  # fmt: skip
CLASSES: tuple[tuple[str, int], ...] = (
    ("kid_exact", 36), ("kid_partial", 4), ("kid_in_two", 2), ("kid_over", 2), ("kid_double", 2), ("text_exact", 20),
    ("kid_in_text", 2), ("text_list", 6), ("text_net", 2), ("docs_exact", 3), ("docs_net", 1), ("batch_exact", 6),
    ("batch_net", 1), ("no_reference", 8), ("kid_slip", 2), ("text_slip", 2), ("list_slip", 1), ("wrong_kid", 1),
    ("anothers_kid", 1), ("anothers_number", 2), ("stranger", 1), ("batch_short", 1), ("list_short", 1),
    ("list_of_one", 1), ("case_number", 1), ("longer_number", 1), ("amount_in_text", 1), ("other_currency", 1),
    ("text_double", 1), ("reversal", 1), ("outgoing", 1), ("sum_alone", 2), ("partial_of_twin", 1),
    ("shared_account", 1), ("id_twice", 1),
)  # fmt: skip
"""How often each class comes, of some hundred."""


def made(seed: int, *, claims: int, payments: int, style: str = "dense") -> World:
    """A world from a seed."""
    return Maker(seed, claims, style=style).make(payments)


def judged(world: World, told: Iterator[Row]) -> dict[str, dict[str, int]]:
    """Per class: how many, posted right, posted wrong, and of the others whether the truth is suggested."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for truth, payment, line in zip(world.truths, world.payments, told, strict=True):
        row = counts[truth.kind]
        row["all"] += 1
        row[truth.sort] += 1
        right = {part["claim"]: part["amount_minor"] for part in line["allocations"]} == truth.paid
        parts = sum(part["amount_minor"] for part in line["allocations"])
        if parts + line["remainder_minor"] != payment["amount_minor"] or line["payment"] != payment["id"]:
            row["broken"] += 1
        if line["status"] == "posted":
            row["right" if right else "wrong"] += 1
            row["never_posted"] += truth.sort == "never"
        elif truth.paid:
            row["asked"] += 1
            for place, one in enumerate(line["suggestions"]):
                if {part["claim"]: part["amount_minor"] for part in one["allocations"]} == truth.paid:
                    row["first" if place == 0 else "second or third"] += 1
    return counts
