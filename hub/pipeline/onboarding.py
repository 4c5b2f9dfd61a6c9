"""Organisations, practices, users and agreements as they change: what would change, then the change, with a log line.

A row that cannot be applied (parent not known, code of another kind) is a finding; the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from hub.errors import ConfigurationError
from hub.intake.cells import finding
from hub.intake.party_lists import KINDS, OrganisationRow, PracticeRow, UserRow
from hub.model.finding import Finding, Severity
from hub.model.partner import Agreement
from hub.model.party import Address, Party
from hub.pipeline import own_accounts
from hub.pipeline.context import Actor
from hub.store import access, parties
from hub.store.parties import Organisation, Participation
from hub.store.unit import Unit

NEW, CHANGED, UNCHANGED = "new", "changed", "unchanged"
SCHEMES: Mapping[str, str] = MappingProxyType({"NL": "AGB", "NO": "0192"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one row does: new, changed (with the fields that differ) or unchanged."""

    line: int
    code: str
    name: str
    state: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a list does as a whole."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One organisation as it should stand."""

    line: int
    kind: str
    party: Party
    parent: str
    invoice_email: str
    system: str


def put_practices(unit: Unit, rows: Sequence[PracticeRow], actor: Actor, *, dry: bool = False) -> Outcome:
    """Add or change practices and their participations; with `dry` only say what would happen."""
    known = {one.code: one for one in parties.organisations(unit)}
    groups = [one.code for one in known.values() if one.kind == "care_group"]
    changes: list[Change] = []
    findings: list[Finding] = []
    for row in rows:
        parent = row.care_group or _kept_parent(known, row.agb) or (groups[0] if len(groups) == 1 else "")
        wrong = _misplaced(row, known, groups, parent)
        if wrong is not None:
            findings.append(wrong)
            continue
        wanted = _practice(row, known.get(row.agb), parent)
        wanted = _account_kept(unit, wanted, known, actor, findings, dry=dry)
        changes.append(_put_practice(unit, row, wanted, known, actor, dry=dry))
    return Outcome(changes=tuple(changes), findings=tuple(findings))


def put_organisations(
    unit: Unit, rows: Sequence[OrganisationRow], country: str, actor: Actor, *, dry: bool = False
) -> Outcome:
    """Add or change organisations, those above first; with `dry` only say what would happen."""
    known = {one.code: one for one in parties.organisations(unit)}
    coming = {row.code for row in rows}
    changes: list[Change] = []
    findings: list[Finding] = []
    for row in sorted(rows, key=lambda one: (KINDS.index(one.kind), one.line)):
        before = known.get(row.code)
        if before is not None and before.kind != row.kind:
            findings.append(finding("LIST_OTHER_KIND", row.line, "kind", expected=before.kind))
            continue
        if row.parent and row.parent not in known and not (dry and row.parent in coming):
            findings.append(finding("LIST_UNKNOWN", row.line, "parent", expected=row.parent))
            continue
        wanted = _organisation(row, before, country, known)
        wanted = _account_kept(unit, wanted, known, actor, findings, dry=dry)
        changes.append(_put(unit, wanted, known, actor, dry=dry))
    return Outcome(changes=tuple(sorted(changes, key=lambda one: one.line)), findings=tuple(findings))


def put_users(unit: Unit, rows: Sequence[UserRow], actor: Actor, *, dry: bool = False) -> Outcome:
    """Add or change users; with `dry` only say what would happen."""
    known = {row["login"]: row for row in parties.users(unit)}
    codes = {one.code: one.id for one in parties.organisations(unit)}
    changes: list[Change] = []
    findings: list[Finding] = []
    for row in rows:
        if row.organisation and row.organisation not in codes:
            findings.append(finding("LIST_UNKNOWN", row.line, "organisation", expected=row.organisation))
            continue
        values = {"name": row.name, "role": row.role, "language": row.language}
        values["organisation_id"] = codes.get(row.organisation)  # type: ignore[assignment]  # None: the whole tenant
        before = known.get(row.login)
        fields = tuple(name for name, value in values.items() if before is not None and before[name] != value)
        if not dry and (before is None or fields):
            parties.put_user(unit, row.login, **values)
            _log(unit, actor, f"user/{row.login}")
        changes.append(_change(row.line, row.login, row.name, before, fields))
    return Outcome(changes=tuple(changes), findings=tuple(findings))


def put_agreement(unit: Unit, wanted: Agreement, actor: Actor) -> Agreement:
    """Store an agreement; an earlier one with the same partner ends the day before this one begins."""
    for earlier in parties.agreements(unit):
        overlaps = earlier.valid_to is None or earlier.valid_to >= wanted.valid_from
        if earlier.partner == wanted.partner and earlier.valid_from < wanted.valid_from and overlaps:
            parties.put_agreement(unit, replace(earlier, valid_to=wanted.valid_from - timedelta(days=1)))
    stored = parties.put_agreement(unit, wanted)
    _log(unit, actor, f"agreement/{wanted.partner}/{wanted.valid_from}")
    return replace(wanted, id=stored)


def agreement_base(unit: Unit, partner: str, day: date, *, release: str = "manual") -> Agreement:
    """What a new agreement from `day` starts from: the one in force then, else an empty one.

    With a new partner a person releases what goes out, until somebody says otherwise.
    """
    before = parties.agreement(unit, partner, day)
    if before is None:
        return Agreement(id="", tenant=unit.tenant, partner=partner, valid_from=day, release=release)
    return before if before.valid_from == day else replace(before, id="", valid_from=day)


def _kept_parent(known: Mapping[str, Organisation], agb: str) -> str:
    """The organisation above one that exists."""
    before = known.get(agb)
    above = next((one for one in known.values() if before is not None and one.id == before.parent_id), None)
    return above.code if above else ""


def _misplaced(
    row: PracticeRow, known: Mapping[str, Organisation], groups: Sequence[str], parent: str
) -> Finding | None:
    before = known.get(row.agb)
    if before is not None and before.kind != "practice":
        return finding("LIST_OTHER_KIND", row.line, "agb", expected=before.kind)
    if row.care_group and row.care_group not in groups:
        return finding("LIST_UNKNOWN", row.line, "care_group", expected=row.care_group)
    return None if parent else finding("LIST_NEEDED", row.line, "care_group")


def _practice(row: PracticeRow, before: Organisation | None, parent: str) -> Wanted:
    old = before.party if before else Party(scheme="AGB", id=row.agb, name=row.name, address=Address(country="NL"))
    party = replace(old, name=row.name, email=row.mail, account=row.account or old.account)
    return Wanted(
        line=row.line,
        kind="practice",
        party=party,
        parent=parent,
        invoice_email=before.invoice_email if before else "",
        system=row.system or (before.system if before else ""),
    )


def _organisation(
    row: OrganisationRow, before: Organisation | None, country: str, known: Mapping[str, Organisation]
) -> Wanted:
    """What the row says, and for what it does not say what stands."""
    old = before.party if before else Party(scheme=SCHEMES[country], id=row.code, name=row.name)
    party = replace(
        old,
        name=row.name,
        email=_or(row.email, old.email),
        account=_or(row.account, old.account),
        vat_registered=old.vat_registered if row.vat_registered is None else row.vat_registered,
        foretaksregisteret=old.foretaksregisteret if row.foretaksregisteret is None else row.foretaksregisteret,
        legal_form=_or(row.legal_form, old.legal_form),
        address=Address(
            street=_or(row.street, old.address.street),
            city=_or(row.city, old.address.city),
            postal_code=_or(row.postal_code, old.address.postal_code),
            country=old.address.country or country,
        ),
    )
    return Wanted(
        line=row.line,
        kind=row.kind,
        party=party,
        parent=row.parent or _kept_parent(known, row.code),
        invoice_email=_or(row.invoice_email, before.invoice_email if before else ""),
        system=_or(row.system, before.system if before else ""),
    )


def _or(said: str | None, old: str) -> str:
    return old if said is None else said


def _put_practice(
    unit: Unit, row: PracticeRow, wanted: Wanted, known: dict[str, Organisation], actor: Actor, *, dry: bool
) -> Change:
    before = known.get(row.agb)
    change = _put(unit, wanted, known, actor, dry=dry)
    standing = parties.participations(unit, before.id).get(row.module) if before else None
    participation = replace(
        standing or Participation(module=row.module, first_quarter=row.first_quarter),
        first_quarter=row.first_quarter,
        agreement_date=row.agreement_date or (standing.agreement_date if standing else None),
        consent_date=row.consent_date or (standing.consent_date if standing else None),
    )
    if participation == standing:
        return change
    if not dry:
        parties.put_participation(unit, known[row.agb].id, participation)
        _log(unit, actor, f"organisation/{row.agb}/{row.module}")
    fields = (*change.fields, f"module {row.module}")
    return replace(change, state=NEW if before is None else CHANGED, fields=fields)


def _put(unit: Unit, wanted: Wanted, known: dict[str, Organisation], actor: Actor, *, dry: bool) -> Change:
    code = wanted.party.id
    before = known.get(code)
    fields = _differences(before, wanted, known) if before else ()
    if not dry and (before is None or fields):
        parent = known[wanted.parent].id if wanted.parent else None
        parties.put_organisation(
            unit,
            wanted.kind,
            wanted.party,
            parent=parent,
            invoice_email=wanted.invoice_email,
            system=wanted.system,
        )
        known[code] = parties.organisation(unit, code)
        _log(unit, actor, f"organisation/{code}")
    return _change(wanted.line, code, wanted.party.name, before, fields)


_FIELDS = ("name", "email", "account", "address", "vat_registered", "foretaksregisteret", "legal_form")


def _differences(before: Organisation, wanted: Wanted, known: Mapping[str, Organisation]) -> tuple[str, ...]:
    differing = [name for name in _FIELDS if getattr(before.party, name) != getattr(wanted.party, name)]
    differing += [name for name in ("invoice_email", "system") if getattr(before, name) != getattr(wanted, name)]
    if _kept_parent(known, before.code) != wanted.parent:
        differing.append("parent")
    return tuple(differing)


def _account_kept(
    unit: Unit, wanted: Wanted, known: Mapping[str, Organisation], actor: Actor, findings: list[Finding], *, dry: bool
) -> Wanted:
    """A changed bank account is how money is stolen: it waits for a second person, and is never silent (S37)."""
    before = known.get(wanted.party.id)
    if before is None or before.party.account == wanted.party.account:
        return wanted
    code = wanted.party.id
    findings.append(finding("LIST_ACCOUNT_CHANGES", wanted.line, "account", expected=code, severity=Severity.WARNING))
    if not dry:
        own_accounts.wanted(unit, before, wanted.party.account, actor)
    return replace(wanted, party=replace(wanted.party, account=before.party.account))


def _change(line: int, code: str, name: str, before: object | None, fields: tuple[str, ...]) -> Change:
    state = NEW if before is None else CHANGED if fields else UNCHANGED
    return Change(line=line, code=code, name=name, state=state, fields=fields)


def _log(unit: Unit, actor: Actor, thing: str) -> None:
    access.record(unit, actor=actor.name, role=actor.role, action="change", object_=thing)


def require_country(country: str) -> str:
    """A country we have tenants for; ConfigurationError otherwise."""
    if country not in SCHEMES:
        raise ConfigurationError(f"no country {country!r}", hint=f"one of: {', '.join(SCHEMES)}")
    return country
