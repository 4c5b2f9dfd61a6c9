"""What partners and practices wrote reaches a terminal as text, never as an order to it."""

from __future__ import annotations

import json

import pytest

from hub.cli.output import plain, put_json, put_text, say, table

ORDERS = {
    "escape": "\x1b[2J\x1b]0;paid\x07",
    "one-byte": "\x9b31m",
    "backspace": "1000\x08\x08\x08\x08",
    "carriage return": "unpaid\rpaid  ",
    "right to left": "\u202eDIAP\u202c",
    "isolate": "\u2066x\u2069",
    "line separator": "a\u2028b",
    "half a pair": "a\ud800",
    "delete": "\x7f",
    "tag": "\U000e0041",
}


def steers(text: str) -> bool:
    """Whether a terminal would obey any of it."""
    return any(ord(sign) < 0x20 and sign != "\n" for sign in text) or any(
        sign in text for value in ORDERS.values() for sign in value if ord(sign) > 0x7E and not sign.isalpha()
    )


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_nothing_steers_the_terminal(order: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"before {order} after"
    assert steers(said)
    say(said)
    table(("name", said), [[said, 1]])
    put_text(f"{said}\r\nnext".replace("\r\n", "\n"))
    out = capsys.readouterr().out
    assert not steers(out)
    assert out.count("before ") == 4, "what was said is still there"
    assert "\\x1b" in out or order != ORDERS["escape"], "and what was in it can be seen"


def test_json_means_the_same_and_holds_no_order(capsys: pytest.CaptureFixture[str]) -> None:
    body = {name: order for name, order in ORDERS.items() if name != "tag"} | {"name": "Ødegård"}
    put_json(body)
    out = capsys.readouterr().out
    assert json.loads(out) == body
    assert not steers(out.removesuffix("\n"))
    assert "Ødegård" in out


def test_what_people_write_stays(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("Ødegård – 1 250,00 kr", "two\nlines\tand a tab", "日本", "€ 5"):
        assert plain(text) == text
    assert plain("two\nlines", layout="") == "two lines", "one cell is one line"
    assert plain("zero\u200bwidth\ufeff") == "zerowidth"
    put_text("a;b\r\nc;d\r\n")
    assert capsys.readouterr().out == "a;b\r\nc;d\r\n", "CSV keeps its line ends"
