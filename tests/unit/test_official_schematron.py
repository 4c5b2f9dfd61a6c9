"""Our Schematron compiler: what it makes of a rule file is what SaxonC then finds; what it does not know it refuses."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from hub.errors import FormatError
from hub.official.artefacts import stylesheet
from hub.official.engine import Engine, OfficialFinding
from schemas.schematron import to_xslt
from tests.conftest import absent

HEAD = '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
FULL = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made for this test -->
<schema xmlns="http://purl.oclc.org/dsdl/schematron" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:f="urn:functions" queryBinding="xslt2">
  <title>Boxes</title>
  <p>Words for people.</p>
  <ns prefix="b" uri="urn:boxes"/>
  <phase id="one"><active pattern="lids"/></phase>
  <let name="most" value="if (/b:store/@most) then xs:integer(/b:store/@most) else 3"/>
  <xsl:key name="by-id" match="b:box" use="@id"/>
  <xsl:function name="f:even" as="xs:boolean">
    <xsl:param name="n"/>
    <xsl:sequence select="number($n) mod 2 = 0"/>
  </xsl:function>
  <pattern id="lids">
    <let name="colours" value="tokenize('red blue', ' ')"/>
    <rule context="b:box[@open]">
      <report id="OPEN" flag="warning" test="true()">Box <value-of select="@id"/> is open.</report>
    </rule>
    <rule context="b:box">
      <let name="colour" value="normalize-space(b:colour)"/>
      <assert id="COLOUR" flag="fatal" test="$colour = $colours">The <name/> has the <emph>colour
        <value-of select="$colour"/></emph> in <name path=".."/>, <!-- aside -->not one of ours.</assert>
      <assert id="EVEN{1}" role="error" test="f:even(@id)">Odd.</assert>
      <assert id="UNIQUE" test="count(key('by-id', @id)) = 1">Twice.</assert>
    </rule>
    <rule context="b:*"><assert id="NEVER-FOR-A-BOX" test="not(self::b:box)">Asked although a rule before matched.</assert></rule>
  </pattern>
  <pattern>
    <rule context="/"><assert id="MOST" flag="fatal" test="count(//b:box) le $most">Too many.</assert></rule>
    <rule context="plain"><report id="PLAIN" flag="info" test="., true()">Named without namespace.</report></rule>
    <rule context="@b:mark | @size"><report id="MARK" flag="info" test="true()">An attribute.</report></rule>
    <rule context="b:box"><assert flag="info" test="@id ne '8'">Eight.</assert></rule>
  </pattern>
</schema>
"""
STORE = """<s:store xmlns:s="urn:boxes" most="4">
  <s:box id="2"><s:colour>red</s:colour></s:box>
  <s:box id="3" open="yes"><s:colour>green</s:colour></s:box>
  <shelf xmlns=""><plain/><plain/><s:box id="8" s:mark="m" size="9"><s:colour> green </s:colour></s:box></shelf>
  <s:box id="5"><s:colour>blue</s:colour></s:box><s:box id="2"><s:colour>blue</s:colour></s:box>
</s:store>"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    if importlib.util.find_spec("saxonche") is None:
        absent("SaxonC (pip install saxonche)")
    with Engine() as one:
        yield one


def found(engine: Engine, schema: str, document: str) -> list[OfficialFinding]:
    answer = engine.judge(stylesheet(schema.encode(), "sch"), document)
    assert isinstance(answer, tuple), answer
    return list(answer)


def test_every_feature_finds_what_it_says(engine: Engine) -> None:
    said = {
        (one.rule, one.flag, one.location.replace("[namespace-uri()='urn:boxes']", "")): one.text
        for one in found(engine, FULL, STORE)
    }
    store, shelf = "/*:store[1]", "/*:store[1]/shelf[1]"
    assert said == {
        ("OPEN", "warning", f"{store}/*:box[2]"): "Box 3 is open.",
        ("COLOUR", "fatal", f"{shelf}/*:box[1]"): "The s:box has the colour green in shelf, not one of ours.",
        ("EVEN{1}", "error", f"{store}/*:box[3]"): "Odd.",
        ("UNIQUE", "", f"{store}/*:box[1]"): "Twice.",
        ("UNIQUE", "", f"{store}/*:box[4]"): "Twice.",
        ("MOST", "fatal", ""): "Too many.",
        ("PLAIN", "info", f"{shelf}/plain[1]"): "Named without namespace.",
        ("PLAIN", "info", f"{shelf}/plain[2]"): "Named without namespace.",
        ("MARK", "info", f"{shelf}/*:box[1]/@*[local-name()='mark' and namespace-uri()='urn:boxes']"): "An attribute.",
        ("MARK", "info", f"{shelf}/*:box[1]/@size"): "An attribute.",
        ("", "info", f"{shelf}/*:box[1]"): "Eight.",
    }  # fmt: skip


def test_a_schema_variable_follows_each_document(engine: Engine) -> None:
    codes = [one.rule for one in found(engine, FULL, STORE.replace('most="4"', 'most="5"'))]
    assert "MOST" not in codes


def test_the_first_rule_of_a_pattern_that_matches_is_the_only_one_asked(engine: Engine) -> None:
    """Nobody asks the colour of an open box, though it matches the second rule as well."""
    open_box = '<b:store xmlns:b="urn:boxes"><b:box id="2" open=""><b:colour>green</b:colour></b:box></b:store>'
    assert [one.rule for one in found(engine, FULL, open_box)] == ["OPEN"]
    closed = open_box.replace(' open=""', "")
    assert [one.rule for one in found(engine, FULL, closed)] == ["COLOUR"]


def test_a_document_that_meets_every_rule_gives_nothing(engine: Engine) -> None:
    assert (
        found(engine, FULL, '<b:store xmlns:b="urn:boxes"><b:box id="2"><b:colour>red</b:colour></b:box></b:store>')
        == []
    )


def test_compiling_needs_no_saxon_and_is_the_same_every_time() -> None:
    assert to_xslt(FULL.encode()) == to_xslt(FULL.encode())
    assert b'priority="1003"' in to_xslt(FULL.encode())


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("<schema/>", "no Schematron schema"),
        ('<schema xmlns="http://purl.oclc.org/dsdl/schematron"/>', "query binding is 'xslt'"),
        (HEAD.replace(">", ' defaultPhase="x">') + "</schema>", "one phase only"),
        (f'{HEAD}<include href="x"/></schema>', "the element include in a schema"),
        (f'{HEAD}<xsl:include xmlns:xsl="http://www.w3.org/1999/XSL/Transform" href="x"/></schema>', "the element include"),
        (f'{HEAD}<pattern abstract="true" id="a"/></schema>', "the attribute abstract"),
        (f'{HEAD}<pattern is-a="a"/></schema>', "the attribute is-a"),
        (f'{HEAD}<pattern><param name="x" value="y"/></pattern></schema>', "the element param in a pattern"),
        (f'{HEAD}<pattern><rule abstract="true" id="r"/></pattern></schema>', "the attribute abstract"),
        (f'{HEAD}<pattern><rule context="a"><extends rule="r"/></rule></pattern></schema>', "the element extends in a rule"),
        (f'{HEAD}<pattern><rule context="a"><assert test="b" subject="c"/></rule></pattern></schema>', "the attribute subject"),
        (f'{HEAD}<pattern><rule context="a"><assert test="b"><b/></assert></rule></pattern></schema>', "the element b in a message"),
        (f'{HEAD}<pattern><rule context="a"><assert test="b"><x xmlns=""/></assert></rule></pattern></schema>', "the element x in a message"),
        (f'{HEAD}<pattern><rule><assert test="b"/></rule></pattern></schema>', "rule has no context"),
        (f'{HEAD}<pattern><rule context="a"><assert/></rule></pattern></schema>', "assert has no test"),
        (f'{HEAD}<let name="a"/></schema>', "let has no value"),
        (f'{HEAD}<let name="a" value="1"/><pattern><let name="a" value="2"/></pattern></schema>', "for two global variables"),
        (f"<!DOCTYPE x>{HEAD}</schema>", "DOCTYPE"),
        (FULL[:900], "not well-formed"),
    ],
)  # fmt: skip
def test_what_the_compiler_does_not_know_is_refused_by_name(schema: str, reason: str) -> None:
    """Nothing is passed over: a rule that is not asked would look like a rule that is met."""
    with pytest.raises(FormatError, match=reason):
        to_xslt(schema.encode())


def test_an_empty_schema_finds_nothing(engine: Engine) -> None:
    assert found(engine, f"{HEAD}</schema>", "<a/>") == []
