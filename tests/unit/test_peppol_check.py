"""The gates before the rules, in order, and what a result says about itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.errors import ConfigurationError
from schemas.peppol import check, gates, inspect
from schemas.peppol.rules.core import Rule, judge
from schemas.peppol.rules.registry import SETS, in_force
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import View
from schemas.ubl import Document, write
from schemas.ubl.names import BILLING, BILLING_PROFILE, INVOICE, INVOICE_RESPONSE
from schemas.ubl.response import ApplicationResponse, DocumentResponse, Referenced, Response
from schemas.ubl.response import write as write_response
from schemas.ubl.values import Identifier, ListedCode
from schemas.xml import parse

CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
BARE = f'<Invoice xmlns="{INVOICE}" xmlns:cbc="{CBC}"><cbc:CustomizationID>{BILLING}</cbc:CustomizationID></Invoice>'


def codes(data: bytes, *, rules_only: bool = False) -> list[str]:
    return [one.code for one in check(data, rules_only=rules_only)]


def test_a_doctype_stops_everything_whatever_is_asked() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x "y">]>\n' + BARE.encode()
    for rules_only in (False, True):
        result = inspect(bomb, rules_only=rules_only)
        assert (result.format, result.gates_run) == (None, ("xml",))
        (found,) = result.findings
        assert (found.code, found.line, found.blocks) == ("KVITT-XML-01", 1, True)


@pytest.mark.parametrize("data", [b"", b"not xml", b"<Invoice>", b"\x00\x01", b"<a>&undeclared;</a>"])
def test_what_is_not_xml_is_a_finding(data: bytes) -> None:
    assert codes(data) == ["KVITT-XML-01"]


def test_a_root_without_namespace_is_not_an_invoice() -> None:
    result = inspect(b"<Invoice/>", rules_only=True)
    assert (result.format, result.gates_run, result.ruleset) == (None, ("xml", "root"), "")
    assert [one.code for one in result.findings] == ["KVITT-ROOT-01"]


def test_a_foreign_customization_stops_before_the_schema() -> None:
    result = inspect(BARE.replace(BILLING, "urn:cen.eu:en16931:2017").encode())
    assert result.gates_run == ("xml", "root", "customization")
    assert result.format == "ubl-invoice"
    assert result.findings[0].value == "urn:cen.eu:en16931:2017"


def test_invalid_ubl_stops_before_the_rules() -> None:
    result = inspect(BARE.encode())
    assert result.gates_run == ("xml", "root", "customization", "xsd")
    assert {one.code for one in result.findings} == {"KVITT-XSD-01"}
    assert not result.ok
    assert result.ruleset == ""


def test_a_violation_says_where_and_not_what_the_value_was() -> None:
    data = BARE.replace("</Invoice>", "\n<cbc:ID>1</cbc:ID>\n<cbc:IssueDate>12847948459</cbc:IssueDate></Invoice>")
    found = check(data.encode())
    assert (found[0].location, found[0].line) == ("/Invoice/cbc:IssueDate", 3)
    assert "12847948459" not in repr(found)


def test_many_violations_are_counted_not_listed() -> None:
    many = "".join("<cbc:Foo/>" for _ in range(3)) + "".join(f"<cbc:ID>{n}</cbc:ID>" for n in range(5))
    found = check(BARE.replace("</Invoice>", f"{many}</Invoice>").encode())
    assert 1 <= len(found) <= gates.MOST_VIOLATIONS + 1


def test_rules_only_lets_a_fragment_through_to_the_rules() -> None:
    result = inspect(BARE.encode(), rules_only=True)
    assert result.gates_run == ("xml", "root", "rules")
    assert {"BR-02", "BR-16"} <= {one.code for one in result.findings}
    assert result.ruleset == "2026.5"


def test_a_document_over_the_size_cap_is_refused_unless_rules_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "MAX_BYTES", 100)
    assert codes(BARE.encode()) == ["KVITT-XML-01"]
    assert "KVITT-XML-01" not in codes(BARE.encode(), rules_only=True)


def test_an_invoice_response_is_recognised_and_says_that_no_rules_were_asked() -> None:
    answer = DocumentResponse(
        response=Response(code=ListedCode("AP")), references=(Referenced(id=Identifier("10001")),)
    )
    message = ApplicationResponse(
        customization_id=INVOICE_RESPONSE, profile_id="p", id="1", issue_date=date(2026, 9, 1), responses=(answer,)
    )
    result = inspect(write_response(message))
    assert (result.format, result.ruleset) == ("ubl-response", "")
    assert "rules" not in result.gates_run


def test_the_set_in_force_on_a_day_and_by_name() -> None:
    assert in_force(date(2026, 9, 1)).name == in_force(None).name == "2026.5"
    # the only set we have also judges days before it came into force
    assert in_force(date(2025, 1, 1)).name == "2026.5"
    assert inspect(BARE.encode(), rules_only=True, ruleset="2026.5").ruleset == "2026.5"
    with pytest.raises(ConfigurationError, match="no rule set"):
        check(BARE.encode(), ruleset="1999.1")


def test_rule_ids_are_unique_in_a_set() -> None:
    for one in SETS:
        ids = [rule.id for rule in one.rules]
        assert len(ids) == len(set(ids))


def test_a_rule_of_ours_that_breaks_is_a_finding_not_a_crash() -> None:
    def broken(*_: object) -> bool:
        message = "a mistake of ours"
        raise TypeError(message)

    rule = Rule(id="X-1", where=lambda view: [view.root], holds=broken, text=said("", "", ""), hint=said("", "", ""))
    (found,) = judge(View(parse(BARE.encode())), (rule,), "test")
    assert (found.code, found.blocks) == ("KVITT-ENGINE-01", True)
    assert "X-1" in found.said("nb")


def test_a_comment_cannot_hide_part_of_a_value() -> None:
    document = Document(customization_id=BILLING, profile_id=BILLING_PROFILE, number="10001")
    split = write(replace(document, number="10001")).replace(b"10001", b"100<!-- x -->01")
    assert parse(split).findtext(f"{{{CBC}}}ID") == "10001"
