"""A bounded run of `documents.py`, and the hostile documents that no random change makes."""

from __future__ import annotations

import pytest

from schemas.peppol import inspect
from tests.fuzz.documents import run
from tests.fuzz.seeds import seeds

PARTS, EACH = 5, 500


@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_documents_get_complete_findings_and_never_a_crash(part: int) -> None:
    result = run(EACH, seed=100 + part)
    assert result.violations == []
    assert result.documents == EACH
    assert len(result.codes) > 100, "too tame to prove anything"


@pytest.mark.parametrize("name", sorted(seeds()))
def test_the_seeds_themselves_are_sound(name: str) -> None:
    result = inspect(seeds()[name])
    assert [(one.code, one.location) for one in result.findings if one.blocks] == []


HOSTILE = {
    "billion laughs": b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Invoice>&b;</Invoice>',
    "external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Invoice>&a;</Invoice>',
    "external dtd": b'<!DOCTYPE Invoice SYSTEM "http://127.0.0.1:1/x.dtd"><Invoice/>',
    "parameter entity": b'<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><Invoice/>',
    "deep nesting": b"<a>" * 100_000 + b"</a>" * 100_000,
    "wrong encoding": '<?xml version="1.0" encoding="UTF-8"?><Invoice>\u00e6</Invoice>'.encode("latin-1"),
    "encoding nobody has": b'<?xml version="1.0" encoding="klingon"?><Invoice/>',
    "declared utf-16": b'<?xml version="1.0" encoding="UTF-16"?><Invoice/>',
    "nothing": b"",
    "a null byte": b"\x00",
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a very long attribute": b'<Invoice x="' + b"x" * 11_000_000 + b'"/>',
    "many attributes": b"<Invoice " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>",
    "many namespaces": b"<Invoice " + b" ".join(b'xmlns:a%d="urn:%d"' % (n, n) for n in range(20_000)) + b"/>",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("rules_only", [False, True])
def test_a_hostile_document_is_a_finding_that_says_what_to_do(name: str, *, rules_only: bool) -> None:
    result = inspect(HOSTILE[name], rules_only=rules_only)
    assert not result.ok
    assert result.format is None
    assert all(one.hint or one.text for one in result.findings)


def test_a_text_of_200_megabytes_is_refused_before_it_is_parsed() -> None:
    head, _, tail = seeds()["rich-invoice"].partition(b"Takk for samarbeidet")
    data = head + b"x" * 200_000_000 + tail
    (found,) = inspect(data).findings
    assert found.code == "KVITT-XML-03"
    assert "64" in found.said("en") or "67108864" in found.said("en")
