"""From a checked partner.yaml to the Partner the hub works with. Nothing here can fail: checking came before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from hub.model.partner import (
    ChannelSpec,
    DatedRule,
    EhfProfile,
    ErrorClass,
    ErrorRule,
    Identifier,
    MailRule,
    Partner,
    PartnerCode,
    ReplyWithin,
    RetryPolicy,
)
from hub.model.specification import SpecificationMap

Values = Mapping[str, Any]

_AS_THEY_ARE = (
    "title", "country", "kind", "verified", "source", "grouping", "matching", "correction", "after_network_refusal"
)  # fmt: skip
_LISTS = ("formats_out", "formats_in", "remittance_patterns")


def build_partner(name: str, values: Values, codes: tuple[PartnerCode, ...]) -> Partner:
    """The partner its folder describes; what the file leaves out keeps the model's default."""
    given: dict[str, Any] = {key: values[key] for key in _AS_THEY_ARE if key in values}
    given |= {key: tuple(values[key]) for key in _LISTS if key in values}
    return Partner(
        **given,
        name=name,
        channel=_channel(values["channel"]),
        identifiers=tuple(_identifier(item) for item in values.get("identifiers", ())),
        retry=RetryPolicy(**values.get("retry", {})),
        errors=tuple(_error(item) for item in values.get("errors", ())),
        reply_within=ReplyWithin(**values["reply_within"]) if "reply_within" in values else None,
        rules=tuple(_rule(item) for item in values.get("rules", ())),
        mail=tuple(_mail(item) for item in values.get("mail", ())),
        ehf=_ehf(values["ehf"]) if "ehf" in values else None,
        specification=_specification(values["specification"]) if "specification" in values else None,
        contacts=_texts(values.get("contacts", {})),
        codes=codes,
    )


def _texts(values: Values) -> Mapping[str, str]:
    """Settings are texts, whatever they look like; a boolean keeps the word it was written with."""
    return MappingProxyType({key: str(value) for key, value in values.items()})


def _dated(item: Values) -> dict[str, Any]:
    days = {key: date.fromisoformat(item[key]) for key in ("valid_from", "valid_to") if key in item}
    return {**item, **days}


def _channel(item: Values) -> ChannelSpec:
    return ChannelSpec(
        kind=item["kind"], settings=_texts(item.get("settings", {})), required=tuple(item.get("required", ()))
    )


def _identifier(item: Values) -> Identifier:
    return Identifier(**_dated(item))


def _error(item: Values) -> ErrorRule:
    return ErrorRule(**{**item, "outcome": ErrorClass(item["outcome"])})


def _rule(item: Values) -> DatedRule:
    return DatedRule(**{**_dated(item), "settings": _texts(item.get("settings", {}))})


def _mail(item: Values) -> MailRule:
    return MailRule(**{**item, "sender": item["sender"].lower(), "patterns": _texts(item["patterns"])})


def _specification(item: Values) -> SpecificationMap:
    reasons = tuple((each["pattern"], each["reason"]) for each in item.get("reasons", ()))
    return SpecificationMap(**{**item, "columns": _texts(item["columns"]), "reasons": reasons})


def _ehf(item: Values) -> EhfProfile:
    given = {**item, "line_properties": _texts(item.get("line_properties", {}))}
    return EhfProfile(**{**given, "required": tuple(item.get("required", ()))})
