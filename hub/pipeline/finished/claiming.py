"""Drafts become stored claims under the provider's own numbers; numbers used before are found first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from hub.ledger.accounts import ledger_lines
from hub.ledger.postings import claim_raised
from hub.model.claim import Claim, ClaimKind
from hub.model.partner import Partner
from hub.model.party import Party
from hub.pipeline.finished.forward import WITHDRAWN, of_declaration
from hub.pipeline.finished.reading import PROGRAMME, Draft, Reading
from hub.pipeline.intake import withdraw
from hub.pipeline.replacements import put_aside
from hub.programmes.outcome import CLAIM, INVOICE
from hub.store import claims, declarations, exchanges, money, schema, tasks
from hub.store.claims import NewClaim
from hub.store.declarations import DeclarationRow
from hub.store.parties import Organisation
from hub.store.unit import Row, Unit, new_id

_BATCH = 500
_Partners = Mapping[tuple[str, date], Partner | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Claims that stand under the same numbers: those in the way, and those a refused document left behind."""

    standing: Sequence[Row] = ()
    superseded: Sequence[Row] = ()
    same_number: bool = False


def clash(unit: Unit, reading: Reading) -> Clash:
    """What already stands under this document's numbers.

    A document that was refused as a whole before anybody judged it may be handed in again, corrected, under the same
    numbers (decision 4); anything else that uses a number twice is for a person.
    """
    by_key = _by_key(unit, [draft.key for draft in reading.drafts])
    by_number = _by_number(unit, reading)
    rows = list({row["id"]: row for row in [*by_number, *by_key]}.values())
    gone = [row for row in rows if _refused_unjudged(unit, row)]
    kept = {row["id"] for row in rows} - {row["id"] for row in gone}
    return Clash(
        standing=[row for row in rows if row["id"] in kept],
        superseded=gone,
        same_number=any(row["id"] in kept and row["invoice_number"] == reading.number for row in rows),
    )


def _by_key(unit: Unit, keys: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(keys), _BATCH):
        rows += claims.find(unit, schema.claim.c.business_key.in_(keys[start : start + _BATCH]))
    return rows


def _by_number(unit: Unit, reading: Reading) -> list[Row]:
    """A Dutch file's number is its claimant's; a Norwegian one is in the business key, with its series."""
    table = schema.claim
    if reading.country != "NL":
        return []
    return claims.find(
        unit,
        table.c.claimant_code == reading.claimant,
        table.c.invoice_number == reading.number,
        table.c.hold_code != WITHDRAWN,
    )


def _refused_unjudged(unit: Unit, row: Row) -> bool:
    if row["programme"] != PROGRAMME or row["exchange_id"] is None:
        return False
    refused = exchanges.get(unit, row["exchange_id"])["state"] == "refused"
    return refused and all(line["verdict"] == "open" for line in claims.lines(unit, [row["id"]]))


def supersede(unit: Unit, rows: Sequence[Row], source: str) -> None:
    """Take a refused document's claims back: their numbers are free for the corrected one, their history stays."""
    for row in rows:
        withdraw(unit, row, source=source, reason="replaced by a corrected document")
        unit.update(schema.claim, row["id"], ref=put_aside(row))
    table = schema.claim
    for exchange_id in {row["exchange_id"] for row in rows}:
        # What the corrected document leaves out was refused as well, and is still somebody's case.
        if not claims.find(unit, table.c.exchange_id == exchange_id, table.c.hold_code != WITHDRAWN):
            tasks.done_all(unit, exchange_id, {"replaced": True}, claims_too=True)
    for declaration_id in {row["declaration_id"] for row in rows}:
        if not of_declaration(unit, declaration_id):
            unit.update(schema.declaration, declaration_id, state=declarations.REPLACED)


def add(
    unit: Unit, reading: Reading, ours: Mapping[str, Organisation], partners: _Partners, declaration_id: str
) -> list[str]:
    """Store the claims with their money and rows; gives their references."""
    taken = _taken(unit, [draft.ref for draft in reading.drafts])
    corrected = _corrected(unit, reading)
    drafts = [replace(each, corrects=corrected.get(each.corrects, "")) for each in reading.drafts]
    new = [_new(unit.tenant, reading, draft, ours, partners, taken) for draft in drafts]
    claims.add(unit, new, declaration_id)
    raised = [line for item in new for line in ledger_lines(item.claim)]
    money.post(unit, claim_raised(*raised, at=unit.now, source=f"declaration:{declaration_id}"))
    pairs = zip(reading.drafts, new, strict=True)
    declarations.add_rows(unit, declaration_id, [_row(reading, draft, item) for draft, item in pairs])
    return [item.claim.ref for item in new]


def _taken(unit: Unit, refs: Sequence[str]) -> set[str]:
    """References that another provider of this tenant (or the hub itself) uses too."""
    found: set[str] = set()
    for start in range(0, len(refs), _BATCH):
        rows = claims.find(unit, schema.claim.c.ref.in_(refs[start : start + _BATCH]))
        found |= {row["ref"] for row in rows}
    return found


def _corrected(unit: Unit, reading: Reading) -> dict[str, str]:
    """What these drafts correct, as it is called here: a number is its provider's own, and another may use it too."""
    wanted = sorted({draft.corrects for draft in reading.drafts} - {""})
    others = _taken(unit, wanted)
    found = {number: f"{number[:25]}@{reading.claimant}d" if number in others else number for number in wanted}
    for row, number in _debits(unit, reading, wanted):
        found[number] = row["ref"]
    return found


def _debits(unit: Unit, reading: Reading, numbers: Sequence[str]) -> Iterator[tuple[Row, str]]:
    """The claimant's own debits under these numbers: line references (NL) or invoice numbers (NO)."""
    table, line = schema.claim, schema.claim_line
    live = (table.c.country == reading.country, table.c.hold_code != WITHDRAWN)
    own = (*live, table.c.claimant_code == reading.claimant, table.c.kind == ClaimKind.DEBIT.value)
    for start in range(0, len(numbers), _BATCH):
        part = numbers[start : start + _BATCH]
        if reading.country != "NL":
            rows = claims.find(unit, *own, table.c.invoice_number.in_(part))
            yield from ((row, row["invoice_number"]) for row in rows)
            continue
        of = {each["claim_id"]: each["ref"] for each in unit.rows(unit.mine(line, line.c.ref.in_(part)))}
        yield from ((row, of[row["id"]]) for row in claims.find(unit, *own, table.c.id.in_(list(of))))


def _new(
    tenant: str,
    reading: Reading,
    draft: Draft,
    ours: Mapping[str, Organisation],
    partners: _Partners,
    taken: Iterable[str],
) -> NewClaim:
    partner = partners[draft.payer_code, draft.payer_on]
    claim = Claim(
        id=new_id(),
        tenant=tenant,
        country=reading.country,
        kind=draft.kind,
        ref=draft.ref if draft.ref not in taken else _qualified(reading, draft),
        invoice_number=reading.number,
        programme=PROGRAMME,
        period=draft.period,
        payer=partner.name if partner else draft.payer_code,
        payer_code=draft.payer_code,
        payer_name=draft.payer_name or (partner.title if partner else ""),
        provider=_party(reading, reading.provider, ours),
        claimant=_party(reading, reading.claimant, ours),
        submitter=_party(reading, reading.submitter, ours),
        person=draft.person,
        currency=reading.currency,
        issue_date=reading.issue_date,
        due_date=draft.due_date,
        kid=draft.kid,
        corrects=draft.corrects,
        references=draft.references,
        lines=draft.lines,
    )
    kind, value = draft.subject
    return NewClaim(claim=claim, subject_kind=kind, subject_value=value, business_key=draft.key)


def _qualified(reading: Reading, draft: Draft) -> str:
    """Our own handle where the provider's number alone is not unique here; its number itself stays beside it."""
    series = "c" if draft.kind.value == "credit" else "d"
    return f"{draft.ref[:25]}@{reading.claimant}{series}"


def _party(reading: Reading, code: str, ours: Mapping[str, Organisation]) -> Party:
    """As the document describes the sender, else as we know the organisation, else by its code alone."""
    if reading.stated is not None and reading.stated.id == code:
        return replace(reading.stated, legal_form=ours[code].party.legal_form)
    return ours[code].party if code in ours else Party(scheme=reading.scheme, id=code, name="")


def _row(reading: Reading, draft: Draft, item: NewClaim) -> DeclarationRow:
    return DeclarationRow(
        line=draft.at,
        row_id=draft.ref,
        outcome=INVOICE if reading.country == "NO" else CLAIM,
        code="",
        message={},
        subject=draft.subject,
        body={"number": reading.number, "ref": draft.ref},
        claim_id=item.claim.id,
    )
