"""Every partner folder, ours and the examples: it loads, it explains itself, and a new one needs nothing else."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from jsonschema import Draft202012Validator

from connectors.channels import known_channels
from connectors.channels.vecozo import VecozoChannel
from connectors.partners import SHIPPED, load_partner, load_partners, partner_folders
from connectors.partners.checking import SCHEMA_FILE
from hub.errors import ConfigurationError
from hub.registry import load_registry

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "partners"
BROKEN = Path(__file__).resolve().parent / "fixtures" / "partners-broken"
FOLDERS = [*partner_folders(SHIPPED), *partner_folders(EXAMPLES)]
LAYOUTS = ROOT / "schemas" / "vektis" / "layouts"

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_the_promised_partners_are_there() -> None:
    shipped = {folder.name for folder in partner_folders(SHIPPED)}
    examples = {folder.name for folder in partner_folders(EXAMPLES)}
    dutch = {"menzis", "vgz", "zilveren-kruis", "cz", "asr"}
    assert shipped >= dutch | {"digicare", "falck-helse", "if", "vertikal-helse"}
    assert examples >= {"forsikring-nord-test", "helseforsikring-sor-test", "trygg-testforsikring", "fjord-helse-test"}


@each_folder
def test_a_partner_loads_and_says_where_its_facts_come_from(folder: Path) -> None:
    partner = load_partner(folder)
    assert partner.name == folder.name
    assert partner.source
    assert all(identifier.source and identifier.confidence for identifier in partner.identifiers)
    assert all(rule.source for rule in partner.rules)


@each_folder
def test_a_partner_explains_itself_to_people(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# ")
    if not load_partner(folder).verified:
        assert "not verified" in readme.lower() or "unverified" in readme.lower()


@each_folder
def test_a_partners_codes_are_told_in_three_languages(folder: Path) -> None:
    rows = list(csv.DictReader((folder / "codes.csv").read_text(encoding="utf-8").splitlines()))
    codes = load_partner(folder).codes
    assert [code.code for code in codes] == [row["code"] for row in rows]
    assert all(code.nl and code.nb and code.en for code in codes)
    assert all(len(set(code.hint.values())) == len(code.hint) == 3 for code in codes), "what to do, in each language"


@each_folder
def test_an_editor_accepts_what_we_accept(folder: Path) -> None:
    """Editors read YAML 1.2 with the published schema; their tree (dates and `NO` as text) must fit it too."""
    text = (folder / "partner.yaml").read_text(encoding="utf-8")
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    tree = yaml.load(text, Loader=_Core)  # noqa: S506 -- a safe loader with YAML 1.2's few scalar types
    assert [error.message for error in Draft202012Validator(schema).iter_errors(tree)] == []
    first = text.splitlines()[0]
    assert (folder / first.partition("$schema=")[2]).resolve() == SCHEMA_FILE.resolve()


class _Core(yaml.SafeLoader):
    """YAML 1.2's core words: true, false and whole numbers; `no`, `on` and dates are text."""

    yaml_implicit_resolvers: ClassVar = {}


_Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?[0-9]+$"), list("-0123456789"))


@each_folder
def test_a_partners_channel_exists_and_its_required_settings_are_asked_for(folder: Path) -> None:
    channel = load_partner(folder).channel
    assert channel.kind in known_channels()
    if channel.kind == "vecozo":
        assert set(VecozoChannel.REQUIRED) <= {*channel.required, *channel.settings}
        assert "berichttype" not in channel.settings


def test_payments_are_read_as_the_partners_fixtures_say() -> None:
    files = [file for folder in FOLDERS for file in folder.glob("fixtures/remittances.csv")]
    assert {file.parts[-3] for file in files} >= {"zilveren-kruis", "forsikring-nord-test"}
    for file in files:
        patterns = load_partner(file.parents[1]).remittance_patterns
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            hits = {hit[1] for pattern in patterns if (hit := re.search(pattern, row["text"]))}
            assert hits == ({row["invoice"]} if row["invoice"] else set()), f"{file}: {row['text']}"


def test_rejection_mails_are_read_as_the_partners_fixtures_say() -> None:
    files = [file for folder in FOLDERS for file in folder.glob("fixtures/*.eml")]
    assert files
    for file in files:
        mail = message_from_bytes(file.read_bytes(), policy=default)
        rule = next(rule for rule in load_partner(file.parents[1]).mail if rule.sender == mail["From"])
        text = f"{mail['Subject']}\n{mail.get_content()}"
        hits = {name: re.search(pattern, text) for name, pattern in rule.patterns.items()}
        read = {name: hit[1] if hit and name != "credit_note" else bool(hit) for name, hit in hits.items()}
        assert read == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def test_examples_are_marked_as_examples_and_are_nobodys_numbers() -> None:
    for folder in partner_folders(EXAMPLES):
        partner = load_partner(folder)
        assert "EXAMPLE" in partner.source
        assert not partner.verified
        assert {identifier.confidence for identifier in partner.identifiers} == {"invented"}
        assert all(rule.sender.endswith(".example") for rule in partner.mail)


def test_the_schema_itself_is_sound_and_strict() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:kvitt:schema:partner:1"
    assert not [name for name, part in _objects(schema) if part.get("additionalProperties", True) is True]
    assert not [
        name for name, part in schema["properties"].items() if not part.get("description") and "$ref" not in part
    ]


def _objects(schema: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    """Every sub-schema that describes an object; conditions inside `allOf` only narrow one."""
    found, queue = [], [("", schema)]
    while queue:
        name, part = queue.pop()
        if part.get("type") == "object":
            found.append((name, part))
        for key, child in part.items():
            if isinstance(child, dict) and key != "allOf":
                queue.append((f"{name}/{key}", child))
    return found


def test_every_vektis_layout_is_a_format_a_partner_may_name() -> None:
    formats = set(json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["$defs"]["format"]["enum"])
    layouts = {f"vektis-{path.stem.replace('_', '-')}" for path in LAYOUTS.glob("*.csv")}
    assert layouts
    assert layouts <= formats


def test_every_channel_we_ship_is_offered_to_editors() -> None:
    kind = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["properties"]["channel"]["properties"]["kind"]
    built_in = {name for name, opener in known_channels().items() if opener.__module__.startswith("connectors.")}
    assert built_in - {"cov"} <= set(kind["anyOf"][0]["enum"])


@pytest.mark.parametrize("case", sorted(BROKEN.iterdir()), ids=lambda case: case.name)
def test_a_broken_folder_is_refused_with_every_place(case: Path, golden: Callable[[str, bytes], None]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_partner(case)
    said = str(refused.value).replace(str(case), case.name)
    assert all(line.startswith(f"{case.name}/") for line in said.splitlines())
    golden(f"partners/{case.name}.txt", said.encode() + b"\n")


def test_no_refusal_shows_a_secret() -> None:
    for case in ("secrets", "private-key"):
        with pytest.raises(ConfigurationError) as refused:
            load_partner(BROKEN / case)
        assert "hunter2" not in str(refused.value)
        assert "geheim" not in str(refused.value)
        assert "AAAA" not in str(refused.value)


def test_everything_wrong_in_two_folders_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_partners([BROKEN / "empty-value", BROKEN / "doubled-key"])
    assert "empty-value/partner.yaml:2:" in str(refused.value)
    assert "doubled-key/partner.yaml:9:1" in str(refused.value)


NEW = """\
title: Nieuwe Testverzekeraar
country: NL
kind: insurer
verified: false
source: invented for a test
identifiers:
  - {scheme: UZOVI, value: 0999, source: invented for a test, confidence: invented}
formats_out: [vektis-HA304-4.2]
channel:
  kind: folder
"""


def test_a_new_partner_is_a_new_folder_and_nothing_else(tmp_path: Path) -> None:
    before = {
        path: path.read_bytes() for path in SHIPPED.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    folder = tmp_path / "partners" / "nieuwe-test"
    folder.mkdir(parents=True)
    (folder / "partner.yaml").write_text(NEW, encoding="utf-8")
    registry = load_registry(tmp_path)
    found = registry.by_identifier("UZOVI", "0999", date(2024, 1, 1))
    assert found is registry.by_name("nieuwe-test")
    assert registry.by_identifier("UZOVI", "3332", date(2024, 1, 1)) is registry.by_name("menzis")
    assert before == {path: path.read_bytes() for path in before}
