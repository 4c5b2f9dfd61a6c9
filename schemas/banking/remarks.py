"""What can be odd about a bank file, as findings with stable codes and texts in English, Bokmål and Dutch.

An error means that the bookings it speaks of are `held`: shown, but not money until a person has decided. Texts never
carry a name, an account or a free text of the file.
"""

from __future__ import annotations

from hub.errors import FormatError
from hub.model.finding import Finding, Severity

_Texts = dict[str, str]
_LONGEST = 40
"""Codes and amounts are short; a damaged file may put anything in their place."""

_AGAIN: _Texts = {
    "en": "Nothing of it is booked. Ask the bank to send the file again.",
    "nb": "Ingenting av det er bokført. Be banken sende filen på nytt.",
    "nl": "Er is niets van geboekt. Vraag de bank het bestand opnieuw te sturen.",
}
_LOOK: _Texts = {
    "en": "Compare with the bank's own view of the account.",
    "nb": "Sammenlign med bankens egen oversikt over kontoen.",
    "nl": "Vergelijk met het overzicht van de bank zelf.",
}
_NOTHING: _Texts = {}

_REMARKS: dict[str, tuple[Severity, _Texts, _Texts]] = {
    "KVITT-BANK-COUNT": (
        Severity.ERROR,
        {
            "en": "The file says {expected} {what}, but {found} are there.",
            "nb": "Filen oppgir {expected} {what}, men {found} finnes.",
            "nl": "Het bestand noemt {expected} {what}, maar er zijn er {found}.",
        },
        _AGAIN,
    ),
    "KVITT-BANK-SUM": (
        Severity.ERROR,
        {
            "en": "The control sum is {expected}, but the bookings add up to {found}.",
            "nb": "Kontrollsummen er {expected}, men posteringene summerer til {found}.",
            "nl": "De controlesom is {expected}, maar de boekingen tellen op tot {found}.",
        },
        _AGAIN,
    ),
    "KVITT-BANK-DETAILS": (
        Severity.ERROR,
        {
            "en": "The entry is {expected}, but its details add up to {found}.",
            "nb": "Posteringen er {expected}, men detaljene summerer til {found}.",
            "nl": "De boeking is {expected}, maar de details tellen op tot {found}.",
        },
        _LOOK,
    ),
    "KVITT-BANK-BALANCE": (
        Severity.WARNING,
        {
            "en": "Opening balance and bookings give {found}, but the closing balance is {expected}.",
            "nb": "Inngående saldo og posteringer gir {found}, men utgående saldo er {expected}.",
            "nl": "Beginsaldo en boekingen geven {found}, maar het eindsaldo is {expected}.",
        },
        _LOOK,
    ),
    "KVITT-BANK-OPENING": (
        Severity.WARNING,
        {
            "en": "No opening balance can be read, so the bookings cannot be added up to the closing one.",
            "nb": "Det finnes ingen lesbar inngående saldo, så posteringene kan ikke summeres mot den utgående.",
            "nl": "Er is geen leesbaar beginsaldo, dus de boekingen kunnen niet tegen het eindsaldo worden opgeteld.",
        },
        _LOOK,
    ),
    "KVITT-BANK-END": (
        Severity.ERROR,
        {
            "en": "The file stops before its {what}.",
            "nb": "Filen slutter før {what}.",
            "nl": "Het bestand eindigt vóór {what}.",
        },
        _AGAIN,
    ),
    "KVITT-BANK-START": (
        Severity.ERROR,
        {
            "en": "The start record {what} before this one is missing.",
            "nb": "Startposten {what} før denne mangler.",
            "nl": "Het beginrecord {what} vóór dit record ontbreekt.",
        },
        _AGAIN,
    ),
    "KVITT-BANK-RECORD": (
        Severity.ERROR,
        {
            "en": "This record cannot be read ({what}).",
            "nb": "Denne posten kan ikke leses ({what}).",
            "nl": "Dit record is niet te lezen ({what}).",
        },
        _LOOK,
    ),
    "KVITT-BANK-AMOUNT": (
        Severity.ERROR,
        {
            "en": "The amount of this record cannot be read.",
            "nb": "Beløpet i denne posten kan ikke leses.",
            "nl": "Het bedrag van dit record is niet te lezen.",
        },
        _LOOK,
    ),
    "KVITT-BANK-DATE": (
        Severity.ERROR,
        {
            "en": "The booking date of this record cannot be read; the booking is held.",
            "nb": "Bokføringsdatoen i denne posten kan ikke leses; posteringen holdes tilbake.",
            "nl": "De boekdatum van dit record is niet te lezen; de boeking wordt aangehouden.",
        },
        _LOOK,
    ),
    "KVITT-BANK-UNDATED": (
        Severity.WARNING,
        {
            "en": "The entry has no booking date; the day of the message is taken.",
            "nb": "Posteringen har ingen bokføringsdato; meldingens dato er brukt.",
            "nl": "De boeking heeft geen boekdatum; de datum van het bericht is genomen.",
        },
        _LOOK,
    ),
    "KVITT-BANK-TYPE": (
        Severity.WARNING,
        {
            "en": "Unknown code {found} ({what}); the booking is not counted as money.",
            "nb": "Ukjent kode {found} ({what}); posteringen regnes ikke som penger.",
            "nl": "Onbekende code {found} ({what}); de boeking telt niet als geld.",
        },
        _LOOK,
    ),
    "KVITT-BANK-ITEM": (
        Severity.WARNING,
        {
            "en": "The records of this transaction do not belong together ({what}).",
            "nb": "Postene i denne transaksjonen hører ikke sammen ({what}).",
            "nl": "De records van deze transactie horen niet bij elkaar ({what}).",
        },
        _LOOK,
    ),
    "KVITT-BANK-UNREADABLE": (
        Severity.FATAL,
        {
            "en": "The file cannot be read. The reader says: {what}.",
            "nb": "Filen kan ikke leses. Leseren sier: {what}.",
            "nl": "Het bestand is niet te lezen. De lezer zegt: {what}.",
        },
        _AGAIN,
    ),
    "KVITT-BANK-BATCH": (
        Severity.WARNING,
        {
            "en": "The entry says {expected} details, but {found} are there; the sum is right.",
            "nb": "Posteringen oppgir {expected} detaljer, men {found} finnes; summen stemmer.",
            "nl": "De boeking noemt {expected} details, maar er zijn er {found}; de som klopt.",
        },
        _NOTHING,
    ),
    "KVITT-BANK-UNDETAILED": (
        Severity.WARNING,
        {
            "en": "The details carry no usable amounts; the entry is reported as one booking.",
            "nb": "Detaljene har ingen brukbare beløp; posteringen meldes som én.",
            "nl": "De details hebben geen bruikbare bedragen; de boeking wordt als één gemeld.",
        },
        _LOOK,
    ),
    "KVITT-BANK-TEXT": (
        Severity.WARNING,
        {
            "en": "A text of {found} characters was cut to {expected}.",
            "nb": "En tekst på {found} tegn ble kortet til {expected}.",
            "nl": "Een tekst van {found} tekens is ingekort tot {expected}.",
        },
        _NOTHING,
    ),
    "KVITT-BANK-KID": (
        Severity.WARNING,
        {
            "en": "The check digit of this reference is wrong: it is not used as a KID.",
            "nb": "Kontrollsifferet i denne referansen er feil: den brukes ikke som KID.",
            "nl": "Het controlecijfer van dit kenmerk klopt niet: het geldt niet als KID.",
        },
        {
            "en": "Find the invoice by payer, amount and text.",
            "nb": "Finn fakturaen ut fra betaler, beløp og tekst.",
            "nl": "Zoek de factuur op betaler, bedrag en tekst.",
        },
    ),
    "KVITT-BANK-SERVICE": (
        Severity.INFO,
        {
            "en": "An assignment of service {found} with {expected} records is no OCR giro and was not read.",
            "nb": "Et oppdrag for tjeneste {found} med {expected} poster er ikke OCR giro og ble ikke lest.",
            "nl": "Een opdracht van dienst {found} met {expected} records is geen OCR giro en is niet gelezen.",
        },
        _NOTHING,
    ),
    "KVITT-BANK-COPY": (
        Severity.INFO,
        {
            "en": "The bank marks this as a copy ({found}): its bookings may be known already.",
            "nb": "Banken merker dette som en kopi ({found}): posteringene kan være kjent fra før.",
            "nl": "De bank noemt dit een kopie ({found}): de boekingen kunnen al bekend zijn.",
        },
        _NOTHING,
    ),
}


def remark(
    code: str,
    *,
    location: str = "",
    line: int | None = None,
    found: object = "",
    expected: object = "",
    what: str = "",
    start: int | None = None,
    end: int | None = None,
) -> Finding:
    """The finding of a code at a place; `line` is 1-based and also the record number of fixed-width files."""
    severity, text, hint = _REMARKS[code]
    values = {"found": str(found)[:_LONGEST], "expected": str(expected)[:_LONGEST], "what": what}
    return Finding(
        code=code,
        severity=severity,
        text={language: sentence.format(**values) for language, sentence in text.items()},
        hint=hint,
        location=location or (f"line {line}" if line is not None else ""),
        line=line,
        record=line if start is not None else None,
        start=start,
        end=end,
        value=values["found"],
        expected=values["expected"],
    )


def unreadable_remark(error: FormatError) -> Finding:
    """The finding of a file that cannot be read at all; what the reader says is in English, so it is quoted."""
    return remark("KVITT-BANK-UNREADABLE", location=error.where, what=error.message)
