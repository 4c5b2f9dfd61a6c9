"""Fetching official rule files: only from the address in the list, only what has the pinned digest, all or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import ConfigurationError, ContentError, TransientError
from hub.official import fetching
from hub.official.artefacts import CEN, MLS, Known
from hub.sandbox.pki import Pki, make_pki
from hub.sandbox.server import Fault, Request, Response, Route, SandboxServer, TlsFiles, Trouble
from tests.commands import Run, in_process, stand_in

CEN_RULES = b'<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><title>cen</title></schema>'
MLS_RULES = CEN_RULES.replace(b"cen", b"mls")
FILES = {"cen.sch": CEN_RULES, "mls.sch": MLS_RULES, "endless.sch": b" " * 3000}


def serve(request: Request) -> Response:
    name = request.params["name"]
    if name == "moved.sch":
        return Response(status=302, headers={"Location": "/cen.sch"})
    return Response(body=FILES[name]) if name in FILES else Response(status=404)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer([Route("GET", "/{name}", serve)]) as running:
        yield running


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=datetime.now(UTC))


def entry(url: str, data: bytes = CEN_RULES, artefact: str = CEN) -> Known:
    sha256 = hashlib.sha256(data).hexdigest()
    return Known(release="2026.5", artefact=artefact, version="1", kind="sch", sha256=sha256, url=url)


def manifest(at: Path, *entries: Known) -> Path:
    lines = ["release,artefact,version,kind,sha256,url"]
    lines += [f"{one.release},{one.artefact},{one.version},{one.kind},{one.sha256},{one.url}" for one in entries]
    at.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return at


def test_every_file_with_an_address_is_fetched_and_no_other(server: SandboxServer) -> None:
    entries = [entry(f"{server.url}/cen.sch"), entry("", b"x"), entry(f"{server.url}/mls.sch", MLS_RULES, MLS)]
    assert [one.data for one in fetching.fetch(entries)] == [CEN_RULES, MLS_RULES]
    assert [line.path for line in server.log] == ["/cen.sch", "/mls.sch"]


def test_what_has_another_digest_is_refused_and_none_of_the_others_kept(server: SandboxServer) -> None:
    with pytest.raises(ContentError, match=r"is not the pinned CEN-EN16931-UBL 1 .*nothing was imported"):
        fetching.fetch([entry(f"{server.url}/mls.sch", MLS_RULES, MLS), entry(f"{server.url}/mls.sch")])


def test_no_redirect_is_followed_and_a_missing_file_is_said(server: SandboxServer) -> None:
    for name, status in (("moved.sch", 302), ("gone.sch", 404)):
        with pytest.raises(ConfigurationError, match=f"{name} answers {status}"):
            fetching.fetch([entry(f"{server.url}/{name}")])
    assert [line.path for line in server.log] == ["/moved.sch", "/gone.sch"]


def test_a_server_that_sends_without_end_is_left(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 2000)
    monkeypatch.setattr(fetching, "_PIECE", 100)
    with pytest.raises(ContentError, match="more than any rule file"):
        fetching.fetch([entry(f"{server.url}/endless.sch")])


def test_a_server_that_is_away_or_breaks_off_may_be_asked_again(server: SandboxServer) -> None:
    server.misbehave(Fault(trouble=Trouble.CUT_ANSWER, path="/cen.sch"))
    with pytest.raises(TransientError, match="cannot be reached"):
        fetching.fetch([entry(f"{server.url}/cen.sch")])
    url = f"{server.url}/cen.sch"
    server.stop()
    with pytest.raises(TransientError, match=r"cannot be reached.*--from-dir"):
        fetching.fetch([entry(url)])


@pytest.mark.parametrize(
    "url", ["http://docs.example/x.sch", "http://10.0.0.1/x.sch", "file:///etc/passwd", "ftp://127.0.0.1/x", "x.sch"]
)
def test_an_address_that_is_not_https_is_refused_before_anything_is_asked(server: SandboxServer, url: str) -> None:
    with pytest.raises(ConfigurationError, match="not https"):
        fetching.fetch([entry(f"{server.url}/cen.sch"), entry(url)])
    assert server.log == []


def test_a_list_without_addresses_is_said() -> None:
    with pytest.raises(ConfigurationError, match="no address"):
        fetching.fetch([entry("")])


def test_over_tls_only_a_server_whose_authority_is_trusted_is_believed(pki: Pki) -> None:
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
    with SandboxServer([Route("GET", "/{name}", serve)], tls=tls) as server:
        one = entry(f"{server.url}/cen.sch")
        assert server.url.startswith("https://")
        assert fetching.fetch([one], verify=str(pki.ca_file))[0].data == CEN_RULES
        for verify in (True, str(pki.stranger_ca_file)):
            with pytest.raises(TransientError, match="SSLError"):
                fetching.fetch([one], verify=verify)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    stand_in(tmp_path, monkeypatch)
    return in_process(monkeypatch, capsys, "schemas")


def test_the_command_fetches_over_tls_by_an_own_list_and_says_that_it_was_pinned_there(
    run: Run, pki: Pki, tmp_path: Path
) -> None:
    tls = TlsFiles(certificate=pki.server.certificate, key=pki.server.key)
    with SandboxServer([Route("GET", "/{name}", serve)], tls=tls) as server:
        mine = manifest(tmp_path / "mine.csv", entry(f"{server.url}/cen.sch"))
        assert run("fetch", "--manifest", mine).code == 4
        said = run("fetch", "--manifest", mine, "--ca", pki.ca_file, "--json")
    assert said.code == 0
    assert [(one["artefact"], one["origin"]) for one in said.body()["imported"]] == [(CEN, "pinned")]
    body = run("list", "--json").body()
    assert [(one["artefact"], one["state"]) for one in body["files"]] == [(CEN, "ok")]
    assert MLS in body["missing"]["2026.5"]
    assert body["folder"] == str(tmp_path / "home" / "schemas")


def test_the_command_imports_nothing_where_one_file_is_not_as_pinned(
    run: Run, server: SandboxServer, tmp_path: Path
) -> None:
    mine = manifest(
        tmp_path / "mine.csv", entry(f"{server.url}/cen.sch"), entry(f"{server.url}/cen.sch", MLS_RULES, MLS)
    )
    said = run("fetch", "--manifest", mine)
    assert (said.code, "is not the pinned peppol-mls" in said.err) == (2, True)
    assert not (tmp_path / "home").exists()


def test_a_list_that_cannot_be_read_is_a_configuration_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe")
    for name in ("none.csv", "bad.csv"):
        assert run("fetch", "--manifest", tmp_path / name).code == 3


def test_the_command_imports_lists_and_tells_what_was_changed(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "rules"
    source.mkdir()
    (source / "CEN-EN16931-UBL.sch").write_bytes(CEN_RULES)
    (source / "peppol-mls-1.0.1.sch").write_bytes(MLS_RULES)
    said = run("import", "--from-dir", source)
    assert (said.code, "--accept-unknown" in said.err) == (2, True)
    said = run("import", "--from-dir", source, "--accept-unknown", "--release", "2026.11")
    assert (said.code, "2026.11 CEN-EN16931-UBL (sch, accepted" in said.out) == (0, True)
    (stored,) = (tmp_path / "home/schemas/2026.11").glob("CEN-*.sch")
    stored.write_bytes(MLS_RULES)
    said = run("list")
    assert said.code == 0
    assert "was changed since" in said.out
    assert "missing in 2026.11: PEPPOL-EN16931-UBL, PEPPOLBIS-T111, PEPPOLBIS-T71" in said.out


def test_the_list_is_shown_where_nothing_was_imported(run: Run, tmp_path: Path) -> None:
    said = run("list")
    assert (said.code, "missing in 2026.5: CEN-EN16931-UBL" in said.out) == (0, True)
    assert not (tmp_path / "home").exists()


def test_the_folder_can_lie_elsewhere(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVITT_SCHEMAS", str(tmp_path / "shared-rules"))
    (tmp_path / "CEN-EN16931-UBL.sch").write_bytes(CEN_RULES)
    assert run("import", "--from-dir", tmp_path, "--accept-unknown", "--release", "2026.11").code == 0
    assert (tmp_path / "shared-rules" / "2026.11" / "manifest.csv").is_file()
    assert not (tmp_path / "home").exists()
