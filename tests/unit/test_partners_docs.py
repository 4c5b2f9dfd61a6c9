"""docs/adding-a-partner.md runs: its example loads, and the refusals it quotes are the ones you get."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from connectors.partners import SHIPPED, load_partner
from connectors.partners.codes import WHO_ACTS
from hub.errors import ConfigurationError
from hub.registry import load_registry, rules_for

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "adding-a-partner.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def written(home: Path, text: str) -> Path:
    folder = home / "partners" / "nordlys-forsikring"
    folder.mkdir(parents=True)
    (folder / "partner.yaml").write_text(text, encoding="utf-8")
    (folder / "codes.csv").write_text(blocks("csv")[0], encoding="utf-8")
    return folder


def test_the_pages_example_is_a_partner(tmp_path: Path) -> None:
    example, more, specification = blocks("yaml")
    written(tmp_path, example + more + specification)
    registry = load_registry(tmp_path)
    partner = registry.by_identifier("0192", "310003247", date(2026, 3, 1))
    assert partner is not None
    assert partner.name == "nordlys-forsikring"
    assert registry.by_identifier("0192", "310003247", date(2019, 12, 31)) is None
    code = registry.codes("nordlys-forsikring", "N17")
    assert code is not None
    assert code.who_acts == "provider"
    assert code.hint["nb"] == "Be om mer dekning, eller fakturer pasienten."
    assert [rule.kind for rule in rules_for(partner, "huisarts")] == ["days_after_retour"]
    assert partner.specification is not None
    assert (partner.specification.verified, partner.specification.reasons[0][1]) == (False, "advance")


def test_the_refusals_the_page_quotes_are_real(tmp_path: Path) -> None:
    text = blocks("yaml")[0].replace("[ubl-invoice, ubl-creditnote]", "[ubl-invoce]").replace("ed: false", "ed: no")
    folder = written(tmp_path, text.replace("  required: [endpoint, token]", "  settings:\n    password: sesam"))
    with pytest.raises(ConfigurationError) as refused:
        load_partner(folder)
    quoted = next(block for block in blocks("text") if "a secret stands" in block)
    assert str(refused.value).replace(f"{folder}/", "") == quoted.rstrip()


def test_what_the_page_names_exists() -> None:
    assert (SHIPPED / "menzis" / "partner.yaml").is_file()
    assert (SHIPPED / "partner.schema.json").is_file()
    assert all(f"`{word}`" in PAGE for word in WHO_ACTS)
