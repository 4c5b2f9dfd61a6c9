"""The gates before the rules, in order, and what a result says about itself."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from hub.errors import ConfigurationError
from schemas.peppol import check, gates, inspect
from schemas.peppol.rules import registry
from schemas.peppol.rules.core import Plan, Rule, judge
from schemas.peppol.rules.registry import SETS, in_force
from schemas.peppol.rules.texts import said
from schemas.peppol.rules.view import View
from schemas.ubl import Document, write, xsd
from schemas.ubl.names import BILLING, BILLING_PROFILE, INVOICE, INVOICE_RESPONSE, MLR, MLS
from schemas.ubl.response import ApplicationResponse, DocumentResponse, Referenced, Response
from schemas.ubl.response import write as write_response
from schemas.ubl.values import Identifier, ListedCode
from schemas.xml import parse

LANGUAGES = ("en", "nb", "nl")
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
        assert (found.code, found.line, found.blocks) == ("KVITT-XML-02", 1, True)
        assert all("DOCTYPE" in found.hinted(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("data", "code", "quoted"),
    [
        (b"", "KVITT-XML-06", ""),
        (b" \n", "KVITT-XML-06", ""),
        (b"not xml", "KVITT-XML-01", "syntax error"),
        (b"<Invoice>", "KVITT-XML-01", "premature end"),
        (b"<a><b></a>", "KVITT-XML-01", "mismatch"),
        (b"\x00\x01", "KVITT-XML-01", "not well-formed"),
        (b"<a>&undeclared;</a>", "KVITT-XML-01", "undeclared entity"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "KVITT-XML-05", ""),
        (b"<a>" * 100 + b"</a>" * 100, "KVITT-XML-04", ""),
    ],
)
def test_each_kind_of_unreadable_xml_has_its_own_words(data: bytes, code: str, quoted: str) -> None:
    (found,) = check(data)
    assert found.code == code
    assert len({found.said(language) for language in LANGUAGES}) == 3
    assert len({found.hinted(language) for language in LANGUAGES}) == 3
    assert "DOCTYPE" not in repr(found), "that hint is for a DOCTYPE only"
    foreign = re.sub(r"«[^«»]*»", "", found.said("nb"))
    assert not re.search(r"\b(the|is|not|of|document)\b", foreign), "English stands in quotes, if at all"
    assert ("«" in found.said("nb")) is bool(quoted)


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


def test_a_value_that_may_be_a_persons_number_is_not_repeated() -> None:
    data = BARE.replace("</Invoice>", "\n<cbc:ID>1</cbc:ID>\n<cbc:IssueDate>12847948459</cbc:IssueDate></Invoice>")
    found = check(data.encode())
    assert (found[0].location, found[0].line) == ("/Invoice/cbc:IssueDate", 3)
    assert "12847948459" not in repr(found)


def test_many_violations_are_counted_not_listed() -> None:
    notes = "<cbc:Note><cbc:ID>1</cbc:ID></cbc:Note>" * 60
    head = "<cbc:ID>1</cbc:ID><cbc:IssueDate>2026-09-01</cbc:IssueDate>"
    found = check(BARE.replace("</Invoice>", f"{head}{notes}</Invoice>").encode())
    assert [one.code for one in found] == ["KVITT-XSD-01"] * gates.MOST_VIOLATIONS + ["KVITT-XSD-02"]
    more = len(xsd.violations(parse(BARE.replace("</Invoice>", f"{head}{notes}</Invoice>").encode()))) - 50
    assert more >= 10
    assert found[-1].said("nb").startswith(f"{more} steder til")
    assert found[-1].location == "/Invoice"


def test_rules_only_lets_a_fragment_through_to_the_rules() -> None:
    result = inspect(BARE.encode(), rules_only=True)
    assert result.gates_run == ("xml", "root", "rules")
    assert {"BR-02", "BR-16"} <= {one.code for one in result.findings}
    assert result.ruleset == "2026.5"


def test_a_document_over_the_size_cap_is_refused_unless_rules_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "MAX_BYTES", 100)
    (found,) = check(BARE.encode())
    assert found.code == "KVITT-XML-03"
    assert all(f"{len(BARE)}" in found.said(language) and "100" in found.said(language) for language in LANGUAGES)
    assert "KVITT-XML-03" not in codes(BARE.encode(), rules_only=True)


def answer(transaction: str) -> bytes:
    said = DocumentResponse(response=Response(code=ListedCode("AP")), references=(Referenced(id=Identifier("10001")),))
    return write_response(
        ApplicationResponse(
            customization_id=transaction, profile_id="p", id="1", issue_date=date(2026, 9, 1), responses=(said,)
        )
    )


@pytest.mark.parametrize(
    ("transaction", "rule"),
    [(INVOICE_RESPONSE, "PEPPOL-T111-R008"), (MLR, "PEPPOL-T71-B00301"), (MLS, "SCH-MLS-02")],
)
def test_a_response_is_judged_by_the_rules_of_the_transaction_it_names(transaction: str, rule: str) -> None:
    """Profile `p` is that of none of them."""
    result = inspect(answer(transaction))
    assert (result.format, result.ruleset, result.gates_run[-1]) == ("ubl-response", "2026.5", "rules")
    assert rule in [one.code for one in result.findings]


def test_a_response_can_be_judged_as_another_transaction_by_name() -> None:
    codes = {
        one.code.rpartition("-")[0]
        for one in inspect(answer(INVOICE_RESPONSE), rules_only=True, ruleset="mls").findings
    }
    assert codes == {"SCH-MLS"}


@pytest.mark.parametrize("left", [{}, {"t71": ()}])
def test_a_response_that_no_rule_judged_is_not_fine(
    monkeypatch: pytest.MonkeyPatch, left: dict[str, tuple[Rule, ...]]
) -> None:
    monkeypatch.setattr(registry, "SETS", (replace(SETS[-1], responses=left),))
    result = inspect(answer(MLR))
    assert (result.format, result.ruleset, result.ok) == ("ubl-response", "", False)
    assert "rules" not in result.gates_run
    (found,) = result.findings
    assert (found.code, found.severity, found.location) == ("KVITT-RULES-01", "fatal", "/ApplicationResponse")
    assert all("2026.5" in found.said(language) and "T71" in found.said(language) for language in LANGUAGES)


def test_an_invoice_that_no_rule_judged_is_not_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SETS", (replace(SETS[-1], rules=()),))
    result = inspect(BARE.encode(), rules_only=True)
    assert ([one.code for one in result.findings], result.ruleset) == (["KVITT-RULES-01"], "")


def test_a_day_before_the_oldest_set_is_said_and_forbids_nothing() -> None:
    day = date(2025, 1, 1)
    (found,) = [one for one in check(BARE.encode(), day, rules_only=True) if one.code == "KVITT-RULES-02"]
    assert (found.severity, found.blocks) == ("info", False)
    assert all(
        part in found.said(language) for language in LANGUAGES for part in ("2025-01-01", "2026.5", "2026-08-24")
    )
    for data, asked in ((answer(MLR), "t71"), (answer(MLS), None)):
        assert "KVITT-RULES-02" in [one.code for one in check(data, day, ruleset=asked)]
    for on, asked in ((date(2026, 8, 24), None), (None, None), (day, "2026.5")):
        assert "KVITT-RULES-02" not in [one.code for one in check(BARE.encode(), on, rules_only=True, ruleset=asked)]


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
    (found,) = judge(View(parse(BARE.encode())), Plan((rule,)), "test")
    assert (found.code, found.blocks) == ("KVITT-ENGINE-01", True)
    assert "X-1" in found.said("nb")


def test_a_comment_cannot_hide_part_of_a_value() -> None:
    document = Document(customization_id=BILLING, profile_id=BILLING_PROFILE, number="10001")
    split = write(replace(document, number="10001")).replace(b"10001", b"100<!-- x -->01")
    assert parse(split).findtext(f"{{{CBC}}}ID") == "10001"
