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
PM_REF = slice(191, 211)
PM_SIGN = 190


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
        records.append(_trailer(len(returned), performances, claimed, -total if claimed[-1] == "C" else total))
        return [record.ljust(380) for record in records]

    def _header(self, sent: str) -> str:
        number = self.number.ljust(12) if self.number else sent[NUMBER]
        head = "01113" + sent[5:80] + number + sent[92:310]
        return head + self.payer_ref.ljust(24) + self.day + _tail(self.file_codes)


@dataclass(frozen=True, slots=True)
class Pm305:
    """A response to one PM304 file: verdicts by line reference or BSN, with up to three return codes."""

    sent: bytes
    lines: Mapping[str, tuple[int, Sequence[str]]]
    payer_ref: str = "INS-2"
    day: str = "20240410"

    def bytes(self) -> bytes:
        """The file."""
        header, *body, trailer = _records(self.sent)
        records = ["01108" + header[5:310] + self.payer_ref.ljust(24) + self.day + "0200"]
        insured, remarks, awarded = 0, 0, 0
        for record in body:
            if record[:2] != "04":
                insured += record[:2] == "02"
                remarks += record[:2] == "98"
                records.append(record[:310])
                continue
            cents, codes = self.lines.get(record[PM_REF].strip()) or self.lines[record[BSN]]
            sign = record[PM_SIGN]
            awarded += -cents if sign == "C" else cents
            amounts = f"{cents:08d}{sign}{cents:08d}{sign}"
            records.append(record[:310] + amounts + "".join(codes))
        records.append(_trailer(insured, len(body) - insured - remarks, trailer[33:45], awarded, remarks))
        return b"".join(record.ljust(370).encode("latin-1") + b"\r\n" for record in records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One line of a physiotherapy claim file; `previous` makes it a credit."""

    bsn: str
    ref: str
    cents: int = 3500
    previous: str = ""
    performer: str = "04099011"
    day: str = "20240105"
    remark: str = ""
    insured_remark: str = ""


def pm304(number: str, lines: Sequence[Treatment]) -> bytes:
    """A PM304 3.2 claim file of the care group, laid out by position; lines of one person follow each other."""
    records = [
        _at(
            (1, "01" + "107" + "03" + "02" + "T" + "000000"),
            (27, "3332" + "00000000" + "00000000" + "00000000" + "53099901" + "04"),
            (65, "20240101" + "20240110" + number),
            (93, "20240112"),
            (115, "EUR"),
        )
    ]
    kinds = {"02": 0, "04": 0, "98": 0}
    at, person, total = 0, "", 0
    for line in lines:
        if line.bsn != person:
            person, at = line.bsn, at + 1
            kinds["02"] += 1
            records.append(_insured(at, person))
            records += _remarks(at, line.insured_remark, kinds)
        at, kinds["04"] = at + 1, kinds["04"] + 1
        records.append(_treatment(at, line))
        records += _remarks(at, line.remark, kinds)
        total += -line.cents if line.previous else line.cents
    counts = f"{kinds['02']:06d}000000{kinds['04']:06d}{kinds['98']:06d}{sum(kinds.values()):07d}"
    records.append(_at((1, f"99{counts}{abs(total):011d}{'C' if total < 0 else 'D'}")))
    return b"".join(record.encode("latin-1") + b"\r\n" for record in records)


def _remarks(at: int, words: str, kinds: dict[str, int]) -> list[str]:
    kinds["98"] += bool(words)
    return [_at((1, f"98{at:012d}0001{words}"))] if words else []


def _insured(at: int, bsn: str) -> str:
    return _at(
        (1, f"02{at:012d}{bsn}3332"),
        (54, "1961031221Patient" + bsn[-3:]),
        (99, "0"),
        (135, "AB"),
        (141, "0"),
        (142, "7511AA"),
        (157, "00001"),
    )


def _treatment(at: int, line: Treatment) -> str:
    sign, amount = ("C" if line.previous else "D"), f"{line.cents:08d}"
    return _at(
        (1, f"04{at:012d}{line.bsn}3332"),
        (58, "1" + line.day + "012" + "1000  " + "0001" + "N"),
        (81, "000" + "00000000" + "000" + "00000000" + "000"),
        (114, "000"),
        (125, "000" + line.performer + "0000" + "00000000" + "00000000" + "0000" + "00"),
        (162, f"0000350000003500{sign}0000{amount}{sign}" + line.ref),
        (212, line.previous),
    )


def _at(*parts: tuple[int, str]) -> str:
    text = [" "] * 310
    for start, value in parts:
        text[start - 1 : start - 1 + len(value)] = value
    return "".join(text)


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


def _trailer(insured: int, performances: int, claimed: str, awarded: int, remarks: int = 0) -> str:
    counts = f"{insured:06d}000000{performances:06d}{remarks:06d}{insured + performances + remarks:07d}"
    sign = "C" if awarded < 0 else "D" if awarded else claimed[-1]
    return f"99{counts}{claimed}{abs(awarded):011d}{sign}"


def _cents(text: str) -> int:
    return int(text)
