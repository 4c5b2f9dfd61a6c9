"""Whose row is it, within a tenant? Said once for each table: an organisation's user sees its own and what is below it.

The repositories put the condition of a table around the table itself in every statement of a fenced unit
(`hub.store.fencing`); on PostgreSQL a restrictive policy made of the same rules holds it again (`hub.store.policies`).
A table that is not named here belongs to no organisation: a fenced unit finds nothing in it and writes nothing to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, literal, or_, select, true

from hub.errors import ConfigurationError
from hub.store import schema


@dataclass(frozen=True, slots=True)
class Own:
    """The row says whose it is: one of these columns holds the code of an organisation."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Through:
    """The row hangs on a row of another table, and is whose that one is."""

    column: str
    parent: str
    key: str = "id"
    only: tuple[str, ...] = ()
    """These columns of the parent say whose it is here, where its own rule would say too much."""
    also: tuple[str, ...] = ()
    """More columns of the parent that may name the row: asked at once, a first parent in sight answers for all."""


@dataclass(frozen=True, slots=True)
class Among:
    """Everybody may read rows whose column holds one of these values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Everybody:
    """Everybody of the tenant may read this: it is about no organisation and no person."""


Rule = Own | Through | Among | Everybody
Fence = tuple[Rule, ...]
"""One of these rules is enough; of none nothing comes."""

_OWN_CLAIM = Own(("provider_code", "claimant_code"))
_OWN_MONEY = Own(("practice", "payee"))
_OF_ORGANISATION = Through("organisation_id", "organisation")
_OF_CLAIM = Through("claim_id", "claim")
_OF_LINE = Through("claim_line_id", "claim_line")
_OF_EXCHANGE = Through("exchange_id", "exchange")

FENCES: Mapping[str, Fence] = MappingProxyType(
    {
        # organisations and who works there
        "organisation": (Own(("code",)),),
        "app_user": (_OF_ORGANISATION,),
        "participation": (_OF_ORGANISATION,),
        "account_change": (_OF_ORGANISATION,),
        # what was handed in and claimed
        "declaration": (_OF_ORGANISATION,),
        "declaration_row": (Through("declaration_id", "declaration"),),
        "list_request": (_OF_ORGANISATION,),
        "question": (_OF_ORGANISATION,),
        "claim": (_OWN_CLAIM,),
        "claim_line": (_OF_CLAIM,),
        "decision": (_OF_LINE,),
        "subject": (Through("id", "claim", "subject_id"), Through("id", "declaration_row", "subject_id")),
        "party_version": (Through("id", "claim", "provider", also=("claimant", "submitter")),),
        # A message holds the claims of one claimant, often of many practices: it is the claimant's.
        "exchange": (Through("id", "claim", "exchange_id", only=("claimant_code",)),),
        "exchange_event": (_OF_EXCHANGE,),
        "inbound": (_OF_EXCHANGE,),
        "blob": (
            Through("address", "declaration", "blob_address"),
            Through("address", "exchange", "blob_address"),
            Through("address", "inbound", "blob_address"),
        ),
        "task": (Through("claim_ref", "claim", "ref"), _OF_EXCHANGE),
        "task_note": (Through("task_id", "task"),),
        # money
        "payment": (
            Through("account", "organisation", "account"),
            Through("account", "account_change", "former"),
        ),
        "allocation": (_OF_LINE,),
        "resolution": (_OF_LINE, Through("payment_id", "payment")),
        "posting": (_OWN_MONEY,),
        "payout": (_OWN_MONEY,),
        "payout_export": (Own(("payee",)),),
        "practice_statement": (Own(("practice",)),),
        # programs of an organisation, and whom it has called
        "api_token": (_OF_ORGANISATION,),
        "api_repeat": (Through("token_id", "api_token"),),
        "webhook": (_OF_ORGANISATION,),
        "webhook_delivery": (Through("webhook_id", "webhook"),),
        # lists that everybody may read
        "tenant": (Everybody(),),
        "reference": (Among("kind", ("uzovi",)),),
        "expectation": (Everybody(),),
        "column_map": (Everybody(),),
    }
)


def fence_of(table: str) -> Fence:
    """What says whose a row of this table is; nothing for a table that is not named."""
    return FENCES.get(table, ())


def setting(within: frozenset[str] | None) -> str:
    """The fence as PostgreSQL's setting `kvitt.within` has it (`,CODE,CODE,`); empty without one."""
    if within is None:
        return ""
    if any("," in code or not code for code in within):
        raise ConfigurationError("an organisation's code is empty or holds a comma", hint="correct it: kvitt org add")
    return ",".join(["", *sorted(within), ""]) if within else ","


def condition(table: Table, within: frozenset[str]) -> ColumnElement[bool]:
    """Whether a row of the table is for a unit that is fenced with these codes."""
    return meets(table, fence_of(table.name), within)


def meets(table: Any, fence: Fence, within: frozenset[str]) -> ColumnElement[bool]:  # noqa: ANN401 -- or an alias
    """Whether a row of the table meets one of these rules."""
    return or_(false(), *(_one(table, rule, within) for rule in fence))


def _one(table: Table, rule: Rule, within: frozenset[str]) -> ColumnElement[bool]:
    match rule:
        case Own(columns):
            return or_(*(table.c[name].in_(sorted(within)) for name in columns))
        case Among(column, values):
            return table.c[column].in_(values)
        case Through(column, name, key, only, also):
            parent = schema.metadata.tables[name].alias(f"{table.name}_{name}")
            return _through(table.c[column], parent, (key, *also), _any_of_parent(parent, name, only, within))
        case Everybody():
            return true()


def _any_of_parent(parent: Any, name: str, only: tuple[str, ...], within: frozenset[str]) -> ColumnElement[bool]:  # noqa: ANN401 -- an alias
    fence: Fence = (Own(only),) if only else fence_of(name)
    return meets(parent, fence, within)


def _through(column: Any, parent: Any, keys: tuple[str, ...], owned: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 -- SQLAlchemy expressions
    named = or_(*(parent.c[key] == column for key in keys))
    same = and_(named, parent.c.tenant_id == column.table.c.tenant_id, column != "")
    found = select(literal(1)).select_from(parent).where(same, owned)
    return found.correlate(column.table).exists()


def deciding(table: str) -> frozenset[str]:
    """The columns that say whose a row is: a fenced unit never changes them."""
    found: set[str] = {"tenant_id"}
    for rule in fence_of(table):
        match rule:
            case Own(columns):
                found.update(columns)
            case Through(column) | Among(column):
                found.add(column)
            case Everybody():
                pass
    return frozenset(found)
