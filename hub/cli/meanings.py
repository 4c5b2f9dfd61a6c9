"""What a code means: published lists, partners' own codes, rule ids and our own findings (decision 34).

Sources in order: the code lists that come with Kvitt, partners' `codes.csv`, the Peppol and EN 16931 rules we ask, our
own codes. Lists overlap, so without a list every hit is told. No hub is needed; one that is there adds its own lists.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hub.cli.finished_meanings import WARNINGS, WORDS
from hub.model.partner import Partner
from schemas import codelists
from schemas.wording import Wording

if TYPE_CHECKING:  # rules are imported only when asked
    from schemas.peppol.rules.core import Rule

OWN = "KVITT"
RULES = "PEPPOL"
VECOZO = "VECOZO"
_LANGUAGES = ("en", "nb", "nl")
_BLANK = re.compile(r"\{(\w+)[^}]*\}")
_BANK = "KVITT-BANK-"
_VEKTIS = "KVITT-VEKTIS-"
_GDS = "KVITT-GDS-"
_GDS_RULE = re.compile(r"vc[0-9]{3}b?", re.IGNORECASE)
_CHECKED = "KVITT-"
"""How the codes of our own checks begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One meaning of a code: the list it stands in, texts and what to do per language, who acts, and the source."""

    list: str
    code: str
    text: Mapping[str, str]
    hint: Mapping[str, str] = field(default_factory=dict)
    severity: str = ""
    who_acts: str = ""
    doubt: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def as_json(self, language: str) -> dict[str, Any]:
        """The shape of `kvitt explain --json`; empty fields are left out."""
        body = {
            "list": self.list,
            "code": self.code,
            "severity": self.severity,
            "text": said(self.text, language),
            "hint": said(self.hint, language),
            "who_acts": self.who_acts,
            "doubt": said(self.doubt, language),
            "source": self.source,
            "texts": {name: self.text[name] for name in _LANGUAGES if self.text.get(name)},
            "hints": {name: self.hint[name] for name in _LANGUAGES if self.hint.get(name)},
        }
        return {name: value for name, value in body.items() if value}


def said(texts: Mapping[str, str], language: str) -> str:
    """The sentence in the wished language, else English, else whatever there is."""
    return texts.get(language) or texts.get("en") or next((text for text in texts.values() if text), "")


def heading(one: Meaning, language: str) -> str:
    """The first line about a code: its list, the code, how it weighs, and what people call the list."""
    name = f"{one.list}:{one.code}" if one.list else one.code
    weighs = f" ({one.severity})" if one.severity else ""
    called = codelists.title(one.list)[language] if one.list else ""
    return f"{name}{weighs}, {called}" if called not in ("", one.list) else f"{name}{weighs}"


def explain(
    query: str, partners: Iterable[Partner] = (), more: Iterable[Meaning] = (), *, sender: Partner | None = None
) -> list[Meaning]:
    """Every meaning of `CODE` or `LIST:CODE`; empty when nobody knows it. Case does not matter.

    What `sender` itself says of a code comes first, whatever list the code is from.
    """
    name, colon, code = (part.strip() for part in query.strip().rpartition(":"))
    wanted = (name.casefold() if colon else "", code.casefold())
    own = [one for one in _of_partners([sender] if sender else ()) if one.code.casefold() == wanted[1]]
    everything = (
        *_listed(name, code),
        *_of_partners(partners),
        *_rules(wanted[0], code),
        *_gds_rules(wanted[0], code),
        *_checks(wanted[0], code),
        *_own(),
        *_bank_finding(code),
        *more,
    )
    hits = [one for one in everything if _fits(one, *wanted)]
    return list({(one.list, one.code, said(one.text, "en")): one for one in (*own, *hits)}.values())


def unknown(query: str) -> Meaning:
    """What to say about a code nobody here knows: it is shown raw, and the sender's own text holds."""
    name, _, code = query.strip().rpartition(":")
    found = codelists.explain(f"{name or _NO_SUCH_LIST}:{code}")[0]
    known = codelists.code_list(name) if name else None
    return Meaning(
        list=known.name if known else name,
        code=code,
        text=found.text,
        hint=found.hint,
        severity="unknown",
        who_acts=found.who_acts,
        source=known.source if known else "",
    )


_NO_SUCH_LIST = "?"


def lists(partners: Iterable[Partner] = ()) -> list[str]:
    """The names that may stand before the colon."""
    return [*codelists.lists(), *sorted(one.name for one in partners if one.codes), RULES, VECOZO, OWN]


def _fits(one: Meaning, name: str, code: str) -> bool:
    if one.code.casefold() != code:
        return False
    found = codelists.code_list(name) if name else None
    return not name or one.list.casefold() == name or (found is not None and found.name == one.list)


def _listed(name: str, code: str) -> Iterator[Meaning]:
    """The code as typed first, in capitals else: published codes are digits or capitals."""
    for text in dict.fromkeys((code, code.upper())):
        for entry in codelists.explain(f"{name}:{text}" if name else text):
            if entry.known:
                yield Meaning(
                    list=entry.list,
                    code=entry.code,
                    text=entry.text,
                    hint=entry.hint,
                    severity=entry.severity,
                    who_acts=entry.who_acts,
                    doubt=entry.doubt,
                    source=entry.source,
                )


def _of_partners(partners: Iterable[Partner]) -> Iterator[Meaning]:
    for partner in partners:
        for row in partner.codes:
            yield Meaning(
                list=partner.name,
                code=row.code,
                text={"en": row.en, "nb": row.nb, "nl": row.nl},
                hint=row.hint,
                severity=row.severity,
                who_acts=row.who_acts,
                source=partner.source,
            )


def _rules(name: str, code: str) -> Iterator[Meaning]:
    """Rule ids have a hyphen (`BR-CO-15`); the rules are imported only for something that looks like one."""
    if "-" not in code or name not in ("", RULES.casefold()):
        return
    from schemas.peppol.rules import registry

    for ruleset in registry.SETS:
        yield from (_rule(rule, RULES, ruleset.source) for rule in ruleset.rules)
        for transaction, rules in ruleset.responses.items():
            source = f"{_TRANSACTIONS.get(transaction, transaction)}, rule set {ruleset.name}"
            yield from (_rule(rule, RULES, source) for rule in rules)


_TRANSACTIONS = {
    "t111": "Peppol BIS Invoice Response 3 (T111)",
    "t71": "Peppol Message Level Response 3 (T71)",
    "mls": "Peppol Message Level Status 1.0 (MLS)",
}


def _rule(rule: Rule, name: str, source: str) -> Meaning:
    return Meaning(list=name, code=rule.id, text=rule.text, hint=rule.hint, severity=rule.severity.value, source=source)


def _checks(name: str, code: str) -> Iterator[Meaning]:
    """What our own checks of documents say, where it is defined; imported only for a code that looks like one."""
    if not code.upper().startswith(_CHECKED) or name not in ("", OWN.casefold()):
        return
    from hub import validation
    from hub.official import texts
    from mappings import gds_texts
    from schemas import sbdh, xml
    from schemas.gds import codec as gds
    from schemas.peppol import gates
    from schemas.peppol.check import WORDINGS as SETS
    from schemas.peppol.rules import own

    yield from (_rule(rule, OWN, "Kvitt, own check of invoices beside the official rules") for rule in own.RULES)
    yield _engine()
    for source, wordings in (
        ("Kvitt, reading of XML", xml.WORDINGS),
        ("Kvitt, reading of Peppol envelopes", sbdh.WORDINGS),
        ("Kvitt, gates before the rules", gates.WORDINGS),
        ("Kvitt, choice of the rule set", SETS),
        ("Kvitt, reading of GDS messages", gds.WORDINGS),
        ("Kvitt, check of files", validation.WORDINGS),
        ("Kvitt, comparison with the official rule files", texts.WORDINGS),
        ("Kvitt, meaning of GDS messages", gds_texts.WORDINGS.values()),
    ):
        yield from (_worded(one, source) for one in wordings)


def _worded(one: Wording, source: str) -> Meaning:
    return Meaning(
        list=OWN,
        code=one.code,
        text=_open(one.text),
        hint=_open(one.hint),
        severity=one.severity.value,
        source=source,
    )


def _engine() -> Meaning:
    """What is said of a rule that could not be judged: the words are where rules are asked, so one is asked."""
    from lxml import etree

    from schemas.peppol.rules.core import Plan, Rule, judge
    from schemas.peppol.rules.view import View

    def unanswerable(*_: object) -> bool:
        raise ValueError

    rule = Rule(id="<rule>", where=lambda view: [view.root], holds=unanswerable, text={}, hint={})
    (found,) = judge(View(etree.Element("none")), Plan((rule,)), OWN)
    return Meaning(
        list=OWN,
        code=found.code,
        text=found.text,
        hint=found.hint,
        severity=found.severity.value,
        source="Kvitt, asking of the rules",
    )


@cache
def _own() -> tuple[Meaning, ...]:
    return (*_outcomes(), *_tasks(), *_finished(), *_vektis_findings(), *_gds_findings())


def _outcomes() -> Iterator[Meaning]:
    """Outcomes of rows handed in."""
    for row in _table("hub.programmes", "data", "outcome_texts.csv", delimiter=";"):
        yield Meaning(list=OWN, code=row["code"], text=_open(row), source="Kvitt, outcome of a row handed in")


def _tasks() -> Iterator[Meaning]:
    """Reasons why something is held or needs a person."""
    catalogue = tomllib.loads(files("hub").joinpath("texts.toml").read_text(encoding="utf-8"))
    for code, texts in catalogue.items():
        doing = {language: texts.get(f"do_{language}", "") for language in _LANGUAGES}
        yield Meaning(list=OWN, code=code, text=_open(texts), hint=_open(doing), source="Kvitt, task for a person")


def _finished() -> Iterator[Meaning]:
    """Findings on documents handed in finished: the words of the tasks they raise, under the findings' own codes."""
    tasks = {one.code: one for one in _tasks()}
    for code, words in WORDS.items():
        severity = "warning" if code in WARNINGS else "error"
        source = "Kvitt, check of documents handed in finished"
        yield replace(tasks[words], code=code, severity=severity, source=source)


def _vektis_findings() -> Iterator[Meaning]:
    for row in _table("schemas.vektis", "rules", "messages.csv"):
        yield Meaning(
            list=OWN,
            code=f"{_VEKTIS}{row['key']}",
            text=_open(row),
            hint=_open({language: row[f"hint_{language}"] for language in _LANGUAGES}),
            severity=row["severity"],
            source=f"Kvitt, check of Vektis files, level {row['level']}",
        )


def _gds_findings() -> Iterator[Meaning]:
    for row in _table("schemas.gds", "rules", "messages.csv"):
        yield Meaning(
            list=OWN,
            code=f"{_GDS}{row['key']}",
            text=_open(row),
            hint=_open({language: row[f"hint_{language}"] for language in _LANGUAGES}),
            severity=row["severity"],
            source=f"Kvitt, check of GDS messages, level {row['level']}",
        )


def _gds_rules(name: str, code: str) -> Iterator[Meaning]:
    """VECOZO's own numbers of its rules for GDS; imported only for something that looks like one."""
    if not _GDS_RULE.fullmatch(code) or name not in ("", VECOZO.casefold()):
        return
    from schemas.gds.ruleset import rules

    for rule in rules():
        source = f"VECOZO, validation of {rule.standard}, return code COD954:{rule.returns}"
        yield Meaning(list=VECOZO, code=rule.id, text=rule.text, hint=rule.hint, severity="error", source=source)


def _bank_finding(code: str) -> Iterator[Meaning]:
    """One finding on bank files; they are made by code, so there is no list to look through."""
    if not code.upper().startswith(_BANK):
        return
    from schemas.banking import remarks

    try:
        one = remarks.remark(code.upper(), found="<found>", expected="<expected>", what="<what>")
    except KeyError:
        return
    yield Meaning(
        list=OWN,
        code=one.code,
        text=one.text,
        hint=one.hint,
        severity=one.severity.value,
        source="Kvitt, check of bank files",
    )


def _table(package: str, folder: str, name: str, delimiter: str = ",") -> Iterator[dict[str, str]]:
    text = files(package).joinpath(folder).joinpath(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    yield from csv.DictReader(lines, delimiter=delimiter)


def _open(texts: Mapping[str, str]) -> dict[str, str]:
    """Sentences whose blanks are named instead of filled: `line {line}` is `line <line>`."""
    return {language: _BLANK.sub(r"<\1>", texts.get(language, "")) for language in _LANGUAGES}
