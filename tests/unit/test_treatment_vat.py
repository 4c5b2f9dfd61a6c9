"""Taxed treatments: what is claimed is what the invoice asks for, VAT included, to the last øre."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from hub.model.money import Money
from hub.model.partner import EhfProfile
from hub.model.party import Address, Party
from hub.programmes.rows import Assignment, TreatmentRow
from hub.programmes.treatment_claims import claims
from hub.programmes.treatments import TreatmentContext, assess
from hub.programmes.vat import shipped_vat_rules
from mappings.ehf import to_ehf

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
