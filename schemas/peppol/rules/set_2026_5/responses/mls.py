"""Peppol Message Level Status 1.0.1 (MLS): SCH-MLS-01 to -31.

Service providers tell each other with it what became of a message. Every assert of the official rules can fail. Where
they stop with an error instead of an answer (two descriptions of one remark), ours take the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import everywhere
from schemas.peppol.rules.set_2026_5.responses.tables import missing, named, squeezed
from schemas.peppol.rules.terms import starting
from schemas.peppol.rules.texts import fill, said
from schemas.peppol.rules.view import View, every, find, has
from schemas.ubl.names import MLS, MLS_PROFILE
from schemas.xml import Element

STATUSES = ("AB", "AP", "RE")
REASONS = ("BV", "BW", "FD", "SV")
FAILURES = ("BV", "FD", "SV")
"""The reasons that refuse a message; BW is a warning."""
SCHEME = "0242"
"""Service providers' identifiers (SPIS)."""
_PROVIDER = re.compile(r"[0-9]{6}(-[0-9A-Z_]{3,12}(\.[0-9A-Z\-._~]{3,24})?)?", re.IGNORECASE)
_ZONED = re.compile(r"(?:[+-]\d{2}:\d{2}|Z)\Z")
_ANSWER = "/cac:DocumentResponse"
_REMARK = f"{_ANSWER}/cac:LineResponse/cac:Response"
_CODE = "cac:Response/cbc:ResponseCode"
_REASON = "cac:Status/cbc:StatusReasonCode"
_LANGUAGES = ("en", "nb", "nl")
_ONE_OF = {"en": "Write one of {codes}.", "nb": "Skriv en av {codes}.", "nl": "Schrijf een van {codes}."}
_EMPTY = {"en": "{name} has no value.", "nb": "{name} har ingen verdi.", "nl": "{name} heeft geen waarde."}
_NO_PROVIDER = {
    "en": "{name} is not the identifier of a service provider.",
    "nb": "{name} er ikke identifikatoren til en tjenesteleverandør.",
    "nl": "{name} is niet de identificatie van een dienstverlener.",
}
_WRONG_SCHEME = {
    "en": "{name} is not that of service providers.",
    "nb": "{name} er ikke det for tjenesteleverandører.",
    "nl": "{name} is niet dat van dienstverleners.",
}
_AS_PROVIDER = said(
    "Give six digits, as in 123456, or with a part of the provider's own, as in 123456-UNIT.",
    "Oppgi seks sifre, som 123456, eller med en egen del, som 123456-UNIT.",
    "Geef zes cijfers, zoals 123456, of met een eigen deel, zoals 123456-UNIT.",
)


def _text(node: Element, path: str) -> str:
    found = find(node, path)
    return squeezed(found.text) if found is not None else ""


def _about(kinds: Texts, path: str) -> Texts:
    return {one: starting(kinds[one].format(name=named(path, one))) for one in _LANGUAGES}


def _rule(
    number: int, place: str, holds: Callable[[Element, View], bool], text: Texts, hint: Texts, at: str = ""
) -> Rule:
    return Rule(id=f"SCH-MLS-{number:02}", where=everywhere(place), holds=holds, text=text, hint=hint, at=at)


def _present(number: int, place: str, path: str) -> Rule:
    name = f"{place.rstrip('/')}/{path}"
    return _rule(number, place, lambda node, _: has(node, path), missing(name), fill(name.lstrip("/")))


def _filled(number: int, place: str, path: str) -> Rule:
    name = f"{place.rstrip('/')}/{path}"
    return _rule(number, place, lambda node, _: _text(node, path) != "", _about(_EMPTY, name), fill(name.lstrip("/")))


def _fixed(number: int, path: str, value: str, text: Texts) -> Rule:
    return Rule(
        id=f"SCH-MLS-{number:02}",
        where=everywhere("/"),
        holds=lambda node, _: _text(node, path) == value,
        text=text,
        hint=fill(f"{path} = {value}"),
        at=path,
        expected=lambda *_: value,
    )


def _party(first: int, party: str) -> tuple[Rule, ...]:
    """The five rules on the electronic address of a party, numbered in a row."""
    path = f"{party}/cbc:EndpointID"
    name = f"/{path}"

    def schemes(root: Element) -> list[str | None]:
        return [node.get("schemeID") for node in every(root, path)]

    return (
        _present(first, "/", path),
        _filled(first + 1, "/", path),
        _rule(
            first + 2,
            "/",
            lambda node, _: _PROVIDER.fullmatch(_text(node, path)) is not None,
            _about(_NO_PROVIDER, name),
            _AS_PROVIDER,
            path,
        ),
        _rule(
            first + 3,
            "/",
            lambda node, _: any(scheme is not None for scheme in schemes(node)),
            missing(f"{name}/schemeID"),
            fill(f"{path}/@schemeID = {SCHEME}"),
        ),
        _rule(
            first + 4,
            "/",
            lambda node, _: SCHEME in schemes(node),
            _about(_WRONG_SCHEME, f"{name}/schemeID"),
            fill(f"{path}/@schemeID = {SCHEME}"),
        ),
    )


def _refused(answer: Element) -> bool:
    return _text(answer, _CODE) == "RE"


def _failed(answer: Element) -> bool:
    """Whether a remark gives a reason that refuses the message."""
    remarks = every(answer, f"cac:LineResponse/cac:Response/{_REASON}")
    return any(squeezed(node.text) in FAILURES for node in remarks)


def _when_refused(number: int, holds: Callable[[Element], bool], text: Texts, hint: Texts) -> Rule:
    """A rule on negative answers only."""
    return _rule(number, _ANSWER, lambda node, _: not _refused(node) or holds(node), text, hint)


def _coded(number: int, place: str, path: str, codes: tuple[str, ...], unlisted: Texts) -> Rule:
    return Rule(
        id=f"SCH-MLS-{number:02}",
        where=everywhere(place),
        holds=lambda node, _: _text(node, path) in codes,
        text=unlisted,
        hint={one: text.format(codes=", ".join(codes)) for one, text in _ONE_OF.items()},
        at=path,
        expected=lambda *_: " ".join(codes),
    )


_HEAD = (
    _fixed(
        1,
        "cbc:CustomizationID",
        MLS,
        said(
            "The specification identifier is not that of Message Level Status 1.0.",
            "Spesifikasjonsidentifikatoren er ikke den for Message Level Status 1.0.",
            "De specificatie-identificatie is niet die van Message Level Status 1.0.",
        ),
    ),
    _fixed(
        2,
        "cbc:ProfileID",
        MLS_PROFILE,
        said(
            "The process identifier is not that of Message Level Status.",
            "Prosessidentifikatoren er ikke den for Message Level Status.",
            "De procesidentificatie is niet die van Message Level Status.",
        ),
    ),
    _filled(3, "/", "cbc:ID"),
    _rule(
        4,
        "/",
        lambda node, _: len(_text(node, "cbc:IssueDate")) == 10,
        said(
            "The issue date is not a day without time zone.",
            "Utstedelsesdatoen er ikke en dag uten tidssone.",
            "De datum van uitgifte is geen dag zonder tijdzone.",
        ),
        said("Write YYYY-MM-DD.", "Skriv ÅÅÅÅ-MM-DD.", "Schrijf JJJJ-MM-DD."),
        "cbc:IssueDate",
    ),
    _present(5, "/", "cbc:IssueTime"),
    _rule(
        6,
        "/",
        lambda node, _: _ZONED.search(_text(node, "cbc:IssueTime")) is not None,
        said(
            "The issue time has no time zone.",
            "Utstedelsestidspunktet har ingen tidssone.",
            "Het tijdstip van uitgifte heeft geen tijdzone.",
        ),
        said(
            "End it with Z or an offset: 12:00:00Z or 13:00:00+01:00.",
            "Avslutt med Z eller en forskyvning: 12:00:00Z eller 13:00:00+01:00.",
            "Sluit af met Z of een verschil: 12:00:00Z of 13:00:00+01:00.",
        ),
        "cbc:IssueTime",
    ),
    *_party(7, "cac:SenderParty"),
    *_party(12, "cac:ReceiverParty"),
    _rule(
        17,
        "/",
        lambda node, _: len(every(node, "cac:DocumentResponse")) == 1,
        said(
            "The message does not answer exactly one document.",
            "Meldingen svarer ikke på nøyaktig ett dokument.",
            "Het bericht antwoordt niet op precies één document.",
        ),
        said(
            "Give one cac:DocumentResponse; send a message for each document.",
            "Oppgi én cac:DocumentResponse; send én melding per dokument.",
            "Geef één cac:DocumentResponse; stuur per document een bericht.",
        ),
    ),
)
_VERDICT = (
    _present(18, _ANSWER, _CODE),
    _coded(
        19,
        _ANSWER,
        _CODE,
        STATUSES,
        said(
            "The status code is none of Message Level Status.",
            "Statuskoden finnes ikke i Message Level Status.",
            "De statuscode bestaat niet in Message Level Status.",
        ),
    ),
    _when_refused(
        20,
        lambda node: has(node, "cac:Response/cbc:Description"),
        said(
            "The message is refused (RE) without a description.",
            "Meldingen er avvist (RE) uten beskrivelse.",
            "Het bericht is geweigerd (RE) zonder omschrijving.",
        ),
        fill("cac:DocumentResponse/cac:Response/cbc:Description"),
    ),
    _when_refused(
        21,
        lambda node: _text(node, "cac:Response/cbc:Description") != "",
        said(
            "The description of the refusal (RE) has no text.",
            "Beskrivelsen av avvisningen (RE) har ingen tekst.",
            "De omschrijving van de weigering (RE) heeft geen tekst.",
        ),
        fill("cac:DocumentResponse/cac:Response/cbc:Description"),
    ),
    _rule(
        22,
        _ANSWER,
        lambda node, _: len(every(node, "cac:DocumentReference")) == 1,
        said(
            "Not exactly one document is referred to.",
            "Det vises ikke til nøyaktig ett dokument.",
            "Er wordt niet naar precies één document verwezen.",
        ),
        said(
            "Give one cac:DocumentReference with the envelope's InstanceIdentifier.",
            "Oppgi én cac:DocumentReference med konvoluttens InstanceIdentifier.",
            "Geef één cac:DocumentReference met de InstanceIdentifier van de envelop.",
        ),
    ),
    _when_refused(
        23,
        lambda node: has(node, "cac:LineResponse"),
        said(
            "The message is refused (RE) without a remark.",
            "Meldingen er avvist (RE) uten anmerkning.",
            "Het bericht is geweigerd (RE) zonder opmerking.",
        ),
        said(
            "Give a cac:LineResponse that says what is wrong.",
            "Oppgi en cac:LineResponse som sier hva som er galt.",
            "Geef een cac:LineResponse die zegt wat er mis is.",
        ),
    ),
    _when_refused(
        24,
        _failed,
        said(
            "The message is refused (RE), but no remark is a failure.",
            "Meldingen er avvist (RE), men ingen anmerkning er en feil.",
            "Het bericht is geweigerd (RE), maar geen opmerking is een fout.",
        ),
        said(
            "Give at least one remark reason BV, SV or FD.",
            "Gi minst én anmerkning årsak BV, SV eller FD.",
            "Geef minstens één opmerking reden BV, SV of FD.",
        ),
    ),
    _rule(
        25,
        _ANSWER,
        lambda node, _: _refused(node) or not _failed(node),
        said(
            "The message is accepted, but a remark is a failure.",
            "Meldingen er godtatt, men en anmerkning er en feil.",
            "Het bericht is aanvaard, maar een opmerking is een fout.",
        ),
        said(
            "Give status RE, or reason BW for a warning.",
            "Oppgi status RE, eller årsak BW for en advarsel.",
            "Geef status RE, of reden BW voor een waarschuwing.",
        ),
        _CODE,
    ),
    _filled(26, f"{_ANSWER}/cac:DocumentReference", "cbc:ID"),
)
_REMARKS = (
    _filled(27, f"{_ANSWER}/cac:LineResponse", "cac:LineReference/cbc:LineID"),
    _present(28, _REMARK, "cbc:Description"),
    _filled(29, _REMARK, "cbc:Description"),
    _present(30, _REMARK, "cac:Status"),
    _coded(
        31,
        f"{_REMARK}/cac:Status",
        "cbc:StatusReasonCode",
        REASONS,
        said(
            "The reason code is none of Message Level Status.",
            "Årsakskoden finnes ikke i Message Level Status.",
            "De redencode bestaat niet in Message Level Status.",
        ),
    ),
)
RULES = (*_HEAD, *_VERDICT, *_REMARKS)
