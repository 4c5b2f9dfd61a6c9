"""VAT of health services in Norway by profession, HPR number and date, as data (`data/vat_rules.csv`).

Source: services of authorised health personnel are exempt (merverdiavgiftsloven § 3-2); alternative treatment is taxed
at 25 per cent, with the dates of Prop. 1 LS (2020-2021) and Prop. 114 LS (2021-2022). The present state of acupuncture
was not checked. A rule whose source leaves a doubt says so (`certain`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRule:
    """The category and rate for a profession on the days it holds.

    `hpr`: `yes` for those with an HPR number only, `no` for those without only, `any` for both. `authorised` says
    whether the profession has an HPR number at all, so that a missing one is worth a warning. `certain` is False where
    the source leaves a doubt: whoever is invoiced by it is told.
    """

    profession: str
    hpr: str
    category: str
    rate: Decimal
    authorised: bool
    valid_from: date | None = None
    valid_to: date | None = None
    certain: bool = True
    source: str = ""

    def fits(self, profession: str, day: date, *, has_hpr: bool) -> bool:
        """Whether this rule is about that profession, with or without HPR number, on that day."""
        in_force = (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )
        who = self.hpr == "any" or (self.hpr == "yes") == has_hpr
        return in_force and who and self.profession == profession.strip().casefold()


def vat_rule(rules: Sequence[VatRule], profession: str, day: date, *, has_hpr: bool) -> VatRule | None:
    """The rule for a profession on a day; None when it is unknown (then nothing is claimed to be wrong)."""
    return next((rule for rule in rules if rule.fits(profession, day, has_hpr=has_hpr)), None)


def read_vat_rules(text: str) -> tuple[VatRule, ...]:
    """Read a table of rules (`profession;hpr;category;rate;authorised;valid_from;valid_to;certain;source`)."""
    return tuple(_rules(csv.DictReader(text.splitlines(), delimiter=";")))


@cache
def shipped_vat_rules() -> tuple[VatRule, ...]:
    """The rules that come with the hub."""
    return read_vat_rules(files("hub.programmes").joinpath("data/vat_rules.csv").read_text(encoding="utf-8"))


def _rules(rows: Iterable[dict[str, str]]) -> Iterable[VatRule]:
    for row in rows:
        yield VatRule(
            profession=row["profession"].casefold(),
            hpr=row["hpr"],
            category=row["category"],
            rate=Decimal(row["rate"]),
            authorised=row["authorised"] == "yes",
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
            certain=row["certain"] != "no",
            source=row["source"],
        )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
