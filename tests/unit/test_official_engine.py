"""The process that runs official rule files: whatever happens to it, the document gets an answer and the hub lives."""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.errors import ConfigurationError
from hub.official import engine as engine_module
from hub.official import worker
from hub.official.artefacts import digest, stylesheet
from hub.official.engine import Engine, Failure, OfficialFinding, Stylesheet, Trouble
from tests.conftest import absent

XSLT = "http://www.w3.org/1999/XSL/Transform"
SVRL = "http://purl.oclc.org/dsdl/svrl"
LIMIT = 1.0


def rules(asserts: str, functions: str = "") -> Stylesheet:
    """A Schematron of one rule on the root element, compiled."""
    schema = f"""<schema xmlns="http://purl.oclc.org/dsdl/schematron" xmlns:xsl="{XSLT}" queryBinding="xslt2">
      <ns prefix="f" uri="urn:f"/><ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/>{functions}
      <pattern><rule context="/*">{asserts}</rule></pattern></schema>"""
    return stylesheet(schema.encode(), "sch")


def sheet(body: str) -> Stylesheet:
    """A stylesheet as it stands, with a report around what it says of the root."""
    text = f"""<xsl:stylesheet xmlns:xsl="{XSLT}" xmlns:svrl="{SVRL}" version="2.0"><xsl:template match="/">
      <svrl:schematron-output><svrl:failed-assert id="X" flag="fatal" location="/">{body}</svrl:failed-assert>
      </svrl:schematron-output></xsl:template></xsl:stylesheet>"""
    return Stylesheet(key=digest(text.encode()), text=text)


ONE = rules('<assert id="ONE" flag="fatal" test="number(.) = 1">Not one.</assert>')
ENDLESS = rules(
    '<assert id="E" flag="fatal" test="f:on(1)">x</assert>',
    '<xsl:function name="f:on" as="xs:boolean"><xsl:param name="n"/><xsl:sequence select="if ($n = 0) then true() '
    'else f:on($n + 1)"/></xsl:function>',
)
FOUND = (OfficialFinding(rule="ONE", flag="fatal", location="/a[1]", text="Not one."),)


@pytest.fixture(scope="module", autouse=True)
def saxon() -> None:
    if importlib.util.find_spec("saxonche") is None:
        absent("SaxonC (pip install saxonche)")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(seconds=LIMIT) as one:
        yield one


def test_a_worker_serves_many_documents_and_many_stylesheets(engine: Engine) -> None:
    assert engine.pid is None
    assert engine.judge(ONE, "<a>1</a>") == ()
    first = engine.pid
    assert engine.judge(ONE, "<a>2</a>") == FOUND
    assert engine.judge(sheet("Said."), "<a/>") == (
        OfficialFinding(rule="X", flag="fatal", location="/", text="Said."),
    )
    assert engine.pid == first


def test_a_worker_killed_in_the_middle_of_a_document_is_a_failure_and_the_next_is_judged() -> None:
    with Engine(seconds=60) as engine, ThreadPoolExecutor(1) as pool:
        engine.judge(ONE, "<a>1</a>")
        victim = engine.pid
        assert victim
        judging = pool.submit(engine.judge, ENDLESS, "<a/>")
        time.sleep(0.5)
        assert not judging.done()
        os.kill(victim, signal.SIGKILL)
        assert judging.result(timeout=20) == Failure(trouble=Trouble.DIED, detail="signal 9")
        assert engine.judge(ONE, "<a>2</a>") == FOUND
        assert engine.pid not in (None, victim)


def test_a_stylesheet_that_never_ends_is_stopped_in_time_and_its_process_is_gone(engine: Engine) -> None:
    engine.judge(ONE, "<a>1</a>")
    hanging = engine.pid
    assert hanging
    started = time.monotonic()
    assert engine.judge(ENDLESS, "<a/>") == Failure(trouble=Trouble.LATE, detail="1 s")
    assert LIMIT <= time.monotonic() - started < LIMIT + 5
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)
    assert engine.judge(ONE, "<a>2</a>") == FOUND


def test_a_worker_that_stops_reading_is_late_too(engine: Engine) -> None:
    """A document larger than a pipe holds, and nobody who reads it: writing waits no longer than reading."""
    engine.judge(ONE, "<a>1</a>")
    assert engine.pid
    os.kill(engine.pid, signal.SIGSTOP)
    assert engine.judge(ONE, f"<a>{'1' * 1_000_000}</a>") == Failure(trouble=Trouble.LATE, detail="1 s")


def test_a_worker_that_died_between_documents_is_replaced_without_a_word(engine: Engine) -> None:
    engine.judge(ONE, "<a>1</a>")
    assert engine.pid
    os.kill(engine.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert engine.judge(ONE, "<a>2</a>") == FOUND


@pytest.mark.parametrize("document", ["", "<a", "<a></b>", "no xml", "<a>&nothing;</a>"])
def test_what_is_no_xml_is_a_failure_not_an_answer(engine: Engine, document: str) -> None:
    answer = engine.judge(ONE, document)
    assert isinstance(answer, Failure)
    assert answer.trouble is Trouble.ERROR
    assert engine.judge(ONE, "<a>2</a>") == FOUND


def test_a_rule_that_cannot_take_a_value_is_a_failure_that_does_not_quote_it(engine: Engine) -> None:
    """As the official files do for amounts that are none: no report at all comes then."""
    strict = rules('<assert id="A" flag="fatal" test="xs:decimal(.) = 1">x</assert>')
    answer = engine.judge(strict, '<a>Kari "Synthetic" Nordmann</a>')
    assert answer == Failure(trouble=Trouble.ERROR, detail="Cannot convert string ***")


@pytest.mark.parametrize(
    "text",
    [
        f'<xsl:stylesheet xmlns:xsl="{XSLT}" version="2.0"><xsl:template match="/"><other/></xsl:template></xsl:stylesheet>',
        f'<xsl:stylesheet xmlns:xsl="{XSLT}" version="2.0"><xsl:template match="/"/></xsl:stylesheet>',
        f'<xsl:stylesheet xmlns:xsl="{XSLT}" version="2.0"><xsl:template match="/">a</xsl:template></xsl:stylesheet>',
        f'<xsl:stylesheet xmlns:xsl="{XSLT}" version="2.0"><xsl:template match="/"><xsl:message terminate="yes"/></xsl:template></xsl:stylesheet>',
        f'<xsl:stylesheet xmlns:xsl="{XSLT}" version="2.0"><xsl:template match="]"/></xsl:stylesheet>',
    ],
    ids=["no-svrl", "nothing", "text", "terminates", "does-not-compile"],
)
def test_a_stylesheet_that_gives_no_report_has_judged_nothing(engine: Engine, text: str) -> None:
    answer = engine.judge(Stylesheet(key=digest(text.encode()), text=text), "<a/>")
    assert isinstance(answer, Failure)
    assert answer.trouble is Trouble.ERROR


def test_endless_recursion_does_not_end_the_engine(engine: Engine) -> None:
    deep = rules(
        '<assert id="E" test="f:on(1) = 1">x</assert>',
        '<xsl:function name="f:on"><xsl:param name="n"/><xsl:sequence select="1 + f:on($n + 1)"/></xsl:function>',
    )
    answer = engine.judge(deep, "<a/>")
    assert isinstance(answer, Failure)
    assert engine.judge(ONE, "<a>2</a>") == FOUND


@pytest.mark.parametrize(
    "reads",
    [
        "unparsed-text('file:///{secret}')",
        "unparsed-text-available('file:///{secret}')",
        "doc('file:///{secret}')",
        "document('file:///{secret}')",
        "environment-variable('KVITT_SECRET_OF_THIS_TEST')",
        "available-environment-variables()",
    ],
)
def test_a_stylesheet_sees_no_file_and_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: str
) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<kept>hidden</kept>", encoding="utf-8")
    monkeypatch.setenv("KVITT_SECRET_OF_THIS_TEST", "hidden")
    with Engine() as engine:
        answer = engine.judge(sheet(f'<xsl:value-of select="{reads.format(secret=secret)}"/>'), "<a/>")
    said = [one.text for one in answer] if isinstance(answer, tuple) else []
    assert isinstance(answer, Failure) or said in ([""], ["false"])


def test_a_stylesheet_writes_no_file(engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "written.xml"
    answer = engine.judge(sheet(f'<xsl:result-document href="file:///{target}"><x/></xsl:result-document>'), "<a/>")
    assert isinstance(answer, Failure)
    assert not target.exists()


def test_what_saxon_prints_goes_nowhere(engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    assert engine.judge(sheet("<xsl:message>Kari Nordmann</xsl:message>x"), "<a/>") != ()
    assert capfd.readouterr() == ("", "")


def test_threads_ask_one_after_another() -> None:
    """The processor is made in the worker's main thread, whoever asks; each gets the answer to its own document."""
    with Engine() as engine, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: engine.judge(ONE, f"<a>{number % 2}</a>"), range(60)))
    assert [len(answer) for answer in answers if isinstance(answer, tuple)] == [1, 0] * 30


def test_a_large_document_and_a_large_report_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    each = rules('<report id="R" flag="fatal" test="true()">x</report>')
    many = Stylesheet(key="many", text=each.text.replace('match="/*"', 'match="b"'))
    document = f"<a>{'<b>æøå 😀</b>' * 3_000}</a>"
    with Engine() as engine:
        answer = engine.judge(many, document)
        assert isinstance(answer, tuple)
        assert (len(answer), answer[-1].location) == (3_000, "/a[1]/b[3000]")
        monkeypatch.setattr(engine_module, "LARGEST_ANSWER", 1000)
        assert engine.judge(many, document) == Failure(trouble=Trouble.ERROR, detail="the report is too large")
        monkeypatch.undo()
        assert engine.judge(ONE, "<a>2</a>") == FOUND


def test_a_worker_whose_parent_is_gone_ends() -> None:
    """Between documents by the end of its input; in the middle of one by its own alarm."""
    env = {"PYTHONPATH": str(engine_module.require_saxon())}
    for work, expected in (("", 0), ("endless", -signal.SIGALRM)):
        asked = b""
        if work:
            asked = _request("compile", ENDLESS.text, 5) + _request("judge", "<a/>", 0.5)
        done = subprocess.run(
            [sys.executable, worker.__file__], input=asked, env=env, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == expected


def _request(what: str, text: str, seconds: float) -> bytes:
    head = f'{{"do": "{what}", "name": "n", "seconds": {seconds}}}'.encode()
    frames = (head, text.encode())
    return b"".join(worker.LENGTH.pack(len(frame)) + frame for frame in frames)


def test_half_a_request_is_the_end_of_the_conversation() -> None:
    whole = _request("judge", "<a/>", 0)
    for cut in (0, 4, 8, 20, len(whole) - 1):
        assert list(worker._requests(io.BytesIO(whole[:cut]))) == []
    assert [text for _, text in worker._requests(io.BytesIO(whole * 2))] == ["<a/>", "<a/>"]


def test_without_saxon_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"not installed .*pip install 'kvitt\[official\]'"):
        Engine()


def test_a_saxon_that_does_not_load_is_a_configuration_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "saxonche.py"
    broken.write_text("raise ImportError('libsaxon is missing')\n", encoding="utf-8")
    monkeypatch.setattr(engine_module, "require_saxon", lambda: tmp_path)
    with Engine() as engine, pytest.raises(ConfigurationError, match=r"does not start: libsaxon is missing"):
        engine.judge(ONE, "<a/>")
    assert engine.pid is None


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", Failure(trouble=Trouble.DIED, detail="signal 11")),
        ("import os; os._exit(99)", Failure(trouble=Trouble.DIED, detail="exit code 99")),
        ("import time; time.sleep(60)", Failure(trouble=Trouble.LATE, detail="1 s")),
    ],
)
def test_a_saxon_that_dies_or_hangs_while_it_starts_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str, expected: Failure
) -> None:
    (tmp_path / "saxonche.py").write_text(f"{start}\n", encoding="utf-8")
    monkeypatch.setattr(engine_module, "require_saxon", lambda: tmp_path)
    with Engine(start_seconds=1) as engine:
        assert engine.judge(ONE, "<a/>") == expected


def test_an_interrupt_leaves_no_worker_and_no_half_conversation(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.judge(ONE, "<a>1</a>")

    def interrupt(*_: object) -> Callable[..., object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "_ask", interrupt)
    with pytest.raises(KeyboardInterrupt):
        engine.judge(ONE, "<a>1</a>")
    monkeypatch.undo()
    assert engine.pid is None
    assert engine.judge(ONE, "<a>2</a>") == FOUND


def test_closing_ends_the_worker_and_may_be_done_twice(engine: Engine) -> None:
    engine.judge(ONE, "<a>1</a>")
    pid = engine.pid
    assert pid
    engine.close()
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert threading.active_count() < 10
