"""Everything that is held about one person, for them: machine-readable, and the same as text (GDPR art. 15 and 20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from hub import texts
from hub.model.money import Money
from hub.pipeline import access_reports, retention
from hub.pipeline.context import ZONES, Actor, Hub
from hub.pipeline.privacy import Whom, known
from hub.pipeline.retention import Rule
from hub.store import access, claims, declarations, money, parties, privacy, support, tasks
from hub.store.codec import person_to_json
from hub.store.unit import Row, Unit

_PURPOSES = ("PRIVACY_PURPOSE_CLAIM", "PRIVACY_PURPOSE_MONEY", "PRIVACY_PURPOSE_PROOF", "PRIVACY_PURPOSE_LOG")


def export(hub: Hub, tenant: str, country: str, who: Whom, actor: Actor) -> dict[str, Any]:
    """Everything about a person with what it is for and until when it is kept; itself a line in the access log."""
    with hub.store.unit(tenant) as unit:
        subject = known(unit, who)
        body = _body(hub, unit, country, who, subject)
        access.record(
            unit,
            actor=actor.name,
            role=actor.role,
            action="export",
            object_=f"subject/{subject['id']}",
            subject=subject["blind"],
        )
    return body


def _body(hub: Hub, unit: Unit, country: str, who: Whom, subject: Row) -> dict[str, Any]:
    today = retention.today_of(unit, country)
    terms = retention.rules(hub.home, country, today)
    rows, made = privacy.rows_of(unit, subject["id"]), privacy.claims_of(unit, subject["id"])
    last = max([each["created_at"] for each in made] + [each["received_at"] for each in rows], default=unit.now)
    return {
        "person": {
            "id": subject["id"],
            "kind": who.kind,
            "number": who.value,
            "known_since": subject["created_at"].isoformat(),
        },
        "held_by": {"tenant": unit.tenant, "organisations": _organisations(unit, made, rows)},
        "made_at": unit.now.isoformat(),
        "purposes": [{"code": code, "text": texts.text(code)} for code in _PURPOSES],
        "claims": list(_claims(unit, made)),
        "handed_in": list(_rows(unit, rows)),
        "messages": [_message(row) for row in privacy.exchanges_of(unit, made)],
        "tasks": _tasks(unit, made),
        "questions": [_question(row) for row in privacy.questions_of(unit, [row["ref"] for row in made], rows)],
        "insured": [_insured(row) for row in privacy.references_of(unit, subject, made)],
        "raw": _raw(unit, subject, terms["batch"]),
        "accesses": [access_reports.line(row) for row in access_reports.about_subject(unit, subject)],
        "kept_until": _kept(terms, last.astimezone(ZONES[country]).date(), today),
    }


def _organisations(unit: Unit, made: Sequence[Row], rows: Sequence[Row]) -> list[dict[str, str]]:
    codes = {row[name] for row in made for name in ("provider_code", "claimant_code")} | {
        row["practice"] for row in rows
    }
    return [{"code": each.code, "name": each.party.name} for each in parties.organisations(unit) if each.code in codes]


def _claims(unit: Unit, made: Sequence[Row]) -> Iterable[dict[str, Any]]:
    lines = claims.lines(unit, [row["id"] for row in made])
    decided = money.decisions(unit, [line["id"] for line in lines])
    for row, claim in zip(made, claims.load(unit, made), strict=True):
        own = {line["id"]: line for line in lines if line["claim_id"] == row["id"]}
        yield {
            "ref": claim.ref,
            "invoice_number": claim.invoice_number,
            "kind": claim.kind.value,
            "programme": claim.programme,
            "module": claim.module,
            "period": claim.period,
            "case": row["case_ref"],
            "payer": claim.payer_name or claim.payer,
            "provider": claim.provider.name,
            "claimant": claim.claimant.name,
            "person": person_to_json(claim.person),
            "references": dict(claim.references),
            "made_at": row["created_at"].isoformat(),
            "lines": [
                {
                    "ref": line.ref,
                    "service": line.service_code,
                    "text": line.service_text,
                    "begins": line.begins.isoformat(),
                    "amount_minor": line.payable.minor,
                    "currency": claim.currency,
                    "verdict": own[line.id]["verdict"],
                    "granted_minor": own[line.id]["granted_minor"],
                    "patient_minor": own[line.id]["patient_minor"],
                    "decisions": [_decision(each) for each in decided if each["claim_line_id"] == line.id],
                }
                for line in claim.lines
            ],
        }


def _decision(row: Row) -> dict[str, Any]:
    named = {name: row[name] for name in ("verdict", "granted_minor", "patient_minor", "codes", "text")}
    return named | {"at": row["at"].isoformat()}


def _rows(unit: Unit, rows: Sequence[Row]) -> Iterable[dict[str, Any]]:
    for row in rows:
        (columns,) = declarations.bodies(unit, [row])
        yield {
            "practice": row["practice"],
            "programme": row["programme"],
            "module": row["module"],
            "period": row["period"],
            "received_at": row["received_at"].isoformat(),
            "line": row["line"],
            "outcome": row["outcome"],
            "code": row["code"],
            "columns": columns,
        }


def _message(row: Row) -> dict[str, Any]:
    sent = row["sent_at"].isoformat() if row["sent_at"] else ""
    return {
        "partner": row["partner"],
        "channel": row["channel"],
        "name": row["name"],
        "state": row["state"],
        "sent": sent,
    }


def _tasks(unit: Unit, made: Sequence[Row]) -> list[dict[str, Any]]:
    found = tasks.of_claims(unit, [row["ref"] for row in made], closed=True)
    said = support.notes(unit, [row["id"] for row in found])
    return [
        {
            "kind": row["kind"],
            "claim": row["claim_ref"],
            "text": row["text"],
            "state": row["state"],
            "notes": [
                {"at": one["at"].isoformat(), "by": one["by"], "text": one["text"]} for one in said.get(row["id"], ())
            ],
        }
        for row in found
    ]


def _question(row: Row) -> dict[str, Any]:
    named = {name: row[name] for name in ("claim_ref", "words", "asked_by", "answer", "answered_by", "state")}
    return named | {"asked_at": row["asked_at"].isoformat()}


def _insured(row: Row) -> dict[str, Any]:
    return {"kind": row["kind"], "told_at": row["told_at"].isoformat(), "columns": row["body"]}


def _raw(unit: Unit, subject: Row, rule: Rule) -> list[dict[str, Any]]:
    """Messages and files in which the person stands among others: kept whole and sealed, so not copied here."""
    found = []
    for row in privacy.batches_of(unit, [subject["id"]]):
        year = row["key_name"].rsplit(":", 1)[-1][:4]
        until = rule.until(date(int(year), 12, 31)).isoformat() if year.isdigit() else ""
        found.append({"year": year, "files": row["count"], "bytes": int(row["bytes"]), "until": until})
    return found


def _kept(terms: Mapping[str, Rule], last: date, today: date) -> list[dict[str, str]]:
    since = {"person": last, "access_log": today}
    return [
        {
            "kind": kind,
            "until": terms[kind].until(day).isoformat(),
            "term": terms[kind].term,
            "basis": terms[kind].basis,
        }
        for kind, day in since.items()
    ]


def as_text(body: Mapping[str, Any], language: str) -> str:
    """The same to read, in a person's language."""

    def head(code: str, **values: object) -> str:
        return texts.pick(texts.text(code, **values), language)

    lines = [head("PRIVACY_EXPORT", made=body["made_at"][:10], number=body["person"]["number"]), ""]
    lines += [f"- {texts.pick(each['text'], language)}" for each in body["purposes"]]
    for code, name, shown in _SECTIONS:
        lines += ["", head(code, count=len(body[name])), *(f"- {shown(each)}" for each in body[name])]
    return "\n".join([*lines, ""])


def _said_claim(one: Mapping[str, Any]) -> str:
    person = ", ".join(f"{name} {value}" for name, value in one["person"].items())
    lines = "; ".join(
        f"{each['begins']} {each['service']} {Money(each['amount_minor'], each['currency'])} {each['verdict']}"
        for each in one["lines"]
    )
    return f"{one['ref']} {one['programme']} {one['period']} {one['provider']} > {one['payer']}: {lines} [{person}]"


def _said_row(one: Mapping[str, Any]) -> str:
    columns = ", ".join(f"{name} {value}" for name, value in one["columns"].items() if value)
    return f"{one['received_at'][:10]} {one['practice']} {one['period']} {one['outcome']}: {columns}"


def _said_insured(one: Mapping[str, Any]) -> str:
    columns = ", ".join(f"{name} {value}" for name, value in one["columns"].items() if value)
    return f"{one['told_at'][:10]} {one['kind']}: {columns}"


def _said(*names: str) -> Any:  # noqa: ANN401 -- a function of a row
    return lambda one: " ".join(str(one[name]) for name in names if one[name])


_SECTIONS = (
    ("PRIVACY_CLAIMS", "claims", _said_claim),
    ("PRIVACY_ROWS", "handed_in", _said_row),
    ("PRIVACY_MESSAGES", "messages", _said("sent", "partner", "name", "state")),
    ("PRIVACY_TASKS", "tasks", _said("claim", "kind", "state")),
    ("PRIVACY_QUESTIONS", "questions", _said("asked_at", "claim_ref", "words", "answer")),
    ("PRIVACY_INSURED", "insured", _said_insured),
    ("PRIVACY_RAW", "raw", _said("year", "files", "until")),
    ("PRIVACY_ACCESSES", "accesses", _said("at", "actor", "role", "action", "object", "outcome")),
    ("PRIVACY_KEPT", "kept_until", _said("until", "kind", "term", "basis")),
)
