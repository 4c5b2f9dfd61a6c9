"""What lists are judged against in the Netherlands: the register of insurers, the tariffs, a practice's papers."""

from __future__ import annotations

from datetime import date

from hub.errors import ConfigurationError
from hub.model.money import money
from hub.model.quarter import quarter
from hub.pipeline.context import Hub
from hub.policy.tariff import AgreedTariff
from hub.programmes.module_context import Participation, Term
from hub.programmes.register import Register, RegisterEntry, with_partners
from hub.store import parties, reference
from hub.store.parties import Organisation
from hub.store.unit import Unit


def register(hub: Hub, unit: Unit) -> Register:
    """The insurers by UZOVI: the imported register, and who of them is a partner of ours."""
    known = Register(tuple(_register_entry(row) for row in reference.rows_of(unit, "uzovi")))
    return with_partners(known, tuple(hub.registry.partners.values()))


def _register_entry(row: reference.ReferenceRow) -> RegisterEntry:
    body = row.body
    return RegisterEntry(
        uzovi=row.code,
        name=body.get("name", ""),
        concern=body.get("concern", ""),
        valid_from=None if row.valid_from == date.min else row.valid_from,
        valid_to=row.valid_to,
        basic_insurance=body.get("basic_insurance", "yes") != "no",
        source=row.source,
        confidence=body.get("confidence", ""),
    )


def tariffs(unit: Unit) -> tuple[AgreedTariff, ...]:
    """What was agreed, by module and payer."""
    return tuple(_tariff(row) for row in reference.rows_of(unit, "tariff"))


def _tariff(row: reference.ReferenceRow) -> AgreedTariff:
    return AgreedTariff(
        module=row.body["module"],
        payer=row.body["payer"],
        amount=money(row.body["amount"], "EUR"),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
    )


def participation(unit: Unit, practice: Organisation, module: str) -> Participation:
    """A practice's quarters and papers for a module; ConfigurationError when it does not take part."""
    found = parties.participations(unit, practice.id).get(module)
    if found is None:
        raise ConfigurationError(
            f"practice {practice.code} does not take part in {module}",
            hint=f"kvitt practice add --agb {practice.code} --module {module} --first-quarter ...",
        )
    agreed = Term(valid_from=found.agreement_date) if found.agreement_date else None
    consent = Term(valid_from=found.consent_date, valid_to=found.consent_withdrawn) if found.consent_date else None
    return Participation(
        first=quarter(found.first_quarter),
        last=quarter(found.left_after) if found.left_after else None,
        agreement=agreed,
        processing_agreement=agreed,
        consent=consent,
    )
