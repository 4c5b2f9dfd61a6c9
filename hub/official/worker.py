"""The process that runs official artefacts in SaxonC: started by exec, one processor, in its main thread.

Saxon processors made in threads end the interpreter (a fatal error of another isolate, seen with saxonche 13.1), so
they live here alone and may die here alone. The file is run by its path and imports nothing of Kvitt.

Requests and answers are frames: eight bytes of length (big-endian), then the body. A request is two frames: JSON
(`do`: compile or judge, `name` of the stylesheet, `seconds` after which the process ends itself) and the text. An
answer is one byte and a body: `+` and the findings as XML, or `-` and a reason. The first says whether Saxon is there.
Findings are picked from the SVRL report in here: a report of a large document is a hundred times its findings.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = struct.Struct(">Q")
LONGEST_REASON = 300
_QUOTED = re.compile(r"""["'`{].*["'`}]""")
"""From the first quote to the last: a quoted value may hold quotes itself."""
_PICK = """
<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:svrl="http://purl.oclc.org/dsdl/svrl"
    version="2.0" exclude-result-prefixes="svrl">
  <xsl:output method="xml" encoding="UTF-8" indent="no"/>
  <xsl:template match="/">
    <findings report="{exists(svrl:schematron-output)}">
      <xsl:for-each select="//svrl:failed-assert | //svrl:successful-report">
        <finding rule="{(@id, @role)[1]}" flag="{(@flag, @role)[1]}" location="{@location}">
          <xsl:value-of select="normalize-space(.)"/>
        </finding>
      </xsl:for-each>
    </findings>
  </xsl:template>
</xsl:stylesheet>
"""
_LOCKED = {
    "http://saxon.sf.net/feature/allowedProtocols": "",
    "http://saxon.sf.net/feature/allow-external-functions": "off",
}
"""A stylesheet reads no file and no address, writes no file, and sees no environment."""


class _Judge:
    """The processor with its compiled stylesheets."""

    def __init__(self) -> None:
        from saxonche import PySaxonProcessor

        self._processor: Any = PySaxonProcessor(license=False)
        for name, value in _LOCKED.items():
            self._processor.set_configuration_property(name, value)
        self._xslt: Any = self._processor.new_xslt30_processor()
        self._pick: Any = self._compiled(_PICK)
        self._sheets: dict[str, Any] = {}
        self.version = str(self._processor.version)

    def compile(self, name: str, text: str) -> str:
        self._sheets[name] = self._compiled(text)
        return ""

    def judge(self, name: str, text: str) -> str:
        document = self._processor.parse_xml(xml_text=text, encoding="UTF-8")
        report = self._sheets[name].transform_to_value(xdm_node=document)
        if report is None or report.size != 1:
            raise ValueError("the artefact gave no report")
        return str(self._pick.transform_to_string(xdm_node=report.head))

    def _compiled(self, text: str) -> Any:  # noqa: ANN401 -- Saxon's own classes carry no types
        return self._xslt.compile_stylesheet(stylesheet_text=text, encoding="UTF-8")


def serve(requests: BinaryIO, answers: BinaryIO) -> int:
    """Answer until the requests end; 3 when Saxon is not there."""
    _first_to_go()
    try:
        judge = _Judge()
    except ImportError as error:
        _answer(answers, "-", str(error))
        return 3
    _answer(answers, "+", judge.version)
    for head, text in _requests(requests):
        _end_after(head["seconds"])
        ask = judge.compile if head["do"] == "compile" else judge.judge
        try:
            sign, said = "+", ask(head["name"], text)
        except Exception as error:  # noqa: BLE001 -- whatever Saxon says is this document's answer
            sign, said = "-", reason(error)
        _answer(answers, sign, said)
        _end_after(0)
    return 0


def reason(error: Exception) -> str:
    """What went wrong, without what it quotes: that may be content of the document."""
    said = _QUOTED.sub("***", " ".join(str(error).split()))
    return said[:LONGEST_REASON] or type(error).__name__


def _requests(stream: BinaryIO) -> Iterator[tuple[dict[str, Any], str]]:
    while True:
        head, text = _frame(stream), _frame(stream)
        if head is None or text is None:
            return
        yield json.loads(head), text.decode("utf-8")


def _frame(stream: BinaryIO) -> bytes | None:
    length = stream.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(length)
    body = stream.read(size)
    return body if len(body) == size else None


def _answer(stream: BinaryIO, sign: str, body: str) -> None:
    data = (sign + body).encode("utf-8", "replace")
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def _end_after(seconds: float) -> None:
    """A hub that died cannot end a worker that hangs: the alarm's default action does (where there are alarms)."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _first_to_go() -> None:
    """Where memory runs out, the kernel is to end this process and not the hub."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> int:
    """Keep the answers' channel to ourselves: what Saxon prints may be content and goes where errors go."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
