"""Input that is already finished: an EHF invoice, a credit note or a Vektis claim file of the provider's own system.

Each kind of document has a module here with `COUNTRY`, `recognise` and `read`, found by scanning. A document is
recognised, stored raw, checked, read into claims under the provider's own numbers, and forwarded byte for byte;
or it is refused with findings and nothing is claimed. Raw bytes first, then everything else in one transaction.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from hub import texts
from hub.errors import FormatError
from hub.log import clean_text
from hub.model.finding import Finding, Severity, blocking
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import NIGHT, Actor, Hub
from hub.pipeline.finished import claiming
from hub.pipeline.finished.credits import with_credit_rules
from hub.pipeline.finished.forward import document, forward, forward_held, partners_of, payers_of
from hub.pipeline.finished.reading import PROGRAMME, Reading, problem
from hub.store import access, blobs, declarations, parties, schema, tasks
from hub.store.declarations import DeclarationHead
from hub.store.parties import Organisation
from hub.store.tasks import NewTask
from hub.store.unit import Row, Unit

__all__ = [
    "PROGRAMME",
    "FinishedResult",
    "check_whose",
    "forward_held",
    "known_finished",
    "look_finished",
    "recognise_finished",
    "take_finished",
]

Fence = frozenset[str] | None
ACCEPTED = "accepted"
ALREADY_RECEIVED = "already_received"
REFUSED = "refused"
HELD = "held"
_MOST_FINDINGS = 500
"""Findings beyond this many are not kept with a declaration; those that block come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedResult:
    """The receipt of a finished document; `claims` are the references, `message` says what happened per language."""

    status: str
    format: str
    sha256: str
    findings: tuple[Finding, ...] = ()
    claims: tuple[str, ...] = ()
    code: str = ""
    message: Mapping[str, str] = field(default_factory=dict)


def recognise_finished(data: bytes) -> str | None:
    """The format id of a finished invoice, credit note or claim file; None for anything else (also responses)."""
    found = _reader(data)
    return None if found is None else found[1]


@cache
def _readers() -> tuple[ModuleType, ...]:
    """The modules of this package that recognise a kind of document and read it."""
    found = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return tuple(module for module in found if hasattr(module, "recognise") and hasattr(module, "read"))


def _reader(data: bytes) -> tuple[ModuleType, str] | None:
    for module in _readers():
        kind = module.recognise(data)
        if kind:
            return module, kind
    return None


def check_whose(hub: Hub, data: bytes, within: Fence) -> None:
    """RefusedError when somebody in a finished document is not inside this fence; nothing of it is stored.

    Everybody it names counts: who did it, who claims it, who is paid and who sends it. None is the whole tenant.
    """
    if within is None:
        return
    reading = _read(hub, data, _recognised(data))
    named = {*reading.ours, reading.provider, reading.claimant, reading.submitter} - {""}
    if not reading.ours or not reading.claimant:
        raise RefusedError("FINISHED_OF_NOBODY")
    if not named <= within:
        raise RefusedError("FINISHED_NOT_YOURS", codes=", ".join(clean_text(code) for code in sorted(named - within)))


def look_finished(hub: Hub, data: bytes, within: Fence) -> Reading:
    """A finished document as it would be judged; nothing is stored. RefusedError where it is somebody else's."""
    check_whose(hub, data, within)
    return _read(hub, data, _recognised(data))


def _recognised(data: bytes) -> tuple[ModuleType, str]:
    found = _reader(data)
    if found is None:
        raise FormatError(
            "this is no finished invoice or claim file",
            hint="Kvitt takes EHF invoices and credit notes (UBL 2.1) and Vektis claim files it has a layout table for",
        )
    return found


def _read(hub: Hub, data: bytes, found: tuple[ModuleType, str]) -> Reading:
    reader, kind = found
    reading: Reading = reader.read(data, kind, hub.today(reader.COUNTRY), hub.stage)
    return reading


def take_finished(
    hub: Hub, tenant: str, data: bytes, name: str, actor: Actor = NIGHT, *, within: Fence = None
) -> FinishedResult:
    """Take one finished document in: claims and exchange in one transaction, or nothing but the bytes and the reason.

    The same bytes again change nothing, unless they were refused and pass now (a date came, a rule was corrected).
    `within` are the organisations it may be of (None: any of the tenant's); of another's not even the bytes are kept.
    `name` is neither stored nor told: providers put people's names in file names.
    """
    del name
    check_whose(hub, data, within)
    found = _recognised(data)
    sha256 = hashlib.sha256(data).hexdigest()
    with hub.store.unit(tenant) as unit:
        known = known_finished(unit, sha256)
        if known is not None and known["state"] != declarations.REFUSED:
            return _receipt(unit, known, found[1], actor)
        address = blobs.put(unit, data)
    reading = _read(hub, data, found)
    with hub.store.unit(tenant) as unit:
        reading = with_credit_rules(unit, reading, data)
        known = known_finished(unit, sha256)
        if known is not None and (known["state"] != declarations.REFUSED or reading.refused):
            return _receipt(unit, known, found[1], actor)
        return _Taking(hub, unit, reading, sha256, address, actor, known).result()


def known_finished(unit: Unit, sha256: str) -> Row | None:
    """The declaration these very bytes made before, if any."""
    table = schema.declaration
    return unit.one(unit.mine(table, table.c.programme == PROGRAMME, table.c.sha256 == sha256))


def _receipt(unit: Unit, known: Row, kind: str, actor: Actor) -> FinishedResult:
    """The receipt of the first time."""
    _log(unit, actor, "again", known["id"])
    rows = declarations.rows_of(unit, known["id"])
    by_id = {row["id"]: row["ref"] for row in _claims_of(unit, known["id"])}
    return FinishedResult(
        status=ALREADY_RECEIVED,
        format=kind,
        sha256=known["sha256"],
        findings=tuple(_finding(each) for each in known["summary"]["found"]),
        claims=tuple(by_id[row["claim_id"]] for row in rows if row["claim_id"] in by_id),
        code=known["summary"]["code"],
        message=texts.text("FINISHED_AGAIN", day=known["received_at"].date()),
    )


def _claims_of(unit: Unit, declaration_id: str) -> list[Row]:
    return unit.rows(unit.mine(schema.claim, schema.claim.c.declaration_id == declaration_id))


@dataclass(frozen=True, slots=True)
class _Taking:
    """One document on its way in, inside its transaction."""

    hub: Hub
    unit: Unit
    reading: Reading
    sha256: str
    address: str
    actor: Actor
    known: Row | None

    def result(self) -> FinishedResult:
        """Refused, held or accepted: the first that applies."""
        ours = {
            each.code: each for each in parties.organisations(self.unit) if each.party.scheme == self.reading.scheme
        }
        strange = [code for code in self.reading.ours if code not in ours]
        if strange or not self.reading.ours:
            return self._of_nobody(strange)
        claimant = ours.get(self.reading.claimant) or ours[self.reading.ours[0]]
        if self.reading.refused:
            return self._refuse(claimant, self.reading.findings)
        partners = partners_of(self.hub, self.reading.country, payers_of(self.reading.drafts))
        if len({partner.name for partner in partners.values() if partner is not None}) > 1:
            mixed = problem(
                "KVITT-FINISHED-05", "MIXED_PAYERS", payers=", ".join(sorted({code for code, _ in partners}))
            )
            return self._refuse(claimant, (*self.reading.findings, mixed))
        return self._claim(claimant, ours, partners)

    def _of_nobody(self, strange: Sequence[str]) -> FinishedResult:
        """The sender is none of this tenant's organisations, or cannot be read: only the bytes and a task remain."""
        code = "UNKNOWN_PROVIDER" if strange else "CHECK_FAILED"
        message = self._say("UNKNOWN_PROVIDER", codes=", ".join(strange)) if strange else self._refusal()
        found = [*blocking(self.reading.findings)][:_MOST_FINDINGS]
        evidence = {"sha256": self.sha256, "blob": self.address, "findings": [each.as_json() for each in found]}
        self._task(f"finished:{self.sha256}", code if strange else "FINISHED_REFUSED", message, evidence)
        access.record(
            self.unit,
            actor=self.actor.name,
            role=self.actor.role,
            action="finished-refused",
            object_=f"file/{self.sha256}",
        )
        return self._answer(REFUSED, code, message, findings=self.reading.findings)

    def _refuse(self, claimant: Organisation, findings: tuple[Finding, ...]) -> FinishedResult:
        message = self._refusal(findings)
        self._declare(claimant, declarations.REFUSED, "CHECK_FAILED", findings)
        self._task(self._refused_key(), "FINISHED_REFUSED", message, {"sha256": self.sha256})
        return self._answer(REFUSED, "CHECK_FAILED", message, findings=findings)

    def _claim(
        self, claimant: Organisation, ours: Mapping[str, Organisation], partners: Mapping[Any, Any]
    ) -> FinishedResult:
        found = claiming.clash(self.unit, self.reading)
        if found.standing:
            return self._hold_double(claimant, found)
        declaration_id = self._declare(claimant, declarations.CURRENT, "", self.reading.findings)
        claiming.supersede(self.unit, found.superseded, f"declaration:{declaration_id}")
        refs = claiming.add(self.unit, self.reading, ours, partners, declaration_id)
        tasks.done(self.unit, self._refused_key(), {"accepted": declaration_id})
        tasks.done(self.unit, f"finished:{self.sha256}", {"accepted": declaration_id})
        _, hold = forward(self.hub, self.unit, declaration_id)
        if hold:
            message = self._say("FINISHED_HELD", count=len(refs), hold=hold)
            return self._answer(HELD, hold, message, findings=self.reading.findings, claims=tuple(refs))
        message = self._say("FINISHED_ACCEPTED", count=len(refs))
        return self._answer(ACCEPTED, "", message, findings=self.reading.findings, claims=tuple(refs))

    def _hold_double(self, claimant: Organisation, found: claiming.Clash) -> FinishedResult:
        code = "DUPLICATE_NUMBER" if found.same_number else "DUPLICATE_REFERENCE"
        message = self._say(code, ref=found.standing[0]["ref"])
        declaration_id = self._declare(claimant, declarations.HELD, code, self.reading.findings)
        self._task(
            f"finished:{declaration_id}:{code}", code, message, {"sha256": self.sha256}, found.standing[0]["ref"]
        )
        return self._answer(HELD, code, message, findings=self.reading.findings)

    def _declare(self, claimant: Organisation, state: str, code: str, findings: Sequence[Finding]) -> str:
        kept = sorted(findings, key=lambda each: not each.blocks)[:_MOST_FINDINGS]
        head = DeclarationHead(
            organisation_id=claimant.id,
            programme=PROGRAMME,
            sha256=self.sha256,
            blob_address=self.address,
            state=state,
            summary={
                "code": code,
                "dropped": [],
                "facts": {"format": self.reading.format, "number": self.reading.number},
                "document": document(self.reading),
                "findings": [each.as_json() for each in kept],
                "found": [asdict(each) for each in kept],
            },
        )
        declaration_id = declarations.add(self.unit, head) if self.known is None else str(self.known["id"])
        if self.known is not None:
            self.unit.update(schema.declaration, declaration_id, state=state, summary=dict(head.summary))
        _log(self.unit, self.actor, state, declaration_id)
        return declaration_id

    def _refusal(self, findings: Sequence[Finding] | None = None) -> dict[str, str]:
        stops = blocking(self.reading.findings if findings is None else findings)
        return {
            language: said.replace("{reason}", f"{stops[0].code}: {stops[0].said(language)}" if stops else "")
            for language, said in self._say("FINISHED_REFUSED", count=len(stops), reason="{reason}").items()
        }

    def _refused_key(self) -> str:
        return f"finished:{self.reading.format}:{self.reading.claimant}:{self.reading.number}"[:160]

    def _say(self, code: str, **values: object) -> dict[str, str]:
        return texts.text(code, number=self.reading.number, provider=self.reading.claimant, **values)

    def _task(
        self, key: str, code: str, message: Mapping[str, str], evidence: Mapping[str, Any], ref: str = ""
    ) -> None:
        action = texts.action(code, number=self.reading.number, provider=self.reading.claimant)
        new = NewTask(key=key, kind=code.lower(), text=message, action=action, claim_ref=ref, evidence=evidence)
        tasks.add(self.unit, new, reopen=True)

    def _answer(
        self,
        status: str,
        code: str,
        message: Mapping[str, str],
        *,
        findings: tuple[Finding, ...],
        claims: tuple[str, ...] = (),
    ) -> FinishedResult:
        return FinishedResult(
            status=status,
            format=self.reading.format,
            sha256=self.sha256,
            findings=findings,
            claims=claims,
            code=code,
            message=message,
        )


def _finding(body: Mapping[str, Any]) -> Finding:
    return Finding(**{**body, "severity": Severity(body["severity"])})


def _log(unit: Unit, actor: Actor, what: str, declaration_id: str) -> None:
    access.record(
        unit, actor=actor.name, role=actor.role, action=f"finished-{what}", object_=f"declaration/{declaration_id}"
    )
