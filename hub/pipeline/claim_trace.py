"""Where each value of a claim's message came from: what the list said, or the rule that made it.

The sources are those of `mappings.vektis`, `mappings.gds` and `mappings.ehf`, told field by field. Where the list gave
a value it is shown beside what was sent, from the row as it was kept; nothing is claimed that was not kept. A document
that was handed in finished is its maker's: we only carried it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from hub.pipeline.claim_page import row_of
from hub.pipeline.claim_raw import DOCUMENT, FIXED, TREE, Item, raw
from hub.pipeline.context import Hub
from hub.pipeline.finished import PROGRAMME
from hub.store import schema
from hub.store.unit import Row, Unit

HANDED_IN, UNTOLD = "handed_in", "untold"
Source = tuple[str, str]
"""What kind of source, and which field of the list."""

_HA304: Mapping[str, Source] = MappingProxyType(
    {
        "0101": ("fixed", ""), "0201": ("fixed", ""), "0401": ("fixed", ""),
        "0102": ("fixed", ""), "0103": ("fixed", ""), "0104": ("fixed", ""), "0105": ("stage", ""),
        "0106": ("setting", ""), "0107": ("setting", ""), "0108": ("insurer", "uzovi"),
        "0109": ("organisation", ""), "0111": ("organisation", ""), "0112": ("organisation", ""),
        "0113": ("fixed", ""), "0114": ("quarter", ""), "0115": ("quarter", ""), "0116": ("series", ""),
        "0117": ("made", ""), "0119": ("setting", ""),
        "0202": ("counted", ""), "0203": ("list", "bsn"), "0204": ("insurer", "uzovi"),
        "0205": ("list", "insured_number"), "0206": ("list", "local_ref"), "0207": ("list", "birth_date"),
        "0208": ("list", "sex"), "0209": ("fixed", ""), "0210": ("list", "name"), "0211": ("list", "prefix"),
        "0215": ("list", "initials"), "0217": ("list", "postal_code"), "0218": ("list", "postal_code"),
        "0219": ("list", "house_number"), "0220": ("list", "house_suffix"), "0223": ("fixed", ""),
        "0402": ("counted", ""), "0403": ("list", "bsn"), "0404": ("insurer", "uzovi"),
        "0405": ("list", "insured_number"), "0407": ("fixed", ""), "0408": ("reference_date", ""),
        "0409": ("reference_date", ""), "0410": ("module", ""), "0411": ("module", ""), "0412": ("module", ""),
        "0413": ("list", "performer_agb"), "0414": ("tariff", ""), "0415": ("computed", ""), "0416": ("sign", ""),
        "0417": ("tariff", ""), "0418": ("computed", ""), "0419": ("sign", ""), "0420": ("series", ""),
        "0421": ("corrected", ""),
    }
)  # fmt: skip
_GDS801: Mapping[str, Source] = MappingProxyType(
    {
        "Berichtcode": ("fixed", ""), "Berichtversie": ("fixed", ""), "Berichtsubversie": ("fixed", ""),
        "Berichtsoort": ("stage", ""), "Verzender": ("organisation", ""), "Ontvanger": ("insurer", "uzovi"),
        "Verzenddatum": ("made", ""), "Factuurnummer": ("series", ""), "Factuurdatum": ("made", ""),
        "Valutacode": ("setting", ""), "BegindatumDeclaratieperiode": ("span", ""),
        "EinddatumDeclaratieperiode": ("span", ""), "BSN": ("list", "bsn"), "UzoviNummer": ("list", "uzovi"),
        "PatientIdentificatienummer": ("list", "patient_number"), "Geboortedatum": ("list", "birth_date"),
        "Prestatiecode": ("list", "code"), "Begindatum": ("list", "date"), "Begintijd": ("list", "begin_time"),
        "Eindtijd": ("list", "end_time"), "Aantal": ("fixed", ""), "PrivacyCode": ("list", "privacy"),
        "TariefInclBtw": ("list", "price"), "BerekendBedragInclBtw": ("computed", ""),
        "DeclaratieBedragInclBtw": ("computed", ""), "Herdeclaratiecode": ("corrected", ""),
        "TypeVerwijzingcode": ("list", "referral_type"), "Verwijsdatum": ("list", "referral_date"),
        "DiagnoseCodelijstCode": ("list", "diagnosis_list"), "Diagnosecode": ("list", "diagnosis_code"),
        "Zorgtrajectnummer": ("list", "trajectory"), "PrestatieCodelijstCode": ("module", ""),
        "GerelateerdReferentienummer": ("corrected", ""), "ToegekendBedragInclBtwFinancieel": ("computed", ""),
        "DebetCreditCode": ("sign", ""), "Bedrag": ("computed", ""),
    }
)  # fmt: skip
_EHF: Mapping[str, Source] = MappingProxyType(
    {
        "BT-1": ("series", ""), "BT-2": ("made", ""), "BT-3": ("fixed", ""), "BT-5": ("setting", ""),
        "BT-9": ("due_days", ""), "BT-10": ("partner", ""), "BT-13": ("list", "sak_id"), "BT-23": ("fixed", ""),
        "BT-24": ("fixed", ""), "BT-25": ("corrected", ""), "BT-26": ("corrected", ""), "BT-27": ("organisation", ""),
        "BT-28": ("organisation", ""), "BT-45": ("assignment", ""),
        "BT-29": ("organisation", ""), "BT-30": ("organisation", ""), "BT-31": ("organisation", ""),
        "BT-32": ("organisation", ""), "BT-34": ("organisation", ""), "BT-35": ("organisation", ""),
        "BT-37": ("organisation", ""), "BT-38": ("organisation", ""), "BT-40": ("organisation", ""),
        "BT-43": ("organisation", ""), "BT-44": ("assignment", ""), "BT-47": ("assignment", ""),
        "BT-49": ("assignment", ""), "BT-50": ("partner", ""), "BT-52": ("partner", ""), "BT-53": ("partner", ""),
        "BT-55": ("partner", ""), "BT-81": ("fixed", ""), "BT-83": ("kid", ""), "BT-84": ("organisation", ""),
        "BT-106": ("computed", ""), "BT-109": ("computed", ""), "BT-110": ("computed", ""), "BT-112": ("computed", ""),
        "BT-115": ("computed", ""), "BT-116": ("computed", ""), "BT-117": ("computed", ""),
        "BT-118": ("list", "vat_category"), "BT-119": ("list", "vat_rate"), "BT-120": ("fixed", ""),
        "BT-126": ("counted", ""), "BT-129": ("fixed", ""), "BT-131": ("computed", ""), "BT-136": ("deductible", ""),
        "BT-139": ("deductible", ""), "BT-146": ("list", "price"), "BT-151": ("list", "vat_category"),
        "BT-152": ("list", "vat_rate"), "BT-153": ("list", "text"), "BT-155": ("list", "code"),
        "BT-160": ("partner", ""), "BT-161": ("log", ""),
    }
)  # fmt: skip
_SERIES: Mapping[str, Source] = MappingProxyType({"Referentienummer": ("series", "")})
TABLES = (_HA304, _GDS801, _SERIES, _EHF)
"""What is known of the fields of what we write ourselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One value of the message, and where it came from. `given` is what the row said, where it was kept."""

    group: str
    item: Item
    source: str
    field: str = ""
    given: str = ""
    same: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Every filled value of a claim's part of its message, with the row of the list it came from."""

    format: str
    rows: Sequence[Traced]
    line: int | None
    code: str = ""


def trace(hub: Hub, unit: Unit, row: Row, *, language: str, personal: bool = False) -> Trace | None:
    """From list to message, field by field; None where there is no message that can be read."""
    shown = raw(hub, unit, row, language=language, personal=personal)
    if shown is None:
        return None
    listed = row_of(unit, row)
    body = dict(listed[1]) if listed else {}
    known = _known(shown.kind, shown.format) if row["programme"] != PROGRAMME else None
    whole = shown if personal else raw(hub, unit, row, language=language, personal=True) or shown
    traced = [
        _traced(group.name, item, plain.value, known, body, personal=personal)
        for group, open_ in zip(shown.groups, whole.groups, strict=True)
        for item, plain in zip(group.items, open_.items, strict=True)
        if plain.value.strip("\xb70 ")
    ]
    return Trace(
        format=shown.format,
        rows=traced,
        line=listed[0]["line"] if listed else None,
        code=_system(unit, row),
    )


def _known(kind: str, name: str) -> Mapping[str, Source]:
    if kind == FIXED:
        return _HA304 if "HA304" in name else {}
    return {TREE: {**_GDS801, **_SERIES}, DOCUMENT: _EHF}.get(kind, {})


def _traced(
    group: str, item: Item, plain: str, known: Mapping[str, Source] | None, body: Mapping[str, str], *, personal: bool
) -> Traced:
    if known is None:
        return Traced(group=group, item=item, source=HANDED_IN)
    source, field = known.get(_name(item), (UNTOLD, ""))
    given = body.get(field, "") if field else ""
    same = bool(given) and _bare(given) == _bare(plain)
    hidden = item.personal and not personal
    return Traced(
        group=group, item=item, source=source, field=field, given="***" if given and hidden else given, same=same
    )


def _name(item: Item) -> str:
    """The element id of a record's field, the element's name in a tree, or the first term of a document's."""
    first = item.place.split(" ", 1)[0]
    if first.isdigit():
        return first
    term = item.name.split(" ", 1)[0]
    return term if term.startswith("BT-") else item.name


def _bare(text: str) -> str:
    """What is left of a value when its filling and separators are gone."""
    return "".join(char for char in text if char.isalnum()).lstrip("0").casefold()


def _system(unit: Unit, row: Row) -> str:
    """The system the list came from, as the practice's organisation names it."""
    table = schema.organisation
    found = unit.one(unit.mine(table, table.c.code == row["provider_code"]))
    return str(found["system"]) if found else ""
