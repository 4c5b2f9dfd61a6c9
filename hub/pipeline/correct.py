"""A claim is corrected as its state allows (decision 5): credited, claimed anew, or both in their order.

What is allowed is decided in `hub.policy.corrections`; this step looks up what it needs to know and carries it out in
one transaction: all of it or nothing, and the same command twice gives the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hub import log, texts
from hub.errors import ConfigurationError
from hub.ledger.accounts import ledger_lines
from hub.ledger.balances import line_money, no_money
from hub.ledger.postings import claim_raised, decided
from hub.model.claim import Claim, ClaimKind
from hub.model.exchange import ExchangeState
from hub.model.money import Money
from hub.model.partner import Partner
from hub.model.reply import Decision, Verdict
from hub.pipeline import cases, replacements
from hub.pipeline.cases import RefusedError
from hub.pipeline.context import NIGHT, Actor, Hub
from hub.pipeline.finished import PROGRAMME
from hub.pipeline.intake import programme, withdraw
from hub.pipeline.replacements import AWAITS_CREDIT, TAKES_BACK, put_aside
from hub.policy import corrections as policy
from hub.policy.corrections import WITHDRAWN, Allowed, Credited, Forbidden, Standing, Way
from hub.policy.deadlines import Deadline, Purpose
from hub.programmes.corrections import EVERYWHERE, NOTHING, RECLAIM_CODE, Changes
from hub.store import access, claims, exchanges, money, schema, subjects, tasks
from hub.store.claims import NewClaim
from hub.store.money import NewDecision
from hub.store.unit import Row, Unit

_REPAIRABLE = ("MAPPING_FAILED", "CHECK_FAILED", "REFUSED_BY_CLEARING")
"""Holds that a correction answers; every other hold stays with the corrected claim."""
_MARKS = ("correction", "correction_way", "reissue")
"""What a claim remembers of how it came to be: the digest of the changes, and the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a correction came to: the credit and the claim that takes the other's place, where there are any.

    `again` is True when this very correction had been made before, so that nothing was done.
    """

    ref: str
    way: Way
    credit: str = ""
    replacement: str = ""
    again: bool = False
    message: Mapping[str, str]


def correct(
    hub: Hub, tenant: str, ref: str, changes: Changes = NOTHING, actor: Actor = NIGHT, *, credit_only: bool = False
) -> Corrected:
    """Correct one claim as its state allows; ContentError with the reason and what to do instead where it does not."""
    with hub.store.unit(tenant) as unit:
        row = _claim(unit, ref)
        done = within(hub, unit, row, changes, credit_only=credit_only)
        if not done.again:
            access.record(unit, actor=actor.name, role=actor.role, action="correct", object_=f"claim/{ref}")
    log.event("corrected", tenant=tenant, claim=row["id"], way=done.way.value)
    return done


def within(hub: Hub, unit: Unit, row: Row, changes: Changes = NOTHING, *, credit_only: bool = False) -> Corrected:
    """The same inside a transaction of the caller's."""
    partner = hub.registry.partners.get(row["payer"])
    before = None if credit_only else _made_before(unit, row, changes)
    if before is not None:
        return before
    standing, terms = _standing(hub, unit, row, partner)
    found = (policy.credit_alone if credit_only else policy.correction)(standing)
    if isinstance(found, Forbidden):
        raise _refused(row, partner, found)
    return _Correcting(hub, unit, row, partner, changes, found, terms).done()


def way_of(hub: Hub, unit: Unit, row: Row) -> Way | None:
    """How a claim would be corrected now, None where it would not; nothing is changed."""
    found = policy.correction(_standing(hub, unit, row, hub.registry.partners.get(row["payer"]))[0])
    return found.way if isinstance(found, Allowed) else None


def reclaim_choices(hub: Hub, unit: Unit, row: Row) -> tuple[str, ...]:
    """The codes a person must choose from for what comes again; empty where the payer names none, or just one."""
    partner = hub.registry.partners.get(row["payer"])
    with unit.whole() as whole:
        standing, terms = _standing(hub, whole, row, partner)
    found = policy.correction(standing)
    if not isinstance(found, Allowed) or found.way not in (Way.REPLACE, Way.CREDIT_THEN_REPLACE):
        return ()
    codes = _reclaim_codes(row, partner, found.way, terms)
    return codes if len(codes) > 1 else ()


def _reclaim_codes(
    row: Row, partner: Partner | None, way: Way, terms: Mapping[Purpose, Deadline | None]
) -> tuple[str, ...]:
    refused = row["country"] == "NL" and way is Way.REPLACE
    term = terms.get(Purpose.RECLAIM if refused else Purpose.CORRECTION)
    return policy.reclaim_codes(partner.rules if partner else (), term)


def _claim(unit: Unit, ref: str) -> Row:
    row = claims.by_ref(unit, ref)
    if row is None:
        raise ConfigurationError(f"no claim {ref}", hint="kvitt status lists them")
    return row


def barred(hub: Hub, unit: Unit, row: Row, *, credit_only: bool = False) -> RefusedError | None:
    """Why a claim is not corrected (or credited alone) now; None where it is. Nothing is changed."""
    partner = hub.registry.partners.get(row["payer"])
    with unit.whole() as whole:  # where its message is decides, also where that message is another's
        standing, _ = _standing(hub, whole, row, partner)
    found = (policy.credit_alone if credit_only else policy.correction)(standing)
    return _refused(row, partner, found) if isinstance(found, Forbidden) else None


def _refused(row: Row, partner: Partner | None, found: Forbidden) -> RefusedError:
    words = {**_names(row, partner), "day": found.day or "?", "corrects": row["corrects"]}
    return RefusedError(found.code, **words)


def _names(row: Row, partner: Partner | None) -> dict[str, object]:
    return {"ref": row["ref"], "payer": partner.title if partner else row["payer_name"] or row["payer"]}


def _made_before(unit: Unit, row: Row, changes: Changes) -> Corrected | None:
    """The result of the first time; ContentError when it was corrected with other changes."""
    replaced = replacements.standing(unit, row["ref"], ClaimKind.DEBIT)
    credits_ = replacements.standing(unit, row["ref"], ClaimKind.CREDIT)
    if not replaced:
        return _reissued_before(unit, row, changes)
    (claim,) = claims.load(unit, replaced[-1:])
    if claim.corrects != row["ref"] or claim.references.get("correction") != changes.digest:
        raise RefusedError("CORRECT_OTHERWISE", ref=row["ref"], by=claim.ref)
    way = Way(claim.references["correction_way"])
    credit = credits_[-1]["ref"] if credits_ else ""
    replacements.close_case(unit, row["ref"], [claim.ref])
    return _result(row, None, way, credit=credit, replacement=claim.ref, again=True)


def _reissued_before(unit: Unit, row: Row, changes: Changes) -> Corrected | None:
    """A claim that waits under its own numbers since just this correction."""
    if row["exchange_id"] is not None or row["hold_code"] == policy.WITHDRAWN:
        return None
    (claim,) = claims.load(unit, [row])
    same = claim.references.get("reissue") == changes.digest
    return _result(row, None, Way.REISSUE, replacement=row["ref"], again=True) if same else None


def _result(row: Row, partner: Partner | None, way: Way, **made: object) -> Corrected:
    names = {"credit": "", "replacement": "", "again": False} | made
    words = {**_names(row, partner), "new": names["replacement"], "credit": names["credit"]}
    message = texts.text(f"CORRECTED_{way.name}", **words)
    return Corrected(
        ref=row["ref"],
        way=way,
        credit=str(names["credit"]),
        replacement=str(names["replacement"]),
        again=bool(names["again"]),
        message=message,
    )


def _standing(
    hub: Hub, unit: Unit, row: Row, partner: Partner | None
) -> tuple[Standing, Mapping[Purpose, Deadline | None]]:
    """Everything the policy decides by."""
    lines = claims.lines(unit, [row["id"]])
    standing = line_money(money.postings(unit, line_ids=[line["id"] for line in lines]))
    exchange = exchanges.get(unit, row["exchange_id"]) if row["exchange_id"] else None
    terms = replacements.terms(unit, row, lines, partner)
    return (
        Standing(
            country=row["country"],
            kind=ClaimKind(row["kind"]),
            today=hub.today(row["country"]),
            finished=row["programme"] == PROGRAMME,
            hold=row["hold_code"],
            transport=ExchangeState(exchange["state"]) if exchange else None,
            was_sent=bool(exchange and exchange["sent_at"]),
            seen=bool(exchange) and cases.seen_by_payer(unit, row),
            verdicts=frozenset(Verdict(line["verdict"]) for line in lines),
            paid=any(each.granted or each.received for each in standing.values()),
            credit_asked=_credit_asked(unit, row, lines),
            habit=partner.correction if partner else "",
            keeps_number=partner is not None and partner.after_network_refusal == "same_number",
            credited=replacements.credited(unit, row["ref"]),
            terms={purpose: term for purpose, term in terms.items() if term is not None},
        ),
        terms,
    )


def _credit_asked(unit: Unit, row: Row, lines: Sequence[Row]) -> bool:
    """Whether the payer asked for a credit note: in a mail, or by an action code of its Invoice Response."""
    if row["exchange_id"] and cases.asked_credit_note(unit, row):
        return True
    codes = [code for each in money.decisions(unit, [line["id"] for line in lines]) for code in each["codes"]]
    return any((code["list"], code["code"]) in cases.CREDIT_ACTIONS for code in codes)


@dataclass(frozen=True, slots=True)
class _Correcting:
    """One correction inside its transaction."""

    hub: Hub
    unit: Unit
    row: Row
    partner: Partner | None
    changes: Changes
    found: Allowed
    terms: Mapping[Purpose, Deadline | None]

    def done(self) -> Corrected:
        """Carry the way out."""
        steps: Mapping[Way, Callable[[], Corrected]] = {
            Way.REISSUE: self._reissue,
            Way.RENUMBER: self._renumber,
            Way.REPLACE: self._replace,
            Way.CREDIT_AND_REPLACE: self._credit_and_replace,
            Way.CREDIT_THEN_REPLACE: self._credit_then_replace,
            Way.CREDIT: self._credit,
        }
        return steps[self.found.way]()

    def _reissue(self) -> Corrected:
        """Under its own numbers: the claim nobody judged makes room for its corrected self."""
        row = self.row
        made = self._corrected(same=True, mark="reissue")
        hold = "" if row["hold_code"] in _REPAIRABLE else row["hold_code"]
        claim = replace(made.claim, corrects=row["corrects"])
        self._take_back("corrected under its own number", hold)
        self.unit.update(schema.claim, row["id"], ref=put_aside(row))
        self._add(replace(made, claim=claim, business_key=row["business_key"], hold_code=hold))
        return self._result(replacement=claim.ref)

    def _renumber(self) -> Corrected:
        """The network refused it: the number is used up, the claim withdrawn, and a new one stands in its place."""
        made = self._corrected(same=False)
        self._take_back("refused by the network")
        return self._result(replacement=self._add_new(made))

    def _replace(self) -> Corrected:
        made = self._with_reclaim_code(self._corrected(same=False))
        return self._result(replacement=self._add_new(made))

    def _credit_and_replace(self) -> Corrected:
        credit = self._add_credit()
        return self._result(credit=credit, replacement=self._add_new(self._corrected(same=False)))

    def _credit_then_replace(self) -> Corrected:
        """The debit waits for the payer's yes to the credit; one that waits already is not made twice."""
        waiting = replacements.credited(self.unit, self.row["ref"]) is Credited.WAITING
        credit = self._standing_credit() if waiting else self._add_credit()
        made = self._with_reclaim_code(self._corrected(same=False))
        return self._result(credit=credit, replacement=self._add_new(replace(made, hold_code=AWAITS_CREDIT)))

    def _credit(self) -> Corrected:
        return self._result(credit=self._add_credit())

    def _standing_credit(self) -> str:
        return str(replacements.standing(self.unit, self.row["ref"], ClaimKind.CREDIT)[-1]["ref"])

    def _result(self, **made: object) -> Corrected:
        by = [str(each) for each in made.values() if each]
        replacements.close_case(self.unit, self.row["ref"], by)
        return _result(self.row, self.partner, self.found.way, **made)

    def _loaded(self) -> Claim:
        (claim,) = claims.load(self.unit, [self.row])
        return claim

    def _corrected(self, *, same: bool, mark: str = "correction") -> NewClaim:
        """The claim with its changes, by its programme's own rules; it remembers what was changed and how."""
        steps = programme(self.row["programme"])
        made: NewClaim = steps.corrected(self.hub, self.unit, self._loaded(), self.changes, same=same)
        known = self._loaded().references.items()
        kept = {name: value for name, value in known if same or name not in _MARKS}
        marks = {mark: self.changes.digest} | ({} if same else {"correction_way": self.found.way.value})
        references = {**kept, **{name: value for name, value in made.claim.references.items() if name not in _MARKS}}
        references |= marks
        return replace(made, claim=replace(made.claim, references=references))

    def _with_reclaim_code(self, made: NewClaim) -> NewClaim:
        """A line that comes again carries the payer's code for that, where its rules name one."""
        codes = _reclaim_codes(self.row, self.partner, self.found.way, self.terms)
        chosen = self.changes.of(EVERYWHERE, RECLAIM_CODE) or (codes[0] if len(codes) == 1 else "")
        if codes and chosen not in codes:
            raise RefusedError("CORRECT_RECLAIM_CODE", **_names(self.row, self.partner), codes=", ".join(codes))
        lines = tuple(replace(line, reclaim_code=chosen or line.reclaim_code) for line in made.claim.lines)
        return replace(made, claim=replace(made.claim, lines=lines))

    def _add_new(self, made: NewClaim) -> str:
        claim = replace(made.claim, corrects=self.row["ref"])
        self._add(replace(made, claim=claim, business_key=f"correction:{self.row['ref']}:{self._earlier()}"))
        return claim.ref

    def _earlier(self) -> int:
        """How many claims corrected this one before and were taken back: a new try has a key of its own."""
        table = schema.claim
        return len(claims.find(self.unit, table.c.corrects == self.row["ref"], table.c.kind == ClaimKind.DEBIT.value))

    def _add_credit(self) -> str:
        """Take the claim back in full; of a refusal nothing is owed, whatever the payer will say of the credit."""
        claim = self._loaded()
        lines = {line["id"]: line for line in claims.lines(self.unit, [self.row["id"]])}
        granted = {id_: Money(line["granted_minor"], self.row["currency"]) for id_, line in lines.items()}
        refused = all(line["verdict"] == Verdict.REFUSED.value for line in lines.values())
        amounts = [line.payable if refused else granted[line.id] for line in claim.lines]
        made: NewClaim = programme(self.row["programme"]).credited(self.hub, self.unit, claim, amounts)
        number = len(replacements.standing(self.unit, claim.ref, ClaimKind.CREDIT))
        self._add(replace(made, business_key=self._credit_key(claim, number)))
        if refused:
            self._mirror(made.claim)
        return made.claim.ref

    def _credit_key(self, claim: Claim, number: int) -> str:
        again = f":{number}" if number else ""
        if claim.country != "NL":
            return f"credit:{claim.ref}{again}"
        blind = subjects.blind(self.unit, "bsn", claim.person.bsn)
        return f"credit:{claim.module}:{claim.period}:{blind}:{claim.ref}{again}"

    def _mirror(self, credit: Claim) -> None:
        """The credit of a refusal undoes that refusal in the books; no payer's verdict is recorded by this."""
        source = f"{TAKES_BACK}{credit.corrects}"
        nothing = Money(0, credit.currency)
        for line in ledger_lines(credit):
            standing = line_money(money.postings(self.unit, line_ids=[line.line_id]))
            before = standing.get(line.line_id, no_money(credit.currency))
            undone = Decision(verdict=Verdict.REFUSED, granted=nothing)
            money.post(self.unit, decided(line, before, undone, at=self.unit.now, source=source))
            record = NewDecision(
                claim_line_id=line.line_id,
                verdict=Verdict.OPEN.value,
                granted=nothing,
                patient=nothing,
                source=source,
                text="takes back what was refused",
            )
            money.add_decision(self.unit, record)

    def _add(self, new: NewClaim) -> None:
        claims.add(self.unit, [new], self.row["declaration_id"])
        source = f"correction:{self.row['ref']}"
        money.post(self.unit, claim_raised(*ledger_lines(new.claim), at=self.unit.now, source=source))

    def _take_back(self, reason: str, hold: str = "") -> None:
        """Withdraw the claim that nobody judged, and close what waited for it, except for a hold that goes on."""
        row = self.row
        withdraw(self.unit, row, source=f"correction:{row['id']}", reason=reason)
        if not hold:
            tasks.done(self.unit, f"hold:{row['ref']}:{row['hold_code']}", {"corrected": True})
        table = schema.claim
        others = (table.c.exchange_id == row["exchange_id"], table.c.id != row["id"], table.c.hold_code != WITHDRAWN)
        if row["exchange_id"] and not claims.find(self.unit, *others):
            tasks.done_all(self.unit, row["exchange_id"], {"corrected": True}, claims_too=True)
