"""Official rule files come in by digest, whole or not at all; what was changed since is not used."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from hub.errors import ConfigurationError, ContentError, FormatError
from hub.official import artefacts, importing
from hub.official.artefacts import CEN, MLS, NAMES, PEPPOL, T71, T111, Known, Library, digest, known, read_known
from hub.official.importing import Candidate, candidates, select, store

ON = date(2026, 9, 1)
XSLT = '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="2.0"><!-- {} --></xsl:stylesheet>'


def sch(word: str) -> bytes:
    """A whole Schematron that differs from every other by a word."""
    return (
        f'<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><title>{word}</title></schema>'
    ).encode()


def xslt(word: str) -> bytes:
    return XSLT.format(word).encode()


def fact(artefact: str, data: bytes, release: str = "2026.5", kind: str = "sch") -> Known:
    return Known(release=release, artefact=artefact, version="1", kind=kind, sha256=digest(data))


def folder(at: Path, **files: bytes) -> Path:
    at.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        place = at / name.replace("__", "/").replace("_DOT_", ".").replace("_", "-")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return at


def bring(library: Library, source: Path, facts: list[Known], release: str = "", *, accept: bool = False) -> list[str]:
    selection = select(candidates(source), facts, release=release, accept_unknown=accept)
    return [one.artefact for one in store(library, selection, ON, source.name)]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "schemas")


# --- what is taken ----------------------------------------------------------------------------------------------------


def test_known_files_are_recognised_by_digest_whatever_their_names(tmp_path: Path, library: Library) -> None:
    source = folder(tmp_path / "in", a__x_DOT_sch=sch("cen"), PEPPOL_DOT_XSL=xslt("peppol"), notes_DOT_txt=b"?")
    facts = [fact(CEN, sch("cen")), fact(PEPPOL, xslt("peppol"), kind="xslt")]
    assert sorted(bring(library, source, facts)) == [CEN, PEPPOL]
    assert library.releases() == ["2026.5"]
    cen = library.used("2026.5", CEN)
    assert (cen.origin, cen.kind, cen.added, cen.source) == ("known", "sch", "2026-09-01", "in:a/x.sch")
    assert library.read(cen) == sch("cen")


def test_the_compiled_file_judges_where_both_are_there_and_a_second_import_adds(
    tmp_path: Path, library: Library
) -> None:
    facts = [fact(CEN, sch("cen")), fact(CEN, xslt("cen"), kind="xslt"), fact(MLS, sch("mls"))]
    bring(library, folder(tmp_path / "one", a_DOT_sch=sch("cen")), facts)
    assert library.used("2026.5", CEN).kind == "sch"
    bring(library, folder(tmp_path / "two", a_DOT_xslt=xslt("cen"), m_DOT_sch=sch("mls")), facts)
    assert library.used("2026.5", CEN).kind == "xslt"
    assert [one.artefact for one in library.artefacts("2026.5")] == [CEN, CEN, MLS]


def test_of_two_known_files_of_one_artefact_the_first_of_the_list_is_taken(tmp_path: Path, library: Library) -> None:
    facts = [fact(CEN, xslt("as compiled"), kind="xslt"), fact(CEN, xslt("as elsewhere"), kind="xslt")]
    bring(library, folder(tmp_path / "in", a_DOT_xslt=xslt("as elsewhere"), b_DOT_xslt=xslt("as compiled")), facts)
    assert library.read(library.used("2026.5", CEN)) == xslt("as compiled")


@pytest.mark.parametrize(
    ("name", "artefact"),
    [
        ("CEN-EN16931-UBL.sch", CEN),
        ("EN16931-UBL-validation.xslt", CEN),
        ("EN16931-UBL-validation-preprocessed.sch", CEN),
        ("PEPPOL-EN16931-UBL.sch", PEPPOL),
        ("peppol-en16931-ubl.XSL", PEPPOL),
        ("PEPPOLBIS-T111.sch", T111),
        ("PEPPOLBIS-T71.xslt", T71),
        ("peppol-mls-1.0.1.sch", MLS),
        ("peppol-mls.xslt", MLS),
        ("PEPPOL-EN16931-UBL-SB.sch", None),
        ("PEPPOLBIS-T1.sch", None),
        ("SG-Subset-CEN-EN16931-UBL.xslt", None),
    ],
)
def test_both_spellings_of_a_name_are_understood(name: str, artefact: str | None) -> None:
    assert Candidate(place=f"some/{name}", data=b"", sha256="").named == artefact


def test_an_unknown_file_is_refused_with_its_digest_and_nothing_is_imported(tmp_path: Path, library: Library) -> None:
    data = sch("newer")
    source = folder(tmp_path / "in", CEN_EN16931_UBL_DOT_sch=data, m_DOT_sch=sch("mls"))
    with pytest.raises(ContentError, match=rf"CEN-EN16931-UBL.sch \(SHA-256 {digest(data)}\).*--accept-unknown"):
        bring(library, source, [fact(MLS, sch("mls"))])
    assert library.releases() == []
    assert not library.folder.exists()


def test_an_unknown_file_accepted_by_word_is_recorded_as_such(tmp_path: Path, library: Library) -> None:
    source = folder(tmp_path / "in", CEN_EN16931_UBL_DOT_sch=sch("newer"))
    with pytest.raises(ConfigurationError, match="--release NAME"):
        bring(library, source, [], accept=True)
    with pytest.raises(ConfigurationError, match="cannot be a release"):
        bring(library, source, [], "../2026", accept=True)
    assert bring(library, source, [], "2026.11", accept=True) == [CEN]
    assert library.used("2026.11", CEN).origin == "accepted"


def test_files_without_a_name_we_know_are_not_looked_at_and_nothing_is_an_error(
    tmp_path: Path, library: Library
) -> None:
    with pytest.raises(ContentError, match="no official rule file"):
        bring(library, folder(tmp_path / "in", other_DOT_sch=sch("other")), [], "2026.11", accept=True)
    with pytest.raises(ConfigurationError, match="no folder or zip"):
        bring(library, tmp_path / "nowhere", [])


# --- archives ---------------------------------------------------------------------------------------------------------


def archive(at: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(at, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return at


def jar(at: Path) -> Path:
    """As phive-rules lays it out: every release, and the same names in each."""
    base = "external/schematron/openpeppol"
    files = {f"{base}/{release}/xslt/CEN-EN16931-UBL.xslt": xslt(f"cen {release}") for release in ("2025.11", "2026.5")}
    files[f"{base}/2026.5/xslt/PEPPOLBIS-T1.xslt"] = xslt("order")
    files["external/schematron/mls/1.0.1/xslt/peppol-mls-1.0.1.xslt"] = xslt("mls")
    files["com/helger/Rules.class"] = b"\xca\xfe"
    return archive(at, files)


def test_from_a_jar_with_every_release_the_known_one_is_taken_and_the_others_are_named(
    tmp_path: Path, library: Library
) -> None:
    facts = [fact(CEN, xslt("cen 2026.5"), kind="xslt"), fact(MLS, xslt("mls"), kind="xslt")]
    selection = select(candidates(jar(tmp_path / "rules.jar")), facts)
    assert selection.aside == ("external/schematron/openpeppol/2025.11/xslt/CEN-EN16931-UBL.xslt",)
    store(library, selection, ON, "rules.jar")
    assert [one.artefact for one in library.artefacts("2026.5")] == [CEN, MLS]


def test_from_such_a_jar_another_release_can_be_accepted(tmp_path: Path, library: Library) -> None:
    """The folder's name decides; a file we know to be of another release is no candidate for this one."""
    facts = [fact(CEN, xslt("cen 2026.5"), kind="xslt"), fact(MLS, xslt("mls"), kind="xslt")]
    assert bring(library, jar(tmp_path / "rules.jar"), facts, "2025.11", accept=True) == [CEN]
    assert library.read(library.used("2025.11", CEN)) == xslt("cen 2025.11")
    with pytest.raises(ContentError, match="two different CEN-EN16931-UBL"):
        bring(library, jar(tmp_path / "rules.jar"), [], "1999.1", accept=True)


def test_an_archive_whose_names_lead_out_of_it_is_refused_whole(tmp_path: Path, library: Library) -> None:
    facts = [fact(CEN, sch("cen"))]
    for number, name in enumerate(
        ("../x.sch", "/etc/x.sch", "a/../../x.sch", "..\\x.sch", "c:\\x.sch", "../readme.txt")
    ):
        hostile = archive(tmp_path / f"{number}.zip", {"CEN-EN16931-UBL.sch": sch("cen"), name: b"x"})
        with pytest.raises(FormatError, match="leads out of it"):
            bring(library, hostile, facts)
    link = zipfile.ZipInfo("link.sch")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    with pytest.raises(FormatError, match="leads out of it"):
        bring(library, tmp_path / "link.zip", facts)
    assert library.releases() == []


def test_a_bomb_is_refused_after_reading_no_more_than_the_cap(tmp_path: Path, library: Library) -> None:
    bomb = archive(tmp_path / "bomb.zip", {"CEN-EN16931-UBL.sch": b" " * (artefacts.LARGEST + 1)})
    assert bomb.stat().st_size < 20_000
    with pytest.raises(FormatError, match="larger than any official rule file"):
        bring(library, bomb, [])


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path, library: Library) -> None:
    """Both headers say 10 bytes; what comes out is what counts."""
    size = artefacts.LARGEST + 1
    data = bytearray(archive(tmp_path / "x.zip", {"CEN-EN16931-UBL.sch": b" " * size}).read_bytes())
    spelt, at = struct.pack("<I", size), -1
    while (at := data.find(spelt, at + 1)) >= 0:
        data[at : at + 4] = struct.pack("<I", 10)
    (tmp_path / "liar.zip").write_bytes(data)
    with pytest.raises(FormatError):
        bring(library, tmp_path / "liar.zip", [])
    assert library.releases() == []


def test_many_small_bombs_are_refused_together(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = archive(tmp_path / "many.zip", {f"{number}.sch": b" " * 1000 for number in range(50)})
    monkeypatch.setattr(importing, "MOST_BYTES", 20_000)
    with pytest.raises(FormatError, match="larger than"):
        bring(library, many, [])
    monkeypatch.setattr(importing, "MOST_FILES", 20)
    with pytest.raises(FormatError, match="more than 20 files"):
        bring(library, many, [])


@pytest.mark.parametrize("cut", [0, 10, 200, -1, -30, -200])
def test_half_an_archive_is_refused(tmp_path: Path, library: Library, cut: int) -> None:
    whole = jar(tmp_path / "rules.jar").read_bytes()
    (tmp_path / "half.jar").write_bytes(whole[:cut] if cut else b"")
    with pytest.raises((FormatError, ContentError)):
        bring(library, tmp_path / "half.jar", [fact(CEN, xslt("cen 2026.5"), kind="xslt")])
    assert library.releases() == []


def test_a_damaged_or_locked_member_is_refused(tmp_path: Path, library: Library) -> None:
    data = bytearray(archive(tmp_path / "a.zip", {"CEN-EN16931-UBL.sch": sch("cen") * 50}).read_bytes())
    data[60:70] = bytes(10)
    (tmp_path / "damaged.zip").write_bytes(data)
    locked = bytearray((tmp_path / "a.zip").read_bytes())
    locked[6] |= 1
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    for name in ("damaged.zip", "locked.zip"):
        with pytest.raises(FormatError, match="no whole zip archive"):
            bring(library, tmp_path / name, [])


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, library: Library) -> None:
    outside = folder(tmp_path / "out", a_DOT_sch=sch("cen")) / "a.sch"
    source = folder(tmp_path / "in", b_DOT_sch=sch("mls"))
    (source / "CEN-EN16931-UBL.sch").symlink_to(outside)
    with pytest.raises(FormatError, match="leads out of the folder"):
        bring(library, source, [fact(CEN, sch("cen"))])


# --- whole or not at all ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [sch("x")[:-20], b"", b"<a/>", xslt("x")[:-5], b"<!DOCTYPE a>" + sch("x"), sch("x").replace(b"xslt2", b"xpath")],
)
def test_half_a_file_or_none_of_its_kind_is_refused_though_accepted_by_word(
    tmp_path: Path, library: Library, data: bytes
) -> None:
    for suffix in ("sch", "xslt"):
        source = tmp_path / suffix
        source.mkdir()
        (source / f"PEPPOL-EN16931-UBL.{suffix}").write_bytes(data)
        (source / "CEN-EN16931-UBL.sch").write_bytes(sch("cen"))
        with pytest.raises(FormatError, match=f"PEPPOL-EN16931-UBL.{suffix}"):
            bring(library, source, [fact(CEN, sch("cen"))], "2026.5", accept=True)
    assert library.releases() == []


def test_an_import_that_breaks_off_leaves_what_was_there(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(library, folder(tmp_path / "one", CEN_EN16931_UBL_DOT_sch=sch("old")), [], "2026.11", accept=True)
    before = library.used("2026.11", CEN)
    put, written = importing.put, []

    def breaks(path: Path, data: bytes) -> None:
        if written:
            raise OSError(28, "No space left on device", str(path))
        written.append(path)
        put(path, data)

    monkeypatch.setattr(importing, "put", breaks)
    source = folder(tmp_path / "two", CEN_EN16931_UBL_DOT_sch=sch("new"), PEPPOL_EN16931_UBL_DOT_sch=sch("new too"))
    with pytest.raises(OSError, match="No space"):
        bring(library, source, [], "2026.11", accept=True)
    assert library.artefacts("2026.11") == [before]
    assert library.read(before) == sch("old")
    monkeypatch.undo()
    assert len(bring(library, source, [], "2026.11", accept=True)) == 2
    assert library.read(library.used("2026.11", CEN)) == sch("new")
    assert not (library.folder / "2026.11" / before.file).exists()


def test_a_first_import_that_breaks_off_is_no_release(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Library, "write_manifest", breaks)
    with pytest.raises(OSError, match="No space"):
        bring(library, folder(tmp_path / "one", a_DOT_sch=sch("cen")), [fact(CEN, sch("cen"))])
    monkeypatch.undo()
    assert library.releases() == []
    with pytest.raises(ConfigurationError, match="is not in"):
        library.used("2026.5", CEN)


# --- what is there ----------------------------------------------------------------------------------------------------


def spoil(library: Library, what: Callable[[Path], object]) -> None:
    what(library.folder / "2026.5" / library.used("2026.5", CEN).file)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (lambda file: file.write_bytes(sch("forged")), "was changed since"),
        (lambda file: file.write_bytes(sch("cen")[:-1]), "was changed since"),
        (os.unlink, "cannot be read"),
    ],
)
def test_a_file_that_is_not_what_was_imported_is_not_used(
    tmp_path: Path, library: Library, what: Callable[[Path], object], reason: str
) -> None:
    bring(library, folder(tmp_path / "in", a_DOT_sch=sch("cen")), [fact(CEN, sch("cen"))])
    spoil(library, what)
    with pytest.raises(ConfigurationError, match=rf"{reason}.*kvitt schemas import"):
        library.read(library.used("2026.5", CEN))


@pytest.mark.parametrize(
    "manifest",
    [
        "release,artefact\n1,2\n",
        "artefact\nX\n",
        "\udcff",
        "release,artefact,kind,sha256,origin,source,added,file\na,b,c,d,e,f,g,h\n",
    ],
)
def test_a_broken_list_says_so(library: Library, manifest: str) -> None:
    (library.folder / "2026.5").mkdir(parents=True)
    (library.folder / "2026.5" / "manifest.csv").write_text(manifest, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ConfigurationError, match=r"cannot be read.*kvitt schemas import"):
        library.artefacts("2026.5")


def test_a_list_cannot_point_out_of_its_folder(tmp_path: Path, library: Library) -> None:
    bring(library, folder(tmp_path / "in", a_DOT_sch=sch("cen")), [fact(CEN, sch("cen"))])
    (tmp_path / "elsewhere.sch").write_bytes(sch("cen"))
    manifest = library.folder / "2026.5" / "manifest.csv"
    one = library.used("2026.5", CEN)
    manifest.write_text(manifest.read_text("utf-8").replace(one.file, "../../elsewhere.sch"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        library.read(library.used("2026.5", CEN))


def test_a_release_that_is_no_name_is_no_release(tmp_path: Path, library: Library) -> None:
    bring(library, folder(tmp_path / "in", a_DOT_sch=sch("cen")), [fact(CEN, sch("cen"))])
    shutil.copytree(library.folder / "2026.5", tmp_path / "2026.5")
    assert library.artefacts("../2026.5") == []
    assert library.artefacts("2026.11") == []


def test_where_the_files_lie() -> None:
    cwd = Path("/somewhere")
    assert artefacts.here({}, cwd) == cwd / "kvitt-home" / "schemas"
    assert artefacts.here({"KVITT_HOME": "/hub"}, cwd) == Path("/hub/schemas")
    assert artefacts.here({"KVITT_HOME": "/hub", "KVITT_SCHEMAS": "rules"}, cwd) == cwd / "rules"


# --- the list of what we know -----------------------------------------------------------------------------------------


def test_our_list_names_every_artefact_in_both_kinds_with_an_address_that_cannot_change() -> None:
    for name in NAMES:
        kinds = {one.kind for one in known() if one.artefact == name and one.release == "2026.5"}
        assert kinds == {"sch", "xslt"}, name
        assert [one.url for one in known() if one.artefact == name and one.url], name
    assert all(
        one.url.startswith("https://raw.githubusercontent.com/phax/phive-rules/432f0e9a") for one in known() if one.url
    )
    assert len({one.sha256 for one in known()}) == len(known())


HEAD = "release,artefact,version,kind,sha256,url"
GOOD = f"2026.5,{CEN},1,sch,{'0' * 64},"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "first line is not"),
        ("sha256\n1\n", "first line is not"),
        (f"{HEAD}\n{GOOD},more\n", "line 2: the line has more or fewer values"),
        (f"{HEAD}\n{GOOD}\n2026.5,{CEN}\n", "line 3: the line has more or fewer values"),
        (f"{HEAD}\n{GOOD.replace('CEN', 'NEC')}\n", "artefact must be one of"),
        (f"{HEAD}\n{GOOD.replace('sch', 'rng')}\n", "kind one of"),
        (f"{HEAD}\n{GOOD.replace('000', 'xyz')}\n", "64 hexadecimal"),
        (f"{HEAD}\n{GOOD.replace('2026.5', '../etc')}\n", "no name a folder can have"),
    ],
)
def test_a_list_that_is_wrong_says_where(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        read_known(text, "list.csv")


def test_a_good_list_is_read() -> None:
    assert [one.artefact for one in read_known(f"{HEAD}\n{GOOD}\n", "list.csv")] == [CEN]
