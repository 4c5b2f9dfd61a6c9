"""Claim files made for tests: some insured with some lines, right by every check unless a test spoils them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from schemas.vektis import Record, VektisFile, build, layout

ON = date(2024, 6, 1)
BSNS = ("999903883", "999911247", "999915812", "999969845", "999937790")


@dataclass(frozen=True)
class Line:
    """One performance: what is claimed (negative: a credit) and how many comments stand below it."""

    ref: str
    amount: int = 3500
    comments: int = 0
    code: str = ""
    before: str = ""


@dataclass(frozen=True)
class Insured:
    """One insured with lines and comments of their own."""

    bsn: str
    lines: list[Line] = field(default_factory=list)
    name: str = "Testpersoon"
    comments: int = 0
    insured_number: str = ""


def claim_file(standard: str, people: list[Insured]) -> VektisFile:
    """A HA304 or PM304 file of these people."""
    maker = _Maker(standard)
    for one in people:
        maker.insured(one)
    return maker.file()


class _Maker:
    def __init__(self, standard: str) -> None:
        self.form = layout(standard)
        self.standard = standard
        self.detail = 0
        self.total = 0
        major, minor = self.form.version.split(".")
        opening = {"0102": self.form.ei_codes[0], "0103": major, "0104": minor, "0105": "T", "0108": "3332"}
        payee = {"0112": "53530001", "0113": "04", "0116": "2024000001", "0119": "EUR"}
        days = {"0114": date(2024, 1, 1), "0115": date(2024, 3, 31), "0117": date(2024, 4, 2)}
        self.records: list[Record] = [build(self.form, "01", {**opening, **payee, **days}, 1)]

    def _add(self, kind: str, values: dict[str, str | int | date]) -> None:
        self.records.append(build(self.form, kind, values, len(self.records) + 1))

    def _comments(self, count: int) -> None:
        for number in range(1, count + 1):
            self._add("98", {"NUM040": self.detail, "NUM109": number, "OMS016": f"Jan belde terug, {number}"})

    def insured(self, one: Insured) -> None:
        self.detail += 1
        known = {"NUM040": self.detail, "NUM313": one.bsn, "COD061": "3332", "NUM003": one.insured_number}
        named = {"COD134": 2, "COD700": 1, "NAM193": one.name, "NAM025": "AB", "COD083": "7511AA", "NUM030": 12}
        born = {"DAT006": date(1961, 3, 12), "0206": f"P{one.bsn[-5:]}"}
        alive = {"COD841": 2} if "COD841" in self.form.records["02"] else {}
        self._add("02", {**known, **named, **born, **alive})
        self._comments(one.comments)
        for line in one.lines:
            self._line(one, line)

    def _line(self, insured: Insured, line: Line) -> None:
        self.detail += 1
        self.total += line.amount
        sign, amount = ("C" if line.amount < 0 else "D"), abs(line.amount)
        days: dict[str, str | int | date] = {"DAT272": date(2024, 1, 15)}
        code = {"COD367": "012", "COD388": line.code or "1000"}
        if self.standard == "HA304":
            days = {"DAT001": date(2024, 1, 1), "DAT003": date(2024, 1, 1)}
            code = {"COD367": "008", "COD388": line.code or "14499"}
        money = {"BED160": amount, "BED153": amount, "COD668": sign, "BED161": amount, "COD665": sign}
        base = {"NUM040": self.detail, "NUM313": insured.bsn, "COD061": "3332", "NUM003": insured.insured_number}
        told = {"COD820": 1, "ANT054": 1, "COD089": "01099011", "NUM362": line.ref, "NUM363": line.before}
        self._add("04", {**base, **days, **code, **money, **told})
        self._comments(line.comments)

    def file(self) -> VektisFile:
        kinds = [one.kind for one in self.records]
        counts = {"9902": kinds.count("02"), "9904": kinds.count("04"), "9905": kinds.count("98")}
        total = {"9906": len(kinds) - 1, "9907": abs(self.total), "9908": "C" if self.total < 0 else "D"}
        self._add("99", {**counts, **total})
        return VektisFile(self.form, tuple(self.records))
