"""Two persons: what one asks for another approves, and when two names are one person's.

Names are compared as they look: case, width, accents' form, blanks and signs do not count, and letters that look like
Latin ones are those (look-alikes of Unicode TR39 that a keyboard, a directory or a certificate can give). A list of
look-alikes is never whole, so a name that mixes scripts within itself approves nothing at all.
"""

from __future__ import annotations

import unicodedata

from hub.errors import ConfigurationError
from hub.pipeline.context import Actor

_LONGEST = 60
"""So much of a name is stored with what somebody asks for."""
_CAPITALS = str.maketrans("АВЕКМНОРСТУХІЈЅӀΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSIABEZHIKMNOPTYX")
_SMALL = str.maketrans(
    "авекмнорстухіјѕһԁԛԝӏьгпαβεηικμνορτυχγωıɑɡɩʟʀɴɪᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ",
    "abekmhopctyxijshdqwlbrnabenikuvoptuxywiagilrniacdejkmoptuvwz",
)
_UPRIGHT = str.maketrans("I1|0", "lllo")
"""Look-alikes in capitals, which case folding would change into something else; in small letters; and among ours."""
_NO_SCRIPT = frozenset({"DIGIT", "MODIFIER", "COMBINING", "FULLWIDTH", "MATHEMATICAL"})


def same_person(name: str, other: str) -> bool:
    """Whether two names are one person's, however they are written, or look as if they were."""
    return bool(_looks(name) & _looks(other))


def _looks(name: str) -> frozenset[str]:
    """What a name reads as: as it is written, with look-alikes read as Latin, and with I and 1 read as l as well."""
    wide = unicodedata.normalize("NFKC", name)
    latin = wide.translate(_CAPITALS)
    return frozenset({_bare(wide), *(_bare(each).translate(_SMALL) for each in (latin, latin.translate(_UPRIGHT)))})


def _bare(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name.casefold())
    return "".join(sign for sign in folded if sign.isalnum() or unicodedata.combining(sign))


def mixes_scripts(name: str) -> bool:
    """Whether one name is written in letters of several scripts: nobody's is, but that of who imitates another's."""
    letters = (sign for sign in unicodedata.normalize("NFKC", name) if sign.isalpha())
    return len({unicodedata.name(sign, "?").split()[0] for sign in letters} - _NO_SCRIPT) > 1


def stored_name(actor: Actor) -> str:
    """The name as it is kept with what somebody asks for or decides."""
    return actor.name[:_LONGEST]


def refusal(asked_by: str, actor: Actor, what: str) -> ConfigurationError | None:
    """Why this person cannot approve what was asked for by another, or None; `what` is `who proposed a pay-out`."""
    name = stored_name(actor)
    if same_person(asked_by, name):
        return ConfigurationError(f"{what} cannot approve it", hint="a second person approves")
    if mixes_scripts(name) or mixes_scripts(asked_by):
        hint = "a second person approves, under a name in one alphabet"
        return ConfigurationError("a name that mixes alphabets cannot approve", hint=hint)
    return None
