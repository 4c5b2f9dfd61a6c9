"""A GDS801 message and verdicts become the GDS802 response: what insurer or VECOZO sends, also for passing on.

Sources: `schemas.gds`: Header/Referentienummer and DeclaratieContext are copied, receiver and sender change places,
only what carries feedback is returned, an error in Header, DeclaratieContext or Overzicht returns no Verzekerde, VECOZO
sends without a code of its own in role 6 and awards nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from hub.errors import MappingError
from hub.model.money import Money
from hub.model.reply import Code
from mappings.gds import BY_VECOZO, amount_text, read_amount, signed_total
from mappings.vektis_responses import LineVerdict
from schemas.gds import Element, GdsMessage, element

_AS_CLAIMED = LineVerdict()
_NOTHING_TO_REMARK = Code(list="COD954", code="0200")
_IDENTITY = ("BSN", "UzoviNummer", "Verzekerdennummer", "PatientIdentificatienummer")


@dataclass(frozen=True, slots=True)
class _Line:
    """A performance of the claim message: what it asks (signed cents) and what is awarded."""

    performance: Element
    claimed: int
    awarded: int
    verdict: LineVerdict

    @property
    def ref(self) -> str:
        return self.performance.text_at("Referentienummer")

    @property
    def wrong(self) -> bool:
        """Whether there is something to say about it."""
        return bool(self.verdict.codes or self.verdict.insured_codes) or self.awarded != self.claimed


def to_gds802(
    claim: GdsMessage,
    verdicts: Mapping[str, LineVerdict],
    *,
    response_date: date,
    codes: Sequence[Code] = (),
    payer_ref: str = "",
    shown: Collection[str] = (),
    clearing: bool = False,
) -> GdsMessage:
    """The response to a claim message: the lines with something to say, and those `shown` by reference.

    `verdicts` goes by line reference; a line without one is awarded as claimed. `codes` refuse the message as a whole:
    then no line is returned and nothing is awarded. With `clearing` VECOZO answers: nothing is awarded, only faulty
    lines are returned.
    """
    if claim.standard != "GDS801":
        raise MappingError(f"{claim.standard} is no claim message", hint="a response answers a GDS801 message")
    refused = clearing or bool(codes)
    lines = [[_line(one, verdicts, refused=refused) for one in _performances(each)] for each in _insured(claim)]
    every = [line for group in lines for line in group]
    pairs = zip(_insured(claim), lines, strict=True)
    returned = [] if codes else [_returned(each, group, shown, clearing=clearing) for each, group in pairs]
    root = element(
        "Bericht",
        _header(claim.root, response_date, clearing=clearing),
        _context(claim.root, payer_ref, codes),
        element(
            "Overzicht",
            signed_total("TotaalDeclaratiebedragInclBtw", sum(line.claimed for line in every)),
            signed_total("TotaalToegekendBedragInclBtwFinancieel", sum(line.awarded for line in every)),
            signed_total("TotaalToegekendBedragInclBtwNietFinancieel", 0),
        ),
        *(one for one in returned if one is not None),
    )
    return GdsMessage("GDS802", claim.version, root)


def _insured(claim: GdsMessage) -> list[Element]:
    return list(claim.root.all("Verzekerde"))


def _performances(insured: Element) -> list[Element]:
    names = ("DebetPrestatie", "CreditPrestatie")
    return [one for wrapper in insured.all("Prestatie") for one in wrapper.children if one.name in names]


def _line(one: Element, verdicts: Mapping[str, LineVerdict], *, refused: bool) -> _Line:
    credit = one.name == "CreditPrestatie"
    name = "ToegekendBedragInclBtwFinancieel" if credit else "DeclaratieBedragInclBtw"
    amount = read_amount(one.text_at(name))
    if amount is None:
        raise MappingError("an amount of the claim message cannot be read", where=f"line {one.line}")
    claimed = -amount if credit else amount
    verdict = verdicts.get(one.text_at("Referentienummer"), _AS_CLAIMED)
    granted = Money(0, "EUR") if refused else verdict.granted
    return _Line(one, claimed, claimed if granted is None else granted.minor, verdict)


def _header(claim: Element, day: date, *, clearing: bool) -> Element:
    said = {name: claim.text_at(f"Header/{name}") for name in _HEADER}
    return element(
        "Header",
        element("Berichtcode", "574"),
        *(element(name, said[name]) for name in ("Berichtversie", "Berichtsubversie", "Berichtsoort")),
        element("Verzender", "" if clearing else said["Ontvanger"]),
        element("VerzenderRol", BY_VECOZO if clearing else said["OntvangerRol"]),
        element("Ontvanger", said["Verzender"]),
        element("OntvangerRol", said["VerzenderRol"]),
        element("Verzenddatum", day.isoformat()),
        element("Referentienummer", said["Referentienummer"]),
    )


_HEADER = (
    *("Berichtversie", "Berichtsubversie", "Berichtsoort", "Verzender", "VerzenderRol"),
    *("Ontvanger", "OntvangerRol", "Referentienummer"),
)


def _context(claim: Element, payer_ref: str, codes: Sequence[Code]) -> Element:
    copied = claim.first("DeclaratieContext")
    if copied is None:
        raise MappingError("the claim message has no DeclaratieContext", where="GDS801")
    said = (*copied.children, element("DeclaratienummerVerzekeraar", payer_ref), *map(_feedback, codes))
    return element("DeclaratieContext", *said)


def _feedback(code: Code) -> Element:
    named = element("BetrokkenElement", element("Elementnaam", code.element)) if code.element else None
    return element("Feedback", element("Retourcode", code.code), named)


def _returned(insured: Element, lines: Sequence[_Line], shown: Collection[str], *, clearing: bool) -> Element | None:
    kept = [line for line in lines if (line.verdict.codes if clearing else line.wrong) or line.ref in shown]
    above = dict.fromkeys(code for line in lines for code in line.verdict.insured_codes)
    if not kept and not above:
        return None
    same = [child for child in insured.children if child.name in _IDENTITY]
    return element(
        "Verzekerde",
        *same,
        *(element("Prestatie", _judged(line)) for line in kept),
        *map(_feedback, above),
    )


def _judged(line: _Line) -> Element:
    """One performance with what is awarded; what is only shown carries a code that remarks nothing."""
    credit = line.performance.name == "CreditPrestatie"
    stem = "ToegekendCreditBedragInclBtw" if credit else "ToegekendBedragInclBtw"
    calculated = None if credit else element("BerekendBedragVerzekeraarInclBtw", amount_text(line.awarded))
    return element(
        line.performance.name,
        element("Referentienummer", line.ref),
        calculated,
        element(f"{stem}Financieel", amount_text(line.awarded)),
        element(f"{stem}NietFinancieel", amount_text(0)),
        *map(_feedback, line.verdict.codes or (_NOTHING_TO_REMARK,)),
    )


def extracted(
    response: GdsMessage, refs: Collection[str], claim: GdsMessage, *, absent_granted: bool = True
) -> GdsMessage:
    """The response for one provider's lines only: everything about other lines is left out, totals are theirs.

    Without `absent_granted` (the message was refused) nothing is awarded on lines the response does not name.
    """
    mine = [_only(each, refs) for each in response.root.all("Verzekerde")]
    lines = [_line(one, {}, refused=False) for each in _insured(claim) for one in _performances(each)]
    claimed = {line.ref: line.claimed for line in lines if line.ref in refs}
    absent = claimed if absent_granted else dict.fromkeys(claimed, 0)
    awarded = absent | {ref: cents for each in mine if each for ref, cents in _awards(each)}
    unpaid = sum(cents for each in mine if each for _, cents in _awards(each, "NietFinancieel"))
    parts = [one for one in response.root.children if one.name not in ("Overzicht", "Verzekerde")]
    overview = element(
        "Overzicht",
        signed_total("TotaalDeclaratiebedragInclBtw", sum(claimed.values())),
        signed_total("TotaalToegekendBedragInclBtwFinancieel", sum(awarded.values())),
        signed_total("TotaalToegekendBedragInclBtwNietFinancieel", unpaid),
    )
    root = element("Bericht", *parts, overview, *(one for one in mine if one is not None))
    return replace(response, root=root)


def _only(insured: Element, refs: Collection[str]) -> Element | None:
    kept: list[Element] = []
    for child in insured.children:
        if child.name != "Prestatie":
            kept.append(child)
            continue
        inside = [one for one in child.children if not one.first("Referentienummer") or _ref(one) in refs]
        kept += [element("Prestatie", *inside)] if any(_ref(one) in refs for one in inside) else []
    return element("Verzekerde", *kept) if any(one.name == "Prestatie" for one in kept) else None


def _ref(one: Element) -> str:
    return one.text_at("Referentienummer")


def _awards(insured: Element, ending: str = "Financieel") -> list[tuple[str, int]]:
    found = []
    for one in _performances(insured):
        credit = one.name == "CreditPrestatie"
        cents = read_amount(one.text_at(f"Toegekend{'Credit' if credit else ''}BedragInclBtw{ending}")) or 0
        found.append((_ref(one), -cents if credit else cents))
    return found
