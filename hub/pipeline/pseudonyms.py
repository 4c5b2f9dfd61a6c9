"""Messages with invented people and organisations in them, the same in every file under one key.

Check digits stay right (or wrong) as they were: BSN, fødselsnummer, organisation numbers, accounts, KID. Amounts,
codes, dates of treatment, counts and totals stay, so that a check says the same before and after. Vektis files go
through `schemas.vektis.tools.anonymise`; GDS messages and Peppol documents through the tables below, by element name.
What is in no table and holds a number of a person, an organisation or an account is changed all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from hub.errors import FormatError
from hub.model.identity import is_bban, is_bsn, is_fnr, is_kid, is_orgnr, make_kid
from schemas import gds, vektis
from schemas.vektis.tools.anonymise import ALL, Anonymiser, anonymised
from schemas.vektis.tools.fakes import fake, noise
from schemas.xml import Element, parse

_NUMBERS = re.compile(r"(?<![0-9])[0-9]{9}(?:[0-9]{2})?(?![0-9])")
_ORG = (3, 2, 7, 6, 5, 4, 3, 2)
_KONTO = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_FNR = ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
_ROOM = 60
_DIGITS = 10
_ORG_LENGTH, _FNR_LENGTH = 9, 11

_GDS_FORMS = {
    "BSN": "bsn",
    "Achternaam": "surname",
    "Voorvoegsels": "prefix",
    "Zorgaanbiedercode": "agb",
    "Straatnaam": "street",
    "Woonplaats": "town",
    "Commentaar": "text",
}
_GDS_SCRAMBLED = ("Initialen", "Verzekerdennummer", "PatientIdentificatienummer", "Diagnosecode", "Factuurnummer")
_GDS_GROUPS = ("Naamgegevens", "Adresgegevens", "Contactgegevens", "Bankgegevens", "BuitenlandVerzekerde")
_UBL_FORMS = {
    "Name": "surname",
    "RegistrationName": "surname",
    "StreetName": "street",
    "AdditionalStreetName": "street",
    "CityName": "town",
    "PostalZone": "number",
    "Telephone": "number",
    "ElectronicMail": "mail",
    "Note": "text",
    "Description": "text",
    "StatusReason": "text",
    "InstructionNote": "text",
    "BuyerReference": "number",
}
_UBL_REFERENCES = ("OrderReference", "InvoiceDocumentReference", "DocumentReference", "Invoice", "CreditNote")
"""Whose ID is one of our own numbers."""
_PLAIN_PROPERTIES = ("treatment_code", "treatment_datetime", "duration", "profession")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """Fakes by one key. `keep` are numbers that stay (the payer's own), `properties` our names of a payer's fields."""

    key: bytes
    keep: frozenset[str] = frozenset()
    properties: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Pseudonyms(***)"

    def of(self, payload: bytes) -> bytes | None:
        """The message with its fakes; None for what is of no kind we can make anonymous."""
        if vektis.recognise(payload) is not None:
            file = vektis.read(payload)
            anonymiser = Anonymiser(key=self.key, groups=ALL)
            made = anonymised(file.records, file.layout, anonymiser, drop_damaged=bool(file.damaged))
            return vektis.write(vektis.VektisFile(file.layout, tuple(made)))
        try:
            root = parse(payload)
        except FormatError:
            return None
        name = etree.QName(root)
        if gds.recognise(payload) is not None:
            self._each(root, self._gds)
        elif name.localname in ("Invoice", "CreditNote", "ApplicationResponse"):
            self._each(root, self._ubl)
        else:
            return None
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def _each(self, root: Element, made: Callable[[Element, str, str], str]) -> None:
        for element in list(root.iter()):
            if not isinstance(element.tag, str):
                element.text = ""
                continue
            text = (element.text or "").strip()
            if len(element) == 0 and text:
                element.text = made(element, etree.QName(element).localname, text)

    def _gds(self, element: Element, name: str, text: str) -> str:
        above = {etree.QName(one).localname for one in element.iterancestors()}
        if name == "Geboortedatum":
            return self._birth(text)
        if name in _GDS_FORMS:
            return fake(self.key, _GDS_FORMS[name], text, _ROOM)
        quoted = name == "Elementwaarde" or "eferentienummer" in name
        if quoted or name in _GDS_SCRAMBLED or above & set(_GDS_GROUPS):
            return fake(self.key, "bsn" if is_bsn(text) else "number", text, _ROOM)
        return self._numbers(text)

    def _ubl(self, element: Element, name: str, text: str) -> str:
        parent = element.getparent()
        above = etree.QName(parent).localname if parent is not None else ""
        if name == "PaymentID":
            return self._kid(text)
        if name == "ID" and above in _UBL_REFERENCES:
            return fake(self.key, "number", text, _ROOM)
        if name == "Value" and above == "AdditionalItemProperty":
            return self._property(element, text)
        if name == "BirthDate":
            return self._birth(text)
        form = _UBL_FORMS.get(name)
        of_item = above in ("Item", "AdditionalItemProperty", "TaxScheme", "PaymentMeans", "Country")
        if form is None or of_item or self._of_kept_party(element):
            return self._numbers(text)
        return fake(self.key, form, text, _ROOM)

    def _of_kept_party(self, element: Element) -> bool:
        """Whether a name or address is the payer's, whose numbers stay too."""
        party = next((one for one in element.iterancestors() if etree.QName(one).localname.endswith("Party")), None)
        if party is None:
            return False
        return any((one.text or "").strip() in self.keep for one in party.iter() if isinstance(one.tag, str))

    def _property(self, element: Element, text: str) -> str:
        siblings = element.itersiblings(preceding=True)
        called = next((one.text or "" for one in siblings if etree.QName(one).localname == "Name"), "")
        ours = self.properties.get(called, "")
        if ours in _PLAIN_PROPERTIES:
            return self._numbers(text)
        return fake(self.key, "surname" if ours == "therapist_name" else "number", text, _ROOM)

    def _kid(self, text: str) -> str:
        """A KID over the fake of the number it was made of, right exactly when the true one is."""
        if not (text.isdigit() and is_kid(text)):
            return fake(self.key, "number", text, _ROOM)
        number = text[:-1].lstrip("0") or "0"
        return make_kid(fake(self.key, "number", number, _ROOM), length=len(text))

    def _birth(self, text: str) -> str:
        try:
            day = date.fromisoformat(text[:10])
        except ValueError:
            return fake(self.key, "number", text, _ROOM)
        made = fake(self.key, "birth", f"{day:%Y%m%d}", 8)
        return f"{made[:4]}-{made[4:6]}-{made[6:]}"

    def _numbers(self, text: str) -> str:
        return _NUMBERS.sub(lambda hit: self.number(hit[0]), text)

    def number(self, text: str) -> str:
        """The fake of a number, by what it can be; anything that is nobody's stays."""
        if text in self.keep:
            return text
        if len(text) == _ORG_LENGTH and is_bsn(text):
            return fake(self.key, "bsn", text, _ORG_LENGTH)
        if len(text) == _ORG_LENGTH and is_orgnr(text):
            return self._drawn("orgnr", text, is_orgnr, _orgnr)
        if len(text) == _FNR_LENGTH and is_fnr(text, allow_synthetic=True):
            return self._drawn("fnr", text, lambda made: is_fnr(made, allow_synthetic=True), _fnr)
        if len(text) == _FNR_LENGTH and is_bban(text):
            return self._drawn("bban", text, is_bban, _bban)
        return text

    def _drawn(self, form: str, text: str, right: Callable[[str], bool], made: Callable[[bytes], str]) -> str:
        """One draw after another until the check digits exist."""
        for attempt in range(1000):
            found = made(noise(self.key, f"{form}/{attempt}", text, 12))
            if right(found) and found != text:
                return found
        return "0" * len(text)


def _figures(drawn: bytes, count: int) -> str:
    return "".join(str(byte % _DIGITS) for byte in drawn[:count])


def _check(body: str, weights: tuple[int, ...]) -> str:
    return str(-sum(int(char) * weight for char, weight in zip(body, weights, strict=True)) % 11)


def _orgnr(drawn: bytes) -> str:
    body = f"31{_figures(drawn, 6)}"
    return body + _check(body, _ORG)


def _bban(drawn: bytes) -> str:
    body = _figures(drawn, 10)
    return body + _check(body, _KONTO)


def _fnr(drawn: bytes) -> str:
    """A synthetic number (month + 80) of somebody born in 1950 to 1989."""
    day, month, year = drawn[0] % 28 + 1, drawn[1] % 12 + 81, drawn[2] % 40 + 50
    body = f"{day:02d}{month:02d}{year:02d}{int.from_bytes(drawn[3:5], 'big') % 500:03d}"
    first = body + _check(body, _FNR[0])
    return first + _check(first, _FNR[1]) if len(first) == _DIGITS else first
