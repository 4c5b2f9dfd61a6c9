"""Cells become values: dates, moments, BSN, UZOVI, AGB, sex, money. None means "nobody can read this for sure".

Excel eats leading zeros: an 8-digit BSN, 7-digit AGB or 3-digit UZOVI gets its zero back, with a warning code; the 11
test still decides on a BSN. A two-digit year and an amount such as `1.280` have two readings and are not read.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.model.identity import digits
from hub.model.money import Money, money

WARN_LEADING_ZERO = "WARN_LEADING_ZERO"
_EXCEL_EPOCH = date(1899, 12, 30)
_DMY = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4})")
_YMD = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_COMPACT = re.compile(r"((?:18|19|20|21)\d{2})(\d{2})(\d{2})")
_MIDNIGHT = re.compile(r"[T ]0{1,2}:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?")
_MOMENT = re.compile(r"(?P<day>.{8,10}?)[T ]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.0+)?)?")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?")
_YES_NO = {"ja": True, "j": True, "true": True, "1": True, "yes": True} | {
    "nee": False, "n": False, "false": False, "0": False, "no": False, "2": False
}  # fmt: skip
_SEX = {"m": "1", "man": "1", "1": "1", "v": "2", "vrouw": "2", "f": "2", "2": "2", "k": "2", "w": "2", "9": "9"}


@lru_cache(maxsize=50_000)
def parse_date(text: str) -> date | None:
    """A day: d-m-yyyy, yyyy-mm-dd (also with . and /), yyyymmdd, an Excel day number; a time of midnight is dropped."""
    compact = _MIDNIGHT.sub("", text.strip()) if ":" in text else text.strip()
    if match := _DMY.fullmatch(compact):
        return _day(match[3], match[2], match[1])
    if match := _YMD.fullmatch(compact) or _COMPACT.fullmatch(compact):
        return _day(match[1], match[2], match[3])
    if re.fullmatch(r"\d{5}", compact):
        return _EXCEL_EPOCH + timedelta(days=int(compact))
    return None


def parse_moment(text: str, zone: str = "Europe/Oslo") -> datetime | None:
    """A local date and time without zone; one with an offset is turned into local time. A date alone is not enough."""
    compact = text.strip()
    if match := _MOMENT.fullmatch(compact):
        return _moment(match)
    try:
        moment = datetime.fromisoformat(compact)
    except ValueError:
        return None
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if moment.tzinfo else None


def parse_time(text: str) -> time | None:
    """A time of day: h:mm or h:mm:ss, also with points."""
    match = _TIME.fullmatch(text.strip())
    hour, minute, second = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def parse_yes_no(text: str) -> bool | None:
    """Ja or nee, in the words and figures systems use."""
    return _YES_NO.get(text.strip().casefold())


def parse_bsn(text: str) -> tuple[str, bool]:
    """The BSN's digits without blanks, and whether a lost zero was put back; validity is for the check to say."""
    return _padded(digits(text.strip().lstrip("'")), 9)


@lru_cache(maxsize=10_000)
def parse_agb(text: str) -> tuple[str, bool]:
    """An AGB code's eight digits, and whether a lost zero was put back."""
    return _padded(digits(text.strip().lstrip("'")), 8)


@lru_cache(maxsize=10_000)
def parse_uzovi(text: str) -> tuple[str, bool]:
    """A UZOVI number's four digits, and whether a lost zero was put back."""
    return _padded(digits(text.strip().lstrip("'")), 4)


def parse_sex(text: str) -> str:
    """Vektis COD046: 1 male, 2 female, 9 not specified, otherwise 0 unknown."""
    return _SEX.get(text.strip().casefold(), "0")


def parse_money(text: str, currency: str) -> Money | None:
    """An amount in major units with a point or comma before two decimals, thousands separated or not."""
    compact = re.sub(r"(?i)^(?:eur|nok|kr\.?|€)|(?:eur|nok|kr\.?|€)$|[\s\u00a0\u202f']", "", text.strip())
    compact = re.sub(r",-$", "", compact)
    if re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+,\d{1,2}|-?\d+,\d{1,2}", compact):
        compact = compact.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(?:,\d{3})+\.\d{1,2}", compact):
        compact = compact.replace(",", "")
    elif not re.fullmatch(r"-?\d+(?:\.\d{1,2})?", compact):
        return None
    try:
        return money(compact, currency)
    except ValueError:  # more digits than an amount can have
        return None


@lru_cache(maxsize=10_000)
def parse_house_number(text: str) -> tuple[str, str]:
    """A house number and its suffix (`12A`, `12-2`, `12 bis`); digits alone stay as they are."""
    match = re.fullmatch(r"(\d{1,5})\s*[-/ ]?\s*(\S.{0,5})?", text.strip())
    return (match[1], (match[2] or "").strip()) if match else (text.strip(), "")


@lru_cache(maxsize=10_000)
def parse_postal_code(text: str) -> str:
    """A postal code in capitals without blanks."""
    return re.sub(r"\s", "", text).upper()


def _padded(text: str, length: int) -> tuple[str, bool]:
    lost = len(text) == length - 1 and text.isascii() and text.isdigit()
    return (text.zfill(length), True) if lost else (text, False)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _moment(match: re.Match[str]) -> datetime | None:
    day = parse_date(match["day"])
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if day is None or hour > 23 or minute > 59 or second > 59:
        return None
    return datetime.fromisoformat(f"{day.isoformat()}T{hour:02}:{minute:02}:{second:02}")
