"""A bundle for a partner's help desk: one message, its answers and what we found, so that the trouble can be repeated.

Everybody in it is invented, consistently over all its files (`hub.pipeline.pseudonyms`). What cannot be made anonymous
(a mail, a file of an unknown kind) is named and left out, and a bundle in which a number of a person would still stand
is not given out at all.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import ConfigurationError, ContentError
from hub.log import clean_text
from hub.model.claim import Claim
from hub.model.partner import Partner
from hub.pipeline import exchanges as travelling
from hub.pipeline.context import Actor, Hub
from hub.pipeline.pseudonyms import Pseudonyms
from hub.store import access, claims, exchanges, inbounds, schema
from hub.store.unit import Row, Unit
from schemas import vektis
from schemas.vektis.tools.select import select
from schemas.vektis.tools.where import where

_MIDNIGHT = (1980, 1, 1, 0, 0, 0)
_SHORTEST = 6
_ATTEMPTS = 8
_README = """Kvitt: a bundle to repeat something with.

All persons, practices and references in it are invented; the same value has the same invented one in every file. Check
digits, amounts, codes, dates of treatment, counts and totals are the true ones, so that a check says the same.

message/   what was sent
answers/   what came back
about.json partner, format, rule set, states and findings
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A zip file: its name, its bytes, the files in it, and what was left out with the reason."""

    name: str
    payload: bytes
    files: tuple[str, ...]
    left_out: tuple[str, ...]


def of_exchange(hub: Hub, tenant: str, ref: str, actor: Actor) -> Bundle:
    """The bundle of a message by its number, business key or id."""
    with hub.store.unit(tenant) as unit:
        row = travelling.one(unit, ref)
        return _made(hub, unit, row, [], actor)


def of_claim(hub: Hub, tenant: str, ref: str, actor: Actor) -> Bundle:
    """The bundle of the message a claim went out in; of a claim file only this claim's lines."""
    with hub.store.unit(tenant) as unit:
        claim = claims.by_ref(unit, ref)
        if claim is None:
            raise ConfigurationError(f"no claim {ref}", hint="kvitt status lists them")
        if claim["exchange_id"] is None:
            raise ContentError(f"{ref} is in no message yet", hint="there is nothing a partner could repeat")
        lines = [line["ref"] for line in claims.lines(unit, [claim["id"]])]
        return _made(hub, unit, exchanges.get(unit, claim["exchange_id"]), lines, actor)


def _made(hub: Hub, unit: Unit, row: Row, refs: Sequence[str], actor: Actor) -> Bundle:
    payloads = [(name, _only(payload, refs)) for name, payload in _payloads(unit, row)]
    people = claims.load(unit, claims.find(unit, schema.claim.c.exchange_id == row["id"]))
    files, left_out = _faked(hub, unit, row, payloads, people)
    about = _about(unit, row) | {"left_out": left_out}
    files["about.json"] = json.dumps(about, indent=1, ensure_ascii=False, default=str).encode()
    files["README.txt"] = _README.encode()
    if _somebody_in(files, people):
        raise ContentError(
            "a number of a person would still stand in this bundle, so it is not given out",
            hint="send the partner the numbers of the lines by telephone instead, and tell us the format",
        )
    short = hashlib.sha256(row["id"].encode()).hexdigest()[:8]
    access.record(unit, actor=actor.name, role=actor.role, action="bundle", object_=f"exchange/{row['business_key']}")
    return Bundle(
        name=f"bundle-{row['partner']}-{short}.zip",
        payload=_zipped(files),
        files=tuple(sorted(files)),
        left_out=tuple(left_out),
    )


def _faked(
    hub: Hub, unit: Unit, row: Row, payloads: Sequence[tuple[str, bytes]], people: Sequence[Claim]
) -> tuple[dict[str, bytes], list[str]]:
    """Every file with its fakes. An invented number may happen to be that of another person in it: then anew."""
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    for attempt in range(_ATTEMPTS):
        fakes = _pseudonyms(unit, row, hub.registry.partners.get(row["partner"]), attempt)
        made = [(name, fakes.of(payload)) for name, payload in payloads]
        files = {name: payload for name, payload in made if payload is not None}
        left_out = [f"{name}: of a kind in which nobody can be made anonymous" for name, no in made if no is None]
        if not _somebody_in(files, people):
            break
    return files, left_out


def _pseudonyms(unit: Unit, row: Row, partner: Partner | None, attempt: int) -> Pseudonyms:
    """One key per message: what is shared of two messages cannot be joined."""
    key = hmac.digest(unit.keys.shared(f"tenant:{unit.tenant}"), f"bundle:{attempt}:{row['id']}".encode(), "sha256")
    properties = dict(partner.ehf.line_properties) if partner and partner.ehf else {}
    return Pseudonyms(
        key=key,
        keep=frozenset(one.value for one in partner.identifiers) if partner else frozenset(),
        properties={theirs: ours for ours, theirs in properties.items()},
    )


def _payloads(unit: Unit, row: Row) -> Iterable[tuple[str, bytes]]:
    ending = "xml" if "xml" in row["kind"] or row["kind"].startswith(("ubl", "vektis-GDS")) else "asc"
    yield f"message/sent.{ending}", exchanges.message(unit, row).payload
    found = inbounds.find(unit, schema.inbound.c.exchange_id == row["id"])
    for number, answer in enumerate(found, start=1):
        yield f"answers/{number:02d}-{answer['kind'] or 'unread'}", inbounds.payload(unit, answer)


def _only(payload: bytes, refs: Sequence[str]) -> bytes:
    """Of a claim or response file just some lines, as a file that adds up; anything else as it is."""
    if not refs or vektis.recognise(payload) is None:
        return payload
    file = vektis.read(payload)
    if file.damaged:
        return payload
    wanted = [where(f"reference={ref}", file.layout) for ref in refs]
    made = tuple(select(iter(file.records), file.layout, lambda line: any(one(line) for one in wanted)))
    return vektis.write(vektis.VektisFile(file.layout, made)) if made else payload


def _about(unit: Unit, row: Row) -> dict[str, Any]:
    """What is known of the message, without a word that names somebody."""
    names = ("partner", "channel", "kind", "ruleset", "stage", "state", "attempts")
    history = [
        {"at": line["at"], "kind": line["kind"], "codes": line["codes"]} for line in exchanges.history(unit, row["id"])
    ]
    findings = [_finding(one) for one in row["findings"]]
    answers = [
        {"kind": one["kind"], "state": one["state"], "findings": [_finding(found) for found in one["findings"]]}
        for one in inbounds.find(unit, schema.inbound.c.exchange_id == row["id"])
    ]
    return {name: row[name] for name in names} | {"history": history, "findings": findings, "answers": answers}


def _finding(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("code", "severity", "location", "line", "record", "element", "start", "end", "term", "ruleset")
    return {name: clean_text(str(one[name])) for name in kept if one.get(name) not in (None, "")}


def _somebody_in(files: Mapping[str, bytes], people: Iterable[Claim]) -> bool:
    """Whether a number of one of these people stands anywhere in the bundle."""
    numbers = {
        number.encode()
        for claim in people
        for number in (claim.person.bsn, claim.person.fnr, claim.person.insured_number, claim.person.local_ref)
        if len(number) >= _SHORTEST
    }
    return any(number in data for data in files.values() for number in numbers)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _MIDNIGHT), files[name], zipfile.ZIP_DEFLATED)
    return made.getvalue()
