"""`kvitt check --official`: our rules and official rule files on the same document, and every difference said."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.model.finding import Finding, Severity
from hub.official import Library, SecondOpinion, artefacts, importing, opinion
from hub.official.engine import Engine, Failure, OfficialFinding, Trouble
from hub.official.opinion import differences, resolve
from hub.validation import Asked, check
from schemas import sbdh
from schemas.ubl.names import APPLICATION_RESPONSE, BILLING, INVOICE, INVOICE_RESPONSE, MLR, MLS
from schemas.xml import parse
from tests.commands import Run, in_process, stand_in
from tests.conftest import GOLDEN, absent

XSLT = "http://www.w3.org/1999/XSL/Transform"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
NAMESPACES = f"""<ns prefix="cbc" uri="{CBC}"/><ns prefix="i" uri="{INVOICE}"/>
  <ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/><ns prefix="f" uri="urn:f"/>"""
INVOICE_OF = (
    f'<Invoice xmlns="{INVOICE}" xmlns:cbc="{CBC}"><cbc:CustomizationID>{BILLING}</cbc:CustomizationID>'
    "{id}<cbc:Note>{note}</cbc:Note></Invoice>"
)
BR_02 = '<assert id="BR-02" flag="fatal" test="normalize-space(cbc:ID) != \'\'">No number.</assert>'
FRAGMENT = INVOICE_OF.format(id="", note="x").encode()
ASKED = Asked(on=date(2026, 9, 1), rules_only=True)


def schema(rules: str, functions: str = "") -> bytes:
    return (
        f'<schema xmlns="http://purl.oclc.org/dsdl/schematron" xmlns:xsl="{XSLT}" queryBinding="xslt2">{NAMESPACES}'
        f'{functions}<pattern><rule context="/*">{rules}</rule></pattern></schema>'
    ).encode()


NOTHING = schema("")
ENDLESS = schema(
    '<assert id="E" test="f:on(1)">x</assert>',
    '<xsl:function name="f:on" as="xs:boolean"><xsl:param name="n"/><xsl:sequence select="if ($n = 0) then true() '
    'else f:on($n + 1)"/></xsl:function>',
)


@pytest.fixture(scope="module", autouse=True)
def saxon() -> None:
    if importlib.util.find_spec("saxonche") is None:
        absent("SaxonC (pip install saxonche)")


def library(at: Path, **rules: bytes) -> Library:
    """Rule files of our own under official names: cen, peppol, t111, t71, mls."""
    names = dict(zip(("cen", "peppol", "t111", "t71", "mls"), artefacts.NAMES, strict=True))
    chosen = [
        importing.Chosen(
            release="2026.5",
            artefact=names[name],
            kind="sch",
            origin=importing.ACCEPTED,
            candidate=importing.Candidate(place=f"{name}.sch", data=data, sha256=artefacts.digest(data)),
        )
        for name, data in rules.items()
    ]
    made = Library(at)
    importing.store(made, importing.Selection(chosen=tuple(chosen)), date(2026, 9, 1), "test")
    return made


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(seconds=1) as one:
        yield one


@pytest.fixture
def ask(tmp_path: Path, engine: Engine) -> Callable[..., Any]:
    """Check one document with rule files of our own; gives the result."""

    def asked(data: bytes, how: Asked = ASKED, **rules: bytes) -> Any:
        return check(data, how, second=SecondOpinion(library(tmp_path / "schemas", **rules), engine))

    return asked


def official(checked: Any) -> list[tuple[str, str]]:
    """The codes of the differences with the rule or file they are about."""
    return [(one.code, one.element) for one in checked.findings if one.code.startswith("KVITT-OFFICIAL")]


def native_rules(data: bytes) -> list[str]:
    return [one.code for one in check(data, ASKED).findings if not one.code.startswith("KVITT")]


def agreeing(data: bytes) -> bytes:
    """A rule file that finds exactly what our rules find."""
    found = native_rules(data)
    return schema("".join(f'<report id="{code}" flag="fatal" test="true()">x</report>' for code in found))


# --- what differs -----------------------------------------------------------------------------------------------------


def test_where_both_find_the_same_nothing_is_added(ask: Callable[..., Any]) -> None:
    assert len(native_rules(FRAGMENT)) > 5
    checked = ask(FRAGMENT, cen=agreeing(FRAGMENT), peppol=NOTHING)
    assert official(checked) == []
    assert checked.official.as_json()["judged"] is True
    assert checked.official.findings == len(native_rules(FRAGMENT))


def test_what_only_the_official_file_finds_is_said_with_its_place_and_its_words(ask: Callable[..., Any]) -> None:
    rule = '<rule context="cbc:Note"><report id="X-1" flag="warning" test="true()">A  note of <value-of select="."/>.</report></rule>'
    extra = schema("").replace(b"</schema>", f"<pattern>{rule}</pattern></schema>".encode())
    checked = ask(FRAGMENT, cen=agreeing(FRAGMENT), peppol=extra)
    (found,) = [one for one in checked.findings if one.code == "KVITT-OFFICIAL-01"]
    assert (found.element, found.expected, found.value, found.severity) == ("X-1", "1", "0", Severity.ERROR)
    assert (found.location, found.line) == ("/Invoice/cbc:Note", 1)
    assert found.said("en") == 'The official rule file finds X-1 1 times, our rules 0 times ("A note of x.").'
    assert all("X-1" in found.said(language) and found.hinted(language) for language in ("nb", "nl"))


def test_what_only_our_rules_find_is_said(ask: Callable[..., Any]) -> None:
    every = [("KVITT-OFFICIAL-02", code) for code in sorted(set(native_rules(FRAGMENT)))]
    assert official(ask(FRAGMENT, cen=NOTHING, peppol=NOTHING)) == every


def test_another_number_of_findings_is_a_difference(ask: Callable[..., Any]) -> None:
    twice = agreeing(FRAGMENT).replace(
        b"</pattern>", b"</pattern><pattern><rule context='/*'>" + BR_02.encode() + b"</rule></pattern>"
    )
    (found,) = [one for one in ask(FRAGMENT, cen=twice, peppol=NOTHING).findings if one.ruleset == "official"]
    assert (found.code, found.element, found.expected, found.value) == ("KVITT-OFFICIAL-01", "BR-02", "2", "1")


def test_our_own_rules_have_no_official_counterpart(tmp_path: Path, engine: Engine) -> None:
    second = SecondOpinion(library(tmp_path / "schemas", cen=NOTHING, peppol=NOTHING), engine)
    ours = [Finding(code=code, severity=Severity.ERROR, text={"en": "x"}) for code in ("KVITT-KID-01", "BR-02")]
    assert [one.element for one in second.compare(FRAGMENT, ours, "2026.5").differences] == ["BR-02"]


def test_where_a_gate_stops_our_check_our_rules_are_asked_for_the_comparison(ask: Callable[..., Any]) -> None:
    """The document is refused for its form; that is no difference about any rule."""
    strict = Asked(on=date(2026, 9, 1))
    checked = ask(FRAGMENT, strict, cen=agreeing(FRAGMENT), peppol=NOTHING)
    assert checked.gates[-1] == "xsd"
    assert official(checked) == []
    assert checked.official.findings > 5


# --- what cannot be judged --------------------------------------------------------------------------------------------


def test_a_file_that_hangs_is_a_finding_and_the_other_file_still_judges(ask: Callable[..., Any]) -> None:
    endless = ENDLESS.replace(b"</schema>", b"<!-- --></schema>")
    checked = ask(FRAGMENT, cen=agreeing(FRAGMENT), peppol=endless)
    assert official(checked) == [("KVITT-OFFICIAL-03", "PEPPOL-EN16931-UBL")]
    assert not checked.valid
    assert checked.official.as_json()["judged"] is False
    assert ask(FRAGMENT, cen=agreeing(FRAGMENT), peppol=NOTHING).official.judged


def test_a_rule_of_the_file_that_failed_is_not_called_a_difference(ask: Callable[..., Any]) -> None:
    """BR-02 is among what we find; the file that holds it dies on the note, so nothing can be said about it."""
    dying = schema(f'{BR_02}<assert id="N" test="xs:decimal(cbc:Note) = 1">x</assert>')
    checked = ask(FRAGMENT, cen=dying, peppol=agreeing(FRAGMENT).replace(b'"BR-02"', b'"BR-2"'))
    assert official(checked) == [("KVITT-OFFICIAL-03", "CEN-EN16931-UBL"), ("KVITT-OFFICIAL-01", "BR-2")]
    (said,) = [one.said("nl") for one in checked.findings if one.code == "KVITT-OFFICIAL-03"]
    assert "kon niet worden beoordeeld" in said


def test_where_no_file_could_judge_nothing_is_compared(ask: Callable[..., Any]) -> None:
    dying = schema('<assert id="N" test="xs:decimal(cbc:Note) = 1">x</assert>')
    checked = ask(FRAGMENT, cen=dying, peppol=dying)
    assert [code for code, _ in official(checked)] == ["KVITT-OFFICIAL-03"] * 2
    assert checked.official.findings == 0


@pytest.mark.parametrize(
    "data", [b"<Invoice", b"<!DOCTYPE a []><Invoice/>", b"<a>&b;</a>", b"<a>" * 100, b"<a>\x00</a>"]
)
def test_what_is_no_safe_xml_is_not_handed_over_and_said(ask: Callable[..., Any], engine: Engine, data: bytes) -> None:
    before = engine.pid
    checked = ask(data, cen=NOTHING, peppol=NOTHING)
    assert [code for code, _ in official(checked)] == ["KVITT-OFFICIAL-03"]
    (unsafe,) = [one for one in checked.findings if one.code.startswith("KVITT-XML")]
    (said,) = [one for one in checked.findings if one.code == "KVITT-OFFICIAL-03"]
    assert all(said.said(language).endswith(f". {unsafe.said(language)}") for language in ("en", "nb", "nl"))
    assert not checked.valid
    assert engine.pid == before


def test_a_broken_envelope_is_not_handed_over_and_said(ask: Callable[..., Any]) -> None:
    envelope = f'<StandardBusinessDocument xmlns="{sbdh.NAMESPACE}"><a/></StandardBusinessDocument>'
    checked = ask(envelope.encode(), cen=NOTHING, peppol=NOTHING)
    assert [code for code, _ in official(checked)] == ["KVITT-OFFICIAL-03"]


@pytest.mark.parametrize(
    "data", [b"<Invoice/>", b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', b"01 no vektis"]
)
def test_a_document_nothing_official_exists_for_is_said(ask: Callable[..., Any], data: bytes) -> None:
    """A note, not a fault of the document; our own check says what is wrong with it."""
    checked = ask(data)
    assert [code for code, _ in official(checked)] == ["KVITT-OFFICIAL-04"]
    assert checked.findings[-1].severity is Severity.INFO


# --- which files are asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customization", "transaction", "asked"),
    [
        (INVOICE_RESPONSE, None, "PEPPOLBIS-T111"),
        (MLR, None, "PEPPOLBIS-T71"),
        (MLS, None, "peppol-mls"),
        ("urn:other", None, "PEPPOLBIS-T111"),
        (f"{MLR}#conformant#urn:example:extended", None, "PEPPOLBIS-T71"),
        (f"{INVOICE_RESPONSE}#conformant#urn:example:extended", None, "PEPPOLBIS-T111"),
        (MLS, "t71", "PEPPOLBIS-T71"),
        (MLR, "2026.5", "PEPPOLBIS-T71"),
    ],
)
def test_a_response_goes_to_the_file_of_its_transaction(
    ask: Callable[..., Any], customization: str, transaction: str | None, asked: str
) -> None:
    data = (
        f'<ApplicationResponse xmlns="{APPLICATION_RESPONSE}" xmlns:cbc="{CBC}">'
        f"<cbc:CustomizationID>{customization}</cbc:CustomizationID></ApplicationResponse>"
    )
    how = Asked(on=date(2026, 9, 1), rules_only=True, ruleset=transaction)
    checked = ask(data.encode(), how, t111=schema("<!-- 1 -->"), t71=schema("<!-- 2 -->"), mls=schema("<!-- 3 -->"))
    assert [one.artefact for one in checked.official.artefacts] == [asked]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_document_in_any_encoding_is_read_as_it_is(ask: Callable[..., Any], encoding: str) -> None:
    """The comment is kept: official paths see two text nodes there, our own reading sees one."""
    text = INVOICE_OF.format(id="", note="æ<!-- c -->ø")
    data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
    rule = '<report id="X" test="cbc:Note = \'æø\' and count(cbc:Note/text()) = 2">x</report>'
    assert ("KVITT-OFFICIAL-01", "X") in official(ask(data, cen=agreeing(data), peppol=schema(rule)))


# --- places -----------------------------------------------------------------------------------------------------------


def test_an_official_place_is_found_again() -> None:
    root = parse(b'<a xmlns:n="urn:n"><b/><n:b/><b><n:c>x</n:c><n:c>y</n:c></b></a>')
    spelt = "/a[1]/b[2]/*:c[namespace-uri()='urn:n'][2]"
    node = resolve(root, spelt)
    assert node is not None
    assert node.text == "y"
    assert resolve(root, f"{spelt}/@*[local-name()='x' and namespace-uri()='']") is node
    for nowhere in ("/a[2]", "/z[1]", "/a[1]/b[3]", "/a[1]/*:c[namespace-uri()='urn:n'][1]", "", "nonsense"):
        assert resolve(root, nowhere) is None


def test_a_difference_without_a_place_is_said_all_the_same() -> None:
    strange = OfficialFinding(rule="X", flag="", location="somewhere", text="")
    (found,) = differences(parse(b"<a/>"), [], [strange])
    assert (found.code, found.location, found.line) == ("KVITT-OFFICIAL-01", "", None)
    assert found.said() == "The official rule file finds X 1 times, our rules 0 times."


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys, "check")


def test_the_command_says_differences_in_words_and_in_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(FRAGMENT)
    library(
        tmp_path / "home/schemas", cen=agreeing(FRAGMENT), peppol=schema('<report id="X-1" test="true()">x</report>')
    )
    said = run("i.xml", "--rules-only", "--official", "--lang", "nb")
    assert said.code == 1
    assert "KVITT-OFFICIAL-01" in said.out
    assert "Den offisielle regelfilen finner X-1 1 ganger" in said.out
    body = run("i.xml", "--rules-only", "--official", "--json").body()
    assert body["official"]["release"] == "2026.5"
    assert [one["name"] for one in body["official"]["artefacts"]] == ["CEN-EN16931-UBL", "PEPPOL-EN16931-UBL"]
    assert [(one["code"], one["element"]) for one in body["official"]["differences"]] == [("KVITT-OFFICIAL-01", "X-1")]
    assert "official" not in run("i.xml", "--rules-only", "--json").body()


def test_a_difference_alone_makes_the_command_exit_1_and_agreement_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes((GOLDEN / "ehf" / "invoice.xml").read_bytes())
    library(tmp_path / "home/schemas", cen=NOTHING, peppol=NOTHING)
    said = run("i.xml", "--official", "--lang", "nl")
    assert (said.code, "officieel 2026.5 (CEN-EN16931-UBL " in said.out, "0 bevindingen" in said.out) == (0, True, True)
    library(tmp_path / "home/schemas", cen=schema('<report id="X-1" test="true()">x</report>'))
    said = run("i.xml", "--official")
    assert (said.code, "1 findings" in said.out, "KVITT-OFFICIAL-01" in said.out) == (1, True, True)
    assert run("i.xml").code == 0


def test_an_invoice_in_its_envelope_is_judged_officially_too(ask: Callable[..., Any]) -> None:
    strict = Asked(on=date(2026, 9, 1))
    invoice = (GOLDEN / "ehf" / "invoice.xml").read_bytes()
    header = sbdh.header_of(
        invoice,
        sender="0192:310000086",
        receiver="0192:310000914",
        instance_id="one",
        created=datetime(2026, 4, 15, tzinfo=UTC),
        country_c1="NO",
    )
    wrapped = sbdh.write(header, invoice)
    rule = schema('<report id="X-1" test="self::i:Invoice">x</report>')
    assert official(ask(wrapped, strict, cen=rule, peppol=NOTHING)) == [("KVITT-OFFICIAL-01", "X-1")]


def test_without_rule_files_the_command_says_how_to_get_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(FRAGMENT)
    said = run("i.xml", "--rules-only", "--official")
    assert said.code == 3
    assert "CEN-EN16931-UBL of release 2026.5 is not in" in said.err
    assert "kvitt schemas import --from-dir" in said.err


def test_without_saxon_the_command_says_how_to_install_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "i.xml").write_bytes(FRAGMENT)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "saxonche" else found(name))
    said = run("i.xml", "--official")
    assert (said.code, "pip install 'kvitt[official]'" in said.err) == (3, True)
    assert run("i.xml", "--rules-only").code == 1


def test_the_limit_is_the_operators(run: Run, tmp_path: Path) -> None:
    (tmp_path / "i.xml").write_bytes(FRAGMENT)
    library(tmp_path / "home/schemas", cen=ENDLESS, peppol=NOTHING)
    said = run("i.xml", "--rules-only", "--official", "--official-seconds", "0.5")
    assert said.code == 1
    assert "it was not done in time (0.5 s)" in said.out


def test_every_kind_of_trouble_has_its_words() -> None:
    for trouble in Trouble:
        failure = Failure(trouble=trouble, detail="d")
        found = opinion.texts.not_judged("A", failure.trouble, failure.detail)
        assert all("A" in found.said(language) and "d" in found.said(language) for language in ("en", "nb", "nl"))
