"""kvitt match learn: how a payer's texts name numbers; a pattern is proposed, tried, and saved only when told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.output import Json, Lang, Tenant, language, put_json, say
from hub.errors import FormatError

if TYPE_CHECKING:
    from hub.matching.learning import Effect, Example

HELP = """Learn how a payer's texts name what it pays: a pattern is proposed and tried on what is stored.

Put the number in brackets where it is not clear which one it is. Without a text, the bookings of this payer that a
person allocated by hand teach it. --save writes the pattern into your own folder of the partner.

Exit 0: a pattern was found. 2: no number was.

Example: `kvitt match learn --partner vgz "AFR[240001]X week 12"`
"""
_WORDS = {
    "en": {
        "text": "read as",
        "pattern": "pattern",
        "finds": "of {count} stored texts it finds a number in {found}:",
        "changes": "it would have changed what is posted of {changed} bookings:",
        "saved": "saved in {file}",
        "save": "nothing is saved; add --save to keep it",
        "none": 'no number found: put it in brackets, such as "declaratie [240001]"',
    },
    "nb": {
        "text": "lest som",
        "pattern": "mønster",
        "finds": "av {count} lagrede tekster finner det et nummer i {found}:",
        "changes": "det ville endret hva som bokføres av {changed} posteringer:",
        "saved": "lagret i {file}",
        "save": "ingenting er lagret; legg til --save for å beholde det",
        "none": 'fant ikke noe nummer: sett det i klammer, som "faktura [10023]"',
    },
    "nl": {
        "text": "gelezen als",
        "pattern": "patroon",
        "finds": "van {count} bewaarde teksten vindt het een nummer in {found}:",
        "changes": "het zou veranderd hebben wat van {changed} boekingen geboekt wordt:",
        "saved": "bewaard in {file}",
        "save": "niets is bewaard; voeg --save toe om het te houden",
        "none": 'geen nummer gevonden: zet het tussen haken, zoals "declaratie [240001]"',
    },
}
_SHOWN = 10


def learn(
    partner: Annotated[str, typer.Option("--partner", help="Whose texts these are: a partner's name.")],
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts of this payer.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep the pattern in your own folder of the partner.")] = False,
    tenant: Tenant = "",
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Propose a pattern for one payer."""
    from hub.cli.here import here
    from hub.matching.learning import example, found, propose
    from hub.pipeline import patterns as kept

    with here(tenant) as place:
        spoken = language(lang, place.language)
        place.hub.registry.by_name(partner)
        with place.hub.store.reading(place.tenant) as unit:
            known = kept.stored(unit, partner)
        numbers = {
            number for item in known.items if item.payer == partner for number in (item.invoice_number, item.ref)
        }
        read = [example(text, numbers) for text in texts] if texts else known.taught
        examples = [one for one in read if one is not None]
        if not examples:
            raise FormatError(_WORDS[spoken]["none"], hint="kvitt match learn --help")
        proposed = propose(examples)
        hits = [found(pattern, [payment.text for payment in known.payments]) for pattern in proposed]
        changed = [one for one in kept.tried(place.hub, known, partner, proposed) if one.differs]
        file = str(kept.keep(place.hub, place.settings.home, partner, proposed)) if save else ""
    body = _body(partner, examples, proposed, hits, changed, file)
    if as_json:
        put_json(body)
    else:
        _tell(body, len(known.payments), _WORDS[spoken])


def _body(
    partner: str,
    examples: Sequence[Example],
    proposed: Sequence[str],
    hits: Sequence[Sequence[tuple[str, list[str]]]],
    changed: Sequence[Effect],
    file: str,
) -> dict[str, Any]:
    return {
        "partner": partner,
        "texts": [{"text": one.marked, "number": one.number} for one in examples],
        "patterns": [
            {"pattern": pattern, "matches": [{"text": text, "numbers": numbers} for text, numbers in found]}
            for pattern, found in zip(proposed, hits, strict=True)
        ],
        "changes": [
            {
                "payment": one.payment.id,
                "text": one.payment.text,
                "before": one.before.code,
                "after": one.after.code,
                "claims": [made.claim_id for made in one.after.allocations],
            }
            for one in changed
        ],
        "saved": file or None,
    }


def _tell(body: dict[str, Any], count: int, words: dict[str, str]) -> None:
    for one in body["texts"][:_SHOWN]:
        say(f"{words['text']}: {one['text']}")
    for one in body["patterns"]:
        say(f"{words['pattern']}: {one['pattern']}")
        say(f"  {words['finds'].format(count=count, found=len(one['matches']))}")
        for match in one["matches"][:_SHOWN]:
            say(f"    {', '.join(match['numbers'])}: {match['text'][:80]}")
    say(words["changes"].format(changed=len(body["changes"])))
    for one in body["changes"][:_SHOWN]:
        say(f"    {one['payment']}: {one['before']} -> {one['after']} ({one['text'][:60]})")
    say(words["saved"].format(file=body["saved"]) if body["saved"] else words["save"])
