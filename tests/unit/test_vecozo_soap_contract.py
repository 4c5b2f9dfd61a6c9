"""What is known of the EDP SOAP service as an independent judge of what we send and of what our sandbox answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.channels import vecozo_soap_messages as ours
from hub.sandbox import vecozo_soap_answers as theirs
from schemas.xml import Element

pytestmark = pytest.mark.shared


@pytest.fixture
def contract(shared: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((shared / "data/vektis/vecozo/edp_soap_contract.json").read_text())
    return loaded


def names(element: Element) -> dict[str, Any]:
    """Local names with what stands in them."""
    return {etree.QName(child).localname: names(child) for child in element}


def known(fields: dict[str, Any]) -> dict[str, Any]:
    """The contract's fields in the same form."""
    return {name.removesuffix("[]"): known(inner) if isinstance(inner, dict) else {} for name, inner in fields.items()}


def test_a_submission_has_exactly_the_fields_of_the_contract(contract: dict[str, Any]) -> None:
    sent = ours.submission(ours.Submission(email="e", reference="r", file_name="n", payload=b"x"))
    assert names(sent) == known(contract["services"]["Indienen"]["request"])


def test_what_we_ask_for_has_only_fields_of_the_contract(contract: dict[str, Any]) -> None:
    operations = contract["services"]["Downloaden"]["operations"]
    asked = {
        "OpvragenTeVerwerkenRetourInformatie": ours.listing(standards=[("HA305", "4", "2")], after=1),
        "Download": ours.download(1),
        "DownloadPdf": ours.download(1, pdf=True),
        "RaadplegenDeclaratiestatus": ours.statuses(["1"]),
    }
    assert set(asked) == set(operations)
    for name, request in asked.items():
        assert set(names(request)) <= set(known(operations[name]["request"])), name
        assert etree.QName(request).namespace == contract["services"]["Downloaden"]["namespace"]


def test_places_namespaces_and_the_action_are_those_of_the_contract(contract: dict[str, Any]) -> None:
    submit, fetch = contract["services"]["Indienen"], contract["services"]["Downloaden"]
    assert (submit["namespace"], fetch["namespace"]) == (ours.SUBMIT, ours.DOWNLOAD)
    assert (submit["namespace"], fetch["namespace"]) == (theirs.SUBMIT, theirs.DOWNLOAD)
    assert (ours.INDIENEN.action, ours.INDIENEN.messages, ours.INDIENEN.types) == (
        submit["action"],
        submit["ns_messages"],
        submit["ns_types"],
    )
    assert submit["path"] == f"/Router.V1.svc/{ours.SUBMIT_PATH}"
    assert fetch["path"] == f"/Router.V1.svc/{ours.DOWNLOAD_PATH}"


def test_only_known_codes_are_a_yes_and_every_refusal_code_is_a_no(contract: dict[str, Any]) -> None:
    codes = contract["services"]["Indienen"]["resultaatcodes"]
    results = {code: ours.Result(code=code, declaratie="", file_name="") for code in codes}
    assert ours.Result(code=ours.TAKEN_OVER, declaratie="1", file_name="").taken_over
    assert not any(one.taken_over for one in results.values())
    assert {code for code, one in results.items() if one.refused} == set(codes) - {ours.TAKEN_OVER}
    fetch = contract["services"]["Downloaden"]
    assert set(fetch["resultaatcodes_success"]) == ours.READ_WELL
    assert ours.READ_WELL.isdisjoint(fetch["resultaatcodes_other"])


def test_every_status_of_the_contract_has_a_meaning(contract: dict[str, Any]) -> None:
    assert set(contract["DeclaratieStatus"]) == set(ours.STATES)
