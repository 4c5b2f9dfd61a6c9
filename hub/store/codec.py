"""Claims to and from what the tables hold: plain columns, party versions, and the sealed personal part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.money import Money
from hub.model.party import Address, Party
from hub.model.person import Person

Json = dict[str, Any]
_PERSON = (
    "bsn",
    "fnr",
    "sex",
    "initials",
    "prefix",
    "name",
    "postal_code",
    "house_number",
    "house_suffix",
    "insured_number",
    "local_ref",
)
_ADDRESS = ("street", "city", "postal_code", "country")
_PARTY = ("scheme", "id", "name", "email", "account", "vat_registered", "foretaksregisteret", "legal_form")


def party_to_json(party: Party) -> Json:
    """A party as it stood on the claim."""
    body: Json = {name: getattr(party, name) for name in _PARTY}
    body["address"] = {name: getattr(party.address, name) for name in _ADDRESS}
    return body


def party_from_json(body: Mapping[str, Any]) -> Party:
    """The party back."""
    return Party(**{name: body[name] for name in _PARTY}, address=Address(**body["address"]))


@lru_cache(maxsize=1024)
def party_version(tenant: str, party: Party) -> str:
    """The id of one version of a party within a tenant."""
    text = tenant + json.dumps(party_to_json(party), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def person_to_json(person: Person) -> Json:
    """A person's fields that are filled."""
    body = {name: getattr(person, name) for name in _PERSON if getattr(person, name)}
    if person.birth_date:
        body["birth_date"] = person.birth_date.isoformat()
    return body


def person_from_json(body: Mapping[str, str]) -> Person:
    """The person back."""
    fields = {name: body[name] for name in _PERSON if name in body}
    born = body.get("birth_date")
    return Person(**fields, birth_date=date.fromisoformat(born) if born else None)


def sealed_to_bytes(claim: Claim) -> bytes:
    """The part of a claim that is about a person: who, references, and what was done."""
    body = {
        "person": person_to_json(claim.person),
        "references": dict(claim.references),
        "lines": [_line_to_json(line) for line in claim.lines],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def claim_from(row: Mapping[str, Any], plain: bytes, parties: Mapping[str, Party], tenant: str) -> Claim:
    """The claim back from its row, its opened personal part and its party versions."""
    body = json.loads(plain)
    currency = row["currency"]
    return Claim(
        id=row["id"],
        tenant=tenant,
        country=row["country"],
        kind=ClaimKind(row["kind"]),
        ref=row["ref"],
        invoice_number=row["invoice_number"],
        programme=row["programme"],
        module=row["module"],
        period=row["period"],
        payer=row["payer"],
        payer_code=row["payer_code"],
        payer_name=row["payer_name"],
        provider=parties[row["provider"]],
        claimant=parties[row["claimant"]],
        submitter=parties[row["submitter"]],
        person=person_from_json(body["person"]),
        currency=currency,
        issue_date=row["issue_date"],
        due_date=row["due_date"],
        kid=row["kid"],
        corrects=row["corrects"],
        references=MappingProxyType(body["references"]),
        lines=tuple(_line_from_json(line, currency) for line in body["lines"]),
    )


_LINE_TEXT = (
    "id",
    "ref",
    "service_code",
    "service_text",
    "code_list",
    "allowance_reason",
    "vat_category",
    "vat_rate",
    "performer",
    "performer_name",
    "profession",
    "previous_ref",
    "reclaim_code",
)


def _line_to_json(line: ClaimLine) -> Json:
    body: Json = {name: getattr(line, name) for name in _LINE_TEXT if getattr(line, name)}
    body |= {
        "number": line.number,
        "begins": _when(line.begins),
        "quantity": line.quantity,
        "unit_price": line.unit_price.minor,
        "amount": line.amount.minor,
    }
    if line.ends is not None:
        body["ends"] = _when(line.ends)
    if line.vat is not None:
        body["vat"] = line.vat.minor
    if line.allowance is not None:
        body["allowance"] = line.allowance.minor
    if line.extra:
        body["extra"] = dict(line.extra)
    return body


def _line_from_json(body: Json, currency: str) -> ClaimLine:
    texts = {name: body.get(name, "") for name in _LINE_TEXT}
    return ClaimLine(
        **texts,
        number=body["number"],
        begins=_moment(body["begins"]),
        ends=_moment(body["ends"]) if "ends" in body else None,
        quantity=body["quantity"],
        unit_price=Money(body["unit_price"], currency),
        amount=Money(body["amount"], currency),
        vat=Money(body["vat"], currency) if "vat" in body else None,
        allowance=Money(body["allowance"], currency) if "allowance" in body else None,
        extra=MappingProxyType(body.get("extra", {})),
    )


def _when(moment: date | datetime) -> str:
    return moment.isoformat()


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
