"""A correction tried before it is made: the same steps, document and rules, and then nothing of it stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub import formats, routing
from hub.errors import ConfigurationError, ContentError, HubError
from hub.formats import Batch
from hub.model.claim import Claim
from hub.model.finding import Finding, Severity, blocking
from hub.model.money import Money
from hub.pipeline import correct
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Hub
from hub.pipeline.correct import Corrected
from hub.pipeline.correction_forms import Field, Form, form_of
from hub.pipeline.intake import formats_of
from hub.programmes.corrections import NOTHING, Changes
from hub.routing import NoRoute
from hub.store import claims, parties
from hub.store.unit import Row, Unit

_ANY_NUMBER = "KV9999999999"
"""The number a file would get: none is taken for a rehearsal."""
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field before and after; a person's value before stays masked."""

    field: Field
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a correction would come to, or why it would not be made (`said`, `todo`)."""

    ref: str
    way: str = ""
    credit: str = ""
    replacement: str = ""
    message: Texts = field(default_factory=dict)
    said: Texts = field(default_factory=dict)
    todo: Texts = field(default_factory=dict)
    differences: Sequence[Difference] = ()
    dropped: Sequence[int] = ()
    asked: Money | None = None
    asks: Money | None = None
    findings: Sequence[Finding] = ()
    again: bool = False

    @property
    def possible(self) -> bool:
        """Whether it can be made, and what it makes could be sent."""
        return bool(self.way) and not blocking(self.findings)


def rehearse(hub: Hub, tenant: str, ref: str, changes: Changes = NOTHING, *, credit_only: bool = False) -> Rehearsed:
    """One correction, tried."""
    (found,) = rehearse_all(hub, tenant, [ref], changes, credit_only=credit_only)
    return found


def rehearse_all(
    hub: Hub, tenant: str, refs: Sequence[str], changes: Changes = NOTHING, *, credit_only: bool = False
) -> list[Rehearsed]:
    """The same correction of several claims, tried one after another in a transaction that is taken back."""
    with hub.store.unit(tenant) as unit, unit.connection.begin_nested() as everything:
        found = [_tried(hub, unit, ref, changes, credit_only=credit_only) for ref in refs]
        everything.rollback()
    return found


def _tried(hub: Hub, unit: Unit, ref: str, changes: Changes, *, credit_only: bool) -> Rehearsed:
    row = claims.by_ref(unit, ref)
    if row is None:
        return refused(ref, ConfigurationError(f"no claim {ref}"))
    try:
        before = form_of(hub, unit, row)
        asked = _total(unit, row)
        with unit.connection.begin_nested():
            done = correct.within(hub, unit, row, changes, credit_only=credit_only)
            return _compared(hub, unit, done, before, asked, changes)
    except HubError as error:
        return refused(ref, error)


def refused(ref: str, error: HubError) -> Rehearsed:
    """Why it would not be made, in every language where the reason has them."""
    if isinstance(error, RefusedError):
        return Rehearsed(ref=ref, said=error.said, todo=error.todo)
    return Rehearsed(ref=ref, said={"en": error.message}, todo={"en": error.hint})


def _total(unit: Unit, row: Row) -> Money:
    return Money(sum(line["amount_minor"] for line in claims.lines(unit, [row["id"]])), row["currency"])


def _compared(hub: Hub, unit: Unit, done: Corrected, before: Form, asked: Money, changes: Changes) -> Rehearsed:
    made = [row for ref in (done.credit, done.replacement) if ref and (row := claims.by_ref(unit, ref)) is not None]
    fresh = claims.by_ref(unit, done.replacement) if done.replacement else None
    after = form_of(hub, unit, fresh) if fresh else None
    return Rehearsed(
        ref=done.ref,
        way=done.way.value,
        credit=done.credit,
        replacement=done.replacement,
        message=done.message,
        differences=_differences(before, after) if after else (),
        dropped=sorted(changes.drop),
        asked=asked,
        asks=_total(unit, fresh) if fresh else None,
        findings=[finding for row in made for finding in document_findings(hub, unit, row)],
        again=done.again,
    )


def _differences(before: Form, after: Form) -> list[Difference]:
    """By field; where lines were left out the others are told by their new numbers."""
    known = {one.key: one for one in before.fields}
    found = [(known[one.key], one) for one in after.fields if one.key in known and known[one.key].value != one.value]
    return [Difference(field=old, before=old.shown, after=new.value) for old, new in found]


def document_findings(hub: Hub, unit: Unit, row: Row) -> list[Finding]:
    """What the rules say of the document that a claim would travel in."""
    (claim,) = claims.load(unit, [row])
    partner = hub.registry.partners.get(row["payer"])
    day = hub.today(row["country"])
    found = routing.route(row, partner, parties.agreements(unit), day, hub.stage, formats_of(row["programme"]))
    if isinstance(found, NoRoute):
        return []
    number = claim.invoice_number or _ANY_NUMBER
    batch = Batch(
        claims=[_numbered(claim, number)],
        partner=found.partner,
        agreement=found.agreement,
        invoice_number=number,
        today=day,
        test=hub.is_test,
    )
    try:
        built = formats.build(found.format, batch)
    except (ConfigurationError, ContentError) as error:
        return [_mapping_failed(error)]
    bad = [_mapping_failed(ContentError(reason)) for _, reason in built.bad.values()]
    return [*bad, *blocking(built.findings)]


def _numbered(claim: Claim, number: str) -> Claim:
    return claim if claim.invoice_number else replace(claim, invoice_number=number)


def _mapping_failed(error: HubError) -> Finding:
    return Finding(code="MAPPING_FAILED", severity=Severity.ERROR, text={"en": error.message}, hint={"en": error.hint})
