"""National rules of Peppol billing 3.0.21 for sellers in Greece (GR-R, and the warnings GR-S)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import Where, everywhere, only, root
from schemas.peppol.rules.set_2026_5.nations import (
    BUYER,
    COUNTRY,
    REPRESENTATIVE,
    SELLER,
    country,
    plain,
    text_at,
    texts_at,
    vat_numbers,
)
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import Nodes, View, every, parent
from schemas.xml import Element

_GREEK = ("GR", "EL")
_SCHEME = "9933"
"""Greek VAT number, in the list of electronic address schemes."""
_TYPES = ("1.1", "1.6", "2.1", "2.4", "5.1", "5.2")
_DATE = re.compile(r"(0?[1-9]|[12][0-9]|3[01])[-\\/ ]?(0?[1-9]|1[0-2])[-\\/ ]?(19|20)[0-9]{2}")
_INTEGER = re.compile(r"\+?[0-9]+|-0+")
_TIN = re.compile(r"[0-9]{9}")
_MARK, _LINK = "##M.AR.K##", "##INVOICE|URL##"
_DESCRIPTION = "cac:AdditionalDocumentReference/cbc:DocumentDescription"


def _greek(view: View) -> bool:
    return country(view, SELLER, REPRESENTATIVE) in _GREEK


def _greek_by_address(view: View) -> bool:
    return view.once(_greek) and any(one.text == "GR" for one in view.all(f"{SELLER}/{COUNTRY}"))


def _greek_itself(view: View) -> bool:
    """By the seller's own VAT number or address; a tax representative does not count."""
    return country(view, SELLER) in _GREEK


def _domestic(view: View) -> bool:
    return view.once(_greek) and country(view, BUYER) in _GREEK


def _is_tin(text: str) -> bool:
    """The ninth digit checks the eight before it; what follows is not looked at."""
    if not _TIN.match(text):
        return False
    total = sum(int(digit) << 8 - place for place, digit in enumerate(text[:8]))
    return total % 11 % 10 == int(text[8])


def _is_vat(text: str) -> bool:
    return text[:2] == "EL" and _is_tin(text[2:])


def _segments(node: Element) -> list[str]:
    """The parts of a Greek invoice number; those that are not there are empty."""
    return [*(node.text or "").split("|"), "", "", "", "", "", ""]


def _six(node: Element, _: View) -> bool:
    return (node.text or "").count("|") == 5


def _own_tin(node: Element, view: View) -> bool:
    tin = _segments(node)[0]
    known = {text[2:11] for one in view.all(SELLER, REPRESENTATIVE) for text in vat_numbers(one)}
    return len(plain(tin)) == 9 and _is_tin(tin) and tin in known


def _issue_date(node: Element, view: View) -> bool:
    written = _segments(node)[1]
    issued = text_at(view.root, "cbc:IssueDate").split("-")
    return bool(_DATE.match(written)) and len(issued) >= 3 and written.split("/")[:3] == issued[2::-1]


def _counted(node: Element, _: View) -> bool:
    return _INTEGER.fullmatch(plain(_segments(node)[2])) is not None


def _named(node: Element, _: View) -> bool:
    return any(text_at(one, "cbc:Name") != "" for one in every(node, "cac:PartyName"))


def _tax_numbers(node: Element) -> list[str]:
    found = every(node, "cac:PartyTaxScheme")
    vat = [one for one in found if plain(text_at(one, "cac:TaxScheme/cbc:ID")) == "VAT"]
    return [text for one in vat for text in texts_at(one, "cbc:CompanyID")]


def _one_vat(node: Element, _: View) -> bool:
    found = _tax_numbers(node)
    return len(found) == 1 and _is_vat(found[0])


def _vat_registrations(view: View) -> Nodes:
    found = view.all("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID")
    return [node for node in found if plain(text_at(parent(node), "cac:TaxScheme/cbc:ID")) == "VAT"]


def _addressed(node: Element, _: View) -> bool:
    return node.get("schemeID") == _SCHEME and _is_tin(node.text or "")


def _documents(view: View, kind: str, path: str = _DESCRIPTION) -> Nodes:
    """The supporting documents of a kind."""
    return [parent(node) for node in view.all(path) if node.text == kind]


def _count(view: View, kind: str) -> int:
    return len(_documents(view, kind, f"/{_DESCRIPTION}"))


def _marks(view: View) -> Nodes:
    return [one for document in _documents(view, _MARK) for one in every(document, "cbc:ID")]


def _rule(
    rule_id: str, where: Where, holds: Callable[[Element, View], bool], text: Texts, hint: Texts, term: str
) -> Rule:
    return Rule(id=rule_id, where=where, holds=holds, text=text, hint=hint, term=term)


def _segment(place: int, holds: Callable[[Element, View], bool], text: Texts) -> Rule:
    return _rule(f"GR-R-001-{place}", everywhere("/cbc:ID"), holds, text, _NUMBER_HINT, "BT-1")


def _part(place: int, en: str, nb: str, nl: str) -> Texts:
    return said(
        f"Part {place} of a Greek invoice number (BT-1) {en}.",
        f"Del {place} av et gresk fakturanummer (BT-1) {nb}.",
        f"Deel {place} van een Grieks factuurnummer (BT-1) {nl}.",
    )


def _vat_text(term: str) -> Texts:
    return said(
        f"A Greek VAT number ({term}) is EL and nine digits, the last of which checks the others.",
        f"Et gresk MVA-nummer ({term}) er EL og ni sifre, der det siste kontrollerer de andre.",
        f"Een Grieks btw-nummer ({term}) is EL en negen cijfers, waarvan het laatste de andere controleert.",
    )


def _address_rule(rule_id: str, term: str, party: str) -> Rule:
    return _rule(
        rule_id,
        everywhere(f"{party}/cbc:EndpointID"),
        _addressed,
        said(
            f"A Greek electronic address ({term}) is a valid tax number (AFM) under the scheme {_SCHEME}.",
            f"En gresk elektronisk adresse ({term}) er et gyldig skattenummer (AFM) under skjemaet {_SCHEME}.",
            f"Een Grieks elektronisch adres ({term}) is een geldig fiscaal nummer (AFM) onder het schema {_SCHEME}.",
        ),
        said(
            f"Write the nine digits in cbc:EndpointID and @schemeID {_SCHEME}.",
            f"Skriv de ni sifrene i cbc:EndpointID og @schemeID {_SCHEME}.",
            f"Schrijf de negen cijfers in cbc:EndpointID en @schemeID {_SCHEME}.",
        ),
        term,
    )


_NUMBER_HINT = said(
    "Write tax number, issue date (DD/MM/YYYY), branch, document type, series and number with | between.",
    "Skriv skattenummer, fakturadato (DD/MM/ÅÅÅÅ), filial, dokumenttype, serie og nummer med | mellom.",
    "Schrijf fiscaal nummer, factuurdatum (DD/MM/JJJJ), filiaal, documenttype, reeks en nummer met | ertussen.",
)
_VAT_HINT = fill("cac:PartyTaxScheme/cbc:CompanyID (EL + 9)")
_NAME_HINT = fill("cac:PartyName/cbc:Name")
_seller, _buyer = (
    everywhere("cac:AccountingSupplierParty/cac:Party"),
    everywhere("cac:AccountingCustomerParty/cac:Party"),
)

RULES = (
    *only(
        _greek,
        _segment(
            1,
            _six,
            said(
                "A Greek invoice number (BT-1) has six parts.",
                "Et gresk fakturanummer (BT-1) har seks deler.",
                "Een Grieks factuurnummer (BT-1) heeft zes delen.",
            ),
        ),
        _segment(
            2,
            _own_tin,
            _part(
                1,
                "is not the tax number of the seller or the tax representative",
                "er ikke skattenummeret til selgeren eller skatterepresentanten",
                "is niet het fiscale nummer van de verkoper of de fiscaal vertegenwoordiger",
            ),
        ),
        _segment(
            3,
            _issue_date,
            _part(2, "is not the issue date (BT-2)", "er ikke fakturadatoen (BT-2)", "is niet de factuurdatum (BT-2)"),
        ),
        _segment(
            4,
            _counted,
            _part(
                3,
                "is not a whole number from 0 (branch)",
                "er ikke et helt tall fra 0 (filial)",
                "is geen geheel getal vanaf 0 (filiaal)",
            ),
        ),
        _segment(
            5,
            lambda node, _: _segments(node)[3] in _TYPES,
            _part(
                4,
                f"is not a Greek document type ({', '.join(_TYPES)})",
                f"er ikke en gresk dokumenttype ({', '.join(_TYPES)})",
                f"is geen Grieks documenttype ({', '.join(_TYPES)})",
            ),
        ),
        _segment(
            6,
            lambda node, _: _segments(node)[4] != "",
            _part(5, "is missing (series)", "mangler (serie)", "ontbreekt (reeks)"),
        ),
        _segment(
            7,
            lambda node, _: _segments(node)[5] != "",
            _part(6, "is missing (number)", "mangler (nummer)", "ontbreekt (nummer)"),
        ),
        _rule("GR-R-002", _seller, _named, missing("BT-28"), _NAME_HINT, "BT-28"),
        replace(
            _rule("GR-S-011", _seller, _one_vat, _vat_text("BT-31"), _VAT_HINT, "BT-31"), severity=Severity.WARNING
        ),
        Rule(
            id="GR-R-003",
            where=_vat_registrations,
            fits=_is_vat,
            text=_vat_text("BT-31"),
            hint=_VAT_HINT,
            term="BT-31",
            at=".",
        ),
        _rule(
            "GR-R-008-3",
            lambda view: _documents(view, _LINK),
            lambda node, _: plain(text_at(node, "cac:Attachment/cac:ExternalReference/cbc:URI")) != "",
            missing("BT-124"),
            fill("cac:Attachment/cac:ExternalReference/cbc:URI"),
            "BT-124",
        ),
        _rule("GR-R-005", _buyer, _named, missing("BT-45"), _NAME_HINT, "BT-45"),
    ),
    *only(
        _greek_by_address,
        _rule(
            "GR-R-004-1",
            root,
            lambda _, view: _count(view, _MARK) == 1,
            said(
                f"A Greek invoice names its MARK number once, as a supporting document (BG-24) called {_MARK}.",
                f"En gresk faktura oppgir MARK-nummeret én gang, som et vedlegg (BG-24) med navnet {_MARK}.",
                f"Een Griekse factuur noemt haar MARK-nummer één keer, als bijlage (BG-24) met de naam {_MARK}.",
            ),
            said(
                "Report the invoice to myDATA and write the number in cbc:ID of that supporting document.",
                "Meld fakturaen til myDATA, og skriv nummeret i cbc:ID i det vedlegget.",
                "Meld de factuur bij myDATA en schrijf het nummer in cbc:ID van die bijlage.",
            ),
            "BG-24",
        ),
        _rule(
            "GR-R-004-2",
            _marks,
            lambda node, _: (node.text or "")[:1] in tuple("123456789"),
            said(
                "A MARK number (BT-122) is a positive whole number.",
                "Et MARK-nummer (BT-122) er et positivt helt tall.",
                "Een MARK-nummer (BT-122) is een positief geheel getal.",
            ),
            said(
                "Write the number as myDATA gave it, in digits only.",
                "Skriv nummeret slik myDATA ga det, bare med sifre.",
                "Schrijf het nummer zoals myDATA het gaf, met alleen cijfers.",
            ),
            "BT-122",
        ),
        replace(
            _rule(
                "GR-S-008-1",
                root,
                lambda _, view: _count(view, _LINK) == 1,
                said(
                    f"A Greek invoice should say where it can be seen, in a supporting document called {_LINK}.",
                    f"En gresk faktura bør si hvor den kan ses, i et vedlegg (BG-24) med navnet {_LINK}.",
                    f"Een Griekse factuur zegt waar zij te zien is, in een bijlage (BG-24) met de naam {_LINK}.",
                ),
                fill("cac:Attachment/cac:ExternalReference/cbc:URI"),
                "BG-24",
            ),
            severity=Severity.WARNING,
        ),
        _rule(
            "GR-R-008-2",
            root,
            lambda _, view: _count(view, _LINK) <= 1,
            said(
                f"More than one supporting document (BG-24) is called {_LINK}.",
                f"Mer enn ett vedlegg (BG-24) har navnet {_LINK}.",
                f"Meer dan één bijlage (BG-24) heeft de naam {_LINK}.",
            ),
            said(
                "Keep one; give the others a description of their own.",
                "Behold ett; gi de andre en egen beskrivelse.",
                "Houd er één; geef de andere een eigen omschrijving.",
            ),
            "BG-24",
        ),
    ),
    *only(_greek_itself, _address_rule("GR-R-009", "BT-34", "cac:AccountingSupplierParty/cac:Party")),
    *only(
        _domestic,
        _rule("GR-R-006", _buyer, _one_vat, _vat_text("BT-48"), _VAT_HINT, "BT-48"),
        _address_rule("GR-R-010", "BT-49", "cac:AccountingCustomerParty/cac:Party"),
    ),
)
