"""docs/api.md: its client and its check of a signature run as they stand, its tables name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from connectors.messengers import webhook
from hub.pipeline.api_tokens import SCOPES
from hub.pipeline.webhooks import EVENTS
from hub.web.api.problems import CODES
from hub.web.server import served
from tests.web.consoles import LATER, OTHER_PRACTICE, Console
from tests.web.programs import program
from tests.web.test_api_changing import list_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (client|check) -->\n```python\n(.*?)```", PAGE, re.DOTALL))


def test_the_client_of_the_page_hands_a_list_in_and_reads_its_claims(console: Console, tmp_path: Path) -> None:
    scopes = ("declarations:write", "declarations:read", "claims:read")
    caller = program(console, organisation=OTHER_PRACTICE, scopes=scopes)
    (tmp_path / "client.py").write_text(BLOCKS["client"], encoding="utf-8")
    (tmp_path / "list.csv").write_bytes(list_of("2024Q2"))
    with served(console.hub, "127.0.0.1:0") as address:
        done = [
            subprocess.run(
                [sys.executable, "-W", "error", "client.py", OTHER_PRACTICE, "2024Q2", "list.csv"],
                cwd=tmp_path,
                env=os.environ | {"KVITT_URL": address, "KVITT_TOKEN": caller.token},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            for _ in range(2)
        ]
    assert [each.returncode for each in done] == [0, 0], done
    said = done[0].stdout.splitlines()
    assert said[1] == "current: {'claim': 6, 'exclude': 1}", said
    assert len([line for line in said if line.endswith("EUR")]) == 6
    assert "current" not in done[1].stdout, "the second time it is here already"


def test_the_check_of_the_page_believes_what_the_hub_signs_and_nothing_else() -> None:
    found: dict[str, Any] = {}
    exec(BLOCKS["check"], found)  # noqa: S102 -- the page's own text
    is_ours, now, body = found["is_ours"], LATER.timestamp(), b'{"id": "1"}'
    signed = webhook.signatures(webhook.Hook(url="", secret="new", former="old"), LATER, body)
    assert is_ours("new", signed, body, now)
    assert is_ours("old", signed, body, now)
    assert not is_ours("other", signed, body, now)
    assert not is_ours("new", signed, body + b" ", now)
    assert not is_ours("new", signed, body, now + 301)
    assert not is_ours("new", signed.replace("t=", "t=1"), body, now)
    assert not is_ours("new", "", body, now)


def test_the_page_names_every_scope_code_and_event() -> None:
    for name in (*SCOPES, *CODES, *EVENTS):
        assert f"`{name}`" in PAGE, name
