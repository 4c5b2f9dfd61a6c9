"""Rules UBL-SR (EN 16931 UBL 1.3.16): how often things may stand. Those that only count are in ubl_repeats.csv."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.resources import files

from schemas.peppol.rules.core import Everywhere, Rule, Texts
from schemas.peppol.rules.make import everywhere, present
from schemas.peppol.rules.set_2026_5.ubl_places import Another, Beyond, Chosen
from schemas.peppol.rules.terms import named, starting
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import View, every, has, parent
from schemas.xml import Element, local_name

_OFTEN = {
    1: {"en": "once", "nb": "én gang", "nl": "één keer"},
    2: {"en": "twice", "nb": "to ganger", "nl": "twee keer"},
}
_TOO_OFTEN = {
    "en": "{name} may stand at most {often} here.",
    "nb": "{name} kan stå høyst {often} her.",
    "nl": "{name} mag hier hoogstens {often} staan.",
}
_KEEP = {
    "en": "Keep {path} at most {often} and remove or merge the rest.",
    "nb": "Behold {path} høyst {often}, og fjern eller slå sammen resten.",
    "nl": "Houd {path} hoogstens {often} en verwijder de rest of voeg die samen.",
}
_REGISTRATIONS = said(
    "A seller has at most two tax registrations: a VAT number (BT-31) and another (BT-32).",
    "En selger har høyst to skatteregistreringer: et MVA-nummer (BT-31) og en annen (BT-32).",
    "Een verkoper heeft hoogstens twee fiscale registraties: een btw-nummer (BT-31) en een andere (BT-32).",
)
"""UBL-SR-42 counts registrations of whatever kind, which no single term names."""
_SELLER, _BUYER = "/cac:AccountingSupplierParty/cac:Party", "/cac:AccountingCustomerParty/cac:Party"
_TAX_ID = "cac:PartyTaxScheme/cbc:CompanyID"
_lines = everywhere("cac:InvoiceLine", "cac:CreditNoteLine")
_VAT_CATEGORY = "cac:Item/cac:ClassifiedTaxCategory"


def _rows() -> Iterator[Mapping[str, str]]:
    text = (files(__name__.rpartition(".")[0]) / "ubl_repeats.csv").read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _counting(rule_id: str, term: str, where: Everywhere, path: str, times: int = 1) -> Rule:
    text, hint = _words(term, path, times)
    return Rule(id=rule_id, where=where, text=text, hint=hint, term=term)


def _words(term: str, path: str, times: int = 1) -> tuple[Texts, Texts]:
    often = _OFTEN[times]
    text = {one: starting(words.format(name=named(term, one), often=often[one])) for one, words in _TOO_OFTEN.items()}
    return text, {one: words.format(path=path, often=often[one]) for one, words in _KEEP.items()}


def _counted(row: Mapping[str, str]) -> Rule:
    path, times = row["path"], int(row["times"])
    around = [one.rstrip("/") for one in row["around"].split()]
    paths = tuple(f"{one}/{path}" for one in around)
    rule = _counting(row["rule"], row["term"], Beyond(paths, path.count("/") + 1, times), path, times)
    return replace(rule, text=_REGISTRATIONS) if rule.id == "UBL-SR-42" else rule


def _codes(node: Element, path: str) -> list[str]:
    return [one.text or "" for one in every(node, path)]


def _is_object(node: Element) -> bool:
    return "130" in _codes(parent(node), "cbc:DocumentTypeCode")


def _scheme(node: Element) -> list[str]:
    """The tax schemes of a registration, in upper case; one without a name counts as an empty one."""
    found = every(parent(node), "cac:TaxScheme")
    return ["".join(_codes(one, "cbc:ID")).upper() for one in found]


def _vat(node: Element) -> bool:
    return "VAT" in _scheme(node)


def _not_vat(node: Element) -> bool:
    return any(one != "VAT" for one in _scheme(node))


def _all_registered(view: View) -> bool:
    spots = view.spots_at("cac:PartyTaxScheme")
    return all(spot.all_hold(path) for spot in spots for path in ("cac:TaxScheme/cbc:ID", "cbc:CompanyID"))


def _one_of(party: str, *, vat: bool) -> Callable[[View], bool]:
    """A proof for registrations that each say one number and one scheme: one scheme at most is (or is not) VAT."""

    def sure(view: View) -> bool:
        spot = view.spots[f"{party}/cac:PartyTaxScheme"]
        below = [spot.down(path) for path in ("cbc:CompanyID", "cac:TaxScheme", "cac:TaxScheme/cbc:ID")]
        simple = all(one is not None and one.holders == len(one.nodes) == len(spot.nodes) for one in below)
        schemes = [text for one in below[2:] if one is not None for text in one.texts]
        return simple and sum((text.upper() == "VAT") == vat for text in schemes) <= 1

    return sure


def _is_creditor(node: Element) -> bool:
    return (node.get("schemeID") or "").upper() == "SEPA"


def _entry(rule_id: str, term: str, indicators: tuple[str, str]) -> Rule:
    """The reason of an allowance or a charge, wherever it stands."""
    path = "cbc:AllowanceChargeReason"
    text, hint = _words(term, path)

    def holds(node: Element, _: View) -> bool:
        return not any(one.strip() in indicators for one in _codes(parent(node), "cbc:ChargeIndicator"))

    where = Beyond((f"cac:AllowanceCharge/{path}",), 1, 1)
    return Rule(id=rule_id, where=where, holds=holds, text=text, hint=hint, term=term)


def _registration(rule_id: str, term: str, party: str, *, vat: bool) -> Rule:
    """A party's registration for VAT, or for something else."""
    where = Chosen((f"{party}/{_TAX_ID}",), _vat if vat else _not_vat, 1)
    return replace(_counting(rule_id, term, where, _TAX_ID), sure=_one_of(party, vat=vat))


def _payee(rule_id: str, term: str, path: str, counts: Callable[[Element], bool] = lambda _: True) -> Rule:
    """Something of the payee: once, and the payee must be another than the seller."""
    once = _words(term, path)[0]

    def holds(node: Element, _: View) -> bool:
        return len([one for one in every(node, path) if counts(one)]) <= 1 and _is_another(node)

    def sure(view: View) -> bool:
        """A proof for a payee below the root that says it once."""
        (payee,) = view.spots_at("cac:PayeeParty")
        found = payee.down(path)
        return payee.path == "/cac:PayeeParty" and (found is None or len(found.nodes) == 1) and _one_is_another(view)

    return Rule(
        id=rule_id,
        where=everywhere("cac:PayeeParty"),
        holds=holds,
        sure=sure,
        text=said(
            f"{once['en'][:-1]}, and the payee (BG-10) must have a name other than the seller's.",
            f"{once['nb'][:-1]}, og betalingsmottakeren (BG-10) må ha et annet navn enn selgeren.",
            f"{once['nl'][:-1]}, en de begunstigde (BG-10) moet een andere naam hebben dan de verkoper.",
        ),
        hint=said(
            "Leave cac:PayeeParty out where the seller is paid; else name who is, once.",
            "Ta ut cac:PayeeParty når selgeren får betalingen; ellers oppgi mottakeren én gang.",
            "Laat cac:PayeeParty weg als de verkoper wordt betaald; noem anders de begunstigde één keer.",
        ),
        term=term,
    )


def _is_another(payee: Element) -> bool:
    seller = "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName"
    known = _codes(parent(payee), seller)
    return any(name != one for name in _codes(payee, "cac:PartyName/cbc:Name") for one in known)


def _one_is_another(view: View) -> bool:
    """As `_is_another`, of the one payee of a document."""
    view.only("/cac:PayeeParty")
    names = view.texts("/cac:PayeeParty/cac:PartyName/cbc:Name")
    known = view.texts(f"{_SELLER}/cac:PartyLegalEntity/cbc:RegistrationName")
    return bool(names and known) and len(names | known) > 1


def _scheme_allowed(node: Element, view: View) -> bool:
    """Only an invoiced object (130; on a credit note also a project, 50) may say scheme or type."""
    codes = _codes(node, "cbc:DocumentTypeCode")
    if "130" in codes or (local_name(view.root) == "CreditNote" and "50" in codes):
        return True
    return not codes and all(one.get("schemeID") is None for one in every(node, "cbc:ID"))


def _none_schemed(view: View) -> bool:
    """A proof: no such reference has a type or a scheme."""
    spots = view.spots_at("cac:AdditionalDocumentReference")
    paths = (f"{spot.path}/cbc:{one}" for spot in spots for one in ("DocumentTypeCode", "ID/@schemeID"))
    return all(path not in view.spots and path not in view.bearers for path in paths)


def _one_category(view: View) -> bool:
    """A proof: every line has the group, and nowhere is there a second one."""
    spots = [spot for one in _lines.paths for spot in view.spots_at(one)]
    below = [spot.down(_VAT_CATEGORY) for spot in spots]
    return all(
        spot.all_hold(_VAT_CATEGORY) and found is not None and len(found.nodes) == len(spot.nodes)
        for spot, found in zip(spots, below, strict=True)
    )


_CONDITIONAL = (
    _counting("UBL-SR-04", "BT-18", Chosen(("/cac:AdditionalDocumentReference/cbc:ID",), _is_object, 1), "cbc:ID"),
    present("UBL-SR-07", "BT-25", "cac:InvoiceDocumentReference/cbc:ID", everywhere("cac:BillingReference")),
    _registration("UBL-SR-12", "BT-31", _SELLER, vat=True),
    _registration("UBL-SR-13", "BT-32", _SELLER, vat=False),
    _registration("UBL-SR-18", "BT-48", _BUYER, vat=True),
    _payee("UBL-SR-19", "BT-59", "cac:PartyName/cbc:Name"),
    _payee("UBL-SR-20", "BT-60", "cac:PartyIdentification/cbc:ID", lambda node: not _is_creditor(node)),
    _payee("UBL-SR-21", "BT-61", "cac:PartyLegalEntity/cbc:CompanyID"),
    _counting("UBL-SR-29", "BT-90", Chosen(("cac:PartyIdentification/cbc:ID",), _is_creditor, 1), "cbc:ID"),
    _entry("UBL-SR-30", "BT-97", ("false", "0")),
    _entry("UBL-SR-31", "BT-104", ("true", "1")),
    Rule(
        id="UBL-SR-43",
        where=everywhere("cac:AdditionalDocumentReference"),
        holds=_scheme_allowed,
        sure=_none_schemed,
        text=said(
            "Only an invoiced object (BT-18) may have a scheme or a type code, namely 130.",
            "Bare et fakturert objekt (BT-18) kan ha skjema eller typekode, nemlig 130.",
            "Alleen een gefactureerd object (BT-18) mag een schema of een typecode hebben, namelijk 130.",
        ),
        hint=said(
            "Remove @schemeID and cbc:DocumentTypeCode from attachments (50 is for a project on a credit note).",
            "Fjern @schemeID og cbc:DocumentTypeCode fra vedlegg (50 er for et prosjekt på en kreditnota).",
            "Verwijder @schemeID en cbc:DocumentTypeCode uit bijlagen (50 is voor een project op een creditnota).",
        ),
        term="BT-18",
    ),
    Rule(
        id="UBL-SR-44",
        where=Another(("cbc:PaymentID",)),
        text=said(
            "The document gives more than one payment reference (BT-83).",
            "Dokumentet oppgir mer enn én betalingsreferanse (BT-83).",
            "Het document geeft meer dan één betalingskenmerk (BT-83).",
        ),
        hint=said(
            "Give the same cbc:PaymentID in every cac:PaymentMeans.",
            "Bruk samme cbc:PaymentID i alle cac:PaymentMeans.",
            "Gebruik in elke cac:PaymentMeans dezelfde cbc:PaymentID.",
        ),
        term="BT-83",
        at=".",
    ),
    _counting(
        "UBL-SR-46",
        "BT-82",
        Chosen(("/cac:PaymentMeans/cbc:PaymentMeansCode",), lambda node: node.get("name") is not None, 1),
        "cbc:PaymentMeansCode/@name",
    ),
    Rule(
        id="UBL-SR-47",
        where=Another(("cbc:PaymentMeansCode",)),
        text=said(
            "The document gives more than one means of payment (BT-81).",
            "Dokumentet oppgir mer enn én betalingsmåte (BT-81).",
            "Het document geeft meer dan één betaalwijze (BT-81).",
        ),
        hint=said(
            "Give the same cbc:PaymentMeansCode everywhere; write other ways to pay in the terms (BT-20).",
            "Bruk samme cbc:PaymentMeansCode i alle cac:PaymentMeans; skriv andre måter i betingelsene (BT-20).",
            "Gebruik overal dezelfde cbc:PaymentMeansCode; schrijf andere manieren in de voorwaarden (BT-20).",
        ),
        term="BT-81",
        at=".",
    ),
    Rule(
        id="UBL-SR-48",
        where=_lines,
        holds=lambda node, _: len(every(node, _VAT_CATEGORY)) == 1,
        sure=_one_category,
        text=said(
            "A line must have exactly one VAT category (BT-151).",
            "En linje skal ha nøyaktig én avgiftskategori (BT-151).",
            "Een regel moet precies één btw-categorie hebben (BT-151).",
        ),
        hint=said(
            "Give one cac:ClassifiedTaxCategory; split a line that falls under two.",
            "Oppgi én cac:ClassifiedTaxCategory; del en linje som hører til to.",
            "Geef één cac:ClassifiedTaxCategory; splits een regel die onder twee valt.",
        ),
        term="BT-151",
    ),
    Rule(
        id="UBL-SR-53",
        where=everywhere("cac:PartyTaxScheme"),
        holds=lambda node, _: has(node, "cac:TaxScheme/cbc:ID") and has(node, "cbc:CompanyID"),
        sure=_all_registered,
        text=missing("BT-31"),
        hint=fill("cbc:CompanyID, cac:TaxScheme/cbc:ID"),
        term="BT-31",
    ),
)

RULES = (*(_counted(row) for row in _rows()), *_CONDITIONAL)
