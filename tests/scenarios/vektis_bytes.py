"""An insurer's answers as bytes, laid out by position from what was sent: nothing of our tables or writers is used.

Positions from the published record layouts HA304/HA305 4.2 and PM304/PM305 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

REF = slice(124, 144)
BSN = slice(14, 23)
AMOUNT = slice(115, 123)
SIGN = 123
NUMBER = slice(80, 92)

Codes = Sequence[tuple[str, str]]
"""Element and error code, at most three."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the insurer says of one line: cents awarded, and why."""

    awarded: int
    codes: Codes = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ha305:
    """A response to one HA304 file. `lines` are verdicts by BSN; other lines are not returned at all."""

    sent: bytes
    lines: Mapping[str, Line] = field(default_factory=dict)
    payer_ref: str = "INS-1"
    day: str = "20240117"
    file_codes: Codes = ()
    strangers: Sequence[tuple[str, Line]] = ()
    number: str = ""
    awarded_total: int | None = None

    def bytes(self) -> bytes:
        """The file."""
        return b"".join(record.encode("latin-1") + b"\r\n" for record in self._records())

    def _records(self) -> list[str]:
        header, *body, trailer = _records(self.sent)
        returned = [(person, line) for person, line in _pairs(body) if line[BSN] in self.lines]
        records = [self._header(header)]
        awarded = _cents(trailer[33:44]) - sum(_cents(line[AMOUNT]) for _, line in returned)
        for person, line in returned:
            verdict = self.lines[line[BSN]]
            awarded += verdict.awarded
            records += [person[:310] + _tail(()), _verdict(line, verdict)]
        claimed = trailer[33:45]
        for ref, verdict in self.strangers:
            line = returned[0][1]
            awarded += verdict.awarded
            claimed = f"{_cents(claimed[:11]) + _cents(line[AMOUNT]):011d}{claimed[-1]}"
            records.append(_verdict(line[:124] + ref.ljust(20) + line[144:], verdict))
        performances = len(returned) + len(self.strangers)
        total = awarded if self.awarded_total is None else self.awarded_total
        records.append(_trailer(len(returned), performances, claimed, total))
        return [record.ljust(380) for record in records]

    def _header(self, sent: str) -> str:
        number = self.number.ljust(12) if self.number else sent[NUMBER]
        head = "01113" + sent[5:80] + number + sent[92:310]
        return head + self.payer_ref.ljust(24) + self.day + _tail(self.file_codes)


@dataclass(frozen=True, slots=True)
class Pm305:
    """A response to one PM304 file: verdicts by BSN with up to three return codes."""

    sent: bytes
    lines: Mapping[str, tuple[int, Sequence[str]]]
    payer_ref: str = "INS-2"
    day: str = "20240410"

    def bytes(self) -> bytes:
        """The file."""
        header, *body, trailer = _records(self.sent)
        records = ["01108" + header[5:310] + self.payer_ref.ljust(24) + self.day + "0200"]
        insured = 0
        awarded = 0
        for record in body:
            if record[:2] == "02":
                insured += 1
                records.append(record[:310])
                continue
            cents, codes = self.lines[record[BSN]]
            awarded += cents
            amounts = f"{cents:08d}D{cents:08d}D"
            records.append(record[:310] + amounts + "".join(codes))
        records.append(_trailer(insured, len(body) - insured, trailer[33:45], awarded))
        return b"".join(record.ljust(370).encode("latin-1") + b"\r\n" for record in records)


def refs(sent: bytes) -> dict[str, str]:
    """The line references of a claim file by BSN."""
    return {record[BSN]: record[REF].strip() for record in _records(sent) if record[:2] == "04"}


def _records(data: bytes) -> list[str]:
    return [record.ljust(310) for record in data.decode("latin-1").split("\r\n") if record]


def _pairs(body: Sequence[str]) -> list[tuple[str, str]]:
    """Each performance with the insured person it stands under."""
    pairs: list[tuple[str, str]] = []
    person = ""
    for record in body:
        if record[:2] == "02":
            person = record
        else:
            pairs.append((person, record))
    return pairs


def _verdict(line: str, verdict: Line) -> str:
    sign = line[SIGN]
    return line[:310] + f"{abs(verdict.awarded):08d}{sign}" + _tail(verdict.codes)


def _tail(codes: Codes) -> str:
    three = [*codes, ("", ""), ("", ""), ("", "")][:3]
    return "000" + "".join(f"{element or '0000'}{code or '000'} " for element, code in three)


def _trailer(insured: int, performances: int, claimed: str, awarded: int) -> str:
    counts = f"{insured:06d}000000{performances:06d}000000{insured + performances:07d}"
    return f"99{counts}{claimed}{abs(awarded):011d}{claimed[-1]}"


def _cents(text: str) -> int:
    return int(text)
