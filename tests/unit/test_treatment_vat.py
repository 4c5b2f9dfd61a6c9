"""Taxed treatments: what is claimed is what the invoice asks for, VAT included, to the last øre."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.model.finding import blocking
from hub.model.money import Money
from hub.model.partner import EhfProfile
from hub.model.party import Address, Party
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.treatment_claims import claims
from hub.programmes.treatments import TreatmentContext, assess
from hub.programmes.vat import shipped_vat_rules
from mappings.ehf import to_ehf
from schemas.peppol import check
from schemas.ubl import write

CLINIC = Party(
    scheme="0192",
    id="310000086",
    name="Klinikk TEST AS",
    address=Address(street="Vei 1", city="Oslo", postal_code="0150", country="NO"),
    account="15030000045",
    vat_registered=True,
    foretaksregisteret=True,
)
PAYER = Party(scheme="0192", id="310000914", name="Forsikring TEST", address=Address(city="Oslo", country="NO"))
PROFILE = EhfProfile(line_properties={"treatment_code": "TreatmentId", "treatment_datetime": "TreatmentDateTime"})


def test_three_taxed_lines_claim_what_the_invoice_asks_for() -> None:
    """333.33 three times at 25 %: per line the VAT would be 83.33, on the document it is 250.00 (EN 16931)."""
    row = TreatmentRow(
        line=2,
        row_id="T1",
        sak_id="6VAT1",
        birth_date=date(1980, 1, 1),
        code="C2010",
        text="Massasje",
        start=datetime(2026, 2, 3, 9),  # noqa: DTZ001 -- local time, as payers want it
        price=Money(33333, "NOK"),
        vat_category="S",
        vat_rate=Decimal(25),
        profession="Massasje",
    )
    rows = [replace(row, line=2 + n, row_id=f"T{n}", start=datetime(2026, 2, 3 + n, 9)) for n in range(3)]  # noqa: DTZ001
    assignment = Assignment(sak_id="6VAT1", insurer_orgnr=PAYER.id, birth_date=date(1980, 1, 1))
    ctx = TreatmentContext(
        tenant="t",
        clinic=CLINIC,
        submitter=CLINIC,
        assignments={"6VAT1": assignment},
        vat_rules=shipped_vat_rules(),
        today=date(2026, 3, 1),
    )
    outcomes = assess(rows, ctx)
    (claim,) = claims(outcomes, rows, ctx, new_id=lambda: "x", next_number=lambda: "10001")
    document = to_ehf(claim, PROFILE, PAYER)
    assert document.totals.payable is not None
    assert claim.total == Money(124999, "NOK")
    assert document.totals.payable.value == claim.total.decimal()


def taxed(**changes: Any) -> TreatmentRow:
    """One treatment of a masseur without an HPR number."""
    row = TreatmentRow(
        line=2,
        row_id="T1",
        sak_id="6VAT1",
        birth_date=date(1980, 1, 1),
        code="C2010",
        text="Behandling",
        start=datetime(2026, 2, 3, 9),  # noqa: DTZ001 -- local time, as payers want it
        price=Money(40000, "NOK"),
        vat_category="S",
        vat_rate=Decimal(25),
        profession="Massasje",
    )
    return replace(row, **changes)


def context(clinic: Party = CLINIC) -> TreatmentContext:
    return TreatmentContext(
        tenant="t",
        clinic=clinic,
        submitter=clinic,
        assignments={"6VAT1": Assignment(sak_id="6VAT1", insurer_orgnr=PAYER.id, birth_date=date(1980, 1, 1))},
        vat_rules=shipped_vat_rules(),
        today=date(2026, 3, 1),
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"vat_category": "E", "vat_rate": Decimal(0)}, "VAT_CATEGORY"),
        ({"therapist_hpr": "9999901", "vat_category": "E", "vat_rate": Decimal(0)}, ""),
        ({"profession": "Akupunktur"}, "WARN_VAT_UNSURE"),
        ({"profession": "Akupunktur", "vat_category": "E", "vat_rate": Decimal(0)}, "VAT_CATEGORY"),
        ({"profession": "Fysioterapi", "vat_category": "E", "vat_rate": Decimal(0)}, "WARN_HPR_MISSING"),
        ({"profession": "Sjamanisme"}, "WARN_PROFESSION_UNKNOWN"),
        (
            {"profession": "Naprapati", "vat_category": "E", "vat_rate": Decimal(0), "start": datetime(2022, 4, 30, 9)},  # noqa: DTZ001
            "WARN_VAT_UNSURE",
        ),
        (
            {"profession": "Naprapati", "vat_category": "E", "vat_rate": Decimal(0), "start": datetime(2022, 5, 1, 9)},  # noqa: DTZ001
            "WARN_HPR_MISSING",
        ),
    ],
)
def test_the_category_follows_profession_hpr_number_and_day(changes: dict[str, Any], code: str) -> None:
    (outcome,) = assess([taxed(**changes)], context())
    assert outcome.code == code


def test_a_rule_that_is_not_certain_is_told_as_such() -> None:
    """Acupuncture without an HPR number: which state holds today was not checked, and nobody is told otherwise."""
    (wrong,) = assess([taxed(profession="Akupunktur", vat_category="E", vat_rate=Decimal(0))], context())
    (passed,) = assess([taxed(profession="Akupunktur")], context())
    for language, word, why in (
        ("en", "not certain", "not checked"),
        ("nb", "sikker", "ikke kontrollert"),
        ("nl", "niet zeker", "niet nagegaan"),
    ):
        assert word in wrong.said(language)
        assert word in passed.said(language)
        assert why in wrong.said(language), "and why"
    (plain,) = assess([taxed(vat_category="E", vat_rate=Decimal(0))], context())
    assert "not certain" not in plain.said()


def test_one_invoice_may_mix_exempt_and_taxed_treatments() -> None:
    rows = [
        taxed(),
        taxed(
            line=3,
            row_id="T2",
            code="B1010",
            profession="Fysioterapi",
            therapist_hpr="9",
            vat_category="E",
            vat_rate=Decimal(0),
        ),
    ]
    ctx = context()
    (claim,) = claims(assess(rows, ctx), rows, ctx, new_id=lambda: "x", next_number=lambda: "10001")
    document = to_ehf(claim, PROFILE, PAYER)
    (total,) = document.tax_totals
    found = [(one.category.id, one.tax.value) for one in total.subtotals if one.category and one.tax]
    assert found == [("E", Decimal("0.00")), ("S", Decimal("100.00"))]
    assert document.totals.payable
    assert document.totals.payable.value == claim.total.decimal() == Decimal("900.00")


@pytest.mark.parametrize("register", [False, True])
@pytest.mark.parametrize("vat", [False, True])
@pytest.mark.parametrize("form", ["AS", "ENK"])
def test_sellers_of_every_kind_are_accepted_by_the_rules(form: str, vat: bool, register: bool) -> None:
    """Companies and sole proprietors, in the VAT register or not, in the Register of Business Enterprises or not."""
    seller = replace(CLINIC, vat_registered=vat, foretaksregisteret=register, legal_form=form)
    row = taxed(profession="Fysioterapi", therapist_hpr="9", vat_category="E", vat_rate=Decimal(0))
    ctx = context(seller)
    (claim,) = claims(assess([row], ctx), [row], ctx, new_id=lambda: "x", next_number=lambda: "10001")
    document = to_ehf(claim, PROFILE, PAYER)
    assert blocking(check(write(document))) == []
    wanted = [("VAT", f"NO{CLINIC.id}MVA")] if vat else []
    wanted += [("TAX", "Foretaksregisteret")] if register else []
    taxes = [(tax.scheme, tax.company_id.value) for tax in document.seller.taxes if tax.company_id]
    assert taxes == (wanted or [("TAX", CLINIC.id)])
    assert document.tax_totals[0].subtotals[0].category
    assert "§ 3-2" in document.tax_totals[0].subtotals[0].category.reason
