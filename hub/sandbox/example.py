"""The EXAMPLE organisations, reference lists and agreements (decisions 12-14): all invented, for demo and first steps.

Agreements are made with the folder channel, so that everything runs without any server; whoever has counterparts that
answer puts other agreements with the same first day in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from hub.errors import ContentError
from hub.intake.party_lists import UserRow
from hub.ledger.shares import AgreedShare, Share
from hub.model.finding import blocking
from hub.model.partner import Agreement
from hub.model.party import Address, Party
from hub.pipeline import master_data, onboarding, shares
from hub.pipeline.context import Actor
from hub.pipeline.master_data import Terms
from hub.store import parties, reference
from hub.store.parties import Participation
from hub.store.unit import Store, Unit

NL_TENANT = "voorbeeldzorg-nl"
BILLING_AGENT = "98099901"
CARE_GROUP = "53099901"
PRACTICES: Mapping[str, str] = MappingProxyType({"01099901": "2023Q4", "01099902": "2024Q1"})
"""The practices and their first quarter in the module."""
MODULE = "PMO"
GGZ_PRACTICE = "94099901"
"""A mental health practice: it claims in its own name and is paid itself."""
PHYSIO_PRACTICE = "04099901"
"""A physiotherapy practice whose own system makes finished claim files."""

NO_TENANT = "eksempelklinikk-no"
CLINIC = "310000086"

VALID_FROM = date(2023, 1, 1)
"""The first day of every example agreement."""
SOURCE = "EXAMPLE"

PAYER_ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {
        "menzis": "NL02ABNA0123456789",
        "vgz": "NL13TEST0123456789",
        "zilveren-kruis": "NL86INGB0002445588",
        "cz": "NL91ABNA0417164300",
        "forsikring-nord-test": "99990301014",
        "helseforsikring-sor-test": "99990401019",
        "trygg-testforsikring": "99990501013",
        "fjord-helse-test": "99990601018",
    }
)
"""From which (invented or published test) account each payer pays."""

_NL_PAYERS = ("menzis", "zilveren-kruis", "vgz", "cz")
_NO_PAYERS = ("forsikring-nord-test", "helseforsikring-sor-test", "trygg-testforsikring", "fjord-helse-test")
_ACCOUNTS = MappingProxyType({"01099901": "NL64TEST0000100001", "01099902": "NL37TEST0000100002"})
"""Where the practices are paid (invented accounts of a bank that does not exist)."""
_PAPERS = MappingProxyType({"01099901": date(2023, 9, 15), "01099902": date(2023, 12, 11)})
_IN_OWN_NAME = MappingProxyType(
    {
        GGZ_PRACTICE: ("GGZ-praktijk Verzonnen", "ggz", "NL20INGB0001234567"),
        PHYSIO_PRACTICE: ("Fysiotherapie Verzonnen", "fysio", "NL94TEST0000071234"),
    }
)
"""Practices that claim for themselves: name, mailbox and (published test) account."""
_ACTOR = Actor(name="example", role="system")
_KID_LENGTH = 10
BANK = "bank"
"""The service agreement under which bank files are collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What was set up: tenants, and how many organisations, reference rows and agreements they have now."""

    tenants: tuple[str, ...]
    organisations: int
    reference_rows: int
    agreements: int


def load_example(store: Store, home: Path, examples: Path) -> Example:
    """Set up both example tenants in a hub; repeating it gives the same, and agreements that stand are kept.

    `home` gets a folder per partner under `outbox` and `inbox`; `examples` is where the example lists lie.
    """
    store.add_tenant(NL_TENANT, "Voorbeeldzorg (EXAMPLE)", "NL", "nl")
    store.add_tenant(NO_TENANT, "Eksempelklinikken (EXAMPLE)", "NO", "nb")
    with store.unit(NL_TENANT) as unit:
        _dutch(unit, home, examples / "nl")
    with store.unit(NO_TENANT) as unit:
        _norwegian(unit, home, examples / "no")
    counts = [_counted(store, tenant) for tenant in (NL_TENANT, NO_TENANT)]
    return Example(
        tenants=(NL_TENANT, NO_TENANT),
        organisations=sum(one[0] for one in counts),
        reference_rows=sum(one[1] for one in counts),
        agreements=sum(one[2] for one in counts),
    )


def _dutch(unit: Unit, home: Path, lists: Path) -> None:
    agent = parties.put_organisation(
        unit, "billing_agent", _dutch_party(BILLING_AGENT, "Declaratiehulp Voorbeeld (EXAMPLE)", "declaratiehulp")
    )
    group = replace(
        _dutch_party(CARE_GROUP, "Zorggroep Nergenshuizen (EXAMPLE)", "zorggroep"), account="NL62TEST0987654321"
    )
    above = parties.put_organisation(unit, "care_group", group, parent=agent)
    for number, (agb, first_quarter) in enumerate(PRACTICES.items(), start=1):
        party = _dutch_party(agb, f"Huisartsenpraktijk Verzonnen {number} (EXAMPLE)", f"praktijk{number}")
        party = replace(party, account=_ACCOUNTS[agb])
        practice = parties.put_organisation(unit, "practice", party, parent=above, system="ion-export")
        papers = _PAPERS[agb]
        parties.put_participation(
            unit,
            practice,
            Participation(module=MODULE, first_quarter=first_quarter, agreement_date=papers, consent_date=papers),
        )
    for agb, (name, mailbox, account) in _IN_OWN_NAME.items():
        own = replace(_dutch_party(agb, f"{name} (EXAMPLE)", mailbox), account=account)
        parties.put_organisation(unit, "practice", own, parent=agent, system="")
    _lists(unit, lists, (("uzovi", "nl_uzovi_reference.csv"), ("tariffs", "tariffs.csv")))
    _lists(unit, lists, (("coverage", "cov_example.csv"), ("coverage", "cov_practice2.csv")))
    _agreements(unit, home, _NL_PAYERS)
    shares.put(unit, AgreedShare(share=Share(), valid_from=VALID_FROM, module=MODULE, source=SOURCE), _ACTOR)
    _users(unit, [*PRACTICES, *_IN_OWN_NAME], "nl")


def _dutch_party(agb: str, name: str, mailbox: str) -> Party:
    address = Address(street="Verzonnenlaan 1", city="Nergenshuizen", postal_code="7500 ZZ", country="NL")
    return Party(scheme="AGB", id=agb, name=name, address=address, email=f"{mailbox}@voorbeeldzorg.example")


def _norwegian(unit: Unit, home: Path, lists: Path) -> None:
    clinic = Party(
        scheme="0192",
        id=CLINIC,
        name="Eksempelklinikken TEST AS",
        address=Address(street="Oppdiktetgata 1", city="Ingensteds", postal_code="0001", country="NO"),
        email="post@eksempelklinikken.example",
        account="99990101015",
        vat_registered=False,
        foretaksregisteret=True,
        legal_form="AS",
    )
    parties.put_organisation(
        unit, "clinic", clinic, invoice_email="faktura@eksempelklinikken.example", system="no-treatment-log"
    )
    _lists(unit, lists, (("assignments", "no_assignments.csv"),))
    _agreements(unit, home, _NO_PAYERS)
    _users(unit, [CLINIC], "nb")


def _lists(unit: Unit, folder: Path, wanted: Sequence[tuple[str, str]]) -> None:
    """The example lists hold from the beginning of time unless a row says otherwise: their first days are unknown."""
    terms = Terms(valid_from=date.min, source=SOURCE, blind=master_data.blinding(unit))
    for kind, name in wanted:
        listing = master_data.read(kind, (folder / name).read_bytes(), name, terms)
        wrong = blocking(listing.findings)
        if wrong:
            raise ContentError(wrong[0].said(), where=f"{name}, line {wrong[0].line}", hint="restore the example data")
        master_data.apply(unit, master_data.plan(unit, kind, listing.rows))


def _agreements(unit: Unit, home: Path, partners: Sequence[str]) -> None:
    """One agreement per payer over folders; one that stands (a counterpart's, a person's) is left as it is."""
    known = {(one.partner, one.valid_from) for one in parties.agreements(unit)}
    for partner in (*partners, BANK):
        if (partner, VALID_FROM) in known:
            continue
        boxes = ("inbox",) if partner == BANK else ("outbox", "inbox")
        folders = {name: home / name / (f"{partner}-{unit.tenant}" if partner == BANK else partner) for name in boxes}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        agreement = Agreement(
            id="",
            tenant=unit.tenant,
            partner=partner,
            valid_from=VALID_FROM,
            channel="folder",
            settings={name: str(folder) for name, folder in folders.items()},
            payer_accounts=(PAYER_ACCOUNTS[partner],) if partner in PAYER_ACCOUNTS else (),
            kid_length=_KID_LENGTH if partner in _NO_PAYERS else 0,
        )
        onboarding.put_agreement(unit, agreement, _ACTOR)


def _users(unit: Unit, providers: Sequence[str], language: str) -> None:
    """One user per role (two for finance: four eyes), and one for each practice or clinic; logins are invented."""
    roles = ("support", "engineer", "finance", "privacy_officer", "auditor")
    people = [(role.replace("_", "-"), role, "") for role in roles] + [("finance-2", "finance", "")]
    people += [("provider" if code == providers[0] else f"provider-{code}", "provider", code) for code in providers]
    rows = [
        UserRow(
            line=0,
            login=f"{name}@{unit.tenant}.example",
            name=f"EXAMPLE {role.replace('_', ' ')}",
            role=role,
            organisation=organisation,
            language=language,
        )
        for name, role, organisation in people
    ]
    onboarding.put_users(unit, rows, _ACTOR)


def _counted(store: Store, tenant: str) -> tuple[int, int, int]:
    with store.reading(tenant) as unit:
        rows = sum(len(reference.rows_of(unit, kind.stored)) for kind in master_data.KINDS.values())
        return len(parties.organisations(unit)), rows, len(parties.agreements(unit))
