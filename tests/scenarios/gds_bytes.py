"""An insurer's GDS802 answers as text, made from what was sent: nothing of our tables, readers or writers is used.

Element names from VECOZO's public validation of GDS802.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

CLAIM = "{http://ei.vektis.nl/declaratiebericht573}"
ANSWER = "http://ei.vektis.nl/declaratiebericht574"


@dataclass(frozen=True, slots=True)
class Said:
    """What the insurer says of one line: amount awarded as written, codes with the element they name, and the rest."""

    awarded: str
    codes: Sequence[tuple[str, str]] = ()
    unpaid: str = "0.00"


def sent_root(sent: bytes) -> ET.Element:
    """The claim message we sent, read by Python's own parser."""
    return ET.fromstring(sent)  # noqa: S314 -- our own bytes


def text(root: ET.Element, path: str) -> str:
    """The text at a path of the claim message."""
    return root.findtext("/".join(f"{CLAIM}{name}" for name in path.split("/"))) or ""


def lines(sent: bytes) -> dict[str, dict[str, str]]:
    """Every performance that was sent, by its reference: its kind, its person, and its own values."""
    found: dict[str, dict[str, str]] = {}
    for insured in sent_root(sent).iter(f"{CLAIM}Verzekerde"):
        person = {name: insured.findtext(f"{CLAIM}{name}") or "" for name in ("BSN", "Geboortedatum", "UzoviNummer")}
        for wrapper in insured.iter(f"{CLAIM}Prestatie"):
            for one in wrapper:
                values = {each.tag.removeprefix(CLAIM): (each.text or "").strip() for each in one.iter()}
                values = {**person, **values, "kind": one.tag.removeprefix(CLAIM)}
                found[values["Referentienummer"]] = values
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Gds802:
    """A response to one GDS801 message. `says` is by line reference; other lines are not returned at all."""

    sent: bytes
    says: Mapping[str, Said] = field(default_factory=dict)
    role: str = "3"
    sender: str | None = None
    number: str | None = None
    payee: str | None = None
    payer_ref: str = "INS-1"
    day: str = "2024-01-24"
    message_codes: Mapping[str, str] = field(default_factory=dict)
    insured_codes: Mapping[str, str] = field(default_factory=dict)
    awarded: str | None = None

    def bytes(self) -> bytes:
        """The message."""
        root = sent_root(self.sent)
        asked = lines(self.sent)
        parts = [self._header(root), self._context(root), self._overview(root, asked)]
        for bsn in dict.fromkeys(each["BSN"] for each in asked.values()):
            mine = [ref for ref, each in asked.items() if each["BSN"] == bsn and ref in self.says]
            if mine or bsn in self.insured_codes:
                judged = "".join(_judged(ref, asked[ref]["kind"], self.says[ref]) for ref in mine)
                above = _feedback([(self.insured_codes[bsn], "BSN")]) if bsn in self.insured_codes else ""
                parts.append(f"<Verzekerde><BSN>{bsn}</BSN>{judged}{above}</Verzekerde>")
        return f'<?xml version="1.0" encoding="UTF-8"?><Bericht xmlns="{ANSWER}">{"".join(parts)}</Bericht>'.encode()

    def _header(self, root: ET.Element) -> str:
        sender = text(root, "Header/Ontvanger") if self.sender is None else self.sender
        named = f"<Verzender>{sender}</Verzender>" if self.role != "6" else ""
        return (
            "<Header><Berichtcode>574</Berichtcode><Berichtversie>1</Berichtversie>"
            "<Berichtsubversie>0</Berichtsubversie><Berichtsoort>T</Berichtsoort>"
            f"{named}<VerzenderRol>{self.role}</VerzenderRol>"
            f"<Ontvanger>{text(root, 'Header/Verzender')}</Ontvanger>"
            f"<OntvangerRol>{text(root, 'Header/VerzenderRol')}</OntvangerRol>"
            f"<Verzenddatum>{self.day}</Verzenddatum>"
            f"<Referentienummer>{self.number or text(root, 'Header/Referentienummer')}</Referentienummer>"
            f"{self._codes('Header')}</Header>"
        )

    def _context(self, root: ET.Element) -> str:
        payee = self.payee or text(root, "DeclaratieContext/Declarant/Zorgaanbiedercode")
        return (
            f"<DeclaratieContext><Declarant><Zorgaanbiedercode>{payee}</Zorgaanbiedercode>"
            "<ZorgaanbiederSoort>2</ZorgaanbiederSoort></Declarant>"
            f"<Factuurnummer>{self.number or text(root, 'DeclaratieContext/Factuurnummer')}</Factuurnummer>"
            f"<Factuurdatum>{text(root, 'DeclaratieContext/Factuurdatum')}</Factuurdatum>"
            "<Valutacode>EUR</Valutacode>"
            f"<DeclaratienummerVerzekeraar>{self.payer_ref}</DeclaratienummerVerzekeraar>"
            f"{self._codes('DeclaratieContext')}</DeclaratieContext>"
        )

    def _overview(self, root: ET.Element, asked: Mapping[str, Mapping[str, str]]) -> str:
        total = text(root, "Overzicht/TotaalDeclaratiebedragInclBtw/Bedrag")
        sign = text(root, "Overzicht/TotaalDeclaratiebedragInclBtw/DebetCreditCode")
        awarded = _cents(total) if sign == "D" else -_cents(total)
        for ref, said in self.says.items():
            one = asked[ref]
            turn = -1 if one["kind"] == "CreditPrestatie" else 1
            name = "DeclaratieBedragInclBtw" if turn == 1 else "ToegekendBedragInclBtwFinancieel"
            awarded += turn * (_cents(said.awarded) - _cents(one[name]))
        if self.role == "6" or self.message_codes:
            awarded = 0
        granted = self.awarded or f"{abs(awarded) // 100}.{abs(awarded) % 100:02d}"
        back = "C" if awarded < 0 else "D"
        return (
            f"<Overzicht>{_total('TotaalDeclaratiebedragInclBtw', total, sign)}"
            f"{_total('TotaalToegekendBedragInclBtwFinancieel', granted, back)}"
            f"{_total('TotaalToegekendBedragInclBtwNietFinancieel', '0.00', 'D')}</Overzicht>"
        )

    def _codes(self, place: str) -> str:
        return _feedback([(self.message_codes[place], "")]) if place in self.message_codes else ""


def _total(name: str, amount: str, sign: str) -> str:
    return f"<{name}><Bedrag>{amount}</Bedrag><DebetCreditCode>{sign}</DebetCreditCode></{name}>"


def _judged(ref: str, kind: str, said: Said) -> str:
    stem = "ToegekendCreditBedragInclBtw" if kind == "CreditPrestatie" else "ToegekendBedragInclBtw"
    return (
        f"<Prestatie><{kind}><Referentienummer>{ref}</Referentienummer>"
        f"<{stem}Financieel>{said.awarded}</{stem}Financieel><{stem}NietFinancieel>{said.unpaid}</{stem}NietFinancieel>"
        f"{_feedback(said.codes)}</{kind}></Prestatie>"
    )


def _feedback(codes: Sequence[tuple[str, str]]) -> str:
    def named(element: str) -> str:
        return f"<BetrokkenElement><Elementnaam>{element}</Elementnaam></BetrokkenElement>" if element else ""

    return "".join(f"<Feedback><Retourcode>{code}</Retourcode>{named(element)}</Feedback>" for code, element in codes)


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))
