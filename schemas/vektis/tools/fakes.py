"""Fakes for what a field says about somebody: the same value and key give the same fake, whatever the file.

Drawn from HMAC-SHA256, so that nobody without the key can go back by trying values. BSNs come from the test range
(9999xxxxx, of which about 9,000 pass the 11-proef: in big files two people may get the same one); what fails its check
digits before fails them afterwards, and what is not filled stays so. Names are invented or so common that they name
nobody.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import count
from math import prod

from hub.model.identity import digits, is_bsn, is_iban
from schemas.vektis.codec import as_date

_TRIES = 64
_ROUNDS = 8
_DIGITS = "0123456789"
_ALPHABETS = (
    _DIGITS,
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
    "".join(chr(code) for code in range(0xC0, 0xDF) if code != 0xD7),
    "".join(chr(code) for code in range(0xDF, 0x100) if code != 0xF7),
)
_ALIKE = 28
_SURNAMES = (
    "Appelman",
    "Berkhout",
    "Citroen",
    "Doornbos",
    "Eikenaar",
    "Fluitman",
    "Groenveld",
    "Hazelaar",
    "Iepema",
    "Jasmijn",
    "Kersten",
    "Linde",
    "Meidoorn",
    "Notenboom",
    "Olmstra",
    "Pruimer",
    "Rozeman",
    "Sleedoorn",
    "Tulpman",
    "Uilenburg",
    "Vlierman",
    "Wilgenhof",
    "Ypelaar",
    "Zonneveld",
    "Beukman",
    "Distel",
    "Esman",
    "Hulstman",
    "Klaver",
    "Lariks",
)
_PREFIXES = ("van", "de", "den", "van de", "van der", "ter", "te")
_STREETS = (
    "Voorbeeldlaan",
    "Proefstraat",
    "Teststeeg",
    "Modelweg",
    "Schijnpad",
    "Fantasieplein",
    "Nepkade",
    "Maquettehof",
)
_TOWNS = ("Testdam", "Voorbeeldstad", "Proefwijk", "Schijndorp", "Modelburg", "Nepmeer", "Fantasieveen", "Maquetterode")
_NO_DAY = "19000231"

Fake = Callable[[bytes, str, int], str]


def noise(key: bytes, form: str, value: str, length: int) -> bytes:
    """As many bytes as asked that depend on the key and the value, and on nothing else."""
    blocks = range(-(-length // 32))
    said = value.encode("latin-1", "replace")
    made = (hmac.digest(key, b"%s\0%d\0%s" % (form.encode(), block, said), "sha256") for block in blocks)
    return b"".join(made)[:length]


def _drawn(key: bytes, form: str, value: str, length: int) -> Iterator[bytes]:
    """One draw after another, for fakes that must meet a condition."""
    for attempt in count():
        yield noise(key, f"{form}/{attempt}", value, length)


def scrambled(key: bytes, form: str, text: str) -> str:
    """Digits become digits and letters letters, each at its place; leading zeros and everything else stay.

    No two texts become the same one: the key draws an order in which all texts of this shape are shuffled.
    """
    shape = [_alphabet(char) for char in text]
    first = next((at for at, (char, those) in enumerate(zip(text, shape, strict=True)) if those and char != "0"), -1)
    for at in range(len(text)):
        if at < first or first < 0:
            shape[at] = ""
    if first >= 0 and shape[first] == _DIGITS:
        shape[first] = _DIGITS[1:]
    moving = [(at, those) for at, those in enumerate(shape) if those]
    return _placed(text, moving, _shuffled(key, form, _ranked(text, moving), prod(len(those) for _, those in moving)))


def _alphabet(char: str) -> str:
    return next((those for those in _ALPHABETS if char in those), "")


def _ranked(text: str, moving: list[tuple[int, str]]) -> int:
    rank = 0
    for at, those in moving:
        rank = rank * len(those) + those.index(text[at])
    return rank


def _placed(text: str, moving: list[tuple[int, str]], rank: int) -> str:
    made = list(text)
    for at, those in reversed(moving):
        rank, one = divmod(rank, len(those))
        made[at] = those[one]
    return "".join(made)


def _shuffled(key: bytes, form: str, rank: int, count: int) -> int:
    """The place of a number below `count` after the shuffle: a Feistel network, walked until it is below again."""
    if count < 2:
        return rank
    half = max(1, ((count - 1).bit_length() + 1) // 2)
    mask, size = (1 << half) - 1, -(-half // 8)
    while True:
        left, right = rank >> half, rank & mask
        for number_of_round in range(_ROUNDS):
            drawn = noise(key, f"{form}/{count:x}/{number_of_round}", f"{right:x}", size)
            left, right = right, left ^ (int.from_bytes(drawn, "big") & mask)
        rank = left << half | right
        if rank < count:
            return rank


def _alike(key: bytes, form: str, value: str, same: Callable[[str], bool]) -> str:
    """A scrambled value that is another one and passes, or fails, the same test."""
    wanted = same(value)
    drawn = (scrambled(key, f"{form}/{attempt}", value) for attempt in range(_TRIES))
    return next((made for made in drawn if made != value and same(made) == wanted), value)


def number(key: bytes, value: str, _: int) -> str:
    """Another number or code of the same shape, never the one another gets."""
    return scrambled(key, "number", value)


def bsn(key: bytes, value: str, _: int) -> str:
    """A BSN of the test range that passes the 11-proef exactly when the true one does; 999999999 and zeros stay."""
    if value == "999999999" or not value.strip("0"):
        return value
    right = is_bsn(value)
    made = (_test_bsn(int.from_bytes(drawn, "big") % 10_000, right=right) for drawn in _drawn(key, "bsn", value, 4))
    return next(one for one in made if is_bsn(one) == right and one != value)


def _test_bsn(drawn: int, *, right: bool) -> str:
    """Nine digits of the test range whose last one is the check digit, or is not; ten digits where none fits."""
    body = f"9999{drawn:04d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, range(9, 1, -1), strict=True)) % 11
    return f"{body}{rest if right else (rest + 5) % 10}"


def birth(key: bytes, value: str, _: int) -> str:
    """An earlier day of the same year (in January at most four weeks earlier): old enough for what was done before."""
    day = as_date(value)
    if day is None:
        return _NO_DAY
    into_year = day.timetuple().tm_yday
    most = into_year - 1 if into_year > _ALIKE else _ALIKE
    back = timedelta(days=1 + int.from_bytes(noise(key, "birth", value, 8), "big") % most)
    made = day - back if day - date.min > back else day
    return f"{made.year:04d}{made.month:02d}{made.day:02d}"


def _one_of(form: str, choices: tuple[str, ...]) -> Fake:
    def pick(key: bytes, value: str, room: int) -> str:
        fitting = [one for one in choices if len(one) <= room and one != value] if any(map(str.isalpha, value)) else []
        drawn = int.from_bytes(noise(key, form, value, 8), "big")
        return fitting[drawn % len(fitting)] if fitting else number(key, value, room)

    return pick


def mail(key: bytes, value: str, room: int) -> str:
    """An address at a domain that is nobody's."""
    made = f"{noise(key, 'mail', value, 4).hex()}@example.org"
    return made if len(made) <= room else number(key, value, room)


def text(_: bytes, value: str, __: int) -> str:
    """Words of the same length that say nothing."""
    return "".join("x" if char.strip() else char for char in value)


def account(key: bytes, value: str, _: int) -> str:
    """An old account number that passes the 11-proef exactly when the true one does."""
    return _alike(key, "account", value, _is_account)


def _is_account(value: str) -> bool:
    short = value.lstrip("0")
    weighted = sum(int(digit) * weight for weight, digit in enumerate(reversed(short), 1))
    return len(short) in (9, 10) and weighted % 11 == 0


def iban(key: bytes, value: str, _: int) -> str:
    """An IBAN of the same country whose check digits are right exactly when the true ones are."""
    if not is_iban(value):
        return value[:2] + _alike(key, "iban", value[2:], lambda rest: is_iban(value[:2] + rest))
    compact = digits(value).upper()
    country, rest = compact[:2], compact[4:]
    made = scrambled(key, "iban", rest)
    check = 98 - int("".join(str(int(char, 36)) for char in f"{made}{country}00")) % 97
    return f"{country}{check:02d}{made}"


def agb(key: bytes, value: str, _: int) -> str:
    """Another AGB code of the same sort; a number of zeros stays."""
    return value[:2] + scrambled(key, "agb", value[2:])


_FORMS: dict[str, Fake] = {
    "number": number,
    "bsn": bsn,
    "birth": birth,
    "surname": _one_of("surname", _SURNAMES),
    "prefix": _one_of("prefix", _PREFIXES),
    "street": _one_of("street", _STREETS),
    "town": _one_of("town", _TOWNS),
    "mail": mail,
    "text": text,
    "account": account,
    "iban": iban,
    "agb": agb,
}


@lru_cache(maxsize=65_536)
def fake(key: bytes, form: str, value: str, room: int) -> str:
    """The fake for a value of a form, at most `room` characters long."""
    return _FORMS[form](key, value, room)
