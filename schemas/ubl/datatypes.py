"""How values of UBL are written: datatypes with the attributes they may, and must, have.

Sources: OASIS UBL 2.1 (unqualified datatypes and their attributes); XML Schema part 2 (how dates, times and numbers are
written). White space around a value counts for nothing, as XML Schema has it for all but texts.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from schemas.wording import Texts, said

WHITE = " \t\r\n"
"""What XML calls white space."""
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DATE = re.compile(rf"-?((?:[1-9][0-9]{{3,}}|0[0-9]{{3}}))-([0-9]{{2}})-([0-9]{{2}}){_ZONE}")
_TIME = re.compile(rf"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?){_ZONE}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Datatype:
    """How a value is written and which attributes it may, and must, have.

    `wrong` is what to say of a value that does not fit, `form` how one is written, in signs that need no translation.
    """

    fits: Callable[[str], bool]
    attributes: frozenset[str] = frozenset()
    needed: tuple[str, ...] = ()
    wrong: Texts = field(default_factory=dict)
    form: str = ""


def is_date(text: str) -> bool:
    """Whether a text is a date as XML Schema writes them: YYYY-MM-DD, with a time zone or not."""
    found = _DATE.fullmatch(text)
    if found is None or not found[1].strip("0"):
        return False
    # the calendar repeats after 400 years, so the last four digits of a year say all about its days
    year, month, day = int(found[1][-4:]) % 400 + 2000, int(found[2]), int(found[3])
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def is_time(text: str) -> bool:
    """Whether a text is a time as XML Schema writes them: hh:mm:ss, with fractions and time zone or not."""
    return _TIME.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether a text is a decimal number as XML Schema writes them."""
    return _NUMBER.fullmatch(text) is not None


def is_base64(text: str) -> bool:
    """Whether a text is Base64, in lines or not."""
    return _BASE64.fullmatch("".join(text.split())) is not None


def is_language(text: str) -> bool:
    """Whether a text is a language code as XML Schema writes them (`nb`, `en-GB`)."""
    return _LANGUAGE.fullmatch(text) is not None


def _any(_: str) -> bool:
    return True


_NO_NUMBER = said(
    "The value is not a number of digits with a point.",
    "Verdien er ikke et tall av sifre med punktum.",
    "De waarde is geen getal van cijfers met een punt.",
)
_DECIMAL = "[-]999.99"
_LISTED = "listID listAgencyID listAgencyName listName listVersionID name languageID listURI listSchemeURI"
_SCHEMED = "schemeID schemeName schemeAgencyID schemeAgencyName schemeVersionID schemeDataURI schemeURI"
_FILED = "format mimeCode encodingCode characterSetCode uri filename"
DATATYPES: Mapping[str, Datatype] = MappingProxyType(
    {
        "text": Datatype(fits=_any, attributes=frozenset({"languageID", "languageLocaleID"})),
        "code": Datatype(fits=_any, attributes=frozenset(_LISTED.split())),
        "identifier": Datatype(fits=_any, attributes=frozenset(_SCHEMED.split())),
        "date": Datatype(
            fits=is_date,
            wrong=said(
                "The value is not a date as YYYY-MM-DD.",
                "Verdien er ikke en dato som ÅÅÅÅ-MM-DD.",
                "De waarde is geen datum als JJJJ-MM-DD.",
            ),
            form="YYYY-MM-DD",
        ),
        "time": Datatype(
            fits=is_time,
            wrong=said(
                "The value is not a time as hh:mm:ss.",
                "Verdien er ikke et klokkeslett som tt:mm:ss.",
                "De waarde is geen tijdstip als uu:mm:ss.",
            ),
            form="hh:mm:ss",
        ),
        "indicator": Datatype(
            fits=frozenset({"true", "false", "1", "0"}).__contains__,
            wrong=said(
                "The value is neither true nor false.",
                "Verdien er verken true eller false.",
                "De waarde is true noch false.",
            ),
            form="true / false",
        ),
        "number": Datatype(fits=is_number, attributes=frozenset({"format"}), wrong=_NO_NUMBER, form=_DECIMAL),
        "measure": Datatype(
            fits=is_number,
            attributes=frozenset({"unitCode", "unitCodeListVersionID"}),
            needed=("unitCode",),
            wrong=_NO_NUMBER,
            form=_DECIMAL,
        ),
        "amount": Datatype(
            fits=is_number,
            attributes=frozenset({"currencyID", "currencyCodeListVersionID"}),
            needed=("currencyID",),
            wrong=_NO_NUMBER,
            form=_DECIMAL,
        ),
        "binary": Datatype(
            fits=is_base64,
            attributes=frozenset(_FILED.split()),
            needed=("mimeCode",),
            wrong=said("The value is not Base64.", "Verdien er ikke Base64.", "De waarde is geen Base64."),
            form="Base64",
        ),
    }
)
"""The datatypes of UBL's values by the kinds that tables name."""
