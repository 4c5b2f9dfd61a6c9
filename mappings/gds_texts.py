"""What is said about a GDS message whose meaning is not clear, in three languages; never a value of a person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hub.model.finding import Finding, Severity
from schemas.gds import Element
from schemas.wording import Wording, said

_RULESET = "kvitt-gds-1"
_PERSON = said("A person looks at the response.", "En person ser på svaret.", "Een mens bekijkt de respons.")
_ASK = said("Ask the insurer what it means.", "Spør forsikringsselskapet hva det betyr.", "Vraag de verzekeraar.")


def _wording(key: str, text: dict[str, str], hint: dict[str, str], *, warning: bool = False) -> Wording:
    severity = Severity.WARNING if warning else Severity.ERROR
    return Wording(code=f"KVITT-GDS-{key}", text=text, hint=hint, severity=severity, ruleset=_RULESET)


WORDINGS: Mapping[str, Wording] = MappingProxyType(
    {
        "LINE-UNREADABLE": _wording(
            "LINE-UNREADABLE",
            said(
                "A performance has no reference, no date or no readable amount; no claim line can be made of it.",
                "En ytelse mangler referanse, dato eller lesbart beløp; det kan ikke lages en kravlinje av den.",
                "Een prestatie heeft geen referentie, datum of leesbaar bedrag; er is geen regel van te maken.",
            ),
            said("Run kvitt check on the file.", "Kjør kvitt check på filen.", "Controleer het met kvitt check."),
        ),
        "NO-REFERENCE": _wording(
            "NO-REFERENCE",
            said(
                "A judged performance has no reference number, so it is not known which line it is.",
                "En vurdert ytelse mangler referansenummer; det er ukjent hvilken linje den gjelder.",
                "Een beoordeelde prestatie heeft geen referentienummer; onbekend is welke regel het is.",
            ),
            _ASK,
        ),
        "DUPLICATE-REFERENCE": _wording(
            "DUPLICATE-REFERENCE",
            said(
                "Line {ref} is judged twice in one response; the second judgement is not applied.",
                "Linje {ref} er vurdert to ganger i samme svar; den andre vurderingen brukes ikke.",
                "Regel {ref} is in één respons twee keer beoordeeld; het tweede oordeel telt niet.",
            ),
            _ASK,
        ),
        "NO-AMOUNT": _wording(
            "NO-AMOUNT",
            said(
                "Line {ref} is returned without an awarded amount that can be read.",
                "Linje {ref} kommer tilbake uten et lesbart innvilget beløp.",
                "Regel {ref} komt terug zonder leesbaar toegekend bedrag.",
            ),
            _ASK,
        ),
        "NOT-JUDGED": _wording(
            "NOT-JUDGED",
            said(
                "Line {ref} is awarded nothing, and no return code says why: it is not counted as refused.",
                "Linje {ref} er ikke innvilget noe, og ingen returkode sier hvorfor: den regnes ikke som avvist.",
                "Op regel {ref} is niets toegekend en geen retourcode zegt waarom: die telt niet als afgewezen.",
            ),
            _ASK,
            warning=True,
        ),
        "NOT-FINANCIAL": _wording(
            "NOT-FINANCIAL",
            said(
                "Line {ref} is awarded {amount} that is not paid out (ToegekendBedrag NietFinancieel).",
                "Linje {ref} er innvilget {amount} som ikke utbetales (ToegekendBedrag NietFinancieel).",
                "Op regel {ref} is {amount} toegekend dat niet wordt uitbetaald (NietFinancieel).",
            ),
            _ASK,
            warning=True,
        ),
        "INSURED-ONLY": _wording(
            "INSURED-ONLY",
            said(
                "Return code {code} is about an insured person, and no performance of that person is named.",
                "Returkode {code} gjelder en forsikret person, og ingen ytelse for personen er nevnt.",
                "Retourcode {code} gaat over een verzekerde, en geen prestatie daarvan is genoemd.",
            ),
            said(
                "Find the person in the response, correct the claims and send them again.",
                "Finn personen i svaret, rett kravene og send dem på nytt.",
                "Zoek de verzekerde in de respons, verbeter de declaraties en dien opnieuw in.",
            ),
        ),
        "OUTCOME-UNCLEAR": _wording(
            "OUTCOME-UNCLEAR",
            said(
                "The response names no line, and its totals do not say that everything was granted or refused.",
                "Svaret nevner ingen linje, og totalene sier ikke at alt er innvilget eller avvist.",
                "De respons noemt geen regel en de totalen zeggen niet dat alles is toegekend of afgewezen.",
            ),
            _PERSON,
        ),
        "UNJUDGED-FILE": _wording(
            "UNJUDGED-FILE",
            said(
                "The response has amounts for lines and refuses the message as a whole; nothing of it is applied.",
                "Svaret har beløp på linjer og avviser meldingen i sin helhet; ingenting av det brukes.",
                "De respons heeft bedragen op regels en wijst het bericht geheel af; er wordt niets van toegepast.",
            ),
            _PERSON,
        ),
    }
)


def finding(key: str, at: Element, **values: object) -> Finding:
    """A finding at an element of the message."""
    return WORDINGS[key].finding(values, line=at.line or None, element=at.name)
