"""kvitt show: what it prints, where it writes, and that it overwrites nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import rendering
from hub.cli.app import build
from hub.errors import FormatError
from hub.rendering import reading
from schemas import sbdh
from schemas.sbdh import SbdhHeader
from schemas.ubl import Document, write
from schemas.ubl.amounts import TaxCategory
from schemas.ubl.lines import Item, Line, Price
from schemas.ubl.names import BILLING, BILLING_PROFILE, INVOICE
from schemas.ubl.parties import LegalEntity, Party
from schemas.ubl.totals import totalled
from schemas.ubl.values import Amount, Quantity


def invoice() -> bytes:
    tax = TaxCategory(id="S", percent=Decimal(25), scheme="VAT")
    price = Price(amount=Amount(Decimal(100), "NOK"))
    return write(
        totalled(
            Document(
                number="10001",
                issue_date=date(2026, 4, 15),
                type_code="380",
                currency="NOK",
                seller=Party(legal=LegalEntity(name="Klinikk Eksempel")),
                buyer=Party(legal=LegalEntity(name="Forsikring Nord")),
                lines=(Line(id="1", quantity=Quantity(Decimal(2)), item=Item(name="Time", tax=tax), price=price),),
            )
        )
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KVITT_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("KVITT_LANG", raising=False)
    (tmp_path / "in.xml").write_bytes(invoice())
    return tmp_path


def run(*arguments: str, given: bytes | None = None) -> tuple[int, bytes]:
    result = CliRunner().invoke(build(), ["show", *arguments], input=given)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.exit_code, result.stdout_bytes


def test_the_summary_says_what_it_is_and_what_was_found(folder: Path) -> None:
    code, out = run("in.xml", "--lang", "nb")
    text = out.decode().replace("\u00a0", " ")
    assert code == 1
    for said in ("Faktura 10001", "Klinikk Eksempel", "Forsikring Nord", "NOK 250,00", "Time", "funn: Fatal"):
        assert said in text
    assert list(folder.iterdir()) == [folder / "in.xml"]


@pytest.mark.parametrize(
    ("form", "name", "begins", "expected"),
    [
        ("--html", "in.html", b"<!DOCTYPE html>", 0),
        ("--pdf", "in.pdf", b"%PDF-", 0),
        ("--raw", "in.raw.html", b"<!DOCTYPE html>", 1),
    ],
)
def test_a_file_is_written_once_and_never_over_another(
    folder: Path, form: str, name: str, begins: bytes, expected: int
) -> None:
    assert run("in.xml", form) == (expected, f"{name}\n".encode())
    assert (folder / name).read_bytes().startswith(begins)
    (folder / name).write_bytes(b"mine")
    with pytest.raises(FormatError, match=f"{name} exists") as caught:
        run("in.xml", form)
    assert caught.value.exit_code == 2
    assert (folder / name).read_bytes() == b"mine"
    assert run("in.xml", form, "--force")[0] == expected
    assert (folder / name).read_bytes().startswith(begins)


def test_output_goes_where_it_is_told(folder: Path) -> None:
    assert run("in.xml", "--html", "--output", "-")[1].startswith(b"<!DOCTYPE html>")
    run("in.xml", "--output", "summary.txt")
    assert b"Invoice 10001" in (folder / "summary.txt").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["in.xml", "summary.txt"]


def test_what_is_piped_in_comes_out_of_the_pipe(folder: Path) -> None:
    code, out = run("-", "--pdf", given=invoice())
    assert code == 0
    assert out.startswith(b"%PDF-")
    assert [path.name for path in folder.iterdir()] == ["in.xml"]


def test_what_cannot_be_read_can_be_seen_raw(folder: Path) -> None:
    (folder / "bad.xml").write_bytes(b"<Invoice><a></Invoice>")
    with pytest.raises(FormatError):
        run("bad.xml")
    assert run("bad.xml", "--raw") == (2, b"bad.raw.html\n")
    assert "KVITT-XML-01" in (folder / "bad.raw.html").read_text(encoding="utf-8")


def test_a_document_in_its_envelope_is_shown_without_it(folder: Path) -> None:
    header = SbdhHeader(
        sender="0192:310000086",
        receiver="0192:310000914",
        document_id=f"{INVOICE}::Invoice##{BILLING}::2.1",
        process_id=BILLING_PROFILE,
        instance_id="3f1c5a52-0b1f-4c0e-9a63-2f6d9f5f6c11",
        standard=INVOICE,
        type="Invoice",
        type_version="2.1",
        created=datetime(2026, 4, 15, 12, tzinfo=UTC),
        country_c1="NO",
    )
    (folder / "sent.xml").write_bytes(sbdh.write(header, invoice()))
    assert b"Faktura 10001" in run("sent.xml", "--lang", "nb")[1]
    assert run("sent.xml", "--raw") == (1, b"sent.raw.html\n")
    assert "StandardBusinessDocument" not in (folder / "sent.raw.html").read_text(encoding="utf-8")


def test_a_broken_envelope_can_be_seen_raw(folder: Path) -> None:
    (folder / "sent.xml").write_bytes(b"<StandardBusinessDocument>\n</StandardBusinessDocument>")
    assert run("sent.xml", "--raw")[0] == 2
    assert "StandardBusinessDocument" in (folder / "sent.raw.html").read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_said(folder: Path) -> None:
    with pytest.raises(FormatError, match=r"nowhere\.xml cannot be read"):
        run("nowhere.xml")
    assert folder.is_dir()


def test_one_form_at_a_time(folder: Path) -> None:
    assert run("in.xml", "--html", "--pdf")[0] == 2
    assert folder.is_dir()


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(folder: Path) -> None:
    with pytest.raises(Exception, match="cannot be written"):
        run("in.xml", "--html", "--output", "none/in.html")
    assert [path.name for path in folder.iterdir()] == ["in.xml"]


def test_every_shared_document_can_be_shown(shared: Path) -> None:
    """Other people's documents: each is laid out in every form, and each line of it can be looked at."""
    seen = 0
    for path in sorted((shared / "data" / "einvoice-suite" / "docs").rglob("*.[xX][mM][lL]")):
        data = path.read_bytes()
        held = reading.read(data)
        assert rendering.to_html(held, "nb").startswith("<!DOCTYPE html>"), path.name
        assert rendering.to_pdf(held, "nl").startswith(b"%PDF-"), path.name
        assert rendering.to_text(held, "en"), path.name
        assert f'id="L{len(data.decode("utf-8-sig").splitlines())}"' in rendering.to_annotated(data, [], "en"), (
            path.name
        )
        seen += 1
    assert seen > 40
