"""Official rules of set 2026.5 that can never fail as they are coded, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.peppol.rules.core import Texts
from schemas.peppol.rules.texts import said


def _same_kind(entry: str, reason: tuple[str, str], nb: str, nl: str) -> Texts:
    code, text = reason
    return said(
        f"Whether reason code ({code}) and reason ({text}) of {entry} mean the same, only people can tell.",
        f"Om årsakskode ({code}) og årsak ({text}) for {nb} betyr det samme, kan bare mennesker avgjøre.",
        f"Of redencode ({code}) en reden ({text}) van {nl} hetzelfde betekenen, kunnen alleen mensen zien.",
    )


def _misplaced(amount: str, currency: str) -> Texts:
    return said(
        f"It looks for {currency} inside the total VAT ({amount}), where it never is; UBL-DT-01 counts its decimals.",
        f"Den leter etter {currency} inne i sum avgift ({amount}), der den aldri står; UBL-DT-01 teller desimalene.",
        f"Zij zoekt {currency} binnen het totaal btw ({amount}), waar die nooit staat; UBL-DT-01 telt de decimalen.",
    )


NEVER: Mapping[str, Texts] = MappingProxyType(
    {
        "BR-CO-05": _same_kind(
            "a document allowance", ("BT-98", "BT-97"), "rabatt på dokumentet", "een documentkorting"
        ),
        "BR-CO-06": _same_kind("a document charge", ("BT-105", "BT-104"), "gebyr på dokumentet", "een documenttoeslag"),
        "BR-CO-07": _same_kind("a line allowance", ("BT-140", "BT-139"), "rabatt på linjen", "een regelkorting"),
        "BR-CO-08": _same_kind("a line charge", ("BT-145", "BT-144"), "gebyr på linjen", "een regeltoeslag"),
        "BR-DEC-13": _misplaced("BT-110", "cbc:DocumentCurrencyCode"),
        "BR-DEC-15": _misplaced("BT-111", "cbc:TaxCurrencyCode"),
        "PEPPOL-COMMON-R048": said(
            "It is commented out in release 2026.5: scheme 9906 is not judged.",
            "Den er kommentert ut i utgave 2026.5: skjema 9906 blir ikke vurdert.",
            "Zij is uitgecommentarieerd in uitgave 2026.5: schema 9906 wordt niet beoordeeld.",
        ),
        "PEPPOL-T111-R005": said(
            "It asks whether the answer to a comparison exists, and an answer always does.",
            "Den spør om svaret på en sammenligning finnes, og et svar finnes alltid.",
            "Zij vraagt of het antwoord op een vergelijking bestaat, en een antwoord bestaat altijd.",
        ),
    }
)
"""Their ids with one sentence each."""
