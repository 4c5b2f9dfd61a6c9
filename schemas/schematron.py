"""Schematron to XSLT 2.0: `to_xslt(data)`, for what the rule files of EN 16931 and Peppol use, and nothing by guess.

Source: ISO/IEC 19757-3 with the `xslt2` query binding. One mode for each pattern, one template for each rule; a rule
before another has the higher priority, so the first rule of a pattern that matches a node is the only one asked there.
A `let` of the schema or of a pattern is a global variable, one of a rule is local. Keys and functions are copied.
Phases choose between patterns: all are asked. What is not known here (abstract rules, includes, subjects) is refused by
name, since a rule passed over in silence would look like a rule that was met. The report is SVRL (its annex D) with
findings only; a location is written as the usual compilers write it, so that reports can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

from lxml import etree

from hub.errors import FormatError
from schemas.xml import Element, line_of, local_name, parse

SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
SVRL = "http://purl.oclc.org/dsdl/svrl"
XSLT = "http://www.w3.org/1999/XSL/Transform"
_OURS = "urn:kvitt:schematron"
_XS = "http://www.w3.org/2001/XMLSchema"
_BINDINGS = ("xslt2", "xslt3")
_TOP_PRIORITY = 1000
_SPOKEN = frozenset({"title", "p", "phase", "diagnostics", "properties"})
"""Elements that say something to people, or choose a part of the rules; they add no rule."""
_KNOWN: Mapping[str, frozenset[str]] = {
    "schema": frozenset({"ns", "let", "pattern"}) | _SPOKEN,
    "pattern": frozenset({"let", "rule"}) | _SPOKEN,
    "rule": frozenset({"let", "assert", "report"}) | _SPOKEN,
    "message": frozenset({"value-of", "name", "emph", "dir", "span"}),
}
_COPIED = frozenset({"function", "key"})
_REFUSED = ("abstract", "is-a", "subject", "documents")
"""Attributes that change which nodes are asked or where a finding lies."""
_SEVERITY = ("flag", "role")
_PLACE = f"""
<xsl:function xmlns:xsl="{XSLT}" xmlns:xs="{_XS}" xmlns:kvitt-sch="{_OURS}" name="kvitt-sch:place" as="xs:string">
  <xsl:param name="node" as="node()"/>
  <xsl:sequence select="string-join($node/ancestor-or-self::node()/kvitt-sch:step(.), '')"/>
</xsl:function>
"""
_STEP = f"""
<xsl:function xmlns:xsl="{XSLT}" xmlns:xs="{_XS}" xmlns:kvitt-sch="{_OURS}" name="kvitt-sch:step" as="xs:string">
  <xsl:param name="node" as="node()"/>
  <xsl:variable name="space" select="string(namespace-uri($node))"/>
  <xsl:choose>
    <xsl:when test="$node instance of element()">
      <xsl:variable name="place"><xsl:number select="$node"/></xsl:variable>
      <xsl:sequence select="concat('/',
        if ($space = '') then name($node) else concat('*:', local-name($node), '[namespace-uri()=''', $space, ''']'),
        '[', $place, ']')"/>
    </xsl:when>
    <xsl:when test="$node instance of attribute()">
      <xsl:sequence select="if ($space = '') then concat('/@', name($node)) else
        concat('/@*[local-name()=''', local-name($node), ''' and namespace-uri()=''', $space, ''']')"/>
    </xsl:when>
    <xsl:otherwise><xsl:sequence select="''"/></xsl:otherwise>
  </xsl:choose>
</xsl:function>
"""


def to_xslt(data: bytes) -> bytes:
    """The stylesheet that asks the rules of a Schematron file; FormatError where it is none or uses more than we know.

    The stylesheet's result is an SVRL report holding a `failed-assert` or `successful-report` for each finding, with
    `id`, `flag` (else the role), `location` and the text.
    """
    schema = parse(data)
    _require_schema(schema)
    patterns = _children(schema, "pattern")
    sheet = etree.Element(_xsl("stylesheet"), nsmap=_namespaces(schema))
    sheet.set("version", "2.0")
    sheet.append(etree.fromstring(_PLACE))
    sheet.append(etree.fromstring(_STEP))
    for each in schema:
        if each.tag in {_xsl(name) for name in _COPIED}:
            sheet.append(deepcopy(each))
    _add_globals(sheet, schema, patterns)
    _add_start(sheet, len(patterns))
    for number, pattern in enumerate(patterns):
        _add_pattern(sheet, pattern, f"P{number}")
    return etree.tostring(sheet, encoding="UTF-8", xml_declaration=True)


def _require_schema(schema: Element) -> None:
    """Refuse what is no Schematron, another query language, and every element or attribute not known here."""
    if schema.tag != _sch("schema"):
        raise FormatError(f"this is no Schematron schema but {local_name(schema)[:40]!r}", where="line 1")
    binding = schema.get("queryBinding", "xslt")
    if binding not in _BINDINGS:
        raise FormatError(f"the query binding is {binding[:20]!r}, not {' or '.join(_BINDINGS)}", where="line 1")
    if schema.get("defaultPhase", "#ALL") != "#ALL":
        raise FormatError("the schema asks for one phase only, which is not known here", where="line 1")
    _require_known(schema, "schema")
    for pattern in _children(schema, "pattern"):
        _require_known(pattern, "pattern")
        for rule in _children(pattern, "rule"):
            _require_known(rule, "rule")


def _require_known(parent: Element, kind: str) -> None:
    for each in (parent, *parent):
        for name in _REFUSED:
            if name in each.attrib:
                raise _unknown(each, f"the attribute {name}")
    for each in parent:
        name = local_name(each)
        ours = each.tag == _sch(name) and name in _KNOWN[kind]
        copied = kind == "schema" and each.tag == _xsl(name) and name in _COPIED
        if not (ours or copied):
            raise _unknown(each, f"the element {name[:40]} in a {kind}")


def _unknown(element: Element, what: str) -> FormatError:
    return FormatError(
        f"the Schematron uses {what}, which is not known here",
        hint="use the compiled XSLT of the same release",
        where=f"line {line_of(element)}",
    )


def _namespaces(schema: Element) -> dict[str, str]:
    """Prefixes of the file as they stand in its paths; those declared by `ns` win."""
    spaces = {prefix: uri for prefix, uri in schema.nsmap.items() if prefix}
    spaces |= {"xs": _XS} | {_wanted(ns, "prefix"): _wanted(ns, "uri") for ns in _children(schema, "ns")}
    return spaces | {"xsl": XSLT, "svrl": SVRL, "kvitt-sch": _OURS}


def _add_globals(sheet: Element, schema: Element, patterns: Sequence[Element]) -> None:
    seen: set[str] = set()
    for let in (each for holder in (schema, *patterns) for each in _children(holder, "let")):
        name = _wanted(let, "name")
        if name in seen:
            raise _unknown(let, f"the name {name[:40]} for two global variables")
        seen.add(name)
        _add_variable(sheet, let)


def _add_variable(parent: Element, let: Element) -> None:
    etree.SubElement(parent, _xsl("variable"), name=_wanted(let, "name"), select=_wanted(let, "value"))


def _add_start(sheet: Element, patterns: int) -> None:
    start = etree.SubElement(sheet, _xsl("template"), match="/")
    report = etree.SubElement(start, _svrl("schematron-output"))
    for number in range(patterns):
        etree.SubElement(report, _xsl("apply-templates"), select="/", mode=f"P{number}")


def _add_pattern(sheet: Element, pattern: Element, mode: str) -> None:
    rules = _children(pattern, "rule")
    for number, rule in enumerate(rules):
        priority = str(_TOP_PRIORITY + len(rules) - number)
        template = etree.SubElement(
            sheet, _xsl("template"), match=_wanted(rule, "context"), mode=mode, priority=priority
        )
        for let in _children(rule, "let"):
            _add_variable(template, let)
        for test in rule:
            if local_name(test) in ("assert", "report"):
                _add_test(template, test)
        _go_on(template, mode)
    etree.SubElement(sheet, _xsl("template"), match="text()", mode=mode, priority="-1")
    _go_on(etree.SubElement(sheet, _xsl("template"), match="@*|node()", mode=mode, priority="-2"), mode)


def _go_on(template: Element, mode: str) -> None:
    etree.SubElement(template, _xsl("apply-templates"), select="@*|*", mode=mode)


def _add_test(template: Element, test: Element) -> None:
    """An assert speaks when its test fails, a report when it holds."""
    choose = etree.SubElement(template, _xsl("choose"))
    holds = etree.SubElement(choose, _xsl("when"), test=_wanted(test, "test"))
    fails = etree.SubElement(choose, _xsl("otherwise"))
    asserted = local_name(test) == "assert"
    found = etree.SubElement(fails if asserted else holds, _svrl("failed-assert" if asserted else "successful-report"))
    severity = next((test.get(name) for name in _SEVERITY if test.get(name)), None)
    for name, value in (("id", test.get("id")), ("flag", severity)):
        if value:
            found.set(name, _literal(value))
    found.set("location", "{kvitt-sch:place(.)}")
    _add_message(etree.SubElement(found, _svrl("text")), test)


def _add_message(text: Element, source: Element) -> None:
    """What a finding says, in order: words, values, names; emphasis is left out, its words stay."""
    _add_words(text, source.text)
    for each in source:
        name = local_name(each)
        if each.tag != _sch(name) or name not in _KNOWN["message"]:
            raise _unknown(each, f"the element {name[:40]} in a message")
        if name == "value-of":
            etree.SubElement(text, _xsl("value-of"), select=_wanted(each, "select"))
        elif name == "name":
            etree.SubElement(text, _xsl("value-of"), select=f"name({each.get('path', '.')})")
        else:
            _add_message(text, each)
        _add_words(text, each.tail)


def _add_words(text: Element, words: str | None) -> None:
    if words:
        etree.SubElement(text, _xsl("text")).text = words


def _children(parent: Element, name: str) -> list[Element]:
    return parent.findall(_sch(name))


def _wanted(element: Element, name: str) -> str:
    value = element.get(name)
    if not value:
        raise FormatError(f"{local_name(element)[:40]} has no {name}", where=f"line {line_of(element)}")
    return value


def _literal(value: str) -> str:
    """A value as it stands, where XSLT would look for expressions in braces."""
    return value.replace("{", "{{").replace("}", "}}")


def _sch(name: str) -> str:
    return f"{{{SCHEMATRON}}}{name}"


def _svrl(name: str) -> str:
    return f"{{{SVRL}}}{name}"


def _xsl(name: str) -> str:
    return f"{{{XSLT}}}{name}"
