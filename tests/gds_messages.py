"""Synthetic GDS messages for tests: invented people, institutions and numbers, and small edits by path."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from schemas.gds import Element, GdsMessage, element

TODAY = date(2026, 11, 22)
BSN = "999990019"
AGB_HOUSE, AGB_COORDINATOR, AGB_DOCTOR = "06990001", "94990002", "01990003"
INSURER = "0777"


def header(
    code: str = "573", *, version: str = "1", sender_role: str = "1", receiver: str = INSURER, role: str = "3"
) -> Element:
    return element(
        "Header",
        element("Berichtcode", code),
        element("Berichtversie", version),
        element("Berichtsubversie", "0"),
        element("Berichtsoort", "T"),
        element("Verzender", AGB_HOUSE),
        element("VerzenderRol", sender_role),
        element("Ontvanger", receiver),
        element("OntvangerRol", role),
        element("Verzenddatum", "2026-04-10"),
        element("Referentienummer", "REF-0001"),
    )


def context() -> Element:
    return element(
        "DeclaratieContext",
        element("Declarant", element("Zorgaanbiedercode", AGB_HOUSE), element("ZorgaanbiederSoort", "1")),
        element("Factuurnummer", "F2026-0001"),
        element("Factuurdatum", "2026-04-10"),
        element("Valutacode", "EUR"),
        element("BegindatumDeclaratieperiode", "2026-03-01"),
        element("EinddatumDeclaratieperiode", "2026-03-31"),
    )


def total(name: str, amount: str, sign: str = "D") -> Element:
    return element(name, element("Bedrag", amount), element("DebetCreditCode", sign))


def party(name: str, code: str, role: str, sort: str = "3") -> Element:
    return element(
        name, element("Zorgaanbiedercode", code), element("ZorgaanbiederSoort", sort), element("ZorgaanbiederRol", role)
    )


def debit(
    reference: str = "L0001", *, code_list: str = "071", diagnosis: str = "031", amount: str = "125.50"
) -> Element:
    extra = element(
        "AanvullendePrestatiegegevens",
        element(
            "Diagnose",
            element("DiagnoseCodelijstCode", diagnosis),
            element("Diagnosecode", "05"),
            element("Diagnosedatum", "2026-02-03"),
            party("Diagnosesteller", AGB_COORDINATOR, "04"),
        ),
        element("Zorgtraject", element("ZorgtrajectStartdatum", "2026-02-02")),
    )
    return element(
        "DebetPrestatie",
        element("Referentienummer", reference),
        element("PrestatieCodelijstCode", code_list),
        element("Prestatiecode", "CO0123"),
        element("Begindatum", "2026-03-02"),
        element("Begintijd", "10:00:00"),
        element("Eindtijd", "10:45:00"),
        element("Aantal", "1"),
        element("PrivacyCode", "false"),
        element("DoorsturenToegestaan", "true"),
        element("TariefInclBtw", amount),
        element("BerekendBedragInclBtw", amount),
        element("DeclaratieBedragInclBtw", amount),
        element(
            "Verwijzing",
            element("TypeVerwijzingcode", "01"),
            element("Verwijsdatum", "2026-01-20"),
            party("Verwijzer", AGB_DOCTOR, "03"),
        ),
        party("Zorgaanbieder", AGB_COORDINATOR, "02"),
        extra,
    )


def credit(reference: str = "L0009", related: str = "L-EARLIER", *, amount: str = "25.50") -> Element:
    return element(
        "CreditPrestatie",
        element("Referentienummer", reference),
        element("GerelateerdReferentienummer", related),
        element("PrestatieCodelijstCode", "071"),
        element("Begindatum", "2026-03-02"),
        element("ToegekendBedragInclBtwFinancieel", amount),
    )


def insured(*lines: Element, receiver: str = INSURER) -> Element:
    return element(
        "Verzekerde",
        element("BSN", BSN),
        element("UzoviNummer", receiver),
        element("PatientIdentificatienummer", "P-0001"),
        element("Geboortedatum", "1984-05-06"),
        element("Prestatie", *lines),
    )


def message(root: Element) -> GdsMessage:
    head = root.first("Header") or header()
    version = f"{head.text_at('Berichtversie')}.{head.text_at('Berichtsubversie')}"
    return GdsMessage("GDS802" if head.text_at("Berichtcode") == "574" else "GDS801", version, root)


def to_insurer() -> Element:
    """One debit and one credit of 1.0 to a health insurer: nothing to object to."""
    return element(
        "Bericht",
        header(),
        context(),
        element("Overzicht", total("TotaalDeclaratiebedragInclBtw", "100.00")),
        insured(debit(), credit()),
    )


def to_dji() -> Element:
    """Forensic care: no BSN, no birth date, a placement decision, lists 030 and 032."""
    root = to_insurer()
    for path, text in {
        "Header/Ontvanger": "9992",
        "Header/OntvangerRol": "4",
        "Verzekerde/BSN": None,
        "Verzekerde/Geboortedatum": None,
        "Verzekerde/Verzekerdennummer": "9000001",
        "Verzekerde/UzoviNummer": "9992",
        f"{LINE}/AanvullendePrestatiegegevens/Diagnose/DiagnoseCodelijstCode": "032",
        f"{LINE}/AanvullendePrestatiegegevens/Plaatsingsbesluit/PlaatsingsbesluitNummer": "PB1",
        f"{LINE}/Verwijzing/TypeVerwijzingcode": "06",
        f"{LINE}/Verwijzing/Verwijsdatum": None,
        f"{LINE}/Verwijzing/Verwijzer": None,
    }.items():
        root = put(root, path, text)
    return root


def to_bureau() -> Element:
    """To a service bureau, with what it needs to bill."""
    root = put(to_insurer(), "Header/OntvangerRol", "2")
    more = element(
        "AanvullendeVerzekerdegegevens",
        element("GeslachtCode", "2"),
        element("OverlijdensIndicator", "false"),
        element(
            "Naamgegevens", element("Geslachtsnaam", element("Achternaam", "Voorbeeld")), element("Naamgebruik", "1")
        ),
        element("Debiteur", element("Geboortedatum", "1980-01-01"), element("SoortRelatie", "23")),
    )
    return add(root, "Verzekerde", more)


def version_2(code_list: str = "073", **header_kw: str) -> Element:
    """A message of 2.0 with an allied health list."""
    receiver = header_kw.get("receiver", INSURER)
    line = put(debit(code_list=code_list), "AanvullendePrestatiegegevens/Diagnose", None)
    return element(
        "Bericht",
        header(version="2", **header_kw),
        context(),
        element("Overzicht", total("TotaalDeclaratiebedragInclBtw", "125.50")),
        insured(line, receiver=receiver),
    )


def to_temporary_stay() -> Element:
    """A foreigner's care in the Netherlands, list 073, version 2.0."""
    root = version_2(receiver="7125")
    root = put(root, "Verzekerde/BSN", None)
    root = put(root, "Verzekerde/Verzekerdennummer", "9000001")
    return put(root, "Verzekerde/BuitenlandVerzekerde/BuitenlandseZorgverzekeraarsCode", "X1")


def response(sender_role: str = "3") -> Element:
    """An insurer's response: one performance refused."""
    feedback = element(
        "Feedback",
        element("Retourcode", "0586"),
        element("BetrokkenElement", element("Elementnaam", "Begindatum"), element("Elementwaarde", "2026-03-02")),
    )
    line = element(
        "DebetPrestatie",
        element("Referentienummer", "L0001"),
        element("BerekendBedragVerzekeraarInclBtw", "0.00"),
        element("ToegekendBedragInclBtwFinancieel", "0.00"),
        element("ToegekendBedragInclBtwNietFinancieel", "0.00"),
        feedback,
    )
    return element(
        "Bericht",
        header("574", sender_role=sender_role, receiver=AGB_HOUSE, role="1"),
        context(),
        element(
            "Overzicht",
            total("TotaalDeclaratiebedragInclBtw", "100.00"),
            total("TotaalToegekendBedragInclBtwFinancieel", "0.00"),
            total("TotaalToegekendBedragInclBtwNietFinancieel", "0.00"),
        ),
        element(
            "Verzekerde",
            element("BSN", BSN),
            element("UzoviNummer", INSURER),
            element("Prestatie", line),
        ),
    )


LINE = "Verzekerde/Prestatie/DebetPrestatie"
CREDIT = "Verzekerde/Prestatie/CreditPrestatie"


def put(root: Element, path: str, text: str | None) -> Element:
    """The message with one value changed, added (with what is above it), or taken out where the text is None."""
    name, _, rest = path.partition("/")
    children = list(root.children)
    index = next((number for number, child in enumerate(children) if child.name == name), None)
    if rest:
        below = put(children[index] if index is not None else Element(name), rest, text)
    elif text is None:
        return replace(root, children=tuple(child for child in children if child.name != name))
    else:
        below = Element(name, text)
    if index is None:
        children.append(below)
    else:
        children[index] = below
    return replace(root, children=tuple(children))


def add(root: Element, path: str, more: Element) -> Element:
    """The message with an element more in the first class at a path."""
    name, _, rest = path.partition("/")
    children = list(root.children)
    index = next(number for number, child in enumerate(children) if child.name == name)
    below = children[index]
    changed = add(below, rest, more) if rest else replace(below, children=(*below.children, more))
    children[index] = changed
    return replace(root, children=tuple(children))
