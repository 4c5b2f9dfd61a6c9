"""What the `kvitt vektis` commands say to people."""

from __future__ import annotations

_SEVERITIES = {
    "en": {"fatal": "fatal", "error": "error", "warning": "warning", "info": "note"},
    "nb": {"fatal": "fatal", "error": "feil", "warning": "advarsel", "info": "merknad"},
    "nl": {"fatal": "fataal", "error": "fout", "warning": "waarschuwing", "info": "opmerking"},
}
_WORDS = {
    "en": {
        "record": "record {number}: {kind}",
        "header": "position,element,name,raw,meaning",
        "tail": "added by the response",
        "damaged": "cannot be read; its shape (9 a digit, x a letter):",
        "damaged_raw": "cannot be read:",
        "local": "findings of these records only; whole file: kvitt check",
        "same": "no difference",
        "changed": "changed",
        "added": "added",
        "removed": "removed",
        "moved": "moved",
        "answered": "answered",
        "absent": "not returned",
        "line": "line {line}",
        "anonymised": "{out}: {records} records made anonymous",
        "dropped": "{count} damaged records left out",
        "once": "the key was drawn once and is forgotten: give --key to get the same fakes in other files",
        "selected": "{lines} lines of {insured} insured, {amount} in all",
        "nothing": "no line meets it, nothing was written",
        "written": "{out}: {lines} lines",
        "taken": "record {record} ({kind})",
        "all_good": "nothing forbids sending: the file was not split",
        "all_bad": "every line has a fault: nothing is left to send",
        "refused": "the fault is the whole file's, not a line's: it was not split",
        "insurer": "an insurer's response: what it does not refuse is granted, do not send the good part again",
        "still": "our own rules still find something in the good part: {count}",
    },
    "nb": {
        "record": "post {number}: {kind}",
        "header": "posisjon,felt,navn,rå,betydning",
        "tail": "lagt til av svaret",
        "damaged": "kan ikke leses; formen (9 et siffer, x en bokstav):",
        "damaged_raw": "kan ikke leses:",
        "local": "bare funn i disse postene; hele filen: kvitt check",
        "same": "ingen forskjell",
        "changed": "endret",
        "added": "lagt til",
        "removed": "fjernet",
        "moved": "flyttet",
        "answered": "besvart",
        "absent": "ikke returnert",
        "line": "linje {line}",
        "anonymised": "{out}: {records} poster anonymisert",
        "dropped": "{count} ødelagte poster utelatt",
        "once": "nøkkelen ble trukket én gang og er glemt: oppgi --key for å få de samme navnene i andre filer",
        "selected": "{lines} linjer for {insured} forsikrede, {amount} i alt",
        "nothing": "ingen linje oppfyller det, ingenting ble skrevet",
        "written": "{out}: {lines} linjer",
        "taken": "post {record} ({kind})",
        "all_good": "ingenting hindrer sending: filen ble ikke delt",
        "all_bad": "alle linjer har feil: det er ingenting igjen å sende",
        "refused": "feilen gjelder hele filen, ikke en linje: den ble ikke delt",
        "insurer": "svar fra forsikreren: det som ikke er avslått, er innvilget, send ikke den gode delen på nytt",
        "still": "våre egne regler finner fortsatt noe i den gode delen: {count}",
    },
    "nl": {
        "record": "record {number}: {kind}",
        "header": "positie,rubriek,naam,ruw,betekenis",
        "tail": "toegevoegd door het retourbericht",
        "damaged": "niet te lezen; de vorm (9 een cijfer, x een letter):",
        "damaged_raw": "niet te lezen:",
        "local": "alleen bevindingen over deze records; hele bestand: kvitt check",
        "same": "geen verschil",
        "changed": "gewijzigd",
        "added": "toegevoegd",
        "removed": "verwijderd",
        "moved": "verplaatst",
        "answered": "beantwoord",
        "absent": "niet geretourneerd",
        "line": "regel {line}",
        "anonymised": "{out}: {records} records geanonimiseerd",
        "dropped": "{count} beschadigde records weggelaten",
        "once": "de sleutel is eenmalig en vergeten: geef --key voor dezelfde namen in andere bestanden",
        "selected": "{lines} regels van {insured} verzekerden, {amount} in totaal",
        "nothing": "geen regel voldoet, er is niets geschreven",
        "written": "{out}: {lines} regels",
        "taken": "record {record} ({kind})",
        "all_good": "niets verhindert verzending: het bestand is niet gesplitst",
        "all_bad": "elke regel heeft een fout: er blijft niets over om te verzenden",
        "refused": "de fout geldt het hele bestand en niet een regel: het is niet gesplitst",
        "insurer": "antwoord van de verzekeraar: wat niet is afgewezen is toegekend, stuur het goede deel niet opnieuw",
        "still": "onze eigen regels vinden nog iets in het goede deel: {count}",
    },
}


def words(key: str, language: str, **filled: object) -> str:
    """A sentence, its blanks filled."""
    return _WORDS[language][key].format(**filled)


def severity(name: str, language: str) -> str:
    """How bad a finding is, in a word."""
    return _SEVERITIES[language][name]
