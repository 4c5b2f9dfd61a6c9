"""National rules of Peppol billing 3.0.21 for sellers in Sweden (SE-R)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule, Texts
from schemas.peppol.rules.make import only
from schemas.peppol.rules.set_2026_5.nations import COUNTRY, number, plain, text_at, texts_at, vat_numbers
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View, has, parent
from schemas.xml import Element

_SELLER, _BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
_RATES = (6, 12, 25)
_DIGITS = re.compile(r"[0-9]+")
_APPROVED = "GODKÄND FÖR F-SKATT"


def _lives_here(party: Element) -> bool:
    return "SE" in texts_at(party, COUNTRY)


def _swedish(view: View) -> bool:
    return "SE" in view.texts(f"{_SELLER}/{COUNTRY}")


def _with_vat(view: View) -> Nodes:
    """Sellers with a Swedish address and a Swedish VAT number."""
    return [one for one in view.all(_SELLER) if _lives_here(one) and any(t[:2] == "SE" for t in vat_numbers(one))]


def _taxed(view: View) -> bool:
    return view.once(_swedish) and bool(_with_vat(view))


def _domestic(view: View) -> bool:
    return _swedish(view) and any(_lives_here(party) for party in view.all(_BUYER))


def _legal(view: View) -> Nodes:
    """The registrations of Swedish sellers."""
    found = view.all(f"{_SELLER}/cac:PartyLegalEntity")
    return [node for node in found if has(node, "cbc:CompanyID") and _lives_here(parent(node))]


def _other_tax_numbers(view: View) -> Nodes:
    """Tax registrations that are not for VAT, of registered Swedish sellers."""
    registered = {parent(node) for node in _legal(view)}
    found = view.all(f"{_SELLER}/cac:PartyTaxScheme/cbc:CompanyID")
    return [node for node in found if parent(parent(node)) in registered and _scheme(parent(node)) != "VAT"]


def _scheme(node: Element) -> str:
    return plain(text_at(node, "cac:TaxScheme/cbc:ID").upper())


def _vat_long(node: Element, _: View) -> bool:
    return all(len(plain(text)) == 14 for text in vat_numbers(node))


def _vat_numeric(node: Element, _: View) -> bool:
    return all(number(text[2:14]) is not None for text in vat_numbers(node))


def _luhn(text: str) -> bool:
    """The tenth digit checks the nine before it; more digits are not looked at."""
    if not _DIGITS.fullmatch(text) or len(text) < 10:
        return False
    doubled = [int(one) * (2 if place % 2 == 0 else 1) for place, one in enumerate(text[:9])]
    return (10 - sum(one // 10 + one % 10 for one in doubled) % 10) % 10 == int(text[9])


def _standard(view: View) -> Nodes:
    """The categories at the standard rate."""
    found = view.all("cac:TaxCategory/cbc:ID", "cac:ClassifiedTaxCategory/cbc:ID")
    return [parent(node) for node in found if node.text == "S"]


def _giro(kind: str) -> Callable[[View], Nodes]:
    """Accounts that say to be of a giro."""
    branch = "cac:FinancialInstitutionBranch/cbc:ID"

    def is_giro(account: Element) -> bool:
        means = parent(account)
        return plain(text_at(means, "cbc:PaymentMeansCode")) == "30" and plain(text_at(account, branch)) == kind

    def where(view: View) -> Nodes:
        found = view.all("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID")
        return [node for node in found if is_giro(parent(node))]

    return where


def _coded(*codes: str) -> Callable[[View], Nodes]:
    """Means of payment with a code that is not to be used."""
    return lambda view: [
        parent(node) for node in view.all("cac:PaymentMeans/cbc:PaymentMeansCode") if node.text in codes
    ]


def _number_rule(rule_id: str, fits: Callable[[str], bool], text: Texts, hint: Texts) -> Rule:
    """A rule on a seller's organisation number."""
    return Rule(
        id=rule_id,
        where=_legal,
        holds=lambda node, _: fits(text_at(node, "cbc:CompanyID")),
        text=text,
        hint=hint,
        term="BT-30",
        at="cbc:CompanyID",
    )


def _giro_rule(rule_id: str, kind: str, fits: Callable[[str], bool], text: Texts) -> Rule:
    return Rule(
        id=rule_id,
        where=_giro(kind),
        fits=fits,
        text=text,
        hint=said(
            "Write the giro number in digits only, without hyphen or blanks.",
            "Skriv gironummeret bare med sifre, uten bindestrek eller mellomrom.",
            "Schrijf het gironummer met alleen cijfers, zonder streepje of spaties.",
        ),
        severity=Severity.WARNING,
        term="BT-84",
        at=".",
    )


def _only_digits(giro: str) -> Texts:
    return said(
        f"A {giro} account (BT-84) has only digits.",
        f"En {giro}-konto (BT-84) har bare sifre.",
        f"Een {giro}-rekening (BT-84) heeft alleen cijfers.",
    )


def _long(giro: str, digits: str) -> Texts:
    return said(
        f"A {giro} account (BT-84) has {digits} digits.",
        f"En {giro}-konto (BT-84) har {digits} sifre.",
        f"Een {giro}-rekening (BT-84) heeft {digits} cijfers.",
    )


def _is_number(text: str) -> bool:
    return number(text) is not None


_VAT_HINT = said(
    "Write SE, the ten digits of the organisation number and 01, without blanks.",
    "Skriv SE, de ti sifrene i organisasjonsnummeret og 01, uten mellomrom.",
    "Schrijf SE, de tien cijfers van het organisatienummer en 01, zonder spaties.",
)
_NUMBER_HINT = said(
    "Write the ten digits without hyphen or blanks.",
    "Skriv de ti sifrene uten bindestrek eller mellomrom.",
    "Schrijf de tien cijfers zonder streepje of spaties.",
)
_TRANSFER_HINT = said(
    "Write 30; for Bankgiro or Plusgiro give SE:BANKGIRO or SE:PLUSGIRO as the branch (BT-86).",
    "Skriv 30; for Bankgiro eller Plusgiro oppgis SE:BANKGIRO eller SE:PLUSGIRO som filial (BT-86).",
    "Schrijf 30; geef voor Bankgiro of Plusgiro SE:BANKGIRO of SE:PLUSGIRO als filiaal (BT-86).",
)

RULES = (
    *only(
        _taxed,
        Rule(
            id="SE-R-001",
            where=_with_vat,
            holds=_vat_long,
            text=said(
                "A Swedish VAT number (BT-31) has 14 characters.",
                "Et svensk MVA-nummer (BT-31) har 14 tegn.",
                "Een Zweeds btw-nummer (BT-31) heeft 14 tekens.",
            ),
            hint=_VAT_HINT,
            term="BT-31",
        ),
        Rule(
            id="SE-R-002",
            where=_with_vat,
            holds=_vat_numeric,
            text=said(
                "A Swedish VAT number (BT-31) has twelve digits after SE.",
                "Et svensk MVA-nummer (BT-31) har tolv sifre etter SE.",
                "Een Zweeds btw-nummer (BT-31) heeft twaalf cijfers na SE.",
            ),
            hint=_VAT_HINT,
            term="BT-31",
        ),
        Rule(
            id="SE-R-006",
            where=_standard,
            holds=lambda node, _: number(text_at(node, "cbc:Percent")) in _RATES,
            text=said(
                "Swedish VAT at the standard category (S) is 25, 12 or 6 per cent.",
                "Svensk merverdiavgift i kategori S er 25, 12 eller 6 prosent.",
                "Zweedse btw in categorie S is 25, 12 of 6 procent.",
            ),
            hint=said(
                "Correct cbc:Percent, or choose the category that belongs to the rate.",
                "Rett cbc:Percent, eller velg kategorien som hører til satsen.",
                "Verbeter cbc:Percent, of kies de categorie die bij het tarief hoort.",
            ),
            term="BT-119",
            at="cbc:Percent",
        ),
    ),
    *only(
        _swedish,
        _number_rule(
            "SE-R-003",
            _is_number,
            said(
                "A Swedish organisation number (BT-30) has only digits.",
                "Et svensk organisasjonsnummer (BT-30) har bare sifre.",
                "Een Zweeds organisatienummer (BT-30) heeft alleen cijfers.",
            ),
            _NUMBER_HINT,
        ),
        _number_rule(
            "SE-R-004",
            lambda text: len(plain(text)) == 10,
            said(
                "A Swedish organisation number (BT-30) has ten characters.",
                "Et svensk organisasjonsnummer (BT-30) har ti tegn.",
                "Een Zweeds organisatienummer (BT-30) heeft tien tekens.",
            ),
            _NUMBER_HINT,
        ),
        _number_rule(
            "SE-R-013",
            lambda text: _luhn(plain(text)),
            said(
                "The last digit of the Swedish organisation number (BT-30) does not check (Luhn).",
                "Det siste sifferet i det svenske organisasjonsnummeret (BT-30) stemmer ikke (Luhn).",
                "Het laatste cijfer van het Zweedse organisatienummer (BT-30) klopt niet (Luhn).",
            ),
            said(
                "A digit was mistyped: look the number up with the seller.",
                "Et siffer er feil: slå opp nummeret hos selgeren.",
                "Er is een cijfer verkeerd getypt: vraag het nummer na bij de verkoper.",
            ),
        ),
        Rule(
            id="SE-R-005",
            where=_other_tax_numbers,
            fits=lambda text: plain(text.upper()) == _APPROVED,
            text=said(
                "A Swedish seller's tax registration (BT-32) must read: Godkänd för F-skatt.",
                "En svensk selgers skatteregistrering (BT-32) skal lyde: Godkänd för F-skatt.",
                "De fiscale registratie van een Zweedse verkoper (BT-32) moet luiden: Godkänd för F-skatt.",
            ),
            hint=said(
                "Write these words in cbc:CompanyID, or leave this cac:PartyTaxScheme out.",
                "Skriv disse ordene i cbc:CompanyID, eller ta ut denne cac:PartyTaxScheme.",
                "Schrijf deze woorden in cbc:CompanyID, of laat deze cac:PartyTaxScheme weg.",
            ),
            term="BT-32",
            at=".",
        ),
        _giro_rule("SE-R-007", "SE:PLUSGIRO", _is_number, _only_digits("Plusgiro")),
        _giro_rule("SE-R-010", "SE:PLUSGIRO", lambda text: 2 <= len(plain(text)) <= 8, _long("Plusgiro", "2-8")),
        _giro_rule("SE-R-008", "SE:BANKGIRO", _is_number, _only_digits("Bankgiro")),
        _giro_rule("SE-R-009", "SE:BANKGIRO", lambda text: len(plain(text)) in (7, 8), _long("Bankgiro", "7-8")),
        Rule(
            id="SE-R-011",
            where=_coded("50", "56"),
            text=said(
                "For Bankgiro and Plusgiro the payment means (BT-81) is 30, not 50 or 56.",
                "For Bankgiro og Plusgiro er betalingsmåten (BT-81) 30, ikke 50 eller 56.",
                "Voor Bankgiro en Plusgiro is de betaalwijze (BT-81) 30, niet 50 of 56.",
            ),
            hint=_TRANSFER_HINT,
            severity=Severity.WARNING,
            term="BT-81",
            at="cbc:PaymentMeansCode",
        ),
    ),
    *only(
        _domestic,
        Rule(
            id="SE-R-012",
            where=_coded("31"),
            text=said(
                "Between Swedish parties a credit transfer (BT-81) is 30, not 31.",
                "Mellom svenske parter er en bankoverføring (BT-81) 30, ikke 31.",
                "Tussen Zweedse partijen is een overschrijving (BT-81) 30, niet 31.",
            ),
            hint=_TRANSFER_HINT,
            severity=Severity.WARNING,
            term="BT-81",
            at="cbc:PaymentMeansCode",
        ),
    ),
)
