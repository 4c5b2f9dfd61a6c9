"""The last look before an EHF leaves: the patient's fødselsnummer and name must not be in it.

An invoice travels to people who need not know the patient; the SakID tells the insurer whom it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.errors import MappingError
from hub.model.claim import Claim
from hub.model.identity import digits, is_fnr
from hub.model.person import Person
from schemas.ubl import Document

_ELEVEN = re.compile(r"(?<!\d)\d{6}[ .-]?\d{5}(?!\d)")
_THERAPIST_LABELS = ("therapist", "behandler")


def refuse_personal(claim: Claim, document: Document) -> None:
    """MappingError when a free text of the document holds a fødselsnummer or the patient's name."""
    for place, text, may_name in _texts(document):
        if _holds_number(text, claim.person) or (not may_name and _holds_name(text, claim.person)):
            raise MappingError(
                f"{place} holds the patient's identity, which an EHF must never carry",
                hint="take it out of the treatment's text or field",
                where=f"claim {claim.ref}",
            )


def _texts(document: Document) -> Iterator[tuple[str, str, bool]]:
    """Every text that comes from the claim: (place, text, whether it names the therapist)."""
    yield "OrderReference", document.order_reference, False
    yield "BuyerReference", document.buyer_reference, False
    for line in document.lines:
        yield f"line {line.id}, Item/Name", line.item.name, False
        yield f"line {line.id}, SellersItemIdentification", line.item.sellers_id, False
        for allowance in line.allowances:
            yield f"line {line.id}, AllowanceChargeReason", allowance.reason, False
        for entry in line.item.properties:
            therapist = entry.name.lower().startswith(_THERAPIST_LABELS)
            yield f"line {line.id}, property {entry.name}", entry.value, therapist


def _holds_number(text: str, person: Person) -> bool:
    own = [number for number in (person.fnr, person.bsn) if number]
    if any(number in digits(text) for number in own):
        return True
    return any(is_fnr(digits(found), allow_synthetic=True) for found in _ELEVEN.findall(text))


def _holds_name(text: str, person: Person) -> bool:
    return (
        len(person.name) > 1 and re.search(rf"(?<!\w){re.escape(person.name)}(?!\w)", text, re.IGNORECASE) is not None
    )
