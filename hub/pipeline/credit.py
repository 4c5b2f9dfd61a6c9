"""A granted Dutch claim is taken back in full: an exact copy with the awarded amount and the sign turned (decision 5).

Vektis and VGZ: a rejected claim cannot be credited, a partial credit is impossible, a credit never travels in the file
of its debit. A Norwegian invoice that was approved is not credited at all.
"""

from __future__ import annotations

from dataclasses import replace

from hub.errors import ConfigurationError, ContentError
from hub.ledger.accounts import ledger_lines
from hub.ledger.postings import claim_raised
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.money import Money
from hub.pipeline.context import Hub
from hub.pipeline.finished import PROGRAMME
from hub.store import claims, money, schema, series, subjects
from hub.store.claims import NewClaim
from hub.store.unit import Row, Unit, new_id


def credit(hub: Hub, tenant: str, ref: str) -> str:
    """Make the credit of a granted claim; gives its reference. It goes out with the next submission."""
    with hub.store.unit(tenant) as unit:
        row = claims.by_ref(unit, ref)
        if row is None:
            raise ConfigurationError(f"no claim {ref}", hint="kvitt status lists them")
        (line,) = claims.lines(unit, [row["id"]])
        _allowed(row, line)
        before = _earlier(unit, ref)
        (claim,) = claims.load(unit, [row])
        made = _reversed(unit, claim, Money(line["granted_minor"], row["currency"]))
        blind = subjects.blind(unit, "bsn", claim.person.bsn)
        new = NewClaim(
            claim=made,
            subject_kind="bsn",
            subject_value=claim.person.bsn,
            business_key=f"credit:{claim.module}:{claim.period}:{blind}:{ref}" + (f":{before + 1}" if before else ""),
        )
        claims.add(unit, [new], row["declaration_id"])
        money.post(unit, claim_raised(*ledger_lines(made), at=unit.now, source=f"credit:{ref}"))
        return made.ref


def _earlier(unit: Unit, ref: str) -> int:
    """How many credits of this claim the insurer refused; ContentError while one stands or waits."""
    table = schema.claim
    rows = claims.find(unit, table.c.corrects == ref, table.c.kind == ClaimKind.CREDIT.value)
    lines = claims.lines(unit, [row["id"] for row in rows])
    if any(line["verdict"] != "refused" and not line["withdrawn"] for line in lines):
        raise ContentError(f"{ref} is credited already, by {rows[-1]['ref']}", hint=f"kvitt why {rows[-1]['ref']}")
    return len(rows)


def _allowed(row: Row, line: Row) -> None:
    if row["country"] != "NL":
        raise ContentError(
            f"{row['ref']}: this payer takes no credit note after approval", hint="send a separate invoice"
        )
    if row["programme"] == PROGRAMME:
        raise ContentError(
            f"{row['ref']} came in as a finished document",
            hint="the system it came from makes the credit; hand that in: kvitt intake FILE",
        )
    if row["kind"] != ClaimKind.DEBIT.value:
        raise ContentError(f"{row['ref']} is a credit itself", hint="claim anew instead")
    if line["verdict"] not in ("granted", "changed"):
        raise ContentError(
            f"{row['ref']} is {line['verdict']}: only what was granted can be credited",
            hint="a refused claim is corrected and claimed anew, never credited",
        )


def _reversed(unit: Unit, claim: Claim, awarded: Money) -> Claim:
    ref = f"R{series.take(unit, 'line-reference', first=1):09d}"
    (line,) = claim.lines
    turned: ClaimLine = replace(line, id=new_id(), ref=ref, previous_ref=line.ref, amount=-awarded)
    return replace(
        claim,
        id=new_id(),
        kind=ClaimKind.CREDIT,
        ref=ref,
        invoice_number="",
        corrects=claim.ref,
        lines=(turned,),
    )
