"""Documents that share a transaction share no fate: what breaks at one of them takes none of its neighbours along."""

from __future__ import annotations

from typing import Any

import pytest

from hub.pipeline import submit
from tests.scenarios.world import NL, World, nl_list


def test_a_document_that_breaks_the_program_leaves_those_before_it_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hand_in(nl_list())
    build = submit.formats.build
    seen: list[str] = []

    def breaks(kind: str, batch: Any) -> Any:
        seen.append(batch.partner.name)
        if batch.partner.name == "vgz":
            raise ZeroDivisionError
        return build(kind, batch)

    with monkeypatch.context() as patch:
        patch.setattr(submit.formats, "build", breaks)
        with pytest.raises(ZeroDivisionError):
            submit.prepare(world.hub, NL)
    first = list(dict.fromkeys(seen))
    kept = [row["partner"] for row in world.exchanges(NL)]
    assert set(kept) == set(first[: first.index("vgz")])

    submit.prepare(world.hub, NL)

    rows = world.exchanges(NL)
    assert {"menzis", "vgz", "cz", "zilveren-kruis"} <= {row["partner"] for row in rows}
    numbers = sorted(row["invoice_number"] for row in rows)
    assert len(set(numbers)) == len(numbers) == 6, "each claim is on one document"
