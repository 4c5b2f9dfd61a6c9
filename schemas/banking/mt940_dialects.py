"""How Dutch banks fill the free parts of MT940, as data: which bank, what `:61:` line 2 holds, how `:86:` is written.

Sources: the banks' public format descriptions as they show in open test files (ING, Rabobank, ABN AMRO, SNS/ASN); the
SWIFT core (`:20: :25: :28C: :60: :61: :62:`) is the same for all. A bank not listed is read by the generic dialect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hub.model.payment import ReferenceKind
from schemas.banking.references import NO_ID, reference_kind
from schemas.banking.source import joined

WIDTH = 65
"""Characters of a `:86:` line; longer texts go on in the next one."""


class Second(StrEnum):
    """What stands on the lines after the first of `:61:`."""

    ACCOUNT = "account"
    NAME = "name"
    DETAILS = "details"


_SUM_TOTALS = re.compile(r"/SUM/(?P<debits>\d+)/(?P<credits>\d+)/(?P<debit>\d+,\d*)/(?P<credit>\d+,\d*)/?")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One bank's way; `banks` is searched in `:25:` and in the lines before `:20:`.

    `wrapped`: lines are cut anywhere, also in the bank's reference. `totals`: how the closing `:86:` counts and sums
    (of ING's older `D..C..` line no consistent example was found, so it is not judged).
    """

    name: str
    banks: re.Pattern[str]
    second: Second = Second.DETAILS
    wrapped: bool = False
    account_in_reference: bool = False
    totals: re.Pattern[str] | None = None


GENERIC = Dialect("generic", re.compile(r"$^"))
DIALECTS = (
    Dialect("ing", re.compile(r"INGB"), wrapped=True, totals=_SUM_TOTALS),
    Dialect("rabobank", re.compile(r"RABO|^:940:"), second=Second.ACCOUNT),
    Dialect("sns", re.compile(r"SNSB|ASNB|RBRB"), second=Second.NAME, account_in_reference=True),
    Dialect("abnamro", re.compile(r"ABNA")),
)

_WORD = re.compile(
    r"/(ADDR|BENM|BIC|CNTP|CSID|EREF|IBAN|ISDT|KREF|MARF|NAME|ORDP|PREF|PURP|REMI|RTRN|SVCL|TRCD|TRTP|ULTB|ULTC|ULTD)/"
)


class Information(NamedTuple):
    """What `:86:` says, as far as the bank says it in a structured way; `text` is always there."""

    text: str
    account: str = ""
    name: str = ""
    end_to_end: str = ""
    reference: str = ""
    kind: ReferenceKind | None = None
    returned: bool = False


def dialect_of(account: str, head: str) -> Dialect:
    """The dialect of the bank that wrote the file, by the lines before the statement, else of the account's bank."""
    for place in (head, account):
        found = next((dialect for dialect in DIALECTS if dialect.banks.search(place)), None)
        if found:
            return found
    return GENERIC


def information(lines: list[str]) -> Information:
    """Read `:86:` by its code words where it has them, else as plain text."""
    whole = "".join(lines)
    pieces = _WORD.split(whole) if whole[:1] == "/" else [whole]
    if pieces[0] or len(pieces) == 1:
        return Information(text=joined(lines, WIDTH))
    said = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    account, _, more = said.get("CNTP", "").removesuffix("/").partition("/")
    name = more.partition("/")[2].partition("/")[0]
    text, reference, issuer = _remittance(said.get("REMI", "").removesuffix("/"))
    end_to_end = said.get("EREF", "").removesuffix("/")
    return Information(
        text,
        account or said.get("IBAN", "").removesuffix("/"),
        (name or said.get("NAME", "").removesuffix("/")).strip(),
        "" if end_to_end in NO_ID else end_to_end,
        reference,
        reference_kind(reference, issuer=issuer) if reference else None,
        "RTRN" in said,
    )


def _remittance(value: str) -> tuple[str, str, str]:
    """(text, structured reference, its issuer) of REMI: `USTD//text`, `STRD/issuer/reference` or just a text."""
    if value.startswith("STRD/"):
        _, issuer, reference = [*value.split("/", 2), "", ""][:3]
        return "", reference.strip("/"), issuer
    return value.removeprefix("USTD//").strip(), "", ""
