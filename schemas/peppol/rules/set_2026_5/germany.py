"""National rules of Peppol billing 3.0.21 between parties in Germany (DE-R), which follow XRechnung."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import Where, everywhere, only, root
from schemas.peppol.rules.set_2026_5.nations import BUYER, SELLER, address_country, plain, text_at, texts_at
from schemas.peppol.rules.terms import named
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import Nodes, View, has
from schemas.xml import Element

_VAT_CODES = frozenset({"S", "Z", "E", "AE", "K", "G", "L", "M"})
_TYPES = ("326", "380", "384", "389", "381", "875", "876", "877")
_CORRECTED = "384"
_TRANSFER, _CARD, _DEBIT = ("30", "58"), ("48", "54", "55"), ("59",)
_ACCOUNT, _CARD_ACCOUNT, _MANDATE = "cac:PayeeFinancialAccount", "cac:CardAccount", "cac:PaymentMandate"
_MANDATES = f"/cac:PaymentMeans/{_MANDATE}"
_FILE = "/cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
_LINE_CODES = tuple(
    f"/cac:{line}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID" for line in ("InvoiceLine", "CreditNoteLine")
)
_SKONTO = re.compile(r"#SKONTO#TAGE=[0-9]+#PROZENT=[0-9]+\.[0-9]{2}(#BASISBETRAG=-?[0-9]+\.[0-9]{2})?#")
_ENTRY = re.compile(r"#[^\n\r]+#")
_ENDS_A_LINE = re.compile(r"[ \t\r\n]*\n")
_MAIL = re.compile(r"[^@ \t\r\n]+@([^@. \t\r\n]+\.)+[^@. \t\r\n]+")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{0,30}")


def _german(view: View) -> bool:
    return all(plain(address_country(view, party)).upper() == "DE" for party in (SELLER, BUYER))


def _filled(node: Element, path: str) -> bool:
    return any(plain(text) != "" for text in texts_at(node, path))


def _types(view: View) -> list[str]:
    return [plain(one.text) for one in view.all("/cbc:InvoiceTypeCode", "/cbc:CreditNoteTypeCode")]


def _taxed(view: View) -> bool:
    """Whether a line, an allowance or a charge has one of the VAT categories."""
    entries = (one for one in view.all("/cac:AllowanceCharge") if _indicated(one))
    codes = (code for one in entries for code in texts_at(one, "cac:TaxCategory/cbc:ID"))
    return any(code in _VAT_CODES for code in codes) or any(one.text in _VAT_CODES for one in view.all(*_LINE_CODES))


def _indicated(entry: Element) -> bool:
    return any(said in ("true", "false") for said in texts_at(entry, "cbc:ChargeIndicator"))


def _registered(node: Element, view: View) -> bool:
    numbers = f"{SELLER[1:]}/cac:PartyTaxScheme/cbc:CompanyID"
    return has(node, "cac:TaxRepresentativeParty") or _filled(node, numbers) or not _taxed(view)


def _discount_wrong(view: View) -> Nodes:
    return [node for node in view.all("/cac:PaymentTerms") if not _discount_right(text_at(node, "cbc:Note"))][:1]


def _discount_right(text: str) -> bool:
    """Every line of the terms that begins with # is a whole statement, and a line break ends the last of them."""
    statements = [line for line in re.split(r"\r?\n", text) if plain(line).startswith("#")]
    if not statements:
        return True
    rest = _ENTRY.split(text)[-1]
    return all(_SKONTO.fullmatch(plain(line)) for line in statements) and _ENDS_A_LINE.match(rest) is not None


def _same_file(view: View) -> Nodes:
    """The first attached file whose name an earlier one has."""
    names: set[str] = set()
    for node in view.all(_FILE):
        name = node.get("filename")
        if name in names:
            return [node]
        names.update(() if name is None else (name,))
    return []


def _is_iban(text: str) -> bool:
    """Small letters count otherwise than capitals here, as officially."""
    account = re.sub(r"[ \t\r\n]", "", text)
    if not _IBAN.fullmatch(account):
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(ord(one) - (55 if one > "@" else 48)) for one in turned)) % 97 == 1


def _paid_by(codes: tuple[str, ...]) -> Where:
    """The means of payment with a code of some kind."""
    return lambda view: [
        node for node in view.all("/cac:PaymentMeans") if plain(text_at(node, "cbc:PaymentMeansCode")) in codes
    ]


def _mandates(view: View) -> Nodes:
    """The first direct debit: that there is one asks for the rest."""
    return view.all(_MANDATES)[:1]


def _creditor_known(_: Element, view: View) -> bool:
    found = view.all(f"{SELLER}/cac:PartyIdentification/cbc:ID", "/cac:PayeeParty/cac:PartyIdentification/cbc:ID")
    return any(node.get("schemeID") == "SEPA" for node in found)


def _rule(
    rule_id: str, where: Where, holds: Callable[[Element, View], bool], text: Texts, hint: Texts, term: str
) -> Rule:
    return Rule(id=rule_id, where=where, holds=holds, text=text, hint=hint, term=term)


def _warning(rule: Rule) -> Rule:
    return replace(rule, severity=Severity.WARNING)


def _needed(rule_id: str, term: str, path: str, where: Where) -> Rule:
    """Something that must hold text."""
    return _rule(rule_id, where, lambda node, _: _filled(node, path), _required(term), fill(path), term)


def _there(rule_id: str, term: str, path: str, where: Where) -> Rule:
    """Something that must be there."""
    return _rule(rule_id, where, lambda node, _: has(node, path), _required(term), fill(path), term)


def _required(term: str) -> Texts:
    return said(
        f"Between German parties {named(term, 'en')} must be given.",
        f"Mellom tyske parter skal {named(term, 'nb')} oppgis.",
        f"Tussen Duitse partijen moet {named(term, 'nl')} vermeld zijn.",
    )


def _means(number: str, term: str, codes: tuple[str, ...], wanted: str, *others: str) -> Iterator[Rule]:
    """A kind of payment needs its own details (-1) and no other's (-2)."""
    code, where = " / ".join(codes), _paid_by(codes)
    yield _rule(
        f"DE-R-{number}-1",
        where,
        lambda node, _: has(node, wanted),
        said(
            f"Payment means {code} (BT-81) needs {named(term, 'en')}.",
            f"Betalingsmåte {code} (BT-81) krever {named(term, 'nb')}.",
            f"Betaalwijze {code} (BT-81) vereist {named(term, 'nl')}.",
        ),
        fill(wanted),
        term,
    )
    yield _rule(
        f"DE-R-{number}-2",
        where,
        lambda node, _: not any(has(node, other) for other in others),
        said(
            f"With payment means {code} (BT-81) stand details of another kind of payment.",
            f"Ved betalingsmåte {code} (BT-81) står opplysninger for en annen betalingsform.",
            f"Bij betaalwijze {code} (BT-81) staan gegevens van een andere betaalvorm.",
        ),
        said(
            f"Keep {wanted} and remove {' and '.join(others)}.",
            f"Behold {wanted}, og fjern {' og '.join(others)}.",
            f"Houd {wanted} en verwijder {' en '.join(others)}.",
        ),
        "BT-81",
    )


def _iban_rule(rule_id: str, term: str, code: str, path: str) -> Rule:
    return Rule(
        id=rule_id,
        where=_paid_by((code,)),
        holds=lambda node, _: _is_iban(text_at(node, path)),
        text=said(
            f"For payment means {code} {named(term, 'en')} should be a valid IBAN.",
            f"For betalingsmåte {code} bør {named(term, 'nb')} være et gyldig IBAN.",
            f"Bij betaalwijze {code} hoort {named(term, 'nl')} een geldig IBAN te zijn.",
        ),
        hint=said(
            "Compare the number with the account holder's; one character is wrong or missing.",
            "Sammenlign nummeret med kontohaverens; et tegn er feil eller mangler.",
            "Vergelijk het nummer met dat van de rekeninghouder; een teken is fout of ontbreekt.",
        ),
        severity=Severity.WARNING,
        term=term,
    )


_supplier = everywhere("/cac:AccountingSupplierParty")
_contact = everywhere(f"{SELLER}/cac:Contact")
_seller_address, _buyer_address = everywhere(f"{SELLER}/cac:PostalAddress"), everywhere(f"{BUYER}/cac:PostalAddress")
_delivery_address = everywhere("/cac:Delivery/cac:DeliveryLocation/cac:Address")

RULES = only(
    _german,
    _there("DE-R-001", "BG-16", "cac:PaymentMeans", root),
    _there("DE-R-002", "BG-6", "cac:Party/cac:Contact", _supplier),
    _needed("DE-R-003", "BT-37", "cbc:CityName", _seller_address),
    _needed("DE-R-004", "BT-38", "cbc:PostalZone", _seller_address),
    _needed("DE-R-005", "BT-41", "cbc:Name", _contact),
    _needed("DE-R-006", "BT-42", "cbc:Telephone", _contact),
    _needed("DE-R-007", "BT-43", "cbc:ElectronicMail", _contact),
    _needed("DE-R-008", "BT-52", "cbc:CityName", _buyer_address),
    _needed("DE-R-009", "BT-53", "cbc:PostalZone", _buyer_address),
    _needed("DE-R-010", "BT-77", "cbc:CityName", _delivery_address),
    _needed("DE-R-011", "BT-78", "cbc:PostalZone", _delivery_address),
    _needed("DE-R-014", "BT-119", "cac:TaxCategory/cbc:Percent", everywhere("/cac:TaxTotal/cac:TaxSubtotal")),
    _needed("DE-R-015", "BT-10", "cbc:BuyerReference", root),
    _rule(
        "DE-R-016",
        root,
        _registered,
        _required("BT-31"),
        said(
            "Give the seller's VAT number (BT-31) or tax registration (BT-32), or a tax representative (BG-11).",
            "Oppgi selgers MVA-nummer (BT-31) eller skatteregistrering (BT-32), eller en skatterepresentant (BG-11).",
            "Geef btw-nummer (BT-31) of fiscale registratie (BT-32) van de verkoper, of een vertegenwoordiger (BG-11).",
        ),
        "BT-31",
    ),
    _warning(
        _rule(
            "DE-R-017",
            root,
            lambda _, view: any(code in _TYPES for code in _types(view)),
            said(
                "Germany does not use this type of invoice or credit note (BT-3).",
                "Tyskland bruker ikke denne typen faktura eller kreditnota (BT-3).",
                "Duitsland gebruikt dit type factuur of creditnota niet (BT-3).",
            ),
            fill(f"cbc:InvoiceTypeCode / cbc:CreditNoteTypeCode ({', '.join(_TYPES)})"),
            "BT-3",
        )
    ),
    Rule(
        id="DE-R-018",
        where=_discount_wrong,
        text=said(
            "A line of the payment terms (BT-20) begins with # but is not a whole statement on cash discount.",
            "En linje i betalingsbetingelsene (BT-20) begynner med #, men er ikke en hel kontantrabattlinje.",
            "Een regel van de betalingsvoorwaarden (BT-20) begint met # maar is geen volledige kortingsregel.",
        ),
        hint=said(
            "Write #SKONTO#TAGE=14#PROZENT=2.00# (days, per cent with two decimals) and a line break after it.",
            "Skriv #SKONTO#TAGE=14#PROZENT=2.00# (dager, prosent med to desimaler) og linjeskift etter.",
            "Schrijf #SKONTO#TAGE=14#PROZENT=2.00# (dagen, procent met twee decimalen) en daarna een regeleinde.",
        ),
        term="BT-20",
        at="cbc:Note",
    ),
    _iban_rule("DE-R-019", "BT-84", "58", f"{_ACCOUNT}/cbc:ID"),
    _iban_rule("DE-R-020", "BT-91", "59", f"{_MANDATE}/cac:PayerFinancialAccount/cbc:ID"),
    Rule(
        id="DE-R-022",
        where=_same_file,
        text=said(
            "Two attached files (BT-125) have the same name.",
            "To vedlagte filer (BT-125) har samme navn.",
            "Twee bijgevoegde bestanden (BT-125) hebben dezelfde naam.",
        ),
        hint=said(
            "Give each attachment a @filename of its own.",
            "Gi hvert vedlegg sitt eget @filename.",
            "Geef elke bijlage een eigen @filename.",
        ),
        term="BT-125",
    ),
    *_means("023", "BG-17", _TRANSFER, _ACCOUNT, _CARD_ACCOUNT, _MANDATE),
    *_means("024", "BG-18", _CARD, _CARD_ACCOUNT, _ACCOUNT, _MANDATE),
    *_means("025", "BG-19", _DEBIT, _MANDATE, _ACCOUNT, _CARD_ACCOUNT),
    _warning(
        _rule(
            "DE-R-026",
            root,
            lambda node, view: (
                _CORRECTED not in _types(view) or has(node, "cac:BillingReference/cac:InvoiceDocumentReference")
            ),
            missing("BG-3"),
            said(
                "A corrected invoice (384) names the invoice it corrects, in cac:BillingReference.",
                "En korrigert faktura (384) oppgir fakturaen den retter, i cac:BillingReference.",
                "Een gecorrigeerde factuur (384) noemt de factuur die zij corrigeert, in cac:BillingReference.",
            ),
            "BG-3",
        )
    ),
    _warning(
        _rule(
            "DE-R-027",
            _contact,
            lambda node, _: len(re.findall("[0-9]", text_at(node, "cbc:Telephone"))) >= 3,
            said(
                "The seller's telephone number (BT-42) has fewer than three digits.",
                "Selgers telefonnummer (BT-42) har færre enn tre sifre.",
                "Het telefoonnummer van de verkoper (BT-42) heeft minder dan drie cijfers.",
            ),
            fill("cbc:Telephone"),
            "BT-42",
        )
    ),
    _warning(
        _rule(
            "DE-R-028",
            _contact,
            lambda node, _: _MAIL.fullmatch(plain(text_at(node, "cbc:ElectronicMail"))) is not None,
            said(
                "The seller's e-mail address (BT-43) is not one.",
                "Selgers e-postadresse (BT-43) er ingen e-postadresse.",
                "Het e-mailadres van de verkoper (BT-43) is geen e-mailadres.",
            ),
            said(
                "Write one address with one @ and a dot in the name after it.",
                "Skriv én adresse med én @ og punktum i navnet etter den.",
                "Schrijf één adres met één @ en een punt in de naam erna.",
            ),
            "BT-43",
        )
    ),
    _rule(
        "DE-R-030",
        _mandates,
        _creditor_known,
        _required("BT-90"),
        fill("cac:PartyIdentification/cbc:ID[@schemeID = SEPA]"),
        "BT-90",
    ),
    _rule(
        "DE-R-031",
        _mandates,
        lambda _, view: bool(view.all(f"{_MANDATES}/cac:PayerFinancialAccount/cbc:ID")),
        _required("BT-91"),
        fill(f"{_MANDATE}/cac:PayerFinancialAccount/cbc:ID"),
        "BT-91",
    ),
    _warning(
        _rule(
            "DE-R-T02",
            everywhere("/cac:AdditionalDocumentReference/cac:Attachment/cac:ExternalReference"),
            lambda node, _: _URL.match(text_at(node, "cbc:URI")) is not None,
            said(
                "The address of a supporting document (BT-124) is not a whole web address.",
                "Adressen til et vedlegg (BT-124) er ikke en fullstendig nettadresse.",
                "Het adres van een bijlage (BT-124) is geen volledig webadres.",
            ),
            said(
                "Begin with the scheme, for example https:.",
                "Begynn med protokollen, for eksempel https:.",
                "Begin met het protocol, bijvoorbeeld https:.",
            ),
            "BT-124",
        )
    ),
)
