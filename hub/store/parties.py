"""Organisations in their tree (billing agent > care group > practice), users, participations, agreements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from hub.errors import ConfigurationError
from hub.model.partner import Agreement
from hub.model.party import Address, Party
from hub.store import schema
from hub.store.unit import Row, Unit, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One of our own organisations. `kind`: billing_agent, care_group, practice or clinic."""

    id: str
    kind: str
    parent_id: str | None
    party: Party
    invoice_email: str
    system: str

    @property
    def code(self) -> str:
        """AGB code or organisation number."""
        return self.party.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """A practice in a module: since when, until when, with which papers."""

    module: str
    first_quarter: str
    left_after: str = ""
    agreement_date: date | None = None
    consent_date: date | None = None
    consent_withdrawn: date | None = None


def put_organisation(
    unit: Unit, kind: str, party: Party, *, parent: str | None = None, invoice_email: str = "", system: str = ""
) -> str:
    """Add an organisation or change the one with the same code; gives its id."""
    table = schema.organisation
    details = {
        "vat_registered": party.vat_registered,
        "foretaksregisteret": party.foretaksregisteret,
        "legal_form": party.legal_form,
        "street": party.address.street,
        "city": party.address.city,
        "postal_code": party.address.postal_code,
        "country": party.address.country,
    }
    values = {
        "kind": kind,
        "parent_id": parent,
        "name": party.name,
        "email": party.email,
        "invoice_email": invoice_email,
        "account": party.account,
        "system": system,
        "details": details,
    }
    known = unit.one(unit.mine(table, table.c.scheme == party.scheme, table.c.code == party.id))
    if known is not None:
        unit.update(table, known["id"], **values)
        return str(known["id"])
    row_id = new_id()
    unit.insert(table, [{"id": row_id, "scheme": party.scheme, "code": party.id, "created_at": unit.now} | values])
    return row_id


def organisations(unit: Unit, kind: str = "") -> list[Organisation]:
    """This tenant's organisations, optionally of one kind, by code."""
    table = schema.organisation
    where = [table.c.kind == kind] if kind else []
    return [_organisation(row) for row in unit.rows(unit.mine(table, *where).order_by(table.c.code))]


def organisation(unit: Unit, code: str) -> Organisation:
    """The organisation with this code; ConfigurationError when this tenant has none."""
    table = schema.organisation
    row = unit.one(unit.mine(table, table.c.code == code))
    if row is None:
        raise ConfigurationError(f"no organisation {code}", hint="add it: kvitt practice add, or kvitt org add")
    return _organisation(row)


def by_id(unit: Unit, row_id: str) -> Organisation:
    """The organisation with this id."""
    row = unit.one(unit.mine(schema.organisation, schema.organisation.c.id == row_id))
    if row is None:
        raise ConfigurationError("no such organisation", where=row_id)
    return _organisation(row)


def ancestor(unit: Unit, start: Organisation, kind: str) -> Organisation:
    """The nearest organisation of a kind at or above `start`."""
    here = start
    while here.kind != kind:
        if here.parent_id is None:
            raise ConfigurationError(
                f"{start.code} has no {kind.replace('_', ' ')} above it",
                hint=f"kvitt org add --kind {kind} ... and give it as --parent",
            )
        here = by_id(unit, here.parent_id)
    return here


def codes_below(unit: Unit, organisation_code: str) -> frozenset[str]:
    """The codes of an organisation and of all below it: what its users' units are fenced with.

    ConfigurationError where this tenant has none such.
    """
    table = schema.organisation
    every = unit.rows(select(table.c.id, table.c.parent_id, table.c.code).where(table.c.tenant_id == unit.tenant))
    found = {each["id"]: each["code"] for each in every if each["code"] == organisation_code}
    if not found:
        raise ConfigurationError(f"no organisation {organisation_code}", hint="give the user one: kvitt user add")
    before = 0
    while len(found) > before:
        before = len(found)
        found |= {each["id"]: each["code"] for each in every if each["parent_id"] in found}
    return frozenset(found.values())


def _organisation(row: Row) -> Organisation:
    details: dict[str, Any] = row["details"]
    address = Address(**{name: details[name] for name in ("street", "city", "postal_code", "country")})
    party = Party(
        scheme=row["scheme"],
        id=row["code"],
        name=row["name"],
        address=address,
        email=row["email"],
        account=row["account"],
        vat_registered=details["vat_registered"],
        foretaksregisteret=details["foretaksregisteret"],
        legal_form=details["legal_form"],
    )
    return Organisation(
        id=row["id"],
        kind=row["kind"],
        parent_id=row["parent_id"],
        party=party,
        invoice_email=row["invoice_email"],
        system=row["system"],
    )


def put_participation(unit: Unit, organisation_id: str, participation: Participation) -> None:
    """Add or change a practice's participation in a module."""
    table = schema.participation
    values: Row = {
        "first_quarter": participation.first_quarter,
        "left_after": participation.left_after,
        "agreement_date": participation.agreement_date,
        "consent_date": participation.consent_date,
        "consent_withdrawn": participation.consent_withdrawn,
    }
    where = (table.c.organisation_id == organisation_id, table.c.module == participation.module)
    known = unit.one(unit.mine(table, *where))
    if known is not None:
        unit.update(table, known["id"], **values)
        return
    row = {"id": new_id(), "organisation_id": organisation_id, "module": participation.module}
    unit.insert(table, [row | values])


def participations(unit: Unit, organisation_id: str) -> dict[str, Participation]:
    """A practice's participations by module."""
    table = schema.participation
    rows = unit.rows(unit.mine(table, table.c.organisation_id == organisation_id).order_by(table.c.module))
    names = ("module", "first_quarter", "left_after", "agreement_date", "consent_date", "consent_withdrawn")
    return {row["module"]: Participation(**{name: row[name] for name in names}) for row in rows}


def put_user(unit: Unit, login: str, *, name: str, role: str, organisation_id: str | None, language: str) -> str:
    """Add a user or change the one with this login; gives the id."""
    table = schema.app_user
    values: Row = {"name": name, "role": role, "organisation_id": organisation_id, "language": language}
    known = unit.one(unit.mine(table, table.c.login == login))
    if known is not None:
        unit.update(table, known["id"], **values)
        return str(known["id"])
    row_id = new_id()
    unit.insert(table, [{"id": row_id, "login": login, "created_at": unit.now} | values])
    return row_id


def users(unit: Unit) -> list[Row]:
    """This tenant's users by login."""
    return unit.rows(unit.mine(schema.app_user).order_by(schema.app_user.c.login))


def put_agreement(unit: Unit, agreement: Agreement) -> str:
    """Add an agreement or change the one with the same partner and first day; gives its id."""
    table = schema.agreement
    values: Row = {
        "valid_to": agreement.valid_to,
        "channel": agreement.channel,
        "settings": dict(agreement.settings),
        "release": agreement.release,
        "payer_accounts": list(agreement.payer_accounts),
        "kid_length": agreement.kid_length,
        "kid_method": agreement.kid_method,
        "accepted_unverified": agreement.accepted_unverified,
    }
    where = (table.c.partner == agreement.partner, table.c.valid_from == agreement.valid_from)
    known = unit.one(unit.mine(table, *where))
    if known is not None:
        unit.update(table, known["id"], **values)
        return str(known["id"])
    row_id = agreement.id or new_id()
    unit.insert(table, [{"id": row_id, "partner": agreement.partner, "valid_from": agreement.valid_from} | values])
    return row_id


def agreements(unit: Unit, day: date | None = None) -> list[Agreement]:
    """This tenant's agreements, optionally only those in force on a day, by partner and first day."""
    table = schema.agreement
    rows = unit.rows(unit.mine(table).order_by(table.c.partner, table.c.valid_from))
    return [_agreement(unit, row) for row in rows if day is None or _in_force(row, day)]


def agreement(unit: Unit, partner: str, day: date) -> Agreement | None:
    """The agreement with a partner in force on a day; the later one where two overlap."""
    found = [each for each in agreements(unit, day) if each.partner == partner]
    return found[-1] if found else None


def agreement_by_id(unit: Unit, row_id: str) -> Agreement:
    """The agreement an exchange was made under."""
    row = unit.one(unit.mine(schema.agreement, schema.agreement.c.id == row_id))
    if row is None:
        raise ConfigurationError("no such agreement", where=row_id)
    return _agreement(unit, row)


def _in_force(row: Row, day: date) -> bool:
    return bool(row["valid_from"] <= day and (row["valid_to"] is None or day <= row["valid_to"]))


def _agreement(unit: Unit, row: Row) -> Agreement:
    return Agreement(
        id=row["id"],
        tenant=unit.tenant,
        partner=row["partner"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        channel=row["channel"],
        settings=row["settings"],
        release=row["release"],
        payer_accounts=tuple(row["payer_accounts"]),
        kid_length=row["kid_length"],
        kid_method=row["kid_method"],
        accepted_unverified=row["accepted_unverified"],
    )
