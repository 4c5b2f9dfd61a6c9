"""What a field of a Vektis standard may hold, said from its layout table: `kvitt explain HA304:0418`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hub.cli.meanings import Meaning
from schemas import codelists
from schemas.vektis.layout import RESERVED, Field, Layout, RecordLayout, layouts

_LANGUAGES = ("en", "nb", "nl")
_PLACE = {
    "en": "{name} (code {code}): record {kind}, positions {start}-{end}, {type}, {filled}.",
    "nb": "{name} (kode {code}): post {kind}, posisjon {start}-{end}, {type}, {filled}.",
    "nl": "{name} (code {code}): record {kind}, posities {start}-{end}, {type}, {filled}.",
}
_TYPES = {
    "N": {"en": "{length} digits", "nb": "{length} sifre", "nl": "{length} cijfers"},
    "AN": {"en": "{length} characters", "nb": "{length} tegn", "nl": "{length} tekens"},
}
_FILLED = {
    "M": {"en": "must be filled", "nb": "må fylles ut", "nl": "verplicht"},
    "C": {"en": "filled in certain cases", "nb": "fylles ut i visse tilfeller", "nl": "in bepaalde gevallen verplicht"},
    "O": {"en": "may be left empty", "nb": "kan stå tomt", "nl": "mag leeg blijven"},
    "S": {"en": "stays blank", "nb": "skal stå tomt", "nl": "blijft leeg"},
    "": {
        "en": "whether it must be filled is unknown",
        "nb": "ukjent om det må fylles ut",
        "nl": "onbekend of het moet",
    },
}
_VALUES = {"en": "Allowed: {values}.", "nb": "Tillatt: {values}.", "nl": "Toegestaan: {values}."}
_LIST = {"en": "Code list: {title}.", "nb": "Kodeliste: {title}.", "nl": "Codelijst: {title}."}
_RULES = {"en": "Rules: {rules}", "nb": "Regler: {rules}", "nl": "Regels: {rules}"}


def fields(query: str, own: tuple[Layout, ...] = ()) -> Iterator[Meaning]:
    """`HA304:0418` or `HA304-4.2:BED161`: a field of a standard by element id or code; every version answers."""
    name, _, code = (part.strip() for part in query.rpartition(":"))
    for layout in _tables(name, own):
        for record, one in _found(layout, code.upper()):
            yield Meaning(
                list=layout.format.removeprefix("vektis-"),
                code=one.element,
                text={language: _text(record, one, language) for language in _LANGUAGES},
                source=f"{layout.source}; confidence {layout.confidence}",
            )


def _tables(name: str, own: tuple[Layout, ...]) -> Iterable[Layout]:
    wanted = name.upper().removeprefix("VEKTIS-")
    known: dict[str, Layout] = {}
    for one in (*own, *layouts()):
        if wanted and wanted in (one.standard.upper(), one.format.removeprefix("vektis-").upper()):
            known.setdefault(one.format, one)
    return known.values()


def _found(layout: Layout, code: str) -> Iterator[tuple[RecordLayout, Field]]:
    for record in layout.records.values():
        for one in record.fields:
            if code == one.element or (code == one.code and code != RESERVED):
                yield record, one


def _text(record: RecordLayout, one: Field, language: str) -> str:
    parts = [
        _PLACE[language].format(
            name=one.name,
            code=one.code,
            kind=record.kind,
            start=one.start,
            end=one.end,
            type=_TYPES[one.type][language].format(length=one.length),
            filled=_spoken(_FILLED, one.mandatory)[language],
        )
    ]
    if one.values:
        parts.append(_VALUES[language].format(values=", ".join(one.values)))
    elif one.codelist:
        parts.append(_LIST[language].format(title=codelists.title(one.codelist)[language]))
    if one.rules:
        parts.append(_RULES[language].format(rules=one.rules))
    return " ".join(parts)


def _spoken(texts: Mapping[str, Mapping[str, str]], key: str) -> Mapping[str, str]:
    return texts.get(key, texts[""])
