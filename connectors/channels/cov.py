"""COV, the check who insures a person on a date: VECOZO's service VZ801/802, or a table that stands in for it.

Source: the contract of VECOZO's COV service (SOAP 1.1, mutual TLS, at most 20 questions a call, reference dates younger
than two years). Asking is reading: it changes nothing, so every failure to get an answer may be tried again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import requests

from connectors.channels.cov_messages import ACTION, BATCH, read_answer, read_fault, write_question
from connectors.channels.http import Call, HttpSettings, https_address, judge, open_session, request
from connectors.channels.settings import need, seconds
from hub.errors import ConfigurationError, FormatError, RefusedError, TransientError
from hub.ports import Coverage, CoverageAnswer, CoverageQuestion

KIND = "cov"
_NO_ANSWER = CoverageAnswer(coverage=Coverage.NO_ANSWER)
_WORDS: Mapping[str, Coverage] = {
    "yes": Coverage.INSURED,
    "no": Coverage.NOT_INSURED,
    "double": Coverage.DOUBLE,
    "no_answer": Coverage.NO_ANSWER,
    "too_old": Coverage.TOO_OLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CovService:
    """Implements `hub.ports.CoverageCheck` at VECOZO; `agb` is the asking provider's AGB code (8 digits)."""

    endpoint: str
    http: HttpSettings
    agb: str = ""

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> CovService:
        """The service as an agreement describes it; everything missing is named at once."""
        endpoint, ca_file, cert, key = need(settings, KIND, "endpoint", "ca_file", "client_cert", "client_key")
        http = HttpSettings(
            ca_file=ca_file,
            client_cert_file=cert,
            client_key_file=key,
            connect_timeout=seconds(settings, KIND, "connect_timeout", 10.0),
            read_timeout=seconds(settings, KIND, "read_timeout", 60.0),
        )
        return cls(endpoint=https_address(endpoint, KIND), http=http, agb=_agb(settings.get("agb", "").strip()))

    def check(self, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
        """One answer per question, in order; a question without BSN or birth date cannot be asked: NO_ANSWER."""
        answers = [_NO_ANSWER] * len(questions)
        askable = [place for place, one in enumerate(questions) if _askable(one)]
        if not askable:
            return answers
        with open_session(self.http) as session:
            for start in range(0, len(askable), BATCH):
                places = askable[start : start + BATCH]
                found = self._ask(session, [questions[place] for place in places])
                for place, answer in zip(places, found, strict=True):
                    answers[place] = answer
        return answers

    def _ask(self, session: requests.Session, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTION}"'}
        body = write_question(questions, agb=self.agb)
        call = Call(method="POST", url=self.endpoint, headers=headers, body=body)
        answer = request(session, self.http, call)
        fault = read_fault(answer.body) if answer.status in {200, 500} else None
        if fault is not None:
            _raise_fault(fault, call, answer.body)
        judge(answer, self.http, call)
        try:
            return read_answer(answer.body, questions)
        except FormatError as error:
            raise TransientError(f"COV's answer cannot be used: {error}", where=call.where, raw=answer.body) from error


def _askable(question: CoverageQuestion) -> bool:
    return question.bsn.isascii() and question.bsn.isdigit() and question.birth_date is not None


def _raise_fault(code: str, call: Call, body: bytes) -> None:
    """SOAP 1.1: a Client fault will come again for the same question, a Server fault may not."""
    if code.rpartition(":")[2].partition(".")[0] == "Client":
        raise RefusedError(f"COV refused the question ({code})", where=call.where, raw=body, code=code)
    raise TransientError(f"COV failed ({code})", where=call.where, raw=body)


def _agb(text: str) -> str:
    if text and not (len(text) == 8 and text.isascii() and text.isdigit()):
        raise ConfigurationError("the cov setting agb is not an AGB code of 8 digits")
    return text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CoverageRow:
    """What the table knows of one person on one date (None: on every date). Its repr shows nothing personal."""

    bsn: str
    reference_date: date | None
    coverage: Coverage
    uzovi: str = ""


class TableCoverage:
    """Implements `hub.ports.CoverageCheck` from rows; with `today`, dates of two years and older are too old."""

    def __init__(self, rows: Iterable[CoverageRow], *, today: date | None = None) -> None:
        self._rows: dict[tuple[str, date | None], list[CoverageRow]] = {}
        for row in rows:
            self._rows.setdefault((row.bsn, row.reference_date), []).append(row)
        self._oldest = two_years_before(today) if today else None

    def check(self, questions: Sequence[CoverageQuestion]) -> list[CoverageAnswer]:
        """One answer per question, in order; who is not in the table gets NO_ANSWER."""
        return [self._one(question) for question in questions]

    def _one(self, question: CoverageQuestion) -> CoverageAnswer:
        if self._oldest is not None and question.reference_date <= self._oldest:
            return CoverageAnswer(coverage=Coverage.TOO_OLD)
        rows = self._rows.get((question.bsn, question.reference_date)) or self._rows.get((question.bsn, None), [])
        found = {(row.coverage, row.uzovi) for row in rows}
        if len({uzovi for coverage, uzovi in found if coverage is Coverage.INSURED}) > 1:
            return CoverageAnswer(coverage=Coverage.DOUBLE)
        insured_first = sorted(found, key=lambda one: (one[0] is not Coverage.INSURED, one))
        return CoverageAnswer(coverage=insured_first[0][0], uzovi=insured_first[0][1]) if found else _NO_ANSWER


def two_years_before(today: date) -> date:
    """The same day two years ago; 28 February for a leap day."""
    day = 28 if (today.month, today.day) == (2, 29) else today.day
    return date(today.year - 2, today.month, day)


def read_table(text: str) -> list[CoverageRow]:
    """The rows of a CSV with columns bsn, reference_date (may be empty), uzovi and insured (yes, no, double, ...)."""
    reader = csv.DictReader(io.StringIO(text), restval="")
    missing = {"bsn", "reference_date", "uzovi", "insured"} - set(reader.fieldnames or ())
    if missing:
        raise FormatError(f"the coverage table lacks the columns {', '.join(sorted(missing))}", where="line 1")
    return [_row(record, f"line {reader.line_num}") for record in reader]


def _row(record: Mapping[str, str], where: str) -> CoverageRow:
    word = record["insured"].strip().lower()
    coverage = _WORDS.get(word)
    if coverage is None:
        raise FormatError(f"insured is {word!r}", hint=f"one of: {', '.join(_WORDS)}", where=where)
    uzovi = record["uzovi"].strip()
    if coverage is Coverage.INSURED and not (len(uzovi) == 4 and uzovi.isdigit()):
        raise FormatError("insured, but no UZOVI of four digits", where=where)
    return CoverageRow(
        bsn=record["bsn"].strip(),
        reference_date=_date(record["reference_date"].strip(), where),
        coverage=coverage,
        uzovi=uzovi if coverage is Coverage.INSURED else "",
    )


def _date(text: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise FormatError("the reference date is not a date as YYYY-MM-DD", where=where) from error
