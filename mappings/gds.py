"""Claims of mental health care become a GDS801 message, and finished GDS801 messages become claim lines.

Sources: element tree and rules as VECOZO's public validation stylesheets name them (`schemas.gds`). Credits: the
earlier line's reference and the amount that was awarded, in a message of their own (VC016, VC102). The XSD was not
found: the name of the trajectory's number (Zorgtrajectnummer) is ours, one Prestatie holds one performance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from hub.errors import FormatError, MappingError
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.finding import Finding
from hub.model.money import Money
from hub.model.person import Person
from mappings.gds_texts import finding
from mappings.vektis_finished import ClaimFileHeader, ClaimFileLine
from schemas.gds import Element, GdsMessage, element

VERSION = "1.0"
PRACTITIONER, REFERRER_OF, DIRECTOR = "01", "03", "02"
"""CL0014: practitioner, referrer, directing practitioner."""
BY_PROVIDER, BY_BUREAU, INSURER, BY_VECOZO = "1", "2", "3", "6"
"""CL0002: who sends and who receives."""
INSTITUTION, PRACTICE, PERSON = "1", "2", "3"
"""CL0015: kinds of care providers."""
_PAID = {INSTITUTION: ("institution", "04"), PRACTICE: ("practice", "03"), PERSON: ("practitioner", "02")}
_YES = frozenset({"true", "1", "ja"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GdsHeader:
    """Header and context of a message. `sender` is the claimant itself, or the service bureau that sends for it."""

    reference: str
    invoice_number: str
    invoice_date: date
    sent: date
    period_begin: date
    period_end: date
    uzovi: str
    sender: str
    claimant: str
    claimant_kind: str = PRACTICE
    paid_to_bureau: bool = False
    test: bool = True
    vat_id: str = ""
    currency: str = "EUR"
    software_code: str = ""
    software_version: str = ""


def to_gds801(header: GdsHeader, claims: Sequence[Claim]) -> GdsMessage:
    """One GDS801 message; MappingError naming the claim when something has no place in it.

    Claims of one person stand together. Debits and the credits that take them back never share a message.
    """
    if not claims:
        raise MappingError("a message without a single performance", hint="give it claims")
    _refuse_own_credits(claims)
    total = sum(line.amount.minor for claim in claims for line in claim.lines)
    root = element(
        "Bericht",
        _header(header),
        _context(header),
        element("Overzicht", signed_total("TotaalDeclaratiebedragInclBtw", total)),
        *(_insured(header, person, own) for person, own in _by_person(claims)),
    )
    return GdsMessage("GDS801", VERSION, root)


def writable(header: GdsHeader, claims: Iterable[Claim]) -> tuple[list[Claim], list[tuple[Claim, MappingError]]]:
    """The claims that fit a message, and those that do not with the reason: one bad claim never blocks the rest."""
    good: list[Claim] = []
    bad: list[tuple[Claim, MappingError]] = []
    for claim in claims:
        try:
            _insured(header, claim.person, [claim])
        except MappingError as error:
            bad.append((claim, error))
        else:
            good.append(claim)
    return good, bad


def _refuse_own_credits(claims: Sequence[Claim]) -> None:
    lines = [line for claim in claims for line in claim.lines]
    debits = {line.ref for line in lines if line.amount.minor >= 0}
    for line in lines:
        if line.amount.minor < 0 and line.previous_ref in debits:
            raise MappingError(f"{line.ref} takes back {line.previous_ref} of the same message", hint="send it later")


def _header(header: GdsHeader) -> Element:
    major, _, minor = VERSION.partition(".")
    own = header.sender == header.claimant
    return element(
        "Header",
        element("Berichtcode", "573"),
        element("Berichtversie", major),
        element("Berichtsubversie", minor),
        element("Berichtsoort", "T" if header.test else "P"),
        element("Verzender", header.sender),
        element("VerzenderRol", BY_PROVIDER if own else BY_BUREAU),
        element("Ontvanger", header.uzovi),
        element("OntvangerRol", INSURER),
        element("Verzenddatum", header.sent.isoformat()),
        element("Referentienummer", header.reference),
    )


def _context(header: GdsHeader) -> Element:
    return element(
        "DeclaratieContext",
        element(
            "Declarant",
            element("Zorgaanbiedercode", header.claimant),
            element("ZorgaanbiederSoort", header.claimant_kind),
        ),
        element("BetalingAanServicebureau", yes_no(said=header.paid_to_bureau)),
        element("Factuurnummer", header.invoice_number),
        element("Factuurdatum", header.invoice_date.isoformat()),
        element("BtwIdentificatienummer", header.vat_id),
        element("Valutacode", header.currency),
        element("InformatiesysteemCode", header.software_code),
        element("InformatiesysteemVersie", header.software_version),
        element("BegindatumDeclaratieperiode", header.period_begin.isoformat()),
        element("EinddatumDeclaratieperiode", header.period_end.isoformat()),
    )


def signed_total(name: str, minor: int) -> Element:
    """A total: unsigned amount with its debit/credit code."""
    return element(
        name,
        element("Bedrag", amount_text(minor)),
        element("DebetCreditCode", "C" if minor < 0 else "D"),
    )


def amount_text(minor: int) -> str:
    """Cents as the message writes them: two decimals, a point, no sign."""
    return f"{abs(minor) // 100}.{abs(minor) % 100:02d}"


def yes_no(*, said: bool) -> str:
    """A yes or no as the message writes it."""
    return "true" if said else "false"


def _by_person(claims: Iterable[Claim]) -> Iterator[tuple[Person, list[Claim]]]:
    groups: dict[Person, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.person, []).append(claim)
    yield from groups.items()


def _insured(header: GdsHeader, person: Person, claims: Sequence[Claim]) -> Element:
    first = claims[0]
    if not (person.bsn or person.insured_number) or person.birth_date is None:
        raise _misfit(first, "BSN or insured number, and birth date, are needed")
    performances = []
    for claim in claims:
        if claim.payer_code != header.uzovi:
            raise _misfit(claim, "the message is for another UZOVI number")
        if claim.currency != header.currency:
            raise _misfit(claim, f"currency {claim.currency} in a message in {header.currency}")
        performances += [element("Prestatie", _performance(claim, line)) for line in claim.lines]
    return element(
        "Verzekerde",
        element("BSN", person.bsn),
        element("UzoviNummer", header.uzovi),
        # A person is known by one of the two (VC060).
        element("Verzekerdennummer", "" if person.bsn else person.insured_number),
        element("PatientIdentificatienummer", person.local_ref),
        element("Geboortedatum", person.birth_date.isoformat()),
        *performances,
    )


def _misfit(claim: Claim, why: str) -> MappingError:
    return MappingError(f"claim {claim.ref}: {why}", where="GDS801", hint="complete the list it came from")


def _performance(claim: Claim, line: ClaimLine) -> Element:
    credit = claim.kind is ClaimKind.CREDIT
    if (line.amount.minor > 0) if credit else (line.amount.minor < 0):
        raise _misfit(claim, "the amount's sign is not that of the claim")
    return _credit(claim, line) if credit else _debit(claim, line)


def _credit(claim: Claim, line: ClaimLine) -> Element:
    if not line.previous_ref:
        raise _misfit(claim, "a credit must name the line it takes back")
    return element(
        "CreditPrestatie",
        element("Referentienummer", line.ref),
        element("GerelateerdReferentienummer", line.previous_ref),
        element("PrestatieCodelijstCode", line.code_list),
        element("Begindatum", _day(line.begins).isoformat()),
        element("ToegekendBedragInclBtwFinancieel", amount_text(line.amount.minor)),
    )


def _debit(claim: Claim, line: ClaimLine) -> Element:
    if line.quantity != 1 or line.allowance is not None or Decimal(line.vat_rate or "0"):
        raise _misfit(claim, "a performance has quantity 1, no deduction and no VAT")
    if line.ends is not None and _day(line.ends) != _day(line.begins):
        raise _misfit(claim, "a performance of this list ends on the day it began")
    return element(
        "DebetPrestatie",
        element("Referentienummer", line.ref),
        element("PrestatieCodelijstCode", line.code_list),
        element("Prestatiecode", line.service_code),
        element("Begindatum", _day(line.begins).isoformat()),
        element("Begintijd", _time_text(line.begins)),
        element("Eindtijd", _time_text(line.ends)),
        element("Aantal", "1"),
        element("PrivacyCode", yes_no(said=_has_privacy(line))),
        element("DoorsturenToegestaan", yes_no(said=True)),
        element("Herdeclaratiecode", line.reclaim_code),
        element("InformatieCode", "1"),
        element("TariefInclBtw", amount_text(line.unit_price.minor)),
        element("BerekendBedragInclBtw", amount_text(line.gross.minor)),
        element("DeclaratieBedragInclBtw", amount_text(line.amount.minor)),
        _care_label(line.extra),
        _referral(line.extra),
        *_practitioners(claim, line),
        element("AanvullendePrestatiegegevens", _diagnosis(line), _trajectory(claim, line)),
    )


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _time_text(moment: date | datetime | None) -> str:
    return moment.time().isoformat() if isinstance(moment, datetime) else ""


def _has_privacy(line: ClaimLine) -> bool:
    return line.extra.get("privacy", "").casefold() == "ja"


def _care_label(extra: Mapping[str, str]) -> Element | None:
    """Performances of the zorgprestatiemodel have care labels only (list 001, VC061)."""
    label = extra.get("care_label", "")
    if not label:
        return None
    return element("AanvullendPrestatieKenmerk", element("ApkCodelijstCode", "001"), element("ApkCode", label))


def _referral(extra: Mapping[str, str]) -> Element:
    code = extra.get("referrer_agb", "")
    referrer = element(
        "Verwijzer",
        element("Zorgaanbiedercode", code),
        element("ZorgaanbiederSoort", PERSON if code else ""),
        element("ZorgaanbiederRol", REFERRER_OF if code else ""),
    )
    return element(
        "Verwijzing",
        element("TypeVerwijzingcode", extra.get("referral_type", "")),
        element("Verwijsdatum", extra.get("referral_date", "")),
        referrer,
    )


def _practitioners(claim: Claim, line: ClaimLine) -> Iterator[Element]:
    """Who did it and who directed it; a practitioner has a code, or a profession and a name (VC057-VC066)."""
    if line.performer:
        yield _coded(line.performer, PRACTITIONER)
    elif line.profession and line.performer_name:
        surname = element(
            "Geslachtsnaam",
            element("Voorvoegsels", line.extra.get("performer_prefix", "")),
            element("Achternaam", line.performer_name),
        )
        name = element("NaamZorgverlener", element("Initialen", line.extra.get("performer_initials", "")), surname)
        role = element("ZorgaanbiederRol", PRACTITIONER)
        yield element("Zorgaanbieder", name, element("BeroepZorgverlener", line.profession), role)
    else:
        raise _misfit(claim, "the practitioner has neither an AGB code nor a profession with a name")
    if line.extra.get("director_agb"):
        yield _coded(line.extra["director_agb"], DIRECTOR)


def _coded(code: str, role: str) -> Element:
    return element(
        "Zorgaanbieder",
        element("Zorgaanbiedercode", code),
        element("ZorgaanbiederSoort", PERSON),
        element("ZorgaanbiederRol", role),
    )


def _diagnosis(line: ClaimLine) -> Element | None:
    listed = line.extra.get("diagnosis_list", "")
    if not listed or _has_privacy(line):
        return None
    return element(
        "Diagnose",
        element("DiagnoseCodelijstCode", listed),
        element("Diagnosecode", line.extra.get("diagnosis_code", "")),
    )


def _trajectory(claim: Claim, line: ClaimLine) -> Element:
    number = line.extra.get("trajectory", "")
    if not number:
        raise _misfit(claim, "the care trajectory (Zorgtraject) is missing")
    return element("Zorgtraject", element("Zorgtrajectnummer", number))


# A finished message of another system.


def from_gds801(message: GdsMessage) -> tuple[ClaimFileHeader, list[ClaimFileLine]]:
    """Header and lines of a finished message; FormatError when its header names no number or dates.

    Run `check` first: this reads what intake needs and does not judge it. A performance that cannot be read comes back
    with its finding; `record` is the line of the document it stands on.
    """
    header = _read_header(message.root)
    lines = [
        _read_line(insured, performance, header)
        for insured in message.root.all("Verzekerde")
        for wrapper in insured.all("Prestatie")
        for performance in wrapper.children
        if performance.name in ("DebetPrestatie", "CreditPrestatie")
    ]
    return header, lines


def _read_header(root: Element) -> ClaimFileHeader:
    context = root.first("DeclaratieContext") or Element("DeclaratieContext")
    kind = context.text_at("Declarant/ZorgaanbiederSoort")
    place, code = _PAID.get(kind, ("institution", "04"))
    bureau = root.text_at("Header/Verzender") if root.text_at("Header/VerzenderRol") == BY_BUREAU else ""
    invoiced = _date(context.text_at("Factuurdatum"))
    if not context.text_at("Factuurnummer") or invoiced is None:
        raise FormatError("the message names no invoice number or date", where=f"line {context.line or 1}")
    receiver = root.text_at("Header/OntvangerRol") == INSURER
    return ClaimFileHeader(
        invoice_number=context.text_at("Factuurnummer"),
        invoice_date=invoiced,
        period_begin=_date(context.text_at("BegindatumDeclaratieperiode")) or invoiced,
        period_end=_date(context.text_at("EinddatumDeclaratieperiode")) or invoiced,
        uzovi=root.text_at("Header/Ontvanger") if receiver else "",
        service_bureau=bureau,
        payment_to="01" if context.text_at("BetalingAanServicebureau").casefold() in _YES else code,
        test=root.text_at("Header/Berichtsoort") == "T",
        vat_id=context.text_at("BtwIdentificatienummer"),
        currency=context.text_at("Valutacode") or "EUR",
        software_code=context.text_at("InformatiesysteemCode"),
        software_version=context.text_at("InformatiesysteemVersie"),
        **{place: context.text_at("Declarant/Zorgaanbiedercode")},
    )


def _read_line(insured: Element, one: Element, header: ClaimFileHeader) -> ClaimFileLine:
    credit = one.name == "CreditPrestatie"
    person = _read_person(insured)
    amount = read_amount(one.text_at("ToegekendBedragInclBtwFinancieel" if credit else "DeclaratieBedragInclBtw"))
    begins = _date(one.text_at("Begindatum"))
    if amount is None or begins is None or not one.text_at("Referentienummer"):
        return ClaimFileLine(record=one.line, person=person, findings=(_unread(one),))
    price = read_amount(one.text_at("TariefInclBtw"))
    count = one.text_at("Aantal")
    return ClaimFileLine(
        record=one.line,
        ref=one.text_at("Referentienummer"),
        previous_ref=one.text_at("GerelateerdReferentienummer"),
        person=person,
        uzovi=insured.text_at("UzoviNummer"),
        service_code=one.text_at("Prestatiecode"),
        code_list=one.text_at("PrestatieCodelijstCode"),
        begins=begins,
        ends=_date(one.text_at("Einddatum")) or begins,
        quantity=int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 1,
        unit_price=Money(price, header.currency) if price is not None else None,
        amount=Money(-amount if credit else amount, header.currency),
        performer=_performer(one),
    )


def _performer(one: Element) -> str:
    roles = {each.text_at("ZorgaanbiederRol"): each for each in one.all("Zorgaanbieder")}
    return roles[PRACTITIONER].text_at("Zorgaanbiedercode") if PRACTITIONER in roles else ""


def _read_person(insured: Element) -> Person:
    return Person(
        birth_date=_date(insured.text_at("Geboortedatum")),
        bsn=insured.text_at("BSN"),
        insured_number=insured.text_at("Verzekerdennummer"),
        local_ref=insured.text_at("PatientIdentificatienummer"),
    )


def _unread(one: Element) -> Finding:
    return finding("LINE-UNREADABLE", one)


def read_amount(text: str) -> int | None:
    """An unsigned amount in cents; None where there is none or it is not one."""
    try:
        value = Decimal(text) * 100 if text and text[0].isdigit() else None
    except InvalidOperation:
        return None
    return int(value) if value is not None and value.is_finite() and value == int(value) else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
