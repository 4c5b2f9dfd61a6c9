"""GDS802 responses become decisions per line (decisions 3 and 4).

Sources: `schemas.gds` (VECOZO's validation of GDS802): only classes with feedback are returned; feedback in Header,
DeclaratieContext or Overzicht means that the message was refused and no Verzekerde is returned; VerzenderRol 6 is
VECOZO, which awards nothing and judges nothing. Of ToegekendBedrag Financieel and NietFinancieel one is above zero.
The response does not repeat what was claimed: granted or changed is decided where the claim is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.reply import Code, Decision, FileOutcome, ResponseFile, Verdict
from mappings.gds import BY_VECOZO, INSURER, read_amount
from mappings.gds_persons import references_of
from mappings.gds_texts import finding
from mappings.vektis_replies import CLEARING, PAYER, is_error
from schemas.codelists import lookup
from schemas.gds import Element, GdsMessage

CODES = "COD954"
_FULLY_GRANTED = "8001"
_ABOUT_THE_MESSAGE = ("Header", "DeclaratieContext", "Overzicht")
_AWARDED = {
    "DebetPrestatie": ("ToegekendBedragInclBtwFinancieel", "ToegekendBedragInclBtwNietFinancieel"),
    "CreditPrestatie": ("ToegekendCreditBedragInclBtwFinancieel", "ToegekendCreditBedragInclBtwNietFinancieel"),
}
_ABOUT_ONE_LINE = frozenset({"KVITT-GDS-NOT-FINANCIAL"})


@dataclass(slots=True)
class _Reading:
    """One response while it is read."""

    root: Element
    clearing: bool
    sent: GdsMessage | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def number(self) -> str:
        """Our invoice number, else our reference, which is the same on what we made."""
        return self.root.text_at("DeclaratieContext/Factuurnummer") or self.root.text_at("Header/Referentienummer")

    @property
    def currency(self) -> str:
        return self.root.text_at("DeclaratieContext/Valutacode") or "EUR"

    @property
    def payer_ref(self) -> str:
        return self.root.text_at("DeclaratieContext/DeclaratienummerVerzekeraar")

    def add(self, key: str, at: Element, **values: object) -> None:
        """Note what a person must know."""
        self.findings.append(finding(key, at, **values))


def from_gds802(message: GdsMessage, *, source: str = PAYER, sent: GdsMessage | None = None) -> ResponseFile:
    """What a response says about its claim message; `source` is who sent it as far as the channel knows.

    The message itself may say that VECOZO sent it. What cannot be read becomes a finding; the other lines are decided.
    With the message it answers (`sent`) a person VECOZO refuses stands for all that was sent for that person.
    """
    root = message.root
    clearing = source == CLEARING or root.text_at("Header/VerzenderRol") == BY_VECOZO
    reading = _Reading(root, clearing, sent)
    codes = tuple(code for name in _ABOUT_THE_MESSAGE for part in root.all(name) for code in codes_of(part))
    decisions = tuple(_decisions(reading))
    claimed, granted = (_total(reading, f"Totaal{name}") for name in ("Declaratiebedrag", "ToegekendBedrag"))
    outcome = _outcome(reading, codes, decisions, claimed, granted)
    if outcome is FileOutcome.TRIAGE:
        refusing = any(is_error(code) for code in codes)
        reading.add("UNJUDGED-FILE" if refusing and decisions else "OUTCOME-UNCLEAR", root)
    sound = not any(one.blocks and one.code not in _ABOUT_ONE_LINE for one in reading.findings)
    return ResponseFile(
        format=message.format,
        invoice_number=reading.number,
        outcome=outcome,
        payer_code=_payer(root),
        decisions=decisions,
        codes=codes,
        absent_granted=sound and not clearing and outcome in (FileOutcome.DECIDED, FileOutcome.ALL_GRANTED),
        refused_by=(CLEARING if clearing else PAYER) if outcome is FileOutcome.FILE_REFUSED else "",
        claimed_total=claimed,
        granted_total=granted,
        payer_ref=reading.payer_ref,
        payee_code=_payee(root),
        test={"T": True, "P": False}.get(root.text_at("Header/Berichtsoort")),
        findings=tuple(reading.findings),
    )


def _payer(root: Element) -> str:
    """The insurer's number, where an insurer answers itself."""
    return root.text_at("Header/Verzender") if root.text_at("Header/VerzenderRol") == INSURER else ""


def _payee(root: Element) -> str:
    """Who is paid: the claimant, unless the service bureau is."""
    context = root.first("DeclaratieContext") or Element("DeclaratieContext")
    to_bureau = context.text_at("BetalingAanServicebureau").casefold() in ("true", "1", "ja")
    return root.text_at("Header/Ontvanger") if to_bureau else context.text_at("Declarant/Zorgaanbiedercode")


def codes_of(part: Element) -> tuple[Code, ...]:
    """Every code in the feedback at or below an element, raw, with the first element it names; never its value."""
    found = [_code(one) for one in _feedback(part) if one.text_at("Retourcode")]
    return tuple(dict.fromkeys(found))


def _feedback(part: Element) -> Iterator[Element]:
    for child in part.children:
        if child.name == "Feedback":
            yield child
        else:
            yield from _feedback(child)


def _code(feedback: Element) -> Code:
    number = feedback.text_at("Retourcode")
    entry = lookup(CODES, number)
    element = feedback.text_at("BetrokkenElement/Elementnaam")
    return Code(list=CODES, code=number, text=entry.said("nl") if entry else "", element=element)


def _own_codes(part: Element) -> tuple[Code, ...]:
    """Codes at an element itself and its data, not those on the performances below it."""
    rest = tuple(child for child in part.children if child.name not in ("Prestatie", *_AWARDED))
    return codes_of(replace(part, children=rest))


def _decisions(reading: _Reading) -> Iterator[Decision]:
    seen: set[str] = set()
    for insured in reading.root.all("Verzekerde"):
        above, empty = _own_codes(insured), _empty_codes(insured)
        loose = (*above, *empty, *_nameless_codes(insured))
        judged = [
            (one, (*above, *_own_codes(wrapper)))
            for wrapper in insured.all("Prestatie")
            for one in wrapper.children
            if one.name in _AWARDED
        ]
        for one, shared in judged:
            decision = _decision(reading, one, shared)
            if decision is not None and decision.line_ref in seen:
                reading.add("DUPLICATE-REFERENCE", one, ref=decision.line_ref)
                decision = replace(decision, verdict=Verdict.OPEN, granted=None)
            if decision is not None:
                seen.add(decision.line_ref)
                yield decision
        mine = references_of(insured, reading.sent)
        refused = reading.clearing and _cleared(loose) is Verdict.REFUSED
        if refused:
            yield from (_of_the_person(reading, insured, ref, loose) for ref in mine if ref not in seen)
            seen |= set(mine)
        if not mine if refused else empty or (above and not judged):
            reading.add("INSURED-ONLY", insured, code=str(loose[0]))


def _empty_codes(insured: Element) -> tuple[Code, ...]:
    """Codes below a person in what holds no performance."""
    empty = [one for one in insured.all("Prestatie") if not any(each.name in _AWARDED for each in one.children)]
    return tuple(code for one in empty for code in codes_of(one))


def _nameless_codes(insured: Element) -> tuple[Code, ...]:
    """Codes on performances without our reference."""
    inside = [each for one in insured.all("Prestatie") for each in one.children if each.name in _AWARDED]
    return tuple(code for each in inside if not each.text_at("Referentienummer") for code in codes_of(each))


def _of_the_person(reading: _Reading, insured: Element, ref: str, codes: tuple[Code, ...]) -> Decision:
    """What VECOZO refuses above a performance holds for all that was sent for that person, and for nobody else."""
    return Decision(
        verdict=Verdict.REFUSED,
        invoice_number=reading.number,
        line_ref=ref,
        granted=Money(0, reading.currency),
        codes=tuple(dict.fromkeys(codes)),
        payer_ref=reading.payer_ref,
        line=insured.line or None,
    )


def _decision(reading: _Reading, one: Element, shared: Sequence[Code]) -> Decision | None:
    ref = one.text_at("Referentienummer")
    if not ref:
        # Without our reference it would be read as a verdict on the whole invoice.
        reading.add("NO-REFERENCE", one)
        return None
    codes = tuple(dict.fromkeys((*codes_of(one), *shared)))
    sign = -1 if one.name == "CreditPrestatie" else 1
    paid, unpaid = (read_amount(one.text_at(name)) for name in _AWARDED[one.name])
    verdict = _cleared(codes) if reading.clearing else _verdict(reading, one, codes, (paid, unpaid))
    awarded = {Verdict.OPEN: None, Verdict.REFUSED: 0}.get(verdict, paid)
    return Decision(
        verdict=verdict,
        invoice_number=reading.number,
        line_ref=ref,
        granted=None if awarded is None else Money(sign * awarded, reading.currency),
        codes=codes,
        payer_ref=reading.payer_ref,
        line=one.line or None,
        raw=_raw(one),
    )


def _cleared(codes: Sequence[Code]) -> Verdict:
    """A clearing house only refuses: what it does not refuse was not judged."""
    return Verdict.REFUSED if any(is_error(code) for code in codes) else Verdict.OPEN


def _verdict(reading: _Reading, one: Element, codes: Sequence[Code], awarded: tuple[int | None, int | None]) -> Verdict:
    """Refused, or granted some amount; whether that is all of it is decided where the claim is known."""
    paid, unpaid = awarded
    ref = one.text_at("Referentienummer")
    if unpaid:
        # It will not be paid, and it was not refused: who owes it is not ours to guess.
        reading.add("NOT-FINANCIAL", one, ref=ref, amount=Money(unpaid, reading.currency))
        return Verdict.OPEN
    if paid is None:
        reading.add("NO-AMOUNT", one, ref=ref)
        return Verdict.OPEN
    if paid:
        return Verdict.CHANGED
    if any(is_error(code) for code in codes):
        return Verdict.REFUSED
    reading.add("NOT-JUDGED", one, ref=ref)
    return Verdict.OPEN


def _raw(one: Element) -> dict[str, str]:
    """The amounts as they stand: what the insurer calculated, awards, and awards without paying."""
    names = ("BerekendBedragVerzekeraarInclBtw", *_AWARDED[one.name])
    return {name: text for name in names if (text := one.text_at(name))}


def _total(reading: _Reading, stem: str) -> Money | None:
    """A signed total of the overview, None where it cannot be read."""
    name = f"{stem}InclBtw" if stem.endswith("Declaratiebedrag") else f"{stem}InclBtwFinancieel"
    one = reading.root.first(f"Overzicht/{name}")
    amount = read_amount(one.text_at("Bedrag")) if one is not None else None
    if one is None or amount is None:
        return None
    return Money(-amount if one.text_at("DebetCreditCode") == "C" else amount, reading.currency)


def _outcome(
    reading: _Reading,
    codes: Sequence[Code],
    decisions: Sequence[Decision],
    claimed: Money | None,
    granted: Money | None,
) -> FileOutcome:
    refusing = any(is_error(code) for code in codes)
    named = bool(decisions) or any(one.code == "KVITT-GDS-INSURED-ONLY" for one in reading.findings)
    if reading.clearing:
        return FileOutcome.FILE_REFUSED if named or refusing else FileOutcome.TRIAGE
    if refusing:
        # A message refused as a whole names no performance; one that does both cannot be true.
        return FileOutcome.TRIAGE if named or granted else FileOutcome.FILE_REFUSED
    if any(True for _ in reading.root.all("Verzekerde")):
        return FileOutcome.DECIDED
    if claimed is None or claimed != granted:
        return FileOutcome.TRIAGE
    said = any(code.code == _FULLY_GRANTED for code in codes)
    return FileOutcome.ALL_GRANTED if claimed or said else FileOutcome.TRIAGE
