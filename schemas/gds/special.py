"""The five rules of `rules/vc.csv` that count or add up over several elements, by the name the table gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from schemas.gds.element import Element
from schemas.gds.language import Holds, Scene, amount
from schemas.gds.place import Place
from schemas.wording import Texts, said

_LIST = "DiagnoseCodelijstCode"


def total(message: Element) -> Decimal:
    """What the total of a claim must be: debits as declared minus credits as they were awarded."""
    debit = _sum(message, "Verzekerde/Prestatie/DebetPrestatie/DeclaratieBedragInclBtw")
    return debit - _sum(message, "Verzekerde/Prestatie/CreditPrestatie/ToegekendBedragInclBtwFinancieel")


def _sum(message: Element, path: str) -> Decimal:
    return sum((amount(one.text.strip()) or Decimal(0) for one in message.all(path)), Decimal(0))


def signed(overview: Element, name: str) -> Decimal | None:
    """A total of the overview with its sign, None where it cannot be read."""
    found = amount(overview.text_at(f"{name}/Bedrag"))
    if found is None:
        return None
    return found if overview.text_at(f"{name}/DebetCreditCode") == "D" else -found


def _total(place: Place, _scene: Scene) -> bool:
    said_total = signed(place.element, "TotaalDeclaratiebedragInclBtw")
    return said_total is None or place.parent is None or said_total == total(place.parent.element)


def _environment(place: Place, scene: Scene) -> bool:
    kind = place.text("Berichtsoort")
    return not scene.environment or not kind or kind == scene.environment


def _not_own_debit(place: Place, scene: Scene) -> bool:
    return place.text("GerelateerdReferentienummer") not in scene.own_debits


def _not_029_with_033(place: Place, _scene: Scene) -> bool:
    lists = {one.text.strip() for one in place.element.all(f"Diagnose/{_LIST}")}
    return not {"029", "033"} <= lists


def _list_once(place: Place, _scene: Scene) -> bool:
    mine = place.text(_LIST)
    if not mine or place.parent is None:
        return True
    return sum(one.text.strip() == mine for one in place.parent.element.all(f"Diagnose/{_LIST}")) == 1


SPECIAL: Mapping[str, Holds] = MappingProxyType(
    {
        "@total": _total,
        "@environment": _environment,
        "@not_own_debit": _not_own_debit,
        "@not_029_with_033": _not_029_with_033,
        "@list_once": _list_once,
    }
)
"""The tests."""
DEMANDS: Mapping[str, Texts] = MappingProxyType(
    {
        "@total": said(
            "the total must equal the debits as declared minus the credits as awarded.",
            "totalen må være lik debet slik det er krevd minus kredit slik det ble innvilget.",
            "het totaal moet gelijk zijn aan de debetbedragen min de gecrediteerde toegekende bedragen.",
        ),
        "@environment": said(
            "Berichtsoort must fit VECOZO's environment: P in production, T in test.",
            "Berichtsoort må passe til VECOZOs miljø: P i produksjon, T i test.",
            "Berichtsoort moet passen bij de omgeving van VECOZO: P in productie, T in test.",
        ),
        "@not_own_debit": said(
            "a credit must not refer to a debit of the same message.",
            "en kredit kan ikke vise til en debet i samme melding.",
            "een credit mag niet verwijzen naar een debet in hetzelfde bericht.",
        ),
        "@not_029_with_033": said(
            "diagnosis lists 029 and 033 must not stand together.",
            "diagnoselistene 029 og 033 kan ikke stå sammen.",
            "de diagnosecodelijsten 029 en 033 mogen niet samen voorkomen.",
        ),
        "@list_once": said(
            "a diagnosis list must not stand twice in one performance.",
            "en diagnoseliste kan ikke stå to ganger i samme ytelse.",
            "een diagnosecodelijst mag maar één keer in een prestatie voorkomen.",
        ),
    }
)
"""What they demand, in words."""
EXPECTED: Mapping[str, Callable[[Place], str]] = MappingProxyType(
    {"@total": lambda place: f"{total(place.parent.element):.2f}" if place.parent else ""}
)
"""The value that would have been right, where it can be told."""
