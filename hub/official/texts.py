"""What a second opinion says to people, in their languages. A difference blocks: one of the two is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hub.errors import FormatError
from hub.model.finding import Finding, Severity
from hub.official.engine import Trouble
from schemas.wording import UnreadableError, Wording, said

_LONGEST = 300
SET = "official"
"""What stands as rule set in these findings."""
_TROUBLE: Mapping[Trouble, Mapping[str, str]] = MappingProxyType(
    {
        Trouble.DIED: {
            "en": "its process ended ({detail})",
            "nb": "prosessen ble avsluttet ({detail})",
            "nl": "het proces is geëindigd ({detail})",
        },
        Trouble.LATE: {
            "en": "it was not done in time ({detail})",
            "nb": "den ble ikke ferdig i tide ({detail})",
            "nl": "het was niet op tijd klaar ({detail})",
        },
        Trouble.ERROR: {
            "en": "it stopped with an error: {detail}",
            "nb": "den stoppet med en feil: {detail}",
            "nl": "het stopte met een fout: {detail}",
        },
    }
)


_ONLY_OFFICIAL = Wording(
    code="KVITT-OFFICIAL-01",
    severity=Severity.ERROR,
    text=said(
        "The official rule file finds {rule} {official} times, our rules {native} times{quoted}.",
        "Den offisielle regelfilen finner {rule} {official} ganger, våre regler {native} ganger{quoted}.",
        "Het officiële regelbestand vindt {rule} {official} keer, onze regels {native} keer{quoted}.",
    ),
    hint=said(
        "Trust the official file: correct the document for this rule, and report the difference to Kvitt.",
        "Stol på den offisielle filen: rett dokumentet etter regelen, og meld forskjellen til Kvitt.",
        "Vertrouw het officiële bestand: verbeter het document naar de regel; meld het verschil bij Kvitt.",
    ),
    ruleset=SET,
)
_ONLY_OURS = Wording(
    code="KVITT-OFFICIAL-02",
    severity=Severity.ERROR,
    text=said(
        "Our rules find {rule} {native} times, the official rule file {official} times.",
        "Våre regler finner {rule} {native} ganger, den offisielle regelfilen {official} ganger.",
        "Onze regels vinden {rule} {native} keer, het officiële regelbestand {official} keer.",
    ),
    hint=said(
        "The network will probably accept the document; report the difference to Kvitt.",
        "Nettverket godtar trolig dokumentet; meld forskjellen til Kvitt.",
        "Het netwerk aanvaardt het document waarschijnlijk; meld het verschil bij Kvitt.",
    ),
    ruleset=SET,
)
_NOT_JUDGED = Wording(
    code="KVITT-OFFICIAL-03",
    severity=Severity.ERROR,
    text=said(
        "The document could not be judged by the official rule file {artefact}: {reason}.",
        "Dokumentet kunne ikke bedømmes av den offisielle regelfilen {artefact}: {reason}.",
        "Het document kon niet worden beoordeeld door het officiële regelbestand {artefact}: {reason}.",
    ),
    hint=said(
        "Correct what the other findings name (amounts, dates) and check again.",
        "Rett det de andre funnene nevner (beløp, datoer), og kontroller på nytt.",
        "Verbeter wat de andere bevindingen noemen (bedragen, datums) en controleer opnieuw.",
    ),
    ruleset=SET,
)
_NOTHING = Wording(
    code="KVITT-OFFICIAL-04",
    severity=Severity.INFO,
    text=said(
        "There is no official rule file for this document ({what}); only our rules judged it.",
        "Det finnes ingen offisiell regelfil for dette dokumentet ({what}); bare våre regler bedømte det.",
        "Er is geen officieel regelbestand voor dit document ({what}); alleen onze regels beoordeelden het.",
    ),
    ruleset=SET,
)
_NOT_HANDED_OVER = Wording(
    code="KVITT-OFFICIAL-03",
    severity=Severity.ERROR,
    text=said(
        "The document was not given to the official rule file. {reason}",
        "Dokumentet ble ikke gitt til den offisielle regelfilen. {reason}",
        "Het document is niet aan het officiële regelbestand gegeven. {reason}",
    ),
    hint=_NOT_JUDGED.hint,
    ruleset=SET,
)
WORDINGS = (_ONLY_OFFICIAL, _ONLY_OURS, _NOT_JUDGED, _NOTHING, _NOT_HANDED_OVER)
"""All a second opinion can say."""


def only_official(rule: str, official: int, native: int, location: str, line: int | None, said: str) -> Finding:
    """The official rule file finds more than we do; `said` is its own sentence, in its own language."""
    quoted = f' ("{said[:_LONGEST]}")' if said else ""
    filled = {"rule": rule, "official": official, "native": native, "quoted": quoted}
    return _ONLY_OFFICIAL.finding(
        filled, element=rule, value=str(native), expected=str(official), location=location, line=line
    )


def only_ours(rule: str, official: int, native: int, location: str, line: int | None) -> Finding:
    """We find more than the official rule file does."""
    filled = {"rule": rule, "official": official, "native": native}
    return _ONLY_OURS.finding(
        filled, element=rule, value=str(native), expected=str(official), location=location, line=line
    )


def not_judged(artefact: str, trouble: Trouble, detail: str) -> Finding:
    """The official rule file gave no judgement."""
    reason = {language: words.format(detail=detail) for language, words in _TROUBLE[trouble].items()}
    return _NOT_JUDGED.finding({"artefact": artefact, "reason": reason}, element=artefact)


def unsafe(error: FormatError) -> Finding:
    """The document was not handed over: it is no XML that is safe to read."""
    reason = error.finding().text if isinstance(error, UnreadableError) else f'"{error.message}"'
    return _NOT_HANDED_OVER.finding({"reason": reason}, location=error.where)


def nothing_official(what: str) -> Finding:
    """There is no official rule file for such a document."""
    return _NOTHING.finding({"what": what})
