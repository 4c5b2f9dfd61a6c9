"""EN 16931 rules on groups a document may have: payee, representative, delivery, payment, references, allowances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import Where, all_filled, attributed, either, entries, everywhere, filled, present
from schemas.peppol.rules.set_2026_5.countries import VAT_PREFIXES
from schemas.peppol.rules.texts import fill, missing, said
from schemas.peppol.rules.view import LINES, Nodes, Spot, View, every, find, has, is_vat, parent, words
from schemas.ubl.codec import day
from schemas.xml import Element, text_of

_REASONS = ("cbc:AllowanceChargeReason", "cbc:AllowanceChargeReasonCode")
_PAYEE = "cac:PayeeParty"
_SUPPLIER = "cac:AccountingSupplierParty/cac:Party"
_ACCOUNTS = everywhere("cac:PaymentMeans/cac:PayeeFinancialAccount")
_REPRESENTATIVE = everywhere("cac:TaxRepresentativeParty")
_TRANSFERS = frozenset({"30", "58"})
_SAYINGS = ("cbc:StartDate", "cbc:EndDate", "cbc:DescriptionCode")
_ENTRY_CATEGORY = "/cac:AllowanceCharge/cac:TaxCategory"


def _endpoints(path: str) -> Where:
    return everywhere(f"/{path}/cbc:EndpointID")


def _in(outer: str, name: str) -> Where:
    """Elements of a name directly below another (`cac:DeliveryLocation` > `cac:Address`)."""
    return everywhere(f"{outer}/{name}")


def _payee_differs(node: Element, _: View) -> bool:
    """The payee is named only when it is someone else: neither name nor identifier is the seller's."""
    above = parent(node)
    own = {one.text for one in every(above, f"{_SUPPLIER}/cac:PartyName/cbc:Name")}
    ids = {one.text for one in every(above, f"{_SUPPLIER}/cac:PartyIdentification/cbc:ID")}
    name = find(node, "cac:PartyName/cbc:Name")
    same_id = any(one.text in ids for one in every(node, "cac:PartyIdentification/cbc:ID"))
    return name is not None and name.text not in own and not same_id


def _payee_surely_differs(view: View) -> bool:
    """A proof for a payee below the root: no name and no identifier is among the seller's."""
    names, numbers = "cac:PartyName/cbc:Name", "cac:PartyIdentification/cbc:ID"
    known = view.texts(f"/{_PAYEE}/{names}")
    return (
        all(spot.path == f"/{_PAYEE}" and spot.all_hold(names) for spot in view.spots_at(_PAYEE))
        and known.isdisjoint(view.texts(f"/{_SUPPLIER}/{names}"))
        and view.texts(f"/{_PAYEE}/{numbers}").isdisjoint(view.texts(f"/{_SUPPLIER}/{numbers}"))
    )


def _with_vat_category(node: Element, _: View) -> bool:
    return any(is_vat(one) and has(one, "cbc:ID") for one in every(node, "cac:TaxCategory"))


def _all_with_vat_category(view: View) -> bool:
    """A proof: all allowances and charges of the document have categories, each of VAT and with a code."""
    codes, schemes = (view.column(_ENTRY_CATEGORY, path) for path in ("cbc:ID", "cac:TaxScheme/cbc:ID"))
    coded = zip(codes, schemes, strict=True)
    held = all(spot.all_hold("cac:TaxCategory") for spot in view.spots_at("/cac:AllowanceCharge"))
    return held and all(code is not None and text_of(scheme).upper() == "VAT" for code, scheme in coded)


def _with_vat_number(node: Element, _: View) -> bool:
    return any(is_vat(one) and has(one, "cbc:CompanyID") for one in every(node, "cac:PartyTaxScheme"))


def _has_account(node: Element, _: View) -> bool:
    code = words(node, "cbc:PaymentMeansCode")
    return code not in _TRANSFERS or has(node, "cac:PayeeFinancialAccount/cbc:ID")


def _all_accounts(view: View) -> bool:
    return all(spot.all_hold("cac:PayeeFinancialAccount/cbc:ID") for spot in view.spots_at("cac:PaymentMeans"))


def _transfer_accounts(view: View) -> Nodes:
    means = [node for node in view.all("cac:PaymentMeans") if words(node, "cbc:PaymentMeansCode") in _TRANSFERS]
    return [account for node in means for account in every(node, "cac:PayeeFinancialAccount")]


def _own_periods(view: View) -> list[Spot]:
    return [spot for spot in view.spots_at("cac:InvoicePeriod") if not spot.path.startswith(LINES)]


def _periods(view: View) -> Nodes:
    return [node for spot in _own_periods(view) for node in spot.nodes]


def all_in_order(view: View, spots: Iterable[Spot]) -> bool:
    """A proof: each different pair of start and end is in order."""
    ends = [(view.column(spot.path, "cbc:StartDate"), view.column(spot.path, "cbc:EndDate")) for spot in spots]
    both = (
        (start.text or "", end.text or "")
        for starts, stops in ends
        for start, end in zip(starts, stops, strict=True)
        if start is not None and end is not None
    )
    return all(day(start.strip()) <= day(end.strip()) for start, end in set(both))


def in_order(node: Element, _: View) -> bool:
    """A period that has both ends has them in order."""
    start, end = words(node, "cbc:StartDate"), words(node, "cbc:EndDate")
    both = has(node, "cbc:StartDate") and has(node, "cbc:EndDate")
    return not both or day(start) <= day(end)


def _period_says_something(node: Element, _: View) -> bool:
    return any(has(node, path) for path in _SAYINGS)


def _all_periods_say(view: View) -> bool:
    return all(any(spot.all_hold(path) for path in _SAYINGS) for spot in _own_periods(view))


def _vat_registrations(view: View) -> Nodes:
    return [node for node in view.all("cac:PartyTaxScheme") if is_vat(node)]


def _all_prefixed(view: View) -> bool:
    """A proof for documents whose registrations all say number and scheme."""
    numbers = {
        (text_of(number)[:2], text_of(scheme).upper())
        for spot in view.spots_at("cac:PartyTaxScheme")
        for number, scheme in zip(
            view.column(spot.path, "cbc:CompanyID"), view.column(spot.path, "cac:TaxScheme/cbc:ID"), strict=True
        )
    }
    return all(scheme != "VAT" or (len(prefix) == 2 and prefix in VAT_PREFIXES) for prefix, scheme in numbers)


def _has_prefix(node: Element, _: View) -> bool:
    number = find(node, "cbc:CompanyID")
    return number is None or (number.text or "")[:2] in VAT_PREFIXES


def _category_rule(rule_id: str, term: str, *, charge: bool) -> Rule:
    path = "cac:TaxCategory/cbc:ID (cac:TaxScheme/cbc:ID = VAT)"
    return Rule(
        id=rule_id,
        where=entries(charge=charge, place="document"),
        holds=_with_vat_category,
        sure=_all_with_vat_category,
        text=missing(term),
        hint=fill(path),
        term=term,
    )


ORDER_TEXT = said(
    "The period ends before it starts.", "Perioden slutter før den starter.", "De periode eindigt voordat zij begint."
)
ORDER_HINT = said("Correct one of the two dates.", "Rett en av datoene.", "Verbeter een van beide datums.")

RULES = (
    Rule(
        id="BR-17",
        where=everywhere(_PAYEE),
        holds=_payee_differs,
        sure=_payee_surely_differs,
        text=said(
            "The payee has no name (BT-59) or is the seller.",
            "Betalingsmottakeren mangler navn (BT-59) eller er selgeren selv.",
            "De begunstigde heeft geen naam (BT-59) of is de verkoper zelf.",
        ),
        hint=said(
            "Name a payee only when it is not the seller.",
            "Oppgi betalingsmottaker bare når det ikke er selgeren.",
            "Noem een begunstigde alleen als die niet de verkoper is.",
        ),
        term="BT-59",
    ),
    filled("BR-18", "BT-62", "cac:PartyName/cbc:Name", _REPRESENTATIVE),
    present("BR-19", "BG-12", "cac:PostalAddress", _REPRESENTATIVE),
    filled(
        "BR-20", "BT-69", "cac:Country/cbc:IdentificationCode", _in("cac:TaxRepresentativeParty", "cac:PostalAddress")
    ),
    Rule(
        id="BR-29",
        where=_periods,
        holds=in_order,
        sure=lambda view: all_in_order(view, _own_periods(view)),
        text=ORDER_TEXT,
        hint=ORDER_HINT,
        term="BT-74",
        at="cbc:EndDate",
    ),
    present("BR-31", "BT-92", "cbc:Amount", entries(charge=False, place="document")),
    _category_rule("BR-32", "BT-95", charge=False),
    either("BR-33", "BT-97", _REASONS, entries(charge=False, place="document")),
    present("BR-36", "BT-99", "cbc:Amount", entries(charge=True, place="document")),
    _category_rule("BR-37", "BT-102", charge=True),
    either("BR-38", "BT-104", _REASONS, entries(charge=True, place="document")),
    present("BR-49", "BT-81", "cbc:PaymentMeansCode", everywhere("cac:PaymentMeans")),
    replace(filled("BR-50", "BT-84", "cbc:ID", _transfer_accounts), sure=all_filled(_ACCOUNTS, "cbc:ID")),
    Rule(
        id="BR-51",
        where=_in("cac:CardAccount", "cbc:PrimaryAccountNumberID"),
        holds=lambda node, _: len(" ".join((node.text or "").split())) <= 10,
        text=said(
            "The card number (BT-87) shows more than the last digits.",
            "Kortnummeret (BT-87) viser mer enn de siste sifrene.",
            "Het kaartnummer (BT-87) toont meer dan de laatste cijfers.",
        ),
        hint=said(
            "Give the last four to six digits only.",
            "Oppgi bare de siste fire til seks sifrene.",
            "Geef alleen de laatste vier tot zes cijfers.",
        ),
        severity=Severity.WARNING,
        term="BT-87",
    ),
    filled("BR-52", "BT-122", "cbc:ID", everywhere("cac:AdditionalDocumentReference")),
    present("BR-55", "BT-25", "cac:InvoiceDocumentReference/cbc:ID", everywhere("cac:BillingReference")),
    Rule(
        id="BR-56",
        where=_REPRESENTATIVE,
        holds=_with_vat_number,
        text=missing("BT-63"),
        hint=fill("cac:PartyTaxScheme/cbc:CompanyID"),
        term="BT-63",
    ),
    present("BR-57", "BT-80", "cac:Country/cbc:IdentificationCode", _in("cac:DeliveryLocation", "cac:Address")),
    Rule(
        id="BR-61",
        where=everywhere("cac:PaymentMeans"),
        holds=_has_account,
        sure=_all_accounts,
        text=missing("BT-84"),
        hint=fill("cac:PayeeFinancialAccount/cbc:ID"),
        term="BT-84",
    ),
    attributed("BR-62", "BT-34", "schemeID", _endpoints(_SUPPLIER)),
    attributed("BR-63", "BT-49", "schemeID", _endpoints("cac:AccountingCustomerParty/cac:Party")),
    Rule(
        id="BR-CO-09",
        where=_vat_registrations,
        holds=_has_prefix,
        sure=_all_prefixed,
        text=said(
            "The VAT number does not begin with a country code.",
            "MVA-nummeret begynner ikke med en landkode.",
            "Het btw-nummer begint niet met een landcode.",
        ),
        hint=said(
            "Put the country code before the number (Norway: NO, number, MVA).",
            "Sett landkoden foran nummeret (Norge: NO, nummer, MVA).",
            "Zet de landcode voor het nummer (Noorwegen: NO, nummer, MVA).",
        ),
        term="BT-31",
        at="cbc:CompanyID",
    ),
    Rule(
        id="BR-CO-19",
        where=_periods,
        holds=_period_says_something,
        sure=_all_periods_say,
        text=said(
            "The invoice period has neither start (BT-73) nor end (BT-74).",
            "Fakturaperioden har verken start (BT-73) eller slutt (BT-74).",
            "De factuurperiode heeft begin (BT-73) noch einde (BT-74).",
        ),
        hint=fill("cbc:StartDate / cbc:EndDate"),
        term="BG-14",
    ),
    either("BR-CO-21", "BT-97", _REASONS, entries(charge=False, place="document")),
    either("BR-CO-22", "BT-104", _REASONS, entries(charge=True, place="document")),
)
