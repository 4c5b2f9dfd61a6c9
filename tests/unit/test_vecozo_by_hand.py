"""VECOZO by hand: files prepared for a person who uploads them in the Berichtloket, answers dropped into a folder."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from connectors.channels import open_channel
from hub.errors import ConfigurationError, ContentError
from hub.model.exchange import ExchangeState, Message
from hub.ports import Channel
from tests.test_docs import ROOT, parts, shell

KEY = "praktijk:menzis:3332:PMO:2024Q1:1"
NAME = "HA304_3332_2024Q1_KV0000000007.asc"


def message(key: str = KEY, name: str = NAME, payload: bytes = b"claims") -> Message:
    return Message(key=key, kind="vektis-HA304-4.2", name=name, payload=payload, meta={"receiver": "3332"})


def counter(tmp_path: Path, **changes: str) -> Channel:
    """The settings of docs/adding-a-partner.md."""
    for name in ("outbox", "inbox"):
        (tmp_path / name).mkdir(exist_ok=True)
    settings = {
        "outbox": str(tmp_path / "outbox"),
        "inbox": str(tmp_path / "inbox"),
        "portal": "https://berichtloket.example",
        "max_mb": "25",
        "reference": "{name}",
        "form.eigen_referentie": "{reference}",
        "form.ontvanger": "{receiver}",
    }
    return open_channel("portal", settings | changes)


def prepared(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "outbox").iterdir())


def test_a_person_finds_the_file_and_what_to_fill_in_under_a_readable_name(tmp_path: Path) -> None:
    receipt = counter(tmp_path).deliver(message())
    assert receipt.state is ExchangeState.PREPARED
    file, sheet = sorted(prepared(tmp_path), key=len)
    assert file.startswith("praktijk-menzis-3332-PMO-2024Q1-1-")
    assert file.endswith(".asc")
    assert json.loads((tmp_path / "outbox" / sheet).read_text()) == {
        "portal": "https://berichtloket.example",
        "file": file,
        "name": NAME,
        "reference": NAME,
        "eigen_referentie": NAME,
        "ontvanger": "3332",
    }
    assert NAME in receipt.text


def test_what_the_portal_would_refuse_is_not_prepared(tmp_path: Path) -> None:
    one = counter(tmp_path, max_mb="1")
    one.deliver(message("k/1", payload=b"x" * 1024 * 1024))
    with pytest.raises(ContentError, match="at most 1 MB"):
        one.deliver(message("k/2", payload=b"x" * (1024 * 1024 + 1)))
    with pytest.raises(ConfigurationError, match="101 characters"):
        one.deliver(message("k/3", name="x" * 101))
    one.deliver(message("k/4", name="x" * 100))
    assert len(prepared(tmp_path)) == 4


@pytest.mark.parametrize("number", ["999990019", "05895800130"])
def test_no_persons_number_becomes_our_reference(tmp_path: Path, number: str) -> None:
    with pytest.raises(ConfigurationError, match="person's number") as caught:
        counter(tmp_path).deliver(message(name=f"claim-{number}.asc"))
    assert number not in str(caught.value)
    assert prepared(tmp_path) == []


def test_without_a_setting_the_reference_is_the_files_own_name(tmp_path: Path) -> None:
    one = counter(tmp_path, reference="")
    for key in (KEY, "k" * 500, "praktijk:999990019:1"):
        sheet = json.loads(one.deliver(message(key)).raw)
        assert sheet["file"] == sheet["reference"] + ".asc"
        assert len(sheet["reference"]) <= 100
        assert "999990019" not in sheet["reference"]


def test_a_downloaded_answer_is_taken_from_the_folder_and_set_aside_when_stored(tmp_path: Path) -> None:
    one = counter(tmp_path)
    (tmp_path / "inbox" / "retour.zip").write_bytes(b"PK...")
    (tmp_path / "inbox" / "next.ret.crdownload").write_bytes(b"half")
    (found,) = one.collect()
    assert (found.name, found.payload) == ("retour.zip", b"PK...")
    one.confirm(found.remote_id)
    assert list(one.collect()) == []
    assert len(list((tmp_path / "inbox" / "done").iterdir())) == 1


def the_pages_command(tmp_path: Path) -> str:
    """The agreement as docs/adding-a-partner.md makes it, with real folders."""
    page = (ROOT / "docs" / "adding-a-partner.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```sh\n(kvitt org agreement menzis --channel portal.*?)```", page, re.DOTALL)
    names = {"ADDRESS-OF-THE-BERICHTLOKET": "berichtloket.example", "TO-UPLOAD": "up", "DOWNLOADED": "down"}
    for word, real in names.items():
        assert word in command
        folder = tmp_path / "work" / real
        command = command.replace(word, real if "." in real else str(folder))
    return f"mkdir -p up down\n{command.strip()} --valid-from 2024-01-01\n"


def test_both_directions_by_hand_from_the_shell_as_the_page_says(tmp_path: Path) -> None:
    tested = [text for kind, text in parts(ROOT / "README.md") if kind == "tested"]
    until_the_agreement = tested[: next(n for n, text in enumerate(tested) if "kvitt org agreement" in text)]
    the_list = next(text for text in tested if "kvitt intake" in text)
    script = [
        "set -eu",
        *until_the_agreement,
        the_pages_command(tmp_path),
        the_list,
        "kvitt submit",
        "kvitt next || [ $? -eq 5 ]",
        'kvitt release KV0000000001 --arrived --evidence "Berichtloket 4711"',
        "kvitt sandbox answer menzis",
        "kvitt collect",
        "kvitt status",
        "kvitt exchange show KV0000000001",
    ]
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path / "work",
        env=shell(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr}"
    said = re.sub(r"[ \t]+", " ", done.stdout)
    assert "HA304_3332_2024Q1_KV0000000001.asc menzis portal prepared" in said
    assert "[person_uploads]" in said
    assert "KV0000000001 delivered granted" in said
    assert "Berichtloket 4711" in said
    assert sorted(path.name for path in (tmp_path / "work" / "down").iterdir()) == ["done"]
