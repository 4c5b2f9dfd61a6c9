"""Every rule of T111, T71 and MLS: silent on a sound message that it really looks at, and found on a break."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from hub.model.finding import Finding, Severity
from schemas import codelists
from schemas.peppol import check, inspect
from schemas.peppol.rules.registry import SETS
from schemas.peppol.rules.set_2026_5.responses import mls, peppol_common, tables
from schemas.peppol.rules.view import View
from schemas.ubl.names import APPLICATION_RESPONSE, CAC, CBC, INVOICE_RESPONSE, MLR, MLS
from schemas.xml import Element, parse

SPACES = {"cac": CAC, "cbc": CBC}
OFFICIAL = {"t111": 82, "t71": 59, "mls": 31}
"""How many asserts the official files of release 2026.5 hold."""
RULES = {name: {rule.id: rule for rule in rules} for name, rules in SETS[-1].responses.items()}
NEVER = {"PEPPOL-T111-R005"}
"""What cannot fail as the official set is written."""
SOUND_IDS = """
0088 5790000435975
0192 310000086
0184 DK12345674
0184 12345674
0096 1234567890
0198 DK12345678
0208 0202239951
0201 UFA1B2
0210 12345678901
0211 IT12345670017
0007 5560360793
0151 51824753556
0106 12345678
0190 12345678901234567890
9944 NL123456789B12
0217 123456789012
"""
BROKEN_IDS = """
R040 0088 5790000435976
R041 0192 310000087
R042 0184 DK1234567
R043 0208 0202239952
R044 0201 UFA1B
R045 0210 1234567890
R046 9907 1234567890
R047 0211 IT12345670018
R049 0007 5560360794
R050 0151 51824753557
R052 0096 123456789
R053 0198 12345678
R054 0106 1234567
R055 0190 123
R056-1 9944 NL123456789
R057 0217 123
"""


def message(transaction: str, profile: str, *inside: str, number: str = "A-1", time: str = "12:00:00") -> str:
    head = (
        f"<cbc:CustomizationID>{transaction}</cbc:CustomizationID>\n<cbc:ProfileID>{profile}</cbc:ProfileID>\n"
        f"<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-09-01</cbc:IssueDate><cbc:IssueTime>{time}</cbc:IssueTime>"
    )
    spaces = f'xmlns="{APPLICATION_RESPONSE}" xmlns:cac="{CAC}" xmlns:cbc="{CBC}"'
    return f"<ApplicationResponse {spaces}>{head}{''.join(inside)}</ApplicationResponse>"


def status(code: str, where: str, words: str = "") -> str:
    reason = f"<cbc:StatusReason>{words}</cbc:StatusReason>" if words else ""
    return f'<cac:Status><cbc:StatusReasonCode listID="{where}">{code}</cbc:StatusReasonCode>{reason}</cac:Status>'


def named(role: str, number: str, name: str) -> str:
    return (
        f'<cac:{role}><cac:PartyIdentification><cbc:ID schemeID="0192">{number}</cbc:ID></cac:PartyIdentification>'
        f"<cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName></cac:{role}>"
    )


def ids() -> str:
    rows = (row.split() for row in SOUND_IDS.strip().splitlines())
    return "".join(
        f'<cac:PartyIdentification><cbc:ID schemeID="{scheme}">{number}</cbc:ID></cac:PartyIdentification>'
        for scheme, number in rows
        if scheme != "9944"  # an address of the network, in no list of party identifiers
    )


def party(role: str, number: str, *inside: str, scheme: str = "0192") -> str:
    return f'<cac:{role}><cbc:EndpointID schemeID="{scheme}">{number}</cbc:EndpointID>{"".join(inside)}</cac:{role}>'


LEGAL = "<cac:PartyLegalEntity><cbc:RegistrationName>Forsikring</cbc:RegistrationName></cac:PartyLegalEntity>"
CONTACT = (
    "<cac:Contact><cbc:Name>Ingen</cbc:Name><cbc:Telephone>1</cbc:Telephone>"
    "<cbc:ElectronicMail>a@example.test</cbc:ElectronicMail></cac:Contact>"
)
CONDITION = (
    "<cac:Condition><cbc:AttributeID>BT-48</cbc:AttributeID><cbc:Description>NO1</cbc:Description></cac:Condition>"
)
T111 = message(
    INVOICE_RESPONSE,
    "urn:fdc:peppol.eu:poacc:bis:invoice_response:3",
    "<cbc:Note>Svar</cbc:Note>",
    party("SenderParty", "310000914", ids(), LEGAL, CONTACT),
    party("ReceiverParty", "310000086", ids(), LEGAL),
    "<cac:DocumentResponse><cac:Response><cbc:ResponseCode>RE</cbc:ResponseCode>",
    "<cbc:EffectiveDate>2026-09-01</cbc:EffectiveDate>",
    status("REF", "OPStatusReason", "SakID").replace("</cac:Status>", f"{CONDITION}</cac:Status>"),
    status("OTH", "OPStatusReason", "Noe annet"),
    status("PPD", "OPStatusReason", "Halvparten"),
    status("NIN", "OPStatusAction"),
    "</cac:Response><cac:DocumentReference><cbc:ID>10001</cbc:ID><cbc:IssueDate>2026-08-30</cbc:IssueDate>",
    "<cbc:DocumentTypeCode>380</cbc:DocumentTypeCode></cac:DocumentReference>",
    named("IssuerParty", "310000086", "Klinikk"),
    named("RecipientParty", "310000914", "Forsikring"),
    "</cac:DocumentResponse>",
)


def remark(code: str, words: str = "Feil", place: str = "/Invoice/cbc:ID", coded: str = "") -> str:
    return (
        f"<cac:LineResponse><cac:LineReference><cbc:LineID>{place}</cbc:LineID></cac:LineReference><cac:Response>"
        f"{coded}<cbc:Description>{words}</cbc:Description><cac:Status><cbc:StatusReasonCode>{code}"
        "</cbc:StatusReasonCode></cac:Status></cac:Response></cac:LineResponse>"
    )


VERDICT = (
    "<cac:Response><cbc:ResponseCode>{code}</cbc:ResponseCode><cbc:Description>Feil</cbc:Description></cac:Response>"
)
T71 = message(
    MLR,
    "urn:fdc:peppol.eu:poacc:bis:mlr:3",
    party("SenderParty", "310000914"),
    party("ReceiverParty", "310000086"),
    f"<cac:DocumentResponse>{VERDICT.format(code='RE')}<cac:DocumentReference><cbc:ID>E-1</cbc:ID>",
    "<cbc:DocumentTypeCode>380</cbc:DocumentTypeCode><cbc:VersionID>1</cbc:VersionID></cac:DocumentReference>",
    remark("BV", coded="<cbc:ResponseCode>RE</cbc:ResponseCode>"),
    "</cac:DocumentResponse>",
)


def level_status(code: str, *remarks: str) -> str:
    return message(
        MLS,
        "urn:peppol:edec:mls",
        party("SenderParty", "123456", scheme="0242"),
        party("ReceiverParty", "234567-unit_1.p12~x", scheme="0242"),
        f"<cac:DocumentResponse>{VERDICT.format(code=code)}",
        f"<cac:DocumentReference><cbc:ID>E-1</cbc:ID></cac:DocumentReference>{''.join(remarks)}</cac:DocumentResponse>",
        time="12:00:00+02:00",
    )


BASES = {
    "t111": T111,
    "t71": T71,
    "mls": level_status("RE", remark("BV"), remark("BW")),
    "mls-AP": level_status("AP", remark("BW")),
}
T111_BREAKS = """
COMMON-R001 =|//cbc:Note|
COMMON-R001 =|//cbc:Note| \t
COMMON-R003 @|/*|schemaLocation=a
COMMON-R003 @|/*|{http://www.w3.org/2001/XMLSchema-instance}schemaLocation=a
COMMON-R030 =|/*/cbc:IssueDate|2026-9-1
COMMON-R030 =|/*/cbc:IssueDate|2026-02-29
COMMON-R030 =|/*/cbc:IssueDate|2026-13-01
COMMON-R030 =|//cac:DocumentReference/cbc:IssueDate|2026-09-01Z
COMMON-R030 =|/*/cbc:IssueDate| 2026-09-01
COMMON-R056-2 +|//cac:SenderParty|<cac:PartyTaxScheme><cbc:CompanyID>NL12</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
T111-B00101 -|/*/cbc:CustomizationID
T111-B00102 -|/*/cbc:ProfileID
T111-B00103 -|/*/cbc:ID
T111-B00104 -|/*/cbc:IssueDate
T111-B00105 -|/*/cac:SenderParty
T111-B00106 -|/*/cac:ReceiverParty
T111-B00107 -|/*/cac:DocumentResponse
T111-B00108 @|/*|schemaLocation=a
T111-B00109 +|/*|<cbc:UUID>1</cbc:UUID>
T111-B00801 -|//cac:SenderParty/cbc:EndpointID
T111-B00802 -|//cac:SenderParty/cac:PartyLegalEntity
T111-B00803 +|//cac:SenderParty|<cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName>
T111-B00901 @|//cac:SenderParty/cbc:EndpointID|schemeID
T111-B00902 @|//cac:SenderParty/cbc:EndpointID|schemeID=9908
T111-B01101 -|//cac:SenderParty/cac:PartyIdentification[1]/cbc:ID
T111-B01201 @|//cac:SenderParty/cac:PartyIdentification[1]/cbc:ID|schemeID=0092
T111-B01401 -|//cac:SenderParty/cac:PartyLegalEntity/cbc:RegistrationName
T111-B01402 +|//cac:SenderParty/cac:PartyLegalEntity|<cbc:CompanyID>1</cbc:CompanyID>
T111-B01601 +|//cac:SenderParty/cac:Contact|<cbc:Telefax>1</cbc:Telefax>
T111-B02001 -|//cac:ReceiverParty/cbc:EndpointID
T111-B02002 -|//cac:ReceiverParty/cac:PartyLegalEntity
T111-B02003 +|//cac:ReceiverParty|<cac:Contact><cbc:Name>A</cbc:Name></cac:Contact>
T111-B02101 @|//cac:ReceiverParty/cbc:EndpointID|schemeID
T111-B02102 @|//cac:ReceiverParty/cbc:EndpointID|schemeID= 0192
T111-B02301 -|//cac:ReceiverParty/cac:PartyIdentification[1]/cbc:ID
T111-B02401 @|//cac:ReceiverParty/cac:PartyIdentification[1]/cbc:ID|schemeID=9999
T111-B02601 -|//cac:ReceiverParty/cac:PartyLegalEntity/cbc:RegistrationName
T111-B02602 +|//cac:ReceiverParty/cac:PartyLegalEntity|<cbc:CompanyID>1</cbc:CompanyID>
T111-B02801 -|//cac:DocumentResponse/cac:Response
T111-B02802 -|//cac:DocumentResponse/cac:DocumentReference
T111-B02803 +|//cac:DocumentResponse|<cac:LineResponse><cbc:ID>1</cbc:ID></cac:LineResponse>
T111-B02901 -|//cbc:ResponseCode
T111-B02902 +|//cac:Response|<cbc:Description>A</cbc:Description>
T111-B03001 =|//cbc:ResponseCode|XX
T111-B03201 +|//cac:Status[1]|<cbc:Text>A</cbc:Text>
T111-B03301 =|//cac:Status[1]/cbc:StatusReasonCode|XXX
T111-B03302 @|//cac:Status[1]/cbc:StatusReasonCode|listID
T111-B03303 @|//cac:Status[1]/cbc:StatusReasonCode|listID=OPStatus
T111-B03601 -|//cbc:AttributeID
T111-B03602 +|//cac:Condition|<cbc:Measure unitCode="C62">1</cbc:Measure>
T111-B03901 -|//cac:DocumentReference/cbc:ID
T111-B03902 -|//cac:DocumentReference/cbc:DocumentTypeCode
T111-B03903 +|//cac:DocumentReference|<cbc:VersionID>1</cbc:VersionID>
T111-B04201 =|//cbc:DocumentTypeCode|0380
T111-B04301 -|//cac:IssuerParty/cac:PartyName
T111-B04302 +|//cac:IssuerParty|<cac:Contact><cbc:Name>A</cbc:Name></cac:Contact>
T111-B04401 -|//cac:IssuerParty/cac:PartyIdentification/cbc:ID
T111-B04501 @|//cac:IssuerParty/cac:PartyIdentification/cbc:ID|schemeID=9908
T111-B04701 -|//cac:IssuerParty/cac:PartyName/cbc:Name
T111-B04901 -|//cac:RecipientParty/cac:PartyName
T111-B04902 +|//cac:RecipientParty|<cac:Contact><cbc:Name>A</cbc:Name></cac:Contact>
T111-B05001 -|//cac:RecipientParty/cac:PartyIdentification/cbc:ID
T111-B05101 @|//cac:RecipientParty/cac:PartyIdentification/cbc:ID|schemeID=9908
T111-B05301 -|//cac:RecipientParty/cac:PartyName/cbc:Name
T111-R001 -|//cac:Status
T111-R001 =|//cbc:ResponseCode|UQ -|//cac:Status
T111-R001 =|//cbc:ResponseCode|CA -|//cac:Status/cbc:StatusReasonCode
T111-R002 -|//cac:Status[cbc:StatusReasonCode='OTH']/cbc:StatusReason
T111-R003 =|/*/cbc:CustomizationID|urn:fdc:peppol.eu:poacc:trns:invoice_response:2
T111-R004 -|//cac:Status[cbc:StatusReasonCode='PPD']/cbc:StatusReason
T111-R006 =|//cac:Status[4]/cbc:StatusReasonCode|REF
T111-R006 @|//cac:Status[1]/cbc:StatusReasonCode|listID=OPStatusAction
T111-R007 =|//cac:Status[1]/cbc:StatusReasonCode|NIN
T111-R008 =|/*/cbc:ProfileID|urn:fdc:peppol.eu:poacc:bis:mlr:3
"""
T71_BREAKS = """
COMMON-R001 =|/*/cbc:ID|
COMMON-R003 @|/*|schemaLocation=a
COMMON-R030 =|/*/cbc:IssueDate|01.09.2026
COMMON-R056-2 +|//cac:SenderParty|<cac:PartyTaxScheme><cbc:CompanyID>NL12</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
T71-B00101 -|/*/cbc:CustomizationID
T71-B00102 -|/*/cbc:ProfileID
T71-B00103 -|/*/cbc:ID
T71-B00104 -|/*/cbc:IssueDate
T71-B00105 -|/*/cac:SenderParty
T71-B00106 -|/*/cac:ReceiverParty
T71-B00107 -|/*/cac:DocumentResponse
T71-B00108 @|/*|schemaLocation=a
T71-B00109 +|/*|<cbc:Note>A</cbc:Note>
T71-B00301 =|/*/cbc:ProfileID|urn:fdc:peppol.eu:poacc:bis:mlr:4
T71-B00701 -|//cac:SenderParty/cbc:EndpointID
T71-B00702 +|//cac:SenderParty|<cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName>
T71-B00801 @|//cac:SenderParty/cbc:EndpointID|schemeID
T71-B00802 @|//cac:SenderParty/cbc:EndpointID|schemeID=9908
T71-B01001 -|//cac:ReceiverParty/cbc:EndpointID
T71-B01002 +|//cac:ReceiverParty|<cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName>
T71-B01101 @|//cac:ReceiverParty/cbc:EndpointID|schemeID
T71-B01102 @|//cac:ReceiverParty/cbc:EndpointID|schemeID=9908
T71-B01301 -|//cac:DocumentResponse/cac:Response
T71-B01302 -|//cac:DocumentResponse/cac:DocumentReference
T71-B01303 +|//cac:DocumentResponse|<cac:IssuerParty><cbc:EndpointID schemeID="0192">310000086</cbc:EndpointID></cac:IssuerParty>
T71-B01401 -|//cac:DocumentResponse/cac:Response/cbc:ResponseCode
T71-B01402 +|//cac:DocumentResponse/cac:Response|<cbc:EffectiveDate>2026-09-01</cbc:EffectiveDate>
T71-B01501 =|//cac:DocumentResponse/cac:Response/cbc:ResponseCode|PD
T71-B01701 -|//cac:DocumentReference/cbc:ID
T71-B01702 +|//cac:DocumentReference|<cbc:UUID>1</cbc:UUID>
T71-B01901 =|//cbc:DocumentTypeCode|471
T71-B02101 -|//cac:LineReference
T71-B02102 -|//cac:LineResponse/cac:Response
T71-B02201 -|//cbc:LineID
T71-B02202 +|//cac:LineReference|<cbc:UUID>1</cbc:UUID>
T71-B02401 -|//cac:LineResponse/cac:Response/cbc:Description
T71-B02402 -|//cac:LineResponse/cac:Response/cac:Status
T71-B02403 +|//cac:LineResponse/cac:Response|<cbc:EffectiveDate>2026-09-01</cbc:EffectiveDate>
T71-B02501 =|//cac:LineResponse/cac:Response/cbc:ResponseCode|PD
T71-B02701 -|//cbc:StatusReasonCode
T71-B02702 +|//cac:LineResponse/cac:Response/cac:Status|<cbc:StatusReason>A</cbc:StatusReason>
T71-B02801 =|//cbc:StatusReasonCode|FD
T71-R001 =|/*/cbc:CustomizationID|urn:fdc:peppol.eu:poacc:trns:mlr:2
"""
MLS_BREAKS = """
01 =|/*/cbc:CustomizationID|urn:peppol:edec:mls:1.1
02 =|/*/cbc:ProfileID|urn:peppol:edec
03 =|/*/cbc:ID|
04 =|/*/cbc:IssueDate|2026-09-01Z
05 -|/*/cbc:IssueTime
06 =|/*/cbc:IssueTime|12:00:00
07 -|//cac:SenderParty/cbc:EndpointID
08 =|//cac:SenderParty/cbc:EndpointID|
09 =|//cac:SenderParty/cbc:EndpointID|12345
10 @|//cac:SenderParty/cbc:EndpointID|schemeID
11 @|//cac:SenderParty/cbc:EndpointID|schemeID=0192
12 -|//cac:ReceiverParty/cbc:EndpointID
13 =|//cac:ReceiverParty/cbc:EndpointID|
14 =|//cac:ReceiverParty/cbc:EndpointID|123456-ab
15 @|//cac:ReceiverParty/cbc:EndpointID|schemeID
16 @|//cac:ReceiverParty/cbc:EndpointID|schemeID=0192
17 -|//cac:DocumentResponse
18 -|//cac:DocumentResponse/cac:Response/cbc:ResponseCode
19 =|//cac:DocumentResponse/cac:Response/cbc:ResponseCode|PD
20 -|//cac:DocumentResponse/cac:Response/cbc:Description
21 =|//cac:DocumentResponse/cac:Response/cbc:Description|
22 -|//cac:DocumentReference
22 +|//cac:DocumentResponse|<cac:DocumentReference><cbc:ID>2</cbc:ID></cac:DocumentReference>
23 -|//cac:LineResponse
24 =|//cac:LineResponse[1]//cbc:StatusReasonCode|BW
25 =|//cac:DocumentResponse/cac:Response/cbc:ResponseCode|AB
26 =|//cac:DocumentReference/cbc:ID|
27 -|//cac:LineResponse[1]/cac:LineReference
28 -|//cac:LineResponse[1]/cac:Response/cbc:Description
29 =|//cac:LineResponse[1]/cac:Response/cbc:Description|
30 -|//cac:LineResponse[2]/cac:Response/cac:Status
31 =|//cac:LineResponse[2]//cbc:StatusReasonCode|XX
"""


@dataclass(frozen=True)
class Break:
    """One way to break one rule of a transaction: edits of its sound message, `op|xpath|value`."""

    transaction: str
    rule: str
    edits: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.transaction}-{self.rule}"


def edited(base: str, edits: tuple[str, ...]) -> bytes:
    root = parse(BASES[base].encode())
    for step in edits:
        op, path, value = (*step.split("|"), "", "")[:3]
        found = root.xpath(path, namespaces=SPACES)
        assert isinstance(found, list)
        assert found, f"{path} finds nothing to edit"
        for node in found:
            assert isinstance(node, etree._Element)
            _edit(node, op, value)
    return etree.tostring(root)


def _edit(node: Element, op: str, value: str) -> None:
    """`-` remove, `=` set the text, `@` set (or with no value drop) an attribute, `+` add a child."""
    if op == "-":
        above = node.getparent()
        assert above is not None
        above.remove(node)
    elif op == "=":
        node.text = value
    elif op == "@":
        # the namespace of an attribute holds no `=`
        name, equals, text = value.partition("=")
        node.attrib.pop(name, None)
        if equals:
            node.set(name, text)
    else:
        node.append(etree.fromstring(f'<x xmlns:cac="{CAC}" xmlns:cbc="{CBC}">{value}</x>')[0])


def steps(text: str) -> tuple[str, ...]:
    """`=|path|value -|path` is two steps: each begins after a blank with its sign and a bar."""
    found: list[str] = []
    for word in text.split(" "):
        if word[:2] in ("-|", "=|", "@|", "+|"):
            found.append(word)
        else:
            found[-1] += f" {word}"
    return tuple(found)


def parsed(transaction: str, prefix: str, table: str) -> list[Break]:
    rows = (row.partition(" ") for row in table.strip("\n").splitlines())
    return [Break(transaction, prefix + rule, steps(edits)) for rule, _, edits in rows]


def identifier_breaks(transaction: str) -> list[Break]:
    rows = (row.split() for row in BROKEN_IDS.strip().splitlines())
    at = "//cac:ReceiverParty/cbc:EndpointID"
    return [
        Break(transaction, f"PEPPOL-COMMON-{rule}", (f"=|{at}|{number}", f"@|{at}|schemeID={scheme}"))
        for rule, scheme, number in rows
    ]


BREAKS = [
    *parsed("t111", "PEPPOL-", T111_BREAKS),
    *identifier_breaks("t111"),
    *parsed("t71", "PEPPOL-", T71_BREAKS),
    *identifier_breaks("t71"),
    *parsed("mls", "SCH-MLS-", MLS_BREAKS),
]


def judged(data: bytes, transaction: str) -> list[Finding]:
    return check(data, rules_only=True, ruleset=transaction)


def codes(data: bytes, transaction: str) -> Counter[str]:
    return Counter(one.code for one in judged(data, transaction))


@pytest.mark.parametrize("base", BASES)
def test_a_sound_message_passes_every_gate_and_rule(base: str) -> None:
    result = inspect(BASES[base].encode())
    assert (result.findings, result.ruleset) == ((), "2026.5")
    assert result.gates_run == ("xml", "root", "customization", "xsd", "rules")


@pytest.mark.parametrize("transaction", OFFICIAL)
def test_the_sets_hold_as_many_rules_as_the_official_files(transaction: str) -> None:
    rules = SETS[-1].responses[transaction]
    assert len(rules) == len(RULES[transaction]) == OFFICIAL[transaction]


@pytest.mark.parametrize(
    ("transaction", "rule"), [(name, rule) for name, rules in RULES.items() for rule in rules], ids=str
)
def test_every_rule_that_judges_looks_at_something_sound(transaction: str, rule: str) -> None:
    """A rule that looks at nothing would be silent on anything."""
    one = RULES[transaction][rule]
    if one.holds is None and one.fits is None:
        return  # such a rule finds only what is wrong
    if rule.startswith(("PEPPOL-COMMON-R04", "PEPPOL-COMMON-R05")):
        return  # the identifiers have a test of their own
    bases = [BASES[name] for name in BASES if name.startswith(transaction)]
    looked_at = [node for base in bases for node in one.where(View(parse(base.encode())))]
    assert looked_at, rule


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_a_break_is_found_under_its_official_id(broken: Break) -> None:
    found = judged(edited(broken.transaction, broken.edits), broken.transaction)
    mine = [one for one in found if one.code == broken.rule]
    assert len(mine) == 1, [one.code for one in found]
    (one,) = mine
    assert one.severity == RULES[broken.transaction][broken.rule].severity
    assert one.location.startswith("/ApplicationResponse")
    assert one.line is None or one.line > 0


@pytest.mark.parametrize("transaction", OFFICIAL)
def test_every_rule_has_a_break(transaction: str) -> None:
    broken = {one.rule for one in BREAKS if one.transaction == transaction}
    assert set(RULES[transaction]) - broken == (NEVER if transaction == "t111" else set())


def test_only_these_are_warnings() -> None:
    warnings = {rule for rules in RULES.values() for rule, one in rules.items() if one.severity == Severity.WARNING}
    italian_and_dutch = {f"PEPPOL-COMMON-R0{n}" for n in (44, 45, 46, 47, 54, 55, 57)}
    dutch_vat = {"PEPPOL-COMMON-R056-1", "PEPPOL-COMMON-R056-2"}
    assert warnings == {"PEPPOL-COMMON-R003", "PEPPOL-T111-R002", *italian_and_dutch, *dutch_vat}


@pytest.mark.parametrize("transaction", OFFICIAL)
def test_every_rule_speaks_three_languages(transaction: str) -> None:
    for rule in RULES[transaction].values():
        for texts in (rule.text, rule.hint):
            assert set(texts) == {"en", "nb", "nl"}, rule.id
            assert all(texts.values()), rule.id
            assert "{" not in "".join(texts.values()), rule.id
            assert texts["en"] != texts["nb"] != texts["nl"] != texts["en"], rule.id


@pytest.mark.parametrize("row", SOUND_IDS.strip().splitlines())
def test_a_sound_identifier_of_every_scheme_is_taken(row: str) -> None:
    scheme, number = row.split()
    at = "//cac:SenderParty/cbc:EndpointID"
    for transaction in ("t111", "t71"):
        found = codes(edited(transaction, (f"=|{at}|{number}", f"@|{at}|schemeID={scheme}")), transaction)
        assert not [code for code in found if code.startswith("PEPPOL-COMMON")]


def test_a_finding_names_element_term_value_expectation_and_line() -> None:
    (found,) = judged(edited("t111", ("=|//cac:Status[4]/cbc:StatusReasonCode|REF",)), "t111")
    assert found.code == "PEPPOL-T111-R006"
    assert found.location == "/ApplicationResponse/cac:DocumentResponse/cac:Response/cac:Status[4]/cbc:StatusReasonCode"
    assert (found.term, found.value) == ("tir111-015", "REF")
    assert found.expected == "CNA CNF CNP NIN NOA OTH PIN"
    assert (found.ruleset, found.line) == ("2026.5", 3)


def test_a_missing_element_is_named_with_whom_it_belongs_to() -> None:
    (found,) = judged(edited("t111", ("-|//cac:SenderParty/cbc:EndpointID",)), "t111")
    assert found.said("en") == "Sender: electronic address is missing."
    assert found.said("nb") == "Avsender: elektronisk adresse mangler."
    assert found.said("nl") == "Afzender: elektronisch adres ontbreekt."
    assert found.hinted("en") == "Fill in cac:SenderParty/cbc:EndpointID."
    (found,) = judged(edited("t71", ("-|//cac:DocumentResponse",)), "t71")
    assert found.said("en") == "Answer on the document is missing."


def test_an_old_scheme_is_answered_with_the_one_that_took_its_place() -> None:
    found = judged(edited("t71", ("@|//cac:SenderParty/cbc:EndpointID|schemeID=9908",)), "t71")
    assert [(one.code, one.expected) for one in found] == [("PEPPOL-T71-B00802", "0192")]
    found = judged(edited("t71", ("@|//cac:SenderParty/cbc:EndpointID|schemeID=1234",)), "t71")
    assert [(one.code, one.expected) for one in found] == [("PEPPOL-T71-B00802", "")]


def test_every_foreign_element_is_a_finding_of_its_own() -> None:
    more = "+|//cac:SenderParty|<cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName>"
    assert codes(edited("t111", (more, more)), "t111") == Counter({"PEPPOL-T111-B00803": 2})


def test_white_space_counts_as_xpath_counts_it() -> None:
    code = "//cbc:ResponseCode"
    assert not codes(edited("t111", (f"=|{code}|\n RE\t",)), "t111")
    # a no-break space is no white space in XPath, so this is another code, and a note of it is not empty
    assert codes(edited("t111", (f"=|{code}|RE\u00a0",)), "t111") == Counter({"PEPPOL-T111-B03001": 1})
    assert not codes(edited("t111", ("=|//cbc:Note|\u00a0",)), "t111")


def test_a_status_with_two_reasons_is_judged_by_the_first_rule_that_looks_at_it() -> None:
    more = '+|//cac:Status[2]|<cbc:StatusReasonCode listID="OPStatusReason">PPD</cbc:StatusReasonCode>'
    found = codes(edited("t111", (more, "-|//cac:Status[2]/cbc:StatusReason")), "t111")
    assert found == Counter({"PEPPOL-T111-R002": 1})
    more = '+|//cac:Status[1]|<cbc:StatusReasonCode listID="OPStatusAction">NIN</cbc:StatusReasonCode>'
    assert codes(edited("t111", (more,)), "t111") == Counter({"PEPPOL-T111-R006": 1})


def test_part_payment_with_any_status_passes_as_the_official_rule_is_written() -> None:
    """R005 means to refuse this, and cannot."""
    assert not codes(BASES["t111"].encode(), "t111")


def test_a_status_that_needs_no_reason_may_stand_alone() -> None:
    for code in ("AB", "IP", "AP", "PD"):
        assert not codes(edited("t111", (f"=|//cbc:ResponseCode|{code}", "-|//cac:Status")), "t111")


def test_a_process_of_billing_with_response_is_taken() -> None:
    assert not codes(edited("t111", ("=|/*/cbc:ProfileID|urn:peppol:bis:billing_with_response",)), "t111")


def test_a_warning_alone_refuses_no_message() -> None:
    at = "//cac:DocumentResponse/cac:Response/cbc:ResponseCode"
    assert not codes(edited("mls-AP", (f"=|{at}|AB", "-|//cac:Response/cbc:Description[../cbc:ResponseCode]")), "mls")
    assert codes(edited("mls-AP", (f"=|{at}|RE",)), "mls") == Counter({"SCH-MLS-24": 1})
    for failure in mls.FAILURES:
        found = codes(edited("mls-AP", (f"=|//cbc:StatusReasonCode|{failure}",)), "mls")
        assert found == Counter({"SCH-MLS-25": 1})


def test_two_answers_in_one_status_message_are_too_many() -> None:
    more = BASES["mls"].partition("<cac:DocumentResponse>")[2].partition("</cac:DocumentResponse>")[0]
    data = BASES["mls"].replace(
        "<cac:DocumentResponse>", f"<cac:DocumentResponse>{more}</cac:DocumentResponse><cac:DocumentResponse>"
    )
    assert codes(data.encode(), "mls") == Counter({"SCH-MLS-17": 1})


def test_the_year_0_exists_as_in_xpath() -> None:
    assert peppol_common.is_date("0000-02-29")
    assert not peppol_common.is_date("0001-02-29")
    assert not peppol_common.is_date("2026-09-31")
    assert not peppol_common.is_date("2026-09-00")


@pytest.mark.parametrize("transaction", OFFICIAL)
def test_a_bare_root_is_judged_by_the_transaction_asked_for(transaction: str) -> None:
    bare = f'<ApplicationResponse xmlns="{APPLICATION_RESPONSE}"/>'.encode()
    prefix = "SCH-MLS-01" if transaction == "mls" else f"PEPPOL-{transaction.upper()}-B00101"
    assert prefix in codes(bare, transaction)
    assert [one.code for one in check(bare)] == ["KVITT-CUSTOMIZATION-01"]


@pytest.mark.parametrize(
    ("listed", "count"), [("EAS", 82), ("ICD", 243), ("UNCL1001", 728), ("UNCL4343-T111", 7), ("UNCL4343", 3)]
)
def test_the_lists_are_as_long_as_the_official_ones(listed: str, count: int) -> None:
    assert len(tables.codes(listed)) == count


def test_the_codes_of_status_messages_are_explained() -> None:
    assert tables.codes("StatusReason") == {"BV", "BW", "SV"}
    assert codelists.codes("StatusReason") == set(mls.REASONS)
    assert codelists.codes("UNCL4343-MLR") == set(mls.STATUSES)
    for code in mls.REASONS:
        found = [one for one in codelists.explain(code) if one.list.startswith("StatusReason")]
        assert [(one.list, bool(one.said("nb")), bool(one.hinted("nl"))) for one in found] == [
            ("StatusReason", True, True)
        ]


@pytest.mark.shared
def test_the_official_verdicts_on_responses(shared: Path) -> None:
    """Whole documents and the unit cases: the same rules, as often, as severe."""
    suite = shared / "data" / "einvoice-suite"
    said = json.loads((suite / "docs_expected.json").read_text(encoding="utf-8"))
    asked = 0
    for case in said.values():
        if case["root"] == "ApplicationResponse":
            data = (suite / case["file"]).read_bytes()
            assert inspect(data).findings == (), case["file"]
            asked += 1
    for line in (suite / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case["doc"] != "ApplicationResponse":
            continue
        found = codes((suite / case["file"]).read_bytes(), "t111")
        for kind, rule, _ in case["expect"]:
            assert (found[rule] == 0) == (kind == "success"), case["file"]
            asked += 1
    assert asked > 15
