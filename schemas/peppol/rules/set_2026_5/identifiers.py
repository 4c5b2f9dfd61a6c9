"""Peppol's rules on identifiers with a check digit or fixed form (PEPPOL-COMMON-R040 to -R057)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.model.finding import Severity
from schemas.peppol.rules import numbers
from schemas.peppol.rules.core import Everywhere, Rule, Texts
from schemas.peppol.rules.make import everywhere
from schemas.peppol.rules.set_2026_5.lists import at
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import Nodes, View, parent
from schemas.xml import Element, local_name

_PARTY_IDS = ("cbc:EndpointID", "cac:PartyIdentification/cbc:ID", "cbc:CompanyID")
_DUTCH_VAT = "PEPPOL-COMMON-R056-2"


@dataclass(frozen=True)
class _Schemed(Everywhere):
    """Endpoint, party and company identifiers of one scheme."""

    scheme: str

    def __call__(self, view: View) -> Nodes:
        """The elements."""
        found = view.once(_by_scheme).get(self.scheme, [])
        return found if len(self.paths) > 1 else [node for node in found if local_name(node) == "EndpointID"]


def _by_scheme(view: View) -> dict[str, Nodes]:
    found: dict[str, Nodes] = {}
    for node in view.all(*_PARTY_IDS):
        scheme = node.get("schemeID")
        if scheme is not None:
            found.setdefault(scheme, []).append(node)
    return found


def _is_dutch_vat_place(node: Element) -> bool:
    """A VAT registration whose number begins with NL."""
    above = parent(node)
    return (
        local_name(node) == "CompanyID"
        and local_name(above) == "PartyTaxScheme"
        and at(above, "cac:TaxScheme/cbc:ID") == "VAT"
        and _squeezed(node.text or "").startswith("NL")
    )


def _squeezed(text: str) -> str:
    return " ".join(one for one in text.translate(_TO_SPACE).split(" ") if one)


_TO_SPACE = str.maketrans("\t\r\n", "   ")


def _rule(
    rule_id: str,
    scheme: str,
    what: Texts,
    right: Callable[[str], bool],
    severity: Severity = Severity.FATAL,
    *,
    raw: bool = False,
    paths: tuple[str, ...] = _PARTY_IDS,
) -> Rule:
    """A number of a scheme; `raw` where white space around it is a mistake as well."""
    sentences = said("is not a valid", "er ikke et gyldig", "is geen geldig")
    return Rule(
        id=f"PEPPOL-COMMON-{rule_id}",
        where=_Schemed(paths, scheme),
        concerns=lambda view: scheme in view.once(_by_scheme),
        fits=right if raw else lambda text: right(_squeezed(text)),
        text={one: f"{scheme}: {_THIS[one]} {sentences[one]} {what[one]}." for one in what},
        hint=_HINT,
        severity=severity,
        at=".",
    )


_THIS = said("the identifier", "identifikatoren", "de identificatie")
_HINT = said(
    "Check the number and its scheme for typing mistakes.",
    "Kontroller nummeret og skjemaet for skrivefeil.",
    "Controleer het nummer en het schema op tikfouten.",
)
_WARNING = Severity.WARNING
_TAX_CODE = said("Italian tax code", "italiensk skattenummer", "Italiaans fiscaal nummer")
_DUTCH_VAT_NUMBER = said("Dutch VAT number", "nederlandsk MVA-nummer", "Nederlands btw-nummer")

_NUMBERS = (
    _rule("R040", "0088", said("GLN", "GLN", "GLN"), numbers.is_gln),
    _rule(
        "R041",
        "0192",
        said("Norwegian organisation number", "norsk organisasjonsnummer", "Noors organisatienummer"),
        numbers.is_norwegian,
    ),
    _rule(
        "R042", "0184", said("Danish CVR number", "dansk CVR-nummer", "Deens CVR-nummer"), numbers.is_danish, raw=True
    ),
    _rule(
        "R052",
        "0096",
        said("Danish P number", "dansk P-nummer", "Deens P-nummer"),
        numbers.is_danish_unit,
        raw=True,
    ),
    _rule(
        "R053",
        "0198",
        said("Danish SE number", "dansk SE-nummer", "Deens SE-nummer"),
        numbers.is_danish_tax,
        raw=True,
    ),
    _rule(
        "R043",
        "0208",
        said("Belgian enterprise number", "belgisk foretaksnummer", "Belgisch ondernemingsnummer"),
        numbers.is_belgian,
    ),
    _rule(
        "R044",
        "0201",
        said("Italian IPA code", "italiensk IPA-nummer", "Italiaans IPA-nummer"),
        numbers.is_ipa,
        _WARNING,
    ),
    _rule("R045", "0210", _TAX_CODE, numbers.is_codice_fiscale, _WARNING),
    _rule("R046", "9907", _TAX_CODE, numbers.is_codice_fiscale, _WARNING, paths=("cbc:EndpointID",)),
    _rule(
        "R047",
        "0211",
        said("Italian VAT number", "italiensk MVA-nummer", "Italiaans btw-nummer"),
        numbers.is_partita_iva,
        _WARNING,
    ),
    _rule(
        "R049",
        "0007",
        said("Swedish organisation number", "svensk organisasjonsnummer", "Zweeds organisatienummer"),
        numbers.is_swedish,
    ),
    _rule(
        "R050",
        "0151",
        said("Australian business number", "australsk foretaksnummer", "Australisch bedrijfsnummer"),
        numbers.is_australian,
    ),
    _rule("R054", "0106", said("KVK number", "KVK-nummer", "KVK-nummer"), numbers.is_kvk, _WARNING),
    _rule("R055", "0190", said("OIN", "OIN-nummer", "OIN-nummer"), numbers.is_oin, _WARNING),
    _rule("R056-1", "9944", _DUTCH_VAT_NUMBER, numbers.is_dutch_vat, _WARNING),
)
_TAKEN = frozenset(
    rule.where.scheme for rule in _NUMBERS if isinstance(rule.where, _Schemed) and rule.where.paths == _PARTY_IDS
)
"""Schemes whose own rule judges a number before the rule on Dutch VAT registrations looks at it."""


def _is_dutch_vat_right(node: Element, _: View) -> bool:
    if "NL" not in (node.text or ""):
        return True
    judged = _is_dutch_vat_place(node) and node.get("schemeID") not in _TAKEN
    return not judged or numbers.is_dutch_vat(_squeezed(node.text or ""))


def _is_branch_right(node: Element, _: View) -> bool:
    """The official rules look at a Dutch VAT registration once, and there not as an establishment number."""
    return _is_dutch_vat_place(node) or numbers.is_kvk_branch(_squeezed(node.text or ""))


RULES = (
    *_NUMBERS,
    Rule(
        id=_DUTCH_VAT,
        where=everywhere("cac:PartyTaxScheme/cbc:CompanyID"),
        holds=_is_dutch_vat_right,
        text=said(
            "A Dutch VAT number (BT-31, BT-48, BT-63) is NL, nine digits, B and two digits.",
            "Et nederlandsk MVA-nummer (BT-31, BT-48, BT-63) er NL, ni sifre, B og to sifre.",
            "Een Nederlands btw-nummer (BT-31, BT-48, BT-63) is NL, negen cijfers, B en twee cijfers.",
        ),
        hint=said(
            "Write it as NL123456789B12, without blanks or points.",
            "Skriv det som NL123456789B12, uten mellomrom og punktum.",
            "Schrijf het als NL123456789B12, zonder spaties of punten.",
        ),
        severity=_WARNING,
        term="BT-31",
        at=".",
    ),
    Rule(
        id="PEPPOL-COMMON-R057",
        where=_Schemed(_PARTY_IDS, "0217"),
        holds=_is_branch_right,
        text=said(
            "0217: the identifier is not a valid Dutch establishment number.",
            "0217: identifikatoren er ikke et gyldig nederlandsk bedriftsnummer.",
            "0217: de identificatie is geen geldig Nederlands vestigingsnummer.",
        ),
        hint=_HINT,
        severity=_WARNING,
        at=".",
    ),
)
