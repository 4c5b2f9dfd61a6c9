"""Claims become a Vektis HA304 claim file (`mappings.vektis_finished` reads finished files of any standard).

Sources: HA304 4.2 layout table; decisions 1 and 12 (who stands in which header field, 0407 = 1, 0223 = 2, sex 0 when
unknown, code list 008); STB GZ321 on credits (sign C, the reference of the reversed line, one sign per record). What
does not fit is a MappingError with the claim's reference and the element; nothing is shortened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from hub.errors import MappingError
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.person import Person
from mappings.vektis_finished import ClaimFileHeader, ClaimFileLine, from_claim_file
from schemas.vektis import Layout, Record, VektisFile, build, layout, writer
from schemas.vektis.field_rules import NO_BSN

__all__ = ["ClaimFileHeader", "ClaimFileLine", "from_claim_file", "to_ha304", "writable"]

_DUTCH = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
_INSURED = (
    *("0202", "0203", "0204", "0205", "0206", "0207", "0208", "0209"),
    *("0210", "0211", "0215", "0217", "0218", "0219", "0220", "0223"),
)
_LINE = (
    *("0402", "0403", "0404", "0405", "0407", "0408", "0409", "0410", "0411", "0412"),
    *("0413", "0414", "0415", "0416", "0417", "0418", "0419", "0420", "0421"),
)


def to_ha304(header: ClaimFileHeader, claims: Sequence[Claim]) -> VektisFile:
    """One HA304 claim file; MappingError naming claim and element when something does not fit."""
    form = layout("HA304")
    records = [build(form, "01", _opening(header, form), 1)]
    count = total = 0
    for insured, own in _by_person(claims):
        records.extend(_insured_records(form, header, insured, own, len(records)))
        count += 1
        total += sum(line.amount.minor for claim in own for line in claim.lines)
    details = len(records) - 1
    records.append(build(form, "99", _closing(count, details, total), details + 2))
    return VektisFile(form, tuple(records))


def writable(header: ClaimFileHeader, claims: Iterable[Claim]) -> tuple[list[Claim], list[tuple[Claim, MappingError]]]:
    """The claims that fit an HA304 file, and those that do not with the reason: one bad claim never blocks the rest."""
    form = layout("HA304")
    good: list[Claim] = []
    bad: list[tuple[Claim, MappingError]] = []
    for claim in claims:
        try:
            _insured_records(form, header, claim.person, [claim], 1)
        except MappingError as error:
            bad.append((claim, error))
        else:
            good.append(claim)
    return good, bad


def _opening(header: ClaimFileHeader, form: Layout) -> dict[str, str | date]:
    major, _, minor = form.version.partition(".")
    return {
        "0102": form.ei_codes[0],
        "0103": major,
        "0104": minor,
        "0105": "T" if header.test else "P",
        "0106": header.software_code,
        "0107": header.software_version,
        "0108": header.uzovi,
        "0109": header.service_bureau,
        "0110": header.practitioner,
        "0111": header.practice,
        "0112": header.institution,
        "0113": header.payment_to,
        "0114": header.period_begin,
        "0115": header.period_end,
        "0116": header.invoice_number,
        "0117": header.invoice_date,
        "0118": header.vat_id,
        "0119": header.currency,
    }


def _closing(insured: int, details: int, total: int) -> dict[str, str | int]:
    return {
        "9902": insured,
        "9904": details - insured,
        "9906": details,
        "9907": abs(total),
        "9908": "C" if total < 0 else "D",
    }


def _by_person(claims: Iterable[Claim]) -> Iterator[tuple[Person, list[Claim]]]:
    """One insured record per person: claims of one person stand together, in the order of their first.

    Claims that give the same BSN other data (moved, renamed) keep a record of their own: nothing is left out.
    """
    groups: dict[Person, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.person, []).append(claim)
    yield from groups.items()


def _insured_records(
    form: Layout, header: ClaimFileHeader, person: Person, claims: Sequence[Claim], number: int
) -> list[Record]:
    """The records of one insured person; `number` is how many records stand before them."""
    insured, line_form = form.records["02"], form.records["04"]
    first = claims[0]
    try:
        text = writer(insured, _INSURED)(_insured_values(number, first, person))
        records = [Record(insured, text, number + 1)]
        write_line = writer(line_form, _LINE)
        for claim in claims:
            first = claim
            _fits_file(claim, header)
            for line in claim.lines:
                at = number + len(records)
                records.append(Record(line_form, write_line(_line_values(at, header, claim, line)), at + 1))
    except MappingError as error:
        raise MappingError(f"claim {first.ref}: {error.message}", where=error.where, hint=error.hint) from None
    return records


def _fits_file(claim: Claim, header: ClaimFileHeader) -> None:
    if claim.payer_code != header.uzovi:
        raise MappingError("the file is for another UZOVI number", where="0108", hint="one file per UZOVI number")
    if claim.currency != header.currency:
        raise MappingError(f"currency {claim.currency} in a file in {header.currency}", where="0119")


def _insured_values(number: int, claim: Claim, person: Person) -> tuple[str | int | date, ...]:
    if person.birth_date is None:
        raise MappingError("0207 birth date is missing", where="0207", hint="complete the list it came from")
    postal_code = person.postal_code.replace(" ", "").upper()
    dutch = bool(_DUTCH.fullmatch(postal_code))
    return (
        number,
        person.bsn or NO_BSN,
        claim.payer_code,
        person.insured_number,
        person.local_ref,
        person.birth_date,
        person.sex,
        "1",
        person.name,
        person.prefix,
        person.initials.replace(".", ""),
        postal_code if dutch else "",
        "" if dutch else person.postal_code,
        person.house_number,
        person.house_suffix,
        "2",
    )


def _line_values(number: int, header: ClaimFileHeader, claim: Claim, line: ClaimLine) -> tuple[str | int | date, ...]:
    sign = _sign(claim, line)
    person = claim.person
    return (
        number,
        person.bsn or NO_BSN,
        header.uzovi,
        person.insured_number,
        "1",
        _day(line.begins),
        _day(line.ends or line.begins),
        line.code_list,
        line.service_code,
        _whole(line.quantity, "0412"),
        line.performer,
        abs(line.unit_price.minor),
        abs(line.gross.minor),
        sign,
        _vat(line.vat_rate),
        abs(line.amount.minor),
        sign,
        line.ref,
        line.previous_ref if sign == "C" else "",
    )


def _sign(claim: Claim, line: ClaimLine) -> str:
    credit = claim.kind is ClaimKind.CREDIT
    if (line.amount.minor > 0) if credit else (line.amount.minor < 0):
        raise MappingError(
            "0419: the amount's sign is not that of the claim", where="0419", hint="credits are negative"
        )
    if credit and not line.previous_ref:
        raise MappingError("0421: a credit must name the line it reverses", where="0421", hint="fill previous_ref")
    return "C" if credit else "D"


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _whole(quantity: int, element: str) -> int:
    if quantity < 1:
        raise MappingError(f"{element}: the quantity must be 1 or more", where=element)
    return quantity


def _vat(rate: str) -> str:
    """A VAT percentage with two decimals and without a sign; nothing when there is no VAT."""
    whole, _, decimals = rate.partition(".")
    if len(decimals) > 2:
        raise MappingError("0417: VAT percentage with more than two decimals", where="0417")
    return f"{whole}{decimals:0<2}" if rate.strip("0.") else ""
