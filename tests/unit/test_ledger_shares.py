"""How much of what came in is a practice's own."""

from __future__ import annotations

from datetime import date

import pytest

from hub.ledger.shares import AgreedShare, Share, ShareKind, Terms, terms
from hub.model.money import Money

DAY = date(2024, 1, 1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def per_patient(minor: int, currency: str = "EUR") -> Share:
    return Share(kind=ShareKind.PER_PATIENT, per_patient=Money(minor, currency))


@pytest.mark.parametrize(
    ("share", "settled", "patients", "due"),
    [
        (Share(), 1001, 10, 1001),
        (Share(), -500, -5, -500),
        (Share(kind=ShareKind.NONE), 1001, 10, 0),
        (Share(kind=ShareKind.PERCENTAGE, basis_points=9250), 1001, 10, 926),  # 925.925, half up
        (Share(kind=ShareKind.PERCENTAGE, basis_points=5000), -1001, -10, -501),  # 500.5, half away from zero
        (Share(kind=ShareKind.PERCENTAGE, basis_points=0), 1001, 10, 0),
        (per_patient(80), 910, 10, 800),
        (per_patient(100), 910, 10, 910),  # never more than came in
        (per_patient(80), -91, -1, -80),  # a credit takes the patient back
        (per_patient(80, "NOK"), 910, 10, 0),
        (Share(kind=ShareKind.PER_PATIENT), 910, 10, 0),
    ],
)
def test_each_kind_of_share(share: Share, settled: int, patients: int, due: int) -> None:
    assert share.of(eur(settled), patients) == eur(due)


def agreed(share: Share, first: date = date(2020, 1, 1), **about: object) -> AgreedShare:
    return AgreedShare(share=share, valid_from=first, **about)  # type: ignore[arg-type]


ALL, HALF, NONE = Share(), Share(kind=ShareKind.PERCENTAGE, basis_points=5000), Share(kind=ShareKind.NONE)


def test_what_names_the_practice_comes_before_what_names_the_module() -> None:
    found = terms(
        [
            agreed(ALL),
            agreed(HALF, module="O&I"),
            agreed(NONE, practice="p1"),
            agreed(HALF, practice="p1", module="O&I"),
        ]
    )
    assert found.share("p2", "PMO", DAY) is ALL
    assert found.share("p2", "O&I", DAY) is HALF
    assert found.share("p1", "PMO", DAY) is NONE
    assert found.share("p1", "O&I", DAY) is HALF


def test_the_later_first_day_wins_and_days_end() -> None:
    found = terms(
        [agreed(ALL), agreed(HALF, date(2024, 1, 1)), agreed(NONE, date(2024, 4, 1), valid_to=date(2024, 6, 30))]
    )
    assert found.share("p", "m", date(2023, 12, 31)) is ALL
    assert found.share("p", "m", date(2024, 3, 31)) is HALF
    assert found.share("p", "m", date(2024, 4, 1)) is NONE
    assert found.share("p", "m", date(2024, 7, 1)) is HALF


def test_what_nobody_agreed_is_not_guessed() -> None:
    assert Terms().share("p", "m", DAY) is None
    assert terms([agreed(ALL, practice="other")]).share("p", "m", DAY) is None
    assert terms([agreed(ALL, date(2024, 1, 2))]).share("p", "m", DAY) is None
