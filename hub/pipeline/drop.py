"""Any file: what it is and what it would change, before anything is saved; then handed to the step it is for.

Recognised by content, as those steps do: answers, bank files, mails, payers' specifications, finished documents, lists.
An archive is taken apart once. Nothing here applies anything itself.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from hub import formats
from hub.errors import FormatError, HubError
from hub.formats import Answer, AnswerContext, MailNews
from hub.intake.columns import (
    ASSIGNMENTS,
    PERFORMANCE_LIST,
    PRACTICE_LIST,
    REQUIRED,
    TREATMENT_LOG,
    ColumnMap,
    detect,
)
from hub.intake.lists import take_practice_list
from hub.intake.privacy import PrivacyRefusal, refuse_medical
from hub.intake.specifications import find_map, read_specification
from hub.intake.table import Table, read_table
from hub.intake.values import parse_agb
from hub.log import clean_text
from hub.model.exchange import Collected
from hub.model.money import Money
from hub.model.payment import BookingState, Statement
from hub.model.quarter import quarter_of
from hub.model.reply import Acknowledgement, Decision, ResponseFile, Verdict
from hub.pipeline import intake, mail_rules, portal, receive, specified
from hub.pipeline.archives import unpack
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import Actor, Hub, content_id
from hub.pipeline.finished import check_whose, recognise_finished, take_finished
from hub.pipeline.imports import KINDS, Imported, import_list
from hub.pipeline.intake import IntakeRequest
from hub.pipeline.upload_checks import check_upload
from hub.store import blobs, declarations, exchanges, inbounds, parties, schema
from hub.store.unit import Unit
from schemas.banking.status import PaymentStatus

RECEIVE, PAYMENTS, FINISHED, INTAKE, IMPORTS, NOBODY = STEPS = (
    "receive",
    "payments",
    "finished",
    "intake",
    "imports",
    "none",
)
_PROGRAMMES = {
    PRACTICE_LIST: "module-quarter",
    PERFORMANCE_LIST: "zpm-performances",
    TREATMENT_LOG: "treatment-assignments",
}
_WORDS = {
    PRACTICE_LIST: "practice_list",
    PERFORMANCE_LIST: "performance_list",
    TREATMENT_LOG: "treatment_log",
    ASSIGNMENTS: "assignments",
}
_MOST = 200
_LOOKED_AT = 50
Would = tuple[str, Mapping[str, object]]
"""A word of the screen and its values: one thing a file would change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """What a person says of a list that does not say it itself."""

    organisation: str = ""
    module: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One file: what it is, which step it is for, and what that step would change; `asks` when its owner is unknown."""

    name: str
    kind: str
    step: str = NOBODY
    would: Sequence[Would] = ()
    whose: Whose = field(default_factory=Whose)
    programme: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The box as one person sees it: `within` are the organisations they hand in for; None is the whole tenant.

    What is about a whole tenant (a payer's answer, a bank file, who is assigned where) is for who sees all of it.
    """

    hub: Hub
    tenant: str
    country: str
    within: frozenset[str] | None = None

    def reading(self) -> AbstractContextManager[Unit]:
        """A read transaction that sees only what is theirs."""
        return self.hub.store.reading(self.tenant, within=self.within)

    def passes(self, seen: Seen) -> bool:
        """Whether this person may hand that in."""
        if self.within is None or seen.step == NOBODY:
            return True
        return seen.step == FINISHED or (seen.step == INTAKE and seen.whose.organisation in self.within)


def look(box: Box, name: str, data: bytes, whose: Whose) -> list[Seen]:
    """What a file is, or each file of an archive; HubError when it may not come in at all."""
    check_upload(box.hub, name, data)
    return [_passed(box, _look(box, one, whose)) for one in pieces(name, data)]


def _passed(box: Box, seen: Seen) -> Seen:
    """What is not for this person, without a word of what stands in it."""
    return seen if box.passes(seen) else Seen(name=seen.name, kind="refused", would=[("not_yours", {})])


def pieces(name: str, data: bytes) -> list[Collected]:
    """The files in an archive, or the file itself; a workbook is no archive."""
    item = Collected(remote_id=content_id(name, data), name=name, payload=data)
    return [item] if _is_office(data) else list(islice(unpack(item), _MOST))


def _is_office(data: bytes) -> bool:
    if not data.startswith(b"PK\x03\x04"):
        return False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "[Content_Types].xml" in archive.namelist()


def take(box: Box, name: str, data: bytes, whose: Whose, actor: Actor) -> list[str]:
    """Hand every file to its step; gives a word for each. What nobody knows is left where it is."""
    check_upload(box.hub, name, data)
    found = [(one, _passed(box, _look(box, one, whose))) for one in pieces(name, data)]
    return [_take(box, one, seen, actor) for one, seen in found if seen.step != NOBODY]


def _take(box: Box, item: Collected, seen: Seen, actor: Actor) -> str:
    hub, tenant = box.hub, box.tenant
    if seen.step in (RECEIVE, PAYMENTS):
        return receive.receive(hub, tenant, item)[0].state
    if seen.step == FINISHED:
        return take_finished(hub, tenant, item.payload, item.name, actor, within=box.within).status
    if seen.step == INTAKE:
        return intake.take(hub, tenant, _request(seen, item.name), item.payload, actor).status
    with hub.store.unit(tenant) as unit:
        import_list(unit, ASSIGNMENTS, item.payload, item.name, country=box.country, actor=actor, dry=False)
    return "imported"


def _request(seen: Seen, name: str) -> IntakeRequest:
    whose = seen.whose
    return IntakeRequest(
        programme=seen.programme,
        organisation=whose.organisation,
        module=whose.module,
        period=whose.period,
        name=name,
    )


def _look(box: Box, item: Collected, whose: Whose) -> Seen:
    """One file, in the order in which the steps would try it; what cannot be read is said, not raised."""
    shown = replace(item, name=clean_text(item.name))
    try:
        if item.name:
            check_upload(box.hub, item.name, item.payload)
        with box.reading() as unit:
            seen = _answer(box.hub, unit, shown) or _finished(box, unit, shown)
        return seen or _list(box, shown, whose)
    except PrivacyRefusal as error:
        columns = ", ".join(one.name for one in error.columns)
        return Seen(name=shown.name, kind="medical", would=[("refused", {"what": columns})])
    except FormatError as error:
        return Seen(name=shown.name, kind="unknown", would=[("nothing", {"what": error.message})])
    except RefusedError as error:
        return Seen(name=shown.name, kind="refused", would=[("said", {"what": error.said, "todo": error.todo})])
    except HubError as error:
        return Seen(name=shown.name, kind="refused", would=[("refused", {"what": error.message})])


def _answer(hub: Hub, unit: Unit, item: Collected) -> Seen | None:
    known = specified.maps(hub)
    partner = find_map(item.payload, item.name, known)
    if partner:
        told = read_specification(item.payload, item.name, partner, known[partner])
        would: Would = ("specification", {"n": len(told.lines), "partner": partner})
        return _seen(unit, item, "specification", PAYMENTS, [would])
    kind = formats.recognise(item.payload, item.name)
    if kind is None:
        return None
    rules = mail_rules.taught(unit, unit.now.date())
    rules += [rule for one in hub.registry.partners.values() for rule in one.mail]
    context = AnswerContext(name=item.name, mail_rules=rules)
    _, said = formats.read(item.payload, context)
    word, step = _kind(said, kind)
    return _seen(unit, item, word, step, [_would(unit, one) for one in said])


def _seen(unit: Unit, item: Collected, kind: str, step: str, would: Sequence[Would]) -> Seen:
    """The same bytes again change nothing, whatever they say."""
    again = inbounds.stands_for(unit, receive.HAND, blobs.content_key(unit, item.payload)) is not None
    return Seen(name=item.name, kind=kind, step=step, would=[("already", {})] if again else would)


def _kind(said: Sequence[Answer], kind: str) -> tuple[str, str]:
    first = said[0] if said else None
    if isinstance(first, Statement):
        return "bank", PAYMENTS
    if isinstance(first, PaymentStatus):
        return "status", PAYMENTS
    if isinstance(first, ResponseFile):
        return "response", RECEIVE
    return ("mail", RECEIVE) if kind == "mail" else ("network", RECEIVE)


def _would(unit: Unit, said: Answer) -> Would:
    if isinstance(said, ResponseFile):
        return _of_response(unit, said)
    if isinstance(said, Statement):
        booked = [one for one in said.payments if one.state is BookingState.BOOKED]
        received = Money(sum(one.amount.minor for one in booked), said.currency)
        return "statement", {"n": len(booked), "received": received, "account": said.account}
    if isinstance(said, PaymentStatus):
        return "status", {}
    if isinstance(said, MailNews):
        if said.rejection is not None:
            return "mail", {"number": clean_text(said.rejection.invoice_number or said.rejection.sak_id)}
        return "mail_person", {"what": said.disposition}
    return _of_network(said)


def _of_network(said: Acknowledgement | Decision) -> Would:
    what = said.verdict.value if isinstance(said, Decision) else said.kind.value
    number = said.invoice_number or (said.message_id if isinstance(said, Acknowledgement) else "")
    return "ack", {"what": what, "number": clean_text(number)}


def _of_response(unit: Unit, said: ResponseFile) -> Would:
    number = clean_text(said.invoice_number)
    ours = exchanges.find(unit, schema.exchange.c.invoice_number == said.invoice_number)
    if not ours:
        return "unknown_file", {"number": number}
    verdicts = [one.verdict for one in said.decisions]
    counts = {one.value: verdicts.count(one) for one in (Verdict.GRANTED, Verdict.CHANGED, Verdict.REFUSED)}
    return "response", {"n": len(verdicts), "number": number, **counts}


def _finished(box: Box, unit: Unit, item: Collected) -> Seen | None:
    kind = recognise_finished(item.payload)
    if kind is None:
        return None
    check_whose(box.hub, item.payload, box.within)
    sha256 = hashlib.sha256(item.payload).hexdigest()
    table = schema.declaration
    counts = table.c.state != declarations.REFUSED
    again = unit.one(unit.mine(table, table.c.sha256 == sha256, counts).limit(1)) is not None
    would: Would = ("already", {}) if again else ("finished", {"what": kind})
    return Seen(name=item.name, kind="finished", step=FINISHED, would=[would])


def _list(box: Box, item: Collected, whose: Whose) -> Seen:
    table = read_table(item.payload, item.name)
    fitting = _fitting(table, box.country)
    if fitting is None:
        refuse_medical(table)
        return _setting_up(box, item) or Seen(name=item.name, kind="unknown", would=[("nothing", {"what": "-"})])
    if fitting.kind == ASSIGNMENTS:
        return _assignments(box, item)
    if fitting.kind == PRACTICE_LIST:
        refuse_medical(table)
    with box.reading() as unit:
        guessed = _whose(unit, item, table, fitting, whose)
    seen = Seen(
        name=item.name,
        kind=_WORDS[fitting.kind],
        step=INTAKE,
        programme=_PROGRAMMES[fitting.kind],
        whose=guessed,
    )
    if not guessed.organisation or (fitting.kind == PRACTICE_LIST and not (guessed.module and guessed.period)):
        return replace(seen, step=NOBODY, asks=True)
    tried = portal.rehearse(box.hub, box.tenant, _request(seen, item.name), item.payload)
    if tried.status == portal.ALREADY:
        return replace(seen, step=NOBODY, would=[("already", {})])
    if tried.status == portal.REFUSED:
        return replace(seen, step=NOBODY, would=[("refused", {"what": tried.code})])
    return replace(seen, would=[("list", {"rows": len(tried.outcomes), "ready": tried.ready})])


def _fitting(table: Table, country: str) -> ColumnMap | None:
    """The kind whose map places most of the columns."""
    kinds = [kind for kind in REQUIRED if (kind in (TREATMENT_LOG, ASSIGNMENTS)) == (country == "NO")]
    found = [one for kind in kinds if (one := detect(table, kind)) is not None]
    return max(found, key=lambda one: len(one.places(table.header)), default=None)


def _assignments(box: Box, item: Collected) -> Seen:
    with box.hub.store.unit(box.tenant) as unit:
        actor, country = Actor(), box.country
        found = import_list(unit, ASSIGNMENTS, item.payload, item.name, country=country, actor=actor, dry=True)
    would: Would = ("assignments", {"new": found.new, "changed": found.changed})
    return Seen(name=item.name, kind="assignments", step=IMPORTS, would=[would])


def _setting_up(box: Box, item: Collected) -> Seen | None:
    """A list that sets up the hub: what it would change. It is saved at Imports, with its day and source."""
    if box.within is not None:
        return None
    for kind in KINDS:
        if kind != ASSIGNMENTS and (found := _dry(box, item, kind)) is not None:
            counts = {"new": found.new, "changed": found.changed, "refused": found.refused}
            return Seen(name=item.name, kind="setup", would=[(f"setup_{kind}", counts)])
    return None


def _dry(box: Box, item: Collected, kind: str) -> Imported | None:
    """As if it counted from today; None when its columns are another list's."""
    said: dict[str, Any] = {"country": box.country, "actor": Actor(), "valid_from": box.hub.today(box.country)}
    with box.hub.store.unit(box.tenant) as unit, unit.connection.begin_nested() as tried:
        try:
            found = import_list(unit, kind, item.payload, item.name, **said, dry=True)
        except HubError:
            return None
        finally:
            tried.rollback()
    return found if found.new or found.changed or found.unchanged else None


def _whose(unit: Unit, item: Collected, table: Table, fitting: ColumnMap, said: Whose) -> Whose:
    """What the person said, else what the list itself and the organisations leave no doubt about."""
    kind = "clinic" if fitting.kind == TREATMENT_LOG else "practice"
    known = {one.code: one for one in parties.organisations(unit, kind)}
    owner = said.organisation or _owner(table, fitting, kind)
    if not owner and len(known) == 1:
        owner = next(iter(known))
    if owner not in known:
        return Whose()
    if fitting.kind != PRACTICE_LIST:
        return Whose(organisation=owner)
    modules = sorted(parties.participations(unit, known[owner].id))
    module = said.module or (modules[0] if len(modules) == 1 else "")
    return Whose(organisation=owner, module=module, period=said.period or _period(item, fitting))


def _owner(table: Table, fitting: ColumnMap, kind: str) -> str:
    place = fitting.places(table.header).get("clinic_orgnr" if kind == "clinic" else "practice_agb")
    if place is None:
        return ""
    cells = {row.cells[place].strip() for row in islice(table.rows, _LOOKED_AT) if not row.ragged}
    if len(cells) != 1:
        return ""
    (cell,) = cells
    return cell if kind == "clinic" else parse_agb(cell)[0]


def _period(item: Collected, fitting: ColumnMap) -> str:
    rows = take_practice_list(item.payload, item.name, fitting).rows
    days = {row.reference_date for row in rows if row.reference_date is not None}
    return str(quarter_of(days.pop())) if len(days) == 1 else ""
