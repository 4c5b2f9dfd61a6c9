"""Parties, addresses and places of delivery as blocks of a letter (EN 16931 BG-4..BG-15)."""

from __future__ import annotations

from hub.rendering.numbers import day
from hub.rendering.sheet import Block, Fact, facts
from hub.rendering.words import keys, named, word
from schemas.ubl.parties import Delivery, LegalEntity, Party, PostalAddress, TaxRegistration
from schemas.ubl.values import Identifier


def party(value: Party | None, heading: str, language: str) -> Block:
    """A party with its address, registrations and contact; `heading` is a word's key."""
    if value is None:
        return Block(heading=word(heading, language))
    legal = value.legal or LegalEntity()
    name = value.name or legal.name
    registered = Fact(word("registered_name", language), legal.name if legal.name != name else "")
    return Block(
        heading=word(heading, language),
        name=name,
        lines=(*address(value.address, language), *((legal.legal_form,) if legal.legal_form else ())),
        facts=facts(
            identified(legal.company_id, "registration", language),
            registered,
            *(_tax(one, language) for one in value.taxes),
            *(identified(one, "identifier", language) for one in value.identifications),
            _endpoint(value.endpoint, language),
            *_contact(value, language),
        ),
    )


def delivery(value: Delivery | None, language: str) -> Block:
    """Where and when it was delivered."""
    heading = word("delivery", language)
    if value is None:
        return Block(heading=heading)
    return Block(
        heading=heading,
        name=value.party_name,
        lines=address(value.address, language),
        facts=facts(
            Fact(word("date", language), day(value.day, language), "BT-72"),
            identified(value.location, "place", language),
        ),
    )


def address(value: PostalAddress | None, language: str) -> tuple[str, ...]:
    """The lines of an address, the country last and by name."""
    if value is None:
        return ()
    town = " ".join(part for part in (value.postal_code, value.city) if part)
    country = named("country", value.country, language)
    lines = (value.street, value.additional_street, value.line, town, value.region, country)
    return tuple(line for line in lines if line)


def identified(value: Identifier | None, fallback: str, language: str) -> Fact | None:
    """An identifier under its scheme's name; an unknown scheme is shown as it stands."""
    if value is None or not value.value:
        return None
    key = f"scheme.{value.scheme}"
    if key in keys():
        return Fact(word(key, language), value.value)
    return Fact(word(fallback, language), _schemed(value))


def _schemed(value: Identifier) -> str:
    return f"{value.value} ({value.scheme})" if value.scheme else value.value


def _tax(value: TaxRegistration, language: str) -> Fact | None:
    """BT-31 under VAT; other schemes (BT-32) say which they are."""
    label = word("vat_number" if value.scheme == "VAT" else "tax_number", language)
    scheme = f" ({value.scheme})" if value.scheme not in ("", "VAT", "TAX") else ""
    return Fact(label, f"{_schemed(value.company_id)}{scheme}") if value.company_id else None


def _endpoint(value: Identifier | None, language: str) -> Fact | None:
    if value is None:
        return None
    text = f"{value.scheme}:{value.value}" if value.scheme else value.value
    return Fact(word("electronic_address", language), text)


def _contact(value: Party, language: str) -> tuple[Fact, ...]:
    if value.contact is None:
        return ()
    return (
        Fact(word("contact", language), value.contact.name),
        Fact(word("telephone", language), value.contact.telephone),
        Fact(word("email", language), value.contact.email),
    )
