"""What a person changes on a claim that is corrected, and the claim or the rows that come of it. Pure functions.

A change is `FIELD=VALUE`, or `LINE.FIELD=VALUE` for one line only. Days are written 2026-01-31, moments 2026-01-31
09:00, amounts 640.00. Who the person is (BSN, fødselsnummer) is never changed: that is another person's claim.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from hub.errors import ContentError
from hub.model.claim import Claim, ClaimKind, ClaimLine
from hub.model.money import Money, money
from hub.programmes.rows import PerformanceRow, TreatmentRow

_CHANGE = re.compile(r"(?:(?P<line>[1-9][0-9]*)\.)?(?P<name>[a-z_]+)=(?P<value>.*)", re.DOTALL)
EVERYWHERE = 0
"""The line number of a change that is about the claim, or about every line of it."""
RECLAIM_CODE, PAYER_CODE = "reclaim_code", "payer_code"
_Id = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Values by (line or `EVERYWHERE`, field), and the numbers of lines to leave out."""

    values: Mapping[tuple[int, str], str] = field(default_factory=dict)
    drop: frozenset[int] = frozenset()

    @property
    def digest(self) -> str:
        """The same for the same changes, in whatever order they were given."""
        named = sorted([line, name, value] for (line, name), value in self.values.items())
        return hashlib.sha256(json.dumps([named, sorted(self.drop)]).encode()).hexdigest()[:32]

    def of(self, line: int, name: str) -> str | None:
        """The new value of a field on a line, if it has one."""
        return self.values.get((line, name), self.values.get((EVERYWHERE, name)))


NOTHING = Changes()


def read_changes(given: Sequence[str], drop: Sequence[int] = ()) -> Changes:
    """Read `FIELD=VALUE` and `LINE.FIELD=VALUE`; ContentError names the one that is neither."""
    values: dict[tuple[int, str], str] = {}
    for text in given:
        found = _CHANGE.fullmatch(text)
        if found is None:
            raise ContentError(
                f"{text.partition('=')[0][:40]!r} is no change", hint="--set price=640.00, or --set 2.price=640.00"
            )
        values[int(found["line"] or EVERYWHERE), found["name"]] = found["value"].strip()
    return Changes(values=values, drop=frozenset(drop))


_PERSON = (
    *("insured_number", "birth_date", "sex", "initials", "prefix", "name"),
    *("postal_code", "house_number", "house_suffix"),
)
_MODULE_FIELDS = frozenset({*_PERSON, PAYER_CODE, RECLAIM_CODE, "price", "code", "performer"})
_TREATMENT_CLAIM = frozenset({"sak_id", "birth_date", "patient_ref"})
_TREATMENT_LINE = frozenset(
    {"code", "text", "start", "duration", "price", "vat_category", "vat_rate"}
    | {"therapist_hpr", "therapist_name", "profession", "diagnosis"}
)

_PERFORMANCE = frozenset(
    {PAYER_CODE, RECLAIM_CODE, "birth_date", "price", "code", "date", "begin_time", "end_time"}
    | {"performer", "profession", "performer_initials", "performer_prefix", "performer_name", "director_agb"}
    | {"trajectory", "referral_type", "referral_date", "referrer_agb", "care_label"}
    | {"privacy", "diagnosis_list", "diagnosis_code", "patient_number"}
)
_YES = frozenset({"ja", "yes", "true"})


def corrected_module_claim(claim: Claim, changes: Changes, *, ref: str, new_id: _Id) -> Claim:
    """A Dutch module claim under a new reference with its one line changed; the line names the one it follows."""
    _known(claim, changes, _MODULE_FIELDS, frozenset({"price", "code", "performer"}))
    if changes.drop:
        raise ContentError(f"{claim.ref} has one line, which cannot be left out", hint="credit it alone instead")
    (line,) = claim.lines
    get = partial(changes.of, line.number)
    price = _amount(get("price"), "price", line.unit_price)
    amount = price.times(line.quantity) - (line.allowance or Money(0, claim.currency))
    if amount.minor <= 0:
        raise ContentError(f"{claim.ref} would ask for {amount}", hint="nothing is asked for: credit it alone instead")
    person: dict[str, Any] = {name: said for name in _PERSON if (said := changes.of(EVERYWHERE, name)) is not None}
    if "birth_date" in person:
        person["birth_date"] = _day(person["birth_date"], "birth_date")
    fresh = replace(
        line,
        id=new_id(),
        ref=ref,
        previous_ref="" if ref == line.ref else line.ref,
        service_code=get("code") or line.service_code,
        performer=_either(get("performer"), line.performer),
        unit_price=price,
        amount=amount,
        reclaim_code=_either(changes.of(EVERYWHERE, RECLAIM_CODE), line.reclaim_code),
    )
    return replace(
        claim,
        id=new_id(),
        ref=ref,
        invoice_number="",
        payer_code=_either(changes.of(EVERYWHERE, PAYER_CODE), claim.payer_code),
        person=replace(claim.person, **person),
        lines=(fresh,),
    )


def treatment_rows(claim: Claim, changes: Changes) -> list[TreatmentRow]:
    """A Norwegian invoice as the rows of a log that would make it, with the changes: they are judged like any other."""
    _known(claim, changes, _TREATMENT_CLAIM | _TREATMENT_LINE, _TREATMENT_LINE)
    there = {line.number for line in claim.lines}
    if not changes.drop <= there:
        missing = ", ".join(str(number) for number in sorted(changes.drop - there))
        raise ContentError(f"{claim.ref} has no line {missing}", hint=f"it has lines 1 to {max(there)}")
    rows = [_row(claim, line, changes) for line in claim.lines if line.number not in changes.drop]
    if not rows:
        raise ContentError(f"nothing of {claim.ref} would be left", hint="credit it alone instead")
    return rows


def performance_row(claim: Claim, changes: Changes) -> PerformanceRow:
    """A claim of one performance (NL) as the row that would make it, with the changes: it is judged like any other."""
    _known(claim, changes, _PERFORMANCE, frozenset({"price", "code", "performer"}))
    if changes.drop:
        raise ContentError(f"{claim.ref} has one line, which cannot be left out", hint="credit it alone instead")
    (line,) = claim.lines
    get = partial(changes.of, line.number)
    extra = {name: _either(get(name), line.extra.get(name, "")) for name in _EXTRA}
    begins, ends = _times(line, changes)
    born, day, referred = get("birth_date"), get("date"), extra["referral_date"]
    plain: dict[str, Any] = {name: extra[name] for name in _EXTRA if name not in ("privacy", "referral_date")}
    return PerformanceRow(
        line=int(claim.references.get("list_line", "1")),
        row_id=line.ref,
        bsn=claim.person.bsn,
        birth_date=claim.person.birth_date if born is None else _day(born, "birth_date"),
        patient_number=_either(get("patient_number"), claim.person.local_ref),
        uzovi=_either(get(PAYER_CODE), claim.payer_code),
        code=_either(get("code"), line.service_code).upper(),
        day=_day_of(line.begins) if day is None else _day(day, "date"),
        begins=begins,
        ends=ends,
        performer_agb=_either(get("performer"), line.performer),
        profession=_either(get("profession"), line.profession),
        performer_name=_either(get("performer_name"), line.performer_name),
        price=_amount(get("price"), "price", line.unit_price),
        referral_date=_day(referred, "referral_date") if referred else None,
        privacy=extra["privacy"].casefold() in _YES,
        **plain,
    )


_EXTRA = (
    *("trajectory", "referral_type", "referral_date", "referrer_agb", "director_agb", "care_label", "privacy"),
    *("diagnosis_list", "diagnosis_code", "performer_initials", "performer_prefix"),
)


def _times(line: ClaimLine, changes: Changes) -> tuple[time | None, time | None]:
    stood = {"begin_time": line.begins, "end_time": line.ends}
    found: list[time | None] = []
    for name, moment in stood.items():
        given = changes.of(line.number, name)
        known = moment.time() if isinstance(moment, datetime) else None
        found.append(known if given is None else _time(given, name))
    return found[0], found[1]


def _time(text: str, name: str) -> time | None:
    try:
        return time.fromisoformat(text) if text else None
    except ValueError:
        raise ContentError(f"{name} is not a time", hint="write it as 09:00") from None


def _day_of(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _known(claim: Claim, changes: Changes, names: frozenset[str], of_lines: frozenset[str]) -> None:
    numbers = {line.number for line in claim.lines}
    for number, name in changes.values:
        if name not in names:
            known = ", ".join(sorted(names))
            raise ContentError(f"{name!r} cannot be changed on {claim.ref}", hint=f"what can: {known}")
        if number != EVERYWHERE and (number not in numbers or name not in of_lines):
            raise ContentError(f"{claim.ref} has no {number}.{name}", hint=f"its lines: {sorted(numbers)}")


def _row(claim: Claim, line: ClaimLine, changes: Changes) -> TreatmentRow:
    get = partial(changes.of, line.number)
    born = changes.of(EVERYWHERE, "birth_date")
    rate = get("vat_rate")
    begins = line.begins if isinstance(line.begins, datetime) else None
    given = get("start")
    return TreatmentRow(
        line=line.number,
        row_id=line.ref,
        clinic_orgnr=claim.provider.id,
        sak_id=_either(changes.of(EVERYWHERE, "sak_id"), claim.references.get("sak_id", "")),
        patient_ref=_either(changes.of(EVERYWHERE, "patient_ref"), claim.person.local_ref),
        birth_date=claim.person.birth_date if born is None else _day(born, "birth_date"),
        fnr=claim.person.fnr,
        code=_either(get("code"), line.service_code),
        text=_either(get("text"), line.service_text),
        start=begins if given is None else _moment(given, "start"),
        duration=_either(get("duration"), line.extra.get("duration", "")),
        price=_amount(get("price"), "price", line.unit_price),
        vat_category=_either(get("vat_category"), line.vat_category),
        vat_rate=_number(line.vat_rate if rate is None else rate, "vat_rate"),
        therapist_hpr=_either(get("therapist_hpr"), line.performer),
        therapist_name=_either(get("therapist_name"), line.performer_name),
        profession=_either(get("profession"), line.profession),
        diagnosis=_either(get("diagnosis"), line.extra.get("diagnosis", "")),
    )


def credit_of(claim: Claim, *, number: str, line_refs: Sequence[str], new_id: _Id, amounts: Sequence[Money]) -> Claim:
    """The claim that takes another one back whole: identical data, the sign turned, each line naming its own.

    `amounts` are the amounts taken back per line, VAT included; `number` is the credit's own reference.
    """
    pairs = zip(claim.lines, line_refs, amounts, strict=True)
    return replace(
        claim,
        id=new_id(),
        kind=ClaimKind.CREDIT,
        ref=number,
        kid="",
        due_date=None,
        corrects=claim.ref,
        lines=tuple(_turned(line, ref, amount, new_id) for line, ref, amount in pairs),
    )


def _turned(line: ClaimLine, ref: str, amount: Money, new_id: _Id) -> ClaimLine:
    vat = -line.vat if line.vat is not None else None
    net = -amount if vat is None else -amount - vat
    return replace(line, id=new_id(), ref=ref, previous_ref=line.ref, amount=net, vat=vat)


def _either(value: str | None, before: str) -> str:
    return before if value is None else value


def _amount(text: str | None, name: str, before: Money) -> Money:
    if text is None:
        return before
    try:
        return money(text, before.currency)
    except ValueError:
        raise ContentError(f"{name} is not an amount", hint="write it as 640.00") from None


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ContentError(f"{name} is not a day", hint="write it as 2026-01-31") from None


def _moment(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ContentError(f"{name} is not a moment", hint='write it as "2026-01-31 09:00"') from None


def _number(text: str, name: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ContentError(f"{name} is not a number", hint="write it as 25") from None
