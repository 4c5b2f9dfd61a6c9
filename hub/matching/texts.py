"""The findings of matching, in the three languages people read them in."""

from __future__ import annotations

from hub.model.finding import Finding, Severity

RULESET = "kvitt-matching-1"

_TEXTS: dict[str, tuple[str, str, str]] = {
    "UNKNOWN-INVOICE": (
        "the reply names {invoice}, which is none of our claims here",
        "svaret gjelder {invoice}, som ikke er blant kravene våre her",
        "het antwoord noemt {invoice}, dat hier geen declaratie van ons is",
    ),
    "UNKNOWN-LINE": (
        "the reply to {invoice} names line {line}, which we did not send",
        "svaret på {invoice} nevner linje {line}, som vi ikke har sendt",
        "het antwoord op {invoice} noemt regel {line}, die wij niet hebben ingediend",
    ),
    "AMBIGUOUS": (
        "{invoice} {line} fits more than one claim",
        "{invoice} {line} passer på mer enn ett krav",
        "{invoice} {line} past op meer dan één declaratie",
    ),
    "NO-NUMBER": (
        "the reply names no invoice or case that points at one claim",
        "svaret nevner ingen faktura eller sak som peker på ett krav",
        "het antwoord noemt geen factuur of zaak die één declaratie aanwijst",
    ),
    "DISAGREE": (
        "invoice {invoice} and case {line} belong to different claims",
        "faktura {invoice} og sak {line} hører til ulike krav",
        "factuur {invoice} en zaak {line} horen bij verschillende declaraties",
    ),
    "AWARD": (
        "the award on line {line} ({seen}) lies outside the claim ({expected}); it is held",
        "innvilget beløp på linje {line} ({seen}) ligger utenfor kravet ({expected}); holdes tilbake",
        "het toegekende bedrag op regel {line} ({seen}) valt buiten de declaratie ({expected}); aangehouden",
    ),
    "CURRENCY": (
        "the answer on line {line} is in another currency than the claim; it is held",
        "svaret på linje {line} er i en annen valuta enn kravet; holdes tilbake",
        "het antwoord op regel {line} is in een andere valuta dan de declaratie; aangehouden",
    ),
    "NO-AMOUNT": (
        "the answer changes line {line} without saying what is granted; it is held",
        "svaret endrer linje {line} uten å si hva som er innvilget; holdes tilbake",
        "het antwoord wijzigt regel {line} zonder te zeggen wat is toegekend; aangehouden",
    ),
    "CLAIMED": (
        "the payer says line {line} claimed {seen}, we claimed {expected}",
        "betaleren sier at linje {line} krevde {seen}, vi krevde {expected}",
        "de betaler zegt dat regel {line} {seen} declareerde, wij declareerden {expected}",
    ),
    "CONFLICT": (
        "the reply gives line {line} two different verdicts; it is held",
        "svaret gir linje {line} to ulike vedtak; holdes tilbake",
        "het antwoord geeft regel {line} twee verschillende uitkomsten; aangehouden",
    ),
    "CHANGED-MIND": (
        "the payer's verdict on line {line} was {expected} and is now {seen}",
        "betalerens vedtak på linje {line} var {expected} og er nå {seen}",
        "de uitkomst van regel {line} was {expected} en is nu {seen}",
    ),
    "OLD-ANSWER": (
        "an older answer on line {line} came again after a newer one; the newer one stays",
        "et eldre svar på linje {line} kom igjen etter et nyere; det nyere blir stående",
        "een ouder antwoord op regel {line} kwam opnieuw na een nieuwer; het nieuwere blijft",
    ),
    "CLAIMED-TOTAL": (
        "the reply to {invoice} counts {seen} claimed, we claimed {expected}",
        "svaret på {invoice} regner {seen} krevd, vi krevde {expected}",
        "het antwoord op {invoice} telt {seen} gedeclareerd, wij declareerden {expected}",
    ),
    "GRANTED-TOTAL": (
        "the reply to {invoice} states {seen} granted in total, its lines add up to {expected}",
        "svaret på {invoice} oppgir {seen} innvilget i alt, linjene gir {expected}",
        "het antwoord op {invoice} vermeldt in totaal {seen} toegekend, de regels tellen op tot {expected}",
    ),
    "ABSENT-HELD": (
        "{seen} lines the reply to {invoice} does not name are not taken as granted until it adds up",
        "{seen} linjer svaret på {invoice} ikke nevner, regnes ikke som innvilget før det går opp",
        "{seen} regels die het antwoord op {invoice} niet noemt, gelden niet als toegekend tot alles klopt",
    ),
    "SPREAD": (
        "{seen} granted on invoice {invoice} as a whole cannot be divided over its lines",
        "{seen} innvilget på faktura {invoice} samlet kan ikke fordeles på linjene",
        "{seen} toegekend op factuur {invoice} als geheel is niet over de regels te verdelen",
    ),
    "UNREADABLE": (
        "the reply to {invoice} cannot be judged automatically",
        "svaret på {invoice} kan ikke vurderes automatisk",
        "het antwoord op {invoice} is niet automatisch te beoordelen",
    ),
    "GRANTED-BEFORE": (
        "a rejection of {invoice} came after it was granted",
        "et avslag på {invoice} kom etter at den var innvilget",
        "een afwijzing van {invoice} kwam nadat zij was toegekend",
    ),
}


def problem(
    code: str,
    severity: Severity = Severity.ERROR,
    *,
    invoice: str = "",
    line: str = "",
    seen: object = "",
    expected: object = "",
    at: int | None = None,
) -> Finding:
    """A finding of matching; `at` is the line of the reply's own file."""
    values = {"invoice": invoice, "line": line, "seen": str(seen), "expected": str(expected)}
    texts = (text.format(**values) for text in _TEXTS[code])
    return Finding(
        code=f"KVITT-MATCH-{code}",
        severity=severity,
        text=dict(zip(("en", "nb", "nl"), texts, strict=True)),
        location=line or invoice,
        line=at,
        value=str(seen),
        expected=str(expected),
        ruleset=RULESET,
    )
