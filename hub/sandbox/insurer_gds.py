"""How the practice insurer, and its VECOZO, answer GDS801 messages: verdicts by BSN, as a plan says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from hub.model.money import Money
from hub.model.reply import Code
from mappings.gds_responses import to_gds802
from mappings.vektis_responses import LineVerdict
from schemas import gds
from schemas.gds import GdsMessage


def receiver(message: GdsMessage) -> str:
    """The UZOVI number a message is for."""
    return message.root.text_at("Header/Ontvanger")


def answered(
    message: GdsMessage, lines: Mapping[str, LineVerdict], shown: Collection[str], *, day: date, payer_ref: str
) -> bytes:
    """The insurer's response: what is not named is granted as claimed."""
    verdicts = {ref: lines[bsn] for ref, bsn in _lines(message) if bsn in lines}
    named = {ref for ref, bsn in _lines(message) if bsn in shown}
    return gds.write(to_gds802(message, verdicts, response_date=day, payer_ref=payer_ref, shown=named))


def cleared(message: GdsMessage, faults: Mapping[str, Code], *, day: date) -> bytes:
    """VECOZO's own response: the message is refused for these lines."""
    nothing = Money(0, "EUR")
    verdicts = {
        ref: LineVerdict(granted=nothing, codes=(faults[bsn],)) for ref, bsn in _lines(message) if bsn in faults
    }
    return gds.write(to_gds802(message, verdicts, response_date=day, clearing=True))


def _lines(message: GdsMessage) -> Iterator[tuple[str, str]]:
    """Every line's reference with the BSN it is about."""
    for insured in message.root.all("Verzekerde"):
        for wrapper in insured.all("Prestatie"):
            for one in wrapper.children:
                yield one.text_at("Referentienummer"), insured.text_at("BSN")
