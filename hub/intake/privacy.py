"""A practice's list must hold no medical data: a column that does refuses the whole file before anything is stored.

Source: the care group's promise that it is never about medical data (S38), decision 25. A column is recognised by its
name (whole words and stems of `medical_words.csv`, in Dutch, Norwegian and English) or by its values: codes shaped like
ICPC or ICD-10 (`A04`, `T90.02`), ATC codes (`C09AA02`), long free text. Messages name columns, never their content.
Treatment logs have a diagnosis column by right; this check is for practice lists.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice

from hub.errors import ContentError
from hub.intake.table import Table

_CODE = re.compile(r"[A-Z]\d{2}(?:\.\d{1,4})?|[A-Z]\d{2}[A-Z]{1,2}(?:\d{2})?")
_SEPARATORS = re.compile(r"[\s,;/+|]+")
_DISTINCT = 5_000
"""So many different values per column are looked at."""
_SHARE_OF_CODES = 60
_SHARE_OF_PROSE = 20
_PROSE_WORDS = 10
_LONG_WORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalColumn:
    """A column that seems to hold medical data: its name as it may be shown, its number, and why."""

    name: str
    number: int
    reason: str


class PrivacyRefusal(ContentError):  # noqa: N818 -- a refusal by design, not a mistake
    """The list holds medical data; only the names of the columns and the file's digest may be kept."""

    code = "MEDICAL_COLUMN"

    def __init__(self, columns: Sequence[MedicalColumn]) -> None:
        self.columns = tuple(columns)
        self.text = _sentences(", ".join(column.name for column in columns))
        super().__init__(self.text["en"], hint="export the list again without these columns")


def refuse_medical(table: Table, allowed: Collection[str] = ()) -> None:
    """Raise PrivacyRefusal when a column seems to hold medical data."""
    found = medical_columns(table, allowed)
    if found:
        raise PrivacyRefusal(found)


def medical_columns(table: Table, allowed: Collection[str] = ()) -> list[MedicalColumn]:
    """The columns that seem to hold medical data; `allowed` are names (as in the header) that are let through."""
    passed = {normalised(name) for name in allowed}
    found = []
    for index, name in enumerate(table.header):
        if name and normalised(name) in passed:
            continue
        reason = "name" if is_medical_name(name) else _reason_in_values(_values(table, index))
        if reason:
            found.append(MedicalColumn(name=shown_name(name, index), number=index + 1, reason=reason))
    return found


def is_medical_name(name: str) -> bool:
    """Whether a column name says medical data, by whole words and stems."""
    words = normalised(name).split()
    exact, stems, phrases = _medical_words()
    joined = "".join(words)
    if any(word in exact or word.rstrip("0123456789") in exact or word.startswith(stems) for word in words):
        return True
    return joined in exact or joined.startswith(stems) or any(phrase in f" {' '.join(words)} " for phrase in phrases)


def normalised(name: str) -> str:
    """A column name in small words without accents: `Huisarts-AGB_code` and `huisartsAgbCode` are one."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip())
    plain = unicodedata.normalize("NFKD", spaced.casefold().replace("ø", "o").replace("æ", "ae"))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(char for char in plain if not unicodedata.combining(char))))


def shown_name(name: str, index: int) -> str:
    """A column name fit for a message: long or numeric ones may be data and are shown by number only."""
    named = bool(name) and len(name) <= 40 and sum(char.isdigit() for char in name) < 5
    return f"{name} (column {index + 1})" if named else f"column {index + 1}"


def _values(table: Table, index: int) -> list[str]:
    seen = {row.cells[index].strip() for row in table.rows}
    seen.discard("")
    return list(islice(seen, _DISTINCT))


def _reason_in_values(values: list[str]) -> str:
    if not values:
        return ""
    codes = sum(_is_codes(value) for value in values)
    if codes >= 2 and codes * 100 >= len(values) * _SHARE_OF_CODES:
        return "codes"
    prose = [count for value in values if (count := value.count(" ") + 1) >= _PROSE_WORDS]
    if len(prose) * 100 >= len(values) * _SHARE_OF_PROSE or any(count >= _LONG_WORDS for count in prose):
        return "free text"
    return ""


def _is_codes(value: str) -> bool:
    if len(value) > 60:
        return False
    parts = [part for part in _SEPARATORS.split(value.upper()) if part]
    return bool(parts) and all(_CODE.fullmatch(part) for part in parts)


@cache
def _medical_words() -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    source = files("hub.intake").joinpath("medical_words.csv").read_text(encoding="utf-8")
    rows = [(normalised(row["word"]), row["kind"]) for row in csv.DictReader(source.splitlines(), delimiter=";")]
    exact = frozenset(word for word, kind in rows if kind == "word")
    stems = tuple(word for word, kind in rows if kind == "stem")
    phrases = tuple(f" {word} " for word, kind in rows if kind == "words")
    return exact, stems, phrases


def _sentences(names: str) -> dict[str, str]:
    return {
        "en": f"The list holds medical data or free text in: {names}. It was refused and nothing of it was kept.",
        "nb": f"Listen inneholder helseopplysninger eller fritekst i: {names}. Den er avvist, ingenting er lagret.",
        "nl": f"De lijst bevat medische gegevens of vrije tekst in: {names}. Geweigerd; er is niets van bewaard.",
    }
